// Package consent is in charge of proof: who agreed to what, when, on what ground, and on which words. It writes the tables
// consent, consent_head and consent_wordings, and is used by package subscribers alone, each of whose verbs appends one
// line for each subscription that it changes.
//
// It promises: a line is appended in the transaction of what it tells of, and waits for nobody else; within a second a sealer
// ([Seal]) chains it, so that whoever knows the head of the chain of some day ([Head]) can tell whether any line up to that day
// was changed, removed or put in between later ([Verify]). A link covers a line only through a hash under its
// subscriber's salt: when the subscriber is erased, salt and texts go ([Blank]), and the chain still holds.
package consent

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"vestnik/db"
)

// A Line says what a subscriber, or an admin in the subscriber's place, did.
type Line struct {
	ID         int64
	At         time.Time
	Subscriber int64  // 0: an address without one
	Digest     string // "" where it is about all of them, or none
	Verb       string // see package subscribers
	Basis      string // on what ground, in words
	Wording    string // the exact text that was shown beside the button; "" where none was
	Network    string // of the reader's address, as "203.0.113.0/24"; "" where it is not known

	N    int64  // its place in the chain, from 1; 0 until it is sealed
	Link string // what the chain comes to with this line, 64 hexadecimal digits
}

// Append adds lines, whose ID may be left out.
func Append(ctx context.Context, tx *sql.Tx, lines ...Line) error {
	kept := map[string]bool{}
	for start := 0; start < len(lines); start += batch {
		some := lines[start:min(start+batch, len(lines))]
		args := make([]any, 0, len(some)*columns)
		for _, l := range some {
			if l.Wording != "" && !kept[l.Wording] {
				kept[l.Wording] = true
				if err := keepWording(ctx, tx, l); err != nil {
					return err
				}
			}
			args = append(args, orNew(l.ID), db.Milli(l.At), l.Subscriber, l.Digest, l.Verb, clean(l.Basis), hashOf(l.Wording), l.Network)
		}
		if _, err := tx.ExecContext(ctx, insertQuery(len(some)), args...); err != nil {
			return fmt.Errorf("lines of consent: %w", err)
		}
	}
	return nil
}

const (
	batch   = 50 // rows of one statement: SQLite looks every $n up by its name, one after the other
	columns = 8
)

func insertQuery(rows int) string {
	if rows == batch {
		return fullInsert
	}
	tuples := make([]string, rows)
	for i := range tuples {
		tuples[i] = "(" + db.Placeholders(1+i*columns, columns) + ")"
	}
	return `INSERT INTO consent (id, at, subscriber, digest, verb, basis, wording, network) VALUES ` + strings.Join(tuples, ", ")
}

var fullInsert = func() string {
	tuples := make([]string, batch)
	for i := range tuples {
		tuples[i] = "(" + db.Placeholders(1+i*columns, columns) + ")"
	}
	return `INSERT INTO consent (id, at, subscriber, digest, verb, basis, wording, network) VALUES ` + strings.Join(tuples, ", ")
}()

func orNew(id int64) int64 {
	if id == 0 {
		return db.NewID()
	}
	return id
}

func clean(text string) string { return db.Text(strings.TrimSpace(text)) }

func keepWording(ctx context.Context, tx *sql.Tx, l Line) error {
	_, err := tx.ExecContext(ctx, `
		INSERT INTO consent_wordings (hash, text, since) VALUES ($1, $2, $3)
		ON CONFLICT (hash) DO NOTHING`, hashOf(l.Wording), clean(l.Wording), db.Milli(l.At))
	if err != nil {
		return fmt.Errorf("words shown: %w", err)
	}
	return nil
}

// hashOf names a wording, "" for none.
func hashOf(text string) string {
	if text == "" {
		return ""
	}
	sum := sha256.Sum256([]byte(clean(text)))
	return hex.EncodeToString(sum[:])
}

// Lines returns everything a subscriber agreed to and took back, oldest first.
func Lines(ctx context.Context, h db.Handle, subscriber int64) ([]Line, error) {
	all, err := db.Collect(ctx, h, func(row *sql.Rows) (l Line, err error) {
		var at int64
		err = row.Scan(&l.ID, &at, &l.Subscriber, &l.Digest, &l.Verb, &l.Basis, &l.Wording, &l.Network, &l.N, &l.Link)
		l.At = db.Time(at)
		return l, err
	}, `SELECT c.id, c.at, c.subscriber, c.digest, c.verb, c.basis, COALESCE(w.text, ''), c.network, c.n, c.link
		FROM consent AS c
		LEFT JOIN consent_wordings AS w ON w.hash = c.wording
		WHERE c.subscriber = $1
		ORDER BY c.at, c.id`, subscriber)
	if err != nil {
		return nil, fmt.Errorf("consent of subscriber %d: %w", subscriber, err)
	}
	return all, nil
}

// Blank takes everything personal out of a subscriber's lines. The caller destroys the salt in the same transaction, and marks
// the subscriber as erased. Lines that are not sealed yet are sealed before, so that no link covers blanked text.
func Blank(ctx context.Context, tx *sql.Tx, subscriber int64, now time.Time) error {
	if _, err := seal(ctx, tx, now, 0, subscriber); err != nil {
		return err
	}
	_, err := tx.ExecContext(ctx, `UPDATE consent SET basis = '', network = '' WHERE subscriber = $1`, subscriber)
	if err != nil {
		return fmt.Errorf("blank the consent of subscriber %d: %w", subscriber, err)
	}
	return nil
}

// A Head is what the chain comes to.
type Head struct {
	N    int64 // lines
	Link string
	At   time.Time // when the last was sealed
}

// String is how a head is printed, mailed and given to [Verify]: "128-6f1c…".
func (h Head) String() string { return fmt.Sprintf("%d-%s", h.N, h.Link) }

// ErrHead is the error of a head that cannot be read.
var ErrHead = errors.New("it is written as the number of lines, a hyphen and 64 hexadecimal digits, as `subscribers verify-log` prints it")

// ParseHead reads what [Head.String] writes.
func ParseHead(s string) (h Head, err error) {
	var rest string
	n, err := fmt.Sscanf(strings.TrimSpace(s), "%d-%s", &h.N, &rest)
	raw, hexErr := hex.DecodeString(rest)
	if err != nil || n != 2 || hexErr != nil || len(raw) != sha256.Size || h.N < 1 {
		return Head{}, fmt.Errorf("head %.90q: %w", s, ErrHead)
	}
	h.Link = hex.EncodeToString(raw)
	return h, nil
}

// CurrentHead returns the head of the chain. Lines that are not sealed yet are not in it.
func CurrentHead(ctx context.Context, h db.Handle) (Head, error) {
	var head Head
	var at int64
	err := h.QueryRowContext(ctx, `SELECT n, link, at FROM consent_head WHERE id = 1`).Scan(&head.N, &head.Link, &at)
	if err != nil {
		return Head{}, fmt.Errorf("head of the consent log: %w", err)
	}
	head.At = db.Time(at)
	return head, nil
}
