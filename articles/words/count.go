package words

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"

	"vestnik/db"
)

// Statistics returns how many articles of a language have words, and how many words with repeats.
func Statistics(ctx context.Context, h db.Handle, lang string) (articles, length int64, err error) {
	err = h.QueryRowContext(ctx, `SELECT articles, length FROM word_corpus WHERE language = $1`, lang).Scan(&articles, &length)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, 0, nil
	}
	return articles, length, err
}

// Frequencies returns in how many articles of a language each of the words stands, without those that stand in none.
// Each word should be named once.
func Frequencies(ctx context.Context, h db.Handle, lang string, words []string) (map[string]int64, error) {
	df := make(map[string]int64, len(words))
	err := inBatches(words, func(batch []any) error {
		_, err := db.Collect(ctx, h, func(row *sql.Rows) (_ struct{}, err error) {
			var word string
			var n int64
			err = row.Scan(&word, &n)
			df[word] = n
			return struct{}{}, err
		}, `SELECT word, n FROM word_df WHERE language = $1 AND word IN (`+db.Placeholders(2, len(batch))+`)`, append([]any{lang}, batch...)...)
		return err
	})
	return df, err
}

// count brings the numbers and the index from the words that an article had to those that it has. It writes what differs.
func count(ctx context.Context, tx *sql.Tx, old, next Document) error {
	gone, come := difference(old, next)
	err := addUp(ctx, tx, old, -1)
	if err == nil {
		err = addUp(ctx, tx, next, 1)
	}
	if err == nil {
		err = lower(ctx, tx, old.Language, gone)
	}
	if err == nil {
		err = raise(ctx, tx, next.Language, come)
	}
	if err == nil && len(gone)+len(come) > 0 {
		err = index(ctx, tx, next, len(old.Terms) > 0)
	}
	if err != nil {
		return fmt.Errorf("count the words of article %d: %w", next.Article, err)
	}
	return nil
}

// difference returns the words that only old has, and those that only next has, sorted.
func difference(old, next Document) (gone, come []string) {
	a, b := old.Terms, next.Terms
	for len(a) > 0 || len(b) > 0 {
		switch {
		case len(b) == 0 || len(a) > 0 && a[0].Word < b[0].Word:
			gone, a = append(gone, a[0].Word), a[1:]
		case len(a) == 0 || b[0].Word < a[0].Word:
			come, b = append(come, b[0].Word), b[1:]
		case old.Language != next.Language:
			gone, come, a, b = append(gone, a[0].Word), append(come, b[0].Word), a[1:], b[1:]
		default:
			a, b = a[1:], b[1:]
		}
	}
	return gone, come
}

// addUp counts a document in its language, or takes it back. The zero Document is none.
func addUp(ctx context.Context, tx *sql.Tx, d Document, sign int64) error {
	if d.Language == "" && len(d.Terms) == 0 {
		return nil
	}
	_, err := tx.ExecContext(ctx, `INSERT INTO word_corpus (language, articles, length) VALUES ($1, $2, $3)
		ON CONFLICT (language) DO UPDATE SET articles = word_corpus.articles + excluded.articles, length = word_corpus.length + excluded.length`,
		d.Language, sign, sign*d.Length)
	return err
}

func lower(ctx context.Context, tx *sql.Tx, lang string, words []string) error {
	return inBatches(words, func(batch []any) error {
		args := append([]any{lang}, batch...)
		in := db.Placeholders(2, len(batch))
		if _, err := tx.ExecContext(ctx, `UPDATE word_df SET n = n - 1 WHERE language = $1 AND word IN (`+in+`)`, args...); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `DELETE FROM word_df WHERE language = $1 AND word IN (`+in+`) AND n <= 0`, args...)
		return err
	})
}

// raise counts one article more for each of the words, in batches of few sizes.
func raise(ctx context.Context, tx *sql.Tx, lang string, words []string) error {
	var most int64
	if err := tx.QueryRowContext(ctx, `SELECT n FROM word_batch`).Scan(&most); err != nil {
		return err
	}
	for _, size := range []int{100, 14, 4, 1} {
		n := len(words) / size * size
		if int64(size) > most || n == 0 {
			continue
		}
		if err := raiseBatches(ctx, tx, lang, words[:n], size); err != nil {
			return err
		}
		words = words[n:]
	}
	return nil
}

// raiseBatches prepares the statement of many batches: SQLite takes as long to read it as to run it. For few it is not worth
// it: with PostgreSQL the driver keeps statements.
func raiseBatches(ctx context.Context, tx *sql.Tx, lang string, words []string, size int) error {
	run := func(args []any) error { _, err := tx.ExecContext(ctx, raiseQueries[size], args...); return err }
	if len(words) >= 5*size {
		statement, err := tx.PrepareContext(ctx, raiseQueries[size])
		if err != nil {
			return err
		}
		defer statement.Close()
		run = func(args []any) error { _, err := statement.ExecContext(ctx, args...); return err }
	}
	for batch := range slices.Chunk(words, size) {
		args := []any{lang}
		for _, word := range batch {
			args = append(args, word)
		}
		if err := run(args); err != nil {
			return err
		}
	}
	return nil
}

var raiseQueries = map[int]string{100: raiseQuery(100), 14: raiseQuery(14), 4: raiseQuery(4), 1: raiseQuery(1)}

func raiseQuery(size int) string {
	rows := make([]string, size)
	for i := range rows {
		rows[i] = fmt.Sprintf("($1, $%d, 1)", i+2)
	}
	return `INSERT INTO word_df (language, word, n) VALUES ` + strings.Join(rows, ", ") +
		` ON CONFLICT (language, word) DO UPDATE SET n = word_df.n + 1`
}
