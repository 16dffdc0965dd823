package mail

import (
	"context"
	"fmt"
	"time"

	"vestnik/db"
)

// Enqueue writes l down as queued and reports whether it did: false means that the key exists already, and nothing
// changed. The master copy (Ref, Revision, Variant) must be there by the time of sending.
func Enqueue(ctx context.Context, h db.Handle, l Letter, now time.Time) (bool, error) {
	if kindCode(l.Kind) == 0 {
		return false, fmt.Errorf("enqueue letter %s: unknown kind", l.Name())
	}
	if l.Address != "" {
		address, err := Address(l.Address)
		if err != nil {
			return false, fmt.Errorf("enqueue letter %s: %w", l.Name(), err)
		}
		l.Address = address
	}
	if l.Recipient == 0 && l.Address == "" {
		return false, fmt.Errorf("enqueue letter %s: it has neither a subscriber nor an address", l.Name())
	}
	added, err := db.Changed(ctx, h, `
		INSERT INTO letters (kind, ref, recipient, state, reason, digest, variant, revision, lane, address, private,
			due, not_before, expires, attempt, doubts, owner, fence, reply, made, flown, done)
		VALUES ($1, $2, $3, 'queued', '', $4, $5, $6, $7, $8, $9, $10, $11, $12, 0, 0, 0, 0, '', $13, 0, 0)
		ON CONFLICT (kind, ref, recipient) DO NOTHING`,
		l.Kind, l.Ref, l.Recipient, l.Digest, l.Variant, l.Revision, l.lane(), l.Address, l.Private,
		dueAt(l.NotBefore, now), db.Milli(l.NotBefore), db.Milli(l.Expires), db.Milli(now))
	return added, wrap(err, "enqueue letter %s", l.Name())
}

func dueAt(notBefore, now time.Time) int64 { return max(db.Milli(notBefore), db.Milli(now), 1) }

// Filling is what the letters of an edition have in common.
type Filling struct {
	Kind      string
	Ref       int64
	Digest    string
	Revision  int64
	NotBefore time.Time
	Expires   time.Time
}

// Fill enqueues a letter for everybody whom audience selects and returns how many are new. Audience is a SELECT with
// the columns subscriber (BIGINT), variant (TEXT), and not_before and expires (BIGINT, milliseconds), both 0 for who takes the
// filling's; it uses the parameters $1 … $len(args). No row goes through Go. Called again, it adds only those who have no letter yet.
func Fill(ctx context.Context, h db.Handle, f Filling, audience string, args []any, now time.Time) (int64, error) {
	if kindCode(f.Kind) == 0 {
		return 0, fmt.Errorf("fill the ledger for %d: unknown kind %q", f.Ref, f.Kind)
	}
	n := len(args)
	p := func(i int, kind string) string { return fmt.Sprintf("CAST($%d AS %s)", n+i, kind) }
	own := func(column, common string) string {
		return `CASE WHEN a.not_before > 0 THEN ` + column + ` ELSE ` + common + ` END`
	}
	query := `
		INSERT INTO letters (kind, ref, recipient, state, reason, digest, variant, revision, lane, address, private,
			due, not_before, expires, attempt, doubts, owner, fence, reply, made, flown, done)
		SELECT ` + p(1, "TEXT") + `, ` + p(2, "BIGINT") + `, a.subscriber, 'queued', '', ` + p(3, "TEXT") + `, a.variant, ` +
		p(4, "BIGINT") + `, ` + p(5, "TEXT") + `, '', '', ` +
		`CASE WHEN a.not_before > ` + p(6, "BIGINT") + ` THEN a.not_before ELSE ` + p(6, "BIGINT") + ` END, ` +
		own("a.not_before", p(7, "BIGINT")) + `, ` + own("a.expires", p(8, "BIGINT")) + `, 0, 0, 0, 0, '', ` + p(9, "BIGINT") + `, 0, 0
		FROM (` + audience + `) AS a
		WHERE a.subscriber > 0
		ON CONFLICT (kind, ref, recipient) DO NOTHING`
	all := append(append([]any{}, args...), f.Kind, f.Ref, f.Digest, f.Revision, laneOf(f.Kind),
		dueAt(f.NotBefore, now), db.Milli(f.NotBefore), db.Milli(f.Expires), db.Milli(now))
	added, err := db.Affected(h.ExecContext(ctx, query, all...))
	return added, wrap(err, "fill the ledger for %s %d", f.Kind, f.Ref)
}

