package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// A copy of a newsroom's database, or an older state of it put back in its place, does not know what was mailed since: a daemon that took
// it for the real one would mail it all again. So a database knows where it is at home, by what tells one place from another (see home),
// and a witness beside it, outside the database, knows how far it had come (see [DB.Work]).
//
// What cannot be told: a copy of the whole machine, or of a PostgreSQL server with all its files, and an older state of a SQLite file that
// was written into the very same file together with its older witness.

// An Instance is what a database knows of itself.
type Instance struct {
	ID    string    // drawn by lot when it was made this place's
	Home  string    // where that is, in words that tell one place from another
	Since time.Time // when it was made this place's
	Epoch time.Time // when a daemon last worked with it; it never goes back, so where a clock did it runs ahead
}

// NotAtHome is the error of a database that is a copy or was restored, until [DB.Adopt].
type NotAtHome struct {
	Why  string   // as "it was at home at …"
	Last Instance // as it was found
}

func (e *NotAtHome) Error() string {
	return "this database is a copy, or was restored: " + e.Why + ". Nothing is published or sent until `vestnik adopt` makes this place its home"
}

// CheckHome returns nil where the database is at home, and a [NotAtHome] where it is not. One that was at home nowhere, as it is
// new or from an older vestnik, is at home here from now on.
func (d *DB) CheckHome(ctx context.Context, now time.Time) error {
	here, err := d.home(ctx)
	if err != nil {
		return err
	}
	var strange *NotAtHome
	// Once more if it seems strange: a daemon may have written the witness after we had read what the database knows.
	for range 2 {
		in, found, err := FindInstance(ctx, d)
		if err == nil && !found {
			in, err = d.settleDown(ctx, here, now)
		}
		if err != nil {
			return err
		}
		w, err := d.readWitness()
		if err != nil {
			return err
		}
		why := d.strange(in, here, w)
		if why == "" {
			return nil
		}
		strange = &NotAtHome{Why: why, Last: in}
	}
	return strange
}

// mayClaim refuses a database that does not know where it is at home, has editions, and stands beside the witness of another one: that is
// a backup that an older vestnik made.
func (d *DB) mayClaim(ctx context.Context, tx *sql.Tx) error {
	w, err := d.readWitness()
	if err != nil || w.ID == "" {
		return err
	}
	var editions int
	err = tx.QueryRowContext(ctx, `SELECT CASE WHEN EXISTS (SELECT 1 FROM editions) THEN 1 ELSE 0 END`).Scan(&editions)
	if err == nil && editions > 0 {
		err = &NotAtHome{Why: "it does not know where it is at home, and " + d.Witness + " tells of another that was here " + w.when()}
	}
	return err
}

// settleDown makes the place the home of a database that has none.
func (d *DB) settleDown(ctx context.Context, here string, now time.Time) (in Instance, err error) {
	err = d.Tx(ctx, func(tx *sql.Tx) error {
		// In the transaction, which on SQLite keeps other processes away: of two that claim at once, one writes a witness. Before the row,
		// for with a row, and without a witness, it would be a copy.
		var found bool
		if in, found, err = FindInstance(ctx, tx); err != nil || found {
			return err
		}
		if err := d.mayClaim(ctx, tx); err != nil {
			return err
		}
		in = Instance{ID: newInstanceID(), Home: here, Epoch: now, Since: now}
		if err := d.writeWitness(in); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `
			INSERT INTO instance (one, id, home, epoch, since) VALUES (1, $1, $2, $3, $4)
			ON CONFLICT (one) DO NOTHING`, in.ID, Text(here), Milli(now), Milli(now))
		if err == nil {
			in, _, err = FindInstance(ctx, tx) // on PostgreSQL another node may have been first
		}
		return err
	})
	if strange := (*NotAtHome)(nil); err != nil && !errors.As(err, &strange) {
		err = fmt.Errorf("make this place the database's home: %w", err)
	}
	return in, err
}

