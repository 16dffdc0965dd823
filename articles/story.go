package articles

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"vestnik/articles/related"
	"vestnik/db"
)

// Two articles are of one story from these likenesses on. Measured ([Stories.Same] over all pairs): of the 126 invented items of
// related/testdata/stories.txt, where a story is a subject of nine items over months, 16 pairs of 504 of one subject are as much alike as
// 0.25, and each is about one event or about what came of it; of different subjects none is, and one at 0.22. On the saved news page,
// whose headlines are all there is of its articles, five of twenty are about one film and 0.18 to 0.80 alike; its name in quotation marks
// makes all ten pairs one story. Two more pairs of that page are: two reports on pirate showings, and two weekly reviews of releases,
// which are none. With full texts the figures are higher for one story, and lower for two.
const (
	sameStory = 0.25
	sameNamed = 0.12 // where the titles have a name of two words or more in quotation marks in common
)

// Stories tell which of some articles are about the same story.
type Stories struct {
	languages map[int64]string
	names     map[int64][]string
	alike     map[string]related.Among // by language
}

// StoriesOf makes ready to tell which of the articles are about the same story, by their words as they are now.
func StoriesOf(ctx context.Context, h db.Handle, ids []int64) (Stories, error) {
	s := Stories{map[int64]string{}, map[int64][]string{}, map[string]related.Among{}}
	byLanguage := map[string][]int64{}
	for some := range slices.Chunk(ids, idBatch) {
		_, err := db.Collect(ctx, h, func(row *sql.Rows) (_ struct{}, err error) {
			var id int64
			var language, title string
			err = row.Scan(&id, &language, &title)
			s.languages[id], s.names[id] = language, quoted(title)
			byLanguage[language] = append(byLanguage[language], id)
			return struct{}{}, err
		}, `SELECT id, language, title FROM articles WHERE id IN (`+db.Placeholders(1, len(some))+`) ORDER BY id`, db.Args(some)...)
		if err != nil {
			return s, fmt.Errorf("stories of articles: %w", err)
		}
	}
	for language, some := range byLanguage {
		among, err := related.Compare(ctx, h, language, some)
		if err != nil {
			return s, fmt.Errorf("stories of articles: %w", err)
		}
		s.alike[language] = among
	}
	return s, nil
}

// Same is how much two of the articles are alike if they are about one story, else 0.
func (s Stories) Same(one, other int64) float64 {
	language, known := s.languages[one]
	if !known || language != s.languages[other] {
		return 0
	}
	alike := s.alike[language].Of(one, other)
	least := sameStory
	if slices.ContainsFunc(s.names[one], func(name string) bool { return slices.Contains(s.names[other], name) }) {
		least = sameNamed
	}
	if alike < least {
		return 0
	}
	return alike
}

// quoted are the names of two words and more that stand in quotation marks in a title, in lower case. A single word is often a company
// that is in all news of a trade.
func quoted(title string) (names []string) {
	for _, marks := range []struct{ open, close string }{{"«", "»"}, {"“", "”"}, {"„", "“"}} {
		for rest := title; ; {
			_, after, ok := strings.Cut(rest, marks.open)
			if !ok {
				break
			}
			name, left, ok := strings.Cut(after, marks.close)
			if !ok {
				break
			}
			if words := strings.Fields(strings.ToLower(name)); len(words) >= 2 {
				names = append(names, strings.Join(words, " "))
			}
			rest = left
		}
	}
	return names
}
