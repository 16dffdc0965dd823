//go:build !unix

package main

import "vestnik/db"

// lockDaemon does nothing where the system has no flock: run one daemon on a SQLite file.
func lockDaemon(*db.DB) (unlock func(), err error) { return func() {}, nil }
