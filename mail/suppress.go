package mail

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"vestnik/db"
)

// Suppress records that the address must not be mailed, and reports whether it was allowed before. EmailKey is the address in lower case
// with its domain in A-labels. The first reason stays.
func Suppress(ctx context.Context, h db.Handle, emailKey, reason string, now time.Time) (bool, error) {
	fresh, err := db.Changed(ctx, h, `
		INSERT INTO suppressions (email_key, reason, since) VALUES ($1, $2, $3)
		ON CONFLICT (email_key) DO NOTHING`, strings.ToLower(emailKey), db.Text(reason), db.Milli(now))
	return fresh, wrap(err, "suppress address")
}

// Unsuppress lets the address be mailed again and reports whether it was suppressed.
func Unsuppress(ctx context.Context, h db.Handle, emailKey string) (bool, error) {
	changed, err := db.Changed(ctx, h, `DELETE FROM suppressions WHERE email_key = $1`, strings.ToLower(emailKey))
	return changed, wrap(err, "unsuppress address")
}

// Suppressed returns why the address must not be mailed, "" if it may be.
func Suppressed(ctx context.Context, h db.Handle, emailKey string) (reason string, err error) {
	err = h.QueryRowContext(ctx, `SELECT reason FROM suppressions WHERE email_key = $1`, strings.ToLower(emailKey)).Scan(&reason)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	return reason, wrap(err, "look up suppression")
}

// A PausedLane is a lane that stands still, and why. The lane "all" stands for every one.
type PausedLane struct {
	Lane   string
	Reason string
	Since  time.Time
}

// LaneAll is the lane of a pause that stops every lane.
const LaneAll = "all"

// Pause stops a lane ("all" for every one) until [Resume]. Letters wait without losing attempts. It reports
// whether the lane was running; the reason of a lane that stood still already stays.
func Pause(ctx context.Context, h db.Handle, lane, reason string, now time.Time) (bool, error) {
	if lane != LaneAll && lane != LaneConfirm && lane != LaneDigest {
		return false, fmt.Errorf("pause lane %q: there are the lanes %s, %s and all", lane, LaneConfirm, LaneDigest)
	}
	changed, err := db.Changed(ctx, h, `
		INSERT INTO mail_pause (lane, reason, since) VALUES ($1, $2, $3)
		ON CONFLICT (lane) DO NOTHING`, lane, db.Text(reason), db.Milli(now))
	return changed, wrap(err, "pause lane %s", lane)
}

// Resume lets a lane run again ("all": ends every pause) and reports whether anything was paused.
func Resume(ctx context.Context, h db.Handle, lane string) (bool, error) {
	changed, err := db.Changed(ctx, h, `DELETE FROM mail_pause WHERE lane = $1 OR $1 = 'all'`, lane)
	return changed, wrap(err, "resume lane %s", lane)
}

// Paused returns the pauses, by lane.
func Paused(ctx context.Context, h db.Handle) ([]PausedLane, error) {
	all, err := db.Collect(ctx, h, func(row *sql.Rows) (p PausedLane, err error) {
		var since int64
		err = row.Scan(&p.Lane, &p.Reason, &since)
		p.Since = db.Time(since)
		return p, err
	}, `SELECT lane, reason, since FROM mail_pause ORDER BY lane`)
	return all, wrap(err, "read pauses")
}
