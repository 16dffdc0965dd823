package subscribers

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"vestnik/db"
	"vestnik/mail"
	"vestnik/subscribers/limits"
	"vestnik/templates"
)

// A change of address is asked for on the preferences page, and happens once the holder of the new address says so by the link
// in a letter that goes there. A second letter tells the old address, with a link that stops it.

const (
	purposeMove = "move" // stored; its detail is the new address
	purposeStop = "stop a move"
)

// movesADay is how many changes of address a subscriber may ask for in 24 hours.
const movesADay = 3

// Errors of a change of address.
var (
	ErrSameAddress = errors.New("that is the address already")
	ErrTaken       = errors.New("the address has a subscription of its own")
)

// AskToMove asks for a change of a subscriber's address. The letter to the new one is not written where that is another
// subscriber's, suppressed, blocked, or was asked for too often, and everything else is the same, so that nobody learns what is known of
// an address. Two subscribers are never made one: what each of them agreed to is its own. A new request ends those before it. Errors:
// [ErrAddress], [ErrSameAddress], [ErrTooMany], [ErrNotFound].
func (v Verbs) AskToMove(ctx context.Context, d *db.DB, subscriber int64, email string, o Origin, now time.Time) error {
	address, key, err := ParseAddress(email)
	if err != nil {
		return err
	}
	return d.Tx(ctx, func(tx *sql.Tx) error {
		s, err := Get(ctx, tx, subscriber)
		if err != nil {
			return err
		}
		if s.Email == address {
			return ErrSameAddress
		}
		if err := v.askToMove(ctx, tx, s, address, key, o, now); err != nil {
			return fmt.Errorf("move %s: %w", s.Key, err)
		}
		return nil
	})
}

func (v Verbs) askToMove(ctx context.Context, tx *sql.Tx, s Subscriber, address, key string, o Origin, now time.Time) error {
	r := v.request(key, wish{origin: o, digest: "move"})
	reason, err := v.limits().Look(ctx, tx, r, now)
	if err != nil {
		return err
	}
	if s, err = hold(ctx, tx, s.ID); err != nil { // after the lock of the limits, in the order of joining
		return err
	}
	lately, err := movesSince(ctx, tx, s.ID, now.Add(-24*time.Hour))
	if err != nil {
		return err
	}
	if lately >= movesADay || reason != "" && reason != limits.Address {
		return ErrTooMany
	}
	if err := v.limits().Count(ctx, tx, r, now); err != nil {
		return err
	}
	allowed, err := v.mayMove(ctx, tx, s, key)
	if err != nil {
		return err
	}
	if err := endMoves(ctx, tx, s.ID, "", now); err != nil {
		return err
	}
	token := newToken()
	if err := putToken(ctx, tx, token, purposeMove, s.ID, "", address, now); err != nil {
		return err
	}
	if allowed && reason == "" {
		if err := v.moveLetter(ctx, tx, s, address, token, false, now); err != nil {
			return err
		}
	}
	return v.moveLetter(ctx, tx, s, s.Email, v.Keys.Token(purposeStop, s.ID, ""), true, now)
}

func movesSince(ctx context.Context, h db.Handle, subscriber int64, since time.Time) (n int64, err error) {
	err = h.QueryRowContext(ctx, `SELECT COUNT(*) FROM tokens WHERE subscriber = $1 AND purpose = $2 AND made > $3`,
		subscriber, purposeMove, db.Milli(since)).Scan(&n)
	return n, err
}

// mayMove tells whether a subscriber's letters may go to the address of that key.
func (v Verbs) mayMove(ctx context.Context, h db.Handle, s Subscriber, key string) (bool, error) {
	var others int64
	err := h.QueryRowContext(ctx, `SELECT COUNT(*) FROM subscribers WHERE email_key = $1 AND id <> $2`, key, s.ID).Scan(&others)
	if err != nil {
		return false, err
	}
	suppressed, err := mail.Suppressed(ctx, h, key)
	if err != nil {
		return false, err
	}
	barred, err := v.barred(ctx, h, key)
	return others == 0 && suppressed == "" && barred == "", err
}

