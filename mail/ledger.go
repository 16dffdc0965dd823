package mail

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"vestnik/db"
)

// A Balance is how many letters are in which state. Leased letters count as queued. Recipients is the sum, always.
type Balance struct {
	Kind       string
	Digest     string
	Ref        int64 // the edition; 0 in a sum over a kind
	Recipients int64
	Queued     int64
	InFlight   int64
	Sent       int64
	Deferred   int64
	Failed     int64
	Suppressed int64
	Expired    int64
	InDoubt    int64
}

// Settled reports whether nothing is left to be sent: the edition is finished.
func (b Balance) Settled() bool { return b.Queued+b.InFlight+b.Deferred == 0 }

func (b *Balance) add(state string, n int64) {
	b.Recipients += n
	switch state {
	case StateQueued, StateLeased:
		b.Queued += n
	case StateInFlight:
		b.InFlight += n
	case StateSent:
		b.Sent += n
	case StateDeferred:
		b.Deferred += n
	case StateFailed:
		b.Failed += n
	case StateSuppressed:
		b.Suppressed += n
	case StateExpired:
		b.Expired += n
	case StateInDoubt:
		b.InDoubt += n
	}
}

func (b Balance) sum() int64 {
	return b.Queued + b.InFlight + b.Sent + b.Deferred + b.Failed + b.Suppressed + b.Expired + b.InDoubt
}

// BalanceOf counts the letters of one ref.
func BalanceOf(ctx context.Context, h db.Handle, kind string, ref int64) (Balance, error) {
	all, err := balances(ctx, h, `
		SELECT kind, digest, ref, state, COUNT(*) FROM letters WHERE kind = $1 AND ref = $2
		GROUP BY kind, digest, ref, state ORDER BY ref`, kind, ref)
	if err != nil || len(all) == 0 {
		return Balance{Kind: kind, Ref: ref}, wrap(err, "balance of %s %d", kind, ref)
	}
	return all[0], nil
}

// Balances counts the letters of every edition, oldest first.
func Balances(ctx context.Context, h db.Handle) ([]Balance, error) {
	all, err := balances(ctx, h, `
		SELECT kind, digest, ref, state, COUNT(*) FROM letters WHERE kind = 'digest'
		GROUP BY kind, digest, ref, state ORDER BY ref`)
	return all, wrap(err, "balances")
}

// KindBalances counts all letters by kind: confirmations and tests have no edition to be counted under.
func KindBalances(ctx context.Context, h db.Handle) ([]Balance, error) {
	all, err := balances(ctx, h, `
		SELECT kind, '', 0, state, COUNT(*) FROM letters GROUP BY kind, state ORDER BY kind`)
	return all, wrap(err, "balances by kind")
}

// balances folds rows of (kind, digest, ref, state, n) that are ordered by what a balance is about.
func balances(ctx context.Context, h db.Handle, query string, args ...any) ([]Balance, error) {
	var all []Balance
	_, err := db.Collect(ctx, h, func(row *sql.Rows) (struct{}, error) {
		var b Balance
		var state string
		var n int64
		if err := row.Scan(&b.Kind, &b.Digest, &b.Ref, &state, &n); err != nil {
			return struct{}{}, err
		}
		if i := len(all) - 1; i < 0 || all[i].Kind != b.Kind || all[i].Ref != b.Ref {
			all = append(all, b)
		}
		all[len(all)-1].add(state, n)
		return struct{}{}, nil
	}, query, args...)
	return all, err
}

// A Verification is a balance recomputed from the letters, and what does not add up.
type Verification struct {
	Balance  Balance
	Problems []string // empty: all is well
}

// checks are what must hold for every letter, at any moment. Each counts the letters that break it.
var checks = []struct{ sentence, where string }{
	{"in a state that does not exist", `state NOT IN ('queued', 'leased', 'in_flight',
		'sent', 'failed', 'deferred', 'in_doubt', 'suppressed', 'expired')`},
	{"sent without the relay's answer", `state = 'sent' AND (reply = '' OR done = 0)`},
	{"waiting, but never due", `state IN ('queued', 'deferred') AND due = 0`},
	{"settled, but still due or owned", `state IN ('sent', 'failed', 'in_doubt', 'suppressed', 'expired') AND (due > 0 OR owner > 0)`},
	{"leased or in flight without an owner", `state IN ('leased', 'in_flight') AND (owner = 0 OR fence = 0)`},
	{"sent more often than attempted", `state IN ('sent', 'in_flight') AND attempt = 0`},
	{"sent, but still holding a confirmation token", `state = 'sent' AND private <> ''`},
}

