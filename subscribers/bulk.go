package subscribers

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"time"

	"vestnik/db"
	"vestnik/mail"
	"vestnik/subscribers/consent"
)

// write brings the changes of a batch into the database. It returns the digests whose confirmation letters it wrote.
func (im *importer) write(ctx context.Context, tx *sql.Tx, m *members, report *Report) (used []string, err error) {
	fresh, changed := m.sizes()
	people := newBulk(11, fresh, stateActive)
	subscriptions := newBulk(8, changed, Pending)
	lines := make([]consent.Line, 0, changed)
	var pending []asked
	for _, one := range m.inOrder() {
		if one.fresh {
			people.add(one.id, one.Email, one.Key, domainOf(one.Key), one.Name, consent.NewSalt(), one.Language, one.Timezone, int64(one.Hour), one.UUID,
				db.Milli(im.since(one.Since)))
		}
	}
	for _, one := range m.all {
		for _, h := range one.held {
			if h.by == nil {
				continue
			}
			since, agreed, place := db.Milli(im.since(h.by.since)), int64(0), ""
			if h.state == Active || h.state == Paused {
				agreed, place = since, mail.PlaceImport
			}
			subscriptions.add(one.id, h.digest, h.state, since, db.Milli(h.by.until), h.by.sections, agreed, place)
			lines = append(lines, lineOf(one.id, h.digest, verbImport, im.basis(h.by), Origin{}, im.now))
			if h.state == Pending {
				pending = append(pending, asked{one.id, h.digest})
			}
		}
	}
	if err := im.writeRows(ctx, tx, people, subscriptions); err != nil {
		return nil, err
	}
	if err := consent.Append(ctx, tx, lines...); err != nil {
		return nil, err
	}
	if err := im.writeRest(ctx, tx, m); err != nil {
		return nil, err
	}
	report.Pending += len(pending)
	if im.options.SendConfirmations {
		report.Letters += len(pending)
		return im.writeLetters(ctx, tx, pending)
	}
	return nil, nil
}

// sizes are how many members are new, and how many of all their subscriptions.
func (m *members) sizes() (fresh, changed int) {
	for _, one := range m.all {
		if one.fresh {
			fresh++
		}
		for _, h := range one.held {
			if h.by != nil {
				changed++
			}
		}
	}
	return fresh, changed
}

// inOrder are the members by address: so each page of the index of addresses is looked for once a batch.
func (m *members) inOrder() []*member {
	return slices.SortedFunc(slices.Values(m.all), func(a, b *member) int { return strings.Compare(a.Key, b.Key) })
}

func (im *importer) since(t time.Time) time.Time {
	if t.IsZero() {
		return im.now
	}
	return t
}

// writeRows writes new subscribers, and subscriptions that are new or turn active. The conditions repeat what was decided on what was
// read: whatever others have changed since then is theirs, and the batch looks again.
func (im *importer) writeRows(ctx context.Context, tx *sql.Tx, people, subscriptions bulk) error {
	made, err := people.insert(ctx, tx, `INSERT INTO subscribers (id, email, email_key, domain, name, salt, language, timezone, hour, uuid, since, state)`,
		`(%s, $1)`, `ON CONFLICT DO NOTHING`)
	if err != nil {
		return err
	}
	if made != people.rows {
		return errRaced
	}
	changed, err := subscriptions.insert(ctx, tx, `INSERT INTO subscriptions (subscriber, digest, state, since, until, sections, agreed, place)`, `(%s)`, `
		ON CONFLICT (subscriber, digest) DO UPDATE SET state = excluded.state, since = excluded.since, until = excluded.until, sections = excluded.sections,
			agreed = excluded.agreed, place = excluded.place
		WHERE subscriptions.state = $1 AND excluded.state <> $1`)
	if err == nil && changed != subscriptions.rows {
		err = errRaced
	}
	return err
}

