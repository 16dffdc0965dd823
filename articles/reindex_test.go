package articles

import (
	"context"
	"database/sql"
	"fmt"
	"testing"

	"vestnik/articles/words"
	"vestnik/db"
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
	for _, a := range all { // as another analyzer might have cut them
		err := d.Tx(context.Background(), func(tx *sql.Tx) error {
			return words.Add(context.Background(), tx, a.ID, words.Text{Language: a.Language, Title: "Остаток"})
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	makeStale(t, d)
	before := currentChange(t, d)
	step := 0
	err := d.Tx(context.Background(), func(tx *sql.Tx) (err error) {
		step, err = reindexSome(context.Background(), tx)
		return err
	})
	if err != nil || step != reindexStep {
		t.Errorf("one step: %d, %v; want %d", step, err, reindexStep)
	}
	if n, err := Reindex(context.Background(), d); err != nil || n != len(all) {
		t.Errorf("Reindex = %d, %v; want the other %d", n, err, len(all))
	}
	if got := fmt.Sprintf("%q", titles(findRelated(t, d, all[0], 5))); got != want {
		t.Errorf("related: got %s\nwant %s", got, want)
	}
	if left, err := words.Frequencies(context.Background(), d, "ru", []string{"остаток"}); err != nil || len(left) != 0 {
		t.Errorf("old words are left: %v, %v", left, err)
	}
	if n, err := Reindex(context.Background(), d); n != 0 || err != nil {
		t.Errorf("a second time: %d, %v; want nothing to do", n, err)
	}
	if after := currentChange(t, d); after != before {
		t.Errorf("the change number rose from %d to %d, though no reader sees a difference", before, after)
	}
}

// makeStale makes the words of all articles those of an older analyzer.
func makeStale(t *testing.T, d *db.DB) {
	t.Helper()
	if _, err := d.ExecContext(context.Background(), `UPDATE article_words SET analyzer = $1`, int64(language.Analyzer-1)); err != nil {
		t.Fatal(err)
	}
}

// A removed article has no words to make, and one that is stopped half-way is not left without words.
func TestReindexStoppedGoesOnWhereItWas(t *testing.T) {
	d := dbtest.Open(t)
	all, _ := sample(t, d)
	makeStale(t, d)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if n, err := Reindex(ctx, d); n != 0 || err == nil {
		t.Errorf("stopped: %d, %v; want an error", n, err)
	}
	err := d.Tx(context.Background(), func(tx *sql.Tx) error {
		_, _, err := Remove(context.Background(), tx, all[0].Slug, testNow)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if n, err := Reindex(context.Background(), d); n != len(all)-1 || err != nil {
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
		found, err := Lint(context.Background(), d, a)
		for _, m := range found {
			got = append(got, fmt.Sprint(m.Field, m.Paragraph, " ", m.Suggestion))
		}
		return err
	})
	if want := "[title0 Kinodanz standfirst0 Сбербанк body2 Сбербанк body2 Сбербанк tag0 Kinodanz]"; err != nil || fmt.Sprint(got) != want {
		t.Errorf("got %v, %v; want %s", got, err, want)
	}
	if kept := get(t, d, a.ID); kept.Title != "Kinоdanz снимет фильм" {
		t.Errorf("the title became %q", kept.Title)
	}
}

// Whether an abbreviation in Latin letters is meant so, other articles tell.
func TestLintFindsWordsInTheWrongAlphabetByTheOtherArticles(t *testing.T) {
	d := dbtest.Open(t)
	for i := range leastKnown {
		put(t, d, Input{Title: fmt.Sprintf("КАСК и ВВС помогут съёмкам, часть %d", i), Path: fmt.Sprint("/", i)}, testNow)
	}
	a, _ := put(t, d, Input{Title: "KACK снимет фильм c канала BBC", HTML: "<p>Кино для PKK и для OOO «Маяк».</p>", Path: "/a"}, testNow)
	lint := func() (got []string) {
		all, err := Lint(context.Background(), d, a)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range all {
			got = append(got, m.Field+" "+m.Suggestion)
		}
		return got
	}
	if got, want := fmt.Sprint(lint()), "[title КАСК title с body ООО]"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	put(t, d, Input{Title: "KACK — это не КАСК", Path: "/b"}, testNow) // now it is a word itself
	if got, want := fmt.Sprint(lint()), "[title с body ООО]"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
