package files_test

import (
	"context"
	"database/sql"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"vestnik/articles"
	"vestnik/articles/files"
	"vestnik/db/dbtest"
)

// The page that the project was asked to take in. It is not part of the project.
func corpusPage(t *testing.T) string {
	t.Helper()
	path := filepath.Join("..", "..", "..", "shared", "corpora", "pages", "000_98d2a3ab253641e9.txt")
	if _, err := os.Stat(path); err != nil {
		t.Skip("the saved news page is not there: " + path)
	}
	return path
}

func TestImportTheSavedNewsPage(t *testing.T) {
	path := corpusPage(t)
	d := dbtest.Open(t)
	results := importFolder(t, d, path)
	if results[0].Err != nil || results[0].Outcome != articles.Added || results[0].Briefs != 0 {
		t.Fatalf("got %+v", results[0])
	}
	if w := results[0].Warnings; len(w) != 1 || !strings.Contains(w[0], ".txt:13: “Kinоdanz” mixes Latin and Cyrillic") {
		t.Errorf("warnings: got %q", w)
	}
	found, read, failed, err := files.Importer{Site: importSite(t)}.Lint(context.Background(), d, []string{path})
	if err != nil || read != 1 || len(failed) != 0 || len(found) != 1 || found[0].Line != 13 || found[0].Suggestion != "Kinodanz" ||
		found[0].Mixed.String() != "letter 4 (о) is Cyrillic, the others are Latin" {
		t.Errorf("lint: got %+v, %d, %v", found, read, failed)
	}
	a := mustFind(t, d, "na-sakhaline-zapustiat-kinoklaster")
	if a.Title != "На Сахалине запустят кинокластер" || a.Kind != articles.KindArticle || a.Language != "ru" || a.State != articles.Published {
		t.Errorf("got %+v", a)
	}
	if len(a.Authors) != 1 || a.Authors[0].Name != "Артур Чачелов" {
		t.Errorf("authors: got %+v", a.Authors)
	}
	if want := time.Date(2018, 5, 29, 0, 0, 0, 0, importSite(t).Location); !a.Published.Equal(want) {
		t.Errorf("date: got %v, want %v", a.Published, want)
	}
	if a.Standfirst != "Проект будут развивать Агентство стратегических инициатив, областное правительство и Kinodanz" {
		t.Errorf("standfirst: got %q", a.Standfirst)
	}
	paragraphs := strings.Split(a.Text, "\n\n")
	if len(paragraphs) != 4 || strings.Count(a.HTML, "<p>") != 4 || !strings.HasPrefix(paragraphs[0], "Агентство стратегических") || !strings.HasSuffix(paragraphs[3], "пока не раскрывает.") {
		t.Errorf("paragraphs: got %q", paragraphs)
	}
	for _, foreign := range []string{"top banner", "Подробнее", "Самое читаемое", "Новости по теме", "Касса", "Газпром"} {
		if strings.Contains(a.Text, foreign) || strings.Contains(a.HTML, foreign) {
			t.Errorf("%q is in the text", foreign)
		}
	}
	if n := countRows(t, d, articles.KindBrief); n != 0 {
		t.Errorf("got %d briefs without asking for them", n)
	}
}

func TestImportTheSavedNewsPageWithHeadlines(t *testing.T) {
	path := corpusPage(t)
	d := dbtest.Open(t)
	im := files.Importer{Site: importSite(t), WithHeadlines: true}
	for i, want := range []files.FileResult{{Outcome: articles.Added, Briefs: 25}, {Outcome: articles.Unchanged}} {
		results, err := im.Import(context.Background(), d, []string{path}, importDay)
		if err != nil || results[0].Err != nil || results[0].Outcome != want.Outcome || results[0].Briefs != want.Briefs {
			t.Fatalf("import %d: got %+v, %v", i+1, results, err)
		}
	}
	if a, b := countRows(t, d, articles.KindArticle), countRows(t, d, articles.KindBrief); a != 1 || b != 25 {
		t.Errorf("got %d articles and %d briefs, want 1 and 25", a, b)
	}
	a := mustFind(t, d, "na-sakhaline-zapustiat-kinoklaster")
	slugs := relatedSlugs(t, d, a.ID)
	if len(slugs) != 5 || !strings.HasPrefix(slugs[0], "obem-zapushchennykh") || !strings.HasPrefix(slugs[4], "gazprom-media") {
		t.Errorf("related: got %q", slugs)
	}
	brief := mustFind(t, d, slugs[0])
	if brief.Kind != articles.KindBrief || !brief.Published.IsZero() || !brief.Moment.Equal(importDay) || brief.Language != "ru" || brief.HTML != "" {
		t.Errorf("brief: got %+v", brief)
	}
	// without headlines the same file is still the same
	if plain := importFolder(t, d, path); plain[0].Outcome != articles.Unchanged {
		t.Errorf("the same file without headlines: got %+v", plain)
	}
}

func TestHeadlinesOnSeveralPagesAreOneBrief(t *testing.T) {
	d := dbtest.Open(t)
	page := func(title, boxes string) string {
		return title + "\n\n29 мая 2018\n\n" + strings.Repeat("Слово о деле. ", 20) + "\n\n" + boxes
	}
	dir := writeFiles(t, t.TempDir(),
		"a.txt", page("Первая новость дня", "Самое читаемое\nОбщий заголовок\nПодробнее\nПервая новость дня\nПодробнее\n"),
		"b.txt", page("Вторая новость дня", "Новости по теме\nОбщий  заголовок\nПодробнее\nПервая новость дня\nПодробнее\nВторая новость дня\nПодробнее\nОбщий заголовок\nПодробнее\n"))
	im := files.Importer{Site: importSite(t), WithHeadlines: true}
	results, err := im.Import(context.Background(), d, []string{dir}, importDay)
	if err != nil || results[0].Briefs != 1 || results[1].Briefs != 0 {
		t.Fatalf("got %+v, %v", results, err)
	}
	b := mustFind(t, d, "vtoraia-novost-dnia")
	want := []string{"obshchii-zagolovok", "pervaia-novost-dnia"} // an article's own headline is no news to it
	if got := relatedSlugs(t, d, b.ID); !slices.Equal(got, want) {
		t.Errorf("related: got %q, want %q", got, want)
	}
	if n := countRows(t, d, articles.KindBrief); n != 1 {
		t.Errorf("got %d briefs, want 1", n)
	}
	// the list that an editor has made since is not undone by the unchanged file
	first := mustFind(t, d, "pervaia-novost-dnia")
	err = d.Tx(context.Background(), func(tx *sql.Tx) error {
		return articles.SetRelated(context.Background(), tx, b.ID, []int64{first.ID, 4711}, importDay)
	})
	if err != nil {
		t.Fatal(err)
	}
	if results, err = im.Import(context.Background(), d, []string{dir}, importDay); err != nil || results[1].Outcome != articles.Unchanged {
		t.Errorf("the same pages again: got %+v, %v", results, err)
	}
	if got := relatedSlugs(t, d, b.ID); !slices.Equal(got, want[1:]) {
		t.Errorf("related: got %q, want the editor's %q", got, want[1:])
	}
	// asked for later, they come too
	c := writeFiles(t, t.TempDir(), "c.txt", page("Третья новость дня", "Самое читаемое\nНовый заголовок\nПодробнее\n"))
	importFolder(t, d, c)
	results, err = im.Import(context.Background(), d, []string{c}, importDay)
	if err != nil || results[0].Briefs != 1 || results[0].Slug != "tretia-novost-dnia" {
		t.Errorf("headlines asked for later: got %+v, %v", results, err)
	}
}
