package web

import (
	"context"
	"fmt"
	"html"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"vestnik/digest"
	"vestnik/feeds"
	"vestnik/language"
	"vestnik/templates"
)

// pastEditions is how many one page of a digest lists.
const pastEditions = 60

// shelvesPage lists all digests: those that can be joined, and what came out of those that have ended.
func (s *Server) shelvesPage(w http.ResponseWriter, r *http.Request) error {
	shelves, err := digest.Shelves(r.Context(), s.DB)
	if err != nil {
		return err
	}
	p := s.newPage(r, s.Site.Language)
	p.Title, p.Canonical = templates.Text(p.Language, "archive_heading"), s.Site.URL+"/digests"
	p.Shelves = &templates.Shelves{}
	for _, d := range s.Digests {
		i := slices.IndexFunc(shelves, func(f digest.Shelf) bool { return f.Digest == d.Name })
		shelf := digest.Shelf{Digest: d.Name}
		if i >= 0 {
			shelf = shelves[i]
		}
		p.Shelves.Current = append(p.Shelves.Current, s.shelfView(shelf, d))
	}
	for _, shelf := range shelves {
		if _, current := s.digest(shelf.Digest); !current {
			p.Shelves.Ended = append(p.Shelves.Ended, s.shelfView(shelf, endedDigest(shelf)))
		}
	}
	s.addMostRead(r, &p)
	return s.send(w, r, "digests.html", p)
}

// endedDigest is what is known of a digest that is no longer configured.
func endedDigest(shelf digest.Shelf) DigestInfo {
	return DigestInfo{Name: shelf.Digest, Title: shelf.Newest.Title, Language: shelf.Newest.Language}
}

func (s *Server) shelfView(shelf digest.Shelf, d DigestInfo) templates.DigestShelf {
	path := feedList{kindDigests, d.Name}.page()
	v := templates.DigestShelf{Link: templates.Link{Title: d.Title, URL: path}, Language: d.Language, Rhythm: d.Rhythm, Editions: shelf.Editions}
	if d.BestOf != "" {
		v.BestOf = s.digestTitle(d.BestOf)
	}
	if shelf.Editions > 0 {
		newest := pastHeadline(shelf.Newest)
		newest.Title = templates.DigestAbout{Title: shelf.Newest.Title}.Headline(newest)
		v.Newest = &newest
	}
	return v
}

// digestPage tells what a digest is, offers to join it, and lists what has come out; ?before= goes on with what is older.
func (s *Server) digestPage(w http.ResponseWriter, r *http.Request) error {
	if to, moved := s.movedTo(r.URL.Path); moved {
		permanent(w, r, s.Site.URL+to.page())
		return nil
	}
	name := r.PathValue("digest")
	before, id, err := parseBefore(r.URL.Query().Get("before"))
	if err != nil {
		return err
	}
	d, ok := s.digest(name)
	if !ok {
		return s.endedPage(w, r, name, before, id)
	}
	p, err := s.digestView(r, d)
	if err == nil && !before.IsZero() {
		err = s.listEditions(r.Context(), &p, d.Name, before, id)
	}
	if err != nil {
		return err
	}
	return s.send(w, r, "digest.html", p)
}

// digestView is the page of a digest with a fresh form.
func (s *Server) digestView(r *http.Request, d DigestInfo) (templates.Page, error) {
	list := feedList{kindDigests, d.Name}
	p := s.newPage(r, spoken(d.Language, s.Site.Language))
	p.Banner = s.Banner(d.Name, s.Now())
	p.Title, p.Canonical = d.Title, s.Site.URL+list.page()
	p.Feeds = append(p.Feeds, s.feedLinks(list, d.Title)...)
	s.announceHub(&p, list)
	s.addMostRead(r, &p)
	p.Digest = s.formOf(d)
	return p, s.listEditions(r.Context(), &p, d.Name, time.Time{}, 0)
}

// endedPage is that of a digest that is no longer configured: what came out of it stays where it was.
func (s *Server) endedPage(w http.ResponseWriter, r *http.Request, name string, before time.Time, id int64) error {
	newest, err := digest.Archive(r.Context(), s.DB, digest.PastQuery{Digest: name, Limit: 1})
	if err != nil {
		return err
	}
	if len(newest) == 0 {
		return errNotFound
	}
	d := endedDigest(digest.Shelf{Digest: name, Newest: newest[0]})
	p := s.newPage(r, spoken(d.Language, s.Site.Language))
	p.Title, p.Canonical = d.Title, s.Site.URL+feedList{kindDigests, name}.page()
	s.addMostRead(r, &p)
	p.Digest = &templates.DigestAbout{Name: name, Title: d.Title, Ended: true}
	if err := s.listEditions(r.Context(), &p, name, before, id); err != nil {
		return err
	}
	return s.send(w, r, "digest.html", p)
}

