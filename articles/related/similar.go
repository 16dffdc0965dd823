// Package related is in charge of telling which articles are about the same thing, by their words (package [words]):
// articles are alike as far as their rare words agree. It is asked by package articles alone, which puts the editors' own
// list first.
//
// The same articles give the same answer on every database: SQL only reads, all computing is done here in one order.
package related

import (
	"cmp"
	"context"
	"database/sql"
	"slices"
	"time"

	"vestnik/articles/words"
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

// Found is an article that is about the same thing, with how much it is.
type Found struct {
	Article int64
	Score   float64 // 0 to 1.15
}

// Similar returns published articles, best first. An article without words that others have too is like none.
func Similar(ctx context.Context, h db.Handle, q Query) ([]Found, error) {
	l, own, all, err := compare(ctx, h, q, max(mostCompared, 2*q.Limit+2))
	if err != nil || len(all) == 0 {
		return nil, err
	}
	return l.best(ctx, h, q, own, all)
}

// Lists returns what [Similar] does, and which published articles, without those in Exclude, are near enough to this one to have
// it in their own lists: those that have to be asked for anew when it comes.
func Lists(ctx context.Context, h db.Handle, q Query) (similar []Found, near []int64, err error) {
	l, own, all, err := compare(ctx, h, q, max(mostCompared, 2*q.Limit+2, mostNear))
	if err != nil || len(all) == 0 {
		return nil, nil, err
	}
	if similar, err = l.best(ctx, h, q, own, all); err != nil {
		return nil, nil, err
	}
	return similar, nearOf(own, all), nil
}

// best is the answer of [Similar] out of the candidates.
func (l *likeness) best(ctx context.Context, h db.Handle, q Query, own profile, all []candidate) ([]Found, error) {
	picked, err := l.profiles(ctx, h, q.Picked)
	if err != nil {
		return nil, err
	}
	var seen []profile
	for _, id := range q.Picked {
		seen = append(seen, picked[id])
	}
	return choose(own, db.Milli(q.Moment), all, seen, q.Limit), nil
}

func nearOf(own profile, all []candidate) (ids []int64) {
	for _, c := range all[:min(len(all), mostNear)] {
		if cosine, _ := own.heavy.cosine(c.about.heavy); cosine >= leastCosine {
			ids = append(ids, c.id)
		}
	}
	return ids
}

// compare returns what the article is about, and at most so many candidates with what they are about.
func compare(ctx context.Context, h db.Handle, q Query, most int) (*likeness, profile, []candidate, error) {
	l, own, err := newLikeness(ctx, h, q.Article, q.Language)
	if err != nil || len(own.heavy) == 0 {
		return nil, own, nil, err
	}
	all, err := l.candidates(ctx, h, q, own.heavy)
	if err != nil || len(all) == 0 {
		return nil, own, nil, err
	}
	all = all[:min(len(all), most)]
	ids := make([]int64, len(all))
	for i, c := range all {
		ids[i] = c.id
	}
	shared, err := sharedTags(ctx, h, q.Tags, ids)
	if err != nil {
		return nil, own, nil, err
	}
	profiles, err := l.profiles(ctx, h, ids)
	for i, c := range all {
		all[i].about, all[i].shared = profiles[c.id], shared[c.id]
	}
	return l, own, all, err
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
	query := words.Query{Language: q.Language, Limit: mostCandidates + len(exclude)}
	for _, d := range rarest {
		query.Any = append(query.Any, d.word)
	}
	found, err := words.Candidates(ctx, h, query)
	if err != nil {
		return nil, err
	}
	var all []candidate
	for _, c := range found {
		if !slices.Contains(exclude, c.ID) {
			all = append(all, candidate{id: c.ID, moment: c.Moment})
		}
	}
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
	ids := make([]int64, len(all))
	for i, c := range all {
		ids[i] = c.id
	}
	asked := make([]string, len(own))
	for i, d := range own {
		asked[i] = d.word
	}
	documents, err := words.Mentions(ctx, h, ids, asked)
	if err != nil {
		return err
	}
	for i := range all {
		for _, d := range own { // sorted: sums of floats depend on the order
			if t := documents[all[i].id].Term(d.word); t.Word != "" {
				all[i].dot += d.w * l.weight(d.word, t.Weight())
			}
		}
	}
	slices.SortStableFunc(all, func(a, b candidate) int { return cmp.Compare(b.dot, a.dot) }) // ties stay newest first
	return nil
}

// choose scores the candidates and takes the best n that are neither too far from a nor too near to it or one another.
func choose(own profile, moment int64, all []candidate, seen []profile, n int) []Found {
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
	var found []Found
	for _, c := range kept {
		if len(found) == n {
			break
		}
		if slices.ContainsFunc(seen, func(p profile) bool { return p.tooClose(c.about, sameCosine) }) {
			continue
		}
		found, seen = append(found, Found{c.id, c.score}), append(seen, c.about)
	}
	return found
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
		append(db.Args(articles), db.Args(tags)...)...)
	for _, id := range with {
		shared[id]++
	}
	return shared, err
}
