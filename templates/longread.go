package templates

import (
	"fmt"
	html "html/template"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/html/atom"

	nethtml "golang.org/x/net/html"
)

// A mailed text is an article's as a letter has it: HTML with its styles beside each element, since mail programs drop stylesheets,
// and plain text with the same links in the same order.
type mailed struct {
	HTML  html.HTML
	Text  string
	Whole bool // nothing was left out at the end
}

// mailText prepares the HTML of an article for a letter, at most so many runes of its text. What mail programs cannot show, as a
// film, becomes a link to the article.
func mailText(lang, site, address, body string, runes int) mailed {
	nodes, err := nethtml.ParseFragment(strings.NewReader(body), &nethtml.Node{Type: nethtml.ElementNode, DataAtom: atom.Div, Data: "div"})
	if err != nil {
		return mailed{Whole: true} // the parser takes anything; only a reader can fail
	}
	root := &nethtml.Node{Type: nethtml.ElementNode, Data: "div"}
	for _, n := range nodes {
		root.AppendChild(n)
	}
	fit := fitter{lang: lang, site: site, address: address}
	fit.children(root)
	whole := shorten(root, runes)
	var b strings.Builder
	for n := range root.ChildNodes() {
		if err := nethtml.Render(&b, n); err != nil {
			return mailed{}
		}
		b.WriteByte('\n')
	}
	return mailed{HTML: html.HTML(b.String()), Text: plainText(root), Whole: whole} // every element and attribute in it is one of ours
}

// mailStyles are the elements that stay, with the style that each gets. What it is in says the font, and programs put their own space between paragraphs.
var mailStyles = map[string]string{
	"p": "", "h2": "font:bold 22px/28px Georgia,serif", "h3": "font:bold 19px/25px Georgia,serif", "h4": "font:bold 17px/24px Georgia,serif",
	"ul": "padding:0 0 0 24px", "ol": "padding:0 0 0 28px", "li": "padding:0 0 6px", "dl": "", "dt": "font-weight:bold", "dd": "padding:0 0 6px", "blockquote": "margin:0;border-left:3px solid #8f1d1d;padding:0 0 0 18px", "figure": "margin:0",
	"figcaption": "padding:6px 0 0;font:14px/20px Arial,sans-serif;color:#5c574d", "a": "color:#8f1d1d",
	"pre": "font:14px/20px monospace;white-space:pre-wrap", "code": "font-family:monospace",
	"table": "border-collapse:collapse;font:15px/21px Georgia,serif", "th": "border-bottom:1px solid #1b1a17;padding:6px 10px 6px 0",
	"td": "border-bottom:1px solid #d9d3c5;padding:6px 10px 6px 0", "hr": "",
	"thead": "", "tbody": "", "tr": "", "caption": "",
	"strong": "", "b": "", "em": "", "i": "", "s": "", "u": "", "sub": "", "sup": "", "br": "", "q": "", "cite": "", "small": "",
	"img": "display:block;width:100%;height:auto;font:14px/20px Arial,sans-serif",
}

// mailClasses are those that the dark scheme of the letter's template knows.
var mailClasses = map[string]string{"figcaption": "soft", "a": "red", "td": "rule", "th": "line"}

// gone are elements whose content is no text; those of embeds leave a link.
var (
	gone    = []string{"script", "style", "template", "noscript", "form", "input", "button", "select", "textarea", "svg", "math", "head", "title", "link", "meta"}
	embeds  = []string{"iframe", "video", "audio", "object", "embed"}
	renamed = map[string]string{"h1": "h2", "h5": "h4", "h6": "h4", "strike": "s", "del": "s", "summary": "p", "tfoot": "tbody"}
)

type fitter struct{ lang, site, address string }

// children makes everything below n fit for mail.
func (f fitter) children(n *nethtml.Node) {
	for c := n.FirstChild; c != nil; {
		next := c.NextSibling
		switch {
		case c.Type == nethtml.TextNode:
			if n.Data == "div" && strings.TrimSpace(c.Data) == "" {
				n.RemoveChild(c)
			}
			if within(n, "pre") { // indentation is dropped from letters
				c.Data = strings.ReplaceAll(c.Data, "  ", "\u00a0 ")
			}
		case c.Type != nethtml.ElementNode || slices.Contains(gone, c.Data):
			n.RemoveChild(c)
		case slices.Contains(embeds, c.Data):
			n.InsertBefore(f.instead(), c)
			n.RemoveChild(c)
		default:
			f.children(c)
			f.element(n, c)
		}
		c = next
	}
}

