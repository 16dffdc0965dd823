package related_test

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"vestnik/articles/related"
	"vestnik/articles/words"
	"vestnik/db"
	"vestnik/db/dbtest"
)

// A step is one thing that happens to the articles of two databases alike.
type step struct {
	id    int64
	state string // "" for an article that is removed
	text  words.Text
}

// Whatever is written, both engines find the same articles in the same order, count the same, and compare to the same bit. Where the tests
// run on SQLite alone, two of its databases are held together, which finds what depends on chance.
func TestBothEnginesAnswerAlike(t *testing.T) {
	both := []*db.DB{dbtest.OpenSQLite(t), dbtest.Open(t)}
	run := 0
	rapid.Check(t, func(r *rapid.T) {
		run++
		lang := fmt.Sprintf("%s-x%d", rapid.SampledFrom([]string{"ru", "en", "zh"}).Draw(r, "language"), run) // a collection of its own
		steps := rapid.SliceOfN(stepOf(lang, int64(run)*100), 3, 14).Draw(r, "steps")
		for _, d := range both {
			if err := d.Tx(context.Background(), func(tx *sql.Tx) error { return takeAll(tx, steps) }); err != nil {
				t.Fatalf("%s: %v", d.Engine, err)
			}
		}
		known := knownWords(t, both[0], steps)
		for range 4 {
			q := queryOf(lang, known).Draw(r, "query")
			holdAlike(r, both, fmt.Sprintf("candidates of %+v", q), func(d *db.DB) (any, error) { return words.Candidates(context.Background(), d, q) })
		}
		holdAlike(r, both, "frequencies", func(d *db.DB) (any, error) { return words.Frequencies(context.Background(), d, lang, known) })
		for _, s := range steps {
			q := related.Query{Article: s.id, Language: lang, Moment: db.Time(s.id), Limit: 5}
			holdAlike(r, both, fmt.Sprint("similar to ", s.id), func(d *db.DB) (any, error) { return related.Similar(context.Background(), d, q) })
			holdAlike(r, both, fmt.Sprint("near ", s.id), func(d *db.DB) (any, error) {
				_, near, err := related.Lists(context.Background(), d, q)
				return near, err
			})
		}
	})
}

// holdAlike asks both; %v of a float64 is exact.
func holdAlike(r *rapid.T, both []*db.DB, what string, ask func(d *db.DB) (any, error)) {
	var answers []string
	for _, d := range both {
		got, err := ask(d)
		if err != nil {
			r.Fatalf("%s: %s: %v", d.Engine, what, err)
		}
		answers = append(answers, fmt.Sprintf("%v", got))
	}
	if answers[0] != answers[1] {
		r.Errorf("%s:\n%s: %s\n%s: %s", what, both[0].Engine, answers[0], both[1].Engine, answers[1])
	}
}

// pieces are what texts are made of: words that belong together, and what an engine might take for its own.
var pieces = strings.Split(`Сахалин|сахалинский|кинокластер|кино|съёмки|студия|Ёлка|harbour|cinema|fire-station|ООО|OOO|PRщик|U.S.A.|don't|it’s|C++|№5|3,5|
	AND|OR|NOT|NEAR(a b)|"a b"|'|''|"|\|\\|:*|a:1A|& | !x|<->|*|^title|東京都知事|東京|ไทย|l·l|a_b|_|%|а`+"\u202f"+`б|x`+"\u00ad"+`y|и`+"\u0306"+`|ß|ИСТАНБУЛ|İstanbul|`+"\U0001F468\u200D\U0001F469", "|")

func textOf() *rapid.Generator[string] {
	anything := rapid.Custom(func(t *rapid.T) string { return db.Text(rapid.String().Draw(t, "any")) })
	piece := rapid.OneOf(rapid.SampledFrom(pieces), rapid.SampledFrom(pieces), rapid.SampledFrom(pieces), anything)
	return rapid.Custom(func(t *rapid.T) string { return strings.Join(rapid.SliceOfN(piece, 0, 12).Draw(t, "pieces"), " ") })
}

func stepOf(lang string, first int64) *rapid.Generator[step] {
	return rapid.Custom(func(t *rapid.T) step {
		return step{
			id:    first + rapid.Int64Range(1, 9).Draw(t, "article"),
			state: rapid.SampledFrom([]string{"published", "published", "published", "draft", ""}).Draw(t, "state"),
			text: words.Text{Language: lang, Title: textOf().Draw(t, "title"), Standfirst: textOf().Draw(t, "standfirst"),
				Tags: rapid.SliceOfN(rapid.SampledFrom(pieces), 0, 2).Draw(t, "tags"), Body: textOf().Draw(t, "body")},
		}
	})
}

func queryOf(lang string, known []string) *rapid.Generator[words.Query] {
	word := rapid.SampledFrom(append([]string{"none", "don't", "a\"b", "и"}, known...))
	return rapid.Custom(func(t *rapid.T) words.Query {
		return words.Query{Language: lang, Limit: rapid.IntRange(1, 9).Draw(t, "limit"),
			Any: rapid.SliceOfN(word, 0, 4).Draw(t, "any"),
			All: rapid.SliceOfN(rapid.SliceOfN(word, 1, 3), 0, 3).Draw(t, "all")}
	})
}

// takeAll writes the articles, some of which come more than once.
func takeAll(tx *sql.Tx, steps []step) error {
	ctx := context.Background()
	for _, s := range steps {
		_, err := tx.ExecContext(ctx, `INSERT INTO articles (id, slug, guid, kind, title, standfirst, html, text, language, section, section_title,
				url, image, image_alt, published, updated, seen, moment, state, change, path, hash)
			VALUES ($1, $2, $2, 'article', '', '', '', '', $3, '', '', '', '', '', 0, 0, 0, $4, $5, 0, '', '')
			ON CONFLICT (id) DO UPDATE SET state = excluded.state`, s.id, fmt.Sprint(s.id), s.text.Language, s.id/2, s.state)
		if err == nil && s.state == "" {
			err = words.Forget(ctx, tx, s.id)
		} else if err == nil {
			err = words.Add(ctx, tx, s.id, s.text)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// knownWords are the words of the articles, sorted.
func knownWords(t *testing.T, d *db.DB, steps []step) []string {
	t.Helper()
	var ids []int64
	for _, s := range steps {
		ids = append(ids, s.id)
	}
	documents, err := words.Documents(context.Background(), d, ids)
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{}
	for _, document := range documents {
		for _, term := range document.Terms {
			known[term.Word] = true
		}
	}
	return slices.Sorted(maps.Keys(known))
}
