package web

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"vestnik/db"
	"vestnik/digest"
	"vestnik/reads"
	"vestnik/templates"
)

// copies makes n older editions of one: a day earlier each, in the same digest.
func (h *house) copies(e digest.Edition, n int) {
	h.t.Helper()
	h.tx(func(tx *sql.Tx) error {
		for i := 1; i <= n; i++ {
			id, back := e.ID-int64(i), int64(i)*24*time.Hour.Milliseconds()
			for _, query := range []string{
				`INSERT INTO slots (digest, due, state, reason, at) SELECT digest, due - $2, state, reason, at FROM slots WHERE digest = 'daily' AND due = (SELECT due FROM editions WHERE id = $1) AND CAST($3 AS BIGINT) > 0`,
				`INSERT INTO editions (id, digest, due, slot_at, start, until, state, revision, subject, title, language, cursor, recipients, expires, made, next_at, timezone)
				 SELECT $3, digest, due - $2, slot_at - $2, start - $2, until - $2, state, revision, subject, title, language, cursor, recipients, expires - $2, made - $2, next_at - $2, timezone
				 FROM editions WHERE id = $1`,
				`INSERT INTO edition_revisions (edition, revision, made, by_whom, what, note, correction, noted, subject, hash)
				 SELECT $3, revision, made - $2, by_whom, what, note, correction, noted, subject, hash FROM edition_revisions WHERE edition = $1`,
				`INSERT INTO edition_bodies (edition, revision, sections, body) SELECT $3, revision, sections, body FROM edition_bodies WHERE edition = $1 AND CAST($2 AS BIGINT) > 0`,
			} {
				if _, err := tx.ExecContext(context.Background(), query, e.ID, back, id); err != nil {
					return fmt.Errorf("%s: %w", query, err)
				}
			}
		}
		return nil
	})
}

// revise gives an edition its next revision, with a note for readers or without one.
func (h *house) revise(e digest.Edition, note string, change func(v *templates.EditionView)) digest.Edition {
	h.t.Helper()
	e.Revision++
	e.View.Items = slices.Clone(e.View.Items)
	e.View.Revision, e.View.Correction = e.Revision, note
	if note != "" {
		e.View.Corrected = h.clock().In(sakhalin)
	}
	change(&e.View)
	e.Subject = e.View.Subject
	body, err := json.Marshal(e.View)
	if err != nil {
		h.t.Fatal(err)
	}
	h.tx(func(tx *sql.Tx) error {
		for _, s := range []struct {
			query string
			args  []any
		}{
			{`INSERT INTO edition_revisions (edition, revision, made, by_whom, what, note, correction, noted, subject, hash)
			  VALUES ($1, $2, $3, 'test', 'changed', $4, 0, 0, $5, $6)`, []any{e.ID, e.Revision, db.Milli(h.clock()), note, e.Subject, e.View.Hash()}},
			{`INSERT INTO edition_bodies (edition, revision, sections, body) VALUES ($1, $2, '', $3)`, []any{e.ID, e.Revision, string(body)}},
			{`UPDATE editions SET revision = $1, subject = $2 WHERE id = $3`, []any{e.Revision, e.Subject, e.ID}},
		} {
			if _, err := tx.ExecContext(context.Background(), s.query, s.args...); err != nil {
				return err
			}
		}
		return nil
	})
	return e
}

func (h *house) setEditions(assignment string) {
	h.t.Helper()
	h.tx(func(tx *sql.Tx) error {
		_, err := tx.ExecContext(context.Background(), `UPDATE editions SET `+assignment)
		return err
	})
}

func pathOf(e digest.Edition) string { return "/digests/" + e.Digest + "/" + e.Slot.Name() }

var editionLink = regexp.MustCompile(`href="(/digests/daily/[0-9T-]+)"`)

