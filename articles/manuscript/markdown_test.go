package manuscript

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"vestnik/articles"
	"vestnik/articles/clean"
)

func sakhalin(t testing.TB) articles.Site {
	t.Helper()
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

func readMD(t testing.TB, source string) Manuscript {
	t.Helper()
	m, err := Markdown(source, sakhalin(t))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestMarkdownWithYAML(t *testing.T) {
	m := readMD(t, readTestdata(t, "yaml.md"))
	loc := sakhalin(t).Location
	in := m.Input
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
		{"related", strings.Join(m.Related, "|"), "pole-chudes|zimovye"},
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
	m := readMD(t, readTestdata(t, "toml.md"))
	if !slices.Equal(m.Input.Authors, []string{"Jane Miller", "Tom Reed"}) || !m.Input.Draft || m.Input.URL != "https://harbour.example/news/1" {
		t.Errorf("got %+v", m.Input)
	}
	if want := time.Date(2018, 5, 29, 0, 0, 0, 0, sakhalin(t).Location); !m.Input.Published.Equal(want) {
		t.Errorf("a TOML date is not midnight of the site's zone: got %v, want %v", m.Input.Published, want)
	}
}

func TestCorrectionsHaveParagraphs(t *testing.T) {
	for _, c := range []struct{ name, front, want string }{
		{"in a line", "correction: Дата: исправлена.", "Дата: исправлена."},
		{"in quotes", `correction: "Дата \"исправлена\"."`, `Дата "исправлена".`},
		{"going on below", "correction: Дата\n  исправлена.\nslug: a", "Дата исправлена."},
		{"folded, with an empty line", "correction: >\n\n  Дата\n  исправлена.\n\n  И место.\n\nslug: a", "Дата исправлена. \n\n И место."},
		{"a list", "correction:\n- Дата исправлена.\n- И место, и имя.", "Дата исправлена.\n\nИ место, и имя."},
		{"empty", "correction:", ""},
	} {
		m := readMD(t, "---\ntitle: T\n"+c.front+"\n---\nText")
		if m.Input.Correction != c.want {
			t.Errorf("%s: got %q, want %q", c.name, m.Input.Correction, c.want)
		}
	}
	m := readMD(t, "+++\ntitle = \"T\"\ncorrection = \"\"\"\nДата исправлена.\n\nИ место.\"\"\"\n+++\nText")
	if want := "Дата исправлена.\n\nИ место."; m.Input.Correction != want || m.Lines["correction"] != 3 {
		t.Errorf("TOML: got %q in line %d, want %q", m.Input.Correction, m.Lines["correction"], want)
	}
	m = readMD(t, "---\ntitle: T\ncorrection: Kinоdanz\n---\nText") // with a Cyrillic о
	if len(m.Warnings) != 1 || m.Warnings[0].Line != 3 {
		t.Errorf("a correction is not proofread: %+v", m.Warnings)
	}
}

func TestEnclosureInFrontMatter(t *testing.T) {
	for name, want := range map[string]string{"talk.mp3": "audio/mpeg", "talk.M4A": "audio/mp4", "talk.ogg": "audio/ogg", "talk.opus?x=1": "audio/ogg",
		"talk.mp4": "video/mp4", "issue.pdf": "application/pdf", "talk": "", "talk.mp3/": ""} {
		m := readMD(t, "---\ntitle: T\nenclosure: /audio/"+name+"\nenclosure_length: 5000000000\n---\nText")
		if e := m.Input.Enclosure; e == nil || *e != (articles.Enclosure{URL: "/audio/" + name, Type: want, Length: 5_000_000_000}) {
			t.Errorf("%s: got %+v, want type %q", name, e, want)
		}
	}
	m := readMD(t, "+++\ntitle = \"T\"\nenclosure-length = 7\nenclosure-type = \"audio/flac\"\nenclosure = \"https://x.example/a.bin\"\n+++\nText")
	if e := m.Input.Enclosure; e == nil || *e != (articles.Enclosure{URL: "https://x.example/a.bin", Type: "audio/flac", Length: 7}) {
		t.Errorf("TOML: got %+v", e)
	}
	if m := readMD(t, "---\ntitle: T\nenclosure:\nenclosure_type:\n---\nText"); m.Input.Enclosure != nil {
		t.Errorf("empty keys: got %+v", m.Input.Enclosure)
	}
}

func TestMarkdownHeadingIsTheTitle(t *testing.T) {
	m := readMD(t, readTestdata(t, "heading.md"))
	if m.Input.Title != "Заголовок с курсивом и кодом" || m.Input.HTML != "<p>Первый абзац.</p>\n<h2>Часть</h2>\n<p>Второй.</p>\n" {
		t.Errorf("got %q and %q", m.Input.Title, m.Input.HTML)
	}
	m = readMD(t, "---\ntitle: Другой\n---\n# Заголовок\n\nТекст")
	if m.Input.Title != "Другой" || !strings.HasPrefix(m.Input.HTML, "<h1>Заголовок</h1>") {
		t.Errorf("a heading beside another title: got %q and %q", m.Input.Title, m.Input.HTML)
	}
	m = readMD(t, "Заголовок\n=========\n\nТекст")
	if m.Input.Title != "Заголовок" {
		t.Errorf("underlined heading: got %q", m.Input.Title)
	}
}

func TestMarkdownBrief(t *testing.T) {
	m := readMD(t, "---\ntitle: Коротко\nlink: https://x.example/1\n---\n")
	if m.Input.Kind != articles.KindBrief || m.Input.URL != "https://x.example/1" {
		t.Errorf("got %+v", m.Input)
	}
}

func TestMarkdownLanguageIsGuessedWhereItIsNotSaid(t *testing.T) {
	for text, want := range map[string]string{"# Новость\n\nТекст": "ru", "# News\n\nText": "en", "---\nlanguage: de\n---\n# Новость\n\nТекст": "de"} {
		m, err := Markdown(text, articles.Site{Language: "en"})
		if err != nil || m.Input.Language != want {
			t.Errorf("%q: got %q, %v; want %q", text, m.Input.Language, err, want)
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
		{"folded in two paragraphs", "title: >\n\n  Один\n\n  два\n", "Один два"},
		{"tabs", "title:\tОдин\n\tдва", "Один два"},
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
		{"tags: [a, b] # both", "a|b"}, {"tags: [a, #b]", "a|#b"}, {"tags: [\na,\nb\n]\ntitle: x", "a|b"}, {"tags:\n\t- a\n\t-\tb", "a|b"},
	} {
		fields, err := readYAML(strings.Split(c.yaml, "\n"), 2)
		if got := strings.Join(fields["tags"].list(), "|"); err != nil || got != c.want {
			t.Errorf("%q: got %q, %v; want %q", c.yaml, got, err, c.want)
		}
	}
}

// The limits that keep the parser quick are far from what people write.
func TestMarkdownTakesLongListsAndTables(t *testing.T) {
	for name, body := range map[string]string{
		"a list of links":  strings.Repeat("- [Фильм](https://kino.example/film) — *драма*, 2026\n", 3000),
		"a table":          "| Фильм | Год |\n|---|---|\n" + strings.Repeat("| [Зимовье](/zimovye) | 2026 |\n", 1500),
		"quotes in quotes": strings.Repeat("> ", 10) + "так",
		"a rule":           "a\n\n" + strings.Repeat("- ", 70) + "\n\nb",
	} {
		if _, err := Markdown("# Заголовок\n\n"+body, sakhalin(t)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestWarningsOfMixedAlphabetsAreNotEndless(t *testing.T) {
	var b strings.Builder
	for i := range 1000 {
		fmt.Fprintf(&b, "Kinо%dd\n", i) // with a Cyrillic о
	}
	m := readMD(t, "# Заголовок\n\n"+b.String())
	last := m.Warnings[len(m.Warnings)-1]
	if len(m.Warnings) != maxMixed+1 || last.Line != 3+maxMixed || !strings.Contains(last.Text, "look through the whole text") {
		t.Errorf("%d warnings, the last %+v", len(m.Warnings), last)
	}
}

func FuzzMarkdown(f *testing.F) {
	for _, name := range []string{"yaml.md", "toml.md", "heading.md"} {
		f.Add(readTestdata(f, name))
	}
	f.Add("---\ntags: [a, 'b\n---\n")
	f.Add("---\ntitle: \"\\u0000\\xff\"\n---\nx")
	f.Add("+++\ntitle = \"\\u0000\"\ndate = 2018-05-29T08:00:00\n+++\nx")
	f.Add("---\ntitle: x\ncorrection: |\n  a\n\n  b\nenclosure: %zz.mp3\nenclosure_length: 1\n---\nx")
	f.Add("+++\n0.\"\\\n\n+++ ")
	f.Add("+++\n[a.b]\nc = [[1], {d = 2}]\n+++\n# x")
	site := sakhalin(f)
	f.Fuzz(func(t *testing.T, source string) {
		m, err := Markdown(clean.Text(strings.ReplaceAll(source, "\r", "\n")), site)
		if err != nil {
			if fault, ok := err.(Fault); !ok || fault.Line < 1 || strings.Contains(fault.Text, "\n") {
				t.Errorf("not one sentence with a line: %#v", err)
			}
			return
		}
		if m.Input.Title == "" || m.Input.Language == "" {
			t.Errorf("got %+v", m.Input)
		}
		for _, s := range slices.Concat([]string{m.Input.Title, m.Input.Standfirst, m.Input.HTML, m.Input.Section, m.Input.URL, m.Input.Correction}, m.Input.Authors, m.Input.Tags, m.Related) {
			if clean.Text(s) != s {
				t.Errorf("not clean: %q", s)
			}
		}
	})
}
