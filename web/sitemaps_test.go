package web

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"vestnik/articles"
	"vestnik/feeds"
)

// locations reads a sitemap or an index: addresses with their dates.
func (h *house) sitemapOf(path string) map[string]string {
	h.t.Helper()
	res := h.get(path)
	if res.StatusCode != 200 || res.Header.Get("Content-Type") != "application/xml; charset=utf-8" {
		h.t.Fatalf("%s = %d, %q", path, res.StatusCode, res.Header.Get("Content-Type"))
	}
	var doc struct {
		URLs []struct {
			Loc     string `xml:"loc"`
			LastMod string `xml:"lastmod"`
			Date    string `xml:"news>publication_date"`
		} `xml:",any"`
	}
	if err := xml.Unmarshal([]byte(res.body), &doc); err != nil {
		h.t.Fatalf("%s: %v", path, err)
	}
	all := map[string]string{}
	for _, u := range doc.URLs {
		all[u.Loc] = u.LastMod + u.Date
	}
	return all
}

func TestTheSitemapsNameEveryPageOfOurOwnWithItsDate(t *testing.T) {
	h := openFurnished(t)
	h.wait(time.Hour)
	h.put(articles.Input{Slug: "premiere", Title: "Премьера перенесена", HTML: "<p>Новый текст.</p>", Section: "Фестивали"})
	h.wait(time.Second)
	index := h.sitemapOf("/sitemap.xml")
	for address, date := range map[string]string{"lists": "2026-11-24T10:00:00Z", "2026-11": "2026-11-24T10:00:00Z", "2018-05": "2018-05-28T13:00:00Z"} {
		if got := index[siteURL+"/sitemaps/"+address+".xml"]; got != date {
			t.Errorf("the index dates %s %q, want %s; it holds %v", address, got, date, index)
		}
	}
	if len(index) != 3 {
		t.Errorf("the index holds %v", index)
	}
	pages := map[string]string{}
	for address := range index {
		for page, date := range h.sitemapOf(strings.TrimPrefix(address, siteURL)) {
			if res := h.get(strings.TrimPrefix(page, siteURL)); res.StatusCode != 200 {
				t.Errorf("%s, named in a sitemap, = %d", page, res.StatusCode)
			}
			pages[page] = date
		}
	}
	for page, date := range map[string]string{"/": "2026-11-24T10:00:00Z", "/articles/premiere": "2026-11-24T10:00:00Z", "/articles/festival": "2018-05-28T13:00:00Z", "/sections/prokat": "2026-11-23T02:00:00Z",
		"/tags/tanets": "2018-05-28T13:00:00Z", "/authors/ann-lee": "2026-11-23T02:00:00Z", "/digests/daily": "2026-11-24T09:00:00Z", "/digests/weekly": "", "/digests/daily/2026-11-24T0800": "2026-11-24T09:00:00Z"} {
		if got, ok := pages[siteURL+page]; !ok || got != date {
			t.Errorf("%s is dated %q, want %q", page, got, date)
		}
	}
	for _, page := range []string{"/articles/elsewhere", "/articles/headline", "/articles/draft", "/articles/wrong"} {
		if _, ok := pages[siteURL+page]; ok {
			t.Errorf("%s is in a sitemap", page)
		}
	}
	for _, path := range []string{"/sitemaps/2017-01.xml", "/sitemaps/2026-11-2.xml", "/sitemaps/2026-11-1.xml", "/sitemaps/2026-11-02.xml", "/sitemaps/2026-11", "/sitemaps/x.xml", "/sitemaps/%ff.xml"} {
		if res := h.get(path); res.StatusCode != 404 {
			t.Errorf("%s = %d, want 404", path, res.StatusCode)
		}
	}
}

func TestASitemapThatIsFullDoesNotChangeWhenSomethingComes(t *testing.T) {
	pages := make([]ownPage, 2*feeds.SitemapMax+3)
	for i := range pages {
		pages[i].Address = fmt.Sprint(len(pages) - i) // the newest first
	}
	all := chunks(pages)
	if len(all) != 3 || len(all[2]) != 3 || all[0][feeds.SitemapMax-1].Address != "1" || all[2][0].Address != fmt.Sprint(len(pages)) {
		t.Errorf("%d parts", len(all))
	}
	if len(chunks(nil)) != 0 {
		t.Error("nothing has parts")
	}
}