// endMoves makes the links of earlier requests invalid, but for one, and withdraws their letters. The requests are kept until they
// are forgotten, so that they count.
func endMoves(ctx context.Context, tx *sql.Tx, subscriber int64, but string, now time.Time) error {
	_, err := tx.ExecContext(ctx, `UPDATE tokens SET expires = $1, detail = '' WHERE subscriber = $2 AND purpose = $3 AND hash <> $4 AND detail <> ''`,
		db.Milli(now), subscriber, purposeMove, but)
	if err != nil || but != "" {
		return err
	}
	_, err = mail.WithdrawKind(ctx, tx, mail.KindMove, subscriber, "ended", now)
	return err
}

// moveLetter writes the letter to the new address, or the notice to the old one.
func (v Verbs) moveLetter(ctx context.Context, tx *sql.Tx, s Subscriber, to, token string, notice bool, now time.Time) error {
	m := templates.MoveLetter{Site: v.Site, Language: v.languageOf(s), Notice: notice, Hours: int(confirmFor / time.Hour)}
	m.Link = v.Site.URL + "/move/" + mail.HoleConfirm
	if notice {
		m.Link = v.Site.URL + "/move/stop/" + mail.HoleConfirm
	}
	words, err := v.Templates.MoveLetter(m)
	if err != nil {
		return err
	}
	master, err := mail.Compose(v.Identity, mail.Message{Kind: mail.KindMove, Language: m.Language, Subject: words.Subject, HTML: words.HTML, Text: words.Text})
	if err != nil {
		return err
	}
	ref := db.NewID()
	if err := mail.PutMaster(ctx, tx, ref, firstRevision, m.Language, master, now); err != nil {
		return err
	}
	_, err = mail.Enqueue(ctx, tx, mail.Letter{
		Kind: mail.KindMove, Ref: ref, Recipient: s.ID, Variant: m.Language, Revision: firstRevision, Address: to,
		Private: token, NotBefore: now, Expires: now.Add(confirmFor),
	}, now)
	return err
}

// languageOf is the language of letters that belong to no digest.
func (v Verbs) languageOf(s Subscriber) string {
	language := shipped(s.Language)
	for _, u := range s.Subscriptions {
		if language == "" && u.State != Left {
			language = shipped(v.Digests[u.Digest].Language)
		}
	}
	return firstOf(language, shipped(v.Site.Language), templates.Languages()[0])
}

// Moving returns the address to which a subscriber has asked to move, and who has not been there yet to say so; "" for none.
func Moving(ctx context.Context, h db.Handle, subscriber int64, now time.Time) (address string, err error) {
	err = h.QueryRowContext(ctx, `
		SELECT t.detail
		FROM tokens AS t
		JOIN subscribers AS s ON s.id = t.subscriber
		WHERE t.subscriber = $1 AND t.purpose = $2 AND t.expires > $3 AND t.detail <> '' AND t.detail <> s.email`,
		subscriber, purposeMove, db.Milli(now)).Scan(&address)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return "", fmt.Errorf("the move of subscriber %d: %w", subscriber, err)
	}
	return address, nil
}

// PeekMove returns whose address a token of the letter to a new address changes, and that address. It changes nothing.
// Errors: [ErrToken], [ErrExpired].
func PeekMove(ctx context.Context, h db.Handle, token string, now time.Time) (Subscriber, string, error) {
	var subscriber, expires int64
	var address string
	err := h.QueryRowContext(ctx, `SELECT subscriber, detail, expires FROM tokens WHERE hash = $1 AND purpose = $2`,
		tokenHash(token), purposeMove).Scan(&subscriber, &address, &expires)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return Subscriber{}, "", ErrToken
	case err != nil:
		return Subscriber{}, "", fmt.Errorf("look up a token of a move: %w", err)
	case expires <= db.Milli(now) || address == "":
		return Subscriber{}, "", ErrExpired
	}
	s, err := Get(ctx, h, subscriber)
	return s, address, err
}

