package mail

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"vestnik/mail/mailtest"
	"vestnik/mail/wire"
)

func TestEveryLetterArrivesOnce(t *testing.T) {
	for name, o := range map[string]mailtest.Options{"pipelined": {}, "one by one": {NoPipelining: true}} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, o)
			w.join(120)
			w.fill(w.now.AddDate(0, 0, 1))
			s := w.sender()
			if done := w.rounds(s, w.now); done != 120 {
				t.Errorf("Round dealt with %d letters, want 120", done)
			}
			w.wantBalance(Balance{Recipients: 120, Sent: 120})
			got := w.received()
			for i := int64(1); i <= 120; i++ {
				if got[address(i)] != 1 {
					t.Errorf("%s got %d letters", address(i), got[address(i)])
				}
			}
			l := w.show(7)
			if l.Attempt != 1 || !strings.HasPrefix(l.Reply, "250 ") || l.Address != address(7) || l.Flown.Before(w.now) || l.Done.Before(l.Flown) || l.Done.After(w.now.Add(time.Minute)) {
				t.Errorf("letter after sending: %+v", l)
			}
		})
	}
}

func TestEnvelopeSenderNamesTheLetter(t *testing.T) {
	w := newWorld(t, mailtest.Options{})
	w.join(1)
	w.fill(time.Time{})
	w.rounds(w.sender(), w.now)
	m := w.box.Messages()[0]
	token := strings.TrimSuffix(strings.TrimPrefix(m.From, "b+"), "@kino.example")
	if k, err := ReadToken(w.id, token); err != nil || k != (Key{KindDigest, w.edition, 1}) {
		t.Errorf("sender %q is of letter %v, %v", m.From, k, err)
	}
	if !bytes.Contains(m.Data, []byte("Message-ID: <"+token+"@kino.example>\r\n")) {
		t.Error("the Message-ID has another token")
	}
}

func TestConfirmationLosesItsSecretOnceSent(t *testing.T) {
	w := newWorld(t, mailtest.Options{})
	secret := strings.Repeat("s", 40)
	m := digestMessage()
	m.Kind, m.HTML, m.Text = KindConfirm, "<a href=\"https://kino.example/confirm/"+HoleConfirm+"\">", "https://kino.example/confirm/"+HoleConfirm
	if err := PutMaster(w.ctx, w.db, 5, 1, "ru", mustCompose(t, m), w.now); err != nil {
		t.Fatal(err)
	}
	l := Letter{Kind: KindConfirm, Ref: 5, Digest: "daily", Variant: "ru", Revision: 1, Address: "new@post.example", Private: secret}
	if _, err := Enqueue(w.ctx, w.db, l, w.now); err != nil {
		t.Fatal(err)
	}
	w.rounds(w.sender(), w.now)
	p, err := w.box.Messages()[0].Parse()
	if err != nil || p.Text != "https://kino.example/confirm/"+secret || p.Header.Has("List-Unsubscribe") {
		t.Errorf("text %q, %v", p.Text, err)
	}
	if got, err := Show(w.ctx, w.db, "confirm-5-0"); err != nil || got.State != StateSent || got.Private != "" {
		t.Errorf("after sending: %+v, %v", got, err)
	}
}

func TestSoftRefusalIsTriedAgainAfterFiveMinutes(t *testing.T) {
	w := newWorld(t, mailtest.Options{})
	w.join(3)
	w.fill(w.now.Add(time.Hour))
	w.box.DeferOnce(address(2))
	s := w.sender()
	w.rounds(s, w.now)
	w.wantBalance(Balance{Recipients: 3, Sent: 2, Deferred: 1})
	l := w.show(2)
	if l.Due.Before(w.now.Add(5*time.Minute)) || l.Due.After(w.now.Add(6*time.Minute)) || !strings.Contains(l.Reply, "Greylisted") {
		t.Errorf("deferred letter: %+v", l)
	}
	w.rounds(s, w.now.Add(5*time.Minute-time.Second))
	w.wantBalance(Balance{Recipients: 3, Sent: 2, Deferred: 1})
	w.rounds(s, w.now.Add(6*time.Minute))
	w.wantBalance(Balance{Recipients: 3, Sent: 3})
	if l := w.show(2); l.Attempt != 2 {
		t.Errorf("attempts: %d", l.Attempt)
	}
}

