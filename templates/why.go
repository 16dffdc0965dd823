package templates

import (
	html "html/template"
	"strings"
)

// ConsentMarks are what stands around the sentences that tell a reader since when, and by what, he is subscribed: in a master copy
// they all stand one behind the other, each behind the mark of its place, with a mark in place of the day, and package mail leaves
// each reader one. The zero value leaves the sentence that names neither.
type ConsentMarks struct {
	Page, Import, Hand, Other string // before the sentence for those who agreed there; Other is for who knows where
	Day, End                  string
}

// Why is the sentence about why a reader gets the letter, or all that there can be.
func (v lettered) Why() html.HTML {
	return html.HTML(v.why(func(sentence string) string { return html.HTMLEscapeString(sentence) }))
}

// WhyText is [lettered.Why] as plain text in lines of at most 72 runes.
func (v lettered) WhyText() string {
	return v.why(func(sentence string) string { return wrap(0, sentence) })
}

// dayStandIn is as long as a long day, so that lines are broken where they should be, and is nowhere else in a sentence.
var dayStandIn = strings.Repeat("\uFDD0", len([]rune("30 сентября 2026")))

func (v lettered) why(set func(string) string) string {
	title, site := v.Edition.DigestTitle, host(v.Site.URL)
	m := v.Consent
	general := set(Text(v.Language, "why", title, site))
	if m == (ConsentMarks{}) {
		return general
	}
	var b strings.Builder
	for _, one := range [...]struct{ mark, key string }{{m.Page, "why_page"}, {m.Import, "why_import"}, {m.Hand, "why_hand"}} {
		sentence := set(Text(v.Language, one.key, title, site, dayStandIn))
		b.WriteString(one.mark + strings.ReplaceAll(sentence, dayStandIn, m.Day))
	}
	b.WriteString(m.Other + general + m.End)
	return b.String()
}
