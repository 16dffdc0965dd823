package web

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"vestnik/articles"
	"vestnik/reads"
)

// openElsewhere is a house with a site that lives elsewhere.
func openElsewhere(t *testing.T, change ...func(*Options)) *house {
	t.Helper()
	counting := func(o *Options) {
		o.Reads = reads.NewCounter(reads.Options{Secret: []byte("0123456789abcdef-reads"), RespectGPC: true,
			Site: siteURL, Sites: []string{"https://wire.example"}})
	}
	return openFurnished(t, append([]func(*Options){counting}, change...)...)
}

var tokenElsewhere = regexp.MustCompile(`body:"([^|"]+)\|"`)

// readElsewhere reports a read of a page elsewhere as a browser of the i-th visitor does.
func (h *house) readElsewhere(page, origin string, i int) answer {
	h.t.Helper()
	found := tokenElsewhere.FindStringSubmatch(h.get("/r.js").body)
	if found == nil {
		h.t.Fatalf("no token in %s", h.get("/r.js").body)
	}
	return h.do("POST", "/r", found[1]+"|web|"+page, "Content-Type", "text/plain;charset=UTF-8", "Sec-Fetch-Site", "cross-site", "Origin", origin,
		"X-Forwarded-For", fmt.Sprintf("198.51.%d.7", i), "User-Agent", "Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101 Firefox/140.0", "Accept-Language", "ru")
}

// addReads gives an article so many reads.
func (h *house) addReads(slug string, n int) {
	h.t.Helper()
	path, token := h.beaconOf(slug)
	for i := range n {
		h.read(path, token, i)
	}
	h.flush()
	h.wait(time.Minute)
}

func TestAReadElsewhereCountsForItsArticle(t *testing.T) {
	h := openElsewhere(t)
	script := h.get("/r.js")
	if script.StatusCode != 200 || script.Header.Get("Cache-Control") != "public, max-age=3600" || script.Header.Get("Content-Type") != "text/javascript; charset=utf-8" ||
		script.Header.Get("Cross-Origin-Resource-Policy") != "cross-origin" || !strings.Contains(script.body, `"https://kino.example/r"`) || len(script.body) >= 1024 {
		t.Fatalf("%d, %d bytes, %v", script.StatusCode, len(script.body), script.Header)
	}
	for i := range 3 {
		res := h.readElsewhere("https://wire.example/news/1?utm_source=x", "https://wire.example", i)
		if res.StatusCode != 204 || res.body != "" || res.Header.Get("Cache-Control") != "no-store" || res.Header.Get("Set-Cookie") != "" {
			t.Fatalf("%d %v", res.StatusCode, res.Header)
		}
	}
	bad := h.readElsewhere("https://wire.example/news/1", "https://evil.example", 4)
	long := h.do("POST", "/r", strings.Repeat("x", 3000))
	if bad.StatusCode != 204 || bad.body != "" || long.StatusCode != 204 {
		t.Errorf("what does not count is answered with %d and %d", bad.StatusCode, long.StatusCode)
	}
	if n := h.flush(); n != 3 {
		t.Errorf("%d reads, want 3", n)
	}
	var slug string
	if err := h.DB.QueryRowContext(t.Context(), `SELECT a.slug FROM read_hour AS r JOIN articles AS a ON a.id = r.article WHERE r.n = 3`).Scan(&slug); err != nil || slug != "elsewhere" {
		t.Errorf("read was %q, %v", slug, err)
	}
	if res := h.get("/r"); res.StatusCode != 405 {
		t.Errorf("GET /r = %d", res.StatusCode)
	}
}

func TestWhereNoSiteLivesElsewhereThereIsNoScriptForIt(t *testing.T) {
	plain := openFurnished(t)
	off := openElsewhere(t, func(o *Options) { o.ReadsMode = "off" })
	for _, h := range []*house{plain, off} {
		for _, res := range []answer{h.get("/r.js"), h.do("POST", "/r", "x|web|https://wire.example/news/1")} {
			if res.StatusCode != 404 {
				t.Errorf("%s = %d, want 404", res.Request.URL.Path, res.StatusCode)
			}
		}
	}
}

