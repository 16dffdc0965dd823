package templates

import (
	"fmt"
	"io/fs"
	"strconv"
	"strings"
	"sync"

	"github.com/BurntSushi/toml"
	"vestnik/language"
)

// A message is one text, or one per plural category.
type message struct {
	text  string
	forms map[string]string // "one", "few", "many", "other"; nil: no plural
}

var catalogues = sync.OnceValue(func() map[string]map[string]message {
	all := map[string]map[string]message{}
	for _, lang := range Languages() {
		name := "messages/" + lang + ".toml"
		b, err := fs.ReadFile(embedded, name)
		if err == nil {
			all[lang], err = parseMessages(string(b))
		}
		if err != nil {
			panic(fmt.Sprintf("embedded %s: %v", name, err)) // the binary itself is broken; a test reads these files
		}
	}
	return all
})

// parseMessages reads a catalogue: a key with a string, or a table with a string per plural category.
func parseMessages(s string) (map[string]message, error) {
	var raw map[string]any
	if _, err := toml.Decode(s, &raw); err != nil {
		return nil, err
	}
	out := make(map[string]message, len(raw))
	for key, v := range raw {
		switch v := v.(type) {
		case string:
			out[key] = message{text: v}
		case map[string]any:
			m := message{forms: map[string]string{}}
			for form, t := range v {
				m.forms[form] = fmt.Sprint(t)
			}
			out[key] = m
		default:
			return nil, fmt.Errorf("key %s is neither a text nor a table of plural forms", key)
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
		return "", fmt.Errorf("no message %q in messages/%s.toml", key, lang)
	}
	t := m.text
	if m.forms != nil {
		t = m.forms["other"]
		if n, ok := firstNumber(args); ok {
			t = m.forms[language.Plural(lang, n)]
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
	sep := ","
	if lang == "ru" {
		sep = "\u00a0"
	}
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
