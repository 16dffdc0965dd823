package words_test

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"vestnik/articles/words"
	"vestnik/db"
	"vestnik/db/dbtest"
	"vestnik/language"
)

var ctx = context.Background()

// insert puts the row of an article whose words matter alone.
func insert(t testing.TB, d *db.DB, id int64, lang, state string, moment int64) {
	t.Helper()
	_, err := d.ExecContext(ctx, `INSERT INTO articles (id, slug, guid, kind, title, standfirst, html, text, language, section, section_title, url, image,
			image_alt, published, updated, seen, moment, state, change, path, hash)
		VALUES ($1, $2, $2, 'article', '', '', '', '', $3, '', '', '', '', '', $4, $4, $4, $4, $5, 0, '', '')`, id, fmt.Sprint(id), lang, moment, state)
	if err != nil {
		t.Fatal(err)
	}
}

func add(t testing.TB, d *db.DB, id int64, text words.Text) {
	t.Helper()
	if err := d.Tx(ctx, func(tx *sql.Tx) error { return words.Add(ctx, tx, id, text) }); err != nil {
		t.Fatal(err)
	}
}

func forget(t testing.TB, d *db.DB, id int64) {
	t.Helper()
	if err := d.Tx(ctx, func(tx *sql.Tx) error { return words.Forget(ctx, tx, id) }); err != nil {
		t.Fatal(err)
	}
}

func candidates(t testing.TB, d *db.DB, q words.Query) (ids []int64) {
	t.Helper()
	all, err := words.Candidates(ctx, d, q)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range all {
		ids = append(ids, c.ID)
	}
	return ids
}

