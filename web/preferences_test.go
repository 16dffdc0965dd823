package web

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"vestnik/mail"
	"vestnik/subscribers"
)

// preferences opens the page of a subscriber's preferences, and returns its address and the fields of the form that does what is named, as
// a browser would send them untouched.
func (h *house) preferences(id int64, do string) (path string, form url.Values) {
	h.t.Helper()
	path = "/preferences/" + h.Subscribers.Keys.Token(subscribers.PurposePreferences, id, "")
	page := h.get(path)
	if page.StatusCode != 200 {
		h.t.Fatalf("the preferences = %d: %s", page.StatusCode, page.body)
	}
	return path, formOf(h.t.(*testing.T), page.body, do)
}

// formOf are the fields of the form of a page whose "do" is given.
func formOf(t *testing.T, page, do string) url.Values {
	t.Helper()
	root, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	var found url.Values
	for n := range root.Descendants() {
		if n.Data != "form" {
			continue
		}
		var b strings.Builder
		html.Render(&b, n)
		form := fields(t, b.String())
		for o := range n.Descendants() {
			if _, chosen := attributes(o)["selected"]; o.Data == "option" && chosen {
				form.Set(attributes(o.Parent)["name"], attributes(o)["value"])
			}
		}
		if form.Get("do") == do {
			found = form
		}
	}
	if found == nil {
		t.Fatalf("no form does %q in:\n%s", do, page)
	}
	return found
}

func attributes(n *html.Node) map[string]string {
	all := map[string]string{}
	for _, a := range n.Attr {
		all[a.Key] = a.Val
	}
	return all
}

func (h *house) reader(email string) subscribers.Subscriber {
	h.t.Helper()
	s, err := subscribers.Find(context.Background(), h.DB, email)
	if err != nil {
		h.t.Fatal(err)
	}
	return s
}

// rhythms makes weekly a calmer rhythm of daily.
func rhythms(o *Options) { o.Digests[1].BestOf = "daily" }

func TestOneRhythmOfADigestIsTakenAndTheOthersAreLeft(t *testing.T) {
	h := openFurnished(t, rhythms)
	id := h.subscriber("ann@example.org", "daily")
	path, form := h.preferences(id, "save")
	if got := form["rhythm.daily"]; len(got) != 1 || got[0] != "daily" {
		t.Fatalf("chosen: %q, want daily", got)
	}
	form.Set("rhythm.daily", "weekly")
	if res := h.post(path, form); res.StatusCode != 200 || h.state("ann@example.org", "daily") != subscribers.Left || h.state("ann@example.org", "weekly") != subscribers.Active {
		t.Errorf("weekly taken = %d, daily is %q and weekly %q", res.StatusCode, h.state("ann@example.org", "daily"), h.state("ann@example.org", "weekly"))
	}
	form.Set("rhythm.daily", "")
	if res := h.post(path, form); res.StatusCode != 200 || h.state("ann@example.org", "weekly") != subscribers.Left {
		t.Errorf("none taken = %d, weekly is %q", res.StatusCode, h.state("ann@example.org", "weekly"))
	}
	for _, bad := range []string{"none", "monthly"} {
		form.Set("rhythm.daily", bad)
		if res := h.post(path, form); res.StatusCode != 400 {
			t.Errorf("rhythm %q = %d, want 400", bad, res.StatusCode)
		}
	}
	form.Del("rhythm.daily")
	if res := h.post(path, form); res.StatusCode != 400 {
		t.Errorf("a form without the rhythm = %d, want 400", res.StatusCode)
	}
}

func TestWhoGetsTwoRhythmsKeepsBothUnlessOneIsChosen(t *testing.T) {
	h := openFurnished(t, rhythms)
	id := h.subscriber("ann@example.org", "daily", "weekly")
	path, form := h.preferences(id, "save")
	if res := h.post(path, form); res.StatusCode != 200 || h.state("ann@example.org", "daily") != subscribers.Active || h.state("ann@example.org", "weekly") != subscribers.Active {
		t.Errorf("saved untouched = %d, daily is %q and weekly %q", res.StatusCode, h.state("ann@example.org", "daily"), h.state("ann@example.org", "weekly"))
	}
	form.Set("rhythm.daily", "daily")
	if h.post(path, form); h.state("ann@example.org", "weekly") != subscribers.Left {
		t.Errorf("daily chosen, and weekly is %q", h.state("ann@example.org", "weekly"))
	}
}

