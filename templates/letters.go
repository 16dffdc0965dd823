package templates

import (
	"bytes"
	"fmt"
	html "html/template"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// lettered is what the digest's templates see: the letter with addresses that say where a visit comes from, and the edition as it is
// laid out.
type lettered struct {
	DigestLetter
	Subject   string
	Preheader string
	Parts     []LaidPart
	More      int         // stories that the letter has no room for; the edition's page has them
	Story     *LetterRead // the article that the edition brings, nil for a list
}

// A LetterRead is one article in its letter.
type LetterRead struct {
	LaidItem
	Authors string
	Body    html.HTML // "" for none
	Plain   string    // the same as text
	Cut     bool      // the letter has less than the article
}

// maxLetter is the most that a letter's HTML may have, in bytes before and after its transfer encoding: Gmail clips at some 102 kB.
const maxLetter = 90_000

// DigestLetter renders an edition in the letter's language. The letter opens with its preheader as a visible sentence, for
// hidden text is a mark of spam. Its links to stories carry utm parameters, those to the subscriber's own pages do not.
// Its HTML has at most 90,000 bytes, also in its transfer encoding: see fit for what gives way.
func (s *Set) DigestLetter(v DigestLetter) (Letter, error) {
	v.Language = spoken(v.Language)
	subject := v.Edition.Subject
	if subject == "" {
		subject = SubjectLine("", v.Language, v.Edition)
	}
	data := lettered{DigestLetter: v, Subject: oneLine(subject), Preheader: opens(v.Language, v.Edition)}
	data.Edition.mark = short(v.Hash)
	data.Edition = tagged(localEdition(v.Site, data.Edition))
	letter, err := s.fit(data)
	if err != nil {
		return Letter{}, err
	}
	for ext, part := range map[string]string{"html": letter.HTML, "txt": letter.Text} {
		if v.Leave != "" && !strings.Contains(part, v.Leave) && !strings.Contains(part, html.HTMLEscapeString(v.Leave)) {
			return Letter{}, fmt.Errorf("letter digest.%s: it has no link to unsubscribe; put {{.Leave}} where readers see it, as the template that comes with Vestnik does", ext)
		}
	}
	return letter, nil
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
	w := s.wordsOf(lang)
	if err := w.letters[name+".html"].Execute(&h, data); err != nil {
		return Letter{}, fmt.Errorf("letter %s.html: %w", name, err)
	}
	if err := w.texts[name+".txt"].Execute(&t, data); err != nil {
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

// opens is the sentence that a letter opens with, and that lists of letters show beside the subject: the first of the editor's note, or
// of what an article is about; else what the edition is.
func opens(lang string, e EditionView) string {
	own := firstSentence(e.Note)
	if own == "" && e.Article != nil && len(e.Items) > 0 {
		own = firstSentence(e.Items[0].Standfirst)
	}
	if own == "" || strings.Contains(e.Subject, strings.TrimRight(own, ".!?…")) {
		return preheader(lang, e)
	}
	if !strings.ContainsAny(own[len(own)-1:], ".!?") && !strings.HasSuffix(own, "…") && !strings.HasSuffix(own, "»") {
		own += "."
	}
	return own
}

// preheader is one true sentence about the edition: stories that are in it for another reason were not "read most".
func preheader(lang string, e EditionView) string {
	window := e.Until.Sub(e.From)
	within, until := span(lang, window), datetime(lang, e.Slot)
	key, n := "lead_reads", len(e.because(func(i Item) bool { return i.Reason == ReasonReads }))
	if e.Article != nil && e.Article.Minutes > 0 {
		return capital(Text(lang, "lead_article", e.Article.Minutes))
	}
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
	for i := range e.Items {
		e.Items[i].Story = taggedList(e.Items[i].Story, mark)
	}
	e.Related = taggedList(e.Related, mark)
	if e.Article != nil {
		one := *e.Article
		site, _, _ := strings.Cut(e.URL, "/digests/")
		one.HTML = taggedHTML(one.HTML, site, mark)
		e.Article = &one
	}
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
