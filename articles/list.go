package articles

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"time"

	"vestnik/db"
)

// AnyState as [Filter].State lists articles of every state.
const AnyState = "any"

// A Filter says which articles to list. Empty fields do not filter; all others must hold.
type Filter struct {
	State    string // "" is Published; AnyState for all
	Kind     string
	Section  string // slug
	Tag      string // slug
	Author   string // slug
	Language string
	Since    time.Time // moment at or after
	Before   time.Time // moment before; for the next page the last one's Moment …
	BeforeID int64     // … with the last one's ID: then those of the same moment after it in the list follow too
	Limit    int       // 0: all
}

// List returns articles, the newest moment first, then the higher id, with their authors and tags.
func List(ctx context.Context, h db.Handle, f Filter) ([]Article, error) {
	var where []string
	var args []any
	add := func(condition string, values ...any) {
		for _, value := range values {
			args = append(args, value)
			condition = strings.Replace(condition, "?", fmt.Sprintf("$%d", len(args)), 1)
		}
		where = append(where, condition)
	}
	if f.State != AnyState {
		add("state = ?", cmp.Or(f.State, Published))
	}
	for _, equal := range []struct{ condition, value string }{
		{"kind = ?", f.Kind}, {"section = ?", f.Section}, {"language = ?", f.Language},
		{"EXISTS (SELECT 1 FROM article_tags WHERE article = articles.id AND slug = ?)", f.Tag},
		{"EXISTS (SELECT 1 FROM article_authors WHERE article = articles.id AND slug = ?)", f.Author},
	} {
		if equal.value != "" {
			add(equal.condition, equal.value)
		}
	}
	if !f.Since.IsZero() {
		add("moment >= ?", db.Milli(f.Since))
	}
	if !f.Before.IsZero() {
		add("(moment < ? OR moment = ? AND id < ?)", db.Milli(f.Before), db.Milli(f.Before), f.BeforeID)
	}
	query := `1 = 1`
	if len(where) > 0 {
		query = strings.Join(where, " AND ")
	}
	query += ` ORDER BY moment DESC, id DESC`
	if f.Limit > 0 {
		args = append(args, int64(f.Limit))
		query += fmt.Sprintf(" LIMIT $%d", len(args))
	}
	all, err := records(ctx, h, query, args...)
	if err != nil {
		return nil, fmt.Errorf("list articles: %w", err)
	}
	return articlesOf(all), nil
}

// Find returns the article with the slug, in any state. A missing one is [ErrNotFound].
func Find(ctx context.Context, h db.Handle, slug string) (Article, error) {
	r, err := oneRecord(ctx, h, "slug = $1", db.Text(slug))
	return r.Article, err
}

// Get returns the article with the id, in any state. A missing one is [ErrNotFound].
func Get(ctx context.Context, h db.Handle, id int64) (Article, error) {
	r, err := oneRecord(ctx, h, "id = $1", id)
	return r.Article, err
}

// idBatch is how many ids go into one IN list.
const idBatch = 500

// ByIDs returns the articles with the ids, of any state, in the order asked. Missing ones are left out.
func ByIDs(ctx context.Context, h db.Handle, ids []int64) ([]Article, error) {
	byID := make(map[int64]Article, len(ids))
	for chunk := range slices.Chunk(ids, idBatch) {
		args := make([]any, len(chunk))
		for i, id := range chunk {
			args[i] = id
		}
		found, err := records(ctx, h, `id IN (`+db.Placeholders(1, len(chunk))+`)`, args...)
		if err != nil {
			return nil, fmt.Errorf("articles by id: %w", err)
		}
		for _, r := range found {
			byID[r.ID] = r.Article
		}
	}
	var all []Article
	for _, id := range ids {
		if a, ok := byID[id]; ok {
			all = append(all, a)
		}
	}
	return all, nil
}

// Sections returns the sections of published articles, the most used first. A section whose name was written in
// several ways has the most usual one.
func Sections(ctx context.Context, h db.Handle) ([]Label, error) {
	type use struct {
		Label
		n int64
	}
	uses, err := db.Collect(ctx, h, func(row *sql.Rows) (u use, err error) {
		return u, row.Scan(&u.Slug, &u.Name, &u.n)
	}, `SELECT section, section_title, COUNT(*)
		FROM articles
		WHERE state = 'published' AND section <> ''
		GROUP BY section, section_title`)
	if err != nil {
		return nil, fmt.Errorf("sections: %w", err)
	}
	total := map[string]int64{}
	for _, u := range uses {
		total[u.Slug] += u.n
	}
	slices.SortFunc(uses, func(a, b use) int {
		return cmp.Or(cmp.Compare(total[b.Slug], total[a.Slug]), cmp.Compare(a.Slug, b.Slug), cmp.Compare(b.n, a.n), cmp.Compare(a.Name, b.Name))
	})
	uses = slices.CompactFunc(uses, func(a, b use) bool { return a.Slug == b.Slug })
	var all []Label
	for _, u := range uses {
		all = append(all, u.Label)
	}
	return all, nil
}

func oneRecord(ctx context.Context, h db.Handle, condition string, value any) (record, error) {
	// Several articles may share an address or hash, as two copies of one file do: the first then stands for all.
	all, err := records(ctx, h, condition+` ORDER BY id LIMIT 1`, value)
	if err != nil {
		return record{}, fmt.Errorf("article %v: %w", value, err)
	}
	if len(all) == 0 {
		return record{}, fmt.Errorf("article %v: %w", value, ErrNotFound)
	}
	return all[0], nil
}

// records returns the articles that the rest of a SELECT after WHERE asks for. Authors and tags of all of them come
// with two more queries, not two for each.
func records(ctx context.Context, h db.Handle, rest string, args ...any) ([]record, error) {
	all, err := db.Collect(ctx, h, scanRecord, `SELECT `+columns+` FROM articles WHERE `+rest, args...)
	if err != nil {
		return nil, err
	}
	for chunk := range slices.Chunk(all, idBatch) {
		at := make(map[int64]*record, len(chunk))
		ids := make([]any, 0, len(chunk))
		for i := range chunk {
			at[chunk[i].ID] = &chunk[i]
			ids = append(ids, chunk[i].ID)
		}
		err := loadLabels(ctx, h, "article_authors", ids, func(id int64, l Label) { at[id].Authors = append(at[id].Authors, l) })
		if err != nil {
			return nil, err
		}
		err = loadLabels(ctx, h, "article_tags", ids, func(id int64, l Label) { at[id].Tags = append(at[id].Tags, l) })
		if err != nil {
			return nil, err
		}
	}
	return all, nil
}

func loadLabels(ctx context.Context, h db.Handle, table string, ids []any, add func(id int64, l Label)) error {
	_, err := db.Collect(ctx, h, func(row *sql.Rows) (struct{}, error) {
		var id int64
		var l Label
		if err := row.Scan(&id, &l.Name, &l.Slug); err != nil {
			return struct{}{}, err
		}
		add(id, l)
		return struct{}{}, nil
	}, `SELECT article, name, slug FROM `+table+` WHERE article IN (`+db.Placeholders(1, len(ids))+`) ORDER BY article, pos`, ids...)
	return err
}

func articlesOf(all []record) []Article {
	articles := make([]Article, len(all))
	for i, r := range all {
		articles[i] = r.Article
	}
	return articles
}
