package check

import (
	"encoding/xml"
	"io"
	"regexp"
	"slices"
	"strings"
)

// maxRestarts is how often reading begins anew after a fault that the decoder does not get over.
const maxRestarts = 1000

// A reader makes the tree of an XML document. encoding/xml finds the tokens; the reader looks at how each is written,
// matches the tags, resolves the prefixes and goes on after faults, so that one of them hides no other.
type reader struct {
	c        *checker
	text     string
	safe     []byte // text with spaces where the decoder would stop; of the same length
	decoder  *xml.Decoder
	base     int // where in text the decoder began
	at, line int // how far lines are counted
	stack    []frame
	root     *node
	nodes    int
	restarts int
	entities map[string]bool // what the document itself declares
	stop     bool            // it is not read to its end
}

// A frame is an open element with the namespaces that are declared in it.
type frame struct {
	n     *node
	scope *scope
}

type scope struct {
	uris  map[string]string
	outer *scope
}

func (s *scope) resolve(prefix string) (string, bool) {
	for ; s != nil; s = s.outer {
		if uri, ok := s.uris[prefix]; ok {
			return uri, true
		}
	}
	return "", prefix == ""
}

// tree reads the document; nil if there is no element in it.
func (c *checker) tree(text string) *node {
	r := &reader{c: c, text: text, line: 1, entities: map[string]bool{}}
	r.safe = safe(text)
	r.declaration()
	r.restart(0)
	for !r.stop && r.token() {
	}
	r.close()
	return r.root
}

// restart sets a new decoder to work at an offset.
func (r *reader) restart(off int) {
	r.base = off
	r.decoder = xml.NewDecoder(&bytesFrom{r.safe, off})
	r.decoder.Strict = false
	r.decoder.Entity = xml.HTMLEntity
	r.decoder.CharsetReader = func(_ string, in io.Reader) (io.Reader, error) { return in, nil }
}

// bytesFrom reads a slice that may still change in front of it.
type bytesFrom struct {
	all []byte
	off int
}

func (b *bytesFrom) ReadByte() (byte, error) {
	if b.off >= len(b.all) {
		return 0, io.EOF
	}
	b.off++
	return b.all[b.off-1], nil
}

func (b *bytesFrom) Read(p []byte) (int, error) {
	if b.off >= len(b.all) {
		return 0, io.EOF
	}
	n := copy(p, b.all[b.off:])
	b.off += n
	return n, nil
}

// count moves the count of lines on to an offset.
func (r *reader) count(off int) {
	if off > r.at {
		r.line += strings.Count(r.text[r.at:off], "\n")
		r.at = off
	}
}

// token reads one token; false at the end.
func (r *reader) token() bool {
	start := r.base + int(r.decoder.InputOffset())
	r.count(start)
	r.prepare(start)
	t, err := r.decoder.RawToken()
	if err == io.EOF {
		return false
	}
	if err != nil {
		return r.recover(start, err)
	}
	r.take(t, start, r.text[start:r.base+int(r.decoder.InputOffset())])
	return true
}

func (r *reader) take(t xml.Token, start int, raw string) {
	switch t := t.(type) {
	case xml.StartElement:
		r.tag(raw)
		r.start(t)
	case xml.EndElement:
		r.references(raw)
		r.end(t.Name, raw == "")
	case xml.CharData:
		r.characters(t, raw)
	case xml.ProcInst:
		r.instruction(t, start, raw)
	case xml.Directive:
		r.directive(raw)
	}
}

// A closing says how what the decoder may refuse begins and ends.
type closing struct{ begin, end string }

var closings = []closing{{"<!--", "-->"}, {"<![CDATA[", "]]>"}, {"<?", "?>"}, {"<", ">"}, {"", "<"}}

