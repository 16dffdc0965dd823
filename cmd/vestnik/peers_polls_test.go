//go:build peers

package main

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mmcdole/gofeed"
)

// An exchange is what a reader asked and got, as a proxy between it and the daemon saw it.
type exchange struct {
	path        string
	conditional bool // it named the version that it has
	delta       bool // it asked for a delta
	status      int
	bytes       int      // of the body, as sent
	items       []string // ids in it
}

// A recorder is a proxy before the daemon that writes down what passes.
type recorder struct {
	*httptest.Server
	mu   sync.Mutex
	seen []exchange
}

func newRecorder(t testing.TB, site string) *recorder {
	t.Helper()
	target, err := url.Parse(site)
	if err != nil {
		t.Fatal(err)
	}
	r := &recorder{}
	proxy := &httputil.ReverseProxy{
		Rewrite:        func(p *httputil.ProxyRequest) { p.SetURL(target) },
		Transport:      &http.Transport{DisableCompression: true}, // without a proxy of the environment
		ModifyResponse: r.record,
	}
	r.Server = httptest.NewServer(proxy)
	t.Cleanup(r.Close)
	return r
}

func (r *recorder) record(answer *http.Response) error {
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		return err
	}
	answer.Body.Close()
	answer.Body = io.NopCloser(bytes.NewReader(body))
	ask := answer.Request
	x := exchange{path: ask.URL.Path, conditional: ask.Header.Get("If-None-Match") != "", delta: ask.Header.Get("A-IM") == "feed",
		status: answer.StatusCode, bytes: len(body)}
	if x.items, err = idsIn(body, answer.Header.Get("Content-Encoding")); err != nil {
		return fmt.Errorf("%s, status %d: %w", x.path, x.status, err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.seen = append(r.seen, x)
	return nil
}

// idsIn are the ids of the items in a body, none in an empty one.
func idsIn(body []byte, encoding string) (ids []string, err error) {
	if len(body) == 0 {
		return nil, nil
	}
	text := io.Reader(bytes.NewReader(body))
	if encoding == "gzip" {
		if text, err = gzip.NewReader(text); err != nil {
			return nil, err
		}
	}
	feed, err := gofeed.NewParser().Parse(text)
	if err != nil {
		return nil, err
	}
	for _, i := range feed.Items {
		ids = append(ids, i.GUID)
	}
	return ids, nil
}

// take returns what passed since the last call.
func (r *recorder) take() []exchange {
	r.mu.Lock()
	defer r.mu.Unlock()
	seen := r.seen
	r.seen = nil
	return seen
}

// A poller is a reader that keeps what it has read from poll to poll.
type poller struct {
	*peerRun
	t       *testing.T
	room    *peerRoom
	proxy   *recorder
	format  string
	poll    func() // once, failing the test on a complaint
	shown   func() []peerItem
	keepsUp bool // it also shows later versions of what it has
}

// TestPeersGetOnlyWhatIsNew runs readers that ask for deltas again and again: where nothing changed they get a 304, where
// something did they take in just that, once, and keep what they had.
func TestPeersGetOnlyWhatIsNew(t *testing.T) {
	tools := findPeerTools(t)
	for _, format := range []string{"rss", "atom"} {
		t.Run("newsboat "+format, func(t *testing.T) {
			t.Parallel()
			newsboatPolls(newPoller(t, tools, format))
		})
		t.Run("rss2email "+format, func(t *testing.T) {
			t.Parallel()
			rss2emailPolls(newPoller(t, tools, format))
		})
	}
}

// newsboatPolls: it asks with its version from the third poll on, and gets only 304 and 226 from then on. When it notes the
// version of the first answer, its cache has no row for the feed yet.
func newsboatPolls(p *poller) {
	address := p.proxy.URL + "/" + peerFiles[p.format]
	p.newsboatHome([]string{address})
	p.poll, p.shown = p.newsboat, func() []peerItem { return p.newsboatCache()[address].Items }
	p.poll()
	p.poll()
	if seen := p.proxy.take(); len(seen) != 2 || seen[0].status != http.StatusOK || seen[1].status != http.StatusOK || seen[1].conditional {
		p.t.Errorf("the first two polls: %+v", seen)
	}
	p.keepsUp = true
	p.changes(http.StatusIMUsed)
}

// rss2emailPolls: it asks with its version from the second poll on. For what is new it gets a 200, which is told why in
// TestPeersRSS2EmailRefusesDeltas.
func rss2emailPolls(p *poller) {
	address := p.proxy.URL + "/" + peerFiles[p.format]
	p.rss2emailHome([]string{address})
	p.poll, p.shown = func() { p.silent(p.rss2email()) }, func() []peerItem { return p.rss2emailLetters()[address].Items }
	p.poll()
	if seen := p.proxy.take(); len(seen) != 1 || seen[0].status != http.StatusOK {
		p.t.Errorf("the first poll: %+v", seen)
	}
	p.changes(http.StatusOK)
}

func newPoller(t *testing.T, tools peerTools, format string) *poller {
	t.Helper()
	room := newPeerRoom(t, "")
	for i := range 30 {
		room.write(fmt.Sprintf("news/%02d.md", i), front(fmt.Sprintf("Новость № %d", i+1), "Новости", fmt.Sprintf("date = %q", time.Date(2026, 1, 1, i, 0, 0, 0, time.UTC).Format(time.RFC3339)),
			fmt.Sprintf("slug = \"novost-%d\"", i+1))+prose(i, 3000))
	}
	room.run("articles", "import", "news")
	room.process = room.serve()
	return &poller{peerRun: &peerRun{t: t, tools: tools, dir: t.TempDir()}, t: t, room: room, proxy: newRecorder(t, room.site), format: format}
}

// changes makes one change after another and polls after each. status is what the reader gets where something is new.
func (p *poller) changes(status int) {
	p.quiet("nothing has changed")
	if n := len(p.shown()); n != 30 {
		p.t.Fatalf("shows %d items and not 30", n)
	}
	now := time.Now().UTC().Format(time.RFC3339)
	p.publish(status, now)
	p.rewrite(status, now) // in the same second, so that Last-Modified stands still
	p.correct(status)
	p.withdraw(status)
	p.room.process.stop()
	p.room.process = p.room.serve()
	p.quiet("the daemon was started anew")
}

func (p *poller) publish(status int, now string) {
	p.change(func() {
		p.room.write("news/new.md", front("Только что", "Новости", `slug = "tolko-chto"`)+"Свежий текст.\n")
		p.room.run("articles", "import", "news/new.md", "--now", now)
	})
	p.fresh("a new article", status, "tolko-chto")
	p.shows("after a new article", "Только что")
	p.quiet("nothing has changed since the new article")
}

func (p *poller) rewrite(status int, now string) {
	p.change(func() {
		p.room.write("news/07.md", front("Новость № 8", "Новости", `date = "2026-01-01T07:00:00Z"`, `slug = "novost-8"`)+"Другой текст.\n")
		p.room.run("articles", "import", "news/07.md", "--now", now)
	})
	p.fresh("another text", status, "novost-8")
	if item := p.shows("after another text", "Новость № 8"); p.keepsUp && !strings.Contains(item.HTML, "Другой текст.") {
		p.t.Errorf("still shows the earlier text: %.100s", item.HTML)
	}
	p.quiet("nothing has changed since the other text")
}

func (p *poller) correct(status int) {
	p.change(func() { p.room.run("articles", "correct", "novost-5", "Не пятая, а шестая.") })
	p.fresh("a correction", status, "novost-5")
	if item := p.shows("after a correction", "Новость № 5"); p.keepsUp && !strings.Contains(item.HTML, "Не пятая, а шестая.") {
		p.t.Errorf("does not show the correction: %.100s", item.HTML)
	}
	p.quiet("nothing has changed since the correction")
}

func (p *poller) withdraw(status int) {
	p.change(func() { p.room.run("articles", "withdraw", "novost-3") })
	p.poll()
	if seen := p.proxy.take(); len(seen) != 1 || seen[0].status != status {
		p.t.Errorf("after a withdrawal: %+v", seen)
	}
	p.quiet("nothing has changed since the withdrawal")
}

// change changes something and waits until the daemon knows of it: it may look for changes only now and then.
func (p *poller) change(f func()) {
	p.t.Helper()
	version := func() string {
		answer, err := http.Head(p.room.site + "/" + peerFiles[p.format])
		if err != nil {
			p.t.Fatal(err)
		}
		answer.Body.Close()
		return answer.Header.Get("ETag")
	}
	before := version()
	f()
	until(p.t, 15*time.Second, "the feed has another version", func() bool { return version() != before })
}

// quiet polls where nothing is new.
func (p *poller) quiet(when string) {
	p.t.Helper()
	p.poll()
	seen := p.proxy.take()
	if len(seen) != 1 || seen[0].status != http.StatusNotModified || seen[0].bytes != 0 || !seen[0].conditional || !seen[0].delta {
		p.t.Errorf("%s: %+v", when, seen)
	}
}

// fresh polls where one article is new.
func (p *poller) fresh(what string, status int, slug string) {
	p.t.Helper()
	p.poll()
	seen := p.proxy.take()
	if len(seen) != 1 || seen[0].status != status || !seen[0].conditional || !seen[0].delta {
		p.t.Errorf("%s: %+v", what, seen)
		return
	}
	var a articleJSON
	for _, line := range jsonLines[articleJSON](p.t, p.room.run("articles", "show", slug, "--json")) {
		a = line
	}
	if status == http.StatusIMUsed && !reflect.DeepEqual(seen[0].items, []string{a.ID}) {
		p.t.Errorf("%s: the delta has %q and not just %s", what, seen[0].items, a.ID)
	}
	if !slices.Contains(seen[0].items, a.ID) {
		p.t.Errorf("%s: it is not in what the reader got: %q", what, seen[0].items)
	}
	p.t.Logf("%s: %d with %d items in %d bytes", what, seen[0].status, len(seen[0].items), seen[0].bytes)
}

// shows checks that the reader shows the first 30 items and the new one, every one once, and returns that with the title.
func (p *poller) shows(when, title string) (item peerItem) {
	p.t.Helper()
	items := p.shown()
	ids := map[string]bool{}
	for _, i := range items {
		ids[i.ID] = true
		if i.Title == title {
			item = i
		}
	}
	if len(items) != 31 || len(ids) != 31 || item.ID == "" {
		p.t.Errorf("%s it shows %d items with %d ids, and %q as %q", when, len(items), len(ids), title, item.ID)
	}
	return item
}

// TestPeersRSS2EmailRefusesDeltas holds the reason for which it gets the whole document although it asks for a delta: it
// takes the status 226 for an error, keeps the version that it has, and would so never see a new article again. When this
// fails, rss2email has been mended: give it deltas, too.
func TestPeersRSS2EmailRefusesDeltas(t *testing.T) {
	tools := findPeerTools(t)
	polls := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		polls++
		item := fmt.Sprintf("<item><title>%d</title><link>http://example.org/%d</link><guid isPermaLink=\"false\">tag:example.org,2026:%d</guid></item>", polls, polls, polls)
		w.Header().Set("ETag", fmt.Sprintf(`"%d"`, polls))
		w.Header().Set("Content-Type", "application/rss+xml")
		if polls > 1 {
			w.Header().Set("IM", "feed")
			w.WriteHeader(http.StatusIMUsed)
		}
		fmt.Fprintf(w, `<?xml version="1.0"?><rss version="2.0"><channel><title>t</title><link>http://example.org/</link><description>d</description>%s</channel></rss>`, item)
	}))
	defer server.Close()
	run := &peerRun{t: t, tools: tools, dir: t.TempDir()}
	run.rss2emailHome([]string{server.URL + "/feed.xml"})
	run.silent(run.rss2email())
	complaint := run.rss2email()
	if letters := run.rss2emailLetters()[server.URL+"/feed.xml"].Items; len(letters) != 1 || !strings.Contains(complaint, "226") {
		t.Errorf("rss2email took a delta: %d letters; it said %q", len(letters), complaint)
	}
}

