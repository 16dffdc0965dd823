package mail

import (
	"context"
	"database/sql"
	"slices"
	"time"

	"vestnik/db"
)

// lifetime is how long a node counts as alive after its last beat. One that is silent for longer loses its letters to
// the others, and must not begin to send one any more.
const lifetime = 15 * time.Second

// beatEvery is the interval of beats.
const beatEvery = 3 * time.Second

// unmoved is for how long a node's row must have stood still before our eyes, beside being out of date, for the node to
// count as lost: clocks of two machines may differ by more than a lifetime, and a node that beats is alive.
const unmoved = 2*beatEvery + beatEvery/2

// beat says that this node is alive for another 15 seconds.
func (s *Sender) beat(ctx context.Context, now time.Time) error {
	began := time.Now()
	_, err := s.db.ExecContext(ctx, `
		INSERT INTO nodes (id, name, alive) VALUES ($1, $2, $3)
		ON CONFLICT (id) DO UPDATE SET alive = excluded.alive`, s.node, db.Text(s.name), db.Milli(now.Add(lifetime)))
	if err != nil {
		return wrap(err, "tell that node %s is alive", s.name)
	}
	s.mu.Lock()
	s.beaten, s.alive = now, began.Add(lifetime)
	s.mu.Unlock()
	return nil
}

// beatIfDue keeps the promise of [Sender.beat] for those who call Round without Run.
func (s *Sender) beatIfDue(ctx context.Context, now time.Time) error {
	s.mu.Lock()
	due := s.beaten.IsZero() || now.Sub(s.beaten) >= beatEvery || time.Until(s.alive) <= lifetime-beatEvery
	s.mu.Unlock()
	if !due {
		return nil
	}
	return s.beat(ctx, now)
}

// lapsed reports whether others may have taken this node's letters over.
func (s *Sender) lapsed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return !time.Now().Before(s.alive)
}

// leave removes this node's row. Letters that it still holds are taken over by the next [Sender.Recover].
func (s *Sender) leave(ctx context.Context) error {
	_, err := s.db.ExecContext(ctx, `DELETE FROM nodes WHERE id = $1`, s.node)
	s.mu.Lock()
	s.beaten, s.alive = time.Time{}, time.Time{}
	s.mu.Unlock()
	return wrap(err, "leave")
}

// TakeOver is [Sender.Recover] for the only daemon of a SQLite file: it holds the file's lock, so every other node is
// dead, also one that promised to be alive a second ago.
func (s *Sender) TakeOver(ctx context.Context, now time.Time) (int64, error) {
	if _, err := s.db.ExecContext(ctx, `DELETE FROM nodes WHERE id <> $1`, s.node); err != nil {
		return 0, wrap(err, "take over from other nodes")
	}
	return s.Recover(ctx, now)
}

// Recover takes over the letters of nodes that are gone, and those that a broken-off round of this node left behind,
// and returns how many. Leased ones are queued again. Those in flight are in doubt: the digest's policy queues them
// again, with one doubt more, or leaves them.
func (s *Sender) Recover(ctx context.Context, now time.Time) (int64, error) {
	lost, err := s.lost(ctx, now)
	if err != nil {
		return 0, wrap(err, "look for lost nodes")
	}
	var taken int64
	err = s.db.Tx(ctx, func(tx *sql.Tx) error {
		taken = 0
		for _, n := range lost { // unless it has come back just now
			if _, err := tx.ExecContext(ctx, `DELETE FROM nodes WHERE id = $1 AND alive = $2`, n.id, n.alive); err != nil {
				return err
			}
		}
		orphans, err := s.orphans(ctx, tx)
		if err != nil {
			return err
		}
		for _, o := range orphans {
			n, err := s.takeOver(ctx, tx, o, now)
			if err != nil {
				return err
			}
			taken += n
		}
		return nil
	})
	return taken, wrap(err, "take over letters of lost nodes")
}

// A sighting is what another node's row said, and since when.
type sighting struct {
	id, alive int64
	since     time.Time
}

// lost returns the nodes whose rows are out of date and have not moved for a while.
func (s *Sender) lost(ctx context.Context, now time.Time) ([]sighting, error) {
	rows, err := db.Collect(ctx, s.db, func(row *sql.Rows) (n sighting, err error) {
		err = row.Scan(&n.id, &n.alive)
		return n, err
	}, `SELECT id, alive FROM nodes WHERE id <> $1`, s.node)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	before := s.seen
	s.seen = map[int64]sighting{}
	var lost []sighting
	for _, n := range rows {
		if n.since = now; before[n.id].alive == n.alive {
			n.since = before[n.id].since
		}
		s.seen[n.id] = n
		if n.alive <= db.Milli(now) && now.Sub(n.since) >= unmoved {
			lost = append(lost, n)
		}
	}
	return lost, nil
}

// An orphan is a lease whose holder is gone; the digest decides about its letters in flight.
type orphan struct {
	owner, fence int64
	kind, digest string
}

const orphansQuery = `
	SELECT DISTINCT owner, fence, kind, digest FROM letters
	WHERE owner > 0 AND (owner = $1 OR owner NOT IN (SELECT id FROM nodes))`

func (s *Sender) orphans(ctx context.Context, tx *sql.Tx) ([]orphan, error) {
	all, err := db.Collect(ctx, tx, func(row *sql.Rows) (o orphan, err error) {
		err = row.Scan(&o.owner, &o.fence, &o.kind, &o.digest)
		return o, err
	}, orphansQuery, s.node)
	return slices.DeleteFunc(all, func(o orphan) bool { return o.owner == s.node && s.holds(o.fence) }), err
}

func (s *Sender) takeOver(ctx context.Context, tx *sql.Tx, o orphan, now time.Time) (int64, error) {
	const whose = ` WHERE owner = $1 AND owner > 0 AND fence = $2 AND kind = $3 AND digest = $4 AND `
	leased, err := db.Affected(tx.ExecContext(ctx, `
		UPDATE letters SET state = CASE WHEN attempt > 0 THEN 'deferred' ELSE 'queued' END, due = $5, owner = 0, fence = 0`+
		whose+`state = 'leased'`, o.owner, o.fence, o.kind, o.digest, max(db.Milli(now), 1)))
	if err != nil {
		return 0, err
	}
	limit := int64(maxDoubts)
	if s.policy(o.kind, o.digest) == PolicySkip {
		limit = 0
	}
	resent, err := db.Affected(tx.ExecContext(ctx, `
		UPDATE letters SET state = 'queued', reason = CAST($6 AS TEXT), due = $5, doubts = doubts + 1, owner = 0, fence = 0`+
		whose+`state = 'in_flight' AND doubts + 1 < $7`, o.owner, o.fence, o.kind, o.digest, max(db.Milli(now), 1), ReasonResent, limit))
	if err != nil {
		return 0, err
	}
	left, err := db.Affected(tx.ExecContext(ctx, `
		UPDATE letters SET state = 'in_doubt', reason = 'in doubt: the daemon ended while it was being sent', due = 0, done = $5,
			doubts = doubts + 1, owner = 0, fence = 0`+
		whose+`state = 'in_flight'`, o.owner, o.fence, o.kind, o.digest, db.Milli(now)))
	return leased + resent + left, err
}
