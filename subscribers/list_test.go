package subscribers

import (
	"database/sql"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"vestnik/db"
	"vestnik/db/dbtest"
	"vestnik/mail"
)

// listWorld has subscribers in every state.
func listWorld(t testing.TB, d *db.DB) {
	t.Helper()
	v := newVerbs(t)
	addActive(t, d, v, "daily", "ann@mail.example", "Bob@mail.example", "carl@пример.рф", "dora@mail.example", "emil@other.example")
	addActive(t, d, v, "weekly", "bob@mail.example", "dora@mail.example")
	mustJoin(t, d, v, "fred@mail.example", "daily", now.Add(time.Hour))
	leaveAll(t, d, "dora@mail.example")
	later := now.Add(48 * time.Hour)
	inTx(t, d, func(tx *sql.Tx) error {
		if err := Pause(ctx, tx, find(t, d, "carl@пример.рф").ID, "daily", later, Origin{}, now); err != nil {
			return err
		}
		for _, c := range []struct {
			email    string
			sections []string
		}{{"ann@mail.example", []string{"kino", "teatr"}}, {"bob@mail.example", []string{"kinoteatr"}}, {"emil@other.example", []string{"teatr"}}} {
			choice := Choices{Hour: -1, Digests: []Choice{{Digest: "daily", Wanted: true, Sections: c.sections}}}
			if err := Choose(ctx, tx, find(t, d, c.email).ID, choice, Origin{}, now); err != nil {
				return err
			}
		}
		if err := Suppress(ctx, tx, "emil@other.example", "complaint", now); err != nil {
			return err
		}
		return Suppress(ctx, tx, "zoe@mail.example", "by hand", later)
	})
	addActive(t, d, v, "daily", "gone@mail.example") // and one who is no subscriber any more
	inTx(t, d, func(tx *sql.Tx) error {
		return v.Erase(ctx, tx, find(t, d, "gone@mail.example").ID, "asked", Origin{}, now)
	})
}

func namesOf(all []Subscriber) string {
	var names []string
	for _, s := range all {
		name, _, _ := strings.Cut(s.Key, "@")
		names = append(names, name)
	}
	return strings.Join(names, " ")
}

func TestFiltersMeanWhomTheySay(t *testing.T) {
	d := dbtest.Open(t)
	listWorld(t, d)
	for _, c := range []struct {
		f    ListFilter
		want string
	}{
		{ListFilter{}, "ann bob carl dora emil fred"},
		{ListFilter{State: Active}, "ann bob emil"},
		{ListFilter{State: Pending}, "fred"},
		{ListFilter{State: Paused, Digest: "daily"}, "carl"},
		{ListFilter{State: Left}, "dora"},
		{ListFilter{State: Joined}, "ann bob carl emil fred"},
		{ListFilter{State: Joined, Digest: "weekly"}, "bob"},
		{ListFilter{State: Active, Digest: "weekly"}, "bob"},
		{ListFilter{Digest: "weekly"}, "bob dora"},
		{ListFilter{State: Suppressed}, "emil zoe"},
		{ListFilter{State: Suppressed, Digest: "daily"}, "emil"},
		{ListFilter{State: Suppressed, Domain: "mail.example"}, "zoe"},
		{ListFilter{State: Suppressed, Since: now.Add(time.Hour)}, "zoe"},
		{ListFilter{State: Suppressed, Search: "Em"}, "emil"},
		{ListFilter{State: Suppressed, AfterAddress: "emil@other.example"}, "zoe"},
		{ListFilter{Section: "kino"}, "ann"},
		{ListFilter{Section: "teatr"}, "ann emil"},
		{ListFilter{Section: "teatr", Digest: "daily", State: Active, WithoutSuppressed: true}, "ann"},
		{ListFilter{Section: "tea"}, ""},
		{ListFilter{Domain: "mail.example"}, "ann bob dora fred"},
		{ListFilter{Domain: "Mail.EXAMPLE", State: Active, Digest: "daily"}, "ann bob"},
		{ListFilter{Domain: "@ПРИМЕР.рф"}, "carl"},
		{ListFilter{Domain: "example"}, "error"},
		{ListFilter{Search: "bob@mail"}, "bob"},
		{ListFilter{Search: "B", State: Active, Digest: "daily"}, "bob"},
		{ListFilter{Search: "b%"}, ""},
		{ListFilter{Since: now.Add(time.Minute)}, "fred"},
		{ListFilter{Until: now}, ""},
		{ListFilter{State: Left, Since: now, Until: now.Add(time.Minute)}, "dora"},
		{ListFilter{State: Left, Since: now.Add(time.Minute)}, ""},
		{ListFilter{State: "gone"}, "error"},
	} {
		all, err := List(ctx, d, c.f)
		got := namesOf(all)
		if err != nil {
			got = "error"
		}
		if got != c.want {
			t.Errorf("List(%+v) = %q, %v; want %q", c.f, got, err, c.want)
		}
		if c.want == "error" || c.f.AfterAddress != "" {
			continue
		}
		if n, err := Matching(ctx, d, c.f); err != nil || int(n) != len(all) {
			t.Errorf("Matching(%+v) = %d, %v; want %d", c.f, n, err, len(all))
		}
	}
}

