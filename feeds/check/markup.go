package check

import (
	"regexp"
	"strconv"
	"strings"
)

// This file looks at how XML is written, character by character, where encoding/xml forgives or gives up.

// safe blanks out the characters that XML forbids and the references to them, and references to line breaks, which
// would shift the lines of what comes after them.
func safe(text string) []byte {
	out := []byte(text)
	for i, r := range text {
		size := 1
		switch {
		case r == '&':
			name, ok := reference(text[i:])
			code, number := codeOf(name)
			if !ok || !number || legal(code) && code != '\n' && code != '\r' {
				continue
			}
			size = len(name) + 2
		case legal(r):
			continue
		case r >= 0x80:
			size = 3
		}
		blank(out[i : i+size])
	}
	return out
}

func blank(b []byte) {
	for i := range b {
		if b[i] != '\n' {
			b[i] = ' '
		}
	}
}

// wellDeclared is the only form that an XML declaration may have.
var wellDeclared = regexp.MustCompile(`^<\?xml\s+version\s*=\s*(?:"[^"<]*"|'[^'<]*')(?:\s+encoding\s*=\s*(?:"[A-Za-z][A-Za-z0-9._-]*"|'[A-Za-z][A-Za-z0-9._-]*'))?(?:\s+standalone\s*=\s*["'](?:yes|no)["'])?\s*\?>`)

// declaration looks at the XML declaration and hides it: the text is UTF-8 by now.
func (r *reader) declaration() {
	m := declaration.FindStringSubmatchIndex(r.text)
	if m == nil {
		return
	}
	if raw := r.text[:m[1]]; !wellDeclared.MatchString(raw) {
		r.c.found(1, "markup-error", "%q", short(raw))
	}
	if m[2] >= 0 && r.text[m[2]:m[3]] != "1.0" {
		r.c.found(1, "xml-version", "%q", short(r.text[m[2]:m[3]]))
	}
	blank(r.safe[:m[1]])
}

// prepare blanks out what the decoder would stop at in the text or comment that begins here, and says what it was.
func (r *reader) prepare(start int) {
	rest := r.text[start:]
	from, bad, rule := 0, "]]>", "cdata-end"
	end := strings.IndexByte(rest, '<')
	if strings.HasPrefix(rest, "<!--") {
		from, bad, rule = 4, "--", "markup-error"
		if end = strings.Index(rest[4:], "-->"); end >= 0 {
			end += 4
		}
	} else if end < 0 {
		end = len(rest)
	}
	line, at := r.line, 0
	for end > from {
		i := strings.Index(rest[from:end], bad)
		if i < 0 {
			break
		}
		line, at = line+strings.Count(rest[at:from+i], "\n"), from+i
		r.c.found(line, rule, "%q", bad)
		blank(r.safe[start+at : start+at+len(bad)])
		from = at + len(bad)
	}
}

// tag looks at how a start tag is written, and says whether something was wrong: the decoder forgives what XML does not.
func (r *reader) tag(raw string) bool {
	r.references(raw)
	i := strings.IndexAny(raw, " \t\n/>")
	if i < 0 {
		return false
	}
	seen, wrong := map[string]bool{}, false
	rest := strings.TrimLeft(raw[i:], " \t\n/")
	for rest != "" && rest[0] != '>' {
		name, value, after, ok := attribute(rest)
		switch {
		case !ok, strings.Contains(value, "<"):
			r.c.found(r.line, "attribute-syntax", "%s", short(rest[:len(rest)-len(after)]))
			wrong = true
		case seen[name]:
			r.c.found(r.line, "duplicate-attribute", "%s", short(name))
			wrong = true
		}
		seen[name], rest = true, strings.TrimLeft(after, " \t\n/")
	}
	return wrong
}

// attribute cuts the first attribute off s; ok is false if it is not written as name="value". after is always shorter.
func attribute(s string) (name, value, after string, ok bool) {
	i := strings.IndexAny(s, "= \t\n/>")
	if i < 0 {
		return s, "", "", false
	}
	name, after = s[:i], strings.TrimLeft(s[i:], " \t\n")
	if !strings.HasPrefix(after, "=") {
		if name == "" {
			after = s[1:]
		}
		return name, "", after, false
	}
	after = strings.TrimLeft(after[1:], " \t\n")
	if after == "" || after[0] != '"' && after[0] != '\'' {
		if i = strings.IndexAny(after, " \t\n>"); i < 0 {
			i = len(after)
		}
		return name, after[:i], after[i:], false
	}
	end := strings.IndexByte(after[1:], after[0])
	if end < 0 {
		return name, after[1:], "", false
	}
	value, after = after[1:end+1], after[end+2:]
	return name, value, after, name != "" && (after == "" || strings.ContainsAny(after[:1], " \t\n/>"))
}

// references looks at what begins with an ampersand.
func (r *reader) references(raw string) {
	line := r.line
	for {
		i := strings.IndexByte(raw, '&')
		if i < 0 {
			return
		}
		line += strings.Count(raw[:i], "\n")
		raw = raw[i:]
		name, ok := reference(raw)
		if rule := r.referenceRule(name, ok); rule != "" {
			r.c.found(line, rule, "%s", short(raw[:min(len(raw), len(name)+2)]))
		}
		raw = raw[1:]
	}
}

func (r *reader) referenceRule(name string, ok bool) string {
	code, number := codeOf(name)
	switch {
	case !ok:
		return "bare-ampersand"
	case number && !legal(code):
		return "illegal-reference"
	case number && code >= 0x7F && code < 0xA0:
		return "control-character"
	case number, r.entities[name]:
		return ""
	}
	switch name {
	case "lt", "gt", "amp", "quot", "apos":
		return ""
	}
	return "undefined-entity"
}

// reference is the name in "&name;" at the beginning of s; ok is false if it is none, then name is as much as there is.
func reference(s string) (name string, ok bool) {
	s = s[1:min(len(s), 66)]
	i := 0
	for i < len(s) && (s[i] == '#' && i == 0 || s[i] >= '0' && s[i] <= '9' || s[i]|0x20 >= 'a' && s[i]|0x20 <= 'z' || s[i] == '.' || s[i] == '_') {
		i++
	}
	return s[:i], i > 0 && i < len(s) && s[i] == ';' && s[:i] != "#" && (s[0] < '0' || s[0] > '9')
}

// codeOf is the character of a numeric reference; what is no number is none, what is too large is illegal.
func codeOf(name string) (code rune, number bool) {
	digits, base := strings.TrimPrefix(name, "#"), 10
	if digits == name {
		return 0, false
	}
	if hex, ok := strings.CutPrefix(digits, "x"); ok {
		digits, base = hex, 16
	}
	n, err := strconv.ParseUint(digits, base, 31)
	if err != nil {
		return 0, true
	}
	return rune(n), true
}
