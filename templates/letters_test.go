package templates

import (
	"flag"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

var update = flag.Bool("update", false, "write testdata anew from what the templates give now")

func letters(t *testing.T, s *Set, lang string) map[string]Letter {
	t.Helper()
	digest, err := s.DigestLetter(digestLetter(lang, 20))
	if err != nil {
		t.Fatal(err)
	}
	confirm, err := s.ConfirmLetter(confirmLetter(lang))
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]Letter{"digest": digest, "confirm": confirm}
	for name, e := range editions(lang) {
		v := digestLetter(lang, 0)
		v.Edition = e
		if lang == "en" {
			v.Site.Title, v.Site.Imprint, e.Banner = "Film Herald", Imprint{Publisher: "Herald Ltd", Address: "Yuzhno-Sakhalinsk, Lenin Street 1", Age: "16+"}, nil
		}
		if all["digest-"+name], err = s.DigestLetter(v); err != nil {
			t.Fatal(err)
		}
	}
	for name, notice := range map[string]bool{"move": false, "notice": true} {
		v := MoveLetter{Site: site(), Language: lang, Notice: notice, Hours: 48, Link: "https://kino.example/move/MoveMoveMoveMoveMoveMoveMoveMoveMoveMove"}
		if all[name], err = s.MoveLetter(v); err != nil {
			t.Fatal(err)
		}
	}
	seal := SealLetter{Site: site(), Language: lang, Head: "1284-" + strings.Repeat("6f1c09be", 8), Lines: 1284, At: morning,
		Command: "vestnik subscribers verify-log --head 1284-" + strings.Repeat("6f1c09be", 8)}
	if all["seal"], err = s.SealLetter(seal); err != nil {
		t.Fatal(err)
	}
	maps.Copy(all, editorsLetters(t, s, lang))
	return all
}

// editions are one of each layout, and of one article.
func editions(lang string) map[string]EditionView {
	return map[string]EditionView{"list": richEdition(lang, LayoutList), "cards": richEdition(lang, LayoutCards), "long": richEdition(lang, LayoutLong),
		"corrected": correctedEdition(richEdition(lang, LayoutCards)), "article": oneArticle(lang, true), "summary": oneArticle(lang, false)}
}

func TestLettersAreAsApproved(t *testing.T) {
	s := newSet(t)
	for _, lang := range Languages() {
		short, err := s.DigestLetter(digestLetter(lang, 3))
		if err != nil {
			t.Fatal(err)
		}
		confirm := letters(t, s, lang)["confirm"]
		golden(t, "digest-"+lang, short)
		for name := range editions(lang) {
			golden(t, "digest-"+name+"-"+lang, letters(t, s, lang)["digest-"+name])
		}
		golden(t, "confirm-"+lang, confirm)
		golden(t, "move-"+lang, letters(t, s, lang)["move"])
		golden(t, "notice-"+lang, letters(t, s, lang)["notice"])
		golden(t, "seal-"+lang, letters(t, s, lang)["seal"])
	}
}

