package web

import (
	"context"
	"database/sql"
	"html"
	"maps"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"vestnik/mail"
	"vestnik/subscribers"
	"vestnik/subscribers/consent"
	"vestnik/subscribers/limits"
	"vestnik/templates"
)

// addressStates are what an address can be to us, each made by the verbs that lead there.
var addressStates = []struct {
	name    string
	prepare func(h *house, email string)
	letters int // of those that the join under test may write: 0 or 1
}{
	{"new", func(*house, string) {}, 1},
	{"pending, asked for the day before", func(h *house, email string) {
		h.ask(email, "daily", -25*time.Hour)
	}, 1},
	{"pending, with a letter of the last 24 hours", func(h *house, email string) { h.ask(email, "daily", -time.Hour) }, 0},
	{"active", func(h *house, email string) { h.subscriber(email, "daily") }, 0},
	{"paused", func(h *house, email string) {
		id := h.subscriber(email, "daily")
		h.tx(func(tx *sql.Tx) error {
			return subscribers.Pause(context.Background(), tx, id, "daily", h.clock().Add(time.Hour), subscribers.Origin{}, h.clock())
		})
	}, 0},
	{"left", func(h *house, email string) {
		id := h.subscriber(email, "daily")
		h.tx(func(tx *sql.Tx) error {
			return subscribers.Leave(context.Background(), tx, id, "daily", subscribers.Origin{}, h.clock())
		})
	}, 1},
	{"suppressed", func(h *house, email string) {
		h.tx(func(tx *sql.Tx) error {
			return subscribers.Suppress(context.Background(), tx, email, "complaint", h.clock())
		})
	}, 0},
	{"forgotten", func(h *house, email string) {
		h.subscriber(email, "daily")
		h.tx(func(tx *sql.Tx) error {
			_, err := h.Subscribers.EraseAddress(context.Background(), tx, email, "", h.clock())
			return err
		})
	}, 1},
	{"blocked", func(h *house, email string) {
		h.tx(func(tx *sql.Tx) error { return h.Subscribers.Block(context.Background(), tx, email, h.clock()) })
	}, 0},
	{"over the limit", func(h *house, email string) {
		for day := range 10 {
			h.ask(email, "weekly", time.Duration(day-10)*60*time.Hour)
		}
	}, 0},
}

// ask joins at another time, past the form.
func (h *house) ask(email, digest string, before time.Duration) {
	h.t.Helper()
	if err := h.Subscribers.Join(context.Background(), h.DB, email, digest, "", subscribers.Origin{}, h.clock().Add(before)); err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) letters() int {
	h.t.Helper()
	all, err := mail.List(context.Background(), h.DB, mail.ListFilter{Kind: "confirm", Limit: 10_000})
	if err != nil {
		h.t.Fatal(err)
	}
	return len(all)
}

func TestSubscribeAnswersTheSameForTenStatesOfAnAddress(t *testing.T) {
	h := openFurnished(t)
	want := ""
	for i, state := range addressStates {
		email := "reader" + strconv.Itoa(i) + "@example.org"
		state.prepare(h, email)
		form := fields(t, h.get("/digests/daily").body)
		form.Set("email", email)
		h.wait(5 * time.Second)
		before := h.letters()
		res := h.post("/subscribe", form)
		res.Header.Del("Date")
		got := strconv.Itoa(res.StatusCode) + "\n" + headerText(res.Header) + res.body
		if want == "" {
			want = got
		}
		if res.StatusCode != 200 || got != want {
			t.Errorf("%s: %d, another answer than for a new address:\n%s", state.name, res.StatusCode, got)
		}
		if n := h.letters() - before; n != state.letters {
			t.Errorf("%s: %d letters, want %d", state.name, n, state.letters)
		}
	}
}

func headerText(h http.Header) string {
	var b strings.Builder
	h.Write(&b)
	return b.String()
}

func TestTheTimeOfAnAnswerTellsNothingOfAnAddress(t *testing.T) {
	h := openFurnished(t, func(o *Options) { o.JoinTime = 50 * time.Millisecond })
	h.tx(func(tx *sql.Tx) error {
		return subscribers.Suppress(context.Background(), tx, "suppressed@example.org", "complaint", h.clock())
	})
	started := time.Now()
	if res := h.join("daily", "suppressed@example.org"); res.StatusCode != 200 {
		t.Fatalf("join = %d", res.StatusCode)
	}
	if took := time.Since(started); took < h.JoinTime {
		t.Errorf("an address for which nothing is done got its answer after %v, want %v at least", took, h.JoinTime)
	}
}

