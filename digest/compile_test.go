package digest

import (
	"database/sql"
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"vestnik/articles"
	"vestnik/reads"
	"vestnik/templates"
)

func TestTheListIsInRankOrderWithoutRepeats(t *testing.T) {
	n := open(t)
	slot := n.slot("2026-11-24T0800")
	published := map[int64]time.Time{}
	var ids []int64
	for i := range 12 {
		a := n.article(time.Duration(i).String()+" статья", slot.At.Add(-time.Duration(i*11)*time.Hour))
		published[a.ID] = a.Published
		ids = append(ids, a.ID)
	}
	rapid.Check(t, func(r *rapid.T) {
		var hours []reads.Hour // one transaction a case: each costs a write to the disk
		want := map[int64]int64{}
		for _, id := range ids {
			count := rapid.Int64Range(0, 6).Draw(r, "reads")
			hour := rapid.IntRange(-40, 10).Draw(r, "hour")
			source := rapid.SampledFrom([]string{"web", "email", "feed"}).Draw(r, "source")
			if count == 0 { // never read in the window
				count, hour = 1, -1000
			}
			hours = append(hours, reads.Hour{Article: id, Start: slot.At.Add(time.Duration(hour) * time.Hour), Source: source, N: count})
			if hour >= -24 && hour < 0 && source != "email" {
				want[id] = count
			}
		}
		n.tx(func(tx *sql.Tx) error {
			for _, table := range []string{"read_hour", "read_day"} {
				if _, err := tx.Exec(`DELETE FROM ` + table); err != nil {
					return err
				}
			}
			return reads.Add(n.ctx, tx, hours)
		})
		dg := n.daily
		dg.Count = rapid.IntRange(1, 14).Draw(r, "count")
		dg.MinItems = rapid.IntRange(0, 5).Draw(r, "min_items")
		dg.Rank = rapid.SampledFrom([]string{"reads", "adjusted"}).Draw(r, "rank")
		dg.WhenThin = rapid.SampledFrom([]string{ThinFill, ThinSend}).Draw(r, "when_thin")
		view, err := n.Compile(n.ctx, dg, slot, slot.At)
		if _, skip := err.(Skip); err != nil && !skip {
			r.Fatal(err)
		}
		if len(view.Items) > dg.Count {
			r.Fatalf("%d items, want at most %d", len(view.Items), dg.Count)
		}
		seen := map[int64]bool{}
		for i, item := range view.Items {
			if item.Rank != i+1 || seen[item.Article] {
				r.Fatalf("item %d: rank %d, article %d seen before: %v", i, item.Rank, item.Article, seen[item.Article])
			}
			seen[item.Article] = true
			if item.Reads != want[item.Article] {
				r.Fatalf("item %d: %d reads, want %d", i, item.Reads, want[item.Article])
			}
			if i > 0 {
				checkOrder(r, view.Items[i-1].Reason, item.Reason, view.Items[i-1].Score, item.Score)
				before := published[view.Items[i-1].Article]
				if view.Items[i-1].Score == item.Score && view.Items[i-1].Reason == item.Reason && before.Before(published[item.Article]) {
					r.Fatalf("item %d: of equals the newer one must come first", i)
				}
			}
		}
	})
}

func checkOrder(r *rapid.T, reason, next string, score, nextScore float64) {
	if reason == ReasonFill && next == ReasonReads {
		r.Fatal("what was read most stands after what fills up")
	}
	if reason == next && score < nextScore {
		r.Fatalf("score %v stands before %v", score, nextScore)
	}
}

func TestReadsOfABegunHourCountOnce(t *testing.T) {
	n := open(t)
	half := n.daily
	half.Schedule, half.MinItems, half.WhenThin = "30 8 * * *", 0, ThinSend
	a := n.article("Новость", n.at("2026-11-23 12:00"))
	b := n.article("Другая", n.at("2026-11-23 12:00"))
	n.read(a.ID, 7, "web", n.at("2026-11-24 07:50"))
	n.read(b.ID, 5, "web", n.at("2026-11-24 08:10")) // the hour that the slot cuts
	count := func(view templates.EditionView) map[int64]int64 {
		reads := map[int64]int64{}
		for _, i := range view.Items {
			reads[i.Article] = i.Reads
		}
		return reads
	}
	first, _, err := n.Publish(n.ctx, half, n.slot("2026-11-24T0830"), n.at("2026-11-24 08:30"))
	if err != nil {
		t.Fatal(err)
	}
	second, err := n.Compile(n.ctx, half, n.slot("2026-11-25T0830"), n.at("2026-11-25 08:30"))
	if err != nil {
		t.Fatal(err)
	}
	if got := count(first.View); got[a.ID] != 7 || got[b.ID] != 0 {
		t.Errorf("first edition %v, want 7 reads of the first article", got)
	}
	if got := count(second); got[a.ID] != 0 || got[b.ID] != 5 {
		t.Errorf("second edition %v, want 5 reads of the other article", got)
	}

	n = open(t)
	a = n.article("Новость", n.at("2026-11-23 12:00"))
	n.read(a.ID, 9, "web", n.at("2026-11-24 09:05"))
	minutely := half
	minutely.Schedule = "* * * * *"
	often, err := n.Compile(n.ctx, minutely, n.slot("2026-11-24T0918"), n.at("2026-11-24 09:18"))
	if err != nil {
		t.Fatal(err)
	}
	extra, _, err := n.Send(n.ctx, half, n.at("2026-11-24 09:17"), true)
	if err != nil {
		t.Fatal(err)
	}
	if count(extra.View)[a.ID] != 9 || count(often)[a.ID] != 9 {
		t.Errorf("extra edition %v, minutely %v; want the reads of this hour in both", count(extra.View), count(often))
	}
}

