package reads

import (
	"database/sql"
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"vestnik/db"
	"vestnik/db/dbtest"
	"vestnik/reads/addresses"
)

func optionsElsewhere() Options {
	o := options
	o.Sites = []string{"https://old.example", "https://старый.example:8443"}
	return o
}

// from is a beacon of a page elsewhere as a browser at the address sends it.
func from(c *Counter, page, address string) Hit {
	return Hit{Elsewhere: true, Page: page, Token: c.siteToken(dayOf(now)), Source: "web", Address: netip.MustParseAddr(address), Host: "kino.example", Size: 60,
		Header: http.Header{"User-Agent": {firefox}, "Accept-Language": {"ru"}, "Sec-Fetch-Site": {"cross-site"}, "Origin": {"https://old.example"}}}
}

// pull puts in an article that came from a feed, and raises the change number.
func pull(t testing.TB, d *db.DB, id int64, url string) {
	t.Helper()
	addArticle(t, d, sampleArticle{id: id})
	if _, err := d.ExecContext(ctx, `UPDATE articles SET url = $1 WHERE id = $2`, url, id); err != nil {
		t.Fatal(err)
	}
	if _, err := d.ExecContext(ctx, `UPDATE change_counter SET n = n + 1`); err != nil {
		t.Fatal(err)
	}
}

func unknownReads(t testing.TB, d *db.DB) (all []string) {
	t.Helper()
	found, err := addresses.List(ctx, d)
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range found {
		all = append(all, fmt.Sprintf("%s=%d", a.URL, a.N))
	}
	return all
}

func learn(t testing.TB, c *Counter, d *db.DB, when time.Time) {
	t.Helper()
	if err := c.Learn(ctx, d, when); err != nil {
		t.Fatal(err)
	}
}

func TestFiltersElsewhere(t *testing.T) {
	d := dbtest.Open(t)
	pull(t, d, 1, "https://old.example/2026/premiere/")
	pull(t, d, 2, "https://old.example/?p=12")
	with := func(name, value string) func(h *Hit) { return func(h *Hit) { h.Header.Set(name, value) } }
	page := func(address string) func(h *Hit) { return func(h *Hit) { h.Page = address } }
	for _, test := range []struct {
		name   string
		change func(h *Hit)
		want   string
	}{
		{"a browser", func(h *Hit) {}, ""},
		{"with a campaign", page("http://OLD.example/2026/premiere?utm_source=x&utm_medium=email"), ""},
		{"an article known by its query", page("https://old.example/?utm_source=x&p=12"), ""},
		{"an article of ours", page("https://kino.example/articles/s1"), ""},
		{"no article yet", page("https://old.example/2026/later/"), ""},
		{"no article yet of another site that may", page("https://xn--80asucf0d.example:8443/later"), ""},
		{"another site that may", with("Origin", "https://xn--80asucf0d.example:8443"), ""},
		{"an old browser without Sec-Fetch", func(h *Hit) { h.Header.Del("Sec-Fetch-Site") }, ""},
		{"a long address", func(h *Hit) { h.Size = 2048 }, ""},
		{"a longer body", func(h *Hit) { h.Size = 2049 }, ReasonSize},
		{"typed", with("Sec-Fetch-Site", "none"), ReasonSite},
		{"no origin", func(h *Hit) { h.Header.Del("Origin") }, ReasonOrigin},
		{"a hidden origin", with("Origin", "null"), ReasonOrigin},
		{"another origin", with("Origin", "https://evil.example"), ReasonOrigin},
		{"another port", with("Origin", "https://old.example:8443"), ReasonOrigin},
		{"a name that ends as one that may", with("Origin", "https://evilold.example"), ReasonOrigin},
		{"ours", with("Origin", "https://kino.example"), ReasonOrigin},
		{"GPC", with("Sec-GPC", "1"), ReasonGPC},
		{"curl", with("User-Agent", "curl/8.1"), ReasonRobot},
		{"an automated browser", func(h *Hit) { h.Source = "webdriver" }, ReasonWebdriver},
		{"no token", func(h *Hit) { h.Token = "" }, ReasonToken},
		{"an article's token", func(h *Hit) { h.Token = NewCounter(options).Token(1, now) }, ReasonToken},
		{"a token of another site of ours", func(h *Hit) { h.Token = NewCounter(Options{Secret: []byte("other")}).siteToken(dayOf(now)) }, ReasonToken},
		{"a page of a foreign site", page("https://evil.example/x"), ReasonHost},
		{"no address", page(""), ReasonHost},
		{"an address of no page", page("javascript:alert(1)"), ReasonHost},
		{"a front page", page("https://old.example/?s=search"), ReasonPage},
		{"a list of ours", page("https://kino.example/sections/kino"), ReasonPage},
		{"a feed", page("https://old.example/feed/"), ReasonFile},
		{"an address too long to keep", page("https://old.example/" + strings.Repeat("a", 600)), ReasonUnknown},
		{"an address with binary in it", page("https://old.example/%00%ff"), ReasonUnknown},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := NewCounter(optionsElsewhere())
			hit := from(c, "https://old.example/2026/premiere/", "192.0.2.1")
			test.change(&hit)
			if got := count(t, c, d, hit, now); got != test.want {
				t.Errorf("reason %q, want %q", got, test.want)
			}
		})
	}
}

