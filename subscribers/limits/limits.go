// Package limits is in charge of how much strangers can make us send: letters to one address, forms from one network, addresses of
// one domain, all together. It writes the tables join_counts and join_refused; package subscribers alone asks it.
//
// It promises: the limits hold on all nodes together, for requests take turns ([Look] locks) and what was granted is in the
// database; whatever is asked, the table stays small, for a request that is not granted leaves no row, and rows are forgotten
// when their time is over ([Housekeep]). What it answers depends on requests alone and never on what is known of an address, so
// that a limit tells a stranger nothing.
package limits

import (
	"context"
	"fmt"
	"time"

	"vestnik/db"
)

// Limits say how much is too much. An hour is one of the clock; times for an address are counted from each request.
type Limits struct {
	Network int           // forms from one network, a /24 or /48, in an hour
	Domain  int           // requests for addresses of one domain in an hour
	All     int           // requests in an hour
	Again   time.Duration // how long after a request the next one for the same address and digest counts
	Day     int           // requests for one address in 24 hours, over all digests
	Month   int           // the same in 30 days
}

// Defaults suit a publication with some thousand new readers a day.
var Defaults = Limits{Network: 30, Domain: 300, All: 1000, Again: 24 * time.Hour, Day: 3, Month: 10}

const (
	day   = 24 * time.Hour
	month = 30 * day
)

// Reasons why a request is not granted, as they are counted.
const (
	Network = "network" // too many forms from there
	Domain  = "domain"  // too many addresses of that domain
	All     = "total"   // too many requests
	Address = "address" // the address was asked for lately, or too often
)

// A Request is one wish for a confirmation letter.
type Request struct {
	Network string // "203.0.113.0/24"; "" for one that is not known, which has no limit of its own
	Domain  string
	Address string // its keyed hash
	Digest  string
}

// Everybody's rows, and the row whose lock makes requests take turns.
const (
	keyAll  = "all"
	keyLock = "lock"
)

func (r Request) keys() (network, domain, address string) {
	return "net " + r.Network, "domain " + r.Domain, "to " + r.Address
}

// Look locks the counts until tx ends, and returns the reason why the request must not be granted, "" if there is none. [Address]
// is returned only where nothing else forbids the request.
func (l Limits) Look(ctx context.Context, tx db.Handle, r Request, now time.Time) (reason string, err error) {
	if err := lock(ctx, tx); err != nil {
		return "", fmt.Errorf("lock the limits: %w", err)
	}
	network, domain, address := r.keys()
	var all, ofNetwork, ofDomain, again, today, lately int64
	err = tx.QueryRowContext(ctx, `
		SELECT CAST(COALESCE(SUM(CASE WHEN key = $1 AND start >= $5 THEN n END), 0) AS BIGINT),
			CAST(COALESCE(SUM(CASE WHEN key = $2 AND start >= $5 THEN n END), 0) AS BIGINT),
			CAST(COALESCE(SUM(CASE WHEN key = $3 AND start >= $5 THEN n END), 0) AS BIGINT),
			CAST(COALESCE(SUM(CASE WHEN key = $4 AND digest = $6 AND start > $7 THEN n END), 0) AS BIGINT),
			CAST(COALESCE(SUM(CASE WHEN key = $4 AND start > $8 THEN n END), 0) AS BIGINT),
			CAST(COALESCE(SUM(CASE WHEN key = $4 AND start > $9 THEN n END), 0) AS BIGINT)
		FROM join_counts
		WHERE key IN ($1, $2, $3, $4)`,
		keyAll, network, domain, address, hourOf(now), r.Digest, db.Milli(now.Add(-l.Again)), db.Milli(now.Add(-day)), db.Milli(now.Add(-month)),
	).Scan(&all, &ofNetwork, &ofDomain, &again, &today, &lately)
	switch {
	case err != nil:
		return "", fmt.Errorf("look at the limits: %w", err)
	case r.Network != "" && ofNetwork >= int64(l.Network):
		return Network, nil
	case ofDomain >= int64(l.Domain):
		return Domain, nil
	case all >= int64(l.All):
		return All, nil
	case again > 0 || today >= int64(l.Day) || lately >= int64(l.Month):
		return Address, nil
	}
	return "", nil
}

// lock lets one request at a time look and count. A row that everybody changes is the only lock that both engines know.
func lock(ctx context.Context, tx db.Handle) error {
	_, err := tx.ExecContext(ctx, `
		INSERT INTO join_counts (key, digest, start, n, until) VALUES ($1, '', 0, 0, $2)
		ON CONFLICT (key, digest, start) DO UPDATE SET until = excluded.until`, keyLock, int64(1)<<62)
	return err
}

// Count counts a request that was granted.
func (l Limits) Count(ctx context.Context, tx db.Handle, r Request, now time.Time) error {
	network, domain, address := r.keys()
	hour := hourOf(now)
	over, gone := db.Milli(now.Add(2*time.Hour)), db.Milli(now.Add(max(month, l.Again)))
	_, err := tx.ExecContext(ctx, `
		INSERT INTO join_counts (key, digest, start, n, until)
		VALUES ($1, '', $5, 1, $6), ($2, '', $5, 1, $6), ($3, '', $5, 1, $6), ($4, $7, $8, 1, $9)
		ON CONFLICT (key, digest, start) DO UPDATE SET n = join_counts.n + 1`,
		keyAll, network, domain, address, hour, over, r.Digest, db.Milli(now), gone)
	if err != nil {
		return fmt.Errorf("count a request: %w", err)
	}
	return nil
}

// Forget forgets what was asked for an address, whose owner has now been heard.
func Forget(ctx context.Context, h db.Handle, address string) error {
	if _, err := h.ExecContext(ctx, `DELETE FROM join_counts WHERE key = $1`, "to "+address); err != nil {
		return fmt.Errorf("forget the requests for an address: %w", err)
	}
	return nil
}

// hourOf is the beginning of the hour.
func hourOf(now time.Time) int64 { return db.Milli(now.UTC().Truncate(time.Hour)) }

// KeepRefused is how long is kept what was refused on a day: numbers, and nothing of whom.
const KeepRefused = 400 * day

// Housekeep forgets what is over. Call it once an hour.
func Housekeep(ctx context.Context, h db.Handle, now time.Time) error {
	_, err := h.ExecContext(ctx, `DELETE FROM join_counts WHERE until < $1`, db.Milli(now))
	if err == nil {
		_, err = h.ExecContext(ctx, `DELETE FROM join_refused WHERE day < $1`, dayOf(now.Add(-KeepRefused)))
	}
	if err != nil {
		return fmt.Errorf("forget old requests to join: %w", err)
	}
	return nil
}
