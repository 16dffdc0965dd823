package web

import (
	"bytes"
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"vestnik/articles"
	"vestnik/db"
	"vestnik/digest"
	"vestnik/feeds"
)

// A document is a file for programs that is made from the whole publication.
type document struct {
	kind     string // media type
	body     []byte
	etag     string
	modified time.Time // when the publication last changed
}

// serveDocument answers with a document that compute makes anew when the publication changed, or when it is older than age.
// One without a body does not exist.
func (s *Server) serveDocument(w http.ResponseWriter, r *http.Request, name, kind string, age time.Duration, compute func(ctx context.Context) ([]byte, error)) error {
	change, err := s.change(r.Context())
	if err != nil {
		return err
	}
	k := s.documents.at(name, func() *kept[document] {
		return &kept[document]{name: name, age: age, now: s.Now, log: s.Log, compute: func(ctx context.Context, _ time.Time) (document, error) {
			body, err := compute(ctx)
			if err != nil {
				return document{}, err
			}
			at, err := s.changedAt(ctx)
			return document{kind: kind + "; charset=utf-8", body: body, etag: etag(body), modified: at}, err
		}}
	})
	d, err := k.get(r.Context(), change)
	if err == nil && d.body == nil {
		err = errNotFound
	}
	if err != nil {
		return err
	}
	h := w.Header()
	h["Content-Type"], h["Etag"] = []string{d.kind}, []string{d.etag}
	h.Set("Cache-Control", "public, max-age=300, stale-while-revalidate=600, stale-if-error=86400")
	http.ServeContent(w, r, "", d.modified, bytes.NewReader(d.body))
	return nil
}

// changedAt is when the publication last changed.
func (s *Server) changedAt(ctx context.Context) (time.Time, error) {
	change, err := s.change(ctx)
	if err != nil {
		return time.Time{}, err
	}
	m, err := s.mark(ctx, change)
	return m.at, err
}

// sitemapIndex lists the sitemaps: one for each month with articles of our own, more where one does not hold them, and one of lists.
func (s *Server) sitemapIndex(w http.ResponseWriter, r *http.Request) error {
	return s.serveDocument(w, r, "sitemap.xml", feeds.SitemapType, 24*time.Hour, func(ctx context.Context) ([]byte, error) {
		pages, err := s.ownPages(ctx, time.Time{}, time.Time{})
		if err != nil {
			return nil, err
		}
		lists, err := s.listPages(ctx)
		if err != nil {
			return nil, err
		}
		maps := []feeds.Location{newestOf(s.Site.URL+"/sitemaps/lists.xml", lists)}
		for len(pages) > 0 {
			month := monthOf(pages[0].moment.In(s.Site.Location))
			n := 0
			for n < len(pages) && !pages[n].moment.Before(month) {
				n++
			}
			for part, chunk := range chunks(pages[:n]) {
				name := month.Format(archiveMonth)
				if part > 0 {
					name += "-" + strconv.Itoa(part+1)
				}
				maps = append(maps, newestOf(s.Site.URL+"/sitemaps/"+name+".xml", locations(chunk)))
			}
			pages = pages[n:]
		}
		return feeds.SitemapIndex(maps)
	})
}

// sitemap answers with one sitemap: lists.xml, 2026-11.xml, 2026-11-2.xml.
func (s *Server) sitemap(w http.ResponseWriter, r *http.Request) error {
	name, ok := strings.CutSuffix(r.PathValue("name"), ".xml")
	if !ok {
		return errNotFound
	}
	if name == "lists" {
		return s.serveDocument(w, r, "lists.xml", feeds.SitemapType, time.Hour, func(ctx context.Context) ([]byte, error) {
			pages, err := s.listPages(ctx)
			if err != nil {
				return nil, err
			}
			return feeds.Sitemap(pages[:min(len(pages), feeds.SitemapMax)])
		})
	}
	month, part, ok := s.parseSitemap(name)
	if !ok {
		return errNotFound
	}
	return s.serveDocument(w, r, name, feeds.SitemapType, 24*time.Hour, func(ctx context.Context) ([]byte, error) {
		pages, err := s.ownPages(ctx, month, month.AddDate(0, 1, 0))
		if err != nil {
			return nil, err
		}
		all := chunks(pages)
		if part >= len(all) {
			return nil, nil
		}
		return feeds.Sitemap(locations(all[part]))
	})
}

// parseSitemap reads the name of a month's sitemap, and which part of it. Each has one name.
func (s *Server) parseSitemap(name string) (month time.Time, part int, ok bool) {
	number := ""
	if len(name) > len(archiveMonth) {
		name, number = name[:len(archiveMonth)], name[len(archiveMonth):]
		n, err := strconv.Atoi(strings.TrimPrefix(number, "-"))
		if part = n - 1; err != nil || part < 1 || number != "-"+strconv.Itoa(n) {
			return time.Time{}, 0, false
		}
	}
	month, err := time.ParseInLocation(archiveMonth, name, s.Site.Location)
	return month, part, err == nil
}

// ownPage is an article whose page is on our host.
type ownPage struct {
	moment time.Time
	feeds.Location
}

