package web

import (
	"bytes"
	"context"
	"database/sql"
	"mime/multipart"
	"net/url"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"vestnik/subscribers"
)

// fields are those of the form on a page, as a browser would send them.
func fields(t *testing.T, page string) url.Values {
	t.Helper()
	form := url.Values{}
	walk(t, page, func(n *html.Node, attr map[string]string) {
		_, checked := attr["checked"]
		if n.Data == "input" && attr["name"] != "" && (checked || attr["type"] != "checkbox" && attr["type"] != "radio") {
			form.Add(attr["name"], attr["value"])
		}
	})
	return form
}

// join fills in the form of a digest as a person does.
func (h *house) join(digest, email string) answer {
	h.t.Helper()
	form := fields(h.t.(*testing.T), h.get("/digests/"+digest).body)
	form.Set("email", email)
	h.wait(5 * time.Second)
	return h.post("/subscribe", form)
}

// confirmToken is the one in the newest confirmation letter to the address.
func (h *house) confirmToken(email string) string {
	h.t.Helper()
	s, err := subscribers.Find(context.Background(), h.DB, email)
	if err != nil {
		h.t.Fatal(err)
	}
	var token string
	err = h.DB.QueryRowContext(context.Background(), `SELECT private FROM letters WHERE recipient = $1 AND kind = 'confirm' ORDER BY made DESC LIMIT 1`, s.ID).Scan(&token)
	if err != nil {
		h.t.Fatal(err)
	}
	return token
}

func (h *house) state(email, digest string) string {
	h.t.Helper()
	s, err := subscribers.Find(context.Background(), h.DB, email)
	if err != nil {
		h.t.Fatal(err)
	}
	return s.Subscription(digest).State
}

// subscribe makes the address an active subscriber and returns its id.
func (h *house) subscriber(email string, digests ...string) int64 {
	h.t.Helper()
	var id int64
	h.tx(func(tx *sql.Tx) error {
		s, err := h.Subscribers.Add(context.Background(), tx, subscribers.Adding{Email: email, Digests: digests, Confirmed: true, Basis: "test"}, h.clock())
		id = s.ID
		return err
	})
	return id
}

const browser = "text/html,application/xhtml+xml,*/*;q=0.8"

func TestFromJoiningToLeaving(t *testing.T) {
	h := openFurnished(t)
	if res := h.join("daily", "Ann@Example.org"); res.StatusCode != 200 || !strings.Contains(res.body, "role=\"status\"") {
		t.Fatalf("join = %d: %s", res.StatusCode, res.body)
	}
	if got := h.state("ann@example.org", "daily"); got != subscribers.Pending {
		t.Fatalf("after joining: %q", got)
	}
	token := h.confirmToken("ann@example.org")
	page := h.get("/confirm/" + token)
	if page.StatusCode != 200 || !strings.Contains(page.body, "Самое читаемое") || h.state("ann@example.org", "daily") != subscribers.Pending {
		t.Fatalf("GET confirm = %d, state %q", page.StatusCode, h.state("ann@example.org", "daily"))
	}
	for range 2 { // the same button twice
		if res := h.post("/confirm/"+token, fields(t, page.body)); res.StatusCode != 200 || h.state("ann@example.org", "daily") != subscribers.Active {
			t.Fatalf("POST confirm = %d, state %q", res.StatusCode, h.state("ann@example.org", "daily"))
		}
	}
	s, err := subscribers.Find(t.Context(), h.DB, "ann@example.org")
	if err != nil {
		t.Fatal(err)
	}
	leave := "/unsubscribe/" + h.Subscribers.Keys.Token(subscribers.PurposeLeave, s.ID, "daily")
	page = h.get(leave)
	if page.StatusCode != 200 || !strings.Contains(page.body, "Самое читаемое") || h.state("ann@example.org", "daily") != subscribers.Active {
		t.Fatalf("GET unsubscribe = %d", page.StatusCode)
	}
	res := h.post(leave, fields(t, page.body), "Accept", browser)
	if res.StatusCode != 200 || !strings.Contains(res.body, "</html>") || h.state("ann@example.org", "daily") != subscribers.Left {
		t.Errorf("POST unsubscribe = %d, state %q", res.StatusCode, h.state("ann@example.org", "daily"))
	}
	if res := h.get("/confirm/" + token); res.StatusCode != 404 {
		t.Errorf("the old confirmation link after leaving = %d, want 404", res.StatusCode)
	}
}

