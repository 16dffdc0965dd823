package subscribers

import (
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"vestnik/db"
	"vestnik/db/dbtest"
	"vestnik/mail"
)

func place(t *testing.T, name string) *time.Location {
	t.Helper()
	loc, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return loc
}

func TestTheNextHourOfAClockThatIsSetForwardOrBack(t *testing.T) {
	for _, c := range []struct{ zone, from, hour, want string }{
		{"Asia/Sakhalin", "2026-11-24T08:00+11:00", "8", "2026-11-24T08:00+11:00"},
		{"Asia/Sakhalin", "2026-11-24T08:01+11:00", "8", "2026-11-25T08:00+11:00"},
		{"Asia/Sakhalin", "2026-11-24T08:00+11:00", "0", "2026-11-25T00:00+11:00"},
		{"Europe/Moscow", "2026-11-24T08:00+11:00", "7", "2026-11-24T07:00+03:00"},
		{"Europe/Berlin", "2026-03-28T12:00+01:00", "8", "2026-03-29T08:00+02:00"}, // a night of 23 hours
		{"Europe/Berlin", "2026-03-28T12:00+01:00", "2", "2026-03-29T03:00+02:00"}, // the hour that is left out
		{"Europe/Berlin", "2026-10-24T12:00+02:00", "8", "2026-10-25T08:00+01:00"}, // a night of 25 hours
		{"Europe/Berlin", "2026-10-24T12:00+02:00", "2", "2026-10-25T02:00+02:00"}, // the first of two equal hours
		{"Europe/Berlin", "2026-10-25T02:30+02:00", "2", "2026-10-25T02:00+01:00"}, // the second of them
		{"Europe/Berlin", "2026-10-25T02:30+01:00", "2", "2026-10-26T02:00+01:00"}, // and after it
		{"America/New_York", "2026-03-08T01:30-05:00", "2", "2026-03-08T03:00-04:00"},
		{"Pacific/Apia", "2011-12-29T20:00-10:00", "8", "2011-12-31T00:00+14:00"}, // a day that was left out: when it was over
		{"Australia/Lord_Howe", "2026-10-03T12:00+10:30", "2", "2026-10-04T02:30+11:00"},
		{"Asia/Kathmandu", "2026-11-24T00:00+00:00", "6", "2026-11-24T06:00+05:45"},
	} {
		from, err1 := time.Parse("2006-01-02T15:04Z07:00", c.from)
		want, err2 := time.Parse("2006-01-02T15:04Z07:00", c.want)
		if err1 != nil || err2 != nil {
			t.Fatal(err1, err2)
		}
		var hour int
		fmt.Sscan(c.hour, &hour)
		if got := nextHour(from, place(t, c.zone), hour); !got.Equal(want) {
			t.Errorf("%s o'clock in %s from %s: %s, want %s", c.hour, c.zone, c.from, got.In(place(t, c.zone)).Format(time.RFC3339), c.want)
		}
	}
}

func TestNoHourIsFurtherThanADay(t *testing.T) {
	for _, name := range []string{"Europe/Berlin", "America/Havana", "Asia/Sakhalin", "Australia/Lord_Howe", "Africa/Casablanca"} {
		loc := place(t, name)
		for from := time.Date(2026, 1, 1, 0, 13, 0, 0, time.UTC); from.Year() == 2026; from = from.Add(7 * time.Hour) {
			for hour := range 24 {
				if wait := nextHour(from, loc, hour).Sub(from); wait < 0 || wait > 25*time.Hour {
					t.Fatalf("%d o'clock in %s from %s: a wait of %s", hour, name, from, wait)
				}
			}
		}
	}
}

func TestALetterIsNeverLateForTheNextOne(t *testing.T) {
	start := time.Date(2026, 11, 24, 8, 0, 0, 0, time.UTC)
	deliver := func(hour int, expires, next time.Duration) string {
		nextAt := time.Time{}
		if next > 0 {
			nextAt = start.Add(next)
		}
		d := Deliver([]Hour{{"", hour}}, time.UTC, start, start.Add(expires), nextAt)[0]
		return d.NotBefore.Format("02 15:04 to ") + d.Expires.Format("02 15:04")
	}
	for _, c := range []struct {
		got, want string
	}{
		{deliver(8, 12*time.Hour, 24*time.Hour), "24 08:00 to 24 20:00"},
		{deliver(21, 12*time.Hour, 24*time.Hour), "24 21:00 to 25 09:00"},
		{deliver(21, 24*time.Hour, 24*time.Hour), "24 21:00 to 25 21:00"},
		{deliver(7, 24*time.Hour, 24*time.Hour), "25 07:00 to 26 07:00"},
		{deliver(7, 12*time.Hour, 7*24*time.Hour), "25 07:00 to 25 19:00"},
		{deliver(21, time.Hour, time.Hour), "24 21:00 to 24 21:00"}, // every hour: of those before 21:00 the last will do
		{deliver(8, time.Hour, time.Hour), "24 08:00 to 24 09:00"},
		{deliver(21, 12*time.Hour, 0), "24 21:00 to 25 09:00"},
	} {
		if c.got != c.want {
			t.Errorf("a letter has from %s, want %s", c.got, c.want)
		}
	}
	if all := Deliver([]Hour{{"Mars/Olympus", 7}}, time.UTC, start, start, start); all != nil {
		t.Errorf("of a zone that is none: %v", all)
	}
}

