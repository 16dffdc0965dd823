package reads

import (
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"vestnik/db/dbtest"
)

func TestFilters(t *testing.T) {
	d := dbtest.Open(t)
	with := func(name, value string) func(h *Hit) { return func(h *Hit) { h.Header.Set(name, value) } }
	for _, test := range []struct {
		name   string
		change func(h *Hit)
		want   string
	}{
		{"a browser", func(h *Hit) {}, ""},
		{"an old browser without Sec-Fetch", func(h *Hit) { h.Header.Del("Sec-Fetch-Site"); h.Header.Del("Origin") }, ""},
		{"another subdomain", with("Sec-Fetch-Site", "same-site"), ""},
		{"the default port", with("Origin", "https://kino.example:443"), ""},
		{"no-referrer", with("Origin", "null"), ""},
		{"a telephone by Cubot", with("User-Agent", "Mozilla/5.0 (Linux; Android 14; CUBOT KINGKONG 9) AppleWebKit/537.36"), ""},
		{"Telegram's browser", with("User-Agent", "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Chrome/140 Telegram-Android/11.4"), ""},
		{"a long body", func(h *Hit) { h.Size = 513 }, ReasonSize},
		{"no address", func(h *Hit) { h.Address = netip.Addr{} }, ReasonAddress},
		{"another site", with("Sec-Fetch-Site", "cross-site"), ReasonSite},
		{"typed", with("Sec-Fetch-Site", "none"), ReasonSite},
		{"another origin", with("Origin", "https://evil.example"), ReasonOrigin},
		{"a name that ends as ours", with("Origin", "https://evilkino.example"), ReasonOrigin},
		{"no origin", func(h *Hit) { h.Header.Set("Origin", "null"); h.Header.Del("Sec-Fetch-Site") }, ReasonOrigin},
		{"prefetch", with("Sec-Purpose", "prefetch;prerender"), ReasonPrefetch},
		{"old prefetch", with("X-Moz", "prefetch"), ReasonPrefetch},
		{"GPC", with("Sec-GPC", "1"), ReasonGPC},
		{"DNT", with("DNT", "1"), ReasonGPC},
		{"no agent", with("User-Agent", ""), ReasonRobot},
		{"curl", with("User-Agent", "curl/8.1"), ReasonRobot},
		{"a crawler", with("User-Agent", "Mozilla/5.0 (compatible; YandexBot/3.0; +http://yandex.com/bots)"), ReasonRobot},
		{"a headless browser", with("User-Agent", "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 HeadlessChrome/140.0"), ReasonRobot},
		{"a headless browser in disguise", with("Sec-CH-UA", `"HeadlessChrome";v="140"`), ReasonRobot},
		{"no token", func(h *Hit) { h.Token = "" }, ReasonToken},
		{"another article's token", func(h *Hit) { h.Article = 2 }, ReasonToken},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := NewCounter(options)
			hit := hitFrom(c, 1, "192.0.2.1", now)
			test.change(&hit)
			if got := count(t, c, d, hit, now); got != test.want {
				t.Errorf("reason %q, want %q", got, test.want)
			}
		})
	}
}

func TestASiteIsKnownByItsNameInAnyWriting(t *testing.T) {
	d := dbtest.Open(t)
	for _, test := range []struct{ site, origin, want string }{
		{"https://кино.example", "https://xn--h1adke.example", ""}, {"https://Kino.example:443", "https://kino.example", ""}, {"http://127.0.0.1:8080", "http://127.0.0.1:8080", ""},
		{"http://127.0.0.1:8080", "http://127.0.0.1:8081", ReasonOrigin}, {"", "https://kino.example", ""}, {"", "https://evil.example", ReasonOrigin},
	} {
		o := options
		o.Site = test.site
		c := NewCounter(o)
		hit := hitFrom(c, 1, "192.0.2.1", now)
		hit.Host = "KINO.example:443"
		hit.Header.Set("Origin", test.origin)
		if got := count(t, c, d, hit, now); got != test.want {
			t.Errorf("a page of %s on the site %q: %q, want %q", test.origin, test.site, got, test.want)
		}
	}
}

func TestGPCIsCountedWhereItIsNotRespected(t *testing.T) {
	d := dbtest.Open(t)
	o := options
	o.RespectGPC = false
	c := NewCounter(o)
	hit := hitFrom(c, 1, "192.0.2.1", now)
	hit.Header.Set("Sec-GPC", "1")
	if got := count(t, c, d, hit, now); got != "" {
		t.Errorf("reason %q", got)
	}
}

func TestTokenIsValidForThreeDays(t *testing.T) {
	d := dbtest.Open(t)
	c := NewCounter(options)
	hit := hitFrom(c, 1, "192.0.2.1", now)
	for days, want := range []string{"", "", "", ReasonToken} {
		when := now.Add(time.Duration(days) * 24 * time.Hour)
		if got := count(t, c, d, hit, when); got != want {
			t.Errorf("after %d days: %q, want %q", days, got, want)
		}
	}
	if got := count(t, c, d, hit, now.Add(-24*time.Hour)); got != ReasonToken {
		t.Errorf("a token of tomorrow: %q", got)
	}
	if foreign := NewCounter(Options{Secret: []byte("other")}).Token(1, now); foreign == hit.Token || len(hit.Token) != 11 {
		t.Errorf("tokens %q and %q of two secrets", hit.Token, foreign)
	}
}

