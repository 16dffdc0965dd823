package subscribers

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"vestnik/db"
	"vestnik/mail"
	"vestnik/subscribers/consent"
)

// Erase makes the database forget a subscriber: address, name, choices, subscriptions and tokens go, letters under way are withdrawn,
// and the ledger keeps of the others only that they were sent. The lines of consent lose all that is personal, and their
// salt is destroyed: the chain still holds, and nobody can tell any more whose the lines were. What remains of the address is a keyed
// hash, so that no import brings it back, and why it was suppressed, if it was: then nobody can join with it again, else
// only its owner can, by a confirmation letter. Erased twice is erased.
//
// Files of rejected lines that imports have left are not the database's: after the transaction call [Verbs.EraseFromFiles], or leave
// it to the daemon ([Verbs.SweepFiles]).
func (v Verbs) Erase(ctx context.Context, tx *sql.Tx, subscriber int64, reason string, o Origin, now time.Time) error {
	s, err := Get(ctx, tx, subscriber)
	if err != nil || s.State == stateErased {
		return err
	}
	if s, err = hold(ctx, tx, subscriber); errors.Is(err, ErrNotFound) {
		return nil // another node was faster
	}
	if err == nil { // first, as leaving does: two that take letters and subscriptions in other orders would wait for each other
		_, err = tx.ExecContext(ctx, `DELETE FROM subscriptions WHERE subscriber = $1`, s.ID)
	}
	if err == nil {
		err = agree(ctx, tx, s.ID, "", verbErase, reason, o, now)
	}
	if err == nil {
		err = v.forget(ctx, tx, s, now)
	}
	if err == nil {
		err = blank(ctx, tx, s.ID, now)
	}
	if err != nil {
		return fmt.Errorf("erase subscriber %d: %w", s.ID, err)
	}
	return nil
}

// blank takes everything personal out of the subscriber's row and lines, and destroys the salt. There are no subscriptions any more.
func blank(ctx context.Context, tx *sql.Tx, id int64, now time.Time) error {
	err := consent.Blank(ctx, tx, id, now) // as late as may be: sealers on other nodes wait from here on
	if err == nil {
		_, err = tx.ExecContext(ctx, `
			UPDATE subscribers
			SET email = '', email_key = $1, domain = '', name = '', language = '', timezone = '', hour = -1, uuid = '', salt = '', state = $2
			WHERE id = $3`, "erased "+strconv.FormatInt(id, 10), stateErased, id) // an address has no space and does not lack an @
	}
	return err
}

// EraseAddress is [Verbs.Erase] for an address, known as a subscriber or not: it may be suppressed, or have got a test letter. It reports
// whether there was a subscriber.
func (v Verbs) EraseAddress(ctx context.Context, tx *sql.Tx, email, reason string, now time.Time) (bool, error) {
	s, err := Find(ctx, tx, email)
	if !errors.Is(err, ErrNotFound) {
		if err == nil {
			err = v.Erase(ctx, tx, s.ID, reason, Origin{}, now)
		}
		return err == nil, err
	}
	address, key, err := ParseAddress(email)
	if err == nil {
		err = agree(ctx, tx, 0, "", verbErase, without(reason, key), Origin{}, now)
	}
	if err == nil {
		err = v.forget(ctx, tx, Subscriber{Email: address, Key: key}, now)
	}
	if err != nil {
		return false, fmt.Errorf("erase an address: %w", err)
	}
	return false, nil
}

// forget keeps a hash of an address, and takes it out of everything but the subscriber's own row and lines.
func (v Verbs) forget(ctx context.Context, tx *sql.Tx, s Subscriber, now time.Time) error {
	reason, err := mail.Suppressed(ctx, tx, s.Key)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `
		INSERT INTO forgotten (hash, reason, since) VALUES ($1, $2, $3)
		ON CONFLICT (hash) DO UPDATE SET since = excluded.since, reason = CASE WHEN excluded.reason = '' THEN forgotten.reason ELSE excluded.reason END`,
		v.Keys.hash(s.Key), without(reason, s.Key), db.Milli(now))
	if err == nil {
		_, err = mail.Unsuppress(ctx, tx, s.Key)
	}
	if err == nil {
		err = scrub(ctx, tx, s, now)
	}
	return err
}

