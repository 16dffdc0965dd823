package pages

import (
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Labels are the words by which a text saved from a news page is taken apart, in one language. Case, a colon or dots
// at the end, and ё or е make no difference.
type Labels struct {
	Author    []string // before the names; one that ends with a colon needs its colon in the text, as "Автор:"
	Date      []string // before a date, as "Опубликовано:"; it needs none, and of two dates the later is that of an update
	MostRead  []string // the line above the box of most read headlines
	Related   []string // the line above the box of related headlines
	More      []string // the line below each headline of a box
	Leftovers []string // lines that belong to the page and not to the article
}

// DefaultLabels returns the labels that ship, by language: "ru" and "en". The map is the caller's.
func DefaultLabels() map[string]Labels {
	return map[string]Labels{
		"ru": {
			Author:   []string{"Автор:", "Авторы:", "Автор текста:", "Текст:"},
			Date:     []string{"Дата:", "Дата публикации:", "Опубликовано:", "Опубликовано", "Обновлено:", "Обновлено"},
			MostRead: []string{"Самое читаемое", "Самое популярное", "Популярное", "Читают сейчас"},
			Related:  []string{"Новости по теме", "Материалы по теме", "По теме", "Читайте также", "Читать также"},
			More:     []string{"Подробнее", "Читать далее", "Читать дальше", "Далее"},
			Leftovers: []string{"top banner", "Реклама", "На правах рекламы", "Главная", "Поделиться",
				"Перейти к содержанию"},
		},
		"en": {
			Author:   []string{"Author:", "Authors:", "By"},
			Date:     []string{"Date:", "Published:", "Published on", "Published", "Updated:", "Updated"},
			MostRead: []string{"Most read", "Most popular", "Trending"},
			Related:  []string{"Related news", "Related", "Related stories", "Related articles", "See also", "Read also"},
			More:     []string{"Read more", "More"},
			Leftovers: []string{"top banner", "Advertisement", "Sponsored", "Share", "Skip to content",
				"Skip to main content"},
		},
	}
}

// A labelIndex finds labels of all languages at once and counts for which language they speak.
type labelIndex struct {
	mostRead, related, more, leftovers map[string][]string // folded label -> languages
	author, date                       []prefixLabel       // longest first
}

type prefixLabel struct {
	text     string
	language string
}

func indexLabels(all map[string]Labels) labelIndex {
	x := labelIndex{mostRead: map[string][]string{}, related: map[string][]string{}, more: map[string][]string{},
		leftovers: map[string][]string{}}
	for _, lang := range slices.Sorted(maps.Keys(all)) {
		l := all[lang]
		for _, lists := range []struct {
			labels []string
			into   map[string][]string
		}{{l.MostRead, x.mostRead}, {l.Related, x.related}, {l.More, x.more}, {l.Leftovers, x.leftovers}} {
			for _, label := range lists.labels {
				if key := foldLabel(label); key != "" {
					lists.into[key] = append(lists.into[key], lang)
				}
			}
		}
		x.author = append(x.author, prefixes(l.Author, lang)...)
		x.date = append(x.date, prefixes(l.Date, lang)...)
	}
	longest := func(a, b prefixLabel) int { return len(b.text) - len(a.text) }
	slices.SortStableFunc(x.author, longest)
	slices.SortStableFunc(x.date, longest)
	return x
}

func prefixes(labels []string, lang string) []prefixLabel {
	var out []prefixLabel
	for _, label := range labels {
		if label = strings.TrimSpace(label); foldLabel(label) != "" {
			out = append(out, prefixLabel{label, lang})
		}
	}
	return out
}

// foldLabel is a line as labels are compared: lower case, ё as е, one space between words, nothing but letters and
// digits at its ends ("Подробнее →" is "подробнее").
func foldLabel(s string) string {
	s = strings.TrimFunc(s, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	return strings.ReplaceAll(strings.ToLower(strings.Join(strings.Fields(s), " ")), "ё", "е")
}

// cutPrefix returns what follows the first of labels that text begins with, and the label. A label that ends with a colon
// wants its colon; another one wants a space or a colon behind it.
func cutPrefix(labels []prefixLabel, text string) (rest string, found prefixLabel, ok bool) {
	runes := []rune(text)
	for _, l := range labels {
		n := utf8.RuneCountInString(l.text)
		if len(runes) < n || !strings.EqualFold(string(runes[:n]), l.text) {
			continue
		}
		tail := string(runes[n:])
		if !strings.HasSuffix(l.text, ":") {
			next, _ := utf8.DecodeRuneInString(tail)
			if next != ':' && !unicode.IsSpace(next) {
				continue
			}
			tail = strings.TrimPrefix(tail, ":")
		}
		return strings.TrimSpace(tail), l, true
	}
	return "", prefixLabel{}, false
}

// isLeftover also knows a copyright line and a line without letters, as "***".
func (x labelIndex) isLeftover(text string) bool {
	key := foldLabel(text)
	return key == "" || x.leftovers[key] != nil || strings.HasPrefix(text, "©")
}

func (x labelIndex) isBox(text string) bool {
	key := foldLabel(text)
	return x.mostRead[key] != nil || x.related[key] != nil
}

func (x labelIndex) isMore(text string) bool { return x.more[foldLabel(text)] != nil }
