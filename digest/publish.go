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
	"vestnik/templates"
)

// Outcome says what [Publisher.Publish] did.
type Outcome string

const (
	Published Outcome = "published"
	Waiting   Outcome = "held"              // compiled and frozen; it goes out when an editor approves it
	Already   Outcome = "already published" // or decided otherwise, if the edition's ID is 0: then its Reason says how; or it is held
	Skipped   Outcome = "skipped"           // the edition's Reason says why
)

// An occasion is why a slot is published: because it is due, or by hand.
type occasion struct {
	reason  string
	expires time.Time
	byHand  bool  // also a slot that was skipped or missed, or whose edition was cancelled
	article int64 // the one that the edition brings; 0: a list
	absent  []Absent

	once func(ctx context.Context, tx *sql.Tx, e Edition) (bool, error) // asked in the transaction: false, and nothing is published; nil: true
}

// errTaken takes a transaction back in which somebody else turned out to have been first.
var errTaken = errors.New("somebody else was first")

// Publish publishes the edition of a slot that is due: the slot, the edition, its list and the master copies of its letters
// in one transaction, so that all of it happens or nothing does. Whoever comes second, on whatever node, gets the edition that
// there is and [Already]. The letters themselves are written down by [Publisher.Enqueue]. Where an editor has to approve it, all is
// frozen as well, and nothing is sent before [Publisher.Approve].
//
// No letter starts after the next slot, nor later than dg.MaxLate after this one.
func (p Publisher) Publish(ctx context.Context, dg Digest, slot Slot, now time.Time) (Edition, Outcome, error) {
	s, err := dg.schedule()
	if err != nil {
		return Edition{}, "", err
	}
	expires := slot.At.Add(dg.MaxLate)
	if next := s.slot(s.next(slot.Wall)); !next.IsZero() && next.At.After(slot.At) && next.At.Before(expires) {
		expires = next.At
	}
	return p.publish(ctx, dg, slot, now, occasion{reason: lateness(slot, now), expires: expires})
}

// errOvertaken is returned where an edition that was held got approved while the next one was compiled: its window begins elsewhere now.
var errOvertaken = errors.New("another edition was published meanwhile")

func (p Publisher) publish(ctx context.Context, dg Digest, slot Slot, now time.Time, o occasion) (Edition, Outcome, error) {
	if slot.At.After(now) {
		return Edition{}, "", fmt.Errorf("%s: publish %s: it is due only at %s", dg.Name, slot.Name(), slot.At.Format(time.RFC3339))
	}
	if decided, done, err := p.decided(ctx, dg, slot, now, o); err != nil || done {
		return decided, Already, err
	}
	if _, err := subscribers.ResumeDue(ctx, p.DB, now); err != nil {
		return Edition{}, "", err
	}
	for tries := 0; ; tries++ {
		before, err := lastUntil(ctx, p.DB, dg.Name, slot)
		if err != nil {
			return Edition{}, "", fmt.Errorf("%s: publish %s: %w", dg.Name, slot.Name(), err)
		}
		made, err := p.compiled(ctx, dg, slot, now)
		if skip, ok := err.(Skip); ok {
			return p.skip(ctx, dg, skipped(slot, skip.cause(), string(skip)), now, o)
		}
		if err != nil {
			return Edition{}, "", err
		}
		o.absent = made.absent
		e, outcome, err := p.publishAfter(ctx, dg, slot, made.view, before, now, o)
		if !errors.Is(err, errOvertaken) || tries > 2 {
			return e, outcome, err
		}
	}
}

// lastUntil is where the window of the last edition that came out before a slot ended, in milliseconds. While none has come out, it is where
// the first one began that was held or cancelled, for the next covers its time; 0: there was none.
func lastUntil(ctx context.Context, h db.Handle, digest string, slot Slot) (ms int64, err error) {
	err = h.QueryRowContext(ctx, `SELECT COALESCE(MAX(CASE WHEN`+public+` THEN e.until END), MIN(e.start), 0) FROM editions AS e
		WHERE e.digest = $1 AND e.slot_at < $2 AND e.article = 0`, digest, db.Milli(slot.At)).Scan(&ms)
	return ms, err
}

