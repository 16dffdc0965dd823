package websub

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"vestnik/db"
	"vestnik/db/dbtest"
	"vestnik/fetch"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	hubURL = "https://kino.example/hub"
	site   = "https://kino.example/feed.atom"
	cinema = "https://kino.example/sections/kino/feed.json"
)

var types = map[string]string{site: "application/atom+xml", cinema: "application/feed+json"}

// A paper is the publication: topics with their items, each with a number of its own.
type paper struct {
	mu     sync.Mutex
	n      int64
	items  map[string][]item
	ended  map[string]bool
	broken bool
	made   int // documents
}

type item struct {
	change int64
	text   string
}

func newPaper() *paper {
	return &paper{items: map[string][]item{site: {{1, "old"}}, cinema: {{1, "old"}}}, n: 1, ended: map[string]bool{}}
}

// publish adds an item to each topic.
func (p *paper) publish(text string, topics ...string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.n++
	for _, t := range topics {
		p.items[t] = append(p.items[t], item{p.n, text})
	}
}

func (p *paper) topic(_ context.Context, topic string) (bool, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return types[topic] != "" && !p.ended[topic], nil
}

func (p *paper) content(_ context.Context, topic string, since int64) (Content, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.broken || p.ended[topic] {
		return Content{}, fmt.Errorf("no document of %s can be made", topic)
	}
	p.made++
	c := Content{Type: types[topic], Change: since}
	var texts []string
	for _, i := range p.items[topic] {
		if i.change > since {
			texts = append(texts, i.text)
			c.Items++
			c.Change = i.change
		}
	}
	c.Body = []byte(strings.Join(texts, "\n"))
	return c, nil
}

// A reader is a subscriber with a server of its own. It confirms what it is asked and takes what it is sent, unless told otherwise.
type reader struct {
	*testing.T
	server *httptest.Server
	secret string

	mu     sync.Mutex
	answer func(w http.ResponseWriter, r *http.Request) bool // false: the usual answer follows
	asked  []url.Values
	got    []delivery
}

type delivery struct {
	query  string
	header http.Header
	body   string
}

func newReader(t *testing.T) *reader {
	r := &reader{T: t, secret: "a secret of the reader"}
	r.server = httptest.NewServer(r)
	t.Cleanup(r.server.Close)
	return r
}

func (r *reader) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	body, err := io.ReadAll(q.Body)
	if err != nil {
		r.Error(err)
	}
	r.mu.Lock()
	answer := r.answer
	if q.Method == http.MethodGet {
		r.asked = append(r.asked, q.URL.Query())
	}
	r.mu.Unlock()
	if answer != nil && answer(w, q) {
		return
	}
	if q.Method == http.MethodGet {
		io.WriteString(w, q.URL.Query().Get("hub.challenge"))
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.got = append(r.got, delivery{q.URL.RawQuery, q.Header.Clone(), string(body)})
}

// answers makes the reader answer with the status, whatever it is sent.
func (r *reader) answers(status int) {
	r.behaves(func(w http.ResponseWriter, _ *http.Request) bool {
		w.WriteHeader(status)
		return true
	})
}

func (r *reader) behaves(answer func(w http.ResponseWriter, r *http.Request) bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answer = answer
}

func (r *reader) callback() string { return r.server.URL + "/push" }

// deliveries returns what arrived since it was last called.
func (r *reader) deliveries() []delivery {
	r.mu.Lock()
	defer r.mu.Unlock()
	got := r.got
	r.got = nil
	return got
}

func (r *reader) bodies() (all []string) {
	for _, d := range r.deliveries() {
		all = append(all, d.body)
	}
	return all
}

// questions returns what was asked since it was last called.
func (r *reader) questions() []url.Values {
	r.mu.Lock()
	defer r.mu.Unlock()
	asked := r.asked
	r.asked = nil
	return asked
}

