package feeds

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"
)

// ErrNoFeed and ErrEnded are what Loader.Feed returns (wrapped or not) for a list that has no feed, or has none any more
// and will not have one again (410). The cache then forgets the one it had; every other error leaves the last good
// snapshot in place.
var (
	ErrNoFeed = errors.New("no such feed")
	ErrEnded  = errors.New("this feed has ended")
)

// A Key names one document: a list by its path, as "/sections/novosti" ("" for the whole site), and a format.
type Key struct {
	List   string
	Format string // Format.Name
}

// A Loader brings what feeds are made of.
type Loader struct {
	// Feed makes the feed of a list. Its items may be bare: those whose fragments are kept are not asked for again.
	Feed func(ctx context.Context, list string) (Feed, error)
	// Items returns these items whole, in the same order; one that has vanished is left out.
	Items func(ctx context.Context, bare []Item) ([]Item, error)
	// Known reports whether the change with this number and mark belongs to our history. Without it there are no deltas.
	Known func(ctx context.Context, v Version) (bool, error)
}

// A Cache keeps rendered documents until the publication's change number moves. It is safe for concurrent use.
type Cache struct {
	load   Loader
	limit  int // bytes of snapshots
	log    *slog.Logger
	alarms atomic.Int64

	fragments *fragments
	outlines  *outlines

	mu      sync.RWMutex
	kept    map[Key]*entry
	size    int
	flights map[Key]*flight
	pause   time.Duration // how long a document that could not be rendered is left alone: else every poll would try it again
}

// An entry is a snapshot with the change number as of which it is right.
type entry struct {
	change int64
	snap   *Snapshot
	size   int         // what it was counted as
	hot    atomic.Bool // asked for since room was last made
	failed time.Time   // when it was last tried in vain to make a newer one
}

// flight is one rendering under way, for which others wait instead of rendering the same.
type flight struct {
	change int64
	done   chan struct{}
	snap   *Snapshot
	err    error
	stale  error // why snap is only the last good one
}

// NewCache makes an empty cache that keeps about limit bytes at most: a quarter of it, but not more than 12 MB, for the
// fragments of items, half as much for feeds as they were loaded, the rest for documents.
func NewCache(load Loader, limit int, log *slog.Logger) *Cache {
	share := min(limit/4, 12<<20)
	return &Cache{
		load: load, limit: limit - share - share/2, log: log,
		fragments: &fragments{limit: share}, outlines: &outlines{limit: int64(share / 2)},
		kept: map[Key]*entry{}, flights: map[Key]*flight{}, pause: 5 * time.Second,
	}
}

// Alarms counts the renderings that failed since the start; each was logged as an error.
func (c *Cache) Alarms() int64 { return c.alarms.Load() }

func (c *Cache) alarm(what string, key Key, err error) {
	c.alarms.Add(1)
	c.log.Error(what, "list", key.List, "format", key.Format, "error", err)
}

// Serve answers GET and HEAD with the document as of the change number at least: 304 where the client has it, 226 with
// what is newer where it takes deltas (RFC 3229), else 200. When it returns an error, nothing is written.
func (c *Cache) Serve(w http.ResponseWriter, r *http.Request, key Key, change int64) error {
	if !readable(w, r) {
		return nil
	}
	s, err := c.Get(r.Context(), key, change)
	if err != nil {
		return err
	}
	form := s.form(r)
	known := s.knownTo(r, form)
	if known == nil {
		if d, tag := c.delta(r.Context(), key, s, r); d != nil {
			s.answerDelta(w, r, form, d, tag)
			c.recount(key, s)
			return nil
		}
	}
	if err := s.answer(w, r, form, known); err != nil {
		return err
	}
	if known == nil && form == &s.plain {
		c.recount(key, s)
	}
	return nil
}

