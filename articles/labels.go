package articles

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

// fullLabels are the given labels over the default ones: a language, or a list of a language, that is not given is
// the default's.
func fullLabels(given map[string]Labels) map[string]Labels {
	all := DefaultLabels()
	for lang, l := range given {
		or := func(list, otherwise []string) []string {
			if len(list) == 0 {
				return otherwise
			}
			return list
		}
		d := all[lang]
		all[lang] = Labels{
			Author: or(l.Author, d.Author), Date: or(l.Date, d.Date), MostRead: or(l.MostRead, d.MostRead),
			Related: or(l.Related, d.Related), More: or(l.More, d.More), Leftovers: or(l.Leftovers, d.Leftovers),
		}
	}
	return all
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

func indexLabels(given map[string]Labels) labelIndex {
	x := labelIndex{mostRead: map[string][]string{}, related: map[string][]string{}, more: map[string][]string{},
		leftovers: map[string][]string{}}
	all := fullLabels(given)
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

// cutPrefix returns what follows the first of labels that text begins with, and the label's language. A label that
// ends with a colon wants its colon; another one wants a space or a colon behind it.
func cutPrefix(labels []prefixLabel, text string) (rest string, found prefixLabel, ok bool) {
	for _, l := range labels {
		head, tail := splitRunes(text, utf8.RuneCountInString(l.text))
		if !strings.EqualFold(head, l.text) {
			continue
		}
		next, size := utf8.DecodeRuneInString(tail)
		if !strings.HasSuffix(l.text, ":") {
			if size == 0 || next != ':' && !unicode.IsSpace(next) {
				continue
			}
			tail = strings.TrimPrefix(tail, ":")
		}
		return strings.TrimSpace(tail), l, true
	}
	return "", prefixLabel{}, false
}

// splitRunes parts text after its first n runes.
func splitRunes(text string, n int) (head, tail string) {
	for i := range text {
		if n == 0 {
			return text[:i], text[i:]
		}
		n--
	}
	return text, ""
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
