//go:build peers

package main

import (
	"fmt"
	"html"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mmcdole/gofeed"
)

// A peerReading is what a reader made of a document.
type peerReading struct {
	URL   string     `json:"url"`
	Error string     `json:"error"`
	Title string     `json:"title"`
	Items []peerItem `json:"items"`
}

// A peerItem is what a reader shows of an item. What it does not show at all is in the table of differences.
type peerItem struct {
	ID         string          `json:"id"`
	Title      string          `json:"title"`
	Link       string          `json:"link"`
	Published  string          `json:"published"` // RFC 3339
	Updated    string          `json:"updated"`
	Authors    []string        `json:"authors"`
	Categories []string        `json:"categories"` // names
	Terms      []string        `json:"terms"`      // of Atom
	Summary    string          `json:"summary"`
	HTML       string          `json:"html"`
	Enclosures []peerEnclosure `json:"enclosures"`
}

type peerEnclosure struct {
	URL    string `json:"url"`
	Type   string `json:"type"`
	Length int64  `json:"length"`
}

// A peerReader is a program that reads feeds, or checks them and reads nothing.
type peerReader struct {
	name    string
	formats string // which it knows: rss atom json
	checks  bool   // it says only whether it takes a document
	read    func(r *peerRun, urls []string) map[string]peerReading
}

var peerReaders = []peerReader{
	{name: "feedsmith", formats: "rss atom json", read: nodeReader("feedsmith.js")},
	{name: "rss-parser", formats: "rss atom", read: nodeReader("rss-parser.js")},
	{name: "feedparser-npm", formats: "rss atom", read: nodeReader("feedparser.js")},
	{name: "ajv", formats: "json", checks: true, read: nodeReader("ajv.js")},
	{name: "gofeed", formats: "rss atom json", read: readWithGofeed},
	{name: "feedparser-python", formats: "rss atom", read: readWithPython},
	{name: "newsboat", formats: "rss atom", read: readWithNewsboat},
	{name: "rss2email", formats: "rss atom", read: readWithRSS2Email},
	{name: "sfeed", formats: "rss atom", read: readWithSfeed},
	{name: "rsstail", formats: "rss atom", read: readWithRsstail},
	{name: "xmllint", formats: "rss atom", checks: true, read: readWithXmllint},
}

// script is the path of one of the readers' scripts.
func script(name string) string {
	path, err := filepath.Abs(filepath.Join("testdata", "peers", name))
	if err != nil {
		panic(err)
	}
	return path
}

func nodeReader(name string) func(*peerRun, []string) map[string]peerReading {
	return func(r *peerRun, urls []string) map[string]peerReading {
		r.t.Helper()
		stdout, stderr := r.child(strings.Join(urls, "\n"), []string{"NODE_PATH=" + r.tools.modules}, "node", script(name))
		r.silent(stderr)
		return r.lines(stdout)
	}
}

// silent fails the test when a reader complained.
func (r *peerRun) silent(stderr string) {
	r.t.Helper()
	if stderr != "" {
		r.t.Errorf("complains:\n%.3000s", stderr)
	}
}

func readWithPython(r *peerRun, urls []string) map[string]peerReading {
	r.t.Helper()
	stdout, stderr := r.child(strings.Join(urls, "\n"), nil, r.tools.python, script("universal.py"))
	r.silent(stderr)
	return r.lines(stdout)
}

func readWithGofeed(r *peerRun, urls []string) map[string]peerReading {
	r.t.Helper()
	all := map[string]peerReading{}
	for _, url := range urls {
		parser := gofeed.NewParser()
		parser.Client = &http.Client{Transport: &http.Transport{}, Timeout: peerTime} // no proxy
		feed, err := parser.ParseURL(url)
		if err != nil {
			r.t.Errorf("%s: %v", url, err)
			continue
		}
		reading := peerReading{URL: url, Title: feed.Title}
		for _, i := range feed.Items {
			reading.Items = append(reading.Items, gofeedItem(feed.FeedType, i))
		}
		all[url] = reading
	}
	return all
}

func gofeedItem(kind string, i *gofeed.Item) peerItem {
	item := peerItem{ID: i.GUID, Title: i.Title, Link: i.Link, Categories: i.Categories, Summary: i.Description, HTML: i.Content,
		Published: moment(i.PublishedParsed), Updated: moment(i.UpdatedParsed)}
	for _, a := range i.Authors {
		item.Authors = append(item.Authors, a.Name)
	}
	for _, e := range i.Enclosures {
		n, _ := strconv.ParseInt(e.Length, 10, 64)
		item.Enclosures = append(item.Enclosures, peerEnclosure{e.URL, e.Type, n})
	}
	return item
}

