package subscribers

import (
	"database/sql"
	"errors"
	"flag"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"vestnik/db"
	"vestnik/db/dbtest"
	"vestnik/mail"
	"vestnik/subscribers/consent"
)

// allowed are the states that a subscription may come to from another; "" is none.
var allowed = map[string][]string{
	"":      {"", Pending, Active, Paused, Left},
	Pending: {Pending, Active, Paused, Left, ""}, // paused by an import; none, when it lapses or is erased
	Active:  {Active, Paused, Left, ""},
	Paused:  {Paused, Active, Left, ""},
	Left:    {Left, Active, Paused, Pending, ""}, // undone within ten minutes; or joined again
}

// A publication is a database with readers to whom anything may happen, and what is known of it.
type publication struct {
	d       *db.DB
	v       Verbs
	now     time.Time
	heads   []consent.Head
	states  map[string]string // by address and digest
	banned  map[string]bool   // erased while suppressed
	erased  map[string]bool   // erased while not, and not confirmed since
	imports int
}

var (
	somebody = rapid.SampledFrom([]string{"ann@x.org", "bob@x.org", "eve@y.example"})
	someList = rapid.SampledFrom([]string{"daily", "weekly"})
)

// reader draws an address that has a subscriber; "" where there is none.
func (p *publication) reader(t *rapid.T) (Subscriber, bool) {
	s, err := Find(ctx, p.d, somebody.Draw(t, "reader"))
	if err != nil && !errors.Is(err, ErrNotFound) {
		t.Fatal(err)
	}
	return s, err == nil
}

// do runs a verb. Only its refusals may fail it.
func (p *publication) do(t *rapid.T, f func(tx *sql.Tx) error, refusals ...error) bool {
	err := p.d.Tx(ctx, f)
	if err != nil && !slices.ContainsFunc(refusals, func(r error) bool { return errors.Is(err, r) }) {
		t.Fatal(err)
	}
	return err == nil
}

func (p *publication) join(t *rapid.T) {
	err := p.v.Join(ctx, p.d, somebody.Draw(t, "email"), someList.Draw(t, "digest"), "", Origin{Wording: "Подписаться"}, p.now)
	if err != nil && !errors.Is(err, ErrTooMany) {
		t.Fatal(err)
	}
}

func (p *publication) add(t *rapid.T) {
	a := Adding{Email: somebody.Draw(t, "email"), Digests: []string{someList.Draw(t, "digest")}, Confirmed: rapid.Bool().Draw(t, "confirmed"), Basis: "paper"}
	if p.do(t, func(tx *sql.Tx) error { _, err := p.v.Add(ctx, tx, a, p.now); return err }, ErrSuppressed, ErrErased, ErrBlocked) && a.Confirmed && p.erased[a.Email] {
		t.Fatalf("%s was erased, and added on an admin's word", a.Email)
	}
}

func (p *publication) confirm(t *rapid.T) {
	open, err := mail.List(ctx, p.d, mail.ListFilter{Kind: mail.KindConfirm, State: mail.StateQueued})
	if err != nil {
		t.Fatal(err)
	}
	if len(open) == 0 {
		return
	}
	l := rapid.SampledFrom(open).Draw(t, "letter")
	p.do(t, func(tx *sql.Tx) error {
		s, _, err := p.v.Confirm(ctx, tx, l.Private, Origin{}, p.now)
		if err == nil {
			delete(p.erased, s.Key)
		}
		return err
	}, ErrToken, ErrExpired)
}

func (p *publication) leave(t *rapid.T) {
	if s, ok := p.reader(t); ok {
		digest := rapid.SampledFrom([]string{"", "daily"}).Draw(t, "digest")
		p.do(t, func(tx *sql.Tx) error { return Leave(ctx, tx, s.ID, digest, Origin{}, p.now) })
	}
}

func (p *publication) comeBack(t *rapid.T) {
	if s, ok := p.reader(t); ok {
		p.do(t, func(tx *sql.Tx) error { _, err := Return(ctx, tx, s.ID, "", Origin{}, p.now); return err })
	}
}

func (p *publication) pause(t *rapid.T) {
	if s, ok := p.reader(t); ok {
		until := p.now.Add(time.Duration(rapid.IntRange(1, 300).Draw(t, "hours")) * time.Hour)
		p.do(t, func(tx *sql.Tx) error { return Pause(ctx, tx, s.ID, "", until, Origin{}, p.now) })
	}
}

func (p *publication) resume(t *rapid.T) {
	if s, ok := p.reader(t); ok && rapid.Bool().Draw(t, "by hand") {
		p.do(t, func(tx *sql.Tx) error { return Resume(ctx, tx, s.ID, "daily", Origin{}, p.now) })
	}
	if _, err := ResumeDue(ctx, p.d, p.now); err != nil {
		t.Fatal(err)
	}
}

// choose is for those who have got a letter with a preferences link: not for who was erased and waits for the confirmation.
func (p *publication) choose(t *rapid.T) {
	if s, ok := p.reader(t); ok && !p.erased[s.Key] {
		c := Choices{Hour: rapid.IntRange(-1, 23).Draw(t, "hour"), Digests: []Choice{{Digest: someList.Draw(t, "digest"), Wanted: rapid.Bool().Draw(t, "wanted")}}}
		p.do(t, func(tx *sql.Tx) error { return Choose(ctx, tx, s.ID, c, Origin{Wording: "Сохранить"}, p.now) })
	}
}

func (p *publication) suppress(t *rapid.T) {
	email := somebody.Draw(t, "email")
	p.do(t, func(tx *sql.Tx) error {
		if rapid.Bool().Draw(t, "undo") {
			_, err := Unsuppress(ctx, tx, email, p.now)
			return err
		}
		return Suppress(ctx, tx, email, "complaint", p.now)
	})
}