func TestListSaysWhoIsSuppressed(t *testing.T) {
	d := dbtest.Open(t)
	listWorld(t, d)
	all, err := List(ctx, d, ListFilter{Digest: "daily", State: Active})
	if err != nil || all[2].Suppressed != "complaint" || !all[2].SuppressedAt.Equal(now) || all[0].Suppressed != "" {
		t.Errorf("List = %+v, %v; want emil alone suppressed", all, err)
	}
	all, err = List(ctx, d, ListFilter{State: Suppressed})
	if err != nil || len(all) != 2 || all[1].ID != 0 || all[1].Email != "zoe@mail.example" || all[1].Suppressed != "by hand" || len(all[0].Subscriptions) != 1 {
		t.Errorf("List of suppressed = %+v, %v; want emil with his subscription and zoe without any", all, err)
	}
}

// TestPagesAreWhatTheWholeListIs pages through lists by every size, while others are changed.
func TestPagesAreWhatTheWholeListIs(t *testing.T) {
	d := dbtest.Open(t)
	listWorld(t, d)
	rapid.Check(t, func(t *rapid.T) {
		f := ListFilter{
			Digest:            rapid.SampledFrom([]string{"", "daily", "weekly"}).Draw(t, "digest"),
			State:             rapid.SampledFrom([]string{"", Active, Left, Joined, Suppressed}).Draw(t, "state"),
			Domain:            rapid.SampledFrom([]string{"", "mail.example"}).Draw(t, "domain"),
			Section:           rapid.SampledFrom([]string{"", "teatr"}).Draw(t, "section"),
			WithoutSuppressed: rapid.Bool().Draw(t, "without suppressed"),
		}
		whole, err := List(ctx, d, f)
		if err != nil {
			t.Fatal(err)
		}
		var paged []Subscriber
		for f.Limit = rapid.IntRange(1, 4).Draw(t, "limit"); ; {
			page, err := List(ctx, d, f)
			if err != nil {
				t.Fatal(err)
			}
			paged = append(paged, page...)
			if len(page) < f.Limit {
				break
			}
			f.After, f.AfterAddress = page[len(page)-1].ID, page[len(page)-1].Key
		}
		if namesOf(paged) != namesOf(whole) {
			t.Fatalf("pages of %+v hold %q, the whole %q", f, namesOf(paged), namesOf(whole))
		}
	})
}

