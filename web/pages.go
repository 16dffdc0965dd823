package web

import (
	"bytes"
	"fmt"
	"html/template"
	"net/http"
	"strconv"
	"strings"
	"time"

	"vestnik/articles"
	"vestnik/feeds"
	"vestnik/templates"
)

// newPage is what every page shows around its own part. What of it cannot be had is logged and left out: it must not take the
// page with it. The boxes are put in by the pages that have them, see mostread.go.
func (s *Server) newPage(r *http.Request, language string) templates.Page {
	ctx := r.Context()
	p := s.barePage(language)
	p.Banner = s.Banner("", s.Now())
	change, err := s.change(ctx)
	if err == nil {
		p.Sections, err = s.boxes.sections.get(ctx, change)
	}
	if err != nil {
		s.Log.Error("a page is served without its sections", "route", r.Pattern, "error", err)
	}
	return p
}

// barePage is a page without what needs the database.
func (s *Server) barePage(language string) templates.Page {
	y, m, d := s.Now().In(s.Site.Location).Date()
	today := time.Date(y, m, d, 0, 0, 0, 0, s.Site.Location) // the second would give every answer its own entity tag
	p := templates.Page{Site: s.Site, Now: today, Language: language, Feeds: s.feedLinks(feedList{kind: kindSite}, s.Site.Title)}
	for _, d := range s.Digests {
		p.Digests = append(p.Digests, templates.Link{Title: d.Title, URL: "/digests/" + d.Name})
	}
	return p
}

// feedLinks are the three documents of a list's feed, wherever it moved; none if it has ended.
func (s *Server) feedLinks(l feedList, title string) []templates.FeedLink {
	if to, moved := s.movedTo(l.key()); moved {
		l = to
	}
	if s.ended(l.key()) {
		return nil
	}
	var all []templates.FeedLink
	for _, f := range feeds.Formats() {
		all = append(all, templates.FeedLink{Title: title + " (" + f.Label + ")", Type: f.Type, URL: l.place("").Document(f)})
	}
	return all
}

// send renders a page and answers with it.
func (s *Server) send(w http.ResponseWriter, r *http.Request, name string, p templates.Page) error {
	var b bytes.Buffer
	if err := s.Templates.Page(&b, name, p); err != nil {
		if name != "message.html" {
			return err
		}
		s.Log.Error("the page for an error could not be rendered", "error", err)
		http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
		return nil
	}
	pageHeaders(w.Header())
	if links := s.pageLinks(p); links != "" {
		w.Header().Set("Link", links)
	}
	status := http.StatusOK
	if p.Status != 0 {
		status = p.Status
	}
	if status == http.StatusOK && r.Method == http.MethodGet && w.Header().Get("ETag") == "" {
		tag := etag(b.Bytes())
		w.Header().Set("ETag", tag)
		s.showBanner(r, p, tag)
	}
	reply(w, r, status, b.Bytes())
	return nil
}

// home is the front page; ?before= goes on with what is older, as a plain list.
func (s *Server) home(w http.ResponseWriter, r *http.Request) error {
	switch query := r.URL.Query(); {
	case query.Has("before"):
		return s.listPage(w, r, feedList{kind: kindSite}, func(articles.Article) string { return s.Site.Title })
	case query.Has("feed"): // WordPress without permalinks
		if _, file, ok := usualAddress("/feed/" + query.Get("feed")); ok {
			permanent(w, r, s.Site.URL+"/"+file)
			return nil
		}
	}
	p := s.newPage(r, s.Site.Language)
	change, err := s.change(r.Context())
	if err != nil {
		return err
	}
	front, err := s.boxes.front.get(r.Context(), change)
	if err != nil {
		return err
	}
	p.Title, p.Canonical = s.Site.Title, s.Site.URL+"/"
	p.List, p.Older = front.lines, older("", front.older)
	s.addMostRead(r, &p, p.List...)
	s.announceHub(&p, feedList{kind: kindSite})
	return s.send(w, r, "home.html", p)
}

func (s *Server) section(w http.ResponseWriter, r *http.Request) error {
	return s.listPage(w, r, feedList{kindSections, r.PathValue("slug")}, func(a articles.Article) string { return a.Section.Name })
}

func (s *Server) tag(w http.ResponseWriter, r *http.Request) error {
	slug := r.PathValue("slug")
	return s.listPage(w, r, feedList{kindTags, slug}, func(a articles.Article) string { return labelName(a.Tags, slug) })
}

func (s *Server) author(w http.ResponseWriter, r *http.Request) error {
	slug := r.PathValue("slug")
	return s.listPage(w, r, feedList{kindAuthors, slug}, func(a articles.Article) string { return labelName(a.Authors, slug) })
}

