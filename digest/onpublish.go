package digest

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"vestnik/articles"
	"vestnik/db"
	"vestnik/subscribers"
)

// A digest with the schedule "on-publish" follows the log of changes by a cursor of its own and owes its readers one letter for each
// article that is published, once the grace is over. What is not mailed has a row with the reason, and the rules are these:
//
//   - It begins with what is published after it was first seen, and so does a new one; what was there before is not mailed.
//   - An article goes out once, whatever happens to it: a later change of the text is no reason to mail it again, nor is publishing it
//     again after it was withdrawn. Withdrawn within its grace, it was not mailed, and may still be when it is published again; its
//     grace then begins anew. What an editor changes within the grace is in the letter. One dated in the future waits for its date, and where
//     that is changed for the new one.
//   - Not mailed are briefs, which have no text; articles dated more than a day before they were published here, as an archive that is
//     imported; those of other sections than the digest's, which get no row at all; and those that nobody looked at within catch_up.
//   - An import must not mail thousands: where more than twenty articles come within the grace, or within ten minutes if that is longer, or
//     are due at once, none of them goes out. `vestnik digest send NAME --article SLUG` mails the one that matters.

// States of an article in a digest that mails articles.
const (
	ArticleWaiting = "waiting" // for the end of its grace
	ArticleSent    = "sent"    // there is an edition of it, be it held, and Reason is the edition's name
	ArticleSkipped = "skipped" // for the Reason
)

const (
	// flood is how many articles may come within floodWithin, or within the grace where that is longer.
	flood       = 20
	floodWithin = 10 * time.Minute
	// oldArticle is how long before it was published here an article may be dated.
	oldArticle = 24 * time.Hour
	// changesAtOnce is how many changes a transaction follows.
	changesAtOnce = 500
	// followAfter is when the log of changes is looked at again.
	followAfter = 10 * time.Second
)

const (
	reasonWithdrawn = "it was withdrawn before its letter went out"
	reasonFlood     = "too many articles came at once, as with an import; `vestnik digest send NAME --article SLUG` mails one of them"
)

// A Mailing is what became of an article in a digest that mails articles.
type Mailing struct {
	Digest  string
	Article int64
	Slug    string
	Title   string
	State   string    // ArticleWaiting and so on
	Reason  string    // of one that was skipped; of one sent, the name of its edition
	Due     time.Time // of one that waits
	Made    time.Time // when it was published, or sent by hand
}

// Mailings returns what became of the articles of a digest, "" for those of all, the newest first; limit 0 is all.
func Mailings(ctx context.Context, h db.Handle, digest string, limit int) ([]Mailing, error) {
	found, err := db.Collect(ctx, h, func(row *sql.Rows) (m Mailing, err error) {
		var due, made int64
		err = row.Scan(&m.Digest, &m.Article, &m.Slug, &m.Title, &m.State, &m.Reason, &due, &made)
		m.Due, m.Made = db.Time(due), db.Time(made)
		return m, err
	}, `SELECT d.digest, d.article, COALESCE(a.slug, ''), COALESCE(a.title, ''), d.state, d.reason, d.due, d.made
		FROM digest_articles AS d
		LEFT JOIN articles AS a ON a.id = d.article
		WHERE ($1 = '' OR d.digest = $1)
		ORDER BY d.made DESC, d.article DESC, d.digest
		LIMIT $2`, digest, all(limit))
	if err != nil {
		return nil, fmt.Errorf("articles mailed by %s: %w", cmp.Or(digest, "the digests"), err)
	}
	return found, nil
}

// follow is a step of a digest that mails articles as they are published. It returns when to look again.
func (p Publisher) follow(ctx context.Context, dg Digest, now time.Time) (time.Time, error) {
	for more := true; more; {
		var err error
		if more, err = p.followSome(ctx, dg, now); err != nil {
			return time.Time{}, fmt.Errorf("%s: follow what is published: %w", dg.Name, err)
		}
	}
	if err := p.mailDue(ctx, dg, now); err != nil {
		return time.Time{}, fmt.Errorf("%s: %w", dg.Name, err)
	}
	var due int64
	err := p.DB.QueryRowContext(ctx, `SELECT COALESCE(MIN(due), 0) FROM digest_articles WHERE digest = $1 AND due > $2`, dg.Name, db.Milli(now)).Scan(&due)
	if err != nil {
		return time.Time{}, fmt.Errorf("%s: what is due next: %w", dg.Name, err)
	}
	return sooner(db.Time(due), now.Add(followAfter)), nil
}

