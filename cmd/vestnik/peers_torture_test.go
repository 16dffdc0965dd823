//go:build peers

package main

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf16"
)

// summaryList is a feed of summaries.
const summaryList = "sections/odin"

// tortureRoom has what could break a feed: everything that the issue of feeds names and what we could think of besides.
func tortureRoom(t testing.TB) *peerRoom {
	room := newPeerRoom(t, "\n[[feed]]\nname = \""+summaryList+"\"\ntext = \"summary\"\n")
	for name, text := range tortureFiles() {
		room.write("news/"+name, text)
	}
	room.importTorture()
	room.gone = []string{"otozvana", "ubrana"}
	room.run("articles", "withdraw", room.gone[0])
	room.run("articles", "remove", "--yes", room.gone[1])
	room.run("articles", "correct", "popravlena", "Не ]]> пять, а < шесть & не «семь».\n\nПросим прощения.")
	room.run("digest", "send", "daily", "--extra")
	room.read()
	return room
}

// importTorture takes everything in but the file with a NUL.
func (r *peerRoom) importTorture() {
	r.t.Helper()
	out, errs, err := runChild(r.dir, "", r.env, r.bin, "articles", "import", "--json", "--with-headlines", "news")
	if err == nil {
		r.t.Fatal("a file with a NUL was taken for a text")
	}
	refused := 0
	for _, line := range jsonLines[importedJSON](r.t, out) {
		if line.Error != "" {
			refused++
			if !strings.HasSuffix(line.Path, "refused.md") {
				r.t.Errorf("not imported: %s", line.Error)
			}
		}
	}
	if refused != 1 {
		r.t.Errorf("%d files were refused\n%s", refused, errs)
	}
}

// front is the front matter of one of the torture's articles, in TOML, whose strings can say anything.
func front(title, section string, more ...string) string {
	return fmt.Sprintf("+++\ntitle = %s\nsection = %s\n%s\n+++\n", tomlString(title), tomlString(section), strings.Join(more, "\n"))
}

