package digest

import (
	"database/sql"
	"encoding/json"
	"slices"
	"testing"
	"time"

	"vestnik/db"
	"vestnik/templates"
)

// published brings out the edition of 24 November and returns it.
func (n newsroom) published(at string) Edition {
	n.t.Helper()
	slot, err := n.daily.Last(n.at(at))
	if err != nil {
		n.t.Fatal(err)
	}
	e, _, err := n.Publish(n.ctx, n.daily, slot, n.at(at))
	if err != nil || e.ID == 0 {
		n.t.Fatalf("publish: %v %+v", err, e)
	}
	return e
}

// noted writes the next revision of an edition as it is, with a note for readers or without.
func (n newsroom) noted(e Edition, note string, when time.Time) Edition {
	n.t.Helper()
	e.Revision++
	e.View.Revision, e.View.Correction = e.Revision, note
	body, err := json.Marshal(e.View)
	if err != nil {
		n.t.Fatal(err)
	}
	n.tx(func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(n.ctx, `
			INSERT INTO edition_revisions (edition, revision, made, by_whom, what, note, correction, noted, subject, hash)
			VALUES ($1, $2, $3, '', '', $4, 0, 0, '', '')`, e.ID, e.Revision, db.Milli(when), note); err != nil {
			return err
		}
		if _, err := tx.ExecContext(n.ctx, `INSERT INTO edition_bodies (edition, revision, sections, body) VALUES ($1, $2, '', $3)`, e.ID, e.Revision, string(body)); err != nil {
			return err
		}
		_, err := tx.ExecContext(n.ctx, `UPDATE editions SET revision = $1 WHERE id = $2`, e.Revision, e.ID)
		return err
	})
	return e
}

func (n newsroom) past() []Past {
	n.t.Helper()
	all, err := Archive(n.ctx, n.DB, PastQuery{Digest: "daily", Views: true})
	if err != nil {
		n.t.Fatal(err)
	}
	return all
}

func TestEveryStateOfAPastEditionHasAHigherNumberAndIsKnownByIt(t *testing.T) {
	n := open(t)
	n.news()
	e := n.published("2026-11-24 08:00")
	numbers := []int64{n.past()[0].Change()}
	for i, when := range []string{"2026-11-24 09:00", "2026-11-24 08:30", "2026-11-24 10:00"} { // the second by a clock that was put back
		e = n.noted(e, []string{"", "Опечатка.", ""}[i], n.at(when))
		numbers = append(numbers, n.past()[0].Change())
	}
	if !slices.IsSorted(numbers) || len(slices.Compact(slices.Clone(numbers))) != 4 {
		t.Errorf("numbers = %v, want each higher than the one before", numbers)
	}
	for _, number := range numbers {
		if known, err := KnownChange(n.ctx, n.DB, number, uint32(e.ID)); err != nil || !known {
			t.Errorf("%d is not known: %v", number, err)
		}
		if known, err := KnownChange(n.ctx, n.DB, number, uint32(e.ID)+1); err != nil || known {
			t.Errorf("%d is known of another edition: %v", number, err)
		}
	}
	if known, err := KnownChange(n.ctx, n.DB, numbers[3]+7, uint32(e.ID)); err != nil || known {
		t.Errorf("a number that never was is known: %v", err)
	}
	if p := n.past()[0]; !p.Corrected || !p.Updated.Equal(n.at("2026-11-24 10:00")) || p.View.Revision != 4 {
		t.Errorf("past = %v, %s, revision %d", p.Corrected, p.Updated, p.View.Revision)
	}
}

func TestTheArchiveGoesByKeysetAndShowsWhatCameOut(t *testing.T) {
	n := open(t)
	n.news()
	n.daily.MaxAge = 30 * 24 * time.Hour
	var names []string
	for _, at := range []string{"2026-11-24 08:00", "2026-11-25 08:00", "2026-11-26 08:00", "2026-11-27 08:00"} {
		names = append(names, n.published(at).Slot.Name())
	}
	n.tx(func(tx *sql.Tx) error {
		_, err := tx.ExecContext(n.ctx, `UPDATE editions SET state = 'held' WHERE due = (SELECT MAX(due) FROM editions)`)
		return err
	})
	var found []string
	q := PastQuery{Digest: "daily", Limit: 1}
	for {
		page, err := Archive(n.ctx, n.DB, q)
		if err != nil {
			t.Fatal(err)
		}
		if len(page) == 0 {
			break
		}
		found = append(found, page[0].Slot.Name())
		q.Before, q.BeforeID = page[0].Slot.At, page[0].ID
		if got := page[0].Local().Format("15:04"); got != "08:00" {
			t.Errorf("%s is dated %s", page[0].Slot.Name(), got)
		}
	}
	if want := []string{names[2], names[1], names[0]}; !slices.Equal(found, want) {
		t.Errorf("found %v, want %v", found, want)
	}
	middle, err := FindEdition(n.ctx, n.DB, "daily", names[1])
	if err != nil {
		t.Fatal(err)
	}
	older, newer, err := Neighbours(n.ctx, n.DB, middle)
	if err != nil || older.Slot.Name() != names[0] || newer.Slot.Name() != names[2] {
		t.Errorf("neighbours = %v %v %v", older, newer, err)
	}
	shelves, err := Shelves(n.ctx, n.DB)
	if err != nil || len(shelves) != 1 || shelves[0].Editions != 3 || shelves[0].Newest.Slot.Name() != names[2] {
		t.Errorf("shelves = %+v %v", shelves, err)
	}
}

