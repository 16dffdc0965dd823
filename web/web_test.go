package web

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"vestnik/articles"
	"vestnik/db"
	"vestnik/db/dbtest"
	"vestnik/digest"
	"vestnik/mail"
	"vestnik/reads"
	"vestnik/subscribers"
	"vestnik/templates"
)

// A house is a publication with a few articles, a digest and a server before it.
type house struct {
	*Server
	t    testing.TB
	http *httptest.Server
	log  *logBook

	mu  sync.Mutex
	now time.Time
}

// logBook keeps what was logged; several requests may write at once.
type logBook struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logBook) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logBook) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// shared is the one set of templates of all tests: making it takes longer than most of them.
var shared = sync.OnceValues(func() (*templates.Set, error) { return templates.New(templates.Options{}) })

const siteURL = "https://kino.example"

var sakhalin = time.FixedZone("Asia/Sakhalin", 11*3600)

func open(t testing.TB, change ...func(*Options)) *house {
	t.Helper()
	h := &house{t: t, now: time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC), log: &logBook{}}
	set, err := shared()
	if err != nil {
		t.Fatal(err)
	}
	site := templates.Site{Title: "Вестник кино", URL: siteURL, Language: "ru", Location: sakhalin,
		Imprint: templates.Imprint{Publisher: "ООО «Кино»", Age: "16+"}}
	identity := mail.Identity{FromName: site.Title, FromAddress: "digest@kino.example", Domain: "kino.example",
		SiteURL: siteURL, Publisher: site.Title, Secret: []byte("0123456789abcdef-mail")}
	o := Options{
		DB: dbtest.Open(t), Templates: set, Site: site,
		Articles: articles.Site{URL: siteURL, Language: "ru", Location: sakhalin},
		Reads:    reads.NewCounter(reads.Options{Mode: "script", Secret: []byte("0123456789abcdef-reads"), Site: "https://kino.example", RespectGPC: true}),
		Subscribers: subscribers.Verbs{Identity: identity, Templates: set, Site: site, Keys: subscribers.Keys{Secret: []byte("0123456789abcdef-keys")},
			Digests: map[string]subscribers.DigestInfo{"daily": {Title: "Самое читаемое", Language: "ru"}, "weekly": {Title: "The week", Language: "en"}}},
		Digests: []DigestInfo{{Name: "daily", Title: "Самое читаемое", Language: "ru", Location: sakhalin, Rhythm: "Каждый день в 8:00"},
			{Name: "weekly", Title: "The week", Language: "en", Location: time.UTC}},
		Banner: func(string, time.Time) *templates.Banner {
			return &templates.Banner{Name: "film", Image: "https://sponsor.example/b.png", Link: "https://sponsor.example/", Label: "Реклама"}
		},
		TrustedProxies: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")},
		JoinTime:       time.Millisecond,
		Now:            h.clock,
		Log:            slog.New(slog.NewTextHandler(h.log, nil)),
	}
	for _, f := range change {
		f(&o)
	}
	if h.Server, err = New(o); err != nil {
		t.Fatal(err)
	}
	h.http = httptest.NewServer(h.Handler())
	t.Cleanup(h.http.Close)
	return h
}

func (h *house) clock() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.now
}

func (h *house) wait(d time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.now = h.now.Add(d)
}

func (h *house) tx(f func(tx *sql.Tx) error) {
	h.t.Helper()
	if err := h.DB.Tx(context.Background(), f); err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) put(in articles.Input) articles.Article {
	h.t.Helper()
	var a articles.Article
	h.tx(func(tx *sql.Tx) (err error) {
		a, _, err = articles.Put(context.Background(), tx, h.Articles, in, h.clock())
		return err
	})
	return a
}

