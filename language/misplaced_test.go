package language_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"vestnik/language"
)

// misplaced are the words as they are written with what they should be, those that only other texts can tell in brackets.
func misplaced(lang, text string) string {
	var all []string
	for _, m := range language.MisplacedWords(lang, text) {
		one := m.Word + "→" + m.Suggestion
		if !m.Sure {
			one = "(" + one + ")"
		}
		all = append(all, one)
	}
	return strings.Join(all, " ")
}

func TestWordsInTheWrongAlphabetAreFound(t *testing.T) {
	for text, want := range map[string]string{
		"Съёмки ведёт OOO «Киностудия»":            "OOO→ООО",
		"Об этом сообщает HTB.":                    "HTB→НТВ",
		"Фильм снят в CCCP, архив TACC":            "CCCP→СССР TACC→ТАСС",
		"MOCKBA, 24 ноября, редакция":              "MOCKBA→МОСКВА",
		"Фестиваль пройдёт c 5 по 10 мая":          "c→с",
		"c 5 по 10 мая пройдёт фестиваль":          "c→с",
		"Режиссёр работает c «Мосфильмом»":         "c→с",
		"Они говорят o кино, a мы y него в гостях": "o→о a→а y→у",
		"B Москве открылся фестиваль":              "B→В",
		"Он уехал. K сожалению, надолго":           "K→К",
		"B 2020 году съёмки остановили":            "B→В",
		"«C нами был весь зал», — сказал он":       "C→С",
		"ЖИЗНЬ C ОТЦОМ вышла на экраны":            "C→С",
		"Ha Сахалине запустят кластер":             "Ha→На",
		"He надо спешить, пойдём вместе co мной":   "He→Не co→со",
		"Встреча со службой и c самим режиссёром":  "c→с",
		"На орбите MKC и спутник, а CKA выиграл":   "MKC→МКС CKA→СКА",
		"Наградили KACK за вклад в науку":          "(KACK→КАСК)",
		"Register at kino dot СОМ today":           "СОМ→COM",
		"This is а film about a town":              "а→a",
	} {
		lang := "ru"
		if !language.MostlyCyrillic(text) {
			lang = "en"
		}
		if got := misplaced(lang, text); got != want {
			t.Errorf("%s: got %q, want %q", text, got, want)
		}
	}
}

func TestRealWordsOfTheOtherAlphabetAreLeftAlone(t *testing.T) {
	for _, text := range []string{
		"Пандемия COVID изменила прокат, а CEO студии ушёл",
		"Игра вышла на PC и Xbox, потом на TV",
		"Фильм xXx и XXX: порно тут ни при чём", "Он живёт в Остине, штат TX, и любит кино",
		"В начале XX века и в XIX веке, часть II, глава MCMXC", "На борту МКС и в СССР, в ООО «Кино»",
		"Канал BBC и платформа HBO Max, OK для всех", "Сериал Copa снят за год",
		"Tiffany & Co открыла бутик", "Витамин C и витамин A полезны, гепатит B опасен",
		"План B и план C, ось y и ось x", "Координаты x и y на карте", "Пройдите от A до B и дальше",
		"Группа A чемпионата, класс B, корпус C", "ГРУППА B ЧЕМПИОНАТА МИРА", "Это вариант a или вариант b",
		"Смотрите на сайте c.example и пишите на a@b.example", "Температура 36 °C сегодня",
		"Язык C — старый, C++ новее", "Набрал 10 k просмотров за день", "(c) Киностудия, все права", "Автор снимка A. Иванов",
		"Sony PC и телевизор", "Ссылка: kino.example/co/a", "Самолёт C-130 сел, а X-лучи нет", "Слово T-shirt и USB-C разъём",
		"Введите y или пустую строку", "C  сменить, O  продолжить", "SELECT id FROM films, а SELECT",
		"Киноклуб", "", "Kinodanz", "Фильм Kate и сериал Hope вышли",
	} {
		if got := misplaced("ru", text); got != "" {
			t.Errorf("%s: got %q, want none", text, got)
		}
	}
	for _, text := range []string{
		"The Soviet Union (СССР) and the agency ТАСС were mentioned", "The letter а is the first of the Cyrillic alphabet",
		"He wrote «МОСКВА» on the wall", "Vitamin C and plan B are fine",
	} {
		if got := misplaced("en", text); got != "" {
			t.Errorf("%s: got %q, want none", text, got)
		}
	}
}

func TestAWordInTheWrongAlphabetIsToldWithThoseBesideIt(t *testing.T) {
	all := language.MisplacedWords("ru", "Фестиваль пройдёт c «Мосфильмом»")
	if len(all) != 1 || all[0].Around != "пройдёт c «Мосфильмом" || all[0].String() != "all its letters are Latin" || !slices.Equal(all[0].Letters, []int{1}) {
		t.Errorf("got %+v", all)
	}
	all = language.MisplacedWords("ru", "Наградили KACK за науку")
	if len(all) != 1 || all[0].Stem != "kack" || all[0].Twin != "каск" {
		t.Errorf("got %+v", all)
	}
}

// Texts that were written with care have no word in the wrong alphabet: each one found in them would be a false alarm.
func TestNoFalseAlarmsInCarefulTexts(t *testing.T) {
	paths, err := filepath.Glob(filepath.Join("..", "..", "shared", "corpora", "pages", "*.txt"))
	if err != nil || len(paths) == 0 {
		t.Log("the saved news pages are not there")
	}
	paths = append(paths, filepath.Join("..", "articles", "testdata", "sample.txt"), filepath.Join("..", "articles", "related", "testdata", "stories.txt"))
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			if got := misplaced("ru", line); got != "" {
				t.Errorf("%s: %q in %s", filepath.Base(path), got, line)
			}
		}
	}
}

func FuzzMisplacedWords(f *testing.F) {
	for _, s := range []string{"Съёмки ведёт OOO «Киностудия»", "Фестиваль c 5 по 10 мая", "B Москве", "a СОМ b", "\xff c о", "c\u0301 о", "А A а a", "c"} {
		f.Add("ru", s)
		f.Add("en", s)
	}
	f.Fuzz(func(t *testing.T, lang, text string) {
		for _, m := range language.MisplacedWords(lang, text) {
			n := utf8.RuneCountInString(m.Word)
			if n == 0 || n != len(m.Letters) || n != utf8.RuneCountInString(m.Suggestion) || m.Around == "" || !utf8.ValidString(m.Around) ||
				!m.Sure && (m.Stem == "" || m.Twin == "") {
				t.Errorf("%q: %+v", text, m)
			}
			for _, r := range m.Word {
				if unicode.Is(unicode.Latin, r) != (m.Script == "Latin") {
					t.Errorf("%q: %+v", text, m)
				}
			}
		}
	})
}
