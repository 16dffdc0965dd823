package articles

import (
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"vestnik/db"
	"vestnik/db/dbtest"
)

func outlined(t *testing.T, d *db.DB, f Filter) string {
	t.Helper()
	all, err := Outlines(context.Background(), d, f)
	if err != nil {
		t.Fatal(err)
	}
	listed, err := List(context.Background(), d, f)
	if err != nil {
		t.Fatal(err)
	}
	for i, o := range all {
		a := listed[i]
		if want := (Outline{a.ID, a.GUID, a.Kind, a.URL, a.Language, a.Change, a.Published, a.Updated, a.Moment}); o != want {
			t.Errorf("%+v: %+v, want %+v", f, o, want)
		}
	}
	if len(all) != len(listed) {
		t.Errorf("%+v: %d outlines of %d articles", f, len(all), len(listed))
	}
	return strings.Join(titles(listed), " ")
}

// newsroom has articles of two sections, tags and authors, a week apart, briefs with and without a page, and some that
// are not public any more.
func newsroom(t *testing.T, d *db.DB) {
	t.Helper()
	for i, in := range []Input{
		{Title: "a", Section: "Касса", Tags: []string{"кино", "деньги"}, Authors: []string{"Анна"}},
		{Title: "b", Section: "касса", Tags: []string{"Кино"}, Authors: []string{"Боб", "Анна"}},
		{Title: "c", Section: "Касса", Tags: []string{"кино"}, Authors: []string{"Анна"}},
		{Title: "bare", Kind: KindBrief, Section: "Касса", Tags: []string{"кино"}},
		{Title: "linked", Kind: KindBrief, URL: "https://wire.example/1", Section: "Афиша"},
		{Title: "e", Tags: []string{"деньги"}},
		{Title: "withdrawn", Section: "Касса", Tags: []string{"кино"}, Authors: []string{"Анна"}},
		{Title: "removed", Section: "Касса", Tags: []string{"кино"}},
		{Title: "draft", Section: "Касса", Tags: []string{"кино"}, Draft: true},
		{Title: "withdrawn draft", Section: "Касса", Draft: true},
	} {
		in.Path, in.Published = fmt.Sprint("/", i), testNow.AddDate(0, 0, -7*i)
		a, _ := put(t, d, in, testNow)
		switch {
		case strings.HasPrefix(in.Title, "withdrawn"):
			turnTo(t, d, Withdraw, a.Slug, testNow.Add(time.Hour))
		case in.Title == "removed":
			turnTo(t, d, Remove, a.Slug, testNow.Add(2*time.Hour))
		}
	}
}

func TestOutlinesAreTheListWithoutTexts(t *testing.T) {
	d := dbtest.Open(t)
	newsroom(t, d)
	second := Filter{Tag: "kino", Limit: 1}
	first, err := Outlines(context.Background(), d, second)
	if err != nil || len(first) != 1 {
		t.Fatal(first, err)
	}
	second.Before, second.BeforeID = first[0].Moment, first[0].ID
	for _, test := range []struct {
		f    Filter
		want string
	}{
		{Filter{}, "a b c bare linked e"}, {Filter{Readable: true}, "a b c linked e"}, {Filter{Readable: true, Limit: 2}, "a b"},
		{Filter{Section: "kassa"}, "a b c bare"}, {Filter{Section: "kassa", Readable: true}, "a b c"},
		{Filter{Tag: "kino"}, "a b c bare"}, {Filter{Tag: "kino", Readable: true}, "a b c"}, {Filter{Author: "anna"}, "a b c"},
		{Filter{Tag: "dengi"}, "a e"}, {Filter{Tag: "kino", Author: "bob"}, "b"}, {Filter{Tag: "kino", Section: "afisha"}, ""},
		{Filter{Tag: "kino", State: AnyState}, "a b c bare withdrawn draft"}, {Filter{Tag: "kino", State: Withdrawn}, "withdrawn"},
		{Filter{Author: "anna", Since: testNow.AddDate(0, 0, -7)}, "a b"}, {second, "b"},
		{Filter{Kind: KindBrief, Readable: true}, "linked"}, {Filter{Tag: "none"}, ""},
	} {
		if got := outlined(t, d, test.f); got != test.want {
			t.Errorf("%+v: %q, want %q", test.f, got, test.want)
		}
	}
}

