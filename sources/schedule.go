package sources

import (
	"hash/fnv"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"time"

	"vestnik/fetch"
)

const (
	defaultEvery = time.Hour
	minEvery     = 15 * time.Minute // but on loopback, where we trouble nobody
	maxHint      = 24 * time.Hour   // a server may ask for no longer, unless it refuses
	firstBackoff = time.Hour
	maxBackoff   = 7 * 24 * time.Hour
)

// next is when to poll again: zero after 410 Gone, otherwise always some day. Jitter is ±10 %, but never earlier than
// what the server or the feed (rhythm) asked for, and always the same for the same poll.
func next(s Source, a *fetch.Response, pollErr error, failures int64, rhythm time.Duration, now time.Time) time.Time {
	every := interval(s)
	jitter := jitter(s.Name, now)
	if pollErr == nil {
		wait := max(stretch(every, jitter), floor(s))
		return now.Add(max(wait, stretch(min(max(a.MaxAge, rhythm), maxHint), max(jitter, 0))))
	}
	if a != nil && a.Status == http.StatusGone {
		return time.Time{}
	}
	wait := stretch(backoff(failures), jitter)
	if a != nil && a.RetryAfter > 0 && (a.Status == http.StatusTooManyRequests || a.Status == http.StatusServiceUnavailable) {
		wait = stretch(min(a.RetryAfter, maxBackoff), max(jitter, 0))
	}
	return now.Add(max(wait, every))
}

func interval(s Source) time.Duration {
	if s.Every == 0 {
		return defaultEvery
	}
	return max(s.Every, floor(s))
}

func floor(s Source) time.Duration {
	u, err := url.Parse(s.URL)
	if err != nil {
		return minEvery
	}
	if ip, err := netip.ParseAddr(u.Hostname()); u.Hostname() == "localhost" || err == nil && ip.IsLoopback() {
		return 0
	}
	return minEvery
}

// backoff doubles from an hour to a week.
func backoff(failures int64) time.Duration {
	wait := firstBackoff
	for range failures - 1 {
		if wait *= 2; wait >= maxBackoff {
			return maxBackoff
		}
	}
	return wait
}

// jitter is between -0.1 and 0.1.
func jitter(name string, now time.Time) float64 {
	h := fnv.New32a()
	h.Write([]byte(name + strconv.FormatInt(now.UnixMilli(), 10)))
	return float64(h.Sum32()%2001)/10000 - 0.1
}

func stretch(d time.Duration, by float64) time.Duration {
	return (d + time.Duration(float64(d)*by)).Round(time.Millisecond) // what the database keeps
}
