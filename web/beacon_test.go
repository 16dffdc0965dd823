package web

import (
	"fmt"
	"html"
	"regexp"
	"strings"
	"testing"
	"time"

	"vestnik/reads"
)

var beaconOn = regexp.MustCompile(`data-beacon="([^"]+)" data-token="([^"]+)"`)

// beaconOf returns where the page of an article reports to, and its token.
func (h *house) beaconOf(slug string) (path, token string) {
	h.t.Helper()
	found := beaconOn.FindStringSubmatch(h.get("/articles/" + slug).body)
	if found == nil {
		h.t.Fatalf("no beacon on the page of %s", slug)
	}
	return found[1], html.UnescapeString(found[2])
}

// read reports a read as a browser of the i-th visitor does, through a trusted proxy.
func (h *house) read(path, token string, i int) answer {
	h.t.Helper()
	return h.do("POST", path, token+"|web", "Content-Type", "text/plain;charset=UTF-8", "Sec-Fetch-Site", "same-origin",
		"X-Forwarded-For", fmt.Sprintf("198.51.%d.7", i), "User-Agent", "Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101 Firefox/140.0", "Accept-Language", "ru")
}

func (h *house) flush() int {
	h.t.Helper()
	n, err := h.Reads.Flush(h.t.Context(), h.DB, h.clock())
	if err != nil {
		h.t.Fatal(err)
	}
	return n
}

// mostReadTitles are the headlines of the page of the most read, in their order.
func (h *house) mostReadTitles(query string) (titles []string) {
	h.t.Helper()
	for _, m := range regexp.MustCompile(`<h2><a href="[^"]*">([^<]*)</a></h2>`).FindAllStringSubmatch(h.get("/most-read"+query).body, -1) {
		titles = append(titles, html.UnescapeString(m[1]))
	}
	return titles
}

func TestReadsMoveTheMostReadBox(t *testing.T) {
	h := openFurnished(t)
	if titles := h.mostReadTitles(""); len(titles) != 0 {
		t.Fatalf("%q are most read before anybody read anything", titles)
	}
	path, token := h.beaconOf("festival")
	for i := range 20 {
		if res := h.read(path, token, i); res.StatusCode != 204 || res.body != "" || res.Header.Get("Cache-Control") != "no-store" || res.Header.Get("Set-Cookie") != "" {
			t.Fatalf("beacon = %d %v", res.StatusCode, res.Header)
		}
	}
	h.read(path, token, 3) // a second time on the same day
	if n := h.flush(); n != 20 {
		t.Errorf("%d reads were written, want 20", n)
	}
	h.wait(time.Minute)
	for _, query := range []string{"", "?window=7d", "?window=30d"} {
		if titles := h.mostReadTitles(query); len(titles) != 1 || titles[0] != "Фестиваль «Кинотанец» объявил программу" {
			t.Errorf("most read%s: %q", query, titles)
		}
	}
	if b := h.mostReadBoxOf("/"); len(b.numbered) != 1 || b.numbered[0] != "Фестиваль «Кинотанец» объявил программу" {
		t.Errorf("the box is %+v", b)
	}
	if page := h.get("/most-read").body; !strings.Contains(page, "20\u00a0") {
		t.Error("the page does not say how often it was read")
	}
}

func TestBeaconsThatDoNotCountGetTheSameAnswer(t *testing.T) {
	h := openFurnished(t)
	path, token := h.beaconOf("festival")
	other, _ := h.beaconOf("premiere")
	good := h.read(path, token, 1)
	for name, res := range map[string]answer{
		"wrong token":       h.read(path, "wrong", 2),
		"another's token":   h.read(other, token, 3),
		"too long":          h.do("POST", path, strings.Repeat("x", 2000)),
		"empty":             h.do("POST", path, ""),
		"robot":             h.do("POST", path, token+"|web", "User-Agent", "curl/8"),
		"from another site": h.do("POST", path, token+"|web", "Origin", "https://evil.example", "Sec-Fetch-Site", "cross-site", "User-Agent", "Mozilla/5.0 (X11)"),
	} {
		if res.StatusCode != good.StatusCode || res.body != "" {
			t.Errorf("%s: %d %q, want %d", name, res.StatusCode, res.body, good.StatusCode)
		}
	}
	if n := h.flush(); n != 1 {
		t.Errorf("%d reads were written, want 1", n)
	}
	for path, want := range map[string]int{"/a/": 404, "/a/festival": 404, "/a/99999999999999999999": 404} {
		if res := h.do("POST", path, token); res.StatusCode != want {
			t.Errorf("POST %s = %d, want %d", path, res.StatusCode, want)
		}
	}
}

func TestAForgedAddressDoesNotMakeAnotherVisitor(t *testing.T) {
	h := openFurnished(t, func(o *Options) { o.TrustedProxies = nil })
	path, token := h.beaconOf("festival")
	for i := range 5 {
		h.read(path, token, i)
	}
	if n := h.flush(); n != 1 {
		t.Errorf("%d reads of one visitor with five X-Forwarded-For, want 1", n)
	}
}

func TestServerModeCountsPagesAndHasNoScript(t *testing.T) {
	h := openFurnished(t, func(o *Options) {
		o.ReadsMode = "server"
		o.Reads = reads.NewCounter(reads.Options{Mode: "server", Secret: []byte("0123456789abcdef-reads"), Site: "https://kino.example"})
	})
	for i := range 3 {
		res := h.get("/articles/festival?utm_medium=email", "X-Forwarded-For", fmt.Sprintf("198.51.%d.7", i), "Sec-Fetch-Dest", "document", "Sec-Fetch-Mode", "navigate",
			"Sec-Fetch-Site", "none", "User-Agent", "Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101 Firefox/140.0")
		if strings.Contains(res.body, "data-beacon") || strings.Contains(res.body, "/a.js") {
			t.Fatal("the page has a beacon")
		}
	}
	h.do("HEAD", "/articles/festival", "", "X-Forwarded-For", "198.51.9.7", "User-Agent", "Mozilla/5.0 (X11; Linux x86_64)")
	if res := h.do("POST", "/a/99", "x|web", "X-Forwarded-For", "198.51.8.7", "Sec-Fetch-Dest", "document", "Sec-Fetch-Mode", "navigate",
		"User-Agent", "Mozilla/5.0 (X11; Linux x86_64)"); res.StatusCode != 404 {
		t.Errorf("a beacon of an article that is none, without a token, is answered with %d", res.StatusCode)
	}
	if n := h.flush(); n != 3 {
		t.Errorf("%d reads were written, want 3", n)
	}
	var source string
	if err := h.DB.QueryRowContext(t.Context(), `SELECT MIN(source) FROM read_hour`).Scan(&source); err != nil || source != "email" {
		t.Errorf("source = %q, %v, want email", source, err)
	}
}

func TestWhereReadsAreNotCountedNothingAsksForThem(t *testing.T) {
	h := openFurnished(t, func(o *Options) { o.ReadsMode = "off" })
	if page := h.get("/articles/festival").body; strings.Contains(page, "data-beacon") {
		t.Error("the page has a beacon")
	}
	for _, res := range []answer{h.do("POST", "/a/1", "x"), h.get("/a.js")} {
		if res.StatusCode != 404 {
			t.Errorf("%s = %d, want 404", res.Request.URL.Path, res.StatusCode)
		}
	}
}
