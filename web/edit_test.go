package web

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"mime/multipart"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"vestnik/articles"
	"vestnik/digest"
	"vestnik/mail"
	"vestnik/templates"
)

// An editorsRoom has an edition that waits for editors, and the path of its page.
type editorsRoom struct {
	*house
	edition digest.Edition
	path    string
}

// openDesk holds the daily edition of today, 08:00 on Sakhalin, until 21:00, an hour from now.
func openDesk(t *testing.T, language string) *editorsRoom {
	t.Helper()
	h := open(t, func(o *Options) {
		o.Publisher = digest.Publisher{DB: o.DB, Site: o.Site, Articles: o.Articles, Templates: o.Templates, Identity: o.Subscribers.Identity, Log: o.Log,
			Editors: digest.Editors{Secret: []byte("0123456789abcdef-editors")}}
	})
	h.furnish()
	h.subscriber("ann@example.org", "daily")
	h.subscriber("bob@example.org", "daily")
	dg := digest.Digest{Name: "daily", Title: "Самое читаемое", Schedule: "0 8 * * *", Location: sakhalin, Window: 24 * time.Hour,
		Rank: "reads", Count: 10, Related: 5, MinItems: 3, WhenThin: digest.ThinFill, Language: language, CatchUp: 24 * time.Hour, MaxLate: 24 * time.Hour,
		InDoubt: "resend", MaxAge: 20 * 365 * 24 * time.Hour, Approve: true, ApproveWithin: time.Hour, Editors: []string{"anna@kino.example"}}
	slot, err := dg.Last(h.clock())
	if err != nil {
		t.Fatal(err)
	}
	e, _, err := h.Publisher.Publish(context.Background(), dg, slot, h.clock())
	if err != nil || e.State != digest.Held || len(e.View.Items) < 3 {
		t.Fatalf("publish: %v, %s with %d articles", err, e.State, len(e.View.Items))
	}
	room := &editorsRoom{house: h, edition: e}
	room.path = room.linkFor("anna@kino.example")
	return room
}

// linkFor is the path of the page for an editor.
func (h *editorsRoom) linkFor(editor string) string {
	return strings.TrimPrefix(h.Publisher.EditorLink(h.edition.ID, editor, digest.LinkExpires(h.edition.ApproveBy)), siteURL)
}

// now is the edition as it is now.
func (h *editorsRoom) now() digest.Edition {
	h.t.Helper()
	e, err := digest.EditionByID(context.Background(), h.DB, h.edition.ID)
	if err != nil {
		h.t.Fatal(err)
	}
	return e
}

// typed is the form of a page as a browser would send it, without a button.
func typed(t testing.TB, page string) url.Values {
	t.Helper()
	form := url.Values{}
	root, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	for n := range root.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		attr := attributes(n)
		_, checked := attr["checked"]
		switch {
		case n.Data == "input" && (attr["type"] != "checkbox" || checked):
			form.Add(attr["name"], attr["value"])
		case n.Data == "textarea":
			text := ""
			if n.FirstChild != nil {
				text = n.FirstChild.Data
			}
			form.Add(attr["name"], strings.ReplaceAll(text, "\n", "\r\n"))
		}
	}
	return form
}

// press sends the form of the page with changes, and a button.
func (h *editorsRoom) press(page, button, value string, changes ...string) answer {
	h.t.Helper()
	form := typed(h.t, page)
	for i := 0; i < len(changes); i += 2 {
		form.Set(changes[i], changes[i+1])
	}
	form.Set(button, value)
	return h.post(h.path, form)
}

// follow goes where a 303 leads.
func (h *editorsRoom) follow(res answer) answer {
	h.t.Helper()
	if res.StatusCode != 303 {
		h.t.Fatalf("%d, want a redirect: %.300s", res.StatusCode, res.body)
	}
	return h.get(res.Header.Get("Location"))
}

func id(n int64) string { return strconv.FormatInt(n, 10) }

func (h *editorsRoom) text(key string, args ...any) string {
	return templates.Text(h.edition.Language, key, args...)
}

