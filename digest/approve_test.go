package digest

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"vestnik/db"
	"vestnik/db/dbtest"
	"vestnik/db/schema"
	"vestnik/mail"
)

// awaiting makes the first edition of the daily digest wait: it is held from 08:00 to 10:00.
func awaiting(t *testing.T) (newsroom, Edition) {
	t.Helper()
	n := open(t)
	n.news()
	n.crowd(3, n.at("2026-11-20 12:00"))
	n.daily.Approve, n.daily.ApproveWithin = true, 2*time.Hour
	n.step(n.at("2026-11-23 09:00"))
	n.step(n.at("2026-11-24 08:00"))
	return n, n.edition("2026-11-24T0800")
}

func (n newsroom) edition(slot string) Edition {
	n.t.Helper()
	e, err := FindEdition(n.ctx, n.DB, "daily", slot)
	if err != nil {
		n.t.Fatal(err)
	}
	return e
}

// decision is the state, cause and reason of the newest slot of that name.
func (n newsroom) decision(slot string) string {
	n.t.Helper()
	all, err := Slots(n.ctx, n.DB, "daily", 0)
	if err != nil {
		n.t.Fatal(err)
	}
	for _, d := range all {
		if d.Slot.Name() == slot {
			return strings.TrimRight(d.State+"/"+d.Cause+": "+d.Reason, ": ")
		}
	}
	return "no slot"
}

func refused(t *testing.T, err error, words string) {
	t.Helper()
	var refusal Refusal
	if !errors.As(err, &refusal) || !strings.Contains(err.Error(), words) {
		t.Errorf("error %v, want a refusal with %q", err, words)
	}
}

func TestAnEditionWaitsForItsEditor(t *testing.T) {
	n, e := awaiting(t)
	if e.State != Held || !e.ApproveBy.Equal(n.at("2026-11-24 10:00")) || e.Revision != 1 || e.Hash == "" {
		t.Fatalf("edition %+v, want it held until 10:00", e)
	}
	if got := n.decision("2026-11-24T0800"); got != "held/: waits for an editor until 2026-11-24T10:00:00+11:00" {
		t.Errorf("slot %q", got)
	}
	past, err := Archive(n.ctx, n.DB, PastQuery{Digest: "daily"})
	if err != nil || len(past) != 0 || len(n.letters()) != 0 {
		t.Errorf("archive %v, letters %d, error %v; want that nobody sees it", past, len(n.letters()), err)
	}
	waiting, err := HeldEditions(n.ctx, n.DB, "daily")
	if err != nil || len(waiting) != 1 || waiting[0].ID != e.ID {
		t.Errorf("waiting %v, error %v", waiting, err)
	}
	n.subscribe(n.at("2026-11-24 08:20"), "late@example.org")
	now := n.at("2026-11-24 08:30")
	approved, err := n.Approve(n.ctx, e.ID, 1, "ann@example.org", now)
	if err != nil || approved.State != Enqueuing || approved.ApprovedBy != "ann@example.org" || !approved.Made.Equal(now) {
		t.Fatalf("approved %+v, error %v", approved, err)
	}
	if got := n.decision("2026-11-24T0800"); got != "late/: approved by ann@example.org 30m0s after its slot" {
		t.Errorf("slot %q", got)
	}
	n.step(now)
	if got := len(n.letters()); got != 4 {
		t.Errorf("letters = %d, want 4: to those who are subscribed when it comes out", got)
	}
	if past, err := Archive(n.ctx, n.DB, PastQuery{Digest: "daily"}); err != nil || len(past) != 1 {
		t.Errorf("archive %v, error %v", past, err)
	}
	_, err = n.Approve(n.ctx, e.ID, 1, "bob@example.org", now)
	refused(t, err, "daily 2026-11-24T0800 is being sent: `vestnik digest correct daily 2026-11-24T0800`")
	refused(t, n.Cancel(n.ctx, e.ID, "bob", "", now), "is being sent")
}

