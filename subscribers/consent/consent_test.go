package consent_test

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"vestnik/db"
	"vestnik/db/dbtest"
	"vestnik/subscribers/consent"
)

var (
	ctx = context.Background()
	now = time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)
)

func inTx(t testing.TB, d *db.DB, f func(tx *sql.Tx) error) {
	t.Helper()
	if err := d.Tx(ctx, f); err != nil {
		t.Fatal(err)
	}
}

// subscriber makes one and returns its id.
func subscriber(t testing.TB, d *db.DB, name, salt string) int64 {
	t.Helper()
	id := db.NewID()
	_, err := d.ExecContext(ctx, `INSERT INTO subscribers (id, email, email_key, name, language, timezone, salt, state, since)
		VALUES ($1, $2, $2, '', '', '', $3, 'active', 1)`, id, name, salt)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func seal(t testing.TB, d *db.DB) int {
	t.Helper()
	n, err := consent.Seal(ctx, d, now)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func verify(t testing.TB, d *db.DB, head consent.Head) consent.Verdict {
	t.Helper()
	v, err := consent.Verify(ctx, d, head)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// filled has two subscribers with n lines each, all sealed.
func filled(t testing.TB, n int) (d *db.DB, ann, bob int64) {
	d = dbtest.Open(t)
	ann, bob = subscriber(t, d, "ann@example.org", ""), subscriber(t, d, "bob@example.org", consent.NewSalt())
	for i := range n {
		inTx(t, d, func(tx *sql.Tx) error {
			at := now.Add(time.Duration(i) * time.Minute)
			return consent.Append(ctx, tx,
				consent.Line{At: at, Subscriber: ann, Digest: "daily", Verb: "join", Basis: "form", Wording: "Подписаться на «Вестник»", Network: "203.0.113.0/24"},
				consent.Line{At: at, Subscriber: bob, Digest: "weekly", Verb: "leave"})
		})
	}
	if got := seal(t, d); got != 2*n {
		t.Fatalf("%d lines sealed, want %d", got, 2*n)
	}
	return d, ann, bob
}

func TestAnUntouchedChainHolds(t *testing.T) {
	d, ann, _ := filled(t, 30)
	v := verify(t, d, consent.Head{})
	if !v.Whole() || v.Lines != 60 || v.Open != 0 || v.Erased != 0 {
		t.Errorf("%+v", v)
	}
	lines, err := consent.Lines(ctx, d, ann)
	if err != nil || len(lines) != 30 || lines[0].Wording != "Подписаться на «Вестник»" || lines[0].N == 0 || len(lines[0].Link) != 64 {
		t.Errorf("lines of ann: %d, %v, first %+v", len(lines), err, lines[0])
	}
	if seal(t, d) != 0 {
		t.Error("sealed twice")
	}
	head, err := consent.ParseHead(v.Head.String())
	if err != nil || head.N != 60 || head.Link != v.Head.Link {
		t.Errorf("ParseHead(%s) = %+v, %v", v.Head, head, err)
	}
	inTx(t, d, func(tx *sql.Tx) error {
		return consent.Append(ctx, tx, consent.Line{At: now, Subscriber: ann, Verb: "leave"})
	})
	if v := verify(t, d, head); !v.Whole() || v.Open != 1 {
		t.Errorf("with a line that is not sealed: %+v", v)
	}
	seal(t, d)
	if v := verify(t, d, head); !v.Whole() || v.Lines != 61 {
		t.Errorf("against a head of before: %+v", v)
	}
}

func TestWhateverIsRewrittenShows(t *testing.T) {
	for name, c := range map[string]struct{ statement, want string }{
		"a changed basis":         {`UPDATE consent SET basis = 'paper form' WHERE n = 7`, "line 7"},
		"another verb":            {`UPDATE consent SET verb = 'join' WHERE n = 4`, "line 4"},
		"another time":            {`UPDATE consent SET at = at + 1 WHERE n = 9`, "line 9"},
		"another subscriber":      {`UPDATE consent SET subscriber = (SELECT subscriber FROM consent WHERE n = 1) WHERE n = 2`, "line 2"},
		"a line that was removed": {`DELETE FROM consent WHERE n = 5`, "line 5 is missing"},
		"the last line removed":   {`DELETE FROM consent WHERE n = 20`, "lines at the end are missing"},
		"another hash":            {`UPDATE consent SET hash = '00' WHERE n = 3`, "line 3"},
		"another link":            {`UPDATE consent SET link = '00' WHERE n = 3`, "line 3"},
		"a subscriber deleted":    {`DELETE FROM subscribers WHERE email = 'ann@example.org'`, "line 1"},
		"another wording":         {`UPDATE consent SET wording = '' WHERE n = 1`, "line 1"},
	} {
		t.Run(name, func(t *testing.T) {
			d, _, _ := filled(t, 10)
			if _, err := d.ExecContext(ctx, c.statement); err != nil {
				t.Fatal(err)
			}
			v := verify(t, d, consent.Head{})
			if v.Whole() || !strings.Contains(strings.Join(v.Problems, "\n"), c.want) {
				t.Errorf("problems %q, want one about %q", v.Problems, c.want)
			}
		})
	}
}

// Who can write to the database can also compute the chain anew. Only a head that was kept elsewhere tells.
func TestAChainComputedAnewDoesNotMeetTheHeadThatWasMailed(t *testing.T) {
	d, _, _ := filled(t, 10)
	mailed := verify(t, d, consent.Head{}).Head
	for _, statement := range []string{
		`UPDATE consent SET basis = 'forged' WHERE n = 3`, `UPDATE consent SET n = 0, hash = '', link = ''`, `UPDATE consent_head SET n = 0, link = ''`,
	} {
		if _, err := d.ExecContext(ctx, statement); err != nil {
			t.Fatal(err)
		}
	}
	seal(t, d)
	if v := verify(t, d, consent.Head{}); !v.Whole() {
		t.Fatalf("the forger was careless: %q", v.Problems)
	}
	if v := verify(t, d, mailed); v.Whole() || !strings.Contains(v.Problems[0], "rewritten") {
		t.Errorf("problems %q", v.Problems)
	}
	mailed.N = 99
	if v := verify(t, d, mailed); v.Whole() {
		t.Error("a head of a longer log was found")
	}
}

func TestErasingTakesTheWordsAndLeavesTheChain(t *testing.T) {
	d, ann, _ := filled(t, 10)
	before := verify(t, d, consent.Head{}).Head
	inTx(t, d, func(tx *sql.Tx) error { // a line that is not sealed yet
		return consent.Append(ctx, tx, consent.Line{At: now, Subscriber: ann, Verb: "erase", Basis: "asked by letter", Network: "203.0.113.0/24"})
	})
	inTx(t, d, func(tx *sql.Tx) error {
		if err := consent.Blank(ctx, tx, ann, now); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `UPDATE subscribers SET salt = '', email = '', email_key = 'erased', state = 'erased' WHERE id = $1`, ann)
		return err
	})
	v := verify(t, d, before)
	if !v.Whole() || v.Erased != 11 || v.Lines != 21 || v.Open != 0 {
		t.Errorf("%+v", v)
	}
	lines, _ := consent.Lines(ctx, d, ann)
	for _, l := range lines {
		if l.Basis != "" || l.Network != "" {
			t.Errorf("kept of the erased: %+v", l)
		}
	}
}

func TestSealersOnManyNodesMakeOneChain(t *testing.T) {
	d := dbtest.Open(t)
	var ids []int64
	for i := range 4 {
		ids = append(ids, subscriber(t, d, fmt.Sprint(i), ""))
	}
	var group sync.WaitGroup
	for i := range 4 {
		group.Go(func() {
			for range 20 {
				err := d.Tx(ctx, func(tx *sql.Tx) error {
					return consent.Append(ctx, tx, consent.Line{At: now, Subscriber: ids[i], Verb: "join"})
				})
				if err == nil {
					_, err = consent.Seal(ctx, d, now)
				}
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	seal(t, d)
	if v := verify(t, d, consent.Head{}); !v.Whole() || v.Lines != 80 || v.Open != 0 {
		t.Errorf("%+v", v)
	}
}

func FuzzParseHead(f *testing.F) {
	f.Add("12-" + strings.Repeat("ab", 32))
	f.Add("x")
	f.Add("-1-00")
	f.Fuzz(func(t *testing.T, s string) {
		h, err := consent.ParseHead(s)
		if err != nil {
			return
		}
		again, err := consent.ParseHead(h.String())
		if err != nil || again != h || h.N < 1 {
			t.Errorf("%q: %+v, then %+v, %v", s, h, again, err)
		}
	})
}
