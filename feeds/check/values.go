package check

import (
	"encoding/json"
	"errors"
	"io"
	"strconv"
	"strings"
	"unicode/utf16"
)

// A value is a JSON value with its line.
type value struct {
	kind    string // string | number | bool | null | array | object
	text    string // of a string or number
	line    int    // where it begins
	keyLine int    // where its key stands, for a value of an object
	names   []string
	kids    []*value
	open    bool // the document ends inside it
}

// get is the value under a key, nil for none. Of several the last counts, as in most readers.
func (v *value) get(name string) *value {
	for i := len(v.names) - 1; i >= 0; i-- {
		if v.names[i] == name {
			return v.kids[i]
		}
	}
	return nil
}

// A scanner makes the tree of a JSON document. encoding/json finds the tokens and the faults; the scanner counts lines.
type scanner struct {
	c        *checker
	text     string
	decoder  *json.Decoder
	at, line int // how far lines are counted
	count    int
}

var errStop = errors.New("enough")

// values reads the document; nil if there is nothing to judge. What stands before a fault is judged.
func (c *checker) values(text string) *value {
	s := &scanner{c: c, text: text, line: 1, decoder: json.NewDecoder(strings.NewReader(text))}
	s.decoder.UseNumber()
	root, err := s.value(0)
	if err == nil {
		if _, more := s.token(); more != io.EOF {
			err = errors.New("there is more after the end")
		}
	}
	if err != nil && err != errStop {
		s.fault(err)
	}
	return root
}

func (s *scanner) fault(err error) {
	off := int(s.decoder.InputOffset())
	off += len(s.text[off:]) - len(strings.TrimLeft(s.text[off:], " \t\n"))
	s.lines(min(off, len(s.text)))
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		err = errors.New("the document ends too early")
	}
	s.c.found(s.line, "json-syntax", "%s", short(err.Error()))
}

func (s *scanner) lines(off int) {
	if off > s.at {
		s.line += strings.Count(s.text[s.at:off], "\n")
		s.at = off
	}
}

// token reads one token and looks at how its characters are escaped.
func (s *scanner) token() (json.Token, error) {
	start := int(s.decoder.InputOffset())
	t, err := s.decoder.Token()
	if err != nil {
		return nil, err
	}
	end := int(s.decoder.InputOffset())
	s.lines(end)
	if _, ok := t.(string); ok {
		s.escapes(s.text[start:end])
	}
	return t, nil
}

func (s *scanner) value(depth int) (*value, error) {
	t, err := s.token()
	if err != nil {
		return nil, err
	}
	return s.build(t, depth)
}

// build makes a value of the token that begins it. A value that is not read to its end is returned with the error.
func (s *scanner) build(t json.Token, depth int) (*value, error) {
	v := &value{line: s.line}
	switch t := t.(type) {
	case string:
		v.kind, v.text = "string", t
	case json.Number:
		v.kind, v.text = "number", t.String()
	case bool:
		v.kind = "bool"
	case nil:
		v.kind = "null"
	case json.Delim:
		if v.kind = "array"; t == '{' {
			v.kind = "object"
		}
		err := s.fill(v, depth+1)
		v.open = err != nil
		return v, err
	}
	return v, nil
}

// fill reads the values of an array or object.
func (s *scanner) fill(v *value, depth int) error {
	for {
		t, err := s.token()
		if err != nil || t == json.Delim(']') || t == json.Delim('}') {
			return err
		}
		if err := s.bounds(depth); err != nil {
			return err
		}
		line := s.line
		if v.kind == "object" {
			name, _ := t.(string)
			if t, err = s.token(); err != nil {
				return err
			}
			v.names = append(v.names, name)
		}
		kid, err := s.build(t, depth)
		kid.keyLine = line
		if v.kids = append(v.kids, kid); err != nil {
			return err
		}
	}
}

// bounds stops the reading of what is nested too deep or has too many values.
func (s *scanner) bounds(depth int) error {
	s.count++
	switch {
	case depth > maxDepth:
		s.c.found(s.line, "too-deep", "")
	case s.count > maxNodes:
		s.c.found(s.line, "too-many-elements", "")
	default:
		return nil
	}
	return errStop
}

// escapes looks for references to what is no character: halves of a pair, and what XML could not hold.
func (s *scanner) escapes(raw string) {
	for {
		i := strings.IndexByte(raw, '\\')
		if i < 0 || i+1 >= len(raw) {
			return
		}
		raw = raw[i:]
		if raw[1] != 'u' || len(raw) < 6 {
			raw = raw[2:]
			continue
		}
		code, next := escaped(raw), 6
		if utf16.IsSurrogate(code) && len(raw) >= 12 && raw[6] == '\\' && raw[7] == 'u' {
			if pair := utf16.DecodeRune(code, escaped(raw[6:])); pair != 0xFFFD {
				code, next = pair, 12
			}
		}
		if !legal(code) {
			s.c.found(s.line, "illegal-reference", "%s", raw[:next])
		}
		raw = raw[next:]
	}
}

func escaped(raw string) rune {
	n, err := strconv.ParseUint(raw[2:6], 16, 32)
	if err != nil {
		return 0xFFFD
	}
	return rune(n)
}