// strange says why the database is not at home here; "" where it is.
func (d *DB) strange(in Instance, here string, w witness) string {
	switch {
	case !sameHome(in.Home, here):
		return "it was at home at " + in.Home + ", and this is " + here
	case w.ID == "" && d.Engine == "sqlite":
		return "it was at home here, but its witness " + d.Witness + " is gone, as if the database alone had been copied to this place"
	case w.ID != in.ID && d.Engine == "sqlite":
		return "it was at home here, but its witness " + d.Witness + " tells of another database, that was here " + w.when()
	case w.ID == in.ID && w.Epoch > Milli(in.Epoch):
		return fmt.Sprintf("it last worked at %s, but %s tells that it was here %s", in.Epoch.Format(time.RFC3339), d.Witness, w.when())
	}
	return ""
}

// FindInstance returns what the database knows of itself; false where it was at home nowhere yet.
func FindInstance(ctx context.Context, h Handle) (in Instance, found bool, err error) {
	var epoch, since int64
	err = h.QueryRowContext(ctx, `SELECT id, home, epoch, since FROM instance WHERE one = 1`).Scan(&in.ID, &in.Home, &epoch, &since)
	if errors.Is(err, sql.ErrNoRows) {
		return in, false, nil
	}
	if err != nil {
		return in, false, fmt.Errorf("where the database is at home: %w", err)
	}
	in.Epoch, in.Since = Time(epoch), Time(since)
	return in, true, nil
}

