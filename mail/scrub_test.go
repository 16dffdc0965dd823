package mail

import (
	"testing"
	"time"

	"vestnik/db"
	"vestnik/mail/mailtest"
)

// sentLetters are letters of some refs that were sent, with address and answer.
func sentLetters(t *testing.T, w *world, kind string, refs ...int64) {
	t.Helper()
	for _, ref := range refs {
		for recipient := int64(1); recipient <= 3; recipient++ {
			if _, err := Enqueue(w.ctx, w.db, Letter{Kind: kind, Ref: ref, Recipient: recipient}, w.now); err != nil {
				t.Fatal(err)
			}
		}
	}
	_, err := w.db.ExecContext(w.ctx, `UPDATE letters SET state = 'sent', due = 0, address = 'ann@x.org', reply = '250 <ann@x.org> ok' WHERE kind = $1`, kind)
	if err != nil {
		t.Fatal(err)
	}
}

func addresses(t *testing.T, w *world, ref int64) (n int) {
	t.Helper()
	if err := w.db.QueryRowContext(w.ctx, `SELECT COUNT(*) FROM letters WHERE ref = $1 AND address || reply <> ''`, ref).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestOldLettersLoseAddressAndAnswerAndNothingElse(t *testing.T) {
	w := newWorld(t, mailtest.Options{})
	old, fresh := db.FirstID(w.now.Add(-500*24*time.Hour)), db.FirstID(w.now.Add(-time.Hour))
	for _, kind := range []string{KindDigest, KindConfirm} {
		sentLetters(t, w, kind, old, old+1, fresh)
	}
	before := w.now.Add(-400 * 24 * time.Hour)
	if oldest, due, err := Unscrubbed(w.ctx, w.db, before); err != nil || due != 12 || oldest.IsZero() {
		t.Errorf("%d due since %v, %v", due, oldest, err)
	}
	if n, err := ScrubOld(w.ctx, w.db, before, 1000); err != nil || n != 12 {
		t.Errorf("went over %d letters, %v", n, err)
	}
	for ref, want := range map[int64]int{old: 0, old + 1: 0, fresh: 6} {
		if got := addresses(t, w, ref); got != want {
			t.Errorf("%d of 6 letters of %d hold an address, want %d", got, ref, want)
		}
	}
	balance, err := BalanceOf(w.ctx, w.db, KindDigest, old)
	if err != nil || balance.Sent != 3 || balance.Recipients != 3 {
		t.Errorf("the balance: %+v, %v", balance, err)
	}
	if n, err := ScrubOld(w.ctx, w.db, before, 1000); err != nil || n != 0 {
		t.Errorf("went over %d letters again, %v", n, err)
	}
	if n, err := ScrubOld(w.ctx, w.db, w.now, 1000); err != nil || n != 6 || addresses(t, w, fresh) != 0 {
		t.Errorf("later: went over %d letters, %v", n, err)
	}
}

func TestTheAnswerToALetterOfTheErasedIsNotKept(t *testing.T) {
	w := newWorld(t, mailtest.Options{})
	if _, err := Enqueue(w.ctx, w.db, Letter{Kind: KindDigest, Ref: 1, Recipient: 1}, w.now); err != nil {
		t.Fatal(err)
	}
	if _, err := w.db.ExecContext(w.ctx, `UPDATE letters SET state = 'in_flight', due = 0, owner = 5, fence = 7, address = 'ann@x.org'`); err != nil {
		t.Fatal(err)
	}
	if err := Scrub(w.ctx, w.db, 1, "ann@x.org", w.now); err != nil {
		t.Fatal(err)
	}
	c := newCommitter(w.db)
	done := make(chan error, 1)
	c.in <- record{ch: change{key: Key{KindDigest, 1, 1}, fence: 7, state: StateSent, reply: "250 <ann@x.org> queued", done: 9}, after: func(_ bool, err error) { done <- err }}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	c.close()
	l, err := Show(w.ctx, w.db, "digest-1-1")
	if err != nil || l.State != StateSent || l.Reply != "" {
		t.Errorf("%+v, %v", l, err)
	}
}

func TestABalanceWithoutAddressesStillHolds(t *testing.T) {
	w := newWorld(t, mailtest.Options{})
	sentLetters(t, w, KindDigest, 1)
	if _, err := w.db.ExecContext(w.ctx, `UPDATE letters SET done = 5, attempt = 1`); err != nil {
		t.Fatal(err)
	}
	if err := Scrub(w.ctx, w.db, 1, "ann@x.org", w.now); err != nil {
		t.Fatal(err)
	}
	if v, err := Verify(w.ctx, w.db, 1); err != nil || len(v.Problems) > 0 || v.Balance.Sent != 3 {
		t.Errorf("%+v, %v", v, err)
	}
	if _, err := w.db.ExecContext(w.ctx, `UPDATE letters SET reply = '' WHERE recipient = 2`); err != nil {
		t.Fatal(err)
	}
	if v, err := Verify(w.ctx, w.db, 1); err != nil || len(v.Problems) != 1 {
		t.Errorf("a lost answer: %+v, %v", v, err)
	}
}