// The rows of tags carry the moment of their article, so they must move with it.
func TestATagFollowsTheDatesOfItsArticles(t *testing.T) {
	d := dbtest.Open(t)
	for i, title := range []string{"a", "b"} {
		put(t, d, Input{Title: title, Path: title, Hash: title, Tags: []string{"кино"}, Authors: []string{"Анна"}, Published: testNow.AddDate(0, 0, -i)}, testNow)
	}
	if got := outlined(t, d, Filter{Tag: "kino"}); got != "a b" {
		t.Error(got)
	}
	put(t, d, Input{Title: "a", Path: "a", Hash: "a2", Tags: []string{"кино"}, Authors: []string{"Анна"}, Published: testNow.AddDate(0, 0, -2)}, testNow)
	draft, _ := put(t, d, Input{Title: "c", Path: "c", Hash: "c", Tags: []string{"кино"}, Authors: []string{"Анна"}, Draft: true}, testNow.AddDate(0, 0, -9))
	turnTo(t, d, Publish, draft.Slug, testNow)
	for _, f := range []Filter{{Tag: "kino"}, {Author: "anna"}} {
		if got := outlined(t, d, f); got != "c b a" {
			t.Errorf("%+v: %s", f, got)
		}
	}
}

func TestDeletedAreThoseThatHadBeenPublic(t *testing.T) {
	d := dbtest.Open(t)
	newsroom(t, d)
	for _, test := range []struct {
		f    Filter
		want int
	}{
		{Filter{}, 2}, {Filter{Section: "kassa"}, 2}, {Filter{Section: "afisha"}, 0}, {Filter{Tag: "kino"}, 1}, {Filter{Author: "anna"}, 1},
		{Filter{Author: "bob"}, 0}, {Filter{Section: "kassa", Readable: true, State: Published, Before: testNow.AddDate(-1, 0, 0), Limit: 1}, 2},
	} {
		got, err := Deleted(context.Background(), d, test.f, 10)
		if err != nil || len(got) != test.want {
			t.Errorf("%+v: %+v, %v; want %d", test.f, got, err, test.want)
		}
	}
	got, err := Deleted(context.Background(), d, Filter{}, 1)
	if err != nil || len(got) != 1 || got[0].Change != currentChange(t, d) || !got[0].At.Equal(testNow.Add(2*time.Hour)) || !strings.HasPrefix(got[0].GUID, "tag:") {
		t.Errorf("%+v, %v; want the removed one, which is the newest change", got, err)
	}
	a, _ := put(t, d, Input{Title: "back", Path: "/back"}, testNow)
	turnTo(t, d, Withdraw, a.Slug, testNow)
	turnTo(t, d, Publish, a.Slug, testNow)
	if got, err := Deleted(context.Background(), d, Filter{}, 10); err != nil || len(got) != 2 {
		t.Errorf("one that is public again: %+v, %v", got, err)
	}
}

func TestCountsAreOfReadableArticles(t *testing.T) {
	d := dbtest.Open(t)
	newsroom(t, d)
	for kind, want := range map[string]string{"section": "afisha Афиша 1, kassa Касса 3", "tag": "dengi деньги 2, kino кино 3", "author": "anna Анна 3, bob Боб 1"} {
		all, err := Counts(context.Background(), d, kind)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, c := range all {
			got = append(got, fmt.Sprintf("%s %s %d", c.Slug, c.Name, c.Articles))
			if c.Slug == "kassa" && (!c.Updated.Equal(testNow) || c.Change != 3) {
				t.Errorf("%+v: want the update of a and the change of c", c)
			}
		}
		if strings.Join(got, ", ") != want {
			t.Errorf("%s: %q, want %q", kind, strings.Join(got, ", "), want)
		}
	}
	if _, err := Counts(context.Background(), d, "articles"); err == nil {
		t.Error("an unknown kind was counted")
	}
}

// planned notes how SQLite means to answer the questions that go through it.
type planned struct {
	*db.DB
	steps *[]string
}

func (p planned) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	steps, err := db.Collect(ctx, p.DB, func(row *sql.Rows) (step string, err error) {
		var id, parent, unused int64
		return step, row.Scan(&id, &parent, &unused, &step)
	}, "EXPLAIN QUERY PLAN "+query, args...)
	if err != nil {
		return nil, err
	}
	*p.steps = append(*p.steps, steps...)
	return p.DB.QueryContext(ctx, query, args...)
}

