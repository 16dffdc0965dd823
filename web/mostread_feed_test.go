package web

import (
	"database/sql"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"vestnik/articles"
	"vestnik/feeds"
	"vestnik/reads"
)

// reads writes so many reads of an article in the hour of at.
func (h *house) reads(slug string, at time.Time, n int64) {
	h.t.Helper()
	a, err := articles.Find(h.t.Context(), h.DB, slug)
	if err == nil {
		err = h.DB.Tx(h.t.Context(), func(tx *sql.Tx) error {
			return reads.Add(h.t.Context(), tx, []reads.Hour{{Article: a.ID, Start: at, Source: "web", N: int64(n)}})
		})
	}
	if err != nil {
		h.t.Fatal(err)
	}
}

func TestTheMostReadFeedChangesByTheHourAndHoldsOnlyWhatWasRead(t *testing.T) {
	h := openFurnished(t)
	hour := h.clock() // 9:00
	if ids, _ := h.items("/most-read/feed.xml"); len(ids) != 0 {
		t.Errorf("nothing was read, and the feed holds %q", ids)
	}
	h.reads("premiere", hour.Add(-3*time.Hour), 5)
	h.reads("festival", hour.Add(-2*time.Hour), 7)
	h.reads("box-office", hour.Add(-48*time.Hour), 70)
	h.reads("elsewhere", hour, 100)
	h.wait(30 * time.Second) // the ninth hour is not begun for all nodes
	first := h.get("/most-read/feed.atom")
	h.wait(time.Minute)
	ids, body := h.items("/most-read/feed.atom")
	want := []string{h.find("festival").GUID, h.find("premiere").GUID}
	if !slices.Equal(ids, want) {
		t.Errorf("the feed holds %q, want %q, the one most read first", ids, want)
	}
	for _, other := range []string{"/feed.atom", "/sections/festivali/feed.atom"} {
		all, _ := h.items(other)
		if !slices.Contains(all, ids[0]) {
			t.Errorf("%s knows the article under another id: %q", other, all)
		}
	}
	if !strings.Contains(body, "2018-05-28T13:00:00Z") {
		t.Error("the articles do not keep their own dates")
	}
	tag := h.get("/most-read/feed.atom").Header.Get("ETag")
	h.reads("premiere", hour.Add(10*time.Minute), 50)
	h.wait(58 * time.Minute)
	if again := h.get("/most-read/feed.atom", "If-None-Match", tag); again.StatusCode != 304 {
		t.Errorf("within the hour it changed: %d; at first %s", again.StatusCode, first.Header.Get("ETag"))
	}
	h.wait(2 * time.Minute) // 10:01
	if ids, _ := h.items("/most-read/feed.atom"); len(ids) != 3 || ids[0] != h.find("elsewhere").GUID || ids[1] != h.find("premiere").GUID {
		t.Errorf("an hour later the feed holds %q", ids)
	}
	if ids, _ := h.items("/most-read/feed.json?window=7d"); len(ids) != 4 || ids[1] != h.find("box-office").GUID {
		t.Errorf("the week's feed holds %q", ids)
	}
}

func (h *house) find(slug string) articles.Article {
	h.t.Helper()
	a, err := articles.Find(h.t.Context(), h.DB, slug)
	if err != nil {
		h.t.Fatal(err)
	}
	return a
}

