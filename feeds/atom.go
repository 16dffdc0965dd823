package feeds

import (
	"encoding/xml"
	"time"

	"github.com/gorilla/feeds"
)

const atomFoot = "</feed>\n"

// atomFeed is feeds.AtomFeed with a language, its links, what it says of its history, and what was taken back.
type atomFeed struct {
	feeds.AtomFeed
	NS         []xml.Attr       `xml:",any,attr"`
	Lang       string           `xml:"xml:lang,attr,omitempty"`
	Links      []feeds.AtomLink `xml:"link"`
	Generator  string           `xml:"generator"`
	Archive    *empty           `xml:"fh:archive"`
	Complete   *empty           `xml:"fh:complete"`
	Tombstones []tombstone      `xml:"at:deleted-entry"`
}

// A tombstone tells readers to take an entry away (RFC 6721, section 3).
type tombstone struct {
	Ref  string `xml:"ref,attr"`
	When string `xml:"when,attr"`
}

// FeedXml hands our document to gorilla's encoder.
func (a atomFeed) FeedXml() any { return a }

// atomEntry is feeds.AtomEntry with any number of authors, and categories that are written as RFC 4287 wants them.
type atomEntry struct {
	feeds.AtomEntry
	Lang       string             `xml:"xml:lang,attr,omitempty"`
	Authors    []feeds.AtomPerson `xml:"author"`
	Categories []atomCategory     `xml:"category"`
}

type atomCategory struct {
	Term  string `xml:"term,attr"`
	Label string `xml:"label,attr,omitempty"`
}

// never stands where Atom must have a date and there is none: every feed and entry says when it was updated.
const never = "1970-01-01T00:00:00Z"

// atomTime is a time as Atom has it (RFC 3339).
func atomTime(t time.Time) string {
	if t.IsZero() {
		return never
	}
	return t.UTC().Format(time.RFC3339)
}

func atomHead(h header) ([]byte, error) {
	out := atomFeed{AtomFeed: *(&feeds.Atom{Feed: h.mapped()}).AtomFeed(), Lang: h.Language, Generator: generator}
	out.Id = h.ID
	out.Logo = h.Image
	out.Author = &feeds.AtomAuthor{AtomPerson: feeds.AtomPerson{Name: h.Author}}
	out.Updated = atomTime(h.newest)
	out.Link = nil
	out.Links = []feeds.AtomLink{{Href: h.Home, Rel: "alternate", Type: "text/html"}}
	for _, l := range h.links() {
		out.Links = append(out.Links, feeds.AtomLink{Href: l.href, Rel: l.rel, Type: l.mediaType})
	}
	out.Archive, out.Complete = mark(h.Archive), mark(h.Complete)
	if h.Archive || h.Complete {
		out.NS = declare(nsHistory)
	}
	if len(h.Deleted) > 0 {
		out.NS = append(out.NS, declare(nsTombstones)...)
	}
	for _, d := range h.Deleted {
		out.Tombstones = append(out.Tombstones, tombstone{Ref: d.ID, When: atomTime(d.At)})
	}
	return writeHead(out, h.Styles)
}

func atomFragment(i Item, _ setting) ([]byte, error) {
	out := atomEntry{AtomEntry: *(&feeds.Atom{Feed: i.mapped()}).AtomFeed().Entries[0], Lang: i.Language}
	out.Updated = atomTime(i.Updated)
	if out.Summary != nil {
		out.Summary.Type = "text"
	}
	if !i.Published.IsZero() {
		out.Published = atomTime(i.Published)
	}
	for _, p := range i.Authors {
		out.Authors = append(out.Authors, feeds.AtomPerson{Name: p.Name, Uri: p.URL})
	}
	for _, c := range i.Categories {
		out.Categories = append(out.Categories, atomCategory{Term: c.Term, Label: c.Name})
	}
	return writeItem(out, "  ")
}
