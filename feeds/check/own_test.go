package check

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"vestnik/feeds"
)

// TestOurOwnDocumentsHaveNoFinding renders what is hard to write: few items and many, all scripts, what XML forbids.
func TestOurOwnDocumentsHaveNoFinding(t *testing.T) {
	formats := map[string]func(feeds.Feed) ([]byte, error){"RSS": feeds.RSS, "Atom": feeds.Atom, "JSON": feeds.JSON, "Yandex": feeds.Yandex}
	for name, f := range newsroom() {
		for format, render := range formats {
			doc, err := render(f)
			if err != nil {
				t.Fatalf("%s of the feed %s: %v", format, name, err)
			}
			r := Check(doc, Options{Now: testNow})
			if len(r.Findings) > 0 {
				t.Errorf("%s of the feed %s:\n%s", format, name, list(r.Findings))
			}
			if r.Items != len(f.Items) && format != "Yandex" {
				t.Errorf("%s of the feed %s: items = %d, want %d", format, name, r.Items, len(f.Items))
			}
		}
	}
}

func newsroom() map[string]feeds.Feed {
	empty := feeds.Feed{ID: "tag:kino.example,2026:feed", Title: "Вестник & «кино»", Home: "https://kino.example/", Language: "ru"}
	one := empty
	one.Items = items(1)
	full := empty
	full.Description, full.Copyright, full.Author = "Новости <кино>", "© Вестник", "Редакция"
	full.Image, full.Hub, full.Styles = "https://kino.example/logo.png?a=1&b=2", "https://kino.example/hub", "https://kino.example/feed.css"
	full.TTL, full.Deltas, full.Place = 15*time.Minute, true, feeds.Place{Under: "https://kino.example/sections/kino"}
	full.Prev = &feeds.Place{Under: "https://kino.example/archive/2026-10", Query: "v=17-ab"}
	full.Deleted = []feeds.Deleted{{ID: "tag:kino.example,2026:gone", At: testNow.Add(-time.Hour), Change: 99}}
	full.Items = items(60)
	summaries := full
	summaries.Summary = true
	archive := full
	archive.Archive, archive.Deleted, archive.Place = true, nil, *full.Prev
	archive.Current, archive.Prev = &full.Place, nil
	return map[string]feeds.Feed{"without items": empty, "with one": one, "with all": full, "of summaries": summaries, "of an archive": archive}
}

var hardTitles = []string{
	"Тихий < громкий & \"кавычки\" ]]> конец",
	"שלום עולם 🎬 и <b> в заголовке",
	"Управляющие \x00\x0b\u0085 и \xff байты",
	strings.Repeat("Длинный заголовок ", 20),
	"A plain one",
}

func items(n int) []feeds.Item {
	var all []feeds.Item
	for k := range n {
		i := feeds.Item{
			ID:         fmt.Sprintf("tag:kino.example,2026:%d", k),
			Title:      hardTitles[k%len(hardTitles)],
			Link:       fmt.Sprintf("https://kino.example/articles/%d?a=1&b=2", k),
			Summary:    "Коротко: 5 < 6 & «ясно» ]]>",
			HTML:       "<p>Текст &amp; <a href=\"https://kino.example/?a=1&amp;b=2\">ссылка</a> ]]&gt; \x01</p>",
			Text:       "Текст & ссылка ]]>\n\nВторой абзац.",
			Authors:    []feeds.Person{{Name: "Ирина Ли", URL: "https://kino.example/authors/li"}, {Name: "Anna O'Neil"}},
			Categories: []feeds.Category{{Term: "kino", Name: "Кино & театр"}},
			Published:  testNow.Add(-time.Duration(k+1) * time.Hour),
			Image:      "https://kino.example/i/1.jpg?a=1&b=2",
			ImageAlt:   "Кадр \"из\" <фильма>",
			Enclosure:  &feeds.Enclosure{URL: "https://kino.example/1.mp3", Type: "audio/mpeg", Size: 5_000_000_000},
			Change:     int64(n - k),
		}
		switch k % 4 {
		case 1: // a headline alone
			i.HTML, i.Text, i.Image, i.Authors, i.Enclosure = "", "", "", nil, nil
		case 2: // of an unknown day
			i.Published, i.Language, i.Categories = time.Time{}, "en", nil
		case 3:
			i.Updated = i.Published.Add(30 * time.Minute)
		}
		all = append(all, i)
	}
	return all
}
