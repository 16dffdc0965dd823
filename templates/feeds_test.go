package templates

import (
	"context"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"golang.org/x/net/html"
)

// classed are the elements of that class.
func (d document) classed(class string) []*html.Node {
	var out []*html.Node
	for _, n := range d.nodes {
		if n.Type == html.ElementNode && strings.Contains(" "+attr(n, "class")+" ", " "+class+" ") {
			out = append(out, n)
		}
	}
	return out
}

// below are the elements of that kind inside n.
func below(n *html.Node, tag string) (out []*html.Node) {
	for c := range n.Descendants() {
		if c.Type == html.ElementNode && c.Data == tag {
			out = append(out, c)
		}
	}
	return out
}

func TestFeedsPageHasOneEntryForEachFeed(t *testing.T) {
	s := newSet(t)
	for _, lang := range Languages() {
		d := parse(t, render(t, s, "feeds", pictures(lang)["feeds"]))
		few, many := d.classed("feed"), d.classed("feed-line")
		if len(few) != 8 || len(many) != 22 {
			t.Fatalf("%s: %d feeds with previews and %d lines, want 8 and 22", lang, len(few), len(many))
		}
		for _, n := range append(few, many...) {
			formats := map[string]string{}
			for _, a := range below(n, "a") {
				if kind := attr(a, "type"); kind != "" {
					formats[kind] = attr(a, "href")
				}
			}
			if len(formats) != 3 || !strings.HasPrefix(formats["application/rss+xml"], "https://kino.example/") {
				t.Errorf("%s: formats %v of %s", lang, formats, textOf(n))
			}
			for _, b := range below(n, "button") {
				if !has(b, "hidden") || !strings.HasPrefix(attr(b, "data-copy"), "https://") || attr(b, "aria-label") == "" {
					t.Errorf("%s: a copy button that shows without JavaScript, or copies %q", lang, attr(b, "data-copy"))
				}
			}
		}
		for _, n := range few {
			fields := below(n, "input")
			if len(fields) != 1 || !has(fields[0], "readonly") || !strings.HasSuffix(attr(fields[0], "value"), "/feed.xml") {
				t.Errorf("%s: no address to copy by hand in %s", lang, textOf(n))
			}
		}
	}
}

func textOf(n *html.Node) string {
	d := document{}
	for c := range n.Descendants() {
		d.nodes = append(d.nodes, c)
	}
	return d.text()
}

func TestFeedsPageSaysWhatAFeedHolds(t *testing.T) {
	s := newSet(t)
	for lang, want := range map[string][]string{
		"ru": {"Все ленты", "Лента\u00a0— это адрес", "Весь сайт", "10\u00a0431\u00a0материал", "последний\u00a0— 24 ноября 2026", titles[0], "Разделы", "1\u00a0021\u00a0материал",
			"Эта лента закрывается", "Самое читаемое за сутки", "Рассылки", "30\u00a0выпусков", "Получать письмом", "3\u00a0выпуска", "Авторы 2\u00a0ленты", "Теги 20\u00a0лент", "Скачать OPML"},
		"en": {"All feeds", "A feed is an address", "The whole site", "10,431\u00a0stories", "latest on 24 November 2026", titles[0], "Sections", "1\u00a0story",
			"Most read in 24 hours", "Newsletters", "30\u00a0editions", "Get it by mail", "Authors 2\u00a0feeds", "Tags 20\u00a0feeds", "Download OPML"},
	} {
		text := parse(t, render(t, s, "feeds", pictures(lang)["feeds"])).text()
		at := 0
		for _, part := range want {
			i := strings.Index(text[at:], part)
			if i < 0 {
				t.Fatalf("%s: %q is missing or out of order in:\n%s", lang, part, text[at:])
			}
			at += i
		}
	}
}

// Midnight in the site's zone is the day before in UTC.
func TestFeedsPageDatesFeedsInTheSitesZone(t *testing.T) {
	p := pictures("ru")["feeds"]
	at := time.Date(2026, 11, 23, 13, 30, 0, 0, time.UTC)
	feed := &p.Catalogue.Groups[0].Feeds[0]
	feed.Updated = at
	newest := below(parse(t, render(t, newSet(t), "feeds", p)).classed("feed")[0], "time")[0]
	if got, text := attr(newest, "datetime"), textOf(newest); got != "2026-11-24T00:30:00+11:00" || text != "последний\u00a0— 24 ноября 2026" {
		t.Errorf("the newest story is of %s, %q; want it in the site's zone", got, text)
	}
	if feed.Updated != at {
		t.Error("rendering changed the catalogue that others may be shown")
	}
}

