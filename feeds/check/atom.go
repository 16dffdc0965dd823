package check

import (
	"encoding/base64"
	"mime"
	"strings"
	"time"
)

// The elements of Atom 1.0 (RFC 4287, section 4).
var (
	atomFeed = map[string]part{
		"id":          {need: "atom-id", blank: "atom-id", check: (*checker).atomID},
		"title":       {need: "atom-title", deep: true, check: (*checker).textConstruct},
		"updated":     {need: "atom-updated", blank: "atom-updated"}, // judged with those of the entries
		"subtitle":    {deep: true, check: (*checker).textConstruct},
		"rights":      {deep: true, check: (*checker).textConstruct},
		"author":      {many: true, deep: true, blank: "atom-person-name", check: (*checker).person},
		"contributor": {many: true, deep: true, blank: "atom-person-name", check: (*checker).person},
		"link":        {many: true, deep: true, blank: "may", check: (*checker).atomLink},
		"category":    {many: true, deep: true, blank: "may", check: (*checker).atomCategory},
		"generator":   {},
		"icon":        {check: (*checker).nodeIRI},
		"logo":        {check: (*checker).nodeIRI},
		"entry":       {many: true, deep: true, blank: "may"}, // judged one by one
	}
	atomEntry = map[string]part{
		"id":          {need: "atom-id", blank: "atom-id", check: (*checker).atomID},
		"title":       {need: "atom-title", deep: true, check: (*checker).textConstruct},
		"updated":     {need: "atom-updated", blank: "atom-updated"}, // judged with those of the other entries
		"published":   {check: (*checker).nodeDate3339},
		"author":      {many: true, deep: true, blank: "atom-person-name", check: (*checker).person},
		"contributor": {many: true, deep: true, blank: "atom-person-name", check: (*checker).person},
		"category":    {many: true, deep: true, blank: "may", check: (*checker).atomCategory},
		"content":     {deep: true, blank: "may", check: (*checker).content},
		"summary":     {deep: true, check: (*checker).textConstruct},
		"rights":      {deep: true, check: (*checker).textConstruct},
		"link":        {many: true, deep: true, blank: "may", check: (*checker).atomLink},
		"source":      {deep: true, blank: "may"},
	}
	atomPerson = map[string]part{
		"name":  {need: "atom-person-name", blank: "atom-person-name"},
		"uri":   {check: (*checker).nodeIRI},
		"email": {check: (*checker).contact},
	}
)

// atom judges Atom 1.0.
func (c *checker) atom(root *node) {
	c.kind("atom", "1.0")
	if root.space != nsAtom {
		c.found(root.line, "atom-namespace", "%q", short(root.space))
	}
	switch {
	case root.space == nsAtom03:
		c.kind("atom", "0.3")
		c.report.Items = len(root.all(nsAtom03, "entry"))
		return
	case root.local == "entry":
		c.found(root.line, "atom-entry-document", "")
		c.entry(root, false)
		c.place = ""
		return
	}
	c.xmlLang(root)
	c.parts(root, atomFeed)
	c.alternates(root)
	c.feedLinks(c.asAtom(root))
	c.entries(root)
}

// asAtom is a feed in whatever namespace with its links in Atom's, where they are looked for.
func (c *checker) asAtom(n *node) *node {
	if c.ns == nsAtom {
		return n
	}
	moved := *n
	moved.kids = nil
	for _, k := range n.kids {
		if k.space == c.ns && k.local == "link" {
			link := *k
			link.space = nsAtom
			k = &link
		}
		moved.kids = append(moved.kids, k)
	}
	return &moved
}

func (c *checker) entries(root *node) {
	signed := root.kid(c.ns, "author") != nil
	var published, updated []dating
	for _, entry := range root.all(c.ns, "entry") {
		c.item("entry")
		p, u := c.entry(entry, signed)
		published, updated = append(published, p), append(updated, u)
	}
	c.place = ""
	c.order(published)
	c.behind(c.dating3339(root.kid(c.ns, "updated")), updated)
}

