package templates

import (
	"bytes"
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// pictures are the pages to look at, by the file they are written to; the part before the first "_" names the template.
func pictures(lang string) map[string]Page {
	base := page(lang)
	home, list, read, most, about, joined, wrong := base, base, base, base, base, base, base
	home.List = headlines(0, 14)
	home.List[0].Image = "https://kino.example/assets/photo.png"
	home.List[7].Image = "https://kino.example/assets/photo.png"
	home.List[9].Brief, home.List[9].Standfirst = true, ""
	list.Heading, list.Title, list.List, list.Older = "Производство", "Производство", headlines(1, 9), "/sections/proizvodstvo?before=1"
	list.Canonical, list.Description = "https://kino.example/sections/proizvodstvo", ""
	read.Article, read.Related, read.Title = article(), headlines(8, 5), article().Title
	most.MostRead, most.Window = chart(20), "24h"
	few, unread := most, most // a list with the editors' choice, filled up; and one of which nothing was read
	few.MostRead, few.Latest = chart(4), headlines(6, 5)
	few.MostRead[0].Pinned, few.MostRead[0].Reads = true, 0
	few.MostReadOf, few.Window = Link{"Прокат", "/sections/prokat"}, "7d"
	unread.MostRead, unread.Latest, unread.Window = few.MostRead[:1], few.Latest, "30d"
	about.Title, about.Description = "Самое читаемое", ""
	about.Digest = &DigestAbout{Name: "daily", Title: "Самое читаемое", Rhythm: Text(lang, "rhythm_daily", "08:00"), Trap: "site", Stamp: "s"}
	about.Digest.Editions = headlines(0, 6)
	joined.Digest = &DigestAbout{Name: "daily", Title: "Самое читаемое", Joined: true}
	wrong.Digest = &DigestAbout{Name: "daily", Title: "Самое читаемое", Email: "anna@", Error: Text(lang, "error_address", "anna@"), Trap: "site"}
	quiet, now := read, read
	quiet.MostRead, quiet.Latest = few.MostRead, few.Latest
	now.MostRead, now.MostReadURL, now.ReadNow, now.Latest = headlines(5, 3), "", true, headlines(11, 2)
	shown, thin, gone, lost := base, base, base, base
	lost.MostRead, lost.Latest = nil, headlines(2, 8)
	shown.Edition, thin.Edition = new(edition(20)), new(thinEdition())
	gone.Status, lost.Status = 410, 404
	feeds, none := base, base
	feeds.Catalogue, feeds.Canonical, feeds.MostRead = catalogue(lang), "https://kino.example/feeds", nil
	feeds.Title = Text(lang, "all_feeds")
	none.Catalogue, none.Title, none.MostRead = &FeedCatalogue{}, feeds.Title, nil
	mended := read
	mended.Article = article()
	mended.Article.Correction = []string{"В первой версии говорилось, что генератор волн стоит 1,4 млрд рублей. Столько стоит весь бассейн.",
		"Редакция приносит извинения студии «Маяк»."}
	mended.Article.Corrected = mended.Article.Updated
	found, bareSearch, nothing := base, base, base
	found.Search, bareSearch.Search, nothing.Search = searchView(), &SearchView{}, &SearchView{Text: "абракадабра", Asked: true}
	found.Title, bareSearch.Title, nothing.Title = Text(lang, "search_for", "павильон моря"), Text(lang, "search"), Text(lang, "search_for", "абракадабра")
	form := func(done, digest string) Page {
		p := base
		p.Banner, p.MostRead = nil, nil
		p.Form = &Form{Action: "/x", Digest: digest, Email: "anna@example.org", Done: done, Undo: true}
		return p
	}
	prefs := func(change func(*Preferences)) Page {
		p := base
		p.Banner, p.MostRead, p.Prefs = nil, nil, preferences(lang)
		change(p.Prefs)
		return p
	}
	asked := form("", "")
	asked.Form.New = "anna.lee@example.net"
	blocks, cards, long, one := base, base, base, base
	blocks.Edition, cards.Edition = new(correctedEdition(richEdition(lang, LayoutList))), new(richEdition(lang, LayoutCards))
	long.Edition, one.Edition = new(richEdition(lang, LayoutLong)), new(oneArticle(lang, true))
	all := map[string]Page{
		"edition_blocks": blocks, "edition_cards": cards, "edition_long": long, "edition_article": one,
		"home": home, "list": list, "article": read, "article_corrected": mended, "feeds": feeds, "feeds_none": none, "most-read": most, "most-read_few": few, "most-read_unread": unread, "article_quiet": quiet, "article_now": now,
		"digest": about, "digest_joined": joined, "digest_wrong": wrong,
		"edition": shown, "edition_thin": thin, "message_410": gone, "message_404": lost, "confirm": form("", "Самое читаемое"),
		"confirm_done": form("confirmed", "Самое читаемое"), "unsubscribe": form("", "Самое читаемое"),
		"unsubscribe_done": form("left", "Самое читаемое"), "unsubscribe_returned": form("returned", "Самое читаемое"),
		"preferences": prefs(func(*Preferences) {}), "preferences_done": prefs(func(p *Preferences) { p.Done = "saved" }),
		"preferences_wrong": prefs(func(p *Preferences) {
			p.Wrong, p.Error, p.Date, p.Moving = "date", Text(lang, "error_date"), "2026-01-01", "anna.lee@example.net"
			p.Paused = []Headline{{Title: "Самое читаемое", Date: morning.AddDate(0, 0, 7)}}
		}),
		"move": asked, "move_stop": form("", ""), "move_done": form("moved", ""), "erase": form("", ""), "erase_done": form("erased", ""),
		"search": found, "search_bare": bareSearch, "search_none": nothing,
		"mailbox": mailbox(lang, 0), "letter": mailbox(lang, 1),
	}
	maps.Copy(all, editPictures(lang))
	maps.Copy(all, archivePictures(lang))
	return all
}

// preferences are a reader's who gets a daily digest and may have a calmer one.
func preferences(lang string) *Preferences {
	sections := []Choice{{"festivali", "Фестивали", false}, {"kassa", "Касса", false}, {"proizvodstvo", "Производство", true}, {"prokat", "Прокат", true}}
	p := &Preferences{Action: "/x", Erase: "/x/erase", Email: "anna@example.org", Pausable: true, From: "2026-11-25", To: "2027-11-24",
		Groups: []DigestGroup{
			{Name: "daily", Title: "Самое читаемое", Rhythms: []Rhythm{{"daily", "", Text(lang, "rhythm_daily", "8:00"), true, false},
				{"weekly", "Неделя в кино", Text(lang, "rhythm_weekly"), false, true}, {"monthly", "Месяц в кино", Text(lang, "rhythm_monthly"), false, false}, {}}, Sections: sections},
			{Name: "forum", Title: "Форум кинопроизводства", Note: Text(lang, "rhythm_monthly"), Chosen: true, Sections: []Choice{{"kassa", "Касса", false}, {"prokat", "Прокат", false}}}},
		Langs: []Choice{{"", "", true}, {"ru", "Русский", false}, {"en", "English", false}},
		Hours: []Choice{{"", "", false}, {"7", "07:00", true}}, Zones: []Choice{{"", "", false}, {"Asia/Sakhalin", Text(lang, "zone_Asia_Sakhalin") + " (UTC+11:00)", true}}}
	return p
}

// TestWritePagesToLookAt writes every page and letter as a file, for eyes and for screenshots: into the folder VESTNIK_LOOK
// where that is set.
func TestWritePagesToLookAt(t *testing.T) {
	dir := os.Getenv("VESTNIK_LOOK")
	if dir == "" {
		dir = t.TempDir()
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(filepath.Join(dir, "pictures"), os.DirFS("../cmd/vestnik/sample/pictures")); err != nil && !errors.Is(err, fs.ErrExist) {
		t.Fatal(err)
	}
	s := newSet(t)
	write := func(name string, b []byte) {
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, lang := range Languages() {
		for name, p := range pictures(lang) {
			var b bytes.Buffer
			if err := s.Page(&b, templateOf(name), p); err != nil {
				t.Fatal(err)
			}
			write(name+"-"+lang+".html", bytes.ReplaceAll(b.Bytes(), []byte("https://kino.example/pictures/"), []byte("pictures/")))
		}
		all := letters(t, s, lang)
		thin := digestLetter(lang, 0)
		thin.Edition = thinEdition()
		var err error
		if all["digest-thin"], err = s.DigestLetter(thin); err != nil {
			t.Fatal(err)
		}
		for name, l := range all {
			write("letter-"+name+"-"+lang+".html", []byte(strings.ReplaceAll(l.HTML, "https://kino.example/pictures/", "pictures/")))
			write("letter-"+name+"-"+lang+".txt", []byte(l.Text))
		}
	}
}
