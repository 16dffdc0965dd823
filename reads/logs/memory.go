package logs

import (
	"context"
	"fmt"
	"net/netip"
	"time"

	"vestnik/db"
	"vestnik/reads"
)

// maxRemember is how many (visitor, article) pairs, and pairs of network and article, one import remembers: about 200 MB. After that
// the oldest day is forgotten, and what the log still has of it is not counted.
const maxRemember = 8_000_000

// A memory knows who read what in the days of an import. It ends with the program: visitors of days whose salt is gone are stored
// nowhere.
type memory struct {
	d     *db.DB
	now   time.Time
	fresh *reads.Salt // for days without a salt of their own

	days  map[int64]*oneDay
	size  int
	limit int
	floor int64 // days before it are forgotten
}

// oneDay is the memory of one UTC day.
type oneDay struct {
	number   int64
	recent   bool // the database knows who was seen, for all nodes and imports
	salt     *reads.Salt
	seen     map[uint64]struct{} // by mix of visitor and article: among millions, two meet once in a million imports
	networks map[fromNetwork]uint8
}

type fromNetwork struct {
	article int64
	network netip.Prefix
}

func newMemory(d *db.DB, now time.Time) *memory {
	return &memory{d: d, now: now, fresh: reads.FreshSalt(), days: map[int64]*oneDay{}, limit: maxRemember}
}

// isRecent reports whether a day's salt and visitors are in the database: today and yesterday.
func (m *memory) isRecent(day int64) bool { return day >= dayOf(m.now.Unix())-1 }

// day returns the memory of a day, nil if it was forgotten, and whether it is new.
func (m *memory) day(ctx context.Context, number int64) (day *oneDay, isNew bool, err error) {
	if day = m.days[number]; day != nil || number < m.floor {
		return day, false, nil
	}
	day = &oneDay{number: number, recent: m.isRecent(number), salt: m.fresh, seen: map[uint64]struct{}{}, networks: map[fromNetwork]uint8{}}
	if day.recent {
		if day.salt, err = reads.SaltOf(ctx, m.d, time.Unix(number*86400, 0)); err != nil {
			return nil, false, fmt.Errorf("import: %w", err)
		}
	}
	m.days[number] = day
	return day, true, nil
}

// note remembers that the visitor read the article, or says why that does not count.
func (m *memory) note(day *oneDay, article, visitor int64, address netip.Addr) (reason string) {
	key := mix(uint64(visitor) ^ mix(uint64(article)))
	if _, ok := day.seen[key]; ok {
		return ReasonRepeat
	}
	from := fromNetwork{article, reads.Network(address)}
	n, known := day.networks[from]
	if n >= reads.NetworkLimit {
		return reads.ReasonMany
	}
	if m.size >= m.limit && !m.forget(day) {
		return reads.ReasonFull
	}
	day.seen[key] = struct{}{}
	day.networks[from] = n + 1
	m.size++
	if !known {
		m.size++
	}
	return ""
}

// forget drops the oldest day that is not the given one.
func (m *memory) forget(current *oneDay) bool {
	oldest := current
	for _, d := range m.days {
		if d.number < oldest.number {
			oldest = d
		}
	}
	if oldest == current {
		return false
	}
	m.size -= len(oldest.seen) + len(oldest.networks)
	delete(m.days, oldest.number)
	if !oldest.recent { // a recent one is remembered by the database
		m.floor = max(m.floor, oldest.number+1)
	}
	return true
}

// mix spreads a number over 64 bits (the finalizer of SplitMix64).
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

func dayOf(sec int64) int64 { return sec / 86400 }
