package templates

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unicode"

	"github.com/BurntSushi/toml"
	"vestnik/language"
)

// A message is one text, or one per plural category.
type message struct {
	text  string
	forms map[string]string // "one", "few", "many", "other"; nil: no plural
}

// A wordbook is all texts of a language, by key.
type wordbook map[string]message

// ours are the catalogues in the binary.
var ours = sync.OnceValue(func() map[string]wordbook {
	all := map[string]wordbook{}
	for _, name := range fileNames("messages") {
		b, err := fs.ReadFile(embedded, "messages/"+name)
		if err == nil {
			all[strings.TrimSuffix(name, ".toml")], err = parseMessages(string(b))
		}
		if err != nil {
			panic(fmt.Sprintf("embedded messages/%s: %v", name, err)) // the binary itself is broken; a test reads these files
		}
	}
	return all
})

// spokenNow are the catalogues that the process speaks: ours, and what the operator's folder has. See [Speak].
var spokenNow atomic.Pointer[map[string]wordbook]

func catalogues() map[string]wordbook {
	if now := spokenNow.Load(); now != nil {
		return *now
	}
	return ours()
}

// LanguageName is what a language calls itself, its catalogue's text language_de for German; without one its tag.
func LanguageName(lang string) string { return wordOr(lang, "language_"+lang, lang) }

// Languages are those that have words of their own: Russian, English, and then the operator's by their names.
func Languages() []string {
	list := []string{"ru", "en"}
	var added []string
	for lang := range catalogues() {
		if !slices.Contains(list, lang) {
			added = append(added, lang)
		}
	}
	slices.Sort(added)
	return append(list, added...)
}

// Speak reads the catalogues in messages/ of the operator's templates folder, "" for none, and from then on the whole process speaks
// their languages: one that we do not have is added, and of ours what stands there replaces our words. An error names the file
// and what to mend. [New] does the same; whatever asks for [Languages] before that calls Speak.
func Speak(overrides string) error {
	all := maps.Clone(ours())
	if overrides != "" {
		dir := filepath.Join(overrides, "messages")
		names, err := fs.Glob(os.DirFS(dir), "*.toml") // the folder's own name may hold a [
		if err != nil {
			return fmt.Errorf("templates folder %s: %w", overrides, err)
		}
		for _, name := range names {
			lang := strings.TrimSuffix(name, ".toml")
			if all[lang], err = readCatalogue(filepath.Join(dir, name), lang); err != nil {
				return err
			}
		}
	}
	spokenNow.Store(&all)
	return nil
}

var languageTag = regexp.MustCompile(`^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$`)

// readCatalogue reads one file of the operator's, over our words where we have the language.
func readCatalogue(name, lang string) (wordbook, error) {
	if !languageTag.MatchString(lang) {
		return nil, fmt.Errorf("%s: the file must be named by its language, as de.toml or pt-BR.toml", name)
	}
	b, err := os.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("read words: %w", err)
	}
	theirs, err := parseMessages(string(b))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	for _, key := range slices.Sorted(maps.Keys(theirs)) {
		if err := theirs[key].check(lang, key); err != nil {
			return nil, fmt.Errorf("%s:%d: %s: %w", name, lineOf(string(b), key), key, err)
		}
	}
	all := wordbook{}
	maps.Copy(all, ours()[lang])
	maps.Copy(all, theirs)
	return all, nil
}

var value = regexp.MustCompile(`\{\d+\}`)

// check returns in one sentence what is wrong with a text of the operator's, or nil.
func (m message) check(lang, key string) error {
	for _, text := range m.texts() {
		if strings.ContainsFunc(text, unicode.IsControl) {
			return fmt.Errorf("a text is one line without control characters, and this is not: %q", text)
		}
	}
	model, known := ours()["en"][key]
	switch {
	case known:
		return m.fits(key, model)
	case slices.Contains(dateKeys, key):
		return m.dates(key)
	case key != "language_"+lang:
		return errors.New("no page or letter has such a text; messages/en.toml lists all keys")
	}
	return nil
}

