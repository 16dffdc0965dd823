package web

import (
	"context"
	"database/sql"
	"fmt"
	"net/http/httptest"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mmcdole/gofeed"

	"vestnik/articles"
	"vestnik/db"
	"vestnik/db/schema"
	"vestnik/feeds"
)

func TestEveryFeedIsReadByAnIndependentReader(t *testing.T) {
	h := openFurnished(t)
	for list, want := range map[string]struct {
		items int
		title string
	}{
		"": {4, "Вестник кино"}, "/sections/festivali": {2, "Фестивали — Вестник кино"}, "/tags/tanets": {1, "танец — Вестник кино"},
		"/authors/ivan-petrov": {1, "Иван Петров — Вестник кино"}, "/digests/daily": {1, "Самое читаемое — Вестник кино"}, "/digests/weekly": {0, "The week — Вестник кино"},
	} {
		for _, f := range feeds.Formats() {
			res := h.get(list + "/" + f.File)
			if res.StatusCode != 200 || res.Header.Get("Content-Type") != f.Type+"; charset=utf-8" {
				t.Errorf("%s/%s = %d, %q", list, f.File, res.StatusCode, res.Header.Get("Content-Type"))
				continue
			}
			got, err := gofeed.NewParser().ParseString(res.body)
			if err != nil {
				t.Errorf("%s/%s: %v", list, f.File, err)
				continue
			}
			if len(got.Items) != want.items || got.Title != want.title || got.FeedLink != siteURL+list+"/"+f.File {
				t.Errorf("%s/%s: %d items, %q, self %s; want %d items, %q", list, f.File, len(got.Items), got.Title, got.FeedLink, want.items, want.title)
			}
			for _, i := range got.Items {
				if i.GUID == "" || i.Title == "" || i.Link == "" || i.Content == "" {
					t.Errorf("%s/%s: incomplete item %+v", list, f.File, i)
				}
			}
		}
	}
	for _, path := range []string{"/sections/none/feed.xml", "/tags/none/feed.json", "/digests/none/feed.atom", "/sections/prokat/feed.csv",
		"/sections/prokat%2Fmore/feed.xml", "/digests/daily%2Fmore/feed.xml"} {
		if res := h.get(path); res.StatusCode != 404 {
			t.Errorf("%s = %d, want 404", path, res.StatusCode)
		}
	}
}

func TestAPollThatBringsNothingNewCostsNoBody(t *testing.T) {
	h := openFurnished(t)
	first := h.get("/feed.xml", "Accept-Encoding", "gzip")
	tag, modified := first.Header.Get("ETag"), first.Header.Get("Last-Modified")
	h.wait(time.Hour)
	for name, header := range map[string][]string{
		"tag": {"If-None-Match", tag}, "date": {"If-Modified-Since", modified}, "weak tag of a proxy": {"If-None-Match", "W/" + tag},
	} {
		res := h.get("/feed.xml", append(header, "Accept-Encoding", "gzip")...)
		if res.StatusCode != 304 || res.body != "" || res.Header.Get("ETag") != tag || res.Header.Get("Cache-Control") != first.Header.Get("Cache-Control") {
			t.Errorf("%s: %d, %d bytes, %v", name, res.StatusCode, len(res.body), res.Header)
		}
	}
	other, err := New(h.Options)
	if err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	r := httptest.NewRequest("GET", "/feed.xml", nil)
	r.Header.Set("Accept-Encoding", "gzip")
	other.Handler().ServeHTTP(w, r)
	if got := w.Header().Get("ETag"); got != tag {
		t.Errorf("another node says %s, want %s", got, tag)
	}
}

func TestFeedsFollowWhatIsPublishedAndWithdrawn(t *testing.T) {
	h := openFurnished(t)
	first, section := h.get("/feed.atom"), h.get("/sections/prokat/feed.atom")
	// An article with an old date is new all the same, also for a reader that knows only dates.
	h.wait(time.Minute)
	old := h.put(articles.Input{Slug: "old", Title: "Из архива", HTML: "<p>1999</p>", Section: "Архив", Published: time.Date(1999, 1, 1, 0, 0, 0, 0, time.UTC)})
	archive := "/sections/" + old.Section.Slug + "/feed.atom"
	res := h.get("/feed.atom", "If-Modified-Since", first.Header.Get("Last-Modified"))
	if res.StatusCode != 200 || !strings.Contains(res.body, "Из архива") {
		t.Errorf("after publishing: %d", res.StatusCode)
	}
	if res := h.get(archive); res.StatusCode != 200 {
		t.Errorf("%s = %d", archive, res.StatusCode)
	}
	if again := h.get("/sections/prokat/feed.atom", "If-None-Match", section.Header.Get("ETag")); again.StatusCode != 304 {
		t.Errorf("the feed of another section = %d, want 304", again.StatusCode)
	}
	h.wait(time.Minute)
	h.tx(func(tx *sql.Tx) error {
		_, _, err := articles.Withdraw(context.Background(), tx, "old", h.clock())
		return err
	})
	gone := h.get("/feed.atom", "If-Modified-Since", res.Header.Get("Last-Modified"))
	if gone.StatusCode != 200 || strings.Contains(gone.body, "Из архива") {
		t.Errorf("after withdrawing: %d", gone.StatusCode)
	}
	if res := h.get(archive); res.StatusCode != 404 {
		t.Errorf("the feed of an empty section = %d, want 404", res.StatusCode)
	}
}

