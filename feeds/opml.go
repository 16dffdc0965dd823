package feeds

import (
	"bytes"
	"encoding/xml"
	"fmt"
)

// OPMLType is the media type of a list of feeds, without the charset; the one that the OPML community registered first.
const OPMLType = "text/x-opml"

// An OPMLGroup is the feeds of one kind; a reader that imports the list makes a folder of it.
type OPMLGroup struct {
	Title string
	Feeds []OPMLFeed
}

// An OPMLFeed is one feed in a list. It is named once, by its RSS document, whatever its other formats: who imports the list
// wants each feed once.
type OPMLFeed struct {
	Title    string
	Address  string // absolute, of the RSS document
	Home     string // absolute, of the page it belongs to
	Language string // BCP 47, "" to leave it out
}

// opml is the document (OPML 2.0, http://opml.org/spec2.opml).
type opml struct {
	XMLName xml.Name      `xml:"opml"`
	Version string        `xml:"version,attr"`
	Title   string        `xml:"head>title"`
	Owner   string        `xml:"head>ownerName,omitempty"`
	Docs    string        `xml:"head>docs"`
	Groups  []opmlOutline `xml:"body>outline"`
}

// opmlOutline is a folder, or with a type and addresses a feed. What is read by people stands in text, and title repeats it
// for readers that look there.
type opmlOutline struct {
	Text     string        `xml:"text,attr"`
	Title    string        `xml:"title,attr"`
	Type     string        `xml:"type,attr,omitempty"`
	Address  string        `xml:"xmlUrl,attr,omitempty"`
	Home     string        `xml:"htmlUrl,attr,omitempty"`
	Language string        `xml:"language,attr,omitempty"`
	Version  string        `xml:"version,attr,omitempty"`
	Feeds    []opmlOutline `xml:"outline"`
}

// OPML renders a list of feeds as OPML 2.0. Groups without feeds are left out. Like all documents it depends on nothing but
// its values, so it carries no date of its own.
func OPML(title, owner string, groups []OPMLGroup) ([]byte, error) {
	out := opml{Version: "2.0", Title: line(title), Owner: line(owner), Docs: "http://opml.org/spec2.opml"}
	for _, g := range groups {
		if len(g.Feeds) == 0 {
			continue
		}
		name := line(g.Title)
		folder := opmlOutline{Text: name, Title: name}
		for _, f := range g.Feeds {
			name := line(f.Title)
			folder.Feeds = append(folder.Feeds, opmlOutline{Text: name, Title: name, Type: "rss", Version: "RSS2",
				Address: line(f.Address), Home: line(f.Home), Language: line(f.Language)})
		}
		out.Groups = append(out.Groups, folder)
	}
	body, err := xmlDocument(out)
	if err != nil {
		return nil, fmt.Errorf("render the list of feeds: %w", err)
	}
	return body, nil
}

// xmlDocument is v as a whole document, with a line break at its end.
func xmlDocument(v any) ([]byte, error) {
	var b bytes.Buffer
	b.WriteString(xml.Header)
	e := xml.NewEncoder(&b)
	e.Indent("", " ")
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	b.WriteByte('\n')
	return b.Bytes(), nil
}
