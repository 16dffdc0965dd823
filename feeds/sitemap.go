package feeds

import (
	"encoding/xml"
	"fmt"
	"time"
)

// SitemapType is the media type of all sitemaps, without the charset.
const SitemapType = "application/xml"

// How many addresses search engines take from one document: of pages or sitemaps (sitemaps.org), and of news (Google).
const (
	SitemapMax     = 50_000
	NewsSitemapMax = 1_000
)

// A Location is a page in a sitemap, or a sitemap in an index.
type Location struct {
	Address  string    // absolute
	Modified time.Time // when it last changed in a way that a reader sees; zero: left out
}

// A NewsPage is an article in a news sitemap.
type NewsPage struct {
	Address   string
	Title     string
	Language  string    // ISO 639, as "ru"
	Published time.Time // for the first time
}

const (
	sitemapSpace = "http://www.sitemaps.org/schemas/sitemap/0.9"
	newsSpace    = "http://www.google.com/schemas/sitemap-news/0.9"
)

type sitemapEntry struct {
	Address  string `xml:"loc"`
	Modified string `xml:"lastmod,omitempty"`
}

type sitemapPages struct {
	XMLName xml.Name       `xml:"urlset"`
	Space   string         `xml:"xmlns,attr"`
	Pages   []sitemapEntry `xml:"url"`
}

type sitemapIndex struct {
	XMLName xml.Name       `xml:"sitemapindex"`
	Space   string         `xml:"xmlns,attr"`
	Maps    []sitemapEntry `xml:"sitemap"`
}

// Sitemap renders a list of pages (sitemaps.org, protocol 0.9), at most [SitemapMax].
func Sitemap(pages []Location) ([]byte, error) {
	entries, err := sitemapEntries(pages)
	if err != nil {
		return nil, fmt.Errorf("render a sitemap: %w", err)
	}
	return xmlDocument(sitemapPages{Space: sitemapSpace, Pages: entries})
}

// SitemapIndex renders a list of sitemaps, at most [SitemapMax].
func SitemapIndex(maps []Location) ([]byte, error) {
	entries, err := sitemapEntries(maps)
	if err != nil {
		return nil, fmt.Errorf("render a sitemap index: %w", err)
	}
	return xmlDocument(sitemapIndex{Space: sitemapSpace, Maps: entries})
}

func sitemapEntries(all []Location) ([]sitemapEntry, error) {
	if len(all) > SitemapMax {
		return nil, fmt.Errorf("%d addresses are too many for one document; search engines take %d", len(all), SitemapMax)
	}
	entries := make([]sitemapEntry, len(all))
	for i, l := range all {
		entries[i] = sitemapEntry{Address: line(l.Address), Modified: w3cDate(l.Modified)}
	}
	return entries, nil
}

// w3cDate is the time as the W3C's profile of ISO 8601 has it, in whole seconds, "" for none that it can hold.
func w3cDate(t time.Time) string {
	if second(t).IsZero() {
		return ""
	}
	return t.Truncate(time.Second).Format(time.RFC3339)
}

type newsPages struct {
	XMLName xml.Name   `xml:"urlset"`
	Space   string     `xml:"xmlns,attr"`
	News    string     `xml:"xmlns:news,attr"`
	Pages   []newsPage `xml:"url"`
}

type newsPage struct {
	Address     string `xml:"loc"`
	Publication string `xml:"news:news>news:publication>news:name"`
	Language    string `xml:"news:news>news:publication>news:language"`
	Published   string `xml:"news:news>news:publication_date"`
	Title       string `xml:"news:news>news:title"`
}

// NewsSitemap renders the news of a publication for Google News, at most [NewsSitemapMax]: articles of the last two days
// alone, the caller sees to that. An empty one is valid. Dates keep their zone.
func NewsSitemap(publication string, pages []NewsPage) ([]byte, error) {
	if len(pages) > NewsSitemapMax {
		return nil, fmt.Errorf("render a news sitemap: %d articles are too many; Google takes %d", len(pages), NewsSitemapMax)
	}
	out := newsPages{Space: sitemapSpace, News: newsSpace}
	for _, p := range pages {
		date := w3cDate(p.Published)
		if date == "" || line(p.Title) == "" {
			return nil, fmt.Errorf("render a news sitemap: %s needs a title and the date of its publication", p.Address)
		}
		out.Pages = append(out.Pages, newsPage{Address: line(p.Address), Publication: line(publication), Language: line(p.Language),
			Published: date, Title: line(p.Title)})
	}
	return xmlDocument(out)
}
