package articles

import (
	"context"
	"database/sql"
	"fmt"
	"strings"

	"vestnik/db"
	"vestnik/language"
)

// A Misspelling is a word of an article that mixes look-alike letters of two alphabets.
type Misspelling struct {
	Field     string // title, standfirst, body, correction, section, author or tag
	Paragraph int    // of the body or the correction, from 1; 0 elsewhere
	language.Mixed
}

// Lint returns the words of a that mix look-alike letters, in the order of the page. It changes nothing: whether a word is
// meant so is for an editor to say.
func Lint(a Article) []Misspelling {
	var all []Misspelling
	add := func(field string, paragraph int, text string) {
		for _, m := range language.MixedWords(text) {
			all = append(all, Misspelling{field, paragraph, m})
		}
	}
	add("title", 0, a.Title)
	add("standfirst", 0, a.Standfirst)
	for i, p := range strings.Split(a.Text, "\n\n") {
		add("body", i+1, p)
	}
	for i, p := range strings.Split(a.Correction, "\n\n") {
		add("correction", i+1, p)
	}
	add("section", 0, a.Section.Name)
	for _, l := range a.Authors {
		add("author", 0, l.Name)
	}
	for _, l := range a.Tags {
		add("tag", 0, l.Name)
	}
	return all
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
