package templates

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func headed(titles ...string) EditionView {
	e := EditionView{DigestTitle: "Самое читаемое", Slot: morning}
	for _, title := range titles {
		e.Items = append(e.Items, Item{Title: title})
	}
	return e
}

func TestSubjectsFollowTheirTemplate(t *testing.T) {
	two := headed("Павильон для съёмок моря", "Находка реставраторов")
	for _, c := range []struct {
		template, want string
		e              EditionView
	}{
		{"", "Самое читаемое: Павильон для съёмок моря", two},
		{"{top} — {title}", "Павильон для съёмок моря — Самое читаемое", two},
		{"{top}; {second}", "Павильон для съёмок моря; Находка реставраторов", two},
		{"{top}; {second}", "Павильон для съёмок моря", headed("Павильон для съёмок моря")},
		{"{title}, {date}: {count}", "Самое читаемое, 24 ноября 2026: 2", two},
		{"", "Самое читаемое", headed()},
		{"{top} — {title}", "Якутская драма «Наледь» соберёт полный зал… — Самое читаемое", headed("Якутская драма «Наледь» соберёт полный зал в двенадцати странах мира")},
		{"{top} | {second}", "Касса уикенда: «Северный ветер» | Прокатчики договорились о датах", headed("Касса уикенда: «Северный ветер»", "Прокатчики договорились о датах")},
	} {
		got := SubjectLine(c.template, "ru", c.e)
		if got != c.want {
			t.Errorf("%q gives %q, want %q", c.template, got, c.want)
		}
	}
}

func TestASubjectNeverEndsInTheMiddleOfAThought(t *testing.T) {
	for title, want := range map[string]string{
		"Самый маленький кинотеатр страны, который построили своими руками, помещается в автобусе":          "Самый маленький кинотеатр страны, который построили своими руками…",
		"Прокатчики и кинотеатры договорились о единых датах цифровых премьер и о том, что":                 "Прокатчики и кинотеатры договорились о единых датах цифровых премьер…",
		"Режиссёр рассказала о съёмках фильма в тундре и назвала для «Долгая зима у моря»":                  "Режиссёр рассказала о съёмках фильма в тундре и назвала…",
		"«Долгая зима у самого северного моря, где не бывает лета и не растут деревья» выйдет":              "«Долгая зима у самого северного моря, где не бывает лета и не растут…»",
		"The restorers have found the whole of a film that was lost since the great fire of 1929 in a shed": "The restorers have found the whole of a film that was lost…",
	} {
		got := cut(title, subjectRunes)
		if got != want {
			t.Errorf("cut(%q) = %q, want %q", title, got, want)
		}
		if n := utf8.RuneCountInString(got); n > subjectRunes {
			t.Errorf("%q has %d runes", got, n)
		}
	}
}

func TestASubjectIsNotCutWithinASign(t *testing.T) {
	family, accent := "👨‍👩‍👧‍👦", "и\u0306"
	for n := 8; n < 40; n++ {
		for sign, s := range map[string]string{family: strings.Repeat(family, 20), accent: strings.Repeat(accent, 40), "👍🏽": strings.Repeat("👍🏽", 30)} {
			got, ok := strings.CutSuffix(cut(s, n), "…")
			if !ok || n > 14 && strings.ReplaceAll(got, sign, "") != "" || utf8.RuneCountInString(got) >= n {
				t.Errorf("cut to %d: %q", n, got)
			}
		}
	}
}

func TestAnUnknownPlaceInASubjectIsRefused(t *testing.T) {
	for template, want := range map[string]string{
		"{titel}: {top}": "there is no {titel}", "{top": "a brace stands alone", "{}": "there is no {}", "{title}: {top} — {second}, {count}, {date}": "", "": "", "Новости": "",
	} {
		err := CheckSubject(template)
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("CheckSubject(%q) = %v, want %q", template, err, want)
		}
	}
}

func FuzzCut(f *testing.F) {
	f.Add("Касса уикенда: «Северный ветер» стартовал", 20)
	f.Add("“a b “c", 4)
	f.Fuzz(func(t *testing.T, s string, n int) {
		if n < 3 || n > 500 || !utf8.ValidString(s) {
			return
		}
		if got := cut(s, n); utf8.RuneCountInString(got) > n {
			t.Errorf("cut(%q, %d) = %q, which is longer", s, n, got)
		}
	})
}
