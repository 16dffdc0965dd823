package logs

import (
	"bytes"
	"encoding/json"
	"math"
	"strconv"
	"time"
)

// Where in a line's JSON a field stands.
type level int

const (
	top     level = iota // the line's own object; nginx writes all there, under names that its configuration chooses
	request              // Caddy's "request", with the same names
	headers              // Caddy's "headers": lists of texts
	other                // all that is passed over
)

const deepest = 16 // objects within each other

// A scanner walks through the JSON of a line. It reads what encoding/json would, without making anything of it.
type scanner struct {
	b []byte
	i int
	p *parser
}

// json reads a line of Caddy's or of nginx'.
func (p *parser) json(b []byte) bool {
	s := scanner{b: b, p: p}
	return s.object(top, 0) && s.skip() == 0
}

// skip passes over white space and returns the next character, 0 at the end.
func (s *scanner) skip() byte {
	for s.i < len(s.b) {
		switch c := s.b[s.i]; c {
		case ' ', '\t', '\r', '\n':
			s.i++
		case 0:
			return 1 // is not the end
		default:
			return c
		}
	}
	return 0
}

// next passes over white space and the wanted character.
func (s *scanner) next(want byte) bool {
	if s.skip() != want {
		return false
	}
	s.i++
	return true
}

func (s *scanner) object(l level, depth int) bool {
	if depth > deepest || !s.next('{') {
		return false
	}
	if s.next('}') {
		return true
	}
	for {
		key, ok := s.text()
		if !ok || !s.next(':') || !s.value(l, key, depth) {
			return false
		}
		if s.next('}') {
			return true
		}
		if !s.next(',') {
			return false
		}
	}
}

func (s *scanner) value(l level, key []byte, depth int) bool {
	switch s.skip() {
	case '"':
		v, ok := s.text()
		return ok && s.p.field(l, key, v)
	case '{':
		return s.object(below(l, key), depth+1)
	case '[':
		return s.list(l, key, depth+1)
	}
	v, ok := s.literal()
	return ok && s.p.field(l, key, v)
}

func below(l level, key []byte) level {
	switch {
	case l == top && string(key) == "request":
		return request
	case l == request && string(key) == "headers":
		return headers
	}
	return other
}

// list reads a list; of a header, the last value counts, of which there is one as a rule.
func (s *scanner) list(l level, key []byte, depth int) bool {
	if l != headers {
		l = other
	}
	if depth > deepest || !s.next('[') {
		return false
	}
	if s.next(']') {
		return true
	}
	for s.value(l, key, depth) {
		if s.next(']') {
			return true
		}
		if !s.next(',') {
			return false
		}
	}
	return false
}

// text reads a text. Only one with backslashes is made anew.
func (s *scanner) text() (v []byte, ok bool) {
	if s.skip() != '"' {
		return nil, false
	}
	start := s.i
	for i := start + 1; ; i++ {
		next := bytes.IndexByte(s.b[i:], '"')
		if next < 0 {
			return nil, false
		}
		if i += next; !escaped(s.b[start+1 : i]) {
			s.i = i + 1
			break
		}
	}
	v = s.b[start+1 : s.i-1]
	if bytes.IndexByte(v, '\\') < 0 {
		return v, true
	}
	var plain string
	if json.Unmarshal(s.b[start:s.i], &plain) != nil {
		return nil, false
	}
	return []byte(plain), true
}

// literal reads a number, true, false or null; null and what is none of them is passed over by field.
func (s *scanner) literal() (v []byte, ok bool) {
	start := s.i
	for s.i < len(s.b) && !endsLiteral(s.b[s.i]) {
		s.i++
	}
	v = s.b[start:s.i]
	switch string(v) {
	case "true", "false":
		return v, true
	case "null":
		return nil, true
	}
	return v, len(v) > 0 && (v[0] == '-' || v[0] >= '0' && v[0] <= '9') && json.Valid(v)
}

func endsLiteral(c byte) bool {
	return c == ',' || c == ']' || c == '}' || c == ' ' || c == '\t' || c == '\r' || c == '\n'
}

// field takes over what the line says. It is not ok if that cannot be.
func (p *parser) field(l level, key, v []byte) bool {
	if len(v) == 0 || len(v) == 1 && v[0] == '-' || l == other {
		return true
	}
	if l == headers {
		p.header(key, v)
		return true
	}
	switch string(key) {
	case "time_iso8601", "time_local", "time", "timestamp", "@timestamp", "ts", "msec":
		return p.when(v)
	case "status":
		p.status = statusOf(v)
		return p.status != 0
	case "body_bytes_sent", "bytes_sent", "size", "bytes":
		p.negative = p.negative || v[0] == '-'
	case "request":
		p.request(v)
	case "client_ip":
		p.address = v
	case "remote_ip", "remote_addr":
		if len(p.address) == 0 {
			p.address = v
		}
	default:
		p.name(key, v)
	}
	return true
}

// name takes over the fields that need no look.
func (p *parser) name(key, v []byte) {
	switch string(key) {
	case "request_method", "method":
		p.method = v
	case "request_uri":
		p.target = v
	case "uri":
		if len(p.target) == 0 { // nginx' $uri has no query, $request_uri has it
			p.target = v
		}
	case "host", "http_host":
		p.host = v
	case "server_name", "vhost":
		if len(p.host) == 0 {
			p.host = v
		}
	case "http_user_agent", "user_agent":
		p.agent = v
	case "http_referer", "referer", "http_referrer", "referrer":
		p.referrer = v
	case "http_accept_language":
		p.language = v
	case "http_x_forwarded_for":
		p.forwarded = v
	case "http_sec_fetch_dest":
		p.dest = v
	case "http_sec_purpose", "http_purpose", "http_x_purpose", "http_x_moz":
		p.purpose = v
	case "http_sec_gpc", "http_dnt":
		p.refuses = p.refuses || string(v) == "1"
	}
}

func (p *parser) header(key, v []byte) {
	switch string(key) {
	case "User-Agent":
		p.agent = v
	case "Referer":
		p.referrer = v
	case "Accept-Language":
		p.language = v
	case "X-Forwarded-For":
		p.forwarded = v
	case "Sec-Fetch-Dest":
		p.dest = v
	case "Sec-Purpose", "Purpose", "X-Purpose", "X-Moz":
		p.purpose = v
	case "Sec-Gpc", "Dnt":
		p.refuses = p.refuses || string(v) == "1"
	}
}

// when reads a time: seconds since 1970 with or without a fraction, milliseconds, RFC 3339, or as in the combined format.
// A line may say it several times; all must be times, and the last counts.
func (p *parser) when(v []byte) bool {
	if sec, ok := p.clock(v); ok {
		p.time = sec
		return true
	}
	if len(v) > 10 && v[4] == '-' {
		for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05Z0700"} {
			if t, err := time.Parse(layout, string(v)); err == nil {
				p.time = t.Unix()
				return true
			}
		}
		return false
	}
	sec, err := strconv.ParseFloat(string(v), 64)
	if err != nil || !(sec >= 0 && sec < 1e15) {
		return false
	}
	if sec >= 1e11 { // the year 5138, so these are milliseconds
		sec /= 1000
	}
	p.time = int64(math.Floor(sec))
	return true
}