func TestManyLeaveInSteps(t *testing.T) {
	d, v := dbtest.Open(t), newVerbs(t)
	var some, others []string
	for i := range massStep + 5 {
		some = append(some, fmt.Sprintf("r%03d@mail.example", i))
	}
	for i := range 3 {
		others = append(others, fmt.Sprintf("r%03d@other.example", i))
	}
	addActive(t, d, v, "daily", append(some, others...)...)
	addActive(t, d, v, "weekly", some[0], others[0])
	var seen []int64
	n, err := LeaveAll(ctx, d, ListFilter{Domain: "mail.example", Digest: "daily"}, "the domain is no more", now, func(done int64) { seen = append(seen, done) })
	if err != nil || n != massStep+5 || !slices.Equal(seen, []int64{massStep, massStep + 5}) {
		t.Fatalf("LeaveAll = %d, %v, progress %v", n, err, seen)
	}
	for _, c := range []struct {
		f    ListFilter
		want int64
	}{{ListFilter{Digest: "daily", State: Active}, 3}, {ListFilter{Digest: "daily", State: Left}, massStep + 5}, {ListFilter{Digest: "weekly", State: Active}, 2}} {
		if n, err := Matching(ctx, d, c.f); err != nil || n != c.want {
			t.Errorf("Matching(%+v) = %d, %v; want %d", c.f, n, err, c.want)
		}
	}
	lines, err := Consent(ctx, d, find(t, d, some[1]).ID)
	if last := lines[len(lines)-1]; err != nil || last.Verb != verbLeave || last.Basis != "the domain is no more" {
		t.Errorf("the last line of consent is %+v, %v", last, err)
	}
	if n, err := LeaveAll(ctx, d, ListFilter{Domain: "mail.example", Digest: "daily"}, "", now, nil); err != nil || n != 0 {
		t.Errorf("once more LeaveAll = %d, %v; want none", n, err)
	}
	if _, err := LeaveAll(ctx, d, ListFilter{State: Left}, "", now, nil); err == nil {
		t.Error("who has left can leave again")
	}
}

func TestManyAreSuppressedOnce(t *testing.T) {
	d, v := dbtest.Open(t), newVerbs(t)
	addActive(t, d, v, "daily", "ann@mail.example")
	addresses := []string{"Ann@mail.example", "ann@MAIL.example"}
	for i := range massStep {
		addresses = append(addresses, fmt.Sprintf("r%03d@mail.example", i))
	}
	if n, err := SuppressAll(ctx, d, addresses, "court order", now, nil); err != nil || n != massStep+1 {
		t.Fatalf("SuppressAll = %d, %v; want %d", n, err, massStep+1)
	}
	if reason, err := mail.Suppressed(ctx, d, "ann@mail.example"); err != nil || reason != "court order" {
		t.Errorf("ann: %q, %v", reason, err)
	}
	if n, err := SuppressAll(ctx, d, addresses, "again", now, nil); err != nil || n != 0 {
		t.Errorf("once more SuppressAll = %d, %v; want none", n, err)
	}
	if _, err := SuppressAll(ctx, d, []string{"bob@mail.example", "bad"}, "x", now, nil); !errors.Is(err, ErrAddress) {
		t.Errorf("a bad address: %v", err)
	}
	if n, err := Matching(ctx, d, ListFilter{State: Suppressed}); err != nil || n != massStep+1 {
		t.Errorf("suppressed in the end: %d, %v: the step with the bad address must not count", n, err)
	}
}

// explain returns SQLite's plan for a statement.
func explain(t testing.TB, d *db.DB, query string, args ...any) string {
	t.Helper()
	lines, err := db.Collect(ctx, d, func(row *sql.Rows) (string, error) {
		var id, parent, unused int64
		var detail string
		err := row.Scan(&id, &parent, &unused, &detail)
		return detail, err
	}, "EXPLAIN QUERY PLAN "+query, args...)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(lines, "\n")
}