// followSome follows the next changes and reports whether there may be more. The cursor moves with what is owed, and only from where it
// was read: of two nodes one writes it down, and a crash loses nothing.
func (p Publisher) followSome(ctx context.Context, dg Digest, now time.Time) (bool, error) {
	var cursor int64
	err := p.DB.QueryRowContext(ctx, `SELECT change FROM digest_follow WHERE digest = $1`, dg.Name).Scan(&cursor)
	if errors.Is(err, sql.ErrNoRows) {
		_, err = p.DB.ExecContext(ctx, `
			INSERT INTO digest_follow (digest, change)
			SELECT CAST($1 AS TEXT), n FROM change_counter WHERE id = 1
			ON CONFLICT (digest) DO NOTHING`, dg.Name)
		return false, err
	}
	if err != nil {
		return false, err
	}
	changes, err := articles.Changes(ctx, p.DB, cursor, changesAtOnce)
	if err != nil || len(changes) == 0 {
		return false, err
	}
	owed, err := p.owed(ctx, dg, changes)
	if err != nil {
		return false, err
	}
	stop("followed")
	held := 0
	err = p.DB.Tx(ctx, func(tx *sql.Tx) error {
		moved, err := db.Changed(ctx, tx, `UPDATE digest_follow SET change = $1 WHERE digest = $2 AND change = $3`,
			changes[len(changes)-1].Change, dg.Name, cursor)
		if err != nil || !moved {
			return err
		}
		for _, m := range owed {
			if err := m.write(ctx, tx); err != nil {
				return err
			}
		}
		if err := redate(ctx, tx, dg, changes); err != nil {
			return err
		}
		held, err = holdBack(ctx, tx, dg, owed)
		return err
	})
	if err == nil && held > 0 {
		p.warnOfFlood(dg, held)
	}
	return len(changes) == changesAtOnce, err
}

func (p Publisher) warnOfFlood(dg Digest, held int) {
	p.log().Warn("articles held back: too many came at once to mail each of them; vestnik digest send NAME --article SLUG mails one",
		"digest", dg.Name, "articles", held, "at_most", flood)
}

// owed are the articles that the changes published, the oldest first, with what is to become of them.
func (p Publisher) owed(ctx context.Context, dg Digest, changes []articles.Change) ([]Mailing, error) {
	at := map[int64]time.Time{}
	var ids []int64
	for _, c := range changes {
		if c.Verb == "publish" {
			ids = append(ids, c.Article)
			at[c.Article] = c.At // the last of several
		}
	}
	found, err := articles.ByIDs(ctx, p.DB, slices.Compact(ids))
	if err != nil {
		return nil, err
	}
	var owed []Mailing
	for _, a := range found {
		made, ok := at[a.ID]
		if !ok || !dg.covers(a) {
			continue
		}
		delete(at, a.ID) // each once
		m := Mailing{Digest: dg.Name, Article: a.ID, State: ArticleWaiting, Made: made, Due: later(made, a.Published).Add(dg.Grace)}
		if m.Reason = unfit(a, made); m.Reason != "" {
			m.State, m.Due = ArticleSkipped, time.Time{}
		}
		owed = append(owed, m)
	}
	return owed, nil
}

// covers tells whether an article is of the digest's sections.
func (dg Digest) covers(a articles.Article) bool {
	return len(dg.Sections) == 0 || slices.Contains(dg.Sections, a.Section.Slug)
}

