package digest

import (
	"context"

	"vestnik/articles"
	"vestnik/db"
	"vestnik/templates"
)

// relatedLines is how many of the first items get a related line of their own.
const relatedLines = 3

// relate sets the related lines of the first items and the closing block, which takes one article from each item in
// turn, best rank first. No article stands in the edition twice.
func (p Publisher) relate(ctx context.Context, dg Digest, view *templates.EditionView, list []line) error {
	if dg.Related == 0 {
		return nil
	}
	r := relations{h: p.DB, list: list, used: map[int64]bool{}, found: map[int][]articles.Article{}, want: relatedLines + dg.Related}
	for _, l := range list {
		r.listed = append(r.listed, l.article.ID)
	}
	for i := range min(relatedLines, len(list)) {
		a, ok, err := r.next(ctx, i)
		if err != nil {
			return err
		}
		if ok {
			view.Items[i].Related = []templates.Headline{p.headline(dg, a)}
		}
	}
	for more := true; more; {
		more = false
		for i := 0; i < len(list) && len(view.Related) < dg.Related; i++ {
			a, ok, err := r.next(ctx, i)
			if err != nil {
				return err
			}
			if ok {
				view.Related, more = append(view.Related, p.headline(dg, a)), true
			}
		}
	}
	return nil
}

// relations finds what is related to the items of a list, as far as it is asked.
type relations struct {
	h      db.Handle
	list   []line
	listed []int64
	used   map[int64]bool
	found  map[int][]articles.Article
	want   int // enough of one item that one is left though all others were used already
}

// next is the article most related to item i that does not stand in the edition yet.
func (r *relations) next(ctx context.Context, i int) (articles.Article, bool, error) {
	if _, asked := r.found[i]; !asked {
		found, err := articles.Related(ctx, r.h, r.list[i].article, r.want, r.listed)
		if err != nil {
			return articles.Article{}, false, err
		}
		r.found[i] = found
	}
	for len(r.found[i]) > 0 {
		a := r.found[i][0]
		r.found[i] = r.found[i][1:]
		if !r.used[a.ID] {
			r.used[a.ID] = true
			return a, true, nil
		}
	}
	return articles.Article{}, false, nil
}
