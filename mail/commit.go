package mail

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"

	"vestnik/db"
	"vestnik/mail/wire"
)

// maxCommit is how many marks and results go into one transaction: a statement's parameters are limited.
const maxCommit = 500

// commitTimeout is how long one transaction may take; SQLite may have to wait ten seconds for its lock.
const commitTimeout = 30 * time.Second

// A record is a mark or a result on its way to the database. After is called once, from the committer, and must not
// block: held tells whether a mark's fence still held, err that the database could not be reached.
type record struct {
	mark  bool
	ch    change // of a mark: key, fence, address, done = when
	after func(held bool, err error)
}

// A committer is the one writer of marks and results of all connections. It commits what has gathered while the last
// commit ran and never waits for more: a lone letter is as fast as the disk, and a thousand share one sync.
type committer struct {
	db       *db.DB
	patience []time.Duration
	in       chan record
	done     chan struct{}
}

func newCommitter(d *db.DB) *committer {
	c := &committer{db: d, patience: patience[:], in: make(chan record, maxCommit), done: make(chan struct{})}
	go c.run()
	return c
}

// close ends the committer after what was handed to it is written.
func (c *committer) close() {
	close(c.in)
	<-c.done
}

func (c *committer) run() {
	defer close(c.done)
	batch := make([]record, 0, maxCommit)
	for first := range c.in {
		batch = append(batch[:0], first)
		for len(batch) < maxCommit {
			more := false
			select {
			case r, open := <-c.in:
				if more = open; open {
					batch = append(batch, r)
				}
			default:
			}
			if !more {
				break
			}
		}
		held, err := c.write(batch)
		for _, r := range batch {
			r.after(held[r.ch.key], err)
		}
	}
}

// patience is how long the committer goes on trying when the database fails, before it gives a batch up: what the
// relay has answered is proof that must not be lost for a restart of the database server.
var patience = [...]time.Duration{50 * time.Millisecond, 200 * time.Millisecond, time.Second, 2 * time.Second, 4 * time.Second}

func (c *committer) write(batch []record) (held map[Key]bool, err error) {
	for attempt := 0; ; attempt++ {
		held, err = c.commit(batch)
		if err == nil || attempt == len(c.patience) {
			return held, err
		}
		time.Sleep(c.patience[attempt])
	}
}

func (c *committer) commit(batch []record) (map[Key]bool, error) {
	var marks, results []change
	for _, r := range batch {
		if r.mark {
			marks = append(marks, r.ch)
			continue
		}
		results = append(results, r.ch)
	}
	held := make(map[Key]bool, len(batch))
	// A letter that was sent is recorded, whoever has lost patience meanwhile.
	ctx, cancel := context.WithTimeout(context.Background(), commitTimeout)
	defer cancel()
	err := c.db.Tx(ctx, func(tx *sql.Tx) error {
		clear(held)
		if err := writeMarks(ctx, tx, marks, held); err != nil {
			return fmt.Errorf("mark letters in flight: %w", err)
		}
		if err := writeResults(ctx, tx, results); err != nil {
			return fmt.Errorf("record what became of letters: %w", err)
		}
		return suppressGone(ctx, tx, results)
	})
	return held, err
}

// writeMarks marks leased letters as in flight and counts the attempt, but not those that were corrected meanwhile. The address of the
// first mark stays, so that every later attempt goes to the same one.
func writeMarks(ctx context.Context, tx *sql.Tx, marks []change, held map[Key]bool) error {
	if len(marks) == 0 {
		return nil
	}
	args := make([]any, 0, 6*len(marks))
	for _, m := range marks {
		args = append(args, m.key.Kind, m.key.Ref, m.key.Recipient, m.fence, m.address, m.done)
	}
	_, err := db.Collect(ctx, tx, func(row *sql.Rows) (k Key, err error) {
		err = row.Scan(&k.Kind, &k.Ref, &k.Recipient)
		held[k] = true
		return k, err
	}, markQuery(len(marks)), args...)
	return err
}

