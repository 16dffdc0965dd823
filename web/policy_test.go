package web

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/mmcdole/gofeed"
	"golang.org/x/net/html"

	"vestnik/articles"
	"vestnik/subscribers"
	"vestnik/templates"
)

// walk calls f for every element of a page.
func walk(t *testing.T, page string, f func(n *html.Node, attr map[string]string)) {
	t.Helper()
	root, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	for n := range root.Descendants() {
		if n.Type == html.ElementNode {
			attr := map[string]string{}
			for _, a := range n.Attr {
				attr[a.Key] = a.Val
			}
			f(n, attr)
		}
	}
}

func TestEveryPageHasTheSecurityHeaders(t *testing.T) {
	h := openFurnished(t)
	for _, p := range pages {
		header := h.get(p.path).Header
		csp := header.Get("Content-Security-Policy")
		for _, want := range []string{"default-src 'none'", "script-src 'self'", "style-src 'self'", "form-action 'self'", "base-uri 'none'", "frame-ancestors 'none'"} {
			if !strings.Contains(csp, want) || strings.Contains(csp, "unsafe") {
				t.Errorf("%s: Content-Security-Policy %q lacks %q", p.path, csp, want)
			}
		}
		private := strings.HasPrefix(p.path, "/confirm/") || strings.HasPrefix(p.path, "/preferences/") || strings.HasPrefix(p.path, "/unsubscribe/")
		referrer, cache := "strict-origin-when-cross-origin", "public, max-age=60"
		if private {
			referrer = "no-referrer"
		}
		if private || p.status != 200 {
			cache = "no-store"
		}
		for name, want := range map[string]string{"X-Content-Type-Options": "nosniff", "Referrer-Policy": referrer, "Cache-Control": cache} {
			if got := header.Get(name); got != want {
				t.Errorf("%s: %s = %q, want %q", p.path, name, got, want)
			}
		}
		if header.Get("Permissions-Policy") == "" || header.Get("Set-Cookie") != "" {
			t.Errorf("%s: Permissions-Policy %q, Set-Cookie %q", p.path, header.Get("Permissions-Policy"), header.Get("Set-Cookie"))
		}
	}
}

func TestNoPageNeedsWhatThePolicyForbids(t *testing.T) {
	h := openFurnished(t)
	for _, p := range pages {
		checkPolicy(t, p.path, h.get(p.path).body)
	}
}

// checkPolicy looks for what the Content-Security-Policy forbids, and for pictures from where none is.
func checkPolicy(t *testing.T, path, page string) {
	t.Helper()
	walk(t, page, func(n *html.Node, attr map[string]string) {
		for key, value := range attr {
			if key == "style" || strings.HasPrefix(key, "on") || strings.HasPrefix(value, "javascript:") {
				t.Errorf("%s: <%s %s=%q>", path, n.Data, key, value)
			}
		}
		switch n.Data {
		case "style", "base", "iframe", "object", "embed", "svg":
			t.Errorf("%s: <%s>", path, n.Data)
		case "img":
			if !strings.HasPrefix(attr["src"], "https://") {
				t.Errorf("%s: a picture from %q", path, attr["src"])
			}
		case "script":
			if attr["type"] == "application/ld+json" {
				if !json.Valid([]byte(n.FirstChild.Data)) {
					t.Errorf("%s: broken data: %s", path, n.FirstChild.Data)
				}
				break // data, which no policy forbids
			}
			if !strings.HasPrefix(attr["src"], "/") || n.FirstChild != nil {
				t.Errorf("%s: a script inside the page or from elsewhere: %v", path, attr)
			}
		case "link":
			if attr["rel"] == "stylesheet" && !strings.HasPrefix(attr["href"], "/") {
				t.Errorf("%s: a stylesheet from elsewhere: %v", path, attr)
			}
		case "form":
			if !strings.HasPrefix(attr["action"], "/") {
				t.Errorf("%s: a form to elsewhere: %v", path, attr)
			}
		}
	})
}

