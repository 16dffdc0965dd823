package check

import (
	"mime"
	"net/url"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/language"
)

// Addresses in Atom are IRIs and may have a base; elsewhere they are URIs and stand alone.
type addressing int

const (
	uri addressing = iota
	iri            // letters of all scripts are fine
)

// address judges the address of a link, a picture or a file. what is the element or key that it stands in.
func (c *checker) address(line int, what, value string, form addressing, based bool) {
	value = strings.TrimSpace(value)
	u, err := url.Parse(value)
	switch {
	case value == "" || err != nil || strings.ContainsAny(value, " \t\n<>\"{}|\\^`"):
		c.found(line, "bad-address", "%s %q", what, short(value))
	case u.Scheme == "" && based:
	case u.Scheme == "":
		c.found(line, "relative-address", "%s %q", what, short(value))
	case strings.Contains(" javascript vbscript data file about blob ", " "+u.Scheme+" "),
		(u.Scheme == "http" || u.Scheme == "https") && u.Hostname() == "":
		c.found(line, "bad-address", "%s %q", what, short(value))
	case form == uri && !ascii(value):
		c.found(line, "unescaped-address", "%s %q", what, short(value))
	}
}

func ascii(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// absolute says whether value can be an identifier that needs no base: it has a scheme.
func absolute(value string) bool {
	u, err := url.Parse(value)
	return err == nil && u.Scheme != "" && (u.Opaque != "" || u.Host != "" || u.Path != "") && !strings.ContainsAny(value, " \n\t<>\"")
}

// nodeAddress is address for an element that holds one.
func (c *checker) nodeAddress(n *node) { c.address(n.line, n.local, n.value(), uri, n.based) }

// nodeIRI is nodeAddress for Atom.
func (c *checker) nodeIRI(n *node) { c.address(n.line, n.local, n.value(), iri, n.based) }

// language judges a BCP 47 tag.
func (c *checker) language(line int, what, value string) {
	if _, err := language.Parse(value[:min(len(value), 64)]); err != nil || value == "" {
		c.found(line, "language-code", "%s %q", what, short(value))
	}
}

func (c *checker) nodeLanguage(n *node) { c.language(n.line, n.local, n.value()) }

// xmlLang judges the language that elements may name in an attribute.
func (c *checker) xmlLang(n *node) {
	if lang, ok := n.attrIn(nsXML, "lang"); ok && lang != "" {
		c.language(n.line, "xml:lang", lang)
	}
}

// fileType judges a media type in the document.
func (c *checker) fileType(line int, what, value string) {
	got, _, err := mime.ParseMediaType(value[:min(len(value), 200)])
	if err != nil || !strings.Contains(got, "/") || strings.Contains(got, "*") {
		c.found(line, "file-type", "%s %q", what, short(value))
	}
}

// self judges the address by which a feed calls itself; value "" where it does not.
func (c *checker) self(line int, value string, based bool) {
	switch {
	case c.yandex:
	case value == "":
		c.found(line, "self-link", "")
	case !based && !absolute(value): // already told
	case strings.Contains(c.o.URL, "://") && absolute(value) && value != c.o.URL:
		c.found(line, "self-link-differs", "%q, but it came from %q", short(value), short(c.o.URL))
	}
}
