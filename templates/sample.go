package templates

import (
	"fmt"
	"io"
	"time"
)

// try renders every template with sample data: full, so that each branch is met, and empty, so that none relies on what
// may be missing.
func (s *Set) try() error {
	for _, lang := range Languages() {
		for _, name := range fileNames("pages") {
			if s.words[lang].pages[name] == nil {
				continue // shared parts
			}
			for _, p := range samplePages(lang) {
				if err := s.Page(io.Discard, name, p); err != nil {
					return err
				}
			}
		}
		if err := s.tryDigest(lang); err != nil {
			return err
		}
		confirm := ConfirmLetter{Site: sampleSite(), Language: lang, Digest: "Самое читаемое", Confirm: "https://kino.example/confirm/x",
			NotMe: "https://kino.example/not-me/x", Hours: 48}
		if _, err := s.ConfirmLetter(confirm); err != nil {
			return err
		}
		seal := SealLetter{Site: sampleSite(), Language: lang, Head: "128-6f1c", Lines: 128, At: sampleTime, Command: "vestnik subscribers verify-log"}
		if _, err := s.SealLetter(seal); err != nil {
			return err
		}
		if err := s.tryEditors(lang); err != nil {
			return err
		}
		for _, notice := range []bool{true, false} {
			if _, err := s.MoveLetter(MoveLetter{Site: sampleSite(), Language: lang, Notice: notice, Link: "https://kino.example/move/x", Hours: 48}); err != nil {
				return err
			}
		}
	}
	return nil
}

// tryDigest renders the digest's letter with every layout and kind of block, with the links to change and leave and without.
func (s *Set) tryDigest(lang string) error {
	for _, e := range sampleEditions() {
		for _, links := range []bool{true, false} {
			v := DigestLetter{Site: sampleSite(), Language: lang, Edition: e}
			if links {
				v.Leave, v.Preferences = v.Site.URL+"/unsubscribe/x", v.Site.URL+"/preferences/x"
			}
			if _, err := s.DigestLetter(v); err != nil {
				return err
			}
		}
	}
	return nil
}

// sampleEditions are one that is empty, one of old, one article with its text and one without, and one with everything in each layout.
func sampleEditions() []EditionView {
	full := sampleEdition()
	full.Note, full.Correction, full.Corrected, full.Revision = "Доброе утро!\n\nСегодня коротко.", "Дата премьеры была неверна.", sampleTime, 2
	for i, b := range []Block{{Rank: "reads"}, {Rank: "adjusted", Title: "Неделя", Layout: LayoutCards}, {Rank: ReasonLatest, Title: "Прокат", Section: "prokat", Layout: LayoutLong}, {Rank: ReasonEditors, Layout: LayoutList}, {Rank: ReasonFill}} {
		full.Blocks = append(full.Blocks, b)
		for j, item := range full.Items[:3-i%2] {
			item.Block, item.Reason, item.Minutes = i, []string{ReasonReads, ReasonEditors, ReasonFill}[(i+j)%3], j*3
			item.Story, item.Opening = sampleHeadlines(1+j), "Так начинается текст.\n\nИ так продолжается."
			if j != 1 {
				item.Image, item.ImageAlt = "https://kino.example/p.jpg", "Съёмка"
			}
			full.Items = append(full.Items, item)
		}
	}
	full.Items = full.Items[3:]
	list := []EditionView{{}, sampleEdition()}
	for _, layout := range Layouts() {
		full.Layout = layout
		list = append(list, full)
	}
	one := full
	one.Items, one.Blocks, one.Article = full.Items[:1], full.Blocks[:1], &LongRead{Authors: []string{"Анна Ли"}, Minutes: 7, HTML: sampleText, Text: "Текст."}
	brief := one
	brief.Article = &LongRead{Minutes: 1}
	return append(list, one, brief)
}

const sampleText = `<h2>Глава</h2><p>Текст со <a href="/articles/1">ссылкой</a>.</p><figure><img src="/p.jpg" alt="Съёмка"><figcaption>Подпись</figcaption></figure>` +
	`<blockquote><p>Цитата</p></blockquote><ul><li>раз</li></ul><table><tr><td>1</td></tr></table><iframe src="https://video.example/1"></iframe>`

func sampleSite() Site {
	return Site{
		Title: "Вестник кино", URL: "https://kino.example", Language: "ru", Location: time.FixedZone("Asia/Sakhalin", 11*3600),
		Imprint: Imprint{Publisher: "ООО «Вестник»", Address: "Южно-Сахалинск, ул. Ленина, 1", Email: "red@kino.example", Age: "16+",
			Notice: "Перепечатка — со ссылкой."},
	}
}

