package subscribers

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"vestnik/db"
	"vestnik/mail"
	"vestnik/subscribers/limits"
)

// Retention says how long is kept what the law does not let us keep for ever. 0 is for ever.
type Retention struct {
	Pending time.Duration // subscriptions that nobody confirms
	Left    time.Duration // readers who have left everything
	Letters time.Duration // the address and the relay's answer of a letter
	Imports time.Duration // where the rejected lines of an import were put, and how far it came
}

// A Clock is a rule of what is forgotten when.
type Clock struct {
	Table  string
	What   string
	After  time.Duration // 0: for ever
	Oldest time.Time     // of what is kept; zero: there is nothing
	Due    int64         // how many are over their time
}

// retainMost is how many rows one call of [Verbs.Retain] forgets of each kind at most; the rest is the next one's.
const retainMost = 50_000

// retainStep is how many subscribers one transaction lapses: on SQLite other writers wait for it.
const retainStep = 100

// Retain forgets what is over its time, in steps that let others write in between. A subscription that nobody has confirmed ends; who
// has none left is erased, and may come back like anybody. Who has left everything is erased as by [Verbs.Erase]. Call it once an hour.
func (v Verbs) Retain(ctx context.Context, d *db.DB, r Retention, now time.Time) error {
	err := Housekeep(ctx, d, now)
	if err == nil && r.Pending > 0 {
		err = v.retainAll(ctx, d, pendingQuery, now.Add(-r.Pending), now, v.lapse)
	}
	if err == nil && r.Left > 0 {
		err = v.retainAll(ctx, d, leftQuery, now.Add(-r.Left), now, v.eraseLeft)
	}
	if err == nil && r.Letters > 0 {
		_, err = mail.ScrubOld(ctx, d, now.Add(-r.Letters), retainMost)
	}
	if err == nil && r.Imports > 0 {
		_, err = d.ExecContext(ctx, `DELETE FROM subscriber_imports WHERE at < $1`, db.Milli(now.Add(-r.Imports)))
	}
	if err != nil {
		return fmt.Errorf("retention: %w", err)
	}
	return nil
}

// What is over its time: $1 is the time before which it began. An import may bring dates of its own, so the log has the last word: who
// did anything since is not due.
const (
	pendingCondition = `u.state = 'pending' AND u.since < $1
			AND NOT EXISTS (SELECT 1 FROM consent AS c WHERE c.subscriber = u.subscriber AND c.at >= $1)`
	leftCondition = `u.state = 'left' AND u.since < $1
			AND NOT EXISTS (SELECT 1 FROM subscriptions AS o WHERE o.subscriber = u.subscriber AND (o.state <> 'left' OR o.since >= $1))
			AND NOT EXISTS (SELECT 1 FROM consent AS c WHERE c.subscriber = u.subscriber AND c.at >= $1)`
	pendingQuery = `SELECT DISTINCT u.subscriber FROM subscriptions AS u WHERE ` + pendingCondition + ` LIMIT $2`
	leftQuery    = `SELECT DISTINCT u.subscriber FROM subscriptions AS u WHERE ` + leftCondition + ` LIMIT $2`
)