func TestFeedsPageOfNothingSaysSo(t *testing.T) {
	s := newSet(t)
	for _, c := range []*FeedCatalogue{nil, {}, {Groups: []FeedGroup{{Kind: "tags"}}}} {
		p := page("ru")
		p.Catalogue, p.Digests = c, nil
		d := parse(t, render(t, s, "feeds", p))
		if !strings.Contains(d.text(), "Лент пока нет") || len(d.classed("feed-group"))+len(d.classed("side"))+len(d.classed("tabs")) > 0 {
			t.Errorf("the page of %v is not empty", c)
		}
	}
}

func TestLongListsOfFeedsAreFolded(t *testing.T) {
	folded := map[string]bool{}
	for _, n := range parse(t, render(t, newSet(t), "feeds", pictures("ru")["feeds"])).all("details") {
		if id := attr(n, "id"); id != "" {
			folded[id] = !has(n, "open")
		}
	}
	if authors, ok := folded["authors"]; !ok || authors || !folded["tags"] {
		t.Errorf("folded: %v, want the twenty tags and not the two authors", folded)
	}
}

func TestHostileTextOnTheFeedsPageStaysText(t *testing.T) {
	const evil = `"'><script>alert(1)</script><img src=x onerror=alert(2)> ]]> </title>`
	p := page("ru")
	feed := feedEntry("Лента "+evil, "/sections/"+evil, 0, 3)
	feed.Text, feed.Home = evil, "javascript:alert(3)"
	feed.Preview[0].Title, feed.Preview[0].URL = evil, "javascript:alert(4)"
	feed.Links[0].Title, feed.Links[1].URL = evil, "javascript:alert(5)"
	feed.Readers = []Link{{evil, "javascript:alert(6)"}}
	p.Catalogue = &FeedCatalogue{OPML: "javascript:alert(7)", Groups: []FeedGroup{{"sections", []FeedEntry{feed}}, {"tags", []FeedEntry{feed}}, {evil, []FeedEntry{feed}}}}
	d := parse(t, render(t, newSet(t), "feeds", p))
	for _, n := range d.nodes {
		if n.Type == html.ElementNode && (n.Data == "script" && attr(n, "src") != "/assets/feeds.js" || has(n, "onerror") || strings.HasPrefix(attr(n, "href"), "javascript:")) {
			t.Errorf("<%s %v> came out of the text", n.Data, n.Attr)
		}
	}
	if n := strings.Count(d.text(), evil); n < 9 {
		t.Errorf("the text stands there %d times", n)
	}
}

func TestEveryKindOfFeedHasAName(t *testing.T) {
	for _, lang := range Languages() {
		name := functions(lang)["group"].(func(string) string)
		for _, kind := range []string{"site", "sections", "most_read", "digests", "authors", "tags"} {
			if got := name(kind); got == kind {
				t.Errorf("%s: the kind %s has no name", lang, kind)
			}
		}
		if got := name("other"); got != "other" {
			t.Errorf("%s: a kind we do not know is called %q", lang, got)
		}
	}
}

// rawFeeds are an RSS and an Atom document as a browser is given them.
var rawFeeds = map[string]string{
	"/feed.xml": `<?xml version="1.0" encoding="UTF-8"?><?xml-stylesheet type="text/css" href="/assets/feed.css"?>
<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:atom="http://www.w3.org/2005/Atom"
 xmlns:media="http://search.yahoo.com/mrss/"><channel><title>Вестник кино</title><link>https://kino.example/</link><description>Новости</description>
<language>ru</language><ttl>5</ttl><atom:link href="https://kino.example/feed.xml" rel="self"/><image><title>Значок</title><url>https://kino.example/i.png</url></image>
<item><title>Заголовок</title><link>https://kino.example/a</link><description>Кратко</description><content:encoded>&lt;p&gt;Разметка&lt;/p&gt;</content:encoded>
<guid>tag:kino.example,2026:a</guid><pubDate>Tue, 24 Nov 2026 08:00:00 GMT</pubDate><dc:creator>Анна Ли</dc:creator><category>Прокат</category>
<media:content url="https://kino.example/p.jpg"><media:title>Подпись</media:title></media:content></item></channel></rss>`,
	"/feed.atom": `<?xml version="1.0" encoding="UTF-8"?><?xml-stylesheet type="text/css" href="/assets/feed.css"?>
<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="ru"><title>Вестник кино</title><subtitle>Новости</subtitle><id>tag:kino.example,2026:feed</id>
<updated>2026-11-24T09:00:00Z</updated><generator>Vestnik</generator><author><name>Издатель</name></author>
<entry><title>Заголовок</title><id>tag:kino.example,2026:a</id><updated>2026-11-24T09:00:00Z</updated><published>Tue, 24 Nov 2026 08:00:00 GMT</published>
<author><name>Анна Ли</name><uri>https://kino.example/authors/anna-li</uri></author><summary>Кратко</summary><content type="html">&lt;p&gt;Разметка&lt;/p&gt;</content>
<category term="prokat" label="Прокат"/><link rel="alternate" href="https://kino.example/a"/></entry></feed>`,
}

