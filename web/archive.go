package web

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/base32"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"vestnik/articles"
	"vestnik/db"
	"vestnik/feeds"
)

// forever is the age of what a number names for good.
const forever = 100 * 365 * 24 * time.Hour

// An archive is one calendar month of a list (RFC 5005, section 4), in the site's zone. Its address carries a version that is
// made of all that its text depends on, so that the text under an address never changes, and may be kept for a year. The
// begun month is an archive too: a living feed that holds less than that leads there, and nothing is missed.
type archive struct {
	list    feedList
	start   time.Time // of the month
	version string    // as the address has it
}

const archiveMonth = "2006-01"

// archiveForm is raised by a release that writes archives otherwise: their texts must not change under an address.
const archiveForm = 1

// key is what the cache of feeds knows the archive by.
func (a archive) key() string {
	return a.list.key() + "/archive/" + a.start.Format(archiveMonth) + "?v=" + a.version
}

// parseArchive is the reverse of key.
func parseArchive(key string, zone *time.Location) (archive, bool) {
	path, version, ok := strings.Cut(key, "?v=")
	n := strings.LastIndex(path, "/archive/") // a section may be called that, too
	if !ok || n < 0 {
		return archive{}, false
	}
	l, known := parseList(path[:n])
	start, err := time.ParseInLocation(archiveMonth, path[n+len("/archive/"):], zone)
	return archive{l, start, version}, known && err == nil && l.archived()
}

// archived reports whether the list has a history: a ranking has none, and Yandex wants none.
func (l feedList) archived() bool { return l.kind != kindMostRead && l.kind != kindYandex }

// place is where the archive's documents stand. Without a version the address leads to the current one.
func (a archive) place(site string) feeds.Place {
	p := feeds.Place{Under: a.list.place(site).Under + "/archive/" + a.start.Format(archiveMonth)}
	if a.version != "" {
		p.Query = "v=" + a.version
	}
	return p
}

func (a archive) end() time.Time { return a.start.AddDate(0, 1, 0) }

// at is another month of the same list, by a moment in it, nil for none.
func (a archive) at(moment time.Time) *archive {
	if moment.IsZero() {
		return nil
	}
	return &archive{list: a.list, start: monthOf(moment.In(a.start.Location()))}
}

func monthOf(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), 1, 0, 0, 0, 0, t.Location())
}

// archive answers with a month of the list that it stands under.
func (s *Server) archive(f feeds.Format) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		path := strings.TrimSuffix(r.URL.Path, "/"+f.File)
		version := r.URL.Query().Get("v")
		a, ok := parseArchive(path+"?v=", s.Site.Location)
		if !ok {
			return feeds.ErrNoFeed
		}
		if to, moved := s.movedTo(a.list.key()); moved {
			a.list = to
			permanent(w, r, a.place(s.Site.URL).Document(f))
			return nil
		}
		b, err := s.bounds(r.Context(), a)
		if err != nil {
			return err
		}
		if b.items == 0 {
			return fmt.Errorf("%s in %s: %w", a.list.name(), a.start.Format(archiveMonth), feeds.ErrNoFeed)
		}
		a.version = s.versionOf(a, b)
		if a.version == version {
			err := s.feeds.Serve(w, r, feeds.Key{List: a.key(), Format: f.Name}, unchanging)
			if !errors.Is(err, feeds.ErrNoFeed) {
				return err
			}
			if b, err = s.lookUpBounds(r.Context(), a); err != nil { // it changed at this moment
				return err
			}
			if a.version = s.versionOf(a, b); a.version == version || b.items == 0 {
				return feeds.ErrNoFeed
			}
		}
		w.Header().Set("Cache-Control", "public, max-age=300")
		w.Header()["Access-Control-Allow-Origin"] = anyOrigin
		http.Redirect(w, r, a.place(s.Site.URL).Document(f), http.StatusFound)
		return nil
	}
}

// unchanging is the change number of what never changes.
const unchanging = 1 << 62

// bounds are what an archive's address and its place in the chain depend on. Whatever comes into a list or changes in it gets a
// higher change number than all before. So while the highest is the same nothing came or changed, and while the number of items
// is the same nothing left: it is the same month.
type bounds struct {
	items  int64
	change int64 // the highest
	mark   uint32
	older  time.Time // the moment of the newest item before the month, zero if there is none
	newer  time.Time // of the oldest after it
}

// bounds of an archive, looked up once for each change of the publication.
func (s *Server) bounds(ctx context.Context, a archive) (bounds, error) {
	n, err := s.change(ctx)
	if err == nil && a.list.kind == kindDigests {
		n, err = s.editionsChange(ctx, a.list.slug)
	}
	if err != nil {
		return bounds{}, err
	}
	a.version = ""
	k := s.archives.at(a.key(), func() *kept[bounds] {
		return &kept[bounds]{name: "archive " + a.key(), age: forever, now: s.Now, log: s.Log,
			compute: func(ctx context.Context, _ time.Time) (bounds, error) { return s.lookUpBounds(ctx, a) }}
	})
	return k.get(ctx, n)
}

