package subscribers

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"vestnik/db"
	"vestnik/mail"
)

// massStep is how many subscribers one transaction of a mass change takes: others wait for a fraction of a second at most.
const massStep = 200

// LeaveAll ends the subscriptions to f.Digest, "" for all, of everybody whom the filter means, as [Leave] does for one, and returns how many
// subscribers that were. Each step is a transaction: after an interruption the same call goes on. The State may be "", which stands
// for Joined, or one of those that leaving ends. Progress, which may be nil, gets the number so far.
func LeaveAll(ctx context.Context, d *db.DB, f ListFilter, basis string, now time.Time, progress func(done int64)) (n int64, err error) {
	switch f.State {
	case "":
		f.State = Joined
	case Joined, Pending, Active, Paused:
	default:
		return 0, fmt.Errorf("end subscriptions: those that are %s have none to end", f.State)
	}
	q, err := f.selection()
	if err != nil {
		return 0, fmt.Errorf("end subscriptions: %w", err)
	}
	q.columns, f.Limit = q.key, massStep
	for {
		var some []int64
		err := d.Tx(ctx, func(tx *sql.Tx) (err error) {
			some, err = leaveStep(ctx, tx, q, f, basis, now)
			return err
		})
		if err != nil {
			return n, fmt.Errorf("end subscriptions: %w", err)
		}
		n += int64(len(some))
		if progress != nil {
			progress(n)
		}
		if len(some) < massStep {
			return n, nil
		}
		f.After = some[len(some)-1]
	}
}

func leaveStep(ctx context.Context, tx *sql.Tx, q selection, f ListFilter, basis string, now time.Time) ([]int64, error) {
	query, args := q.page(f)
	some, err := db.Collect(ctx, tx, scanID, query, args...)
	for _, id := range some {
		if err == nil {
			err = leave(ctx, tx, id, f.Digest, basis, Origin{}, now)
		}
	}
	return some, err
}

// SuppressAll suppresses addresses, as [Suppress] does one, and returns how many were not suppressed before. Each step is a transaction:
// after an interruption the same call goes on. Progress, which may be nil, gets the number of addresses looked at so far.
func SuppressAll(ctx context.Context, d *db.DB, addresses []string, reason string, now time.Time, progress func(done int64)) (n int64, err error) {
	for from := 0; from < len(addresses); from += massStep {
		some := addresses[from:min(from+massStep, len(addresses))]
		var fresh int64
		err := d.Tx(ctx, func(tx *sql.Tx) (err error) {
			fresh, err = suppressStep(ctx, tx, some, reason, now)
			return err
		})
		if err != nil {
			return n, err
		}
		n += fresh
		if progress != nil {
			progress(int64(from + len(some)))
		}
	}
	return n, nil
}

func suppressStep(ctx context.Context, tx *sql.Tx, addresses []string, reason string, now time.Time) (n int64, err error) {
	for _, one := range addresses {
		_, key, err := ParseAddress(one)
		if err != nil {
			return n, err
		}
		was, err := mail.Suppressed(ctx, tx, key)
		if err != nil {
			return n, err
		}
		if was != "" {
			continue
		}
		if err := Suppress(ctx, tx, key, reason, now); err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}

// LeaveByAdmin is [Leave] by an admin, who says why.
func LeaveByAdmin(ctx context.Context, tx *sql.Tx, subscriber int64, digest, basis string, now time.Time) error {
	if err := leave(ctx, tx, subscriber, digest, basis, Origin{}, now); err != nil {
		return fmt.Errorf("leave %q for subscriber %d: %w", digest, subscriber, err)
	}
	return nil
}
