package subscribers

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"vestnik/db"
	"vestnik/mail"
	"vestnik/subscribers/consent"
)

// Held is everything that the database holds about a subscriber or an address, as JSON (GDPR, articles 15 and 20). Times are UTC; those
// that never were are left out.
type Held struct {
	ID            int64              `json:"id"`
	Email         string             `json:"email"`
	Name          string             `json:"name"`
	Language      string             `json:"language"` // "" is each digest's
	Timezone      string             `json:"timezone"` // "" is each digest's
	Hour          int                `json:"hour"`     // of delivery; -1: with the edition
	UUID          string             `json:"uuid,omitempty"`
	State         string             `json:"state"`
	Since         time.Time          `json:"since,omitzero"`       // of the subscriber; an address may be held without one
	Suppressed    string             `json:"suppressed,omitempty"` // why the address must not be mailed
	SuppressedAt  time.Time          `json:"suppressed_since,omitzero"`
	BlockedAt     time.Time          `json:"blocked_since,omitzero"` // "this was not me"
	ErasedAt      time.Time          `json:"erased_since,omitzero"`  // it was erased before: a hash of the address is kept
	Subscriptions []HeldSubscription `json:"subscriptions"`
	Consent       []HeldConsent      `json:"consent"`
	Letters       []HeldLetter       `json:"letters"`
	Links         []HeldLink         `json:"links"`
	Requests      []HeldRequest      `json:"requests"` // to join, of the last days
	Files         []string           `json:"files"`    // of lines that imports could not use: the address may stand in them
}

// HeldSubscription is a digest of a subscriber.
type HeldSubscription struct {
	Digest   string    `json:"digest"`
	State    string    `json:"state"`
	Since    time.Time `json:"since"`
	Until    time.Time `json:"until,omitzero"`
	Sections []string  `json:"sections,omitempty"`
	Layout   string    `json:"layout,omitempty"`
	Agreed   time.Time `json:"agreed,omitzero"`
	Place    string    `json:"place,omitempty"` // where it was agreed to: page, import or hand
}

// HeldConsent is a line of the log.
type HeldConsent struct {
	At      time.Time `json:"at"`
	Digest  string    `json:"digest,omitempty"`
	Verb    string    `json:"verb"`
	Basis   string    `json:"basis,omitempty"`
	Wording string    `json:"wording,omitempty"`
	Network string    `json:"network,omitempty"`
	N       int64     `json:"n,omitempty"` // its place in the chain
	Link    string    `json:"link,omitempty"`
}

// HeldLetter is a letter to the subscriber.
type HeldLetter struct {
	Name   string    `json:"name"`
	Digest string    `json:"digest,omitempty"`
	State  string    `json:"state"`
	Reason string    `json:"reason,omitempty"`
	To     string    `json:"to,omitempty"`
	Reply  string    `json:"reply,omitempty"`
	Made   time.Time `json:"made"`
	Done   time.Time `json:"done,omitzero"`
}

// HeldLink is a link with a time limit that was sent; the link itself is nowhere kept.
type HeldLink struct {
	Purpose string    `json:"purpose"`
	Digest  string    `json:"digest,omitempty"`
	Address string    `json:"address,omitempty"` // of a change of address
	Made    time.Time `json:"made"`
	Expires time.Time `json:"expires"`
}

// HeldRequest is a confirmation letter that was asked for.
type HeldRequest struct {
	Digest string    `json:"digest"`
	At     time.Time `json:"at"`
}

// HeldOf returns everything that is held about an address, which need not be a subscriber's: it may be suppressed, blocked or erased;
// [ErrNotFound] if it is none of these.
func (v Verbs) HeldOf(ctx context.Context, h db.Handle, email string) (Held, error) {
	s, err := Find(ctx, h, email)
	if err == nil {
		return v.Held(ctx, h, s.ID)
	}
	address, key, bad := ParseAddress(email)
	if !errors.Is(err, ErrNotFound) || bad != nil {
		return Held{}, err
	}
	all := Held{Email: address, Hour: -1, Subscriptions: []HeldSubscription{}, Consent: []HeldConsent{}, Letters: []HeldLetter{}, Links: []HeldLink{}}
	if err := all.add(ctx, h, v.Keys, key); err != nil {
		return Held{}, fmt.Errorf("what is held about %s: %w", key, err)
	}
	if all.SuppressedAt.IsZero() && all.BlockedAt.IsZero() && all.ErasedAt.IsZero() && len(all.Letters)+len(all.Requests) == 0 {
		return Held{}, err
	}
	return all, nil
}

