package sources_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"vestnik/fetch"
	"vestnik/sources"
)

func TestSourceThatFails(t *testing.T) {
	tests := []struct {
		name   string
		answer http.HandlerFunc
		says   string
	}{
		{"broken XML", feed("<rss><channel><item><title>One"), "read the feed"},
		{"a web page", feed("<!DOCTYPE html><html><body>Hello</body></html>"), `begins with "<!DOCTYPE html>`},
		{"nothing", feed(" "), "the answer is empty"},
		{"not found", status(404), "404 Not Found"},
		{"trouble", status(500), "500 Internal Server Error"},
		{"304 to an unconditional request", status(304), "was not asked so"},
		{"too deep", feed("<rss><channel>" + strings.Repeat("<a>", 200_000)), "nested more than 1000"},
	}
	newsroom := newDesk(t, "")
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			u := newUpstream(t, test.answer)
			k := newsroom.another(t, test.name, u.URL)
			r, err := k.poll(now)
			if err == nil || !strings.Contains(err.Error(), test.says) || !strings.HasPrefix(err.Error(), "poll source "+test.name+": ") {
				t.Errorf("error = %v, want %q", err, test.says)
			}
			st := k.status()
			check(t, "failures", st.Failures, int64(1))
			check(t, "recorded", "poll source "+test.name+": "+st.Message, err.Error())
			check(t, "next", st.Next, r.Next.UTC())
			wait := r.Next.Sub(now)
			if wait < 54*time.Minute || wait > 66*time.Minute {
				t.Errorf("next try after %v, want about an hour", wait)
			}
			check(t, "due before", len(k.due(r.Next.Add(-time.Second))), 0)
			check(t, "due then", len(k.due(r.Next)), 1)

			u.answer = feed(rss(entry("1", "https://wire.example/"+url.PathEscape(test.name), "One", "Text")))
			check(t, "report after recovery", numbers(k.mustPoll(r.Next)), "1 0 0 0")
			check(t, "failures after recovery", k.status().Failures, int64(0))
			check(t, "message after recovery", k.status().Message, "")
		})
	}
}

func TestFailingSourceIsNeverGivenUp(t *testing.T) {
	u := newUpstream(t, status(500))
	k := newDesk(t, u.URL)
	at := now
	for i := range 12 {
		r, _ := k.poll(at)
		wait := r.Next.Sub(at)
		want := min(time.Hour<<i, 7*24*time.Hour)
		if wait < want*9/10 || wait > want*11/10 {
			t.Errorf("failure %d: next try after %v, want about %v", i+1, wait, want)
		}
		at = r.Next
	}
}

func TestServerThatAsksForPeace(t *testing.T) {
	for _, code := range []int{429, 503} {
		u := newUpstream(t, status(code, "Retry-After: 7200"))
		k := newDesk(t, u.URL)
		r, err := k.poll(now)
		if err == nil || !strings.Contains(err.Error(), "asks to be left alone") {
			t.Errorf("%d: error = %v", code, err)
		}
		if wait := r.Next.Sub(now); wait < 2*time.Hour || wait > 132*time.Minute {
			t.Errorf("%d: next try after %v, want two hours to 10 %% more", code, wait)
		}
	}
}

func TestGoneSourceIsPaused(t *testing.T) {
	u := newUpstream(t, status(410))
	k := newDesk(t, u.URL)
	r, err := k.poll(now)
	if err == nil || !strings.Contains(err.Error(), "take its [[source]] out") {
		t.Errorf("error = %v", err)
	}
	check(t, "next", r.Next.IsZero(), true)
	check(t, "paused", k.status().Paused(), true)
	check(t, "due in a year", len(k.due(now.AddDate(1, 0, 0))), 0)

	u.answer = feed(rss(entry("1", "https://wire.example/1", "One", "Text")))
	check(t, "report of a poll by hand", numbers(k.mustPoll(now)), "1 0 0 0")
	check(t, "paused after it", k.status().Paused(), false)

	u.answer = status(410)
	k.poll(now)
	k.source.URL += "/new"
	check(t, "due with a new address", len(k.due(now)), 1)
}

func TestMovedSourceIsReported(t *testing.T) {
	u := newUpstream(t, nil)
	u.answer = func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/old" {
			http.Redirect(w, r, "/new", http.StatusMovedPermanently)
			return
		}
		feed(rss(entry("1", "/1", "One", "Text")))(w, r)
	}
	k := newDesk(t, u.URL+"/old")
	r := k.mustPoll(now)
	check(t, "report", numbers(r), "1 0 0 0")
	want := fmt.Sprintf("it has moved for good: write url = %q into its [[source]]", u.URL+"/new")
	check(t, "problem", strings.Join(r.Problems, ""), want)
	check(t, "message", k.status().Message, want)
	check(t, "failures", k.status().Failures, int64(0))
	check(t, "link", k.articles()[0].URL, "https://wire.example/1")
}

func TestServersMaxAgeIsObeyed(t *testing.T) {
	u := newUpstream(t, feed(rss(), "Cache-Control: max-age=10800"))
	k := newDesk(t, u.URL)
	if wait := k.mustPoll(now).Next.Sub(now); wait < 3*time.Hour || wait > 200*time.Minute {
		t.Errorf("next poll after %v, want three hours to 10 %% more", wait)
	}
	u.answer = feed(rss(), "Cache-Control: max-age=60")
	if wait := k.mustPoll(now).Next.Sub(now); wait < 18*time.Minute || wait > 22*time.Minute {
		t.Errorf("next poll after %v, want 20 minutes ±10 %%", wait)
	}
	u.answer = feed(rss(), "Cache-Control: max-age=31536000")
	if wait := k.mustPoll(now).Next.Sub(now); wait < 24*time.Hour || wait > 27*time.Hour {
		t.Errorf("next poll after %v, want a day to 10 %% more", wait)
	}
}

