package language

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Date is the day of t, in t's own zone, as lang writes it: "29 мая 2018", "29 May 2018", and "2018-05-29" for a
// language without a table. The zero time is "": an unknown date is not shown.
func Date(lang string, t time.Time) string {
	if t.IsZero() {
		return ""
	}
	w, ok := tableOf(lang)
	if !ok {
		return t.Format(time.DateOnly)
	}
	return strings.NewReplacer(
		"{day}", strconv.Itoa(t.Day()),
		"{month}", w.genitive[t.Month()-1],
		"{year}", strconv.Itoa(t.Year()),
	).Replace(w.date)
}

// DateTime is [Date] with the time of day: "29 мая 2018, 08:00".
func DateTime(lang string, t time.Time) string {
	if t.IsZero() {
		return ""
	}
	w, ok := tableOf(lang)
	if !ok {
		return t.Format("2006-01-02 15:04")
	}
	return strings.NewReplacer("{date}", Date(lang, t), "{time}", t.Format("15:04")).Replace(w.dateTime)
}

// Month is the month of t as a heading: "Ноябрь 2026", "November 2026", and "2026-11" for a language without a table.
func Month(lang string, t time.Time) string {
	if t.IsZero() {
		return ""
	}
	w, ok := tableOf(lang)
	if !ok {
		return t.Format("2006-01")
	}
	first, size := utf8.DecodeRuneInString(w.nominative[t.Month()-1])
	return string(unicode.ToUpper(first)) + w.nominative[t.Month()-1][size:] + " " + strconv.Itoa(t.Year())
}

func tableOf(lang string) (dateWords, bool) {
	lang = base(lang)
	for _, w := range dateTables {
		if w.language == lang {
			return w, true
		}
	}
	return dateWords{}, false
}

// isoLayouts are RFC 3339 and its usual abridgements. Those without an offset are read in the caller's zone.
var isoLayouts = []string{
	time.RFC3339, "2006-01-02T15:04Z07:00", "2006-01-02 15:04:05Z07:00", "2006-01-02 15:04:05 -0700", "2006-01-02 15:04 -0700",
	time.DateOnly, "2006-01-02T15:04", "2006-01-02T15:04:05", "2006-01-02 15:04", time.DateTime,
}

const timeOfDay = `(?:,? +(?:(\p{L}+) +)?(\d{1,2}):(\d{2})(?::(\d{2}))?(?: ?([ap])\.?m\.?)?)?$`

var (
	dotted   = regexp.MustCompile(`^(\d{1,2})\.(\d{1,2})\.(\d{4})` + timeOfDay)
	dayFirst = regexp.MustCompile(`^(\d{1,2})(?:\.|st|nd|rd|th|-?го|-?е)? +(?:(\p{L}+) +)?(\p{L}+)\.?,? +(\d{4})(?: ?(\p{L}+\.?))?` + timeOfDay)
	dayAfter = regexp.MustCompile(`^(\p{L}+)\.? +(\d{1,2})(?:st|nd|rd|th)?,? +(\d{4})` + timeOfDay)
	weekday  = regexp.MustCompile(`^(\p{L}+)\.?,? +`)
	clock    = regexp.MustCompile(`^(\d{1,2}:\d{2}(?::\d{2})?)(?:,| [—–-])? +(.+)$`)
)

