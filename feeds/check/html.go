package check

import (
	"regexp"
	"strings"

	"golang.org/x/net/html"
)

const nsXHTML = "http://www.w3.org/1999/xhtml"

// A passage is text with the lines that it stands on.
type passage struct {
	text  string
	line  int
	marks []mark // in the order of text; none: all of it is on line
}

// lines returns the function that says on which line an offset is. It is asked with growing offsets only, so that
// nothing is counted twice.
func (p passage) lines() func(off int) int {
	at, line, marks := 0, p.line, p.marks
	return func(off int) int {
		for len(marks) > 0 && marks[0].off <= off {
			at, line, marks = marks[0].off, marks[0].line, marks[1:]
		}
		if len(p.marks) > 0 && off > at {
			line += strings.Count(p.text[at:off], "\n")
			at = off
		}
		return line
	}
}

// unsafeTags are elements that readers take out of an item's text, or that have no place in it.
var unsafeTags = map[string]bool{"script": true, "style": true, "iframe": true, "object": true, "embed": true, "applet": true,
	"form": true, "input": true, "button": true, "select": true, "textarea": true, "frame": true, "frameset": true, "link": true,
	"meta": true, "base": true, "html": true, "head": true, "body": true, "title": true, "noscript": true}

// addressed are the attributes that hold an address.
var addressed = map[string]bool{"href": true, "src": true, "poster": true, "cite": true, "data": true, "background": true,
	"longdesc": true, "action": true, "formaction": true}

var escapedTag = regexp.MustCompile(`&lt;/?(?:p|br|a|div|img|span|b|strong|i|em|ul|ol|li|h[1-6]|blockquote)(?:\s[^<>&]*)?/?&gt;`)

// html judges the HTML of an item. based says that relative addresses in it have a base.
func (c *checker) html(p passage, based bool) {
	if !strings.ContainsAny(p.text, "<&") {
		return
	}
	z, off, lines, tags := html.NewTokenizer(strings.NewReader(p.text)), 0, p.lines(), 0
	for {
		kind := z.Next()
		if kind == html.ErrorToken {
			break
		}
		size := len(z.Raw())
		if kind == html.StartTagToken || kind == html.SelfClosingTagToken {
			tags++
			c.startTag(z, lines(off), based)
		}
		off += size
	}
	if tags == 0 {
		if at := escapedTag.FindStringIndex(p.text); at != nil {
			c.found(p.lines()(at[0]), "double-escaped", "%s", short(p.text[at[0]:at[1]]))
		}
	}
}

func (c *checker) startTag(z *html.Tokenizer, line int, based bool) {
	name, more := z.TagName()
	tag := string(name)
	c.tag(tag, line)
	for more {
		var key, value []byte
		key, value, more = z.TagAttr()
		c.tagAttribute(tag, string(key), string(value), line, based)
	}
}

// xhtml judges the XHTML of an item.
func (c *checker) xhtml(n *node) {
	if n.space == nsXHTML {
		c.tag(n.local, n.line)
	}
	for _, a := range n.attrs {
		if a.space == "" && n.space == nsXHTML {
			c.tagAttribute(n.local, a.local, a.value, n.line, n.based)
		}
	}
	for _, k := range n.kids {
		c.xhtml(k)
	}
}

func (c *checker) tag(name string, line int) {
	if unsafeTags[name] {
		c.found(line, "html-element", "<%s>", name)
	}
}

func (c *checker) tagAttribute(tag, key, value string, line int, based bool) {
	switch {
	case strings.HasPrefix(key, "on") && len(key) > 2:
		c.found(line, "html-handler", "%s in <%s>", short(key), short(tag))
	case key == "srcset":
		for _, address := range candidates(value) {
			c.htmlAddress(tag, key, address, line, based)
		}
	case key == "data" && tag != "object": // a name that people use
	case addressed[key]:
		c.htmlAddress(tag, key, value, line, based)
	}
}

