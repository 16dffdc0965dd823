package articles

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"vestnik/db"
)

// A Change is one line of the log that feeds, caches and pushers follow with cursors of their own.
type Change struct {
	Change  int64 // grows in the order of commit; numbers may be missing
	Article int64
	Verb    string // publish | update | correct | withdraw | remove
	At      time.Time
	Mark    uint32 // drawn by lot; 0 for a change made before there were marks
}

// Changes returns at most limit changes after the given number, oldest first.
func Changes(ctx context.Context, h db.Handle, after int64, limit int) ([]Change, error) {
	return db.Collect(ctx, h, func(row *sql.Rows) (c Change, err error) {
		var at, mark int64
		err = row.Scan(&c.Change, &c.Article, &c.Verb, &at, &mark)
		c.At, c.Mark = db.Time(at), uint32(mark)
		return c, err
	}, `SELECT change, article, verb, at, mark FROM changes WHERE change > $1 ORDER BY change LIMIT $2`, after, int64(limit))
}

// CurrentChange is the number of the newest change, 0 before the first. While it stays the same, nothing that a reader
// sees of the articles has changed.
func CurrentChange(ctx context.Context, h db.Handle) (n int64, err error) {
	err = h.QueryRowContext(ctx, `SELECT n FROM change_counter WHERE id = 1`).Scan(&n)
	return n, err
}

// Mark returns the mark of a change and when it was made; [ErrNotFound] where there is no change of that number.
func Mark(ctx context.Context, h db.Handle, change int64) (mark uint32, at time.Time, err error) {
	var m, milli int64
	err = h.QueryRowContext(ctx, `SELECT mark, at FROM changes WHERE change = $1`, change).Scan(&m, &milli)
	if errors.Is(err, sql.ErrNoRows) {
		err = ErrNotFound
	}
	if err != nil {
		return 0, time.Time{}, fmt.Errorf("change %d: %w", change, err)
	}
	return uint32(m), db.Time(milli), nil
}

// Known reports whether the change with this mark belongs to the history of this database. One that was made after a
// backup does not, once the backup is restored, though its number is given out again. Number 0, before the first
// change, belongs to every history and has the mark 0.
func Known(ctx context.Context, h db.Handle, change int64, mark uint32) (bool, error) {
	if change == 0 {
		return mark == 0, nil
	}
	have, _, err := Mark(ctx, h, change)
	if errors.Is(err, ErrNotFound) {
		return false, nil
	}
	return err == nil && have == mark, err
}

// newMark draws a mark, which is never 0.
func newMark() (mark uint32) {
	for mark == 0 {
		var b [4]byte
		rand.Read(b[:])
		mark = binary.BigEndian.Uint32(b[:])
	}
	return mark
}

// lockChanges makes the writers of articles take turns until their transactions end, so that change numbers become
// visible in their order. It is taken before any row of an article is written: in the other order two imports could
// each hold what the other waits for.
func lockChanges(ctx context.Context, tx *sql.Tx) error {
	_, err := tx.ExecContext(ctx, `UPDATE change_counter SET n = n WHERE id = 1`)
	return err
}

// nextChange draws the number of a change. The article's row gets it before [logChange] is called.
func nextChange(ctx context.Context, tx *sql.Tx) (n int64, err error) {
	err = tx.QueryRowContext(ctx, `UPDATE change_counter SET n = n + 1 WHERE id = 1 RETURNING n`).Scan(&n)
	return n, err
}

// logChange logs a change, and owes the article its list of related ones.
func logChange(ctx context.Context, tx *sql.Tx, article, change int64, verb string, now time.Time) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO changes (change, article, verb, at, mark) VALUES ($1, $2, $3, $4, $5)`,
		change, article, verb, db.Milli(now), int64(newMark()))
	if err != nil {
		return err
	}
	return owe(ctx, tx, article, change)
}
