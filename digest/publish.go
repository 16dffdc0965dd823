package digest

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"vestnik/db"
	"vestnik/mail"
	"vestnik/subscribers"
	"vestnik/templates"
)

// Outcome says what [Publisher.Publish] did.
type Outcome string

const (
	Published Outcome = "published"
	Already   Outcome = "already published" // or decided otherwise, if the edition's ID is 0: then its Reason says how
	Skipped   Outcome = "skipped"           // the edition's Reason says why
)

// An occasion is why a slot is published: because it is due, or by hand.
type occasion struct {
	reason  string
	expires time.Time
	byHand  bool // also a slot that was skipped or missed
}

// Publish publishes the edition of a slot that is due: the slot, the edition, its list and the master copies of its letters
// in one transaction, so that all of it happens or nothing does. Whoever comes second, on whatever node, gets the edition that
// there is and [Already]. The letters themselves are written down by [Publisher.Enqueue].
//
// No letter starts after the next slot, nor later than dg.MaxLate after this one.
func (p Publisher) Publish(ctx context.Context, dg Digest, slot Slot, now time.Time) (Edition, Outcome, error) {
	s, err := dg.schedule()
	if err != nil {
		return Edition{}, "", err
	}
	expires := slot.At.Add(dg.MaxLate)
	if next := s.slot(s.next(slot.Wall)); !next.IsZero() && next.At.After(slot.At) && next.At.Before(expires) {
		expires = next.At
	}
	return p.publish(ctx, dg, slot, now, occasion{reason: lateness(slot, now), expires: expires})
}

func (p Publisher) publish(ctx context.Context, dg Digest, slot Slot, now time.Time, o occasion) (Edition, Outcome, error) {
	if slot.At.After(now) {
		return Edition{}, "", fmt.Errorf("%s: publish %s: it is due only at %s", dg.Name, slot.Name(), slot.At.Format(time.RFC3339))
	}
	if decided, done, err := p.decided(ctx, dg, slot, o); err != nil || done {
		return decided, Already, err
	}
	if _, err := subscribers.ResumeDue(ctx, p.DB, now); err != nil {
		return Edition{}, "", err
	}
	view, err := p.Compile(ctx, dg, slot, now)
	if skip, ok := err.(Skip); ok {
		return p.skip(ctx, dg, slot, string(skip), now, o)
	}
	if err != nil {
		return Edition{}, "", err
	}
	e, variants, err := p.freeze(ctx, dg, slot, view, now, o)
	if err != nil {
		return Edition{}, "", fmt.Errorf("%s: publish %s: %w", dg.Name, slot.Name(), err)
	}
	first := false
	err = p.DB.Tx(ctx, func(tx *sql.Tx) error {
		var err error
		if first, err = claim(ctx, tx, dg.Name, verdict{slot, SlotPublished, o.reason}, now, o.byHand); err != nil || !first {
			return err
		}
		return e.write(ctx, tx, variants)
	})
	if err != nil {
		return Edition{}, "", fmt.Errorf("%s: publish %s: %w", dg.Name, slot.Name(), err)
	}
	if !first {
		e, _, err = p.decided(ctx, dg, slot, o)
		return e, Already, err
	}
	return e, Published, nil
}

// decided reports whether the slot is out of our hands, and the edition that there is. Without one, the slot was skipped
// or missed, which by hand can still be mended.
func (p Publisher) decided(ctx context.Context, dg Digest, slot Slot, o occasion) (Edition, bool, error) {
	e, err := FindEdition(ctx, p.DB, dg.Name, slot.Name())
	if err == nil || !errors.Is(err, ErrNotFound) {
		return e, err == nil, err
	}
	var state, reason string
	err = p.DB.QueryRowContext(ctx, `SELECT state, reason FROM slots WHERE digest = $1 AND due = $2`, dg.Name, slot.Wall.UnixMilli()).Scan(&state, &reason)
	if errors.Is(err, sql.ErrNoRows) {
		return Edition{}, false, nil
	}
	if err != nil {
		return Edition{}, false, fmt.Errorf("%s: slot %s: %w", dg.Name, slot.Name(), err)
	}
	return Edition{Digest: dg.Name, Slot: slot, Reason: state + ": " + reason}, !o.byHand, nil
}

