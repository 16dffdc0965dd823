package digest

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"vestnik/articles"
	"vestnik/db"
	"vestnik/subscribers"
	"vestnik/templates"
)

// A Refusal is why something cannot be done with an edition, in one sentence for who asked for it. Nothing was changed.
type Refusal string

func (r Refusal) Error() string { return string(r) }

// ErrStale is returned to who works on a revision that is not the present one any more, or on an edition that is not held any more:
// somebody else was faster. Nothing was changed.
var ErrStale = errors.New("somebody else has changed it meanwhile")

// Approve lets a held edition go out, in the revision that the editor saw. Those get it who are subscribed now. If another revision is
// there by now, or the edition is not held any more, the error is [ErrStale] or a [Refusal]; of an approval, a change, the deadline and a
// cancellation that come at once, on whatever nodes, one takes effect.
func (p Publisher) Approve(ctx context.Context, edition, revision int64, by string, now time.Time) (Edition, error) {
	by = oneLine(by)
	if _, err := subscribers.ResumeDue(ctx, p.DB, now); err != nil {
		return Edition{}, err
	}
	err := p.DB.Tx(ctx, func(tx *sql.Tx) error {
		e, err := EditionByID(ctx, tx, edition)
		if err == nil {
			err = e.mayApprove(revision, now)
		}
		if err == nil {
			err = e.withdrawn(ctx, tx)
		}
		if err != nil {
			return err
		}
		made, err := e.revised(ctx, tx)
		if err != nil {
			return err
		}
		done, err := db.Changed(ctx, tx, `
			UPDATE editions SET state = $1, approved_by = $2, made = $3
			WHERE id = $4 AND state = $5 AND revision = $6 AND approve_by > $7`,
			Enqueuing, db.Text(by), db.Milli(later(now, made)), edition, Held, revision, db.Milli(now))
		if err == nil && !done {
			err = ErrStale
		}
		if err != nil {
			return err
		}
		stop("approved")
		_, err = settle(ctx, tx, e.Digest, published(e.Slot, now, true, approval(e, by, now)), now)
		stop("settled")
		return err
	})
	stop("let go")
	if err != nil {
		return Edition{}, fmt.Errorf("approve: %w", err)
	}
	return EditionByID(ctx, p.DB, edition)
}

// revised is when the present revision was made, maybe by a node whose clock is ahead of ours: it is not younger than its publication.
func (e Edition) revised(ctx context.Context, tx *sql.Tx) (time.Time, error) {
	var made int64
	err := tx.QueryRowContext(ctx, `SELECT made FROM edition_revisions WHERE edition = $1 AND revision = $2`, e.ID, e.Revision).Scan(&made)
	return db.Time(made), err
}

// approval says in words what the editor did.
func approval(e Edition, by string, now time.Time) string {
	return fmt.Sprintf("approved by %s %s after its slot", named(by), max(now.Sub(e.Slot.At), 0).Truncate(time.Second))
}

// named is who did something, in a sentence.
func named(by string) string {
	if by == "" {
		return "somebody"
	}
	return by
}

// mayApprove refuses with a sentence what cannot be approved.
func (e Edition) mayApprove(revision int64, now time.Time) error {
	switch {
	case e.State != Held:
		return e.notHeld()
	case e.Revision != revision:
		return fmt.Errorf("%w: revision %d is there now, by %s, and not %d", ErrStale, e.Revision, named(e.By), revision)
	case !e.ApproveBy.After(now):
		return Refusal(fmt.Sprintf("%s was to be approved until %s: `vestnik digest hold %s --until TIME` gives it more time",
			e.label(), e.inZone(e.ApproveBy), e.Digest))
	case !e.Expires.After(now):
		return Refusal(fmt.Sprintf("%s is too old: none of its letters may start after %s", e.label(), e.inZone(e.Expires)))
	}
	return nil
}

// Withdrawn is returned where an edition that is held has articles that were withdrawn since it was compiled: it does not go out with
// them, as their addresses lead nowhere. Nothing was changed.
type Withdrawn struct {
	Refusal
	Items []templates.Item // each once
}

func (w Withdrawn) Unwrap() error { return w.Refusal }

