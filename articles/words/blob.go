package words

import (
	"encoding/binary"
	"errors"
)

// The words of an article are kept as one blob, not as a row of a table each:
//
//	version  one byte, 1
//	terms    sorted by word, to the end; of each
//	    uvarint  bytes that its word has in common with the beginning of the one before
//	    uvarint  bytes of the rest of the word, then these
//	    uvarint  how often it stands in the body, doubled; plus one where it also stands elsewhere, and then follow
//	    uvarint  how often in the title, in the standfirst and in the tags
const (
	blobVersion = 1
	longestWord = 1000 // bytes; 40 characters of four bytes and a mark are the most that package language gives
)

var errBlob = errors.New("the stored words are damaged; restore a backup, or let articles.Reindex make them anew")

func encode(terms []Term) []byte {
	blob := make([]byte, 1, 1+12*len(terms))
	blob[0] = blobVersion
	before := ""
	for _, t := range terms {
		common := 0
		for common < min(len(before), len(t.Word)) && before[common] == t.Word[common] {
			common++
		}
		blob = binary.AppendUvarint(blob, uint64(common))
		blob = binary.AppendUvarint(blob, uint64(len(t.Word)-common))
		blob = append(blob, t.Word[common:]...)
		if t.Title|t.Standfirst|t.Tags == 0 {
			blob = binary.AppendUvarint(blob, uint64(t.Body)<<1)
		} else {
			blob = binary.AppendUvarint(blob, uint64(t.Body)<<1|1)
			for _, n := range []int64{t.Title, t.Standfirst, t.Tags} {
				blob = binary.AppendUvarint(blob, uint64(n))
			}
		}
		before = t.Word
	}
	return blob
}

// decode returns the terms of a blob. Sizes are looked at before anything is made of them.
func decode(blob []byte) ([]Term, error) {
	r, err := newReader(blob)
	if err != nil {
		return nil, err
	}
	terms := make([]Term, 0, len(blob)/8)
	for r.next() {
		r.term.Word = string(r.word)
		terms = append(terms, r.term)
	}
	return terms, r.err
}

// decodeOnly is [decode] without the terms that are not wanted; their words are those of the map, so that none is made anew.
func decodeOnly(blob []byte, wanted map[string]string) (terms []Term, err error) {
	r, err := newReader(blob)
	if err != nil {
		return nil, err
	}
	for r.next() {
		if word, ok := wanted[string(r.word)]; ok {
			r.term.Word = word
			terms = append(terms, r.term)
		}
	}
	return terms, r.err
}

// A reader goes through the terms of a blob.
type reader struct {
	rest []byte
	word []byte // of the term read last, valid until the next
	term Term   // without its word
	err  error
}

func newReader(blob []byte) (*reader, error) {
	if len(blob) == 0 || blob[0] != blobVersion {
		return nil, errBlob
	}
	return &reader{rest: blob[1:]}, nil
}

// next reads a term, and reports whether there was one.
func (r *reader) next() bool {
	if len(r.rest) == 0 || r.err != nil {
		return false
	}
	common, length := r.number(), r.number()
	if r.err != nil || common > uint64(len(r.word)) || length > min(uint64(len(r.rest)), longestWord-common) || common+length == 0 {
		r.err = errBlob
		return false
	}
	r.word = append(r.word[:common], r.rest[:length]...)
	r.rest = r.rest[length:]
	body := r.count()
	r.term = Term{Body: body >> 1}
	if body&1 == 1 {
		r.term.Title, r.term.Standfirst, r.term.Tags = r.count(), r.count(), r.count()
	}
	return r.err == nil
}

func (r *reader) number() uint64 {
	n, size := binary.Uvarint(r.rest)
	if size <= 0 {
		r.err = errBlob
		return 0
	}
	r.rest = r.rest[size:]
	return n
}

// count is a number that an int64 holds, with room to add some up.
func (r *reader) count() int64 {
	n := r.number()
	if n >= 1<<40 {
		r.err = errBlob
	}
	return int64(n)
}
