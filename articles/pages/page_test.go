package pages

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"vestnik/articles"
	"vestnik/articles/clean"
	"vestnik/articles/manuscript"
)

// readText takes a page apart as an importer of a Russian site in Sakhalin does.
func readText(t testing.TB, text string) manuscript.Manuscript {
	t.Helper()
	m, err := NewReader(pageSite(t), nil).Read(text)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func pageSite(t testing.TB) articles.Site {
	loc, err := time.LoadLocation("Asia/Sakhalin")
	if err != nil {
		t.Fatal(err)
	}
	return articles.Site{URL: "https://kino.example", Language: "ru", Location: loc}
}

func readTestdata(t testing.TB, name string) string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func paragraphsOf(m manuscript.Manuscript) []string {
	return strings.Split(clean.TextOf(m.Input.HTML), "\n\n")
}

func notes(m manuscript.Manuscript) string {
	var all []string
	for _, w := range m.Warnings {
		all = append(all, w.Text)
	}
	return strings.Join(all, "; ")
}

func TestPageWithBoxesAroundTheArticle(t *testing.T) {
	m := readText(t, readTestdata(t, "festival.txt"))
	if m.Input.Title != "Фестиваль «Полярный свет» назвал программу" || m.Input.Language != "ru" {
		t.Errorf("got title %q in %q", m.Input.Title, m.Input.Language)
	}
	if want := []string{"Мария Белова", "Олег Ким"}; !slices.Equal(m.Input.Authors, want) {
		t.Errorf("authors: got %q, want %q", m.Input.Authors, want)
	}
	if want := time.Date(2026, 11, 21, 9, 30, 0, 0, pageSite(t).Location); !m.Input.Published.Equal(want) {
		t.Errorf("date: got %v, want %v", m.Input.Published, want)
	}
	if m.Input.Standfirst != "В конкурсе – двенадцать картин, пять из них дебюты" {
		t.Errorf("standfirst: got %q", m.Input.Standfirst)
	}
	if got := paragraphsOf(m); len(got) != 2 || !strings.HasPrefix(got[0], "Международный") || !strings.HasSuffix(got[1], "«Зимовье».") {
		t.Errorf("paragraphs: got %q", got)
	}
	if want := []string{"Фонд кино объявил питчинг анимации", "В Выборге откроют школу звукорежиссеров"}; !slices.Equal(m.RelatedBox, want) {
		t.Errorf("related: got %q", m.RelatedBox)
	}
	if len(m.MostRead) != 3 || m.MostRead[0] != "Касса четверга: «Зимовье» вышло вперед" {
		t.Errorf("most read: got %q", m.MostRead)
	}
	if got := notes(m); got != "“О проекте” stands behind the article and its boxes and was left out" {
		t.Errorf("warnings: got %q", got)
	}
}

func TestEnglishPageWithWrappedLines(t *testing.T) {
	m := readText(t, readTestdata(t, "english.txt"))
	if m.Input.Title != "Harbour Cinema Reopens After Ten Years" || m.Input.Language != "en" || !slices.Equal(m.Input.Authors, []string{"Jane Miller"}) {
		t.Errorf("got %q in %q by %q", m.Input.Title, m.Input.Language, m.Input.Authors)
	}
	if m.Input.Standfirst != "The last single-screen house on the waterfront is back, with its organ" {
		t.Errorf("standfirst: got %q", m.Input.Standfirst)
	}
	if got := paragraphsOf(m); len(got) != 2 || !strings.Contains(got[0], "time in a decade.") || !strings.HasSuffix(got[1], "repertory.") {
		t.Errorf("paragraphs: got %q", got)
	}
	if len(m.MostRead) != 2 || len(m.RelatedBox) != 1 || len(m.Warnings) != 0 {
		t.Errorf("boxes %q and %q, warnings %q", m.MostRead, m.RelatedBox, notes(m))
	}
}

func TestPageWithoutAnythingButText(t *testing.T) {
	m := readText(t, readTestdata(t, "bare.txt"))
	if m.Input.Title != "Кинорынок обсудил субтитры" || m.Input.Standfirst != "" || !m.Input.Published.IsZero() || len(m.Input.Authors) != 0 {
		t.Errorf("got %+v", m.Input)
	}
	if got := paragraphsOf(m); len(got) != 2 {
		t.Errorf("paragraphs: got %q", got)
	}
	if got := notes(m); !strings.HasPrefix(got, "no date found") {
		t.Errorf("warnings: got %q", got)
	}
}

const (
	oneText = "Агентство подписало соглашение с компанией, и об этом сообщили на встрече с журналистами в понедельник утром."
	twoText = "Подробности проекта стороны пока не раскрывают, но обещают рассказать о них на ближайшем рынке контента в декабре."
)

func TestPageHeadsInManyOrders(t *testing.T) {
	body := "\n\n" + oneText + "\n\n" + twoText
	for _, c := range []struct{ name, head, title, standfirst, authors, date string }{
		{"author, date", "Большая новость дня\n\nАвтор: Анна Ли\n\n29 мая 2018", "Большая новость дня", "", "Анна Ли", "2018-05-29"},
		{"date, author", "Большая новость дня\n29.05.2018\nАвторы: Анна Ли, Олег Ким и Ян Ро", "Большая новость дня", "", "Анна Ли,Олег Ким,Ян Ро", "2018-05-29"},
		{"date first", "29 мая 2018\n\nБольшая новость дня\n\nАвтор: Анна Ли", "Большая новость дня", "", "Анна Ли", "2018-05-29"},
		{"date only, first", "29 мая 2018, 08:00\n\nБольшая новость дня", "Большая новость дня", "", "", "2018-05-29"},
		{"standfirst above", "Большая новость дня\n\nСоглашение подписано вчера\n\nАвтор: Анна Ли\n29 мая 2018", "Большая новость дня", "Соглашение подписано вчера", "Анна Ли", "2018-05-29"},
		{"standfirst below", "Большая новость дня\n\nАвтор: Анна Ли\n29 мая 2018\n\nСоглашение подписано вчера", "Большая новость дня", "Соглашение подписано вчера", "Анна Ли", "2018-05-29"},
		{"standfirst, no author or date", "Большая новость дня\n\nСоглашение подписано вчера", "Большая новость дня", "Соглашение подписано вчера", "", ""},
		{"standfirst with a full stop", "Большая новость дня\n\n29 мая 2018\n\nСоглашение подписано вчера.", "Большая новость дня", "Соглашение подписано вчера.", "", "2018-05-29"},
		{"unknown leftovers", "Кино\nРынок\nБольшая новость дня\n\nАвтор: Анна Ли", "Большая новость дня", "", "Анна Ли", ""},
		{"short headline", "Аватар\n\n29 мая 2018", "Аватар", "", "", "2018-05-29"},
		{"short headline above a full stop", "Аватар\n\nФильм снова в прокате страны.\n\n29 мая 2018", "Аватар", "Фильм снова в прокате страны.", "", "2018-05-29"},
		{"author and date in a line", "Большая новость дня\n\nАвтор: Анна Ли, Олег Ким | 29 мая 2018, 08:00", "Большая новость дня", "", "Анна Ли,Олег Ким", "2018-05-29"},
		{"byline with a date", "Harbour cinema reopens\n\nBy Jane Miller, May 29, 2018", "Harbour cinema reopens", "", "Jane Miller", "2018-05-29"},
		{"update", "Большая новость дня\n\nАвтор: Анна Ли\n29 мая 2018\nОбновлено: 30 мая 2018", "Большая новость дня", "", "Анна Ли", "2018-05-29"},
		{"lines of signs", "---\nБольшая новость дня\n***\nАвтор: Анна Ли", "Большая новость дня", "", "Анна Ли", ""},
		{"labelled date", "Большая новость дня\n\nОпубликовано: 29 мая 2018 в 08:00", "Большая новость дня", "", "", "2018-05-29"},
		{"headline like a date", "10 фильмов 2024\n\n29 мая 2018", "10 фильмов 2024", "", "", "2018-05-29"},
		{"headline like a byline", "By the sea: a festival\n\nBy Jane Miller\n29 May 2018", "By the sea: a festival", "", "Jane Miller", "2018-05-29"},
		{"author in words, not a label", "Автор фильма рассказал о съёмках\n\n29 мая 2018", "Автор фильма рассказал о съёмках", "", "", "2018-05-29"},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := readText(t, c.head+body)
			date := ""
			if !m.Input.Published.IsZero() {
				date = m.Input.Published.Format(time.DateOnly)
			}
			got := []string{m.Input.Title, m.Input.Standfirst, strings.Join(m.Input.Authors, ","), date}
			if want := []string{c.title, c.standfirst, c.authors, c.date}; !slices.Equal(got, want) {
				t.Errorf("got %q, want %q", got, want)
			}
			if p := paragraphsOf(m); len(p) < 2 || p[len(p)-2] != oneText || p[len(p)-1] != twoText {
				t.Errorf("paragraphs: got %q", p)
			}
		})
	}
}

