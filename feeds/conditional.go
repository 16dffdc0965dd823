package feeds

import "strings"

// What an If-None-Match header says about a document.
const (
	matchNone = iota
	matchPlain
	matchGzip
	matchAny // *
)

// matchTags compares the entity tags of If-None-Match with a version, weakly (RFC 9110, section 13.1.2). Either
// encoding's tag is known, with or without W/, quotes, and the suffixes that proxies add when they compress.
func matchTags(lines []string, version string) int {
	for _, list := range lines {
		for list != "" {
			var tag string
			tag, list = nextTag(list)
			if tag == "*" {
				return matchAny
			}
			if rest, ok := strings.CutPrefix(tag, version); ok {
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
