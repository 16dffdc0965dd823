package reads

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"vestnik/db/dbtest"
)

// site serves an article's page with the script, and sends what the beacon gets.
func site(t *testing.T) (address string, beacons chan string) {
	o := options
	o.MinVisible = 50 * time.Millisecond
	c := NewCounter(o)
	beacons = make(chan string, 10)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", "default-src 'self'")
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprintf(w, `<!doctype html><title>x</title><script src="/a.js" data-beacon="/a/1" data-token="t1" defer></script><p>text`)
	})
	mux.HandleFunc("GET /a.js", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/javascript")
		w.Write(c.Script())
	})
	mux.HandleFunc("POST /a/1", func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		token, source, ok := ParseBody(body)
		beacons <- fmt.Sprint(strings.Join([]string{token, source, r.Header.Get("Sec-Fetch-Site"), r.Header.Get("Content-Type")}, " "), " ", ok)
		w.WriteHeader(http.StatusNoContent)
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server.URL, beacons
}

// browser starts Chromium. With automated it says so to scripts, as every driven browser does.
func browser(t *testing.T, automated bool) context.Context {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("chromium is not installed: the page script is not tried (make test installs it)")
	}
	flags := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox)
	if !automated {
		flags = append(flags, chromedp.Flag("enable-automation", false), chromedp.Flag("disable-blink-features", "AutomationControlled"))
	}
	allocator, cancel := chromedp.NewExecAllocator(context.Background(), flags...)
	t.Cleanup(cancel)
	tab, cancel := chromedp.NewContext(allocator)
	t.Cleanup(cancel)
	return tab
}

func TestScriptReportsOneRead(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a browser")
	}
	address, beacons := site(t)
	tab := browser(t, false)
	for _, test := range []struct{ query, want string }{
		{"", "t1 web"}, {"?utm_medium=email", "t1 email"}, {"?ref=rss", "t1 feed"}, {"?utm_medium=social", "t1 other"},
	} {
		// The wait is the page's: a second beacon would come in this time, were there one.
		open(t, tab, address+"/"+test.query, `new Promise(done => setTimeout(() => done(false), 300))`)
		select {
		case got := <-beacons:
			if want := test.want + " same-origin text/plain;charset=UTF-8 true"; got != want {
				t.Errorf("%q: got %q, want %q", test.query, got, want)
			}
		case <-time.After(20 * time.Second):
			t.Fatalf("%q: no beacon came", test.query)
		}
		if len(beacons) > 0 {
			t.Errorf("%q: a second beacon: %s", test.query, <-beacons)
		}
	}
}

func TestAnAutomatedBrowserSaysSo(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a browser")
	}
	address, beacons := site(t)
	tab := browser(t, true)
	if driven := open(t, tab, address, `new Promise(done => setTimeout(() => done(navigator.webdriver), 300))`); !driven {
		t.Fatal("the browser does not say that it is driven")
	}
	select {
	case got := <-beacons:
		if want := "t1 webdriver same-origin text/plain;charset=UTF-8 true"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	case <-time.After(20 * time.Second):
		t.Error("no beacon came")
	}
	d := dbtest.Open(t)
	c := NewCounter(options)
	hit := hitFrom(c, 1, "192.0.2.1", now)
	hit.Source = "webdriver"
	if reason := count(t, c, d, hit, now); reason != ReasonWebdriver || flush(t, c, d) != 0 {
		t.Errorf("counted with the reason %q, want %q and no read", reason, ReasonWebdriver)
	}
}

func TestBothScriptsAreOneAndLessThanAKilobyte(t *testing.T) {
	o := optionsElsewhere()
	o.MinVisible = 7 * time.Second
	c := NewCounter(o)
	own, elsewhere := string(c.Script()), string(c.ScriptElsewhere("https://a-rather-long-name.kino.example/r", now))
	for name, script := range map[string]string{"own": own, "elsewhere": elsewhere} {
		if len(script) >= 1000 || strings.Contains(script, "//"+" ") || strings.Contains(script, "5000") || strings.Count(script, "7000") != 1 ||
			!strings.Contains(script, "prerenderingchange") || !strings.Contains(script, "webdriver") {
			t.Errorf("%s, %d bytes: %s", name, len(script), script)
		}
	}
	if strings.Contains(own, "canonical") || strings.Contains(elsewhere, "dataset") {
		t.Errorf("a script has lines of the other:\n%s\n%s", own, elsewhere)
	}
}

// open goes to the address and returns what the promise of the script gives.
func open(t *testing.T, tab context.Context, address, promise string) bool {
	t.Helper()
	if _, err := chromedp.Run(tab, chromedp.Navigate(address)); err != nil {
		t.Fatal(err)
	}
	result, err := chromedp.Run(tab, chromedp.Evaluate[bool](promise, chromedp.EvalAwaitPromise))
	if err != nil {
		t.Fatal(err)
	}
	return result
}
