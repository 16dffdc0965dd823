package files

import (
	"bytes"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	enc "golang.org/x/text/encoding/unicode"

	"vestnik/articles/clean"
	"vestnik/articles/manuscript"
)

// decode makes text of a file's bytes: valid UTF-8 without control characters, lines ended by "\n". UTF-8, UTF-16 with
// its byte order mark and Russian windows-1251 are read. The note says what an editor should know of that, else "".
func decode(raw []byte) (text, note string, err error) {
	text, note, err = toUTF8(raw)
	if err != nil {
		return "", "", err
	}
	if n := countControls(text); n*50 > len(text) {
		return "", "", binary(1)
	}
	text = clean.Text(lineEnds.Replace(strings.TrimLeft(text, "\uFEFF")))
	if strings.TrimSpace(text) == "" {
		return "", "", manuscript.Faultf(1, "is empty; write a headline and a text, or delete the file")
	}
	return text, note, nil
}

func binary(line int) error {
	return manuscript.Faultf(line, "is not a text but binary data; export it as plain text or Markdown in UTF-8")
}

var lineEnds = strings.NewReplacer("\r\n", "\n", "\r", "\n", "\u2028", "\n", "\u2029", "\n")

func toUTF8(raw []byte) (text, note string, err error) {
	if bytes.HasPrefix(raw, []byte{0xFF, 0xFE}) || bytes.HasPrefix(raw, []byte{0xFE, 0xFF}) {
		text, err := decodeWith(enc.UTF16(enc.LittleEndian, enc.ExpectBOM), raw)
		return text, "was read as UTF-16; saving it as UTF-8 is safer", err
	}
	if i := bytes.IndexByte(raw, 0); i >= 0 {
		return "", "", binary(lineOf(raw, i))
	}
	if utf8.Valid(raw) {
		return string(raw), "", nil
	}
	whole, broken, first := countUTF8(raw)
	text, err = decodeWith(charmap.Windows1251, raw)
	switch {
	case err == nil && whole <= broken/10 && looksRussian(text):
		return text, "was read as windows-1251; saving it as UTF-8 is safer", nil
	case broken*10 <= whole || broken*200 <= len(raw): // a few broken bytes in a sound text
		note := fmt.Sprintf("%d bytes that are not UTF-8 were left out, the first in line %d; check the text there",
			broken, lineOf(raw, first))
		return strings.ToValidUTF8(string(raw), ""), note, nil
	}
	return "", "", manuscript.Faultf(lineOf(raw, first), "is neither UTF-8 nor Russian text in windows-1251; save it as UTF-8")
}

func decodeWith(e encoding.Encoding, raw []byte) (string, error) {
	out, err := e.NewDecoder().Bytes(raw)
	if err != nil {
		return "", manuscript.Faultf(1, "cannot be decoded (%s); save it as UTF-8", err)
	}
	return string(out), nil
}

// lineOf is the number of the line that holds byte i.
func lineOf(raw []byte, i int) int { return 1 + bytes.Count(raw[:i], []byte("\n")) }

// countUTF8 counts characters of several bytes, and bytes that belong to no character.
func countUTF8(raw []byte) (whole, broken, first int) {
	first = -1
	for i := 0; i < len(raw); {
		r, size := utf8.DecodeRune(raw[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			if broken++; first < 0 {
				first = i
			}
		case size > 1:
			whole++
		}
		i += size
	}
	return whole, broken, max(first, 0)
}

// looksRussian tells Russian in windows-1251 from other encodings read as if they were: nearly all its letters beyond
// ASCII are Cyrillic ones that stand together, most of them small (in KOI8-R the capitals lie where the small
// letters are here).
func looksRussian(text string) bool {
	var cyrillic, small, together, other int
	before := false
	for _, r := range text {
		is := unicode.Is(unicode.Cyrillic, r)
		if is {
			cyrillic++
			if unicode.IsLower(r) {
				small++
			}
			if before {
				together++
			}
		} else if r > unicode.MaxASCII && unicode.IsLetter(r) || r == utf8.RuneError {
			other++
		}
		before = is
	}
	return cyrillic > 0 && small*2 > cyrillic && together*3 > cyrillic*2 && other*20 < cyrillic
}

func countControls(text string) (n int) {
	for _, r := range text {
		if unicode.IsControl(r) && r != '\n' && r != '\r' && r != '\t' && r != '\f' {
			n++
		}
	}
	return n
}
