package sources_test

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"vestnik/articles"
	"vestnik/db"
	"vestnik/db/dbtest"
	"vestnik/fetch"
	"vestnik/sources"
)

var now = time.Date(2026, 11, 24, 8, 0, 0, 0, time.UTC)

// upstream is a publisher whose next answer a test sets, and whose last question it can look at.
type upstream struct {
	*httptest.Server
	answer http.HandlerFunc
	asked  http.Header
	polls  int
}

func newUpstream(t *testing.T, answer http.HandlerFunc) *upstream {
	u := &upstream{answer: answer}
	u.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		u.asked, u.polls = r.Header.Clone(), u.polls+1
		u.answer(w, r)
	}))
	t.Cleanup(u.Close)
	return u
}

// feed answers with a document and headers given as "Name: value".
func feed(document string, headers ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for _, h := range headers {
			name, value, _ := strings.Cut(h, ": ")
			w.Header().Set(name, value)
		}
		io.WriteString(w, document)
	}
}

func status(code int, headers ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		for _, h := range headers {
			name, value, _ := strings.Cut(h, ": ")
			w.Header().Set(name, value)
		}
		w.WriteHeader(code)
	}
}

// rss makes a feed of items.
func rss(items ...string) string {
	return `<?xml version="1.0" encoding="UTF-8"?><rss version="2.0"><channel><title>Wire</title><link>https://wire.example/</link>
		<language>ru-RU</language>` + strings.Join(items, "\n") + `</channel></rss>`
}

func entry(guid, link, title, text string) string {
	return fmt.Sprintf(`<item><guid>%s</guid><link>%s</link><title>%s</title><description>%s</description>
		<pubDate>Mon, 23 Nov 2026 10:00:00 +0300</pubDate></item>`, guid, link, title, text)
}

// desk is a newsroom with one source.
type desk struct {
	t      *testing.T
	d      *db.DB
	c      *fetch.Client
	site   articles.Site
	source sources.Source
}

func newDesk(t *testing.T, url string) *desk {
	c := fetch.New(fetch.Options{UserAgent: "Vestnik/test", AllowPrivate: true})
	t.Cleanup(c.Close)
	return &desk{t, dbtest.Open(t), c, articles.Site{URL: "https://kino.example", Language: "ru", Location: time.UTC},
		sources.Source{Name: "wire", URL: url, Every: 20 * time.Minute, Section: "Новости"}}
}

// another is the same newsroom with another source: databases cost more than sources.
func (k *desk) another(t *testing.T, name, url string) *desk {
	next := *k
	next.t, next.source.Name, next.source.URL = t, name, url
	return &next
}

func (k *desk) poll(now time.Time) (sources.Report, error) {
	return sources.Poll(k.t.Context(), k.d, k.c, k.site, k.source, now)
}

func (k *desk) mustPoll(now time.Time) sources.Report {
	k.t.Helper()
	r, err := k.poll(now)
	if err != nil {
		k.t.Fatal(err)
	}
	return r
}

func (k *desk) status() sources.Status {
	k.t.Helper()
	list, err := sources.List(k.t.Context(), k.d, []sources.Source{k.source})
	if err != nil {
		k.t.Fatal(err)
	}
	return list[0]
}

func (k *desk) due(now time.Time) []sources.Source {
	k.t.Helper()
	due, err := sources.Due(k.t.Context(), k.d, []sources.Source{k.source}, now)
	if err != nil {
		k.t.Fatal(err)
	}
	return due
}

func (k *desk) articles() []articles.Article {
	k.t.Helper()
	list, err := articles.List(k.t.Context(), k.d, articles.Filter{Limit: 2000})
	if err != nil {
		k.t.Fatal(err)
	}
	return list
}

// only is the one article of the source.
func (k *desk) only() articles.Article {
	k.t.Helper()
	var id int64
	err := k.d.QueryRowContext(k.t.Context(), `SELECT article FROM source_items WHERE source = $1`, k.source.Name).Scan(&id)
	if err != nil {
		k.t.Fatal(err)
	}
	a, err := articles.Get(k.t.Context(), k.d, id)
	if err != nil {
		k.t.Fatal(err)
	}
	return a
}

func (k *desk) change() int64 {
	k.t.Helper()
	n, err := articles.CurrentChange(k.t.Context(), k.d)
	if err != nil {
		k.t.Fatal(err)
	}
	return n
}

// numbers of a report as "added updated unchanged skipped".
func numbers(r sources.Report) string {
	return fmt.Sprintf("%d %d %d %d", r.Added, r.Updated, r.Unchanged, r.Skipped)
}

func check(t *testing.T, what string, got, want any) {
	t.Helper()
	if got != want {
		t.Errorf("%s = %v, want %v", what, got, want)
	}
}

func withdraw(t *testing.T, d *db.DB, slug string) {
	t.Helper()
	err := d.Tx(t.Context(), func(tx *sql.Tx) error {
		_, _, err := articles.Withdraw(t.Context(), tx, slug, now)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func contextWithCancel(t *testing.T) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	return ctx, cancel
}
