package templates

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// subjectRunes is where a subject is cut: phones show some 45 runes of it, desktop clients some 70.
const subjectRunes = 70

// leastRunes is how much of a headline is worth showing before what stands behind it in a subject.
const leastRunes = 25

var (
	subjectPlaces = []string{"title", "top", "second", "count", "date"}
	inBraces      = regexp.MustCompile(`\{([^{}]*)\}`)
)

// CheckSubject returns what is wrong with a template of subjects in one sentence, or nil.
func CheckSubject(template string) error {
	for _, m := range inBraces.FindAllStringSubmatch(template, -1) {
		if !slices.Contains(subjectPlaces, m[1]) {
			return fmt.Errorf("subject %q: there is no %s; write {title}, {top}, {second}, {count} or {date}", template, m[0])
		}
	}
	if rest := inBraces.ReplaceAllString(template, ""); strings.ContainsAny(rest, "{}") {
		return fmt.Errorf("subject %q: a brace stands alone; write {title}, {top}, {second}, {count} or {date}", template)
	}
	return nil
}

// SubjectLine is the subject of an edition's letters by a template with {title} (the digest's), {top} and {second} (headlines),
// {count} (of articles) and {date}; "" is "{title}: {top}". It is at most 70 runes: the headlines give way first, so that what
// a template has behind them stays, and each is cut at a word.
func SubjectLine(template, lang string, e EditionView) string {
	if strings.TrimSpace(template) == "" {
		template = "{title}: {top}"
	}
	values := map[string]string{"title": oneLine(e.DigestTitle), "top": headlineOf(e, 0), "second": headlineOf(e, 1),
		"count": number(spoken(lang), int64(len(e.Items))), "date": date(spoken(lang), e.Slot)}
	line := fillIn(template, values)
	for _, name := range []string{"second", "top"} {
		room := utf8.RuneCountInString(values[name]) - (utf8.RuneCountInString(line) - subjectRunes)
		if over := utf8.RuneCountInString(line) > subjectRunes; over && room >= leastRunes && strings.Contains(template, "{"+name+"}") {
			values[name] = cut(values[name], room)
			line = fillIn(template, values)
		}
	}
	return cut(line, subjectRunes)
}

func headlineOf(e EditionView, i int) string {
	if i >= len(e.Items) {
		return ""
	}
	return oneLine(e.Items[i].Title)
}

// fillIn puts the values into a template, and drops the signs beside one that is empty at either end.
func fillIn(template string, values map[string]string) string {
	line := inBraces.ReplaceAllStringFunc(oneLine(template), func(m string) string { return values[m[1:len(m)-1]] })
	return strings.Trim(oneLine(line), " ,:;–—-·|")
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// cut shortens s to at most n runes, the ellipsis included: at the end of a word, where there is one in the second half, that is no
// preposition or conjunction, and not within quotation marks if enough stands before them.
func cut(s string, n int) string {
	if utf8.RuneCountInString(s) <= n {
		return s
	}
	runes := []rune(s)
	end := n - 1
	for end > n/2 && joined(runes, end) {
		end--
	}
	short := string(runes[:end])
	if !unicode.IsSpace(runes[end]) {
		if i := strings.LastIndexByte(short, ' '); i > len(short)/2 {
			short = short[:i]
		}
	}
	short = ended(short)
	open := openQuote(short)
	if open < 0 {
		return short + "…"
	}
	if before := ended(short[:open]); utf8.RuneCountInString(before) >= n/2 {
		return before + "…"
	}
	closed := short + "…" + closingQuotes[firstRune(short[open:])]
	if utf8.RuneCountInString(closed) > n { // no room for the mark that closes: another word goes
		if i := strings.LastIndexByte(short, ' '); i > open {
			return cut(short, n-1)
		}
		return short + "…"
	}
	return closed
}

// joined reports whether the rune at i is one sign with what stands before it: an accent, a part of an emoji of several.
func joined(s []rune, i int) bool {
	const joiner = '\u200d'
	return unicode.Is(unicode.M, s[i]) || unicode.Is(unicode.Sk, s[i]) && s[i] >= 0x1f3fb || s[i] == joiner || s[i-1] == joiner
}

// ended drops from the end what no line should end with.
func ended(s string) string {
	for {
		s = strings.TrimRight(s, " ,.:;–—-«(„“\"")
		i := strings.LastIndexByte(s, ' ')
		if i < 0 || !smallWords[strings.ToLower(strings.Trim(s[i+1:], "«»(„“”"))] {
			return s
		}
		s = s[:i]
	}
}

var closingQuotes = map[rune]string{'«': "»", '“': "”"}

func firstRune(s string) rune {
	r, _ := utf8.DecodeRuneInString(s)
	return r
}

// openQuote is where the outermost quotation mark stands that s opens and does not close, or -1.
func openQuote(s string) int {
	var stack []int
	for i, r := range s {
		switch r {
		case '«', '“':
			stack = append(stack, i)
		case '»', '”':
			stack = stack[:max(0, len(stack)-1)]
		}
	}
	if len(stack) == 0 {
		return -1
	}
	return stack[0]
}

// smallWords lean on the word behind them: a line that ends with one is broken off in the middle of a thought.
var smallWords = func() map[string]bool {
	set := map[string]bool{}
	for _, w := range strings.Fields(`
		в во на над надо под подо при про по за из изо из-за из-под к ко с со у о об обо от ото до для без безо через между среди после
		перед передо против около вокруг ради кроме сквозь вместо насчёт возле вдоль внутри вне ввиду благодаря согласно вопреки
		и а но или либо ни не да же ли бы что чтобы как если то так когда где куда откуда пока хотя чем потому поэтому будто словно
		который которая которое которые которых которым которой которую это этот эта эти его её их свой своя своё свои ещё уже лишь только
		a an the of in on at to for from by with without about into onto over under after before between against through during
		than as and or but nor so yet if that which who whom whose when where while because until since not no its his her their our your my
		is are was were be been has have had will would can could may might`) {
		set[w] = true
	}
	return set
}()
