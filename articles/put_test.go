package articles

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"vestnik/db"
	"vestnik/db/dbtest"
)

func currentChange(t testing.TB, d *db.DB) int64 {
	t.Helper()
	n, err := CurrentChange(context.Background(), d)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func get(t testing.TB, d *db.DB, id int64) Article {
	t.Helper()
	a, err := Get(context.Background(), d, id)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestPutAddsAnArticle(t *testing.T) {
	d := dbtest.Open(t)
	published := time.Date(2018, 5, 29, 0, 0, 0, 0, time.FixedZone("Sakhalin", 11*3600))
	site := testSite
	site.Location = published.Location()
	in := Input{Title: "На Сахалине запустят кинокластер", Standfirst: "Проект\nразвивают", HTML: `<p><a href="/about">a</a></p><script>x</script><p>b</p>`,
		Section: "Новости", Authors: []string{"Артур Чачелов", " ", "артур  чачелов"}, Tags: []string{"Сахалин", "Kinodanz"}, Image: "i/1.jpg",
		Published: published, Path: "/in/1.txt", Hash: "h1"}
	var a Article
	var outcome Outcome
	err := d.Tx(context.Background(), func(tx *sql.Tx) (err error) {
		a, outcome, err = Put(context.Background(), tx, site, in, testNow)
		return err
	})
	if err != nil || outcome != Added {
		t.Fatal(outcome, err)
	}
	want := Article{ID: a.ID, Slug: "na-sakhaline-zapustiat-kinoklaster", GUID: a.GUID, Kind: KindArticle, Title: in.Title, Standfirst: "Проект развивают",
		HTML: `<p><a href="https://kino.example/about">a</a></p><p>b</p>`, Text: "a\n\nb", Language: "ru", Section: Label{"novosti", "Новости"},
		Authors: []Label{{"artur-chachelov", "Артур Чачелов"}}, Tags: []Label{{"sakhalin", "Сахалин"}, {"kinodanz", "Kinodanz"}},
		Image: "https://kino.example/articles/i/1.jpg", Published: published.UTC(), Updated: published.UTC(), Moment: published.UTC(), Seen: testNow,
		State: Published, Change: 1}
	if !reflect.DeepEqual(a, want) {
		t.Errorf("got  %+v\nwant %+v", a, want)
	}
	if stored := get(t, d, a.ID); !reflect.DeepEqual(stored, a) {
		t.Errorf("stored   %+v\nreturned %+v", stored, a)
	}
	if prefix := "tag:kino.example,2018-05-29:articles/"; !strings.HasPrefix(a.GUID, prefix) {
		t.Errorf("guid = %s, want %s…: the day in the site's zone", a.GUID, prefix)
	}
}

func TestPutTwiceChangesNothing(t *testing.T) {
	d := dbtest.Open(t)
	in := Input{Title: "a", HTML: "<p>a</p>", Tags: []string{"x"}, Path: "/a", Hash: "1"}
	first, _ := put(t, d, in, testNow)
	second, outcome := put(t, d, in, testNow.Add(time.Hour))
	if outcome != Unchanged || !reflect.DeepEqual(first, second) || currentChange(t, d) != 1 {
		t.Errorf("%s, change %d\nfirst  %+v\nsecond %+v", outcome, currentChange(t, d), first, second)
	}
}

func TestPutKeepsIdentityThroughChanges(t *testing.T) {
	d := dbtest.Open(t)
	first, _ := put(t, d, Input{Title: "Первый заголовок", HTML: "<p>a</p>", Path: "/a", Hash: "1", Published: testNow.Add(-time.Hour)}, testNow)
	later := testNow.Add(time.Hour)
	second, outcome := put(t, d, Input{Title: "Другой заголовок", HTML: "<p>a</p>", Path: "/a", Hash: "2"}, later)
	if outcome != Changed || second.ID != first.ID || second.GUID != first.GUID || second.Slug != first.Slug {
		t.Errorf("%s: %+v, want id, guid and slug of %+v", outcome, second, first)
	}
	if !second.Published.Equal(first.Published) || !second.Updated.Equal(later) || second.Change != 2 {
		t.Errorf("published %v, updated %v, change %d; want the known date, %v, 2", second.Published, second.Updated, second.Change, later)
	}
	third, outcome := put(t, d, Input{Title: "Другой заголовок", HTML: "<p>a</p><!-- unseen -->", Path: "/a", Hash: "3"}, later.Add(time.Hour))
	if outcome != Changed || third.Change != 2 || !third.Updated.Equal(later) {
		t.Errorf("an invisible change: %s, change %d, updated %v; want updated, 2, %v", outcome, third.Change, third.Updated, later)
	}
	given := later.Add(90 * time.Minute)
	fourth, _ := put(t, d, Input{Title: "Третий", HTML: "<p>a</p>", Path: "/a", Hash: "4", Updated: given}, later.Add(2*time.Hour))
	if !fourth.Updated.Equal(given) {
		t.Errorf("updated = %v, want the given %v", fourth.Updated, given)
	}
	fifth, _ := put(t, d, Input{Title: "Третий", HTML: "<p>a</p>", Path: "/a", Hash: "5", Slug: "drugoj-adres"}, later.Add(3*time.Hour))
	if fifth.Slug != "drugoj-adres" || fifth.ID != first.ID || fifth.GUID != first.GUID {
		t.Errorf("an explicit slug: %s of %d, want drugoj-adres of %d", fifth.Slug, fifth.ID, first.ID)
	}
	moved := testSite
	moved.URL = "https://kino-vestnik.example"
	err := d.Tx(context.Background(), func(tx *sql.Tx) error {
		sixth, _, err := Put(context.Background(), tx, moved, Input{Title: "Третий", HTML: `<p><a href="/b">b</a></p>`, Path: "/b", Hash: "6", Slug: "drugoj-adres",
			Published: testNow.AddDate(-1, 0, 0)}, later.Add(4*time.Hour))
		if err == nil && (sixth.GUID != first.GUID || !strings.Contains(sixth.HTML, "https://kino-vestnik.example/b")) {
			t.Errorf("a new domain, date and file: %s, %s; want the guid %s", sixth.GUID, sixth.HTML, first.GUID)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

func TestPutFindsTheEarlierArticle(t *testing.T) {
	base := Input{Title: "t", Slug: "s", URL: "https://wire.example/1", Path: "/p", Hash: "h"}
	for _, test := range []struct {
		name  string
		in    Input
		found bool
	}{
		{"by slug", Input{Title: "x", Slug: "s"}, true},
		{"by address", Input{Title: "x", URL: "https://WIRE.example/1"}, true},
		{"by path", Input{Title: "x", Path: "/p", Hash: "other"}, true},
		{"by hash of a moved file", Input{Title: "x", Path: "/q", Hash: "h"}, true},
		{"by slug before another's path", Input{Title: "x", Slug: "s", Path: "/other"}, true},
		{"by nothing", Input{Title: "t"}, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			d := dbtest.Open(t)
			other, _ := put(t, d, Input{Title: "other", Path: "/other"}, testNow)
			first, _ := put(t, d, base, testNow)
			got, _ := put(t, d, test.in, testNow)
			if (got.ID == first.ID) != test.found || got.ID == other.ID {
				t.Errorf("got %d, first %d, other %d; found should be %v", got.ID, first.ID, other.ID, test.found)
			}
		})
	}
}

func TestPutMakesSlugsUnique(t *testing.T) {
	d := dbtest.Open(t)
	seen := map[string]bool{}
	for i := range 40 {
		a, _ := put(t, d, Input{Title: "Касса четверга", Path: fmt.Sprint(i)}, testNow)
		if seen[a.Slug] || !strings.HasPrefix(a.Slug, "kassa-chetverga") {
			t.Fatalf("slug %s", a.Slug)
		}
		seen[a.Slug] = true
	}
	if !seen["kassa-chetverga"] || !seen["kassa-chetverga-2"] || !seen["kassa-chetverga-40"] {
		t.Errorf("the numbers have gaps: %v", seen)
	}
	a, _ := put(t, d, Input{Title: "🎬🎬", Path: "/emoji"}, testNow)
	if a.Slug == "" || !strings.HasSuffix(a.GUID, "/"+a.Slug) {
		t.Errorf("slug %q, want the id as in %s", a.Slug, a.GUID)
	}
}

func TestPutRefusesWhatIsWrong(t *testing.T) {
	d := dbtest.Open(t)
	taken, _ := put(t, d, Input{Title: "taken", Slug: "taken"}, testNow)
	other, _ := put(t, d, Input{Title: "other", Slug: "other"}, testNow)
	for _, test := range []struct {
		name string
		in   Input
		want string
	}{
		{"no title", Input{Title: " <b> </b>\u202e"}, "title: it is empty"},
		{"long title", Input{Title: strings.Repeat("я", 501)}, "title: 501 characters are too long; at most 500"},
		{"bad link", Input{Title: "a", URL: "javascript:alert(1)"}, `link: "javascript:alert(1)" is no address`},
		{"relative link", Input{Title: "a", URL: "/x"}, "link:"},
		{"bad slug", Input{Title: "a", Slug: "!!!"}, "slug:"},
		{"bad kind", Input{Title: "a", Kind: "page"}, "kind:"},
		{"long body", Input{Title: "a", HTML: strings.Repeat("x", 2<<20+1)}, "body:"},
		{"deep body", Input{Title: "a", HTML: strings.Repeat("<div>", 1000)}, "body: the HTML is nested"},
		{"many authors", Input{Title: "a", Authors: strings.Split(numbers(40), ",")}, "author:"},
		{"another's slug", Input{Title: "a", ID: other.ID, Slug: taken.Slug}, "another article has this slug"},
		{"unknown id", Input{Title: "a", ID: 4711}, "no such article"},
	} {
		t.Run(test.name, func(t *testing.T) {
			before := currentChange(t, d)
			err := d.Tx(context.Background(), func(tx *sql.Tx) error {
				_, _, err := Put(context.Background(), tx, testSite, test.in, testNow)
				return err
			})
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want %q", err, test.want)
			}
			if currentChange(t, d) != before {
				t.Error("the change number moved")
			}
		})
	}
}

func numbers(n int) string {
	var all []string
	for i := range n {
		all = append(all, fmt.Sprint(i))
	}
	return strings.Join(all, ",")
}

func TestPutTakesAForeignArticle(t *testing.T) {
	d := dbtest.Open(t)
	a, _ := put(t, d, Input{Kind: KindBrief, Title: "a", HTML: "<p>x</p>", URL: "https://wire.example/a/1", Language: "en-US", Image: "javascript:x", Published: testNow.Add(48 * time.Hour)}, testNow)
	if a.HTML != "" || a.Text != "" || a.Language != "en" || a.Image != "" || a.Link(testSite) != "https://wire.example/a/1" {
		t.Errorf("%+v", a)
	}
	if want := "tag:kino.example,2026-11-24:articles/"; !strings.HasPrefix(a.GUID, want) {
		t.Errorf("guid %s of an article dated in the future, want %s…", a.GUID, want)
	}
	full, outcome := put(t, d, Input{Title: "a", HTML: `<p><img src="i.jpg"></p>`, URL: "https://wire.example/a/1"}, testNow)
	if outcome != Changed || full.ID != a.ID || full.Kind != KindArticle || !strings.Contains(full.HTML, "https://wire.example/a/i.jpg") {
		t.Errorf("a brief that becomes an article: %s, %+v", outcome, full)
	}
	if again, outcome := put(t, d, Input{Kind: KindBrief, Title: "a", URL: "https://wire.example/a/1"}, testNow); outcome != Unchanged || again.HTML == "" {
		t.Errorf("a brief replaced an article: %s", outcome)
	}
}

func TestPutControlCharactersAndInvalidUTF8(t *testing.T) {
	d := dbtest.Open(t)
	a, _ := put(t, d, Input{Title: "a\x00b\x07\xffc", Standfirst: "x\x00", HTML: "<p>a\x00&#1;b</p>", Authors: []string{"\x00я"}, Section: "с\x01", Hash: "h\x00", Path: "/p\xff",
		Tags: []string{"t\xed\xa0\x80"}, Correction: "c\x00\xed\xa0\x80\uFFFE", ImageAlt: "i\x00", Enclosure: &Enclosure{"/\xed\xa0\x80.mp3", "audio/mpeg", 1}}, testNow)
	if a.Correction != "c" || a.Tags[0].Name != "t" || a.ImageAlt != "i" || a.Enclosure.URL != "https://kino.example/%ED%A0%80.mp3" {
		t.Errorf("%+v, %+v", a, a.Enclosure)
	}
	if a.Title != "abc" || a.HTML != "<p>ab</p>" || a.Authors[0].Name != "я" {
		t.Errorf("%+v", a)
	}
	if _, outcome := put(t, d, Input{Title: "abc", Standfirst: "x", HTML: "<p>ab</p>", Authors: []string{"я"}, Section: "с", Path: "/p\xff", Hash: "h",
		Tags: []string{"t"}, ImageAlt: "i", Enclosure: a.Enclosure}, testNow); outcome != Unchanged {
		t.Errorf("the same when clean: %s", outcome)
	}
}

// A property over any text: an identical second Put changes nothing, and its article reads as the first did.
func TestPutIsIdempotent(t *testing.T) {
	d := dbtest.Open(t)
	n := 0
	text := rapid.OneOf(rapid.String(), rapid.StringMatching(`[а-яё<>/ "&#;=p0-9]{0,40}`))
	rapid.Check(t, func(rt *rapid.T) {
		n++
		in := Input{Title: "т" + text.Draw(rt, "title"), Standfirst: text.Draw(rt, "standfirst"), HTML: text.Draw(rt, "html"),
			Section: text.Draw(rt, "section"), Authors: rapid.SliceOfN(text, 0, 3).Draw(rt, "authors"), Tags: rapid.SliceOfN(text, 0, 3).Draw(rt, "tags"),
			Image: text.Draw(rt, "image"), Draft: rapid.Bool().Draw(rt, "draft"), Path: fmt.Sprint("/", n), Hash: fmt.Sprint(n),
			Correction: text.Draw(rt, "correction"),
			Published:  time.UnixMilli(rapid.Int64Range(0, 2e12).Draw(rt, "published")), Updated: time.UnixMilli(rapid.Int64Range(0, 2e12).Draw(rt, "updated"))}
		first, _ := put(t, d, in, testNow)
		before := currentChange(t, d)
		second, outcome := put(t, d, in, testNow.Add(24*time.Hour))
		if outcome != Unchanged || currentChange(t, d) != before || !reflect.DeepEqual(first, second) || !reflect.DeepEqual(first, get(t, d, first.ID)) {
			rt.Fatalf("%s\nfirst  %+v\nsecond %+v", outcome, first, second)
		}
	})
}

// zipf makes n words of an invented language, some of them of the topic.
func zipf(r *rand.Rand, n, topic int) string {
	var b strings.Builder
	for range n {
		k := int(math.Pow(30000, r.Float64()))
		if r.Float64() < 0.15 {
			k = 1_000_000 + topic*200 + int(math.Pow(200, r.Float64()))
		}
		b.WriteString(strings.Map(func(c rune) rune { return c - '0' + 'а' }, fmt.Sprint(k*7919)) + " ")
	}
	return b.String()
}

func manyArticles(t testing.TB, d *db.DB, n int) []Input {
	t.Helper()
	r := rand.New(rand.NewPCG(1, 2))
	var all []Input
	for i := range n {
		topic := r.IntN(60)
		in := Input{Title: zipf(r, 8, topic), Standfirst: zipf(r, 14, topic), Language: "xx", Path: fmt.Sprint("/", i), Hash: fmt.Sprint(i),
			Tags: []string{fmt.Sprint("tag ", topic)}, Authors: []string{"Ann"}, Published: testNow.Add(-time.Duration(i) * time.Hour)}
		for range 6 {
			in.HTML += "<p>" + zipf(r, 45, topic) + "</p>"
		}
		all = append(all, in)
	}
	for start := 0; start < n; start += 100 {
		err := d.Tx(context.Background(), func(tx *sql.Tx) error {
			for _, in := range all[start:min(start+100, n)] {
				if _, _, err := Put(context.Background(), tx, testSite, in, testNow); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return all
}

// BenchmarkPut takes 1,000 new articles of 300 words in, 100 in a transaction.
func BenchmarkPut(b *testing.B) {
	b.ReportAllocs()
	for range b.N {
		b.StopTimer()
		d := dbtest.Open(b)
		b.StartTimer()
		manyArticles(b, d, 1000)
	}
	b.ReportMetric(float64(b.N)*1000/b.Elapsed().Seconds(), "articles/s")
}

func TestPutInTwoTransactionsMakesOneArticle(t *testing.T) {
	d := dbtest.Open(t)
	ctx := context.Background()
	done := make(chan error)
	for range 2 {
		go func() {
			var all error
			for i := range 20 {
				all = errors.Join(all, d.Tx(ctx, func(tx *sql.Tx) error {
					_, _, err := Put(ctx, tx, testSite, Input{Title: "Одна и та же", Path: fmt.Sprint("/", i), Hash: "same" + fmt.Sprint(i)}, testNow)
					return err
				}))
			}
			done <- all
		}()
	}
	for range 2 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	all, err := List(ctx, d, Filter{})
	if err != nil || len(all) != 20 {
		t.Errorf("%d articles of two nodes, want 20; %v", len(all), err)
	}
}