// furnish puts in one article of every sort.
func (h *house) furnish() {
	h.t.Helper()
	day := time.Date(2018, 5, 29, 0, 0, 0, 0, sakhalin)
	yesterday := time.Date(2026, 11, 23, 12, 0, 0, 0, sakhalin) // in the edition's window
	h.put(articles.Input{Slug: "festival", Title: "Фестиваль «Кинотанец» объявил программу", Standfirst: "Показы пройдут в десяти городах.",
		HTML:    `<p>Первый абзац о фильмах.</p><p style="color:red" onclick="x()">Второй абзац о танце.</p><script>alert(1)</script>`,
		Section: "Фестивали", Authors: []string{"Иван Петров"}, Tags: []string{"танец", "программа"}, Published: day,
		Image: "https://kino.example/i/1.jpg", ImageAlt: "Кадр"})
	h.put(articles.Input{Slug: "premiere", Title: "Премьера ленты о танце", Standfirst: "Программа фильмов на фестивале.", HTML: "<p>Текст.</p>",
		Section: "Фестивали", Published: yesterday})
	h.put(articles.Input{Slug: "box-office", Title: "Box office: a record week", HTML: "<p>Numbers ]]> &amp; names.</p>", Language: "en",
		Section: "Прокат", Authors: []string{"Ann Lee"}, Published: yesterday.Add(time.Hour)})
	h.put(articles.Input{Slug: "elsewhere", Title: "Новость с другого сайта", URL: "https://wire.example/news/1", HTML: "<p>Коротко.</p>", Published: yesterday.Add(2 * time.Hour)})
	h.put(articles.Input{Slug: "headline", Kind: articles.KindBrief, Title: "Только заголовок"})
	h.put(articles.Input{Slug: "draft", Title: "Черновик", HTML: "<p>Ещё нет.</p>", Draft: true})
	h.put(articles.Input{Slug: "wrong", Title: "Ошибка", HTML: "<p>Неправда.</p>", Section: "Прокат", Published: day})
	h.tx(func(tx *sql.Tx) error {
		_, _, err := articles.Withdraw(context.Background(), tx, "wrong", h.clock())
		return err
	})
}

// publishEdition brings out the edition of the daily digest's last slot and returns it.
func (h *house) publishEdition() digest.Edition {
	h.t.Helper()
	return h.publishSlotBefore(h.clock())
}

// publishSlotBefore brings out, now, the edition of the last slot before a time.
func (h *house) publishSlotBefore(at time.Time) digest.Edition {
	h.t.Helper()
	dg := digest.Digest{Name: "daily", Title: "Самое читаемое", Schedule: "0 8 * * *", Location: sakhalin, Window: 24 * time.Hour,
		Rank: "reads", Count: 10, Related: 5, MinItems: 3, WhenThin: digest.ThinFill, Language: "ru", CatchUp: 24 * time.Hour, MaxLate: 24 * time.Hour,
		InDoubt: "resend", MaxAge: 20 * 365 * 24 * time.Hour}
	slot, err := dg.Last(at)
	if err != nil {
		h.t.Fatal(err)
	}
	p := digest.Publisher{DB: h.DB, Site: h.Site, Articles: h.Articles, Templates: h.Templates, Identity: h.Subscribers.Identity, Log: h.Log}
	e, _, err := p.Publish(context.Background(), dg, slot, h.clock())
	if err != nil || e.ID == 0 {
		h.t.Fatalf("publish: %v %+v", err, e)
	}
	return e
}

// An answer is a response with its body.
type answer struct {
	*http.Response
	body string
}

func (h *house) do(method, path, body string, header ...string) answer {
	h.t.Helper()
	r, err := http.NewRequest(method, h.http.URL+path, strings.NewReader(body))
	if err != nil {
		h.t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
	}
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := client.Do(r)
	if err != nil {
		h.t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		h.t.Fatal(err)
	}
	return answer{res, string(b)}
}

func (h *house) get(path string, header ...string) answer {
	h.t.Helper()
	return h.do("GET", path, "", header...)
}

func (h *house) post(path string, form url.Values, header ...string) answer {
	h.t.Helper()
	return h.do("POST", path, form.Encode(), append([]string{"Content-Type", "application/x-www-form-urlencoded"}, header...)...)
}

// contents is everything in the database, to see whether anything has changed.
func contents(t testing.TB, d *db.DB) string {
	t.Helper()
	var all strings.Builder
	for _, table := range []string{"articles", "changes", "read_seen", "read_hour", "read_filtered", "subscribers", "subscriptions",
		"tokens", "consent", "slots", "editions", "letters", "suppressions", "join_counts", "forgotten"} {
		rows, err := d.QueryContext(context.Background(), `SELECT * FROM `+table+` ORDER BY 1, 2, 3`)
		if err != nil {
			t.Fatal(err)
		}
		columns, _ := rows.Columns()
		for rows.Next() {
			row := make([]any, len(columns))
			for i := range row {
				row[i] = new(any)
			}
			if err := rows.Scan(row...); err != nil {
				t.Fatal(err)
			}
			fmt.Fprintf(&all, "%s:", table)
			for _, v := range row {
				fmt.Fprintf(&all, " %v", *v.(*any))
			}
			all.WriteString("\n")
		}
		if err := rows.Err(); err != nil {
			t.Fatal(err)
		}
		rows.Close()
	}
	return all.String()
}
