package reads

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"vestnik/db"
	"vestnik/db/dbtest"
)

type sampleArticle struct {
	id                       int64
	published                time.Time
	language, section, state string
}

func addArticle(t testing.TB, d *db.DB, a sampleArticle) {
	t.Helper()
	for _, field := range []struct {
		value *string
		usual string
	}{{&a.language, "ru"}, {&a.section, "novosti"}, {&a.state, "published"}} {
		if *field.value == "" {
			*field.value = field.usual
		}
	}
	_, err := d.ExecContext(ctx, `INSERT INTO articles (id, slug, guid, kind, title, standfirst, html, text, language, section, section_title, url,
			image, image_alt, published, updated, seen, moment, state, change, path, hash)
		VALUES ($1, $2, $3, 'article', '', '', '', '', $4, $5, '', '', '', '', $6, 0, 0, $7, $8, 0, '', '')`,
		a.id, fmt.Sprint("s", a.id), fmt.Sprint("g", a.id), a.language, a.section, db.Milli(a.published), db.Milli(a.published), a.state)
	if err != nil {
		t.Fatal(err)
	}
}

func addReads(t testing.TB, d *db.DB, article int64, hour time.Time, source string, n int64) {
	t.Helper()
	add(t, d, Hour{article, hour, source, n})
}

// top is a ranking as "article=reads article=reads".
func top(t testing.TB, d *db.DB, q Query) string {
	t.Helper()
	all, err := Top(ctx, d, q)
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, r := range all {
		list = append(list, fmt.Sprintf("%d=%d", r.Article, r.Reads))
	}
	return strings.Join(list, " ")
}

var day = time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC)