// unfit is why an article that was published at that time is not mailed, "" if it is.
func unfit(a articles.Article, published time.Time) string {
	switch {
	case a.State != articles.Published:
		return reasonWithdrawn
	case a.Text == "":
		return "it is a brief and has no text to mail"
	case !a.Published.IsZero() && a.Published.Before(published.Add(-oldArticle)):
		return "it is dated " + a.Published.UTC().Format(time.RFC3339) + ", more than a day before it was published here"
	}
	return ""
}

// write owes a digest's readers an article, or says why not. What was decided stays, but for what was withdrawn in its grace.
func (m Mailing) write(ctx context.Context, tx *sql.Tx) error {
	_, err := tx.ExecContext(ctx, `
		INSERT INTO digest_articles (digest, article, due, state, reason, made) VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (digest, article) DO UPDATE SET due = excluded.due, state = excluded.state, reason = excluded.reason, made = excluded.made
		WHERE digest_articles.state = $7 OR digest_articles.state = $8 AND digest_articles.reason = $9`,
		m.Digest, m.Article, db.Milli(m.Due), m.State, m.Reason, db.Milli(m.Made), ArticleWaiting, ArticleSkipped, reasonWithdrawn)
	return err
}

// redate moves the letters of articles whose date was changed while they waited: to the grace after a later date or, where a date in the future
// was put right, after that change.
func redate(ctx context.Context, tx *sql.Tx, dg Digest, changes []articles.Change) error {
	at := map[int64]time.Time{}
	var ids []int64
	for _, c := range changes {
		ids, at[c.Article] = append(ids, c.Article), c.At
	}
	waiting, err := db.Collect(ctx, tx, func(row *sql.Rows) (m Mailing, err error) {
		var due, made, published int64
		err = row.Scan(&m.Article, &due, &made, &published)
		m.Due, m.Made = db.Time(due), later(db.Time(made), db.Time(published))
		return m, err
	}, `SELECT d.article, d.due, d.made, a.published FROM digest_articles AS d JOIN articles AS a ON a.id = d.article
		WHERE d.digest = $1 AND d.state = $2 AND d.article IN (`+db.Placeholders(3, len(ids))+`)`, append([]any{dg.Name, ArticleWaiting}, db.Args(ids)...)...)
	for _, m := range waiting {
		due := m.Made.Add(dg.Grace)
		if !due.After(m.Due) {
			due = later(due, at[m.Article].Add(dg.Grace))
			if !due.Before(m.Due) {
				continue
			}
		}
		if err == nil {
			_, err = tx.ExecContext(ctx, `UPDATE digest_articles SET due = $1 WHERE digest = $2 AND article = $3`, db.Milli(due), dg.Name, m.Article)
		}
	}
	return err
}

// holdBack skips articles that came with too many others, and returns how many.
func holdBack(ctx context.Context, tx *sql.Tx, dg Digest, owed []Mailing) (int, error) {
	within := max(dg.Grace, floodWithin)
	var first time.Time
	for _, m := range owed {
		if m.State == ArticleWaiting {
			first = sooner(first, m.Made)
		}
	}
	if first.IsZero() {
		return 0, nil
	}
	near, err := db.Collect(ctx, tx, func(row *sql.Rows) (m Mailing, err error) {
		var made int64
		err = row.Scan(&m.Article, &m.State, &made)
		m.Made = db.Time(made)
		return m, err
	}, `SELECT article, state, made FROM digest_articles
		WHERE digest = $1 AND made > $2 AND (state <> $3 OR reason = $4) ORDER BY made, article`,
		dg.Name, db.Milli(first.Add(-within)), ArticleSkipped, reasonFlood)
	if err != nil {
		return 0, err
	}
	held := 0
	for _, m := range crowded(near, within) {
		if m.State != ArticleWaiting {
			continue
		}
		held++
		if err := decide(ctx, tx, dg.Name, m.Article, ArticleSkipped, reasonFlood); err != nil {
			return 0, err
		}
	}
	return held, nil
}

// crowded are those of a list by time that came with more than flood others of it, or as many, within that time.
func crowded(list []Mailing, within time.Duration) (some []Mailing) {
	done, end := 0, 0
	for start := range list {
		for end < len(list) && list[end].Made.Sub(list[start].Made) < within {
			end++
		}
		if end-start > flood {
			some = append(some, list[max(start, done):end]...)
			done = end
		}
	}
	return some
}

