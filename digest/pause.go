package digest

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"vestnik/db"
)

// A Pause keeps the editions of a digest from coming: slots that come due meanwhile are recorded as skipped. The first edition after
// it begins where the last one ended, at most twice the digest's window back.
type Pause struct {
	Digest string
	Reason string    // whatever who paused it wrote; ""
	Since  time.Time // zero: the digest is not paused
}

// String says it in words, as "paused since 2026-11-24T08:00:00Z: moving house".
func (p Pause) String() string {
	text := "paused since " + p.Since.UTC().Format(time.RFC3339)
	if p.Reason != "" {
		text += ": " + p.Reason
	}
	return text
}

// errPaused is returned when a digest was paused while its edition was being compiled.
var errPaused = errors.New("the digest was paused")

// Paused returns the pause of a digest; its Since is zero if there is none.
func Paused(ctx context.Context, h db.Handle, digest string) (Pause, error) {
	var since int64
	p := Pause{Digest: digest}
	err := h.QueryRowContext(ctx, `SELECT reason, since FROM digest_pauses WHERE digest = $1`, digest).Scan(&p.Reason, &since)
	if errors.Is(err, sql.ErrNoRows) {
		return p, nil
	}
	if err != nil {
		return Pause{}, fmt.Errorf("%s: is it paused: %w", digest, err)
	}
	p.Since = db.Time(since)
	return p, nil
}

// pausedNow is errPaused if the digest is paused, unless its edition is wanted by hand.
func pausedNow(ctx context.Context, tx *sql.Tx, dg Digest, o occasion) error {
	if o.byHand {
		return nil
	}
	pause, err := Paused(ctx, tx, dg.Name)
	if err == nil && !pause.Since.IsZero() {
		err = errPaused
	}
	return err
}

// Pause pauses a digest, for the reason that people read, and reports whether it was not paused already: then nothing changes.
func (p Publisher) Pause(ctx context.Context, dg Digest, reason string, now time.Time) (bool, error) {
	done, err := db.Changed(ctx, p.DB, `
		INSERT INTO digest_pauses (digest, reason, since) VALUES ($1, $2, $3)
		ON CONFLICT (digest) DO NOTHING`, dg.Name, db.Text(reason), db.Milli(now))
	if err != nil {
		return false, fmt.Errorf("%s: pause: %w", dg.Name, err)
	}
	return done, nil
}

// Resume ends the pause of a digest and reports whether there was one. What came due meanwhile is recorded before, so that no daemon
// that slept through the pause catches it up.
func (p Publisher) Resume(ctx context.Context, dg Digest, now time.Time) (bool, error) {
	pause, err := Paused(ctx, p.DB, dg.Name)
	if err != nil || pause.Since.IsZero() {
		return false, err
	}
	if err := p.recordPaused(ctx, dg, pause, now); err != nil {
		return false, err
	}
	done, err := db.Changed(ctx, p.DB, `DELETE FROM digest_pauses WHERE digest = $1`, dg.Name)
	if err != nil {
		return false, fmt.Errorf("%s: resume: %w", dg.Name, err)
	}
	return done, nil
}

// recordPaused records the slots up to now, if any came due during the pause.
func (p Publisher) recordPaused(ctx context.Context, dg Digest, pause Pause, now time.Time) error {
	if dg.Schedule == OnPublish {
		return nil
	}
	s, err := dg.schedule()
	if err != nil {
		return err
	}
	last, err := p.lastDecided(ctx, dg, now)
	if err != nil {
		return fmt.Errorf("%s: its slots: %w", dg.Name, err)
	}
	if last.IsZero() || s.last(now).At.Before(pause.Since) {
		return nil
	}
	return p.record(ctx, dg, s.decide(last, now, dg.CatchUp, pause).verdicts, now)
}
