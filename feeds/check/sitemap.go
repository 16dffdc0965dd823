package check

import (
	"regexp"
	"slices"
	"strconv"
	"time"
)

const (
	maxSitemap = 50_000         // addresses in a sitemap, sitemaps in an index
	maxNews    = 1000           // addresses in a news sitemap
	newsAge    = 49 * time.Hour // two days, and an hour in which the sitemap is kept
)

var (
	sitemapURL = map[string]part{
		"loc":        {need: "sitemap-loc", blank: "sitemap-loc", check: (*checker).loc},
		"lastmod":    {check: (*checker).nodeDateW3C},
		"changefreq": {check: (*checker).changefreq},
		"priority":   {check: (*checker).priority},
	}
	sitemapEntry = map[string]part{
		"loc":     {need: "sitemap-loc", blank: "sitemap-loc", check: (*checker).loc},
		"lastmod": {check: (*checker).nodeDateW3C},
	}
	newsNews = map[string]part{
		"publication":      {need: "news-publication", deep: true, blank: "news-publication", check: (*checker).publication},
		"publication_date": {need: "news-date", blank: "news-date", check: (*checker).newsDate},
		"title":            {need: "news-title", blank: "news-title", check: (*checker).nodeTitle},
		"access":           {},
		"genres":           {},
		"keywords":         {},
		"stock_tickers":    {},
	}
	newsPublication = map[string]part{
		"name":     {need: "news-publication", blank: "news-publication"},
		"language": {need: "news-publication", blank: "news-publication", check: (*checker).newsLanguage},
	}
)

// sitemap judges a sitemap, an index of sitemaps or a Google News sitemap (sitemaps.org; Google's own pages).
func (c *checker) sitemap(root *node) {
	if root.space != nsSitemap {
		c.found(root.line, "sitemap-namespace", "%q", short(root.space))
	}
	child, table, most, rule := "url", sitemapURL, maxSitemap, "sitemap-many"
	switch {
	case root.local == "sitemapindex":
		c.kind("sitemap", "index")
		child, table = "sitemap", sitemapEntry
	case c.o.Flavour == "news-sitemap" || c.declared[nsNews]:
		c.kind("news-sitemap", "0.9")
		most, rule = maxNews, "news-many"
	default:
		c.kind("sitemap", "0.9")
	}
	c.parts(root, map[string]part{child: {many: true, deep: true, blank: "sitemap-loc"}})
	all := root.all(c.ns, child)
	if len(all) > most {
		c.found(all[most].line, rule, "there are %d", len(all))
	}
	if len(all) == 0 && c.report.Kind == "sitemap" && !root.open {
		c.found(root.line, "sitemap-empty", "")
	}
	c.listing(all, child, table)
}

// listing judges the addresses of a sitemap one by one.
func (c *checker) listing(all []*node, child string, table map[string]part) {
	home := host(c.o.URL)
	for _, n := range all {
		c.item(child)
		home = c.listed(n, table, home)
	}
	c.place = ""
}

// listed judges one address of a sitemap; home is the host that all are on, "" before the first.
func (c *checker) listed(n *node, table map[string]part, home string) string {
	if n.value() == "" && len(n.kids) == 0 {
		return home // told as an empty element
	}
	c.parts(n, table)
	if loc := n.kid(c.ns, "loc"); loc != nil {
		got := host(loc.value())
		if home == "" {
			home = got
		} else if got != "" && got != home {
			c.found(loc.line, "sitemap-host", "%s, not %s", short(got), short(home))
		}
		c.foundTwice(loc)
	}
	if c.report.Kind == "news-sitemap" && !n.open {
		c.news(n)
	}
	return home
}

// foundTwice tells of an address that stands in the sitemap already.
func (c *checker) foundTwice(loc *node) {
	if first, twice := c.ids[loc.value()]; twice {
		c.found(loc.line, "sitemap-repeated", "%q, as on line %d", short(loc.value()), first)
		return
	}
	c.ids[loc.value()] = loc.line
}

func (c *checker) loc(n *node) {
	c.address(n.line, "loc", n.value(), uri, false)
	if size := len(n.value()); size > 2048 {
		c.found(n.line, "sitemap-loc-long", "%d characters", size)
	}
}

var frequencies = []string{"always", "hourly", "daily", "weekly", "monthly", "yearly", "never"}

func (c *checker) changefreq(n *node) {
	if !slices.Contains(frequencies, n.value()) {
		c.found(n.line, "sitemap-changefreq", "%q", short(n.value()))
	}
}

func (c *checker) priority(n *node) {
	if p, err := strconv.ParseFloat(n.value(), 64); err != nil || !(p >= 0 && p <= 1) {
		c.found(n.line, "sitemap-priority", "%q", short(n.value()))
	}
}

// news judges what a news sitemap says of one article.
func (c *checker) news(n *node) {
	news := n.kid(nsNews, "news")
	if news == nil {
		c.found(n.line, "news-missing", "")
		return
	}
	defer func(ns string) { c.ns = ns }(c.ns)
	c.ns = nsNews
	c.parts(news, newsNews)
}

func (c *checker) publication(n *node) { c.parts(n, newsPublication) }

// newsCode is a language of ISO 639, or one of the two kinds of Chinese that Google tells apart.
var newsCode = regexp.MustCompile(`^(?:[a-z]{2,3}|zh-cn|zh-tw)$`)

func (c *checker) newsLanguage(n *node) {
	if !newsCode.MatchString(n.value()) {
		c.found(n.line, "news-language", "%q", short(n.value()))
	}
}

func (c *checker) newsDate(n *node) {
	t := c.dateW3C(n)
	if !t.IsZero() && !c.o.Now.IsZero() && c.o.Now.Sub(t) > newsAge {
		c.found(n.line, "news-old", "%q", short(n.value()))
	}
}
