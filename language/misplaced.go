package language

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/clipperhouse/uax29/v2/words"
)

// A Misplaced is a word that seems to be written wholly in letters of the wrong alphabet: "OOO" in Latin letters where the form of
// a company stands in a Russian text.
type Misplaced struct {
	Mixed        // Letters are all of them
	Sure  bool   // by the tables below and the words beside it; else it is wrong only if Twin is a word of the language and Stem is none
	Stem  string // of the word as it is written, and …
	Twin  string // … of the suggestion, as [Terms] gives them
}

// russianWords are well-known ones whose letters all have twins, so that they are often typed with the wrong keyboard.
var russianWords = set(`ООО ОАО НТВ ТНТ СТС МТС СССР ТАСС НАТО МКС КНР СНТ СМС НКО ВТО МХТ ОМОН МОСКВА МСК СКА ВМС СВО ВХУТЕМАС`)

// functionWords are those that begin a Russian sentence or stand within one.
var functionWords = set(`На Не Но Во Со Ко Ее Все Всех Вас Нас Тех со ко ее НА НЕ НО ВО СО КО ЕЕ ВСЕ ВСЕХ НАС ВАС ТЕХ ТО ТОМ`)

// latinWords are meant in Latin letters wherever they stand, whatever their twins mean: the BBC looks like the Russian air force.
var latinWords = set(`ABC ACM AMC APEC ATM BBC BMX CEO CO COM COPA ECO EXPO HBO HP IMAX KPMG MAC MAX OK OPEC PC POP TOP TX XBOX XXX`)

func set(list string) map[string]bool {
	all := map[string]bool{}
	for _, word := range strings.Fields(list) {
		all[word] = true
	}
	return all
}

// lettersOfRussian are those that its words of one letter are, in its own alphabet: "с 5 по 10 мая".
const lettersOfRussian = "аоскуАВКОСУ"

// lettersOfLatin are those that words of one letter are in English and the Romance languages, in Cyrillic.
const lettersOfLatin = "аАеЕоОуУ"

// named are the beginnings of words that a letter follows as a name: "витамин C", "ось y".
var named = strings.Fields(`букв литер вариант пункт подпункт точк переменн витамин класс групп гепатит план тип сторон ось оси осью нот категор уровн
	формат размер код корпус сери блок лиг штамм команд зон модел вектор функци параметр letter class group plan vitamin type point`)

var conjunctions = []string{"и", "или", "and", "or"}

var roman = regexp.MustCompile(`^[IVXLCDM]+$`)

// MisplacedWords returns the words of text, a paragraph or title, that seem to be written wholly in letters of the other
// alphabet than the text, in order and with repeats. Real words of the other alphabet are not returned: those with a
// letter that has no twin ("COVID"), beside others of their alphabet ("Sony PC"), Roman numerals, parts of addresses. Without a lang
// the text is of the alphabet that most of its letters are of; a text in another alphabet than lang's has none.
// Of what is left only some is Sure. [MixedWords] finds the words that mix alphabets.
func MisplacedWords(lang, text string) []Misplaced {
	latin, cyrillic := countScripts(text)
	if latin == 0 || cyrillic == 0 {
		return nil
	}
	p := passage{tokens: tokensOf(clean(text)), cyrillic: cyrillic > latin}
	if lang != "" && IsCyrillic(lang) != p.cyrillic {
		return nil // a quotation
	}
	var found []Misplaced
	for i := range p.tokens {
		m, ok := p.misplaced(i)
		if !ok {
			continue
		}
		if !m.Sure {
			m.Stem, m.Twin = wholeStem(lang, m.Word), wholeStem(lang, m.Suggestion)
			if m.Stem == "" || m.Twin == "" {
				continue
			}
		}
		found = append(found, m)
	}
	return found
}

// wholeStem is the stem of a word that Snowball leaves as it is, "" of any other: "НОРЕ", which "HOPE" would be, has the stem of
// "нора".
func wholeStem(lang, word string) string {
	w := wording{lang: base(lang), cyrillic: IsCyrillic(base(lang))}
	folded := w.fold(word)
	if stem(w.lang, folded) != folded {
		return ""
	}
	return folded
}

// A token is a word of a text with what stands around it.
type token struct {
	word          string
	before, after string // up to the next words, "" where they touch
	script        *unicode.RangeTable
}