func golden(t *testing.T, name string, l Letter) {
	t.Helper()
	for ext, got := range map[string]string{
		"html": l.HTML, "txt": "Subject: " + l.Subject + "\nPreheader: " + l.Preheader + "\n\n" + l.Text,
	} {
		file := filepath.Join("testdata", name+".golden."+ext)
		if *update {
			if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if got != string(want) {
			t.Errorf("%s differs from %s; look at it, and if it is right: go test ./templates -update\n%s", name, file, firstDifference(got, string(want)))
		}
	}
}

func firstDifference(got, want string) string {
	g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range min(len(g), len(w)) {
		if g[i] != w[i] {
			return "got:  " + g[i] + "\nwant: " + w[i]
		}
	}
	return "one is longer"
}

func TestLetterIsValidAndNeedsNothingFromElsewhere(t *testing.T) {
	s := newSet(t)
	for _, lang := range Languages() {
		for name, l := range letters(t, s, lang) {
			d := parse(t, l.HTML)
			d.check(t, name+" "+lang)
			if got := d.attr("html", "lang"); got != lang {
				t.Errorf("%s: language %q, want %q", name, got, lang)
			}
			for _, table := range d.all("table") {
				if attr(table, "role") != "presentation" {
					t.Errorf("%s %s: a layout table without role=presentation", name, lang)
				}
			}
			if n := len(d.all("script")) + len(d.all("link")) + len(d.all("form")) + len(d.all("iframe")); n > 0 {
				t.Errorf("%s %s: %d elements that have no place in a letter", name, lang, n)
			}
			if strings.Contains(l.HTML, "display:none") || strings.Contains(l.HTML, "ZgotmplZ") {
				t.Errorf("%s %s: hidden or refused content", name, lang)
			}
		}
	}
}

func TestLetterOpensWithItsPreheaderInSight(t *testing.T) {
	s := newSet(t)
	for _, lang := range Languages() {
		for name, l := range letters(t, s, lang) {
			if got := parse(t, l.HTML).text(); !strings.HasPrefix(got, l.Preheader) {
				t.Errorf("%s %s: begins %.80q, want %q", name, lang, got, l.Preheader)
			}
			if got := strings.Join(strings.Fields(l.Text), " "); !strings.HasPrefix(got, strings.Join(strings.Fields(l.Preheader), " ")) {
				t.Errorf("%s %s: text begins %.80q, want %q", name, lang, got, l.Preheader)
			}
		}
	}
}

var address = regexp.MustCompile(`https?://\S+`)

func TestTextPartHasTheSameLinksInTheSameOrder(t *testing.T) {
	s := newSet(t)
	for _, lang := range Languages() {
		all := letters(t, s, lang)
		test := digestLetter(lang, 2)
		test.Leave, test.Preferences = "", ""
		bare, err := s.DigestLetter(test)
		if err != nil {
			t.Fatal(err)
		}
		all["without links of its reader"] = bare
		for name, l := range all {
			var got []string
			for _, a := range parse(t, l.HTML).all("a") {
				if href := attr(a, "href"); strings.HasPrefix(href, "http") {
					got = append(got, href)
				}
			}
			got = slices.Compact(got) // the confirm button and the plain link below it
			if want := slices.Compact(address.FindAllString(l.Text, -1)); !slices.Equal(got, want) {
				t.Errorf("%s %s: links differ\nhtml: %q\ntext: %q", name, lang, got, want)
			}
		}
	}
}

func TestEnglishLetterHasNoRussianWordsOfItsOwn(t *testing.T) {
	v := digestLetter("en", 5)
	v.Site.Title, v.Site.Imprint, v.Edition.DigestTitle, v.Edition.Banner = "Film Herald", Imprint{Publisher: "Herald Ltd"}, "Most read", nil
	v.Edition.Subject = "Most read: a film"
	for i := range v.Edition.Items {
		it := &v.Edition.Items[i]
		it.Title, it.Standfirst, it.Section, it.Related = "A film", "About it", "News", []Headline{{Title: "Another", URL: it.URL}}
	}
	v.Edition.Related = []Headline{{Title: "More", URL: "https://kino.example/articles/more"}}
	l, err := newSet(t).DigestLetter(v)
	if err != nil {
		t.Fatal(err)
	}
	if m := regexp.MustCompile(`.*\p{Cyrillic}.*`).FindString(l.HTML + l.Text + l.Subject + l.Preheader); m != "" {
		t.Errorf("Russian in an English letter: %s", m)
	}
}

func TestForeignTextCannotBreakOutOfALetter(t *testing.T) {
	v := digestLetter("ru", 1)
	v.Edition.Items[0].Title = `</a></td><script>alert(1)</script>`
	v.Edition.Items[0].URL = `javascript:alert(1)`
	v.Edition.Subject = "Тема\r\nBcc: a@b.example"
	l, err := newSet(t).DigestLetter(v)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(l.HTML, "<script") || strings.Contains(l.HTML, "javascript:") {
		t.Error("a headline became markup or a program")
	}
	if strings.ContainsAny(l.Subject, "\r\n") {
		t.Errorf("subject %q has a line break", l.Subject)
	}
}

func TestPreheaderSaysWhatIsTrue(t *testing.T) {
	day, from := edition(20), morning
	empty, fill, thin, week, minute, one := day, day, day, day, day, edition(1)
	empty.Items = nil
	fill.Items = slices.Clone(day.Items)
	for i := range fill.Items {
		fill.Items[i].Reads, fill.Items[i].Reason = 0, ReasonFill
	}
	thin.Items = append(slices.Clone(day.Items[:2]), fill.Items[2:]...)
	week.From, minute.From = from.AddDate(0, 0, -7), from.Add(-time.Minute)
	for _, c := range []struct {
		e        EditionView
		lang     string
		contains string
	}{
		{day, "ru", "20\u00a0материалов, которые читали чаще всего за сутки до 24 ноября 2026, 08:00."},
		{day, "en", "The 20\u00a0stories read most in the 24 hours to 24 November 2026, 08:00."},
		{one, "ru", "1\u00a0материал, который читали"}, {one, "en", "The story read most in the 24 hours"},
		{week, "ru", "за неделю до"},
		{minute, "ru", "20\u00a0материалов, которые сейчас читают больше всего: 24 ноября 2026, 08:00."}, {minute, "en", "stories read most right now, 24 November"},
		{fill, "ru", "20\u00a0свежих материалов на 24 ноября 2026, 08:00."}, {fill, "en", "20\u00a0fresh stories as of"},
		{thin, "ru", "2\u00a0материала, которые читали"},
		{empty, "ru", "За сутки до 24 ноября 2026, 08:00 новых материалов не было."},
	} {
		if got := preheader(c.lang, c.e); !strings.Contains(got, c.contains) {
			t.Errorf("preheader(%s) = %q, want %q in it", c.lang, got, c.contains)
		}
	}
}

func TestWhatFillsAThinEditionStandsUnderItsOwnHeading(t *testing.T) {
	thin := thinEdition()
	letter, err := newSet(t).DigestLetter(DigestLetter{Site: site(), Language: "ru", Edition: thin})
	if err != nil {
		t.Fatal(err)
	}
	second, heading, third := strings.Index(letter.HTML, thin.Items[1].Title), strings.Index(letter.HTML, "Последние новости"), strings.Index(letter.HTML, thin.Items[2].Title)
	if second < 0 || heading < second || third < heading {
		t.Errorf("in the HTML the second headline is at %d, the heading at %d, the third headline at %d", second, heading, third)
	}
	if !strings.Contains(letter.Text, "ПОСЛЕДНИЕ НОВОСТИ") {
		t.Errorf("the text has no heading:\n%s", letter.Text)
	}
	if strings.Contains(letter.Text, " 3. ") || !strings.Contains(letter.Text, " 2. ") {
		t.Errorf("numbers are for what was read most:\n%s", letter.Text)
	}
}

func TestSpanUsesTheUnitOfAReader(t *testing.T) {
	for d, want := range map[time.Duration]string{
		24 * time.Hour: "за сутки", 23 * time.Hour: "за сутки", 25 * time.Hour: "за сутки", 7 * 24 * time.Hour: "за неделю",
		30 * 24 * time.Hour: "за месяц", 48 * time.Hour: "за 2\u00a0дня", 5 * time.Minute: "за 5\u00a0минут", 0: "за минуту", time.Hour: "за час",
		12 * time.Hour: "за 12\u00a0часов", 31 * time.Hour: "за 31\u00a0час", 14 * 24 * time.Hour: "за 14\u00a0дней",
	} {
		if got := span("ru", d); got != want {
			t.Errorf("span(%s) = %q, want %q", d, got, want)
		}
	}
}

func TestAddressesInTheNoticeAreLinks(t *testing.T) {
	v := digestLetter("ru", 1)
	v.Site.Imprint.Notice = "Правила: https://kino.example/rules?a=1&b=2. Вопросы — редакции (https://kino.example/ask)."
	l, err := newSet(t).DigestLetter(v)
	if err != nil {
		t.Fatal(err)
	}
	p := page("ru")
	p.Site = v.Site
	for name, got := range map[string]string{"letter": l.HTML, "page": render(t, newSet(t), "message", p)} {
		d := parse(t, got)
		links := map[string]bool{}
		for _, a := range d.all("a") {
			links[attr(a, "href")] = true
		}
		for _, want := range []string{"https://kino.example/rules?a=1&b=2", "https://kino.example/ask"} {
			if !links[want] {
				t.Errorf("%s: no link to %s", name, want)
			}
		}
		if text := strings.Join(strings.Fields(d.text()), " "); !strings.Contains(text, "b=2 . Вопросы — редакции ( https://kino.example/ask ).") {
			t.Errorf("%s: the notice lost words: %s", name, text[max(0, len(text)-300):])
		}
	}
}

func TestSubjectIsCutAtAWord(t *testing.T) {
	for _, c := range []struct{ title, top, want string }{
		{"Самое читаемое", "Короткая новость", "Самое читаемое: Короткая новость"},
		{"Самое читаемое", "", "Самое читаемое"},
		{"Самое читаемое", "Касса уикенда: «Северный ветер» стартовал выше прогнозов и обошёл всех", "Самое читаемое: Касса уикенда: «Северный ветер» стартовал выше…"},
		{"Самое читаемое", "две\r\nстроки\tи  пробелы", "Самое читаемое: две строки и пробелы"},
		{"", strings.Repeat("ж", 100), strings.Repeat("ж", 69) + "…"},
		{"", strings.Repeat("ж", 69) + " конец", strings.Repeat("ж", 69) + "…"},
	} {
		got := subjectOf("ru", c.title, c.top)
		if got != c.want {
			t.Errorf("subjectOf(%q, %q) = %q, want %q", c.title, c.top, got, c.want)
		}
		if n := utf8.RuneCountInString(got); n > subjectRunes {
			t.Errorf("%q has %d runes", got, n)
		}
	}
}

func TestStoriesSayWhereAVisitComesFrom(t *testing.T) {
	const m = "utm_source=daily&utm_medium=email&utm_campaign=2026-11-24"
	for address, want := range map[string]string{
		"https://a.example/x":              "https://a.example/x?" + m,
		"https://a.example":                "https://a.example?" + m,
		"https://a.example/x?p=1":          "https://a.example/x?p=1&" + m,
		"https://a.example/x?p=%zz;q":      "https://a.example/x?p=%zz;q&" + m,
		"https://a.example/x?p=1&":         "https://a.example/x?p=1&" + m,
		"https://a.example/x?":             "https://a.example/x?" + m,
		"https://a.example/x#part":         "https://a.example/x?" + m + "#part",
		"https://a.example/x?a=b#p?q":      "https://a.example/x?a=b&" + m + "#p?q",
		"https://a.example/?utm_source=tv": "https://a.example/?utm_source=tv",
		"mailto:a@b.example":               "mailto:a@b.example",
		"/articles/x":                      "/articles/x",
		"":                                 "",
	} {
		if got := withQuery(address, m); got != want {
			t.Errorf("withQuery(%q) = %q, want %q", address, got, want)
		}
	}
}

func TestOwnPagesInALetterCarryNoParameters(t *testing.T) {
	v := digestLetter("ru", 2)
	l, err := newSet(t).DigestLetter(v)
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range parse(t, l.HTML).all("a") {
		u, err := url.Parse(attr(a, "href"))
		if err != nil {
			t.Fatal(err)
		}
		story := strings.HasPrefix(u.Path, "/articles/")
		if got := u.Query().Get("utm_source") == "daily" && u.Query().Get("utm_campaign") == "2026-11-24"; got != story {
			t.Errorf("%s: utm parameters %t, want %t", u, got, story)
		}
	}
	if v.Edition.Items[0].URL != edition(2).Items[0].URL {
		t.Error("rendering changed the frozen edition")
	}
}

func TestDatesInALetterAreTheSitesOwn(t *testing.T) {
	v := digestLetter("ru", 1)
	v.Edition.Items[0].Date = time.Date(2018, 5, 28, 13, 0, 0, 0, time.UTC) // 29 May, 00:00 in Sakhalin
	v.Edition.Slot = morning.In(time.FixedZone("Europe/Moscow", 3*3600))    // a digest with a zone of its own
	l, err := newSet(t).DigestLetter(v)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"29 мая 2018", "24 ноября 2026, 00:00"} {
		if !strings.Contains(l.HTML, want) || !strings.Contains(l.Text, want) {
			t.Errorf("the letter lacks %q:\n%s", want, l.Text)
		}
	}
}