func TestLimits(t *testing.T) {
	d := dbtest.Open(t)
	c := NewCounter(options)
	got := map[string]int{}
	for i := range 100 { // one /24, an article, a minute
		got[count(t, c, d, hitFrom(c, 1, fmt.Sprintf("192.0.2.%d", i), now), now)]++
	}
	if got[""] != 30 || got[ReasonMany] != 30 || got[ReasonRate] != 40 {
		t.Errorf("of 100 hits in a minute from one /24: %v; want 30 counted, 30 too many, 40 too fast", got)
	}
	if reason := count(t, c, d, hitFrom(c, 1, "192.0.3.1", now), now); reason != "" {
		t.Errorf("the next /24: %q", reason)
	}
	later := now.Add(time.Minute)
	if reason := count(t, c, d, hitFrom(c, 2, "192.0.2.1", now), later); reason != "" {
		t.Errorf("another article a minute later: %q", reason)
	}
	if reason := count(t, c, d, hitFrom(c, 1, "192.0.2.200", now), later); reason != ReasonMany {
		t.Errorf("the 31st read of the day: %q", reason)
	}
	if reason := count(t, c, d, hitFrom(c, 1, "192.0.2.1", now), later); reason != "" {
		t.Errorf("a visitor who was counted already: %q", reason)
	}
	flush(t, c, d)
	drops, err := Filtered(ctx, d, now, now)
	if want := fmt.Sprint([]Drop{{ReasonRate, 40}, {ReasonMany, 31}}); err != nil || fmt.Sprint(drops) != want {
		t.Errorf("filtered %v, %v; want %s", drops, err, want)
	}
	if drops, err := Filtered(ctx, d, now.Add(24*time.Hour), now.Add(48*time.Hour)); err != nil || len(drops) != 0 {
		t.Errorf("filtered tomorrow: %v, %v", drops, err)
	}
}

func TestModes(t *testing.T) {
	d := dbtest.Open(t)
	off := NewCounter(Options{Mode: Off})
	if got := count(t, off, d, hitFrom(off, 1, "192.0.2.1", now), now); got != ReasonOff || flush(t, off, d) != 0 {
		t.Errorf("mode off: %q", got)
	}
	if drops, err := Filtered(ctx, d, now, now); err != nil || len(drops) != 0 {
		t.Errorf("mode off filtered %v, %v; it writes nothing", drops, err)
	}
	server := NewCounter(Options{Mode: Server})
	page := Hit{Article: 1, Source: "email", Address: netip.MustParseAddr("192.0.2.1"), Host: "kino.example", Header: http.Header{
		"User-Agent": {firefox}, "Sec-Fetch-Site": {"cross-site"}, "Sec-Fetch-Dest": {"document"}, "Sec-Fetch-Mode": {"navigate"}}}
	if got := count(t, server, d, page, now); got != "" {
		t.Errorf("a page opened from a letter: %q", got)
	}
	page.Header.Set("Sec-Fetch-Dest", "iframe")
	if got := count(t, server, d, page, now); got != ReasonNavigation {
		t.Errorf("a page in a frame: %q", got)
	}
	flush(t, server, d)
	equal(t, counted(t, d), "1/24T08/email=1")
}

func TestParseBody(t *testing.T) {
	for _, test := range []struct {
		body, token, source string
		ok                  bool
	}{
		{"abc|email", "abc", "email", true},
		{" abc|\r\n", "abc", "", true},
		{"a|b|c", "a", "b|c", true},
		{"|", "", "", true},
		{"abc", "", "", false},
		{"", "", "", false},
		{strings.Repeat("a", 512) + "|", "", "", false},
	} {
		if token, source, ok := ParseBody([]byte(test.body)); token != test.token || source != test.source || ok != test.ok {
			t.Errorf("ParseBody(%q) = %q, %q, %v", test.body, token, source, ok)
		}
	}
}

func FuzzParseBody(f *testing.F) {
	for _, seed := range []string{"abc|email", "|", "", "a|b|c", "\x00|\xff"} {
		f.Add([]byte(seed))
	}
	c := NewCounter(options)
	f.Fuzz(func(t *testing.T, body []byte) {
		token, source, ok := ParseBody(body)
		if !ok && token+source != "" || ok && len(token)+len(source)+1 > len(body) {
			t.Errorf("ParseBody(%q) = %q, %q, %v", body, token, source, ok)
		}
		hit := hitFrom(c, 1, "192.0.2.1", now)
		hit.Token, hit.Size = token, 0
		if reason := c.filter(hit, now); reason == "" && token != c.Token(1, now) && token != c.Token(1, now.Add(-24*time.Hour)) && token != c.Token(1, now.Add(-48*time.Hour)) {
			t.Errorf("the token %q was taken", token)
		}
		if !slices.Contains([]string{"web", "email", "feed", "other"}, sourceOf(source)) {
			t.Errorf("source %q", source)
		}
	})
}
