package sheets

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"

	"golang.org/x/net/html/charset"
	"golang.org/x/text/transform"

	"vestnik/language"
)

// sampleBytes is how many bytes beyond ASCII are looked at to tell old encodings apart.
const sampleBytes = 1 << 16

type found struct {
	hash, encoding string
	size           int64
}

// A survey goes once through a file.
type surveyor struct {
	start     []byte // the first bytes
	rest      []byte // of a character that the chunk before cut in half
	good, bad int    // characters of several bytes, and bytes that are none
	old       []byte // some bytes as an old encoding would have for letters
}

func survey(r io.Reader) (found, error) {
	sum, buf := sha256.New(), make([]byte, 1<<16)
	var f found
	var s surveyor
	for {
		n, err := r.Read(buf)
		sum.Write(buf[:n])
		f.size += int64(n)
		s.look(buf[:n])
		if errors.Is(err, io.EOF) {
			s.bad += len(s.rest)
			f.hash, f.encoding = hex.EncodeToString(sum.Sum(nil)), s.encoding()
			return f, nil
		}
		if err != nil {
			return f, err
		}
	}
}

func (s *surveyor) look(chunk []byte) {
	if n := 1024 - len(s.start); n > 0 {
		s.start = append(s.start, chunk[:min(n, len(chunk))]...)
	}
	if len(s.rest) > 0 {
		chunk = append(s.rest, chunk...)
	}
	whole := len(chunk)
	for i := 1; i < utf8.UTFMax && i <= len(chunk); i++ {
		if b := chunk[len(chunk)-i]; utf8.RuneStart(b) {
			if !utf8.FullRune(chunk[len(chunk)-i:]) {
				whole = len(chunk) - i
			}
			break
		}
	}
	s.rest = bytes.Clone(chunk[whole:])
	s.count(chunk[:whole])
}

func (s *surveyor) count(text []byte) {
	if s.bad == 0 && s.good > 0 && utf8.Valid(text) {
		return // one character beyond ASCII is enough where nothing is wrong
	}
	for i := 0; i < len(text); {
		if text[i] < utf8.RuneSelf {
			i++
			continue
		}
		r, size := utf8.DecodeRune(text[i:])
		if r == utf8.RuneError && size == 1 {
			s.bad++
		} else {
			s.good++
		}
		for _, b := range text[i : i+size] {
			if b >= 0xC0 && len(s.old) < sampleBytes {
				s.old = append(s.old, b)
			}
		}
		i += size
	}
}

// encoding is what the file is in: a byte order mark decides, then zero bytes, which text has in UTF-16 alone; and no Cyrillic
// text in an old encoding is mostly good UTF-8 by chance.
func (s *surveyor) encoding() string {
	switch {
	case bytes.HasPrefix(s.start, []byte("\xEF\xBB\xBF")):
		return "utf-8"
	case bytes.HasPrefix(s.start, []byte("\xFF\xFE")):
		return "utf-16le"
	case bytes.HasPrefix(s.start, []byte("\xFE\xFF")):
		return "utf-16be"
	}
	var zeros [2]int
	for i, b := range s.start {
		if b == 0 {
			zeros[i%2]++
		}
	}
	switch many := len(s.start) / 8; {
	case zeros[1] > many && zeros[1] > 4*zeros[0]:
		return "utf-16le"
	case zeros[0] > many && zeros[0] > 4*zeros[1]:
		return "utf-16be"
	case s.bad == 0 || s.good > s.bad:
		return "utf-8"
	}
	return language.RussianCharset(s.old)
}

// decoded makes UTF-8 of r, without a byte order mark. UTF-8 itself passes as it is, so that a broken line can be named.
func decoded(r io.Reader, encoding string) (io.Reader, error) {
	enc, name := charset.Lookup(encoding)
	if enc == nil || name == "replacement" {
		return nil, fmt.Errorf("encoding %q: it is not known; write it as utf-8, utf-16le, windows-1251 or koi8-r", cut(encoding))
	}
	if name != "utf-8" {
		r = transform.NewReader(r, enc.NewDecoder())
	}
	return &unmarked{r: r}, nil
}

// unmarked takes the byte order mark away.
type unmarked struct {
	r     io.Reader
	begun bool
}

func (u *unmarked) Read(p []byte) (int, error) {
	if u.begun || len(p) < 3 {
		return u.r.Read(p)
	}
	u.begun = true
	n, err := io.ReadFull(u.r, p[:3])
	if errors.Is(err, io.ErrUnexpectedEOF) {
		err = nil
	}
	if n == 3 && string(p[:3]) == "\xEF\xBB\xBF" {
		return 0, err
	}
	return n, err
}
