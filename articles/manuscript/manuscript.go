// Package manuscript is in charge of what a text that was handed in says, before it is stored: it declares the
// [Manuscript], which package pages makes too, and reads Markdown with front matter. It writes no table and opens no file.
//
// Whatever the text, the answer is a manuscript or a [Fault], which names a line and says how to mend it, and it comes in
// a time that hardly grows faster than the text.
package manuscript

import (
	"fmt"
	"strings"

	"vestnik/articles"
	"vestnik/language"
)

// A Manuscript is an article as it was handed in, not yet stored.
type Manuscript struct {
	Input      articles.Input // with neither Path nor Hash
	Lines      map[string]int // where a field stands, by its name in an [articles.FieldError]; and "related", where there is such a list
	Related    []string       // slugs of the editors' list, from front matter
	MostRead   []string       // headlines of a page's boxes "most read"
	RelatedBox []string       // headlines of a page's boxes "related"
	Prose      []Note         // title, standfirst and body as written
	Warnings   []Note         // what is odd, but keeps nothing out
}

// A Note is on a line of the text; or is about the whole, where the line is 0.
type Note struct {
	Line int
	Text string
}

// A Fault is why a text is no article, at a line: one sentence that also says how to mend it.
type Fault Note

func (f Fault) Error() string { return f.Text }

// Faultf makes a [Fault]. Line breaks in what it quotes become spaces: a message is one line.
func Faultf(line int, format string, args ...any) error {
	return Fault{line, strings.ReplaceAll(fmt.Sprintf(format, args...), "\n", " ")}
}

// Warn adds a warning.
func (m *Manuscript) Warn(line int, format string, args ...any) {
	m.Warnings = append(m.Warnings, Note{line, fmt.Sprintf(format, args...)})
}

// maxMixed is how many words of mixed alphabets an editor is told of: a text that has more is no slip of the keyboard.
const maxMixed = 20

// Proofread warns of words that mix look-alike letters of two alphabets, or are surely written in the wrong one, once each,
// where they first stand. Where the language is not known it goes by the letters: Cyrillic is Russian, unless the site's own
// language is another Cyrillic one.
func (m *Manuscript) Proofread(siteLanguage string) {
	var all strings.Builder
	mixed := map[string]bool{}
	for _, l := range m.Prose {
		all.WriteString(l.Text)
		for _, found := range doubtful(m.Input.Language, l.Text) {
			word := found.Word
			switch {
			case mixed[word] || len(mixed) > maxMixed:
				continue
			case len(mixed) == maxMixed:
				m.Warn(l.Line, "has more words that mix Latin and Cyrillic letters, from %s on; look through the whole text", Quote(word))
			default:
				m.Warn(l.Line, "%s", MixedNote(found))
			}
			mixed[word] = true
		}
	}
	if m.Input.Language != "" {
		return
	}
	m.Input.Language = siteLanguage
	if language.MostlyCyrillic(all.String()) && !language.IsCyrillic(siteLanguage) {
		m.Input.Language = "ru"
	}
}

func doubtful(lang, text string) []language.Mixed {
	all := language.MixedWords(text)
	for _, m := range language.MisplacedWords(lang, text) {
		if m.Sure {
			all = append(all, m.Mixed)
		}
	}
	return all
}

// MixedNote tells an editor of a word that mixes look-alike letters, or may be written in the wrong alphabet, and how to write it.
func MixedNote(found language.Mixed) string {
	if found.Around != "" {
		return fmt.Sprintf("%s in %s may be meant as %s, which looks alike: %s; if it is, write it in %s letters, or searches elsewhere will not find it",
			Quote(found.Word), Quote(found.Around), Quote(found.Suggestion), found, other(found.Script))
	}
	return fmt.Sprintf("%s mixes Latin and Cyrillic letters that look alike: %s; write %s, or searches elsewhere will not find it",
		Quote(found.Word), found, Quote(found.Suggestion))
}

func other(script string) string {
	if script == "Latin" {
		return "Cyrillic"
	}
	return "Latin"
}

// Quote is text in quotes for a message, not longer than a message bears.
func Quote(text string) string {
	n := 0
	for i := range text {
		if n++; n > 60 {
			text = strings.TrimSpace(text[:i]) + "…"
			break
		}
	}
	return "“" + text + "”"
}
