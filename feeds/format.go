package feeds

import "fmt"

// A Format is one of the documents that a feed can be had as.
type Format struct {
	Name  string // rss | atom | json | yandex
	File  string // the last part of its address: feed.xml | feed.atom | feed.json | yandex.xml
	Type  string // media type, without the charset
	Label string // RSS | Atom | JSON Feed | Yandex

	head  func(header) ([]byte, error)        // the document without items
	item  func(Item, setting) ([]byte, error) // one item; nil where the format has no place for it
	check func([]byte) error                  // of a document without items, or of one item
	foot  string                              // what follows the items
	comma string                              // what stands between two of them
}

// Formats returns the three formats that every feed has, RSS first.
func Formats() []Format {
	return []Format{
		{"rss", "feed.xml", "application/rss+xml", "RSS", rssHead, rssFragment, checkXML, rssFoot, ""},
		{"atom", "feed.atom", "application/atom+xml", "Atom", atomHead, atomFragment, checkXML, atomFoot, ""},
		{"json", "feed.json", "application/feed+json", "JSON Feed", jsonHead, jsonFragment, checkJSON, jsonFoot, ",\n"},
	}
}

// yandex is a flavour of its own: what Yandex asks for is never mixed into the feeds that readers get.
func yandex() Format {
	return Format{"yandex", "yandex.xml", "application/rss+xml", "Yandex", yandexHead, yandexFragment, checkXML, rssFoot, ""}
}

// FormatNamed finds a format by its name or its file; it knows Yandex's too.
func FormatNamed(name string) (Format, bool) {
	for _, f := range append(Formats(), yandex()) {
		if f.Name == name || f.File == name {
			return f, true
		}
	}
	return Format{}, false
}

// Render makes the whole document of f, which must not have bare items.
func (format Format) Render(f Feed) ([]byte, error) {
	d, err := format.compose(f)
	if err != nil {
		return nil, fmt.Errorf("render %s of %q: %w", format.Label, f.Title, err)
	}
	return d.bytes(), nil
}

// RSS renders f as RSS 2.0 following the RSS Advisory Board's profile: plain text in titles, description before
// content:encoded, dc:creator for authors.
func RSS(f Feed) ([]byte, error) { return Formats()[0].Render(f) }

// Atom renders f as Atom 1.0 (RFC 4287), with tombstones for what was taken back (RFC 6721).
func Atom(f Feed) ([]byte, error) { return Formats()[1].Render(f) }

// JSON renders f as JSON Feed 1.1.
func JSON(f Feed) ([]byte, error) { return Formats()[2].Render(f) }

// Yandex renders f as Yandex takes it: RSS 2.0 with the whole plain text of every item that has a text and a date.
func Yandex(f Feed) ([]byte, error) { return yandex().Render(f) }
