package articles

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"time"

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
	if err := storeRelated(ctx, tx, article, want); err != nil || a.State != Published {
		return err
	}
	change, err := nextChange(ctx, tx)
	if err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, `UPDATE articles SET change = $1 WHERE id = $2`, change, article); err != nil {
		return err
	}
	return logChange(ctx, tx, article, change, "update", now)
}

func storeRelated(ctx context.Context, tx *sql.Tx, article int64, others []int64) error {
	if _, err := tx.ExecContext(ctx, `DELETE FROM article_related WHERE article = $1`, article); err != nil {
		return err
	}
	for pos, other := range others {
		_, err := tx.ExecContext(ctx, `INSERT INTO article_related (article, pos, other) VALUES ($1, $2, $3)`, article, int64(pos), other)
		if err != nil {
			return err
		}
	}
	return nil
}

// RelatedList returns the editors' own list of an article in its order: ids of articles in any state, or of none.
func RelatedList(ctx context.Context, h db.Handle, article int64) ([]int64, error) {
	return db.Collect(ctx, h, func(row *sql.Rows) (id int64, err error) {
		return id, row.Scan(&id)
	}, `SELECT other FROM article_related WHERE article = $1 ORDER BY pos`, article)
}

// A Relation says why an article stands in the list of another.
type Relation struct {
	Article
	Editors bool    // they chose it
	Score   float64 // how much its words say the same, 0 to 1.15; 0 for the editors' choice
}

// Related returns at most n published articles about the same thing: the editors' list in its order, then those that
// share most of the words that matter (package [related]), as they are kept ([Relate]) or, until they are, computed now.
// Articles in exclude and a itself are never among them. The result is the same on every database that holds the same articles.
func Related(ctx context.Context, h db.Handle, a Article, n int, exclude []int64) ([]Article, error) {
	found, _, err := Relations(ctx, h, a, n, exclude)
	if err != nil {
		return nil, err
	}
	all := make([]Article, len(found))
	for i, r := range found {
		all[i] = r.Article
	}
	return all, nil
}

// Relations is [Related] with the reasons; kept says whether what words say was kept, or need not be asked.
func Relations(ctx context.Context, h db.Handle, a Article, n int, exclude []int64) (all []Relation, kept bool, err error) {
	if all, kept, err = relationsOf(ctx, h, a, n, exclude); err != nil {
		return nil, false, fmt.Errorf("related articles of %s: %w", a.Slug, err)
	}
	return all, kept, nil
}

func relationsOf(ctx context.Context, h db.Handle, a Article, n int, exclude []int64) (all []Relation, kept bool, err error) {
	picked, listed, err := editorsList(ctx, h, a)
	if err != nil {
		return nil, false, err
	}
	for _, p := range picked {
		if len(all) < n && !slices.Contains(exclude, p.ID) {
			all = append(all, Relation{Article: p, Editors: true})
		}
	}
	left := n - len(all)
	if left <= 0 {
		return all, true, nil
	}
	alike, kept, err := alikeOf(ctx, h, a, picked, listed, exclude, left)
	if err != nil {
		return nil, false, err
	}
	ids, scores := make([]int64, len(alike)), map[int64]float64{}
	for i, f := range alike {
		ids[i], scores[f.Article] = f.Article, f.Score
	}
	more, err := ByIDs(ctx, h, ids)
	for _, m := range more {
		all = append(all, Relation{Article: m, Score: scores[m.ID]})
	}
	return all, kept, err
}

// editorsList returns the published articles of a's own list, and the ids of all on it.
func editorsList(ctx context.Context, h db.Handle, a Article) (picked []Article, listed []int64, err error) {
	listed, err = RelatedList(ctx, h, a.ID)
	if err != nil || len(listed) == 0 {
		return nil, nil, err
	}
	picked, err = ByIDs(ctx, h, listed)
	return slices.DeleteFunc(picked, func(a Article) bool { return a.State != Published }), listed, err
}