func TestEachReaderHasAnHourOfTheirOwn(t *testing.T) {
	d, v := dbtest.Open(t), newVerbs(t)
	addActive(t, d, v, "daily", "with@x.org", "moscow@x.org", "digest@x.org", "lapsed@x.org")
	for email, c := range map[string]Choices{
		"with@x.org": {Hour: -1, Timezone: "Europe/Moscow"}, "moscow@x.org": {Hour: 7, Timezone: "Europe/Moscow"}, "digest@x.org": {Hour: 21},
	} {
		inTx(t, d, func(tx *sql.Tx) error { return Choose(ctx, tx, find(t, d, email).ID, c, Origin{}, now) })
	}
	leaveAll(t, d, "lapsed@x.org")
	a := Audience{Digest: "daily", Variants: []string{"ru", "en"}, Fallback: "ru", Until: now, Limit: 100}
	part, err := a.Part(ctx, d)
	slices.SortFunc(part.Hours, func(a, b Hour) int { return a.Hour - b.Hour })
	if got, want := fmt.Sprint(part.More, part.Hours, err), "false [{Europe/Moscow 7} { 21}] <nil>"; got != want {
		t.Errorf("the part: %s, want %s", got, want)
	}
	start := time.Date(2026, 11, 24, 8, 0, 0, 0, place(t, "Asia/Sakhalin"))
	expires := start.Add(12 * time.Hour)
	query, args := a.Select(Deliver(part.Hours, start.Location(), start, expires, start.AddDate(0, 0, 1)))
	inTx(t, d, func(tx *sql.Tx) error {
		_, err := mail.Fill(ctx, tx, mail.Filling{Kind: mail.KindDigest, Ref: 7, Digest: "daily", Revision: 1, Expires: expires}, query, args, start.Add(time.Minute))
		return err
	})
	for email, want := range map[string]string{
		"with@x.org":   "due 24 08:01, not before 01 11:00, expires 24 20:00",
		"moscow@x.org": "due 24 15:00, not before 24 15:00, expires 25 03:00",
		"digest@x.org": "due 24 21:00, not before 24 21:00, expires 25 09:00",
	} {
		var due, notBefore, expires int64
		err := d.QueryRowContext(ctx, `SELECT due, not_before, expires FROM letters WHERE recipient = $1`, find(t, d, email).ID).Scan(&due, &notBefore, &expires)
		local := func(ms int64) string { return time.UnixMilli(ms).In(start.Location()).Format("02 15:04") }
		if got := fmt.Sprintf("due %s, not before %s, expires %s", local(due), local(notBefore), local(expires)); got != want || err != nil {
			t.Errorf("%s: %s, %v, want %s", email, got, err, want)
		}
	}
}

func TestSectionsAreAVariantWhereThereIsALetterOfThem(t *testing.T) {
	d, v := dbtest.Open(t), newVerbs(t)
	addActive(t, d, v, "daily", "a@x.org", "b@x.org", "c@x.org", "d@x.org")
	for email, c := range map[string]Choices{
		"a@x.org": {Digests: []Choice{{Digest: "daily", Wanted: true, Sections: []string{"teatr", "kino"}}}, Language: "en"},
		"b@x.org": {Digests: []Choice{{Digest: "daily", Wanted: true, Sections: []string{"kino", "teatr"}}}},
		"c@x.org": {Digests: []Choice{{Digest: "daily", Wanted: true, Sections: []string{"afisha"}}}, Language: "en"},
	} {
		c.Hour = -1
		inTx(t, d, func(tx *sql.Tx) error { return Choose(ctx, tx, find(t, d, email).ID, c, Origin{}, now) })
	}
	if got, err := ChosenSections(ctx, d, "daily", 50); strings.Join(got, ";") != "kino teatr;afisha" || err != nil {
		t.Errorf("chosen: %q, %v", got, err)
	}
	if got, err := ChosenSections(ctx, d, "daily", 1); strings.Join(got, ";") != "kino teatr" || err != nil {
		t.Errorf("the most usual choice: %q, %v", got, err)
	}
	a := Audience{Digest: "daily", Variants: []string{"ru", "en", "ru/kino,teatr", "en/kino,teatr"}, Fallback: "ru", Until: now}
	if got := variantsOf(t, d, a); got != "en/kino,teatr ru/kino,teatr en ru" {
		t.Errorf("variants: %q", got)
	}
}

