package articles

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"reflect"
	"time"

	"vestnik/db"
)

// ErrRemoved is returned by [Publish] for a removed article: its text is gone.
var ErrRemoved = errors.New("the article was removed for good; import it anew under another slug")

// Publish shows a draft or a withdrawn article. A draft without a date gets now. The guid and, where they are known,
// the dates stay. [Unchanged] if it is published already.
func Publish(ctx context.Context, tx *sql.Tx, slug string, now time.Time) (Article, Outcome, error) {
	return turn(ctx, tx, slug, now, func(r *record, now time.Time) (verb string, err error) {
		switch r.State {
		case Published:
			return "", nil
		case Removed:
			return "", ErrRemoved
		case Draft:
			if r.Published.IsZero() {
				r.Published, r.Moment = now, now
			}
			r.Updated = later(r.Updated, r.Moment)
		}
		r.State = Published
		return "publish", nil
	})
}

// Withdraw takes a published article or a draft back: its page says that it is gone, and nothing lists, feeds or mails
// it. Importing it again does not bring it back, [Publish] does. [Unchanged] if it is withdrawn or removed already.
func Withdraw(ctx context.Context, tx *sql.Tx, slug string, now time.Time) (Article, Outcome, error) {
	return turn(ctx, tx, slug, now, func(r *record, _ time.Time) (verb string, err error) {
		if r.State == Published {
			verb = "withdraw"
		}
		if r.State != Removed {
			r.State = Withdrawn
		}
		return verb, nil
	})
}

// Remove erases the title, text, picture, recording, correction, authors, tags and words of an article for good. Its slug and guid stay taken,
// and its address, path and hash are remembered, so that importing it again does not bring it back.
func Remove(ctx context.Context, tx *sql.Tx, slug string, now time.Time) (Article, Outcome, error) {
	a, outcome, err := turn(ctx, tx, slug, now, func(r *record, _ time.Time) (verb string, err error) {
		if r.State == Published || r.State == Withdrawn && r.Change > 0 { // it may still lie in somebody's cache
			verb = "remove"
		}
		r.State = Removed
		r.Title, r.Standfirst, r.HTML, r.Text, r.Image, r.ImageAlt = "", "", "", "", "", ""
		r.Authors, r.Tags = nil, nil
		r.Correction, r.Corrected, r.Enclosure = "", time.Time{}, nil
		return verb, nil
	})
	if err == nil && outcome == Changed {
		if _, err = tx.ExecContext(ctx, `DELETE FROM article_related WHERE article = $1 OR other = $1`, a.ID); err != nil {
			err = fmt.Errorf("article %s: %w", slug, err)
		}
	}
	return a, outcome, err
}

// Correct tells the readers of a published or withdrawn article what was corrected in it, in plain text, paragraphs parted
// by an empty line. It takes the place of an earlier note, and moves the time of update. [Unchanged] if the note is the
// one there is. A draft needs none: nobody has read it. Errors about the note are [FieldError]s.
func Correct(ctx context.Context, tx *sql.Tx, slug, note string, now time.Time) (Article, Outcome, error) {
	note, err := cleanNote(note)
	if err == nil && note == "" {
		err = &FieldError{"correction", "it is empty; say in a sentence what was wrong and what is right"}
	}
	if err != nil {
		return Article{}, Unchanged, fmt.Errorf("article %s: %w", slug, err)
	}
	return turn(ctx, tx, slug, now, func(r *record, now time.Time) (verb string, err error) {
		switch {
		case r.State == Removed:
			return "", ErrRemoved
		case r.State == Draft:
			return "", &FieldError{"correction", "it is a draft that nobody has read; change its text instead"}
		case r.Correction == note:
			return "", nil
		case r.State == Published:
			verb = "correct"
		}
		r.Correction, r.Corrected, r.Updated = note, now, later(r.Updated, now)
		return verb, nil
	})
}

// turn changes one article under the lock of the change counter.
func turn(ctx context.Context, tx *sql.Tx, slug string, now time.Time, change func(r *record, now time.Time) (verb string, err error)) (Article, Outcome, error) {
	if err := lockChanges(ctx, tx); err != nil {
		return Article{}, Unchanged, fmt.Errorf("article %s: %w", slug, err)
	}
	old, err := oneRecord(ctx, tx, "slug = $1", db.Text(slug))
	if err != nil {
		return Article{}, Unchanged, err
	}
	next := old
	verb, err := change(&next, db.Time(db.Milli(now)))
	if err != nil {
		return old.Article, Unchanged, fmt.Errorf("article %s: %w", slug, err)
	}
	if reflect.DeepEqual(old, next) {
		return old.Article, Unchanged, nil
	}
	a, err := storeChange(ctx, tx, old, next, verb, now)
	if err != nil {
		return old.Article, Unchanged, fmt.Errorf("article %s: %w", slug, err)
	}
	return a, Changed, nil
}
