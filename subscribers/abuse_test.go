package subscribers

import (
	"database/sql"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"vestnik/db"
	"vestnik/db/dbtest"
	"vestnik/mail"
	"vestnik/subscribers/limits"
)

// full tells whether tests shall do all that they can: VESTNIK_TEST_FULL=1 stands for ten times as much, which takes minutes.
func full() bool { return os.Getenv("VESTNIK_TEST_FULL") != "" }

// networkNo makes the i-th of many networks.
func networkNo(i int) netip.Prefix {
	return netip.PrefixFrom(netip.AddrFrom4([4]byte{11, byte(i >> 8), byte(i), 0}), 24)
}

func TestAFloodOfRequestsForOneVictimCausesOneLetter(t *testing.T) {
	d, v := dbtest.Open(t), newVerbs(t)
	v.Tally = new(limits.Tally)
	n := 1000
	if full() {
		n = 10_000
	}
	for i := range n {
		if err := v.Join(ctx, d, "victim@example.org", "daily", "", Origin{Network: networkNo(i)}, now.Add(time.Duration(i)*time.Second)); err != nil {
			t.Fatal(err)
		}
	}
	if got := len(letters(t, d, "victim@example.org")); got != 1 {
		t.Errorf("%d letters, want 1", got)
	}
	if got := count(t, d, `SELECT COUNT(*) FROM join_counts`); got > 10 {
		t.Errorf("%d rows of counts, want a handful", got)
	}
	if got := consentOf(t, d, "victim@example.org"); got != "join daily" {
		t.Errorf("consent = %q", got)
	}
	if err := v.Tally.Flush(ctx, d, now); err != nil {
		t.Fatal(err)
	}
	if refused, err := limits.Refused(ctx, d, now); err != nil || refused[limits.Address] != int64(n-1) {
		t.Errorf("refused %v (%v), want %d for the address", refused, err, n-1)
	}
}

func TestASprayFromOneNetworkIsStoppedAndSaysSo(t *testing.T) {
	d, v := dbtest.Open(t), newVerbs(t)
	refused := 0
	for i := range 100 {
		err := v.Join(ctx, d, fmt.Sprintf("reader%d@d%d.example", i, i), "daily", "", Origin{Network: networkNo(1)}, now)
		if errors.Is(err, ErrTooMany) {
			refused++
		} else if err != nil {
			t.Fatal(err)
		}
	}
	if want := 100 - limits.Defaults.Network; refused != want {
		t.Errorf("%d were refused, want %d", refused, want)
	}
	if got := count(t, d, `SELECT COUNT(*) FROM subscribers`); got != int64(limits.Defaults.Network) {
		t.Errorf("%d subscribers, want %d: who is refused leaves nothing", got, limits.Defaults.Network)
	}
}

func TestNetworksOfOurOwnHaveNoLimit(t *testing.T) {
	d, v := dbtest.Open(t), newVerbs(t)
	v.Limits = limits.Defaults
	v.Limits.Network = 1
	for i, network := range []string{"127.0.0.0/24", "127.0.0.0/24", "192.168.1.0/24", "192.168.1.0/24", "10.1.2.0/24", "10.1.2.0/24", "fd00::/48", "fd00::/48", ""} {
		o := Origin{}
		if network != "" {
			o.Network = netip.MustParsePrefix(network)
		}
		if err := v.Join(ctx, d, fmt.Sprintf("r%d@example.org", i), "daily", "", o, now); err != nil {
			t.Errorf("from %q: %v", network, err)
		}
	}
}

// States of an address, as a stranger must not tell them apart.
var tenStates = map[string]func(t testing.TB, d *db.DB, v Verbs, email string){
	"new": func(testing.TB, *db.DB, Verbs, string) {},
	"pending, yesterday": func(t testing.TB, d *db.DB, v Verbs, email string) {
		mustJoin(t, d, v, email, "daily", now.Add(-25*time.Hour))
	},
	"pending, today": func(t testing.TB, d *db.DB, v Verbs, email string) {
		mustJoin(t, d, v, email, "daily", now.Add(-time.Hour))
	},
	"active": func(t testing.TB, d *db.DB, v Verbs, email string) { addActive(t, d, v, "daily", email) },
	"paused": func(t testing.TB, d *db.DB, v Verbs, email string) {
		addActive(t, d, v, "daily", email)
		inTx(t, d, func(tx *sql.Tx) error {
			return Pause(ctx, tx, find(t, d, email).ID, "daily", now.Add(time.Hour), Origin{}, now)
		})
	},
	"left": func(t testing.TB, d *db.DB, v Verbs, email string) {
		addActive(t, d, v, "daily", email)
		leaveAll(t, d, email)
	},
	"suppressed": suppress,
	"forgotten": func(t testing.TB, d *db.DB, v Verbs, email string) {
		inTx(t, d, func(tx *sql.Tx) error {
			_, err := tx.ExecContext(ctx, `INSERT INTO forgotten (hash, reason, since) VALUES ($1, 'complaint', 1)`, v.Keys.hash(email))
			return err
		})
	},
	"blocked": func(t testing.TB, d *db.DB, v Verbs, email string) {
		inTx(t, d, func(tx *sql.Tx) error { return v.Block(ctx, tx, email, now) })
	},
	"over the limit": func(t testing.TB, d *db.DB, v Verbs, email string) {
		for i, digest := range []string{"weekly", "monthly", "extra"} {
			mustJoin(t, d, v, email, digest, now.Add(-time.Duration(i+1)*time.Hour))
		}
	},
}

