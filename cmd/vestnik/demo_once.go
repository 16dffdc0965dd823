package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"vestnik/articles"
	"vestnik/digest"
	"vestnik/mail/mailtest"
	"vestnik/subscribers"
)

// once is one run of the loop and what it must have led to. The checks compare it with the database, the pages and the mailbox.
type once struct {
	*demo
	visits   map[string]int    // what the simulated readers read: visitors by slug
	filtered map[string]int    // hits that must not count, by reason
	joined   []string          // addresses that joined by the form
	tags     map[string]string // of the feeds as a reader polled them, by path
	left     string            // address that left with one click
	first    digest.Edition    // of the slot last due
	second   digest.Edition    // extra, after somebody left
	secondly digest.Outcome    // what publishing the first slot again said
}

// demoOnce runs the loop and prints a row for each promise. sabotage, where given, is called between the run and the checks:
// tests break something there and expect the status 1.
func (a *app) demoOnce(m *demo, sabotage func(*once)) error {
	o := &once{demo: m, visits: map[string]int{}, filtered: map[string]int{}, tags: map[string]string{}}
	server := &http.Server{Handler: m.handler, ReadHeaderTimeout: 10 * time.Second}
	go server.Serve(m.listener)
	defer server.Close()
	if _, err := m.sender.TakeOver(a.ctx, time.Now()); err != nil {
		return err
	}
	for _, step := range []func(context.Context) error{o.read, o.pollFeeds, o.join, o.publish, o.leave, o.publishExtra} {
		if err := step(a.ctx); err != nil {
			return fmt.Errorf("demo: %w", err)
		}
	}
	if sabotage != nil {
		sabotage(o)
	}
	return a.printChecks(o.check(a.ctx))
}

// read has visitors read what a front page would make them read, and others try to count who must not. It happens an
// hour ago, so that the reads lie within the window of the slot that is due now.
func (o *once) read(ctx context.Context) error {
	o.clock.back(time.Hour)
	defer o.clock.back(0)
	all, err := articles.List(ctx, o.d, articles.Filter{Kind: articles.KindArticle, Language: "ru", Limit: 24})
	if err != nil {
		return err
	}
	visitors := 0
	for i, x := range all {
		n := 90 / (i + 2)
		o.visits[x.Slug] = n
		if err := readArticle(ctx, o.c.Site.URL, x.Slug, n, visitors); err != nil {
			return err
		}
		visitors += n
	}
	if err := o.annoy(ctx, all[0].Slug); err != nil {
		return err
	}
	_, err = o.counter.Flush(ctx, o.d, time.Now().Add(-time.Hour))
	return err
}

// annoy sends what must not count: a visitor who comes again and again, robots, prefetchers, a wish for privacy, a forged token.
func (o *once) annoy(ctx context.Context, slug string) error {
	beacon, token, err := openArticle(ctx, o.c.Site.URL, slug)
	if err != nil {
		return err
	}
	address := o.c.Site.URL + beacon
	for range 10 { // the first visitor again
		if err := sendBeacon(ctx, address, token, visitor(0)); err != nil {
			return err
		}
	}
	for reason, spoil := range map[string]func(h http.Header) string{
		"robot":    func(h http.Header) string { h.Set("User-Agent", "ExampleBot/1.0 (+http://bot.example)"); return token },
		"prefetch": func(h http.Header) string { h.Set("Sec-Purpose", "prefetch;prerender"); return token },
		"gpc":      func(h http.Header) string { h.Set("Sec-GPC", "1"); return token },
		"token":    func(http.Header) string { return strings.Repeat("0", len(token)) },
	} {
		const n = 7
		for i := range n {
			h := visitor(30_000 + i*8)
			if err := sendBeacon(ctx, address, spoil(h), h); err != nil {
				return err
			}
		}
		o.filtered[reason] = n
	}
	return nil
}

// pollFeeds fetches the feeds as a reader does and keeps their validators.
func (o *once) pollFeeds(ctx context.Context) (err error) {
	for _, path := range []string{"/feed.xml", "/feed.atom", "/feed.json"} {
		if o.tags[path], _, err = o.poll(ctx, path, ""); err != nil {
			return err
		}
	}
	return nil
}

var hiddenField = regexp.MustCompile(`<input[^>]*type="hidden"[^>]*>`)

// join has three readers join by the form on the digest's page and confirm by the link in the letter.
func (o *once) join(ctx context.Context) error {
	for i, language := range []string{"ru", "en", "ru"} {
		address := fmt.Sprintf("new-reader-%d@example.org", i+1)
		before := o.box.Received()
		if err := o.sendJoinForm(ctx, address, language); err != nil {
			return err
		}
		if err := o.sendAll(ctx, time.Now()); err != nil {
			return err
		}
		if o.box.Received() != before+1 {
			return fmt.Errorf("%s joined, and %d confirmation letters came", address, o.box.Received()-before)
		}
		if err := o.confirmByLink(ctx); err != nil {
			return err
		}
		o.joined = append(o.joined, address)
	}
	return nil
}

