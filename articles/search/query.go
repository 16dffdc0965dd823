package search

import (
	"iter"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/clipperhouse/uax29/v2/words"

	"vestnik/language"
)

// How much of what somebody typed is read; what goes beyond is left out.
const (
	maxQuery = 200 // characters
	maxWords = 12
)

// A wish is one word of a query: an article has it if it has one of its spellings, or all of its parts.
type wish struct {
	spellings []string // its stem, and the twin of a word that could be of either alphabet
	parts     []string // of a compound, none for any other word
	short     bool     // as it was typed: it may be one of those that say nothing
}

// Trim makes of what somebody typed the text that is searched: valid, in one line, at most 200 characters.
func Trim(text string) string {
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == utf8.RuneError {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text, " "))
	text = strings.Join(strings.Fields(text), " ")
	for i, n := 0, 0; i < len(text); n++ {
		if n == maxQuery {
			return strings.TrimSpace(text[:i])
		}
		_, size := utf8.DecodeRuneInString(text[i:])
		i += size
	}
	return text
}

// Empty reports whether a query has no word to search for in the language: only signs, or single letters.
func Empty(lang, text string) bool { return len(parse(lang, text)) == 0 }

// parse cuts a query into the words that it wishes for, each once, at most maxWords of them.
func parse(lang, text string) (wishes []wish) {
	text = Trim(text)
	seen := map[string]bool{}
	for _, token := range tokens(text) {
		for w := range wishesOf(lang, text[token.from:token.to], token.unspaced) {
			if key := w.spellings[0]; !seen[key] && len(wishes) < maxWords {
				seen[key] = true
				wishes = append(wishes, w)
			}
		}
	}
	return wishes
}

// wishesOf are one for a word, and one for each pair of letters where no spaces part the words.
func wishesOf(lang, word string, unspaced bool) iter.Seq[wish] {
	return func(yield func(wish) bool) {
		w := wish{short: utf8.RuneCountInString(word) <= commonLength}
		for _, t := range language.Terms(lang, word) {
			switch {
			case unspaced:
				if !yield(wish{spellings: []string{t.Word}}) {
					return
				}
			case t.Part:
				w.parts = append(w.parts, t.Word)
			case !slices.Contains(w.spellings, t.Word):
				w.spellings = append(w.spellings, t.Word)
			}
		}
		if w.spellings != nil {
			yield(w)
		}
	}
}

// A token is a word of a text, from byte to byte; or a run of a script that has no spaces.
type token struct {
	from, to int
	unspaced bool
}

// tokens cuts a text as [language.Terms] does, but says where each word stands in the text as it is written.
func tokens(text string) (all []token) {
	// A zero-width space parts words for UAX #29 and not for us; the word joiner does not, and has as many bytes.
	cut := words.FromString(strings.ReplaceAll(text, "\u200B", "\u2060"))
	for cut.Next() {
		value := cut.Value()
		first, _ := utf8.DecodeRuneInString(value)
		switch last := len(all) - 1; {
		case language.IsUnspaced(first):
			if last >= 0 && all[last].unspaced && all[last].to == cut.Start() {
				all[last].to = cut.End()
				continue
			}
			all = append(all, token{cut.Start(), cut.End(), true})
		case strings.ContainsFunc(value, language.IsWordRune):
			all = append(all, token{cut.Start(), cut.End(), false})
		}
	}
	return all
}