var sampleTime = time.Date(2026, 11, 24, 8, 0, 0, 0, time.FixedZone("Asia/Sakhalin", 11*3600))

func sampleHeadlines(n int) []Headline {
	list := make([]Headline, n)
	for i := range list {
		list[i] = Headline{Title: fmt.Sprintf("Заголовок номер %d", i+1), URL: fmt.Sprintf("https://kino.example/articles/%d", i+1),
			Language: "ru", Date: sampleTime, Section: Link{"Новости", "/sections/novosti"}, Standfirst: "О чём идёт речь.",
			Image: "/assets/favicon.svg", Reads: int64(1204 - i), Brief: i%2 == 1}
	}
	list[n-1] = Headline{Title: "Без даты и раздела", URL: "/articles/last"}
	return list
}

// samplePinned is a list of the most read with an article that the editors chose.
func samplePinned() []Headline {
	list := sampleHeadlines(20)
	list[1].Pinned, list[1].Reads = true, 0
	return list
}

// samplePages are the data that every page must stand: everything given, nothing given, and each state of a form.
func samplePages(lang string) []Page {
	full := Page{
		Site: sampleSite(), Now: sampleTime, Language: lang, Title: "Заголовок", Description: "О чём страница.",
		Canonical: "https://kino.example/sections/novosti", Sections: []Link{{"Новости", "/sections/novosti"}},
		Feeds:   []FeedLink{{"RSS", "application/rss+xml", "/feed.xml"}},
		Digests: []Link{{"Самое читаемое", "/digests/daily"}}, Banner: sampleBanner(), NoIndex: true,
		Article: sampleArticle(), List: sampleHeadlines(8), Heading: "Новости", MostRead: samplePinned(), Latest: sampleHeadlines(3),
		MostReadURL: "/most-read", MostReadOf: Link{"Новости", "/sections/novosti"},
		Related: sampleHeadlines(5), Window: "24h", Windows: []Link{{"24h", "/most-read?window=24h"}, {"Всё", "/most-read"}},
		Older: "/?before=1", Status: 404, Hub: "https://kino.example/hub", Self: "https://kino.example/feed.xml", Catalogue: sampleCatalogue(), Search: sampleSearch(), Edition: new(sampleEdition()),
		Digest: &DigestAbout{Name: "daily", Title: "Самое читаемое", Rhythm: "каждый день", Editions: sampleHeadlines(3),
			Email: "a@b.example", Error: "не похоже на адрес", Trap: "site", Stamp: "x", Check: true, Address: "https://kino.example/digests/daily"},
		Form:  &Form{Action: "/x", Digest: "Самое читаемое", Email: "a@b.example"},
		Prefs: samplePreferences(),
	}
	full.Letter = &MailboxLetter{ID: 1, URL: "/demo/mailbox/1", From: "Вестник кино <digest@kino.example>", To: "a@b.example",
		Subject: "Самое читаемое", At: sampleTime, Preheader: "Один материал.", HTMLURL: "/demo/mailbox/1/html",
		TextURL: "/demo/mailbox/1/text", SourceURL: "/demo/mailbox/1/source", Headers: []Link{{"Subject", "x"}}, Text: "Текст"}
	full.Mailbox = &Mailbox{Letters: []MailboxLetter{*full.Letter, {ID: 2}}}

	full.Digest.Older, full.Digest.Editions[0].Corrected = "/digests/daily?before=1-1", true
	full.Beside = EditionFrame{Hash: "128f6f1c128f6f1c", Number: 1, Present: "https://kino.example/digests/daily/1", Earlier: []Link{{"1", "/digests/daily/1?revision=1"}},
		Older: &full.List[0], Newer: &full.List[1]}
	shelf := DigestShelf{Link: Link{"Самое читаемое", "/digests/daily"}, Language: "ru", Rhythm: "каждый день", BestOf: "Сразу", Editions: 3, Newest: &full.List[0]}
	full.Shelves = &Shelves{Current: []DigestShelf{shelf, {}}, Ended: []DigestShelf{shelf}}

	done := full
	done.Digest = &DigestAbout{Name: "daily", Title: "Самое читаемое", Joined: true, Framed: true, Query: "en", Height: 300, Ended: true}
	done.Shelves = &Shelves{}
	done.Form = &Form{Action: "/x", Done: "moved"}
	done.Prefs = &Preferences{Done: "saved"}
	done.Article = &Article{Title: "Краткая новость"}
	done.Letter = &MailboxLetter{}
	done.MostRead, done.MostReadURL, done.ReadNow = sampleHeadlines(2)[:1], "", true
	done.MostRead[0].Pinned = true
	bare := Page{Site: Site{Title: "Вестник"}, Article: &Article{}, Search: &SearchView{}, Catalogue: &FeedCatalogue{}, Digest: &DigestAbout{}, Edition: &EditionView{}, Form: &Form{},
		Letter: &MailboxLetter{}, Language: lang}
	full.Edit, done.Edit, bare.Edit = sampleEdit("held"), sampleEdit("finished"), &EditPage{State: "cancelled"}
	return []Page{full, done, bare, {Language: lang}}
}

