package manuscript

import (
	"cmp"
	"regexp"
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/renderer/html"
	"github.com/yuin/goldmark/text"

	"vestnik/articles"
	"vestnik/articles/clean"
)

// parser is CommonMark with tables and struck-out text. HTML in it passes through, as articles.Put cleans all. It keeps
// nothing from one text to the next.
var parser = goldmark.New(
	goldmark.WithExtensions(extension.Table, extension.Strikethrough),
	goldmark.WithRendererOptions(html.WithUnsafe()),
)

// Markdown reads Markdown with or without front matter. A first-level heading at the beginning is the title if the front
// matter has none, and goes if it repeats it. The source is clean (clean.Text) and has only "\n" as line ends.
func Markdown(source string, site articles.Site) (Manuscript, error) {
	front, err := splitFront(source)
	if err != nil {
		return Manuscript{}, err
	}
	m, err := front.manuscript(site.Location)
	if err != nil {
		return Manuscript{}, err
	}
	if err := m.render(front); err != nil {
		return Manuscript{}, err
	}
	if err := m.complete(front.bodyLine); err != nil {
		return Manuscript{}, err
	}
	m.Proofread(site.Language)
	return m, nil
}

// render makes the HTML and finds the title.
func (m *Manuscript) render(front frontMatter) error {
	if err := tooTangled(front.body, front.bodyLine); err != nil {
		return err
	}
	body := []byte(front.body)
	tree := parser.Parser().Parse(text.NewReader(body))
	if h, ok := tree.FirstChild().(*ast.Heading); ok && h.Level == 1 {
		title := clean.Line(inlineText(h, body))
		m.Input.Title = cmp.Or(m.Input.Title, title)
		if m.Input.Title == title {
			tree.RemoveChild(tree, h)
		}
	}
	var b strings.Builder
	if err := parser.Renderer().Render(&b, body, tree); err != nil {
		return Faultf(front.bodyLine, "cannot be made into HTML: %s", err)
	}
	m.Input.HTML = b.String()
	return nil
}

const (
	maxNesting = 50      // of quotes and lists in one line
	maxMarks   = 2000    // in one paragraph or list item
	maxCells   = 100_000 // in one table
)

var (
	containers = regexp.MustCompile(`^(?:[ \t]*(?:>|[-*+][ \t]|\d{1,9}[.)][ \t]))+`)
	rule       = regexp.MustCompile(`^[ \t]*(?:(?:-[ \t]*)+|(?:\*[ \t]*)+)$`)
	bullet     = regexp.MustCompile(`^ {0,3}[-*+][ \t]+\S`)
)

// tooTangled refuses what would take the parser minutes, and no person wrote: its work grows with the square of nested
// quotes and lists and of the marks in a paragraph, and it fills up the rows of a table to the widest. The body begins at
// the line first.
func tooTangled(body string, first int) error {
	marks, rows, columns := 0, 0, 0
	for i, l := range strings.Split(body, "\n") {
		if strings.TrimSpace(l) == "" {
			marks, rows, columns = 0, 0, 0
			continue
		}
		opening := containers.FindString(l)
		if len(opening)-countAny(opening, " \t0123456789") > maxNesting && !rule.MatchString(l) {
			return Faultf(first+i, "has quotes and lists nested more than %d deep; take some of them out", maxNesting)
		}
		if bullet.MatchString(l) {
			marks = 0
		}
		if marks += countAny(l, "[*_~`&"); marks > maxMarks {
			return Faultf(first+i, "has more than %d marks such as [ and * in one paragraph; part it by empty lines", maxMarks)
		}
		rows, columns = rows+1, max(columns, strings.Count(l, "|"))
		if rows*columns > maxCells {
			return Faultf(first+i, "has a table of more than %d cells; part it", maxCells)
		}
	}
	return nil
}

// countAny counts the bytes of s that are among chars, all ASCII.
func countAny(s, chars string) (n int) {
	for i := range len(s) {
		if strings.IndexByte(chars, s[i]) >= 0 {
			n++
		}
	}
	return n
}

// complete checks that there is a title and a text. A link without a text makes a brief.
func (m *Manuscript) complete(bodyLine int) error {
	switch {
	case m.Input.Title == "":
		return Faultf(1, "has no title; write “title: …” into the front matter or “# …” above the text")
	case strings.TrimSpace(m.Input.HTML) != "":
	case m.Input.URL != "":
		m.Input.Kind = articles.KindBrief
	case m.Input.Standfirst == "":
		return Faultf(bodyLine, "has no text; write it below the title, or give a brief its “link: …”")
	}
	return nil
}

// inlineText is what a heading says, without its markup.
func inlineText(n ast.Node, source []byte) string {
	var b strings.Builder
	for child := n.FirstChild(); child != nil; child = child.NextSibling() {
		switch c := child.(type) {
		case *ast.Text:
			b.Write(c.Segment.Value(source))
			if c.SoftLineBreak() || c.HardLineBreak() {
				b.WriteByte(' ')
			}
		case *ast.String:
			b.Write(c.Value)
		case *ast.AutoLink:
			b.Write(c.Label(source))
		case *ast.RawHTML:
		default:
			b.WriteString(inlineText(c, source))
		}
	}
	return b.String()
}
