package subscribers

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"

	"vestnik/db"
	"vestnik/subscribers/consent"
)

const subscriberColumns = `id, email, email_key, name, language, timezone, hour, uuid, state, since`

func scanSubscriber(row interface{ Scan(...any) error }) (s Subscriber, err error) {
	var since int64
	err = row.Scan(&s.ID, &s.Email, &s.Key, &s.Name, &s.Language, &s.Timezone, &s.Hour, &s.UUID, &s.State, &since)
	s.Since = db.Time(since)
	return s, err
}

// Find returns the subscriber with this address, written in any case; [ErrNotFound] if there is none.
func Find(ctx context.Context, h db.Handle, email string) (Subscriber, error) {
	_, key, err := ParseAddress(email)
	if err != nil {
		return Subscriber{}, err
	}
	s, err := one(ctx, h, `SELECT `+subscriberColumns+` FROM subscribers WHERE email_key = $1`, key)
	if err != nil {
		return Subscriber{}, fmt.Errorf("find %s: %w", key, err)
	}
	return s, nil
}

// Get returns the subscriber with this id; [ErrNotFound] if there is none.
func Get(ctx context.Context, h db.Handle, id int64) (Subscriber, error) {
	s, err := one(ctx, h, `SELECT `+subscriberColumns+` FROM subscribers WHERE id = $1`, id)
	if err != nil {
		return Subscriber{}, fmt.Errorf("find subscriber %d: %w", id, err)
	}
	return s, nil
}

// hold is [Get] of one whose row then stays locked until tx ends, so that what was read stays true, and nothing is written about somebody
// whom another node erases at this moment; [ErrNotFound] if that has happened. Call it before anything else of the subscriber's is
// written: who waits for the row then holds nothing that others wait for.
func hold(ctx context.Context, tx *sql.Tx, id int64) (Subscriber, error) {
	held, err := db.Changed(ctx, tx, `UPDATE subscribers SET state = state WHERE id = $1 AND state = $2`, id, stateActive)
	if err == nil && !held {
		err = ErrNotFound
	}
	if err != nil {
		return Subscriber{}, fmt.Errorf("find subscriber %d: %w", id, err)
	}
	return Get(ctx, tx, id)
}

func one(ctx context.Context, h db.Handle, query string, arg any) (Subscriber, error) {
	s, err := scanSubscriber(h.QueryRowContext(ctx, query, arg))
	if errors.Is(err, sql.ErrNoRows) {
		return Subscriber{}, ErrNotFound
	}
	if err != nil {
		return Subscriber{}, err
	}
	all := []Subscriber{s}
	err = addSubscriptions(ctx, h, all)
	return all[0], err
}

// addSubscriptions fills in the subscriptions of all.
func addSubscriptions(ctx context.Context, h db.Handle, all []Subscriber) error {
	at := make(map[int64]int, len(all))
	ids := make([]any, len(all))
	for i, s := range all {
		at[s.ID], ids[i] = i, s.ID
	}
	found, err := subscriptionsOf(ctx, h, ids)
	if err != nil {
		return err
	}
	for _, u := range found {
		s := &all[at[u.subscriber]]
		s.Subscriptions = append(s.Subscriptions, u.Subscription)
	}
	for _, s := range all { // here, since the engines sort text by different rules
		slices.SortFunc(s.Subscriptions, func(a, b Subscription) int { return strings.Compare(a.Digest, b.Digest) })
	}
	return nil
}

func scanID(row *sql.Rows) (id int64, err error) { return id, row.Scan(&id) }

func scanText(row *sql.Rows) (s string, err error) { return s, row.Scan(&s) }

type owned struct {
	subscriber int64
	Subscription
}

func subscriptionsOf(ctx context.Context, h db.Handle, ids []any) ([]owned, error) {
	scan := func(row *sql.Rows) (u owned, err error) {
		var since, until, agreed int64
		var sections string
		err = row.Scan(&u.subscriber, &u.Digest, &u.State, &since, &until, &u.Before, &sections, &u.Layout, &agreed, &u.Place)
		u.Since, u.Sections, u.Agreed = db.Time(since), strings.Fields(sections), db.Time(agreed)
		if u.State == Paused { // of one left it is kept for undoing that
			u.Until = db.Time(until)
		}
		return u, err
	}
	return collectIn(ctx, h, scan, `SELECT subscriber, digest, state, since, until, before, sections, layout, agreed, place FROM subscriptions WHERE subscriber IN (%s)`, ids)
}

// membersPerList is how long an IN list gets: SQLite looks every $n up by its name, one after the other, so a list of a
// thousand costs more than ten of a hundred.
const membersPerList = 100

// collectIn is db.Collect with the keys in place of %s, for as many keys as there are.
func collectIn[T any](ctx context.Context, h db.Handle, scan func(row *sql.Rows) (T, error), query string, keys []any) ([]T, error) {
	var all []T
	for list := range slices.Chunk(keys, membersPerList) {
		some, err := db.Collect(ctx, h, scan, fmt.Sprintf(query, db.Placeholders(1, len(list))), list...)
		if err != nil {
			return nil, err
		}
		all = append(all, some...)
	}
	return all, nil
}

// A Total is how many subscriptions of a digest are in a state.
type Total struct {
	Digest string
	State  string
	N      int64
}

// Count returns the totals of every digest and state that occur, by digest and state.
func Count(ctx context.Context, h db.Handle) ([]Total, error) {
	scan := func(row *sql.Rows) (t Total, err error) {
		err = row.Scan(&t.Digest, &t.State, &t.N)
		return t, err
	}
	all, err := db.Collect(ctx, h, scan, `
		SELECT digest, state, COUNT(*)
		FROM subscriptions
		GROUP BY digest, state`)
	if err != nil {
		return nil, fmt.Errorf("count subscriptions: %w", err)
	}
	slices.SortFunc(all, func(a, b Total) int { // here, since the engines sort text by different rules
		return cmp.Or(strings.Compare(a.Digest, b.Digest), strings.Compare(a.State, b.State))
	})
	return all, nil
}

// DigestInUse reports whether anybody has, or had, a subscription to a digest, which may be configured no more.
func DigestInUse(ctx context.Context, h db.Handle, digest string) (bool, error) {
	var n int64
	err := h.QueryRowContext(ctx, `SELECT COUNT(*) FROM (SELECT 1 FROM subscriptions WHERE digest = $1 LIMIT 1) AS u`, digest).Scan(&n)
	if err != nil {
		return false, fmt.Errorf("look for digest %q: %w", digest, err)
	}
	return n > 0, nil
}

// Consent returns everything a subscriber agreed to and took back, oldest first.
func Consent(ctx context.Context, h db.Handle, subscriber int64) ([]consent.Line, error) {
	return consent.Lines(ctx, h, subscriber)
}
