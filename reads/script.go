package reads

import (
	_ "embed"
	"strconv"
	"strings"
	"time"
)

//go:embed beacon.js
var beacon string

// Script is the page script, less than 1 KB. A page loads it as
//
//	<script src="/a.js" data-beacon="/a/123" data-token="…" defer></script>
//
// with the article's [Counter.Token]. Once the article has been visible for MinVisible, in one piece or in several, the
// script posts the token and where the visitor came from to the beacon's address, once. An automated browser says that it is one,
// and a page that is only rendered ahead waits. It sets and reads nothing on the visitor's device. The
// Content-Security-Policy must allow script-src 'self' and connect-src 'self'.
func (c *Counter) Script() []byte { return c.timed(ownScript) }

// ScriptElsewhere is the script for the pages of the sites that live elsewhere, the same but for two things: it has the site's
// token of the day in it, so it may lie in a cache for an hour or so, and it posts the address of the page to an address of
// ours, which is absolute. It is nil where there are no such sites, or nothing is counted.
//
// It uses fetch and not sendBeacon: a page with a strict Referrer-Policy would send its beacon with "Origin: null", and so could not be
// told from any other.
func (c *Counter) ScriptElsewhere(address string, now time.Time) []byte {
	if !c.CountsElsewhere() {
		return nil
	}
	script := strings.Replace(elsewhereScript, "TOKEN", c.siteToken(dayOf(now)), 1)
	return c.timed(strings.Replace(script, `"ADDRESS"`, strconv.Quote(address), 1))
}

func (c *Counter) timed(script string) []byte {
	return []byte(strings.Replace(script, "5000", strconv.FormatInt(c.options.MinVisible.Milliseconds(), 10), 1))
}

var (
	ownScript       = minified("elsewhere")
	elsewhereScript = minified("own")
)

// tight leaves out spaces that no text of the script has.
var tight = strings.NewReplacer(", ", ",", ": ", ":", " = ", "=", " -= ", "-=", " == ", "==", " => ", "=>", " + ", "+", " ? ", "?", " : ", ":", " && ", "&&", " || ", "||", ") {", "){", "if (", "if(")

// minified is the script without the lines marked with the word, and without comments and spaces, which are for people.
func minified(without string) string {
	var b strings.Builder
	for line := range strings.Lines(beacon) {
		code, mark, _ := strings.Cut(strings.TrimSpace(line), "// ")
		if mark != without {
			b.WriteString(tight.Replace(strings.TrimSpace(code)))
		}
	}
	return b.String()
}