// Verify recomputes the balance of an edition and checks every letter of it.
func Verify(ctx context.Context, h db.Handle, ref int64) (Verification, error) {
	b, err := BalanceOf(ctx, h, KindDigest, ref)
	if err != nil {
		return Verification{}, err
	}
	v := Verification{Balance: b}
	var rows, recipients int64
	err = h.QueryRowContext(ctx, `SELECT COUNT(*) FROM letters WHERE kind = 'digest' AND ref = $1`, ref).Scan(&rows)
	if err != nil {
		return v, wrap(err, "verify edition %d", ref)
	}
	if rows != b.sum() || rows != b.Recipients {
		v.Problems = append(v.Problems, fmt.Sprintf("%d letters, but the states add up to %d", rows, b.sum()))
	}
	var state string
	err = h.QueryRowContext(ctx, `SELECT state, recipients FROM editions WHERE id = $1`, ref).Scan(&state, &recipients)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return v, wrap(err, "verify edition %d", ref)
	}
	if err == nil && state != "enqueuing" && recipients != rows {
		v.Problems = append(v.Problems, fmt.Sprintf("%d letters, but the edition has %d recipients", rows, recipients))
	}
	for _, c := range checks {
		var n int64
		err := h.QueryRowContext(ctx, `SELECT COUNT(*) FROM letters WHERE kind = 'digest' AND ref = $1 AND `+c.where, ref).Scan(&n)
		if err != nil {
			return v, wrap(err, "verify edition %d", ref)
		}
		if n > 0 {
			v.Problems = append(v.Problems, fmt.Sprintf("%d letters %s", n, c.sentence))
		}
	}
	return v, nil
}

// ListFilter chooses letters; empty fields choose all.
type ListFilter struct {
	State  string // queued includes leased; in_doubt includes those sent again after a doubtful end
	Kind   string
	Digest string
	Ref    int64
	Limit  int // 0: a thousand
}

// columns are a letter's, in the order that scanLetter reads. Where the address is not fixed yet, it is the subscriber's.
const columns = `l.kind, l.ref, l.recipient, l.state, l.reason, l.digest, l.variant, l.revision,
	CASE WHEN l.address = '' THEN COALESCE(s.email, '') ELSE l.address END, l.private,
	l.due, l.not_before, l.expires, l.attempt, l.doubts, l.fence, l.reply, l.made, l.flown, l.done
	FROM letters AS l LEFT JOIN subscribers AS s ON s.id = l.recipient `

func scanLetter(row *sql.Rows) (Letter, error) {
	var l Letter
	var due, notBefore, expires, made, flown, done int64
	err := row.Scan(&l.Kind, &l.Ref, &l.Recipient, &l.State, &l.Reason, &l.Digest, &l.Variant, &l.Revision,
		&l.Address, &l.Private, &due, &notBefore, &expires, &l.Attempt, &l.Doubts, &l.fence, &l.Reply, &made, &flown, &done)
	l.Due, l.NotBefore, l.Expires = db.Time(due), db.Time(notBefore), db.Time(expires)
	l.Made, l.Flown, l.Done = db.Time(made), db.Time(flown), db.Time(done)
	return l, err
}

// List returns letters, newest edition first.
func List(ctx context.Context, h db.Handle, f ListFilter) ([]Letter, error) {
	if f.Limit <= 0 {
		f.Limit = 1000
	}
	all, err := db.Collect(ctx, h, scanLetter, `SELECT `+columns+`
		WHERE ($1 = '' OR l.kind = $1) AND ($2 = '' OR l.digest = $2) AND ($3 = 0 OR l.ref = $3)
		AND ($4 = '' OR l.state = $4 OR $4 = 'queued' AND l.state = 'leased' OR $4 = 'in_doubt' AND l.doubts > 0)
		ORDER BY l.ref DESC, l.recipient LIMIT $5`, f.Kind, f.Digest, f.Ref, f.State, f.Limit)
	return all, wrap(err, "list letters")
}

// Show returns the letter with that [Letter.Name], or [ErrNotFound].
func Show(ctx context.Context, h db.Handle, name string) (Letter, error) {
	k, err := ParseKey(name)
	if err != nil {
		return Letter{}, err
	}
	all, err := db.Collect(ctx, h, scanLetter, `SELECT `+columns+`
		WHERE l.kind = $1 AND l.ref = $2 AND l.recipient = $3`, k.Kind, k.Ref, k.Recipient)
	if err == nil && len(all) == 0 {
		err = ErrNotFound
	}
	if err != nil {
		return Letter{}, wrap(err, "letter %s", name)
	}
	return all[0], nil
}
