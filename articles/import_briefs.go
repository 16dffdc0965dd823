package articles

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"slices"
	"time"

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
		ORDER BY moment, id`, KindArticle, Published)
	if err != nil {
		return bad(1, "the titles of the site's articles cannot be read: %s", err)
	}
	r.titles = make(map[string]int64, len(all))
	for _, a := range all {
		r.titles[a.title] = a.id // the newest has the title
	}
	return nil
}

// remember notes what later files of the run need to know of one that went in.
func (r *run) remember(f foundFile, doc document, s stored) {
	r.claimed[s.article.Slug] = f.path
	if r.titles != nil && s.article.Kind == KindArticle && s.article.State == Published {
		r.titles[s.article.Title] = s.article.ID
	}
	if line := doc.lines["related"]; line > 0 {
		r.pending = append(r.pending, relatedList{f.path, s, doc.related, line})
	}
}

// putHeadlines puts a brief for each headline of the boxes that is no article's title, and records the headlines of
// "related" as the editors' list. It returns how many briefs are new.
func (r *run) putHeadlines(ctx context.Context, tx *sql.Tx, doc document, a Article) (added int, err error) {
	idOf := map[string]int64{a.Title: a.ID}
	find := func(headline string) (int64, error) {
		title := PlainLine(headline)
		if id := idOf[title]; id != 0 {
			return id, nil
		}
		if id := r.titles[title]; id != 0 {
			return id, nil
		}
		brief, outcome, err := Put(ctx, tx, r.Site, briefOf(title, doc.in.Language), r.now)
		if err != nil {
			return 0, err
		}
		if outcome == Added {
			added++
		}
		idOf[title] = brief.ID
		return brief.ID, nil
	}
	for _, headline := range doc.mostRead {
		if _, err := find(headline); err != nil {
			return 0, err
		}
	}
	var related []int64
	for _, headline := range doc.relatedBox {
		id, err := find(headline)
		if err != nil {
			return 0, err
		}
		if id != a.ID && !slices.Contains(related, id) {
			related = append(related, id)
		}
	}
	if len(related) == 0 {
		return added, nil
	}
	return added, SetRelated(ctx, tx, a.ID, related)
}

// briefOf is the brief of a headline. Its hash is made of the headline alone, so that the same headline on many pages
// is one brief; when it was published nobody knows.
func briefOf(title, lang string) Input {
	sum := sha256.Sum256([]byte("brief\n" + title))
	return Input{Kind: KindBrief, Title: title, Language: lang, Published: time.Time{}, Hash: hex.EncodeToString(sum[:])}
}

// relatedList is an editors' list from front matter, set when all files of the run are in: it may name later ones.
type relatedList struct {
	path  string
	of    stored
	slugs []string
	line  int
}

// linkRelated sets the editors' lists that the front matter of this run's files names.
func (r *run) linkRelated(ctx context.Context, results []FileResult) {
	for _, list := range r.pending {
		i := slices.IndexFunc(results, func(f FileResult) bool { return f.Path == list.path && f.Err == nil })
		missing, err := r.setRelated(ctx, list)
		if err != nil {
			results[i].Err = errors.New(at(list.path, list.line, "its list of related articles was not recorded: "+err.Error()))
			continue
		}
		for _, slug := range missing {
			results[i].Warnings = append(results[i].Warnings, at(list.path, list.line,
				"no article has the slug "+quote(slug)+" that related names; import that one too, and this file again"))
		}
	}
}

// setRelated sets one list and returns the slugs that no article has. The list of an unchanged file is only
// completed, in case that an editor has meanwhile made another one.
func (r *run) setRelated(ctx context.Context, list relatedList) (missing []string, err error) {
	a := list.of.article
	err = r.d.Tx(ctx, func(tx *sql.Tx) error {
		missing = nil
		var want []int64
		for _, slug := range list.slugs {
			other, err := Find(ctx, tx, slug)
			switch {
			case errors.Is(err, ErrNotFound):
				missing = append(missing, slug)
			case err != nil:
				return err
			case other.ID != a.ID && !slices.Contains(want, other.ID):
				want = append(want, other.ID)
			}
		}
		have, err := db.Collect(ctx, tx, func(row *sql.Rows) (id int64, err error) { return id, row.Scan(&id) }, `
			SELECT other
			FROM article_related
			WHERE article = $1
			ORDER BY pos`, a.ID)
		if err != nil {
			return err
		}
		if slices.Equal(have, want) || list.of.outcome == Unchanged && !isPart(have, want) {
			return nil
		}
		return SetRelated(ctx, tx, a.ID, want)
	})
	return missing, err
}

func isPart(part, whole []int64) bool {
	return !slices.ContainsFunc(part, func(id int64) bool { return !slices.Contains(whole, id) })
}
