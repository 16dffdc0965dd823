package reads

import (
	"fmt"
	"os"
	"testing"
	"time"

	"vestnik/db/dbtest"
)

const benchArticles = 10_000

// BenchmarkTop ranks 20 of 10,000 articles with reads in every hour: 1 million hourly rows, or 10 million with VESTNIK_BENCH_LARGE.
// The windows end at noon, so that half of both their days is at the edges: the dearest hour there is.
func BenchmarkTop(b *testing.B) {
	hours, windows := 100, []time.Duration{24 * time.Hour, 72 * time.Hour}
	if os.Getenv("VESTNIK_BENCH_LARGE") != "" {
		hours, windows = 1000, []time.Duration{24 * time.Hour, 7 * 24 * time.Hour, 30 * 24 * time.Hour}
	}
	d := dbtest.Open(b)
	end := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	dbtest.FillReads(b, d, benchArticles, benchArticles, hourOf(end), hours)
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
