package web

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"golang.org/x/net/idna"

	"vestnik/articles"
	"vestnik/db"
	"vestnik/feeds"
)

// feedItems is how many items a feed holds, editions how many editions a digest's page and feed do.
const (
	feedItems = 50
	editions  = 30
)

// feed answers with the feed of the list it stands under. The path names the list, so the key costs nothing to make.
func (s *Server) feed(f feeds.Format) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		key := feeds.Key{List: strings.TrimSuffix(r.URL.Path, "/"+f.File), Format: f.Name}
		change, err := s.change(r.Context())
		if err != nil {
			return err
		}
		if name, ok := strings.CutPrefix(key.List, "/digests/"); ok {
			if change, err = s.editionsChange(r.Context(), name); err != nil {
				return err
			}
		}
		snap, err := s.feeds.Get(r.Context(), key, change)
		if err != nil {
			return err
		}
		snap.ServeHTTP(w, r)
		return nil
	}
}

// loadFeed makes the feed of a list for the cache.
func (s *Server) loadFeed(ctx context.Context, list string) (feeds.Feed, time.Time, error) {
	parts := strings.Split(list, "/") // "" "sections" slug
	switch len(parts) {
	case 1:
		return s.loadArticles(ctx, list, articles.Filter{}, nil)
	case 3:
	default: // a slug with a slash, written as %2F: no list of ours, though its first part may be one
		return feeds.Feed{}, time.Time{}, feeds.ErrNoFeed
	}
	slug := parts[2]
	switch parts[1] {
	case "sections":
		return s.loadArticles(ctx, list, articles.Filter{Section: slug}, func(a articles.Article) string { return a.Section.Name })
	case "tags":
		return s.loadArticles(ctx, list, articles.Filter{Tag: slug}, func(a articles.Article) string { return labelName(a.Tags, slug) })
	case "authors":
		return s.loadArticles(ctx, list, articles.Filter{Author: slug}, func(a articles.Article) string { return labelName(a.Authors, slug) })
	case "digests":
		return s.loadEditions(ctx, slug)
	}
	return feeds.Feed{}, time.Time{}, feeds.ErrNoFeed
}

// newFeed is what all our feeds have in common.
func (s *Server) newFeed(authority, list, name string) feeds.Feed {
	f := feeds.Feed{
		ID:          tagURI(authority, list+"/feed"),
		Title:       s.Site.Title,
		Description: s.Site.Title,
		Home:        s.Site.URL + list,
		Language:    s.Site.Language,
		Author:      s.Site.Imprint.Publisher,
		TTL:         5 * time.Minute, // the max-age of feeds.Caching
	}
	if list == "" {
		f.Home += "/"
	}
	if name != "" {
		f.Title = name + " — " + s.Site.Title
	}
	if p := s.Site.Imprint.Publisher; p != "" {
		f.Copyright = "© " + p
	}
	return f
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

// loadArticles makes the feed of a list of articles; name takes its name from one of them, nil for the whole site's, which
// exists even when it is empty.
func (s *Server) loadArticles(ctx context.Context, path string, f articles.Filter, name func(articles.Article) string) (feeds.Feed, time.Time, error) {
	l, err := s.latest(ctx, f, feedItems)
	if err != nil {
		return feeds.Feed{}, time.Time{}, err
	}
	heading := ""
	if name != nil {
		if len(l.articles) == 0 {
			return feeds.Feed{}, time.Time{}, feeds.ErrNoFeed
		}
		heading = name(l.articles[0])
	}
	authority, err := s.authority(ctx)
	if err != nil {
		return feeds.Feed{}, time.Time{}, err
	}
	out := s.newFeed(authority, path, heading)
	for _, a := range l.articles {
		out.Items = append(out.Items, s.feedItem(a))
	}
	modified, err := s.modified(ctx, out.Change())
	return out, modified, err
}

// modified is when the change was made, or something was withdrawn after it: the newest article of a feed may carry an old
// date, and readers that send only If-Modified-Since must get it nevertheless.
func (s *Server) modified(ctx context.Context, change int64) (time.Time, error) {
	var at int64
	err := s.DB.QueryRowContext(ctx, `
		SELECT COALESCE(MAX(at), 0)
		FROM changes
		WHERE change = $1 OR (change > $1 AND verb IN ('withdraw', 'remove'))`, change).Scan(&at)
	if err != nil {
		return time.Time{}, fmt.Errorf("look up the time of change %d: %w", change, err)
	}
	return db.Time(at), nil
}

func (s *Server) feedItem(a articles.Article) feeds.Item {
	i := feeds.Item{
		ID: a.GUID, Title: a.Title, Link: a.Link(s.Articles), Summary: excerpt(a), HTML: a.HTML, Language: a.Language,
		Published: a.Published, Updated: a.Updated, Image: a.Image, ImageAlt: a.ImageAlt, Change: a.Change,
	}
	if i.Updated.IsZero() {
		i.Updated = a.Moment
	}
	for _, l := range a.Authors {
		i.Authors = append(i.Authors, feeds.Person{Name: l.Name, URL: s.Site.URL + "/authors/" + l.Slug})
	}
	labels := a.Tags
	if a.Section.Slug != "" {
		labels = append([]articles.Label{a.Section}, labels...)
	}
	for _, l := range labels {
		i.Categories = append(i.Categories, feeds.Category{Term: l.Slug, Name: l.Name})
	}
	return i
}

// excerpt is the standfirst, else the beginning of the text, in whole words.
func excerpt(a articles.Article) string {
	if a.Standfirst != "" {
		return a.Standfirst
	}
	first, _, _ := strings.Cut(a.Text, "\n\n")
	if runes := []rune(first); len(runes) > 300 {
		first = string(runes[:300])
		if space := strings.LastIndexByte(first, ' '); space > 0 {
			first = first[:space]
		}
		first += "…"
	}
	return first
}
