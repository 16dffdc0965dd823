package consent

import (
	"context"
	"database/sql"
	"fmt"
	"strconv"
	"time"

	"vestnik/db"
)

// A Tally is how many lines of a verb there are of the quarter of an hour that begins at At: no zone is off by less.
type Tally struct {
	At   time.Time
	Verb string
	N    int64
}

const quarter = 15 * 60 * 1000 // milliseconds

// Tallies counts the lines from since to now, by quarters of an hour and verbs, in no order.
func Tallies(ctx context.Context, h db.Handle, since, now time.Time) ([]Tally, error) {
	made := since // ids are made by the clock, whatever time a line is given
	if clock := time.Now().Add(since.Sub(now)); clock.Before(made) {
		made = clock
	}
	all, err := db.Collect(ctx, h, func(row *sql.Rows) (t Tally, err error) {
		var at int64
		err = row.Scan(&at, &t.Verb, &t.N)
		t.At = db.Time(at * quarter)
		return t, err
	}, `SELECT c.quarter, c.verb, COUNT(*)
		FROM (SELECT at / `+strconv.Itoa(quarter)+` AS quarter, verb FROM consent WHERE id >= $1 AND at >= $2) AS c
		GROUP BY c.quarter, c.verb`, db.FirstID(made), db.Milli(since))
	if err != nil {
		return nil, fmt.Errorf("count lines of consent: %w", err)
	}
	return all, nil
}