// TestListsUseTheirIndexes looks at SQLite's plans. No page is sorted first, and where an index leads to those who are meant, nobody
// else is read.
func TestListsUseTheirIndexes(t *testing.T) {
	d := dbtest.OpenSQLite(t)
	const ofOne = "SEARCH u EXISTS USING COVERING INDEX subscriptions_digest (digest=? AND state=? AND subscriber=?)"
	for _, c := range []struct {
		f    ListFilter
		want []string
	}{
		{ListFilter{}, []string{"SEARCH s USING INDEX sqlite_autoindex_subscribers_1 (id>?)"}},
		{ListFilter{Domain: "x.org"}, []string{"SEARCH s USING INDEX subscribers_domain (domain=? AND id>?)"}},
		{ListFilter{Domain: "x.org", Digest: "daily", State: Active}, []string{"SEARCH s USING INDEX subscribers_domain (domain=? AND id>?)", ofOne}},
		{ListFilter{Domain: "x.org", Section: "kino"}, []string{"SEARCH s USING INDEX subscribers_domain (domain=? AND id>?)", "SEARCH u EXISTS USING INDEX sqlite_autoindex_subscriptions_1 (subscriber=?)"}},
		{ListFilter{Digest: "daily", State: Active}, []string{"SEARCH u USING COVERING INDEX subscriptions_digest (digest=? AND state=? AND subscriber>?)", "SEARCH s USING INDEX sqlite_autoindex_subscribers_1 (id=?)"}},
		{ListFilter{Digest: "daily", State: Left, Since: now, Search: "ann"}, []string{"SEARCH u USING INDEX subscriptions_digest (digest=? AND state=? AND subscriber>?)"}},
		{ListFilter{Digest: "daily", State: Joined}, []string{ofOne}},
		{ListFilter{State: Suppressed}, []string{"SCAN x USING INDEX sqlite_autoindex_suppressions_1", "SEARCH s USING INDEX sqlite_autoindex_subscribers_2 (email_key=?)"}},
		{ListFilter{State: Suppressed, AfterAddress: "a@x.org"}, []string{"SEARCH x USING INDEX sqlite_autoindex_suppressions_1 (email_key>?)"}},
	} {
		q, err := c.f.selection()
		if err != nil {
			t.Fatal(err)
		}
		query, args := q.page(c.f)
		plan := explain(t, d, query, args...)
		for _, want := range c.want {
			if !strings.Contains(plan, want) {
				t.Errorf("%+v: the plan is\n%s\nwant a line %q", c.f, plan, want)
			}
		}
		if strings.Contains(plan, "TEMP B-TREE") {
			t.Errorf("%+v: the page is sorted first:\n%s", c.f, plan)
		}
	}
	q, _ := ListFilter{Digest: "daily", State: Active}.selection()
	if plan := explain(t, d, q.count(), q.args...); plan != "SEARCH u USING COVERING INDEX subscriptions_digest (digest=? AND state=?)" {
		t.Errorf("the plan of a count is\n%s", plan)
	}
}

// manySubscribers fills an empty SQLite database with n subscribers of 1,000 domains: nine in ten have the daily, a tenth of these chose a
// section; one in ten has the weekly; one in fifty is suppressed. Each has a line of consent.
func manySubscribers(t testing.TB, d *db.DB, n int) {
	t.Helper()
	const count = `WITH RECURSIVE k(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM k WHERE i < $1) `
	for _, query := range []string{
		count + `INSERT INTO subscribers (id, email, email_key, domain, name, language, timezone, state, since)
			SELECT i * 7, 'reader' || i || '@d' || (i * 7919 % 1000) || '.example', 'reader' || i || '@d' || (i * 7919 % 1000) || '.example', 'd' || (i * 7919 % 1000) || '.example',
				'Читатель ' || i, '', '', 'active', 1700000000000 + i FROM k`,
		count + `INSERT INTO subscriptions (subscriber, digest, state, since, sections)
			SELECT i * 7, 'daily', CASE i % 20 WHEN 0 THEN 'left' ELSE 'active' END, 1700000000000 + i, CASE i % 10 WHEN 3 THEN 'kino teatr' ELSE '' END FROM k WHERE i % 10 <> 9`,
		count + `INSERT INTO subscriptions (subscriber, digest, state, since) SELECT i * 7, 'weekly', 'active', 1700000000000 + i FROM k WHERE i % 10 = 9`,
		count + `INSERT INTO consent (id, at, subscriber, digest, verb, basis) SELECT i, 1700000000000 + i, i * 7, 'daily', 'import', 'the old list' FROM k`,
		count + `INSERT INTO suppressions (email_key, reason, since) SELECT email_key, 'bounce', 1 FROM subscribers WHERE id % 50 = 0 AND id <= $1 * 7`,
	} {
		if _, err := d.ExecContext(ctx, query, int64(n)); err != nil {
			t.Fatal(err)
		}
	}
}

