package web

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"

	"vestnik/articles"
	"vestnik/reads"
	"vestnik/templates"
)

// Where the boxes stand, and why not elsewhere:
//
//   - Most read: beside articles and briefs, lists, the front page, what was searched for, a digest's page, and 404 and 410, whose
//     visitor looks for something to read. A section's page has that of the section, if enough of it was read.
//   - Related: under articles and briefs. A page for what is gone has none: a withdrawn text is not to be told by its likes. An
//     edition has with each story what was related when it was compiled.
//   - Neither: an edition, which is a list of the most read of its own day; /most-read; /feeds, which is no page to read on; what
//     is private (confirm, preferences, unsubscribe, a link that does not work), where there is one thing to do; what was asked
//     wrongly; and 500, since the box might fail as the page did.

// sectionLeast is how many of a section's articles must be ranked for its own box: below that the site's says more.
const sectionLeast = 5

// A readList names a list of the most read.
type readList struct {
	window  string // one of windows
	section string // slug; "" for the whole site
	by      string // reads.ByReads or reads.ByTrend
}

// mostRead is what was read most, with the editors' choice at its places; and, apart from that, what fills up a thin list. What is
// only new must not be called read.
type mostRead struct {
	ranked []templates.Headline
	latest []templates.Headline
}

// counted is how many of the ranked are there by their reads.
func (m mostRead) counted() (n int) {
	for _, h := range m.ranked {
		if !h.Pinned {
			n++
		}
	}
	return n
}

// maxReadLists bounds the lists kept: those of the site and of some hundred sections.
const maxReadLists = 300

// mostRead returns a list of the most read. It is ranked when it is asked for, and then kept.
func (s *Server) mostRead(ctx context.Context, l readList) (mostRead, error) {
	change, err := s.change(ctx)
	if err != nil {
		return mostRead{}, err
	}
	k := s.boxes.mostRead.at(l, func() *kept[mostRead] {
		return &kept[mostRead]{name: fmt.Sprintf("most read %+v", l), age: s.Fresh, now: s.Now, log: s.Log,
			compute: func(ctx context.Context, now time.Time) (mostRead, error) { return s.rankReads(ctx, l, now) }}
	})
	return k.get(ctx, change)
}

// rankReads makes a list of the most read.
func (s *Server) rankReads(ctx context.Context, l readList, now time.Time) (mostRead, error) {
	length, _ := windowNamed(l.window)
	top, err := reads.List(ctx, s.DB, reads.Query{Rules: s.MostRead, From: now.Add(-length), To: now, By: l.by, Section: l.section, Limit: mostReadBox}, now)
	if err != nil {
		return mostRead{}, fmt.Errorf("rank the most read: %w", err)
	}
	ranked := make(map[int64]reads.Ranked, len(top))
	ids := make([]int64, len(top))
	for i, r := range top {
		ids[i], ranked[r.Article] = r.Article, r
	}
	all, err := articles.ByIDs(ctx, s.DB, ids)
	if err != nil {
		return mostRead{}, err
	}
	m := mostRead{ranked: s.headlines(all)}
	for i, a := range all {
		m.ranked[i].Pinned = ranked[a.ID].Reason == reads.ReasonEditors
		if !s.Site.HideReads {
			m.ranked[i].Reads = ranked[a.ID].Reads
		}
	}
	m.latest, err = s.fillUp(ctx, l.section, ids)
	return m, err
}

// fillUp is the latest articles for a thin list, but for those in it and those that the editors excluded; headlines with nothing
// behind them come last.
func (s *Server) fillUp(ctx context.Context, section string, ranked []int64) ([]templates.Headline, error) {
	if len(ranked) >= mostReadBox {
		return nil, nil
	}
	latest, err := s.latest(ctx, articles.Filter{Section: section}, mostReadBox)
	if err != nil {
		return nil, err
	}
	bare, err := articles.List(ctx, s.DB, articles.Filter{Section: section, Kind: articles.KindBrief, Limit: mostReadBox})
	if err != nil {
		return nil, err
	}
	excluded, err := reads.Excluded(ctx, s.DB)
	if err != nil {
		return nil, err
	}
	there := map[int64]bool{}
	for _, id := range append(excluded, ranked...) {
		there[id] = true
	}
	var fill []articles.Article
	for _, a := range append(latest.articles, bare...) {
		if !there[a.ID] && len(ranked)+len(fill) < mostReadBox {
			there[a.ID] = true
			fill = append(fill, a)
		}
	}
	return s.headlines(fill), nil
}

// addMostRead puts the site's box of the most read on a page, without the latest articles that the page shows already. A box that
// cannot be had is logged and left out: it must not take the page with it.
func (s *Server) addMostRead(r *http.Request, p *templates.Page, shown ...templates.Headline) {
	by := cmp.Or(s.BoxBy, reads.ByReads)
	m, err := s.mostRead(r.Context(), readList{window: windows[0].name, by: by})
	if err != nil {
		s.Log.Error("a page is served without its most-read box", "route", r.Pattern, "error", err)
		return
	}
	p.MostRead, p.ReadNow = m.ranked, by == reads.ByTrend
	if !p.ReadNow {
		p.MostReadURL = "/most-read" // which is by reads alone
	}
	p.Latest = without(m.latest, shown)
}

