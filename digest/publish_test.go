package digest

import (
	"database/sql"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"vestnik/db"
	"vestnik/db/dbtest"
	"vestnik/db/schema"
	"vestnik/mail"
	"vestnik/subscribers"
	"vestnik/templates"
)

func TestPublishTwiceSendsOnce(t *testing.T) {
	n := open(t)
	n.news()
	n.crowd(3, n.at("2026-11-20 12:00"))
	slot, now := n.slot("2026-11-24T0800"), n.at("2026-11-24 08:00")
	first, outcome, err := n.Publish(n.ctx, n.daily, slot, now)
	if err != nil || outcome != Published {
		t.Fatalf("outcome %q, error %v", outcome, err)
	}
	n.step(now)
	again, outcome, err := n.Publish(n.ctx, n.daily, slot, now.Add(time.Minute))
	if err != nil || outcome != Already || again.ID != first.ID {
		t.Fatalf("again: outcome %q, edition %d, error %v; want already published, %d", outcome, again.ID, err, first.ID)
	}
	n.step(now.Add(2 * time.Minute))
	if got := n.letters(); len(got) != 3 {
		t.Errorf("letters = %d, want 3", len(got))
	}
	if got := n.editions(); len(got) != 1 || got[0].Recipients != 3 || got[0].State != Sending {
		t.Errorf("editions = %+v, want one that is being sent to 3", got)
	}
}

func TestOnlyConfirmedSubscribersGetLetters(t *testing.T) {
	n := open(t)
	n.news()
	before, now := n.at("2026-11-20 12:00"), n.at("2026-11-24 08:00")
	n.subscribe(before, "ann@example.org", "bob@example.org", "vera@example.org", "gone@example.org")
	n.tx(func(tx *sql.Tx) error {
		_, err := n.verbs().Add(n.ctx, tx, subscribers.Adding{Email: "pending@example.org", Digests: []string{"daily"}}, before)
		return err
	})
	gone, err := subscribers.Find(n.ctx, n.DB, "gone@example.org")
	if err != nil {
		t.Fatal(err)
	}
	n.tx(func(tx *sql.Tx) error {
		return subscribers.Leave(n.ctx, tx, gone.ID, "daily", subscribers.Origin{}, before.Add(time.Hour))
	})

	e, _, err := n.Publish(n.ctx, n.daily, n.slot("2026-11-24T0800"), now)
	if err != nil {
		t.Fatal(err)
	}
	n.subscribe(now.Add(time.Second), "late@example.org") // after the edition was made, before its letters
	n.step(now.Add(2 * time.Second))
	var got []string
	for _, l := range n.letters() {
		s, err := subscribers.Get(n.ctx, n.DB, l.Recipient)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, s.Email+" "+l.Variant)
		if _, err := mail.GetMaster(n.ctx, n.DB, l.Ref, l.Revision, l.Variant); err != nil {
			t.Errorf("letter %s has no master copy: %v", l.Name(), err)
		}
		if !l.Expires.Equal(now.Add(12 * time.Hour)) {
			t.Errorf("letter %s expires %s, want max_late after the slot", l.Name(), l.Expires)
		}
	}
	slices.Sort(got)
	if want := []string{"ann@example.org ru", "bob@example.org en", "vera@example.org ru"}; !slices.Equal(got, want) {
		t.Errorf("letters %q, want %q", got, want)
	}
	if b, err := mail.BalanceOf(n.ctx, n.DB, mail.KindDigest, e.ID); err != nil || b.Recipients != 3 {
		t.Errorf("balance %+v, error %v; want 3 recipients", b, err)
	}
}

func TestTwoNodesMakeOneEdition(t *testing.T) {
	url := dbtest.URL(t)
	var nodes []newsroom
	for range 2 {
		d, err := db.Open(t.Context(), url)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { d.Close() })
		if _, _, err := schema.Migrate(t.Context(), d); err != nil {
			t.Fatal(err)
		}
		n := newsroomOn(t, d)
		n.chunk = 4
		nodes = append(nodes, n)
	}
	nodes[0].news()
	nodes[0].crowd(30, nodes[0].at("2026-11-20 12:00"))
	nodes[0].step(nodes[0].at("2026-11-23 20:00"))
	var all sync.WaitGroup
	for i := range 4 {
		n := nodes[i%2]
		all.Go(func() {
			if _, err := n.Step(t.Context(), []Digest{n.daily}, n.at("2026-11-24 08:00")); err != nil {
				t.Errorf("node %d: %v", i, err)
			}
		})
	}
	all.Wait()
	editions := nodes[0].editions()
	if len(editions) != 1 || editions[0].State != Sending || editions[0].Recipients != 30 {
		t.Fatalf("editions = %+v, want one to 30", editions)
	}
	if got := len(nodes[1].letters()); got != 30 {
		t.Errorf("letters = %d, want 30", got)
	}
}

