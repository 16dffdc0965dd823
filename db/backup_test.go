package db_test

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"vestnik/db"
	"vestnik/db/dbtest"
)

func TestABackupIsWholeWhileOthersWrite(t *testing.T) {
	d := dbtest.OpenEmpty(t)
	if d.Engine != "sqlite" {
		if _, err := d.Backup(ctx, filepath.Join(t.TempDir(), "x.db")); err == nil {
			t.Error("a PostgreSQL database was copied")
		}
		return
	}
	exec(t, d, `CREATE TABLE pairs (id BIGINT NOT NULL PRIMARY KEY, a BIGINT NOT NULL, b BIGINT NOT NULL)`)
	for i := range 500 {
		exec(t, d, `INSERT INTO pairs (id, a, b) VALUES ($1, 0, 0)`, i)
	}
	stop := make(chan struct{})
	var writer sync.WaitGroup
	other, err := db.Open(ctx, "sqlite:"+d.File)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	writer.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
				if _, err := other.ExecContext(ctx, `UPDATE pairs SET a = a + 1, b = b + 1`); err != nil {
					t.Error(err)
					return
				}
			}
		}
	})
	file := filepath.Join(t.TempDir(), "copy.db")
	copied, err := d.Backup(ctx, file)
	close(stop)
	writer.Wait()
	if err != nil {
		t.Fatal(err)
	}
	defer copied.Close()
	var rows, kinds, torn int
	if err := copied.QueryRowContext(ctx, `SELECT COUNT(*), COUNT(DISTINCT a), SUM(a <> b) FROM pairs`).Scan(&rows, &kinds, &torn); err != nil {
		t.Fatal(err)
	}
	if rows != 500 || kinds != 1 || torn != 0 {
		t.Errorf("%d rows of %d instants, %d torn", rows, kinds, torn)
	}
	info, err := os.Stat(file)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v: addresses are for the owner's eyes", info.Mode(), err)
	}
	if beside, _ := filepath.Glob(file + "-*"); len(beside) > 0 {
		t.Errorf("files beside the copy: %q", beside)
	}
}

func TestABackupWritesOverNothingAndLeavesNothingBroken(t *testing.T) {
	d := dbtest.OpenSQLite(t)
	file := filepath.Join(t.TempDir(), "there.db")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Backup(ctx, file); err == nil || !strings.Contains(err.Error(), "exists already") {
		t.Errorf("over a file that is there: %v", err)
	}
	if _, err := d.Backup(ctx, filepath.Join(t.TempDir(), "no", "such", "folder.db")); err == nil {
		t.Error("into a folder that does not exist")
	}
}