func TestAddressThatTwoEditionsFindGoneIsSuppressed(t *testing.T) {
	w := newWorld(t, mailtest.Options{})
	w.join(2)
	w.box.Refuse(address(1), 550, "5.1.1 no such user")
	s := w.sender()
	for n, want := range []string{"", wire.ReasonGone} {
		w.edition = int64(80 + n)
		w.putMaster(w.edition)
		w.fill(time.Time{})
		w.rounds(s, w.now)
		w.wantBalance(Balance{Recipients: 2, Sent: 1, Failed: 1})
		if l := w.show(1); l.Reason != wire.ReasonGone || l.Reply != "550 5.1.1 no such user" {
			t.Errorf("failed letter: %+v", l)
		}
		if reason, err := Suppressed(w.ctx, w.db, address(1)); reason != want || err != nil {
			t.Errorf("edition %d: suppressed %q, %v; want %q", n+1, reason, err, want)
		}
	}
	w.edition = 82
	w.putMaster(w.edition)
	w.fill(time.Time{})
	w.rounds(s, w.now)
	w.wantBalance(Balance{Recipients: 2, Sent: 1, Suppressed: 1})
	if l := w.show(1); l.Reason != wire.ReasonGone || l.Attempt != 0 {
		t.Errorf("suppressed letter: %+v", l)
	}
}

// A round may last for seconds: the next attempt is due five minutes after the letter's own, not after the round began.
func TestRetryIsDueFiveMinutesAfterTheAttempt(t *testing.T) {
	w := newWorld(t, mailtest.Options{Faults: func(e mailtest.Envelope) mailtest.Fault {
		if e.Phase == mailtest.Dot {
			return mailtest.Fault{Code: 451, Enhanced: "4.7.1", Text: "Greylisted", Delay: 100 * time.Millisecond}
		}
		return mailtest.Fault{}
	}})
	w.join(3)
	w.fill(time.Time{})
	w.rounds(w.sender(func(o *Options) { o.Relays[0].Connections = 1 }), w.now)
	last := time.Time{}
	for i := range int64(3) {
		l := w.show(i + 1)
		if early := wait(l.key(), 1) - l.Due.Sub(l.Flown); early > 0 {
			t.Errorf("letter %d is due %v before its wait is over", i+1, early)
		}
		if l.Flown.Before(last.Add(100 * time.Millisecond)) {
			t.Errorf("letter %d in flight at %v, the one before at %v", i+1, l.Flown, last)
		}
		last = l.Flown
	}
}

func TestFullMailboxFailsTheLetterAndNotTheAddress(t *testing.T) {
	w := newWorld(t, mailtest.Options{})
	w.join(1)
	w.box.Refuse(address(1), 552, "5.2.2 mailbox full")
	s := w.sender()
	for n := range int64(3) {
		w.edition = 80 + n
		w.putMaster(w.edition)
		w.fill(time.Time{})
		w.rounds(s, w.now)
		w.wantBalance(Balance{Recipients: 1, Failed: 1})
	}
	if reason, err := Suppressed(w.ctx, w.db, address(1)); reason != "" || err != nil {
		t.Errorf("suppressed: %q, %v", reason, err)
	}
}