// ownPages are those of a span of time, the newest first; zero times do not bound it.
func (s *Server) ownPages(ctx context.Context, since, before time.Time) ([]ownPage, error) {
	if before.IsZero() {
		before = time.UnixMilli(1 << 60)
	}
	if since.IsZero() {
		since = time.UnixMilli(-1 << 60)
	}
	all, err := db.Collect(ctx, s.DB, func(row *sql.Rows) (p ownPage, err error) {
		var a articles.Article
		var updated, moment int64
		err = row.Scan(&a.Slug, &a.URL, &updated, &moment)
		if s.isOurs(a.URL) {
			p.Address = a.Link(s.Articles)
		}
		p.Modified, p.moment = db.Time(updated), db.Time(moment)
		return p, err
	}, `SELECT slug, url, updated, moment
		FROM articles
		WHERE state = 'published' AND (kind <> 'brief' OR url <> '') AND moment >= $1 AND moment < $2
		ORDER BY moment DESC, id DESC`, since.UnixMilli(), before.UnixMilli())
	if err != nil {
		return nil, fmt.Errorf("list the pages of articles: %w", err)
	}
	own := all[:0]
	for _, p := range all {
		if p.Address != "" {
			own = append(own, p)
		}
	}
	return own, nil
}

// isOurs reports whether an article with this original address has its page on our host.
func (s *Server) isOurs(original string) bool {
	return original == "" || strings.HasPrefix(original, s.Site.URL+"/")
}

// chunks are as many pages as one sitemap holds. They are counted from the oldest on, so that what is full does not change when
// something new comes.
func chunks(pages []ownPage) [][]ownPage {
	var all [][]ownPage
	for end := len(pages); end > 0; end -= feeds.SitemapMax {
		all = append(all, pages[max(0, end-feeds.SitemapMax):end])
	}
	return all
}

func locations(pages []ownPage) []feeds.Location {
	all := make([]feeds.Location, len(pages))
	for i, p := range pages {
		all[i] = p.Location
	}
	return all
}

// newestOf is a sitemap with the date of its newest page.
func newestOf(address string, pages []feeds.Location) feeds.Location {
	l := feeds.Location{Address: address}
	for _, p := range pages {
		l.Modified = later(l.Modified, p.Modified)
	}
	return l
}

// listPages are the front page and those of all lists, with the date of what is newest in them, and the editions of digests.
func (s *Server) listPages(ctx context.Context) ([]feeds.Location, error) {
	lists, err := s.Lists(ctx)
	if err != nil {
		return nil, err
	}
	var pages []feeds.Location
	for _, l := range lists {
		if l.Kind != "most_read" {
			pages = append(pages, feeds.Location{Address: s.Site.URL + l.Path, Modified: l.Updated})
		}
	}
	past, err := digest.Archive(ctx, s.DB, digest.PastQuery{})
	if len(past)+len(s.Digests) > 0 {
		pages = append(pages, feeds.Location{Address: s.Site.URL + "/digests"})
	}
	for _, e := range past {
		if d, _ := s.digest(e.Digest); !d.NoIndex {
			pages = append(pages, feeds.Location{Address: s.Site.URL + editionPath(e.Digest, e.Slot), Modified: e.Updated})
		}
	}
	return pages, err
}

// newsFor is how old the articles in a news sitemap may be (Google: "in the last two days").
const newsFor = 48 * time.Hour

// newsSitemap is what search engines for news look into every few minutes.
func (s *Server) newsSitemap(w http.ResponseWriter, r *http.Request) error {
	return s.serveDocument(w, r, "news-sitemap.xml", feeds.SitemapType, time.Minute, func(ctx context.Context) ([]byte, error) {
		pages, err := s.news(ctx, s.Now().Add(-newsFor))
		if err != nil {
			return nil, err
		}
		return feeds.NewsSitemap(s.Site.Title, pages)
	})
}

func (s *Server) news(ctx context.Context, since time.Time) ([]feeds.NewsPage, error) {
	rows, err := db.Collect(ctx, s.DB, func(row *sql.Rows) (p feeds.NewsPage, err error) {
		var a articles.Article
		var published int64
		err = row.Scan(&a.Slug, &a.URL, &p.Title, &p.Language, &published)
		if s.isOurs(a.URL) {
			p.Address = a.Link(s.Articles)
		}
		p.Published = db.Time(published).In(s.Site.Location)
		base, _, _ := strings.Cut(cmp.Or(p.Language, s.Site.Language), "-") // "ru" of "ru-RU"
		p.Language = base
		return p, err
	}, `SELECT slug, url, title, language, published
		FROM articles
		WHERE state = 'published' AND (kind <> 'brief' OR url <> '') AND moment >= $1 AND published > 0
		ORDER BY moment DESC, id DESC`, since.UnixMilli())
	if err != nil {
		return nil, fmt.Errorf("list the latest articles: %w", err)
	}
	var own []feeds.NewsPage
	for _, p := range rows {
		if p.Address != "" && len(own) < feeds.NewsSitemapMax {
			own = append(own, p)
		}
	}
	return own, nil
}
