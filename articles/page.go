package articles

import (
	"fmt"
	"html"
	"slices"
	"strings"
	"unicode/utf8"

	"vestnik/language"
)

// pageReader takes a text saved from a news page apart: leftovers, headline, author, date, standfirst, paragraphs, and
// boxes of other headlines. What it drops beyond the known leftovers it says in a warning.
type pageReader struct {
	labels labelIndex
	site   Site
	doc    document
	langs  map[string]int // how many labels spoke for each language
}

// readPage makes a document of text, which has only "\n" as line ends.
func readPage(text string, labels labelIndex, site Site) (document, error) {
	p := &pageReader{labels: labels, site: site, langs: map[string]int{}}
	p.doc.lines = map[string]int{}
	lines := p.takeBoxes(splitLines(text))
	lines = slices.DeleteFunc(lines, func(l pageLine) bool { return labels.isLeftover(l.text) })
	if len(lines) == 0 {
		return document{}, bad(1, "the page has no article; put its headline on the first line and the text below it")
	}
	body, err := p.readHead(p.dropFooter(lines))
	if err != nil {
		return document{}, err
	}
	if err := p.readBody(body); err != nil {
		return document{}, err
	}
	p.doc.in.Language = p.language()
	return p.doc, nil
}

func (p *pageReader) spoke(langs []string) {
	for _, lang := range langs {
		p.langs[lang]++
	}
}

// language is the one that most labels spoke for, else that of the article's letters, else the site's.
func (p *pageReader) language() string {
	best, tie := "", false
	for lang, n := range p.langs {
		if best == "" || n > p.langs[best] {
			best, tie = lang, false
		} else if n == p.langs[best] {
			tie = true
		}
	}
	if best != "" && !tie {
		return best
	}
	var text strings.Builder
	for _, l := range p.doc.prose {
		text.WriteString(l.text)
	}
	return guessLanguage(text.String(), p.site.Language)
}

// guessLanguage goes by the letters: Cyrillic is Russian, unless the site's own language is another Cyrillic one.
func guessLanguage(text, site string) string {
	if language.MostlyCyrillic(text) && !language.IsCyrillic(site) {
		return "ru"
	}
	return site
}

// dropFooter leaves out what stands behind the article and a box: the foot of the page. A box of related headlines may
// stand inside an article, one of most read headlines ends it; so the article is where most of the text stands between
// two of these, up to its last paragraph and the box that follows.
func (p *pageReader) dropFooter(lines []pageLine) []pageLine {
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
	end := slices.IndexFunc(lines, func(l pageLine) bool { return l.mostRead > article || l.boxes > last })
	if end < 0 {
		return lines
	}
	more := ""
	if n := len(lines) - end - 1; n > 0 {
		more = fmt.Sprintf(" (%d more lines too)", n)
	}
	p.doc.warn(lines[end].n, "%s stands behind the article and its boxes and was left out%s", quote(lines[end].text), more)
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
func (p *pageReader) readBody(body []pageLine) error {
	if n := len(body); n > 1 && len(p.doc.in.Authors) == 0 {
		last := body[n-1].text
		names, label, ok := cutPrefix(p.labels.author, last)
		if ok && strings.HasSuffix(label.text, ":") && isByline(names, label, true) {
			p.doc.in.Authors = splitNames(names)
			p.langs[label.language]++
			body = body[:n-1]
		}
	}
	if len(body) == 0 && p.doc.in.Standfirst != "" { // the only paragraph, with the author below it
		body, p.doc.prose = p.doc.prose[1:], p.doc.prose[:1]
		p.doc.in.Standfirst = ""
	}
	if len(body) == 0 {
		return bad(p.doc.prose[0].n, "the headline %s has no text below it; write the paragraphs, parted by empty lines",
			quote(p.doc.in.Title))
	}
	var b strings.Builder
	for _, text := range joinParagraphs(body) {
		b.WriteString("<p>" + html.EscapeString(text) + "</p>\n")
	}
	p.doc.in.HTML = b.String()
	p.doc.lines["body"] = body[0].n
	p.doc.prose = append(p.doc.prose, body...)
	return nil
}

// joinParagraphs makes paragraphs of lines: each line is one, but a text broken into lines of a typewriter's length
// has a paragraph from empty line to empty line.
func joinParagraphs(lines []pageLine) []string {
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

// quote is text in quotes for a message, not longer than a message bears.
func quote(text string) string {
	if short, rest := splitRunes(text, 60); rest != "" {
		text = strings.TrimSpace(short) + "…"
	}
	return "“" + text + "”"
}
