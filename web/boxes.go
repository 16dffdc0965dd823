package web

import (
	"context"
	"fmt"
	"time"

	"vestnik/articles"
	"vestnik/templates"
)

// Sizes of what stands beside the text.
const (
	mostReadBox = 20
	relatedBox  = 5
	sectionsBar = 9
	frontPage   = 25
	listPage    = 30
)

// windows are the choices of the most-read page; the box shows the first.
var windows = []struct {
	name   string
	length time.Duration
}{{"24h", 24 * time.Hour}, {"7d", 7 * 24 * time.Hour}, {"30d", 30 * 24 * time.Hour}}

// boxes are what many pages show and few requests compute.
type boxes struct {
	change   *kept[int64]
	sections *kept[[]templates.Link]
	front    *kept[front]
	gone     *kept[articles.Gone]                  // what was taken back last
	mostRead *shelf[readList, mostRead]            // those asked for lately
	editions map[string]*kept[int64]               // by digest: its change number
	related  *shelf[version, []templates.Headline] // of the articles asked for lately
	feeds    *kept[*templates.FeedCatalogue]       // of /feeds
}

// front is what the front page lists, and the value of ?before= of the page after it.
type front struct {
	lines []templates.Headline
	older string
}

// version is an article as of one change.
type version struct{ article, change int64 }

// maxRelated bounds the related boxes kept.
const maxRelated = 1000

func (s *Server) newBoxes() *boxes {
	b := &boxes{
		change: &kept[int64]{name: "change number", age: time.Second, now: s.Now, log: s.Log,
			compute: func(ctx context.Context, _ time.Time) (int64, error) { return articles.CurrentChange(ctx, s.DB) }},
		sections: &kept[[]templates.Link]{name: "sections", age: s.Fresh, now: s.Now, log: s.Log, compute: s.sections},
		front: &kept[front]{name: "front page", age: s.Fresh, now: s.Now, log: s.Log,
			compute: func(ctx context.Context, _ time.Time) (front, error) {
				l, err := s.latest(ctx, articles.Filter{}, frontPage)
				return front{s.headlines(l.articles), l.older}, err
			}},
		gone:     &kept[articles.Gone]{name: "what was taken back last", age: forever, now: s.Now, log: s.Log, compute: s.lastGone},
		feeds:    &kept[*templates.FeedCatalogue]{name: "all feeds", age: s.Fresh, now: s.Now, log: s.Log, compute: s.catalogue},
		mostRead: newShelf[readList, mostRead](maxReadLists),
		editions: map[string]*kept[int64]{},
		related:  newShelf[version, []templates.Headline](maxRelated),
	}
	for _, d := range s.Digests {
		b.editions[d.Name] = &kept[int64]{name: "editions of " + d.Name, age: time.Second, now: s.Now, log: s.Log,
			compute: func(ctx context.Context, _ time.Time) (int64, error) { return s.revisions(ctx, d.Name) }}
	}
	return b
}

// revisions adds up those of a digest's editions that came out. The time of the newest would not do: a slot caught up late is older than the
// extra edition before it, and the clocks of nodes differ.
func (s *Server) revisions(ctx context.Context, name string) (n int64, err error) {
	err = s.DB.QueryRowContext(ctx, `
		SELECT COALESCE(CAST(SUM(revision) AS BIGINT), 0)
		FROM editions
		WHERE digest = $1 AND state NOT IN ('held', 'cancelled')`, name).Scan(&n)
	return n, err
}

func (s *Server) sections(ctx context.Context, _ time.Time) ([]templates.Link, error) {
	counts, err := s.labels(ctx, "section")
	var bar []templates.Link
	for _, c := range counts[:min(sectionsBar, len(counts))] {
		bar = append(bar, link("/sections/", c.Label))
	}
	return bar, err
}

// related is the box of what is about the same as an article, never the article itself.
func (s *Server) related(ctx context.Context, a articles.Article, change int64) ([]templates.Headline, error) {
	a.HTML, a.Text = "", "" // what is alike is asked of the database; a thousand boxes must not keep their articles' texts
	k := s.boxes.related.at(version{a.ID, a.Change}, func() *kept[[]templates.Headline] {
		return &kept[[]templates.Headline]{name: "related to " + a.Slug, age: s.Fresh, now: s.Now, log: s.Log,
			compute: func(ctx context.Context, _ time.Time) ([]templates.Headline, error) {
				all, err := articles.Related(ctx, s.DB, a, relatedBox, []int64{a.ID})
				return s.headlines(all), err
			}}
	})
	return k.get(ctx, change)
}

// list is one page of a list, newest first, and where the next one begins.
type list struct {
	articles []articles.Article
	older    string // the value of ?before=, "" on the last page
}

// latest collects n articles from the filter's Before on, without the briefs that lead nowhere: a headline that was seen in
// some page's box has nothing to read behind it. They stand only in lists that hold nothing else.
func (s *Server) latest(ctx context.Context, f articles.Filter, n int) (list, error) {
	f.Readable, f.Limit = true, n+1
	all, err := articles.List(ctx, s.DB, f)
	if err != nil {
		return list{}, err
	}
	if len(all) > n {
		last := all[n-1]
		return list{all[:n], fmt.Sprintf("%d-%d", last.Moment.UnixMilli(), last.ID)}, nil
	}
	if len(all) == 0 {
		f.Readable, f.Limit = false, n
		all, err = articles.List(ctx, s.DB, f)
	}
	return list{articles: all}, err
}

func (s *Server) headlines(all []articles.Article) []templates.Headline {
	lines := make([]templates.Headline, len(all))
	for i, a := range all {
		lines[i] = s.headline(a)
	}
	return lines
}

func (s *Server) headline(a articles.Article) templates.Headline {
	h := templates.Headline{
		Title: a.Title, Language: a.Language, URL: s.href(a), Date: a.Published, Standfirst: a.Standfirst,
		Image: a.Image, Brief: a.Kind == articles.KindBrief,
	}
	if a.Section.Slug != "" {
		h.Section = link("/sections/", a.Section)
	}
	return h
}

// href is [articles.Article.Link] as our own pages write it: without the site's name where it is one of ours.
func (s *Server) href(a articles.Article) string {
	return a.Link(articles.Site{})
}

func link(under string, l articles.Label) templates.Link {
	return templates.Link{Title: l.Name, URL: under + l.Slug}
}

func links(under string, all []articles.Label) []templates.Link {
	out := make([]templates.Link, len(all))
	for i, l := range all {
		out[i] = link(under, l)
	}
	return out
}