// The partial indexes are used only while the conditions read as theirs do, word for word.
func TestFeedsAreAnsweredFromIndexes(t *testing.T) {
	d := dbtest.OpenSQLite(t)
	ctx := context.Background()
	for _, test := range []struct {
		name, want string
		ask        func(h db.Handle) error
	}{
		{"site", "articles_readable (", func(h db.Handle) error { _, err := Outlines(ctx, h, Filter{Readable: true, Limit: 50}); return err }},
		{"section", "articles_readable_section (state=? AND section=?)", func(h db.Handle) error {
			_, err := Outlines(ctx, h, Filter{Readable: true, Section: "a", Limit: 50})
			return err
		}},
		{"tag", "article_tags_slug", func(h db.Handle) error {
			_, err := Outlines(ctx, h, Filter{Readable: true, Tag: "a", Limit: 50})
			return err
		}},
		{"author", "article_authors_slug", func(h db.Handle) error {
			_, err := Outlines(ctx, h, Filter{Author: "a", Before: testNow, Limit: 50})
			return err
		}},
		{"sections", "articles_readable_section", func(h db.Handle) error { _, err := Counts(ctx, h, "section"); return err }},
		{"tags", "articles_readable", func(h db.Handle) error { _, err := Counts(ctx, h, "tag"); return err }},
	} {
		var steps []string
		if err := test.ask(planned{d, &steps}); err != nil {
			t.Fatal(err)
		}
		plan := strings.Join(steps, "; ")
		if !strings.Contains(plan, test.want) || strings.Contains(plan, "SCAN articles;") || strings.Contains(plan, "ORDER BY") {
			t.Errorf("%s: %s; want %s, and no sorting", test.name, plan, test.want)
		}
	}
}

