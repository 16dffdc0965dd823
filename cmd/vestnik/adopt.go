package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"vestnik/db"
	"vestnik/digest"
)

// witnessOf is the file that knows how far a PostgreSQL database had come: beside the configuration of each node.
func witnessOf(config string) string {
	abs, err := filepath.Abs(config)
	if err != nil {
		return ""
	}
	return abs + ".witness"
}

// home refuses to send from a database that was copied or restored and not adopted.
func (a *app) home(d *db.DB) error { return d.CheckHome(a.ctx, time.Now()) }

// outgrow makes the database younger than a copy that was made of it, so that the copy is told from it when it is put in its place.
func (a *app) outgrow(d *db.DB) error {
	_, found, err := db.FindInstance(a.ctx, d)
	if err != nil || !found {
		return err
	}
	err = d.Work(a.ctx, time.Now())
	if strange := (*db.NotAtHome)(nil); errors.As(err, &strange) {
		return nil // a copy of a copy: there is nothing to protect
	}
	return err
}

// AdoptCmd makes this place the database's home.
type AdoptCmd struct {
	Yes bool `help:"Do not ask."`
}

func (AdoptCmd) Help() string {
	return "A copy of the database does not know what the original mailed since: if it went on by itself, readers would get it twice. So the daemon notices when its database was moved, " +
		"copied to another place or put back from a backup; it serves pages then, but neither publishes nor sends until this command. It says first what is known of the database. What came " +
		"due meanwhile is decided as after any absence, by each digest's catch_up, and the letters that were written down already are sent unless they are too late: look at `vestnik mail " +
		"status` and, where the original has sent them, say `vestnik mail pause` before. To try a copy without mailing anybody, do not adopt it."
}

type adoptJSON struct {
	Database string `json:"database"`
	Adopted  bool   `json:"adopted"`
	Why      string `json:"why,omitempty"` // why it was not at home
	Home     string `json:"home"`          // where it was
	Since    string `json:"since"`
	Seen     string `json:"seen"`    // when a daemon last worked with it
	Edition  string `json:"edition"` // the newest
	Queued   int64  `json:"queued"`  // letters that will go out
}

func (cmd AdoptCmd) Run(a *app) error {
	return a.with(func(c *Config, d *db.DB) error {
		now := time.Now()
		err := d.CheckHome(a.ctx, now)
		var strange *db.NotAtHome
		if err != nil && !errors.As(err, &strange) {
			return err
		}
		line, err := a.adoption(c, d)
		if err != nil {
			return err
		}
		if strange == nil {
			return a.reportAdoption(line, "The database is at home here: there is nothing to adopt.")
		}
		line.Why = strange.Why
		a.tellAdoption(line)
		if !cmd.Yes && !a.confirm("Make this place its home, and publish and send from here?") {
			return usageError("nothing was changed; say --yes to do it without asking")
		}
		if err := d.Adopt(a.ctx, now); err != nil {
			return err
		}
		line.Adopted = true
		return a.reportAdoption(line, "The database is at home here now. A daemon that runs goes on within seconds.")
	})
}

// adoption is what is known of the database.
func (a *app) adoption(c *Config, d *db.DB) (adoptJSON, error) {
	line := adoptJSON{Database: withoutPassword(c.databaseURL())}
	if d.Engine == "sqlite" {
		line.Database = d.File
	}
	in, _, err := db.FindInstance(a.ctx, d)
	if err != nil {
		return line, err
	}
	line.Home, line.Since, line.Seen = in.Home, c.iso(in.Since), c.iso(in.Epoch)
	newest, err := digest.Editions(a.ctx, d, "", 1)
	if err != nil {
		return line, err
	}
	if len(newest) > 0 {
		line.Edition = newest[0].Digest + " " + newest[0].Slot.Name()
	}
	err = d.QueryRowContext(a.ctx, `SELECT COUNT(*) FROM letters WHERE state IN ('queued', 'leased', 'deferred')`).Scan(&line.Queued)
	return line, err
}

// tellAdoption says what is known, for whoever decides.
func (a *app) tellAdoption(line adoptJSON) {
	for _, f := range [][2]string{{"Database", line.Database}, {"Found", line.Why}, {"Home since", line.Since}, {"Last seen", line.Seen},
		{"Last edition", firstOr(line.Edition, "none")}, {"To be sent", count(int(line.Queued), "letter")}} {
		if f[1] != "" {
			fmt.Fprintf(a.err, "%-13s %s\n", f[0], f[1])
		}
	}
}

func (a *app) reportAdoption(line adoptJSON, text string) error {
	if a.json {
		return emit(a, []adoptJSON{line})
	}
	a.say("%s", text)
	return nil
}

const (
	// homeEvery is how often a daemon says that it works with its database; a copy that is older by more is known when it is put in its place.
	homeEvery = time.Minute
	// adoptedEvery is how often a daemon that may not work looks whether it may.
	adoptedEvery = 2 * time.Second
)

// awaitHome returns when the database is at home here: at once, as a rule, else when somebody has adopted it, and says so once. It returns
// false when ctx ends before.
func (s *daemon) awaitHome(ctx context.Context) bool {
	said := false
	var failed time.Time // when it was last said that we could not look, or not write the witness
	for ctx.Err() == nil {
		err := s.d.Work(ctx, time.Now())
		var strange *db.NotAtHome
		switch {
		case err == nil:
			if said {
				s.log.Info("the database was adopted: publishing and sending begin")
			}
			return true
		case errors.As(err, &strange) && !said:
			s.log.Error(err.Error())
			said = true
		case !errors.As(err, &strange) && ctx.Err() == nil && time.Since(failed) >= homeEvery:
			s.log.Error("nothing is published or sent until it is known that the database is at home here", "error", err)
			failed = time.Now()
		}
		sleep(ctx, adoptedEvery)
	}
	return false
}

// keepHome says every minute that the daemon works with its database, until ctx ends, and fails when an older state was put in its place.
func (s *daemon) keepHome(ctx context.Context) error {
	for {
		sleep(ctx, homeEvery)
		if ctx.Err() != nil {
			return nil
		}
		err := s.d.Work(ctx, time.Now())
		if strange := (*db.NotAtHome)(nil); errors.As(err, &strange) {
			return err
		}
		if err != nil && ctx.Err() == nil {
			s.log.Error("the database's witness is not written", "error", err)
		}
	}
}
