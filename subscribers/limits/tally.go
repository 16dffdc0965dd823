package limits

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"vestnik/db"
)

// A Tally counts what was refused, by reason, until it is written. A flood of refused forms must not become a flood of
// transactions. The zero Tally is empty; a nil one counts nothing. It is safe for concurrent use.
type Tally struct {
	mu sync.Mutex
	n  map[string]int64
}

// Add counts one. The reasons are few and our own, so the tally stays small.
func (t *Tally) Add(reason string) {
	if t == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.n == nil {
		t.n = map[string]int64{}
	}
	t.n[reason]++
}

// Flush writes what was counted; if that fails, it is kept for the next time.
func (t *Tally) Flush(ctx context.Context, d *db.DB, now time.Time) error {
	if t == nil {
		return nil
	}
	t.mu.Lock()
	taken := t.n
	t.n = nil
	t.mu.Unlock()
	if len(taken) == 0 {
		return nil
	}
	err := d.Tx(ctx, func(tx *sql.Tx) error { return add(ctx, tx, taken, now) })
	if err == nil {
		return nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for reason, n := range t.n {
		taken[reason] += n
	}
	t.n = taken
	return fmt.Errorf("write what was refused: %w", err)
}

func add(ctx context.Context, tx *sql.Tx, taken map[string]int64, now time.Time) error {
	for _, reason := range slices.Sorted(maps.Keys(taken)) { // in one order everywhere, or two nodes would wait for each other
		_, err := tx.ExecContext(ctx, `
			INSERT INTO join_refused (day, reason, n) VALUES ($1, $2, $3)
			ON CONFLICT (day, reason) DO UPDATE SET n = join_refused.n + excluded.n`, dayOf(now), reason, taken[reason])
		if err != nil {
			return err
		}
	}
	return nil
}

// Refused returns how many requests were refused since a time, by reason; days are counted whole, in UTC.
func Refused(ctx context.Context, h db.Handle, since time.Time) (map[string]int64, error) {
	type line struct {
		reason string
		n      int64
	}
	lines, err := db.Collect(ctx, h, func(row *sql.Rows) (l line, err error) { return l, row.Scan(&l.reason, &l.n) },
		`SELECT reason, CAST(SUM(n) AS BIGINT) FROM join_refused WHERE day >= $1 GROUP BY reason`, dayOf(since))
	if err != nil {
		return nil, fmt.Errorf("what was refused: %w", err)
	}
	all := map[string]int64{}
	for _, l := range lines {
		all[l.reason] = l.n
	}
	return all, nil
}

// dayOf is the day in UTC, counted from 1970-01-01.
func dayOf(t time.Time) int64 { return t.Unix() / (24 * 60 * 60) }
