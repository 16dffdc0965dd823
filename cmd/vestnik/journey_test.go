package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"vestnik/mail/mailtest"
	"vestnik/templates"
)

// A journey is what readers do, from joining to being erased, at a running daemon whose letters come to a real mailbox.
type journey struct {
	*newsroom
	relay   *mailtest.Server
	used    map[string]bool // letters, and which links were taken from them
	partner string          // the address of another site's page with our forms
}

// newJourney starts a newsroom with a digest in Russian, which has a calmer rhythm, and one in English.
func newJourney(t *testing.T) *journey {
	if testing.Short() {
		t.Skip("starts a browser and daemons")
	}
	relay, err := mailtest.Start(mailtest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { relay.Close() })
	j := &journey{newsroom: newNewsroom(t, relay.URL()), relay: relay, used: map[string]bool{}}
	const digests = `

[[digest]]
name = "weekly"
title = "Неделя в кино"
schedule = "0 9 * * 5"
best_of = "daily"

[[digest]]
name = "film"
title = "Film notes"
schedule = "0 8 * * *"
language = "en"
`
	config, err := os.ReadFile(filepath.Join(j.dir, "vestnik.toml"))
	if err != nil {
		t.Fatal(err)
	}
	j.write("vestnik.toml", string(config)+digests)
	j.write("more/stage.md", "---\ntitle: Театр показал кино\nsection: Театр\n---\nТекст.\n")
	j.run("articles", "import", "more")
	j.serve()
	j.partner = j.partnerSite()
	return j
}

// partnerSite is a site of another origin that shows our forms: /frame/NAME in a frame, /form/NAME as HTML it has pasted.
func (j *journey) partnerSite() string {
	mux := http.NewServeMux()
	serve := func(path string, args ...string) {
		mux.HandleFunc("GET "+path+"/{digest}", func(w http.ResponseWriter, r *http.Request) {
			fmt.Fprintf(w, `<!doctype html><html lang="en"><meta charset="utf-8"><title>A partner</title><h1>A partner</h1>%s`,
				j.run(append([]string{"digest", "form", r.PathValue("digest")}, args...)...))
		})
	}
	serve("/frame", "--frame")
	serve("/form")
	server := httptest.NewServer(mux)
	j.t.Cleanup(server.Close)
	return strings.Replace(server.URL, "127.0.0.1", "localhost", 1) // another site, not only another port
}

// letter waits for a letter to the address from which no link like the pattern was taken before, and takes it.
func (j *journey) letter(t *testing.T, to, pattern string) string {
	t.Helper()
	links, link := regexp.MustCompile(regexp.QuoteMeta(j.site)+pattern), ""
	until(t, 30*time.Second, "a letter to "+to+" has a link to "+pattern, func() bool {
		for _, m := range slices.Backward(j.relay.Messages()) {
			if m.To[0] != to {
				continue
			}
			if p, err := m.Parse(); err == nil {
				use := fmt.Sprint(m.ID, pattern)
				if link = links.FindString(p.HTML); link != "" && !j.used[use] {
					j.used[use] = true
					return true
				}
			}
		}
		return false
	})
	return link
}

// A traveller goes on a journey with a browser, under one address and in one language.
type traveller struct {
	*journey
	*guest
	lang, digest, title, email string
}

var travels = []struct{ lang, digest, title string }{{"ru", "daily", "Самое читаемое"}, {"en", "film", "Film notes"}}

func (p traveller) text(key string, args ...any) string { return templates.Text(p.lang, key, args...) }

// sees waits for a page by the key of its heading, or of another text of it.
func (p traveller) sees(key string, args ...any) {
	p.guest.t.Helper()
	p.see(key, p.text(key, args...))
}

// letterTo is the link in the newest letter to the traveller.
func (p traveller) letterTo(pattern string) string {
	p.guest.t.Helper()
	return p.letter(p.guest.t, p.email, pattern+`/[a-z2-7]{40}`)
}

func TestAReadersJourneyInABrowser(t *testing.T) {
	for _, how := range []struct {
		name          string
		scripts, keys bool
	}{{"with the mouse and scripts", true, false}, {"with keys alone and no scripts", false, true}} {
		t.Run(how.name, func(t *testing.T) {
			t.Parallel()
			j, v := newJourney(t), newGuest(t, how.scripts, how.keys)
			for i, to := range travels {
				if i > 0 && os.Getenv("VESTNIK_TEST_FULL") == "" {
					break // every day the way is gone in one language
				}
				name := fmt.Sprintf("%s-%t-%t", to.lang, how.scripts, how.keys)
				p := &traveller{j, v, to.lang, to.digest, to.title, name + "@example.org"}
				p.travel()
				if i == 0 {
					p.joinFromElsewhere(name)
				}
			}
		})
	}
}

