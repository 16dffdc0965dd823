//go:build peers

package main

import (
	"encoding/json"
	"encoding/xml"
	"io"
	"net/http"
	"strings"
	"testing"

	nethtml "golang.org/x/net/html"
)

// TestPeersFindTheHub is the list for publishers of WebSub's own test site: hub and self in the HTTP header, in the head of
// HTML, as links of Atom, as atom:link of RSS, and as JSON Feed's hubs. Self is exactly the address that was asked for.
func TestPeersFindTheHub(t *testing.T) {
	room := sampleRoom(t)
	room.serve()
	hub := room.site + "/hub"
	for _, d := range room.documents() {
		answer, body := room.fetch(d.url)
		links := documentLinks(t, d.format, body)
		for where, found := range map[string]map[string]string{"header Link": linkHeader(answer.Header), "document": links} {
			if found["hub"] != hub || found["self"] != d.url {
				t.Errorf("%s: the %s names the hub %q and self %q", d.url, where, found["hub"], found["self"])
			}
		}
	}
	for _, page := range []string{"/", "/sections/prokat", "/tags/gagara", "/authors/tessa-marlowe", "/most-read", "/most-read?window=7d", "/digests/daily"} {
		answer, body := room.fetch(room.site + page)
		head, header := htmlLinks(t, body), linkHeader(answer.Header)
		if head["hub"] != hub || header["hub"] != hub || head["self"] == "" || head["self"] != header["self"] {
			t.Errorf("%s: the head names the hub %q and self %q, the header Link %q and %q", page, head["hub"], head["self"], header["hub"], header["self"])
			continue
		}
		answer, _ = room.fetch(head["self"])
		if topic := linkHeader(answer.Header)["self"]; topic != head["self"] {
			t.Errorf("%s: its topic %s calls itself %s", page, head["self"], topic)
		}
	}
}

func documentLinks(t testing.TB, format string, body []byte) map[string]string {
	if format == "json" {
		return jsonLinks(t, body)
	}
	return xmlLinks(t, body)
}

func (r *peerRoom) fetch(url string) (*http.Response, []byte) {
	r.t.Helper()
	answer, err := http.Get(url)
	if err != nil {
		r.t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		r.t.Fatalf("%s: status %d, %v", url, answer.StatusCode, err)
	}
	return answer, body
}

// linkHeader are the addresses of the Link headers (RFC 8288) by their relation, the first of each.
func linkHeader(h http.Header) map[string]string {
	links := map[string]string{}
	for _, line := range h.Values("Link") {
		for _, one := range strings.Split(line, ", <") {
			address, params, _ := strings.Cut(strings.TrimPrefix(one, "<"), ">")
			_, rel, _ := strings.Cut(params, "rel=")
			rel, _, _ = strings.Cut(rel, ";")
			for _, name := range strings.Fields(strings.Trim(rel, `" `)) {
				if links[name] == "" {
					links[name] = address
				}
			}
		}
	}
	return links
}

// xmlLinks are the Atom links of a feed, in Atom or RSS, outside its items.
func xmlLinks(t testing.TB, body []byte) map[string]string {
	t.Helper()
	type links struct {
		Links []struct {
			Rel  string `xml:"rel,attr"`
			Href string `xml:"href,attr"`
		} `xml:"http://www.w3.org/2005/Atom link"`
	}
	var feed struct {
		links
		Channel links `xml:"channel"`
	}
	if err := xml.Unmarshal(body, &feed); err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	for _, l := range append(feed.Links, feed.Channel.Links...) {
		found[l.Rel] = l.Href
	}
	return found
}

func jsonLinks(t testing.TB, body []byte) map[string]string {
	t.Helper()
	var feed struct {
		FeedURL string `json:"feed_url"`
		NextURL string `json:"next_url"`
		Hubs    []struct{ Type, URL string }
	}
	if err := json.Unmarshal(body, &feed); err != nil {
		t.Fatal(err)
	}
	links := map[string]string{"self": feed.FeedURL, "next": feed.NextURL}
	for _, h := range feed.Hubs {
		if h.Type == "WebSub" {
			links["hub"] = h.URL
		}
	}
	return links
}

func htmlLinks(t testing.TB, body []byte) map[string]string {
	t.Helper()
	root, err := nethtml.Parse(strings.NewReader(string(body)))
	if err != nil {
		t.Fatal(err)
	}
	links := map[string]string{}
	for n := range root.Descendants() {
		if n.Type != nethtml.ElementNode || n.Data != "link" {
			continue
		}
		var rel, href string
		for _, a := range n.Attr {
			switch a.Key {
			case "rel":
				rel = a.Val
			case "href":
				href = a.Val
			}
		}
		links[rel] = href
	}
	return links
}
