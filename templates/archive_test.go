package templates

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// archivePictures are the pages of digests, and of editions with what stands around them.
func archivePictures(lang string) map[string]Page {
	base := page(lang)
	base.Banner = &Banner{Image: banner().Image, Link: banner().Link, Alt: banner().Alt, Name: "film", Label: Text(lang, "banner_label"), Erid: "2VtzqwP7nAb", Advertiser: "ООО «Киноплёнка»"}
	index, many, ended, none, mended, old := base, base, base, base, base, base
	newest := &Headline{Title: titles[0], Language: "ru", URL: "/digests/daily/2026-11-24T0800", Date: morning}
	index.Title = Text(lang, "archive_heading")
	index.Shelves = &Shelves{
		Current: []DigestShelf{
			{Link: Link{"Самое читаемое", "/digests/daily"}, Language: "ru", Rhythm: Text("ru", "rhythm_daily", "08:00"), Editions: 1204, Newest: newest},
			{Link: Link{"Неделя в кино", "/digests/weekly"}, Language: "ru", Rhythm: Text("ru", "rhythm_weekly"), BestOf: "Самое читаемое", Editions: 21, Newest: newest},
			{Link: Link{"Sakhalin on screen", "/digests/english"}, Language: "en", Rhythm: Text("en", "rhythm_weekly")}},
		Ended: []DigestShelf{{Link: Link{"Форум кинопроизводства", "/digests/forum"}, Language: "ru", Editions: 2, Newest: newest}}}
	many.Title, many.Description = "Самое читаемое", ""
	many.Digest = &DigestAbout{Name: "daily", Title: "Самое читаемое", Rhythm: Text(lang, "rhythm_daily", "08:00"), Trap: "site", Stamp: "s", Older: "/digests/daily?before=1-1",
		Editions: pastDays(40)}
	ended.Title = "Форум кинопроизводства"
	ended.Digest = &DigestAbout{Name: "forum", Title: "Форум кинопроизводства", Ended: true, Editions: pastDays(2)}
	none.Shelves, none.Title = &Shelves{}, index.Title
	mended.Edition, mended.Title = new(correctedEdition(richEdition(lang, LayoutList))), "Самое читаемое"
	mended.Beside = EditionFrame{Hash: mended.Edition.Hash(), Number: 2, Earlier: []Link{{"1", "/digests/daily/2026-11-24T0800?revision=1"}},
		Older: &Headline{Title: titles[1], Language: "ru", URL: "/digests/daily/2026-11-23T0800"}, Newer: &Headline{Title: titles[2], Language: "ru", URL: "/digests/daily/2026-11-25T0800"}}
	old.Edition, old.NoIndex = new(richEdition(lang, LayoutList)), true
	old.Beside = EditionFrame{Hash: old.Edition.Hash(), Number: 1, Present: "https://kino.example/digests/daily/2026-11-24T0800"}
	return map[string]Page{"digests": index, "digests_none": none, "digest_many": many, "digest_ended": ended, "edition_mended": mended, "edition_old": old}
}

// pastDays are editions of a day each, one of them corrected.
func pastDays(n int) (past []Headline) {
	for i := range n {
		day := morning.AddDate(0, 0, -i)
		past = append(past, Headline{Title: "Самое читаемое: " + titles[i%len(titles)], Language: "ru", URL: "/digests/daily/" + day.Format("2006-01-02T1504"), Date: day, Corrected: i == 1})
	}
	return past
}

func TestManyEditionsArePartedByMonthsAndFewOfAYearByYears(t *testing.T) {
	spans := func(d DigestAbout) string {
		var b strings.Builder
		for _, s := range d.Spans() {
			start := "-"
			if !s.Start.IsZero() {
				start = s.Start.Format("2006-01")
			}
			if s.Year {
				start = s.Start.Format("2006")
			}
			fmt.Fprintf(&b, "%s:%d ", start, len(s.Editions))
		}
		return b.String()
	}
	monthly := func(n int) (past []Headline) {
		for i := range n {
			past = append(past, Headline{Date: time.Date(2026, time.Month(11-i), 1, 8, 0, 0, 0, sakhalin)})
		}
		return past
	}
	for want, d := range map[string]DigestAbout{
		"":                        {},
		"-:12 ":                   {Editions: pastDays(12)},
		"2026-11:12 ":             {Editions: pastDays(12), Older: "/x"},
		"2026-11:2 ":              {Editions: pastDays(2), Paged: true},
		"2026-11:24 2026-10:16 ":  {Editions: pastDays(40)},
		"2026:11 2025:12 2024:1 ": {Editions: monthly(24)},
	} {
		if got := spans(d); got != want {
			t.Errorf("spans = %q, want %q", got, want)
		}
	}
}

func TestEveryPageAndLetterHasTheWholeImprint(t *testing.T) {
	s := newSet(t)
	imprint := Imprint{Publisher: "ООО «Выходные данные»", Address: "693000, Южно-Сахалинск", Email: "imprint@kino.example", Age: "16-plus",
		Notice: "Рекомендательные технологии: https://kino.example/rules."}
	whole := func(name, text, rules string) {
		t.Helper()
		for _, want := range []string{imprint.Publisher, imprint.Address, imprint.Email, imprint.Age, rules} {
			if !strings.Contains(text, want) {
				t.Errorf("%s lacks %q", name, want)
			}
		}
	}
	for name, p := range pictures("ru") {
		if template := templateOf(name); template == "mailbox.html" || template == "letter.html" || template == "box.html" || template == "snippet.html" || template == "form.html" || template == "edit.html" {
			continue // the demo's mailbox, parts for other sites, and what editors alone see
		}
		p.Site.Imprint = imprint
		whole(name, render(t, s, strings.TrimSuffix(templateOf(name), ".html"), p), `<a href="https://kino.example/rules">`)
	}
	st := site()
	st.Imprint = imprint
	for name, make := range map[string]func() (Letter, error){
		"digest": func() (Letter, error) {
			return s.DigestLetter(DigestLetter{Site: st, Language: "ru", Edition: edition(3), Leave: "https://kino.example/unsubscribe/x", Preferences: "https://kino.example/preferences/x"})
		},
		"confirm": func() (Letter, error) { return s.ConfirmLetter(ConfirmLetter{Site: st, Language: "ru", Hours: 48}) },
		"move":    func() (Letter, error) { return s.MoveLetter(MoveLetter{Site: st, Language: "ru", Hours: 48}) },
		"notice":  func() (Letter, error) { return s.MoveLetter(MoveLetter{Site: st, Language: "ru", Notice: true}) },
		"seal":    func() (Letter, error) { return s.SealLetter(SealLetter{Site: st, Language: "ru"}) },
		"approve": func() (Letter, error) { return s.ApproveLetter(ApproveLetter{Site: st, Language: "ru"}) },
		"correction": func() (Letter, error) {
			return s.CorrectionLetter(CorrectionLetter{Site: st, Language: "ru", Leave: "https://kino.example/unsubscribe/x"})
		},
	} {
		l, err := make()
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		whole(name+".html", l.HTML, `<a href="https://kino.example/rules"`)
		whole(name+".txt", l.Text, "https://kino.example/rules")
	}
}
