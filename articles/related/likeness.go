package related

import (
	"cmp"
	"context"
	"maps"
	"math"
	"slices"

	"vestnik/articles/words"
	"vestnik/db"
)

// Likeness of two articles is the cosine of their 24 heaviest stems and 24 heaviest beginnings of words, weighed by tf-idf:
//
//	w(t) = (1 + ln tf) · ln(1 + (N − df + 0.5)/(df + 0.5))        2 ≤ df ≤ N/5
//
// tf is a term's weight in the article, df the number of articles that have the term, N that of the articles in the
// language. A word of one article relates it to none, and one of every fifth says nothing: no list of stop words is
// needed. In a small collection a fifth is next to nothing, so there df may reach smallDF, up to half of N. What counts is read
// by SQL as it is; all computing is done here, over sorted terms, so that every database gives the same to the last bit.
//
// Stems alone miss much in Russian headlines. Measured as nDCG@5 on the half "tune" of testdata/stories.txt: plain BM25
// over unstemmed words 0.468, over stems 0.621; stems and no more 0.594, with a least cosine of 0.08 instead of 0.12 0.619; with
// the parts of compounds by a table (language/compounds.go) 0.656, with parts that are words of the collection itself 0.643 at
// best; with beginnings of five letters but no parts 0.691, of four 0.668, of six 0.682; with all five-letter pieces of words
// 0.700, at five times the terms; with parts and beginnings of five 0.718, and of these the sixteen heaviest of an article
// are as good as all. Beginnings that weigh less than words are worse, and so are those within the 24, where they crowd
// out words (0.584).
const (
	vectorTerms      = 24
	rarestBeginnings = 4
	rarestTerms      = 8   // an article without any of a's rarest terms is no candidate
	mostCandidates   = 400 // the newest of them
	mostCompared     = 12  // of those by what they share, compared exactly
	mostNear         = 40
	smallDF          = 6  // measured on articles/testdata/sample.txt: from 4 to 12 all is well, below too little is found
	mostWords        = 64 // of an article: the heaviest, then the first by their letters

	leastCosine  = 0.08
	sameCosine   = 0.7  // to one already chosen
	twinCosine   = 0.85 // to the article itself, within twinApart
	twinApart    = 48 * 3_600_000
	tagBonus     = 0.05
	mostTagBonus = 0.15
)

// recency is 1 for articles of one moment and falls to 0.6, half of the way in 90 days.
func recency(apart int64) float64 {
	days := float64(apart) / 86_400_000
	return 0.6 + 0.4*math.Exp2(-days/90)
}

// A profile is what an article is about.
type profile struct {
	heavy vector // its heaviest terms that others have too
	whole vector // all its terms that are not too common
}

// tooClose reports whether two articles say the same: the heaviest terms agree, and that means something, because many do
// or because the rest agrees too. In a small collection two articles often have five terms in common and no others.
func (p profile) tooClose(other profile, limit float64) bool {
	cosine, common := p.heavy.cosine(other.heavy)
	if cosine <= limit || common >= vectorTerms { // half of what a vector holds
		return cosine > limit
	}
	cosine, _ = p.whole.cosine(other.whole)
	return cosine > limit
}

// A vector is terms with their weights, sorted by word, of the length 1.
type vector []dimension

type dimension struct {
	word string
	w    float64
}

// cosine of two vectors, 0 where one has no terms, and how many terms they have in common.
func (v vector) cosine(other vector) (sum float64, common int) {
	for i, j := 0, 0; i < len(v) && j < len(other); {
		switch c := cmp.Compare(v[i].word, other[j].word); {
		case c < 0:
			i++
		case c > 0:
			j++
		default:
			sum += v[i].w * other[j].w
			i, j, common = i+1, j+1, common+1
		}
	}
	return sum, common
}

// likeness knows how common the terms of a language are.
type likeness struct {
	language string
	n        int64
	maxDF    int64
	df       map[string]int64
}