func TestPageAuthorAtTheEnd(t *testing.T) {
	m := readText(t, "Большая новость дня\n\n"+oneText+"\n\n"+twoText+"\n\nТекст: Анна Ли\n")
	if !slices.Equal(m.Input.Authors, []string{"Анна Ли"}) || len(paragraphsOf(m)) != 2 {
		t.Errorf("got %q and %q", m.Input.Authors, paragraphsOf(m))
	}
}

func TestPageOfOneParagraphWithItsAuthorBelow(t *testing.T) {
	m := readText(t, "Большая новость дня\n\n"+oneText+"\n\nАвтор: Анна Ли\n29 мая 2018\n")
	if !slices.Equal(m.Input.Authors, []string{"Анна Ли"}) || !slices.Equal(paragraphsOf(m), []string{oneText}) || m.Input.Standfirst != "" {
		t.Errorf("got %+v", m.Input)
	}
}

func TestPageFooterIsLeftOut(t *testing.T) {
	legal := "Сетевое издание зарегистрировано надзорным ведомством, и все права на материалы принадлежат редакции издания."
	cookies := "Мы используем файлы cookie. Оставаясь на сайте, вы соглашаетесь с правилами их использования на нём."
	most := "\n\nСамое читаемое\nА\nПодробнее\n\n"
	for name, text := range map[string]string{
		"legal text behind the boxes": "Большая новость дня\n\n" + oneText + "\n\n" + twoText + most + legal + "\n\nКонтакты",
		"a notice above them":         cookies + most + "Большая новость дня\n\n29 мая 2018\n\n" + oneText + "\n\n" + twoText,
	} {
		m := readText(t, text)
		if got := paragraphsOf(m); !slices.Equal(got, []string{oneText, twoText}) || m.Input.Title != "Большая новость дня" {
			t.Errorf("%s: got %q, %q", name, m.Input.Title, got)
		}
		if !strings.Contains(notes(m), "left out") {
			t.Errorf("%s: no warning in %q", name, notes(m))
		}
	}
}

