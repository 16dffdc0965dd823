package feeds

import (
	"context"
	"crypto/sha256"
	"fmt"
	"hash/maphash"
	"sync"
)

// fragments keeps rendered items. What is asked for goes into the young half; when that is full, the old half is dropped
// and the young one becomes old: what was not asked for meanwhile goes first.
type fragments struct {
	limit int // bytes

	mu         sync.Mutex
	young, old map[fragmentKey]*fragment
	size       int // of the young
	aged       int // of the old
}

// A fragmentKey names a text for ever: an item that changes gets a new number. The time is there for a database that was
// restored below a running daemon and gives the number out again.
type fragmentKey struct {
	setting
	id      string
	change  int64
	updated int64
}

func keyOf(i Item, s setting) fragmentKey {
	return fragmentKey{s, i.ID, i.Change, i.changed().UnixMilli()}
}

func (f *fragments) get(key fragmentKey) *fragment {
	f.mu.Lock()
	defer f.mu.Unlock()
	if part := f.young[key]; part != nil {
		return part
	}
	part := f.old[key]
	if part != nil {
		delete(f.old, key)
		f.aged -= part.size()
		f.add(key, part)
	}
	return part
}

func (f *fragments) put(key fragmentKey, part *fragment) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if key.change > 0 && f.young[key] == nil && f.old[key] == nil {
		f.add(key, part)
	}
}

func (f *fragments) add(key fragmentKey, part *fragment) {
	n := part.size()
	if n > f.limit/2 {
		return // it would push out all others
	}
	if f.young == nil || f.size+n > f.limit/2 {
		f.old, f.aged = f.young, f.size
		f.young, f.size = map[fragmentKey]*fragment{}, 0
	}
	f.young[key] = part
	f.size += n
}

// size is roughly what the fragment costs in memory.
func (part *fragment) size() int { return len(part.body) + 2*len(part.id) + 256 }

// names are numbers for fragments, so that a document need not keep their keys.
var names = maphash.MakeSeed()

func (k fragmentKey) name() uint64 { return maphash.Comparable(names, k) }

// fragmentsOf returns the fragments of an outline's items with the feed they belong to. Those that are not kept are cut out of the
// last document, which mostly differs by one item; only what is not in that either is asked for whole. What vanishes
// meanwhile is left out.
func (c *Cache) fragmentsOf(ctx context.Context, format Format, o *outline, last *Snapshot) (Feed, []*fragment, error) {
	f := o.snapshot()
	style := format.setting(f)
	found, missing := map[string]*fragment{}, map[string]bool{}
	for _, i := range f.Items {
		if part := c.fragments.get(keyOf(i, style)); part != nil {
			found[i.ID] = part
		} else {
			missing[i.ID] = true
		}
	}
	if err := last.restore(f.Items, style, missing, found); err != nil {
		return Feed{}, nil, err
	}
	if len(missing) > 0 {
		if err := o.complete(ctx, c.load.Items, missing); err != nil {
			return Feed{}, nil, fmt.Errorf("load %d items: %w", len(missing), err)
		}
		f = o.snapshot()
	}
	parts := make([]*fragment, len(f.Items))
	for n, i := range f.Items {
		var err error
		if parts[n] = found[i.ID]; parts[n] != nil {
			continue
		}
		if parts[n], err = format.fragment(i, style); err != nil {
			return Feed{}, nil, err
		}
		key := keyOf(i, style)
		parts[n].name = key.name()
		c.fragments.put(key, parts[n])
	}
	return f, parts, nil
}

// restore finds missing fragments in the document. They share its text, so they are for one rendering and not to be kept.
func (s *Snapshot) restore(items []Item, style setting, missing map[string]bool, found map[string]*fragment) error {
	if s == nil || len(missing) == 0 {
		return nil
	}
	there := make(map[uint64]piece, len(s.pieces))
	for _, p := range s.pieces {
		there[p.name] = p
	}
	var doc []byte
	for _, i := range items {
		name := keyOf(i, style).name()
		p, ok := there[name]
		if !ok || !missing[i.ID] || i.Change == 0 {
			continue
		}
		if doc == nil {
			var err error
			if doc, err = s.read(-1); err != nil {
				return err
			}
		}
		body := doc[p.start:p.end:p.end]
		found[i.ID] = &fragment{id: line(i.ID), name: name, change: i.Change, body: body, hash: sha256.Sum256(body)}
		delete(missing, i.ID)
	}
	return nil
}
