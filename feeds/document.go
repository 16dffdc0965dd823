package feeds

import (
	"bytes"
	"crypto/sha256"
	"encoding/base32"
	"fmt"
	"io"
	"strings"
)

// A setting is all that an item's fragment takes from its feed: feeds of one setting share their fragments.
type setting struct {
	format   string
	language string
	summary  bool
}

func (format Format) setting(f Feed) setting {
	return setting{format: format.Name, language: line(f.Language), summary: f.Summary}
}

// A fragment is one item as it stands in a document. It never changes.
type fragment struct {
	id     string
	name   uint64 // of its key, to find it again in a document; 0: it is not looked for
	change int64
	body   []byte // nil: the format has no place for the item
	hash   [sha256.Size]byte
}

// fragment renders one item and checks what came out.
func (format Format) fragment(i Item, s setting) (*fragment, error) {
	if i.Bare {
		return nil, fmt.Errorf("item %s: only its outline was loaded", i.ID)
	}
	i = i.tidy(s)
	if i.ID == "" {
		return nil, fmt.Errorf("item %q has no id", i.Title)
	}
	body, err := format.item(i, s)
	if err == nil && body != nil {
		err = format.check(body)
	}
	if err != nil {
		return nil, fmt.Errorf("item %s (%q): %w", i.ID, i.Title, err)
	}
	return &fragment{id: i.ID, change: i.Change, body: body, hash: sha256.Sum256(body)}, nil
}

// A document is a feed in one format, in its parts.
type document struct {
	header
	head  []byte
	items []*fragment
	hash  string // of all parts
}

// compose renders a feed whose items are whole.
func (format Format) compose(f Feed) (*document, error) {
	made := make([]*fragment, len(f.Items))
	for n, i := range f.Items {
		var err error
		if made[n], err = format.fragment(i, format.setting(f)); err != nil {
			return nil, err
		}
	}
	return format.document(f, made)
}

// document puts the fragments of f.Items, made in this order, below a new head. It refuses two items with one id:
// readers would show both anew with every poll.
func (format Format) document(f Feed, made []*fragment) (*document, error) {
	d := &document{}
	seen := make(map[string]bool, len(made))
	var placed []Item
	for n, part := range made {
		if part.body == nil {
			continue
		}
		if seen[part.id] {
			return nil, fmt.Errorf("two items have the id %s", part.id)
		}
		seen[part.id] = true
		d.items, placed = append(d.items, part), append(placed, f.Items[n])
	}
	f.Items = placed
	var err error
	if d.header, err = f.header(format); err != nil {
		return nil, err
	}
	if d.head, err = d.header.head(); err != nil {
		return nil, err
	}
	d.hash = d.sum()
	return d, nil
}

// head renders and checks what stands before the items.
func (h header) head() ([]byte, error) {
	doc, err := h.format.head(h)
	if err == nil {
		err = h.format.check(doc)
	}
	if err != nil {
		return nil, fmt.Errorf("the head: %w", err)
	}
	head, ok := bytes.CutSuffix(doc, []byte(h.format.foot))
	if !ok {
		return nil, fmt.Errorf("the head does not end with %q, so items have no place in it", h.format.foot)
	}
	return head, nil
}

// sum is the hash of the whole content, made from the hashes of its parts: 80 bits, as tags show it.
func (d *document) sum() string {
	h := sha256.New()
	h.Write(d.head) // a hash does not fail
	for _, part := range d.items {
		h.Write(part.hash[:])
	}
	return strings.ToLower(base32.StdEncoding.EncodeToString(h.Sum(nil)[:10]))
}

// A piece says where an item stands in a document.
type piece struct {
	start, end int
	change     int64
	name       uint64 // of the item's fragment
}

// writeTo writes the document and returns where each item stands in it, and how many bytes it has.
func (d *document) writeTo(w io.Writer) ([]piece, int, error) {
	pieces := make([]piece, len(d.items))
	var err error
	length := 0
	put := func(b []byte) {
		if err == nil {
			_, err = w.Write(b)
		}
		length += len(b)
	}
	put(d.head)
	for n, part := range d.items {
		if n > 0 {
			put([]byte(d.format.comma))
		}
		start := length
		put(part.body)
		pieces[n] = piece{start, length, part.change, part.name}
	}
	put([]byte(d.format.foot))
	return pieces, length, err
}

func (d *document) bytes() []byte {
	var b bytes.Buffer
	d.writeTo(&b) // a bytes.Buffer does not fail
	return b.Bytes()
}
