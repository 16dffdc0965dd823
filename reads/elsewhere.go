package reads

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"vestnik/db"
	"vestnik/reads/addresses"
)

// Sites that live elsewhere load our script and report the addresses of their pages. The address says which article was read; one
// that is no article's is kept apart, under a negative number, until there is one or an editor says whose it is.

const (
	maxPageSize = 2048 // of a body with an address: one of 500 characters that are not ASCII, escaped, and some parameters
	newAddress  = 100  // addresses that nobody had reported before, in a day from one /24 or /48
	relearn     = 10 * time.Minute
	loading     = 20 * time.Second
)

// outside is what a counter knows of addresses.
type outside struct {
	learning sync.Mutex // one at a time

	mu      sync.Mutex
	index   *addresses.Index // nil: not yet loaded
	unknown *addresses.Unknown
	version addresses.Version
	at      time.Time
}

// CountsElsewhere reports whether there are sites elsewhere whose pages report reads.
func (c *Counter) CountsElsewhere() bool { return len(c.sites) > 0 && c.options.Mode != Off }

// ParseElsewhere reads the body of a beacon from a site that lives elsewhere, "token|source|address". One that is not ok is to be
// counted all the same, so that it is filtered with its reason.
func ParseElsewhere(body []byte) (token, source, page string, ok bool) {
	if len(body) > maxPageSize {
		return "", "", "", false
	}
	parts := bytes.SplitN(bytes.TrimSpace(body), []byte("|"), 3)
	if len(parts) != 3 {
		return "", "", "", false
	}
	return string(parts[0]), string(parts[1]), string(parts[2]), true
}

// fromSite looks at where a beacon from elsewhere was sent. A browser that sends one to another site always says from which.
func (c *Counter) fromSite(hit Hit) (reason string) {
	if hit.Header.Get("Sec-Fetch-Site") == "none" {
		return ReasonSite
	}
	if host, err := addresses.Host(hit.Header.Get("Origin")); err != nil || !c.sites[string(host)] {
		return ReasonOrigin
	}
	return ""
}

// locate finds the article of a page, or the number under which its address is kept apart.
func (c *Counter) locate(ctx context.Context, d *db.DB, hit *Hit, now time.Time) (reason string, err error) {
	index := c.outside.known()
	if index == nil { // nothing was learnt yet
		err = c.Learn(ctx, d, now)
		if index = c.outside.known(); index == nil {
			return "", err
		}
	}
	article, key, reason := index.FindAddress(hit.Page)
	if article == 0 && reason == "" {
		if article = c.unknownID(*hit, key, now); article == 0 {
			return ReasonUnknown, nil
		}
		hit.key = key
	}
	hit.Article = article
	return reason, nil
}

// known is the index of the last learning, nil before the first.
func (o *outside) known() *addresses.Index {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.index
}

// unknownID is the number of an address that is no article's, 0 if it cannot be kept apart.
func (c *Counter) unknownID(hit Hit, key string, now time.Time) int64 {
	o := &c.outside
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.unknown.Has(key) && !c.mayBeNew(hit, now) {
		return 0
	}
	return o.unknown.ID([]byte(key))
}

// mayBeNew bounds the addresses that one network can invent in a day.
func (c *Counter) mayBeNew(hit Hit, now time.Time) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	from := articleFrom{day: dayOf(now), prefix: prefixOf(hit.Address)} // of no article
	c.forgetLimits(from.day)
	c.limits[from]++
	return c.limits[from] <= newAddress
}

