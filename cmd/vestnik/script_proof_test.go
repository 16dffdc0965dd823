package main

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"vestnik/db"
	"vestnik/subscribers"
	"vestnik/subscribers/consent"
)

// cmdSeal sets a variable to the head of the log of consent.
func cmdSeal(ts *testscript.TestScript, neg bool, args []string) {
	withDatabase(ts, func(d *db.DB) error {
		head, err := consent.CurrentHead(context.Background(), d)
		ts.Setenv(args[0], head.String())
		return err
	})
}

// cmdRewrite runs a statement on the database, as somebody with the password could.
func cmdRewrite(ts *testscript.TestScript, neg bool, args []string) {
	withDatabase(ts, func(d *db.DB) error {
		_, err := d.ExecContext(context.Background(), strings.Join(args, " "))
		return err
	})
}

// cmdHolds reports whether any column of any table holds a text.
func cmdHolds(ts *testscript.TestScript, neg bool, args []string) {
	withDatabase(ts, func(d *db.DB) error {
		found, err := tableWith(d, args[0])
		if err == nil && (found == "") != neg {
			err = fmt.Errorf("%q is in %q", args[0], found)
		}
		return err
	})
}

func tableWith(d *db.DB, text string) (found string, err error) {
	tables := `SELECT name FROM sqlite_master WHERE type = 'table'`
	if d.Engine == "postgres" {
		tables = `SELECT CAST(table_name AS TEXT) FROM information_schema.tables WHERE table_schema = current_schema()`
	}
	names, err := db.Collect(context.Background(), d, func(row *sql.Rows) (s string, err error) { return s, row.Scan(&s) }, tables)
	for _, name := range names {
		if err != nil {
			return "", err
		}
		_, err = db.Collect(context.Background(), d, func(row *sql.Rows) (struct{}, error) {
			columns, err := row.Columns()
			cells := make([]sql.RawBytes, len(columns))
			at := make([]any, len(columns))
			for i := range cells {
				at[i] = &cells[i]
			}
			if err == nil {
				err = row.Scan(at...)
			}
			for _, cell := range cells {
				if strings.Contains(strings.ToLower(string(cell)), strings.ToLower(text)) {
					found = name
				}
			}
			return struct{}{}, err
		}, `SELECT * FROM `+name)
	}
	return found, err
}

// cmdGone waits until an address has no subscriber.
func cmdGone(ts *testscript.TestScript, neg bool, args []string) {
	withDatabase(ts, func(d *db.DB) error {
		for deadline := time.Now().Add(20 * time.Second); ; <-time.After(20 * time.Millisecond) {
			_, err := subscribers.Find(context.Background(), d, args[0])
			if err != nil {
				return nil
			}
			if time.Now().After(deadline) {
				return fmt.Errorf("%s is still there", args[0])
			}
		}
	})
}
