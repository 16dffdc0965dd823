package articles

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"time"

	"vestnik/articles/related"
	"vestnik/db"
)

// SetRelated makes others the editors' own list of related articles, in this order. Repetitions and the article itself
// are left out. A list that differs from the one before raises the change number of a published article, because its
// page changes; its time of update stays, because its text does not.
func SetRelated(ctx context.Context, tx *sql.Tx, article int64, others []int64, now time.Time) error {
	if err := setRelated(ctx, tx, article, others, now); err != nil {
		return fmt.Errorf("related articles of %d: %w", article, err)
	}
	return nil
}

func setRelated(ctx context.Context, tx *sql.Tx, article int64, others []int64, now time.Time) error {
	var want []int64
	for _, other := range others {
		if other != article && !slices.Contains(want, other) {
			want = append(want, other)
		}
	}
	if have, err := RelatedList(ctx, tx, article); err != nil || slices.Equal(have, want) {
		return err
	}
	if err := lockChanges(ctx, tx); err != nil {
		return err
	}
	a, err := Get(ctx, tx, article)
	if err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, `DELETE FROM article_related WHERE article = $1`, article); err != nil {
		return err
	}
	for pos, other := range want {
		_, err := tx.ExecContext(ctx, `INSERT INTO article_related (article, pos, other) VALUES ($1, $2, $3)`, article, int64(pos), other)
		if err != nil {
			return err
		}
	}
	if a.State != Published {
		return nil
	}
	_, err = raise(ctx, tx, article, "update", now)
	return err
}

// RelatedList returns the editors' own list of an article in its order: ids of articles in any state, or of none.
func RelatedList(ctx context.Context, h db.Handle, article int64) ([]int64, error) {
	return db.Collect(ctx, h, func(row *sql.Rows) (id int64, err error) {
		return id, row.Scan(&id)
	}, `SELECT other FROM article_related WHERE article = $1 ORDER BY pos`, article)
}

// Related returns at most n published articles about the same thing: the editors' list in its order, then those that
// share most of the words that matter (package [related]). Articles in exclude and a itself are never among them. The
// result is the same on every database that holds the same articles.
func Related(ctx context.Context, h db.Handle, a Article, n int, exclude []int64) ([]Article, error) {
	all, err := relatedTo(ctx, h, a, n, exclude)
	if err != nil {
		return nil, fmt.Errorf("related articles of %s: %w", a.Slug, err)
	}
	return all, nil
}

func relatedTo(ctx context.Context, h db.Handle, a Article, n int, exclude []int64) ([]Article, error) {
	listed, err := RelatedList(ctx, h, a.ID)
	if err != nil {
		return nil, err
	}
	listed = slices.DeleteFunc(listed, func(id int64) bool { return id == a.ID || slices.Contains(exclude, id) })
	picked, err := ByIDs(ctx, h, listed)
	if err != nil {
		return nil, err
	}
	picked = slices.DeleteFunc(picked, func(a Article) bool { return a.State != Published })
	if len(picked) >= n {
		return picked[:max(n, 0)], nil
	}
	q := related.Query{Article: a.ID, Language: a.Language, Moment: a.Moment, Exclude: slices.Concat(exclude, listed), Limit: n - len(picked)}
	for _, tag := range a.Tags {
		q.Tags = append(q.Tags, tag.Slug)
	}
	for _, p := range picked {
		q.Picked = append(q.Picked, p.ID)
	}
	ids, err := related.Similar(ctx, h, q)
	if err != nil {
		return nil, err
	}
	more, err := ByIDs(ctx, h, ids)
	return append(picked, more...), err
}
