package search

import (
	"strings"
	"testing"
	"unicode/utf8"
)

// marked writes hits in square brackets.
func marked(parts []Part) string {
	var b strings.Builder
	for _, p := range parts {
		if p.Hit {
			b.WriteString("[" + p.Text + "]")
		} else {
			b.WriteString(p.Text)
		}
	}
	return b.String()
}

func TestEveryFormAndSpellingOfAWordIsMarked(t *testing.T) {
	for _, c := range []struct{ lang, query, text, want string }{
		{"ru", "дом", "Из домов, в доме и домом: домино.", "Из [домов], в [доме] и [домом]: домино."},
		{"ru", "елка", "Ёлки и ЕЛКА", "[Ёлки] и [ЕЛКА]"},
		{"ru", "ёлки", "елка", "[елка]"},
		{"ru", "кофе", "Ко́фе и ко\u00adфе", "[Ко́фе] и [ко\u00adфе]"},
		{"ru", "й йод", "и\u0306од", "[и\u0306од]"},
		{"ru", "ООО", "OOO латиницей и ООО кириллицей", "[OOO] латиницей и [ООО] кириллицей"},
		{"ru", "OOO", "ООО кириллицей", "[ООО] кириллицей"},
		{"ru", "Сбербанк", "Cбербанка с латинской C", "[Cбербанка] с латинской C"},
		{"ru", "кино", "Кинокластер", "[Кинокластер]"},
		{"ru", "кинокластер", "кластер кино", "[кластер] [кино]"},
		{"ru", "нуль", "ну\u200bль", "[ну\u200bль]"},
		{"ru", "«красный», (кот)!", "Кот — красный…", "[Кот] — [красный]…"},
		{"en", "running", "He runs; the run ran.", "He [runs]; the [run] ran."},
		{"en", "ﬁlm", "A ﬁlm, ｆｉｌｍｓ", "A [ﬁlm], [ｆｉｌｍｓ]"},
		{"zh", "北京", "我爱北京天安门", "我爱[北京]天安门"},
		{"zh", "北京天安", "我爱北京天安门", "我爱[北京天安]门"},
		{"en", "<b>", "1 < 2 <b>x</b>", "1 < 2 <b>x</b>"},
		{"en", "script", "<script>alert(1)</script>", "<[script]>alert(1)</[script]>"},
		{"ru", "", "Ничего", "Ничего"},
		{"ru", "в и", "в доме и", "в доме и"},
	} {
		if got := marked(newPen(c.lang, c.query).Mark(c.text)); got != c.want {
			t.Errorf("%s %q in %q: %q, want %q", c.lang, c.query, c.text, got, c.want)
		}
	}
}

func TestASnippetIsThePassageWithMostOfTheQuery(t *testing.T) {
	filler := strings.Repeat("Слова ни о чём таком, просто слова подряд. ", 12)
	text := "Фестиваль начался.\n\n" + filler + "Потом пришёл дождь. Фестиваль закрыли из-за дождя раньше срока. " + filler
	got := marked(newPen("ru", "дождь фестиваль").Snippet(text))
	if !strings.Contains(got, "Потом пришёл [дождь]. [Фестиваль] закрыли из-за [дождя] раньше срока.") || !strings.HasPrefix(got, "…\u00a0Потом") || !strings.HasSuffix(got, "\u00a0…") {
		t.Errorf("snippet %q", got)
	}
	if n := utf8.RuneCountInString(got); n > snippetLength+20 {
		t.Errorf("%d characters: %q", n, got)
	}
	if got := marked(newPen("ru", "снег").Snippet("Коротко и ясно.")); got != "Коротко и ясно." {
		t.Errorf("without a hit %q", got)
	}
	if got := marked(newPen("ru", "снег").Snippet(text)); !strings.HasPrefix(got, "Фестиваль начался. Слова") || !strings.HasSuffix(got, "\u00a0…") {
		t.Errorf("without a hit in a long text %q", got)
	}
	if got := marked(newPen("zh", "北京").Snippet(strings.Repeat("我爱", 300) + "北京" + strings.Repeat("我爱", 300))); !strings.Contains(got, "[北京]") {
		t.Errorf("without spaces %q", got)
	}
}