func moment(t *time.Time) string {
	if t == nil {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

// readWithNewsboat has newsboat load each feed once and looks into its cache. Each has a cache of its own, as newsboat keeps
// an article that stands in several feeds only in one of them.
func readWithNewsboat(r *peerRun, urls []string) map[string]peerReading {
	r.t.Helper()
	all := map[string]peerReading{}
	for i, url := range urls {
		one := &peerRun{t: r.t, tools: r.tools, dir: filepath.Join(r.dir, fmt.Sprint(i))}
		one.newsboatHome([]string{url})
		one.newsboat()
		maps.Copy(all, one.newsboatCache())
	}
	return all
}

func (r *peerRun) newsboatHome(urls []string) {
	r.t.Helper()
	home := filepath.Join(r.dir, ".newsboat")
	for name, text := range map[string]string{"urls": strings.Join(urls, "\n") + "\n", "config": "reload-threads 4\nuse-proxy no\n"} {
		if err := os.MkdirAll(home, 0o700); err != nil {
			r.t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(home, name), []byte(text), 0o600); err != nil {
			r.t.Fatal(err)
		}
	}
}

// newsboat polls once, and fails the test if anything was amiss.
func (r *peerRun) newsboat() {
	r.t.Helper()
	errorLog := filepath.Join(r.dir, "newsboat.log")
	os.Remove(errorLog)
	stdout, stderr := r.child("", nil, "newsboat", "-l", "2", "-d", errorLog, "-x", "reload") // 2: user errors, critical and plain errors
	r.silent(stdout + stderr)
	log, err := os.ReadFile(errorLog)
	if err != nil {
		r.t.Fatal(err)
	}
	r.silent(string(log))
}

func (r *peerRun) newsboatCache() map[string]peerReading {
	r.t.Helper()
	stdout, stderr := r.child("", nil, r.tools.python, script("newsboat.py"), filepath.Join(r.dir, ".newsboat", "cache.db"))
	r.silent(stderr)
	return r.lines(stdout)
}

// readWithRSS2Email polls all feeds once and reads the letters that it put into a Maildir.
func readWithRSS2Email(r *peerRun, urls []string) map[string]peerReading {
	r.t.Helper()
	r.rss2emailHome(urls)
	r.silent(r.rss2email())
	all := r.rss2emailLetters()
	for _, url := range urls {
		all[url] = peerReading{URL: url, Items: all[url].Items} // a feed without items brings no letters
	}
	return all
}

func (r *peerRun) rss2emailHome(urls []string) {
	r.t.Helper()
	var config strings.Builder
	fmt.Fprintf(&config, "[DEFAULT]\nto = reader@example.org\nemail-protocol = maildir\nmaildir-path = %s\nmaildir-mailbox = mail\nhtml-mail = True\n", r.dir)
	config.WriteString("date-header = True\ndate-header-order = issued\nname-format = {author}\nverbose = warning\n")
	for i, url := range urls {
		fmt.Fprintf(&config, "\n[feed.f%d]\nurl = %s\n", i, strings.ReplaceAll(url, "$", "$$"))
	}
	if err := os.WriteFile(filepath.Join(r.dir, "rss2email.cfg"), []byte(config.String()), 0o600); err != nil {
		r.t.Fatal(err)
	}
}

// rss2email polls once and returns its complaints.
func (r *peerRun) rss2email() string {
	r.t.Helper()
	stdout, stderr := r.child("", nil, "r2e", "-c", "rss2email.cfg", "-d", "rss2email.json", "run")
	return stdout + stderr
}

func (r *peerRun) rss2emailLetters() map[string]peerReading {
	r.t.Helper()
	box := filepath.Join(r.dir, "mail")
	if err := os.MkdirAll(filepath.Join(box, "new"), 0o700); err != nil { // no letter has come yet
		r.t.Fatal(err)
	}
	stdout, stderr := r.child("", nil, r.tools.python, script("r2e.py"), box)
	r.silent(stderr)
	all := r.lines(stdout)
	for _, reading := range all {
		slices.Reverse(reading.Items) // it mails the oldest first
	}
	return all
}

// readWithSfeed has sfeed read what curl fetches, as sfeed_update does.
func readWithSfeed(r *peerRun, urls []string) map[string]peerReading {
	r.t.Helper()
	all := map[string]peerReading{}
	for _, url := range urls {
		stdout, stderr := r.child("", nil, "sh", "-c", `curl -L -f -s -S -A '' --max-redirs 0 -m 15 "$1" | sfeed "$1"`, "sfeed", url)
		r.silent(stderr)
		reading := peerReading{URL: url}
		for line := range strings.Lines(stdout) {
			reading.Items = append(reading.Items, r.sfeedItem(url, strings.Split(strings.TrimSuffix(line, "\n"), "\t")))
		}
		all[url] = reading
	}
	return all
}

var sfeedEscapes = strings.NewReplacer(`\t`, "\t", `\n`, "\n", `\\`, `\`)

// sfeedItem reads a line of sfeed's: timestamp, title, link, content, content-type, id, author, enclosure, category.
func (r *peerRun) sfeedItem(url string, f []string) peerItem {
	r.t.Helper()
	if len(f) != 9 {
		r.t.Fatalf("%s: a line of %d fields: %.200q", url, len(f), f)
	}
	item := peerItem{ID: f[5], Title: f[1], Link: f[2], HTML: sfeedEscapes.Replace(f[3])}
	if seconds, err := strconv.ParseInt(f[0], 10, 64); err == nil {
		item.Published = time.Unix(seconds, 0).UTC().Format(time.RFC3339)
	}
	if f[4] == "plain" {
		item.HTML = html.EscapeString(item.HTML)
	}
	if f[6] != "" {
		item.Authors = []string{f[6]}
	}
	if f[7] != "" {
		item.Enclosures = []peerEnclosure{{URL: f[7]}}
	}
	if f[8] != "" {
		item.Categories = strings.Split(f[8], "|")
	}
	return item
}

var rsstailItem = regexp.MustCompile(`(?m)^Title: (.*)\nLink: (.*)\n`)

// readWithRsstail has rsstail print each feed once, with everything it knows of an item.
func readWithRsstail(r *peerRun, urls []string) map[string]peerReading {
	r.t.Helper()
	all := map[string]peerReading{}
	for _, url := range urls {
		stdout, stderr := r.child("", nil, "rsstail", "-1", "-n", "10000", "-l", "-d", "-p", "-a", "-u", url)
		r.silent(stderr)
		reading := peerReading{URL: url}
		starts := rsstailItem.FindAllStringSubmatchIndex(stdout, -1)
		for i, at := range starts {
			end := len(stdout)
			if i+1 < len(starts) {
				end = starts[i+1][0]
			}
			item := rsstailRest(stdout[at[1]:end])
			item.Title, item.Link = stdout[at[2]:at[3]], stdout[at[4]:at[5]]
			reading.Items = append(reading.Items, item)
		}
		all[url] = reading
	}
	return all
}

var rsstailFoot = regexp.MustCompile(`(?s)^(?:Description: (.*?))?(?:\nPub\.date: ([^\n]*))?(?:\nAuthor: ([^\n]*))?\n*$`)

// rsstailRest reads what rsstail prints of an item below its link.
func rsstailRest(text string) peerItem {
	m := rsstailFoot.FindStringSubmatch(text)
	if m == nil {
		return peerItem{HTML: "cannot be told apart: " + text}
	}
	item := peerItem{HTML: m[1], Published: m[2]}
	if _, date, ok := strings.Cut(m[2], ", "); ok { // its own weekdays are wrong for Atom
		for _, layout := range []string{"2 Jan 2006 15:04:05 -0700", "2 Jan 2006 15:04:05 MST"} {
			if at, err := time.Parse(layout, date); err == nil {
				item.Published = at.UTC().Format(time.RFC3339)
			}
		}
	}
	if m[3] != "" {
		item.Authors = []string{m[3]}
	}
	return item
}

// readWithXmllint holds all documents to the grammar of XML.
func readWithXmllint(r *peerRun, urls []string) map[string]peerReading {
	r.t.Helper()
	room := peerRoom{newsroom: &newsroom{t: r.t}}
	args := []string{"--noout", "--nonet"}
	all := map[string]peerReading{}
	for i, url := range urls {
		name := fmt.Sprintf("%d.xml", i)
		if err := os.WriteFile(filepath.Join(r.dir, name), room.get(url), 0o600); err != nil {
			r.t.Fatal(err)
		}
		args, all[url] = append(args, name), peerReading{URL: url}
	}
	stdout, stderr := r.child("", nil, "xmllint", args...)
	r.silent(stdout + stderr)
	return all
}