func samplePreferences() *Preferences {
	sections := []Choice{{"kino", "Кино", true}, {"teatr", "Театр", false}}
	return &Preferences{Action: "/x", Erase: "/x/erase", Email: "a@b.example", Done: "moving", Wrong: "email", Error: "Это не адрес.", Pausable: true,
		Groups: []DigestGroup{{Name: "extra", Title: "Срочное", Chosen: true, Pending: true, Sections: sections},
			{Name: "daily", Title: "Самое читаемое", Rhythms: []Rhythm{{"=", "Всё", "", false, false}, {"daily", "", "каждый день", true, false}, {"", "", "", false, false}}, Sections: sections}},
		Langs: []Choice{{"", "", true}, {"ru", "Русский", false}}, Hours: []Choice{{"", "", true}, {"7", "07:00", false}}, Zones: []Choice{{"", "", true}},
		Paused: []Headline{{Title: "Самое читаемое", Date: sampleTime}}, From: "2026-11-25", To: "2027-11-24", New: "a@", Moving: "b@b.example"}
}

func sampleBanner() *Banner {
	return &Banner{Image: "https://kino.example/b.png", Link: "https://sponsor.example/?a=1", Label: "Реклама", Alt: "Фестиваль открыт",
		Name: "film", Erid: "2VtzqwP7nAb", Advertiser: "ООО «Киноплёнка»"}
}

func sampleArticle() *Article {
	return &Article{
		Title: "Заголовок", Standfirst: "О чём идёт речь.", Authors: []Link{{"Анна Ли", "/authors/anna-li"}, {"Ред.", ""}},
		Date: sampleTime, Updated: sampleTime.Add(time.Hour), Section: Link{"Новости", "/sections/novosti"},
		Tags: []Link{{"Прокат", "/tags/prokat"}}, Image: "https://kino.example/p.jpg", ImageAlt: "Съёмка", HTML: "<p>Текст.</p>",
		Language: "ru", Original: "https://wire.example/1", Beacon: "/a/1", Token: "x",
		Correction: []string{"В первой версии была ошибка.", "Просим прощения."}, Corrected: sampleTime.Add(time.Hour),
	}
}

func sampleCatalogue() *FeedCatalogue {
	feed := FeedEntry{Title: "Новости", Home: "/sections/novosti", Articles: 1204, Updated: sampleTime, Preview: sampleHeadlines(3), Text: "О чём лента.",
		Links:   []FeedLink{{"RSS", "application/rss+xml", "https://kino.example/feed.xml"}, {"Atom", "application/atom+xml", "https://kino.example/feed.atom"}},
		Readers: []Link{{"Читалка", "https://reader.example/add?url=x"}}}
	c := &FeedCatalogue{OPML: "/opml.xml"}
	for _, kind := range []string{"site", "sections", "most_read", "digests", "authors", "tags", "other"} {
		c.Groups = append(c.Groups, FeedGroup{Kind: kind, Feeds: []FeedEntry{feed, {}}})
	}
	return c
}

func sampleEdition() EditionView {
	e := EditionView{
		Digest: "daily", DigestTitle: "Самое читаемое", Subject: "Самое читаемое: заголовок", Slot: sampleTime,
		From: sampleTime.Add(-24 * time.Hour), Until: sampleTime, Language: "ru", Related: sampleHeadlines(5), Banner: sampleBanner(),
		URL: "https://kino.example/digests/daily/2026-11-24T0800",
	}
	for i, h := range sampleHeadlines(3) {
		e.Items = append(e.Items, Item{Rank: i + 1, Article: int64(i), Title: h.Title, Language: "ru", URL: h.URL, Standfirst: h.Standfirst,
			Section: h.Section.Title, Date: h.Date, Reads: h.Reads, Reason: "reads", Related: sampleHeadlines(2)})
	}
	return e
}
