package articles

import (
	"slices"
	"strings"
	"testing"
	"time"
)

func readMD(t testing.TB, source string) document {
	t.Helper()
	doc, err := readMarkdown(source, newMarkdown(), pageSite(t))
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

func TestMarkdownWithYAML(t *testing.T) {
	doc := readMD(t, readTestdata(t, "markdown/yaml.md"))
	loc := pageSite(t).Location
	in := doc.in
	for _, c := range []struct{ field, got, want string }{
		{"title", in.Title, "Кинокластер: что известно"},
		{"section", in.Section, "Производство"},
		{"standfirst", in.Standfirst, "Соглашение подписано, подробностей мало"},
		{"image", in.Image, "/media/sakhalin.jpg"},
		{"image_alt", in.ImageAlt, "Берег у мыса 'Крильон'"},
		{"language", in.Language, "ru"},
		{"slug", in.Slug, "kinoklaster"},
		{"authors", strings.Join(in.Authors, "|"), "Анна Иванова|Пётр Сидоров, мл."},
		{"tags", strings.Join(in.Tags, "|"), "Сахалин|кинокластер"},
		{"related", strings.Join(doc.related, "|"), "pole-chudes|zimovye"},
	} {
		if c.got != c.want {
			t.Errorf("%s: got %q, want %q", c.field, c.got, c.want)
		}
	}
	if !in.Published.Equal(time.Date(2018, 5, 29, 8, 0, 0, 0, loc)) || !in.Updated.Equal(time.Date(2018, 5, 30, 0, 0, 0, 0, loc)) || in.Draft {
		t.Errorf("got %v, %v, draft %v", in.Published, in.Updated, in.Draft)
	}
	for _, part := range []string{"<del>зачёркнутым</del>", "<table>", `<a href="/about">`, "<script>"} { // Put sanitises
		if !strings.Contains(in.HTML, part) {
			t.Errorf("%s is not in %s", part, in.HTML)
		}
	}
	if strings.Contains(in.HTML, "<h1") {
		t.Errorf("the heading that repeats the title stays: %s", in.HTML)
	}
}

func TestMarkdownWithTOML(t *testing.T) {
	doc := readMD(t, readTestdata(t, "markdown/toml.md"))
	if !slices.Equal(doc.in.Authors, []string{"Jane Miller", "Tom Reed"}) || !doc.in.Draft || doc.in.URL != "https://harbour.example/news/1" {
		t.Errorf("got %+v", doc.in)
	}
	if want := time.Date(2018, 5, 29, 0, 0, 0, 0, pageSite(t).Location); !doc.in.Published.Equal(want) {
		t.Errorf("a TOML date is not midnight of the site's zone: got %v, want %v", doc.in.Published, want)
	}
}

func TestMarkdownHeadingIsTheTitle(t *testing.T) {
	doc := readMD(t, readTestdata(t, "markdown/heading.md"))
	if doc.in.Title != "Заголовок с курсивом и кодом" || doc.in.HTML != "<p>Первый абзац.</p>\n<h2>Часть</h2>\n<p>Второй.</p>\n" {
		t.Errorf("got %q and %q", doc.in.Title, doc.in.HTML)
	}
	doc = readMD(t, "---\ntitle: Другой\n---\n# Заголовок\n\nТекст")
	if doc.in.Title != "Другой" || !strings.HasPrefix(doc.in.HTML, "<h1>Заголовок</h1>") {
		t.Errorf("a heading beside another title: got %q and %q", doc.in.Title, doc.in.HTML)
	}
	doc = readMD(t, "Заголовок\n=========\n\nТекст")
	if doc.in.Title != "Заголовок" {
		t.Errorf("underlined heading: got %q", doc.in.Title)
	}
}

func TestMarkdownBrief(t *testing.T) {
	doc := readMD(t, "---\ntitle: Коротко\nlink: https://x.example/1\n---\n")
	if doc.in.Kind != KindBrief || doc.in.URL != "https://x.example/1" {
		t.Errorf("got %+v", doc.in)
	}
}

func TestMarkdownLanguageIsGuessedWhereItIsNotSaid(t *testing.T) {
	for text, want := range map[string]string{"# Новость\n\nТекст": "ru", "# News\n\nText": "en", "---\nlanguage: de\n---\n# Новость\n\nТекст": "de"} {
		doc, err := readMarkdown(text, newMarkdown(), Site{Language: "en"})
		if err != nil || doc.in.Language != want {
			t.Errorf("%q: got %q, %v; want %q", text, doc.in.Language, err, want)
		}
	}
}

func TestFrontMatterValues(t *testing.T) {
	for _, c := range []struct{ name, yaml, want string }{
		{"plain", "title: Касса: итоги #1", "Касса: итоги #1"},
		{"double quotes", `title: "Он сказал: \"да\"\n"`, "Он сказал: \"да\"\n"},
		{"single quotes", `title: 'It''s'`, "It's"},
		{"quotes that are part of it", `title: "Икар" и "Карина"`, `"Икар" и "Карина"`},
		{"quotes at the beginning only", `title: "Икар" вернулся`, `"Икар" вернулся`},
		{"one quote", `title: "`, `"`},
		{"an escape that YAML does not know", `title: "a\q"`, `a\q`},
		{"folded", "title: >-\n  Один\n  два", "Один два"},
		{"going on below", "title: Один\n  два", "Один два"},
		{"key in quotes and capitals", `"Title": x`, "x"},
		{"no-break space", "title:\u00a0x", "x"},
	} {
		fields, err := readYAML(strings.Split(c.yaml, "\n"), 2)
		if err != nil || len(fields["title"].values) != 1 || fields["title"].values[0] != c.want {
			t.Errorf("%s: got %q, %v; want %q", c.name, fields["title"].values, err, c.want)
		}
	}
	for _, c := range []struct{ yaml, want string }{
		{"tags: a, b c", "a|b c"}, {`tags: "a, b"`, "a, b"}, {`tags: [a, "b, c", 'd', ]`, `a|b, c|d`}, {"tags: []", ""}, {"tags:", ""},
		{"tags:\n- a\n\n# not this\n-\n  - b: c", "a|b: c"}, {"tags: [a,\n  b]", "a|b"}, {"tags: [don't, b]", "don't|b"},
	} {
		fields, err := readYAML(strings.Split(c.yaml, "\n"), 2)
		if got := strings.Join(fields["tags"].list(), "|"); err != nil || got != c.want {
			t.Errorf("%q: got %q, %v; want %q", c.yaml, got, err, c.want)
		}
	}
}

func FuzzReadMarkdown(f *testing.F) {
	for _, name := range []string{"yaml.md", "toml.md", "heading.md"} {
		f.Add(readTestdata(f, "markdown/"+name))
	}
	f.Add("---\ntags: [a, 'b\n---\n")
	f.Add("---\ntitle: \"\\u0000\\xff\"\n---\nx")
	f.Add("+++\ntitle = \"\\u0000\"\ndate = 2018-05-29T08:00:00\n+++\nx")
	f.Add("+++\n[a.b]\nc = [[1], {d = 2}]\n+++\n# x")
	md, site := newMarkdown(), pageSite(f)
	f.Fuzz(func(t *testing.T, source string) {
		text, _, err := decode([]byte(source))
		if err != nil {
			checkMessage(t, err)
			return
		}
		doc, err := readMarkdown(text, md, site)
		if err != nil {
			checkMessage(t, err)
			return
		}
		checkDocument(t, doc)
	})
}
