// Package dbtest gives every test a fresh, migrated database: a SQLite file, or a schema of its own on the
// PostgreSQL server that VESTNIK_TEST_POSTGRES names. The whole suite runs on both (make test).
package dbtest

import (
	"context"
	"database/sql"
	"flag"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"testing"

	"vestnik/db"
	"vestnik/db/schema"
)

var keep = flag.Bool("keep", false, "keep the database of each test and print where it is")

// Open returns a migrated database that is closed and removed when the test ends.
func Open(t testing.TB) *db.DB {
	t.Helper()
	return migrated(t, OpenEmpty(t))
}

// OpenSQLite is Open, but always SQLite: for tests of what is SQLite's own, such as its query plans.
func OpenSQLite(t testing.TB) *db.DB {
	t.Helper()
	return migrated(t, open(t, sqliteFile(t)))
}

// OpenEmpty is Open without the migration.
func OpenEmpty(t testing.TB) *db.DB {
	t.Helper()
	return open(t, URL(t))
}

func open(t testing.TB, address string) *db.DB {
	t.Helper()
	d, err := db.Open(context.Background(), address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

func migrated(t testing.TB, d *db.DB) *db.DB {
	t.Helper()
	if _, _, err := schema.Migrate(context.Background(), d); err != nil {
		t.Fatal(err)
	}
	return d
}

// URL returns the address of an empty database that is removed when the test ends, for tests that start a daemon.
func URL(t testing.TB) string {
	t.Helper()
	if server := os.Getenv("VESTNIK_TEST_POSTGRES"); server != "" {
		return postgresSchema(t, server)
	}
	return sqliteFile(t)
}

func sqliteFile(t testing.TB) string {
	dir := t.TempDir()
	if *keep {
		var err error
		if dir, err = os.MkdirTemp("", "vestnik-keep-"); err != nil {
			t.Fatal(err)
		}
		t.Logf("database kept: %s", dir)
	}
	return "sqlite:" + filepath.Join(dir, "test.db")
}

func postgresSchema(t testing.TB, server string) string {
	admin, err := sql.Open("pgx", server)
	if err != nil {
		t.Fatal(err)
	}
	name := fmt.Sprintf("t%d", db.NewID())
	if _, err := admin.Exec("CREATE SCHEMA " + name); err != nil {
		t.Fatalf("VESTNIK_TEST_POSTGRES: %v", err)
	}
	t.Cleanup(func() {
		defer admin.Close()
		if *keep {
			t.Logf("schema kept: %s", name)
			return
		}
		if _, err := admin.Exec("DROP SCHEMA " + name + " CASCADE"); err != nil {
			t.Errorf("drop schema: %v", err)
		}
	})
	u, err := url.Parse(server)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	q.Set("search_path", name)
	u.RawQuery = q.Encode()
	return u.String()
}
