package feeds

import "net/http"

// ServeHTTP answers GET and HEAD with the document, gzip where the client takes it, or with 304 where the client has
// it (RFC 9110, section 13.2.2: If-None-Match goes before If-Modified-Since).
func (s *Snapshot) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !readable(w, r) {
		return
	}
	form := s.form(r)
	if err := s.answer(w, r, form, s.knownTo(r, form)); err != nil {
		http.Error(w, "internal server error", http.StatusInternalServerError)
	}
}

// readable refuses what is neither GET nor HEAD.
func readable(w http.ResponseWriter, r *http.Request) bool {
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		return true
	}
	w.Header().Set("Allow", "GET, HEAD")
	http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
	return false
}

// form is the encoding that the client takes.
func (s *Snapshot) form(r *http.Request) *encoded {
	if acceptsGzip(r.Header["Accept-Encoding"]) {
		return &s.gzip
	}
	return &s.plain
}

// knownTo returns the encoding that the client says it has, nil if it has none or an older version.
func (s *Snapshot) knownTo(r *http.Request, form *encoded) *encoded {
	if tags, ok := r.Header["If-None-Match"]; ok {
		switch matchTags(tags, s.hash) {
		case matchPlain:
			return &s.plain
		case matchGzip:
			return &s.gzip
		case matchAny:
			return form
		}
		return nil
	}
	if since := r.Header.Get("If-Modified-Since"); since != "" && !s.modified.IsZero() {
		// A later date is taken too: some readers send the time of their last poll.
		if t, err := http.ParseTime(since); err == nil && !s.modified.After(t) {
			return form
		}
	}
	return nil
}

// answer writes 304 if the client knows the document in some encoding, else 200 with it. On an error nothing is written.
func (s *Snapshot) answer(w http.ResponseWriter, r *http.Request, form, known *encoded) error {
	h := w.Header()
	if known != nil {
		s.validators(h)
		h["Etag"] = known.etag
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	body := s.zipped
	if form == &s.plain && r.Method == http.MethodGet {
		var err error
		if body, err = s.text(); err != nil {
			return err
		}
	}
	s.validators(h)
	s.hideDate(r, h)
	h["Etag"], h["Content-Type"], h["Content-Length"], h["Link"] = form.etag, s.contentType, form.length, s.links
	h["Access-Control-Expose-Headers"] = exposed
	if form.coding != nil {
		h["Content-Encoding"] = form.coding
	}
	if dest := r.Header["Sec-Fetch-Dest"]; s.browser != nil && len(dest) == 1 && dest[0] == "document" {
		h["Content-Type"], h["Cache-Control"], h["Vary"] = s.browser.contentType, s.browser.caching, s.browser.vary
		h["Content-Language"] = s.browser.language
	}
	w.WriteHeader(http.StatusOK)
	if r.Method == http.MethodGet {
		w.Write(body) // the client has gone: nobody is left to tell
	}
	return nil
}

// exposed is what a reader that runs in a browser may look at beside the body (Fetch, "CORS-safelisted response-header name"):
// without the tag it could send none back.
var exposed = []string{"Delta-Base, ETag, IM, Link"}

// hideDate leaves Last-Modified out of an answer with a body whose date is no later than the one that the client has. libcurl,
// and newsboat with it, takes such a body for the one it knows and drops it, but keeps the new tag: two changes within one second,
// or two nodes whose clocks differ, would lose an article for ever.
func (s *Snapshot) hideDate(r *http.Request, h http.Header) {
	since := r.Header["If-Modified-Since"]
	if len(since) == 0 || s.lastModified == nil {
		return
	}
	if t, err := http.ParseTime(since[0]); err == nil && !t.Before(s.modified) {
		delete(h, "Last-Modified")
	}
}

func (s *Snapshot) validators(h http.Header) {
	h["Cache-Control"], h["Vary"], h["Access-Control-Allow-Origin"] = s.caching, s.vary, s.origin
	if s.lastModified != nil {
		h["Last-Modified"] = s.lastModified
	}
}
