package feeds

import (
	"fmt"
	"slices"
	"time"
)

// Readers take max-age and ttl as the pause between two polls. A feed that moves hourly is worth asking every few
// minutes, one that moves weekly is not; an archive never moves again.
const (
	fastest = 5 * time.Minute
	slowest = time.Hour
	forever = 365 * 24 * time.Hour
	// recent is how many of the newest items tell the rhythm: last year's does not matter.
	recent = 20
)

// MaxAge is how long a copy of the feed may be used before asking again, in whole minutes: TTL if it is set; else an
// eighth of the median gap between the newest items, 5 minutes at least and 60 at most, and 5 while there is no rhythm
// yet. For an archive it is a year.
func (f Feed) MaxAge() time.Duration {
	switch {
	case f.Archive:
		return forever
	case f.TTL > 0:
		return f.TTL
	case f.Expired:
		return slowest
	}
	return min(max((f.gap()/8).Truncate(time.Minute), fastest), slowest)
}

// gap is the median time between two of the newest items, 0 if there are not two with a date.
func (f Feed) gap() time.Duration {
	var days []time.Time
	for _, i := range f.Items {
		if day := i.day(); !day.IsZero() && len(days) <= recent {
			days = append(days, day)
		}
	}
	slices.SortFunc(days, time.Time.Compare)
	var gaps []time.Duration
	for n := 1; n < len(days); n++ {
		gaps = append(gaps, days[n].Sub(days[n-1]))
	}
	if len(gaps) == 0 {
		return 0
	}
	slices.Sort(gaps)
	return gaps[len(gaps)/2]
}

// day is when the item came, or the nearest that is known of it.
func (i Item) day() time.Time {
	if i.Published.IsZero() {
		return i.Updated
	}
	return i.Published
}

// caching is the Cache-Control of a feed's documents: shared caches may serve an old copy while they fetch a new one,
// and for a day while we are down.
func caching(f Feed) string {
	age := int(f.MaxAge() / time.Second)
	if f.Archive {
		return fmt.Sprintf("public, max-age=%d, immutable", age)
	}
	return fmt.Sprintf("public, max-age=%d, stale-while-revalidate=%d, stale-if-error=86400", age, 2*age)
}