// TestPeersFindWrongJSONFeeds shows that the judge of our JSON feeds would find something.
func TestPeersFindWrongJSONFeeds(t *testing.T) {
	tools := findPeerTools(t)
	wrong := map[string]string{
		"/no-items":    `{"version":"https://jsonfeed.org/version/1.1","title":"t"}`,
		"/no-id":       `{"version":"https://jsonfeed.org/version/1.1","title":"t","items":[{"content_text":"a"}]}`,
		"/no-content":  `{"version":"https://jsonfeed.org/version/1.1","title":"t","items":[{"id":"1"}]}`,
		"/version":     `{"version":"https://jsonfeed.org/version/2","title":"t","items":[]}`,
		"/unknown-key": `{"version":"https://jsonfeed.org/version/1.1","title":"t","items":[{"id":"1","content_text":"a","banner_":"x"}]}`,
		"/size":        `{"version":"https://jsonfeed.org/version/1.1","title":"t","items":[{"id":"1","content_text":"a","attachments":[{"url":"http://a.example/","mime_type":"a/b","size_in_bytes":"1"}]}]}`,
		"/date":        `{"version":"https://jsonfeed.org/version/1.1","title":"t","items":[{"id":"1","content_text":"a","date_published":"yesterday"}]}`,
		"/relative":    `{"version":"https://jsonfeed.org/version/1.1","title":"t","feed_url":"feed.json","items":[]}`,
		"/hub":         `{"version":"https://jsonfeed.org/version/1.1","title":"t","hubs":[{"url":"http://a.example/"}],"items":[]}`,
	}
	right := `{"version":"https://jsonfeed.org/version/1.1","title":"t","_own":{"a":1},"items":[{"id":"1","content_html":"a"}]}`
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if text, ok := wrong[r.URL.Path]; ok {
			io.WriteString(w, text)
			return
		}
		io.WriteString(w, right)
	}))
	defer server.Close()
	urls := []string{server.URL + "/right"}
	for path := range wrong {
		urls = append(urls, server.URL+path)
	}
	run := &peerRun{t: t, tools: tools, dir: t.TempDir()}
	stdout, stderr := run.child(strings.Join(urls, "\n"), []string{"NODE_PATH=" + tools.modules}, "node", script("ajv.js"))
	run.silent(stderr)
	judged := jsonLines[peerReading](t, stdout)
	if len(judged) != len(urls) {
		t.Errorf("%d of %d were judged", len(judged), len(urls))
	}
	for _, j := range judged {
		if right := filepath.Base(j.URL) == "right"; right != (j.Error == "") {
			t.Errorf("%s: %q", j.URL, j.Error)
		}
	}
}
