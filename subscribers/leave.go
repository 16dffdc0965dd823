package subscribers

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"vestnik/db"
	"vestnik/mail"
)

// Leave ends a subscription, or with the digest "" all of a subscriber's. Letters that are not on the wire yet are withdrawn
// in the same transaction, confirmation letters too, and links of earlier confirmation letters become invalid.
// To leave twice, or what was never joined, changes nothing and is no error: a link must not tell who is subscribed.
func Leave(ctx context.Context, tx *sql.Tx, subscriber int64, digest string, now time.Time) error {
	if err := leave(ctx, tx, subscriber, digest, now); err != nil {
		return fmt.Errorf("leave %q for subscriber %d: %w", digest, subscriber, err)
	}
	return nil
}

func leave(ctx context.Context, tx *sql.Tx, subscriber int64, digest string, now time.Time) error {
	only, args := "", []any{subscriber}
	if digest != "" {
		only, args = ` AND digest = $2`, append(args, digest)
	}
	n := len(args)
	left, err := db.Collect(ctx, tx, scanText, fmt.Sprintf(`
		UPDATE subscriptions
		SET state = $%d, since = $%d
		WHERE subscriber = $1%s AND state IN ($%d, $%d)
		RETURNING digest`, n+1, n+2, only, n+3, n+4),
		append(slices.Clone(args), Left, db.Milli(now), Pending, Active)...)
	if err != nil {
		return err
	}
	slices.Sort(left)
	for _, name := range left {
		if err := agree(ctx, tx, subscriber, name, verbLeave, "", now); err != nil {
			return err
		}
	}
	if _, err := tx.ExecContext(ctx, `DELETE FROM tokens WHERE subscriber = $1`+only, args...); err != nil {
		return err
	}
	_, err = mail.Withdraw(ctx, tx, subscriber, digest, now)
	return err
}

func scanText(row *sql.Rows) (s string, err error) {
	err = row.Scan(&s)
	return s, err
}

// SetDigests is the preferences page: of the digests offered there, those wanted become active and the active others are
// left; digests that were not offered stay as they are, and so do pending ones that are not wanted: their boxes were empty
// before the reader came, who may have come for something else and still wait for the letter. It may be called only for
// somebody who holds a preferences token, since that came by letter and so proves the address. Errors: [ErrNotFound], and
// [ErrDigest] for one wanted but not offered.
func SetDigests(ctx context.Context, tx *sql.Tx, subscriber int64, want, offered []string, now time.Time) error {
	s, err := Get(ctx, tx, subscriber)
	if err != nil {
		return err
	}
	for _, digest := range want {
		if !slices.Contains(offered, digest) {
			return fmt.Errorf("digest %q: %w", cut(digest), ErrDigest)
		}
	}
	for _, digest := range offered {
		state := s.Subscription(digest).State
		switch wanted := slices.Contains(want, digest); {
		case !wanted && state == Active:
			err = leave(ctx, tx, subscriber, digest, now)
		case wanted && state == Pending:
			err = activate(ctx, tx, subscriber, digest, preferencesBasis, now)
		case wanted && state != Active:
			err = joinDirectly(ctx, tx, subscriber, digest, now)
		}
		if err != nil {
			return fmt.Errorf("set the digests of %s: %s: %w", s.Key, digest, err)
		}
	}
	return nil
}

const preferencesBasis = "preferences page"

func joinDirectly(ctx context.Context, tx *sql.Tx, subscriber int64, digest string, now time.Time) error {
	if err := setState(ctx, tx, subscriber, digest, Active, now); err != nil {
		return err
	}
	return agree(ctx, tx, subscriber, digest, verbJoin, preferencesBasis, now)
}

// SetLanguage sets the language of a subscriber's letters; "" is each digest's own. Errors: [ErrNotFound], and a sentence
// for a language that is not shipped.
func SetLanguage(ctx context.Context, tx *sql.Tx, subscriber int64, language string) error {
	if language != "" && shipped(language) == "" {
		return unknownLanguage(language)
	}
	found, err := db.Changed(ctx, tx, `UPDATE subscribers SET language = $1 WHERE id = $2`, language, subscriber)
	if err == nil && !found {
		err = ErrNotFound
	}
	if err != nil {
		return fmt.Errorf("set the language of subscriber %d: %w", subscriber, err)
	}
	return nil
}

// Suppress makes an address one that must not be mailed, known here or not, and withdraws its letters. Subscriptions stay
// as they are: [Unsuppress] brings everything back but the letters.
func Suppress(ctx context.Context, tx *sql.Tx, email, reason string, now time.Time) error {
	_, key, err := ParseAddress(email)
	if err != nil {
		return err
	}
	reason = strings.TrimSpace(db.Text(reason))
	if reason == "" {
		return fmt.Errorf("suppress %s: name a reason", key)
	}
	if err := mail.Suppress(ctx, tx, key, reason, now); err != nil {
		return fmt.Errorf("suppress %s: %w", key, err)
	}
	s, err := Find(ctx, tx, key)
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	if err == nil {
		_, err = mail.Withdraw(ctx, tx, s.ID, "", now)
	}
	if err != nil {
		return fmt.Errorf("suppress %s: withdraw its letters: %w", key, err)
	}
	return nil
}

// Unsuppress lets an address be mailed again, and reports whether it was suppressed.
func Unsuppress(ctx context.Context, tx *sql.Tx, email string) (bool, error) {
	_, key, err := ParseAddress(email)
	if err != nil {
		return false, err
	}
	lifted, err := mail.Unsuppress(ctx, tx, key)
	if err != nil {
		return false, fmt.Errorf("unsuppress %s: %w", key, err)
	}
	return lifted, nil
}
