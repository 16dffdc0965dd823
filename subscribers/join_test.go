package subscribers

import (
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"vestnik/db"
	"vestnik/db/dbtest"
	"vestnik/mail"
)

func TestJoinConfirmLeave(t *testing.T) {
	d, v := dbtest.Open(t), newVerbs(t)
	mustJoin(t, d, v, "Ann@Example.org", "daily", now)
	if got := stateIn(t, d, "ann@example.org", "daily"); got != Pending {
		t.Errorf("after joining the state is %q, want pending", got)
	}
	sent := letters(t, d, "ann@example.org")
	if len(sent) != 1 || len(sent[0].Private) != tokenLength || sent[0].Variant != "ru" {
		t.Fatalf("letters = %+v, want one in Russian with a token", sent)
	}
	token := sent[0].Private
	s, digest, err := Peek(ctx, d, token, now.Add(time.Hour))
	if err != nil || digest != "daily" || s.Email != "Ann@example.org" {
		t.Errorf("Peek = %q, %q, %v", s.Email, digest, err)
	}
	if got := stateIn(t, d, "ann@example.org", "daily"); got != Pending {
		t.Errorf("after Peek the state is %q, want pending: GET changes nothing", got)
	}
	later := now.Add(47 * time.Hour)
	for range 3 { // a second POST says the same
		s, digest, err = confirm(t, d, strings.ToUpper(token), later)
		if err != nil || digest != "daily" || s.Subscription("daily").State != Active || !s.Subscription("daily").Since.Equal(later) {
			t.Fatalf("Confirm = %+v, %q, %v; want active since %v", s, digest, err, later)
		}
	}
	for range 2 {
		inTx(t, d, func(tx *sql.Tx) error { return Leave(ctx, tx, s.ID, "daily", Origin{}, later.Add(time.Minute)) })
		if got := stateIn(t, d, "ann@example.org", "daily"); got != Left {
			t.Errorf("after leaving the state is %q", got)
		}
	}
	if _, _, err := confirm(t, d, token, now); !errors.Is(err, ErrToken) {
		t.Errorf("Confirm after leaving: %v, want ErrToken", err)
	}
	if got, want := consentOf(t, d, "ann@example.org"), "join daily, confirm daily, leave daily"; got != want {
		t.Errorf("consent = %q, want %q", got, want)
	}
}

func TestTheMasterOfAConfirmationHoldsNoToken(t *testing.T) {
	d, v := dbtest.Open(t), newVerbs(t)
	if err := v.Join(ctx, d, "ann@example.org", "daily", "en", Origin{}, now); err != nil {
		t.Fatal(err)
	}
	l := letters(t, d, "ann@example.org")[0]
	m, err := mail.GetMaster(ctx, d, l.Ref, l.Revision, l.Variant)
	if err != nil {
		t.Fatal(err)
	}
	if l.Variant != "en" {
		t.Errorf("the letter's language is %q, want the one asked for", l.Variant)
	}
	bytes := strings.ReplaceAll(string(m.Bytes), "=\r\n", "")
	if !strings.Contains(bytes, "https://kino.example/confirm/"+mail.HoleConfirm) || strings.Contains(bytes, l.Private) || strings.Contains(bytes, "ann@") {
		t.Errorf("the master copy must hold the hole and nothing personal:\n%s", bytes)
	}
	if !l.Expires.Equal(now.Add(48 * time.Hour)) {
		t.Errorf("the letter expires at %v, want 48 hours on", l.Expires)
	}
	if n := count(t, d, `SELECT COUNT(*) FROM tokens WHERE hash = $1`, l.Private); n != 0 {
		t.Error("the token itself is stored, not its hash")
	}
}

