package websub

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"
)

// The tests Hub100 to Hub104 are the list of the W3C test suite (websub.rocks) for hubs.

func TestHub100DeliversWhatIsNewWithTheTopicsType(t *testing.T) {
	w, r := newWorld(t), newReader(t)
	w.accepted("hub.mode", "subscribe", "hub.topic", site, "hub.callback", r.callback()+"?reader=1&hub.mode=mine")
	w.step()
	q := r.questions()
	if len(q) != 1 {
		t.Fatalf("the callback was asked %d times, want once", len(q))
	}
	challenge := q[0].Get("hub.challenge")
	if want := fmt.Sprintf("map[hub.challenge:[%s] hub.lease_seconds:[864000] hub.mode:[mine subscribe] hub.topic:[%s] reader:[1]]",
		challenge, site); fmt.Sprint(q[0]) != want || len(challenge) < 22 {
		t.Errorf("asked %v\nwant  %s", q[0], want)
	}
	w.step()
	r.wantBodies() // what was there before is history
	w.paper.publish("news", site)
	w.paper.publish("film news", cinema)
	w.step()
	got := r.deliveries()
	if len(got) != 1 || got[0].body != "news" {
		t.Fatalf("delivered %+v, want the news once", got)
	}
	want := map[string]string{"Content-Type": "application/atom+xml", "User-Agent": "Vestnik/test", "X-Hub-Signature": "", "Content-Length": "4",
		"Link": `<https://kino.example/hub>; rel="hub", <https://kino.example/feed.atom>; rel="self"`}
	for name, value := range want {
		if got[0].header.Get(name) != value {
			t.Errorf("%s: %q, want %q", name, got[0].header.Get(name), value)
		}
	}
	if got[0].query != "reader=1&hub.mode=mine" || got[0].header.Get("Idempotency-Key") != "" {
		t.Errorf("delivered to ?%s with %v", got[0].query, got[0].header)
	}
	w.later(time.Hour)
	r.wantBodies()
	p := w.pushes()
	if len(p) != 1 || p[0].Topic != site || p[0].Change != 2 || p[0].Recipients != 1 || p[0].Reached != 1 {
		t.Errorf("log: %+v", p)
	}
}

func TestHub101SignsWithTheSecret(t *testing.T) {
	w, r := newWorld(t), newReader(t)
	for _, secret := range []string{"plain", strings.Repeat("x", 199), "bytes \x00\xff of any kind", "секрет"} {
		r.secret = secret
		w.subscribe(r, site)
		w.paper.publish("news", site)
		w.step()
		got := r.deliveries()
		if len(got) != 1 || got[0].header.Get("X-Hub-Signature") != signature(secret, "news") {
			t.Errorf("secret %q: delivered %+v", secret, got)
		}
	}
	for _, s := range []string{"a secret of the reader", "секрет", "plain"} {
		if strings.Contains(w.log.String(), s) || strings.Contains(fmt.Sprint(w.subscriptions()), s) {
			t.Errorf("the secret %q is shown", s)
		}
	}
}

func TestHub102IgnoresUnknownParameters(t *testing.T) {
	w, r := newWorld(t), newReader(t)
	w.subscribe(r, site, "hub.verify", "sync", "hub.verify_token", "abc", "foo", "bar", "hub.topic", cinema)
	w.wantBook("active 0")
	if s := w.subscriptions()[0]; s.Topic != site {
		t.Errorf("topic %s, want the first that was given", s.Topic)
	}
}

