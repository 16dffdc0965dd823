package db_test

import (
	"context"
	"database/sql"
	"errors"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"vestnik/db"
	"vestnik/db/dbtest"
)

var ctx = context.Background()

func TestParametersBindByNumberInAnyOrder(t *testing.T) {
	d := dbtest.OpenEmpty(t)
	exec(t, d, `CREATE TABLE pairs (a TEXT NOT NULL, b TEXT NOT NULL, c TEXT NOT NULL)`)
	exec(t, d, `INSERT INTO pairs (a, b, c) VALUES ($2, $1, $2)`, "one", "two")
	var a, b, c string
	if err := d.QueryRowContext(ctx, `SELECT a, b, c FROM pairs`).Scan(&a, &b, &c); err != nil {
		t.Fatal(err)
	}
	if a != "two" || b != "one" || c != "two" {
		t.Errorf("got %s %s %s, want two one two", a, b, c)
	}
}

func TestBytesAndBigNumbersComeBackAsTheyWere(t *testing.T) {
	d := dbtest.OpenEmpty(t)
	exec(t, d, `CREATE TABLE things (id BIGINT NOT NULL PRIMARY KEY, raw BYTEA NOT NULL)`)
	id, raw := db.NewID(), []byte("12\x00\xff\r\n")
	exec(t, d, `INSERT INTO things (id, raw) VALUES ($1, $2)`, id, raw)
	var gotID int64
	var gotRaw []byte
	if err := d.QueryRowContext(ctx, `SELECT id, raw FROM things`).Scan(&gotID, &gotRaw); err != nil {
		t.Fatal(err)
	}
	if gotID != id || string(gotRaw) != string(raw) {
		t.Errorf("got %d %q, want %d %q", gotID, gotRaw, id, raw)
	}
}

func TestIsDuplicateKnowsBothKindsOfKey(t *testing.T) {
	d := dbtest.OpenEmpty(t)
	exec(t, d, `CREATE TABLE things (id BIGINT NOT NULL PRIMARY KEY, name TEXT NOT NULL UNIQUE)`)
	exec(t, d, `INSERT INTO things (id, name) VALUES (1, 'a')`)
	for _, row := range []string{`(1, 'b')`, `(2, 'a')`} {
		_, err := d.ExecContext(ctx, `INSERT INTO things (id, name) VALUES `+row)
		if !db.IsDuplicate(err) {
			t.Errorf("insert %s: IsDuplicate(%v) = false", row, err)
		}
	}
	_, err := d.ExecContext(ctx, `INSERT INTO nowhere (id) VALUES (1)`)
	if err == nil || db.IsDuplicate(err) {
		t.Errorf("a missing table: IsDuplicate(%v) = true", err)
	}
}

func TestTxRollsBackOnError(t *testing.T) {
	d := dbtest.OpenEmpty(t)
	exec(t, d, `CREATE TABLE things (id BIGINT NOT NULL PRIMARY KEY)`)
	broken := errors.New("broken")
	err := d.Tx(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `INSERT INTO things (id) VALUES (1)`); err != nil {
			return err
		}
		return broken
	})
	var n int
	if e := d.QueryRowContext(ctx, `SELECT COUNT(*) FROM things`).Scan(&n); e != nil {
		t.Fatal(e)
	}
	if !errors.Is(err, broken) || n != 0 {
		t.Errorf("Tx = %v with %d rows, want %v with 0", err, n, broken)
	}
}

func TestWritersOfOneCounterNeverLoseACount(t *testing.T) {
	d := dbtest.OpenEmpty(t)
	exec(t, d, `CREATE TABLE counter (n BIGINT NOT NULL)`)
	exec(t, d, `INSERT INTO counter (n) VALUES (0)`)
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			if err := d.Tx(ctx, func(tx *sql.Tx) error {
				_, err := tx.ExecContext(ctx, `UPDATE counter SET n = n + 1`)
				return err
			}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	var n int
	if err := d.QueryRowContext(ctx, `SELECT n FROM counter`).Scan(&n); err != nil || n != 20 {
		t.Errorf("counter = %d (%v), want 20", n, err)
	}
}

func TestOpenRefusesWhatItCannotKeepSafely(t *testing.T) {
	for address, want := range map[string]string{
		"mysql://x":                "must begin with sqlite: or postgres://",
		"sqlite:":                  "name a file",
		"sqlite::memory:":          "name a file",
		"sqlite:/no/such/dir/a.db": "does not exist",
	} {
		_, err := db.Open(ctx, address)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Open(%q) = %v, want an error with %q", address, err, want)
		}
	}
}

