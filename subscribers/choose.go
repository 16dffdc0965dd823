package subscribers

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"time"

	"vestnik/db"
	"vestnik/mail"
	"vestnik/templates"
)

// Choices are what a reader says on the preferences page.
type Choices struct {
	Digests  []Choice // of the digests offered there; others stay as they are
	Language string   // "" is each digest's own
	Timezone string   // IANA; "" is each digest's
	Hour     int      // 0 to 23 by the clock of Timezone; -1: with the edition
}

// A Choice is about one digest.
type Choice struct {
	Digest   string
	Wanted   bool
	Sections []string // slugs; none for all
	Layout   string   // of the letters; "": the digest's
}

// Choose is the preferences page: of the digests offered there, those wanted become active and the others are left, but for
// pending ones, whose boxes were empty before the reader came, who may have come for something else and still wait for the letter. One
// that is paused and wanted stays paused. It may be called only for somebody who holds a preferences token, since that came by
// letter and so proves the address. Each change is a line of consent, and what is as it was is none. Errors: [ErrNotFound], and a
// sentence for a language, zone or hour that cannot be.
func Choose(ctx context.Context, tx *sql.Tx, subscriber int64, c Choices, o Origin, now time.Time) error {
	s, err := hold(ctx, tx, subscriber)
	if err != nil {
		return err
	}
	if err := c.check(); err != nil {
		return err
	}
	for _, one := range c.Digests {
		if err := chooseDigest(ctx, tx, s, one, o, now); err != nil {
			return fmt.Errorf("choices of %s: %s: %w", s.Key, one.Digest, err)
		}
	}
	if s.Language == c.Language && s.Timezone == c.Timezone && s.Hour == c.Hour {
		return nil
	}
	_, err = tx.ExecContext(ctx, `UPDATE subscribers SET language = $1, timezone = $2, hour = $3 WHERE id = $4`, c.Language, c.Timezone, int64(c.Hour), s.ID)
	if err == nil {
		err = agree(ctx, tx, s.ID, "", verbChoose, c.words(), o, now)
	}
	if err != nil {
		return fmt.Errorf("choices of %s: %w", s.Key, err)
	}
	return nil
}

func (c Choices) check() error {
	if c.Language != "" && shipped(c.Language) == "" {
		return unknownLanguage(c.Language)
	}
	if c.Hour < -1 || c.Hour > 23 {
		return fmt.Errorf("hour %d: it goes from 0 to 23, or is -1 for the edition's own", c.Hour)
	}
	for _, one := range c.Digests {
		if one.Layout != "" && !slices.Contains(templates.Layouts(), one.Layout) {
			return fmt.Errorf("layout %q of %s: it is one of %q", cut(one.Layout), one.Digest, templates.Layouts())
		}
	}
	if c.Timezone != "" {
		if _, err := time.LoadLocation(c.Timezone); err != nil || c.Timezone == "Local" {
			return fmt.Errorf("time zone %q: write it as Asia/Sakhalin", cut(c.Timezone))
		}
	}
	return nil
}

// words say for the log what was chosen.
func (c Choices) words() string {
	words := []string{"language " + firstOf(c.Language, "of the digest"), "zone " + firstOf(c.Timezone, "of the digest"), "hour of the edition"}
	if c.Hour >= 0 {
		words[2] = fmt.Sprintf("hour %d", c.Hour)
	}
	return strings.Join(words, ", ")
}

const preferencesBasis = "preferences page"

func chooseDigest(ctx context.Context, tx *sql.Tx, s Subscriber, c Choice, o Origin, now time.Time) (err error) {
	was := s.Subscription(c.Digest)
	switch {
	case !c.Wanted && (was.State == Active || was.State == Paused):
		return leave(ctx, tx, s.ID, c.Digest, preferencesBasis, o, now)
	case !c.Wanted:
		return nil
	case was.State == Pending:
		err = activate(ctx, tx, s.ID, c.Digest, mail.PlacePage, preferencesBasis, o, now)
	case was.State != Active && was.State != Paused:
		if err = setState(ctx, tx, s.ID, c.Digest, Active, mail.PlacePage, now); err == nil {
			err = agree(ctx, tx, s.ID, c.Digest, verbJoin, preferencesBasis, o, now)
		}
	}
	if err == nil {
		err = chooseLetter(ctx, tx, was, s.ID, c, o, now)
	}
	return err
}

