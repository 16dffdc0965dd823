package feeds

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"
)

// ErrNoFeed is what a [Loader] returns (wrapped or not) for a list that has no feed. The cache then forgets the one
// it had; every other error leaves the last good snapshot in place.
var ErrNoFeed = errors.New("no such feed")

// A Key names one document: a list by its path, as "/sections/novosti" ("" for the whole site), and a format.
type Key struct {
	List   string
	Format string // Format.Name
}

// A Loader makes the feed of a list, and says when anything about it last changed (zero: the newest change of an item).
type Loader func(ctx context.Context, list string) (f Feed, modified time.Time, err error)

// A Cache keeps rendered documents until the publication's change number moves. It is safe for concurrent use.
type Cache struct {
	load  Loader
	limit int // bytes
	log   *slog.Logger

	mu      sync.RWMutex
	kept    map[Key]entry
	size    int
	flights map[Key]*flight
}

type entry struct {
	change int64
	snap   *Snapshot
}

// flight is one rendering under way, for which others wait instead of rendering the same.
type flight struct {
	change int64
	done   chan struct{}
	snap   *Snapshot
	err    error
}

// NewCache makes an empty cache that keeps about limit bytes at most.
func NewCache(load Loader, limit int, log *slog.Logger) *Cache {
	return &Cache{load: load, limit: limit, log: log, kept: map[Key]entry{}, flights: map[Key]*flight{}}
}

// Get returns the document as of the change number at least, rendering it if the number has moved since it was last
// rendered; requests that come at the same time wait for one rendering. If it fails, the error is logged and the last
// good document is returned as long as there is one; the next Get tries again.
func (c *Cache) Get(ctx context.Context, key Key, change int64) (*Snapshot, error) {
	c.mu.RLock()
	e, ok := c.kept[key]
	c.mu.RUnlock()
	if ok && e.change >= change {
		return e.snap, nil
	}
	f := c.join(ctx, key, change)
	select {
	case <-f.done:
		return f.snap, f.err
	case <-ctx.Done():
		return nil, fmt.Errorf("render %s of %q: %w", key.Format, key.List, ctx.Err())
	}
}

// join returns the rendering under way for key, starting one if there is none, or none that is new enough.
func (c *Cache) join(ctx context.Context, key Key, change int64) *flight {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e, ok := c.kept[key]; ok && e.change >= change { // it landed since the caller looked
		f := &flight{snap: e.snap, done: make(chan struct{})}
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

// patience is how long one rendering may take, the database included.
const patience = 30 * time.Second

func (c *Cache) fly(ctx context.Context, key Key, f *flight) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	snap, err := c.render(ctx, key)

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
	case errors.Is(err, ErrNoFeed):
		c.forget(key)
		f.err = err
	case had:
		c.log.Error("a feed could not be rendered; the last good one is served", "list", key.List, "format", key.Format, "error", err)
		f.snap = last.snap
	default:
		f.err = err
	}
}

// render loads and renders one document. A panic in it is an error like any other: it must not end the daemon.
func (c *Cache) render(ctx context.Context, key Key) (snap *Snapshot, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("render %s of %q: panic: %v", key.Format, key.List, p)
		}
	}()
	format, ok := FormatNamed(key.Format)
	if !ok {
		return nil, fmt.Errorf("format %q: %w", key.Format, ErrNoFeed)
	}
	f, modified, err := c.load(ctx, key.List)
	if err != nil {
		return nil, fmt.Errorf("load the feed of %q: %w", key.List, err)
	}
	return Render(f, format, modified)
}

// keep stores a snapshot under the change number that was current before it was loaded, and makes room by dropping
// others at random.
func (c *Cache) keep(key Key, snap *Snapshot, change int64) *Snapshot {
	old, had := c.kept[key]
	if had && old.change > change {
		return old.snap // a later rendering was faster
	}
	c.forget(key)
	for other := range c.kept {
		if c.size+snap.size() <= c.limit {
			break
		}
		c.forget(other)
	}
	c.kept[key] = entry{change, snap}
	c.size += snap.size()
	return snap
}

func (c *Cache) forget(key Key) {
	if e, ok := c.kept[key]; ok {
		c.size -= e.snap.size()
		delete(c.kept, key)
	}
}