func TestAnEditionThatNobodyApprovesIsCancelledAndTheNextCoversItsTime(t *testing.T) {
	n, e := awaiting(t)
	if next := n.step(n.at("2026-11-24 09:59")); next.After(n.at("2026-11-24 10:00")) {
		t.Errorf("next look at %s, want at the deadline", next)
	}
	_, err := n.Approve(n.ctx, e.ID, 1, "ann", n.at("2026-11-24 10:00"))
	refused(t, err, "was to be approved until 2026-11-24T10:00:00+11:00: `vestnik digest hold daily --until TIME`")
	n.step(n.at("2026-11-24 10:00"))
	if got := n.decision("2026-11-24T0800"); got != "skipped/not_approved: not approved by 2026-11-24T10:00:00+11:00" {
		t.Errorf("slot %q", got)
	}
	_, err = n.Approve(n.ctx, e.ID, 1, "ann", n.at("2026-11-24 10:01"))
	refused(t, err, "was not sent (not approved by")
	n.step(n.at("2026-11-25 08:00"))
	next := n.edition("2026-11-25T0800")
	if !next.Start.Equal(n.at("2026-11-23 08:00")) || next.State != Held || len(next.View.Items) != 3 {
		t.Errorf("the next edition is %s, from %s, with %d articles; want the window and the articles of the one that was cancelled, too", next.State, next.Start, len(next.View.Items))
	}
}

func TestACancelledEditionCanBeMadeAnew(t *testing.T) {
	n, e := awaiting(t)
	if err := n.Cancel(n.ctx, e.ID, "ann", "a wrong\nheadline", n.at("2026-11-24 08:10")); err != nil {
		t.Fatal(err)
	}
	if got := n.decision("2026-11-24T0800"); got != "skipped/cancelled: cancelled by ann: a wrong headline" {
		t.Errorf("slot %q", got)
	}
	n.step(n.at("2026-11-24 08:11"))
	if got := n.editions(); len(got) != 1 || got[0].State != Cancelled {
		t.Fatalf("editions %+v: a step made it anew", got)
	}
	n.daily.Approve = false
	again, outcome, err := n.Send(n.ctx, n.daily, n.at("2026-11-24 08:20"), false)
	if err != nil || outcome != Published || again.ID == e.ID || !again.Start.Equal(e.Start) {
		t.Fatalf("outcome %q, edition %+v, error %v", outcome, again, err)
	}
	if got := n.decision("2026-11-24T0800"); got != "late/: sent by hand" {
		t.Errorf("slot %q", got)
	}
	if names, err := mail.Variants(n.ctx, n.DB, e.ID, 1); err != nil || len(names) != 0 || len(n.editions()) != 1 {
		t.Errorf("master copies of the cancelled edition: %q, error %v; editions %d", names, err, len(n.editions()))
	}
	if _, outcome, err := n.Send(n.ctx, n.daily, n.at("2026-11-24 08:21"), false); err != nil || outcome != Already {
		t.Errorf("outcome %q, error %v", outcome, err)
	}
	n.step(n.at("2026-11-24 08:21"))
	if got := len(n.letters()); got != 3 {
		t.Errorf("letters = %d, want 3", got)
	}
}

func TestSendByHandIsHeldToo(t *testing.T) {
	n := open(t)
	n.news()
	n.daily.Approve, n.daily.ApproveWithin = true, 2*time.Hour
	for _, want := range []Outcome{Waiting, Already} {
		e, outcome, err := n.Send(n.ctx, n.daily, n.at("2026-11-24 09:00"), false)
		if err != nil || outcome != want || e.State != Held || !e.ApproveBy.Equal(n.at("2026-11-24 11:00")) {
			t.Errorf("outcome %q, edition %+v, error %v; want %q", outcome, e, err, want)
		}
	}
}

