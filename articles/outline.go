package articles

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"
	"time"

	"vestnik/db"
)

// An Outline is what feeds and site maps need of an article whose text they do not show, or have already.
type Outline struct {
	ID        int64
	GUID      string
	Kind      string
	URL       string // original address elsewhere; "" when the article's page is ours
	Language  string
	Change    int64
	Published time.Time // zero: unknown
	Updated   time.Time
	Moment    time.Time
}

// Outlines is [List] without the texts, and costs next to nothing. A feed that is asked for again and again tells by it
// whether anything in it is new.
func Outlines(ctx context.Context, h db.Handle, f Filter) ([]Outline, error) {
	from, s := f.source()
	query := `SELECT articles.id, guid, kind, url, language, change, published, updated, articles.moment
		FROM ` + from + `
		WHERE ` + s.conditions() + s.order(f.Limit)
	all, err := db.Collect(ctx, h, func(row *sql.Rows) (o Outline, err error) {
		var published, updated, moment int64
		err = row.Scan(&o.ID, &o.GUID, &o.Kind, &o.URL, &o.Language, &o.Change, &published, &updated, &moment)
		o.Published, o.Updated, o.Moment = db.Time(published), db.Time(updated), db.Time(moment)
		return o, err
	}, query, s.args...)
	if err != nil {
		return nil, fmt.Errorf("outlines of articles: %w", err)
	}
	return all, nil
}

// source is where the filtered articles are found soonest. The newest articles of a tag or an author come from its own
// rows, in order, and no others are looked at. The join is written CROSS JOIN because SQLite then keeps its order.
func (f Filter) source() (from string, s *selection) {
	table, slug := "", ""
	switch {
	case f.Tag != "":
		table, slug, f.Tag = "article_tags", f.Tag, ""
	case f.Author != "":
		table, slug, f.Author = "article_authors", f.Author, ""
	default:
		return "articles", f.selection("moment", "id")
	}
	s = f.selection("l.moment", "l.article")
	s.add("l.slug = ?", slug)
	s.add("articles.id = l.article")
	return table + " AS l CROSS JOIN articles", s
}

// A Gone is an article that was public and was taken back.
type Gone struct {
	GUID   string
	Change int64
	At     time.Time
}

// Deleted returns at most limit withdrawn and removed articles that had been public and were in the filter's section,
// tag and author, the newest change first. Its other fields do not matter. A removed article is forgotten: it has a
// section still, but no tags and authors.
func Deleted(ctx context.Context, h db.Handle, f Filter, limit int) ([]Gone, error) {
	s := Filter{State: AnyState, Section: f.Section, Tag: f.Tag, Author: f.Author}.selection("moment", "id")
	s.add("state IN ('withdrawn', 'removed')")
	s.add("articles.change > 0")
	s.args = append(s.args, int64(limit))
	all, err := db.Collect(ctx, h, func(row *sql.Rows) (g Gone, err error) {
		var at int64
		err = row.Scan(&g.GUID, &g.Change, &at)
		g.At = db.Time(at)
		return g, err
	}, `SELECT guid, articles.change, changes.at
		FROM articles
		JOIN changes ON changes.change = articles.change
		WHERE `+s.conditions()+`
		ORDER BY articles.change DESC
		LIMIT $`+fmt.Sprint(len(s.args)), s.args...)
	if err != nil {
		return nil, fmt.Errorf("deleted articles: %w", err)
	}
	return all, nil
}

// A Count says how many articles a section, tag or author has.
type Count struct {
	Label
	Articles int64
	Language string    // of a section: that of more than half of them; "" where there is none, and for tags and authors
	Updated  time.Time // the newest update among them
	Change   int64     // the highest change number among them
}

// Counts returns the sections, tags or authors (the kind: section | tag | author) of published articles that can be read
// ([Filter].Readable), by slug. One whose name was written in several ways has the most usual one.
func Counts(ctx context.Context, h db.Handle, kind string) ([]Count, error) {
	query, ok := countQueries[kind]
	if !ok {
		return nil, fmt.Errorf("count articles: %q is neither section, tag nor author", kind)
	}
	all, err := db.Collect(ctx, h, func(row *sql.Rows) (c Count, err error) {
		var updated int64
		err = row.Scan(&c.Slug, &c.Name, &c.Language, &c.Articles, &updated, &c.Change)
		c.Updated = db.Time(updated)
		return c, err
	}, query)
	if err != nil {
		return nil, fmt.Errorf("count articles by %s: %w", kind, err)
	}
	return mergeCounts(all), nil
}

// mergeCounts puts the spellings and languages of each name together, in the order of slugs.
func mergeCounts(all []Count) (merged []Count) {
	slices.SortStableFunc(all, func(a, b Count) int { return cmp.Compare(a.Slug, b.Slug) })
	for len(all) > 0 {
		n := 0
		sum, names, languages := Count{}, map[string]int64{}, map[string]int64{}
		for ; n < len(all) && all[n].Slug == all[0].Slug; n++ {
			c := all[n]
			names[c.Name] += c.Articles
			languages[c.Language] += c.Articles
			sum.Articles, sum.Updated, sum.Change = sum.Articles+c.Articles, later(sum.Updated, c.Updated), max(sum.Change, c.Change)
		}
		sum.Slug, sum.Name, sum.Language = all[0].Slug, mostOf(names), mostOf(languages)
		if 2*languages[sum.Language] <= sum.Articles {
			sum.Language = ""
		}
		merged, all = append(merged, sum), all[n:]
	}
	return merged
}

// mostOf is the word with the highest number, the first in the alphabet of several.
func mostOf(counts map[string]int64) (most string) {
	for _, word := range slices.Sorted(maps.Keys(counts)) {
		if most == "" || counts[word] > counts[most] {
			most = word
		}
	}
	return most
}

var countQueries = map[string]string{
	"section": `
		SELECT section, section_title, language, COUNT(*), MAX(updated), MAX(change)
		FROM articles
		WHERE state = 'published' AND ` + readable + ` AND section <> ''
		GROUP BY section, section_title, language`,
	"tag":    countLabels("article_tags"),
	"author": countLabels("article_authors"),
}

func countLabels(table string) string {
	return `
		SELECT l.slug, l.name, '', COUNT(*), MAX(a.updated), MAX(a.change)
		FROM ` + table + ` AS l
		JOIN articles AS a ON a.id = l.article
		WHERE a.state = 'published' AND (a.kind <> 'brief' OR a.url <> '')
		GROUP BY l.slug, l.name`
}
