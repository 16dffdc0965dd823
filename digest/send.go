package digest

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
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
		o.reason = "extra edition, sent by hand"
		if !dg.Follows() {
			err = nil // it needs no slot
		}
		slot = Slot{Wall: wallClock(now, dg.Location).Truncate(time.Minute), At: now.In(dg.Location).Truncate(time.Minute)}
	}
	if err != nil {
		return Edition{}, "", err
	}
	if err := p.recordBefore(ctx, dg, s, slot, now); err != nil {
		return Edition{}, "", err
	}
	return p.publish(ctx, dg, slot, now, o)
}

// Wanted says which letter of an edition is to be shown.
type Wanted struct {
	Variant  string // language[.layout][/section,section]; "" is the whole edition in the digest's language
	Revision int64  // 0 is the present one
}

// Preview returns what the edition of a slot holds, and a letter of it. One that there is, also one that is held, is shown from the master
// copy that its letters are made of; another as it would be made now. Nothing is written. With a [Skip] error both are still there
// unless there is nothing to send.
func (p Publisher) Preview(ctx context.Context, dg Digest, slot Slot, w Wanted, now time.Time) (templates.EditionView, templates.Letter, error) {
	view, master, skip, err := p.sheet(ctx, dg, slot, w, now)
	if err != nil {
		return view, templates.Letter{}, err
	}
	if len(view.Items) == 0 {
		return view, templates.Letter{}, skip
	}
	letter, err := letterOf(master)
	if err != nil {
		return view, letter, err
	}
	return view, letter, skip
}

// sheet is a letter of the edition of a slot or, if there is none, as it would be now; skip says why that would not be sent.
func (p Publisher) sheet(ctx context.Context, dg Digest, slot Slot, w Wanted, now time.Time) (view templates.EditionView, m mail.Master, skip, err error) {
	v := parseVariant(w.Variant)
	if v.language == "" {
		v.language = dg.Language
	}
	e, err := FindEdition(ctx, p.DB, dg.Name, slot.Name())
	if err == nil {
		if m, err = p.kept(ctx, e, w.Revision, v.name()); err == nil {
			view, err = bodyOf(ctx, p.DB, e.ID, cmp.Or(w.Revision, e.Revision), v.sections)
		}
		return view, m, nil, err
	}
	if !errors.Is(err, ErrNotFound) {
		return view, m, nil, err
	}
	if w.Revision > 1 {
		return view, m, nil, Refusal(fmt.Sprintf("%s %s is not made yet, so it has no revision %d", dg.Name, slot.Name(), w.Revision))
	}
	if v.view, err = p.Compile(ctx, dg, slot, now); err != nil {
		if _, ok := err.(Skip); !ok || len(v.view.Items) == 0 {
			return v.view, m, err, notSkip(err)
		}
		skip = err
	}
	whole := v.view
	if v, err = p.draftVariant(ctx, dg, slot, v, now); err == nil {
		m, err = p.draft(dg, v, whole)
	}
	return v.view, m, skip, err
}

// notSkip is an error other than that the slot would be skipped.
func notSkip(err error) error {
	if _, skip := err.(Skip); skip {
		return nil
	}
	return err
}

// draftVariant is a variant of an edition that is not made yet.
func (p Publisher) draftVariant(ctx context.Context, dg Digest, slot Slot, v variant, now time.Time) (variant, error) {
	if v.layout != "" && !slices.Contains(dg.Looks(), v.layout) || !slices.Contains(templates.Languages(), v.language) {
		return v, Refusal(fmt.Sprintf("%s has no letters %q; languages are %s, layouts that readers can choose: %s",
			dg.Name, v.name(), strings.Join(templates.Languages(), ", "), strings.Join(dg.Looks(), ", ")))
	}
	if v.sections == "" {
		return v, nil
	}
	views, err := p.sections(ctx, dg, slot, now)
	if err != nil {
		return v, err
	}
	view, ok := views[v.sections]
	if !ok {
		return v, Refusal(fmt.Sprintf("%s would have no letter of the sections %q alone: nobody chose just these, or it would be too thin and they get all of it", dg.Name, v.sections))
	}
	v.view = view
	return v, nil
}

// draft is the master copy of a variant of an edition that is not made yet, of which whole is all: the same that publishing makes.
func (p Publisher) draft(dg Digest, v variant, whole templates.EditionView) (mail.Master, error) {
	v.view.Revision, whole.Revision = 1, 1
	m, err := p.master(Edition{Digest: dg.Name, Title: dg.Title, Hash: whole.Hash()}, v)
	if err != nil {
		return m, fmt.Errorf("%s: preview: %w", dg.Name, err)
	}
	return m, nil
}

// testFor is how long a test letter may wait for the relay.
const testFor = time.Hour

// testToken stands in the links of a test letter, which lead nowhere: whoever gets one need not be subscribed.
const testToken = "ATESTxLETTERxITSxLINKxLEADSxNOWHERExxxxx"

// Test writes down one letter of the edition of a slot to an address that need not be subscribed: what [Publisher.Preview] shows, made of
// the same master copy, by mail. The caller has it sent.
func (p Publisher) Test(ctx context.Context, dg Digest, slot Slot, w Wanted, address string, now time.Time) (mail.Letter, error) {
	email, _, err := subscribers.ParseAddress(address)
	if err != nil {
		return mail.Letter{}, err
	}
	view, master, skip, err := p.sheet(ctx, dg, slot, w, now)
	if err == nil && len(view.Items) == 0 {
		err = skip
	}
	if err != nil {
		return mail.Letter{}, err
	}
	return p.testOf(ctx, dg, master, cmp.Or(w.Variant, dg.Language), email, now)
}

// testOf writes down a letter of a master copy to an address.
func (p Publisher) testOf(ctx context.Context, dg Digest, master mail.Master, variant, email string, now time.Time) (mail.Letter, error) {
	master, err := master.Filled(mail.Tokens{Leave: testToken, Preferences: testToken, Confirm: testToken, NotMe: testToken})
	if err != nil {
		return mail.Letter{}, fmt.Errorf("%s: test letter: %w", dg.Name, err)
	}
	l := mail.Letter{Kind: mail.KindTest, Ref: db.NewID(), Digest: dg.Name, Variant: variant, Revision: 1, Address: email, Expires: now.Add(testFor)}
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