func TestTheNextSlotSupersedesAnEditionThatStillWaits(t *testing.T) {
	n := open(t)
	n.news()
	n.daily.Schedule, n.daily.Approve, n.daily.ApproveWithin = "0 * * * *", true, 3*time.Hour
	n.step(n.at("2026-11-24 07:30"))
	n.step(n.at("2026-11-24 08:00"))
	n.step(n.at("2026-11-24 09:00"))
	if got := n.decision("2026-11-24T0800"); got != "skipped/superseded: superseded: nobody had approved it when 2026-11-24T0900 was due" {
		t.Errorf("slot %q", got)
	}
	if e := n.edition("2026-11-24T0900"); e.State != Held || !e.Start.Equal(n.at("2026-11-23 08:00")) {
		t.Errorf("edition %+v", e)
	}
	paused := n.daily // a slot that is skipped supersedes as well
	paused.WhenThin, paused.MinItems = ThinSkip, 20
	n.step(n.at("2026-11-24 10:00"), paused)
	if got := n.decision("2026-11-24T0900"); !strings.HasPrefix(got, "skipped/superseded") {
		t.Errorf("slot %q", got)
	}
}

func TestHoldIsForTheNextEditionAlone(t *testing.T) {
	n := open(t)
	n.news()
	n.crowd(1, n.at("2026-11-20 12:00"))
	n.daily.ApproveWithin = time.Hour
	n.step(n.at("2026-11-23 09:00"))
	for _, want := range []bool{true, false} {
		if got, err := Hold(n.ctx, n.DB, "daily", "ann", n.at("2026-11-23 10:00")); err != nil || got != want {
			t.Errorf("hold: %v, %v; want %v", got, err, want)
		}
	}
	if by, at, err := HoldAsked(n.ctx, n.DB, "daily"); by != "ann" || at.IsZero() || err != nil {
		t.Errorf("asked by %q at %s, %v", by, at, err)
	}
	n.step(n.at("2026-11-24 08:00"))
	e := n.edition("2026-11-24T0800")
	if e.State != Held {
		t.Fatalf("the edition is %s, want held", e.State)
	}
	later, err := n.HoldUntil(n.ctx, e.ID, n.at("2026-11-24 12:00"), n.at("2026-11-24 08:30"))
	if err != nil || !later.ApproveBy.Equal(n.at("2026-11-24 12:00")) || n.decision("2026-11-24T0800") != "held/: waits for an editor until 2026-11-24T12:00:00+11:00" {
		t.Errorf("deadline %s, slot %q, error %v", later.ApproveBy, n.decision("2026-11-24T0800"), err)
	}
	_, err = n.HoldUntil(n.ctx, e.ID, n.at("2026-11-25 12:00"), n.at("2026-11-24 08:30"))
	refused(t, err, "is too late: none of the letters may start after 2026-11-24T20:00:00+11:00")
	_, err = n.HoldUntil(n.ctx, e.ID, n.at("2026-11-24 08:00"), n.at("2026-11-24 08:30"))
	refused(t, err, "has passed already")
	n.step(n.at("2026-11-24 11:59"))
	if _, err := n.Approve(n.ctx, e.ID, 1, "ann", n.at("2026-11-24 11:59")); err != nil {
		t.Fatal(err)
	}
	_, err = n.HoldUntil(n.ctx, e.ID, n.at("2026-11-24 15:00"), n.at("2026-11-24 12:30"))
	refused(t, err, "is being sent")
	n.step(n.at("2026-11-25 08:00"))
	if e := n.edition("2026-11-25T0800"); e.State == Held {
		t.Error("the edition after it is held as well")
	}
	if was, err := Unhold(n.ctx, n.DB, "daily"); was || err != nil {
		t.Errorf("unhold: %v, %v; it was used up", was, err)
	}
}

