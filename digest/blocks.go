package digest

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"time"

	"vestnik/articles"
	"vestnik/reads"
	"vestnik/templates"
)

// rankFill is the rank of the block that fills up a thin edition.
const rankFill = ReasonFill

// maxEach is how many blocks one for each section makes at most: of those that are read most.
const maxEach = 30

// ranks are those of blocks.
var ranks = []string{RankReads, RankAdjusted, RankLatest, RankEditors}

// mostBlocks bounds the blocks of a digest: a letter is to be read to its end.
const mostBlocks = 30

// checkChoice checks what goes into editions.
func (dg Digest) checkChoice() error {
	if dg.RepeatAfter < 0 {
		return fmt.Errorf(`%s: repeat_after %s: write how long an article stays out after it was in an edition, as "30d", or "0s"`, dg.Name, dg.RepeatAfter)
	}
	for i, s := range dg.Sections {
		switch {
		case !sectionSlug.MatchString(s):
			return fmt.Errorf(`%s: sections %q: write slugs, as in the address of a section's page, as "kino"`, dg.Name, s)
		case slices.Contains(dg.Sections[:i], s):
			return fmt.Errorf("%s: sections: %q stands in it twice", dg.Name, s)
		}
	}
	if len(dg.Blocks) > mostBlocks {
		return fmt.Errorf("%s: %d blocks: write at most %d", dg.Name, len(dg.Blocks), mostBlocks)
	}
	for i, b := range dg.Blocks {
		if err := b.check(dg.Sections); err != nil {
			return fmt.Errorf("%s: block %d: %w", dg.Name, i+1, err)
		}
	}
	return nil
}

var sectionSlug = regexp.MustCompile(`^[^\s/*,]+$`)

// check checks a block of a digest that has articles of these sections only, none for all.
func (b Block) check(within []string) error {
	switch {
	case !slices.Contains(ranks, b.Rank):
		return fmt.Errorf("rank %q: write one of %q", b.Rank, ranks)
	case b.Count < 1 || b.Count > 1000:
		return fmt.Errorf("count %d: it must be from 1 to 1000", b.Count)
	case b.Words < 0 || b.Words > 100_000:
		return fmt.Errorf("words %d: it must be from 0 to 100000", b.Words)
	case b.Layout != "" && !slices.Contains(templates.Layouts(), b.Layout):
		return fmt.Errorf("layout %q: write one of %q", b.Layout, templates.Layouts())
	case b.Section != "" && b.Section != "*" && !sectionSlug.MatchString(b.Section):
		return fmt.Errorf(`section %q: write a slug, as in the address of the section's page, as "kino", or "*" for a block of each section`, b.Section)
	case b.Section != "" && b.Section != "*" && len(within) > 0 && !slices.Contains(within, b.Section):
		return fmt.Errorf("section %q: the digest has articles of %q only; add it to sections, or leave the block out", b.Section, within)
	case b.Section == "*" && b.Title != "":
		return fmt.Errorf(`title %q: the blocks of section "*" are called as their sections; leave the title out`, b.Title)
	}
	return nil
}

// blocks are the digest's, with one block for each section in the place of a block of each.
func (m *making) blocks(ctx context.Context) ([]Block, error) {
	if len(m.dg.Blocks) == 0 {
		return []Block{{Rank: m.dg.Rank, Count: m.dg.Count}}, nil
	}
	var all []Block
	for _, b := range m.dg.Blocks {
		if b.Section != "*" {
			all = append(all, b)
			continue
		}
		sections, err := m.eachSection(ctx, b)
		if err != nil {
			return nil, err
		}
		for _, b.Section = range sections[:min(len(sections), maxEach)] {
			all = append(all, b)
		}
	}
	return all, nil
}

// eachSection are the sections that have something for a block, those first of which one article was read
// most or, in other ranks, that have most.
func (m *making) eachSection(ctx context.Context, b Block) (sections []string, err error) {
	if b.Rank == RankReads || b.Rank == RankAdjusted {
		if sections, err = m.pool.each(ctx, b.Words); err != nil {
			return nil, err
		}
	} else {
		all, err := m.newest(ctx, reads.Fetch{Limit: 1000, Words: b.Words, Eligible: true}, m.from, m.slot.At, false)
		if err != nil {
			return nil, err
		}
		if b.Rank == RankEditors {
			all = m.pinned
		}
		size := map[string]int64{}
		for _, c := range all {
			if c.Section != "" {
				size[c.Section]++
			}
		}
		sections = bySize(size)
	}
	return slices.DeleteFunc(sections, func(s string) bool { return len(m.within) > 0 && !slices.Contains(m.within, s) }), nil
}

// bySize are the keys, those of the greatest numbers first, then by name.
func bySize(size map[string]int64) []string {
	return slices.SortedFunc(maps.Keys(size), func(a, b string) int { return cmp.Or(cmp.Compare(size[b], size[a]), cmp.Compare(a, b)) })
}

