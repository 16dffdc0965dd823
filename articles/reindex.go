package articles

import (
	"context"
	"database/sql"
	"fmt"

	"vestnik/articles/words"
	"vestnik/db"
)

// reindexStep is how many articles one transaction of [Reindex] takes: few, since other writers wait for it.
const reindexStep = 50

// Reindex makes the words of those articles anew that an older version of the analyzer made ([language.Analyzer]), in steps
// of a transaction each, and returns how many there were. Until then they are only found by their old words. Their lists of
// related articles are owed anew ([Relate]). Several nodes may do it at once, and one that is stopped goes on where it was.
func Reindex(ctx context.Context, d *db.DB) (n int, err error) {
	for {
		step := 0
		err := d.Tx(ctx, func(tx *sql.Tx) (err error) {
			step, err = reindexSome(ctx, tx)
			return err
		})
		if err != nil {
			return n, fmt.Errorf("make the words of articles anew: %w", err)
		}
		if step == 0 {
			return n, nil
		}
		n += step
	}
}

func reindexSome(ctx context.Context, tx *sql.Tx) (n int, err error) {
	if ids, err := words.Stale(ctx, tx, 1); err != nil || len(ids) == 0 {
		return 0, err // without a lock: this is asked at every start
	}
	if err := lockChanges(ctx, tx); err != nil {
		return 0, err
	}
	ids, err := words.Stale(ctx, tx, reindexStep)
	if err != nil || len(ids) == 0 {
		return 0, err
	}
	all, err := ByIDs(ctx, tx, ids)
	if err != nil {
		return 0, err
	}
	current, err := CurrentChange(ctx, tx)
	if err != nil {
		return 0, err
	}
	for _, a := range all {
		if err := reindexOne(ctx, tx, a, current); err != nil {
			return 0, err
		}
	}
	return len(ids), nil
}

func reindexOne(ctx context.Context, tx *sql.Tx, a Article, current int64) error {
	if err := setWords(ctx, tx, a); err != nil || a.State != Published {
		return err
	}
	// No list was made that knows these words, so the number is one that none knows yet.
	return owe(ctx, tx, a.ID, current+1)
}