func TestTheNewsSitemapHoldsTwoDays(t *testing.T) {
	h := openFurnished(t)
	news := h.sitemapOf("/news-sitemap.xml")
	if len(news) != 2 || news[siteURL+"/articles/premiere"] != "2026-11-23T12:00:00+11:00" || news[siteURL+"/articles/box-office"] != "2026-11-23T13:00:00+11:00" {
		t.Errorf("it holds %v, want what we published ourselves in two days", news)
	}
	if body := h.get("/news-sitemap.xml").body; !strings.Contains(body, "<news:language>en</news:language>") || !strings.Contains(body, "<news:name>Вестник кино</news:name>") {
		t.Errorf("it lacks the language or the name: %s", body)
	}
	h.wait(24 * time.Hour)
	h.put(articles.Input{Slug: "box-office", Title: "Box office: corrected", HTML: "<p>Numbers.</p>", Language: "en", Section: "Прокат"})
	h.wait(3 * time.Hour) // Sakhalin's noon of the 23rd was two days and some hours ago
	h.wait(15 * time.Hour)
	if news := h.sitemapOf("/news-sitemap.xml"); len(news) != 0 {
		t.Errorf("two days later it still holds %v: the date of publication counts, and not that of a correction", news)
	}
}

func TestRobotsAreToldOfTheSitemapsAndKeptFromNoFeed(t *testing.T) {
	h := open(t)
	body := h.get("/robots.txt").body
	for _, want := range []string{"\nSitemap: https://kino.example/sitemap.xml\n", "\nSitemap: https://kino.example/news-sitemap.xml\n"} {
		if !strings.Contains(body, want) {
			t.Errorf("robots.txt lacks %q", want)
		}
	}
	if strings.Contains(body, "feed") || strings.Contains(body, "Disallow: /\n") || strings.Contains(body, "xml\nDisallow") {
		t.Errorf("robots.txt forbids too much:\n%s", body)
	}
}

func TestListsForProgramsCostNothingWhileNothingChanged(t *testing.T) {
	h := openFurnished(t)
	for _, path := range []string{"/sitemap.xml", "/sitemaps/lists.xml", "/sitemaps/2026-11.xml", "/news-sitemap.xml", "/opml.xml"} {
		first := h.get(path)
		h.wait(2 * time.Minute)
		for name, header := range map[string][]string{"tag": {"If-None-Match", first.Header.Get("ETag")}, "date": {"If-Modified-Since", first.Header.Get("Last-Modified")}} {
			if res := h.get(path, header...); res.StatusCode != 304 || res.body != "" {
				t.Errorf("%s by its %s = %d", path, name, res.StatusCode)
			}
		}
		if head := h.do("HEAD", path, ""); head.StatusCode != 200 || head.Header.Get("ETag") != first.Header.Get("ETag") {
			t.Errorf("HEAD %s = %d", path, head.StatusCode)
		}
	}
	tag := h.get("/sitemap.xml").Header.Get("ETag")
	h.put(articles.Input{Title: "Новая", HTML: "<p>Текст</p>", Published: h.clock()})
	h.wait(time.Second)
	if res := h.get("/sitemap.xml", "If-None-Match", tag); res.StatusCode != 200 {
		t.Errorf("after something was published = %d", res.StatusCode)
	}
}

// No text of articles, the site or a digest breaks any document of ours.
func TestEveryDocumentIsWellFormedWhateverTextIsInIt(t *testing.T) {
	const evil = "]]> &amp; & <b>\"x\"</b> \x00\x0b\ufffe 🎬 שלום"
	h := open(t, func(o *Options) {
		o.Site.Title, o.Site.Imprint.Publisher, o.Digests[0].Title = "Site "+evil, evil, evil
	})
	h.furnish()
	words := strings.NewReplacer("<", "&lt;", "&", "&amp;").Replace(evil)
	a := h.put(articles.Input{Title: "Title " + words, Standfirst: words, Section: words, Tags: []string{words}, Authors: []string{words}, HTML: "<p>Text " + words + "</p>", Published: h.clock(), Correction: words})
	h.publishEdition()
	h.reads(a.Slug, h.clock().Add(-2*time.Hour), 3)
	paths := []string{"/yandex.xml", "/opml.xml", "/sitemap.xml", "/sitemaps/lists.xml", "/sitemaps/2026-11.xml", "/news-sitemap.xml"}
	for _, list := range []string{"", "/sections/" + a.Section.Slug, "/tags/" + a.Tags[0].Slug, "/authors/" + a.Authors[0].Slug, "/most-read", "/digests/daily"} {
		for _, f := range feeds.Formats()[:2] {
			paths = append(paths, list+"/"+f.File)
			if list != "/most-read" {
				address, _ := h.follow(list + "/archive/2026-11/" + f.File)
				paths = append(paths, address)
			}
		}
	}
	for _, path := range paths {
		res := h.get(path)
		if res.StatusCode != 200 || !strings.Contains(res.body, "🎬") && !strings.HasPrefix(path, "/sitemap") {
			t.Errorf("%s = %d", path, res.StatusCode)
		}
		for d := xml.NewDecoder(strings.NewReader(res.body)); ; {
			if _, err := d.Token(); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Errorf("%s: %v", path, err)
				break
			}
		}
	}
}
