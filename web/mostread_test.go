package web

import (
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"vestnik/articles"
	"vestnik/reads"
)

// A shownBox is a list of headlines as a visitor sees it: in a box beside the text, or on the page of the most read.
type shownBox struct {
	heading  string
	link     string // where the heading leads
	titles   []string
	numbered []string // of the titles, those with a number
}

// shown finds the list of an element of that class on a page; it is empty if there is none.
func shown(t testing.TB, page, element, class string) (b shownBox) {
	t.Helper()
	root, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	for n := range root.Descendants() {
		if n.Data == element && attribute(n, "class") == class {
			b.take(n)
		}
	}
	return b
}

func (b *shownBox) take(list *html.Node) {
	for n := range list.Descendants() {
		switch {
		case n.Data == "h2" && list.Data == "section":
			b.heading = textOf(n)
		case n.Data == "a" && n.Parent.Data == "h2" && list.Data == "section":
			b.link = attribute(n, "href")
		case n.Data == "li" && n.Type == html.ElementNode:
			b.add(n)
		}
	}
}

// add takes the first link of a line, which is the headline.
func (b *shownBox) add(li *html.Node) {
	for a := range li.Descendants() {
		if a.Data == "a" {
			b.titles = append(b.titles, textOf(a))
			if li.Parent.Data == "ol" && attribute(li, "class") != "pin" {
				b.numbered = append(b.numbered, textOf(a))
			}
			return
		}
	}
}

func textOf(n *html.Node) string {
	var b strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			b.WriteString(d.Data)
		}
	}
	return strings.TrimSpace(b.String())
}