// candidates are the addresses of a srcset attribute.
func candidates(srcset string) []string {
	var all []string
	for {
		srcset = strings.TrimLeft(srcset, " \t\n,")
		if srcset == "" {
			return all
		}
		end := strings.IndexAny(srcset, " \t\n")
		if end < 0 {
			end = len(srcset)
		}
		address := srcset[:end]
		srcset = srcset[end:]
		if trimmed := strings.TrimRight(address, ","); trimmed != address {
			all = append(all, trimmed)
			continue
		}
		all = append(all, address)
		if end = strings.IndexByte(srcset, ','); end < 0 {
			return all
		}
		srcset = srcset[end:]
	}
}

var (
	scheme      = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9+.-]{0,30}:`)
	dropped     = strings.NewReplacer("\t", "", "\n", "", "\r", "", "\x00", "")
	unsafeStart = []string{"javascript:", "vbscript:", "data:", "file:"}
)

// htmlAddress judges an address in an item's text. Browsers drop line breaks in addresses, so "java\nscript:" is seen here
// as they see it.
func (c *checker) htmlAddress(tag, key, value string, line int, based bool) {
	begin := strings.TrimSpace(value)
	begin = strings.ToLower(dropped.Replace(begin[:min(len(begin), 100)]))
	picture := strings.HasPrefix(begin, "data:image/") && (key == "src" || key == "srcset" || key == "poster")
	for _, s := range unsafeStart {
		if strings.HasPrefix(begin, s) && !picture {
			c.found(line, "html-unsafe-address", "%s=%q in <%s>", key, short(value), short(tag))
			return
		}
	}
	if based || scheme.MatchString(begin) || strings.HasPrefix(begin, "#") {
		return
	}
	c.found(line, "html-relative-address", "%s=%q in <%s>", key, short(value), short(tag))
}

var (
	// inTitles are the tags that titles are written with by mistake: those that stand alone, and those that are closed.
	inTitles = regexp.MustCompile(`(?i)<(?:(?:br|hr|img|wbr)(?:\s[^<>]*)?/?|(a|abbr|b|big|cite|code|del|div|em|font|h[1-6]|i|ins|li|mark|nobr|p|q|s|small|span|strike|strong|sub|sup|tt|u|ul)(?:\s[^<>]*)?)>`)
	reserved = regexp.MustCompile(`&(?:#[0-9]{1,7}|#x[0-9A-Fa-f]{1,6}|[A-Za-z][A-Za-z0-9]{1,30});`)
)

// title judges a title that is plain text: markup in it is shown as it stands.
func (c *checker) title(line int, text string) {
	if m := markup(text); m != "" {
		c.found(line, "title-markup", "%q", short(m))
	}
}

// markup is the first element or character reference in what should be plain text, "" for none.
func markup(text string) string {
	if at := elementIn(text); at != nil {
		return text[at[0]:at[1]]
	}
	if m := reserved.FindString(text); m != "" && html.UnescapeString(m) != m && !isPlain(text) {
		return m
	}
	return ""
}

// isPlain reports whether a text with a reference in it cannot have been written as HTML: other ampersands or angle brackets
// stand in it bare, as in "AT&T wrote &amp;".
func isPlain(text string) bool {
	rest := reserved.ReplaceAllString(text, "")
	return strings.ContainsAny(rest, "&<")
}

// elementIn says where the first tag of an element stands in what should be plain text, nil for none. A tag that nothing
// closes is no markup: plain text may speak of <b>.
func elementIn(text string) []int {
	if !strings.Contains(text, "<") {
		return nil
	}
	lower := strings.ToLower(text)
	for _, at := range inTitles.FindAllStringSubmatchIndex(text, 20) {
		if at[2] < 0 || len(lower) == len(text) && strings.Contains(lower[at[1]:], "</"+lower[at[2]:at[3]]+">") {
			return at[:2]
		}
	}
	return nil
}
