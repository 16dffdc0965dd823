package mail

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"vestnik/db"
	"vestnik/db/dbtest"
	"vestnik/mail/mailtest"
	"vestnik/mail/wire"
)

// world is a database with subscribers, an edition's master copy and a mailbox.
type world struct {
	*testing.T
	ctx     context.Context
	db      *db.DB
	id      Identity
	box     *mailtest.Server
	now     time.Time
	edition int64
	people  int64
	log     *lockedBuffer
}

const everybody = `SELECT subscriber, 'ru' AS variant, 0 AS not_before, 0 AS expires FROM subscriptions WHERE digest = $1 AND state = 'active'`

func testIdentity() Identity {
	return Identity{FromName: "Вестник кино", FromAddress: "digest@kino.example", Domain: "kino.example",
		SiteURL: "https://kino.example", Publisher: "Кино", Secret: []byte("a secret of the tests, 32 bytes..")}
}

func newWorld(t *testing.T, o mailtest.Options) *world {
	t.Helper()
	return newWorldIn(t, dbtest.Open(t), o)
}

// newWorldIn is newWorld in a database that is used again and again.
func newWorldIn(t *testing.T, d *db.DB, o mailtest.Options) *world {
	t.Helper()
	box, err := mailtest.Start(o)
	if err != nil {
		t.Fatal(err)
	}
	w := &world{T: t, ctx: context.Background(), db: d, id: testIdentity(), box: box,
		now: time.Date(2026, 11, 24, 8, 0, 0, 0, time.UTC), edition: 77, log: &lockedBuffer{}}
	t.Cleanup(func() { box.Close() })
	for _, table := range []string{"letters", "masters", "nodes", "mail_pause", "suppressions", "subscriptions", "subscribers"} {
		w.exec(`DELETE FROM ` + table)
	}
	w.putMaster(w.edition)
	return w
}

type lockedBuffer struct {
	sync.Mutex
	bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.Lock()
	defer b.Unlock()
	return b.Buffer.Write(p)
}

func (b *lockedBuffer) count(s string) int {
	b.Lock()
	defer b.Unlock()
	return strings.Count(b.String(), s)
}

func digestMessage() Message {
	leave := "https://kino.example/unsubscribe/" + HoleLeave
	return Message{Kind: KindDigest, Digest: "daily", ListTitle: "Самое читаемое", Language: "ru", Subject: "Самое читаемое за сутки",
		HTML: "<p>«Новости по теме»</p>\n<p>.точка в начале</p><a href=\"" + leave + "\">Отписаться</a> <a href=\"https://kino.example/preferences/" + HolePreferences + "\">Настройки</a>\n",
		Text: "Самое читаемое\n.точка\n\nОтписаться: " + leave + "\nНастройки: https://kino.example/preferences/" + HolePreferences + "\n"}
}

func (w *world) putMaster(ref int64) {
	w.Helper()
	m, err := Compose(w.id, digestMessage())
	if err != nil {
		w.Fatal(err)
	}
	if err := PutMaster(w.ctx, w.db, ref, 1, "ru", m, w.now); err != nil {
		w.Fatal(err)
	}
}

// address is the n-th subscriber's.
func address(n int64) string { return fmt.Sprintf("reader%d@post.example", n) }

// join adds n active subscribers, with the ids 1 … n.
func (w *world) join(n int64) {
	w.Helper()
	for i := w.people + 1; i <= w.people+n; i++ {
		w.exec(`INSERT INTO subscribers (id, email, email_key, name, language, timezone, state, since) VALUES ($1, $2, $2, '', '', '', 'active', 1)`, i, address(i))
		w.exec(`INSERT INTO subscriptions (subscriber, digest, state, since) VALUES ($1, 'daily', 'active', 1)`, i)
	}
	w.people += n
}

func (w *world) exec(query string, args ...any) {
	w.Helper()
	if _, err := w.db.ExecContext(w.ctx, query, args...); err != nil {
		w.Fatal(err)
	}
}

func (w *world) fill(expires time.Time) {
	w.Helper()
	_, err := Fill(w.ctx, w.db, Filling{Kind: KindDigest, Ref: w.edition, Digest: "daily", Revision: 1, Expires: expires}, everybody, []any{"daily"}, w.now)
	if err != nil {
		w.Fatal(err)
	}
}

// personal makes tokens that only depend on the letter.
func personal(l Letter) Tokens {
	return Tokens{Leave: fmt.Sprintf("leave%035d", l.Recipient), Preferences: fmt.Sprintf("prefs%035d", l.Recipient), Confirm: l.Private}
}

func (w *world) options() Options {
	w.Helper()
	const few = 5 * time.Second
	r, err := wire.ParseRelay(w.box.URL(), 4)
	if err != nil {
		w.Fatal(err)
	}
	return Options{DB: w.db, Identity: w.id, Relays: []wire.Relay{r}, Personal: personal, Node: "test",
		Log: slog.New(slog.NewTextHandler(w.log, nil)), Timeouts: wire.Timeouts{Dial: few, Mail: few, Rcpt: few, Data: few, Dot: few}}
}

func (w *world) sender(change ...func(o *Options)) *Sender {
	w.Helper()
	o := w.options()
	for _, f := range change {
		f(&o)
	}
	s := NewSender(o)
	w.Cleanup(s.Close)
	return s
}

// rounds sends until nothing is due at now, and checks the ledger after every round.
func (w *world) rounds(s *Sender, now time.Time) (done int) {
	w.Helper()
	for {
		n, err := s.Round(w.ctx, now)
		if err != nil {
			w.Fatal(err)
		}
		w.verify()
		if n == 0 {
			return done
		}
		done += n
	}
}

// verify fails the test unless the ledger of the edition adds up.
func (w *world) verify() Balance {
	w.Helper()
	v, err := Verify(w.ctx, w.db, w.edition)
	if err != nil {
		w.Fatal(err)
	}
	for _, p := range v.Problems {
		w.Errorf("the ledger does not add up: %s", p)
	}
	return v.Balance
}

func (w *world) wantBalance(want Balance) {
	w.Helper()
	want.Kind, want.Digest, want.Ref = KindDigest, "daily", w.edition
	if got := w.verify(); got != want {
		w.Errorf("balance:\n got %+v\nwant %+v", got, want)
	}
}

func (w *world) show(recipient int64) Letter {
	w.Helper()
	l, err := Show(w.ctx, w.db, Key{KindDigest, w.edition, recipient}.String())
	if err != nil {
		w.Fatal(err)
	}
	return l
}

// received counts the messages by recipient.
func (w *world) received() map[string]int {
	got := map[string]int{}
	for _, m := range w.box.Messages() {
		got[m.To[0]]++
	}
	return got
}
