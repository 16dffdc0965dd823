package mail

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"time"

	"vestnik/db"
)

// claimQuery leases what is due in a lane: $1 node, $2 fence, $3 lane, $4 now, $5 how many. The repeated "due > 0" lets
// SQLite use its partial index, and keeps a letter that another node leased meanwhile out on PostgreSQL.
func claimQuery(engine string) string {
	skip := ""
	if engine == "postgres" { // engine variant: nodes take different letters instead of waiting for each other
		skip = " FOR UPDATE SKIP LOCKED"
	}
	return `
		WITH ready AS MATERIALIZED (
			SELECT kind, ref, recipient FROM letters WHERE lane = $3 AND due > 0 AND due <= $4 ORDER BY due LIMIT $5` + skip + `)
		UPDATE letters SET state = 'leased', owner = $1, fence = $2, due = 0
		WHERE (kind, ref, recipient) IN (SELECT kind, ref, recipient FROM ready) AND due > 0 AND due <= $4`
}

// claim leases up to limit letters of the lane under fence, and settles at once those that must not be sent any more.
// It returns the letters to send, in the order they were due, and how many were looked at.
func (s *Sender) claim(
	ctx context.Context, now time.Time, lane string, fence int64, limit int,
) (letters []Letter, claimed int64, err error) {
	if waiting, err := s.waiting(ctx, now, lane); err != nil || !waiting {
		return nil, 0, err
	}
	if err := s.beatIfDue(ctx, now); err != nil {
		return nil, 0, err
	}
	err = s.db.Tx(ctx, func(tx *sql.Tx) error {
		letters, claimed = nil, 0
		var pauses int64
		err := tx.QueryRowContext(ctx, `SELECT COUNT(*) FROM mail_pause WHERE lane = 'all' OR lane = $1`, lane).Scan(&pauses)
		if err != nil || pauses > 0 {
			return err
		}
		claimed, err = db.Affected(tx.ExecContext(ctx, claimQuery(s.db.Engine), s.node, fence, lane, db.Milli(now), limit))
		if err != nil || claimed == 0 {
			return err
		}
		letters, err = s.recheck(ctx, tx, now, fence)
		return err
	})
	return letters, claimed, wrap(err, "lease letters of lane %s", lane)
}

const waitingQuery = `SELECT 1 FROM letters WHERE lane = $1 AND due > 0 AND due <= $2 LIMIT 1`

// waiting looks for work without taking the writer's lock: an idle daemon writes nothing.
func (s *Sender) waiting(ctx context.Context, now time.Time, lane string) (bool, error) {
	var one int64
	err := s.db.QueryRowContext(ctx, waitingQuery, lane, db.Milli(now)).Scan(&one)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return err == nil, wrap(err, "look for due letters of lane %s", lane)
}

// claimOne leases one letter, whatever its time and lane, unless it has begun to be sent.
func (s *Sender) claimOne(ctx context.Context, now time.Time, k Key, fence int64) (letters []Letter, err error) {
	err = s.db.Tx(ctx, func(tx *sql.Tx) error {
		letters = nil
		changed, err := db.Changed(ctx, tx, `
			UPDATE letters SET state = 'leased', owner = $1, fence = $2, due = 0
			WHERE kind = $3 AND ref = $4 AND recipient = $5 AND state IN ('queued', 'deferred')`,
			s.node, fence, k.Kind, k.Ref, k.Recipient)
		if err != nil || !changed {
			return err
		}
		letters, err = s.recheck(ctx, tx, now, fence)
		return err
	})
	return letters, wrap(err, "lease letter %s", k)
}

const (
	// settleQuery settles leased letters of $1 node and $2 fence; a condition follows. "owner > 0" is for SQLite, which
	// uses a partial index only where the statement repeats its condition.
	settleQuery = `
		UPDATE letters SET state = CAST($3 AS TEXT), reason = CAST($4 AS TEXT), done = $5, owner = 0, fence = 0
		WHERE owner = $1 AND owner > 0 AND fence = $2 AND `
	toListOnly  = `kind IN ('digest', 'correction')` // as toList
	leasedQuery = `SELECT COALESCE(u.agreed, 0), COALESCE(u.place, ''), ` + columns + `
		LEFT JOIN subscriptions AS u ON u.subscriber = l.recipient AND u.digest = l.digest
		WHERE l.owner = $1 AND l.owner > 0 AND l.fence = $2`
	releaseQuery = `
		UPDATE letters SET state = CASE WHEN attempt > 0 THEN 'deferred' ELSE 'queued' END,
			reason = CASE WHEN CAST($3 AS TEXT) = '' THEN reason ELSE CAST($3 AS TEXT) END, due = $4, owner = 0, fence = 0
		WHERE owner = $1 AND owner > 0 AND fence = $2 AND state = 'leased'`
)