// BenchmarkList is what an admin asks of 50,000 subscribers.
func BenchmarkList(b *testing.B) { benchmarkList(b, 50_000) }

// BenchmarkListMillion is the same with a million. To fill the database takes a minute: it runs only where VESTNIK_BENCH_LARGE is set.
func BenchmarkListMillion(b *testing.B) {
	if os.Getenv("VESTNIK_BENCH_LARGE") == "" {
		b.Skip("set VESTNIK_BENCH_LARGE=1 to run it")
	}
	benchmarkList(b, 1_000_000)
}

func benchmarkList(b *testing.B, n int) {
	d := dbtest.OpenSQLite(b)
	manySubscribers(b, d, n)
	mustFind := func(b *testing.B) Subscriber {
		s, err := Find(ctx, d, fmt.Sprintf("reader%d@d%d.example", 777, 777*7919%1000))
		if err != nil {
			b.Fatal(err)
		}
		return s
	}
	for _, c := range []struct {
		name string
		f    ListFilter
	}{
		{"page", ListFilter{}},
		{"domain", ListFilter{Domain: "d77.example"}},
		{"domain-active", ListFilter{Domain: "d77.example", Digest: "daily", State: Active}},
		{"digest-active", ListFilter{Digest: "daily", State: Active}},
		{"left", ListFilter{Digest: "daily", State: Left}},
		{"left-any-digest", ListFilter{State: Left}},
		{"nobody-paused", ListFilter{State: Paused}},
		{"section", ListFilter{Digest: "daily", State: Active, Section: "teatr"}},
		{"section-nobody", ListFilter{Digest: "daily", State: Active, Section: "x"}},
		{"section-any-nobody", ListFilter{Section: "x"}},
		{"search", ListFilter{Search: "reader77777"}},
		{"suppressed", ListFilter{State: Suppressed}},
	} {
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				if _, err := List(ctx, d, c.f); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(c.name+"-count", func(b *testing.B) {
			for b.Loop() {
				if _, err := Matching(ctx, d, c.f); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("show", func(b *testing.B) {
		v := newVerbs(b)
		for b.Loop() {
			if _, err := v.Held(ctx, d, mustFind(b).ID); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("choose", func(b *testing.B) {
		s := mustFind(b)
		for i := 0; b.Loop(); i++ {
			choice := Choices{Hour: i % 24, Language: []string{"ru", "en"}[i%2], Digests: []Choice{{Digest: "weekly", Wanted: i%2 == 0}, {Digest: "daily", Wanted: true, Sections: []string{"kino", fmt.Sprint("s", i%2)}}}}
			if err := d.Tx(ctx, func(tx *sql.Tx) error {
				return Choose(ctx, tx, s.ID, choice, Origin{Wording: "Сохранить"}, now)
			}); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("totals", func(b *testing.B) {
		for b.Loop() {
			if _, err := Count(ctx, d); err != nil {
				b.Fatal(err)
			}
		}
	})
}
