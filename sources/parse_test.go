package sources

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"

	"vestnik/articles"
	"vestnik/db/dbtest"
	"vestnik/fetch"
)

var (
	testNow  = time.Date(2026, 11, 24, 8, 0, 0, 0, time.UTC)
	testSite = articles.Site{URL: "https://kino.example", Language: "ru", Location: time.UTC}
)

const titled = `<rss version="2.0"><channel><title>Лента</title><item><title>Маяк на седьмом причале</title><link>https://wire.example/1</link></item></channel></rss>`

func TestOldEncodingsAreRead(t *testing.T) {
	encode := func(e encoding.Encoding, s string) string {
		out, err := e.NewEncoder().String(s)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	declare := func(name string) string { return `<?xml version="1.0" encoding="` + name + `"?>` + "\n" }
	tests := []struct{ name, body, contentType string }{
		{"UTF-8 undeclared", titled, ""},
		{"windows-1251 declared", encode(charmap.Windows1251, declare("windows-1251")+titled), "text/xml"},
		{"koi8-r declared", encode(charmap.KOI8R, declare("KOI8-R")+titled), "text/xml"},
		{"windows-1251 in the header only", encode(charmap.Windows1251, titled), "text/xml; charset=windows-1251"},
		{"header and declaration differ, the header is right", encode(charmap.KOI8R, declare("windows-1251")+titled), "text/xml; charset=koi8-r"},
		{"the header says UTF-8, the declaration is right", encode(charmap.KOI8R, declare("koi8-r")+titled), "text/xml; charset=utf-8"},
		{"declared windows-1251, but UTF-8", declare("windows-1251") + titled, "text/xml; charset=cp1251"},
		{"windows-1251 undeclared", encode(charmap.Windows1251, titled), ""},
		{"koi8-r undeclared", encode(charmap.KOI8R, titled), "application/rss+xml"},
		{"UTF-8 with a byte order mark", "\uFEFF" + declare("utf-8") + titled, ""},
		{"UTF-16 with a byte order mark", encode(unicode.UTF16(unicode.LittleEndian, unicode.UseBOM), declare("utf-16")+titled), ""},
		{"UTF-16 without", encode(unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM), titled), ""},
		{"UTF-8 with a character cut in half", strings.Replace(titled, "Лента", "Лента\xD0", 1), ""},
		{"control characters", strings.Replace(titled, "Лента", "Ле\x01нта&#1;&#x1F;", 1), ""},
		{"unknown charset", declare("klingon") + titled, "text/xml; charset=klingon"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			feed, err := parse([]byte(test.body), test.contentType)
			if err != nil {
				t.Fatal(err)
			}
			if feed.Title != "Лента" || len(feed.Items) != 1 || feed.Items[0].Title != "Маяк на седьмом причале" {
				t.Errorf("title = %q, items = %v", feed.Title, feed.Items)
			}
		})
	}
}

func TestOtherFormatsAreMapped(t *testing.T) {
	tests := []struct{ name, body string }{
		{"Atom", `<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="en"><title>F</title><author><name>Tessa Marlowe</name></author>
			<link href="https://wire.example/"/><entry><id>urn:1</id><title type="html">Salt &amp;amp; Sugar</title>
			<link rel="alternate" href="/a/1"/><updated>2026-11-23T10:00:00Z</updated><summary>Short.</summary>
			<content type="html">&lt;p&gt;Long.&lt;/p&gt;</content></entry></feed>`},
		{"JSON Feed", `{"version":"https://jsonfeed.org/version/1.1","title":"F","home_page_url":"https://wire.example/","language":"en",
			"authors":[{"name":"Tessa Marlowe"}],"items":[{"id":"1","url":"/a/1","title":"Salt & Sugar","summary":"Short.",
			"content_html":"<p>Long.</p>","date_published":"2026-11-23T10:00:00Z"}]}`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			feed, err := parse([]byte(test.body), "")
			if err != nil {
				t.Fatal(err)
			}
			items, notes := mapFeed(feed, "https://wire.example/feed", Source{Name: "wire"}, testSite, testNow)
			if len(items) != 1 || len(notes) != 0 {
				t.Fatalf("items = %v, notes = %q", items, notes)
			}
			in := items[0].input
			for _, c := range []struct{ what, got, want string }{
				{"title", in.Title, "Salt & Sugar"}, {"url", in.URL, "https://wire.example/a/1"}, {"html", in.HTML, "<p>Long.</p>"},
				{"standfirst", in.Standfirst, "Short."}, {"language", in.Language, "en"}, {"authors", strings.Join(in.Authors, ","), "Tessa Marlowe"},
				{"published", in.Published.UTC().Format(time.RFC3339), "2026-11-23T10:00:00Z"},
			} {
				if c.got != c.want {
					t.Errorf("%s = %q, want %q", c.what, c.got, c.want)
				}
			}
		})
	}
}

