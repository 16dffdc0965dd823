package reads

import (
	_ "embed"
	"strconv"
	"strings"
)

//go:embed beacon.js
var beacon string

// Script is the page script, less than 1 KB. A page loads it as
//
//	<script src="/a.js" data-beacon="/a/123" data-token="…" defer></script>
//
// with the article's [Counter.Token]. Once the article has been visible for MinVisible, in one piece or in several, the
// script posts the token and where the visitor came from to the beacon's address, once. It does nothing in automated
// browsers, and waits while a page is only rendered ahead. It sets and reads nothing on the visitor's device. The
// Content-Security-Policy must allow script-src 'self' and connect-src 'self'.
func (c *Counter) Script() []byte {
	return []byte(strings.Replace(minified, "5000", strconv.FormatInt(c.options.MinVisible.Milliseconds(), 10), 1))
}

// minified is the script without its comments and indentation, which are for people.
var minified = func() string {
	var b strings.Builder
	for line := range strings.Lines(beacon) {
		if line = strings.TrimSpace(line); !strings.HasPrefix(line, "//") {
			b.WriteString(line)
		}
	}
	return b.String()
}()
