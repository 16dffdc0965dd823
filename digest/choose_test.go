package digest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"vestnik/reads"
)

var someDay = time.Date(2026, 11, 24, 8, 0, 0, 0, time.UTC)

// candidates are any, of few kinds so that rules meet.
func candidates() *rapid.Generator[[]candidate] {
	one := rapid.Custom(func(t *rapid.T) candidate {
		var c candidate
		c.Article = rapid.Int64Range(1, 60).Draw(t, "article")
		c.Reads = rapid.Int64Range(0, 12).Draw(t, "reads")
		c.Published = someDay.Add(-time.Duration(rapid.IntRange(0, 100).Draw(t, "hours old")) * time.Hour)
		c.Adjusted = float64(c.Reads) * rapid.SampledFrom([]float64{1, 1.5, 2, 4}).Draw(t, "lift")
		c.Section = rapid.SampledFrom([]string{"", "kino", "teatr"}).Draw(t, "section")
		c.Brief = rapid.IntRange(0, 4).Draw(t, "brief") == 0
		c.Words = rapid.IntRange(0, 3).Draw(t, "words") * 100
		c.State = rapid.SampledFrom([]string{"published", "published", "published", "published", "withdrawn"}).Draw(t, "state")
		c.Excluded = rapid.IntRange(0, 6).Draw(t, "excluded") == 0
		if rapid.IntRange(0, 5).Draw(t, "pinned") == 0 {
			c.place = rapid.IntRange(1, 8).Draw(t, "place")
		}
		if rapid.IntRange(0, 5).Draw(t, "repeated") == 0 {
			c.repeated = 1000
		}
		if rapid.IntRange(0, 5).Draw(t, "filled") == 0 {
			c.filled = 1001
		}
		return c
	})
	return rapid.Custom(func(t *rapid.T) []candidate {
		return rapid.SliceOfNDistinct(one, 0, 30, func(c candidate) int64 { return c.Article }).Draw(t, "candidates")
	})
}

// anyRules are of any block. Two articles are of one story where their ids leave the same when divided by stories; 0: none are.
func anyRules() *rapid.Generator[rules] {
	return rapid.Custom(func(t *rapid.T) rules {
		r := rules{
			rank:    rapid.SampledFrom([]string{RankReads, RankReads, RankAdjusted, RankLatest, RankEditors, rankFill}).Draw(t, "rank"),
			count:   rapid.IntRange(1, 10).Draw(t, "count"),
			within:  rapid.SampledFrom([][]string{nil, nil, {"kino"}, {"kino", "teatr"}}).Draw(t, "within"),
			section: rapid.SampledFrom([]string{"", "", "kino"}).Draw(t, "section"),
			words:   rapid.SampledFrom([]int{0, 0, 150}).Draw(t, "words"),
			taken:   rapid.SliceOfNDistinct(rapid.Int64Range(1, 60), 0, 4, func(i int64) int64 { return i }).Draw(t, "taken"),
			pins:    rapid.Bool().Draw(t, "pins"),
		}
		r.Least, r.LeastShare, r.PerSection = rapid.Int64Range(0, 4).Draw(t, "least"), rapid.SampledFrom([]float64{0, 0.3}).Draw(t, "share"), rapid.IntRange(0, 3).Draw(t, "per section")
		if rapid.Bool().Draw(t, "ages") {
			r.oldest = someDay.Add(-80 * time.Hour)
		}
		if stories := rapid.SampledFrom([]int64{0, 7, 20}).Draw(t, "stories"); stories > 0 {
			r.same = func(one, other int64) float64 {
				if one%stories == other%stories {
					return 0.5
				}
				return 0
			}
		}
		return r
	})
}

// Whatever there is: a list is in the order of its rank, without repetitions, never too long; pinned articles stand at their places; and what
// is not in it is absent once, with a reason that holds.
func TestAListIsInOrderAndEveryAbsenceHasAReasonThatHolds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		all, r := candidates().Draw(t, "all"), anyRules().Draw(t, "rules")
		if r.rank == RankEditors { // whose candidates are what is pinned
			r.pins, all = true, slices.DeleteFunc(all, func(c candidate) bool { return c.place == 0 })
		}
		before := fmt.Sprint(all)
		c := choose(all, r)
		if fmt.Sprint(all) != before {
			t.Fatal("the candidates were changed")
		}
		checkList(t, c, r)
		seen := map[int64]int{}
		for _, p := range c.list {
			seen[p.Article]++
		}
		for _, a := range c.absent {
			seen[a.Article]++
		}
		byID := map[int64]candidate{}
		for _, a := range all {
			byID[a.Article] = a
			if seen[a.Article] != 1 {
				t.Errorf("article %d is %d times in the list or absent", a.Article, seen[a.Article])
			}
		}
		for _, a := range c.absent {
			if err := holdsReason(a, byID[a.Article], byID, c, r); err != "" {
				t.Errorf("%+v is absent because of %s: %s", byID[a.Article], a.Reason, err)
			}
		}
	})
}

