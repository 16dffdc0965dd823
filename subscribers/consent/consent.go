// Package consent is in charge of proof: who agreed to what, when, on what ground, and on which words. It writes the tables
// consent, consent_head and consent_wordings. Package subscribers alone appends to it: each of its verbs one line for each subscription
// that it changes.
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
	for _, l := range lines {
		if l.Wording != "" && !kept[l.Wording] {
			kept[l.Wording] = true
			if err := keepWording(ctx, tx, l); err != nil {
				return err
			}
		}
	}
	for len(lines) > 0 {
		n := 1
		for n < len(lines) && lines[n].sameEvent(lines[0]) {
			n++
		}
		if err := appendEvent(ctx, tx, lines[:n]); err != nil {
			return fmt.Errorf("lines of consent: %w", err)
		}
		lines = lines[n:]
	}
	return nil
}

// sameEvent reports whether two lines tell of different people in the same event, as those of an import do.
func (l Line) sameEvent(o Line) bool {
	return l.At.Equal(o.At) && l.Verb == o.Verb && l.Wording == o.Wording && l.Network == o.Network
}

// appendEvent adds lines of the same event, which is given to the database once a statement.
func appendEvent(ctx context.Context, tx *sql.Tx, lines []Line) error {
	args := make([]any, 0, 4*len(lines))
	for _, l := range lines {
		args = append(args, orNew(l.ID), l.Subscriber, l.Digest, clean(l.Basis))
	}
	l := lines[0]
	_, err := db.InRows(ctx, tx, insertQuery, []any{db.Milli(l.At), l.Verb, hashOf(l.Wording), l.Network}, args, 4, rowsAtOnce)
	return err
}

const rowsAtOnce = 10 // of one statement

func insertQuery(rows int) string {
	tuples := make([]string, rows)
	for i := range tuples {
		tuples[i] = "(" + db.Placeholders(5+4*i, 4) + ", $1, $2, $3, $4)"
	}
	return `INSERT INTO consent (id, subscriber, digest, basis, at, verb, wording, network) VALUES ` + strings.Join(tuples, ", ")
}

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

// BlankWordings takes out of the texts that were shown those that hold something, as an address. Their hashes stay, and with them the
// chain.
func BlankWordings(ctx context.Context, tx *sql.Tx, holds func(text string) bool) error {
	type wording struct{ hash, text string }
	all, err := db.Collect(ctx, tx, func(row *sql.Rows) (w wording, err error) { return w, row.Scan(&w.hash, &w.text) },
		`SELECT hash, text FROM consent_wordings`)
	for _, w := range all {
		if err == nil && holds(w.text) {
			_, err = tx.ExecContext(ctx, `UPDATE consent_wordings SET text = '' WHERE hash = $1`, w.hash)
		}
	}
	if err != nil {
		return fmt.Errorf("blank words that were shown: %w", err)
	}
	return nil
}

// BlankWordingsOf takes out the texts that were shown to a subscriber for a verb.
func BlankWordingsOf(ctx context.Context, tx *sql.Tx, subscriber int64, verb string) error {
	_, err := tx.ExecContext(ctx, `
		UPDATE consent_wordings SET text = ''
		WHERE hash IN (SELECT wording FROM consent WHERE subscriber = $1 AND verb = $2)`, subscriber, verb)
	if err != nil {
		return fmt.Errorf("blank words that were shown to subscriber %d: %w", subscriber, err)
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
