package web

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"vestnik/articles"
	"vestnik/db"
	"vestnik/digest"
	"vestnik/feeds"
	"vestnik/templates"
)

// Kinds of lists that have feeds, as their addresses and names begin.
const (
	kindSite     = "site"
	kindSections = "sections"
	kindMostRead = "most-read"
	kindDigests  = "digests"
	kindAuthors  = "authors"
	kindTags     = "tags"
	kindYandex   = "yandex" // the site once more, in Yandex's flavour alone
)

// A feedList is a list that has feeds: the site, a section, a digest … Its key is what the cache of feeds knows it by, the path of
// its page: "" for the site, "/sections/kino", "/most-read?window=7d".
type feedList struct {
	kind string
	slug string // of the section, tag, author or digest; the window of a most-read list
}

// key is also where the list's page stands, but for the site's, which is "/".
func (l feedList) key() string {
	switch {
	case l.kind == kindSite:
		return ""
	case l.kind == kindYandex:
		return "/yandex"
	case l.kind == kindMostRead && l.slug == windows[0].name:
		return "/most-read"
	case l.kind == kindMostRead:
		return "/most-read?window=" + l.slug
	}
	return "/" + l.kind + "/" + l.slug
}

// longestSlug is more than any section, tag, author or digest is called in addresses, in bytes. What is longer is not asked for, and
// not remembered.
const longestSlug = 200

// parseList is the reverse of key.
func parseList(key string) (feedList, bool) {
	switch key {
	case "":
		return feedList{kind: kindSite}, true
	case "/yandex":
		return feedList{kind: kindYandex}, true
	case "/most-read":
		return feedList{kindMostRead, windows[0].name}, true
	}
	if window, ok := strings.CutPrefix(key, "/most-read?window="); ok {
		_, known := windowNamed(window)
		return feedList{kindMostRead, window}, known && window != windows[0].name
	}
	kind, slug, _ := strings.Cut(strings.TrimPrefix(key, "/"), "/")
	switch kind {
	case kindSections, kindTags, kindAuthors, kindDigests:
		return feedList{kind, slug}, slug != "" && len(slug) <= longestSlug && !strings.ContainsAny(slug, "/?")
	}
	return feedList{}, false
}

// name is what the configuration and the command line call the list: "site", "sections/kino", "most-read/7d".
func (l feedList) name() string {
	if l.slug == "" {
		return l.kind
	}
	return l.kind + "/" + l.slug
}

// namedList is the reverse of name.
func namedList(name string) (feedList, bool) {
	switch kind, slug, _ := strings.Cut(name, "/"); {
	case name == kindSite:
		return feedList{kind: kindSite}, true
	case kind == kindMostRead:
		_, known := windowNamed(slug)
		return feedList{kind, slug}, known
	}
	l, ok := parseList("/" + name)
	return l, ok && l.kind != kindMostRead
}

// windowNamed is the length of a most-read list's window.
func windowNamed(name string) (time.Duration, bool) {
	for _, w := range windows {
		if w.name == name {
			return w.length, true
		}
	}
	return 0, false
}

// page is the address of the list's page, from the site's root on.
func (l feedList) page() string {
	if l.kind == kindSite || l.kind == kindYandex {
		return "/"
	}
	return l.key()
}

// place is where the list's documents stand; from the site's root on if the site is "".
func (l feedList) place(site string) feeds.Place {
	if l.kind == kindYandex {
		return feeds.Place{Under: site}
	}
	under, query, _ := strings.Cut(l.key(), "?")
	return feeds.Place{Under: site + under, Query: query}
}

// filter is what a list of articles holds.
func (l feedList) filter() articles.Filter {
	f := articles.Filter{Readable: true}
	switch l.kind {
	case kindSections:
		f.Section = l.slug
	case kindTags:
		f.Tag = l.slug
	case kindAuthors:
		f.Author = l.slug
	}
	return f
}

