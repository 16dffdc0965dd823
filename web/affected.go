package web

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"

	"vestnik/articles"
	"vestnik/db"
	"vestnik/feeds"
)

// A listState says as of which change of the publication a list of articles is what it is. Most changes concern few lists; the
// feeds of all others stay as they are, and nothing of them is asked of the database.
type listState struct {
	checked atomic.Int64 // up to this change number is right
	number  atomic.Int64 // the last change that concerned the list; 0: never looked at

	mu       sync.Mutex
	items    []int64           // the articles in its feed as it was loaded last
	complete bool              // they are all there are
	gone     bool              // it tells of some that were taken back
	hash     [sha256.Size]byte // of what was loaded last; zero: the next one may differ
	stray    bool              // it was loaded while a change was made whose number was not seen yet: other documents are older
}

// maxLists bounds the lists whose states are kept.
const maxLists = 4096

// stateOf is the state of the list with that key, nil for one that was never loaded.
func (s *Server) stateOf(key string) *listState {
	if state, ok := s.lists.Load(key); ok {
		return state.(*listState)
	}
	return nil
}

// noteList keeps what was loaded of a list, to tell by it what concerns the list.
func (s *Server) noteList(l feedList, f feeds.Feed) {
	state := s.stateOf(l.key())
	if state == nil {
		if s.listed.Load() >= maxLists {
			return
		}
		made, there := s.lists.LoadOrStore(l.key(), &listState{})
		if state = made.(*listState); !there {
			s.listed.Add(1)
		}
	}
	state.mu.Lock()
	defer state.mu.Unlock()
	before := state.hash
	state.note(f)
	state.stray = state.stray || before != [sha256.Size]byte{} && before != state.hash
}

// lastChangeOf is the number of the last change up to the current one that concerned a list of articles.
func (s *Server) lastChangeOf(ctx context.Context, l feedList, state *listState, current int64) int64 {
	if state == nil {
		return current
	}
	if state.checked.Load() >= current {
		return state.number.Load()
	}
	state.mu.Lock()
	defer state.mu.Unlock()
	checked := state.checked.Load()
	if checked >= current {
		return state.number.Load()
	}
	number := state.number.Load()
	switch {
	case number == 0:
		state.number.Store(current)
	case state.stray || s.concerns(ctx, l, state, checked, current):
		state.hash, state.stray = [sha256.Size]byte{}, false
		state.number.Store(current)
	}
	state.checked.Store(current)
	return state.number.Load()
}

// concerns reports whether one of the changes after the first up to the second number may have altered the list's feed. The caller
// holds the state's lock.
func (s *Server) concerns(ctx context.Context, l feedList, state *listState, after, upTo int64) bool {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), computing) // who asked may go: others wait for the lock
	defer cancel()
	all, ok := s.log.between(ctx, s.DB, after, upTo)
	doubt := false
	for _, n := range all {
		switch n.concerns(l, state) {
		case yes:
			return true
		case perhaps:
			doubt = true
		}
	}
	if !ok || !doubt {
		return !ok
	}
	f, err := s.loadArticles(ctx, l)
	if err != nil {
		return true // the rendering will say what is wrong
	}
	before := state.hash
	state.note(f)
	return state.hash != before
}

// note keeps what was loaded, to compare with it. The caller holds the lock.
func (state *listState) note(f feeds.Feed) {
	h := sha256.New()
	state.items = nil
	fmt.Fprintln(h, f.ID, f.Title, f.Version, f.Complete, f.Prev != nil)
	if f.Prev != nil {
		fmt.Fprintln(h, *f.Prev)
	}
	for _, i := range f.Items {
		fmt.Fprintln(h, i.ID, i.Change, i.Updated.UnixMilli())
		state.items = append(state.items, i.Key)
	}
	for _, d := range f.Deleted {
		fmt.Fprintln(h, d.ID, d.Change)
	}
	state.complete, state.gone, state.hash = f.Complete, len(f.Deleted) > 0, [sha256.Size]byte(h.Sum(nil))
}

// A verdict is whether a change concerned a list.
type verdict int

const (
	no verdict = iota
	perhaps
	yes
)

