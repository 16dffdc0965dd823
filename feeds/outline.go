package feeds

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
)

// outlines keeps the last few feeds that were loaded: the formats of a list are usually asked for together.
type outlines struct {
	limit int64 // bytes

	mu   sync.Mutex
	last []*outline // newest first, at most maxOutlines
}

const maxOutlines = 8

// An outline is a feed as it was loaded, and filled in as its items are needed.
type outline struct {
	list   string
	change int64
	done   chan struct{} // closed when feed or err is there
	err    error

	weight atomic.Int64 // bytes

	mu   sync.Mutex
	feed Feed
}

// load returns the feed of a list as of a change; those who ask for the same at one time wait for one loading.
func (o *outlines) load(ctx context.Context, load func(context.Context, string) (Feed, error), list string, change int64) (*outline, error) {
	one, mine := o.find(list, change)
	if mine {
		defer o.settle(one)
		one.fill(ctx, load)
	}
	select {
	case <-one.done:
		return one, one.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// find returns the outline of a list as of a change, and whether the caller is the one to load it.
func (o *outlines) find(list string, change int64) (one *outline, mine bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, one := range o.last {
		if one.list == list && one.change == change {
			return one, false
		}
	}
	o.last = slices.DeleteFunc(o.last, func(old *outline) bool { return old.list == list })
	one = &outline{list: list, change: change, done: make(chan struct{})}
	o.last = append([]*outline{one}, o.last[:min(len(o.last), maxOutlines-1)]...)
	return one, true
}

// settle drops an outline that could not be loaded, so that the next one tries again, and the oldest ones where all are
// too large.
func (o *outlines) settle(one *outline) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if one.err != nil {
		o.last = slices.DeleteFunc(o.last, func(other *outline) bool { return other == one })
	}
	sum := int64(0)
	for n, one := range o.last {
		if sum += one.weight.Load(); sum > o.limit {
			o.last = o.last[:n]
			return
		}
	}
}

// fill loads the feed. Those who wait are let go even if the loader panics.
func (o *outline) fill(ctx context.Context, load func(context.Context, string) (Feed, error)) {
	o.err = errors.New("the loader did not return")
	defer close(o.done)
	o.feed, o.err = load(ctx, o.list)
	o.weigh()
}

// weigh says roughly what the items cost in memory.
func (o *outline) weigh() {
	n := 0
	for _, i := range o.feed.Items {
		n += len(i.HTML) + len(i.Text) + len(i.Summary) + 1024
	}
	o.weight.Store(int64(n))
}

// snapshot is the feed as it is filled in by now.
func (o *outline) snapshot() Feed {
	o.mu.Lock()
	defer o.mu.Unlock()
	f := o.feed
	f.Items = slices.Clone(f.Items)
	return f
}

// complete asks for those bare items whose ids are wanted, and takes out those that have vanished.
func (o *outline) complete(ctx context.Context, load func(context.Context, []Item) ([]Item, error), wanted map[string]bool) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	missing := func(i Item) bool { return i.Bare && wanted[i.ID] }
	var bare []Item
	for _, i := range o.feed.Items {
		if missing(i) {
			bare = append(bare, i)
		}
	}
	if len(bare) == 0 {
		return nil
	}
	whole, err := load(ctx, bare)
	if err != nil {
		return err
	}
	found := make(map[string]Item, len(whole))
	for _, i := range whole {
		found[i.ID] = i
	}
	var items []Item
	for _, i := range o.feed.Items {
		if now, there := found[i.ID]; there {
			items = append(items, now)
		} else if !missing(i) {
			items = append(items, i)
		}
	}
	o.feed.Items = items
	o.weigh()
	return nil
}