func TestHub103SubscribingAgainReplacesLeaseAndSecretOnceItIsConfirmed(t *testing.T) {
	w, r := newWorld(t), newReader(t)
	w.subscribe(r, site, "hub.lease_seconds", "7200")
	until := w.subscriptions()[0].Until
	w.now = w.now.Add(time.Hour)

	r.answers(http.StatusNotFound)
	w.subscribe(r, site, "hub.secret", "of somebody else")
	w.wantBook("active 0", "refused 1")
	if got := w.subscriptions()[0].Until; got != until {
		t.Errorf("an unconfirmed request moved the end of the lease from %v to %v", until, got)
	}
	r.behaves(nil)
	w.paper.publish("one", site)
	w.step()
	if got := r.deliveries(); len(got) != 1 || got[0].header.Get("X-Hub-Signature") != signature(r.secret, "one") {
		t.Errorf("after an unconfirmed request: %+v", got)
	}

	r.secret = "another"
	w.subscribe(r, site, "hub.lease_seconds", "10000")
	w.wantBook("active 0")
	if got, want := w.subscriptions()[0].Until, w.now.Add(10000*time.Second); got != want {
		t.Errorf("the lease ends at %v, want %v", got, want)
	}
	w.paper.publish("two", site)
	w.step()
	if got := r.deliveries(); len(got) != 1 || got[0].header.Get("X-Hub-Signature") != signature("another", "two") {
		t.Errorf("after a confirmed request: %+v", got)
	}
}

func TestHub104UnsubscribingIsConfirmedToo(t *testing.T) {
	w, r := newWorld(t), newReader(t)
	w.subscribe(r, site)
	r.questions()
	leave := []string{"hub.mode", "unsubscribe", "hub.topic", site, "hub.callback", r.callback(), "hub.lease_seconds", "nonsense"}

	r.answers(http.StatusNotFound)
	w.accepted(leave...)
	w.step()
	w.wantBook("active 0", "refused 1")
	r.behaves(nil)
	r.questions()
	w.accepted(leave...)
	w.step()
	if q := r.questions(); len(q) != 1 || q[0].Get("hub.mode") != "unsubscribe" || q[0].Get("hub.topic") != site || q[0].Get("hub.challenge") == "" {
		t.Errorf("asked %v", q)
	}
	w.wantBook()
	w.paper.publish("news", site)
	w.step()
	r.wantBodies()

	w.accepted(leave...) // that it is not subscribed is nobody's business
	w.step()
	if q := r.questions(); len(q) != 0 {
		t.Errorf("a stranger was asked %v", q)
	}
}

func TestLeaseIsAsLongAsAskedForWithinBounds(t *testing.T) {
	for asked, want := range map[string]string{"": "864000", "0": "864000", "1": "3600", "86400": "86400", "99999999": "2592000",
		strings.Repeat("9", 30): "2592000"} {
		w, r := newWorld(t), newReader(t)
		w.subscribe(r, site, "hub.lease_seconds", asked)
		if q := r.questions(); len(q) != 1 || q[0].Get("hub.lease_seconds") != want {
			t.Errorf("asked for %q: %v, want %s", asked, q, want)
		}
		if s := w.subscriptions()[0]; fmt.Sprint(s.Until.Sub(s.Since).Seconds()) != fmt.Sprint(mustSeconds(t, want)) {
			t.Errorf("asked for %q: lease from %v to %v", asked, s.Since, s.Until)
		}
	}
}

func mustSeconds(t *testing.T, s string) float64 {
	d, err := time.ParseDuration(s + "s")
	if err != nil {
		t.Fatal(err)
	}
	return d.Seconds()
}

func TestOneDocumentBringsASlowSubscriberEverythingItMissed(t *testing.T) {
	w, slow, quick := newWorld(t), newReader(t), newReader(t)
	w.subscribe(slow, site)
	w.subscribe(quick, site)
	attempts := 0
	slow.behaves(func(rw http.ResponseWriter, _ *http.Request) bool {
		attempts++
		rw.WriteHeader(http.StatusServiceUnavailable)
		return true
	})
	for _, text := range []string{"one", "two", "three"} {
		w.paper.publish(text, site)
		w.later(10 * time.Second)
	}
	if attempts != 1 {
		t.Errorf("%d attempts within half a minute, want 1: news does not shorten the wait", attempts)
	}
	quick.wantBodies("one", "two", "three")
	for _, p := range w.pushes() {
		if p.Recipients != 2 || p.Reached != 1 || p.Pending != 1 {
			t.Errorf("while one is slow: %+v", p)
		}
	}
	slow.behaves(nil)
	w.later(time.Hour)
	slow.wantBodies("one\ntwo\nthree")
	quick.wantBodies()
	for _, p := range w.pushes() {
		if p.Reached != 2 || p.Pending != 0 {
			t.Errorf("when it is back: %+v", p)
		}
	}
}

