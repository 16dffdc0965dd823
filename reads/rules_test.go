package reads

import (
	"database/sql"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"vestnik/db"
	"vestnik/db/dbtest"
)

func TestAllRulesComeBeforeTheLimit(t *testing.T) {
	d := dbtest.Open(t)
	for id := range int64(9) {
		addArticle(t, d, sampleArticle{id: id + 1, published: day.Add(-time.Duration(id) * time.Hour), section: []string{"a", "a", "a", "b", ""}[id%5]})
		addReads(t, d, id+1, day.Add(time.Hour), "web", 100-10*id)
	}
	addArticle(t, d, sampleArticle{id: 20, published: day})
	addReads(t, d, 20, day.Add(time.Hour), "web", 4)
	addArticle(t, d, sampleArticle{id: 21, published: day.Add(-100 * time.Hour)})
	addReads(t, d, 21, day.Add(time.Hour), "web", 1000)
	addArticle(t, d, sampleArticle{id: 22, published: day})
	addReads(t, d, 22, day.Add(time.Hour), "web", 900)
	if _, err := d.ExecContext(ctx, `UPDATE articles SET section = '' WHERE id IN (5, 20)`); err != nil {
		t.Fatal(err)
	}
	for _, again := range []bool{true, false} {
		if done, err := Exclude(ctx, d, 22, day); err != nil || done != again {
			t.Fatal(done, err)
		}
	}
	young := Rules{MaxAge: 72 * time.Hour}
	for _, test := range []struct {
		name string
		q    Query
		want string
	}{
		{"excluded and too old", Query{Rules: young, Limit: 2}, "1=100 2=90"},
		{"at least 5", Query{Rules: Rules{MaxAge: 72 * time.Hour, Least: 5}}, "1=100 2=90 3=80 4=70 5=60 6=50 7=40 8=30 9=20"},
		{"a quarter of the first", Query{Rules: Rules{MaxAge: 72 * time.Hour, LeastShare: 0.25}}, "1=100 2=90 3=80 4=70 5=60 6=50 7=40 8=30"},
		{"a quarter of the first that may be there", Query{Rules: Rules{LeastShare: 0.25}}, "21=1000"},
		{"one of a section, any number of none", Query{Rules: Rules{MaxAge: 72 * time.Hour, PerSection: 1}, Limit: 4}, "1=100 4=70 5=60 20=4"},
		{"one of a section, in the list of that section", Query{Rules: Rules{MaxAge: 72 * time.Hour, PerSection: 1}, Section: "a", Limit: 4}, "1=100 2=90 3=80 6=50"},
		{"two of a section", Query{Rules: Rules{MaxAge: 72 * time.Hour, PerSection: 2}, Limit: 4}, "1=100 2=90 4=70 5=60"},
	} {
		test.q.From, test.q.To = day, day.Add(5*time.Hour)
		if got := top(t, d, test.q); got != test.want {
			t.Errorf("%s: got %s, want %s", test.name, got, test.want)
		}
	}
	if done, err := Include(ctx, d, 22); err != nil || !done {
		t.Fatal(done, err)
	}
	if got := top(t, d, Query{Rules: young, From: day, To: day.Add(5 * time.Hour), Limit: 1}); got != "22=900" {
		t.Errorf("let in again: %s", got)
	}
}

// A ranking takes whole days from the roll-up. The answer must be that of adding up the hours.
func TestDaysAndHoursGiveTheSameRanking(t *testing.T) {
	d := dbtest.Open(t)
	random := rand.New(rand.NewPCG(1, 2))
	var all []Hour
	for id := range int64(6) {
		addArticle(t, d, sampleArticle{id: id + 1, published: day})
		for range 60 {
			all = append(all, Hour{id + 1, day.Add(time.Duration(random.IntN(200)) * time.Hour), []string{"web", "email", "feed"}[random.IntN(3)], 1 + random.Int64N(9)})
		}
	}
	add(t, d, all...)
	for range 60 {
		from := day.Add(time.Duration(random.IntN(190*60)) * time.Minute)
		q := Query{From: from, To: from.Add(time.Duration(random.IntN(150*60)) * time.Minute), Whole: random.IntN(2) == 0}
		if random.IntN(2) == 0 {
			q.WithoutSources = []string{"email"}
		}
		first, end := q.hours()
		want := map[int64]int64{}
		for _, h := range all {
			if hour := hourOf(h.Start); hour >= first && hour < end && !slices.Contains(q.WithoutSources, h.Source) {
				want[h.Article] += h.N
			}
		}
		found, err := Top(ctx, d, q)
		if err != nil {
			t.Fatal(err)
		}
		got := map[int64]int64{}
		for _, r := range found {
			got[r.Article] = r.Reads
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Fatalf("%v to %v: got %v, want %v", q.From, q.To, got, want)
		}
	}
}