const withdrawQuery = `
	UPDATE letters SET state = 'suppressed', reason = $4, due = 0, owner = 0, fence = 0, done = $1
	WHERE recipient = $2 AND ($3 = '' OR digest = $3) AND state IN ('queued', 'leased', 'deferred')`

// Reasons of letters that were withdrawn.
const (
	ReasonLeft       = "left"
	ReasonPaused     = "paused"
	ReasonSuppressed = "suppressed"
)

// Withdraw suppresses the subscriber's letters of the digest ("" for all) that have not begun to be sent, and returns
// how many. It takes effect at once, also in the middle of a send: a letter that a sender has leased loses its lease.
func Withdraw(ctx context.Context, h db.Handle, subscriber int64, digest, reason string, now time.Time) (int64, error) {
	if subscriber <= 0 {
		return 0, nil // 0 stands for every bare address
	}
	n, err := db.Affected(h.ExecContext(ctx, withdrawQuery, db.Milli(now), subscriber, digest, reason))
	return n, wrap(err, "withdraw letters of subscriber %d", subscriber)
}

// WithdrawKind is [Withdraw] for the subscriber's letters of one kind, whatever they are about.
func WithdrawKind(ctx context.Context, h db.Handle, kind string, subscriber int64, reason string, now time.Time) (int64, error) {
	if subscriber <= 0 {
		return 0, nil
	}
	n, err := db.Affected(h.ExecContext(ctx, withdrawQuery+` AND kind = $5`, db.Milli(now), subscriber, "", reason, kind))
	return n, wrap(err, "withdraw %s letters of subscriber %d", kind, subscriber)
}

// Restore queues the subscriber's letters of the digest ("" for all) again that [Withdraw] took back for the reason since the given
// time, and returns how many. Those that would come too late stay, and so do those of editions that are finished. Call it in a transaction.
func Restore(ctx context.Context, h db.Handle, subscriber int64, digest, reason string, since, now time.Time) (int64, error) {
	if subscriber <= 0 {
		return 0, nil
	}
	// The lock of the editions' rows, or one could be marked as finished while a letter of it is queued again.
	_, err := h.ExecContext(ctx, `
		UPDATE editions SET state = state
		WHERE state <> 'finished' AND id IN (SELECT ref FROM letters WHERE recipient = $1 AND kind = 'digest' AND state = 'suppressed')`, subscriber)
	if err != nil {
		return 0, wrap(err, "restore letters of subscriber %d", subscriber)
	}
	n, err := db.Affected(h.ExecContext(ctx, `
		UPDATE letters SET state = 'queued', reason = '', done = 0, due = CASE WHEN not_before > $1 THEN not_before ELSE $1 END
		WHERE recipient = $2 AND ($3 = '' OR digest = $3) AND `+toListOnly+` AND state = 'suppressed' AND reason = $4 AND done >= $5
			AND (expires = 0 OR expires > $1) AND (kind <> 'digest' OR ref IN (SELECT id FROM editions WHERE state <> 'finished'))`,
		db.Milli(now), subscriber, digest, reason, db.Milli(since)))
	return n, wrap(err, "restore letters of subscriber %d", subscriber)
}

// Retry queues a failed or doubtful letter again, with all its attempts before it. A letter in doubt may then arrive
// twice, with the same Message-ID and bytes; one that failed takes its edition's present revision. One that would come too late is
// refused. An edition that was finished is not any more: see digest.Reopen.
func Retry(ctx context.Context, h db.Handle, name string, now time.Time) error {
	k, err := ParseKey(name)
	if err != nil {
		return err
	}
	changed, err := db.Changed(ctx, h, `
		UPDATE letters SET state = 'queued', reason = 'retried by hand', due = $1, attempt = 0, done = 0,
			revision = CASE WHEN state = 'failed' AND doubts = 0 AND kind = 'digest' AND `+outdated+`
				THEN (SELECT e.revision FROM editions AS e WHERE e.id = letters.ref) ELSE revision END
		WHERE kind = $2 AND ref = $3 AND recipient = $4 AND state IN ('failed', 'in_doubt') AND (expires = 0 OR expires > $5)`,
		dueAt(time.Time{}, now), k.Kind, k.Ref, k.Recipient, db.Milli(now))
	if err != nil || changed {
		return wrap(err, "retry letter %s", name)
	}
	l, err := Show(ctx, h, name)
	switch {
	case err != nil:
		return err
	case l.State == StateFailed || l.State == StateInDoubt:
		return fmt.Errorf("retry letter %s: it was not to be sent after %s", name, l.Expires.UTC().Format(time.RFC3339))
	}
	return fmt.Errorf("retry letter %s: it is %s, and only failed and in_doubt letters can be retried", name, l.State)
}
