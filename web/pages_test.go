package web

import (
	"database/sql"
	"errors"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"vestnik/articles"
	"vestnik/templates"
)

// pages are those that anybody may open, with words that must stand on them.
var pages = []struct {
	path, contains string
	status         int
}{
	{"/", "Фестиваль «Кинотанец»", 200},
	{"/articles/festival", "Второй абзац о танце", 200},
	{"/articles/headline", "Только заголовок", 200},
	{"/articles/elsewhere", "https://wire.example/news/1", 200},
	{"/articles/box-office", `lang="en"`, 200},
	{"/articles/draft", "", 404},
	{"/articles/none", "", 404},
	{"/articles/wrong", "", 410},
	{"/sections/festivali", "Фестивали", 200},
	{"/sections/none", "", 404},
	{"/tags/tanets", "танец", 200},
	{"/tags/none", "", 404},
	{"/authors/ivan-petrov", "Иван Петров", 200},
	{"/most-read", "Самое читаемое", 200},
	{"/most-read?window=7d", "", 200},
	{"/most-read?window=30d", "", 200},
	{"/most-read?window=1y", "", 400},
	{"/?before=1527768000000-1", "", 200},
	{"/?before=tomorrow", "", 400},
	{"/feeds", "/sections/festivali/feed.xml", 200},
	{"/digests/daily", "Каждый день в 8:00", 200},
	{"/digests/weekly", "The week", 200},
	{"/digests/none", "", 404},
	{"/digests/daily/2026-11-24T0800", "Премьера ленты о танце", 200},
	{"/digests/daily/2026-11-24", "", 404},
	{"/digests/daily/2020-01-01T0800", "", 404},
	{"/nowhere", "", 404},
	{"/articles/", "", 404},
	{"/subscribe", "", 405},
	{"/confirm/abc", "", 404},
	{"/preferences/abc", "", 404},
	{"/unsubscribe/abc", "", 404},
}

func openFurnished(t testing.TB, change ...func(*Options)) *house {
	t.Helper()
	h := open(t, change...)
	h.furnish()
	h.publishEdition()
	return h
}

func TestEveryPageAnswersGetAndHeadAlike(t *testing.T) {
	h := openFurnished(t)
	for _, p := range pages {
		get := h.get(p.path)
		if get.StatusCode != p.status || !strings.Contains(get.body, p.contains) {
			t.Errorf("GET %s = %d, want %d with %q in it; log: %s", p.path, get.StatusCode, p.status, p.contains, h.log)
		}
		if get.Header.Get("Content-Type") != "text/html; charset=utf-8" {
			t.Errorf("GET %s: Content-Type %q", p.path, get.Header.Get("Content-Type"))
		}
		head := h.do("HEAD", p.path, "")
		if head.StatusCode != get.StatusCode || head.body != "" {
			t.Errorf("HEAD %s = %d with %d bytes", p.path, head.StatusCode, len(head.body))
		}
		for _, name := range []string{"Content-Type", "Content-Length", "Cache-Control", "Content-Security-Policy"} {
			if a, b := get.Header.Get(name), head.Header.Get(name); a != b {
				t.Errorf("%s: %s is %q for GET, %q for HEAD", p.path, name, a, b)
			}
		}
	}
	if strings.Contains(h.log.String(), "level=ERROR") {
		t.Errorf("errors were logged: %s", h.log)
	}
}

func TestEveryLinkOfEveryPageLeadsSomewhere(t *testing.T) {
	h := openFurnished(t)
	seen := map[string]bool{}
	var follow func(path, from string)
	follow = func(path, from string) {
		if seen[path] {
			return
		}
		seen[path] = true
		res := h.get(path)
		if res.StatusCode != 200 {
			t.Errorf("%s, linked from %s, = %d", path, from, res.StatusCode)
			return
		}
		if !strings.HasPrefix(res.Header.Get("Content-Type"), "text/html") {
			return
		}
		walk(t, res.body, func(n *html.Node, attr map[string]string) {
			for _, key := range []string{"href", "src", "data-beacon"} {
				u, err := url.Parse(attr[key])
				switch {
				case err != nil:
					t.Errorf("%s: %s=%q: %v", path, key, attr[key], err)
				case key == "data-beacon" && attr[key] != "", attr["rel"] == "canonical", u.Path == "" && u.RawQuery == "":
				case u.Host == "" && u.Scheme == "":
					follow(u.RequestURI(), path)
				case u.Host == "kino.example" && !strings.HasPrefix(u.Path, "/i/"):
					follow(u.RequestURI(), path)
				}
			}
		})
	}
	follow("/", "the start")
	for _, path := range []string{"/articles/festival", "/sections/prokat", "/authors/ann-lee", "/most-read?window=30d", "/digests/daily/2026-11-24T0800", "/a.js", "/assets/style.css", "/feed.json", "/digests/daily"} {
		if !seen[path] {
			t.Errorf("no link leads to %s", path)
		}
	}
}