func TestItemWithoutTitleIsCalledByItsText(t *testing.T) {
	feed, err := parse([]byte(`<rss version="2.0"><channel><item><guid>1</guid><description>&lt;p&gt;`+
		strings.Repeat("слово ", 40)+`&lt;/p&gt;</description></item></channel></rss>`), "")
	if err != nil {
		t.Fatal(err)
	}
	items, _ := mapFeed(feed, "https://wire.example/feed", Source{}, testSite, testNow)
	got := items[0].input.Title
	if !strings.HasSuffix(got, "слово…") || utf8.RuneCountInString(got) > 80 {
		t.Errorf("title = %q", got)
	}
}

func TestLongFeedIsCut(t *testing.T) {
	var items strings.Builder
	for i := range 1003 {
		fmt.Fprintf(&items, "<item><guid>%d</guid><title>Item %d</title></item>", i, i)
	}
	feed, err := parse([]byte("<rss version=\"2.0\"><channel>"+items.String()+"</channel></rss>"), "")
	if err != nil {
		t.Fatal(err)
	}
	taken, notes := mapFeed(feed, "https://wire.example/feed", Source{}, testSite, testNow)
	if len(taken) != 1000 || taken[999].key != "999" {
		t.Errorf("items = %d, want 1000", len(taken))
	}
	if want := "the feed has 1003 items, and only the first 1000 are taken"; strings.Join(notes, "; ") != want {
		t.Errorf("notes = %q, want %q", notes, want)
	}
}

func TestShortestInterval(t *testing.T) {
	tests := []struct {
		url   string
		every time.Duration
		want  time.Duration
	}{
		{"https://wire.example/feed", 0, time.Hour},
		{"https://wire.example/feed", time.Minute, 15 * time.Minute},
		{"https://wire.example/feed", 48 * time.Hour, 48 * time.Hour},
		{"http://127.0.0.1:8081/feed", time.Minute, time.Minute},
		{"http://localhost/feed", time.Second, time.Second},
		{"http://[::1]/feed", 0, time.Hour},
		{"://", time.Second, 15 * time.Minute},
	}
	for _, test := range tests {
		if got := interval(Source{URL: test.url, Every: test.every}); got != test.want {
			t.Errorf("interval(%s, %v) = %v, want %v", test.url, test.every, got, test.want)
		}
	}
}