// recover goes on after a fault: behind the tag, instruction or comment, else behind the first character. What runs on
// to the end of the document ends the reading, so that nothing is read twice.
func (r *reader) recover(start int, err error) bool {
	rest := r.text[start:]
	kind := closings[slices.IndexFunc(closings, func(c closing) bool { return strings.HasPrefix(rest, c.begin) })]
	tag := kind.begin == "<" && tagName.MatchString(rest[:min(len(rest), 100)])
	end := strings.Index(rest, kind.end)
	ran := r.base+int(r.decoder.InputOffset()) >= len(r.text) && !tag
	if r.restarts++; end < 0 || ran || r.restarts > maxRestarts {
		r.c.found(r.line, "markup-error", "%s", plain(err))
		r.stop = true
		return false
	}
	switch {
	case tag:
		r.brokenTag(rest[:end+1], err)
		r.restart(start + end + 1)
		return true
	case kind.begin == "<": // it begins nothing: what follows is text
		end = 1
	case kind.begin != "":
		end += len(kind.end)
	}
	r.c.found(r.line, "markup-error", "%s", plain(err))
	r.restart(start + end)
	return true
}

// plain is the decoder's message in the words of its reader.
func plain(err error) string {
	s, ok := err.(*xml.SyntaxError)
	switch {
	case !ok:
		return short(strings.TrimPrefix(err.Error(), "xml: "))
	case strings.HasPrefix(s.Msg, "unexpected EOF"):
		return "the document ends in the middle of a tag, comment, section or reference"
	}
	return short(s.Msg)
}

var tagName = regexp.MustCompile(`^</?([\pL_][\pL\pN_.-]*)(?::([\pL_][\pL\pN_.-]*))?`)

// brokenTag takes a tag that the decoder refused for what it is meant to be, without its attributes.
func (r *reader) brokenTag(raw string, err error) {
	m := tagName.FindStringSubmatch(raw)
	name := xml.Name{Local: m[1]}
	if m[2] != "" {
		name = xml.Name{Space: m[1], Local: m[2]}
	}
	if strings.HasPrefix(raw, "</") {
		r.c.found(r.line, "markup-error", "%s", plain(err))
		r.end(name, false)
		return
	}
	if !r.tag(raw) {
		r.c.found(r.line, "markup-error", "%s", plain(err))
	}
	r.start(xml.StartElement{Name: name})
	if strings.HasSuffix(raw, "/>") {
		r.end(name, true)
	}
}

func (r *reader) start(t xml.StartElement) {
	if r.full() {
		return
	}
	var top frame
	if len(r.stack) > 0 {
		top = r.stack[len(r.stack)-1]
	}
	inner := r.scope(t.Attr, top.scope)
	n := r.node(t, inner)
	switch {
	case top.n != nil:
		top.n.kids = append(top.n.kids, n)
		n.based = n.based || top.n.based
	case r.root == nil:
		r.root = n
	default:
		r.c.foundOnce("", r.line, "outside-root", "<%s>", n.name())
	}
	r.stack = append(r.stack, frame{n, inner})
}

// full says whether there is no room for one more element; then the reading ends.
func (r *reader) full() bool {
	switch {
	case len(r.stack) >= maxDepth:
		r.c.found(r.line, "too-deep", "")
	case r.nodes >= maxNodes:
		r.c.found(r.line, "too-many-elements", "")
	default:
		r.nodes++
		return false
	}
	r.stop = true
	return true
}

// scope is outer with the namespaces that a start tag declares.
func (r *reader) scope(attrs []xml.Attr, outer *scope) *scope {
	var inner *scope
	for _, a := range attrs {
		prefix := a.Name.Local
		if a.Name.Space != "xmlns" {
			if a.Name.Space != "" || a.Name.Local != "xmlns" {
				continue
			}
			prefix = ""
		}
		if inner == nil {
			inner = &scope{map[string]string{}, outer}
		}
		inner.uris[prefix] = r.c.namespace(r.line, prefix, strings.TrimSpace(a.Value))
	}
	if inner == nil {
		return outer
	}
	return inner
}