// publishView publishes what was compiled, or holds it for an editor.
func (p Publisher) publishView(ctx context.Context, dg Digest, slot Slot, view templates.EditionView, now time.Time, o occasion) (Edition, Outcome, error) {
	before, err := lastUntil(ctx, p.DB, dg.Name, slot)
	if err != nil {
		return Edition{}, "", fmt.Errorf("%s: publish %s: %w", dg.Name, slot.Name(), err)
	}
	return p.publishAfter(ctx, dg, slot, view, before, now, o)
}

// publishAfter is publishView of what was compiled when the edition before ended at that millisecond.
func (p Publisher) publishAfter(ctx context.Context, dg Digest, slot Slot, view templates.EditionView, before int64, now time.Time, o occasion) (Edition, Outcome, error) {
	frozen, variants, err := p.freeze(ctx, dg, slot, view, now, o)
	if err != nil {
		return Edition{}, "", fmt.Errorf("%s: publish %s: %w", dg.Name, slot.Name(), err)
	}
	var e Edition
	err = p.DB.Tx(ctx, func(tx *sql.Tx) error {
		if e, err = frozen.claim(ctx, tx, dg, now, o); err != nil {
			return err
		}
		if err := e.replace(ctx, tx, before, now); err != nil {
			return err
		}
		stop("replaced")
		if err := e.write(ctx, tx, variants); err != nil {
			return err
		}
		stop("revision")
		if err := writeAbsent(ctx, tx, e.ID, o.absent); err != nil {
			return err
		}
		stop("written")
		return nil
	})
	stop("published")
	switch {
	case errors.Is(err, errTaken):
		e, _, err = p.decided(ctx, dg, slot, now, o)
		return e, Already, err
	case err != nil:
		return Edition{}, "", fmt.Errorf("%s: publish %s: %w", dg.Name, slot.Name(), err)
	case e.State == Held:
		return e, Waiting, nil
	}
	return e, Published, nil
}

// claim decides the slot of a frozen edition for it, or returns errTaken: then what was asked of the next edition stays asked.
func (e Edition) claim(ctx context.Context, tx *sql.Tx, dg Digest, now time.Time, o occasion) (Edition, error) {
	if err := pausedNow(ctx, tx, dg, o); err != nil {
		return Edition{}, err
	}
	e, decision, err := judge(ctx, tx, dg, e, now, o)
	if err != nil {
		return Edition{}, err
	}
	stop("judged")
	first, err := claim(ctx, tx, dg.Name, decision, now, o.byHand)
	if err == nil && !first {
		err = errTaken
	}
	if err != nil {
		return Edition{}, err
	}
	stop("claimed")
	if o.once != nil {
		if ok, err := o.once(ctx, tx, e); err != nil || !ok {
			return Edition{}, cmp.Or(err, errTaken)
		}
	}
	return e, nil
}

// judge says whether an edition goes out at once, or is held: where the digest's editions always are, or somebody asked for the next one.
func judge(ctx context.Context, tx *sql.Tx, dg Digest, e Edition, now time.Time, o occasion) (Edition, verdict, error) {
	asked, err := db.Changed(ctx, tx, `DELETE FROM digest_holds WHERE digest = $1`, dg.Name)
	if err != nil || !asked && !dg.Approve {
		v := published(e.Slot, now, o.byHand, o.reason)
		e.Reason = v.reason
		return e, v, err
	}
	e.State, e.ApproveBy = Held, now.Add(dg.ApproveWithin).UTC()
	if last := e.Expires; last.Before(e.ApproveBy) && !last.Equal(e.next) { // after that no letter could start; at the next slot that one decides
		e.ApproveBy = last
	}
	e.Reason = waitsUntil(e.ApproveBy, dg.Location)
	return e, verdict{slot: e.Slot, state: SlotHeld, reason: e.Reason}, nil
}

