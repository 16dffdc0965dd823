package websub

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"vestnik/db"
	"vestnik/fetch"
)

// newParser is a hub that can only read requests.
func newParser() *Hub {
	return New(Options{Client: fetch.New(fetch.Options{AllowPrivate: true})})
}

func TestCallbackThatDoesNotRepeatTheChallengeIsNotSubscribed(t *testing.T) {
	for name, answer := range map[string]func(w http.ResponseWriter, r *http.Request) bool{
		"forged": func(w http.ResponseWriter, r *http.Request) bool { io.WriteString(w, "forged"); return true },
		"with more": func(w http.ResponseWriter, r *http.Request) bool {
			io.WriteString(w, r.FormValue("hub.challenge")+"\n")
			return true
		},
		"nothing":      func(w http.ResponseWriter, r *http.Request) bool { return true },
		"a whole page": func(w http.ResponseWriter, r *http.Request) bool { w.Write(make([]byte, 100_000)); return true },
		"with another 404": func(w http.ResponseWriter, r *http.Request) bool {
			w.WriteHeader(404)
			io.WriteString(w, r.FormValue("hub.challenge"))
			return true
		},
		"redirected": func(w http.ResponseWriter, r *http.Request) bool {
			if r.URL.Path == "/push" {
				http.Redirect(w, r, "/elsewhere?"+r.URL.RawQuery, http.StatusTemporaryRedirect)
				return true
			}
			return false // would confirm
		},
	} {
		t.Run(name, func(t *testing.T) {
			w, r := newWorld(t), newReader(t)
			r.behaves(answer)
			w.subscribe(r, site)
			w.wantBook("refused 1")
			w.paper.publish("news", site)
			w.later(time.Hour)
			r.wantBodies()
			if n := len(r.questions()); n != 1 {
				t.Errorf("it was asked %d times, want once", n)
			}
		})
	}
}

func TestCallbackThatDoesNotAnswerIsAskedAFewTimes(t *testing.T) {
	w, r := newWorld(t), newReader(t)
	r.answers(http.StatusBadGateway)
	w.subscribe(r, site)
	for _, wait := range again {
		w.later(wait - time.Millisecond)
		if n := len(r.questions()); n != 1 {
			t.Fatalf("asked %d times within %v, want once", n, wait)
		}
		w.later(time.Millisecond)
	}
	w.wantBook("refused 4")
	r.questions()
	w.later(24 * time.Hour)
	if n := len(r.questions()); n != 0 {
		t.Errorf("asked %d times more after it was given up", n)
	}
	if err := Housekeep(w.ctx, w.db, w.now); err != nil {
		t.Fatal(err)
	}
	w.wantBook()

	w.subscribe(r, site)
	r.behaves(nil)
	w.later(again[0])
	w.wantBook("active 0")
}

func TestRequestMadeAnewReplacesTheOneThatWaits(t *testing.T) {
	w, r := newWorld(t), newReader(t)
	r.answers(http.StatusBadGateway)
	w.subscribe(r, site)
	r.behaves(nil)
	r.secret = "the newer one"
	w.subscribe(r, site, "hub.lease_seconds", "7200")
	w.wantBook("active 0")
	w.paper.publish("news", site)
	w.later(time.Hour)
	if got := r.deliveries(); len(got) != 1 || got[0].header.Get("X-Hub-Signature") != signature("the newer one", "news") {
		t.Errorf("delivered %+v", got)
	}
}

// A request that comes while the callback is being asked about an older one is asked about by itself.
func TestAnswerToAnOlderRequestDoesNotConfirmANewerOne(t *testing.T) {
	w, r := newWorld(t), newReader(t)
	var once sync.Once
	r.behaves(func(http.ResponseWriter, *http.Request) bool {
		once.Do(func() {
			w.accepted("hub.mode", "subscribe", "hub.topic", site, "hub.callback", r.callback(), "hub.secret", "newer", "hub.lease_seconds", "5000")
		})
		return false
	})
	w.subscribe(r, site, "hub.lease_seconds", "9000")
	q := r.questions()
	if len(q) != 2 || q[0].Get("hub.lease_seconds") != "9000" || q[1].Get("hub.lease_seconds") != "5000" {
		t.Fatalf("asked %v", q)
	}
	if s := w.subscriptions(); len(s) != 1 || s[0].Until != w.now.Add(5000*time.Second) {
		t.Errorf("subscriptions %+v", s)
	}
}

