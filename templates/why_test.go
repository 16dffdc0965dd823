package templates

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestAMasterHasASentenceForEveryPlaceOfConsent(t *testing.T) {
	marks := ConsentMarks{Page: "PAGE", Import: "IMPORT", Hand: "HAND", Other: "OTHER", Day: "DAY", End: "END"}
	for _, lang := range Languages() {
		v := lettered{DigestLetter: DigestLetter{Site: site(), Language: lang, Edition: edition(2)}}
		v.Edition.DigestTitle = "A & B"
		general := Text(lang, "why", "A & B", "kino.example")
		if v.WhyText() != wrap(0, general) || string(v.Why()) != strings.ReplaceAll(general, "&", "&amp;") {
			t.Errorf("%s: without marks: %q, %q", lang, v.WhyText(), v.Why())
		}
		v.Consent = marks
		text := v.WhyText()
		rest := text
		for _, mark := range []string{"PAGE", "DAY", "IMPORT", "DAY", "HAND", "DAY", "OTHER", "END"} {
			_, behind, found := strings.Cut(rest, mark)
			if !found {
				t.Fatalf("%s: %q lacks %s in its place", lang, text, mark)
			}
			rest = behind
		}
		if !strings.HasSuffix(text, "OTHER"+wrap(0, general)+"END") || strings.Contains(text, dayStandIn) || strings.Contains(string(v.Why()), "A & B") {
			t.Errorf("%s: %q, %q", lang, text, v.Why())
		}
		apart := strings.NewReplacer("DAY", "30 сентября 2026", "IMPORT", "\n", "HAND", "\n", "OTHER", "\n", "PAGE", "", "END", "")
		for line := range strings.SplitSeq(apart.Replace(text), "\n") {
			if n := utf8.RuneCountInString(line); n > 72 {
				t.Errorf("%s: a line of %d characters: %q", lang, n, line)
			}
		}
	}
}
