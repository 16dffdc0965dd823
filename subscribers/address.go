package subscribers

import (
	"errors"
	"fmt"
	netmail "net/mail"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"
	"golang.org/x/text/unicode/norm"
)

// Length limits in bytes: RFC 5321 section 4.5.3.1.1 for the local part; 254 is what its path limit of 256 leaves of the
// whole address (RFC 3696, erratum 1690).
const (
	maxLocal   = 64
	maxAddress = 254
	maxLabel   = 63
)

// ParseAddress reads one bare address (RFC 5322 dot-atom @ domain). It returns the address as it is kept and mailed, with
// the local part as typed and the domain in lower-case A-labels (IDNA 2008), and the key under which it is one
// subscriber: the whole in lower case. Space around it is ignored. What it accepts holds no space, control character, angle
// bracket, comma, quote or direction mark, so it can stand in an SMTP command and a header. Errors wrap [ErrAddress] and
// say in one sentence what is wrong.
func ParseAddress(s string) (email, key string, err error) {
	address, err := parseAddress(norm.NFC.String(strings.TrimSpace(s)))
	if err != nil {
		return "", "", fmt.Errorf("%q: %w: %v", cut(strings.TrimSpace(s)), ErrAddress, err)
	}
	return address, strings.ToLower(address), nil
}

func parseAddress(s string) (string, error) {
	if err := checkCharacters(s); err != nil {
		return "", err
	}
	at := strings.LastIndexByte(s, '@')
	if at < 0 {
		return "", errors.New("it has no @, as in ann@example.org")
	}
	local, domain := s[:at], s[at+1:]
	if err := checkLocal(local); err != nil {
		return "", err
	}
	domain, err := asciiDomain(domain)
	if err != nil {
		return "", err
	}
	address := local + "@" + domain
	if len(address) > maxAddress {
		return "", fmt.Errorf("it is longer than %d bytes", maxAddress)
	}
	// The grammar has the last word, and must find the same address and nothing beside it.
	if parsed, err := netmail.ParseAddress(address); err != nil || parsed.Address != address || parsed.Name != "" {
		return "", errors.New("its form is wrong; write it as ann@example.org")
	}
	return address, nil
}

// domainOf is the domain of an address or key.
func domainOf(address string) string { return address[strings.LastIndexByte(address, '@')+1:] }

func checkCharacters(s string) error {
	switch {
	case s == "":
		return errors.New("it is empty")
	case len(s) > 4*maxAddress:
		return fmt.Errorf("it is longer than %d bytes", maxAddress)
	case !utf8.ValidString(s):
		return errors.New("it is not valid UTF-8")
	case strings.ContainsAny(s, "<>()"):
		return errors.New("write only the address, without a name or brackets")
	case strings.ContainsAny(s, ",;"):
		return errors.New("write one address, without commas")
	case strings.ContainsAny(s, `"\`):
		return errors.New("a quoted part before the @ is not accepted")
	}
	for _, r := range s {
		switch {
		case unicode.IsSpace(r):
			return errors.New("it holds a space")
		case !unicode.IsGraphic(r):
			return fmt.Errorf("it holds the invisible character %U", r)
		}
	}
	return nil
}

// checkLocal allows the characters of a dot-atom. A letter beyond ASCII would need SMTPUTF8 on every relay of the way, which
// package mail does not ask for: better refused here than bounced later.
func checkLocal(local string) error {
	switch {
	case local == "":
		return errors.New("nothing stands before the @")
	case len(local) > maxLocal:
		return fmt.Errorf("the part before the @ is longer than %d bytes", maxLocal)
	case local[0] == '.' || local[len(local)-1] == '.' || strings.Contains(local, ".."):
		return errors.New("the part before the @ begins or ends with a dot or has two in a row")
	}
	for _, r := range local {
		if !isLocal(r) {
			return fmt.Errorf("%q cannot stand before the @, where only Latin letters, digits and some signs can be mailed to", r)
		}
	}
	return nil
}

func isLocal(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("!#$%&'*+-/=?^_`{|}~.", r)
}

// asciiDomain returns the domain as lower-case A-labels.
func asciiDomain(domain string) (string, error) {
	switch {
	case domain == "":
		return "", errors.New("nothing stands after the @")
	case domain[0] == '[':
		return "", errors.New("an address of numbers after the @ is not accepted; write a domain name")
	}
	ascii, err := idna.Lookup.ToASCII(domain)
	if err != nil {
		return "", fmt.Errorf("%q is not a domain name", cut(domain))
	}
	labels := strings.Split(ascii, ".")
	for _, label := range labels {
		if label == "" || len(label) > maxLabel {
			return "", fmt.Errorf("%q has an empty or over-long part between its dots", cut(domain))
		}
		if err := checkScripts(label); err != nil {
			return "", err
		}
	}
	top := labels[len(labels)-1]
	if len(labels) < 2 || top[0] >= '0' && top[0] <= '9' {
		return "", fmt.Errorf("%q is not a whole domain name, as example.org is", cut(domain))
	}
	return ascii, nil
}

// checkScripts refuses a label that mixes scripts, as "pаypal" with a Cyrillic а does. Han may stand beside kana, Hangul
// and Bopomofo, and Latin beside these (UTS 39, "highly restrictive").
func checkScripts(label string) error {
	if !strings.HasPrefix(label, "xn--") {
		return nil
	}
	shown, err := idna.Lookup.ToUnicode(label)
	if err != nil {
		return fmt.Errorf("%q is not a domain name", cut(label))
	}
	family := ""
	for _, r := range shown {
		f := scriptFamily(r)
		switch {
		case f == "" || f == family:
		case family == "":
			family = f
		case family == "Latin" && f == "Asian", family == "Asian" && f == "Latin":
			family = "Asian"
		default:
			return fmt.Errorf("%q mixes %s and %s letters", cut(shown), family, f)
		}
	}
	return nil
}

// scriptFamily is the script of r, "Asian" for those that are written together, "" for digits, hyphens and marks.
func scriptFamily(r rune) string {
	if r < utf8.RuneSelf && !unicode.IsLetter(r) {
		return ""
	}
	for _, common := range []string{"Common", "Inherited"} {
		if unicode.Is(unicode.Scripts[common], r) {
			return ""
		}
	}
	for name, table := range unicode.Scripts {
		if unicode.Is(table, r) {
			switch name {
			case "Han", "Hiragana", "Katakana", "Hangul", "Bopomofo":
				return "Asian"
			}
			return name
		}
	}
	return "unknown"
}
