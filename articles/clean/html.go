// Package clean is in charge of making foreign text safe and fit for every place we put it: pages, feeds, letters, the
// database. It writes no table and keeps no state.
//
// Whatever comes in, what comes out is valid UTF-8 without control characters; [HTML] has nothing but an allow-list of
// elements, attributes and absolute addresses; [Line] is one line of plain text. Every function takes any string and
// needs time in proportion to its length.
package clean

import (
	"errors"
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"github.com/microcosm-cc/bluemonday"
	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// errTooDeep is returned for HTML nested deeper than the parser goes.
var errTooDeep = errors.New("the HTML is nested more than 500 elements deep")

// HTML makes foreign HTML safe to show anywhere: on our pages, in feeds, in letters. Only an allow-list of
// elements and attributes is left; links are absolute http, https or mailto addresses, pictures http or https;
// frames, players and other embeds become links; forms, scripts, styles, handlers, comments and tracking pixels go.
// Relative addresses are resolved against base, an absolute address. With own, base is the article's own page, and
// links to its own fragments work (ids get the prefix "a-", so that none meets one of the page's).
func HTML(source string, base *url.URL, own bool) (string, error) {
	root, err := parseFragment(Text(source))
	if err != nil {
		return "", err
	}
	c := cleaner{base: base, own: own}
	clean := newElement("body")
	c.copy(clean, root)
	var b strings.Builder
	for n := clean.FirstChild; n != nil; n = n.NextSibling {
		if err := html.Render(&b, n); err != nil {
			return "", err
		}
	}
	// bluemonday comes last: whatever was done before, nothing but its allow-list goes out.
	return strings.TrimSpace(Text(policy.Sanitize(b.String()))), nil
}

// parseFragment parses source as the content of a body and returns that body.
func parseFragment(source string) (*html.Node, error) {
	root := &html.Node{Type: html.ElementNode, Data: "body", DataAtom: atom.Body}
	// Without scripting the content of <noscript>, often the real picture, is parsed too.
	nodes, err := html.ParseFragmentWithOptions(strings.NewReader(source), root, html.ParseOptionEnableScripting(false))
	if err != nil {
		return nil, errTooDeep
	}
	for _, n := range nodes {
		root.AppendChild(n)
	}
	return root, nil
}

// policy is the allow-list. It is never changed, and safe to use from many goroutines.
var policy = newPolicy()

var (
	number     = regexp.MustCompile(`^[0-9]{1,5}$`)
	identifier = regexp.MustCompile(`^a-[\p{L}\p{N}_:.-]{1,100}$`)
	pictureSet = regexp.MustCompile(`^https?://[^\s]+(?: [0-9.]+[wx])?(?:, https?://[^\s]+(?: [0-9.]+[wx])?)*$`)
	picture    = regexp.MustCompile(`^https?://`)
)

func newPolicy() *bluemonday.Policy {
	p := bluemonday.NewPolicy()
	p.AllowElements(kept...)
	p.AllowURLSchemes("http", "https", "mailto")
	p.RequireParseableURLs(true)
	p.AllowAttrs("lang").Matching(regexp.MustCompile(`^[a-zA-Z]{2,8}(-[a-zA-Z0-9]{1,8})*$`)).Globally()
	p.AllowAttrs("dir").Matching(regexp.MustCompile(`^(?i:ltr|rtl|auto)$`)).Globally()
	p.AllowAttrs("title").Globally()
	p.AllowAttrs("id").Matching(identifier).Globally()
	p.AllowAttrs("href").OnElements("a")
	p.AllowAttrs("rel").Matching(regexp.MustCompile(`^(?:nofollow|sponsored|ugc)(?: (?:nofollow|sponsored|ugc))*$`)).OnElements("a")
	p.AllowAttrs("cite").OnElements("blockquote", "q", "del", "ins")
	p.AllowAttrs("datetime").Matching(regexp.MustCompile(`^[0-9TZ:+. -]{4,40}$`)).OnElements("time", "del", "ins")
	p.AllowAttrs("alt", "sizes").OnElements("img")
	p.AllowAttrs("src").Matching(picture).OnElements("img")
	p.AllowAttrs("srcset").Matching(pictureSet).OnElements("img")
	p.AllowAttrs("width", "height").Matching(number).OnElements("img")
	p.AllowAttrs("loading").Matching(regexp.MustCompile(`^(?:lazy|eager)$`)).OnElements("img")
	p.AllowAttrs("colspan", "rowspan").Matching(number).OnElements("td", "th")
	p.AllowAttrs("scope").Matching(regexp.MustCompile(`^(?:row|col|rowgroup|colgroup)$`)).OnElements("th")
	p.AllowAttrs("span").Matching(number).OnElements("col", "colgroup")
	p.AllowAttrs("start", "value").Matching(regexp.MustCompile(`^-?[0-9]{1,5}$`)).OnElements("ol", "li")
	p.AllowAttrs("reversed").OnElements("ol")
	return p
}

// kept are the elements that an article may have.
var kept = []string{"p", "br", "hr", "h2", "h3", "h4", "h5", "h6", "blockquote", "q", "pre", "code", "samp", "kbd", "var",
	"ul", "ol", "li", "dl", "dt", "dd", "table", "thead", "tbody", "tfoot", "tr", "th", "td", "caption", "colgroup", "col",
	"figure", "figcaption", "img", "a", "em", "strong", "b", "i", "u", "s", "del", "ins", "sub", "sup", "small", "mark", "abbr",
	"time", "cite", "dfn", "details", "summary", "div", "ruby", "rt", "rp", "wbr"}

// renamed are elements that have a plain relative. The page has its one h1 already.
var renamed = map[string]string{"h1": "h2", "strike": "s", "tt": "code", "acronym": "abbr", "menu": "ul", "dir": "ul",
	"center": "div", "section": "div", "article": "div", "main": "div", "header": "div", "footer": "div", "aside": "div",
	"nav": "div", "address": "div", "hgroup": "div", "dialog": "div", "search": "div", "form": "div", "fieldset": "div", "legend": "div",
	"xmp": "pre", "listing": "pre", "plaintext": "pre"}

// dropped go with all that they contain; every other element that is not kept leaves its content behind.
var dropped = setOf("script", "style", "svg", "math", "template", "head", "title", "meta", "link", "base", "frame", "frameset",
	"noframes", "noembed", "applet", "canvas", "input", "select", "option", "optgroup", "button", "textarea", "datalist",
	"output", "progress", "meter", "map", "area", "param", "track", "source", "bgsound", "marquee", "portal", "fencedframe")

var (
	keptSet   = setOf(kept...)
	embeds    = setOf("iframe", "video", "audio", "embed", "object")
	emptiable = setOf("p", "div", "a", "ul", "ol", "li", "figure", "figcaption", "blockquote", "h2", "h3", "h4", "h5", "h6", "em", "strong", "b", "i", "u")
)

func setOf(names ...string) map[string]bool {
	set := make(map[string]bool, len(names))
	for _, name := range names {
		set[name] = true
	}
	return set
}

// A cleaner copies what is allowed of one tree into another, which takes the same time for each node, however deep.
type cleaner struct {
	base *url.URL
	own  bool
}

func (c cleaner) copy(to, from *html.Node) {
	for n := from.FirstChild; n != nil; n = n.NextSibling {
		c.node(to, n)
	}
}

func (c cleaner) node(to, n *html.Node) {
	switch {
	case n.Type == html.TextNode:
		to.AppendChild(&html.Node{Type: html.TextNode, Data: Text(n.Data)}) // "&#1;" is decoded by now
	case n.Type != html.ElementNode, n.Namespace != "", dropped[n.Data]:
	case embeds[n.Data]:
		c.embed(to, n)
	case n.Data == "img":
		c.image(to, n)
	default:
		c.element(to, n)
	}
}

func (c cleaner) element(to, n *html.Node) {
	name := n.Data
	if relative, ok := renamed[name]; ok {
		name = relative
	}
	clean := newElement(name, c.attributes(n.Attr)...)
	named := attribute(clean, "id") != ""
	if !keptSet[name] || name == "a" && attribute(clean, "href") == "" && !named {
		c.copy(to, n)
		return
	}
	to.AppendChild(clean)
	c.copy(clean, n)
	if emptiable[name] && isEmpty(clean) && !named {
		to.RemoveChild(clean)
	}
}

// attributes makes addresses absolute and drops the bad ones; which other attributes stay is the policy's matter.
func (c cleaner) attributes(all []html.Attribute) (clean []html.Attribute) {
	for _, a := range all {
		a.Val = Text(a.Val)
		switch {
		case a.Namespace != "":
			continue
		case a.Key == "href":
			a.Val = c.link(a.Val)
		case a.Key == "cite":
			a.Val = c.address(a.Val)
		case a.Key == "id":
			a.Val = c.identifier(a.Val)
		case a.Key == "rel":
			a.Val = keepRel(a.Val)
		default:
			clean = append(clean, a)
			continue
		}
		if a.Val != "" {
			clean = append(clean, a)
		}
	}
	return clean
}

// image copies a picture that has an address and is no tracking pixel.
func (c cleaner) image(to, n *html.Node) {
	src := ""
	for _, key := range []string{"src", "data-src", "data-lazy-src", "data-original"} { // lazy loaders put a stub into src
		if src = c.address(attribute(n, key)); src != "" {
			break
		}
	}
	set, first := c.sourceSet(attribute(n, "srcset"))
	if src == "" {
		src = first
	}
	if src == "" || isPixel(n) {
		return
	}
	alt := strings.Join(strings.Fields(Text(attribute(n, "alt"))), " ")
	clean := newElement("img", html.Attribute{Key: "src", Val: src}, html.Attribute{Key: "alt", Val: alt})
	add := func(key, value string) {
		if value = strings.TrimSpace(Text(value)); value != "" {
			clean.Attr = append(clean.Attr, html.Attribute{Key: key, Val: value})
		}
	}
	add("srcset", set)
	for _, key := range []string{"sizes", "width", "height", "title"} {
		add(key, attribute(n, key))
	}
	loading := attribute(n, "loading")
	if loading != "eager" {
		loading = "lazy"
	}
	add("loading", loading)
	to.AppendChild(clean)
}

func isPixel(n *html.Node) bool {
	for _, key := range []string{"width", "height"} {
		size, err := strconv.Atoi(strings.TrimSuffix(strings.TrimSpace(attribute(n, key)), "px"))
		if err == nil && size <= 1 {
			return true
		}
	}
	return false
}

var descriptor = regexp.MustCompile(`^[0-9]+(?:\.[0-9]+)?[wx]$`)

const mostSources = 20

// sourceSet rewrites a srcset (HTML, "parse a srcset attribute": an address may itself contain commas) and returns
// its first address too.
func (c cleaner) sourceSet(set string) (rewritten, first string) {
	var all []string
	for set = strings.TrimLeft(set, " \t\n\r\f,"); set != "" && len(all) < mostSources; set = strings.TrimLeft(set, " \t\n\r\f,") {
		raw, rest := set, ""
		if i := strings.IndexAny(set, " \t\n\r\f"); i >= 0 {
			raw, rest = set[:i], set[i:]
		}
		size := ""
		if trimmed := strings.TrimRight(raw, ","); trimmed != raw {
			raw = trimmed
		} else {
			size, rest, _ = strings.Cut(rest, ",")
			size = strings.TrimSpace(size)
		}
		set = rest
		address := c.address(raw)
		if address == "" || strings.HasSuffix(address, ",") || size != "" && !descriptor.MatchString(size) {
			continue
		}
		if first == "" {
			first = address
		}
		all = append(all, strings.TrimSpace(address+" "+size))
	}
	return strings.Join(all, ", "), first
}

// keepRel keeps what tells search engines about a link; the rest of rel is the page's own business.
func keepRel(rel string) string {
	var words []string
	for _, word := range strings.Fields(strings.ToLower(rel)) {
		if word == "nofollow" || word == "sponsored" || word == "ugc" {
			words = append(words, word)
		}
	}
	return strings.Join(words, " ")
}

func attribute(n *html.Node, key string) string {
	for _, a := range n.Attr {
		if a.Key == key && a.Namespace == "" {
			return a.Val
		}
	}
	return ""
}

func isEmpty(n *html.Node) bool {
	for child := n.FirstChild; child != nil; child = child.NextSibling {
		if child.Type != html.TextNode || strings.TrimSpace(child.Data) != "" {
			return false
		}
	}
	return true
}
