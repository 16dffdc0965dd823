package subscribers

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"vestnik/db"
	"vestnik/mail"
	"vestnik/subscribers/consent"
	"vestnik/templates"
)

// How many confirmation letters one address can be made to get by strangers who fill in forms.
const (
	limitPerDigest = 1
	limitInAll     = 3
	limitWindow    = 24 * time.Hour
)

const kindConfirm = "confirm"

// Join asks for a digest on behalf of whoever filled in the form: the subscription becomes pending and a confirmation letter
// is written. Nothing is sent, and nothing changed, when the address is active already or suppressed, or had a letter for
// this digest or three in all within 24 hours. The answer is nil in all these cases, so that a stranger learns nothing.
// An error is [ErrAddress], [ErrDigest], or the database's. The letter is in the language asked for if that one is shipped,
// else in the digest's; it holds nothing that came from the form.
func (v Verbs) Join(ctx context.Context, d *db.DB, email, digest, language string, o Origin, now time.Time) error {
	address, key, err := ParseAddress(email)
	if err != nil {
		return err
	}
	if err := v.checkDigests(digest); err != nil {
		return err
	}
	// Composed for every address, needed or not: the time it takes must not tell known addresses from new ones.
	letter, err := v.confirmLetter(digest, language)
	if err != nil {
		return fmt.Errorf("join %s to %s: %w", key, digest, err)
	}
	newcomer := Subscriber{Email: address, Key: key, Language: shipped(language)}
	err = d.Tx(ctx, func(tx *sql.Tx) error { return join(ctx, tx, newcomer, letter, o, now) })
	if err != nil {
		return fmt.Errorf("join %s to %s: %w", key, digest, err)
	}
	return nil
}

func join(ctx context.Context, tx *sql.Tx, newcomer Subscriber, letter confirmLetter, o Origin, now time.Time) error {
	if reason, err := mail.Suppressed(ctx, tx, newcomer.Key); err != nil || reason != "" {
		return err
	}
	s, err := put(ctx, tx, newcomer, now)
	if err != nil {
		return err
	}
	state, err := stateOf(ctx, tx, s.ID, letter.digest)
	if err != nil || state == Active || state == Paused {
		return err
	}
	if full, err := overLimit(ctx, tx, s.ID, letter.digest, now); err != nil || full {
		return err
	}
	return askToConfirm(ctx, tx, s.ID, letter, verbJoin, "form", o, now)
}

// overLimit counts the letters in the ledger, so the limit needs no counter of its own and holds on every node.
func overLimit(ctx context.Context, tx *sql.Tx, subscriber int64, digest string, now time.Time) (bool, error) {
	var all, same int64
	err := tx.QueryRowContext(ctx, `
		SELECT COUNT(*), COUNT(CASE WHEN digest = $1 THEN 1 END)
		FROM letters
		WHERE recipient = $2 AND kind = $3 AND made > $4`,
		digest, subscriber, kindConfirm, db.Milli(now.Add(-limitWindow))).Scan(&all, &same)
	return all >= limitInAll || same >= limitPerDigest, err
}

// Adding is what an admin says of a new subscriber.
type Adding struct {
	Email     string
	Name      string
	Language  string // "" for the digest's
	Digests   []string
	Confirmed bool   // active at once; needs Basis
	Basis     string // how and when the reader agreed
}

// Add adds an address by an admin's act, or adds digests to a known one. Confirmed makes the subscriptions active at once;
// otherwise each that is not active becomes pending and gets its confirmation letter. Both also revive a left subscription:
// the first on the strength of the basis, the second by asking. Errors: [ErrAddress], [ErrDigest], [ErrBasis], [ErrSuppressed].
func (v Verbs) Add(ctx context.Context, tx *sql.Tx, a Adding, now time.Time) (Subscriber, error) {
	address, key, err := ParseAddress(a.Email)
	if err != nil {
		return Subscriber{}, err
	}
	if err := v.checkAdding(ctx, tx, key, a); err != nil {
		return Subscriber{}, fmt.Errorf("add %s: %w", key, err)
	}
	s, err := put(ctx, tx, Subscriber{Email: address, Key: key, Name: cleanName(a.Name), Language: a.Language}, now)
	if err != nil {
		return Subscriber{}, fmt.Errorf("add %s: %w", key, err)
	}
	if err := describe(ctx, tx, s, a); err != nil {
		return Subscriber{}, fmt.Errorf("add %s: %w", key, err)
	}
	for _, digest := range slices.Compact(slices.Sorted(slices.Values(a.Digests))) { // named twice: one letter
		if err := v.addTo(ctx, tx, s.ID, digest, a, now); err != nil {
			return Subscriber{}, fmt.Errorf("add %s to %s: %w", key, digest, err)
		}
	}
	return Get(ctx, tx, s.ID)
}

