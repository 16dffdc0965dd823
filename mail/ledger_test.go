package mail

import (
	"errors"
	"strings"
	"testing"
	"time"

	"vestnik/db"
	"vestnik/mail/mailtest"
	"vestnik/mail/wire"
)

func TestLetterIsEnqueuedOnce(t *testing.T) {
	w := newWorld(t, mailtest.Options{})
	l := Letter{Kind: KindConfirm, Ref: 5, Recipient: 9, Digest: "daily", Variant: "ru", Revision: 1, Address: "Reader@Пример.рф",
		Private: "secret", NotBefore: w.now.Add(time.Hour), Expires: w.now.Add(48 * time.Hour)}
	for i, want := range []bool{true, false} {
		if added, err := Enqueue(w.ctx, w.db, l, w.now); added != want || err != nil {
			t.Errorf("time %d: %v, %v", i+1, added, err)
		}
	}
	got, err := Show(w.ctx, w.db, "confirm-5-9")
	if err != nil {
		t.Fatal(err)
	}
	want := l
	want.Address, want.State, want.Due, want.Made = "Reader@xn--e1afmkfd.xn--p1ai", StateQueued, l.NotBefore, w.now
	if got != want {
		t.Errorf("read back:\n got %+v\nwant %+v", got, want)
	}
	if n := w.rounds(w.sender(), w.now); n != 0 {
		t.Errorf("%d letters were sent before their time", n)
	}
}

func TestEnqueueRefusesWhatCannotBeSent(t *testing.T) {
	w := newWorld(t, mailtest.Options{})
	for name, l := range map[string]Letter{
		"unknown kind":       {Kind: "spam", Recipient: 1},
		"no recipient":       {Kind: KindTest, Ref: 1},
		"CR LF in address":   {Kind: KindTest, Ref: 1, Address: "a@b.c>\r\nRCPT TO:<d@e.f"},
		"address without @":  {Kind: KindTest, Ref: 1, Address: "a"},
		"needs SMTPUTF8":     {Kind: KindTest, Ref: 1, Address: "иван@post.example"},
		"two addresses":      {Kind: KindTest, Ref: 1, Address: "a@b.c, d@e.f"},
		"display name":       {Kind: KindTest, Ref: 1, Address: "A <a@b.c>"},
		"NUL in the address": {Kind: KindTest, Ref: 1, Address: "a\x00@b.c"},
	} {
		if added, err := Enqueue(w.ctx, w.db, l, w.now); err == nil || added {
			t.Errorf("%s: enqueued", name)
		}
	}
}

func TestFillAddsOnlyWhoHasNoLetterYet(t *testing.T) {
	w := newWorld(t, mailtest.Options{})
	f := Filling{Kind: KindDigest, Ref: w.edition, Digest: "daily", Revision: 1, Expires: w.now.Add(time.Hour)}
	for _, want := range []int64{3, 0, 2} {
		w.join([]int64{3, 0, 2}[map[int64]int{3: 0, 0: 1, 2: 2}[want]])
		if n, err := Fill(w.ctx, w.db, f, everybody, []any{"daily"}, w.now); n != want || err != nil {
			t.Errorf("Fill added %d, %v; want %d", n, err, want)
		}
	}
	w.wantBalance(Balance{Recipients: 5, Queued: 5})
	if l := w.show(5); l.Variant != "ru" || l.Digest != "daily" || l.Address != address(5) || !l.Expires.Equal(f.Expires) || !l.Due.Equal(w.now) {
		t.Errorf("letter: %+v", l)
	}
}

