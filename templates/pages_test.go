package templates

import (
	"bytes"
	"encoding/json"
	"math"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"
)

// A document is a parsed page or letter with its elements in order.
type document struct{ nodes []*html.Node }

func parse(t *testing.T, s string) document {
	t.Helper()
	root, err := html.Parse(strings.NewReader(s))
	if err != nil {
		t.Fatal(err)
	}
	var d document
	for n := range root.Descendants() {
		d.nodes = append(d.nodes, n)
	}
	return d
}

func (d document) all(tag string) []*html.Node {
	var out []*html.Node
	for _, n := range d.nodes {
		if n.Type == html.ElementNode && n.Data == tag {
			out = append(out, n)
		}
	}
	return out
}

func attr(n *html.Node, key string) string {
	for _, a := range n.Attr {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}

func has(n *html.Node, key string) bool {
	for _, a := range n.Attr {
		if a.Key == key {
			return true
		}
	}
	return false
}

// attr is the attribute of the first element of that kind.
func (d document) attr(tag, key string) string {
	for _, n := range d.all(tag) {
		return attr(n, key)
	}
	return ""
}

// text is what a reader sees, in order, with single spaces.
func (d document) text() string {
	var b strings.Builder
	for _, n := range d.nodes {
		if n.Type != html.TextNode {
			continue
		}
		switch n.Parent.Data {
		case "script", "style", "title":
		default:
			b.WriteString(n.Data + " ")
		}
	}
	return strings.Trim(regexp.MustCompile(`[ \n\t]+`).ReplaceAllString(b.String(), " "), " ")
}

// check is what holds for pages and letters alike.
func (d document) check(t *testing.T, name string) {
	t.Helper()
	ids := map[string]bool{}
	for _, n := range d.nodes {
		if id := attr(n, "id"); id != "" {
			if ids[id] {
				t.Errorf("%s: the id %q is there twice", name, id)
			}
			ids[id] = true
		}
		if n.Data == "img" && !has(n, "alt") {
			t.Errorf("%s: a picture without alt: %s", name, attr(n, "src"))
		}
		for _, a := range n.Attr {
			if strings.HasPrefix(a.Key, "on") {
				t.Errorf("%s: a program in the attribute %s", name, a.Key)
			}
			if strings.Contains(a.Val, "ZgotmplZ") {
				t.Errorf("%s: html/template refused the value of %s", name, a.Key)
			}
		}
	}
	if n := len(d.all("h1")); n != 1 {
		t.Errorf("%s: %d headings of the first level, want 1", name, n)
	}
	for _, n := range d.nodes { // references by id lead somewhere
		for _, key := range []string{"aria-labelledby", "aria-describedby", "for"} {
			if id := attr(n, key); id != "" && !ids[id] {
				t.Errorf("%s: %s=%q leads to nothing", name, key, id)
			}
		}
	}
}

func render(t *testing.T, s *Set, name string, p Page) string {
	t.Helper()
	var b bytes.Buffer
	if err := s.Page(&b, templateOf(name), p); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestPagesAreValidAndHoldTheStrictestPolicy(t *testing.T) {
	s := newSet(t)
	for _, lang := range Languages() {
		for name, p := range pictures(lang) {
			d := parse(t, render(t, s, name, p))
			d.check(t, name+" "+lang)
			if got := d.attr("html", "lang"); got != lang {
				t.Errorf("%s: language %q, want %q", name, got, lang)
			}
			if len(d.all("style")) > 0 || len(d.all("main")) != 1 {
				t.Errorf("%s: an inline style, or not one main part", name)
			}
			for _, n := range d.nodes {
				if has(n, "style") {
					t.Errorf("%s: <%s> with an inline style", name, n.Data)
				}
				program := "/a.js"
				if templateOf(name) == "feeds.html" {
					program = "/assets/feeds.js"
				}
				if n.Data == "script" && attr(n, "type") != "application/ld+json" && (n.FirstChild != nil || attr(n, "src") != program) {
					t.Errorf("%s: a program other than %s", name, program)
				}
				if n.Data == "link" && attr(n, "rel") == "stylesheet" && attr(n, "href") != "/assets/style.css" {
					t.Errorf("%s: stylesheet %s", name, attr(n, "href"))
				}
				if n.Data == "time" && !validTime(attr(n, "datetime")) {
					t.Errorf("%s: time with datetime=%q", name, attr(n, "datetime"))
				}
			}
		}
	}
}

func validTime(s string) bool {
	_, err := time.Parse(time.RFC3339, s)
	return err == nil
}

func TestFormsAreLabelledAndChangeNothingByGet(t *testing.T) {
	s := newSet(t)
	for name, p := range pictures("ru") {
		d := parse(t, render(t, s, name, p))
		labels := map[string]bool{}
		for _, l := range d.all("label") {
			labels[attr(l, "for")] = true
		}
		for _, f := range d.all("form") {
			if attr(f, "method") != "post" && attr(f, "role") != "search" {
				t.Errorf("%s: a form that acts by GET", name)
			}
		}
		for _, in := range d.all("input") {
			inside := in.Parent.Data == "label"
			if attr(in, "type") != "hidden" && !inside && !labels[attr(in, "id")] {
				t.Errorf("%s: the field %q has no label", name, attr(in, "name"))
			}
		}
	}
}

func TestArticlePageHasThePartsOfARealOne(t *testing.T) {
	p := pictures("ru")["article"]
	p.Article.Language = "ru"
	got := render(t, newSet(t), "article", p)
	text := parse(t, got).text()
	at := 0
	for _, part := range []string{"Реклама", p.Article.Title, "Автор: Марина Осокина", "24 ноября 2026", p.Article.Standfirst,
		"Областное правительство, фонд", "Обновлено 24 ноября 2026, 07:30", "Новости по теме", "Самое читаемое"} {
		i := strings.Index(text[at:], part)
		if i < 0 {
			t.Fatalf("%q is missing or out of order in:\n%s", part, text[at:])
		}
		at += i
	}
	if got := strings.Count(text, "Подробнее"); got != 25 {
		t.Errorf("«Подробнее» %d times, want 25", got)
	}
	for _, want := range []string{
		`<script src="/a.js" data-beacon="/a/7" data-token="t0ken" defer></script>`,
		`<link rel="alternate" type="application/atom+xml" title="Atom" href="/feed.atom">`,
		`<meta property="og:image" content="https://kino.example/assets/photo.png">`,
		`datetime="2026-11-24T00:00:00+11:00"`, `"datePublished":"2026-11-24T00:00:00+11:00"`,
	} {
		if !strings.Contains(html.UnescapeString(got), want) {
			t.Errorf("the page lacks %s", want)
		}
	}
}

func TestPageSpeaksItsLanguageAndTheArticleItsOwn(t *testing.T) {
	p := page("de") // not ours: English
	p.Article = article()
	d := parse(t, render(t, newSet(t), "article", p))
	if got := d.attr("html", "lang"); got != "en" {
		t.Errorf("page language %q, want en", got)
	}
	if got := d.attr("article", "lang"); got != "ru" {
		t.Errorf("article language %q, want ru", got)
	}
	if !strings.Contains(d.text(), "By Марина Осокина") {
		t.Errorf("no English byline in %s", d.text())
	}
}

func TestArticleWithoutDateAuthorOrBodyShowsNone(t *testing.T) {
	p := page("ru")
	p.Article, p.Banner, p.Now, p.MostRead = &Article{Title: "Краткая новость", Original: "https://www.wire.example/1"}, nil, time.Time{}, nil
	got := render(t, newSet(t), "article", p)
	for _, unwanted := range []string{"<time", "Автор", "byline", `class="body"`, "<figure", "/a.js", "banner", "0001"} {
		if strings.Contains(got, unwanted) {
			t.Errorf("the page shows %s of an article that has none", unwanted)
		}
	}
	if !strings.Contains(got, "Читать полностью на wire.example") {
		t.Error("the page does not lead to the original")
	}
}

func TestCorrectedArticleSaysSoBeforeItsText(t *testing.T) {
	s := newSet(t)
	p := pictures("ru")["article_corrected"]
	p.Language = "en"
	d := parse(t, render(t, s, "article", p))
	text := d.text()
	at := 0
	for _, part := range []string{p.Article.Standfirst, "Correction", "24 November 2026, 07:30", "В первой версии", "Редакция приносит", "Областное правительство"} {
		i := strings.Index(text[at:], part)
		if i < 0 {
			t.Fatalf("%q is missing or out of order in:\n%s", part, text[at:])
		}
		at += i
	}
	want := map[string]any{"@type": "CorrectionComment", "text": strings.Join(p.Article.Correction, "\n\n"), "datePublished": "2026-11-24T07:30:00+11:00"}
	if got := dataBlock(t, d)["correction"]; !reflect.DeepEqual(got, want) {
		t.Errorf("correction for search engines = %v, want %v", got, want)
	}
	p.Article.Corrected = time.Time{}
	got := render(t, s, "article", p)
	if !strings.Contains(got, `role="note"`) || strings.Contains(got, "0001") {
		t.Error("a correction without a date is not shown, or with one")
	}
	if got := render(t, s, "article", pictures("ru")["article"]); strings.Contains(strings.ToLower(got), "correction") {
		t.Error("an article that was not corrected speaks of a correction")
	}
}

// dataBlock is the page's data for search engines.
func dataBlock(t *testing.T, d document) (data map[string]any) {
	t.Helper()
	for _, n := range d.all("script") {
		if attr(n, "type") == "application/ld+json" {
			if err := json.Unmarshal([]byte(n.FirstChild.Data), &data); err != nil {
				t.Fatal(err)
			}
		}
	}
	return data
}

func TestPageNamesTheHubOfItsFeed(t *testing.T) {
	s := newSet(t)
	p := page("ru")
	if got := render(t, s, "home", p); strings.Contains(got, `rel="hub"`) || strings.Contains(got, `rel="self"`) {
		t.Error("a page without a hub names one")
	}
	p.Hub, p.Self = "https://kino.example/hub", "https://kino.example/feed.xml"
	rel := map[string]string{}
	for _, n := range parse(t, render(t, s, "home", p)).all("link") {
		rel[attr(n, "rel")] = attr(n, "href")
	}
	if rel["hub"] != p.Hub || rel["self"] != p.Self {
		t.Errorf("hub %q, self %q", rel["hub"], rel["self"])
	}
}

func TestErrorPageWordsItselfByStatus(t *testing.T) {
	s := newSet(t)
	for _, c := range []struct {
		status int
		want   string
	}{{404, "Такой страницы нет"}, {410, "Материал снят с публикации"}, {500, "У нас что-то сломалось"}, {599, "У нас что-то сломалось"}} {
		if got := render(t, s, "message", Page{Site: site(), Language: "ru", Status: c.status}); !strings.Contains(got, c.want) {
			t.Errorf("page of %d lacks %q", c.status, c.want)
		}
	}
	got := render(t, s, "message", Page{Site: site(), Language: "ru", Status: 404, Heading: "Своё", Message: "Свои слова"})
	if !strings.Contains(got, "Свои слова") || strings.Contains(got, "Такой страницы нет") {
		t.Error("the caller's own words do not come first")
	}
}

func TestListSaysWhatItIsAListOf(t *testing.T) {
	for path, want := range map[string]string{"/tags/sahalin": "Тег", "/authors/anna": "Автор", "/sections/prokat": "", "/": ""} {
		p := page("ru")
		p.Canonical = p.Site.URL + path
		if got := p.ListKind(); got != want {
			t.Errorf("kind of %s = %q, want %q", path, got, want)
		}
	}
}

func TestPastEditionsDoNotRepeatTheirDigest(t *testing.T) {
	d := DigestAbout{Title: "Самое читаемое"}
	for title, want := range map[string]string{"Самое читаемое: новость: да": "новость: да", "Другое: новость": "Другое: новость",
		"Самое читаемое": "Самое читаемое", "Самое читаемое: ": "Самое читаемое: "} {
		if got := d.Headline(Headline{Title: title}); got != want {
			t.Errorf("Headline(%q) = %q, want %q", title, got, want)
		}
	}
}

func TestWhoLeftFindsTheWayBack(t *testing.T) {
	s := newSet(t)
	got := render(t, s, "unsubscribe", pictures("ru")["unsubscribe_done"])
	if !strings.Contains(got, `href="/digests/daily">Страница рассылки</a>`) {
		t.Errorf("no link to the digest's page in:\n%s", got)
	}
	p := pictures("ru")["preferences_done"]
	p.Prefs.Groups[1].Chosen = false
	for i := range p.Prefs.Groups[0].Rhythms {
		r := &p.Prefs.Groups[0].Rhythms[i]
		r.Chosen, r.Pending = r.Name == "", false
	}
	if got := render(t, s, "preferences", p); !strings.Contains(got, "Письма больше приходить не будут") || strings.Contains(got, "Следующее письмо") {
		t.Error("a next letter is promised to one who has left everything")
	}
}

func TestWhatIsAgreedToIsWhatThePageSays(t *testing.T) {
	s := newSet(t)
	for _, lang := range Languages() {
		p := pictures(lang)["preferences"]
		shown := strings.Join(strings.Fields(parse(t, render(t, s, "preferences", p)).text()), " ")
		if words := p.Prefs.Wording(lang); !strings.Contains(words, "- "+Text(lang, "rhythm_none")) || !strings.Contains(words, "- "+Text(lang, "rhythm_each")) {
			t.Errorf("%s: the log would not have all choices: %q", lang, words)
		}
		for line := range strings.Lines(p.Prefs.Wording(lang)) {
			for _, word := range strings.Fields(strings.TrimPrefix(line, "- ")) {
				if !strings.Contains(shown, word) {
					t.Errorf("%s: the log would have %q, which the page does not say", lang, strings.TrimSpace(line))
				}
			}
		}
	}
}

func TestMailboxOfOneRecipientSaysSo(t *testing.T) {
	p := mailbox("ru", 1)
	p.Letter.ToURL = "/demo/mailbox?to=anna%40example.org"
	s := newSet(t)
	if got := render(t, s, "letter", p); !strings.Contains(got, "Все письма на этот адрес") {
		t.Error("a letter does not lead to its recipient's mailbox")
	}
	p.Mailbox.To, p.Mailbox.Total = "anna@example.org", 142
	got := parse(t, render(t, s, "letter", p)).text()
	if !strings.Contains(got, "142\u00a0письма") || !strings.Contains(got, "Письма для anna@example.org") || strings.Contains(got, "Все письма на этот адрес") {
		t.Errorf("the mailbox of one recipient reads %s", got)
	}
}

// TestColoursAreReadable computes the contrast of every pair of text and ground (WCAG 2.2, success criterion 1.4.3).
func TestColoursAreReadable(t *testing.T) {
	for scheme, colour := range palettes(t, "style.css") {
		for _, pair := range [][2]string{{"ink", "paper"}, {"soft", "paper"}, {"accent", "paper"}, {"ink", "panel"}, {"soft", "panel"},
			{"accent", "panel"}, {"button-ink", "button"}, {"ink", "mark"}} {
			if got := contrast(t, colour[pair[0]], colour[pair[1]]); got < 4.5 {
				t.Errorf("%s: %s on %s has a contrast of %.2f, want 4.5", scheme, pair[0], pair[1], got)
			}
		}
	}
}

func TestRawFeedsHaveTheColoursOfThePages(t *testing.T) {
	pages := palettes(t, "style.css")
	for scheme, colour := range palettes(t, "feed.css") {
		if len(colour) == 0 {
			t.Errorf("%s: no colours found", scheme)
		}
		for name, value := range colour {
			if want := pages[scheme][name]; value != want {
				t.Errorf("%s: --%s is %s in feed.css and %s in style.css", scheme, name, value, want)
			}
		}
	}
}

// palettes are the named colours of a stylesheet in each scheme.
func palettes(t *testing.T, name string) map[string]map[string]string {
	t.Helper()
	css, err := embedded.ReadFile("assets/" + name)
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile(`(?s):root \{(.*?)\}`).FindAllSubmatch(css, 2)
	all := map[string]map[string]string{}
	for i, scheme := range []string{"light", "dark"} {
		all[scheme] = map[string]string{}
		for _, m := range regexp.MustCompile(`--([\w-]+): (#[0-9a-f]+);`).FindAllSubmatch(blocks[i][1], -1) {
			all[scheme][string(m[1])] = string(m[2])
		}
	}
	return all
}

func contrast(t *testing.T, a, b string) float64 {
	t.Helper()
	x, y := luminance(t, a), luminance(t, b)
	return (max(x, y) + .05) / (min(x, y) + .05)
}

func luminance(t *testing.T, hex string) float64 {
	t.Helper()
	if len(hex) == 4 {
		hex = "#" + strings.Repeat(hex[1:2], 2) + strings.Repeat(hex[2:3], 2) + strings.Repeat(hex[3:4], 2)
	}
	n, err := strconv.ParseUint(strings.TrimPrefix(hex, "#"), 16, 32)
	if err != nil {
		t.Fatalf("colour %q: %v", hex, err)
	}
	part := func(shift int) float64 {
		c := float64(n>>shift&0xff) / 255
		if c <= .04045 {
			return c / 12.92
		}
		return math.Pow((c+.055)/1.055, 2.4)
	}
	return .2126*part(16) + .7152*part(8) + .0722*part(0)
}

func TestBoxIsCalledWhatItIs(t *testing.T) {
	read, pinned := Headline{Title: "Прочитанное", URL: "/r", Reads: 9}, Headline{Title: "Выбранное", URL: "/p", Pinned: true}
	kino := Link{"Кино", "/sections/kino"}
	for _, c := range []struct {
		page Page
		want string
	}{
		{Page{MostRead: []Headline{read}}, "Самое читаемое"},
		{Page{MostRead: []Headline{pinned, read}}, "Самое читаемое"},
		{Page{MostRead: []Headline{read}, MostReadOf: kino}, "Самое читаемое: Кино"},
		{Page{MostRead: []Headline{read}, ReadNow: true}, "Читают сейчас"},
		{Page{MostRead: []Headline{read}, ReadNow: true, MostReadOf: kino}, "Читают сейчас: Кино"},
		{Page{MostRead: []Headline{pinned}, ReadNow: true}, "Выбор редакции"},
	} {
		if c.page.Language = "ru"; c.page.MostReadHeading() != c.want {
			t.Errorf("%+v is called %q, want %q", c.page.MostRead, c.page.MostReadHeading(), c.want)
		}
	}
}

func TestReadsAreHiddenInEditionsAndLettersWhereTheSiteSaysSo(t *testing.T) {
	s := newSet(t)
	for _, hide := range []bool{false, true} {
		p := page("ru")
		p.Edition, p.Site.HideReads = new(edition(3)), hide
		l := digestLetter("ru", 3)
		l.Site.HideReads = hide
		letter, err := s.DigestLetter(l)
		if err != nil {
			t.Fatal(err)
		}
		for name, text := range map[string]string{"edition": render(t, s, "edition", p), "letter": letter.HTML, "its text": letter.Text} {
			if told := strings.Contains(text, "прочтени"); told == hide {
				t.Errorf("hide %v: %s tells how often the stories were read: %v", hide, name, told)
			}
		}
		if p.Edition.Items[0].Reads == 0 || l.Edition.Items[0].Reads == 0 {
			t.Error("hiding the reads changed what is kept")
		}
	}
}