func TestAnApprovalAtTheLastMomentMovesTheWindowOfTheNextEdition(t *testing.T) {
	n, e := awaiting(t)
	slot, now := n.slot("2026-11-25T0800"), n.at("2026-11-25 08:00")
	if err := extend(n, e, now); err != nil {
		t.Fatal(err)
	}
	made, err := n.Compile(n.ctx, n.daily, slot, now)
	if err != nil {
		t.Fatal(err)
	}
	before, err := lastUntil(n.ctx, n.DB, "daily", slot)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := n.Approve(n.ctx, e.ID, 1, "ann", now.Add(-time.Second)); err != nil {
		t.Fatal(err)
	}
	_, _, err = n.publishAfter(n.ctx, n.daily, slot, made, before, now, occasion{expires: now.Add(time.Hour)})
	if !errors.Is(err, errOvertaken) {
		t.Errorf("error %v, want that it was overtaken", err)
	}
	n.news()
	n.article("Совсем свежая", now.Add(-time.Hour))
	next, _, err := n.Publish(n.ctx, n.daily, slot, now)
	if err != nil || !next.Start.Equal(n.at("2026-11-24 08:00")) {
		t.Errorf("window from %s, error %v; want it to begin where the approved one ended", next.Start, err)
	}
}

// extend gives an edition so much time that it still waits when the next slot comes.
func extend(n newsroom, e Edition, until time.Time) error {
	_, err := n.DB.ExecContext(n.ctx, `UPDATE editions SET approve_by = $1, expires = $1 WHERE id = $2`, db.Milli(until.Add(time.Hour)), e.ID)
	return err
}

// nodes are two newsrooms on one database.
func nodes(t *testing.T) []newsroom {
	t.Helper()
	url := dbtest.URL(t)
	var all []newsroom
	for range 2 {
		d, err := db.Open(t.Context(), url)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { d.Close() })
		if _, _, err := schema.Migrate(t.Context(), d); err != nil {
			t.Fatal(err)
		}
		all = append(all, newsroomOn(t, d))
	}
	return all
}

// Of an approval, a cancellation, a change and the deadline that come at once on two nodes one wins, and the slot says the same as the edition.
func TestOfWhatEditorsDoAtOnceOneThingTakesEffect(t *testing.T) {
	all := nodes(t)
	n := all[0]
	n.news()
	n.crowd(2, n.at("2026-11-20 12:00"))
	n.daily.Approve, n.daily.ApproveWithin = true, 30*time.Second
	for round := range 12 {
		now := n.at("2026-11-24 09:00").Add(time.Duration(round) * time.Minute)
		e, outcome, err := n.Send(n.ctx, n.daily, now, true)
		if err != nil || outcome != Waiting {
			t.Fatalf("outcome %q, error %v", outcome, err)
		}
		at := e.ApproveBy // the very deadline: at it the edition is cancelled, and a moment before it can be approved
		var mutex sync.Mutex
		var winners []string
		var wait sync.WaitGroup
		try := func(what string, act func(ctx context.Context) error) {
			wait.Go(func() {
				err := act(context.Background())
				var refusal Refusal
				mutex.Lock()
				defer mutex.Unlock()
				switch {
				case err == nil:
					winners = append(winners, what)
				case !errors.Is(err, ErrStale) && !errors.As(err, &refusal):
					t.Errorf("%s: %v", what, err)
				}
			})
		}
		note := "Слово редактора"
		try("approve", func(ctx context.Context) error {
			_, err := all[round%2].Approve(ctx, e.ID, 1, "ann", at.Add(-time.Millisecond))
			return err
		})
		try("cancel", func(ctx context.Context) error { return all[1-round%2].Cancel(ctx, e.ID, "bob", "", at) })
		try("expire", func(ctx context.Context) error {
			done, err := all[round/2%2].expire(ctx, e, at)
			if err == nil && !done {
				err = ErrStale
			}
			return err
		})
		try("revise", func(ctx context.Context) error {
			_, err := all[1-round/2%2].Revise(ctx, e.ID, 1, Change{Note: &note}, "eva", at.Add(-time.Millisecond))
			return err
		})
		wait.Wait()
		n.agree(e, winners)
	}
}

