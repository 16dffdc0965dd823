package sources_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"vestnik/articles"
)

func TestArticleKeepsItsOriginalAddress(t *testing.T) {
	u := newUpstream(t, feed(rss(`<item xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:content="http://purl.org/rss/1.0/modules/content/"
			xmlns:media="http://search.yahoo.com/mrss/">
		<guid isPermaLink="false">tag:wire.example,2026:1</guid><link>https://Wire.example/a/1?x=1&amp;y=2</link>
		<title>Премьера &amp;laquo;Маяка&amp;raquo;</title>
		<description>&lt;p&gt;Коротко о &lt;b&gt;главном&lt;/b&gt;.&lt;/p&gt;</description>
		<content:encoded><![CDATA[<p>Весь текст со <a href="/b">ссылкой</a>.</p><script>alert(1)</script>]]></content:encoded>
		<dc:creator>Вера Лунёва</dc:creator><dc:creator>Owen Haddock</dc:creator>
		<category>Кино</category><category>кино</category><category>Прокат</category>
		<media:thumbnail url="/i/1.jpg"/>
		<pubDate>Mon, 23 Nov 2026 10:00:00 +0300</pubDate></item>`)))
	k := newDesk(t, u.URL)
	check(t, "report", numbers(k.mustPoll(now)), "1 0 0 0")
	a := k.articles()[0]
	check(t, "link", a.Link(k.site), "https://wire.example/a/1?x=1&y=2")
	check(t, "title", a.Title, "Премьера «Маяка»")
	check(t, "standfirst", a.Standfirst, "Коротко о главном.")
	check(t, "html", a.HTML, `<p>Весь текст со <a href="https://wire.example/b">ссылкой</a>.</p>`)
	check(t, "authors", a.Authors[0].Name+", "+a.Authors[1].Name, "Вера Лунёва, Owen Haddock")
	check(t, "tags", len(a.Tags), 2)
	check(t, "image", a.Image, "https://wire.example/i/1.jpg")
	check(t, "section", a.Section.Name, "Новости")
	check(t, "language", a.Language, "ru")
	check(t, "published", a.Published, time.Date(2026, 11, 23, 7, 0, 0, 0, time.UTC))
	check(t, "user agent", u.asked.Get("User-Agent"), "Vestnik/test")
}

func TestSecondPollSendsTheValidatorsBack(t *testing.T) {
	u := newUpstream(t, feed(rss(entry("1", "https://wire.example/1", "A", "Text")), `ETag: W/"strange 1"`, "Last-Modified: Mon, 23 Nov 2026 10:00:01 GMT"))
	k := newDesk(t, u.URL)
	k.mustPoll(now)
	check(t, "first If-None-Match", u.asked.Get("If-None-Match"), "")

	u.answer = status(304, `ETag: W/"strange 2"`)
	r := k.mustPoll(now.Add(time.Hour))
	check(t, "second If-None-Match", u.asked.Get("If-None-Match"), `W/"strange 1"`)
	check(t, "second If-Modified-Since", u.asked.Get("If-Modified-Since"), "Mon, 23 Nov 2026 10:00:01 GMT")
	check(t, "not modified", r.NotModified, true)

	k.mustPoll(now.Add(2 * time.Hour))
	check(t, "third If-None-Match", u.asked.Get("If-None-Match"), `W/"strange 2"`)
	check(t, "third If-Modified-Since", u.asked.Get("If-Modified-Since"), "Mon, 23 Nov 2026 10:00:01 GMT")

	k.source.URL += "/moved"
	u.answer = feed(rss())
	k.mustPoll(now.Add(3 * time.Hour))
	check(t, "If-None-Match at another address", u.asked.Get("If-None-Match"), "")
}

func TestUnchangedItemsCostNoWrite(t *testing.T) {
	document := rss(entry("1", "https://wire.example/1", "A", "Text"), entry("2", "https://wire.example/2", "B", "Text"))
	u := newUpstream(t, feed(document))
	k := newDesk(t, u.URL)
	check(t, "first", numbers(k.mustPoll(now)), "2 0 0 0")
	before, change := k.articles(), k.change()
	check(t, "second", numbers(k.mustPoll(now.Add(time.Hour))), "0 0 2 0")
	check(t, "articles", fmt.Sprint(k.articles()), fmt.Sprint(before))
	check(t, "change number", k.change(), change)

	u.answer = feed(strings.Replace(document, ">B<", ">B, corrected<", 1))
	check(t, "third", numbers(k.mustPoll(now.Add(2*time.Hour))), "0 1 1 0")
	check(t, "articles", len(k.articles()), 2)
	st := k.status()
	check(t, "changed", st.Changed, now.Add(2*time.Hour))
	check(t, "articles of the source", st.Articles, int64(2))
}

