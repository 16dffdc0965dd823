package language

import (
	"slices"
	"strconv"
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
// mixtures are meant ("PRщик") and stay, and in a Cyrillic text so does a Latin word with a Cyrillic ending ("iPhoneа").
// The word must be in its original case.
func repair(word string, cyrillic bool) string {
	latinCount, cyrillicCount := countScripts(word)
	if latinCount == 0 || cyrillicCount == 0 {
		return word
	}
	if stem, ending := latinStem(word); cyrillic && slices.Contains(endings, ending) {
		if _, ok := swap(stem, unicode.Latin, toCyrillic); !ok { // surely Latin
			return word
		}
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

// endings are those that Russian hangs on a foreign noun, as far as all their letters have twins.
var endings = []string{"а", "е", "у", "ах"}

// latinStem parts a word that is Latin up to somewhere and Cyrillic from there on: "PR", "щик". The stem has at least two
// letters and the ending is in lower case; of any other word the ending is "".
func latinStem(word string) (stem, ending string) {
	at := strings.IndexFunc(word, func(r rune) bool { return unicode.Is(unicode.Cyrillic, r) })
	if at < 0 {
		return word, ""
	}
	stem, ending = word[:at], word[at:]
	latin, _ := countScripts(stem)
	if other, _ := countScripts(ending); latin < 2 || other > 0 || strings.ToLower(ending) != ending {
		return word, ""
	}
	return stem, ending
}

// A Mixed is a word that mixes look-alike letters of the Latin and Cyrillic alphabets, as "Kinоdanz" with a Cyrillic о: a
// search elsewhere never finds it.
type Mixed struct {
	Word       string // as it is written
	Suggestion string // wholly in one alphabet
	Script     string // of the letters that seem wrong: "Latin" or "Cyrillic"
	Letters    []int  // their places in Word, from 1
	Around     string // where all letters seem wrong, the word with those beside it; else ""
}

// String says which letters are of which alphabet: "letter 4 (о) is Cyrillic, the others are Latin"; "all its letters are Latin".
func (m Mixed) String() string {
	if m.Around != "" {
		return "all its letters are " + m.Script
	}
	noun, verb, other := "letter", "is", "Latin"
	if len(m.Letters) > 1 {
		noun, verb = "letters", "are"
	}
	if m.Script == other {
		other = "Cyrillic"
	}
	var places []string
	word := []rune(m.Word)
	for _, n := range m.Letters {
		places = append(places, strconv.Itoa(n)+" ("+string(word[n-1])+")")
	}
	return noun + " " + strings.Join(places, ", ") + " " + verb + " " + m.Script + ", the others are " + other
}

// MixedWords returns the words of text that mix look-alike letters of two alphabets, in order and with repeats. Words that
// mix the alphabets visibly ("PRщик", "iPhoneы") are meant and not returned.
func MixedWords(text string) []Mixed {
	if latin, cyrillic := countScripts(text); latin == 0 || cyrillic == 0 {
		return nil
	}
	text = clean(text)
	cyrillic := MostlyCyrillic(text)
	var mixed []Mixed
	tokens := words.FromString(text)
	for tokens.Next() {
		word := tokens.Value()
		if right := repair(word, cyrillic); right != word {
			mixed = append(mixed, newMixed(word, right))
		}
	}
	return mixed
}

func newMixed(word, right string) Mixed {
	m := Mixed{Word: word, Suggestion: right, Script: "Latin"}
	repaired := []rune(right)
	for i, r := range []rune(word) {
		if r == repaired[i] {
			continue
		}
		m.Letters = append(m.Letters, i+1)
		if unicode.Is(unicode.Cyrillic, r) {
			m.Script = "Cyrillic"
		}
	}
	return m
}

// MostlyCyrillic reports whether text has more Cyrillic letters than Latin ones.
func MostlyCyrillic(text string) bool {
	latin, cyrillic := countScripts(text)
	return cyrillic > latin
}