// ParseDate reads a date with or without a time of day: RFC 3339, "2018-05-29 08:00", "29.05.2018", "29 мая 2018, 08:00",
// "29 май 2018 г.", "вторник, 1 сент. 2018", "May 29, 2018", "29 May 2018 at 8:00 pm", in every language of the
// tables, also "в среду, 30 мая 2018", "29-го мая 2018", "08:00, 29 мая 2018" and "the 29th of May 2018". Without a time it is midnight, without an offset it is in loc (nil: UTC). The whole string must be the
// date, the day must exist, and the year lies between 1000 and 9999. The result is never the zero time when ok.
func ParseDate(s string, loc *time.Location) (t time.Time, ok bool) {
	if loc == nil {
		loc = time.UTC
	}
	if len(s) > 200 { // no date is that long, and it may be a whole paragraph
		return time.Time{}, false
	}
	s = strings.Join(strings.Fields(clean(s)), " ")
	for _, layout := range isoLayouts {
		if t, err := time.ParseInLocation(layout, s, loc); err == nil {
			return t, t.Year() >= 1000 && t.Year() <= 9999
		}
	}
	s = foldYo(strings.ToLower(s))
	if m := clock.FindStringSubmatch(s); m != nil { // "08:00, 29 мая 2018", as over many a piece of news
		s = m[2] + " " + m[1]
	}
	for _, is := range []func(string) bool{isOn, isDay, isOn} {
		if m := weekday.FindStringSubmatch(s); m != nil && is(m[1]) {
			s = s[len(m[0]):]
		}
	}
	if m := dotted.FindStringSubmatch(s); m != nil {
		return build(m[3], number(m[2]), m[1], m[4:], loc)
	}
	if m := dayFirst.FindStringSubmatch(s); m != nil && isOf(m[2]) && (isYearWord(m[5]) || m[6] == "" && m[7] != "" && isAt(m[5])) {
		return build(m[4], month(m[3]), m[1], m[6:], loc)
	}
	if m := dayAfter.FindStringSubmatch(s); m != nil {
		return build(m[3], month(m[1]), m[2], m[4:], loc)
	}
	return time.Time{}, false
}

// build makes the time of digits; clock is word, hour, minute, second, a|p, each possibly "".
func build(year string, month int, day string, clock []string, loc *time.Location) (time.Time, bool) {
	y, d := number(year), number(day)
	hour, minute, second := number(clock[1]), number(clock[2]), number(clock[3])
	if half := clock[4]; half != "" {
		if hour < 1 || hour > 12 {
			return time.Time{}, false
		}
		hour %= 12
		if half == "p" {
			hour += 12
		}
	}
	if !isAt(clock[0]) || y < 1000 || month < 1 || month > 12 || d < 1 || hour > 23 || minute > 59 || second > 59 {
		return time.Time{}, false
	}
	// In UTC, where every midnight exists: São Paulo once had days without one.
	if time.Date(y, time.Month(month), d, 0, 0, 0, 0, time.UTC).Day() != d {
		return time.Time{}, false
	}
	return time.Date(y, time.Month(month), d, hour, minute, second, 0, loc), true
}

// number is the value of at most four digits, 0 for "".
func number(digits string) int {
	n, _ := strconv.Atoi(digits)
	return n
}

// month is the number of a month's name in lower case, 0 if no language has it.
func month(name string) int {
	for _, w := range dateTables {
		for i := range 12 {
			forms := append(strings.Fields(w.also[i]), w.genitive[i], w.nominative[i], w.short[i])
			if slices.ContainsFunc(forms, func(form string) bool { return strings.ToLower(form) == name }) {
				return i + 1
			}
		}
	}
	return 0
}

func isDay(word string) bool {
	return anyTable(func(w dateWords) bool { return slices.Contains(w.days, word) })
}

func isOn(word string) bool {
	return anyTable(func(w dateWords) bool { return slices.Contains(w.on, word) })
}

func isOf(word string) bool {
	return word == "" || anyTable(func(w dateWords) bool { return slices.Contains(w.of, word) })
}

func isYearWord(word string) bool {
	return word == "" || anyTable(func(w dateWords) bool { return slices.Contains(w.year, word) })
}

func isAt(word string) bool {
	return word == "" || anyTable(func(w dateWords) bool { return slices.Contains(w.at, word) })
}

func anyTable(match func(w dateWords) bool) bool {
	return slices.ContainsFunc(dateTables, match)
}
