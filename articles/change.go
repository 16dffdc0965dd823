package articles

import (
	"context"
	"database/sql"
	"time"

	"vestnik/db"
)

// A Change is one line of the log that feeds, caches and pushers follow with cursors of their own.
type Change struct {
	Change  int64 // grows in the order of commit; numbers may be missing
	Article int64
	Verb    string // publish | update | withdraw | remove
	At      time.Time
}

// Changes returns at most limit changes after the given number, oldest first.
func Changes(ctx context.Context, h db.Handle, after int64, limit int) ([]Change, error) {
	return db.Collect(ctx, h, func(row *sql.Rows) (c Change, err error) {
		var at int64
		err = row.Scan(&c.Change, &c.Article, &c.Verb, &at)
		c.At = db.Time(at)
		return c, err
	}, `SELECT change, article, verb, at FROM changes WHERE change > $1 ORDER BY change LIMIT $2`, after, int64(limit))
}

// CurrentChange is the number of the newest change, 0 before the first. While it stays the same, nothing that a reader
// sees of the articles has changed.
func CurrentChange(ctx context.Context, h db.Handle) (n int64, err error) {
	err = h.QueryRowContext(ctx, `SELECT n FROM change_counter WHERE id = 1`).Scan(&n)
	return n, err
}

// lockChanges makes the writers of articles take turns until their transactions end, so that change numbers become
// visible in their order. It is taken before any row of an article is written: in the other order two imports could
// each hold what the other waits for.
func lockChanges(ctx context.Context, tx *sql.Tx) error {
	_, err := tx.ExecContext(ctx, `UPDATE change_counter SET n = n WHERE id = 1`)
	return err
}

// raise gives the article the next change number and logs the change.
func raise(ctx context.Context, tx *sql.Tx, article int64, verb string, now time.Time) (n int64, err error) {
	if err := tx.QueryRowContext(ctx, `UPDATE change_counter SET n = n + 1 WHERE id = 1 RETURNING n`).Scan(&n); err != nil {
		return 0, err
	}
	if _, err := tx.ExecContext(ctx, `UPDATE articles SET change = $1 WHERE id = $2`, n, article); err != nil {
		return 0, err
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO changes (change, article, verb, at) VALUES ($1, $2, $3, $4)`, n, article, verb, db.Milli(now))
	return n, err
}
