package templates

import (
	"strings"
	"testing"
)

func searchView() *SearchView {
	v := &SearchView{Text: "павильон моря", Asked: true, Total: 43, Page: 2, Pages: 3, Better: "/search?q=x", Further: "/search?q=x&page=3"}
	for i, h := range headlines(0, 20) {
		h.Language = "ru"
		hit := SearchHit{Headline: h, Marked: []Mark{{"На Курилах построят ", false}, {"павильон", true}, {" для съёмок ", false}, {"моря", true}},
			Snippet: []Mark{{"… Бассейн с генератором волн обойдётся в 1,4 млрд рублей: ", false}, {"павильон", true},
				{" сможет принимать четыре проекта в год, считают в правительстве области …", false}}}
		if i%2 == 1 {
			hit.Marked, hit.Snippet = []Mark{{h.Title, false}}, []Mark{{h.Standfirst, false}}
		}
		if i%5 == 0 {
			hit.Image = "https://kino.example/assets/photo.png"
		}
		v.Hits = append(v.Hits, hit)
	}
	return v
}

func TestTheSearchPageSaysWhatWasFound(t *testing.T) {
	s := newSet(t)
	for _, c := range []struct {
		view SearchView
		want string
		not  string
	}{
		{SearchView{}, "Слова можно писать в любой форме", "Нашлось"},
		{SearchView{Text: "…"}, "нужно слово хотя бы из двух букв", "Ничего не нашлось"},
		{SearchView{Text: "кино", Asked: true}, "Ничего не нашлось", "Нашлось"},
		{SearchView{Text: "кино", Asked: true, Total: 1, Page: 1, Pages: 1, Hits: make([]SearchHit, 1)}, "Нашёлся 1\u00a0материал.", "Страница"},
		{SearchView{Text: "кино", Asked: true, Total: 3, Page: 1, Pages: 1, Hits: make([]SearchHit, 3)}, "Нашлось 3\u00a0материала.", "Просмотрены"},
		{SearchView{Text: "кино", Asked: true, Total: 45, Page: 2, Pages: 3, Hits: make([]SearchHit, 20)}, "Нашлось 45\u00a0материалов. Страница 2 из 3.", ""},
		{SearchView{Text: "кино сад", Asked: true, Some: true, Total: 2, Page: 1, Pages: 1, Hits: make([]SearchHit, 2)}, "Все эти слова вместе не встречаются", ""},
		{SearchView{Text: "кино", Asked: true, Full: true, Total: 1000, Page: 1, Pages: 50, Hits: make([]SearchHit, 20)}, "Нашлось 1\u00a0000\u00a0материалов. Просмотрены только самые новые", ""},
	} {
		p := page("ru")
		p.Search = &c.view
		got := parse(t, render(t, s, "search", p)).text()
		if !strings.Contains(got, c.want) || c.not != "" && strings.Contains(got, c.not) {
			t.Errorf("%+v: the page lacks %q or has %q:\n%s", c.view, c.want, c.not, got)
		}
	}
}

func TestWhatIsMarkedOnTheSearchPageStaysText(t *testing.T) {
	p := page("ru")
	const evil = `"><script>alert(1)</script>`
	p.Search = &SearchView{Text: evil, Asked: true, Total: 1, Page: 1, Pages: 1, Hits: []SearchHit{{Headline: Headline{URL: "/articles/x"},
		Marked: []Mark{{evil, true}, {" и ", false}}, Snippet: []Mark{{evil, false}, {"<b>", true}}}}}
	d := parse(t, render(t, newSet(t), "search", p))
	if len(d.all("script")) != 0 || len(d.all("mark")) != 2 || len(d.all("b")) != 0 {
		t.Errorf("%d programs, %d marks", len(d.all("script")), len(d.all("mark")))
	}
	for _, in := range d.all("input") {
		if attr(in, "name") == "q" && attr(in, "value") != evil {
			t.Errorf("the field holds %q", attr(in, "value"))
		}
	}
	if strings.Count(d.text(), "alert(1)") != 2 {
		t.Errorf("the page says %s", d.text())
	}
}
