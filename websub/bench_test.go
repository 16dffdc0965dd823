package websub

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"vestnik/db/dbtest"
	"vestnik/fetch"
)

// BenchmarkFanOut publishes to 1,000 callbacks on 250 hosts of loopback, of which every hundredth hangs, while the hub runs as in
// the daemon, and reports how long it took from the commit of the change until the callbacks had the document: p50, p99 and the
// last, over all that do not hang. It fails if p99 is not under a second.
func BenchmarkFanOut(b *testing.B) {
	const callbacks, hosts = 1000, 250
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	d, p := dbtest.Open(b), newPaper()
	client := fetch.New(fetch.Options{OnlyLoopback: true, KeepAlive: 4})
	b.Cleanup(client.Close)
	a := &arrivals{release: make(chan struct{})}
	port := anyLoopback(b, a.ServeHTTP)
	now := time.Now()
	for n := range callbacks {
		path := "/"
		if n%100 == 0 {
			path = "/hang"
		}
		insert(b, d, int64(n+1), site, fmt.Sprintf("http://127.0.1.%d:%d/%d%s", n%hosts+1, port, n, path), now)
	}
	h := New(Options{DB: d, Client: client, URL: hubURL, Topic: p.topic, Content: p.content})
	done := make(chan error, 1)
	go func() { done <- h.Run(ctx) }()

	var took []time.Duration
	text := strings.Repeat("Съёмки начнутся весной. ", 120) // about 5 KB, a diff of one article
	for b.Loop() {
		a.expect(callbacks - callbacks/100)
		began := time.Now()
		p.publish(text, site)
		if _, err := d.ExecContext(ctx, `UPDATE change_counter SET n = n + 1 WHERE id = 1`); err != nil {
			b.Fatal(err)
		}
		select {
		case <-a.all:
		case <-time.After(30 * time.Second):
			b.Fatal("not all that answer were reached within 30 seconds")
		}
		for _, at := range a.times() {
			took = append(took, at.Sub(began))
		}
	}
	close(a.release)
	cancel()
	if err := <-done; err != nil {
		b.Fatal(err)
	}
	slices.Sort(took)
	p99 := took[len(took)*99/100]
	b.ReportMetric(float64(took[len(took)/2].Milliseconds()), "p50-ms")
	b.ReportMetric(float64(p99.Milliseconds()), "p99-ms")
	b.ReportMetric(float64(took[len(took)-1].Milliseconds()), "last-ms")
	if p99 >= time.Second {
		b.Errorf("p99 %v, want less than a second", p99)
	}
}

// arrivals notes when documents arrive; paths that end in /hang are not answered.
type arrivals struct {
	release chan struct{}
	mu      sync.Mutex
	at      []time.Time
	want    int
	all     chan struct{}
}

func (a *arrivals) ServeHTTP(_ http.ResponseWriter, r *http.Request) {
	if strings.HasSuffix(r.URL.Path, "/hang") {
		<-a.release
		return
	}
	io.Copy(io.Discard, r.Body)
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.at = append(a.at, time.Now()); len(a.at) == a.want {
		close(a.all)
	}
}

func (a *arrivals) expect(n int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.at, a.want, a.all = nil, n, make(chan struct{})
}

func (a *arrivals) times() []time.Time {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.at
}
