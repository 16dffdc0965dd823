package reads

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"maps"
	"net/http"
	"net/netip"
	"slices"
	"time"

	"vestnik/db"
)

// Places in which a banner is shown.
const (
	OnPage    = "page"
	OnEdition = "edition" // the page of an edition, which bears the sponsor that its letters had
)

// A Showing is one page with a sponsor's banner in it that was delivered whole, on a GET answered with 200, to a browser: not to a robot,
// not ahead of need, not into a frame or to a script, and not to one who asks not to be counted where the house respects that.
// It says that the banner was there to be seen, not that somebody looked at it. What a browser or a cache before us shows
// again without asking us is not among them, and neither is a 304. Nothing about who saw it is kept.
type Showing struct {
	Banner  string // its name
	Place   string // OnPage or OnEdition
	Address netip.Addr
	Header  http.Header
}

// shown is the key under which showings are counted.
type shown struct {
	banner string
	place  string
	day    int64 // in the zone of the options, days since 1970
}

// showings are those that wait for the flush. Like the reads beside them they are guarded by the counter's lock.
type showings struct {
	counts map[shown]int64
	rates  rates
}

// Show counts a showing, and reports whether it counts. It allocates nothing once the day has begun, and is bound by the same number of
// pages a minute from one network as reads are.
func (c *Counter) Show(s Showing, now time.Time) bool {
	if c.options.Mode == Off || s.Banner == "" || !c.seenBySomebody(s) {
		return false
	}
	key := shown{s.Banner, s.Place, c.localDay(now)}
	from := prefixOf(s.Address)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.showings.rates.tooMany(from, now) {
		return false
	}
	if c.showings.counts == nil {
		c.showings.counts = map[shown]int64{}
	}
	c.showings.counts[key]++
	return true
}

// seenBySomebody looks at what a browser says of itself and of why it asks. Where it says nothing of that, as browsers do on addresses
// without TLS, it is believed to show the page.
func (c *Counter) seenBySomebody(s Showing) bool {
	dest := first(s.Header, "Sec-Fetch-Dest")
	switch {
	case dest != "" && dest != "document", !s.Address.IsValid():
		return false
	case isPrefetch(s.Header), isRobot(s.Header):
		return false
	}
	return !c.options.RespectGPC || !refuses(s.Header)
}

// take hands out what was counted.
func (s *showings) take() map[shown]int64 {
	counts := s.counts
	s.counts = nil
	if counts != nil {
		s.counts = make(map[shown]int64, len(counts))
	}
	return counts
}

func (c *Counter) giveBackShown(counts map[shown]int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.showings.counts == nil {
		c.showings.counts = map[shown]int64{}
	}
	for key, n := range counts {
		c.showings.counts[key] += n
	}
}

// localDay numbers the day on the calendar of the publication: a sponsor's months begin there, and not in Greenwich.
func (c *Counter) localDay(t time.Time) int64 {
	zone := c.options.Zone
	if zone == nil {
		zone = time.UTC
	}
	return DayIn(zone, t)
}

// DayIn numbers the day of a moment on the calendar of a zone, from that of 1970.
func DayIn(zone *time.Location, t time.Time) int64 {
	_, offset := t.In(zone).Zone()
	return floorDiv(t.Unix()+int64(offset), 86400)
}

func floorDiv(a, b int64) int64 {
	if a%b < 0 {
		return a/b - 1
	}
	return a / b
}

// writeShown adds to the table in the order of its key, so that nodes never wait for each other in a circle.
func writeShown(ctx context.Context, tx *sql.Tx, counts map[shown]int64) error {
	keys := slices.SortedFunc(maps.Keys(counts), func(a, b shown) int {
		return cmp.Or(cmp.Compare(a.banner, b.banner), cmp.Compare(a.place, b.place), cmp.Compare(a.day, b.day))
	})
	for _, key := range keys {
		_, err := tx.ExecContext(ctx, `
			INSERT INTO banner_shown (banner, place, day, n) VALUES ($1, $2, $3, $4)
			ON CONFLICT (banner, place, day) DO UPDATE SET n = banner_shown.n + excluded.n`, key.banner, key.place, key.day, counts[key])
		if err != nil {
			return fmt.Errorf("showings of %s: %w", key.banner, err)
		}
	}
	return nil
}

// BannerDay is how often a banner was shown in a place on a day.
type BannerDay struct {
	Banner string
	Place  string
	Day    int64 // days since 1970 on the publication's calendar
	N      int64
}

// Banners returns the showings of the days from the first up to, not including, the second, by banner, day and place.
func Banners(ctx context.Context, h db.Handle, from, until int64) ([]BannerDay, error) {
	all, err := db.Collect(ctx, h, func(row *sql.Rows) (b BannerDay, err error) {
		return b, row.Scan(&b.Banner, &b.Place, &b.Day, &b.N)
	}, `SELECT banner, place, day, n FROM banner_shown WHERE day >= $1 AND day < $2`, from, until)
	if err != nil {
		return nil, fmt.Errorf("showings of banners: %w", err)
	}
	slices.SortFunc(all, func(a, b BannerDay) int {
		return cmp.Or(cmp.Compare(a.Banner, b.Banner), cmp.Compare(a.Day, b.Day), cmp.Compare(a.Place, b.Place))
	})
	return all, nil
}
