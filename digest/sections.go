package digest

import (
	"context"
	"database/sql"
	"maps"
	"slices"
	"strings"
	"time"

	"vestnik/subscribers"
	"vestnik/templates"
)

// maxSections is for how many choices of sections an edition is made for itself: those that most readers made. The others
// get the whole edition.
const maxSections = 50

// sections makes the letters of an edition for the readers who want some sections only, once for each choice that there is, by the
// choice's slugs. What is too thin is left out, and its readers get the whole edition. The edition's page is that of the whole.
func (p Publisher) sections(ctx context.Context, dg Digest, slot Slot, now time.Time) (map[string]templates.EditionView, error) {
	views := map[string]templates.EditionView{}
	chosen, err := subscribers.ChosenSections(ctx, p.DB, dg.Name, maxSections)
	if err != nil || len(chosen) == 0 {
		return views, err
	}
	m, err := p.making(ctx, dg, slot, now, time.Time{})
	if err != nil {
		return nil, err
	}
	if err := m.pool.more(ctx, allOf(chosen), 0); err != nil {
		return nil, err
	}
	for _, sections := range chosen {
		view, ok, err := m.ofSections(ctx, sections)
		if err != nil {
			return nil, err
		}
		if ok {
			views[sections] = view
		}
	}
	return views, nil
}

// allOf are the slugs of all choices, each once.
func allOf(chosen []string) []string {
	return slices.Compact(slices.Sorted(slices.Values(strings.Fields(strings.Join(chosen, " ")))))
}

// ofSections is the edition with the articles of some sections alone; false where that is too thin, or the digest has none of them.
func (m *making) ofSections(ctx context.Context, sections string) (templates.EditionView, bool, error) {
	one := *m
	one.taken, one.within = nil, strings.Fields(sections)
	if len(m.dg.Sections) > 0 {
		one.within = slices.DeleteFunc(one.within, func(s string) bool { return !slices.Contains(m.dg.Sections, s) })
	}
	if len(one.within) == 0 {
		return templates.EditionView{}, false, nil
	}
	before, err := m.earlierIn(ctx, m.dg, m.slot, `SELECT e.id, i.article, i.reason
		FROM editions AS e
		JOIN edition_chosen AS i ON i.edition = e.id
		WHERE e.digest = $1 AND e.slot_at > $2 AND e.slot_at < $3 AND i.sections = $4 AND`+public+` ORDER BY e.slot_at`, sections)
	if err != nil {
		return templates.EditionView{}, false, err
	}
	one.before, one.pinned = maps.Clone(m.before), nil
	for article, e := range before {
		all := one.before[article]
		one.before[article] = earlier{max(e.repeated, all.repeated), max(e.filled, all.filled)}
	}
	for _, c := range m.pinned {
		one.pinned = append(one.pinned, one.candidate(c.Candidate))
	}
	c, err := one.compile(ctx)
	if _, skip := err.(Skip); skip {
		return c.view, false, nil
	}
	return c.view, len(c.view.Items) >= max(m.dg.MinItems, 1), err
}

// writeChosen keeps what the letters of a choice of sections have, and why, so that it is not repeated.
func (e Edition) writeChosen(ctx context.Context, tx *sql.Tx, v variant) error {
	for _, i := range v.view.Items {
		_, err := tx.ExecContext(ctx, `INSERT INTO edition_chosen (edition, sections, article, reason) VALUES ($1, $2, $3, $4)`,
			e.ID, v.sections, i.Article, i.Reason)
		if err != nil {
			return err
		}
	}
	return nil
}
