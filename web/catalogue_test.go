package web

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"vestnik/articles"
	"vestnik/feeds"
)

func TestThePageOfAllFeedsHasWhatAReaderNeedsToJoin(t *testing.T) {
	h := openFurnished(t)
	h.reads("premiere", h.clock().Add(-time.Hour), 5)
	res := h.get("/feeds")
	page := html.UnescapeString(res.body)
	for _, want := range []string{
		"https://kino.example/feed.xml", "https://kino.example/sections/festivali/feed.atom", "https://kino.example/tags/tanets/feed.json", "https://kino.example/authors/ann-lee/feed.xml",
		"https://kino.example/most-read/feed.xml?window=7d", "https://kino.example/digests/weekly/feed.json",
		"https://feedly.com/i/subscription/feed%2Fhttps%3A%2F%2Fkino.example%2Ffeed.xml", "https://www.inoreader.com/?add_feed=https%3A%2F%2Fkino.example%2Fsections%2Fprokat%2Ffeed.xml",
		"https://theoldreader.com/feeds/subscribe?url=https%3A%2F%2Fkino.example%2Fmost-read%2Ffeed.xml%3Fwindow%3D30d", "https://www.newsblur.com/?url=", "https://feedbin.com/?subscribe=",
		"/opml.xml", "Премьера ленты о танце", "Box office: a record week",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	checkPolicy(t, "/feeds", res.body)
}

func TestEveryFeedIsListedAndEveryListedFeedIsThere(t *testing.T) {
	h := openFurnished(t)
	lists, err := h.Lists(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	opml := html.UnescapeString(h.get("/opml.xml").body)
	for _, l := range lists {
		names = append(names, fmt.Sprint(l.Kind, " ", l.Name, " ", l.Path, " ", l.Articles))
		list, ok := namedList(l.Name)
		if !ok {
			t.Errorf("%q is no name of a list", l.Name)
			continue
		}
		for _, f := range feeds.Formats() {
			if res := h.get(list.place("").Document(f)); res.StatusCode != 200 {
				t.Errorf("%s as %s = %d", l.Name, f.Name, res.StatusCode)
			}
		}
		if res := h.get(l.Path); res.StatusCode != 200 {
			t.Errorf("%s = %d", l.Path, res.StatusCode)
		}
		if n := strings.Count(opml, `xmlUrl="`+list.place(siteURL).Document(feeds.Formats()[0])+`"`); n != 1 {
			t.Errorf("%s is %d times in the OPML", l.Name, n)
		}
	}
	want := []string{"site site / 4", "sections sections/festivali /sections/festivali 2", "sections sections/prokat /sections/prokat 1", "most_read most-read/24h /most-read 0",
		"most_read most-read/7d /most-read?window=7d 0", "most_read most-read/30d /most-read?window=30d 0", "digests digests/daily /digests/daily 1", "digests digests/weekly /digests/weekly 0",
		"authors authors/ann-lee /authors/ann-lee 1", "authors authors/ivan-petrov /authors/ivan-petrov 1", "tags tags/programma /tags/programma 1", "tags tags/tanets /tags/tanets 1"}
	if got := strings.Join(names, "\n"); got != strings.Join(want, "\n") {
		t.Errorf("lists:\n%s\nwant:\n%s", got, strings.Join(want, "\n"))
	}
	if got := h.get("/opml.xml").Header.Get("Content-Type"); got != "text/x-opml; charset=utf-8" {
		t.Errorf("/opml.xml is %q", got)
	}
}

func TestNamesAndKeysOfListsAreTwoWaysToSayTheSame(t *testing.T) {
	for _, l := range []feedList{{kind: kindSite}, {kind: kindYandex}, {kindSections, "kino"}, {kindTags, "x"}, {kindAuthors, "y"}, {kindDigests, "daily"}, {kindMostRead, "24h"}, {kindMostRead, "30d"}} {
		byKey, ok1 := parseList(l.key())
		byName, ok2 := namedList(l.name())
		if !ok1 || !ok2 || byKey != l || byName != l {
			t.Errorf("%+v: by its key %q %+v, by its name %q %+v", l, l.key(), byKey, l.name(), byName)
		}
	}
	for _, key := range []string{"/", "/sections", "/sections/", "/sections/a/b", "/most-read/7d", "/most-read?window=24h", "/most-read?window=x", "/articles/x", "/site", "sections/x/", "/tags/x?y"} {
		if l, ok := parseList(key); ok {
			t.Errorf("key %q is taken for %+v", key, l)
		}
	}
	for _, name := range []string{"", "/", "sections", "most-read", "most-read/1y", "sections/a/b", "articles/x", "site/x", "/sections/x"} {
		if l, ok := namedList(name); ok {
			t.Errorf("name %q is taken for %+v", name, l)
		}
	}
}

func TestACorrectionStandsInEveryFeedAndOnThePage(t *testing.T) {
	h := openFurnished(t)
	h.put(articles.Input{Slug: "premiere", Title: "Премьера ленты о танце", Standfirst: "Программа фильмов на фестивале.", HTML: "<p>Текст.</p>", Section: "Фестивали", Correction: "Лента о <балете>.\n\nПросим прощения."})
	h.put(articles.Input{Slug: "box-office", Title: "Box office: a record week", HTML: "<p>Numbers.</p>", Language: "en", Section: "Прокат", Correction: "It was two weeks."})
	h.wait(time.Second)
	for _, path := range []string{"/feed.xml", "/feed.atom", "/feed.json", "/sections/festivali/feed.atom", "/yandex.xml"} {
		body := html.UnescapeString(html.UnescapeString(h.get(path).body))
		for _, want := range []string{"Исправлено 24 ноября 2026", "Лента о <балете>.", "Просим прощения."} {
			if !strings.Contains(body, want) {
				t.Errorf("%s lacks %q", path, want)
			}
		}
		if !strings.Contains(path, "festivali") && !strings.Contains(body, "Corrected on 24 November 2026: It was two weeks.") {
			t.Errorf("%s lacks the note in the article's language", path)
		}
	}
	if page := html.UnescapeString(h.get("/articles/premiere").body); !strings.Contains(page, "Лента о <балете>.") {
		t.Error("the page lacks the note")
	}
}

func TestAListInAnotherLanguageSaysSoAndStandsAfterTheOthers(t *testing.T) {
	h := openFurnished(t)
	for n := range 5 {
		h.put(articles.Input{Title: fmt.Sprint("World ", n), HTML: "<p>Text.</p>", Language: "en-GB", Section: "World cinema", Published: h.clock()})
	}
	h.put(articles.Input{Title: "Мир", HTML: "<p>Текст.</p>", Section: "World cinema", Published: h.clock()})
	h.wait(2 * time.Minute)
	for _, path := range []string{"/", "/feeds", "/opml.xml"} {
		body := h.get(path).body
		home, foreign := strings.Index(body, "/sections/festivali"), strings.Index(body, "/sections/world-cinema")
		if home < 0 || foreign < home {
			t.Errorf("%s: the sections of this country stand at %d, the other one at %d", path, home, foreign)
		}
	}
	opml := h.get("/opml.xml").body
	for address, want := range map[string]string{"/sections/world-cinema/feed.xml": `language="en"`, "/sections/festivali/feed.xml": `language="ru"`, "/digests/weekly/feed.xml": `language="en"`, "/feed.xml": `language="ru"`} {
		_, rest, _ := strings.Cut(opml, `xmlUrl="`+siteURL+address+`"`)
		if outline, _, _ := strings.Cut(rest, ">"); !strings.Contains(outline, want) {
			t.Errorf("OPML: %s has %q, want %s", address, outline, want)
		}
	}
	if _, rest, _ := strings.Cut(opml, siteURL+"/tags/tanets/feed.xml"); strings.Contains(rest[:strings.Index(rest, ">")], "language") {
		t.Error("OPML: a tag's language is not known, and is told")
	}
	for path, want := range map[string]string{"/sections/world-cinema/feed.xml": "<language>en</language>", "/sections/festivali/feed.xml": "<language>ru</language>", "/feed.xml": "<language>ru</language>"} {
		if body := h.get(path).body; !strings.Contains(body, want) {
			t.Errorf("%s lacks %s", path, want)
		}
	}
	if body := h.get("/sections/world-cinema/feed.xml").body; strings.Contains(body, "<dc:language>en</dc:language>") || !strings.Contains(body, "<dc:language>ru</dc:language>") {
		t.Error("articles must name their language where it is not the feed's, and only there")
	}
}