// The planner would rather walk a whole primary key, which has the articles in order, than sort: the indexes must keep it from that.
func TestARankingReadsOnlyTheWindow(t *testing.T) {
	d := dbtest.OpenSQLite(t)
	for _, by := range []string{ByReads, ByAdjusted, ByTrend} {
		query, args := Query{From: day.Add(-time.Hour), To: day.Add(50 * time.Hour), By: by, Limit: 20, WithoutSources: []string{"email"}}.sql()
		plan, err := db.Collect(ctx, d, func(row *sql.Rows) (step string, err error) {
			var id, parent, unused int64
			return step, row.Scan(&id, &parent, &unused, &step)
		}, `EXPLAIN QUERY PLAN `+query, args...)
		if err != nil {
			t.Fatal(err)
		}
		all := strings.Join(plan, "\n")
		for _, want := range []string{"SEARCH read_day USING COVERING INDEX read_day_day (day>? AND day<?)", "SEARCH read_hour USING COVERING INDEX read_hour_hour (hour>? AND hour<?)"} {
			if !strings.Contains(all, want) {
				t.Errorf("%s: no step %q in\n%s", by, want, all)
			}
		}
		if strings.Contains(all, "SCAN read_") || by == ByTrend && !strings.Contains(all, "SEARCH r USING COVERING INDEX read_hour_hour (hour=?)") {
			t.Errorf("%s: it looks at other hours, too:\n%s", by, all)
		}
	}
}

func TestTrendPrefersWhatIsReadNow(t *testing.T) {
	d := dbtest.Open(t)
	for id := range int64(4) {
		addArticle(t, d, sampleArticle{id: id + 1, published: day})
	}
	end := day.Add(8 * 24 * time.Hour)
	add(t, d, Hour{1, end.Add(-12 * time.Hour), "web", 20}, Hour{2, end.Add(-24 * time.Hour), "web", 30}, Hour{3, end.Add(-time.Hour), "email", 40},
		Hour{4, end.Add(-7 * 24 * time.Hour), "web", 1000})
	all, err := Top(ctx, d, Query{From: end.Add(-8 * 24 * time.Hour), To: end, By: ByTrend, WithoutSources: []string{"email"}})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range all {
		got = append(got, fmt.Sprintf("%d=%d/%.2f/%s", r.Article, r.Reads, r.Score, r.Reason))
	}
	equal(t, got, "1=20/10.00/trend", "2=30/7.50/trend", "4=1000/0.00/trend")
}

func TestPinsTakeTheirPlacesAndAreNotCalledMostRead(t *testing.T) {
	d := dbtest.Open(t)
	for id := range int64(7) {
		addArticle(t, d, sampleArticle{id: id + 1, published: day, state: map[int64]string{6: "withdrawn"}[id+1], section: map[int64]string{7: "kassa"}[id+1]})
		addReads(t, d, id+1, day.Add(time.Hour), "web", 100-10*id)
	}
	q := Query{From: day, To: day.Add(5 * time.Hour), Limit: 4}
	list := func(now time.Time) string {
		t.Helper()
		all, err := List(ctx, d, q, now)
		if err != nil {
			t.Fatal(err)
		}
		var lines []string
		for _, r := range all {
			lines = append(lines, fmt.Sprintf("%d=%d/%s", r.Article, r.Reads, r.Reason))
		}
		return strings.Join(lines, " ")
	}
	pin := func(article int64, place int, until time.Time) {
		t.Helper()
		if err := SetPin(ctx, d, Pin{article, place, until}, day.Add(time.Duration(article)*time.Second)); err != nil {
			t.Fatal(err)
		}
	}
	pin(1, 2, time.Time{})
	pin(5, 2, day.Add(time.Hour))
	pin(6, 1, time.Time{}) // withdrawn
	for _, test := range []struct {
		name string
		now  time.Time
		want string
	}{
		{"the one set last comes first", day, "2=90/reads 5=0/editors 1=0/editors 3=80/reads"},
		{"one has ended", day.Add(time.Hour), "2=90/reads 1=0/editors 3=80/reads 4=70/reads"},
	} {
		if got := list(test.now); got != test.want {
			t.Errorf("%s: got %s, want %s", test.name, got, test.want)
		}
	}
	if place, err := PinnedTo(ctx, d, 5, day.Add(time.Hour)); err != nil || place != 0 {
		t.Errorf("pinned to %d after its end, %v", place, err)
	}
	pin(1, 50, time.Time{})
	q.Limit = 0
	if got, want := list(day.Add(time.Hour)), "2=90/reads 3=80/reads 4=70/reads 5=60/reads 7=40/reads 1=0/editors"; got != want {
		t.Errorf("behind the last of a short list: got %s, want %s", got, want)
	}
	q.Section = "kassa"
	if got := list(day); got != "7=40/reads" {
		t.Errorf("a section's list has the pins of that section alone: %s", got)
	}
	if got := top(t, d, Query{From: day, To: day.Add(time.Hour * 5), Limit: 1}); got != "1=100" {
		t.Errorf("the bare ranking knows no pins: %s", got)
	}
	if done, err := RemovePin(ctx, d, 1); err != nil || !done {
		t.Error(done, err)
	}
	if err := SetPin(ctx, d, Pin{Article: 1}, day); !errors.Is(err, ErrPlace) {
		t.Errorf("a pin to no place: %v", err)
	}
}

