package feeds

import (
	"context"
	"fmt"
)

// A Diff is what is newer in a list than a change, for pushing it.
type Diff struct {
	Body   []byte
	Type   string // media type with its charset
	Change int64  // what the document holds goes up to this one
	Items  int    // how many items are newer; in Atom those taken back count. 0: there is nothing to push, and no Body
}

// Diff makes the document of the items with a higher number than since, the whole one if it would not be larger. Of a
// list without Deltas, as one that is ordered anew, it is the whole document if its version is newer. Unlike Get it
// fails where only an older document is at hand: what is pushed counts as told.
func (c *Cache) Diff(ctx context.Context, key Key, change, since int64) (Diff, error) {
	f := c.get(ctx, key, change)
	if f.err != nil {
		return Diff{}, f.err
	}
	if f.stale != nil {
		return Diff{}, f.stale
	}
	d, err := f.snap.diff(since)
	if err != nil {
		return Diff{}, fmt.Errorf("cut what is newer than change %d out of %s of %q: %w", since, key.Format, key.List, err)
	}
	d.Change = max(change, f.snap.header.Version.Change)
	return d, nil
}

func (s *Snapshot) diff(since int64) (Diff, error) {
	out := Diff{Type: s.contentType[0]}
	items, gone := s.newer(since)
	out.Items = len(items) + len(gone)
	if !s.header.Deltas {
		out.Items = 0
		if s.header.Version.Change > since {
			out.Items = max(len(s.pieces), 1)
		}
	}
	if out.Items == 0 {
		return out, nil
	}
	var err error
	if s.header.Deltas && len(items) < len(s.pieces) {
		out.Body, err = s.cut(items, gone)
	} else {
		out.Body, err = s.read(-1)
	}
	return out, err
}