func TestEveryPastEditionIsFoundFromItsDigestsPage(t *testing.T) {
	h := open(t)
	h.furnish()
	h.copies(h.publishEdition(), 2*pastEditions)
	found := map[string]bool{}
	pages := 0
	for path := "/digests/daily"; path != ""; pages++ {
		res := h.get(path)
		if res.StatusCode != 200 {
			t.Fatalf("%s = %d", path, res.StatusCode)
		}
		for _, m := range editionLink.FindAllStringSubmatch(res.body, -1) {
			if found[m[1]] {
				t.Errorf("%s stands on two pages", m[1])
			}
			found[m[1]] = true
		}
		if later := pages > 0; later != strings.Contains(res.body, `content="noindex"`) || later == strings.Contains(res.body, `name="email"`) {
			t.Errorf("page %d: it is for search engines, or offers to join, where it should not", pages)
		}
		if !strings.Contains(res.body, "Ноябрь 2026") && pages == 0 || !strings.Contains(res.body, `class="span"`) {
			t.Errorf("page %d is not parted by months", pages)
		}
		path = ""
		if m := regexp.MustCompile(`href="([^"]*)" rel="next"`).FindStringSubmatch(res.body); m != nil {
			path = m[1]
		}
	}
	if len(found) != 2*pastEditions+1 || pages != 3 {
		t.Errorf("%d editions on %d pages, want %d on 3", len(found), pages, 2*pastEditions+1)
	}
	for path, want := range map[string]int{"/digests/daily?before=x": 400, "/digests/daily?before=1-1": 404} {
		if res := h.get(path); res.StatusCode != want {
			t.Errorf("%s = %d, want %d", path, res.StatusCode, want)
		}
	}
}

func TestAnEditionsPageAndItsLettersBearTheSameFingerprint(t *testing.T) {
	h := open(t)
	h.furnish()
	e := h.publishEdition()
	res := h.get(pathOf(e))
	title := regexp.MustCompile(`<code title="[^"]*([0-9a-f]{64})">([0-9a-f]{12})</code>`).FindStringSubmatch(res.body)
	if title == nil || title[1] != e.View.Hash() || !strings.HasPrefix(title[1], title[2]) {
		t.Fatalf("the page names %q, want %s", title, e.View.Hash())
	}
	var stored string
	if err := h.DB.QueryRowContext(context.Background(), `SELECT hash FROM edition_revisions WHERE edition = $1 AND revision = 1`, e.ID).Scan(&stored); err != nil || stored != title[1] {
		t.Errorf("the revision is kept with the hash %q %v, want %s", stored, err, title[1])
	}
	letter, err := h.Templates.DigestLetter(templates.DigestLetter{Site: h.Site, Language: "ru", Edition: e.View, Leave: "https://kino.example/unsubscribe/x", Preferences: "https://kino.example/preferences/x"})
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(letter.HTML, title[2]) || !strings.Contains(letter.Text, title[2]) {
		t.Errorf("no %s in the letter", title[2])
	}
}

func TestHeldAndCancelledEditionsAreNowhereForThePublic(t *testing.T) {
	h := open(t)
	h.furnish()
	h.publishSlotBefore(h.clock().Add(-24 * time.Hour))
	e := h.publishEdition()
	month := "/digests/daily/archive/" + e.Slot.Wall.Format("2006-01") + "/feed.xml"
	for _, state := range []string{digest.Held, digest.Cancelled} {
		h.setEditions(`state = '` + state + `' WHERE id = ` + fmt.Sprint(e.ID))
		h.wait(2 * time.Hour) // past what is kept
		for path, want := range map[string]int{pathOf(e): 404, pathOf(e) + "?revision=1": 404, "/digests/daily": 200, "/digests": 200, "/digests/daily/feed.xml": 200,
			"/digests/daily/feed.json": 200, "/sitemaps/lists.xml": 200, "/opml.xml": 200, "/feeds": 200, "/": 200} {
			res := h.get(path)
			if res.StatusCode != want {
				t.Errorf("%s: %s = %d, want %d", state, path, res.StatusCode, want)
			}
			if strings.Contains(res.body, e.Slot.Name()) {
				t.Errorf("%s: %s tells of it", state, path)
			}
		}
		if _, res := h.follow(month); strings.Contains(res.body, e.Slot.Name()) {
			t.Errorf("%s: the archive of feeds tells of it", state)
		}
		if _, res := h.follow(h.older(e)); strings.Contains(res.body, e.Slot.Name()) {
			t.Errorf("%s: the edition before leads to it", state)
		}
	}
}

// older is the path of the edition before.
func (h *house) older(e digest.Edition) string {
	h.t.Helper()
	older, _, err := digest.Neighbours(context.Background(), h.DB, e)
	if err != nil || older == nil {
		h.t.Fatalf("nothing before %s: %v", e.Slot.Name(), err)
	}
	return editionPath(e.Digest, older.Slot)
}

