package articles

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/net/idna"

	"vestnik/articles/clean"
	"vestnik/db"
	"vestnik/language"
)

// A record is an article with what only its own table knows of it.
type record struct {
	Article
	path string
	hash string
}

// Put takes an article in, new or changed, and returns it as it is kept.
//
// The earlier article is the one with in.ID; else with the slug, else the original address, else the path, else the hash
// of in. The id, the guid and the slug of an earlier article stay, unless in asks for a slug that is free. Everything is
// cleaned (package [clean]). The same hash and nothing that a reader would see is [Unchanged]; another hash
// without a visible difference is [Changed], but raises no change number and moves no time of update. A visible
// difference in a published article does both.
//
//   - in.Draft keeps a new article or a draft from being published. It does not take back a published one.
//   - A withdrawn article takes new text but stays withdrawn; only [Publish] brings it back. It raises the change number only
//     where it moves to other lists, whose feeds tell that it was taken back.
//   - A removed article is never touched: it is [Unchanged], whatever comes.
//   - A brief never replaces an article, which says more: [Unchanged].
//   - An unknown date or correction, as in a file that lost it, does not erase a known one. A file whose hash is the one
//     taken last does not bring its correction back over a later one by [Correct].
//
// Errors about a field are [FieldError]s; [ErrSlugTaken] where in.ID asks for another article's slug; [ErrNotFound] for an
// in.ID that does not exist.
func Put(ctx context.Context, tx *sql.Tx, site Site, in Input, now time.Time) (Article, Outcome, error) {
	in, err := cleanInput(site, in)
	if err != nil {
		return Article{}, Unchanged, err
	}
	c := composer{site: site, in: in, now: db.Time(db.Milli(now))}
	for locked := false; ; locked = true {
		old, err := findEarlier(ctx, tx, in)
		if err != nil {
			return Article{}, Unchanged, err
		}
		if old.State == Removed || old.Kind == KindArticle && in.Kind == KindBrief {
			return old.Article, Unchanged, nil
		}
		next, err := c.compose(ctx, tx, old)
		if err != nil {
			return Article{}, Unchanged, err
		}
		if reflect.DeepEqual(old, next) {
			return old.Article, Unchanged, nil
		}
		if locked {
			return write(ctx, tx, old, next, c.now)
		}
		// Another node may take the same article in at this moment. Under the lock it is looked for again.
		if err := lockChanges(ctx, tx); err != nil {
			return Article{}, Unchanged, err
		}
	}
}

// findEarlier returns the article that in updates, the zero record if there is none.
func findEarlier(ctx context.Context, h db.Handle, in Input) (record, error) {
	if in.ID != 0 {
		return oneRecord(ctx, h, "id = $1", in.ID)
	}
	for _, key := range []struct{ condition, value string }{
		{"slug = $1", in.Slug},
		{"url = $1 AND url <> ''", in.URL}, // the second half lets the planner take the partial index
		{"path = $1 AND path <> ''", in.Path},
		{"hash = $1 AND hash <> ''", in.Hash},
	} {
		if key.value == "" {
			continue
		}
		found, err := oneRecord(ctx, h, key.condition, key.value)
		if !errors.Is(err, ErrNotFound) {
			return found, err
		}
	}
	return record{}, nil
}

// A composer makes the article to keep out of what came in and what is there.
type composer struct {
	site Site
	in   Input
	now  time.Time

	base, html string // the last address that the body was sanitised for, and the result
}

func (c *composer) compose(ctx context.Context, h db.Handle, old record) (record, error) {
	in := c.in
	next := old
	next.Kind, next.Title, next.Standfirst, next.Language = in.Kind, in.Title, in.Standfirst, in.Language
	next.Section = Label{labelSlug(in.Section), in.Section}
	next.Authors, next.Tags = labels(in.Authors), labels(in.Tags)
	next.URL, next.ImageAlt = in.URL, in.ImageAlt
	c.correct(old, &next)
	next.path, next.hash = cmp.Or(in.Path, old.path), cmp.Or(in.Hash, old.hash)
	if old.ID == 0 {
		next.ID, next.Seen, next.State = db.NewID(), c.now, Draft
	}
	if err := c.address(ctx, h, old, &next); err != nil {
		return next, err
	}
	if err := c.body(&next); err != nil {
		return next, err
	}
	c.date(old, &next)
	if next.GUID == "" {
		next.GUID = c.guid(next)
	}
	return next, nil
}

// address settles the slug.
func (c *composer) address(ctx context.Context, h db.Handle, old record, next *record) (err error) {
	switch {
	case old.ID == 0:
		next.Slug, err = freeSlug(ctx, h, cmp.Or(c.in.Slug, language.Slug(c.in.Title)), next.ID)
	case c.in.Slug != "" && c.in.Slug != old.Slug:
		taken, err := slugTaken(ctx, h, c.in.Slug)
		if err != nil {
			return err
		}
		if taken {
			return fmt.Errorf("slug %q: %w", c.in.Slug, ErrSlugTaken)
		}
		next.Slug = c.in.Slug
	}
	return err
}

