package feeds

import (
	"fmt"
	"net/http"
	"testing"
)

// blankWriter is the cheapest ResponseWriter, so that benchmarks count our work only.
type blankWriter struct{ h http.Header }

func (b *blankWriter) Header() http.Header {
	if b.h == nil {
		b.h = http.Header{}
	}
	return b.h
}
func (b *blankWriter) WriteHeader(int)             {}
func (b *blankWriter) Write(p []byte) (int, error) { return len(p), nil }

// BenchmarkRender is a whole snapshot of 50 items with nothing cached.
func BenchmarkRender(b *testing.B) {
	feed := long(50)
	for _, f := range Formats() {
		b.Run(f.Name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				s, err := Render(feed, f)
				if err != nil {
					b.Fatal(err)
				}
				b.ReportMetric(float64(len(s.zipped)), "gzip-bytes")
			}
		})
	}
}

// BenchmarkRenderOneNew is a snapshot after one of 50 items is new: 49 come from the cache.
func BenchmarkRenderOneNew(b *testing.B) {
	for _, f := range Formats() {
		b.Run(f.Name, func(b *testing.B) {
			feed := long(50)
			n := &newsroom{feed: &feed}
			c, _ := newTestCache(n, 64<<20)
			change := 50
			b.ReportAllocs()
			for b.Loop() {
				change++
				n.feed.Items = append([]Item{numbered(change)}, n.feed.Items[:49]...)
				if _, err := c.Get(b.Context(), Key{"", f.Name}, int64(change)); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkDelta is the first delta of one item out of 50, rendered and compressed.
func BenchmarkDelta(b *testing.B) {
	for _, f := range Formats() {
		b.Run(f.Name, func(b *testing.B) {
			s, err := Render(long(50), f)
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				d, err := s.since(49)
				if err != nil {
					b.Fatal(err)
				}
				b.ReportMetric(float64(len(d.zipped)), "gzip-bytes")
			}
		})
	}
}

// BenchmarkServe is our part of an answer from memory.
func BenchmarkServe(b *testing.B) {
	feed := long(50)
	n := &newsroom{feed: &feed, known: []Version{{49, 1}}}
	c, _ := newTestCache(n, 64<<20)
	s, err := c.Get(b.Context(), site, 50)
	if err != nil {
		b.Fatal(err)
	}
	for name, tag := range map[string]string{"200": `"x"`, "226": `"49.00000001-aaaaaaaaaaaaaaaa"`, "304": s.gzip.etag[0]} {
		b.Run(name, func(b *testing.B) {
			r := request("GET", "A-IM", "feed", "Accept-Encoding", "gzip, deflate", "If-None-Match", tag)
			w := &blankWriter{}
			b.ReportAllocs()
			for b.Loop() {
				if err := c.Serve(w, r, site, 50); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	if got := fmt.Sprint(c.Alarms()); got != "0" {
		b.Errorf("%s alarms", got)
	}
}
