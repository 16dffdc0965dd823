package web

import (
	"context"
	"database/sql"
	"net/http"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"vestnik/articles"
	"vestnik/feeds"
)

// openHub is a furnished house with a hub that takes everything.
func openHub(t *testing.T) *house {
	return openFurnished(t, func(o *Options) {
		o.Hub = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			r.ParseForm()
			w.WriteHeader(http.StatusAccepted)
			w.Write([]byte(r.PostForm.Get("hub.topic")))
		})
	})
}

func TestTheHubIsReachedWhereThePagesAndFeedsSay(t *testing.T) {
	h := openHub(t)
	topics := []string{"/", "/sections/festivali", "/tags/tanets", "/authors/ann-lee", "/most-read", "/most-read?window=7d", "/digests/daily"}
	for _, list := range []string{"", "/sections/festivali", "/tags/tanets", "/authors/ann-lee", "/most-read", "/digests/daily", "/digests/weekly"} {
		for _, f := range feeds.Formats() {
			topics = append(topics, list+"/"+f.File)
		}
	}
	topics = append(topics, "/most-read/feed.xml?window=7d", "/most-read/feed.json?window=30d")
	for _, path := range topics {
		res := h.get(path)
		link := res.Header.Get("Link")
		if !strings.Contains(link, `<https://kino.example/hub>; rel="hub"`) || !strings.Contains(link, `<`+siteURL+path+`>; rel="self"`) {
			t.Errorf("%s: Link %q", path, link)
		}
		if strings.HasPrefix(res.Header.Get("Content-Type"), "text/html") {
			found := map[string]string{}
			walk(t, res.body, func(n *html.Node, attr map[string]string) { found[attr["rel"]] = attr["href"] })
			if found["hub"] != siteURL+"/hub" || found["self"] != siteURL+path {
				t.Errorf("%s: its head leads to %v", path, found)
			}
		}
		if ok, err := h.Topic(t.Context(), siteURL+path); !ok || err != nil {
			t.Errorf("%s is no topic: %v", path, err)
		}
	}
	if res := h.do("POST", "/hub", "hub.topic=x", "Content-Type", "application/x-www-form-urlencoded"); res.StatusCode != 202 || res.body != "x" {
		t.Errorf("POST /hub = %d %q", res.StatusCode, res.body)
	}
	if res := h.get("/hub"); res.StatusCode != 405 || res.Header.Get("Allow") != "POST" {
		t.Errorf("GET /hub = %d", res.StatusCode)
	}
}

func TestOnlyLivingFeedsUnderTheirOwnAddressAreTopics(t *testing.T) {
	h := openHub(t)
	address, _ := h.follow("/archive/2018-05/feed.atom")
	for _, other := range []string{siteURL, siteURL + "/feed.xml?x=1", siteURL + "/feed.xml/", "http://kino.example/feed.xml", "https://other.example/feed.xml", siteURL + "/sections/none/feed.xml",
		siteURL + "/yandex.xml", siteURL + address, siteURL + "/most-read?window=24h", siteURL + "/most-read/feed.xml?window=24h", siteURL + "/most-read/feed.xml?window=1y", siteURL + "/digests/none/feed.xml",
		siteURL + "/digests/none", siteURL + "/articles/festival", siteURL + "/sections/festivali/", siteURL + "/opml.xml", "", "/feed.xml"} {
		if ok, err := h.Topic(t.Context(), other); ok || err != nil {
			t.Errorf("%q is a topic: %v, %v", other, ok, err)
		}
	}
	for _, path := range []string{"/articles/festival", "/?before=4102444800000-1", "/feeds", "/nowhere"} {
		if link := h.get(path).Header.Get("Link"); strings.Contains(link, `rel="hub"`) {
			t.Errorf("%s, which is no topic, leads to the hub: %s", path, link)
		}
	}
}