// texts are the text, or those of all forms.
func (m message) texts() []string {
	if m.forms == nil {
		return []string{m.text}
	}
	return slices.Collect(maps.Values(m.forms))
}

// dates reports what is wrong with a text that dates are written by: see dateKeys.
func (m message) dates(key string) error {
	if n := len(strings.Fields(m.text)); key == "months" && n != 12 {
		return fmt.Errorf("it must be the names of the 12 months, parted by spaces, and has %d", n)
	}
	for _, v := range []string{"{1}", "{2}", "{3}"} {
		if key == "date" && !strings.Contains(m.text, v) {
			return fmt.Errorf("it must hold {1} for the day, {2} for the month and {3} for the year: %q", m.text)
		}
	}
	return nil
}

// fits reports what a translation lacks beside the text that it translates: a value that is left out would be lost.
func (m message) fits(key string, model message) error {
	if (m.forms == nil) != (model.forms == nil) {
		return errors.New("it must be a plural with forms as in en.toml, or a text as there")
	}
	text, of := m.text, model.text
	if m.forms != nil {
		text, of = m.forms["other"], model.forms["other"]
		if err := m.plural(of); err != nil {
			return err
		}
	}
	if strings.TrimSpace(text) == "" && key != "thousands" {
		return errors.New("it is empty; leave the line out to have the text in English")
	}
	for _, v := range value.FindAllString(text+of, -1) {
		if strings.Contains(text, v) != strings.Contains(of, v) {
			return fmt.Errorf("the value %s must stand in it exactly if it stands in en.toml: %q", v, of)
		}
	}
	return nil
}

// plural reports what is wrong with the forms of a plural beside those of en.toml: a form that no number has, or a value that it has not.
func (m message) plural(of string) error {
	for _, form := range slices.Sorted(maps.Keys(m.forms)) {
		if !slices.Contains(pluralForms, form) {
			return fmt.Errorf("no number has the form %q; there are %s", form, strings.Join(pluralForms, ", "))
		}
		for _, v := range value.FindAllString(m.forms[form], -1) {
			if !strings.Contains(of, v) {
				return fmt.Errorf("the form %q has the value %s, which en.toml has not: %q", form, v, of)
			}
		}
	}
	if strings.TrimSpace(m.forms["other"]) == "" {
		return errors.New(`a plural needs the form "other"`)
	}
	return nil
}

// pluralForms are the plural categories of CLDR.
var pluralForms = []string{"zero", "one", "two", "few", "many", "other"}

// lineOf is the line of a catalogue on which a key begins, counted from 1.
func lineOf(file, key string) int {
	begins := regexp.MustCompile(`^\s*\[?\s*["']?` + regexp.QuoteMeta(key) + `["']?\s*[=.\]]`)
	for i, line := range strings.Split(file, "\n") {
		if begins.MatchString(line) {
			return i + 1
		}
	}
	return 1
}

// Missing are the texts that a language of the operator's does not have, so that they stand in English, and the plural forms that its
// numbers ask for and that fall back to "other", as "reads.few"; sorted. None are missing in ours.
func Missing(lang string) (keys []string) {
	theirs := catalogues()[lang]
	needed := map[string]bool{}
	for n := range int64(1000) {
		needed[language.Plural(lang, n)] = true
	}
	for key, model := range catalogues()["en"] {
		m, ok := theirs[key]
		if !ok {
			keys = append(keys, key)
			continue
		}
		for form := range needed {
			if model.forms != nil && m.forms[form] == "" {
				keys = append(keys, key+"."+form)
			}
		}
	}
	slices.Sort(keys)
	return keys
}

// Lacking are sentences about what is missing in the operator's languages, for the start and for vestnik check.
func Lacking() (sentences []string) {
	for _, lang := range Languages() {
		if keys := Missing(lang); len(keys) > 0 {
			sentences = append(sentences, fmt.Sprintf("messages/%s.toml lacks %d of %d texts, which stand in English: %s", lang, len(keys), len(catalogues()["en"]), strings.Join(keys, ", ")))
		}
	}
	return sentences
}

