package digest

import (
	"fmt"
	"strings"
	"time"
)

// Notes says in words what a clock that is put forward or back does to a slot; nothing on most days.
func (dg Digest) Notes(slot Slot) (notes []string) {
	s, err := dg.schedule()
	if err != nil || slot.IsZero() {
		return nil
	}
	at := slot.At.In(dg.Location)
	if !wallClock(at, dg.Location).Equal(slot.Wall) {
		return []string{s.inGap(slot, at)}
	}
	if note := inRepeat(slot, at); note != "" {
		notes = append(notes, note)
	}
	if note := s.unusual(slot); note != "" {
		notes = append(notes, note)
	}
	return notes
}

// A change is the moment at which a zone's clock is put from one time to another, both read as UTC.
type change struct{ from, to time.Time }

// changeAt is the change at an instant that begins a new offset.
func changeAt(at time.Time) change {
	tick := at.Add(-time.Second)
	return change{wallClock(tick, at.Location()).Add(time.Second), wallClock(at, at.Location())}
}

func (c change) String() string {
	verb := "forward"
	if c.to.Before(c.from) {
		verb = "back"
	}
	if c.from.YearDay() == c.to.YearDay() || c.to.Before(c.from) {
		return fmt.Sprintf("the clock is put %s from %s to %s on %s", verb, c.from.Format("15:04"), c.to.Format("15:04"), c.from.Format("2 January"))
	}
	return fmt.Sprintf("the clock is put %s from %s on %s to %s on %s", verb, c.from.Format("15:04"), c.from.Format("2 January"), c.to.Format("15:04"), c.to.Format("2 January"))
}

// inGap is the note on a slot that no clock shows, as it was put forward over it; at is the end of the gap.
func (s schedule) inGap(slot Slot, at time.Time) string {
	c := changeAt(at)
	shown := c.to.Format("15:04")
	if c.to.YearDay() != slot.Wall.YearDay() {
		shown += c.to.Format(" on 2 January")
	}
	note := fmt.Sprintf("%s: this slot falls into the gap and comes at %s", c, shown)
	if next := s.slot(s.next(slot.Wall)); next.At.Equal(slot.At) {
		note += ", where it is skipped, as another comes at the same instant"
	}
	return note
}

// inRepeat is the note on a slot that the clock shows twice.
func inRepeat(slot Slot, at time.Time) string {
	_, end := at.ZoneBounds()
	if end.IsZero() {
		return ""
	}
	c := changeAt(end)
	if slot.Wall.Before(c.to) || !slot.Wall.Before(c.from) {
		return ""
	}
	return c.String() + ", so this moment comes twice: only the first counts"
}

// unusual is the note on a slot that comes sooner or later after the one before than their names tell.
func (s schedule) unusual(slot Slot) string {
	before := s.slot(s.previous(slot.Wall.Add(-time.Nanosecond)))
	if before.IsZero() {
		return ""
	}
	usual, real := slot.Wall.Sub(before.Wall), slot.At.Sub(before.At)
	if usual == real {
		return ""
	}
	return fmt.Sprintf("%s after the slot before instead of %s, as the clock is put %s in between", Plain(real), Plain(usual),
		map[bool]string{true: "forward", false: "back"}[real < usual])
}

// Plain is a duration without what is nothing in it, as "23h30m" and "1h".
func Plain(d time.Duration) string {
	return strings.Replace(strings.Replace(d.String(), "m0s", "m", 1), "h0m", "h", 1)
}
