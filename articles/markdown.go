package articles

import (
	"regexp"
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/renderer/html"
	"github.com/yuin/goldmark/text"
)

// newMarkdown is CommonMark with tables and struck-out text. HTML in it passes through, as [Put] sanitises all.
func newMarkdown() goldmark.Markdown {
	return goldmark.New(
		goldmark.WithExtensions(extension.Table, extension.Strikethrough),
		goldmark.WithRendererOptions(html.WithUnsafe()),
	)
}

// readMarkdown makes a document of Markdown with or without front matter. A first-level heading at the beginning is
// the title if the front matter has none, and goes if it repeats it.
func readMarkdown(source string, md goldmark.Markdown, site Site) (document, error) {
	front, err := splitFront(source)
	if err != nil {
		return document{}, err
	}
	doc, err := front.document(site)
	if err != nil {
		return document{}, err
	}
	if line := tooTangled(front.body); line > 0 {
		return document{}, bad(front.bodyLine+line-1,
			"has more quotes in quotes or marks in a paragraph than any text needs; take some out or part it by empty lines")
	}
	body := []byte(front.body)
	tree := md.Parser().Parse(text.NewReader(body))
	if h, ok := tree.FirstChild().(*ast.Heading); ok && h.Level == 1 {
		title := PlainLine(inlineText(h, body))
		if doc.in.Title == "" {
			doc.in.Title = title
		}
		if doc.in.Title == title {
			tree.RemoveChild(tree, h)
		}
	}
	var b strings.Builder
	if err := md.Renderer().Render(&b, body, tree); err != nil {
		return document{}, bad(front.bodyLine, "cannot be made into HTML: %s", err)
	}
	doc.in.HTML = b.String()
	if err := front.complete(&doc); err != nil {
		return document{}, err
	}
	if doc.in.Language == "" {
		doc.in.Language = guessLanguage(doc.in.Title+front.body, site.Language)
	}
	return doc, nil
}

const (
	maxNesting = 50   // of quotes and numbered lists in one line
	maxMarks   = 2000 // in one paragraph
)

var containers = regexp.MustCompile(`^(?:[ \t]*(?:>|[-*+][ \t]|\d{1,9}[.)][ \t]))+`)

// tooTangled returns the line of a body from which on the parser would take minutes: its work grows with the square of
// nested quotes, and of the marks ([, *, _, &, …) in a paragraph. It returns 0 for any text that a person wrote.
func tooTangled(body string) int {
	marks := 0
	for i, l := range strings.Split(body, "\n") {
		opening := containers.FindString(l)
		if strings.Count(opening, ">")+strings.Count(opening, ".")+strings.Count(opening, ")") > maxNesting {
			return i + 1
		}
		if strings.TrimSpace(l) == "" {
			marks = 0
		}
		for _, c := range l {
			if strings.ContainsRune("[*_~`&", c) {
				marks++
			}
		}
		if marks > maxMarks {
			return i + 1
		}
	}
	return 0
}

// complete checks that there is a title and a text, and lists the lines that people read.
func (f frontMatter) complete(doc *document) error {
	if doc.in.Title == "" {
		return bad(1, "has no title; write “title: …” into the front matter or “# …” above the text")
	}
	if strings.TrimSpace(doc.in.HTML) == "" {
		switch {
		case doc.in.URL != "":
			doc.in.Kind = KindBrief
		case doc.in.Standfirst == "":
			return bad(f.bodyLine, "has no text; write it below the title, or give a brief its “link: …”")
		}
	}
	for _, key := range []string{"title", "standfirst"} {
		if field, ok := f.fields[key]; ok {
			doc.prose = append(doc.prose, pageLine{n: field.line, text: strings.Join(field.values, " ")})
		}
	}
	for i, s := range strings.Split(f.body, "\n") {
		doc.prose = append(doc.prose, pageLine{n: f.bodyLine + i, text: s})
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
