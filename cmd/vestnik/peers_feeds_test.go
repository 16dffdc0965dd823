//go:build peers

package main

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"vestnik/articles"
	"vestnik/db"
	"vestnik/db/dbtest"
	"vestnik/reads"
)

// The tests of these files (peers_*_test.go with the build tag "peers") start real feed readers against the daemon, on
// loopback: `make peers` installs them and runs the tests. Every reader must take every document of three newsrooms
// without a complaint, and show what `vestnik articles` shows.

// TestPeersReadEveryDocument runs all readers over the articles of the demo, over a newsroom of everything that could
// break a feed, and over one without a single article.
func TestPeersReadEveryDocument(t *testing.T) {
	tools := findPeerTools(t)
	t.Run("newsroom", func(t *testing.T) {
		for name, open := range map[string]func(testing.TB) *peerRoom{"sample": sampleRoom, "torture": tortureRoom, "empty": emptyRoom} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				room := open(t)
				room.serve()
				readEveryDocument(t, tools, room)
			})
		}
	})
	for i, d := range differences {
		if !t.Failed() && !d.seen.Load() {
			t.Errorf("difference %d (%s, %s: %s) was never seen: take it out of the table", i+1, d.readers, d.formats, d.reason)
		}
	}
}

// readEveryDocument has every reader read all that a running newsroom publishes.
func readEveryDocument(t *testing.T, tools peerTools, room *peerRoom) {
	documents := room.documents()
	wanted := room.references(documents)
	t.Run("other documents", func(t *testing.T) {
		t.Parallel()
		readOtherDocuments(t, tools, room, documents, wanted)
	})
	for _, reader := range peerReaders {
		t.Run(reader.name, func(t *testing.T) {
			t.Parallel()
			var urls []string
			for _, d := range documents {
				if strings.Contains(reader.formats, d.format) {
					urls = append(urls, d.url)
				}
			}
			read := reader.read(&peerRun{t: t, tools: tools, dir: t.TempDir()}, urls)
			for _, d := range documents {
				if strings.Contains(reader.formats, d.format) {
					compareReading(t, reader, d, wanted[d.list.name], read[d.url])
				}
			}
		})
	}
}

// A peerRoom is a newsroom for the readers.
type peerRoom struct {
	*newsroom
	database string
	process  *process // the daemon, where a test stops it
	gone     []string // slugs of what was withdrawn or removed
}

// peerTitle is what the newsrooms are called.
const peerTitle = "Вестник «кино» & Co"

// peerItems is how many items a feed holds in these newsrooms.
const peerItems = 500

// newPeerRoom makes one without articles, whose digest is never due; config is added to its configuration.
func newPeerRoom(t testing.TB, config string) *peerRoom {
	t.Helper()
	bin, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	port, err := freePort()
	if err != nil {
		t.Fatal(err)
	}
	n, database := &newsroom{t: t, dir: t.TempDir(), bin: bin, site: "http://127.0.0.1:" + port}, dbtest.URL(t)
	n.env = append(environment(""), "VESTNIK_DATABASE_URL="+database, "VESTNIK_SITE_URL="+n.site, "VESTNIK_HTTP_LISTEN=127.0.0.1:"+port,
		"VESTNIK_SITE_TITLE="+peerTitle, "VESTNIK_SITE_TIMEZONE=Asia/Sakhalin", "VESTNIK_DIGEST_0_SCHEDULE=0 0 1 1 *",
		"VESTNIK_DIGEST_0_CATCH_UP=1m", fmt.Sprintf("VESTNIK_FEEDS_ITEMS=%d", peerItems))
	n.run("init", ".")
	if config != "" {
		path := filepath.Join(n.dir, "vestnik.toml")
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		n.write("vestnik.toml", string(text)+config)
	}
	return &peerRoom{newsroom: n, database: database}
}

// sampleRoom has the articles of the demo, and an edition of its digest.
func sampleRoom(t testing.TB) *peerRoom {
	room := newPeerRoom(t, "")
	files, err := filepath.Glob("sample/*.md")
	if err != nil || len(files) == 0 {
		t.Fatalf("the demo's articles: %d, %v", len(files), err)
	}
	for i, f := range files {
		if files[i], err = filepath.Abs(f); err != nil {
			t.Fatal(err)
		}
	}
	room.run(append([]string{"articles", "import"}, files...)...)
	room.run("digest", "send", "daily", "--extra")
	room.read()
	return room
}

