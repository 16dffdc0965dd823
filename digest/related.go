package digest

import (
	"context"
	"slices"

	"vestnik/articles"
	"vestnik/templates"
)

// enoughStory is how many headlines of its own story an item has that needs no related one.
const enoughStory = 2

// relate sets the related line of each item, and the closing block, which takes one article from each item in turn, best rank first. No
// article stands in the edition twice.
func (m *making) relate(ctx context.Context, view *templates.EditionView, list []line) error {
	if m.dg.Related == 0 {
		return nil
	}
	r := relations{making: m, list: list, found: map[int][]articles.Article{}}
	for _, l := range list {
		r.used = append(append(r.used, l.article.ID), l.pick.story...)
	}
	for i, l := range list {
		if len(l.pick.story) >= enoughStory {
			continue
		}
		a, ok, err := r.next(ctx, i)
		if err != nil {
			return err
		}
		if ok {
			view.Items[i].Related = []templates.Headline{m.headline(m.dg, a)}
		}
	}
	return r.close(ctx, view)
}

// relations finds what is related to the items of a list, as far as it is asked.
type relations struct {
	*making
	list  []line
	used  []int64
	found map[int][]articles.Article
}

// close sets the closing block.
func (r *relations) close(ctx context.Context, view *templates.EditionView) error {
	for more := true; more; {
		more = false
		for i := 0; i < len(r.list) && len(view.Related) < r.dg.Related; i++ {
			a, ok, err := r.next(ctx, i)
			if err != nil {
				return err
			}
			if ok {
				view.Related, more = append(view.Related, r.headline(r.dg, a)), true
			}
		}
	}
	return nil
}

// few is how many related articles of an item are looked up at once: one goes under it, some may be needed below the list.
const few = 3

// next is the article most related to item i that does not stand in the edition yet.
func (r *relations) next(ctx context.Context, i int) (articles.Article, bool, error) {
	for {
		if all, asked := r.found[i]; !asked || len(all) == few && !slices.ContainsFunc(all, r.isNew) {
			found, err := articles.Related(ctx, r.DB, r.list[i].article, few, r.used)
			if err != nil {
				return articles.Article{}, false, err
			}
			r.found[i] = found
		}
		for _, a := range r.found[i] {
			if r.isNew(a) {
				r.used = append(r.used, a.ID)
				return a, true, nil
			}
		}
		if len(r.found[i]) < few {
			return articles.Article{}, false, nil
		}
	}
}

func (r *relations) isNew(a articles.Article) bool { return !slices.Contains(r.used, a.ID) }
