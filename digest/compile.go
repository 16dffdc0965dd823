package digest

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"time"

	"vestnik/articles"
	"vestnik/db"
	"vestnik/mail"
	"vestnik/reads"
	"vestnik/templates"
)

// Reasons of items: why an article is in an edition.
const (
	ReasonReads = templates.ReasonReads // it was read most
	ReasonFill  = templates.ReasonFill  // it is among the latest, as too few were read
)

// Publisher is what publishing needs. Its fields are set once and not changed while it works; several may work on one
// database.
type Publisher struct {
	DB        *db.DB
	Site      templates.Site
	Articles  articles.Site
	Templates *templates.Set
	MostRead  reads.Rules // the house's, but for MaxAge, which is the digest's
	Identity  mail.Identity
	Banner    func(digest string, at time.Time) *templates.Banner // nil: none
	Log       *slog.Logger                                        // nil: silent

	chunk int // subscribers a transaction; 0 is 5,000
}

// Skip is the error of an edition that should not be sent, with the reason, as "nothing to send: …".
type Skip string

func (s Skip) Error() string { return string(s) }

// Compile returns what the edition of a slot would be if it were made now; it writes nothing. Its window of reads begins
// where the last edition before the slot ended, at most twice dg.Window back, and ends at the slot. The list holds the articles
// read most in it, by visits that did not come from a letter, for the last digest must not feed the next. If that is thin,
// the latest articles until now follow as dg.WhenThin says.
//
// The error is a [Skip] if the slot should be skipped; the view then holds what there was.
func (p Publisher) Compile(ctx context.Context, dg Digest, slot Slot, now time.Time) (templates.EditionView, error) {
	view, err := p.compile(ctx, dg, slot, now)
	if _, skip := err.(Skip); err != nil && !skip {
		err = fmt.Errorf("%s: compile %s: %w", dg.Name, slot.Name(), err)
	}
	return view, err
}

func (p Publisher) compile(ctx context.Context, dg Digest, slot Slot, now time.Time) (templates.EditionView, error) {
	s, err := dg.schedule()
	if err != nil {
		return templates.EditionView{}, err
	}
	from, err := p.windowStart(ctx, dg, slot)
	if err != nil {
		return templates.EditionView{}, err
	}
	view := templates.EditionView{
		Digest: dg.Name, DigestTitle: dg.Title, Language: dg.Language,
		Slot: slot.At.In(dg.Location), From: from.In(dg.Location), Until: slot.At.In(dg.Location),
		URL: p.Site.URL + "/digests/" + dg.Name + "/" + slot.Name(),
	}
	if p.Banner != nil {
		view.Banner = p.Banner(dg.Name, slot.At)
	}
	repeated, err := p.repeated(ctx, dg, slot)
	if err != nil {
		return view, err
	}
	list, err := p.mostRead(ctx, dg, reads.Query{From: from, To: slot.At, Whole: s.whole(slot), Exclude: repeated})
	if err != nil {
		return view, err
	}
	read := len(list)
	if read < dg.MinItems && dg.WhenThin == ThinFill {
		if list, err = p.fill(ctx, dg, list, repeated, articles.Filter{Since: from.Add(-dg.MaxAge), Before: later(now, slot.At).Add(time.Millisecond)}); err != nil {
			return view, err
		}
	}
	if len(list) == 0 {
		return view, Skip("nothing to send: no article was read or is new")
	}
	if err := p.lay(ctx, dg, &view, list); err != nil {
		return view, err
	}
	if read < dg.MinItems && dg.WhenThin == ThinSkip {
		return view, Skip(fmt.Sprintf("thin: articles read: %d, min_items: %d, when_thin: skip", read, dg.MinItems))
	}
	return view, nil
}

// windowStart is where the window of a slot begins.
func (p Publisher) windowStart(ctx context.Context, dg Digest, slot Slot) (time.Time, error) {
	var ms int64
	// By the instant, not by the wall clock: an extra edition may stand in the second of two equal hours. An edition from
	// the future, made when the machine's clock was wrong, does not count.
	err := p.DB.QueryRowContext(ctx, `SELECT COALESCE(MAX(until), 0) FROM editions WHERE digest = $1 AND slot_at < $2`,
		dg.Name, db.Milli(slot.At)).Scan(&ms)
	if err != nil {
		return time.Time{}, err
	}
	if ms == 0 {
		return slot.At.Add(-dg.Window), nil
	}
	return later(db.Time(ms), slot.At.Add(-2*dg.Window)), nil
}

// A line is an article with the reason why it is in the edition.
type line struct {
	article articles.Article
	ranked  reads.Ranked
}

