package feeds

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"flag"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/mmcdole/gofeed"
)

var update = flag.Bool("update", false, "write the golden files anew")

func sample() Feed {
	day := time.Date(2018, 5, 29, 0, 0, 0, 0, time.FixedZone("+11", 11*3600))
	return Feed{
		ID:          "tag:kino.example,2026:feed:/",
		Title:       "Вестник кино",
		Description: "Новости кинопроката & производства",
		Home:        "https://kino.example/",
		Language:    "ru",
		Copyright:   "© ООО «Кино»",
		Image:       "https://kino.example/assets/icon.png",
		TTL:         5 * time.Minute,
		Items: []Item{{
			ID:         "tag:kino.example,2018-05-29:kinotanz",
			Title:      "Фестиваль «Кинотанец» объявил программу: <b> & «кавычки» 🎬",
			Link:       "https://kino.example/articles/kinotanets",
			Summary:    "Показы пройдут в 10 городах, билеты < 500 ₽ & скидки.",
			HTML:       "<p>Первый абзац.</p><pre>a[b[0]]>c</pre>",
			Authors:    []Person{{"Иван Петров", "https://kino.example/authors/ivan-petrov"}, {"Anna O'Neil", ""}},
			Categories: []Category{{"festivali", "Фестивали"}, {"tanets", "танец & кино"}},
			Published:  day,
			Updated:    day.Add(26 * time.Hour),
			Image:      "https://kino.example/i/1.jpg?a=1&b=2",
			ImageAlt:   `Кадр "из" фильма`,
			Enclosure:  &Enclosure{"https://kino.example/1.mp3", "audio/mpeg", 5_000_000_000},
			Change:     41,
		}, {
			ID:       "tag:kino.example,2018-05-28:second",
			Title:    "A brief in English",
			Link:     "https://wire.example/second",
			Language: "en",
			Updated:  day.Add(-time.Hour),
			Change:   42,
		}},
	}
}

func TestDocumentsEqualTheGoldenFiles(t *testing.T) {
	for _, f := range Formats() {
		for name, feed := range map[string]Feed{"sample": sample(), "empty": {ID: "tag:kino.example,2026:empty", Title: "Пусто", Home: "https://kino.example/tags/empty"}} {
			got, err := f.Render(feed)
			if err != nil {
				t.Fatal(err)
			}
			file := filepath.Join("testdata", name+"."+f.Name)
			if *update {
				if err := os.WriteFile(file, got, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, want) {
				t.Errorf("%s differs (go test ./feeds -update writes it anew); got:\n%s", file, got)
			}
			judge(t, f, got)
		}
	}
}

func TestAnIndependentReaderFindsEverything(t *testing.T) {
	for _, f := range Formats() {
		doc, err := f.Render(sample())
		if err != nil {
			t.Fatal(err)
		}
		got, err := gofeed.NewParser().Parse(bytes.NewReader(doc))
		if err != nil {
			t.Fatalf("%s: %v", f.Name, err)
		}
		want := sample()
		if got.Title != want.Title || got.FeedLink != want.Self(f) || got.Language != "ru" || got.Link != want.Home {
			t.Errorf("%s: feed = %q, self %q, language %q, home %q", f.Name, got.Title, got.FeedLink, got.Language, got.Link)
		}
		if len(got.Items) != 2 {
			t.Fatalf("%s: %d items, want 2", f.Name, len(got.Items))
		}
		i, w := got.Items[0], want.Items[0]
		if i.GUID != w.ID || i.Title != w.Title || i.Link != w.Link {
			t.Errorf("%s: item = %q %q %q", f.Name, i.GUID, i.Title, i.Link)
		}
		if i.PublishedParsed == nil || !i.PublishedParsed.Equal(w.Published) {
			t.Errorf("%s: published = %v, want %v", f.Name, i.PublishedParsed, w.Published)
		}
		if f.Name != "rss" && (i.UpdatedParsed == nil || !i.UpdatedParsed.Equal(w.Updated)) {
			t.Errorf("%s: updated = %v, want %v", f.Name, i.UpdatedParsed, w.Updated)
		}
		if !strings.Contains(i.Content, w.HTML) || !strings.HasPrefix(i.Content, `<p><img src="https://kino.example/i/1.jpg?a=1&amp;b=2"`) {
			t.Errorf("%s: content = %q", f.Name, i.Content)
		}
		if want := []string{"Фестивали", "танец & кино"}; !slices.Equal(i.Categories, want) {
			t.Errorf("%s: categories = %q, want %q", f.Name, i.Categories, want)
		}
		if len(i.Authors) == 0 || i.Authors[0].Name != "Иван Петров" {
			t.Errorf("%s: authors = %v", f.Name, i.Authors)
		}
		if b := got.Items[1]; f.Name != "atom" && b.PublishedParsed != nil { // gofeed takes Atom's updated for it
			t.Errorf("%s: a brief of unknown date says it was published at %v", f.Name, b.PublishedParsed)
		}
	}
}

func TestRSSNamesEveryAuthorAndTheDescriptionComesFirst(t *testing.T) {
	doc, err := RSS(sample())
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Creators []string `xml:"channel>item>creator"`
		TTL      int      `xml:"channel>ttl"`
		Build    string   `xml:"channel>lastBuildDate"`
	}
	if err := xml.Unmarshal(doc, &got); err != nil {
		t.Fatal(err)
	}
	if want := []string{"Иван Петров", "Anna O'Neil"}; !slices.Equal(got.Creators, want) {
		t.Errorf("dc:creator = %q, want %q", got.Creators, want)
	}
	if got.TTL != 5 || got.Build != "Tue, 29 May 2018 15:00:00 +0000" {
		t.Errorf("ttl = %d, lastBuildDate = %q", got.TTL, got.Build)
	}
	if d, c := bytes.Index(doc, []byte("<description>Показы")), bytes.Index(doc, []byte("<content:encoded>")); d < 0 || c < d {
		t.Errorf("description at %d, content:encoded at %d", d, c)
	}
	if bytes.Contains(doc, []byte("<author>")) {
		t.Error("RSS has an author without an address")
	}
}

