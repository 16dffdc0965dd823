// Package sources pulls articles in from feeds elsewhere: which source is due, fetching it politely, which item is
// which article, and what the newsroom should know of a source that fails. It writes the tables sources and
// source_items; articles go in through articles.Put and keep their original address.
//
// It promises that a source is asked only when it is due and by one node at a time, always with the validators it gave
// last, no sooner than it or its feed allows; that a failing source is asked ever more rarely but never given up, except after 410
// Gone; and that an item which did not change costs no write.
//
// cmd runs [Due] and [Poll] in a loop, and Poll alone for the command line.
package sources

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/http"
	"time"
	"unicode/utf8"

	"vestnik/articles"
	"vestnik/db"
	"vestnik/fetch"
)

// accept prefers the feed formats, for servers that choose by it.
const accept = "application/rss+xml, application/atom+xml, application/feed+json, application/xml;q=0.9, application/json;q=0.8, */*;q=0.5"

// lease is how long one node has a source for itself. A poll is over long before.
const lease = 5 * time.Minute

// ErrBusy is returned by [Poll] when another node polls the source at this moment, or when since [Due] it was polled, or
// put off because its host asked to be left alone.
var ErrBusy = errors.New("another node is polling it, or it was put off since")

// A Source as configured.
type Source struct {
	Name     string
	URL      string
	Every    time.Duration // 0 is an hour; under 15 minutes counts only on loopback
	Section  string        // of its articles, "" for none
	Language string        // of its articles; "" is the feed's own, else the site's

	due *int64 // set by Due: the due time that it saw, or unknown
}

// unknown is the due time of a source that the table does not have yet.
const unknown = -1

// A Report says what a poll brought. Numbers are items.
type Report struct {
	Added     int
	Updated   int
	Unchanged int
	// Skipped items are not taken: doubles, items without title and text, links that came from elsewhere first,
	// what is over 1,000.
	Skipped     int
	NotModified bool      // the server answered 304
	Next        time.Time // zero: paused, until the address changes or somebody polls it by hand
	Problems    []string  // what the admin should know, one sentence each
}

// row is what the table remembers of a source.
type row struct {
	url, etag, lastModified string
	changed                 int64
	failures                int64
	rhythm                  int64 // what the feed asks for, in milliseconds
	lease                   int64 // lease_until as this poll set it: the fence of the final write
}

// Poll fetches s once and takes its items in, whether it is due or not; only where s comes from [Due] it is left alone
// (ErrBusy) when it was polled since. It never asks unconditionally while it has validators. Items are written in small
// transactions, so articles of a poll that breaks off stay. A poll that failed returns an error and is also recorded
// for [List], with the time of the next try; the report says what was done before it failed.
func Poll(ctx context.Context, d *db.DB, c *fetch.Client, site articles.Site, s Source, now time.Time) (Report, error) {
	r, err := claim(ctx, d, s, now)
	if err != nil {
		return Report{}, fmt.Errorf("poll source %s: %w", s.Name, err)
	}
	p := poll{d: d, site: site, source: s, now: now, row: r}
	err = p.run(ctx, c)
	if ctx.Err() != nil { // the daemon stops: that is no fault of the source
		release(context.WithoutCancel(ctx), d, s, r)
		return p.report, fmt.Errorf("poll source %s: %w", s.Name, ctx.Err())
	}
	if failed := p.settle(ctx, err); err == nil {
		err = failed
	}
	if err != nil {
		return p.report, fmt.Errorf("poll source %s: %w", s.Name, err)
	}
	return p.report, nil
}

// claim takes the lease. A changed address makes what is remembered of the old one void.
func claim(ctx context.Context, d *db.DB, s Source, now time.Time) (row, error) {
	r := row{lease: db.Milli(now.Add(lease))}
	err := d.Tx(ctx, func(tx *sql.Tx) error {
		fresh, err := db.Changed(ctx, tx, `
			INSERT INTO sources (name, url, etag, last_modified, due, polled, changed, failures, lease_until, error)
			VALUES ($1, $2, '', '', $3, 0, 0, 0, 0, '')
			ON CONFLICT (name) DO NOTHING`, s.Name, s.URL, db.Milli(now))
		if err != nil {
			return err
		}
		query := `UPDATE sources SET lease_until = $1 WHERE name = $2 AND lease_until <= $3`
		args := []any{r.lease, s.Name, db.Milli(now)}
		if s.due != nil && !fresh {
			query += ` AND due = $4`
			args = append(args, *s.due)
		}
		mine, err := db.Changed(ctx, tx, query, args...)
		if err != nil {
			return err
		}
		if !mine {
			return ErrBusy
		}
		return tx.QueryRowContext(ctx, `
			SELECT url, etag, last_modified, changed, failures, rhythm FROM sources WHERE name = $1`, s.Name).
			Scan(&r.url, &r.etag, &r.lastModified, &r.changed, &r.failures, &r.rhythm)
	})
	if r.url != s.URL {
		r = row{url: s.URL, changed: r.changed, lease: r.lease}
	}
	return r, err
}

