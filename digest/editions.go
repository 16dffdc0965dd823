package digest

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"vestnik/db"
	"vestnik/templates"
)

// States of an edition.
const (
	Held      = "held"      // it is compiled, and waits for an editor
	Cancelled = "cancelled" // it was held, and is not sent; the next one covers its time
	Enqueuing = "enqueuing" // its letters are being written down
	Sending   = "sending"   // all are written down, so the number of recipients is final
	Finished  = "finished"  // none is queued, in flight or deferred
)

// An Edition is a digest compiled and frozen for one slot.
type Edition struct {
	ID         int64 // 0: there is none, and Reason says why
	Digest     string
	Slot       Slot      // At in UTC
	Start      time.Time // the window of reads: [Start, Until)
	Until      time.Time
	State      string
	Reason     string // of its slot: "" when it was published on time
	Revision   int64
	Subject    string
	Title      string // of the digest
	Language   string // of the digest
	Recipients int64
	Expires    time.Time // no letter starts after this
	Made       time.Time

	View templates.EditionView // what is in it; only [FindEdition] and publishing set it

	next   time.Time // the instant of the digest's next slot; zero: not known, or there is none
	zone   string    // the digest's; "" in editions of old
	cursor int64     // the last subscriber whose letter is written down
}

// An Item is an article in an edition, as frozen.
type Item struct {
	Rank    int64
	Article int64
	Title   string
	Reads   int64
	Score   float64
	Reason  string
}

// A Decision is what became of a slot.
type Decision struct {
	Digest string
	Slot   Slot // At is zero: it is not kept
	State  string
	Reason string
	At     time.Time // when it was decided
}

const selectEdition = `
	SELECT e.id, e.digest, e.due, e.slot_at, e.start, e.until, e.state, s.reason, e.revision, e.subject, e.title, e.language,
	       e.cursor, e.recipients, e.expires, e.made, e.next_at, e.timezone
	FROM editions e
	JOIN slots s ON s.digest = e.digest AND s.due = e.due`

func scanEdition(scan func(...any) error) (Edition, error) {
	var e Edition
	var due, at, start, until, expires, made, next int64
	err := scan(&e.ID, &e.Digest, &due, &at, &start, &until, &e.State, &e.Reason, &e.Revision, &e.Subject, &e.Title, &e.Language,
		&e.cursor, &e.Recipients, &expires, &made, &next, &e.zone)
	e.Slot = Slot{Wall: time.UnixMilli(due).UTC(), At: db.Time(at)}
	e.next = db.Time(next)
	e.Start, e.Until, e.Expires, e.Made = db.Time(start), db.Time(until), db.Time(expires), db.Time(made)
	return e, err
}

func scanEditionRow(row *sql.Rows) (Edition, error) { return scanEdition(row.Scan) }

// Editions returns a digest's editions, "" for those of all, the newest first; limit 0 is all.
func Editions(ctx context.Context, h db.Handle, digest string, limit int) ([]Edition, error) {
	all, err := db.Collect(ctx, h, scanEditionRow, selectEdition+`
		WHERE ($1 = '' OR e.digest = $1)
		ORDER BY e.slot_at DESC, e.id DESC
		LIMIT $2`, digest, all(limit))
	if err != nil {
		return nil, fmt.Errorf("editions: %w", err)
	}
	return all, nil
}

// all makes 0 a LIMIT that limits nothing, on both engines.
func all(limit int) int64 {
	if limit <= 0 {
		return 1 << 40
	}
	return int64(limit)
}

// FindEdition returns the edition of a slot, by the slot's name, with its View; or [ErrNotFound].
func FindEdition(ctx context.Context, h db.Handle, digest, slotName string) (Edition, error) {
	slot, err := ParseSlot(slotName, time.UTC)
	if err != nil {
		return Edition{}, fmt.Errorf("%s: %w: %v", digest, ErrNotFound, err)
	}
	e, err := scanEdition(h.QueryRowContext(ctx, selectEdition+` WHERE e.digest = $1 AND e.due = $2`, digest, slot.Wall.UnixMilli()).Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return Edition{}, fmt.Errorf("%s of %s: %w", digest, slotName, ErrNotFound)
	}
	if err != nil {
		return Edition{}, fmt.Errorf("%s of %s: %w", digest, slotName, err)
	}
	var body string
	err = h.QueryRowContext(ctx, `SELECT body FROM edition_bodies WHERE edition = $1 AND revision = $2 AND sections = ''`, e.ID, e.Revision).Scan(&body)
	if err == nil {
		err = json.Unmarshal([]byte(body), &e.View)
	}
	if err != nil {
		return Edition{}, fmt.Errorf("%s of %s: what is in it: %w", digest, slotName, err)
	}
	return e, nil
}

// Items returns the list of an edition in the order of ranks.
func Items(ctx context.Context, h db.Handle, edition int64) ([]Item, error) {
	items, err := db.Collect(ctx, h, func(row *sql.Rows) (Item, error) {
		var i Item
		err := row.Scan(&i.Rank, &i.Article, &i.Title, &i.Reads, &i.Score, &i.Reason)
		return i, err
	}, `SELECT pos, article, title, reads, score, reason FROM edition_items WHERE edition = $1 ORDER BY pos`, edition)
	if err != nil {
		return nil, fmt.Errorf("items of edition %d: %w", edition, err)
	}
	return items, nil
}

// Slots returns what became of a digest's slots, "" for those of all, the newest first; limit 0 is all.
func Slots(ctx context.Context, h db.Handle, digest string, limit int) ([]Decision, error) {
	slots, err := db.Collect(ctx, h, func(row *sql.Rows) (Decision, error) {
		var d Decision
		var due, at int64
		err := row.Scan(&d.Digest, &due, &d.State, &d.Reason, &at)
		d.Slot, d.At = Slot{Wall: time.UnixMilli(due).UTC()}, db.Time(at)
		return d, err
	}, `SELECT digest, due, state, reason, at FROM slots WHERE ($1 = '' OR digest = $1) ORDER BY due DESC, digest LIMIT $2`, digest, all(limit))
	if err != nil {
		return nil, fmt.Errorf("slots: %w", err)
	}
	return slots, nil
}
