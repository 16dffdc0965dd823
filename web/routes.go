package web

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"runtime/debug"
	"strings"
	"time"
	"unicode/utf8"

	"vestnik/feeds"
)

// A handler answers one route; an error it returns becomes the page that the table in errors.go names.
type handler func(w http.ResponseWriter, r *http.Request) error

type route struct {
	pattern string // as net/http understands it; GET takes HEAD along
	handle  handler
}

// routes is the one list of everything we answer.
func (s *Server) routes() []route {
	all := []route{
		{"GET /{$}", s.home},
		{"GET /articles/{slug}", s.article},
		{"GET /sections/{slug}", s.section},
		{"GET /tags/{slug}", s.tag},
		{"GET /authors/{slug}", s.author},
		{"GET /most-read", s.mostReadPage},
		{"GET /search", s.search},
		{"GET /opensearch.xml", s.openSearch},
		{"GET /feeds", s.feedsPage},

		{"GET /digests", s.shelvesPage},
		{"GET /digests/{digest}", s.digestPage},
		{"GET /digests/{digest}/{edition}", s.edition},
		{"GET /digests/{digest}/form", s.formPage},
		{"POST /subscribe", s.subscribe},
		{"GET /confirm/{token}", private(s.confirmForm)},
		{"POST /confirm/{token}", private(s.confirm)},
		{"GET /not-me/{token}", private(s.notMeForm)},
		{"POST /not-me/{token}", private(s.notMe)},
		{"GET /preferences/{token}", private(s.preferencesForm)},
		{"POST /preferences/{token}", private(s.preferences)},
		{"GET /preferences/{token}/erase", private(s.eraseForm)},
		{"POST /preferences/{token}/erase", private(s.erase)},
		{"GET /move/{token}", private(s.moveForm)},
		{"POST /move/{token}", private(s.move)},
		{"GET /move/stop/{token}", private(s.stopForm)},
		{"POST /move/stop/{token}", private(s.stopMove)},
		{"GET /unsubscribe/{token}", private(s.unsubscribeForm)},
		{"POST /unsubscribe/{token}", private(s.unsubscribe)},
		{"GET /subscription/{campaign}/{subscriber}", private(s.listmonk(s.unsubscribeForm))},
		{"POST /subscription/{campaign}/{subscriber}", private(s.listmonk(s.unsubscribe))},

		{"GET /edit/{token}", private(s.editForm)},
		{"POST /edit/{token}", private(s.edit)},
		{"GET /edit/{token}/letter", private(s.editLetter)},

		{"POST /a/{article}", s.beacon},
		{"GET /a.js", s.pageScript},
		{"POST /r", s.beaconElsewhere},
		{"GET /r.js", s.elsewhereScript},
		{"GET /box.js", s.boxScript},
		{"GET /most-read/box.html", s.box("text/html; charset=utf-8", s.boxHTML)},
		{"OPTIONS /most-read/box.html", s.preflight},
		{"GET /most-read/box.json", s.box("application/json", s.boxJSON)},
		{"OPTIONS /most-read/box.json", s.preflight},
		{"GET /assets/{path...}", s.asset},
		{"GET /robots.txt", s.robots},
		{"GET /sitemap.xml", s.sitemapIndex},
		{"GET /sitemaps/{name}", s.sitemap},
		{"GET /news-sitemap.xml", s.newsSitemap},
		{"GET /opml.xml", s.opml},
		{"GET /yandex.xml", s.yandex},
		{"GET /healthz", s.healthz},
		{"GET /readyz", s.readyz},
		{"/", s.unknown},
	}
	for _, f := range feeds.Formats() {
		for _, list := range []string{"", "/sections/{slug}", "/tags/{slug}", "/authors/{slug}", "/digests/{digest}"} {
			all = append(all,
				route{"GET " + list + "/" + f.File, s.feed(f)},
				route{"OPTIONS " + list + "/" + f.File, s.preflight},
				route{"GET " + list + "/archive/{month}/" + f.File, s.archive(f)},
				route{"OPTIONS " + list + "/archive/{month}/" + f.File, s.preflight})
		}
		all = append(all, route{"GET /most-read/" + f.File, s.feed(f)}, route{"OPTIONS /most-read/" + f.File, s.preflight})
	}
	if s.Hub != nil {
		all = append(all, route{"POST /hub", s.hub})
	}
	return all
}

// Handler is the whole site.
func (s *Server) Handler() http.Handler { return http.HandlerFunc(s.serve) }

// hub hands a subscription to the hub.
func (s *Server) hub(w http.ResponseWriter, r *http.Request) error {
	s.Hub.ServeHTTP(w, r)
	return nil
}

// maxBody is how much of a request is read: forms and beacons are far smaller.
const maxBody = 64 << 10

