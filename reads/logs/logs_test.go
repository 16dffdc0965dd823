package logs

import (
	"bytes"
	"compress/gzip"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"vestnik/db"
	"vestnik/db/dbtest"
	"vestnik/reads"
	"vestnik/reads/addresses"
)

var now = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

// A desk has articles and logs to import.
type desk struct {
	t testing.TB
	d *db.DB
	o Options
}

func newDesk(t testing.TB) *desk {
	t.Helper()
	k := &desk{t: t, d: dbtest.Open(t), o: Options{Site: "https://kino.example", RespectGPC: true}}
	k.article(1, "festival", "")
	k.article(2, "premiere", "https://wire.example/2026/premiere/")
	return k
}

func (k *desk) article(id int64, slug, url string) {
	k.t.Helper()
	_, err := k.d.ExecContext(context.Background(), `INSERT INTO articles (id, slug, guid, kind, title, standfirst, html, text, language, section, section_title, url, image, image_alt,
			published, updated, seen, moment, state, change, path, hash)
		VALUES ($1, $2, $2, 'article', $2, '', '', '', 'ru', '', '', $3, '', '', 1, 1, 1, 1, 'published', 1, '', '')`, id, slug, url)
	if err != nil {
		k.t.Fatal(err)
	}
}

func text(name, content string) Source {
	return Source{Name: name, Open: func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(content)), nil }}
}

func packed(t testing.TB, content string) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write([]byte(content)); err != nil {
		t.Fatal(err)
	}
	w.Close()
	return b.String()
}

// imports imports logs with one importer and returns the sum of their reports.
func (k *desk) imports(sources ...Source) Report {
	k.t.Helper()
	sum := Report{Dropped: map[string]int64{}}
	im, err := New(context.Background(), k.d, k.o, now, sources...)
	if err != nil {
		k.t.Fatal(err)
	}
	for _, s := range sources {
		r, err := im.Import(context.Background(), s)
		if err != nil {
			k.t.Fatal(err)
		}
		k.balanced(r)
		sum.add(r)
		sum.Torn, sum.Broken, sum.Earlier = sum.Torn || r.Torn, sum.Broken+r.Broken, sum.Earlier+r.Earlier
	}
	return sum
}

func (k *desk) balanced(r Report) {
	k.t.Helper()
	dropped := int64(0)
	for _, n := range r.Dropped {
		dropped += n
	}
	if r.Lines != r.Reads+r.Unknown+dropped {
		k.t.Errorf("%d lines are not %d reads, %d unknown and %d dropped", r.Lines, r.Reads, r.Unknown, dropped)
	}
}

// counted are the reads by article, hour and source, with those of unknown addresses.
func (k *desk) counted() map[string]int64 {
	k.t.Helper()
	all := map[string]int64{}
	for _, query := range []string{`SELECT CAST(article AS TEXT), hour, source, n FROM read_hour`, `SELECT url, hour, source, n FROM read_unknown`} {
		_, err := db.Collect(context.Background(), k.d, func(row *sql.Rows) (x struct{}, err error) {
			var what, source string
			var hour, n int64
			err = row.Scan(&what, &hour, &source, &n)
			all[fmt.Sprint(what, " ", time.Unix(hour*3600, 0).UTC().Format("01-02T15"), " ", source)] = n
			return x, err
		}, query)
		if err != nil {
			k.t.Fatal(err)
		}
	}
	return all
}

func (k *desk) wants(want map[string]int64) {
	k.t.Helper()
	if got := k.counted(); !maps.Equal(got, want) {
		k.t.Errorf("counted %v, want %v", got, want)
	}
}

// hit is a line of the visitor's.
func hit(visitor int, at time.Time, target string) string {
	return combinedLine(fmt.Sprintf("198.51.%d.%d", visitor/200, visitor%200+1), at.Format("02/Jan/2006:15:04:05 -0700"), "GET "+target+" HTTP/1.1", "200", "512", firefox) + "\n"
}

var (
	lastMonth = now.AddDate(0, -1, 0)
	hourAgo   = now.Add(-time.Hour)
)

