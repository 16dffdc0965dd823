package logs

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"hash/fnv"
	"maps"
	"slices"
	"strings"
	"time"

	"vestnik/db"
	"vestnik/reads"
)

const (
	maxUnknown  = 10_000    // addresses that are kept apart
	maxRows     = 1_000_000 // and rows for them
	KeepUnknown = 90 * 24 * time.Hour
)

// unknown are the addresses that are no article's. Each has a negative number, by which its visitors are told apart as an
// article's are.
type unknown struct {
	ids  map[string]int64 // by key
	keys map[int64]string
	rows int64 // at most; those of one hour are counted with every batch
}

func loadUnknown(ctx context.Context, h db.Handle) (*unknown, error) {
	u := &unknown{ids: map[string]int64{}, keys: map[int64]string{}}
	urls, err := db.Collect(ctx, h, func(row *sql.Rows) (url string, err error) {
		return url, row.Scan(&url)
	}, `SELECT DISTINCT url FROM read_unknown`)
	if err != nil {
		return nil, fmt.Errorf("unknown addresses: %w", err)
	}
	for _, url := range urls {
		u.add(strings.TrimPrefix(url, prefix))
	}
	if err := h.QueryRowContext(ctx, `SELECT COUNT(*) FROM read_unknown`).Scan(&u.rows); err != nil {
		return nil, fmt.Errorf("unknown addresses: %w", err)
	}
	return u, nil
}

// prefix makes an address of a key: which scheme it had makes no difference.
const prefix = "https://"

func (u *unknown) add(key string) int64 {
	h := fnv.New64a()
	h.Write([]byte(key))
	id := -int64(h.Sum64()>>1) - 1 // the same in every import, for read_seen
	u.ids[key], u.keys[id] = id, key
	return id
}

// idOf is the number of a key, 0 if there are too many already.
func (u *unknown) idOf(key []byte) int64 {
	if u.rows >= maxRows {
		return 0
	}
	if id, ok := u.ids[string(key)]; ok {
		return id
	}
	if len(u.ids) >= maxUnknown || !isKeepable(key) {
		return 0
	}
	return u.add(string(key))
}

// store adds to what is kept apart.
func (u *unknown) store(ctx context.Context, tx *sql.Tx, all []reads.Hour, now time.Time) error {
	slices.SortFunc(all, func(a, b reads.Hour) int { // all importers in one order, so that none waits for another in a circle
		return cmp.Or(cmp.Compare(a.Article, b.Article), a.Start.Compare(b.Start), cmp.Compare(a.Source, b.Source))
	})
	for chunk := range slices.Chunk(all, 100) {
		var rows []string
		args := []any{db.Milli(now)}
		for _, h := range chunk {
			rows = append(rows, "("+db.Placeholders(len(args)+1, 4)+", $1)")
			args = append(args, prefix+u.keys[h.Article], h.Start.Unix()/3600, h.Source, h.N)
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO read_unknown (url, hour, source, n, noted) VALUES `+strings.Join(rows, ", ")+`
			ON CONFLICT (url, hour, source) DO UPDATE SET n = read_unknown.n + excluded.n, noted = excluded.noted`, args...)
		if err != nil {
			return fmt.Errorf("keep %d unknown addresses apart: %w", len(all), err)
		}
	}
	u.rows += int64(len(all))
	return nil
}

// An Address is one that is no article's, with its reads.
type Address struct {
	URL         string
	N           int64
	First, Last time.Time // hours
}

// Unknown lists the addresses that are kept apart, the most read first.
func Unknown(ctx context.Context, h db.Handle) ([]Address, error) {
	all, err := db.Collect(ctx, h, func(row *sql.Rows) (a Address, err error) {
		var first, last int64
		err = row.Scan(&a.URL, &a.N, &first, &last)
		a.First, a.Last = time.Unix(first*3600, 0), time.Unix(last*3600, 0)
		return a, err
	}, `SELECT url, CAST(SUM(n) AS BIGINT), MIN(hour), MAX(hour) FROM read_unknown GROUP BY url`)
	if err != nil {
		return nil, fmt.Errorf("unknown addresses: %w", err)
	}
	slices.SortFunc(all, func(a, b Address) int { return cmp.Or(cmp.Compare(b.N, a.N), cmp.Compare(a.URL, b.URL)) })
	return all, nil
}

// ErrNoArticle is returned by [Map] where no article has the slug.
var ErrNoArticle = errors.New("no article has this slug")

// Map makes an address one of the article with the slug, from now on, and brings in what was kept apart for it: so many reads.
func Map(ctx context.Context, d *db.DB, site, address, slug string, now time.Time) (n int64, err error) {
	key, query, ok := normal(address)
	if !ok || !isKeepable([]byte(key)) {
		return 0, fmt.Errorf("%q is no address: write it as https://kino.example/2026/premiere", address)
	}
	url := prefix + key
	if query != "" {
		url += "?" + db.Text(query)
	}
	err = d.Tx(ctx, func(tx *sql.Tx) error {
		var article int64
		err := tx.QueryRowContext(ctx, `SELECT id FROM articles WHERE slug = $1 AND state <> 'removed'`, slug).Scan(&article)
		if errors.Is(err, sql.ErrNoRows) {
			return fmt.Errorf("%q: %w; `vestnik articles list` shows them", slug, ErrNoArticle)
		}
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO read_addresses (url, article, made) VALUES ($1, $2, $3)
			ON CONFLICT (url) DO UPDATE SET article = excluded.article, made = excluded.made`, url, article, db.Milli(now))
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("map an address: %w", err)
	}
	return Settle(ctx, d, site)
}