// labelName is the name that goes with a slug; the slug itself where there is none.
func labelName(labels []articles.Label, slug string) string {
	for _, l := range labels {
		if l.Slug == slug {
			return l.Name
		}
	}
	return slug
}

// listPage answers with a list of articles; name takes the heading from one of them. A list without any article does not
// exist.
func (s *Server) listPage(w http.ResponseWriter, r *http.Request, list feedList, name func(articles.Article) string) error {
	if to, moved := s.movedTo(list.key()); moved {
		permanent(w, r, s.Site.URL+to.page())
		return nil
	}
	f := list.filter()
	var err error
	if f.Before, f.BeforeID, err = parseBefore(r.URL.Query().Get("before")); err != nil {
		return err
	}
	l, err := s.latest(r.Context(), f, listPage)
	if err != nil {
		return err
	}
	if len(l.articles) == 0 {
		return errNotFound
	}
	heading := name(l.articles[0])
	p := s.newPage(r, s.Site.Language)
	p.Title, p.Heading, p.Canonical = heading, heading, s.Site.URL+list.page()
	if list.kind != kindSite {
		p.Feeds = append(p.Feeds, s.feedLinks(list, heading)...)
	}
	if p.NoIndex = !f.Before.IsZero(); !p.NoIndex { // the articles of later pages are found by themselves
		s.announceHub(&p, list)
	}
	p.List, p.Older = s.headlines(l.articles), older(list.key(), l.older)
	if list.kind == kindSections {
		p.List = withoutSection(p.List)
		s.addMostReadOf(r, &p, l.articles[0].Section, p.List)
	} else {
		s.addMostRead(r, &p, p.List...)
	}
	return s.send(w, r, "list.html", p)
}

// older is the address of a list's next page, "" after the last.
func older(path, before string) string {
	switch {
	case before == "":
		return ""
	case path == "":
		path = "/"
	}
	return path + "?before=" + before
}

// parseBefore reads where a page of a list begins: the moment and id of the last article before it. "" is the first page.
func parseBefore(value string) (time.Time, int64, error) {
	if value == "" {
		return time.Time{}, 0, nil
	}
	moment, id, ok := strings.Cut(value, "-")
	ms, err1 := strconv.ParseInt(moment, 10, 64)
	n, err2 := strconv.ParseInt(id, 10, 64)
	if !ok || err1 != nil || err2 != nil || ms <= 0 || n <= 0 {
		return time.Time{}, 0, fmt.Errorf("page of a list %.60q: %w", value, errForm)
	}
	return time.UnixMilli(ms).UTC(), n, nil
}

// article is an article's page, a brief's too.
func (s *Server) article(w http.ResponseWriter, r *http.Request) error {
	a, err := articles.Find(r.Context(), s.DB, r.PathValue("slug"))
	if err != nil {
		return err
	}
	switch a.State {
	case articles.Published:
	case articles.Withdrawn, articles.Removed:
		return fmt.Errorf("article %s: %w", a.Slug, errGone)
	default:
		return errNotFound
	}
	p := s.newPage(r, s.Site.Language)
	change, err := s.change(r.Context())
	if err == nil {
		p.Related, err = s.related(r.Context(), a, change)
	}
	if err != nil { // the page is worth more than its box
		s.Log.Error("an article is served without its related box", "slug", a.Slug, "error", err)
	}
	p.Title, p.Description, p.Canonical = a.Title, a.Standfirst, a.Link(s.Articles)
	p.Article = s.articleView(a)
	s.addMostRead(r, &p, append(s.headlines([]articles.Article{a}), p.Related...)...)
	if a.Section.Slug != "" {
		p.Feeds = append(p.Feeds, s.feedLinks(feedList{kindSections, a.Section.Slug}, a.Section.Name)...)
	}
	s.countPage(r, a)
	return s.send(w, r, "article.html", p)
}

func (s *Server) articleView(a articles.Article) *templates.Article {
	v := &templates.Article{
		Title: a.Title, Standfirst: a.Standfirst, Authors: links("/authors/", a.Authors), Date: a.Published, Updated: a.Updated,
		Tags: links("/tags/", a.Tags), Image: a.Image, ImageAlt: a.ImageAlt, Language: a.Language, Original: a.URL,
		HTML: template.HTML(a.HTML), // sanitised by articles.Put
	}
	if a.Correction != "" {
		v.Correction, v.Corrected = strings.Split(a.Correction, "\n\n"), a.Corrected
	}
	if a.Published.IsZero() {
		v.Updated = time.Time{} // where the day is unknown, no date is shown
	}
	if a.Section.Slug != "" {
		v.Section = link("/sections/", a.Section)
	}
	if s.beacons() {
		v.Beacon, v.Token = "/a/"+strconv.FormatInt(a.ID, 10), s.Reads.Token(a.ID, s.Now())
	}
	return v
}
