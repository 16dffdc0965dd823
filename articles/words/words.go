// Package words is in charge of the words of articles: it keeps the stems of every article with how often each stands where,
// knows in how many articles a stem stands, and finds articles by their stems. Package related compares articles by
// them, package search looks for them. It writes the tables article_words, word_df, word_corpus and word_index.
//
// Only an index of the engine's own finds fast (FTS5 on SQLite, GIN on PostgreSQL), but both are given the stems as package
// language cut them, say only which articles have them, and so agree; whatever is computed is computed in Go.
//
// Drafts and withdrawn articles have words and are counted like published ones, removed ones have none: what is counted
// depends on texts alone, so that publishing an article, or taking it back, writes nothing here. [Candidates] returns published
// articles only.
package words

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"vestnik/db"
	"vestnik/language"
)

const (
	mostWords = 4000    // kept of one article: the heaviest, then the first; beyond them is no news but a data file
	mostBytes = 512_000 // of their tokens: PostgreSQL takes a megabyte

	longestToken = 500 // bytes: forty characters of up to twelve

	beginningLength = 5
	mostBeginnings  = 16 // kept of one article, likewise
)

// A Text is what counts of an article. All of it is plain text.
type Text struct {
	Language   string // BCP 47, as "ru"
	Title      string
	Standfirst string
	Tags       []string // names
	Body       string
}

// A Term is a stem, or the beginning of stems, of an article, and how often it stands in each part of it.
//
// A beginning is the mark ~ and the first five letters of a word: Snowball leaves "страна" and "страны" alike, but not
// "Сахалин" and "сахалинский". It begins with a mark, as no stem does. The sixteen heaviest of an article are kept.
type Term struct {
	Word                          string
	Title, Standfirst, Tags, Body int64
}

// Weight is how much the term tells what the article is about: how often it stands in the body, and more for the other parts.
func (t Term) Weight() int64 { return t.Body + 3*t.Title + 2*t.Standfirst + 4*t.Tags }

// IsBeginning reports whether the word of a term stands for all words that begin alike.
func IsBeginning(word string) bool { return word[0] == '~' }

// A Document is the words of one article.
type Document struct {
	Article  int64
	Language string
	Length   int64  // words with repeats, in all parts
	Terms    []Term // sorted by Word, byte by byte
}

// Term returns the term of a word, the zero Term where the article has none.
func (d Document) Term(word string) Term {
	i, found := slices.BinarySearchFunc(d.Terms, word, func(t Term, word string) int { return cmp.Compare(t.Word, word) })
	if !found {
		return Term{}
	}
	return d.Terms[i]
}

// Add makes the words of t those of an article. It takes the place of the words that the article had. Like [Forget], it must be called with
// the lock that makes the writers of articles take turns: word_df has rows that every article writes.
func Add(ctx context.Context, tx *sql.Tx, article int64, t Text) error {
	next := documentOf(article, t)
	old, exists, err := stored(ctx, tx, article)
	if err != nil {
		return err
	}
	query := `INSERT INTO article_words (article, language, analyzer, length, terms) VALUES ($1, $2, $3, $4, $5)`
	if exists {
		query = `UPDATE article_words SET language = $2, analyzer = $3, length = $4, terms = $5 WHERE article = $1`
	}
	_, err = tx.ExecContext(ctx, query, article, next.Language, int64(language.Analyzer), next.Length, encode(next.Terms))
	if err != nil {
		return fmt.Errorf("words of article %d: %w", article, err)
	}
	return count(ctx, tx, old, next)
}

// Forget makes an article one without words.
func Forget(ctx context.Context, tx *sql.Tx, article int64) error {
	old, exists, err := stored(ctx, tx, article)
	if err != nil || !exists {
		return err
	}
	if _, err := tx.ExecContext(ctx, `DELETE FROM article_words WHERE article = $1`, article); err != nil {
		return fmt.Errorf("words of article %d: %w", article, err)
	}
	return count(ctx, tx, old, Document{Article: article})
}

// stored is the words that an article has: those of no language where none were made yet.
func stored(ctx context.Context, h db.Handle, article int64) (d Document, exists bool, err error) {
	var analyzer int64
	var blob []byte
	err = h.QueryRowContext(ctx, `SELECT language, analyzer, length, terms FROM article_words WHERE article = $1`, article).
		Scan(&d.Language, &analyzer, &d.Length, &blob)
	if errors.Is(err, sql.ErrNoRows) {
		return Document{}, false, nil
	}
	if err == nil && analyzer == 0 {
		return Document{Article: article}, true, nil
	}
	d.Article = article
	if err == nil {
		d.Terms, err = decode(blob)
	}
	if err != nil {
		return Document{}, false, fmt.Errorf("words of article %d: %w", article, err)
	}
	return d, true, nil
}

// Stale returns at most limit articles whose words an older analyzer made, or none yet, the oldest versions first.
func Stale(ctx context.Context, h db.Handle, limit int) ([]int64, error) {
	return db.Collect(ctx, h, func(row *sql.Rows) (id int64, err error) {
		return id, row.Scan(&id)
	}, `SELECT article FROM article_words WHERE analyzer < $1 ORDER BY analyzer, article LIMIT $2`, int64(language.Analyzer), int64(limit))
}

// Documents returns the words of the articles with the ids, without those that have none.
func Documents(ctx context.Context, h db.Handle, ids []int64) (map[int64]Document, error) {
	return documents(ctx, h, ids, decode)
}

// Mentions is [Documents] with no other terms than those of the words, for whoever asks for few words of many articles.
func Mentions(ctx context.Context, h db.Handle, ids []int64, words []string) (map[int64]Document, error) {
	wanted := make(map[string]string, len(words))
	for _, w := range words {
		wanted[w] = w
	}
	return documents(ctx, h, ids, func(blob []byte) ([]Term, error) { return decodeOnly(blob, wanted) })
}

func documents(ctx context.Context, h db.Handle, ids []int64, decode func(blob []byte) ([]Term, error)) (map[int64]Document, error) {
	found := make(map[int64]Document, len(ids))
	err := inBatches(ids, func(batch []any) error {
		all, err := db.Collect(ctx, h, func(row *sql.Rows) (d Document, err error) {
			var blob sql.RawBytes
			if err = row.Scan(&d.Article, &d.Language, &d.Length, &blob); err != nil {
				return d, err
			}
			if d.Terms, err = decode(blob); err != nil {
				err = fmt.Errorf("words of article %d: %w", d.Article, err)
			}
			return d, err
		}, `SELECT article, language, length, terms FROM article_words WHERE article IN (`+db.Placeholders(1, len(batch))+`) AND analyzer > 0`, batch...)
		for _, d := range all {
			found[d.Article] = d
		}
		return err
	})
	return found, err
}

// inBatches calls do with the values, at most batchSize at a time: both engines bound the parameters of a statement.
func inBatches[T any](values []T, do func(batch []any) error) error {
	for batch := range slices.Chunk(values, batchSize) {
		if err := do(db.Args(batch)); err != nil {
			return err
		}
	}
	return nil
}

const batchSize = 500