func (r *reader) wantBodies(want ...string) {
	r.Helper()
	if got := r.bodies(); !slices.Equal(got, want) {
		r.Errorf("delivered %q, want %q", got, want)
	}
}

func signature(secret, body string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	io.WriteString(mac, body)
	return "sha256=" + hex.EncodeToString(mac.Sum(nil))
}

// A world is a hub over a fresh database.
type world struct {
	*testing.T
	ctx   context.Context
	db    *db.DB
	paper *paper
	hub   *Hub
	now   time.Time
	log   *bytes.Buffer
	slog  *slog.Logger
}

func newWorld(t *testing.T, change ...func(o *Options)) *world {
	t.Helper()
	w := &world{T: t, ctx: context.Background(), db: dbtest.Open(t), paper: newPaper(), now: time.Date(2026, 11, 24, 8, 0, 0, 0, time.UTC), log: &bytes.Buffer{}}
	w.slog = slog.New(slog.NewTextHandler(w.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	w.hub = w.another(change...)
	return w
}

// another is a hub on another node.
func (w *world) another(change ...func(o *Options)) *Hub {
	client := fetch.New(fetch.Options{UserAgent: "Vestnik/test", OnlyLoopback: true, KeepAlive: 4})
	w.Cleanup(client.Close)
	o := Options{DB: w.db, Client: client, URL: hubURL, Topic: w.paper.topic, Content: w.paper.content, Log: w.slog}
	for _, f := range change {
		f(&o)
	}
	return New(o)
}

// post sends a form to the hub, as pairs of names and values.
func (w *world) post(pairs ...string) (status int, text string) {
	w.Helper()
	form := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		form.Add(pairs[i], pairs[i+1])
	}
	r := httptest.NewRequest(http.MethodPost, "/hub", strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	rec := httptest.NewRecorder()
	w.hub.serve(rec, r, w.now)
	return rec.Code, strings.TrimSuffix(rec.Body.String(), "\n")
}

func (w *world) accepted(pairs ...string) {
	w.Helper()
	if status, text := w.post(pairs...); status != http.StatusAccepted {
		w.Fatalf("hub answered %d %s, want 202", status, text)
	}
}

// subscribe asks for the topic in the reader's name and lets the hub verify it.
func (w *world) subscribe(r *reader, topic string, more ...string) {
	w.Helper()
	w.accepted(append([]string{"hub.mode", "subscribe", "hub.topic", topic, "hub.callback", r.callback(), "hub.secret", r.secret}, more...)...)
	w.step()
}

func (w *world) step() {
	w.Helper()
	if err := w.hub.Step(w.ctx, w.now); err != nil {
		w.Fatal(err)
	}
	w.checkLog()
}

// later lets time pass, then the hub works.
func (w *world) later(d time.Duration) {
	w.Helper()
	w.now = w.now.Add(d)
	w.step()
}

// checkLog fails the test unless the delivery log adds up.
func (w *world) checkLog() {
	w.Helper()
	for _, p := range w.pushes() {
		if p.Reached+p.Pending > p.Recipients || p.Recipients != p.Reached+p.Pending+p.GivenUp {
			w.Errorf("the log does not add up: %+v", p)
		}
	}
}

func (w *world) pushes() []Push {
	w.Helper()
	all, err := Pushes(w.ctx, w.db, 100)
	if err != nil {
		w.Fatal(err)
	}
	return all
}

// book is the state of every subscription, with its failures.
func (w *world) book() (all []string) {
	w.Helper()
	for _, s := range w.subscriptions() {
		all = append(all, fmt.Sprintf("%s %d", s.State, s.Failures))
	}
	return all
}

func (w *world) wantBook(want ...string) {
	w.Helper()
	if got := w.book(); !slices.Equal(got, want) {
		w.Errorf("the book says %q, want %q", got, want)
	}
}

func (w *world) subscriptions() []Subscription {
	w.Helper()
	all, err := Subscriptions(w.ctx, w.db)
	if err != nil {
		w.Fatal(err)
	}
	return all
}
