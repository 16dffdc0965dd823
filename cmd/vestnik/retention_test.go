package main

import (
	"context"
	"fmt"
	"testing"
	"time"

	"vestnik/db"
	"vestnik/db/dbtest"
	"vestnik/reads"
)

// TestOfReadsTheDaemonForgetsWhatIsSaidToBeDue puts rows on both sides of each limit, and compares what the command says with
// what housekeeping leaves, at the beginning of a day and at its end.
func TestOfReadsTheDaemonForgetsWhatIsSaidToBeDue(t *testing.T) {
	const day = int64(20_000)
	for _, at := range []time.Duration{0, 24*time.Hour - time.Millisecond} {
		d := dbtest.Open(t)
		now := time.Unix(day*86400, 0).Add(at)
		for i := range int64(4) {
			insert(t, d, `INSERT INTO read_seen (day, article, visitor) VALUES ($1, 1, 1)`, day-i)
			insert(t, d, `INSERT INTO read_hour (article, hour, source, n) VALUES (1, $1, 'web', 1)`, (day-reads.KeepHours)*24+1-i)
			insert(t, d, `INSERT INTO read_filtered (day, reason, n) VALUES ($1, 'robot', 1)`, day-reads.KeepFiltered+1-i)
		}
		clocks, err := addClocks(t.Context(), d, nil, now)
		if err != nil {
			t.Fatal(err)
		}
		due := map[string]int64{}
		for _, c := range clocks {
			due[c.Table] = c.Due
		}
		if err := reads.Housekeep(t.Context(), d, now, now); err != nil {
			t.Fatal(err)
		}
		for _, table := range []string{"read_seen", "read_hour", "read_filtered"} {
			var left int64
			if err := d.QueryRowContext(t.Context(), `SELECT COUNT(*) FROM `+table).Scan(&left); err != nil || left == 4 || left == 0 || due[table] != 4-left {
				t.Errorf("%s after midnight: of four rows of %s %d are left, %v; %d were due", at, table, left, err, due[table])
			}
		}
	}
}

func insert(t *testing.T, d *db.DB, query string, value int64) {
	t.Helper()
	if _, err := d.ExecContext(context.Background(), query, value); err != nil {
		t.Fatal(fmt.Errorf("%s: %w", query, err))
	}
}
