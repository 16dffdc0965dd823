package feeds

import (
	"cmp"
	"context"
	"runtime"
	"slices"
	"sync"
	"time"
)

// lately is how long after a question for it a document is still rendered before anybody asks again. Readers who keep to
// max-age come back within the hour.
const lately = time.Hour

// Warm renders anew what was asked for lately and is older than the change, so that no reader waits for it: the lists
// that changed last first, as many at a time as there are processors. It returns when all are done, or ctx is.
func (c *Cache) Warm(ctx context.Context, change int64) {
	lists := c.hot(change)
	next := make(chan []Key)
	var workers sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(lists)) {
		workers.Go(func() {
			for keys := range next {
				for _, key := range keys { // the formats of a list after each other: they share what is loaded
					c.get(ctx, key, change)
				}
			}
		})
	}
	for _, keys := range lists {
		if ctx.Err() != nil {
			break
		}
		next <- keys
	}
	close(next)
	workers.Wait()
}

// hot returns the documents that were asked for lately and are older than the change, list by list.
func (c *Cache) hot(change int64) [][]Key {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.now()
	keys, newest := map[string][]Key{}, map[string]int64{}
	for key, e := range c.kept {
		if e.hot.Swap(false) {
			e.asked = now
		}
		if e.change < change && now.Sub(e.asked) < lately {
			keys[key.List] = append(keys[key.List], key)
			newest[key.List] = max(newest[key.List], e.snap.header.Version.Change)
		}
	}
	var lists [][]Key
	for _, of := range keys {
		slices.SortFunc(of, func(a, b Key) int { return cmp.Compare(a.Format, b.Format) })
		lists = append(lists, of)
	}
	slices.SortFunc(lists, func(a, b []Key) int {
		return cmp.Or(cmp.Compare(newest[b[0].List], newest[a[0].List]), cmp.Compare(a[0].List, b[0].List))
	})
	return lists
}
