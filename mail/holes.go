package mail

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/net/idna"
)

// The holes of a master copy: what templates put into a link of the site where a recipient's own token belongs. They
// are as long as tokens and consist of characters that quoted-printable leaves alone, so that the encoded letter has
// the same shape whatever stands in them.
const (
	HoleLeave       = "VESTNIKxHOLExLEAVExxxxxxxxxxxxxxxxxxxxxx"
	HolePreferences = "VESTNIKxHOLExPREFERENCESxxxxxxxxxxxxxxxx"
	HoleConfirm     = "VESTNIKxHOLExCONFIRMxxxxxxxxxxxxxxxxxxxx"
	HoleNotMe       = "VESTNIKxHOLExNOTMExxxxxxxxxxxxxxxxxxxxxx"
)

var holes = [...]string{HoleLeave, HolePreferences, HoleConfirm, HoleNotMe}

// Tokens are what goes into the holes: each 40 letters or digits, or "" where the letter has no such hole.
type Tokens struct {
	Leave       string // also in List-Unsubscribe
	Preferences string
	Confirm     string
	NotMe       string
}

func (t Tokens) list() [len(holes)]string {
	return [...]string{t.Leave, t.Preferences, t.Confirm, t.NotMe}
}

func (t Tokens) check() error {
	for _, token := range t.list() {
		if token == "" {
			continue
		}
		if len(token) != tokenLength || strings.ContainsFunc(token, func(r rune) bool { return !isTokenRune(r) }) {
			return fmt.Errorf("a token of %d bytes: it must be %d letters or digits", len(token), tokenLength)
		}
	}
	return nil
}

func isTokenRune(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9'
}

// A form is a letter cut at its holes.
type form struct {
	pieces   []piece
	size     int
	needs    [len(holes)]bool
	language string // of the message
	reasons  bool   // it has sentences of which a reader gets one
}

// A piece is literal bytes, a part of the token that belongs into a hole (a soft line break may cut it), or the reader's day of consent.
type piece struct {
	literal  []byte
	hole     int
	from, to int
	day      bool
	only     uint8 // for readers with this sentence of a reason; 0: for all
}

// A find is a hole or a mark in an encoded letter; holes come first in the numbering.
type find struct{ what, start int }

// finds are the holes and marks in squeezed bytes, in their order.
func finds(plain []byte) []find {
	var all []find
	look := func(what int, name string) {
		for from := 0; ; {
			i := bytes.Index(plain[from:], []byte(name))
			if i < 0 {
				break
			}
			all = append(all, find{what, from + i})
			from += i + len(name)
		}
	}
	for hole, name := range holes {
		look(hole, name)
	}
	if bytes.Contains(plain, []byte(whyPrefix)) {
		for i, name := range markNames {
			look(len(holes)+i, whyPrefix+name)
		}
	}
	slices.SortFunc(all, func(a, b find) int { return cmp.Compare(a.start, b.start) })
	return all
}

// cut finds the holes in an encoded letter, also where a soft line break of quoted-printable (= CR LF) falls into one. Its header has
// none: what looks like one there is somebody's headline.
func cut(b []byte) form {
	header, _, _ := bytes.Cut(b, []byte("\r\n\r\n"))
	plain, at := squeeze(b, len(header))
	c := cutter{form: form{size: len(b), language: languageOf(header)}, b: b}
	for _, found := range finds(plain) {
		if found.what >= len(holes) {
			c.mark(found.what-len(holes), at[found.start], at[found.start+tokenLength-1]+1)
			continue
		}
		c.needs[found.what] = true
		for i := 0; i < tokenLength; {
			start := at[found.start+i]
			n := 1
			for i+n < tokenLength && at[found.start+i+n] == start+n {
				n++
			}
			c.literal(start)
			c.add(piece{hole: found.what, from: i, to: i + n})
			c.done = start + n
			i += n
		}
	}
	c.literal(len(b))
	return c.form
}

// languageOf is the language that a message's header names.
func languageOf(header []byte) string {
	_, rest, found := bytes.Cut(header, []byte("\r\nContent-Language: "))
	if !found {
		return ""
	}
	value, _, _ := bytes.Cut(rest, []byte("\r\n"))
	return string(bytes.TrimSpace(value))
}

// squeeze returns b from a byte on, without soft line breaks, and where in b each of the remaining bytes stands.
func squeeze(b []byte, from int) (plain []byte, at []int) {
	plain, at = make([]byte, 0, len(b)-from), make([]int, 0, len(b)-from)
	for i := from; i < len(b); i++ {
		if b[i] == '=' && i+2 < len(b) && b[i+1] == '\r' && b[i+2] == '\n' {
			i += 2
			continue
		}
		plain, at = append(plain, b[i]), append(at, i)
	}
	return plain, at
}

// fill appends the form to dst with the tokens in its holes and a reader's reason.
func (f *form) fill(dst []byte, t Tokens, why reason) []byte {
	tokens := t.list()
	for _, p := range f.pieces {
		switch {
		case p.only != 0 && p.only != why.sentence:
		case p.literal != nil:
			dst = append(dst, p.literal...)
		case p.day:
			dst = append(dst, why.day...)
		default:
			dst = append(dst, tokens[p.hole][p.from:p.to]...)
		}
	}
	return dst
}

// check reports a hole that t leaves empty.
func (f *form) check(t Tokens) error {
	if err := t.check(); err != nil {
		return err
	}
	tokens := t.list()
	for hole, needed := range f.needs {
		if needed && tokens[hole] == "" {
			return errors.New("the letter has a link for a token of its recipient's own, and there is none")
		}
	}
	return nil
}

// ownHoles removes holes that stand elsewhere than in a link to the site itself, and marks of sentences wherever they stand. Neither is
// a secret: without this, a link in an article from a foreign feed could carry every reader's token away. It looks again until there is
// nothing left to remove, for what stands on both sides of a removed hole may make another.
func ownHoles(site, text string) string {
	for {
		clean := strings.ReplaceAll(ownHolesOnce(site, text), whyPrefix, "")
		if clean == text {
			return text
		}
		text = clean
	}
}

func ownHolesOnce(site, text string) string {
	for _, hole := range holes {
		if !strings.Contains(text, hole) {
			continue
		}
		parts := strings.Split(text, hole)
		var b strings.Builder
		for i, part := range parts {
			b.WriteString(part)
			if i < len(parts)-1 && endsInLinkTo(site, part) {
				b.WriteString(hole)
			}
		}
		text = b.String()
	}
	return text
}

// endsInLinkTo reports whether text ends with the beginning of an address on the site's own host. Only what cannot
// stand inside an address begins one: https://evil.example/'https://our.example/ is all of evil.example's.
func endsInLinkTo(site, text string) bool {
	link := text[strings.LastIndexAny(text, " \t\r\n\"<>")+1:]
	a, err1 := url.Parse(link)
	b, err2 := url.Parse(site)
	return err1 == nil && err2 == nil && a.User == nil && a.Host != "" && a.Scheme == b.Scheme &&
		a.Port() == b.Port() && asciiHost(a) == asciiHost(b)
}

func asciiHost(u *url.URL) string {
	host, err := idna.Lookup.ToASCII(u.Hostname())
	if err != nil {
		return u.Hostname()
	}
	return host
}
