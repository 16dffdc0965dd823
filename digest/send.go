package digest

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"vestnik/db"
	"vestnik/mail"
	"vestnik/subscribers"
	"vestnik/templates"
)

// Send publishes by hand the slot last due, also one that was skipped or missed; or, with extra, an edition for this
// minute. If there is that edition already, it returns it and [Already]. Slots before it that nobody has decided yet are
// recorded as missed. As it is wanted now, its letters may start for dg.MaxLate from now, whatever slot comes next.
func (p Publisher) Send(ctx context.Context, dg Digest, now time.Time, extra bool) (Edition, Outcome, error) {
	s, err := dg.schedule()
	if err != nil {
		return Edition{}, "", err
	}
	slot, err := dg.Last(now)
	o := occasion{reason: "sent by hand", expires: now.Add(dg.MaxLate), byHand: true}
	if extra {
		o.reason, err = "extra edition, sent by hand", nil
		slot = Slot{Wall: wallClock(now, dg.Location).Truncate(time.Minute), At: now.In(dg.Location).Truncate(time.Minute)}
	}
	if err != nil {
		return Edition{}, "", err
	}
	last, err := p.lastDecided(ctx, dg, now)
	if err != nil {
		return Edition{}, "", fmt.Errorf("%s: its slots: %w", dg.Name, err)
	}
	if !last.IsZero() {
		missed := s.verdicts(last, slot.Wall, now, func(Slot) (state, reason string) {
			return SlotMissed, "nobody looked at it before " + slot.Name() + " was sent by hand"
		})
		if err := p.record(ctx, dg, missed, now); err != nil {
			return Edition{}, "", err
		}
	}
	return p.publish(ctx, dg, slot, now, o)
}

// Preview returns what the edition of a slot holds, and its letter in a language ("" for the digest's). A published one is
// shown as it was frozen, another as it would be made now. Nothing is written. With a [Skip] error both are still there
// unless there is nothing to send.
func (p Publisher) Preview(ctx context.Context, dg Digest, slot Slot, language string, now time.Time) (templates.EditionView, templates.Letter, error) {
	view, skip, err := p.view(ctx, dg, slot, now)
	if err != nil {
		return view, templates.Letter{}, err
	}
	if len(view.Items) == 0 {
		return view, templates.Letter{}, skip
	}
	letter, err := p.sample(dg, view, language)
	if err != nil {
		return view, letter, err
	}
	return view, letter, skip
}

// view is the frozen edition of a slot or, if there is none, what it would be now; skip says why that would not be sent.
func (p Publisher) view(ctx context.Context, dg Digest, slot Slot, now time.Time) (view templates.EditionView, skip, err error) {
	e, err := FindEdition(ctx, p.DB, dg.Name, slot.Name())
	if err == nil || !errors.Is(err, ErrNotFound) {
		return e.View, nil, err
	}
	view, err = p.Compile(ctx, dg, slot, now)
	if _, ok := err.(Skip); ok {
		return view, err, nil
	}
	return view, nil, err
}

// sample is a letter without a subscriber.
func (p Publisher) sample(dg Digest, view templates.EditionView, language string) (templates.Letter, error) {
	if language == "" {
		language = dg.Language
	}
	letter, err := p.Templates.DigestLetter(templates.DigestLetter{Site: p.Site, Language: language, Edition: view, Preview: true})
	if err != nil {
		return letter, fmt.Errorf("%s: preview: %w", dg.Name, err)
	}
	return letter, nil
}

// testFor is how long a test letter may wait for the relay.
const testFor = time.Hour

// Test writes down one letter of the edition of a slot to an address that need not be subscribed, with a master copy of its
// own: what [Publisher.Preview] shows, by mail. The caller has it sent.
func (p Publisher) Test(ctx context.Context, dg Digest, slot Slot, language, address string, now time.Time) (mail.Letter, error) {
	email, _, err := subscribers.ParseAddress(address)
	if err != nil {
		return mail.Letter{}, err
	}
	view, skip, err := p.view(ctx, dg, slot, now)
	if err == nil && len(view.Items) == 0 {
		err = skip
	}
	if err != nil {
		return mail.Letter{}, err
	}
	if language == "" {
		language = dg.Language
	}
	letter, err := p.sample(dg, view, language)
	if err != nil {
		return mail.Letter{}, err
	}
	master, err := mail.Compose(p.Identity, mail.Message{Kind: mail.KindTest, Digest: dg.Name, ListTitle: dg.Title, Language: language,
		Subject: letter.Subject, HTML: letter.HTML, Text: letter.Text})
	if err != nil {
		return mail.Letter{}, fmt.Errorf("%s: test letter: %w", dg.Name, err)
	}
	l := mail.Letter{Kind: mail.KindTest, Ref: db.NewID(), Digest: dg.Name, Variant: language, Revision: 1, Address: email, Expires: now.Add(testFor)}
	err = p.DB.Tx(ctx, func(tx *sql.Tx) error {
		if err := mail.PutMaster(ctx, tx, l.Ref, l.Revision, l.Variant, master, now); err != nil {
			return err
		}
		_, err := mail.Enqueue(ctx, tx, l, now)
		return err
	})
	if err != nil {
		return mail.Letter{}, fmt.Errorf("%s: test letter: %w", dg.Name, err)
	}
	return mail.Show(ctx, p.DB, l.Name())
}
