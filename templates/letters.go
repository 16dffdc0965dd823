package templates

import (
	"bytes"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"vestnik/language"
)

// subjectRunes is where a subject is cut: phones show some 45 runes of it, desktop clients some 70.
const subjectRunes = 70

// Subject is that of a digest's letter: its title and the first headline, cut at a word after about 70 runes.
func Subject(lang, digestTitle, topHeadline string) string {
	title, top := oneLine(digestTitle), oneLine(topHeadline)
	if title == "" || top == "" {
		return cut(title+top, subjectRunes)
	}
	return cut(Text(lang, "subject", title, top), subjectRunes)
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// cut shortens s to at most n runes, the ellipsis included, at the end of a word where there is one in the second half.
func cut(s string, n int) string {
	if utf8.RuneCountInString(s) <= n {
		return s
	}
	short := string([]rune(s)[:n-1])
	if next := []rune(s)[n-1]; !unicode.IsSpace(next) {
		if i := strings.LastIndexByte(short, ' '); i > len(short)/2 {
			short = short[:i]
		}
	}
	return strings.TrimRight(short, " ,.:;–—-«(") + "…"
}

// lettered is what the digest's templates see: the letter with addresses that say where a visit comes from.
type lettered struct {
	DigestLetter
	Subject   string
	Preheader string
}

// DigestLetter renders an edition in the letter's language. The letter opens with its preheader as a visible sentence, for
// hidden text is a mark of spam. Its links to stories carry utm parameters, those to the subscriber's own pages do not.
func (s *Set) DigestLetter(v DigestLetter) (Letter, error) {
	v.Language = spoken(v.Language)
	subject := v.Edition.Subject
	if subject == "" {
		top := ""
		if len(v.Edition.Items) > 0 {
			top = v.Edition.Items[0].Title
		}
		subject = Subject(v.Language, v.Edition.DigestTitle, top)
	}
	data := lettered{DigestLetter: v, Subject: oneLine(subject), Preheader: preheader(v.Language, v.Edition)}
	data.Edition = tagged(localEdition(v.Site, v.Edition))
	return s.letter(v.Language, "digest", data, data.Subject, data.Preheader)
}

// ConfirmLetter renders the letter that asks for confirmation.
func (s *Set) ConfirmLetter(v ConfirmLetter) (Letter, error) {
	v.Language = spoken(v.Language)
	subject := cut(oneLine(Text(v.Language, "confirm_subject", v.Digest)), subjectRunes)
	return s.letter(v.Language, "confirm", v, subject, Text(v.Language, "confirm_preheader", oneLine(v.Digest)))
}

// MoveLetter renders the letter to a new address, or the notice to the old one.
func (s *Set) MoveLetter(v MoveLetter) (Letter, error) {
	v.Language = spoken(v.Language)
	kind := "move"
	if v.Notice {
		kind = "notice"
	}
	host := host(v.Site.URL)
	return s.letter(v.Language, "move", v, Text(v.Language, kind+"_subject"), Text(v.Language, kind+"_preheader", host))
}

// SealLetter renders the admin's weekly letter with the head of the log of consent.
func (s *Set) SealLetter(v SealLetter) (Letter, error) {
	v.Language = spoken(v.Language)
	if v.Site.Location != nil {
		v.At = v.At.In(v.Site.Location)
	}
	subject := cut(oneLine(Text(v.Language, "seal_subject", v.Site.Title)), subjectRunes)
	return s.letter(v.Language, "seal", v, subject, Text(v.Language, "seal_preheader", host(v.Site.URL)))
}

func (s *Set) letter(lang, name string, data any, subject, preheader string) (Letter, error) {
	var h, t bytes.Buffer
	if err := s.words[lang].letters[name+".html"].Execute(&h, data); err != nil {
		return Letter{}, fmt.Errorf("letter %s.html: %w", name, err)
	}
	if err := s.words[lang].texts[name+".txt"].Execute(&t, data); err != nil {
		return Letter{}, fmt.Errorf("letter %s.txt: %w", name, err)
	}
	return Letter{Subject: subject, Preheader: preheader, HTML: lean(h.String()), Text: plain(t.String())}, nil
}

// lean drops indentation and empty lines: a letter above some 100 kB is clipped by Gmail.
func lean(s string) string {
	var b strings.Builder
	b.Grow(len(s))
	for line := range strings.Lines(s) {
		if line = strings.TrimSpace(line); line != "" {
			b.WriteString(line)
			b.WriteByte('\n')
		}
	}
	return b.String()
}

// plain drops spaces at line ends and more than one empty line in a row.
func plain(s string) string {
	var out []string
	for line := range strings.Lines(strings.TrimSpace(s)) {
		line = strings.TrimRight(line, " \t\r\n")
		if line == "" && len(out) > 0 && out[len(out)-1] == "" {
			continue
		}
		out = append(out, line)
	}
	return strings.Join(out, "\n") + "\n"
}

// preheader is one true sentence about the edition: stories that filled up a thin one were not "read most".
func preheader(lang string, e EditionView) string {
	window := e.Until.Sub(e.From)
	within, until := span(lang, window), language.DateTime(lang, e.Slot)
	key, n := "lead_reads", len(e.Read())
	switch {
	case n == 0:
		key, n = "lead_latest", len(e.Items)
	case window < time.Hour: // reads are kept by the hour: those of a few minutes are nowhere to be had
		key = "lead_now"
	}
	if n == 0 {
		return capital(Text(lang, "lead_none", within, until))
	}
	return capital(Text(lang, key, n, within, until))
}

func capital(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(r)) + s[n:]
}