func TestHourZoneAndSectionsAreKept(t *testing.T) {
	h := openFurnished(t)
	id := h.subscriber("ann@example.org", "daily")
	path, form := h.preferences(id, "save")
	form.Set("hour", "7")
	form.Set("zone", "Europe/Moscow")
	form.Add("sections.daily", "prokat")
	res := h.post(path, form)
	s := h.reader("ann@example.org")
	if res.StatusCode != 200 || s.Hour != 7 || s.Timezone != "Europe/Moscow" || !slices.Equal(s.Subscription("daily").Sections, []string{"prokat"}) {
		t.Fatalf("saved = %d: %+v\n%s", res.StatusCode, s, res.body)
	}
	if _, again := h.preferences(id, "save"); again.Get("hour") != "7" || again.Get("zone") != "Europe/Moscow" || again.Get("sections.daily") != "prokat" {
		t.Errorf("the page then shows %v", again)
	}
	form.Set("zone_other", "Asia/Kathmandu")
	form["sections.daily"] = []string{"prokat", "festivali"} // all there are
	if h.post(path, form); h.reader("ann@example.org").Timezone != "Asia/Kathmandu" || len(h.reader("ann@example.org").Subscription("daily").Sections) > 0 {
		t.Errorf("a zone typed, all sections ticked: %+v", h.reader("ann@example.org"))
	}
	before := contents(t, h.DB)
	for field, value := range map[string]string{"zone_other": "Mars/Olympus", "hour": "24", "sections.daily": "none"} {
		wrong := url.Values{}
		for k, v := range form {
			wrong[k] = v
		}
		wrong[field] = []string{value}
		if res := h.post(path, wrong); res.StatusCode != 400 || field == "zone_other" && !strings.Contains(res.body, `value="Mars/Olympus"`) {
			t.Errorf("%s %q = %d, want 400", field, value, res.StatusCode)
		}
	}
	if contents(t, h.DB) != before {
		t.Error("refused forms changed something")
	}
}

func TestTheLookOfLettersIsChosenWhereThereIsAChoice(t *testing.T) {
	h := openFurnished(t, func(o *Options) {
		o.Digests[0].Layouts, o.Digests[1].Layouts = []string{"list", "cards", "long"}, []string{"list"}
	})
	id := h.subscriber("ann@example.org", "daily", "weekly")
	path, form := h.preferences(id, "save")
	if form.Get("layout.daily") != "list" || form.Has("layout.weekly") {
		t.Fatalf("the page shows %v, want the digest's own layout of daily, and no choice for weekly", form)
	}
	lines := func() int {
		all, err := subscribers.Consent(t.Context(), h.DB, id)
		if err != nil {
			t.Fatal(err)
		}
		return len(all)
	}
	before := lines()
	if h.post(path, form); h.reader("ann@example.org").Subscription("daily").Layout != "" || lines() != before {
		t.Errorf("saved untouched: %+v, %d lines of consent more", h.reader("ann@example.org").Subscription("daily"), lines()-before)
	}
	form.Set("layout.daily", "cards")
	for range 2 {
		if res := h.post(path, form); res.StatusCode != 200 || h.reader("ann@example.org").Subscription("daily").Layout != "cards" || lines() != before+1 {
			t.Errorf("cards = %d: %+v, %d lines of consent more, want one", res.StatusCode, h.reader("ann@example.org").Subscription("daily"), lines()-before)
		}
	}
	path, form = h.preferences(id, "save")
	if form.Get("layout.daily") != "cards" {
		t.Errorf("the page then shows %v", form)
	}
	form.Del("layout.daily") // a form from before there was the field
	if h.post(path, form); h.reader("ann@example.org").Subscription("daily").Layout != "cards" {
		t.Errorf("a form of old: %+v", h.reader("ann@example.org").Subscription("daily"))
	}
	for _, bad := range []string{"poster", "", "cards "} {
		form.Set("layout.daily", bad)
		if res := h.post(path, form); res.StatusCode != 400 {
			t.Errorf("layout %q = %d, want 400", bad, res.StatusCode)
		}
	}
	res := h.post(path, url.Values{"do": {"data"}})
	if !strings.Contains(res.body, `"layout": "cards"`) {
		t.Errorf("all that is held has no layout:\n%s", res.body)
	}
}

