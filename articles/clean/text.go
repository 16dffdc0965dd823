package clean

import (
	"regexp"
	"strings"
	"unicode"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
	"golang.org/x/text/unicode/norm"
)

// Text makes foreign text fit for every place we put it: invalid UTF-8, control characters other than tab, LF
// and CR, and the noncharacters that XML forbids are removed, and the mark for a lost character (one of them makes a whole feed unreadable).
func Text(s string) string {
	return strings.Map(printable, strings.ToValidUTF8(s, ""))
}

func printable(r rune) rune {
	switch {
	case r == '\t' || r == '\n' || r == '\r':
		return r
	case r == 0x85: // NEL, a line break in some old encodings
		return '\n'
	case r < 0x20, r >= 0x7F && r < 0xA0, r&0xFFFE == 0xFFFE, r >= 0xFDD0 && r <= 0xFDEF:
		return -1
	case r == 0xFFFD: // what stands for a character that somebody before us could not read
		return -1
	}
	return r
}

// tagLike finds what may be a tag. Only names that HTML knows count, so that "a < b > c" stays as it is.
var tagLike = regexp.MustCompile(`</?([a-zA-Z][a-zA-Z0-9]*)(?:\s[^<>]*)?/?>`)

// Line makes a title, name or standfirst of foreign text: one line of plain text in NFC, without markup,
// entities resolved, whitespace collapsed but for the no-break spaces that an editor put ("214 млн" must not part), and
// without characters that turn the direction of what follows them or that nobody sees.
func Line(s string) string {
	s = Text(s)
	if hasMarkup(s) {
		s = TextOf(s)
	} else {
		s = Text(html.UnescapeString(s))
	}
	s = norm.NFC.String(strings.Map(visible, s))
	return strings.TrimSpace(strings.Join(strings.FieldsFunc(s, isBreak), " "))
}

// Typed is one line of what somebody typed: plain text, in which a < is one, with the no-break spaces in it, and without control characters
// and those that turn the direction of what follows or that nobody sees.
func Typed(s string) string {
	return strings.TrimSpace(strings.Join(strings.FieldsFunc(Visible(s), func(r rune) bool { return isBreak(r) || unicode.IsControl(r) || r == unicode.ReplacementChar }), " "))
}

// Visible is a text without characters that turn the direction of what follows or that nobody sees.
func Visible(s string) string { return strings.Map(visible, s) }

// isBreak reports whether a line may be broken at the space r.
func isBreak(r rune) bool { return unicode.IsSpace(r) && r != '\u00A0' && r != '\u202F' }

func hasMarkup(s string) bool {
	for _, m := range tagLike.FindAllStringSubmatch(s, -1) {
		if atom.Lookup([]byte(strings.ToLower(m[1]))) != 0 {
			return true
		}
	}
	return false
}

func visible(r rune) rune {
	switch {
	case r >= 0x202A && r <= 0x202E, r >= 0x2066 && r <= 0x2069: // bidi embeddings, overrides, isolates
		return -1
	case r == 0x200B, r == 0x2060, r == 0xFEFF, r == 0xAD: // zero-width space, word joiner, BOM, soft hyphen
		return -1
	}
	return r
}

// A separator is what parts the text already written from the text to come.
type separator int

const (
	none separator = iota
	space
	line
	paragraph
)

// breaks says how an element parts its text from what stands around it. Others are part of their line.
var breaks = map[atom.Atom]separator{
	atom.P: paragraph, atom.Div: paragraph, atom.Blockquote: paragraph, atom.Pre: paragraph, atom.Figure: paragraph,
	atom.Figcaption: paragraph, atom.Ul: paragraph, atom.Ol: paragraph, atom.Dl: paragraph, atom.Table: paragraph,
	atom.Details: paragraph, atom.Summary: paragraph, atom.Hr: paragraph, atom.Caption: paragraph,
	atom.H1: paragraph, atom.H2: paragraph, atom.H3: paragraph, atom.H4: paragraph, atom.H5: paragraph, atom.H6: paragraph,
	atom.Section: paragraph, atom.Article: paragraph,
	atom.Li: line, atom.Dt: line, atom.Dd: line, atom.Tr: line, atom.Br: line,
}

// unread are elements whose content is no text of the article, in titles that were never sanitised.
var unread = map[atom.Atom]bool{atom.Script: true, atom.Style: true, atom.Template: true, atom.Noscript: true,
	atom.Svg: true, atom.Math: true, atom.Iframe: true, atom.Textarea: true, atom.Select: true, atom.Title: true}

// TextOf is what HTML says: paragraphs parted by an empty line, list items and table rows on lines of their own.
// HTML too deep to be parsed says nothing.
func TextOf(source string) string {
	root, err := parseFragment(source)
	if err != nil {
		return ""
	}
	w := textWriter{limit: paragraph}
	w.children(root)
	return strings.TrimRight(w.b.String(), " \n\t")
}

type textWriter struct {
	b       strings.Builder
	pending separator
	limit   separator // how far apart the elements around may push: lines in a list, spaces in a table's cell
	mark    string    // bullet of the list item that begins with the next text
	pre     bool
}

func (w *textWriter) need(s separator) {
	w.pending = max(w.pending, min(s, w.limit))
}

func (w *textWriter) children(n *html.Node) {
	for child := n.FirstChild; child != nil; child = child.NextSibling {
		switch child.Type {
		case html.TextNode:
			w.text(child.Data)
		case html.ElementNode:
			w.element(child)
		}
	}
}

func (w *textWriter) element(n *html.Node) {
	if unread[n.DataAtom] || n.Namespace != "" {
		return
	}
	w.need(breaks[n.DataAtom])
	limit, pre := w.limit, w.pre
	switch n.DataAtom {
	case atom.Ul, atom.Ol, atom.Dl:
		w.limit = min(limit, line)
	case atom.Li:
		w.mark = "• "
	case atom.Td, atom.Th:
		if previousElement(n) != nil {
			w.pending = space
			w.write("·")
			w.pending = space
		}
		w.limit = space
	case atom.Pre:
		w.pre = true
	}
	w.children(n)
	w.limit, w.pre = limit, pre
	w.need(breaks[n.DataAtom])
}

func previousElement(n *html.Node) *html.Node {
	for n = n.PrevSibling; n != nil && n.Type != html.ElementNode; n = n.PrevSibling {
	}
	return n
}

// text writes s after the separator that is due. White space of HTML (not the no-break space) is one space.
func (w *textWriter) text(s string) {
	s = Text(s)
	if w.pre {
		w.write(strings.TrimSuffix(s, "\n"))
		return
	}
	for i := 0; i < len(s); {
		size := strings.IndexAny(s[i:], " \t\n\r\f")
		if size < 0 {
			size = len(s) - i
		}
		if size > 0 {
			w.write(s[i : i+size])
			i += size
			continue
		}
		w.need(space)
		i++
	}
}

func (w *textWriter) write(s string) {
	if s == "" {
		return
	}
	if w.b.Len() > 0 {
		w.b.WriteString([]string{"", " ", "\n", "\n\n"}[w.pending])
	}
	w.b.WriteString(w.mark)
	w.b.WriteString(s)
	w.pending, w.mark = none, ""
}
