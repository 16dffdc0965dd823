package sources

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mmcdole/gofeed"
	"golang.org/x/net/idna"

	"vestnik/articles"
)

const (
	maxItems = 1000
	maxLink  = 1000 // bytes; longer ones are no addresses for people, and too long for an index
	maxTags  = 20
	maxName  = 100       // characters of a tag or author
	maxTitle = 300       // characters
	maxLead  = 600       // characters of a standfirst
	enough   = 100 << 10 // bytes of a text, to see whether it says anything and how it begins
)

// An item of a feed, ready to become an article.
type item struct {
	key   string // what it is known by in this source: guid, else link, else a hash of title and date
	link  string // a second name for it, "" where it shares its link with others
	input articles.Input
}

// mapFeed makes items of a parsed feed, the first 1,000 in the feed's order, without doubles and without those that
// have nothing to show. base is where the feed was fetched from. The notes are for the admin.
func mapFeed(feed *gofeed.Feed, base string, s Source, site articles.Site, now time.Time) (items []item, notes []string) {
	entries := feed.Items
	if len(entries) > maxItems {
		notes = append(notes, fmt.Sprintf("the feed has %d items, and only the first %d are taken", len(entries), maxItems))
		entries = entries[:maxItems]
	}
	m := mapper{feed: feed, source: s, site: site, now: now, base: parseBase(feed.Link, base)}
	m.count(entries)
	seen := map[string]bool{}
	for i, entry := range entries {
		if entry == nil {
			continue
		}
		it, err := m.item(entry)
		if err != nil {
			notes = append(notes, fmt.Sprintf("item %d: %v", i+1, err))
			continue
		}
		if !seen[it.key] {
			seen[it.key] = true
			items = append(items, it)
		}
	}
	return items, notes
}

// parseBase is what relative links are relative to: the site's link if it is an address, else the feed's own.
func parseBase(link, fetched string) *url.URL {
	base, err := url.Parse(fetched)
	if err != nil {
		base = &url.URL{}
	}
	if u, err := base.Parse(strings.TrimSpace(link)); err == nil && isWeb(u) {
		return u
	}
	return base
}

func isWeb(u *url.URL) bool {
	return (u.Scheme == "http" || u.Scheme == "https") && u.Host != ""
}

// webAddress writes u as articles keeps addresses, or "" if it is none: the host in lower case and ASCII.
func webAddress(u *url.URL) string {
	if !isWeb(u) {
		return ""
	}
	clean := *u
	clean.User = nil
	if host := strings.ToLower(u.Hostname()); !strings.Contains(host, ":") {
		ascii, err := idna.Lookup.ToASCII(host)
		if err != nil {
			return ""
		}
		clean.Host = ascii
		if port := u.Port(); port != "" {
			clean.Host += ":" + port
		}
	}
	if s := clean.String(); len(s) <= maxLink {
		return s
	}
	return ""
}

type mapper struct {
	feed   *gofeed.Feed
	source Source
	site   articles.Site
	now    time.Time
	base   *url.URL
	guids  map[string]int // how many items have it
	links  map[string]int
}

func (m *mapper) count(entries []*gofeed.Item) {
	m.guids, m.links = map[string]int{}, map[string]int{}
	for _, e := range entries {
		if e != nil {
			m.guids[strings.TrimSpace(e.GUID)]++
			m.links[m.link(e)]++
		}
	}
}

// link is the item's address, absolute; "" if it has none that people can follow.
func (m *mapper) link(e *gofeed.Item) string {
	for _, candidate := range append([]string{e.Link, e.GUID}, e.Links...) {
		candidate = strings.TrimSpace(candidate)
		if candidate == "" || candidate == e.GUID && !strings.HasPrefix(candidate, "http") {
			continue // a guid is an address only when it looks like one
		}
		if u, err := m.base.Parse(candidate); err == nil {
			if address := webAddress(u); address != "" {
				return address
			}
		}
	}
	return ""
}

// item maps one entry. An error says, for the admin, why it cannot be an article.
func (m *mapper) item(e *gofeed.Item) (item, error) {
	link := m.link(e)
	it := item{key: m.key(e, link), link: link}
	in := articles.Input{
		Kind:      articles.KindArticle,
		Title:     shorten(articles.PlainLine(e.Title), maxTitle),
		HTML:      cmp.Or(strings.TrimSpace(e.Content), strings.TrimSpace(e.Description)),
		URL:       link,
		Language:  cmp.Or(m.source.Language, m.feed.Language),
		Section:   m.source.Section,
		Authors:   m.authors(e),
		Tags:      names(e.Categories),
		Image:     m.image(e, link),
		Enclosure: m.enclosure(e, link),
	}
	text := articles.PlainLine(in.HTML[:min(len(in.HTML), enough)])
	if strings.TrimSpace(e.Content) != "" {
		if in.Standfirst = shorten(articles.PlainLine(e.Description), maxLead); in.Standfirst == shorten(text, maxLead) {
			in.Standfirst = ""
		}
	}
	in.Title = cmp.Or(in.Title, shorten(text, 80))
	switch {
	case in.Title == "":
		return item{}, fmt.Errorf("it has neither a title nor a text (%s)", cmp.Or(link, "no link"))
	case m.isOurs(link):
		return item{}, fmt.Errorf("it links to an article of this very site (%s)", link)
	case text == "" && !strings.Contains(in.HTML, "<img"):
		in.HTML, in.Kind = "", articles.KindBrief
	}
	if link != "" && m.links[link] > 1 { // several items on one page: a fragment tells them apart
		in.URL, it.link = link+"#"+fingerprint(it.key)[:12], ""
	}
	in.BaseURL = cmp.Or(link, m.base.String())
	in.Published, in.Updated = m.dates(e)
	it.input = in
	it.input.Hash = m.hash(it, e)
	return it, nil
}