// says fails the test unless the page has the words of the key.
func (h *editorsRoom) says(res answer, status int, key string, args ...any) {
	h.t.Helper()
	if want := h.text(key, args...); res.StatusCode != status || !strings.Contains(html.UnescapeString(res.body), want) {
		h.t.Errorf("%d, want %d and %q in: %.3000s", res.StatusCode, status, want, res.body)
	}
}

func TestAnEditorChangesAnEditionLooksAtItAndApproves(t *testing.T) {
	h := openDesk(t, "ru")
	items := h.edition.View.Items
	page := h.get(h.path)
	h.says(page, 200, "edit_until", "21:00")
	h.says(page, 200, "left_hours", 1)
	h.says(page, 200, "edit_audience", int64(2))

	saved := h.press(page.body, "do", "save", "note", "Слово редактора.\r\n\r\nИ ещё одно.", "title."+id(items[1].Article), "  Заголовок\nредактора ", "drop", id(items[0].Article))
	page = h.follow(saved)
	h.says(page, 200, "edit_saved")
	e := h.now()
	if e.Revision != 2 || e.By != "anna@kino.example" || len(e.View.Items) != len(items)-1 || e.View.Items[0].Title != "Заголовок редактора" || e.View.Note != "Слово редактора.\n\nИ ещё одно." {
		t.Fatalf("the edition is %+v", e)
	}
	if !strings.Contains(page.body, "anna@kino.example") || strings.Contains(page.body, items[0].Title) {
		t.Errorf("the page does not show who changed what:\n%s", page.body)
	}
	if got := h.get(h.path + "/letter?variant=ru&part=html").body; !strings.Contains(got, "Заголовок редактора") || !strings.Contains(got, "И ещё одно.") {
		t.Errorf("the letter is not the new one:\n%s", got)
	}

	approved := h.follow(h.press(page.body, "do", "approve"))
	h.says(approved, 200, "edit_approved")
	h.says(approved, 200, "edit_approved_by", "anna@kino.example")
	if e = h.now(); e.State != digest.Enqueuing || e.ApprovedBy != "anna@kino.example" {
		t.Errorf("after approving it is %s by %q", e.State, e.ApprovedBy)
	}
	if _, err := h.Publisher.Enqueue(context.Background(), e.ID, h.clock()); err != nil {
		t.Fatal(err)
	}
	h.says(h.get(h.path), 200, "edit_sending", int64(0), int64(2))
}

func TestThePreviewIsTheLetterByteForByte(t *testing.T) {
	h := openDesk(t, "ru")
	variants, err := mail.Variants(context.Background(), h.DB, h.edition.ID, 1)
	if err != nil || len(variants) < 2 {
		t.Fatalf("variants %q, %v", variants, err)
	}
	for _, variant := range variants {
		m, err := mail.GetMaster(context.Background(), h.DB, h.edition.ID, 1, variant)
		if err != nil {
			t.Fatal(err)
		}
		_, wantHTML, wantText, err := mail.Unmaster(m)
		if err != nil {
			t.Fatal(err)
		}
		for part, want := range map[string]string{"html": wantHTML, "text": wantText} {
			if res := h.get(h.path + "/letter?variant=" + url.QueryEscape(variant) + "&part=" + part); res.StatusCode != 200 || res.body != want {
				t.Errorf("%s, %s: %d, %d bytes, want %d", variant, part, res.StatusCode, len(res.body), len(want))
			}
		}
		if page := html.UnescapeString(h.get(h.path).body); !strings.Contains(page, "/letter?variant="+url.QueryEscape(variant)+"&part=text") {
			t.Errorf("the page has no link to %s", variant)
		}
	}
	if res := h.get(h.path + "/letter?variant=tlh"); res.StatusCode != 404 {
		t.Errorf("a variant that there is not: %d", res.StatusCode)
	}
}

