package feeds

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// newsroom is a loader that the tests steer.
type newsroom struct {
	mu     sync.Mutex
	feed   *Feed // nil: the sample
	title  string
	err    error
	known  []Version
	loads  atomic.Int64
	wanted []string      // ids of the items that were asked for whole
	gate   chan struct{} // nil: open
}

func (n *newsroom) loader() Loader { return Loader{Feed: n.load, Items: n.items, Known: n.knows} }

// whole is the feed with its texts.
func (n *newsroom) whole() Feed {
	n.mu.Lock()
	defer n.mu.Unlock()
	f := sample()
	if n.feed != nil {
		f = *n.feed
	}
	if n.title != "" {
		f.Title = n.title
	}
	return f
}

// load gives the outline, as the real one does.
func (n *newsroom) load(ctx context.Context, list string) (Feed, error) {
	n.loads.Add(1)
	if n.gate != nil {
		<-n.gate
	}
	if n.err != nil {
		return Feed{}, n.err
	}
	f := n.whole()
	f.Home += list
	f.Items = slices.Clone(f.Items)
	for k, i := range f.Items {
		f.Items[k] = Item{Bare: true, ID: i.ID, Key: i.Key, Change: i.Change, Published: i.Published, Updated: i.Updated}
	}
	return f, ctx.Err()
}

func (n *newsroom) items(ctx context.Context, bare []Item) ([]Item, error) {
	var found []Item
	whole := n.whole()
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, b := range bare {
		n.wanted = append(n.wanted, b.ID)
		for _, i := range whole.Items {
			if i.ID == b.ID {
				found = append(found, i)
			}
		}
	}
	return found, ctx.Err()
}

func (n *newsroom) knows(_ context.Context, v Version) (bool, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.Contains(n.known, v), n.err
}

// publish adds a new item before the others.
func (n *newsroom) publish(change int, mark uint32) {
	n.mu.Lock()
	defer n.mu.Unlock()
	f := *n.feed
	f.Items = append([]Item{numbered(change)}, f.Items...)
	f.Version = Version{Change: int64(change), Mark: mark}
	n.feed = &f
	n.known = append(n.known, f.Version)
}

func newTestCache(n *newsroom, limit int) (*Cache, *bytes.Buffer) {
	var log bytes.Buffer
	return NewCache(n.loader(), limit, slog.New(slog.NewTextHandler(&log, nil))), &log
}

var site = Key{"", "rss"}

