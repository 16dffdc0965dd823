package web

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"golang.org/x/net/idna"

	"vestnik/articles"
	"vestnik/digest"
	"vestnik/feeds"
	"vestnik/templates"
)

// Sizes of feeds where the configuration says nothing.
const (
	feedItems = 50
	editions  = 30 // of a digest's feed
	deleted   = 20 // of those that were taken back
)

// loader hands the cache of feeds what it renders.
func (s *Server) loader() feeds.Loader {
	return feeds.Loader{Feed: s.loadFeed, Items: s.loadItems, Known: s.knownVersion}
}

// loadFeed makes the feed of a list, or an archive of it. Articles are in it as outlines.
func (s *Server) loadFeed(ctx context.Context, key string) (feeds.Feed, error) {
	if a, ok := parseArchive(key, s.Site.Location); ok {
		return s.loadArchive(ctx, a)
	}
	l, ok := parseList(key)
	switch {
	case !ok, s.rules[key].Moved != "":
		return feeds.Feed{}, feeds.ErrNoFeed
	case s.ended(key):
		return feeds.Feed{}, feeds.ErrEnded
	}
	var f feeds.Feed
	var err error
	switch l.kind {
	case kindDigests:
		f, err = s.loadEditions(ctx, l)
	case kindMostRead:
		f, err = s.loadMostRead(ctx, l)
	case kindYandex:
		f, err = s.loadYandex(ctx, l)
	default:
		if f, err = s.loadArticles(ctx, l); err == nil {
			s.noteList(l, f)
		}
	}
	if err != nil {
		return feeds.Feed{}, err
	}
	s.announceEnd(&f, s.rules[key].Ended)
	return f, nil
}

// newFeed is what all our feeds have in common. heading is the name of the list, "" for the site's.
func (s *Server) newFeed(ctx context.Context, l feedList, heading string) (feeds.Feed, error) {
	authority, err := s.authority(ctx)
	if err != nil {
		return feeds.Feed{}, err
	}
	f := feeds.Feed{
		ID:          tagURI(authority, l.id()),
		Title:       s.Site.Title,
		Description: s.Site.Title,
		Home:        s.Site.URL + l.page(),
		Place:       l.place(s.Site.URL),
		Language:    s.Site.Language,
		Author:      s.Site.Imprint.Publisher,
		Image:       s.Feeds.Image,
		Styles:      s.Site.URL + "/assets/feed.css",
		Summary:     s.summary(l),
	}
	if heading != "" {
		f.Title = heading + " — " + s.Site.Title
	}
	if l.kind != kindMostRead && l.kind != kindDigests {
		f.Description = templates.Text(s.Site.Language, "feed_description", cmp.Or(heading, s.Site.Title))
	}
	if p := s.Site.Imprint.Publisher; p != "" {
		f.Copyright = "© " + p
	}
	if s.Hub != nil && l.kind != kindYandex {
		f.Hub = s.hubURL()
	}
	return f, nil
}

// id is what the list's permanent id ends with. It is not where its documents stand, though it began as that.
func (l feedList) id() string {
	if l.kind == kindMostRead {
		return "/most-read/" + l.slug + "/feed"
	}
	return l.key() + "/feed"
}

// tagURI is the permanent id of a feed or edition (RFC 4151). The year is that of this software's first feeds.
func tagURI(authority, path string) string { return "tag:" + authority + ",2026:" + path }

// authority is the host in the ids of feeds and editions. It is the one in the first article's id and not the site's, so that
// ids stay when the publication moves to another address: readers would show everything anew.
func (s *Server) authority(ctx context.Context) (string, error) {
	var guid string
	err := s.DB.QueryRowContext(ctx, `SELECT guid FROM articles ORDER BY id LIMIT 1`).Scan(&guid)
	if errors.Is(err, sql.ErrNoRows) {
		return s.host(), nil
	}
	if err != nil {
		return "", fmt.Errorf("look up the first article's id: %w", err)
	}
	authority, _, ok := strings.Cut(strings.TrimPrefix(guid, "tag:"), ",")
	if !ok {
		return s.host(), nil
	}
	return authority, nil
}

// host is the site's host, spelt as package articles spells it in its ids.
func (s *Server) host() string {
	u, err := url.Parse(s.Site.URL)
	if err != nil {
		return "localhost"
	}
	host := strings.ToLower(u.Hostname())
	if ascii, err := idna.Lookup.ToASCII(host); err == nil {
		host = ascii
	}
	return host
}

// loadArticles makes the feed of a list of articles. The site's exists even when it is empty.
func (s *Server) loadArticles(ctx context.Context, l feedList) (feeds.Feed, error) {
	outlines, err := s.outlines(ctx, l.filter(), s.items(l)+1)
	if err != nil {
		return feeds.Feed{}, err
	}
	if len(outlines) == 0 && l.kind != kindSite {
		return feeds.Feed{}, feeds.ErrNoFeed
	}
	complete := len(outlines) <= s.items(l)
	outlines = outlines[:min(len(outlines), s.items(l))]
	f, err := s.articlesFeed(ctx, l, outlines)
	if err != nil {
		return feeds.Feed{}, err
	}
	f.Deltas, f.Complete = true, complete
	gone, err := articles.Deleted(ctx, s.DB, l.filter(), deleted)
	if err != nil {
		return feeds.Feed{}, err
	}
	for _, g := range gone {
		f.Deleted = append(f.Deleted, feeds.Deleted{ID: g.GUID, At: g.At, Change: g.Change})
		f.Version.Change = max(f.Version.Change, g.Change)
	}
	if !complete {
		if f.Prev, err = s.newestArchive(ctx, l, outlines[len(outlines)-1].Moment); err != nil {
			return feeds.Feed{}, err
		}
	}
	return f, s.date(ctx, &f)
}