func TestAnEditionOfOldIsDatedByItsWallClock(t *testing.T) {
	slot := Slot{Wall: time.Date(2026, 11, 24, 8, 0, 0, 0, time.UTC), At: time.Date(2026, 11, 23, 21, 0, 0, 0, time.UTC)}
	if got := (Past{Slot: slot}).Local().Format(time.RFC3339); got != "2026-11-24T08:00:00+11:00" {
		t.Error(got)
	}
}

func TestOnlyRevisionsThatCameOutArePublic(t *testing.T) {
	n := open(t)
	n.news()
	e := n.published("2026-11-24 08:00")
	n.tx(func(tx *sql.Tx) error {
		_, err := tx.ExecContext(n.ctx, `UPDATE editions SET state = 'held'`)
		return err
	})
	e = n.noted(e, "", n.at("2026-11-24 08:10"))
	e = n.noted(e, "", n.at("2026-11-24 08:20"))
	public := func(want ...int64) {
		t.Helper()
		found, err := FindEdition(n.ctx, n.DB, "daily", e.Slot.Name())
		if err != nil {
			t.Fatal(err)
		}
		if got, err := PublicRevisions(n.ctx, n.DB, found); err != nil || !slices.Equal(got, want) {
			t.Errorf("public revisions = %v %v, want %v", got, err, want)
		}
	}
	public()
	n.tx(func(tx *sql.Tx) error {
		_, err := tx.ExecContext(n.ctx, `UPDATE editions SET state = 'sending', made = $1`, db.Milli(n.at("2026-11-24 08:30")))
		return err
	})
	public(3)
	n.noted(e, "Опечатка.", n.at("2026-11-24 09:00"))
	public(3, 4)
}

func TestLettersWithABannerAreCountedByTheRevisionThatWasSent(t *testing.T) {
	n := open(t)
	n.Banner = func(string, time.Time) *templates.Banner {
		return &templates.Banner{Name: "film", Image: siteURL + "/b.png", Link: "https://sponsor.example", Label: "Реклама", Advertiser: "ООО «Плёнка»", Erid: "2VtzqwP7nAb"}
	}
	n.news()
	n.crowd(5, n.at("2026-11-23 12:00"))
	e := n.published("2026-11-24 08:00")
	for done := false; !done; {
		var err error
		if done, err = n.Enqueue(n.ctx, e.ID, n.at("2026-11-24 08:00")); err != nil {
			t.Fatal(err)
		}
	}
	e.View.Banner = nil
	e = n.noted(e, "", n.at("2026-11-24 09:00"))
	n.tx(func(tx *sql.Tx) error {
		for _, query := range []string{
			`UPDATE letters SET state = 'sent', due = 0, done = $1 WHERE recipient IN (SELECT recipient FROM letters ORDER BY recipient LIMIT 3) AND CAST($2 AS BIGINT) > 0`,
			`UPDATE letters SET revision = 2, state = 'sent', done = $1, due = 0 WHERE recipient IN (SELECT recipient FROM letters WHERE state <> 'sent' ORDER BY recipient LIMIT 1) AND CAST($2 AS BIGINT) > 0`,
			`UPDATE letters SET state = 'in_doubt', done = $1, due = 0 WHERE state <> 'sent' AND CAST($2 AS BIGINT) > 0`,
			`UPDATE letters SET done = $2 WHERE recipient = (SELECT MIN(recipient) FROM letters) AND done = $1`, // after midnight
		} {
			if _, err := tx.ExecContext(n.ctx, query, db.Milli(n.at("2026-11-24 23:59")), db.Milli(n.at("2026-11-25 00:00"))); err != nil {
				return err
			}
		}
		return nil
	})
	got, err := BannersSent(n.ctx, n.DB, n.at("2026-11-24 00:00"), n.at("2026-11-26 00:00"), n.daily.Location)
	if err != nil || len(got) != 2 || got[0].Letters != 2 || got[1].Letters != 1 || got[0].Banner != "film" || got[0].Erid != "2VtzqwP7nAb" ||
		!got[0].Day.Equal(n.at("2026-11-24 00:00")) || !got[1].Day.Equal(n.at("2026-11-25 00:00")) {
		t.Errorf("sent = %+v %v, want 2 on the 24th and 1 on the 25th", got, err)
	}
	if got, _ := BannersSent(n.ctx, n.DB, n.at("2026-11-25 00:00"), n.at("2026-11-25 00:00").AddDate(0, 0, 1), n.daily.Location); len(got) != 1 {
		t.Errorf("the 25th alone: %+v", got)
	}
}
