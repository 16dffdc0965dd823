package search

import (
	"strings"
	"unicode/utf8"

	"vestnik/language"
)

// A Part is a piece of a text; Hit says that it is a word that was searched for. It is plain text, whatever is in it.
type Part struct {
	Text string
	Hit  bool
}

// snippetLength is how long a [Pen.Snippet] is about, in characters.
const snippetLength = 200

// A Pen marks the words of a query in texts of one language, whatever their form and spelling: домов for дом, ё for е, a
// stress mark or soft hyphen in it, a letter of the other alphabet. It remembers words, and is for one goroutine.
type Pen struct {
	lang  string
	worth map[string]float64 // of the terms that are marked
	known map[string]mark    // of words as they are written
}

// A mark is what a word of a text is for a query.
type mark struct {
	term  string // that it was found by, "" for a word that is not marked
	worth float64
}

// newPen returns a pen that marks all words of a query.
func newPen(lang, query string) *Pen {
	p := &Pen{lang: lang, worth: map[string]float64{}, known: map[string]mark{}}
	for _, w := range parse(lang, query) {
		p.take(w, 1)
	}
	return p
}

// take lets the pen mark a word; a passage with it is worth so much.
func (p *Pen) take(w wish, worth float64) {
	for _, s := range w.spellings {
		p.worth[s] = worth
	}
	for _, s := range w.parts {
		if _, whole := p.worth[s]; !whole {
			p.worth[s] = partsWeight * worth
		}
	}
}

// Mark parts a text into what is marked and what stands between. The parts together are the text.
func (p *Pen) Mark(text string) []Part { return parted(text, p.hits(text)) }

// A hit is a marked place of a text, from byte to byte.
type hit struct {
	from, to int
	mark
}

// hits are the marked places in their order; none overlaps another.
func (p *Pen) hits(text string) (all []hit) {
	for _, t := range tokens(text) {
		if t.unspaced {
			all = append(all, p.pairs(text, t)...)
		} else if m := p.look(text[t.from:t.to]); m.term != "" {
			all = append(all, hit{t.from, t.to, m})
		}
	}
	return all
}

// pairs are the marked places of a run without spaces, those that touch as one.
func (p *Pen) pairs(text string, run token) (all []hit) {
	from := run.from
	for from < run.to {
		_, one := utf8.DecodeRuneInString(text[from:run.to])
		_, two := utf8.DecodeRuneInString(text[from+one : run.to])
		if m := p.look(text[from : from+one+two]); m.term != "" {
			if last := len(all) - 1; last >= 0 && all[last].to >= from {
				all[last].to = from + one + two
			} else {
				all = append(all, hit{from, from + one + two, m})
			}
		}
		from += one
	}
	return all
}

// maxKnown bounds what a pen remembers.
const maxKnown = 20_000

// look tells what a word as it is written is for the query.
func (p *Pen) look(word string) mark {
	m, known := p.known[word]
	if known {
		return m
	}
	for _, t := range language.Terms(p.lang, word) {
		if worth, ok := p.worth[t.Word]; ok && worth > m.worth {
			m = mark{t.Word, worth}
		}
	}
	if len(p.known) < maxKnown {
		p.known[word] = m
	}
	return m
}

// parted cuts a text at its hits.
func parted(text string, hits []hit) (parts []Part) {
	at := 0
	for _, h := range hits {
		if h.from > at {
			parts = append(parts, Part{Text: text[at:h.from]})
		}
		parts = append(parts, Part{Text: text[h.from:h.to], Hit: true})
		at = h.to
	}
	if at < len(text) {
		parts = append(parts, Part{Text: text[at:]})
	}
	return parts
}

// maxSnippetText is how much of a text is looked through for its best passage, in bytes.
const maxSnippetText = 64 << 10

// Snippet is the passage of about 200 characters in which most of the query stands, the first of several; the
// beginning of a text that has nothing of it. It is in one line, and has "…" where the text was cut.
func (p *Pen) Snippet(text string) []Part {
	if len(text) > maxSnippetText {
		text = strings.ToValidUTF8(text[:maxSnippetText], "")
	}
	text = strings.Join(strings.Fields(text), " ")
	hits := p.hits(text)
	from, to := passage(text, hits)
	var inside []hit
	for _, h := range hits {
		if h.from >= from && h.to <= to {
			h.from, h.to = h.from-from, h.to-from
			inside = append(inside, h)
		}
	}
	parts := parted(text[from:to], inside)
	if from > 0 {
		parts = append([]Part{{Text: "…\u00a0"}}, parts...)
	}
	if to < len(text) {
		parts = append(parts, Part{Text: "\u00a0…"})
	}
	return parts
}

// passage says where the snippet of a text in one line begins and ends.
func passage(text string, hits []hit) (from, to int) {
	if len(hits) == 0 {
		return 0, wordEnd(text, 0, forward(text, 0, snippetLength))
	}
	best, most := 0, -1.0
	for i, h := range hits {
		end, worth, seen := forward(text, h.from, snippetLength-leadIn), 0.0, map[string]bool{}
		for _, other := range hits[i:] {
			if other.to > end {
				break
			}
			if worth += repeated * other.worth; !seen[other.term] {
				seen[other.term] = true
				worth += other.worth
			}
		}
		if worth > most {
			best, most = i, worth
		}
	}
	from = opening(text, hits[best].from)
	return from, max(hits[best].to, wordEnd(text, from, forward(text, from, snippetLength)))
}

const (
	leadIn   = 60   // characters that may stand before the first hit of a passage
	repeated = 0.05 // what a word that stands in a passage again adds, of what it adds first
)

// opening is where a passage begins whose first hit stands at a place: at the text's or the sentence's beginning if that is near, else
// at a word a little before.
func opening(text string, at int) int {
	from := backward(text, at, leadIn)
	if from == 0 {
		return 0
	}
	near := text[from:at]
	for _, end := range []string{". ", "! ", "? ", "… "} {
		if i := strings.LastIndex(near, end); i >= 0 {
			return from + i + len(end)
		}
	}
	from = backward(text, at, leadIn/2)
	if i := strings.IndexByte(text[from:at], ' '); i >= 0 {
		return from + i + 1
	}
	return from
}

// wordEnd moves the end of a passage back to the end of the word before it, unless the text ends there or has no spaces.
func wordEnd(text string, from, to int) int {
	if to == len(text) {
		return to
	}
	if i := strings.LastIndexByte(text[from:to+1], ' '); i > 0 {
		return from + len(strings.TrimRight(text[from:from+i], " ,;:–—-"))
	}
	return to
}

// forward is n characters after a place, backward before it.
func forward(text string, at, n int) int {
	for ; n > 0 && at < len(text); n-- {
		_, size := utf8.DecodeRuneInString(text[at:])
		at += size
	}
	return at
}

func backward(text string, at, n int) int {
	for ; n > 0 && at > 0; n-- {
		_, size := utf8.DecodeLastRuneInString(text[:at])
		at -= size
	}
	return at
}
