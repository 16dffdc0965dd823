package digest

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"vestnik/db"
	"vestnik/mail"
	"vestnik/subscribers"
)

// chunkSize is how many subscribers a transaction enqueues: enough to be quick, and on SQLite nobody else waits long
// for the one writer.
const chunkSize = 5000

// Enqueue writes down the next letters of an edition, at most 5,000, in one transaction that also moves the edition's
// cursor, and reports whether there are no more. Its audience are those who were subscribed when the edition was made. Any
// node may call it at any time, also for an edition whose node crashed: the cursor moves only from where it was read, so
// no letter is written twice and none is left out.
func (p Publisher) Enqueue(ctx context.Context, edition int64, now time.Time) (bool, error) {
	done := false
	err := p.DB.Tx(ctx, func(tx *sql.Tx) (err error) {
		done, err = p.enqueue(ctx, tx, edition, now)
		return err
	})
	stop("enqueued")
	if err != nil {
		return false, fmt.Errorf("enqueue the letters of edition %d: %w", edition, err)
	}
	return done, nil
}

func (p Publisher) enqueue(ctx context.Context, tx *sql.Tx, edition int64, now time.Time) (bool, error) {
	e, err := scanEdition(tx.QueryRowContext(ctx, selectEdition+` WHERE e.id = $1`, edition).Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return false, ErrNotFound
	}
	if err != nil || e.State != Enqueuing {
		return true, err
	}
	part, err := p.nextPart(ctx, tx, e)
	if err != nil {
		return false, err
	}
	state := Sending
	if part.More {
		state = Enqueuing
	}
	// First the cursor: its row lock makes a second node wait and then find that the cursor is elsewhere, and whoever makes the next
	// revision wait for these letters, or us find that it is there.
	moved, err := db.Changed(ctx, tx, `UPDATE editions SET cursor = $1, state = $2 WHERE id = $3 AND cursor = $4 AND state = $5 AND revision = $6`,
		part.Last, state, e.ID, e.cursor, Enqueuing, e.Revision)
	if err != nil || !moved {
		return false, err
	}
	stop("cursor")
	query, args := part.Select(subscribers.Deliver(part.Hours, p.zone(e), e.Slot.At, e.Expires, e.next))
	filled, err := mail.Fill(ctx, tx, mail.Filling{Kind: mail.KindDigest, Ref: e.ID, Digest: e.Digest, Revision: e.Revision, Expires: e.Expires}, query, args, now)
	if err != nil {
		return false, err
	}
	stop("filled")
	_, err = tx.ExecContext(ctx, `UPDATE editions SET recipients = recipients + $1 WHERE id = $2`, filled, e.ID)
	stop("counted")
	return state == Sending, err
}

// nextPart are the next subscribers who get the edition.
func (p Publisher) nextPart(ctx context.Context, tx *sql.Tx, e Edition) (subscribers.Part, error) {
	variants, err := mail.Variants(ctx, tx, e.ID, e.Revision)
	if err != nil {
		return subscribers.Part{}, err
	}
	audience := subscribers.Audience{Digest: e.Digest, Variants: variants, Fallback: e.Language, Until: e.Made, After: e.cursor, Limit: cmp.Or(p.chunk, chunkSize)}
	if e.Article != 0 {
		audience.About = true
		if audience.Section, err = e.sectionOf(ctx, tx); err != nil {
			return subscribers.Part{}, err
		}
	}
	return audience.Part(ctx, tx)
}

// zone is that of the edition's digest.
func (p Publisher) zone(e Edition) *time.Location {
	if loc, err := time.LoadLocation(e.zone); err == nil && e.zone != "" {
		return loc
	}
	return p.Site.Location
}

// inState returns the ids of the editions in a state, the oldest first.
func (p Publisher) inState(ctx context.Context, state string) ([]int64, error) {
	return db.Collect(ctx, p.DB, func(row *sql.Rows) (id int64, err error) {
		err = row.Scan(&id)
		return id, err
	}, `SELECT id FROM editions WHERE state = $1 AND state <> 'finished' ORDER BY made, id`, state)
}

// finish marks an edition finished if nothing of it is left to send, and reports whether it did.
func (p Publisher) finish(ctx context.Context, edition int64) (done bool, err error) {
	if done, err = mail.Settled(ctx, p.DB, mail.KindDigest, edition); err != nil || !done {
		return false, err
	}
	err = p.DB.Tx(ctx, func(tx *sql.Tx) (err error) {
		// First the mark, whose row lock makes Reopen wait: a letter retried at this moment is seen here, or reopens.
		done, err = db.Changed(ctx, tx, `UPDATE editions SET state = $1 WHERE id = $2 AND state = $3`, Finished, edition, Sending)
		if err != nil || !done {
			return err
		}
		if done, err = mail.Settled(ctx, tx, mail.KindDigest, edition); err != nil || done {
			return err
		}
		return Reopen(ctx, tx, edition)
	})
	return done && err == nil, err
}

// Reopen makes a finished edition one that is being sent. Call it in the transaction that queues one of its letters again,
// and before that: so the edition is finished when that letter is settled, and not before.
func Reopen(ctx context.Context, tx *sql.Tx, edition int64) error {
	_, err := tx.ExecContext(ctx, `UPDATE editions SET state = $1 WHERE id = $2 AND state IN ($1, $3)`, Sending, edition, Finished)
	if err != nil {
		return fmt.Errorf("reopen edition %d: %w", edition, err)
	}
	return nil
}