// recheck settles what became too late, unwanted or forbidden since the letters were enqueued, so that leaving and
// suppression take effect in the middle of a send, and returns the rest, each with its edition's present revision.
func (s *Sender) recheck(ctx context.Context, tx *sql.Tx, now time.Time, fence int64) ([]Letter, error) {
	for _, c := range []struct{ state, reason, where string }{
		{StateExpired, "too late", `expires > 0 AND expires <= $5`},
		{StateSuppressed, ReasonPaused, toListOnly + ` AND EXISTS (SELECT 1 FROM subscriptions
			WHERE subscriber = letters.recipient AND digest = letters.digest AND state = 'paused')`},
		{StateSuppressed, ReasonLeft, toListOnly + ` AND NOT EXISTS (SELECT 1 FROM subscriptions
			WHERE subscriber = letters.recipient AND digest = letters.digest AND state = 'active')`},
	} {
		if _, err := tx.ExecContext(ctx, settleQuery+c.where, s.node, fence, c.state, c.reason, db.Milli(now)); err != nil {
			return nil, err
		}
	}
	if _, err := tx.ExecContext(ctx, presentQuery, s.node, fence); err != nil {
		return nil, err
	}
	leased, err := db.Collect(ctx, tx, scanLeased, leasedQuery+` ORDER BY l.ref, l.recipient`, s.node, fence)
	if err != nil {
		return nil, err
	}
	reasons, err := suppressions(ctx, tx, leased)
	if err != nil {
		return nil, err
	}
	var letters []Letter
	for _, l := range leased {
		reason, stopped := reasons[strings.ToLower(l.Address)]
		if !stopped {
			letters = append(letters, l)
			continue
		}
		_, err := tx.ExecContext(ctx, settleQuery+`kind = $6 AND ref = $7 AND recipient = $8`,
			s.node, fence, StateSuppressed, reason, db.Milli(now), l.Kind, l.Ref, l.Recipient)
		if err != nil {
			return nil, err
		}
	}
	return letters, nil
}

// scanLeased reads a row of leasedQuery.
func scanLeased(row *sql.Rows) (Letter, error) {
	var agreed int64
	var place string
	l, err := scanLetterAfter(row, &agreed, &place)
	l.Agreed, l.Place = db.Time(agreed), place
	return l, err
}

// suppressions returns why those of the letters' addresses must not be mailed, by address in lower case. A letter
// whose subscriber is gone has no address any more.
func suppressions(ctx context.Context, tx *sql.Tx, letters []Letter) (map[string]string, error) {
	reasons := map[string]string{"": "left"}
	if len(letters) == 0 {
		return reasons, nil
	}
	keys := make([]any, len(letters))
	for i, l := range letters {
		keys[i] = strings.ToLower(l.Address) // folded here: a database folds by its own locale
	}
	_, err := db.Collect(ctx, tx, func(row *sql.Rows) (struct{}, error) {
		var key, reason string
		err := row.Scan(&key, &reason)
		reasons[key] = reason
		return struct{}{}, err
	}, `SELECT email_key, reason FROM suppressions WHERE email_key IN (`+db.Placeholders(1, len(keys))+`)`, keys...)
	return reasons, err
}

// release returns the leases of fence that were not used. Without a reason the letters keep the one that they had.
func (s *Sender) release(ctx context.Context, now time.Time, fence int64, reason string) (int64, error) {
	n, err := db.Affected(s.db.ExecContext(context.WithoutCancel(ctx), releaseQuery, s.node, fence, reason, max(db.Milli(now), 1)))
	return n, wrap(err, "return leased letters")
}