// A public host that refuses means whoever asks, with all that it asks for.
func TestAHostThatAsksForPeaceIsLeftAloneWhole(t *testing.T) {
	d, ctx := dbtest.Open(t), t.Context()
	all := []Source{{Name: "one", URL: "https://wire.example/1"}, {Name: "two", URL: "https://WIRE.example:443/2"}, {Name: "other", URL: "https://other.example/"},
		{Name: "near", URL: "http://10.0.0.7/1"}, {Name: "also near", URL: "http://10.0.0.7/2"}}
	for _, s := range all {
		r, err := claim(ctx, d, s, testNow)
		if err != nil {
			t.Fatal(err)
		}
		p := poll{d: d, source: s, now: testNow, row: r, answer: &fetch.Response{Status: http.StatusNotModified}}
		if err := p.settle(ctx, nil); err != nil {
			t.Fatal(err)
		}
	}
	refuse := func(s Source, answer fetch.Response) {
		t.Helper()
		r, err := claim(ctx, d, s, testNow)
		if err != nil {
			t.Fatal(err)
		}
		p := poll{d: d, source: s, now: testNow, row: r, answer: &answer}
		if err := p.settle(ctx, errors.New("refused")); err != nil {
			t.Fatal(err)
		}
	}
	due := func(after time.Duration) string {
		t.Helper()
		found, err := Due(ctx, d, all, testNow.Add(after))
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, s := range found {
			names = append(names, s.Name)
		}
		slices.Sort(names)
		return strings.Join(names, ", ")
	}
	seen, err := Due(ctx, d, all[1:2], testNow.Add(2*time.Hour))
	if err != nil || len(seen) != 1 {
		t.Fatal(seen, err)
	}
	refuse(all[3], fetch.Response{Status: 429, RetryAfter: 5 * time.Hour})
	refuse(all[0], fetch.Response{Status: 500, RetryAfter: 5 * time.Hour})
	if got := due(2 * time.Hour); got != "also near, one, other, two" {
		t.Errorf("a private host, and one in trouble, hold back: due are %s", got)
	}
	refuse(all[0], fetch.Response{Status: 503, RetryAfter: 5 * time.Hour})
	if got := due(2 * time.Hour); got != "also near, other" {
		t.Errorf("due are %s", got)
	}
	if _, err := claim(ctx, d, seen[0], testNow.Add(2*time.Hour)); !errors.Is(err, ErrBusy) {
		t.Errorf("one that was found due before the refusal: %v, want %v", err, ErrBusy)
	}
	if got := due(6 * time.Hour); got != "also near, near, one, other, two" {
		t.Errorf("when the time is over, due are %s", got)
	}
}

func TestPublicHosts(t *testing.T) {
	for address, want := range map[string]string{"https://Wire.example.:8443/x": "wire.example", "http://192.0.2.7/": "192.0.2.7", "http://[2001:db8::1]/": "2001:db8::1",
		"http://localhost/": "", "http://bridge/": "", "http://nas.local/": "", "http://127.0.0.1/": "", "http://10.1.2.3:80/": "", "http://[::1]/": "",
		"http://[::ffff:192.168.0.1]/": "", "http://169.254.169.254/": "", "://": ""} {
		if got := publicHost(address); got != want {
			t.Errorf("publicHost(%s) = %q, want %q", address, got, want)
		}
	}
}

func FuzzFeedNeverPanics(f *testing.F) {
	f.Add([]byte(titled), "text/xml; charset=utf-8")
	f.Add([]byte(`{"version":"https://jsonfeed.org/version/1","items":[{"id":"1","content_text":"x"},null]}`), "")
	f.Add([]byte(`<feed xmlns="http://www.w3.org/2005/Atom"><entry><link href="%zz"/><content type="xhtml"><div/></content></entry></feed>`), "")
	f.Add([]byte(`<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><item><title>x</title></item></rdf:RDF>`), "x")
	f.Add([]byte(`<rss version="2.0" xmlns:sy="http://purl.org/rss/1.0/modules/syndication/"><channel><ttl>9999999999</ttl><sy:updatePeriod>yearly</sy:updatePeriod></channel></rss>`), "")
	f.Add([]byte("\xFF\xFE<\x00"), "")
	f.Fuzz(func(t *testing.T, body []byte, contentType string) {
		feed, err := parse(body, contentType)
		if err != nil {
			return
		}
		if asked := rhythm(feed); asked < 0 || asked > maxHint {
			t.Errorf("the feed asks for %v", asked)
		}
		items, _ := mapFeed(feed, "https://wire.example/feed", Source{Name: "wire"}, testSite, testNow)
		for _, it := range items {
			in := it.input
			if in.Title == "" || it.key == "" || len(it.key) > maxLink || !utf8.ValidString(in.Title) || in.Published.After(testNow) {
				t.Errorf("item = %+v", it)
			}
		}
	})
}