// scrub takes an address out of letters, tokens and the words that were shown.
func scrub(ctx context.Context, tx *sql.Tx, s Subscriber, now time.Time) error {
	err := mail.Scrub(ctx, tx, s.ID, s.Key, now)
	if err == nil {
		err = forgetTokens(ctx, tx, s)
	}
	if err == nil {
		err = consent.BlankWordings(ctx, tx, func(text string) bool { return holds(text, s.Key) })
	}
	if err == nil && s.ID != 0 { // the pages of moves showed earlier addresses
		err = consent.BlankWordingsOf(ctx, tx, s.ID, verbMove)
	}
	return err
}

// forgetTokens deletes the subscriber's own, and those by which somebody else would move to the address.
func forgetTokens(ctx context.Context, tx *sql.Tx, s Subscriber) error {
	type token struct{ hash, detail string }
	others, err := db.Collect(ctx, tx, func(row *sql.Rows) (t token, err error) { return t, row.Scan(&t.hash, &t.detail) },
		`SELECT hash, detail FROM tokens WHERE detail <> ''`)
	for _, t := range others {
		if err == nil && holds(t.detail, s.Key) {
			_, err = tx.ExecContext(ctx, `DELETE FROM tokens WHERE hash = $1`, t.hash)
		}
	}
	if err == nil {
		_, err = tx.ExecContext(ctx, `DELETE FROM tokens WHERE subscriber = $1`, s.ID)
	}
	return err
}

// forgotten tells whether an address was erased, and why it was suppressed before.
func (v Verbs) forgotten(ctx context.Context, h db.Handle, key string) (was bool, reason string, err error) {
	err = h.QueryRowContext(ctx, `SELECT reason FROM forgotten WHERE hash = $1`, v.Keys.hash(key)).Scan(&reason)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return false, "", nil
	case err != nil:
		return false, "", fmt.Errorf("look for an erased address: %w", err)
	}
	return true, reason, nil
}

// checkForgotten refuses to take an address that was erased on an admin's word.
func (v Verbs) checkForgotten(ctx context.Context, h db.Handle, key string) error {
	was, reason, err := v.forgotten(ctx, h, key)
	switch {
	case err != nil:
		return err
	case reason != "":
		return fmt.Errorf("%w: it was suppressed when it was erased (%s)", ErrSuppressed, reason)
	case was:
		return ErrErased
	}
	return nil
}

// remember takes an address out of the forgotten whose owner has come back and said so by a letter's link.
func (v Verbs) remember(ctx context.Context, tx *sql.Tx, key string) error {
	_, err := tx.ExecContext(ctx, `DELETE FROM forgotten WHERE hash = $1 AND reason = ''`, v.Keys.hash(key))
	if err != nil {
		return fmt.Errorf("an erased address that has come back: %w", err)
	}
	return nil
}

// without is a text in which three dots stand for the address.
func without(text, key string) string {
	for i := indexAddress(text, key); i >= 0; i = indexAddress(text, key) {
		text = text[:i] + "…" + text[i+len(key):]
	}
	return text
}

// holds reports whether an address stands in a text, however it is capitalised, and not as part of another one.
func holds(text, key string) bool { return indexAddress(text, key) >= 0 }

// indexAddress is where the address begins in the text, -1 for nowhere. Only A to Z are folded, so that both have the same length.
func indexAddress(text, key string) int {
	lower, key := lowerASCII(text), lowerASCII(key)
	for from := 0; ; {
		i := strings.Index(lower[from:], key)
		if i < 0 || key == "" {
			return -1
		}
		i += from
		end := i + len(key)
		before := i > 0 && strings.IndexByte(localBytes, lower[i-1]) >= 0
		after := end < len(lower) && strings.IndexByte(labelBytes, lower[end]) >= 0 || end+1 < len(lower) && lower[end] == '.' && strings.IndexByte(labelBytes, lower[end+1]) >= 0
		if !before && !after {
			return i
		}
		from = end
	}
}

const (
	labelBytes = "abcdefghijklmnopqrstuvwxyz0123456789-"
	localBytes = labelBytes + "._+"
)

func lowerASCII(s string) string {
	b := []byte(s)
	for i, c := range b {
		if c >= 'A' && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}
