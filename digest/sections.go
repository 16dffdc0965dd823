package digest

import (
	"context"
	"database/sql"
	"slices"
	"strings"
	"time"

	"vestnik/articles"
	"vestnik/db"
	"vestnik/reads"
	"vestnik/subscribers"
	"vestnik/templates"
)

// maxSections is for how many choices of sections an edition is made for itself: those that most readers made. The others
// get the whole edition.
const maxSections = 50

// sections makes the letters of an edition for the readers who want some sections only, once for each choice that there is, by the
// choice's slugs. What is too thin is left out, and its readers get the whole edition. The edition's page is that of the whole.
func (p Publisher) sections(ctx context.Context, dg Digest, slot Slot, whole templates.EditionView, now time.Time) (map[string]templates.EditionView, error) {
	views := map[string]templates.EditionView{}
	chosen, err := subscribers.ChosenSections(ctx, p.DB, dg.Name, maxSections)
	if err != nil || len(chosen) == 0 {
		return views, err
	}
	s, err := dg.schedule()
	if err != nil {
		return nil, err
	}
	repeated, err := p.repeated(ctx, dg, slot)
	if err != nil {
		return nil, err
	}
	for _, sections := range chosen {
		view := whole
		view.Items, view.Related, view.Subject = nil, nil, ""
		list, err := p.ofSections(ctx, dg, s, slot, whole.From, sections, repeated, now)
		if err == nil && len(list) >= max(dg.MinItems, 1) {
			err = p.lay(ctx, dg, &view, list)
			views[sections] = view
		}
		if err != nil {
			return nil, err
		}
	}
	return views, nil
}

// ofSections is the list of an edition with the articles of some sections alone.
func (p Publisher) ofSections(ctx context.Context, dg Digest, s schedule, slot Slot, from time.Time, sections string, repeated []int64, now time.Time) ([]line, error) {
	before, err := p.repeatedIn(ctx, dg, slot, sections)
	if err != nil {
		return nil, err
	}
	slugs, out := strings.Fields(sections), slices.Concat(repeated, before)
	list, err := p.mostRead(ctx, dg, reads.Query{From: from, To: slot.At, Whole: s.whole(slot), Exclude: out, Sections: slugs})
	if err != nil || len(list) >= dg.MinItems || dg.WhenThin != ThinFill {
		return list, err
	}
	return p.fill(ctx, dg, list, out, articles.Filter{Since: from.Add(-dg.MaxAge), Before: later(now, slot.At).Add(time.Millisecond), Sections: slugs})
}

// repeatedIn are the articles that a letter of this choice of sections had as read most in the last dg.RepeatAfter.
func (p Publisher) repeatedIn(ctx context.Context, dg Digest, slot Slot, sections string) ([]int64, error) {
	if dg.RepeatAfter <= 0 {
		return nil, nil
	}
	return db.Collect(ctx, p.DB, func(row *sql.Rows) (id int64, err error) { return id, row.Scan(&id) }, `
		SELECT DISTINCT i.article
		FROM editions AS e
		JOIN edition_chosen AS i ON i.edition = e.id
		WHERE e.digest = $1 AND e.slot_at > $2 AND e.slot_at < $3 AND i.sections = $4`,
		dg.Name, db.Milli(slot.At.Add(-dg.RepeatAfter)), db.Milli(slot.At), sections)
}

// writeChosen keeps what the letters of a choice of sections have as read most, so that it is not repeated.
func (e Edition) writeChosen(ctx context.Context, tx *sql.Tx, v variant) error {
	for _, i := range v.view.Items {
		if i.Reason == ReasonFill {
			continue
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO edition_chosen (edition, sections, article) VALUES ($1, $2, $3)`, e.ID, v.sections, i.Article)
		if err != nil {
			return err
		}
	}
	return nil
}