// Work raises the database's epoch, in it and then in the witness, so that a copy made before is told from it. A daemon calls it when it
// starts and every minute, a backup when it is made. The error is a [NotAtHome] where an older state was put in its place since.
func (d *DB) Work(ctx context.Context, now time.Time) error {
	if err := d.CheckHome(ctx, now); err != nil {
		return err
	}
	var in Instance
	err := d.Tx(ctx, func(tx *sql.Tx) (err error) {
		_, err = tx.ExecContext(ctx, `UPDATE instance SET epoch = CASE WHEN epoch < $1 THEN $1 ELSE epoch + 1 END WHERE one = 1`, Milli(now))
		if err == nil {
			in, _, err = FindInstance(ctx, tx)
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("raise the database's epoch: %w", err)
	}
	return d.writeWitness(in)
}

// Adopt makes this place the database's home.
func (d *DB) Adopt(ctx context.Context, now time.Time) error {
	here, err := d.home(ctx)
	if err != nil {
		return err
	}
	w, err := d.readWitness()
	if err != nil {
		return err
	}
	var in Instance
	err = d.Tx(ctx, func(tx *sql.Tx) error {
		old, _, err := FindInstance(ctx, tx)
		if err != nil {
			return err
		}
		in = Instance{ID: old.ID, Home: here, Since: now, Epoch: Time(max(Milli(now), Milli(old.Epoch)+1, w.Epoch+1))}
		if old.ID == "" || !sameHome(old.Home, here) {
			in.ID = newInstanceID() // the place that it came from may be alive
		}
		_, err = tx.ExecContext(ctx, `
			INSERT INTO instance (one, id, home, epoch, since) VALUES (1, $1, $2, $3, $4)
			ON CONFLICT (one) DO UPDATE SET id = excluded.id, home = excluded.home, epoch = excluded.epoch, since = excluded.since`,
			in.ID, Text(in.Home), Milli(in.Epoch), Milli(in.Since))
		return err
	})
	if err != nil {
		return fmt.Errorf("make this place the database's home: %w", err)
	}
	return d.writeWitness(in)
}

func newInstanceID() string { return fmt.Sprintf("%x", NewID()) }

// unknown stands for a part of a home that could not be read: it may be any.
const unknown = "?"

// sameHome compares two homes part by part.
func sameHome(a, b string) bool {
	as, bs := strings.Split(a, homeComma), strings.Split(b, homeComma)
	if len(as) != len(bs) {
		return false
	}
	for i := range as {
		if as[i] != bs[i] && !strings.HasSuffix(as[i], " "+unknown) && !strings.HasSuffix(bs[i], " "+unknown) {
			return false
		}
	}
	return true
}

const homeComma = ", "

// home is where the database is: of a SQLite file its path, the number that the file system gave the file, when it was born, and the machine; on
// PostgreSQL the server's own identifier, and the database's number, name and schema.
func (d *DB) home(ctx context.Context) (string, error) {
	if d.Engine == "sqlite" {
		number, born, err := fileMarks(d.File)
		if err != nil {
			return "", fmt.Errorf("where the database is: %w", err)
		}
		path := strings.ReplaceAll(d.File, homeComma, ",") // the parts are parted by it
		return strings.Join([]string{"file " + path, "number " + number, "born " + born, "machine " + machine()}, homeComma), nil
	}
	var number, name, schema string
	err := d.QueryRowContext(ctx, `SELECT CAST(oid AS TEXT), datname, current_schema() FROM pg_database WHERE datname = current_database()`).Scan(&number, &name, &schema)
	if err != nil {
		return "", fmt.Errorf("where the database is: %w", err)
	}
	server := unknown
	var id string
	if d.QueryRowContext(ctx, `SELECT CAST(system_identifier AS TEXT) FROM pg_control_system()`).Scan(&id) == nil {
		server = id // else some services do not let us ask
	}
	return strings.Join([]string{"PostgreSQL server " + server, "database " + strings.ReplaceAll(name, homeComma, ",") + " with the number " + number, "schema " + schema}, homeComma), nil
}

// A witness is what the file outside the database tells.
type witness struct {
	ID    string
	Epoch int64
}

// when is when the witness was last written, in words.
func (w witness) when() string {
	if w.Epoch == 0 {
		return "at a time that cannot be read"
	}
	return "at " + Time(w.Epoch).Format(time.RFC3339)
}

const witnessText = `# Written by vestnik, which tells by this file that the database is at home here and is no older copy.
# Do not copy it with the database, and do not remove it.
id %s
epoch %d
`

// readWitness reads the witness; the zero one where there is none.
func (d *DB) readWitness() (w witness, err error) {
	if d.Witness == "" {
		return w, nil
	}
	text, err := os.ReadFile(d.Witness)
	if errors.Is(err, fs.ErrNotExist) {
		return w, nil
	}
	if err != nil {
		return w, fmt.Errorf("read the database's witness: %w", err)
	}
	if _, err := fmt.Sscanf(string(text), witnessText, &w.ID, &w.Epoch); err != nil || w.ID == "" {
		return witness{ID: unknown}, nil
	}
	return w, nil
}

// writeWitness writes the witness, or leaves a newer one of the same database as it is.
func (d *DB) writeWitness(in Instance) error {
	old, err := d.readWitness()
	if err != nil || d.Witness == "" || old.ID == in.ID && old.Epoch >= Milli(in.Epoch) {
		return err
	}
	temporary, err := os.CreateTemp(filepath.Dir(d.Witness), ".witness-*")
	if err != nil {
		return d.noWitness(err)
	}
	defer os.Remove(temporary.Name()) // gone already when all went well
	_, err = fmt.Fprintf(temporary, witnessText, in.ID, Milli(in.Epoch))
	err = errors.Join(err, temporary.Chmod(0o644), temporary.Sync(), temporary.Close())
	if err == nil {
		err = os.Rename(temporary.Name(), d.Witness)
	}
	return d.noWitness(err)
}

// noWitness is the error of a witness that cannot be written. On PostgreSQL that is none: the folder of the configuration may well be
// one that nobody may write to.
func (d *DB) noWitness(err error) error {
	if err == nil || d.Engine != "sqlite" {
		return nil
	}
	return fmt.Errorf("write the database's witness %s: %w", d.Witness, err)
}