func TestWhatThePageSaidIsKeptWithTheConsent(t *testing.T) {
	h := openFurnished(t)
	id := h.subscriber("ann@example.org", "daily")
	path, form := h.preferences(id, "save")
	form.Add("digest", "weekly")
	h.post(path, form)
	lines, err := subscribers.Consent(t.Context(), h.DB, id)
	last := lines[len(lines)-1]
	if err != nil || last.Verb != "join" || !strings.Contains(last.Wording, "Что присылать\nСамое читаемое") || !strings.HasSuffix(last.Wording, "Сохранить") {
		t.Errorf("the log has %+v, %v", last, err)
	}
}

func TestAPauseEndsOnItsDayOrBefore(t *testing.T) {
	h := openFurnished(t)
	id := h.subscriber("ann@example.org", "daily")
	path, form := h.preferences(id, "pause")
	for until, want := range map[string]string{"week": "2026-12-01", "month": "2026-12-24", "quarter": "2027-02-24", "date": "2026-12-31"} {
		form.Set("until", until)
		form.Set("date", "2026-12-31")
		res := h.post(path, form)
		u := h.reader("ann@example.org").Subscription("daily")
		if res.StatusCode != 200 || u.State != subscribers.Paused || u.Until.In(sakhalin).Format("2006-01-02 15:04") != want+" 00:00" {
			t.Errorf("%s = %d: %s until %s, want %s", until, res.StatusCode, u.State, u.Until.In(sakhalin), want)
		}
	}
	for _, date := range []string{"2026-11-24", "2020-01-01", "2028-01-01", "tomorrow", ""} {
		form.Set("until", "date")
		form.Set("date", date)
		if res := h.post(path, form); res.StatusCode != 400 || !strings.Contains(res.body, `role="alert"`) {
			t.Errorf("a pause until %q = %d, want 400 with a sentence", date, res.StatusCode)
		}
	}
	if _, save := h.preferences(id, "save"); save.Get("digest") != "daily" {
		t.Error("a paused digest is not ticked, so saving the page would leave it")
	}
	path, form = h.preferences(id, "resume")
	if res := h.post(path, form); res.StatusCode != 200 || h.state("ann@example.org", "daily") != subscribers.Active {
		t.Errorf("resume = %d, daily is %q", res.StatusCode, h.state("ann@example.org", "daily"))
	}
}

// moveTokens are those of the newest letters about a change of address, by the address they went to.
func (h *house) moveTokens() map[string]string {
	h.t.Helper()
	all, err := mail.List(context.Background(), h.DB, mail.ListFilter{Kind: mail.KindMove, State: "queued"})
	if err != nil {
		h.t.Fatal(err)
	}
	tokens := map[string]string{}
	for _, l := range all {
		tokens[l.Address] = l.Private
	}
	return tokens
}

func TestTheNewAddressConfirmsAndTheOldOneIsTold(t *testing.T) {
	h := openFurnished(t)
	id := h.subscriber("ann@example.org", "daily")
	path, form := h.preferences(id, "move")
	form.Set("email", "Ann.Lee@Example.net")
	if res := h.post(path, form); res.StatusCode != 200 || !strings.Contains(res.body, "Ann.Lee@example.net") || h.reader("ann@example.org").ID != id {
		t.Fatalf("ask = %d: %s", res.StatusCode, res.body)
	}
	tokens := h.moveTokens()
	confirm, stop := "/move/"+tokens["Ann.Lee@example.net"], "/move/stop/"+tokens["ann@example.org"]
	if len(tokens) != 2 {
		t.Fatalf("letters to %v, want the new and the old address", tokens)
	}
	before := contents(t, h.DB)
	for _, link := range []string{confirm, stop} {
		if res := h.get(link); res.StatusCode != 200 || contents(t, h.DB) != before {
			t.Errorf("GET of a link = %d, or changed something", res.StatusCode)
		}
	}
	for range 2 {
		if res := h.post(confirm, nil); res.StatusCode != 200 || h.reader("ann.lee@example.net").ID != id || h.reader("ann.lee@example.net").Email != "Ann.Lee@example.net" {
			t.Errorf("the new address confirms = %d", res.StatusCode)
		}
	}
	lines, err := subscribers.Consent(t.Context(), h.DB, id)
	if last := lines[len(lines)-1]; err != nil || last.Verb != "move" || !strings.Contains(last.Wording, "ann@example.org") || len(lines) != 2 {
		t.Errorf("the log: %+v, %v", lines, err)
	}
	if res := h.post(stop, nil); res.StatusCode != 200 || !strings.Contains(res.body, "Останавливать нечего") || h.reader("ann.lee@example.net").ID != id {
		t.Errorf("too late to stop = %d", res.StatusCode)
	}
}

