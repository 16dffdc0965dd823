package web

import (
	"strings"
	"testing"
	"time"

	"vestnik/feeds"
)

func TestAFeedThatMovedLeadsToWhereItIs(t *testing.T) {
	h := openFurnished(t, func(o *Options) {
		o.Feeds.Own = map[string]FeedRule{"sections/kino": {Moved: "sections/film"}, "sections/film": {Moved: "sections/festivali"},
			"digests/old": {Moved: "digests/daily"}, "tags/hit": {Moved: "most-read/7d"}, "most-read/30d": {Moved: "most-read/7d"}}
	})
	for path, want := range map[string]string{
		"/sections/kino/feed.xml":                         "/sections/festivali/feed.xml",
		"/sections/film/feed.json":                        "/sections/festivali/feed.json",
		"/sections/kino/archive/2018-05/feed.atom?v=abcd": "/sections/festivali/archive/2018-05/feed.atom",
		"/sections/kino":                                  "/sections/festivali",
		"/sections/kino/rss/":                             "/sections/festivali/feed.xml",
		"/digests/old":                                    "/digests/daily",
		"/digests/old/feed.atom":                          "/digests/daily/feed.atom",
		"/tags/hit/feed.json":                             "/most-read/feed.json?window=7d",
		"/most-read/feed.xml?window=30d":                  "/most-read/feed.xml?window=7d",
		"/most-read?window=30d":                           "/most-read?window=7d",
	} {
		for _, method := range []string{"GET", "HEAD"} {
			res := h.do(method, path, "")
			if res.StatusCode != 301 || res.Header.Get("Location") != siteURL+want || !strings.Contains(res.Header.Get("Cache-Control"), "max-age=86400") {
				t.Errorf("%s %s = %d to %q, want 301 to %s", method, path, res.StatusCode, res.Header.Get("Location"), want)
			}
		}
	}
	if ok, _ := h.Topic(t.Context(), siteURL+"/sections/kino/feed.xml"); ok {
		t.Error("a feed that moved is still a topic of the hub")
	}
	for _, path := range []string{"/feeds", "/opml.xml"} {
		if strings.Contains(h.get(path).body, "/sections/kino/") {
			t.Errorf("%s still lists the feed that moved", path)
		}
	}
}

func TestAFeedThatEndsSaysSoAndIsGoneThen(t *testing.T) {
	end := time.Date(2027, 1, 31, 0, 0, 0, 0, sakhalin)
	h := openFurnished(t, func(o *Options) {
		o.Feeds.Own = map[string]FeedRule{"sections/festivali": {Ended: end}, "digests/daily": {Ended: end}, "digests/gone": {Ended: end.AddDate(-1, 0, 0)}}
	})
	for _, path := range []string{"/sections/festivali/feed.xml", "/digests/daily/feed.json"} {
		if body := h.get(path).body; strings.Contains(body, "закрывается") {
			t.Errorf("%s says already now that it ends", path)
		}
	}
	h.wait(end.Sub(h.clock()) - 29*24*time.Hour)
	for _, path := range []string{"/sections/festivali/feed.xml", "/sections/festivali/feed.atom", "/digests/daily/feed.json"} {
		ids, body := h.items(path)
		if len(ids) < 2 || !strings.HasSuffix(ids[0], "/feed/ended") || !strings.Contains(body, "С 31 января 2027") || !strings.Contains(body, siteURL+"/feeds") {
			t.Errorf("%s does not say that it ends: %q", path, ids)
		}
	}
	announced := h.get("/sections/festivali/feed.xml").Header.Get("ETag")
	h.wait(24 * time.Hour)
	if res := h.get("/sections/festivali/feed.xml", "If-None-Match", announced); res.StatusCode != 304 {
		t.Errorf("a day later = %d, want 304", res.StatusCode)
	}
	h.wait(end.Sub(h.clock()))
	for _, path := range []string{"/sections/festivali/feed.xml", "/sections/festivali/feed.json", "/digests/daily/feed.atom", "/digests/gone/feed.xml"} {
		res := h.get(path, "If-None-Match", announced)
		if res.StatusCode != 410 || res.Header.Get("Content-Type") != "text/plain; charset=utf-8" || !strings.Contains(res.body, siteURL+"/feeds") || !strings.Contains(res.Header.Get("Cache-Control"), "max-age=86400") {
			t.Errorf("%s = %d, %q, %q", path, res.StatusCode, res.Header.Get("Content-Type"), res.body)
		}
	}
	if ok, _ := h.Topic(t.Context(), siteURL+"/sections/festivali/feed.xml"); ok {
		t.Error("a feed that has ended is still a topic of the hub")
	}
	for _, path := range []string{"/sections/festivali", "/feeds", "/opml.xml", "/articles/box-office"} {
		if res := h.get(path); res.StatusCode != 200 || strings.Contains(res.body, "/sections/festivali/feed.") {
			t.Errorf("%s = %d, and must not lead to a feed that is gone", path, res.StatusCode)
		}
	}
	if res := h.get("/sections/festivali/archive/2026-11/feed.xml"); res.StatusCode != 302 {
		t.Errorf("the history of a feed that has ended = %d, want it to stay", res.StatusCode)
	}
}

