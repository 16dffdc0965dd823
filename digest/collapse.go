package digest

import (
	"context"

	"vestnik/articles"
	"vestnik/db"
)

// A teller knows which articles are about one story, as far as it was asked about them.
type teller struct {
	h       db.Handle
	known   map[int64]bool
	ids     []int64
	stories articles.Stories
	err     error // of the database: what was told since is not to be trusted
}

// meet makes ready to tell of these articles.
func (t *teller) meet(ctx context.Context, ids ...int64) {
	before := len(t.ids)
	for _, id := range ids {
		if !t.known[id] {
			t.known[id] = true
			t.ids = append(t.ids, id)
		}
	}
	if len(t.ids) > before && t.err == nil {
		t.stories, t.err = articles.StoriesOf(ctx, t.h, t.ids)
	}
}

// same is how much two articles are alike if they are of one story, else 0. Whom it has not met yet it meets one by one.
func (t *teller) same(ctx context.Context) func(one, other int64) float64 {
	return func(one, other int64) float64 {
		t.meet(ctx, one, other)
		return t.stories.Same(one, other)
	}
}

// first are those of the candidates that come into question for a block, as far as it may get with them.
func (r rules) first(all []candidate) (ids []int64) {
	c := chooser{rules: r}
	pinned, ranked := c.pinned(all)
	for _, p := range pinned {
		ids = append(ids, p.Article)
	}
	for _, a := range ranked {
		if reason, _, _ := c.unfit(a, false); reason == "" && len(ids) < 2*r.count+40 {
			ids = append(ids, a.Article)
		}
	}
	return ids
}

// mostOfStory is how many headlines stand under the one that stands for their story.
const mostOfStory = 5

// tellStories gives each pick the others of its story that would stand in the list without it, also in blocks after its own.
func tellStories(lists []chosen) {
	picks := map[int64]*pick{}
	for i := range lists {
		for j := range lists[i].list {
			picks[lists[i].list[j].Article] = &lists[i].list[j]
		}
	}
	told := map[int64]bool{}
	for _, l := range lists {
		for _, a := range l.absent {
			p := picks[a.Other]
			if a.Reason != AbsentStory || p == nil || a.Pos > max(len(l.list), 1) || told[a.Article] || picks[a.Article] != nil || len(p.story) == mostOfStory {
				continue
			}
			told[a.Article] = true
			p.story = append(p.story, a.Article)
		}
	}
}