func TestWithdrawTakesBackWhatHasNotBegun(t *testing.T) {
	w := newWorld(t, mailtest.Options{})
	w.join(6)
	w.fill(time.Time{})
	for i, state := range []string{"queued", "leased", "deferred", "in_flight", "sent", "failed"} {
		w.exec(`UPDATE letters SET state = $1, owner = 1, fence = 1 WHERE recipient = $2`, state, i+1)
		want := map[bool]int64{true: 1}[i < 3]
		if n, err := Withdraw(w.ctx, w.db, int64(i+1), "daily", ReasonLeft, w.now); n != want || err != nil {
			t.Errorf("%s: %d withdrawn, %v; want %d", state, n, err, want)
		}
	}
	l := w.show(2)
	if l.State != StateSuppressed || l.Reason != "left" || !l.Done.Equal(w.now) || !l.Due.IsZero() || l.fence != 0 {
		t.Errorf("withdrawn letter: %+v", l)
	}
	if n, err := Withdraw(w.ctx, w.db, 0, "", ReasonLeft, w.now); n != 0 || err != nil {
		t.Errorf("the letters of bare addresses were withdrawn: %d, %v", n, err)
	}
	if n, err := Withdraw(w.ctx, w.db, 1, "weekly", ReasonLeft, w.now); n != 0 || err != nil {
		t.Errorf("another digest: %d, %v", n, err)
	}
}

func TestSuppressionKeepsItsFirstReason(t *testing.T) {
	w := newWorld(t, mailtest.Options{})
	for _, reason := range []string{"complaint", "no such address"} {
		if _, err := Suppress(w.ctx, w.db, "Reader@post.example", reason, w.now); err != nil {
			t.Fatal(err)
		}
	}
	if reason, err := Suppressed(w.ctx, w.db, "reader@post.example"); reason != "complaint" || err != nil {
		t.Errorf("reason %q, %v", reason, err)
	}
	for _, want := range []bool{true, false} {
		if was, err := Unsuppress(w.ctx, w.db, "reader@POST.example"); was != want || err != nil {
			t.Errorf("Unsuppress: %v, %v; want %v", was, err, want)
		}
	}
	if reason, err := Suppressed(w.ctx, w.db, "reader@post.example"); reason != "" || err != nil {
		t.Errorf("after Unsuppress: %q, %v", reason, err)
	}
}

func TestMasterNeverChanges(t *testing.T) {
	w := newWorld(t, mailtest.Options{})
	m := mustCompose(t, digestMessage())
	if err := PutMaster(w.ctx, w.db, w.edition, 1, "ru", m, w.now); err != nil {
		t.Errorf("the same master again: %v", err)
	}
	other := digestMessage()
	other.Subject = "Другое"
	if err := PutMaster(w.ctx, w.db, w.edition, 1, "ru", mustCompose(t, other), w.now); err == nil {
		t.Error("a master was replaced")
	}
	if got, err := GetMaster(w.ctx, w.db, w.edition, 1, "ru"); err != nil || got.Hash() != m.Hash() || got.Subject != m.Subject {
		t.Errorf("read back: %v", err)
	}
	if _, err := GetMaster(w.ctx, w.db, w.edition, 2, "ru"); !errors.Is(err, ErrNoMaster) {
		t.Errorf("a revision that is not there: %v", err)
	}
	w.exec(`UPDATE masters SET bytes = $1`, []byte("damaged"))
	if _, err := GetMaster(w.ctx, w.db, w.edition, 1, "ru"); !errors.Is(err, ErrNoMaster) {
		t.Errorf("a damaged master: %v", err)
	}
}

func TestVerifyFindsWhatDoesNotAddUp(t *testing.T) {
	for name, broken := range map[string]string{
		"state that does not exist":        `UPDATE letters SET state = 'lost' WHERE recipient = 1`,
		"sent without the relay's answer":  `UPDATE letters SET state = 'sent', due = 0, attempt = 1 WHERE recipient = 1`,
		"waiting, but never due":           `UPDATE letters SET due = 0 WHERE recipient = 1`,
		"settled, but still due":           `UPDATE letters SET state = 'failed' WHERE recipient = 1`,
		"leased or in flight without an":   `UPDATE letters SET state = 'leased', due = 0 WHERE recipient = 1`,
		"the edition is finished, but 2":   `INSERT INTO editions (id, digest, due, slot_at, start, until, state, revision, subject, title, language, cursor, recipients, expires, made) VALUES (77, 'daily', 1, 1, 1, 1, 'finished', 1, '', '', '', 0, 2, 0, 1)`,
		"but the edition has 3 recipients": `INSERT INTO editions (id, digest, due, slot_at, start, until, state, revision, subject, title, language, cursor, recipients, expires, made) VALUES (77, 'daily', 1, 1, 1, 1, 'sending', 1, '', '', '', 0, 3, 0, 1)`,
	} {
		w := newWorld(t, mailtest.Options{})
		w.join(2)
		w.fill(time.Time{})
		w.verify()
		w.exec(broken)
		v, err := Verify(w.ctx, w.db, w.edition)
		if err != nil || !strings.Contains(strings.Join(v.Problems, "\n"), name) {
			t.Errorf("%s: problems %q, %v", name, v.Problems, err)
		}
	}
}

