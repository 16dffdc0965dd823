package main

import (
	"context"
	"fmt"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"vestnik/db"
)

// cmdFollowed waits until the daemon follows what is published, for a digest that mails it.
func cmdFollowed(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: followed DIGEST")
	}
	withDatabase(ts, func(d *db.DB) error {
		for deadline := time.Now().Add(20 * time.Second); ; <-time.After(20 * time.Millisecond) {
			var n int64
			err := d.QueryRowContext(context.Background(), `SELECT COUNT(*) FROM digest_follow WHERE digest = $1`, args[0]).Scan(&n)
			if n > 0 || err != nil {
				return err
			}
			if time.Now().After(deadline) {
				return fmt.Errorf("nobody follows what is published for %s", args[0])
			}
		}
	})
}
