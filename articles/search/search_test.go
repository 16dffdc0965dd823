package search_test

import (
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"vestnik/articles/search"
	"vestnik/articles/words"
	"vestnik/db"
	"vestnik/db/dbtest"
)

var ctx = context.Background()

var now = time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)

// A row is an article whose words, and what decides whether it is shown, matter alone.
type row struct {
	id      int64
	kind    string // "" is an article
	section string
	state   string // "" is published
	url     string
	age     time.Duration
	text    words.Text // in Russian where it does not say otherwise
}

func insert(t testing.TB, d *db.DB, rows ...row) {
	t.Helper()
	err := d.Tx(ctx, func(tx *sql.Tx) error {
		for _, r := range rows {
			if r.kind == "" {
				r.kind = "article"
			}
			if r.state == "" {
				r.state = "published"
			}
			if r.text.Language == "" {
				r.text.Language = "ru"
			}
			_, err := tx.ExecContext(ctx, `INSERT INTO articles (id, slug, guid, kind, title, standfirst, html, text, language, section, section_title, url, image,
					image_alt, published, updated, seen, moment, state, change, path, hash)
				VALUES ($1, $2, $2, $3, '', '', '', '', $4, $5, '', $6, '', '', $7, $7, $7, $7, $8, 0, '', '')`,
				r.id, fmt.Sprint(r.id), r.kind, r.text.Language, r.section, r.url, db.Milli(now.Add(-r.age)), r.state)
			if err != nil {
				return err
			}
			if err := words.Add(ctx, tx, r.id, r.text); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func find(t testing.TB, d *db.DB, q search.Query) search.Result {
	t.Helper()
	q.Now = now
	if q.Language == "" {
		q.Language = "ru"
	}
	r, err := search.Search(ctx, d, q)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func ids(r search.Result) []int64 {
	all := []int64{}
	for _, h := range r.Hits {
		all = append(all, h.Article)
	}
	return all
}

func title(text string) words.Text { return words.Text{Title: text} }

func TestSearchFindsWordsInAllTheirForms(t *testing.T) {
	d := dbtest.Open(t)
	insert(t, d,
		row{id: 1, text: title("Дом у маяка")}, row{id: 2, text: title("Жители новых домов")}, row{id: 3, text: title("Ёлки на площади")},
		row{id: 4, text: title("На Сахалине запустят кинокластер")}, row{id: 5, text: title("Кластер моды и кино")}, row{id: 6, text: title("Кино под открытым небом")},
		row{id: 7, text: title("Cбербанк и OOO «Маяк»")}, row{id: 8, text: words.Text{Language: "en", Title: "Running for the island"}},
		row{id: 9, text: words.Text{Title: "Показ", Tags: []string{"Документальное"}}},
		row{id: 10, text: words.Text{Title: "Порт", Standfirst: "Паром", Body: "Первый снег выпал."}},
	)
	for query, want := range map[string]string{
		"домами": "[1 2]", "елка": "[3]", "ёлка": "[3]", "кинокластер": "[4 5]", "Сбербанка": "[7]", "ООО": "[7]", "runs": "[8]", "island run": "[8]",
		"документальный": "[9]", "снега порт": "[10]", `"снег" -- порт`: "[10]", "жители дом": "[2]", "слон": "[]", "": "[]", "…": "[]",
		"маяк island": "[1 7 8]",
	} {
		r := find(t, d, search.Query{Text: query})
		got := ids(r)
		slices.Sort(got)
		if fmt.Sprint(got) != want || r.Some != (query == "маяк island") {
			t.Errorf("%q: %v, some words %v; want %s", query, ids(r), r.Some, want)
		}
	}
}

func TestOnlyWhatIsPublishedIsFound(t *testing.T) {
	d := dbtest.Open(t)
	for i, state := range []string{"published", "draft", "withdrawn", "removed"} {
		insert(t, d, row{id: int64(i + 1), state: state, text: title("Маяк на скале")})
	}
	for _, text := range []string{"маяк", "маяк скала", "маяк слон"} {
		if got := ids(find(t, d, search.Query{Text: text})); fmt.Sprint(got) != "[1]" {
			t.Errorf("%q: %v", text, got)
		}
	}
}

func TestTheBetterAnswerComesFirst(t *testing.T) {
	const day = 24 * time.Hour
	filler := strings.Repeat("слова о чём угодно другом подряд ", 20)
	for _, c := range []struct {
		name          string
		better, worse row
		text          string
	}{
		{"the title more than the text", row{text: title("Маяк построили")}, row{text: words.Text{Title: "Остров построили", Body: "Там маяк."}}, "маяк"},
		{"the title more than the tags", row{text: title("Маяк построили")}, row{text: words.Text{Title: "Остров", Tags: []string{"маяк"}}}, "маяк"},
		{"the standfirst more than the text", row{text: words.Text{Title: "Порт", Standfirst: "Маяк"}}, row{text: words.Text{Title: "Порт", Body: "Маяк"}}, "маяк"},
		{"a short text more than a long one", row{text: words.Text{Title: "Порт", Body: "Маяк"}}, row{text: words.Text{Title: "Порт", Body: "Маяк " + filler}}, "маяк"},
		{"more often", row{text: words.Text{Title: "Порт", Body: "Маяк, маяк и маяк"}}, row{text: words.Text{Title: "Порт", Body: "Маяк и чайки у воды"}}, "маяк"},
		{"the word more than its parts", row{text: title("Кинокластер растёт быстро")}, row{text: title("Кластер кино растёт")}, "кинокластер"},
		{"the new one", row{text: title("Маяк")}, row{age: 400 * day, text: title("Маяк")}, "маяк"},
		{"an old title more than a new text", row{age: 400 * day, text: title("Маяк построили")}, row{text: words.Text{Title: "Остров", Body: "Маяк " + filler}}, "маяк"},
		{"the rarer word, of two that are not together", row{text: title("Чайка прилетела")}, row{text: title("Остров большой")}, "остров чайка"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := dbtest.OpenSQLite(t)
			c.better.id, c.worse.id = 1, 2 // the later id would win a tie
			insert(t, d, c.better, c.worse)
			for id := int64(10); id < 20; id++ {
				insert(t, d, row{id: id, state: "draft", text: title("Остров без маяка, кино и кластера")})
			}
			if got := ids(find(t, d, search.Query{Text: c.text})); len(got) != 2 || got[0] != 1 {
				t.Errorf("%v", got)
			}
		})
	}
}

func TestCommonShortWordsNeedNotBeThere(t *testing.T) {
	d := dbtest.Open(t)
	insert(t, d, row{id: 1, text: title("Музыка и Сахалин")})
	for id := int64(2); id < 12; id++ {
		insert(t, d, row{id: id, text: title("Снова на острове, на берегу")})
	}
	r := find(t, d, search.Query{Text: "музыка на Сахалине"})
	if got := ids(r); fmt.Sprint(got) != "[1]" || r.Some {
		t.Errorf("found %v, some %v", got, r.Some)
	}
	for _, p := range r.Pen(r.Hits[0]).Mark("на Сахалине") {
		if p.Hit != (p.Text == "Сахалине") {
			t.Errorf("%+v", p)
		}
	}
	if got := find(t, d, search.Query{Text: "на"}); len(got.Hits) != 10 {
		t.Errorf("the common word alone finds %d", len(got.Hits))
	}
}

func TestSearchWithinALanguageOrSection(t *testing.T) {
	d := dbtest.Open(t)
	insert(t, d, row{id: 1, section: "kino", text: title("Маяк")}, row{id: 2, section: "port", text: title("Маяк")},
		row{id: 3, section: "kino", text: words.Text{Language: "en", Title: "Маяк is Mayak"}})
	for _, c := range []struct {
		q    search.Query
		want string
	}{
		{search.Query{Text: "маяк", Section: "kino"}, "[1 3]"}, {search.Query{Text: "маяк", Section: "none"}, "[]"},
		{search.Query{Text: "маяк", Only: "en"}, "[3]"}, {search.Query{Text: "маяк", Only: "ru", Section: "port"}, "[2]"}, {search.Query{Text: "маяк", Only: "xx"}, "[]"},
	} {
		got := ids(find(t, d, c.q))
		slices.Sort(got)
		if fmt.Sprint(got) != c.want {
			t.Errorf("%+v: %v", c.q, got)
		}
	}
}

// A feed may claim any language, and each costs a search of its own.
func TestOfVeryManyLanguagesTheSitesAndTheGreatestAreSearched(t *testing.T) {
	d := dbtest.Open(t)
	insert(t, d, row{id: 1, text: words.Text{Language: "zz", Title: "Mayak"}}, row{id: 2, text: words.Text{Language: "zy", Title: "Mayak"}})
	for i := range int64(10) {
		lang := fmt.Sprintf("x%c", 'a'+i)
		insert(t, d, row{id: 10 + 2*i, text: words.Text{Language: lang, Title: "Mayak"}}, row{id: 11 + 2*i, text: words.Text{Language: lang, Title: "Mayak"}})
	}
	got := ids(find(t, d, search.Query{Text: "mayak", Language: "zz"}))
	if len(got) != 15 || !slices.Contains(got, 1) || slices.Contains(got, 2) {
		t.Errorf("%v, want that of the site's language and 14 of seven others", got)
	}
	if got := ids(find(t, d, search.Query{Text: "mayak", Language: "zz", Only: "zy"})); fmt.Sprint(got) != "[2]" {
		t.Errorf("in one language alone: %v", got)
	}
}

func TestHeadlinesWithNothingBehindThemAreFoundOnlyAlone(t *testing.T) {
	d := dbtest.Open(t)
	insert(t, d, row{id: 1, kind: "brief", text: title("Маяк и порт")}, row{id: 2, kind: "brief", url: "https://wire.example/1", text: title("Маяк у нас")},
		row{id: 3, text: title("Маяк у них")})
	for text, want := range map[string]string{"маяк": "[2 3]", "порт": "[1]"} {
		got := ids(find(t, d, search.Query{Text: text}))
		slices.Sort(got)
		if fmt.Sprint(got) != want {
			t.Errorf("%s: %v, want %s", text, got, want)
		}
	}
}

func TestOfManyArticlesTheNewestAreLookedAt(t *testing.T) {
	d := dbtest.Open(t)
	var rows []row
	for id := range int64(search.Most + 5) {
		rows = append(rows, row{id: id + 1, age: time.Duration(id) * time.Hour, text: title("Маяк")})
	}
	insert(t, d, rows...)
	r := find(t, d, search.Query{Text: "маяк"})
	if len(r.Hits) != search.Most || !r.Full || r.Hits[0].Article != 1 || r.Hits[search.Most-1].Article != search.Most {
		t.Errorf("%d hits, full %v", len(r.Hits), r.Full)
	}
}

// random makes archives and queries whose words meet often, hyphens, twins, compounds and other signs among them.
func random(r *rapid.T) (rows []row, queries []search.Query) {
	text := rapid.SliceOfN(rapid.SampledFrom(strings.Fields(`маяк маяка кинокластер кино кластер OOO ООО Cбер don't C++ 北京 北京天安门 ёлка елки на и U.S.A. Санкт-Петербург
		run running №5 "маяк' ('a & !b)' ~маяк x:* film's`)), 0, 12)
	join := func(name string) string { return strings.Join(text.Draw(r, name), " ") }
	for id := range int64(rapid.IntRange(1, 12).Draw(r, "articles")) {
		rows = append(rows, row{id: id + 1, section: rapid.SampledFrom([]string{"a", "b"}).Draw(r, "section"),
			state: rapid.SampledFrom([]string{"published", "published", "published", "draft"}).Draw(r, "state"),
			kind:  rapid.SampledFrom([]string{"article", "article", "brief"}).Draw(r, "kind"),
			age:   time.Duration(rapid.IntRange(0, 3).Draw(r, "days")) * 100 * time.Hour,
			text: words.Text{Language: rapid.SampledFrom([]string{"ru", "ru", "en", "zh"}).Draw(r, "language"), Title: join("title"),
				Standfirst: join("standfirst"), Tags: text.Draw(r, "tags"), Body: join("body")}})
	}
	for range 8 {
		queries = append(queries, search.Query{Text: join("query"), Language: "ru", Now: now,
			Section: rapid.SampledFrom([]string{"", "", "a"}).Draw(r, "of section"), Only: rapid.SampledFrom([]string{"", "", "en"}).Draw(r, "only")})
	}
	return rows, queries
}

// Where the tests run on SQLite alone, two of its databases are held together, which finds what depends on chance.
func TestBothDatabasesGiveTheSameAnswerToTheBit(t *testing.T) {
	one, other := dbtest.OpenSQLite(t), dbtest.Open(t)
	rapid.Check(t, func(r *rapid.T) {
		rows, queries := random(r)
		for _, d := range []*db.DB{one, other} {
			clear(t, d)
			insert(t, d, rows...)
		}
		for _, q := range queries {
			a, err := search.Search(ctx, one, q)
			b, err2 := search.Search(ctx, other, q)
			if err != nil || err2 != nil || !reflect.DeepEqual(a, b) {
				r.Fatalf("%+v:\nSQLite     %+v %v\nPostgreSQL %+v %v", q, a, err, b, err2)
			}
		}
	})
}

func clear(t *testing.T, d *db.DB) {
	t.Helper()
	err := d.Tx(ctx, func(tx *sql.Tx) error {
		all, err := db.Collect(ctx, tx, func(row *sql.Rows) (id int64, err error) { return id, row.Scan(&id) }, `SELECT id FROM articles`)
		for _, id := range all {
			if err == nil {
				err = words.Forget(ctx, tx, id)
			}
		}
		if err == nil {
			_, err = tx.ExecContext(ctx, `DELETE FROM articles`)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// BenchmarkSearch searches 10,000 articles of about 200 words: one rare word, two, a word that a tenth of them has, and all that
// have one of two frequent words.
func BenchmarkSearch(b *testing.B) {
	d := dbtest.Open(b)
	var rows []row
	for id := range int64(10_000) {
		rows = append(rows, row{id: id + 1, age: time.Duration(id) * time.Hour, text: words.Text{Title: sentence(id, 8), Standfirst: sentence(id+1, 20), Body: sentence(id+2, 170)}})
	}
	insert(b, d, rows...)
	for name, text := range map[string]string{"rare": word(900), "two": word(20) + " " + word(31), "frequent": word(10), "some": word(3) + " слон " + word(4)} {
		b.Run(name, func(b *testing.B) {
			found := 0
			for b.Loop() {
				found = len(find(b, d, search.Query{Text: text}).Hits)
			}
			b.ReportMetric(float64(found), "found")
		})
	}
}

// sentence has n words, the lower numbers more often, as in any language.
func sentence(seed int64, n int) string {
	random := rand.New(rand.NewPCG(uint64(seed), 4))
	many := rand.NewZipf(random, 1.3, 8, 20_000)
	all := make([]string, n)
	for i := range all {
		all[i] = word(many.Uint64())
	}
	return strings.Join(all, " ")
}

// word is a made-up one of at least four letters.
func word(n uint64) string {
	syllables := []string{"ка", "ме", "ро", "сту", "ли", "па", "до", "ве", "зу", "ги"}
	w := "ш"
	for ; n > 0; n /= 10 {
		w += syllables[n%10]
	}
	return w + "нк"
}

func TestThePartsOfACompoundAreMarkedWhereTheyAreAllThereIs(t *testing.T) {
	d := dbtest.OpenSQLite(t)
	insert(t, d, row{id: 1, text: title("Кинокластер снимает кино")}, row{id: 2, text: title("Кластер и кино")})
	r := find(t, d, search.Query{Text: "кинокластеры"})
	want := map[int64]string{1: "[Кинокластер] снимает кино", 2: "[Кластер] и [кино]"}
	for _, h := range r.Hits {
		got := ""
		for _, p := range r.Pen(h).Mark(map[int64]string{1: "Кинокластер снимает кино", 2: "Кластер и кино"}[h.Article]) {
			if p.Hit {
				p.Text = "[" + p.Text + "]"
			}
			got += p.Text
		}
		if got != want[h.Article] {
			t.Errorf("%q, want %q", got, want[h.Article])
		}
	}
	if len(r.Hits) != 2 {
		t.Errorf("%d found", len(r.Hits))
	}
}
