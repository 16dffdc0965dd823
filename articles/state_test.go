package articles

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"vestnik/db"
	"vestnik/db/dbtest"
)

type stateVerb func(ctx context.Context, tx *sql.Tx, slug string, now time.Time) (Article, Outcome, error)

func try(d *db.DB, verb stateVerb, slug string, now time.Time) (a Article, outcome Outcome, err error) {
	err = d.Tx(context.Background(), func(tx *sql.Tx) error {
		a, outcome, err = verb(context.Background(), tx, slug, now)
		return err
	})
	return a, outcome, err
}

func turnTo(t testing.TB, d *db.DB, verb stateVerb, slug string, now time.Time) (Article, Outcome) {
	t.Helper()
	a, outcome, err := try(d, verb, slug, now)
	if err != nil {
		t.Fatal(err)
	}
	return a, outcome
}

func withdraw(t testing.TB, d *db.DB, slug string) {
	t.Helper()
	turnTo(t, d, Withdraw, slug, testNow)
}

func verbs(t *testing.T, d *db.DB) string {
	t.Helper()
	changes, err := Changes(context.Background(), d, 0, 100)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for i, c := range changes {
		all = append(all, c.Verb)
		if i > 0 && c.Change <= changes[i-1].Change {
			t.Errorf("change %d comes after %d", c.Change, changes[i-1].Change)
		}
	}
	return fmt.Sprint(all)
}

func TestDraftIsPublishedOnce(t *testing.T) {
	d := dbtest.Open(t)
	a, outcome := put(t, d, Input{Title: "a", Path: "/a", Hash: "1", Draft: true}, testNow)
	if outcome != Added || a.State != Draft || a.Change != 0 || currentChange(t, d) != 0 {
		t.Fatalf("%s: %+v, change %d", outcome, a, currentChange(t, d))
	}
	later := testNow.Add(time.Hour)
	a, outcome = turnTo(t, d, Publish, a.Slug, later)
	if outcome != Changed || a.State != Published || !a.Published.Equal(later) || !a.Moment.Equal(later) || a.Change != 1 {
		t.Errorf("%s: %+v; a draft without a date has that of its publication", outcome, a)
	}
	if _, outcome = turnTo(t, d, Publish, a.Slug, later); outcome != Unchanged {
		t.Errorf("published again: %s", outcome)
	}
	if _, outcome = put(t, d, Input{Title: "a", Path: "/a", Hash: "1", Draft: true}, later); outcome != Unchanged {
		t.Errorf("the draft's file imported again: %s", outcome)
	}
	if got := verbs(t, d); got != "[publish]" {
		t.Error(got)
	}
}

func TestDraftIsPublishedByItsFile(t *testing.T) {
	d := dbtest.Open(t)
	a, _ := put(t, d, Input{Title: "a", Path: "/a", Hash: "1", Draft: true}, testNow)
	later := testNow.Add(time.Hour)
	b, outcome := put(t, d, Input{Title: "a", Path: "/a", Hash: "2"}, later)
	if outcome != Changed || b.ID != a.ID || b.State != Published || !b.Published.Equal(later) {
		t.Errorf("%s: %+v", outcome, b)
	}
}

func TestWithdrawnArticleStaysWithdrawnWhenImported(t *testing.T) {
	d := dbtest.Open(t)
	in := Input{Title: "a", HTML: "<p>a</p>", Path: "/a", Hash: "1"}
	a, _ := put(t, d, in, testNow)
	withdraw(t, d, a.Slug)
	if got, outcome := put(t, d, in, testNow); outcome != Unchanged || got.State != Withdrawn {
		t.Errorf("the same file: %s, %s", outcome, got.State)
	}
	in.HTML, in.Hash = "<p>corrected</p>", "2"
	if got, outcome := put(t, d, in, testNow); outcome != Changed || got.State != Withdrawn || got.Text != "corrected" || currentChange(t, d) != 2 {
		t.Errorf("a corrected file: %s, %+v, change %d", outcome, got, currentChange(t, d))
	}
	if got, _ := turnTo(t, d, Publish, a.Slug, testNow); got.State != Published || got.Text != "corrected" || got.GUID != a.GUID {
		t.Errorf("published again: %+v", got)
	}
	if got := verbs(t, d); got != "[publish withdraw publish]" {
		t.Error(got)
	}
}

