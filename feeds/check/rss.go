package check

import (
	"net/mail"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// The elements of RSS 2.0, as its specification and the RSS Advisory Board's profile have them.
var (
	rssRoot = map[string]part{
		"channel": {many: true, deep: true},
		"item":    {many: true, deep: true, check: (*checker).outside},
	}
	rssChannel = map[string]part{
		"title":          {need: "channel-title", blank: "channel-title", check: (*checker).nodeTitle},
		"link":           {need: "channel-link", blank: "channel-link", check: (*checker).nodeAddress},
		"description":    {need: "channel-description"},
		"language":       {check: (*checker).nodeLanguage},
		"copyright":      {},
		"managingEditor": {check: (*checker).contact},
		"webMaster":      {check: (*checker).contact},
		"pubDate":        {check: (*checker).nodeDate822},
		"lastBuildDate":  {}, // judged with the dates of the items
		"category":       {many: true},
		"generator":      {},
		"docs":           {check: (*checker).nodeAddress},
		"cloud":          {blank: "may", check: (*checker).cloud},
		"ttl":            {check: (*checker).ttl},
		"image":          {deep: true, blank: "image-parts", check: (*checker).image},
		"rating":         {},
		"textInput":      {deep: true, check: (*checker).textInput},
		"skipHours":      {deep: true, check: (*checker).skipHours},
		"skipDays":       {deep: true, check: (*checker).skipDays},
		"item":           {many: true, deep: true, blank: "item-empty"},
	}
	rssItem = map[string]part{
		"title":       {check: (*checker).nodeTitle},
		"link":        {blank: "item-link", check: (*checker).nodeAddress},
		"description": {check: (*checker).description},
		"author":      {check: (*checker).contact},
		"category":    {many: true},
		"comments":    {check: (*checker).nodeAddress},
		"enclosure":   {many: true, blank: "may", check: (*checker).enclosure},
		"guid":        {blank: "guid-blank", check: (*checker).guid},
		"pubDate":     {}, // judged with those of the other items
		"source":      {check: (*checker).source},
	}
	rssImage = map[string]part{
		"url":         {need: "image-parts", blank: "image-parts", check: (*checker).nodeAddress},
		"title":       {need: "image-parts", blank: "image-parts"},
		"link":        {need: "image-parts", blank: "image-parts", check: (*checker).nodeAddress},
		"width":       {check: (*checker).imageWidth},
		"height":      {check: (*checker).imageHeight},
		"description": {},
	}
	rssTextInput = map[string]part{
		"title":       {need: "text-input"},
		"description": {need: "text-input"},
		"name":        {need: "text-input"},
		"link":        {need: "text-input", check: (*checker).nodeAddress},
	}
)

// rss judges RSS 0.91 to 2.0.
func (c *checker) rss(root *node) {
	version, _ := root.attr("version")
	c.kind("rss", version)
	c.yandex = c.o.Flavour == "yandex" || c.declared[nsYandex]
	c.rssVersion(root, version)
	c.parts(root, rssRoot)
	channels := root.all(c.ns, "channel")
	if len(channels) == 0 {
		if !root.open {
			c.found(root.line, "rss-channel", "there is none")
		}
		return
	}
	if len(channels) > 1 {
		c.found(channels[1].line, "rss-channel", "there are %d", len(channels))
	}
	c.channel(channels[0])
}

func (c *checker) rssVersion(root *node, version string) {
	switch {
	case root.local != "rss":
		c.found(root.line, "rss-root", "<%s>", root.name())
	case c.ns != "":
		c.found(root.line, "rss-namespace", "%q", short(c.ns))
	}
	switch version {
	case "2.0":
	case "0.91", "0.92", "0.93", "0.94":
		c.found(root.line, "rss-old-version", "%s", version)
	default:
		if !root.open {
			c.found(root.line, "rss-version", "%q", short(version))
		}
	}
}

func (c *checker) channel(n *node) {
	c.parts(n, rssChannel)
	c.imageLikeChannel(n)
	c.feedLinks(n)
	var dates []dating
	for _, item := range n.all(c.ns, "item") {
		c.item("item")
		dates = append(dates, c.rssItem(item))
	}
	c.place = ""
	c.order(dates)
	c.behind(c.dating(n.kid(c.ns, "lastBuildDate")), dates)
	if c.yandex {
		c.yandexChannel(n)
	}
}

// dating judges a date that is compared with others; zero if there is none to read.
func (c *checker) dating(n *node) dating {
	if n == nil || n.open || n.value() == "" {
		return dating{}
	}
	return dating{c.date822(n), n.line}
}

// feedLinks judges what the links of a feed say of it: its own address, and its history.
func (c *checker) feedLinks(n *node) {
	links := map[string]string{}
	line := n.line
	for _, l := range n.all(nsAtom, "link") {
		rel, _ := l.attr("rel")
		if href, ok := l.attr("href"); ok && links[rel] == "" {
			if links[rel] = href; rel == "self" {
				line = l.line
			}
		}
	}
	if !n.open || links["self"] != "" {
		c.self(line, links["self"], n.based)
	}
	c.history(n, links)
}

// history judges what RFC 5005 says of complete, archived and paged feeds.
func (c *checker) history(n *node, links map[string]string) {
	archive, complete := n.kid(nsHistory, "archive"), n.kid(nsHistory, "complete")
	switch {
	case complete != nil && (archive != nil || links["prev-archive"] != ""):
		c.found(complete.line, "history-both", "")
	case archive != nil && links["current"] == "":
		c.found(archive.line, "archive-current", "")
	}
	for _, l := range n.all(nsAtom, "link") {
		rel, _ := l.attr("rel")
		href, _ := l.attr("href")
		if slices.Contains([]string{"prev-archive", "next-archive", "next", "prev", "previous"}, rel) && href != "" && href == links["self"] {
			c.found(l.line, "link-to-itself", "rel=%q", rel)
		}
	}
}

func (c *checker) rssItem(n *node) dating {
	if n.value() == "" && len(n.kids) == 0 {
		return dating{} // told as an empty element
	}
	c.parts(n, rssItem)
	title, description, encoded := n.kid(c.ns, "title"), n.kid(c.ns, "description"), n.kid(nsContent, "encoded")
	switch {
	case n.open:
	case title == nil && description == nil:
		c.found(n.line, "item-empty", "")
	case encoded != nil && description == nil && !c.yandex:
		c.found(n.line, "description-missing", "")
	}
	if encoded != nil && description != nil && slices.Index(n.kids, description) > slices.Index(n.kids, encoded) {
		c.found(description.line, "description-order", "")
	}
	c.rssIdentity(n)
	if all := n.all(c.ns, "enclosure"); len(all) > 1 && !c.yandex {
		c.found(all[1].line, "several-enclosures", "%d", len(all))
	}
	return c.dating(n.kid(c.ns, "pubDate"))
}

// rssIdentity judges guid and link together: readers know an item by the one and lead to the other.
func (c *checker) rssIdentity(n *node) {
	guid, link := n.kid(c.ns, "guid"), n.kid(c.ns, "link")
	if n.open || c.yandex {
		return
	}
	permalink := false
	if guid == nil {
		c.found(n.line, "item-guid", "")
	} else {
		is, _ := guid.attr("isPermaLink")
		permalink = is != "false"
		if guid.value() != "" {
			c.id(guid.line, guid.value(), guid.value())
		}
	}
	if link == nil && !permalink && n.kid(c.ns, "enclosure") == nil {
		c.found(n.line, "item-link", "")
	}
}

func (c *checker) outside(n *node) {
	c.found(n.line, "item-outside-channel", "")
	c.item("item")
	c.rssItem(n)
	c.place = ""
}

func (c *checker) nodeTitle(n *node)   { c.title(n.line, n.text) }
func (c *checker) nodeDate822(n *node) { c.date822(n) }
func (c *checker) description(n *node) { c.html(n.passage(), n.based) }

func (c *checker) guid(n *node) {
	is, given := n.attr("isPermaLink")
	switch {
	case given && is != "true" && is != "false":
		c.found(n.line, "guid-permalink-value", "%q", short(is))
	case is != "false" && !strings.HasPrefix(n.value(), "http://") && !strings.HasPrefix(n.value(), "https://"):
		c.found(n.line, "guid-not-address", "%q", short(n.value()))
	case is != "false":
		c.nodeAddress(n)
	}
}

var contact = regexp.MustCompile(`^([^\s()<>]+@[^\s()<>]+)(?:\s+\([^()]+\))?$`)

// contact judges an element that holds an address of mail and a name in brackets; for Yandex it is a name.
func (c *checker) contact(n *node) {
	if c.yandex && n.local == "author" {
		return
	}
	value := n.value()
	m := contact.FindStringSubmatch(value[:min(len(value), 300)])
	if m != nil {
		if _, err := mail.ParseAddress(m[1]); err == nil {
			return
		}
	}
	c.found(n.line, "contact-form", "%s %q", n.local, short(value))
}

// whole is the whole number that s is, -1 if it is none or below zero.
func whole(s string) int64 {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 0 || strings.HasPrefix(s, "+") {
		return -1
	}
	return n
}

func (c *checker) ttl(n *node) {
	if whole(n.value()) < 1 {
		c.found(n.line, "rss-ttl", "%q", short(n.value()))
	}
}

func (c *checker) image(n *node) { c.parts(n, rssImage) }

func (c *checker) textInput(n *node) { c.parts(n, rssTextInput) }

func (c *checker) imageWidth(n *node)  { c.imageSize(n, 144) }
func (c *checker) imageHeight(n *node) { c.imageSize(n, 400) }

func (c *checker) imageSize(n *node, limit int64) {
	if got := whole(n.value()); got < 1 || got > limit {
		c.found(n.line, "image-size", "%s %q, at most %d", n.local, short(n.value()), limit)
	}
}

func (c *checker) imageLikeChannel(channel *node) {
	image := channel.kid(c.ns, "image")
	if image == nil {
		return
	}
	for _, name := range []string{"title", "link"} {
		ours, theirs := image.kid(c.ns, name), channel.kid(c.ns, name)
		if ours != nil && theirs != nil && ours.value() != "" && ours.value() != theirs.value() {
			c.found(ours.line, "image-differs", "%s %q", name, short(ours.value()))
		}
	}
}

func (c *checker) cloud(n *node) {
	for _, name := range []string{"domain", "port", "path", "registerProcedure", "protocol"} {
		value, ok := n.attr(name)
		switch {
		case !ok, name == "port" && whole(value) < 1,
			name == "protocol" && !slices.Contains([]string{"xml-rpc", "soap", "http-post", "https-post"}, value):
			c.found(n.line, "cloud-parts", "%s %q", name, short(value))
		}
	}
}

var dayNames = []string{"Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"}

func (c *checker) skipHours(n *node) {
	c.skip(n, "hour", "skip-hours", func(v string) bool { return whole(v) >= 0 && whole(v) < 24 })
}

func (c *checker) skipDays(n *node) {
	c.skip(n, "day", "skip-days", func(v string) bool { return slices.Contains(dayNames, v) })
}

func (c *checker) skip(n *node, name, rule string, good func(string) bool) {
	seen := map[string]bool{}
	for _, k := range n.kids {
		if v := k.value(); k.local != name || !good(v) || seen[v] {
			c.found(k.line, rule, "<%s> %q", short(k.local), short(v))
		}
		seen[k.value()] = true
	}
}

func (c *checker) enclosure(n *node) {
	if address, ok := n.attr("url"); !ok || address == "" {
		c.found(n.line, "enclosure-url", "")
	} else {
		c.address(n.line, "enclosure", address, uri, n.based)
	}
	if kind, ok := n.attr("type"); !ok || kind == "" {
		c.found(n.line, "enclosure-type", "")
	} else {
		c.fileType(n.line, "enclosure", kind)
	}
	length, ok := n.attr("length")
	switch size := whole(length); {
	case !ok && c.yandex:
	case size < 0:
		c.found(n.line, "enclosure-length", "%q", short(length))
	case size == 0 && !c.yandex:
		c.found(n.line, "enclosure-length-zero", "")
	}
}

func (c *checker) source(n *node) {
	if address, ok := n.attr("url"); !ok || address == "" {
		c.found(n.line, "source-url", "")
	} else {
		c.address(n.line, "source", address, uri, n.based)
	}
}