// whole reports whether the edition of a slot leaves the reads of a begun hour to the next one, for reads are kept by the
// hour and none should count twice. An edition of this very minute, extra or of a digest more frequent than hourly, is
// rather about what is read now.
func (s schedule) whole(slot Slot) bool {
	if !s.next(slot.Wall.Add(-time.Nanosecond)).Equal(slot.Wall) {
		return false
	}
	next := s.slot(s.next(slot.Wall))
	return next.IsZero() || next.At.Sub(slot.At) >= time.Hour
}

func (p Publisher) mostRead(ctx context.Context, dg Digest, q reads.Query) ([]line, error) {
	q.Rules, q.By, q.WithoutSources, q.Limit = p.MostRead, dg.Rank, []string{"email"}, dg.Count
	q.MaxAge = dg.MaxAge
	top, err := reads.Top(ctx, p.DB, q)
	if err != nil {
		return nil, err
	}
	ranked := make(map[int64]reads.Ranked, len(top))
	ids := make([]int64, len(top))
	for i, one := range top {
		ranked[one.Article], ids[i] = one, one.Article
	}
	found, err := articles.ByIDs(ctx, p.DB, ids)
	if err != nil {
		return nil, err
	}
	var list []line
	for _, a := range found {
		one := ranked[a.ID]
		one.Reason = ReasonReads
		list = append(list, line{a, one})
	}
	return list, nil
}

// repeated are the articles that an edition of the last dg.RepeatAfter had as read most: once is enough. Those that only filled an
// edition up may come again as read most.
func (p Publisher) repeated(ctx context.Context, dg Digest, slot Slot) ([]int64, error) {
	if dg.RepeatAfter <= 0 {
		return nil, nil
	}
	return db.Collect(ctx, p.DB, func(row *sql.Rows) (id int64, err error) { return id, row.Scan(&id) }, `
		SELECT DISTINCT i.article
		FROM editions AS e
		JOIN edition_items AS i ON i.edition = e.id
		WHERE e.digest = $1 AND e.slot_at > $2 AND e.slot_at < $3 AND i.reason = $4`,
		dg.Name, db.Milli(slot.At.Add(-dg.RepeatAfter)), db.Milli(slot.At), ReasonReads)
}

// fill adds the latest articles of f that are neither in the list nor repeated, until it is as long as the digest wants it. Briefs, which
// are headlines without a text, come in only where there are not enough articles.
func (p Publisher) fill(ctx context.Context, dg Digest, list []line, repeated []int64, f articles.Filter) ([]line, error) {
	in := map[int64]bool{}
	for _, l := range list {
		in[l.article.ID] = true
	}
	for _, id := range repeated {
		in[id] = true
	}
	f.Limit = dg.Count + len(in)
	for _, f.Kind = range []string{articles.KindArticle, articles.KindBrief} {
		latest, err := articles.List(ctx, p.DB, f)
		if err != nil {
			return nil, err
		}
		for _, a := range latest {
			if len(list) < dg.Count && !in[a.ID] {
				list = append(list, line{a, reads.Ranked{Article: a.ID, Reason: ReasonFill}})
			}
		}
	}
	return list, nil
}

// lay sets the list and what is related to it.
func (p Publisher) lay(ctx context.Context, dg Digest, view *templates.EditionView, list []line) error {
	for i, l := range list {
		a := l.article
		view.Items = append(view.Items, templates.Item{
			Rank: i + 1, Article: a.ID, Slug: a.Slug, Language: otherThan(dg.Language, a.Language), Title: a.Title,
			URL: a.Link(p.Articles), Standfirst: a.Standfirst, Section: a.Section.Name, Date: a.Published,
			Reads: l.ranked.Reads, Score: l.ranked.Score, Reason: l.ranked.Reason,
		})
	}
	view.Subject = templates.Subject(dg.Language, dg.Title, view.Items[0].Title)
	return p.relate(ctx, dg, view, list)
}

func (p Publisher) headline(dg Digest, a articles.Article) templates.Headline {
	h := templates.Headline{Title: a.Title, Language: otherThan(dg.Language, a.Language), URL: a.Link(p.Articles), Date: a.Published,
		Standfirst: a.Standfirst, Image: a.Image, Brief: a.Kind == articles.KindBrief}
	if a.Section.Slug != "" {
		h.Section = templates.Link{Title: a.Section.Name, URL: p.Site.URL + "/sections/" + a.Section.Slug}
	}
	return h
}

// otherThan is language where it differs from that of the whole, else "".
func otherThan(whole, language string) string {
	if language == whole {
		return ""
	}
	return language
}
