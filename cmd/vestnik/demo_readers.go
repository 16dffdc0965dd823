package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"
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

// visitor is the headers of the i-th simulated visitor, for i up to 131,072; eight share a network.
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