func TestExplainNamesTheRuleThatDecided(t *testing.T) {
	d := dbtest.Open(t)
	for i, a := range []sampleArticle{{}, {}, {}, {section: "a"}, {section: "a"}, {state: "withdrawn"}, {language: "en"}, {published: day.Add(-99 * time.Hour)}, {}, {}, {}} {
		a.id = int64(i + 1)
		if a.section == "" {
			a.section = fmt.Sprint("own", i)
		}
		if a.published.IsZero() {
			a.published = day
		}
		addArticle(t, d, a)
	}
	for id, n := range map[int64]int64{1: 100, 2: 60, 3: 60, 4: 50, 5: 40, 6: 500, 7: 500, 8: 500, 9: 2, 10: 500} {
		addReads(t, d, id, day.Add(time.Hour), "web", n)
	}
	if _, err := Exclude(ctx, d, 10, day); err != nil {
		t.Fatal(err)
	}
	q := Query{Rules: Rules{Least: 5, LeastShare: 0.02, MaxAge: 72 * time.Hour, PerSection: 1}, From: day, To: day.Add(5 * time.Hour), Language: "ru"}
	for article, want := range map[int64]struct {
		place, of int
		reads     int64
		why       string
	}{
		1: {1, 4, 100, ""}, 3: {2, 4, 60, "s1 before it has 100 reads, 40 more"}, 2: {3, 4, 60, "s3 before it has as much, and is newer or was added later"},
		4: {4, 4, 50, "s2 before it has 60 reads, 10 more"},
		5: {0, 4, 40, `the list takes 1 of a section, and so many of its section "a" stand before it`},
		6: {0, 4, 500, "it is not published: its state is withdrawn"}, 7: {0, 4, 500, `its language is "en", and the list's "ru"`},
		8: {0, 4, 500, "it was published on 2026-11-19, and the list goes back to 2026-11-21"},
		9: {0, 4, 2, "it has 2 reads, and the list begins at 5 (at least 5, and 2 % of the first's)"}, 10: {0, 4, 500, "the editors excluded it"},
		11: {0, 4, 0, "nobody read it in this window"}, 99: {0, 4, 0, "there is no such article"},
	} {
		p, err := Explain(ctx, d, q, article)
		if err != nil {
			t.Fatal(err)
		}
		if p.Place != want.place || p.Of != want.of || p.Reads != want.reads || p.Why != want.why {
			t.Errorf("article %d: %+v, want %+v", article, p, want)
		}
	}
}

func add(t testing.TB, d *db.DB, all ...Hour) {
	t.Helper()
	if err := d.Tx(ctx, func(tx *sql.Tx) error { return Add(ctx, tx, all) }); err != nil {
		t.Fatal(err)
	}
}

func TestHoursBecomeDaysAfter400DaysAndNothingIsLost(t *testing.T) {
	d := dbtest.Open(t)
	addArticle(t, d, sampleArticle{id: 1, published: day})
	add(t, d, Hour{1, day.Add(5 * time.Hour), "web", 3}, Hour{1, day.Add(6 * time.Hour), "web", 4}, Hour{1, day.Add(7 * time.Hour), "feed", 5}, Hour{1, day.Add(30 * time.Hour), "web", 6})
	later := day.Add(401 * 24 * time.Hour)
	hours := func() (all []string) {
		found, err := Hours(ctx, d, 1, day, later, later)
		if err != nil {
			t.Fatal(err)
		}
		for _, h := range found {
			all = append(all, fmt.Sprintf("%s/%s=%d", h.Start.Format("02T15"), h.Source, h.N))
		}
		return all
	}
	for range 2 {
		if err := Housekeep(ctx, d, later, later); err != nil {
			t.Fatal(err)
		}
		equal(t, hours(), "24T00/feed=5", "24T00/web=7", "25T06/web=6")
	}
	equal(t, counted(t, d), "1/25T06/web=6")
	if got := top(t, d, Query{From: day, To: later}); got != "1=18" {
		t.Errorf("got %s, want all 18", got)
	}
}