func TestWithoutAHubNothingLeadsThere(t *testing.T) {
	h := openFurnished(t)
	for _, path := range []string{"/", "/most-read", "/most-read?window=7d", "/digests/daily", "/feed.xml", "/feed.atom", "/feed.json"} {
		if res := h.get(path); strings.Contains(res.Header.Get("Link"), "hub") || strings.Contains(res.body, "/hub") {
			t.Errorf("%s leads to a hub", path)
		}
	}
	if res := h.do("POST", "/hub", ""); res.StatusCode != 404 {
		t.Errorf("POST /hub = %d", res.StatusCode)
	}
}

func TestEveryPageNamesItsFeeds(t *testing.T) {
	h := openFurnished(t)
	for path, feed := range map[string]string{"/": "/feed.json", "/articles/festival": "/sections/festivali/feed.atom", "/sections/prokat": "/sections/prokat/feed.xml", "/most-read?window=7d": "/most-read/feed.xml?window=7d",
		"/digests/daily": "/digests/daily/feed.json", "/feeds": "/feed.xml", "/nowhere": "/feed.atom"} {
		res := h.get(path)
		link := res.Header.Get("Link")
		if !strings.Contains(link, `<`+siteURL+feed+`>; rel="alternate"; type="application/`) || !strings.HasPrefix(link, `<`+siteURL+`/feed.xml>; rel="alternate"`) {
			t.Errorf("%s: Link %q", path, link)
		}
		if !strings.Contains(html.UnescapeString(res.body), `href="`+feed+`"`) {
			t.Errorf("%s: its head does not name %s", path, feed)
		}
	}
}

func TestTheHubGetsWhatIsNew(t *testing.T) {
	h := openHub(t)
	ctx := t.Context()
	since, err := articles.CurrentChange(ctx, h.DB)
	if err != nil {
		t.Fatal(err)
	}
	get := func(path string) feeds.Diff {
		t.Helper()
		d, err := h.Content(ctx, siteURL+path, since)
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		return d
	}
	for _, path := range []string{"/", "/feed.atom", "/sections/prokat/feed.json"} {
		if d := get(path); d.Items != 0 {
			t.Errorf("nothing is new, and %s has %d items", path, d.Items)
		}
	}
	h.put(articles.Input{Title: "Только что", HTML: "<p>Свежий текст</p>", Section: "Прокат", Published: h.clock()}) // and no second passes
	current := since + 1
	for path, kind := range map[string]string{"/feed.xml": "application/rss+xml", "/sections/prokat/feed.json": "application/feed+json", "/": "text/html", "/sections/prokat": "text/html"} {
		d := get(path)
		if d.Items != 1 || d.Change != current || !strings.HasPrefix(d.Type, kind) || !strings.Contains(string(d.Body), "Только что") {
			t.Errorf("%s: %d items up to %d as %s, want 1 up to %d", path, d.Items, d.Change, d.Type, current)
		}
		if kind != "text/html" && strings.Contains(string(d.Body), "Box office") {
			t.Errorf("%s holds more than what is new", path)
		}
	}
	if d := get("/sections/festivali/feed.xml"); d.Items != 0 {
		t.Errorf("another section has %d new items", d.Items)
	}
	since = current
	h.tx(func(tx *sql.Tx) error {
		_, _, err := articles.Withdraw(ctx, tx, "tolko-chto", h.clock())
		return err
	})
	if d := get("/sections/prokat/feed.atom"); d.Items != 1 || !strings.Contains(string(d.Body), "deleted-entry") {
		t.Errorf("what was taken back is not told: %d items", d.Items)
	}
	if d := get("/sections/prokat"); d.Items != 1 || strings.Contains(string(d.Body), "Только что") {
		t.Errorf("the page without it is not told: %d items", d.Items)
	}
	if _, err := h.Content(ctx, siteURL+"/nowhere/feed.xml", 0); err == nil {
		t.Error("content of no topic")
	}
}