func TestOurOwnFaultPausesTheLaneAndTouchesNobody(t *testing.T) {
	policy := mailtest.Fault{Code: 554, Enhanced: "5.7.1", Text: "<reader-0@x.org> listed in our blocklist"}
	for _, c := range []struct {
		name   string
		phase  mailtest.Phase
		fault  mailtest.Fault
		people int64
		paused bool
	}{
		{"policy for everybody", mailtest.Rcpt, policy, 40, true},
		{"policy for everybody at the dot", mailtest.Dot, policy, 40, true},
		{"one reader's server takes no newsletters", mailtest.Rcpt, policy, 1, false},
		{"the sender is refused", mailtest.Mail, mailtest.Fault{Code: 550, Enhanced: "5.7.1", Text: "not you"}, 1, true},
		{"the letter is too big", mailtest.Dot, mailtest.Fault{Code: 552, Enhanced: "5.3.4", Text: "too big"}, 1, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, mailtest.Options{Faults: func(e mailtest.Envelope) mailtest.Fault {
				if e.Phase == c.phase {
					return c.fault
				}
				return mailtest.Fault{}
			}})
			w.join(c.people)
			w.fill(time.Time{})
			w.rounds(w.sender(), w.now)
			b := w.verify()
			if b.Queued+b.Deferred != c.people || b.Deferred == 0 || b.Deferred > 40 {
				t.Errorf("balance %+v", b)
			}
			paused, err := Paused(w.ctx, w.db)
			if err != nil || (len(paused) == 1) != c.paused {
				t.Fatalf("paused: %+v, %v", paused, err)
			}
			if c.paused && (paused[0].Lane != LaneDigest || !strings.Contains(paused[0].Reason, c.fault.Text) || w.log.count("mail paused") != 1) {
				t.Errorf("pause: %+v; logged %d times", paused[0], w.log.count("mail paused"))
			}
			if n := w.log.count("reader-0@"); n != 0 {
				t.Errorf("a reader's address stands in the log %d times", n)
			}
			var n int64
			if err := w.db.QueryRowContext(w.ctx, `SELECT COUNT(*) FROM suppressions`).Scan(&n); err != nil || n != 0 {
				t.Errorf("%d addresses suppressed, %v", n, err)
			}
		})
	}
}

func TestReaderWhoLeftInTheMiddleOfASendGetsNothing(t *testing.T) {
	w := newWorld(t, mailtest.Options{})
	w.join(60)
	w.fill(time.Time{})
	left := false
	w.box.OnMessage(func(mailtest.Message) {
		if left {
			return
		}
		left = true // the last letter of the batch is leased, and not in flight yet
		w.exec(`UPDATE subscriptions SET state = 'left' WHERE subscriber = 60`)
		if n, err := Withdraw(w.ctx, w.db, 60, "daily", ReasonLeft, w.now); n != 1 || err != nil {
			t.Errorf("withdrawn %d, %v", n, err)
		}
	})
	s := w.sender(func(o *Options) { o.Relays[0].Connections = 1 })
	w.rounds(s, w.now)
	w.wantBalance(Balance{Recipients: 60, Sent: 59, Suppressed: 1})
	if n := w.received()[address(60)]; n != 0 {
		t.Errorf("the reader who left got %d letters", n)
	}
}

// Behind a slow relay nothing is marked ahead of its turn: until then its reader may leave.
func TestOnlyWhatASlowRelayIsBusyWithIsInFlight(t *testing.T) {
	const slow = 120 * time.Millisecond
	w := newWorld(t, mailtest.Options{Faults: func(e mailtest.Envelope) mailtest.Fault {
		return mailtest.Fault{Delay: map[bool]time.Duration{true: slow}[e.Phase == mailtest.Dot]}
	}})
	w.join(8)
	w.fill(time.Time{})
	w.box.OnMessage(func(mailtest.Message) {
		if b, err := BalanceOf(w.ctx, w.db, KindDigest, w.edition); err != nil || b.InFlight > 1 {
			t.Errorf("%d letters in flight over one connection, %v", b.InFlight, err)
		}
	})
	s := w.sender(func(o *Options) { o.Relays[0].Connections = 1 })
	w.rounds(s, w.now)
	w.wantBalance(Balance{Recipients: 8, Sent: 8})
	if n := s.ahead(); n != 1 {
		t.Errorf("%d letters ahead of a slow relay", n)
	}
	for range 100 {
		s.took(5 * time.Millisecond)
	}
	if n := s.ahead(); n != maxAhead {
		t.Errorf("%d letters ahead of a fast relay, want %d", n, maxAhead)
	}
}