func TestTheOldAddressCanStopAMove(t *testing.T) {
	h := openFurnished(t)
	id := h.subscriber("ann@example.org", "daily")
	path, form := h.preferences(id, "move")
	form.Set("email", "thief@example.net")
	h.post(path, form)
	tokens := h.moveTokens()
	if res := h.post("/move/stop/"+tokens["ann@example.org"], nil); res.StatusCode != 200 || len(h.moveTokens()) != 0 {
		t.Errorf("stop = %d, letters left: %v", res.StatusCode, h.moveTokens())
	}
	for _, token := range []string{tokens["thief@example.net"], tokens["ann@example.org"], strings.Repeat("a", 40)} {
		if res := h.post("/move/"+token, nil); res.StatusCode != 410 && res.StatusCode != 404 || h.reader("ann@example.org").ID != id {
			t.Errorf("a link that is stopped, or none = %d", res.StatusCode)
		}
	}
	if res := h.post("/move/stop/"+h.Subscribers.Keys.Token(subscribers.PurposePreferences, id, ""), nil); res.StatusCode != 404 {
		t.Errorf("a token of another purpose = %d, want 404", res.StatusCode)
	}
}

func TestAMoveTellsNothingOfAnAddress(t *testing.T) {
	h := openFurnished(t)
	h.subscriber("known@example.net", "daily")
	h.tx(func(tx *sql.Tx) error {
		return subscribers.Suppress(context.Background(), tx, "barred@example.net", "complaint", h.clock())
	})
	answers := map[string]string{}
	for i, email := range []string{"fresh@example.net", "known@example.net", "barred@example.net"} {
		reader := fmt.Sprintf("reader%d@example.org", i)
		path, form := h.preferences(h.subscriber(reader, "daily"), "move")
		form.Set("email", email)
		res := h.post(path, form)
		body := strings.NewReplacer(email, "EMAIL", reader, "READER", path, "PATH").Replace(res.body)
		answers[fmt.Sprint(res.StatusCode, body)] = email
		_, wrote := h.moveTokens()[email]
		if _, told := h.moveTokens()[reader]; !told || wrote != (i == 0) {
			t.Errorf("%s: the old address told: %v, a letter to the new one: %v", email, told, wrote)
		}
	}
	if len(answers) != 1 {
		t.Errorf("the answers differ for %v", answers)
	}
	// One that was free when it was asked for, and is not any more.
	path, form := h.preferences(h.reader("reader0@example.org").ID, "move")
	form.Set("email", "later@example.net")
	h.post(path, form)
	token := h.moveTokens()["later@example.net"]
	h.subscriber("later@example.net", "daily")
	if res := h.post("/move/"+token, nil); res.StatusCode != 200 || !strings.Contains(res.body, "Адрес уже подписан") || h.reader("reader0@example.org").Email == "" {
		t.Errorf("an address taken meanwhile = %d: %s", res.StatusCode, res.body)
	}
	form.Set("email", "hurt@example.net")
	h.post(path, form)
	token = h.moveTokens()["hurt@example.net"]
	h.tx(func(tx *sql.Tx) error {
		return subscribers.Suppress(context.Background(), tx, "hurt@example.net", "complaint", h.clock())
	})
	if res := h.post("/move/"+token, nil); res.StatusCode != 200 || !strings.Contains(res.body, "На этот адрес мы не пишем") || h.reader("reader0@example.org").Email == "" {
		t.Errorf("an address suppressed meanwhile = %d: %s", res.StatusCode, res.body)
	}
	for range 4 {
		form.Set("email", "again@example.net")
		if res := h.post(path, form); res.StatusCode == 400 {
			return
		}
	}
	t.Error("any number of changes is taken in a day")
}

func TestAReaderDownloadsEverythingByAButton(t *testing.T) {
	h := openFurnished(t)
	id := h.subscriber("ann@example.org", "daily")
	_, err := h.DB.ExecContext(t.Context(), `INSERT INTO subscriber_imports (hash, taken, rejects, rejected, done, at) VALUES ('h', 1, '/srv/newsroom/list.csv.rejects.csv', 1, 1, 1)`)
	if err != nil {
		t.Fatal(err)
	}
	path, form := h.preferences(id, "data")
	res := h.post(path, form)
	if strings.Contains(res.body, "newsroom") {
		t.Error("a reader is told of the newsroom's own files")
	}
	var got struct {
		Email         string
		Subscriptions []struct{ Digest, State string }
		Consent       []struct{ Verb, Basis string }
	}
	if err := json.Unmarshal([]byte(res.body), &got); err != nil || got.Email != "ann@example.org" || len(got.Subscriptions) != 1 || len(got.Consent) != 1 || got.Consent[0].Basis != "test" {
		t.Errorf("%v: %s", err, res.body)
	}
	if d := res.Header.Get("Content-Disposition"); d != `attachment; filename="vestnik-2026-11-24.json"` || res.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("headers: %v", res.Header)
	}
}