func TestOneDocumentIsMadeForAllSubscribersOfATopic(t *testing.T) {
	w := newWorld(t)
	var readers []*reader
	for range 20 {
		readers = append(readers, newReader(t))
		w.subscribe(readers[len(readers)-1], site)
	}
	w.paper.publish("one", site)
	w.step()
	w.paper.made = 0
	w.paper.publish("two", site)
	w.step()
	for _, r := range readers {
		r.wantBodies("one", "two")
	}
	if w.paper.made != 1 {
		t.Errorf("%d documents were made, want 1", w.paper.made)
	}
}

func TestEditionsArePushedThoughNoArticleChanged(t *testing.T) {
	w, r := newWorld(t), newReader(t)
	w.subscribe(r, cinema)
	w.paper.items[cinema] = append(w.paper.items[cinema], item{3000, "an edition with a number of another kind"})
	w.step()
	r.wantBodies("an edition with a number of another kind")
	w.paper.items[cinema] = append(w.paper.items[cinema], item{3001, "the next"})
	w.step()
	r.wantBodies("the next")
}

func TestTopicThatHasEndedIsDeniedToItsSubscribers(t *testing.T) {
	w, r, other := newWorld(t), newReader(t), newReader(t)
	w.subscribe(r, site)
	w.subscribe(other, cinema)
	w.accepted("hub.mode", "subscribe", "hub.topic", site, "hub.callback", other.callback())
	r.questions()
	other.questions()
	w.paper.ended[site] = true
	w.step()
	for _, who := range []*reader{r, other} {
		q := who.questions()
		if len(q) != 1 || q[0].Get("hub.mode") != "denied" || q[0].Get("hub.topic") != site || q[0].Get("hub.reason") == "" || q[0].Has("hub.challenge") {
			t.Errorf("told %v, want a denial", q)
		}
	}
	w.wantBook("active 0")
	if status, _ := w.post("hub.mode", "subscribe", "hub.topic", site, "hub.callback", r.callback()); status != http.StatusBadRequest {
		t.Errorf("a subscription to an ended feed is answered %d, want 400", status)
	}
}

func TestTopicThatCannotBeReadHoldsNothingBack(t *testing.T) {
	w, r := newWorld(t), newReader(t)
	w.subscribe(r, site)
	w.subscribe(r, cinema)
	content := w.hub.o.Content
	w.hub.o.Content = func(ctx context.Context, topic string, since int64) (Content, error) {
		if topic == site {
			return Content{}, fmt.Errorf("disk on fire")
		}
		return content(ctx, topic, since)
	}
	w.paper.publish("news", site, cinema)
	if err := w.hub.Step(w.ctx, w.now); err == nil || !strings.Contains(err.Error(), "disk on fire") {
		t.Errorf("error = %v, want the fire", err)
	}
	w.hub.o.Content = content
	w.later(time.Second)
	if got := r.bodies(); !slices.Equal(got, []string{"news", "news"}) {
		t.Errorf("delivered %q, want the news of both topics", got)
	}
}

func TestDocumentThatCannotBeMadeIsNotTheSubscribersFault(t *testing.T) {
	w, r := newWorld(t), newReader(t)
	w.subscribe(r, site)
	w.paper.publish("news", site)
	if _, err := w.hub.look(w.ctx, w.now); err != nil {
		t.Fatal(err)
	}
	w.hub = w.another() // which has nothing made yet
	w.paper.broken = true
	crew := newCrew(w.hub, func() time.Time { return w.now })
	if err := crew.workOff(w.ctx); err != nil {
		t.Fatal(err)
	}
	w.wantBook("active 0")
	w.paper.broken = false
	w.later(time.Minute)
	r.wantBodies("news")
}

func TestNewSubscriberOfAFollowedTopicIsToldWhatIsNotPushedYet(t *testing.T) {
	w, first, second := newWorld(t), newReader(t), newReader(t)
	w.subscribe(first, site)
	w.paper.publish("one", site)
	w.step()
	w.accepted("hub.mode", "subscribe", "hub.topic", site, "hub.callback", second.callback())
	w.paper.publish("two", site)
	if err := newCrew(w.hub, func() time.Time { return w.now }).workOff(w.ctx); err != nil {
		t.Fatal(err)
	}
	w.step()
	first.wantBodies("one", "two")
	second.wantBodies("two")
}

