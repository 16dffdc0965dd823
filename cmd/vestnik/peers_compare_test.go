//go:build peers

package main

import (
	"cmp"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"html"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	nethtml "golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// A peerList is a feed in its three formats.
type peerList struct {
	name  string // site, sections/kino …
	title string // of its section, tag or author
	path  string // what its documents stand under
	query string
}

func (l peerList) document(site, format string) string {
	url := site + l.path + "/" + peerFiles[format]
	if l.query != "" {
		url += "?" + l.query
	}
	return url
}

// truth is what `vestnik articles` says of every published article, newest first.
func (r *peerRoom) truth() []articleJSON {
	r.t.Helper()
	all := jsonLines[articleJSON](r.t, r.run("articles", "list", "--json", "--limit", "100000"))
	var wait sync.WaitGroup
	gate := make(chan bool, 4)
	for i := range all {
		wait.Go(func() {
			gate <- true
			defer func() { <-gate }()
			out, errs, err := runChild(r.dir, "", r.env, r.bin, "articles", "show", all[i].Slug, "--json")
			if err == nil {
				err = json.Unmarshal([]byte(out), &all[i])
			}
			if err != nil {
				r.t.Errorf("articles show %s: %v %s", all[i].Slug, err, errs)
			}
		})
	}
	wait.Wait()
	return all
}

// lists are the feeds that the running newsroom's OPML names, which must be those that the articles ask for and that
// `vestnik feeds list` prints.
func (r *peerRoom) lists() []peerList {
	r.t.Helper()
	var all []peerList
	var labels, names []string
	for _, o := range r.outlines() {
		l := r.list(o)
		kind, _, _ := strings.Cut(l.name, "/")
		switch kind {
		case "sections": // of which the articles tell only the slug
			labels = append(labels, l.name)
		case "tags", "authors":
			labels = append(labels, kind+": "+l.title)
		}
		all, names = append(all, l), append(names, l.name)
	}
	slices.Sort(labels)
	if wanted := r.labels(); !slices.Equal(labels, wanted) {
		r.t.Errorf("there are feeds of %q and not of %q", labels, wanted)
	}
	if printed := r.printed(); !slices.Equal(printed, names) {
		r.t.Errorf("`vestnik feeds list` prints %q and not %q", printed, names)
	}
	return all
}

func (r *peerRoom) printed() (names []string) {
	r.t.Helper()
	for _, l := range jsonLines[feedJSON](r.t, r.run("feeds", "list", "--json")) {
		names = append(names, l.Name)
	}
	return names
}

// An outline is one feed in OPML.
type outline struct {
	Text    string    `xml:"text,attr"`
	Type    string    `xml:"type,attr"`
	Address string    `xml:"xmlUrl,attr"`
	Home    string    `xml:"htmlUrl,attr"`
	Inside  []outline `xml:"outline"`
}

func (r *peerRoom) outlines() []outline {
	r.t.Helper()
	var opml struct {
		Body outline `xml:"body"`
	}
	if err := xml.Unmarshal(r.get(r.site+"/opml.xml"), &opml); err != nil {
		r.t.Fatal(err)
	}
	var all []outline
	for _, group := range opml.Body.Inside {
		all = append(all, group.Inside...)
	}
	return all
}

// list reads the address of a list's RSS document.
func (r *peerRoom) list(o outline) peerList {
	r.t.Helper()
	path, query, _ := strings.Cut(strings.TrimPrefix(o.Address, r.site), "?")
	path, ok := strings.CutSuffix(path, "/"+peerFiles["rss"])
	if !ok || o.Type != "rss" {
		r.t.Fatalf("OPML: %q of type %q", o.Address, o.Type)
	}
	l := peerList{name: strings.TrimPrefix(path, "/"), title: strings.TrimSuffix(o.Text, " — "+peerTitle), path: path, query: query}
	switch {
	case path == "":
		l.name = "site"
	case path == "/most-read":
		l.name += "/" + cmp.Or(strings.TrimPrefix(query, "window="), "24h")
	}
	return l
}

// labels are the sections, tags and authors of the articles that have something to read.
func (r *peerRoom) labels() []string {
	r.t.Helper()
	seen := map[string]bool{}
	for _, a := range jsonLines[articleJSON](r.t, r.run("articles", "list", "--json", "--limit", "100000")) {
		if r.bare(a) {
			continue
		}
		if a.Section != "" {
			seen["sections/"+a.Section] = true
		}
		for _, tag := range a.Tags {
			seen["tags: "+tag] = true
		}
		for _, author := range a.Authors {
			seen["authors: "+author] = true
		}
	}
	return sortedKeys(seen)
}

// peerWanted is what every reader must show of a list.
type peerWanted struct {
	title string
	items []peerItem
	terms map[string]string // of the names of categories
}

// references reads the JSON document of every list, holds it against what `vestnik articles` says, and returns it as what
// all readers must show, whatever the format.
func (r *peerRoom) references(documents []peerDocument) map[string]peerWanted {
	r.t.Helper()
	truth := r.truth()
	names := map[string]string{} // name of a section or tag -> its slug
	for _, d := range documents {
		if kind, slug, _ := strings.Cut(d.list.name, "/"); kind == "sections" || kind == "tags" {
			names[d.list.title] = slug
		}
	}
	all := map[string]peerWanted{}
	for _, d := range documents {
		if d.format == "json" {
			wanted := r.reference(d.url)
			wanted.terms = names
			r.checkTruth(d, wanted, truth)
			all[d.list.name] = wanted
		}
	}
	return all
}

// peerJSONFeed is JSON Feed 1.1, as far as it is compared.
type peerJSONFeed struct {
	Version string `json:"version"`
	Title   string `json:"title"`
	FeedURL string `json:"feed_url"`
	Items   []struct {
		ID        string `json:"id"`
		Title     string `json:"title"`
		URL       string `json:"url"`
		Summary   string `json:"summary"`
		HTML      string `json:"content_html"`
		Text      string `json:"content_text"`
		Published string `json:"date_published"`
		Modified  string `json:"date_modified"`
		Authors   []struct {
			Name string `json:"name"`
		} `json:"authors"`
		Tags        []string `json:"tags"`
		Attachments []struct {
			URL  string `json:"url"`
			Type string `json:"mime_type"`
			Size int64  `json:"size_in_bytes"`
		} `json:"attachments"`
	} `json:"items"`
}

func (r *peerRoom) reference(url string) peerWanted {
	r.t.Helper()
	var feed peerJSONFeed
	if err := json.Unmarshal(r.get(url), &feed); err != nil {
		r.t.Fatalf("%s: %v", url, err)
	}
	if feed.Version != "https://jsonfeed.org/version/1.1" || feed.FeedURL != url {
		r.t.Errorf("%s: version %s, feed_url %s", url, feed.Version, feed.FeedURL)
	}
	wanted := peerWanted{title: feed.Title}
	for _, i := range feed.Items {
		item := peerItem{ID: i.ID, Title: i.Title, Link: i.URL, Published: i.Published, Updated: i.Modified, Categories: i.Tags, Summary: i.Summary, HTML: i.HTML}
		for _, a := range i.Authors {
			item.Authors = append(item.Authors, a.Name)
		}
		for _, a := range i.Attachments {
			item.Enclosures = append(item.Enclosures, peerEnclosure{a.URL, a.Type, a.Size})
		}
		wanted.items = append(wanted.items, item)
	}
	return wanted
}

// checkTruth holds a list of articles against what `vestnik articles` says: the same articles in the same order, and
// each the same in all its parts.
func (r *peerRoom) checkTruth(d peerDocument, wanted peerWanted, truth []articleJSON) {
	r.t.Helper()
	belong := r.belonging(d.list, truth)
	if belong == nil {
		return // an item is an edition
	}
	if len(wanted.items) != len(belong) {
		r.t.Errorf("%s has %d items, and there are %d articles", d.url, len(wanted.items), len(belong))
		return
	}
	for i, item := range wanted.items {
		if d.list.name == summaryList && item.HTML == "" {
			belong[i].HTML = &item.HTML
		}
		if problem := differsFromArticle(item, belong[i], wanted.terms); problem != "" {
			r.t.Errorf("%s, item %d, %s: %s", d.url, i+1, belong[i].Slug, problem)
			return
		}
	}
}

// belonging are the articles of a list in its order; nil for a digest's.
func (r *peerRoom) belonging(l peerList, truth []articleJSON) []articleJSON {
	r.t.Helper()
	kind, slug, _ := strings.Cut(l.name, "/")
	belong := []articleJSON{}
	switch kind {
	case "digests":
		return nil
	case "most-read":
		for _, top := range jsonLines[topJSON](r.t, r.run("reads", "top", "--json", "--limit", fmt.Sprint(peerItems), "--window", slug)) {
			if i := slices.IndexFunc(truth, func(a articleJSON) bool { return a.Slug == top.Slug }); i >= 0 {
				belong = append(belong, truth[i])
			}
		}
		return belong
	}
	for _, a := range truth {
		if !r.bare(a) && belongs(a, kind, slug, l.title) && len(belong) < peerItems {
			belong = append(belong, a)
		}
	}
	return belong
}

// bare reports whether an article is a brief without a page elsewhere: lists and feeds leave it out.
func (r *peerRoom) bare(a articleJSON) bool {
	return a.Kind == "brief" && strings.HasPrefix(a.URL, r.site+"/")
}

func belongs(a articleJSON, kind, slug, title string) bool {
	switch kind {
	case "sections":
		return a.Section == slug
	case "tags":
		return slices.Contains(a.Tags, title)
	case "authors":
		return slices.Contains(a.Authors, title)
	}
	return true
}

// differsFromArticle says in what an item is not its article.
func differsFromArticle(i peerItem, a articleJSON, terms map[string]string) string {
	tags := i.Categories
	if a.Section != "" && len(tags) > 0 && terms[tags[0]] == a.Section {
		tags = tags[1:]
	}
	text, want := bodyText(i.HTML), bodyText(*a.HTML)
	standfirst := a.Standfirst
	if a.Correction != "" && strings.Contains(noSpace(i.Summary), noSpace(a.Correction)) && strings.HasSuffix(i.Summary, standfirst) {
		standfirst = i.Summary // the note stands before it
	}
	for _, c := range []struct {
		what      string
		got, want any
	}{
		{"id", i.ID, a.ID}, {"title", i.Title, a.Title}, {"link", i.Link, a.URL}, {"published", i.Published, instant(a.Published)},
		{"updated", i.Updated, instant(a.Updated)}, {"authors", orNone(i.Authors), orNone(a.Authors)}, {"tags", orNone(tags), orNone(a.Tags)},
		{"summary", i.Summary, cmp.Or(standfirst, i.Summary)},
	} {
		if !reflect.DeepEqual(c.got, c.want) {
			return fmt.Sprintf("%s is %.300q and not %.300q", c.what, c.got, c.want)
		}
	}
	if !strings.Contains(text, want) {
		return fmt.Sprintf("the body is %.300q and not %.300q", text, want)
	}
	if extra := strings.Replace(text, want, "", 1); a.Correction == "" && extra != "" || !strings.Contains(extra, noSpace(a.Correction)) {
		return fmt.Sprintf("beside the text there is %.300q, and the correction is %.300q", extra, a.Correction)
	}
	return ""
}

// compareReading holds what a reader shows of a document against what it must show.
func compareReading(t testing.TB, reader peerReader, d peerDocument, wanted peerWanted, got peerReading) {
	t.Helper()
	if got.URL == "" {
		t.Errorf("%s: it was not read", d.url)
		return
	}
	if reader.checks {
		return
	}
	if got.Title != "" && got.Title != wanted.title {
		t.Errorf("%s: the feed is called %q and not %q", d.url, got.Title, wanted.title)
	}
	if len(got.Items) != len(wanted.items) {
		t.Errorf("%s: %d items and not %d", d.url, len(got.Items), len(wanted.items))
		return
	}
	problems := 0
	for i := range wanted.items {
		for _, problem := range compareItem(reader.name, d.format, wanted, wanted.items[i], got.Items[i]) {
			if problems++; problems <= 5 {
				t.Errorf("%s, item %d (%.60s): %s", d.url, i+1, wanted.items[i].Title, problem)
			}
		}
	}
}

// compareItem returns what is not equal, after the differences that are known.
func compareItem(reader, format string, wanted peerWanted, want, got peerItem) []string {
	want.Terms = nil
	for _, name := range want.Categories {
		want.Terms = append(want.Terms, wanted.terms[name])
	}
	want, got = want.plain(), got.plain()
	for _, d := range differences {
		if !d.concerns(reader, format) {
			continue
		}
		beforeWant, beforeGot := want, got
		d.show(&want, &got)
		if !reflect.DeepEqual(beforeWant, want) || !reflect.DeepEqual(beforeGot, got) {
			d.seen.Store(true)
		}
	}
	if got.Terms == nil {
		want.Terms = nil
	}
	var problems []string
	a, b := reflect.ValueOf(want), reflect.ValueOf(got)
	for i := range a.NumField() {
		if x, y := a.Field(i).Interface(), b.Field(i).Interface(); !reflect.DeepEqual(x, y) {
			problems = append(problems, fmt.Sprintf("%s is %.500q and not %.500q", a.Type().Field(i).Name, fmt.Sprint(y), fmt.Sprint(x)))
		}
	}
	return problems
}

// plain is the item in a form that can be compared: times in whole seconds of UTC, HTML as a browser understands it.
func (i peerItem) plain() peerItem {
	i.Published, i.Updated = instant(i.Published), instant(i.Updated)
	i.HTML = canonicalHTML(i.HTML)
	i.Summary = strings.TrimSpace(i.Summary)
	i.Authors, i.Categories, i.Terms = orNone(i.Authors), orNone(i.Categories), orNone(i.Terms)
	if i.Enclosures = slices.Clone(i.Enclosures); len(i.Enclosures) == 0 {
		i.Enclosures = nil
	}
	return i
}

// orNone is a copy of a list, nil for an empty one.
func orNone(list []string) []string {
	if len(list) == 0 {
		return nil
	}
	return slices.Clone(list)
}

// instant is a time as RFC 3339 in whole seconds of UTC; what is none stays as it is.
func instant(s string) string {
	at, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return s
	}
	return at.UTC().Format(time.RFC3339)
}

// canonicalHTML is HTML as the parser of browsers understands it, written in one way.
func canonicalHTML(source string) string {
	if source == "" {
		return ""
	}
	nodes, err := nethtml.ParseFragment(strings.NewReader(source), &nethtml.Node{Type: nethtml.ElementNode, Data: "div", DataAtom: atom.Div})
	if err != nil {
		return "cannot be parsed: " + err.Error()
	}
	var b strings.Builder
	for _, n := range nodes {
		for one := range n.Descendants() {
			slices.SortFunc(one.Attr, func(a, b nethtml.Attribute) int { return strings.Compare(a.Key, b.Key) })
		}
		nethtml.Render(&b, n)
	}
	return strings.TrimSpace(b.String())
}

var (
	markup = regexp.MustCompile(`<[^>]*>`)
	spaces = regexp.MustCompile(`[\s\p{Zs}]+`)
)

// bodyText is the text of HTML without any white space: readers break lines as they like.
func bodyText(source string) string {
	return noSpace(html.UnescapeString(markup.ReplaceAllString(canonicalHTML(source), "")))
}

func noSpace(text string) string { return spaces.ReplaceAllString(text, "") }
