package feeds

import "strings"

// What an If-None-Match header says about a document.
const (
	matchNone = iota
	matchPlain
	matchGzip
	matchAny // *
)

// matchTags compares the entity tags of If-None-Match with the hash of a document, weakly (RFC 9110, section 13.1.2).
// Either encoding's tag is known, with or without W/, quotes, and the suffixes that proxies add when they compress. The
// number of the change does not count: where the content is equal, another node may only have seen it under another.
func matchTags(lines []string, hash string) int {
	for _, list := range lines {
		for list != "" {
			var tag string
			tag, list = nextTag(list)
			if tag == "*" {
				return matchAny
			}
			_, rest, ok := cutVersion(tag)
			if !ok {
				continue
			}
			if rest, ok = strings.CutPrefix(rest, hash); ok {
				switch rest {
				case "", "-gzip", "--gzip", ";gzip", "-br", "--br", ";br", "-zstd":
					return matchPlain
				case "-gz", "-gz-gzip", "-gz--gzip", "-gz;gzip":
					return matchGzip
				}
			}
		}
	}
	return matchNone
}

// cutVersion reads the version at the start of one of our tags ("42.0badcafe-"), and returns what follows.
func cutVersion(tag string) (v Version, rest string, ok bool) {
	number, rest, ok := strings.Cut(tag, "-")
	change, mark, dot := strings.Cut(number, ".")
	if !ok || !dot || change == "" || len(change) > 18 || len(mark) != 8 {
		return Version{}, "", false
	}
	for _, c := range []byte(change) {
		if c < '0' || c > '9' {
			return Version{}, "", false
		}
		v.Change = v.Change*10 + int64(c-'0')
	}
	for _, c := range []byte(mark) {
		digit := strings.IndexByte("0123456789abcdef", c)
		if digit < 0 {
			return Version{}, "", false
		}
		v.Mark = v.Mark<<4 | uint32(digit)
	}
	return v, rest, true
}

// nextTag cuts the first entity tag from a list, without W/ and quotes. A comma inside quotes belongs to the tag.
func nextTag(list string) (tag, rest string) {
	list = strings.TrimLeft(list, ", \t")
	list = strings.TrimPrefix(list, "W/")
	if quoted, ok := strings.CutPrefix(list, `"`); ok {
		if tag, rest, ok = strings.Cut(quoted, `"`); ok {
			_, rest, _ = strings.Cut(rest, ",")
			return tag, rest
		}
	}
	tag, rest, _ = strings.Cut(list, ",")
	return strings.Trim(tag, "\" \t"), rest
}

// takesDeltas reports whether A-IM (RFC 3229, section 10.5.3) takes the instance manipulation "feed".
func takesDeltas(lines []string) bool {
	for _, list := range lines {
		for list != "" {
			var one string
			one, list, _ = strings.Cut(list, ",")
			name, params, _ := strings.Cut(one, ";")
			if strings.EqualFold(strings.Trim(name, " \t"), "feed") {
				return !isZero(params)
			}
		}
	}
	return false
}

// acceptsGzip reports whether Accept-Encoding takes gzip (RFC 9110, section 12.5.3): gzip, x-gzip or * without q=0.
// What names gzip itself counts more than *.
func acceptsGzip(lines []string) bool {
	any := false
	for _, list := range lines {
		for list != "" {
			var one string
			one, list, _ = strings.Cut(list, ",")
			name, params, _ := strings.Cut(one, ";")
			switch name = strings.Trim(name, " \t"); {
			case strings.EqualFold(name, "gzip"), strings.EqualFold(name, "x-gzip"):
				return !isZero(params)
			case name == "*":
				any = !isZero(params)
			}
		}
	}
	return any
}

// isZero reports whether the parameters hold a weight of zero: q=0, q=0.0, q=0.00, q=0.000.
func isZero(params string) bool {
	for params != "" {
		var one string
		one, params, _ = strings.Cut(params, ";")
		key, value, _ := strings.Cut(strings.Trim(one, " \t"), "=")
		if strings.EqualFold(strings.TrimRight(key, " \t"), "q") {
			value = strings.TrimLeft(value, " \t")
			return strings.HasPrefix(value, "0") && strings.Trim(value, "0.") == ""
		}
	}
	return false
}