func TestRoundEndsWithItsTurn(t *testing.T) {
	w := newWorld(t, mailtest.Options{})
	w.join(40)
	w.fill(time.Time{})
	s := w.sender()
	s.turn = time.Nanosecond
	n, err := s.Round(w.ctx, w.now)
	if b := w.verify(); err != nil || n != 1 || b.Sent != 1 || b.Queued != 39 {
		t.Errorf("a round whose turn was over at once dealt with %d letters, %v: %+v", n, err, b)
	}
	w.exec(`UPDATE letters SET reason = 'retried by hand' WHERE state = 'queued'`)
	if _, err := s.Round(w.ctx, w.now); err != nil {
		t.Fatal(err)
	}
	if l := w.show(40); l.State != StateQueued || l.Reason != "retried by hand" {
		t.Errorf("a letter that was leased in vain lost its reason: %+v", l)
	}
	s.turn = turn
	w.rounds(s, w.now)
	w.wantBalance(Balance{Recipients: 40, Sent: 40})
}

func TestLeavingSuppressionAndExpiryAreLookedAtAgainBeforeSending(t *testing.T) {
	w := newWorld(t, mailtest.Options{})
	w.join(5)
	w.fill(w.now.Add(time.Hour))
	w.exec(`UPDATE subscriptions SET state = 'left' WHERE subscriber = 1`)
	w.exec(`UPDATE subscribers SET email = 'READER2@post.example' WHERE id = 2`)
	if _, err := Suppress(w.ctx, w.db, address(2), "complaint", w.now); err != nil {
		t.Fatal(err)
	}
	w.exec(`UPDATE letters SET expires = $1 WHERE recipient = 3`, w.now.UnixMilli())
	w.exec(`UPDATE subscribers SET email = 'not an address' WHERE id = 4`)
	w.rounds(w.sender(), w.now)
	w.wantBalance(Balance{Recipients: 5, Sent: 1, Suppressed: 2, Expired: 1, Failed: 1})
	for i, want := range []string{"left", "complaint", "too late", "not an address"} {
		if l := w.show(int64(i + 1)); !strings.Contains(l.Reason, want) || l.Done.Before(w.now) || l.Done.After(w.now.Add(time.Minute)) { // a round counts the time it takes
			t.Errorf("letter %d: %+v, want reason %q", i+1, l, want)
		}
	}
}

func TestLetterExpiresRatherThanComeTooLate(t *testing.T) {
	w := newWorld(t, mailtest.Options{Faults: func(e mailtest.Envelope) mailtest.Fault {
		if e.Phase == mailtest.Rcpt {
			return mailtest.Fault{Code: 450, Enhanced: "4.3.0", Text: "later"}
		}
		return mailtest.Fault{}
	}})
	w.join(1)
	w.fill(w.now.Add(20 * time.Minute))
	s := w.sender()
	w.rounds(s, w.now)
	w.wantBalance(Balance{Recipients: 1, Deferred: 1})
	w.rounds(s, w.now.Add(6*time.Minute))
	w.wantBalance(Balance{Recipients: 1, Expired: 1})
}

func TestLetterIsGivenUpAfterSevenAttempts(t *testing.T) {
	w := newWorld(t, mailtest.Options{Faults: func(e mailtest.Envelope) mailtest.Fault {
		if e.Phase == mailtest.Data {
			return mailtest.Fault{Code: 451, Enhanced: "4.3.2", Text: "later"}
		}
		return mailtest.Fault{}
	}})
	w.join(1)
	w.fill(time.Time{})
	s := w.sender()
	now := w.now
	for range 6 {
		w.rounds(s, now)
		w.wantBalance(Balance{Recipients: 1, Deferred: 1})
		now = w.show(1).Due
	}
	w.rounds(s, now)
	w.wantBalance(Balance{Recipients: 1, Failed: 1})
	if l := w.show(1); l.Attempt != 7 || !strings.Contains(l.Reason, "given up after 7 attempts") || l.Reply != "451 4.3.2 later" {
		t.Errorf("letter: %+v", l)
	}
}