func TestAQueryIsReadWithinItsLimits(t *testing.T) {
	for _, c := range []struct {
		text string
		want int
	}{
		{"", 0}, {" .,«»—!? ", 0}, {"\x00\xff\xfe", 0}, {"я и в", 0}, {"один", 1}, {"дома ДОМ домом", 1}, {"Санкт-Петербург", 2},
		{strings.Repeat("слово ", 30), 1}, {"a1 a2 a3 a4 a5 a6 a7 a8 a9 b1 b2 b3 b4 b5", maxWords}, {strings.Repeat("ы", 5000), 0}, // longer than a word can be
		{`"точная фраза"`, 2}, {"кот\x00пёс", 2}, {"кот\u202eпёс", 1},
	} {
		if got := parse("ru", c.text); len(got) != c.want {
			t.Errorf("%.40q: %d words %v, want %d", c.text, len(got), got, c.want)
		}
		if Empty("ru", c.text) != (c.want == 0) {
			t.Errorf("%.40q: Empty is wrong", c.text)
		}
	}
	if got := Trim(" а\x00 б\n\xff" + strings.Repeat("в", 300)); got != "а б "+strings.Repeat("в", 196) {
		t.Errorf("Trim gives %q", got)
	}
	w := parse("ru", "кинокластер OOO")
	if len(w) != 2 || len(w[0].parts) != 2 || len(w[1].spellings) != 2 {
		t.Errorf("compound and twin: %+v", w)
	}
}

// together is the text of the parts; a hit that is empty, or two pieces between hits that touch, fail the test.
func together(t *testing.T, parts []Part) string {
	var b strings.Builder
	for i, p := range parts {
		if p.Text == "" || i > 0 && !p.Hit && !parts[i-1].Hit {
			t.Errorf("parts %+v", parts)
		}
		b.WriteString(p.Text)
	}
	return b.String()
}

func FuzzMark(f *testing.F) {
	f.Add("ru", "Из домов, в доме", "дом")
	f.Add("ru", "Ко́фе и ко\u00adфе\u200b, ООО OOO", "кофе OOO")
	f.Add("zh", "我爱北京天安门。北京", "北京")
	f.Add("th", "สวัสดีชาวโลก", "ชาวโลก")
	f.Add("en", "<mark>\xff\x00 ﬁlm", "film <b>")
	f.Fuzz(func(t *testing.T, lang, text, query string) {
		if got := together(t, newPen(lang, query).Mark(text)); got != text {
			t.Errorf("%q was %q", got, text)
		}
		line := strings.Join(strings.Fields(text), " ")
		got := together(t, cut(newPen(lang, query).Snippet(text)))
		if !strings.Contains(line, got) && len(text) <= maxSnippetText {
			t.Errorf("%q is not in %q", got, line)
		}
	})
}

// cut is a snippet without the marks of where it was cut.
func cut(parts []Part) []Part {
	if len(parts) > 0 && parts[0].Text == "…\u00a0" {
		parts = parts[1:]
	}
	if n := len(parts); n > 0 && parts[n-1].Text == "\u00a0…" {
		parts = parts[:n-1]
	}
	return parts
}

func FuzzParse(f *testing.F) {
	f.Add("ru", `дом "на" набережной OOO`)
	f.Add("zh", "北京天安门 abc")
	f.Add("", "\xff\x00'\" OR 1=1 -- * NEAR( {x}:")
	f.Fuzz(func(t *testing.T, lang, text string) {
		trimmed := Trim(text)
		if !utf8.ValidString(trimmed) || strings.ContainsAny(trimmed, "\x00\n\r\t") || utf8.RuneCountInString(trimmed) > maxQuery || Trim(trimmed) != trimmed {
			t.Errorf("Trim(%q) = %q", text, trimmed)
		}
		all := parse(lang, text)
		if len(all) > maxWords {
			t.Errorf("%d words", len(all))
		}
		for _, w := range all {
			if len(w.spellings) == 0 || w.spellings[0] == "" {
				t.Errorf("an empty wish: %+v", w)
			}
		}
	})
}