func TestEditionsLeadToThoseBesideThem(t *testing.T) {
	h := open(t)
	h.furnish()
	first := h.publishSlotBefore(h.clock().Add(-24 * time.Hour))
	second := h.publishEdition()
	if res := h.get(pathOf(first)); !strings.Contains(res.body, `href="`+pathOf(second)+`" rel="next"`) || strings.Contains(res.body, `rel="prev"`) {
		t.Error("the first does not lead to the second alone")
	}
	if res := h.get(pathOf(second)); !strings.Contains(res.body, `href="`+pathOf(first)+`" rel="prev"`) || strings.Contains(res.body, `rel="next"`) {
		t.Error("the second does not lead to the first alone")
	}
}

func TestACorrectedEditionSaysWhatWasWrongAndShowsWhatReadersGot(t *testing.T) {
	h := open(t)
	h.furnish()
	e := h.publishEdition()
	h.wait(time.Hour)
	was, hash := e.View.Items[0].Title, e.View.Hash()
	fixed := h.revise(e, "В первой версии была ошибка в заголовке.", func(v *templates.EditionView) { v.Items[0].Title = "Верный заголовок" })
	now := h.get(pathOf(e))
	for _, want := range []string{"В первой версии была ошибка в заголовке.", "Верный заголовок", "Версия 2", pathOf(e) + "?revision=1", fixed.View.Hash()} {
		if !strings.Contains(now.body, want) {
			t.Errorf("the present page lacks %q", want)
		}
	}
	if strings.Contains(now.body, "noindex") || now.Header.Get("X-Robots-Tag") != "" {
		t.Error("the present page is hidden from search engines")
	}
	old := h.get(pathOf(e) + "?revision=1")
	for _, want := range []string{"прежняя версия", was, "Версия 1", hash, `content="noindex"`, `rel="canonical" href="` + siteURL + pathOf(e) + `"`, `href="` + siteURL + pathOf(e) + `"`} {
		if !strings.Contains(old.body, want) {
			t.Errorf("the earlier revision lacks %q", want)
		}
	}
	if old.Header.Get("X-Robots-Tag") != "noindex" || strings.Contains(old.body, "Верный заголовок") {
		t.Error("the earlier revision is for search engines, or is not what readers got")
	}
	if res := h.get(pathOf(e) + "?revision=2"); strings.Contains(res.body, "прежняя версия") || !strings.Contains(res.body, "Верный заголовок") {
		t.Error("a link that names the present revision does not show it")
	}
	for _, wrong := range []string{"3", "0", "-1", "x", "99999999999999999999", "01", "02", "%2B1"} {
		if res := h.get(pathOf(e) + "?revision=" + wrong); res.StatusCode != 404 {
			t.Errorf("revision %s = %d", wrong, res.StatusCode)
		}
	}
	if res := h.get("/digests/daily"); !strings.Contains(res.body, "исправлен") {
		t.Error("the list does not say that it was corrected")
	}
}

func TestWhatAnEditorChangedBeforePublishingIsNobodysToSee(t *testing.T) {
	h := open(t)
	h.furnish()
	e := h.publishEdition()
	h.setEditions(`state = 'held'`)
	h.wait(time.Minute)
	h.revise(e, "", func(v *templates.EditionView) { v.Items[0].Title = "Иначе" })
	h.wait(time.Minute)
	h.setEditions(fmt.Sprintf(`state = 'sending', made = %d`, db.Milli(h.clock()))) // approved
	if res := h.get(pathOf(e)); !strings.Contains(res.body, "Иначе") || strings.Contains(res.body, "?revision=1") {
		t.Error("the page does not show what was approved, or leads to the draft")
	}
	if res := h.get(pathOf(e) + "?revision=1"); res.StatusCode != 404 {
		t.Errorf("the draft = %d", res.StatusCode)
	}
}

