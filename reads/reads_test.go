package reads

import (
	"context"
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"vestnik/db"
	"vestnik/db/dbtest"
)

var (
	ctx     = context.Background()
	now     = time.Date(2026, 11, 24, 8, 30, 0, 0, time.UTC)
	options = Options{Mode: Script, Secret: []byte("secret"), Site: "https://kino.example", RespectGPC: true}
)

const firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"

// hitFrom is a beacon as a browser at the address sends it.
func hitFrom(c *Counter, article int64, address string, when time.Time) Hit {
	return Hit{Article: article, Token: c.Token(article, when), Source: "web", Address: netip.MustParseAddr(address), Host: "kino.example", Size: 20,
		Header: http.Header{"User-Agent": {firefox}, "Accept-Language": {"ru"}, "Sec-Fetch-Site": {"same-origin"}, "Origin": {"https://kino.example"}}}
}

func count(t testing.TB, c *Counter, d *db.DB, hit Hit, when time.Time) string {
	t.Helper()
	reason, err := c.Count(ctx, d, hit, when)
	if err != nil {
		t.Fatal(err)
	}
	return reason
}

func flush(t testing.TB, c *Counter, d *db.DB) int {
	t.Helper()
	n, err := c.Flush(ctx, d, now)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// counted is what read_hour holds, as "article/hour/source=n".
func counted(t testing.TB, d *db.DB) []string {
	t.Helper()
	rows, err := d.QueryContext(ctx, `SELECT article, hour, source, n FROM read_hour`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var all []string
	for rows.Next() {
		var article, hour, n int64
		var source string
		if err := rows.Scan(&article, &hour, &source, &n); err != nil {
			t.Fatal(err)
		}
		all = append(all, fmt.Sprintf("%d/%s/%s=%d", article, time.Unix(hour*3600, 0).UTC().Format("02T15"), source, n))
	}
	slices.Sort(all)
	return all
}

func equal(t testing.TB, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestVisitorIsCountedOncePerDayAndArticle(t *testing.T) {
	d := dbtest.Open(t)
	c := NewCounter(options)
	for _, article := range []int64{1, 1, 2} {
		count(t, c, d, hitFrom(c, article, "192.0.2.1", now), now)
	}
	count(t, c, d, hitFrom(c, 1, "192.0.2.2", now), now)
	if n := flush(t, c, d); n != 3 {
		t.Errorf("flushed %d, want 3", n)
	}
	count(t, c, d, hitFrom(c, 1, "192.0.2.1", now), now.Add(time.Hour))
	if n := flush(t, c, d); n != 0 {
		t.Errorf("flushed %d again, want 0", n)
	}
	equal(t, counted(t, d), "1/24T08/web=2", "2/24T08/web=1")
	tomorrow := now.Add(24 * time.Hour)
	count(t, c, d, hitFrom(c, 1, "192.0.2.1", now), tomorrow)
	flush(t, c, d)
	equal(t, counted(t, d), "1/24T08/web=2", "1/25T08/web=1", "2/24T08/web=1")
}

func TestVisitorsDifferByBrowserLanguageAndHostButNotByIPv6Address(t *testing.T) {
	d := dbtest.Open(t)
	c := NewCounter(options)
	base := func() Hit { return hitFrom(c, 1, "2001:db8:1:2::1", now) }
	count(t, c, d, base(), now)
	same := base()
	same.Address = netip.MustParseAddr("2001:db8:1:2:ffff::9")
	count(t, c, d, same, now)
	other := []Hit{base(), base(), base(), base()}
	other[0].Address = netip.MustParseAddr("2001:db8:1:3::1")
	other[1].Header.Set("User-Agent", firefox+" x")
	other[2].Header.Set("Accept-Language", "en")
	other[3].Host = "www.kino.example"
	for _, hit := range other {
		count(t, c, d, hit, now)
	}
	mapped := hitFrom(c, 2, "::ffff:192.0.2.1", now)
	count(t, c, d, mapped, now)
	count(t, c, d, hitFrom(c, 2, "192.0.2.1", now), now)
	if n := flush(t, c, d); n != 6 {
		t.Errorf("flushed %d, want 5 visitors of one article and 1 of the other", n)
	}
}

// Two nodes share only the database: the salt and the visitors seen lie there.
func TestTwoCountersCountAVisitorOnce(t *testing.T) {
	d := dbtest.Open(t)
	one, other := NewCounter(options), NewCounter(options)
	for _, c := range []*Counter{one, other} {
		for article := range int64(50) {
			count(t, c, d, hitFrom(c, article, "192.0.2.1", now), now)
		}
	}
	var wg sync.WaitGroup
	total := make([]int, 2)
	for i, c := range []*Counter{one, other} {
		wg.Go(func() {
			var err error
			if total[i], err = c.Flush(ctx, d, now); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if total[0]+total[1] != 50 || len(counted(t, d)) != 50 {
		t.Errorf("%v reads by two nodes, %d rows; want 50 in all", total, len(counted(t, d)))
	}
}

func TestSaltChangesAtMidnightUTCAndIsForgotten(t *testing.T) {
	d := dbtest.Open(t)
	c := NewCounter(options)
	evening := time.Date(2026, 11, 24, 23, 59, 59, 0, time.UTC)
	for i, when := range []time.Time{evening, evening.Add(2 * time.Second), evening.Add(24*time.Hour + 2*time.Second)} {
		count(t, c, d, hitFrom(c, 1, "192.0.2.1", when), when)
		if n := flush(t, c, d); n != 1 {
			t.Errorf("day %d: flushed %d, want 1", i, n)
		}
	}
	if err := Housekeep(ctx, d, now.Add(48*time.Hour), evening.Add(24*time.Hour+2*time.Second)); err != nil {
		t.Fatal(err)
	}
	var salts, different, visitors int64
	row := d.QueryRowContext(ctx, `SELECT COUNT(*), COUNT(DISTINCT salt), (SELECT COUNT(DISTINCT visitor) FROM read_seen) FROM read_salt`)
	if err := row.Scan(&salts, &different, &visitors); err != nil {
		t.Fatal(err)
	}
	if salts != 2 || different != 2 || visitors != 2 {
		t.Errorf("%d salts, %d different, %d visitors; want today's and yesterday's alone", salts, different, visitors)
	}
	equal(t, counted(t, d), "1/24T23/web=1", "1/25T00/web=1", "1/26T00/web=1")
}

func TestSourcesAreFew(t *testing.T) {
	d := dbtest.Open(t)
	c := NewCounter(options)
	for i, source := range []string{"", "web", "email", "feed", "other", "'; DROP TABLE", "EMAIL"} {
		hit := hitFrom(c, 1, fmt.Sprintf("192.0.2.%d", i), now)
		hit.Source = source
		count(t, c, d, hit, now)
	}
	flush(t, c, d)
	equal(t, counted(t, d), "1/24T08/email=1", "1/24T08/feed=1", "1/24T08/other=3", "1/24T08/web=2")
}

func TestFailedFlushKeepsTheReads(t *testing.T) {
	d := dbtest.Open(t)
	c := NewCounter(options)
	for i := range 20 {
		count(t, c, d, hitFrom(c, int64(i), "192.0.2.1", now), now)
	}
	robot := hitFrom(c, 1, "192.0.2.1", now)
	robot.Header.Set("User-Agent", "x")
	count(t, c, d, robot, now)
	gone, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := c.Flush(gone, d, now); err == nil {
		t.Fatal("flush without a database succeeded")
	}
	equal(t, counted(t, d))
	count(t, c, d, hitFrom(c, 100, "192.0.2.1", now), now)
	if n := flush(t, c, d); n != 21 {
		t.Errorf("flushed %d, want 21", n)
	}
	if drops, err := Filtered(ctx, d, now, now); err != nil || fmt.Sprint(drops) != "[{robot 1}]" {
		t.Errorf("filtered %v, %v", drops, err)
	}
}

func TestBufferIsBounded(t *testing.T) {
	d := dbtest.Open(t)
	c := NewCounter(options)
	for i := range int64(maxPending) {
		c.pending[read{0, i, i}] = moment{}
	}
	if got := count(t, c, d, hitFrom(c, 1, "192.0.2.1", now), now); got != ReasonFull {
		t.Errorf("reason %q, want %q", got, ReasonFull)
	}
	var g generations[int]
	for i := range 5 * maxRemember {
		g.add(i)
	}
	if n := len(g.young) + len(g.old); n > 2*maxRemember || !g.has(5*maxRemember-1) || !g.has(4*maxRemember) || g.has(0) {
		t.Errorf("%d keys are remembered", n)
	}
}

func TestManyGoroutines(t *testing.T) {
	d := dbtest.Open(t)
	c := NewCounter(options)
	var wg sync.WaitGroup
	var flushed atomic.Int64
	for g := range 4 {
		wg.Go(func() {
			for i := range 200 {
				if _, err := c.Count(ctx, d, hitFrom(c, int64(i), fmt.Sprintf("10.%d.%d.1", g, i), now), now); err != nil {
					t.Error(err)
				}
				if i%50 == 49 {
					n, err := c.Flush(ctx, d, now)
					if err != nil {
						t.Error(err)
					}
					flushed.Add(int64(n))
				}
			}
		})
	}
	wg.Wait()
	if total := int64(flush(t, c, d)) + flushed.Load(); total != 800 {
		t.Errorf("%d reads, want 800", total)
	}
}

func TestScriptIsSmall(t *testing.T) {
	o := options
	o.MinVisible = 1500 * time.Millisecond
	script := string(NewCounter(o).Script())
	if len(script) >= 1024 || !strings.Contains(script, "left=1500") && !strings.Contains(script, "left = 1500") || strings.Contains(script, "5000") {
		t.Errorf("%d bytes: %s", len(script), script)
	}
}

// BenchmarkCount is a beacon of a new visitor, from the headers to the buffer, on all cores.
func BenchmarkCount(b *testing.B) {
	d := dbtest.Open(b)
	c := NewCounter(options)
	var mu sync.Mutex
	next := 0
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		mu.Lock()
		next++
		hit := hitFrom(c, 1, "10.0.0.1", now)
		start := uint32(next) << 24
		mu.Unlock()
		for i := uint32(0); pb.Next(); i++ {
			ip := start + i<<8
			hit.Address = netip.AddrFrom4([4]byte{byte(ip >> 24), byte(ip >> 16), byte(ip >> 8), byte(ip)})
			if _, err := c.Count(ctx, d, hit, now); err != nil {
				b.Error(err)
			}
			if i%50_000 == 0 {
				c.mu.Lock()
				clear(c.pending) // what Flush would take
				c.mu.Unlock()
			}
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "reads/s")
}

// BenchmarkFlush writes 100,000 reads, by as many visitors, of 200 articles in one transaction.
func BenchmarkFlush(b *testing.B) {
	const visitors = 100_000
	d := dbtest.Open(b)
	c := NewCounter(options)
	b.ReportAllocs()
	for n := range b.N {
		for i := range int64(visitors) {
			c.pending[read{dayOf(now), i % 200, int64(n)<<32 + i*2654435761}] = moment{hourOf(now), "web", 1}
		}
		if written, err := c.Flush(ctx, d, now); err != nil || written != visitors {
			b.Fatal(written, err)
		}
	}
	b.ReportMetric(float64(b.N)*visitors/b.Elapsed().Seconds(), "reads/s")
}

// BenchmarkFlushArticles writes 10,000 reads of as many articles: what the sums of hours and days cost.
func BenchmarkFlushArticles(b *testing.B) {
	const articles = 10_000
	d := dbtest.Open(b)
	c := NewCounter(options)
	b.ReportAllocs()
	for n := range b.N {
		for i := range int64(articles) {
			c.pending[read{dayOf(now), i, int64(n)<<32 + i*2654435761}] = moment{hourOf(now), "web", 1}
		}
		if written, err := c.Flush(ctx, d, now); err != nil || written != articles {
			b.Fatal(written, err)
		}
	}
	b.ReportMetric(float64(b.N)*articles/b.Elapsed().Seconds(), "reads/s")
}