func TestEveryWindowHasAFeedUnderOneAddress(t *testing.T) {
	h := openFurnished(t)
	seen := map[string]bool{}
	for query, want := range map[string]struct{ self, title, ttl string }{
		"":                   {"/most-read/feed.atom", "Самое читаемое за сутки — Вестник кино", "900"},
		"?window=24h":        {"/most-read/feed.atom", "Самое читаемое за сутки — Вестник кино", "900"},
		"?window=7d":         {"/most-read/feed.atom?window=7d", "Самое читаемое за неделю — Вестник кино", "3600"},
		"?window=30d&utm=x":  {"/most-read/feed.atom?window=30d", "Самое читаемое за месяц — Вестник кино", "3600"},
		"?utm_medium=reader": {"/most-read/feed.atom", "Самое читаемое за сутки — Вестник кино", "900"},
	} {
		res := h.get("/most-read/feed.atom" + query)
		if res.StatusCode != 200 || linked(t, res.body, "self") != want.self || !strings.Contains(res.body, want.title) || !strings.Contains(res.Header.Get("Cache-Control"), "max-age="+want.ttl) {
			t.Errorf("%q = %d, self %q, Cache-Control %q", query, res.StatusCode, linked(t, res.body, "self"), res.Header.Get("Cache-Control"))
		}
		seen[h.ids("/most-read/feed.atom" + query)[0]] = true
	}
	if len(seen) != 3 {
		t.Errorf("the feeds have the ids %v, want three", seen)
	}
	for _, path := range []string{"/most-read/feed.xml?window=1y", "/most-read/feed.json?window=%00", "/most-read%3Fwindow=7d/feed.xml"} {
		if res := h.get(path); res.StatusCode != 404 {
			t.Errorf("%s = %d, want 404", path, res.StatusCode)
		}
	}
}

func TestYandexGetsWholeTextsOfItsOwnKind(t *testing.T) {
	h := openFurnished(t)
	h.put(articles.Input{Slug: "fresh", Title: "Свежая новость", HTML: "<p>Первый абзац.</p><p>Второй абзац.</p>", Section: "Прокат", Published: h.clock().Add(-time.Hour)})
	h.put(articles.Input{Slug: "stale", Title: "Старая новость", HTML: "<p>Текст.</p>", Published: h.clock().AddDate(0, 0, -9)})
	h.wait(time.Second)
	res := h.get("/yandex.xml")
	if res.StatusCode != 200 || res.Header.Get("Content-Type") != "application/rss+xml; charset=utf-8" {
		t.Fatalf("/yandex.xml = %d, %q", res.StatusCode, res.Header.Get("Content-Type"))
	}
	for _, want := range []string{"<yandex:full-text>Первый абзац.", "Свежая новость", "Премьера ленты о танце", "<yandex:genre>message</yandex:genre>"} {
		if !strings.Contains(res.body, want) {
			t.Errorf("it lacks %q", want)
		}
	}
	for _, foreign := range []string{"Старая новость", "wire.example", "Только заголовок", "Кинотанец"} {
		if strings.Contains(res.body, foreign) {
			t.Errorf("it holds %q", foreign)
		}
	}
	for _, f := range feeds.Formats() {
		if strings.Contains(h.get("/"+f.File).body, "yandex") {
			t.Errorf("%s speaks to Yandex", f.File)
		}
	}
	tag := res.Header.Get("ETag")
	h.wait(12 * time.Hour)
	if again := h.get("/yandex.xml", "If-None-Match", tag); again.StatusCode != 304 {
		t.Errorf("the same day = %d, want 304", again.StatusCode)
	}
	h.wait(9 * 24 * time.Hour)
	if body := h.get("/yandex.xml").body; strings.Contains(body, "<item>") {
		t.Error("it holds what is older than a week")
	}
}

// The articles in a ranking are old ones: their dates say nothing about when the ranking changed.
func TestAReaderThatKnowsOnlyDatesSeesANewRanking(t *testing.T) {
	h := openFurnished(t)
	h.reads("box-office", h.clock().Add(-2*time.Hour), 5)
	h.wait(2 * time.Minute)
	first := h.get("/most-read/feed.xml")
	h.reads("festival", h.clock(), 50)
	h.wait(30 * time.Minute)
	poll := h.clock().UTC().Format(http.TimeFormat) // some send when they asked last
	for _, date := range []string{first.Header.Get("Last-Modified"), poll} {
		if same := h.get("/most-read/feed.xml", "If-Modified-Since", date); same.StatusCode != 304 {
			t.Errorf("within the hour, %s: %d, want 304", date, same.StatusCode)
		}
	}
	h.wait(30 * time.Minute)
	for _, date := range []string{first.Header.Get("Last-Modified"), poll} {
		if res := h.get("/most-read/feed.xml", "If-Modified-Since", date); res.StatusCode != 200 || !strings.Contains(res.body, "Кинотанец") {
			t.Errorf("an hour later, %s: %d, want the new ranking", date, res.StatusCode)
		}
	}
}
