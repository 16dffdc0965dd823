// Package search is in charge of finding articles by the words that somebody types, and of marking them in what is shown. It
// writes no table: package words keeps the words of articles. Package articles alone asks it.
//
// The same articles give the same answer on every database: SQL only reads, all computing is done here in one order.
package search

import (
	"cmp"
	"context"
	"database/sql"
	"slices"
	"time"

	"vestnik/articles/words"
	"vestnik/db"
)

// Most is how many articles are looked at for a query: the newest of those that have its words.
const Most = 1000

// A Query asks for articles. Only and Section do not filter where they are "".
type Query struct {
	Text     string
	Language string // the site's: BCP 47, as "ru"
	Only     string // articles in this language alone
	Section  string // slug
	Now      time.Time
}

// A Result is what was found.
type Result struct {
	Hits []Hit // the best first
	Some bool  // no article has all the words: these have some of them
	Full bool  // there are [Most], and older ones may have the words, too
	pens map[ink]*Pen
}

// A Hit is an article that was found.
type Hit struct {
	Article  int64
	Language string
	Score    float64
	moment   int64
	parts    bool // it has of some compound only the parts
}

// An ink is what a pen marks: the words of a language, and the parts of compounds too where these alone are there.
type ink struct {
	language string
	parts    bool
}

// Search returns the published articles that have every word of a query, or some of them where none has every one. A
// short word that very many articles have need not be there. Headlines that have nothing to read behind them are found only
// where there is nothing else.
func Search(ctx context.Context, h db.Handle, q Query) (Result, error) {
	all, err := sayings(ctx, h, q)
	if err != nil {
		return Result{}, err
	}
	r := Result{pens: map[ink]*Pen{}}
	for _, s := range all {
		r.pens[ink{s.language, false}], r.pens[ink{s.language, true}] = s.pen(false), s.pen(true)
	}
	for _, r.Some = range []bool{false, true} {
		if r.Hits, r.Full, err = candidates(ctx, h, q, all, r.Some); err != nil {
			return Result{}, err
		}
		if len(r.Hits) > 0 {
			return r, rank(ctx, h, q, all, r.Hits)
		}
	}
	return Result{pens: r.pens}, nil
}

// Pen marks what was asked for in the texts of an article that was found.
func (r Result) Pen(h Hit) *Pen { return r.pens[ink{h.Language, h.parts}] }

// candidates are what may be shown of the articles that have every word in its language, or with some one of them, newest first.
func candidates(ctx context.Context, h db.Handle, q Query, all []saying, some bool) (hits []Hit, full bool, err error) {
	limit := Most
	if q.Section != "" {
		limit = 10 * Most // most of them may be of other sections
	}
	for _, s := range all {
		found, err := words.Candidates(ctx, h, s.query(some, limit))
		if err != nil {
			return nil, false, err
		}
		full = full || len(found) == limit
		for _, c := range found {
			hits = append(hits, Hit{Article: c.ID, Language: s.language, moment: c.Moment})
		}
	}
	slices.SortFunc(hits, newest)
	if hits, err = shown(ctx, h, q.Section, hits); err != nil {
		return nil, false, err
	}
	return hits[:min(len(hits), Most)], full || len(hits) > Most, nil
}

func newest(a, b Hit) int {
	return cmp.Or(cmp.Compare(b.moment, a.moment), cmp.Compare(b.Article, a.Article))
}

// A place is what decides whether a candidate is shown.
type place struct {
	section  string
	readable bool
}

// shown leaves those that are of the section, if one is given, and have something to read behind them, if any has.
func shown(ctx context.Context, h db.Handle, section string, hits []Hit) ([]Hit, error) {
	places := map[int64]place{}
	for batch := range slices.Chunk(hits, 500) {
		ids := make([]int64, len(batch))
		for i, hit := range batch {
			ids[i] = hit.Article
		}
		_, err := db.Collect(ctx, h, func(row *sql.Rows) (_ struct{}, err error) {
			var id int64
			var p place
			var kind, url string
			err = row.Scan(&id, &p.section, &kind, &url)
			p.readable = kind != "brief" || url != ""
			places[id] = p
			return struct{}{}, err
		}, `SELECT id, section, kind, url FROM articles WHERE id IN (`+db.Placeholders(1, len(ids))+`)`, db.Args(ids)...)
		if err != nil {
			return nil, err
		}
	}
	hits = slices.DeleteFunc(hits, func(hit Hit) bool { return section != "" && places[hit.Article].section != section })
	readable := func(hit Hit) bool { return places[hit.Article].readable }
	if slices.ContainsFunc(hits, readable) {
		hits = slices.DeleteFunc(hits, func(hit Hit) bool { return !readable(hit) })
	}
	return hits, nil
}

// rank scores the hits and sorts them, the best first, of equal ones the newest.
func rank(ctx context.Context, h db.Handle, q Query, all []saying, hits []Hit) error {
	ids := make([]int64, len(hits))
	for i, hit := range hits {
		ids[i] = hit.Article
	}
	var asked []string
	for _, s := range all {
		asked = append(asked, s.asked()...)
	}
	documents, err := words.Mentions(ctx, h, ids, asked)
	if err != nil {
		return err
	}
	now := db.Milli(q.Now)
	for i, hit := range hits {
		for _, s := range all {
			if s.language == hit.Language {
				hits[i].Score, hits[i].parts = s.corpus.score(documents[hit.Article], s.wishes)
				hits[i].Score *= recency(now - hit.moment)
			}
		}
	}
	slices.SortFunc(hits, func(a, b Hit) int { return cmp.Or(cmp.Compare(b.Score, a.Score), newest(a, b)) })
	return nil
}
