package articles

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"vestnik/articles/words"
	"vestnik/db"
	"vestnik/language"
)

// A Misspelling is a word of an article that mixes look-alike letters of two alphabets, or may be written in the wrong one.
type Misspelling struct {
	Field     string // title, standfirst, body, correction, section, author or tag
	Paragraph int    // of the body or the correction, from 1; 0 elsewhere
	language.Mixed
}

// Lint returns the words of a that mix look-alike letters, or may be written in the wrong alphabet, by the parts of the page.
// It changes nothing: whether a word is meant so is for an editor to say.
func Lint(ctx context.Context, h db.Handle, a Article) (all []Misspelling, err error) {
	for _, p := range prose(a) {
		found, err := LintText(ctx, h, a.Language, p.text)
		if err != nil {
			return nil, err
		}
		for _, m := range found {
			all = append(all, Misspelling{p.field, p.paragraph, m})
		}
	}
	return all, nil
}

// A part is some text of an article.
type part struct {
	field     string
	paragraph int
	text      string
}

func prose(a Article) []part {
	all := []part{{"title", 0, a.Title}, {"standfirst", 0, a.Standfirst}}
	for i, p := range strings.Split(a.Text, "\n\n") {
		all = append(all, part{"body", i + 1, p})
	}
	for i, p := range strings.Split(a.Correction, "\n\n") {
		all = append(all, part{"correction", i + 1, p})
	}
	all = append(all, part{"section", 0, a.Section.Name})
	for _, l := range a.Authors {
		all = append(all, part{"author", 0, l.Name})
	}
	for _, l := range a.Tags {
		all = append(all, part{"tag", 0, l.Name})
	}
	return all
}

// leastKnown is in how many articles a word must stand to be one of ours, and how many times as often as the word that looks like
// it: one article that has it may be wrong, and "BBC" is a word beside "ВВС".
const leastKnown = 5

// LintText returns the words of a text in the language, a paragraph or title, that mix look-alike letters, then those that may
// be written in the wrong alphabet: well-known words, and such as stand in our articles in the other one.
func LintText(ctx context.Context, h db.Handle, lang, text string) ([]language.Mixed, error) {
	found := language.MixedWords(text)
	misplaced := language.MisplacedWords(lang, text)
	var stems []string
	for _, m := range misplaced {
		if !m.Sure {
			stems = append(stems, m.Stem, m.Twin)
		}
	}
	if len(misplaced) == 0 {
		return found, nil
	}
	slices.Sort(stems)
	df, err := words.Frequencies(ctx, h, lang, slices.Compact(stems))
	if err != nil {
		return nil, fmt.Errorf("look words up: %w", err)
	}
	for _, m := range misplaced {
		known := df[m.Twin] - df[m.Stem] // whatever has the one can be found by the other, too
		if m.Sure || known >= leastKnown && known >= leastKnown*df[m.Stem] {
			found = append(found, m.Mixed)
		}
	}
	return found, nil
}

// lintStep is how many articles [Each] has in memory at a time.
const lintStep = 200

// Each calls f with every article that is not removed, in the order in which they came, until f returns an error.
func Each(ctx context.Context, h db.Handle, f func(Article) error) error {
	last := int64(0)
	for {
		ids, err := db.Collect(ctx, h, func(row *sql.Rows) (id int64, err error) {
			return id, row.Scan(&id)
		}, `SELECT id FROM articles WHERE id > $1 AND state <> 'removed' ORDER BY id LIMIT $2`, last, int64(lintStep))
		if err != nil || len(ids) == 0 {
			return err
		}
		all, err := ByIDs(ctx, h, ids)
		if err != nil {
			return fmt.Errorf("go through the articles: %w", err)
		}
		for _, a := range all {
			if err := f(a); err != nil {
				return err
			}
		}
		last = ids[len(ids)-1]
	}
}