func TestPageParagraphs(t *testing.T) {
	for _, c := range []struct{ name, body, want string }{
		{"a list of short lines stays lines", oneText + "\n\n1. Один\n2. Два", oneText + "|1. Один|2. Два"},
		{"no empty lines at all", oneText + "\n" + twoText, oneText + "|" + twoText},
		{"markup is text", oneText + "\n\n" + twoText + " <b>&amp;", oneText + "|" + twoText + " <b>&amp;"},
		{"leftover inside", oneText + "\n\nРеклама\n\n" + twoText, oneText + "|" + twoText},
		{"box inside", oneText + "\n\nЧитайте также:\nДругая новость\nПодробнее\n\n" + twoText, oneText + "|" + twoText},
		{"box without more inside", oneText + "\n\nЧитайте также:\nДругая новость\n\n" + twoText, oneText + "|" + twoText},
	} {
		m := readText(t, "Большая новость дня\n\n29 мая 2018\n\n"+c.body)
		if got := strings.Join(paragraphsOf(m), "|"); got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}

func TestPageBoxes(t *testing.T) {
	for _, c := range []struct{ name, boxes, mostRead, related string }{
		{"either order", "Новости по теме\n\nА\nПодробнее\n\nСамое читаемое\n\nБ\nПодробнее", "Б", "А"},
		{"arrows and case", "САМОЕ ЧИТАЕМОЕ:\nА\nподробнее →\nБ\nПодробнее...", "А|Б", ""},
		{"last more cut off", "Новости по теме\nА\nПодробнее\nБ\nПодробнее\nВ", "", "А|Б"},
		{"one without more between", "Новости по теме\nА\nПодробнее\nБ\nВ\nПодробнее", "", "А|Б|В"},
		{"dates below headlines", "Новости по теме\nА\n29 мая 2018\nПодробнее\nБ\n30 мая 2018\nПодробнее", "", "А|Б"},
		{"headline with a full stop", "Новости по теме\nПремия за 2025 г.\nПодробнее\nБ\nПодробнее", "", "Премия за 2025 г.|Б"},
		{"no more at all", "Новости по теме\nА\nБ\nВ\n\nНаши контакты", "", "А|Б|В"},
		{"no more, parted lines", "Новости по теме\n\nА\n\nБ", "", "А|Б"},
		{"empty box", "Самое читаемое\n\nНовости по теме\nА\nПодробнее", "", "А"},
		{"box twice", "Новости по теме\nА\nПодробнее\nЧитайте также\nБ\nПодробнее", "", "А|Б"},
	} {
		m := readText(t, "Большая новость дня\n\n29 мая 2018\n\n"+oneText+"\n\n"+twoText+"\n\n"+c.boxes+"\n")
		got := []string{strings.Join(m.MostRead, "|"), strings.Join(m.RelatedBox, "|")}
		if want := []string{c.mostRead, c.related}; !slices.Equal(got, want) {
			t.Errorf("%s: got %q, want %q", c.name, got, want)
		}
		if p := paragraphsOf(m); !slices.Equal(p, []string{oneText, twoText}) {
			t.Errorf("%s: paragraphs %q", c.name, p)
		}
	}
}

func TestPageLanguage(t *testing.T) {
	english := "A modest headline today\n\n" + strings.Repeat("A sentence of words. ", 9)
	for _, c := range []struct{ name, site, text, want string }{
		{"labels win over letters", "ru", english + "\n\nСамое читаемое\nX\nПодробнее", "ru"},
		{"Cyrillic is Russian", "en", "Большая новость дня\n\n" + oneText, "ru"},
		{"Cyrillic on a Cyrillic site is the site's", "uk", "Большая новость дня\n\n" + oneText, "uk"},
		{"else the site's", "fr", english, "fr"},
	} {
		m, err := NewReader(articles.Site{Language: c.site}, nil).Read(c.text)
		if err != nil || m.Input.Language != c.want {
			t.Errorf("%s: got %q, %v; want %q", c.name, m.Input.Language, err, c.want)
		}
	}
}

func TestLabelsOfAnotherLanguage(t *testing.T) {
	labels := DefaultLabels()
	labels["de"] = Labels{Author: []string{"Von"}, MostRead: []string{"Meistgelesen"}, More: []string{"Mehr"}, Leftovers: []string{"Anzeige"}}
	ru := labels["ru"]
	ru.MostRead = []string{"Хиты"}
	labels["ru"] = ru
	text := "Anzeige\nKino am Hafen öffnet wieder\n\nVon Jana Müller\n29.05.2018\n\n" + strings.Repeat("Ein Satz. ", 20) + "\n\nMeistgelesen\nEins\nMehr\nХиты\nДва\nПодробнее\nСамое читаемое\n"
	m, err := NewReader(articles.Site{Language: "ru"}, labels).Read(text)
	if err != nil {
		t.Fatal(err)
	}
	if m.Input.Language != "de" || m.Input.Title != "Kino am Hafen öffnet wieder" || !slices.Equal(m.Input.Authors, []string{"Jana Müller"}) {
		t.Errorf("got %+v", m.Input)
	}
	if !slices.Equal(m.MostRead, []string{"Eins", "Два"}) { // "Самое читаемое" is no label any more
		t.Errorf("got %q", m.MostRead)
	}
}

func TestBoxesAreNotEndless(t *testing.T) {
	m := readText(t, "Большая новость дня\n\n"+oneText+"\n\nСамое читаемое\n"+strings.Repeat("Заголовок\nПодробнее\n", 900))
	if len(m.MostRead) != maxHeadlines {
		t.Errorf("got %d headlines, want %d", len(m.MostRead), maxHeadlines)
	}
}

func FuzzRead(f *testing.F) {
	for _, name := range []string{"festival.txt", "english.txt", "bare.txt"} {
		f.Add(readTestdata(f, name))
	}
	f.Add("Самое читаемое\nПодробнее\n29 мая 2018\nАвтор:")
	f.Add("\xff\xfe\x00a")
	r := NewReader(pageSite(f), nil)
	f.Fuzz(func(t *testing.T, source string) {
		m, err := r.Read(clean.Text(strings.ReplaceAll(source, "\r", "\n")))
		if err != nil {
			if fault, ok := err.(manuscript.Fault); !ok || fault.Line < 1 || strings.Contains(fault.Text, "\n") {
				t.Errorf("not one sentence with a line: %#v", err)
			}
			return
		}
		if m.Input.Title == "" || m.Input.HTML == "" || m.Input.Language == "" {
			t.Errorf("got %+v", m.Input)
		}
		if strings.Contains(clean.TextOf(m.Input.HTML), "\nПодробнее\nПодробнее") {
			t.Errorf("got the text %q", m.Input.HTML)
		}
	})
}
