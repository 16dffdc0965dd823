package subscribers

import (
	"context"
	"fmt"
	"strings"

	"vestnik/db"
)

// IsUUID reports whether s is a UUID (RFC 9562 section 4), in letters of either case.
func IsUUID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i := range len(s) {
		hyphen := i == 8 || i == 13 || i == 18 || i == 23
		if hyphen != (s[i] == '-') || !hyphen && strings.IndexByte("0123456789abcdefABCDEF", s[i]) < 0 {
			return false
		}
	}
	return true
}

// ByUUID returns the subscriber whom another program's letters know by this UUID; [ErrNotFound] if there is none.
func ByUUID(ctx context.Context, h db.Handle, uuid string) (Subscriber, error) {
	if !IsUUID(uuid) {
		return Subscriber{}, ErrNotFound
	}
	s, err := one(ctx, h, `SELECT `+subscriberColumns+` FROM subscribers WHERE uuid = $1 AND uuid <> '' ORDER BY id LIMIT 1`, strings.ToLower(uuid))
	if err != nil {
		return Subscriber{}, fmt.Errorf("find the subscriber of a UUID: %w", err)
	}
	return s, nil
}