// parseMessages reads a catalogue: a key with a string, or a table with a string per plural category.
func parseMessages(s string) (wordbook, error) {
	var raw map[string]any
	if _, err := toml.Decode(s, &raw); err != nil {
		return nil, err
	}
	out := make(wordbook, len(raw))
	for key, v := range raw {
		switch v := v.(type) {
		case string:
			out[key] = message{text: v}
		case map[string]any:
			m := message{forms: map[string]string{}}
			for form, t := range v {
				var ok bool
				if m.forms[form], ok = t.(string); !ok {
					return nil, fmt.Errorf("line %d: %s: the form %q is no text", lineOf(s, key), key, form)
				}
			}
			out[key] = m
		default:
			return nil, fmt.Errorf("line %d: %s is neither a text nor a table of plural forms", lineOf(s, key), key)
		}
	}
	return out, nil
}

// Text is the message of that key in the language (English where we do not speak it). {1}, {2} … become the arguments;
// whole numbers are grouped as the language does, and the first of them chooses the plural form. An unknown key comes back
// as it is, so that a page is never lost for a word.
func Text(lang, key string, args ...any) string {
	s, err := phrase(spoken(lang), key, args...)
	if err != nil {
		return key
	}
	return s
}

func phrase(lang, key string, args ...any) (string, error) {
	m, ok := catalogues()[lang][key]
	if !ok {
		lang = "en"
		m, ok = catalogues()[lang][key]
	}
	if !ok {
		return "", fmt.Errorf("no message %q in messages/%s.toml", key, lang)
	}
	t := m.text
	if m.forms != nil {
		t = m.forms["other"]
		if n, ok := firstNumber(args); ok {
			t = cmp.Or(m.forms[language.Plural(lang, n)], t)
		}
	}
	if len(args) == 0 {
		return t, nil
	}
	pairs := make([]string, 0, 2*len(args))
	for i, a := range args {
		s := fmt.Sprint(a)
		if n, ok := whole(a); ok {
			s = number(lang, n)
		}
		pairs = append(pairs, "{"+strconv.Itoa(i+1)+"}", s)
	}
	return strings.NewReplacer(pairs...).Replace(t), nil // one pass: an argument's own braces stay
}

func firstNumber(args []any) (int64, bool) {
	for _, a := range args {
		if n, ok := whole(a); ok {
			return n, true
		}
	}
	return 0, false
}

func whole(a any) (int64, bool) {
	switch n := a.(type) {
	case int:
		return int64(n), true
	case int64:
		return n, true
	}
	return 0, false
}

// number writes n in groups of three: "1 204" (no-break space) in Russian, "1,204" in English.
func number(lang string, n int64) string {
	sep := Text(lang, "thousands")
	s := strconv.FormatInt(n, 10)
	sign := ""
	if s[0] == '-' {
		sign, s = "-", s[1:]
	}
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + sep + s[i:]
	}
	return sign + s
}

// dateKeys are texts that only a language without dates of its own (package language) has: the months as a date has them, parted by
// spaces, and the order of a date with {1} for the day, {2} for the month and {3} for the year.
var dateKeys = []string{"months", "date"}

// date is the day of t as the language writes it; one that neither package language nor a catalogue knows writes 2026-11-24.
func date(lang string, t time.Time) string {
	months := strings.Fields(catalogues()[lang]["months"].text)
	if t.IsZero() || len(months) != 12 {
		return language.Date(lang, t)
	}
	order := cmp.Or(catalogues()[lang]["date"].text, "{1} {2} {3}")
	return strings.NewReplacer("{1}", strconv.Itoa(t.Day()), "{2}", months[t.Month()-1], "{3}", strconv.Itoa(t.Year())).Replace(order)
}

// datetime is [date] with the time of day.
func datetime(lang string, t time.Time) string {
	if t.IsZero() || len(strings.Fields(catalogues()[lang]["months"].text)) != 12 {
		return language.DateTime(lang, t)
	}
	return date(lang, t) + ", " + t.Format("15:04")
}