// withdrawn refuses to let an edition go out with articles that are not published any more, be it only in letters of chosen sections.
func (e Edition) withdrawn(ctx context.Context, tx *sql.Tx) error {
	views, err := bodies(ctx, tx, e.ID, e.Revision)
	if err != nil {
		return err
	}
	items := map[int64]templates.Item{}
	for _, view := range views {
		for _, i := range view.Items {
			items[i.Article] = i
		}
	}
	ids := db.Args(slices.Sorted(maps.Keys(items)))
	there, err := db.Collect(ctx, tx, func(row *sql.Rows) (id int64, err error) { return id, row.Scan(&id) },
		`SELECT id FROM articles WHERE id IN (`+db.Placeholders(2, len(ids))+`) AND state = $1`, append([]any{articles.Published}, ids...)...)
	for _, id := range there {
		delete(items, id)
	}
	if err != nil || len(items) == 0 {
		return err
	}
	w := Withdrawn{Items: slices.SortedFunc(maps.Values(items), func(a, b templates.Item) int { return strings.Compare(a.Slug, b.Slug) })}
	var gone []string
	for _, i := range w.Items {
		gone = append(gone, i.Slug)
	}
	mend := fmt.Sprintf("`vestnik digest edit %s %s --drop %s` takes it out", e.Digest, e.Slot.Name(), strings.Join(gone, ","))
	if e.Article != 0 {
		mend = fmt.Sprintf("`vestnik digest cancel %s %s` gives the edition up", e.Digest, e.Slot.Name())
	}
	w.Refusal = Refusal(fmt.Sprintf("%s holds what was withdrawn after it was compiled, %s: %s", e.label(), strings.Join(gone, ", "), mend))
	return w
}

// label names an edition in a sentence.
func (e Edition) label() string { return e.Digest + " " + e.Slot.Name() }

// inZone writes a time on the digest's clock.
func (e Edition) inZone(t time.Time) string {
	if loc, err := time.LoadLocation(e.zone); err == nil && e.zone != "" {
		t = t.In(loc)
	}
	return t.Format(time.RFC3339)
}

// notHeld says what became of an edition that does not wait for an editor, and what can be done.
func (e Edition) notHeld() Refusal {
	switch e.State {
	case Cancelled:
		return Refusal(fmt.Sprintf("%s was not sent (%s): `vestnik digest send %s` makes the edition of the last slot anew", e.label(), e.Reason, e.Digest))
	case Finished:
		return Refusal(fmt.Sprintf("%s has been sent: `vestnik digest correct %s %s` mends it and tells who got it", e.label(), e.Digest, e.Slot.Name()))
	}
	return Refusal(fmt.Sprintf("%s is being sent: `vestnik digest correct %s %s` changes what is not sent yet, `vestnik mail pause digest` stops all letters",
		e.label(), e.Digest, e.Slot.Name()))
}