// browser serves the page of feeds, raw feeds and the assets, and starts Chromium.
func browser(t *testing.T) (tab context.Context, site string) {
	t.Helper()
	if testing.Short() {
		t.Skip("starts a browser")
	}
	path, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("chromium is not installed: no page is tried in it (make test installs it)")
	}
	s := newSet(t)
	assets, err := fs.Sub(embedded, "assets")
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("GET /assets/", http.StripPrefix("/assets", http.FileServerFS(assets)))
	mux.HandleFunc("GET /feeds", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; script-src 'self'")
		p := pictures("ru")["feeds"]
		p.Catalogue.Groups[1].Feeds[0].Title = strings.Repeat("Достопримечательность", 12)
		if err := s.Page(w, "feeds.html", p); err != nil {
			t.Error(err)
		}
	})
	for path, body := range rawFeeds {
		mux.HandleFunc("GET "+path, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "text/xml; charset=utf-8")
			w.Write([]byte(body))
		})
	}
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	allocator, cancel := chromedp.NewExecAllocator(context.Background(),
		append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox)...)
	t.Cleanup(cancel)
	tab, cancel = chromedp.NewContext(allocator)
	t.Cleanup(cancel)
	return tab, server.URL
}

// eval goes to the address and returns what the script gives there.
func eval[T any](t *testing.T, tab context.Context, address, script string) T {
	t.Helper()
	if err := chromedp.Do(tab, chromedp.Navigate(address)); err != nil {
		t.Fatal(err)
	}
	v, err := chromedp.Run(tab, chromedp.Evaluate[T](script, chromedp.EvalAwaitPromise))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestCopyButtonCopiesTheAddress(t *testing.T) {
	tab, site := browser(t)
	got := eval[[]string](t, tab, site+"/feeds", `(async () => {
		const said = [];
		Object.defineProperty(navigator, "clipboard", {value: {writeText: async (text) => { said.push(text); }}});
		for (const at of [0, 2]) {
			const button = document.querySelectorAll("button.copy")[at];
			button.click();
			await new Promise(requestAnimationFrame);
			said.push(button.textContent, document.querySelector("[role=status]").textContent);
		}
		return said;
	})()`)
	want := "https://kino.example/feed.xml|Скопировано|Скопировано|https://kino.example/feed.atom||Скопировано"
	if strings.Join(got, "|") != want {
		t.Errorf("copied and said %q, want %q", got, want)
	}
}

func TestFeedsPageFitsAPhoneWithLongTitles(t *testing.T) {
	tab, site := browser(t)
	if err := chromedp.Do(tab, chromedp.EmulateViewport(360, 800, chromedp.EmulateMobile)); err != nil {
		t.Fatal(err)
	}
	width := eval[int](t, tab, site+"/feeds", `(document.querySelectorAll("details").forEach((d) => { d.open = true; }), document.documentElement.scrollWidth)`)
	if width > 360 {
		t.Errorf("the page is %d pixels wide on a phone of 360", width)
	}
}

// TestRawFeedShowsWhatAReaderWouldList asks the browser which texts it paints, in which order.
func TestRawFeedShowsWhatAReaderWouldList(t *testing.T) {
	tab, site := browser(t)
	for path, want := range map[string]string{
		"/feed.xml":  "Вестник кино|Новости|https://kino.example/|Заголовок|Tue, 24 Nov 2026 08:00:00 GMT|Анна Ли|Кратко|Прокат|https://kino.example/a",
		"/feed.atom": "Вестник кино|Новости|Заголовок|Tue, 24 Nov 2026 08:00:00 GMT|Анна Ли|Кратко|\"Прокат\"|\"https://kino.example/a\"",
	} {
		got := eval[[]string](t, tab, site+path, `[...document.querySelectorAll("*")].filter((e) => e.getClientRects().length > 0)
			.map((e) => ({e, box: e.getBoundingClientRect(), text: e.childElementCount ? "" : e.textContent || getComputedStyle(e, "::before").content}))
			.filter((p) => p.text && p.box.height > 0).sort((a, b) => Math.trunc((a.box.bottom - b.box.bottom) / 6) || a.box.left - b.box.left).map((p) => p.text)`)
		if strings.Join(got, "|") != want {
			t.Errorf("%s shows %q, want %q", path, got, want)
		}
	}
	for path, want := range map[string]string{"/feed.xml": "This is a feed", "/feed.atom": "на странице\u00a0/feeds"} {
		if got := eval[string](t, tab, site+path, `getComputedStyle(document.documentElement, "::before").content`); !strings.Contains(got, want) {
			t.Errorf("%s says %s on top, want %q", path, got, want)
		}
	}
}
