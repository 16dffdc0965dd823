package subscribers

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"vestnik/db"
	"vestnik/subscribers/limits"
)

// hash names an address without telling it: HMAC-SHA256 of its key under the site's secret, as 64 hexadecimal digits.
func (k Keys) hash(key string) string {
	h := hmac.New(sha256.New, k.Secret)
	h.Write([]byte("vestnik address\x00"))
	h.Write([]byte(key))
	return hex.EncodeToString(h.Sum(nil))
}

// barred tells in one statement whether an address is blocked, or was suppressed when it was erased.
func (v Verbs) barred(ctx context.Context, h db.Handle, key string) (reason string, err error) {
	var blocked, suppressed int64
	err = h.QueryRowContext(ctx, `
		SELECT (SELECT COUNT(*) FROM join_blocks WHERE hash = $1), (SELECT COUNT(*) FROM forgotten WHERE hash = $1 AND reason <> '')`,
		v.Keys.hash(key)).Scan(&blocked, &suppressed)
	switch {
	case err != nil:
		return "", fmt.Errorf("look for a block of %s: %w", key, err)
	case suppressed > 0:
		return refusedSuppressed, nil
	case blocked > 0:
		return refusedBlocked, nil
	}
	return "", nil
}

func (v Verbs) checkBlocked(ctx context.Context, h db.Handle, key string) error {
	reason, err := v.barred(ctx, h, key)
	switch {
	case err != nil:
		return err
	case reason == refusedBlocked:
		return ErrBlocked
	case reason == refusedSuppressed:
		return fmt.Errorf("%w: it was suppressed when it was erased", ErrSuppressed)
	}
	return nil
}

// Blocked reports whether an address gets no confirmation letters.
func (v Verbs) Blocked(ctx context.Context, h db.Handle, email string) (bool, error) {
	_, key, err := ParseAddress(email)
	if err != nil {
		return false, err
	}
	reason, err := v.barred(ctx, h, key)
	return reason == refusedBlocked, err
}

// NotMe is what the owner of an address does who finds a confirmation letter that nobody asked for: no more confirmation letters
// go there, every subscription that waits for confirmation ends, and so does the one that the letter was about, should a
// stranger have confirmed it. Other subscriptions stay. It may be repeated. Errors are [ErrToken] and [ErrNotFound].
func (v Verbs) NotMe(ctx context.Context, tx *sql.Tx, token string, o Origin, now time.Time) (Subscriber, string, error) {
	s, digest, err := v.Keys.Open(ctx, tx, PurposeNotMe, token)
	if err != nil {
		return Subscriber{}, "", err
	}
	if s, err = hold(ctx, tx, s.ID); err != nil {
		return Subscriber{}, "", err
	}
	if err := v.block(ctx, tx, s, basisNotMe, o, now); err != nil {
		return Subscriber{}, "", fmt.Errorf("block %s: %w", s.Key, err)
	}
	if digest != "" {
		err = leave(ctx, tx, s.ID, digest, basisNotMe, o, now)
	}
	if err != nil {
		return Subscriber{}, "", fmt.Errorf("block %s: %w", s.Key, err)
	}
	return s, digest, nil
}

const basisNotMe = "\"this was not me\""

// block bars the address, and withdraws what waits for a confirmation.
func (v Verbs) block(ctx context.Context, tx *sql.Tx, s Subscriber, basis string, o Origin, now time.Time) error {
	changed, err := db.Changed(ctx, tx, `INSERT INTO join_blocks (hash, since) VALUES ($1, $2) ON CONFLICT (hash) DO NOTHING`,
		v.Keys.hash(s.Key), db.Milli(now))
	if err == nil && changed {
		err = agree(ctx, tx, s.ID, "", verbBlock, basis, o, now)
	}
	for _, one := range s.Subscriptions {
		if err == nil && one.State == Pending {
			err = leave(ctx, tx, s.ID, one.Digest, basis, o, now)
		}
	}
	return err
}

// Block does for an admin what [Verbs.NotMe] does for the owner of an address, known here or not; it ends only what waits for
// confirmation.
func (v Verbs) Block(ctx context.Context, tx *sql.Tx, email string, now time.Time) error {
	_, key, err := ParseAddress(email)
	if err != nil {
		return err
	}
	s, err := Find(ctx, tx, key)
	if errors.Is(err, ErrNotFound) {
		s, err = Subscriber{Key: key}, nil
	}
	if err == nil {
		err = v.block(ctx, tx, s, "by an admin", Origin{}, now)
	}
	if err != nil {
		return fmt.Errorf("block %s: %w", key, err)
	}
	return nil
}

// Unblock lets confirmation letters go to an address again, at once, and reports whether they were blocked. Only an admin and
// the holder of the letter's link can do it: a form or a letter anybody can send.
func (v Verbs) Unblock(ctx context.Context, tx *sql.Tx, email string, o Origin, now time.Time) (bool, error) {
	_, key, err := ParseAddress(email)
	if err != nil {
		return false, err
	}
	lifted, err := db.Changed(ctx, tx, `DELETE FROM join_blocks WHERE hash = $1`, v.Keys.hash(key))
	if err == nil && lifted {
		err = limits.Forget(ctx, tx, v.Keys.hash(key))
	}
	if err == nil && lifted {
		var s Subscriber
		if s, err = Find(ctx, tx, key); err == nil || errors.Is(err, ErrNotFound) {
			err = agree(ctx, tx, s.ID, "", verbUnblock, "", o, now)
		}
	}
	if err != nil {
		return false, fmt.Errorf("unblock %s: %w", key, err)
	}
	return lifted, nil
}
