package feeds

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// maxDeltas is how many deltas a snapshot keeps: readers who poll at all have one of the last few versions.
const maxDeltas = 16

// A delta is what a reader misses who has an older version (RFC 3229 with the manipulation "feed"): the document with
// only the newer items, and only the newer tombstones.
type delta struct {
	items, gone   int // how many of each
	plain, zipped []byte
	lengths       [2][]string // of plain and zipped
}

// A base is a version of ours that the client says it has.
type base struct {
	Version
	tag string // as the client wrote it
}

// bases reads what If-None-Match holds of our tags with a lower number than change, newest first, at most eight.
func bases(lines []string, change int64) []base {
	var found []base
	for _, list := range lines {
		for list != "" && len(found) < 8 {
			tag, rest := nextTag(list)
			written := strings.Trim(strings.TrimSuffix(list, rest), ", \t")
			list = rest
			if v, hash, ok := cutVersion(tag); ok && hash != "" && v.Change < change {
				found = append(found, base{v, written})
			}
		}
	}
	slices.SortStableFunc(found, func(a, b base) int { return int(min(max(b.Change-a.Change, -1), 1)) })
	return found
}

// delta finds what the client misses, nil if it did not ask for that, or must have the whole document: because we do not
// know its version, as after a backup was restored, or because there is nothing to save.
func (c *Cache) delta(ctx context.Context, key Key, s *Snapshot, r *http.Request) (*delta, string) {
	if !s.header.Deltas || c.load.Known == nil || !takesDeltas(r.Header["A-Im"]) || choke(r.Header["User-Agent"]) {
		return nil, ""
	}
	for _, b := range bases(r.Header["If-None-Match"], s.header.Version.Change) {
		d, kept := s.kept(b.Version)
		if !kept {
			known, err := c.load.Known(ctx, b.Version)
			if err != nil {
				c.log.Warn("a reader's version could not be looked up; it gets the whole feed", "change", b.Change, "error", err)
				return nil, ""
			}
			if !known {
				continue
			}
			if d, err = s.keepDelta(b.Version); err != nil {
				c.alarm("a delta could not be rendered; the whole feed is sent", key, err)
				return nil, ""
			}
		}
		return d, b.tag
	}
	return nil, ""
}

// choke names the readers that ask for deltas and take a 226 for an error: rss2email, up to 3.14 at least, which mostly calls
// itself by the name of its parser, feedparser. It would ask for the same delta for ever and show nothing.
func choke(agents []string) bool {
	for _, agent := range agents {
		if strings.HasPrefix(agent, "feedparser/") || strings.HasPrefix(agent, "rss2email/") {
			return true
		}
	}
	return false
}

func (s *Snapshot) kept(v Version) (*delta, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	d, ok := s.deltas[v]
	return d, ok
}

// keepDelta makes the delta since a version that is known to be ours, and keeps it for the next reader who has that. It is
// nil where the whole document is no larger.
func (s *Snapshot) keepDelta(v Version) (*delta, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	d, err := s.since(v.Change)
	if err != nil {
		return nil, err
	}
	if s.deltas == nil {
		s.deltas = map[Version]*delta{}
	}
	for other := range s.deltas {
		if len(s.deltas) < maxDeltas {
			break
		}
		delete(s.deltas, other)
	}
	s.deltas[v] = d
	spent := 0
	for _, d := range s.deltas { // those that are shared count more than once: it is a bound
		if d != nil {
			spent += len(d.plain) + len(d.zipped)
		}
	}
	s.spent.Store(int64(spent))
	return d, nil
}

// since cuts the items newer than change out of the document: the very bytes that the version holds whose tag they get.
// It returns nil if that is all of them, or would not be smaller.
func (s *Snapshot) since(change int64) (*delta, error) {
	newer, gone := s.newer(change)
	if len(newer) == len(s.pieces) {
		return nil, nil
	}
	for _, d := range s.deltas { // versions between which nothing of this feed changed share one
		if d != nil && d.items == len(newer) && d.gone == len(gone) {
			return d, nil
		}
	}
	body, err := s.cut(newer, gone)
	if err != nil {
		return nil, err
	}
	zipped, err := zip(func(w io.Writer) error { _, err := w.Write(body); return err })
	if err != nil {
		return nil, fmt.Errorf("compress the delta of %q: %w", s.header.Title, err)
	}
	if len(zipped) >= len(s.zipped) {
		return nil, nil
	}
	return &delta{
		items: len(newer), gone: len(gone), plain: body, zipped: zipped,
		lengths: [2][]string{{strconv.Itoa(len(body))}, {strconv.Itoa(len(zipped))}},
	}, nil
}

// newer returns what has come and gone after a change. Only Atom can say what has gone.
func (s *Snapshot) newer(change int64) (items []piece, gone []Deleted) {
	for _, p := range s.pieces {
		if p.change > change {
			items = append(items, p)
		}
	}
	for _, d := range s.header.Deleted {
		if d.Change > change && s.header.format.Name == "atom" {
			gone = append(gone, d)
		}
	}
	return items, gone
}

// cut makes a document of these items only.
func (s *Snapshot) cut(items []piece, gone []Deleted) ([]byte, error) {
	h := s.header
	h.Deleted, h.Complete = gone, false
	head, err := h.head()
	if err != nil {
		return nil, err
	}
	end := 0
	for _, p := range items {
		end = max(end, p.end)
	}
	whole, err := s.read(end) // the newest stand first, so most of it stays compressed
	if err != nil {
		return nil, err
	}
	body := head
	for n, p := range items {
		if n > 0 {
			body = append(body, h.format.comma...)
		}
		body = append(body, whole[p.start:p.end]...)
	}
	return append(body, h.format.foot...), nil
}

// answerDelta writes 226 (RFC 3229, section 10.4.1) with the tag of the whole document that the client then has.
func (s *Snapshot) answerDelta(w http.ResponseWriter, r *http.Request, form *encoded, d *delta, tag string) {
	h := w.Header()
	s.validators(h)
	s.hideDate(r, h)
	body, length := d.plain, d.lengths[0]
	if form == &s.gzip {
		body, length = d.zipped, d.lengths[1]
		h["Content-Encoding"] = form.coding
	}
	h["Etag"], h["Content-Type"], h["Content-Length"], h["Link"] = form.etag, s.contentType, length, s.links
	h["Im"], h["Delta-Base"], h["Access-Control-Expose-Headers"] = []string{"feed"}, []string{tag}, exposed
	h["Cache-Control"] = []string{"no-store, im"} // a cache that does not know RFC 3229 must not give it to others
	h["Vary"] = []string{"A-IM, If-None-Match, Accept-Encoding"}
	w.WriteHeader(http.StatusIMUsed)
	if r.Method == http.MethodGet {
		w.Write(body)
	}
}
