package subscribers

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"vestnik/db"
	"vestnik/db/dbtest"
	"vestnik/mail"
	"vestnik/templates"
)

var (
	ctx = context.Background()
	now = time.Date(2026, 11, 24, 8, 0, 0, 0, time.UTC)
)

// shippedTemplates are read once: New renders every one of them.
var shippedTemplates = sync.OnceValues(func() (*templates.Set, error) { return templates.New(templates.Options{}) })

func newVerbs(t testing.TB) Verbs {
	t.Helper()
	set, err := shippedTemplates()
	if err != nil {
		t.Fatal(err)
	}
	return Verbs{
		Identity: mail.Identity{
			FromName: "Вестник кино", FromAddress: "digest@kino.example", Domain: "kino.example",
			SiteURL: "https://kino.example", Publisher: "Вестник кино", Secret: keys.Secret,
		},
		Templates: set,
		Site:      templates.Site{Title: "Вестник кино", URL: "https://kino.example", Language: "ru", Location: time.UTC},
		Keys:      keys,
		Digests: map[string]DigestInfo{
			"daily":   {"Самое читаемое", "ru"},
			"weekly":  {"The week", "en"},
			"monthly": {"Месяц", "ru"},
			"extra":   {"Экстренный выпуск", "ru"},
		},
	}
}

// inTx runs f in a transaction and fails the test if it fails.
func inTx(t testing.TB, d *db.DB, f func(tx *sql.Tx) error) {
	t.Helper()
	if err := d.Tx(ctx, f); err != nil {
		t.Fatal(err)
	}
}

func mustJoin(t testing.TB, d *db.DB, v Verbs, email, digest string, at time.Time) {
	t.Helper()
	if err := v.Join(ctx, d, email, digest, "", Origin{}, at); err != nil {
		t.Fatal(err)
	}
}

// addActive puts active subscribers into the database.
func addActive(t testing.TB, d *db.DB, v Verbs, digest string, emails ...string) {
	t.Helper()
	inTx(t, d, func(tx *sql.Tx) error {
		for _, email := range emails {
			if _, err := v.Add(ctx, tx, Adding{Email: email, Digests: []string{digest}, Confirmed: true, Basis: "paper form"}, now); err != nil {
				return err
			}
		}
		return nil
	})
}

func leaveAll(t testing.TB, d *db.DB, email string) {
	t.Helper()
	s := find(t, d, email)
	inTx(t, d, func(tx *sql.Tx) error { return Leave(ctx, tx, s.ID, "", Origin{}, now) })
}