func TestAtomCategoriesStandInAttributes(t *testing.T) {
	doc, err := Atom(sample())
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Categories []struct {
			Term string `xml:"term,attr"`
			Text string `xml:",chardata"`
		} `xml:"entry>category"`
		Published []string `xml:"entry>published"`
	}
	if err := xml.Unmarshal(doc, &got); err != nil {
		t.Fatal(err)
	}
	if len(got.Categories) != 2 || got.Categories[0].Term != "festivali" || got.Categories[0].Text != "" {
		t.Errorf("categories = %+v", got.Categories)
	}
	if len(got.Published) != 1 {
		t.Errorf("published = %q, want only that of the item whose day is known", got.Published)
	}
}

func TestJSONFeedHasTheRightKeys(t *testing.T) {
	doc, err := JSON(sample())
	if err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	if err := json.Unmarshal(doc, &got); err != nil {
		t.Fatal(err)
	}
	item := got["items"].([]any)[0].(map[string]any)
	for _, key := range []string{"id", "url", "title", "content_html", "summary", "image", "banner_image", "date_published", "date_modified", "authors", "tags", "attachments"} {
		if _, ok := item[key]; !ok {
			t.Errorf("item has no %s", key)
		}
	}
	for _, key := range []string{"banner_", "author"} {
		if _, ok := item[key]; ok {
			t.Errorf("item has %s", key)
		}
	}
	if size := item["attachments"].([]any)[0].(map[string]any)["size_in_bytes"]; size != 5e9 {
		t.Errorf("size_in_bytes = %v", size)
	}
	if got["feed_url"] != "https://kino.example/feed.json" || got["home_page_url"] != "https://kino.example/" {
		t.Errorf("feed_url = %v, home_page_url = %v", got["feed_url"], got["home_page_url"])
	}
	if brief := got["items"].([]any)[1].(map[string]any); brief["content_text"] != "A brief in English" || brief["language"] != "en" {
		t.Errorf("brief = %v", brief)
	}
	if bytes.Contains(doc, []byte(`\u003c`)) {
		t.Error("JSON escapes <")
	}
}

