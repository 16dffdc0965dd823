package subscribers

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"vestnik/db"
	"vestnik/subscribers/limits"
)

// keepExpired is how long an expired token is remembered, so that its page can say "expired" and not "unknown".
const keepExpired = 30 * 24 * time.Hour

// newToken returns a token to confirm with: 25 random bytes as 40 characters. Only its hash is stored, beside the
// letter that has yet to carry it.
func newToken() string {
	b := make([]byte, tokenBytes)
	rand.Read(b)
	return base32Lower.EncodeToString(b)
}

func tokenHash(token string) string {
	sum := sha256.Sum256([]byte(strings.ToLower(token)))
	return hex.EncodeToString(sum[:])
}

// putToken keeps a token that confirms something; the detail is the new address of a move.
func putToken(ctx context.Context, tx *sql.Tx, token, purpose string, subscriber int64, digest, detail string, now time.Time) error {
	_, err := tx.ExecContext(ctx, `
		INSERT INTO tokens (hash, purpose, subscriber, digest, made, expires, detail)
		VALUES ($1, $2, $3, $4, $5, $6, $7)`,
		tokenHash(token), purpose, subscriber, digest, db.Milli(now), db.Milli(now.Add(confirmFor)), detail)
	return err
}

// findToken returns what a confirmation token stands for. It changes nothing: mail scanners open every link.
func findToken(ctx context.Context, h db.Handle, token string, now time.Time) (subscriber int64, digest string, err error) {
	if len(token) != tokenLength {
		return 0, "", ErrToken
	}
	var expires int64
	err = h.QueryRowContext(ctx, `
		SELECT subscriber, digest, expires
		FROM tokens
		WHERE hash = $1 AND purpose = $2`, tokenHash(token), purposeConfirm).Scan(&subscriber, &digest, &expires)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return 0, "", ErrToken
	case err != nil:
		return 0, "", fmt.Errorf("look up a confirmation token: %w", err)
	case expires <= db.Milli(now):
		return 0, "", ErrExpired
	}
	return subscriber, digest, nil
}

// Housekeep forgets tokens that expired long ago, addresses to which nobody has moved in time, and requests to join that count no more. Call
// it once an hour.
func Housekeep(ctx context.Context, h db.Handle, now time.Time) error {
	_, err := h.ExecContext(ctx, `UPDATE tokens SET detail = '' WHERE detail <> '' AND expires <= $1`, db.Milli(now))
	if err == nil {
		_, err = h.ExecContext(ctx, `DELETE FROM tokens WHERE expires < $1`, db.Milli(now.Add(-keepExpired)))
	}
	if err != nil {
		return fmt.Errorf("forget expired tokens: %w", err)
	}
	return limits.Housekeep(ctx, h, now)
}
