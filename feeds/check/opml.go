package check

import "strings"

var (
	opmlRoot = map[string]part{
		"head": {need: "opml-head", deep: true, blank: "may", check: (*checker).opmlHead},
		"body": {need: "opml-body", deep: true, blank: "opml-body", check: (*checker).opmlBody},
	}
	opmlHead = map[string]part{
		"title":           {},
		"dateCreated":     {check: (*checker).nodeDate822},
		"dateModified":    {check: (*checker).nodeDate822},
		"ownerName":       {},
		"ownerEmail":      {check: (*checker).contact},
		"ownerId":         {check: (*checker).nodeAddress},
		"docs":            {check: (*checker).nodeAddress},
		"expansionState":  {blank: "may"},
		"vertScrollState": {blank: "may"},
		"windowTop":       {},
		"windowLeft":      {},
		"windowBottom":    {},
		"windowRight":     {},
	}
)

// opml judges OPML 2.0, in which lists of feeds travel.
func (c *checker) opml(root *node) {
	version, _ := root.attr("version")
	c.kind("opml", version)
	if version != "2.0" {
		c.found(root.line, "opml-version", "%q", short(version))
	}
	c.parts(root, opmlRoot)
}

func (c *checker) opmlHead(n *node) { c.parts(n, opmlHead) }

func (c *checker) opmlBody(n *node) {
	if len(n.kids) == 0 {
		c.found(n.line, "opml-body", "it has no outline")
	}
	c.outlines(n)
	c.place = ""
}

func (c *checker) outlines(n *node) {
	for _, k := range n.kids {
		switch {
		case k.space != c.ns: // an extension
		case k.local != "outline":
			c.unknown(n, k, map[string]part{"outline": {}})
		default:
			c.item("outline")
			c.outline(k)
			c.outlines(k)
		}
	}
}

// spelled are the attributes of an outline whose capitals matter.
var spelled = []string{"text", "type", "xmlUrl", "htmlUrl"}

func (c *checker) outline(n *node) {
	for _, a := range n.attrs {
		for _, name := range spelled {
			if a.space == "" && a.local != name && strings.EqualFold(a.local, name) {
				c.found(n.line, "opml-attribute-case", "%s instead of %s", short(a.local), name)
			}
		}
	}
	if text, ok := n.attr("text"); !ok || text == "" {
		c.found(n.line, "opml-text", "")
	}
	if page, ok := n.attr("htmlUrl"); ok && page != "" {
		c.address(n.line, "htmlUrl", page, uri, false)
	}
	c.subscription(n)
}

// subscription judges what an outline says of a feed.
func (c *checker) subscription(n *node) {
	kind, _ := n.attr("type")
	address, ok := n.attr("xmlUrl")
	feed := strings.EqualFold(kind, "rss")
	switch {
	case ok && !feed:
		c.found(n.line, "opml-type", "type=%q", short(kind))
	case feed && !ok:
		c.found(n.line, "opml-xmlurl", "")
	}
	if ok {
		c.address(n.line, "xmlUrl", address, uri, false)
	}
}
