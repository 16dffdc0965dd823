package subscribers

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"

	"vestnik/db"
	"vestnik/mail"
)

// Peek returns whose and for which digest a confirmation token is, for the page that asks "confirm?". It changes
// nothing. Errors: [ErrToken], [ErrExpired].
func Peek(ctx context.Context, h db.Handle, token string, now time.Time) (Subscriber, string, error) {
	id, digest, err := findToken(ctx, h, token, now)
	if err != nil {
		return Subscriber{}, "", err
	}
	s, err := Get(ctx, h, id)
	if err != nil {
		return Subscriber{}, "", err
	}
	switch s.Subscription(digest).State {
	case Pending, Active:
		return s, digest, nil
	}
	return Subscriber{}, "", ErrToken // the reader left meanwhile, and an old letter must not undo that
}

// Confirm makes the subscription of a confirmation token active. The same token again changes nothing and gives the same
// answer; after the reader has left it gives [ErrToken]. The subscription's Since is now if this call confirmed it. An address that was
// erased is remembered again: its owner has come back.
func (v Verbs) Confirm(ctx context.Context, tx *sql.Tx, token string, o Origin, now time.Time) (Subscriber, string, error) {
	s, digest, err := Peek(ctx, tx, token, now)
	if err != nil {
		return Subscriber{}, "", err
	}
	if err := activate(ctx, tx, s.ID, digest, mail.PlacePage, "link in the confirmation letter", o, now); err != nil {
		return Subscriber{}, "", fmt.Errorf("confirm %s for %s: %w", s.Key, digest, err)
	}
	if err := v.remember(ctx, tx, s.Key); err != nil {
		return Subscriber{}, "", err
	}
	if s, err = Get(ctx, tx, s.ID); err == nil && s.Subscription(digest).State != Active {
		return Subscriber{}, "", ErrToken // on another node the reader left at this very moment
	}
	return s, digest, err
}

// ConfirmByAdmin makes a pending subscription active without the letter, on the basis given; the digest "" means every
// pending one. It does nothing to active ones. Errors: [ErrNotFound] without such a subscription, [ErrLeft], [ErrBasis],
// [ErrSuppressed], [ErrErased].
func (v Verbs) ConfirmByAdmin(ctx context.Context, tx *sql.Tx, email, digest, basis string, now time.Time) (Subscriber, error) {
	s, err := Find(ctx, tx, email)
	if err != nil {
		return Subscriber{}, err
	}
	if strings.TrimSpace(basis) == "" {
		return Subscriber{}, fmt.Errorf("confirm %s: %w", s.Key, ErrBasis)
	}
	if err := checkSuppressed(ctx, tx, s.Key); err != nil {
		return Subscriber{}, fmt.Errorf("confirm %s: %w", s.Key, err)
	}
	if err := v.checkForgotten(ctx, tx, s.Key); err != nil {
		return Subscriber{}, fmt.Errorf("confirm %s: %w", s.Key, err)
	}
	if digest != "" {
		switch s.Subscription(digest).State {
		case "":
			return Subscriber{}, fmt.Errorf("confirm %s: %w of digest %q; add the address first", s.Key, ErrNotFound, cut(digest))
		case Left:
			return Subscriber{}, fmt.Errorf("confirm %s for %s: %w", s.Key, digest, ErrLeft)
		}
	}
	for _, one := range s.Subscriptions {
		if one.State != Pending || digest != "" && one.Digest != digest {
			continue
		}
		if err := activate(ctx, tx, s.ID, one.Digest, mail.PlaceHand, basis, Origin{}, now); err != nil {
			return Subscriber{}, fmt.Errorf("confirm %s for %s: %w", s.Key, one.Digest, err)
		}
	}
	return Get(ctx, tx, s.ID)
}

// activate turns pending into active, and only that: of two confirmations at once one finds nothing left to do.
func activate(ctx context.Context, tx *sql.Tx, subscriber int64, digest, place, basis string, o Origin, now time.Time) error {
	changed, err := db.Changed(ctx, tx, `
		UPDATE subscriptions
		SET state = $1, since = $2, before = '', agreed = $2, place = $6
		WHERE subscriber = $3 AND digest = $4 AND state = $5`,
		Active, db.Milli(now), subscriber, digest, Pending, place)
	if err != nil || !changed {
		return err
	}
	return agree(ctx, tx, subscriber, digest, verbConfirm, basis, o, now)
}