func TestTheBoxIsTheMostReadAndNothingElse(t *testing.T) {
	h := openElsewhere(t)
	if res := h.get("/most-read/box.html"); res.StatusCode != 200 || res.body != "" {
		t.Errorf("before anybody read anything: %d %q", res.StatusCode, res.body)
	}
	h.addReads("festival", 7)
	h.addReads("elsewhere", 9)
	h.addReads("box-office", 2) // fewer than are worth ranking, were there a rule
	want := `<section class="vestnik-most-read" lang="ru">
<h2 class="vestnik-heading"><a href="https://kino.example/most-read?window=7d">Самое читаемое</a></h2>
<ol class="vestnik-list">
<li class="vestnik-item"><a class="vestnik-link" href="https://wire.example/news/1">Новость с другого сайта</a></li>
<li class="vestnik-item"><a class="vestnik-link" href="https://kino.example/articles/festival">Фестиваль «Кинотанец» объявил программу</a></li>
</ol>
</section>
`
	box := h.get("/most-read/box.html?window=7d&count=2")
	if box.body != want {
		t.Errorf("got\n%s\nwant\n%s", box.body, want)
	}
	for name, value := range map[string]string{"Access-Control-Allow-Origin": "*", "Content-Type": "text/html; charset=utf-8",
		"Cache-Control": "public, max-age=60, stale-while-revalidate=600, stale-if-error=86400", "Set-Cookie": "",
		"X-Robots-Tag": "noindex", "Content-Security-Policy": policy[0]} {
		if got := box.Header.Get(name); got != value {
			t.Errorf("%s is %q, want %q", name, got, value)
		}
	}
	if res := h.get("/most-read/box.html?window=7d&count=2", "If-None-Match", box.Header.Get("ETag")); res.StatusCode != 304 || res.body != "" || res.Header.Get("Access-Control-Allow-Origin") != "*" {
		t.Errorf("the same again: %d", res.StatusCode)
	}
	if res := h.do("OPTIONS", "/most-read/box.json", "", "Origin", "https://wire.example", "Access-Control-Request-Method", "GET"); res.StatusCode != 204 || res.Header.Get("Access-Control-Allow-Origin") != "*" {
		t.Errorf("OPTIONS: %d %v", res.StatusCode, res.Header)
	}
	if n := strings.Count(h.get("/most-read/box.html?count=20").body, "<li"); n != 3 {
		t.Errorf("%d lines, want the three that were read", n)
	}
}

func TestTheBoxOfASectionAndItsJSON(t *testing.T) {
	h := openElsewhere(t)
	h.addReads("festival", 7)
	h.addReads("elsewhere", 9)
	a, err := articles.Find(t.Context(), h.DB, "premiere")
	if err == nil {
		err = reads.SetPin(t.Context(), h.DB, reads.Pin{Article: a.ID, Place: 1}, h.clock())
	}
	if err != nil {
		t.Fatal(err)
	}
	h.wait(time.Minute)
	res := h.get("/most-read/box.json?section=festivali")
	var got boxJSON
	if err := json.Unmarshal([]byte(res.body), &got); err != nil || res.Header.Get("Content-Type") != "application/json" {
		t.Fatalf("%v: %s", err, res.body)
	}
	if got.Title != "Самое читаемое: Фестивали" || got.Window != "24h" || got.Section != "festivali" || got.URL != "https://kino.example/most-read?window=24h&section=festivali" || len(got.Items) != 2 ||
		!got.Items[0].EditorsChoice || got.Items[0].URL != "https://kino.example/articles/premiere" || got.Items[1].EditorsChoice || got.Items[1].Section != "Фестивали" || got.Items[1].Published.Year() != 2018 {
		t.Errorf("%+v", got)
	}
	if strings.Contains(res.body, `"reads"`) {
		t.Error("the box says how often it was read")
	}
	if page := h.get("/most-read/box.html?section=festivali").body; strings.Count(page, `<span class="vestnik-choice">Выбор редакции</span>`) != 1 {
		t.Errorf("the editors' choice is not called so once: %s", page)
	}
}

