package search

import (
	"cmp"
	"context"
	"database/sql"
	"maps"
	"math"
	"slices"

	"vestnik/articles/words"
	"vestnik/db"
)

// A saying is a query in one of the languages that the archive has: its words are cut and stemmed as those of the articles are.
type saying struct {
	language string
	wishes   []wish
	corpus   corpus
}

// sayings are the query in each language of the archive in which it has words, the site's first.
func sayings(ctx context.Context, h db.Handle, q Query) (all []saying, err error) {
	languages := []string{q.Only}
	if q.Only == "" {
		if languages, err = spoken(ctx, h, q.Language); err != nil {
			return nil, err
		}
	}
	for _, lang := range languages {
		s := saying{language: lang, wishes: parse(lang, q.Text)}
		if len(s.wishes) == 0 {
			continue
		}
		if s.corpus, err = readCorpus(ctx, h, lang, s.asked()); err != nil {
			return nil, err
		}
		if s.corpus.articles > 0 {
			all = append(all, s)
		}
	}
	return all, nil
}

// mostLanguages are searched at once: feeds may claim any number of them, and each costs as much as the whole search.
const mostLanguages = 8

// spoken are the languages that most of the archive is in, the site's first.
func spoken(ctx context.Context, h db.Handle, site string) ([]string, error) {
	articles := map[string]int64{}
	_, err := db.Collect(ctx, h, func(row *sql.Rows) (_ struct{}, err error) {
		var lang string
		var n int64
		err = row.Scan(&lang, &n)
		articles[lang] = n
		return struct{}{}, err
	}, `SELECT language, articles FROM word_corpus WHERE articles > 0`)
	if _, ok := articles[site]; ok {
		articles[site] = math.MaxInt64
	}
	all := slices.SortedFunc(maps.Keys(articles), func(a, b string) int {
		return cmp.Or(cmp.Compare(articles[b], articles[a]), cmp.Compare(a, b))
	})
	return all[:min(len(all), mostLanguages)], err
}

// asked are the words of the query.
func (s saying) asked() (all []string) {
	for _, w := range s.wishes {
		all = append(append(all, w.spellings...), w.parts...)
	}
	return all
}

func readCorpus(ctx context.Context, h db.Handle, lang string, asked []string) (corpus, error) {
	articles, length, err := words.Statistics(ctx, h, lang)
	if err != nil || articles == 0 {
		return corpus{}, err
	}
	having, err := words.Frequencies(ctx, h, lang, asked)
	return corpus{articles: float64(articles), average: max(1, float64(length)/float64(articles)), having: having}, err
}

// Words that have at most commonLength letters as they were typed, and stand in more than commonShare of the articles, say
// nothing: "на", "the". They need not be in an article that is found, and are not marked.
const (
	commonLength = 3
	commonShare  = 0.5
)

func (s saying) common(w wish) bool {
	return w.short && float64(s.corpus.having[w.spellings[0]]) > commonShare*s.corpus.articles
}

// telling are the words that are not common; all of them where all are.
func (s saying) telling() []wish {
	some := slices.DeleteFunc(slices.Clone(s.wishes), s.common)
	if len(some) == 0 {
		return s.wishes
	}
	return some
}

// query asks for articles that have every word, or some. A compound is met by its parts if an article has all of them; where
// some words are enough, one of the parts is.
func (s saying) query(some bool, limit int) words.Query {
	q := words.Query{Language: s.language, Limit: limit}
	for _, w := range s.telling() {
		switch {
		case some:
			q.Any = append(append(q.Any, w.spellings...), w.parts...)
		case w.parts == nil:
			q.All = append(q.All, w.spellings)
		default:
			for _, part := range w.parts {
				q.All = append(q.All, append(slices.Clone(w.spellings), part))
			}
		}
	}
	return q
}

// pen marks what is asked for, with or without the parts of compounds; a rare word is worth most.
func (s saying) pen(parts bool) *Pen {
	p := newPen(s.language, "")
	for _, w := range s.telling() {
		if !parts {
			w.parts = nil
		}
		p.take(w, s.corpus.rarity(w.spellings[0]))
	}
	return p
}
