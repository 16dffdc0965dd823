package pages

import (
	"strings"
	"unicode/utf8"
)

// A line is one with something on it.
type line struct {
	n        int // its number in the text
	text     string
	apart    bool // an empty line stands before it
	boxes    int  // how many boxes stand before it
	mostRead int  // how many of them are "most read"
}

func splitLines(text string) []line {
	var lines []line
	apart := false
	for i, s := range strings.Split(text, "\n") {
		if s = strings.TrimSpace(s); s == "" {
			apart = true
			continue
		}
		lines = append(lines, line{n: i + 1, text: s, apart: apart})
		apart = false
	}
	return lines
}

const (
	maxHeadline  = 250 // characters; a longer line is a paragraph
	maxHeadlines = 200 // of all boxes of one page; more are not a box but an archive
)

// takeBoxes parts the lines of a page into the headlines of its boxes and the rest. Boxes may stand anywhere, in any
// order and several times.
func (p *page) takeBoxes(lines []line) (rest []line) {
	boxes, mostRead := 0, 0
	for i := 0; i < len(lines); {
		l := lines[i]
		i++
		if !p.labels.isBox(l.text) {
			l.boxes, l.mostRead = boxes, mostRead
			rest = append(rest, l)
			continue
		}
		boxes++
		headlines, used := p.readBox(lines[i:])
		i += used
		into := &p.m.MostRead
		if langs := p.labels.related[foldLabel(l.text)]; langs != nil {
			into = &p.m.RelatedBox
			p.spoke(langs)
		} else {
			mostRead++
			p.spoke(p.labels.mostRead[foldLabel(l.text)])
		}
		for _, h := range headlines {
			if len(p.m.MostRead)+len(p.m.RelatedBox) < maxHeadlines {
				*into = append(*into, h)
			}
		}
	}
	return rest
}

// readBox returns the headlines that follow a box's label, and how many lines they take. In a box whose headlines have
// a "more" below them it goes on while another "more" is to come; in one without, it is the lines up to the next empty
// one, or every line by itself where empty lines part them.
func (p *page) readBox(lines []line) (headlines []string, used int) {
	lastMore := -1 // index of the box's last "more"
	end := len(lines)
	for i, l := range lines {
		followed := i+1 < len(lines) && p.labels.isMore(lines[i+1].text) && utf8.RuneCountInString(l.text) <= maxHeadline
		if p.labels.isBox(l.text) || !isHeadline(l.text) && !followed {
			end = i
			break
		}
		if langs := p.labels.more[foldLabel(l.text)]; langs != nil {
			lastMore = i
			p.spoke(langs)
		}
	}
	if lastMore >= 0 {
		end = lastMore + 1
	}
	for i, l := range lines[:end] {
		if lastMore < 0 && i > 0 && l.apart != lines[1].apart {
			return headlines, i
		}
		if !p.labels.isMore(l.text) && !p.labels.isLeftover(l.text) && !p.isDate(l.text) {
			headlines = append(headlines, l.text)
		}
	}
	return headlines, end
}

// isHeadline tells a headline from a paragraph: it is short, and no full stop ends it.
func isHeadline(text string) bool {
	return utf8.RuneCountInString(text) <= maxHeadline && (!strings.HasSuffix(text, ".") || strings.HasSuffix(text, ".."))
}
