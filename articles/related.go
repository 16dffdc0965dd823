package articles

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"

	"vestnik/db"
)

// SetRelated makes others the editors' own list of related articles, in this order. Repetitions and the article itself
// are left out. A list that differs from the one before raises the change number of a published article, because its
// page changes; its time of update stays, because its text does not.
func SetRelated(ctx context.Context, tx *sql.Tx, article int64, others []int64) error {
	if err := setRelated(ctx, tx, article, others); err != nil {
		return fmt.Errorf("related articles of %d: %w", article, err)
	}
	return nil
}

func setRelated(ctx context.Context, tx *sql.Tx, article int64, others []int64) error {
	var want []int64
	for _, other := range others {
		if other != article && !slices.Contains(want, other) {
			want = append(want, other)
		}
	}
	if have, err := editorsList(ctx, tx, article); err != nil || slices.Equal(have, want) {
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
	_, err = raise(ctx, tx, article, "update", a.Updated) // the list comes with its article, as a rule just put
	return err
}

func editorsList(ctx context.Context, h db.Handle, article int64) ([]int64, error) {
	return db.Collect(ctx, h, scanID, `SELECT other FROM article_related WHERE article = $1 ORDER BY pos`, article)
}

func scanID(row *sql.Rows) (id int64, err error) {
	return id, row.Scan(&id)
}

// Related returns at most n published articles about the same thing: the editors' list in its order, then those that
// share most of the words that matter (see likeness). Articles in exclude and a itself are never among them. The result
// is the same on every database that holds the same articles.
func Related(ctx context.Context, h db.Handle, a Article, n int, exclude []int64) ([]Article, error) {
	related, err := relatedTo(ctx, h, a, n, exclude)
	if err != nil {
		return nil, fmt.Errorf("related articles of %s: %w", a.Slug, err)
	}
	return related, nil
}

func relatedTo(ctx context.Context, h db.Handle, a Article, n int, exclude []int64) ([]Article, error) {
	listed, err := editorsList(ctx, h, a.ID)
	if err != nil {
		return nil, err
	}
	left := append(slices.Clone(exclude), a.ID)
	listed = slices.DeleteFunc(listed, func(id int64) bool { return slices.Contains(left, id) })
	related, err := ByIDs(ctx, h, listed)
	if err != nil {
		return nil, err
	}
	related = slices.DeleteFunc(related, func(a Article) bool { return a.State != Published })
	if len(related) >= n {
		return related[:max(n, 0)], nil
	}
	ids, err := similar(ctx, h, a, n-len(related), append(left, listed...), related)
	if err != nil {
		return nil, err
	}
	more, err := ByIDs(ctx, h, ids)
	return append(related, more...), err
}

// A candidate is an article that shares a rare word with the one that related articles are sought for.
type candidate struct {
	id     int64
	moment int64   // milliseconds
	dot    float64 // of its weights with the vector of the other, not divided by its length
	about  profile
	score  float64
}

// similar returns the ids of at most n published articles of a's language by their words, best first, without those
// in exclude and those that say the same as one of picked.
func similar(ctx context.Context, h db.Handle, a Article, n int, exclude []int64, picked []Article) ([]int64, error) {
	l, own, err := newLikeness(ctx, h, a)
	if err != nil || len(own.heavy) == 0 {
		return nil, err
	}
	all, err := l.candidates(ctx, h, a, own.heavy, exclude)
	if err != nil || len(all) == 0 {
		return nil, err
	}
	all = all[:min(len(all), max(mostCompared, 2*n+2))]
	var ids []int64
	for _, c := range all {
		ids = append(ids, c.id)
	}
	shared, err := sharedTags(ctx, h, a, ids)
	if err != nil {
		return nil, err
	}
	for _, p := range picked {
		ids = append(ids, p.ID)
	}
	profiles, err := l.profiles(ctx, h, ids)
	if err != nil {
		return nil, err
	}
	for i := range all {
		all[i].about = profiles[all[i].id]
	}
	var seen []profile
	for _, p := range picked {
		seen = append(seen, profiles[p.ID])
	}
	return choose(a, own, all, shared, seen, n), nil
}

// choose scores the candidates and takes the best n that are neither too far from a nor too near to it or one another.
func choose(a Article, own profile, all []candidate, shared map[int64]int, seen []profile, n int) []int64 {
	var kept []candidate
	for _, c := range all {
		cosine, _ := own.heavy.cosine(c.about.heavy)
		apart := max(c.moment-db.Milli(a.Moment), db.Milli(a.Moment)-c.moment)
		if cosine < leastCosine || apart <= twinApart && own.tooClose(c.about, twinCosine) {
			continue // something else, or the same story written twice
		}
		c.score = (cosine + min(tagBonus*float64(shared[c.id]), mostTagBonus)) * recency(apart)
		kept = append(kept, c)
	}
	slices.SortFunc(kept, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(b.score, a.score), cmp.Compare(b.moment, a.moment), cmp.Compare(b.id, a.id))
	})
	var ids []int64
	for _, c := range kept {
		if len(ids) == n {
			break
		}
		if slices.ContainsFunc(seen, func(p profile) bool { return p.tooClose(c.about, sameCosine) }) {
			continue
		}
		ids, seen = append(ids, c.id), append(seen, c.about)
	}
	return ids
}

// sharedTags counts the tags that each of the articles has in common with a.
func sharedTags(ctx context.Context, h db.Handle, a Article, ids []int64) (map[int64]int, error) {
	shared := map[int64]int{}
	if len(a.Tags) == 0 {
		return shared, nil
	}
	args := anys(ids)
	for _, tag := range a.Tags {
		args = append(args, tag.Slug)
	}
	with, err := db.Collect(ctx, h, scanID, `SELECT article
		FROM article_tags
		WHERE article IN (`+db.Placeholders(1, len(ids))+`) AND slug IN (`+db.Placeholders(len(ids)+1, len(a.Tags))+`)`, args...)
	for _, id := range with {
		shared[id]++
	}
	return shared, err
}
