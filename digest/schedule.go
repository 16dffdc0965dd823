package digest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/robfig/cron/v3"
)

// slotName is how a slot is written in addresses and commands: the wall clock of the digest's zone.
const slotName = "2006-01-02T1504"

// A Slot is one due moment of a digest.
type Slot struct {
	Wall time.Time // the wall clock of the digest's zone, read as if it were UTC: the slot's key
	At   time.Time // the instant it stands for, in the digest's zone
}

// Name is the slot as addresses and commands write it, as "2026-11-24T0800".
func (s Slot) Name() string { return s.Wall.Format(slotName) }

// IsZero reports whether s is no slot at all.
func (s Slot) IsZero() bool { return s.Wall.IsZero() }

// ParseSlot reads the name of a slot of a digest in the zone loc. It need not be a moment of the digest's schedule:
// editions of earlier schedules keep their names.
func ParseSlot(name string, loc *time.Location) (Slot, error) {
	wall, err := time.Parse(slotName, name)
	if err != nil || wall.Format(slotName) != name {
		return Slot{}, fmt.Errorf("slot %q: write the date and the hour as in 2026-11-24T0800", name)
	}
	return Slot{Wall: wall, At: instant(wall, loc)}, nil
}

// A schedule is a parsed cron line that is evaluated on the wall clock of a zone, as if that clock were UTC, so that
// the cron library never meets a day of 23 or 25 hours. The library alone skips what falls into the gap of a spring
// night and fires twice in the repeated hour of autumn.
type schedule struct {
	spec *cron.SpecSchedule // nil: it never comes
	loc  *time.Location
}

// slotFormat says which cron lines are taken. The library's own "standard" parser is not used as it also takes TZ=.
const slotFormat = cron.Minute | cron.Hour | cron.Dom | cron.Month | cron.Dow | cron.Descriptor

const scheduleHelp = `write five fields (minute, hour, day of month, month, day of week from 0 = Sunday to 6), ` +
	`as in "0 8 * * 1-5", or @hourly, @daily, @weekly, @monthly`

// parseSchedule reads a cron line. Day of month and day of week both given are refused: cron means either by it, and hardly anybody
// who writes it does.
func parseSchedule(line string, loc *time.Location) (s schedule, err error) {
	// The library panics on some lines, "TZ=UTC" alone among them, and has no maintainer to mend it.
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("schedule %q cannot be read; %s", line, scheduleHelp)
		}
	}()
	if loc == nil {
		return schedule{}, errors.New("the time zone is missing")
	}
	trimmed := strings.TrimSpace(line)
	if strings.Contains(strings.ToUpper(trimmed), "TZ=") {
		return schedule{}, fmt.Errorf("schedule %q: a time zone does not belong here; use the key timezone", line)
	}
	if strings.HasPrefix(trimmed, "@every") {
		return schedule{}, fmt.Errorf(`schedule %q: @every names no moments; write "*/10 * * * *" for every ten minutes`, line)
	}
	parsed, err := cron.NewParser(slotFormat).Parse(trimmed)
	if err != nil {
		return schedule{}, fmt.Errorf("schedule %q: %w; %s", line, err, scheduleHelp)
	}
	spec, ok := parsed.(*cron.SpecSchedule)
	if !ok || spec.Minute == 0 || spec.Hour == 0 || spec.Dom == 0 || spec.Month == 0 || spec.Dow == 0 {
		return schedule{}, fmt.Errorf("schedule %q: a field is empty; %s", line, scheduleHelp)
	}
	if spec.Dom&anyDay == 0 && spec.Dow&anyDay == 0 {
		return schedule{}, eitherDay(line)
	}
	spec.Location = time.UTC
	s = schedule{spec: spec, loc: loc}
	if s.next(time.Date(2001, 1, 1, 0, 0, 0, 0, time.UTC)).IsZero() {
		return schedule{}, fmt.Errorf("schedule %q never comes: no year has such a day", line)
	}
	return s, nil
}

// anyDay is the bit by which the library says that a field is "*".
const anyDay = 1 << 63

// eitherDay is the error of a line that names days of the month and days of the week.
func eitherDay(line string) error {
	f := strings.Fields(line)
	month, week := slices.Clone(f), slices.Clone(f)
	month[4], week[2] = "*", "*"
	return fmt.Errorf("schedule %q: day of month %q and day of week %q are both given, and cron would take a day that is either; write one of them as *, "+
		"or make two digests, %q and %q, if you want both", line, f[2], f[4], strings.Join(month, " "), strings.Join(week, " "))
}

// next is the first moment of the schedule after wall; zero if there is none in ten years.
func (s schedule) next(wall time.Time) time.Time {
	if s.spec == nil { // of a digest that has no slots of its own
		return time.Time{}
	}
	if next := s.spec.Next(wall); !next.IsZero() {
		return next
	}
	// The library gives up after five years, and from 1896 and 2096 the next 29 February is eight years off.
	return s.spec.Next(time.Date(wall.Year()+5, 12, 31, 23, 59, 0, 0, time.UTC))
}

// reaches are how far previous looks back, step by step: cron can only look forward.
var reaches = []time.Duration{2 * time.Minute, 3 * time.Hour, 50 * time.Hour, 40 * 24 * time.Hour, 400 * 24 * time.Hour, 3000 * 24 * time.Hour}

// previous is the last moment of the schedule at or before wall; zero if there is none in eight years.
func (s schedule) previous(wall time.Time) time.Time {
	for _, reach := range reaches {
		var found time.Time
		for at := s.next(wall.Add(-reach)); !at.IsZero() && !at.After(wall); at = s.next(at) {
			found = at
		}
		if !found.IsZero() {
			return found
		}
	}
	return time.Time{}
}

// slot is the slot at the moment wall of the schedule; the zero slot for the zero time.
func (s schedule) slot(wall time.Time) Slot {
	if wall.IsZero() {
		return Slot{}
	}
	return Slot{Wall: wall, At: instant(wall, s.loc)}
}

// last is the newest slot whose instant is not after now; the zero slot if there is none in eight years.
func (s schedule) last(now time.Time) Slot {
	newest := s.slot(s.previous(wallClock(now, s.loc)))
	// In a repeated hour the clock has already shown moments that it now seems to have before it.
	for {
		next := s.slot(s.next(newest.Wall))
		if newest.IsZero() || next.IsZero() || next.At.After(now) {
			return newest
		}
		newest = next
	}
}

// wallClock is what a clock in the zone shows at the instant t, read as UTC.
func wallClock(t time.Time, loc *time.Location) time.Time {
	t = t.In(loc)
	return time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), time.UTC)
}

// instant is the first moment at which a clock in the zone shows wall or, where it was put forward over wall, the first
// moment after that gap. It never runs backwards: of two walls the later one never has the earlier instant. (Of
// [time.Date] in a gap or a repeated hour it is only known that it takes one of the two offsets.)
func instant(wall time.Time, loc *time.Location) time.Time {
	at := wall.Add(-26 * time.Hour).In(loc) // no zone is further from UTC
	for {
		_, offset := at.Zone()
		start, end := at.ZoneBounds()
		t := wall.Add(-time.Duration(offset) * time.Second).In(loc)
		switch {
		case t.Before(start):
			return start.In(loc)
		case end.IsZero() || t.Before(end):
			return t
		}
		at = end
	}
}
