package main

import (
	"fmt"
	"net/url"
	"os"
	"time"

	"vestnik/db"
	"vestnik/subscribers/consent"
)

// BackupCmd copies the database.
type BackupCmd struct {
	File string `arg:"" help:"File to write, readable by you alone; it must not exist. On PostgreSQL nothing is written: the command of pg_dump that does it is printed."`
}

func (BackupCmd) Help() string {
	return "The copy is whole, compact and checked, and the daemon goes on meanwhile; to restore it, stop the daemon, put it in the place of the database, remove the files beside " +
		"it that end in -wal and -shm, and say `vestnik adopt`: before that, a restored database or a copy elsewhere neither publishes nor sends. Printed with it is the head of the log of consent: keep that elsewhere, and `vestnik subscribers verify-log --head` will tell whether the log was " +
		"rewritten since. A copy holds everybody who was in the database when it was made: erase again who was erased since, or let copies go when they are older than you promised."
}

type backupJSON struct {
	File  string `json:"file"`
	Bytes int64  `json:"bytes"`
	Lines int64  `json:"lines"`
	Head  string `json:"head"`
}

func (cmd BackupCmd) Run(a *app) error {
	return a.with(func(c *Config, d *db.DB) error {
		if _, err := consent.Seal(a.ctx, d, time.Now()); err != nil {
			return err
		}
		if d.Engine != "sqlite" {
			head, err := consent.CurrentHead(a.ctx, d)
			if err != nil {
				return err
			}
			a.say("Head of the log of consent: %s", headOr(head, emptyLog))
			return fmt.Errorf("a PostgreSQL database is backed up by its own program: pg_dump --format=custom --file='%s' '%s'", cmd.File, withoutPassword(c.databaseURL()))
		}
		copied, err := d.Backup(a.ctx, cmd.File)
		if err != nil {
			return err
		}
		defer copied.Close()
		if err := a.outgrow(d); err != nil {
			return err
		}
		head, err := consent.CurrentHead(a.ctx, copied)
		if err != nil {
			return err
		}
		return a.reportBackup(cmd.File, head)
	})
}

func (a *app) reportBackup(file string, head consent.Head) error {
	info, err := os.Stat(file)
	if err != nil {
		return err
	}
	if a.json {
		return emit(a, []backupJSON{{file, info.Size(), head.N, headOr(head, "")}})
	}
	a.say("Copied the database to %s: %s, checked.", file, size(info.Size()))
	a.say("Head of the log of consent: %s", headOr(head, emptyLog))
	return nil
}

// emptyLog is what people are told where there is no head.
const emptyLog = "none, the log is empty"

// headOr is a head, none for an empty log.
func headOr(h consent.Head, none string) string {
	if h.N == 0 {
		return none
	}
	return h.String()
}

// size is a length in bytes for people.
func size(n int64) string {
	switch {
	case n >= 1<<30:
		return fmt.Sprintf("%.1f GB", float64(n)/(1<<30))
	case n >= 1<<20:
		return fmt.Sprintf("%.1f MB", float64(n)/(1<<20))
	}
	return fmt.Sprintf("%d kB", (n+1023)/1024)
}

// withoutPassword is a database's address that may be printed: pg_dump asks for the password.
func withoutPassword(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return "postgres://…"
	}
	if u.User != nil {
		u.User = url.User(u.User.Username())
	}
	return u.String()
}
