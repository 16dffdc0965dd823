package main

import (
	"context"
	"fmt"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/chromedp"
)

// chromium starts a real browser. A human's says nothing of automation; a driven one says so to scripts alone (navigator.webdriver), and its
// User-Agent is a human's.
func chromium(t *testing.T, human bool) (tab context.Context) {
	t.Helper()
	if testing.Short() {
		t.Skip("starts a browser")
	}
	path, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("chromium is not installed: no article is read in it (make test installs it)")
	}
	flags := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox,
		chromedp.UserAgent("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/150.0.0.0 Safari/537.36"))
	if human {
		flags = append(flags, chromedp.Flag("enable-automation", false), chromedp.Flag("disable-blink-features", "AutomationControlled"))
	}
	allocator, cancel := chromedp.NewExecAllocator(t.Context(), flags...)
	t.Cleanup(cancel)
	tab, cancel = chromedp.NewContext(allocator)
	t.Cleanup(cancel)
	return tab
}

// open goes to the address and stays there for the time, as a reader does.
func open(t *testing.T, tab context.Context, address string, stay time.Duration) {
	t.Helper()
	if err := chromedp.Do(tab, chromedp.Navigate(address), chromedp.Sleep(stay)); err != nil {
		t.Fatal(err)
	}
}

// tally stops the daemon, which writes what it counted, and returns all reads and what was filtered, as "reason=n".
func (p *process) tally() (reads int64, filtered string) {
	p.n.t.Helper()
	p.stop()
	for _, n := range p.n.readsBySource() {
		reads += n
	}
	return reads, strings.TrimSpace(p.n.run("reads", "filtered", "--json"))
}

// TestChromiumReadsAnArticleForSixSecondsAndIsCountedOnce has the daemon as it is shipped, with its five visible seconds. Whoever leaves before
// them has read nothing; a reload is no second read.
func TestChromiumReadsAnArticleForSixSecondsAndIsCountedOnce(t *testing.T) {
	t.Parallel()
	tab := chromium(t, true)
	n := newNewsroom(t, "smtp://127.0.0.1:9")
	p := n.serve()
	slugs := n.slugs()
	open(t, tab, n.site+"/articles/"+slugs[1], time.Second)
	open(t, tab, n.site+"/articles/"+slugs[0], 6*time.Second)
	open(t, tab, n.site+"/articles/"+slugs[0], 6*time.Second)
	if reads, filtered := p.tally(); reads != 1 || filtered != "" {
		t.Errorf("%d reads, want 1 of the article that was open for six seconds; filtered %s", reads, filtered)
	}
}

// TestAPageInTheBackgroundIsReadWhenItIsLookedAt opens articles in a window that is minimised, and restores it at
// the last.
func TestAPageInTheBackgroundIsReadWhenItIsLookedAt(t *testing.T) {
	t.Parallel()
	tab := chromium(t, true)
	n := newNewsroom(t, "smtp://127.0.0.1:9")
	p := n.serve("VESTNIK_READS_MIN_VISIBLE=300ms")
	slugs := n.slugs()
	open(t, tab, n.site+"/healthz", 0)
	window := func(state browser.WindowState, want string) {
		t.Helper()
		at, err := chromedp.CallBrowser(tab, browser.GetWindowForTarget, browser.GetWindowForTargetParams{TargetID: chromedp.FromContext(tab).Target.TargetID})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := chromedp.CallBrowser(tab, browser.SetWindowBounds, browser.SetWindowBoundsParams{WindowID: at.WindowID, Bounds: &browser.Bounds{WindowState: state}}); err != nil {
			t.Fatal(err)
		}
		until(t, 10*time.Second, "the page is "+want, func() bool { return visibility(t, tab) == want })
	}
	window("minimized", "hidden")
	for _, slug := range slugs[:2] {
		open(t, tab, n.site+"/articles/"+slug, time.Second)
		if got := visibility(t, tab); got != "hidden" {
			t.Fatalf("the page in the background is %s", got)
		}
	}
	open(t, tab, n.site+"/articles/"+slugs[2], 0)
	window("normal", "visible")
	if err := chromedp.Do(tab, chromedp.Sleep(time.Second)); err != nil {
		t.Fatal(err)
	}
	reads, filtered := p.tally()
	if by := n.readsBySource(); reads != 1 || filtered != "" || !strings.HasPrefix(fmt.Sprint(by), "map["+slugs[2]+" ") {
		t.Errorf("%v, filtered %s; want one read of %s, which alone was looked at", by, filtered, slugs[2])
	}
}

func visibility(t *testing.T, tab context.Context) string {
	t.Helper()
	state, err := chromedp.Run(tab, chromedp.Evaluate[string]("document.visibilityState"))
	if err != nil {
		t.Fatal(err)
	}
	return state
}

func TestAnAutomatedChromiumIsFilteredWithItsReason(t *testing.T) {
	t.Parallel()
	tab := chromium(t, false)
	n := newNewsroom(t, "smtp://127.0.0.1:9")
	p := n.serve("VESTNIK_READS_MIN_VISIBLE=100ms")
	open(t, tab, n.site+"/articles/"+n.slugs()[0], time.Second)
	driven, err := chromedp.Run(tab, chromedp.Evaluate[bool]("navigator.webdriver"))
	if err != nil || !driven {
		t.Fatalf("navigator.webdriver is %v, %v", driven, err)
	}
	if reads, filtered := p.tally(); reads != 0 || filtered != `{"reason":"webdriver","n":1}` {
		t.Errorf("%d reads, filtered %s; want it filtered as webdriver", reads, filtered)
	}
}
