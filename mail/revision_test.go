package mail

import (
	"bytes"
	"database/sql"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"vestnik/db"
	"vestnik/mail/mailtest"
)

// newEditionWorld is a world whose edition has a row, n readers and their letters.
func newEditionWorld(t *testing.T, o mailtest.Options, n int64) *world {
	t.Helper()
	w := newWorld(t, o)
	w.exec(`DELETE FROM editions`)
	w.exec(`INSERT INTO editions (id, digest, due, slot_at, start, until, state, revision, subject, title, language, cursor, recipients, expires, made)
		VALUES ($1, 'daily', 1, 1, 1, 1, 'sending', 1, '', '', '', 0, $2, 0, 1)`, w.edition, n)
	w.join(n)
	w.fill(time.Time{})
	return w
}

// corrected is the second revision's message; its text tells it from the first.
func corrected() Message {
	m := digestMessage()
	m.Subject, m.Text = "Corrected", "Corrected\n"+m.Text
	return m
}

// correct makes revision 2 of the edition, as publishing does, and returns how many letters take it and whose do not.
func (w *world) correct() (renewed int64, old map[string]bool) {
	w.Helper()
	err := w.db.Tx(w.ctx, func(tx *sql.Tx) (err error) {
		if _, err = tx.ExecContext(w.ctx, `UPDATE editions SET revision = 2 WHERE id = $1`, w.edition); err != nil {
			return err
		}
		if err = PutMaster(w.ctx, tx, w.edition, 2, "ru", mustCompose(w, corrected()), w.now); err != nil {
			return err
		}
		if renewed, err = Renew(w.ctx, tx, KindDigest, w.edition, 2); err != nil {
			return err
		}
		old = map[string]bool{}
		_, err = db.Collect(w.ctx, tx, func(row *sql.Rows) (id int64, err error) {
			err = row.Scan(&id)
			old[address(id)] = true
			return id, err
		}, `SELECT recipient FROM letters WHERE kind = 'digest' AND ref = $1 AND revision = 1`, w.edition)
		return err
	})
	if err != nil {
		w.Fatal(err)
	}
	return renewed, old
}

// revisions are which revision each address got.
func (w *world) revisions() map[string]string {
	got := map[string]string{}
	for _, m := range w.box.Messages() {
		revision := "1"
		if bytes.Contains(m.Data, []byte("Subject: Corrected")) {
			revision = "2"
		}
		got[m.To[0]] += revision
	}
	return got
}

func TestACorrectionReachesTheLettersThatHaveNotBegun(t *testing.T) {
	w := newEditionWorld(t, mailtest.Options{}, 9)
	for id, set := range map[int]string{
		2: `state = 'leased', owner = 5, fence = 6, due = 0`,
		3: `state = 'leased', owner = 5, fence = 6, due = 0, attempt = 1`,
		4: `state = 'deferred', due = 7, attempt = 1`,
		5: `state = 'in_flight', owner = 5, fence = 6, due = 0, attempt = 1`,
		6: `state = 'sent', due = 0, attempt = 1, done = 1, reply = '250'`,
		7: `state = 'queued', doubts = 1, attempt = 1`,
		8: `state = 'in_doubt', due = 0, doubts = 1, attempt = 1, done = 1`,
		9: `state = 'failed', due = 0, attempt = 1, done = 1`,
	} {
		w.exec(`UPDATE letters SET `+set+` WHERE recipient = $1`, id)
	}
	if n, old := w.correct(); n != 4 || len(old) != 5 {
		t.Errorf("%d letters took the revision, %d did not; want 4 and 5", n, len(old))
	}
	w.verify()
	for id, want := range map[int64]Letter{
		1: {Revision: 2, State: StateQueued, Due: w.now}, 2: {Revision: 2, State: StateQueued, Due: w.now}, 3: {Revision: 2, State: StateDeferred, Due: w.now},
		4: {Revision: 2, State: StateDeferred, Due: time.UnixMilli(7)}, 5: {Revision: 1, State: StateInFlight}, 6: {Revision: 1, State: StateSent},
		7: {Revision: 1, State: StateQueued, Due: w.now}, 8: {Revision: 1, State: StateInDoubt}, 9: {Revision: 1, State: StateFailed},
	} {
		if l := w.show(id); l.Revision != want.Revision || l.State != want.State || !l.Due.Equal(want.Due) {
			t.Errorf("letter %d has revision %d, is %s and due at %v; want %+v", id, l.Revision, l.State, l.Due, want)
		}
	}
}

