package related_test

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/clipperhouse/uax29/v2/words"

	"vestnik/articles"
	"vestnik/articles/files"
	"vestnik/articles/related"
	"vestnik/db"
	"vestnik/db/dbtest"
	"vestnik/language"
)

var newsSite = articles.Site{URL: "https://news.example", Language: "ru", Location: time.UTC}

var newsDay = time.Date(2026, 11, 24, 8, 0, 0, 0, time.UTC)

// An item is one piece of news of testdata/stories.txt.
type item struct {
	story, half string
	language    string
	title, text string
	article     articles.Article
}

// stories puts the items of testdata/stories.txt, each some days from the next of its story, and returns them.
func stories(t testing.TB, d *db.DB) []item {
	t.Helper()
	text, err := os.ReadFile("testdata/stories.txt")
	if err != nil {
		t.Fatal(err)
	}
	var all []item
	for _, block := range strings.Split(string(text), "\n== ")[1:] {
		lines := strings.Split(strings.TrimSpace(block), "\n")
		head := strings.Fields(lines[0])
		all = append(all, item{story: head[0], language: head[1], half: head[2], title: lines[1], text: lines[2]})
	}
	for i := range all {
		x := &all[i]
		at := newsDay.AddDate(0, 0, -(i*37)%len(all)) // the days of a story are mixed with those of others
		x.article = putItem(t, d, articles.Input{Language: x.language, Title: x.title, HTML: "<p>" + x.text + "</p>", Published: at})
	}
	return all
}

