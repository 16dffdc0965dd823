package language

import (
	"strings"
	"unicode"

	"github.com/clipperhouse/uax29/v2/words"
	"golang.org/x/text/unicode/norm"
	"golang.org/x/text/width"
)

// clean brings text into one spelling without changing what it says: invisible characters, stress marks and
// typographic ligatures go, full-width letters become ordinary ones, and letters are composed (й typed as и and U+0306
// is й). It is NFC with width folding and not NFKC, because NFKC turns "№5" into a Latin "No5".
func clean(text string) string {
	text = strings.ToValidUTF8(text, "\uFFFD")
	text = norm.NFC.String(width.Fold.String(strings.Map(visible, ligatures.Replace(text))))
	var b strings.Builder
	b.Grow(len(text))
	var before rune
	for _, r := range text {
		if (r == '\u0300' || r == '\u0301') && unicode.Is(unicode.Cyrillic, before) {
			continue
		}
		before = unstress(r)
		b.WriteRune(before)
	}
	return norm.NFC.String(b.String())
}

// ligatures replaces NFKC for the few that word processors leave in prose.
var ligatures = strings.NewReplacer("ﬀ", "ff", "ﬁ", "fi", "ﬂ", "fl", "ﬃ", "ffi", "ﬄ", "ffl", "ﬅ", "st", "ﬆ", "st")

// visible drops the soft hyphen, zero-width characters and byte order marks.
func visible(r rune) rune {
	switch r {
	case '\u00AD', '\u200B', '\u200C', '\u200D', '\u2060', '\uFEFF':
		return -1
	}
	return r
}

// unstress undoes the two Cyrillic letters that NFC composes with a grave accent, which in Russian is a stress mark.
func unstress(r rune) rune {
	switch r {
	case 'ѐ':
		return 'е'
	case 'ѝ':
		return 'и'
	case 'Ѐ':
		return 'Е'
	case 'Ѝ':
		return 'И'
	}
	return r
}

// foldYo makes ё the е that it is usually printed as.
func foldYo(text string) string { return yo.Replace(text) }

var yo = strings.NewReplacer("ё", "е", "Ё", "Е")

// Twins in the same order. B, H, M and T look like another letter only as capitals.
const (
	latinTwins    = "aceijopsxykABCEHIJKMOPSTXY"
	cyrillicTwins = "асеіјорѕхукАВСЕНІЈКМОРЅТХУ"
)

var toCyrillic, toLatin = twinTables()

func twinTables() (toCyrillic, toLatin map[rune]rune) {
	latin, cyrillic := []rune(latinTwins), []rune(cyrillicTwins)
	toCyrillic, toLatin = map[rune]rune{}, map[rune]rune{}
	for i := range latin {
		toCyrillic[latin[i]], toLatin[cyrillic[i]] = cyrillic[i], latin[i]
	}
	return toCyrillic, toLatin
}

// repair undoes letters of the wrong alphabet: if a word mixes Latin and Cyrillic and each letter of the smaller group
// has a twin, the word is wholly written in the larger one; a tie goes to the alphabet of the text if it can. Other
// mixtures are meant ("PRщик") and stay. The word must be in its original case.
func repair(word string, cyrillic bool) string {
	latinCount, cyrillicCount := countScripts(word)
	if latinCount == 0 || cyrillicCount == 0 {
		return word
	}
	if cyrillicCount > latinCount || cyrillicCount == latinCount && cyrillic {
		if s, ok := swap(word, unicode.Latin, toCyrillic); ok || cyrillicCount > latinCount {
			return s
		}
	}
	s, ok := swap(word, unicode.Cyrillic, toLatin)
	if !ok && latinCount == cyrillicCount {
		s, _ = swap(word, unicode.Latin, toCyrillic)
	}
	return s
}

// swap replaces the letters of one script by their twins; if one has none the word is returned as it is.
func swap(word string, script *unicode.RangeTable, twins map[rune]rune) (string, bool) {
	complete := true
	swapped := strings.Map(func(r rune) rune {
		if !unicode.Is(script, r) {
			return r
		}
		twin, ok := twins[r]
		complete = complete && ok
		return twin
	}, word)
	if !complete {
		return word, false
	}
	return swapped, true
}

func countScripts(text string) (latin, cyrillic int) {
	for _, r := range text {
		switch {
		case r < unicode.MaxASCII:
			if 'a' <= r|0x20 && r|0x20 <= 'z' {
				latin++
			}
		case unicode.Is(unicode.Cyrillic, r):
			cyrillic++
		case unicode.Is(unicode.Latin, r):
			latin++
		}
	}
	return latin, cyrillic
}

// MixedScript returns the words of text that mix look-alike letters of the Latin and Cyrillic alphabets, as "Kinоdanz"
// with a Cyrillic о, each once, in order. A search never finds such a word. Words that mix the alphabets
// visibly ("PRщик", "iPhoneы") are meant and not returned.
func MixedScript(text string) []string {
	text = clean(text)
	cyrillic := MostlyCyrillic(text)
	var mixed []string
	seen := map[string]bool{}
	tokens := words.FromString(text)
	for tokens.Next() {
		word := tokens.Value()
		if !seen[word] && repair(word, cyrillic) != word {
			seen[word] = true
			mixed = append(mixed, word)
		}
	}
	return mixed
}

// MostlyCyrillic reports whether text has more Cyrillic letters than Latin ones.
func MostlyCyrillic(text string) bool {
	latin, cyrillic := countScripts(text)
	return cyrillic > latin
}