// listEditions puts one page of past editions into that of their digest. The editions of later pages are found by themselves, and by
// the links from one to the next.
func (s *Server) listEditions(ctx context.Context, p *templates.Page, name string, before time.Time, id int64) error {
	past, err := digest.Archive(ctx, s.DB, digest.PastQuery{Digest: name, Before: before, BeforeID: id, Limit: pastEditions + 1})
	if err != nil {
		return err
	}
	if p.Digest.Paged = !before.IsZero(); p.Digest.Paged {
		if len(past) == 0 {
			return errNotFound
		}
		p.NoIndex, p.Hub, p.Self = true, "", ""
	}
	p.Digest.Editions = nil
	if len(past) > pastEditions {
		past = past[:pastEditions]
		last := past[len(past)-1]
		p.Digest.Older = older("/digests/"+name, fmt.Sprintf("%d-%d", last.Slot.At.UnixMilli(), last.ID))
	} else {
		p.Digest.Older = ""
	}
	for _, e := range past {
		p.Digest.Editions = append(p.Digest.Editions, pastHeadline(e))
	}
	return nil
}

// pastHeadline is a past edition in a list, dated on its digest's own clock.
func pastHeadline(e digest.Past) templates.Headline {
	return templates.Headline{Title: e.Subject, Language: e.Language, URL: editionPath(e.Digest, e.Slot), Date: e.Local(), Corrected: e.Corrected}
}

func editionPath(name string, slot digest.Slot) string { return "/digests/" + name + "/" + slot.Name() }

// edition is the page of what came out once. It outlives its digest's place in the configuration: letters lead to it. ?revision= shows an
// earlier revision to those who got that one by mail.
func (s *Server) edition(w http.ResponseWriter, r *http.Request) error {
	e, err := digest.FindEdition(r.Context(), s.DB, r.PathValue("digest"), r.PathValue("edition"))
	if err != nil {
		return err
	}
	if !e.Public() {
		return errNotFound
	}
	p := s.newPage(r, spoken(e.Language, s.Site.Language))
	p.Banner = s.Banner(e.Digest, s.Now())
	p.Canonical = s.Site.URL + editionPath(e.Digest, e.Slot)
	if err := s.frame(r, &p, &e); err != nil {
		return err
	}
	p.Title, p.Edition = e.View.Subject, &e.View
	if e.View.Banner != nil {
		p.Banner = e.View.Banner // the edition keeps the sponsor that it came out with
	}
	if d, ok := s.digest(e.Digest); ok && d.NoIndex {
		p.NoIndex = true
	}
	if p.NoIndex {
		w.Header().Set("X-Robots-Tag", "noindex")
	}
	return s.send(w, r, "edition.html", p)
}

// frame puts in what stands around an edition, and into e the revision that was asked for.
func (s *Server) frame(r *http.Request, p *templates.Page, e *digest.Edition) error {
	ctx := r.Context()
	revisions, err := digest.PublicRevisions(ctx, s.DB, *e)
	if err != nil {
		return err
	}
	f := templates.EditionFrame{Number: e.Revision}
	if wanted := r.URL.Query().Get("revision"); wanted != "" && wanted != strconv.FormatInt(e.Revision, 10) {
		f.Number, err = strconv.ParseInt(wanted, 10, 64)
		if err != nil || strconv.FormatInt(f.Number, 10) != wanted || !slices.Contains(revisions, f.Number) { // "01" is none: each has one address
			return errNotFound
		}
		if e.View, err = digest.RevisionView(ctx, s.DB, *e, f.Number); err != nil {
			return err
		}
		p.NoIndex, f.Present = true, p.Canonical
	}
	f.Hash = e.View.Hash()
	for _, n := range revisions {
		if n != e.Revision {
			number := strconv.FormatInt(n, 10)
			f.Earlier = append(f.Earlier, templates.Link{Title: number, URL: editionPath(e.Digest, e.Slot) + "?revision=" + number})
		}
	}
	before, after, err := digest.Neighbours(ctx, s.DB, *e)
	if err != nil {
		return err
	}
	f.Older, f.Newer = neighbour(before), neighbour(after)
	p.Beside = f
	return nil
}