func (v Verbs) checkAdding(ctx context.Context, h db.Handle, key string, a Adding) error {
	if len(a.Digests) == 0 {
		return fmt.Errorf("%w: name at least one of %s", ErrDigest, sortedNames(v.Digests))
	}
	if err := v.checkDigests(a.Digests...); err != nil {
		return err
	}
	if a.Language != "" && shipped(a.Language) == "" {
		return unknownLanguage(a.Language)
	}
	if a.Confirmed && strings.TrimSpace(a.Basis) == "" {
		return ErrBasis
	}
	return checkSuppressed(ctx, h, key)
}

func checkSuppressed(ctx context.Context, h db.Handle, key string) error {
	reason, err := mail.Suppressed(ctx, h, key)
	if err != nil {
		return err
	}
	if reason != "" {
		return fmt.Errorf("%w: it is suppressed (%s)", ErrSuppressed, reason)
	}
	return nil
}

// describe fills in what an admin now knows of a subscriber who was there before.
func describe(ctx context.Context, tx *sql.Tx, s Subscriber, a Adding) error {
	name, language := s.Name, s.Language
	if clean := cleanName(a.Name); clean != "" {
		name = clean
	}
	if a.Language != "" {
		language = a.Language
	}
	if name == s.Name && language == s.Language {
		return nil
	}
	_, err := tx.ExecContext(ctx, `UPDATE subscribers SET name = $1, language = $2 WHERE id = $3`, name, language, s.ID)
	return err
}

func (v Verbs) addTo(ctx context.Context, tx *sql.Tx, subscriber int64, digest string, a Adding, now time.Time) error {
	state, err := stateOf(ctx, tx, subscriber, digest)
	if err != nil || state == Active {
		return err
	}
	if !a.Confirmed {
		letter, err := v.confirmLetter(digest, a.Language)
		if err != nil {
			return err
		}
		return askToConfirm(ctx, tx, subscriber, letter, verbAdd, a.Basis, Origin{}, now)
	}
	if err := setState(ctx, tx, subscriber, digest, Active, now); err != nil {
		return err
	}
	return agree(ctx, tx, subscriber, digest, verbAdd, a.Basis, Origin{}, now)
}

// A confirmLetter is the master copy of a confirmation letter: the same for every address, with a hole for the token.
type confirmLetter struct {
	digest   string
	language string
	master   mail.Master
}

func (v Verbs) confirmLetter(digest, language string) (confirmLetter, error) {
	info := v.Digests[digest]
	language = firstOf(shipped(language), shipped(info.Language), shipped(v.Site.Language), templates.Languages()[0])
	words, err := v.Templates.ConfirmLetter(templates.ConfirmLetter{
		Site: v.Site, Language: language, Digest: info.Title,
		Confirm: v.Site.URL + "/confirm/" + mail.HoleConfirm, Hours: int(confirmFor / time.Hour),
	})
	if err != nil {
		return confirmLetter{}, err
	}
	master, err := mail.Compose(v.Identity, mail.Message{
		Kind: kindConfirm, Digest: digest, ListTitle: info.Title, Language: language,
		Subject: words.Subject, HTML: words.HTML, Text: words.Text,
	})
	return confirmLetter{digest, language, master}, err
}