// No clock is needed to see that the work is the same: every request writes as many rows, and takes back those that must not
// stay. SQLite counts rows written, also those taken back.
func TestTheWorkOfAJoinIsTheSameForTenStatesOfAnAddress(t *testing.T) {
	d, v := dbtest.OpenSQLite(t), newVerbs(t) // PostgreSQL does not count the rows that a transaction took back
	written := func() (n int64) {
		inTx(t, d, func(tx *sql.Tx) error { return tx.QueryRowContext(ctx, `SELECT total_changes()`).Scan(&n) })
		return n
	}
	mustJoin(t, d, v, "first@example.org", "daily", now) // from now on the hour's rows are there
	work := map[int64][]string{}
	i := 0
	for name, prepare := range tenStates {
		email := fmt.Sprintf("reader%d@example.org", i)
		i++
		prepare(t, d, v, email)
		before := written()
		mustJoin(t, d, v, email, "daily", now)
		n := written() - before
		work[n] = append(work[n], name)
	}
	if len(work) != 1 {
		t.Errorf("rows written by a join: %v; want as many for each state", work)
	}
}

func TestBlockedAndForgottenAddressesGetNoLetterUntilTheyAreAllowed(t *testing.T) {
	d, v := dbtest.Open(t), newVerbs(t)
	for _, name := range []string{"blocked", "forgotten"} {
		email := name + "@example.org"
		tenStates[name](t, d, v, email)
		mustJoin(t, d, v, email, "daily", now)
		if got := len(letters(t, d, email)); got != 0 {
			t.Errorf("%s: %d letters", name, got)
		}
		if n := count(t, d, `SELECT COUNT(*) FROM subscribers WHERE email_key = $1`, email); n != 0 {
			t.Errorf("%s: the address is kept by a request that must not count", name)
		}
	}
	err := d.Tx(ctx, func(tx *sql.Tx) error {
		_, err := v.Add(ctx, tx, Adding{Email: "blocked@example.org", Digests: []string{"daily"}}, now)
		return err
	})
	if !errors.Is(err, ErrBlocked) {
		t.Errorf("an admin's letter to a blocked address: %v, want ErrBlocked", err)
	}
	addActive(t, d, v, "weekly", "blocked@example.org") // on a basis no letter is needed
	for _, want := range []bool{true, false} {
		inTx(t, d, func(tx *sql.Tx) error {
			lifted, err := v.Unblock(ctx, tx, "BLOCKED@example.org", Origin{}, now)
			if lifted != want {
				t.Errorf("lifted = %v, want %v", lifted, want)
			}
			return err
		})
	}
	mustJoin(t, d, v, "blocked@example.org", "daily", now)
	if got := len(letters(t, d, "blocked@example.org")); got != 1 {
		t.Errorf("after the block is lifted: %d letters, want 1 on the same day", got)
	}
}

func TestNotMeEndsWhatWasNotConfirmedAndWhatAStrangerConfirmed(t *testing.T) {
	d, v := dbtest.Open(t), newVerbs(t)
	mustJoin(t, d, v, "ann@example.org", "daily", now)
	mustJoin(t, d, v, "ann@example.org", "monthly", now)
	addActive(t, d, v, "weekly", "ann@example.org")
	sent := letters(t, d, "ann@example.org")
	if _, _, err := confirm(t, d, sent[0].Private, now); err != nil {
		t.Fatal(err)
	}
	personal := v.Keys.Personal(sent[0])
	for range 2 {
		inTx(t, d, func(tx *sql.Tx) error {
			_, digest, err := v.NotMe(ctx, tx, personal.NotMe, Origin{}, now)
			if digest != sent[0].Digest {
				t.Errorf("digest %q, want %q", digest, sent[0].Digest)
			}
			return err
		})
	}
	for digest, want := range map[string]string{"daily": Left, "monthly": Left, "weekly": Active} {
		if got := stateIn(t, d, "ann@example.org", digest); got != want {
			t.Errorf("%s is %q, want %q", digest, got, want)
		}
	}
	if got := len(letters(t, d, "ann@example.org")); got != 0 {
		t.Errorf("%d confirmation letters are still queued", got)
	}
	if n := count(t, d, `SELECT COUNT(*) FROM join_blocks WHERE hash = $1`, v.Keys.hash("ann@example.org")); n != 1 {
		t.Errorf("%d blocks", n)
	}
	if got := consentOf(t, d, "ann@example.org"); strings.Count(got, "block") != 1 || strings.Count(got, "leave") != 2 {
		t.Errorf("consent = %q", got)
	}
}