// skip records that a slot gets no edition.
func (p Publisher) skip(ctx context.Context, dg Digest, slot Slot, reason string, now time.Time, o occasion) (Edition, Outcome, error) {
	first := false
	err := p.DB.Tx(ctx, func(tx *sql.Tx) (err error) {
		first, err = claim(ctx, tx, dg.Name, verdict{slot, SlotSkipped, reason}, now, o.byHand)
		return err
	})
	if err != nil {
		return Edition{}, "", fmt.Errorf("%s: skip %s: %w", dg.Name, slot.Name(), err)
	}
	if !first {
		e, _, err := p.decided(ctx, dg, slot, o)
		return e, Already, err
	}
	return Edition{Digest: dg.Name, Slot: slot, Reason: reason}, Skipped, nil
}

// claim decides a slot, and reports whether it was still to decide. By hand, what was skipped or missed still is.
func claim(ctx context.Context, tx *sql.Tx, digest string, v verdict, now time.Time, byHand bool) (bool, error) {
	first, err := db.Changed(ctx, tx, `
		INSERT INTO slots (digest, due, state, reason, at) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (digest, due) DO NOTHING`,
		digest, v.slot.Wall.UnixMilli(), v.state, v.reason, db.Milli(now))
	if err != nil || first || !byHand {
		return first, err
	}
	return db.Changed(ctx, tx, `
		UPDATE slots SET state = $1, reason = $2, at = $3 WHERE digest = $4 AND due = $5 AND state <> $6`,
		v.state, v.reason, db.Milli(now), digest, v.slot.Wall.UnixMilli(), SlotPublished)
}

// A variant is the master copy of an edition's letters in one language, and with the stories of some sections alone.
type variant struct {
	language string
	sections string // slugs parted by spaces; "" for the whole edition
	view     templates.EditionView
	master   mail.Master
}

// name is the variant's in the ledger.
func (v variant) name() string {
	if v.sections == "" {
		return v.language
	}
	return v.language + "/" + strings.ReplaceAll(v.sections, " ", ",")
}

// freeze makes everything of an edition, so that writing it down takes no time.
func (p Publisher) freeze(ctx context.Context, dg Digest, slot Slot, view templates.EditionView, now time.Time, o occasion) (Edition, []variant, error) {
	e := Edition{
		ID: db.NewID(), Digest: dg.Name, Slot: Slot{Wall: slot.Wall, At: slot.At.UTC()}, Start: view.From.UTC(), Until: view.Until.UTC(),
		State: Enqueuing, Reason: o.reason, Revision: 1, Subject: view.Subject, Title: dg.Title, Language: dg.Language,
		Expires: o.expires.UTC(), Made: now.UTC(), View: view,
	}
	s, err := dg.schedule()
	if err != nil {
		return e, nil, err
	}
	e.zone, e.next = dg.Location.String(), s.slot(s.next(slot.Wall)).At
	views, err := p.sections(ctx, dg, slot, view, now)
	if err != nil {
		return e, nil, err
	}
	views[""] = view
	var variants []variant
	for sections, view := range views {
		for _, language := range templates.Languages() {
			v := variant{language: language, sections: sections, view: view}
			if v.master, err = p.master(dg, language, view); err != nil {
				return e, nil, err
			}
			variants = append(variants, v)
		}
	}
	return e, variants, nil
}