// travel goes the whole way.
func (p *traveller) travel() {
	p.joinOnThePage()
	p.confirm()
	p.run("digest", "send", p.digest, "--extra")
	preferences, leave := p.letterTo("/preferences"), p.letterTo("/unsubscribe")
	p.open(preferences)
	p.sees("preferences_heading")
	p.setEverything()
	p.pauseAndResume()
	p.download()
	p.moveAway(preferences)
	p.leaveAndReturn(leave)
	p.erase(preferences)
}

// joinOnThePage joins on the digest's own page, patient enough for its form.
func (p traveller) joinOnThePage() {
	p.open(p.site + "/digests/" + p.digest)
	p.sees("join_heading")
	p.fill(`.join input[type=email]`, p.email)
	p.patience()
	p.press(`.join button`)
	p.sees("joined_heading")
}

// patience is the time in which no person fills in a form.
func (p traveller) patience() { p.do(chromedp.Sleep(2100 * time.Millisecond)) }

func (p traveller) confirm() {
	p.open(p.letterTo("/confirm"))
	p.sees("confirm_heading")
	p.press(`.card button`)
	p.sees("confirmed_heading")
	p.expectState("active")
}

// joinFromElsewhere uses our forms on another site: in a frame, and pasted there. The second time it was somebody else.
func (p *traveller) joinFromElsewhere(name string) {
	p.email = "frame-" + name + "@example.org"
	p.open(p.partner + "/frame/" + p.digest)
	p.frame = true
	p.see("frame", p.text("join_heading"))
	if p.keys {
		p.frame = false
		p.reach("iframe")
		p.frame = true
	}
	p.fill(`input[type=email]`, p.email)
	p.patience()
	p.press(`button`)
	p.see("frame_joined", p.text("joined_heading"))
	p.frame = false
	p.confirm()

	p.email = "form-" + name + "@example.org"
	p.open(p.partner + "/form/" + p.digest)
	p.fill(`input[type=email]`, p.email)
	p.press(`button`)
	p.sees("join_check")
	p.patience()
	p.press(`.join button`)
	p.sees("joined_heading")
	p.open(p.letterTo("/not-me"))
	p.sees("not_me_heading")
	p.press(`.card button`)
	p.sees("blocked_heading")
	p.press(`.card button`)
	p.sees("unblocked_heading")
}

// form is a part of the page of preferences, by what it does.
func form(do string) string { return `form:has(input[name=do][value=` + do + `])` }

// setEverything changes each field of the page of preferences.
func (p traveller) setEverything() {
	want, rhythm := "daily active, film active", `input[name="rhythm.daily"][value=daily]`
	if p.lang == "ru" { // the weekly rhythm, of one section
		p.tick(`input[name="rhythm.daily"][value=weekly]`)
		p.hit(`.group:has(input[value=weekly]) .only summary`)
		p.tick(`.group:has(input[value=weekly]) .only input[type=checkbox]`)
		want = "daily left, weekly active prokat"
	} else {
		p.tick(rhythm)
	}
	p.tick(`input[name=language][value=` + p.lang + `]`)
	p.choose(`#hour`, "7")
	p.choose(`#zone`, "Asia/Omsk")
	p.press(form("save") + ` button`)
	p.sees("done_saved")
	p.expect("7 Asia/Omsk " + p.lang + ": " + want)
	p.tick(rhythm)
	p.fill(`#zone-other`, "Mars/Olympus")
	p.press(form("save") + ` button`)
	p.see("zone_wrong", p.text("error_zone", "Mars/Olympus"))
	if !ask[bool](p.guest, `document.querySelector("#zone-other").getAttribute("aria-describedby") === document.querySelector("[role=alert]").id`) {
		p.guest.t.Error("the sentence about the zone is not the field's")
	}
	p.choose(`#hour`, "8")
	p.fill(`#zone-other`, strings.Repeat("\b", len("Mars/Olympus")))
	p.press(form("save") + ` button`)
	p.sees("done_saved")
}

