package feeds

import (
	"encoding/xml"
	"time"

	"github.com/gorilla/feeds"
)

const rssFoot = "  </channel>\n</rss>\n"

// rssRoot is feeds.RssFeedXml with all the namespaces we use.
type rssRoot struct {
	XMLName xml.Name   `xml:"rss"`
	Version string     `xml:"version,attr"`
	NS      []xml.Attr `xml:",any,attr"`
	Channel *rssChannel
}

// rssChannel is feeds.RssFeed with its links, and what it says of its history: encoding/xml lets the shallower field of
// a name win.
type rssChannel struct {
	feeds.RssFeed
	Links    []rssLink `xml:"atom:link"`
	Creator  string    `xml:"dc:creator,omitempty"` // rss2email names it as the sender of items without an author
	Archive  *empty    `xml:"fh:archive"`
	Complete *empty    `xml:"fh:complete"`
}

type rssLink struct {
	Href string `xml:"href,attr"`
	Rel  string `xml:"rel,attr"`
	Type string `xml:"type,attr,omitempty"`
}

// FeedXml hands our document to gorilla's encoder.
func (r rssRoot) FeedXml() any { return r }

// rssItem is feeds.RssItem with any number of authors and categories. Its author stays empty: RSS wants an e-mail
// address there.
type rssItem struct {
	feeds.RssItem
	Creators   []string      `xml:"dc:creator"`
	Language   string        `xml:"dc:language,omitempty"`
	Categories []string      `xml:"category"`
	Media      *rssMedia     `xml:"media:content"`
	Thumbnail  *rssThumbnail `xml:"media:thumbnail"`
}

type rssMedia struct {
	URL         string `xml:"url,attr"`
	Medium      string `xml:"medium,attr"`
	Type        string `xml:"type,attr,omitempty"`
	Description string `xml:"media:description,omitempty"`
}

type rssThumbnail struct {
	URL string `xml:"url,attr"`
}

func rssHead(h header) ([]byte, error) {
	spaces := []namespace{nsAtom, nsContent, nsDC, nsMedia}
	if h.Archive || h.Complete {
		spaces = append(spaces, nsHistory)
	}
	channel := &rssChannel{RssFeed: newRSSFeed(h), Creator: h.Author, Archive: mark(h.Archive), Complete: mark(h.Complete)}
	for _, l := range h.links() {
		channel.Links = append(channel.Links, rssLink{Href: l.href, Rel: l.rel, Type: l.mediaType})
	}
	return writeHead(rssRoot{Version: "2.0", NS: declare(spaces...), Channel: channel}, h.Styles)
}

// newRSSFeed is the channel as far as RSS 2.0 itself goes.
func newRSSFeed(h header) feeds.RssFeed {
	channel := *(&feeds.Rss{Feed: h.mapped()}).RssFeed()
	channel.PubDate = "" // gorilla repeats lastBuildDate in it
	channel.LastBuildDate = stamp(h.newest)
	channel.Language = h.Language
	channel.Generator = generator
	channel.Docs = "https://www.rssboard.org/rss-specification"
	channel.Ttl = int(h.TTL / time.Minute)
	return channel
}

// generator is who made the document.
const generator = "Vestnik"

// rssFragment leaves titles as plain text that is escaped once, as RSS Advisory Board's profile and Atom's type="text"
// have it. A second escaping would please the readers that take titles for HTML, and show "&lt;" in all others: gofeed,
// feedsmith, newsboat and feedparser would no longer see the title that Atom and JSON give.
func rssFragment(i Item, _ setting) ([]byte, error) {
	out := rssItem{RssItem: *(&feeds.Rss{Feed: i.mapped()}).RssFeed().Items[0], Language: i.Language}
	out.Description = escapeHTML(i.Summary) // a description is HTML
	out.PubDate = stamp(i.Published)        // the day we first had it is no date of publication
	for _, p := range i.Authors {
		out.Creators = append(out.Creators, p.Name)
	}
	for _, c := range i.Categories {
		out.Categories = append(out.Categories, c.Name)
	}
	if i.Image != "" {
		out.Media = &rssMedia{URL: i.Image, Medium: "image", Type: pictureType(i.Image), Description: i.ImageAlt}
		out.Thumbnail = &rssThumbnail{URL: i.Image}
	}
	return writeItem(out, "    ")
}
