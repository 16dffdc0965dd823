package templates

import (
	"io/fs"
	"regexp"
	"slices"
	"strings"
	"testing"

	"vestnik/language"
)

var placeholder = regexp.MustCompile(`\{\d+\}`)

func TestCataloguesHaveTheSameKeysAndValues(t *testing.T) {
	all := catalogues()
	for _, lang := range Languages() {
		for _, other := range Languages() {
			for key, m := range all[other] {
				if _, ok := all[lang][key]; !ok {
					t.Errorf("messages/%s.toml lacks %q, which %s.toml has", lang, key, other)
					continue
				}
				if (m.forms == nil) != (all[lang][key].forms == nil) {
					t.Errorf("%q is a plural in one of %s and %s only", key, lang, other)
				}
				if got, want := values(all[lang][key]), values(m); !slices.Equal(got, want) {
					t.Errorf("%q uses %v in %s and %v in %s", key, got, lang, want, other)
				}
			}
		}
	}
}

// values are the placeholders of a message; a plural form may leave one out ("the story" for "the 1 story").
func values(m message) []string {
	if m.forms == nil {
		return sorted(placeholder.FindAllString(m.text, -1))
	}
	return sorted(placeholder.FindAllString(m.forms["other"], -1))
}

func sorted(s []string) []string {
	slices.Sort(s)
	return slices.Compact(s)
}

func TestPluralsHaveEveryFormOfTheirLanguage(t *testing.T) {
	for _, lang := range Languages() {
		needed := map[string]bool{"other": true} // for fractions
		for n := range int64(1000) {
			needed[language.Plural(lang, n)] = true
		}
		for key, m := range catalogues()[lang] {
			if m.forms == nil {
				continue
			}
			for form := range needed {
				if strings.TrimSpace(m.forms[form]) == "" {
					t.Errorf("messages/%s.toml: %q has no form %q", lang, key, form)
				}
			}
			for form := range m.forms {
				if !needed[form] {
					t.Errorf("messages/%s.toml: %q has a form %q, which the language has not", lang, key, form)
				}
			}
		}
	}
}

func TestEveryKeyOfTheTemplatesExists(t *testing.T) {
	used := regexp.MustCompile(`[{( ]t "([^"]+)"`)
	found := 0
	err := fs.WalkDir(embedded, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := fs.ReadFile(embedded, name)
		for _, m := range used.FindAllSubmatch(b, -1) {
			found++
			if _, ok := catalogues()["en"][string(m[1])]; !ok {
				t.Errorf("%s uses the message %q, which does not exist", name, m[1])
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if found < 50 {
		t.Errorf("found only %d messages in the templates: is the pattern right?", found)
	}
}

func TestTextChoosesThePluralForm(t *testing.T) {
	for _, c := range []struct {
		lang string
		n    int
		want string
	}{
		{"ru", 0, "0\u00a0прочтений"}, {"ru", 1, "1\u00a0прочтение"}, {"ru", 2, "2\u00a0прочтения"}, {"ru", 5, "5\u00a0прочтений"},
		{"ru", 11, "11\u00a0прочтений"}, {"ru", 21, "21\u00a0прочтение"}, {"ru", 1204, "1\u00a0204\u00a0прочтения"},
		{"ru", 1000000, "1\u00a0000\u00a0000\u00a0прочтений"}, {"ru", 111, "111\u00a0прочтений"},
		{"en", 1, "1\u00a0read"}, {"en", 0, "0\u00a0reads"}, {"en", 1204, "1,204\u00a0reads"}, {"en", -1234567, "-1,234,567\u00a0reads"},
		{"de", 1, "1\u00a0read"}, {"ru-RU", 3, "3\u00a0прочтения"},
	} {
		if got := Text(c.lang, "reads", c.n); got != c.want {
			t.Errorf("Text(%s, reads, %d) = %q, want %q", c.lang, c.n, got, c.want)
		}
	}
}

func TestTextLeavesForeignBracesAlone(t *testing.T) {
	if got, want := Text("en", "subject", "{2}", "{1} & {3}"), "{2}: {1} & {3}"; got != want {
		t.Errorf("Text = %q, want %q", got, want)
	}
	if got := Text("ru", "no_such_key", 1); got != "no_such_key" {
		t.Errorf("unknown key = %q, want the key itself", got)
	}
}