// archive fills the database with n articles an hour apart, each of 4 KB of text, of 50 sections, 200 tags and 50
// authors, every fifth with a headline alone beside it. It writes rows, because Put would take a minute for them.
func archive(t testing.TB, d *db.DB, n int) {
	t.Helper()
	ctx, r := context.Background(), rand.New(rand.NewPCG(1, 2))
	text := strings.Repeat("Слово и дело. ", 160)
	for start := 0; start < n; start += 1000 {
		err := d.Tx(ctx, func(tx *sql.Tx) error {
			for i := start; i < min(start+1000, n); i++ {
				if err := archived(ctx, tx, i, r, text); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

func archived(ctx context.Context, tx *sql.Tx, i int, r *rand.Rand, text string) error {
	at := testNow.Add(-time.Duration(10_000-i) * time.Hour)
	slug, section := fmt.Sprintf("novost-o-kino-i-tantse-nomer-%d", i), fmt.Sprint("section ", r.IntN(50))
	a := Article{ID: db.NewID(), Slug: slug, GUID: "tag:kino.example,2026-11-24:articles/" + slug, Kind: KindArticle, Title: "Новость о кино и танце",
		HTML: text, Text: text, Language: "ru", Section: Label{labelSlug(section), section}, Published: at, Updated: at, Seen: at, Moment: at, State: Published}
	for range 1 + r.IntN(5) {
		a.Tags = append(a.Tags, labels([]string{fmt.Sprint("tag ", r.IntN(200))})...)
	}
	a.Authors = labels([]string{fmt.Sprint("Author ", r.IntN(50))})
	if i%5 == 0 {
		brief := a
		brief.ID, brief.Slug, brief.GUID, brief.Kind, brief.HTML, brief.Text = db.NewID(), slug+"-b", a.GUID+"-b", KindBrief, "", ""
		brief.Tags, brief.Authors = nil, nil
		if err := insert(ctx, tx, record{Article: brief}); err != nil {
			return err
		}
	}
	return insert(ctx, tx, record{Article: a})
}

// insert is store without the words, for which Put would need minutes here.
func insert(ctx context.Context, tx *sql.Tx, r record) (err error) {
	if r.Change, err = nextChange(ctx, tx); err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, `INSERT INTO articles (`+columns+`) VALUES (`+db.Placeholders(1, len(values(r)))+`)`, values(r)...); err != nil {
		return err
	}
	if err := storeLabels(ctx, tx, "article_authors", r, r.Authors); err != nil {
		return err
	}
	if err := storeLabels(ctx, tx, "article_tags", r, r.Tags); err != nil {
		return err
	}
	return logChange(ctx, tx, r.ID, r.Change, "publish", r.Moment)
}

// BenchmarkOutlines reads what feeds ask of 10,000 articles.
func BenchmarkOutlines(b *testing.B) {
	d := dbtest.Open(b)
	archive(b, d, 10_000)
	ctx := context.Background()
	outlines := func(f Filter) func() error {
		f.Readable, f.Limit = true, 50
		return func() error {
			all, err := Outlines(ctx, d, f)
			if err == nil && len(all) != 50 {
				err = fmt.Errorf("%d outlines", len(all))
			}
			return err
		}
	}
	counts := func(kind string) func() error {
		return func() error { _, err := Counts(ctx, d, kind); return err }
	}
	for _, bench := range []struct {
		name string
		run  func() error
	}{
		{"site", outlines(Filter{})}, {"section", outlines(Filter{Section: "section-7"})}, {"tag", outlines(Filter{Tag: "tag-7"})},
		{"author", outlines(Filter{Author: "author-7"})}, {"older", outlines(Filter{Tag: "tag-7", Before: testNow.Add(-5000 * time.Hour)})},
		{"counts of sections", counts("section")}, {"counts of tags", counts("tag")}, {"counts of authors", counts("author")},
		{"deleted", func() error { _, err := Deleted(ctx, d, Filter{}, 50); return err }},
		{"deleted of a section", func() error { _, err := Deleted(ctx, d, Filter{Section: "section-7"}, 50); return err }},
		{"texts", func() error { _, err := List(ctx, d, Filter{Limit: 50}); return err }},
	} {
		b.Run(bench.name, func(b *testing.B) {
			for range b.N {
				if err := bench.run(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func TestWhatWasNeverPublicIsNotToldAsDeleted(t *testing.T) {
	d := dbtest.Open(t)
	a, _ := put(t, d, Input{Title: "a", Draft: true}, testNow)
	turnTo(t, d, Withdraw, a.Slug, testNow)
	put(t, d, Input{Slug: a.Slug, Title: "b", Section: "Касса"}, testNow)
	turnTo(t, d, Remove, a.Slug, testNow)
	if got, err := Deleted(context.Background(), d, Filter{}, 10); err != nil || len(got) != 0 || currentChange(t, d) != 0 {
		t.Errorf("%v, %v; change %d", got, err, currentChange(t, d))
	}
}

func TestAWithdrawnArticleThatMovesTakesItsTombstoneAlong(t *testing.T) {
	d := dbtest.Open(t)
	a, _ := put(t, d, Input{Title: "a", Section: "Касса", Tags: []string{"x"}}, testNow)
	a, _ = turnTo(t, d, Withdraw, a.Slug, testNow)
	same, _ := put(t, d, Input{Slug: a.Slug, Title: "b", HTML: "<p>b</p>", Section: "касса", Tags: []string{"X"}}, testNow)
	if same.Change != a.Change {
		t.Error("a text that nobody sees raised the change number")
	}
	moved, _ := put(t, d, Input{Slug: a.Slug, Title: "b", Section: "Афиша", Tags: []string{"x"}}, testNow)
	for section, want := range map[string]int{"kassa": 0, "afisha": 1} {
		if got, err := Deleted(context.Background(), d, Filter{Section: section}, 10); err != nil || len(got) != want || moved.Change <= a.Change || moved.State != Withdrawn {
			t.Errorf("section %s: %v, %v; change %d after %d", section, got, err, moved.Change, a.Change)
		}
	}
}

func TestTheLanguageOfASectionIsThatOfMostOfIt(t *testing.T) {
	d := dbtest.Open(t)
	for i, in := range []Input{{Language: "en", Section: "Both"}, {Language: "ru", Section: "Both"}, {Language: "en", Section: "World"}, {Language: "en", Section: "World"}, {Language: "ru", Section: "world"}} {
		in.Title, in.Path = "a", fmt.Sprint(i)
		put(t, d, in, testNow)
	}
	all, err := Counts(context.Background(), d, "section")
	var got []string
	for _, c := range all {
		got = append(got, fmt.Sprint(c.Name, " ", c.Language, " ", c.Articles))
	}
	if want := "Both  2, World en 3"; err != nil || strings.Join(got, ", ") != want {
		t.Errorf("%q, %v; want %q", strings.Join(got, ", "), err, want)
	}
}