func TestASampleStandsForAll(t *testing.T) {
	d := dbtest.Open(t)
	o := options
	o.Sample = 4
	c := NewCounter(o)
	const visitors = 20_000
	for i := range visitors {
		hit := hitFrom(c, 1, "10.0.0.1", now)
		hit.Address = netip.AddrFrom4([4]byte{10, byte(i >> 8), byte(i), 1})
		for range 2 { // and refreshing does not help
			if reason := count(t, c, d, hit, now); reason != "" && reason != ReasonSample {
				t.Fatal(reason)
			}
		}
	}
	n := flush(t, c, d)
	if math.Abs(float64(n)/visitors-1) > 0.08 || n%4 != 0 { // the standard deviation is 1.2 %
		t.Errorf("%d reads, want about %d", n, visitors)
	}
	equal(t, counted(t, d), fmt.Sprintf("1/24T08/web=%d", n))
	drops, err := Filtered(ctx, d, now, now)
	if err != nil || len(drops) != 1 || drops[0].Reason != ReasonSample || drops[0].N != 2*(visitors-int64(n)/4) {
		t.Errorf("%v, %v: what is not in the sample is to be found there", drops, err)
	}
}

func TestOneNetworkAddsNoMoreWithASample(t *testing.T) {
	d := dbtest.Open(t)
	o := options
	o.Sample = 8
	c := NewCounter(o)
	for i := range 250 {
		hit := hitFrom(c, 1, fmt.Sprintf("192.0.2.%d", i), now)
		for minute := range 5 { // slower than the rate
			count(t, c, d, hit, now.Add(time.Duration(i*5+minute)*time.Second))
		}
	}
	if n := flush(t, c, d); n > readLimit {
		t.Errorf("%d reads from one /24, want at most %d", n, readLimit)
	}
}

// The trap: a clock that passes midnight, is put back, and passes it again.
func TestAClockOverMidnightAndBackCountsEachDayOnce(t *testing.T) {
	d := dbtest.Open(t)
	before := time.Date(2026, 11, 24, 23, 59, 58, 0, time.UTC)
	after := before.Add(4 * time.Second)
	for _, c := range []*Counter{NewCounter(options), NewCounter(options)} { // the second is another node, or this one after a restart
		for _, when := range []time.Time{before, after, before, after.Add(time.Hour), before.Add(-time.Hour)} {
			count(t, c, d, hitFrom(c, 1, "192.0.2.1", when), when)
			if _, err := c.Flush(ctx, d, when); err != nil {
				t.Fatal(err)
			}
			if err := Housekeep(ctx, d, when, when); err != nil {
				t.Fatal(err)
			}
		}
	}
	equal(t, counted(t, d), "1/24T23/web=1", "1/25T00/web=1")
	if got := byDay(t, d); got != "1/24=1 1/25=1" {
		t.Errorf("by the day %s", got)
	}
}

func byDay(t testing.TB, d *db.DB) string {
	t.Helper()
	all, err := db.Collect(ctx, d, func(row *sql.Rows) (string, error) {
		var article, number, n int64
		err := row.Scan(&article, &number, &n)
		return fmt.Sprintf("%d/%s=%d", article, time.Unix(number*86400, 0).UTC().Format("02"), n), err
	}, `SELECT article, day, n FROM read_day ORDER BY article, day`)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(all, " ")
}

func TestAClockPutBackGivesANetworkNoMore(t *testing.T) {
	d := dbtest.Open(t)
	c := NewCounter(options)
	before := time.Date(2026, 11, 24, 23, 59, 0, 0, time.UTC)
	got := map[string]int{}
	for i := range 60 {
		when := before.Add(time.Duration(i%2) * 2 * time.Minute) // the 24th, the 25th, the 24th …
		got[count(t, c, d, hitFrom(c, 1, fmt.Sprintf("192.0.2.%d", i+1), when), when)]++
	}
	if got[""] != 60 { // thirty for each day
		t.Fatalf("%v", got)
	}
	for i := range 2 {
		when := before.Add(time.Duration(i) * 2 * time.Minute)
		if reason := count(t, c, d, hitFrom(c, 1, fmt.Sprintf("192.0.2.%d", 100+i), when), when); reason != ReasonMany {
			t.Errorf("the 31st of a day: %q, want %q", reason, ReasonMany)
		}
	}
}

