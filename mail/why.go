package mail

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"time"

	"vestnik/language"
)

// "Why you get this" names the day and the place where that very reader agreed. All sentences that there can be stand in the master
// copy, one behind the other, each behind its mark; what goes out has one of them, with the day written in. So the words are the
// catalogue's of the time when the edition was frozen, a correction of the catalogue changes no letter under way, and a resend repeats
// its bytes: they follow from the master, the letter and what the claim reads of the subscription, which only joining anew changes.
//
// A sentence is cut out of the quoted-printable text as it was encoded. Where it begins and ends, and around the day, the form has soft
// line breaks (RFC 2045, 6.7), so that no line becomes longer than 76 octets whatever stands before and behind. In base64, where a
// letter is not a run of octets of its own, the form would hold decoded pieces, and [form.fill] would encode what it has put together:
// that is as cheap as copying, and holes and sentences would need no care.

// Places where readers agree.
const (
	PlacePage   = "page"   // on a page of our site
	PlaceImport = "import" // elsewhere, before another system's list was taken over
	PlaceHand   = "hand"   // the newsroom says so
	PlaceOther  = ""       // it is not known, and the sentence names neither place nor day
)

var places = [...]string{PlacePage, PlaceImport, PlaceHand, PlaceOther}

// Marks are 40 characters: 32 that are the same for all and 8 that say which. In a master the 32 are these.
const whyPrefix = "VESTNIKxWHYxxxxxxxxxxxxxxxxxxxxx"

// The last 8 of the marks, for the places in their order, and then for the day and the end.
var markNames = [...]string{"PAGExxxx", "IMPORTxx", "HANDxxxx", "OTHERxxx", "DAYxxxxx", "ENDxxxxx"}

const (
	markDay = len(places) + iota
	markEnd
)

// Marks are what a template writes around its sentences. Each set of them is unlike any other and known to nobody outside, and what
// looks like the marks of a master is taken out of every text before: so no article from a foreign feed can bear a reader's day of
// consent. [Compose] makes the master's marks of them.
type Marks struct{ prefix string }

// NewMarks returns marks for one message. The master does not depend on them.
func NewMarks() Marks { return Marks{rand.Text()[:16] + rand.Text()[:16]} }

// Before stands before the sentence for readers who agreed at the place. The sentences stand one behind the other, for all [places].
func (m Marks) Before(place string) string {
	for i, p := range places {
		if p == place {
			return m.prefix + markNames[i]
		}
	}
	return ""
}

// Day stands for the day of consent, as "3 March 2026".
func (m Marks) Day() string { return m.prefix + markNames[markDay] }

// End stands behind the last of the sentences.
func (m Marks) End() string { return m.prefix + markNames[markEnd] }

// settle makes a text's marks those of a master, and checks that each group of them is whole.
func (m Marks) settle(text string) (string, error) {
	if m.prefix == "" {
		return text, nil
	}
	text = strings.ReplaceAll(text, m.prefix, whyPrefix)
	next := 0 // the place whose sentence is to come
	for rest := text; ; {
		_, behind, found := strings.Cut(rest, whyPrefix)
		if !found {
			break
		}
		which := -1
		for i, name := range markNames {
			if strings.HasPrefix(behind, name) {
				which = i
			}
		}
		switch {
		case which == markDay && next > 0:
		case which == markEnd && next == len(places):
			next = 0
		case which == next && next < len(places):
			next++
		default:
			return "", errors.New("the sentences about why a reader gets the letter are not whole")
		}
		rest = behind
	}
	if next != 0 {
		return "", errors.New("the sentences about why a reader gets the letter have no end")
	}
	return text, nil
}

// A reason is which sentence a reader gets, 1 for the first of the places, and the day, encoded.
type reason struct {
	sentence uint8
	day      []byte
}

// why chooses for a letter. Without a day it is the sentence that names none.
func (f *form) why(l Letter, zone *time.Location) reason {
	general := reason{sentence: uint8(len(places))}
	if !f.reasons || l.Agreed.IsZero() {
		return general
	}
	for i, place := range places[:len(places)-1] {
		if place == l.Place {
			return reason{uint8(i + 1), quotedLine(language.Date(f.language, l.Agreed.In(zone)))}
		}
	}
	return general
}

const softBreak = "=\r\n"

// quotedLine is a short text in quoted-printable, with a soft line break behind it.
func quotedLine(text string) []byte {
	var b []byte
	column := 0
	for _, c := range []byte(text) {
		plain := c >= ' ' && c < 0x7f && c != '=' && c != '.'
		if column > 70 {
			b, column = append(b, softBreak...), 0
		}
		if column++; plain {
			b = append(b, c)
			continue
		}
		b, column = fmt.Appendf(b, "=%02X", c), column+2
	}
	return append(b, softBreak...)
}

// A cutter makes a form of an encoded letter, from its beginning to its end.
type cutter struct {
	form
	b     []byte
	done  int   // octets of b that are in pieces, or left out
	only  uint8 // whose pieces they are: a reason's sentence, 0 for everybody's
	fresh bool  // what was added last ended its line
}

func (c *cutter) add(p piece) {
	p.only = c.only
	c.pieces = append(c.pieces, p)
	c.fresh = p.day || bytes.HasSuffix(p.literal, []byte("\r\n"))
}

// literal takes over what stands before the octet at.
func (c *cutter) literal(at int) {
	if at > c.done {
		c.add(piece{literal: c.b[c.done:at:at]})
	}
	c.done = at
}

// mark takes over what stands before a mark, which is left out, and ends the line there.
func (c *cutter) mark(which, start, end int) {
	c.literal(start)
	if !c.fresh {
		c.add(piece{literal: []byte(softBreak)})
	}
	switch which {
	case markDay:
		c.add(piece{day: true})
	case markEnd:
		c.only = 0
	default:
		c.only, c.reasons = uint8(which+1), true
	}
	c.done = end
	if bytes.HasPrefix(c.b[end:], []byte(softBreak)) {
		c.done += len(softBreak) // the line is at its beginning already
		return
	}
	if bytes.HasPrefix(c.b[end:], []byte(".")) { // and SMTP would take a dot there for its own
		c.add(piece{literal: []byte("=2E")})
		c.done++
	}
}
