package clean

import (
	"regexp"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// players turns the address of an embedded player into that of the page where people watch.
var players = []struct {
	player *regexp.Regexp
	page   string
}{
	{regexp.MustCompile(`^https?://(?:www\.)?youtube(?:-nocookie)?\.com/embed/([\w-]{6,20}).*$`), "https://www.youtube.com/watch?v=$1"},
	{regexp.MustCompile(`^https?://player\.vimeo\.com/video/(\d+).*$`), "https://vimeo.com/$1"},
	{regexp.MustCompile(`^https?://rutube\.ru/(?:play|video)/embed/(\w+).*$`), "https://rutube.ru/video/$1/"},
	{regexp.MustCompile(`^https?://(?:vk\.com|vkvideo\.ru)/video_ext\.php\?(?:.*&)?oid=(-?\d+)&id=(\d+).*$`), "https://vk.com/video$1_$2"},
	{regexp.MustCompile(`^https?://(?:www\.)?dailymotion\.com/embed/video/(\w+).*$`), "https://www.dailymotion.com/video/$1"},
}

// embed puts a link in the place of a frame or player, with its title and its still picture where it has them; one
// without an address leaves what it would have shown instead.
func (c cleaner) embed(to, n *html.Node) {
	address := c.embedded(n)
	if address == "" {
		if n.Data != "iframe" { // whose content is raw text
			c.copy(to, n)
		}
		return
	}
	for _, p := range players {
		if p.player.MatchString(address) {
			address = p.player.ReplaceAllString(address, p.page)
			break
		}
	}
	link := newElement("a", html.Attribute{Key: "href", Val: address})
	label := Line(attribute(n, "title"))
	if poster := c.address(attribute(n, "poster")); poster != "" {
		link.AppendChild(newElement("img", html.Attribute{Key: "src", Val: poster}, html.Attribute{Key: "alt", Val: label},
			html.Attribute{Key: "loading", Val: "lazy"}))
	} else {
		if label == "" {
			label = siteOf(address)
		}
		link.AppendChild(&html.Node{Type: html.TextNode, Data: "▶ " + label})
	}
	if to.Data == "body" || to.Data == "div" || to.Data == "blockquote" {
		paragraph := newElement("p")
		to.AppendChild(paragraph)
		to = paragraph
	}
	to.AppendChild(link)
}

// embedded is the absolute address of what n embeds, "" if there is none.
func (c cleaner) embedded(n *html.Node) string {
	for _, key := range []string{"src", "data", "data-src"} {
		if address := c.address(attribute(n, key)); address != "" {
			return address
		}
	}
	for child := n.FirstChild; child != nil; child = child.NextSibling {
		if child.Type == html.ElementNode && (child.Data == "source" || child.Data == "embed" || child.Data == "iframe") {
			if address := c.embedded(child); address != "" {
				return address
			}
		}
	}
	return ""
}

func newElement(name string, attr ...html.Attribute) *html.Node {
	return &html.Node{Type: html.ElementNode, Data: name, DataAtom: atom.Lookup([]byte(name)), Attr: attr}
}

// siteOf is the host of an address as people say it.
func siteOf(address string) string {
	_, rest, _ := strings.Cut(address, "://")
	host, _, _ := strings.Cut(rest, "/")
	return strings.TrimPrefix(host, "www.")
}
