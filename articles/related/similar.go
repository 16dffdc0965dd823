// Package related is in charge of telling which articles are about the same thing, by their words: a term is a stemmed
// word with its weight in an article, and articles are alike as far as their rare terms agree. It writes the table
// article_terms, and is asked by package articles alone, which puts the editors' own list first.
//
// The same articles give the same answer on every database: SQL only reads, all computing is done here in one order.
package related

import (
	"cmp"
	"context"
	"database/sql"
	"slices"
	"time"

	"vestnik/db"
)

// A Query asks which articles are about the same thing as one of them.
type Query struct {
	Article  int64
	Language string // theirs too
	Moment   time.Time
	Tags     []string // slugs
	Exclude  []int64  // articles that are not wanted
	Picked   []int64  // articles that stand before the answer: what says the same as one of them is not wanted either
	Limit    int
}

// Similar returns the ids of published articles, best first. An article without words that others have too is like none.
func Similar(ctx context.Context, h db.Handle, q Query) ([]int64, error) {
	l, own, err := newLikeness(ctx, h, q.Article, q.Language)
	if err != nil || len(own.heavy) == 0 {
		return nil, err
	}
	all, err := l.candidates(ctx, h, q, own.heavy)
	if err != nil || len(all) == 0 {
		return nil, err
	}
	all = all[:min(len(all), max(mostCompared, 2*q.Limit+2))]
	var ids []int64
	for _, c := range all {
		ids = append(ids, c.id)
	}
	shared, err := sharedTags(ctx, h, q.Tags, ids)
	if err != nil {
		return nil, err
	}
	profiles, err := l.profiles(ctx, h, append(ids, q.Picked...))
	if err != nil {
		return nil, err
	}
	for i, c := range all {
		all[i].about, all[i].shared = profiles[c.id], shared[c.id]
	}
	var seen []profile
	for _, id := range q.Picked {
		seen = append(seen, profiles[id])
	}
	return choose(own, db.Milli(q.Moment), all, seen, q.Limit), nil
}

// A candidate is an article that shares a rare word with the one that related articles are sought for.
type candidate struct {
	id     int64
	moment int64   // milliseconds
	dot    float64 // of its weights with the vector of the other, not divided by its length
	about  profile
	shared int // tags
	score  float64
}

// candidates returns published articles of the language that have one of own's rarest terms, those first that share most of
// own. Only the newest mostCandidates are looked at.
func (l *likeness) candidates(ctx context.Context, h db.Handle, q Query, own vector) ([]candidate, error) {
	rarest := mostOfEach(l.rarestFirst(own), rarestTerms, rarestBeginnings)
	exclude := append(slices.Clone(q.Exclude), q.Article)
	args := []any{q.Language, int64(mostCandidates + len(exclude))}
	for _, d := range rarest {
		args = append(args, d.word)
	}
	all, err := db.Collect(ctx, h, func(row *sql.Rows) (c candidate, err error) {
		return c, row.Scan(&c.id, &c.moment)
	}, `SELECT id, moment
		FROM articles
		WHERE id IN (SELECT article FROM article_terms WHERE term IN (`+db.Placeholders(3, len(rarest))+`))
			AND state = 'published' AND language = $1
		ORDER BY moment DESC, id DESC
		LIMIT $2`, args...)
	if err != nil {
		return nil, err
	}
	all = slices.DeleteFunc(all, func(c candidate) bool { return slices.Contains(exclude, c.id) })
	return all, l.overlap(ctx, h, own, all)
}

// rarestFirst is a copy of v, those terms first that the fewest articles have.
func (l *likeness) rarestFirst(v vector) vector {
	v = slices.Clone(v)
	slices.SortFunc(v, func(a, b dimension) int {
		return cmp.Or(cmp.Compare(l.df[a.word], l.df[b.word]), cmp.Compare(a.word, b.word))
	})
	return v
}

// overlap sorts the candidates by how much of own they have, as far as that is known without counting all their terms.
func (l *likeness) overlap(ctx context.Context, h db.Handle, own vector, all []candidate) error {
	own = mostOfEach(l.rarestFirst(own), len(own), overlapBeginnings)
	weights := map[string]float64{}
	args := make([]any, len(own))
	for i, d := range own {
		args[i], weights[d.word] = d.word, d.w
	}
	tf := map[int64][]term{}
	_, err := db.Collect(ctx, h, func(row *sql.Rows) (_ struct{}, err error) {
		var id int64
		var t term
		err = row.Scan(&id, &t.word, &t.weight)
		tf[id] = append(tf[id], t)
		return struct{}{}, err
	}, `SELECT article, term, weight FROM article_terms WHERE term IN (`+db.Placeholders(1, len(own))+`)`, args...)
	if err != nil {
		return err
	}
	for i := range all {
		terms := tf[all[i].id]
		slices.SortFunc(terms, func(a, b term) int { return cmp.Compare(a.word, b.word) }) // sums of floats depend on the order
		for _, t := range terms {
			all[i].dot += weights[t.word] * l.weight(t.word, t.weight)
		}
	}
	slices.SortStableFunc(all, func(a, b candidate) int { return cmp.Compare(b.dot, a.dot) }) // ties stay newest first
	return nil
}

// choose scores the candidates and takes the best n that are neither too far from a nor too near to it or one another.
func choose(own profile, moment int64, all []candidate, seen []profile, n int) []int64 {
	var kept []candidate
	for _, c := range all {
		cosine, _ := own.heavy.cosine(c.about.heavy)
		apart := max(c.moment-moment, moment-c.moment)
		if cosine < leastCosine || apart <= twinApart && own.tooClose(c.about, twinCosine) {
			continue // something else, or the same story written twice
		}
		c.score = (cosine + min(tagBonus*float64(c.shared), mostTagBonus)) * recency(apart)
		kept = append(kept, c)
	}
	slices.SortFunc(kept, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(b.score, a.score), cmp.Compare(b.moment, a.moment), cmp.Compare(b.id, a.id))
	})
	var ids []int64
	for _, c := range kept {
		if len(ids) == n {
			break
		}
		if slices.ContainsFunc(seen, func(p profile) bool { return p.tooClose(c.about, sameCosine) }) {
			continue
		}
		ids, seen = append(ids, c.id), append(seen, c.about)
	}
	return ids
}

// sharedTags counts how many of the tags each of the articles has.
func sharedTags(ctx context.Context, h db.Handle, tags []string, articles []int64) (map[int64]int, error) {
	shared := map[int64]int{}
	if len(tags) == 0 {
		return shared, nil
	}
	with, err := db.Collect(ctx, h, func(row *sql.Rows) (id int64, err error) {
		return id, row.Scan(&id)
	}, `SELECT article
		FROM article_tags
		WHERE article IN (`+db.Placeholders(1, len(articles))+`) AND slug IN (`+db.Placeholders(len(articles)+1, len(tags))+`)`,
		append(anys(articles), anys(tags)...)...)
	for _, id := range with {
		shared[id]++
	}
	return shared, err
}

func anys[T any](values []T) []any {
	all := make([]any, len(values))
	for i, v := range values {
		all[i] = v
	}
	return all
}