func TestARateIsNotResetByStragglersOfTheMinuteBefore(t *testing.T) {
	d := dbtest.Open(t)
	c := NewCounter(options)
	minute := time.Date(2026, 11, 24, 8, 30, 0, 0, time.UTC)
	reasons := map[string]int{}
	for i := range 200 {
		when := minute.Add(-time.Duration(i%2) * time.Millisecond)
		reasons[count(t, c, d, hitFrom(c, int64(i), "192.0.2.1", when), when)]++
	}
	if reasons[ReasonRate] < 200-rateLimit-1 {
		t.Errorf("%v: want all but 60 of them too fast", reasons)
	}
	if reason := count(t, c, d, hitFrom(c, 999, "192.0.2.1", minute), minute.Add(-time.Hour)); reason != "" {
		t.Errorf("a clock put back by an hour: %q, and nobody would be counted until it has caught up", reason)
	}
}

func TestAChartHasEveryHourAlsoWhenTheClocksChange(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name  string
		day   time.Time
		bars  int
		twice string // the label of two bars
		never string
	}{
		{"autumn", time.Date(2026, 10, 25, 0, 0, 0, 0, berlin), 25, "02:00", ""},
		{"spring", time.Date(2026, 3, 29, 0, 0, 0, 0, berlin), 23, "", "02:00"},
		{"an ordinary day", time.Date(2026, 11, 24, 0, 0, 0, 0, berlin), 24, "", ""},
	} {
		c := Chart{Title: "\"<Карина>\" & Co, \x01 and \xff", From: test.day, To: test.day.AddDate(0, 0, 1), Zone: berlin}
		labels := map[string]int{}
		for _, bar := range c.Bars() {
			c.Hours = append(c.Hours, Hour{1, bar.Start, "web", 2}, Hour{1, bar.Start, "feed", 1})
			labels[bar.Start.Format("15:04")]++
		}
		bars := c.Bars()
		if len(bars) != test.bars || slices.ContainsFunc(bars, func(b Bar) bool { return b.N != 3 }) {
			t.Errorf("%s: %d bars %v, want %d with 3 reads each", test.name, len(bars), bars, test.bars)
		}
		if test.twice != "" && labels[test.twice] != 2 || test.never != "" && labels[test.never] != 0 {
			t.Errorf("%s: labels %v", test.name, labels)
		}
		checkSVG(t, string(c.SVG()), fmt.Sprintf("%d reads from", 3*test.bars), test.bars)
	}
}

// checkSVG reads the picture as XML and looks for what makes it accessible.
func checkSVG(t testing.TB, svg, desc string, bars int) {
	t.Helper()
	decoder := xml.NewDecoder(strings.NewReader(svg))
	for {
		if _, err := decoder.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatalf("not XML: %v", err)
		}
	}
	for _, part := range []string{`role="img" aria-labelledby="chart-title chart-desc"`, `&lt;Карина&gt;`, desc, "prefers-color-scheme:dark"} {
		if !strings.Contains(svg, part) {
			t.Errorf("the picture has no %s", part)
		}
	}
	if n := strings.Count(svg, `<rect class="bar"`); n != bars {
		t.Errorf("%d bars drawn, want %d", n, bars)
	}
}

func TestAnEmptyChartIsStillAPicture(t *testing.T) {
	checkSVG(t, string(Chart{Title: "<Карина>", From: day, To: day.Add(31 * 24 * time.Hour), Zone: time.UTC}.SVG()), "0 reads from", 0)
	for n, want := range map[int64]int64{0: 2, 2: 2, 3: 4, 5: 10, 11: 20, 99: 100, 101: 200, math.MaxInt64: 2_000_000_000_000_000_000} {
		if got := niceScale(n); got != want {
			t.Errorf("scale of %d: %d, want %d", n, got, want)
		}
	}
}

func TestPeakIsTheShareOfTheBusiestHour(t *testing.T) {
	if got := Peak([]Hour{{1, day, "web", 3}, {1, day, "feed", 3}, {1, day.Add(time.Hour), "web", 2}}); got != 0.75 || Peak(nil) != 0 {
		t.Errorf("peak %v and %v, want 0.75 and 0", got, Peak(nil))
	}
}
