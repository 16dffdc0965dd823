package digest

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"vestnik/templates"
)

// Replay is the edition of the slot last due at a time as it would have been made then: out of the reads that were counted up to the slot
// (of whole days, where hours are not kept any more), of the articles that were published then, of the pins and exclusions made by then,
// and after the editions that came before. Nothing is written.
//
// What was not kept cannot be replayed: headlines, texts and related articles are those of now, and so is the configuration; articles that
// were removed for good are left out, and so are pins and exclusions that were taken back.
func (p Publisher) Replay(ctx context.Context, dg Digest, at time.Time) (Slot, templates.EditionView, error) {
	slot, err := dg.Last(at)
	if err != nil {
		return slot, templates.EditionView{}, err
	}
	m, err := p.making(ctx, dg, slot, at, at)
	var c compiled
	if err == nil {
		c, err = m.compile(ctx)
	}
	if _, skip := err.(Skip); err != nil && !skip {
		err = fmt.Errorf("%s: replay %s: %w", dg.Name, slot.Name(), err)
	}
	return slot, c.view, err
}

// Sample is the letter of a view in a language, "" for the digest's, without a subscriber.
func (p Publisher) Sample(dg Digest, view templates.EditionView, language string) (templates.Letter, error) {
	m, err := p.draft(dg, variant{language: cmp.Or(language, dg.Language), view: view}, view)
	if err != nil {
		return templates.Letter{}, err
	}
	return letterOf(m)
}
