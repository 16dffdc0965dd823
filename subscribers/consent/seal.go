package consent

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash"
	"strings"
	"time"

	"vestnik/db"
)

// sealBatch is how many lines one transaction seals: few, since on SQLite other writers wait for it.
const sealBatch = 1000

// Seal chains the lines that are not sealed yet, in the order of their ids, and returns how many. Every node may do it at any
// time: the lock on the head lets one work, and the others find less to do.
func Seal(ctx context.Context, d *db.DB, now time.Time) (n int, err error) {
	for {
		if open, err := anyOpen(ctx, d); err != nil || !open {
			return n, err // without a lock: this is asked every second
		}
		some := 0
		err := d.Tx(ctx, func(tx *sql.Tx) (err error) {
			some, err = seal(ctx, tx, now, sealBatch, 0)
			return err
		})
		if err != nil {
			return n, err
		}
		if n += some; some < sealBatch {
			return n, nil
		}
	}
}

func anyOpen(ctx context.Context, h db.Handle) (open bool, err error) {
	var n int64
	err = h.QueryRowContext(ctx, `SELECT COUNT(*) FROM (SELECT 1 FROM consent WHERE n = 0 LIMIT 1) AS o`).Scan(&n)
	if err != nil {
		return false, fmt.Errorf("lines of consent to seal: %w", err)
	}
	return n > 0, nil
}

// An entry is a line as the chain covers it.
type entry struct {
	id, at, subscriber int64
	fields             [5]string // digest, verb, basis, hash of the wording, network
	salt               string
	erased             bool

	n          int64
	hash, link string
}

const entryColumns = `c.id, c.at, c.subscriber, c.digest, c.verb, c.basis, c.wording, c.network, COALESCE(s.salt, ''), COALESCE(s.state, ''), c.n, c.hash, c.link
	FROM consent AS c
	LEFT JOIN subscribers AS s ON s.id = c.subscriber`

func scanEntry(row *sql.Rows) (e entry, err error) {
	var state string
	err = row.Scan(&e.id, &e.at, &e.subscriber, &e.fields[0], &e.fields[1], &e.fields[2], &e.fields[3], &e.fields[4], &e.salt, &state, &e.n, &e.hash, &e.link)
	e.erased = state == "erased"
	return e, err
}

// seal chains at most limit lines, 0 for all; of one subscriber alone if it is not 0.
func seal(ctx context.Context, tx *sql.Tx, now time.Time, limit int, subscriber int64) (int, error) {
	// The lock. What others have appended and committed before it is seen after it.
	if _, err := tx.ExecContext(ctx, `UPDATE consent_head SET at = $1 WHERE id = 1`, db.Milli(now)); err != nil {
		return 0, fmt.Errorf("seal the consent log: %w", err)
	}
	head, err := CurrentHead(ctx, tx)
	if err != nil {
		return 0, err
	}
	query, args := `SELECT `+entryColumns+` WHERE c.n = 0`, []any{}
	if subscriber != 0 {
		query, args = query+` AND c.subscriber = $1`, append(args, subscriber)
	}
	query += ` ORDER BY c.id`
	if limit > 0 {
		query += fmt.Sprintf(` LIMIT %d`, limit)
	}
	open, err := db.Collect(ctx, tx, scanEntry, query, args...)
	if err != nil || len(open) == 0 {
		return 0, err
	}
	if err := salted(ctx, tx, open); err != nil {
		return 0, err
	}
	c := newChain(head)
	for i := range open {
		c.add(&open[i])
	}
	if err := store(ctx, tx, open); err != nil {
		return 0, err
	}
	_, err = tx.ExecContext(ctx, `UPDATE consent_head SET n = $1, link = $2 WHERE id = 1`, c.n, hex.EncodeToString(c.link))
	return len(open), err
}

// salted gives a salt to those subscribers who came before there were any.
func salted(ctx context.Context, tx *sql.Tx, open []entry) error {
	fresh := map[int64]string{}
	for i, e := range open {
		if e.subscriber == 0 || e.salt != "" || e.erased {
			continue
		}
		if fresh[e.subscriber] == "" {
			fresh[e.subscriber] = NewSalt()
			if _, err := tx.ExecContext(ctx, `UPDATE subscribers SET salt = $1 WHERE id = $2`, fresh[e.subscriber], e.subscriber); err != nil {
				return fmt.Errorf("salt of subscriber %d: %w", e.subscriber, err)
			}
		}
		open[i].salt = fresh[e.subscriber]
	}
	return nil
}

// NewSalt returns a salt for a new subscriber: 16 bytes of chance in hexadecimal digits.
func NewSalt() string {
	b := make([]byte, 16)
	rand.Read(b)
	return hex.EncodeToString(b)
}

// store writes what sealing adds to the lines.
func store(ctx context.Context, tx *sql.Tx, sealed []entry) error {
	args := make([]any, 0, 4*len(sealed))
	for _, e := range sealed {
		args = append(args, e.id, e.n, e.hash, e.link)
	}
	if _, err := db.InRows(ctx, tx, sealQuery, nil, args, 4, rowsAtOnce); err != nil {
		return fmt.Errorf("seal the consent log: %w", err)
	}
	return nil
}

func sealQuery(rows int) string {
	tuples := make([]string, rows)
	for i := range tuples {
		tuples[i] = fmt.Sprintf(`(CAST($%d AS BIGINT), CAST($%d AS BIGINT), CAST($%d AS TEXT), CAST($%d AS TEXT))`, 4*i+1, 4*i+2, 4*i+3, 4*i+4)
	}
	return `
		UPDATE consent SET n = v.column2, hash = v.column3, link = v.column4
		FROM (VALUES ` + strings.Join(tuples, ", ") + `) AS v
		WHERE consent.id = v.column1`
}

// A chain computes links.
type chain struct {
	n    int64
	link []byte // 32 bytes; empty before the first line
	sha  hash.Hash
	buf  []byte
}

func newChain(from Head) *chain {
	link, _ := hex.DecodeString(from.Link)
	return &chain{n: from.N, link: link, sha: sha256.New()}
}

// add gives an entry its place, hash and link.
func (c *chain) add(e *entry) {
	e.hash = hex.EncodeToString(c.hashLine(e))
	e.n = c.n + 1
	c.follow(e.hash)
	e.link = hex.EncodeToString(c.link)
}

// hashLine is SHA-256 over the salt and the line, every part with its length before it.
func (c *chain) hashLine(e *entry) []byte {
	b := appendPart(c.buf[:0], e.salt)
	b = binary.BigEndian.AppendUint64(b, uint64(e.id))
	b = binary.BigEndian.AppendUint64(b, uint64(e.at))
	b = binary.BigEndian.AppendUint64(b, uint64(e.subscriber))
	for _, field := range e.fields {
		b = appendPart(b, field)
	}
	c.buf = b
	sum := sha256.Sum256(b)
	return sum[:]
}

func appendPart(b []byte, part string) []byte {
	return append(binary.BigEndian.AppendUint32(b, uint32(len(part))), part...)
}

// follow moves the chain on by a line with this hash: SHA-256 over the link before, the line's number and its hash.
func (c *chain) follow(lineHash string) {
	c.n++
	c.sha.Reset()
	c.sha.Write(c.link)
	var number [8]byte
	binary.BigEndian.PutUint64(number[:], uint64(c.n))
	c.sha.Write(number[:])
	c.sha.Write([]byte(lineHash))
	c.link = c.sha.Sum(nil)
}