func TestANetworkMaySendSoManyJoinFormsAnHour(t *testing.T) {
	h := openFurnished(t)
	form := fields(t, h.get("/digests/daily").body)
	h.wait(5 * time.Second)
	from := func(i int, address string) int {
		form.Set("email", "reader"+strconv.Itoa(i)+"@example.org")
		return h.post("/subscribe", form, "X-Forwarded-For", address).StatusCode
	}
	for i := range limits.Defaults.Network {
		if status := from(i, "198.51.100."+strconv.Itoa(i)); status != 200 {
			t.Fatalf("form %d = %d", i, status)
		}
	}
	for _, c := range []struct {
		name, address string
		status        int
	}{
		{"one too many", "198.51.100.77", 429},
		{"another network", "198.51.101.77", 200},
		{"IPv6", "2001:db8::1", 200},
		{"this machine", "127.0.0.1", 200},
		{"unknown", "none", 200},
	} {
		if status := from(1000, c.address); status != c.status {
			t.Errorf("%s = %d, want %d", c.name, status, c.status)
		}
	}
	h.wait(time.Hour)
	if status := from(1000, "198.51.100.77"); status != 200 {
		t.Errorf("an hour later = %d, want 200", status)
	}
	if letters, err := mail.List(t.Context(), h.DB, mail.ListFilter{}); err != nil || len(letters) != limits.Defaults.Network+1 {
		t.Errorf("%d letters (%v), want %d", len(letters), err, limits.Defaults.Network+1)
	}
}

func TestJoinFormsThatAreNotFilledInByPeople(t *testing.T) {
	h := openFurnished(t)
	form := fields(t, h.get("/digests/daily").body)
	form.Set("email", "bomb@example.org")
	with := func(key, value string) url.Values {
		f := url.Values{}
		for k, v := range form {
			f[k] = v
		}
		f.Set(key, value)
		return f
	}
	if res := h.post("/subscribe", form); res.StatusCode != 429 || !strings.Contains(res.body, "bomb@example.org") {
		t.Errorf("filled in within no time = %d, want 429 and the form again", res.StatusCode)
	}
	h.wait(5 * time.Second)
	for name, c := range map[string]struct {
		form   url.Values
		status int
	}{
		"trap":         {with(trap, "x"), 200},
		"empty stamp":  {with("stamp", ""), 429},
		"forged stamp": {with("stamp", strings.Repeat("A", 32)), 429},
		"no address":   {with("email", "  "), 400},
		"bad address":  {with("email", "no address <script>"), 400},
		"header":       {with("email", "a@example.org\r\nBcc: b@example.org"), 400},
		"no digest":    {with("digest", "none"), 400},
	} {
		res := h.post("/subscribe", c.form)
		if res.StatusCode != c.status || strings.Contains(res.body, "<script>") || res.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %d, want %d", name, res.StatusCode, c.status)
		}
	}
	if letters, err := mail.List(t.Context(), h.DB, mail.ListFilter{}); err != nil || len(letters) != 0 {
		t.Errorf("%d letters were written (%v), want none", len(letters), err)
	}
	// The form that was sent too fast goes through when its button is pressed again, and so does one from another site
	// after its visitor has seen our page.
	again := fields(t, h.post("/subscribe", with("stamp", "")).body)
	h.wait(3 * time.Second)
	if res := h.post("/subscribe", again, "Origin", "https://partner.example", "Sec-Fetch-Site", "cross-site"); res.StatusCode != 200 {
		t.Errorf("pressed again = %d", res.StatusCode)
	}
	if got := h.state("bomb@example.org", "daily"); got != subscribers.Pending {
		t.Errorf("state = %q, want pending", got)
	}
	h.wait(8 * 24 * time.Hour)
	if res := h.post("/subscribe", form); res.StatusCode != 429 {
		t.Errorf("a week later = %d, want 429", res.StatusCode)
	}
}

// The form of another site bears no stamp: it leads to our page with the address filled in, and only the button there asks.
func TestAFormOfAnotherSiteTakesOneMorePress(t *testing.T) {
	h := openFurnished(t)
	pasted := url.Values{"digest": {"daily"}, "language": {"en"}, trap: {""}, "email": {"ann@example.org"}}
	cross := []string{"Origin", "https://partner.example", "Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate"}
	page := h.post("/subscribe", pasted, cross...)
	form := fields(t, page.body)
	if page.StatusCode != 200 || !strings.Contains(page.body, "One step left") || form.Get("email") != "ann@example.org" || h.letters() != 0 {
		t.Fatalf("the pasted form = %d, email %q, %d letters", page.StatusCode, form.Get("email"), h.letters())
	}
	if res := h.post("/subscribe", form); res.StatusCode != 429 || h.letters() != 0 {
		t.Errorf("pressed within no time = %d", res.StatusCode)
	}
	h.wait(3 * time.Second)
	if res := h.post("/subscribe", form); res.StatusCode != 200 || h.letters() != 1 {
		t.Errorf("pressed = %d, %d letters", res.StatusCode, h.letters())
	}
	pasted.Set("email", "no address")
	if res := h.post("/subscribe", pasted, cross...); res.StatusCode != 400 {
		t.Errorf("a wrong address = %d, want 400 before anything is pressed", res.StatusCode)
	}
	pasted.Set("email", "bot@example.org")
	pasted.Set(trap, "films")
	if res := h.post("/subscribe", pasted, cross...); res.StatusCode != 200 || fields(t, res.body).Has("email") {
		t.Errorf("a program that fills in the trap = %d", res.StatusCode)
	}
}

