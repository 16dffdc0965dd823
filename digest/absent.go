package digest

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"vestnik/articles"
	"vestnik/db"
)

// Bounds of what is kept of the absent ones.
const (
	mostAbsent = 100 // of an edition
	mostBehind = 10  // of those of a block that would stand behind its list
)

// nearly are those absent ones that would stand in the lists, and the first that would behind them: by the blocks, then by place.
func (m *making) nearly(ctx context.Context, lists []chosen) ([]Absent, error) {
	var all []Absent
	for block, l := range lists {
		near := slices.Clone(l.absent)
		slices.SortStableFunc(near, func(a, b Absent) int { return a.Pos - b.Pos })
		behind := 0
		for _, a := range near {
			if a.Reason == AbsentInBlock { // it is in the edition after all
				continue
			}
			if a.Pos > len(l.list) {
				behind++
			}
			if behind <= mostBehind && len(all) < mostAbsent {
				a.Block = block
				all = append(all, a)
			}
		}
	}
	titles, err := articleTitles(ctx, m.DB, absentIDs(all))
	for i, a := range all {
		all[i].Title = titles[a.Article].Name
	}
	return all, err
}

func absentIDs(all []Absent) []int64 {
	ids := make([]int64, len(all))
	for i, a := range all {
		ids[i] = a.Article
	}
	return ids
}

// articleTitles are the slugs and headlines of articles, as they are.
func articleTitles(ctx context.Context, h db.Handle, ids []int64) (map[int64]articles.Label, error) {
	titles := map[int64]articles.Label{}
	for some := range slices.Chunk(ids, 500) {
		_, err := db.Collect(ctx, h, func(row *sql.Rows) (_ struct{}, err error) {
			var id int64
			var l articles.Label
			err = row.Scan(&id, &l.Slug, &l.Name)
			titles[id] = l
			return struct{}{}, err
		}, `SELECT id, slug, title FROM articles WHERE id IN (`+db.Placeholders(1, len(some))+`)`, db.Args(some)...)
		if err != nil {
			return nil, fmt.Errorf("headlines: %w", err)
		}
	}
	return titles, nil
}

// writeAbsent keeps what nearly was in an edition.
func writeAbsent(ctx context.Context, tx *sql.Tx, edition int64, all []Absent) error {
	const columns = 10
	for some := range slices.Chunk(all, 50) {
		var rows []string
		var args []any
		for _, a := range some {
			rows = append(rows, "("+db.Placeholders(len(args)+1, columns)+")")
			args = append(args, edition, int64(a.Block), a.Article, int64(a.Pos), db.Text(a.Title), a.Reads, a.Score, a.Reason, a.Other, a.Value)
		}
		_, err := tx.ExecContext(ctx, `
			INSERT INTO edition_absent (edition, block, article, pos, title, reads, score, reason, other, value)
			VALUES `+strings.Join(rows, ", "), args...)
		if err != nil {
			return fmt.Errorf("what is absent: %w", err)
		}
	}
	return nil
}

// AbsentOf is what nearly was in an edition, by the blocks, then by place.
func AbsentOf(ctx context.Context, h db.Handle, edition int64) ([]Absent, error) {
	all, err := db.Collect(ctx, h, func(row *sql.Rows) (a Absent, err error) {
		return a, row.Scan(&a.Block, &a.Article, &a.Pos, &a.Title, &a.Reads, &a.Score, &a.Reason, &a.Other, &a.Value)
	}, `SELECT block, article, pos, title, reads, score, reason, other, value
		FROM edition_absent WHERE edition = $1 ORDER BY block, pos, score DESC, article`, edition)
	if err != nil {
		return nil, fmt.Errorf("what is absent from edition %d: %w", edition, err)
	}
	return all, nil
}