func TestRemovedArticleIsForgottenAndStaysSo(t *testing.T) {
	d := dbtest.Open(t)
	in := Input{Title: "a", HTML: "<p>a</p>", Authors: []string{"b"}, Tags: []string{"c"}, URL: "https://wire.example/a", Hash: "1"}
	a, _ := put(t, d, in, testNow)
	other, _ := put(t, d, Input{Title: "other", Path: "/o"}, testNow)
	setRelatedList(t, d, other.ID, []int64{a.ID})
	turnTo(t, d, Remove, a.Slug, testNow)
	in.Title, in.Hash = "b", "2"
	if _, outcome := put(t, d, in, testNow); outcome != Unchanged {
		t.Errorf("imported again: %s", outcome)
	}
	got := get(t, d, a.ID)
	if got.State != Removed || got.Title+got.HTML+got.Text != "" || got.Authors != nil || got.Tags != nil || got.Slug != a.Slug {
		t.Errorf("%+v", got)
	}
	for _, table := range []string{"article_words", "article_authors", "article_tags", "article_related"} {
		var n int64
		column := "article"
		if table == "article_related" {
			column = "other"
		}
		if err := d.QueryRowContext(context.Background(), `SELECT COUNT(*) FROM `+table+` WHERE `+column+` = $1`, a.ID).Scan(&n); err != nil || n != 0 {
			t.Errorf("%s has %d rows of it; %v", table, n, err)
		}
	}
	if _, _, err := try(d, Publish, a.Slug, testNow); !errors.Is(err, ErrRemoved) {
		t.Errorf("publish: %v, want %v", err, ErrRemoved)
	}
	if _, outcome := turnTo(t, d, Withdraw, a.Slug, testNow); outcome != Unchanged {
		t.Errorf("withdraw: %s", outcome)
	}
}

func TestStateOfAMissingArticle(t *testing.T) {
	d := dbtest.Open(t)
	for _, verb := range []stateVerb{Publish, Withdraw, Remove} {
		if _, _, err := try(d, verb, "none", testNow); !errors.Is(err, ErrNotFound) {
			t.Errorf("error %v, want %v", err, ErrNotFound)
		}
	}
}

func TestListFiltersAndPages(t *testing.T) {
	d := dbtest.Open(t)
	ctx := context.Background()
	var want []string
	for i := range 12 {
		in := Input{Title: fmt.Sprintf("a%02d", i), Path: fmt.Sprint(i), Section: "Новости", Authors: []string{"Анна", "Bob"}, Tags: []string{"кино"},
			Published: testNow.Add(-time.Duration(i/4) * time.Hour)} // four of one moment
		if i == 5 {
			in.Section, in.Tags, in.Authors, in.Language, in.Kind = "Касса", []string{"деньги"}, []string{"Bob"}, "en", KindBrief
		}
		put(t, d, in, testNow)
	}
	for hour := range 3 { // the newest moment first, then the higher id
		for i := 3; i >= 0; i-- {
			want = append(want, fmt.Sprintf("a%02d", 4*hour+i))
		}
	}
	put(t, d, Input{Title: "draft", Path: "/d", Draft: true, Section: "Новости"}, testNow)
	list := func(f Filter) []Article {
		t.Helper()
		all, err := List(ctx, d, f)
		if err != nil {
			t.Fatal(err)
		}
		return all
	}
	if got := titles(list(Filter{})); !slices.Equal(got, want) {
		t.Errorf("all: %q, want %q", got, want)
	}
	var paged []string
	f := Filter{Limit: 5}
	for page := list(f); len(page) > 0; page = list(f) {
		paged = append(paged, titles(page)...)
		last := page[len(page)-1]
		f.Before, f.BeforeID = last.Moment, last.ID
	}
	if !slices.Equal(paged, want) {
		t.Errorf("by pages: %q, want %q", paged, want)
	}
	for _, test := range []struct {
		f    Filter
		want int
	}{
		{Filter{Section: "kassa"}, 1}, {Filter{Section: "novosti"}, 11}, {Filter{Tag: "kino"}, 11}, {Filter{Tag: "none"}, 0},
		{Filter{Author: "anna"}, 11}, {Filter{Author: "bob"}, 12}, {Filter{Language: "en"}, 1}, {Filter{Kind: KindBrief}, 1},
		{Filter{State: Draft}, 1}, {Filter{State: AnyState}, 13}, {Filter{State: AnyState, Section: "novosti"}, 12},
		{Filter{Since: testNow.Add(-time.Hour)}, 8}, {Filter{Before: testNow.Add(-time.Hour)}, 4},
		{Filter{Section: "novosti", Tag: "kino", Author: "anna", Language: "ru", Since: testNow, Limit: 3}, 3},
	} {
		if got := len(list(test.f)); got != test.want {
			t.Errorf("%+v: %d, want %d", test.f, got, test.want)
		}
	}
	a := list(Filter{Section: "novosti", Limit: 1})[0]
	if len(a.Authors) != 2 || a.Authors[0] != (Label{"anna", "Анна"}) || len(a.Tags) != 1 {
		t.Errorf("authors %v, tags %v", a.Authors, a.Tags)
	}
}

func TestByIDsKeepsTheOrder(t *testing.T) {
	d := dbtest.Open(t)
	a, _ := put(t, d, Input{Title: "a", Path: "/a"}, testNow)
	b, _ := put(t, d, Input{Title: "b", Path: "/b"}, testNow)
	got, err := ByIDs(context.Background(), d, []int64{b.ID, 7, a.ID})
	if err != nil || len(got) != 2 || got[0].ID != b.ID || got[1].ID != a.ID {
		t.Errorf("%q, %v", titles(got), err)
	}
	if got, err := ByIDs(context.Background(), d, nil); err != nil || got != nil {
		t.Errorf("of none: %v, %v", got, err)
	}
	if _, err := Find(context.Background(), d, "none"); !errors.Is(err, ErrNotFound) {
		t.Errorf("find: %v", err)
	}
}