func TestAVisitorIsCountedOnceADayOfLastMonthAndOfToday(t *testing.T) {
	k := newDesk(t)
	var log strings.Builder
	for _, day := range []time.Time{lastMonth, lastMonth.AddDate(0, 0, 1), hourAgo} {
		for range 3 {
			log.WriteString(hit(1, day, "/articles/festival"))
			log.WriteString(hit(2, day, "/articles/festival/?utm_medium=email"))
		}
	}
	r := k.imports(text("a", log.String()))
	if r.Reads != 6 || r.Dropped[ReasonRepeat] != 12 {
		t.Errorf("%+v, want 6 reads and 12 repeats", r)
	}
	k.wants(map[string]int64{"1 10-24T12 web": 1, "1 10-24T12 email": 1, "1 10-25T12 web": 1, "1 10-25T12 email": 1, "1 11-24T11 web": 1, "1 11-24T11 email": 1})
	var seen, salts int64
	if err := k.d.QueryRowContext(t.Context(), `SELECT COUNT(*), (SELECT COUNT(*) FROM read_salt) FROM read_seen`).Scan(&seen, &salts); err != nil || seen != 2 || salts != 1 {
		t.Errorf("%d visitors and %d salts are stored (%v); want only today's, 2 and 1", seen, salts, err)
	}
}

func TestHoursAreThoseOfTheLinesZone(t *testing.T) {
	k := newDesk(t)
	k.imports(text("a", hit(1, lastMonth.In(time.FixedZone("", 11*3600)), "/articles/festival")+hit(2, lastMonth.In(time.FixedZone("", -9*3600-1800)), "/articles/festival")))
	k.wants(map[string]int64{"1 10-24T12 web": 2})
}

func TestEachLineThatIsNoReadHasItsReason(t *testing.T) {
	k := newDesk(t)
	at := lastMonth.Format("02/Jan/2006:15:04:05 -0700")
	line := func(request, status, agent string) string {
		return combinedLine("198.51.100.1", at, request, status, "5", agent) + "\n"
	}
	const get = "GET /articles/festival HTTP/1.1"
	caddyAt := func(changes ...string) string { // of last month, of the article
		b := strings.NewReplacer("1795515133.5241", fmt.Sprint(lastMonth.Unix()), "/articles/a?", "/articles/festival?").Replace(caddy)
		return strings.NewReplacer(changes...).Replace(b) + "\n"
	}
	for _, test := range []struct{ reason, line string }{
		{ReasonMethod, line("POST /articles/festival HTTP/1.1", "200", firefox)},
		{ReasonMethod, line("HEAD /articles/festival HTTP/1.1", "200", firefox)},
		{ReasonMethod, line(`\x16\x03`, "200", firefox)},
		{ReasonStatus, line(get, "404", firefox)},
		{ReasonStatus, line(get, "206", firefox)},
		{ReasonTime, hit(1, now.Add(time.Hour), "/articles/festival")},
		{ReasonTime, hit(1, now.AddDate(70, 0, 0), "/articles/festival")},
		{ReasonTime, hit(1, time.Unix(5, 0), "/articles/festival")},
		{addresses.ReasonFile, line("GET /style.css HTTP/1.1", "200", firefox)},
		{addresses.ReasonFile, line("GET /robots.txt HTTP/1.1", "200", firefox)},
		{addresses.ReasonFile, line("GET /feed.xml HTTP/1.1", "200", firefox)},
		{addresses.ReasonPage, line("GET / HTTP/1.1", "200", firefox)},
		{addresses.ReasonPage, line("GET /sections/kino HTTP/1.1", "304", firefox)},
		{addresses.ReasonHost, line("GET http://elsewhere.example/x HTTP/1.1", "200", firefox)},
		{reads.ReasonRobot, line(get, "200", "Mozilla/5.0 (compatible; Googlebot/2.1)")},
		{reads.ReasonRobot, line(get, "200", "curl/8")},
		{reads.ReasonRobot, line(get, "200", "-")},
		{reads.ReasonAddress, strings.Replace(line(get, "200", firefox), "198.51.100.1", "host.example", 1)},
		{reads.ReasonGPC, caddyAt()},
		{reads.ReasonNavigation, caddyAt(`"Dnt":["1"]`, `"Dnt":["0"]`, `"document"`, `"empty"`)},
		{reads.ReasonPrefetch, caddyAt(`"Dnt":["1"]`, `"Sec-Purpose":["prefetch;prerender"]`)},
		{ReasonUnknown, line("GET http://wire.example/"+strings.Repeat("x", 600)+" HTTP/1.1", "200", firefox)},
		{ReasonUnknown, line(`GET http://wire.example/\xff\x00 HTTP/1.1`, "200", firefox)},
		{ReasonMalformed, "\x00\xff\xfe\n"},
		{ReasonMalformed, "\n"},
		{ReasonMalformed, combinedLine("198.51.100.1", at, get, "200", "-5", firefox) + "\n"},
		{ReasonLong, strings.Repeat("x", 5<<20) + "\n"},
	} {
		r := k.imports(text("a", test.line))
		if r.Lines != 1 || r.Dropped[test.reason] != 1 {
			t.Errorf("%.100q: %+v, want it dropped for %q", test.line, r, test.reason)
		}
	}
	k.wants(map[string]int64{})
	r := k.imports(text("a", line(get, "304", firefox)+caddyAt(`"Dnt":["1"]`, `"Dnt":["0"]`)))
	if r.Reads != 2 {
		t.Errorf("the good ones: %+v", r)
	}
}