func TestTopRanksByReads(t *testing.T) {
	d := dbtest.Open(t)
	for id, a := range []sampleArticle{
		{published: day.Add(-time.Hour)}, {published: day.Add(-2 * time.Hour)}, {published: day.Add(-2 * time.Hour)},
		{published: day, state: "withdrawn"}, {published: day, language: "en"}, {published: day.Add(-100 * time.Hour)},
		{published: day, section: "kassa"}, {published: day, state: "draft"},
	} {
		a.id = int64(id + 1)
		addArticle(t, d, a)
		addReads(t, d, a.id, day.Add(time.Hour), "web", 10)
	}
	addReads(t, d, 2, day.Add(3*time.Hour), "feed", 5)
	addReads(t, d, 6, day.Add(3*time.Hour), "email", 90)
	addReads(t, d, 99, day.Add(time.Hour), "web", 500) // erased long ago
	base := Query{From: day, To: day.Add(24 * time.Hour)}
	for _, test := range []struct {
		name   string
		change func(q *Query)
		want   string
	}{
		// Of those with ten reads the newer come first: 7 and 5 of one moment by id, then 1, then 3.
		{"all", func(q *Query) {}, "6=100 2=15 7=10 5=10 1=10 3=10"},
		{"without email", func(q *Query) { q.WithoutSources = []string{"email"} }, "2=15 7=10 5=10 1=10 3=10 6=10"},
		{"without email and feed", func(q *Query) { q.WithoutSources = []string{"email", "feed"} }, "7=10 5=10 1=10 3=10 2=10 6=10"},
		{"young", func(q *Query) { q.MaxAge = 72 * time.Hour }, "2=15 7=10 5=10 1=10 3=10"},
		{"Russian", func(q *Query) { q.Language = "ru" }, "6=100 2=15 7=10 1=10 3=10"},
		{"a section", func(q *Query) { q.Section = "kassa" }, "7=10"},
		{"excluded", func(q *Query) { q.Exclude = []int64{6, 2, 7} }, "5=10 1=10 3=10"},
		{"filters before the limit", func(q *Query) {
			q.Exclude, q.MaxAge, q.Limit = []int64{2, 7}, 72*time.Hour, 3
		}, "5=10 1=10 3=10"},
		{"an hour", func(q *Query) { q.From, q.To = day.Add(3*time.Hour), day.Add(4*time.Hour) }, "6=90 2=5"},
		{"nothing", func(q *Query) { q.From, q.To = day.Add(-2*time.Hour), day.Add(-time.Hour) }, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			q := base
			test.change(&q)
			if got := top(t, d, q); got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
	if _, err := Top(ctx, d, Query{By: "luck"}); err == nil {
		t.Error("ranked by luck")
	}
}

func TestAdjustedIsFairToLateArticles(t *testing.T) {
	d := dbtest.Open(t)
	addArticle(t, d, sampleArticle{id: 1, published: day.Add(-6 * 24 * time.Hour)})
	addArticle(t, d, sampleArticle{id: 2, published: day.Add(12 * time.Hour)})
	addArticle(t, d, sampleArticle{id: 3, published: day.Add(23*time.Hour + 50*time.Minute)})
	addArticle(t, d, sampleArticle{id: 4, published: day.Add(48 * time.Hour)}) // dated in the future, and read all the same
	for id, n := range []int64{30, 30, 10, 1} {
		addReads(t, d, int64(id+1), day.Add(12*time.Hour), "web", n)
	}
	all, err := Top(ctx, d, Query{From: day, To: day.Add(24 * time.Hour), By: ByAdjusted})
	if err != nil {
		t.Fatal(err)
	}
	// Of 1 nearly all readers came before the window, of 2 a quarter came in it, of 3 hardly any could: 0.25 is the floor for all.
	want := "[{2 30 120 adjusted} {1 30 120 adjusted} {3 10 40 adjusted} {4 1 4 adjusted}]"
	if got := fmt.Sprint(all); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	q := Query{From: day, To: day.Add(7 * 24 * time.Hour), By: ByAdjusted}
	if got, want := q.score(50, day), 50/(168.0/204); got != want {
		t.Errorf("published at the beginning of a week: %v, want %v", got, want)
	}
	if early, late := q.score(50, day), q.score(50, day.Add(6*24*time.Hour)); late <= early {
		t.Errorf("a day before the end %v, a week before %v: the late one should be lifted", late, early)
	}
}

// The promise: consecutive windows with Whole share no hour and leave none out, whatever minute they end on.
func TestWholeWindowsCountEveryHourOnce(t *testing.T) {
	for _, step := range []time.Duration{time.Hour, 90 * time.Minute, 24 * time.Hour, 24*time.Hour + 17*time.Minute, 61 * time.Minute} {
		counts := map[int64]int{}
		from := day.Add(8*time.Hour + 30*time.Minute)
		first := hourOf(from)
		for range 50 {
			to := from.Add(step)
			start, end := Query{From: from, To: to, Whole: true}.hours()
			for hour := start; hour < end; hour++ {
				counts[hour]++
			}
			from = to
		}
		for hour := first; hour < hourOf(from); hour++ {
			if counts[hour] != 1 {
				t.Errorf("windows of %v count hour %d %d times, want once", step, hour-first, counts[hour])
			}
		}
		if len(counts) != int(hourOf(from)-first) {
			t.Errorf("windows of %v count %d hours, want %d", step, len(counts), hourOf(from)-first)
		}
	}
}

func TestWindowHours(t *testing.T) {
	for _, test := range []struct {
		name       string
		from, to   time.Duration
		whole      bool
		first, end int
	}{
		{"on the hour", 8 * time.Hour, 9 * time.Hour, false, 8, 9},
		{"on the hour, whole", 8 * time.Hour, 9 * time.Hour, true, 8, 9},
		{"the last day, now", 8*time.Hour + 20*time.Minute, 32*time.Hour + 20*time.Minute, false, 8, 33},
		{"a daily digest at 20 past", 8*time.Hour + 20*time.Minute, 32*time.Hour + 20*time.Minute, true, 8, 32},
		{"a digest every minute", 8*time.Hour + 20*time.Minute, 8*time.Hour + 21*time.Minute, true, 8, 9},
		{"a digest every minute, at the full hour", 8*time.Hour + 59*time.Minute, 9 * time.Hour, true, 8, 9},
		{"the minute after", 9 * time.Hour, 9*time.Hour + time.Minute, true, 9, 10},
		{"no time at all", 8 * time.Hour, 8 * time.Hour, false, 8, 9},
	} {
		first, end := Query{From: day.Add(test.from), To: day.Add(test.to), Whole: test.whole}.hours()
		if first -= hourOf(day); int(first) != test.first || int(end-hourOf(day)) != test.end {
			t.Errorf("%s: [%d, %d), want [%d, %d)", test.name, first, end-hourOf(day), test.first, test.end)
		}
	}
}