// decide ends the waiting of an article.
func decide(ctx context.Context, h db.Handle, digest string, article int64, state, reason string) error {
	_, err := h.ExecContext(ctx, `UPDATE digest_articles SET due = 0, state = $1, reason = $2 WHERE digest = $3 AND article = $4 AND state = $5`,
		state, db.Text(reason), digest, article, ArticleWaiting)
	return err
}

// mailDue publishes the articles whose grace is over, the oldest first.
func (p Publisher) mailDue(ctx context.Context, dg Digest, now time.Time) error {
	due, err := db.Collect(ctx, p.DB, func(row *sql.Rows) (m Mailing, err error) {
		var due, made int64
		err = row.Scan(&m.Article, &due, &made)
		m.Digest, m.Due, m.Made = dg.Name, db.Time(due), db.Time(made)
		return m, err
	}, `SELECT article, due, made FROM digest_articles WHERE digest = $1 AND due > 0 AND due <= $2 ORDER BY due, article`, dg.Name, db.Milli(now))
	if err != nil || len(due) == 0 {
		return err
	}
	pause, err := Paused(ctx, p.DB, dg.Name)
	if err != nil {
		return err
	}
	if len(due) > flood && pause.Since.IsZero() {
		p.warnOfFlood(dg, len(due))
	}
	var errs []error
	for i, m := range due {
		now := now.Add(time.Duration(i) * time.Millisecond) // feeds tell the states of a digest apart by the moment of its last edition
		reason := ""
		switch late := now.Sub(m.Due).Round(time.Second); {
		case !pause.Since.IsZero():
			reason = "the digest was " + pause.String()
		case len(due) > flood:
			reason = reasonFlood
		case late > dg.CatchUp:
			reason = fmt.Sprintf("nobody looked at it until %s later, and catch_up is %s", late, dg.CatchUp)
		}
		if err := p.mail(ctx, dg, m, reason, now); err != nil {
			errs = append(errs, fmt.Errorf("mail article %d: %w", m.Article, err))
		}
	}
	return errors.Join(errs...)
}

// mail publishes the edition of an article that is due, or skips it for the reason if there is one.
func (p Publisher) mail(ctx context.Context, dg Digest, m Mailing, reason string, now time.Time) error {
	a, err := articles.Get(ctx, p.DB, m.Article)
	if err != nil {
		return err
	}
	if reason == "" && !dg.covers(a) {
		reason = "it was moved out of the digest's sections"
	}
	if reason = cmp.Or(reason, unfit(a, m.Made)); reason != "" {
		p.log().Info("article not mailed", "digest", dg.Name, "article", a.Slug, "reason", reason)
		return decide(ctx, p.DB, dg.Name, a.ID, ArticleSkipped, reason)
	}
	if _, err := subscribers.ResumeDue(ctx, p.DB, now); err != nil {
		return err
	}
	o := occasion{reason: lateness(Slot{At: m.Due}, now), expires: later(m.Due, now.Add(-dg.CatchUp)).Add(dg.MaxLate), article: a.ID}
	o.once = func(ctx context.Context, tx *sql.Tx, e Edition) (bool, error) {
		// Neither withdrawn nor changed since we read it; else the next step looks again.
		return db.Changed(ctx, tx, `
			UPDATE digest_articles SET due = 0, state = $1, reason = $2
			WHERE digest = $3 AND article = $4 AND state = $5 AND due = $6
			AND EXISTS (SELECT 1 FROM articles AS a WHERE a.id = $4 AND a.state = $7 AND a.change = $8)`,
			ArticleSent, e.Slot.Name(), dg.Name, a.ID, ArticleWaiting, db.Milli(m.Due), articles.Published, a.Change)
	}
	e, outcome, err := p.publishArticle(ctx, dg, a, "", m.Due, now, o)
	if err == nil && outcome != Already {
		p.log().Info("article "+string(outcome), "digest", dg.Name, "slot", e.Slot.Name(), "article", a.Slug, "note", e.Reason)
	}
	return err
}