// addMostReadOf is addMostRead for the page of a section, whose own box it gets if enough of it was read. That one is not filled
// up: the page is the section's latest.
func (s *Server) addMostReadOf(r *http.Request, p *templates.Page, section articles.Label, shown []templates.Headline) {
	by := cmp.Or(s.BoxBy, reads.ByReads)
	m, err := s.mostRead(r.Context(), readList{window: windows[0].name, section: section.Slug, by: by})
	if err != nil || m.counted() < sectionLeast {
		s.addMostRead(r, p, shown...)
		return
	}
	p.MostRead, p.ReadNow, p.MostReadOf = m.ranked, by == reads.ByTrend, link("/sections/", section)
	if !p.ReadNow {
		p.MostReadURL = "/most-read?section=" + url.QueryEscape(section.Slug)
	}
}

// without leaves out of a box what the page shows already.
func without(box, shown []templates.Headline) []templates.Headline {
	return slices.DeleteFunc(slices.Clone(box), func(h templates.Headline) bool {
		return slices.ContainsFunc(shown, func(other templates.Headline) bool { return other.URL == h.URL })
	})
}

// mostReadPage is the long form of the box, for the window and the section asked for. It goes by reads alone, as its name says.
func (s *Server) mostReadPage(w http.ResponseWriter, r *http.Request) error {
	query := r.URL.Query()
	list := windowList(query.Get("window"))
	if _, ok := windowNamed(list.slug); !ok {
		return fmt.Errorf("window %.20q: %w", list.slug, errForm)
	}
	section, err := s.sectionNamed(r.Context(), query.Get("section"))
	if err != nil {
		return err
	}
	if to, moved := s.movedTo(list.key()); moved && section.Slug == "" {
		permanent(w, r, s.Site.URL+to.page())
		return nil
	}
	m, err := s.mostRead(r.Context(), readList{list.slug, section.Slug, reads.ByReads})
	if err != nil {
		return err
	}
	p := s.newPage(r, s.Site.Language)
	p.MostRead, p.Latest, p.Window = m.ranked, m.latest, list.slug
	s.headMostRead(&p, list, section)
	return s.send(w, r, "most-read.html", p)
}

// sectionNamed finds a section by its slug; "" is none. What the database said is kept for a minute, that there is no such section,
// too: a page with a wrong name in it may be opened often.
func (s *Server) sectionNamed(ctx context.Context, slug string) (articles.Label, error) {
	switch {
	case slug == "":
		return articles.Label{}, nil
	case len(slug) > longestSlug || !isText(slug):
		return articles.Label{}, errNotFound
	}
	change, err := s.change(ctx)
	if err != nil {
		return articles.Label{}, err
	}
	label, err := s.asked.at(slug, func() *kept[articles.Label] {
		return &kept[articles.Label]{name: "section " + slug, age: s.Fresh, now: s.Now, log: s.Log,
			compute: func(ctx context.Context, _ time.Time) (articles.Label, error) { return s.lookUpSection(ctx, slug) }}
	}).get(ctx, change)
	if err == nil && label.Slug == "" {
		err = errNotFound
	}
	return label, err
}

// lookUpSection finds a section by one of its articles; the zero label says that there is none.
func (s *Server) lookUpSection(ctx context.Context, slug string) (articles.Label, error) {
	some, err := articles.List(ctx, s.DB, articles.Filter{Section: slug, Limit: 1})
	if err != nil || len(some) == 0 {
		return articles.Label{}, err
	}
	return some[0].Section, nil
}

// headMostRead names a page of the most read and gives it its tabs, and its feeds: only the lists of the whole site have some.
func (s *Server) headMostRead(p *templates.Page, list feedList, section articles.Label) {
	p.Title, p.Canonical = templates.Text(p.Language, "most_read"), s.Site.URL+"/most-read"
	within := ""
	if section.Slug != "" {
		within = "section=" + url.QueryEscape(section.Slug)
		p.Title, p.Canonical, p.MostReadOf = p.Title+": "+section.Name, p.Canonical+"?"+within, link("/sections/", section)
		p.MostRead, p.Latest = withoutSection(p.MostRead), withoutSection(p.Latest)
		within = "&" + within
	} else {
		s.announceHub(p, list)
		p.Feeds = append(p.Feeds, s.feedLinks(list, templates.Text(p.Language, "feed_most_read_"+list.slug))...)
	}
	for _, w := range windows {
		p.Windows = append(p.Windows, templates.Link{Title: w.name, URL: "/most-read?window=" + w.name + within})
	}
}

// withoutSection is a list under the name of its section, which need not stand above each story again.
func withoutSection(list []templates.Headline) []templates.Headline {
	list = slices.Clone(list) // it may be another page's, too
	for i := range list {
		list[i].Section = templates.Link{}
	}
	return list
}
