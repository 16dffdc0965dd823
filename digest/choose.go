package digest

import (
	"math"
	"slices"
	"time"

	"vestnik/reads"
)

// A candidate is an article with all that decides whether a block of an edition takes it.
type candidate struct {
	reads.Candidate
	place    int   // where the editors pinned it, from 1; 0: nowhere
	repeated int64 // the edition of late that had it for itself; 0: none
	filled   int64 // the edition of late that had it as one of the latest; 0: none
}

// rules are those of one block.
type rules struct {
	reads.Rules
	rank    string
	count   int                            // the longest list
	within  []string                       // sections of the edition; none: all
	section string                         // of the block; "": all
	words   int                            // fewer are too short
	oldest  time.Time                      // what was published before is too old; zero: nothing is
	pins    bool                           // pinned articles stand at their places
	taken   []int64                        // what stands in the blocks before
	same    func(one, other int64) float64 // how much two articles are alike if they are of one story, else 0; nil: stories are not collapsed
}

// A pick is an article that a block takes.
type pick struct {
	candidate
	score  float64
	reason string
	story  []int64 // others of its story, for which it stands
}

// An Absent is an article that a block does not hold though it might, and why.
type Absent struct {
	Block   int
	Article int64
	Pos     int // where it would stand but for the reason, from 1
	Title   string
	Reads   int64
	Score   float64
	Reason  string  // AbsentRepeated and so on
	Other   int64   // the article or edition that the reason is about; 0: none
	Value   float64 // the number that the reason is about
}

// Why an article is absent, in one word. [Absent.Other] and [Absent.Value] are what the word says of them.
const (
	AbsentInBlock   = "in_block"      // it stands in an earlier block: so it is in the edition, and this is not kept
	AbsentWithdrawn = "withdrawn"     // it is not published any more, or not yet
	AbsentExcluded  = "excluded"      // the editors keep it out
	AbsentSection   = "other_section" // than those of the edition, or the block's
	AbsentOld       = "too_old"       // Value: when the oldest was published, in Unix milliseconds
	AbsentShort     = "too_short"     // Value: the words that are wanted
	AbsentRepeated  = "repeated"      // Other: the edition that had it
	AbsentFew       = "few_reads"     // Value: the reads that are wanted
	AbsentShare     = "low_share"     // Value: the reads that are wanted, a share of what the first has
	AbsentStory     = "story"         // Other: the article that stands for it; Value: how much they are alike
	AbsentFull      = "section_full"  // Value: how many of one section are wanted
	AbsentCount     = "count"         // it is behind the last; Value: how many are wanted
	AbsentDropped   = "dropped"       // an editor took it out of the edition; this is not kept, the revisions tell it
)

// A chosen is what a block takes and leaves.
type chosen struct {
	rank   string
	list   []pick
	absent []Absent // in the order of the rank
	least  int64    // so many reads are wanted; -1: nothing came that could be in the list
	full   bool
	last   float64 // the lowest score of a full list, without pinned articles
}

// certain reports whether articles with at most so many reads, -1 for none, could not be in the list, had they been candidates too.
func (c chosen) certain(below int64) bool {
	lift := 1.0
	if c.rank == RankAdjusted {
		lift = reads.MostLifted
	}
	if c.rank != RankReads && c.rank != RankAdjusted {
		return below < 0 || c.full
	}
	return below < 0 || below < c.least || c.full && c.last > lift*float64(below)
}

// choose fills a block: pinned articles at their places, and of all others those that stand first by the rank and that no rule leaves
// out. All rules hold before the list is cut off, so that it is only short where there is no more. Every candidate is in the list or absent
// with its reason. It knows nothing but its arguments.
func choose(all []candidate, r rules) chosen {
	c := chooser{rules: r, out: chosen{rank: r.rank, least: -1}}
	pinned, ranked := c.pinned(all)
	c.room = max(r.count-len(pinned), 0)
	c.tellers = slices.Concat(r.taken, idsOf(pinned))
	c.pickRanked(ranked)
	c.out.list = reads.Arrange(slices.Clone(c.ranked), pinned, func(p pick) int { return p.place })
	c.out.full, c.out.last = len(c.ranked) == c.room, math.Inf(1)
	if c.out.full && c.room > 0 {
		c.out.last = c.ranked[c.room-1].score
	}
	c.settle()
	return c.out
}

// A chooser is at work on a block.
type chooser struct {
	rules
	out     chosen
	room    int     // for what is not pinned
	ranked  []pick  // as far as they are chosen
	before  []int   // how many of ranked stand before each of absent; -1: its Pos is right already
	behind  int     // how many are absent as the list is full
	tellers []int64 // what others of one story are compared with
}

// pinned parts what is pinned from what is ranked, each in its order. A place that the list does not have is none.
func (c *chooser) pinned(all []candidate) (pinned []pick, ranked []candidate) {
	ranked = slices.Clone(all)
	slices.SortFunc(ranked, c.compare)
	if !c.pins {
		return nil, ranked
	}
	var wanted []candidate
	ranked = slices.DeleteFunc(ranked, func(a candidate) bool {
		pin := a.place > 0 && (a.place <= c.count || c.rank == RankEditors)
		if pin {
			wanted = append(wanted, a)
		}
		return pin
	})
	slices.SortStableFunc(wanted, byPlace)
	for _, a := range wanted {
		reason, other, value := c.unfit(a, true)
		if reason == "" && len(pinned) == c.count {
			reason, value = AbsentCount, float64(c.count)
		}
		if reason != "" {
			c.leave(a, reason, other, value, -1)
			continue
		}
		pinned = append(pinned, pick{candidate: a, score: c.score(a), reason: ReasonEditors})
	}
	return pinned, ranked
}