func TestAReaderIsErasedByAButtonOfAPageOfItsOwn(t *testing.T) {
	h := openFurnished(t)
	id := h.subscriber("ann@example.org", "daily")
	path, _ := h.preferences(id, "save")
	if res := h.get(path + "/erase"); res.StatusCode != 200 || h.state("ann@example.org", "daily") != subscribers.Active {
		t.Fatalf("GET = %d", res.StatusCode)
	}
	if res := h.post(path+"/erase", nil); res.StatusCode != 200 || !strings.Contains(res.body, "Всё удалено") {
		t.Errorf("POST = %d: %s", res.StatusCode, res.body)
	}
	if _, err := subscribers.Find(t.Context(), h.DB, "ann@example.org"); err == nil {
		t.Error("the subscriber is there still")
	}
	for _, link := range []string{path, path + "/erase"} {
		if res := h.get(link); res.StatusCode != 404 {
			t.Errorf("afterwards %s = %d, want 404", link, res.StatusCode)
		}
	}
}

func TestLeavingIsUndoneByAButtonForTenMinutes(t *testing.T) {
	for _, language := range []string{"ru", "en"} {
		h := openFurnished(t)
		id := h.subscriber("ann@example.org", "daily")
		h.tx(func(tx *sql.Tx) error {
			return subscribers.SetLanguage(context.Background(), tx, id, language, h.clock())
		})
		path := "/unsubscribe/" + h.Subscribers.Keys.Token(subscribers.PurposeLeave, id, "daily")
		leave := func() answer { return h.post(path, formOf(t, h.get(path).body, "leave"), "Accept", browser) }
		undo := formOf(t, leave().body, "undo")
		h.wait(9 * time.Minute)
		for range 2 {
			res := h.post(path, undo, "Accept", browser)
			if res.StatusCode != 200 || h.state("ann@example.org", "daily") != subscribers.Active || !strings.Contains(res.body, map[string]string{"ru": "Всё как прежде", "en": "Everything is as before"}[language]) {
				t.Errorf("%s: undo = %d, daily is %q: %s", language, res.StatusCode, h.state("ann@example.org", "daily"), res.body)
			}
		}
		leave()
		h.wait(11 * time.Minute)
		if res := h.post(path, undo, "Accept", browser); res.StatusCode != 200 || h.state("ann@example.org", "daily") != subscribers.Left || strings.Contains(res.body, "Всё как прежде") {
			t.Errorf("%s: too late = %d, daily is %q", language, res.StatusCode, h.state("ann@example.org", "daily"))
		}
		if undo.Set("List-Unsubscribe", "One-Click"); h.post(path, undo).StatusCode != 200 || h.state("ann@example.org", "daily") != subscribers.Left {
			t.Error("a one-click request was taken for an undo")
		}
	}
}

func TestManyLeaveAtOnce(t *testing.T) {
	h := open(t)
	ids := h.crowd(300)
	errs := make(chan error)
	for _, id := range slices.Concat(ids, ids[:50]) {
		go func() {
			_, _, err := h.leaver.Leave(context.Background(), h.Subscribers.Keys.Token(subscribers.PurposeLeave, id, "daily"), subscribers.Origin{}, h.clock())
			errs <- err
		}()
	}
	for range 350 {
		if err := <-errs; err != nil {
			t.Fatal(err)
		}
	}
	var left, lines, withdrawn int64
	err := h.DB.QueryRowContext(t.Context(), `SELECT (SELECT COUNT(*) FROM subscriptions WHERE state = 'left'),
		(SELECT COUNT(*) FROM consent WHERE verb = 'leave'), (SELECT COUNT(*) FROM letters WHERE state = 'suppressed')`).Scan(&left, &lines, &withdrawn)
	if err != nil || left != 300 || lines != 300 || withdrawn != 600 {
		t.Errorf("%d have left with %d lines and %d letters withdrawn, %v; want 300, 300, 600", left, lines, withdrawn, err)
	}
}
