//go:build peers

package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// TestPeersFindNoBarrierOnAReadersJourney runs axe-core over every page of the journey, in Russian and English, in light and
// dark, on a desktop and a phone. What it calls serious or critical is none of ours, and no page is wider than the phone.
func TestPeersFindNoBarrierOnAReadersJourney(t *testing.T) {
	script, err := os.ReadFile(filepath.Join(cacheDir(), "vestnik-test-tools", "node_modules", "axe-core", "axe.min.js"))
	if err != nil {
		t.Fatalf("npm's axe-core is not installed: run scripts/install-peers.sh: %v", err)
	}
	j, v := newJourney(t), newGuest(t, true, false)
	audited := map[string]bool{}
	for _, to := range travels {
		v.look = func(name string) {
			if !audited[to.lang+" "+name] {
				audited[to.lang+" "+name] = true
				v.audit(string(script), to.lang+" "+name)
			}
		}
		p := &traveller{j, v, to.lang, to.digest, to.title, to.lang + "@example.org"}
		p.travel()
		p.joinFromElsewhere(to.lang)
	}
	v.look = func(name string) { v.audit(string(script), name) }
	j.run("digest", "send", "daily")
	v.open(j.site + "/digests")
	v.see("all digests", "Последний выпуск")
	v.open(j.site + "/digests/daily?now") // the browser keeps the page that it saw before the edition for a minute
	v.see("a digest with an edition", "Прошлые выпуски")
	v.click(`.editions li a`)
	v.see("an edition", "отпечаток")
	if len(audited) < 50 {
		t.Errorf("%d pages were looked at: %v", len(audited), audited)
	}
}

// audit runs axe-core over the page as it is, in each look that it has.
func (v *guest) audit(script, name string) {
	v.t.Helper()
	for _, scheme := range []string{"light", "dark"} {
		for _, width := range []int64{1280, 360} {
			v.do(chromedp.EmulateViewport(width, 900), chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
				_, err := cdp.Call(ctx, target, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
					Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}})
				return err
			}))
			found := ask[[]string](v, script+`; axe.run(document, {resultTypes: ["violations"]}).then((r) => r.passes.length < 8 ? ["axe-core has tried only " + r.passes.length] : r.violations
				.filter((f) => f.impact === "serious" || f.impact === "critical" || f.tags.includes("wcag2a") || f.tags.includes("wcag2aa"))
				.map((f) => f.impact + " " + f.id + ": " + f.nodes.map((n) => n.html + " (" + n.failureSummary + ")").join("; ")))`)
			if len(found) > 0 {
				v.t.Errorf("%s, %s, %d wide: %s", name, scheme, width, strings.Join(found, "\n"))
			}
			if wide := ask[int64](v, `document.documentElement.scrollWidth`); wide > width {
				v.t.Errorf("%s, %s: the page is %d wide on a screen of %d", name, scheme, wide, width)
			}
		}
	}
	v.do(chromedp.EmulateViewport(1280, 900))
}

// TestPeersFindNoBarrierOnTheEditorsPage does the same for the page on which an edition is changed and approved.
func TestPeersFindNoBarrierOnTheEditorsPage(t *testing.T) {
	script, err := os.ReadFile(filepath.Join(cacheDir(), "vestnik-test-tools", "node_modules", "axe-core", "axe.min.js"))
	if err != nil {
		t.Fatalf("npm's axe-core is not installed: run scripts/install-peers.sh: %v", err)
	}
	for _, lang := range []string{"ru", "en"} {
		j, v := newEditors(t, lang), newGuest(t, true, false)
		v.look = func(name string) { v.audit(string(script), lang+" "+name) }
		editorsWay{j, v, lang}.travel(j.editLink(t))
	}
}
