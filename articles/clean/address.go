package clean

import (
	"net"
	"net/url"
	"regexp"
	"strings"

	"golang.org/x/net/idna"
)

// Address is the absolute http or https address that raw means on the page with the address base (nil: raw must be
// absolute itself), its host in ASCII and without a user's name; "" if it is none, or longer than 2,000 bytes.
func Address(base *url.URL, raw string) string {
	u := resolve(base, raw)
	if u == nil || u.Scheme == "mailto" {
		return ""
	}
	return u.String()
}

// link is an absolute http, https or mailto address, or "".
func (c cleaner) link(raw string) string {
	fragment, isFragment := strings.CutPrefix(strings.TrimSpace(raw), "#")
	if isFragment && c.own {
		if raw = "#" + c.identifier(fragment); raw == "#" {
			return ""
		}
	}
	u := resolve(c.base, raw)
	if u == nil {
		return ""
	}
	return u.String()
}

// address is link without mailto, for what is fetched and not followed.
func (c cleaner) address(raw string) string { return Address(c.base, raw) }

func (c cleaner) identifier(id string) string {
	id, err := url.PathUnescape(strings.TrimSpace(id))
	if err != nil || !c.own {
		return ""
	}
	if id = "a-" + strings.TrimPrefix(id, "a-"); !identifier.MatchString(id) {
		return ""
	}
	return id
}

// maxAddress is the length of the longest address that is kept; browsers and mail programs agree on about this much.
const maxAddress = 2000

var lineBreaks = strings.NewReplacer("\t", "", "\n", "", "\r", "")

// resolve returns the absolute address that raw means where base is the address of the page, nil unless it is http,
// https or mailto. Browsers drop tabs and line breaks inside an address, so "java\nscript:" is seen here as they see it.
func resolve(base *url.URL, raw string) *url.URL {
	raw = strings.TrimSpace(lineBreaks.Replace(raw))
	if raw == "" {
		return nil
	}
	u, err := url.Parse(raw)
	if err != nil {
		return nil
	}
	if !u.IsAbs() && base != nil {
		u = base.ResolveReference(u)
	}
	switch u.Scheme {
	case "mailto":
		if u.Opaque == "" || len(raw) > maxAddress {
			return nil
		}
		return u
	case "http", "https":
		u.User = nil // "https://bank.example@evil.example/" only misleads
		if u.Opaque != "" || !asciiHost(u) || len(u.String()) > maxAddress {
			return nil
		}
		return u
	}
	return nil
}

var plainHost = regexp.MustCompile(`^[a-z0-9_-]+(?:\.[a-z0-9_-]+)*\.?$`)

// asciiHost writes the host in lower-case A-labels, as feed readers and mail programs need it.
func asciiHost(u *url.URL) bool {
	host := strings.ToLower(u.Hostname())
	switch {
	case plainHost.MatchString(host):
	case strings.Contains(host, ":"):
		if net.ParseIP(host) == nil {
			return false
		}
		host = "[" + host + "]"
	default:
		var err error
		if host, err = idna.Lookup.ToASCII(host); err != nil || host == "" {
			return false
		}
	}
	if port := u.Port(); port != "" {
		host += ":" + port
	}
	u.Host = host
	return true
}