func TestADigestsFeedGetsTheNextEdition(t *testing.T) {
	h := openFurnished(t)
	if n := strings.Count(h.get("/digests/daily/feed.xml").body, "<item>"); n != 1 {
		t.Fatalf("%d editions, want 1", n)
	}
	h.wait(24 * time.Hour)
	h.put(articles.Input{Title: "Свежая новость", HTML: "<p>Текст</p>", Published: h.clock().Add(-time.Hour)})
	h.publishEdition()
	if n := strings.Count(h.get("/digests/daily/feed.xml").body, "<item>"); n != 2 {
		t.Errorf("%d editions, want 2", n)
	}
}

func TestADigestsFeedGetsAnEditionThatIsCaughtUpLate(t *testing.T) {
	h := open(t)
	h.furnish()
	h.publishSlotBefore(h.clock())
	if n := strings.Count(h.get("/digests/daily/feed.xml").body, "<item>"); n != 1 {
		t.Fatalf("%d editions, want 1", n)
	}
	h.publishSlotBefore(h.clock().Add(-24 * time.Hour))
	h.wait(time.Second)
	if n := strings.Count(h.get("/digests/daily/feed.xml").body, "<item>"); n != 2 {
		t.Errorf("%d editions, want 2: one of an earlier slot came out later", n)
	}
}

// ids are those of a feed and of its items.
func (h *house) ids(path string) (ids []string) {
	h.t.Helper()
	for _, m := range regexp.MustCompile(`<id>([^<]*)</id>`).FindAllStringSubmatch(h.get(path).body, -1) {
		ids = append(ids, m[1])
	}
	return ids
}

func TestIDsStayWhenThePublicationMoves(t *testing.T) {
	h := openFurnished(t)
	o := h.Options
	o.Site.URL, o.Articles.URL = "https://www.kino-new.example:8443", "https://www.kino-new.example:8443"
	moved, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/feed.atom", "/sections/festivali/feed.atom", "/digests/daily/feed.atom", "/digests/weekly/feed.atom"} {
		h.http.Config.Handler = h.Handler()
		before := h.ids(path)
		h.http.Config.Handler = moved.Handler()
		if after := h.ids(path); len(before) == 0 || !slices.Equal(after, before) {
			t.Errorf("%s: the ids were %q and are %q", path, before, after)
		}
		if !strings.Contains(h.get(path).body, `href="`+o.Site.URL+path+`"`) {
			t.Errorf("%s does not link to itself at the new address", path)
		}
	}
}

func TestAFeedWithoutArticlesHasTheIDThatItKeeps(t *testing.T) {
	h := open(t, func(o *Options) { o.Site.URL, o.Articles.URL = "https://Кино.example", "https://Кино.example" })
	empty := h.ids("/feed.atom")
	h.put(articles.Input{Title: "Первая", HTML: "<p>Текст</p>"})
	h.wait(time.Second)
	if filled := h.ids("/feed.atom"); len(empty) != 1 || len(filled) != 2 || filled[0] != empty[0] {
		t.Errorf("ids: empty %q, then %q", empty, filled)
	}
}

// Two databases that hold the same, of two sorts where the tests run on PostgreSQL, give the same tags.
// renumber gives the one edition that there is another id.
func (h *house) renumber(id int64) {
	h.t.Helper()
	var body string
	h.tx(func(tx *sql.Tx) error {
		if err := tx.QueryRowContext(context.Background(), `SELECT body FROM edition_bodies WHERE sections = ''`).Scan(&body); err != nil {
			return err
		}
		for _, s := range []struct {
			query string
			args  []any
		}{{`DELETE FROM edition_bodies`, nil}, {`DELETE FROM edition_revisions`, nil}, {`DELETE FROM edition_absent`, nil}, {`UPDATE editions SET id = $1`, []any{id}},
			{`INSERT INTO edition_bodies (edition, revision, sections, body) VALUES ($1, 1, '', $2)`, []any{id, body}},
			{`INSERT INTO edition_revisions (edition, revision, made, by_whom, what, note, correction, noted, subject, hash)
			  SELECT id, 1, made, '', '', '', 0, 0, subject, '' FROM editions`, nil}} {
			if _, err := tx.ExecContext(context.Background(), s.query, s.args...); err != nil {
				return fmt.Errorf("%s: %w", s.query, err)
			}
		}
		return nil
	})
}

func TestTagsDependOnNothingButTheContent(t *testing.T) {
	lite, err := db.Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "other.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { lite.Close() })
	if _, _, err := schema.Migrate(t.Context(), lite); err != nil {
		t.Fatal(err)
	}
	one, two := openFurnished(t), openFurnished(t, func(o *Options) { o.DB = lite })
	for _, h := range []*house{one, two} {
		for _, same := range []string{`UPDATE articles SET guid = 'tag:kino.example,2026:' || slug`, `UPDATE changes SET mark = change`,
			`DELETE FROM edition_items`} { // what is drawn by lot
			if _, err := h.DB.ExecContext(t.Context(), same); err != nil {
				t.Fatal(err)
			}
		}
		h.renumber(42)
	}
	for _, list := range []string{"", "/sections/festivali", "/tags/tanets", "/authors/ivan-petrov", "/digests/daily"} {
		for _, f := range feeds.Formats() {
			a, b := one.get(list+"/"+f.File), two.get(list+"/"+f.File)
			for _, name := range []string{"ETag", "Last-Modified"} {
				if a.Header.Get(name) == "" || a.Header.Get(name) != b.Header.Get(name) {
					t.Errorf("%s/%s: %s is %q and %q", list, f.File, name, a.Header.Get(name), b.Header.Get(name))
				}
			}
		}
	}
}