func TestAFeedsOwnRhythmIsObeyed(t *testing.T) {
	channel := func(says string) string { return strings.Replace(rss(), "<language>", says+"<language>", 1) }
	const sy = ` xmlns:sy="http://purl.org/rss/1.0/modules/syndication/"`
	tests := []struct {
		name, document string
		want           time.Duration
	}{
		{"ttl", channel("<ttl> 180 </ttl>"), 3 * time.Hour},
		{"a short ttl", channel("<ttl>5</ttl>"), 0},
		{"an endless ttl", channel("<ttl>2000000000</ttl>"), 24 * time.Hour},
		{"a bad ttl", channel("<ttl>soon</ttl>"), 0},
		{"a negative ttl", channel("<ttl>-180</ttl>"), 0},
		{"period", channel("<sy:updatePeriod" + sy + ">hourly</sy:updatePeriod>"), time.Hour},
		{"period and frequency", channel("<sy:updatePeriod" + sy + ">Daily</sy:updatePeriod><sy:updateFrequency" + sy + ">12</sy:updateFrequency>"), 2 * time.Hour},
		{"no frequency", channel("<sy:updatePeriod" + sy + ">daily</sy:updatePeriod><sy:updateFrequency" + sy + ">0</sy:updateFrequency>"), 24 * time.Hour},
		{"both", channel("<ttl>90</ttl><sy:updatePeriod" + sy + ">hourly</sy:updatePeriod>"), 90 * time.Minute},
	}
	newsroom := newDesk(t, "")
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			u := newUpstream(t, feed(test.document, `ETag: "1"`))
			k := newsroom.another(t, test.name, u.URL)
			low, high := test.want, test.want*11/10
			if test.want == 0 { // the 20 minutes of the desk
				low, high = 18*time.Minute, 22*time.Minute
			}
			for _, answer := range []http.HandlerFunc{feed(test.document, `ETag: "1"`), status(304)} { // which says nothing itself
				u.answer = answer
				if wait := k.mustPoll(now).Next.Sub(now); wait < low || wait > high {
					t.Errorf("next poll after %v, want %v to %v", wait, low, high)
				}
			}
			u.answer = feed(rss())
			if wait := k.mustPoll(now).Next.Sub(now); wait > 22*time.Minute {
				t.Errorf("what the feed says no more still counts: next poll after %v", wait)
			}
		})
	}
}

func TestTwoNodesPollASourceOnce(t *testing.T) {
	u := newUpstream(t, feed(rss(entry("1", "https://wire.example/1", "One", "Text"))))
	k := newDesk(t, u.URL)
	for round := range 2 { // the first poll ever, and a later one
		at := now.Add(time.Duration(round) * time.Hour)
		one, two := k.due(at), k.due(at) // both nodes see it due
		if _, err := sources.Poll(t.Context(), k.d, k.c, k.site, one[0], at); err != nil {
			t.Fatal(err)
		}
		if _, err := sources.Poll(t.Context(), k.d, k.c, k.site, two[0], at); !errors.Is(err, sources.ErrBusy) {
			t.Errorf("second node: %v, want ErrBusy", err)
		}
		check(t, "requests", u.polls, round+1)
	}
}

func TestSourceIsPolledByOneNodeAtATime(t *testing.T) {
	u := newUpstream(t, nil)
	k := newDesk(t, u.URL)
	at := now
	other := fetch.New(fetch.Options{AllowPrivate: true})
	defer other.Close()
	u.answer = func(w http.ResponseWriter, r *http.Request) { // in the middle of a poll
		check(t, "due while it is polled", len(k.due(at)), 0)
		if _, err := sources.Poll(r.Context(), k.d, other, k.site, k.source, at); !errors.Is(err, sources.ErrBusy) {
			t.Errorf("poll by hand meanwhile: %v, want ErrBusy", err)
		}
		feed(rss())(w, r)
	}
	k.mustPoll(at)
}

func TestPollThatIsCutShortIsNoFailure(t *testing.T) {
	u := newUpstream(t, nil)
	k := newDesk(t, u.URL)
	ctx, cancel := contextWithCancel(t)
	u.answer = func(http.ResponseWriter, *http.Request) { cancel() }
	if _, err := sources.Poll(ctx, k.d, k.c, k.site, k.source, now); err == nil {
		t.Error("no error")
	}
	check(t, "failures", k.status().Failures, int64(0))
	check(t, "due again", len(k.due(now)), 1)
}

func TestDueSourcesComeLongestOverdueFirst(t *testing.T) {
	u := newUpstream(t, feed(rss()))
	k := newDesk(t, u.URL)
	k.mustPoll(now)
	all := []sources.Source{k.source, {Name: "never", URL: u.URL}, {Name: "late", URL: u.URL, Every: time.Minute}}
	if _, err := sources.Poll(t.Context(), k.d, k.c, k.site, all[2], now); err != nil {
		t.Fatal(err)
	}
	due, err := sources.Due(t.Context(), k.d, all, now.Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, s := range due {
		names = append(names, s.Name)
	}
	check(t, "due", strings.Join(names, " "), "never late wire")
}
