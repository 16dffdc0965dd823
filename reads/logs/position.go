package logs

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"vestnik/db"
)

// headSize is how much of a file's beginning, unpacked, it is known by at most, and headLines how many lines of that.
const (
	headSize  = 4 << 10
	headLines = 16
)

// A position says how far a log was taken. Bytes are those of the unpacked file.
type position struct {
	fingerprint string // of its first lines, see fingerprintOf
	taken       int64
	firstDay    int64 // the earliest and the latest UTC day of its lines; 0 before the first
	lastDay     int64
	lastBegins  int64 // where the latest begins
}

// sees takes note of the time of the line that begins at the position.
func (p *position) sees(sec int64, now time.Time) {
	if sec < earliest || sec > now.Unix()+future {
		return
	}
	day := dayOf(sec)
	if p.firstDay == 0 || day < p.firstDay {
		p.firstDay = day
	}
	if day > p.lastDay {
		p.lastDay, p.lastBegins = day, p.taken
	}
}

// of is the position with the fingerprint that it has with the file's beginning.
func (p position) of(head []byte) position {
	p.fingerprint = fingerprintOf(head[:min(p.taken, int64(len(head)))])
	return p
}

// fingerprintOf has eight characters for each of the first lines: 32 bits of the hash of the file up to that line's end. So that of a
// file that has grown begins with the one it had, and that of a copy that was taken earlier is the beginning of it. A line of an access log
// tells the second of the request and who made it, so files that begin with the same ones are one. A line that is longer than the
// whole head is taken as far as it goes.
func fingerprintOf(head []byte) string {
	var b []byte
	hash := sha256.New()
	for range headLines {
		line, rest, ended := bytes.Cut(head, []byte("\n"))
		if !ended && (len(b) > 0 || len(line) < headSize) {
			break
		}
		hash.Write(line)
		hash.Write([]byte("\n"))
		b = hex.AppendEncode(b, hash.Sum(nil)[:4])
		head = rest
	}
	return string(b)
}

// findPosition returns how far the file with this beginning was taken, the zero position for a new one.
func findPosition(ctx context.Context, h db.Handle, head []byte) (found position, err error) {
	fingerprint := fingerprintOf(head)
	if fingerprint == "" {
		return found, nil
	}
	all, err := db.Collect(ctx, h, func(row *sql.Rows) (p position, err error) {
		return p, row.Scan(&p.fingerprint, &p.taken, &p.firstDay, &p.lastDay, &p.lastBegins)
	}, `SELECT fingerprint, taken, first_day, last_day, last_begins FROM read_imports WHERE first = $1`, fingerprint[:8])
	if err != nil {
		return found, fmt.Errorf("find how far it was imported: %w", err)
	}
	for _, p := range all {
		same := strings.HasPrefix(p.fingerprint, fingerprint) || strings.HasPrefix(fingerprint, p.fingerprint)
		if same && len(p.fingerprint) > len(found.fingerprint) {
			found = p
		}
	}
	return found, nil
}

var errAtWork = errors.New("another import is at work on the same log; nothing of this part was imported here")

// store moves the position on from old, unless another import has.
func (p position) store(ctx context.Context, tx *sql.Tx, old position, now time.Time) error {
	if old.taken == 0 {
		_, err := tx.ExecContext(ctx, `INSERT INTO read_imports (fingerprint, first, taken, first_day, last_day, last_begins, at)
			VALUES ($1, $2, $3, $4, $5, $6, $7)`, p.fingerprint, p.fingerprint[:8], p.taken, p.firstDay, p.lastDay, p.lastBegins, db.Milli(now))
		if db.IsDuplicate(err) {
			return errAtWork
		}
		return err
	}
	moved, err := db.Changed(ctx, tx, `UPDATE read_imports
		SET fingerprint = $1, taken = $2, first_day = $3, last_day = $4, last_begins = $5, at = $6
		WHERE fingerprint = $7 AND taken = $8`, p.fingerprint, p.taken, p.firstDay, p.lastDay, p.lastBegins, db.Milli(now), old.fingerprint, old.taken)
	if err == nil && !moved || db.IsDuplicate(err) {
		return errAtWork
	}
	return err
}

// earlier is a part of a log that was imported before. Its visitors were forgotten; if another line of one of its days comes, what
// it has of that day is read once more. For today and yesterday read_seen would do, but for how many came from one network.
type earlier struct {
	source Source
	upTo   position
}

// findEarlier finds what was imported before of the logs that can be read again. One that cannot be opened is found out later.
func (im *Importer) findEarlier(ctx context.Context, sources []Source) error {
	for _, s := range sources {
		if s.Once {
			continue
		}
		in, err := open(s, nil)
		if err != nil {
			continue
		}
		in.Close()
		p, err := findPosition(ctx, im.d, in.head)
		if err != nil {
			return err
		}
		if p.taken > 0 {
			im.earlier = append(im.earlier, earlier{s, p})
		}
	}
	return nil
}

// passEarlier passes over what was imported before of the log at hand. A log that is shorter than that is a copy.
func (r *intake) passEarlier(ctx context.Context) error {
	if r.source.Once {
		return r.rememberFrom(ctx, r.in, 0, r.at.taken, func(int64) bool { return true })
	}
	if r.at.taken == 0 {
		return nil
	}
	known := func(e earlier) bool { return e.source.Name == r.source.Name && e.upTo == r.at }
	if !slices.ContainsFunc(r.earlier, known) { // somebody has imported more of it since we looked
		r.earlier = append(r.earlier, earlier{r.source, r.at})
	}
	_ = r.in.pass(r.at.taken) // where that fails, reading on fails, too
	return nil
}

// remember reads what was imported before of a day.
func (im *Importer) remember(ctx context.Context, day int64) error {
	for _, e := range im.earlier {
		if day < e.upTo.firstDay || day > e.upTo.lastDay {
			continue
		}
		in, err := open(e.source, nil)
		if err != nil {
			return err
		}
		from := int64(0)
		if day == e.upTo.lastDay {
			from = e.upTo.lastBegins
		}
		if err = in.pass(from); err == nil {
			err = im.rememberFrom(ctx, in, from, e.upTo.taken, func(d int64) bool { return d == day })
		}
		in.Close()
		if err != nil && !errors.Is(err, io.EOF) {
			return fmt.Errorf("read again what %s has of the day: %w", e.source.Name, err)
		}
	}
	return nil
}

// rememberFrom reads the lines between two positions for the visitors of the wanted days, and counts nothing.
func (im *Importer) rememberFrom(ctx context.Context, in *stream, from, to int64, wanted func(day int64) bool) error {
	var p parser
	for from < to {
		b, size, err := in.line()
		if err != nil {
			return nil // as far as it can be read
		}
		from += size
		if b == nil || !p.parse(b) || !wanted(dayOf(p.time)) {
			continue
		}
		if _, err := im.judge.read(ctx, &p.line, func(day int64) error { return im.remember(ctx, day) }); err != nil {
			return err
		}
	}
	return ctx.Err()
}