// tokensOf cuts clean text into its words. script is nil for a word of neither alphabet, or of both.
func tokensOf(text string) (all []token) {
	gap := ""
	tokens := words.FromString(text)
	for tokens.Next() {
		word := tokens.Value()
		if !strings.ContainsFunc(word, IsWordRune) {
			gap += word
			continue
		}
		if len(all) > 0 {
			all[len(all)-1].after = gap
		}
		t := token{word: word, before: gap}
		switch latin, cyrillic := countScripts(word); {
		case latin > 0 && cyrillic == 0:
			t.script = unicode.Latin
		case cyrillic > 0 && latin == 0:
			t.script = unicode.Cyrillic
		}
		all, gap = append(all, t), ""
	}
	if len(all) > 0 {
		all[len(all)-1].after = gap
	}
	return all
}

// A passage is a text that is mostly of one alphabet.
type passage struct {
	tokens   []token
	cyrillic bool
}

// misplaced says whether the word at i seems to be one of the passage's alphabet in letters of the other.
func (p passage) misplaced(i int) (m Misplaced, ok bool) {
	t := p.tokens[i]
	wrong, twins := unicode.Cyrillic, toLatin
	if p.cyrillic {
		wrong, twins = unicode.Latin, toCyrillic
	}
	if t.script != wrong || strings.ContainsFunc(t.word, func(r rune) bool { return !unicode.Is(wrong, r) }) {
		return m, false
	}
	twin, complete := swap(t.word, wrong, twins)
	if !complete || p.attached(i) {
		return m, false
	}
	m.Mixed = p.mixed(i, twin)
	switch {
	case len(m.Letters) == 1:
		m.Sure = p.isLoneWord(i, twin)
		return m, m.Sure
	case p.foreign(i-1) || p.foreign(i+1):
		return m, false
	case p.cyrillic:
		m.Sure = russianWords[twin] || functionWords[twin] && p.within(i)
		return m, m.Sure || !latinWords[strings.ToUpper(t.word)] && !roman.MatchString(t.word) && strings.ToUpper(t.word) == t.word
	default:
		m.Sure = latinWords[twin] && strings.ToUpper(twin) == twin
		return m, m.Sure || !russianWords[t.word] && !functionWords[t.word]
	}
}

// mixed is the word at i as one whose letters are all of them wrong.
func (p passage) mixed(i int, twin string) Mixed {
	word := p.tokens[i].word
	m := Mixed{Word: word, Suggestion: twin, Script: "Cyrillic", Around: p.around(i)}
	if p.cyrillic {
		m.Script = "Latin"
	}
	for n := range utf8.RuneCountInString(word) {
		m.Letters = append(m.Letters, n+1)
	}
	return m
}

// attached reports whether the word is part of something that is no prose: an address, a number, a formula, a compound.
func (p passage) attached(i int) bool {
	t := p.tokens[i]
	last, _ := utf8.DecodeLastRuneInString(t.before)
	first, _ := utf8.DecodeRuneInString(t.after)
	const joins = `-/\@&+_#=:$%~^*<>|·–'’`
	return t.before != "" && strings.ContainsRune(joins, last) || t.after != "" && strings.ContainsRune(`-/\@&+_#=~^*|·'’`, first) ||
		t.before == "" && i > 0 || t.after == "" && i+1 < len(p.tokens) ||
		strings.HasPrefix(t.after, ".") && i+1 < len(p.tokens) && len(t.after) == 1
}

// foreign reports whether the word at i, if there is one, is a real one of the other alphabet.
func (p passage) foreign(i int) bool {
	if i < 0 || i >= len(p.tokens) || p.tokens[i].script == nil || (p.tokens[i].script == unicode.Cyrillic) == p.cyrillic {
		return false
	}
	return !p.twinWord(i)
}

// twinWord reports whether the word at i has only letters with twins that make a well-known word of the passage's alphabet.
func (p passage) twinWord(i int) bool {
	word := p.tokens[i].word
	if p.cyrillic {
		twin, complete := swap(word, unicode.Latin, toCyrillic)
		return complete && (russianWords[twin] || functionWords[twin] || utf8.RuneCountInString(twin) == 1 && strings.Contains(lettersOfRussian, twin))
	}
	twin, complete := swap(word, unicode.Cyrillic, toLatin)
	return complete && latinWords[twin]
}