// element gives c its style, or leaves its content alone where mail has no such element.
func (f fitter) element(parent, c *nethtml.Node) {
	if to := renamed[c.Data]; to != "" {
		c.Data, c.DataAtom = to, 0
	}
	style, known := mailStyles[c.Data]
	if c.Data == "img" {
		known = f.image(c)
		if !known {
			parent.RemoveChild(c)
			return
		}
	}
	href := ""
	if c.Data == "a" {
		href = f.link(attribute(c, "href"))
		known = href != "" && c.FirstChild != nil
	}
	if !known {
		for c.FirstChild != nil {
			child := c.FirstChild
			c.RemoveChild(child)
			parent.InsertBefore(child, c)
		}
		parent.RemoveChild(c)
		return
	}
	keep := map[string][]string{"img": {"src", "alt", "width"}, "td": {"colspan", "rowspan"}, "th": {"colspan", "rowspan", "scope"}, "ol": {"start"}}[c.Data]
	c.Attr = slices.DeleteFunc(c.Attr, func(a nethtml.Attribute) bool { return a.Key != "lang" && !slices.Contains(keep, a.Key) })
	if href != "" {
		c.Attr = append(c.Attr, nethtml.Attribute{Key: "href", Val: href})
	}
	if class := mailClasses[c.Data]; class != "" {
		c.Attr = append(c.Attr, nethtml.Attribute{Key: "class", Val: class})
	}
	if style != "" && !hasAttribute(c, "style") {
		c.Attr = append(c.Attr, nethtml.Attribute{Key: "style", Val: style})
	}
}

// image resolves a picture's address and gives it a width, and reports whether mail can show it.
func (f fitter) image(c *nethtml.Node) bool {
	src := mailable(f.site, attribute(c, "src"))
	if src == "" {
		return false
	}
	width, err := strconv.Atoi(attribute(c, "width"))
	small := err == nil && width > 0 && width < 300
	if !small {
		width = 584
	}
	c.Attr = []nethtml.Attribute{{Key: "src", Val: src}, {Key: "alt", Val: attribute(c, "alt")}, {Key: "width", Val: strconv.Itoa(width)}}
	if small {
		c.Attr = append(c.Attr, nethtml.Attribute{Key: "style", Val: "height:auto"})
	}
	return true
}

// link is an address that may be followed from a letter, or "".
func (f fitter) link(href string) string {
	if strings.HasPrefix(href, "#") {
		return ""
	}
	href = absolute(f.site, href)
	for _, scheme := range []string{"http://", "https://", "mailto:"} {
		if strings.HasPrefix(href, scheme) {
			return href
		}
	}
	return ""
}

// instead is what stands in place of a film or another page.
func (f fitter) instead() *nethtml.Node {
	p := &nethtml.Node{Type: nethtml.ElementNode, Data: "p"}
	a := &nethtml.Node{Type: nethtml.ElementNode, Data: "a", Attr: []nethtml.Attribute{{Key: "href", Val: f.address}, {Key: "class", Val: "red"}, {Key: "style", Val: mailStyles["a"]}}}
	a.AppendChild(&nethtml.Node{Type: nethtml.TextNode, Data: Text(f.lang, "see_at_site")})
	p.AppendChild(a)
	return p
}

func within(n *nethtml.Node, name string) bool {
	for ; n != nil; n = n.Parent {
		if n.Data == name {
			return true
		}
	}
	return false
}

