package digest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
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
	// ahead is how far before the wall clock a decided slot still counts as the last: in a repeated hour the clock is
	// behind it, by a day where a country changed sides of the date line. Farther ahead, the machine's clock was wrong.
	ahead = 25 * time.Hour
)

// Step does what is due: it decides the slots of each digest, publishes, writes down letters, also of editions whose
// node crashed, and marks editions finished. It returns when to call it again at the latest; the zero time is never, but
// the machine's clock may be set, so look at least once a minute. A digest that fails does not stop the others.
func (p Publisher) Step(ctx context.Context, digests []Digest, now time.Time) (time.Time, error) {
	var wake time.Time
	var errs []error
	for _, dg := range digests {
		next, err := p.step(ctx, dg, now)
		if err != nil {
			errs = append(errs, fmt.Errorf("digest %w", err))
			next = now.Add(retryAfter)
		}
		wake = sooner(wake, next)
	}
	next, err := p.move(ctx, now)
	if err != nil {
		errs = append(errs, err)
		next = now.Add(retryAfter)
	}
	return sooner(wake, next), errors.Join(errs...)
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
	todo := s.decide(last, now, dg.CatchUp)
	// The older slots first: a node that publishes one of them at this moment makes us wait here, and then its edition is
	// there for ours to begin where it ends.
	if err := p.record(ctx, dg, todo.verdicts, now); err != nil {
		return time.Time{}, err
	}
	if todo.publish.IsZero() {
		return todo.next.At, nil
	}
	e, outcome, err := p.Publish(ctx, dg, todo.publish, now)
	if err != nil {
		return time.Time{}, err
	}
	switch outcome {
	case Published:
		p.log().Info("edition published", "digest", dg.Name, "slot", e.Slot.Name(), "items", len(e.View.Items), "note", e.Reason)
	case Skipped:
		p.log().Info("slot skipped", "digest", dg.Name, "slot", e.Slot.Name(), "reason", e.Reason)
	}
	return todo.next.At, nil
}

func (p Publisher) log() *slog.Logger {
	if p.Log == nil {
		return slog.New(slog.DiscardHandler)
	}
	return p.Log
}

// lastDecided is the wall clock of the newest slot that was decided; zero if none was yet.
func (p Publisher) lastDecided(ctx context.Context, dg Digest, now time.Time) (time.Time, error) {
	var due int64
	err := p.DB.QueryRowContext(ctx, `SELECT COALESCE(MAX(due), 0) FROM slots WHERE digest = $1 AND due <= $2`,
		dg.Name, limit(dg, now)).Scan(&due)
	return db.Time(due), err
}

// limit is the latest key that a slot decided before now can have.
func limit(dg Digest, now time.Time) int64 {
	return wallClock(now, dg.Location).Add(ahead).UnixMilli()
}

// firstSeen marks where the slots of a new digest begin: nobody is mailed for a time when it did not exist. The mark is
// the slot before now, recorded as skipped.
func (p Publisher) firstSeen(ctx context.Context, dg Digest, s schedule, now time.Time) (time.Time, error) {
	mark := s.last(now).Wall
	if mark.IsZero() {
		mark = wallClock(now, dg.Location).Truncate(time.Minute)
	}
	_, err := p.DB.ExecContext(ctx, `
		INSERT INTO slots (digest, due, state, reason, at)
		SELECT CAST($1 AS TEXT), CAST($2 AS BIGINT), CAST($3 AS TEXT), CAST($4 AS TEXT), CAST($5 AS BIGINT)
		WHERE NOT EXISTS (SELECT 1 FROM slots WHERE digest = $1 AND due <= $6)
		ON CONFLICT (digest, due) DO NOTHING`,
		dg.Name, mark.UnixMilli(), SlotSkipped, "the digest was first seen after it, at "+now.UTC().Format(time.RFC3339),
		db.Milli(now), limit(dg, now))
	if err != nil {
		return time.Time{}, err
	}
	return p.lastDecided(ctx, dg, now)
}

// record writes down slots that get no edition. Those that another node has decided meanwhile stay as they are.
func (p Publisher) record(ctx context.Context, dg Digest, verdicts []verdict, now time.Time) error {
	if len(verdicts) == 0 {
		return nil
	}
	const columns = 5
	var rows []string
	var args []any
	for _, v := range verdicts {
		rows = append(rows, "("+db.Placeholders(len(args)+1, columns)+")")
		args = append(args, dg.Name, v.slot.Wall.UnixMilli(), v.state, v.reason, db.Milli(now))
	}
	changed, err := db.Changed(ctx, p.DB, `
		INSERT INTO slots (digest, due, state, reason, at)
		VALUES `+strings.Join(rows, ", ")+`
		ON CONFLICT (digest, due) DO NOTHING`, args...)
	if err != nil {
		return fmt.Errorf("%s: record the slots to %s: %w", dg.Name, verdicts[len(verdicts)-1].slot.Name(), err)
	}
	for _, v := range verdicts {
		if !changed { // all of them were recorded by another node, which has said so
			return nil
		}
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
	wake, err := p.finishAll(ctx, now)
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