func TestOneClick(t *testing.T) {
	h := openFurnished(t)
	var multi bytes.Buffer
	form := multipart.NewWriter(&multi)
	form.WriteField("List-Unsubscribe", "One-Click")
	form.Close()
	for name, c := range map[string]struct{ body, kind, accept string }{
		"urlencoded":         {"List-Unsubscribe=One-Click", "application/x-www-form-urlencoded", ""},
		"from a browser":     {"List-Unsubscribe=One-Click", "application/x-www-form-urlencoded", browser},
		"multipart":          {multi.String(), form.FormDataContentType(), "*/*"},
		"empty":              {"", "", ""},
		"empty form":         {"", "application/x-www-form-urlencoded", ""},
		"some other body":    {"List-Unsubscribe=One-Click", "text/plain", ""},
		"a broken multipart": {"--x", "multipart/form-data; boundary=x", ""},
	} {
		email := strings.ReplaceAll(name, " ", ".") + "@example.org"
		id := h.subscriber(email, "daily", "weekly")
		path := "/unsubscribe/" + h.Subscribers.Keys.Token(subscribers.PurposeLeave, id, "daily")
		for range 2 {
			res := h.do("POST", path, c.body, "Content-Type", c.kind, "Accept", c.accept)
			if res.StatusCode != 200 || res.Header.Get("Set-Cookie") != "" || res.Header.Get("Location") != "" || !strings.HasPrefix(res.Header.Get("Content-Type"), "text/plain") {
				t.Errorf("%s: %d %v", name, res.StatusCode, res.Header)
			}
			if h.state(email, "daily") != subscribers.Left || h.state(email, "weekly") != subscribers.Active {
				t.Errorf("%s: daily is %q, weekly %q", name, h.state(email, "daily"), h.state(email, "weekly"))
			}
		}
	}
	id := h.subscriber("known@example.org", "daily")
	preferences := h.Subscribers.Keys.Token(subscribers.PurposePreferences, id, "daily")
	before := contents(t, h.DB)
	known := h.do("POST", "/unsubscribe/"+h.Subscribers.Keys.Token(subscribers.PurposeLeave, 4711, "daily"), "List-Unsubscribe=One-Click")
	for _, token := range []string{"abc", strings.Repeat("a", 40), preferences, "%00"} {
		res := h.do("POST", "/unsubscribe/"+token, "List-Unsubscribe=One-Click")
		if res.StatusCode != 200 || res.body != known.body {
			t.Errorf("unknown token %q = %d %q, want the same as for a known one", token, res.StatusCode, res.body)
		}
	}
	if contents(t, h.DB) != before {
		t.Error("an unknown token changed something")
	}
	if res := h.post("/unsubscribe/abc", nil, "Accept", browser); res.StatusCode != 404 {
		t.Errorf("the page's button with a wrong token = %d, want 404", res.StatusCode)
	}
	if res := h.do("POST", "/unsubscribe/abc", strings.Repeat("x", maxBody+1), "Content-Type", "application/x-www-form-urlencoded"); res.StatusCode != 413 {
		t.Errorf("a body too large = %d, want 413", res.StatusCode)
	}
}

func TestPreferences(t *testing.T) {
	h := openFurnished(t)
	id := h.subscriber("ann@example.org", "daily")
	path := "/preferences/" + h.Subscribers.Keys.Token(subscribers.PurposePreferences, id, "")
	form := fields(t, h.get(path).body)
	if got := form["digest"]; len(got) != 1 || got[0] != "daily" {
		t.Errorf("ticked: %q, want daily", got)
	}
	form.Set("digest", "weekly")
	form.Set("language", "en")
	if res := h.post(path, form); res.StatusCode != 200 || !strings.Contains(res.body, "Settings saved") {
		t.Errorf("save = %d: %s", res.StatusCode, res.body)
	}
	if h.state("ann@example.org", "daily") != subscribers.Left || h.state("ann@example.org", "weekly") != subscribers.Active {
		t.Errorf("daily is %q, weekly %q", h.state("ann@example.org", "daily"), h.state("ann@example.org", "weekly"))
	}
	before := contents(t, h.DB)
	for name, f := range map[string]url.Values{"a digest that is none": {"digest": {"none"}, "language": {""}}, "a language that is none": {"language": {"tlh"}},
		"no form at all": {}} {
		if res := h.post(path, f); res.StatusCode != 400 {
			t.Errorf("%s = %d, want 400", name, res.StatusCode)
		}
	}
	leave := h.Subscribers.Keys.Token(subscribers.PurposeLeave, id, "weekly")
	if res := h.get("/preferences/" + leave); res.StatusCode != 404 {
		t.Errorf("a token for leaving opens the preferences: %d", res.StatusCode)
	}
	if contents(t, h.DB) != before {
		t.Error("refused forms changed something")
	}
	if res := h.post(path, url.Values{"language": {""}}); res.StatusCode != 200 || h.state("ann@example.org", "weekly") != subscribers.Left {
		t.Errorf("nothing ticked = %d, weekly is %q", res.StatusCode, h.state("ann@example.org", "weekly"))
	}
}

