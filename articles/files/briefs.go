package files

import (
	"cmp"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"

	"vestnik/articles"
	"vestnik/articles/clean"
	"vestnik/articles/manuscript"
	"vestnik/db"
)

// loadTitles fetches the titles of the published articles once: a headline that is one of them stands for it.
func (r *run) loadTitles(ctx context.Context) error {
	if r.titles != nil {
		return nil
	}
	type titled struct {
		id    int64
		title string
	}
	all, err := db.Collect(ctx, r.d, func(row *sql.Rows) (a titled, err error) {
		return a, row.Scan(&a.id, &a.title)
	}, `
		SELECT id, title
		FROM articles
		WHERE kind = $1 AND state = $2
		ORDER BY moment, id`, articles.KindArticle, articles.Published)
	if err != nil {
		return manuscript.Faultf(1, "the titles of the site's articles cannot be read: %s", err)
	}
	r.titles = make(map[string]int64, len(all))
	for _, a := range all {
		r.titles[a.title] = a.id // the newest has the title
	}
	return nil
}

// remember notes what later files of the run need to know of one that went in.
func (r *run) remember(f foundFile, m manuscript.Manuscript, s stored) {
	r.claimed[s.article.Slug] = f.path
	if r.titles != nil && s.article.Kind == articles.KindArticle && s.article.State == articles.Published {
		r.titles[s.article.Title] = s.article.ID
	}
	if line := m.Lines["related"]; line > 0 {
		r.pending = append(r.pending, relatedList{len(r.results), s, m.Related, line})
	}
}

// putHeadlines puts a brief for each headline of the boxes that is no article's title, and records the headlines of
// "related" as the editors' list. It returns how many briefs are new.
func (r *run) putHeadlines(ctx context.Context, tx *sql.Tx, m *manuscript.Manuscript, s stored) (added int, err error) {
	ids := map[string]int64{s.article.Title: s.article.ID}
	var related []int64
	for i, headline := range slices.Concat(m.MostRead, m.RelatedBox) {
		title := clean.Line(headline)
		id := cmp.Or(ids[title], r.titles[title])
		if id == 0 {
			brief, outcome, err := articles.Put(ctx, tx, r.Site, briefOf(title, m.Input.Language), r.now)
			if err != nil {
				return 0, err
			}
			if outcome == articles.Added {
				added++
			}
			id = brief.ID
			ids[title] = id
		}
		if i >= len(m.MostRead) && id != s.article.ID {
			related = append(related, id)
		}
	}
	if len(related) == 0 {
		return added, nil
	}
	return added, r.setRelated(ctx, tx, s, related)
}

// briefOf is the brief of a headline. Its hash is made of the headline alone, so that the same headline on many pages
// is one brief; when it was published nobody knows.
func briefOf(title, lang string) articles.Input {
	sum := sha256.Sum256([]byte("brief\n" + title))
	return articles.Input{Kind: articles.KindBrief, Title: title, Language: lang, Hash: hex.EncodeToString(sum[:])}
}

// setRelated makes related the editors' list of an article. That of an unchanged file is only completed: an editor may
// have made another one since.
func (r *run) setRelated(ctx context.Context, tx *sql.Tx, s stored, related []int64) error {
	if s.outcome == articles.Unchanged {
		have, err := articles.RelatedList(ctx, tx, s.article.ID)
		if err != nil || slices.ContainsFunc(have, func(id int64) bool { return !slices.Contains(related, id) }) {
			return err
		}
	}
	return articles.SetRelated(ctx, tx, s.article.ID, related, r.now)
}

// relatedList is an editors' list from front matter, set when all files of the run are in: it may name later ones.
type relatedList struct {
	result int // index of the file's
	of     stored
	slugs  []string
	line   int
}

// linkRelated sets the editors' lists that the front matter of this run's files names.
func (r *run) linkRelated(ctx context.Context) {
	for _, list := range r.pending {
		result := &r.results[list.result]
		missing, err := r.link(ctx, list)
		if err != nil {
			result.Err = errors.New(at(result.Path, list.line, "its list of related articles was not recorded: "+err.Error()))
			continue
		}
		for _, slug := range missing {
			result.Warnings = append(result.Warnings, at(result.Path, list.line,
				fmt.Sprintf("no article has the slug %.80q that related names; import that one too, and this file again", slug)))
		}
	}
}

// link sets one list and returns the slugs that no article has.
func (r *run) link(ctx context.Context, list relatedList) (missing []string, err error) {
	err = r.d.Tx(ctx, func(tx *sql.Tx) error {
		missing = nil // the transaction may run again
		var related []int64
		for _, slug := range list.slugs {
			other, err := articles.Find(ctx, tx, slug)
			switch {
			case errors.Is(err, articles.ErrNotFound):
				missing = append(missing, slug)
			case err != nil:
				return err
			default:
				related = append(related, other.ID)
			}
		}
		return r.setRelated(ctx, tx, list.of, related)
	})
	return missing, err
}