// variantsOf are the variants that an audience gives to its members, in the order of their ids.
func variantsOf(t *testing.T, d *db.DB, a Audience) string {
	t.Helper()
	query, args := a.Select(nil)
	got, err := db.Collect(ctx, d, func(row *sql.Rows) (variant string, err error) {
		var id, notBefore, expires int64
		return variant, row.Scan(&id, &variant, &notBefore, &expires)
	}, query, args...)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(got, " ")
}

func TestALayoutIsAVariantWhereThereIsALetterOfIt(t *testing.T) {
	d, v := dbtest.Open(t), newVerbs(t)
	addActive(t, d, v, "daily", "a@x.org", "b@x.org", "c@x.org", "d@x.org", "e@x.org")
	for email, c := range map[string]Choice{
		"a@x.org": {Layout: "cards"}, "b@x.org": {Layout: "cards", Sections: []string{"kino", "teatr"}}, "c@x.org": {Layout: "long", Sections: []string{"kino"}},
		"d@x.org": {Sections: []string{"afisha"}},
	} {
		c.Digest, c.Wanted = "daily", true
		all := Choices{Digests: []Choice{c}, Hour: -1}
		if email == "b@x.org" {
			all.Language = "en"
		}
		inTx(t, d, func(tx *sql.Tx) error { return Choose(ctx, tx, find(t, d, email).ID, all, Origin{}, now) })
	}
	looks, err := ChosenLooks(ctx, d, "daily", []string{"cards", "long"}, 50)
	if got, want := fmt.Sprint(looks, err), "[{cards } {cards kino teatr} {long } {long kino}] <nil>"; got != want {
		t.Errorf("chosen: %s, want %s", got, want)
	}
	if looks, err := ChosenLooks(ctx, d, "daily", []string{"cards"}, 1); fmt.Sprint(looks, err) != "[{cards }] <nil>" {
		t.Errorf("the most usual choice of what is on offer: %v, %v", looks, err)
	}
	for _, c := range []struct{ variants, want string }{
		{"ru en", "ru en ru ru ru"},
		{"ru en ru.cards en.cards", "ru.cards en.cards ru ru ru"},
		{"ru en ru.cards en.cards ru/kino,teatr en/kino,teatr ru/kino", "ru.cards en/kino,teatr ru/kino ru ru"}, // sections before looks
		{"ru en ru.cards en.cards en.cards/kino,teatr ru.long ru.long/kino", "ru.cards en.cards/kino,teatr ru.long/kino ru ru"},
		{"ru.cards", "ru.cards ru.cards ru ru ru"},
	} {
		if got := variantsOf(t, d, Audience{Digest: "daily", Variants: strings.Fields(c.variants), Fallback: "ru", Until: now}); got != c.want {
			t.Errorf("of %s: %s, want %s", c.variants, got, c.want)
		}
	}
}

func TestOneArticleGoesToThoseWhoWantItsSection(t *testing.T) {
	d, v := dbtest.Open(t), newVerbs(t)
	addActive(t, d, v, "daily", "all@x.org", "kino@x.org", "both@x.org", "kinotavr@x.org")
	for email, sections := range map[string]string{"kino@x.org": "kino", "both@x.org": "afisha kino", "kinotavr@x.org": "kinotavr"} {
		c := Choices{Hour: -1, Digests: []Choice{{Digest: "daily", Wanted: true, Sections: strings.Fields(sections)}}}
		inTx(t, d, func(tx *sql.Tx) error { return Choose(ctx, tx, find(t, d, email).ID, c, Origin{}, now) })
	}
	for section, want := range map[string]int{"kino": 3, "afisha": 2, "teatr": 1, "": 1} {
		a := Audience{Digest: "daily", Variants: []string{"ru"}, Fallback: "ru", Until: now, About: true, Section: section}
		if got := len(strings.Fields(variantsOf(t, d, a))); got != want {
			t.Errorf("of section %q: %d letters, want %d", section, got, want)
		}
	}
}