// master composes the letter of a view in a language.
func (p Publisher) master(dg Digest, language string, view templates.EditionView) (mail.Master, error) {
	letter, err := p.Templates.DigestLetter(templates.DigestLetter{
		Site: p.Site, Language: language, Edition: view,
		Leave:       p.Site.URL + "/unsubscribe/" + mail.HoleLeave,
		Preferences: p.Site.URL + "/preferences/" + mail.HolePreferences,
	})
	if err != nil {
		return mail.Master{}, err
	}
	return mail.Compose(p.Identity, mail.Message{
		Kind: mail.KindDigest, Digest: dg.Name, ListTitle: dg.Title, Language: language,
		Subject: letter.Subject, HTML: letter.HTML, Text: letter.Text,
	})
}

// write keeps a new edition, its list and its master copies.
func (e Edition) write(ctx context.Context, tx *sql.Tx, variants []variant) error {
	_, err := tx.ExecContext(ctx, `
		INSERT INTO editions (id, digest, due, slot_at, start, until, state, revision, subject, title, language,
		                      cursor, recipients, expires, made, next_at, timezone)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 0, 0, $12, $13, $14, $15)`,
		e.ID, e.Digest, e.Slot.Wall.UnixMilli(), db.Milli(e.Slot.At), db.Milli(e.Start), db.Milli(e.Until), e.State, e.Revision,
		db.Text(e.Subject), db.Text(e.Title), e.Language, db.Milli(e.Expires), db.Milli(e.Made), db.Milli(e.next), e.zone)
	if err != nil {
		return fmt.Errorf("edition: %w", err)
	}
	if err := e.writeItems(ctx, tx); err != nil {
		return fmt.Errorf("items: %w", err)
	}
	if err := e.writeRevision(ctx, tx); err != nil {
		return fmt.Errorf("revision %d: %w", e.Revision, err)
	}
	for _, v := range variants {
		if err := mail.PutMaster(ctx, tx, e.ID, e.Revision, v.name(), v.master, e.Made); err != nil {
			return err
		}
		if v.language == e.Language { // once for all languages
			if err := e.writeBody(ctx, tx, v); err != nil {
				return fmt.Errorf("%s: %w", v.name(), err)
			}
		}
		if v.sections != "" && v.language == e.Language { // once for all languages
			if err := e.writeChosen(ctx, tx, v); err != nil {
				return fmt.Errorf("items of %s: %w", v.name(), err)
			}
		}
	}
	return nil
}

// writeRevision keeps what an edition's first or next revision is.
func (e Edition) writeRevision(ctx context.Context, tx *sql.Tx) error {
	_, err := tx.ExecContext(ctx, `
		INSERT INTO edition_revisions (edition, revision, made, by_whom, what, note, correction, noted, subject, hash)
		VALUES ($1, $2, $3, '', 'compiled', '', 0, 0, $4, $5)`, e.ID, e.Revision, db.Milli(e.Made), db.Text(e.Subject), e.View.Hash())
	return err
}

// writeBody keeps what a variant shows.
func (e Edition) writeBody(ctx context.Context, tx *sql.Tx, v variant) error {
	body, err := json.Marshal(v.view)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO edition_bodies (edition, revision, sections, body) VALUES ($1, $2, $3, $4)`,
		e.ID, e.Revision, v.sections, db.Text(string(body)))
	return err
}

func (e Edition) writeItems(ctx context.Context, tx *sql.Tx) error {
	const columns = 7
	for rest := e.View.Items; len(rest) > 0; {
		some := rest[:min(len(rest), 100)]
		rest = rest[len(some):]
		var rows []string
		var args []any
		for _, i := range some {
			rows = append(rows, "("+db.Placeholders(len(args)+1, columns)+")")
			args = append(args, e.ID, int64(i.Rank), i.Article, db.Text(i.Title), i.Reads, i.Score, i.Reason)
		}
		_, err := tx.ExecContext(ctx, `
			INSERT INTO edition_items (edition, pos, article, title, reads, score, reason)
			VALUES `+strings.Join(rows, ", "), args...)
		if err != nil {
			return err
		}
	}
	return nil
}
