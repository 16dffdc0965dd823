package sources

import (
	"strings"
	"time"

	"github.com/mmcdole/gofeed"

	"vestnik/language"
)

// zones are the abbreviations of Russia's time zones, which Go reads as UTC.
var zones = map[string]int{"KALT": 2, "MSK": 3, "MSD": 4, "SAMT": 4, "YEKT": 5, "OMST": 6, "NOVT": 7, "KRAT": 7, "IRKT": 8,
	"YAKT": 9, "VLAT": 10, "MAGT": 11, "SAKT": 11, "SRET": 11, "PETT": 12, "ANAT": 12}

// earliest is before any feed: an older date is a program's zero.
var earliest = time.Date(1990, 1, 1, 0, 0, 0, 0, time.UTC)

// dates are when the item was published (zero: unknown, the first sight counts) and last changed (zero: it says
// nothing later). Neither lies in the future: a date ahead of us is clamped to now.
func (m *mapper) dates(e *gofeed.Item) (published, updated time.Time) {
	published = m.date(e.PublishedParsed, e.Published)
	updated = m.date(e.UpdatedParsed, e.Updated)
	if published.IsZero() {
		published = updated
	}
	if !updated.After(published) {
		updated = time.Time{}
	}
	return published, updated
}

// date takes what gofeed could read, else what our readers write: «29 мая 2018».
func (m *mapper) date(parsed *time.Time, raw string) time.Time {
	var t time.Time
	if parsed != nil {
		t = withZone(*parsed, raw)
	} else if read, ok := language.ParseDate(strings.TrimSpace(raw), m.site.Location); ok {
		t = read
	}
	switch {
	case t.Before(earliest):
		return time.Time{}
	case t.After(m.now):
		return m.now
	}
	return t
}

// withZone moves a time whose zone is written as an abbreviation that was read as UTC.
func withZone(t time.Time, raw string) time.Time {
	fields := strings.Fields(raw)
	if len(fields) == 0 {
		return t
	}
	hours, known := zones[strings.Trim(fields[len(fields)-1], "()")]
	if _, offset := t.Zone(); !known || offset != 0 {
		return t
	}
	return t.Add(-time.Duration(hours) * time.Hour)
}