func TestRulesThatMakeNoSenseAreRefused(t *testing.T) {
	h := open(t)
	for want, own := range map[string]map[string]FeedRule{
		"no such feed":  {"section/kino": {Items: 3}},
		"most-read":     {"most-read/1y": {Items: 3}},
		"full or":       {"site": {Text: "short"}},
		"cannot move":   {"site": {Moved: "sections/kino"}},
		"moved to":      {"sections/kino": {Moved: "nowhere"}},
		"back again":    {"sections/a": {Moved: "sections/b"}, "sections/b": {Moved: "sections/a"}},
		`feed "tags/":`: {"tags/": {Items: 1}},
	} {
		o := h.Options
		o.Feeds.Own = own
		if _, err := New(o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: %v, want an error with %q", own, err, want)
		}
	}
}

func TestOldAddressesThatLeadNowhereAreRefused(t *testing.T) {
	h := open(t)
	for want, old := range map[string]map[string]string{
		"beginning with /": {"rss.php": "/feed.xml"}, "write a path": {"/rss.php": "feed.xml"}, "old address too": {"/feed.xml": siteURL + "/feed.xml"}, "/b": {"/a": "/b", "/b": "/feed.xml"},
	} {
		o := h.Options
		o.Feeds.Old = old
		if _, err := New(o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: %v, want an error with %q", old, err, want)
		}
	}
}

func TestAFeedHoldsWhatItsRulesSay(t *testing.T) {
	h := openFurnished(t, func(o *Options) {
		o.Feeds = FeedOptions{Items: 3, Summary: true, Own: map[string]FeedRule{"sections/festivali": {Items: 1, Text: "full"}}}
	})
	ids, body := h.items("/feed.xml")
	if len(ids) != 3 || strings.Contains(body, "content:encoded>") {
		t.Errorf("the site's feed: %d items", len(ids))
	}
	ids, body = h.items("/sections/festivali/feed.xml")
	if len(ids) != 1 || !strings.Contains(body, "content:encoded>") {
		t.Errorf("the section's feed: %d items", len(ids))
	}
}

func TestAddressesOfEarlierSystemsLeadToOurs(t *testing.T) {
	h := openFurnished(t, func(o *Options) {
		o.Feeds.Old = map[string]string{"/rss.php?id=3": "/sections/prokat/feed.xml", "/export/all.xml": "https://elsewhere.example/feed", "/feed.rss": "/feed.atom"}
	})
	for path, want := range map[string]string{
		"/feed": "/feed.xml", "/feed/": "/feed.xml", "/rss": "/feed.xml", "/rss/": "/feed.xml", "/rss.xml": "/feed.xml", "/index.xml": "/feed.xml", "/atom.xml": "/feed.atom",
		"/feed/atom/": "/feed.atom", "/feed/rss2/": "/feed.xml", "/?feed=rss2": "/feed.xml", "/?feed=atom": "/feed.atom", "/feed.rss": "/feed.atom",
		"/sections/prokat/rss": "/sections/prokat/feed.xml", "/sections/prokat/feed/atom/": "/sections/prokat/feed.atom", "/category/prokat/feed/": "/sections/prokat/feed.xml",
		"/categories/prokat/index.xml": "/sections/prokat/feed.xml", "/tag/tanets/rss/": "/tags/tanets/feed.xml", "/author/ann-lee/feed": "/authors/ann-lee/feed.xml",
		"/feed/by_tag/tanets.xml": "/tags/tanets/feed.xml", "/digests/daily/rss": "/digests/daily/feed.xml", "/rss.php?id=3": "/sections/prokat/feed.xml",
	} {
		if res := h.get(path); res.StatusCode != 301 || res.Header.Get("Location") != siteURL+want {
			t.Errorf("%s = %d to %q, want 301 to %s", path, res.StatusCode, res.Header.Get("Location"), want)
		}
	}
	if res := h.get("/export/all.xml"); res.Header.Get("Location") != "https://elsewhere.example/feed" {
		t.Errorf("/export/all.xml leads to %q", res.Header.Get("Location"))
	}
	for _, path := range []string{"/category/none/feed/", "/articles/festival/feed", "/tag/rss", "/rss.php?id=4", "/nowhere/feed/", "/tags/%ff/rss", "/digests/none/rss"} {
		if res := h.get(path); res.StatusCode != 404 {
			t.Errorf("%s = %d to %q, want 404", path, res.StatusCode, res.Header.Get("Location"))
		}
	}
	if res := h.do("POST", "/feed/", ""); res.StatusCode != 404 {
		t.Errorf("POST /feed/ = %d", res.StatusCode)
	}
	if strings.Contains(h.log.String(), "level=ERROR") {
		t.Errorf("errors were logged: %s", h.log)
	}
}