func TestCallbackThatIsGoneEndsItsSubscription(t *testing.T) {
	w, r, other := newWorld(t), newReader(t), newReader(t)
	w.subscribe(r, site)
	w.subscribe(other, site)
	r.answers(http.StatusGone)
	w.paper.publish("one", site)
	w.step()
	w.wantBook("active 0")
	w.paper.publish("two", site)
	w.later(time.Minute)
	other.wantBodies("one", "two")
	if p := w.pushes(); len(p) != 2 || p[0].Recipients != 1 || p[1].Recipients != 2 || p[1].Reached != 1 || p[1].GivenUp != 1 {
		t.Errorf("log: %+v", p)
	}
}

func TestDeliveryIsRetriedLessAndLessForTwoDaysAndThenGivenUp(t *testing.T) {
	w, r := newWorld(t), newReader(t)
	w.subscribe(r, site, "hub.lease_seconds", "2592000")
	attempts := 0
	r.behaves(func(w http.ResponseWriter, r *http.Request) bool {
		attempts++
		http.Redirect(w, r, "/elsewhere", http.StatusFound) // which is no 2xx, and is not followed
		return true
	})
	w.paper.publish("missed", site)
	began := w.now
	w.step()
	var waits []time.Duration
	last := began
	for w.now.Sub(began) < 60*time.Hour {
		before := attempts
		w.later(min(max(w.now.Sub(began)/20, time.Minute), 10*time.Minute))
		if attempts > before {
			waits = append(waits, w.now.Sub(last))
			last = w.now
		}
		if attempts > before+1 {
			t.Fatalf("%d attempts at one moment", attempts-before)
		}
	}
	if len(waits) < 12 || len(waits) > 18 || waits[0] > 2*time.Minute || last.Sub(began) < 36*time.Hour || last.Sub(began) > giveUpAfter {
		t.Errorf("retries after %v", waits)
	}
	for i, d := range waits {
		if d > maxDelay*11/10+10*time.Minute || i > 0 && i < 9 && (d < waits[i-1]*3/2 || d > waits[i-1]*3) {
			t.Errorf("retry %d after %v: %v", i, d, waits)
		}
	}
	if p := w.pushes(); p[0].GivenUp != 1 || p[0].Pending != 0 {
		t.Errorf("log: %+v", p)
	}
	s := w.subscriptions()
	if len(s) != 1 || s[0].State != StateActive || s[0].Failures != int64(attempts) || s[0].LastError != "it answered 302" {
		t.Errorf("subscription %+v after %d attempts", s, attempts)
	}

	r.behaves(nil)
	w.paper.publish("news", site)
	w.step()
	r.wantBodies("missed\nnews")
	if p := w.pushes(); p[0].Reached != 1 || p[1].Reached != 1 || p[1].GivenUp != 0 {
		t.Errorf("log at last: %+v", p)
	}
	w.wantBook("active 0")
}

func TestRetryAfterIsObeyed(t *testing.T) {
	w, r := newWorld(t), newReader(t)
	w.subscribe(r, site)
	r.behaves(func(w http.ResponseWriter, _ *http.Request) bool {
		w.Header().Set("Retry-After", "3600")
		w.WriteHeader(http.StatusTooManyRequests)
		return true
	})
	w.paper.publish("news", site)
	w.step()
	r.behaves(nil)
	w.later(59 * time.Minute)
	r.wantBodies()
	w.later(time.Minute)
	r.wantBodies("news")
}

func TestSubscriberThatComesBackByRenewingIsToldAtOnce(t *testing.T) {
	w, r := newWorld(t), newReader(t)
	w.subscribe(r, site)
	r.answers(http.StatusBadGateway)
	w.paper.publish("news", site)
	for range 6 {
		w.later(time.Hour)
	}
	r.behaves(nil)
	w.subscribe(r, site)
	r.wantBodies("news")
}

func TestTwoHubsOverOneDatabaseMakeOnePushAndOneDeliveryEach(t *testing.T) {
	w := newWorld(t)
	hubs := []*Hub{w.hub, w.another(), w.another()}
	var readers []*reader
	for range 12 {
		readers = append(readers, newReader(t))
		w.subscribe(readers[len(readers)-1], site)
	}
	for _, text := range []string{"one", "two", "three"} {
		w.paper.publish(text, site)
		together(t, hubs, func(h *Hub) error { return h.Step(w.ctx, w.now) })
		w.step() // what a hub had not seen pushed yet when it looked
		for _, r := range readers {
			r.wantBodies(text)
		}
	}
	if p := w.pushes(); len(p) != 3 || p[0].Reached != 12 {
		t.Errorf("log: %+v", p)
	}
}

