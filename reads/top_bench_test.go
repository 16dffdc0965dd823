package reads

import (
	"fmt"
	"os"
	"testing"
	"time"

	"vestnik/db"
	"vestnik/db/dbtest"
)

const benchArticles = 10_000

// fillHours gives 10,000 articles reads in each of so many hours before end, and the days their sums.
func fillHours(b *testing.B, d *db.DB, end int64, hours int) {
	b.Helper()
	for _, statement := range []string{
		`INSERT INTO articles (id, slug, guid, kind, title, standfirst, html, text, language, section, section_title, url, image, image_alt,
			published, updated, seen, moment, state, change, path, hash)
		WITH RECURSIVE k (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM k WHERE i < 10000)
		SELECT i, 's' || i, 'g' || i, 'article', 'Title ' || i, '', '<p>text</p>', 'text', 'ru', 's' || (i % 10), '', '', '', '', i, i, i, i,
			'published', i, '', '' FROM k`,
		fmt.Sprintf(`INSERT INTO read_hour (article, hour, source, n)
		WITH RECURSIVE k (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM k WHERE i < 10000),
			h (i) AS (SELECT %d UNION ALL SELECT i + 1 FROM h WHERE i < %d)
		SELECT k.i, h.i, 'web', 1 + (k.i * 7919 + h.i * 31) %% 97 FROM h CROSS JOIN k`, end-int64(hours), end-1),
		`INSERT INTO read_day (article, day, source, n)
		SELECT article, hour / 24, source, CAST(SUM(n) AS BIGINT) FROM read_hour GROUP BY hour / 24, article, source`,
	} {
		if _, err := d.ExecContext(ctx, statement); err != nil {
			b.Fatal(err)
		}
	}
	if d.Engine == "postgres" { // what autovacuum would have done
		for _, table := range []string{"articles", "read_hour", "read_day"} {
			if _, err := d.ExecContext(ctx, `VACUUM ANALYZE `+table); err != nil {
				b.Fatal(err)
			}
		}
	}
}

// BenchmarkTop ranks 20 of 10,000 articles with reads in every hour: 1 million hourly rows, or 10 million with VESTNIK_BENCH_LARGE.
// The windows end at noon, so that half of both their days is at the edges: the dearest hour there is.
func BenchmarkTop(b *testing.B) {
	hours, windows := 100, []time.Duration{24 * time.Hour, 72 * time.Hour}
	if os.Getenv("VESTNIK_BENCH_LARGE") != "" {
		hours, windows = 1000, []time.Duration{24 * time.Hour, 7 * 24 * time.Hour, 30 * 24 * time.Hour}
	}
	d := dbtest.Open(b)
	end := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	fillHours(b, d, hourOf(end), hours)
	for _, window := range windows {
		for _, by := range []string{ByReads, ByAdjusted, ByTrend} {
			b.Run(fmt.Sprintf("%dk_hours/%dd/%s", hours*benchArticles/1000, window/24/time.Hour, by), func(b *testing.B) {
				for b.Loop() {
					top, err := Top(ctx, d, Query{From: end.Add(-window), To: end, By: by, Limit: 20, Rules: Rules{Least: 5, LeastShare: 0.02}})
					if err != nil || len(top) != 20 {
						b.Fatal(len(top), err)
					}
				}
			})
		}
	}
}