func TestConnectionCutBeforeTheDotDefersTheLetter(t *testing.T) {
	cut := true
	w := newWorld(t, mailtest.Options{Faults: func(e mailtest.Envelope) mailtest.Fault {
		if e.Phase == mailtest.Data && e.To == address(2) && cut {
			cut = false
			return mailtest.Fault{Cut: true}
		}
		return mailtest.Fault{}
	}})
	w.join(3)
	w.fill(time.Time{})
	s := w.sender(func(o *Options) { o.Relays[0].Connections = 1 })
	w.rounds(s, w.now)
	w.wantBalance(Balance{Recipients: 3, Sent: 2, Deferred: 1})
	if l := w.show(2); l.Doubts != 0 || !strings.Contains(l.Reason, "lost at DATA") {
		t.Errorf("letter: %+v", l)
	}
	w.rounds(s, w.now.Add(6*time.Minute))
	w.wantBalance(Balance{Recipients: 3, Sent: 3})
	if n := w.received()[address(2)]; n != 1 {
		t.Errorf("%d letters", n)
	}
}

func TestLetterSentAgainAfterADoubtfulEndIsTheSameLetter(t *testing.T) {
	w := newWorld(t, mailtest.Options{})
	w.join(2)
	w.fill(time.Time{})
	w.box.CutAfterDot(address(1))
	s := w.sender()
	w.rounds(s, w.now)
	w.wantBalance(Balance{Recipients: 2, Sent: 1, Queued: 1})
	if l := w.show(1); l.Doubts != 1 || l.Reason != ReasonResent {
		t.Errorf("letter in doubt: %+v", l)
	}
	w.exec(`UPDATE subscribers SET email = 'moved@post.example' WHERE id = 1`) // the second copy goes where the first went
	w.rounds(s, w.now.Add(6*time.Minute))
	w.wantBalance(Balance{Recipients: 2, Sent: 2})
	var copies [][]byte
	for _, m := range w.box.Messages() {
		if m.To[0] == address(1) {
			copies = append(copies, m.Data)
		}
	}
	if len(copies) != 2 || !bytes.Equal(copies[0], copies[1]) {
		t.Errorf("%d copies, equal: %v", len(copies), len(copies) == 2 && bytes.Equal(copies[0], copies[1]))
	}
	doubtful, err := List(w.ctx, w.db, ListFilter{State: "in_doubt"})
	if err != nil || len(doubtful) != 1 || doubtful[0].Recipient != 1 || doubtful[0].State != StateSent {
		t.Errorf("in doubt: %+v, %v", doubtful, err)
	}
}

func TestDoubtfulLetterOfASkippingDigestStays(t *testing.T) {
	w := newWorld(t, mailtest.Options{})
	w.join(1)
	w.fill(time.Time{})
	w.box.CutAfterDot(address(1))
	s := w.sender(func(o *Options) {
		o.InDoubt = func(digest string) string { return map[string]string{"daily": PolicySkip}[digest] }
	})
	w.rounds(s, w.now)
	w.rounds(s, w.now.Add(24*time.Hour))
	w.wantBalance(Balance{Recipients: 1, InDoubt: 1})
	if err := Retry(w.ctx, w.db, w.show(1).Name(), w.now); err != nil {
		t.Fatal(err)
	}
	w.rounds(s, w.now.Add(24*time.Hour))
	w.wantBalance(Balance{Recipients: 1, Sent: 1})
	if n := w.received()[address(1)]; n != 2 {
		t.Errorf("%d letters", n)
	}
}

func Test421CostsNoAttempt(t *testing.T) {
	busy := true
	w := newWorld(t, mailtest.Options{Faults: func(e mailtest.Envelope) mailtest.Fault {
		if e.Phase == mailtest.Rcpt && busy {
			busy = false
			return mailtest.Fault{Code: 421, Enhanced: "4.7.0", Text: "too busy"}
		}
		return mailtest.Fault{}
	}})
	w.join(3)
	w.fill(time.Time{})
	s := w.sender(func(o *Options) { o.Relays[0].Connections = 1 })
	w.rounds(s, w.now)
	w.wantBalance(Balance{Recipients: 3, Sent: 2, Deferred: 1})
	if l := w.show(1); l.Attempt != 0 || l.State != StateDeferred {
		t.Errorf("letter: %+v", l)
	}
	w.rounds(s, w.now.Add(6*time.Minute))
	w.wantBalance(Balance{Recipients: 3, Sent: 3})
}

