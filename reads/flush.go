package reads

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"vestnik/db"
	"vestnik/reads/addresses"
)

// Rows of one INSERT. The last statement is filled up with rows that change nothing, so that there is one text for all.
const (
	seenBatch = 250
	hourBatch = 50
)

// Flush writes what has gathered, in one transaction, and returns how many of the reads were new: a visitor whom this or another
// node had seen that day is not counted again. If it fails, nothing is written and everything is kept for the next
// time. It is to be called every ten seconds or so, and once more before the program ends.
func (c *Counter) Flush(ctx context.Context, d *db.DB, now time.Time) (n int, err error) {
	c.flushing.Lock()
	defer c.flushing.Unlock()
	c.mu.Lock()
	pending, places, filtered := c.pending, c.places, c.filtered
	c.pending, c.places, c.filtered = make(map[read]moment, len(pending)), map[int64]string{}, map[dropped]int64{}
	shown := c.showings.take()
	c.rates.forget(now)
	c.showings.rates.forget(now)
	c.mu.Unlock()
	if len(pending)+len(filtered)+len(shown) == 0 {
		return 0, nil
	}
	err = d.Tx(ctx, func(tx *sql.Tx) error {
		if n, err = write(ctx, tx, pending, places, filtered, now); err != nil {
			return err
		}
		return writeShown(ctx, tx, shown)
	})
	if err != nil {
		c.giveBack(pending, places, filtered)
		c.giveBackShown(shown)
		return 0, fmt.Errorf("write %d reads: %w", len(pending), err)
	}
	return n, nil
}

// Filling receives when so many reads have gathered that the buffer, which is bounded, should be flushed now and not at the next
// turn: a wave of readers must lose no reads to [ReasonFull].
func (c *Counter) Filling() <-chan struct{} { return c.filling }

// hurry makes Filling receive, once until somebody listens.
func (c *Counter) hurry() {
	select {
	case c.filling <- struct{}{}:
	default:
	}
}

// giveBack returns to the buffer what could not be written.
func (c *Counter) giveBack(pending map[read]moment, places map[int64]string, filtered map[dropped]int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for key, when := range pending {
		c.pending[key] = when // the earlier time of the two; the bound may be passed by what came meanwhile
	}
	maps.Copy(c.places, places)
	for key, n := range filtered {
		c.filtered[key] += n
	}
}

func write(ctx context.Context, tx *sql.Tx, pending map[read]moment, places map[int64]string, filtered map[dropped]int64, now time.Time) (n int, err error) {
	fresh, err := writeSeen(ctx, tx, pending)
	if err != nil {
		return 0, err
	}
	hours, unknown := map[period]int64{}, map[period]int64{}
	for _, key := range fresh {
		when, sums := pending[key], hours
		if key.article < 0 {
			sums = unknown
		}
		sums[period{key.article, when.hour, when.source}] += when.weight
		n += int(when.weight)
	}
	var kept []addresses.Kept
	for key, n := range unknown {
		kept = append(kept, addresses.Kept{Key: places[key.article], Hour: key.number, Source: key.source, N: n})
	}
	if err := addresses.Keep(ctx, tx, kept, now); err != nil {
		return 0, err
	}
	if err := addHours(ctx, tx, hours); err != nil {
		return 0, err
	}
	return n, writeFiltered(ctx, tx, filtered)
}

// writeSeen notes who read what and returns those reads that nobody had noted before. Rows are written in the order of their
// key, here and below, so that nodes never wait for each other in a circle.
func writeSeen(ctx context.Context, tx *sql.Tx, pending map[read]moment) (fresh []read, err error) {
	keys := make([]read, 0, len(pending))
	for key := range pending {
		keys = append(keys, key)
	}
	slices.SortFunc(keys, func(a, b read) int {
		return cmp.Or(cmp.Compare(a.day, b.day), cmp.Compare(a.article, b.article), cmp.Compare(a.visitor, b.visitor))
	})
	args := make([]any, 3*seenBatch)
	for start := 0; start < len(keys); start += seenBatch {
		for i := range seenBatch {
			key := keys[min(start+i, len(keys)-1)]
			args[3*i], args[3*i+1], args[3*i+2] = key.day, key.article, key.visitor
		}
		rows, err := db.Collect(ctx, tx, func(row *sql.Rows) (key read, err error) {
			return key, row.Scan(&key.day, &key.article, &key.visitor)
		}, insertSeen, args...)
		if err != nil {
			return nil, err
		}
		fresh = append(fresh, rows...)
	}
	return fresh, nil
}

var insertSeen = `INSERT INTO read_seen (day, article, visitor) VALUES ` + tuples(seenBatch, 3) + `
	ON CONFLICT (day, article, visitor) DO NOTHING
	RETURNING day, article, visitor`

// tuples returns n lists of parameters of the given size.
func tuples(n, size int) string {
	all := make([]string, n)
	for i := range all {
		all[i] = "(" + db.Placeholders(1+i*size, size) + ")"
	}
	return strings.Join(all, ", ")
}

