package digest

import (
	"fmt"
	"time"
)

// maxRecords is how many missed slots get a row of their own. A daemon that slept for years with a digest every minute
// would otherwise write millions; beyond it one row stands for all.
const maxRecords = 100

// maxCount is how far missed slots are counted before "more than" will do.
const maxCount = 100_000

// A plan is what is to be done about a digest's slots now.
type plan struct {
	verdicts []verdict // older slots that are not published any more, oldest first
	publish  Slot      // zero: none is
	next     Slot      // the first that is not due yet; zero if none comes in ten years
}

// decide returns what to do about the slots after the last decided one (as a wall clock) that are due at now. The newest is to
// be published unless it is late by more than catchUp or the digest is paused; the others are recorded, so that every slot is in one
// of the two.
func (s schedule) decide(last, now time.Time, catchUp time.Duration, pause Pause) plan {
	newest := s.last(now)
	if newest.IsZero() || !newest.Wall.After(last) {
		return plan{next: s.slot(s.next(later(last, newest.Wall)))}
	}
	p := plan{next: s.slot(s.next(newest.Wall))}
	until := newest.Wall.Add(time.Nanosecond)
	if late := now.Sub(newest.At); late <= catchUp && pause.Since.IsZero() {
		p.publish, until = newest, newest.Wall
	}
	p.verdicts = s.verdicts(last, until, now, func(slot Slot) verdict {
		late := now.Sub(slot.At).Round(time.Second)
		switch {
		case slot.Wall.Before(newest.Wall) && slot.At.Equal(newest.At):
			return skipped(slot, CauseClock, "the clock was put forward over it; "+newest.Name()+" stands for the same instant")
		case !pause.Since.IsZero() && (late <= catchUp || !slot.At.Before(pause.Since)):
			return skipped(slot, CausePaused, pause.String())
		case late > catchUp:
			return missed(slot, fmt.Sprintf("nobody looked at it until %s later, and catch_up is %s", late, catchUp))
		}
		return missed(slot, fmt.Sprintf("nobody looked at it until %s later, when %s was due too", late, newest.Name()))
	})
	return p
}

// verdicts returns what judge says of each slot after one wall clock and before the other, or one verdict for all.
func (s schedule) verdicts(after, before, now time.Time, judge func(Slot) verdict) []verdict {
	var all []verdict
	count := 0
	for wall := s.next(after); !wall.IsZero() && wall.Before(before) && count <= maxCount; wall = s.next(wall) {
		if count++; count <= maxRecords {
			all = append(all, judge(s.slot(wall)))
		}
	}
	if count <= maxRecords {
		return all
	}
	number := fmt.Sprint(count)
	if count > maxCount {
		number = fmt.Sprintf("more than %d", maxCount)
	}
	end := judge(s.slot(s.previous(before.Add(-time.Nanosecond))))
	if end.state == SlotMissed {
		end.reason = "nobody looked at them until " + now.UTC().Format(time.RFC3339)
	}
	end.reason = fmt.Sprintf("%s slots from %s to this one: %s", number, all[0].slot.Name(), end.reason)
	return []verdict{end}
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
