package web

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"vestnik/articles"
	"vestnik/digest"
	"vestnik/feeds"
	"vestnik/templates"
)

// readers are feed readers on the web, and where each takes a feed's address to join it.
var readers = []struct{ name, address string }{
	{"Feedly", "https://feedly.com/i/subscription/feed%2F"},
	{"Inoreader", "https://www.inoreader.com/?add_feed="},
	{"NewsBlur", "https://www.newsblur.com/?url="},
	{"The Old Reader", "https://theoldreader.com/feeds/subscribe?url="},
	{"Feedbin", "https://feedbin.com/?subscribe="},
}

// feedsPage lists every feed for people, who cannot read the documents themselves.
func (s *Server) feedsPage(w http.ResponseWriter, r *http.Request) error {
	change, err := s.change(r.Context())
	if err != nil {
		return err
	}
	p := s.newPage(r, s.Site.Language)
	if p.Catalogue, err = s.boxes.feeds.get(r.Context(), change); err != nil {
		return err
	}
	p.Title = templates.Text(p.Language, "all_feeds")
	p.Heading, p.Canonical = p.Title, s.Site.URL+"/feeds"
	return s.send(w, r, "feeds.html", p)
}

// catalogue is every living feed by its kind, the most looked for with their newest headlines.
func (s *Server) catalogue(ctx context.Context, _ time.Time) (*templates.FeedCatalogue, error) {
	lists, err := s.livingLists(ctx)
	if err != nil {
		return nil, err
	}
	c := &templates.FeedCatalogue{OPML: "/opml.xml"}
	for _, l := range lists {
		entry, err := s.feedEntry(ctx, l)
		if err != nil {
			return nil, err
		}
		if n := len(c.Groups); n == 0 || c.Groups[n-1].Kind != l.Kind {
			c.Groups = append(c.Groups, templates.FeedGroup{Kind: l.Kind})
		}
		g := &c.Groups[len(c.Groups)-1]
		g.Feeds = append(g.Feeds, entry)
	}
	return c, nil
}

// livingLists are the lists whose feeds have not ended.
func (s *Server) livingLists(ctx context.Context) ([]List, error) {
	all, err := s.Lists(ctx)
	var living []List
	for _, l := range all {
		if !l.Ended {
			living = append(living, l)
		}
	}
	return living, err
}

func (s *Server) feedEntry(ctx context.Context, l List) (templates.FeedEntry, error) {
	list, _ := namedList(l.Name)
	e := templates.FeedEntry{Title: l.Title, Home: l.Path, Articles: l.Articles, Updated: l.Updated}
	for _, f := range feeds.Formats() {
		e.Links = append(e.Links, templates.FeedLink{Title: f.Label, Type: f.Type, URL: list.place(s.Site.URL).Document(f)})
	}
	if list.kind == kindTags || list.kind == kindAuthors { // there may be hundreds, and each gets a line
		return e, nil
	}
	for _, r := range readers {
		e.Readers = append(e.Readers, templates.Link{Title: r.name, URL: r.address + url.QueryEscape(e.Links[0].URL)})
	}
	var err error
	e.Preview, err = s.preview(ctx, list)
	return e, err
}

// previewLines is how many headlines stand below a feed's name.
const previewLines = 3

func (s *Server) preview(ctx context.Context, l feedList) ([]templates.Headline, error) {
	switch l.kind {
	case kindDigests:
		past, err := digest.Archive(ctx, s.DB, digest.PastQuery{Digest: l.slug, Limit: previewLines})
		var lines []templates.Headline
		for _, e := range past {
			lines = append(lines, pastHeadline(e))
		}
		return lines, err
	case kindMostRead:
		ids, err := s.ranking(ctx, l, lastHour(s.Now()))
		if err != nil {
			return nil, err
		}
		all, err := articles.ByIDs(ctx, s.DB, ids[:min(len(ids), previewLines)])
		return s.previewOf(all), err
	}
	latest, err := s.latest(ctx, l.filter(), previewLines)
	return s.previewOf(latest.articles), err
}

// previewOf is the headlines alone: what a feed is like, and no list of its own.
func (s *Server) previewOf(all []articles.Article) []templates.Headline {
	lines := s.headlines(all)
	for i, h := range lines {
		lines[i] = templates.Headline{Title: h.Title, Language: h.Language, URL: h.URL, Date: h.Date, Brief: h.Brief}
	}
	return lines
}

// opml is the list of all living feeds for feed readers.
func (s *Server) opml(w http.ResponseWriter, r *http.Request) error {
	return s.serveDocument(w, r, "opml.xml", feeds.OPMLType, s.Fresh, func(ctx context.Context) ([]byte, error) {
		lists, err := s.livingLists(ctx)
		if err != nil {
			return nil, err
		}
		var groups []feeds.OPMLGroup
		rss := feeds.Formats()[0]
		kind := ""
		for _, l := range lists {
			if l.Kind != kind {
				kind = l.Kind
				groups = append(groups, feeds.OPMLGroup{Title: templates.Text(s.Site.Language, "feeds_group_"+kind)})
			}
			list, _ := namedList(l.Name)
			title := l.Title
			if list.kind != kindSite { // among the feeds of others its name alone says little
				title += " — " + s.Site.Title
			}
			g := &groups[len(groups)-1]
			g.Feeds = append(g.Feeds, feeds.OPMLFeed{Title: title, Address: list.place(s.Site.URL).Document(rss), Home: s.Site.URL + l.Path, Language: l.Language})
		}
		title := strings.TrimSpace(templates.Text(s.Site.Language, "all_feeds") + " — " + s.Site.Title)
		return feeds.OPML(title, s.Site.Imprint.Publisher, groups)
	})
}