func TestWhoLooksAtAHeldEditionChangesNothing(t *testing.T) {
	h := openDesk(t, "ru")
	revisions := func() string {
		all, err := digest.Revisions(context.Background(), h.DB, h.edition.ID)
		if err != nil {
			t.Fatal(err)
		}
		return fmt.Sprint(all)
	}
	before := contents(t, h.DB) + revisions()
	for _, path := range []string{h.path, h.path + "?saved=1&approve", h.path + "?do=approve&revision=1", h.path + "/letter", h.path + "/letter?variant=en&part=text"} {
		for _, method := range []string{"HEAD", "GET"} {
			if res := h.do(method, path, "", "Sec-Purpose", "prefetch;prerender"); res.StatusCode != 200 {
				t.Errorf("%s %s: %d", method, path, res.StatusCode)
			}
		}
	}
	form := url.Values{"revision": {"1"}, "do": {"approve"}}
	token := strings.TrimPrefix(h.path, "/edit/")
	for _, path := range []string{"/edit/" + token[:len(token)-1], "/edit/" + token + "aaaaaaaa", "/edit/x"} {
		if res := h.post(path, form); res.StatusCode != 404 {
			t.Errorf("POST %s: %d", path, res.StatusCode)
		}
	}
	if res := h.post(h.path+"/letter", form); res.StatusCode != 405 {
		t.Errorf("POST to the letter: %d", res.StatusCode)
	}
	if after := contents(t, h.DB) + revisions(); after != before {
		t.Errorf("something has changed:\n%s\nwas\n%s", after, before)
	}
}

func TestTheFasterEditorWinsAndTheOtherLosesNothing(t *testing.T) {
	h := openDesk(t, "ru")
	items := h.edition.View.Items
	mine := h.get(h.path).body
	other := h.linkFor("boris@kino.example")
	form := typed(t, mine)
	form.Set("drop", id(items[0].Article))
	form.Set("do", "save")
	if res := h.post(other, form); res.StatusCode != 303 {
		t.Fatalf("the other editor: %d", res.StatusCode)
	}
	for _, do := range []string{"save", "approve", "cancel"} {
		res := h.press(mine, "do", do, "note", "Моё слово", "title."+id(items[1].Article), "Мой заголовок", "title."+id(items[0].Article), "Правка напрасна")
		h.says(res, 409, "edit_stale")
		h.says(res, 409, "edit_gone", "Правка напрасна")
		for _, want := range []string{"Моё слово", "Мой заголовок", "boris@kino.example"} {
			if !strings.Contains(res.body, want) {
				t.Errorf("%s: the page has lost %q", do, want)
			}
		}
		if e := h.now(); e.Revision != 2 || e.State != digest.Held {
			t.Errorf("%s has changed it to revision %d, %s", do, e.Revision, e.State)
		}
	}
	again := h.press(h.press(mine, "do", "save", "note", "Моё слово").body, "do", "save")
	h.follow(again)
	if e := h.now(); e.Revision != 3 || e.View.Note != "Моё слово" || len(e.View.Items) != len(items)-1 {
		t.Errorf("saved again it is revision %d with the note %q and %d articles", e.Revision, e.View.Note, len(e.View.Items))
	}
}

// order are the articles of the form on a page.
func order(t testing.TB, page string) []string { return typed(t, page)["item"] }