func attribute(n *nethtml.Node, key string) string {
	for _, a := range n.Attr {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}

func hasAttribute(n *nethtml.Node, key string) bool {
	return slices.ContainsFunc(n.Attr, func(a nethtml.Attribute) bool { return a.Key == key })
}

// shorten leaves at most n runes of text: it ends between paragraphs where it can, and never with a heading. It reports whether
// everything stayed.
func shorten(root *nethtml.Node, n int) (whole bool) {
	var keep *nethtml.Node
	for c := root.FirstChild; c != nil; c = c.NextSibling {
		size := len([]rune(content(c)))
		if size > n {
			if keep == nil || size > 2*openingRunes {
				trim(c, &n)
				keep = c
			}
			break
		}
		n -= size
		keep = c
	}
	whole = true
	for root.LastChild != nil && root.LastChild != keep {
		root.RemoveChild(root.LastChild)
		whole = false
	}
	if n < 0 {
		whole = false
	}
	for !whole && root.LastChild != nil && strings.HasPrefix(root.LastChild.Data, "h") {
		root.RemoveChild(root.LastChild)
	}
	return whole
}

// trim leaves n runes below a node, and makes n negative when something went.
func trim(c *nethtml.Node, n *int) {
	if c.Type == nethtml.TextNode {
		if size := utf8.RuneCountInString(c.Data); size > *n {
			c.Data = cut(c.Data, max(2, *n))
			*n = -1
		} else {
			*n -= size
		}
		return
	}
	for child := c.FirstChild; child != nil; {
		next := child.NextSibling
		if *n < 0 {
			c.RemoveChild(child)
		} else {
			trim(child, n)
		}
		child = next
	}
}

// content is the text below a node.
func content(n *nethtml.Node) string {
	if n.Type == nethtml.TextNode {
		return n.Data
	}
	var b strings.Builder
	for c := range n.ChildNodes() {
		b.WriteString(content(c))
	}
	return b.String()
}

// plainText is what a text part has of a mailed article: paragraphs of 72 runes, each followed by the addresses of its links.
func plainText(root *nethtml.Node) string {
	w := &plainWriter{}
	for n := range root.ChildNodes() {
		w.block(n, "")
	}
	w.flush("")
	return strings.TrimSpace(w.out.String())
}

// A plainWriter gathers a line of text until a block ends.
type plainWriter struct {
	out    strings.Builder
	line   strings.Builder
	bullet string   // before the next paragraph, of an item of a list
	links  []string // of the line
	count  int      // of all links before them
}

func (w *plainWriter) block(n *nethtml.Node, indent string) {
	if n.Type == nethtml.TextNode {
		w.line.WriteString(n.Data)
		return
	}
	switch n.Data {
	case "p", "h2", "h3", "h4", "figure", "figcaption", "pre", "table", "tr", "ul", "ol", "dl", "dt", "dd", "caption":
		w.flush(indent)
		w.below(n, indent)
		w.flush(indent)
	case "blockquote":
		w.flush(indent)
		w.below(n, indent+"    ")
		w.flush(indent + "    ")
	case "li":
		w.flush(indent)
		w.bullet = marker(n) + " "
		w.below(n, indent+"  ")
		w.flush(indent + "  ")
	case "hr":
		w.flush(indent)
		w.out.WriteString(indent + "* * *\n\n")
	case "br":
		w.line.WriteByte(' ')
	case "td", "th":
		w.below(n, indent)
		w.line.WriteString("  ")
	case "img":
		if alt := attribute(n, "alt"); alt != "" {
			w.line.WriteString(" [" + alt + "] ")
		}
	case "a":
		w.link(n, indent)
	default:
		w.below(n, indent)
	}
}

// link writes the words of a link and keeps its address, which stands below the paragraph.
func (w *plainWriter) link(n *nethtml.Node, indent string) {
	w.below(n, indent)
	w.links = append(w.links, attribute(n, "href"))
	fmt.Fprintf(&w.line, " [%d]", w.count+len(w.links))
}

func (w *plainWriter) below(n *nethtml.Node, indent string) {
	for c := range n.ChildNodes() {
		w.block(c, indent)
	}
}

// marker is what stands before an item of a list.
func marker(li *nethtml.Node) string {
	if li.Parent == nil || li.Parent.Data != "ol" {
		return "-"
	}
	n := 1
	if start, err := strconv.Atoi(attribute(li.Parent, "start")); err == nil {
		n = start
	}
	for c := li.PrevSibling; c != nil; c = c.PrevSibling {
		if c.Data == "li" {
			n++
		}
	}
	return strconv.Itoa(n) + "."
}

// flush ends a paragraph.
func (w *plainWriter) flush(indent string) {
	words := strings.TrimSpace(w.line.String())
	w.line.Reset()
	if words != "" {
		first := indent
		if w.bullet != "" {
			first = indent[:max(0, len(indent)-2)] + w.bullet
			w.bullet = ""
		}
		w.out.WriteString(first + wrap(len(indent), words) + "\n")
	}
	for _, link := range w.links {
		w.count++
		fmt.Fprintf(&w.out, "%s[%d] %s\n", indent, w.count, link)
	}
	if words != "" || len(w.links) > 0 {
		w.out.WriteByte('\n')
	}
	w.links = nil
}
