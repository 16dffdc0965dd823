package web

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mmcdole/gofeed"

	"vestnik/articles"
	"vestnik/feeds"
)

// items are the ids in a feed, in its order.
func (h *house) items(path string) (ids []string, body string) {
	h.t.Helper()
	res := h.get(path)
	if res.StatusCode != 200 {
		h.t.Fatalf("%s = %d", path, res.StatusCode)
	}
	feed, err := gofeed.NewParser().ParseString(res.body)
	if err != nil {
		h.t.Fatalf("%s: %v", path, err)
	}
	for _, i := range feed.Items {
		ids = append(ids, i.GUID)
	}
	return ids, res.body
}

// linked is the path of a link of a feed, "" if there is none.
func linked(t testing.TB, body, rel string) string {
	t.Helper()
	address := ""
	if strings.HasPrefix(body, "{") {
		var doc struct {
			Next string `json:"next_url"`
		}
		if err := json.Unmarshal([]byte(body), &doc); err != nil {
			t.Fatal(err)
		}
		if rel == "prev-archive" {
			address = doc.Next
		}
	}
	for _, tag := range regexp.MustCompile(`<(?:atom:)?link [^>]*>`).FindAllString(body, -1) {
		if strings.Contains(tag, `rel="`+rel+`"`) {
			address = strings.ReplaceAll(regexp.MustCompile(`href="([^"]*)"`).FindStringSubmatch(tag)[1], "&amp;", "&")
		}
	}
	if address == "" {
		return ""
	}
	u, err := url.Parse(address)
	if err != nil || !strings.HasPrefix(address, siteURL+"/") {
		t.Fatalf("%s leads to %q", rel, address)
	}
	return u.RequestURI()
}

// follow opens an address of an archive as a reader does, who follows redirects.
func (h *house) follow(path string) (string, answer) {
	h.t.Helper()
	res := h.get(path)
	if res.StatusCode == 302 {
		path = strings.TrimPrefix(res.Header.Get("Location"), siteURL)
		res = h.get(path)
	}
	if res.StatusCode != 200 {
		h.t.Fatalf("%s = %d", path, res.StatusCode)
	}
	return path, res
}

// openLong is a house with 100 articles in one section, with one tag and author, over eight months with gaps, whose feeds hold 10.
func openLong(t *testing.T) *house {
	h := open(t, func(o *Options) { o.Feeds.Items = 10 })
	h.tx(func(tx *sql.Tx) error {
		for i := range 100 {
			at := h.clock().Add(-time.Duration(i) * 60 * time.Hour)
			if at.Month() == time.August {
				continue
			}
			in := articles.Input{Slug: fmt.Sprint("a-", i), Title: fmt.Sprint("Новость ", i), HTML: "<p>Текст</p>", Section: "Прокат", Tags: []string{"танец"}, Authors: []string{"Ann Lee"}, Published: at}
			if _, _, err := articles.Put(t.Context(), tx, h.Articles, in, h.clock()); err != nil {
				return err
			}
		}
		return nil
	})
	return h
}

func TestTheArchivesHoldWhatTheLivingFeedHasNotAndMissNothing(t *testing.T) {
	h := openLong(t)
	all, err := articles.Outlines(t.Context(), h.DB, articles.Filter{})
	if err != nil {
		t.Fatal(err)
	}
	for _, list := range []string{"", "/sections/prokat", "/tags/tanets", "/authors/ann-lee"} {
		for _, f := range feeds.Formats() {
			living := list + "/" + f.File
			ids, body := h.items(living)
			seen := map[string]bool{}
			months := 0
			for path := linked(t, body, "prev-archive"); ; path = linked(t, body, "prev-archive") {
				for _, id := range ids {
					seen[id] = true
				}
				if path == "" {
					break
				}
				if months == 0 && !strings.Contains(path, "?v=") {
					t.Errorf("%s leads to %s, which says no version: a reader that knows it would miss what has come since", living, path)
				}
				address, res := h.follow(path)
				if ids, body = h.items(address); f.Name != "json" && (!strings.HasSuffix(linked(t, body, "self"), address) || linked(t, body, "current") != living || !strings.Contains(body, ":archive")) {
					t.Errorf("%s: self %s, current %s", address, linked(t, body, "self"), linked(t, body, "current"))
				}
				if cache := res.Header.Get("Cache-Control"); !strings.Contains(cache, "immutable") || !strings.Contains(cache, "max-age=31536000") {
					t.Errorf("%s: Cache-Control %q", address, cache)
				}
				months++
			}
			if len(seen) != len(all) || months < 6 {
				t.Errorf("%s: %d of %d articles in %d archives", living, len(seen), len(all), months)
			}
		}
	}
}

func TestArchivesLeadToTheirNewerNeighbours(t *testing.T) {
	h := openLong(t)
	_, body := h.items("/feed.atom")
	newest := linked(t, body, "prev-archive") // of the month of the oldest item: this one
	path, months := "/archive/2026-07/feed.atom", []string{}
	for path != "" {
		address, res := h.follow(path)
		months = append(months, address[len("/archive/"):len("/archive/2026-07")])
		path = linked(t, res.body, "next-archive")
		if path == "" && address != newest {
			t.Errorf("the newest archive is %s, and the living feed leads to %s", address, newest)
		}
	}
	if want := []string{"2026-07", "2026-09", "2026-10", "2026-11"}; !slices.Equal(months, want) {
		t.Errorf("months %v, want %v", months, want)
	}
}