func TestTheFormInAFrameMayStandOnAnySiteAndNoOtherPageMay(t *testing.T) {
	h := openFurnished(t)
	if res := h.get("/digests/none/form"); res.StatusCode != 404 {
		t.Errorf("the form of no digest = %d", res.StatusCode)
	}
	page := h.get("/digests/daily/form")
	csp := page.Header.Get("Content-Security-Policy")
	if page.StatusCode != 200 || !strings.Contains(csp, "frame-ancestors *") || !strings.Contains(csp, "default-src 'none'") || strings.Contains(page.body, "<script") {
		t.Fatalf("the form = %d with the policy %q", page.StatusCode, csp)
	}
	checkPolicy(t, "/digests/daily/form", page.body)
	if res := h.get("/digests/daily/form?language=en"); !strings.Contains(res.body, "<html lang=\"en\">") {
		t.Error("the form in English is not in English")
	}
	form := fields(t, page.body)
	form.Set("email", "no address")
	h.wait(3 * time.Second)
	for _, email := range []string{"no address", "ann@example.org"} {
		form.Set("email", email)
		res := h.post("/subscribe", form, "Sec-Fetch-Dest", "iframe")
		if got := res.Header.Get("Content-Security-Policy"); got != csp || strings.Contains(res.body, "class=\"masthead\"") {
			t.Errorf("the answer for %q is not one for a frame: %d, %q", email, res.StatusCode, got)
		}
	}
	if h.letters() != 1 {
		t.Errorf("%d letters, want 1", h.letters())
	}
	form.Del("framed")
	if res := h.post("/subscribe", form); !strings.Contains(res.Header.Get("Content-Security-Policy"), "frame-ancestors 'none'") {
		t.Error("the answer to a form that stands in no frame may be framed")
	}
}

// The small form beside articles and on editions is one without a stamp, too.
func TestEveryPageOffersTheDigests(t *testing.T) {
	h := openFurnished(t)
	for _, path := range []string{"/", "/articles/festival", "/sections/festivali", "/most-read", "/feeds", "/digests/daily", "/digests/daily/2026-11-24T0800"} {
		page := h.get(path)
		if !strings.Contains(page.body, `action="/subscribe"`) || !strings.Contains(page.body, `value="daily"`) {
			t.Errorf("%s offers no digest", path)
		}
	}
	again := h.get("/articles/festival").Header.Get("ETag")
	h.wait(time.Minute)
	if h.get("/articles/festival").Header.Get("ETag") != again {
		t.Error("the form gives an article another entity tag every second")
	}
}

// What is kept with the consent is what stood beside the button, word by word, and where it was pressed from.
func TestTheLogOfConsentHoldsTheWordsThatWereShown(t *testing.T) {
	h := openFurnished(t)
	for i, path := range []string{"/digests/daily", "/digests/daily/form", "/digests/weekly", "/digests/daily/form?language=en"} {
		email := "reader" + strconv.Itoa(i) + "@example.org"
		page := h.get(path)
		form := fields(t, page.body)
		form.Set("email", email)
		h.wait(5 * time.Second)
		h.post("/subscribe", form, "X-Forwarded-For", "203.0.113.77")
		confirm := h.get("/confirm/" + h.confirmToken(email))
		h.post("/confirm/"+h.confirmToken(email), fields(t, confirm.body), "X-Forwarded-For", "2001:db8:1:2::3")
		who, err := subscribers.Find(t.Context(), h.DB, email)
		if err != nil {
			t.Fatal(err)
		}
		lines, err := consent.Lines(t.Context(), h.DB, who.ID)
		if err != nil || len(lines) != 2 {
			t.Fatalf("%s: %d lines (%v)", path, len(lines), err)
		}
		for j, shown := range []string{page.body, confirm.body} {
			words := strings.Split(lines[j].Wording, "\n")
			if len(words) < 3 {
				t.Errorf("%s: the line of %s holds %q", path, lines[j].Verb, lines[j].Wording)
			}
			for _, w := range words {
				if !strings.Contains(shown, ">"+html.EscapeString(w)+"<") && !strings.Contains(shown, w) {
					t.Errorf("%s: %q was kept, but not shown", path, w)
				}
			}
		}
		if lines[0].Network != "203.0.113.0/24" || lines[1].Network != "2001:db8:1::/48" {
			t.Errorf("%s: networks %q and %q", path, lines[0].Network, lines[1].Network)
		}
	}
	for _, l := range templates.Languages() {
		if w := templates.JoinWording(l, "x"); strings.Contains(w, "join_") {
			t.Errorf("%s: %q", l, w)
		}
	}
}