// entry judges an entry; signed says that the feed has an author. It returns when the entry was published and updated.
func (c *checker) entry(n *node, signed bool) (published, updated dating) {
	c.xmlLang(n)
	c.parts(n, atomEntry)
	updated = c.dating3339(n.kid(c.ns, "updated"))
	published = updated
	if p := n.kid(c.ns, "published"); p != nil {
		if t, err := time.Parse(time.RFC3339, p.value()); err == nil {
			published = dating{t, p.line}
		}
	}
	if id := n.kid(c.ns, "id"); id != nil && id.value() != "" {
		when := n.kid(c.ns, "updated")
		if when == nil {
			when = &node{}
		}
		c.id(id.line, id.value()+"\n"+when.value(), id.value())
	}
	if !n.open {
		c.complete(n, signed)
	}
	c.alternates(n)
	return published, updated
}

// complete judges what an entry must have between its parts.
func (c *checker) complete(n *node, signed bool) {
	source, content := n.kid(c.ns, "source"), n.kid(c.ns, "content")
	if source != nil && source.kid(c.ns, "author") != nil || n.kid(c.ns, "author") != nil {
		signed = true
	}
	if !signed {
		c.found(n.line, "atom-author", "")
	}
	if content == nil {
		for _, l := range n.all(c.ns, "link") {
			if rel, ok := l.attr("rel"); !ok || rel == "alternate" {
				return
			}
		}
		c.found(n.line, "atom-entry-link", "")
		return
	}
	if _, remote := content.attr("src"); (remote || encoded(content)) && n.kid(c.ns, "summary") == nil {
		c.found(n.line, "atom-summary", "")
	}
}

// encoded says whether the content is Base64 by its type.
func encoded(content *node) bool {
	kind, _ := content.attr("type")
	kind, _, _ = mime.ParseMediaType(kind)
	return strings.Contains(kind, "/") && !strings.HasPrefix(kind, "text/") && !isXML(kind)
}

func isXML(kind string) bool {
	return strings.HasSuffix(kind, "+xml") || strings.HasSuffix(kind, "/xml")
}

func (c *checker) dating3339(n *node) dating {
	if n == nil || n.open || n.value() == "" {
		return dating{}
	}
	return dating{c.date3339(n.line, n.local, n.value()), n.line}
}

func (c *checker) atomID(n *node) {
	if !absolute(n.value()) {
		c.found(n.line, "atom-id-iri", "%q", short(n.value()))
	}
}

func (c *checker) person(n *node) { c.parts(n, atomPerson) }

func (c *checker) atomCategory(n *node) {
	if term, ok := n.attr("term"); !ok || term == "" {
		c.found(n.line, "atom-category-term", "")
	}
}

// relations are those that IANA has registered and feeds use; others are addresses.
var relations = set(`alternate self related enclosure via hub next previous prev first last current prev-archive next-archive
	replies edit edit-media license payment service search up author icon canonical shortlink help index about archives
	bookmark collection comment contents copyright describedby start tag monetization webmention stylesheet in-reply-to`)

// atomLink judges a link of Atom, which stands in RSS too.
func (c *checker) atomLink(n *node) {
	rel, given := n.attr("rel")
	if href, ok := n.attr("href"); !ok || href == "" && !n.based {
		c.found(n.line, "atom-link-href", "")
	} else {
		c.address(n.line, strings.TrimSpace("link "+short(rel)), href, iri, n.based)
	}
	if given && !relations[rel] && !strings.Contains(rel, ":") {
		c.found(n.line, "link-rel", "%q", short(rel))
	}
	if kind, ok := n.attr("type"); ok {
		c.fileType(n.line, "link", kind)
	}
	if lang, ok := n.attr("hreflang"); ok {
		c.language(n.line, "hreflang", lang)
	}
	if length, ok := n.attr("length"); ok && whole(length) < 0 {
		c.found(n.line, "enclosure-length", "%q", short(length))
	}
}

