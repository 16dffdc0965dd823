package subscribers

import (
	"database/sql"
	"errors"
	"testing"
	"time"

	"vestnik/db/dbtest"
	"vestnik/mail"
)

func TestConfirmationLinksExpireAfter48Hours(t *testing.T) {
	d, v := dbtest.Open(t), newVerbs(t)
	mustJoin(t, d, v, "ann@x.org", "daily", now)
	token := letters(t, d, "ann@x.org")[0].Private
	if _, _, err := confirm(t, d, token, now.Add(48*time.Hour)); !errors.Is(err, ErrExpired) {
		t.Errorf("after 48 hours: %v, want ErrExpired", err)
	}
	if _, _, err := Peek(ctx, d, token, now.Add(49*time.Hour)); !errors.Is(err, ErrExpired) {
		t.Errorf("Peek after 49 hours: %v, want ErrExpired", err)
	}
	for _, c := range []struct {
		after time.Duration
		want  error
	}{{confirmFor + keepExpired, ErrExpired}, {confirmFor + keepExpired + time.Second, ErrToken}} {
		if err := Housekeep(ctx, d, now.Add(c.after)); err != nil {
			t.Fatal(err)
		}
		if _, _, err := Peek(ctx, d, token, now.Add(c.after)); !errors.Is(err, c.want) {
			t.Errorf("after %v and housekeeping: %v, want %v", c.after, err, c.want)
		}
	}
}

