package websub

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"vestnik/db"
)

const (
	maxLoad  = 5000 // rows read from the outbox at a time
	maxAhead = 50   // of them for one host
)

// A lane holds what is due in one table, in a queue for each callback host. A host that answers slowly fills its own queue only.
type lane struct {
	table   string
	alive   string // a condition on its rows; $1 is now
	limit   int    // tasks under way
	perHost int    // of them for one host
	waiting map[string][]int64
	running map[string]int
	busy    int
	known   map[int64]string // the host of each that waits or runs
	more    bool             // the last load did not bring everything
}

func newLane(table, alive string, limit, perHost int) *lane {
	return &lane{table: table, alive: alive, limit: limit, perHost: perHost,
		waiting: map[string][]int64{}, running: map[string]int{}, known: map[int64]string{}}
}

// load reads what is due: the first of every host before the second of any, so that a host with thousands due does not crowd out
// the others.
func (l *lane) load(ctx context.Context, h db.Handle, now time.Time) error {
	type row struct {
		id, place int64
		host      string
	}
	rows, err := db.Collect(ctx, h, func(r *sql.Rows) (one row, err error) {
		err = r.Scan(&one.id, &one.host, &one.place)
		return one, err
	}, `SELECT id, host, place FROM (
			SELECT id, host, due, ROW_NUMBER() OVER (PARTITION BY host ORDER BY due) AS place FROM `+l.table+`
			WHERE due > 0 AND due <= $1`+l.alive+`
		) AS ranked WHERE place <= $2 ORDER BY place, due LIMIT $3`, db.Milli(now), int64(maxAhead), int64(maxLoad))
	if err != nil {
		return err
	}
	l.more = len(rows) == maxLoad
	for _, r := range rows {
		l.more = l.more || r.place == maxAhead
		if _, known := l.known[r.id]; !known {
			l.known[r.id] = r.host
			l.waiting[r.host] = append(l.waiting[r.host], r.id)
		}
	}
	return nil
}

// stuck reports whether there is room, and nothing waits that could use it.
func (l *lane) stuck() bool {
	for host := range l.waiting {
		if l.running[host] < l.perHost {
			return false
		}
	}
	return l.busy < l.limit
}

// pick takes what may start out of the queues, a few of each host, in no order of hosts.
func (l *lane) pick() (ids []int64) {
	for host, queue := range l.waiting {
		n := min(l.perHost-l.running[host], l.limit-l.busy, len(queue))
		if n <= 0 {
			continue
		}
		ids = append(ids, queue[:n]...)
		l.running[host] += n
		l.busy += n
		if l.waiting[host] = queue[n:]; n == len(queue) {
			delete(l.waiting, host)
		}
	}
	return ids
}

// leave makes room again.
func (l *lane) leave(id int64) {
	host := l.known[id]
	delete(l.known, id)
	l.busy--
	if l.running[host]--; l.running[host] == 0 {
		delete(l.running, host)
	}
}

// drop leaves for those that were picked but did not start: another node has them, or they are settled.
func (l *lane) drop(ids []int64, started map[int64]bool) {
	for _, id := range ids {
		if !started[id] {
			l.leave(id)
		}
	}
}

// claim leases the picked rows that are still due, by moving their due time: whoever comes later does not find them.
func claim(ctx context.Context, tx *sql.Tx, fence int64, now time.Time, pushes, verifications []int64) ([]task, error) {
	deliveries, err := lease(ctx, tx, `hub_subscriptions`, `told, owed, owed_since, failures`, fence, now, pushes,
		func(t *task) []any { return []any{&t.told, &t.owed, &t.owedSince, &t.failures} })
	if err != nil {
		return nil, err
	}
	questions, err := lease(ctx, tx, `hub_verifications`, `mode, lease, tries, reason`, fence, now, verifications,
		func(t *task) []any { return []any{&t.mode, &t.lease, &t.tries, &t.denial} })
	return append(deliveries, questions...), err
}

// lease is claim in one table, with the columns that it alone has.
func lease(
	ctx context.Context, tx *sql.Tx, table, columns string, fence int64, now time.Time, ids []int64, own func(t *task) []any,
) ([]task, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	args := []any{fence, db.Milli(now.Add(leased)), db.Milli(now)}
	for _, id := range ids {
		args = append(args, id)
	}
	return db.Collect(ctx, tx, func(row *sql.Rows) (t task, err error) {
		err = row.Scan(append([]any{&t.id, &t.fence, &t.topic, &t.callback, &t.host, &t.secret}, own(&t)...)...)
		return t, err
	}, `UPDATE `+table+` SET fence = $1, due = $2 WHERE due > 0 AND due <= $3 AND id IN (`+db.Placeholders(4, len(ids))+`)
		RETURNING id, fence, topic, callback, host, secret, `+columns, args...)
}

// takeOver ends the leases of a daemon that is dead.
func takeOver(ctx context.Context, h db.Handle, now time.Time) error {
	for _, table := range []string{"hub_subscriptions", "hub_verifications"} {
		if _, err := h.ExecContext(ctx, `UPDATE `+table+` SET due = $1, fence = 0 WHERE fence <> 0 AND due > 0`, db.Milli(now)); err != nil {
			return fmt.Errorf("take over what was under way in %s: %w", table, err)
		}
	}
	return nil
}

// settle writes down what became of tasks.
func settle(ctx context.Context, tx *sql.Tx, done []outcome) error {
	gains := map[gain][]outcome{}
	for _, o := range done {
		var err error
		switch {
		case o.mode != "":
			err = settleVerification(ctx, tx, o)
		case o.verdict == reached:
			g := gain{o.topic, o.told, o.number, o.fence, o.failures == 0}
			gains[g] = append(gains[g], o)
		default:
			err = settleDelivery(ctx, tx, o)
		}
		if err != nil {
			return err
		}
	}
	for g, all := range gains {
		if err := settleReached(ctx, tx, g, all); err != nil {
			return err
		}
	}
	return nil
}