// Learn brings up to date what the counter knows of the addresses of articles, if they changed, and brings in the reads that were
// kept apart for those that have come meanwhile. It is to be called every few seconds; where no site lives elsewhere it does
// nothing, and where nothing changed two small queries.
func (c *Counter) Learn(ctx context.Context, d *db.DB, now time.Time) error {
	if !c.CountsElsewhere() {
		return nil
	}
	o := &c.outside
	o.learning.Lock()
	defer o.learning.Unlock()
	// A reader who goes away must not leave the others without.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), loading)
	defer cancel()
	version, err := addresses.Current(ctx, d)
	if err != nil || o.isFresh(version, now) {
		return err
	}
	index, err := addresses.Load(ctx, d, c.options.Site, c.options.Sites...)
	if err != nil {
		return err
	}
	unknown, err := addresses.LoadUnknown(ctx, d)
	if err != nil {
		return err
	}
	found := unknown.Found(index)
	o.learn(index, unknown, version, now)
	_, err = settle(ctx, d, found)
	return err
}

func (o *outside) learn(index *addresses.Index, unknown *addresses.Unknown, version addresses.Version, now time.Time) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.index, o.unknown, o.version, o.at = index, unknown, version, now
}

// isFresh reports whether all is as it was. Now and then it is loaded all the same, for what other nodes kept apart.
func (o *outside) isFresh(version addresses.Version, now time.Time) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	age := now.Sub(o.at)
	return o.index != nil && o.version == version && age >= 0 && age < relearn
}

// Map makes an address one of the article with the slug, from now on, and brings in what was kept apart for it: so many reads.
func Map(ctx context.Context, d *db.DB, site, address, slug string, now time.Time) (n int64, err error) {
	if err := addresses.Map(ctx, d, address, slug, now); err != nil {
		return 0, err
	}
	return Settle(ctx, d, site)
}

// Settle brings in reads that were kept apart, of addresses that are an article's now, and returns how many. It costs next to nothing
// where nothing is kept apart.
func Settle(ctx context.Context, d *db.DB, site string) (n int64, err error) {
	unknown, err := addresses.LoadUnknown(ctx, d)
	if err != nil || unknown.Len() == 0 {
		return 0, err
	}
	found := map[string]int64{}
	err = addresses.Each(ctx, d, site, func(address string, article int64) {
		if key, query, ok := addresses.Normal(address); ok && query == "" && unknown.Has(key) {
			found[key] = article
		}
	})
	if err != nil {
		return 0, err
	}
	return settle(ctx, d, found)
}

// settle moves the reads of addresses to their articles.
func settle(ctx context.Context, d *db.DB, found map[string]int64) (n int64, err error) {
	for _, key := range slices.Sorted(maps.Keys(found)) {
		var moved int64
		err := d.Tx(ctx, func(tx *sql.Tx) (err error) {
			moved, err = settleOne(ctx, tx, key, found[key])
			return err
		})
		if err != nil {
			return n, fmt.Errorf("bring in the reads of %s: %w", key, err)
		}
		n += moved
	}
	return n, nil
}

// settleOne moves the visitors, too: who read the page today under its address has read the article. Its order is that of
// [Counter.Flush], so that the two never wait for each other in a circle.
func settleOne(ctx context.Context, tx *sql.Tx, key string, article int64) (n int64, err error) {
	_, err = tx.ExecContext(ctx, `INSERT INTO read_seen (day, article, visitor)
		SELECT day, CAST($1 AS BIGINT), visitor
		FROM read_seen
		WHERE day IN (SELECT day FROM read_salt) AND article = $2
		ORDER BY day, visitor
		ON CONFLICT (day, article, visitor) DO NOTHING`, article, addresses.Number(key))
	if err != nil {
		return 0, err
	}
	kept, err := addresses.Take(ctx, tx, key)
	if err != nil {
		return 0, err
	}
	var hours []Hour
	for _, k := range kept {
		n += k.N
		hours = append(hours, Hour{Article: article, Start: time.Unix(k.Hour*3600, 0), Source: k.Source, N: k.N})
	}
	return n, Add(ctx, tx, hours)
}

// HousekeepUnknown brings in what can be, see [Settle], and forgets addresses that nobody mapped for 90 days after they were read last.
func HousekeepUnknown(ctx context.Context, d *db.DB, site string, now time.Time) error {
	if _, err := Settle(ctx, d, site); err != nil {
		return err
	}
	return addresses.Housekeep(ctx, d, now)
}
