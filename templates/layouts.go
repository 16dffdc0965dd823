package templates

import (
	"cmp"
	"net/url"
	"path"
	"slices"
	"strings"
)

// A LaidPart is a block as letters and the edition's page lay it out.
type LaidPart struct {
	Heading  string     // "" for none
	Language string     // of the heading
	Layout   string     // LayoutList or LayoutCards; the items that are told at length say so themselves
	Numbered bool       // some items have a number
	Items    []LaidItem // at least one
}

// A LaidItem is a line of an edition with all that depends on where it stands. Its Language is never empty.
type LaidItem struct {
	Item
	Number  int  // its place among the most read, in the edition's first block of these; 0: none
	Top     bool // the first of the edition
	Long    bool // with a large picture and the beginning of its text
	Below   bool // below a heading of its block
	Editors bool // the editors chose it, among others that were not chosen by them
	Beside  bool // in a row of cards, without a picture beside one that has one
}

// Opens are the paragraphs of its beginning, which only an item told at length shows.
func (i LaidItem) Opens() []string {
	if !i.Long {
		return nil
	}
	return paragraphs(i.Opening)
}

// Rows are the items of cards two by two. Of an odd number the first stands alone, so that no place stays empty.
func (p LaidPart) Rows() (rows [][]LaidItem) {
	rest := slices.Clone(p.Items)
	if len(rest)%2 == 1 {
		rows, rest = append(rows, rest[:1]), rest[1:]
	}
	for pair := range slices.Chunk(rest, 2) {
		pair[0].Beside = pair[0].Image == "" && pair[1].Image != ""
		pair[1].Beside = pair[1].Image == "" && pair[0].Image != ""
		rows = append(rows, pair)
	}
	return rows
}

// Chosen is the layout of a block in a letter for a reader who chose one: it takes the place of the edition's, a block with its own
// keeps that, but who wants headlines gets headlines alone.
func (e EditionView) chosen(b Block, reader string) string {
	if reader == LayoutList {
		return LayoutList
	}
	return cmp.Or(b.Layout, reader, e.Layout, LayoutList)
}

// Laid are the edition's parts in their layouts, worded in a language.
func (e EditionView) Laid(lang string) []LaidPart { return e.laid(spoken(lang), "") }

func (e EditionView) laid(lang, reader string) (laid []LaidPart) {
	long := false    // one item of the edition's own layout is told at length, and one of each block that asks for it
	counted := false // the first block of what was read most has numbers: others would begin with 1 again
	for i, part := range e.Parts() {
		p := LaidPart{Layout: e.chosen(part.Block, reader), Heading: part.Title, Language: e.Language}
		if p.Heading == "" {
			p.Heading, p.Language = heading(lang, part.Rank, i), lang
		}
		tell := p.Layout == LayoutLong && (part.Layout == LayoutLong || !long)
		long = long || tell
		if p.Layout == LayoutLong {
			p.Layout = LayoutList
		}
		p.Items = e.items(lang, part, p.Heading != "", !counted)
		p.Items[0].Top, p.Items[0].Long = i == 0, tell
		p.Numbered = slices.ContainsFunc(p.Items, func(i LaidItem) bool { return i.Number > 0 })
		counted = counted || p.Numbered
		laid = append(laid, p)
	}
	return laid
}

func (e EditionView) items(lang string, part Part, below, count bool) (items []LaidItem) {
	number := 0
	for _, item := range part.Items {
		one := LaidItem{Item: item, Below: below}
		ranked := part.Rank == ReasonReads || part.Rank == "adjusted"
		if count && ranked && item.Reason == ReasonReads {
			number++
			one.Number = number
		}
		one.Editors = item.Reason == ReasonEditors && part.Rank != ReasonEditors
		one.Language = cmp.Or(item.Language, e.Language, lang)
		one.Related, one.Story = e.worded(lang, item.Related), e.worded(lang, item.Story)
		items = append(items, one)
	}
	return items
}

// worded are headlines with their language.
func (e EditionView) worded(lang string, list []Headline) []Headline {
	list = slices.Clone(list)
	for i := range list {
		list[i].Language = cmp.Or(list[i].Language, e.Language, lang)
	}
	return list
}

