package articles

import (
	"context"
	"database/sql"
	"fmt"
	"testing"

	"vestnik/db/dbtest"
	"vestnik/language"
)

func TestArticlesOfAnOlderAnalyzerGetTheirWordsAnewInSteps(t *testing.T) {
	d := dbtest.Open(t)
	all, _ := sample(t, d)
	for i := range reindexStep {
		put(t, d, Input{Title: fmt.Sprintf("Маяк номер %d", i), HTML: "<p>Стоит на скале.</p>", Path: fmt.Sprint("/", i)}, testNow)
	}
	want := fmt.Sprintf("%q", titles(findRelated(t, d, all[0], 5)))
	for _, statement := range []string{
		`DELETE FROM article_terms WHERE weight > 0`,
		`INSERT INTO article_terms (term, article, weight) SELECT 'остаток', id, 3 FROM articles`,
		fmt.Sprintf(`UPDATE article_terms SET term = '#1' WHERE term = '#%d'`, language.Analyzer),
	} {
		if _, err := d.ExecContext(context.Background(), statement); err != nil {
			t.Fatal(err)
		}
	}
	before := currentChange(t, d)
	var steps []int
	n, err := Reindex(context.Background(), d, func(done int) { steps = append(steps, done) })
	if total := len(all) + reindexStep; err != nil || n != total || len(steps) != 2 || steps[0] != reindexStep {
		t.Errorf("Reindex = %d, %v in the steps %v; want %d in two", n, err, steps, total)
	}
	if got := fmt.Sprintf("%q", titles(findRelated(t, d, all[0], 5))); got != want {
		t.Errorf("related: got %s\nwant %s", got, want)
	}
	var left int64
	if err := d.QueryRowContext(context.Background(), `SELECT COUNT(*) FROM article_terms WHERE term = 'остаток'`).Scan(&left); err != nil || left != 0 {
		t.Errorf("%d old terms are left, %v", left, err)
	}
	if n, err := Reindex(context.Background(), d, nil); n != 0 || err != nil {
		t.Errorf("a second time: %d, %v; want nothing to do", n, err)
	}
	if after := currentChange(t, d); after != before {
		t.Errorf("the change number rose from %d to %d, though no reader sees a difference", before, after)
	}
}

// A removed article has no words to make, and one that is stopped half-way is not left without words.
func TestReindexStoppedGoesOnWhereItWas(t *testing.T) {
	d := dbtest.Open(t)
	all, _ := sample(t, d)
	if _, err := d.ExecContext(context.Background(), fmt.Sprintf(`UPDATE article_terms SET term = '#1' WHERE term = '#%d'`, language.Analyzer)); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if n, err := Reindex(ctx, d, nil); n != 0 || err == nil {
		t.Errorf("stopped: %d, %v; want an error", n, err)
	}
	err := d.Tx(context.Background(), func(tx *sql.Tx) error {
		_, _, err := Remove(context.Background(), tx, all[0].Slug, testNow)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if n, err := Reindex(context.Background(), d, nil); n != len(all)-1 || err != nil {
		t.Errorf("Reindex = %d, %v; want all but the removed one, %d", n, err, len(all)-1)
	}
}

func TestLintSaysWhereTheMixedWordsAre(t *testing.T) {
	d := dbtest.Open(t)
	a, _ := put(t, d, Input{Title: "Kinоdanz снимет фильм", Standfirst: "Деньги дал Cбербанк", Tags: []string{"Kinоdanz"},
		HTML: "<p>Тут всё верно.</p><p>PRщик рад: Cбербанк и Cбербанк.</p>", Path: "/a"}, testNow)
	put(t, d, Input{Title: "Чисто", Path: "/b"}, testNow)
	var got []string
	err := Each(context.Background(), d, func(a Article) error {
		for _, m := range Lint(a) {
			got = append(got, fmt.Sprint(m.Field, m.Paragraph, " ", m.Suggestion))
		}
		return nil
	})
	if want := "[title0 Kinodanz standfirst0 Сбербанк body2 Сбербанк body2 Сбербанк tag0 Kinodanz]"; err != nil || fmt.Sprint(got) != want {
		t.Errorf("got %v, %v; want %s", got, err, want)
	}
	if kept := get(t, d, a.ID); kept.Title != "Kinоdanz снимет фильм" {
		t.Errorf("the title became %q", kept.Title)
	}
}
