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
	case c.options.RespectGPC && (hit.Header.Get("Sec-GPC") == "1" || hit.Header.Get("DNT") == "1"):
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

// isRobot judges by the User-Agent. Cubot is a maker of telephones.
func isRobot(h http.Header) bool {
	agent := strings.ToLower(h.Get("User-Agent"))
	if !strings.Contains(agent, "mozilla/5.0 (") || strings.Contains(strings.ToLower(h.Get("Sec-CH-UA")), "headless") {
		return true
	}
	agent = strings.ReplaceAll(agent, "cubot", "")
	for _, part := range robots {
		if strings.Contains(agent, part) {
			return true
		}
	}
	return false
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