// body sanitises the HTML, whose relative addresses depend on the slug.
func (c *composer) body(next *record) error {
	address := cmp.Or(c.in.BaseURL, next.Link(c.site))
	base, err := url.Parse(address)
	if err != nil || !base.IsAbs() {
		return &FieldError{"link", fmt.Sprintf("%q is no absolute address that others could be relative to", address)}
	}
	next.Image = clean.Address(base, c.in.Image) // a bad picture does not keep an article out
	next.Enclosure = nil
	if c.in.Enclosure != nil {
		e, err := CleanEnclosure(base, *c.in.Enclosure)
		if err != nil {
			return err
		}
		next.Enclosure = &e
	}
	if address != c.base {
		if c.html, err = clean.HTML(c.in.HTML, base, next.URL == "" && c.in.BaseURL == ""); err != nil {
			return &FieldError{"body", err.Error()}
		}
		if len(c.html) > 2*longestBody { // a few bytes of bad HTML may stand for many good ones
			return &FieldError{"body", fmt.Sprintf("%d bytes once cleaned are too long; at most %d are taken", len(c.html), 2*longestBody)}
		}
		c.base = address
	}
	next.HTML, next.Text = c.html, clean.TextOf(c.html)
	return nil
}

// correct takes over what the input says was corrected. It is dated now, or with the update that the input tells of.
func (c *composer) correct(old record, next *record) {
	if c.in.Correction == "" || c.in.Correction == old.Correction || c.in.Hash != "" && c.in.Hash == old.hash {
		return
	}
	next.Correction, next.Corrected = c.in.Correction, c.now
	if c.in.Updated.After(old.Updated) {
		next.Corrected = earlier(c.in.Updated, c.now)
	}
}

// date settles the state and the times.
func (c *composer) date(old record, next *record) {
	if !c.in.Published.IsZero() {
		next.Published = c.in.Published
	}
	if next.State == Draft && !c.in.Draft {
		next.State = Published
		if old.ID != 0 && next.Published.IsZero() {
			next.Published = c.now // a draft becomes public: the date is known now
		}
	}
	next.Moment = next.Published
	if next.Moment.IsZero() {
		next.Moment = next.Seen
	}
	switch {
	case old.ID != 0 && sameFace(old, *next):
	case old.ID == 0 || old.State == Draft:
		next.Updated = later(next.Moment, earlier(c.in.Updated, c.now))
	default:
		next.Updated = later(old.Updated, c.now)
		if c.in.Updated.After(old.Updated) {
			next.Updated = earlier(c.in.Updated, next.Updated)
		}
	}
	next.Updated = later(next.Updated, next.Corrected)
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// sameFace reports whether a reader would see no difference.
func sameFace(a, b record) bool {
	for _, r := range []*record{&a, &b} {
		r.path, r.hash, r.Updated, r.Change = "", "", time.Time{}, 0
	}
	return reflect.DeepEqual(a, b)
}

// sameLists reports whether two articles stand in the same lists.
func sameLists(a, b record) bool {
	return a.Section.Slug == b.Section.Slug && slices.EqualFunc(a.Authors, b.Authors, sameSlug) && slices.EqualFunc(a.Tags, b.Tags, sameSlug)
}

func sameSlug(a, b Label) bool { return a.Slug == b.Slug }

// guid makes the article's permanent tag: URI (RFC 4151) of the site's host, the day of first publication and the id.
func (c *composer) guid(next record) string {
	host := "localhost"
	if u, err := url.Parse(c.site.URL); err == nil && u.Hostname() != "" {
		host = strings.ToLower(u.Hostname())
		if ascii, err := idna.Lookup.ToASCII(host); err == nil {
			host = ascii
		}
	}
	zone := c.site.Location
	if zone == nil {
		zone = time.UTC
	}
	day := earlier(next.Moment, c.now) // the RFC allows no day in the future
	return "tag:" + host + "," + day.In(zone).Format(time.DateOnly) + ":articles/" + strconv.FormatInt(next.ID, 36)
}

func slugTaken(ctx context.Context, h db.Handle, slug string) (taken bool, err error) {
	var n int64
	err = h.QueryRowContext(ctx, `SELECT COUNT(*) FROM articles WHERE slug = $1`, slug).Scan(&n)
	return n > 0, err
}

// freeSlug returns wanted, or wanted-2, wanted-3 … if it is taken, or the id where nothing is wanted. Columns with one
// title for years ("Касса четверга") need few steps: the number is doubled until it is free, then the gap is halved.
func freeSlug(ctx context.Context, h db.Handle, wanted string, id int64) (string, error) {
	if wanted == "" {
		wanted = strconv.FormatInt(id, 36)
	}
	taken, err := slugTaken(ctx, h, wanted)
	if err != nil || !taken {
		return wanted, err
	}
	numbered := func(n int) string { return wanted + "-" + strconv.Itoa(n) }
	low, high := 1, 2 // low is taken; high is to become free
	for {
		if taken, err = slugTaken(ctx, h, numbered(high)); err != nil {
			return "", err
		}
		if !taken {
			break
		}
		low, high = high, 2*high
	}
	for high-low > 1 {
		middle := (low + high) / 2
		if taken, err = slugTaken(ctx, h, numbered(middle)); err != nil {
			return "", err
		}
		if taken {
			low = middle
		} else {
			high = middle
		}
	}
	return numbered(high), nil
}

// write stores next over old and raises the change counter where a reader sees the difference.
func write(ctx context.Context, tx *sql.Tx, old, next record, now time.Time) (Article, Outcome, error) {
	outcome, verb := Changed, ""
	switch {
	case next.State == Withdrawn && old.Change > 0 && !sameLists(old, next):
		verb = "update" // the lists that it was in stop telling that it was taken back, or readers of others would learn it
	case next.State != Published:
	case old.State != Published:
		verb = "publish"
	case !sameFace(old, next):
		verb = "update"
	}
	if old.ID == 0 {
		outcome = Added
	} else if old.hash == next.hash && sameFace(old, next) {
		outcome = Unchanged // only the path is new
	}
	a, err := storeChange(ctx, tx, old, next, verb, now)
	if err != nil {
		return Article{}, Unchanged, fmt.Errorf("store article %s: %w", next.Slug, err)
	}
	return a, outcome, nil
}
