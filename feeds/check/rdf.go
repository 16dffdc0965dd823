package check

const (
	nsRDF    = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
	nsRSS10  = "http://purl.org/rss/1.0/"
	nsRSS090 = "http://my.netscape.com/rdf/simple/0.9/"
)

var (
	rdfChannel = map[string]part{
		"title":       {need: "channel-title", blank: "channel-title", check: (*checker).nodeTitle},
		"link":        {need: "channel-link", blank: "channel-link", check: (*checker).nodeAddress},
		"description": {need: "channel-description"},
		"image":       {blank: "may"},
		"items":       {deep: true},
		"textinput":   {blank: "may"},
	}
	rdfItem = map[string]part{
		"title":       {need: "rdf-item", blank: "rdf-item", check: (*checker).nodeTitle},
		"link":        {need: "rdf-item", blank: "rdf-item", check: (*checker).nodeAddress},
		"description": {check: (*checker).description},
	}
	rdfRoot = map[string]part{
		"channel":   {many: true, deep: true},
		"item":      {many: true, deep: true},
		"image":     {deep: true, blank: "may"},
		"textinput": {deep: true, blank: "may"},
	}
)

// rdf judges RSS 1.0 and 0.90, whose items stand beside the channel.
func (c *checker) rdf(root *node) {
	version := "1.0"
	c.ns = nsRSS10
	if root.kid(nsRSS10, "channel") == nil && root.kid(nsRSS090, "channel") != nil {
		version, c.ns = "0.90", nsRSS090
	}
	c.kind("rdf", version)
	c.found(root.line, "rdf-old", "%s", version)
	c.parts(root, rdfRoot)
	channels := root.all(c.ns, "channel")
	if len(channels) != 1 && !root.open {
		c.found(root.line, "rss-channel", "there are %d", len(channels))
	}
	for _, channel := range channels {
		c.about(channel)
		c.parts(channel, rdfChannel)
	}
	for _, item := range root.all(c.ns, "item") {
		c.item("item")
		c.about(item)
		c.parts(item, rdfItem)
	}
	c.place = ""
}

// about judges the address by which RDF knows a channel or item.
func (c *checker) about(n *node) {
	about, ok := n.attrIn(nsRDF, "about")
	switch {
	case c.ns == nsRSS090:
	case !ok || about == "":
		c.found(n.line, "rdf-about", "<%s>", n.local)
	default:
		c.address(n.line, "rdf:about", about, iri, n.based)
		if n.local == "item" {
			c.id(n.line, about, about)
		}
	}
}
