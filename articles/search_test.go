package articles

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"testing"
	"time"

	"vestnik/db"
	"vestnik/db/dbtest"
)

func searched(t testing.TB, d *db.DB, q SearchQuery) Findings {
	t.Helper()
	q.Language = "ru"
	if q.Limit == 0 {
		q.Limit = 20
	}
	f, err := Search(context.Background(), d, q, testNow)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// hits writes what is marked in square brackets.
func hits(parts []Part) string {
	var b strings.Builder
	for _, p := range parts {
		if p.Hit {
			p.Text = "[" + p.Text + "]"
		}
		b.WriteString(p.Text)
	}
	return b.String()
}

func TestSearchShowsTheArticleAndWhereTheWordsStand(t *testing.T) {
	d := dbtest.Open(t)
	put(t, d, Input{Slug: "marine", Title: "Павильон для съёмок моря", Standfirst: "Строить начнут в мае.", HTML: "<p>Волны будут <b>как на море</b>.</p><p>Второй абзац.</p>", Published: testNow}, testNow)
	put(t, d, Input{Slug: "plain", Title: "Плотина", HTML: "<p>Реки впадают в моря &amp; океаны.</p>", Published: testNow.Add(-time.Hour)}, testNow)
	f := searched(t, d, SearchQuery{Text: " море  океан "})
	if f.Total != 1 || !f.Asked || f.Some || f.Text != "море океан" || f.Found[0].Slug != "plain" {
		t.Fatalf("%+v", f)
	}
	if got := hits(f.Found[0].Snippet); got != "Реки впадают в [моря] & [океаны]." {
		t.Errorf("snippet %q", got)
	}
	f = searched(t, d, SearchQuery{Text: "море"})
	if f.Total != 2 || hits(f.Found[0].Headline) != "Павильон для съёмок [моря]" || hits(f.Found[0].Snippet) != "Строить начнут в мае. Волны будут как на [море]. Второй абзац." {
		t.Errorf("%d, %q, %q", f.Total, hits(f.Found[0].Headline), hits(f.Found[0].Snippet))
	}
	if f.Found[0].Score <= f.Found[1].Score {
		t.Errorf("scores %v and %v", f.Found[0].Score, f.Found[1].Score)
	}
	f = searched(t, d, SearchQuery{Text: "плотина океан чайка"})
	if f.Total != 1 || !f.Some {
		t.Errorf("some of the words: %+v", f)
	}
	if f = searched(t, d, SearchQuery{Text: "— « » я"}); f.Asked || f.Found != nil {
		t.Errorf("no word: %+v", f)
	}
}

func TestWhatIsTakenBackIsNoLongerFound(t *testing.T) {
	d := dbtest.Open(t)
	a, _ := put(t, d, Input{Title: "Маяк на скале", HTML: "<p>Тайна.</p>", Published: testNow}, testNow)
	put(t, d, Input{Title: "Маяк и черновик", HTML: "<p>Тайна.</p>", Draft: true}, testNow)
	found := func() string {
		var slugs []string
		for _, text := range []string{"маяк", "тайна", "скала тайна", "черновик"} {
			for _, f := range searched(t, d, SearchQuery{Text: text}).Found {
				slugs = append(slugs, f.Slug)
			}
		}
		return fmt.Sprint(slugs)
	}
	verbs := []func(tx *sql.Tx) (Article, Outcome, error){
		func(tx *sql.Tx) (Article, Outcome, error) { return Withdraw(context.Background(), tx, a.Slug, testNow) },
		func(tx *sql.Tx) (Article, Outcome, error) { return Publish(context.Background(), tx, a.Slug, testNow) },
		func(tx *sql.Tx) (Article, Outcome, error) { return Remove(context.Background(), tx, a.Slug, testNow) },
	}
	for i, want := range []string{"[s s s]", "[]", "[s s s]", "[]"} {
		if got := found(); got != strings.ReplaceAll(want, "s", a.Slug) {
			t.Errorf("step %d: found %s, want %s", i, got, want)
		}
		if i == len(verbs) {
			break
		}
		if err := d.Tx(context.Background(), func(tx *sql.Tx) error { _, _, err := verbs[i](tx); return err }); err != nil {
			t.Fatal(err)
		}
	}
}

func TestPagesOfASearchAreEachArticleOnce(t *testing.T) {
	d := dbtest.Open(t)
	for i := range 45 {
		put(t, d, Input{Title: fmt.Sprintf("Маяк номер %d", i), HTML: "<p>a</p>", Published: testNow.Add(-time.Duration(i) * time.Minute)}, testNow)
	}
	seen := map[int64]bool{}
	for _, page := range []struct{ offset, want int }{{0, 20}, {20, 20}, {40, 5}, {60, 0}, {-1, 20}} {
		f := searched(t, d, SearchQuery{Text: "маяк", Offset: page.offset})
		if len(f.Found) != page.want || f.Total != 45 {
			t.Errorf("offset %d: %d of %d", page.offset, len(f.Found), f.Total)
		}
		for _, x := range f.Found {
			seen[x.ID] = true
		}
	}
	if len(seen) != 45 {
		t.Errorf("%d articles on all pages", len(seen))
	}
}
