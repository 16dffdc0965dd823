package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"regexp"
	"strings"
	"time"

	"vestnik/articles"
	"vestnik/reads"
)

var (
	beaconOf = regexp.MustCompile(`data-beacon="([^"]+)" data-token="([^"]+)"`)
	readers  = &http.Client{Timeout: 20 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 8}}
)

// readArticle has n different visitors read an article as browsers do: the page once, then each one's beacon. Visitors
// offset … offset+n-1 each have a network of their own, which the site believes only of a trusted proxy.
func readArticle(ctx context.Context, site, slug string, n, offset int) error {
	beacon, token, err := openArticle(ctx, site, slug)
	if err != nil {
		return err
	}
	for i := offset; i < offset+n; i++ {
		if err := sendBeacon(ctx, site+beacon, token, visitor(i)); err != nil {
			return err
		}
	}
	return nil
}

// readBefore gives the stories the reads that they would have had since they came out: most in their first hours, and some
// stories many more than others. It returns how many visitors that took.
func (m *demo) readBefore(ctx context.Context, now time.Time) (visitors int, err error) {
	all, err := articles.List(ctx, m.d, articles.Filter{Kind: articles.KindArticle, Limit: 100})
	if err != nil {
		return 0, err
	}
	const step = 2 * time.Hour
	for at := now.Add(-14 * 24 * time.Hour); at.Before(now); at = at.Add(step) {
		for i, x := range all {
			age := at.Sub(x.Published)
			if age < 0 {
				continue
			}
			for range int(appeal(i) / (1 + age.Hours()/12)) {
				h := visitor(visitors)
				visitors++
				hit := reads.Hit{Article: x.ID, Token: m.counter.Token(x.ID, at), Address: netip.MustParseAddr(h.Get("X-Forwarded-For")), Header: h}
				if _, err := m.counter.Count(ctx, m.d, hit, at); err != nil {
					return 0, err
				}
			}
		}
	}
	_, err = m.counter.Flush(ctx, m.d, now)
	return visitors, err
}

// appeal is how many want to read the i-th story while it is new.
func appeal(i int) float64 { return 3 + 25*fraction(i+1) }

// keepReading has a few visitors a second read something, the first of them visitor offset.
func (m *demo) keepReading(ctx context.Context, offset int) {
	var c crowd
	for came := offset; ctx.Err() == nil; {
		all, err := articles.List(ctx, m.d, articles.Filter{Kind: articles.KindArticle, Limit: 100})
		if err != nil || len(all) == 0 {
			return
		}
		for range 3 {
			i, n := c.next(time.Now(), len(all))
			if err := readArticle(ctx, m.c.Site.URL, all[i].Slug, n, came%maxVisitors); err != nil && ctx.Err() == nil {
				m.log.Warn("a simulated reader", "error", err)
			}
			came += n
		}
		sleep(ctx, 700*time.Millisecond)
	}
}

// A crowd decides who reads what. Most read the newest stories, and in each minute one story is talked about and is read until
// it leads: the reads of an hour add up, and without this all letters of the hour would have the same first story.
type crowd struct {
	hour int64
	n    map[int]int // readers of a story in the hour
	turn int
}

// next says how many now read which of the stories, the newest of which is number 0.
func (c *crowd) next(now time.Time, stories int) (story, readers int) {
	if hour := now.Unix() / 3600; c.n == nil || hour != c.hour {
		c.hour, c.n = hour, map[int]int{}
	}
	c.turn++
	u := fraction(c.turn)
	story, readers = int(u*u*float64(stories)), 1+c.turn%3
	if c.turn%3 == 0 {
		const talkedAbout = 12 // of the newest, in turn; five steps at a time, so that neighbours do not follow each other
		story, readers = int(now.Unix()/60*5%talkedAbout)%stories, 1
		if c.n[story] < c.most(story)+20 {
			readers = 12
		}
	}
	c.n[story] += readers
	return story, readers
}

// most is how many read the story that is read most, but for one.
func (c *crowd) most(but int) (n int) {
	for story, readers := range c.n {
		if story != but {
			n = max(n, readers)
		}
	}
	return n
}

// fraction spreads its argument evenly over [0, 1), the same at every run.
func fraction(i int) float64 {
	x := uint64(i)*0x9E3779B97F4A7C15 + 12345 // a Weyl sequence
	return float64(x>>40) / (1 << 24)
}

// openArticle fetches an article's page and returns its beacon and token.
func openArticle(ctx context.Context, site, slug string) (beacon, token string, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, site+"/articles/"+url.PathEscape(slug), nil)
	if err != nil {
		return "", "", err
	}
	resp, err := readers.Do(req)
	if err != nil {
		return "", "", fmt.Errorf("read %s: %w", slug, err)
	}
	defer resp.Body.Close()
	page, err := io.ReadAll(resp.Body)
	if err != nil {
		return "", "", fmt.Errorf("read %s: %w", slug, err)
	}
	m := beaconOf.FindStringSubmatch(string(page))
	if resp.StatusCode != http.StatusOK || m == nil {
		return "", "", fmt.Errorf("read %s: status %d, and no beacon on the page", slug, resp.StatusCode)
	}
	return m[1], m[2], nil
}

// maxVisitors is how many simulated visitors there are.
const maxVisitors = 131_072

// visitor is the headers of the i-th simulated visitor; eight share a network.
func visitor(i int) http.Header {
	h := http.Header{}
	h.Set("X-Forwarded-For", fmt.Sprintf("100.%d.%d.%d", 130+i>>11&63, i>>3&255, 1+i&7*30))
	h.Set("User-Agent", fmt.Sprintf("Mozilla/5.0 (X11; Linux x86_64; rv:%d.0) Gecko/20100101 Firefox/%d.0", 120+i%30, 120+i%30))
	h.Set("Accept-Language", []string{"ru-RU,ru;q=0.9", "ru,en;q=0.8", "en-US,en;q=0.9"}[i%3])
	h.Set("Sec-Fetch-Site", "same-origin")
	return h
}

func sendBeacon(ctx context.Context, address, token string, h http.Header) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, strings.NewReader(token+"|web"))
	if err != nil {
		return err
	}
	req.Header = h
	req.Header.Set("Content-Type", "text/plain;charset=UTF-8")
	resp, err := readers.Do(req)
	if err != nil {
		return fmt.Errorf("beacon: %w", err)
	}
	defer resp.Body.Close()
	io.Copy(io.Discard, resp.Body)
	if resp.StatusCode != http.StatusNoContent {
		return fmt.Errorf("beacon %s: status %d", address, resp.StatusCode)
	}
	return nil
}