// rulesOf are those of a block of the edition.
func (m *making) rulesOf(b Block) rules {
	r := rules{rank: b.Rank, count: b.Count, within: m.within, section: b.Section, words: b.Words, taken: m.taken}
	switch b.Rank {
	case RankReads, RankAdjusted:
		r.Rules, r.oldest = m.MostRead, m.from.Add(-m.dg.MaxAge)
		r.pins = !slices.ContainsFunc(m.dg.Blocks, func(b Block) bool { return b.Rank == RankEditors })
	case RankEditors:
		r.pins = true
	}
	return r
}

// sectionsOf are the sections out of which a block of reads is filled, "" alone for all.
func (r rules) sectionsOf() []string {
	switch {
	case r.section != "":
		return []string{r.section}
	case len(r.within) > 0:
		return r.within
	}
	return []string{""}
}

// fill chooses what stands in a block.
func (m *making) fill(ctx context.Context, r rules) (chosen, error) {
	for limit := 2*r.count + 20; ; limit *= 4 {
		all, below, err := m.candidates(ctx, r, limit)
		if err != nil {
			return chosen{}, err
		}
		if m.dg.Collapse {
			m.tales.meet(ctx, append(r.first(all), r.taken...)...)
			r.same = m.tales.same(ctx)
		}
		c := choose(all, r)
		if m.tales.err != nil {
			return chosen{}, m.tales.err
		}
		if c.certain(below) {
			return c, nil
		}
		if r.rank == RankReads || r.rank == RankAdjusted {
			if err := m.more(ctx, r, c); err != nil {
				return chosen{}, err
			}
		}
	}
}

// more brings more candidates for a block that is not certain: of a full one only those that were read so often that they might be lifted
// above its last.
func (m *making) more(ctx context.Context, r rules, c chosen) error {
	if c.full {
		last := c.last
		if r.rank == RankAdjusted {
			last /= reads.MostLifted
		}
		if enough, err := m.pool.least(ctx, int64(last)); enough || err != nil {
			return err
		}
	}
	return m.pool.more(ctx, r.sectionsOf(), r.words)
}

// candidates are those of a block that are known, or at most so many of the newest; below is for [chosen.certain].
func (m *making) candidates(ctx context.Context, r rules, limit int) (all []candidate, below int64, err error) {
	switch r.rank {
	case RankReads, RankAdjusted:
		some, below, err := m.pool.of(ctx, r.sectionsOf(), r.words)
		for _, c := range some {
			if r.section == "" || r.section == c.Section {
				all = append(all, m.candidate(c))
			}
		}
		return withThose(all, m.pinnedOf(r.section)), below, err
	case RankEditors:
		return m.pinnedOf(r.section), -1, nil
	}
	since, until := m.from, m.slot.At
	if r.rank == rankFill {
		since, until = m.from.Add(-m.dg.MaxAge), later(m.now, m.slot.At).Add(time.Millisecond)
	}
	all, err = m.newest(ctx, reads.Fetch{Limit: limit, Words: r.words, Sections: r.newestOf()}, since, until, r.rank == rankFill)
	if len(all) < limit {
		return all, -1, err
	}
	return all, 0, err
}

// newestOf are the sections out of which a block of the latest is filled, none for all.
func (r rules) newestOf() []string {
	if s := r.sectionsOf(); s[0] != "" {
		return s
	}
	return nil
}

// newest are the articles published from since and before until, at most f.Limit. What fills up has briefs after all articles.
func (m *making) newest(ctx context.Context, f reads.Fetch, since, until time.Time, fills bool) (all []candidate, err error) {
	f.AsOf = m.asOf
	kinds := []string{""}
	if fills {
		kinds = []string{articles.KindArticle, articles.KindBrief}
	}
	most := f.Limit
	for _, kind := range kinds {
		if f.Limit = most - len(all); f.Limit <= 0 {
			break
		}
		some, err := reads.Newest(ctx, m.DB, f, since, until, kind)
		if err != nil {
			return nil, err
		}
		for _, c := range some {
			all = append(all, m.candidate(c))
		}
	}
	return all, nil
}

// pinnedOf are the pinned articles of a section, "" for all.
func (m *making) pinnedOf(section string) []candidate {
	return slices.DeleteFunc(slices.Clone(m.pinned), func(c candidate) bool { return section != "" && c.Section != section })
}

// withThose adds to all what is not in it, and spends more.
func withThose(all, more []candidate) []candidate {
	in := map[int64]bool{}
	for _, c := range all {
		in[c.Article] = true
	}
	return append(all, slices.DeleteFunc(more, func(c candidate) bool { return in[c.Article] })...)
}

// tells reports whether a letter may tell an item of the block at length, and so needs how its text begins: in the digest's own layout, or
// in one that readers may choose.
func (dg Digest) tells(b Block) bool {
	if b.Layout != "" {
		return b.Layout == templates.LayoutLong
	}
	return dg.Layout == templates.LayoutLong || slices.Contains(dg.Layouts, templates.LayoutLong)
}
