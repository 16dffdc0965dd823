package main

import (
	"context"
	"encoding/json"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// A guest is a reader before a browser, who sees pages, fills in fields and presses buttons.
type guest struct {
	t         *testing.T
	tab       context.Context
	keys      bool              // no mouse: Tab, Space, Enter and arrows alone
	frame     bool              // what is done is done in the first frame of the page
	look      func(name string) // called at every page with the key of its heading; may be nil
	downloads string            // folder
}

// newGuest starts Chromium, with or without JavaScript.
func newGuest(t *testing.T, scripts, keys bool) *guest {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("chromium is not installed: no page is tried in it (make test installs it)")
	}
	// Frames of other sites stay in the process of their page, where one connection reaches them; dates are typed as in America.
	flags := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.Flag("lang", "en-US"),
		chromedp.Flag("disable-site-isolation-trials", true), chromedp.Flag("disable-features", "IsolateOrigins,site-per-process,Translate"))
	allocator, stop := chromedp.NewExecAllocator(context.Background(), flags...)
	t.Cleanup(stop)
	tab, done := chromedp.NewContext(allocator)
	t.Cleanup(done)
	v := &guest{t: t, tab: tab, keys: keys, downloads: t.TempDir()}
	v.do(chromedp.EmulateViewport(1280, 900), chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		if _, err := cdp.Call(ctx, target, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: !scripts}); err != nil {
			return err
		}
		_, err := cdp.Call(ctx, target, browser.SetDownloadBehavior, browser.SetDownloadBehaviorParams{Behavior: "allow", DownloadPath: v.downloads})
		return err
	}))
	return v
}

func (v *guest) do(steps ...chromedp.Action[chromedp.Void]) {
	v.t.Helper()
	if err := chromedp.Do(v.tab, steps...); err != nil {
		v.t.Fatal(err)
	}
}

// asked gives what a script of ours finds out, in a world apart from the page's own: the page may be one without scripts.
func asked[T any](v *guest, script string) (out T, err error) {
	err = chromedp.Do(v.tab, chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		tree, err := cdp.Call(ctx, target, page.GetFrameTree, cdp.Empty{})
		if err != nil {
			return err
		}
		id := tree.FrameTree.Frame.ID
		if v.frame && len(tree.FrameTree.ChildFrames) > 0 {
			id = tree.FrameTree.ChildFrames[0].Frame.ID
		}
		world, err := cdp.Call(ctx, target, page.CreateIsolatedWorld, page.CreateIsolatedWorldParams{FrameID: id, WorldName: "test"})
		if err != nil {
			return err
		}
		out, err = chromedp.Run(ctx, chromedp.Evaluate[T](script, chromedp.EvalAwaitPromise, func(p *runtime.EvaluateParams) {
			p.ContextID = world.ExecutionContextID
		}))
		return err
	}))
	return out, err
}

func ask[T any](v *guest, script string) T {
	v.t.Helper()
	out, err := asked[T](v, script)
	if err != nil {
		v.t.Fatalf("%s: %v", script, err)
	}
	return out
}

func quote(s string) string {
	b, _ := json.Marshal(s) // a string always can be
	return string(b)
}

// open goes to an address.
func (v *guest) open(address string) {
	v.t.Helper()
	v.do(chromedp.Navigate(address))
}

// words is the text of the page as it is painted, each white space one blank.
func (v *guest) words() string {
	text, _ := asked[string](v, `document.body.innerText`) // the page may be going just now
	return strings.Join(strings.Fields(text), " ")
}

// see waits until the page says a text that is written plainly in it, and looks at it.
func (v *guest) see(name, text string) {
	v.t.Helper()
	text = strings.Join(strings.Fields(text), " ")
	until(v.t, 20*time.Second, "the page says "+text+" ("+name+")", func() bool { return strings.Contains(v.words(), text) })
	if v.look != nil {
		v.look(name)
	}
}

// fill writes into a field.
func (v *guest) fill(selector, text string) {
	v.t.Helper()
	v.reach(selector)
	v.do(chromedp.KeyEvent(text))
}

