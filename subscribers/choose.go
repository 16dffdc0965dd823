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
		err = activate(ctx, tx, s.ID, c.Digest, preferencesBasis, o, now)
	case was.State != Active && was.State != Paused:
		if err = setState(ctx, tx, s.ID, c.Digest, Active, now); err == nil {
			err = agree(ctx, tx, s.ID, c.Digest, verbJoin, preferencesBasis, o, now)
		}
	}
	sections := slices.Compact(slices.Sorted(slices.Values(c.Sections)))
	if err != nil || slices.Equal(was.Sections, sections) {
		return err
	}
	_, err = tx.ExecContext(ctx, `UPDATE subscriptions SET sections = $1 WHERE subscriber = $2 AND digest = $3`, strings.Join(sections, " "), s.ID, c.Digest)
	if err != nil {
		return err
	}
	return agree(ctx, tx, s.ID, c.Digest, verbChoose, "sections "+firstOf(strings.Join(sections, ", "), "all"), o, now)
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
