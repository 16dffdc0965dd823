package articles_test

import (
	"context"
	"database/sql"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"vestnik/articles"
	"vestnik/articles/files"
	"vestnik/db"
	"vestnik/db/dbtest"
)

var storyDay = time.Date(2026, 11, 24, 8, 0, 0, 0, time.UTC)

var storySite = articles.Site{URL: "https://kino.example", Language: "ru", Location: time.UTC}

// inventedStories puts the invented items of the relevance set, and returns the story of each by its id.
func inventedStories(t *testing.T, d *db.DB) (ids []int64, story map[int64]string) {
	t.Helper()
	text, err := os.ReadFile("related/testdata/stories.txt")
	if err != nil {
		t.Fatal(err)
	}
	story = map[int64]string{}
	for _, block := range strings.Split(string(text), "\n== ")[1:] {
		lines := strings.Split(strings.TrimSpace(block), "\n")
		head := strings.Fields(lines[0])
		a := putStory(t, d, articles.Input{Language: head[1], Title: lines[1], HTML: "<p>" + lines[2] + "</p>", Published: storyDay})
		ids, story[a.ID] = append(ids, a.ID), head[0]
	}
	return ids, story
}

func TestOnlyWhatIsAboutOneEventIsOneStory(t *testing.T) {
	d := dbtest.Open(t)
	ids, story := inventedStories(t, d)
	s, err := articles.StoriesOf(context.Background(), d, ids)
	if err != nil {
		t.Fatal(err)
	}
	same, other := 0, 0
	for i, one := range ids {
		for _, two := range ids[:i] {
			switch alike := s.Same(one, two); {
			case alike != s.Same(two, one):
				t.Fatalf("%d and %d are not as much alike as %d and %d", one, two, two, one)
			case alike > 0 && story[one] == story[two]:
				same++
			case alike > 0:
				other++
			}
		}
	}
	t.Logf("pairs of one story: %d, of different ones: %d", same, other)
	if other > 0 || same < 12 {
		t.Errorf("pairs of one story: %d, of different ones: %d; want 12 at least, and none", same, other)
	}
}

// The saved page's headlines stand among those of other news.
func TestFiveHeadlinesOfTheSavedPageAreOneStory(t *testing.T) {
	path := filepath.Join("..", "..", "shared", "corpora", "pages", "000_98d2a3ab253641e9.txt")
	if _, err := os.Stat(path); err != nil {
		t.Skip("the saved news page is not there: " + path)
	}
	for _, among := range []string{"few", "many"} {
		d := dbtest.Open(t)
		if among == "many" {
			inventedStories(t, d)
		}
		if _, err := (files.Importer{Site: storySite, WithHeadlines: true}).Import(context.Background(), d, []string{path}, storyDay); err != nil {
			t.Fatal(err)
		}
		briefs, err := articles.List(context.Background(), d, articles.Filter{Kind: articles.KindBrief})
		if err != nil || len(briefs) != 25 {
			t.Fatal(len(briefs), err)
		}
		var ids []int64
		for _, b := range briefs {
			ids = append(ids, b.ID)
		}
		s, err := articles.StoriesOf(context.Background(), d, ids)
		if err != nil {
			t.Fatal(err)
		}
		film := func(a articles.Article) bool { return strings.Contains(a.Title, "Сто лет тому вперед") }
		for i, a := range briefs {
			for _, b := range briefs[:i] {
				alike := s.Same(a.ID, b.ID)
				if film(a) && film(b) {
					if alike == 0 {
						t.Errorf("among %s: not one story: %q and %q", among, a.Title, b.Title)
					}
				} else if alike > 0 {
					t.Logf("among %s, %.2f: %q and %q", among, alike, a.Title, b.Title)
					if film(a) || film(b) {
						t.Errorf("among %s: one story: %q and %q", among, a.Title, b.Title)
					}
				}
			}
		}
	}
}

func putStory(t *testing.T, d *db.DB, in articles.Input) (a articles.Article) {
	t.Helper()
	err := d.Tx(context.Background(), func(tx *sql.Tx) (err error) {
		a, _, err = articles.Put(context.Background(), tx, storySite, in, storyDay)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return a
}