// agree checks what is left after a race: one of approval and the two ways of cancelling took effect, a change only if no approval of
// what was before it did.
func (n newsroom) agree(e Edition, winners []string) {
	n.t.Helper()
	slices.Sort(winners)
	after, err := EditionByID(n.ctx, n.DB, e.ID)
	if err != nil {
		n.t.Fatal(err)
	}
	ends := slices.DeleteFunc(slices.Clone(winners), func(s string) bool { return s == "revise" })
	if len(ends) != 1 {
		n.t.Errorf("%q took effect, want one of approve, cancel and expire", winners)
		return
	}
	want := map[string][2]string{"approve": {Enqueuing, "sent/"}, "cancel": {Cancelled, "skipped/cancelled"}, "expire": {Cancelled, "skipped/not_approved"}}[ends[0]]
	if got := n.decision(e.Slot.Name()); after.State != want[0] || !strings.HasPrefix(got, want[1]) {
		n.t.Errorf("%q: the edition is %s, its slot %q; want %q", winners, after.State, got, want)
	}
	if slices.Contains(winners, "revise") && after.State == Enqueuing {
		n.t.Errorf("%q: an editor approved revision 1, and revision %d goes out", winners, after.Revision)
	}
}

func TestTwoNodesThatMakeACancelledEditionAnewMakeOne(t *testing.T) {
	all := nodes(t)
	n := all[0]
	n.news()
	n.daily.Approve, n.daily.ApproveWithin = true, time.Hour
	e, _, err := n.Send(n.ctx, n.daily, n.at("2026-11-24 09:00"), false)
	if err != nil {
		t.Fatal(err)
	}
	if err := n.Cancel(n.ctx, e.ID, "ann", "", n.at("2026-11-24 09:01")); err != nil {
		t.Fatal(err)
	}
	daily := n.daily
	daily.Approve = false
	outcomes := make(chan Outcome, 4)
	var wait sync.WaitGroup
	for i := range 4 {
		wait.Go(func() {
			_, outcome, err := all[i%2].Send(context.Background(), daily, n.at("2026-11-24 09:02"), false)
			if err != nil {
				t.Error(err)
			}
			outcomes <- outcome
		})
	}
	wait.Wait()
	close(outcomes)
	got := map[Outcome]int{}
	for o := range outcomes {
		got[o]++
	}
	if got[Published] != 1 || got[Already] != 3 || len(n.editions()) != 1 {
		t.Errorf("outcomes %v, editions %d; want one published", got, len(n.editions()))
	}
}

func TestAHoldIsKeptWhereTheSlotWasDecidedByAnother(t *testing.T) {
	n := open(t)
	n.news()
	now := n.at("2026-11-24 08:00")
	if _, _, err := n.Publish(n.ctx, n.daily, n.slot("2026-11-24T0800"), now); err != nil {
		t.Fatal(err)
	}
	if _, err := Hold(n.ctx, n.DB, "daily", "ann", now); err != nil {
		t.Fatal(err)
	}
	view, err := n.Compile(n.ctx, n.daily, n.slot("2026-11-24T0800"), now)
	if err != nil {
		t.Fatal(err)
	}
	if _, outcome, err := n.publishView(n.ctx, n.daily, n.slot("2026-11-24T0800"), view, now, occasion{expires: now.Add(time.Hour)}); err != nil || outcome != Already {
		t.Fatalf("outcome %q, error %v", outcome, err)
	}
	if by, _, err := HoldAsked(n.ctx, n.DB, "daily"); by != "ann" || err != nil {
		t.Errorf("the hold for the next edition is gone: %q, %v", by, err)
	}
}