func TestWhoAsksForADocumentGetsALineAndNoPage(t *testing.T) {
	h := openFurnished(t)
	for _, path := range []string{"/sections/none/feed.xml", "/nowhere/feed.atom", "/digests/none/feed.json", "/tags/%ff/feed.json"} {
		res := h.get(path)
		if res.StatusCode != 404 || res.Header.Get("Content-Type") != "text/plain; charset=utf-8" || strings.Contains(res.body, "<") {
			t.Errorf("%s = %d, %q", path, res.StatusCode, res.Header.Get("Content-Type"))
		}
	}
}

// Readers in a browser ask first whether they may send their validators (Fetch, preflight).
func TestReadersInABrowserMayAskConditionally(t *testing.T) {
	h := openFurnished(t)
	for _, path := range []string{"/feed.json", "/sections/prokat/feed.xml", "/most-read/feed.atom", "/digests/daily/feed.json", "/sections/prokat/archive/2026-11/feed.json"} {
		res := h.do("OPTIONS", path, "", "Origin", "https://reader.example", "Access-Control-Request-Method", "GET", "Access-Control-Request-Headers", "if-none-match")
		if res.StatusCode != 204 || res.Header.Get("Access-Control-Allow-Origin") != "*" || !strings.Contains(res.Header.Get("Access-Control-Allow-Headers"), "If-None-Match") {
			t.Errorf("%s = %d, %v", path, res.StatusCode, res.Header)
		}
	}
	for _, path := range []string{"/feed.json", "/nowhere/feed.json", "/rss"} {
		if got := h.get(path).Header.Get("Access-Control-Allow-Origin"); got != "*" {
			t.Errorf("%s: Access-Control-Allow-Origin %q", path, got)
		}
	}
}

func TestDocumentsCanBeRenderedByName(t *testing.T) {
	h := openFurnished(t)
	for name, path := range map[string]string{"site": "/feed", "sections/festivali": "/sections/festivali/feed", "tags/tanets": "/tags/tanets/feed", "authors/ann-lee": "/authors/ann-lee/feed",
		"most-read/24h": "/most-read/feed", "digests/daily": "/digests/daily/feed"} {
		for _, f := range feeds.Formats() {
			doc, mediaType, err := h.Document(t.Context(), name, f.Name)
			if err != nil || mediaType != f.Type || string(doc) != h.get(path+strings.TrimPrefix(f.File, "feed")).body {
				t.Errorf("%s as %s: %v, %s, %d bytes", name, f.Name, err, mediaType, len(doc))
			}
		}
	}
	if doc, _, err := h.Document(t.Context(), "site", "yandex"); err != nil || string(doc) != h.get("/yandex.xml").body {
		t.Errorf("yandex: %v, %d bytes", err, len(doc))
	}
	for path, want := range map[string]string{"/sitemap.xml": "application/xml", "/opml.xml": "text/x-opml", "/most-read/feed.json?window=7d": "application/feed+json"} {
		if doc, mediaType, err := h.Document(t.Context(), path, ""); err != nil || mediaType != want || string(doc) != h.get(path).body {
			t.Errorf("%s: %v, %s", path, err, mediaType)
		}
	}
	for _, c := range [][2]string{{"/sitemaps/1999-01.xml", ""}, {"sections/none", "rss"}, {"none", "rss"}, {"site", "opml"}, {"tags/tanets", "yandex"}} {
		if _, _, err := h.Document(t.Context(), c[0], c[1]); err == nil {
			t.Errorf("%v: no error", c)
		}
	}
}
