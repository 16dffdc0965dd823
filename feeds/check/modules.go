package check

import (
	"regexp"
	"slices"
	"strings"
)

const (
	nsXML     = "http://www.w3.org/XML/1998/namespace"
	nsAtom    = "http://www.w3.org/2005/Atom"
	nsAtom03  = "http://purl.org/atom/ns#"
	nsContent = "http://purl.org/rss/1.0/modules/content/"
	nsDC      = "http://purl.org/dc/elements/1.1/"
	nsMedia   = "http://search.yahoo.com/mrss/"
	nsITunes  = "http://www.itunes.com/dtds/podcast-1.0.dtd"
	nsHistory = "http://purl.org/syndication/history/1.0"
	nsSyn     = "http://purl.org/rss/1.0/modules/syndication/"
	nsSlash   = "http://purl.org/rss/1.0/modules/slash/"
	nsWFW     = "http://wellformedweb.org/CommentAPI/"
	nsThread  = "http://purl.org/syndication/thread/1.0"
	nsTomb    = "http://purl.org/atompub/tombstones/1.0"
	nsYandex  = "http://news.yandex.ru"
	nsSitemap = "http://www.sitemaps.org/schemas/sitemap/0.9"
	nsNews    = "http://www.google.com/schemas/sitemap-news/0.9"
)

// usual are the prefixes that a namespace is known by, for documents that declare it wrongly or not at all.
var usual = map[string]string{"atom": nsAtom, "content": nsContent, "dc": nsDC, "media": nsMedia, "itunes": nsITunes, "fh": nsHistory,
	"sy": nsSyn, "slash": nsSlash, "wfw": nsWFW, "thr": nsThread, "yandex": nsYandex}

// modules are the namespaces that stand in feeds and sitemaps, each with the elements that it has; none: any.
var modules = map[string][]string{
	nsAtom:    nil,
	nsContent: {"encoded", "items", "item", "format", "encoding"},
	nsDC: {"title", "creator", "subject", "description", "publisher", "contributor", "date", "type", "format", "identifier",
		"source", "language", "relation", "coverage", "rights"},
	nsMedia: {"group", "content", "rating", "adult", "title", "description", "keywords", "thumbnail", "category", "hash", "player",
		"credit", "copyright", "text", "restriction", "community", "comments", "comment", "embed", "param", "responses", "response",
		"backLinks", "backLink", "status", "price", "license", "subTitle", "peerLink", "location", "rights", "scenes", "scene",
		"sceneTitle", "sceneDescription", "sceneStartTime", "sceneEndTime", "starRating", "statistics", "tags"},
	nsITunes: {"author", "block", "category", "image", "duration", "explicit", "isClosedCaptioned", "order", "complete",
		"new-feed-url", "owner", "subtitle", "summary", "keywords", "name", "email", "type", "title", "episode", "season",
		"episodeType", "link", "applepodcastsverify"},
	nsHistory: {"complete", "archive", "incremental"},
	nsSyn:     {"updatePeriod", "updateFrequency", "updateBase"},
	nsSlash:   {"section", "department", "comments", "hit_parade"},
	nsWFW:     {"comment", "commentRss", "commentRSS"},
	nsThread:  {"in-reply-to", "total"},
	nsTomb:    {"deleted-entry", "by", "comment"},
	nsYandex:  nil,
	nsSitemap: nil,
	nsNews:    nil,
}

// aliases are spellings of a namespace that readers know as well.
var aliases = map[string]string{
	"http://search.yahoo.com/mrss":                nsMedia,
	"http://www.rssboard.org/media-rss":           nsMedia,
	"http://www.itunes.com/DTDs/PodCast-1.0.dtd":  nsITunes,
	"http://www.itunes.com/DTDs/Podcast-1.0.dtd":  nsITunes,
	"http://channel.netscape.com/rdf/simple/0.9/": nsRSS090,
}

