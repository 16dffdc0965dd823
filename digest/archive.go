package digest

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"vestnik/db"
	"vestnik/templates"
)

// The archive is what came out: the public sees it, and nothing of an edition that is held, or was cancelled.
const public = ` e.state NOT IN ('held', 'cancelled')`

// A Past edition is one of the archive.
type Past struct {
	ID        int64
	Digest    string
	Slot      Slot
	Zone      string // of the digest; "" in editions of old
	Title     string // of the digest
	Subject   string
	Language  string
	Made      time.Time // when it was published
	Revision  int64
	Updated   time.Time             // when its newest revision was made, at the earliest when it was published
	Corrected bool                  // a revision told readers what had been wrong
	View      templates.EditionView // only where it was asked for
}

// Change numbers the state that a past edition is in. It grows with every revision, whatever the clock says.
func (p Past) Change() int64 { return p.Updated.UnixMilli() + p.Revision - 1 }

// Local is the edition's moment on its digest's wall clock.
func (p Past) Local() time.Time {
	if zone, err := time.LoadLocation(p.Zone); err == nil && p.Zone != "" {
		return p.Slot.At.In(zone)
	}
	at := p.Slot.At.UTC()
	wall := time.Date(at.Year(), at.Month(), at.Day(), at.Hour(), at.Minute(), at.Second(), 0, time.UTC)
	return at.In(time.FixedZone("", int(p.Slot.Wall.Sub(wall)/time.Second)))
}

// PastQuery says which editions of the archive are wanted.
type PastQuery struct {
	Digest   string    // "" for those of all
	Since    time.Time // their moments: at it or later
	Before   time.Time // and earlier than this, zero: to the end; of several in one moment those whose ids are under BeforeID
	BeforeID int64
	Limit    int  // 0 is all
	Views    bool // with what is in them
}

// Archive returns editions that came out, the newest first.
func Archive(ctx context.Context, h db.Handle, q PastQuery) ([]Past, error) {
	before := q.Before
	if before.IsZero() {
		before = time.UnixMilli(1 << 60)
	}
	args := []any{db.Milli(q.Since), before.UnixMilli(), q.BeforeID, all(q.Limit)}
	where := ``
	if q.Digest != "" {
		args, where = append(args, q.Digest), ` AND e.digest = $5`
	}
	body := `''`
	if q.Views {
		body = `(SELECT b.body FROM edition_bodies AS b WHERE b.edition = e.id AND b.revision = e.revision AND b.sections = '')`
	}
	found, err := db.Collect(ctx, h, scanPast, `
		SELECT e.id, e.digest, e.due, e.slot_at, e.timezone, e.title, e.subject, e.language, e.made, e.revision,
		       COALESCE((SELECT MAX(r.made) FROM edition_revisions AS r WHERE r.edition = e.id), 0),
		       (SELECT COUNT(*) FROM edition_revisions AS r WHERE r.edition = e.id AND r.note <> ''), `+body+`
		FROM editions AS e
		WHERE e.slot_at >= $1 AND (e.slot_at < $2 OR e.slot_at = $2 AND e.id < $3) AND`+public+where+`
		ORDER BY e.slot_at DESC, e.id DESC
		LIMIT $4`, args...)
	if err != nil {
		return nil, fmt.Errorf("the archive of %s: %w", q.Digest, err)
	}
	return found, nil
}

func scanPast(row *sql.Rows) (Past, error) {
	var p Past
	var due, at, made, revised, notes int64
	var body string
	err := row.Scan(&p.ID, &p.Digest, &due, &at, &p.Zone, &p.Title, &p.Subject, &p.Language, &made, &p.Revision, &revised, &notes, &body)
	p.Slot = Slot{Wall: time.UnixMilli(due).UTC(), At: db.Time(at)}
	p.Made, p.Updated, p.Corrected = db.Time(made), later(db.Time(made), db.Time(revised)), notes > 0
	if err == nil && body != "" {
		err = json.Unmarshal([]byte(body), &p.View)
	}
	return p, err
}

// Neighbours are the editions of the same digest that came out before and after one, nil where there is none.
func Neighbours(ctx context.Context, h db.Handle, e Edition) (older, newer *Past, err error) {
	find := func(beside, order string) *Past {
		if err != nil {
			return nil
		}
		var found []Past
		found, err = db.Collect(ctx, h, scanPast, `
			SELECT e.id, e.digest, e.due, e.slot_at, e.timezone, e.title, e.subject, e.language, e.made, e.revision, e.made, e.made - e.made, ''
			FROM editions AS e
			WHERE e.digest = $1 AND (e.slot_at `+beside+` $2 OR e.slot_at = $2 AND e.id `+beside+` $3) AND`+public+`
			ORDER BY e.slot_at `+order+`, e.id `+order+`
			LIMIT 1`, e.Digest, db.Milli(e.Slot.At), e.ID)
		if err != nil || len(found) == 0 {
			return nil
		}
		return &found[0]
	}
	older, newer = find("<", "DESC"), find(">", "ASC")
	if err != nil {
		return nil, nil, fmt.Errorf("what came out before and after %s of %s: %w", e.Slot.Name(), e.Digest, err)
	}
	return older, newer, nil
}