// Held returns everything that is held about a subscriber; [ErrNotFound] if there is none.
func (v Verbs) Held(ctx context.Context, h db.Handle, subscriber int64) (Held, error) {
	s, err := Get(ctx, h, subscriber)
	if err != nil {
		return Held{}, err
	}
	all := Held{ID: s.ID, Email: s.Email, Name: s.Name, Language: s.Language, Timezone: s.Timezone, Hour: s.Hour, UUID: s.UUID, State: s.State,
		Since: s.Since.UTC(), Subscriptions: []HeldSubscription{}, Consent: []HeldConsent{}, Letters: []HeldLetter{}, Links: []HeldLink{}}
	for _, u := range s.Subscriptions {
		all.Subscriptions = append(all.Subscriptions, HeldSubscription{u.Digest, u.State, u.Since.UTC(), u.Until.UTC(), u.Sections, u.Layout, u.Agreed.UTC(), u.Place})
	}
	if err := all.add(ctx, h, v.Keys, s.Key); err != nil {
		return Held{}, fmt.Errorf("what is held about %s: %w", s.Key, err)
	}
	return all, nil
}

// add fills in all but the subscriber's own row and subscriptions.
func (all *Held) add(ctx context.Context, h db.Handle, k Keys, key string) error {
	err := all.addClosed(ctx, h, k, key)
	if err == nil {
		err = all.addRecords(ctx, h, key)
	}
	if err == nil {
		err = all.addRequests(ctx, h, k, key)
	}
	if err != nil {
		return err
	}
	imports, err := importsWithRejects(ctx, h)
	all.Files = []string{}
	for _, n := range imports {
		all.Files = append(all.Files, n.paths...)
	}
	return err
}

// addClosed fills in what forbids letters.
func (all *Held) addClosed(ctx context.Context, h db.Handle, k Keys, key string) error {
	for _, c := range []struct {
		query, key string
		reason     *string
		at         *time.Time
	}{
		{`SELECT reason, since FROM suppressions WHERE email_key = $1`, key, &all.Suppressed, &all.SuppressedAt},
		{`SELECT '', since FROM join_blocks WHERE hash = $1`, k.hash(key), new(string), &all.BlockedAt},
		{`SELECT '', since FROM forgotten WHERE hash = $1`, k.hash(key), new(string), &all.ErasedAt},
	} {
		var since int64
		err := h.QueryRowContext(ctx, c.query, c.key).Scan(c.reason, &since)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		*c.at = db.Time(since)
	}
	return nil
}

func (all *Held) addRequests(ctx context.Context, h db.Handle, k Keys, key string) error {
	requests, err := db.Collect(ctx, h, func(row *sql.Rows) (r HeldRequest, err error) {
		var at int64
		err = row.Scan(&r.Digest, &at)
		r.At = db.Time(at)
		return r, err
	}, `SELECT digest, start FROM join_counts WHERE key = $1 ORDER BY start`, "to "+k.hash(key))
	all.Requests = append([]HeldRequest{}, requests...)
	return err
}

// addRecords fills in what was written down along the way.
func (all *Held) addRecords(ctx context.Context, h db.Handle, key string) error {
	var lines []consent.Line
	var err error
	if all.ID != 0 { // lines about an address without a subscriber do not name it
		if lines, err = Consent(ctx, h, all.ID); err != nil {
			return err
		}
	}
	for _, l := range lines {
		all.Consent = append(all.Consent, HeldConsent{l.At.UTC(), l.Digest, l.Verb, l.Basis, l.Wording, l.Network, l.N, l.Link})
	}
	letters, err := mail.Of(ctx, h, all.ID, key)
	if err != nil {
		return err
	}
	for _, l := range letters {
		all.Letters = append(all.Letters, HeldLetter{l.Name(), l.Digest, l.State, l.Reason, l.Address, l.Reply, l.Made.UTC(), l.Done.UTC()})
	}
	links, err := db.Collect(ctx, h, func(row *sql.Rows) (l HeldLink, err error) {
		var made, expires int64
		err = row.Scan(&l.Purpose, &l.Digest, &l.Address, &made, &expires)
		l.Made, l.Expires = db.Time(made).UTC(), db.Time(expires).UTC()
		return l, err
	}, `SELECT purpose, digest, detail, made, expires FROM tokens WHERE subscriber = $1 ORDER BY made, hash`, all.ID)
	all.Links = append(all.Links, links...)
	return err
}
