package related

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

// termsOf weighs the words of t, in the order of the words.
func termsOf(t Text) []term {
	var all []term
	at := map[string]int{}
	add := func(text string, weight int64) {
		for _, word := range language.Words(t.Language, text) {
			i, ok := at[word]
			if !ok {
				i = len(all)
				at[word] = i
				all = append(all, term{word, 0})
			}
			all[i].weight += weight
		}
	}
	add(t.Title, titleWeight)
	add(t.Standfirst, standfirstWeight)
	for _, tag := range t.Tags {
		add(tag, tagWeight)
	}
	add(t.Body, bodyWeight)
	slices.SortStableFunc(all, func(a, b term) int { return cmp.Compare(b.weight, a.weight) })
	all = all[:min(len(all), maxTerms)]
	slices.SortFunc(all, func(a, b term) int { return cmp.Compare(a.word, b.word) })
	return all
}

// A Text is what counts of an article when it is compared with others. All of it is plain text.
type Text struct {
	Language   string
	Title      string
	Standfirst string
	Tags       []string // names
	Body       string
}

// Add makes an article one that [Similar] knows. One that changed has to be forgotten first.
func Add(ctx context.Context, tx *sql.Tx, article int64, t Text) error {
	return insertTerms(ctx, tx, article, append(termsOf(t), term{languageTerm(t.Language), 0}))
}

// Forget makes an article one that [Similar] does not know.
func Forget(ctx context.Context, tx *sql.Tx, article int64) error {
	_, err := tx.ExecContext(ctx, `DELETE FROM article_terms WHERE article = $1`, article)
	return err
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