func TestIdentity(t *testing.T) {
	one := entry("1", "https://wire.example/1", "One", "Text")
	tests := []struct {
		name          string
		first, second string // documents
		report        string // of the second poll
		articles      int64
	}{
		{"changed guid, same link", rss(one), rss(entry("other", "https://wire.example/1", "One", "Text")), "0 0 1 0", 1},
		{"changed guid and text, same link", rss(one), rss(entry("other", "https://wire.example/1", "One more", "Text")), "0 1 0 0", 1},
		{"changed link, same guid", rss(one), rss(entry("1", "https://wire.example/one", "One", "Text")), "0 1 0 0", 1},
		{"same guid for all", rss(one, entry("1", "https://wire.example/2", "Two", "Text")),
			rss(entry("1", "https://wire.example/3", "Three", "Text"), entry("1", "https://wire.example/2", "Two", "Text"), one), "1 0 2 0", 3},
		{"same link for all", rss(entry("a", "https://wire.example/", "One", "Text"), entry("b", "https://wire.example/", "Two", "Text")),
			rss(entry("a", "https://wire.example/", "One", "Text"), entry("b", "https://wire.example/", "Two!", "Text")), "0 1 1 0", 2},
		{"no guid", rss(entry("", "https://wire.example/1", "One", "Text")), rss(entry("", "https://wire.example/1", "One!", "Text")), "0 1 0 0", 1},
		{"neither guid nor link", rss(entry("", "", "One", "Text")), rss(entry("", "", "One", "Better text")), "0 1 0 0", 1},
		{"guid is the address", rss(entry("https://wire.example/1", "", "One", "Text")), rss(entry("x", "https://wire.example/1", "One", "Text")), "0 0 1 0", 1},
		{"double", rss(one, one), rss(one, one), "0 0 1 1", 1},
	}
	newsroom := newDesk(t, "")
	for i, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			name := fmt.Sprintf("wire%d", i)
			own := func(document string) http.HandlerFunc { return feed(strings.ReplaceAll(document, "wire.", name+".")) }
			u := newUpstream(t, own(test.first))
			k := newsroom.another(t, name, u.URL)
			k.mustPoll(now)
			u.answer = own(test.second)
			check(t, "report", numbers(k.mustPoll(now.Add(time.Hour))), test.report)
			check(t, "articles", k.status().Articles, test.articles)
			before := k.change() // and nothing moves when nothing changes
			r := k.mustPoll(now.Add(2 * time.Hour))
			check(t, "quiet poll", r.Added+r.Updated, 0)
			check(t, "change number after it", k.change(), before)
		})
	}
}

func TestEnclosuresAreTakenWholeOrNotAtAll(t *testing.T) {
	item := func(enclosures string) string {
		return rss(`<item><guid>1</guid><link>https://wire.example/talks/1</link><title>One</title><description>Text</description>` + enclosures + `</item>`)
	}
	atom := func(links string) string {
		return `<feed xmlns="http://www.w3.org/2005/Atom"><title>F</title><link href="https://wire.example/"/><entry><id>urn:1</id><title>One</title>
			<link href="https://wire.example/talks/1"/>` + links + `<updated>2026-11-23T10:00:00Z</updated><content>Text</content></entry></feed>`
	}
	none := articles.Enclosure{}
	mp3 := articles.Enclosure{URL: "https://wire.example/talks/1.mp3", Type: "audio/mpeg", Length: 5_000_000_000}
	tests := []struct {
		name, document string
		want           articles.Enclosure
	}{
		{"whole", item(`<enclosure url="1.mp3" type="Audio/MPEG" length=" 5000000000 "/>`), mp3},
		{"of Atom", atom(`<link rel="enclosure" href="/talks/1.mp3" type="audio/mpeg" length="5000000000"/>`), mp3},
		{"of JSON", `{"version":"https://jsonfeed.org/version/1.1","title":"F","items":[{"id":"1","url":"https://wire.example/talks/1","title":"One",
			"content_text":"Text","attachments":[{"url":"https://wire.example/talks/1.mp3","mime_type":"audio/mpeg","size_in_bytes":5000000000}]}]}`, mp3},
		{"after a picture and half ones", item(`<enclosure url="1.jpg" type="image/jpeg" length="7"/><enclosure url="1.ogg" type="audio/ogg"/>
			<enclosure url="1.mp3" type="audio/mpeg" length="5000000000"/>`), mp3},
		{"without a length", item(`<enclosure url="1.mp3" type="audio/mpeg"/>`), none},
		{"of no length", item(`<enclosure url="1.mp3" type="audio/mpeg" length="0"/>`), none},
		{"of a length in words", item(`<enclosure url="1.mp3" type="audio/mpeg" length="7 MB"/>`), none},
		{"without a type", item(`<enclosure url="1.mp3" length="7"/>`), none},
		{"of no type", item(`<enclosure url="1.mp3" type="mp3" length="7"/>`), none},
		{"at no address", item(`<enclosure url="javascript:x" type="audio/mpeg" length="7"/>`), none},
		{"a picture", item(`<enclosure url="1.jpg" type="IMAGE/jpeg" length="7"/>`), none},
	}
	newsroom := newDesk(t, "")
	for i, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			name := fmt.Sprintf("wire%d", i) // every source has addresses of its own
			u := newUpstream(t, feed(strings.ReplaceAll(test.document, "wire.example", name+".example")))
			k := newsroom.another(t, name, u.URL)
			check(t, "report", numbers(k.mustPoll(now)), "1 0 0 0")
			got := none
			if e := k.only().Enclosure; e != nil {
				got = *e
			}
			got.URL = strings.ReplaceAll(got.URL, name+".example", "wire.example")
			check(t, "enclosure", got, test.want)
			check(t, "again", numbers(k.mustPoll(now.Add(time.Hour))), "0 0 1 0")
			u.answer = feed(strings.ReplaceAll(item(""), "wire.example", name+".example"))
			k.mustPoll(now.Add(2 * time.Hour))
			if e := k.only().Enclosure; e != nil {
				t.Errorf("taken out of the feed, it stays: %+v", e)
			}
		})
	}
}

