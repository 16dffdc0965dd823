// Package feeds is in charge of the documents that feed readers poll: it turns a [Feed] into RSS 2.0, Atom 1.0 and
// JSON Feed 1.1, keeps the rendered bytes, and answers conditional requests for them. It writes no table and reads
// none: who calls it hands in the values, or the function that loads them ([Loader]).
//
// It promises that every document is well-formed whatever text goes in, that it depends on nothing but its values (no
// clock, no node, so tags are equal on all nodes and after a restart), that a poll which brings nothing new costs no
// body, and that a feed which cannot be rendered never replaces a good one.
//
// gorilla/feeds maps and encodes. Its structs are embedded in ours, which add what it lacks or write correctly what it
// writes wrongly (self links, dc:creator, several categories, published, the keys of JSON Feed 1.1).
package feeds

import (
	"fmt"
	"strings"
	"time"

	"github.com/gorilla/feeds"
)

// A Feed is what all three documents are made from. Text may be anything: it is cleaned before it is used.
type Feed struct {
	ID          string // permanent IRI, the Atom id; must not be empty
	Title       string
	Description string
	Home        string // absolute address of the page it belongs to; the documents stand under it
	Language    string // BCP 47
	Author      string // who answers for items that name no author; "" is Title
	Copyright   string
	Image       string        // absolute address of the publication's picture, "" for none
	TTL         time.Duration // how long a reader may wait between two polls, 0 to leave it out
	Items       []Item        // newest first
}

// An Item is one entry of a feed.
type Item struct {
	ID         string // permanent, unique in the feed; must not be empty
	Title      string // plain text
	Link       string // absolute
	Summary    string // plain text
	HTML       string // the whole text, sanitised, addresses absolute; "" for a headline alone
	Language   string // "" is the feed's
	Authors    []Person
	Categories []Category
	Published  time.Time // zero: unknown
	Updated    time.Time // the last change a reader should see; zero is Published
	Image      string    // lead picture, absolute, "" for none; it is put into the HTML too
	ImageAlt   string
	Enclosure  *Enclosure
	Change     int64 // the number of its last visible change; goes into the ETag
}

// A Person is an author.
type Person struct {
	Name string
	URL  string // "" for none
}

// A Category is a section or tag: the term of addresses and its name.
type Category struct {
	Term string
	Name string
}

// An Enclosure is a file that belongs to an item, as a recording.
type Enclosure struct {
	URL  string
	Type string // media type
	Size int64  // bytes
}

// Updated is the newest change of an item that a reader should see; zero for a feed without items. It is never the
// time of rendering, which would give a new document for every poll.
func (f Feed) Updated() time.Time {
	var newest time.Time
	for _, i := range f.Items {
		if u := i.changed(); u.After(newest) {
			newest = u
		}
	}
	return newest
}

// Change is the highest change number among the items.
func (f Feed) Change() int64 {
	var n int64
	for _, i := range f.Items {
		n = max(n, i.Change)
	}
	return n
}

// Self is the address of the feed's document in that format.
func (f Feed) Self(format Format) string {
	return strings.TrimSuffix(f.Home, "/") + "/" + format.File
}

func (i Item) changed() time.Time {
	if i.Updated.IsZero() {
		return i.Published
	}
	return i.Updated
}

// A Format is one of the three documents.
type Format struct {
	Name   string // rss | atom | json
	File   string // the last part of its address: feed.xml | feed.atom | feed.json
	Type   string // media type, without the charset
	Label  string // RSS | Atom | JSON Feed
	Render func(Feed) ([]byte, error)
}

// Formats returns the three formats, RSS first.
func Formats() []Format {
	return []Format{
		{"rss", "feed.xml", "application/rss+xml", "RSS", RSS},
		{"atom", "feed.atom", "application/atom+xml", "Atom", Atom},
		{"json", "feed.json", "application/feed+json", "JSON Feed", JSON},
	}
}

// FormatNamed finds a format by its name or its file.
func FormatNamed(name string) (Format, bool) {
	for _, f := range Formats() {
		if f.Name == name || f.File == name {
			return f, true
		}
	}
	return Format{}, false
}

// tidy returns the feed with all text clean, times in whole seconds of UTC, and the lead pictures inside the HTML. It
// refuses a feed or item without an id, and two items with one id: readers would show every item anew.
func (f Feed) tidy() (Feed, error) {
	for _, s := range []*string{&f.ID, &f.Title, &f.Description, &f.Home, &f.Language, &f.Author, &f.Copyright, &f.Image} {
		*s = line(*s)
	}
	if f.Author == "" {
		f.Author = f.Title
	}
	if f.ID == "" {
		return Feed{}, fmt.Errorf("feed %q has no id", f.Title)
	}
	items := make([]Item, len(f.Items))
	seen := make(map[string]bool, len(f.Items))
	for n, i := range f.Items {
		i = i.tidy()
		if i.ID == "" {
			return Feed{}, fmt.Errorf("feed %q: item %d (%q) has no id", f.Title, n+1, i.Title)
		}
		if seen[i.ID] {
			return Feed{}, fmt.Errorf("feed %q: two items have the id %s", f.Title, i.ID)
		}
		seen[i.ID], items[n] = true, i
	}
	f.Items = items
	return f, nil
}

func (i Item) tidy() Item {
	for _, s := range []*string{&i.ID, &i.Title, &i.Link, &i.Language, &i.Image, &i.ImageAlt} {
		*s = line(*s)
	}
	i.Summary, i.HTML = strings.TrimSpace(clean(i.Summary)), clean(i.HTML)
	i.Published, i.Updated = second(i.Published), second(i.changed())
	i.Authors, i.Categories = tidyPeople(i.Authors), tidyCategories(i.Categories)
	if e := i.Enclosure; e != nil {
		i.Enclosure = &Enclosure{URL: line(e.URL), Type: line(e.Type), Size: e.Size}
	}
	i.HTML = withPicture(i)
	return i
}

func tidyPeople(all []Person) []Person {
	var kept []Person
	for _, p := range all {
		if p = (Person{Name: line(p.Name), URL: line(p.URL)}); p.Name != "" {
			kept = append(kept, p)
		}
	}
	return kept
}

func tidyCategories(all []Category) []Category {
	var kept []Category
	for _, c := range all {
		c = Category{Term: line(c.Term), Name: line(c.Name)}
		if c.Term == "" {
			c.Term = c.Name
		}
		if c.Name == "" {
			c.Name = c.Term
		}
		if c.Term != "" {
			kept = append(kept, c)
		}
	}
	return kept
}

// withPicture puts the lead picture before the text unless it stands there already: many readers ignore media:content.
func withPicture(i Item) string {
	src := escapeHTML(i.Image)
	if i.Image == "" || strings.Contains(i.HTML, src) || strings.Contains(i.HTML, i.Image) {
		return i.HTML
	}
	return fmt.Sprintf("<p><img src=\"%s\" alt=\"%s\"></p>\n%s", src, escapeHTML(i.ImageAlt), i.HTML)
}

// mapped is the feed as gorilla/feeds knows it, from which its own mapping makes the three documents.
func (f Feed) mapped() *feeds.Feed {
	g := &feeds.Feed{
		Title:       f.Title,
		Link:        &feeds.Link{Href: f.Home},
		Description: f.Description,
		Updated:     f.Updated(),
		Id:          f.ID,
		Copyright:   f.Copyright,
	}
	if f.Image != "" {
		g.Image = &feeds.Image{Url: f.Image, Title: f.Title, Link: f.Home}
	}
	for _, i := range f.Items {
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
		g.Add(item)
	}
	return g
}
