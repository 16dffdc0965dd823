package digest

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"vestnik/db"
)

const (
	// chunksAStep is how many transactions of letters a step writes before it looks at the clock again: a slot of another
	// digest must not wait for a million letters.
	chunksAStep = 20
	// retryAfter is when a step is tried again in which something went wrong.
	retryAfter = 30 * time.Second
	// lookAfter is when an edition that is being sent is looked at again.
	lookAfter = 10 * time.Second
	// ahead is how far before the wall clock a decided slot of old still counts as the last: in a repeated hour the clock is
	// behind it, by a day where a country changed sides of the date line. Farther ahead, the machine's clock was wrong.
	ahead = 25 * time.Hour
)

// Step does what is due: it decides the slots of each digest, publishes, writes down letters, also of editions whose
// node crashed, and marks editions finished. It returns when to call it again at the latest; the zero time is never, but
// the machine's clock may be set, so look at least once a minute. A digest that fails does not stop the others.
func (p Publisher) Step(ctx context.Context, digests []Digest, now time.Time) (time.Time, error) {
	wake, err := p.overdue(ctx, now)
	errs := []error{err}
	for _, dg := range digests {
		next, err := p.step(ctx, dg, now)
		if err != nil {
			errs = append(errs, fmt.Errorf("digest %w", err))
			next = now.Add(retryAfter)
		}
		wake = sooner(wake, next)
	}
	next, err := p.remind(ctx, digests, now)
	if err != nil {
		errs = append(errs, err)
		next = sooner(next, now.Add(retryAfter))
	}
	wake = sooner(wake, next)
	next, err = p.move(ctx, now)
	if err != nil {
		errs = append(errs, err)
		next = now.Add(retryAfter)
	}
	return sooner(wake, next), errors.Join(errs...)
}

// overdue cancels the editions that no editor approved in time, and returns when the next will be.
func (p Publisher) overdue(ctx context.Context, now time.Time) (wake time.Time, err error) {
	held, err := db.Collect(ctx, p.DB, scanEditionRow, selectEdition+` WHERE e.state = $1 AND e.state <> 'finished' ORDER BY e.approve_by, e.id`, Held)
	if err != nil {
		return now.Add(retryAfter), fmt.Errorf("editions that wait for an editor: %w", err)
	}
	var errs []error
	for _, e := range held {
		if e.ApproveBy.After(now) {
			wake = sooner(wake, e.ApproveBy)
			continue
		}
		done, err := p.expire(ctx, e, now)
		if done {
			p.log().Warn("edition not approved in time", "digest", e.Digest, "slot", e.Slot.Name(), "deadline", e.ApproveBy)
		}
		if err != nil {
			errs, wake = append(errs, err), sooner(wake, now.Add(retryAfter))
		}
	}
	return wake, errors.Join(errs...)
}

