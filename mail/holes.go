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
	pieces []piece
	size   int
	needs  [len(holes)]bool
}

// A piece is either literal bytes or a part of the token that belongs into a hole: a soft line break may cut it.
type piece struct {
	literal  []byte
	hole     int
	from, to int
}

// cut finds the holes in encoded bytes, also where a soft line break of quoted-printable (= CR LF) falls into one.
func cut(b []byte) form {
	plain, at := squeeze(b)
	type find struct{ hole, start int }
	var finds []find
	for hole, name := range holes {
		for from := 0; ; {
			i := bytes.Index(plain[from:], []byte(name))
			if i < 0 {
				break
			}
			finds = append(finds, find{hole, from + i})
			from += i + len(name)
		}
	}
	slices.SortFunc(finds, func(a, b find) int { return cmp.Compare(a.start, b.start) })

	f := form{size: len(b)}
	done := 0 // bytes of b that are in pieces
	for _, found := range finds {
		f.needs[found.hole] = true
		for i := 0; i < tokenLength; {
			start := at[found.start+i]
			n := 1
			for i+n < tokenLength && at[found.start+i+n] == start+n {
				n++
			}
			if start > done {
				f.pieces = append(f.pieces, piece{literal: b[done:start]})
			}
			f.pieces = append(f.pieces, piece{hole: found.hole, from: i, to: i + n})
			done = start + n
			i += n
		}
	}
	f.pieces = append(f.pieces, piece{literal: b[done:]})
	return f
}

// squeeze returns b without soft line breaks, and where in b each of the remaining bytes stands.
func squeeze(b []byte) (plain []byte, at []int) {
	plain, at = make([]byte, 0, len(b)), make([]int, 0, len(b))
	for i := 0; i < len(b); i++ {
		if b[i] == '=' && i+2 < len(b) && b[i+1] == '\r' && b[i+2] == '\n' {
			i += 2
			continue
		}
		plain, at = append(plain, b[i]), append(at, i)
	}
	return plain, at
}

// fill appends the form to dst with the tokens in its holes.
func (f *form) fill(dst []byte, t Tokens) []byte {
	tokens := t.list()
	for _, p := range f.pieces {
		if p.literal != nil {
			dst = append(dst, p.literal...)
			continue
		}
		dst = append(dst, tokens[p.hole][p.from:p.to]...)
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

// ownHoles removes holes that stand elsewhere than in a link to the site itself. The holes are no secret: without
// this, a link in an article from a foreign feed could carry every reader's token away.
func ownHoles(site, text string) string {
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