func TestListsAndBalances(t *testing.T) {
	w := newWorld(t, mailtest.Options{})
	w.join(4)
	w.fill(time.Time{})
	w.edition++
	w.fill(time.Time{})
	w.exec(`UPDATE letters SET state = 'leased' WHERE ref = 78 AND recipient = 1`)
	w.exec(`UPDATE letters SET state = 'in_doubt' WHERE ref = 78 AND recipient = 2`)
	w.exec(`UPDATE letters SET state = 'sent', doubts = 1 WHERE ref = 78 AND recipient = 3`)
	if _, err := Enqueue(w.ctx, w.db, Letter{Kind: KindConfirm, Ref: 1, Recipient: 1}, w.now); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		filter ListFilter
		want   string
	}{
		{ListFilter{State: "queued", Ref: 78}, "digest-78-4 digest-78-1"},
		{ListFilter{State: "in_doubt"}, "digest-78-3 digest-78-2"},
		{ListFilter{State: "sent"}, "digest-78-3"},
		{ListFilter{Kind: KindConfirm}, "confirm-1-1"},
		{ListFilter{Digest: "daily", Limit: 2}, "digest-78-4 digest-78-3"},
		{ListFilter{Limit: 9}, "digest-78-4 digest-78-3 digest-78-2 digest-78-1 digest-77-4 digest-77-3 digest-77-2 digest-77-1 confirm-1-1"},
		{ListFilter{Digest: "weekly"}, ""},
	} {
		letters, err := List(w.ctx, w.db, c.filter)
		var names []string
		for _, l := range letters {
			names = append(names, l.Name())
		}
		if got := strings.Join(names, " "); got != c.want || err != nil {
			t.Errorf("%+v: %q, %v; want %q", c.filter, got, err, c.want)
		}
	}
	all, err := Balances(w.ctx, w.db)
	want := []Balance{
		{Kind: KindDigest, Digest: "daily", Ref: 77, Recipients: 4, Queued: 4},
		{Kind: KindDigest, Digest: "daily", Ref: 78, Recipients: 4, Queued: 2, InDoubt: 1, Sent: 1},
	}
	if err != nil || len(all) != 2 || all[0] != want[0] || all[1] != want[1] {
		t.Errorf("balances %+v, %v", all, err)
	}
	if b, err := BalanceOf(w.ctx, w.db, KindDigest, 78); err != nil || b != want[1] {
		t.Errorf("balance of 78: %+v, %v", b, err)
	}
	others, err := OtherBalances(w.ctx, w.db)
	if err != nil || len(others) != 1 || others[0] != (Balance{Kind: KindConfirm, Recipients: 1, Queued: 1}) {
		t.Errorf("balances of other kinds %+v, %v", others, err)
	}
	if _, err := Show(w.ctx, w.db, "digest-77-99"); !errors.Is(err, ErrNotFound) {
		t.Errorf("a letter that is not there: %v", err)
	}
}

func TestRetryIsForFailedAndDoubtfulLetters(t *testing.T) {
	w := newWorld(t, mailtest.Options{})
	w.join(3)
	w.fill(time.Time{})
	w.exec(`UPDATE letters SET state = 'failed', due = 0, attempt = 7, done = 5 WHERE recipient = 1`)
	w.exec(`UPDATE letters SET state = 'in_doubt', due = 0, attempt = 1, done = 5 WHERE recipient = 2`)
	for i, want := range []bool{true, true, false} {
		name := Key{KindDigest, w.edition, int64(i + 1)}.String()
		if err := Retry(w.ctx, w.db, name, w.now); (err == nil) != want {
			t.Errorf("retry %s: %v", name, err)
		}
		if l := w.show(int64(i + 1)); l.State != StateQueued || l.Attempt != 0 || l.Due.IsZero() || !l.Done.IsZero() {
			t.Errorf("after retry: %+v", l)
		}
	}
	w.rounds(w.sender(), w.now)
	w.wantBalance(Balance{Recipients: 3, Sent: 3})
}