func TestTopicThatHadNoSubscriberForAWhileBeginsAnew(t *testing.T) {
	w, r := newWorld(t), newReader(t)
	w.subscribe(r, site, "hub.lease_seconds", "3600")
	w.later(2 * time.Hour)
	w.paper.publish("while nobody listened", site)
	w.step()
	w.subscribe(r, site)
	w.paper.publish("news", site)
	w.step()
	r.wantBodies("news")
	w.wantBook("active 0")
}

func TestLeaseThatRanOutEndsTheSubscription(t *testing.T) {
	w, r, other := newWorld(t), newReader(t), newReader(t)
	w.subscribe(r, site, "hub.lease_seconds", "3600")
	w.subscribe(other, site)
	r.answers(http.StatusInternalServerError)
	w.paper.publish("one", site)
	w.later(time.Hour - time.Second)
	r.behaves(nil)
	w.later(time.Hour)
	w.paper.publish("two", site)
	w.step()
	r.wantBodies()
	other.wantBodies("one", "two")
	if err := Housekeep(w.ctx, w.db, w.now); err != nil {
		t.Fatal(err)
	}
	w.wantBook("active 0")
	if p := w.pushes(); len(p) != 2 || p[0].Recipients != 1 || p[1].Recipients != 2 || p[1].GivenUp != 1 {
		t.Errorf("log: %+v", p)
	}
	if err := Housekeep(w.ctx, w.db, w.now.Add(31*24*time.Hour)); err != nil {
		t.Fatal(err)
	}
	if p := w.pushes(); len(p) != 0 {
		t.Errorf("after 31 days the log holds %+v", p)
	}
}

// serveForm is what a browser, a curious person or a broken program sends.
func TestRequestsThatAreRefusedGetOneSentence(t *testing.T) {
	w := newWorld(t)
	const good = "http://127.0.0.1:9/cb"
	ask := func(topic, callback string, more ...string) []string {
		return append([]string{"hub.mode", "subscribe", "hub.topic", topic, "hub.callback", callback}, more...)
	}
	for _, test := range []struct {
		name   string
		form   []string
		status int
		says   string
	}{
		{"nothing", nil, 400, "hub.mode"},
		{"another mode", []string{"hub.mode", "denied", "hub.topic", site, "hub.callback", good}, 400, "hub.mode"},
		{"no topic", ask("", good), 400, "hub.topic"},
		{"foreign topic", ask("https://other.example/feed", good), 400, "not one of our feeds"},
		{"our topic spelt otherwise", ask(site+"?", good), 400, "not one of our feeds"},
		{"topic with NUL", ask(site+"\x00", good), 400, "hub.topic"},
		{"topic that is not text", ask(site+"\xff", good), 400, "hub.topic"},
		{"no callback", ask(site, ""), 400, "absolute http"},
		{"relative callback", ask(site, "/cb"), 400, "absolute http"},
		{"callback that is not text", ask(site, "http://127.0.0.1/\xff"), 400, "absolute http"},
		{"callback by another scheme", ask(site, "gopher://127.0.0.1/"), 400, "only http and https"},
		{"callback with a password", ask(site, "http://a:b@127.0.0.1/"), 400, "user name"},
		{"callback with a fragment", ask(site, good+"#x"), 400, "fragment"},
		{"callback with a line break", ask(site, good+"\r\nX: y"), 400, "absolute http"},
		{"callback without end", ask(site, good+strings.Repeat("x", 1500)), 400, "1500 bytes"},
		{"callback off loopback", ask(site, "http://93.184.216.34/"), 400, "not this machine"},
		{"callback with a wild port", ask(site, "http://127.0.0.1:99999/"), 400, "no port"},
		{"long secret", ask(site, good, "hub.secret", strings.Repeat("x", 200)), 400, "200 bytes"},
		{"lease in words", ask(site, good, "hub.lease_seconds", "ten days"), 400, "hub.lease_seconds"},
		{"negative lease", ask(site, good, "hub.lease_seconds", "-1"), 400, "hub.lease_seconds"},
		{"publish, foreign", []string{"hub.mode", "publish", "hub.url", "https://other.example/feed"}, 400, "not one of our feeds"},
		{"publish, nothing", []string{"hub.mode", "publish"}, 400, "hub.url"},
		{"publish, ours", []string{"hub.mode", "publish", "hub.url", site}, 204, ""},
		{"unsubscribe without a callback", []string{"hub.mode", "unsubscribe", "hub.topic", site}, 400, "absolute http"},
		{"good", ask(site, good, "hub.secret", strings.Repeat("x", 199)), 202, "Accepted"},
	} {
		status, text := w.post(test.form...)
		if status != test.status || !strings.Contains(text, test.says) || strings.Contains(text, "\n") {
			t.Errorf("%s: %d %q, want %d with %q", test.name, status, text, test.status, test.says)
		}
	}
	w.wantBook("verifying 0")
}

