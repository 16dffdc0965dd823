// Package language is in charge of what differs from one language to the next: words and their stems, dates, plural
// forms, slugs, and letters of two alphabets that look alike. It writes no table and keeps no state.
//
// Every function takes any string, also one that is not valid UTF-8, and returns valid UTF-8. A language is a BCP 47 tag
// such as "ru" or "en-GB"; only its first part counts. A language that the tables do not know is never an error: it
// gets the plain form ("2018-05-29", unstemmed words, CLDR's rules for plurals). Adding a language to the dates
// is adding one entry to the table in months.go.
package language

import (
	"strings"

	"golang.org/x/text/feature/plural"
	bcp47 "golang.org/x/text/language"
)

// Plural is the CLDR category of the cardinal number n in lang: "zero", "one", "two", "few", "many" or "other". For
// Russian 1 and 21 are "one", 2 to 4 "few", 0, 5 and 11 "many"; for English 1 is "one" and the rest "other".
func Plural(lang string, n int64) string {
	small := n % 10_000_000 // allowed by the package, and fits any int
	if small < 0 {
		small = -small
	}
	if n <= -10_000_000 || n >= 10_000_000 {
		small += 10_000_000 // ten million and one is not one
	}
	switch plural.Cardinal.MatchPlural(bcp47.Make(base(lang)), int(small), 0, 0, 0, 0) {
	case plural.Zero:
		return "zero"
	case plural.One:
		return "one"
	case plural.Two:
		return "two"
	case plural.Few:
		return "few"
	case plural.Many:
		return "many"
	}
	return "other"
}

// base is the first part of a BCP 47 tag in lower case: "ru" of "ru-RU".
func base(lang string) string {
	lang, _, _ = strings.Cut(strings.ReplaceAll(lang, "_", "-"), "-")
	return strings.ToLower(strings.TrimSpace(lang))
}

// IsCyrillic reports whether lang is by default written in Cyrillic, as "ru", "uk" and "kk" are.
func IsCyrillic(lang string) bool {
	script, _ := bcp47.Make(base(lang)).Script()
	return script.String() == "Cyrl"
}
