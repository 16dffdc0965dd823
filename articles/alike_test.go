package articles

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"vestnik/articles/related"
	"vestnik/db"
	"vestnik/db/dbtest"
)

func relate(t testing.TB, d *db.DB) int {
	t.Helper()
	n, err := Relate(context.Background(), d)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// keptTitles are the titles of an article's kept list, whatever state its articles are in. It is "none" where none was made.
func keptTitles(t testing.TB, d *db.DB, a Article) string {
	t.Helper()
	if rows(t, d, `SELECT COUNT(*) FROM article_alike_made WHERE article = $1`, a.ID) == 0 {
		return "none"
	}
	all, err := db.Collect(context.Background(), d, func(row *sql.Rows) (title string, err error) {
		return title, row.Scan(&title)
	}, `SELECT title FROM article_alike JOIN articles ON articles.id = other WHERE article = $1 ORDER BY pos`, a.ID)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%q", all)
}

func rows(t testing.TB, d *db.DB, query string, args ...any) (n int64) {
	t.Helper()
	if err := d.QueryRowContext(context.Background(), query, args...).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// computedTitles are the titles of the list as it would be made now.
func computedTitles(t testing.TB, d *db.DB, a Article) string {
	t.Helper()
	picked, listed, err := editorsList(context.Background(), d, a)
	if err != nil {
		t.Fatal(err)
	}
	found, err := related.Similar(context.Background(), d, alikeQuery(a, picked, listed, mostAlike))
	if err != nil {
		t.Fatal(err)
	}
	var ids []int64
	for _, f := range found {
		ids = append(ids, f.Article)
	}
	all, err := ByIDs(context.Background(), d, ids)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%q", titles(all))
}

// checkLists fails where a kept list is not what it would be now, or where one is still owed.
func checkLists(t testing.TB, d *db.DB, all []Article) {
	t.Helper()
	for _, a := range all {
		if got, want := keptTitles(t, d, a), computedTitles(t, d, a); got != want {
			t.Errorf("%s:\nkept %s\nwant %s", a.Title, got, want)
		}
	}
	if n := rows(t, d, `SELECT COUNT(*) FROM article_alike_due`); n != 0 {
		t.Errorf("%d lists are owed", n)
	}
}

func TestAfterAnImportEachListIsMadeOnce(t *testing.T) {
	d := dbtest.Open(t)
	all, _ := sample(t, d)
	if n := relate(t, d); n != len(all) {
		t.Errorf("%d lists were made, want %d", n, len(all))
	}
	checkLists(t, d, all)
	if n := relate(t, d); n != 0 {
		t.Errorf("%d lists were made though nothing changed", n)
	}
}

func TestAListComputedNowIsTheOneThatWillBeKept(t *testing.T) {
	d := dbtest.Open(t)
	all := manyAlike(t, d, 30)
	setRelatedList(t, d, all[0].ID, []int64{all[7].ID, all[20].ID})
	show := func() (shown []string) {
		for _, a := range all[:10] {
			a = get(t, d, a.ID)
			for _, n := range []int{1, 5, mostAlike + 5} {
				shown = append(shown, fmt.Sprintf("%s, %d: %q", a.Title, n, titles(findRelated(t, d, a, n, all[2].ID, all[7].ID))))
			}
		}
		return shown
	}
	computed := show()
	relate(t, d)
	for i, kept := range show() {
		if kept != computed[i] {
			t.Errorf("computed %s\nkept %s", computed[i], kept)
		}
	}
}

// years of news: what there is of 2018, and what comes in 2022 about the same.
func oldNews(t testing.TB, d *db.DB) (old, fresh Article) {
	sample(t, d)
	old, _ = put(t, d, Input{Title: "Рибейт для съёмок в Приморье", HTML: "<p>Съёмочные группы вернут часть затрат.</p>", Path: "/old",
		Published: testNow.AddDate(-8, 0, 0)}, testNow)
	relate(t, d)
	if got := keptTitles(t, d, old); strings.Contains(got, "Сахалина") {
		t.Fatalf("kept at first: %s", got)
	}
	fresh, _ = put(t, d, Input{Title: "Рибейт получили съёмочные группы Сахалина", HTML: "<p>Затраты вернут за год.</p>", Path: "/fresh",
		Published: testNow.AddDate(-4, 0, 0)}, testNow)
	return old, fresh
}

func TestTheNewsOfTodayStandsOnThePageOfYearsAgoAndTheOtherWayRound(t *testing.T) {
	d := dbtest.Open(t)
	old, fresh := oldNews(t, d)
	if n := relate(t, d); n < 2 {
		t.Errorf("%d lists were made, want that of the new article and those near it", n)
	}
	for _, pair := range [][2]Article{{old, fresh}, {fresh, old}} {
		if got := keptTitles(t, d, pair[0]); !strings.Contains(got, pair[1].Title) {
			t.Errorf("%s: kept %s, without %q", pair[0].Title, got, pair[1].Title)
		}
		if got := titles(findRelated(t, d, pair[0], 5)); !slices.Contains(got, pair[1].Title) {
			t.Errorf("%s: shown %q, without %q", pair[0].Title, got, pair[1].Title)
		}
	}
}

func TestAWithdrawnArticleLeavesAllListsAtOnceAndItsPlaceIsFilled(t *testing.T) {
	d := dbtest.Open(t)
	old, fresh := oldNews(t, d)
	relate(t, d)
	withdraw(t, d, fresh.Slug)
	if got := titles(findRelated(t, d, old, mostAlike)); slices.Contains(got, fresh.Title) {
		t.Errorf("before the worker came: %q", got)
	}
	relate(t, d)
	if n := rows(t, d, `SELECT COUNT(*) FROM article_alike WHERE other = $1 OR article = $1`, fresh.ID); n != 0 {
		t.Errorf("it is left in %d lines of the lists", n)
	}
	if got, want := keptTitles(t, d, old), computedTitles(t, d, old); got != want {
		t.Errorf("kept %s, want %s", got, want)
	}
	turnTo(t, d, Publish, fresh.Slug, testNow)
	relate(t, d)
	if got := keptTitles(t, d, old); !strings.Contains(got, fresh.Title) {
		t.Errorf("published again: kept %s, without %q", got, fresh.Title)
	}
	turnTo(t, d, Remove, fresh.Slug, testNow)
	relate(t, d)
	if n := rows(t, d, `SELECT COUNT(*) FROM article_alike WHERE other = $1 OR article = $1`, fresh.ID); n != 0 {
		t.Errorf("removed, it is left in %d lines of the lists", n)
	}
}

func TestAnArticleThatBecomesAnotherStoryLeavesTheListsThatHeldIt(t *testing.T) {
	d := dbtest.Open(t)
	old, fresh := oldNews(t, d)
	relate(t, d)
	put(t, d, Input{ID: fresh.ID, Title: "Жюри фестиваля", HTML: "<p>Актриса возглавит конкурс.</p>"}, testNow)
	relate(t, d)
	if n := rows(t, d, `SELECT COUNT(*) FROM article_alike WHERE article = $1 AND other = $2`, old.ID, fresh.ID); n != 0 {
		t.Errorf("it is still in the list: %s", keptTitles(t, d, old))
	}
}

func TestTheEditorsListComesBeforeTheKeptOne(t *testing.T) {
	d := dbtest.Open(t)
	all, _ := sample(t, d)
	relate(t, d)
	a := all[0]
	byWords := findRelated(t, d, a, 3)
	setRelatedList(t, d, a.ID, []int64{all[39].ID, byWords[1].ID})
	check := func(when string) {
		t.Helper()
		got := findRelated(t, d, get(t, d, a.ID), 4)
		if len(got) < 3 || got[0].ID != all[39].ID || got[1].ID != byWords[1].ID || got[2].ID != byWords[0].ID {
			t.Errorf("%s: %q; want the editors' two, then %q", when, titles(got), byWords[0].Title)
		}
	}
	check("before the worker came")
	relate(t, d)
	check("after it")
	if got := keptTitles(t, d, a); strings.Contains(got, byWords[1].Title) {
		t.Errorf("the kept list repeats the editors': %s", got)
	}
	withdraw(t, d, byWords[1].Slug)
	turnTo(t, d, Publish, byWords[1].Slug, testNow)
	relate(t, d)
	check("one of the editors' was withdrawn and came back")
}

func TestTwoThatSayTheSameAreNotBothKept(t *testing.T) {
	d := dbtest.Open(t)
	old, fresh := oldNews(t, d)
	twin, _ := put(t, d, Input{Title: fresh.Title, HTML: fresh.HTML, Path: "/twin", Published: fresh.Published}, testNow)
	relate(t, d)
	if n := rows(t, d, `SELECT COUNT(*) FROM article_alike WHERE article = $1 AND other IN ($2, $3)`, old.ID, fresh.ID, twin.ID); n != 1 {
		t.Errorf("%d of the two are kept: %s", n, keptTitles(t, d, old))
	}
}

func TestTwoWorkersAtOnceMakeTheSameLists(t *testing.T) {
	d := dbtest.Open(t)
	all, _ := sample(t, d)
	var workers sync.WaitGroup
	for range 3 {
		workers.Go(func() {
			if _, err := Relate(context.Background(), d); err != nil {
				t.Error(err)
			}
		})
	}
	workers.Wait()
	checkLists(t, d, all)
}

func TestAWorkerStoppedBetweenTwoStepsLeavesNothingWrong(t *testing.T) {
	d := dbtest.Open(t)
	all, _ := sample(t, d)
	if made, left, err := relateSome(context.Background(), d); made != relateStep || !left || err != nil {
		t.Fatalf("a step: %d, %v, %v; want %d", made, left, err, relateStep)
	}
	stopped, cancel := context.WithCancel(context.Background())
	cancel()
	if n, err := Relate(stopped, d); n != 0 || err == nil {
		t.Errorf("stopped: %d, %v; want an error", n, err)
	}
	for _, a := range all {
		if got := findRelated(t, d, a, 3); len(got) == 0 && computedTitles(t, d, a) != "[]" {
			t.Errorf("%s: nothing is shown", a.Title)
		}
	}
	if n := relate(t, d); n != len(all)-relateStep {
		t.Errorf("it went on with %d lists, want the other %d", n, len(all)-relateStep)
	}
	checkLists(t, d, all)
}

func TestAChangeThatComesWhileAListIsComputedLeavesItOwed(t *testing.T) {
	d := dbtest.Open(t)
	all, _ := sample(t, d)
	relate(t, d)
	a := all[0]
	put(t, d, Input{ID: a.ID, Title: a.Title + " снова", HTML: a.HTML, Language: a.Language}, testNow)
	l, err := makeList(context.Background(), d, owed{a.ID, currentChange(t, d), 0})
	if err != nil {
		t.Fatal(err)
	}
	put(t, d, Input{ID: a.ID, Title: all[20].Title, HTML: all[20].HTML, Language: a.Language}, testNow)
	err = d.Tx(context.Background(), func(tx *sql.Tx) error {
		n, err := storeLists(context.Background(), tx, []list{l})
		if n != 0 {
			t.Errorf("a list of the old words was stored")
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	relate(t, d)
	if got, want := keptTitles(t, d, a), computedTitles(t, d, get(t, d, a.ID)); got != want {
		t.Errorf("kept %s, want %s", got, want)
	}
}

// Each list owes others in a transaction that all writers wait for: in a great archive it must not go through all articles.
func TestTheArticlesNearOneAreOwedWithoutPassingAllBy(t *testing.T) {
	d := openSQLite(t)
	args := []any{int64(1), int64(2), int64(3), int64(4)}
	plan, err := db.Collect(context.Background(), d, func(row *sql.Rows) (line string, err error) {
		var id, parent, unused int64
		return line, row.Scan(&id, &parent, &unused, &line)
	}, "EXPLAIN QUERY PLAN "+nearQuery(2), args...)
	got := strings.Join(plan, "\n")
	if err != nil || !strings.Contains(got, "(id=?)\nCORRELATED") || strings.Contains(got, "articles_moment") || strings.Contains(got, "SCAN a\n") {
		t.Errorf("%v\n%s", err, got)
	}
}

func TestAnOwedRefreshGivesWayToAChangeOfTheArticleItself(t *testing.T) {
	d := dbtest.Open(t)
	a, _ := put(t, d, Input{Title: "a", Path: "/a"}, testNow)
	for _, c := range []struct{ change, refresh, wantChange, wantRefresh int64 }{
		{a.Change, 1, a.Change, 0}, {a.Change + 5, 1, a.Change + 5, 0}, {a.Change + 2, 0, a.Change + 5, 0},
	} {
		_, err := d.ExecContext(context.Background(), `INSERT INTO article_alike_due (article, change, refresh) VALUES ($1, $2, $3)`+onceOwed, a.ID, c.change, c.refresh)
		if err != nil {
			t.Fatal(err)
		}
		var change, refresh int64
		if err := d.QueryRowContext(context.Background(), `SELECT change, refresh FROM article_alike_due`).Scan(&change, &refresh); err != nil ||
			change != c.wantChange || refresh != c.wantRefresh {
			t.Errorf("%+v: change %d, refresh %d, %v", c, change, refresh, err)
		}
	}
}

func TestHousekeepingOwesTheListsThatAnOlderNodeForgot(t *testing.T) {
	d := dbtest.Open(t)
	all, _ := sample(t, d)
	relate(t, d)
	put(t, d, Input{ID: all[3].ID, Title: all[3].Title + " снова", HTML: all[3].HTML, Language: all[3].Language}, testNow)
	withdraw(t, d, all[5].Slug)
	fresh, _ := put(t, d, Input{Title: "Рибейт для съёмок", HTML: all[0].HTML, Path: "/fresh"}, testNow)
	if _, err := d.ExecContext(context.Background(), `DELETE FROM article_alike_due`); err != nil {
		t.Fatal(err)
	}
	for _, want := range []int64{3, 3} { // a second node finds the same
		if n, err := Housekeep(context.Background(), d); n != 0 || err != nil {
			t.Errorf("Housekeep = %d, %v", n, err)
		}
		if n := rows(t, d, `SELECT COUNT(*) FROM article_alike_due`); n != want {
			t.Errorf("%d lists are owed, want those of the three changed articles", n)
		}
	}
	relate(t, d)
	checkLists(t, d, []Article{get(t, d, all[3].ID), fresh})
	if n := rows(t, d, `SELECT COUNT(*) FROM article_alike WHERE article = $1 OR other = $1`, all[5].ID); n != 0 {
		t.Errorf("the withdrawn one is in %d lines", n)
	}
	if _, err := Housekeep(context.Background(), d); err != nil || rows(t, d, `SELECT COUNT(*) FROM article_alike_due`) != 0 {
		t.Errorf("nothing was to do: %v", err)
	}
}

// manyAlike puts n articles that share some words, among others that share none.
func manyAlike(t testing.TB, d *db.DB, n int) (all []Article) {
	t.Helper()
	for i := range 6 * n {
		title := fmt.Sprintf("w%da w%db w%dc w%dd w%de w%df", i, i, i, i, i, i)
		if i%6 == 0 {
			title += fmt.Sprintf(" lighthouse harbour island w%dx w%dy", i/12, i/12)
		}
		a, _ := put(t, d, Input{Title: title, Language: "en", Path: fmt.Sprint("/", i)}, testNow)
		if i%6 == 0 {
			all = append(all, a)
		}
	}
	return all
}

func TestWhatIsLeftOutOfAFullListIsMadeUpForByComputing(t *testing.T) {
	d := dbtest.Open(t)
	all := manyAlike(t, d, 30)
	relate(t, d)
	a := all[0]
	kept := findRelated(t, d, a, mostAlike)
	if len(kept) != mostAlike {
		t.Fatalf("%d are kept", len(kept))
	}
	var exclude []int64
	for _, k := range kept[:mostAlike-2] {
		exclude = append(exclude, k.ID)
	}
	if got := findRelated(t, d, a, 2, exclude...); len(got) != 2 || got[0].ID != kept[mostAlike-2].ID {
		t.Errorf("what is left of the list: %q", titles(got))
	}
	got := findRelated(t, d, a, 5, exclude...)
	if len(got) != 5 || slices.ContainsFunc(got, func(b Article) bool { return slices.Contains(exclude, b.ID) }) {
		t.Errorf("more than is left of the list: %q", titles(got))
	}
}

// What was kept is read: a line that only the kept list can say is shown.
func TestTheKeptListIsTheOneShown(t *testing.T) {
	d := dbtest.Open(t)
	all, _ := sample(t, d)
	relate(t, d)
	_, err := d.ExecContext(context.Background(), `UPDATE article_alike SET other = $1 WHERE article = $2 AND pos = 0`, all[39].ID, all[0].ID)
	if err != nil {
		t.Fatal(err)
	}
	if got := findRelated(t, d, all[0], 1); len(got) != 1 || got[0].ID != all[39].ID {
		t.Errorf("got %q, want %q", titles(got), all[39].Title)
	}
	changed, _ := put(t, d, Input{ID: all[0].ID, Title: all[0].Title + " снова", HTML: all[0].HTML, Language: all[0].Language}, testNow)
	if got := findRelated(t, d, changed, 1); len(got) != 1 || got[0].ID == all[39].ID {
		t.Errorf("the list of an article as it was is shown after a change: %q", titles(got))
	}
}

// The same changes in the same order give the same lists on both databases. Ids differ, so they are compared by title.
func TestKeptListsAreTheSameOnBothDatabases(t *testing.T) {
	one, other := dbtest.Open(t), openSQLite(t)
	if one.Engine == other.Engine {
		t.Log("VESTNIK_TEST_POSTGRES is not set: SQLite is compared with itself")
	}
	var lists [2][]string
	for i, d := range []*db.DB{one, other} {
		old, fresh := oldNews(t, d)
		relate(t, d)
		withdraw(t, d, fresh.Slug)
		put(t, d, Input{ID: old.ID, Title: old.Title, HTML: old.HTML + "<p>Об этом сообщили на Сахалине.</p>"}, testNow)
		relate(t, d)
		all, err := List(context.Background(), d, Filter{})
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range all {
			lists[i] = append(lists[i], a.Title+": "+keptTitles(t, d, a))
		}
	}
	slices.Sort(lists[0])
	slices.Sort(lists[1])
	if !slices.Equal(lists[0], lists[1]) {
		t.Errorf("%s: %q\n%s: %q", one.Engine, lists[0], other.Engine, lists[1])
	}
}

func TestRelationsSayWhoChoseAnArticle(t *testing.T) {
	d := dbtest.Open(t)
	all, _ := sample(t, d)
	setRelatedList(t, d, all[0].ID, []int64{all[39].ID})
	for _, want := range []bool{false, true} {
		got, kept, err := Relations(context.Background(), d, get(t, d, all[0].ID), 3, nil)
		if err != nil || kept != want || len(got) != 3 || !got[0].Editors || got[0].ID != all[39].ID || got[0].Score != 0 {
			t.Errorf("kept %v, %v; want %v, and the editors' choice first: %+v", kept, err, want, got)
		} else if got[1].Editors || got[1].Score < got[2].Score || got[2].Score <= 0 {
			t.Errorf("scores %v, %v", got[1].Score, got[2].Score)
		}
		relate(t, d)
	}
}

// BenchmarkRelate makes the lists of 2,000 articles, then shows what a page costs with kept lists and without.
func BenchmarkRelate(b *testing.B) {
	d := dbtest.Open(b)
	manyArticles(b, d, 2000)
	all, err := List(context.Background(), d, Filter{Limit: 100})
	if err != nil {
		b.Fatal(err)
	}
	b.Run("computed", func(b *testing.B) {
		for i := range b.N {
			findRelated(b, d, all[i%len(all)], 5)
		}
	})
	b.Run("lists", func(b *testing.B) {
		n := 0
		for range b.N {
			b.StopTimer()
			if _, err := d.ExecContext(context.Background(), `INSERT INTO article_alike_due (article, change, refresh) SELECT id, change, 0 FROM articles WHERE true`+onceOwed); err != nil {
				b.Fatal(err)
			}
			b.StartTimer()
			n += relate(b, d)
		}
		b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "lists/s")
	})
	b.Run("kept", func(b *testing.B) {
		for i := range b.N {
			findRelated(b, d, all[i%len(all)], 5)
		}
	})
	b.Run("news", func(b *testing.B) { // one new article: its list and those near it
		n := 0
		for i := range b.N {
			in := Input{ID: all[i%len(all)].ID, Title: fmt.Sprint(all[i%len(all)].Title, " ", i), HTML: all[i%len(all)].HTML, Language: "xx"}
			put(b, d, in, testNow)
			n += relate(b, d)
		}
		b.ReportMetric(float64(n)/float64(b.N), "lists/op")
	})
}
