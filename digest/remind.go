package digest

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"vestnik/db"
	"vestnik/mail"
	"vestnik/templates"
)

// How far the editors of a held edition were told, which is what its column "reminded" counts.
const (
	askedOnce  = 1 // when it became held
	askedAgain = 2 // when a quarter of the time was left
	toldOfEnd  = 3 // when it was cancelled since nobody had approved it
)

// noticeFor is how long the letter may come late that tells of an edition nobody approved.
const noticeFor = 24 * time.Hour

// A reminder is a letter, one for each editor, that is due for an edition.
type reminder struct {
	edition Edition
	stage   int64
	until   time.Time // the deadline of the edition
}

// remind writes to the editors of held editions: when one becomes held, when a quarter of its time is left, and when it was
// cancelled because nobody approved it. The count of what was told is kept with the edition and moves in the transaction of the
// letters, only while the edition is as it was seen: so each is written once, on however many nodes. It returns when to look again.
func (p Publisher) remind(ctx context.Context, digests []Digest, now time.Time) (time.Time, error) {
	waiting, err := p.unreminded(ctx, now)
	if err != nil {
		return time.Time{}, fmt.Errorf("editions that wait for editors: %w", err)
	}
	var wake time.Time
	var errs []error
	for _, w := range waiting {
		stage, next := w.due(now)
		wake = sooner(wake, next)
		if stage == w.stage {
			continue
		}
		w.stage = stage
		if err := p.tell(ctx, digests, w, now); err != nil {
			errs = append(errs, fmt.Errorf("letters to the editors of %s %s: %w", w.edition.Digest, w.edition.Slot.Name(), err))
			wake = sooner(wake, now.Add(retryAfter))
		}
	}
	return wake, errors.Join(errs...)
}

// unreminded are the editions of which the editors may have to be told something more.
func (p Publisher) unreminded(ctx context.Context, now time.Time) ([]reminder, error) {
	found, err := db.Collect(ctx, p.DB, func(row *sql.Rows) (reminder, error) {
		var w reminder
		var id, until int64
		err := row.Scan(&id, &w.stage, &until, &w.edition.State)
		w.edition.ID, w.until = id, db.Time(until)
		return w, err
	}, `
		SELECT e.id, e.reminded, e.approve_by, e.state
		FROM editions e
		JOIN slots s ON s.digest = e.digest AND s.due = e.due
		WHERE e.state <> 'finished' AND (e.state = $1 AND e.reminded < 2
			OR e.state = $2 AND e.reminded < 3 AND e.approve_by > $3 AND s.cause IN ('not_approved', 'superseded'))
		ORDER BY e.id`, Held, Cancelled, db.Milli(now.Add(-noticeFor)))
	if err != nil {
		return nil, err
	}
	for i, w := range found {
		if found[i].edition, err = EditionByID(ctx, p.DB, w.edition.ID); err != nil {
			return nil, err
		}
	}
	return found, nil
}

// due is how far the editors should have been told by now, and when that changes.
func (w reminder) due(now time.Time) (stage int64, next time.Time) {
	last := w.until.Add(-w.until.Sub(w.edition.Made) / 4)
	switch {
	case w.edition.State == Cancelled:
		return toldOfEnd, time.Time{}
	case !now.Before(w.until): // it will be cancelled presently
		return w.stage, time.Time{}
	case !now.Before(last):
		return askedAgain, time.Time{} // in one letter where the first was not written until now
	}
	return askedOnce, last
}

// tell writes the letters of a reminder, unless another node did or an editor was faster.
func (p Publisher) tell(ctx context.Context, digests []Digest, w reminder, now time.Time) error {
	editors, known := editorsOf(digests, w.edition.Digest)
	if !known {
		return nil // a digest that only other nodes have
	}
	letters, err := p.notices(w, editors, now)
	if err != nil {
		return err
	}
	fresh := false
	err = p.DB.Tx(ctx, func(tx *sql.Tx) (err error) {
		fresh, err = db.Changed(ctx, tx, `UPDATE editions SET reminded = $1 WHERE id = $2 AND reminded < $1 AND state = $3`, w.stage, w.edition.ID, w.edition.State)
		if err != nil || !fresh {
			return err
		}
		stop("the editors are counted as told")
		for _, l := range letters {
			if err := mail.PutMaster(ctx, tx, l.Ref, l.Revision, l.Variant, l.master, now); err != nil {
				return err
			}
			stop("an editor's master copy")
			if _, err := mail.Enqueue(ctx, tx, l.Letter, now); err != nil {
				return err
			}
			stop("an editor's letter")
		}
		return nil
	})
	if err == nil && fresh {
		p.log().Info("editors written to", "digest", w.edition.Digest, "slot", w.edition.Slot.Name(), "editors", len(letters), "approve_by", w.until.UTC().Format(time.RFC3339))
	}
	return err
}

func editorsOf(digests []Digest, name string) (editors []string, known bool) {
	for _, dg := range digests {
		if dg.Name == name {
			return dg.Editors, true
		}
	}
	return nil, false
}

// A notice is a letter to one editor with its master copy, which no other letter shares: the link in it is that editor's.
type notice struct {
	mail.Letter
	master mail.Master
}

func (p Publisher) notices(w reminder, editors []string, now time.Time) (all []notice, err error) {
	e := w.edition
	stage, expires := templates.AskToApprove, w.until
	switch w.stage {
	case askedAgain:
		stage = templates.AskAgain
	case toldOfEnd:
		stage, expires = templates.NotApproved, now.Add(noticeFor)
	}
	for _, editor := range editors {
		words, err := p.Templates.ApproveLetter(templates.ApproveLetter{Site: p.Site, Language: e.Language, Stage: stage, Edition: e.View,
			Link: p.EditorLink(e.ID, editor, LinkExpires(w.until)), Now: now, Until: w.until})
		if err != nil {
			return nil, err
		}
		master, err := mail.Compose(p.Identity, mail.Message{Kind: mail.KindNotice, Language: e.Language, Subject: words.Subject, HTML: words.HTML, Text: words.Text})
		if err != nil {
			return nil, err
		}
		all = append(all, notice{mail.Letter{Kind: mail.KindNotice, Ref: db.NewID(), Digest: e.Digest, Variant: e.Language, Revision: 1,
			Address: editor, Expires: expires}, master})
	}
	return all, nil
}
