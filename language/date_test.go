package language_test

import (
	"strings"
	"testing"
	"time"

	"vestnik/language"
)

func zone(t testing.TB, name string) *time.Location {
	t.Helper()
	loc, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return loc
}

func TestDateIsWrittenInItsLanguage(t *testing.T) {
	sakhalin := zone(t, "Asia/Sakhalin")
	at := time.Date(2018, 5, 29, 8, 0, 0, 0, sakhalin)
	for _, c := range []struct{ lang, date, dateTime string }{
		{"ru", "29 мая 2018", "29 мая 2018, 08:00"},
		{"ru-RU", "29 мая 2018", "29 мая 2018, 08:00"},
		{"en", "29 May 2018", "29 May 2018, 08:00"},
		{"en_GB", "29 May 2018", "29 May 2018, 08:00"},
		{"fr", "2018-05-29", "2018-05-29 08:00"},
		{"", "2018-05-29", "2018-05-29 08:00"},
	} {
		if got := language.Date(c.lang, at); got != c.date {
			t.Errorf("Date(%q): got %q, want %q", c.lang, got, c.date)
		}
		if got := language.DateTime(c.lang, at); got != c.dateTime {
			t.Errorf("DateTime(%q): got %q, want %q", c.lang, got, c.dateTime)
		}
	}
	if got := language.Date("ru", at.UTC()); got != "28 мая 2018" {
		t.Errorf("the day is not that of the time's own zone: %q", got)
	}
	if language.Date("ru", time.Time{})+language.DateTime("ru", time.Time{}) != "" {
		t.Error("the zero time has a date")
	}
}

func TestParseDateReadsWhatPeopleWrite(t *testing.T) {
	loc := zone(t, "Asia/Sakhalin")
	day := time.Date(2018, 5, 29, 0, 0, 0, 0, loc)
	eight := day.Add(8 * time.Hour)
	first := time.Date(2018, 9, 1, 0, 0, 0, 0, loc)
	for s, want := range map[string]time.Time{
		"29 мая 2018":                 day,
		"29 май 2018":                 day,
		"29 МАЯ 2018":                 day,
		"  29  мая\u00a02018 г. ":     day,
		"29 мая 2018 года":            day,
		"29 мая 2018г.":               day,
		"29 мая 2018, 08:00":          eight,
		"29 мая 2018 г., 08:00":       eight,
		"29 мая 2018 в 8:00":          eight,
		"вторник, 29 мая 2018":        day,
		"1 сент. 2018":                first,
		"1 сентября 2018":             first,
		"1 Сентябрь 2018":             first,
		"1 Sept. 2018":                first,
		"29 ма\u0438\u0306 2018":      day, // й typed as и and a breve
		"29 May 2018":                 day,
		"May 29, 2018":                day,
		"May 29th 2018":               day,
		"Tuesday, May 29, 2018":       day,
		"May 29, 2018, 8:00 AM":       eight,
		"29 May 2018 at 8:00 a.m.":    eight,
		"29 May 2018, 12:00 am":       day,
		"во вторник, 29 мая 2018":     day,
		"в среду, 30 мая 2018 года":   day.AddDate(0, 0, 1),
		"29-го мая 2018":              day,
		"29-е мая 2018":               day,
		"08:00, 29 мая 2018":          eight,
		"8:00 29.05.2018":             eight,
		"Tues., 29 May 2018":          day,
		"on Thurs, May 31, 2018":      day.AddDate(0, 0, 2),
		"the 29th of May 2018":        day,
		"29 авг. 2018":                time.Date(2018, 8, 29, 0, 0, 0, 0, loc),
		"29 нояб. 2018 г.":            time.Date(2018, 11, 29, 0, 0, 0, 0, loc),
		"29 февр. 2016":               time.Date(2016, 2, 29, 0, 0, 0, 0, loc),
		"29.05.2018":                  day,
		"29.5.2018, 08:00":            eight,
		"29.05.2018 08:00":            eight,
		"2018-05-29":                  day,
		"2018-05-29T08:00":            eight,
		"2018-05-29 08:00":            eight,
		"2018-05-29 08:00:00":         eight,
		"2018-05-28T21:00:00Z":        eight,
		"2018-05-29T00:00:00+03:00":   eight,
		"2018-05-29 00:00:00 +0300":   eight,
		"\ufeff29 мая 2018":           day,
		"29 февраля 2016":             time.Date(2016, 2, 29, 0, 0, 0, 0, loc),
		"29 мая 2018, 23:59:58":       day.Add(24*time.Hour - 2*time.Second),
		"29 May 2018 at 8:00:30 p.m.": eight.Add(12*time.Hour + 30*time.Second),
	} {
		if got, ok := language.ParseDate(s, loc); !ok || !got.Equal(want) {
			t.Errorf("ParseDate(%q): got %v, %v; want %v", s, got, ok, want)
		}
	}
}