func (o *once) sendJoinForm(ctx context.Context, address, language string) error {
	o.clock.back(10 * time.Second)
	_, page, err := o.http(ctx, http.MethodGet, "/digests/daily", nil)
	if err != nil {
		return err
	}
	o.clock.back(0) // nobody fills in a form in no time: one sent at once is a robot's
	form := url.Values{"email": {address}, "language": {language}}
	for _, field := range hiddenField.FindAllString(page, -1) {
		form.Set(attribute(field, "name"), attribute(field, "value"))
	}
	form.Set("language", language)
	status, _, err := o.http(ctx, http.MethodPost, "/subscribe", form)
	if err == nil && status != http.StatusOK {
		err = fmt.Errorf("the join form was answered with %d", status)
	}
	return err
}

func attribute(tag, name string) string {
	_, rest, _ := strings.Cut(tag, " "+name+`="`)
	value, _, _ := strings.Cut(rest, `"`)
	return value
}

var confirmLink = regexp.MustCompile(`/confirm/[a-z2-7]{40}`)

// confirmByLink follows the link of the newest letter as a reader does: look, then press the button.
func (o *once) confirmByLink(ctx context.Context) error {
	all := o.box.Messages()
	p, err := all[len(all)-1].Parse()
	if err != nil {
		return err
	}
	link := confirmLink.FindString(p.Text)
	if link == "" {
		return errors.New("the confirmation letter has no link")
	}
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		if status, _, err := o.http(ctx, method, link, nil); err != nil || status != http.StatusOK {
			return fmt.Errorf("%s %s: status %d: %w", method, link, status, err)
		}
	}
	return nil
}

// http makes a request of the site; a form makes it a POST of one.
func (o *once) http(ctx context.Context, method, path string, form url.Values) (status int, body string, err error) {
	req, err := http.NewRequestWithContext(ctx, method, o.c.Site.URL+path, strings.NewReader(form.Encode()))
	if err != nil {
		return 0, "", err
	}
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	resp, err := readers.Do(req)
	if err != nil {
		return 0, "", err
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	return resp.StatusCode, string(data), err
}

// publish publishes the slot last due, twice, and sends its letters.
func (o *once) publish(ctx context.Context) (err error) {
	now := time.Now()
	if o.first, err = o.send(ctx, now, false); err != nil {
		return err
	}
	if o.first.ID == 0 {
		return fmt.Errorf("the edition was not made: %s", o.first.Reason)
	}
	_, o.secondly, err = o.publisher.Send(ctx, o.digests[0], now, false)
	return err
}

func (o *once) send(ctx context.Context, now time.Time, extra bool) (digest.Edition, error) {
	e, _, err := o.publisher.Send(ctx, o.digests[0], now, extra)
	for done := e.ID == 0; err == nil && !done; {
		done, err = o.publisher.Enqueue(ctx, e.ID, now)
	}
	if err != nil {
		return e, err
	}
	return e, o.sendAll(ctx, now)
}

// sendAll sends every letter that is due.
func (o *once) sendAll(ctx context.Context, now time.Time) error {
	for {
		if n, err := o.sender.Round(ctx, now); err != nil || n == 0 {
			return err
		}
	}
}

// leave has a reader's mail program unsubscribe with one click: a POST to the address in the letter's header.
func (o *once) leave(ctx context.Context) error {
	o.left = o.joined[0]
	for _, msg := range o.digestLetters(o.first.ID) {
		p, err := msg.Parse()
		if err != nil || !strings.EqualFold(msg.To[0], o.left) {
			continue
		}
		link := strings.Trim(p.Header.Get("List-Unsubscribe"), "<> ")
		path := strings.TrimPrefix(link, o.c.Site.URL)
		status, _, err := o.http(ctx, http.MethodPost, path, url.Values{"List-Unsubscribe": {"One-Click"}})
		if err != nil || status != http.StatusOK {
			return fmt.Errorf("one-click unsubscribe at %s: status %d: %w", link, status, err)
		}
		return nil
	}
	return fmt.Errorf("no letter to %s came", o.left)
}

// publishExtra makes one more edition, in a minute that has none, and sends it.
func (o *once) publishExtra(ctx context.Context) (err error) {
	o.second, err = o.send(ctx, time.Now().Add(time.Minute), true)
	return err
}

// digestLetters are the letters of an edition in the mailbox, by the token in their envelope's sender.
func (o *once) digestLetters(edition int64) []mailtest.Message {
	var found []mailtest.Message
	for _, msg := range o.box.Messages() {
		if key, ok := o.keyOf(msg); ok && key.Kind == "digest" && key.Ref == edition {
			found = append(found, msg)
		}
	}
	return found
}

// audience is who is subscribed now, in lower case.
func (o *once) audience(ctx context.Context) (map[string]bool, error) {
	all, err := subscribers.List(ctx, o.d, subscribers.ListFilter{Digest: "daily", State: subscribers.Active})
	if err != nil {
		return nil, err
	}
	found := map[string]bool{}
	for _, s := range all {
		found[s.Key] = true
	}
	return found, nil
}