func TestTheLetterIsInALanguageThatIsShipped(t *testing.T) {
	d, v := dbtest.Open(t), newVerbs(t)
	v.Digests["odd"] = DigestInfo{"Odd", "tlh"}
	for i, c := range []struct{ asked, digest, want string }{
		{"", "daily", "ru"}, {"", "weekly", "en"}, {"en", "daily", "en"}, {"tlh", "weekly", "en"}, {"", "odd", "ru"},
	} {
		email := fmt.Sprintf("r%d@example.org", i)
		if err := v.Join(ctx, d, email, c.digest, c.asked, Origin{}, now); err != nil {
			t.Fatal(err)
		}
		if got := letters(t, d, email)[0].Variant; got != c.want {
			t.Errorf("asked %q of %s: letter in %q, want %q", c.asked, c.digest, got, c.want)
		}
	}
}

var joinCases = []struct {
	name    string
	prepare func(t testing.TB, d *db.DB, v Verbs, email string)
	state   string // afterwards
	sent    int    // letters queued afterwards
}{
	{"unknown", func(t testing.TB, d *db.DB, v Verbs, email string) {}, Pending, 1},
	{"pending with a letter of today", func(t testing.TB, d *db.DB, v Verbs, email string) {
		mustJoin(t, d, v, email, "daily", now.Add(time.Second-24*time.Hour))
	}, Pending, 1},
	{"pending with a letter of yesterday", func(t testing.TB, d *db.DB, v Verbs, email string) {
		mustJoin(t, d, v, email, "daily", now.Add(-24*time.Hour))
	}, Pending, 2},
	{"active", func(t testing.TB, d *db.DB, v Verbs, email string) { addActive(t, d, v, "daily", email) }, Active, 0},
	{"left", func(t testing.TB, d *db.DB, v Verbs, email string) {
		addActive(t, d, v, "daily", email)
		leaveAll(t, d, email)
	}, Pending, 1},
	{"left today after joining by the form", func(t testing.TB, d *db.DB, v Verbs, email string) {
		mustJoin(t, d, v, email, "daily", now.Add(-time.Hour))
		leaveAll(t, d, email)
	}, Left, 0},
	{"active in another digest", func(t testing.TB, d *db.DB, v Verbs, email string) {
		addActive(t, d, v, "weekly", email)
	}, Pending, 1},
	{"suppressed and unknown", suppress, "", 0},
	{"suppressed and pending", func(t testing.TB, d *db.DB, v Verbs, email string) {
		mustJoin(t, d, v, email, "daily", now.Add(-24*time.Hour))
		suppress(t, d, v, email)
	}, Pending, 0},
	{"suppressed and active", func(t testing.TB, d *db.DB, v Verbs, email string) {
		addActive(t, d, v, "daily", email)
		suppress(t, d, v, email)
	}, Active, 0},
	{"three letters of other digests today", func(t testing.TB, d *db.DB, v Verbs, email string) {
		for _, digest := range []string{"weekly", "monthly", "extra"} {
			mustJoin(t, d, v, email, digest, now.Add(-time.Hour))
		}
	}, "", 3},
	{"erased", func(t testing.TB, d *db.DB, v Verbs, email string) {
		addActive(t, d, v, "weekly", email)
		inTx(t, d, func(tx *sql.Tx) error {
			_, err := tx.ExecContext(ctx, `UPDATE subscribers SET state = $1 WHERE email_key = $2`, stateErased, email)
			return err
		})
	}, Pending, 1},
}

func suppress(t testing.TB, d *db.DB, _ Verbs, email string) {
	t.Helper()
	inTx(t, d, func(tx *sql.Tx) error { return Suppress(ctx, tx, email, "complaint", now) })
}

