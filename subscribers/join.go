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
	"vestnik/subscribers/limits"
	"vestnik/templates"
)

// Trap is the name of the form's field that people do not see and programs fill in.
const Trap = "topic"

// Reasons why a request gets no letter, beside those of package limits; they are counted, and told to nobody.
const (
	RefusedTrap  = "trap"  // a field was filled in that people do not see
	RefusedFast  = "fast"  // the form was filled in within no time
	RefusedStale = "stale" // the form is forged, or too old

	refusedMalformed  = "malformed"
	refusedActive     = "active" // it has what it asks for
	refusedBlocked    = "blocked"
	refusedSuppressed = "suppressed"
)

// Join asks for a digest on behalf of whoever filled in the form: the subscription becomes pending and a confirmation letter
// is written. Nothing is sent, and nothing changed, when the address is active already, suppressed or blocked, or was asked for
// within 24 hours for this digest, or as often as [Limits] allow. The answer is nil in all these cases, and the work the
// same, so that a stranger learns nothing. An error is [ErrAddress], [ErrDigest], [ErrTooMany], or the database's. The letter
// is in the language asked for if that one is shipped, else in the digest's; it holds nothing that came from the form.
func (v Verbs) Join(ctx context.Context, d *db.DB, email, digest, language string, o Origin, now time.Time) error {
	return v.ask(ctx, d, wish{email, digest, language, "form", o}, now)
}

// JoinByMail asks for a digest on behalf of who wrote to join@ or, where there are several digests, join+NAME@ our domain. Senders
// are forged, so it is no more than a form: limits hold, a block stays, and the letter that asks for confirmation goes to the
// sender. Who takes the letter in must have refused an empty sender and what programs send (RFC 3834, section 2). The errors are
// those of [Verbs.Join].
func (v Verbs) JoinByMail(ctx context.Context, d *db.DB, sender, recipient, language string, now time.Time) error {
	local, _, _ := strings.Cut(strings.ToLower(recipient), "@")
	_, digest, named := strings.Cut(local, "+")
	if !named {
		if len(v.Digests) != 1 {
			return fmt.Errorf("join by mail to %s: %w named; write to join+NAME@, with one of %s", cut(recipient), ErrDigest, sortedNames(v.Digests))
		}
		digest = sortedNames(v.Digests)
	}
	return v.ask(ctx, d, wish{sender, digest, language, "letter to " + cut(recipient), Origin{}}, now)
}

// A wish is what a stranger asks for.
type wish struct {
	email, digest, language string
	basis                   string
	origin                  Origin
}

func (v Verbs) ask(ctx context.Context, d *db.DB, w wish, now time.Time) error {
	address, key, err := ParseAddress(w.email)
	if err != nil {
		v.Refused(refusedMalformed)
		return err
	}
	if err := v.checkDigests(w.digest); err != nil {
		return err
	}
	// Composed for every address, needed or not: the time it takes must not tell known addresses from new ones.
	letter, err := v.confirmLetter(w.digest, w.language)
	if err != nil {
		return fmt.Errorf("join %s to %s: %w", key, w.digest, err)
	}
	newcomer := Subscriber{Email: address, Key: key, Language: shipped(w.language)}
	var reason string
	err = d.Tx(ctx, func(tx *sql.Tx) (err error) {
		reason, err = v.askOnce(ctx, tx, newcomer, letter, w, now)
		return err
	})
	if reason != "" {
		v.Refused(reason)
	}
	if err != nil {
		return fmt.Errorf("join %s to %s: %w", key, w.digest, err)
	}
	return nil
}

// askOnce looks at the limits, then does the same work for every address, and takes back what must not stay. It returns why
// there will be no letter; with [ErrTooMany] where the limit is not the address's own.
func (v Verbs) askOnce(ctx context.Context, tx *sql.Tx, newcomer Subscriber, letter confirmLetter, w wish, now time.Time) (reason string, err error) {
	r := v.request(newcomer.Key, w)
	if reason, err = v.limits().Look(ctx, tx, r, now); err != nil {
		return "", err
	}
	if reason != "" && reason != limits.Address {
		return reason, ErrTooMany
	}
	err = attempt(ctx, tx, "granted", func() (bool, error) {
		if err := v.limits().Count(ctx, tx, r, now); err != nil {
			return false, err
		}
		known, err := v.askUnlessKnown(ctx, tx, newcomer, letter, w, now)
		granted := reason == ""
		if granted {
			reason = known
		}
		return granted, err
	})
	return reason, err
}

// askUnlessKnown makes the subscription pending and writes the letter, and takes both back if there must be none: why, it returns.
func (v Verbs) askUnlessKnown(ctx context.Context, tx *sql.Tx, newcomer Subscriber, letter confirmLetter, w wish, now time.Time) (reason string, err error) {
	err = attempt(ctx, tx, "asked", func() (bool, error) {
		s, err := put(ctx, tx, newcomer, now)
		if err != nil {
			return false, err
		}
		if reason, err = v.whyNot(ctx, tx, s, letter.digest); err != nil {
			return false, err
		}
		return reason == "", askToConfirm(ctx, tx, s.ID, letter, verbJoin, w.basis, w.origin, now)
	})
	return reason, err
}

