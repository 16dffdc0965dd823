package digest

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"html/template"
	"slices"
	"strings"
	"time"

	"vestnik/articles"
	"vestnik/db"
	"vestnik/mail"
	"vestnik/subscribers"
	"vestnik/templates"
)

// A OneArticle says which article a digest mails by itself, and how.
type OneArticle struct {
	Slug  string
	Text  string // TextFull, TextSummary, or "" for the digest's
	Extra bool   // though the digest mailed it before
}

// SendArticle publishes by hand an edition of one article to the readers of a digest, or holds it for an editor where the digest's
// editions are. If the digest has mailed the article already, on its own or by hand, it returns that edition and [Already]. It takes no part in
// the digest's list: the list's window and slots are what they were, and the article, which was read for its headline in a letter of
// its own, may still be read most.
func (p Publisher) SendArticle(ctx context.Context, dg Digest, one OneArticle, now time.Time) (Edition, Outcome, error) {
	a, err := p.article(ctx, one.Slug)
	if err != nil {
		return Edition{}, "", fmt.Errorf("%s: %w", dg.Name, err)
	}
	if e, err := p.mailed(ctx, dg, a.ID); err != nil || e.ID != 0 && !one.Extra {
		return e, Already, err
	}
	if _, err := subscribers.ResumeDue(ctx, p.DB, now); err != nil {
		return Edition{}, "", err
	}
	again := int64(0)
	if one.Extra {
		again = 1
	}
	o := occasion{reason: "one article, sent by hand", expires: now.Add(dg.MaxLate), byHand: true, article: a.ID}
	o.once = func(ctx context.Context, tx *sql.Tx, e Edition) (bool, error) {
		return db.Changed(ctx, tx, `
			INSERT INTO digest_articles (digest, article, due, state, reason, made) VALUES ($1, $2, 0, $3, $4, $5)
			ON CONFLICT (digest, article) DO UPDATE SET due = 0, state = excluded.state, reason = excluded.reason, made = excluded.made
			WHERE digest_articles.state <> $3 OR CAST($6 AS BIGINT) = 1 OR NOT EXISTS (
				SELECT 1 FROM editions AS e WHERE e.digest = $1 AND e.article = $2 AND e.state <> $7)`,
			dg.Name, a.ID, ArticleSent, e.Slot.Name(), db.Milli(now), again, Cancelled)
	}
	e, outcome, err := p.publishArticle(ctx, dg, a, one.Text, now.Truncate(time.Minute), now, o)
	if err == nil && outcome == Already {
		e, err = p.mailed(ctx, dg, a.ID)
	}
	return e, outcome, err
}

// article is the published article of that slug.
func (p Publisher) article(ctx context.Context, slug string) (articles.Article, error) {
	a, err := articles.Find(ctx, p.DB, slug)
	if err == nil && a.State != articles.Published {
		err = fmt.Errorf("article %s cannot be mailed: its state is %s, and only published ones are", slug, a.State)
	}
	return a, err
}

// mailed is the newest edition of an article in a digest that was not cancelled; its ID is 0 if there is none.
func (p Publisher) mailed(ctx context.Context, dg Digest, article int64) (Edition, error) {
	var due int64
	err := p.DB.QueryRowContext(ctx, `SELECT COALESCE(MAX(due), 0) FROM editions WHERE digest = $1 AND article = $2 AND state <> $3`,
		dg.Name, article, Cancelled).Scan(&due)
	if err != nil || due == 0 {
		return Edition{}, err
	}
	return FindEdition(ctx, p.DB, dg.Name, db.Time(due).UTC().Format(slotName))
}

// publishArticle publishes an edition of one article for the minute of a moment, or for the next one that is free.
func (p Publisher) publishArticle(ctx context.Context, dg Digest, a articles.Article, text string, at, now time.Time, o occasion) (Edition, Outcome, error) {
	mine := o.once
	for tries := 0; ; tries++ {
		slot, err := p.freeMinute(ctx, dg, at)
		if err != nil {
			return Edition{}, "", fmt.Errorf("%s: article %s: %w", dg.Name, a.Slug, err)
		}
		view, err := p.compileArticle(ctx, dg, a, slot, text)
		if err != nil {
			return Edition{}, "", fmt.Errorf("%s: article %s: %w", dg.Name, a.Slug, err)
		}
		asked := false
		o.once = func(ctx context.Context, tx *sql.Tx, e Edition) (bool, error) {
			asked = true
			return mine(ctx, tx, e)
		}
		e, outcome, err := p.publishView(ctx, dg, slot, view, now, o)
		// Not even asked, so another edition took the minute meanwhile.
		if err != nil || outcome != Already || asked || tries > 10 {
			return e, outcome, err
		}
	}
}

// freeMinute is the first slot at a moment or later that neither was decided nor is one of the digest's schedule, which it would keep
// from coming.
func (p Publisher) freeMinute(ctx context.Context, dg Digest, at time.Time) (Slot, error) {
	s, err := dg.schedule()
	if err != nil {
		return Slot{}, err
	}
	const reach = 24 * 60 // minutes
	taken, err := db.Collect(ctx, p.DB, func(row *sql.Rows) (due int64, err error) { return due, row.Scan(&due) },
		`SELECT due FROM slots WHERE digest = $1 AND due >= $2`, dg.Name, wallClock(at, dg.Location).Add(-ahead).UnixMilli()) // the clock may be put back within the day
	if err != nil {
		return Slot{}, err
	}
	for n := range reach {
		slot := Slot{Wall: wallClock(at, dg.Location).Truncate(time.Minute), At: at}
		if !slices.Contains(taken, slot.Wall.UnixMilli()) && !s.next(slot.Wall.Add(-time.Nanosecond)).Equal(slot.Wall) {
			return slot, nil
		}
		if n == 0 {
			at = at.Truncate(time.Minute)
		}
		at = at.Add(time.Minute)
	}
	return Slot{}, fmt.Errorf("no minute of the next day is free: schedule %q takes them", dg.Schedule)
}