// A stranger who fills in the form learns nothing, and only those get a letter who may need one.
func TestJoinAnswersTheSameForEveryStateOfAnAddress(t *testing.T) {
	d, v := dbtest.Open(t), newVerbs(t)
	for i, c := range joinCases {
		t.Run(c.name, func(t *testing.T) {
			email := fmt.Sprintf("ann%d@x.org", i)
			c.prepare(t, d, v, email)
			if err := v.Join(ctx, d, strings.ToUpper(email), "daily", "", Origin{}, now); err != nil {
				t.Errorf("Join: %v, want nil", err)
			}
			if got := stateIn(t, d, email, "daily"); got != c.state {
				t.Errorf("the state is %q, want %q", got, c.state)
			}
			if got := len(letters(t, d, email)); got != c.sent {
				t.Errorf("%d letters queued, want %d", got, c.sent)
			}
		})
	}
}

func TestJoinRefusesOnlyBadAddressesAndUnknownDigests(t *testing.T) {
	d, v := dbtest.Open(t), newVerbs(t)
	if err := v.Join(ctx, d, "ann", "daily", "", Origin{}, now); !errors.Is(err, ErrAddress) {
		t.Errorf("bad address: %v", err)
	}
	err := v.Join(ctx, d, "ann@x.org", "hourly", "", Origin{}, now)
	if !errors.Is(err, ErrDigest) || !strings.Contains(err.Error(), "daily, extra, monthly, weekly") {
		t.Errorf("unknown digest: %v, want a sentence with the names", err)
	}
	if n := count(t, d, `SELECT COUNT(*) FROM subscribers`); n != 0 {
		t.Errorf("%d subscribers after refusals, want 0", n)
	}
}

func TestManyJoinsAtOnceSendOneLetter(t *testing.T) {
	d, v := dbtest.Open(t), newVerbs(t)
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			if err := v.Join(ctx, d, "ann@x.org", "daily", "", Origin{}, now); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if got := len(letters(t, d, "ann@x.org")); got != 1 {
		t.Errorf("%d letters, want 1", got)
	}
}

func TestAddWithABasisIsActiveAtOnce(t *testing.T) {
	d, v := dbtest.Open(t), newVerbs(t)
	add := func(a Adding) (s Subscriber, err error) {
		err = d.Tx(ctx, func(tx *sql.Tx) error {
			s, err = v.Add(ctx, tx, a, now)
			return err
		})
		return s, err
	}
	a := Adding{Email: "Ann@x.org", Name: "Анна\n", Language: "en", Digests: []string{"daily", "weekly"}, Confirmed: true}
	if _, err := add(a); !errors.Is(err, ErrBasis) {
		t.Errorf("confirmed without a basis: %v, want ErrBasis", err)
	}
	a.Basis = "paper form"
	for range 2 {
		s, err := add(a)
		if err != nil || s.Name != "Анна" || s.Language != "en" || s.Subscription("weekly").State != Active {
			t.Errorf("Add = %+v, %v", s, err)
		}
	}
	if got := consentOf(t, d, "ann@x.org"); got != "add daily, add weekly" {
		t.Errorf("consent = %q: adding again must add none", got)
	}
	for what, bad := range map[string]Adding{
		"no digest":      {Email: "b@x.org"},
		"unknown digest": {Email: "b@x.org", Digests: []string{"x"}},
		"bad address":    {Email: "b@", Digests: []string{"daily"}},
		"bad language":   {Email: "b@x.org", Digests: []string{"daily"}, Language: "tlh"},
	} {
		if _, err := add(bad); err == nil {
			t.Errorf("%s: no error", what)
		}
	}
	leaveAll(t, d, "ann@x.org")
	s, err := add(Adding{Email: "ann@x.org", Digests: []string{"daily", "daily"}})
	if err != nil || s.Subscription("daily").State != Pending || len(letters(t, d, "ann@x.org")) != 1 {
		t.Errorf("adding one who left = %+v, %v; want pending with a letter", s, err)
	}
	inTx(t, d, func(tx *sql.Tx) error { return Suppress(ctx, tx, "ann@x.org", "complaint", now) })
	if _, err := add(a); !errors.Is(err, ErrSuppressed) || !strings.Contains(err.Error(), "complaint") {
		t.Errorf("adding a suppressed address: %v, want ErrSuppressed with the reason", err)
	}
}
