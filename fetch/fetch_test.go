package fetch

import (
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// serve starts a server and a client that may reach loopback.
func serve(t *testing.T, o Options, h http.HandlerFunc) (*Client, *httptest.Server) {
	t.Helper()
	s := httptest.NewServer(h)
	o.AllowPrivate = true
	c := New(o)
	t.Cleanup(func() { c.Close(); s.Close() })
	return c, s
}

func get(t *testing.T, c *Client, r Request) *Response {
	t.Helper()
	res, err := c.Get(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	return res
}

func TestRequestCarriesOnlyWhatItShould(t *testing.T) {
	var got http.Header
	c, s := serve(t, Options{UserAgent: "Vestnik/1 (+https://kino.example)"}, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/from" {
			http.SetCookie(w, &http.Cookie{Name: "a", Value: "b"})
			http.Redirect(w, r, "/to", http.StatusFound)
			return
		}
		got = r.Header.Clone()
	})
	get(t, c, Request{URL: s.URL + "/from", ETag: `W/"weird, but ours"`, LastModified: "Tue, 24 Nov 2026 08:00:00 GMT"})
	want := http.Header{
		"User-Agent":        {"Vestnik/1 (+https://kino.example)"},
		"Accept":            {"*/*"},
		"Accept-Encoding":   {"gzip"},
		"If-None-Match":     {`W/"weird, but ours"`},
		"If-Modified-Since": {"Tue, 24 Nov 2026 08:00:00 GMT"},
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("headers = %v\nwant %v", got, want)
	}
}

func TestResponseIsDescribed(t *testing.T) {
	c, s := serve(t, Options{}, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", `"v1"`)
		w.Header().Set("Last-Modified", "Tue, 24 Nov 2026 08:00:00 GMT")
		w.Header().Set("Cache-Control", "public, Max-Age=900, stale-while-revalidate=60")
		w.Header().Set("Content-Type", "application/rss+xml")
		if r.Header.Get("If-None-Match") == `"v1"` {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		w.Header().Set("Content-Encoding", "gzip")
		z := gzip.NewWriter(w)
		io.WriteString(z, "Кино")
		z.Close()
	})
	res := get(t, c, Request{URL: s.URL})
	if res.Status != 200 || string(res.Body) != "Кино" || res.ETag != `"v1"` || res.LastModified != "Tue, 24 Nov 2026 08:00:00 GMT" ||
		res.ContentType != "application/rss+xml" || res.MaxAge != 15*time.Minute || res.NotModified {
		t.Errorf("response = %+v", res)
	}
	res = get(t, c, Request{URL: s.URL, ETag: res.ETag})
	if !res.NotModified || res.Status != 304 || len(res.Body) != 0 || res.ETag != `"v1"` || res.MaxAge != 15*time.Minute {
		t.Errorf("second response = %+v", res)
	}
}

func TestAnyStatusIsAResponse(t *testing.T) {
	c, s := serve(t, Options{}, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Retry-After", "120")
		w.WriteHeader(http.StatusTooManyRequests)
		io.WriteString(w, "slow down")
	})
	res := get(t, c, Request{URL: s.URL})
	if res.Status != 429 || res.RetryAfter != 2*time.Minute || res.Body != nil {
		t.Errorf("response = %+v", res)
	}
}

func TestPermanentRedirectsAreReported(t *testing.T) {
	tests := []struct {
		name string
		hops []int
		want string
	}{
		{"none", nil, ""},
		{"moved", []int{301}, "/1"},
		{"moved twice", []int{301, 308}, "/2"},
		{"moved, then elsewhere for now", []int{301, 302}, "/1"},
		{"elsewhere for now, then moved", []int{307, 301}, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c, s := serve(t, Options{}, func(w http.ResponseWriter, r *http.Request) {
				var at int
				fmt.Sscanf(r.URL.Path, "/%d", &at)
				if at < len(test.hops) {
					http.Redirect(w, r, fmt.Sprintf("/%d", at+1), test.hops[at])
				}
			})
			res := get(t, c, Request{URL: s.URL + "/0"})
			if got := strings.TrimPrefix(res.Permanent, s.URL); got != test.want {
				t.Errorf("permanent = %q, want %q", got, test.want)
			}
			if want := fmt.Sprintf("%s/%d", s.URL, len(test.hops)); res.URL != want {
				t.Errorf("URL = %q, want %q", res.URL, want)
			}
		})
	}
}

func TestHostileServers(t *testing.T) {
	for _, test := range append(slowAndEndless, misleading...) {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			o := Options{Timeout: time.Minute, MaxBytes: 1_000_000}
			if errors.Is(test.want, context.DeadlineExceeded) {
				o.Timeout = 300 * time.Millisecond
			}
			c, s := serve(t, o, test.serve)
			res, err := c.Get(t.Context(), Request{URL: s.URL})
			if err == nil {
				t.Fatalf("got %d with %d bytes, want an error", res.Status, len(res.Body))
			}
			if test.want != nil && !errors.Is(err, test.want) {
				t.Errorf("error = %v, want %v", err, test.want)
			}
			if !strings.Contains(err.Error(), test.says) || strings.Contains(err.Error(), "secret") {
				t.Errorf("error = %v, want it to say %q", err, test.says)
			}
			if !strings.HasPrefix(err.Error(), "fetch "+s.URL+": ") || strings.Contains(err.Error(), `Get "`) {
				t.Errorf("error = %v, want one short sentence", err)
			}
		})
	}
}

// hostile is a server that a client must survive.
type hostile struct {
	name  string
	serve http.HandlerFunc
	want  error // nil: any
	says  string
}