func TestForeignTextStaysText(t *testing.T) {
	const evil = `"'><script>alert(1)</script><img src=x onerror=alert(2)><svg onload=alert(3)> ]]> </title>`
	h := open(t, func(o *Options) {
		o.Site.Title, o.Site.Imprint.Publisher, o.Site.Imprint.Address = "Site "+evil, evil, evil
		for i := range o.Digests {
			o.Digests[i].Title, o.Digests[i].Rhythm = "Digest "+evil, evil
		}
		o.Banner = func(string, time.Time) *templates.Banner {
			return &templates.Banner{Image: "https://sponsor.example/b.png", Link: "javascript:alert(4)", Label: evil, Alt: evil}
		}
	})
	words := strings.NewReplacer("<", "&lt;", ">", "&gt;", `"`, "&quot;").Replace(evil) // or it would be cleaned away
	a := h.put(articles.Input{Title: "Title " + words, Standfirst: words, Section: words, Authors: []string{words}, Tags: []string{words},
		Image: "https://kino.example/i/1.jpg", ImageAlt: words, HTML: "<p>Text " + words + "</p>", Published: h.clock().Add(-20 * time.Hour)})
	if !strings.Contains(a.Title, "<script>") {
		t.Fatalf("the title %q is harmless, and the test with it", a.Title)
	}
	h.put(articles.Input{Title: "Brief " + words, Kind: articles.KindBrief, URL: "https://wire.example/?a=%22%3E", Section: words, Published: h.clock().Add(-20 * time.Hour)})
	h.put(articles.Input{Title: "Third " + words, HTML: "<p>Text</p>", Published: h.clock().Add(-20 * time.Hour)})
	h.publishEdition()
	id := h.subscriber("ann@example.org", "daily")
	paths := []string{"/", "/articles/" + a.Slug, "/sections/" + a.Section.Slug, "/tags/" + a.Tags[0].Slug, "/authors/" + a.Authors[0].Slug, "/most-read", "/feeds",
		"/digests/daily", "/digests/daily/2026-11-24T0800", "/nowhere",
		"/unsubscribe/" + h.Subscribers.Keys.Token(subscribers.PurposeLeave, id, "daily"),
		"/preferences/" + h.Subscribers.Keys.Token(subscribers.PurposePreferences, id, "")}
	for _, path := range paths {
		res := h.get(path)
		if res.StatusCode != 200 && path != "/nowhere" || !strings.Contains(html.UnescapeString(res.body), "alert(1)") {
			t.Errorf("%s = %d, want it with the foreign text", path, res.StatusCode)
		}
		checkPolicy(t, path, res.body)
	}
	for _, path := range []string{"/feed.xml", "/feed.atom", "/digests/daily/feed.xml", "/digests/daily/feed.atom"} {
		if feed, err := gofeed.NewParser().ParseString(h.get(path).body); err != nil || !strings.Contains(feed.Title, evil) || !strings.Contains(feed.Items[0].Title, "<script>") {
			t.Errorf("%s: %v, title %q", path, err, feed.Title)
		}
	}
}

// An address that is no text is nobody's, and no error of ours: PostgreSQL would not even take it into a query.
func TestAnAddressThatIsNoTextIsNotFound(t *testing.T) {
	h := openFurnished(t)
	for _, bad := range []string{"%ff", "%00", "a%00b", "%ed%a0%80"} {
		for _, path := range []string{"/" + bad, "/articles/" + bad, "/sections/" + bad, "/tags/" + bad, "/authors/" + bad, "/sections/" + bad + "/feed.xml", "/tags/" + bad + "/feed.json",
			"/digests/" + bad, "/digests/" + bad + "/feed.atom", "/digests/daily/" + bad, "/digests/" + bad + "/2026-11-24T0800", "/confirm/" + bad, "/preferences/" + bad, "/unsubscribe/" + bad,
			"/assets/" + bad} {
			if res := h.get(path); res.StatusCode != 404 || res.Header.Get("Cache-Control") != "no-store" {
				t.Errorf("%s = %d", path, res.StatusCode)
			}
		}
		for _, path := range []string{"/confirm/" + bad, "/preferences/" + bad, "/a/" + bad} {
			if res := h.post(path, url.Values{"language": {""}}); res.StatusCode != 404 {
				t.Errorf("POST %s = %d", path, res.StatusCode)
			}
		}
	}
	if res := h.get("/sections/festivali"); res.StatusCode != 200 {
		t.Errorf("afterwards /sections/festivali = %d", res.StatusCode)
	}
	if strings.Contains(h.log.String(), "level=ERROR") {
		t.Errorf("errors were logged: %s", h.log)
	}
}