func checkList(t *rapid.T, c chosen, r rules) {
	if len(c.list) > r.count {
		t.Errorf("%d in a list of %d", len(c.list), r.count)
	}
	var last *pick
	pinned := 0
	for i := range c.list {
		p := &c.list[i]
		if slices.Contains(r.taken, p.Article) || p.State != "published" {
			t.Errorf("%+v is in the list", p.candidate)
		}
		if p.reason == ReasonEditors {
			pinned++
			if i+1 < p.place && i+1 < len(c.list)-pinnedAfter(c.list[i:]) {
				t.Errorf("pinned to %d, and stands at %d of %d", p.place, i+1, len(c.list))
			}
			continue
		}
		if last != nil && naiveBefore(*p, *last, r.rank) {
			t.Errorf("%+v stands behind %+v", p.candidate, last.candidate)
		}
		last = p
	}
	if len(c.list) < r.count {
		for _, a := range c.absent {
			if a.Reason == AbsentCount {
				t.Errorf("%d is absent as the list of %d of %d is full", a.Article, len(c.list), r.count)
			}
		}
	}
}

func pinnedAfter(list []pick) (n int) {
	for _, p := range list[1:] {
		if p.reason == ReasonEditors {
			n++
		}
	}
	return n
}

// naiveBefore says the order of ranks once more.
func naiveBefore(a, b pick, rank string) bool {
	one, other := 0.0, 0.0
	switch rank {
	case RankReads:
		one, other = float64(a.Reads), float64(b.Reads)
	case RankAdjusted:
		one, other = a.Adjusted, b.Adjusted
	case rankFill:
		if a.Brief != b.Brief {
			return b.Brief
		}
	}
	if one != other {
		return one > other
	}
	if !a.Published.Equal(b.Published) {
		return a.Published.After(b.Published)
	}
	return a.Article > b.Article
}

// holdsReason is what is wrong with a reason, "" for nothing.
func holdsReason(a Absent, c candidate, all map[int64]candidate, got chosen, r rules) string {
	byReads := r.rank == RankReads || r.rank == RankAdjusted
	in := func(article int64) bool {
		return slices.Contains(r.taken, article) || slices.ContainsFunc(got.list, func(p pick) bool { return p.Article == article })
	}
	ok := false
	switch a.Reason {
	case AbsentInBlock:
		ok = slices.Contains(r.taken, c.Article)
	case AbsentWithdrawn:
		ok = c.State != "published"
	case AbsentExcluded:
		ok = c.Excluded
	case AbsentSection:
		ok = r.section != "" && c.Section != r.section || len(r.within) > 0 && !slices.Contains(r.within, c.Section)
	case AbsentOld:
		ok = c.Published.Before(r.oldest)
	case AbsentShort:
		ok = c.Words < r.words
	case AbsentRepeated:
		ok = c.repeated != 0 && a.Other == c.repeated || !byReads && c.filled != 0 && a.Other == c.filled
	case AbsentFew:
		ok = byReads && c.Reads < r.Least && a.Value == float64(r.Least)
	case AbsentShare:
		most := int64(0)
		for _, other := range all {
			most = max(most, other.Reads)
		}
		ok = byReads && c.Reads < int64(a.Value) && a.Value <= r.LeastShare*float64(most)+1
	case AbsentStory:
		ok = a.Value > 0 && in(a.Other) && r.same(c.Article, a.Other) == a.Value
	case AbsentFull:
		n := 0
		for _, p := range got.list {
			if p.Section == c.Section && p.reason != ReasonEditors {
				n++
			}
		}
		ok = byReads && n == r.PerSection
	case AbsentCount:
		ok = len(got.list) == r.count
	}
	switch {
	case !ok:
		return "it is not so"
	case a.Pos < 1 || a.Reason == AbsentCount && a.Pos <= len(got.list) && c.place == 0:
		return fmt.Sprintf("it would stand at %d", a.Pos)
	}
	return ""
}

// A list that says it is certain does not change when more come that were read less.
func TestWhatWasReadLessDoesNotChangeAListThatIsCertain(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		all, r := candidates().Draw(t, "all"), anyRules().Draw(t, "rules")
		if r.rank != RankReads && r.rank != RankAdjusted {
			r.rank = RankReads
		}
		below := rapid.Int64Range(0, 8).Draw(t, "below")
		var known []candidate
		for _, c := range all {
			if c.Reads > below || r.pins && c.place > 0 {
				known = append(known, c)
			}
		}
		some, whole := choose(known, r), choose(all, r)
		if some.certain(below) && fmt.Sprint(idsOf(some.list)) != fmt.Sprint(idsOf(whole.list)) {
			t.Errorf("%v, and with what was read less %v", idsOf(some.list), idsOf(whole.list))
		}
	})
}

func TestWhereAnAbsentOneWouldStand(t *testing.T) {
	at := func(id, n int64) candidate {
		return candidate{Candidate: reads.Candidate{Article: id, Reads: n, Published: someDay, State: "published"}}
	}
	all := []candidate{at(1, 100), at(2, 90), at(3, 80), at(4, 70), at(5, 60), at(6, 50), at(7, 3)}
	all[1].repeated = 9
	all[4].repeated = 9
	all[6].place = 2
	r := rules{rank: RankReads, count: 3, pins: true}
	c := choose(all, r)
	if got := fmt.Sprint(idsOf(c.list)); got != "[1 7 3]" {
		t.Fatalf("list %s", got)
	}
	var got []string
	for _, a := range c.absent {
		got = append(got, fmt.Sprintf("%d %s %d", a.Article, a.Reason, a.Pos))
	}
	if want := "[2 repeated 3 4 count 4 5 repeated 5 6 count 5]"; fmt.Sprint(got) != want {
		t.Errorf("absent %v, want %s", got, want)
	}
}