// An Hour is how often an article was read in an hour, or in a day, by visitors from one source.
type Hour struct {
	Article int64
	Start   time.Time
	Source  string // web, email, feed or other
	N       int64
}

// Add adds reads that were counted elsewhere to those of their hours: from access logs, or another counter. Hours and days
// stay in step. Whoever calls it sees to it that nothing comes twice.
func Add(ctx context.Context, tx *sql.Tx, all []Hour) error {
	hours := map[period]int64{}
	for _, h := range all {
		hours[period{h.Article, hourOf(h.Start), sourceOf(h.Source)}] += h.N
	}
	if err := addHours(ctx, tx, hours); err != nil {
		return fmt.Errorf("add reads of %d hours: %w", len(hours), err)
	}
	return nil
}

// period is the key of read_hour, and of read_day.
type period struct {
	article int64
	number  int64 // of the hour or day
	source  string
}

// addHours adds to the hours, and the same to their days: a ranking takes whole days from there, and after 400 days they are all
// there is.
func addHours(ctx context.Context, tx *sql.Tx, hours map[period]int64) error {
	days := map[period]int64{}
	for key, n := range hours {
		days[period{key.article, key.number / 24, key.source}] += n
	}
	if err := upsert(ctx, tx, "read_hour", "hour", hours); err != nil {
		return err
	}
	return upsert(ctx, tx, "read_day", "day", days)
}

func upsert(ctx context.Context, tx *sql.Tx, table, column string, counts map[period]int64) error {
	keys := make([]period, 0, len(counts))
	for key := range counts {
		keys = append(keys, key)
	}
	slices.SortFunc(keys, func(a, b period) int {
		return cmp.Or(cmp.Compare(a.article, b.article), cmp.Compare(a.number, b.number), cmp.Compare(a.source, b.source))
	})
	for chunk := range slices.Chunk(keys, hourBatch) {
		var args []any
		for _, key := range chunk {
			args = append(args, key.article, key.number, key.source, counts[key])
		}
		// No row may be named twice in an upsert, so these statements are not filled up.
		_, err := tx.ExecContext(ctx, `INSERT INTO `+table+` (article, `+column+`, source, n) VALUES `+tuples(len(chunk), 4)+`
			ON CONFLICT (article, `+column+`, source) DO UPDATE SET n = `+table+`.n + excluded.n`, args...)
		if err != nil {
			return err
		}
	}
	return nil
}

func writeFiltered(ctx context.Context, tx *sql.Tx, filtered map[dropped]int64) error {
	keys := make([]dropped, 0, len(filtered))
	for key := range filtered {
		keys = append(keys, key)
	}
	slices.SortFunc(keys, func(a, b dropped) int {
		return cmp.Or(cmp.Compare(a.day, b.day), cmp.Compare(a.reason, b.reason))
	})
	for _, key := range keys {
		_, err := tx.ExecContext(ctx, `INSERT INTO read_filtered (day, reason, n) VALUES ($1, $2, $3)
			ON CONFLICT (day, reason) DO UPDATE SET n = read_filtered.n + excluded.n`, key.day, key.reason, filtered[key])
		if err != nil {
			return err
		}
	}
	return nil
}

// Days that the hours of reads and the counts of filtered hits are kept.
const (
	KeepHours    = 400
	KeepFiltered = 400
)

// Housekeep deletes salts and visitors' hashes of days before yesterday, and what is older than 400 days of the hours and of the
// counts of filtered hits; the days' sums stay. It may run on every node, once an hour or so. Salts gone, nobody can tell
// whose hashes those were.
//
// before is what the clock said an hour ago or so, at the last housekeeping or when the program began: only what was past then and
// is past now is deleted. A clock that is days ahead for some minutes, as after a start without a time server, deletes
// nothing: without today's salt and visitors all of them would be counted a second time.
func Housekeep(ctx context.Context, d *db.DB, before, now time.Time) error {
	if before.Unix() < now.Unix() { // by the wall clock, which Before is not
		now = before
	}
	yesterday := dayOf(now) - 1
	for _, old := range []struct {
		query string
		limit int64
	}{
		{`DELETE FROM read_salt WHERE day < $1`, yesterday},
		{`DELETE FROM read_seen WHERE day < $1`, yesterday},
		{`DELETE FROM read_hour WHERE hour < $1`, firstHour(now)},
		{`DELETE FROM read_filtered WHERE day < $1`, dayOf(now) - KeepFiltered},
	} {
		if _, err := d.ExecContext(ctx, old.query, old.limit); err != nil {
			return fmt.Errorf("housekeep reads: %w", err)
		}
	}
	return nil
}

// firstHour is the oldest hour that is kept as such; before it there are only days.
func firstHour(now time.Time) int64 { return (dayOf(now) - KeepHours) * 24 }