func get(t *testing.T, c *Cache, key Key, change int64) *Snapshot {
	t.Helper()
	s, err := c.Get(t.Context(), key, change)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestTheCacheRendersAgainOnlyWhenTheNumberMoved(t *testing.T) {
	n := &newsroom{}
	c, _ := newTestCache(n, 1<<20)
	first := get(t, c, site, 1)
	n.title = "Другое"
	if again := get(t, c, site, 1); again != first || n.loads.Load() != 1 {
		t.Errorf("the same number: %d loads", n.loads.Load())
	}
	second := get(t, c, site, 2)
	if second.plain.etag[0] == first.plain.etag[0] {
		t.Errorf("the number moved: tag %s", second.plain.etag[0])
	}
	if late := get(t, c, site, 1); late != second {
		t.Error("a request with an older number got an older document")
	}
	if same := get(t, c, site, 3); same != second {
		t.Error("nothing changed in this list, but its snapshot was made anew")
	}
}

func TestTheCacheGivesTheSameBytesAndTagsAsAnotherNode(t *testing.T) {
	a, _ := newTestCache(&newsroom{}, 1<<20)
	b, _ := newTestCache(&newsroom{}, 1<<20)
	for _, f := range all() {
		key := Key{"", f.Name}
		one, two := get(t, a, key, 7), get(t, b, key, 1000) // as of other changes of other lists
		if one.gzip.etag[0] != two.gzip.etag[0] || !bytes.Equal(one.zipped, two.zipped) {
			t.Errorf("%s: %s and %s", f.Name, one.gzip.etag[0], two.gzip.etag[0])
		}
		pure, err := f.Render(sample())
		if err != nil || !bytes.Equal(text(t, one), pure) {
			t.Errorf("%s: the cache renders other bytes than the pure function (%v)", f.Name, err)
		}
	}
}

func TestOnlyNewItemsAreLoadedWhole(t *testing.T) {
	feed := long(50)
	n := &newsroom{feed: &feed}
	c, _ := newTestCache(n, 10<<20)
	for _, f := range Formats() {
		get(t, c, Key{"", f.Name}, 50)
	}
	if n.loads.Load() != 1 || len(n.wanted) != 50 {
		t.Errorf("three formats: %d loads and %d items, want 1 and 50", n.loads.Load(), len(n.wanted))
	}
	n.publish(51, 1)
	n.wanted = nil
	for _, list := range []string{"", "/sections/novosti"} {
		for _, f := range Formats() {
			get(t, c, Key{list, f.Name}, 51)
		}
	}
	if want := numbered(51).ID; len(n.wanted) != 1 || n.wanted[0] != want {
		t.Errorf("asked for %q, want only %s", n.wanted, want)
	}
}

func TestAnItemThatVanishesMeanwhileIsLeftOut(t *testing.T) {
	n := &newsroom{}
	load := n.loader()
	load.Items = func(ctx context.Context, bare []Item) ([]Item, error) { return n.items(ctx, bare[1:]) }
	c := NewCache(load, 1<<20, slog.Default())
	doc := string(text(t, get(t, c, site, 1)))
	if strings.Contains(doc, article().ID) || !strings.Contains(doc, brief().ID) {
		t.Errorf("the first item has vanished, the second has not:\n%s", doc)
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
	good := get(t, c, site, 1)
	n.err = errors.New("disk full")
	got, err := c.Get(t.Context(), site, 2)
	if err != nil || got != good {
		t.Errorf("got %v, %v, want the last good document", got, err)
	}
	if !strings.Contains(log.String(), "level=ERROR") || !strings.Contains(log.String(), "disk full") || c.Alarms() != 1 {
		t.Errorf("%d alarms, log: %s", c.Alarms(), log)
	}
	if again := get(t, c, site, 2); again != good || c.Alarms() != 1 {
		t.Errorf("the next poll tries again at once: %d alarms", c.Alarms())
	}
	if _, err := c.Diff(t.Context(), site, 2, 0); err == nil {
		t.Error("an old document is pushed as if it were the new one")
	}
	if _, err := c.Get(t.Context(), Key{"/tags/x", "rss"}, 2); err == nil {
		t.Error("no error for a feed that never was good")
	}
	n.err, c.pause = nil, 0
	if get(t, c, site, 2) != good {
		t.Error("the loader is well again, but nothing changed")
	}
	for _, over := range []error{ErrNoFeed, ErrEnded} {
		n.err = fmt.Errorf("section: %w", over)
		alarms := c.Alarms()
		if _, err := c.Get(t.Context(), site, 3); !errors.Is(err, over) || c.Alarms() != alarms {
			t.Errorf("error = %v, want %v without an alarm: the list is gone", err, over)
		}
	}
	if _, err := c.Get(t.Context(), Key{"", "opml"}, 3); !errors.Is(err, ErrNoFeed) {
		t.Errorf("unknown format: %v", err)
	}
}

func TestABrokenItemNeverReplacesAGoodDocument(t *testing.T) {
	broken := map[string]func(*Feed){
		"two with one id": func(f *Feed) { f.Items = append(f.Items, f.Items[0]) },
		"no id":           func(f *Feed) { f.Items = append([]Item{{Title: "x", Change: 9}}, f.Items...) },
		"feed without id": func(f *Feed) { f.ID = "" },
	}
	for name, spoil := range broken {
		n := &newsroom{}
		c, log := newTestCache(n, 1<<20)
		good := get(t, c, site, 1)
		f := sample()
		spoil(&f)
		n.feed = &f
		if got := get(t, c, site, 2); got != good || c.Alarms() != 1 || !strings.Contains(log.String(), "level=ERROR") {
			t.Errorf("%s: %d alarms; log: %s", name, c.Alarms(), log)
		}
	}
}

func TestAnIllFormedFragmentNeverReplacesAGoodDocument(t *testing.T) {
	format := named(t, "rss")
	format.item = func(Item, setting) ([]byte, error) { return []byte("<item><title>a & b</title></item>"), nil }
	if _, err := format.Render(sample()); err == nil || !strings.Contains(err.Error(), article().ID) {
		t.Errorf("error = %v, want one that names the item", err)
	}
	format = named(t, "rss")
	format.head = func(header) ([]byte, error) { return []byte("<rss><channel>\x01" + rssFoot), nil }
	if _, err := format.Render(sample()); err == nil {
		t.Error("an ill-formed head passes")
	}
}

func TestAPanicInALoaderIsAnError(t *testing.T) {
	for name, load := range map[string]Loader{
		"feed":  {Feed: func(context.Context, string) (Feed, error) { panic("nil map") }},
		"items": {Feed: (&newsroom{}).load, Items: func(context.Context, []Item) ([]Item, error) { panic("nil map") }},
	} {
		c := NewCache(load, 1<<20, slog.New(slog.DiscardHandler))
		for range 2 {
			if _, err := c.Get(t.Context(), site, 1); err == nil || !strings.Contains(err.Error(), "nil map") {
				t.Errorf("%s: error = %v", name, err)
			}
		}
	}
}

func TestTheCacheIsBounded(t *testing.T) {
	feed := long(5)
	n := &newsroom{feed: &feed}
	const limit = 200_000
	c, _ := newTestCache(n, limit)
	for i := range 90 {
		key := Key{fmt.Sprint("/tags/", i), Formats()[i%3].Name}
		n.publish(100+i, 1)
		ask := []string{"", "A-IM", "feed", "If-None-Match", `"5.00000001-aaaaaaaaaaaaaaaa"`}
		if err := c.Serve(&blankWriter{}, request("GET", ask[1:]...), key, int64(i)); err != nil { // not gzip: the plain text is kept
			t.Fatal(err)
		}
		if i%10 == 0 {
			f := long(5)
			n.feed = &f
		}
	}
	sum := 0
	for _, e := range c.kept {
		sum += e.snap.size()
	}
	held := c.size + c.fragments.size + c.fragments.aged
	if held > limit || len(c.kept) == 0 || sum != c.size {
		t.Errorf("%d documents, %d bytes with fragments (counted %d of documents, there are %d), want at most %d", len(c.kept), held, c.size, sum, limit)
	}
	parts := 0
	for _, half := range []map[fragmentKey]*fragment{c.fragments.young, c.fragments.old} {
		for _, part := range half {
			parts += part.size()
		}
	}
	if parts != c.fragments.size+c.fragments.aged || parts == 0 {
		t.Errorf("fragments: counted %d and %d, there are %d", c.fragments.size, c.fragments.aged, parts)
	}
}

func TestWhatNobodyAsksForGoesFirst(t *testing.T) {
	n := &newsroom{}
	c, _ := newTestCache(n, 1<<20)
	polled := Key{"/polled", "rss"}
	get(t, c, polled, 1)
	c.limit = 10 * c.size
	for k := range 200 {
		get(t, c, Key{fmt.Sprint("/tags/", k), "rss"}, 1)
		if c.kept[polled] == nil {
			t.Fatalf("what is polled all the time gave way to the %d. list that was asked for once", k+1)
		}
		get(t, c, polled, 1)
	}
	if len(c.kept) > 10 {
		t.Errorf("%d documents are kept, and there is room for 10", len(c.kept))
	}
}

func TestManyReadersGetWholeDocumentsWhileThereIsNews(t *testing.T) {
	feed := long(5)
	n := &newsroom{feed: &feed}
	c, _ := newTestCache(n, 300_000) // too little for all of it
	var change atomic.Int64
	change.Store(5)
	var readers sync.WaitGroup
	for k := range 6 {
		readers.Go(func() {
			format := Formats()[k%3]
			header := []string{"A-IM", "feed", "If-None-Match", `"x"`, "Accept-Encoding", []string{"gzip", ""}[k%2]}
			for range 60 {
				res := poll(t, c, Key{"", format.Name}, change.Load(), header...)
				if res.StatusCode != 304 {
					judge(t, format, body(t, res))
				}
				header[3] = res.Header.Get("Etag")
			}
		})
	}
	for k := 6; k < 20; k++ {
		n.publish(k, 1)
		change.Store(int64(k))
		for _, format := range Formats() {
			get(t, c, Key{"", format.Name}, int64(k))
		}
	}
	readers.Wait()
	if c.Alarms() != 0 {
		t.Errorf("%d alarms", c.Alarms())
	}
}
