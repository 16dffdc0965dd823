package mail

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"vestnik/mail/mailtest"
)

// abandon leaves letters as a killed node would: some leased, some in flight.
func (w *world) abandon(s *Sender, leased, inFlight int64) {
	w.Helper()
	if err := s.beat(w.ctx, w.now); err != nil {
		w.Fatal(err)
	}
	w.exec(`UPDATE letters SET state = 'leased', owner = $1, fence = 5, due = 0 WHERE recipient <= $2`, s.node, leased+inFlight)
	w.exec(`UPDATE letters SET state = 'in_flight', attempt = 1, flown = 1, address = 'fixed@post.example' WHERE recipient <= $1`, inFlight)
}

func TestLettersOfALostNodeAreTakenOver(t *testing.T) {
	w := newWorld(t, mailtest.Options{})
	w.join(10)
	w.fill(time.Time{})
	lost, other := w.sender(), w.sender()
	w.abandon(lost, 3, 2)
	if n, err := other.Recover(w.ctx, w.now.Add(14*time.Second)); n != 0 || err != nil {
		t.Errorf("%d letters taken from a node that is alive, %v", n, err)
	}
	w.wantBalance(Balance{Recipients: 10, Queued: 8, InFlight: 2})
	if n, err := other.Recover(w.ctx, w.now.Add(22*time.Second)); n != 5 || err != nil {
		t.Errorf("%d letters taken over, %v; want 5", n, err)
	}
	w.wantBalance(Balance{Recipients: 10, Queued: 10})
	if l := w.show(1); l.Doubts != 1 || l.Reason != ReasonResent || l.Address != "fixed@post.example" {
		t.Errorf("letter that was in flight: %+v", l)
	}
	if l := w.show(3); l.Doubts != 0 || l.State != StateQueued || l.fence != 0 {
		t.Errorf("letter that was leased: %+v", l)
	}
	w.rounds(other, w.now.Add(22*time.Second))
	w.wantBalance(Balance{Recipients: 10, Sent: 10})
}

func TestNodeWhoseClockIsBehindIsNotLost(t *testing.T) {
	w := newWorld(t, mailtest.Options{})
	w.join(3)
	w.fill(time.Time{})
	behind, other := w.sender(), w.sender()
	w.abandon(behind, 2, 1)
	for range 10 {
		w.now = w.now.Add(beatEvery)
		if n, err := other.Recover(w.ctx, w.now.Add(time.Minute)); n != 0 || err != nil {
			t.Errorf("%d letters taken from a node that beats, %v", n, err)
		}
		if err := behind.beat(w.ctx, w.now); err != nil {
			t.Fatal(err)
		}
	}
}

func TestLettersInFlightOfASkippingDigestStayInDoubt(t *testing.T) {
	w := newWorld(t, mailtest.Options{})
	w.join(3)
	w.fill(time.Time{})
	w.abandon(w.sender(), 1, 1)
	other := w.sender(func(o *Options) { o.InDoubt = func(string) string { return PolicySkip } })
	if n, err := other.TakeOver(w.ctx, w.now); n != 2 || err != nil { // the lost node promised to be alive for 15 s
		t.Errorf("%d letters taken over, %v", n, err)
	}
	w.wantBalance(Balance{Recipients: 3, Queued: 2, InDoubt: 1})
}

func TestLetterThatKeepsEndingInDoubtStaysThere(t *testing.T) {
	w := newWorld(t, mailtest.Options{})
	w.join(1)
	w.fill(time.Time{})
	for n := range 3 {
		w.abandon(w.sender(), 0, 1)
		if _, err := w.sender().TakeOver(w.ctx, w.now); err != nil {
			t.Fatal(err)
		}
		if l := w.show(1); l.Doubts != int64(n+1) || (l.State == StateInDoubt) != (n == 2) {
			t.Errorf("after %d crashes: %+v", n+1, l)
		}
	}
}

func TestLostNodeThatWakesUpMaySendNothing(t *testing.T) {
	w := newWorld(t, mailtest.Options{})
	w.join(1)
	w.fill(time.Time{})
	lost := w.sender()
	if err := lost.beat(w.ctx, w.now); err != nil {
		t.Fatal(err)
	}
	fence := lost.hold()
	letters, _, err := lost.claim(w.ctx, w.now, LaneDigest, fence, 10)
	if err != nil || len(letters) != 1 {
		t.Fatal(letters, err)
	}
	w.rounds(w.sender(), w.now) // nothing is due: it is leased
	other := w.sender()
	for _, later := range []time.Duration{time.Minute, 2 * time.Minute} {
		if _, err := other.Recover(w.ctx, w.now.Add(later)); err != nil {
			t.Fatal(err)
		}
	}
	if n, err := lost.fly(w.ctx, w.now, LaneDigest, fence, letters, lost.slots(LaneDigest, w.now)); n != 0 || err != nil {
		t.Errorf("fly: %d, %v", n, err)
	}
	if n := len(w.box.Messages()); n != 0 {
		t.Errorf("%d letters were sent without a lease", n)
	}
	w.rounds(other, w.now.Add(2*time.Minute))
	w.wantBalance(Balance{Recipients: 1, Sent: 1})
}

func TestBrokenOffRoundIsRecoveredByItsOwnNode(t *testing.T) {
	w := newWorld(t, mailtest.Options{})
	w.join(3)
	w.fill(time.Time{})
	s := w.sender()
	fence := s.hold()
	if _, _, err := s.claim(w.ctx, w.now, LaneDigest, fence, 2); err != nil {
		t.Fatal(err)
	}
	if n, err := s.Recover(w.ctx, w.now); n != 0 || err != nil {
		t.Errorf("a running round lost %d letters, %v", n, err)
	}
	s.drop(fence)
	if n, err := s.Recover(w.ctx, w.now); n != 2 || err != nil {
		t.Errorf("%d letters recovered, %v", n, err)
	}
	w.rounds(s, w.now)
	w.wantBalance(Balance{Recipients: 3, Sent: 3})
}

func TestTwoSendersSendEachLetterOnce(t *testing.T) {
	w := newWorld(t, mailtest.Options{})
	w.join(300)
	w.fill(time.Time{})
	var group sync.WaitGroup
	for i := range 2 {
		s := w.sender(func(o *Options) { o.Node, o.Relays[0].Connections = fmt.Sprint(i), 2 })
		group.Go(func() {
			for idle := 0; idle < 3; {
				n, err := s.Round(w.ctx, w.now)
				if err != nil {
					t.Error(err)
					return
				}
				if n == 0 {
					idle++
				}
			}
		})
	}
	group.Wait()
	w.wantBalance(Balance{Recipients: 300, Sent: 300})
	for to, n := range w.received() {
		if n != 1 {
			t.Errorf("%s got %d letters", to, n)
		}
	}
}
