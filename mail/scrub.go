package mail

import (
	"context"
	"database/sql"
	"errors"
	"regexp"
	"slices"
	"strings"
	"time"

	"vestnik/db"
)

// ReasonErased is the reason of letters that were withdrawn because their reader asked to be erased.
const ReasonErased = "erased"

// Scrub takes out of the ledger what it holds of an address: letters that have not begun to be sent are withdrawn, and of all of the
// subscriber's and of those to the bare address go the address, the relay's answer and the token that a letter carries. What remains
// is that a letter was sent, so every balance stays as it is. EmailKey is the address in lower case; the subscriber is 0 where
// there is none. The address's suppression is [Unsuppress]'s.
func Scrub(ctx context.Context, h db.Handle, subscriber int64, emailKey string, now time.Time) error {
	emailKey = strings.ToLower(emailKey)
	if subscriber > 0 {
		if _, err := Withdraw(ctx, h, subscriber, "", ReasonErased, now); err != nil {
			return err
		}
		_, err := h.ExecContext(ctx, `UPDATE letters SET address = '', reply = '', private = '' WHERE recipient = $1`, subscriber)
		if err == nil {
			err = scrubReasons(ctx, h, subscriber, emailKey)
		}
		if err != nil {
			return wrap(err, "scrub the letters of subscriber %d", subscriber)
		}
	}
	err := scrubBare(ctx, h, emailKey, now)
	if err == nil {
		err = scrubPauses(ctx, h, emailKey)
	}
	return wrap(err, "scrub the letters to an address")
}

// scrubPauses looks for the address in what a relay said when a lane was stopped.
func scrubPauses(ctx context.Context, h db.Handle, emailKey string) error {
	paused, err := Paused(ctx, h)
	for _, p := range paused {
		i := strings.Index(strings.ToLower(p.Reason), emailKey)
		if err != nil || i < 0 {
			continue
		}
		_, err = h.ExecContext(ctx, `UPDATE mail_pause SET reason = $1 WHERE lane = $2`, db.Text(p.Reason[:min(i, len(p.Reason))])+"…", p.Lane)
	}
	return err
}

// scrubReasons looks for the address in what was written down of why letters were not sent.
func scrubReasons(ctx context.Context, h db.Handle, subscriber int64, emailKey string) error {
	reasons, err := db.Collect(ctx, h, func(row *sql.Rows) (s string, err error) { return s, row.Scan(&s) },
		`SELECT DISTINCT reason FROM letters WHERE recipient = $1 AND reason <> ''`, subscriber)
	for _, reason := range reasons {
		if err == nil && strings.Contains(strings.ToLower(reason), emailKey) {
			_, err = h.ExecContext(ctx, `UPDATE letters SET reason = $1 WHERE recipient = $2 AND reason = $3`, ReasonErased, subscriber, reason)
		}
	}
	return err
}

// scrubBare is about letters that are nobody's but an address's, as tests are, and about those of others who wished to move to it.
func scrubBare(ctx context.Context, h db.Handle, emailKey string, now time.Time) error {
	type bare struct {
		kind           string
		ref, recipient int64
		address        string
	}
	all, err := db.Collect(ctx, h, func(row *sql.Rows) (b bare, err error) { return b, row.Scan(&b.kind, &b.ref, &b.recipient, &b.address) },
		`SELECT kind, ref, recipient, address FROM letters WHERE (recipient = 0 OR kind = 'move') AND address <> ''`)
	for _, b := range all {
		if err != nil || strings.ToLower(b.address) != emailKey { // folded here: a database folds by its own locale
			continue
		}
		_, err = h.ExecContext(ctx, withdrawQuery+` AND kind = $5 AND ref = $6`, db.Milli(now), b.recipient, "", ReasonErased, b.kind, b.ref)
		if err == nil {
			_, err = h.ExecContext(ctx, `UPDATE letters SET address = '', reply = '', private = '' WHERE kind = $1 AND ref = $2 AND recipient = $3`,
				b.kind, b.ref, b.recipient)
		}
	}
	return err
}

// anAddress finds e-mail addresses, and keeps their domains apart.
var anAddress = regexp.MustCompile(`[^\s"'<>(),;:]+@([^\s"'<>(),;:]+)`)

// WithoutAddresses is a text, as a relay's answer or an error, for a log: of the addresses in it only the domains are left, for nobody who
// is erased must stand in a log.
func WithoutAddresses(text string) string { return anAddress.ReplaceAllString(text, "…@$1") }

// scrubStep is how many letters one transaction of [ScrubOld] goes over.
const scrubStep = 1000