func TestThisWasNotMe(t *testing.T) {
	h := openFurnished(t)
	h.join("daily", "ann@example.org")
	h.subscriber("ann@example.org", "weekly")
	who, err := subscribers.Find(t.Context(), h.DB, "ann@example.org")
	if err != nil {
		t.Fatal(err)
	}
	confirm := "/confirm/" + h.confirmToken("ann@example.org")
	path := "/not-me/" + h.Subscribers.Keys.Token(subscribers.PurposeNotMe, who.ID, "daily")
	before := contents(t, h.DB)
	for _, method := range []string{"GET", "HEAD"} {
		if res := h.do(method, path, "", "Purpose", "prefetch"); res.StatusCode != 200 || res.Header.Get("Cache-Control") != "no-store" || res.Header.Get("Referrer-Policy") != "no-referrer" {
			t.Errorf("%s = %d", method, res.StatusCode)
		}
	}
	for _, purpose := range []string{subscribers.PurposeLeave, subscribers.PurposePreferences} {
		if res := h.post("/not-me/"+h.Subscribers.Keys.Token(purpose, who.ID, "daily"), nil); res.StatusCode != 404 {
			t.Errorf("a token of purpose %s blocks: %d", purpose, res.StatusCode)
		}
	}
	if contents(t, h.DB) != before {
		t.Error("looking changed something")
	}
	for range 2 {
		res := h.post(path, fields(t, h.get(path).body))
		if res.StatusCode != 200 || !strings.Contains(res.body, "Больше не побеспокоим") {
			t.Fatalf("POST = %d", res.StatusCode)
		}
	}
	if h.state("ann@example.org", "daily") != subscribers.Left || h.state("ann@example.org", "weekly") != subscribers.Active {
		t.Errorf("daily is %q, weekly %q; want left and active", h.state("ann@example.org", "daily"), h.state("ann@example.org", "weekly"))
	}
	if res := h.post(confirm, nil); res.StatusCode != 404 {
		t.Errorf("the letter's other link = %d, want 404", res.StatusCode)
	}
	h.wait(48 * time.Hour)
	if n := h.letters(); h.join("daily", "ann@example.org").StatusCode != 200 || h.letters() != n {
		t.Error("a confirmation letter was written to a blocked address")
	}
	if res := h.post(path, url.Values{"undo": {"1"}}); res.StatusCode != 200 || !strings.Contains(res.body, "/digests/daily") {
		t.Errorf("undo = %d", res.StatusCode)
	}
	lines, err := subscribers.Consent(t.Context(), h.DB, who.ID)
	if last := lines[len(lines)-1]; err != nil || last.Verb != "unblock" || !strings.HasSuffix(last.Wording, "Снова разрешить письма") {
		t.Errorf("the log has %+v, %v", last, err)
	}
	if n := h.letters(); h.join("daily", "ann@example.org").StatusCode != 200 || h.letters() != n+1 {
		t.Error("who took the block back gets no letter")
	}
}

func TestEveryRefusalIsCounted(t *testing.T) {
	tally := new(limits.Tally)
	h := openFurnished(t, func(o *Options) {
		o.Subscribers.Tally = tally
		o.Subscribers.Limits = limits.Defaults
		o.Subscribers.Limits.Network = 2
	})
	form := fields(t, h.get("/digests/daily").body)
	send := func(email string, change ...string) {
		f := url.Values{}
		for k, v := range form {
			f[k] = v
		}
		f.Set("email", email)
		for i := 0; i < len(change); i += 2 {
			f.Set(change[i], change[i+1])
		}
		h.post("/subscribe", f, "X-Forwarded-For", "198.51.100.7")
	}
	send("a@example.org")
	h.wait(3 * time.Second)
	send("a@example.org", trap, "x")
	send("a@example.org", "stamp", "x")
	send("not an address")
	send("a@example.org")
	send("a@example.org")
	send("b@example.org")
	send("c@example.org")
	if err := tally.Flush(t.Context(), h.DB, h.clock()); err != nil {
		t.Fatal(err)
	}
	got, err := limits.Refused(t.Context(), h.DB, h.clock())
	want := map[string]int64{"fast": 1, "trap": 1, "stale": 1, "malformed": 1, "address": 1, "network": 1}
	if err != nil || !maps.Equal(got, want) {
		t.Errorf("refused %v (%v), want %v", got, err, want)
	}
}
