package sources

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"mime"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/mmcdole/gofeed"
	"golang.org/x/net/html/charset"

	"vestnik/articles"

	"vestnik/language"
)

// maxDepth bounds the recursion of the parser: encoding/xml itself nests without limit, and a stack that overflows
// cannot be recovered from. Unclosed tags count, so it is well above what a real feed needs.
const maxDepth = 1000

var (
	errTooDeep = fmt.Errorf("it is nested more than %d elements deep", maxDepth)

	// declaration is the XML declaration; the body is UTF-8 by the time it would be read.
	declaration = regexp.MustCompile(`^\s*<\?xml\s[^>]*\?>`)
	declared    = regexp.MustCompile(`^\s*<\?xml\s[^>]*encoding\s*=\s*["']([A-Za-z0-9._:-]{1,40})["']`)

	// badReference is a numeric reference to a character that XML forbids; one would make the feed unreadable.
	badReference = regexp.MustCompile(`&#(?:x0*(?:[0-8bcefBCEF]|1[0-9a-fA-F]|[fF]{3}[eEfF])|0*(?:[0-8]|1[1245-9]|2[0-9]|3[01]));`)
)

// parse reads a feed in any of the formats and character sets that gofeed and we know. It never panics.
func parse(body []byte, contentType string) (feed *gofeed.Feed, err error) {
	text := decode(body, contentType)
	if strings.TrimSpace(text) == "" {
		return nil, errors.New("the answer is empty")
	}
	if err := checkDepth(text); err != nil {
		return nil, fmt.Errorf("read the feed: %w", err)
	}
	defer func() {
		if r := recover(); r != nil { // a stranger's bytes must not stop the daemon
			feed, err = nil, fmt.Errorf("read the feed: the parser gave up: %v", r)
		}
	}()
	parser := gofeed.NewParser()
	parser.RSSTranslator = &translator{gofeed.DefaultRSSTranslator{DisableContentImageScan: true}}
	feed, err = parser.Parse(strings.NewReader(text))
	if errors.Is(err, gofeed.ErrFeedTypeNotDetected) {
		return nil, fmt.Errorf("the answer is no RSS, Atom or JSON feed but begins with %q", beginning(text))
	}
	if err != nil {
		return nil, fmt.Errorf("read the feed: %w", err)
	}
	return feed, nil
}

func beginning(text string) string {
	text = strings.TrimSpace(text)
	if r := []rune(text[:min(len(text), 200)]); len(r) > 40 {
		return string(r[:40])
	}
	return text[:min(len(text), 200)]
}

// decode makes UTF-8 of body, without an XML declaration and without the characters that XML forbids. The byte order
// mark decides, then the charset of the HTTP header (RFC 7303), then the XML declaration, then a guess; but bytes that
// are mostly good UTF-8 are UTF-8 whatever is claimed, for no Cyrillic text in an old encoding is that by chance.
func decode(body []byte, contentType string) string {
	label := claimedCharset(body, contentType)
	text := string(body)
	if enc, name := charset.Lookup(label); enc != nil && name != "utf-8" {
		if out, err := enc.NewDecoder().Bytes(body); err == nil {
			text = string(out)
		}
	}
	text = articles.CleanText(strings.TrimPrefix(text, "\uFEFF"))
	text = declaration.ReplaceAllString(text, "")
	return badReference.ReplaceAllString(text, "")
}

func claimedCharset(body []byte, contentType string) string {
	switch {
	case bytes.HasPrefix(body, []byte("\xEF\xBB\xBF")):
		return "utf-8"
	case bytes.HasPrefix(body, []byte("\xFF\xFE")):
		return "utf-16le"
	case bytes.HasPrefix(body, []byte("\xFE\xFF")):
		return "utf-16be"
	case bytes.HasPrefix(body, []byte("<\x00")):
		return "utf-16le"
	case bytes.HasPrefix(body, []byte("\x00<")):
		return "utf-16be"
	case mostlyUTF8(body):
		return "utf-8"
	}
	labels := []string{""}
	if _, params, err := mime.ParseMediaType(contentType); err == nil {
		labels[0] = params["charset"]
	}
	if m := declared.FindSubmatch(body); m != nil {
		labels = append(labels, string(m[1]))
	}
	for _, label := range labels {
		if _, name := charset.Lookup(label); name != "" && name != "utf-8" { // UTF-8 it is not, as seen above
			return name
		}
	}
	return language.RussianCharset(body)
}

// mostlyUTF8 forgives a broken character here and there, usually one that was cut in half.
func mostlyUTF8(body []byte) bool {
	good, bad := 0, 0
	for len(body) > 0 {
		r, size := utf8.DecodeRune(body)
		switch {
		case r == utf8.RuneError && size == 1:
			bad++
		case size > 1:
			good++
		}
		body = body[size:]
	}
	return bad == 0 || good > bad
}

// checkDepth reads the tags only. A document that is broken is read as far as it goes, as the parser will.
func checkDepth(text string) error {
	decoder := xml.NewDecoder(strings.NewReader(text))
	decoder.Strict = false
	depth := 0
	for {
		token, err := decoder.RawToken()
		if err != nil {
			return nil
		}
		switch token.(type) {
		case xml.StartElement:
			if depth++; depth > maxDepth {
				return errTooDeep
			}
		case xml.EndElement:
			depth = max(depth-1, 0) // an end without a beginning opens no room
		}
	}
}
