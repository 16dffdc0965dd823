package digest

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"

	"vestnik/db"
)

// States of a slot. The first four have an edition.
const (
	SlotHeld     = "held"      // its edition waits for an editor
	SlotSent     = "sent"      // its edition went out within a minute
	SlotLate     = "late"      // its edition went out later, as an editor approved it or somebody sent it by hand
	SlotCaughtUp = "caught_up" // its edition went out later, as nobody was there in time
	SlotSkipped  = "skipped"   // on purpose, for the cause
	SlotMissed   = "missed"    // nobody was there to publish it
)

// Causes of skipped slots.
const (
	CauseEmpty       = "empty"        // there was nothing to send
	CauseThin        = "thin"         // there was too little to send
	CausePaused      = "paused"       // the digest was paused
	CauseSuperseded  = "superseded"   // its edition was held when the next one was due
	CauseNotApproved = "not_approved" // no editor approved its edition in time
	CauseCancelled   = "cancelled"    // an editor cancelled its edition
	CauseClock       = "clock"        // the clock was put forward over it, and a later one stands for the same instant
	CauseNew         = "new"          // the digest was first seen after it
)

// punctual is how late an edition may go out and still be on time.
const punctual = time.Minute

// A verdict is what was decided about a slot, or about several up to it.
type verdict struct {
	slot   Slot
	state  string
	cause  string // of a skipped one
	reason string // in words; "" for one that was sent on time
}

// published is the verdict on a slot whose edition goes out now, by hand (an editor's approval, too) or by the schedule.
func published(slot Slot, now time.Time, byHand bool, reason string) verdict {
	v := verdict{slot: slot, state: SlotSent, reason: reason}
	switch late := now.Sub(slot.At) >= punctual; {
	case late && byHand:
		v.state = SlotLate
	case late:
		v.state = SlotCaughtUp
	}
	return v
}

// skipped is the verdict on a slot that gets no edition, for the cause.
func skipped(slot Slot, cause, reason string) verdict {
	return verdict{slot: slot, state: SlotSkipped, cause: cause, reason: reason}
}

// missed is the verdict on a slot that nobody was there to publish.
func missed(slot Slot, reason string) verdict {
	return verdict{slot: slot, state: SlotMissed, reason: reason}
}

// cause is why in one word: a reason begins with "thin: " or "nothing to send: ".
func (s Skip) cause() string {
	if strings.HasPrefix(string(s), "thin:") {
		return CauseThin
	}
	return CauseEmpty
}

// lateness is the reason that a published slot is given: "" when it was on time.
func lateness(slot Slot, now time.Time) string {
	if late := now.Sub(slot.At).Truncate(time.Second); late >= punctual {
		return fmt.Sprintf("caught up %s late", late)
	}
	return ""
}

// aheadOfTime is how far in the future a decision must lie to be one of a clock that was wrong, and not of a node whose clock is
// a little ahead of ours.
const aheadOfTime = time.Minute

// claim decides a slot, and reports whether it was still to decide. By hand, what was skipped or missed still is, and always what a
// clock that ran years ahead recorded so.
func claim(ctx context.Context, tx *sql.Tx, digest string, v verdict, now time.Time, byHand bool) (bool, error) {
	first, err := db.Changed(ctx, tx, `
		INSERT INTO slots (digest, due, state, cause, reason, at, slot_at) VALUES ($1, $2, $3, $4, $5, $6, $7)
		ON CONFLICT (digest, due) DO NOTHING`,
		digest, v.slot.Wall.UnixMilli(), v.state, v.cause, db.Text(v.reason), db.Milli(now), db.Milli(v.slot.At))
	if err != nil || first {
		return first, err
	}
	made := db.Milli(now.Add(aheadOfTime))
	if byHand {
		made = -1
	}
	return db.Changed(ctx, tx, `
		UPDATE slots SET state = $1, cause = $2, reason = $3, at = $4, slot_at = $5
		WHERE digest = $6 AND due = $7 AND state IN ($8, $9) AND at > $10`,
		v.state, v.cause, db.Text(v.reason), db.Milli(now), db.Milli(v.slot.At), digest, v.slot.Wall.UnixMilli(), SlotSkipped, SlotMissed, made)
}

// decision is what was decided about a slot; [sql.ErrNoRows] if nothing was, or by a clock that ran ahead.
func (p Publisher) decision(ctx context.Context, dg Digest, slot Slot, now time.Time) (state, reason string, err error) {
	err = p.DB.QueryRowContext(ctx, `
		SELECT state, reason FROM slots
		WHERE digest = $1 AND due = $2 AND (at <= $3 OR state NOT IN ($4, $5))`,
		dg.Name, slot.Wall.UnixMilli(), db.Milli(now.Add(aheadOfTime)), SlotSkipped, SlotMissed).Scan(&state, &reason)
	return state, reason, err
}

// settle decides a slot whose edition was held, and reports whether it was. Call it in the transaction that publishes the edition or
// cancels it.
func settle(ctx context.Context, tx *sql.Tx, digest string, v verdict, now time.Time) (bool, error) {
	return db.Changed(ctx, tx, `
		UPDATE slots SET state = $1, cause = $2, reason = $3, at = $4
		WHERE digest = $5 AND due = $6 AND state = $7`,
		v.state, v.cause, db.Text(v.reason), db.Milli(now), digest, v.slot.Wall.UnixMilli(), SlotHeld)
}

// A Decision is what became of a slot.
type Decision struct {
	Digest string
	Slot   Slot // At in UTC; zero in slots of old
	State  string
	Cause  string // of a skipped one
	Reason string // in words; "" for one that was sent on time
	At     time.Time
}

// Slots returns what became of a digest's slots, "" for those of all, the newest first; limit 0 is all.
func Slots(ctx context.Context, h db.Handle, digest string, limit int) ([]Decision, error) {
	slots, err := db.Collect(ctx, h, func(row *sql.Rows) (Decision, error) {
		var d Decision
		var due, at, decided int64
		err := row.Scan(&d.Digest, &due, &at, &d.State, &d.Cause, &d.Reason, &decided)
		d.Slot, d.At = Slot{Wall: time.UnixMilli(due).UTC(), At: db.Time(at)}, db.Time(decided)
		return d, err
	}, `SELECT digest, due, slot_at, state, cause, reason, at FROM slots
		WHERE ($1 = '' OR digest = $1) ORDER BY due DESC, digest LIMIT $2`, digest, all(limit))
	if err != nil {
		return nil, fmt.Errorf("slots: %w", err)
	}
	return slots, nil
}
