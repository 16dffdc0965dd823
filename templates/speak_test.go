package templates

import (
	"bytes"
	"os"
	"slices"
	"strings"
	"testing"
)

// german is a catalogue that somebody has begun.
const german = `
view_in_browser = "Im Browser lesen"
related_line = "Dazu:"
unsubscribe = "Abbestellen"
preferences = "Einstellungen"
why = "Sie bekommen diesen Brief, weil Sie „{1}“ auf {2} bezogen haben."
thousands = "."
language_de = "Deutsch"
months = "Januar Februar März April Mai Juni Juli August September Oktober November Dezember"
date = "{1}. {2} {3}"
[reads]
one = "{1}-mal gelesen"
other = "{1}-mal gelesen"
[lead_reads]
one = "Der meistgelesene Artikel {2} bis {3}."
other = "Die {1} meistgelesenen Artikel {2} bis {3}."
`

func TestALanguageIsAddedByAFileAlone(t *testing.T) {
	t.Cleanup(func() { spokenNow.Store(nil) })
	s, err := New(Options{Overrides: folder(t, map[string]string{"messages/de.toml": german})})
	if err != nil {
		t.Fatal(err)
	}
	if got := Languages(); !slices.Equal(got, []string{"ru", "en", "de"}) {
		t.Errorf("languages = %v", got)
	}
	v := digestLetter("de", 3)
	l, err := s.DigestLetter(v)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`<html lang="de"`, "Die 3 meistgelesenen Artikel", "24. November 2026, 08:00", "1.204-mal gelesen", "Abbestellen", "Im Browser lesen", "Related news"} {
		if !strings.Contains(l.HTML, want) {
			t.Errorf("the letter lacks %q", want)
		}
	}
	var b bytes.Buffer
	if err := s.Page(&b, "home.html", page("de")); err != nil || !strings.Contains(b.String(), `<html lang="de"`) {
		t.Errorf("front page: %v", err)
	}
	if LanguageName("de") != "Deutsch" || LanguageName("ru") != "Русский" || LanguageName("fi") != "fi" {
		t.Errorf("languages call themselves %q, %q, %q", LanguageName("de"), LanguageName("ru"), LanguageName("fi"))
	}
	a, err := s.ApproveLetter(approveLetter("de", AskToApprove))
	if err != nil || !strings.Contains(a.Subject, "24. November 2026, 08:00") {
		t.Errorf("to editors: %q, %v", a.Subject, err)
	}
	missing := Missing("de")
	if slices.Contains(missing, "why") || !slices.Contains(missing, "related") || len(Missing("ru")) > 0 || len(Missing("en")) > 0 {
		t.Errorf("missing: de %v, ru %v, en %v", missing, Missing("ru"), Missing("en"))
	}
	if got := Lacking(); len(got) != 1 || !strings.Contains(got[0], "messages/de.toml lacks") || !strings.Contains(got[0], "related") {
		t.Errorf("at start it says %v", got)
	}
}

func TestPluralsOfAnAddedLanguageFollowCLDR(t *testing.T) {
	t.Cleanup(func() { spokenNow.Store(nil) })
	if err := Speak(folder(t, map[string]string{"messages/pl.toml": "[reads]\none = \"{1} odczyt\"\nfew = \"{1} odczyty\"\nmany = \"{1} odczytów\"\nother = \"{1} odczytu\"\n[letters]\nother = \"{1} listu\"\n"})); err != nil {
		t.Fatal(err)
	}
	for n, want := range map[int]string{1: "1 odczyt", 2: "2 odczyty", 5: "5 odczytów", 22: "22 odczyty", 112: "112 odczytów"} {
		if got := Text("pl", "reads", n); got != want {
			t.Errorf("%d: %q, want %q", n, got, want)
		}
	}
	if got := Missing("pl"); !slices.Contains(got, "letters.few") || slices.Contains(got, "reads.few") {
		t.Errorf("missing forms: %v", got)
	}
	if got := Text("pl", "letters", 2); got != "2 listu" {
		t.Errorf("a form that is missing falls back to %q", got)
	}
}

func TestOurWordsAreReplacedOneByOne(t *testing.T) {
	t.Cleanup(func() { spokenNow.Store(nil) })
	plain := folder(t, map[string]string{"messages/ru.toml": `unsubscribe = "Больше не присылать"`})
	dir := plain + "[1]" // no pattern
	if err := os.Rename(plain, dir); err != nil {
		t.Fatal(err)
	}
	if err := Speak(dir); err != nil {
		t.Fatal(err)
	}
	if got := Text("ru", "unsubscribe"); got != "Больше не присылать" {
		t.Errorf("unsubscribe = %q", got)
	}
	if got := Text("ru", "preferences"); got != "Настроить рассылки" {
		t.Errorf("preferences = %q", got)
	}
}

func TestABrokenCatalogueIsRefusedWithItsFileLineAndKey(t *testing.T) {
	t.Cleanup(func() { spokenNow.Store(nil) })
	for body, want := range map[string]string{
		"subscribe = \"x\n":                             "line 1",
		"subscribe = \"x\"\nsubscribe = \"y\"\n":        "already been defined",
		"unsubscribe = \"x\"\nsubscribe = 5\n":          "line 2: subscribe is neither",
		"[reads]\nother = 5\n":                          `line 1: reads: the form "other" is no text`,
		"\n\nfoo = \"x\"\n":                             "de.toml:3: foo: no page or letter",
		"[reads]\nother = \"{1}\"\nmore = \"{1}\"\n":    `de.toml:1: reads: no number has the form "more"`,
		"[reads]\none = \"{3}\"\nother = \"{1}\"\n":     `reads: the form "one" has the value {3}`,
		"[reads]\none = \"{1}\"\n":                      `reads: a plural needs the form "other"`,
		"reads = \"{1}\"\n":                             "reads: it must be a plural",
		"[reads]\nother = \"gelesen\"\n":                "reads: the value {1} must stand in it",
		"unsubscribe = \"x\"\nsubscribe = \" \"\n":      "de.toml:2: subscribe: it is empty",
		"confirm_subject = \"a\\nBcc: {1}\"\n":          "confirm_subject: a text is one line",
		"subscribe = \"a\\u0000\"\n":                    "subscribe: a text is one line",
		"months = \"Januar Februar\"\n":                 "months: it must be the names of the 12 months",
		"date = \"{1}. {2}\"\n":                         "date: it must hold {1} for the day",
		"language_fr = \"Français\"\n":                  "language_fr: no page or letter",
		"subscribe = \"J\xe4\"\n":                       "invalid UTF-8",
		"\"subscribe\" = [\"x\"]\n":                     "line 1: subscribe is neither",
		"thousands = \"\"\nunsubscribe = \"{1} weg\"\n": "unsubscribe: the value {1} must stand in it",
	} {
		err := Speak(folder(t, map[string]string{"messages/de.toml": body}))
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "de.toml") || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: %v, want one sentence with %q", body, err, want)
		}
	}
	if slices.Contains(Languages(), "de") {
		t.Error("a language that was refused is spoken")
	}
}