// others are namespaces that are known and not looked into.
var others = set(`
	http://www.w3.org/1999/xhtml http://www.w3.org/2001/XMLSchema-instance http://www.w3.org/1999/xlink http://www.w3.org/2000/svg
	http://www.w3.org/1998/Math/MathML http://www.w3.org/1999/02/22-rdf-syntax-ns# http://www.w3.org/2000/01/rdf-schema#
	http://purl.org/rss/1.0/ http://my.netscape.com/rdf/simple/0.9/ http://purl.org/atom/ns# http://www.w3.org/2007/app
	http://purl.org/atom/app# http://purl.org/dc/terms/ http://purl.org/dc/dcmitype/ https://podcastindex.org/namespace/1.0
	https://github.com/Podcastindex-org/podcast-namespace/blob/main/docs/1.0.md http://www.google.com/schemas/play-podcasts/1.0
	http://www.georss.org/georss http://www.georss.org/georss/10 http://www.w3.org/2003/01/geo/wgs84_pos# http://www.opengis.net/gml
	http://a9.com/-/spec/opensearch/1.1/ http://a9.com/-/spec/opensearchrss/1.0/ http://rssnamespace.org/feedburner/ext/1.0
	http://cyber.law.harvard.edu/rss/creativeCommonsRssModule.html http://backend.userland.com/creativeCommonsRssModule
	http://web.resource.org/cc/ http://creativecommons.org/ns# http://madskills.com/public/xml/rss/module/trackback/
	http://webns.net/mvcb/ http://purl.org/rss/1.0/modules/aggregation/ http://purl.org/rss/1.0/modules/annotate/
	http://purl.org/rss/1.0/modules/link/ http://purl.org/rss/1.0/modules/image/ http://purl.org/rss/1.0/modules/event/
	http://purl.org/rss/1.0/modules/reference/ http://purl.org/rss/1.0/modules/taxonomy/ http://purl.org/rss/1.0/modules/company
	http://purl.org/rss/1.0/modules/threading/ http://purl.org/rss/1.0/modules/richequiv/ http://purl.org/rss/1.0/modules/servicestatus/
	http://prismstandard.org/namespaces/basic/2.0/ http://prismstandard.org/namespaces/1.2/basic/
	http://podlove.org/simple-chapters http://www.spotify.com/ns/rss http://www.rawvoice.com/rawvoiceRssModule/
	https://schema.acast.com/1.0/ http://turbo.yandex.ru http://news.mail.ru http://webfeeds.org/rss/1.0 http://www.smartnews.be/snf
	http://base.google.com/ns/1.0 http://schemas.google.com/g/2005 http://schemas.google.com/blogger/2008
	http://www.youtube.com/xml/schemas/2015 http://gdata.youtube.com/schemas/2007 http://source.scripting.com/
	https://source.scripting.com/ http://backend.userland.com/blogChannelModule http://microblog.reallysimplesyndication.org/
	http://activitystrea.ms/spec/1.0/ http://portablecontacts.net/spec/1.0 http://ostatus.org/schema/1.0 http://mastodon.social/schema/1.0
	http://xmlns.com/foaf/0.1/ http://schema.org/ https://rslstandard.org/rsl https://rslstandard.org/rss
	http://purl.org/syndication/bookmark/1.0 http://purl.org/syndication/opensearch/1.0 http://superfeedr.com/xmpp-pubsub-ext
	http://www.google.com/schemas/sitemap-image/1.1 http://www.google.com/schemas/sitemap-video/1.1
	http://www.google.com/schemas/sitemap-mobile/1.0 http://purl.org/net/rss1.1/payload# http://xml.apache.org/rss/`)

func set(words string) map[string]bool {
	all := map[string]bool{}
	for _, word := range strings.Fields(words) {
		all[word] = true
	}
	return all
}

// known are all namespaces by a spelling that forgives slashes, "https" and capitals.
var known = func() map[string]string {
	all := map[string]string{}
	for space := range modules {
		all[loose(space)] = space
	}
	for space := range others {
		all[loose(space)] = space
	}
	return all
}()

func loose(space string) string {
	space = strings.ToLower(strings.TrimRight(space, "/#"))
	_, rest, found := strings.Cut(space, "://")
	if !found {
		return space
	}
	return strings.TrimPrefix(rest, "www.")
}

// namespace takes a declared namespace down and returns the one that is meant.
func (c *checker) namespace(line int, prefix, uri string) string {
	c.declared[uri] = true
	if meant, ok := aliases[uri]; ok {
		return meant
	}
	meant, ok := known[loose(uri[:min(len(uri), 200)])]
	if !ok {
		meant, ok = usual[prefix] // a prefix that everybody uses for one namespace
	}
	if !ok || meant == uri || others[uri] {
		return uri
	}
	c.foundOnce(uri, line, "misspelt-namespace", "%q instead of %q", short(uri), meant)
	return meant
}

// module judges an element k of another namespace than the format's own.
func (c *checker) module(parent, k *node) {
	names, known := modules[k.space]
	switch {
	case strings.HasPrefix(k.space, "?"): // told as a prefix that is declared nowhere
	case k.space == "":
		c.found(k.line, "unknown-element", "<%s> in <%s>", k.name(), parent.name())
	case !known && !others[k.space]:
		c.foundOnce(k.space, k.line, "unknown-namespace", "%q of <%s>", short(k.space), k.name())
	case names != nil && !slices.Contains(names, k.local):
		c.found(k.line, "unknown-extension", "<%s>", k.name())
	case known && !k.open:
		c.extension(k)
	}
}