// read counts some reads of the newest articles, of which the most-read lists are made: within a day, a week and a month.
func (r *peerRoom) read() {
	r.t.Helper()
	d, err := db.Open(context.Background(), r.database)
	if err != nil {
		r.t.Fatal(err)
	}
	defer d.Close()
	now := time.Now()
	for i, a := range jsonLines[articleJSON](r.t, r.run("articles", "list", "--json", "--limit", "30")) {
		age := []time.Duration{3 * time.Hour, 3 * 24 * time.Hour, 20 * 24 * time.Hour}[i%3]
		err := d.Tx(context.Background(), func(tx *sql.Tx) error {
			x, err := articles.Find(context.Background(), tx, a.Slug)
			if err != nil {
				return err
			}
			return reads.Add(context.Background(), tx, []reads.Hour{{Article: x.ID, Start: now.Add(-age), N: int64(5 + i*7%30)}})
		})
		if err != nil {
			r.t.Fatal(err)
		}
	}
}

func emptyRoom(t testing.TB) *peerRoom { return newPeerRoom(t, "") }

// environment is all that a child gets of ours: no proxy, no settings; home is its home folder.
func environment(home string) []string {
	env := []string{"PATH=" + os.Getenv("PATH"), "LANG=C.UTF-8", "TZ=UTC", "TERM=xterm", "TMPDIR=" + os.TempDir()}
	if home == "" {
		home = os.Getenv("HOME")
	}
	return append(env, "HOME="+home)
}

// A peerRun is one start of a reader, with a folder of its own.
type peerRun struct {
	t     testing.TB
	tools peerTools
	dir   string
}

// peerTime is how long a reader may take over everything.
const peerTime = 2 * time.Minute

// child runs a program to its end, kills it and what it started after peerTime, and returns what it printed. Anything
// but status 0 fails the test.
func (r *peerRun) child(stdin string, env []string, name string, args ...string) (stdout, stderr string) {
	r.t.Helper()
	stdout, stderr, err := runChild(r.dir, stdin, append(environment(r.dir), env...), name, args...)
	if err != nil {
		r.t.Fatalf("%s %s: %v\n%.2000s%.2000s", filepath.Base(name), strings.Join(args, " "), err, stdout, stderr)
	}
	return stdout, stderr
}

func runChild(dir, stdin string, env []string, name string, args ...string) (stdout, stderr string, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), peerTime)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir, cmd.Env, cmd.Stdin = dir, env, strings.NewReader(stdin)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = 5 * time.Second
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err = cmd.Run()
	if ctx.Err() != nil {
		err = fmt.Errorf("not done after %s: %w", peerTime, err)
	}
	return out.String(), errs.String(), err
}

// peerTools is where the readers are.
type peerTools struct {
	modules string // node_modules
	python  string // one that knows Debian's feedparser
}

func findPeerTools(t testing.TB) peerTools {
	t.Helper()
	const install = "run scripts/install-peers.sh"
	for _, name := range []string{"newsboat", "r2e", "sfeed", "rsstail", "xmllint", "node"} {
		if _, err := exec.LookPath(name); err != nil {
			t.Fatalf("%s is not installed: %s", name, install)
		}
	}
	tools := peerTools{modules: filepath.Join(cacheDir(), "vestnik-test-tools", "node_modules")}
	for _, name := range []string{"feedsmith", "rss-parser", "feedparser", "ajv", "ajv-formats", "jsonfeed-schema"} {
		if _, err := os.Stat(filepath.Join(tools.modules, name)); err != nil {
			t.Fatalf("npm's %s is not installed: %s", name, install)
		}
	}
	for _, name := range []string{"/usr/bin/python3", "python3"} { // a python3 of one's own does not know Debian's packages
		if exec.Command(name, "-c", "import feedparser").Run() == nil {
			tools.python = name
			return tools
		}
	}
	t.Fatalf("Python's feedparser is not installed: %s", install)
	return tools
}

// A peerDocument is one document that a newsroom publishes.
type peerDocument struct {
	list   peerList
	format string // rss | atom | json
	url    string
}

var peerFiles = map[string]string{"rss": "feed.xml", "atom": "feed.atom", "json": "feed.json"}

// documents are all lists in all formats.
func (r *peerRoom) documents() []peerDocument {
	r.t.Helper()
	var all []peerDocument
	for _, list := range r.lists() {
		for _, format := range []string{"rss", "atom", "json"} {
			all = append(all, peerDocument{list, format, list.document(r.site, format)})
		}
	}
	return all
}

// get fetches what must be there.
func (r *peerRoom) get(url string) []byte {
	r.t.Helper()
	answer, err := http.Get(url)
	if err != nil {
		r.t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		r.t.Fatalf("%s: status %d, %v", url, answer.StatusCode, err)
	}
	return body
}

// lines decodes a reader's lines of JSON by their address, and fails the test where one carries an error.
func (r *peerRun) lines(stdout string) map[string]peerReading {
	r.t.Helper()
	all := map[string]peerReading{}
	decoder := json.NewDecoder(strings.NewReader(stdout))
	for {
		var line peerReading
		err := decoder.Decode(&line)
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			r.t.Fatalf("what the reader printed is not JSON: %v", err)
		}
		if line.Error != "" {
			r.t.Errorf("%s: %s", line.URL, line.Error)
		}
		all[line.URL] = line
	}
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