// Move changes the address. The same token again changes nothing and gives the same answer. Errors: those of [PeekMove], [ErrTaken]
// and [ErrSuppressed].
func (v Verbs) Move(ctx context.Context, tx *sql.Tx, token string, o Origin, now time.Time) (Subscriber, error) {
	s, _, err := PeekMove(ctx, tx, token, now)
	if err != nil {
		return s, err
	}
	if _, err := hold(ctx, tx, s.ID); err != nil {
		return Subscriber{}, err
	}
	s, email, err := PeekMove(ctx, tx, token, now) // again: it may have been stopped while we waited
	if err != nil || s.Email == email {
		return s, err
	}
	address, key, err := ParseAddress(email)
	if err == nil {
		err = v.move(ctx, tx, s, address, key, token, o, now)
	}
	if err != nil {
		return Subscriber{}, fmt.Errorf("move %s to %s: %w", s.Key, cut(email), err)
	}
	return Get(ctx, tx, s.ID)
}

func (v Verbs) move(ctx context.Context, tx *sql.Tx, s Subscriber, address, key, token string, o Origin, now time.Time) error {
	if err := checkSuppressed(ctx, tx, key); err != nil {
		return err
	}
	if err := free(ctx, tx, s, key, now); err != nil {
		return err
	}
	_, err := tx.ExecContext(ctx, `UPDATE subscribers SET email = $1, email_key = $2, domain = $3 WHERE id = $4`, address, key, domainOf(key), s.ID)
	if err != nil {
		return err
	}
	if err := v.remember(ctx, tx, key); err != nil {
		return err
	}
	if err := endMoves(ctx, tx, s.ID, tokenHash(token), now); err != nil {
		return err
	}
	return agree(ctx, tx, s.ID, "", verbMove, "link in the letter to the new address", o, now)
}

// free tells by [ErrTaken] whether another subscriber has the key. A row that is put in and taken out again makes two at once, on two
// nodes, wait for each other.
func free(ctx context.Context, tx *sql.Tx, s Subscriber, key string, now time.Time) error {
	if key == s.Key { // other letters of the same address
		return nil
	}
	id := db.NewID()
	put, err := db.Changed(ctx, tx, `
		INSERT INTO subscribers (id, email, email_key, name, language, timezone, state, since) VALUES ($1, '', $2, '', '', '', $3, $4)
		ON CONFLICT (email_key) DO NOTHING`, id, key, stateErased, db.Milli(now))
	if err == nil && !put {
		return ErrTaken
	}
	if err == nil {
		_, err = tx.ExecContext(ctx, `DELETE FROM subscribers WHERE id = $1`, id)
	}
	return err
}

// PeekStop returns whose change of address a token of the notice stops, and whether there is one to stop. It changes nothing. Errors:
// [ErrToken], [ErrNotFound].
func (v Verbs) PeekStop(ctx context.Context, h db.Handle, token string, now time.Time) (Subscriber, bool, error) {
	s, _, err := v.Keys.Open(ctx, h, purposeStop, token)
	if err != nil {
		return Subscriber{}, false, err
	}
	to, err := Moving(ctx, h, s.ID, now)
	return s, to != "", err
}

// StopMove ends every change of address of the subscriber that has not happened yet, and withdraws its letters; by the link of
// the notice, or on the preferences page. It does not take back one that has happened. It reports whether there was one.
func StopMove(ctx context.Context, tx *sql.Tx, subscriber int64, now time.Time) (bool, error) {
	_, err := hold(ctx, tx, subscriber) // or a move that has begun on another node would still happen
	var to string
	if err == nil {
		to, err = Moving(ctx, tx, subscriber, now)
	}
	if err == nil && to != "" {
		err = endMoves(ctx, tx, subscriber, "", now)
	}
	if err != nil {
		return false, fmt.Errorf("stop the move of subscriber %d: %w", subscriber, err)
	}
	return to != "", nil
}
