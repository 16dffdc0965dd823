package check

import (
	"mime"
	"slices"
	"strings"
)

// mediaTypes are the types that each kind is served with, the best first.
var mediaTypes = map[string][]string{
	"rss":          {"application/rss+xml", "application/xml", "text/xml"},
	"rdf":          {"application/rdf+xml", "application/rss+xml", "application/xml", "text/xml"},
	"atom":         {"application/atom+xml", "application/xml", "text/xml"},
	"json":         {"application/feed+json", "application/json"},
	"opml":         {"text/x-opml", "text/x-opml+xml", "application/xml", "text/xml"},
	"sitemap":      {"application/xml", "text/xml"},
	"news-sitemap": {"application/xml", "text/xml"},
}

// mediaType compares the type that HTTP gave with what the document is.
func (c *checker) mediaType() {
	c.place = ""
	good := mediaTypes[c.report.Kind]
	if c.o.Type == "" || good == nil {
		return
	}
	got, _, err := mime.ParseMediaType(c.o.Type)
	switch {
	case err != nil && got == "":
		c.found(1, "media-type", "%q; better is %s", short(c.o.Type), good[0])
	case got == "text/html", got == "application/xhtml+xml":
		c.found(1, "media-type-html", "better is %s", good[0])
	case !slices.Contains(good, got):
		c.found(1, "media-type", "%q; better is %s", short(got), good[0])
	}
}

// httpCharset is the charset that HTTP named, "" for none.
func (c *checker) httpCharset() string {
	_, params, err := mime.ParseMediaType(c.o.Type)
	if err != nil {
		return ""
	}
	return strings.TrimSpace(params["charset"])
}

// flavours are the kinds that each flavour may be.
var flavours = map[string][]string{
	"general":      {"rss", "rdf", "atom", "json"},
	"yandex":       {"rss"},
	"sitemap":      {"sitemap", "news-sitemap"},
	"news-sitemap": {"news-sitemap"},
	"opml":         {"opml"},
}

// flavour says so where the document is of another kind than was asked for.
func (c *checker) flavour() {
	may := flavours[c.o.Flavour]
	if may == nil || c.report.Kind == "unknown" || slices.Contains(may, c.report.Kind) {
		return
	}
	c.found(1, "wrong-flavour", "%s, not %s", c.report.Kind, c.o.Flavour)
}