func TestTheArticlePageHasAllItsParts(t *testing.T) {
	h := openFurnished(t)
	page := html.UnescapeString(h.get("/articles/festival").body)
	for _, part := range []string{
		"https://sponsor.example/b.png", "Реклама", // banner
		"<h1>Фестиваль «Кинотанец» объявил программу</h1>", "Иван Петров", "29 мая 2018", "Показы пройдут в десяти городах.",
		"Первый абзац о фильмах.", "Новости по теме", "Последние новости", "Подробнее",
		`rel="canonical" href="https://kino.example/articles/festival"`, `data-beacon="/a/`, `type="application/rss+xml"`,
	} {
		if !strings.Contains(page, part) {
			t.Errorf("the page lacks %q", part)
		}
	}
	if strings.Contains(page, "alert(1)") || strings.Contains(page, "onclick") {
		t.Error("the article was not sanitised")
	}
	brief := h.get("/articles/headline").body
	if strings.Contains(brief, "2026</time>\n</p>\n</header>") {
		t.Error("a brief of unknown date shows one")
	}
}

func TestAnArticleFromASourceIsLinkedWhereItStands(t *testing.T) {
	h := openFurnished(t)
	for _, path := range []string{"/", "/articles/festival", "/most-read", "/digests/daily/2026-11-24T0800", "/feed.xml", "/feed.atom", "/feed.json"} {
		body := h.get(path).body
		if !strings.Contains(body, "https://wire.example/news/1") || strings.Contains(body, "/articles/elsewhere") {
			t.Errorf("%s does not lead to the original", path)
		}
	}
}

func TestThinBoxesAreFilledAndBareHeadlinesStayInThem(t *testing.T) {
	h := openFurnished(t)
	if titles := h.latestBoxOf("/digests/daily").titles; len(titles) != 5 {
		t.Errorf("the box has %d headlines, want all five that are published", len(titles))
	}
	list := h.get("/?before=4102444800000-1").body
	if strings.Contains(list[:strings.Index(list, `class="side"`)], "Только заголовок") {
		t.Error("a headline without anything behind it stands in a list")
	}
}

func TestAThinBoxIsFilledWithWhatCanBeReadFirst(t *testing.T) {
	h := open(t)
	h.tx(func(tx *sql.Tx) error {
		for i := range mostReadBox {
			for _, in := range []articles.Input{
				{Title: "Новость " + strings.Repeat("и", i+1), HTML: "<p>Текст</p>", Published: h.clock().Add(-time.Duration(i+1) * time.Hour)},
				{Title: "Голый заголовок " + strings.Repeat("и", i+1), Kind: articles.KindBrief},
			} {
				if _, _, err := articles.Put(t.Context(), tx, h.Articles, in, h.clock()); err != nil {
					return err
				}
			}
		}
		return nil
	})
	titles := h.latestTitles("")
	if len(titles) != mostReadBox || slices.ContainsFunc(titles, func(s string) bool { return strings.HasPrefix(s, "Голый") }) {
		t.Errorf("the box holds %d headlines: %q; want %d, all with something behind them", len(titles), titles, mostReadBox)
	}
	h.tx(func(tx *sql.Tx) error {
		_, _, err := articles.Withdraw(t.Context(), tx, "novost-i", h.clock())
		return err
	})
	h.wait(time.Second)
	if titles := h.latestTitles(""); len(titles) != mostReadBox || !strings.HasPrefix(titles[mostReadBox-1], "Голый") {
		t.Errorf("with one less: %d headlines, want %d with a bare one at the end: %q", len(titles), mostReadBox, titles)
	}
}