// Cancel gives a held edition up: it is not sent, and the next one covers its time. The error is a [Refusal] if it is not held.
func (p Publisher) Cancel(ctx context.Context, edition int64, by, reason string, now time.Time) error {
	words := "cancelled by " + named(oneLine(by))
	if reason = oneLine(reason); reason != "" {
		words += ": " + reason
	}
	err := p.DB.Tx(ctx, func(tx *sql.Tx) error {
		e, err := EditionByID(ctx, tx, edition)
		if err == nil && e.State != Held {
			err = e.notHeld()
		}
		if err != nil {
			return err
		}
		done, err := e.cancel(ctx, tx, CauseCancelled, words, now)
		if err == nil && !done {
			err = ErrStale
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("cancel: %w", err)
	}
	return nil
}

// cancel gives up an edition if it is still held, and reports whether it was.
func (e Edition) cancel(ctx context.Context, tx *sql.Tx, cause, reason string, now time.Time) (bool, error) {
	done, err := db.Changed(ctx, tx, `UPDATE editions SET state = $1 WHERE id = $2 AND state = $3`, Cancelled, e.ID, Held)
	if err != nil || !done {
		return false, err
	}
	_, err = settle(ctx, tx, e.Digest, skipped(e.Slot, cause, reason), now)
	return true, err
}

// expire cancels a held edition whose deadline has passed, and reports whether it did: at the same moment an editor may approve it or
// give it more time.
func (p Publisher) expire(ctx context.Context, e Edition, now time.Time) (done bool, err error) {
	err = p.DB.Tx(ctx, func(tx *sql.Tx) (err error) {
		done, err = db.Changed(ctx, tx, `UPDATE editions SET state = $1 WHERE id = $2 AND state = $3 AND approve_by <= $4`,
			Cancelled, e.ID, Held, db.Milli(now))
		if err != nil || !done {
			return err
		}
		_, err = settle(ctx, tx, e.Digest, skipped(e.Slot, CauseNotApproved, "not approved by "+e.inZone(e.ApproveBy)), now)
		return err
	})
	if err != nil {
		return false, fmt.Errorf("%s: its deadline: %w", e.label(), err)
	}
	return done, nil
}

// supersede cancels editions of earlier slots that are still held when one of a slot comes.
func supersede(ctx context.Context, tx *sql.Tx, digest string, slot Slot, now time.Time) error {
	held, err := db.Collect(ctx, tx, scanEditionRow, selectEdition+`
		WHERE e.digest = $1 AND e.state = $2 AND e.slot_at < $3 AND e.article = 0`, digest, Held, db.Milli(slot.At))
	for _, e := range held {
		if err == nil {
			_, err = e.cancel(ctx, tx, CauseSuperseded, "superseded: nobody had approved it when "+slot.Name()+" was due", now)
		}
	}
	if err != nil {
		return fmt.Errorf("the edition held before: %w", err)
	}
	return nil
}

// Hold lets the next edition of a digest wait for an editor, though its editions do not. It reports whether it was not asked for already.
func Hold(ctx context.Context, h db.Handle, digest, by string, now time.Time) (bool, error) {
	done, err := db.Changed(ctx, h, `
		INSERT INTO digest_holds (digest, by_whom, made) VALUES ($1, $2, $3)
		ON CONFLICT (digest) DO NOTHING`, digest, db.Text(oneLine(by)), db.Milli(now))
	if err != nil {
		return false, fmt.Errorf("%s: hold the next edition: %w", digest, err)
	}
	return done, nil
}

// Unhold takes [Hold] back, and reports whether there was anything to take back.
func Unhold(ctx context.Context, h db.Handle, digest string) (bool, error) {
	done, err := db.Changed(ctx, h, `DELETE FROM digest_holds WHERE digest = $1`, digest)
	if err != nil {
		return false, fmt.Errorf("%s: let the next edition go out: %w", digest, err)
	}
	return done, nil
}

// HoldAsked is who asked that the next edition of a digest waits, and when; a zero time: nobody did.
func HoldAsked(ctx context.Context, h db.Handle, digest string) (by string, at time.Time, err error) {
	var made int64
	err = h.QueryRowContext(ctx, `SELECT by_whom, made FROM digest_holds WHERE digest = $1`, digest).Scan(&by, &made)
	if errors.Is(err, sql.ErrNoRows) {
		return "", time.Time{}, nil
	}
	if err != nil {
		return "", time.Time{}, fmt.Errorf("%s: is the next edition to wait: %w", digest, err)
	}
	return by, db.Time(made), nil
}

// HoldUntil moves the deadline of an edition that is held. The error is a [Refusal] if it is not, or if the time is no use.
func (p Publisher) HoldUntil(ctx context.Context, edition int64, until, now time.Time) (Edition, error) {
	err := p.DB.Tx(ctx, func(tx *sql.Tx) error {
		e, err := EditionByID(ctx, tx, edition)
		switch {
		case err != nil:
			return err
		case e.State != Held:
			return e.notHeld()
		case !until.After(now):
			return Refusal("the deadline " + e.inZone(until) + " has passed already")
		case until.After(e.Expires):
			return Refusal(fmt.Sprintf("the deadline %s is too late: none of the letters may start after %s, see max_late and the next slot", e.inZone(until), e.inZone(e.Expires)))
		}
		done, err := db.Changed(ctx, tx, `UPDATE editions SET approve_by = $1, reminded = CASE WHEN reminded > 1 THEN 1 ELSE reminded END
			WHERE id = $2 AND state = $3`, db.Milli(until), edition, Held)
		if err != nil {
			return err
		}
		if !done {
			return ErrStale
		}
		_, err = tx.ExecContext(ctx, `UPDATE slots SET reason = $1 WHERE digest = $2 AND due = $3 AND state = $4`,
			waitsUntil(until, p.zone(e)), e.Digest, e.Slot.Wall.UnixMilli(), SlotHeld)
		return err
	})
	if err != nil {
		return Edition{}, fmt.Errorf("hold: %w", err)
	}
	return EditionByID(ctx, p.DB, edition)
}

// oneLine is a text that people typed, on one line and without control characters.
func oneLine(s string) string { return articles.Typed(s) }
