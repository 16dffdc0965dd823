package files_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"vestnik/articles"
	"vestnik/articles/files"
	"vestnik/db"
	"vestnik/db/dbtest"
)

var importDay = time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)

func importSite(t testing.TB) articles.Site {
	t.Helper()
	loc, err := time.LoadLocation("Asia/Sakhalin")
	if err != nil {
		t.Fatal(err)
	}
	return articles.Site{URL: "https://kino.example", Language: "ru", Location: loc}
}

// importFiles writes files (name, content, name, content …) into a new folder and imports it.
func importFiles(t *testing.T, d *db.DB, pairs ...string) []files.FileResult {
	t.Helper()
	return importFolder(t, d, writeFiles(t, t.TempDir(), pairs...))
}

func writeFiles(t testing.TB, dir string, pairs ...string) string {
	t.Helper()
	for i := 0; i < len(pairs); i += 2 {
		path := filepath.Join(dir, pairs[i])
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(pairs[i+1]), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func importFolder(t *testing.T, d *db.DB, paths ...string) []files.FileResult {
	t.Helper()
	results, err := files.Importer{Site: importSite(t)}.Import(context.Background(), d, paths, importDay)
	if err != nil {
		t.Fatal(err)
	}
	return results
}

func mustFind(t *testing.T, d *db.DB, slug string) articles.Article {
	t.Helper()
	a, err := articles.Find(context.Background(), d, slug)
	if err != nil {
		t.Fatalf("find %q: %v", slug, err)
	}
	return a
}

func relatedSlugs(t *testing.T, d *db.DB, article int64) []string {
	t.Helper()
	slugs, err := db.Collect(context.Background(), d, func(row *sql.Rows) (s string, err error) { return s, row.Scan(&s) }, `
		SELECT a.slug
		FROM article_related AS r
		JOIN articles AS a ON a.id = r.other
		WHERE r.article = $1
		ORDER BY r.pos`, article)
	if err != nil {
		t.Fatal(err)
	}
	return slugs
}

func countRows(t *testing.T, d *db.DB, kind string) (n int) {
	t.Helper()
	if err := d.QueryRowContext(context.Background(), `SELECT COUNT(*) FROM articles WHERE kind = $1`, kind).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestImportAgainChangesNothingAndAnEditUpdates(t *testing.T) {
	d := dbtest.Open(t)
	dir := writeFiles(t, t.TempDir(), "a.md", "# Съезд объявил\n\nТекст.\n")
	first := importFolder(t, d, dir)
	if len(first) != 1 || first[0].Outcome != articles.Added || first[0].Slug != "sezd-obiavil" || first[0].Err != nil {
		t.Fatalf("first import: got %+v", first)
	}
	a := mustFind(t, d, "sezd-obiavil")
	if again := importFolder(t, d, dir); again[0].Outcome != articles.Unchanged || again[0].Slug != a.Slug {
		t.Errorf("the same file again: got %+v", again)
	}
	writeFiles(t, dir, "a.md", "# Съезд передумал\n\nДругой текст.\n")
	edited := importFolder(t, d, dir)
	if edited[0].Outcome != articles.Changed || edited[0].Slug != a.Slug || edited[0].Title != "Съезд передумал" {
		t.Errorf("edited file: got %+v", edited)
	}
	if b := mustFind(t, d, a.Slug); b.ID != a.ID || b.Text != "Другой текст." {
		t.Errorf("edited article: got id %d and text %q, want id %d", b.ID, b.Text, a.ID)
	}
}

func TestImportFindsAMovedFileByItsBytes(t *testing.T) {
	d := dbtest.Open(t)
	importFiles(t, d, "a.md", "# Один\n\nТекст.\n")
	if moved := importFiles(t, d, "b.md", "# Один\n\nТекст.\n"); moved[0].Outcome != articles.Unchanged || moved[0].Slug != "odin" {
		t.Errorf("got %+v", moved)
	}
}

func TestImportWalksFoldersInOrder(t *testing.T) {
	d := dbtest.Open(t)
	dir := writeFiles(t, t.TempDir(), "b/2.markdown", "# b2\n\nx", "b/10.md", "# b10\n\nx", "a.MD", "# a\n\nx", "c.txt", "Заголовок\n\nТекст.",
		".hidden.md", "# h\n\nx", ".git/x.md", "# g\n\nx", "notes.html", "<p>", "b/picture.jpg", "\x00")
	var calls []int
	im := files.Importer{Site: importSite(t), Progress: func(done, total int) { calls = append(calls, done, total) }}
	results, err := im.Import(context.Background(), d, []string{dir, filepath.Join(dir, "a.MD"), filepath.Join(dir, "missing.md"), filepath.Join(dir, "notes.html"), t.TempDir()}, importDay)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range results {
		rel, _ := filepath.Rel(dir, r.Path)
		got = append(got, rel)
	}
	if want := []string{"a.MD", "b/10.md", "b/2.markdown", "c.txt", "missing.md", "notes.html"}; !slices.Equal(got[:6], want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if len(results) != 7 || results[4].Err == nil || results[5].Err == nil || results[6].Err == nil {
		t.Errorf("missing file, other file, empty folder: got %+v", results[4:])
	}
	if want := []int{0, 7, 1, 7, 2, 7, 3, 7, 4, 7, 5, 7, 6, 7, 7, 7}; !slices.Equal(calls, want) {
		t.Errorf("progress: got %v, want %v", calls, want)
	}
	if _, err := im.Import(context.Background(), d, nil, importDay); err == nil {
		t.Error("no path at all: want an error")
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := im.Import(ctx, d, []string{dir}, importDay); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: got %v", err)
	}
}

// The wanted message follows the folder's name.
var badFiles = []struct{ name, file, content, want string }{
	{"empty", "f.md", " \n\n", `f.md:1: is empty; `},
	{"only a byte order mark", "f.txt", "\ufeff\r\n", `f.txt:1: is empty; `},
	{"binary", "f.md", "# Title\n\nx\x00y", `f.md:3: is not a text but binary`},
	{"control characters", "f.md", "# T\n" + strings.Repeat("\x01\x02", 40), `f.md:1: is not a text but binary`},
	{"KOI8-R", "f.txt", "\xeb\xc9\xce\xcf \xcb\xcc\xc1\xd3\xd4\xc5\xd2\n\n\xd4\xc5\xcb\xd3\xd4", `f.txt:1: is neither UTF-8 nor`},
	{"no title", "f.md", "Just text.\n", `f.md:1: has no title; write`},
	{"no title in front matter", "f.md", "---\nsection: x\n---\nText", `f.md:1: has no title`},
	{"no text", "f.md", "---\ntitle: x\n---\n", `f.md:4: has no text; `},
	{"unclosed front matter", "f.md", "\n---\ntitle: x\n\nText\n", `f.md:2: the front matter is not closed; write a line ---`},
	{"unclosed TOML", "f.md", "+++\ntitle = 'x'\n---\n", `f.md:1: the front matter is not closed; write a line \+\+\+`},
	{"unknown key", "f.md", "---\ntitle: x\ncategory: y\n---\nText", `f.md:3: the key “category” is not known; the keys are title, author, `},
	{"unknown key in TOML", "f.md", "+++\ntitle = 'x'\n\ncategory = 'y'\n+++\nText", `f.md:4: the key “category” is not known`},
	{"table in TOML", "f.md", "+++\ntitle = 'x'\n[extra]\na = 1\n+++\nText", `f.md:3: the key “extra” is not known`},
	{"key twice", "f.md", "---\ntitle: x\nTitle: y\n---\nText", `f.md:3: the key title stands in line 2 already`},
	{"no key", "f.md", "---\ntitle: x\nhello\n---\nText", `f.md:3: “hello” belongs to no key`},
	{"nested", "f.md", "---\ntitle: x\ntags:\n  - a\n  b: c\n---\nText", `f.md:5: “b: c” belongs to no key`},
	{"list not closed", "f.md", "---\ntags: [a, b\ntitle: x\n---\nText", `f.md:2: the list “\[a, b” is not closed`},
	{"bad TOML", "f.md", "+++\ntitle = x\n+++\nText", `f.md:2: is not TOML: `},
	{"bad date", "f.md", "---\ntitle: x\ndate: 32 мая 2018\n---\nText", `f.md:3: date: “32 мая 2018” is not a date; write it as 2018-05-29`},
	{"bad date in TOML", "f.md", "+++\ntitle = 'x'\nupdated = 08:00:00\n+++\nText", `f.md:3: updated: “08:00:00” is not a date`},
	{"bad link", "f.md", "---\ntitle: x\nlink: /there\n---\nText", `f.md:3: link: "/there" is no address .*; write it as https://`},
	{"bad slug", "f.md", "---\ntitle: x\nslug: Мой текст\n---\nText", `f.md:3: slug: “Мой текст” has other characters .* write moi-tekst`},
	{"bad language", "f.md", "---\ntitle: x\nlanguage: русский\n---\nText", `f.md:3: language: “русский” is not a language; `},
	{"bad draft", "f.md", "---\ntitle: x\ndraft: maybe\n---\nText", `f.md:3: draft: “maybe” is neither true nor false; `},
	{"two titles", "f.md", "---\ntitle: [a, b]\n---\nText", `f.md:2: title has 2 values; `},
	{"title too long", "f.md", "---\nslug: x\ntitle: " + strings.Repeat("я", 600) + "\n---\nText", `f.md:3: title: 600 characters are too long`},
	{"quotes in quotes", "f.md", "# T\n\n" + strings.Repeat(">", 400) + "x", `f.md:3: has quotes and lists nested more than 50 deep; `},
	{"lists in lists", "f.md", "# T\n\n" + strings.Repeat("- ", 100_000) + "x", `f.md:3: has quotes and lists nested`},
	{"marks", "f.md", "# T\n\n" + strings.Repeat("[\n", 5000), `f.md:2003: has more than 2000 marks `},
	{"wide and long table", "f.md", "# T\n\n" + strings.Repeat("a|", 10_000) + "\n" + strings.Repeat("-|", 10_000) + "\n" + strings.Repeat("|\n", 10_000), `f.md:13: has a table of more than 100000 cells; part it`},
	{"endless TOML key", "f.md", "+++\na" + strings.Repeat(".a", 50_000) + " = 1\n+++\nText", `f.md:1: the front matter is longer than 16 KiB; `},
	{"nested TOML", "f.md", "+++\ntags = " + strings.Repeat("[", 8000) + "\n+++\nText", `f.md:2: is not TOML: `},
	{"tab before a key", "f.md", "---\n\ttitle: x\n---\nText", `f.md:2: “title: x” belongs to no key; `},
	{"enclosure without a length", "f.md", "---\ntitle: T\nenclosure: /talk.mp3\n---\nText", `f.md:3: enclosure: its length is not known; write the size of the file in bytes, as enclosure_length: `},
	{"enclosure without a type", "f.md", "---\ntitle: T\nenclosure: /talk\nenclosure_length: 7\n---\nText", `f.md:3: enclosure: its media type is not known; write it as enclosure_type: `},
	{"enclosure of a bad type", "f.md", "---\ntitle: T\nenclosure: /talk\nenclosure_length: 7\nenclosure_type: mp3\n---\nText", `f.md:5: enclosure_type: "mp3" is no media type; write it as audio/mpeg`},
	{"enclosure of no size", "f.md", "---\ntitle: T\nenclosure: /talk.mp3\nenclosure_length: 7 MB\n---\nText", `f.md:4: enclosure_length: “7 MB” is no size of a file; write it in bytes, as 12345678`},
	{"enclosure without an address", "f.md", "---\ntitle: T\nenclosure_length: 7\n---\nText", `f.md:3: there is no enclosure that this belongs to; write its address, as enclosure: https://`},
	{"enclosure at a bad address", "f.md", "---\ntitle: T\nenclosure: ftp://x.example/talk.mp3\nenclosure_length: 7\n---\nText", `f.md:3: enclosure: "ftp://x.example/talk.mp3" is no address of a file; write it as https://`},
	{"endless correction", "f.md", "---\ntitle: T\ncorrection: " + strings.Repeat("слово ", 600) + "\n---\nText", `f.md:3: correction: 3599 characters are too long; at most 3000 are taken`},
	{"date of two lines", "f.md", "+++\ntitle = \"T\"\ndate = \"\"\"a\nb\"\"\"\n+++\nText", `f.md:3: date: “a b” is not a date; `},
	{"page without headline", "f.txt", "Top banner\n\n" + strings.Repeat("Слово и дело. ", 40), `f.txt:3: no headline found; put it`},
	{"page without headline but with a date", "f.txt", "29 мая 2018\n\nАгентство подписало соглашение с компанией, и об этом сообщили на встрече.\n\nЕщё.", `f.txt:3: no headline found; put it`},
	{"page without text", "f.txt", "Реклама\n\nЗаголовок новости дня\n\n29 мая 2018\n", `f.txt:3: the headline “Заголовок новости дня” has no text below it; `},
	{"page of leftovers", "f.txt", "Реклама\n\nСамое читаемое\nОдин\nПодробнее\n", `f.txt:1: the page has no article; `},
	{"page with a bad date", "f.txt", "Заголовок новости дня\n\n32 мая 2018\n\nТекст новости.\n\nЕщё.", `f.txt:3: “32 мая 2018” is not a date; write it as 29 мая 2018`},
	{"page with a bad month", "f.txt", "Заголовок новости дня\n\n29 мяу 2018\n\nТекст новости.\n\nЕщё.", `f.txt:3: “29 мяу 2018” is not a date`},
	{"page with a bad labelled date", "f.txt", "Заголовок новости дня\nДата: вчера\n\nТекст новости.", `f.txt:2: “Дата: вчера” is not a date`},
	{"page whose bad date comes first", "f.txt", "30.02.2018\n\nЗаголовок новости дня\n\nТекст новости.", `f.txt:1: “30.02.2018” is not a date`},
}

// Each fault is one sentence that names file and line, says how to mend it, and keeps only its own file out.
func TestImportRefusesBadFilesOneByOne(t *testing.T) {
	d := dbtest.Open(t)
	for _, c := range badFiles {
		t.Run(c.name, func(t *testing.T) {
			results := importFiles(t, d, c.file, c.content, "z.md", "# Соседний файл\n\nТекст.\n")
			if len(results) != 2 || results[0].Err == nil {
				t.Fatalf("got %+v", results)
			}
			if results[1].Err != nil {
				t.Errorf("the other file: %v", results[1].Err)
			}
			message := results[0].Err.Error()
			if !regexp.MustCompile(`/` + c.want).MatchString(message) {
				t.Errorf("got %q, want %q", message, c.want)
			}
			if strings.Contains(message, "\n") || results[0].Slug != "" || results[0].Outcome != "" {
				t.Errorf("not one sentence, or something went in: %q, %+v", message, results[0])
			}
		})
	}
	if n := countRows(t, d, articles.KindArticle); n != 1 {
		t.Errorf("got %d articles, want only the neighbour", n)
	}
}

func TestImportRefusesUnreadableAndOverlongFiles(t *testing.T) {
	d := dbtest.Open(t)
	dir := writeFiles(t, t.TempDir(), "long.md", "# T\n\n"+strings.Repeat("слово ", 200), "ok.md", "# Ok\n\nText.")
	if err := os.Symlink(filepath.Join(dir, "nowhere"), filepath.Join(dir, "gone.md")); err != nil {
		t.Fatal(err)
	}
	results, err := files.Importer{Site: importSite(t), MaxBytes: 1024}.Import(context.Background(), d, []string{dir}, importDay)
	if err != nil || len(results) != 3 {
		t.Fatalf("got %+v, %v", results, err)
	}
	for i, want := range []string{`gone.md:1: cannot be read \(no such file`, `long.md:1: is longer than 1 KiB; `} {
		if results[i].Err == nil || !regexp.MustCompile(want).MatchString(results[i].Err.Error()) {
			t.Errorf("got %v, want %q", results[i].Err, want)
		}
	}
	if results[2].Err != nil {
		t.Errorf("the sound file: %v", results[2].Err)
	}
}

func TestImportRefusesASlugClaimedTwice(t *testing.T) {
	d := dbtest.Open(t)
	results := importFiles(t, d, "a.md", "---\ntitle: A\nslug: same\n---\nFirst.", "b.md", "---\ntitle: B\nslug: same\n---\nSecond.",
		"c.md", "---\ntitle: C\nlink: https://x.example/1\n---\nThird.", "d.md", "---\ntitle: D\nlink: https://x.example/1\n---\nFourth.",
		"e.md", "# Same\n\nFifth.")
	for i, want := range []string{"", `b.md:3: the slug same is already that of .*/a.md; give one`, "", `d.md:3: is the same article as .*/c.md, by its link; leave`, ""} {
		got := ""
		if results[i].Err != nil {
			got = results[i].Err.Error()
		}
		if (want == "") != (got == "") || !regexp.MustCompile(want).MatchString(got) {
			t.Errorf("%s: got %q, want %q", results[i].Path, got, want)
		}
	}
	if results[4].Slug != "same-2" {
		t.Errorf("a title that makes a taken slug: got %q, want same-2", results[4].Slug)
	}
	if a := mustFind(t, d, "same"); a.Title != "A" {
		t.Errorf("the second file changed the first one's article: %q", a.Title)
	}
}

func TestImportedCorrectionIsShownAndOutlivesItsKey(t *testing.T) {
	d := dbtest.Open(t)
	dir := writeFiles(t, t.TempDir(), "a.md", "---\ntitle: A\nslug: a\nenclosure: talk.mp3\nenclosure_length: 7\n---\nText")
	importFolder(t, d, dir)
	writeFiles(t, dir, "a.md", "---\ntitle: A\nslug: a\ncorrection: |\n  Дата исправлена.\n\n  И место.\n---\nText")
	if results := importFolder(t, d, dir); results[0].Err != nil || results[0].Outcome != articles.Changed {
		t.Fatalf("got %+v", results[0])
	}
	a := mustFind(t, d, "a")
	if want := "Дата исправлена.\n\nИ место."; a.Correction != want || !a.Corrected.Equal(importDay) || !a.Updated.Equal(importDay) {
		t.Errorf("got %q of %v, updated %v; want %q", a.Correction, a.Corrected, a.Updated, want)
	}
	if a.Enclosure != nil {
		t.Errorf("the recording stays though its key is gone: %+v", a.Enclosure)
	}
	writeFiles(t, dir, "a.md", "---\ntitle: A\nslug: a\n---\nText")
	importFolder(t, d, dir)
	if b := mustFind(t, d, "a"); b.Correction != a.Correction || b.Change != a.Change {
		t.Errorf("a file that lost the key: %q, change %d, want what was there", b.Correction, b.Change)
	}
}

func TestImportTellsOfAWithdrawnArticle(t *testing.T) {
	d := dbtest.Open(t)
	dir := writeFiles(t, t.TempDir(), "a.md", "# A\n\nx")
	importFolder(t, d, dir)
	err := d.Tx(context.Background(), func(tx *sql.Tx) error {
		_, _, err := articles.Withdraw(context.Background(), tx, "a", importDay)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	writeFiles(t, dir, "a.md", "# A\n\ny")
	results := importFolder(t, d, dir)
	if w := results[0].Warnings; len(w) != 1 || !strings.Contains(w[0], "which was withdrawn and stays so") {
		t.Errorf("got %+v", results[0])
	}
}

func TestImportTellsOfACopy(t *testing.T) {
	d := dbtest.Open(t)
	results := importFiles(t, d, "a.md", "# A\n\nx", "b.md", "# A\n\nx")
	if results[1].Err != nil || results[1].Outcome != articles.Unchanged || len(results[1].Warnings) != 1 || !strings.Contains(results[1].Warnings[0], "has the very bytes of") {
		t.Errorf("got %+v", results[1])
	}
}

// A name may hold any bytes but "/" and NUL, and goes into the database all the same.
func TestImportTakesFilesWithOddNames(t *testing.T) {
	d := dbtest.Open(t)
	dir := writeFiles(t, t.TempDir(), "a\xff.md", "# Один\n\nx", "b\n.md", "# Два\n\nx", " .txt", "Три дня кино в Выборге\n\nТекст.\n\nЕщё.")
	for _, want := range []articles.Outcome{articles.Added, articles.Unchanged} {
		for _, r := range importFolder(t, d, dir) {
			if r.Err != nil || r.Outcome != want {
				t.Errorf("%q: %s, %v; want %s", r.Path, r.Outcome, r.Err, want)
			}
		}
	}
}

func TestImportReportsMixedAlphabets(t *testing.T) {
	d := dbtest.Open(t)
	results := importFiles(t, d, "a.md", "---\ntitle: Cбербанк и кино\n---\nТекст.\n\nKinоdanz и ещё раз Kinоdanz, PRщик.\n")
	want := []string{"a.md:2: “Cбербанк” mixes", "a.md:6: “Kinоdanz” mixes"}
	if len(results[0].Warnings) != 2 {
		t.Fatalf("got %q", results[0].Warnings)
	}
	for i := range want {
		if !strings.Contains(results[0].Warnings[i], want[i]) {
			t.Errorf("got %q, want %q", results[0].Warnings[i], want[i])
		}
	}
	if a := mustFind(t, d, "sberbank-i-kino"); a.Title != "Cбербанк и кино" {
		t.Errorf("the title was changed to %q", a.Title)
	}
}

func TestImportRelatedListMayNameLaterFiles(t *testing.T) {
	d := dbtest.Open(t)
	dir := writeFiles(t, t.TempDir(), "a.md", "---\ntitle: A\nrelated: [c, b, a, nowhere]\n---\nx", "b.md", "# B\n\nx", "c.md", "# C\n\nx")
	results := importFolder(t, d, dir)
	a := mustFind(t, d, "a")
	if got := relatedSlugs(t, d, a.ID); !slices.Equal(got, []string{"c", "b"}) {
		t.Errorf("got %q, want c, b", got)
	}
	if w := results[0].Warnings; len(w) != 1 || !strings.Contains(w[0], "a.md:3: no article has the slug \"nowhere\"") {
		t.Errorf("got warnings %q", w)
	}
	writeFiles(t, dir, "d.md", "---\ntitle: D\nslug: nowhere\n---\nx")
	importFolder(t, d, dir)
	if got := relatedSlugs(t, d, a.ID); !slices.Equal(got, []string{"c", "b", "nowhere"}) {
		t.Errorf("the unchanged file's list is not completed: got %q", got)
	}
	writeFiles(t, dir, "a.md", "---\ntitle: A\nrelated: []\n---\nx")
	importFolder(t, d, dir)
	if got := relatedSlugs(t, d, a.ID); len(got) != 0 {
		t.Errorf("an empty list does not clear: got %q", got)
	}
}

// BenchmarkImport takes a folder of 200 new files in, each of some 200 words and in a transaction of its own.
func BenchmarkImport(b *testing.B) {
	const n = 200
	dir := benchFolder(b, n)
	im := files.Importer{Site: importSite(b)}
	b.ReportAllocs()
	for range b.N {
		b.StopTimer()
		d := dbtest.Open(b)
		b.StartTimer()
		results, err := im.Import(context.Background(), d, []string{dir}, importDay)
		if err != nil || len(results) != n || results[n-1].Outcome != articles.Added {
			b.Fatalf("%d results, %v", len(results), err)
		}
	}
	b.ReportMetric(float64(b.N)*n/b.Elapsed().Seconds(), "articles/s")
}

// BenchmarkImportAgain takes the same folder in when nothing has changed in it.
func BenchmarkImportAgain(b *testing.B) {
	const n = 200
	dir, d := benchFolder(b, n), dbtest.Open(b)
	im := files.Importer{Site: importSite(b)}
	if _, err := im.Import(context.Background(), d, []string{dir}, importDay); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	b.ResetTimer()
	for range b.N {
		results, err := im.Import(context.Background(), d, []string{dir}, importDay)
		if err != nil || results[n-1].Outcome != articles.Unchanged {
			b.Fatal(results, err)
		}
	}
	b.ReportMetric(float64(b.N)*n/b.Elapsed().Seconds(), "articles/s")
}

func benchFolder(b *testing.B, n int) string {
	dir := b.TempDir()
	for i := range n {
		writeFiles(b, dir, fmt.Sprintf("%03d.md", i), fmt.Sprintf("# Новость номер %d\n\n", i)+
			strings.Repeat(fmt.Sprintf("Агентство подписало соглашение о кластере номер %d. ", i), 28))
	}
	return dir
}