func (p traveller) pauseAndResume() {
	day := time.Now().AddDate(0, 2, 0)
	for _, until := range []string{"week", "date"} {
		p.tick(form("pause") + ` input[value=` + until + `]`)
		if until == "date" {
			p.reach(`#day`)
			if !p.keys { // the middle of the field is not its first part
				p.do(chromedp.KeyEvent(kb.ArrowLeft), chromedp.KeyEvent(kb.ArrowLeft))
			}
			p.do(chromedp.KeyEvent(day.Format("01022006")))
		}
		p.press(form("pause") + ` button`)
		p.sees("done_paused")
	}
	held := p.shown(p.email)
	for _, u := range held.Subscriptions {
		if u.State == "active" || u.State == "paused" && u.Until.In(sakhalin(p.guest.t)).Format(time.DateOnly) != day.Format(time.DateOnly) {
			p.guest.t.Errorf("after pausing until %s: %+v", day.Format(time.DateOnly), u)
		}
	}
	p.press(form("resume") + ` button`)
	p.sees("done_resumed")
}

func sakhalin(t *testing.T) *time.Location {
	l, err := time.LoadLocation("Asia/Sakhalin")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// download presses the button that leads to no page, and reads the file.
func (p traveller) download() {
	p.hit(form("data") + ` button`)
	var got heldJSON
	until(p.guest.t, 20*time.Second, "the data are downloaded", func() bool {
		files, _ := filepath.Glob(filepath.Join(p.downloads, "*.json"))
		for _, file := range files {
			if data, err := os.ReadFile(file); err == nil && json.Unmarshal(data, &got) == nil && got.Email == p.email {
				return true
			}
		}
		return false
	})
}

// moveAway changes the address: at first the old one says no, and then the new one yes.
func (p *traveller) moveAway(preferences string) {
	old, fresh := *p, *p
	ask := func(name string) (confirm, stop string) {
		fresh.email = name + "-" + p.email // another each time: an address gets one letter of this kind a day
		p.fill(`#email`, fresh.email)
		p.press(form("move") + ` button`)
		p.sees("done_moving")
		return fresh.letterTo("/move"), old.letterTo("/move/stop")
	}
	_, stop := ask("first")
	p.open(stop)
	p.sees("stop_heading")
	p.press(`.card button`)
	p.sees("move_stopped_heading")
	p.open(preferences)
	ask("second")
	p.press(form("stop") + ` button`)
	p.sees("done_stopped")
	confirm, stop := ask("third")
	p.email = fresh.email
	p.open(confirm)
	p.sees("move_heading")
	p.press(`.card button`)
	p.sees("moved_heading")
	p.open(stop)
	p.sees("move_none_heading")
	if got := p.shown(p.email); got.Email != p.email {
		p.guest.t.Errorf("after moving: %+v", got)
	}
}

func (p traveller) leaveAndReturn(link string) {
	p.open(link)
	p.sees("unsubscribe_heading")
	p.press(`.card button`)
	p.sees("left_heading")
	p.expectState("left")
	p.press(form("undo") + ` button`)
	p.sees("returned_heading")
	p.expectState("active")
	p.open(link)
	p.press(`.card button`)
	p.sees("left_heading")
}

func (p traveller) erase(preferences string) {
	p.open(preferences)
	p.press(`a.away[href$="/erase"]`)
	p.sees("erase_heading")
	p.press(`.card button`)
	p.sees("erased_heading")
	p.open(preferences)
	p.see("gone", "404")
}

// heldJSON is some of what is held of a reader.
type heldJSON struct {
	Email, Language, Timezone string
	Hour                      int
	Subscriptions             []struct {
		Digest, State string
		Until         time.Time
		Sections      []string
	}
}

func (j *journey) shown(email string) (h heldJSON) {
	j.t.Helper()
	if err := json.Unmarshal([]byte(j.run("subscribers", "show", email, "--json")), &h); err != nil {
		j.t.Fatal(err)
	}
	return h
}

// expect compares what is held of the traveller: "7 Asia/Omsk ru: daily left, weekly active prokat".
func (p traveller) expect(want string) {
	p.guest.t.Helper()
	h := p.shown(p.email)
	var all []string
	for _, u := range h.Subscriptions {
		all = append(all, strings.TrimSpace(u.Digest+" "+u.State+" "+strings.Join(u.Sections, " ")))
	}
	if got := fmt.Sprintf("%d %s %s: %s", h.Hour, h.Timezone, h.Language, strings.Join(all, ", ")); got != want {
		p.guest.t.Errorf("we hold %q, want %q", got, want)
	}
}

// expectState is of the traveller's first digest.
func (p traveller) expectState(want string) {
	p.guest.t.Helper()
	for _, u := range p.shown(p.email).Subscriptions {
		if u.Digest == p.digest && u.State != want {
			p.guest.t.Errorf("%s is %s, want %s", u.Digest, u.State, want)
		}
	}
}
