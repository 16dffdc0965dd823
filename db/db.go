// Package db opens the database and holds the little that SQL needs: one statement text for SQLite and PostgreSQL,
// transactions, ids, and times.
//
// Rules for every statement (ARCHITECTURE.md, "Data rules"): parameters are $1, $2 …, each of one type; columns are
// named; everything is NOT NULL and zero means "never"; times are BIGINT Unix milliseconds in UTC; ids are made by [NewID].
// No SQL date or JSON functions, no SERIAL, no LIKE for meaning, no order that depends on a collation.
package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	_ "github.com/jackc/pgx/v5/stdlib" // driver "pgx"
	"modernc.org/sqlite"
	lib "modernc.org/sqlite/lib"
)

// Handle is what a statement needs. Both *DB and *sql.Tx meet it, so any function that takes a Handle joins its
// caller's transaction by the type of the argument.
type Handle interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// DB is an open database. Queries outside a transaction go to a pool of readers, statements to the writer.
// A statement that changes rows and returns some (RETURNING) therefore belongs inside [DB.Tx].
type DB struct {
	Engine  string // "sqlite" or "postgres"
	File    string // the SQLite file, "" on PostgreSQL
	Witness string // the file that knows how far the database had come, see [DB.Work]; on PostgreSQL "" for none
	writer  *sql.DB
	readers *sql.DB
}

// Open opens the database at rawURL: "sqlite:FILE" or "postgres://…". It does not migrate: see package db/schema.
func Open(ctx context.Context, rawURL string) (*DB, error) {
	switch {
	case strings.HasPrefix(rawURL, "sqlite:"):
		return openSQLite(ctx, strings.TrimPrefix(rawURL, "sqlite:"))
	case strings.HasPrefix(rawURL, "postgres://"), strings.HasPrefix(rawURL, "postgresql://"):
		return openPostgres(ctx, rawURL)
	}
	return nil, fmt.Errorf("open database %q: the address must begin with sqlite: or postgres://", redact(rawURL))
}

func openPostgres(ctx context.Context, rawURL string) (*DB, error) {
	pool, err := sql.Open("pgx", rawURL)
	if err != nil {
		return nil, fmt.Errorf("open database %s: %w", redact(rawURL), err)
	}
	pool.SetMaxOpenConns(20)
	pool.SetMaxIdleConns(20)
	if err := pool.PingContext(ctx); err != nil {
		pool.Close()
		return nil, fmt.Errorf("open database %s: %w", redact(rawURL), err)
	}
	return &DB{Engine: "postgres", writer: pool, readers: pool}, nil
}

// pragmas are set on every connection and read back at start: modernc silently ignores a pragma it cannot parse, and
// a database without WAL or a busy timeout looks well until the first concurrent write.
var pragmas = []struct{ name, set, want string }{
	{"journal_mode", "WAL", "wal"},
	{"synchronous", "FULL", "2"}, // a letter's marks must survive a power cut
	{"foreign_keys", "ON", "1"},
	{"busy_timeout", "10000", "10000"},
}

// tempInMemory is set on the writer alone: what a statement may have to undo stays in memory, not in a file for each. A greater
// cache of pages is not worth what a daemon would hold for good.
const tempInMemory = "&_pragma=temp_store(MEMORY)"

func openSQLite(ctx context.Context, file string) (*DB, error) {
	if file == "" || strings.HasPrefix(file, ":memory:") {
		return nil, errors.New("open database: name a file, as in sqlite:vestnik.db")
	}
	abs, err := filepath.Abs(file)
	if err != nil {
		return nil, fmt.Errorf("open database %s: %w", file, err)
	}
	if dir := filepath.Dir(abs); !isDir(dir) {
		return nil, fmt.Errorf("open database %s: the folder %s does not exist", file, dir)
	}
	abs = resolved(abs)
	query := url.Values{"_txlock": {"immediate"}}
	for _, p := range pragmas {
		query.Add("_pragma", p.name+"("+p.set+")")
	}
	dsn := (&url.URL{Scheme: "file", Path: abs, RawQuery: query.Encode()}).String()
	d := &DB{Engine: "sqlite", File: abs, Witness: abs + ".witness"}
	if d.writer, err = sql.Open("sqlite", dsn+tempInMemory); err != nil {
		return nil, fmt.Errorf("open database %s: %w", file, err)
	}
	d.writer.SetMaxOpenConns(1)
	if d.readers, err = sql.Open("sqlite", dsn+"&_pragma=query_only(ON)"); err != nil {
		d.writer.Close()
		return nil, fmt.Errorf("open database %s: %w", file, err)
	}
	d.readers.SetMaxOpenConns(8)
	d.readers.SetMaxIdleConns(8)
	if err := d.checkPragmas(ctx); err != nil {
		d.Close()
		return nil, fmt.Errorf("open database %s: %w", file, err)
	}
	return d, nil
}

func isDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

func (d *DB) checkPragmas(ctx context.Context) error {
	for _, p := range pragmas {
		var got string
		if err := d.writer.QueryRowContext(ctx, "PRAGMA "+p.name).Scan(&got); err != nil {
			return err
		}
		if got != p.want {
			return fmt.Errorf("SQLite answered %s = %s, and %s is needed; is the file on a network drive?", p.name, got, p.want)
		}
	}
	return nil
}

// Close closes both pools.
func (d *DB) Close() error {
	if d.readers != d.writer {
		d.readers.Close()
	}
	return d.writer.Close()
}

// ExecContext runs a statement on the writer.
func (d *DB) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	return d.writer.ExecContext(ctx, query, args...)
}

// QueryContext reads from the pool of readers.
func (d *DB) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	return d.readers.QueryContext(ctx, query, args...)
}

// QueryRowContext reads one row from the pool of readers.
func (d *DB) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	return d.readers.QueryRowContext(ctx, query, args...)
}

// Tx runs f in one transaction and commits if f returns nil. Inside f only tx may be used: a statement on d would
// wait for SQLite's one writer for ever. On PostgreSQL f runs again (up to five times) after a deadlock or a
// serialization failure, so f must not change anything outside the transaction before it succeeds.
func (d *DB) Tx(ctx context.Context, f func(tx *sql.Tx) error) error {
	for attempt := 1; ; attempt++ {
		err := d.tx(ctx, f)
		if attempt == 5 || !isRetryable(err) {
			return err
		}
	}
}

func (d *DB) tx(ctx context.Context, f func(tx *sql.Tx) error) error {
	tx, err := d.writer.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer tx.Rollback()
	if err := f(tx); err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	return nil
}

func isRetryable(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && (pg.Code == "40001" || pg.Code == "40P01")
}

// IsDuplicate reports whether err is the breaking of a unique or primary key, by the drivers' codes.
func IsDuplicate(err error) bool {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return pg.Code == "23505"
	}
	var lite *sqlite.Error
	if errors.As(err, &lite) {
		return lite.Code() == lib.SQLITE_CONSTRAINT_UNIQUE || lite.Code() == lib.SQLITE_CONSTRAINT_PRIMARYKEY
	}
	return false
}

// redact returns rawURL without its password, for messages.
func redact(rawURL string) string {
	u, err := url.Parse(rawURL)
	if err != nil {
		return "(unreadable address)"
	}
	return u.Redacted()
}