func TestArrowsAndNumbersArrangeTheListAndSaveNothing(t *testing.T) {
	h := openDesk(t, "ru")
	page := h.get(h.path).body
	part := h.edition.View.Parts()[0]
	if len(part.Items) < 3 {
		t.Fatalf("the first part has %d articles", len(part.Items))
	}
	var ids []string
	for _, item := range part.Items {
		ids = append(ids, id(item.Article))
	}
	first := func(page string) []string { return order(t, page)[:len(ids)] }
	swapped := append([]string{ids[1], ids[0]}, ids[2:]...)
	toEnd := append(slices.Clone(ids[1:]), ids[0])
	toFront := append([]string{ids[len(ids)-1]}, ids[:len(ids)-1]...)
	for _, c := range []struct {
		name, button, value string
		changes             []string
		want                []string
	}{
		{"down", "down", ids[0], nil, swapped},
		{"up", "up", ids[1], nil, swapped},
		{"up from the first place", "up", ids[0], nil, ids},
		{"no number", "up", "x", []string{"pos." + ids[0], "first"}, ids},
		{"to the end", "up", "", []string{"pos." + ids[0], strconv.Itoa(len(ids))}, toEnd},
		{"beyond it", "up", "", []string{"pos." + ids[0], "999"}, toEnd},
		{"to the front", "up", "", []string{"pos." + ids[len(ids)-1], "1"}, toFront},
	} {
		res := h.press(page, c.button, c.value, append(c.changes, "note", "Пишу…")...)
		h.says(res, 200, "edit_moved")
		if got := first(res.body); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
		if !strings.Contains(res.body, "Пишу…") {
			t.Errorf("%s: what was typed is gone", c.name)
		}
	}
	if e := h.now(); e.Revision != 1 {
		t.Errorf("arranging has made revision %d", e.Revision)
	}
	h.follow(h.press(h.press(page, "down", ids[0]).body, "do", "save"))
	if got := id(h.now().View.Items[0].Article); got != ids[1] {
		t.Errorf("saved, %s is the first, want %s", got, ids[1])
	}
}

func TestWhoApprovesWithUnsavedChangesSeesThemFirst(t *testing.T) {
	h := openDesk(t, "ru")
	page := h.follow(h.press(h.get(h.path).body, "do", "approve", "subject", "Новая тема"))
	h.says(page, 200, "edit_save_first")
	if e := h.now(); e.State != digest.Held || e.Subject != "Новая тема" {
		t.Fatalf("it is %s with the subject %q", e.State, e.Subject)
	}
	h.says(h.follow(h.press(page.body, "do", "approve")), 200, "edit_approved")
}

func TestACancelledEditionSaysSoAndTakesNothingMore(t *testing.T) {
	h := openDesk(t, "ru")
	page := h.get(h.path).body
	h.says(h.follow(h.press(page, "do", "cancel")), 200, "edit_cancelled")
	for _, do := range []string{"save", "approve", "cancel"} {
		h.says(h.press(page, "do", do, "note", "Поздно"), 409, "edit_decided")
	}
	if e := h.now(); e.State != digest.Cancelled || e.Revision != 1 {
		t.Errorf("it is %s, revision %d", e.State, e.Revision)
	}
}

func TestAfterTheDeadlineNothingIsApproved(t *testing.T) {
	h := openDesk(t, "ru")
	page := h.get(h.path).body
	h.wait(61 * time.Minute)
	h.says(h.press(page, "do", "approve"), 409, "edit_too_late")
	if e := h.now(); e.State != digest.Held {
		t.Errorf("it is %s", e.State)
	}
}

func TestWhatWasWithdrawnMeanwhileIsMarkedToBeDropped(t *testing.T) {
	h := openDesk(t, "ru")
	item := h.edition.View.Items[1]
	page := h.get(h.path).body
	if err := h.DB.Tx(context.Background(), func(tx *sql.Tx) error {
		_, _, err := articles.Withdraw(context.Background(), tx, item.Slug, h.clock())
		return err
	}); err != nil {
		t.Fatal(err)
	}
	res := h.press(page, "do", "approve")
	h.says(res, 409, "edit_withdrawn", item.Title)
	if drop := typed(t, res.body)["drop"]; !slices.Equal(drop, []string{id(item.Article)}) {
		t.Errorf("marked to be dropped are %v, want %d", drop, item.Article)
	}
	h.says(h.follow(h.press(h.follow(h.press(res.body, "do", "approve")).body, "do", "approve")), 200, "edit_approved")
}

