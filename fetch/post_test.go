package fetch

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func TestPostSendsWhatItIsGivenAndFollowsNoRedirect(t *testing.T) {
	var got []string
	c, s := serve(t, Options{UserAgent: "Vestnik/1"}, func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		got = append(got, fmt.Sprintf("%s %s %s %v", r.Method, r.RequestURI, body, r.Header))
		w.Header().Set("Retry-After", "7")
		http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
	})
	res, err := c.Post(t.Context(), PostRequest{URL: s.URL + "/cb?a=1", Header: http.Header{"Content-Type": {"text/x"}, "User-Agent": {"other"}}, Body: []byte("news")})
	if err != nil || res.Status != http.StatusTemporaryRedirect || res.RetryAfter != 7*time.Second {
		t.Errorf("%+v, %v", res, err)
	}
	want := "POST /cb?a=1 news map[Content-Length:[4] Content-Type:[text/x] User-Agent:[Vestnik/1]]"
	if len(got) != 1 || got[0] != want {
		t.Errorf("sent %q\nwant %q", got, want)
	}
}

func TestPostIsGuardedLikeGet(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the server was reached") }))
	defer s.Close()
	c := New(Options{})
	defer c.Close()
	port := s.URL[strings.LastIndex(s.URL, ":"):]
	for _, address := range []string{s.URL, "http://localhost" + port, "http://[::ffff:127.0.0.1]" + port, "ftp://127.0.0.1/", "http:///x", "http://user:secret@kino.example/"} {
		_, err := c.Post(t.Context(), PostRequest{URL: address, Body: []byte("x")})
		if !errors.Is(err, ErrForbidden) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: error = %v, want ErrForbidden", address, err)
		}
	}
}

func TestPostIsBoundedInTimeButNotByAnAnswerThatNobodyReads(t *testing.T) {
	hold := make(chan struct{})
	c, s := serve(t, Options{}, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/endless" {
			endless(w)
		}
		<-hold
	})
	defer close(hold)
	if _, err := c.Post(t.Context(), PostRequest{URL: s.URL + "/hangs", Timeout: 50 * time.Millisecond}); err == nil || !strings.Contains(err.Error(), "in time") {
		t.Errorf("error = %v, want one about the time", err)
	}
	res, err := c.Post(t.Context(), PostRequest{URL: s.URL + "/endless"})
	if err != nil || res.Status != http.StatusOK || len(res.Body) != 0 {
		t.Errorf("%+v, %v", res, err)
	}
}

func TestDirectGetReturnsTheRedirectAndKeepsItsOwnLimits(t *testing.T) {
	c, s := serve(t, Options{}, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/long" {
			w.Write(make([]byte, 2000))
			return
		}
		http.Redirect(w, r, "/elsewhere", http.StatusFound)
	})
	if res := get(t, c, Request{URL: s.URL + "/a", Direct: true}); res.Status != http.StatusFound || res.URL != s.URL+"/a" {
		t.Errorf("%+v", res)
	}
	if _, err := c.Get(t.Context(), Request{URL: s.URL + "/long", MaxBytes: 1000}); !errors.Is(err, ErrTooLarge) {
		t.Errorf("error = %v, want ErrTooLarge", err)
	}
}

func TestCheckJudgesAnAddressWithoutLookingAnythingUp(t *testing.T) {
	c := New(Options{})
	for address, want := range map[string]bool{
		"https://reader.example/cb?a=b": true, "http://reader.example:80/": true, "https://reader.example:443": true, "http://93.184.216.34/": true,
		"http://localhost/": true, // a name: judged when it is connected to
		"":                  false, "/cb": false, "ftp://reader.example/": false, "http://u:p@reader.example/": false, "http://reader.example:8080/": false,
		"http://reader.example:99999/": false, "http://127.0.0.1/": false, "http://[::1]/": false, "http://169.254.169.254/": false, "http://[64:ff9b::a00:1]/": false, "http://a b/": false,
	} {
		if err := c.Check(address); (err == nil) != want || err != nil && !errors.Is(err, ErrForbidden) {
			t.Errorf("Check(%q) = %v, want allowed %v", address, err, want)
		}
	}
	if err := New(Options{OnlyLoopback: true}).Check("http://127.0.0.1:8080/"); err != nil {
		t.Error(err)
	}
}

func TestAConnectionClosedWithoutAnAnswerIsSaidInWords(t *testing.T) {
	c, s := serve(t, Options{}, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	_, err := c.Post(t.Context(), PostRequest{URL: s.URL, Body: []byte("news")})
	if err == nil || !strings.Contains(err.Error(), "closed the connection before it answered") {
		t.Errorf("error = %v", err)
	}
}
