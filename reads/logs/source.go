package logs

import (
	"bytes"
	"net/url"
	"strings"
)

// sourceOf is where a reader came from, as the page script says it: by utm_medium or ref in the address, and for what a log
// knows beyond that, by the host of the referrer: a mailbox, or a reader of feeds.
func sourceOf(query, referrer []byte) string {
	medium := parameter(query, "utm_medium")
	if medium == "" {
		medium = parameter(query, "ref")
	}
	if medium == "" {
		return sourceOfHost(referrer)
	}
	switch medium = strings.ToLower(medium); {
	case strings.Contains(medium, "mail"), strings.Contains(medium, "newsletter"), strings.Contains(medium, "digest"):
		return "email"
	case strings.Contains(medium, "feed"), strings.Contains(medium, "rss"), strings.Contains(medium, "atom"):
		return "feed"
	case medium == "web":
		return "web"
	}
	return "other"
}

// parameter is the first value of a parameter of the query, "" for none.
func parameter(query []byte, name string) string {
	for len(query) > 0 {
		var pair []byte
		pair, query, _ = bytes.Cut(query, []byte("&"))
		if key, value, _ := bytes.Cut(pair, []byte("=")); string(key) == name && len(value) > 0 {
			if plain, err := url.QueryUnescape(string(value)); err == nil {
				return plain
			}
			return string(value)
		}
	}
	return ""
}

// mailboxes are hosts on which people read mail, beside those called mail.something. The portal mail.ru is none: its search and its
// news send readers, and what comes from mail does not count for digests.
var mailboxes = []string{"e.mail.ru", "light.mail.ru", "touch.mail.ru", "outlook.live.com", "outlook.office.com", "outlook.office365.com", "mail.yahoo.com"}

// feedReaders are hosts on which people read feeds.
var feedReaders = []string{"feedly.com", "inoreader.com", "newsblur.com", "theoldreader.com", "bazqux.com", "feedbin.com", "netvibes.com", "feeder.co"}

func sourceOfHost(referrer []byte) string {
	_, rest, ok := bytes.Cut(referrer, []byte("://"))
	if !ok {
		return "web"
	}
	if end := bytes.IndexAny(rest, "/?#:"); end >= 0 {
		rest = rest[:end]
	}
	host := strings.ToLower(string(rest))
	switch {
	case isOneOf(host, mailboxes), strings.HasPrefix(host, "mail.") && host != "mail.ru", strings.HasPrefix(host, "webmail."):
		return "email"
	case isOneOf(host, feedReaders):
		return "feed"
	}
	return "web"
}

// isOneOf reports whether host is in the list or below one that is.
func isOneOf(host string, list []string) bool {
	for _, one := range list {
		if host == one || strings.HasSuffix(host, "."+one) {
			return true
		}
	}
	return false
}
