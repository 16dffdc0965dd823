package web

import (
	"context"
	"fmt"
	"time"
	"unicode/utf8"

	"vestnik/articles"
	"vestnik/feeds"
	"vestnik/reads"
	"vestnik/templates"
)

// settling is how long after an hour all nodes have surely written its reads: they do so every ten seconds.
const settling = time.Minute

// lastHour is the end of the last hour whose reads all nodes have surely written.
func lastHour(now time.Time) time.Time { return now.Add(-settling).Truncate(time.Hour) }

// loadMostRead makes the feed of the articles read most in whole hours. So that all nodes have the same one until the hour is over,
// nothing of the begun hour is in it, nor how often anything was read. It is never filled up: who joins it wants what was read.
func (s *Server) loadMostRead(ctx context.Context, l feedList) (feeds.Feed, error) {
	f, err := s.newFeed(ctx, l, templates.Text(s.Site.Language, "feed_most_read_"+l.slug))
	if err != nil {
		return feeds.Feed{}, err
	}
	f.TTL = time.Hour
	if l.slug == windows[0].name {
		f.TTL = 15 * time.Minute
	}
	end := lastHour(s.Now())
	ids, err := s.ranking(ctx, l, end)
	if err != nil {
		return feeds.Feed{}, err
	}
	ranked := make([]feeds.Item, len(ids))
	for i, id := range ids {
		ranked[i].Key = id
	}
	if f.Items, err = s.loadItems(ctx, ranked); err != nil {
		return feeds.Feed{}, err
	}
	f.Version.Change = f.Change()
	err = s.date(ctx, &f)
	f.Modified = later(f.Modified, end.Add(settling)) // when this ranking came; if it is the one before, that document stays
	return f, err
}

// ranking is the articles of a most-read list, the one read most first, of the window before a full hour.
func (s *Server) ranking(ctx context.Context, l feedList, end time.Time) ([]int64, error) {
	length, _ := windowNamed(l.slug)
	top, err := reads.Top(ctx, s.DB, reads.Query{Rules: s.MostRead, From: end.Add(-length), To: end, Whole: true, By: reads.ByReads, Limit: s.items(l)})
	if err != nil {
		return nil, fmt.Errorf("rank the most read: %w", err)
	}
	ids := make([]int64, len(top))
	for i, r := range top {
		ids[i] = r.Article
	}
	return ids, nil
}

// What Yandex gets: it asks for what is fresh, and takes 10 MB at most (yandex.ru/support/webmaster, "Latest and most important
// news"). What is older than a week was either found long ago or refused.
const (
	yandexItems = 100
	yandexDays  = 8
)

// loadYandex makes Yandex's flavour of the site's feed: articles of our own alone, for their text stands in it.
func (s *Server) loadYandex(ctx context.Context, l feedList) (feeds.Feed, error) {
	y, m, d := s.Now().In(s.Site.Location).Date()
	since := time.Date(y, m, d-yandexDays+1, 0, 0, 0, 0, s.Site.Location) // whole days: it changes at midnight, and not with the clock
	all, err := articles.Outlines(ctx, s.DB, articles.Filter{Kind: articles.KindArticle, Readable: true, Since: since})
	if err != nil {
		return feeds.Feed{}, err
	}
	var own []articles.Outline
	for _, o := range all {
		if s.isOurs(o.URL) && !o.Published.IsZero() && len(own) < yandexItems {
			own = append(own, o)
		}
	}
	f, err := s.articlesFeed(ctx, l, own)
	if err != nil {
		return feeds.Feed{}, err
	}
	return f, s.date(ctx, &f)
}

// genre is what Yandex calls the sort of a text: news is short.
func genre(a articles.Article) string {
	if utf8.RuneCountInString(a.Text) > 3000 {
		return "article"
	}
	return "message"
}