// askToConfirm makes a subscription pending and writes its letter.
func askToConfirm(ctx context.Context, tx *sql.Tx, subscriber int64, c confirmLetter, verb, basis string, o Origin, now time.Time) error {
	if err := setState(ctx, tx, subscriber, c.digest, Pending, now); err != nil {
		return err
	}
	if err := agree(ctx, tx, subscriber, c.digest, verb, basis, o, now); err != nil {
		return err
	}
	ref, token := db.NewID(), newToken()
	if err := putToken(ctx, tx, token, subscriber, c.digest, now); err != nil {
		return err
	}
	if err := c.store(ctx, tx, ref, now); err != nil {
		return err
	}
	return c.enqueue(ctx, tx, ref, subscriber, token, now)
}

// firstRevision is the only one that a confirmation letter ever has.
const firstRevision = 1

func (c confirmLetter) store(ctx context.Context, tx *sql.Tx, ref int64, now time.Time) error {
	return mail.PutMaster(ctx, tx, ref, firstRevision, c.language, c.master, now)
}

func (c confirmLetter) enqueue(ctx context.Context, tx *sql.Tx, ref, subscriber int64, token string, now time.Time) error {
	fresh, err := mail.Enqueue(ctx, tx, mail.Letter{
		Kind: kindConfirm, Ref: ref, Recipient: subscriber, Digest: c.digest, Variant: c.language, Revision: firstRevision,
		Private: token, NotBefore: now, Expires: now.Add(confirmFor),
	}, now)
	if err == nil && !fresh {
		err = errors.New("the key of a new confirmation letter is taken already")
	}
	return err
}

// put finds the subscriber by key or creates it. The row stays locked until the transaction ends, so two joins of one
// address take turns and the limits hold.
func put(ctx context.Context, tx *sql.Tx, s Subscriber, now time.Time) (Subscriber, error) {
	return scanSubscriber(tx.QueryRowContext(ctx, `
		INSERT INTO subscribers (id, email, email_key, domain, name, language, timezone, salt, state, since)
		VALUES ($1, $2, $3, $4, $5, $6, '', $7, $8, $9)
		ON CONFLICT (email_key) DO UPDATE SET state = excluded.state
		RETURNING `+subscriberColumns,
		db.NewID(), s.Email, s.Key, domainOf(s.Key), s.Name, s.Language, consent.NewSalt(), stateActive, db.Milli(now)))
}

func stateOf(ctx context.Context, h db.Handle, subscriber int64, digest string) (state string, err error) {
	err = h.QueryRowContext(ctx, `
		SELECT state
		FROM subscriptions
		WHERE subscriber = $1 AND digest = $2`, subscriber, digest).Scan(&state)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	return state, err
}

func setState(ctx context.Context, tx *sql.Tx, subscriber int64, digest, state string, now time.Time) error {
	_, err := tx.ExecContext(ctx, `
		INSERT INTO subscriptions (subscriber, digest, state, since)
		VALUES ($1, $2, $3, $4)
		ON CONFLICT (subscriber, digest) DO UPDATE SET state = excluded.state, since = excluded.since, until = 0, before = ''`,
		subscriber, digest, state, db.Milli(now))
	return err
}

// agree writes a line of consent.
func agree(ctx context.Context, tx *sql.Tx, subscriber int64, digest, verb, basis string, o Origin, now time.Time) error {
	return consent.Append(ctx, tx, lineOf(subscriber, digest, verb, basis, o, now))
}

func lineOf(subscriber int64, digest, verb, basis string, o Origin, now time.Time) consent.Line {
	l := consent.Line{At: now, Subscriber: subscriber, Digest: digest, Verb: verb, Basis: basis, Wording: o.Wording}
	if o.Network.IsValid() {
		l.Network = o.Network.String()
	}
	return l
}

// shipped returns language if there are letters in it, else "".
func shipped(language string) string {
	if slices.Contains(templates.Languages(), language) {
		return language
	}
	return ""
}

func unknownLanguage(language string) error {
	return fmt.Errorf("language %q: there are no letters in it; choose one of %s", cut(language), strings.Join(templates.Languages(), ", "))
}

func firstOf(words ...string) string {
	for _, w := range words {
		if w != "" {
			return w
		}
	}
	return ""
}

func sortedNames(digests map[string]DigestInfo) string {
	return strings.Join(slices.Sorted(maps.Keys(digests)), ", ")
}