func together(t *testing.T, hubs []*Hub, do func(h *Hub) error) {
	t.Helper()
	var wg sync.WaitGroup
	for _, h := range hubs {
		wg.Go(func() {
			if err := do(h); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}

func TestDeliveryCutOffByTheEndOfTheDaemonIsListedAndMadeAgain(t *testing.T) {
	w, r, stuck := newWorld(t), newReader(t), newReader(t)
	w.subscribe(r, site)
	w.subscribe(stuck, site)
	arrived := make(chan struct{})
	stuck.behaves(func(_ http.ResponseWriter, q *http.Request) bool {
		close(arrived)
		<-q.Context().Done() // the client went away
		return true
	})
	w.paper.publish("news", site)
	ctx, cancel := context.WithCancel(w.ctx)
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- w.hub.Step(ctx, w.now) }()
	<-arrived
	cancel()
	if err := <-done; err != nil && !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	w.checkLog()
	if p := w.pushes(); len(p) != 1 || p[0].Recipients != 2 || p[0].Pending < 1 {
		t.Errorf("log: %+v, want the cut-off delivery in it", p)
	}
	stuck.behaves(nil)
	w.hub = w.another()
	w.step()
	w.later(leased)
	stuck.wantBodies("news")
	if got := r.bodies(); len(got) < 1 || len(got) > 2 {
		t.Errorf("the other was told %q, want the news at least once", got)
	}
	if p := w.pushes(); p[0].Reached != 2 {
		t.Errorf("log at last: %+v", p)
	}
}

// A hub that was killed leaves its leases behind, and can write no results any more.
func TestLeasesOfAKilledHubRunOut(t *testing.T) {
	w, r := newWorld(t), newReader(t)
	w.subscribe(r, site)
	w.paper.publish("news", site)
	if _, err := w.hub.look(w.ctx, w.now); err != nil {
		t.Fatal(err)
	}
	dead := newCrew(w.another(), func() time.Time { return w.now })
	dead.look = true
	if err := dead.refill(w.ctx); err != nil {
		t.Fatal(err)
	}
	late := take(t, w, dead)
	w.later(leased - time.Second)
	r.wantBodies()
	w.later(time.Second)
	r.wantBodies("news")

	w.paper.publish("more", site)
	if _, err := w.hub.look(w.ctx, w.now); err != nil {
		t.Fatal(err)
	}
	dead.done = late // its answer, after others took over
	if err := dead.write(w.ctx, nil, nil); err != nil {
		t.Fatal(err)
	}
	w.step()
	r.wantBodies("more")
	if p := w.pushes(); p[0].Reached != 1 || p[1].Reached != 1 {
		t.Errorf("log: %+v", p)
	}
}

// take leases what waits and returns it as if it had been delivered.
func take(t *testing.T, w *world, c *crew) (late []outcome) {
	t.Helper()
	err := w.db.Tx(w.ctx, func(tx *sql.Tx) error {
		tasks, err := claim(w.ctx, tx, db.NewID(), w.now, c.push.pick(), nil)
		late = nil
		for _, task := range tasks {
			late = append(late, outcome{task: task, verdict: reached, number: task.owed, at: w.now})
		}
		return err
	})
	if err != nil || len(late) != 1 {
		t.Fatalf("leased %d, %v", len(late), err)
	}
	return late
}

func TestPushDuringADeliveryIsNotLost(t *testing.T) {
	w, r := newWorld(t), newReader(t)
	w.subscribe(r, site)
	var once sync.Once
	r.behaves(func(http.ResponseWriter, *http.Request) bool {
		once.Do(func() {
			w.paper.publish("two", site)
			if _, err := w.hub.look(w.ctx, w.now); err != nil {
				t.Error(err)
			}
		})
		return false
	})
	w.paper.publish("one", site)
	w.step()
	r.wantBodies("one", "two")
	for _, p := range w.pushes() {
		if p.Reached != 1 {
			t.Errorf("log: %+v", p)
		}
	}
}

func TestLimitsKeepTheHubFromFloodingOthers(t *testing.T) {
	w, r := newWorld(t, func(o *Options) { o.PendingPerHost, o.Pending, o.PerTopic, o.PerHost = 5, 8, 3, 2 }), newReader(t)
	ask := func(host string, n int) (int, string) {
		return w.post("hub.mode", "subscribe", "hub.topic", site, "hub.callback", fmt.Sprintf("http://%s/%d", host, n))
	}
	w.subscribe(r, site)
	r.answers(http.StatusNotFound)
	port := strings.TrimPrefix(r.server.URL, "http://127.0.0.1")
	for n := range 10 {
		status, text := ask("127.0.0.1"+port, n)
		w.step()
		if want := map[bool]int{true: 202, false: 429}[n < 5]; status != want {
			t.Fatalf("request %d for a host that does not confirm: %d %s, want %d", n, status, text, want)
		}
	}
	if n := len(r.questions()); n != 1+5 {
		t.Errorf("the host was asked %d times, want 6", n)
	}
	r.behaves(nil)
	w.subscribe(r, site) // who is subscribed can still renew

	w.now = w.now.Add(unproven + time.Second)
	for n := range 12 { // none of these is asked before the hub works
		status, text := ask(fmt.Sprintf("127.0.0.%d:9", 2+n), 0)
		if want := map[bool]int{true: 202, false: 503}[n < 8]; status != want {
			t.Fatalf("request %d while others wait: %d %s, want %d", n, status, text, want)
		}
	}
	if _, err := w.db.ExecContext(w.ctx, `DELETE FROM hub_verifications`); err != nil {
		t.Fatal(err)
	}

	w.accepted("hub.mode", "subscribe", "hub.topic", cinema, "hub.callback", r.callback())
	w.step()
	if status, text := ask("127.0.0.1"+port, 99); status != 429 {
		t.Errorf("third subscription of a host: %d %s, want 429", status, text)
	}
	for n := 2; n < 5; n++ {
		status, text := ask(fmt.Sprintf("127.0.0.%d:9", n), 0)
		if _, err := w.db.ExecContext(w.ctx, `INSERT INTO hub_subscriptions (id, topic, callback, host, secret, since, until, told, owed, owed_since, due, fence, failures, error)
			VALUES ($1, $2, $3, $3, '', 1, $4, 1, 0, 0, 0, 0, 0, '')`, n, site, fmt.Sprintf("127.0.0.%d", n), db.Milli(w.now.Add(time.Hour))); err != nil {
			t.Fatal(err)
		}
		if want := map[bool]int{true: 202, false: 503}[n < 4]; status != want {
			t.Errorf("subscription %d to a topic: %d %s, want %d", n, status, text, want)
		}
	}
}

func TestHoweverAHostIsSpeltItsLimitsAreTheSame(t *testing.T) {
	for _, spellings := range [][]string{
		{"127.0.0.1", "::ffff:127.0.0.1", "0:0:0:0:0:ffff:7f00:1"},
		{"::1", "0:0:0:0:0:0:0:1", "0::0001"},
		{"reader.example", "Reader.EXAMPLE.", "ⓡeader.example"},
		{"читатель.рф", "ЧИТАТЕЛЬ.рф", "xn--80akho6ab5a9b.xn--p1ai"},
	} {
		for _, s := range spellings {
			if got, want := oneSpelling(s), oneSpelling(spellings[0]); got != want {
				t.Errorf("oneSpelling(%q) = %q, want %q as of %q", s, got, want, spellings[0])
			}
		}
	}
	w := newWorld(t, func(o *Options) { o.PendingPerHost = 2 })
	for n, host := range []string{"127.0.0.1", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]"} {
		status, text := w.post("hub.mode", "subscribe", "hub.topic", site, "hub.callback", fmt.Sprintf("http://%s:9/%d", host, n))
		if want := map[bool]int{true: 202, false: 429}[n < 2]; status != want {
			t.Errorf("%s: %d %s, want %d", host, status, text, want)
		}
	}
}

func TestNamesThatLeadIntoThePrivateNetworkAreNotCalled(t *testing.T) {
	inner := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the inner server was reached") }))
	defer inner.Close()
	client := fetch.New(fetch.Options{})
	defer client.Close()
	w := newWorld(t, func(o *Options) { o.Client = client })
	port := inner.URL[strings.LastIndex(inner.URL, ":"):]
	for _, callback := range []string{inner.URL, "http://127.0.0.1/", "http://[::1]/", "http://[::ffff:127.0.0.1]/", "http://10.0.0.1/", "http://192.168.1.1/",
		"http://169.254.169.254/latest/meta-data/", "http://[fd00:ec2::254]/", "http://100.64.0.1/", "http://0.0.0.0/", "http://198.18.0.1/", "http://192.0.0.1/",
		"http://240.0.0.1/", "http://255.255.255.255/", "http://[64:ff9b::7f00:1]/", "http://[2002:7f00:1::]/", "http://[::7f00:1]/", "http://localhost" + port,
		"http://reader.example:8080/"} {
		if status, text := w.post("hub.mode", "subscribe", "hub.topic", site, "hub.callback", callback); status != http.StatusBadRequest {
			t.Errorf("%s: %d %s, want 400", callback, status, text)
		}
	}
	w.accepted("hub.mode", "subscribe", "hub.topic", site, "hub.callback", "http://localhost/") // a name is judged when it is called
	w.step()
	w.wantBook("refused 1")
	if s := w.subscriptions()[0]; !strings.Contains(s.LastError, "private network") || strings.Contains(s.LastError, "challenge") {
		t.Errorf("error %q", s.LastError)
	}
}

// All deliveries to hosts that answer arrive while every one of the hanging hosts still hangs.
func TestHangingHostsHoldNobodyBack(t *testing.T) {
	const callbacks, hosts, hanging = 200, 40, 4
	w := newWorld(t)
	release := make(chan struct{})
	var good, stuck atomic.Int64
	all := make(chan struct{})
	s := anyLoopback(t, func(rw http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/hang") {
			stuck.Add(1)
			<-release
			return
		}
		if good.Add(1) == callbacks-callbacks/hosts*hanging {
			close(all)
		}
	})
	for n := range callbacks {
		path := "/"
		if n%hosts < hanging {
			path = "/hang"
		}
		insert(t, w.db, int64(n+1), site, fmt.Sprintf("http://127.0.1.%d:%d/%d%s", n%hosts+1, s, n, path), w.now)
	}
	w.paper.publish("news", site)
	done := make(chan error, 1)
	go func() { done <- w.hub.Step(w.ctx, w.now) }()
	<-all
	if n := stuck.Load(); n > hanging*4 {
		t.Errorf("%d requests hang, want at most 4 for each of %d hosts", n, hanging)
	}
	close(release)
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if p := w.pushes(); len(p) != 1 || p[0].Reached != callbacks {
		t.Errorf("log: %+v", p)
	}
}

