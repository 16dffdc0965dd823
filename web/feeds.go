package web

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"sync/atomic"

	"vestnik/feeds"
	"vestnik/reads"
)

// feed answers with the feed of the list it stands under. The path names the list, so the key costs nothing to make.
func (s *Server) feed(f feeds.Format) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		key := feeds.Key{List: strings.TrimSuffix(r.URL.Path, "/"+f.File), Format: f.Name}
		if key.List == "/most-read" && r.URL.RawQuery != "" {
			window := r.URL.Query().Get("window")
			if _, known := windowNamed(window); window != "" && !known {
				return fmt.Errorf("window %.20q: %w", window, feeds.ErrNoFeed)
			}
			key.List = windowList(window).key()
		} else if strings.Contains(key.List, "?") { // written as %3F
			return feeds.ErrNoFeed
		}
		return s.serveFeed(w, r, key)
	}
}

// windowList is the most-read list of a window, "" for the first.
func windowList(window string) feedList {
	if window == "" {
		window = windows[0].name
	}
	return feedList{kindMostRead, window}
}

// yandex answers with Yandex's flavour of the site's feed.
func (s *Server) yandex(w http.ResponseWriter, r *http.Request) error {
	return s.serveFeed(w, r, feeds.Key{List: feedList{kind: kindYandex}.key(), Format: "yandex"})
}

// A document that was answered before, as the next request for its address needs it.
type knownFeed struct {
	key    feeds.Key
	list   feedList
	state  *listState   // nil for lists that do not follow the articles' changes
	warmed atomic.Int64 // the number as of which it was rendered before anybody asked
}

// serveFeed answers with a document, and remembers what address it has if that is all there is to know of it.
func (s *Server) serveFeed(w http.ResponseWriter, r *http.Request, key feeds.Key) error {
	l, ok := parseList(key.List)
	if !ok {
		return feeds.ErrNoFeed
	}
	if err := s.answerFeed(w, r, &knownFeed{key: key, list: l, state: s.stateOf(key.List)}); err != nil {
		return err
	}
	if r.URL.RawQuery == "" {
		s.remember(r.URL.Path, &knownFeed{key: key, list: l, state: s.stateOf(key.List)}) // perhaps it has one only now
	}
	return nil
}

func (s *Server) answerFeed(w http.ResponseWriter, r *http.Request, k *knownFeed) error {
	if rule, ok := s.rules[k.key.List]; ok {
		if to, moved := s.movedTo(k.key.List); moved {
			format, _ := feeds.FormatNamed(k.key.Format)
			permanent(w, r, to.place(s.Site.URL).Document(format))
			return nil
		}
		if !rule.Ended.IsZero() && s.ended(k.key.List) {
			return feeds.ErrEnded
		}
	}
	n, err := s.number(r.Context(), k)
	if err != nil {
		return err
	}
	return s.feeds.Serve(w, r, k.key, n)
}

// ownClock parts the change numbers of digests and most-read lists from those of the articles' changes: for the hub, a topic has
// one number.
const ownClock = 1 << 40

// number is the change number that the documents of a list follow: a sum of what can only grow, so it stays the same only if
// all of that does.
func (s *Server) number(ctx context.Context, k *knownFeed) (int64, error) {
	if k.list.kind == kindDigests {
		n, err := s.editionsChange(ctx, k.list.slug)
		return ownClock + n + s.stage(k.key.List), err
	}
	n, err := s.change(ctx)
	if err != nil {
		return 0, err
	}
	switch k.list.kind {
	case kindMostRead:
		n += lastHour(s.Now()).Unix() / 3600
	case kindYandex:
		n += reads.DayIn(s.Site.Location, s.Now())
	default:
		n = s.lastChangeOf(ctx, k.list, k.state, n)
	}
	return n + s.stage(k.key.List), nil
}

// maxKnown bounds the addresses of feeds that are answered before anything else is asked.
const maxKnown = 10_000

