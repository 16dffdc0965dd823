package web

import (
	"context"
	"database/sql"
	"encoding/xml"
	"fmt"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"vestnik/articles"
)

func ask(text string) string { return "/search?" + url.Values{"q": {text}}.Encode() }

func TestSearchFindsArticlesAndMarksTheWords(t *testing.T) {
	h := openFurnished(t)
	res := h.get(ask("ТАНЦЫ"))
	for _, want := range []string{"Премьера ленты о <mark>танце</mark>", "Второй абзац о <mark>танце</mark>", "Нашлось 2\u00a0материала.", `value="ТАНЦЫ"`, "<title>ТАНЦЫ\u00a0— поиск"} {
		if !strings.Contains(res.body, want) {
			t.Errorf("the page lacks %q:\n%s", want, res.body)
		}
	}
	if res := h.get(ask("record weeks")); !strings.Contains(res.body, `a <mark>record</mark> <mark>week</mark>`) || !strings.Contains(res.body, `<article class="story" lang="en">`) {
		t.Error("an English article is not found by English words")
	}
	if res := h.get(ask("танцы слон")); !strings.Contains(res.body, "Все эти слова вместе не встречаются") || !strings.Contains(res.body, "<mark>танце</mark>") {
		t.Error("where no article has all words, the page does not say so, or does not show those with some")
	}
	if res := h.get(ask("слон")); res.StatusCode != 200 || !strings.Contains(res.body, "Ничего не нашлось") {
		t.Errorf("nothing found = %d", res.StatusCode)
	}
}

func TestWhatIsNotPublishedIsNotFound(t *testing.T) {
	h := openFurnished(t)
	h.put(articles.Input{Slug: "secret", Title: "Тайна архива", HTML: "<p>Тайна.</p>"})
	if res := h.get(ask("тайна")); !strings.Contains(res.body, "/articles/secret") {
		t.Fatal("a published article is not found")
	}
	h.tx(func(tx *sql.Tx) error {
		_, _, err := articles.Remove(context.Background(), tx, "secret", h.clock())
		return err
	})
	for _, text := range []string{"тайна", "черновик", "неправда", "ошибка"} {
		res := h.get(ask(text))
		if !strings.Contains(res.body, "Ничего не нашлось") || strings.Contains(res.body, "<mark>") {
			t.Errorf("%s is found", text)
		}
	}
}

func TestAnyQueryIsHarmless(t *testing.T) {
	h := openFurnished(t)
	for _, text := range []string{"", " ", "…", "я", "'", `"`, `"'><script>alert(1)</script><img src=x onerror=alert(2)> танец`, "\xff\xfe", "танец\x00", "танец\xff", "* NEAR(", "a:b ~x", "%", "<mark>",
		"' OR 1=1 --", "& | ! ( )", ":*", strings.Repeat("танец ", 5000), strings.Repeat("ы", 20000), "\u202eтанец", "танец OR AND NOT", "{танец} ^ -"} {
		res := h.get(ask(text))
		if res.StatusCode != 200 {
			t.Errorf("%.40q = %d", text, res.StatusCode)
		}
		checkPolicy(t, "/search", res.body)
		walk(t, res.body, func(n *html.Node, attr map[string]string) {
			if n.Data == "script" && n.FirstChild != nil || n.Data == "input" && attr["name"] == "q" && len([]rune(attr["value"])) > 200 {
				t.Errorf("%.40q: <%s> %.300v", text, n.Data, attr)
			}
		})
	}
	for _, path := range []string{"/search?q=%ff", "/search?q=%zz", "/search?q=a&q=b", "/search?page=1"} {
		if res := h.get(path); res.StatusCode != 200 {
			t.Errorf("%s = %d", path, res.StatusCode)
		}
	}
	if strings.Contains(h.log.String(), "level=ERROR") {
		t.Errorf("errors were logged: %s", h.log)
	}
}

func TestWhatIsFoundCannotCarryMarkup(t *testing.T) {
	h := open(t)
	h.put(articles.Input{Slug: "evil", Title: "Script &lt;script&gt;alert(1)&lt;/script&gt;", Standfirst: "alert &lt;img src=x onerror=alert(2)&gt;",
		HTML: "<p>alert &lt;b&gt;alert&lt;/b&gt;</p>"})
	res := h.get(ask("script alert"))
	if !strings.Contains(res.body, "&lt;<mark>script</mark>&gt;<mark>alert</mark>(1)") {
		t.Errorf("the title is not marked:\n%s", res.body)
	}
	checkPolicy(t, "/search", res.body)
}

