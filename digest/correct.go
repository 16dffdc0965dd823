package digest

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"vestnik/db"
	"vestnik/mail"
	"vestnik/subscribers"
	"vestnik/templates"
)

// Who got an edition with a mistake, or may have got it, is told so by a letter of kind correction, and nobody else. As letters are still
// under way when a revision is made, and some of those end in doubt, the ledger is gone through again until all are settled: from the
// beginning, by the recipients' ids, some thousands in a transaction. The key of a letter sees to it that nobody is told twice.

// noteFor is how long a letter about a mistake is of use.
const noteFor = 72 * time.Hour

// lookAgain is when the ledger is gone through again while letters with the mistake are under way.
const lookAgain = time.Minute

// A note is a revision whose letters are still to be written down.
type note struct {
	edition    Edition
	revision   int64
	correction int64     // the ref of its letters
	made       time.Time // of the revision
	looked     time.Time // when the ledger was last begun from the beginning
	settled    time.Time // when nothing was under way any more; zero: something is
	cursor     int64     // the last recipient looked at; 0: the next look begins
}

// correctionMasters composes the letters that tell what was wrong, by their languages; none where nobody is told.
func (p Publisher) correctionMasters(e Edition, r Revision) (map[string]mail.Master, error) {
	masters := map[string]mail.Master{}
	if r.Correction == 0 {
		return masters, nil
	}
	for _, language := range templates.Languages() {
		l, err := p.Templates.CorrectionLetter(templates.CorrectionLetter{
			Site: p.Site, Language: language, Edition: e.View, Text: r.Note,
			Leave:       p.Site.URL + "/unsubscribe/" + mail.HoleLeave,
			Preferences: p.Site.URL + "/preferences/" + mail.HolePreferences,
		})
		if err != nil {
			return nil, err
		}
		masters[language], err = mail.Compose(p.Identity, mail.Message{Kind: mail.KindCorrection, Digest: e.Digest, ListTitle: e.Title, Language: language,
			Subject: l.Subject, HTML: l.HTML, Text: l.Text})
		if err != nil {
			return nil, err
		}
	}
	return masters, nil
}

// tellAll writes down letters about mistakes, and returns when to look again; the zero time is never.
func (p Publisher) tellAll(ctx context.Context, now time.Time) (time.Time, error) {
	open, err := p.notes(ctx)
	if err != nil {
		return time.Time{}, fmt.Errorf("corrections: %w", err)
	}
	var wake time.Time
	var errs []error
	for _, n := range open {
		next, err := p.tellSome(ctx, n, now)
		if err != nil {
			errs = append(errs, fmt.Errorf("tell of the mistake in %s: %w", n.edition.label(), err))
			next = now.Add(retryAfter)
		}
		wake = sooner(wake, next)
	}
	return wake, errors.Join(errs...)
}

// notes are the revisions whose readers have yet to be told.
func (p Publisher) notes(ctx context.Context) ([]note, error) {
	open, err := db.Collect(ctx, p.DB, func(row *sql.Rows) (n note, err error) {
		var made, looked, settled int64
		err = row.Scan(&n.edition.ID, &n.revision, &n.correction, &made, &looked, &settled, &n.cursor)
		n.made, n.looked, n.settled = db.Time(made), db.Time(looked), db.Time(settled)
		return n, err
	}, `SELECT edition, revision, correction, made, looked, settled, cursor FROM edition_revisions WHERE correction > 0 AND noted = 0 ORDER BY made, edition`)
	for i := range open {
		if err == nil {
			open[i].edition, err = EditionByID(ctx, p.DB, open[i].edition.ID)
		}
	}
	return open, err
}

// tellSome goes through the ledger for as long as a step may last.
func (p Publisher) tellSome(ctx context.Context, n note, now time.Time) (time.Time, error) {
	if n.cursor == 0 { // a look begins; only one that begins when nothing is under way sees everybody
		settled, err := p.nothingUnderWay(ctx, n)
		if err != nil {
			return time.Time{}, err
		}
		if due := n.looked.Add(lookAgain); !settled && !n.looked.IsZero() && due.After(now) {
			return due, nil
		}
		if n.looked, n.settled = now, (time.Time{}); settled {
			n.settled = now
		}
	}
	for range chunksAStep {
		done, err := p.tellChunk(ctx, &n, now)
		if err != nil {
			return time.Time{}, err
		}
		if done && !n.settled.IsZero() {
			return time.Time{}, nil
		}
		if done {
			return now.Add(lookAgain), nil
		}
	}
	return now, nil
}