// outlines are at most n of the list's newest articles. Briefs that lead nowhere stand only where there is nothing else.
func (s *Server) outlines(ctx context.Context, f articles.Filter, n int) ([]articles.Outline, error) {
	f.Limit = n
	all, err := articles.Outlines(ctx, s.DB, f)
	if err == nil && len(all) == 0 {
		f.Readable = false
		all, err = articles.Outlines(ctx, s.DB, f)
	}
	return all, err
}

// articlesFeed is a feed of outlines under the name that the newest of them gives the list.
func (s *Server) articlesFeed(ctx context.Context, l feedList, outlines []articles.Outline) (feeds.Feed, error) {
	heading, err := s.heading(ctx, l, outlines)
	if err != nil {
		return feeds.Feed{}, err
	}
	f, err := s.newFeed(ctx, l, heading)
	if err != nil {
		return feeds.Feed{}, err
	}
	if l.kind != kindSite && l.kind != kindYandex {
		f.Language = languageOf(outlines, f.Language)
	}
	for _, o := range outlines {
		f.Items = append(f.Items, feeds.Item{ID: o.GUID, Key: o.ID, Bare: true, Published: o.Published, Updated: updatedAt(o.Updated, o.Moment), Change: o.Change})
	}
	f.Version.Change = f.Change()
	return f, nil
}

// languageOf is the language of more than half of the articles, the site's where there is none.
func languageOf(all []articles.Outline, site string) string {
	n := map[string]int{}
	for _, o := range all {
		if n[o.Language]++; 2*n[o.Language] > len(all) && !sameLanguage(o.Language, site) {
			return o.Language
		}
	}
	return site
}

// heading is the name of a section, tag or author as its newest article writes it, "" for the site.
func (s *Server) heading(ctx context.Context, l feedList, outlines []articles.Outline) (name string, err error) {
	query := map[string]string{
		kindSections: `SELECT section_title FROM articles WHERE id = $1 AND section = $2`,
		kindTags:     `SELECT name FROM article_tags WHERE article = $1 AND slug = $2`,
		kindAuthors:  `SELECT name FROM article_authors WHERE article = $1 AND slug = $2`,
	}[l.kind]
	if query == "" || len(outlines) == 0 {
		return "", nil
	}
	err = s.DB.QueryRowContext(ctx, query, outlines[0].ID, l.slug).Scan(&name)
	if errors.Is(err, sql.ErrNoRows) {
		return l.slug, nil // it left the list at this moment; the next rendering knows
	}
	if err != nil {
		return "", fmt.Errorf("look up the name of %s: %w", l.name(), err)
	}
	return name, nil
}

// date says when the feed last changed, and puts the mark to its version. The newest article may carry an old date, and something
// may have been taken back after it: readers that send only If-Modified-Since must get both.
func (s *Server) date(ctx context.Context, f *feeds.Feed) error {
	m, err := s.mark(ctx, f.Version.Change)
	if err != nil {
		return err
	}
	change, err := s.change(ctx)
	if err != nil {
		return err
	}
	last, err := s.boxes.gone.get(ctx, change)
	if err != nil {
		return err
	}
	f.Version.Mark, f.Modified = m.mark, m.at
	if last.Change > f.Version.Change {
		f.Modified = later(f.Modified, last.At)
	}
	return nil
}

// lastGone is what was taken back last, wherever it had stood: a removed article is forgotten, and nobody knows its tags.
func (s *Server) lastGone(ctx context.Context, _ time.Time) (articles.Gone, error) {
	all, err := articles.Deleted(ctx, s.DB, articles.Filter{}, 1)
	if err != nil || len(all) == 0 {
		return articles.Gone{}, err
	}
	return all[0], nil
}

// A mark is what was noted of a change when it was made.
type mark struct {
	mark uint32
	at   time.Time
}

// mark of a change; the zero mark for none. It never alters, so those of the newest changes are kept.
func (s *Server) mark(ctx context.Context, change int64) (mark, error) {
	if change == 0 {
		return mark{}, nil
	}
	k := s.marks.at(change, func() *kept[mark] {
		return &kept[mark]{name: "mark", age: forever, now: s.Now, log: s.Log, compute: func(ctx context.Context, _ time.Time) (m mark, err error) {
			m.mark, m.at, err = articles.Mark(ctx, s.DB, change)
			if errors.Is(err, articles.ErrNotFound) {
				err = nil // a database whose changes were not taken along
			}
			return m, err
		}}
	})
	return k.get(ctx, 0)
}

// knownVersion reports whether a version that a reader has belongs to our history: a change of the articles, or an edition.
func (s *Server) knownVersion(ctx context.Context, v feeds.Version) (bool, error) {
	known, err := articles.Known(ctx, s.DB, v.Change, v.Mark)
	if err != nil || known {
		return known, err
	}
	return digest.KnownChange(ctx, s.DB, v.Change, v.Mark)
}