func TestConfirmTakesNoOtherTokens(t *testing.T) {
	d, v := dbtest.Open(t), newVerbs(t)
	mustJoin(t, d, v, "ann@x.org", "daily", now)
	s := find(t, d, "ann@x.org")
	token := letters(t, d, "ann@x.org")[0].Private
	for what, wrong := range map[string]string{
		"random":      newToken(),
		"leave":       keys.Token(PurposeLeave, s.ID, "daily"),
		"preferences": keys.Token(PurposePreferences, s.ID, ""),
		"the hash":    tokenHash(token),
		"part":        token[:39],
		"empty":       "",
	} {
		if _, _, err := confirm(t, d, wrong, now); !errors.Is(err, ErrToken) {
			t.Errorf("%s: %v, want ErrToken", what, err)
		}
	}
	if _, _, err := keys.Read(PurposeLeave, token); !errors.Is(err, ErrToken) {
		t.Errorf("a confirmation token as one for leaving: %v, want ErrToken", err)
	}
	inTx(t, d, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE tokens SET purpose = 'other'`)
		return err
	})
	if _, _, err := confirm(t, d, token, now); !errors.Is(err, ErrToken) {
		t.Errorf("a token of another purpose: %v, want ErrToken", err)
	}
}

func TestAnAdminConfirmsWhatIsPending(t *testing.T) {
	d, v := dbtest.Open(t), newVerbs(t)
	by := func(digest, basis string) (s Subscriber, err error) {
		err = d.Tx(ctx, func(tx *sql.Tx) error {
			s, err = v.ConfirmByAdmin(ctx, tx, "Ann@x.org", digest, basis, now)
			return err
		})
		return s, err
	}
	if _, err := by("daily", "phone"); !errors.Is(err, ErrNotFound) {
		t.Errorf("unknown: %v, want ErrNotFound", err)
	}
	mustJoin(t, d, v, "ann@x.org", "daily", now)
	mustJoin(t, d, v, "ann@x.org", "weekly", now)
	addActive(t, d, v, "extra", "ann@x.org")
	inTx(t, d, func(tx *sql.Tx) error { return Leave(ctx, tx, find(t, d, "ann@x.org").ID, "extra", Origin{}, now) })
	if _, err := by("daily", " "); !errors.Is(err, ErrBasis) {
		t.Errorf("without a basis: %v, want ErrBasis", err)
	}
	if _, err := by("monthly", "phone"); !errors.Is(err, ErrNotFound) {
		t.Errorf("a digest never joined: %v, want ErrNotFound", err)
	}
	if _, err := by("extra", "phone"); !errors.Is(err, ErrLeft) {
		t.Errorf("a digest that was left: %v, want ErrLeft", err)
	}
	for range 2 {
		s, err := by("daily", "phone")
		if err != nil || s.Subscription("daily").State != Active || s.Subscription("weekly").State != Pending {
			t.Errorf("daily only: %+v, %v", s, err)
		}
	}
	s, err := by("", "phone")
	if err != nil || s.Subscription("weekly").State != Active || s.Subscription("extra").State != Left {
		t.Errorf("all that is pending: %+v, %v", s, err)
	}
	all, err := Consent(ctx, d, s.ID)
	n := 0
	for _, a := range all {
		if a.Verb == "confirm" && a.Basis == "phone" {
			n++
		}
	}
	if err != nil || n != 2 {
		t.Errorf("consent = %+v, %v; want two confirmations by phone", all, err)
	}
	inTx(t, d, func(tx *sql.Tx) error { return Suppress(ctx, tx, "ann@x.org", "complaint", now) })
	if _, err := by("", "phone"); !errors.Is(err, ErrSuppressed) {
		t.Errorf("suppressed: %v, want ErrSuppressed", err)
	}
}

func TestLeavingWithdrawsLetters(t *testing.T) {
	d, v := dbtest.Open(t), newVerbs(t)
	mustJoin(t, d, v, "ann@x.org", "daily", now)
	mustJoin(t, d, v, "ann@x.org", "weekly", now)
	mustJoin(t, d, v, "bob@x.org", "daily", now)
	ann := find(t, d, "ann@x.org")
	weekly := letters(t, d, "ann@x.org")[1]
	inTx(t, d, func(tx *sql.Tx) error {
		_, err := mail.Enqueue(ctx, tx, mail.Letter{Kind: "digest", Ref: 7, Recipient: ann.ID, Digest: "daily", Variant: "ru", Revision: 1}, now)
		return err
	})
	inTx(t, d, func(tx *sql.Tx) error { return Leave(ctx, tx, ann.ID, "daily", Origin{}, now) })
	if n := count(t, d, `SELECT COUNT(*) FROM letters WHERE recipient = $1 AND digest = 'daily' AND state <> 'suppressed'`, ann.ID); n != 0 {
		t.Errorf("%d letters of daily are still under way", n)
	}
	if got := letters(t, d, "ann@x.org"); len(got) != 1 || got[0].Ref != weekly.Ref {
		t.Errorf("letters left = %+v, want that of weekly", got)
	}
	if got := len(letters(t, d, "bob@x.org")); got != 1 {
		t.Errorf("bob has %d letters, want 1", got)
	}
	if _, _, err := confirm(t, d, weekly.Private, now); err != nil {
		t.Errorf("confirming weekly after leaving daily: %v", err)
	}
	inTx(t, d, func(tx *sql.Tx) error { return Leave(ctx, tx, 12345, "daily", Origin{}, now) }) // nobody: no oracle
}

func TestLeavingRollsBackWithItsTransaction(t *testing.T) {
	d, v := dbtest.Open(t), newVerbs(t)
	mustJoin(t, d, v, "ann@x.org", "daily", now)
	stop := errors.New("stop")
	err := d.Tx(ctx, func(tx *sql.Tx) error {
		if err := Leave(ctx, tx, find(t, d, "ann@x.org").ID, "", Origin{}, now); err != nil {
			return err
		}
		return stop
	})
	if !errors.Is(err, stop) {
		t.Fatal(err)
	}
	if got := stateIn(t, d, "ann@x.org", "daily"); got != Pending || len(letters(t, d, "ann@x.org")) != 1 {
		t.Errorf("after the rollback: state %q; want pending with its letter", got)
	}
}

func TestOpenFindsTheSubscriberOfALettersLink(t *testing.T) {
	d, v := dbtest.Open(t), newVerbs(t)
	addActive(t, d, v, "daily", "ann@x.org")
	ann := find(t, d, "ann@x.org")
	for _, digest := range []string{"daily", ""} {
		s, got, err := keys.Open(ctx, d, PurposeLeave, keys.Token(PurposeLeave, ann.ID, digest))
		if err != nil || s.ID != ann.ID || got != digest {
			t.Errorf("Open(%q) = %d, %q, %v", digest, s.ID, got, err)
		}
	}
	if _, _, err := keys.Open(ctx, d, PurposeLeave, keys.Token(PurposeLeave, ann.ID, "weekly")); !errors.Is(err, ErrToken) {
		t.Errorf("a digest never joined: %v, want ErrToken", err)
	}
	if _, _, err := keys.Open(ctx, d, PurposeLeave, keys.Token(PurposeLeave, 5, "daily")); !errors.Is(err, ErrNotFound) {
		t.Errorf("nobody: %v, want ErrNotFound", err)
	}
	got := keys.Personal(mail.Letter{Kind: "digest", Recipient: ann.ID, Digest: "daily"})
	if got.Leave != keys.Token(PurposeLeave, ann.ID, "daily") || got.Preferences != keys.Token(PurposePreferences, ann.ID, "") || got.Confirm != "" {
		t.Errorf("Personal = %+v", got)
	}
}

func TestSuppressingKeepsSubscriptionsAndStopsLetters(t *testing.T) {
	d, v := dbtest.Open(t), newVerbs(t)
	addActive(t, d, v, "daily", "ann@x.org")
	mustJoin(t, d, v, "ann@x.org", "weekly", now)
	err := d.Tx(ctx, func(tx *sql.Tx) error { return Suppress(ctx, tx, "ann@x.org", " ", now) })
	if err == nil {
		t.Error("a suppression without a reason was taken")
	}
	for range 2 {
		inTx(t, d, func(tx *sql.Tx) error { return Suppress(ctx, tx, "Ann@x.org", "complaint", now) })
	}
	if got := stateIn(t, d, "ann@x.org", "daily"); got != Active || len(letters(t, d, "ann@x.org")) != 0 {
		t.Errorf("state %q, letters %v; want active and none", got, letters(t, d, "ann@x.org"))
	}
	for _, want := range []bool{true, false} {
		inTx(t, d, func(tx *sql.Tx) error {
			lifted, err := Unsuppress(ctx, tx, "ann@x.org", now)
			if lifted != want {
				t.Errorf("Unsuppress = %v, want %v", lifted, want)
			}
			return err
		})
	}
	mustJoin(t, d, v, "ann@x.org", "extra", now)
	if got := len(letters(t, d, "ann@x.org")); got != 1 {
		t.Errorf("%d letters after the suppression was lifted, want 1", got)
	}
}