func TestBriefsFillOnlyWhereArticlesAreTooFew(t *testing.T) {
	n := open(t)
	dg := n.daily
	dg.Count = 2
	old := n.article("Статья постарше", n.at("2026-11-23 12:00"))
	n.tx(func(tx *sql.Tx) error {
		for i := range 3 {
			_, _, err := articles.Put(n.ctx, tx, n.Articles, articles.Input{Kind: articles.KindBrief, Title: fmt.Sprintf("Заголовок номер %d", i)}, n.at("2026-11-24 07:00"))
			if err != nil {
				return err
			}
		}
		return nil
	})
	view, err := n.Compile(n.ctx, dg, n.slot("2026-11-24T0800"), n.at("2026-11-24 08:00"))
	if err != nil {
		t.Fatal(err)
	}
	if len(view.Items) != 2 || view.Items[0].Article != old.ID {
		t.Errorf("%d items, the first is %q; want 2, the article first", len(view.Items), view.Items[0].Title)
	}
}

func TestWhatWasReadMostDoesNotComeAgainTooSoon(t *testing.T) {
	n := open(t)
	often := n.daily
	often.MaxAge, often.RepeatAfter, often.MinItems = 30*24*time.Hour, 7*24*time.Hour, 2
	a := n.article("Читают", n.at("2026-11-22 12:00"))
	b := n.article("Новая", n.at("2026-11-22 11:00"))
	reasons := func(slot string) string {
		view, err := n.Compile(n.ctx, often, n.slot(slot), n.at("2026-12-20 08:00"))
		if _, skip := err.(Skip); err != nil && !skip {
			t.Fatal(err)
		}
		var all []string
		for _, i := range view.Items {
			all = append(all, i.Title+" "+i.Reason)
		}
		return strings.Join(all, ", ")
	}
	n.read(a.ID, 30, "web", n.at("2026-11-23 09:00"))
	if _, _, err := n.Publish(n.ctx, often, n.slot("2026-11-24T0800"), n.at("2026-11-24 08:00")); err != nil {
		t.Fatal(err)
	}
	for _, day := range []string{"24", "25", "29", "30"} {
		n.read(a.ID, 40, "web", n.at("2026-11-"+day+" 09:00"))
		n.read(b.ID, 5, "web", n.at("2026-11-"+day+" 09:00"))
	}
	for _, test := range []struct{ slot, want string }{
		{"2026-11-24T0800", "Читают reads, Новая fill"}, // itself: its own edition is none before it
		{"2026-11-25T0800", "Новая reads"},              // what filled an edition may be read most later, what was read most does not fill up
		{"2026-12-01T0800", "Читают reads, Новая reads"},
	} {
		if got := reasons(test.slot); got != test.want {
			t.Errorf("%s: %s, want %s", test.slot, got, test.want)
		}
	}
	often.RepeatAfter = 0
	if got := reasons("2026-11-25T0800"); got != "Читают reads, Новая reads" {
		t.Errorf("it may come again: %s", got)
	}
}

func TestTheHousesRulesHoldForDigests(t *testing.T) {
	n := open(t)
	n.MostRead = reads.Rules{Least: 5, LeastShare: 0.5, PerSection: 1, MaxAge: time.Minute}
	dg := n.daily
	dg.WhenThin = ThinSend
	a, b := n.article("Читают", n.at("2026-11-23 12:00")), n.article("Тоже", n.at("2026-11-23 12:00"))
	n.read(a.ID, 30, "web", n.at("2026-11-23 13:00"))
	n.read(b.ID, 29, "web", n.at("2026-11-23 13:00"))
	view, err := n.Compile(n.ctx, dg, n.slot("2026-11-24T0800"), n.at("2026-11-24 08:00"))
	if err != nil || len(view.Items) != 1 || view.Items[0].Article != a.ID {
		t.Errorf("%v, %v: want one of the section alone, by the digest's own max_age", view.Items, err)
	}
	if _, err := reads.Exclude(n.ctx, n.DB, a.ID, n.at("2026-11-24 08:00")); err != nil {
		t.Fatal(err)
	}
	view, err = n.Compile(n.ctx, dg, n.slot("2026-11-24T0800"), n.at("2026-11-24 08:00"))
	if err != nil || len(view.Items) != 1 || view.Items[0].Article != b.ID {
		t.Errorf("%v, %v: want the other, as the editors excluded the first", view.Items, err)
	}
}
