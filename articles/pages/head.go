package pages

import (
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"vestnik/articles/manuscript"
	"vestnik/language"
)

const (
	headLines = 15  // the headline, author and date stand within so many lines
	headGap   = 4   // and so close together
	maxTitle  = 300 // characters
)

// readHead reads headline, author, date and perhaps standfirst, in whatever order, and returns the lines of the body.
func (p *page) readHead(lines []line) (body []line, err error) {
	var others []int // lines that are neither author nor date
	var badDate line
	end := 0 // behind the last author or date
	long := 0
	for i, l := range lines[:min(len(lines), headLines)] {
		if isParagraph(l.text) {
			long++ // a standfirst, perhaps; the next is the text
		}
		if utf8.RuneCountInString(l.text) > maxTitle || long > 1 || end > 0 && i-end >= headGap {
			break
		}
		kind := p.readMeta(l, len(others) > 0)
		if kind == metaRead {
			end = i + 1
			continue
		}
		if kind == metaBad && badDate.n == 0 {
			badDate = l
		}
		others = append(others, i)
	}
	if badDate.n > 0 && p.m.Input.Published.IsZero() {
		return nil, manuscript.Faultf(badDate.n, "%s is not a date; write it as 29 мая 2018 or 2018-05-29", manuscript.Quote(badDate.text))
	}
	if len(others) == 0 {
		return nil, noHeadline(lines[0])
	}
	if p.m.Input.Published.IsZero() {
		p.m.Warn(0, "no date found, none will be shown; write it below the headline, as 29 мая 2018")
	}
	return p.chooseTitle(lines, others, end)
}

type meta int

const (
	metaNone meta = iota
	metaRead
	metaBad
)

// dateLike is a line that would be a date if its day, month or year made sense.
var dateLike = regexp.MustCompile(`^(?:\d{1,2}[./\s-]+[\p{L}\d]+\.?[,./\s-]+\d{4}|\d{4}-\d{1,2}-\d{1,2}|` +
	`\p{L}+\.? \d{1,2}(?:st|nd|rd|th)?, \d{4})(?:\s*(?:г\.?|года))?(?:,?\s+(?:в |at )?\d{1,2}:\d{2}.{0,9})?$`)

// readMeta reads a line that names the author or the date.
func (p *page) readMeta(l line, titled bool) meta {
	if names, label, ok := cutPrefix(p.labels.author, l.text); ok && isByline(names, label, titled) {
		p.m.Lines["author"] = l.n
		p.m.Input.Authors = append(p.m.Input.Authors, splitNames(p.cutDate(names))...)
		p.langs[label.language]++
		return metaRead
	}
	date, label, labelled := cutPrefix(p.labels.date, l.text)
	if !labelled {
		date = l.text
	}
	t, ok := language.ParseDate(date, p.site.Location)
	switch {
	case !ok && (labelled && strings.HasSuffix(label.text, ":") || p.isBadDate(date, titled)):
		return metaBad
	case !ok:
		return metaNone
	}
	p.setDate(t)
	if labelled {
		p.langs[label.language]++
	}
	return metaRead
}

func (p *page) setDate(t time.Time) {
	switch {
	case p.m.Input.Published.IsZero():
		p.m.Input.Published = t
	case t.After(p.m.Input.Published):
		p.m.Input.Updated = t
	}
}

// cutDate takes the date that ends a line of names: "By Jane Miller, May 29, 2018".
func (p *page) cutDate(names string) string {
	for _, between := range betweenNames.FindAllStringIndex(names, -1) {
		if t, ok := language.ParseDate(names[between[1]:], p.site.Location); ok {
			p.setDate(t)
			return names[:between[0]]
		}
	}
	return names
}

// isBadDate tells a date that is wrong from a headline such as "10 films of 2024": its month is one, or it is all
// digits, or it stands below the headline.
func (p *page) isBadDate(text string, titled bool) bool {
	if !dateLike.MatchString(text) {
		return false
	}
	return titled || !strings.ContainsFunc(text, unicode.IsLetter) || p.isDate("1"+strings.TrimLeft(text, "0123456789"))
}

