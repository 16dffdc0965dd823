// Package schema holds the tables: one ordered list of steps, forward only, the same text for SQLite and PostgreSQL.
// What an engine has of its own, as an index of words, stands in a step between "-- only sqlite" or "-- only postgres" and
// "-- all engines", each on a line of its own.
// A table is written by one package only, the one its heading in the step names; any package may read it.
package schema

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strconv"
	"strings"

	"vestnik/db"
)

//go:embed *.sql
var files embed.FS

// ErrNewer is returned when the database was migrated by a newer vestnik than this one.
var ErrNewer = errors.New("the database is newer than this program")

// lockKey is the PostgreSQL advisory lock that lets one node migrate while the others wait.
const lockKey = 0x76657374 // "vest"

// A Step is one numbered schema file.
type Step struct {
	Version int
	Name    string
	SQL     string
}

// For returns the statements of the step for an engine, "sqlite" or "postgres". What is left out leaves empty lines, so that
// an error's line number is that of the file.
func (s Step) For(engine string) (string, error) {
	lines := strings.Split(s.SQL, "\n")
	only := ""
	for i, line := range lines {
		switch mark, named := strings.CutPrefix(line, "-- only "); {
		case named && mark != "sqlite" && mark != "postgres":
			return "", fmt.Errorf("schema step %s:%d: %q is no engine; write sqlite or postgres", s.Name, i+1, mark)
		case named:
			only = mark
		case line == "-- all engines":
			only = ""
		case only != "" && only != engine:
			lines[i] = ""
		}
	}
	return strings.Join(lines, "\n"), nil
}

// Steps returns every step in order.
func Steps() ([]Step, error) {
	names, err := fs.Glob(files, "*.sql")
	if err != nil {
		return nil, err
	}
	var steps []Step
	for _, name := range names {
		number, _, _ := strings.Cut(path.Base(name), "_")
		version, err := strconv.Atoi(number)
		if err != nil || version != len(steps)+1 {
			return nil, fmt.Errorf("schema file %s: the name must begin with %03d_", name, len(steps)+1)
		}
		text, err := files.ReadFile(name)
		if err != nil {
			return nil, err
		}
		steps = append(steps, Step{version, name, string(text)})
	}
	return steps, nil
}

// Migrate brings the database to the newest step, each step in a transaction of its own, and returns the versions
// before and after. Several nodes may call it at once. A database with a higher version gives [ErrNewer] and is left alone.
func Migrate(ctx context.Context, d *db.DB) (from, to int, err error) {
	steps, err := Steps()
	if err != nil {
		return 0, 0, err
	}
	return MigrateTo(ctx, d, steps)
}

// MigrateTo is Migrate over the given steps; tests use it to stop at an earlier version.
func MigrateTo(ctx context.Context, d *db.DB, steps []Step) (from, to int, err error) {
	from = -1
	for {
		var before int
		done := false
		err = d.Tx(ctx, func(tx *sql.Tx) error {
			if before, err = lockedVersion(ctx, tx, d.Engine); err != nil {
				return err
			}
			if before > len(steps) {
				return fmt.Errorf("%w: it has schema %d, this program knows %d; start the newer vestnik, or restore a backup made before its upgrade", ErrNewer, before, len(steps))
			}
			if done = before == len(steps); done {
				return nil
			}
			return apply(ctx, tx, d.Engine, steps[before])
		})
		if from < 0 {
			from = before
		}
		if err != nil || done {
			return from, before, err
		}
	}
}

func lockedVersion(ctx context.Context, tx *sql.Tx, engine string) (version int, err error) {
	if engine == "postgres" { // engine variant: SQLite's immediate transaction is the lock already
		if _, err := tx.ExecContext(ctx, "SELECT pg_advisory_xact_lock($1)", lockKey); err != nil {
			return 0, err
		}
	}
	if _, err := tx.ExecContext(ctx, "CREATE TABLE IF NOT EXISTS schema_version (version BIGINT PRIMARY KEY)"); err != nil {
		return 0, err
	}
	err = tx.QueryRowContext(ctx, "SELECT COALESCE(MAX(version), 0) FROM schema_version").Scan(&version)
	return version, err
}

func apply(ctx context.Context, tx *sql.Tx, engine string, s Step) error {
	text, err := s.For(engine)
	if err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, text); err != nil {
		return fmt.Errorf("schema step %s: %w", s.Name, err)
	}
	if _, err := tx.ExecContext(ctx, "INSERT INTO schema_version (version) VALUES ($1)", s.Version); err != nil {
		return fmt.Errorf("schema step %s: %w", s.Name, err)
	}
	return nil
}

// Version is the database's schema version, 0 for an empty database.
func Version(ctx context.Context, d *db.DB) (version int, err error) {
	err = d.Tx(ctx, func(tx *sql.Tx) error {
		version, err = lockedVersion(ctx, tx, d.Engine)
		return err
	})
	return version, err
}