// compileArticle is the edition of one article.
func (p Publisher) compileArticle(ctx context.Context, dg Digest, a articles.Article, slot Slot, text string) (templates.EditionView, error) {
	at := slot.At.In(dg.Location)
	view := templates.EditionView{
		Digest: dg.Name, DigestTitle: dg.Title, Language: dg.Language, Layout: templates.LayoutLong, Slot: at, From: at, Until: at,
		URL:     p.Site.URL + "/digests/" + dg.Name + "/" + slot.Name(),
		Blocks:  []templates.Block{{Rank: ReasonArticle, Section: a.Section.Slug}},
		Article: &templates.LongRead{Minutes: minutes(a.Text)},
	}
	if p.Banner != nil {
		view.Banner = p.Banner(dg.Name, slot.At)
	}
	for _, author := range a.Authors {
		view.Article.Authors = append(view.Article.Authors, author.Name)
	}
	item := templates.Item{Rank: 1, Article: a.ID, Slug: a.Slug, Language: otherThan(dg.Language, a.Language), Title: a.Title, URL: a.Link(p.Articles),
		Standfirst: a.Standfirst, Section: a.Section.Name, Date: a.Published, Reason: ReasonArticle,
		Image: a.Image, ImageAlt: a.ImageAlt, Minutes: view.Article.Minutes}
	if cmp.Or(text, dg.Text, TextFull) == TextFull {
		view.Article.HTML, view.Article.Text = template.HTML(a.HTML), a.Text // clean since it came in; the letter's template makes it fit for mail
		if a.Image != "" && strings.Contains(a.HTML, `src="`+a.Image+`"`) {
			item.Image, item.ImageAlt = "", "" // it stands in the text
		}
	}
	view.Items = []templates.Item{item}
	related, err := articles.Related(ctx, p.DB, a, dg.Related, nil)
	if err != nil {
		return view, err
	}
	for _, other := range related {
		view.Related = append(view.Related, p.headline(dg, other))
	}
	view.Subject = templates.SubjectLine(dg.articleSubject(), dg.Language, view)
	return view, nil
}

// articleSubject is the template for the subject of one article. What a list's subject says beside its top headline is about a list.
func (dg Digest) articleSubject() string {
	if dg.Follows() && dg.Subject != "" {
		return dg.Subject
	}
	return "{top}"
}

// PreviewArticle returns the edition that [Publisher.SendArticle] would publish and its letter in a language, "" for the digest's: as it is
// frozen if the article was mailed, unless another is wanted. Nothing is written.
func (p Publisher) PreviewArticle(ctx context.Context, dg Digest, one OneArticle, language string, now time.Time) (templates.EditionView, templates.Letter, error) {
	view, master, err := p.articleSheet(ctx, dg, one, language, now)
	if err != nil {
		return view, templates.Letter{}, fmt.Errorf("%s: %w", dg.Name, err)
	}
	letter, err := letterOf(master)
	return view, letter, err
}

// articleSheet is a letter of the edition of one article that there is or, if there is none or another is wanted, as it would be now.
func (p Publisher) articleSheet(ctx context.Context, dg Digest, one OneArticle, language string, now time.Time) (view templates.EditionView, m mail.Master, err error) {
	a, err := p.article(ctx, one.Slug)
	if err != nil {
		return view, m, err
	}
	e, err := p.mailed(ctx, dg, a.ID)
	if err != nil {
		return view, m, err
	}
	if e.ID != 0 && !one.Extra && one.Text == "" {
		view, m, _, err = p.sheet(ctx, dg, e.Slot, Wanted{Variant: language}, now)
		return view, m, err
	}
	slot, err := p.freeMinute(ctx, dg, now.Truncate(time.Minute))
	if err != nil {
		return view, m, err
	}
	if view, err = p.compileArticle(ctx, dg, a, slot, one.Text); err == nil {
		m, err = p.draft(dg, variant{language: cmp.Or(language, dg.Language), view: view}, view)
	}
	return view, m, err
}

// TestArticle mails what [Publisher.PreviewArticle] shows to one address, as [Publisher.Test] does.
func (p Publisher) TestArticle(ctx context.Context, dg Digest, one OneArticle, language, address string, now time.Time) (mail.Letter, error) {
	email, _, err := subscribers.ParseAddress(address)
	if err != nil {
		return mail.Letter{}, err
	}
	_, master, err := p.articleSheet(ctx, dg, one, language, now)
	if err != nil {
		return mail.Letter{}, fmt.Errorf("%s: %w", dg.Name, err)
	}
	return p.testOf(ctx, dg, master, cmp.Or(language, dg.Language), email, now)
}

// sectionOf is the section of the article that an edition brings, by its slug; "" for none.
func (e Edition) sectionOf(ctx context.Context, h db.Handle) (slug string, err error) {
	err = h.QueryRowContext(ctx, `SELECT section FROM articles WHERE id = $1`, e.Article).Scan(&slug)
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	return slug, err
}

// wordsAMinute is how fast people read.
const wordsAMinute = 180

// minutes is how long it takes to read a text, at least one; 0 where there is none.
func minutes(text string) int {
	return (len(strings.Fields(text)) + wordsAMinute - 1) / wordsAMinute
}
