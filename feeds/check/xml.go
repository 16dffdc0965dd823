package check

import (
	"regexp"
	"strings"

	"golang.org/x/net/html"
)

// A node is an element of an XML document.
type node struct {
	space, local string // space is resolved, or the prefix with a question mark before it where that was declared nowhere
	prefix       string
	line         int // of its start tag
	attrs        []attr
	kids         []*node
	text         string // all its own character data, without the white space before the first word
	marks        []mark // where the lines of text are
	open         bool   // the document ends inside it
	based        bool   // relative addresses in it have a base
	raw          []byte // text while it grows
}

type attr struct{ space, local, value string }

// A mark says on which line the text from off on stands, until the next mark.
type mark struct{ off, line int }

// kid is the first child of that name, nil for none.
func (n *node) kid(space, local string) *node {
	for _, k := range n.kids {
		if k.local == local && k.space == space {
			return k
		}
	}
	return nil
}

// all are the children of that name.
func (n *node) all(space, local string) []*node {
	var found []*node
	for _, k := range n.kids {
		if k.local == local && k.space == space {
			found = append(found, k)
		}
	}
	return found
}

// attr is an attribute without a prefix.
func (n *node) attr(local string) (string, bool) { return n.attrIn("", local) }

func (n *node) attrIn(space, local string) (string, bool) {
	for _, a := range n.attrs {
		if a.local == local && a.space == space {
			return strings.TrimSpace(a.value), true
		}
	}
	return "", false
}

// value is the text without white space around it.
func (n *node) value() string { return strings.TrimSpace(n.text) }

// name is the element as people write it, shortened.
func (n *node) name() string {
	if n.prefix == "" {
		return short(n.local)
	}
	return short(n.prefix) + ":" + short(n.local)
}

func (n *node) passage() passage { return passage{text: n.text, line: n.line, marks: n.marks} }

// xml judges a document that is XML, or should be.
func (c *checker) xml(text string) {
	if line, detail, ok := page(text); ok {
		c.found(line, "html-page", "%s", detail)
		return
	}
	if !strings.Contains(text, "<") {
		c.found(1, "not-a-feed", "it begins with %q", short(text))
		return
	}
	root := c.tree(text)
	switch {
	case root != nil:
		c.root(root)
	case len(c.errors) == 0: // otherwise they say why there is none
		c.found(1, "not-a-feed", "it has no element")
	}
}

// root hands the document to the rules of its format.
func (c *checker) root(n *node) {
	c.ns = n.space
	switch strings.ToLower(n.local) {
	case "rss":
		c.rss(n)
	case "rdf":
		c.rdf(n)
	case "channel", "item":
		c.found(n.line, "rss-root", "<%s>", n.name())
		c.rss(&node{local: "rss", line: n.line, kids: []*node{n}, open: true})
	case "feed", "entry":
		c.atom(n)
	case "opml":
		c.opml(n)
	case "urlset", "sitemapindex":
		c.sitemap(n)
	default:
		c.found(n.line, "not-a-feed", "its root is <%s>", n.name())
	}
}

// A part says how often an element may stand in another, and what it must hold.
type part struct {
	many  bool   // more than once
	deep  bool   // has elements in it, no text
	need  string // the rule that its absence breaks, "" where it may be absent
	blank string // the rule that its emptiness breaks, "" for blank-element, "may" where it may be empty
	check func(*checker, *node)
}

// parts judges the children of n: those of the format by the table, those of other namespaces by their own rules.
func (c *checker) parts(n *node, table map[string]part) {
	counts := map[string]int{}
	for _, k := range n.kids {
		p, known := table[k.local]
		switch {
		case k.space != c.ns:
			c.module(n, k)
		case !known:
			c.unknown(n, k, table)
		default:
			if counts[k.local]++; counts[k.local] == 2 && !p.many {
				c.found(k.line, "repeated-element", "<%s> in <%s>", k.local, n.name())
			}
			c.part(k, p)
		}
	}
	if n.value() != "" {
		c.found(n.line, "stray-text", "%q in <%s>", short(n.text), n.name())
	}
	for name, p := range table {
		if p.need != "" && counts[name] == 0 && !n.open { // what is missing may have stood behind the end
			c.lacks(n.line, p.need, "<"+name+">", several(table, p.need))
		}
	}
}

// A needed is a row of a table of parts or keys.
type needed interface{ rule() string }

func (p part) rule() string { return p.need }

// several says whether a rule is about more than one row, so that one must be named.
func several[T needed](table map[string]T, rule string) bool {
	rows := 0
	for _, row := range table {
		if row.rule() == rule {
			rows++
		}
	}
	return rows > 1
}

// lacks tells of a part or key that is not there.
func (c *checker) lacks(line int, rule, name string, named bool) {
	if named {
		c.found(line, rule, "there is no %s", name)
	} else {
		c.found(line, rule, "")
	}
}

func (c *checker) part(k *node, p part) {
	blank := k.value() == "" && len(k.kids) == 0 && !k.open
	switch {
	case blank && p.blank == "":
		c.found(k.line, "blank-element", "<%s>", k.local)
	case blank && p.blank != "may":
		c.found(k.line, p.blank, "<%s> is empty", k.local)
	case !p.deep && len(k.kids) > 0:
		c.found(k.kids[0].line, "element-in-text", "<%s> in <%s>", k.kids[0].name(), k.local)
	case p.check != nil && !k.open:
		p.check(c, k)
	}
}

// unknown is an element of the format's own namespace that the format does not have.
func (c *checker) unknown(n, k *node, table map[string]part) {
	for name := range table {
		if strings.EqualFold(name, k.local) {
			c.found(k.line, "misspelt-element", "<%s> instead of <%s>", short(k.local), name)
			return
		}
	}
	c.found(k.line, "unknown-element", "<%s> in <%s>", k.name(), n.name())
}

var feedTypes = regexp.MustCompile(`^application/(rss\+xml|atom\+xml|feed\+json)$`)

// page says whether the document is a web page; then on which line it begins, with its title and the feeds that it names.
func page(text string) (line int, detail string, ok bool) {
	z := html.NewTokenizer(strings.NewReader(text[:min(len(text), 64<<10)]))
	line = 1
	for {
		kind := z.Next()
		lines := strings.Count(string(z.Raw()), "\n")
		token := z.Token()
		name := strings.ToLower(strings.TrimSpace(token.Data))
		switch {
		case kind == html.CommentToken, kind == html.TextToken && name == "": // goes before either
		case kind == html.DoctypeToken && (name == "html" || strings.HasPrefix(name, "html ")),
			kind == html.StartTagToken && (name == "html" || name == "head" || name == "body"):
			return line, pageDetail(z), true
		default:
			return 0, "", false
		}
		line += lines
	}
}

// pageDetail reads on in a page for its title and its feeds.
func pageDetail(z *html.Tokenizer) string {
	title, feeds := "", []string{}
	for kind := z.Next(); kind != html.ErrorToken && len(feeds) < 5; kind = z.Next() {
		token := z.Token()
		switch {
		case kind == html.StartTagToken && token.Data == "title" && title == "" && z.Next() == html.TextToken:
			title = z.Token().Data
		case token.Data == "link":
			at := map[string]string{}
			for _, a := range token.Attr {
				at[a.Key] = a.Val
			}
			if feedTypes.MatchString(at["type"]) && at["href"] != "" {
				feeds = append(feeds, short(at["href"]))
			}
		}
	}
	if len(feeds) == 0 {
		return "a page with the title “" + short(title) + "”, which names no feed"
	}
	return "a page with the title “" + short(title) + "”, which names " + strings.Join(feeds, ", ")
}
