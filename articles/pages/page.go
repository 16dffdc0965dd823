// Package pages is in charge of taking a text saved from a news page apart: leftovers of the page, headline, author, date,
// standfirst, paragraphs, and boxes of other headlines, by the labels of a language and the look of the lines. It writes
// no table and opens no file.
//
// Whatever the text, the answer is a manuscript or a [manuscript.Fault]; and what is dropped, beyond the known leftovers,
// is said in a warning.
package pages

import (
	"fmt"
	"html"
	"slices"
	"strings"
	"unicode/utf8"

	"vestnik/articles"
	"vestnik/articles/manuscript"
)

// A Reader reads saved pages for a site. It may be used by several goroutines.
type Reader struct {
	site   articles.Site
	labels labelIndex
}

// NewReader returns a reader that goes by labels, which lie by language; nil is [DefaultLabels].
func NewReader(site articles.Site, labels map[string]Labels) *Reader {
	if labels == nil {
		labels = DefaultLabels()
	}
	return &Reader{site, indexLabels(labels)}
}

// Read makes a manuscript of a page. The text is clean (clean.Text) and has only "\n" as line ends.
func (r *Reader) Read(text string) (manuscript.Manuscript, error) {
	p := &page{Reader: r, m: manuscript.Manuscript{Lines: map[string]int{}}, langs: map[string]int{}}
	lines := p.takeBoxes(splitLines(text))
	lines = slices.DeleteFunc(lines, func(l line) bool { return p.labels.isLeftover(l.text) })
	if len(lines) == 0 {
		return manuscript.Manuscript{}, manuscript.Faultf(1, "the page has no article; put its headline on the first line and the text below it")
	}
	body, err := p.readHead(p.dropFooter(lines))
	if err != nil {
		return manuscript.Manuscript{}, err
	}
	if err := p.readBody(body); err != nil {
		return manuscript.Manuscript{}, err
	}
	p.m.Input.Language = p.language()
	p.m.Proofread(r.site.Language)
	return p.m, nil
}

// A page is one text as it is taken apart.
type page struct {
	*Reader
	m     manuscript.Manuscript
	langs map[string]int // how many labels spoke for each language
}

func (p *page) spoke(langs []string) {
	for _, lang := range langs {
		p.langs[lang]++
	}
}

// language is the one that most labels spoke for, "" if none did or several as much.
func (p *page) language() string {
	best, tie := "", false
	for lang, n := range p.langs {
		if best == "" || n > p.langs[best] {
			best, tie = lang, false
		} else if n == p.langs[best] {
			tie = true
		}
	}
	if tie {
		return ""
	}
	return best
}

// dropFooter leaves out what stands behind the article and a box: the foot of the page. A box of related headlines may
// stand inside an article, one of most read headlines ends it; so the article is where most of the text stands between
// two of these, up to its last paragraph and the box that follows.
func (p *page) dropFooter(lines []line) []line {
	size := map[int]int{}
	article := 0
	for _, l := range lines {
		if isParagraph(l.text) {
			if size[l.mostRead] += len(l.text); size[l.mostRead] > size[article] {
				article = l.mostRead
			}
		}
	}
	if len(size) == 0 {
		return lines
	}
	last := 0
	for _, l := range lines {
		if l.mostRead == article && isParagraph(l.text) {
			last = l.boxes
		}
	}
	end := slices.IndexFunc(lines, func(l line) bool { return l.mostRead > article || l.boxes > last })
	if end < 0 {
		return lines
	}
	more := ""
	if n := len(lines) - end - 1; n > 0 {
		more = fmt.Sprintf(" (%d more lines too)", n)
	}
	p.m.Warn(lines[end].n, "%s stands behind the article and its boxes and was left out%s", manuscript.Quote(lines[end].text), more)
	return lines[:end]
}

// isParagraph tells running text: a long line, or a sentence of some length.
func isParagraph(text string) bool {
	n := utf8.RuneCountInString(text)
	return n > 160 || n > 60 && endsSentence(text)
}

func endsSentence(text string) bool {
	text = strings.TrimRight(text, `»"”’)]`)
	return strings.HasSuffix(text, ".") || strings.HasSuffix(text, "!") || strings.HasSuffix(text, "?") || strings.HasSuffix(text, "…")
}

// readBody makes the text, and takes the author from its last line if the head named none.
func (p *page) readBody(body []line) error {
	if n := len(body); n > 1 && len(p.m.Input.Authors) == 0 {
		last := body[n-1].text
		names, label, ok := cutPrefix(p.labels.author, last)
		if ok && strings.HasSuffix(label.text, ":") && isByline(names, label, true) {
			p.m.Input.Authors = splitNames(names)
			p.langs[label.language]++
			body = body[:n-1]
		}
	}
	if len(body) == 0 && p.m.Input.Standfirst != "" { // the only paragraph, with the author below it
		only := p.m.Prose[1]
		body, p.m.Prose = []line{{n: only.Line, text: only.Text}}, p.m.Prose[:1]
		p.m.Input.Standfirst = ""
	}
	if len(body) == 0 {
		return manuscript.Faultf(p.m.Lines["title"], "the headline %s has no text below it; write the paragraphs, parted by empty lines",
			manuscript.Quote(p.m.Input.Title))
	}
	var b strings.Builder
	for _, text := range joinParagraphs(body) {
		b.WriteString("<p>" + html.EscapeString(text) + "</p>\n")
	}
	p.m.Input.HTML = b.String()
	p.m.Lines["body"] = body[0].n
	for _, l := range body {
		p.prose(l)
	}
	return nil
}

// joinParagraphs makes paragraphs of lines: each line is one, but a text broken into lines of a typewriter's length
// has a paragraph from empty line to empty line.
func joinParagraphs(lines []line) []string {
	var out []string
	for start := 0; start < len(lines); {
		end := start + 1
		for end < len(lines) && !lines[end].apart {
			end++
		}
		block := lines[start:end]
		start = end
		var texts []string
		for _, l := range block {
			texts = append(texts, l.text)
		}
		if isWrapped(texts) {
			texts = []string{strings.Join(texts, " ")}
		}
		out = append(out, texts...)
	}
	return out
}

// isWrapped reports whether all lines but the last are about as long as a typewriter's.
func isWrapped(texts []string) bool {
	for i, text := range texts {
		if n := utf8.RuneCountInString(text); n > 100 || n < 50 && i < len(texts)-1 {
			return false
		}
	}
	return len(texts) > 1
}