func (m *mapper) isOurs(link string) bool {
	return m.site.URL != "" && strings.HasPrefix(link, m.site.URL+"/articles/")
}

// key is the item's identity. A guid that several items share identifies none of them by itself.
func (m *mapper) key(e *gofeed.Item, link string) string {
	guid := strings.TrimSpace(e.GUID)
	key := cmp.Or(guid, link)
	switch {
	case key == "":
		return "hash:" + fingerprint(e.Title, e.Published)
	case guid != "" && m.guids[guid] > 1:
		key = guid + " " + cmp.Or(link, fingerprint(e.Title, e.Published))
	}
	if len(key) > maxLink {
		return "hash:" + fingerprint(key)
	}
	return key
}

// hash changes when anything that the article is made of does. The guid is not part of it: a feed that only gives its
// items new guids changes no article.
func (m *mapper) hash(it item, e *gofeed.Item) string {
	in := it.input
	parts := []string{"source 1", m.source.Name, in.URL, in.Title, in.Standfirst, in.HTML, in.Section, in.Language, in.Image,
		e.Published, e.Updated, strings.Join(in.Authors, "\n"), strings.Join(in.Tags, "\n")}
	if in.URL == "" {
		parts = append(parts, it.key)
	}
	if f := in.Enclosure; f != nil { // one without has the hash that it had before enclosures were kept
		parts = append(parts, "enclosure", f.URL, f.Type, fmt.Sprint(f.Length))
	}
	return fingerprint(parts...)
}

func fingerprint(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return hex.EncodeToString(sum[:])
}

// shorten cuts text to at most n characters, between words.
func shorten(text string, n int) string {
	runes := []rune(text)
	if len(runes) <= n {
		return text
	}
	cut := string(runes[:n-1])
	if i := strings.LastIndex(cut, " "); i > len(cut)/2 {
		cut = cut[:i]
	}
	return strings.TrimRight(cut, " ,;:—–-") + "…"
}

// authors are the item's own, in Atom and JSON else the feed's. An address without a name is no byline.
func (m *mapper) authors(e *gofeed.Item) []string {
	var list []string
	for _, p := range e.Authors {
		list = append(list, p.Name)
	}
	if e.DublinCoreExt != nil { // gofeed takes only the first of them
		list = append(list, e.DublinCoreExt.Creator...)
	}
	if list = names(list); len(list) == 0 && m.feed.FeedType != "rss" {
		for _, p := range m.feed.Authors {
			list = append(list, p.Name)
		}
	}
	return names(list)
}

// names cleans a list of names and takes out doubles.
func names(list []string) []string {
	var clean []string
	for _, name := range list {
		name = articles.PlainLine(name)
		same := func(s string) bool { return strings.EqualFold(s, name) }
		if name != "" && len([]rune(name)) <= maxName && len(clean) < maxTags && !slices.ContainsFunc(clean, same) {
			clean = append(clean, name)
		}
	}
	return clean
}

// enclosure is the first file of the item that is no picture and whose address, type and length are all told: readers of
// our own feeds rely on them. nil if there is none.
func (m *mapper) enclosure(e *gofeed.Item, link string) *articles.Enclosure {
	base := parseBase(link, m.base.String())
	for _, x := range e.Enclosures {
		if x == nil || strings.HasPrefix(strings.ToLower(strings.TrimSpace(x.Type)), "image/") {
			continue
		}
		length, err := strconv.ParseInt(strings.TrimSpace(x.Length), 10, 64)
		if err != nil {
			continue
		}
		if whole, err := articles.CleanEnclosure(base, articles.Enclosure{URL: x.URL, Type: x.Type, Length: length}); err == nil {
			return &whole
		}
	}
	return nil
}

// image is the lead picture: the item's own, else the first of media:content and media:thumbnail.
func (m *mapper) image(e *gofeed.Item, link string) string {
	var candidates []string
	if e.Image != nil {
		candidates = append(candidates, e.Image.URL)
	}
	for _, name := range []string{"content", "thumbnail"} {
		for _, x := range e.Extensions["media"][name] {
			if medium := x.Attrs["medium"]; name == "thumbnail" || medium == "image" || strings.HasPrefix(x.Attrs["type"], "image/") {
				candidates = append(candidates, x.Attrs["url"])
			}
		}
	}
	for _, x := range e.Enclosures {
		if x != nil && strings.HasPrefix(x.Type, "image/") {
			candidates = append(candidates, x.URL)
		}
	}
	base := parseBase(link, m.base.String())
	for _, c := range candidates {
		if u, err := base.Parse(strings.TrimSpace(c)); err == nil && strings.TrimSpace(c) != "" && isWeb(u) {
			return u.String()
		}
	}
	return ""
}
