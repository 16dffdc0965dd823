package articles

import (
	"context"
	"fmt"
	"testing"

	"vestnik/articles/words"
	"vestnik/db/dbtest"
	"vestnik/db/schema"
)

// A database of the version before had its words as rows of article_terms, at most 64 of an article.
func TestADatabaseOfTheVersionBeforeFindsEveryArticleOnceReindexed(t *testing.T) {
	ctx := context.Background()
	d := dbtest.OpenEmpty(t)
	steps, err := schema.Steps()
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := schema.MigrateTo(ctx, d, steps[:3]); err != nil {
		t.Fatal(err)
	}
	const n = reindexStep + 3
	for id := range int64(n) {
		state := Published
		switch id {
		case 0:
			state = Removed
		case 1:
			state = Draft
		}
		_, err := d.ExecContext(ctx, `INSERT INTO articles (id, slug, guid, kind, title, standfirst, html, text, language, section, section_title, url, image,
				image_alt, published, updated, seen, moment, state, change, path, hash)
			VALUES ($1, $2, $2, 'article', 'Маяк', '', '', $3, 'ru', '', '', '', '', '', $1, $1, 1, $1, $4, 1, '', '')`,
			id+1, fmt.Sprint("mayak-", id), fmt.Sprintf("Стоит на скале%d.", id), state)
		if err == nil {
			_, err = d.ExecContext(ctx, `INSERT INTO article_terms (term, article, weight) VALUES ('#2', $1, 0), ('=ru', $1, 0), ('маяк', $1, 3)`, id+1)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if _, _, err := schema.Migrate(ctx, d); err != nil {
		t.Fatal(err)
	}
	if made, err := Reindex(ctx, d); err != nil || made != n-1 {
		t.Errorf("Reindex = %d, %v; want all but the removed one, %d", made, err, n-1)
	}
	if found, err := words.Candidates(ctx, d, words.Query{Any: []string{"маяк"}, Language: "ru", Limit: 2 * n}); err != nil || len(found) != n-2 {
		t.Errorf("%d found by the title, %v; want all published, %d", len(found), err, n-2)
	}
	for id := range int64(n) {
		found, err := words.Candidates(ctx, d, words.Query{Any: []string{fmt.Sprint("скале", id)}, Language: "ru", Limit: 9})
		if want := id > 1; err != nil || (len(found) == 1) != want {
			t.Errorf("article %d by a word of its text: %v, %v; want it to be found: %v", id+1, found, err, want)
		}
	}
	if total, _, err := words.Statistics(ctx, d, "ru"); err != nil || total != n-1 {
		t.Errorf("%d articles have words, %v; want %d", total, err, n-1)
	}
}