func (r *reader) node(t xml.StartElement, s *scope) *node {
	n := &node{prefix: t.Name.Space, local: t.Name.Local, line: r.line}
	n.space = r.resolve(s, t.Name.Space)
	for _, a := range t.Attr {
		if a.Name.Space == "xmlns" || a.Name.Space == "" && a.Name.Local == "xmlns" {
			continue
		}
		space := ""
		if a.Name.Space != "" {
			space = r.resolve(s, a.Name.Space)
		}
		n.attrs = append(n.attrs, attr{space, a.Name.Local, a.Value})
		if space == nsXML && a.Name.Local == "base" && strings.Contains(a.Value, "://") {
			n.based = true
		}
	}
	return n
}

func (r *reader) resolve(s *scope, prefix string) string {
	if prefix == "xml" {
		return nsXML
	}
	uri, ok := s.resolve(prefix)
	if ok {
		return uri
	}
	r.c.foundOnce(prefix, r.line, "undeclared-prefix", "%q", short(prefix))
	if uri, ok = usual[prefix]; ok {
		return uri
	}
	return "?" + prefix
}

// end closes the element of that name, and whatever was left open in it.
func (r *reader) end(name xml.Name, itself bool) {
	last := len(r.stack) - 1
	for i := last; i >= 0; i-- {
		n := r.stack[i].n
		if n.prefix != name.Space || n.local != name.Local {
			continue
		}
		if i != last && !itself {
			inside := r.stack[last].n
			r.c.found(r.line, "mismatched-tag", "</%s> before <%s> of line %d is closed", n.name(), inside.name(), inside.line)
		}
		for _, f := range r.stack[i:] {
			f.n.text, f.n.raw = string(f.n.raw), nil
		}
		r.stack = r.stack[:i]
		return
	}
	r.c.found(r.line, "mismatched-tag", "</%s> closes nothing", (&node{prefix: name.Space, local: name.Local}).name())
}

// close ends the reading: what is still open ends with the document.
func (r *reader) close() {
	for _, f := range r.stack {
		f.n.text, f.n.raw, f.n.open = string(f.n.raw), nil, true
	}
	if len(r.stack) > 0 && !r.stop {
		n := r.stack[len(r.stack)-1].n
		r.c.found(n.line, "unclosed-tag", "<%s>", n.name())
	}
}

func (r *reader) characters(data []byte, raw string) {
	if !strings.HasPrefix(raw, "<![CDATA[") {
		r.references(raw)
	}
	blank := strings.TrimSpace(string(data)) == ""
	if len(r.stack) == 0 {
		if !blank {
			line := r.line + strings.Count(raw[:len(raw)-len(strings.TrimLeft(raw, " \t\n"))], "\n")
			r.c.foundOnce("", line, "outside-root", "%q", short(string(data)))
		}
		return
	}
	n := r.stack[len(r.stack)-1].n
	if blank && len(n.raw) == 0 {
		return
	}
	n.marks = append(n.marks, mark{len(n.raw), r.line})
	n.raw = append(n.raw, data...)
}

func (r *reader) instruction(t xml.ProcInst, start int, raw string) {
	switch {
	case !strings.ContainsAny(raw[len("<?")+len(t.Target):][:1], " \t\n?"), t.Target == "xml" && start == 0: // a good declaration is hidden
		r.c.found(r.line, "markup-error", "%q", short(raw))
	case strings.EqualFold(t.Target, "xml") && start > 0:
		r.c.found(r.line, "late-declaration", "")
	case t.Target == "xml-stylesheet" && strings.Contains(string(t.Inst), "xsl"):
		r.c.found(r.line, "xslt", "%s", short(string(t.Inst)))
	}
}

var entity = regexp.MustCompile(`<!ENTITY\s+(%\s+)?([\pL_][\pL\pN_.-]{0,60})`)

func (r *reader) directive(raw string) {
	if !strings.HasPrefix(raw, "<!DOCTYPE") || r.root != nil {
		r.c.found(r.line, "markup-error", "%s", short(raw))
		return
	}
	r.c.found(r.line, "doctype", "%s", short(raw))
	for _, m := range entity.FindAllStringSubmatchIndex(raw, maxFindings) {
		name := raw[m[4]:m[5]]
		r.entities[name] = true
		r.c.foundOnce(name, r.line+strings.Count(raw[:m[0]], "\n"), "entity-declaration", "%q", name)
	}
}
