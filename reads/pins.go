package reads

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"vestnik/db"
)

// maxPlace bounds the places of pins: no list shows more.
const maxPlace = 100

// ErrPlace is returned by [SetPin] for a place that no list has.
var ErrPlace = errors.New("a place from 1 to 100 is needed")

// A Pin is an article that the editors want at a place of the lists of the most read.
type Pin struct {
	Article int64
	Place   int       // from 1
	Until   time.Time // zero: until it is taken back
}

// SetPin pins an article, or moves its pin. Of two pins at one place the one set last comes first.
func SetPin(ctx context.Context, h db.Handle, p Pin, now time.Time) error {
	if p.Place < 1 || p.Place > maxPlace {
		return fmt.Errorf("pin to place %d: %w", p.Place, ErrPlace)
	}
	_, err := h.ExecContext(ctx, `INSERT INTO read_pins (article, place, until, made) VALUES ($1, $2, $3, $4)
		ON CONFLICT (article) DO UPDATE SET place = excluded.place, until = excluded.until, made = excluded.made`,
		p.Article, int64(p.Place), db.Milli(p.Until), db.Milli(now))
	if err != nil {
		return fmt.Errorf("pin article %d: %w", p.Article, err)
	}
	return nil
}

// RemovePin takes a pin back and reports whether there was one.
func RemovePin(ctx context.Context, h db.Handle, article int64) (bool, error) {
	return db.Changed(ctx, h, `DELETE FROM read_pins WHERE article = $1`, article)
}

// PinnedTo is the place to which an article is pinned now, 0 for none.
func PinnedTo(ctx context.Context, h db.Handle, article int64, now time.Time) (place int, err error) {
	err = h.QueryRowContext(ctx, `SELECT place FROM read_pins WHERE article = $1 AND (until = 0 OR until > $2)`, article, db.Milli(now)).Scan(&place)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	return place, err
}

// Exclude keeps an article out of all rankings, and reports whether that is new. It is read and counted as before.
func Exclude(ctx context.Context, h db.Handle, article int64, now time.Time) (bool, error) {
	return db.Changed(ctx, h, `INSERT INTO read_excluded (article, made) VALUES ($1, $2) ON CONFLICT (article) DO NOTHING`, article, db.Milli(now))
}

// Include takes [Exclude] back and reports whether the article was excluded.
func Include(ctx context.Context, h db.Handle, article int64) (bool, error) {
	return db.Changed(ctx, h, `DELETE FROM read_excluded WHERE article = $1`, article)
}

// Excluded are the articles that [Exclude] keeps out.
func Excluded(ctx context.Context, h db.Handle) ([]int64, error) {
	return db.Collect(ctx, h, func(row *sql.Rows) (id int64, err error) { return id, row.Scan(&id) }, `SELECT article FROM read_excluded ORDER BY article`)
}

// pins are those in force, of published articles of the query's language and section, by place.
func (q Query) pins(ctx context.Context, h db.Handle, now time.Time) ([]Pin, error) {
	args := arguments{db.Milli(now)}
	query := `SELECT p.article, p.place, p.until
		FROM read_pins AS p
		JOIN articles AS a ON a.id = p.article
		WHERE (p.until = 0 OR p.until > $1) AND a.state = 'published'`
	if q.Language != "" {
		query += ` AND a.language = ` + args.list(q.Language)
	}
	if q.Section != "" {
		query += ` AND a.section = ` + args.list(q.Section)
	}
	pins, err := db.Collect(ctx, h, scanPin, query+` ORDER BY p.place, p.made DESC, p.article`, args...)
	if err != nil {
		return nil, fmt.Errorf("pinned articles: %w", err)
	}
	return slices.DeleteFunc(pins, func(p Pin) bool { return slices.Contains(q.Exclude, p.Article) }), nil
}

func scanPin(row *sql.Rows) (p Pin, err error) {
	var until int64
	err = row.Scan(&p.Article, &p.Place, &until)
	p.Until = db.Time(until)
	return p, err
}

// List is [Top] with the articles that are pinned now at their places, or after the last of a shorter list. They have the
// reason [ReasonEditors] and neither reads nor score: whoever shows them must not call them most read.
func List(ctx context.Context, h db.Handle, q Query, now time.Time) ([]Ranked, error) {
	pins, err := q.pins(ctx, h, now)
	if err != nil {
		return nil, err
	}
	for _, p := range pins {
		q.Exclude = append(slices.Clip(q.Exclude), p.Article)
	}
	top, err := Top(ctx, h, q)
	if err != nil {
		return nil, err
	}
	places := map[int64]int{}
	var pinned []Ranked
	for _, p := range pins {
		places[p.Article] = p.Place
		pinned = append(pinned, Ranked{Article: p.Article, Reason: ReasonEditors})
	}
	top = Arrange(top, pinned, func(r Ranked) int { return places[r.Article] })
	return top[:min(len(top), cmp.Or(q.Limit, len(top)))], nil
}
