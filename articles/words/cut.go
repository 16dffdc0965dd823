package words

import (
	"cmp"
	"slices"

	"vestnik/language"
)

// A tally adds up terms and keeps the order in which they came.
type tally struct {
	all []Term
	at  map[string]int
}

// of is the term of a word, valid until the next call.
func (y *tally) of(word string) *Term {
	i, ok := y.at[word]
	if !ok {
		i = len(y.all)
		y.at[word] = i
		y.all = append(y.all, Term{Word: word})
	}
	return &y.all[i]
}

// heaviest returns the heaviest terms, of equal ones the first, as many as their number and the size of their tokens allow.
func (y *tally) heaviest(most, bytes int) []Term {
	if len(y.all) <= most && len(y.all) <= bytes/longestToken {
		return y.all
	}
	slices.SortStableFunc(y.all, func(a, b Term) int { return cmp.Compare(b.Weight(), a.Weight()) })
	n := 0
	for n < min(len(y.all), most) && bytes > 0 {
		bytes -= len(token(y.all[n].Word)) + 1
		n++
	}
	return y.all[:n]
}

// documentOf cuts a text into its terms: the words, the parts of its compounds, and the beginnings of its words.
func documentOf(article int64, t Text) Document {
	d := Document{Article: article, Language: t.Language}
	stems, beginnings := tally{at: map[string]int{}}, tally{at: map[string]int{}}
	cut := func(text string, count func(t *Term)) {
		for _, x := range language.Terms(t.Language, text) {
			count(stems.of(x.Word))
			if x.Part {
				continue
			}
			d.Length++
			if start := beginning(x.Word); start != "" {
				count(beginnings.of(start))
			}
		}
	}
	cut(t.Title, func(t *Term) { t.Title++ })
	cut(t.Standfirst, func(t *Term) { t.Standfirst++ })
	for _, tag := range t.Tags {
		cut(tag, func(t *Term) { t.Tags++ })
	}
	cut(t.Body, func(t *Term) { t.Body++ })
	d.Terms = append(stems.heaviest(mostWords, mostBytes), beginnings.heaviest(mostBeginnings, mostBytes)...)
	slices.SortFunc(d.Terms, func(a, b Term) int { return cmp.Compare(a.Word, b.Word) })
	return d
}

// beginning is the term that all words with the same first five letters have, "" for a word that has fewer.
func beginning(word string) string {
	n := 0
	for i := range word {
		if n == beginningLength {
			return "~" + word[:i]
		}
		n++
	}
	if n == beginningLength {
		return "~" + word
	}
	return ""
}