func TestAnEmptyOrRepeatedIDIsRefused(t *testing.T) {
	twice, noID, noItemID := sample(), sample(), sample()
	twice.Items[1].ID = twice.Items[0].ID
	noID.ID = "\x01"
	noItemID.Items[1].ID = " "
	for name, feed := range map[string]Feed{"two items": twice, "feed": noID, "item": noItemID} {
		for _, f := range Formats() {
			if _, err := f.Render(feed); err == nil {
				t.Errorf("%s, %s: rendered", f.Name, name)
			}
		}
	}
}

func TestRenderingLeavesTheFeedAlone(t *testing.T) {
	f := sample()
	for _, format := range Formats() {
		if _, err := format.Render(f); err != nil {
			t.Fatal(err)
		}
	}
	if w := sample(); f.Items[0].HTML != w.Items[0].HTML || f.Items[0].Enclosure.Size != w.Items[0].Enclosure.Size {
		t.Error("rendering changed its argument")
	}
}

// judge fails the test unless the document is well-formed to the last byte.
func judge(t *testing.T, f Format, doc []byte) {
	t.Helper()
	if !utf8.Valid(doc) {
		t.Errorf("%s is not valid UTF-8", f.Name)
	}
	if f.Name == "json" {
		if !json.Valid(doc) {
			t.Errorf("not valid JSON:\n%s", doc)
		}
		return
	}
	d := xml.NewDecoder(bytes.NewReader(doc))
	for {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatalf("%s: %v\n%s", f.Name, err, doc)
		}
	}
}

func TestXMLLintFindsNothing(t *testing.T) {
	lint, err := exec.LookPath("xmllint")
	if err != nil {
		t.Skip("xmllint is not installed (Debian: libxml2-utils)")
	}
	nasty := sample()
	nasty.Items[0].Title = "a\x00\x0b\uFFFE\uFFFF\x80 ]]> &nbsp; <![CDATA["
	nasty.Items[0].HTML = "<p>\x08 ]]> ]]]]>> \xed\xa0\x80 \u0085 &amp; \U0001FFFE</p>"
	for _, feed := range []Feed{sample(), nasty} {
		for _, f := range Formats()[:2] {
			doc, err := f.Render(feed)
			if err != nil {
				t.Fatal(err)
			}
			cmd := exec.Command(lint, "--noout", "--nonet", "-")
			cmd.Stdin = bytes.NewReader(doc)
			if out, err := cmd.CombinedOutput(); err != nil || len(out) > 0 {
				t.Errorf("%s: %v %s", f.Name, err, out)
			}
		}
	}
}

func FuzzAnyTextGivesWellFormedDocuments(f *testing.F) {
	for _, s := range []string{"", "Кино", "]]>", "\x00\x1f\x7f", "\uFFFE\uFFFF", "\xff\xfe", "<b>&nbsp;</b>", "\u2028", "a\r\nb", "\xed\xa0\x80", "]]\x01>"} {
		f.Add(s, s)
	}
	f.Fuzz(func(t *testing.T, title, html string) {
		feed := sample()
		feed.Title, feed.Description = title, title
		feed.Items[0].Title, feed.Items[0].Summary, feed.Items[0].HTML = title, html, html
		feed.Items[0].Image, feed.Items[0].ImageAlt = title, html
		feed.Items[0].Authors = []Person{{title, html}}
		feed.Items[0].Categories = []Category{{html, title}}
		for _, format := range Formats() {
			doc, err := format.Render(feed)
			if err != nil {
				t.Fatal(err)
			}
			judge(t, format, doc)
			if got, err := gofeed.NewParser().Parse(bytes.NewReader(doc)); err != nil {
				t.Fatalf("%s: %v", format.Name, err)
			} else if len(got.Items) != 2 || got.Items[0].GUID != feed.Items[0].ID {
				t.Fatalf("%s: %d items, first %v", format.Name, len(got.Items), got.Items)
			}
		}
	})
}

func BenchmarkRender(b *testing.B) {
	feed := sample()
	one := feed.Items[0]
	one.HTML = strings.Repeat("<p>Абзац новостей проката, в котором около ста знаков текста.</p>", 40)
	feed.Items = nil
	for n := range 50 {
		one.ID = "tag:kino.example,2018:" + string(rune('a'+n%26)) + string(rune('a'+n/26))
		feed.Items = append(feed.Items, one)
	}
	for _, f := range Formats() {
		b.Run(f.Name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := f.Render(feed); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
