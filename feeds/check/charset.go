package check

import (
	"bytes"
	"regexp"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/html/charset"

	"vestnik/language"
)

// declaration is the XML declaration; its first group is the version, its second the encoding.
var declaration = regexp.MustCompile(`^<\?xml(?:\s+version\s*=\s*["']([^"'<>]{0,20})["'])?(?:\s+encoding\s*=\s*["']([A-Za-z0-9._:-]{1,40})["'])?(?:\s[^>]{0,200})?\?>`)

// marks are the first bytes that tell an encoding, a byte order mark or the halves of the first character; skip is how
// many of them are no text.
var marks = []struct {
	bytes, charset string
	skip           int
}{
	{"\xEF\xBB\xBF", "utf-8", 3},
	{"\xFF\xFE", "utf-16le", 2},
	{"\xFE\xFF", "utf-16be", 2},
	{"<\x00", "utf-16le", 0},
	{"\x00<", "utf-16be", 0},
	{"{\x00", "utf-16le", 0},
	{"\x00{", "utf-16be", 0},
}

// decode makes UTF-8 of the document, with "\n" for every line break, and looks at its characters.
func (c *checker) decode(doc []byte) string {
	if bytes.HasPrefix(doc, []byte("\x1F\x8B")) {
		c.found(1, "compressed", "")
		return ""
	}
	name, skip := c.charset(doc)
	text := string(doc[skip:])
	if name == "utf-8" {
		return c.characters(text, true)
	}
	c.found(1, "not-utf8", "%s", name)
	enc, _ := charset.Lookup(name)
	if out, err := enc.NewDecoder().String(text); err == nil {
		text = out
	}
	return c.characters(strings.TrimPrefix(text, "\uFEFF"), false)
}

// charset says in which character set the bytes are and how many of them go before the text, and finds what is wrong with
// how they say it. Bytes that are good UTF-8 are UTF-8 whatever is claimed: no text in an old encoding is that by chance.
func (c *checker) charset(doc []byte) (name string, skip int) {
	for _, m := range marks {
		if bytes.HasPrefix(doc, []byte(m.bytes)) {
			c.claims(doc[m.skip:], m.charset)
			if m.charset == "utf-8" {
				c.found(1, "byte-order-mark", "")
			}
			return m.charset, m.skip
		}
	}
	claimed := c.claims(doc, "")
	good, broken, first := countUTF8(doc)
	switch {
	case claimed != "" && claimed != "utf-8" && (broken*10 > good || good == 0):
		return claimed, 0
	case claimed != "" && claimed != "utf-8":
		c.found(1, "charset-conflict", "%s is claimed, the bytes are UTF-8", claimed)
		return "utf-8", 0
	case good >= broken:
		return "utf-8", 0
	}
	name = language.RussianCharset(doc)
	c.found(first, "invalid-bytes", "they look like %s", name)
	return name, 0
}

// claims is the charset that HTTP or the declaration names, "" if neither does; found is what the first bytes tell.
func (c *checker) claims(doc []byte, found string) string {
	labels := []struct{ by, label string }{{"HTTP", c.httpCharset()}, {"the XML declaration", ""}}
	if m := declaration.FindSubmatch(bytes.TrimLeft(doc[:min(len(doc), 1000)], " \t\r\n")); m != nil {
		labels[1].label = string(m[2])
	}
	by := "the first bytes"
	for _, l := range labels {
		name := canonical(l.label)
		switch {
		case l.label == "":
		case name == "":
			c.found(1, "charset-unknown", "%s names %q", l.by, short(l.label))
		case found == "":
			found, by = name, l.by
		case found != name && !(strings.HasPrefix(found, "utf-16") && strings.HasPrefix(name, "utf-16")):
			c.found(1, "charset-conflict", "%s says %s, %s says %s", by, found, l.by, name)
		}
	}
	if strings.HasPrefix(found, "utf-16") && by != "the first bytes" {
		c.found(1, "charset-conflict", "%s says %s, the bytes are not", by, found)
		return ""
	}
	return found
}

// canonical is the name of a charset that we can read, "" for any other. ASCII is UTF-8.
func canonical(label string) string {
	switch strings.ToLower(label) {
	case "us-ascii", "ascii":
		return "utf-8"
	}
	_, name := charset.Lookup(label)
	if name == "replacement" || name == "x-user-defined" {
		return ""
	}
	return name
}

// countUTF8 counts the characters beyond ASCII that are good UTF-8, the bytes that are not, and says on which line the
// first of those is.
func countUTF8(doc []byte) (good, broken, first int) {
	line := 1
	for len(doc) > 0 {
		r, size := utf8.DecodeRune(doc)
		switch {
		case r == '\n':
			line++
		case size > 1:
			good++
		case r == utf8.RuneError:
			if broken++; broken == 1 {
				first = line
			}
		}
		doc = doc[size:]
	}
	return good, broken, first
}

// characters looks for those that documents cannot or should not hold, each kind once a line, and returns the text valid
// and with "\n" for every line break.
func (c *checker) characters(text string, fromUTF8 bool) string {
	text = strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\r", "\n")
	line, said := 1, map[string]int{}
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRuneInString(text[i:])
		i += size
		if r == '\n' {
			line++
			continue
		}
		rule := characterRule(r, size, fromUTF8)
		if rule == "" || said[rule] == line {
			continue
		}
		said[rule] = line
		if size == 1 && r == utf8.RuneError {
			c.found(line, rule, "0x%X", text[i-1])
		} else {
			c.found(line, rule, "U+%04X", r)
		}
	}
	return strings.ToValidUTF8(text, "\uFFFD")
}

// characterRule is the rule that a character breaks, "" for most.
func characterRule(r rune, size int, fromUTF8 bool) string {
	switch {
	case r >= 0x20 && r < 0x7F, r == '\t':
		return ""
	case r == utf8.RuneError && (size == 1 || !fromUTF8):
		return "invalid-bytes"
	case r == utf8.RuneError:
		return "replacement-character"
	case !legal(r):
		return "illegal-character"
	case r >= 0x7F && r < 0xA0:
		return "control-character"
	}
	return ""
}

// legal says whether XML 1.0 (section 2.2) allows a character.
func legal(r rune) bool {
	return r == '\t' || r == '\n' || r == '\r' || r >= 0x20 && r <= 0xD7FF || r >= 0xE000 && r <= 0xFFFD || r >= 0x10000 && r <= 0x10FFFF
}