// Headlines come with no-break spaces, and longer than editors may write them: who touches neither approves at the first press.
func TestWhatTheBrowserOnlySendsBackIsNoChange(t *testing.T) {
	h := openDesk(t, "ru")
	e := h.edition
	e.View.Items[0].Title, e.View.Items[1].Title = "Собрали 214\u00a0млн \ufffd", strings.Repeat("Длинный\u00a0заголовок ", 20)+"конец"
	body, err := json.Marshal(e.View)
	if err == nil {
		_, err = h.DB.ExecContext(context.Background(), `UPDATE edition_bodies SET body = $1 WHERE edition = $2 AND sections = ''`, string(body), e.ID)
	}
	if err != nil {
		t.Fatal(err)
	}
	page := h.get(h.path).body
	h.says(h.press(page, "do", "save"), 200, "edit_unchanged")
	saved := h.follow(h.press(page, "do", "save", "title."+id(e.View.Items[2].Article), "Ещё 5\u00a0млн \u202eи\u200b всё"))
	h.says(saved, 200, "edit_saved")
	if got := h.now(); got.View.Items[2].Title != "Ещё 5\u00a0млн и всё" || got.View.Items[0].Title != e.View.Items[0].Title {
		t.Errorf("the headlines are %q and %q", got.View.Items[2].Title, got.View.Items[0].Title)
	}
	h.says(h.follow(h.press(saved.body, "do", "approve")), 200, "edit_approved")
}

func TestWhatCannotBeSavedIsSaidAndKept(t *testing.T) {
	h := openDesk(t, "ru")
	page := h.get(h.path).body
	items := h.edition.View.Items
	for _, c := range []struct {
		key     string
		args    []any
		changes []string
	}{
		{"edit_no_title", nil, []string{"title." + id(items[0].Article), " "}},
		{"edit_long", []any{digest.MaxTitle}, []string{"title." + id(items[0].Article), strings.Repeat("ж", digest.MaxTitle+1)}},
		{"edit_long", []any{digest.MaxSubject}, []string{"subject", strings.Repeat("ж", digest.MaxSubject+1)}},
		{"edit_long", []any{digest.MaxNote}, []string{"note", strings.Repeat("ж", digest.MaxNote+1)}},
	} {
		res := h.press(page, "do", "save", append(c.changes, "pos."+id(items[0].Article), "2")...)
		h.says(res, 400, c.key, c.args...)
		if text := c.changes[1]; text != " " && !strings.Contains(res.body, text) {
			t.Errorf("%s: what was typed is gone", c.changes[0])
		}
	}
	all := typed(t, page)
	for _, item := range items {
		all.Add("drop", id(item.Article))
	}
	all.Set("do", "save")
	h.says(h.post(h.path, all), 400, "edit_no_items")
	h.says(h.press(page, "do", "save"), 200, "edit_unchanged")
	for _, bad := range []url.Values{{}, {"revision": {"x"}}, {"revision": {"1"}, "do": {"publish"}}, {"revision": {"1"}, "item": {"1", "1"}, "do": {"save"}}, {"revision": {"1"}, "item": {"x"}}} {
		if res := h.post(h.path, bad); res.StatusCode != 400 {
			t.Errorf("%v: %d", bad, res.StatusCode)
		}
	}
	if e := h.now(); e.Revision != 1 {
		t.Errorf("revision %d was made", e.Revision)
	}
}

func TestAFormOfHundredsOfHeadlinesIsRead(t *testing.T) {
	h := openDesk(t, "ru")
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for name, values := range typed(t, h.get(h.path).body) {
		for _, v := range values {
			w.WriteField(name, v)
		}
	}
	for i := range 500 {
		w.WriteField("title."+strconv.Itoa(i), strings.Repeat("Заголовок ", 30))
	}
	w.WriteField("do", "save")
	w.Close()
	if b.Len() < 4*maxBody {
		t.Fatalf("the form has %d bytes", b.Len())
	}
	res := h.do("POST", h.path, b.String(), "Content-Type", w.FormDataContentType())
	h.says(res, 200, "edit_unchanged")
	if res := h.do("POST", h.path, strings.Repeat("a=b&", maxEdit/4+1), "Content-Type", "application/x-www-form-urlencoded"); res.StatusCode != 413 {
		t.Errorf("a form of more than a megabyte: %d", res.StatusCode)
	}
}