// release gives the lease back with nothing learnt. It may fail: the lease ends by itself.
func release(ctx context.Context, d *db.DB, s Source, r row) {
	d.ExecContext(ctx, `UPDATE sources SET lease_until = 0 WHERE name = $1 AND lease_until = $2`, s.Name, r.lease)
}

// poll is one poll under way.
type poll struct {
	d      *db.DB
	site   articles.Site
	source Source
	now    time.Time
	row    row
	answer *fetch.Response // nil: none came
	report Report
	moved  string // where the feed has moved for good, "" if it has not
}

// run fetches and stores. What it learns goes into p.
func (p *poll) run(ctx context.Context, c *fetch.Client) (err error) {
	p.answer, err = c.Get(ctx, fetch.Request{URL: p.source.URL, ETag: p.row.etag, LastModified: p.row.lastModified, Accept: accept})
	if err != nil {
		return err
	}
	if p.answer.Permanent != "" && p.answer.Permanent != p.source.URL {
		p.moved = fmt.Sprintf("it has moved for good: write url = %q into its [[source]]", p.answer.Permanent)
		p.report.Problems = append(p.report.Problems, p.moved)
	}
	switch {
	case p.answer.NotModified && p.row.etag == "" && p.row.lastModified == "":
		return errors.New("the server says that nothing changed, but it was not asked so")
	case p.answer.NotModified:
		p.report.NotModified = true
	case p.answer.Status/100 != 2:
		return refusal(p.answer)
	default:
		if err := p.take(ctx); err != nil {
			return err
		}
	}
	p.keepValidators()
	return nil
}

// refusal is a status as a sentence.
func refusal(a *fetch.Response) error {
	status := fmt.Sprintf("%d %s", a.Status, http.StatusText(a.Status))
	switch a.Status {
	case http.StatusGone:
		return fmt.Errorf("the server says %s: the feed has ended, take its [[source]] out of the configuration", status)
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		return fmt.Errorf("the server says %s and asks to be left alone for a while", status)
	case http.StatusNotFound, http.StatusUnauthorized, http.StatusForbidden:
		return fmt.Errorf("the server says %s: look whether the address is still right", status)
	}
	return fmt.Errorf("the server says %s", status)
}

// take parses the answer and stores its items.
func (p *poll) take(ctx context.Context) error {
	feed, err := parse(p.answer.Body, p.answer.ContentType)
	if err != nil {
		return err
	}
	p.row.rhythm = rhythm(feed).Milliseconds()
	items, notes := mapFeed(feed, p.answer.URL, p.source, p.site, p.now)
	p.report.Problems = append(p.report.Problems, notes...)
	p.report.Skipped = len(feed.Items) - len(items)
	return p.store(ctx, items)
}

// keepValidators remembers validators byte for byte, after every 200 and after a 304 that carries them. One that is
// no UTF-8 cannot be kept so, and is none.
func (p *poll) keepValidators() {
	etag, modified := p.answer.ETag, p.answer.LastModified
	if p.answer.NotModified {
		etag, modified = cmp.Or(etag, p.row.etag), cmp.Or(modified, p.row.lastModified)
	}
	p.row.etag, p.row.lastModified = validator(etag), validator(modified)
}

func validator(s string) string {
	if !utf8.ValidString(s) || len(s) > 1000 {
		return ""
	}
	return s
}

// settle records the end of the poll and gives the lease back. pollErr is nil where the poll succeeded.
func (p *poll) settle(ctx context.Context, pollErr error) error {
	message := p.moved
	if pollErr != nil {
		p.row.failures++
		message = pollErr.Error()
	} else {
		p.row.failures = 0
	}
	if p.report.Added+p.report.Updated > 0 {
		p.row.changed = db.Milli(p.now)
	}
	p.report.Next = next(p.source, p.answer, pollErr, p.row.failures, time.Duration(p.row.rhythm)*time.Millisecond, p.now)
	mine, err := db.Changed(ctx, p.d, `
		UPDATE sources SET url = $1, etag = $2, last_modified = $3, due = $4, polled = $5, changed = $6, failures = $7,
			lease_until = 0, error = $8, rhythm = $9
		WHERE name = $10 AND lease_until = $11`,
		p.row.url, p.row.etag, p.row.lastModified, db.Milli(p.report.Next), db.Milli(p.now), p.row.changed, p.row.failures,
		db.Text(message), p.row.rhythm, p.source.Name, p.row.lease)
	if err == nil && !mine {
		err = fmt.Errorf("its lease was lost: the poll took longer than %s", lease)
	}
	if err != nil {
		return err
	}
	return p.spareHost(ctx, p.report.Next)
}