func (p *publication) importFile(t *rapid.T) {
	p.imports++
	var file strings.Builder
	file.WriteString("email,digests,status,until\n")
	for range rapid.IntRange(1, 4).Draw(t, "lines") {
		status := rapid.SampledFrom([]string{"active", "pending", "left", "paused", "nonsense"}).Draw(t, "status")
		fmt.Fprintf(&file, "%s,%s,%s,2027-01-01\n", somebody.Draw(t, "email"), someList.Draw(t, "digest"), status)
	}
	o := ImportOptions{Verbs: p.v, Basis: "old list", SendConfirmations: rapid.Bool().Draw(t, "letters"), Suppress: rapid.Bool().Draw(t, "suppress")}
	if _, err := Import(ctx, p.d, strings.NewReader(file.String()), fmt.Sprintf("list-%d.csv", p.imports), o, p.now); err != nil {
		t.Fatal(err)
	}
}

func (p *publication) erase(t *rapid.T) {
	email := somebody.Draw(t, "email")
	reason, err := mail.Suppressed(ctx, p.d, email)
	if err != nil {
		t.Fatal(err)
	}
	p.do(t, func(tx *sql.Tx) error { _, err := p.v.EraseAddress(ctx, tx, email, "asked", p.now); return err })
	if reason != "" {
		p.banned[email] = true
	}
	p.erased[email] = true
}

func (p *publication) retain(t *rapid.T) {
	r := Retention{Pending: 72 * time.Hour, Letters: 7 * 24 * time.Hour, Left: time.Duration(rapid.IntRange(0, 1).Draw(t, "left")) * 96 * time.Hour}
	if err := p.v.Retain(ctx, p.d, r, p.now); err != nil {
		t.Fatal(err)
	}
}

func (p *publication) seal(t *rapid.T) {
	if _, err := consent.Seal(ctx, p.d, p.now); err != nil {
		t.Fatal(err)
	}
	head, err := consent.CurrentHead(ctx, p.d)
	if err != nil {
		t.Fatal(err)
	}
	if head.N > 0 {
		p.heads = append(p.heads, head)
	}
}

// check holds the database against the rules after each verb.
func (p *publication) check(t *rapid.T) {
	p.now = p.now.Add(time.Duration(rapid.IntRange(0, 2000).Draw(t, "minutes")) * time.Minute)
	for _, email := range []string{"ann@x.org", "bob@x.org", "eve@y.example"} {
		s, err := Find(ctx, p.d, email)
		if err != nil && !errors.Is(err, ErrNotFound) {
			t.Fatal(err)
		}
		for _, digest := range []string{"daily", "weekly"} {
			key, u := email+" "+digest, s.Subscription(digest)
			if was := p.states[key]; !slices.Contains(allowed[was], u.State) {
				t.Fatalf("%s went from %q to %q", key, was, u.State)
			}
			p.states[key] = u.State
			if (u.State == Paused) != !u.Until.IsZero() {
				t.Fatalf("%s is %s until %v", key, u.State, u.Until)
			}
			if u.State != "" && p.banned[email] {
				t.Fatalf("%s was erased while it was suppressed, and is %s", key, u.State)
			}
			if (u.State == Active || u.State == Paused) && p.erased[email] {
				t.Fatalf("%s was erased, never confirmed by a letter since, and is %s", key, u.State)
			}
		}
	}
	var open int64
	if err := p.d.QueryRowContext(ctx, `SELECT COUNT(*) FROM letters AS l JOIN subscribers AS s ON s.id = l.recipient
		WHERE s.state = 'erased' AND (l.state IN ('queued', 'leased', 'deferred') OR l.address <> '' OR l.private <> '')`).Scan(&open); err != nil || open > 0 {
		t.Fatalf("%d letters of the erased, %v", open, err)
	}
	p.checkChain(t)
}

func (p *publication) checkChain(t *rapid.T) {
	var head consent.Head
	if len(p.heads) > 0 {
		head = rapid.SampledFrom(p.heads).Draw(t, "head")
	}
	verdict, err := consent.Verify(ctx, p.d, head)
	if err != nil || !verdict.Whole() {
		t.Fatalf("%+v, %v", verdict, err)
	}
	var lines int64
	if err := p.d.QueryRowContext(ctx, `SELECT COUNT(*) FROM consent`).Scan(&lines); err != nil || lines != verdict.Lines+verdict.Open {
		t.Fatalf("%d lines, of which %d sealed and %d not, %v", lines, verdict.Lines, verdict.Open, err)
	}
}

// TestAnySequenceOfVerbsKeepsStatesAndChain has anything happen to three readers of two digests, in any order.
func TestAnySequenceOfVerbsKeepsStatesAndChain(t *testing.T) {
	v := newVerbs(t)
	if f := flag.Lookup("rapid.checks"); !full() && f.Value.String() == f.DefValue { // each has about thirty verbs, and a database
		flag.Set(f.Name, "25")
		defer flag.Set(f.Name, f.DefValue)
	}
	rapid.Check(t, func(rt *rapid.T) {
		d := dbtest.Open(t)
		defer d.Close()
		p := &publication{d: d, v: v, now: now, states: map[string]string{}, banned: map[string]bool{}, erased: map[string]bool{}}
		rt.Repeat(map[string]func(*rapid.T){
			"": p.check, "join": p.join, "join again": p.join, "add": p.add, "confirm": p.confirm, "confirm another": p.confirm, "leave": p.leave, "return": p.comeBack,
			"pause": p.pause, "resume": p.resume, "choose": p.choose, "suppress": p.suppress, "import": p.importFile, "erase": p.erase, "retain": p.retain, "seal": p.seal,
		})
		p.seal(rt)
		p.checkChain(rt)
	})
}
