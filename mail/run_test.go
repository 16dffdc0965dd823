package mail

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"vestnik/db/dbtest"
	"vestnik/mail/mailtest"
)

func TestRunSendsAndStopsCleanly(t *testing.T) {
	w := newWorld(t, mailtest.Options{})
	w.now = time.Now()
	w.join(40)
	w.fill(time.Time{})
	before := goleak.IgnoreCurrent()
	ctx, stop := context.WithTimeout(w.ctx, 20*time.Second)
	defer stop()
	s := NewSender(w.options())
	ended := make(chan error)
	go func() { ended <- s.Run(ctx) }()
	if err := w.box.Wait(ctx, 40); err != nil {
		t.Fatal(err)
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	s.Close()
	w.wantBalance(Balance{Recipients: 40, Sent: 40})
	var nodes int64
	if err := w.db.QueryRowContext(w.ctx, `SELECT COUNT(*) FROM nodes`).Scan(&nodes); err != nil || nodes != 0 {
		t.Errorf("%d nodes left behind, %v", nodes, err)
	}
	w.box.Close()
	goleak.VerifyNone(t, before)
}

func TestStopFinishesWhatIsInFlightAndReturnsTheRest(t *testing.T) {
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	w := newWorld(t, mailtest.Options{})
	w.join(100)
	w.fill(time.Time{})
	n := 0
	w.box.OnMessage(func(mailtest.Message) {
		if n++; n == 10 {
			stop()
		}
	})
	s := w.sender(func(o *Options) { o.Relays[0].Connections = 1 })
	if _, err := s.Round(ctx, w.now); err != nil {
		t.Fatal(err)
	}
	b := w.verify()
	if b.Sent < 10 || b.Sent > 12 || b.Queued != 100-b.Sent {
		t.Errorf("balance after the stop: %+v", b)
	}
	if len(w.box.Messages()) != int(b.Sent) {
		t.Errorf("%d letters arrived, %d are recorded", len(w.box.Messages()), b.Sent)
	}
	w.rounds(s, w.now)
	w.wantBalance(Balance{Recipients: 100, Sent: 100})
}

func TestStopDoesNotWaitForARelayThatHangs(t *testing.T) {
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	w := newWorld(t, mailtest.Options{Faults: func(e mailtest.Envelope) mailtest.Fault {
		if e.Phase != mailtest.Dot {
			return mailtest.Fault{}
		}
		stop()
		return mailtest.Fault{Delay: time.Hour} // until the server is closed
	}})
	w.join(1)
	w.fill(time.Time{})
	s := w.sender(func(o *Options) { o.Grace = 20 * time.Millisecond })
	if _, err := s.Round(ctx, w.now); err != nil {
		t.Fatal(err)
	}
	if l := w.show(1); l.Doubts != 1 || l.State != StateQueued {
		t.Errorf("letter: %+v", l)
	}
}

func TestDatabaseThatFailsInTheMiddleLosesNothing(t *testing.T) {
	w := newWorld(t, mailtest.Options{})
	w.join(60)
	w.fill(time.Time{})
	var once sync.Once
	w.box.OnMessage(func(mailtest.Message) {
		once.Do(func() { w.exec(`ALTER TABLE letters RENAME TO letters_away`) })
	})
	s := w.sender()
	s.commits.patience = nil
	if _, err := s.Round(w.ctx, w.now); err == nil {
		t.Error("a round whose results could not be recorded ended well")
	}
	w.exec(`ALTER TABLE letters_away RENAME TO letters`)
	if b := w.verify(); b.Queued+b.InFlight+b.Sent != 60 || b.InFlight == 0 {
		t.Errorf("balance after the failure: %+v", b)
	}
	if _, err := s.Recover(w.ctx, w.now); err != nil {
		t.Fatal(err)
	}
	w.rounds(s, w.now)
	w.wantBalance(Balance{Recipients: 60, Sent: 60})
	for i := int64(1); i <= 60; i++ {
		if n, doubts := w.received()[address(i)], w.show(i).Doubts; n < 1 || n > 1+int(doubts) {
			t.Errorf("%s arrived %d times, with %d doubts", address(i), n, doubts)
		}
	}
}

// TestLedgerAddsUpWhateverGoesWrong sends to a server that fails at random, with readers leaving meanwhile, until
// nothing is left to do. Whatever happened, every letter is in one state, what is sent has arrived, what arrived twice
// was in doubt, and who left before the first attempt got nothing.
func TestLedgerAddsUpWhateverGoesWrong(t *testing.T) {
	faults := []mailtest.Fault{
		{}, {}, {}, {}, {}, {},
		{Code: 451, Enhanced: "4.7.1", Text: "greylisted"}, {Code: 450, Enhanced: "4.2.2", Text: "full"}, {Code: 421, Text: "busy"},
		{Code: 550, Enhanced: "5.1.1", Text: "no such user"}, {Code: 552, Enhanced: "5.2.2", Text: "full"}, {Code: 452, Enhanced: "4.5.3", Text: "too many"},
		{Code: 550, Enhanced: "5.7.1", Text: "policy"}, {Cut: true}, {Cut: true, Keep: true},
	}
	phases := []mailtest.Phase{mailtest.Mail, mailtest.Rcpt, mailtest.Data, mailtest.Body, mailtest.Dot}
	d := dbtest.Open(t)
	rapid.Check(t, func(rt *rapid.T) {
		plan := rapid.SliceOfN(rapid.IntRange(0, len(faults)-1), 1, 60).Draw(rt, "faults")
		at := rapid.SliceOfN(rapid.IntRange(0, len(phases)-1), 1, 60).Draw(rt, "phases")
		skip := rapid.Bool().Draw(rt, "skip")
		people := int64(rapid.IntRange(1, 25).Draw(rt, "people"))
		leaver := rapid.Int64Range(1, people).Draw(rt, "leaver")
		step := 0
		w := newWorldIn(t, d, mailtest.Options{NoPipelining: rapid.Bool().Draw(rt, "no pipelining"), Faults: func(e mailtest.Envelope) mailtest.Fault {
			if step < 300 && e.Phase == phases[at[step%len(at)]] {
				step++
				return faults[plan[step%len(plan)]]
			}
			return mailtest.Fault{}
		}})
		defer w.box.Close()
		w.join(people)
		w.fill(w.now.Add(12 * time.Hour))
		o := w.options()
		o.Relays[0].Connections = rapid.IntRange(1, 4).Draw(rt, "connections")
		o.InDoubt = func(string) string { return map[bool]string{true: PolicySkip, false: PolicyResend}[skip] }
		s := NewSender(o)
		defer s.Close()

		now := w.now
		for hour := range 14 * 12 { // every five minutes
			if hour == 1 {
				if _, err := Withdraw(w.ctx, w.db, leaver, "daily", ReasonLeft, now); err != nil {
					rt.Fatal(err)
				}
			}
			w.rounds(s, now)
			if _, err := Resume(w.ctx, w.db, LaneAll); err != nil {
				rt.Fatal(err)
			}
			now = now.Add(5 * time.Minute)
			if w.verify().open() == 0 {
				break
			}
		}
		w.checkArrivals(rt, people)
		if t.Failed() {
			rt.FailNow()
		}
	})
}

// checkArrivals compares the settled ledger with what the mailbox got.
func (w *world) checkArrivals(rt *rapid.T, people int64) {
	b := w.verify()
	if b.open() > 0 || b.Recipients != people {
		rt.Errorf("after 14 hours: %+v", b)
	}
	letters, err := List(w.ctx, w.db, ListFilter{Ref: w.edition})
	if err != nil {
		rt.Fatal(err)
	}
	got := w.received()
	for _, l := range letters {
		n := got[address(l.Recipient)]
		switch {
		case l.State == StateSent && (n < 1 || n > 1+int(l.Doubts)):
			rt.Errorf("%s: sent with %d doubts, and arrived %d times", l.Name(), l.Doubts, n)
		case l.State != StateSent && n > int(l.Doubts):
			rt.Errorf("%s: %s with %d doubts, and arrived %d times", l.Name(), l.State, l.Doubts, n)
		}
	}
}

func TestNoMoreLettersAreInFlightThanAllowed(t *testing.T) {
	const most = 5
	w := newWorld(t, mailtest.Options{})
	w.join(60)
	w.fill(time.Time{})
	var over atomic.Int64
	w.box.OnMessage(func(mailtest.Message) {
		b, err := BalanceOf(context.Background(), w.db, KindDigest, w.edition)
		if err != nil || b.InFlight > most {
			over.Add(1)
		}
	})
	w.rounds(w.sender(func(o *Options) { o.InDoubtMax = most }), w.now)
	w.wantBalance(Balance{Recipients: 60, Sent: 60})
	if n := over.Load(); n > 0 {
		t.Errorf("%d times there were more than %d letters in flight", n, most)
	}
}