func TestABoxThatIsAskedForWronglySaysWhy(t *testing.T) {
	h := openElsewhere(t)
	for query, want := range map[string]string{
		"window=2d":                           "most-read box: window \"2d\": write 24h, 7d or 30d\n",
		"count=0":                             "most-read box: count \"0\": write a number from 1 to 20\n",
		"count=21":                            "most-read box: count \"21\": write a number from 1 to 20\n",
		"count=five":                          "most-read box: count \"five\": write a number from 1 to 20\n",
		"section=nosuch":                      "most-read box: section \"nosuch\": no article is in it; write the last part of the address of a section's page\n",
		"section=%00%ff":                      "most-read box: section \"\\x00\\xff\": no article is in it; write the last part of the address of a section's page\n",
		"section=" + strings.Repeat("x", 500): "most-read box: section \"" + strings.Repeat("x", 60) + "\": no article is in it; write the last part of the address of a section's page\n",
	} {
		for _, path := range []string{"/most-read/box.html?", "/most-read/box.json?"} {
			res := h.get(path + query)
			if res.StatusCode != 400 || res.body != want || res.Header.Get("Access-Control-Allow-Origin") != "*" || res.Header.Get("Cache-Control") != "no-store" {
				t.Errorf("%s%s = %d %q, want %q", path, query, res.StatusCode, res.body, want)
			}
		}
	}
	if strings.Contains(h.log.String(), "level=ERROR") {
		t.Errorf("errors were logged: %s", h.log)
	}
}

func TestASectionThatIsNoneIsNotLookedUpForEveryRequest(t *testing.T) {
	h := openElsewhere(t)
	status := func(want int, when string) {
		t.Helper()
		for _, path := range []string{"/most-read/box.html?section=new", "/most-read?section=new"} {
			if got := h.get(path).StatusCode; (got == 200) != (want == 200) {
				t.Errorf("%s: %s = %d", when, path, got)
			}
		}
	}
	status(400, "before there was one")
	if _, err := h.DB.ExecContext(t.Context(), `UPDATE articles SET section = 'new' WHERE slug = 'festival'`); err != nil {
		t.Fatal(err)
	}
	status(400, "within the minute")
	h.put(articles.Input{Slug: "another", Title: "Another", HTML: "<p>x</p>", Published: h.clock()}) // whatever changes, raises the change number
	h.wait(time.Second)
	status(200, "after a change")
	if strings.Contains(h.log.String(), "level=ERROR") {
		t.Errorf("errors were logged: %s", h.log)
	}
}

func TestABoxIsNotRankedForEveryRequestAndSectionsAreBounded(t *testing.T) {
	h := openElsewhere(t)
	h.addReads("festival", 7)
	first := h.get("/most-read/box.html?section=festivali").body
	if _, err := h.DB.ExecContext(t.Context(), `DELETE FROM read_hour`); err != nil {
		t.Fatal(err)
	}
	if again := h.get("/most-read/box.html?section=festivali").body; again != first {
		t.Error("the box was ranked again within the minute")
	}
	h.wait(time.Minute)
	if later := h.get("/most-read/box.html?section=festivali").body; later != "" {
		t.Errorf("a minute later: %q", later)
	}
	for i := range maxReadLists + 50 {
		h.get(fmt.Sprintf("/most-read/box.html?section=none-%d", i))
	}
	if n := len(h.asked.held); n > maxReadLists {
		t.Errorf("%d sections are remembered", n)
	}
	if n := len(h.boxes.mostRead.held); n > 10 {
		t.Errorf("%d lists were ranked for sections that are none", n)
	}
}
