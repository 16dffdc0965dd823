// Package feeds is in charge of the documents that feed readers poll: it turns a [Feed] into RSS 2.0, Atom 1.0 and
// JSON Feed 1.1, keeps the rendered bytes, and answers conditional requests for them. It writes no table and reads
// none: who calls it hands in the values, or the functions that load them ([Loader]).
//
// It promises that every document is well-formed whatever text goes in, that it depends on nothing but its values (no
// clock, no node, so tags are equal on all nodes and after a restart), that a poll which brings nothing new costs no
// body and one that brings one new item costs little more than that item, and that a feed which cannot be rendered, or
// does not pass its own check, never replaces a good one.
//
// A document is a head, a fragment for each item, and a foot. Fragments are made once for all the feeds an item is in.
// gorilla/feeds maps and encodes. Its structs are embedded in ours, which add what it lacks or write correctly what it
// writes wrongly (self links, dc:creator, several categories, published, the keys of JSON Feed 1.1).
package feeds

import (
	"strings"
	"time"
)

// A Feed is what all documents are made from. Text may be anything: it is cleaned before it is used.
type Feed struct {
	ID          string // permanent IRI, the Atom id; must not be empty
	Title       string
	Description string
	Home        string // absolute address of the page it belongs to
	Place       Place  // where its documents stand; the zero Place is under Home
	Language    string // BCP 47
	Author      string // who answers for items that name no author; "" is Title
	Copyright   string
	Image       string        // absolute address of the publication's picture, "" for none
	Hub         string        // absolute address of the WebSub hub, "" for none
	Styles      string        // address of the stylesheet for browsers, "" for none
	TTL         time.Duration // how long a reader may wait between two polls; 0: fitted to the dates of the items
	Summary     bool          // items carry their summaries instead of the whole text
	Expired     bool          // nothing will come any more
	Deltas      bool          // an item enters the list only with a change of its own, so what is newer than a change can be told

	Complete bool   // everything there is, is in it (RFC 5005, section 2)
	Archive  bool   // a closed part of the history under an address whose text never changes (RFC 5005, section 4)
	Current  *Place // of an archive: the living feed
	Prev     *Place // the next older archive
	Next     *Place // of an archive: the next newer one

	Version  Version   // the newest change that it knows of; zero: the newest of its items
	Modified time.Time // when anything about it last changed, for Last-Modified; zero: the newest change of an item
	Items    []Item    // newest first
	Deleted  []Deleted // what was taken back, newest first
}

// A Place is where the documents of a feed stand: Under/feed.xml?Query.
type Place struct {
	Under string // absolute, without a slash at its end
	Query string // without the question mark, "" for none
}

// Document is the absolute address of the document in that format.
func (p Place) Document(f Format) string {
	address := p.Under + "/" + f.File
	if p.Query != "" {
		address += "?" + p.Query
	}
	return address
}

// A Version names a state of the publication: the number of a change, and the mark that was drawn by lot when it was made.
// A database restored from a backup counts on from an old number, but never draws the same marks.
type Version struct {
	Change int64
	Mark   uint32
}

// A Deleted is an item that was taken back (RFC 6721).
type Deleted struct {
	ID     string
	At     time.Time
	Change int64
}

// An Item is one entry of a feed.
type Item struct {
	ID         string // permanent, unique in the feed; must not be empty
	Key        int64  // what the loader knows it by
	Bare       bool   // only ID, Key, Change, Published and Updated are here; Loader.Items has the rest
	Title      string // plain text
	Link       string // absolute
	Summary    string // plain text
	HTML       string // the whole text, sanitised, addresses absolute; "" for a headline alone
	Text       string // the same as plain text, paragraphs parted by an empty line; for Yandex
	Genre      string // for Yandex: message | article | interview; "" is message
	Language   string // "" is the feed's
	Authors    []Person
	Categories []Category
	Published  time.Time // zero: unknown
	Updated    time.Time // the last change a reader should see; zero is Published
	Image      string    // lead picture, absolute, "" for none; it is put into the HTML too
	ImageAlt   string
	Enclosure  *Enclosure
	Change     int64 // the number of its last visible change
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
	if f.Place.Under == "" {
		return Place{Under: strings.TrimSuffix(f.Home, "/")}.Document(format)
	}
	return f.Place.Document(format)
}

func (i Item) changed() time.Time {
	if i.Updated.IsZero() {
		return i.Published
	}
	return i.Updated
}

// version is the state of the publication that the feed shows.
func (f Feed) version() Version {
	if f.Version == (Version{}) {
		return Version{Change: f.Change()}
	}
	return f.Version
}

// A link is one of the addresses that the heads of RSS and Atom name beside the home page.
type link struct {
	rel, href, mediaType string
}

// links are the feed itself, its hub, and its way through the history (RFC 5005, section 4).
func (h header) links() []link {
	all := []link{{"self", h.Self(h.format), h.format.Type}}
	if h.Hub != "" {
		all = append(all, link{"hub", h.Hub, ""})
	}
	for _, to := range []struct {
		rel   string
		place *Place
	}{{"prev-archive", h.Prev}, {"next-archive", h.Next}, {"current", h.Current}} {
		if to.place != nil {
			all = append(all, link{to.rel, line(to.place.Document(h.format)), h.format.Type})
		}
	}
	return all
}