// span words how long a window is, in the unit that a reader would use. A day with a change to summer time is a day.
func span(lang string, d time.Duration) string {
	const day = 24 * time.Hour
	near := func(n int) bool { return (d - time.Duration(n)*day).Abs() <= time.Hour }
	switch {
	case near(1):
		return Text(lang, "span_day")
	case near(7):
		return Text(lang, "span_week")
	case near(28), near(29), near(30), near(31):
		return Text(lang, "span_month")
	case d < 90*time.Second:
		return Text(lang, "span_minute")
	case d < time.Hour:
		return Text(lang, "span_minutes", int64(d.Round(time.Minute)/time.Minute))
	case d < 90*time.Minute:
		return Text(lang, "span_hour")
	case d < 2*day:
		return Text(lang, "span_hours", int64(d.Round(time.Hour)/time.Hour))
	}
	return Text(lang, "span_days", int64(d.Round(day)/day))
}

// tagged is the edition with utm parameters in every story's address. It copies what it changes.
func tagged(e EditionView) EditionView {
	mark := "utm_source=" + url.QueryEscape(e.Digest) + "&utm_medium=email&utm_campaign=" + e.Slot.Format("2006-01-02")
	e.Items = slices.Clone(e.Items)
	for i := range e.Items {
		e.Items[i].URL = withQuery(e.Items[i].URL, mark)
		e.Items[i].Related = taggedList(e.Items[i].Related, mark)
	}
	e.Related = taggedList(e.Related, mark)
	return e
}

func taggedList(list []Headline, mark string) []Headline {
	list = slices.Clone(list)
	for i := range list {
		list[i].URL = withQuery(list[i].URL, mark)
	}
	return list
}

// withQuery adds parameters behind an address's query and before its fragment (RFC 3986, section 3), and leaves the rest
// as it is, byte for byte: another site's query may be signed or not well formed. An address that carries utm_source
// already keeps it, and one that is not http stays as it is.
func withQuery(address, mark string) string {
	head, fragment, hasFragment := strings.Cut(address, "#")
	if !strings.HasPrefix(head, "http://") && !strings.HasPrefix(head, "https://") {
		return address
	}
	_, query, hasQuery := strings.Cut(head, "?")
	switch {
	case strings.HasPrefix(query, "utm_source=") || strings.Contains(query, "&utm_source="):
		return address
	case !hasQuery:
		head += "?" + mark
	case query == "" || strings.HasSuffix(query, "&"):
		head += mark
	default:
		head += "&" + mark
	}
	if hasFragment {
		return head + "#" + fragment
	}
	return head
}