func TestParseDateRefusesWhatIsNoDate(t *testing.T) {
	for _, s := range []string{
		"", " ", "мая", "2018", "май 2018", "32 мая 2018", "0 мая 2018", "30 февраля 2018", "29 февраля 2018", "29 мая 18",
		"29 мяу 2018", "29.13.2018", "31.04.2018", "29/05/2018", "05/29/2018", "2018-13-01", "2018-02-30", "0001-01-01",
		"29 мая 2018, 24:00", "29 мая 2018, 08:60", "29 мая 2018, 13:00 pm", "29 мая 2018 на 08:00", "29 мая 2018 вчера",
		"08:00 — вторник, 29 мая", "08:00, 29 мая 2018, 08:00", "29 на мая 2018", "в 29", "29 мая 2018, вторник",
		"29 мая 2018 состоялась премьера", "С 29 мая 2018", "завтра", "29 мая 2018.", "1527552000", "29 мая 20188",
	} {
		if got, ok := language.ParseDate(s, nil); ok {
			t.Errorf("ParseDate(%q): got %v, want no date", s, got)
		}
	}
}

func TestParseDateFindsEveryMonthOfEveryLanguage(t *testing.T) {
	for _, lang := range []string{"ru", "en"} {
		for m := time.January; m <= time.December; m++ {
			want := time.Date(2020, m, 29, 0, 0, 0, 0, time.UTC)
			if got, ok := language.ParseDate(language.Date(lang, want), nil); !ok || !got.Equal(want) {
				t.Errorf("%s: got %v, %v; want %v", language.Date(lang, want), got, ok, want)
			}
		}
	}
}

func TestParseDateReadsEveryFormOfAMonth(t *testing.T) {
	for month, forms := range []string{
		"январь января янв янв. January Jan Jan.", "февраль февраля февр фев. February Feb Feb.", "март марта мар. March Mar.",
		"апрель апреля апр апр. April Apr Apr.", "май мая May", "июнь июня июн. June Jun.", "июль июля июл. July Jul.",
		"август августа авг авг. August Aug Aug.", "сентябрь сентября сент сент. сен. September Sept. Sep",
		"октябрь октября окт окт. October Oct Oct.", "ноябрь ноября нояб нояб. ноя. November Nov Nov.", "декабрь декабря дек дек. December Dec Dec.",
	} {
		want := time.Date(2020, time.Month(month+1), 9, 0, 0, 0, 0, time.UTC)
		for _, form := range strings.Fields(forms) {
			for _, s := range []string{"9 " + form + " 2020", "9 " + strings.ToUpper(form) + " 2020, 00:00"} {
				if got, ok := language.ParseDate(s, nil); !ok || !got.Equal(want) {
					t.Errorf("%s: got %v, %v; want %v", s, got, ok, want)
				}
			}
		}
	}
}

// Midnight did not exist in São Paulo on 4 November 2018; the day did.
func TestParseDateOfADayWithoutMidnight(t *testing.T) {
	loc := zone(t, "America/Sao_Paulo")
	got, ok := language.ParseDate("4 ноября 2018", loc)
	if want := time.Date(2018, 11, 4, 1, 0, 0, 0, loc); !ok || got.Sub(want).Abs() > 2*time.Hour {
		t.Errorf("got %v, %v; want about %v", got, ok, want)
	}
}

func FuzzParseDate(f *testing.F) {
	for _, s := range []string{"29 мая 2018", "2018-05-29T08:00:00Z", "May 29th, 2018 at 8:00 pm", "29.05.2018, 08:00", "вт, 1 сент. 2018 г.", "\xff"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, ok := language.ParseDate(s, time.UTC)
		if !ok {
			return
		}
		if got.IsZero() || got.Year() < 1000 || got.Year() > 9999 {
			t.Errorf("ParseDate(%q): got %v", s, got)
		}
		day, ok := language.ParseDate(language.Date("ru", got), got.Location())
		if !ok || day.YearDay() != got.YearDay() {
			t.Errorf("ParseDate(%q): its own date %q reads as %v", s, language.Date("ru", got), day)
		}
	})
}