// alternates wants one page for each type and language.
func (c *checker) alternates(n *node) {
	seen := map[string]bool{}
	for _, l := range n.all(c.ns, "link") {
		rel, given := l.attr("rel")
		if given && rel != "alternate" {
			continue
		}
		kind, _ := l.attr("type")
		lang, _ := l.attr("hreflang")
		if key := kind + " " + lang; seen[key] {
			c.found(l.line, "atom-alternate-repeated", "type=%q", short(kind))
		} else {
			seen[key] = true
		}
	}
}

// textConstruct judges a title, summary or the like (RFC 4287, section 3.1).
func (c *checker) textConstruct(n *node) {
	kind, _ := n.attr("type")
	switch kind {
	case "", "text", "html":
		c.inline(n, kind)
	case "xhtml":
		c.div(n)
	default:
		c.found(n.line, "atom-text-type", "type=%q in <%s>", short(kind), n.local)
	}
}

// inline judges text or HTML that must hold no elements of XML.
func (c *checker) inline(n *node, kind string) {
	switch {
	case len(n.kids) > 0:
		c.found(n.kids[0].line, "element-in-text", "<%s> in <%s>", n.kids[0].name(), n.local)
	case kind == "html":
		c.html(n.passage(), n.based)
	case n.local == "title":
		c.title(n.line, n.text)
	default:
		c.plain(n.passage())
	}
}

// plain judges text that says it is no HTML.
func (c *checker) plain(p passage) {
	if at := elementIn(p.text); at != nil {
		c.found(p.lines()(at[0]), "markup-as-text", "%q", short(p.text[at[0]:at[1]]))
	}
}

// div judges XHTML, which has one <div> around it.
func (c *checker) div(n *node) {
	if len(n.kids) != 1 || n.kids[0].local != "div" || n.kids[0].space != nsXHTML || n.value() != "" {
		c.found(n.line, "atom-xhtml-div", "<%s>", n.local)
	}
	for _, k := range n.kids {
		c.xhtml(k)
	}
}

// content judges the content of an entry (RFC 4287, section 4.1.3).
func (c *checker) content(n *node) {
	kind, _ := n.attr("type")
	src, remote := n.attr("src")
	media := strings.Contains(kind, "/")
	switch {
	case remote:
		c.remote(n, src, kind)
	case !media:
		c.local(n, kind)
	case strings.HasPrefix(kind, "multipart/"), strings.HasPrefix(kind, "message/"):
		c.found(n.line, "atom-content-type", "%q", short(kind))
	case encoded(n):
		if _, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(n.text), "")); err != nil || len(n.kids) > 0 {
			c.found(n.line, "atom-content-base64", "type=%q", short(kind))
		}
	case len(n.kids) > 0 && !isXML(kind):
		c.found(n.kids[0].line, "element-in-text", "<%s> in <%s>", n.kids[0].name(), n.local)
	}
}

// local judges content that stands in the entry and is text, HTML or XHTML.
func (c *checker) local(n *node, kind string) {
	switch {
	case kind == "xhtml":
		c.div(n)
	case kind != "" && kind != "text" && kind != "html":
		c.found(n.line, "atom-content-type", "%q", short(kind))
	case n.value() == "" && len(n.kids) == 0:
		c.found(n.line, "blank-element", "<%s>", n.local)
	default:
		c.inline(n, kind)
	}
}

// remote judges content that stands elsewhere.
func (c *checker) remote(n *node, src, kind string) {
	c.address(n.line, "content src", src, iri, n.based)
	if n.value() != "" || len(n.kids) > 0 {
		c.found(n.line, "atom-content-src", "it is not empty")
	}
	if kind != "" && !strings.Contains(kind, "/") {
		c.found(n.line, "atom-content-src", "type=%q", short(kind))
	}
}

// tombstone judges a deleted entry (RFC 6721).
func (c *checker) tombstone(n *node) {
	if ref, ok := n.attr("ref"); !ok || !absolute(ref) {
		c.found(n.line, "tombstone-ref", "%q", short(ref))
	}
	when, ok := n.attr("when")
	if !ok {
		c.found(n.line, "tombstone-when", "")
		return
	}
	c.date3339(n.line, "when", when)
}