func TestACorrectionMakesAnUpdatedEntry(t *testing.T) {
	h := open(t)
	h.furnish()
	h.publishSlotBefore(h.clock().Add(-48 * time.Hour))
	old := h.publishSlotBefore(h.clock().Add(-24 * time.Hour))
	h.publishEdition()
	archive, _ := h.follow("/digests/daily/archive/2026-11/feed.xml")
	before := h.get("/digests/daily/feed.atom")
	h.wait(time.Hour)
	h.revise(old, "Опечатка в заголовке.", func(v *templates.EditionView) {
		v.Note = "Первый абзац.\n\nВторой & последний."
	})
	after := h.get("/digests/daily/feed.atom", "If-None-Match", before.Header.Get("ETag"), "A-IM", "feed")
	if after.StatusCode != 226 || strings.Count(after.body, "<entry>") != 1 {
		t.Fatalf("a reader who had all gets %d with %d entries", after.StatusCode, strings.Count(after.body, "<entry>"))
	}
	for _, want := range []string{"Опечатка в заголовке.", "Второй &amp;amp; последний.", "<updated>2026-11-24T10:00:00Z</updated>", old.Slot.Name()} {
		if !strings.Contains(after.body, want) {
			t.Errorf("the entry lacks %q in\n%s", want, after.body)
		}
	}
	if again, res := h.follow("/digests/daily/archive/2026-11/feed.xml"); again == archive || !strings.Contains(res.body, "Опечатка в заголовке.") {
		t.Error("the archive of the month stays as it was")
	}
	if res := h.get("/digests/daily/feed.atom", "If-None-Match", after.Header.Get("ETag")); res.StatusCode != 304 {
		t.Errorf("who has it gets %d", res.StatusCode)
	}
}

func TestFeedsShowAnEditionsPartsAndItsOneArticle(t *testing.T) {
	v := templates.EditionView{Language: "ru", Note: "Доброе утро.", Correction: "Была ошибка.",
		Blocks: []templates.Block{{Rank: "reads"}, {Rank: "latest"}, {Title: "Кино & театр", Rank: "latest", Section: "kino"}},
		Items: []templates.Item{{Title: "Раз", URL: "https://kino.example/a?x=1&y=2", Standfirst: "О <чём>.", Reason: "reads"}, {Title: "Два", URL: "https://kino.example/b", Block: 1, Reason: "latest"},
			{Title: "Три", URL: "https://kino.example/c", Block: 2, Reason: "latest"}}}
	want := "<p><em>Исправлено. Была ошибка.</em></p>\n<p>Доброе утро.</p>\n" +
		"<ol>\n<li><a href=\"https://kino.example/a?x=1&amp;y=2\">Раз</a><br>О &lt;чём&gt;.</li>\n</ol>\n" +
		"<h2>Последние новости</h2>\n<ul>\n<li><a href=\"https://kino.example/b\">Два</a></li>\n</ul>\n" +
		"<h2>Кино &amp; театр</h2>\n<ul>\n<li><a href=\"https://kino.example/c\">Три</a></li>\n</ul>\n"
	if got := editionHTML(v); got != want {
		t.Errorf("editionHTML:\n%s\nwant:\n%s", got, want)
	}
	one := templates.EditionView{Language: "ru", Items: v.Items[:1], Article: &templates.LongRead{HTML: "<p>Всё.</p>", Text: "Всё.", Authors: []string{"Анна Ли"}}}
	if got, want := editionHTML(one), "<p><strong>О &lt;чём&gt;.</strong></p>\n<p>Всё.</p>\n<p><a href=\"https://kino.example/a?x=1&amp;y=2\">Раз</a></p>\n"; got != want {
		t.Errorf("one article:\n%s\nwant:\n%s", got, want)
	}
}

func TestADigestThatLeftTheConfigurationKeepsItsPageAndEditions(t *testing.T) {
	h := open(t)
	h.furnish()
	e := h.publishEdition()
	h.Digests = h.Digests[1:]
	for _, path := range []string{pathOf(e), "/digests/daily"} {
		if res := h.get(path); res.StatusCode != 200 || strings.Contains(res.body, `value="daily"`) {
			t.Errorf("%s = %d, or it can be joined", path, res.StatusCode)
		}
	}
	page, index := h.get("/digests/daily").body, h.get("/digests").body
	if !strings.Contains(page, "больше не выходит") || !strings.Contains(page, pathOf(e)) {
		t.Error("its page does not say that it has ended, or lists nothing")
	}
	ended := strings.Index(index, "Больше не выходят")
	if now, old := strings.Index(index, `href="/digests/weekly"`), strings.Index(index, `href="/digests/daily"`); now < 0 || ended < now || old < ended {
		t.Errorf("the index has the current at %d, the heading at %d, the ended at %d", now, ended, old)
	}
	if res := h.get("/digests/never"); res.StatusCode != 404 {
		t.Errorf("a digest that never was = %d", res.StatusCode)
	}
}