func TestSavingThePreferencesUntouchedChangesNoDigest(t *testing.T) {
	h := openFurnished(t)
	id := h.subscriber("ann@example.org", "daily")
	h.join("weekly", "ann@example.org")
	path := "/preferences/" + h.Subscribers.Keys.Token(subscribers.PurposePreferences, id, "")
	if res := h.post(path, fields(t, h.get(path).body)); res.StatusCode != 200 {
		t.Fatalf("save = %d", res.StatusCode)
	}
	if h.state("ann@example.org", "daily") != subscribers.Active || h.state("ann@example.org", "weekly") != subscribers.Pending {
		t.Errorf("daily is %q, weekly %q", h.state("ann@example.org", "daily"), h.state("ann@example.org", "weekly"))
	}
	if res := h.get("/confirm/" + h.confirmToken("ann@example.org")); res.StatusCode != 200 {
		t.Errorf("the confirmation link = %d, want 200", res.StatusCode)
	}
}

func TestLinksOfADigestThatIsGoneStillWork(t *testing.T) {
	h := openFurnished(t)
	id := h.subscriber("ann@example.org", "daily")
	o := h.Options
	o.Digests = o.Digests[1:]
	later, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	h.http.Config.Handler = later.Handler()
	if res := h.get("/digests/daily"); res.StatusCode != 200 || strings.Contains(res.body, `name="email"`) {
		t.Errorf("the digest's page = %d, want 200, with what came out and no form", res.StatusCode)
	}
	if res := h.get("/digests/daily/2026-11-24T0800"); res.StatusCode != 200 {
		t.Errorf("its past edition = %d, want 200", res.StatusCode)
	}
	path := "/unsubscribe/" + h.Subscribers.Keys.Token(subscribers.PurposeLeave, id, "daily")
	if res := h.get(path); res.StatusCode != 200 {
		t.Errorf("its page for leaving = %d, want 200", res.StatusCode)
	}
	if h.do("POST", path, ""); h.state("ann@example.org", "daily") != subscribers.Left {
		t.Error("its subscriber cannot leave")
	}
}

// A scanner opens every link of every letter and page, with GET and HEAD, and runs no button.
func TestAScannerChangesNothing(t *testing.T) {
	h := openFurnished(t)
	id := h.subscriber("ann@example.org", "daily")
	h.join("weekly", "new@example.org")
	links := []string{
		"/confirm/" + h.confirmToken("new@example.org"),
		"/unsubscribe/" + h.Subscribers.Keys.Token(subscribers.PurposeLeave, id, "daily"),
		"/unsubscribe/" + h.Subscribers.Keys.Token(subscribers.PurposeLeave, id, ""),
		"/preferences/" + h.Subscribers.Keys.Token(subscribers.PurposePreferences, id, ""),
		"/a.js", "/feed.xml", "/healthz", "/readyz",
	}
	for _, p := range pages {
		links = append(links, p.path)
	}
	before := contents(t, h.DB)
	for _, link := range links {
		for _, method := range []string{"HEAD", "GET", "GET"} {
			res := h.do(method, link, "", "User-Agent", "Mozilla/5.0 (SafeLinks)", "Purpose", "prefetch")
			if res.StatusCode >= 500 {
				t.Errorf("%s %s = %d", method, link, res.StatusCode)
			}
		}
	}
	if _, err := h.Reads.Flush(t.Context(), h.DB, h.clock()); err != nil {
		t.Fatal(err)
	}
	if after := contents(t, h.DB); after != before {
		t.Errorf("before:\n%s\nafter:\n%s", before, after)
	}
	h.wait(49 * time.Hour)
	if res := h.get(links[0]); res.StatusCode != 410 {
		t.Errorf("the confirmation link after two days = %d, want 410", res.StatusCode)
	}
	if res := h.get(links[1]); res.StatusCode != 200 {
		t.Errorf("the link for leaving after two days = %d, want 200", res.StatusCode)
	}
}

func TestNoTokenIsLogged(t *testing.T) {
	h := openFurnished(t)
	id := h.subscriber("ann@example.org", "daily")
	token := h.Subscribers.Keys.Token(subscribers.PurposeLeave, id, "daily")
	h.DB.Close()
	if res := h.do("POST", "/unsubscribe/"+token, ""); res.StatusCode != 500 { // the provider shall try again
		t.Errorf("one click without a database = %d, want 500", res.StatusCode)
	}
	if log := h.log.String(); strings.Contains(log, token) || !strings.Contains(log, "/unsubscribe/{token}") {
		t.Errorf("log: %s", log)
	}
}

func TestNoAddressIsLogged(t *testing.T) {
	h := openFurnished(t)
	if _, err := h.DB.ExecContext(t.Context(), `DROP TABLE consent`); err != nil {
		t.Fatal(err)
	}
	if res := h.join("daily", "Ann.Known@example.org"); res.StatusCode != 500 {
		t.Fatalf("joining without a log of consent = %d, want 500", res.StatusCode)
	}
	if log := strings.ToLower(h.log.String()); strings.Contains(log, "ann.known") || !strings.Contains(log, "…@example.org") {
		t.Errorf("log: %s", log)
	}
}
