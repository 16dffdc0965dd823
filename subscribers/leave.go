package subscribers

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"vestnik/db"
	"vestnik/mail"
)

// Leave ends a subscription, or with the digest "" all of a subscriber's. Letters that are not on the wire yet are withdrawn
// in the same transaction, confirmation letters too, and links of earlier confirmation letters become invalid.
// To leave twice, or what was never joined, changes nothing and is no error: a link must not tell who is subscribed.
func Leave(ctx context.Context, tx *sql.Tx, subscriber int64, digest string, o Origin, now time.Time) error {
	if err := leave(ctx, tx, subscriber, digest, "", o, now); err != nil {
		return fmt.Errorf("leave %q for subscriber %d: %w", digest, subscriber, err)
	}
	return nil
}

func leave(ctx context.Context, tx *sql.Tx, subscriber int64, digest, basis string, o Origin, now time.Time) error {
	left, err := turnAll(ctx, tx, subscriber, digest, basis, verbLeave, o, now, `SET before = state, state = 'left', since = $3`, `state IN ('pending', 'active', 'paused')`)
	if err != nil {
		return err
	}
	if len(left) > 0 {
		_, err := tx.ExecContext(ctx, `DELETE FROM tokens WHERE subscriber = $1 AND ($2 = '' OR digest = $2)`, subscriber, digest)
		if err != nil {
			return err
		}
	}
	_, err = mail.Withdraw(ctx, tx, subscriber, digest, mail.ReasonLeft, now)
	return err
}

// turnAll changes the subscriptions of a digest, "" for all of a subscriber's, that meet the condition, writes a line of consent for
// each, and returns the digests. Change and condition use $3, which is now, and may use more from $4 on.
func turnAll(ctx context.Context, tx *sql.Tx, subscriber int64, digest, basis, verb string, o Origin, now time.Time, change, condition string, more ...any) ([]string, error) {
	turned, err := db.Collect(ctx, tx, scanText, `
		UPDATE subscriptions
		`+change+`
		WHERE subscriber = $1 AND ($2 = '' OR digest = $2) AND `+condition+`
		RETURNING digest`, append([]any{subscriber, digest, db.Milli(now)}, more...)...)
	if err != nil {
		return nil, err
	}
	slices.Sort(turned)
	for _, name := range turned {
		if err := agree(ctx, tx, subscriber, name, verb, basis, o, now); err != nil {
			return nil, err
		}
	}
	return turned, nil
}

// undoFor is how long leaving can be undone.
const undoFor = 10 * time.Minute

// CanReturn tells whether leaving the subscription can still be undone by [Return].
func (u Subscription) CanReturn(now time.Time) bool {
	return u.State == Left && (u.Before == Active || u.Before == Paused) && now.Sub(u.Since) < undoFor
}

// Return undoes a [Leave] of the last ten minutes: subscriptions that were active or paused are so again, and letters that it
// withdrew are queued again. It reports whether anything was undone.
func Return(ctx context.Context, tx *sql.Tx, subscriber int64, digest string, o Origin, now time.Time) (bool, error) {
	since := db.Milli(now.Add(-undoFor))
	back, err := turnAll(ctx, tx, subscriber, digest, "", verbReturn, o, now,
		`SET state = before, since = $3, before = ''`, `state = 'left' AND since > $4 AND before IN ('active', 'paused')`, since)
	if err == nil && len(back) > 0 {
		_, err = mail.Restore(ctx, tx, subscriber, digest, mail.ReasonLeft, now.Add(-undoFor), now)
	}
	if err != nil {
		return false, fmt.Errorf("return to %q for subscriber %d: %w", digest, subscriber, err)
	}
	return len(back) > 0, nil
}

// Pause stops the letters of a digest, "" for all, until a time, which the log names as a day of its zone, and withdraws those under way. An
// active or paused subscription is paused then; others stay as they are.
func Pause(ctx context.Context, tx *sql.Tx, subscriber int64, digest string, until time.Time, o Origin, now time.Time) error {
	paused, err := turnAll(ctx, tx, subscriber, digest, "until "+until.Format(time.DateOnly), verbPause, o, now,
		`SET state = 'paused', since = $3, until = $4`, `(state = 'active' OR state = 'paused' AND until <> $4)`, db.Milli(until))
	for _, name := range paused {
		if err == nil {
			_, err = mail.Withdraw(ctx, tx, subscriber, name, mail.ReasonPaused, now)
		}
	}
	if err != nil {
		return fmt.Errorf("pause %q for subscriber %d: %w", digest, subscriber, err)
	}
	return nil
}

