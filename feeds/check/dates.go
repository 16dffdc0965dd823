package check

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// slack is how far the publisher's clock may be ahead of ours.
const slack = 10 * time.Minute

// earliest is before any feed: an older date is a program's zero.
var earliest = time.Date(1990, 1, 1, 0, 0, 0, 0, time.UTC)

var (
	// rfc822 is the form of RFC 822, section 5, and RFC 2822: weekday, day, month, year, hour, minute, second, zone.
	rfc822   = regexp.MustCompile(`^(?:([A-Za-z]+),?\s+)?([0-9]{1,2})\s+([A-Za-z]+)\s+([0-9]{2}|[0-9]{4})\s+([0-9]{1,2}):([0-9]{2})(?::([0-9]{2}))?\s+([+-][0-9]{4}|[A-Za-z]+)$`)
	weekdays = []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}
	months   = []string{"jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"}
	// zones are the names that RFC 822 has, in hours from Greenwich.
	zones = map[string]int{"UT": 0, "GMT": 0, "Z": 0, "EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8, "PDT": -7}

	rfc3339 = regexp.MustCompile(`^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]+)?(?:Z|[+-][0-9]{2}:[0-9]{2})$`)
)

// date822 judges a date of RSS or OPML; zero if it cannot be read.
func (c *checker) date822(n *node) time.Time {
	value := n.value()
	m := rfc822.FindStringSubmatch(value[:min(len(value), 100)])
	var t time.Time
	ok := m != nil
	if ok {
		t, ok = civil(m)
	}
	if !ok {
		c.found(n.line, "rfc822-date", "%s %q", n.local, short(value))
		return time.Time{}
	}
	if len(m[4]) == 2 {
		c.found(n.line, "two-digit-year", "%s %q", n.local, short(value))
	}
	if m[1] != "" && !strings.EqualFold(m[1], weekdays[t.Weekday()]) {
		c.found(n.line, "wrong-weekday", "%s %q, but that is a %s", n.local, short(value), t.Weekday())
	}
	t, ok = inZone(t, m[8])
	if !ok {
		c.found(n.line, "date-zone", "%s %q", n.local, short(value))
	}
	return c.plausible(n.line, n.local, value, t)
}

// civil is the date of a match of rfc822 before its zone; false if there is no such day or hour.
func civil(m []string) (time.Time, bool) {
	number := func(i int) int { n, _ := strconv.Atoi(m[i]); return n }
	year, month := number(4), slices.Index(months, strings.ToLower(m[3]))
	if len(m[4]) == 2 {
		if year += 1900; year < 1970 {
			year += 100
		}
	}
	day, hour, minute, second := number(2), number(5), number(6), number(7)
	t := time.Date(year, time.Month(month+1), day, hour, minute, min(second, 59), 0, time.UTC)
	known := m[1] == "" || slices.Contains(weekdays, strings.ToLower(m[1]))
	return t, known && month >= 0 && t.Day() == day && hour < 24 && minute < 60 && second <= 60
}

// inZone is t as the clock of that zone shows it; false if RFC 822 has no such zone.
func inZone(t time.Time, zone string) (time.Time, bool) {
	if n, err := strconv.Atoi(zone); err == nil {
		return t.Add(-time.Duration(n/100)*time.Hour - time.Duration(n%100)*time.Minute), n%100 < 60 && n/100 < 15
	}
	hours, ok := zones[strings.ToUpper(zone)]
	return t.Add(-time.Duration(hours) * time.Hour), ok
}

// date3339 judges a date of Atom or JSON Feed.
func (c *checker) date3339(line int, what, value string) time.Time {
	t, err := time.Parse(time.RFC3339, value[:min(len(value), 100)])
	if err != nil || !rfc3339.MatchString(value) {
		c.found(line, "rfc3339-date", "%s %q", what, short(value))
		return time.Time{}
	}
	if what == "updated" && t.Unix() == 0 {
		return time.Time{} // Atom wants a date, so this one stands for none
	}
	return c.plausible(line, what, value, t)
}

func (c *checker) nodeDate3339(n *node) { c.date3339(n.line, n.local, n.value()) }

// dateW3C judges a date of a sitemap or of Dublin Core, which may be as short as a year.
func (c *checker) dateW3C(n *node) time.Time {
	value := n.value()
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04Z07:00", "2006-01-02", "2006-01", "2006"} {
		if t, err := time.Parse(layout, value[:min(len(value), 100)]); err == nil {
			return c.plausible(n.line, n.local, value, t)
		}
	}
	c.found(n.line, "w3c-date", "%s %q", n.local, short(value))
	return time.Time{}
}

func (c *checker) plausible(line int, what, value string, t time.Time) time.Time {
	switch {
	case t.Before(earliest):
		c.found(line, "old-date", "%s %q", what, short(value))
	case !c.o.Now.IsZero() && t.After(c.o.Now.Add(slack)):
		c.found(line, "future-date", "%s %q", what, short(value))
	}
	return t
}

// A dating is when an item was published, and the line that says so.
type dating struct {
	at   time.Time
	line int
}

// order wants the newest items first. A list may be in an order of its own, as the most read are; only one that runs from
// old to new throughout is told of.
func (c *checker) order(dates []dating) {
	dates = slices.DeleteFunc(dates, func(d dating) bool { return d.at.IsZero() })
	if len(dates) < 5 || !dates[0].at.Before(dates[len(dates)-1].at) {
		return
	}
	for i := 1; i < len(dates); i++ {
		if dates[i].at.Before(dates[i-1].at) {
			return
		}
	}
	c.found(dates[0].line, "oldest-first", "%s before %s", dates[0].at.Format(time.DateOnly), dates[len(dates)-1].at.Format(time.DateOnly))
}

// behind wants a feed's own date to be no older than its newest item.
func (c *checker) behind(feed dating, items []dating) {
	for _, d := range items {
		if !feed.at.IsZero() && d.at.After(feed.at) {
			c.found(feed.line, "feed-date-old", "%s, but an item is of %s", feed.at.UTC().Format(time.RFC3339), d.at.UTC().Format(time.RFC3339))
			return
		}
	}
}