// Settle brings in reads that were kept apart, of addresses that are an article's now, and returns how many. It costs next to nothing
// where nothing is kept apart.
func Settle(ctx context.Context, d *db.DB, site string) (n int64, err error) {
	u, err := loadUnknown(ctx, d)
	if err != nil || len(u.ids) == 0 {
		return 0, err
	}
	found := map[string]int64{}
	err = addresses(ctx, d, site, func(address string, article int64) {
		if key, query, ok := normal(address); ok && query == "" && u.ids[key] != 0 {
			found[key] = article
		}
	})
	if err != nil {
		return 0, err
	}
	for _, key := range slices.Sorted(maps.Keys(found)) {
		moved, err := settle(ctx, d, prefix+key, found[key])
		if err != nil {
			return n, fmt.Errorf("bring in the reads of %s: %w", prefix+key, err)
		}
		n += moved
	}
	return n, nil
}

// settle moves the reads of an address to its article. Deleting them is what makes them ours to move: two nodes may do this at once.
func settle(ctx context.Context, d *db.DB, url string, article int64) (n int64, err error) {
	err = d.Tx(ctx, func(tx *sql.Tx) error {
		n = 0
		hours, err := db.Collect(ctx, tx, func(row *sql.Rows) (h reads.Hour, err error) {
			var hour int64
			err = row.Scan(&hour, &h.Source, &h.N)
			h.Article, h.Start = article, time.Unix(hour*3600, 0)
			n += h.N
			return h, err
		}, `DELETE FROM read_unknown WHERE url = $1 RETURNING hour, source, n`, url)
		if err != nil {
			return err
		}
		return reads.Add(ctx, tx, hours)
	})
	return n, err
}

// Housekeep brings in what can be, see [Settle], and forgets addresses that nobody mapped for 90 days after a log had them last.
func Housekeep(ctx context.Context, d *db.DB, site string, now time.Time) error {
	if _, err := Settle(ctx, d, site); err != nil {
		return err
	}
	if _, err := d.ExecContext(ctx, `DELETE FROM read_unknown WHERE noted < $1`, now.Add(-KeepUnknown).UnixMilli()); err != nil {
		return fmt.Errorf("housekeep unknown addresses: %w", err)
	}
	return nil
}