func TestOneNetworkCannotReadForAll(t *testing.T) {
	k := newDesk(t)
	var log strings.Builder
	for i := range 100 {
		log.WriteString(hit(i, lastMonth, "/articles/festival"))
	}
	if r := k.imports(text("a", log.String())); r.Reads != 30 || r.Dropped[reads.ReasonMany] != 70 {
		t.Errorf("%+v, want 30 reads and 70 too many", r)
	}
}

func TestTheSameLogTwiceAddsNothing(t *testing.T) {
	k := newDesk(t)
	log := hit(1, lastMonth, "/articles/festival") + hit(2, hourAgo, "/articles/festival") + hit(3, hourAgo, "/articles/gone")
	k.imports(text("access.log", log))
	want := k.counted()
	if len(want) != 3 {
		t.Fatalf("counted %v", want)
	}
	for name, s := range map[string]Source{"itself": text("access.log", log), "a rotated copy": text("access.log.1", log), "a packed copy": text("access.log.2.gz", packed(t, log)),
		"a shorter copy": text("b", log[:len(log)-30]), "its first line": text("c", log[:strings.IndexByte(log, '\n')+1]), "standard input": {Name: "-", Once: true, Open: text("", log).Open}} {
		if r := k.imports(s); r.Lines != 0 {
			t.Errorf("%s brought %+v", name, r)
		}
		k.wants(want)
	}
}

func TestAGrownLogGoesOnWhereItStopped(t *testing.T) {
	for _, at := range []time.Time{lastMonth, hourAgo} {
		k := newDesk(t)
		first := hit(1, at, "/articles/festival") + hit(2, at, "/articles/festival")
		torn := hit(3, at, "/articles/festival")
		if r := k.imports(text("a", first+torn[:len(torn)-1])); r.Reads != 2 || !r.Torn || r.Lines != 2 {
			t.Errorf("%+v, want 2 reads and a torn line", r)
		}
		grown := first + torn + hit(1, at, "/articles/festival") + hit(4, at, "/articles/festival")
		if r := k.imports(text("a", grown)); r.Reads != 2 || r.Dropped[ReasonRepeat] != 1 || r.Earlier != int64(len(first)) {
			t.Errorf("%+v, want 2 reads more and one repeat", r)
		}
		grown += hit(2, at, "/articles/festival") + hit(5, at, "/articles/festival")
		if r := k.imports(Source{Name: "-", Once: true, Open: text("", packed(t, grown)).Open}); r.Reads != 1 || r.Dropped[ReasonRepeat] != 1 {
			t.Errorf("%+v, want 1 read more and one repeat", r)
		}
		k.wants(map[string]int64{"1 " + at.Format("01-02T15") + " web": 5})
	}
}

func TestDamagedGzipGivesWhatItHolds(t *testing.T) {
	k := newDesk(t)
	var log strings.Builder
	for i := range 5000 {
		log.WriteString(hit(i, lastMonth, fmt.Sprintf("/articles/festival?x=%d", rand.Int64())))
	}
	whole := packed(t, log.String())
	r := k.imports(text("a.gz", whole[:len(whole)/2]))
	if r.Broken == "" || r.Dropped[ReasonBroken] != 1 || r.Reads == 0 {
		t.Errorf("the half: %+v, want reads and a damage", r)
	}
	before := k.counted()
	if again := k.imports(text("a.gz", whole[:len(whole)/2])); again.Reads != 0 || again.Broken == "" {
		t.Errorf("the half again: %+v, want nothing but the damage", again)
	}
	if !maps.Equal(before, k.counted()) {
		t.Error("the half again added reads")
	}
	k.imports(text("a.gz", whole))
	other := newDesk(t)
	other.imports(text("a.gz", whole))
	if !maps.Equal(k.counted(), other.counted()) {
		t.Errorf("half and whole: %v, want as at once: %v", k.counted(), other.counted())
	}
	for name, content := range map[string]string{"no gzip after all": "\x1f\x8bgarbage", "a flipped byte": whole[:2000] + "\x00\x00\x00" + whole[2003:]} {
		if r := k.imports(text(name, content)); r.Broken == "" || r.Dropped[ReasonBroken] != 1 {
			t.Errorf("%s: %+v", name, r)
		}
	}
}