// anyLoopback serves every address of 127.0.0.0/8 at the port that it returns.
func anyLoopback(t testing.TB, h http.HandlerFunc) (port int) {
	l, err := net.Listen("tcp4", "0.0.0.0:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &httptest.Server{Listener: l, Config: &http.Server{Handler: h}}
	s.Start()
	t.Cleanup(s.Close)
	return l.Addr().(*net.TCPAddr).Port
}

// insert adds a subscription as if it had been verified.
func insert(t testing.TB, h db.Handle, id int64, topic, callback string, now time.Time) {
	t.Helper()
	host := strings.Split(strings.TrimPrefix(callback, "http://"), ":")[0]
	for _, statement := range []struct {
		query string
		args  []any
	}{
		{`INSERT INTO hub_topics (topic, change) VALUES ($1, 1) ON CONFLICT (topic) DO NOTHING`, []any{topic}},
		{`INSERT INTO hub_subscriptions (id, topic, callback, host, secret, since, until, told, owed, owed_since, due, fence, failures, error)
			VALUES ($1, $2, $3, $4, 'c2VjcmV0', 1, $5, 1, 0, 0, 0, 0, 0, '')`, []any{id, topic, callback, host, db.Milli(now.AddDate(0, 0, 10))}},
	} {
		if _, err := h.ExecContext(context.Background(), statement.query, statement.args...); err != nil {
			t.Fatal(err)
		}
	}
}

func TestRunFollowsThePublicationAndStopsCleanly(t *testing.T) {
	w, r, hung := newWorld(t), newReader(t), newReader(t)
	ctx, cancel := context.WithCancel(w.ctx)
	defer cancel()
	w.now = time.Now()
	done := make(chan error, 1)
	go func() { done <- w.hub.Run(ctx) }()
	w.accepted("hub.mode", "subscribe", "hub.topic", site, "hub.callback", r.callback())
	w.accepted("hub.mode", "subscribe", "hub.topic", site, "hub.callback", hung.callback())
	w.until(func() bool { return len(w.book()) == 2 && w.book()[0] == "active 0" && w.book()[1] == "active 0" })
	stuck := make(chan struct{})
	hung.behaves(func(_ http.ResponseWriter, q *http.Request) bool {
		close(stuck)
		<-q.Context().Done()
		return true
	})
	w.paper.publish("news", site)
	if _, err := w.db.ExecContext(w.ctx, `UPDATE change_counter SET n = n + 1 WHERE id = 1`); err != nil {
		t.Fatal(err)
	}
	<-stuck
	w.until(func() bool { return len(w.pushes()) == 1 && w.pushes()[0].Reached == 1 })
	cancel()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	r.wantBodies("news")
	w.checkLog()
	if p := w.pushes(); p[0].Pending != 1 || p[0].Took <= 0 {
		t.Errorf("log: %+v", p)
	}
	hung.behaves(nil)
	w.hub, w.now = w.another(), time.Now()
	w.step() // it was given back, its lease need not run out
	hung.wantBodies("news")
}

// The lock on an SQLite file says that the daemon whose requests were under way is dead; of PostgreSQL another node may be at work.
func TestAfterACrashARestartOnSQLiteWaitsForNoLease(t *testing.T) {
	w, r := newWorld(t), newReader(t)
	w.now = time.Now()
	w.subscribe(r, site)
	w.paper.publish("news", site)
	if _, err := w.hub.look(w.ctx, w.now); err != nil {
		t.Fatal(err)
	}
	crew := newCrew(w.hub, time.Now)
	if err := crew.refill(w.ctx); err != nil {
		t.Fatal(err)
	}
	if err := w.db.Tx(w.ctx, func(tx *sql.Tx) error { // and the daemon dies
		tasks, err := claim(w.ctx, tx, db.NewID(), time.Now(), crew.push.pick(), nil)
		if len(tasks) != 1 {
			t.Errorf("%d deliveries are under way, want 1", len(tasks))
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if w.db.Engine != "sqlite" { // other nodes may be alive there: the lease holds
		if err := w.another().Step(w.ctx, time.Now()); err != nil {
			t.Fatal(err)
		}
		r.wantBodies()
		return
	}
	ctx, cancel := context.WithCancel(w.ctx)
	done := make(chan error, 1)
	go func() { done <- w.another().Run(ctx) }()
	w.until(func() bool { return w.pushes()[0].Reached == 1 })
	r.wantBodies("news")
	cancel()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	w.checkLog()
}

// until waits for something that another goroutine does.
func (w *world) until(ok func() bool) {
	w.Helper()
	for deadline := time.Now().Add(30 * time.Second); !ok(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			w.Fatalf("it did not come about; book %q, log %+v", w.book(), w.pushes())
		}
	}
}

// Whatever fails in between, in the end every subscriber has everything, in order, and the log adds up.
func TestWhateverFailsEverythingArrivesInTheEnd(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	w := newWorld(t)
	hubs := []*Hub{w.hub, w.another()}
	var readers []*reader
	for range 6 {
		r := newReader(t)
		readers = append(readers, r)
		w.subscribe(r, site)
	}
	var want []string
	for round := range 30 {
		text := fmt.Sprint("item ", round)
		want = append(want, text)
		w.paper.publish(text, site)
		for _, r := range readers {
			r.behaves(nil)
			if random.IntN(3) == 0 {
				r.answers([]int{400, 429, 500, 503}[random.IntN(4)])
			}
		}
		together(t, hubs, func(h *Hub) error { return h.Step(w.ctx, w.now) })
		w.checkLog()
		w.now = w.now.Add(time.Duration(random.IntN(40)) * time.Minute)
	}
	for _, r := range readers {
		r.behaves(nil)
	}
	w.later(7 * time.Hour)
	for i, r := range readers {
		if got := strings.Join(r.bodies(), "\n"); got != strings.Join(want, "\n") {
			t.Errorf("reader %d got %q", i, got)
		}
	}
	for _, p := range w.pushes() {
		if p.Recipients != 6 || p.Reached != 6 {
			t.Errorf("log: %+v", p)
		}
	}
}