// remember lets the next request for this address past the routes. Only what was answered once is remembered, so there are no
// more of them than feeds.
func (s *Server) remember(path string, k *knownFeed) {
	s.learning.Lock()
	defer s.learning.Unlock()
	known := *s.known.Load()
	if old := known[path]; old != nil && old.state == k.state || len(known) >= maxKnown {
		return
	}
	next := maps.Clone(known)
	next[path] = k
	s.known.Store(&next)
}

// serve is the whole site. Readers poll the same few addresses again and again, and mostly get 304: they are answered first.
func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	if r.URL.RawQuery == "" && (r.Method == http.MethodGet || r.Method == http.MethodHead) {
		if k := (*s.known.Load())[r.URL.Path]; k != nil {
			s.serveKnown(w, r, k)
			return
		}
	}
	if to, ok := s.configuredAddress(r); ok {
		permanent(w, r, to)
		return
	}
	s.mux.ServeHTTP(w, r)
}

func (s *Server) serveKnown(w http.ResponseWriter, r *http.Request, k *knownFeed) {
	defer s.catch(w, r)
	w.Header()["X-Content-Type-Options"] = nosniff
	if err := s.answerFeed(w, r, k); err != nil {
		s.fail(w, r, err)
	}
}

// anyOrigin lets readers that run in a browser see an answer.
var anyOrigin = []string{"*"}

// preflight tells a browser that a reader in it may send its validators along (Fetch, "CORS-preflight request").
func (s *Server) preflight(w http.ResponseWriter, _ *http.Request) error {
	h := w.Header()
	h["Access-Control-Allow-Origin"] = anyOrigin
	h.Set("Access-Control-Allow-Methods", "GET, HEAD")
	h.Set("Access-Control-Allow-Headers", "A-IM, Cache-Control, If-Modified-Since, If-None-Match")
	h.Set("Access-Control-Max-Age", "86400")
	h.Set("Allow", "GET, HEAD, OPTIONS")
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// Document renders a feed by its name and format, "yandex" among them for the site's, and returns it with its media type. The
// name may also be the path of another document of ours, as "/sitemap.xml". [feeds.ErrNoFeed] and
// [feeds.ErrEnded] say that there is none.
func (s *Server) Document(ctx context.Context, name, format string) (doc []byte, mediaType string, err error) {
	if strings.HasPrefix(name, "/") {
		doc, mediaType, err = s.fetch(ctx, name)
		mediaType, _, _ = strings.Cut(mediaType, ";")
		return doc, mediaType, err
	}
	l, ok := namedList(name)
	if !ok {
		return nil, "", fmt.Errorf("feed %q: %w; `vestnik feeds list` prints those there are", name, feeds.ErrNoFeed)
	}
	if format == "yandex" && l.kind == kindSite {
		l.kind = kindYandex
	}
	if l.kind == kindYandex {
		format = "yandex"
	}
	f, ok := feeds.FormatNamed(format)
	if !ok || f.Name == "yandex" && l.kind != kindYandex {
		return nil, "", fmt.Errorf("feed %q: there is no format %q; take rss, atom, json or yandex", name, format)
	}
	feed, err := s.loadFeed(ctx, l.key())
	if err == nil {
		feed.Items, err = s.wholeItems(ctx, feed.Items)
	}
	if err == nil {
		doc, err = f.Render(feed)
	}
	if err != nil {
		return nil, "", fmt.Errorf("feed %q: %w", name, err)
	}
	return doc, f.Type, nil
}

// wholeItems makes whole what is bare among the items.
func (s *Server) wholeItems(ctx context.Context, items []feeds.Item) ([]feeds.Item, error) {
	var bare, all []feeds.Item
	for _, i := range items {
		if i.Bare {
			bare = append(bare, i)
		}
	}
	found, err := s.loadItems(ctx, bare)
	if err != nil {
		return nil, err
	}
	whole := map[int64]feeds.Item{}
	for _, i := range found {
		whole[i.Key] = i
	}
	for _, i := range items {
		if i.Bare {
			var there bool
			if i, there = whole[i.Key]; !there {
				continue
			}
		}
		all = append(all, i)
	}
	return all, nil
}