// newLikeness returns what an article is about too.
func newLikeness(ctx context.Context, h db.Handle, article int64, lang string) (*likeness, profile, error) {
	l := &likeness{language: lang, df: map[string]int64{}}
	var err error
	if l.n, _, err = words.Statistics(ctx, h, lang); err != nil {
		return nil, profile{}, err
	}
	l.maxDF = widest(l.n)
	profiles, err := l.profiles(ctx, h, []int64{article})
	return l, profiles[article], err
}

// widest is the highest df of a term that still tells articles apart, where there are n of them.
func widest(n int64) int64 {
	return max(n/5, min(smallDF, n/2), 2)
}

// profiles says what the articles with the ids are about.
func (l *likeness) profiles(ctx context.Context, h db.Handle, ids []int64) (map[int64]profile, error) {
	documents, err := words.Documents(ctx, h, ids)
	if err != nil {
		return nil, err
	}
	terms := make(map[int64][]words.Term, len(documents))
	for id, d := range documents {
		terms[id] = heaviest(d.Terms)
	}
	if err := l.count(ctx, h, terms); err != nil {
		return nil, err
	}
	profiles := make(map[int64]profile, len(terms))
	for id, all := range terms {
		profiles[id] = profile{l.vector(all, 2, vectorTerms), l.vector(all, 1, len(all))}
	}
	return profiles, nil
}

// heaviest keeps the heaviest words, and all beginnings, which are few.
func heaviest(terms []words.Term) []words.Term {
	terms = slices.Clone(terms)
	slices.SortFunc(terms, func(a, b words.Term) int {
		return cmp.Or(cmp.Compare(b.Weight(), a.Weight()), cmp.Compare(a.Word, b.Word))
	})
	left := mostWords
	return slices.DeleteFunc(terms, func(t words.Term) bool {
		if words.IsBeginning(t.Word) {
			return false
		}
		left--
		return left < 0
	})
}

// count fills in df for the terms that it is not known of.
func (l *likeness) count(ctx context.Context, h db.Handle, terms map[int64][]words.Term) error {
	var unknown []string
	for _, all := range terms {
		for _, t := range all {
			if _, known := l.df[t.Word]; !known {
				l.df[t.Word] = 0
				unknown = append(unknown, t.Word)
			}
		}
	}
	df, err := words.Frequencies(ctx, h, l.language, unknown)
	maps.Copy(l.df, df)
	return err
}

// weight of a term with the given tf, 0 if it is too common.
func (l *likeness) weight(word string, tf int64) float64 {
	df := l.df[word]
	if df > l.maxDF {
		return 0
	}
	return (1 + math.Log(float64(tf))) * math.Log(1+(max(float64(l.n-df), 0)+0.5)/(float64(df)+0.5))
}

// vector is made of the most heaviest terms that at least leastDF articles have.
func (l *likeness) vector(terms []words.Term, leastDF int64, most int) vector {
	var v vector
	for _, t := range terms {
		if w := l.weight(t.Word, t.Weight()); w > 0 && l.df[t.Word] >= leastDF {
			v = append(v, dimension{t.Word, w})
		}
	}
	slices.SortFunc(v, func(a, b dimension) int { return cmp.Or(cmp.Compare(b.w, a.w), cmp.Compare(a.word, b.word)) })
	v = mostOfEach(v, most, most)
	slices.SortFunc(v, func(a, b dimension) int { return cmp.Compare(a.word, b.word) })
	var sum float64
	for _, d := range v {
		sum += d.w * d.w
	}
	length := math.Sqrt(sum)
	for i := range v {
		v[i].w /= length
	}
	return v
}

// mostOfEach keeps the first words and the first beginnings of words: neither kind crowds out the other.
func mostOfEach(v vector, stems, beginnings int) vector {
	return slices.DeleteFunc(v, func(d dimension) bool {
		left := &stems
		if words.IsBeginning(d.word) {
			left = &beginnings
		}
		*left--
		return *left < 0
	})
}