// The seam for the listener of inbound mail.
func TestJoiningByMailIsAFormWithoutAForm(t *testing.T) {
	d, v := dbtest.Open(t), newVerbs(t)
	for recipient, want := range map[string]error{"join@kino.example": ErrDigest, "join+hourly@kino.example": ErrDigest, "JOIN+Daily@kino.example": nil} {
		if err := v.JoinByMail(ctx, d, "Ann@Example.org", recipient, "", now); !errors.Is(err, want) {
			t.Errorf("to %s: %v, want %v", recipient, err, want)
		}
	}
	if err := v.JoinByMail(ctx, d, "", "join+daily@kino.example", "", now); !errors.Is(err, ErrAddress) {
		t.Errorf("from nobody: %v", err)
	}
	sent := letters(t, d, "ann@example.org")
	if len(sent) != 1 || sent[0].Digest != "daily" || stateIn(t, d, "ann@example.org", "daily") != Pending {
		t.Fatalf("letters %+v", sent)
	}
	if err := v.JoinByMail(ctx, d, "ann@example.org", "join+daily@kino.example", "", now.Add(time.Hour)); err != nil || len(letters(t, d, "ann@example.org")) != 1 {
		t.Errorf("again: %v, %d letters, want 1", err, len(letters(t, d, "ann@example.org")))
	}
	v.Digests = map[string]DigestInfo{"daily": v.Digests["daily"]}
	if err := v.JoinByMail(ctx, d, "bob@example.org", "join@kino.example", "en", now); err != nil || len(letters(t, d, "bob@example.org")) != 1 {
		t.Errorf("join@ with one digest: %v", err)
	}
	lines, err := Consent(ctx, d, find(t, d, "bob@example.org").ID)
	if err != nil || len(lines) != 1 || lines[0].Basis != "letter to join@kino.example" || lines[0].Wording != "" {
		t.Errorf("consent %+v (%v)", lines, err)
	}
}

func TestTheLetterHasALinkForWhoDidNotAskAndHoldsNothingTyped(t *testing.T) {
	d, v := dbtest.Open(t), newVerbs(t)
	if err := v.Join(ctx, d, "Buy.Cheap!{PILLS}@spam.example", "daily", "en", Origin{Wording: "shown"}, now); err != nil {
		t.Fatal(err)
	}
	l := letters(t, d, "buy.cheap!{pills}@spam.example")[0]
	m, err := mail.GetMaster(ctx, d, l.Ref, l.Revision, l.Variant)
	if err != nil {
		t.Fatal(err)
	}
	text := strings.ReplaceAll(string(m.Bytes), "=\r\n", "")
	if !strings.Contains(text, "https://kino.example/not-me/"+mail.HoleNotMe) {
		t.Error("no link for who did not ask")
	}
	for _, typed := range []string{"Buy", "PILLS", "spam.example"} {
		if strings.Contains(text, typed) {
			t.Errorf("the letter holds %q", typed)
		}
	}
}

// FuzzTokens: whatever stands in a link, it opens nothing but what it was made for.
func FuzzTokens(f *testing.F) {
	for _, purpose := range []string{PurposeLeave, PurposePreferences, PurposeNotMe} {
		f.Add(purpose, keys.Token(purpose, 1, "daily"))
		f.Add(purpose, strings.ToUpper(keys.Token(purpose, 1<<62, "")))
	}
	f.Add(PurposeLeave, strings.Repeat("a", 40))
	f.Add(PurposeNotMe, "\x00\r\n\u202e")
	purposes := []string{PurposeLeave, PurposePreferences, PurposeNotMe, purposeConfirm}
	f.Fuzz(func(t *testing.T, purpose, token string) {
		id, _, err := keys.Read(purpose, token)
		if err != nil {
			if !errors.Is(err, ErrToken) {
				t.Errorf("%q: %v", token, err)
			}
			return
		}
		for _, other := range purposes {
			if _, _, err := keys.Read(other, token); err == nil && other != purpose {
				t.Errorf("a token of %q for subscriber %d opens %q", purpose, id, other)
			}
		}
	})
}
