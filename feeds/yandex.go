package feeds

import (
	"encoding/xml"
	"strings"

	"github.com/gorilla/feeds"
)

// yandexRoot is a channel with Yandex's namespaces and nothing of other readers'.
type yandexRoot struct {
	XMLName xml.Name   `xml:"rss"`
	Version string     `xml:"version,attr"`
	NS      []xml.Attr `xml:",any,attr"`
	Channel *feeds.RssFeed
}

// FeedXml hands our document to gorilla's encoder.
func (r yandexRoot) FeedXml() any { return r }

// yandexItem is feeds.RssItem with the text and kind of a message, as https://yandex.ru/support/webmaster/feed describes
// them. Its author is a name and not an address, and its enclosure the picture.
type yandexItem struct {
	feeds.RssItem
	Enclosure *yandexPicture `xml:"enclosure"`
	Genre     string         `xml:"yandex:genre"`
	Text      string         `xml:"yandex:full-text"`
}

type yandexPicture struct {
	URL  string `xml:"url,attr"`
	Type string `xml:"type,attr"`
}

func yandexHead(h header) ([]byte, error) {
	channel := newRSSFeed(h)
	return writeHead(yandexRoot{Version: "2.0", NS: declare(nsYandex, nsMedia), Channel: &channel}, "")
}

// yandexFragment leaves out what Yandex would refuse: briefs, and what has no date.
func yandexFragment(i Item, _ setting) ([]byte, error) {
	if i.Text == "" || i.Published.IsZero() {
		return nil, nil
	}
	out := yandexItem{RssItem: *(&feeds.Rss{Feed: i.mapped()}).RssFeed().Items[0], Genre: i.Genre, Text: i.Text}
	out.Content, out.RssItem.Enclosure, out.Guid = nil, nil, nil
	out.PubDate = stamp(i.Published)
	if out.Genre == "" {
		out.Genre = "message"
	}
	var names []string
	for _, p := range i.Authors {
		names = append(names, p.Name)
	}
	out.Author = strings.Join(names, ", ")
	if len(i.Categories) > 0 { // it takes one: the section stands first
		out.Category = i.Categories[0].Name
	}
	if kind := pictureType(i.Image); kind != "" {
		out.Enclosure = &yandexPicture{URL: i.Image, Type: kind}
	}
	return writeItem(out, "    ")
}
