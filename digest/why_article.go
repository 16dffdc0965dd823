package digest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"vestnik/articles"
	"vestnik/reads"
	"vestnik/templates"
)

// ExplainArticle says in sentences why an article is in the edition of a slot, or why not. What was not kept with the edition is told from
// what is known of the article now.
func (p Publisher) ExplainArticle(ctx context.Context, dg Digest, slotName, slug string) (articles.Article, []string, error) {
	a, err := articles.Find(ctx, p.DB, slug)
	if errors.Is(err, articles.ErrNotFound) {
		return a, nil, fmt.Errorf("no article has the slug %s; `vestnik articles list` shows them: %w", slug, err)
	}
	if err != nil {
		return a, nil, err
	}
	w, err := openWhy(ctx, p.DB, dg, slotName)
	if errors.Is(err, ErrNotFound) {
		x, err := whyNone(ctx, p.DB, dg, slotName)
		return a, x.Head, err
	}
	if err != nil {
		return a, nil, fmt.Errorf("why %s of %s: %w", dg.Name, slotName, err)
	}
	said := w.kept(a, p.Articles)
	if len(said) == 0 {
		said, err = p.recall(ctx, w, a)
	}
	if err != nil {
		return a, nil, fmt.Errorf("why %s is not in %s of %s: %w", slug, dg.Name, slotName, err)
	}
	return a, said, nil
}

// kept is what the edition itself says of an article.
func (w *why) kept(a articles.Article, site articles.Site) (said []string) {
	headings := w.blocks()
	heading := func(block int) string {
		if len(headings) < 2 || block >= len(headings) {
			return ""
		}
		return " in " + Quoted(headings[block])
	}
	for _, i := range w.items {
		if i.Article == a.ID {
			said = append(said, fmt.Sprintf("It is in the edition, %s%s: %s.", ordinal(i.place), heading(i.Block), strings.TrimSuffix(w.item(i).Text, ", see below")))
		}
	}
	in := len(said) > 0
	for _, item := range w.Edition.View.Items {
		if holds(item.Story, a, site) {
			said = append(said, fmt.Sprintf("Its headline stands under %s, which tells the same story.", Quoted(item.Title)))
		}
		if holds(item.Related, a, site) {
			said = append(said, fmt.Sprintf("Its headline stands under %s, to which it is related.", Quoted(item.Title)))
		}
	}
	if holds(w.Edition.View.Related, a, site) {
		said = append(said, "Its headline stands below the list, as it is related to what is in it.")
	}
	for _, one := range w.absent {
		if one.Article == a.ID && !in {
			said = append(said, fmt.Sprintf("It is not in the list%s: %s.", heading(one.Block), w.missing(one).Text))
		}
	}
	return said
}

func holds(headlines []templates.Headline, a articles.Article, site articles.Site) bool {
	for _, h := range headlines {
		if h.URL == a.Link(site) {
			return true
		}
	}
	return false
}

// recall says what is known of an article that was not near the edition.
func (p Publisher) recall(ctx context.Context, w *why, a articles.Article) ([]string, error) {
	q := w.query()
	q.MaxAge = w.dg.MaxAge
	facts, err := reads.Facts(ctx, p.DB, q, []int64{a.ID}, time.Time{})
	if err != nil || len(facts) == 0 {
		return nil, err
	}
	c := facts[0]
	letters, err := p.fromLetters(ctx, w, a)
	if err != nil {
		return nil, err
	}
	said := "It is not in the edition, and was not near it: "
	switch {
	case !c.Published.Before(w.Edition.Until):
		return []string{said + fmt.Sprintf("it was published on %s, after the edition's time had ended.", w.moment(c.Published))}, nil
	case a.State != articles.Published:
		return []string{said + "it is not published; its state is " + a.State + "."}, nil
	case c.Reads == 0 && letters > 0:
		return []string{said + fmt.Sprintf("in its time it had %s from letters alone, and those do not count, so that one letter does not choose the next.", counted(letters, "read"))}, nil
	case c.Reads == 0:
		return []string{said + "nobody read it in the edition's time."}, nil
	}
	return p.ruledOut(ctx, w, c, said)
}

// fromLetters is how many reads an article had in the edition's time from letters.
func (p Publisher) fromLetters(ctx context.Context, w *why, a articles.Article) (n int64, err error) {
	hours, err := reads.Hours(ctx, p.DB, a.ID, w.Edition.Start, w.Edition.Until, w.Edition.Until)
	for _, h := range hours {
		if h.Source == "email" {
			n += h.N
		}
	}
	return n, err
}

// ruledOut says which rule of the digest, as it is configured now, keeps an article out, or how far behind it was.
func (p Publisher) ruledOut(ctx context.Context, w *why, c reads.Candidate, said string) ([]string, error) {
	m, err := p.making(ctx, w.dg, w.Edition.Slot, w.Edition.Made, time.Time{})
	if err != nil {
		return nil, err
	}
	blocks, err := m.blocks(ctx)
	if err != nil {
		return nil, err
	}
	var reasons []string
	for _, b := range blocks {
		k := chooser{rules: m.rulesOf(b)}
		reason, other, value := k.unfit(m.candidate(c), false)
		if reason == "" && k.byReads() {
			return []string{said + fmt.Sprintf("it had %s, and %s.", counted(c.Reads, "read"), w.lastOf())}, nil
		}
		if reason != "" {
			if w.editions, err = editionDays(ctx, p.DB, []int64{other}, w.zone); err != nil {
				return nil, err
			}
			reasons = append(reasons, w.reason(Absent{Article: c.Article, Reason: reason, Other: other, Value: value}))
		}
	}
	if len(reasons) == 0 {
		return []string{said + "it is not among the latest that it has room for."}, nil
	}
	return []string{said + fmt.Sprintf("it had %s, but %s.", counted(c.Reads, "read"), strings.Join(uniq(reasons), "; or "))}, nil
}

// lastOf says with how many reads the list ends.
func (w *why) lastOf() string {
	least := int64(-1)
	for _, i := range w.items {
		if i.Reason == ReasonReads && (least < 0 || i.Reads < least) {
			least = i.Reads
		}
	}
	if least < 0 {
		return "nothing is in the edition for its reads"
	}
	return fmt.Sprintf("the last one there had %s", number(least))
}

func uniq(all []string) (some []string) {
	seen := map[string]bool{}
	for _, s := range all {
		if !seen[s] {
			seen[s] = true
			some = append(some, s)
		}
	}
	return some
}