func TestWhatEditorsTypeStaysText(t *testing.T) {
	h := openDesk(t, "ru")
	const evil = `"'></textarea><script>alert(1)</script>`
	items := h.edition.View.Items
	res := h.press(h.get(h.path).body, "up", "", "note", evil, "subject", evil, "title."+id(items[0].Article), evil, "pos."+id(items[0].Article), evil)
	if strings.Contains(res.body, "<script") {
		t.Errorf("what was typed became markup:\n%s", res.body)
	}
	form := typed(t, res.body)
	if form.Get("note") != evil || form.Get("subject") != evil {
		t.Errorf("the form has %q and %q", form.Get("note"), form.Get("subject"))
	}
}

func TestTheEditorsPageIsKeptNowhereAndFramedByNobody(t *testing.T) {
	h := openDesk(t, "ru")
	for path, ancestors := range map[string]string{h.path: "frame-ancestors 'none'", h.path + "/letter": "frame-ancestors 'self'"} {
		header := h.get(path).Header
		for name, want := range map[string]string{"Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex", "X-Content-Type-Options": "nosniff", "Set-Cookie": ""} {
			if got := header.Get(name); got != want {
				t.Errorf("%s: %s = %q, want %q", path, name, got, want)
			}
		}
		csp := header.Get("Content-Security-Policy")
		for _, want := range []string{"default-src 'none'", "base-uri 'none'", ancestors} {
			if !strings.Contains(csp, want) || strings.Contains(csp, "script-src") {
				t.Errorf("%s: Content-Security-Policy %q lacks %q", path, csp, want)
			}
		}
	}
	if csp := h.get(h.path + "/letter").Header.Get("Content-Security-Policy"); !strings.Contains(csp, "sandbox") {
		t.Errorf("the letter is in no sandbox: %q", csp)
	}
	walk(t, h.get(h.path).body, func(n *html.Node, attr map[string]string) {
		if n.Data == "script" || n.Data == "style" || attr["style"] != "" || n.Data == "img" {
			t.Errorf("<%s> %v", n.Data, attr)
		}
		if n.Data == "a" && strings.HasPrefix(attr["href"], "http") && !strings.Contains(attr["rel"], "noreferrer") {
			t.Errorf("a link that tells where it was: %v", attr)
		}
	})
}

func TestTheEditorsPageIsNamedNowhere(t *testing.T) {
	h := openDesk(t, "ru")
	token := strings.TrimPrefix(h.path, "/edit/")
	for _, path := range []string{"/", "/robots.txt", "/sitemap.xml", "/sitemaps/pages.xml", "/news-sitemap.xml", "/feed.xml", "/feed.atom", "/feed.json", "/opml.xml", "/feeds",
		"/digests/daily", "/digests/daily/feed.xml", "/digests/daily/" + h.edition.Slot.Name(), "/edit/", "/edit"} {
		if res := h.get(path); strings.Contains(res.body, "/edit/") || strings.Contains(res.body, token) {
			t.Errorf("%s tells of the editors' page:\n%s", path, res.body)
		}
	}
}

func TestAnExpiredLinkSaysThatItHasExpired(t *testing.T) {
	h := openDesk(t, "ru")
	h.wait(8*24*time.Hour + time.Hour)
	for _, res := range []answer{h.get(h.path), h.get(h.path + "/letter"), h.post(h.path, url.Values{"revision": {"1"}, "do": {"approve"}})} {
		h.says(res, 410, "error_edit_expired")
	}
	h.says(h.get("/edit/abcdefgh"), 404, "error_edit")
	if strings.Contains(h.log.String(), strings.TrimPrefix(h.path, "/edit/")) {
		t.Error("the token is in the log")
	}
}

func TestTheEditorsPageSpeaksTheLanguageOfItsDigest(t *testing.T) {
	h := openDesk(t, "en")
	page := h.get(h.path)
	h.says(page, 200, "edit_approve")
	if !strings.Contains(page.body, `<html lang="en">`) || strings.Contains(page.body, "Одобрить") {
		t.Errorf("an English digest's page:\n%s", page.body)
	}
}