// The correction comes from within the relay, so that some letters are in flight, some leased and some queued at that moment.
func TestNoLetterGoesOutWithTheOldRevisionAfterACorrection(t *testing.T) {
	for name, connections := range map[string]int{"one connection": 1, "four connections": 4} {
		t.Run(name, func(t *testing.T) {
			w := newEditionWorld(t, mailtest.Options{}, 300)
			var old map[string]bool
			var mu sync.Mutex // letters come over several connections
			arrived := 0
			w.box.OnMessage(func(mailtest.Message) {
				mu.Lock()
				defer mu.Unlock()
				if arrived++; arrived == 20 {
					_, old = w.correct()
				}
			})
			w.rounds(w.sender(func(o *Options) { o.Relays[0].Connections, o.InDoubtMax = connections, 30 }), w.now)
			w.wantBalance(Balance{Recipients: 300, Sent: 300})
			mu.Lock()
			defer mu.Unlock()
			ones := 0
			for to, revision := range w.revisions() {
				if revision == "1" {
					ones++
				}
				if revision == "1" && !old[to] || revision == "2" && old[to] || len(revision) != 1 {
					t.Errorf("%s got revision %s; in flight before the correction: %v", to, revision, old[to])
				}
			}
			if ones < 20 || ones > 20+30 {
				t.Errorf("%d letters had the old revision", ones)
			}
		})
	}
}

// A sender in another transaction may lease, lose and queue again while Renew runs; whatever it does, the mark looks once more.
func TestAMarkMissesWhoseLetterWasCorrectedMeanwhile(t *testing.T) {
	w := newEditionWorld(t, mailtest.Options{}, 60)
	var done atomic.Bool
	w.box.OnMessage(func(mailtest.Message) {
		if done.CompareAndSwap(false, true) { // as if Renew had not seen the letters
			w.exec(`UPDATE editions SET revision = 2`)
			if err := PutMaster(w.ctx, w.db, w.edition, 2, "ru", mustCompose(w, corrected()), w.now); err != nil {
				t.Error(err)
			}
		}
	})
	w.rounds(w.sender(func(o *Options) { o.Relays[0].Connections, o.InDoubtMax = 1, 2 }), w.now)
	w.wantBalance(Balance{Recipients: 60, Sent: 60})
	ones := 0
	for _, revision := range w.revisions() {
		if revision == "1" {
			ones++
		}
	}
	if ones < 1 || ones > 3 {
		t.Errorf("%d letters had the old revision, and at most 3 had been marked", ones)
	}
	if l := w.show(60); l.Revision != 2 {
		t.Errorf("the ledger says revision %d of a letter that brought the second", l.Revision)
	}
}

func TestALetterRefusedForTheMomentComesBackCorrected(t *testing.T) {
	w := newEditionWorld(t, mailtest.Options{}, 2)
	w.box.DeferOnce(address(1))
	w.box.CutAfterDot(address(2))
	w.box.OnMessage(func(m mailtest.Message) { // both are in flight
		if w.show(1).Revision == 1 && m.To[0] == address(2) {
			w.correct()
		}
	})
	s := w.sender(func(o *Options) { o.Relays[0].Connections = 1 })
	w.rounds(s, w.now)
	w.rounds(s, w.now.Add(7*time.Minute))
	w.wantBalance(Balance{Recipients: 2, Sent: 2})
	if got := w.revisions(); got[address(1)] != "2" || got[address(2)] != "11" {
		t.Errorf("revisions %v; want the second for the refused letter, and the first twice for the one in doubt", got)
	}
}

func TestARetriedLetterTakesTheCorrectionUnlessItMayHaveArrived(t *testing.T) {
	w := newEditionWorld(t, mailtest.Options{}, 2)
	w.exec(`UPDATE letters SET state = 'failed', due = 0, attempt = 1, done = 1, doubts = recipient - 1`)
	w.correct()
	for id := int64(1); id <= 2; id++ {
		if err := Retry(w.ctx, w.db, w.show(id).Name(), w.now); err != nil {
			t.Fatal(err)
		}
	}
	if one, two := w.show(1).Revision, w.show(2).Revision; one != 2 || two != 1 {
		t.Errorf("revisions %d and %d, want 2 and 1", one, two)
	}
	w.rounds(w.sender(), w.now)
	if got := w.revisions(); got[address(1)] != "2" || got[address(2)] != "1" {
		t.Errorf("revisions %v", got)
	}
}

