package main

import (
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"vestnik/mail/mailtest"
	"vestnik/templates"
)

// newEditors starts a newsroom whose digest waits for an editor.
func newEditors(t *testing.T, lang string) *journey {
	t.Helper()
	if testing.Short() {
		t.Skip("starts a browser and daemons")
	}
	relay, err := mailtest.Start(mailtest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { relay.Close() })
	j := &journey{newsroom: newNewsroom(t, relay.URL()), relay: relay, used: map[string]bool{}}
	config, err := os.ReadFile(filepath.Join(j.dir, "vestnik.toml"))
	if err != nil {
		t.Fatal(err)
	}
	j.write("vestnik.toml", string(config)+`

[[digest]]
name = "held"
title = "Утренний выпуск"
schedule = "0 8 * * *"
language = "`+lang+`"
approve = true
editors = ["anna@example.org"]
`)
	j.run("subscribers", "add", "reader@example.org", "--digest", "held", "--confirmed", "--basis", "paper form")
	j.serve()
	return j
}

// editLink has an edition held, and returns the link in the letter to the editor.
func (j *journey) editLink(t *testing.T) string {
	t.Helper()
	j.run("digest", "send", "held", "--extra")
	return j.letter(t, "anna@example.org", `/edit/[a-z2-7]+`)
}

// An editorsWay goes from the letter to the approval, in one language.
type editorsWay struct {
	*journey
	*guest
	lang string
}

func (p editorsWay) sees(key string, args ...any) {
	p.guest.t.Helper()
	p.see(key, templates.Text(p.lang, key, args...))
}

func (p editorsWay) travel(link string) {
	p.open(link)
	p.sees("edit_approve")
	p.preview("html")
	p.hit(`.letters li:first-child a:nth-child(2)`)
	p.preview("text")
	first := ask[string](p.guest, `document.querySelector(".lines li").id`)
	p.press(`#` + first + ` button[name=down]`)
	p.sees("edit_moved")
	if at := ask[int64](p.guest, `[...document.querySelectorAll(".lines li")].findIndex((e) => e.id === `+quote(first)+`)`); at != 1 {
		p.guest.t.Errorf("pressed down, the first headline stands at place %d from 0", at)
	}
	p.fill(`#note`, "A word. ")
	p.fill(`#`+first+` textarea`, "Front page: ")
	p.tick(`.lines li:last-child input[type=checkbox]`)
	p.press(`.bar button[value=save]`)
	p.sees("edit_saved")
	if got := ask[string](p.guest, `document.querySelector(`+quote(`#`+first+` textarea`)+`).value`); len(got) < len("Front page: ")+10 {
		p.guest.t.Errorf("the headline is %q", got)
	}
	p.thumbs()
	p.press(`.bar button[value=approve]`)
	p.sees("edit_approved")
}

// preview waits for the part in the frame.
func (p editorsWay) preview(part string) {
	p.guest.t.Helper()
	until(p.guest.t, 20*time.Second, "the letter's "+part+" is in the frame", func() bool {
		kind, err := asked[string](&guest{t: p.guest.t, tab: p.tab, frame: true}, `document.contentType`)
		return err == nil && kind == map[string]string{"html": "text/html", "text": "text/plain"}[part]
	})
}

// thumbs complains of what is too small for one, and of a page wider than the phone.
func (p editorsWay) thumbs() {
	p.guest.t.Helper()
	small := ask[[]string](p.guest, `[...document.querySelectorAll("button, summary, .letters a, .line-head input[type=text], .choice, textarea")]
		.filter((e) => !e.classList.contains("unseen") && e.checkVisibility()).map((e) => [e.getBoundingClientRect(), e.outerHTML.slice(0, 120)]).filter(([b]) => b.height < 43.5 || b.width < 40)
		.map(([b, html]) => Math.round(b.width) + "x" + Math.round(b.height) + " " + html)`)
	for _, s := range small {
		p.guest.t.Errorf("too small for a thumb: %s", s)
	}
	if ask[bool](p.guest, `document.documentElement.scrollWidth > innerWidth`) {
		p.guest.t.Error("the page is wider than the phone")
	}
}

func TestAnEditorApprovesOnAPhone(t *testing.T) {
	for i, how := range []struct {
		name          string
		lang          string
		scripts, keys bool
	}{{"with a thumb", "ru", true, false}, {"with keys alone and no scripts", "en", false, true}} {
		t.Run(how.name, func(t *testing.T) {
			if i > 0 && os.Getenv("VESTNIK_TEST_FULL") == "" {
				t.Skip("make peers runs it")
			}
			t.Parallel()
			j, v := newEditors(t, how.lang), newGuest(t, how.scripts, how.keys)
			v.do(chromedp.EmulateViewport(360, 740))
			editorsWay{j, v, how.lang}.travel(j.editLink(t))
			j.letter(t, "reader@example.org", `/preferences/[a-z2-7]{40}`)
		})
	}
}

func TestWhatOpensEveryLinkOfALetterToEditorsChangesNothing(t *testing.T) {
	if os.Getenv("VESTNIK_TEST_FULL") == "" {
		t.Skip("takes fifteen seconds: make peers runs it")
	}
	t.Parallel()
	j := newEditors(t, "ru")
	link := j.editLink(t)
	v := newGuest(t, true, false)
	before := j.contents(t)
	for _, address := range []string{link, link + "/letter?variant=ru&part=html"} {
		for _, s := range scanners {
			if status, body := knock(t, s.method, address, s.header, ""); status != http.StatusOK {
				t.Errorf("%s: %s %s = %d: %.200s", s.name, s.method, address, status, body)
			}
		}
		v.open(address)
		v.do(chromedp.Sleep(200 * time.Millisecond))
	}
	if after := j.contents(t); after != before {
		t.Errorf("it has changed something: %s", firstDifference(before, after))
	}
}