func TestRelayThatIsDownCostsNothing(t *testing.T) {
	w := newWorld(t, mailtest.Options{})
	w.join(30)
	w.fill(time.Time{})
	s := w.sender()
	up, err := mailtest.Start(mailtest.Options{}) // only for its port
	if err != nil {
		t.Fatal(err)
	}
	up.Close()
	dead, err := wire.ParseRelay(up.URL(), 4)
	if err != nil {
		t.Fatal(err)
	}
	down := w.sender(func(o *Options) { o.Relays = []wire.Relay{dead} })
	now := w.now
	for range 5 {
		w.rounds(down, now)
		w.wantBalance(Balance{Recipients: 30, Queued: 30})
		now = now.Add(time.Minute)
	}
	if l := w.show(3); l.Attempt != 0 || !strings.Contains(l.Reason, "cannot be used") {
		t.Errorf("letter: %+v", l)
	}
	if n := w.log.count("relay down"); n != 1 {
		t.Errorf("logged %d times", n)
	}
	w.rounds(s, now) // another node has a relay that works
	w.wantBalance(Balance{Recipients: 30, Sent: 30})
}

func TestSecondRelayStandsInForTheFirst(t *testing.T) {
	w := newWorld(t, mailtest.Options{})
	w.join(30)
	w.fill(time.Time{})
	dead, err := wire.ParseRelay("smtp://127.0.0.1:1", 2)
	if err != nil {
		t.Fatal(err)
	}
	s := w.sender(func(o *Options) { o.Relays = append([]wire.Relay{dead}, o.Relays...) })
	w.rounds(s, w.now)
	w.wantBalance(Balance{Recipients: 30, Sent: 30})
	w.edition++
	w.putMaster(w.edition)
	w.exec(`UPDATE subscriptions SET state = 'left' WHERE subscriber > 1`)
	w.fill(time.Time{})
	w.rounds(w.sender(func(o *Options) { o.Relays = append([]wire.Relay{dead}, o.Relays...) }), w.now) // one letter: one slot
	w.wantBalance(Balance{Recipients: 1, Sent: 1})
}

func TestWrongPasswordPausesEverything(t *testing.T) {
	w := newWorld(t, mailtest.Options{})
	w.join(1)
	w.fill(time.Time{})
	relay, err := wire.ParseRelay(strings.Replace(sink(t, "AUTH PLAIN"), "smtp://", "smtp://user:wrong@", 1), 1)
	if err != nil {
		t.Fatal(err)
	}
	w.rounds(w.sender(func(o *Options) { o.Relays = []wire.Relay{relay} }), w.now)
	w.wantBalance(Balance{Recipients: 1, Queued: 1})
	paused, err := Paused(w.ctx, w.db)
	if err != nil || len(paused) != 1 || paused[0].Lane != LaneAll || !strings.Contains(paused[0].Reason, "who are you") || strings.Contains(paused[0].Reason, "wrong") {
		t.Errorf("paused: %+v, %v", paused, err)
	}
}

func TestRelayThatLetsFewConnectionsInIsNotDown(t *testing.T) {
	w := newWorld(t, mailtest.Options{})
	w.join(60)
	w.fill(time.Time{})
	relay, err := wire.ParseRelay(narrowSink(t, 2, "PIPELINING"), 8)
	if err != nil {
		t.Fatal(err)
	}
	w.rounds(w.sender(func(o *Options) { o.Relays = []wire.Relay{relay} }), w.now)
	w.wantBalance(Balance{Recipients: 60, Sent: 60})
	if down, full := w.log.count("relay down"), w.log.count("no more connections"); down != 0 || full != 1 {
		t.Errorf("logged %d times that the relay is down and %d times that it is full\n%s", down, full, w.log)
	}
}