// answer wraps a handler in what holds for all of them: limits on what comes in, an end to what goes wrong.
func (s *Server) answer(handle handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer s.catch(w, r)
		w.Header()["X-Content-Type-Options"] = nosniff
		var err error
		switch {
		case r.Method == http.MethodPost:
			r.Body = http.MaxBytesReader(w, r.Body, bodyLimit(r))
			err = handle(w, r)
		case !isText(r.URL.Path):
			err = errNotFound
		default:
			err = handle(w, r)
		}
		if err != nil && !(isNotFound(err) && s.redirectOld(w, r)) {
			s.fail(w, r, err)
		}
	})
}

// isText reports whether an address may go into a query: PostgreSQL refuses other text, and nothing of ours is called so.
func isText(path string) bool { return utf8.ValidString(path) && !strings.ContainsRune(path, 0) }

// catch turns a panic into a logged 500. What the standard library panics with to cut a connection passes.
func (s *Server) catch(w http.ResponseWriter, r *http.Request) {
	switch p := recover(); p {
	case nil:
	case http.ErrAbortHandler:
		panic(p)
	default:
		s.fail(w, r, fmt.Errorf("panic: %v\n%s", p, debug.Stack()))
	}
}

// unknown answers what no other route takes: 405 for an address of ours with a method it does not take, 404 otherwise.
func (s *Server) unknown(w http.ResponseWriter, r *http.Request) error {
	var allowed []string
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		other := r.Clone(r.Context())
		other.Method = method
		if _, pattern := s.mux.Handler(other); pattern == "/" {
			continue
		}
		if allowed = append(allowed, method); method == http.MethodGet {
			allowed = append(allowed, http.MethodHead)
		}
	}
	if allowed == nil {
		return errNotFound
	}
	w.Header().Set("Allow", strings.Join(allowed, ", "))
	return errMethod
}

// Header values that many answers share; they are never changed.
var (
	nosniff = []string{"nosniff"}
	policy  = []string{"default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; " +
		"img-src 'self' https: data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"}
	permissions = []string{"camera=(), geolocation=(), microphone=(), payment=(), usb=(), browsing-topics=()"}
)

// pageHeaders are on every page of HTML. What the handler has set already stays.
func pageHeaders(h http.Header) {
	h["Content-Type"] = []string{"text/html; charset=utf-8"}
	if h["Content-Security-Policy"] == nil {
		h["Content-Security-Policy"] = policy
	}
	h["Permissions-Policy"] = permissions
	if h.Get("Referrer-Policy") == "" {
		h.Set("Referrer-Policy", "strict-origin-when-cross-origin")
	}
	if h.Get("Cache-Control") == "" {
		h.Set("Cache-Control", "public, max-age=60")
	}
}

// private marks pages that belong to one person: kept nowhere, found by nobody, and their address, which is the key to
// them, is told to no other site.
func private(handle handler) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		h := w.Header()
		h.Set("Cache-Control", "no-store")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("X-Robots-Tag", "noindex")
		return handle(w, r)
	}
}

// reply sends finished bytes. A 200 gets an entity tag made from them, and 304 where the visitor has them.
func reply(w http.ResponseWriter, r *http.Request, status int, body []byte) {
	h := w.Header()
	if status == http.StatusOK && r.Method != http.MethodPost {
		if h.Get("ETag") == "" {
			h.Set("ETag", etag(body))
		}
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(body))
		return
	}
	h.Set("Content-Length", fmt.Sprint(len(body)))
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		w.Write(body) // the visitor has gone: nobody is left to tell
	}
}

func etag(body []byte) string {
	sum := sha256.Sum256(body)
	return `"` + hex.EncodeToString(sum[:10]) + `"`
}

// text answers in one line of plain text.
func text(w http.ResponseWriter, r *http.Request, status int, line string) error {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	reply(w, r, status, []byte(line+"\n"))
	return nil
}

func (s *Server) robots(w http.ResponseWriter, r *http.Request) error {
	w.Header().Set("Cache-Control", "public, max-age=3600")
	return text(w, r, http.StatusOK, "User-agent: *\nDisallow: /a/\nDisallow: /search\nDisallow: /confirm/\nDisallow: /move/\nDisallow: /not-me/\nDisallow: /preferences/\nDisallow: /unsubscribe/\nDisallow: /subscription/\n\n"+
		"Sitemap: "+s.Site.URL+"/sitemap.xml\nSitemap: "+s.Site.URL+"/news-sitemap.xml")
}

// healthz says that the process answers, and nothing of what it depends on.
func (s *Server) healthz(w http.ResponseWriter, r *http.Request) error {
	w.Header().Set("Cache-Control", "no-store")
	return text(w, r, http.StatusOK, "ok")
}

// readyz says whether the database answers, so that a load balancer can leave this node out.
func (s *Server) readyz(w http.ResponseWriter, r *http.Request) error {
	w.Header().Set("Cache-Control", "no-store")
	var n int64
	err := s.DB.QueryRowContext(r.Context(), `SELECT n FROM change_counter WHERE id = 1`).Scan(&n)
	if err != nil {
		if !errors.Is(err, r.Context().Err()) {
			s.Log.Error("not ready", "error", err)
		}
		return text(w, r, http.StatusServiceUnavailable, "the database does not answer")
	}
	return text(w, r, http.StatusOK, "ready")
}
