package feeds

import (
	"strings"
	"time"
	"unicode/utf8"
)

// clean removes what XML 1.0 (section 2.2) cannot hold — control characters, U+FFFE and U+FFFF, invalid UTF-8 — and
// the C1 controls, which validators complain of. One of them, pasted into one article, would make the whole feed
// unreadable: gorilla/feeds writes content:encoded as CDATA, where encoding/xml does not filter.
func clean(s string) string {
	for i, r := range s {
		if !legal(r) || r == utf8.RuneError {
			return s[:i] + strip(s[i:])
		}
	}
	return s
}

func strip(s string) string {
	var b strings.Builder
	b.Grow(len(s))
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		if legal(r) && (r != utf8.RuneError || n > 1) {
			b.WriteString(s[i : i+n])
		}
		i += n
	}
	return b.String()
}

func legal(r rune) bool {
	switch {
	case r == '\t', r == '\n', r == '\r':
		return true
	case r < 0x20, r >= 0x7f && r < 0xa0, r == 0xfffe, r == 0xffff:
		return false
	}
	return true
}

// line is clean text in one line: titles, names and addresses hold no line breaks. The spaces that do not break a line stay
// as the editors put them.
func line(s string) string {
	return strings.Join(strings.FieldsFunc(clean(s), breaking), " ")
}

func breaking(r rune) bool {
	switch r {
	case ' ', '\t', '\n', '\r', '\v', '\f', 0x85, 0x2028, 0x2029:
		return true
	}
	return false
}

// second is t in whole seconds of UTC, zero if no date of the three formats can hold it.
func second(t time.Time) time.Time {
	t = t.UTC().Truncate(time.Second)
	if t.Year() < 1 || t.Year() > 9999 || t.Unix() == 0 {
		return time.Time{}
	}
	return t
}

// escapeHTML makes plain text fit where HTML is expected. Apostrophes stay as they are: some readers show "&#39;".
func escapeHTML(s string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;").Replace(s)
}

// pictureType is the media type that a picture's address promises, "" if it promises none. Not mime.TypeByExtension,
// whose answers depend on the machine and would give each node its own ETag.
func pictureType(address string) string {
	address, _, _ = strings.Cut(address, "?")
	address, _, _ = strings.Cut(address, "#")
	dot := strings.LastIndexByte(address, '.')
	switch strings.ToLower(address[dot+1:]) {
	case "jpg", "jpeg":
		return "image/jpeg"
	case "png":
		return "image/png"
	case "gif":
		return "image/gif"
	case "webp":
		return "image/webp"
	case "avif":
		return "image/avif"
	case "svg":
		return "image/svg+xml"
	}
	return ""
}