// ScrubOld takes addresses, answers of relays and tokens out of letters of editions and occasions (refs) before a time, and returns how
// many letters it went over; what was sent to whom stays, and so do the balances. It goes on where it stopped, so that each letter is
// looked at once: a time less than some days ago, when letters may still be under way, is not for it.
func ScrubOld(ctx context.Context, d *db.DB, before time.Time, most int64) (n int64, err error) {
	for _, kind := range kinds {
		for n < most {
			some, err := scrubStepOf(ctx, d, kind, before)
			if err != nil {
				return n, wrap(err, "scrub old %s letters", kind)
			}
			if n += some; some < scrubStep {
				break
			}
		}
	}
	return n, nil
}

// scrubbedTo is the letter of a kind up to which [ScrubOld] came.
func scrubbedTo(ctx context.Context, h db.Handle, kind string) (k Key, err error) {
	k.Kind = kind
	err = h.QueryRowContext(ctx, `SELECT ref, recipient FROM mail_scrubbed WHERE kind = $1`, kind).Scan(&k.Ref, &k.Recipient)
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	return k, err
}

func scrubStepOf(ctx context.Context, d *db.DB, kind string, before time.Time) (n int64, err error) {
	err = d.Tx(ctx, func(tx *sql.Tx) error {
		from, err := scrubbedTo(ctx, tx, kind)
		if err != nil {
			return err
		}
		some, err := db.Collect(ctx, tx, func(row *sql.Rows) (k Key, err error) { return k, row.Scan(&k.Ref, &k.Recipient) },
			`SELECT ref, recipient FROM letters WHERE kind = $1 AND (ref, recipient) > ($2, $3) AND ref < $4
				ORDER BY ref, recipient LIMIT $5`, kind, from.Ref, from.Recipient, db.FirstID(before), int64(scrubStep))
		if n = int64(len(some)); err != nil || n == 0 {
			return err
		}
		last := some[n-1]
		_, err = tx.ExecContext(ctx, `UPDATE letters SET address = '', reply = '', private = ''
			WHERE kind = $1 AND (ref, recipient) > ($2, $3) AND (ref, recipient) <= ($4, $5) AND due = 0 AND owner = 0`,
			kind, from.Ref, from.Recipient, last.Ref, last.Recipient)
		if err == nil {
			_, err = tx.ExecContext(ctx, `INSERT INTO mail_scrubbed (kind, ref, recipient) VALUES ($1, $2, $3)
				ON CONFLICT (kind) DO UPDATE SET ref = excluded.ref, recipient = excluded.recipient`, kind, last.Ref, last.Recipient)
		}
		return err
	})
	return n, err
}

// Unscrubbed returns when the oldest letter was written that [ScrubOld] has not gone over, and how many of those were written before
// a time.
func Unscrubbed(ctx context.Context, h db.Handle, before time.Time) (oldest time.Time, due int64, err error) {
	for _, kind := range kinds {
		from, err := scrubbedTo(ctx, h, kind)
		var first, n int64
		if err == nil {
			err = h.QueryRowContext(ctx, `SELECT COALESCE(MIN(made), 0), COUNT(*) FROM letters
				WHERE kind = $1 AND (ref, recipient) > ($2, $3) AND ref < $4`, kind, from.Ref, from.Recipient, db.FirstID(before)).Scan(&first, &n)
		}
		if err == nil && n == 0 {
			err = h.QueryRowContext(ctx, `SELECT COALESCE(MIN(made), 0) FROM (SELECT made FROM letters
				WHERE kind = $1 AND (ref, recipient) > ($2, $3) ORDER BY ref, recipient LIMIT 1) AS l`, kind, from.Ref, from.Recipient).Scan(&first)
		}
		if err != nil {
			return oldest, due, wrap(err, "letters that hold addresses")
		}
		due += n
		if at := db.Time(first); first > 0 && (oldest.IsZero() || at.Before(oldest)) {
			oldest = at
		}
	}
	return oldest, due, nil
}

// Of returns all letters that the ledger holds of a subscriber, 0 for none, and of those to the address that are nobody's, oldest first.
func Of(ctx context.Context, h db.Handle, subscriber int64, emailKey string) ([]Letter, error) {
	all, err := db.Collect(ctx, h, scanLetter, `SELECT `+columns+`
		WHERE l.recipient = $1 OR l.recipient = 0 AND l.address <> '' ORDER BY l.made, l.kind, l.ref`, subscriber)
	if err != nil {
		return nil, wrap(err, "letters of subscriber %d", subscriber)
	}
	return slices.DeleteFunc(all, func(l Letter) bool {
		return l.Recipient == 0 && !strings.EqualFold(l.Address, emailKey)
	}), nil
}