func TestTheTokenOfASiteIsValidForThreeDaysAndOnlyElsewhere(t *testing.T) {
	d := dbtest.Open(t)
	c := NewCounter(optionsElsewhere())
	hit := from(c, "https://old.example/a", "192.0.2.1")
	for days, want := range []string{"", "", "", ReasonToken} {
		if got := count(t, c, d, hit, now.Add(time.Duration(days)*24*time.Hour)); got != want {
			t.Errorf("after %d days: %q, want %q", days, got, want)
		}
	}
	own := hitFrom(c, 1, "192.0.2.1", now)
	own.Token = hit.Token
	if got := count(t, c, d, own, now); got != ReasonToken {
		t.Errorf("on a page of our own: %q, want %q", got, ReasonToken)
	}
	if script := string(c.ScriptElsewhere("https://kino.example/r", now)); !strings.Contains(script, `"https://kino.example/r"`) || !strings.Contains(script, hit.Token) {
		t.Errorf("the script has not the address and the token: %s", script)
	}
}

func TestAReaderOfAPageElsewhereIsCountedOnceByTwoNodes(t *testing.T) {
	d := dbtest.Open(t)
	pull(t, d, 1, "https://old.example/2026/premiere/")
	a, b := NewCounter(optionsElsewhere()), NewCounter(optionsElsewhere())
	for _, c := range []*Counter{a, b, a} {
		for i := range 3 {
			count(t, c, d, from(c, "https://old.example/2026/premiere/?utm_source=x", fmt.Sprintf("192.0.%d.1", i)), now)
			count(t, c, d, from(c, "https://old.example/2026/later", fmt.Sprintf("192.0.%d.1", i)), now)
		}
		count(t, c, d, hitFrom(c, 1, "192.0.1.1", now), now) // the same visitor on our own page of it
		flush(t, c, d)
	}
	equal(t, counted(t, d), "1/24T08/web=3")
	equal(t, unknownReads(t, d), "https://old.example/2026/later=3")
}

func TestReadsOfAnUnknownPageComeInWithItsArticleAndItsReadersAreNotCountedAgain(t *testing.T) {
	d := dbtest.Open(t)
	a, b := NewCounter(optionsElsewhere()), NewCounter(optionsElsewhere())
	later := func(c *Counter, address string, when time.Time) {
		t.Helper()
		if reason := count(t, c, d, from(c, "https://old.example/later/", address), when); reason != "" {
			t.Errorf("a reader at %s: %q", address, reason)
		}
	}
	later(a, "192.0.2.1", now)
	later(b, "192.0.3.1", now)
	flush(t, a, d)
	flush(t, b, d)
	pull(t, d, 7, "https://old.example/later")
	later(b, "192.0.4.1", now.Add(time.Minute)) // the node does not know yet
	flush(t, b, d)
	learn(t, a, d, now.Add(time.Minute))
	equal(t, counted(t, d), "7/24T08/web=3")
	equal(t, unknownReads(t, d))
	learn(t, b, d, now.Add(time.Minute))
	for i, c := range []*Counter{a, b, NewCounter(optionsElsewhere())} {
		later(c, "192.0.2.1", now.Add(time.Hour)) // who read it already
		later(c, fmt.Sprintf("192.0.9.%d", i), now.Add(time.Hour))
		flush(t, c, d)
	}
	equal(t, counted(t, d), "7/24T08/web=3", "7/24T09/web=3")
}

func TestAMappedAddressIsCountedFromTheNextLearningOn(t *testing.T) {
	d := dbtest.Open(t)
	pull(t, d, 7, "https://old.example/new-name")
	c := NewCounter(optionsElsewhere())
	count(t, c, d, from(c, "https://old.example/old-name", "192.0.2.1"), now)
	flush(t, c, d)
	if n, err := Map(ctx, d, "https://kino.example", "https://old.example/old-name", "s7", now); err != nil || n != 1 {
		t.Fatalf("Map = %d, %v, want 1", n, err)
	}
	learn(t, c, d, now.Add(10*time.Second))
	count(t, c, d, from(c, "https://old.example/old-name", "192.0.3.1"), now)
	flush(t, c, d)
	equal(t, counted(t, d), "7/24T08/web=2")
}