// Get returns the document as of the change number at least, rendering it if the number has moved since it was last
// rendered; requests that come at the same time wait for one rendering. If it fails, the error is logged and the last
// good document is returned as long as there is one, and for some seconds nobody tries again.
func (c *Cache) Get(ctx context.Context, key Key, change int64) (*Snapshot, error) {
	c.mu.RLock()
	e := c.kept[key]
	if e != nil {
		if !e.hot.Load() { // a write would take the line from the other processors
			e.hot.Store(true)
		}
		if e.change >= change {
			snap := e.snap
			c.mu.RUnlock()
			return snap, nil
		}
	}
	c.mu.RUnlock()
	f := c.get(ctx, key, change)
	return f.snap, f.err
}

// get waits for the rendering of a document.
func (c *Cache) get(ctx context.Context, key Key, change int64) *flight {
	f := c.join(ctx, key, change)
	select {
	case <-f.done:
		return f
	case <-ctx.Done():
		return &flight{err: fmt.Errorf("render %s of %q: %w", key.Format, key.List, ctx.Err())}
	}
}

// join returns the rendering under way for key, starting one if there is none, or none that is new enough.
func (c *Cache) join(ctx context.Context, key Key, change int64) *flight {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e, ok := c.kept[key]; ok && (e.change >= change || time.Since(e.failed) < c.pause) { // it landed since the caller looked
		f := &flight{snap: e.snap, done: make(chan struct{})}
		if e.change < change {
			f.stale = errPause
		}
		close(f.done)
		return f
	}
	if f := c.flights[key]; f != nil && f.change >= change {
		return f
	}
	f := &flight{change: change, done: make(chan struct{})}
	c.flights[key] = f
	// The first client may leave while others wait, so its going must not end the rendering.
	go c.fly(context.WithoutCancel(ctx), key, f)
	return f
}

// errPause is why nobody has tried to render a document that has a good one already.
var errPause = errors.New("it could not be rendered a moment ago")

// patience is how long one rendering may take, the database included.
const patience = 30 * time.Second

func (c *Cache) fly(ctx context.Context, key Key, f *flight) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	snap, err := c.render(ctx, key, f.change)

	c.mu.Lock()
	defer c.mu.Unlock()
	defer close(f.done)
	if c.flights[key] == f {
		delete(c.flights, key)
	}
	last, had := c.kept[key]
	switch {
	case err == nil:
		f.snap = c.keep(key, snap, f.change)
	case errors.Is(err, ErrNoFeed), errors.Is(err, ErrEnded):
		c.forget(key)
		f.err = err
	case had:
		c.alarm("a feed could not be rendered; the last good one is served", key, err)
		f.snap, f.stale = last.snap, err
		last.failed = time.Now()
	default:
		c.alarm("a feed could not be rendered, and there is no older one to serve", key, err)
		f.err = err
	}
}

// render loads and renders one document. A panic in it is an error like any other: it must not end the daemon.
func (c *Cache) render(ctx context.Context, key Key, change int64) (snap *Snapshot, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("render %s of %q: panic: %v\n%s", key.Format, key.List, p, debug.Stack())
		}
	}()
	format, ok := FormatNamed(key.Format)
	if !ok {
		return nil, fmt.Errorf("format %q: %w", key.Format, ErrNoFeed)
	}
	o, err := c.outlines.load(ctx, c.load.Feed, key.List, change)
	if err != nil {
		return nil, fmt.Errorf("load the feed of %q: %w", key.List, err)
	}
	f, made, err := c.fragmentsOf(ctx, format, o, c.last(key))
	if err != nil {
		return nil, fmt.Errorf("render %s of %q: %w", key.Format, key.List, err)
	}
	d, err := format.document(f, made)
	if err != nil {
		return nil, fmt.Errorf("render %s of %q: %w", key.Format, key.List, err)
	}
	if last := c.last(key); last != nil && last.hash == d.hash && last.header.Version == d.Version {
		return last, nil // nothing of this list changed: its tags and deltas stay
	}
	return d.snapshot()
}

func (c *Cache) last(key Key) *Snapshot {
	c.mu.RLock()
	defer c.mu.RUnlock()
	if e := c.kept[key]; e != nil {
		return e.snap
	}
	return nil
}