func (s *Server) lookUpBounds(ctx context.Context, a archive) (bounds, error) {
	from, moment, change, args := a.list.rows()
	args = append(args, db.Milli(a.start), db.Milli(a.end()))
	start, end := fmt.Sprintf("$%d", len(args)-1), fmt.Sprintf("$%d", len(args))
	month := from + ` AND ` + moment + ` >= ` + start + ` AND ` + moment + ` < ` + end
	all, err := db.Collect(ctx, s.DB, func(row *sql.Rows) (b bounds, err error) {
		var older, newer int64
		err = row.Scan(&b.items, &b.change, &older, &newer)
		b.older, b.newer = db.Time(older), db.Time(newer)
		return b, err
	}, `SELECT (SELECT COUNT(*) `+month+`),
		COALESCE((SELECT MAX(`+change+`) `+month+`), 0),
		COALESCE((SELECT `+moment+` `+from+` AND `+moment+` < `+start+` ORDER BY `+moment+` DESC LIMIT 1), 0),
		COALESCE((SELECT `+moment+` `+from+` AND `+moment+` >= `+end+` ORDER BY `+moment+` LIMIT 1), 0)`, args...)
	if err != nil {
		return bounds{}, fmt.Errorf("look up the archive %s of %s: %w", a.start.Format(archiveMonth), a.list.name(), err)
	}
	b := all[0]
	if a.list.kind != kindDigests {
		m, err := s.mark(ctx, b.change)
		if err != nil {
			return bounds{}, err
		}
		b.mark = m.mark
	}
	return b, nil
}

// rows is where a list's items are found, as the indexes have them, and what in them is the moment and the change.
func (l feedList) rows() (from, moment, change string, args []any) {
	const readable = ` state = 'published' AND (kind <> 'brief' OR url <> '')`
	switch l.kind {
	case kindSections:
		return `FROM articles WHERE section = $1 AND` + readable, "moment", "change", []any{l.slug}
	case kindTags:
		return `FROM article_tags AS l CROSS JOIN articles WHERE l.slug = $1 AND articles.id = l.article AND` + readable, "l.moment", "change", []any{l.slug}
	case kindAuthors:
		return `FROM article_authors AS l CROSS JOIN articles WHERE l.slug = $1 AND articles.id = l.article AND` + readable, "l.moment", "change", []any{l.slug}
	case kindDigests:
		// As [digest.Past] counts: the correction of an old edition has a higher number than the newest had.
		return `FROM editions AS e JOIN edition_revisions AS r ON r.edition = e.id AND r.revision = e.revision
			WHERE e.digest = $1 AND e.state NOT IN ('held', 'cancelled')`,
			"e.slot_at", "CASE WHEN r.made > e.made THEN r.made ELSE e.made END + e.revision", []any{l.slug}
	}
	return `FROM articles WHERE` + readable, "moment", "change", nil
}

// versionOf is the version in the archive's address: a hash of all that its text depends on.
func (s *Server) versionOf(a archive, b bounds) string {
	h := sha256.New()
	fmt.Fprintf(h, "%d %s %s %d %d %08x %s", archiveForm, a.list.key(), a.start.Format(archiveMonth), b.items, b.change, b.mark, s.face)
	for _, neighbour := range []*archive{a.at(b.older), a.at(b.newer)} {
		if neighbour != nil {
			fmt.Fprintf(h, " %s", neighbour.start.Format(archiveMonth))
		}
		h.Write([]byte(";"))
	}
	return strings.ToLower(base32.StdEncoding.EncodeToString(h.Sum(nil)[:10]))
}

// newestArchive is where a living feed's history begins: in the month of its oldest item, for what came before it that month.
func (s *Server) newestArchive(ctx context.Context, l feedList, oldest time.Time) (*feeds.Place, error) {
	a := archive{list: l, start: monthOf(oldest.In(s.Site.Location))}
	b, err := s.lookUpBounds(ctx, a)
	if err != nil || b.items == 0 { // a list of headlines alone has no history
		return nil, err
	}
	a.version = s.versionOf(a, b)
	return new(a.place(s.Site.URL)), nil
}

// loadArchive makes the feed of a month. Its neighbours are named without a version, which then leads to their current one: a
// correction two years ago does not give every archive since then another address.
func (s *Server) loadArchive(ctx context.Context, a archive) (feeds.Feed, error) {
	b, err := s.lookUpBounds(ctx, a)
	if err != nil {
		return feeds.Feed{}, err
	}
	if b.items == 0 || s.versionOf(a, b) != a.version { // something changed since it was asked for
		return feeds.Feed{}, feeds.ErrNoFeed
	}
	f, err := s.monthFeed(ctx, a)
	if err != nil {
		return feeds.Feed{}, err
	}
	f.Archive, f.Current, f.Place = true, new(f.Place), a.place(s.Site.URL)
	if older := a.at(b.older); older != nil {
		f.Prev = new(older.place(s.Site.URL))
	}
	if newer := a.at(b.newer); newer != nil {
		f.Next = new(newer.place(s.Site.URL))
	}
	return f, nil
}

func (s *Server) monthFeed(ctx context.Context, a archive) (feeds.Feed, error) {
	if a.list.kind == kindDigests {
		return s.monthEditions(ctx, a)
	}
	filter := a.list.filter()
	filter.Since, filter.Before = a.start, a.end()
	outlines, err := articles.Outlines(ctx, s.DB, filter)
	if err != nil {
		return feeds.Feed{}, err
	}
	f, err := s.articlesFeed(ctx, a.list, outlines)
	if err != nil {
		return feeds.Feed{}, err
	}
	m, err := s.mark(ctx, f.Version.Change)
	f.Version.Mark, f.Modified = m.mark, m.at
	return f, err
}