func find(t testing.TB, d *db.DB, email string) Subscriber {
	t.Helper()
	s, err := Find(ctx, d, email)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// stateIn is the state of a subscription, "" if there is none or no subscriber.
func stateIn(t testing.TB, d *db.DB, email, digest string) string {
	t.Helper()
	s, err := Find(ctx, d, email)
	if err != nil && !errors.Is(err, ErrNotFound) {
		t.Fatal(err)
	}
	return s.Subscription(digest).State
}

// letters are the confirmation letters of an address that are still queued, oldest first.
func letters(t testing.TB, d *db.DB, email string) []mail.Letter {
	t.Helper()
	s, err := Find(ctx, d, email)
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	all, err := mail.List(ctx, d, mail.ListFilter{Kind: "confirm", State: "queued", Limit: 10_000})
	if err != nil {
		t.Fatal(err)
	}
	all = slices.DeleteFunc(all, func(l mail.Letter) bool { return l.Recipient != s.ID })
	slices.SortFunc(all, func(a, b mail.Letter) int { return int(a.Ref>>1 - b.Ref>>1) })
	return all
}

func confirm(t testing.TB, d *db.DB, token string, at time.Time) (s Subscriber, digest string, err error) {
	t.Helper()
	err = d.Tx(ctx, func(tx *sql.Tx) error {
		s, digest, err = Verbs{Keys: keys}.Confirm(ctx, tx, token, Origin{}, at)
		return err
	})
	return s, digest, err
}

func consentOf(t testing.TB, d *db.DB, email string) string {
	t.Helper()
	all, err := Consent(ctx, d, find(t, d, email).ID)
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, a := range all {
		lines = append(lines, fmt.Sprintf("%s %s", a.Verb, a.Digest))
	}
	return strings.Join(lines, ", ")
}

func count(t testing.TB, d *db.DB, query string, args ...any) (n int64) {
	t.Helper()
	if err := d.QueryRowContext(ctx, query, args...).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestNamesBecomeOneLineOfPlainText(t *testing.T) {
	for in, want := range map[string]string{
		" Анна\r\n Bcc: x ":      "Анна Bcc: x",
		"a\x00b\u202ec\xff":      "a bc\uFFFD",
		"e\u0301":                "\u00e9",
		strings.Repeat("щ", 300): strings.Repeat("щ", 200),
	} {
		if got := cleanName(in); got != want {
			t.Errorf("cleanName(%q) = %q, want %q", cut(in), cut(got), cut(want))
		}
	}
}

func TestListGivesPagesWithAllSubscriptions(t *testing.T) {
	d, v := dbtest.Open(t), newVerbs(t)
	addActive(t, d, v, "daily", "a@x.org", "b@x.org", "c@x.org", "d@x.org")
	addActive(t, d, v, "weekly", "b@x.org", "d@x.org")
	leaveAll(t, d, "c@x.org")
	inTx(t, d, func(tx *sql.Tx) error { return Suppress(ctx, tx, "d@x.org", "complaint", now) })
	for _, c := range []struct {
		f    ListFilter
		want string
	}{
		{ListFilter{}, "a b c d"},
		{ListFilter{Limit: 3}, "a b c"},
		{ListFilter{Digest: "daily", State: Active}, "a b d"},
		{ListFilter{Digest: "weekly"}, "b d"},
		{ListFilter{State: Left}, "c"},
		{ListFilter{WithoutSuppressed: true}, "a b c"},
		{ListFilter{Digest: "nothing"}, ""},
	} {
		all, err := List(ctx, d, c.f)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, s := range all {
			got = append(got, strings.TrimSuffix(s.Email, "@x.org"))
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("List(%+v) = %q, want %q", c.f, got, c.want)
		}
	}
	first, err := List(ctx, d, ListFilter{Limit: 2})
	if err != nil {
		t.Fatal(err)
	}
	if got := len(first[1].Subscriptions); got != 2 || first[1].Subscriptions[1].Digest != "weekly" {
		t.Errorf("subscriptions of b = %+v, want daily and weekly", first[1].Subscriptions)
	}
	next, err := List(ctx, d, ListFilter{Limit: 2, After: first[1].ID})
	if err != nil || len(next) != 2 || next[0].Email != "c@x.org" {
		t.Errorf("the second page = %+v, %v; want c and d", next, err)
	}
	totals, err := Count(ctx, d)
	want := []Total{{"daily", Active, 3}, {"daily", Left, 1}, {"weekly", Active, 2}}
	if err != nil || !slices.Equal(totals, want) {
		t.Errorf("Count = %+v, %v; want %+v", totals, err, want)
	}
}

func TestAudienceIsThoseActiveWhenTheEditionWasMade(t *testing.T) {
	d, v := dbtest.Open(t), newVerbs(t)
	addActive(t, d, v, "daily", "a@x.org", "b@x.org", "c@x.org", "gone@x.org", "barred@x.org")
	addActive(t, d, v, "weekly", "other@x.org")
	mustJoin(t, d, v, "pending@x.org", "daily", now)
	leaveAll(t, d, "gone@x.org")
	inTx(t, d, func(tx *sql.Tx) error {
		if err := Suppress(ctx, tx, "barred@x.org", "bounce", now); err != nil {
			return err
		}
		if err := SetLanguage(ctx, tx, find(t, d, "b@x.org").ID, "en", now); err != nil {
			return err
		}
		_, err := v.Add(ctx, tx, Adding{Email: "late@x.org", Digests: []string{"daily"}, Confirmed: true, Basis: "b"}, now.Add(time.Minute))
		return err
	})
	got := audience(t, d, "daily", []string{"ru", "en"}, 0, 0)
	want := "a ru, b en, c ru, barred ru" // whether an address may be mailed, mail asks when it sends
	if got != want {
		t.Errorf("audience = %q, want %q", got, want)
	}
	if got := audience(t, d, "daily", nil, 0, 0); got != "a ru, b ru, c ru, barred ru" {
		t.Errorf("audience without other languages = %q", got)
	}
	if got := audience(t, d, "daily", []string{"ru", "en"}, find(t, d, "a@x.org").ID, 2); got != "b en, c ru" {
		t.Errorf("the chunk of two after a = %q, want b and c", got)
	}
}

func audience(t *testing.T, d *db.DB, digest string, languages []string, after int64, limit int) string {
	t.Helper()
	query, args := Audience{Digest: digest, Variants: languages, Fallback: "ru", Until: now, After: after, Limit: limit}.Select(nil)
	type letter struct {
		to      int64
		variant string
	}
	letters, err := db.Collect(ctx, d, func(row *sql.Rows) (l letter, err error) {
		var notBefore, expires int64
		return l, row.Scan(&l.to, &l.variant, &notBefore, &expires)
	}, query, args...)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, l := range letters {
		s, err := Get(ctx, d, l.to)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, strings.TrimSuffix(s.Email, "@x.org")+" "+l.variant)
	}
	return strings.Join(all, ", ")
}

func TestAudienceNeedsNoSorting(t *testing.T) {
	d := dbtest.OpenSQLite(t)
	query, args := Audience{Digest: "daily", Variants: []string{"ru", "ru/kino"}, Fallback: "ru", Until: now, Limit: 5000}.Select([]Delivery{{Hour{"Asia/Sakhalin", 7}, now, now}})
	scan := func(row *sql.Rows) (detail string, err error) {
		var id, parent, unused int64
		err = row.Scan(&id, &parent, &unused, &detail)
		return detail, err
	}
	part := []any{"daily", Active, int64(0), int64(4999)}
	for _, c := range []struct {
		query string
		args  []any
		want  string
	}{
		{query, args, "SEARCH u USING INDEX subscriptions_digest (digest=? AND state=? AND subscriber>?"},
		{partQuery, part, "SEARCH subscriptions USING COVERING INDEX subscriptions_digest (digest=? AND state=? AND subscriber>?)"},
		{hoursQuery, []any{int64(0), int64(1)}, "SEARCH subscribers USING COVERING INDEX subscribers_hours (id>? AND id<?)"},
	} {
		plan, err := db.Collect(ctx, d, scan, "EXPLAIN QUERY PLAN "+c.query, c.args...)
		if err != nil {
			t.Fatal(err)
		}
		if all := strings.Join(plan, "\n"); strings.Contains(all, "ORDER BY") || !strings.Contains(all, c.want) {
			t.Errorf("the plan sorts or misses the index:\n%s\nwant %s", all, c.want)
		}
	}
}