// A newsItem is a change with the lists that its article is in now.
type newsItem struct {
	articles.Change
	section       string
	tags, authors []string
}

// concerns decides by the verb. An article that appears, is taken back or corrected stays in its lists or was in none. One that was
// altered may have left a list for another, withdrawn or not, and one that was removed is forgotten: nobody knows what lists it was in.
func (n newsItem) concerns(l feedList, state *listState) verdict {
	in := l.kind == kindSite || l.kind == kindSections && n.section == l.slug ||
		l.kind == kindTags && slices.Contains(n.tags, l.slug) || l.kind == kindAuthors && slices.Contains(n.authors, l.slug)
	switch {
	case in:
		return yes
	case n.Verb == "publish", n.Verb == "withdraw", n.Verb == "correct":
		return no
	case slices.Contains(state.items, n.Article):
		return yes
	case n.Verb == "update" && state.complete && !state.gone:
		return no
	}
	return perhaps
}

// A newsLog remembers the last changes, so that each is read once for all lists.
type newsLog struct {
	mu     sync.Mutex
	after  int64 // it knows the changes after this number
	upTo   int64 // up to this one
	begun  bool
	recent []newsItem
}

// maxNews is how many changes are remembered. After more of them at once, as an import makes, everything is rendered anew.
const maxNews = 500

// between returns the changes after one number up to another, or false where that is not known any more.
func (g *newsLog) between(ctx context.Context, h db.Handle, after, upTo int64) ([]newsItem, bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.begun {
		g.begun, g.after, g.upTo = true, after, after
	}
	if g.upTo < upTo {
		if err := g.read(ctx, h, upTo); err != nil {
			return nil, false
		}
	}
	if after < g.after {
		return nil, false
	}
	first, _ := slices.BinarySearchFunc(g.recent, after+1, func(n newsItem, change int64) int { return int(n.Change.Change - change) })
	return g.recent[first:], true
}

// read takes in what is new.
func (g *newsLog) read(ctx context.Context, h db.Handle, upTo int64) error {
	changes, err := articles.Changes(ctx, h, g.upTo, maxNews+1)
	if err != nil {
		return err
	}
	if len(changes) > maxNews {
		g.after, g.upTo, g.recent = upTo, upTo, nil
		return nil
	}
	fresh := make([]newsItem, len(changes))
	for i, c := range changes {
		fresh[i].Change = c
		upTo = max(upTo, c.Change)
	}
	if err := locate(ctx, h, fresh); err != nil {
		return err
	}
	all := slices.Concat(g.recent, fresh)
	if len(all) > maxNews {
		g.after = all[len(all)-maxNews-1].Change.Change
		all = all[len(all)-maxNews:]
	}
	g.upTo, g.recent = upTo, all
	return nil
}

// locate fills in what lists the articles are in.
func locate(ctx context.Context, h db.Handle, news []newsItem) error {
	if len(news) == 0 {
		return nil
	}
	at := map[int64][]*newsItem{}
	var ids []any
	for i := range news {
		if at[news[i].Article] == nil {
			ids = append(ids, news[i].Article)
		}
		at[news[i].Article] = append(at[news[i].Article], &news[i])
	}
	for query, put := range map[string]func(n *newsItem, slug string){
		`SELECT id, section FROM articles WHERE id IN (%s)`:               func(n *newsItem, slug string) { n.section = slug },
		`SELECT article, slug FROM article_tags WHERE article IN (%s)`:    func(n *newsItem, slug string) { n.tags = append(n.tags, slug) },
		`SELECT article, slug FROM article_authors WHERE article IN (%s)`: func(n *newsItem, slug string) { n.authors = append(n.authors, slug) },
	} {
		_, err := db.Collect(ctx, h, func(row *sql.Rows) (struct{}, error) {
			var id int64
			var slug string
			err := row.Scan(&id, &slug)
			for _, n := range at[id] {
				put(n, slug)
			}
			return struct{}{}, err
		}, fmt.Sprintf(query, db.Placeholders(1, len(ids))), ids...)
		if err != nil {
			return fmt.Errorf("look up the lists of %d articles: %w", len(ids), err)
		}
	}
	return nil
}
