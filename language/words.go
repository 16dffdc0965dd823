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

// Words returns the stems of the words of text in their order, with repeats: what related articles and search compare.
// The same text gives the same words on every machine. Words are cut by UAX #29 and have 2 to 40 characters, one of them
// a letter or digit; spelling is made one (see the package's tests), letters of the wrong alphabet are repaired, ё is е
// in Russian and Belarusian, and Russian and English are stemmed by Snowball. A word that could be of either alphabet
// ("OOO") is followed by its twin in the alphabet of lang. Scripts without spaces give overlapping pairs.
func Words(lang, text string) []string {
	lang = base(lang)
	w := wording{lang: lang, cyrillic: IsCyrillic(lang)}
	tokens := words.FromString(clean(text))
	for tokens.Next() {
		w.add(tokens.Value())
	}
	w.endRun()
	return w.out
}

// wording collects the words of one text.
type wording struct {
	lang     string
	cyrillic bool
	out      []string
	run      []rune // of a script without spaces, not yet cut
}

func (w *wording) add(token string) {
	first, _ := utf8.DecodeRuneInString(token)
	if unicode.In(first, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar) {
		w.run = append(w.run, []rune(token)...)
		return
	}
	w.endRun()
	if !strings.ContainsFunc(token, isWordRune) {
		return
	}
	token = repair(token, w.cyrillic)
	w.keep(token)
	if twin := w.skeleton(token); twin != token {
		w.keep(twin)
	}
}

func isWordRune(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }

// keep adds one token in lower case and stemmed, if its length is that of a word.
func (w *wording) keep(token string) {
	token = strings.ReplaceAll(strings.ToLower(token), "’", "'")
	if w.lang == "ru" || w.lang == "be" {
		token = foldYo(token)
	}
	if n := utf8.RuneCountInString(token); n < 2 || n > 40 {
		return
	}
	w.out = append(w.out, stem(w.lang, token))
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
		w.out = append(w.out, string(w.run[i:i+2]))
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
