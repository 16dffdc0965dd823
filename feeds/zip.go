package feeds

import (
	"bytes"
	"fmt"
	"io"
	"sync"

	"github.com/klauspost/compress/gzip"
)

// level 6 of this library is five times as fast as the standard library's 9, and 2.5 % larger.
const level = 6

// A writer's tables take a megabyte, so they are used again.
var (
	writers = sync.Pool{New: func() any {
		w, _ := gzip.NewWriterLevel(io.Discard, level) // the only error is a wrong level
		return w
	}}
	readers = sync.Pool{New: func() any { return new(gzip.Reader) }}
)

// zip compresses what write writes. It gives equal bytes for equal input: the gzip header carries no time.
func zip(write func(io.Writer) error) ([]byte, error) {
	var b bytes.Buffer
	w := writers.Get().(*gzip.Writer)
	defer writers.Put(w)
	w.Reset(&b)
	if err := write(w); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return bytes.Clone(b.Bytes()), nil // it is kept, so without the buffer's slack
}

// unzip fills body with the first bytes that zipped holds.
func unzip(zipped, body []byte) error {
	r := readers.Get().(*gzip.Reader)
	defer readers.Put(r)
	if err := r.Reset(bytes.NewReader(zipped)); err != nil {
		return err
	}
	if _, err := io.ReadFull(r, body); err != nil {
		return fmt.Errorf("%d bytes wanted: %w", len(body), err)
	}
	return nil
}
