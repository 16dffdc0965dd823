package check

import (
	"net/netip"
	"net/url"
	"slices"
	"strings"
)

// genres are the values of yandex:genre.
var genres = []string{"lenta", "message", "article", "interview"}

// yandexChannel judges RSS that is made for Yandex: the general rules were applied before.
func (c *checker) yandexChannel(channel *node) {
	if c.o.Flavour == "general" {
		c.found(channel.line, "yandex-mixed", "it is declared in a general feed")
		return
	}
	home := ""
	if link := channel.kid(c.ns, "link"); link != nil {
		home = host(link.value())
	}
	for i, item := range channel.all(c.ns, "item") {
		c.at("item", i+1)
		c.yandexItem(item, home)
	}
	c.place = ""
}

func (c *checker) yandexItem(n *node, home string) {
	if n.open {
		return
	}
	for _, name := range []string{"title", "link", "pubDate"} {
		if k := n.kid(c.ns, name); k == nil || k.value() == "" {
			c.found(n.line, "yandex-item", "there is no <%s>", name)
		}
	}
	if k := n.kid(nsContent, "encoded"); k != nil {
		c.found(k.line, "yandex-mixed", "<%s>", k.name())
	}
	c.yandexText(n)
	c.yandexGenre(n)
	link := n.kid(c.ns, "link")
	if link == nil {
		return
	}
	if strings.HasPrefix(link.value(), "http://") && !onThisMachine(link.value()) {
		c.found(link.line, "yandex-https", "%q", short(link.value()))
	}
	if got := host(link.value()); got != "" && home != "" && got != home {
		c.found(link.line, "yandex-host", "%s, the channel's is %s", short(got), short(home))
	}
}

func (c *checker) yandexText(n *node) {
	text := n.kid(nsYandex, "full-text")
	switch {
	case text == nil || text.value() == "" && len(text.kids) == 0:
		c.found(n.line, "yandex-full-text", "")
	case len(text.kids) > 0:
		c.found(text.kids[0].line, "yandex-markup", "<%s>", text.kids[0].name())
	default:
		if at := elementIn(text.text); at != nil {
			c.found(text.passage().lines()(at[0]), "yandex-markup", "%q", short(text.text[at[0]:at[1]]))
		}
	}
}

func (c *checker) yandexGenre(n *node) {
	genre := n.kid(nsYandex, "genre")
	switch {
	case genre == nil:
		c.found(n.line, "yandex-genre", "there is none")
	case !slices.Contains(genres, genre.value()):
		c.found(genre.line, "yandex-genre", "%q", short(genre.value()))
	}
}

// onThisMachine reports whether an address is one of a trial, which no robot will ever see.
func onThisMachine(address string) bool {
	name := host(address)
	ip, err := netip.ParseAddr(name)
	return name == "localhost" || err == nil && ip.IsLoopback()
}

// host is the host of an address without "www.", "" if it has none.
func host(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return strings.TrimPrefix(strings.ToLower(u.Hostname()), "www.")
}
