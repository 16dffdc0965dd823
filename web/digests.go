package web

import (
	"context"
	"database/sql"
	"fmt"
	"html"
	"net/http"
	"slices"
	"strings"
	"time"

	"vestnik/db"
	"vestnik/digest"
	"vestnik/feeds"
	"vestnik/templates"
)

// digestPage tells what a digest is, offers to join it, and lists what has come out.
func (s *Server) digestPage(w http.ResponseWriter, r *http.Request) error {
	if to, moved := s.movedTo(r.URL.Path); moved {
		permanent(w, r, s.Site.URL+to.page())
		return nil
	}
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
	list := feedList{kindDigests, d.Name}
	path := list.page()
	p := s.newPage(r, spoken(d.Language, s.Site.Language))
	p.Title, p.Canonical = d.Title, s.Site.URL+path
	p.Feeds = append(p.Feeds, s.feedLinks(list, d.Title)...)
	s.announceHub(&p, list)
	s.addMostRead(r, &p)
	p.Digest = s.formOf(d)
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
func (s *Server) loadEditions(ctx context.Context, l feedList) (feeds.Feed, error) {
	if _, ok := s.digest(l.slug); !ok {
		return feeds.Feed{}, feeds.ErrNoFeed
	}
	n, all := 0, true
	oldest := time.Time{}
	f, err := s.editionsFeed(ctx, l, func(at time.Time) bool {
		if n++; n > s.items(l) {
			all = false
			return false
		}
		oldest = at
		return true
	})
	if err != nil {
		return feeds.Feed{}, err
	}
	if f.Deltas, f.Complete = true, all; !all {
		f.Prev, err = s.newestArchive(ctx, l, oldest)
	}
	return f, err
}

// editionsFeed makes a feed of those editions of a digest whose moment is wanted, which is asked of all, the newest first.
func (s *Server) editionsFeed(ctx context.Context, l feedList, wanted func(at time.Time) bool) (feeds.Feed, error) {
	past, err := digest.Editions(ctx, s.DB, l.slug, 0)
	if err != nil {
		return feeds.Feed{}, err
	}
	f, err := s.newFeed(ctx, l, s.digestTitle(l.slug))
	if err != nil {
		return feeds.Feed{}, err
	}
	if d, ok := s.digest(l.slug); ok {
		f.Language = d.Language
	}
	for _, e := range past {
		if !wanted(e.Slot.At) {
			continue
		}
		item, err := s.editionItem(ctx, f, e)
		if err != nil {
			return feeds.Feed{}, err
		}
		if f.Items = append(f.Items, item); item.Change > f.Version.Change {
			f.Version = editionVersion(e)
		}
	}
	return f, nil
}

// editionItem is an edition in its digest's feed.
func (s *Server) editionItem(ctx context.Context, f feeds.Feed, e digest.Edition) (feeds.Item, error) {
	whole, err := digest.FindEdition(ctx, s.DB, e.Digest, e.Slot.Name())
	if err != nil {
		return feeds.Item{}, err
	}
	return feeds.Item{
		ID: strings.TrimSuffix(f.ID, "/feed") + "/" + e.Slot.Name(), Key: e.ID, Title: e.Subject, Link: s.Site.URL + "/digests/" + e.Digest + "/" + e.Slot.Name(),
		Summary: headlinesOf(whole.View), HTML: editionHTML(whole.View), Language: e.Language, Published: e.Slot.At, Updated: e.Made, Change: editionVersion(e).Change,
	}, nil
}

// editionVersion is an edition's place in the history of its digest. An id's last bits were drawn by lot, and serve as the mark.
func editionVersion(e digest.Edition) feeds.Version {
	return feeds.Version{Change: e.Made.UnixMilli(), Mark: uint32(e.ID)}
}

// editionMade reports whether there is an edition of that version.
func (s *Server) editionMade(ctx context.Context, v feeds.Version) (bool, error) {
	ids, err := db.Collect(ctx, s.DB, func(row *sql.Rows) (id int64, err error) { return id, row.Scan(&id) },
		`SELECT id FROM editions WHERE made = $1`, v.Change)
	if err != nil {
		return false, fmt.Errorf("look up the edition made at %d: %w", v.Change, err)
	}
	return slices.ContainsFunc(ids, func(id int64) bool { return uint32(id) == v.Mark }), nil
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