// writeRest writes what few lines bring: other names, and suppressions.
func (im *importer) writeRest(ctx context.Context, tx *sql.Tx, m *members) error {
	for _, one := range m.all {
		if one.filled && !one.fresh {
			_, err := tx.ExecContext(ctx, `UPDATE subscribers SET name = $1, uuid = $2 WHERE id = $3`, one.Name, one.UUID, one.id)
			if err != nil {
				return err
			}
		}
		if one.suppress != "" {
			if err := Suppress(ctx, tx, one.Key, one.suppress+", file "+im.file, im.now); err != nil {
				return err
			}
		}
	}
	return nil
}

// asked is a subscription that waits for its letter to be answered.
type asked struct {
	subscriber int64
	digest     string
}

func (im *importer) writeLetters(ctx context.Context, tx *sql.Tx, pending []asked) (used []string, err error) {
	tokens := bulk{shared: []any{purposeConfirm, db.Milli(im.now), db.Milli(im.now.Add(confirmFor))}, width: 3}
	for _, one := range pending {
		m := im.masters[one.digest]
		if !m.stored && !slices.Contains(used, one.digest) {
			if err := m.letter.store(ctx, tx, m.ref, im.now); err != nil {
				return nil, err
			}
			used = append(used, one.digest)
		}
		token := newToken()
		tokens.add(tokenHash(token), one.subscriber, one.digest)
		if err := m.letter.enqueue(ctx, tx, m.ref, one.subscriber, token, im.now); err != nil {
			return nil, err
		}
	}
	_, err = tokens.insert(ctx, tx, `INSERT INTO tokens (hash, subscriber, digest, purpose, made, expires)`, `(%s, $1, $2, $3)`, ``)
	return used, err
}

// valuesPerStatement is few enough that SQLite, which looks every $n up by its name in a list, is not slowed down, and
// enough that the round trips do not count.
const valuesPerStatement = 80

// A bulk gathers rows for INSERT statements of several rows.
type bulk struct {
	shared []any // the values that all rows have, $1 …
	width  int   // how many values each row has of its own
	values []any
	rows   int64
}

// newBulk has room for so many rows.
func newBulk(width, rows int, shared ...any) bulk {
	return bulk{shared: shared, width: width, values: make([]any, 0, width*rows)}
}

func (b *bulk) add(values ...any) {
	b.values = append(b.values, values...)
	b.rows++
}

// insert writes all rows, and returns how many of them were written or changed others. tuple is a row's text with %s for its
// own values and $1 … for the shared ones.
func (b *bulk) insert(ctx context.Context, tx *sql.Tx, head, tuple, tail string) (written int64, err error) {
	text := func(rows int) string { return b.text(head, tuple, tail, rows) }
	return db.InRows(ctx, tx, text, b.shared, b.values, b.width, max(1, valuesPerStatement/b.width))
}

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

// keysPerLookup is how many keys one run of a prepared statement looks up; see valuesPerStatement.
const keysPerLookup = 50

// lookUp is [collectIn] for very many keys: the statement is prepared once.
func lookUp[T any](ctx context.Context, tx *sql.Tx, scan func(row *sql.Rows) (T, error), query string, keys []any) (all []T, err error) {
	whole := len(keys) / keysPerLookup * keysPerLookup
	if whole > 0 {
		statement, err := tx.PrepareContext(ctx, fmt.Sprintf(query, db.Placeholders(1, keysPerLookup)))
		if err != nil {
			return nil, err
		}
		defer statement.Close()
		for some := range slices.Chunk(keys[:whole], keysPerLookup) {
			if all, err = collectInto(ctx, statement, all, scan, some); err != nil {
				return nil, err
			}
		}
	}
	rest, err := collectIn(ctx, tx, scan, query, keys[whole:])
	return append(all, rest...), err
}

func collectInto[T any](ctx context.Context, statement *sql.Stmt, all []T, scan func(row *sql.Rows) (T, error), keys []any) ([]T, error) {
	rows, err := statement.QueryContext(ctx, keys...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		one, err := scan(rows)
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, rows.Err()
}