// whyNot returns what is known of the address that forbids a confirmation letter, by as many statements for each.
func (v Verbs) whyNot(ctx context.Context, tx *sql.Tx, s Subscriber, digest string) (reason string, err error) {
	suppressed, err := mail.Suppressed(ctx, tx, s.Key)
	if err != nil {
		return "", err
	}
	barred, err := v.barred(ctx, tx, s.Key)
	if err != nil {
		return "", err
	}
	state, err := stateOf(ctx, tx, s.ID, digest)
	switch {
	case suppressed != "":
		return refusedSuppressed, err
	case barred != "":
		return barred, err
	case state == Active || state == Paused:
		return refusedActive, err
	}
	return "", err
}

// attempt runs f and takes back what it did to the database unless it says that it shall stay.
func attempt(ctx context.Context, tx *sql.Tx, name string, f func() (stays bool, err error)) error {
	if _, err := tx.ExecContext(ctx, `SAVEPOINT `+name); err != nil {
		return err
	}
	stays, err := f()
	if err != nil {
		return err
	}
	end := `ROLLBACK TO `
	if stays {
		end = `RELEASE `
	}
	_, err = tx.ExecContext(ctx, end+name)
	return err
}

func (v Verbs) request(key string, w wish) limits.Request {
	r := limits.Request{Domain: domainOf(key), Address: v.Keys.hash(key), Digest: w.digest}
	// Loopback and private addresses are the newsroom's own, or those of a proxy that nobody has told us to trust, behind
	// which all readers look the same.
	if n := w.origin.Network; n.IsValid() && !n.Addr().IsLoopback() && !n.Addr().IsPrivate() {
		r.Network = n.String()
	}
	return r
}

// limits are those of the configuration, or the defaults.
func (v Verbs) limits() limits.Limits {
	if v.Limits == (limits.Limits{}) {
		return limits.Defaults
	}
	return v.Limits
}

// Refused counts a request that got no letter, for the statistics.
func (v Verbs) Refused(reason string) { v.Tally.Add(reason) }

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
	if err := checkSuppressed(ctx, h, key); err != nil {
		return err
	}
	if a.Confirmed {
		return v.checkForgotten(ctx, h, key)
	}
	return v.checkBlocked(ctx, h, key)
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
	if err != nil || state == Active || state == Paused { // who has paused has what was asked for, and said when it shall come
		return err
	}
	if !a.Confirmed {
		letter, err := v.confirmLetter(digest, a.Language)
		if err != nil {
			return err
		}
		return askToConfirm(ctx, tx, subscriber, letter, verbAdd, a.Basis, Origin{}, now)
	}
	if err := setState(ctx, tx, subscriber, digest, Active, mail.PlaceHand, now); err != nil {
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
		Confirm: v.Site.URL + "/confirm/" + mail.HoleConfirm, NotMe: v.Site.URL + "/not-me/" + mail.HoleNotMe, Hours: int(confirmFor / time.Hour),
	})
	if err != nil {
		return confirmLetter{}, err
	}
	master, err := mail.Compose(v.Identity, mail.Message{
		Kind: mail.KindConfirm, Digest: digest, ListTitle: info.Title, Language: language,
		Subject: words.Subject, HTML: words.HTML, Text: words.Text,
	})
	return confirmLetter{digest, language, master}, err
}

// askToConfirm makes a subscription pending and writes its letter.
func askToConfirm(ctx context.Context, tx *sql.Tx, subscriber int64, c confirmLetter, verb, basis string, o Origin, now time.Time) error {
	if err := setState(ctx, tx, subscriber, c.digest, Pending, "", now); err != nil {
		return err
	}
	if err := agree(ctx, tx, subscriber, c.digest, verb, basis, o, now); err != nil {
		return err
	}
	ref, token := db.NewID(), newToken()
	if err := putToken(ctx, tx, token, purposeConfirm, subscriber, c.digest, "", now); err != nil {
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
		Kind: mail.KindConfirm, Ref: ref, Recipient: subscriber, Digest: c.digest, Variant: c.language, Revision: firstRevision,
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

// setState sets the state of a subscription, new or not. One that was left and is asked for keeps that in mind until it is confirmed: a
// stranger may have asked, and no import may bring back who left. Place is where an active one was agreed to, just now.
func setState(ctx context.Context, tx *sql.Tx, subscriber int64, digest, state, place string, now time.Time) error {
	var agreed int64
	if state == Active {
		agreed = db.Milli(now)
	}
	_, err := tx.ExecContext(ctx, `
		INSERT INTO subscriptions (subscriber, digest, state, since, agreed, place)
		VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (subscriber, digest) DO UPDATE SET state = excluded.state, since = excluded.since, until = 0,
			agreed = excluded.agreed, place = excluded.place,
			before = CASE WHEN excluded.state = 'pending' AND 'left' IN (subscriptions.state, subscriptions.before) THEN 'left' ELSE '' END`,
		subscriber, digest, state, db.Milli(now), agreed, place)
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