func TestSQLiteRunsWithTheSettingsThatDurabilityNeeds(t *testing.T) {
	d, err := db.Open(ctx, "sqlite:"+filepath.Join(t.TempDir(), "имя с пробелом.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	for pragma, want := range map[string]string{"journal_mode": "wal", "synchronous": "2", "busy_timeout": "10000", "foreign_keys": "1"} {
		var got string
		if err := d.QueryRowContext(ctx, "PRAGMA "+pragma).Scan(&got); err != nil || got != want {
			t.Errorf("PRAGMA %s = %q (%v), want %q", pragma, got, err, want)
		}
	}
	if _, err := d.QueryContext(ctx, `CREATE TABLE x (a TEXT)`); err == nil {
		t.Error("a reader could write")
	}
}

func TestTheWriterAloneKeepsWhatAStatementMayUndoInMemory(t *testing.T) {
	d, err := db.Open(ctx, "sqlite:"+filepath.Join(t.TempDir(), "a.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	sizes := func(h db.Handle) (cache, store int) {
		for pragma, size := range map[string]*int{"cache_size": &cache, "temp_store": &store} {
			if err := h.QueryRowContext(ctx, "PRAGMA "+pragma).Scan(size); err != nil {
				t.Fatal(err)
			}
		}
		return cache, store
	}
	if cache, store := sizes(d); cache != -2000 || store != 0 {
		t.Errorf("a reader: cache_size %d, temp_store %d", cache, store)
	}
	err = d.Tx(ctx, func(tx *sql.Tx) error {
		if cache, store := sizes(tx); cache != -2000 || store != 2 {
			t.Errorf("the writer: cache_size %d, temp_store %d", cache, store)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestIDsGrowAndFitTheirTime(t *testing.T) {
	last := int64(0)
	for range 100_000 {
		id := db.NewID()
		if id <= last {
			t.Fatalf("NewID gave %d after %d", id, last)
		}
		last = id
	}
	if last>>22 < (time.Now().UnixMilli()-1704067200000)-1000 {
		t.Errorf("id %d is not of today", last)
	}
}

func TestTextIsFitForBothEngines(t *testing.T) {
	d := dbtest.OpenEmpty(t)
	exec(t, d, `CREATE TABLE texts (s TEXT NOT NULL)`)
	exec(t, d, `INSERT INTO texts (s) VALUES ($1)`, db.Text("при\x00вет \xff!"))
	var got string
	if err := d.QueryRowContext(ctx, `SELECT s FROM texts`).Scan(&got); err != nil || got != "привет \uFFFD!" {
		t.Errorf("got %q (%v)", got, err)
	}
}

func exec(t *testing.T, d *db.DB, query string, args ...any) {
	t.Helper()
	if _, err := d.ExecContext(ctx, query, args...); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
}

func TestInRowsWritesEveryRowOnce(t *testing.T) {
	d := dbtest.OpenEmpty(t)
	exec(t, d, `CREATE TABLE pairs (a BIGINT NOT NULL PRIMARY KEY, b TEXT NOT NULL, c BIGINT NOT NULL)`)
	text := func(rows int) string {
		tuples := make([]string, rows)
		for i := range tuples {
			tuples[i] = "(" + db.Placeholders(2+2*i, 2) + ", $1)"
		}
		return `INSERT INTO pairs (a, b, c) VALUES ` + strings.Join(tuples, ", ") + ` ON CONFLICT (a) DO NOTHING`
	}
	total := int64(0)
	for _, rows := range []int64{0, 1, 3, 4, 7, 8, 9} { // of at most four a statement
		var values []any
		for i := range rows {
			values = append(values, total+i, "x")
		}
		for _, want := range []int64{rows, 0} {
			err := d.Tx(ctx, func(tx *sql.Tx) error {
				n, err := db.InRows(ctx, tx, text, []any{int64(5)}, values, 2, 4)
				if n != want {
					t.Errorf("%d rows: %d were written, want %d", rows, n, want)
				}
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		total += rows
	}
	var n, sum int64
	if err := d.QueryRowContext(ctx, `SELECT COUNT(*), CAST(SUM(c) AS BIGINT) FROM pairs WHERE b = 'x'`).Scan(&n, &sum); err != nil || n != total || sum != 5*total {
		t.Errorf("%d rows, sum %d, %v; want %d rows", n, sum, err, total)
	}
}
