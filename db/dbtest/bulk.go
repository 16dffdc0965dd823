package dbtest

import (
	"context"
	"fmt"
	"testing"

	"vestnik/db"
)

// FillReads gives a database many articles, with the ids from 1, and reads in each of so many hours (since 1970) before end: in each hour
// perHour of the articles are read, in the next one those after them, and round again. The days get their sums. The articles have no words.
func FillReads(tb testing.TB, d *db.DB, articles, perHour int, end int64, hours int) {
	tb.Helper()
	for _, statement := range []string{
		fmt.Sprintf(`INSERT INTO articles (id, slug, guid, kind, title, standfirst, html, text, language, section, section_title, url, image, image_alt,
			published, updated, seen, moment, state, change, path, hash)
		WITH RECURSIVE k (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM k WHERE i < %d)
		SELECT i, 's' || i, 'g' || i, 'article', 'Title ' || i, '', '<p>text</p>', 'text', 'ru', 's' || (i %% 10), '', '', '', '', i, i, i, i,
			'published', i, '', '' FROM k`, articles),
		fmt.Sprintf(`INSERT INTO read_hour (article, hour, source, n)
		WITH RECURSIVE k (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM k WHERE i < %d),
			h (i) AS (SELECT CAST(%d AS BIGINT) UNION ALL SELECT i + 1 FROM h WHERE i < %d)
		SELECT 1 + (k.i - 1 + h.i * %d) %% %d, h.i, 'web', 1 + (k.i * 7919 + h.i * 31) %% 97 FROM h CROSS JOIN k`,
			perHour, end-int64(hours), end-1, perHour, articles),
		`INSERT INTO read_day (article, day, source, n)
		SELECT article, hour / 24, source, CAST(SUM(n) AS BIGINT) FROM read_hour GROUP BY hour / 24, article, source`,
	} {
		if _, err := d.ExecContext(context.Background(), statement); err != nil {
			tb.Fatal(err)
		}
	}
	Analyze(tb, d, "articles", "read_hour", "read_day")
}

// Analyze does for PostgreSQL what autovacuum would have done by the time that a table is large.
func Analyze(tb testing.TB, d *db.DB, tables ...string) {
	tb.Helper()
	for _, table := range tables {
		if d.Engine != "postgres" {
			return
		}
		if _, err := d.ExecContext(context.Background(), `VACUUM ANALYZE `+table); err != nil {
			tb.Fatal(err)
		}
	}
}