// sameLetter joins a row of VALUES to its letter. The right sides are expressions, not columns: SQLite could otherwise
// build an index over the values and read the whole ledger past it (measured: 3 ms a row in place of 50 µs).
const sameLetter = `letters.kind = v.column1 || '' AND letters.ref = v.column2 + 0 AND letters.recipient = v.column3 + 0
			AND letters.fence = v.column4 + 0`

func markQuery(n int) string {
	return `
		UPDATE letters SET state = 'in_flight', address = v.column5, attempt = letters.attempt + 1, flown = v.column6
		FROM (` + values(n, "TEXT", "BIGINT", "BIGINT", "BIGINT", "TEXT", "BIGINT") + `) AS v
		WHERE ` + sameLetter + ` AND letters.state = 'leased'
			AND NOT (letters.kind = 'digest' AND letters.doubts = 0 AND COALESCE(` + outdated + `, FALSE))
		RETURNING letters.kind, letters.ref, letters.recipient`
}

// writeResults settles letters, or returns them to the queue, and ends their leases. Of a letter whose address was taken out while it
// was in flight ([Scrub]) the answer is not kept: it may hold the address.
func writeResults(ctx context.Context, tx *sql.Tx, results []change) error {
	if len(results) == 0 {
		return nil
	}
	args := make([]any, 0, 11*len(results))
	for _, r := range results {
		args = append(args, r.key.Kind, r.key.Ref, r.key.Recipient, r.fence, r.state, r.reason, r.reply, r.due, r.done, r.doubts, r.attempts)
	}
	_, err := tx.ExecContext(ctx, resultQuery(len(results)), args...)
	return err
}

func resultQuery(n int) string {
	return `
		UPDATE letters SET state = v.column5, reason = v.column6, due = v.column8, done = v.column9,
			reply = CASE WHEN v.column7 = '' OR (letters.state = 'in_flight' AND letters.address = '') THEN letters.reply ELSE v.column7 END,
			doubts = letters.doubts + v.column10, attempt = letters.attempt + v.column11,
			private = CASE WHEN v.column5 = 'sent' THEN '' ELSE letters.private END,
			owner = 0, fence = 0
		FROM (` + values(n, "TEXT", "BIGINT", "BIGINT", "BIGINT", "TEXT", "TEXT", "TEXT", "BIGINT", "BIGINT", "BIGINT", "BIGINT") + `) AS v
		WHERE ` + sameLetter + ` AND letters.state IN ('leased', 'in_flight')`
}

// values writes "VALUES ($1, …), …" with n rows. The first row is cast, which gives the columns their types on
// PostgreSQL; both engines name them column1, column2 ….
func values(n int, types ...string) string {
	var b strings.Builder
	b.WriteString("VALUES ")
	for row := range n {
		if row > 0 {
			b.WriteString(", ")
		}
		for i, kind := range types {
			b.WriteString(map[bool]string{true: "(", false: ", "}[i == 0])
			if row == 0 {
				fmt.Fprintf(&b, "CAST($%d AS %s)", i+1, kind)
				continue
			}
			fmt.Fprintf(&b, "$%d", row*len(types)+i+1)
		}
		b.WriteString(")")
	}
	return b.String()
}

const goneQuery = `
	INSERT INTO suppressions (email_key, reason, since)
	SELECT CAST($1 AS TEXT), CAST($2 AS TEXT), CAST($3 AS BIGINT)
	WHERE 2 <= (SELECT COUNT(DISTINCT ref) FROM letters
		WHERE recipient = $4 AND kind = 'digest' AND state = 'failed' AND reason = $2 AND address = $5)
	ON CONFLICT (email_key) DO NOTHING`

// suppressGone suppresses an address that two editions found not to exist: one refusal may be a server's bad day.
func suppressGone(ctx context.Context, tx *sql.Tx, results []change) error {
	for _, r := range results {
		if !r.gone || r.key.Kind != KindDigest || r.address == "" {
			continue
		}
		_, err := tx.ExecContext(ctx, goneQuery, strings.ToLower(r.address), wire.ReasonGone, r.done, r.key.Recipient, r.address)
		if err != nil {
			return fmt.Errorf("suppress an address that does not exist: %w", err)
		}
	}
	return nil
}