// heading is what a block without a title of its own is called. The first needs none if it is what the digest is about.
func heading(lang, rank string, place int) string {
	switch {
	case rank == ReasonFill || rank == ReasonLatest:
		return Text(lang, "latest")
	case rank == ReasonEditors:
		return Text(lang, "editors_choice")
	case place > 0:
		return Text(lang, "most_read")
	}
	return ""
}

// Mark is the short form of [EditionView.Hash], the same on the page and in the letters.
func (e EditionView) Mark() string {
	if e.mark != "" {
		return e.mark
	}
	return short(e.Hash())
}

// short is as much of a hash as people compare.
func short(hash string) string { return hash[:min(12, len(hash))] }

// Notes are the paragraphs of the editor's note.
func (e EditionView) Notes() []string { return paragraphs(e.Note) }

// Corrections are the paragraphs that say what was wrong in an earlier revision.
func (e EditionView) Corrections() []string { return paragraphs(e.Correction) }

// paragraphs parts a plain text at its empty lines.
func paragraphs(s string) (list []string) {
	s = strings.ReplaceAll(s, "\r\n", "\n")
	for part := range strings.SplitSeq(s, "\n\n") {
		if part = oneLine(part); part != "" {
			list = append(list, part)
		}
	}
	return list
}

// openingRunes is about how long the beginning of a story is in a letter that tells it at length.
const openingRunes = 600

// Opening is how a text begins: whole paragraphs, as they are parted by empty lines, of about 600 runes and never all of them, or of one
// that is longer as many sentences.
func Opening(text string) string {
	all := paragraphs(text)
	var begins []string
	room := openingRunes
	for i, p := range all {
		size := len([]rune(p))
		if i > 0 && (size > room || i == len(all)-1) {
			break
		}
		begins = append(begins, sentences(p, openingRunes))
		room -= size
	}
	return strings.Join(begins, "\n\n")
}

// sentences are those that s begins with, in at most n runes; of a first one that is longer, its beginning.
func sentences(s string, n int) string {
	runes := []rune(s)
	if len(runes) <= n {
		return s
	}
	for i := n; i > n/3; i-- {
		if sentenceEnds(runes, i) {
			return string(runes[:i])
		}
	}
	return cut(s, n)
}

// sentenceEnds reports whether a sentence ends before the i-th rune: «г. Южно-Сахалинск» and «И. Петров» are no ends.
func sentenceEnds(s []rune, i int) bool {
	if i < len(s) && s[i] != ' ' {
		return false
	}
	last := i - 1
	for last > 0 && strings.ContainsRune("»”)\"", s[last]) {
		last--
	}
	if !strings.ContainsRune(".!?…", s[last]) {
		return false
	}
	word := last
	for word > 0 && s[word-1] != ' ' {
		word--
	}
	return last-word > 2 || s[last] != '.'
}

// firstSentence of a text, at most 150 runes of it.
func firstSentence(text string) string {
	all := paragraphs(text)
	if len(all) == 0 {
		return ""
	}
	runes := []rune(all[0])
	for i := 1; i <= len(runes); i++ {
		if sentenceEnds(runes, i) {
			return cut(string(runes[:i]), 150)
		}
	}
	return cut(all[0], 150)
}

// absolute is an address as a letter needs it, where no page is around it; "" for one that cannot be resolved.
func absolute(site, address string) string {
	base, err := url.Parse(site + "/")
	if err != nil || address == "" {
		return ""
	}
	u, err := base.Parse(address)
	if err != nil {
		return ""
	}
	return u.String()
}

// mailable is the address of a picture that mail programs show, or "": they know no SVG.
func mailable(site, address string) string {
	if strings.HasPrefix(address, "data:image/") {
		return address
	}
	u, err := url.Parse(address)
	if err != nil || strings.EqualFold(path.Ext(u.Path), ".svg") {
		return ""
	}
	if address = absolute(site, address); strings.HasPrefix(address, "https://") || strings.HasPrefix(address, "http://") {
		return address
	}
	return ""
}
