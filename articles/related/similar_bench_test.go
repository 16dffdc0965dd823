package related_test

import (
	"context"
	"database/sql"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"vestnik/articles/related"
	"vestnik/articles/words"
	"vestnik/db"
	"vestnik/db/dbtest"
)

// The archive of the benchmark is as one of news is, in numbers: words are as frequent as their ranks say (Zipf), of a vocabulary
// that grows with the archive; stories of twenty articles share words of their own; articles have 250 words.
const (
	storyLength = 20
	vocabulary  = 200_000
)

// BenchmarkSimilar asks for five articles that are like one, as when it comes in or its page is shown.
func BenchmarkSimilar(b *testing.B) {
	for _, n := range []int{10_000, 100_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			if n > 10_000 && os.Getenv("VESTNIK_BENCH_LARGE") == "" {
				b.Skip("VESTNIK_BENCH_LARGE=1 builds an archive of so many, which takes minutes")
			}
			d := dbtest.Open(b)
			archive(b, d, n)
			bytes := indexBytes(b, d) / float64(n)
			for what, ask := range map[string]func(q related.Query) (int, error){
				"similar": func(q related.Query) (int, error) {
					found, err := related.Similar(context.Background(), d, q)
					return len(found), err
				},
				"lists": func(q related.Query) (int, error) {
					q.Limit = 20
					_, near, err := related.Lists(context.Background(), d, q)
					return len(near), err
				},
			} {
				b.Run(what, func(b *testing.B) {
					benchAsk(b, n, ask)
					b.ReportMetric(bytes, "index-B/article")
				})
			}
		})
	}
}

func benchAsk(b *testing.B, n int, ask func(q related.Query) (int, error)) {
	found, asked := 0, 0
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		id := int64(n - i*7919%n)
		got, err := ask(related.Query{Article: id, Language: "xx", Moment: db.Time(momentOf(id)), Limit: 5})
		if err != nil {
			b.Fatal(err)
		}
		found, asked = found+got, asked+1
	}
	b.ReportMetric(float64(found)/float64(asked), "found")
}

// momentOf is an hour after that of the article before.
func momentOf(id int64) int64 { return 1_000_000_000_000 + id*3_600_000 }

func archive(b *testing.B, d *db.DB, n int) {
	b.Helper()
	r := rand.New(rand.NewPCG(1, 2))
	for first := 1; first <= n; first += 500 {
		err := d.Tx(context.Background(), func(tx *sql.Tx) error {
			for id := int64(first); id < int64(min(first+500, n+1)); id++ {
				if err := archiveOne(tx, r, id, r.IntN(max(n/storyLength, 1))); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
}

func archiveOne(tx *sql.Tx, r *rand.Rand, id int64, story int) error {
	text := words.Text{Language: "xx", Title: invented(r, 8, story), Standfirst: invented(r, 14, story), Body: invented(r, 230, story)}
	_, err := tx.Exec(`INSERT INTO articles (id, slug, guid, kind, title, standfirst, html, text, language, section, section_title,
			url, image, image_alt, published, updated, seen, moment, state, change, path, hash)
		VALUES ($1, $2, $2, 'article', $3, $4, $5, $5, 'xx', '', '', '', '', '', $6, $6, $6, $6, 'published', 0, '', '')`,
		id, fmt.Sprint(id), text.Title, text.Standfirst, text.Body, momentOf(id))
	if err != nil {
		return err
	}
	return words.Add(context.Background(), tx, id, text)
}

// invented makes n words of no language, one of seven of the story.
func invented(r *rand.Rand, n, story int) string {
	var b strings.Builder
	for range n {
		k := int(math.Pow(vocabulary, r.Float64()))
		if r.IntN(7) == 0 {
			k = vocabulary + story*60 + int(math.Pow(60, r.Float64()))
		}
		b.WriteString(strings.Map(func(c rune) rune { return c - '0' + 'а' }, fmt.Sprint(k*7919%10_000_019)) + " ")
	}
	return b.String()
}

// indexBytes is the size of the tables of package words.
func indexBytes(b *testing.B, d *db.DB) (bytes float64) {
	b.Helper()
	query := `SELECT CAST(SUM(pgsize) AS DOUBLE PRECISION) FROM dbstat WHERE name LIKE 'word\_%' ESCAPE '\' OR name LIKE '%article\_words%' ESCAPE '\'`
	if d.Engine == "postgres" {
		query = `SELECT CAST(SUM(pg_total_relation_size(oid)) AS DOUBLE PRECISION) FROM pg_class
			WHERE relkind = 'r' AND relname IN ('word_df', 'word_corpus', 'word_index', 'article_words') AND relnamespace = CAST(current_schema() AS regnamespace)`
	}
	if err := d.QueryRowContext(context.Background(), query).Scan(&bytes); err != nil {
		b.Fatal(err)
	}
	return bytes
}
