package feeds

import (
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// A Snapshot is one rendered document, compressed, with its validators. It never changes. It answers GET and HEAD
// ([Snapshot.ServeHTTP]) without allocating for a 304, so its header values are made once.
type Snapshot struct {
	header header // what the head of a delta is made from
	hash   string // of the content
	pieces []piece

	zipped   []byte
	unzipped atomic.Pointer[[]byte] // made when first asked for: nearly every reader takes gzip

	plain, gzip encoded
	modified    time.Time
	// header values that both encodings share
	contentType, lastModified, caching, vary, origin, links []string
	browser                                                 *browser // nil: browsers get the same as readers

	mu     sync.Mutex
	deltas map[Version]*delta // by the version that the reader has
	spent  atomic.Int64       // bytes of deltas
}

// encoded holds the header values of one content coding of the document.
type encoded struct {
	etag, length []string
	coding       []string // nil for identity
}

// Render makes the snapshot of f, whose items must be whole, in that format.
func Render(f Feed, format Format) (*Snapshot, error) {
	d, err := format.compose(f)
	if err != nil {
		return nil, fmt.Errorf("render %s of %q: %w", format.Label, f.Title, err)
	}
	return d.snapshot()
}

// snapshot compresses the document. Its tags are made from the number and mark of the change and the content alone, so
// they are equal on every node and after a restart, and a client's version can be read from its tag.
func (d *document) snapshot() (*Snapshot, error) {
	s := &Snapshot{header: d.header, hash: d.hash, modified: second(d.Modified)}
	length := 0
	var err error
	s.zipped, err = zip(func(w io.Writer) error {
		var err error
		s.pieces, length, err = d.writeTo(w)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("compress %s of %q: %w", d.format.Label, d.Title, err)
	}
	tag := fmt.Sprintf("%d.%08x-%s", d.Version.Change, d.Version.Mark, d.hash)
	s.plain = newEncoded(tag, length, nil)
	s.gzip = newEncoded(tag+"-gz", len(s.zipped), []string{"gzip"})
	s.setHeaders()
	return s, nil
}

func newEncoded(tag string, length int, coding []string) encoded {
	return encoded{etag: []string{`"` + tag + `"`}, length: []string{strconv.Itoa(length)}, coding: coding}
}

func (s *Snapshot) setHeaders() {
	if s.modified.IsZero() {
		s.modified = s.header.newest
	}
	if !s.modified.IsZero() {
		s.lastModified = []string{s.modified.Format(http.TimeFormat)}
	}
	s.contentType = []string{s.header.format.Type + "; charset=utf-8"}
	s.caching = []string{caching(s.header.Feed)}
	s.vary = []string{"Accept-Encoding"}
	s.origin = []string{"*"} // readers that run in a browser
	s.links = []string{linkHeader(s.header)}
	if s.header.Styles != "" && strings.HasSuffix(s.header.format.Type, "+xml") {
		s.browser = &browser{
			contentType: []string{"text/xml; charset=utf-8"},
			caching:     []string{"private" + strings.TrimPrefix(s.caching[0], "public")},
			vary:        []string{"Accept-Encoding, Sec-Fetch-Dest"},
			language:    []string{s.header.Language},
		}
	}
}

// A browser shows a document by its stylesheet only as text/xml: Chromium shows application/rss+xml as its source, Firefox
// downloads it. A person's visit (Fetch Metadata, Sec-Fetch-Dest: document) therefore gets the same bytes under another
// name, and for no shared cache, so that readers never meet it.
type browser struct {
	contentType, caching, vary, language []string
}

// linkHeader names the feed's own address and its hub (WebSub, section 4), which subscribers look for here first.
func linkHeader(h header) string {
	address := strings.NewReplacer("<", "%3C", ">", "%3E", " ", "%20").Replace
	self := fmt.Sprintf(`<%s>; rel="self"`, address(h.Self(h.format)))
	if h.Hub == "" {
		return self
	}
	return fmt.Sprintf(`<%s>; rel="hub", %s`, address(h.Hub), self)
}

// text is the document without compression; it is kept from then on.
func (s *Snapshot) text() ([]byte, error) {
	if made := s.unzipped.Load(); made != nil {
		return *made, nil
	}
	body, err := s.read(-1)
	if err != nil {
		return nil, err
	}
	s.unzipped.CompareAndSwap(nil, &body)
	return *s.unzipped.Load(), nil
}

// read unzips the first n bytes of the document, all of it if n is negative.
func (s *Snapshot) read(n int) ([]byte, error) {
	if made := s.unzipped.Load(); made != nil {
		if n < 0 {
			return *made, nil
		}
		return (*made)[:n], nil
	}
	if n < 0 {
		n, _ = strconv.Atoi(s.plain.length[0])
	}
	body := make([]byte, n)
	if err := unzip(s.zipped, body); err != nil {
		return nil, fmt.Errorf("unzip %s of %q: %w", s.header.format.Label, s.header.Title, err)
	}
	return body, nil
}

// size is roughly what the snapshot costs in memory.
func (s *Snapshot) size() int {
	n := len(s.zipped) + int(s.spent.Load()) + 32*len(s.pieces) + 2048
	if made := s.unzipped.Load(); made != nil {
		n += len(*made)
	}
	return n
}