func TestOnlyFormsArePosted(t *testing.T) {
	w := newWorld(t)
	for _, test := range []struct {
		method, kind, body string
		status             int
	}{
		{http.MethodGet, "", "", http.StatusMethodNotAllowed},
		{http.MethodPut, "application/x-www-form-urlencoded", "", http.StatusMethodNotAllowed},
		{http.MethodPost, "application/json", "{}", http.StatusUnsupportedMediaType},
		{http.MethodPost, "", "hub.mode=subscribe", http.StatusUnsupportedMediaType},
		{http.MethodPost, "application/x-www-form-urlencoded", "hub.mode=%zz", http.StatusBadRequest},
		{http.MethodPost, "application/x-www-form-urlencoded", "x=" + strings.Repeat("x", maxForm), http.StatusBadRequest},
	} {
		r := httptest.NewRequest(test.method, "/hub", strings.NewReader(test.body))
		if test.kind != "" {
			r.Header.Set("Content-Type", test.kind)
		}
		rec := httptest.NewRecorder()
		w.hub.ServeHTTP(rec, r)
		if rec.Code != test.status || rec.Header().Get("Content-Type") != "text/plain; charset=utf-8" || rec.Body.Len() == 0 {
			t.Errorf("%s %s: %d %q, want %d", test.method, test.kind, rec.Code, rec.Body, test.status)
		}
	}
}

func FuzzRequestsAreReadOrRefused(f *testing.F) {
	f.Add("hub.mode=subscribe&hub.topic=https%3A%2F%2Fkino.example%2Ffeed.atom&hub.callback=http%3A%2F%2F127.0.0.1%2F%3Fa%3Db&hub.secret=s&hub.lease_seconds=60")
	f.Add("hub.mode=unsubscribe&hub.topic=x&hub.callback=http://[::1]:80/")
	f.Add("hub.mode=publish&hub.url=x&hub.url=y")
	f.Add("hub.mode=subscribe;hub.topic=%ff")
	h := newParser()
	f.Fuzz(func(t *testing.T, form string) {
		q, err := h.parse(form)
		if err != nil {
			if no, ok := err.(refusal); !ok || no.status != http.StatusBadRequest || no.text == "" || strings.Contains(no.text, "%!") {
				t.Errorf("%q: %#v", form, err)
			}
			return
		}
		if q.mode == modePublish {
			return
		}
		if q.host == "" || len(q.topic) > maxTopic || len(q.callback) > maxCallback || q.mode == modeSubscribe && (q.lease < shortestLease || q.lease > longestLease) {
			t.Errorf("%q: %+v", form, q)
		}
		asked, err := http.NewRequest(http.MethodGet, question(task{callback: q.callback, topic: q.topic, mode: q.mode, lease: 1}, "c"), nil)
		if err != nil {
			t.Fatalf("%q: %v", form, err)
		}
		values := asked.URL.Query()
		if n := values["hub.topic"]; len(n) == 0 || n[len(n)-1] != q.topic {
			t.Errorf("%q: asked %s", form, asked.URL)
		}
	})
}
