package templates

import (
	"cmp"
	"fmt"
	"mime/quotedprintable"
	"slices"
	"strings"
)

// measures say how much of an edition a letter has; what lies beyond them is on the edition's page.
type measures struct {
	body     int // runes of the one article's text
	lines    int // items with the lines of their story and of what is related
	abouts   int // items with a standfirst and a beginning
	items    int
	related  int // headlines of the closing block
	notes    int // runes of the editor's note, and of the correction
	headings int // runes of a headline
}

const unlimited = 1 << 30

// cuts are the steps by which a letter that is too large is made smaller, each after the one before has taken all it may: the text of the one
// article; the lines below the stories, from the last story up; their standfirsts; the stories at the end; the closing block; a note
// that is no note any more, and headlines that are none. The foot, with the link to leave, is never cut.
var cuts = []struct {
	of    func(*measures) *int
	least int
	most  func(EditionView) int
}{
	{func(m *measures) *int { return &m.body }, 0, func(e EditionView) int {
		if e.Article == nil {
			return 0
		}
		return min(len(e.Article.HTML), maxLetter) // a rune is a byte at least
	}},
	{func(m *measures) *int { return &m.lines }, 0, func(e EditionView) int { return len(e.Items) }},
	{func(m *measures) *int { return &m.abouts }, 0, func(e EditionView) int { return len(e.Items) }},
	{func(m *measures) *int { return &m.items }, 1, func(e EditionView) int { return len(e.Items) }},
	{func(m *measures) *int { return &m.related }, 0, func(e EditionView) int { return len(e.Related) }},
	{func(m *measures) *int { return &m.notes }, 600, func(e EditionView) int { return max(len(e.Note), len(e.Correction)) }},
	{func(m *measures) *int { return &m.headings }, 200, func(e EditionView) int { return 5000 }},
}

// fit renders the letter with as much of the edition as has room in it.
func (s *Set) fit(data lettered) (Letter, error) {
	m := measures{unlimited, unlimited, unlimited, unlimited, unlimited, unlimited, unlimited}
	letter, err := s.measured(data, m)
	if err != nil || letter.weight() <= maxLetter {
		return letter, err
	}
	for _, c := range cuts {
		low, high := c.least, max(c.least, c.most(data.Edition))
		*c.of(&m) = low
		if letter, err = s.measured(data, m); err != nil {
			return Letter{}, err
		}
		if letter.weight() > maxLetter {
			continue
		}
		for high-low > 1 { // the letter fits with low, and not with high
			*c.of(&m) = (low + high) / 2
			larger, err := s.measured(data, m)
			if err != nil {
				return Letter{}, err
			}
			if larger.weight() <= maxLetter {
				low, letter = *c.of(&m), larger
			} else {
				high = *c.of(&m)
			}
		}
		return letter, nil
	}
	return Letter{}, fmt.Errorf("letter digest.html: %d bytes with one story, more than the %d that mail programs show; shorten the template or the imprint", letter.weight(), maxLetter)
}

// weight is the size of the heavier part: quotations within quotations indent a text until it is more than its HTML.
func (l Letter) weight() int { return max(weight(l.HTML), weight(l.Text)) }

// weight is the size of a letter's part before or after its transfer encoding, whichever is more: package mail takes quoted-printable,
// which its holes for tokens need.
func weight(body string) int { return max(len(body), quotedLength(body)) }

func quotedLength(body string) int {
	var n counted
	w := quotedprintable.NewWriter(&n)
	if _, err := w.Write([]byte(body)); err != nil || w.Close() != nil {
		return len(body) * 4 // it counts, and cannot fail
	}
	return int(n)
}

// counted is a writer that only counts.
type counted int

func (c *counted) Write(p []byte) (int, error) {
	*c += counted(len(p))
	return len(p), nil
}

// measured renders the letter with what the measures leave of the edition.
func (s *Set) measured(data lettered, m measures) (Letter, error) {
	e := data.Edition
	e.Items = slices.Clone(e.Items)
	data.More = max(0, len(e.Items)-m.items)
	e.Items = e.Items[:min(len(e.Items), m.items)]
	for i := range e.Items {
		e.Items[i] = e.Items[i].shortened(i, m, data.Site.URL)
	}
	e.Related = e.Related[:min(len(e.Related), m.related)]
	e.Note, e.Correction = paragraphsCut(e.Note, m.notes), paragraphsCut(e.Correction, m.notes)
	data.Edition = e
	data.Parts = e.laid(data.Language, data.Layout)
	if e.Article != nil && len(data.Parts) > 0 {
		data.Story = e.read(data, m.body)
	}
	return s.letter(data.Language, "digest", data, data.Subject, data.Preheader)
}

func (i Item) shortened(place int, m measures, site string) Item {
	i.Image = mailable(site, i.Image)
	if place >= m.lines {
		i.Related, i.Story = nil, nil
	}
	if place >= m.abouts {
		i.Standfirst, i.Opening = "", ""
	}
	if m.headings < unlimited {
		i.Title, i.Section = cut(i.Title, m.headings), cut(i.Section, m.headings)
		i.Related, i.Story = cutList(i.Related, m.headings), cutList(i.Story, m.headings)
	}
	return i
}

func cutList(list []Headline, runes int) []Headline {
	list = slices.Clone(list)
	for i := range list {
		list[i].Title = cut(list[i].Title, runes)
	}
	return list
}

func paragraphsCut(s string, runes int) string {
	if runes == unlimited || len(s) <= runes {
		return s
	}
	return sentences(strings.Join(paragraphs(s), " "), runes)
}

// read is the edition's one article in its letter.
func (e EditionView) read(data lettered, runes int) *LetterRead {
	item := data.Parts[0].Items[0]
	r := &LetterRead{LaidItem: item, Authors: strings.Join(e.Article.Authors, ", "), Cut: true}
	r.Minutes = cmp.Or(r.Minutes, e.Article.Minutes)
	if e.Article.HTML != "" {
		begin := beginning(string(e.Article.HTML))
		text := mailText(data.Language, data.Site.URL, item.URL, begin, runes)
		r.Body, r.Plain, r.Cut = text.HTML, text.Text, !text.Whole || len(begin) < len(e.Article.HTML)
	}
	return r
}

// longestSource is how much of an article's HTML is looked at: no letter holds what lies behind it, and each try reads all of it.
const longestSource = 4 * maxLetter

// beginning is the HTML of an article, or of one that no letter holds what stands before a tag in it.
func beginning(body string) string {
	if len(body) <= longestSource {
		return body
	}
	if i := strings.LastIndexByte(body[:longestSource], '<'); i > longestSource/2 {
		return body[:i]
	}
	return strings.ToValidUTF8(body[:longestSource], "")
}
