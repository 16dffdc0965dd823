package mail

import (
	"context"
	"database/sql"
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

// open is how many are still to be sent.
func (b Balance) open() int64 { return b.Queued + b.InFlight + b.Deferred }

// states are all that a letter can be in. Naming them lets the counts below be read from the index letters_state alone.
const states = `('queued', 'leased', 'in_flight', 'sent', 'failed', 'deferred', 'in_doubt', 'suppressed', 'expired')`

const (
	balanceQuery = `
		SELECT (SELECT l.digest FROM letters AS l WHERE l.kind = $1 AND l.ref = $2 LIMIT 1), n.ref, n.state, n.letters
		FROM (SELECT ref, state, COUNT(*) AS letters FROM letters WHERE kind = $1 AND ref = $2 AND state IN ` + states + `
			GROUP BY ref, state) AS n`
	balancesQuery = `
		SELECT (SELECT l.digest FROM letters AS l WHERE l.kind = 'digest' AND l.ref = n.ref LIMIT 1), n.ref, n.state, n.letters
		FROM (SELECT ref, state, COUNT(*) AS letters FROM letters WHERE kind = 'digest' GROUP BY state, ref) AS n
		ORDER BY n.ref`
	kindQuery = `SELECT '', 0, state, COUNT(*) FROM letters WHERE kind = $1 GROUP BY state`
	openQuery = `
		SELECT COUNT(*) FROM (SELECT 1 FROM letters
			WHERE kind = $1 AND ref = $2 AND state IN ('queued', 'leased', 'in_flight', 'deferred') LIMIT 1) AS one`
)

// BalanceOf counts the letters of one ref.
func BalanceOf(ctx context.Context, h db.Handle, kind string, ref int64) (Balance, error) {
	all, err := balances(ctx, h, kind, balanceQuery, kind, ref)
	if err != nil || len(all) == 0 {
		return Balance{Kind: kind, Ref: ref}, wrap(err, "balance of %s %d", kind, ref)
	}
	return all[0], nil
}

// Settled reports whether nothing of the ref's letters is left to be sent: an edition is finished then.
func Settled(ctx context.Context, h db.Handle, kind string, ref int64) (bool, error) {
	var open int64
	err := h.QueryRowContext(ctx, openQuery, kind, ref).Scan(&open)
	return open == 0, wrap(err, "open letters of %s %d", kind, ref)
}

// Balances counts the letters of every edition, oldest first.
func Balances(ctx context.Context, h db.Handle) ([]Balance, error) {
	all, err := balances(ctx, h, KindDigest, balancesQuery)
	return all, wrap(err, "balances")
}

// OtherBalances counts the letters that belong to no edition, by their kinds: the confirmations, the tests and so on.
func OtherBalances(ctx context.Context, h db.Handle) ([]Balance, error) {
	var all []Balance
	for _, kind := range kinds[1:] {
		some, err := balances(ctx, h, kind, kindQuery, kind)
		if err != nil {
			return nil, wrap(err, "balance of %s letters", kind)
		}
		all = append(all, some...)
	}
	return all, nil
}

// balances folds rows of (digest, ref, state, n) that are ordered by ref.
func balances(ctx context.Context, h db.Handle, kind, query string, args ...any) ([]Balance, error) {
	var all []Balance
	_, err := db.Collect(ctx, h, func(row *sql.Rows) (struct{}, error) {
		b := Balance{Kind: kind}
		var state string
		var n int64
		if err := row.Scan(&b.Digest, &b.Ref, &state, &n); err != nil {
			return struct{}{}, err
		}
		if i := len(all) - 1; i < 0 || all[i].Ref != b.Ref {
			all = append(all, b)
		}
		all[len(all)-1].add(state, n)
		return struct{}{}, nil
	}, query, args...)
	return all, err
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

func scanLetter(row *sql.Rows) (Letter, error) { return scanLetterAfter(row) }

// scanLetterAfter reads a letter's columns that stand behind others.
func scanLetterAfter(row *sql.Rows, others ...any) (Letter, error) {
	var l Letter
	var due, notBefore, expires, made, flown, done int64
	err := row.Scan(append(others, &l.Kind, &l.Ref, &l.Recipient, &l.State, &l.Reason, &l.Digest, &l.Variant, &l.Revision,
		&l.Address, &l.Private, &due, &notBefore, &expires, &l.Attempt, &l.Doubts, &l.fence, &l.Reply, &made, &flown, &done)...)
	l.Due, l.NotBefore, l.Expires = db.Time(due), db.Time(notBefore), db.Time(expires)
	l.Made, l.Flown, l.Done = db.Time(made), db.Time(flown), db.Time(done)
	return l, err
}

// List returns letters by kind (those of editions first), the newest first.
func List(ctx context.Context, h db.Handle, f ListFilter) ([]Letter, error) {
	wanted := kinds
	if f.Kind != "" {
		wanted = []string{f.Kind}
	}
	if f.Limit <= 0 {
		f.Limit = 1000
	}
	var all []Letter
	for _, f.Kind = range wanted { // one by one: so the ledger is read in the order of its key, and only as far as needed
		query, args := f.query(f.Limit - len(all))
		some, err := db.Collect(ctx, h, scanLetter, query, args...)
		if err != nil {
			return nil, wrap(err, "list letters")
		}
		all = append(all, some...)
	}
	return all, nil
}

func (f ListFilter) query(limit int) (string, []any) {
	query, args := `SELECT `+columns+` WHERE l.kind = $1`, []any{f.Kind}
	with := func(condition string, value any) {
		args = append(args, value)
		query += fmt.Sprintf(" AND "+condition, len(args))
	}
	if f.Ref != 0 {
		with(`l.ref = $%d`, f.Ref)
	}
	if f.Digest != "" {
		with(`l.digest = $%d`, f.Digest)
	}
	switch f.State {
	case "":
	case StateQueued:
		query += ` AND l.state IN ('queued', 'leased')`
	case StateInDoubt:
		query += ` AND (l.state = 'in_doubt' OR l.doubts > 0)`
	default:
		with(`l.state = $%d`, f.State)
	}
	args = append(args, limit)
	return query + fmt.Sprintf(` ORDER BY l.ref DESC, l.recipient DESC LIMIT $%d`, len(args)), args
}

// Exists reports whether the ledger has a letter of that key.
func Exists(ctx context.Context, h db.Handle, k Key) (bool, error) {
	var n int64
	err := h.QueryRowContext(ctx, `SELECT COUNT(*) FROM letters WHERE kind = $1 AND ref = $2 AND recipient = $3`, k.Kind, k.Ref, k.Recipient).Scan(&n)
	return n > 0, wrap(err, "look for letter %s", k)
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