func TestPagesOfASearch(t *testing.T) {
	h := open(t)
	for i := range 45 {
		h.put(articles.Input{Slug: fmt.Sprintf("m%d", i), Title: fmt.Sprintf("Маяк номер %d", i), HTML: "<p>a</p>", Published: h.clock().Add(-time.Duration(i) * time.Hour)})
	}
	seen := map[string]bool{}
	path := ask("маяк & порт")
	for page := 1; path != ""; page++ {
		res := h.get(path)
		if res.StatusCode != 200 || res.Header.Get("Cache-Control") != "public, max-age=60" || !strings.Contains(res.body, fmt.Sprintf("Страница %d из 3", page)) {
			t.Fatalf("%s = %d, %s", path, res.StatusCode, res.Header.Get("Cache-Control"))
		}
		if !strings.Contains(res.body, `<meta name="robots" content="noindex">`) {
			t.Errorf("%s may be indexed", path)
		}
		path = ""
		walk(t, res.body, func(n *html.Node, attr map[string]string) {
			if n.Data == "a" && attr["rel"] == "next" {
				path = attr["href"]
			}
			if n.Data == "link" && attr["rel"] == "canonical" && attr["href"] != siteURL+ask("маяк & порт") {
				t.Errorf("page %d is at home at %s", page, attr["href"])
			}
			if n.Data == "article" {
				walkHeading(n, seen)
			}
		})
	}
	if len(seen) != 45 {
		t.Errorf("%d articles on all pages, want 45", len(seen))
	}
	for path, status := range map[string]int{ask("маяк") + "&page=4": 404, ask("маяк") + "&page=9999999999": 404, ask("маяк") + "&page=999999": 404, ask("маяк") + "&page=0": 400,
		ask("маяк") + "&page=-1": 400, ask("маяк") + "&page=x": 400, ask("маяк") + "&page=1": 200, ask("слон") + "&page=2": 404, "/search?page=2": 404} {
		if res := h.get(path); res.StatusCode != status {
			t.Errorf("%s = %d, want %d", path, res.StatusCode, status)
		}
	}
}

// walkHeading notes the address that a story's heading leads to.
func walkHeading(story *html.Node, seen map[string]bool) {
	for n := range story.Descendants() {
		if n.Data == "a" && n.Parent.Data == "h2" {
			seen[n.Attr[0].Val] = true
		}
	}
}

func TestSearchesTakeTurnsAndWhoLeavesIsNotWaitedFor(t *testing.T) {
	h := openFurnished(t)
	for range maxSearches {
		h.searches <- struct{}{}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	r := httptest.NewRequest("GET", ask("танец"), nil).WithContext(ctx)
	if _, err := h.lookFor(r, "танец", 1); err == nil {
		t.Error("a search began though its turn had not come")
	}
	if res := h.get("/"); res.StatusCode != 200 {
		t.Errorf("meanwhile / = %d", res.StatusCode)
	}
	for range maxSearches {
		<-h.searches
	}
	if res := h.get(ask("танец")); res.StatusCode != 200 || len(h.searches) != 0 {
		t.Errorf("afterwards = %d, %d turns taken", res.StatusCode, len(h.searches))
	}
}

func TestEveryPageHasASearchFieldAndTellsBrowsersHowToSearch(t *testing.T) {
	h := openFurnished(t)
	for _, p := range append(pages, struct {
		path, contains string
		status         int
	}{"/search", "", 200}) {
		fields, links := 0, 0
		walk(t, h.get(p.path).body, func(n *html.Node, attr map[string]string) {
			if n.Data == "input" && attr["type"] == "search" && attr["name"] == "q" {
				fields++
			}
			if n.Data == "link" && attr["rel"] == "search" && attr["href"] == "/opensearch.xml" {
				links++
			}
		})
		if fields != 1 || links != 1 {
			t.Errorf("%s: %d search fields, %d links", p.path, fields, links)
		}
	}
}

func TestTheOpenSearchDocumentIsValid(t *testing.T) {
	h := open(t, func(o *Options) { o.Site.Title = `Вестник <кино> & "театра" всей области` })
	res := h.get("/opensearch.xml")
	var doc struct {
		XMLName     xml.Name `xml:"http://a9.com/-/spec/opensearch/1.1/ OpenSearchDescription"`
		ShortName   string
		LongName    string
		Description string
		URL         []struct {
			Type     string `xml:"type,attr"`
			Template string `xml:"template,attr"`
		} `xml:"Url"`
		Image         string
		InputEncoding string
	}
	if err := xml.Unmarshal([]byte(res.body), &doc); err != nil || res.Header.Get("Content-Type") != "application/opensearchdescription+xml" {
		t.Fatalf("%v, Content-Type %q:\n%s", err, res.Header.Get("Content-Type"), res.body)
	}
	if doc.ShortName != "Вестник <кино> &" || len([]rune(doc.LongName)) > 48 || doc.Description == "" || doc.InputEncoding != "UTF-8" || len(doc.URL) != 2 {
		t.Errorf("%+v", doc)
	}
	if doc.URL[0].Type != "text/html" || doc.URL[0].Template != "https://kino.example/search?q={searchTerms}" {
		t.Errorf("%+v", doc.URL[0])
	}
	if res := h.get(strings.TrimPrefix(doc.Image, siteURL)); res.StatusCode != 200 {
		t.Errorf("the picture %s = %d", doc.Image, res.StatusCode)
	}
	if robots := h.get("/robots.txt"); !strings.Contains(robots.body, "\nDisallow: /search\n") {
		t.Errorf("robots.txt: %s", robots.body)
	}
}
