package feeds

import (
	"bytes"
	"fmt"
	"time"

	"github.com/gorilla/feeds"
)

// atomFeed is feeds.AtomFeed with a language, a link to itself and our entries.
type atomFeed struct {
	feeds.AtomFeed
	Lang      string           `xml:"xml:lang,attr,omitempty"`
	Links     []feeds.AtomLink `xml:"link"`
	Generator string           `xml:"generator"`
	Entries   []*atomEntry     `xml:"entry"`
}

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

// FeedXml hands our document to gorilla's encoder.
func (a atomFeed) FeedXml() any { return a }

// never stands where Atom must have a date and there is none: every feed and entry says when it was updated.
const never = "1970-01-01T00:00:00Z"

// Atom renders f as Atom 1.0 (RFC 4287).
func Atom(f Feed) ([]byte, error) {
	f, err := f.tidy()
	if err != nil {
		return nil, err
	}
	out := atomFeed{AtomFeed: *(&feeds.Atom{Feed: f.mapped()}).AtomFeed(), Lang: f.Language, Generator: "Vestnik"}
	out.Id = f.ID
	out.Logo = f.Image
	out.Author = &feeds.AtomAuthor{AtomPerson: feeds.AtomPerson{Name: f.Author}}
	if out.Updated == "" {
		out.Updated = never // an empty feed has never changed
	}
	format, _ := FormatNamed("atom")
	out.Links = []feeds.AtomLink{
		{Href: f.Home, Rel: "alternate", Type: "text/html"},
		{Href: f.Self(format), Rel: "self", Type: format.Type},
	}
	out.Link = nil
	for n, entry := range out.AtomFeed.Entries {
		if entry.Updated == "" {
			entry.Updated = never
		}
		out.Entries = append(out.Entries, newAtomEntry(entry, f.Items[n], f.Language))
	}
	out.AtomFeed.Entries = nil

	var b bytes.Buffer
	if err := feeds.WriteXML(out, &b); err != nil {
		return nil, fmt.Errorf("render Atom of %q: %w", f.Title, err)
	}
	return b.Bytes(), nil
}

func newAtomEntry(entry *feeds.AtomEntry, i Item, language string) *atomEntry {
	out := &atomEntry{AtomEntry: *entry}
	if i.Language != language {
		out.Lang = i.Language
	}
	if out.Summary != nil {
		out.Summary.Type = "text"
	}
	if !i.Published.IsZero() {
		out.Published = i.Published.Format(time.RFC3339)
	}
	for _, p := range i.Authors {
		out.Authors = append(out.Authors, feeds.AtomPerson{Name: p.Name, Uri: p.URL})
	}
	for _, c := range i.Categories {
		out.Categories = append(out.Categories, atomCategory{Term: c.Term, Label: c.Name})
	}
	return out
}