func waitsUntil(deadline time.Time, zone *time.Location) string {
	return "waits for an editor until " + deadline.In(zone).Format(time.RFC3339)
}

// replace makes room for an edition: one that was cancelled in its place goes, and one of an earlier slot that is still held is
// superseded. Nothing may have come out since the edition was compiled that its window would have to begin after.
func (e Edition) replace(ctx context.Context, tx *sql.Tx, before int64, now time.Time) error {
	if err := dropCancelled(ctx, tx, e.Digest, e.Slot); err != nil || e.Article != 0 {
		return err
	}
	if err := supersede(ctx, tx, e.Digest, e.Slot, now); err != nil {
		return err
	}
	last, err := lastUntil(ctx, tx, e.Digest, e.Slot)
	if err == nil && last != before {
		err = errOvertaken
	}
	return err
}

// dropCancelled deletes the edition of a slot that was cancelled before anybody got it: the slot gets another.
func dropCancelled(ctx context.Context, tx *sql.Tx, digest string, slot Slot) error {
	ids, err := db.Collect(ctx, tx, func(row *sql.Rows) (id int64, err error) { return id, row.Scan(&id) },
		`SELECT id FROM editions WHERE digest = $1 AND due = $2 AND state = $3`, digest, slot.Wall.UnixMilli(), Cancelled)
	for _, id := range ids {
		if err == nil {
			err = mail.DropMasters(ctx, tx, id)
		}
		if err == nil {
			_, err = tx.ExecContext(ctx, `DELETE FROM editions WHERE id = $1`, id)
		}
	}
	if err != nil {
		return fmt.Errorf("the cancelled edition of the slot: %w", err)
	}
	return nil
}

// decided reports whether the slot is out of our hands, and the edition that there is. Without one, or with one that was cancelled, the
// slot was skipped or missed, which by hand can still be mended.
func (p Publisher) decided(ctx context.Context, dg Digest, slot Slot, now time.Time, o occasion) (Edition, bool, error) {
	e, err := FindEdition(ctx, p.DB, dg.Name, slot.Name())
	if err == nil && e.State == Cancelled {
		return Edition{Digest: dg.Name, Slot: slot, Reason: SlotSkipped + ": " + e.Reason}, !o.byHand, nil
	}
	if err == nil || !errors.Is(err, ErrNotFound) {
		return e, err == nil, err
	}
	state, reason, err := p.decision(ctx, dg, slot, now)
	if errors.Is(err, sql.ErrNoRows) {
		return Edition{}, false, nil
	}
	if err != nil {
		return Edition{}, false, fmt.Errorf("%s: slot %s: %w", dg.Name, slot.Name(), err)
	}
	return Edition{Digest: dg.Name, Slot: slot, Reason: state + ": " + reason}, !o.byHand, nil
}

// skip records that a slot gets no edition. One of an earlier slot that is still held is superseded all the same.
func (p Publisher) skip(ctx context.Context, dg Digest, v verdict, now time.Time, o occasion) (Edition, Outcome, error) {
	slot := v.slot
	first := false
	err := p.DB.Tx(ctx, func(tx *sql.Tx) (err error) {
		if first, err = claim(ctx, tx, dg.Name, v, now, o.byHand); err != nil || !first {
			return err
		}
		return supersede(ctx, tx, dg.Name, slot, now)
	})
	if err != nil {
		return Edition{}, "", fmt.Errorf("%s: skip %s: %w", dg.Name, slot.Name(), err)
	}
	if !first {
		e, _, err := p.decided(ctx, dg, slot, now, o)
		return e, Already, err
	}
	return Edition{Digest: dg.Name, Slot: slot, Reason: v.reason}, Skipped, nil
}