// A Shelf is what the archive has of a digest, whether it is configured or not.
type Shelf struct {
	Digest   string
	Editions int64
	Newest   Past
}

// Shelves returns those of all digests that something came out of, by their names.
func Shelves(ctx context.Context, h db.Handle) ([]Shelf, error) {
	shelves, err := db.Collect(ctx, h, func(row *sql.Rows) (s Shelf, err error) { return s, row.Scan(&s.Digest, &s.Editions) },
		`SELECT e.digest, COUNT(*) FROM editions AS e WHERE`+public+` GROUP BY e.digest`)
	if err != nil {
		return nil, fmt.Errorf("the archives of digests: %w", err)
	}
	for i := range shelves {
		newest, err := Archive(ctx, h, PastQuery{Digest: shelves[i].Digest, Limit: 1})
		if err != nil {
			return nil, err
		}
		if len(newest) > 0 { // one that was published is never taken back
			shelves[i].Newest = newest[0]
		}
	}
	slices.SortFunc(shelves, func(a, b Shelf) int { return cmp.Compare(a.Digest, b.Digest) })
	return shelves, nil
}

// Public reports whether the edition came out.
func (e Edition) Public() bool { return e.State != Held && e.State != Cancelled }

// PublicRevisions are those that came out, the oldest first: the one that an edition was published with, and every later one. What an editor
// changed before that nobody has seen, and nobody shall.
func PublicRevisions(ctx context.Context, h db.Handle, e Edition) ([]int64, error) {
	if !e.Public() {
		return nil, nil
	}
	all, err := db.Collect(ctx, h, func(row *sql.Rows) (n int64, err error) { return n, row.Scan(&n) }, `
		SELECT r.revision
		FROM edition_revisions AS r
		WHERE r.edition = $1 AND r.revision >= COALESCE(
			(SELECT MAX(f.revision) FROM edition_revisions AS f WHERE f.edition = $1 AND f.made <= $2), 1)
		ORDER BY r.revision`, e.ID, db.Milli(e.Made))
	if err != nil {
		return nil, fmt.Errorf("revisions of edition %d: %w", e.ID, err)
	}
	return all, nil
}

// RevisionView is what one revision of an edition shows, or [ErrNotFound].
func RevisionView(ctx context.Context, h db.Handle, e Edition, revision int64) (templates.EditionView, error) {
	view, err := bodyOf(ctx, h, e.ID, revision, "")
	if err != nil {
		return view, fmt.Errorf("%s of %s: %w", e.Slot.Name(), e.Digest, err)
	}
	return view, nil
}

// KnownChange reports whether a past edition whose id ends in these bits was ever in the state that has this number.
func KnownChange(ctx context.Context, h db.Handle, change int64, bits uint32) (bool, error) {
	found, err := db.Collect(ctx, h, func(row *sql.Rows) (n int64, err error) { return n, row.Scan(&n) }, `
		SELECT e.id
		FROM editions AS e
		WHERE e.id % 4294967296 = $1 AND e.made <= $2 AND`+public, int64(bits), change)
	if err != nil {
		return false, fmt.Errorf("look up the edition changed at %d: %w", change, err)
	}
	for _, id := range found {
		states, err := statesOf(ctx, h, id)
		if err != nil {
			return false, err
		}
		for _, p := range states {
			if p.Change() == change {
				return true, nil
			}
		}
	}
	return false, nil
}

// statesOf are the states that an edition has been in since it was published.
func statesOf(ctx context.Context, h db.Handle, edition int64) ([]Past, error) {
	newest := int64(0)
	states, err := db.Collect(ctx, h, func(row *sql.Rows) (p Past, err error) {
		var revised, made int64
		err = row.Scan(&p.Revision, &revised, &made)
		newest = max(newest, revised, made)
		p.Made, p.Updated = db.Time(made), db.Time(newest)
		return p, err
	}, `SELECT r.revision, r.made, e.made
		FROM edition_revisions AS r
		JOIN editions AS e ON e.id = r.edition
		WHERE e.id = $1
		ORDER BY r.revision`, edition)
	if err != nil {
		return nil, fmt.Errorf("the history of edition %d: %w", edition, err)
	}
	return states, nil
}