func putItem(t testing.TB, d *db.DB, in articles.Input) (a articles.Article) {
	t.Helper()
	err := d.Tx(context.Background(), func(tx *sql.Tx) (err error) {
		a, _, err = articles.Put(context.Background(), tx, newsSite, in, newsDay)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// ndcg is the normalised discounted cumulative gain of the first five places: 1 where all of them are relevant, as far
// as there are so many relevant ones.
func ndcg(relevant []bool, all int) float64 {
	var got, best float64
	for i := range 5 {
		gain := 1 / math.Log2(float64(i)+2)
		if i < len(relevant) && relevant[i] {
			got += gain
		}
		if i < all {
			best += gain
		}
	}
	return got / best
}

// A bm25 ranks texts by the usual formula (k1 1.2, b 0.75), over the words that cut makes of them.
type bm25 struct {
	texts   [][]string
	average float64
	df      map[string]int
}

func newBM25(texts [][]string) *bm25 {
	m := &bm25{texts: texts, df: map[string]int{}}
	for _, text := range texts {
		m.average += float64(len(text)) / float64(len(texts))
		for _, word := range slices.Compact(slices.Sorted(slices.Values(text))) {
			m.df[word]++
		}
	}
	return m
}

// rank returns the numbers of the texts that share a word with the query, best first.
func (m *bm25) rank(query []string) []int {
	scores := map[int]float64{}
	for _, word := range slices.Compact(slices.Sorted(slices.Values(query))) {
		idf := math.Log(1 + (float64(len(m.texts)-m.df[word])+0.5)/(float64(m.df[word])+0.5))
		for i, text := range m.texts {
			tf := 0.0
			for _, w := range text {
				if w == word {
					tf++
				}
			}
			if tf > 0 {
				scores[i] += idf * tf * 2.2 / (tf + 1.2*(0.25+0.75*float64(len(text))/m.average))
			}
		}
	}
	var order []int
	for i := range scores {
		order = append(order, i)
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Or(cmp.Compare(scores[b], scores[a]), cmp.Compare(a, b)) })
	return order
}

// plainWords are the words of a text in lower case, cut by UAX #29 and nothing more.
func plainWords(_, text string) []string {
	var all []string
	tokens := words.FromString(strings.ToLower(text))
	for tokens.Next() {
		if strings.ContainsFunc(tokens.Value(), func(r rune) bool { return r > ' ' && !strings.ContainsRune(".,:;!?«»—-–'’%", r) }) {
			all = append(all, tokens.Value())
		}
	}
	return all
}

// stems are the words of a text as the analyzer leaves them, without the parts of compounds.
func stems(lang, text string) (all []string) {
	for _, term := range language.Terms(lang, text) {
		if !term.Part {
			all = append(all, term.Word)
		}
	}
	return all
}

// measureBM25 is the mean nDCG@5 over the items of a half; each looks for its like among all items of its language.
func measureBM25(all []item, half string, cut func(lang, text string) []string) float64 {
	var texts [][]string
	for _, x := range all {
		texts = append(texts, cut(x.language, x.title+" "+x.text))
	}
	sum, n := 0.0, 0
	for i, x := range all {
		if x.half != half {
			continue
		}
		var pool [][]string
		var items []item
		for j, y := range all {
			if j != i && y.language == x.language {
				pool, items = append(pool, texts[j]), append(items, y)
			}
		}
		var relevant []bool
		for _, j := range newBM25(pool).rank(texts[i]) {
			relevant = append(relevant, items[j].story == x.story)
		}
		sum, n = sum+ndcg(relevant, ofStory(all, x)), n+1
	}
	return sum / float64(n)
}

// ofStory is how many other items the story of x has.
func ofStory(all []item, x item) int {
	n := -1
	for _, y := range all {
		if y.story == x.story {
			n++
		}
	}
	return n
}

// measureRelated is the mean nDCG@5 of what an article's page shows.
func measureRelated(t testing.TB, d *db.DB, all []item, half string) float64 {
	t.Helper()
	byID := map[int64]item{}
	for _, x := range all {
		byID[x.article.ID] = x
	}
	sum, n := 0.0, 0
	for _, x := range all {
		if x.half != half {
			continue
		}
		found, err := articles.Related(context.Background(), d, x.article, 5, nil)
		if err != nil {
			t.Fatal(err)
		}
		var relevant []bool
		for _, a := range found {
			relevant = append(relevant, byID[a.ID].story == x.story)
		}
		sum, n = sum+ndcg(relevant, ofStory(all, x)), n+1
	}
	return sum / float64(n)
}

// The gate: on stories that nothing was tuned for, the list on an article's page is better by a tenth than plain BM25 over the
// words as they stand.
func TestRelatedIsMuchBetterThanPlainWordsOnTheStoriesKeptAside(t *testing.T) {
	d := dbtest.Open(t)
	all := stories(t, d)
	languages, names := map[string]int{}, map[string]bool{}
	for _, x := range all {
		languages[x.language]++
		names[x.story] = true
	}
	if len(all) < 120 || len(names) < 12 || languages["ru"] < 60 || languages["en"] < 60 {
		t.Fatalf("%d items in %d stories, by language %v: too few to tell", len(all), len(names), languages)
	}
	for _, half := range []string{"tune", "kept"} {
		plain, stemmed, ours := measureBM25(all, half, plainWords), measureBM25(all, half, stems), measureRelated(t, d, all, half)
		t.Logf("nDCG@5 on the half %s: %.3f; BM25 over stems %.3f, over plain words %.3f", half, ours, stemmed, plain)
		if ours < plain+0.10 {
			t.Errorf("on the half %s: %.3f, want 0.10 above plain words, which have %.3f", half, ours, plain)
		}
	}
}

// savedPage takes in a page of 2018 with 25 headlines of later years, and returns it with the five of them that its editors chose
// as related. Nothing is tuned for it.
func savedPage(t testing.TB, d *db.DB) (articles.Article, []int64) {
	t.Helper()
	path := filepath.Join("..", "..", "..", "shared", "corpora", "pages", "000_98d2a3ab253641e9.txt")
	if _, err := os.Stat(path); err != nil {
		t.Skip("the saved news page is not there: " + path)
	}
	importer := files.Importer{Site: newsSite, WithHeadlines: true}
	if results, err := importer.Import(context.Background(), d, []string{path}, newsDay); err != nil || results[0].Briefs != 25 {
		t.Fatalf("import: %+v, %v", results, err)
	}
	a, err := articles.Find(context.Background(), d, "na-sakhaline-zapustiat-kinoklaster")
	if err != nil {
		t.Fatal(err)
	}
	chosen, err := articles.RelatedList(context.Background(), d, a.ID)
	if err != nil || len(chosen) != 5 {
		t.Fatalf("the editors' list: %v, %v", chosen, err)
	}
	// The five were stored last and would stand first among equals: here the others are newer by a moment.
	if _, err := d.ExecContext(context.Background(), `UPDATE articles
		SET moment = moment + 1
		WHERE kind = 'brief' AND id NOT IN (SELECT other FROM article_related)`); err != nil {
		t.Fatal(err)
	}
	return a, chosen
}

// byWords is what words alone say is related to a, without the editors' list.
func byWords(t testing.TB, d *db.DB, a articles.Article) (ids []int64) {
	t.Helper()
	found, err := related.Similar(context.Background(), d, related.Query{Article: a.ID, Language: a.Language, Moment: a.Moment, Limit: 25})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range found {
		ids = append(ids, f.Article)
	}
	return ids
}

// The places are printed; the bound is what plain BM25 over stems reaches.
func TestPlacesOfTheEditorsFiveOnTheSavedPage(t *testing.T) {
	d := dbtest.Open(t)
	a, chosen := savedPage(t, d)
	t.Logf("BM25 over plain words: %s", places(chosen, rankBriefs(t, d, a, plainWords)))
	t.Logf("BM25 over stems: %s", places(chosen, rankBriefs(t, d, a, stems)))
	found := byWords(t, d, a)
	t.Logf("related: %s", places(chosen, found))
	if within(chosen, found, 5) < 3 || within(chosen, found, 7) < 4 {
		t.Errorf("%s; want three in the first five and four in the first seven at least", places(chosen, found))
	}
}

// rankBriefs ranks the briefs for an article by BM25.
func rankBriefs(t *testing.T, d *db.DB, a articles.Article, cut func(lang, text string) []string) (ids []int64) {
	t.Helper()
	briefs, err := articles.List(context.Background(), d, articles.Filter{Kind: articles.KindBrief, Limit: 100})
	if err != nil {
		t.Fatal(err)
	}
	var pool [][]string
	for _, b := range briefs {
		pool = append(pool, cut("ru", b.Title))
	}
	for _, i := range newBM25(pool).rank(cut("ru", a.Title+" "+a.Standfirst+" "+a.Text)) {
		ids = append(ids, briefs[i].ID)
	}
	return ids
}

// within is how many of the chosen are among the first n of the found.
func within(chosen, found []int64, n int) (count int) {
	for _, id := range found[:min(n, len(found))] {
		if slices.Contains(chosen, id) {
			count++
		}
	}
	return count
}

// places says where the chosen are among the found.
func places(chosen, found []int64) string {
	var at []int
	for i, id := range found {
		if slices.Contains(chosen, id) {
			at = append(at, i+1)
		}
	}
	return fmt.Sprintf("places %v of %d found; %d of %d in the first five, %d in the first seven",
		at, len(found), within(chosen, found, 5), len(chosen), within(chosen, found, 7))
}

// BenchmarkRelevance prints the figures of the tests above for make bench.
func BenchmarkRelevance(b *testing.B) {
	d := dbtest.Open(b)
	all := stories(b, d)
	for _, half := range []string{"tune", "kept"} {
		b.Run(half, func(b *testing.B) {
			for b.Loop() {
				b.ReportMetric(measureRelated(b, d, all, half), "nDCG@5")
			}
			b.ReportMetric(measureBM25(all, half, stems), "nDCG@5-stems")
			b.ReportMetric(measureBM25(all, half, plainWords), "nDCG@5-words")
		})
	}
	b.Run("page", func(b *testing.B) {
		d := dbtest.Open(b)
		a, chosen := savedPage(b, d)
		for b.Loop() {
			found := byWords(b, d, a)
			b.ReportMetric(float64(within(chosen, found, 5)), "in-first-5")
			b.ReportMetric(float64(within(chosen, found, 7)), "in-first-7")
		}
	})
}