var slowAndEndless = []hostile{
	{"never answers", func(w http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, context.DeadlineExceeded, "no complete answer in time"},
	{"stops in the middle", func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, "<rss>")
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	}, context.DeadlineExceeded, "no complete answer in time"},
	{"never ends", func(w http.ResponseWriter, r *http.Request) { endless(w) }, ErrTooLarge, "more than 1000000 bytes"},
	{"announces too much", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "5000000000")
	}, ErrTooLarge, "5000000000 bytes are announced"},
	{"gzip bomb", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		z := gzip.NewWriter(w)
		z.Write(make([]byte, 900_000))
		z.Close()
	}, ErrTooLarge, "unpacks to more than 100 times"},
}

var misleading = []hostile{
	{"broken gzip", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		io.WriteString(w, "plain text, really")
	}, gzip.ErrHeader, "unpack gzip"},
	{"cut gzip", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		z := gzip.NewWriter(w)
		io.WriteString(z, "beginning")
		z.Flush()
	}, io.ErrUnexpectedEOF, "read the answer"},
	{"brotli unasked", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Encoding", "br")
		io.WriteString(w, "x")
	}, nil, `packed as "br"`},
	{"redirect loop", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, r.URL.Path+"x", http.StatusFound)
	}, nil, "more than 5 redirects"},
	{"redirect to a file", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Location", "file:///etc/passwd")
		w.WriteHeader(http.StatusFound)
	}, ErrForbidden, `the scheme is "file"`},
	{"redirect with a password", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Location", "http://user:secret@127.0.0.1/")
		w.WriteHeader(http.StatusFound)
	}, ErrForbidden, "user name"},
	{"redirect to the metadata service", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "http://169.254.169.254/latest/meta-data/", http.StatusFound)
	}, ErrForbidden, "169.254.169.254 is in a special-purpose range"},
	{"huge header", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Long", strings.Repeat("x", 1<<20))
	}, nil, "header"},
}

func endless(w io.Writer) {
	for {
		if _, err := w.Write(make([]byte, 64<<10)); err != nil {
			return
		}
	}
}

// A small body may be as repetitive as it likes: an empty template zipped is no bomb.
func TestSmallRepetitiveBodyIsAccepted(t *testing.T) {
	c, s := serve(t, Options{}, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		z := gzip.NewWriter(w)
		z.Write(make([]byte, 200_000))
		z.Close()
	})
	if res := get(t, c, Request{URL: s.URL}); len(res.Body) != 200_000 {
		t.Errorf("body = %d bytes, want 200000", len(res.Body))
	}
}

func TestPrivateAddressesAreRefused(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the server was reached") }))
	defer s.Close()
	c := New(Options{})
	defer c.Close()
	port := s.URL[strings.LastIndex(s.URL, ":"):]
	for _, address := range []string{s.URL, "http://localhost" + port, "http://[::ffff:127.0.0.1]" + port, "http://0.0.0.0" + port,
		"ftp://127.0.0.1/", "http:///x", "gopher://x", "http://user:secret@kino.example/"} {
		_, err := c.Get(t.Context(), Request{URL: address})
		if !errors.Is(err, ErrForbidden) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: error = %v, want ErrForbidden", address, err)
		}
	}
}

// The first server is allowed by its exact address, as a public one would be; where it sends us is not.
func TestRedirectToLoopbackIsRefused(t *testing.T) {
	inner := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the inner server was reached") }))
	defer inner.Close()
	c, outer := serve(t, Options{}, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, inner.URL, http.StatusFound)
	})
	public := netip.MustParseAddrPort(outer.Listener.Addr().String())
	c.allow = func(a netip.AddrPort) error {
		if a == public {
			return nil
		}
		return Options{}.allowed(a)
	}
	if _, err := c.Get(t.Context(), Request{URL: outer.URL}); !errors.Is(err, ErrForbidden) {
		t.Errorf("error = %v, want ErrForbidden", err)
	}
}

func TestWaitingTimes(t *testing.T) {
	date := http.Header{"Date": {"Tue, 24 Nov 2026 08:00:00 GMT"}}
	with := func(name, value string) http.Header {
		h := date.Clone()
		h.Set(name, value)
		return h
	}
	tests := []struct {
		name string
		got  time.Duration
		want time.Duration
	}{
		{"seconds", retryAfter(with("Retry-After", " 90 ")), 90 * time.Second},
		{"date", retryAfter(with("Retry-After", "Tue, 24 Nov 2026 09:00:00 GMT")), time.Hour},
		{"date gone by", retryAfter(with("Retry-After", "Tue, 24 Nov 2026 07:00:00 GMT")), 0},
		{"nonsense", retryAfter(with("Retry-After", "soon")), 0},
		{"negative", retryAfter(with("Retry-After", "-5")), 0},
		{"absurd", retryAfter(with("Retry-After", "99999999999999999999")), maxWait * time.Second},
		{"none", retryAfter(date), 0},
		{"max-age", maxAge(with("Cache-Control", `private,max-age="60"`)), time.Minute},
		{"max-age wins over Expires", maxAge(http.Header{"Cache-Control": {"max-age=0"}, "Expires": {"Tue, 24 Nov 2036 08:00:00 GMT"}}), 0},
		{"Expires", maxAge(with("Expires", "Tue, 24 Nov 2026 08:30:00 GMT")), 30 * time.Minute},
		{"Expires 0", maxAge(with("Expires", "0")), 0},
	}
	for _, test := range tests {
		if test.got != test.want {
			t.Errorf("%s: %v, want %v", test.name, test.got, test.want)
		}
	}
}
