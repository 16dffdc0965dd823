package related

import (
	"cmp"
	"context"
	"database/sql"
	"slices"
	"strconv"
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

	maxTerms        = 64 // kept of one article: the heaviest, then the first; the tail of a long text says little
	beginningLength = 5
	maxBeginnings   = 16 // kept of one article, likewise

	termBatch = maxTerms + maxBeginnings + 2 // rows in one INSERT: an article's terms, its language and the analyzer
)

// languageTerm is a term that every article of a language has, with the weight 0, and no text can hold: it counts the
// articles of a language as other terms count those with a word.
func languageTerm(lang string) string { return "=" + lang }

// analyzerTerm is a term that every article has whose terms that version of [language.Analyzer] made.
func analyzerTerm(version int) string { return "#" + strconv.Itoa(version) }

// Stale returns at most limit articles whose terms an older analyzer made.
func Stale(ctx context.Context, h db.Handle, limit int) ([]int64, error) {
	args := []any{int64(limit)}
	for version := 1; version < language.Analyzer; version++ {
		args = append(args, analyzerTerm(version))
	}
	if len(args) == 1 {
		return nil, nil
	}
	return db.Collect(ctx, h, func(row *sql.Rows) (id int64, err error) {
		return id, row.Scan(&id)
	}, `SELECT article FROM article_terms WHERE term IN (`+db.Placeholders(2, len(args)-1)+`) ORDER BY article LIMIT $1`, args...)
}

// beginning is the term that all words with the same first letters have, "" for a word that has fewer: Snowball leaves
// "страна" and "страны" alike, but not "Сахалин" and "сахалинский". It is a term of its own kind, that no text can hold.
func beginning(word string) string {
	n := 0
	for i := range word {
		if n == beginningLength {
			return "~" + word[:i]
		}
		n++
	}
	if n == beginningLength {
		return "~" + word
	}
	return ""
}

func isBeginning(word string) bool { return word[0] == '~' }

// A tally adds up the weights of terms and keeps the order in which they came.
type tally struct {
	all []term
	at  map[string]int
}

func (y *tally) add(word string, weight int64) {
	i, ok := y.at[word]
	if !ok {
		i = len(y.all)
		y.at[word] = i
		y.all = append(y.all, term{word, 0})
	}
	y.all[i].weight += weight
}

// heaviest returns the most heaviest terms, of equal ones the first.
func (y *tally) heaviest(most int) []term {
	slices.SortStableFunc(y.all, func(a, b term) int { return cmp.Compare(b.weight, a.weight) })
	return y.all[:min(len(y.all), most)]
}

// termsOf weighs the words of t, the parts of its compounds, and the beginnings of its words, in the order of the terms.
func termsOf(t Text) []term {
	stems, beginnings := tally{at: map[string]int{}}, tally{at: map[string]int{}}
	add := func(text string, weight int64) {
		for _, x := range language.Terms(t.Language, text) {
			stems.add(x.Word, weight)
			if start := beginning(x.Word); start != "" && !x.Part {
				beginnings.add(start, weight)
			}
		}
	}
	add(t.Title, titleWeight)
	add(t.Standfirst, standfirstWeight)
	for _, tag := range t.Tags {
		add(tag, tagWeight)
	}
	add(t.Body, bodyWeight)
	all := append(stems.heaviest(maxTerms), beginnings.heaviest(maxBeginnings)...)
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
	return insertTerms(ctx, tx, article, append(termsOf(t), term{languageTerm(t.Language), 0}, term{analyzerTerm(language.Analyzer), 0}))
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
