package feeds

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"
	"time"
)

// torture is text that has broken documents of others.
const torture = "Кино & <b>\"танец\"</b> ]]> \x00\x0b\ufffe\xff '🎬'\r\n  שלום"

// elements reads a document to its end and returns the texts of its leaves by name, with their prefixes' addresses.
func elements(t *testing.T, doc []byte) map[string][]string {
	t.Helper()
	all := map[string][]string{}
	d := xml.NewDecoder(strings.NewReader(string(doc)))
	text := ""
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatalf("%v in\n%s", err, doc)
		}
		switch token := token.(type) {
		case xml.StartElement:
			text = ""
			for _, a := range token.Attr {
				all["@"+a.Name.Local] = append(all["@"+a.Name.Local], a.Value)
			}
		case xml.CharData:
			text += string(token)
		case xml.EndElement:
			if text = strings.TrimSpace(text); text != "" {
				name := strings.TrimSpace(token.Name.Space + " " + token.Name.Local)
				all[name] = append(all[name], text)
			}
			text = ""
		}
	}
}

func one(t *testing.T, all map[string][]string, name, want string) {
	t.Helper()
	if got := all[name]; len(got) != 1 || got[0] != want {
		t.Errorf("%s = %q, want once %q", name, got, want)
	}
}

func TestASitemapSaysWhenAPageChangedAndNothingWhereThatIsUnknown(t *testing.T) {
	zone := time.FixedZone("", 11*3600)
	doc, err := Sitemap([]Location{
		{Address: "https://kino.example/articles/festival?a=1&b=2", Modified: time.Date(2026, 11, 24, 9, 5, 0, 999, zone)},
		{Address: "https://kino.example/articles/undated"},
	})
	if err != nil {
		t.Fatal(err)
	}
	all := elements(t, doc)
	one(t, all, sitemapSpace+" lastmod", "2026-11-24T09:05:00+11:00")
	if got := all[sitemapSpace+" loc"]; len(got) != 2 || got[0] != "https://kino.example/articles/festival?a=1&b=2" {
		t.Errorf("addresses = %q", got)
	}
	index, err := SitemapIndex([]Location{{Address: "https://kino.example/sitemaps/2026-11.xml", Modified: time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC)}})
	if err != nil {
		t.Fatal(err)
	}
	one(t, elements(t, index), sitemapSpace+" loc", "https://kino.example/sitemaps/2026-11.xml")
	if !strings.Contains(string(index), "<sitemapindex") {
		t.Errorf("no index: %s", index)
	}
}

func TestANewsSitemapHoldsWhatGoogleAsksFor(t *testing.T) {
	published := time.Date(2026, 11, 24, 8, 0, 0, 0, time.FixedZone("", 11*3600))
	doc, err := NewsSitemap("Вестник "+torture, []NewsPage{{Address: "https://kino.example/articles/x", Title: torture, Language: "ru", Published: published}})
	if err != nil {
		t.Fatal(err)
	}
	all := elements(t, doc)
	one(t, all, newsSpace+" title", `Кино & <b>"танец"</b> ]]> '🎬' שלום`)
	one(t, all, newsSpace+" name", `Вестник Кино & <b>"танец"</b> ]]> '🎬' שלום`)
	one(t, all, newsSpace+" language", "ru")
	one(t, all, newsSpace+" publication_date", "2026-11-24T08:00:00+11:00")
	one(t, all, sitemapSpace+" loc", "https://kino.example/articles/x")
	if n := strings.Count(string(doc), "<news:publication>"); n != 1 {
		t.Errorf("%d publications for one article", n)
	}
	empty, err := NewsSitemap("Вестник", nil)
	if err != nil || !strings.Contains(string(empty), "<urlset") {
		t.Errorf("empty: %v, %s", err, empty)
	}
	if _, err := NewsSitemap("Вестник", []NewsPage{{Address: "https://kino.example/articles/x", Title: "Без даты"}}); err == nil {
		t.Error("an article without a date was taken")
	}
}

func TestSitemapsAreNeverLongerThanSearchEnginesRead(t *testing.T) {
	if _, err := Sitemap(make([]Location, SitemapMax+1)); err == nil {
		t.Error("a sitemap that is too long")
	}
	if _, err := SitemapIndex(make([]Location, SitemapMax+1)); err == nil {
		t.Error("an index that is too long")
	}
	if _, err := NewsSitemap("", make([]NewsPage, NewsSitemapMax+1)); err == nil {
		t.Error("a news sitemap that is too long")
	}
}

func TestAListOfFeedsNamesEachOnceInItsFolder(t *testing.T) {
	doc, err := OPML("Ленты "+torture, "ООО «Кино»", []OPMLGroup{
		{Title: "Разделы", Feeds: []OPMLFeed{
			{Title: torture, Address: "https://kino.example/sections/a/feed.xml", Home: "https://kino.example/sections/a", Language: "ru"},
			{Title: "Прокат", Address: "https://kino.example/most-read/feed.xml?window=7d&x=1", Home: "https://kino.example/most-read"},
		}},
		{Title: "Теги"},
	})
	if err != nil {
		t.Fatal(err)
	}
	all := elements(t, doc)
	one(t, all, "title", `Ленты Кино & <b>"танец"</b> ]]> '🎬' שלום`)
	if got := all["@xmlUrl"]; len(got) != 2 || got[1] != "https://kino.example/most-read/feed.xml?window=7d&x=1" {
		t.Errorf("addresses = %q", got)
	}
	if got := all["@text"]; len(got) != 3 || got[0] != "Разделы" || got[1] != `Кино & <b>"танец"</b> ]]> '🎬' שלום` {
		t.Errorf("texts = %q: want the folder and its feeds, and no empty folder", got)
	}
	if got := all["@version"]; len(got) != 3 || got[0] != "2.0" {
		t.Errorf("versions = %q", got)
	}
}

// FuzzLists: whatever text goes in, all of the documents beside the feeds are well-formed.
func FuzzLists(f *testing.F) {
	f.Add(torture)
	f.Add("\xed\xa0\x80 &#0; &nbsp; <!-- --")
	f.Fuzz(func(t *testing.T, text string) {
		opml, err1 := OPML(text, text, []OPMLGroup{{Title: text, Feeds: []OPMLFeed{{Title: text, Address: text, Home: text, Language: text}}}})
		sitemap, err2 := Sitemap([]Location{{Address: text}})
		news, err3 := NewsSitemap(text, []NewsPage{{Address: text, Title: "x" + text, Language: text, Published: time.Unix(1e9, 0)}})
		if err := errors.Join(err1, err2, err3); err != nil {
			t.Fatal(err)
		}
		for _, doc := range [][]byte{opml, sitemap, news} {
			elements(t, doc)
		}
	})
}