func TestRelayThatCutsEveryConnectionIsLeftAlone(t *testing.T) {
	w := newWorld(t, mailtest.Options{Faults: func(e mailtest.Envelope) mailtest.Fault {
		return mailtest.Fault{Cut: e.Phase == mailtest.Rcpt}
	}})
	w.join(100)
	w.fill(time.Time{})
	w.rounds(w.sender(func(o *Options) { o.Relays[0].Connections = 2 }), w.now)
	if b := w.verify(); b.Deferred > 10 || b.Queued+b.Deferred != 100 {
		t.Errorf("balance: %+v", b)
	}
	if n := w.log.count("relay down"); n != 1 {
		t.Errorf("logged %d times", n)
	}
}

func TestMissingMasterDefersTheLetter(t *testing.T) {
	w := newWorld(t, mailtest.Options{})
	w.join(2)
	w.fill(time.Time{})
	w.exec(`UPDATE letters SET variant = 'en' WHERE recipient = 1`)
	w.rounds(w.sender(), w.now)
	w.wantBalance(Balance{Recipients: 2, Sent: 1, Deferred: 1})
	if l := w.show(1); !strings.Contains(l.Reason, "no such master copy") || l.Attempt != 1 {
		t.Errorf("letter: %+v", l)
	}
}

func TestDigestWithoutATokenToLeaveIsNotSent(t *testing.T) {
	w := newWorld(t, mailtest.Options{})
	w.join(1)
	w.fill(time.Time{})
	w.rounds(w.sender(func(o *Options) { o.Personal = nil }), w.now)
	w.wantBalance(Balance{Recipients: 1, Deferred: 1})
}

func TestSendOneSendsThatLetterNow(t *testing.T) {
	w := newWorld(t, mailtest.Options{})
	l := Letter{Kind: KindTest, Ref: w.edition, Digest: "daily", Variant: "ru", Revision: 1, Address: "admin@kino.example", NotBefore: w.now.Add(time.Hour)}
	if _, err := Enqueue(w.ctx, w.db, l, w.now); err != nil {
		t.Fatal(err)
	}
	if _, err := Pause(w.ctx, w.db, LaneAll, "", w.now); err != nil {
		t.Fatal(err)
	}
	s := w.sender()
	for range 2 { // the second time it is sent already
		got, err := s.SendOne(w.ctx, l, w.now)
		if err != nil || got.State != StateSent {
			t.Fatalf("%+v, %v", got, err)
		}
	}
	if n := w.received()["admin@kino.example"]; n != 1 {
		t.Errorf("%d letters", n)
	}
	w.box.Close()
	l.Ref++
	w.putMaster(l.Ref)
	if _, err := Enqueue(w.ctx, w.db, l, w.now); err != nil {
		t.Fatal(err)
	}
	if got, err := w.sender().SendOne(w.ctx, l, w.now); err == nil || got.State != StateQueued || !strings.Contains(err.Error(), "is the server running") {
		t.Errorf("without a relay: %+v, %v", got, err)
	}
	second, err := wire.ParseRelay(sink(t), 1)
	if err != nil {
		t.Fatal(err)
	}
	s = w.sender(func(o *Options) { o.Relays = append(o.Relays, second) })
	if got, err := s.SendOne(w.ctx, l, w.now); err != nil || got.State != StateSent {
		t.Errorf("over the second relay: %+v, %v", got, err)
	}
}

func TestSenderWithoutIdentityOrRelaySaysSo(t *testing.T) {
	w := newWorld(t, mailtest.Options{})
	for name, change := range map[string]func(o *Options){
		"relay":  func(o *Options) { o.Relays = nil },
		"secret": func(o *Options) { o.Identity.Secret = nil },
		"site":   func(o *Options) { o.Identity.SiteURL = "kino.example" },
		"sender": func(o *Options) { o.Identity.FromAddress = "digest" },
	} {
		if _, err := w.sender(change).Round(w.ctx, w.now); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("no %s: %v", name, err)
		}
	}
}