func TestOneNetworkCannotFillWhatIsKeptApart(t *testing.T) {
	d := dbtest.Open(t)
	c := NewCounter(optionsElsewhere())
	reasons := map[string]int{}
	for i := range 3 * newAddress {
		when := now.Add(time.Duration(i) * 2 * time.Second)
		reasons[count(t, c, d, from(c, fmt.Sprintf("https://old.example/%d", i), "192.0.2.1"), when)]++
	}
	if reasons[""] != newAddress || reasons[ReasonUnknown] != 2*newAddress {
		t.Errorf("%v, want %d kept apart", reasons, newAddress)
	}
	if reason := count(t, c, d, from(c, "https://old.example/1", "192.0.2.9"), now.Add(time.Hour)); reason != "" {
		t.Errorf("an address that is kept apart already: %q", reason)
	}
	if reason := count(t, c, d, from(c, "https://old.example/fresh", "192.0.3.9"), now.Add(time.Hour)); reason != "" {
		t.Errorf("another network: %q", reason)
	}
}

func TestUnknownPagesAreBounded(t *testing.T) {
	d := dbtest.Open(t)
	var all []addresses.Kept
	for i := range addresses.MostUnknown {
		all = append(all, addresses.Kept{Key: fmt.Sprintf("old.example/u%d", i), Hour: 1, Source: "web", N: 1})
	}
	if err := d.Tx(ctx, func(tx *sql.Tx) error { return addresses.Keep(ctx, tx, all, now) }); err != nil {
		t.Fatal(err)
	}
	c := NewCounter(optionsElsewhere())
	if reason := count(t, c, d, from(c, "https://old.example/one-more", "192.0.2.1"), now); reason != ReasonUnknown {
		t.Errorf("one more: %q", reason)
	}
	if reason := count(t, c, d, from(c, "https://old.example/u5", "192.0.2.1"), now); reason != "" {
		t.Errorf("one of them: %q", reason)
	}
	if _, err := d.ExecContext(ctx, `DELETE FROM read_unknown WHERE url <> 'https://old.example/u5'`); err != nil {
		t.Fatal(err)
	}
	learn(t, c, d, now.Add(relearn))
	if reason := count(t, c, d, from(c, "https://old.example/one-more", "192.0.2.1"), now); reason != "" {
		t.Errorf("when there is room again: %q", reason)
	}
	flush(t, c, d)
	equal(t, unknownReads(t, d), "https://old.example/u5=2", "https://old.example/one-more=1")
}

func TestReadsElsewhereThatCannotBeWrittenAreKept(t *testing.T) {
	d := dbtest.Open(t)
	c := NewCounter(optionsElsewhere())
	count(t, c, d, from(c, "https://old.example/later", "192.0.2.1"), now)
	if _, err := d.ExecContext(ctx, `ALTER TABLE read_unknown RENAME TO away`); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Flush(ctx, d, now); err == nil {
		t.Fatal("nothing failed")
	}
	if _, err := d.ExecContext(ctx, `ALTER TABLE away RENAME TO read_unknown`); err != nil {
		t.Fatal(err)
	}
	flush(t, c, d)
	equal(t, unknownReads(t, d), "https://old.example/later=1")
}

func TestWithoutSitesElsewhereNothingIsAsked(t *testing.T) {
	c := NewCounter(options)
	if err := c.Learn(ctx, nil, now); err != nil || c.CountsElsewhere() || c.ScriptElsewhere("https://kino.example/r", now) != nil {
		t.Errorf("Learn = %v, counts %v", err, c.CountsElsewhere())
	}
	off := optionsElsewhere()
	off.Mode = Off
	if c := NewCounter(off); c.CountsElsewhere() {
		t.Error("mode off counts elsewhere")
	}
}

func FuzzParseElsewhere(f *testing.F) {
	c := NewCounter(optionsElsewhere())
	for _, seed := range []string{c.siteToken(dayOf(now)) + "|email|https://old.example/a|b", "||", "", "a|b", "\x00|\xff|http://[::1]:x/%zz", "t|web|https://old.example/%d0%9f?a=%zz#x"} {
		f.Add([]byte(seed))
	}
	index := &addresses.Index{}
	f.Fuzz(func(t *testing.T, body []byte) {
		token, source, page, ok := ParseElsewhere(body)
		if !ok && token+source+page != "" || ok && len(token)+len(source)+len(page)+2 > len(body) || strings.Contains(token+source, "|") {
			t.Errorf("ParseElsewhere(%q) = %q, %q, %q, %v", body, token, source, page, ok)
		}
		hit := from(c, page, "192.0.2.1")
		hit.Token, hit.Size = token, int64(len(body))
		days := []string{c.siteToken(dayOf(now)), c.siteToken(dayOf(now) - 1), c.siteToken(dayOf(now) - 2)}
		if reason := c.filter(hit, now); reason == "" && !slices.Contains(days, token) {
			t.Errorf("the token %q was taken", token)
		}
		if article, key, reason := index.FindAddress(page); article != 0 || reason == "" {
			t.Errorf("%q is article %d, key %q in an empty index", page, article, key)
		}
	})
}
