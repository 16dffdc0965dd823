package web

import (
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"vestnik/articles"
	"vestnik/feeds"
)

// Whatever happens to the articles, a server that has been there all along answers as one that has just begun: it has only saved
// itself the work.
func TestAFeedThatWasKeptIsTheOneThatWouldBeMadeNow(t *testing.T) {
	h := open(t, func(o *Options) { o.Feeds.Items = 3 })
	random := rand.New(rand.NewPCG(3, 14))
	var paths []string
	for _, list := range []string{"", "/sections/a", "/sections/b", "/tags/x", "/tags/y", "/authors/p"} {
		for _, f := range feeds.Formats() {
			paths = append(paths, list+"/"+f.File)
		}
	}
	for step := range 60 {
		what := h.disturb(random)
		h.wait(time.Second)
		fresh, err := New(h.Options)
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range paths {
			ours, w := httptest.NewRecorder(), httptest.NewRecorder()
			h.Handler().ServeHTTP(ours, httptest.NewRequest("GET", path, nil))
			fresh.Handler().ServeHTTP(w, httptest.NewRequest("GET", path, nil))
			if ours.Code != w.Code || ours.Body.String() != w.Body.String() || ours.Header().Get("ETag") != w.Header().Get("ETag") {
				t.Fatalf("step %d, after %s: %s = %d %s, and made now %d %s", step, what, path, ours.Code, ours.Header().Get("ETag"), w.Code, w.Header().Get("ETag"))
			}
		}
	}
}

// disturb does something to one of ten articles, and says what.
func (h *house) disturb(random *rand.Rand) string {
	slug := fmt.Sprint("news-", random.IntN(10))
	pick := func(all ...string) string { return all[random.IntN(len(all))] }
	var what string
	h.tx(func(tx *sql.Tx) error {
		a, err := articles.Find(context.Background(), tx, slug)
		if err != nil { // articles.ErrNotFound: it comes into being
			a.State = articles.Draft
		}
		switch verb := random.IntN(20); {
		case a.State == articles.Draft || a.State != articles.Removed && verb < 10:
			what = "put " + slug
			in := articles.Input{Slug: slug, Title: pick("Раз", "Два"), HTML: "<p>Текст</p>", Section: pick("a", "b", ""), Tags: []string{pick("x", "y")}, Authors: []string{pick("p", "q")},
				Published: h.clock().AddDate(0, -random.IntN(4), -random.IntN(20))}
			_, _, err = articles.Put(context.Background(), tx, h.Articles, in, h.clock())
		case verb < 14:
			what = "withdraw " + slug
			_, _, err = articles.Withdraw(context.Background(), tx, slug, h.clock())
		case a.State != articles.Removed && verb < 17:
			what = "publish " + slug
			_, _, err = articles.Publish(context.Background(), tx, slug, h.clock())
		case a.State != articles.Removed && verb < 19:
			what = "correct " + slug
			_, _, err = articles.Correct(context.Background(), tx, slug, fmt.Sprint("Поправка ", random.IntN(100)), h.clock())
		default:
			what = "remove " + slug
			_, _, err = articles.Remove(context.Background(), tx, slug, h.clock())
		}
		return err
	})
	return what
}

func TestAChangeMovesOnlyTheListsThatItConcerns(t *testing.T) {
	h := openFurnished(t)
	ctx := t.Context()
	numbers := func() map[string]int64 {
		all := map[string]int64{}
		for _, key := range []string{"", "/sections/festivali", "/sections/prokat", "/tags/tanets", "/authors/ann-lee"} {
			h.get(key + "/feed.xml")
			l, _ := parseList(key)
			n, err := h.number(ctx, &knownFeed{key: feeds.Key{List: key, Format: "rss"}, list: l, state: h.stateOf(key)})
			if err != nil {
				t.Fatal(err)
			}
			all[key] = n
		}
		return all
	}
	numbers()
	before := numbers()
	h.wait(time.Second)
	h.put(articles.Input{Slug: "box-office", Title: "Box office: corrected", HTML: "<p>Numbers.</p>", Section: "Прокат", Authors: []string{"Ann Lee"}})
	h.wait(time.Second)
	after := numbers()
	for key, moved := range map[string]bool{"": true, "/sections/prokat": true, "/authors/ann-lee": true, "/sections/festivali": false, "/tags/tanets": false} {
		if (after[key] > before[key]) != moved {
			t.Errorf("list %q: %d, then %d; want it to move: %v", key, before[key], after[key], moved)
		}
	}
}

// After an import of more than can be remembered every list is looked at anew.
func TestTooManyChangesAtOnceConcernEveryList(t *testing.T) {
	h := openFurnished(t)
	h.get("/sections/prokat/feed.xml")
	h.tx(func(tx *sql.Tx) error {
		for i := range maxNews + 1 {
			_, _, err := articles.Put(t.Context(), tx, h.Articles, articles.Input{Title: fmt.Sprint("Новость ", i), HTML: "<p>Текст</p>", Section: "Прокат"}, h.clock())
			if err != nil {
				return err
			}
		}
		return nil
	})
	h.wait(time.Second)
	if items, _ := h.items("/sections/prokat/feed.xml"); len(items) != feedItems {
		t.Errorf("%d items, want %d", len(items), feedItems)
	}
	if n := len(h.Server.log.recent); n > maxNews {
		t.Errorf("%d changes are remembered", n)
	}
}

// A document may be made of what was changed a moment ago, before the change's number is seen: the list's other documents are older.
func TestDocumentsOfOneListAgreeHoweverCloseAChangeIs(t *testing.T) {
	h := openFurnished(t)
	paths := []string{"/sections/prokat/feed.json", "/sections/prokat/feed.xml"}
	moved := h.find("box-office").GUID
	h.put(articles.Input{Slug: "other", Title: "Другая", HTML: "<p>Текст.</p>", Section: "Прокат"})
	h.wait(time.Second)
	h.get(paths[0])
	h.put(articles.Input{Slug: "box-office", Title: "Box office", HTML: "<p>Numbers.</p>", Section: "Фестивали"})
	for n := range 8 { // lists that push out what was loaded
		h.put(articles.Input{Title: fmt.Sprint("Ещё ", n), HTML: "<p>Текст.</p>", Section: fmt.Sprint("s", n)})
		h.get(fmt.Sprintf("/sections/s%d/feed.xml", n))
	}
	h.get(paths[1])
	h.wait(time.Second)
	for _, path := range paths {
		if ids, _ := h.items(path); slices.Contains(ids, moved) || len(ids) != 1 {
			t.Errorf("%s holds %q, and %s has left the section", path, ids, moved)
		}
	}
}