// underWay are the letters of edition $1 that may still go out with a revision before $2, or are going out.
const underWay = `kind = 'digest' AND ref = $1 AND revision < $2
	AND (state = 'in_flight' OR state IN ('queued', 'leased', 'deferred') AND doubts > 0)`

func (p Publisher) nothingUnderWay(ctx context.Context, n note) (bool, error) {
	var some int64
	err := p.DB.QueryRowContext(ctx, `SELECT COUNT(*) FROM (SELECT 1 FROM letters WHERE state IN ('queued', 'leased', 'in_flight', 'deferred') AND `+
		underWay+` LIMIT 1) AS one`, n.edition.ID, n.revision).Scan(&some)
	return some == 0, err
}

// mistaken are those who got edition $1 in a revision before $2, or may have got it: their letter was sent, or ended in doubt once, and
// is settled.
const mistaken = `l.kind = 'digest' AND l.ref = $1 AND l.revision < $2 AND l.recipient > $3 AND l.recipient <= $4
	AND (l.state IN ('sent', 'in_doubt') OR l.state IN ('failed', 'expired', 'suppressed') AND l.doubts > 0)`

// tellChunk writes down the letters to the next recipients, and reports whether these were the last.
func (p Publisher) tellChunk(ctx context.Context, n *note, now time.Time) (done bool, err error) {
	last, err := p.chunkEnd(ctx, *n)
	if err != nil {
		return false, err
	}
	done = last == 0
	before, cursor, noted := n.cursor, last, time.Time{}
	if done {
		last, cursor = 1<<62, 0
		if !n.settled.IsZero() {
			noted = now
		}
	}
	err = p.DB.Tx(ctx, func(tx *sql.Tx) error {
		mine, err := db.Changed(ctx, tx, `
			UPDATE edition_revisions SET cursor = $1, looked = $2, settled = $3, noted = $4
			WHERE edition = $5 AND revision = $6 AND cursor = $7 AND noted = 0`,
			cursor, db.Milli(n.looked), db.Milli(n.settled), db.Milli(noted), n.edition.ID, n.revision, before)
		if err != nil || !mine {
			done = done || !mine // another node is at it
			return err
		}
		query, args := p.mistakenReaders(*n, last)
		_, err = mail.Fill(ctx, tx, mail.Filling{Kind: mail.KindCorrection, Ref: n.correction, Digest: n.edition.Digest, Revision: 1,
			Expires: now.Add(noteFor)}, query, args, now)
		return err
	})
	n.cursor = cursor
	return done, err
}

// chunkEnd is the last recipient of the next some thousand; 0: there are not so many.
func (p Publisher) chunkEnd(ctx context.Context, n note) (last int64, err error) {
	size := p.chunk
	if size == 0 {
		size = chunkSize
	}
	err = p.DB.QueryRowContext(ctx, `SELECT recipient FROM letters WHERE kind = 'digest' AND ref = $1 AND recipient > $2
		ORDER BY recipient LIMIT 1 OFFSET $3`, n.edition.ID, n.cursor, int64(size-1)).Scan(&last)
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	return last, err
}

// mistakenReaders selects for [mail.Fill] those who are still subscribed, each with the letter in the language that they have now.
func (p Publisher) mistakenReaders(n note, last int64) (query string, args []any) {
	args = []any{n.edition.ID, n.revision, n.cursor, last, subscribers.Active, n.edition.Language}
	args = append(args, db.Args(templates.Languages())...)
	return `
		SELECT l.recipient AS subscriber, CASE WHEN s.language IN (` + db.Placeholders(7, len(templates.Languages())) + `) THEN s.language
			ELSE CAST($6 AS TEXT) END AS variant, CAST(0 AS BIGINT) AS not_before, CAST(0 AS BIGINT) AS expires
		FROM letters AS l
		JOIN subscriptions AS u ON u.subscriber = l.recipient AND u.digest = l.digest AND u.state = $5
		JOIN subscribers AS s ON s.id = l.recipient
		WHERE ` + mistaken, args
}

// Corrections are the refs of the letters that told of mistakes in an edition.
func Corrections(ctx context.Context, h db.Handle, edition int64) ([]int64, error) {
	refs, err := db.Collect(ctx, h, func(row *sql.Rows) (ref int64, err error) { return ref, row.Scan(&ref) },
		`SELECT correction FROM edition_revisions WHERE edition = $1 AND correction > 0`, edition)
	if err != nil {
		return nil, fmt.Errorf("corrections of edition %d: %w", edition, err)
	}
	slices.Sort(refs)
	return refs, nil
}
