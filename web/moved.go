package web

import (
	"fmt"
	"html"
	"net/http"
	"path"
	"strings"
	"time"

	"vestnik/feeds"
	"vestnik/language"
	"vestnik/templates"
)

// FeedOptions say what feeds hold, and what became of some.
type FeedOptions struct {
	Items   int                 // in each; 0: 50, and 30 editions in a digest's
	Summary bool                // items carry their summaries instead of the whole text
	Image   string              // absolute address of the publication's picture, "" for none
	Own     map[string]FeedRule // of single feeds, by name: "site", "sections/kino", "most-read/7d", "digests/daily"
	Old     map[string]string   // what an address of an earlier system is now: a path of ours or an absolute address
}

// A FeedRule says what differs in one feed.
type FeedRule struct {
	Items int    // 0: as all
	Text  string // full | summary; "": as all
	Moved string // name of the feed that it became: its documents, archives and page lead there for good (301)

	// Ended is from when on its documents answer 410 Gone; zero: never. In the 30 days before, its first item says so. A JSON
	// Feed is never marked as expired: once it is, there is no document that could say it.
	Ended time.Time
}

// farewell is how long a feed says beforehand that it will end: readers that are opened once a month shall see it.
const farewell = 30 * 24 * time.Hour

// readRules puts the rules of single feeds under the keys of their lists.
func (s *Server) readRules() error {
	s.rules = map[string]FeedRule{}
	for name, rule := range s.Feeds.Own {
		l, ok := namedList(name)
		if !ok {
			return fmt.Errorf("feed %q: there is no such feed; name it as site, sections/NAME, tags/NAME, authors/NAME, digests/NAME or most-read/7d", name)
		}
		if rule.Text != "" && rule.Text != "full" && rule.Text != "summary" {
			return fmt.Errorf("feed %q: its text is %q; write full or summary", name, rule.Text)
		}
		s.rules[l.key()] = rule
	}
	for name, rule := range s.Feeds.Own {
		if err := s.checkMove(name, rule.Moved); err != nil {
			return err
		}
	}
	return s.checkOld()
}

// checkOld refuses addresses of earlier systems that lead nowhere, or in a circle.
func (s *Server) checkOld() error {
	for old, now := range s.Feeds.Old {
		absolute := strings.HasPrefix(now, "https://") || strings.HasPrefix(now, "http://")
		target := strings.TrimPrefix(now, s.Site.URL)
		_, again := s.Feeds.Old[target]
		_, _, usual := usualAddress(target)
		switch {
		case !strings.HasPrefix(old, "/"):
			return fmt.Errorf("old address %q: write the path alone, beginning with /", old)
		case !absolute && !strings.HasPrefix(now, "/"):
			return fmt.Errorf("old address %q leads to %q; write a path beginning with /, or an absolute address", old, now)
		case again:
			return fmt.Errorf("old address %q leads to %q, which is an old address too; write where that leads", old, now)
		case usual && !strings.Contains(target, "://"):
			return fmt.Errorf("old address %q leads to %q, which is an old address of other systems and leads on; write one of ours, as /feed.xml", old, now)
		}
	}
	return nil
}

// checkMove follows a feed to where it stands now.
func (s *Server) checkMove(name, moved string) error {
	seen := map[string]bool{name: true}
	for ; moved != ""; moved = s.Feeds.Own[moved].Moved {
		_, ok := namedList(moved)
		switch {
		case name == kindSite || name == kindYandex:
			return fmt.Errorf("feed %q: the site's feed cannot move; give the publication another address instead", name)
		case !ok || moved == kindYandex:
			return fmt.Errorf("feed %q: it moved to %q, and there is no such feed; name it as site, sections/NAME, tags/NAME …", name, moved)
		case seen[moved]:
			return fmt.Errorf("feed %q: it moved to %q, and from there back again; leave one of the moves out", name, moved)
		}
		seen[moved] = true
	}
	return nil
}

// items is how many a list's feed holds.
func (s *Server) items(l feedList) int {
	switch n := s.rules[l.key()].Items; {
	case n > 0:
		return n
	case s.Feeds.Items > 0:
		return s.Feeds.Items
	case l.kind == kindDigests:
		return editions
	}
	return feedItems
}

// summary reports whether a list's feed carries summaries. Yandex takes none.
func (s *Server) summary(l feedList) bool {
	switch s.rules[l.key()].Text {
	case "full":
		return false
	case "summary":
		return true
	}
	return s.Feeds.Summary && l.kind != kindYandex
}

// ended reports whether the feed of the list has ended.
func (s *Server) ended(key string) bool {
	ended := s.rules[key].Ended
	return !ended.IsZero() && !s.Now().Before(ended)
}

// stage of a feed's life grows when its document changes by time alone: it lives, says that it will end, has ended.
func (s *Server) stage(key string) int64 {
	ended := s.rules[key].Ended
	switch now := s.Now(); {
	case ended.IsZero() || now.Before(ended.Add(-farewell)):
		return 0
	case now.Before(ended):
		return 1
	}
	return 2
}

