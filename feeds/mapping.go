package feeds

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"time"

	"github.com/gorilla/feeds"
)

// mapped is the head as gorilla/feeds knows it, from which its own mapping makes the documents.
func (h header) mapped() *feeds.Feed {
	g := &feeds.Feed{
		Title:       h.Title,
		Link:        &feeds.Link{Href: h.Home},
		Description: h.Description,
		Updated:     h.newest,
		Id:          h.ID,
		Copyright:   h.Copyright,
	}
	if h.Image != "" {
		g.Image = &feeds.Image{Url: h.Image, Title: h.Title, Link: h.Home}
	}
	return g
}

// mapped is a feed of this item alone, from which gorilla's mapping makes the item of each format.
func (i Item) mapped() *feeds.Feed {
	item := &feeds.Item{
		Title:       i.Title,
		Link:        &feeds.Link{Href: i.Link},
		Description: i.Summary,
		Id:          i.ID,
		IsPermaLink: "false",
		Created:     i.Published,
		Updated:     i.Updated,
		Content:     i.HTML,
	}
	if e := i.Enclosure; e != nil {
		item.Enclosure = &feeds.Enclosure{Url: e.URL, Type: e.Type, Length: fmt.Sprint(e.Size)}
	}
	return &feeds.Feed{Items: []*feeds.Item{item}}
}

// empty is an element whose presence says everything.
type empty struct{}

func mark(there bool) *empty {
	if there {
		return &empty{}
	}
	return nil
}

// A namespace is declared once, in the root, whatever prefix the fragments below it use.
type namespace struct{ prefix, name string }

var (
	nsAtom       = namespace{"atom", "http://www.w3.org/2005/Atom"}
	nsContent    = namespace{"content", "http://purl.org/rss/1.0/modules/content/"}
	nsDC         = namespace{"dc", "http://purl.org/dc/elements/1.1/"}
	nsMedia      = namespace{"media", "http://search.yahoo.com/mrss/"}
	nsHistory    = namespace{"fh", "http://purl.org/syndication/history/1.0"}
	nsTombstones = namespace{"at", "http://purl.org/atompub/tombstones/1.0"}
	nsYandex     = namespace{"yandex", "http://news.yandex.ru"}
)

func declare(all ...namespace) []xml.Attr {
	var attrs []xml.Attr
	for _, ns := range all {
		attrs = append(attrs, xml.Attr{Name: xml.Name{Local: "xmlns:" + ns.prefix}, Value: ns.name})
	}
	return attrs
}

// writeHead lets gorilla encode a document without items, and names its stylesheet where there is one. It is CSS:
// browsers are taking XSLT out.
func writeHead(doc feeds.XmlFeed, styles string) ([]byte, error) {
	var b bytes.Buffer
	if err := feeds.WriteXML(doc, &b); err != nil {
		return nil, err
	}
	declaration := xml.Header[:len(xml.Header)-1] // as gorilla writes it, without the newline
	root := bytes.TrimPrefix(b.Bytes(), []byte(declaration))
	var out bytes.Buffer
	out.WriteString(xml.Header)
	if styles != "" {
		fmt.Fprintf(&out, "<?xml-stylesheet type=\"text/css\" href=\"%s\"?>\n", escapeHTML(styles))
	}
	out.Write(root)
	out.WriteByte('\n')
	return out.Bytes(), nil
}

// writeItem encodes one item at the depth at which it stands in its document.
func writeItem(item any, margin string) ([]byte, error) {
	var b bytes.Buffer
	e := xml.NewEncoder(&b)
	e.Indent(margin, "  ")
	if err := e.Encode(item); err != nil {
		return nil, err
	}
	b.WriteByte('\n')
	return b.Bytes(), nil
}

// stamp is a time as RSS has it (RFC 822 with a year of four digits), "" for none. GMT and not +0000: HTTP's form.
func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("Mon, 02 Jan 2006 15:04:05 GMT")
}
