//go:build unix

package main

import (
	"fmt"
	"os"
	"syscall"

	"vestnik/db"
)

// lockDaemon makes sure that one daemon runs on a SQLite file: what an earlier one left leased is then free at once. The
// kernel drops the lock when the process ends, however it ends. On PostgreSQL many may run, and nothing is locked.
func lockDaemon(d *db.DB) (unlock func(), err error) {
	if d.Engine != "sqlite" {
		return func() {}, nil
	}
	name := d.File + ".lock"
	f, err := os.OpenFile(name, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock the database: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		f.Close()
		return nil, fmt.Errorf("another vestnik serves %s: stop it first, or move to PostgreSQL to run several", d.File)
	}
	return func() { f.Close() }, nil
}