func TestAListOfBareHeadlinesIsStillAList(t *testing.T) {
	h := open(t)
	section := "/sections/" + h.put(articles.Input{Kind: articles.KindBrief, Title: "Один заголовок", Section: "Архив"}).Section.Slug
	for _, path := range []string{"/", section, section + "/feed.xml", section + "/feed.json"} {
		if res := h.get(path); res.StatusCode != 200 || !strings.Contains(res.body, "Один заголовок") {
			t.Errorf("%s = %d", path, res.StatusCode)
		}
	}
}

func TestListsGoOnPageByPage(t *testing.T) {
	h := open(t)
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	h.tx(func(tx *sql.Tx) error {
		for i := range 75 {
			_, _, err := articles.Put(t.Context(), tx, h.Articles, articles.Input{Title: "Новость " + strings.Repeat("и", i+1), HTML: "<p>Текст</p>",
				Section: "Проба", Published: start.Add(time.Duration(i/3) * time.Hour)}, h.clock()) // three of each moment
			if err != nil {
				return err
			}
			_, _, err = articles.Put(t.Context(), tx, h.Articles, articles.Input{Title: "Голый заголовок " + strings.Repeat("и", i+1), Kind: articles.KindBrief, Section: "Проба"}, h.clock())
			if err != nil {
				return err
			}
		}
		return nil
	})
	for _, path := range []string{"/sections/proba", "/"} {
		var sizes []int
		titles := map[string]bool{}
		for next := path; next != ""; {
			page, older := h.get(next), ""
			n := 0
			walk(t, page.body, func(e *html.Node, attr map[string]string) {
				if attr["rel"] == "next" {
					older = attr["href"]
				}
				if (e.Data == "h2" || e.Data == "h3") && e.FirstChild != nil && e.FirstChild.FirstChild != nil && strings.HasPrefix(e.FirstChild.FirstChild.Data, "Новость") {
					n++
					titles[e.FirstChild.FirstChild.Data] = true
				}
			})
			sizes = append(sizes, n)
			next = older
		}
		if len(titles) != 75 {
			t.Errorf("%s: %d of 75 articles on pages of %v", path, len(titles), sizes)
		}
		if sum := sizes[0] + sizes[1] + sizes[2]; sum != 75 {
			t.Errorf("%s: pages of %v repeat articles", path, sizes)
		}
	}
}

func TestAPageThatIsKnownCostsNoBody(t *testing.T) {
	h := openFurnished(t)
	for _, path := range []string{"/", "/articles/festival", "/sections/festivali", "/most-read", "/feeds", "/assets/style.css", "/a.js"} {
		first := h.get(path)
		h.wait(10 * time.Second)
		again := h.get(path, "If-None-Match", first.Header.Get("ETag"))
		if first.Header.Get("ETag") == "" || again.StatusCode != 304 || again.body != "" {
			t.Errorf("%s: ETag %q, then %d with %d bytes", path, first.Header.Get("ETag"), again.StatusCode, len(again.body))
		}
	}
}

func TestChangesShowAtOnceOnThePageAndSoonInTheBoxes(t *testing.T) {
	h := openFurnished(t)
	h.get("/")
	h.put(articles.Input{Slug: "festival", Title: "Фестиваль перенесён", HTML: "<p>Новый текст.</p>", Published: time.Date(2018, 5, 29, 0, 0, 0, 0, sakhalin)})
	if page := h.get("/articles/festival").body; !strings.Contains(page, "Новый текст.") {
		t.Error("the article's page is an old one")
	}
	h.wait(time.Second)
	if page := h.get("/").body; !strings.Contains(page, "Фестиваль перенесён") {
		t.Error("a second later the front page is still an old one")
	}
}

