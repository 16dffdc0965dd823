package feeds

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/mmcdole/gofeed"
)

func request(method string, header ...string) *http.Request {
	r := httptest.NewRequest(method, "/feed.xml", nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
	}
	return r
}

// poll is one question to the cache.
func poll(t *testing.T, c *Cache, key Key, change int64, header ...string) *http.Response {
	t.Helper()
	w := httptest.NewRecorder()
	if err := c.Serve(w, request("GET", header...), key, change); err != nil {
		t.Fatal(err)
	}
	return w.Result()
}

func body(t *testing.T, res *http.Response) []byte {
	t.Helper()
	r := io.Reader(res.Body)
	if res.Header.Get("Content-Encoding") == "gzip" {
		z, err := gzip.NewReader(r)
		if err != nil {
			t.Fatal(err)
		}
		r = z
	}
	b, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// ids are those of the items of a document, as an independent reader finds them.
func ids(t *testing.T, doc []byte) []string {
	t.Helper()
	f, err := gofeed.NewParser().Parse(bytes.NewReader(doc))
	if err != nil {
		t.Fatalf("%v\n%s", err, doc)
	}
	var all []string
	for _, i := range f.Items {
		all = append(all, i.GUID)
	}
	return all
}

// paper is a newsroom of 50 items whose changes 1 to 50 have the mark 1.
func paper(t *testing.T) (*newsroom, *Cache) {
	t.Helper()
	f := long(50)
	n := &newsroom{feed: &f}
	for k := range 50 {
		n.known = append(n.known, Version{int64(k + 1), 1})
	}
	c, _ := newTestCache(n, 16<<20)
	return n, c
}

func TestAPollThatMissesOneItemGetsThatItem(t *testing.T) {
	for _, f := range Formats() {
		n, c := paper(t)
		key := Key{"", f.Name}
		first := poll(t, c, key, 50, "Accept-Encoding", "gzip")
		old := first.Header.Get("Etag")
		n.publish(51, 7)
		res := poll(t, c, key, 51, "Accept-Encoding", "gzip", "A-IM", "feed, gzip", "If-None-Match", "W/"+old)
		whole := get(t, c, key, 51)
		for name, want := range map[string]string{
			"Im": "feed", "Delta-Base": "W/" + old, "Etag": whole.gzip.etag[0], "Cache-Control": "no-store, im",
			"Vary": "A-IM, If-None-Match, Accept-Encoding", "Content-Encoding": "gzip", "Content-Type": f.Type + "; charset=utf-8",
			"Link": whole.links[0],
		} {
			if got := res.Header.Get(name); got != want {
				t.Errorf("%s: %s = %q, want %q", f.Name, name, got, want)
			}
		}
		sent := res.Header.Get("Content-Length")
		doc := body(t, res)
		judge(t, f, doc)
		if got := ids(t, doc); res.StatusCode != http.StatusIMUsed || !slices.Equal(got, []string{numbered(51).ID}) {
			t.Errorf("%s: %d with %q", f.Name, res.StatusCode, got)
		}
		if plain := poll(t, c, key, 51, "A-IM", "feed", "If-None-Match", old); plain.Header.Get("Etag") != whole.plain.etag[0] || !bytes.Equal(body(t, plain), doc) {
			t.Errorf("%s: the plain delta differs: %v", f.Name, plain.Header)
		}
		t.Logf("%s: delta %s bytes, whole %d", f.Name, sent, len(whole.zipped))
	}
}

func TestADeltaIsTheBeginningOfItsDocument(t *testing.T) {
	for _, f := range all() {
		feed := long(20)
		for k := range feed.Items {
			feed.Items[k].Text = "Текст."
		}
		s, err := Render(feed, f)
		if err != nil {
			t.Fatal(err)
		}
		d, err := s.since(17)
		if err != nil {
			t.Fatal(err)
		}
		feed.Items = feed.Items[:3]
		want, err := f.Render(feed)
		if err != nil || !bytes.Equal(d.plain, want) {
			t.Errorf("%s (%v): got\n%s\nwant\n%s", f.Name, err, d.plain, want)
		}
	}
}

func TestWhoIsAnsweredWithADelta(t *testing.T) {
	n, c := paper(t)
	get(t, c, site, 50)
	n.publish(51, 7)
	n.publish(52, 8)
	now := get(t, c, site, 52)
	const any = "aaaaaaaaaaaaaaaa"
	tag := func(change int, mark uint32) string { return fmt.Sprintf(`"%d.%08x-%s"`, change, mark, any) }
	tests := []struct {
		name   string
		header []string
		status int
		items  int
	}{
		{"two newer", []string{"A-IM", "feed", "If-None-Match", tag(50, 1)}, 226, 2},
		{"the newest base counts", []string{"A-IM", "feed", "If-None-Match", tag(40, 1) + ", " + tag(51, 7) + `, "x"`}, 226, 1},
		{"an unknown one beside a known one", []string{"A-IM", "feed", "If-None-Match", tag(51, 6) + "," + tag(50, 1)}, 226, 2},
		{"a proxy's suffix", []string{"A-IM", "feed", "If-None-Match", strings.TrimSuffix(tag(50, 1), `"`) + `-gz--gzip"`}, 226, 2},
		{"token among others", []string{"A-IM", "vcdiff, FEED;q=0.5, gzip", "If-None-Match", tag(50, 1)}, 226, 2},
		{"not asked for", []string{"If-None-Match", tag(50, 1)}, 200, 52},
		{"another manipulation", []string{"A-IM", "feeds, vcdiff", "If-None-Match", tag(50, 1)}, 200, 52},
		{"refused", []string{"A-IM", "feed;q=0", "If-None-Match", tag(50, 1)}, 200, 52},
		{"no tag", []string{"A-IM", "feed"}, 200, 52},
		{"a date only", []string{"A-IM", "feed", "If-Modified-Since", "Tue, 29 May 2018 15:00:00 GMT"}, 200, 52},
		{"a foreign tag", []string{"A-IM", "feed", "If-None-Match", `"50-abc"`}, 200, 52},
		{"a restored database", []string{"A-IM", "feed", "If-None-Match", tag(50, 2)}, 200, 52},
		{"the same change, another content", []string{"A-IM", "feed", "If-None-Match", tag(52, 8)}, 200, 52},
		{"a later change than ours", []string{"A-IM", "feed", "If-None-Match", tag(60, 1)}, 200, 52},
		{"so old that all is newer", []string{"A-IM", "feed", "If-None-Match", tag(0, 1)}, 200, 52},
		{"up to date", []string{"A-IM", "feed", "If-None-Match", now.plain.etag[0]}, 304, 0},
		{"up to date, by another number", []string{"A-IM", "feed", "If-None-Match", `"50.00000001-` + now.hash + `"`}, 304, 0},
	}
	n.known = append(n.known, Version{0, 1})
	for _, tt := range tests {
		res := poll(t, c, site, 52, tt.header...)
		items := 0
		if doc := body(t, res); len(doc) > 0 {
			items = len(ids(t, doc))
		}
		if res.StatusCode != tt.status || items != tt.items {
			t.Errorf("%s: %d with %d items, want %d with %d", tt.name, res.StatusCode, items, tt.status, tt.items)
		}
		if vary := res.Header.Get("Vary"); tt.status != 226 && vary != "Accept-Encoding" {
			t.Errorf("%s: Vary = %s", tt.name, vary)
		}
	}
}

func TestWhereTheHistoryCannotBeReadTheWholeFeedIsSent(t *testing.T) {
	n, c := paper(t)
	get(t, c, site, 50)
	n.err = errors.New("disk full")
	if res := poll(t, c, site, 50, "A-IM", "feed", "If-None-Match", `"49.00000001-aaaaaaaaaaaaaaaa"`); res.StatusCode != 200 {
		t.Errorf("status %d, want 200", res.StatusCode)
	}
}

func TestAListThatIsOrderedAnewHasNoDeltas(t *testing.T) {
	n, c := paper(t)
	n.feed.Deltas = false
	if res := poll(t, c, site, 50, "A-IM", "feed", "If-None-Match", `"49.00000001-aaaaaaaaaaaaaaaa"`); res.StatusCode != 200 {
		t.Errorf("status %d, want 200", res.StatusCode)
	}
}

func TestADeltaBuriesWhatWentSinceAndSaysNothingOfTheRest(t *testing.T) {
	n, c := paper(t)
	n.feed.Complete = true
	n.feed.Deleted = []Deleted{{ID: "tag:new", At: day, Change: 53}, {ID: "tag:old", At: day, Change: 20}}
	n.publish(53, 9)
	for _, f := range Formats() {
		res := poll(t, c, Key{"", f.Name}, 53, "A-IM", "feed", "If-None-Match", `"50.00000001-aaaaaaaaaaaaaaaa"`)
		doc := string(body(t, res))
		if res.StatusCode != 226 || strings.Contains(doc, "fh:complete") || strings.Contains(doc, "tag:old") || strings.Contains(doc, "tag:new") != (f.Name == "atom") {
			t.Errorf("%s: %d\n%s", f.Name, res.StatusCode, doc)
		}
	}
}

func TestASnapshotKeepsSixteenDeltas(t *testing.T) {
	_, c := paper(t)
	for k := 1; k < 50; k++ {
		if res := poll(t, c, site, 50, "A-IM", "feed", "If-None-Match", fmt.Sprintf(`"%d.00000001-aaaaaaaaaaaaaaaa"`, k)); res.StatusCode != 226 && k > 2 {
			t.Errorf("from %d: status %d", k, res.StatusCode)
		}
	}
	s := get(t, c, site, 50)
	if len(s.deltas) != maxDeltas || c.size != s.size() {
		t.Errorf("%d deltas, %d bytes counted, %d there", len(s.deltas), c.size, s.size())
	}
}

func TestTheHubPushesWhatIsNewer(t *testing.T) {
	n, c := paper(t)
	n.publish(51, 7)
	for _, f := range Formats() {
		d, err := c.Diff(t.Context(), Key{"", f.Name}, 60, 50)
		if err != nil || d.Items != 1 || d.Change != 60 || d.Type != f.Type+"; charset=utf-8" || !slices.Equal(ids(t, d.Body), []string{numbered(51).ID}) {
			t.Errorf("%s: %v, %d items as of %d, %s\n%s", f.Name, err, d.Items, d.Change, d.Type, d.Body)
		}
	}
	if d, err := c.Diff(t.Context(), site, 60, 51); err != nil || d.Items != 0 || d.Body != nil {
		t.Errorf("nothing is newer: %v, %d items", err, d.Items)
	}
	if d, err := c.Diff(t.Context(), site, 60, 0); err != nil || d.Items != 51 || !bytes.Equal(d.Body, text(t, get(t, c, site, 60))) {
		t.Errorf("all is newer: %v, %d items", err, d.Items)
	}
}

func TestTheHubPushesTombstonesInAtomOnly(t *testing.T) {
	n, c := paper(t)
	n.feed.Deleted = []Deleted{{ID: "tag:new", At: day, Change: 52}}
	n.feed.Version = Version{52, 9}
	for _, f := range Formats() {
		d, err := c.Diff(t.Context(), Key{"", f.Name}, 52, 51)
		want := 0
		if f.Name == "atom" {
			want = 1
		}
		if err != nil || d.Items != want || strings.Contains(string(d.Body), "deleted-entry") != (want == 1) {
			t.Errorf("%s: %v, %d items, want %d\n%s", f.Name, err, d.Items, want, d.Body)
		}
	}
}

func TestTheHubPushesAListThatIsOrderedAnewAsAWhole(t *testing.T) {
	n, c := paper(t)
	n.feed.Deltas = false
	if d, err := c.Diff(t.Context(), site, 50, 49); err != nil || d.Items != 50 || len(ids(t, d.Body)) != 50 {
		t.Errorf("%v, %d items", err, d.Items)
	}
	if d, err := c.Diff(t.Context(), site, 50, 50); err != nil || d.Items != 0 {
		t.Errorf("%v, %d items, want none", err, d.Items)
	}
}

func FuzzDeltaRequests(f *testing.F) {
	for _, s := range []string{"", "feed", "feed;q=0", `"1.00000001-a"`, `W/"3.00000001-`, "9999999999999999999.00000001-x", ",,;", `"-."`} {
		f.Add(s, s)
	}
	feed := long(4)
	n := &newsroom{feed: &feed, known: []Version{{3, 1}}}
	c, _ := newTestCache(n, 1<<20)
	f.Fuzz(func(t *testing.T, tags, manipulations string) {
		res := poll(t, c, site, 4, "If-None-Match", tags, "A-IM", manipulations)
		if res.StatusCode == 226 && !(strings.Contains(tags, "3.00000001-") && strings.Contains(strings.ToLower(manipulations), "feed")) {
			t.Errorf("If-None-Match %q, A-IM %q gave 226", tags, manipulations)
		}
	})
}

func TestReadersThatChokeOnADeltaGetTheWholeFeed(t *testing.T) {
	_, c := paper(t)
	for agent, want := range map[string]int{
		"feedparser/6.0.10 +https://github.com/kurtmckee/feedparser/": 200, "rss2email/3.13.1 (https://pypi.org/project/rss2email/)": 200,
		"newsboat/2.21.0 (Linux 6.1)": 226, "": 226,
	} {
		res := poll(t, c, Key{"", "rss"}, 50, "A-IM", "feed", "If-None-Match", `"49.00000001-abcd"`, "User-Agent", agent)
		if res.StatusCode != want {
			t.Errorf("%q gets %d, want %d", agent, res.StatusCode, want)
		}
	}
}
