package feeds

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// caching5 is the Cache-Control of the sample, which says five minutes.
const caching5 = "public, max-age=300, stale-while-revalidate=600, stale-if-error=86400"

func text(t testing.TB, s *Snapshot) []byte {
	t.Helper()
	body, err := s.text()
	if err != nil {
		t.Fatal(err)
	}
	return body
}

func ask(s *Snapshot, method string, header ...string) *http.Response {
	r := httptest.NewRequest(method, "/feed.xml", nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w.Result()
}

func snapshot(t testing.TB, f Feed) *Snapshot {
	t.Helper()
	s, err := Render(f, named(t, "rss"))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestTheFullAnswer(t *testing.T) {
	s := snapshot(t, sample())
	res := ask(s, "GET", "Accept-Encoding", "br, gzip")
	for name, want := range map[string]string{
		"Content-Type":                  "application/rss+xml; charset=utf-8",
		"Content-Encoding":              "gzip",
		"Cache-Control":                 caching5,
		"Vary":                          "Accept-Encoding",
		"Last-Modified":                 "Tue, 29 May 2018 15:00:00 GMT",
		"Access-Control-Allow-Origin":   "*",
		"Access-Control-Expose-Headers": "Delta-Base, ETag, IM, Link",
		"Link":                          `<https://kino.example/hub>; rel="hub", <https://kino.example/feed.xml>; rel="self"`,
	} {
		if got := res.Header.Get(name); got != want {
			t.Errorf("%s = %q, want %q", name, got, want)
		}
	}
	if tag := res.Header.Get("ETag"); !strings.HasPrefix(tag, `"43.0badcafe-`) || !strings.HasSuffix(tag, `-gz"`) {
		t.Errorf("ETag = %s, want the change 43 with its mark in it", tag)
	}
	z, err := gzip.NewReader(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	if body, err := io.ReadAll(z); err != nil || !bytes.Equal(body, text(t, s)) {
		t.Errorf("gunzipped body differs (%v)", err)
	}
	plain := ask(s, "GET")
	if body, _ := io.ReadAll(plain.Body); !bytes.Equal(body, text(t, s)) || plain.Header.Get("Content-Encoding") != "" || plain.Header.Get("ETag") != s.plain.etag[0] {
		t.Errorf("plain answer: %v", plain.Header)
	}
}

func TestHeadAnswersLikeGetWithoutABody(t *testing.T) {
	s := snapshot(t, sample())
	get, head := ask(s, "GET"), ask(s, "HEAD")
	if body, _ := io.ReadAll(head.Body); len(body) != 0 {
		t.Errorf("HEAD has a body of %d bytes", len(body))
	}
	for name := range get.Header {
		if got, want := head.Header.Get(name), get.Header.Get(name); got != want {
			t.Errorf("HEAD: %s = %q, want %q", name, got, want)
		}
	}
	if post := ask(s, "POST"); post.StatusCode != 405 || post.Header.Get("Allow") != "GET, HEAD" {
		t.Errorf("POST = %d, Allow %q", post.StatusCode, post.Header.Get("Allow"))
	}
}

func TestTagsAreEqualAfterARestartAndMoveWithTheContent(t *testing.T) {
	a, b := snapshot(t, sample()), snapshot(t, sample())
	if a.plain.etag[0] != b.plain.etag[0] || !bytes.Equal(a.zipped, b.zipped) {
		t.Errorf("two renderings of one feed: %s and %s", a.plain.etag[0], b.plain.etag[0])
	}
	f := sample()
	f.Items[0].Title += "!"
	if c := snapshot(t, f); c.plain.etag[0] == a.plain.etag[0] {
		t.Error("another title, but the same tag")
	}
}

func TestConditionalRequests(t *testing.T) {
	s := snapshot(t, sample())
	plain, gz := s.plain.etag[0], s.gzip.etag[0]
	bare := strings.Trim(plain, `"`)
	const exact, later, earlier = "Tue, 29 May 2018 15:00:00 GMT", "Fri, 01 Jan 2027 00:00:00 GMT", "Tue, 29 May 2018 14:59:59 GMT"
	tests := []struct {
		name   string
		header []string
		status int
		etag   string
	}{
		{"nothing known", nil, 200, plain},
		{"exact", []string{"If-None-Match", plain}, 304, plain},
		{"weak", []string{"If-None-Match", "W/" + plain}, 304, plain},
		{"compressed", []string{"If-None-Match", gz, "Accept-Encoding", "gzip"}, 304, gz},
		{"the other encoding's tag", []string{"If-None-Match", gz}, 304, gz},
		{"list", []string{"If-None-Match", `"a,b" , W/"c",` + plain}, 304, plain},
		{"two lines", []string{"If-None-Match", `"x"`, "If-None-Match", plain}, 304, plain},
		{"star", []string{"If-None-Match", "*"}, 304, plain},
		{"mod_deflate", []string{"If-None-Match", `"` + bare + `-gzip"`}, 304, plain},
		{"Jetty", []string{"If-None-Match", `W/"` + bare + `--gzip"`}, 304, plain},
		{"semicolon", []string{"If-None-Match", `"` + bare + `;gzip"`}, 304, plain},
		{"without quotes", []string{"If-None-Match", bare}, 304, plain},
		{"unclosed quote", []string{"If-None-Match", `"` + bare}, 304, plain},
		{"another version", []string{"If-None-Match", `"42.0badcafe-aaaaaaaaaaaaaaaa"`}, 200, plain},
		{"the same content under another change", []string{"If-None-Match", `"40.00000001-` + s.hash + `"`}, 304, plain},
		{"another content under this change", []string{"If-None-Match", `"43.0badcafe-aaaaaaaaaaaaaaaa"`}, 200, plain},
		{"the hash alone", []string{"If-None-Match", `"` + s.hash + `"`}, 200, plain},
		{"longer tag", []string{"If-None-Match", `"` + bare + `x"`}, 200, plain},
		{"empty", []string{"If-None-Match", ""}, 200, plain},
		{"exact date", []string{"If-Modified-Since", exact}, 304, plain},
		{"later date", []string{"If-Modified-Since", later}, 304, plain},
		{"earlier date", []string{"If-Modified-Since", earlier}, 200, plain},
		{"no date", []string{"If-Modified-Since", "yesterday"}, 200, plain},
		{"tag before date, known", []string{"If-None-Match", plain, "If-Modified-Since", earlier}, 304, plain},
		{"tag before date, new", []string{"If-None-Match", `"old"`, "If-Modified-Since", later}, 200, plain},
	}
	for _, tt := range tests {
		for _, method := range []string{"GET", "HEAD"} {
			res := ask(s, method, tt.header...)
			if res.StatusCode != tt.status || res.Header.Get("ETag") != tt.etag {
				t.Errorf("%s %s: %d with ETag %s, want %d with %s", method, tt.name, res.StatusCode, res.Header.Get("ETag"), tt.status, tt.etag)
			}
			dated := exact
			if tt.name == "tag before date, new" {
				dated = "" // see hideDate
			}
			if res.Header.Get("Cache-Control") != caching5 || res.Header.Get("Vary") == "" || res.Header.Get("Last-Modified") != dated {
				t.Errorf("%s %s: validators are missing: %v", method, tt.name, res.Header)
			}
			if body, _ := io.ReadAll(res.Body); tt.status == 304 && (len(body) > 0 || res.Header.Get("Content-Length") != "") {
				t.Errorf("%s %s: a 304 with a body", method, tt.name)
			}
		}
	}
}

func TestAcceptEncoding(t *testing.T) {
	for header, want := range map[string]bool{
		"": false, "gzip": true, "GZIP": true, "x-gzip": true, "br": false, "br, gzip;q=0.5": true, "gzip;q=0": false,
		"gzip; q=0.000": false, "gzip ; Q=0.001": true, "*": true, "*;q=0": false, "*, gzip;q=0": false, "gzip;q=1, *;q=0": true,
		"identity": false, ";;,,=": false,
	} {
		if got := acceptsGzip([]string{header}); got != want {
			t.Errorf("Accept-Encoding %q: gzip = %v, want %v", header, got, want)
		}
	}
}

func FuzzConditionalHeaders(f *testing.F) {
	for _, s := range []string{"", "*", `"a"`, `W/"a", "b`, `,,,"`, "W/", "gzip;q=", `"42-x"x,"`} {
		f.Add(s, s)
	}
	s := snapshot(f, sample())
	f.Fuzz(func(t *testing.T, tags, accept string) {
		res := ask(s, "GET", "If-None-Match", tags, "Accept-Encoding", accept)
		known := strings.Contains(tags, s.hash) || strings.Contains(tags, "*")
		if res.StatusCode == 304 && !known {
			t.Errorf("If-None-Match %q gave 304", tags)
		}
	})
}

// blank is the cheapest ResponseWriter, so that the benchmark counts our allocations only.
type blank struct{ h http.Header }

func (b blank) Header() http.Header         { return b.h }
func (b blank) WriteHeader(int)             {}
func (b blank) Write(p []byte) (int, error) { return len(p), nil }

func TestA304AllocatesNothing(t *testing.T) {
	s := snapshot(t, sample())
	r := httptest.NewRequest("GET", "/feed.xml", nil)
	r.Header.Set("If-None-Match", s.gzip.etag[0])
	r.Header.Set("Accept-Encoding", "gzip, deflate, br")
	r.Header.Set("A-IM", "feed")
	w := blank{http.Header{}}
	c, _ := newTestCache(&newsroom{}, 1<<20)
	for name, serve := range map[string]func(){
		"snapshot": func() { s.ServeHTTP(w, r) },
		"cache": func() {
			if err := c.Serve(w, r, site, 1); err != nil {
				t.Fatal(err)
			}
		},
	} {
		serve() // the map grows once
		if n := testing.AllocsPerRun(100, serve); n != 0 {
			t.Errorf("%s: %v allocations, want none", name, n)
		}
	}
}

func TestAnArchiveIsCachedForAYear(t *testing.T) {
	for method, want := range map[string]int{"GET": 200, "HEAD": 200} {
		res := ask(snapshot(t, archive()), method)
		if got := res.Header.Get("Cache-Control"); res.StatusCode != want || got != "public, max-age=31536000, immutable" {
			t.Errorf("%s: %d, Cache-Control = %q", method, res.StatusCode, got)
		}
	}
}

func TestCompressionDependsOnTheTextAlone(t *testing.T) {
	first := snapshot(t, long(50))
	for n := range 4 { // the compressor is used again, after other texts
		snapshot(t, long(n))
		if again := snapshot(t, long(50)); !bytes.Equal(again.zipped, first.zipped) {
			t.Fatal("equal documents, unequal gzip")
		}
	}
	doc, err := RSS(long(50))
	if err != nil || !bytes.Equal(text(t, first), doc) {
		t.Errorf("the snapshot's text is not the document (%v)", err)
	}
}

func TestABrowserGetsTheSameBytesAsTextXML(t *testing.T) {
	f := sample()
	f.Styles = "/assets/feed.css"
	for _, format := range Formats() {
		s, err := Render(f, format)
		if err != nil {
			t.Fatal(err)
		}
		reader, visit := ask(s, "GET"), ask(s, "GET", "Sec-Fetch-Dest", "document")
		if got := ask(s, "GET", "Sec-Fetch-Dest", "empty").Header.Get("Content-Type"); got != reader.Header.Get("Content-Type") {
			t.Errorf("%s: a reader in a browser gets %s", format.Name, got)
		}
		want := "text/xml; charset=utf-8"
		if format.Name == "json" {
			want = "application/feed+json; charset=utf-8"
		}
		h := visit.Header
		if h.Get("Content-Type") != want || h.Get("Etag") != reader.Header.Get("Etag") {
			t.Errorf("%s: a visitor gets %s with %s", format.Name, h.Get("Content-Type"), h.Get("Etag"))
		}
		if shared := strings.Contains(h.Get("Cache-Control"), "public"); shared != (format.Name == "json") {
			t.Errorf("%s: Cache-Control of a visit is %s", format.Name, h.Get("Cache-Control"))
		}
		a, _ := io.ReadAll(reader.Body)
		b, _ := io.ReadAll(visit.Body)
		if string(a) != string(b) {
			t.Errorf("%s: a visitor gets other bytes", format.Name)
		}
	}
}

func TestNoBreakSpacesStayInTitles(t *testing.T) {
	if got := line(" 19–22\u00a0ноября,\n10\u202f000\u2028зрителей\t"); got != "19–22\u00a0ноября, 10\u202f000 зрителей" {
		t.Errorf("got %q", got)
	}
}

func TestABodyIsNeverDatedLikeTheOneTheReaderHas(t *testing.T) {
	s := snapshot(t, sample())
	modified := ask(s, "GET").Header.Get("Last-Modified")
	for since, want := range map[string]string{"Mon, 28 May 2018 00:00:00 GMT": modified, modified: "", "Wed, 30 May 2018 00:00:00 GMT": ""} {
		res := ask(s, "GET", "If-None-Match", `"1.00000001-old"`, "If-Modified-Since", since)
		if res.StatusCode != 200 || res.Header.Get("Last-Modified") != want {
			t.Errorf("who has the version of %s gets %d of %q, want 200 of %q", since, res.StatusCode, res.Header.Get("Last-Modified"), want)
		}
	}
}
