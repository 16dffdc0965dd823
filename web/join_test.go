package web

import (
	"context"
	"database/sql"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"vestnik/mail"
	"vestnik/subscribers"
)

func TestSubscribeAnswersTheSameForEveryStateOfAnAddress(t *testing.T) {
	h := openFurnished(t)
	h.subscriber("active@example.org", "daily")
	h.join("daily", "pending@example.org")
	left := h.subscriber("left@example.org", "daily")
	h.tx(func(tx *sql.Tx) error {
		if err := subscribers.Leave(context.Background(), tx, left, "daily", subscribers.Origin{}, h.clock()); err != nil {
			return err
		}
		return subscribers.Suppress(context.Background(), tx, "suppressed@example.org", "complaint", h.clock())
	})
	stamp := regexp.MustCompile(`value="[A-Za-z0-9_-]{32}"`)
	want := ""
	for _, email := range []string{"new@example.org", "active@example.org", "pending@example.org", "left@example.org", "suppressed@example.org", "new@example.org"} {
		res := h.join("daily", email)
		got := stamp.ReplaceAllString(res.body, "")
		if res.StatusCode != 200 || strings.Contains(res.body, email) {
			t.Errorf("%s: %d", email, res.StatusCode)
		}
		if want == "" {
			want = got
		}
		if got != want {
			t.Errorf("%s gets another page than new@example.org", email)
		}
	}
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
	for i := range joinLimit {
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
	if letters, err := mail.List(t.Context(), h.DB, mail.ListFilter{}); err != nil || len(letters) != joinLimit+1 {
		t.Errorf("%d letters (%v), want %d", len(letters), err, joinLimit+1)
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
		"no stamp":     {with("stamp", ""), 429},
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
