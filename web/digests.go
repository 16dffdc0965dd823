package web

import (
	"context"
	"fmt"
	"html"
	"net/http"
	"strings"
	"time"

	"vestnik/digest"
	"vestnik/feeds"
	"vestnik/templates"
)

// digestPage tells what a digest is, offers to join it, and lists what has come out.
func (s *Server) digestPage(w http.ResponseWriter, r *http.Request) error {
	d, ok := s.digest(r.PathValue("digest"))
	if !ok {
		return errNotFound
	}
	p, err := s.digestView(r, d)
	if err != nil {
		return err
	}
	return s.send(w, r, "digest.html", p)
}

// digestView is the page of a digest with a fresh form.
func (s *Server) digestView(r *http.Request, d DigestInfo) (templates.Page, error) {
	past, err := digest.Editions(r.Context(), s.DB, d.Name, editions)
	if err != nil {
		return templates.Page{}, err
	}
	path := "/digests/" + d.Name
	p := s.newPage(r, spoken(d.Language, s.Site.Language))
	p.Title, p.Canonical = d.Title, s.Site.URL+path
	p.Feeds = append(p.Feeds, s.feedLinks(path, d.Title)...)
	p.Digest = &templates.DigestAbout{Name: d.Name, Title: d.Title, Rhythm: d.Rhythm, Trap: trap, Stamp: s.stamp(s.Now())}
	for _, e := range past {
		p.Digest.Editions = append(p.Digest.Editions, templates.Headline{
			Title: e.Subject, Language: e.Language, URL: path + "/" + e.Slot.Name(), Date: e.Slot.At,
		})
	}
	return p, nil
}

// edition is the page of what came out once. It outlives its digest's place in the configuration: letters lead to it.
func (s *Server) edition(w http.ResponseWriter, r *http.Request) error {
	e, err := digest.FindEdition(r.Context(), s.DB, r.PathValue("digest"), r.PathValue("edition"))
	if err != nil {
		return err
	}
	p := s.newPage(r, spoken(e.Language, s.Site.Language))
	p.Title, p.Canonical, p.Edition = e.Subject, s.Site.URL+"/digests/"+e.Digest+"/"+e.Slot.Name(), &e.View
	if e.View.Banner != nil {
		p.Banner = e.View.Banner // the edition keeps the sponsor that it came out with
	}
	return s.send(w, r, "edition.html", p)
}

// editionsChange is a number that grows with every edition of a digest and every correction: what the digest's feed follows.
func (s *Server) editionsChange(ctx context.Context, name string) (int64, error) {
	k, ok := s.boxes.editions[name]
	if !ok {
		return 0, feeds.ErrNoFeed
	}
	return k.get(ctx, 0)
}

// loadEditions makes the feed of a digest: the same editions as by mail, without an address.
func (s *Server) loadEditions(ctx context.Context, name string) (feeds.Feed, time.Time, error) {
	d, ok := s.digest(name)
	if !ok {
		return feeds.Feed{}, time.Time{}, feeds.ErrNoFeed
	}
	past, err := digest.Editions(ctx, s.DB, name, editions)
	if err != nil {
		return feeds.Feed{}, time.Time{}, err
	}
	authority, err := s.authority(ctx)
	if err != nil {
		return feeds.Feed{}, time.Time{}, err
	}
	path := "/digests/" + name
	out := s.newFeed(authority, path, d.Title)
	out.Language = d.Language
	for _, e := range past {
		whole, err := digest.FindEdition(ctx, s.DB, name, e.Slot.Name())
		if err != nil {
			return feeds.Feed{}, time.Time{}, err
		}
		under := path + "/" + e.Slot.Name()
		out.Items = append(out.Items, feeds.Item{
			ID: tagURI(authority, under), Title: e.Subject, Link: s.Site.URL + under, Summary: headlinesOf(whole.View), HTML: editionHTML(whole.View),
			Language: e.Language, Published: e.Slot.At, Updated: e.Made, Change: e.Made.UnixMilli(),
		})
	}
	return out, time.Time{}, nil
}

// headlinesOf is the first headlines of an edition in one line.
func headlinesOf(v templates.EditionView) string {
	var titles []string
	for _, i := range v.Items[:min(3, len(v.Items))] {
		titles = append(titles, i.Title)
	}
	return strings.Join(titles, " · ")
}

// editionHTML is an edition as feed readers show it: its list, with what each story is about.
func editionHTML(v templates.EditionView) string {
	var b strings.Builder
	b.WriteString("<ol>\n")
	for _, i := range v.Items {
		fmt.Fprintf(&b, "<li><a href=\"%s\">%s</a>", html.EscapeString(i.URL), html.EscapeString(i.Title))
		if i.Standfirst != "" {
			fmt.Fprintf(&b, "<br>%s", html.EscapeString(i.Standfirst))
		}
		b.WriteString("</li>\n")
	}
	b.WriteString("</ol>\n")
	return b.String()
}