// tick changes a checkbox, or takes an answer among others.
func (v *guest) tick(selector string) {
	v.t.Helper()
	if !v.keys {
		v.click(selector)
		return
	}
	group := ask[string](v, `(e => e.type === "radio" ? "input[type=radio][name=" + CSS.escape(e.name) + "]" : "")(document.querySelector(`+quote(selector)+`))`)
	if group == "" {
		v.reach(selector)
		v.do(chromedp.KeyEvent(" "))
		return
	}
	v.reach(group)
	for range 20 {
		if ask[bool](v, `document.querySelector(`+quote(selector)+`).checked`) {
			return
		}
		v.do(chromedp.KeyEvent(kb.ArrowDown))
	}
	v.t.Fatalf("the arrows do not reach %s", selector)
}

// choose takes an entry of a list: the arrow keys change it, as they do without opening it.
func (v *guest) choose(selector, value string) {
	v.t.Helper()
	if v.keys {
		v.reach(selector)
	} else {
		ask[bool](v, `(document.querySelector(`+quote(selector)+`).focus(), true)`)
	}
	for range 100 {
		if ask[string](v, `document.querySelector(`+quote(selector)+`).value`) == value {
			return
		}
		v.do(chromedp.KeyEvent(kb.ArrowDown))
	}
	v.t.Fatalf("%s has no entry %q", selector, value)
}

// press presses a button or follows a link, and waits for the page that comes.
func (v *guest) press(selector string) {
	v.t.Helper()
	ask[bool](v, `(document.documentElement.dataset.before = "1", true)`)
	v.hit(selector)
	until(v.t, 20*time.Second, "a page comes after "+selector, func() bool {
		fresh, err := asked[bool](v, `document.readyState === "complete" && !document.documentElement.dataset.before`)
		return err == nil && fresh
	})
}

// hit presses a button that leads to no page.
func (v *guest) hit(selector string) {
	v.t.Helper()
	if !v.keys {
		v.click(selector)
		return
	}
	v.reach(selector)
	v.do(chromedp.KeyEvent("\r"))
}

// reach brings the focus to a field, by the mouse or by Tab.
func (v *guest) reach(selector string) {
	v.t.Helper()
	if !v.keys {
		v.click(selector)
		return
	}
	if ask[bool](v, `document.activeElement.matches(`+quote(selector)+`)`) {
		return
	}
	for range 150 {
		v.do(chromedp.KeyEvent("\t"))
		if v.focused(selector) {
			return
		}
	}
	v.t.Fatalf("Tab does not reach %s", selector)
}

// focused tells whether the focus is there, and complains if one cannot see where it is.
func (v *guest) focused(selector string) bool {
	v.t.Helper()
	at := ask[struct {
		Hit    bool
		Hidden string
	}](v, `(() => {
		const e = document.activeElement, style = getComputedStyle(e), box = e.getBoundingClientRect();
		const seen = e === document.body || document.styleSheets.length === 0 /* a partner's page */ || e.localName === "iframe" || style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2 &&
			box.width > 1 && box.height > 1 && box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth;
		return {hit: e.matches(`+quote(selector)+`), hidden: seen ? "" : e.outerHTML.slice(0, 200)};
	})()`)
	if at.Hidden != "" {
		v.t.Errorf("the focus cannot be seen on %s", at.Hidden)
	}
	return at.Hit
}

// click presses the mouse in the middle of an element, where no other may lie upon it.
func (v *guest) click(selector string) {
	v.t.Helper()
	const middle = `(e => { e.scrollIntoView({block: "center", behavior: "instant"}); const b = e.getBoundingClientRect();
		const x = b.left + b.width / 2, y = b.top + b.height / 2, top = document.elementFromPoint(x, y);
		return {x, y, covered: !top || !(e.contains(top) || top.contains(e))}; })(document.querySelector(`
	type point struct {
		X, Y    float64
		Covered bool
	}
	frame := v.frame
	v.frame = false
	var corner point
	if frame {
		corner = ask[point](v, `(e => { e.scrollIntoView({block: "center"}); return {x: e.getBoundingClientRect().left, y: e.getBoundingClientRect().top}; })(document.querySelector("iframe"))`)
	}
	v.frame = frame
	at := ask[point](v, middle+quote(selector)+`))`)
	if at.Covered {
		v.t.Errorf("%s cannot be clicked: something lies upon it", selector)
	}
	v.do(chromedp.MouseClickXY(corner.X+at.X, corner.Y+at.Y))
}
