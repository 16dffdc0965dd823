package reads

import (
	"bytes"
	"net/http"
	"strings"
	"time"

	"vestnik/reads/addresses"
)

// filter returns why a hit is no read, "" if it may be one. Whether there were too many is left to keep.
func (c *Counter) filter(hit Hit, now time.Time) (reason string) {
	if reason = c.bounds(hit, now); reason != "" {
		return reason
	}
	if reason = c.fromElsewhere(hit); reason != "" {
		return reason
	}
	switch {
	case isPrefetch(hit.Header):
		return ReasonPrefetch
	case c.options.RespectGPC && refuses(hit.Header):
		return ReasonGPC // otherwise the header would be a way round being counted once
	case hit.Source == webdriver:
		return ReasonWebdriver
	case isRobot(hit.Header):
		return ReasonRobot
	case (hit.Elsewhere || c.options.Mode == Script) && !c.validToken(hit, now):
		return ReasonToken
	}
	return ""
}

// bounds looks at how much comes, before anything else of a hit is looked at.
func (c *Counter) bounds(hit Hit, now time.Time) (reason string) {
	most := int64(maxSize)
	if hit.Elsewhere {
		most = maxPageSize
	}
	switch {
	case hit.Size > most:
		return ReasonSize
	case !hit.Address.IsValid():
		return ReasonAddress
	case c.tooFast(hit.Address, now):
		return ReasonRate
	}
	return ""
}

// fromElsewhere looks at where a request was made. Opening a page comes from anywhere, a beacon only from our own pages, or
// from the sites that may.
func (c *Counter) fromElsewhere(hit Hit) (reason string) {
	if hit.Elsewhere {
		return c.fromSite(hit)
	}
	if c.options.Mode == Server {
		if hit.Header.Get("Sec-Fetch-Dest") != "document" || hit.Header.Get("Sec-Fetch-Mode") != "navigate" {
			return ReasonNavigation
		}
		return ""
	}
	site := hit.Header.Get("Sec-Fetch-Site")
	ours := site == "same-origin" || site == "same-site"
	if site != "" && !ours {
		return ReasonSite
	}
	switch origin := hit.Header.Get("Origin"); {
	case origin == "", origin == "null" && ours: // a page with the policy no-referrer sends "null" to its own site
		return ""
	case !c.isOurs(origin, hit.Host):
		return ReasonOrigin
	}
	return ""
}

func (c *Counter) isOurs(origin, host string) bool {
	from, err := addresses.Host(origin)
	if err != nil {
		return false
	}
	if c.host == "" {
		return string(from) == string(addresses.AppendHost(nil, []byte(host)))
	}
	return string(from) == c.host
}

// webdriver is what the page script calls the source in an automated browser.
const webdriver = "webdriver"

func isPrefetch(h http.Header) bool {
	for _, name := range []string{"Sec-Purpose", "Purpose", "X-Purpose", "X-Moz"} {
		value := strings.ToLower(h.Get(name))
		if strings.Contains(value, "prefetch") || strings.Contains(value, "prerender") || strings.Contains(value, "preview") {
			return true
		}
	}
	return false
}

// robots are parts of the User-Agents of programs that no one reads with, though they too say "Mozilla/5.0 (" as every
// browser does. Messengers are not among them: what they fetch for a preview says "bot" or no Mozilla, and their built-in
// browsers have readers.
var robots = []string{"bot", "crawl", "spider", "slurp", "fetch", "preview", "headless", "phantom", "selenium", "playwright", "puppeteer",
	"webdriver", "cypress", "lighthouse", "pagespeed", "ptst", "gtmetrix", "monitor", "uptime", "pingdom", "statuscake", "site24x7",
	"linkcheck", "scanner", "python", "curl", "wget", "java/", "go-http", "okhttp", "libwww", "php/", "guzzle", "axios", "undici",
	"httpclient", "aiohttp", "scrapy", "mechanize", "postman", "facebookexternal", "meta-external", "skypeuri", "vkshare", "embedly",
	"archive", "httrack", "nutch", "heritrix", "google-", "googleother", "mediapartners", "feedburner", "validator", "jsdom",
	"cloudflare", "dataprovider", "zgrab", "masscan", "censys", "expanse", "barracuda", "proofpoint", "mimecast", "safelinks", "chatgpt",
	"claude", "perplexity", "bytespider", "yandex.com/bots", "qwant", "inspectiontool", "snippet", "thumb", "capture", "render"}

// refuses reports whether a browser asks for its visitor not to be counted.
func refuses(h http.Header) bool { return first(h, "Sec-Gpc") == "1" || first(h, "Dnt") == "1" }

// isRobot judges by the User-Agent. Cubot is a maker of telephones. It is asked for every page that bears a banner, so it allocates
// nothing.
func isRobot(h http.Header) bool {
	var room, room2 [512]byte
	agent := lower(room[:0], first(h, "User-Agent"))
	if !bytes.Contains(agent, mozilla) || bytes.Contains(lower(room2[:0], first(h, "Sec-Ch-Ua")), headless) {
		return true
	}
	for at := bytes.Index(agent, cubot); at >= 0; at = bytes.Index(agent, cubot) {
		agent[at+len(cubot)-1] = ' '
	}
	for _, part := range robotParts {
		if bytes.Contains(agent, part) {
			return true
		}
	}
	return false
}

var (
	mozilla    = []byte("mozilla/5.0 (")
	headless   = []byte("headless")
	cubot      = []byte("cubot")
	robotParts = bytes.Fields([]byte(strings.Join(robots, " ")))
)

// lower appends s with its letters of ASCII, which is what we look for, in lower case.
func lower(b []byte, s string) []byte {
	for i := range len(s) {
		c := s[i]
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		b = append(b, c)
	}
	return b
}

// first is a header's value by its canonical name; [http.Header.Get] makes that name anew for those that are not common.
func first(h http.Header, canonical string) string {
	if values := h[canonical]; len(values) > 0 {
		return values[0]
	}
	return ""
}

// ParseBody reads the body of a beacon, "token|source". A body that is too long or has no bar is not ok; it is to be
// counted all the same, so that it is filtered with its reason.
func ParseBody(body []byte) (token, source string, ok bool) {
	if len(body) > maxSize {
		return "", "", false
	}
	before, after, ok := bytes.Cut(bytes.TrimSpace(body), []byte("|"))
	if !ok {
		return "", "", false
	}
	return string(before), string(after), true
}
