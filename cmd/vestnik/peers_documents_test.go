//go:build peers

package main

import (
	"encoding/xml"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// readOtherDocuments checks what a newsroom publishes beside its feeds: OPML, sitemaps, Yandex's flavour, and the history in
// archives. All are well-formed, `vestnik feeds check` finds nothing, and the history is whole.
func readOtherDocuments(t *testing.T, tools peerTools, room *peerRoom, documents []peerDocument, wanted map[string]peerWanted) {
	run := &peerRun{t: t, tools: tools, dir: t.TempDir()}
	xmls := []string{room.site + "/opml.xml", room.site + "/sitemap.xml", room.site + "/news-sitemap.xml", room.site + "/yandex.xml"}
	xmls = append(xmls, room.sitemaps()...)
	var archives [3][]string
	for i, format := range []string{"rss", "atom", "json"} {
		archives[i] = room.history(run, format)
	}
	xmls = append(append(xmls, archives[0]...), archives[1]...)
	readWithXmllint(run, xmls)
	readWithPython(run, slices.Concat(archives[0], archives[1], []string{room.site + "/yandex.xml"}))
	readWithGofeed(run, slices.Concat(archives[0], archives[1], archives[2], []string{room.site + "/yandex.xml"}))
	nodeReader("feedsmith.js")(run, slices.Concat(archives[0], archives[1], archives[2]))
	nodeReader("ajv.js")(run, archives[2])
	all := append(xmls, archives[2]...)
	aboutMarkup := map[string]int{}
	for _, d := range documents {
		all = append(all, d.url)
		aboutMarkup[d.url] = 1 + slices.IndexFunc(wanted[d.list.name].items, func(i peerItem) bool { return strings.HasPrefix(i.Title, titleAboutMarkup) })
	}
	room.checkDocuments(run, all, aboutMarkup)
	room.checkGone(run, all)
	importOPML(run, room)
}

// checkGone looks for what was withdrawn: only Atom's tombstones may name it.
func (r *peerRoom) checkGone(run *peerRun, urls []string) {
	run.t.Helper()
	for _, slug := range r.gone {
		for _, a := range jsonLines[articleJSON](run.t, r.run("articles", "show", slug, "--json")) {
			tombstone := fmt.Sprintf(`<at:deleted-entry ref=%q when="`, a.ID)
			if !strings.Contains(string(r.get(r.site+"/"+peerFiles["atom"])), tombstone) {
				run.t.Errorf("%s: the Atom feed has no tombstone", slug)
			}
			for _, url := range urls {
				text := strings.ReplaceAll(string(r.get(url)), tombstone, "")
				if strings.Contains(text, a.ID) || strings.Contains(text, a.URL) {
					run.t.Errorf("%s has been withdrawn and stands in %s", slug, url)
				}
			}
		}
	}
}

// sitemaps are those that the index names.
func (r *peerRoom) sitemaps() []string {
	r.t.Helper()
	var index struct {
		Sitemaps []struct {
			Address string `xml:"loc"`
		} `xml:"sitemap"`
	}
	if err := xml.Unmarshal(r.get(r.site+"/sitemap.xml"), &index); err != nil {
		r.t.Fatal(err)
	}
	var all []string
	for _, s := range index.Sitemaps {
		all = append(all, s.Address)
	}
	return all
}

// history goes back from the site's feed through all its archives, and checks that every article is met.
func (r *peerRoom) history(run *peerRun, format string) []string {
	r.t.Helper()
	var walked []string
	met := map[string]bool{}
	for at := r.site + "/" + peerFiles[format]; at != ""; {
		if slices.Contains(walked, at) || len(walked) > 1000 {
			r.t.Fatalf("the archives go round in a circle at %s", at)
		}
		walked = append(walked, at)
		for _, i := range readWithGofeed(run, []string{at})[at].Items {
			met[i.ID] = true
		}
		if format == "json" {
			at = jsonLinks(r.t, r.get(at))["next"]
		} else {
			at = xmlLinks(r.t, r.get(at))["prev-archive"]
		}
	}
	for _, a := range jsonLines[articleJSON](r.t, r.run("articles", "list", "--json", "--limit", "100000")) {
		if !met[a.ID] && !r.bare(a) {
			r.t.Errorf("%s is neither in the %s feed nor in its %d archives", a.Slug, format, len(walked)-1)
		}
	}
	return walked[1:]
}

// Of one article in the torture the title and standfirst are about markup: `AT&T &amp; <b>`. Such text looks like
// markup that was escaped twice, as it is wherever else it stands, and no checker can know better: these warnings are right.
const titleAboutMarkup = "AT&T &amp;"

var rulesAboutMarkup = []string{"title-markup", "double-escaped", "markup-as-text", "json-summary-markup"}

// checkDocuments has `vestnik feeds check` fetch and judge documents. aboutMarkup is the number of the item with that title.
func (r *peerRoom) checkDocuments(run *peerRun, urls []string, aboutMarkup map[string]int) {
	run.t.Helper()
	out, errs, _ := runChild(r.dir, "", r.env, r.bin, append([]string{"feeds", "check", "--strict", "--json"}, urls...)...)
	checked := jsonLines[checkedJSON](run.t, out)
	if len(checked) != len(urls) {
		run.t.Errorf("vestnik feeds check judged %d of %d documents\n%.2000s", len(checked), len(urls), errs)
	}
	problems := 0
	for _, c := range checked {
		for _, f := range c.Findings {
			number := fmt.Sprintf("%d)", aboutMarkup[c.Document])
			if slices.Contains(rulesAboutMarkup, f.Rule) && (strings.HasSuffix(f.Text, "(item "+number) || strings.HasSuffix(f.Text, "(entry "+number)) {
				continue
			}
			if problems++; problems <= 20 {
				run.t.Errorf("%s:%d: %s %s: %s", c.Document, f.Line, f.Severity, f.Rule, f.Text)
			}
		}
	}
}

// importOPML has two readers take over the list of all feeds.
func importOPML(run *peerRun, room *peerRoom) {
	run.t.Helper()
	if err := os.WriteFile(filepath.Join(run.dir, "all.opml"), room.get(room.site+"/opml.xml"), 0o600); err != nil {
		run.t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(run.dir, ".newsboat"), 0o700); err != nil {
		run.t.Fatal(err)
	}
	run.child("", nil, "newsboat", "-i", "all.opml")
	newsboat, err := os.ReadFile(filepath.Join(run.dir, ".newsboat", "urls"))
	if err != nil {
		run.t.Fatal(err)
	}
	run.rss2emailHome(nil)
	run.child("", nil, "r2e", "-c", "rss2email.cfg", "-d", "rss2email.json", "opmlimport", "all.opml")
	rss2email, err := os.ReadFile(filepath.Join(run.dir, "rss2email.cfg"))
	if err != nil {
		run.t.Fatal(err)
	}
	for _, o := range room.outlines() {
		if !strings.Contains(string(newsboat), o.Address+" ") {
			run.t.Errorf("newsboat did not import %s", o.Address)
		}
		if !strings.Contains(string(rss2email), "\nurl = "+o.Address+"\n") {
			run.t.Errorf("rss2email did not import %s", o.Address)
		}
	}
}