func TestOtherMethodsAreRefused(t *testing.T) {
	h := openFurnished(t)
	for _, c := range []struct{ method, path, allow string }{
		{"POST", "/", "GET, HEAD"},
		{"DELETE", "/articles/festival", "GET, HEAD"},
		{"POST", "/feed.xml", "GET, HEAD"},
		{"PUT", "/unsubscribe/abc", "GET, HEAD, POST"},
		{"GET", "/subscribe", "POST"},
		{"OPTIONS", "/a/1", "POST"},
	} {
		res := h.do(c.method, c.path, "")
		if res.StatusCode != 405 || res.Header.Get("Allow") != c.allow {
			t.Errorf("%s %s = %d, Allow %q, want 405 with %q", c.method, c.path, res.StatusCode, res.Header.Get("Allow"), c.allow)
		}
	}
	if res := h.do("POST", "/nowhere", ""); res.StatusCode != 404 {
		t.Errorf("POST /nowhere = %d", res.StatusCode)
	}
}

func TestAPanicIsAPageAndALine(t *testing.T) {
	h := openFurnished(t, func(o *Options) { o.Banner = func(string, time.Time) *templates.Banner { panic("the printer burns") } })
	res := h.get("/")
	if res.StatusCode != 500 || !strings.Contains(res.body, "</html>") || strings.Contains(res.body, "printer") {
		t.Errorf("GET / = %d: %s", res.StatusCode, res.body)
	}
	if !strings.Contains(h.log.String(), "the printer burns") {
		t.Errorf("not logged: %s", h.log)
	}
	if h.get("/healthz").StatusCode != 200 {
		t.Error("the server has not survived")
	}
}

func TestPlainFiles(t *testing.T) {
	h := openFurnished(t)
	for path, want := range map[string]string{
		"/robots.txt": "text/plain; charset=utf-8", "/healthz": "text/plain; charset=utf-8", "/readyz": "text/plain; charset=utf-8",
		"/a.js": "text/javascript; charset=utf-8", "/assets/style.css": "text/css; charset=utf-8", "/assets/favicon.svg": "image/svg+xml",
	} {
		res := h.get(path)
		if res.StatusCode != 200 || res.Header.Get("Content-Type") != want || res.body == "" || res.Header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s = %d, %q", path, res.StatusCode, res.Header.Get("Content-Type"))
		}
	}
	for _, path := range []string{"/assets/", "/assets/none.css", "/assets/../web.go", "/assets/%2e%2e/web.go"} {
		if res := h.get(path); res.StatusCode == 200 {
			t.Errorf("%s = 200", path)
		}
	}
}

func TestWithoutADatabase(t *testing.T) {
	h := openFurnished(t)
	good := h.get("/feed.xml")
	h.get("/")
	h.DB.Close()
	h.wait(time.Hour)
	if res := h.get("/readyz"); res.StatusCode != 503 {
		t.Errorf("/readyz = %d, want 503", res.StatusCode)
	}
	if res := h.get("/healthz"); res.StatusCode != 200 {
		t.Errorf("/healthz = %d, want 200", res.StatusCode)
	}
	if res := h.get("/feed.xml"); res.StatusCode != 200 || res.Header.Get("ETag") != good.Header.Get("ETag") {
		t.Errorf("/feed.xml = %d, want the last good one", res.StatusCode)
	}
	if res := h.get("/"); res.StatusCode != 200 {
		t.Errorf("/ = %d, want the last good one", res.StatusCode)
	}
	if res := h.get("/articles/festival"); res.StatusCode != 500 || !strings.Contains(res.body, "</html>") {
		t.Errorf("/articles/festival = %d, want the page for 500", res.StatusCode)
	}
}

func TestOptionsThatCannotWorkAreRefused(t *testing.T) {
	h := open(t)
	for name, change := range map[string]func(*Options){
		"database": func(o *Options) { o.DB = nil }, "templates": func(o *Options) { o.Templates = nil },
		"address": func(o *Options) { o.Site.URL = "kino.example" }, "secret": func(o *Options) { o.Subscribers.Keys.Secret = nil },
	} {
		o := h.Options
		change(&o)
		if _, err := New(o); err == nil {
			t.Errorf("no %s, but no error", name)
		}
	}
}

func TestStatusesAreThoseOfTheTable(t *testing.T) {
	var got []int
	for _, s := range statuses {
		status, _ := statusOf(errors.Join(errors.New("while testing"), s.err))
		got = append(got, status)
	}
	if slices.Contains(got, 500) {
		t.Errorf("statuses = %v", got)
	}
	if status, _ := statusOf(errors.New("disk full")); status != 500 {
		t.Errorf("an unknown error = %d", status)
	}
}
