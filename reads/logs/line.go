package logs

import (
	"bytes"
	"net/netip"
	"time"
)

// A line of an access log, as slices of its bytes; what is not said is empty.
type line struct {
	time      int64 // Unix seconds
	status    int
	address   []byte
	forwarded []byte // X-Forwarded-For
	host      []byte
	method    []byte
	target    []byte // path and query
	agent     []byte
	referrer  []byte
	language  []byte // Accept-Language
	dest      []byte // Sec-Fetch-Dest
	purpose   []byte // Sec-Purpose and its older names
	refuses   bool   // Sec-GPC or DNT
	negative  bool   // a size below zero: the line cannot be trusted
}

// A parser reads lines of the combined format (also with the virtual host before it or X-Forwarded-For behind it), and of the JSON
// that Caddy and nginx write. It remembers the last date, which nearly always is that of the next line, too.
type parser struct {
	line
	date    [11]byte // as 24/Nov/2026
	dateSec int64    // its midnight, as if it were UTC
}

// parse reads one line without its end. If it is not ok, the line's fields mean nothing.
func (p *parser) parse(b []byte) (ok bool) {
	p.line = line{}
	b = bytes.TrimSpace(b)
	if len(b) > 0 && b[0] == '{' {
		ok = p.json(b)
	} else {
		ok = p.combined(b)
	}
	return ok && !p.negative && p.time != 0 && p.status != 0 && len(p.address) > 0
}

// combined reads: address identity user [time] "request" status size "referrer" "agent" "forwarded for".
func (p *parser) combined(b []byte) bool {
	open := bytes.Index(b, []byte(" ["))
	if open < 0 || len(b) < open+2+26+3 || b[open+28] != ']' || b[open+29] != ' ' {
		return false
	}
	p.from(b[:open])
	if p.time, _ = p.clock(b[open+2 : open+28]); p.time == 0 {
		return false
	}
	request, b, ok := quoted(b[open+30:])
	if !ok {
		return false
	}
	status, b := word(b)
	size, b := word(b)
	if p.status = statusOf(status); p.status == 0 || !isSize(size) {
		return false
	}
	p.request(request)
	for _, field := range []*[]byte{&p.referrer, &p.agent, &p.forwarded} {
		if *field, b, ok = quoted(b); !ok {
			break // the common format ends with the size, and what follows after the agent is everybody's own
		}
		if len(*field) == 1 && (*field)[0] == '-' {
			*field = nil
		}
	}
	return true
}

// from reads what stands before the time: the address, or the virtual host and the address.
func (p *parser) from(b []byte) {
	first, rest := word(b)
	second, _ := word(rest)
	p.address = first
	if len(second) > 2 && (second[0] >= '0' && second[0] <= '9' || bytes.IndexByte(second, ':') >= 0) {
		if _, err := netip.ParseAddr(string(second)); err == nil {
			p.host, p.address = first, second
		}
	}
}

// request reads "GET /path HTTP/1.1". Something else leaves the method empty, and is not counted for that.
func (p *parser) request(b []byte) {
	method, rest := word(b)
	target, version := word(rest)
	if len(version) > 0 && !bytes.HasPrefix(version, []byte("HTTP/")) {
		return
	}
	p.method, p.target = method, target
}

// word returns what comes before the next space, and what comes after it.
func word(b []byte) (first, rest []byte) {
	if i := bytes.IndexByte(b, ' '); i >= 0 {
		return b[:i], b[i+1:]
	}
	return b, nil
}

// quoted returns the text between the quotation marks with which b begins, and what comes after them and a space.
func quoted(b []byte) (value, rest []byte, ok bool) {
	if len(b) < 2 || b[0] != '"' {
		return nil, b, false
	}
	for i := 1; ; i++ {
		next := bytes.IndexByte(b[i:], '"')
		if next < 0 {
			return nil, b, false
		}
		if i += next; !escaped(b[1:i]) {
			value, rest = b[1:i], b[i+1:]
			break
		}
	}
	if bytes.IndexByte(value, '\\') >= 0 {
		value = unescape(value)
	}
	return value, bytes.TrimPrefix(rest, []byte(" ")), true
}

// escaped reports whether the character after b has a backslash before it that is not itself escaped.
func escaped(b []byte) bool {
	n := 0
	for n < len(b) && b[len(b)-1-n] == '\\' {
		n++
	}
	return n%2 == 1
}

// unescape undoes what Apache and nginx do to bytes that would be taken for something else: \" \\ \x22.
func unescape(b []byte) []byte {
	plain := make([]byte, 0, len(b))
	for i := 0; i < len(b); i++ {
		switch {
		case b[i] != '\\' || i+1 == len(b):
			plain = append(plain, b[i])
		case b[i+1] == 'x' && i+3 < len(b) && nibble(b[i+2]) < 16 && nibble(b[i+3]) < 16:
			plain = append(plain, nibble(b[i+2])<<4|nibble(b[i+3]))
			i += 3
		default:
			plain = append(plain, b[i+1])
			i++
		}
	}
	return plain
}

// nibble is the value of a hexadecimal digit, 16 for anything else.
func nibble(c byte) byte {
	switch {
	case c >= '0' && c <= '9':
		return c - '0'
	case c >= 'a' && c <= 'f':
		return c - 'a' + 10
	case c >= 'A' && c <= 'F':
		return c - 'A' + 10
	}
	return 16
}

// statusOf is the number of an HTTP status, 0 for what is none.
func statusOf(b []byte) int {
	n, ok := digits(b)
	if !ok || len(b) != 3 {
		return 0
	}
	return n
}

// isSize accepts a count of bytes, and the "-" that stands for none.
func isSize(b []byte) bool {
	if len(b) == 1 && b[0] == '-' {
		return true
	}
	_, ok := digits(b)
	return ok
}

// digits is a number of 1 to 18 digits and nothing else.
func digits(b []byte) (n int, ok bool) {
	if len(b) == 0 || len(b) > 18 {
		return 0, false
	}
	for _, c := range b {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = 10*n + int(c-'0')
	}
	return n, true
}

// clock reads a time as 24/Nov/2026:10:12:13 +1100.
func (p *parser) clock(b []byte) (sec int64, ok bool) {
	if len(b) != 26 || b[11] != ':' || b[14] != ':' || b[17] != ':' || b[20] != ' ' {
		return 0, false
	}
	if !bytes.Equal(p.date[:], b[:11]) {
		day, err := time.Parse("02/Jan/2006", string(b[:11]))
		if err != nil {
			return 0, false
		}
		copy(p.date[:], b)
		p.dateSec = day.Unix()
	}
	hour, ok1 := digits(b[12:14])
	minute, ok2 := digits(b[15:17])
	second, ok3 := digits(b[18:20])
	zoneHour, ok4 := digits(b[22:24])
	zoneMinute, ok5 := digits(b[24:26])
	if !(ok1 && ok2 && ok3 && ok4 && ok5) || hour > 23 || minute > 59 || second > 60 || zoneHour > 15 || zoneMinute > 59 {
		return 0, false
	}
	east := int64(zoneHour*3600 + zoneMinute*60)
	switch b[21] {
	case '-':
		east = -east
	case '+':
	default:
		return 0, false
	}
	return p.dateSec + int64(hour*3600+minute*60+second) - east, true
}
