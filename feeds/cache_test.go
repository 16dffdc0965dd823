package feeds

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// newsroom is a loader that the tests steer.
type newsroom struct {
	title string
	err   error
	loads atomic.Int64
	gate  chan struct{} // nil: open
}

func (n *newsroom) load(ctx context.Context, list string) (Feed, time.Time, error) {
	n.loads.Add(1)
	if n.gate != nil {
		<-n.gate
	}
	if n.err != nil {
		return Feed{}, time.Time{}, n.err
	}
	f := sample()
	f.Home += list
	if n.title != "" {
		f.Title = n.title
	}
	return f, time.Time{}, ctx.Err()
}

func newTestCache(n *newsroom, limit int) (*Cache, *bytes.Buffer) {
	var log bytes.Buffer
	return NewCache(n.load, limit, slog.New(slog.NewTextHandler(&log, nil))), &log
}

var site = Key{"", "rss"}

func TestTheCacheRendersAgainOnlyWhenTheNumberMoved(t *testing.T) {
	n := &newsroom{}
	c, _ := newTestCache(n, 1<<20)
	first, err := c.Get(t.Context(), site, 1)
	if err != nil {
		t.Fatal(err)
	}
	n.title = "Другое"
	if again, _ := c.Get(t.Context(), site, 1); again != first || n.loads.Load() != 1 {
		t.Errorf("the same number: %d loads", n.loads.Load())
	}
	second, err := c.Get(t.Context(), site, 2)
	if err != nil || second.plain.etag[0] == first.plain.etag[0] {
		t.Errorf("the number moved: %v, tag %s", err, second.plain.etag[0])
	}
	if late, _ := c.Get(t.Context(), site, 1); late != second {
		t.Error("a request with an older number got an older document")
	}
}

func TestOneRenderingServesAllWhoWait(t *testing.T) {
	n := &newsroom{gate: make(chan struct{})}
	c, _ := newTestCache(n, 1<<20)
	gone, leave := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			ctx := t.Context()
			if i == 0 {
				ctx = gone
			}
			if _, err := c.Get(ctx, site, 1); err != nil && i > 0 {
				t.Error(err)
			}
		})
	}
	leave() // the client who may have started it goes: the others still get it
	close(n.gate)
	wg.Wait()
	if got := n.loads.Load(); got != 1 {
		t.Errorf("%d loads, want 1", got)
	}
}

func TestAFailedRenderingKeepsTheLastGoodDocument(t *testing.T) {
	n := &newsroom{}
	c, log := newTestCache(n, 1<<20)
	good, err := c.Get(t.Context(), site, 1)
	if err != nil {
		t.Fatal(err)
	}
	n.err = errors.New("disk full")
	got, err := c.Get(t.Context(), site, 2)
	if err != nil || got != good {
		t.Errorf("got %v, %v, want the last good document", got, err)
	}
	if !strings.Contains(log.String(), "disk full") {
		t.Errorf("the error is not logged: %s", log)
	}
	if _, err := c.Get(t.Context(), Key{"/tags/x", "rss"}, 2); err == nil {
		t.Error("no error for a feed that never was good")
	}
	n.err = fmt.Errorf("section: %w", ErrNoFeed)
	if _, err := c.Get(t.Context(), site, 3); !errors.Is(err, ErrNoFeed) {
		t.Errorf("error = %v, want ErrNoFeed: the list is gone", err)
	}
	if _, err := c.Get(t.Context(), Key{"", "opml"}, 3); !errors.Is(err, ErrNoFeed) {
		t.Errorf("unknown format: %v", err)
	}
}

func TestAPanicInALoaderIsAnError(t *testing.T) {
	c := NewCache(func(context.Context, string) (Feed, time.Time, error) { panic("nil map") }, 1<<20, slog.Default())
	if _, err := c.Get(t.Context(), site, 1); err == nil || !strings.Contains(err.Error(), "nil map") {
		t.Errorf("error = %v", err)
	}
}

func TestTheCacheIsBounded(t *testing.T) {
	n := &newsroom{}
	c, _ := newTestCache(n, 20_000)
	for i := range 100 {
		if _, err := c.Get(t.Context(), Key{fmt.Sprint("/tags/", i), "rss"}, 1); err != nil {
			t.Fatal(err)
		}
	}
	sum := 0
	for _, e := range c.kept {
		sum += e.snap.size()
	}
	if c.size > 20_000 || len(c.kept) == 0 || sum != c.size {
		t.Errorf("%d documents, %d bytes (counted %d), want at most 20000", len(c.kept), c.size, sum)
	}
}