func TestSearchEnginesAreAskedToLeaveADigestsEditionsOut(t *testing.T) {
	h := open(t, func(o *Options) { o.Digests[0].NoIndex = true })
	h.furnish()
	e := h.publishEdition()
	if res := h.get(pathOf(e)); res.Header.Get("X-Robots-Tag") != "noindex" || !strings.Contains(res.body, `<meta name="robots" content="noindex">`) {
		t.Error("the edition is for search engines")
	}
	if res := h.get("/sitemaps/lists.xml"); strings.Contains(res.body, pathOf(e)) || !strings.Contains(res.body, siteURL+"/digests/daily<") {
		t.Error("the sitemap has the edition, or lacks its digest")
	}
	if res := h.get("/digests/daily"); res.StatusCode != 200 || strings.Contains(res.body, "noindex") {
		t.Error("the digest's own page is hidden, too")
	}
}

// window is what a browser sends that opens a page in a window.
var window = []string{"User-Agent", "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36",
	"Sec-Fetch-Dest", "document", "Sec-Fetch-Mode", "navigate"}

func TestSponsorsBannersAreCountedWhereAPageWasDeliveredWhole(t *testing.T) {
	h := open(t, func(o *Options) {
		o.Reads = reads.NewCounter(reads.Options{Secret: []byte("0123456789abcdef-reads"), RespectGPC: true, Zone: sakhalin})
	})
	h.furnish()
	e := h.publishEdition()
	page := h.get("/", window...)
	h.get("/articles/festival", window...)
	h.get("/digests/daily", window...)
	h.get(pathOf(e), window...)
	for _, not := range [][]string{{"If-None-Match", page.Header.Get("ETag")}, {"If-None-Match", "W/" + page.Header.Get("ETag")}, {"Range", "bytes=0-9"}, {"Sec-Purpose", "prefetch"},
		{"Sec-GPC", "1"}} {
		h.get("/", append(not, window...)...)
	}
	h.do("HEAD", "/", "", window...)
	h.get("/nothing", window...)
	h.get("/feed.xml", window...)
	h.get("/")
	h.get("/", "User-Agent", "Mozilla/5.0 (compatible; YandexBot/3.0; +http://yandex.com/bots)")
	if page.StatusCode != http.StatusOK || page.Header.Get("ETag") == "" {
		t.Fatalf("/ = %d, tag %q", page.StatusCode, page.Header.Get("ETag"))
	}
	if _, err := h.Reads.Flush(context.Background(), h.DB, h.clock()); err != nil {
		t.Fatal(err)
	}
	day := reads.DayIn(sakhalin, h.clock())
	got, err := reads.Banners(context.Background(), h.DB, day, day+1)
	if err != nil || len(got) != 2 || got[0] != (reads.BannerDay{Banner: "film", Place: "edition", Day: day, N: 1}) || got[1] != (reads.BannerDay{Banner: "film", Place: "page", Day: day, N: 3}) {
		t.Errorf("showings = %v %v", got, err)
	}
}

func TestBannersSayWhatTheLawWants(t *testing.T) {
	h := open(t, func(o *Options) {
		o.Banner = func(name string, _ time.Time) *templates.Banner {
			return &templates.Banner{Name: "film", Image: "https://sponsor.example/b.png", Link: "https://sponsor.example/", Label: "Реклама", Advertiser: "ООО «Плёнка» " + name, Erid: "2VtzqwP7nAb"}
		}
	})
	h.furnish()
	for path, want := range map[string]string{"/": "Реклама · ООО «Плёнка»  · <span class=\"erid\">erid: 2VtzqwP7nAb</span>", "/digests/daily": "ООО «Плёнка» daily", pathOf(h.publishEdition()): "ООО «Плёнка» daily"} {
		if res := h.get(path); !strings.Contains(res.body, want) {
			t.Errorf("%s has no %q", path, want)
		}
	}
}