// around is the word at i with those beside it.
func (p passage) around(i int) string {
	text := p.tokens[i].word
	if i > 0 {
		text = p.tokens[i-1].word + p.tokens[i].before + text
	}
	if i+1 < len(p.tokens) {
		text += p.tokens[i].after + p.tokens[i+1].word
	}
	return strings.Join(strings.Fields(text), " ")
}

// within reports whether a word stands within a sentence of the passage's alphabet: a space and a word of it follow, and one
// of it comes before, if any does. A word in capitals stands among such.
func (p passage) within(i int) bool {
	if i+1 >= len(p.tokens) || !isGap(p.tokens[i].after) || !p.own(i+1) || i > 0 && !p.own(i-1) {
		return false
	}
	word := p.tokens[i].word
	if utf8.RuneCountInString(word) == 1 || strings.ToUpper(word) != word {
		return true
	}
	return isCapitals(p.tokens[i+1].word) || i > 0 && isCapitals(p.tokens[i-1].word)
}

// own reports whether the word at i is of the passage's alphabet, a number, or such a word in letters of the other.
func (p passage) own(i int) bool {
	if s := p.tokens[i].script; s != nil && (s == unicode.Cyrillic) == p.cyrillic {
		return true
	}
	return !strings.ContainsFunc(p.tokens[i].word, unicode.IsLetter) || p.twinWord(i)
}

// isLoneWord reports whether the one letter at i is a word and not a name.
func (p passage) isLoneWord(i int, twin string) bool {
	t := p.tokens[i]
	letters := lettersOfRussian
	if !p.cyrillic {
		letters, twin = lettersOfLatin, t.word
	}
	if !strings.Contains(letters, twin) || !p.within(i) || p.named(i) {
		return false
	}
	next := p.tokens[i+1]
	if i > 0 && strings.HasSuffix(strings.TrimSpace(t.before), ".") && utf8.RuneCountInString(p.tokens[i-1].word) == 1 {
		return false // initials
	}
	starts := i == 0 || strings.ContainsAny(t.before, ".!?…«“\"—\n") // a sentence, or what somebody says
	switch {
	case twin == "к" && i > 0 && p.tokens[i-1].script == nil:
		return false // "10 k"
	case !unicode.IsUpper([]rune(twin)[0]):
		return !strings.ContainsAny(t.before, "«“\"(.")
	case starts:
		return !isCapitals(next.word) || utf8.RuneCountInString(next.word) == 1 || i > 0 && isCapitals(p.tokens[i-1].word)
	default:
		return isCapitals(next.word) && isCapitals(p.tokens[i-1].word)
	}
}

// named reports whether the letter at i is the name of something: it follows a word that says of what, or other letters
// stand near it.
func (p passage) named(i int) bool {
	if i+1 < len(p.tokens) && slices.Contains(conjunctions, strings.ToLower(p.tokens[i+1].word)) {
		return true // "y или"
	}
	for j := max(i-2, 0); j <= min(i+2, len(p.tokens)-1); j++ {
		if j != i && p.foreign(j) && utf8.RuneCountInString(p.tokens[j].word) == 1 {
			return true
		}
	}
	for j := max(i-2, 0); j < i; j++ {
		word := strings.ToLower(p.tokens[j].word)
		if j == i-2 && slices.Contains(conjunctions, strings.ToLower(p.tokens[i-1].word)) && p.tokens[j].script == p.tokens[i].script {
			return true // "a и c"
		}
		if slices.ContainsFunc(named, func(noun string) bool {
			return word == noun || utf8.RuneCountInString(noun) > 2 && strings.HasPrefix(word, noun) && utf8.RuneCountInString(word) <= utf8.RuneCountInString(noun)+3
		}) {
			return true
		}
	}
	return false
}

// isGap reports whether a sentence goes on from one word to the next: there is one space (two are in tables and lists of keys),
// and a quotation may begin.
func isGap(gap string) bool {
	first, size := utf8.DecodeRuneInString(gap)
	return size > 0 && unicode.IsSpace(first) && strings.Trim(gap[size:], "«“„\"") == ""
}

func isCapitals(word string) bool {
	return utf8.RuneCountInString(word) > 1 && strings.ToUpper(word) == word && strings.ToLower(word) != word
}
