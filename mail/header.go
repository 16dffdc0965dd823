package mail

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"
)

// maxLine is the most octets that a line may have without its CRLF (RFC 5322, 2.1.1).
const maxLine = 998

// headerValue returns s if it may stand in a header field, and refuses CR, LF, NUL, every other control character and
// invalid UTF-8. Every value that comes from outside passes here: a CR LF in one of them would be a field, or a
// recipient, of somebody else's making.
func headerValue(s string) (string, error) {
	if !utf8.ValidString(s) {
		return "", errors.New("the text is not valid UTF-8")
	}
	for at, r := range s {
		if unicode.IsControl(r) {
			return "", fmt.Errorf("a control character (%U) at byte %d may not stand in a header", r, at)
		}
	}
	return s, nil
}

// Address returns s as it goes into envelopes and headers: local part as given, domain in lower-case A-labels. It
// refuses what SMTP without extensions cannot carry and what could smuggle a second command or field (CVE-2025-59937):
// quoted or non-ASCII local parts, spaces, angle brackets, more than 254 bytes.
func Address(s string) (string, error) {
	at := strings.LastIndexByte(s, '@')
	if at < 1 {
		return "", fmt.Errorf("%q is not an address: it needs a name, an @ and a domain", clip(s, 80))
	}
	local := s[:at]
	if len(local) > 64 || strings.HasPrefix(local, ".") || strings.HasSuffix(local, ".") || strings.Contains(local, "..") {
		return "", fmt.Errorf("%q is not an address: the part before the @ is wrong", clip(s, 80))
	}
	for _, r := range local {
		if r > '~' {
			return "", fmt.Errorf("the address %q needs SMTPUTF8, which is not supported", clip(s, 80))
		}
		if !isAtom(r) {
			return "", fmt.Errorf("%q is not an address: %q may not stand before the @", clip(s, 80), r)
		}
	}
	host, err := domain(s[at+1:])
	if err != nil {
		return "", err
	}
	if len(local)+1+len(host) > 254 {
		return "", fmt.Errorf("the address %q is longer than 254 bytes", clip(s, 80))
	}
	return local + "@" + host, nil
}

// isAtom reports whether r may stand in a dot-atom (RFC 5322, 3.2.3).
func isAtom(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune(".!#$%&'*+-/=?^_`{|}~", r)
}

// domain is s in lower-case A-labels.
func domain(s string) (string, error) {
	host := s
	if strings.ContainsFunc(s, func(r rune) bool { return !isHostRune(r) }) || strings.Contains(s, "xn--") {
		var err error
		if host, err = idna.Lookup.ToASCII(s); err != nil || !utf8.ValidString(s) {
			return "", fmt.Errorf("%q is not a domain", clip(s, 80))
		}
	}
	if len(host) > 253 {
		return "", fmt.Errorf("%q is not a domain", clip(s, 80))
	}
	for label := range strings.SplitSeq(host, ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' ||
			strings.ContainsFunc(label, func(r rune) bool { return !isHostRune(r) }) {
			return "", fmt.Errorf("%q is not a domain", clip(s, 80))
		}
	}
	return host, nil
}

func isHostRune(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '-' || r == '.'
}

// headerURL reports why s may not stand between < and > in a header: go-mail writes such values unchecked.
func headerURL(s string) error {
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return fmt.Errorf("%q is not an absolute http or https address", clip(s, 80))
	}
	if strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r >= 0x7f || r == '<' || r == '>' }) || len(s) > 500 {
		return fmt.Errorf("%q has characters that may not stand in a header, or is too long", clip(s, 80))
	}
	return nil
}

// encodeText is s for an unstructured field: as it is where it is plain ASCII, else in encoded words (RFC 2047). They
// are shorter than the 75 that are allowed, so that go-mail puts the first behind the field's name: a field that begins
// with an empty line is read with a space before its text by some.
func encodeText(s string) string {
	if isPlain(s) {
		return s
	}
	var words []string
	for s != "" {
		chunk := clip(s, 36)
		words = append(words, "=?UTF-8?B?"+base64.StdEncoding.EncodeToString([]byte(chunk))+"?=")
		s = s[len(chunk):]
	}
	return strings.Join(words, " ")
}

// isPlain reports whether s may stand unencoded: a foreign text that looks like an encoded word would be decoded into
// something it does not say, and a word longer than a line cannot be folded.
func isPlain(s string) bool {
	for word := range strings.SplitSeq(s, " ") {
		if len(word) > 60 || strings.ContainsFunc(word, func(r rune) bool { return r < ' ' || r > '~' }) {
			return false
		}
	}
	return !strings.Contains(s, "=?")
}

// phrase is s for the name before an address or a List-Id.
func phrase(s string) string {
	if !isPlain(s) {
		return encodeText(s)
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}

// clip is s without what goes beyond n bytes, cut between characters.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}
