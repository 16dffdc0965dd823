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
	Held      = "held"      // it is compiled and frozen, and waits for an editor
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
	Made       time.Time // when it was published, until then when it was compiled
	ApproveBy  time.Time // an edition that is held is cancelled then; zero: it needed no approval
	ApprovedBy string    // an editor, or who ran the command; "" where nobody had to
	Article    int64     // the one that it brings; 0: a list
	Hash       string    // of the present revision's content; "" in editions of old
	By         string    // who made the present revision; "" for the daemon

	View templates.EditionView // what is in it; only [FindEdition], [EditionByID] and publishing set it

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
	Block   int // which of the edition's blocks, from 0
}

const selectEdition = `
	SELECT e.id, e.digest, e.due, e.slot_at, e.start, e.until, e.state, s.reason, e.revision, e.subject, e.title, e.language,
	       e.cursor, e.recipients, e.expires, e.made, e.next_at, e.timezone, e.approve_by, e.approved_by, e.article,
	       COALESCE(r.hash, ''), COALESCE(r.by_whom, '')
	FROM editions e
	JOIN slots s ON s.digest = e.digest AND s.due = e.due
	LEFT JOIN edition_revisions r ON r.edition = e.id AND r.revision = e.revision`

func scanEdition(scan func(...any) error) (Edition, error) {
	var e Edition
	var due, at, start, until, expires, made, next, approveBy int64
	err := scan(&e.ID, &e.Digest, &due, &at, &start, &until, &e.State, &e.Reason, &e.Revision, &e.Subject, &e.Title, &e.Language,
		&e.cursor, &e.Recipients, &expires, &made, &next, &e.zone, &approveBy, &e.ApprovedBy, &e.Article, &e.Hash, &e.By)
	e.Slot = Slot{Wall: time.UnixMilli(due).UTC(), At: db.Time(at)}
	e.next, e.ApproveBy = db.Time(next), db.Time(approveBy)
	e.Start, e.Until, e.Expires, e.Made = db.Time(start), db.Time(until), db.Time(expires), db.Time(made)
	return e, err
}

func scanEditionRow(row *sql.Rows) (Edition, error) { return scanEdition(row.Scan) }

// Editions returns a digest's editions, "" for those of all, the newest first; limit 0 is all. Those that are held or were cancelled are
// among them: what came out is [Archive].
func Editions(ctx context.Context, h db.Handle, digest string, limit int) ([]Edition, error) {
	return editionsWhere(ctx, h, `
		WHERE ($1 = '' OR e.digest = $1)
		ORDER BY e.slot_at DESC, e.id DESC
		LIMIT $2`, digest, all(limit))
}

// HeldEditions returns those of a digest, "" for those of all, that wait for an editor, the oldest first.
func HeldEditions(ctx context.Context, h db.Handle, digest string) ([]Edition, error) {
	return editionsWhere(ctx, h, `
		WHERE ($1 = '' OR e.digest = $1) AND e.state = $2 AND e.state <> 'finished'
		ORDER BY e.slot_at, e.id`, digest, Held)
}

func editionsWhere(ctx context.Context, h db.Handle, where string, args ...any) ([]Edition, error) {
	found, err := db.Collect(ctx, h, scanEditionRow, selectEdition+where, args...)
	if err != nil {
		return nil, fmt.Errorf("editions: %w", err)
	}
	return found, nil
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
	e, err := oneEdition(ctx, h, ` WHERE e.digest = $1 AND e.due = $2`, digest, slot.Wall.UnixMilli())
	if err != nil {
		return Edition{}, fmt.Errorf("%s of %s: %w", digest, slotName, err)
	}
	return e, nil
}

// EditionByID returns an edition with its View, or [ErrNotFound].
func EditionByID(ctx context.Context, h db.Handle, id int64) (Edition, error) {
	e, err := oneEdition(ctx, h, ` WHERE e.id = $1`, id)
	if err != nil {
		return Edition{}, fmt.Errorf("edition %d: %w", id, err)
	}
	return e, nil
}

func oneEdition(ctx context.Context, h db.Handle, where string, args ...any) (Edition, error) {
	e, err := scanEdition(h.QueryRowContext(ctx, selectEdition+where, args...).Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return Edition{}, ErrNotFound
	}
	if err != nil {
		return Edition{}, err
	}
	e.View, err = bodyOf(ctx, h, e.ID, e.Revision, "")
	return e, err
}

// bodyOf is what a revision of an edition shows to those who chose these sections, "" for the whole of it.
func bodyOf(ctx context.Context, h db.Handle, edition, revision int64, sections string) (view templates.EditionView, err error) {
	var body string
	err = h.QueryRowContext(ctx, `SELECT body FROM edition_bodies WHERE edition = $1 AND revision = $2 AND sections = $3`,
		edition, revision, sections).Scan(&body)
	if errors.Is(err, sql.ErrNoRows) {
		err = ErrNotFound
	}
	if err == nil {
		err = json.Unmarshal([]byte(body), &view)
	}
	if err != nil {
		return view, fmt.Errorf("what is in its revision %d: %w", revision, err)
	}
	return view, nil
}

// bodies are what a revision of an edition shows, by the sections that were chosen.
func bodies(ctx context.Context, h db.Handle, edition, revision int64) (map[string]templates.EditionView, error) {
	views := map[string]templates.EditionView{}
	_, err := db.Collect(ctx, h, func(row *sql.Rows) (struct{}, error) {
		var sections, body string
		var view templates.EditionView
		err := row.Scan(&sections, &body)
		if err == nil {
			err = json.Unmarshal([]byte(body), &view)
		}
		views[sections] = view
		return struct{}{}, err
	}, `SELECT sections, body FROM edition_bodies WHERE edition = $1 AND revision = $2`, edition, revision)
	if err == nil && len(views[""].Items) == 0 {
		err = ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("what is in revision %d of edition %d: %w", revision, edition, err)
	}
	return views, nil
}

// Items returns the list of an edition in the order of ranks.
func Items(ctx context.Context, h db.Handle, edition int64) ([]Item, error) {
	items, err := db.Collect(ctx, h, func(row *sql.Rows) (Item, error) {
		var i Item
		err := row.Scan(&i.Rank, &i.Article, &i.Title, &i.Reads, &i.Score, &i.Reason, &i.Block)
		return i, err
	}, `SELECT pos, article, title, reads, score, reason, block FROM edition_items WHERE edition = $1 ORDER BY pos`, edition)
	if err != nil {
		return nil, fmt.Errorf("items of edition %d: %w", edition, err)
	}
	return items, nil
}
