package addresses

import (
	"cmp"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"vestnik/db"
)

const (
	// MostUnknown is how many addresses are kept apart.
	MostUnknown = 10_000
	// KeepUnknown is how long they are kept after they were read last.
	KeepUnknown = 90 * 24 * time.Hour

	maxRows = 1_000_000 // and rows for them
)

// Unknown are the addresses that are no article's. Each has a negative number, by which its visitors are told apart as an
// article's are. It is not safe for several goroutines.
type Unknown struct {
	ids  map[string]int64 // by key
	keys map[int64]string
	rows int64 // at most; those of one hour are counted whenever they are written
}

// LoadUnknown returns those that are kept apart.
func LoadUnknown(ctx context.Context, h db.Handle) (*Unknown, error) {
	u := &Unknown{ids: map[string]int64{}, keys: map[int64]string{}}
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

func (u *Unknown) add(key string) int64 {
	id := Number(key)
	u.ids[key], u.keys[id] = id, key
	return id
}

// Number is the number of a key: the same on every node and in every import, for read_seen. Keys come from outside, so its hash is
// one for which nobody finds a second key with the number of another, whose reads would then be its own.
func Number(key string) int64 {
	sum := sha256.Sum256([]byte(key))
	return -int64(binary.BigEndian.Uint64(sum[:])>>1) - 1
}

// Has reports whether a key is kept apart already.
func (u *Unknown) Has(key string) bool { return u.ids[key] != 0 }

// ID is the number of a key, 0 if there are too many already, or the key cannot be kept.
func (u *Unknown) ID(key []byte) int64 {
	if u.rows >= maxRows {
		return 0
	}
	if id, ok := u.ids[string(key)]; ok {
		return id
	}
	if len(u.ids) >= MostUnknown || !isKeepable(key) {
		return 0
	}
	return u.add(string(key))
}

// Key is the key of a number that [Unknown.ID] gave.
func (u *Unknown) Key(id int64) string { return u.keys[id] }

// Wrote notes that so many rows were written.
func (u *Unknown) Wrote(rows int) { u.rows += int64(rows) }

// Found are the keys that the index knows by now, with their articles.
func (u *Unknown) Found(x *Index) map[string]int64 {
	found := map[string]int64{}
	for key := range u.ids {
		if article := x.Of(key); article != 0 {
			found[key] = article
		}
	}
	return found
}

// Len is how many there are.
func (u *Unknown) Len() int { return len(u.ids) }

// Kept are reads of an address within an hour.
type Kept struct {
	Key    string // of the address, see [Normal]
	Hour   int64  // since 1970-01-01, UTC
	Source string
	N      int64
}

// Keep adds to what is kept apart.
func Keep(ctx context.Context, tx *sql.Tx, all []Kept, now time.Time) error {
	slices.SortFunc(all, func(a, b Kept) int { // everybody in one order, so that none waits for another in a circle
		return cmp.Or(cmp.Compare(a.Key, b.Key), cmp.Compare(a.Hour, b.Hour), cmp.Compare(a.Source, b.Source))
	})
	for chunk := range slices.Chunk(all, 100) {
		var rows []string
		args := []any{db.Milli(now)}
		for _, k := range chunk {
			rows = append(rows, "("+db.Placeholders(len(args)+1, 4)+", $1)")
			args = append(args, prefix+k.Key, k.Hour, k.Source, k.N)
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO read_unknown (url, hour, source, n, noted) VALUES `+strings.Join(rows, ", ")+`
			ON CONFLICT (url, hour, source) DO UPDATE SET n = read_unknown.n + excluded.n, noted = excluded.noted`, args...)
		if err != nil {
			return fmt.Errorf("keep %d unknown addresses apart: %w", len(all), err)
		}
	}
	return nil
}

// Take takes out what was kept apart of a key. Deleting it is what makes it the caller's: two nodes may do this at once.
func Take(ctx context.Context, tx *sql.Tx, key string) ([]Kept, error) {
	return db.Collect(ctx, tx, func(row *sql.Rows) (k Kept, err error) {
		k.Key = key
		return k, row.Scan(&k.Hour, &k.Source, &k.N)
	}, `DELETE FROM read_unknown WHERE url = $1 RETURNING hour, source, n`, prefix+key)
}

// An Address is one that is no article's, with its reads.
type Address struct {
	URL         string
	N           int64
	First, Last time.Time // hours
}

// List lists the addresses that are kept apart, the most read first.
func List(ctx context.Context, h db.Handle) ([]Address, error) {
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

// Map makes an address one of the article with the slug, from now on.
func Map(ctx context.Context, d *db.DB, address, slug string, now time.Time) error {
	key, query, ok := Normal(address)
	if !ok || !isKeepable([]byte(key)) {
		return fmt.Errorf("%q is no address: write it as https://kino.example/2026/premiere", address)
	}
	url := prefix + key
	if query != "" {
		url += "?" + db.Text(query)
	}
	err := d.Tx(ctx, func(tx *sql.Tx) error {
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
		return fmt.Errorf("map an address: %w", err)
	}
	return nil
}

// Housekeep forgets addresses that nobody mapped for 90 days after they were read last.
func Housekeep(ctx context.Context, h db.Handle, now time.Time) error {
	if _, err := h.ExecContext(ctx, `DELETE FROM read_unknown WHERE noted < $1`, now.Add(-KeepUnknown).UnixMilli()); err != nil {
		return fmt.Errorf("housekeep unknown addresses: %w", err)
	}
	return nil
}

// Version changes whenever the addresses of articles do: by the change number, and by what editors mapped.
type Version struct{ change, mapped, last int64 }

// Current is the version of now. It costs next to nothing.
func Current(ctx context.Context, h db.Handle) (v Version, err error) {
	if err = h.QueryRowContext(ctx, `SELECT n FROM change_counter WHERE id = 1`).Scan(&v.change); err == nil {
		err = h.QueryRowContext(ctx, `SELECT COUNT(*), COALESCE(MAX(made), 0) FROM read_addresses`).Scan(&v.mapped, &v.last)
	}
	if err != nil {
		return v, fmt.Errorf("version of addresses: %w", err)
	}
	return v, nil
}
