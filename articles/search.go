package articles

import (
	"context"
	"fmt"
	"strings"
	"time"

	"vestnik/articles/search"
	"vestnik/db"
)

// A Part is a piece of plain text; Hit says that it is a word that was searched for.
type Part = search.Part

// SearchMost is how many articles a search finds at most.
const SearchMost = search.Most

// A SearchQuery is what somebody searches for. Only and Section do not filter where they are "".
type SearchQuery struct {
	Text     string // as it was typed; its first 200 characters and 12 words are read
	Language string // the site's: BCP 47, as "ru"
	Only     string // articles in this language alone
	Section  string // slug
	Offset   int    // articles that are passed over
	Limit    int
}

// Findings are the answer to a [SearchQuery].
type Findings struct {
	Text  string // of the query, as far as it was read
	Asked bool   // it has a word to search for: no mere signs or single letters
	Some  bool   // no article has all the words: these have some of them
	Total int    // how many were found, at most [SearchMost]
	Full  bool   // only the newest were looked at, and there may be more
	Found []Finding
}

// A Finding is an article that was found.
type Finding struct {
	Article
	Score    float64
	Headline []Part // the title
	Snippet  []Part // the passage of its standfirst and text that has most of the query; in one line
}

// Search returns the published articles that have all words of a query in any of their forms, or some of the words where none has
// all, the best first: BM25 with recency (package search). Quotation marks and other signs mean nothing. The result is the same
// on every database that holds the same articles.
func Search(ctx context.Context, h db.Handle, q SearchQuery, now time.Time) (Findings, error) {
	f := Findings{Text: search.Trim(q.Text), Asked: !search.Empty(q.Language, q.Text)}
	if !f.Asked {
		return f, nil
	}
	r, err := search.Search(ctx, h, search.Query{Text: f.Text, Language: q.Language, Only: q.Only, Section: q.Section, Now: now})
	if err == nil {
		f.Total, f.Some, f.Full = len(r.Hits), r.Some, r.Full
		f.Found, err = findings(ctx, h, r, q.Offset, q.Limit)
	}
	if err != nil {
		return Findings{}, fmt.Errorf("search for %q: %w", f.Text, err)
	}
	return f, nil
}

// findings are the articles of one page of a result, with what was searched for marked in them.
func findings(ctx context.Context, h db.Handle, r search.Result, offset, limit int) ([]Finding, error) {
	page := r.Hits[min(max(offset, 0), len(r.Hits)):]
	page = page[:min(max(limit, 0), len(page))]
	ids, hits := make([]int64, len(page)), map[int64]search.Hit{}
	for i, hit := range page {
		ids[i], hits[hit.Article] = hit.Article, hit
	}
	all, err := ByIDs(ctx, h, ids)
	var found []Finding
	for _, a := range all {
		if a.State != Published { // withdrawn a moment ago
			continue
		}
		pen := r.Pen(hits[a.ID])
		found = append(found, Finding{Article: a, Score: hits[a.ID].Score, Headline: pen.Mark(a.Title), Snippet: pen.Snippet(running(a))})
	}
	return found, err
}

// running is an article's standfirst and text as one, which the end of a sentence parts.
func running(a Article) string {
	if a.Standfirst == "" || strings.ContainsAny(a.Standfirst[len(a.Standfirst)-1:], ".!?") || strings.HasSuffix(a.Standfirst, "…") {
		return a.Standfirst + "\n\n" + a.Text
	}
	return a.Standfirst + ".\n\n" + a.Text
}
