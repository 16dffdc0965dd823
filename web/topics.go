package web

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"vestnik/feeds"
	"vestnik/templates"
)

// A topic is what the hub tells of (WebSub): a document of a living feed, or the page of a list.
type topic struct {
	list   feedList
	format string // "" for the page
}

// topicOf finds the topic of an address. It must be exactly the one that the document calls its own.
func (s *Server) topicOf(address string) (topic, bool) {
	rest, ok := strings.CutPrefix(address, s.Site.URL)
	if !ok {
		return topic{}, false
	}
	if l, ok := parseList(strings.TrimSuffix(rest, "/")); ok && l.hasPageTopic() && l.page() == rest {
		return topic{list: l}, true
	}
	path, query, _ := strings.Cut(rest, "?")
	for _, f := range feeds.Formats() {
		key, ok := strings.CutSuffix(path, "/"+f.File)
		if query != "" {
			key += "?" + query
		}
		if l, is := parseList(key); ok && is && l.kind != kindYandex && l.place(s.Site.URL).Document(f) == address {
			return topic{l, f.Name}, true
		}
	}
	return topic{}, false
}

// hasPageTopic reports whether the list's page itself is a topic: all but Yandex's are, which have none of their own.
func (l feedList) hasPageTopic() bool { return l.kind != kindYandex }

// Topic reports whether the hub may take subscriptions to an address: one of our living feeds, or a page of a list.
func (s *Server) Topic(ctx context.Context, address string) (bool, error) {
	t, ok := s.topicOf(address)
	if !ok {
		return false, nil
	}
	return s.exists(ctx, t.list)
}

// exists reports whether a list has a feed now.
func (s *Server) exists(ctx context.Context, l feedList) (bool, error) {
	if s.rules[l.key()].Moved != "" || s.ended(l.key()) {
		return false, nil
	}
	switch l.kind {
	case kindSite, kindYandex:
		return true, nil
	case kindMostRead:
		_, ok := windowNamed(l.slug)
		return ok, nil
	case kindDigests:
		_, ok := s.digest(l.slug)
		return ok, nil
	case kindSections, kindTags, kindAuthors:
		found, err := s.outlines(ctx, l.filter(), 1)
		return len(found) > 0, err
	}
	return false, nil
}

// Content is what the hub sends of a topic to those who have everything up to the change since: of a feed a document with the
// newer items alone, of a page the whole. Its Items are 0 if nothing is newer.
func (s *Server) Content(ctx context.Context, address string, since int64) (feeds.Diff, error) {
	t, ok := s.topicOf(address)
	if !ok {
		return feeds.Diff{}, fmt.Errorf("topic %s: %w", address, feeds.ErrNoFeed)
	}
	change, err := s.refresh(ctx) // the hub may know of a change before we do
	if err != nil {
		return feeds.Diff{}, err
	}
	var diff feeds.Diff
	switch t.list.kind {
	case kindMostRead:
		diff, err = s.newRanking(ctx, t, since)
	case kindDigests:
		diff, err = s.diff(ctx, t, since)
	default:
		diff, err = s.diff(ctx, t, since)
		diff.Change = min(diff.Change, change) // a number of the articles' changes, whatever else the document follows
	}
	if err != nil || diff.Items == 0 || t.format != "" {
		return diff, err
	}
	diff.Body, diff.Type, err = s.fetch(ctx, t.list.page())
	return diff, err
}

// diff is what is newer in the feed of a topic. A page has changed when its feed has, or something was taken back.
func (s *Server) diff(ctx context.Context, t topic, since int64) (feeds.Diff, error) {
	key := feeds.Key{List: t.list.key(), Format: cmp.Or(t.format, "atom")}
	n, err := s.number(ctx, &knownFeed{key: key, list: t.list, state: s.stateOf(key.List)})
	if err != nil {
		return feeds.Diff{}, err
	}
	return s.feeds.Diff(ctx, key, n, since)
}

// newRanking is the whole document of a most-read list if other articles are in it, or in another order, than in the hour
// since: the number of such a topic is its hour.
func (s *Server) newRanking(ctx context.Context, t topic, since int64) (feeds.Diff, error) {
	end := lastHour(s.Now())
	before := time.Unix((since-ownClock)*3600, 0)
	diff := feeds.Diff{Change: ownClock + end.Unix()/3600}
	if since > ownClock {
		now, err := s.ranking(ctx, t.list, end)
		if err != nil {
			return diff, err
		}
		if then, err := s.ranking(ctx, t.list, before); err != nil || slices.Equal(now, then) || !before.Before(end) {
			return diff, err
		}
	}
	whole, err := s.diff(ctx, t, 0)
	diff.Body, diff.Type, diff.Items = whole.Body, whole.Type, whole.Items
	return diff, err
}

// fetch is what a visitor gets at an address, from the site's root on.
func (s *Server) fetch(ctx context.Context, address string) (body []byte, mediaType string, err error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, "", fmt.Errorf("%s: %w", address, err)
	}
	answer := &recorder{header: http.Header{}}
	s.mux.ServeHTTP(answer, r)
	switch answer.status {
	case http.StatusOK:
		return answer.body.Bytes(), answer.header.Get("Content-Type"), nil
	case http.StatusNotFound:
		return nil, "", fmt.Errorf("%s: %w", address, errNotFound)
	}
	return nil, "", fmt.Errorf("%s answers %d", address, answer.status)
}

// A recorder is a ResponseWriter that keeps the answer.
type recorder struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (r *recorder) Header() http.Header { return r.header }

func (r *recorder) WriteHeader(status int) {
	if r.status == 0 {
		r.status = status
	}
}

func (r *recorder) Write(p []byte) (int, error) {
	r.WriteHeader(http.StatusOK)
	return r.body.Write(p)
}

func (s *Server) hubURL() string { return s.Site.URL + "/hub" }

// announceHub tells on a list's page where one can subscribe to it, and under which address.
func (s *Server) announceHub(p *templates.Page, l feedList) {
	if s.Hub != nil && l.hasPageTopic() && s.rules[l.key()].Moved == "" && !s.ended(l.key()) {
		p.Hub, p.Self = s.hubURL(), s.Site.URL+l.page()
	}
}

// pageLinks is the Link header of a page: its feeds, its hub and the address that the hub knows it by (RFC 8288; WebSub,
// section 4).
func (s *Server) pageLinks(p templates.Page) string {
	var all []string
	add := func(address, rel, more string) {
		if strings.HasPrefix(address, "/") {
			address = s.Site.URL + address
		}
		all = append(all, `<`+strings.NewReplacer("<", "%3C", ">", "%3E", " ", "%20").Replace(address)+`>; rel="`+rel+`"`+more)
	}
	if p.Hub != "" {
		add(p.Hub, "hub", "")
		add(p.Self, "self", "")
	}
	for _, f := range p.Feeds {
		add(f.URL, "alternate", `; type="`+f.Type+`"`)
	}
	return strings.Join(all, ", ")
}
