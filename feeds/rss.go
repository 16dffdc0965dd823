package feeds

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"time"

	"github.com/gorilla/feeds"
)

// rssRoot is feeds.RssFeedXml with all the namespaces we use.
type rssRoot struct {
	XMLName xml.Name   `xml:"rss"`
	Version string     `xml:"version,attr"`
	NS      []xml.Attr `xml:",any,attr"`
	Channel *rssChannel
}

// rssChannel is feeds.RssFeed with a link to itself and our items: encoding/xml lets the shallower field of a name win.
type rssChannel struct {
	feeds.RssFeed
	Links []rssLink  `xml:"atom:link"`
	Items []*rssItem `xml:"item"`
}

type rssLink struct {
	Href string `xml:"href,attr"`
	Rel  string `xml:"rel,attr"`
	Type string `xml:"type,attr"`
}

// rssItem is feeds.RssItem with any number of authors and categories. Its author stays empty: RSS wants an e-mail
// address there.
type rssItem struct {
	feeds.RssItem
	Creators   []string  `xml:"dc:creator"`
	Categories []string  `xml:"category"`
	Media      *rssMedia `xml:"media:content"`
}

type rssMedia struct {
	URL         string `xml:"url,attr"`
	Medium      string `xml:"medium,attr"`
	Type        string `xml:"type,attr,omitempty"`
	Description string `xml:"media:description,omitempty"`
}

// FeedXml hands our document to gorilla's encoder.
func (r rssRoot) FeedXml() any { return r }

// RSS renders f as RSS 2.0 following the RSS Advisory Board's profile: plain text in titles, description before
// content:encoded, dc:creator for authors.
func RSS(f Feed) ([]byte, error) {
	f, err := f.tidy()
	if err != nil {
		return nil, err
	}
	channel := &rssChannel{RssFeed: *(&feeds.Rss{Feed: f.mapped()}).RssFeed()}
	channel.Language = f.Language
	channel.Generator = "Vestnik"
	channel.Docs = "https://www.rssboard.org/rss-specification"
	channel.Ttl = int(f.TTL / time.Minute)
	format, _ := FormatNamed("rss")
	channel.Links = []rssLink{{Href: f.Self(format), Rel: "self", Type: format.Type}}
	for n, item := range channel.RssFeed.Items {
		channel.Items = append(channel.Items, newRSSItem(item, f.Items[n]))
	}
	channel.RssFeed.Items = nil

	var b bytes.Buffer
	if err := feeds.WriteXML(rssRoot{Version: "2.0", NS: rssNamespaces(), Channel: channel}, &b); err != nil {
		return nil, fmt.Errorf("render RSS of %q: %w", f.Title, err)
	}
	return b.Bytes(), nil
}

func newRSSItem(item *feeds.RssItem, i Item) *rssItem {
	out := &rssItem{RssItem: *item}
	out.Description = escapeHTML(i.Summary) // a description is HTML
	if i.Published.IsZero() {
		out.PubDate = "" // the day we first had it is no date of publication
	}
	for _, p := range i.Authors {
		out.Creators = append(out.Creators, p.Name)
	}
	for _, c := range i.Categories {
		out.Categories = append(out.Categories, c.Name)
	}
	if i.Image != "" {
		out.Media = &rssMedia{URL: i.Image, Medium: "image", Type: pictureType(i.Image), Description: i.ImageAlt}
	}
	return out
}

func rssNamespaces() []xml.Attr {
	var all []xml.Attr
	for _, ns := range [][2]string{
		{"atom", "http://www.w3.org/2005/Atom"},
		{"content", "http://purl.org/rss/1.0/modules/content/"},
		{"dc", "http://purl.org/dc/elements/1.1/"},
		{"media", "http://search.yahoo.com/mrss/"},
	} {
		all = append(all, xml.Attr{Name: xml.Name{Local: "xmlns:" + ns[0]}, Value: ns[1]})
	}
	return all
}
