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
	Readable bool     // leaves out briefs that have no page elsewhere, so nothing to read
	Section  string   // slug
	Sections []string // slugs, one of which will do; none for any
	Tag      string   // slug
	Author   string   // slug
	Language string
	Since    time.Time // moment at or after
	Before   time.Time // moment before; for the next page the last one's Moment …
	BeforeID int64     // … with the last one's ID: then those of the same moment after it in the list follow too
	Limit    int       // 0: all
}

// List returns articles, the newest moment first, then the higher id, with their authors and tags.
func List(ctx context.Context, h db.Handle, f Filter) ([]Article, error) {
	if f.Tag != "" || f.Author != "" { // whose own rows are in order
		return listLabelled(ctx, h, f)
	}
	s := f.selection("moment", "id")
	all, err := records(ctx, h, s.conditions()+s.order(f.Limit), s.args...)
	if err != nil {
		return nil, fmt.Errorf("list articles: %w", err)
	}
	return articlesOf(all), nil
}

func listLabelled(ctx context.Context, h db.Handle, f Filter) ([]Article, error) {
	found, err := Outlines(ctx, h, f)
	if err != nil {
		return nil, err
	}
	ids := make([]int64, len(found))
	for i, o := range found {
		ids[i] = o.ID
	}
	all, err := ByIDs(ctx, h, ids)
	return slices.DeleteFunc(all, func(a Article) bool { // withdrawn a moment ago
		return f.State != AnyState && a.State != cmp.Or(f.State, Published)
	}), err
}

// A selection is the part of a statement that a [Filter] becomes.
type selection struct {
	moment, id string // the columns that it goes by
	where      []string
	args       []any
}

// readable is as the partial indexes have it, so that they are used.
const readable = `(kind <> 'brief' OR url <> '')`

// selection makes the conditions on articles. moment and id name the columns to go by: they may be another table's.
func (f Filter) selection(moment, id string) *selection {
	s := &selection{moment: moment, id: id}
	switch f.State {
	case AnyState:
	case "", Published:
		s.add("state = 'published'") // no parameter, for the same reason
	default:
		s.add("state = ?", f.State)
	}
	if f.Readable {
		s.add(readable)
	}
	for _, equal := range []struct{ condition, value string }{
		{"kind = ?", f.Kind}, {"section = ?", f.Section}, {"language = ?", f.Language},
		{"articles.id IN (SELECT article FROM article_tags WHERE slug = ?)", f.Tag},
		{"articles.id IN (SELECT article FROM article_authors WHERE slug = ?)", f.Author},
	} {
		if equal.value != "" {
			s.add(equal.condition, equal.value)
		}
	}
	if len(f.Sections) > 0 {
		s.add("section IN (?"+strings.Repeat(", ?", len(f.Sections)-1)+")", db.Args(f.Sections)...)
	}
	if !f.Since.IsZero() {
		s.add(moment+" >= ?", db.Milli(f.Since))
	}
	if !f.Before.IsZero() {
		s.add("("+moment+" < ? OR "+moment+" = ? AND "+id+" < ?)", db.Milli(f.Before), db.Milli(f.Before), f.BeforeID)
	}
	return s
}

// add adds a condition, whose question marks stand for the values.
func (s *selection) add(condition string, values ...any) {
	for _, value := range values {
		s.args = append(s.args, value)
		condition = strings.Replace(condition, "?", fmt.Sprintf("$%d", len(s.args)), 1)
	}
	s.where = append(s.where, condition)
}

func (s *selection) conditions() string {
	if len(s.where) == 0 {
		return `1 = 1`
	}
	return strings.Join(s.where, " AND ")
}

// order puts the newest first, at most limit of them; 0 is all.
func (s *selection) order(limit int) string {
	order := " ORDER BY " + s.moment + " DESC, " + s.id + " DESC"
	if limit > 0 {
		s.args = append(s.args, int64(limit))
		order += fmt.Sprintf(" LIMIT $%d", len(s.args))
	}
	return order
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
		found, err := records(ctx, h, `id IN (`+db.Placeholders(1, len(chunk))+`)`, db.Args(chunk)...)
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
