package feeds

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

// day is when the sample's first item came.
var day = time.Date(2018, 5, 29, 0, 0, 0, 0, time.FixedZone("+11", 11*3600))

// sample is a living feed with everything in it: a whole article, and a brief in another language whose day is unknown.
func sample() Feed {
	return Feed{
		ID:          "tag:kino.example,2026:feed:/",
		Title:       "Вестник кино",
		Description: "Новости кинопроката & производства",
		Home:        "https://kino.example/",
		Language:    "ru",
		Copyright:   "© ООО «Кино»",
		Image:       "https://kino.example/assets/icon.png",
		Hub:         "https://kino.example/hub",
		Styles:      "/assets/feed.css?v=1&w=2",
		TTL:         5 * time.Minute,
		Deltas:      true,
		Prev:        &Place{Under: "https://kino.example/archive/2018-04", Query: "v=17"},
		Version:     Version{Change: 43, Mark: 0xbadcafe},
		Items:       []Item{article(), brief()},
		Deleted:     []Deleted{{ID: "tag:kino.example,2018-05-27:withdrawn", At: day.Add(time.Hour), Change: 43}},
	}
}

func article() Item {
	return Item{
		ID:         "tag:kino.example,2018-05-29:kinotanz",
		Title:      "Фестиваль «Кинотанец» объявил программу: <b> & «кавычки» 🎬",
		Link:       "https://kino.example/articles/kinotanets",
		Summary:    "Показы пройдут в 10 городах, билеты < 500 ₽ & скидки.",
		HTML:       "<p>Первый абзац.</p><pre>a[b[0]]>c</pre>",
		Text:       "Первый абзац.\n\na[b[0]]>c",
		Authors:    []Person{{"Иван Петров", "https://kino.example/authors/ivan-petrov"}, {"Anna O'Neil", ""}},
		Categories: []Category{{"festivali", "Фестивали"}, {"tanets", "танец & кино"}},
		Published:  day,
		Updated:    day.Add(26 * time.Hour),
		Image:      "https://kino.example/i/1.jpg?a=1&b=2",
		ImageAlt:   `Кадр "из" фильма`,
		Enclosure:  &Enclosure{"https://kino.example/1.mp3", "audio/mpeg", 5_000_000_000},
		Change:     42,
	}
}

func brief() Item {
	return Item{
		ID:       "tag:kino.example,2018-05-28:second",
		Title:    "A brief in English",
		Link:     "https://wire.example/second",
		Language: "en",
		Updated:  day.Add(-time.Hour),
		Change:   41,
	}
}

// archive is a closed month.
func archive() Feed {
	f := sample()
	f.Place = Place{Under: "https://kino.example/archive/2018-05", Query: "v=43"}
	f.Archive, f.Complete, f.Expired, f.Deltas, f.TTL = true, true, true, false, 0
	f.Hub, f.Styles, f.Deleted = "", "", nil
	f.Current = &Place{Under: "https://kino.example"}
	f.Next = &Place{Under: "https://kino.example/archive/2018-06", Query: "v=50"}
	return f
}

// summaries is a feed without whole texts, which holds everything there is.
func summaries() Feed {
	f := sample()
	f.Summary, f.Complete = true, true
	f.Hub, f.Styles, f.Prev, f.Deleted = "", "", nil, nil
	return f
}

// long is a feed of n items of about five kilobytes; the newest has the change number n, the oldest 1.
func long(n int) Feed {
	f := sample()
	f.Items, f.Deleted, f.Version = nil, nil, Version{Change: int64(n), Mark: 1}
	for k := n; k > 0; k-- {
		f.Items = append(f.Items, numbered(k))
	}
	return f
}

// numbered is the item of long with that change number.
func numbered(k int) Item {
	i := article()
	i.ID = fmt.Sprintf("tag:kino.example,2018:%d", k)
	i.Key, i.Change = int64(k), int64(k)
	i.Title = fmt.Sprintf("Новость %d", k)
	i.Link = fmt.Sprintf("https://kino.example/articles/%d", k)
	i.Published, i.Updated = day.Add(time.Duration(k)*time.Hour), day.Add(time.Duration(k)*time.Hour)
	words := rand.New(rand.NewPCG(uint64(k), 1)) // as hard to compress as news is
	var text strings.Builder
	for text.Len() < 5000 {
		text.WriteString("<p>")
		for range 40 {
			text.WriteString(vocabulary[int(float64(len(vocabulary))*math.Pow(words.Float64(), 2))] + " ")
		}
		text.WriteString("</p>\n")
	}
	i.HTML = text.String()
	return i
}

// all are the formats that there are.
func all() []Format { return append(Formats(), yandex()) }

func named(t testing.TB, name string) Format {
	t.Helper()
	f, ok := FormatNamed(name)
	if !ok {
		t.Fatalf("no format %q", name)
	}
	return f
}

// vocabulary are words made of syllables, the first of which are used most.
var vocabulary = func() []string {
	syllables := strings.Fields("ка ко но про ст ра на по ни то ва ро ли ре де ки но сбо ры филь мы пре мье кас са зал экран ви")
	r := rand.New(rand.NewPCG(1, 2))
	words := make([]string, 4000)
	for n := range words {
		for range 1 + r.IntN(4) {
			words[n] += syllables[r.IntN(len(syllables))]
		}
	}
	return words
}()