func TestTheHubTellsOfEditionsAndRankingsByNumbersOfTheirOwn(t *testing.T) {
	h := openHub(t)
	ctx := t.Context()
	for _, path := range []string{"/digests/daily/feed.atom", "/most-read/feed.json"} {
		h.reads("premiere", h.clock().Add(-time.Hour), 5)
		h.wait(time.Hour)
		first, err := h.Content(ctx, siteURL+path, 0)
		if err != nil || first.Items == 0 || len(first.Body) == 0 || first.Change == 0 {
			t.Fatalf("%s: %v, %d items up to %d", path, err, first.Items, first.Change)
		}
		h.put(articles.Input{Title: "Новость", HTML: "<p>Текст</p>", Published: h.clock().Add(-time.Hour)})
		h.wait(2 * time.Second)
		if d, err := h.Content(ctx, siteURL+path, first.Change); err != nil || d.Items != 0 {
			t.Errorf("%s: %v, %d items, though only an article came", path, err, d.Items)
		}
		h.reads("festival", h.clock(), 50)
		h.wait(24*time.Hour - time.Second)
		h.reads("festival", h.clock().Add(-2*time.Hour), 50)
		h.publishEdition()
		h.wait(time.Hour)
		d, err := h.Content(ctx, siteURL+path, first.Change)
		if err != nil || d.Items == 0 || d.Change <= first.Change {
			t.Errorf("%s: %v, %d items up to %d, want more than %d", path, err, d.Items, d.Change, first.Change)
		}
		if again, err := h.Content(ctx, siteURL+path, d.Change); err != nil || again.Items != 0 {
			t.Errorf("%s: %v, %d items told twice", path, err, again.Items)
		}
	}
}

func TestAFeedThatWillEndLosesNothingOnTheWayToTheHub(t *testing.T) {
	h := openFurnished(t, func(o *Options) {
		o.Feeds.Own = map[string]FeedRule{"sections/prokat": {Ended: time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)}}
	})
	since := int64(0)
	for _, title := range []string{"Раз", "Два", "Три"} {
		h.put(articles.Input{Title: title, HTML: "<p>Текст</p>", Section: "Прокат", Published: h.clock()})
		d, err := h.Content(t.Context(), siteURL+"/sections/prokat/feed.xml", since)
		if err != nil || d.Items == 0 || d.Change <= since || !strings.Contains(string(d.Body), title) {
			t.Fatalf("%s: %v, %d items up to %d", title, err, d.Items, d.Change)
		}
		since = d.Change
	}
}

func TestFollowingTheChangesNoRequestAsksForThem(t *testing.T) {
	h := openFurnished(t)
	h.get("/feed.xml")
	h.get("/sections/festivali/feed.xml")
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- h.Follow(ctx) }()
	before := h.get("/sections/festivali/feed.xml").Header.Get("ETag")
	a := h.put(articles.Input{Title: "Только что", HTML: "<p>Свежий текст</p>", Section: "Прокат", Published: h.clock()})
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		if strings.Contains(h.get("/feed.xml").body, a.GUID) { // the clock of the house stands still: nothing else would tell it
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the feed does not follow")
		}
	}
	if got := h.get("/sections/festivali/feed.xml", "If-None-Match", before).StatusCode; got != 304 {
		t.Errorf("the feed of another section = %d, want 304", got)
	}
	stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
	b := h.put(articles.Input{Title: "Потом", HTML: "<p>Текст</p>", Published: h.clock()})
	h.wait(time.Second)
	if !strings.Contains(h.get("/feed.xml").body, b.GUID) {
		t.Error("once nobody follows, requests do not ask themselves")
	}
}

// A 304 costs nothing of ours, with or without somebody who follows.
func TestAPollThatBringsNothingNewCostsNoMemory(t *testing.T) {
	h := openFurnished(t)
	tag := h.get("/feed.xml", "Accept-Encoding", "gzip").Header.Get("ETag")
	r, err := http.NewRequest("GET", "/feed.xml", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Accept-Encoding", "gzip")
	r.Header.Set("If-None-Match", tag)
	w, handler := &sink{h: http.Header{}}, h.Handler()
	for _, follows := range []bool{false, true} {
		if follows {
			n, err := h.refresh(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			h.watched.Store(n)
		}
		n := testing.AllocsPerRun(100, func() {
			clear(w.h)
			handler.ServeHTTP(w, r)
		})
		if n != 0 || w.status != 304 {
			t.Errorf("%v allocations, status %d", n, w.status)
		}
	}
}