// retainAll has one verb forget those whom the query finds, some at a time.
func (v Verbs) retainAll(ctx context.Context, d *db.DB, query string, before, now time.Time, forget func(context.Context, *sql.Tx, int64, time.Time, time.Time) error) error {
	due, err := db.Collect(ctx, d, scanID, query, db.Milli(before), int64(retainMost))
	for err == nil && len(due) > 0 {
		some := due[:min(retainStep, len(due))]
		due = due[len(some):]
		err = d.Tx(ctx, func(tx *sql.Tx) error {
			for _, id := range some {
				if err := forget(ctx, tx, id, before, now); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return err
}

// lapse ends the subscriptions of a subscriber that were asked for before a time and not confirmed, and erases who has no other. No hash
// is kept of an address that somebody else may have typed, and its suppression stays. What was left before it was asked for is left again.
func (v Verbs) lapse(ctx context.Context, tx *sql.Tx, subscriber int64, before, now time.Time) error {
	s, err := hold(ctx, tx, subscriber)
	if err == nil {
		err = lapseAll(ctx, tx, subscriber, before, now)
	}
	if err == nil {
		s, err = Get(ctx, tx, subscriber)
	}
	switch {
	case errors.Is(err, ErrNotFound): // erased meanwhile
		return nil
	case err != nil || len(s.Subscriptions) > 0:
		return err
	}
	if err := agree(ctx, tx, s.ID, "", verbErase, "nobody confirmed", Origin{}, now); err != nil {
		return err
	}
	if err := scrub(ctx, tx, s, now); err != nil {
		return err
	}
	return blank(ctx, tx, s.ID, now)
}

func lapseAll(ctx context.Context, tx *sql.Tx, subscriber int64, before, now time.Time) error {
	const due = `WHERE subscriber = $1 AND state = 'pending' AND since < $2 `
	var lapsed []string
	for _, query := range []string{
		`UPDATE subscriptions SET state = before, before = '' ` + due + `AND before = 'left' RETURNING digest`,
		`DELETE FROM subscriptions ` + due + `RETURNING digest`,
	} {
		some, err := db.Collect(ctx, tx, scanText, query, subscriber, db.Milli(before))
		if err != nil {
			return err
		}
		lapsed = append(lapsed, some...)
	}
	for _, digest := range lapsed {
		if err := agree(ctx, tx, subscriber, digest, verbLapse, "nobody confirmed", Origin{}, now); err != nil {
			return err
		}
		if _, err := mail.Withdraw(ctx, tx, subscriber, digest, mail.ReasonLeft, now); err != nil {
			return err
		}
	}
	return nil
}

// eraseLeft erases who has left everything, unless something has changed.
func (v Verbs) eraseLeft(ctx context.Context, tx *sql.Tx, subscriber int64, before, now time.Time) error {
	s, err := hold(ctx, tx, subscriber)
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, one := range s.Subscriptions {
		if one.State != Left || !one.Since.Before(before) {
			return nil
		}
	}
	return v.Erase(ctx, tx, subscriber, "left long ago", Origin{}, now)
}

// Clocks tells what is kept how long, since when, and how much of it is over its time.
func (r Retention) Clocks(ctx context.Context, h db.Handle, now time.Time) ([]Clock, error) {
	letters, err := r.letters(ctx, h, now)
	if err != nil {
		return nil, err
	}
	all := []Clock{}
	for _, c := range []struct {
		clock  Clock
		oldest string // a query for the time of the oldest
		due    string // one for how many are due, with $1
	}{
		{Clock{Table: "subscriptions", What: "pending ones that nobody confirms", After: r.Pending}, `SELECT COALESCE(MIN(u.since), 0) FROM subscriptions AS u WHERE u.state = 'pending'`,
			`SELECT COUNT(*) FROM subscriptions AS u WHERE ` + pendingCondition},
		{Clock{Table: "subscribers", What: "readers who have left everything", After: r.Left}, `SELECT COALESCE(MIN(u.since), 0) FROM subscriptions AS u WHERE u.state = 'left'
			AND NOT EXISTS (SELECT 1 FROM subscriptions AS o WHERE o.subscriber = u.subscriber AND o.state <> 'left')`,
			`SELECT COUNT(DISTINCT u.subscriber) FROM subscriptions AS u WHERE ` + leftCondition},
		{Clock{Table: "tokens", What: "links of confirmation letters that have expired", After: keepExpired}, `SELECT COALESCE(MIN(expires), 0) FROM tokens`,
			`SELECT COUNT(*) FROM tokens WHERE expires < $1`},
		{Clock{Table: "join_refused", What: "how many requests were refused, by day", After: limits.KeepRefused}, `SELECT COALESCE(MIN(day), 0) * 86400000 FROM join_refused`,
			`SELECT COUNT(*) FROM join_refused WHERE day < CAST($1 AS BIGINT) / 86400000`},
		{Clock{Table: "subscriber_imports", What: "imports, and where their rejected lines are", After: r.Imports}, `SELECT COALESCE(MIN(at), 0) FROM subscriber_imports`,
			`SELECT COUNT(*) FROM subscriber_imports WHERE at < $1`},
	} {
		if err := c.clock.read(ctx, h, c.oldest, c.due, now); err != nil {
			return nil, err
		}
		all = append(all, c.clock)
	}
	return append(all, letters), nil
}

func (r Retention) letters(ctx context.Context, h db.Handle, now time.Time) (c Clock, err error) {
	c = Clock{Table: "letters", What: "addresses and answers of relays; the letters stay", After: r.Letters}
	before := now.Add(-r.Letters)
	if r.Letters == 0 {
		before = time.Time{}
	}
	c.Oldest, c.Due, err = mail.Unscrubbed(ctx, h, before)
	return c, err
}

// ReadClock reads how much there is of a table that a clock is for, for tables of other packages: the query oldest gives Unix
// milliseconds, 0 for nothing, and due a number of rows whose time, in milliseconds, is before $1.
func ReadClock(ctx context.Context, h db.Handle, c Clock, oldest, due string, now time.Time) (Clock, error) {
	err := c.read(ctx, h, oldest, due, now)
	return c, err
}

func (c *Clock) read(ctx context.Context, h db.Handle, oldest, due string, now time.Time) error {
	var at int64
	err := h.QueryRowContext(ctx, oldest).Scan(&at)
	if err == nil && c.After > 0 {
		err = h.QueryRowContext(ctx, due, db.Milli(now.Add(-c.After))).Scan(&c.Due)
	}
	if err != nil {
		return fmt.Errorf("what is kept in %s: %w", c.Table, err)
	}
	c.Oldest = db.Time(at)
	return nil
}