func attribute(n *html.Node, key string) string {
	for _, a := range n.Attr {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}

// mostReadBoxOf and latestBoxOf are the two boxes of a page.
func (h *house) mostReadBoxOf(path string) shownBox {
	return shown(h.t, h.get(path).body, "section", "box most-read")
}

func (h *house) latestBoxOf(path string) shownBox {
	return shown(h.t, h.get(path).body, "section", "box newest")
}

// latestTitles are the headlines that fill up the page of the most read.
func (h *house) latestTitles(query string) []string {
	return shown(h.t, h.get("/most-read"+query).body, "ul", "fill").titles
}

// readBy counts reads of articles by their slugs, and waits until the boxes show them.
func (h *house) readBy(n map[string]int64) {
	h.t.Helper()
	h.tx(func(tx *sql.Tx) error {
		for slug, times := range n {
			a, err := articles.Find(h.t.Context(), tx, slug)
			if err != nil {
				return err
			}
			hour := []reads.Hour{{Article: a.ID, Start: h.clock().Truncate(time.Hour), Source: "web", N: times}}
			if err := reads.Add(h.t.Context(), tx, hour); err != nil {
				return err
			}
		}
		return nil
	})
	h.wait(time.Minute)
}

func (h *house) pin(slug string, place int) {
	h.t.Helper()
	if err := reads.SetPin(h.t.Context(), h.DB, reads.Pin{Article: h.find(slug).ID, Place: place}, h.clock()); err != nil {
		h.t.Fatal(err)
	}
	h.wait(time.Minute)
}

func TestNothingIsCalledMostReadThatNobodyRead(t *testing.T) {
	h := openFurnished(t, func(o *Options) { o.MostRead = reads.Rules{Least: 5} })
	for _, path := range []string{"/", "/articles/festival", "/articles/headline", "/sections/festivali", "/tags/tanets", "/authors/ann-lee", "/digests/daily", "/nowhere", "/articles/wrong"} {
		if b := h.mostReadBoxOf(path); b.heading != "" {
			t.Errorf("%s: before anything was read it has a box %q of %q", path, b.heading, b.titles)
		}
	}
	if b := h.latestBoxOf("/digests/daily"); b.heading != "Последние новости" || len(b.titles) != 5 || b.numbered != nil {
		t.Errorf("the box is %+v, want the five that are published, without numbers, as the latest", b)
	}
	h.readBy(map[string]int64{"premiere": 3})
	for _, query := range []string{"", "?window=7d", "?window=30d", "?section=festivali"} {
		page := h.get("/most-read" + query).body
		if !strings.Contains(page, "слишком мало прочтений") {
			t.Errorf("/most-read%s does not say that it is empty", query)
		}
		if titles := h.latestTitles(query); strings.Contains(page, `class="chart"`) || len(titles) < 2 || titles[0] == "" {
			t.Errorf("/most-read%s: a chart of nothing, or no latest: %q", query, titles)
		}
	}
	h.readBy(map[string]int64{"premiere": 4})
	if titles := h.mostReadTitles(""); !slices.Equal(titles, []string{"Премьера ленты о танце"}) {
		t.Errorf("seven reads later the page is %q", titles)
	}
}

func TestWhatFillsUpAThinBoxStandsApart(t *testing.T) {
	h := openFurnished(t, func(o *Options) { o.MostRead = reads.Rules{Least: 5} })
	h.readBy(map[string]int64{"festival": 20, "box-office": 4})
	for _, query := range []string{"", "?window=7d", "?window=30d"} {
		ranked, latest := h.mostReadTitles(query), h.latestTitles(query)
		want := []string{"Новость с другого сайта", "Box office: a record week", "Премьера ленты о танце", "Только заголовок"}
		if !slices.Equal(ranked, []string{"Фестиваль «Кинотанец» объявил программу"}) || !slices.Equal(latest, want) {
			t.Errorf("/most-read%s: most read %q, latest %q, want %q", query, ranked, latest, want)
		}
	}
	b, fill := h.mostReadBoxOf("/articles/headline"), h.latestBoxOf("/articles/headline")
	if b.heading != "Самое читаемое" || b.link != "/most-read" || len(b.numbered) != 1 || fill.heading != "Последние новости" || fill.numbered != nil {
		t.Errorf("beside an article: %+v and %+v", b, fill)
	}
}

func TestNoBoxRepeatsWhatThePageShows(t *testing.T) {
	h := openFurnished(t)
	for path, there := range map[string]string{"/": "Премьера ленты о танце", "/articles/premiere": "Премьера ленты о танце", "/sections/festivali": "Премьера ленты о танце",
		"/tags/tanets": "Фестиваль «Кинотанец» объявил программу", "/authors/ann-lee": "Box office: a record week"} {
		fill := h.latestBoxOf(path)
		if slices.Contains(fill.titles, there) || !slices.Contains(fill.titles, "Только заголовок") {
			t.Errorf("%s: the box of the latest is %q", path, fill.titles)
		}
	}
	page := h.get("/articles/premiere").body
	for _, title := range shown(t, page, "section", "box related").titles {
		if slices.Contains(shown(t, page, "section", "box newest").titles, title) {
			t.Errorf("%q is among the related and among the latest", title)
		}
	}
}

func TestEqualReadsStandInADefinedOrder(t *testing.T) {
	h := open(t)
	at := h.clock().Add(-2 * time.Hour)
	n := map[string]int64{}
	for _, in := range []articles.Input{{Slug: "older", Published: at.Add(-time.Hour)}, {Slug: "first", Published: at}, {Slug: "second", Published: at}, {Slug: "third", Published: at.Add(time.Minute)}} {
		in.Title, in.HTML = in.Slug, "<p>x</p>"
		h.put(in)
		n[in.Slug] = 7
	}
	h.readBy(n)
	twins := []string{"first", "second"}
	if h.find("second").ID > h.find("first").ID {
		slices.Reverse(twins)
	}
	want := []string{"third", twins[0], twins[1], "older"} // the newer, then the higher id
	for range 3 {
		if page, box := h.mostReadTitles(""), h.mostReadBoxOf("/articles/older").titles; !slices.Equal(page, want) || !slices.Equal(box, want) {
			t.Errorf("page %q, box %q, want %q", page, box, want)
		}
		h.wait(time.Minute)
	}
}

func TestTheEditorsChoiceBearsNoNumberAndItsOwnName(t *testing.T) {
	h := openFurnished(t)
	h.pin("box-office", 1)
	b := h.mostReadBoxOf("/digests/daily")
	if b.heading != "Выбор редакции" || !slices.Equal(b.titles, []string{"Box office: a record week"}) || b.numbered != nil {
		t.Errorf("a pin alone makes the box %+v", b)
	}
	if page := h.get("/most-read").body; strings.Contains(page, `class="chart"`) || strings.Count(page, "Выбор редакции") != 1 {
		t.Error("a pin alone makes a chart of the most read, or is not called the editors' choice once")
	}
	h.readBy(map[string]int64{"premiere": 8, "festival": 6})
	page := h.get("/most-read").body
	for name, b := range map[string]shownBox{"box": h.mostReadBoxOf("/digests/daily"), "page": shown(t, page, "ol", "chart")} {
		want := []string{"Box office: a record week", "Премьера ленты о танце", "Фестиваль «Кинотанец» объявил программу"}
		if !slices.Equal(b.titles, want) || !slices.Equal(b.numbered, want[1:]) {
			t.Errorf("%s: %q, with a number %q; want %q, all but the first with one", name, b.titles, b.numbered, want)
		}
	}
	if strings.Count(page, "Выбор редакции") != 1 {
		t.Error("the pinned article is not marked")
	}
}

// openWithSections has two sections of six articles.
func openWithSections(t *testing.T, change ...func(*Options)) *house {
	h := open(t, change...)
	h.tx(func(tx *sql.Tx) error {
		for i := range 12 {
			section := []string{"Прокат", "Фестивали"}[i%2]
			in := articles.Input{Slug: fmt.Sprintf("n%d", i), Title: fmt.Sprintf("%s %d", section, i), HTML: "<p>Текст</p>", Section: section,
				Published: h.clock().Add(-time.Duration(i+1) * time.Hour)}
			if _, _, err := articles.Put(t.Context(), tx, h.Articles, in, h.clock()); err != nil {
				return err
			}
		}
		return nil
	})
	return h
}

func TestASectionHasItsOwnMostReadWhenEnoughOfItWasRead(t *testing.T) {
	h := openWithSections(t)
	h.readBy(map[string]int64{"n0": 50, "n2": 40, "n4": 30, "n6": 20, "n1": 90, "n3": 80})
	if b := h.mostReadBoxOf("/sections/prokat"); b.heading != "Самое читаемое" || len(b.titles) != 6 || b.titles[0] != "Фестивали 1" {
		t.Errorf("with four of its own: %+v, want the site's box", b)
	}
	h.readBy(map[string]int64{"n8": 10})
	b := h.mostReadBoxOf("/sections/prokat")
	if b.heading != "Самое читаемое: Прокат" || b.link != "/most-read?section=prokat" || !slices.Equal(b.numbered, []string{"Прокат 0", "Прокат 2", "Прокат 4", "Прокат 6", "Прокат 8"}) {
		t.Errorf("with five of its own: %+v", b)
	}
	page := h.get("/most-read?window=7d&section=prokat")
	if got := shown(t, page.body, "ol", "chart").numbered; !slices.Equal(got, b.numbered) {
		t.Errorf("the section's page of the most read is %q", got)
	}
	if got := shown(t, page.body, "ul", "fill").titles; !slices.Equal(got, []string{"Прокат 10"}) {
		t.Errorf("it is filled up with %q, want what is left of the section", got)
	}
	for _, want := range []string{`href="/most-read?window=30d&amp;section=prokat"`, `href="/most-read?window=7d&amp;section=prokat" aria-current="page"`, `<a href="/sections/prokat">Прокат</a>`,
		`<link rel="canonical" href="https://kino.example/most-read?section=prokat">`} {
		if !strings.Contains(page.body, want) {
			t.Errorf("the page lacks %s", want)
		}
	}
	if strings.Count(page.body, `class="section"`) != 0 {
		t.Error("the section's name stands above every story")
	}
	for _, query := range []string{"none", "%00", strings.Repeat("x", 300), "a%2Fb", "%FF"} {
		if res := h.get("/most-read?section=" + query); res.StatusCode != 404 {
			t.Errorf("section=%.10s = %d, want 404", query, res.StatusCode)
		}
	}
	if n := len(h.boxes.mostRead.held); n > 10 {
		t.Errorf("%d lists are kept: those of sections that do not exist, too", n)
	}
}

func TestASectionsPageDoesNotRepeatItsName(t *testing.T) {
	h := openWithSections(t)
	if n := strings.Count(h.get("/sections/prokat").body, `class="section"`); n != 0 {
		t.Errorf("the section's name stands above %d stories of its own page", n)
	}
	if n := strings.Count(h.get("/").body, `class="section"`); n != 12 {
		t.Errorf("on the front page it stands above %d stories, want 12", n)
	}
}

func TestListsOfTheMostReadAreRankedOnceAMinuteAndOnlyIfAskedFor(t *testing.T) {
	h := openWithSections(t)
	if n := len(h.boxes.mostRead.held); n != 0 {
		t.Errorf("%d lists are kept before anybody asked", n)
	}
	for range 5 {
		h.get("/most-read?window=7d&section=prokat")
	}
	if n := len(h.boxes.mostRead.held); n != 1 {
		t.Errorf("%d lists are kept, want the one asked for", n)
	}
	h.tx(func(tx *sql.Tx) error {
		return reads.Add(t.Context(), tx, []reads.Hour{{Article: h.find("n0").ID, Start: h.clock().Truncate(time.Hour), Source: "web", N: 9}})
	})
	if h.wait(50 * time.Second); strings.Contains(h.get("/most-read?window=7d&section=prokat").body, `class="chart"`) {
		t.Error("it was ranked again within the minute")
	}
	if h.wait(10 * time.Second); !strings.Contains(h.get("/most-read?window=7d&section=prokat").body, `class="chart"`) {
		t.Error("it was not ranked again after a minute")
	}
}

func TestReadCountsAreToldOnlyIfTheNewsroomWants(t *testing.T) {
	for _, hide := range []bool{false, true} {
		h := open(t, func(o *Options) { o.Site.HideReads = hide })
		h.furnish()
		h.readBy(map[string]int64{"premiere": 23, "box-office": 21})
		h.wait(24 * time.Hour)
		e := h.publishEdition()
		for _, path := range []string{"/most-read?window=7d", "/digests/daily/" + e.Slot.Name()} {
			page := h.get(path).body
			if told := strings.Contains(page, "23\u00a0прочтения"); told == hide {
				t.Errorf("hide %v: %s tells how often a story was read: %v", hide, path, told)
			}
			if !strings.Contains(page, "Премьера ленты о танце") {
				t.Errorf("%s lacks the story", path)
			}
		}
	}
}

func TestABoxOfWhatIsReadNowIsCalledSo(t *testing.T) {
	h := openWithSections(t, func(o *Options) { o.BoxBy = reads.ByTrend })
	h.tx(func(tx *sql.Tx) error {
		old := h.clock().Add(-20 * time.Hour).Truncate(time.Hour)
		return reads.Add(t.Context(), tx, []reads.Hour{{Article: h.find("n0").ID, Start: old, Source: "web", N: 30}, {Article: h.find("n1").ID, Start: h.clock().Truncate(time.Hour), Source: "web", N: 20}})
	})
	h.wait(time.Minute)
	b := h.mostReadBoxOf("/digests/daily")
	if b.heading != "Читают сейчас" || b.link != "" || !slices.Equal(b.titles, []string{"Фестивали 1", "Прокат 0"}) {
		t.Errorf("the box is %+v, want what is read now first, and no link to what was read most", b)
	}
	if titles := h.mostReadTitles(""); !slices.Equal(titles, []string{"Прокат 0", "Фестивали 1"}) {
		t.Errorf("the page of the most read is %q, want it by reads", titles)
	}
}

func TestPagesWithOneThingToDoHaveNoBoxes(t *testing.T) {
	h := openFurnished(t)
	h.readBy(map[string]int64{"premiere": 20})
	for path, want := range map[string]bool{"/confirm/abc": false, "/preferences/abc": false, "/unsubscribe/abc": false, "/subscribe": false, "/most-read?window=1y": false, "/feeds": false,
		"/digests/daily/2026-11-24T0800": false, "/most-read": false, "/nowhere": true, "/articles/wrong": true, "/articles/headline": true, "/articles/festival": true, "/digests/daily": true, "/": true} {
		if b := h.mostReadBoxOf(path); (b.heading != "") != want {
			t.Errorf("%s: a box of the most read: %v, want %v", path, !want, want)
		}
	}
	for path, want := range map[string]bool{"/articles/wrong": false, "/articles/festival": true} {
		if b := shown(t, h.get(path).body, "section", "box related"); (b.heading != "") != want {
			t.Errorf("%s: a box of related news: %v, want %v", path, !want, want)
		}
	}
}
