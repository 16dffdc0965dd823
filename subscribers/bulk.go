package subscribers

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"vestnik/db"
	"vestnik/subscribers/consent"
)

// write brings the changes of a batch into the database, by the thousand rows a statement. It returns the digests whose
// confirmation letters it wrote.
func (im importer) write(ctx context.Context, tx *sql.Tx, changes []change, report *Report) (used []string, err error) {
	at := db.Milli(im.now)
	subscriptions := bulk{shared: []any{at, Pending, Active}, width: 3}
	var lines []consent.Line
	var pending []change
	for _, c := range changes {
		if c.digest == "" {
			if _, err := tx.ExecContext(ctx, `UPDATE subscribers SET name = $1 WHERE id = $2`, c.state, c.member.id); err != nil {
				return nil, err
			}
			continue
		}
		subscriptions.add(c.member.id, c.digest, c.state)
		lines = append(lines, lineOf(c.member.id, c.digest, verbImport, im.basis(c.state), Origin{}, im.now))
		if c.state == Pending {
			pending = append(pending, c)
		}
	}
	// The condition repeats what apply decided: a reader who leaves at this very moment has left.
	if err := subscriptions.insert(ctx, tx, `INSERT INTO subscriptions (subscriber, digest, state, since)`, `(%s, $1)`, `
		ON CONFLICT (subscriber, digest) DO UPDATE SET state = excluded.state, since = excluded.since
		WHERE subscriptions.state = $2 AND excluded.state = $3`); err != nil {
		return nil, err
	}
	if err := consent.Append(ctx, tx, lines...); err != nil {
		return nil, err
	}
	report.Pending += len(pending)
	if im.options.SendConfirmations {
		report.Letters += len(pending)
		return im.writeLetters(ctx, tx, pending)
	}
	return nil, nil
}

func (im importer) basis(state string) string {
	if state == Active {
		return im.options.Basis + "; file " + im.file
	}
	return "file " + im.file
}

func (im importer) writeLetters(ctx context.Context, tx *sql.Tx, pending []change) (used []string, err error) {
	tokens := bulk{shared: []any{purposeConfirm, db.Milli(im.now), db.Milli(im.now.Add(confirmFor))}, width: 3}
	for _, c := range pending {
		m := im.masters[c.digest]
		if !m.stored && !slices.Contains(used, c.digest) {
			if err := m.letter.store(ctx, tx, m.ref, im.now); err != nil {
				return nil, err
			}
			used = append(used, c.digest)
		}
		token := newToken()
		tokens.add(tokenHash(token), c.member.id, c.digest)
		if err := m.letter.enqueue(ctx, tx, m.ref, c.member.id, token, im.now); err != nil {
			return nil, err
		}
	}
	err = tokens.insert(ctx, tx, `INSERT INTO tokens (hash, subscriber, digest, purpose, made, expires)`, `(%s, $1, $2, $3)`, ``)
	return used, err
}

// rowsPerStatement is few enough that SQLite, which looks every $n up by its name in a list, is not slowed down (a statement
// of 1,000 rows took eight times as long), and enough that parsing and round trips do not count.
const rowsPerStatement = 50

// A bulk gathers rows for INSERT statements of many rows: one statement a row costs several times as much.
type bulk struct {
	shared []any // the values that all rows have, $1 …
	width  int   // how many values each row has of its own
	values []any
}

func (b *bulk) add(values ...any) { b.values = append(b.values, values...) }

// insert writes all rows. tuple is a row's text with %s for its own values and $1 … for the shared ones.
func (b *bulk) insert(ctx context.Context, tx *sql.Tx, head, tuple, tail string) error {
	full := rowsPerStatement * b.width
	if len(b.values) >= full {
		statement, err := tx.PrepareContext(ctx, b.text(head, tuple, tail, rowsPerStatement))
		if err != nil {
			return err
		}
		defer statement.Close()
		for ; len(b.values) >= full; b.values = b.values[full:] {
			if _, err := statement.ExecContext(ctx, b.args(full)...); err != nil {
				return err
			}
		}
	}
	if len(b.values) == 0 {
		return nil
	}
	_, err := tx.ExecContext(ctx, b.text(head, tuple, tail, len(b.values)/b.width), b.args(len(b.values))...)
	return err
}

func (b *bulk) args(n int) []any { return append(slices.Clone(b.shared), b.values[:n]...) }

func (b *bulk) text(head, tuple, tail string, rows int) string {
	var text strings.Builder
	text.WriteString(head + ` VALUES `)
	for i := range rows {
		if i > 0 {
			text.WriteString(", ")
		}
		fmt.Fprintf(&text, tuple, db.Placeholders(len(b.shared)+1+i*b.width, b.width))
	}
	text.WriteString(" " + tail)
	return text.String()
}
