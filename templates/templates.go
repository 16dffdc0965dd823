// Package templates is in charge of how Vestnik looks and speaks: its pages, its letters, the stylesheet and every word of
// its own in each language. It writes no table and reads none: all that it shows comes as a [Page], a [DigestLetter] or a
// [ConfirmLetter].
//
// It promises that a [Set] that could be made can render: [New] executes every template, the operator's too, with sample
// data before anybody is served. A page is written whole or not at all, needs no JavaScript, loads nothing from elsewhere
// and carries no inline style or program, so that the strictest Content-Security-Policy holds. A letter's HTML and text
// are made from the same values and carry the same links in the same order.
package templates

import (
	"bytes"
	"embed"
	"fmt"
	html "html/template"
	"io"
	"io/fs"
	text "text/template"
)

//go:embed pages letters assets messages
var embedded embed.FS

// Options say where the operator's own templates lie.
type Options struct {
	Overrides string // a folder with pages/, letters/, assets/, messages/ of its own; a file replaces ours of the same name, and one in messages/ may add a language. "" for none
}

// A Set is every template, parsed once per language. It is safe for concurrent use.
type Set struct {
	words  map[string]*words // by language
	assets fs.FS
}

// words holds the templates of one language.
type words struct {
	pages   map[string]*html.Template // by file name
	letters map[string]*html.Template // the letters' HTML parts
	texts   map[string]*text.Template // and their text parts
}

// New parses the embedded templates and the operator's, and renders each of them in every language with sample data. An
// error names the file and the line.
func New(o Options) (*Set, error) {
	src := source{overrides: o.Overrides}
	if err := src.check(); err != nil {
		return nil, err
	}
	if o.Overrides != "" {
		if err := Speak(o.Overrides); err != nil {
			return nil, err
		}
	}
	s := &Set{words: map[string]*words{}, assets: src.assets()}
	for _, lang := range Languages() {
		w, err := src.parse(lang)
		if err != nil {
			return nil, err
		}
		s.words[lang] = w
	}
	if err := s.try(); err != nil {
		return nil, fmt.Errorf("try templates on sample data: %w", err)
	}
	return s, nil
}

// Page writes the page of that name ("article.html"), worded in p.Language, or in English where we do not speak it. It
// writes nothing at all when the template fails.
func (s *Set) Page(w io.Writer, name string, p Page) error {
	p.Language = spoken(p.Language)
	t := s.wordsOf(p.Language).pages[name]
	if t == nil {
		return fmt.Errorf("page %s: there is no such template", name)
	}
	var b bytes.Buffer
	if err := t.Execute(&b, local(p)); err != nil {
		return fmt.Errorf("page %s: %w", name, err)
	}
	if _, err := w.Write(b.Bytes()); err != nil {
		return fmt.Errorf("write page %s: %w", name, err)
	}
	return nil
}

// Assets are the files served under /assets/ (style.css, feed.css, feeds.js, favicon.svg), with the operator's own in front of ours.
func (s *Set) Assets() fs.FS { return s.assets }

// wordsOf are the templates of a language, or the English ones for a language that came after the set.
func (s *Set) wordsOf(lang string) *words {
	if w := s.words[lang]; w != nil {
		return w
	}
	return s.words["en"]
}

// spoken is lang itself where we have words for it, else its main language ("ru" for "ru-RU"), else English.
func spoken(lang string) string {
	for _, l := range Languages() {
		if lang == l || (len(lang) > len(l) && lang[:len(l)] == l && lang[len(l)] == '-') {
			return l
		}
	}
	return "en"
}