// chooseLetter sets what is in the letters of a digest and how they look.
func chooseLetter(ctx context.Context, tx *sql.Tx, was Subscription, subscriber int64, c Choice, o Origin, now time.Time) error {
	sections := slices.Compact(slices.Sorted(slices.Values(c.Sections)))
	var words []string
	if !slices.Equal(was.Sections, sections) {
		words = append(words, "sections "+firstOf(strings.Join(sections, ", "), "all"))
	}
	if was.Layout != c.Layout {
		words = append(words, "layout "+firstOf(c.Layout, "of the digest"))
	}
	if len(words) == 0 {
		return nil
	}
	_, err := tx.ExecContext(ctx, `UPDATE subscriptions SET sections = $1, layout = $2 WHERE subscriber = $3 AND digest = $4`,
		strings.Join(sections, " "), c.Layout, subscriber, c.Digest)
	if err != nil {
		return err
	}
	return agree(ctx, tx, subscriber, c.Digest, verbChoose, strings.Join(words, "; "), o, now)
}

// SetLanguage sets the language of a subscriber's letters; "" is each digest's own. Errors: [ErrNotFound], and a sentence
// for a language that is not shipped.
func SetLanguage(ctx context.Context, tx *sql.Tx, subscriber int64, language string, now time.Time) error {
	if language != "" && shipped(language) == "" {
		return unknownLanguage(language)
	}
	s, err := hold(ctx, tx, subscriber)
	if err == nil && s.Language != language {
		_, err = tx.ExecContext(ctx, `UPDATE subscribers SET language = $1 WHERE id = $2`, language, subscriber)
		if err == nil {
			err = agree(ctx, tx, subscriber, "", verbChoose, "language "+firstOf(language, "of the digest"), Origin{}, now)
		}
	}
	if err != nil {
		return fmt.Errorf("set the language of subscriber %d: %w", subscriber, err)
	}
	return nil
}

// ChosenSections returns the choices of sections that active subscribers of a digest made, those of most readers first, at most limit:
// each as slugs parted by spaces.
func ChosenSections(ctx context.Context, h db.Handle, digest string, limit int) ([]string, error) {
	type chosen struct {
		sections string
		n        int64
	}
	all, err := db.Collect(ctx, h, func(row *sql.Rows) (c chosen, err error) { return c, row.Scan(&c.sections, &c.n) }, `
		SELECT sections, COUNT(*)
		FROM subscriptions
		WHERE digest = $1 AND state = 'active' AND sections <> ''
		GROUP BY sections`, digest)
	if err != nil {
		return nil, fmt.Errorf("sections that readers of %s chose: %w", digest, err)
	}
	slices.SortFunc(all, func(a, b chosen) int { return cmp.Or(cmp.Compare(b.n, a.n), strings.Compare(a.sections, b.sections)) })
	var names []string
	for _, c := range all[:min(limit, len(all))] {
		names = append(names, c.sections)
	}
	return names, nil
}

// A Look is a choice of a layout that readers of a digest made, with the sections that they chose beside it.
type Look struct {
	Layout   string
	Sections string // slugs parted by spaces; "" for all
}

// ChosenLooks returns the layouts that active subscribers of a digest chose out of those on offer, with their sections: the choices of
// most readers first, at most limit. A layout stands among them without sections, too, since the letter of a choice that is too thin is the
// whole edition.
func ChosenLooks(ctx context.Context, h db.Handle, digest string, offered []string, limit int) ([]Look, error) {
	if len(offered) == 0 {
		return nil, nil
	}
	type chosen struct {
		Look
		n int64
	}
	all, err := db.Collect(ctx, h, func(row *sql.Rows) (c chosen, err error) { return c, row.Scan(&c.Layout, &c.Sections, &c.n) }, `
		SELECT layout, sections, COUNT(*)
		FROM subscriptions
		WHERE digest = $1 AND state = 'active' AND layout IN (`+db.Placeholders(2, len(offered))+`)
		GROUP BY layout, sections`, append([]any{digest}, db.Args(offered)...)...)
	if err != nil {
		return nil, fmt.Errorf("layouts that readers of %s chose: %w", digest, err)
	}
	slices.SortFunc(all, func(a, b chosen) int {
		return cmp.Or(cmp.Compare(b.n, a.n), strings.Compare(a.Layout, b.Layout), strings.Compare(a.Sections, b.Sections))
	})
	var looks []Look
	for _, c := range all {
		for _, look := range []Look{{Layout: c.Layout}, c.Look} {
			if len(looks) < limit && !slices.Contains(looks, look) {
				looks = append(looks, look)
			}
		}
	}
	return looks, nil
}
