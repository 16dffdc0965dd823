package articles

import (
	"cmp"
	"context"
	"database/sql"
	"slices"
	"strings"

	"vestnik/db"
	"vestnik/language"
)

// A term is a stemmed word of an article with its weight: how often it stands in the body, and more for the title, the
// standfirst and the tags.
type term struct {
	word   string
	weight int64
}

const (
	bodyWeight       = 1
	titleWeight      = 3
	standfirstWeight = 2
	tagWeight        = 4

	maxTerms  = 64 // kept of one article: the heaviest, then the first; the tail of a long text says little
	termBatch = 65 // rows in one INSERT: an article's terms and its language
)

// languageTerm is a term that every article of a language has, with the weight 0, and no text can hold: it counts the
// articles of a language as other terms count those with a word.
func languageTerm(lang string) string { return "=" + lang }

// termsOf weighs the words of a, in the order of the words.
func termsOf(a Article) []term {
	var all []term
	at := map[string]int{}
	add := func(text string, weight int64) {
		for _, word := range language.Words(a.Language, text) {
			i, ok := at[word]
			if !ok {
				i = len(all)
				at[word] = i
				all = append(all, term{word, 0})
			}
			all[i].weight += weight
		}
	}
	add(a.Title, titleWeight)
	add(a.Standfirst, standfirstWeight)
	for _, tag := range a.Tags {
		add(tag.Name, tagWeight)
	}
	add(a.Text, bodyWeight)
	slices.SortStableFunc(all, func(a, b term) int { return cmp.Compare(b.weight, a.weight) })
	all = all[:min(len(all), maxTerms)]
	slices.SortFunc(all, func(a, b term) int { return cmp.Compare(a.word, b.word) })
	return all
}

// storeTerms replaces the terms of an article where its words changed.
func storeTerms(ctx context.Context, tx *sql.Tx, old, next Article) error {
	if old.ID != 0 && old.Title == next.Title && old.Standfirst == next.Standfirst && old.Text == next.Text &&
		old.Language == next.Language && slices.Equal(old.Tags, next.Tags) {
		return nil
	}
	if old.ID != 0 { // its rows may be there
		if _, err := tx.ExecContext(ctx, `DELETE FROM article_terms WHERE article = $1`, next.ID); err != nil {
			return err
		}
	}
	if next.State == Removed {
		return nil
	}
	return insertTerms(ctx, tx, next.ID, append(termsOf(next), term{languageTerm(next.Language), 0}))
}

// insertTerms writes batches of one size, the last filled up with repetitions that the conflict clause drops: one
// statement text for all, which the drivers and the server prepare once.
func insertTerms(ctx context.Context, tx *sql.Tx, article int64, all []term) error {
	for start := 0; start < len(all); start += termBatch {
		args := make([]any, 0, 1+2*termBatch)
		args = append(args, article)
		for i := range termBatch {
			t := all[min(start+i, len(all)-1)]
			args = append(args, t.word, t.weight)
		}
		if _, err := tx.ExecContext(ctx, insertTermsQuery, args...); err != nil {
			return err
		}
	}
	return nil
}

var insertTermsQuery = func() string {
	rows := make([]string, termBatch)
	for i := range rows {
		rows[i] = `($1, ` + db.Placeholders(2+2*i, 2) + `)`
	}
	return `INSERT INTO article_terms (article, term, weight) VALUES ` + strings.Join(rows, ", ") + ` ON CONFLICT DO NOTHING`
}()
