package db

import (
	"context"
	"database/sql"
	"slices"
)

// InRows runs a statement that takes several rows, as an INSERT does, as often as it takes to use all values up, and returns how many rows
// the database says were written. Text is the statement for so many rows, at most most; its parameters are first the shared values and then
// those of the rows, width for each. A statement that is run more than once is prepared: to parse it takes as long as to run it. Most
// should be small, some ten rows: SQLite looks every $n up by its name, one after the other.
func InRows(ctx context.Context, tx *sql.Tx, text func(rows int) string, shared, values []any, width, most int) (written int64, err error) {
	full := most * width
	if len(values) >= 2*full {
		statement, err := tx.PrepareContext(ctx, text(most))
		if err != nil {
			return 0, err
		}
		defer statement.Close()
		args := append(slices.Clone(shared), values[:full]...)
		for ; len(values) >= full; values = values[full:] {
			copy(args[len(shared):], values)
			n, err := Affected(statement.ExecContext(ctx, args...))
			if err != nil {
				return written, err
			}
			written += n
		}
	}
	for len(values) > 0 {
		some := values[:min(len(values), full)]
		values = values[len(some):]
		n, err := Affected(tx.ExecContext(ctx, text(len(some)/width), append(slices.Clone(shared), some...)...))
		if err != nil {
			return written, err
		}
		written += n
	}
	return written, nil
}
