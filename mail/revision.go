package mail

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	netmail "net/mail"
	"strings"

	"vestnik/db"
)

// A letter's revision is fixed by its first mark that may have reached anybody. Until then it follows its edition's:
//
//   - [Renew] gives the revision to all letters that wait, and takes the leases of those that a sender has rendered;
//   - a letter that comes back to the queue afterwards (deferred, retried, restored) takes it when it is leased again;
//   - a mark misses whose letter's edition has got a newer one meanwhile, however the two transactions interleave.
//
// A letter that was ever in doubt keeps its own, for its reader may have it, and a resend repeats the same bytes.

const (
	// renewQuery changes no column that is in an index: of a million letters that makes seconds.
	renewQuery = `
		UPDATE letters SET revision = $1
		WHERE kind = $2 AND ref = $3 AND state IN ('queued', 'deferred') AND doubts = 0 AND revision < $1`
	recallQuery = `
		UPDATE letters SET revision = $1, due = CASE WHEN not_before > made THEN not_before ELSE made END,
			state = CASE WHEN attempt > 0 THEN 'deferred' ELSE 'queued' END, owner = 0, fence = 0
		WHERE kind = $2 AND ref = $3 AND state = 'leased' AND doubts = 0 AND revision < $1`
)

// Renew gives a revision to the letters of ref that have not begun to be sent and were never in doubt, and returns how many. Those that a
// sender has leased are queued again: its mark misses. Call it in the transaction that makes the revision, after the edition's row
// has got its number: once that is committed, no letter goes out with an earlier one unless it was marked in flight before.
func Renew(ctx context.Context, tx *sql.Tx, kind string, ref, revision int64) (int64, error) {
	waiting, err := db.Affected(tx.ExecContext(ctx, renewQuery, revision, kind, ref))
	if err != nil {
		return 0, wrap(err, "give revision %d to the letters of %s %d", revision, kind, ref)
	}
	leased, err := db.Affected(tx.ExecContext(ctx, recallQuery, revision, kind, ref))
	return waiting + leased, wrap(err, "give revision %d to the leased letters of %s %d", revision, kind, ref)
}

// presentQuery gives leased letters of $1 node and $2 fence their editions' present revision.
const presentQuery = `
	UPDATE letters SET revision = (SELECT e.revision FROM editions AS e WHERE e.id = letters.ref)
	WHERE owner = $1 AND owner > 0 AND fence = $2 AND kind = 'digest' AND doubts = 0 AND ` + outdated

// outdated is the condition of a digest's letter whose edition has a newer revision.
const outdated = `letters.revision < (SELECT e.revision FROM editions AS e WHERE e.id = letters.ref)`

// DropMasters deletes the master copies of ref, which must have no letters: an edition that was cancelled is made anew.
func DropMasters(ctx context.Context, tx *sql.Tx, ref int64) error {
	for _, kind := range kinds {
		var n int64
		err := tx.QueryRowContext(ctx, `SELECT COUNT(*) FROM (SELECT 1 FROM letters WHERE kind = $1 AND ref = $2 LIMIT 1) AS one`, kind, ref).Scan(&n)
		if err == nil && n > 0 {
			err = fmt.Errorf("there are %s letters that are made of them", kind)
		}
		if err != nil {
			return wrap(err, "drop the master copies of %d", ref)
		}
	}
	_, err := tx.ExecContext(ctx, `DELETE FROM masters WHERE ref = $1`, ref)
	return wrap(err, "drop the master copies of %d", ref)
}

// Unmaster returns what readers get of a master copy: its subject and the two parts, decoded, with the holes as they stand and
// the sentence about why they get it that names no day. Lines end in a line feed, as templates write them; on the wire it is CR LF
// (RFC 2045, 6.5).
func Unmaster(m Master) (subject, html, text string, err error) {
	f := cut(m.Bytes)
	b := f.fill(nil, Holes(), f.why(Letter{}, nil))
	msg, err := netmail.ReadMessage(bytes.NewReader(b))
	if err != nil {
		return "", "", "", fmt.Errorf("read a master copy: %w", err)
	}
	if subject, err = new(mime.WordDecoder).DecodeHeader(msg.Header.Get("Subject")); err != nil {
		return "", "", "", fmt.Errorf("read the subject of a master copy: %w", err)
	}
	kind, params, err := mime.ParseMediaType(msg.Header.Get("Content-Type"))
	if err == nil && kind != "multipart/alternative" {
		err = fmt.Errorf("it is %s, not multipart/alternative", kind)
	}
	if err != nil {
		return "", "", "", fmt.Errorf("read a master copy: %w", err)
	}
	for parts := multipart.NewReader(msg.Body, params["boundary"]); ; {
		part, err := parts.NextRawPart()
		if errors.Is(err, io.EOF) {
			break
		}
		var kind, body string
		if err == nil {
			kind, body, err = unpart(part)
		}
		if err != nil {
			return "", "", "", fmt.Errorf("read a part of a master copy: %w", err)
		}
		switch kind {
		case "text/plain":
			text = body
		case "text/html":
			html = body
		}
	}
	if html == "" || text == "" {
		return "", "", "", errors.New("read a master copy: it lacks its text or its HTML part")
	}
	return subject, html, text, nil
}

// unpart returns a part's media type and its text.
func unpart(part *multipart.Part) (kind, body string, err error) {
	if kind, _, err = mime.ParseMediaType(part.Header.Get("Content-Type")); err != nil {
		return "", "", err
	}
	var decoded io.Reader
	switch encoding := strings.ToLower(part.Header.Get("Content-Transfer-Encoding")); encoding {
	case "quoted-printable":
		decoded = quotedprintable.NewReader(part)
	case "base64":
		decoded = base64.NewDecoder(base64.StdEncoding, part)
	default:
		return "", "", fmt.Errorf("its encoding %q is none of ours", encoding)
	}
	b, err := io.ReadAll(decoded)
	return kind, strings.ReplaceAll(string(b), "\r\n", "\n"), err
}