func TestALetterOfCorrectionCanBeLeftAndStopsWhenItsReaderLeaves(t *testing.T) {
	w := newEditionWorld(t, mailtest.Options{}, 2)
	m := corrected()
	m.Kind = KindCorrection
	if err := PutMaster(w.ctx, w.db, 900, 1, "ru", mustCompose(t, m), w.now); err != nil {
		t.Fatal(err)
	}
	w.exec(`DELETE FROM letters`)
	w.exec(`DELETE FROM editions`)
	if _, err := Fill(w.ctx, w.db, Filling{Kind: KindCorrection, Ref: 900, Digest: "daily", Revision: 1}, everybody, []any{"daily"}, w.now); err != nil {
		t.Fatal(err)
	}
	if l, err := Show(w.ctx, w.db, "correction-900-1"); err != nil || l.lane() != LaneDigest {
		t.Errorf("%+v, %v", l, err)
	}
	w.exec(`UPDATE subscriptions SET state = 'left' WHERE subscriber = 2`)
	w.rounds(w.sender(), w.now)
	got := w.box.Messages()
	if len(got) != 1 {
		t.Fatalf("%d letters, want one", len(got))
	}
	for _, field := range []string{"List-Unsubscribe: <https://kino.example/unsubscribe/leave", "List-Unsubscribe-Post: ", "List-Id: "} {
		if !bytes.Contains(got[0].Data, []byte(field)) {
			t.Errorf("the letter lacks the field %q", field)
		}
	}
	if l, err := Show(w.ctx, w.db, "correction-900-2"); err != nil || l.State != StateSuppressed || l.Reason != ReasonLeft {
		t.Errorf("%+v, %v", l, err)
	}
	if k, err := ReadToken(w.id, w.id.Token(Key{KindCorrection, 900, 1})); err != nil || k.Kind != KindCorrection {
		t.Errorf("its token is of %v, %v", k, err)
	}
}

func TestAMasterIsReadAsItWasComposed(t *testing.T) {
	m := digestMessage()
	m.Subject = strings.Repeat("Самое читаемое за неделю, ", 12) + "и ещё"
	m.HTML = strings.Repeat("<p>.Строка = с точкой и знаком равенства\t</p>\n", 50) + m.HTML
	m.Text = ".\n..\n.точка\nстрока с пробелом на конце \n" + strings.Repeat("длинная строка без конца ", 100) + HoleLeave + "\n" + m.Text
	m.Text = strings.ReplaceAll(m.Text, "конца "+HoleLeave, "конца https://kino.example/unsubscribe/"+HoleLeave)
	subject, html, text, err := Unmaster(mustCompose(t, m))
	if err != nil || subject != m.Subject || html != m.HTML || text != m.Text {
		t.Errorf("decoded to\n%q\n%q\n%q\n%v", subject, html, text, err)
	}
	for _, b := range []string{"", "Subject: x\r\n\r\nx", "Subject: x\r\nContent-Type: multipart/alternative; boundary=a\r\n\r\n--a--\r\n",
		"Subject: x\r\nContent-Type: multipart/alternative; boundary=a\r\n\r\n--a\r\nContent-Type: text/html\r\nContent-Transfer-Encoding: 8bit\r\n\r\nx\r\n--a--\r\n"} {
		if _, _, _, err := Unmaster(Master{Bytes: []byte(b)}); err == nil {
			t.Errorf("%q was read as a master copy", b)
		}
	}
}

func TestMastersAreDroppedOnlyWithoutLetters(t *testing.T) {
	w := newEditionWorld(t, mailtest.Options{}, 1)
	drop := func() error {
		return w.db.Tx(w.ctx, func(tx *sql.Tx) error { return DropMasters(w.ctx, tx, w.edition) })
	}
	if err := drop(); err == nil || !strings.Contains(err.Error(), "digest letters") {
		t.Errorf("masters of an edition with letters: %v", err)
	}
	w.exec(`DELETE FROM letters`)
	if err := drop(); err != nil {
		t.Error(err)
	}
	if all, err := Variants(w.ctx, w.db, w.edition, 1); err != nil || len(all) > 0 {
		t.Errorf("left: %v, %v", all, err)
	}
}
