package articles

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"vestnik/db"
	"vestnik/db/dbtest"
	"vestnik/db/schema"
)

var testSite = Site{URL: "https://kino.example", Language: "ru", Location: time.UTC}

var testNow = time.Date(2026, 11, 24, 8, 0, 0, 0, time.UTC)

func put(t testing.TB, d *db.DB, in Input, now time.Time) (a Article, outcome Outcome) {
	t.Helper()
	err := d.Tx(context.Background(), func(tx *sql.Tx) (err error) {
		a, outcome, err = Put(context.Background(), tx, testSite, in, now)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return a, outcome
}

// sample puts the forty articles of testdata/sample.txt, an hour apart in a mixed order, and returns them with their topics.
func sample(t testing.TB, d *db.DB) (all []Article, topics map[int64]string) {
	t.Helper()
	text, err := os.ReadFile("testdata/sample.txt")
	if err != nil {
		t.Fatal(err)
	}
	topics = map[int64]string{}
	blocks := strings.Split(string(text), "\n== ")[1:]
	for i, block := range blocks {
		lines := strings.SplitN(strings.TrimSpace(block), "\n", 4)
		topic, lang, _ := strings.Cut(lines[0], " ")
		a, _ := put(t, d, Input{Language: lang, Title: lines[1], Standfirst: lines[2], HTML: "<p>" + lines[3] + "</p>",
			Published: testNow.Add(-time.Duration(i*17%len(blocks)) * time.Hour)}, testNow)
		topics[a.ID] = topic
		all = append(all, a)
	}
	return all, topics
}

func findRelated(t testing.TB, d *db.DB, a Article, n int, exclude ...int64) []Article {
	t.Helper()
	all, err := Related(context.Background(), d, a, n, exclude)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func titles(all []Article) []string {
	var titles []string
	for _, a := range all {
		titles = append(titles, a.Title)
	}
	return titles
}

func TestRelatedFindsTheTopic(t *testing.T) {
	d := dbtest.Open(t)
	all, topics := sample(t, d)
	same, found, first := 0, 0, 0
	for _, a := range all {
		for i, b := range findRelated(t, d, a, 3) {
			found++
			if topics[a.ID] != topics[b.ID] {
				continue
			}
			same++
			if i == 0 {
				first++
			}
		}
	}
	// Each of the forty has three others of its topic. Measured: 116 found, 112 of the same topic, 40 first.
	if found < 105 || same < 100 || first < 39 {
		t.Errorf("of 120 places %d are filled, %d with the same topic, %d of 40 first ones; want 105, 100, 39 at least", found, same, first)
	}
}

func TestRelatedInATinyCollection(t *testing.T) {
	d := dbtest.Open(t)
	first, _ := put(t, d, Input{Title: "Рибейт для съёмок в Приморье", HTML: "<p>Съёмочные группы вернут часть затрат.</p>", Path: "/1"}, testNow)
	put(t, d, Input{Title: "Касса уикенда", HTML: "<p>Комедия возглавила прокат и собрала миллиард.</p>", Path: "/2"}, testNow)
	second, _ := put(t, d, Input{Title: "Рибейт получили съёмочные группы Сахалина", HTML: "<p>Затраты вернут за год.</p>", Path: "/3"}, testNow)
	put(t, d, Input{Title: "Жюри фестиваля", HTML: "<p>Актриса возглавит конкурс.</p>", Path: "/4"}, testNow)
	if got := findRelated(t, d, first, 5); len(got) != 1 || got[0].ID != second.ID {
		t.Errorf("got %q, want the other article about the rebate alone", titles(got))
	}
}

func TestRelatedPutsTheEditorsListFirst(t *testing.T) {
	d := dbtest.Open(t)
	all, _ := sample(t, d)
	a := all[0]
	byWords := findRelated(t, d, a, 3)
	list := []int64{all[39].ID, all[20].ID, a.ID, byWords[0].ID, all[39].ID, all[30].ID, 12345}
	setRelatedList(t, d, a.ID, list)
	withdraw(t, d, all[20].Slug)
	want := fmt.Sprintf("%q", append(titles([]Article{all[39], byWords[0]}), byWords[1].Title, byWords[2].Title))
	if got := fmt.Sprintf("%q", titles(findRelated(t, d, a, 4, all[30].ID))); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if got := findRelated(t, d, a, 1); len(got) != 1 || got[0].ID != all[39].ID {
		t.Errorf("of one: %q, want %q", titles(got), all[39].Title)
	}
	if got := findRelated(t, d, a, 0); len(got) != 0 {
		t.Errorf("of none: %q", titles(got))
	}
}

// listDay is when the editors make their lists, later than any article.
var listDay = testNow.Add(24 * time.Hour)

func setRelatedList(t testing.TB, d *db.DB, article int64, list []int64) {
	t.Helper()
	err := d.Tx(context.Background(), func(tx *sql.Tx) error { return SetRelated(context.Background(), tx, article, list, listDay) })
	if err != nil {
		t.Fatal(err)
	}
}

func TestSetRelatedRaisesTheChangeOnlyWhenTheListDiffers(t *testing.T) {
	d := dbtest.Open(t)
	a, _ := put(t, d, Input{Title: "a", Path: "/a"}, testNow)
	b, _ := put(t, d, Input{Title: "b", Path: "/b"}, testNow)
	before := currentChange(t, d)
	setRelatedList(t, d, a.ID, []int64{b.ID, a.ID, b.ID})
	setRelatedList(t, d, a.ID, []int64{b.ID})
	after := get(t, d, a.ID)
	if after.Change != before+1 || !after.Updated.Equal(a.Updated) {
		t.Errorf("change %d, updated %v; want %d and the old %v", after.Change, after.Updated, before+1, a.Updated)
	}
	changes, err := Changes(context.Background(), d, before, 10)
	if err != nil || len(changes) != 1 {
		t.Fatalf("changes %+v, %v; want one", changes, err)
	}
	if want := (Change{Change: before + 1, Article: a.ID, Verb: "update", At: listDay, Mark: changes[0].Mark}); changes[0] != want {
		t.Errorf("change %+v; want %+v", changes[0], want)
	}
}

func TestRelatedLeavesOutHiddenExcludedAndTwins(t *testing.T) {
	d := dbtest.Open(t)
	all, _ := sample(t, d)
	a := all[0]
	first := findRelated(t, d, a, 2)
	withdraw(t, d, first[0].Slug)
	text := "<p>Областное правительство и кинокомпания «Восток-фильм» подписали соглашение о создании на Сахалине производственного кластера. Площадка должна заинтересовать съемочные группы из Японии, Южной Кореи и Китая. Первый проект студия начнет снимать на острове следующим летом!</p>"
	twin, _ := put(t, d, Input{Title: a.Title, Standfirst: a.Standfirst, HTML: text, Published: a.Moment.Add(time.Hour), Path: "/twin"}, testNow)
	english, _ := put(t, d, Input{Title: a.Title, HTML: text, Language: "en", Path: "/en"}, testNow)
	for _, b := range findRelated(t, d, a, 10, first[1].ID) {
		if b.ID == a.ID || b.ID == first[0].ID || b.ID == first[1].ID || b.ID == twin.ID || b.ID == english.ID {
			t.Errorf("%q is among them", b.Title)
		}
	}
}

// Ids differ from one database to the next, so the lists are compared by title.
func TestRelatedIsTheSameOnBothDatabases(t *testing.T) {
	one, other := dbtest.Open(t), openSQLite(t)
	here, _ := sample(t, one)
	there, _ := sample(t, other)
	for i := range here {
		a, b := fmt.Sprintf("%q", titles(findRelated(t, one, here[i], 5))), fmt.Sprintf("%q", titles(findRelated(t, other, there[i], 5)))
		if a != b {
			t.Errorf("%s:\n%s: %s\n%s: %s", here[i].Title, one.Engine, a, other.Engine, b)
		}
	}
}

// openSQLite opens a SQLite database whatever the suite runs on.
func openSQLite(t testing.TB) *db.DB {
	t.Helper()
	d, err := db.Open(context.Background(), "sqlite:"+filepath.Join(t.TempDir(), "other.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	if _, _, err := schema.Migrate(context.Background(), d); err != nil {
		t.Fatal(err)
	}
	return d
}

func BenchmarkRelated(b *testing.B) {
	d := dbtest.Open(b)
	manyArticles(b, d, 1000)
	all, err := List(context.Background(), d, Filter{Limit: 100})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	b.ResetTimer()
	for i := range b.N {
		findRelated(b, d, all[i%len(all)], 5)
	}
}