func neighbour(e *digest.Past) *templates.Headline {
	if e == nil {
		return nil
	}
	h := pastHeadline(*e)
	h.Title = templates.DigestAbout{Title: e.Title}.Headline(h)
	return &h
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
func (s *Server) loadEditions(ctx context.Context, l feedList) (feeds.Feed, error) {
	if _, ok := s.digest(l.slug); !ok {
		return feeds.Feed{}, feeds.ErrNoFeed
	}
	n := s.items(l)
	past, err := digest.Archive(ctx, s.DB, digest.PastQuery{Digest: l.slug, Limit: n + 1, Views: true})
	if err != nil {
		return feeds.Feed{}, err
	}
	complete := len(past) <= n
	past = past[:min(n, len(past))]
	f, err := s.editionsFeed(ctx, l, past)
	if err != nil {
		return feeds.Feed{}, err
	}
	if f.Deltas, f.Complete = true, complete; !complete {
		f.Prev, err = s.newestArchive(ctx, l, past[len(past)-1].Slot.At)
	}
	return f, err
}

// monthEditions makes the feed of a month of a digest.
func (s *Server) monthEditions(ctx context.Context, a archive) (feeds.Feed, error) {
	past, err := digest.Archive(ctx, s.DB, digest.PastQuery{Digest: a.list.slug, Since: a.start, Before: a.end(), Views: true})
	if err != nil {
		return feeds.Feed{}, err
	}
	return s.editionsFeed(ctx, a.list, past)
}

// editionsFeed makes a feed of those editions of a digest.
func (s *Server) editionsFeed(ctx context.Context, l feedList, past []digest.Past) (feeds.Feed, error) {
	f, err := s.newFeed(ctx, l, s.digestTitle(l.slug))
	if err != nil {
		return feeds.Feed{}, err
	}
	if d, ok := s.digest(l.slug); ok {
		f.Language = d.Language
	}
	for _, e := range past {
		item := s.editionItem(f, e)
		if f.Items = append(f.Items, item); item.Change > f.Version.Change {
			f.Version = editionVersion(e)
		}
	}
	return f, nil
}

// editionItem is an edition in its digest's feed. One of a single article carries that.
func (s *Server) editionItem(f feeds.Feed, e digest.Past) feeds.Item {
	item := feeds.Item{
		ID: strings.TrimSuffix(f.ID, "/feed") + "/" + e.Slot.Name(), Key: e.ID, Title: e.Subject, Link: s.Site.URL + editionPath(e.Digest, e.Slot),
		Summary: headlinesOf(e.View), HTML: editionHTML(e.View), Language: e.Language, Published: e.Slot.At, Updated: e.Updated, Change: e.Change(),
	}
	if a := e.View.Article; a != nil && len(e.View.Items) > 0 {
		one := e.View.Items[0]
		item.Summary, item.Text, item.Image, item.ImageAlt = one.Standfirst, a.Text, one.Image, one.ImageAlt
		for _, name := range a.Authors {
			item.Authors = append(item.Authors, feeds.Person{Name: name})
		}
	}
	if e.View.Correction != "" {
		item.Summary = strings.TrimSpace(correctionOf(e.View) + "\n\n" + item.Summary)
	}
	return item
}

// editionVersion is an edition's place in the history of its digest. An id's last bits were drawn by lot, and serve as the mark.
func editionVersion(e digest.Past) feeds.Version {
	return feeds.Version{Change: e.Change(), Mark: uint32(e.ID)}
}

// headlinesOf is the first headlines of an edition in one line.
func headlinesOf(v templates.EditionView) string {
	var titles []string
	for _, i := range v.Items[:min(3, len(v.Items))] {
		titles = append(titles, i.Title)
	}
	return strings.Join(titles, " · ")
}

// correctionOf is the note of what was wrong in an edition, as feeds say it of articles.
func correctionOf(v templates.EditionView) string {
	lang := spoken(v.Language, "en")
	if v.Corrected.IsZero() {
		return templates.Text(lang, "archive_fixed_undated") + ". " + v.Correction
	}
	return templates.Text(lang, "archive_fixed", language.Date(lang, v.Corrected)) + ". " + v.Correction
}

// editionHTML is an edition as feed readers show it: what was corrected, the editor's note, then its blocks under their headings, or its
// one article.
func editionHTML(v templates.EditionView) string {
	var b strings.Builder
	if v.Correction != "" {
		fmt.Fprintf(&b, "<p><em>%s</em></p>\n", html.EscapeString(correctionOf(v)))
	}
	for _, paragraph := range v.Notes() {
		fmt.Fprintf(&b, "<p>%s</p>\n", html.EscapeString(paragraph))
	}
	if v.Article != nil && len(v.Items) > 0 {
		writeLongRead(&b, v)
		return b.String()
	}
	for _, p := range v.Laid(spoken(v.Language, "en")) {
		writePart(&b, p)
	}
	return b.String()
}

// writeLongRead writes the article that an edition brings, or its standfirst where the digest tells no more, and the way to it.
func writeLongRead(b *strings.Builder, v templates.EditionView) {
	one := v.Items[0]
	if one.Standfirst != "" {
		fmt.Fprintf(b, "<p><strong>%s</strong></p>\n", html.EscapeString(one.Standfirst))
	}
	b.WriteString(string(v.Article.HTML))
	fmt.Fprintf(b, "\n<p><a href=\"%s\">%s</a></p>\n", html.EscapeString(one.URL), html.EscapeString(one.Title))
}

// writePart writes one block. What was read most is numbered, what is merely new is not.
func writePart(b *strings.Builder, p templates.LaidPart) {
	if p.Heading != "" {
		fmt.Fprintf(b, "<h2>%s</h2>\n", html.EscapeString(p.Heading))
	}
	list := "ul"
	if p.Numbered {
		list = "ol"
	}
	fmt.Fprintf(b, "<%s>\n", list)
	for _, i := range p.Items {
		fmt.Fprintf(b, "<li><a href=\"%s\">%s</a>", html.EscapeString(i.URL), html.EscapeString(i.Title))
		if i.Standfirst != "" {
			fmt.Fprintf(b, "<br>%s", html.EscapeString(i.Standfirst))
		}
		b.WriteString("</li>\n")
	}
	fmt.Fprintf(b, "</%s>\n", list)
}