// Resume ends the pause of a digest, "" for all, before its time.
func Resume(ctx context.Context, tx *sql.Tx, subscriber int64, digest string, o Origin, now time.Time) error {
	_, err := turnAll(ctx, tx, subscriber, digest, "", verbResume, o, now, resumed, `state = 'paused'`)
	if err != nil {
		return fmt.Errorf("resume %q for subscriber %d: %w", digest, subscriber, err)
	}
	return nil
}

const resumed = `SET state = 'active', since = $3, until = 0`

// resumeStep is how many pauses one transaction ends.
const resumeStep = 500

// ResumeDue ends the pauses whose time is over, and returns how many. A digest calls it before it looks for its audience.
func ResumeDue(ctx context.Context, d *db.DB, now time.Time) (n int, err error) {
	for {
		var over []owned
		err := d.Tx(ctx, func(tx *sql.Tx) error {
			over, err = db.Collect(ctx, tx, func(row *sql.Rows) (u owned, err error) { return u, row.Scan(&u.subscriber, &u.Digest) },
				`SELECT subscriber, digest FROM subscriptions WHERE state = 'paused' AND until <= $1 ORDER BY until, subscriber LIMIT $2`, db.Milli(now), int64(resumeStep))
			slices.SortFunc(over, func(a, b owned) int { // in one order on all nodes, so that they cannot wait for each other in a circle
				return cmp.Or(cmp.Compare(a.subscriber, b.subscriber), strings.Compare(a.Digest, b.Digest))
			})
			for _, u := range over {
				if err == nil { // unless its reader has put the end off at this moment
					_, err = turnAll(ctx, tx, u.subscriber, u.Digest, "", verbResume, Origin{}, now, resumed, `state = 'paused' AND until <= $3`)
				}
			}
			return err
		})
		if err != nil {
			return n, fmt.Errorf("end the pauses that are over: %w", err)
		}
		if n += len(over); len(over) < resumeStep {
			return n, nil
		}
	}
}

// Suppress makes an address one that must not be mailed, known here or not, and withdraws its letters. Subscriptions stay
// as they are: [Unsuppress] brings everything back but the letters. Of an address that is suppressed already the first reason stays.
func Suppress(ctx context.Context, tx *sql.Tx, email, reason string, now time.Time) error {
	_, key, err := ParseAddress(email)
	if err != nil {
		return err
	}
	reason = strings.TrimSpace(db.Text(reason))
	if reason == "" {
		return fmt.Errorf("suppress %s: name a reason", key)
	}
	fresh, err := mail.Suppress(ctx, tx, key, reason, now)
	if err != nil {
		return fmt.Errorf("suppress %s: %w", key, err)
	}
	s, err := Find(ctx, tx, key)
	if errors.Is(err, ErrNotFound) {
		s, err = Subscriber{}, nil
		reason = without(reason, key) // a line without a subscriber is not blanked when the address is erased
	}
	if err == nil && fresh {
		err = agree(ctx, tx, s.ID, "", verbSuppress, reason, Origin{}, now)
	}
	if err == nil {
		_, err = mail.Withdraw(ctx, tx, s.ID, "", mail.ReasonSuppressed, now)
	}
	if err != nil {
		return fmt.Errorf("suppress %s: %w", key, err)
	}
	return nil
}

// Unsuppress lets an address be mailed again, and reports whether it was suppressed.
func Unsuppress(ctx context.Context, tx *sql.Tx, email string, now time.Time) (bool, error) {
	_, key, err := ParseAddress(email)
	if err != nil {
		return false, err
	}
	lifted, err := mail.Unsuppress(ctx, tx, key)
	if err != nil {
		return false, fmt.Errorf("unsuppress %s: %w", key, err)
	}
	if !lifted {
		return false, nil
	}
	s, err := Find(ctx, tx, key)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return false, err
	}
	return true, agree(ctx, tx, s.ID, "", verbUnsuppress, "", Origin{}, now)
}