// randomLog is a log of visitors who come again, on several days that are not in order.
func randomLog(lines int, seed uint64) string {
	r := rand.New(rand.NewPCG(seed, 1))
	var b strings.Builder
	for i := range lines {
		at := lastMonth.Add(time.Duration(i)*72*time.Hour/time.Duration(lines) - time.Duration(r.IntN(12)*r.IntN(2))*time.Hour)
		if i > lines*3/4 {
			at = hourAgo.Add(time.Duration(r.IntN(3600)) * time.Second)
		}
		b.WriteString(hit(r.IntN(2000), at, []string{"/articles/festival", "/articles/premiere", "/articles/lost", "/style.css"}[r.IntN(4)]))
	}
	return b.String()
}

// TestAnImportThatIsCutOffAnywhereCountsAsOneThatWasNot stops imports between transactions, which is what a kill leaves, and begins
// anew with a new memory and a new salt.
func TestAnImportThatIsCutOffAnywhereCountsAsOneThatWasNot(t *testing.T) {
	a, b := randomLog(4000, 1), randomLog(4000, 2)
	sources := []Source{text("a", a), text("b.gz", packed(t, b))}
	whole := newDesk(t)
	whole.imports(sources...)
	cut := newDesk(t)
	stops := 0
	for done := false; !done; stops++ {
		im, err := New(t.Context(), cut.d, cut.o, now, sources...)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		done = true
		for _, s := range sources {
			r := intake{Importer: im, source: s, report: Report{Dropped: map[string]int64{}}}
			err := r.runFor(ctx, cancel, 1+stops*37%900)
			if err != nil && !errors.Is(err, context.Canceled) {
				t.Fatal(err)
			}
			if done = done && err == nil; !done {
				break
			}
		}
		cancel()
	}
	if stops < 5 {
		t.Errorf("it was cut off %d times only", stops)
	}
	if !maps.Equal(whole.counted(), cut.counted()) {
		t.Errorf("cut off: %v\nat once: %v", cut.counted(), whole.counted())
	}
}

// runFor runs with a commit after so many lines, and is cut off after the first that noted something.
func (r *intake) runFor(ctx context.Context, cancel func(), lines int) error {
	r.batchLines = int64(lines)
	r.afterCommit = func() { cancel() }
	return r.run(ctx)
}

