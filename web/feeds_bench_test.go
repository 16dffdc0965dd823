package web

import (
	"compress/gzip"
	"context"
	"database/sql"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"vestnik/articles"
	"vestnik/feeds"
)

// openFull is a house with 50 long articles, whose feed the benchmarks ask for.
func openFull(b *testing.B) (*house, *http.Request) {
	h := open(b)
	body := strings.Repeat("<p>Премьера прошла при полном зале, и прокатчики ждут хороших сборов.</p>", 30)
	h.tx(func(tx *sql.Tx) error {
		for i := range 50 {
			_, _, err := articles.Put(context.Background(), tx, h.Articles, articles.Input{Title: "Новость номер " + strconv.Itoa(i), HTML: body,
				Section: "Прокат", Published: h.clock().Add(-time.Duration(i) * time.Hour)}, h.clock())
			if err != nil {
				return err
			}
		}
		return nil
	})
	r := httptest.NewRequest("GET", "/feed.xml", nil)
	r.Header.Set("Accept-Encoding", "gzip, deflate, br")
	r.Header.Set("User-Agent", "benchmark/1.0")
	return h, r
}

// sink is the cheapest ResponseWriter: what is measured is ours.
type sink struct {
	h      http.Header
	status int
	n      int
}

func (s *sink) Header() http.Header         { return s.h }
func (s *sink) WriteHeader(status int)      { s.status = status }
func (s *sink) Write(p []byte) (int, error) { s.n += len(p); return len(p), nil }

func benchmarkFeed(b *testing.B, conditional bool, want int) {
	h, r := openFull(b)
	w := httptest.NewRecorder()
	h.Handler().ServeHTTP(w, r)
	z, err := gzip.NewReader(w.Body)
	if err != nil {
		b.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, z); err != nil {
		b.Fatal(err)
	}
	if conditional {
		r.Header.Set("If-None-Match", w.Header().Get("ETag"))
	}
	handler := h.Handler()
	b.ReportAllocs()
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		w, r := &sink{h: http.Header{}}, r.Clone(context.Background())
		for pb.Next() {
			clear(w.h)
			handler.ServeHTTP(w, r)
		}
		if w.status != 0 && w.status != want {
			b.Errorf("status %d, want %d", w.status, want)
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "req/s")
}

func BenchmarkFeed200Gzip(b *testing.B) { benchmarkFeed(b, false, 200) }
func BenchmarkFeed304(b *testing.B)     { benchmarkFeed(b, true, 304) }

// BenchmarkFeed200GzipTCP and BenchmarkFeed304TCP go through net/http's server and client over loopback: what a machine
// does that also makes the requests. BenchmarkBare… is the least that net/http can do with the same bytes and headers: their ratio
// is what we cost.
func BenchmarkFeed200GzipTCP(b *testing.B) { benchmarkTCP(b, false, 200, false) }
func BenchmarkBare200GzipTCP(b *testing.B) { benchmarkTCP(b, false, 200, true) }
func BenchmarkFeed304TCP(b *testing.B)     { benchmarkTCP(b, true, 304, false) }
func BenchmarkBare304TCP(b *testing.B)     { benchmarkTCP(b, true, 304, true) }

func benchmarkTCP(b *testing.B, conditional bool, want int, bare bool) {
	h, r := openFull(b)
	ours := h.get("/feed.xml", "Accept-Encoding", "gzip")
	tag := ours.Header.Get("ETag")
	if bare {
		h.http.Config.Handler = bareHandler(ours)
	}
	b.ReportAllocs()
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		client := &http.Client{Transport: &http.Transport{DisableCompression: true}}
		defer client.CloseIdleConnections()
		for pb.Next() {
			req, err := http.NewRequest("GET", h.http.URL+"/feed.xml", nil)
			if err != nil {
				b.Error(err)
				return
			}
			req.Header = r.Header.Clone()
			if conditional {
				req.Header.Set("If-None-Match", tag)
			}
			res, err := client.Do(req)
			if err != nil {
				b.Error(err)
				return
			}
			io.Copy(io.Discard, res.Body)
			res.Body.Close()
			if res.StatusCode != want {
				b.Errorf("status %d, want %d", res.StatusCode, want)
			}
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "req/s")
}

// bareHandler gives the answer that ours gave, and 304 to who names its tag.
func bareHandler(ours answer) http.Handler {
	header, body := ours.Header.Clone(), []byte(ours.body)
	header.Del("Date")
	known := header.Clone()
	for _, name := range []string{"Content-Type", "Content-Length", "Content-Encoding", "Link"} {
		known.Del(name)
	}
	tag := header.Get("ETag")
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("If-None-Match") == tag {
			maps.Copy(w.Header(), known)
			w.WriteHeader(http.StatusNotModified)
			return
		}
		maps.Copy(w.Header(), header)
		w.Write(body)
	})
}

// BenchmarkPublish is from the commit of one article until all feeds in demand stand ready: 51 lists in three formats, 50
// articles of 4 kB in each, one of them the article's.
func BenchmarkPublish(b *testing.B) {
	h := open(b)
	body := strings.Repeat("<p>Премьера прошла при полном зале, и прокатчики ждут хороших сборов.</p>", 30)
	put := func(i int) articles.Input {
		return articles.Input{Title: "Новость номер " + strconv.Itoa(i), HTML: body, Section: "Раздел " + strconv.Itoa(i%50),
			Published: h.clock().Add(time.Duration(i-3000) * time.Hour)}
	}
	h.tx(func(tx *sql.Tx) error {
		for i := range 2500 {
			if _, _, err := articles.Put(context.Background(), tx, h.Articles, put(i), h.clock()); err != nil {
				return err
			}
		}
		return nil
	})
	lists, err := h.Lists(context.Background())
	if err != nil {
		b.Fatal(err)
	}
	for _, l := range lists {
		list, _ := namedList(l.Name)
		for _, f := range feeds.Formats() {
			if list.kind == kindSite || list.kind == kindSections {
				h.get(list.place("").Document(f))
				h.get(list.place("").Document(f)) // now it is remembered
			}
		}
	}
	i := 2500
	var publish, warm time.Duration
	b.ResetTimer()
	for b.Loop() {
		start := time.Now()
		h.put(put(i))
		i++
		publish += time.Since(start)
		start = time.Now()
		if _, err := h.refresh(context.Background()); err != nil {
			b.Fatal(err)
		}
		h.warm(context.Background())
		warm += time.Since(start)
	}
	b.ReportMetric(float64(publish.Microseconds())/float64(b.N)/1000, "ms-to-put")
	b.ReportMetric(float64(warm.Microseconds())/float64(b.N)/1000, "ms-to-render")
}

func BenchmarkArticlePage(b *testing.B) {
	h, r := openFull(b)
	r.URL.Path = "/articles/novost-nomer-7"
	handler := h.Handler()
	b.ReportAllocs()
	for b.Loop() {
		w := &sink{h: http.Header{}}
		handler.ServeHTTP(w, r.Clone(context.Background()))
		if w.n < 1000 {
			b.Fatalf("status %d, %d bytes; log %s", w.status, w.n, h.log)
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "req/s")
}
