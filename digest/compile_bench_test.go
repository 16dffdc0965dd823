package digest

import (
	"database/sql"
	"fmt"
	"os"
	"testing"
	"time"

	"vestnik/articles"
	"vestnik/db/dbtest"
	"vestnik/reads"
)

// BenchmarkCompile makes the edition of a day out of 100,000 articles with a million hourly rows, or 10 million with VESTNIK_BENCH_LARGE: in
// each hour a tenth of all articles are read. A thousand of them are of today, have words and lists of what is related, and are read most.
func BenchmarkCompile(b *testing.B) {
	hours, hot := 100, 300
	if os.Getenv("VESTNIK_BENCH_LARGE") != "" {
		hours, hot = 1000, 1000
	}
	n := open(b)
	slot := n.slot("2026-11-24T0800")
	dbtest.FillReads(b, n.DB, 100_000, 10_000, slot.At.Unix()/3600, hours)
	n.hotNews(hot)
	dg := n.daily
	dg.MaxAge = 60 * 365 * 24 * time.Hour // or all of the others were too old
	dg.RepeatAfter = 30 * 24 * time.Hour
	adjusted, collapse, blocks := dg, dg, dg
	adjusted.Rank, collapse.Collapse = RankAdjusted, true
	blocks.Blocks = []Block{{Rank: RankReads, Count: 20}, {Rank: RankReads, Section: "*", Count: 3}, {Rank: RankLatest, Count: 5}, {Rank: RankReads, Words: 20, Count: 1}}
	for _, kind := range []struct {
		name string
		dg   Digest
	}{{"reads", dg}, {"adjusted", adjusted}, {"collapse", collapse}, {"blocks", blocks}} {
		b.Run(fmt.Sprintf("%dk_hours/%s", hours*10, kind.name), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				view, err := n.Compile(n.ctx, kind.dg, slot, slot.At)
				if err != nil || len(view.Items) < 20 {
					b.Fatal(len(view.Items), err)
				}
			}
		})
	}
}

// hotNews publishes so many articles of today, which are read more than all others.
func (n newsroom) hotNews(count int) {
	at := n.at("2026-11-23 10:00")
	n.tx(func(tx *sql.Tx) error {
		var hours []reads.Hour
		for i := range count {
			text := ""
			for w := range 60 {
				text += fmt.Sprintf("слово%c%c%c ", 'а'+rune((i+w*w)%32), 'а'+rune((i*7+w)%32), 'а'+rune(i/(w+1)%32))
			}
			a, _, err := articles.Put(n.ctx, tx, n.Articles, articles.Input{Title: fmt.Sprint("Новость ", i), HTML: "<p>" + text + "</p>",
				Section: fmt.Sprint("Раздел ", i%10), Published: at.Add(time.Duration(i) * time.Second), Hash: fmt.Sprint(i)}, at)
			if err != nil {
				return err
			}
			for hour := range 12 {
				hours = append(hours, reads.Hour{Article: a.ID, Start: at.Add(time.Duration(hour) * time.Hour), Source: "web", N: int64(100 + (i*31+hour)%97)})
			}
		}
		return reads.Add(n.ctx, tx, hours)
	})
	if _, err := articles.Relate(n.ctx, n.DB); err != nil {
		n.t.Fatal(err)
	}
	dbtest.Analyze(n.t, n.DB, "articles", "article_words", "article_alike", "read_hour")
}
