package language

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/blevesearch/snowballstem"
	"github.com/blevesearch/snowballstem/english"
	"github.com/blevesearch/snowballstem/russian"
	"github.com/clipperhouse/uax29/v2/words"
)

// Analyzer is the version of what [Terms] makes of a text. Whoever keeps terms keeps it with them, and makes them anew where
// it is another: raise it with every change that gives some text other terms.
const Analyzer = 2

// A Term is a stem that a text is found by.
type Term struct {
	Word string
	Part bool // it stands in the text only within the word before: "кино" of "кинокластер"
}

// Terms returns the stems of the words of text in their order, with repeats: what related articles and search compare.
// The same text gives the same terms on every machine. Words are cut by UAX #29 and have 2 to 40 characters, one of them
// a letter or digit; spelling is made one (see the package's tests), letters of the wrong alphabet are repaired, ё is е
// in Russian and Belarusian, and Russian and English are stemmed by Snowball. A word that could be of either alphabet
// ("OOO") is followed by its twin in the alphabet of lang, a compound by its parts (compounds.go), and a Latin word with
// a Cyrillic ending ("PRщик") by the Latin part. Scripts without spaces give overlapping pairs.
func Terms(lang, text string) []Term {
	lang = base(lang)
	w := wording{lang: lang, cyrillic: IsCyrillic(lang)}
	tokens := words.FromString(clean(text))
	for tokens.Next() {
		w.add(tokens.Value())
	}
	w.endRun()
	return w.out
}

// wording collects the terms of one text.
type wording struct {
	lang     string
	cyrillic bool
	out      []Term
	run      []rune // of a script without spaces, not yet cut
}

func (w *wording) add(token string) {
	first, _ := utf8.DecodeRuneInString(token)
	if IsUnspaced(first) {
		w.run = append(w.run, []rune(token)...)
		return
	}
	w.endRun()
	if !strings.ContainsFunc(token, IsWordRune) {
		return
	}
	token = repair(token, w.cyrillic)
	w.keep(token, false)
	if twin := w.skeleton(token); twin != token {
		w.keep(twin, false)
	}
	for _, part := range w.parts(token) {
		w.keep(part, true)
	}
}

// parts are the words within a word.
func (w *wording) parts(token string) []string {
	if stem, ending := latinStem(token); ending != "" {
		return []string{stem}
	}
	return compound(w.lang, stem(w.lang, w.fold(token)))
}

// IsWordRune reports whether what has r in it is a word: signs alone are none.
func IsWordRune(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }

// IsUnspaced reports whether r is of a script that has no spaces between words, which [Terms] cuts into pairs of letters.
func IsUnspaced(r rune) bool {
	return unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar)
}

// keep adds one token in lower case and stemmed, if its length is that of a word.
func (w *wording) keep(token string, part bool) {
	token = w.fold(token)
	if n := utf8.RuneCountInString(token); n < 2 || n > 40 {
		return
	}
	w.out = append(w.out, Term{stem(w.lang, token), part})
}

// fold brings a word into lower case and one spelling.
func (w *wording) fold(token string) string {
	token = strings.ReplaceAll(strings.ToLower(token), "’", "'")
	if w.lang == "ru" || w.lang == "be" {
		token = foldYo(token)
	}
	return token
}

// skeleton is a word whose letters all have twins, in the alphabet of the language; any other word is itself.
func (w *wording) skeleton(token string) string {
	if !strings.ContainsFunc(token, unicode.IsLetter) {
		return token
	}
	script, twins := unicode.Cyrillic, toLatin
	if w.cyrillic {
		script, twins = unicode.Latin, toCyrillic
	}
	for _, r := range token {
		if unicode.IsLetter(r) && !unicode.Is(script, r) {
			return token
		}
	}
	twin, _ := swap(token, script, twins)
	return twin
}

// endRun cuts a run of Han, kana or Thai into pairs: they have no spaces, and pairs are found inside longer words.
func (w *wording) endRun() {
	for i := 0; i+1 < len(w.run); i++ {
		w.out = append(w.out, Term{Word: string(w.run[i : i+2])})
	}
	w.run = w.run[:0]
}

func stem(lang, word string) string {
	env := snowballstem.NewEnv(word)
	switch lang {
	case "ru":
		russian.Stem(env)
	case "en":
		english.Stem(env)
	default:
		return word
	}
	if env.Current() == "" { // never lose a word to its ending
		return word
	}
	return env.Current()
}
