package search

import (
	"math"

	"vestnik/articles/words"
)

// BM25 (Robertson and Zaragoza, 2009) with what a place in the article is worth.
const (
	k1 = 1.2
	b  = 0.75

	titleWeight      = 2.5
	tagWeight        = 2
	standfirstWeight = 1.5

	partsWeight = 0.3 // of a compound that has only its parts in an article
)

// A corpus is what there is to know of all articles of a language.
type corpus struct {
	articles float64
	average  float64          // length of one
	having   map[string]int64 // articles by the words of the query
}

// score is how well an article answers the wishes, and whether it has of some compound only the parts.
func (c corpus) score(d words.Document, wishes []wish) (sum float64, parts bool) {
	for _, w := range wishes {
		whole, pieces := 0.0, 0.0
		for _, s := range w.spellings {
			whole = max(whole, c.weight(d, s))
		}
		for _, s := range w.parts {
			pieces += c.weight(d, s) / float64(len(w.parts))
		}
		parts = parts || whole == 0 && pieces > 0
		sum += max(whole, partsWeight*pieces)
	}
	return sum, parts
}

// weight is what one word is worth in an article, 0 if it is not there.
func (c corpus) weight(d words.Document, word string) float64 {
	t := d.Term(word)
	tf := float64(t.Body) + titleWeight*float64(t.Title) + standfirstWeight*float64(t.Standfirst) + tagWeight*float64(t.Tags)
	if tf == 0 {
		return 0
	}
	return c.rarity(word) * tf * (k1 + 1) / (tf + k1*(1-b+b*float64(d.Length)/c.average))
}

// rarity is the inverse document frequency of a word: never negative, also for one that nearly all articles have.
func (c corpus) rarity(word string) float64 {
	n := float64(c.having[word])
	return math.Log(1 + (c.articles-n+0.5)/(n+0.5))
}

// An old article is worth less than a new one that answers as well, but never less than the better part of it.
const (
	ageless  = 0.6
	halfLife = 90 * 24 * 3600 * 1000 // milliseconds
)

// recency is the factor for an article's age in milliseconds.
func recency(age int64) float64 {
	return ageless + (1-ageless)*math.Exp2(-float64(max(age, 0))/halfLife)
}