func TestLinkFromElsewhereFirstIsLeftAlone(t *testing.T) {
	document := rss(entry("1", "https://wire.example/1", "One", "Text"))
	u := newUpstream(t, feed(document))
	k := newDesk(t, u.URL)
	k.mustPoll(now)
	k.source.Name, k.source.Section = "again", "Другое"
	for range 2 {
		check(t, "report of the second source", numbers(k.mustPoll(now)), "0 0 0 1")
	}
	check(t, "section", k.articles()[0].Section.Name, "Новости")
}

func TestWithdrawnArticleStaysWithdrawn(t *testing.T) {
	u := newUpstream(t, feed(rss(entry("1", "https://wire.example/1", "One", "Text"))))
	k := newDesk(t, u.URL)
	k.mustPoll(now)
	slug := k.articles()[0].Slug
	withdraw(t, k.d, slug)
	u.answer = feed(rss(entry("1", "https://wire.example/1", "One, again", "Text")))
	check(t, "report", numbers(k.mustPoll(now.Add(time.Hour))), "0 0 1 0")
	a, err := articles.Find(t.Context(), k.d, slug)
	if err != nil {
		t.Fatal(err)
	}
	check(t, "state", a.State, articles.Withdrawn)
}

func TestProblemItemsDoNotKeepTheOthersOut(t *testing.T) {
	u := newUpstream(t, feed(rss(
		entry("1", "https://wire.example/1", "", ""),
		entry("2", "https://wire.example/2", "Two", strings.Repeat("&lt;p&gt;long ", 300_000)),
		entry("3", "https://kino.example/articles/ours", "Ours", "Text"),
		entry("4", "https://wire.example/4", "Four", "Text"),
		entry("5", "javascript:alert(1)", "Five", ""))))
	k := newDesk(t, u.URL)
	r := k.mustPoll(now)
	check(t, "report", numbers(r), "2 0 0 3")
	for _, want := range []string{"item 1: it has neither a title nor a text", `item "Two" is not taken: body`, "item 3: it links to an article of this very site"} {
		if !strings.Contains(strings.Join(r.Problems, "\n"), want) {
			t.Errorf("problems = %q, want one with %q", r.Problems, want)
		}
	}
	for _, a := range k.articles() {
		if a.Title == "Five" {
			check(t, "address of an item with a bad link", a.URL, "")
			check(t, "kind of an item without text", a.Kind, articles.KindBrief)
		}
	}
}

func TestDates(t *testing.T) {
	dated := func(date string) string {
		return rss(`<item><guid>1</guid><link>https://wire.example/` + url.PathEscape(date) + `</link><title>One</title><description>Text</description>` + date + `</item>`)
	}
	at := func(s string) time.Time {
		when, err := time.Parse(time.RFC3339, s)
		if err != nil {
			t.Fatal(err)
		}
		return when.UTC()
	}
	tests := []struct {
		name, date        string
		published, moment time.Time
	}{
		{"zone by name", "<pubDate>Mon, 23 Nov 2026 10:00:00 GMT</pubDate>", at("2026-11-23T10:00:00Z"), at("2026-11-23T10:00:00Z")},
		{"Moscow's zone by name", "<pubDate>Mon, 23 Nov 2026 10:00:00 MSK</pubDate>", at("2026-11-23T07:00:00Z"), at("2026-11-23T07:00:00Z")},
		{"Russian words", "<pubDate>23 ноября 2026, 10:00</pubDate>", at("2026-11-23T10:00:00Z"), at("2026-11-23T10:00:00Z")},
		{"in the future", "<pubDate>Mon, 23 Nov 2036 10:00:00 GMT</pubDate>", now, now},
		{"none", "", time.Time{}, now},
		{"nonsense", "<pubDate>soon</pubDate>", time.Time{}, now},
		{"a program's zero", "<pubDate>Thu, 01 Jan 1970 00:00:00 GMT</pubDate>", time.Time{}, now},
	}
	newsroom := newDesk(t, "")
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			u := newUpstream(t, feed(dated(test.date)))
			k := newsroom.another(t, test.name, u.URL)
			k.mustPoll(now)
			u.answer = feed(strings.Replace(dated(test.date), "Text", "Other text", 1))
			check(t, "second report", numbers(k.mustPoll(now.Add(time.Hour))), "0 1 0 0")
			a := k.only()
			check(t, "published", a.Published, test.published)
			check(t, "moment", a.Moment, test.moment)
		})
	}
}
