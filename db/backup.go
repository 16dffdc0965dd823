package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
)

// Backup copies a SQLite database into a new file, which only its owner can read, while others go on writing; the copy is what was
// committed at one instant. It refuses to write over a file, checks the copy through and through, and returns it
// opened for reading: close it. When it fails, there is no file.
func (d *DB) Backup(ctx context.Context, file string) (copied *sql.DB, err error) {
	if d.Engine != "sqlite" {
		return nil, errors.New("only a SQLite database can be copied into a file")
	}
	abs, err := filepath.Abs(file)
	if err != nil {
		return nil, fmt.Errorf("backup: %w", err)
	}
	empty, err := os.OpenFile(abs, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return nil, fmt.Errorf("backup: %s exists already; name a new file", file)
	}
	if err != nil {
		return nil, fmt.Errorf("backup: %w", err)
	}
	empty.Close()
	if copied, err = d.backupInto(ctx, abs); err != nil {
		os.Remove(abs)
		return nil, fmt.Errorf("backup to %s: %w", file, err)
	}
	return copied, nil
}

func (d *DB) backupInto(ctx context.Context, file string) (*sql.DB, error) {
	if _, err := d.writer.ExecContext(ctx, `VACUUM INTO $1`, file); err != nil {
		return nil, err
	}
	if err := syncFile(file); err != nil {
		return nil, err
	}
	// Immutable: looking must not make files beside the copy.
	dsn := (&url.URL{Scheme: "file", Path: file, RawQuery: "mode=ro&immutable=1"}).String()
	copied, err := sql.Open("sqlite", dsn)
	if err != nil {
		return nil, err
	}
	var verdict string
	err = copied.QueryRowContext(ctx, `PRAGMA integrity_check(1)`).Scan(&verdict)
	if err == nil && verdict != "ok" {
		err = fmt.Errorf("the copy is damaged: %s", verdict)
	}
	if err != nil {
		copied.Close()
		return nil, err
	}
	return copied, nil
}

// syncFile sees to it that a file that SQLite has written outside a transaction outlives a power cut.
func syncFile(file string) error {
	f, err := os.OpenFile(file, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
