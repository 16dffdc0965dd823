package digest

import (
	"context"
	"slices"
	"time"

	"vestnik/db"
	"vestnik/reads"
)

// A pool brings candidates from the database as far as blocks need them, and keeps them for the blocks that come next. First those are
// brought that were read most, whatever they are: they are near misses at least. Where a block is not full with them, those follow that
// may stand in it, four times as many each time.
type pool struct {
	h      db.Handle
	query  reads.Query
	asOf   time.Time // zero: articles as they are
	first  int       // how many at first
	most   []reads.Candidate
	left   int64             // how many reads those have at most that are not in most
	ready  bool              // most is there
	wide   int               // how many it may have
	narrow map[niche]fetched // what may stand in some blocks
}

// A niche is what a block is about. The section "" is all.
type niche struct {
	section string
	words   int
}

// fetched is what is known of a niche.
type fetched struct {
	all   []reads.Candidate
	below int64 // how many reads the others have at most; -1: there are none
	limit int
}

// of returns what is known of some sections, "" alone for all, and how many reads the others have at most, -1 for none.
func (p *pool) of(ctx context.Context, sections []string, words int) ([]reads.Candidate, int64, error) {
	if !p.ready {
		if err := p.fetchMost(ctx, reads.Fetch{Limit: p.first}); err != nil {
			return nil, 0, err
		}
	}
	all, in := slices.Clone(p.most), map[int64]bool{}
	for _, c := range all {
		in[c.Article] = true
	}
	known, most := true, int64(-1)
	for _, section := range sections {
		f, there := p.narrow[niche{section, words}]
		known, most = known && there, max(most, f.below)
		for _, c := range f.all {
			if !in[c.Article] {
				in[c.Article] = true
				all = append(all, c)
			}
		}
	}
	if !known {
		return all, p.left, nil
	}
	return all, min(most, p.left), nil
}

// fetchMost brings what was read most, whatever it is.
func (p *pool) fetchMost(ctx context.Context, f reads.Fetch) error {
	f.AsOf = p.asOf
	most, below, err := reads.Candidates(ctx, p.h, p.query, f)
	if err != nil {
		return err
	}
	p.most, p.left, p.ready = most, f.Least-1, true
	if f.Least == 0 {
		p.wide = f.Limit
	}
	if left, some := below[""]; some {
		p.left = left
	}
	return nil
}

// mostOfLeast bounds how many are brought because they might be lifted above others, or to see which sections there are.
const mostOfLeast = 5000

// least brings all that was read so often, if that is not too many, and reports whether it did.
func (p *pool) least(ctx context.Context, n int64) (bool, error) {
	if n < 1 || p.left < n || p.wide >= mostOfLeast {
		return false, nil
	}
	known, left := p.most, p.left
	if err := p.fetchMost(ctx, reads.Fetch{Limit: mostOfLeast, Least: n}); err != nil {
		return false, err
	}
	if p.left >= n { // too many: what was there before is as good
		p.most, p.left = known, left
		return false, nil
	}
	return true, nil
}

// more brings more of some sections, of all of them with one statement.
func (p *pool) more(ctx context.Context, sections []string, words int) error {
	f := reads.Fetch{Limit: p.first, Words: words, Eligible: true, AsOf: p.asOf, Each: sections[0] != ""}
	for _, section := range sections {
		known, there := p.narrow[niche{section, words}]
		if there && known.below < 0 {
			continue
		}
		f.Limit = max(f.Limit, 4*known.limit)
		if f.Each {
			f.Sections = append(f.Sections, section)
		}
	}
	return p.fetch(ctx, f, sections)
}

// fetch takes in what the database brings, and notes of the sections without anything that they have nothing.
func (p *pool) fetch(ctx context.Context, f reads.Fetch, sections []string) error {
	all, below, err := reads.Candidates(ctx, p.h, p.query, f)
	if err != nil {
		return err
	}
	asked := f.Sections
	if len(asked) == 0 {
		asked = sections
	}
	for _, section := range asked {
		if _, some := below[section]; !some {
			below[section] = -1
		}
	}
	for section, left := range below {
		got := fetched{below: left, limit: f.Limit}
		for _, c := range all {
			if !f.Each || c.Section == section {
				got.all = append(got.all, c)
			}
		}
		p.narrow[niche{section, f.Words}] = got
	}
	return nil
}

// each returns the sections that have something for blocks of so many words, among the articles that were read most: those first of which
// one was read most.
func (p *pool) each(ctx context.Context, words int) ([]string, error) {
	if p.wide < mostOfLeast {
		if err := p.fetchMost(ctx, reads.Fetch{Limit: mostOfLeast}); err != nil {
			return nil, err
		}
	}
	size := map[string]int64{}
	oldest := p.query.From.Add(-p.query.MaxAge)
	for _, c := range p.most {
		if c.Section != "" && c.State == "published" && !c.Excluded && !c.Published.Before(oldest) && c.Words >= words {
			size[c.Section] = max(size[c.Section], c.Reads)
		}
	}
	return bySize(size), nil
}