// sooner is the earlier of two moments of which the zero one never comes.
func sooner(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// step decides the slots of one digest that are due and returns when the next is.
func (p Publisher) step(ctx context.Context, dg Digest, now time.Time) (time.Time, error) {
	if dg.Follows() {
		return p.follow(ctx, dg, now)
	}
	s, err := dg.schedule()
	if err != nil {
		return time.Time{}, err
	}
	last, err := p.lastDecided(ctx, dg, now)
	if err == nil && last.IsZero() {
		last, err = p.firstSeen(ctx, dg, s, now)
	}
	if err != nil {
		return time.Time{}, fmt.Errorf("%s: its slots: %w", dg.Name, err)
	}
	for {
		pause, err := Paused(ctx, p.DB, dg.Name)
		if err != nil {
			return time.Time{}, err
		}
		todo := s.decide(last, now, dg.CatchUp, pause)
		if err := p.act(ctx, dg, todo, now); !errors.Is(err, errPaused) {
			return todo.next.At, err
		}
	}
}

// act does what was decided about a digest's slots.
func (p Publisher) act(ctx context.Context, dg Digest, todo plan, now time.Time) error {
	// The older slots first: a node that publishes one of them at this moment makes us wait here, and then its edition is
	// there for ours to begin where it ends.
	if err := p.record(ctx, dg, todo.verdicts, now); err != nil || todo.publish.IsZero() {
		return err
	}
	stop("recorded")
	e, outcome, err := p.Publish(ctx, dg, todo.publish, now)
	if err != nil {
		return err
	}
	switch outcome {
	case Published:
		p.log().Info("edition published", "digest", dg.Name, "slot", e.Slot.Name(), "items", len(e.View.Items), "note", e.Reason)
	case Skipped:
		p.log().Info("slot skipped", "digest", dg.Name, "slot", e.Slot.Name(), "reason", e.Reason)
	}
	return nil
}

// stopAt is called between the statements of publishing. Tests set it to see what is left when the process ends there.
var stopAt func(name string)

func stop(name string) {
	if stopAt != nil {
		stopAt(name)
	}
}

func (p Publisher) log() *slog.Logger {
	if p.Log == nil {
		return slog.New(slog.DiscardHandler)
	}
	return p.Log
}

// isPast is true of slots up to now: $2 is its instant, and $3, for slots of old of which the instant was not kept, the latest key
// that a slot decided before now can have. What lies ahead of them was decided by a clock that was wrong, and so was what seems to have
// been skipped or missed at a time that has not come, a minute from now (see aheadOfTime): an edition, by contrast, has gone out.
// The minute of one article that was mailed by hand is no slot of the schedule, and decides nothing about those before it.
const isPast = `(slot_at = 0 AND due <= $3 OR slot_at > 0 AND slot_at <= $2)
	AND (at <= $2 + 60000 OR cause = 'new' OR state NOT IN ('skipped', 'missed'))
	AND NOT EXISTS (SELECT 1 FROM editions AS e WHERE e.digest = slots.digest AND e.due = slots.due AND e.article <> 0)`

// lastDecided is the wall clock of the newest slot that was decided; zero if none was yet.
func (p Publisher) lastDecided(ctx context.Context, dg Digest, now time.Time) (time.Time, error) {
	var due int64
	err := p.DB.QueryRowContext(ctx, `SELECT COALESCE(MAX(due), 0) FROM slots WHERE digest = $1 AND `+isPast,
		dg.Name, db.Milli(now), limit(dg, now)).Scan(&due)
	return db.Time(due), err
}

// limit is the latest key that a slot decided before now can have.
func limit(dg Digest, now time.Time) int64 {
	return wallClock(now, dg.Location).Add(ahead).UnixMilli()
}

// firstSeen marks where the slots of a new digest begin: nobody is mailed for a time when it did not exist. The mark is
// the slot before now, recorded as skipped.
func (p Publisher) firstSeen(ctx context.Context, dg Digest, s schedule, now time.Time) (time.Time, error) {
	mark := s.last(now)
	if mark.IsZero() {
		mark = Slot{Wall: wallClock(now, dg.Location).Truncate(time.Minute), At: now.Truncate(time.Minute)}
	}
	_, err := p.DB.ExecContext(ctx, `
		INSERT INTO slots (digest, slot_at, due, state, cause, reason, at)
		SELECT CAST($1 AS TEXT), CAST($4 AS BIGINT), CAST($5 AS BIGINT), CAST($6 AS TEXT), CAST($7 AS TEXT), CAST($8 AS TEXT), CAST($2 AS BIGINT)
		WHERE NOT EXISTS (SELECT 1 FROM slots WHERE digest = $1 AND `+isPast+`)
		ON CONFLICT (digest, due) DO NOTHING`,
		dg.Name, db.Milli(now), limit(dg, now), db.Milli(mark.At), mark.Wall.UnixMilli(), SlotSkipped, CauseNew,
		"the digest was first seen after it, at "+now.UTC().Format(time.RFC3339))
	if err != nil {
		return time.Time{}, err
	}
	return p.lastDecided(ctx, dg, now)
}

// recordBefore records the slots before one that is sent by hand which nobody has decided.
func (p Publisher) recordBefore(ctx context.Context, dg Digest, s schedule, slot Slot, now time.Time) error {
	last, err := p.lastDecided(ctx, dg, now)
	if err != nil {
		return fmt.Errorf("%s: its slots: %w", dg.Name, err)
	}
	if last.IsZero() {
		return nil
	}
	pause, err := Paused(ctx, p.DB, dg.Name)
	if err != nil {
		return err
	}
	return p.record(ctx, dg, s.verdicts(last, slot.Wall, now, func(older Slot) verdict {
		if !pause.Since.IsZero() && !older.At.Before(pause.Since) {
			return skipped(older, CausePaused, pause.String())
		}
		return missed(older, "nobody looked at it before "+slot.Name()+" was sent by hand")
	}), now)
}

// record writes down slots that get no edition. Those that another node has decided meanwhile stay as they are.
func (p Publisher) record(ctx context.Context, dg Digest, verdicts []verdict, now time.Time) error {
	if len(verdicts) == 0 {
		return nil
	}
	var changed []verdict
	err := p.DB.Tx(ctx, func(tx *sql.Tx) error {
		changed = nil
		for _, v := range verdicts {
			first, err := claim(ctx, tx, dg.Name, v, now, false)
			if err != nil {
				return err
			}
			if first {
				changed = append(changed, v)
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("%s: record the slots to %s: %w", dg.Name, verdicts[len(verdicts)-1].slot.Name(), err)
	}
	for _, v := range changed {
		p.log().Warn("slot "+v.state, "digest", dg.Name, "slot", v.slot.Name(), "reason", v.reason)
	}
	return nil
}

// move enqueues letters of the editions that have more, in turn, and finishes those that are sent.
func (p Publisher) move(ctx context.Context, now time.Time) (time.Time, error) {
	open, err := p.inState(ctx, Enqueuing)
	if err != nil {
		return time.Time{}, fmt.Errorf("editions to enqueue: %w", err)
	}
	var errs []error
	for chunks := 0; len(open) > 0 && chunks < chunksAStep; {
		var more []int64
		for _, id := range open {
			chunks++
			done, err := p.Enqueue(ctx, id, now)
			if err != nil {
				errs = append(errs, err)
			} else if !done {
				more = append(more, id)
			}
		}
		open = more
	}
	told, err := p.tellAll(ctx, now)
	errs = append(errs, err)
	wake, err := p.finishAll(ctx, now)
	wake = sooner(wake, told)
	if len(open) > 0 {
		wake = now
	}
	return wake, errors.Join(append(errs, err)...)
}

// finishAll finishes the editions of which nothing is left to send, and returns when to look at the others again.
func (p Publisher) finishAll(ctx context.Context, now time.Time) (time.Time, error) {
	sending, err := p.inState(ctx, Sending)
	if err != nil {
		return time.Time{}, fmt.Errorf("editions being sent: %w", err)
	}
	var wake time.Time
	var errs []error
	for _, id := range sending {
		done, err := p.finish(ctx, id)
		if err != nil {
			errs = append(errs, fmt.Errorf("finish edition %d: %w", id, err))
		}
		if !done {
			wake = now.Add(lookAfter)
		}
	}
	return wake, errors.Join(errs...)
}