func TestACrashBetweenChunksLosesAndRepeatsNobody(t *testing.T) {
	n := open(t)
	n.chunk = 5
	n.news()
	n.crowd(15, n.at("2026-11-20 12:00"))
	now := n.at("2026-11-24 08:00")
	e, _, err := n.Publish(n.ctx, n.daily, n.slot("2026-11-24T0800"), now)
	if err != nil {
		t.Fatal(err)
	}
	if done, err := n.Enqueue(n.ctx, e.ID, now); err != nil || done {
		t.Fatalf("first chunk: done %v, error %v", done, err)
	}
	if got := n.editions()[0]; got.State != Enqueuing || got.Recipients != 5 || len(n.letters()) != 5 {
		t.Fatalf("after one chunk: %+v", got)
	}
	other := newsroomOn(t, n.DB) // the node died; another takes over, with a configuration that no longer has the digest
	if _, err := other.Step(n.ctx, nil, now.Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	if got := n.editions()[0]; got.State != Sending || got.Recipients != 15 {
		t.Errorf("after the take-over: %+v", got)
	}
	seen := map[int64]bool{}
	for _, l := range n.letters() {
		seen[l.Recipient] = true
	}
	if len(seen) != 15 {
		t.Errorf("recipients = %d, want 15", len(seen))
	}
}

func TestAnEditionIsFinishedWhenNothingIsLeftToSend(t *testing.T) {
	n := open(t)
	n.news()
	n.crowd(2, n.at("2026-11-20 12:00"))
	n.step(n.at("2026-11-23 09:00"))
	now := n.at("2026-11-24 08:00")
	if next := n.step(now); next.Sub(now) > time.Minute {
		t.Errorf("an edition is being sent, and the next look is at %s", next)
	}
	for _, l := range n.letters() {
		if _, err := mail.Withdraw(n.ctx, n.DB, l.Recipient, "daily", mail.ReasonLeft, now); err != nil {
			t.Fatal(err)
		}
	}
	next := n.step(now.Add(time.Minute))
	if got := n.editions()[0].State; got != Finished {
		t.Errorf("state %q, want finished", got)
	}
	if want := n.at("2026-11-25 08:00"); !next.Equal(want) {
		t.Errorf("next step at %s, want at the next slot %s", next, want)
	}
}

// A letter that is retried by hand opens its edition again, also where a step is just finishing it.
func TestARetriedLetterReopensItsEdition(t *testing.T) {
	n := open(t)
	n.news()
	n.crowd(2, n.at("2026-11-20 12:00"))
	now := n.at("2026-11-24 08:00")
	e, _, err := n.Publish(n.ctx, n.daily, n.slot("2026-11-24T0800"), now)
	if err != nil {
		t.Fatal(err)
	}
	n.step(now)
	fail := func() {
		if _, err := n.DB.ExecContext(n.ctx, `UPDATE letters SET state = 'failed', due = 0, owner = 0, done = 1`); err != nil {
			t.Fatal(err)
		}
	}
	state := func(want string) {
		t.Helper()
		if got := n.editions()[0].State; got != want {
			t.Errorf("the edition is %s, want %s", got, want)
		}
	}
	for _, finished := range []bool{true, false} {
		fail()
		if finished {
			n.step(now.Add(time.Minute))
			state(Finished)
		}
		stepped := make(chan error)
		n.tx(func(tx *sql.Tx) error {
			if err := Reopen(n.ctx, tx, e.ID); err != nil {
				return err
			}
			go func() { // it waits for this transaction, or comes before or after it
				_, err := n.finish(n.ctx, e.ID)
				stepped <- err
			}()
			return mail.Retry(n.ctx, tx, n.letters()[0].Name(), now.Add(time.Minute))
		})
		if err := <-stepped; err != nil {
			t.Error(err)
		}
		state(Sending)
		n.step(now.Add(2 * time.Minute))
		state(Sending)
	}
	fail()
	n.step(now.Add(3 * time.Minute))
	state(Finished)
}

// Who takes leaving back at the moment when a step finishes the edition gets the letter, and the edition is open as long; or it is
// finished, and the letter stays withdrawn.
func TestALetterThatComesBackKeepsItsEditionOpen(t *testing.T) {
	n := open(t)
	n.news()
	n.crowd(1, n.at("2026-11-20 12:00"))
	now := n.at("2026-11-24 08:00")
	e, _, err := n.Publish(n.ctx, n.daily, n.slot("2026-11-24T0800"), now)
	if err != nil {
		t.Fatal(err)
	}
	n.step(now)
	reader := n.letters()[0].Recipient
	back := func(tx *sql.Tx) error {
		_, err := subscribers.Return(n.ctx, tx, reader, "daily", subscribers.Origin{}, now.Add(time.Minute))
		return err
	}
	leave := func(tx *sql.Tx) error {
		return subscribers.Leave(n.ctx, tx, reader, "daily", subscribers.Origin{}, now)
	}
	stepped := make(chan error)
	n.tx(leave)
	n.tx(func(tx *sql.Tx) error {
		err := back(tx)
		go func() { // it waits for this transaction, or comes after it
			_, err := n.finish(n.ctx, e.ID)
			stepped <- err
		}()
		return err
	})
	if err := <-stepped; err != nil {
		t.Fatal(err)
	}
	if got, l := n.editions()[0].State, n.letters()[0]; got != Sending || l.State != mail.StateQueued {
		t.Errorf("the edition is %s and the letter %s, want sending and queued", got, l.State)
	}
	n.tx(leave)
	if done, err := n.finish(n.ctx, e.ID); err != nil || !done {
		t.Fatalf("finished: %v, %v", done, err)
	}
	n.tx(back)
	if got, l := n.editions()[0].State, n.letters()[0]; got != Finished || l.State != mail.StateSuppressed {
		t.Errorf("the edition is %s and the letter %s, want finished and suppressed", got, l.State)
	}
}

func TestAnEditionWithoutSubscribersIsFinishedAtOnce(t *testing.T) {
	n := open(t)
	n.news()
	if _, _, err := n.Publish(n.ctx, n.daily, n.slot("2026-11-24T0800"), n.at("2026-11-24 08:00")); err != nil {
		t.Fatal(err)
	}
	n.step(n.at("2026-11-24 08:01"))
	if got := n.editions()[0]; got.State != Finished || got.Recipients != 0 {
		t.Errorf("edition %+v, want finished with no recipients", got)
	}
}

func TestAnEditionIsFrozen(t *testing.T) {
	n := open(t)
	list := n.news()
	slot, now := n.slot("2026-11-24T0800"), n.at("2026-11-24 08:00")
	before, letter, err := n.Preview(n.ctx, n.daily, slot, Wanted{Variant: "en"}, now)
	if err != nil {
		t.Fatal(err)
	}
	e, _, err := n.Publish(n.ctx, n.daily, slot, now)
	if err != nil {
		t.Fatal(err)
	}
	n.read(list[2].ID, 1000, "web", n.at("2026-11-23 16:00"))
	n.article("Совсем новая", now)
	after, letter2, err := n.Preview(n.ctx, n.daily, slot, Wanted{Variant: "en"}, now.Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	if letter != letter2 {
		t.Error("the letter of a published edition differs from its preview before")
	}
	if before.Items[0].Title != after.Items[0].Title || after.Items[0].Article != list[0].ID || after.Subject != e.Subject {
		t.Errorf("first item %q, then %q", before.Items[0].Title, after.Items[0].Title)
	}
	if want := siteURL + "/digests/daily/2026-11-24T0800"; after.URL != want || !strings.Contains(letter.Text, want) {
		t.Errorf("address %q, want %q, also in the letter", after.URL, want)
	}
	items, err := Items(n.ctx, n.DB, e.ID)
	if err != nil || len(items) != 3 {
		t.Fatalf("items %v, error %v", items, err)
	}
	if want := (Item{Rank: 1, Article: list[0].ID, Title: list[0].Title, Reads: 30, Score: 30, Reason: ReasonReads}); items[0] != want {
		t.Errorf("first item %+v, want %+v", items[0], want)
	}
	found, err := FindEdition(n.ctx, n.DB, "daily", "2026-11-24T0800")
	if err != nil || found.ID != e.ID || len(found.View.Items) != 3 || found.View.Banner == nil {
		t.Errorf("found %+v, error %v", found, err)
	}
}

func TestMasterCopiesHaveHolesOnlyInOurLinks(t *testing.T) {
	n := open(t)
	a := n.article("Ссылка "+siteURL+"/unsubscribe/"+mail.HoleLeave, n.at("2026-11-23 12:00"))
	n.read(a.ID, 9, "web", n.at("2026-11-23 15:00"))
	e, _, err := n.Publish(n.ctx, n.daily, n.slot("2026-11-24T0800"), n.at("2026-11-24 08:00"))
	if err != nil {
		t.Fatal(err)
	}
	for _, language := range templates.Languages() {
		m, err := mail.GetMaster(n.ctx, n.DB, e.ID, e.Revision, language)
		if err != nil {
			t.Fatal(err)
		}
		plain := strings.ReplaceAll(string(m.Bytes), "=\r\n", "")
		if !strings.Contains(plain, "/unsubscribe/"+mail.HoleLeave) || !strings.Contains(plain, "/preferences/"+mail.HolePreferences) {
			t.Errorf("%s: the links for the subscriber are missing", language)
		}
	}
}

func TestATestLetterHasAMasterCopyOfItsOwn(t *testing.T) {
	n := open(t)
	n.news()
	now := n.at("2026-11-24 07:00")
	l, err := n.Test(n.ctx, n.daily, n.slot("2026-11-24T0800"), Wanted{Variant: "en"}, "Editor@Kino.Example", now)
	if err != nil {
		t.Fatal(err)
	}
	if l.Kind != mail.KindTest || l.Address != "Editor@kino.example" || l.Recipient != 0 || l.State != mail.StateQueued {
		t.Errorf("letter %+v", l)
	}
	m, err := mail.GetMaster(n.ctx, n.DB, l.Ref, l.Revision, l.Variant)
	if err != nil || strings.Contains(string(m.Bytes), "HOLE") {
		t.Errorf("master copy: error %v, or it has holes that nobody fills", err)
	}
	if len(n.editions()) != 0 || len(n.slots()) != 0 {
		t.Error("a test letter made an edition")
	}
	if _, err := n.Test(n.ctx, n.daily, n.slot("2026-11-24T0800"), Wanted{Variant: "en"}, "no address", now); err == nil {
		t.Error("a test letter to no address was taken")
	}
}

func TestASlotThatIsNotDueIsNotPublished(t *testing.T) {
	n := open(t)
	n.news()
	_, _, err := n.Publish(n.ctx, n.daily, n.slot("2026-11-24T0800"), n.at("2026-11-24 07:59"))
	if err == nil || !strings.Contains(err.Error(), "due only at") {
		t.Errorf("error %v, want that it is not due", err)
	}
}

func TestASlotIsClaimedOnce(t *testing.T) {
	n := open(t)
	for _, test := range []struct {
		slot, state string
		byHand      bool
		want        bool
	}{
		{"2026-11-24T0800", SlotMissed, false, true},
		{"2026-11-24T0800", SlotSent, false, false}, // only by hand
		{"2026-11-24T0800", SlotSent, true, true},
		{"2026-11-24T0800", SlotSent, true, false},
		{"2026-11-24T0800", SlotSkipped, true, false},
		{"2026-11-25T0800", SlotSent, true, true},
	} {
		n.tx(func(tx *sql.Tx) error {
			got, err := claim(n.ctx, tx, "daily", verdict{slot: n.slot(test.slot), state: test.state, reason: "a test"}, n.at("2026-11-24 08:00"), test.byHand)
			if got != test.want {
				t.Errorf("claim of %s as %s, by hand %v: %v, want %v", test.slot, test.state, test.byHand, got, test.want)
			}
			return err
		})
	}
}
