package feeds

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/base32"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Caching is the Cache-Control of every feed: readers take max-age as the pause between two polls, shared caches may
// serve an old copy while they fetch a new one, or while we are down.
const Caching = "public, max-age=300, stale-while-revalidate=600, stale-if-error=86400"

// A Snapshot is one rendered document, plain and compressed, with its validators. It never changes. It answers GET
// and HEAD ([Snapshot.ServeHTTP]) without allocating for a 304, so its header values are made once.
type Snapshot struct {
	version  string // what both entity tags have in common: change number and hash of the content
	modified time.Time
	plain    encoded
	gzip     encoded
	// header values that both encodings share
	contentType, lastModified, caching, vary, origin []string
}

// encoded is the document in one content coding, with the header values of its own.
type encoded struct {
	body         []byte
	etag, length []string
	coding       []string // nil for identity
}

// Render makes the snapshot of f in that format. modified is when anything about the feed last changed, for
// Last-Modified; zero is the newest change of an item.
func Render(f Feed, format Format, modified time.Time) (*Snapshot, error) {
	body, err := format.Render(f)
	if err != nil {
		return nil, err
	}
	if modified.IsZero() {
		modified = f.Updated()
	}
	return newSnapshot(body, format.Type, f.Change(), modified), nil
}

// newSnapshot compresses body. The tags are made from the change number and the content alone, so they are equal on
// every node and after a restart, and a client's version can be read from its tag.
func newSnapshot(body []byte, mediaType string, change int64, modified time.Time) *Snapshot {
	hash := sha256.Sum256(body)
	version := fmt.Sprintf("%d-%s", change, strings.ToLower(base32.StdEncoding.EncodeToString(hash[:10])))
	s := &Snapshot{
		version:     version,
		modified:    modified.UTC().Truncate(time.Second),
		contentType: []string{mediaType + "; charset=utf-8"},
		caching:     []string{Caching},
		vary:        []string{"Accept-Encoding"},
		origin:      []string{"*"}, // readers that run in a browser
	}
	if !modified.IsZero() {
		s.lastModified = []string{s.modified.Format(http.TimeFormat)}
	}
	s.plain = newEncoded(body, version, nil)
	s.gzip = newEncoded(compress(body), version+"-gz", []string{"gzip"})
	return s
}

func newEncoded(body []byte, tag string, coding []string) encoded {
	return encoded{
		body:   body,
		etag:   []string{`"` + tag + `"`},
		length: []string{strconv.Itoa(len(body))},
		coding: coding,
	}
}

// compress gives equal bytes for equal input: the gzip header carries no time.
func compress(body []byte) []byte {
	var b bytes.Buffer
	z, _ := gzip.NewWriterLevel(&b, gzip.BestCompression) // the only error is a wrong level
	z.Write(body)                                         // a bytes.Buffer does not fail
	z.Close()
	return b.Bytes()
}

// size is roughly what the snapshot costs in memory.
func (s *Snapshot) size() int { return len(s.plain.body) + len(s.gzip.body) + 1024 }

// ServeHTTP answers GET and HEAD with the document, gzip where the client takes it, or with 304 where the client has
// it (RFC 9110, section 13.2.2: If-None-Match goes before If-Modified-Since).
func (s *Snapshot) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
		return
	}
	form := &s.plain
	if acceptsGzip(r.Header["Accept-Encoding"]) {
		form = &s.gzip
	}
	known := s.knownTo(r, form)
	h := w.Header()
	h["Cache-Control"], h["Vary"], h["Access-Control-Allow-Origin"] = s.caching, s.vary, s.origin
	if s.lastModified != nil {
		h["Last-Modified"] = s.lastModified
	}
	if known != nil {
		h["Etag"] = known.etag
		w.WriteHeader(http.StatusNotModified)
		return
	}
	h["Etag"], h["Content-Type"], h["Content-Length"] = form.etag, s.contentType, form.length
	if form.coding != nil {
		h["Content-Encoding"] = form.coding
	}
	w.WriteHeader(http.StatusOK)
	if r.Method == http.MethodGet {
		w.Write(form.body) // the client has gone: nobody is left to tell
	}
}

// knownTo returns the encoding that the client says it has, nil if it has none or an older version.
func (s *Snapshot) knownTo(r *http.Request, form *encoded) *encoded {
	if tags, ok := r.Header["If-None-Match"]; ok {
		switch matchTags(tags, s.version) {
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