// tomlString is text as TOML's basic string; control characters are escaped.
func tomlString(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteString(`\` + string(r))
		case unicode.IsControl(r) || r == 0xFFFE || r == 0xFFFF:
			fmt.Fprintf(&b, `\u%04X`, r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String() + `"`
}

// tortureFiles are the articles, by the names of their files.
func tortureFiles() map[string]string {
	files := map[string]string{
		"one.md":     front("Единственная", "Один", `date = "2026-03-01"`, `author = "Одна Такая"`) + "Текст.\n",
		"refused.md": front("NUL", "Странное") + "a\x00b\n",
		"utf16.md":   utf16File(front("UTF-16", "Странное", `date = "2026-02-01"`) + "До NUL \x00 после, \uFFFE и \uFFFF, суррогат "),
		"broken.md":  front("Битые байты", "Странное", `date = "2026-02-02"`) + strings.Repeat("Обычный русский текст. ", 20) + "\xED\xA0\xBD\xED\xB8\x80 и \xFF\xFE и \xC3\n",
		"gone.md":    front("Отозвана", "Странное", `slug = "otozvana"`, `date = "2026-02-03"`) + "Её больше нет.\n",
		"removed.md": front("Убрана", "Странное", `slug = "ubrana"`, `date = "2026-02-03"`) + "И её нет.\n",
		"huge.md":    front("Мегабайт", "Большое", `date = "2026-02-04"`, `author = "Неутомимый Автор"`) + prose(1, 1<<20),
	}
	files["boxes.txt"] = "Страница с коробками\n\n21 ноября 2025 г., 09:30\n\nАвтор: Мария Белова\n\nПодводка страницы\n\nПервый абзац страницы, в котором есть о чём прочитать, и он не короток.\n\nВторой абзац страницы.\n\nСамое читаемое\n\nЗаметка без страницы ]]> & <b>\nПодробнее\nЕщё одна без страницы\nПодробнее\n"
	for i, a := range tortureArticles() {
		date := fmt.Sprintf("date = %q", time.Date(2026, 1, 1, i, 0, 0, 0, time.UTC).Format(time.RFC3339))
		if a.undated {
			date = ""
		}
		files[fmt.Sprintf("strange-%02d.md", i)] = front(a.title, "Странное", append([]string{date}, a.front...)...) + a.body
	}
	for i := range 500 {
		date := time.Date(2025, 12, 1, 0, i, 0, 0, time.UTC).Format(time.RFC3339)
		files[fmt.Sprintf("many-%03d.md", i)] = front(fmt.Sprintf("Заметка № %d из «пятисот»", i+1), "Полтысячи", "date = "+tomlString(date),
			fmt.Sprintf("author = %q", []string{"Анна Перова", "Пётр Анненков", "Ёлка & Сыновья"}[i%3]), `tags = ["серия"]`) +
			fmt.Sprintf("Первый абзац заметки %d.\n\nВторой, с [ссылкой](/articles/x%d).\n", i+1, i)
	}
	return files
}

// prose is a text of about so many bytes, in paragraphs with some markup, another for each seed: no two texts of people are
// as like each other as repeated words, which pack too well.
func prose(seed, size int) string {
	random := rand.New(rand.NewPCG(uint64(seed), 0))
	var b strings.Builder
	for b.Len() < size {
		for range 40 {
			letters := make([]rune, 2+random.IntN(9))
			for i := range letters {
				letters[i] = 'а' + rune(random.IntN(32))
			}
			word := string(letters)
			switch random.IntN(40) {
			case 0:
				word = "<b>" + word + "</b>"
			case 1:
				word = "«" + word + "» &"
			case 2:
				word = "[" + word + "](/" + fmt.Sprint(random.IntN(1000)) + ")"
			}
			b.WriteString(word + " ")
		}
		b.WriteString("\n\n")
	}
	return b.String()
}

// utf16File is text in UTF-16 with its mark, and a lone surrogate at the end.
func utf16File(text string) string {
	var b strings.Builder
	for _, unit := range append(append([]uint16{0xFEFF}, utf16.Encode([]rune(text))...), 0xD83D, '.', '\n') {
		b.WriteByte(byte(unit))
		b.WriteByte(byte(unit >> 8))
	}
	return b.String()
}

// A tortureArticle is one that is hard on a feed.
type tortureArticle struct {
	title   string
	front   []string
	body    string
	undated bool
}

func tortureArticles() []tortureArticle {
	return []tortureArticle{
		{title: "Кириллица: съёмки «Ёжика» — по плану № 7", front: []string{`standfirst = "Ещё ёмкие кавычки: «ёлочки», „лапки“ и “английские”"`, `author = "Ёсиф Щукин"`}, body: "Съешь же ещё этих мягких французских булок, да выпей чаю.\n"},
		{title: "\u200Fקולנוע בירושלים\u200F — פסטיבל (2026)", front: []string{`language = "he"`, `author = "רחל כהן"`, `tags = ["קולנוע"]`}, body: "שלום עולם! \u202Bטקסט מימין לשמאל\u202C ועוד \u2067טקסט\u2069.\n"},
		{title: "👩‍👩‍👧‍👦 семья в кино 🏳️‍🌈 и флаги 🇷🇺🇮🇱 👍🏽", front: []string{`author = "🎬 Студия"`}, body: "Эмодзи: 👨‍🚀, 🧑🏿‍🎤, ☕️, 1️⃣ и ❤️‍🔥.\n"},
		{title: "Конец ]]> раздела, <![CDATA[ и ]]]]>>", front: []string{`standfirst = "И в подводке ]]> тоже"`}, body: "Текст ]]> и `]]>` и ещё ]]&gt; и <b>]]></b>.\n\n    код ]]>\n"},
		{title: "Управляющие\x00 знаки\x01\x02\x08\x0B\x0C\x0E\x1B\x1F\x7F в\u0085 заголовке\uFFFE\uFFFF", front: []string{`standfirst = "a\u0000b\u0001c\u001Bd"`, `author = "Автор\u0007 Звонков"`}, body: strings.Repeat("Длинный честный текст, в котором управляющих знаков мало. ", 10) + "Вот: \x01\x0B\x1B[31m\x7F. И как сущности: &#0; &#1; &#xB; &#xFFFE; &#xD800; &#x110000;.\n"},
		{title: strings.TrimSpace(strings.Repeat("Заголовок в триста знаков, ", 11)), body: "Длинный заголовок.\n"},
		{title: `Кавычки: "прямые", 'одиночные', «ёлочки», „лапки“, “английские”, ‘одинарные’, ‹уголки› и ` + "`обратные`", body: "\"a\" 'b' «c»\n"},
		{title: "AT&amp;T &amp;amp; &amp;lt;b&amp;gt; &lt;b&gt; 5 &lt; 6 &amp;#169; &copy;", front: []string{`standfirst = "Сущности &amp;amp; и &lt;i&gt;"`, `author = "O'Neill & Sons"`, `tags = ["R&D", "a < b"]`}, body: "AT&amp;T, &amp;lt;, &lt;b&gt;не жирно&lt;/b&gt;, <b>жирно</b>, &nbsp;неразрывный, &copy; &laquo;&raquo;.\n"},
		{title: "Без автора и подводки", body: "Просто текст.\n"},
		{title: "Три автора", front: []string{`authors = ["Анна Перова", "Пётр Анненков", "Третий, с запятой"]`, `tags = ["один", "два слова", "ТРИ", "с, запятой", "с | чертой"]`}, body: "Текст троих.\n"},
		{title: "Без даты", undated: true, body: "Дата неизвестна.\n"},
		{title: "Старая, 1999 года", undated: true, front: []string{`date = "1999-12-31 23:59"`}, body: "Ещё в прошлом веке.\n"},
		{title: "Таблица, код и список", body: "| Фильм | Сборы |\n|---|---:|\n| Маяк | 214 млн |\n| Соль & сахар | 5 < 6 |\n\n```go\nif a < b && c > d {\n\tprint(\"]]>\")\n}\n```\n\n- раз\n- два\n  1. вложенный\n\n> цитата\n"},
		{title: "Относительные ссылки и картинки", front: []string{`image = "/media/lead.jpg"`, `image_alt = "Кадр: «маяк» & <море>"`}, body: "[рядом](sosed), [от корня](/sections/odin), [якорь](#a), ![картинка](i/1.jpg), <a href=\"//other.example/x?a=1&b=2\">без схемы</a>, <img src=\"/b.png\" srcset=\"/b.png 1x, /b2.png 2x\">\n"},
		{title: "Рамки и видео", body: "<iframe src=\"https://www.youtube.com/embed/dQw4w9WgXcQ\" title=\"Трейлер\"></iframe>\n\n<video src=\"/v.mp4\" poster=\"/p.jpg\"></video>\n\n<script>alert(1)</script><style>p{}</style>\n\n<form><input></form>\n\nПосле всего.\n"},
		{title: "Ведущая картинка, которая стоит и в тексте", front: []string{`image = "https://pic.example/a.jpg?x=1&y=2"`}, body: "![та же](https://pic.example/a.jpg?x=1&y=2)\n\nТекст.\n"},
		{title: "Чужая страница", front: []string{`link = "https://other.example/story?id=1&lang=ru"`}, body: "Перепечатка с [их ссылкой](/their/page).\n"},
		{title: "Разметка только из пробелов", body: "<p> </p>\n\n&nbsp;\n\n\u3000\n\nДа.\n"},
		{title: "English among Russians", front: []string{`language = "en"`, `author = "Tessa Marlowe"`}, body: "It’s “quoted” — and dashed.\n"},
		{title: "中文標題、日本語のタイトル、한국어 제목", front: []string{`tags = ["電影"]`}, body: "全角スペース　と改行。\n"},
		{title: "Математика: a<b>c, x≤y, ½, ∑, 𝔘𝔫𝔦𝔠𝔬𝔡𝔢 и комби́нирующие", body: "𝒜𝓈𝓉𝓇𝒶𝓁 plane: 𠮷.\n"},
		{title: "Заметка со ссылкой ]]> & <b>", front: []string{`link = "https://other.example/brief?a=1&b=2"`}},
		{title: "Заметка со ссылкой и подводкой", front: []string{`link = "https://other.example/brief/2"`, `standfirst = "Две строки & <всё>"`}},
		{title: "Только подводка", front: []string{`standfirst = "Больше ничего не сказано."`}},
		{title: "С записью", front: []string{`enclosure = "https://media.example/a%20b.mp3?x=1&y=2"`, `enclosure_type = "audio/mpeg"`, `enclosure_length = 12345678`}, body: "Слушайте.\n"},
		{title: "Поправлена", front: []string{`slug = "popravlena"`}, body: "Исправленный текст.\n"},
		{title: "С поправкой", front: []string{`correction = "Мы ошиблись: не ]]> 5, а < 6 & не «семь».\n\nПросим прощения."`}, body: "Исправленный текст.\n"},
		{title: "http://example.org/a?b=c&d=e#f", body: "<https://example.org/?q=%22%3E%3Cscript%3E&x=1>\n"},
	}
}