func TestCandidatesArePublishedArticlesNewestFirst(t *testing.T) {
	d := dbtest.Open(t)
	for _, a := range []struct {
		id          int64
		lang, state string
		moment      int64
		title       string
	}{
		{1, "ru", "published", 50, "Сахалин снимает кино"}, {2, "ru", "published", 70, "Кино на Сахалине"}, {3, "ru", "published", 50, "Кино в Приморье"},
		{4, "ru", "draft", 90, "Сахалин снимает кино"}, {5, "ru", "withdrawn", 90, "Сахалин снимает кино"}, {6, "en", "published", 90, "кино"},
	} {
		insert(t, d, a.id, a.lang, a.state, a.moment)
		add(t, d, a.id, words.Text{Language: a.lang, Title: a.title})
	}
	for _, c := range []struct {
		name string
		q    words.Query
		want string
	}{
		{"one word", words.Query{Any: []string{"кин"}, Limit: 9}, "[2 3 1]"},
		{"some of them", words.Query{Any: []string{"кин"}, Limit: 2}, "[2 3]"},
		{"one of two", words.Query{Any: []string{"примор", "снима"}, Limit: 9}, "[3 1]"},
		{"all of two", words.Query{All: [][]string{{"кин"}, {"сахалин"}}, Limit: 9}, "[2 1]"},
		{"each of two groups", words.Query{All: [][]string{{"примор", "сахалин"}, {"снима", "none"}}, Limit: 9}, "[1]"},
		{"both ways", words.Query{Any: []string{"снима", "примор"}, All: [][]string{{"сахалин"}}, Limit: 9}, "[1]"},
		{"a beginning", words.Query{Any: []string{"~сахал"}, Limit: 9}, "[2 1]"},
		{"no word that any has", words.Query{Any: []string{"none"}, Limit: 9}, "[]"},
		{"no words", words.Query{Limit: 9}, "[]"},
		{"one of none", words.Query{All: [][]string{{"кин"}, {}}, Limit: 9}, "[]"},
	} {
		c.q.Language = "ru"
		if got := fmt.Sprint(candidates(t, d, c.q)); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

func TestAnArticleIsNotFoundByTheWordsThatItHad(t *testing.T) {
	d := dbtest.Open(t)
	insert(t, d, 1, "ru", "published", 1)
	add(t, d, 1, words.Text{Language: "ru", Title: "Маяк на скале"})
	add(t, d, 1, words.Text{Language: "ru", Title: "Маяк в порту"})
	for word, want := range map[string]string{"маяк": "[1]", "скал": "[]", "порт": "[1]"} {
		if got := fmt.Sprint(candidates(t, d, words.Query{Any: []string{word}, Language: "ru", Limit: 9})); got != want {
			t.Errorf("%s: %s, want %s", word, got, want)
		}
	}
	forget(t, d, 1)
	forget(t, d, 1)
	if got := candidates(t, d, words.Query{Any: []string{"маяк"}, Language: "ru", Limit: 9}); len(got) != 0 {
		t.Errorf("forgotten, and found: %v", got)
	}
	if n, length, err := words.Statistics(ctx, d, "ru"); n != 0 || length != 0 || err != nil {
		t.Errorf("%d articles of %d words are left, %v", n, length, err)
	}
	var rows int64
	if err := d.QueryRowContext(ctx, `SELECT COUNT(*) FROM word_df`).Scan(&rows); err != nil || rows != 0 {
		t.Errorf("%d words are left, %v", rows, err)
	}
}

// Whatever comes, changes and goes: the numbers are those of the articles that are there.
func TestTheNumbersAreThoseOfTheArticlesThatAreThere(t *testing.T) {
	d := dbtest.Open(t)
	for id := range int64(4) {
		insert(t, d, id+1, "ru", "published", id)
	}
	title := rapid.SliceOfN(rapid.SampledFrom([]string{"маяк", "кинокластер", "don't", "сахалин", "сахалинский", "U.S.A.", "a_b", "東京都", "l·l", "и\u0306ог", "а\u202fб", "№5", "a:1"}), 0, 6)
	rapid.Check(t, func(r *rapid.T) {
		for range rapid.IntRange(1, 4).Draw(r, "steps") {
			id := rapid.Int64Range(1, 4).Draw(r, "article")
			if rapid.Bool().Draw(r, "goes") {
				forget(t, d, id)
				continue
			}
			lang := rapid.SampledFrom([]string{"ru", "en", ""}).Draw(r, "language")
			if _, err := d.ExecContext(ctx, `UPDATE articles SET language = $1 WHERE id = $2`, lang, id); err != nil {
				t.Fatal(err)
			}
			add(t, d, id, words.Text{Language: lang, Title: fmt.Sprint(title.Draw(r, "title")), Body: fmt.Sprint(title.Draw(r, "body"))})
		}
		all, err := words.Documents(ctx, d, []int64{1, 2, 3, 4, 5})
		if err != nil {
			t.Fatal(err)
		}
		for _, lang := range []string{"ru", "en", ""} {
			holdNumbers(r, d, lang, all)
		}
	})
}

func holdNumbers(t *rapid.T, d *db.DB, lang string, all map[int64]words.Document) {
	var n, length int64
	df := map[string]int64{}
	for _, document := range all {
		if document.Language != lang || lang == "" && len(document.Terms) == 0 {
			continue
		}
		n, length = n+1, length+document.Length
		for _, term := range document.Terms {
			df[term.Word]++
		}
	}
	gotN, gotLength, err := words.Statistics(ctx, d, lang)
	if err != nil || gotN != n || gotLength != length {
		t.Errorf("%q: %d articles, %d words, %v; want %d, %d", lang, gotN, gotLength, err, n, length)
	}
	asked := append(slices.Collect(maps.Keys(df)), "none")
	if got, err := words.Frequencies(ctx, d, lang, asked); err != nil || !maps.Equal(got, df) {
		t.Errorf("%q: %v, %v; want %v", lang, got, err, df)
	}
	for word, n := range df {
		if got, err := words.Candidates(ctx, d, words.Query{Any: []string{word}, Language: lang, Limit: 9}); int64(len(got)) != n {
			t.Errorf("%q: %d articles found, %v; want %d", word, len(got), err, n)
		}
	}
}

func TestMentionsAreTheTermsThatAreAskedFor(t *testing.T) {
	d := dbtest.Open(t)
	insert(t, d, 1, "ru", "published", 1)
	insert(t, d, 2, "ru", "published", 2)
	add(t, d, 1, words.Text{Language: "ru", Title: "Маяк и порт", Body: "Маяк на скале"})
	add(t, d, 2, words.Text{Language: "ru", Title: "Чайка"})
	whole, err := words.Documents(ctx, d, []int64{1, 2, 3})
	if err != nil {
		t.Fatal(err)
	}
	got, err := words.Mentions(ctx, d, []int64{1, 2, 3}, []string{"скал", "маяк", "слон"})
	if err != nil || len(got) != 2 || got[1].Length != whole[1].Length || len(got[1].Terms) != 2 || len(got[2].Terms) != 0 {
		t.Errorf("%+v, %v", got, err)
	}
	for _, word := range []string{"скал", "маяк"} {
		if got[1].Term(word) != whole[1].Term(word) || got[1].Term(word).Word == "" {
			t.Errorf("%s: %+v, want %+v", word, got[1].Term(word), whole[1].Term(word))
		}
	}
}

func TestWordsOfAnOlderAnalyzerAreStale(t *testing.T) {
	d := dbtest.Open(t)
	for id := range int64(3) {
		insert(t, d, id+1, "ru", "published", id)
		add(t, d, id+1, words.Text{Language: "ru", Title: "Маяк"})
	}
	if got, err := words.Stale(ctx, d, 9); err != nil || len(got) != 0 {
		t.Errorf("%v, %v; want none", got, err)
	}
	for id, version := range map[int64]int64{3: 0, 2: language.Analyzer - 1} {
		if _, err := d.ExecContext(ctx, `UPDATE article_words SET analyzer = $1 WHERE article = $2`, version, id); err != nil {
			t.Fatal(err)
		}
	}
	for limit, want := range map[int]string{9: "[3 2]", 1: "[3]"} {
		if got, err := words.Stale(ctx, d, limit); err != nil || fmt.Sprint(got) != want {
			t.Errorf("%v, %v; want %s", got, err, want)
		}
	}
}

func TestDamagedWordsAreAnErrorThatNamesTheArticle(t *testing.T) {
	d := dbtest.Open(t)
	insert(t, d, 17, "ru", "published", 1)
	add(t, d, 17, words.Text{Language: "ru", Title: "Маяк"})
	if _, err := d.ExecContext(ctx, `UPDATE article_words SET terms = $1`, []byte{9}); err != nil {
		t.Fatal(err)
	}
	_, err := words.Documents(ctx, d, []int64{17})
	if err == nil || err.Error() != "words of article 17: the stored words are damaged; restore a backup, or let articles.Reindex make them anew" {
		t.Errorf("%v", err)
	}
}