func TestWhatAFullMemoryForgotIsNotCounted(t *testing.T) {
	k := newDesk(t)
	s := text("a", hit(1, lastMonth, "/articles/festival")+hit(2, lastMonth, "/articles/festival")+hit(300, lastMonth.AddDate(0, 0, 1), "/articles/festival")+
		hit(1, lastMonth, "/articles/festival")+hit(600, lastMonth.AddDate(0, 0, 1), "/articles/festival")+hit(601, lastMonth.AddDate(0, 0, 1), "/articles/festival"))
	im, err := New(t.Context(), k.d, k.o, now, s)
	if err != nil {
		t.Fatal(err)
	}
	im.judge.memory.limit = 3
	r, err := im.Import(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	k.balanced(r)
	if r.Reads != 4 || r.Dropped[ReasonLate] != 1 || r.Dropped[reads.ReasonFull] != 1 {
		t.Errorf("%+v, want 4 reads, one late and one too many to remember", r)
	}
}

func TestABackwardClockCountsNobodyTwice(t *testing.T) {
	k := newDesk(t)
	var log strings.Builder
	for _, day := range []int{0, 1, 0, -1, 1, 0} {
		log.WriteString(hit(1, lastMonth.AddDate(0, 0, day), "/articles/festival"))
	}
	k.imports(text("a", log.String()))
	k.wants(map[string]int64{"1 10-23T12 web": 1, "1 10-24T12 web": 1, "1 10-25T12 web": 1})
}

func TestLogsOfSitesElsewhere(t *testing.T) {
	k := newDesk(t)
	log := hit(1, lastMonth, "/2026/premiere") + hit(2, lastMonth, "/2026/premiere/?utm_source=x") + hit(3, lastMonth, "/2026/other")
	if r := k.imports(text("a", log)); r.Reads+r.Unknown != 0 {
		t.Errorf("as a log of our own site: %+v, want nothing", r)
	}
	k.o.Log = "https://wire.example"
	if r := k.imports(text("a", log)); r.Reads != 2 || r.Unknown != 1 {
		t.Errorf("as a log of that site: %+v, want 2 reads and one unknown", r)
	}
	k.o.Log = ""
	with := strings.ReplaceAll(strings.ReplaceAll(log, "198.51.0", "wire.example:443 198.51.1"), "24/Oct", "23/Oct")
	if r := k.imports(text("b", with)); r.Reads != 2 || r.Unknown != 1 {
		t.Errorf("with its host on every line: %+v, want 2 reads and one unknown", r)
	}
}

func TestReadersBehindOurProxyAreToldApart(t *testing.T) {
	k := newDesk(t)
	line := func(forwarded string) string {
		return strings.TrimSuffix(combinedLine("10.0.0.1", lastMonth.Format("02/Jan/2006:15:04:05 -0700"), "GET /articles/festival HTTP/1.1", "200", "5", firefox), "\n") + ` "` + forwarded + "\"\n"
	}
	log := line("203.0.113.5") + line("203.0.113.5, 10.0.0.2") + line("6.6.6.6, 203.0.114.5")
	k.o.Proxies = append(k.o.Proxies, reads.Network(parseAddress([]byte("10.0.0.1"))))
	if r := k.imports(text("a", log)); r.Reads != 2 {
		t.Errorf("%+v, want the two readers of three lines", r)
	}
}

func TestUnknownAddressesComeInWithTheirArticle(t *testing.T) {
	k := newDesk(t)
	at := lastMonth.Add(90 * time.Minute)
	k.imports(text("a", hit(1, lastMonth, "/articles/later")+hit(2, at, "/articles/later?utm_medium=email")+hit(2, at, "/articles/later")+hit(3, hourAgo, "/articles/old-slug/")))
	all, err := addresses.List(t.Context(), k.d)
	if err != nil || len(all) != 2 || all[0].URL != "https://kino.example/articles/later" || all[0].N != 2 || !all[0].First.Equal(lastMonth) || !all[0].Last.Equal(at.Truncate(time.Hour)) || all[1].N != 1 {
		t.Fatalf("unknown: %+v, %v", all, err)
	}
	k.article(3, "later", "")
	if n, err := reads.Settle(t.Context(), k.d, k.o.Site); err != nil || n != 2 {
		t.Errorf("Settle = %d, %v, want 2", n, err)
	}
	if _, err := reads.Map(t.Context(), k.d, k.o.Site, "https://kino.example/articles/old-slug", "nosuch", now); !errors.Is(err, addresses.ErrNoArticle) {
		t.Errorf("mapped to no article: %v", err)
	}
	if n, err := reads.Map(t.Context(), k.d, k.o.Site, "http://kino.example/articles/old-slug/", "festival", now); err != nil || n != 1 {
		t.Errorf("Map = %d, %v, want 1", n, err)
	}
	k.imports(text("b", hit(9, lastMonth, "/articles/old-slug")))
	k.wants(map[string]int64{"3 10-24T12 web": 1, "3 10-24T13 email": 1, "1 11-24T11 web": 1, "1 10-24T12 web": 1})
	var days int64
	if err := k.d.QueryRowContext(t.Context(), `SELECT CAST(SUM(n) AS BIGINT) FROM read_day`).Scan(&days); err != nil || days != 4 {
		t.Errorf("the days have %d reads, %v, want 4", days, err)
	}
}

func TestUnknownAddressesAreBoundedAndForgotten(t *testing.T) {
	k := newDesk(t)
	var log strings.Builder
	for i := range addresses.MostUnknown + 5 {
		log.WriteString(hit(i%30, lastMonth, fmt.Sprintf("/articles/u%d", i)))
	}
	if r := k.imports(text("a", log.String())); r.Unknown != addresses.MostUnknown || r.Dropped[ReasonUnknown] != 5 {
		t.Errorf("%d unknown and %v, want %d and 5", r.Unknown, r.Dropped, addresses.MostUnknown)
	}
	if err := reads.HousekeepUnknown(t.Context(), k.d, k.o.Site, now.Add(addresses.KeepUnknown+time.Hour)); err != nil {
		t.Fatal(err)
	}
	if all, err := addresses.List(t.Context(), k.d); err != nil || len(all) != 0 {
		t.Errorf("%d are left, %v", len(all), err)
	}
}

func TestTwoImportsOfOneLogAtOnceDoNotCountItTwice(t *testing.T) {
	k := newDesk(t)
	s := text("a", randomLog(2000, 3))
	first, err := New(t.Context(), k.d, k.o, now, s)
	if err != nil {
		t.Fatal(err)
	}
	second, err := New(t.Context(), k.d, k.o, now, s)
	if err != nil {
		t.Fatal(err)
	}
	r := intake{Importer: second, source: s, report: Report{Dropped: map[string]int64{}}}
	r.batchLines = 500
	stopped := false
	r.afterCommit = func() {
		if !stopped {
			stopped = true
			if _, err := first.Import(t.Context(), s); err != nil {
				t.Error(err)
			}
		}
	}
	if err := r.run(t.Context()); !errors.Is(err, errAtWork) {
		t.Errorf("the second import: %v, want that another is at work", err)
	}
	other := newDesk(t)
	other.imports(s)
	if !maps.Equal(k.counted(), other.counted()) {
		t.Error("the two counted otherwise than one")
	}
}

// BenchmarkImportLog imports a log as sites have it: 8 lines in 10 are files and lists, 2 are articles, most of them read for the first
// time. Visitors of yesterday are stored, those of last month are not.
func BenchmarkImportLog(b *testing.B) {
	const lines = 400_000
	r := rand.New(rand.NewPCG(1, 2))
	for _, test := range []struct {
		name, format string
		from         time.Time
	}{{"combined", "combined", lastMonth}, {"caddy", "caddy", lastMonth}, {"yesterday", "combined", now.Add(-36 * time.Hour)}} {
		b.Run(test.name, func(b *testing.B) {
			for range b.N {
				b.StopTimer()
				k := newDesk(b)
				for i := range 2000 {
					k.article(int64(100+i), fmt.Sprintf("story-%d", i), "")
				}
				log := benchmarkLog(r, lines, test.format, test.from.Add(-time.Duration(r.IntN(3600))*time.Second))
				b.SetBytes(int64(len(log)))
				s := text("a", log)
				b.StartTimer()
				if got := k.imports(s); got.Lines != lines || got.Reads < lines/20 {
					b.Fatalf("%+v", got)
				}
			}
			b.ReportMetric(float64(lines)*float64(b.N)/b.Elapsed().Seconds(), "lines/s")
		})
	}
}

func benchmarkLog(r *rand.Rand, lines int, format string, from time.Time) string {
	var log strings.Builder
	agents := []string{firefox, "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"}
	for i := range 200 {
		agents = append(agents, fmt.Sprintf("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/%d.0.0.0 Safari/537.36", i))
	}
	for i := range lines {
		target := []string{"/", "/style.css", "/a.js", "/feed.xml", "/sections/kino", "/picture.jpg", "/favicon.ico"}[r.IntN(7)]
		if r.IntN(5) == 0 {
			target = fmt.Sprintf("/articles/story-%d?utm_medium=email", int(2000*r.Float64()*r.Float64()))
		}
		at, agent := from.Add(time.Duration(i)*200*time.Millisecond), agents[r.IntN(len(agents))]
		address := fmt.Sprintf("198.%d.%d.%d", r.IntN(20), r.IntN(100), r.IntN(10))
		if format == "combined" {
			log.WriteString(combinedLine(address, at.Format("02/Jan/2006:15:04:05 -0700"), "GET "+target+" HTTP/1.1", "200", "5120", agent) + "\n")
			continue
		}
		fmt.Fprintf(&log, `{"level":"info","ts":%d.5,"logger":"http.log.access","msg":"handled request","request":{"remote_ip":"%s","remote_port":"4","client_ip":"%s","proto":"HTTP/2.0","method":"GET","host":"kino.example","uri":"%s","headers":{"User-Agent":["%s"],"Accept":["*/*"],"Accept-Language":["ru"]},"tls":{"resumed":false,"version":772}},"bytes_read":0,"user_id":"","duration":0.0009,"size":10900,"status":200,"resp_headers":{"Content-Type":["text/html; charset=utf-8"]}}`+"\n",
			at.Unix(), address, address, target, agent)
	}
	return log.String()
}