func TestLetterThatWouldComeTooLateIsNotRetried(t *testing.T) {
	w := newWorld(t, mailtest.Options{})
	w.join(1)
	w.fill(w.now.Add(time.Hour))
	w.exec(`UPDATE letters SET state = 'failed', due = 0, attempt = 1, done = 5`)
	name := w.show(1).Name()
	if err := Retry(w.ctx, w.db, name, w.now.Add(time.Hour)); err == nil || !strings.Contains(err.Error(), "not to be sent after 2026-11-24T09:00:00Z") {
		t.Errorf("retried when it was too late: %v", err)
	}
	if err := Retry(w.ctx, w.db, name, w.now.Add(time.Minute)); err != nil {
		t.Error(err)
	}
}

func TestRefIsSettledWhenNoneOfItsLettersIsToBeSent(t *testing.T) {
	w := newWorld(t, mailtest.Options{})
	w.join(2)
	w.fill(time.Time{})
	w.exec(`UPDATE letters SET state = 'sent' WHERE recipient = 1`)
	for state, want := range map[string]bool{StateQueued: false, StateLeased: false, StateInFlight: false, StateDeferred: false,
		StateSent: true, StateFailed: true, StateInDoubt: true, StateSuppressed: true, StateExpired: true} {
		w.exec(`UPDATE letters SET state = $1 WHERE recipient = 2`, state)
		if got, err := Settled(w.ctx, w.db, KindDigest, w.edition); got != want || err != nil {
			t.Errorf("with a letter %s: %v, %v", state, got, err)
		}
		if b, err := BalanceOf(w.ctx, w.db, KindDigest, w.edition); err != nil || (b.open() == 0) != want || b.Recipients != 2 || b.sum() != 2 {
			t.Errorf("with a letter %s: %+v, %v", state, b, err)
		}
	}
}

func TestPausedLaneStandsStill(t *testing.T) {
	w := newWorld(t, mailtest.Options{})
	w.join(2)
	w.fill(time.Time{})
	s := w.sender()
	for _, want := range []bool{true, false} {
		if fresh, err := Pause(w.ctx, w.db, LaneDigest, "because", w.now); fresh != want || err != nil {
			t.Errorf("Pause: %v, %v; want %v", fresh, err, want)
		}
	}
	if _, err := Pause(w.ctx, w.db, "digets", "because", w.now); err == nil {
		t.Error("a lane that does not exist was paused")
	}
	if _, err := Enqueue(w.ctx, w.db, Letter{Kind: KindConfirm, Ref: w.edition, Recipient: 1, Variant: "ru", Revision: 1, Address: address(1)}, w.now); err != nil {
		t.Fatal(err)
	}
	if n := w.rounds(s, w.now); n != 1 {
		t.Errorf("%d letters went out, want the confirmation alone", n)
	}
	all, err := Paused(w.ctx, w.db)
	if err != nil || len(all) != 1 || all[0] != (PausedLane{LaneDigest, "because", w.now}) {
		t.Errorf("Paused: %+v, %v", all, err)
	}
	if was, err := Resume(w.ctx, w.db, LaneAll); !was || err != nil {
		t.Errorf("Resume: %v, %v", was, err)
	}
	w.rounds(s, w.now)
	w.wantBalance(Balance{Recipients: 2, Sent: 2})
}

func TestReplyIsMadeFitForTheDatabase(t *testing.T) {
	bad := "\xff\x00" + strings.Repeat("ы", 2000)
	ch := outcome(Letter{}, wire.Verdict{Class: wire.Accepted}, bad, "", time.Now())
	if len(ch.reply) > maxReply || ch.reply != db.Text(ch.reply) || !strings.HasPrefix(ch.reply, "\uFFFDы") {
		t.Errorf("kept %d bytes: %q", len(ch.reply), ch.reply[:20])
	}
}