// pickRanked goes through what is not pinned, in the order of the rank.
func (c *chooser) pickRanked(ranked []candidate) {
	if c.rank == RankEditors {
		return
	}
	first := int64(-1)
	for _, a := range ranked {
		if reason, _, _ := c.unfit(a, false); reason == "" {
			first = max(first, a.Reads)
		}
	}
	c.setLeast(first)
	sections := map[string]int{}
	for _, a := range ranked {
		reason, other, value := c.unfit(a, false)
		if reason == "" {
			reason, other, value = c.unwanted(a, first, sections)
		}
		if reason != "" {
			c.leave(a, reason, other, value, len(c.ranked))
			continue
		}
		sections[a.Section]++
		c.tellers = append(c.tellers, a.Article)
		c.ranked = append(c.ranked, pick{candidate: a, score: c.score(a), reason: c.reason()})
	}
}

func (c *chooser) setLeast(first int64) {
	if c.byReads() && first >= 0 {
		c.out.least = c.LeastReads(first)
	}
}

func (c *chooser) byReads() bool { return c.rank == RankReads || c.rank == RankAdjusted }

// compare is the order of the rank.
func (c *chooser) compare(a, b candidate) int {
	if c.rank == rankFill && a.Brief != b.Brief {
		if a.Brief {
			return 1
		}
		return -1
	}
	one, other := a.Standing(c.rank), b.Standing(c.rank)
	one.Score, other.Score = c.score(a), c.score(b)
	return one.Compare(other)
}

func (c *chooser) score(a candidate) float64 {
	if c.byReads() {
		return a.Score(c.rank)
	}
	return 0
}

func (c *chooser) reason() string {
	switch c.rank {
	case RankLatest:
		return ReasonLatest
	case rankFill:
		return ReasonFill
	}
	return ReasonReads
}

// unfit says why an article does not come into question, whatever the others are; "" where it does. What the editors pin is neither too
// old nor excluded.
func (c *chooser) unfit(a candidate, pinned bool) (reason string, other int64, value float64) {
	switch {
	case slices.Contains(c.taken, a.Article):
		return AbsentInBlock, 0, 0
	case a.State != "published":
		return AbsentWithdrawn, 0, 0
	case a.Excluded && !pinned:
		return AbsentExcluded, 0, 0
	case len(c.within) > 0 && !slices.Contains(c.within, a.Section), c.section != "" && a.Section != c.section:
		return AbsentSection, 0, 0
	case a.Published.Before(c.oldest) && !pinned:
		return AbsentOld, 0, float64(c.oldest.UnixMilli())
	case a.Words < c.words:
		return AbsentShort, 0, float64(c.words)
	case a.repeated != 0:
		return AbsentRepeated, a.repeated, 0
	case a.filled != 0 && (c.rank == RankLatest || c.rank == rankFill):
		return AbsentRepeated, a.filled, 0
	}
	return "", 0, 0
}

// unwanted says why an article is left out because of the others.
func (c *chooser) unwanted(a candidate, first int64, sections map[string]int) (reason string, other int64, value float64) {
	if c.byReads() && a.Reads < c.Least {
		return AbsentFew, 0, float64(c.Least)
	}
	if least := c.LeastReads(max(first, 0)); c.byReads() && a.Reads < least {
		return AbsentShare, 0, float64(least)
	}
	if len(c.ranked) >= c.room {
		return AbsentCount, 0, float64(c.count)
	}
	if other, value := c.told(a.Article); value > 0 {
		return AbsentStory, other, value
	}
	if c.byReads() && c.PerSection > 0 && c.section == "" && a.Section != "" && sections[a.Section] >= c.PerSection {
		return AbsentFull, 0, float64(c.PerSection)
	}
	return "", 0, 0
}

// told is the article that stands for the story already, the one most alike, and how much it is; 0 for none.
func (c *chooser) told(article int64) (by int64, alike float64) {
	if c.same == nil {
		return 0, 0
	}
	for _, other := range c.tellers {
		if value := c.same(article, other); other != article && value > alike {
			by, alike = other, value
		}
	}
	return by, alike
}

// leave notes that an article is absent: so many of the ranked stand before it.
func (c *chooser) leave(a candidate, reason string, other int64, value float64, before int) {
	pos := a.place
	if before >= 0 {
		pos = c.behind // until it is settled
	}
	c.out.absent = append(c.out.absent, Absent{Article: a.Article, Pos: pos, Reads: a.Reads, Score: c.score(a), Reason: reason, Other: other, Value: value})
	c.before = append(c.before, before)
	if reason == AbsentCount && before >= 0 {
		c.behind++
	}
}

// settle says of what is absent where it would stand.
func (c *chooser) settle() {
	at := map[int64]int{}
	for i, p := range c.out.list {
		at[p.Article] = i
	}
	for i, before := range c.before {
		a := &c.out.absent[i]
		switch {
		case before >= 0 && before < len(c.ranked):
			a.Pos = at[c.ranked[before].Article] + 1
		case before >= 0:
			a.Pos += len(c.out.list) + 1
		}
	}
}

func byPlace(a, b candidate) int { return a.place - b.place }

func idsOf(list []pick) []int64 {
	var ids []int64
	for _, p := range list {
		ids = append(ids, p.Article)
	}
	return ids
}