func FuzzWithQuery(f *testing.F) {
	for _, s := range []string{"https://a.example/x?p=1#f", "http://", "https://a/?&&#?#", "javascript:x"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, address string) {
		const m = "utm_source=d&utm_medium=email"
		got := withQuery(address, m)
		if got == address {
			return
		}
		before, after, _ := strings.Cut(got, m)
		for _, sep := range []string{"", "?", "&"} {
			if head, ok := strings.CutSuffix(before, sep); ok && head+after == address {
				return
			}
		}
		t.Errorf("withQuery(%q) = %q: something else than the parameters changed", address, got)
	})
}

func TestOnlyTheFirstBlockOfWhatWasReadMostHasNumbers(t *testing.T) {
	e := edition(4)
	e.Blocks = []Block{{Rank: "reads"}, {Rank: "reads", Title: "Технологии"}}
	e.Items[2].Block, e.Items[3].Block = 1, 1
	var numbers []int
	for _, p := range e.Laid("ru") {
		for _, item := range p.Items {
			numbers = append(numbers, item.Number)
		}
	}
	if !slices.Equal(numbers, []int{1, 2, 0, 0}) {
		t.Errorf("numbers %v", numbers)
	}
}

func TestACardWithoutAPictureHasARuleBesideOneThatHasOne(t *testing.T) {
	for pictures, want := range map[string]int{"100": 0, "1101": 1, "01": 1, "00": 0, "11": 0, "00110": 2} {
		e := edition(len(pictures))
		e.Layout = LayoutCards
		for i, has := range pictures {
			if e.Items[i].Image = ""; has == '1' {
				e.Items[i].Image = "https://kino.example/p.jpg"
			}
		}
		l, err := newSet(t).DigestLetter(DigestLetter{Site: site(), Language: "ru", Edition: e})
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Count(l.HTML, `class="ink line beside"`); got != want {
			t.Errorf("pictures %s: %d headlines below a rule, want %d", pictures, got, want)
		}
	}
}

func TestADotBetweenFactsNeverEndsALine(t *testing.T) {
	for _, lang := range Languages() {
		for name, l := range letters(t, newSet(t), lang) {
			if text := parse(t, l.HTML).text(); strings.Contains(text, " · ") || strings.Contains(text, "·\n") {
				i := max(strings.Index(text, " · "), strings.Index(text, "·\n"))
				t.Errorf("%s %s: a line may end with a dot: %q", name, lang, text[max(0, i-60):i+10])
			}
		}
	}
}
