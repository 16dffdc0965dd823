package reads

import (
	"net/url"
	"strings"
	"testing"
)

// FuzzHeaders sends a beacon with any headers: whatever they say, only a page of ours is believed, and nothing that is a robot's.
func FuzzHeaders(f *testing.F) {
	for _, seed := range [][4]string{
		{"https://kino.example", "same-origin", firefox, ""}, {"null", "same-site", "curl/8", "prefetch"}, {"https://kino.example:443", "", "Mozilla/5.0 (", ""},
		{"https://kino.example.evil.example", "cross-site", "\x00\xff", "prerender"}, {"http://[::1", "none", "", ""}, {"https://user@kino.example", "", firefox, ""},
	} {
		f.Add(seed[0], seed[1], seed[2], seed[3])
	}
	c := NewCounter(options)
	f.Fuzz(func(t *testing.T, origin, site, agent, purpose string) {
		hit := hitFrom(c, 1, "192.0.2.1", now)
		for name, value := range map[string]string{"Origin": origin, "Sec-Fetch-Site": site, "User-Agent": agent, "Sec-Purpose": purpose} {
			hit.Header.Set(name, value)
		}
		c.rates = rates{}
		if c.filter(hit, now) != "" {
			return
		}
		if u, err := url.Parse(origin); origin != "" && origin != "null" && (err != nil || strings.ToLower(u.Hostname()) != "kino.example") {
			t.Errorf("a beacon of %q was taken", origin)
		}
		if origin == "null" && site == "" || site == "cross-site" || site == "none" {
			t.Errorf("a beacon of another site was taken: %q, %q", origin, site)
		}
		if !strings.Contains(strings.ToLower(agent), "mozilla/5.0 (") || strings.Contains(purpose, "prefetch") {
			t.Errorf("a beacon of %q, %q was taken", agent, purpose)
		}
	})
}