// announceEnd puts a first item into a feed that is about to end. It comes without a change of the articles, so what is newer than
// some change can no longer be told.
func (s *Server) announceEnd(f *feeds.Feed, ended time.Time) {
	if ended.IsZero() || s.Now().Before(ended.Add(-farewell)) {
		return
	}
	all := s.Site.URL + "/feeds"
	words := templates.Text(f.Language, "feed_ends_text", language.Date(f.Language, ended.In(s.Site.Location)), all)
	link := `<a href="` + html.EscapeString(all) + `">` + html.EscapeString(all) + `</a>`
	f.Items = append([]feeds.Item{{
		ID: f.ID + "/ended", Title: templates.Text(f.Language, "feed_ends"), Link: all, Summary: words,
		HTML:      "<p>" + strings.Replace(html.EscapeString(words), html.EscapeString(all), link, 1) + "</p>",
		Published: ended.Add(-farewell), Updated: ended.Add(-farewell),
	}}, f.Items...)
	f.Deltas = false
	f.Modified = later(f.Modified, ended.Add(-farewell))
}

// movedTo is where a list is now that moved, perhaps more than once.
func (s *Server) movedTo(key string) (to feedList, moved bool) {
	for rule := s.rules[key]; rule.Moved != ""; rule = s.rules[to.key()] {
		to, moved = namedList(rule.Moved) // was checked at the start
	}
	return to, moved
}

// movedDay is how long a permanent redirect is kept: a mistake in the configuration must not last for ever.
const movedDay = "public, max-age=86400"

func permanent(w http.ResponseWriter, r *http.Request, address string) {
	w.Header().Set("Cache-Control", movedDay)
	w.Header()["Access-Control-Allow-Origin"] = anyOrigin
	http.Redirect(w, r, address, http.StatusMovedPermanently)
}

// configuredAddress is where an address of an earlier system leads, by the configuration.
func (s *Server) configuredAddress(r *http.Request) (string, bool) {
	if len(s.Feeds.Old) == 0 {
		return "", false
	}
	to, ok := s.Feeds.Old[r.URL.RequestURI()]
	if !ok {
		to, ok = s.Feeds.Old[r.URL.Path]
	}
	if strings.HasPrefix(to, "/") {
		to = s.Site.URL + to
	}
	return to, ok
}

// Where other systems have their feeds, below a list's address or what they call the list, and what that is here: WordPress
// (feed/, feed/atom/, category/x/feed/), Ghost (rss/, tag/x/rss/), Hugo (index.xml, categories/x/index.xml), Jekyll (feed.xml,
// feed/by_tag/x.xml).
var (
	oldEnds = []struct{ end, file string }{
		{"/feed/atom", "feed.atom"}, {"/feed/rss2", "feed.xml"}, {"/feed/rss", "feed.xml"}, {"/feed/rdf", "feed.xml"}, {"/feed/json", "feed.json"},
		{"/feed", "feed.xml"}, {"/rss", "feed.xml"}, {"/rss.xml", "feed.xml"}, {"/feed.rss", "feed.xml"}, {"/index.xml", "feed.xml"},
		{"/index.rss", "feed.xml"}, {"/atom.xml", "feed.atom"}, {"/atom", "feed.atom"}, {"/index.json", "feed.json"},
	}
	oldLists = map[string]string{"category": kindSections, "categories": kindSections, "section": kindSections, "tag": kindTags, "author": kindAuthors}
)

// usualAddress is what the address of a feed of another system is here. It may lead to no feed that there is.
func usualAddress(old string) (list, file string, ok bool) {
	old = strings.TrimSuffix(old, "/")
	if tag, found := strings.CutPrefix(old, "/feed/by_tag/"); found {
		return "/tags/" + strings.TrimSuffix(tag, ".xml"), "feed.xml", true
	}
	for _, o := range oldEnds {
		list, found := strings.CutSuffix(old, o.end)
		if !found {
			continue
		}
		if kind, slug, _ := strings.Cut(strings.TrimPrefix(list, "/"), "/"); oldLists[kind] != "" {
			list = "/" + oldLists[kind] + "/" + slug
		}
		return list, o.file, true
	}
	return "", "", false
}

// redirectOld answers for an address that no route of ours takes and some other system had, if the feed is there.
func (s *Server) redirectOld(w http.ResponseWriter, r *http.Request) bool {
	if r.Method != http.MethodGet && r.Method != http.MethodHead || !isText(r.URL.Path) {
		return false
	}
	key, file, ok := usualAddress(r.URL.Path)
	if !ok {
		return false
	}
	l, ok := parseList(key)
	if to, moved := s.movedTo(key); moved {
		l = to
	}
	format, _ := feeds.FormatNamed(file)
	if there, err := s.exists(r.Context(), l); !ok || err != nil || !there {
		return false
	}
	permanent(w, r, l.place(s.Site.URL).Document(format))
	return true
}

// isFeedFile reports whether the last part of an address is a document's: who asks for it is a program, and no page helps it.
func isFeedFile(address string) bool {
	switch name := path.Base(address); name {
	case "opml.xml", "sitemap.xml", "news-sitemap.xml":
		return true
	default:
		_, ok := feeds.FormatNamed(name)
		return ok && strings.Contains(name, ".")
	}
}
