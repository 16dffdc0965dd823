package db_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"vestnik/db"
	"vestnik/db/dbtest"
)

var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

// settled is a database that is at home, with a witness.
func settled(t *testing.T) *db.DB {
	t.Helper()
	d := dbtest.Open(t)
	if d.Engine == "postgres" {
		d.Witness = filepath.Join(t.TempDir(), "vestnik.toml.witness")
	}
	work(t, d, noon)
	return d
}

// settledFile is [settled] in a SQLite file, whichever database the tests run on.
func settledFile(t *testing.T) *db.DB {
	t.Helper()
	d := dbtest.OpenSQLite(t)
	work(t, d, noon)
	return d
}

func work(t *testing.T, d *db.DB, now time.Time) {
	t.Helper()
	if err := d.Work(ctx, now); err != nil {
		t.Fatal(err)
	}
}

// wantStrange expects that the database is not at home, for a reason with that text.
func wantStrange(t *testing.T, d *db.DB, text string) {
	t.Helper()
	var strange *db.NotAtHome
	for what, err := range map[string]error{"check": d.CheckHome(ctx, noon.Add(time.Hour)), "work": d.Work(ctx, noon.Add(time.Hour))} {
		if !errors.As(err, &strange) || !strings.Contains(err.Error(), text) || !strings.Contains(err.Error(), "vestnik adopt") {
			t.Errorf("%s: %v; want one that says %q and names vestnik adopt", what, err, text)
		}
	}
}

func wantHome(t *testing.T, d *db.DB) {
	t.Helper()
	if err := d.CheckHome(ctx, noon.Add(time.Hour)); err != nil {
		t.Error(err)
	}
}

func instance(t *testing.T, d *db.DB) db.Instance {
	t.Helper()
	in, found, err := db.FindInstance(ctx, d)
	if err != nil || !found {
		t.Fatalf("found %v, error %v", found, err)
	}
	return in
}

func TestADatabaseIsAtHomeWhereItIsFirstUsed(t *testing.T) {
	d := settled(t)
	wantHome(t, d)
	in := instance(t, d)
	if in.ID == "" || in.Home == "" || !in.Since.Equal(noon) || in.Epoch.Before(noon) {
		t.Errorf("instance %+v", in)
	}
	work(t, d, noon.Add(-time.Hour)) // its clock was put back
	if again := instance(t, d); !again.Epoch.After(in.Epoch) || again.ID != in.ID {
		t.Errorf("epoch %s after %s: it goes back", again.Epoch, in.Epoch)
	}
	wantHome(t, d)
	work(t, d, noon.Add(time.Minute))
	if again := instance(t, d); !again.Epoch.Equal(noon.Add(time.Minute)) {
		t.Errorf("epoch %s, want the time of the work", again.Epoch)
	}
}