// extension judges an element of a module, and those in it.
func (c *checker) extension(n *node) {
	if check := extensions[n.space][n.local]; check != nil {
		check(c, n)
	} else if (n.space == nsDC || n.space == nsSyn) && n.value() == "" {
		c.found(n.line, "blank-element", "<%s>", n.name())
	}
	if n.space == nsMedia || n.space == nsITunes {
		for _, k := range n.kids {
			c.module(n, k)
		}
	}
}

var extensions = map[string]map[string]func(*checker, *node){
	nsAtom:    {"link": (*checker).atomLink},
	nsContent: {"encoded": (*checker).encoded},
	nsDC:      {"date": (*checker).nodeDateW3C, "language": (*checker).nodeLanguage},
	nsMedia:   {"content": (*checker).mediaContent, "thumbnail": (*checker).mediaThumbnail, "player": (*checker).mediaThumbnail},
	nsITunes: {"explicit": (*checker).itunes, "duration": (*checker).itunes, "image": (*checker).itunes, "category": (*checker).itunes,
		"episodeType": (*checker).itunes, "type": (*checker).itunes, "season": (*checker).itunes, "episode": (*checker).itunes},
	nsSyn:  {"updatePeriod": (*checker).rhythm, "updateFrequency": (*checker).rhythm, "updateBase": (*checker).nodeDateW3C},
	nsTomb: {"deleted-entry": (*checker).tombstone},
}

func (c *checker) nodeDateW3C(n *node) { c.dateW3C(n) }

func (c *checker) encoded(n *node) {
	switch {
	case len(n.kids) > 0:
		c.found(n.kids[0].line, "element-in-text", "<%s> in <%s>", n.kids[0].name(), n.name())
	case n.value() == "":
		c.found(n.line, "blank-element", "<%s>", n.name())
	default:
		c.html(n.passage(), n.based)
	}
}

func (c *checker) mediaContent(n *node) {
	if address, ok := n.attr("url"); ok {
		c.address(n.line, n.name(), address, uri, n.based)
	} else if n.kid(nsMedia, "player") == nil {
		c.found(n.line, "media-url", "<%s>", n.name())
	}
	if kind, ok := n.attr("type"); ok {
		c.fileType(n.line, n.name(), kind)
	}
	if medium, ok := n.attr("medium"); ok && !slices.Contains([]string{"image", "audio", "video", "document", "executable"}, medium) {
		c.found(n.line, "media-value", "medium=%q", short(medium))
	}
	c.mediaNumbers(n)
}

func (c *checker) mediaThumbnail(n *node) {
	if address, ok := n.attr("url"); ok {
		c.address(n.line, n.name(), address, uri, n.based)
	} else {
		c.found(n.line, "media-url", "<%s>", n.name())
	}
	c.mediaNumbers(n)
}

func (c *checker) mediaNumbers(n *node) {
	for _, name := range []string{"width", "height", "fileSize"} {
		if value, ok := n.attr(name); ok && whole(value) < 0 {
			c.found(n.line, "media-value", "%s=%q", name, short(value))
		}
	}
}

// podcasts are the values of Apple's elements that have few; "image" and "category" hold theirs in an attribute.
var podcasts = map[string]*regexp.Regexp{
	"explicit":    regexp.MustCompile(`^(?i:yes|no|clean|explicit|true|false)$`),
	"duration":    regexp.MustCompile(`^(?:[0-9]{1,6}(?:\.[0-9]+)?|(?:[0-9]{1,3}:)?[0-9]{1,2}:[0-9]{2})$`),
	"image":       regexp.MustCompile(`^https?://[^\s]+$`),
	"category":    regexp.MustCompile(`.`),
	"episodeType": regexp.MustCompile(`^(?i:full|trailer|bonus)$`),
	"type":        regexp.MustCompile(`^(?i:episodic|serial)$`),
	"season":      regexp.MustCompile(`^[0-9]{1,6}$`),
	"episode":     regexp.MustCompile(`^[0-9]{1,6}$`),
}

func (c *checker) itunes(n *node) {
	value := n.value()
	switch n.local {
	case "image":
		value, _ = n.attr("href")
	case "category":
		value, _ = n.attr("text")
	}
	if !podcasts[n.local].MatchString(value) {
		c.found(n.line, "itunes-value", "%s %q", n.name(), short(value))
	}
}

// rhythm judges how often a feed says that it changes.
func (c *checker) rhythm(n *node) {
	good := whole(n.value()) > 0
	if n.local == "updatePeriod" {
		good = slices.Contains([]string{"hourly", "daily", "weekly", "monthly", "yearly"}, n.value())
	}
	if !good {
		c.found(n.line, "sy-value", "%s %q", n.name(), short(n.value()))
	}
}
