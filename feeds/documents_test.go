package feeds

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mmcdole/gofeed"
)

var update = flag.Bool("update", false, "write the golden files anew")

func TestDocumentsEqualTheGoldenFiles(t *testing.T) {
	feeds := map[string]Feed{
		"sample": sample(), "archive": archive(), "summaries": summaries(),
		"empty": {ID: "tag:kino.example,2026:empty", Title: "Пусто", Home: "https://kino.example/tags/empty"},
	}
	for _, f := range all() {
		for name, feed := range feeds {
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
		compare(t, f, got.Items[0], want.Items[0])
		if b := got.Items[1]; b.Link != "https://wire.example/second" || f.Name != "atom" && b.PublishedParsed != nil { // gofeed takes Atom's updated for it
			t.Errorf("%s: a brief of unknown date says it was published at %v, link %s", f.Name, b.PublishedParsed, b.Link)
		}
	}
}

func compare(t *testing.T, f Format, got *gofeed.Item, want Item) {
	t.Helper()
	if got.GUID != want.ID || got.Title != want.Title || got.Link != want.Link {
		t.Errorf("%s: item = %q %q %q", f.Name, got.GUID, got.Title, got.Link)
	}
	if got.PublishedParsed == nil || !got.PublishedParsed.Equal(want.Published) {
		t.Errorf("%s: published = %v, want %v", f.Name, got.PublishedParsed, want.Published)
	}
	if f.Name != "rss" && (got.UpdatedParsed == nil || !got.UpdatedParsed.Equal(want.Updated)) {
		t.Errorf("%s: updated = %v, want %v", f.Name, got.UpdatedParsed, want.Updated)
	}
	if !strings.Contains(got.Content, want.HTML) || !strings.HasPrefix(got.Content, `<p><img src="https://kino.example/i/1.jpg?a=1&amp;b=2"`) {
		t.Errorf("%s: content = %q", f.Name, got.Content)
	}
	if names := []string{"Фестивали", "танец & кино"}; !slices.Equal(got.Categories, names) {
		t.Errorf("%s: categories = %q, want %q", f.Name, got.Categories, names)
	}
	if len(got.Authors) == 0 || got.Authors[0].Name != "Иван Петров" {
		t.Errorf("%s: authors = %v", f.Name, got.Authors)
	}
	if e := got.Enclosures; len(e) != 1 || e[0].URL != want.Enclosure.URL || e[0].Type != want.Enclosure.Type || e[0].Length != "5000000000" {
		t.Errorf("%s: enclosures = %+v", f.Name, e)
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
	if got.TTL != 5 || got.Build != "Tue, 29 May 2018 15:00:00 GMT" {
		t.Errorf("ttl = %d, lastBuildDate = %q", got.TTL, got.Build)
	}
	if d, c := bytes.Index(doc, []byte("<description>Показы")), bytes.Index(doc, []byte("<content:encoded>")); d < 0 || c < d {
		t.Errorf("description at %d, content:encoded at %d", d, c)
	}
	if bytes.Contains(doc, []byte("<author>")) {
		t.Error("RSS has an author without an address")
	}
}

func TestHeadsNameTheHubAndTheWayThroughTheHistory(t *testing.T) {
	for name, link := range map[string]string{
		"rss":  `<atom:link href="%s" rel="%s"%s></atom:link>`,
		"atom": `<link href="%s" rel="%s"%s></link>`,
	} {
		f := named(t, name)
		for _, tt := range []struct {
			feed      Feed
			rel, href string
		}{
			{sample(), "self", "https://kino.example/" + f.File},
			{sample(), "hub", "https://kino.example/hub"},
			{sample(), "prev-archive", "https://kino.example/archive/2018-04/" + f.File + "?v=17"},
			{archive(), "self", "https://kino.example/archive/2018-05/" + f.File + "?v=43"},
			{archive(), "next-archive", "https://kino.example/archive/2018-06/" + f.File + "?v=50"},
			{archive(), "current", "https://kino.example/" + f.File},
		} {
			kind := ` type="` + f.Type + `"`
			if tt.rel == "hub" {
				kind = ""
			}
			want := strings.NewReplacer(`"%s" rel="%s"%s`, `"`+tt.href+`" rel="`+tt.rel+`"`+kind).Replace(link)
			if doc, err := f.Render(tt.feed); err != nil || !bytes.Contains(doc, []byte(want)) {
				t.Errorf("%s: no %s (%v) in\n%s", name, want, err, doc)
			}
		}
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

func TestAtomBuriesOnlyWhatIsGone(t *testing.T) {
	f := sample()
	f.Deleted = append(f.Deleted, Deleted{ID: f.Items[0].ID, At: day}, Deleted{ID: "tag:no-day"}, f.Deleted[0])
	doc, err := Atom(f)
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Tombstones []tombstone `xml:"http://purl.org/atompub/tombstones/1.0 deleted-entry"`
	}
	if err := xml.Unmarshal(doc, &got); err != nil {
		t.Fatal(err)
	}
	if len(got.Tombstones) != 1 || got.Tombstones[0] != (tombstone{"tag:kino.example,2018-05-27:withdrawn", "2018-05-28T14:00:00Z"}) {
		t.Errorf("tombstones = %+v", got.Tombstones)
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
	for _, key := range []string{"banner_", "author", "language"} {
		if _, ok := item[key]; ok {
			t.Errorf("item has %s", key)
		}
	}
	if size := item["attachments"].([]any)[0].(map[string]any)["size_in_bytes"]; size != 5e9 {
		t.Errorf("size_in_bytes = %v", size)
	}
	if got["feed_url"] != "https://kino.example/feed.json" || got["home_page_url"] != "https://kino.example/" || got["next_url"] != "https://kino.example/archive/2018-04/feed.json?v=17" {
		t.Errorf("feed_url = %v, home_page_url = %v, next_url = %v", got["feed_url"], got["home_page_url"], got["next_url"])
	}
	if brief := got["items"].([]any)[1].(map[string]any); brief["content_text"] != "A brief in English" || brief["language"] != "en" {
		t.Errorf("brief = %v", brief)
	}
	if bytes.Contains(doc, []byte(`\u003c`)) {
		t.Error("JSON escapes <")
	}
}

func TestYandexGetsOnlyWhatHasATextAndADate(t *testing.T) {
	f := sample()
	undated := article()
	undated.ID, undated.Published = "tag:undated", time.Time{}
	f.Items = append(f.Items, undated)
	doc, err := Yandex(f)
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Items []struct {
			Title    string `xml:"title"`
			Author   string `xml:"author"`
			Category string `xml:"category"`
			PubDate  string `xml:"pubDate"`
			Text     string `xml:"http://news.yandex.ru full-text"`
			Genre    string `xml:"http://news.yandex.ru genre"`
			Picture  struct {
				URL  string `xml:"url,attr"`
				Type string `xml:"type,attr"`
			} `xml:"enclosure"`
		} `xml:"channel>item"`
	}
	if err := xml.Unmarshal(doc, &got); err != nil {
		t.Fatal(err)
	}
	if len(got.Items) != 1 {
		t.Fatalf("%d items, want 1:\n%s", len(got.Items), doc)
	}
	i, w := got.Items[0], article()
	if i.Text != w.Text || i.Genre != "message" || i.Author != "Иван Петров, Anna O'Neil" || i.Category != "Фестивали" || i.Picture.URL != w.Image || i.Picture.Type != "image/jpeg" {
		t.Errorf("item = %+v", i)
	}
	for _, foreign := range []string{"content:", "dc:", "atom:", "xml-stylesheet"} {
		if bytes.Contains(doc, []byte(foreign)) {
			t.Errorf("%s is mixed into Yandex's feed", foreign)
		}
	}
}

func TestAnEnclosureThatIsNotCompleteIsLeftOut(t *testing.T) {
	for _, e := range []Enclosure{{"", "audio/mpeg", 1}, {"https://kino.example/1.mp3", "", 1}, {"https://kino.example/1.mp3", "audio/mpeg", 0}} {
		for _, f := range Formats() {
			feed := sample()
			feed.Items[0].Enclosure = &e
			doc, err := f.Render(feed)
			if err != nil || bytes.Contains(doc, []byte("enclosure")) || bytes.Contains(doc, []byte("attachments")) {
				t.Errorf("%s, %+v: %v\n%s", f.Name, e, err, doc)
			}
		}
	}
}

func TestAnEmptyOrRepeatedIDIsRefused(t *testing.T) {
	twice, noID, noItemID := sample(), sample(), sample()
	twice.Items[1].ID = " " + twice.Items[0].ID
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
	for _, format := range all() {
		if _, err := format.Render(f); err != nil {
			t.Fatal(err)
		}
	}
	if w := sample(); f.Items[0].HTML != w.Items[0].HTML || f.Items[0].Enclosure.Size != w.Items[0].Enclosure.Size || len(f.Items) != 2 {
		t.Error("rendering changed its argument")
	}
}

func TestTheTimeBetweenTwoPollsFollowsTheRhythm(t *testing.T) {
	every := func(gap time.Duration, n int) Feed {
		var f Feed
		for k := range n {
			f.Items = append(f.Items, Item{Published: day.Add(-time.Duration(k) * gap)})
		}
		return f
	}
	burst := every(2*time.Hour, 20) // one night when everything came at once does not make a feed fast
	for k := range 5 {
		burst.Items[k].Published = day
	}
	for name, tt := range map[string]struct {
		feed Feed
		want time.Duration
	}{
		"nothing yet": {Feed{}, 5 * time.Minute},
		"one item":    {every(0, 1), 5 * time.Minute},
		"minutes":     {every(3*time.Minute, 30), 5 * time.Minute},
		"two hours":   {every(2*time.Hour, 30), 15 * time.Minute},
		"a burst":     {burst, 15 * time.Minute},
		"odd":         {every(100*time.Minute, 3), 12 * time.Minute},
		"weeks":       {every(7*24*time.Hour, 4), time.Hour},
		"as said":     {Feed{TTL: 2 * time.Hour}, 2 * time.Hour},
		"ended":       {Feed{Expired: true}, time.Hour},
		"archive":     {Feed{Archive: true, TTL: time.Minute}, 365 * 24 * time.Hour},
	} {
		if got := tt.feed.MaxAge(); got != tt.want {
			t.Errorf("%s: %v, want %v", name, got, tt.want)
		}
	}
}
