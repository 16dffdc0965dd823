package digest

import (
	"database/sql"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"vestnik/db"
	"vestnik/mail"
	"vestnik/subscribers"
)

// told are the letters about mistakes, by subscriber.
func (n newsroom) told(ref int64) map[int64]mail.Letter {
	n.t.Helper()
	all, err := mail.List(n.ctx, n.DB, mail.ListFilter{Kind: mail.KindCorrection, Ref: ref, Limit: 10000})
	if err != nil {
		n.t.Fatal(err)
	}
	letters := map[int64]mail.Letter{}
	for _, l := range all {
		letters[l.Recipient] = l
	}
	return letters
}

func (n newsroom) exec(query string, args ...any) {
	n.t.Helper()
	if _, err := n.DB.ExecContext(n.ctx, query, args...); err != nil {
		n.t.Fatal(err)
	}
}

func TestACorrectionIsToldToThoseWhoGotTheMistakeAndToNobodyElse(t *testing.T) {
	n := open(t)
	n.news()
	n.crowd(6, n.at("2026-11-20 12:00"))
	n.step(n.at("2026-11-23 09:00"))
	now := n.at("2026-11-24 08:00")
	n.step(now)
	keys := n.verbs().Keys
	box, sender := n.sender(keys.Personal)
	letters := n.letters()
	for _, l := range letters[:3] {
		if _, err := sender.SendOne(n.ctx, l, now); err != nil {
			t.Fatal(err)
		}
	}
	gone := letters[0].Recipient // got it and left
	n.tx(func(tx *sql.Tx) error { return subscribers.Leave(n.ctx, tx, gone, "daily", subscribers.Origin{}, now) })
	e := n.edition("2026-11-24T0800")
	corrected, err := n.Revise(n.ctx, e.ID, 1, Change{Correction: "Премьера прошла не в Корсакове.", Titles: map[int64]string{e.View.Items[0].Article: "Премьера в Холмске"}}, "ann", now.Add(time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	if corrected.View.Correction != "Премьера прошла не в Корсакове." || corrected.View.Corrected.IsZero() || corrected.Subject != "Самое читаемое: Премьера в Холмске" {
		t.Errorf("corrected %+v", corrected.View)
	}
	n.step(now.Add(2 * time.Minute))
	for range 3 {
		if _, err := sender.Round(n.ctx, now.Add(3*time.Minute)); err != nil {
			t.Fatal(err)
		}
	}
	got := map[string][]string{}
	for _, m := range box.Messages() {
		got[m.To[0]] = append(got[m.To[0]], decoded(t, m.Data).Subject)
	}
	for i, l := range letters {
		want := "[Самое читаемое: Премьера в Корсакове" // sent before
		if i >= 3 {
			want = "[Самое читаемое: Премьера в Холмске]"
		}
		subjects := fmt.Sprint(got[l.Address])
		if i >= 3 && subjects != want || i < 3 && !strings.HasPrefix(subjects, want) || i == 0 != (len(got[l.Address]) == 1) && i < 3 {
			t.Errorf("reader %d got %s, want %s, and those who got the mistake and are still subscribed one letter more", i, subjects, want)
		}
	}
	n.step(now.Add(5 * time.Minute))
	all, err := Revisions(n.ctx, n.DB, e.ID)
	if err != nil || len(all) != 2 || all[1].Noted.IsZero() || all[0].Letters[mail.StateSent] != 3 || all[1].Letters[mail.StateSent] != 3 || all[1].Notes[mail.StateSent] != 2 {
		t.Errorf("revisions %+v, error %v", all, err)
	}
	if v, err := mail.Verify(n.ctx, n.DB, e.ID); err != nil || len(v.Problems) != 0 || v.Balance.Recipients != 6 {
		t.Errorf("the ledger: %+v, %v", v, err)
	}
	if e := n.edition("2026-11-24T0800"); e.State != Finished {
		t.Errorf("the edition is %s, want finished", e.State)
	}
}

func TestACorrectionWithoutANoteTellsNobody(t *testing.T) {
	n := open(t)
	n.news()
	n.crowd(2, n.at("2026-11-20 12:00"))
	n.step(n.at("2026-11-23 09:00"))
	now := n.at("2026-11-24 08:00")
	n.step(now)
	n.exec(`UPDATE letters SET state = 'sent', due = 0, done = 1, attempt = 1, reply = '250'`)
	e := n.edition("2026-11-24T0800")
	for i, c := range []Change{{Drop: []int64{e.View.Items[2].Article}, Out: true}, {Correction: "Тихо", Quiet: true}, {Correction: "И ещё", Quiet: true}} {
		if _, err := n.Revise(n.ctx, e.ID, int64(i+1), c, "ann", now); err != nil {
			t.Fatal(err)
		}
	}
	n.step(now.Add(time.Hour))
	e = n.edition("2026-11-24T0800")
	if got := len(n.told(0)); got != 0 || e.View.Correction != "Тихо\n\nИ ещё" || e.Revision != 4 {
		t.Errorf("letters %d, on the page %q, revision %d", got, e.View.Correction, e.Revision)
	}
	if revisions, err := PublicRevisions(n.ctx, n.DB, e); err != nil || len(revisions) != 4 {
		t.Errorf("the public sees revisions %v, %v", revisions, err)
	}
	none, err := n.Compile(n.ctx, n.daily, n.slot("2026-11-25T0800"), n.at("2026-11-25 08:00"))
	if err == nil && none.Revision > 1 {
		t.Errorf("the next edition takes part in the correction: %+v", none)
	}
}

// While letters are still being written down, those that come later are of the new revision.
func TestACorrectionInTheMiddleOfEnqueueing(t *testing.T) {
	n := open(t)
	n.chunk = 5
	n.news()
	n.crowd(17, n.at("2026-11-20 12:00"))
	now := n.at("2026-11-24 08:00")
	e, _, err := n.Publish(n.ctx, n.daily, n.slot("2026-11-24T0800"), now)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := n.Enqueue(n.ctx, e.ID, now); err != nil {
		t.Fatal(err)
	}
	n.exec(`UPDATE letters SET state = 'sent', due = 0, done = 1, attempt = 1, reply = '250' WHERE recipient IN (SELECT recipient FROM letters ORDER BY recipient LIMIT 2)`)
	next, err := n.Revise(n.ctx, e.ID, 1, Change{Correction: "Ошибка"}, "ann", now)
	if err != nil || next.State != Enqueuing {
		t.Fatalf("%+v, %v", next, err)
	}
	n.step(now)
	counts := map[int64]int{}
	for _, l := range n.letters() {
		counts[l.Revision]++
	}
	all, err := Revisions(n.ctx, n.DB, e.ID)
	if err != nil || counts[1] != 2 || counts[2] != 15 || len(n.told(all[1].Correction)) != 2 {
		t.Errorf("letters %v, told %d, error %v; want 2 and 15, and 2 told", counts, len(n.told(all[1].Correction)), err)
	}
}

// Two nodes write letters down while a correction comes: none is left with the mistake that was not on its way.
func TestNoLetterIsWrittenDownWithAnOldRevisionAfterACorrection(t *testing.T) {
	all := nodes(t)
	n := all[0]
	n.news()
	n.crowd(60, n.at("2026-11-20 12:00"))
	now := n.at("2026-11-24 08:00")
	e, _, err := n.Publish(n.ctx, n.daily, n.slot("2026-11-24T0800"), now)
	if err != nil {
		t.Fatal(err)
	}
	errs := make(chan error, 2)
	for _, node := range all {
		node.chunk = 3
		go func() {
			for {
				if done, err := node.Enqueue(t.Context(), e.ID, now); err != nil || done {
					errs <- err
					return
				}
			}
		}()
	}
	for revision := range int64(5) {
		if _, err := n.Revise(n.ctx, e.ID, revision+1, Change{Correction: "Ошибка"}, "ann", now); err != nil {
			t.Error(err)
		}
	}
	for range all {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
	for _, l := range n.letters() {
		if l.Revision != 6 {
			t.Errorf("letter %s is of revision %d, want 6", l.Name(), l.Revision)
		}
	}
	if got := len(n.letters()); got != 60 {
		t.Errorf("letters = %d, want 60", got)
	}
}

// Whatever state the letters of an edition are in when it is corrected, and corrected again, and however they end: each reader who is still
// subscribed is told of exactly those mistakes that he got, or may have got.
func TestEachReaderIsToldOfTheMistakesThatHeGot(t *testing.T) {
	n := open(t)
	n.chunk = 7
	n.news()
	n.crowd(40, n.at("2026-11-20 12:00"))
	for seed := range uint64(12) {
		r := rand.New(rand.NewPCG(seed, 6))
		now := n.at("2026-11-24 08:00").Add(time.Duration(seed) * time.Hour)
		e, _, err := n.Send(n.ctx, n.daily, now, true)
		if err != nil {
			t.Fatal(err)
		}
		for done := false; !done; {
			if done, err = n.Enqueue(n.ctx, e.ID, now); err != nil {
				t.Fatal(err)
			}
		}
		for revision := range int64(1 + r.IntN(3)) {
			n.scatter(r, e.ID, now)
			c := Change{Correction: "Ошибка", Quiet: r.IntN(5) == 0}
			if _, err := n.Revise(n.ctx, e.ID, revision+1, c, "ann", now); err != nil {
				t.Fatal(err)
			}
			n.inDoubtKeepTheirs(e.ID, revision+2)
			for range r.IntN(3) {
				now = now.Add(30 * time.Second)
				n.step(now)
				n.end(r, e.ID, now, 0.3)
			}
		}
		n.leaveSome(r, now)
		n.end(r, e.ID, now, 1)
		now = now.Add(2 * time.Minute)
		for range 20 {
			n.step(now)
		}
		n.toldExactly(seed, e.ID)
		n.exec(`UPDATE subscriptions SET state = 'active'`)
	}
}

// scatter puts queued letters into all states that there are, as a sender would.
func (n newsroom) scatter(r *rand.Rand, edition int64, now time.Time) {
	for _, l := range n.lettersOf(edition) {
		if l.State != mail.StateQueued && l.State != mail.StateDeferred || r.IntN(4) == 0 {
			continue
		}
		state := []string{mail.StateQueued, mail.StateLeased, mail.StateInFlight, mail.StateSent, mail.StateFailed, mail.StateDeferred, mail.StateInDoubt,
			mail.StateSuppressed, mail.StateExpired, "resent"}[r.IntN(10)]
		n.put(l, state, now)
	}
}

func (n newsroom) lettersOf(edition int64) (all []mail.Letter) {
	for _, l := range n.letters() {
		if l.Ref == edition {
			all = append(all, l)
		}
	}
	return all
}

// put sets a letter's state with what goes with it. A letter that is sent takes the present revision before, unless it was in doubt.
func (n newsroom) put(l mail.Letter, state string, now time.Time) {
	n.t.Helper()
	due, owner, done, attempt, doubts := int64(0), int64(0), int64(0), l.Attempt, l.Doubts
	switch state {
	case mail.StateQueued, mail.StateDeferred:
		due = db.Milli(now.Add(1000 * time.Hour)) // no step sends; it is the test that does
	case mail.StateLeased, mail.StateInFlight:
		owner, attempt = 77, attempt+1
	case "resent": // in doubt, and queued again
		state, due, doubts, attempt = mail.StateQueued, db.Milli(now.Add(1000*time.Hour)), doubts+1, attempt+1
	case mail.StateInDoubt:
		doubts, done, attempt = doubts+1, db.Milli(now), attempt+1
	default:
		done, attempt = db.Milli(now), attempt+1
	}
	n.exec(`UPDATE letters SET state = $1, due = $2, owner = $3, fence = $3, done = $4, attempt = $5, doubts = $6, reply = 'as it was',
		revision = CASE WHEN doubts = 0 AND state <> 'in_flight' THEN (SELECT revision FROM editions WHERE id = $7) ELSE revision END
		WHERE kind = 'digest' AND ref = $7 AND recipient = $8`, state, due, owner, done, attempt, doubts, l.Ref, l.Recipient)
}

// inDoubtKeepTheirs checks what a correction did to the letters.
func (n newsroom) inDoubtKeepTheirs(edition, revision int64) {
	n.t.Helper()
	for _, l := range n.lettersOf(edition) {
		waits := l.State == mail.StateQueued || l.State == mail.StateDeferred
		if waits && l.Doubts == 0 != (l.Revision == revision) {
			n.t.Errorf("letter %s, %s with %d doubts, is of revision %d after revision %d was made", l.Name(), l.State, l.Doubts, l.Revision, revision)
		}
		if l.State == mail.StateLeased && l.Doubts == 0 {
			n.t.Errorf("letter %s is still leased: its sender would send what it has rendered", l.Name())
		}
	}
}

// end settles a part of the letters that are open.
func (n newsroom) end(r *rand.Rand, edition int64, now time.Time, part float64) {
	for _, l := range n.lettersOf(edition) {
		open := l.State == mail.StateQueued || l.State == mail.StateDeferred || l.State == mail.StateInFlight || l.State == mail.StateLeased
		if open && r.Float64() < part {
			n.put(l, []string{mail.StateSent, mail.StateSent, mail.StateFailed, mail.StateInDoubt, mail.StateExpired}[r.IntN(5)], now)
		}
	}
}

func (n newsroom) leaveSome(r *rand.Rand, now time.Time) {
	for _, l := range n.letters() {
		if r.IntN(200) == 0 {
			n.exec(`UPDATE subscriptions SET state = 'left' WHERE subscriber = $1`, l.Recipient)
		}
	}
}

// toldExactly compares the letters about mistakes with what became of the edition's.
func (n newsroom) toldExactly(seed uint64, edition int64) {
	n.t.Helper()
	all, err := Revisions(n.ctx, n.DB, edition)
	if err != nil {
		n.t.Fatal(err)
	}
	for _, revision := range all {
		if revision.Correction == 0 {
			continue
		}
		if revision.Noted.IsZero() {
			n.t.Errorf("seed %d: revision %d is still being told, and all is settled", seed, revision.Revision)
		}
		told := n.told(revision.Correction)
		for _, l := range n.lettersOf(edition) {
			s, err := subscribers.Get(n.ctx, n.DB, l.Recipient)
			if err != nil {
				n.t.Fatal(err)
			}
			got := l.State == mail.StateSent || l.Doubts > 0
			active := len(s.Subscriptions) == 1 && s.Subscriptions[0].State == subscribers.Active
			_, is := told[l.Recipient]
			if want := got && l.Revision < revision.Revision; is && !want || want && active && !is {
				n.t.Errorf("seed %d: letter %s is %s with %d doubts in revision %d; told of what was wrong before revision %d: %v, want %v",
					seed, l.Name(), l.State, l.Doubts, l.Revision, revision.Revision, is, want)
			}
		}
	}
}
