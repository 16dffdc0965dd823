package reads

import (
	"context"
	"net/http"
	"net/netip"
	"testing"
	"time"

	"vestnik/db/dbtest"
)

// opened is what a browser sends that opens a page in a window.
func opened(change ...string) http.Header {
	h := http.Header{"User-Agent": {"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36"},
		"Sec-Fetch-Dest": {"document"}, "Sec-Fetch-Mode": {"navigate"}, "Sec-Fetch-Site": {"none"}}
	for i := 0; i < len(change); i += 2 {
		h.Set(change[i], change[i+1])
	}
	return h
}

var (
	showTime  = time.Date(2026, 11, 24, 20, 0, 0, 0, time.UTC) // 25 November on Sakhalin
	onIsland  = time.FixedZone("Asia/Sakhalin", 11*3600)
	somewhere = netip.MustParseAddr("203.0.113.7")
)

func TestShowingsAreCountedByBannerPlaceAndDayOnThePublicationsCalendar(t *testing.T) {
	d, ctx := dbtest.Open(t), context.Background()
	c := NewCounter(Options{Secret: []byte("s"), Zone: onIsland})
	for range 3 {
		c.Show(Showing{Banner: "film", Place: OnPage, Address: somewhere, Header: opened()}, showTime)
	}
	c.Show(Showing{Banner: "film", Place: OnEdition, Address: somewhere, Header: opened()}, showTime)
	c.Show(Showing{Banner: "film", Place: OnPage, Address: somewhere, Header: opened()}, showTime.Add(-8*time.Hour))
	for range 2 { // the second has nothing to add
		if _, err := c.Flush(ctx, d, showTime); err != nil {
			t.Fatal(err)
		}
	}
	c.Show(Showing{Banner: "film", Place: OnPage, Address: somewhere, Header: opened()}, showTime)
	if _, err := c.Flush(ctx, d, showTime); err != nil {
		t.Fatal(err)
	}
	day := time.Date(2026, 11, 25, 0, 0, 0, 0, time.UTC).Unix() / 86400
	got, err := Banners(ctx, d, day-1, day+1)
	want := []BannerDay{{"film", OnPage, day - 1, 1}, {"film", OnEdition, day, 1}, {"film", OnPage, day, 4}}
	if err != nil || len(got) != 3 || got[0] != want[0] || got[1] != want[1] || got[2] != want[2] {
		t.Errorf("banners = %v %v, want %v", got, err, want)
	}
	if got, _ := Banners(ctx, d, day+1, day+9); len(got) != 0 {
		t.Errorf("days to come have %v", got)
	}
}

func TestWhatNobodySawIsNoShowing(t *testing.T) {
	for name, s := range map[string]Showing{
		"a banner without a name": {Place: OnPage, Address: somewhere, Header: opened()},
		"no address":              {Banner: "film", Header: opened()},
		"a robot":                 {Banner: "film", Address: somewhere, Header: opened("User-Agent", "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)")},
		"a program":               {Banner: "film", Address: somewhere, Header: opened("User-Agent", "curl/8.5.0")},
		"a headless browser":      {Banner: "film", Address: somewhere, Header: opened("Sec-CH-UA", `"HeadlessChrome";v="131"`)},
		"fetched ahead":           {Banner: "film", Address: somewhere, Header: opened("Sec-Purpose", "prefetch;prerender")},
		"a script":                {Banner: "film", Address: somewhere, Header: opened("Sec-Fetch-Dest", "empty")},
		"a frame":                 {Banner: "film", Address: somewhere, Header: opened("Sec-Fetch-Dest", "iframe")},
		"who asks not to be":      {Banner: "film", Address: somewhere, Header: opened("Sec-GPC", "1")},
		"who asks not to be, DNT": {Banner: "film", Address: somewhere, Header: opened("DNT", "1")},
	} {
		if NewCounter(Options{RespectGPC: true}).Show(s, showTime) {
			t.Errorf("%s was counted", name)
		}
	}
	whole := Showing{Banner: "film", Place: OnPage, Address: somewhere, Header: opened("Sec-GPC", "1")}
	if !NewCounter(Options{}).Show(whole, showTime) {
		t.Error("where the house does not respect it, Sec-GPC keeps from being counted")
	}
	if NewCounter(Options{Mode: Off}).Show(whole, showTime) {
		t.Error("the mode off counts")
	}
	cubot := Showing{Banner: "film", Address: somewhere, Header: opened("User-Agent", "Mozilla/5.0 (Linux; Android 9; CUBOT_X19) AppleWebKit/537.36 Chrome/131.0.0.0 Mobile")}
	if !NewCounter(Options{}).Show(cubot, showTime) {
		t.Error("a telephone by the name of Cubot is taken for a robot")
	}
}

func TestOneNetworkCannotShowABannerAThousandTimesAMinute(t *testing.T) {
	c, n := NewCounter(Options{}), 0
	for range 1000 {
		if c.Show(Showing{Banner: "film", Place: OnPage, Address: somewhere, Header: opened()}, showTime) {
			n++
		}
	}
	if n != rateLimit {
		t.Errorf("%d were counted, want %d", n, rateLimit)
	}
	if !c.Show(Showing{Banner: "film", Place: OnPage, Address: netip.MustParseAddr("198.51.100.1"), Header: opened()}, showTime) {
		t.Error("another network pays for it")
	}
	if !c.Show(Showing{Banner: "film", Place: OnPage, Address: somewhere, Header: opened()}, showTime.Add(time.Minute)) {
		t.Error("the next minute pays for it")
	}
	if _, err := c.Flush(context.Background(), dbtest.Open(t), showTime.Add(2*time.Minute)); err != nil || len(c.showings.rates.from) != 0 {
		t.Errorf("%d networks are remembered when their minute is over, %v", len(c.showings.rates.from), err)
	}
}

func TestShowingsOutliveADatabaseThatDoesNotAnswer(t *testing.T) {
	d, ctx := dbtest.Open(t), context.Background()
	c := NewCounter(Options{})
	c.Show(Showing{Banner: "film", Place: OnPage, Address: somewhere, Header: opened()}, showTime)
	gone, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := c.Flush(gone, d, showTime); err == nil {
		t.Fatal("the flush did not fail")
	}
	c.Show(Showing{Banner: "film", Place: OnPage, Address: somewhere, Header: opened()}, showTime)
	if _, err := c.Flush(ctx, d, showTime); err != nil {
		t.Fatal(err)
	}
	got, err := Banners(ctx, d, 0, 1<<40)
	if err != nil || len(got) != 1 || got[0].N != 2 {
		t.Errorf("banners = %v %v, want 2 showings", got, err)
	}
}

func TestAShowingAllocatesNothing(t *testing.T) {
	c := NewCounter(Options{RespectGPC: true, Zone: onIsland})
	s := Showing{Banner: "film", Place: OnPage, Address: somewhere, Header: opened()}
	c.Show(s, showTime)
	if n := testing.AllocsPerRun(100, func() { c.Show(s, showTime) }); n != 0 {
		t.Errorf("%g allocations a showing", n)
	}
}

func BenchmarkShow(b *testing.B) {
	c := NewCounter(Options{RespectGPC: true, Zone: onIsland})
	s := Showing{Banner: "film", Place: OnPage, Address: somewhere, Header: opened()}
	b.ReportAllocs()
	for b.Loop() {
		c.Show(s, showTime)
	}
}