func TestAnArchiveNeverChangesUnderItsAddress(t *testing.T) {
	h := openLong(t)
	old, oldBody := h.follow("/sections/prokat/archive/2026-07/feed.json")
	begun, _ := h.follow("/sections/prokat/archive/2026-11/feed.json")
	tag := h.get("/sections/prokat/feed.json").Header.Get("ETag")
	h.put(articles.Input{Title: "Ещё одна", HTML: "<p>Текст</p>", Section: "Прокат", Published: h.clock()})
	h.put(articles.Input{Title: "Другого раздела", HTML: "<p>Текст</p>", Section: "Фестивали", Published: time.Date(2026, 7, 9, 0, 0, 0, 0, sakhalin)})
	h.wait(time.Second)
	if res := h.get(old); res.StatusCode != 200 || res.body != oldBody.body {
		t.Errorf("an archive whose month did not change = %d", res.StatusCode)
	}
	res := h.get(begun)
	now := strings.TrimPrefix(res.Header.Get("Location"), siteURL)
	if res.StatusCode != 302 || now == begun || !strings.Contains(res.Header.Get("Cache-Control"), "max-age=300") {
		t.Errorf("the begun month under its old version = %d to %q", res.StatusCode, now)
	}
	if ids, _ := h.items(now); len(ids) != 11 {
		t.Errorf("%s holds %d items, want 11", now, len(ids))
	}
	for _, change := range []func(tx *sql.Tx) error{
		func(tx *sql.Tx) error {
			_, _, err := articles.Correct(t.Context(), tx, "a-55", "Не июль, а июнь.", h.clock())
			return err
		},
		func(tx *sql.Tx) error {
			_, _, err := articles.Withdraw(t.Context(), tx, "a-55", h.clock())
			return err
		},
	} {
		before, _ := h.follow("/sections/prokat/archive/2026-07/feed.json")
		h.tx(change)
		h.wait(time.Second)
		if res := h.get(before); res.StatusCode != 302 {
			t.Errorf("after a change of July, its old address = %d", res.StatusCode)
		}
	}
	if again := h.get("/sections/prokat/feed.json", "If-None-Match", tag); again.StatusCode != 200 {
		t.Errorf("the living feed = %d after all that", again.StatusCode)
	}
}

func TestMonthsThatAreNoArchive(t *testing.T) {
	h := openLong(t)
	for _, path := range []string{"/archive/2026-08/feed.xml", "/archive/1999-01/feed.xml", "/archive/2030-01/feed.atom", "/archive/2026-13/feed.xml", "/archive/2026-7/feed.xml",
		"/archive/today/feed.json", "/sections/none/archive/2026-07/feed.xml", "/most-read/archive/2026-07/feed.xml", "/yandex/archive/2026-07/feed.xml", "/digests/daily/archive/2026-07/feed.xml"} {
		if res := h.get(path); res.StatusCode != 404 {
			t.Errorf("%s = %d, want 404", path, res.StatusCode)
		}
	}
	if _, body := h.items("/feed.xml"); !strings.Contains(body, "prev-archive") || strings.Contains(body, "fh:complete") {
		t.Error("a feed that does not hold everything must lead to the rest and not say that it is complete")
	}
	one := h.put(articles.Input{Title: "Одна", HTML: "<p>Текст</p>", Section: "Архив"})
	h.wait(time.Second)
	if _, body := h.items("/sections/" + one.Section.Slug + "/feed.xml"); strings.Contains(body, "prev-archive") || !strings.Contains(body, "fh:complete") {
		t.Error("a feed that holds everything must say so")
	}
}

func TestADigestHasArchivesToo(t *testing.T) {
	h := open(t, func(o *Options) { o.Feeds.Own = map[string]FeedRule{"digests/daily": {Items: 1}} })
	h.furnish()
	h.publishSlotBefore(h.clock().Add(-24 * time.Hour))
	h.wait(time.Minute)
	h.publishEdition()
	ids, body := h.items("/digests/daily/feed.atom")
	address, _ := h.follow(linked(t, body, "prev-archive"))
	archived, _ := h.items(address)
	if len(ids) != 1 || len(archived) != 2 || archived[0] != ids[0] {
		t.Errorf("the feed holds %q, its archive %q", ids, archived)
	}
}

func TestAListThatIsCalledArchiveHasArchives(t *testing.T) {
	h := open(t, func(o *Options) { o.Feeds.Items = 1 })
	for day := range 3 {
		h.put(articles.Input{Title: fmt.Sprint("Из старого ", day), HTML: "<p>Текст</p>", Section: "Archive", Tags: []string{"archive"}, Published: h.clock().AddDate(0, -day, 0)})
	}
	for _, living := range []string{"/sections/archive/feed.atom", "/tags/archive/feed.json"} {
		seen := map[string]bool{}
		_, body := h.items(living)
		for path := linked(t, body, "prev-archive"); path != ""; path = linked(t, body, "prev-archive") {
			address, _ := h.follow(path)
			var ids []string
			ids, body = h.items(address)
			for _, id := range ids {
				seen[id] = true
			}
		}
		if len(seen) != 3 {
			t.Errorf("%s: %d of 3 articles in its archives", living, len(seen))
		}
	}
}

func TestAnEndlessAddressIsNotRemembered(t *testing.T) {
	h := openFurnished(t)
	for _, list := range []string{"/tags/", "/sections/", "/digests/"} {
		if res := h.get(list + strings.Repeat("x", 50_000) + "/archive/2026-10/feed.xml"); res.StatusCode != 404 {
			t.Errorf("%s… = %d, want 404", list, res.StatusCode)
		}
	}
	for key := range h.archives.held {
		if len(key) > 1000 {
			t.Errorf("a name of %d bytes is kept, and a thousand of them would be", len(key))
		}
	}
}