func (p *page) isDate(text string) bool {
	_, ok := language.ParseDate(text, p.site.Location)
	return ok
}

// isByline keeps "By the sea" from being a name: a label without a colon counts only below a headline, before a few
// words that are no sentence.
func isByline(names string, label prefixLabel, titled bool) bool {
	if names == "" || utf8.RuneCountInString(names) > 200 {
		return false
	}
	return strings.HasSuffix(label.text, ":") || titled && len(strings.Fields(names)) <= 8 && !strings.HasSuffix(names, ".")
}

var betweenNames = regexp.MustCompile(`\s*[,;|·]\s*|\s+(?:и|and|&)\s+`)

func splitNames(names string) []string {
	var out []string
	for _, name := range betweenNames.Split(names, -1) {
		if name = strings.TrimSpace(name); name != "" && !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	return out
}

// chooseTitle takes headline and standfirst among the lines that are neither author nor date (others), and returns what
// is left for the body. What stands above the headline is a leftover of the page; a line between it and the author or
// date (which end at end) is the standfirst.
func (p *page) chooseTitle(lines []line, others []int, end int) ([]line, error) {
	var above []line
	for _, i := range others {
		if i < end {
			above = append(above, lines[i])
		}
	}
	if len(above) == 0 { // nothing but author and date above it, or neither
		title := others[0]
		if l := lines[title]; isParagraph(l.text) && strings.HasSuffix(l.text, ".") {
			return nil, noHeadline(l)
		}
		p.setTitle(lines[title])
		return p.chooseStandfirst(slices.Concat(lines[end:title], lines[title+1:])), nil
	}
	title := headlineOf(above)
	for _, l := range above[:title] {
		p.m.Warn(l.n, "%s stands above the headline and was left out", manuscript.Quote(l.text))
	}
	p.setTitle(above[title])
	if below := above[title+1:]; len(below) > 0 {
		p.setStandfirst(below[0])
		return slices.Concat(below[1:], lines[end:]), nil
	}
	return p.chooseStandfirst(lines[end:]), nil
}

func noHeadline(l line) error {
	return manuscript.Faultf(l.n, "no headline found; put it on a line of its own above the text")
}

// headlineOf is the index of the first line of three words or more, of which the page's navigation has few; else of the
// last line. One that ends with a full stop is taken only if all do.
func headlineOf(lines []line) int {
	last := 0
	for i, l := range lines {
		if strings.HasSuffix(l.text, ".") {
			continue
		}
		if len(strings.Fields(l.text)) >= 3 {
			return i
		}
		last = i
	}
	return last
}

func (p *page) prose(l line) {
	p.m.Prose = append(p.m.Prose, manuscript.Note{Line: l.n, Text: l.text})
}

func (p *page) setTitle(l line) {
	p.m.Input.Title = l.text
	p.m.Lines["title"] = l.n
	p.prose(l)
}

func (p *page) setStandfirst(l line) {
	p.m.Input.Standfirst = l.text
	p.m.Lines["standfirst"] = l.n
	p.prose(l)
}

// chooseStandfirst takes the first line of body as the standfirst if it reads like one: short, text follows, and it
// has no full stop or is clearly shorter than what follows.
func (p *page) chooseStandfirst(body []line) []line {
	if len(body) < 2 || utf8.RuneCountInString(body[0].text) > maxTitle {
		return body
	}
	if !body[1].apart && slices.ContainsFunc(body, func(l line) bool { return l.apart }) {
		return body // a paragraph of several lines
	}
	short := len(body) > 2 && 2*len(body[0].text) < len(body[1].text)
	if endsSentence(body[0].text) && !short || p.isDate(body[0].text) {
		return body
	}
	p.setStandfirst(body[0])
	return body[1:]
}