// A List is one feed that there is.
type List struct {
	Name     string // "site", "sections/kino", "most-read/7d", "digests/daily"
	Path     string // of its page, from the site's root on
	Title    string
	Kind     string // site | sections | most_read | digests | authors | tags
	Articles int64  // or editions; 0 for the most read
	Updated  time.Time
	Ended    bool   // it answers 410
	Language string // BCP 47; "" where it is not known
}

// Lists returns every feed, by kind: the site's, sections, most read, digests, authors, tags; of a kind the one with most
// articles first, sections in another language than the site's after the others. Those that moved are left out.
func (s *Server) Lists(ctx context.Context) ([]List, error) {
	var all []List
	add := func(l feedList, title string, articles int64, updated time.Time, language string) {
		if s.rules[l.key()].Moved == "" {
			kind := strings.ReplaceAll(l.kind, "-", "_")
			all = append(all, List{l.name(), l.page(), title, kind, articles, updated, s.ended(l.key()), language})
		}
	}
	n, updated, err := s.readable(ctx)
	if err != nil {
		return nil, err
	}
	add(feedList{kind: kindSite}, s.Site.Title, n, updated, s.Site.Language)
	if err := s.addLabels(ctx, add, kindSections, "section"); err != nil {
		return nil, err
	}
	for _, w := range windows {
		add(feedList{kindMostRead, w.name}, templates.Text(s.Site.Language, "feed_most_read_"+w.name), 0, time.Time{}, s.Site.Language)
	}
	for _, d := range s.Digests {
		past, err := digest.Archive(ctx, s.DB, digest.PastQuery{Digest: d.Name})
		if err != nil {
			return nil, err
		}
		updated := time.Time{}
		for _, e := range past {
			updated = later(updated, e.Updated)
		}
		add(feedList{kindDigests, d.Name}, d.Title, int64(len(past)), updated, d.Language)
	}
	if err := s.addLabels(ctx, add, kindAuthors, "author"); err != nil {
		return nil, err
	}
	return all, s.addLabels(ctx, add, kindTags, "tag")
}

func (s *Server) addLabels(ctx context.Context, add func(feedList, string, int64, time.Time, string), kind, label string) error {
	counts, err := s.labels(ctx, label)
	for _, c := range counts {
		add(feedList{kind, c.Slug}, c.Name, c.Articles, c.Updated, c.Language)
	}
	return err
}

// labels are the sections, tags or authors as they are shown: the one with most articles first, and sections in another language
// than the site's after the others, for they are for other readers.
func (s *Server) labels(ctx context.Context, label string) ([]articles.Count, error) {
	counts, err := articles.Counts(ctx, s.DB, label)
	foreign := func(c articles.Count) int {
		if c.Language == "" || sameLanguage(c.Language, s.Site.Language) {
			return 0
		}
		return 1
	}
	slices.SortStableFunc(counts, func(a, b articles.Count) int {
		return cmp.Or(cmp.Compare(foreign(a), foreign(b)), cmp.Compare(b.Articles, a.Articles))
	})
	return counts, err
}

// sameLanguage compares what stands before the region: articles know no more of their languages.
func sameLanguage(a, b string) bool {
	a, _, _ = strings.Cut(a, "-")
	b, _, _ = strings.Cut(b, "-")
	return strings.EqualFold(a, b)
}

// readable counts the articles that have something to read, and says when one was last updated.
func (s *Server) readable(ctx context.Context) (n int64, updated time.Time, err error) {
	var ms int64
	err = s.DB.QueryRowContext(ctx, `
		SELECT COUNT(*), COALESCE(MAX(updated), 0)
		FROM articles
		WHERE state = 'published' AND (kind <> 'brief' OR url <> '')`).Scan(&n, &ms)
	if err != nil {
		return 0, time.Time{}, fmt.Errorf("count the articles: %w", err)
	}
	return n, db.Time(ms), nil
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
