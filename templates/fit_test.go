package templates

import (
	"encoding/base64"
	"html/template"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// heavy is an edition of n stories, each with all that a story can have.
func heavy(n int) EditionView {
	e := richEdition("ru", LayoutList)
	model := e.Items[0]
	model.Title, model.Standfirst = strings.Repeat("Длинный заголовок ", 5), strings.Repeat("Подробное изложение дела ", 8)
	model.Related, model.Story = headlines(3, 2), headlines(6, 2)
	e.Items = nil
	for i := range n {
		model.Rank, model.Slug, model.URL = i+1, "", "https://kino.example/articles/n"+strconv.Itoa(i)
		e.Items = append(e.Items, model)
	}
	return e
}

func rendered(t *testing.T, e EditionView) Letter {
	t.Helper()
	v := digestLetter("ru", 0)
	v.Edition = e
	l, err := newSet(t).DigestLetter(v)
	if err != nil {
		t.Fatal(err)
	}
	if w := weight(l.HTML); w > maxLetter {
		t.Errorf("the letter has %d bytes, want at most %d", w, maxLetter)
	}
	for name, part := range map[string]string{"html": l.HTML, "text": l.Text} {
		if !strings.Contains(part, v.Leave) {
			t.Errorf("the %s lost the link to leave", name)
		}
	}
	return l
}

func TestWhatHasNoRoomGivesWayInItsOrder(t *testing.T) {
	standfirst, lines := "Подробное изложение дела", "О том же:"
	for _, c := range []struct {
		n                                  int
		allLines, allStandfirsts, allItems bool
	}{{10, true, true, true}, {19, false, true, true}, {30, false, false, true}, {1000, false, false, false}} {
		l := rendered(t, heavy(c.n))
		if got := strings.Count(l.HTML, lines) == c.n; got != c.allLines {
			t.Errorf("%d stories: %d have their lines, all of them should: %t", c.n, strings.Count(l.HTML, lines), c.allLines)
		}
		if got := strings.Count(l.HTML, standfirst) == 8*c.n; got != c.allStandfirsts {
			t.Errorf("%d stories: all have their standfirst: %t", c.n, got)
		}
		more := strings.Contains(l.HTML, "Весь выпуск в браузере") && strings.Contains(l.Text, "Весь выпуск в браузере")
		if more == c.allItems {
			t.Errorf("%d stories: a link to the whole edition: %t", c.n, more)
		}
		if !c.allLines && c.allStandfirsts && !strings.Contains(l.HTML, lines) {
			t.Errorf("%d stories: the first could have kept its lines", c.n)
		}
		if w := weight(l.HTML); !c.allLines && w < maxLetter*9/10 {
			t.Errorf("%d stories: %d bytes, more would have had room", c.n, w)
		}
	}
}

func TestAMonstrousEditionIsStillALetter(t *testing.T) {
	e := heavy(80)
	e.Note, e.Correction = strings.Repeat("Слово редактора. ", 6000), strings.Repeat("Ошибка. ", 10_000)
	for i := range e.Items {
		e.Items[i].Title, e.Items[i].Section = strings.Repeat("Заголовок ", 400), strings.Repeat("раздел", 1000)
	}
	e.Related = headlines(0, 20)
	for i := range e.Related {
		e.Related[i].Title = strings.Repeat("Заголовок ", 3000)
	}
	rendered(t, e)
}

func TestALongArticleByMailEndsWithReadOn(t *testing.T) {
	paragraph := "<p>" + strings.Repeat("Областное правительство и студия подписали соглашение. ", 12) + `<a href="/next">Дальше</a></p>`
	for name, body := range map[string]string{
		"paragraphs": strings.Repeat(paragraph, 170), "one paragraph": "<p>" + strings.Repeat("Областное правительство. ", 5000) + "</p>",
		"headings": strings.Repeat("<h2>Глава</h2>"+paragraph, 170), "wrapped": "<div><section>" + strings.Repeat(paragraph, 170) + "</section></div>",
	} {
		e := oneArticle("ru", true)
		e.Article.HTML = template.HTML(body)
		l := rendered(t, e)
		if !strings.Contains(l.HTML, "Читать дальше на сайте") || !strings.Contains(l.Text, "Читать дальше на сайте") {
			t.Errorf("%s: nothing says that the text goes on", name)
		}
		if w := weight(l.HTML); w < maxLetter/2 {
			t.Errorf("%s: the letter has only %d bytes", name, w)
		}
		body, _, _ := strings.Cut(l.HTML, "Читать дальше на сайте")
		if strings.LastIndex(body, "Глава") > strings.LastIndex(body, "Областное") {
			t.Errorf("%s: the text ends with a heading", name)
		}
	}
}

func TestTheLongestArticleThatIsTakenIsStillALetter(t *testing.T) {
	paragraph := `<p>Областное <b>правительство</b> и <a href="/next">студия</a>.</p>`
	for name, body := range map[string]string{
		"paragraphs": strings.Repeat(paragraph, 2<<20/len(paragraph)),
		"one tag":    `<p title="` + strings.Repeat("a", 2<<20) + `">Текст.</p>`,
		"quotations": strings.Repeat("<blockquote>", 60) + strings.Repeat("<p>да</p>", 6000) + strings.Repeat("</blockquote>", 60),
	} {
		e := oneArticle("ru", true)
		e.Article.HTML = template.HTML(body)
		l := rendered(t, e)
		if !strings.Contains(l.Text, "Читать дальше на сайте") {
			t.Errorf("%s: nothing says that the text goes on", name)
		}
		if len(l.Text) > maxLetter {
			t.Errorf("%s: the text part has %d bytes", name, len(l.Text))
		}
	}
	long := strings.Repeat(paragraph, 2<<20/len(paragraph))
	if got := beginning(long); len(got) > longestSource || len(got) < longestSource/2 || long[len(got)] != '<' {
		t.Errorf("%d bytes of it are looked at, up to %q", len(got), got[max(0, len(got)-40):])
	}
}

func TestARussianDigestOfTwentyNeedsNoCut(t *testing.T) {
	for _, layout := range Layouts() {
		e := edition(20)
		e.Layout = layout
		for i := range e.Items {
			e.Items[i].Standfirst, e.Items[i].Related = standfirsts[0]+", считают в прокате", headlines(i, 2)
		}
		l := rendered(t, e)
		if n := strings.Count(l.HTML, "По теме:"); n != 20 {
			t.Errorf("%s: %d of 20 stories kept what is related", layout, n)
		}
		t.Logf("%s: %d bytes, quoted-printable %d, base64 %d", layout, len(l.HTML), quotedLength(l.HTML), base64.StdEncoding.EncodedLen(len(l.HTML))*78/76)
	}
}

func TestAnArticleIsMadeFitForMail(t *testing.T) {
	body := `<h1>Глава</h1><script>alert(1)</script><p onclick="x()" class="y" style="color:red">Текст со <a href="/a?b=1&amp;c=2" target="_blank">ссылкой</a> и <a href="javascript:x()">без</a>.</p>` +
		`<div><img src="/p.jpg"><img src="/p.svg" alt="нет"></div><iframe src="https://video.example/1"></iframe><ol start="3"><li><p>три</p></li><li>четыре</li></ol><blockquote>Цитата</blockquote>`
	m := mailText("ru", "https://kino.example", "https://kino.example/articles/1", body, unlimited)
	for _, bad := range []string{"<script", "onclick", "color:red", "javascript:", "<iframe", "<h1", "p.svg", "<div", "target="} {
		if strings.Contains(string(m.HTML), bad) {
			t.Errorf("%s is in the letter:\n%s", bad, m.HTML)
		}
	}
	for _, want := range []string{`href="https://kino.example/a?b=1&amp;c=2"`, `src="https://kino.example/p.jpg" alt=""`, "Смотреть на сайте", "<h2", "без"} {
		if !strings.Contains(string(m.HTML), want) {
			t.Errorf("no %s in:\n%s", want, m.HTML)
		}
	}
	if want := []string{"Глава", "Текст со ссылкой [1] и без.", "[1] https://kino.example/a?b=1&c=2", "Смотреть на сайте [2]", "[2] https://kino.example/articles/1", "3. три", "4. четыре", "    Цитата"}; !m.Whole ||
		!slices.Equal(slices.DeleteFunc(strings.Split(m.Text, "\n"), func(s string) bool { return s == "" }), want) {
		t.Errorf("text:\n%s\nwhole: %t", m.Text, m.Whole)
	}
}

func FuzzMailText(f *testing.F) {
	f.Add("<p>a<ul><li><table><td><a href=x><img src=y>", 10)
	f.Add(sampleText, 5)
	f.Fuzz(func(t *testing.T, body string, n int) {
		m := mailText("en", "https://a.example", "https://a.example/1", body, n)
		for _, bad := range []string{"<script", "<iframe", "<style", "<form"} {
			if strings.Contains(strings.ToLower(string(m.HTML)), bad) {
				t.Errorf("%q gives %q", body, m.HTML)
			}
		}
	})
}

func TestAReadersLayoutTakesThePlaceOfTheEditions(t *testing.T) {
	v := digestLetter("ru", 0)
	v.Edition = richEdition("ru", LayoutCards)
	v.Edition.Blocks[2].Layout = LayoutLong
	for layout, want := range map[string]string{"": "cards cards list+long cards", LayoutLong: "list+long list list+long list", LayoutList: "list list list list"} {
		var got []string
		for _, p := range v.Edition.laid("ru", layout) {
			one := p.Layout
			if p.Items[0].Long {
				one += "+long"
			}
			got = append(got, one)
		}
		if strings.Join(got, " ") != want {
			t.Errorf("layout %q: %v, want %s", layout, got, want)
		}
	}
}

func TestHeadlinesAloneNeedNoPicture(t *testing.T) {
	v := digestLetter("ru", 0)
	v.Edition, v.Layout = richEdition("ru", LayoutCards), LayoutList
	v.Edition.Banner = nil
	l, err := newSet(t).DigestLetter(v)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(l.HTML, "<img") {
		t.Error("a reader who chose headlines got pictures")
	}
}

func TestLetterAndPageBearTheSameMark(t *testing.T) {
	e := richEdition("ru", LayoutCards)
	e.Items[0].Date = e.Items[0].Date.UTC()
	v := digestLetter("ru", 0)
	v.Edition, v.Site.HideReads = e, true
	l, err := newSet(t).DigestLetter(v)
	if err != nil {
		t.Fatal(err)
	}
	if mark := e.Hash()[:12]; !strings.Contains(l.HTML, "отпечаток "+mark) || !strings.Contains(l.Text, "отпечаток "+mark) {
		t.Errorf("the letter does not bear %s", mark)
	}
}

func TestAnOpeningIsWholeParagraphsAndNotTheWholeText(t *testing.T) {
	short, long := "Короткий абзац.", strings.Repeat("Предложение средней длины стоит здесь. ", 30)
	for text, want := range map[string]string{
		"": "", short: short, short + "\n\n" + short: short, short + "\n\n" + long + "\n\n" + short: short,
		short + "\r\n\r\nВторой\nабзац.\n\nТретий.": short + "\n\nВторой абзац.",
	} {
		if got := Opening(text); got != want {
			t.Errorf("Opening(%q) = %q, want %q", text, got, want)
		}
	}
	if got := Opening(long); !strings.HasSuffix(got, "здесь.") || len([]rune(got)) > openingRunes || len([]rune(got)) < openingRunes/2 {
		t.Errorf("a long paragraph begins with %q", got)
	}
}