func TestProcessesThatClaimAtOnceAgree(t *testing.T) {
	first := dbtest.Open(t)
	var all sync.WaitGroup
	for range 4 {
		d := first
		if first.Engine == "sqlite" {
			d = openFile(t, first.File)
		}
		all.Go(func() {
			for i := range 5 {
				if err := d.Work(ctx, noon.Add(time.Duration(i)*time.Minute)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	wantHome(t, first)
}

func openFile(t *testing.T, file string) *db.DB {
	t.Helper()
	d, err := db.Open(ctx, "sqlite:"+file)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	text, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, text, 0o600); err != nil {
		t.Fatal(err)
	}
}

// backedUp is the file of a backup of d, which works on afterwards.
func backedUp(t *testing.T, d *db.DB) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "copy.db")
	copied, err := d.Backup(ctx, file)
	if err != nil {
		t.Fatal(err)
	}
	copied.Close()
	work(t, d, noon.Add(time.Second))
	return file
}

func TestACopyElsewhereIsNotAtHome(t *testing.T) {
	d := settledFile(t)
	file := backedUp(t, d)
	alone := openFile(t, file)
	wantStrange(t, alone, "it was at home at file "+d.File+", number ")
	copyFile(t, d.Witness, alone.Witness)
	wantStrange(t, alone, "and this is file "+file)
	if err := alone.Adopt(ctx, noon.Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	wantHome(t, alone)
	wantHome(t, d)
	if instance(t, alone).ID == instance(t, d).ID {
		t.Error("the copy and the original go by one name")
	}
}

// replace puts a file in the place of the database, in the same file as cp does, or in a new one as mv.
func replace(t *testing.T, d *db.DB, file string, anew bool) *db.DB {
	t.Helper()
	d.Close()
	os.Remove(d.File + "-wal")
	os.Remove(d.File + "-shm")
	if anew {
		os.Rename(d.File, d.File+".old") // so that its number is not given out again
	}
	copyFile(t, file, d.File)
	return openFile(t, d.File)
}

func TestAnOlderStatePutInTheSamePlaceIsNotAtHome(t *testing.T) {
	for name, test := range map[string]struct {
		anew bool
		want string
	}{"in the same file": {false, "tells that it was here at 2026-11-24T12:00:01Z"}, "in a new file": {true, "it was at home at"}} {
		t.Run(name, func(t *testing.T) {
			d := settledFile(t)
			d = replace(t, d, backedUp(t, d), test.anew)
			wantStrange(t, d, test.want)
			if err := d.Adopt(ctx, noon.Add(2*time.Second)); err != nil {
				t.Fatal(err)
			}
			wantHome(t, d)
			work(t, d, noon.Add(time.Hour))
			wantHome(t, d)
		})
	}
}

func TestAFolderPutBackFromAnArchiveIsNotAtHome(t *testing.T) {
	d := settledFile(t)
	if !strings.Contains(instance(t, d).Home, "born 2") {
		t.Skip("this file system does not tell when a file was born, and may give its number to the next")
	}
	archive := t.TempDir()
	kept, witness := filepath.Join(archive, "copy.db"), filepath.Join(archive, "copy.witness")
	copied, err := d.Backup(ctx, kept)
	if err != nil {
		t.Fatal(err)
	}
	copied.Close()
	copyFile(t, d.Witness, witness)
	work(t, d, noon.Add(time.Hour))
	d.Close()
	for _, file := range []string{d.File, d.File + "-wal", d.File + "-shm", d.Witness} {
		os.Remove(file)
	}
	copyFile(t, kept, d.File)
	copyFile(t, witness, d.Witness)
	wantStrange(t, openFile(t, d.File), "it was at home at file "+d.File)
}

func TestADatabaseBehindASymbolicLinkIsTheSame(t *testing.T) {
	d := settledFile(t)
	link := filepath.Join(t.TempDir(), "link.db")
	if err := os.Symlink(d.File, link); err != nil {
		t.Skip(err)
	}
	wantHome(t, openFile(t, link))
}

func TestADatabaseWithoutItsWitnessIsNotAtHome(t *testing.T) {
	d := settledFile(t)
	if err := os.Remove(d.Witness); err != nil {
		t.Fatal(err)
	}
	wantStrange(t, d, "is gone")
	for _, text := range []string{"", "nonsense", "id \n"} {
		if err := os.WriteFile(d.Witness, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		wantStrange(t, d, "tells of another database")
	}
}

func TestABackupOfAnOlderVestnikPutInThePlaceIsNotAtHome(t *testing.T) {
	d := settled(t)
	exec(t, d, `DELETE FROM instance`)
	wantHome(t, d) // nothing was published: it was made anew
	exec(t, d, `DELETE FROM instance`)
	exec(t, d, `INSERT INTO slots (digest, due, state, reason, at) VALUES ('daily', 1, 'sent', '', 1)`)
	exec(t, d, `INSERT INTO editions (id, digest, due, slot_at, start, until, state, revision, subject, title, language, cursor, recipients, expires, made, next_at, timezone)
		VALUES (1, 'daily', 1, 1, 1, 1, 'finished', 1, '', '', 'ru', 0, 0, 1, 1, 0, 'UTC')`)
	wantStrange(t, d, "does not know where it is at home")
	if err := os.Remove(d.Witness); err != nil {
		t.Fatal(err)
	}
	wantHome(t, d) // an upgrade
}

func TestAnOlderStateOnTheSamePostgreSQLIsNotAtHome(t *testing.T) {
	d := settled(t)
	if d.Engine == "sqlite" {
		return // the tests with files say it of SQLite; a test that is skipped on one database alone would count as lost
	}
	work(t, d, noon.Add(time.Minute))
	exec(t, d, `UPDATE instance SET epoch = epoch - 1`) // a dump restored beneath the daemon
	wantStrange(t, d, "tells that it was here at 2026-11-24T12:01:00Z")
	other := *d // another node, which stood still longer, and one that has no witness
	other.Witness = filepath.Join(t.TempDir(), "other.witness")
	wantHome(t, &other)
	if err := d.Adopt(ctx, noon.Add(2*time.Minute)); err != nil {
		t.Fatal(err)
	}
	wantHome(t, d)
	wantHome(t, &other)
}

func TestACloneOnPostgreSQLIsNotAtHome(t *testing.T) {
	d := settled(t)
	if d.Engine == "sqlite" {
		return // the tests with files say it of SQLite; a test that is skipped on one database alone would count as lost
	}
	in := instance(t, d)
	clone := dbtest.Open(t) // of a schema of its own, as a database has a number of its own
	exec(t, clone, `INSERT INTO instance (one, id, home, epoch, since) VALUES (1, $1, $2, $3, $4)`, in.ID, in.Home, db.Milli(in.Epoch), db.Milli(in.Since))
	wantStrange(t, clone, "it was at home at PostgreSQL server ")
	exec(t, d, `UPDATE instance SET home = $1`, "PostgreSQL server ?"+in.Home[strings.Index(in.Home, ","):])
	wantHome(t, d) // a server that does not tell its number
}

func TestAFolderWhereNobodyMayWriteIsNoWitnessOnPostgreSQL(t *testing.T) {
	d := dbtest.Open(t)
	d.Witness = filepath.Join(t.TempDir(), "nowhere", "vestnik.toml.witness")
	err := d.Work(ctx, noon)
	if sqlite := d.Engine == "sqlite"; sqlite != (err != nil) {
		t.Errorf("error %v", err)
	}
}

func TestTheWitnessIsNamedAfterTheFile(t *testing.T) {
	d := dbtest.OpenSQLite(t)
	if d.Witness != d.File+".witness" {
		t.Errorf("witness %s of %s", d.Witness, d.File)
	}
}
