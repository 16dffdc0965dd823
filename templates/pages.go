package templates

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"vestnik/language"
)

// local returns p with all its times in the site's zone. It copies what it changes: the lists may be shared with other
// requests.
func local(p Page) Page {
	loc := p.Site.Location
	p.Now = in(loc, p.Now)
	p.List, p.Related = localList(loc, p.List), localList(loc, p.Related)
	p.MostRead, p.Latest = localList(loc, p.MostRead), localList(loc, p.Latest)
	p.Search = localSearch(loc, p.Search)
	if p.Article != nil {
		a := *p.Article
		a.Date, a.Updated, a.Corrected = in(loc, a.Date), in(loc, a.Updated), in(loc, a.Corrected)
		p.Article = &a
	}
	if p.Catalogue != nil {
		p.Catalogue = &FeedCatalogue{OPML: p.Catalogue.OPML, Groups: localGroups(loc, p.Catalogue.Groups)}
	}
	if p.Edition != nil {
		p.Edition = new(localEdition(p.Site, *p.Edition))
	}
	if p.Mailbox != nil {
		letters := slices.Clone(p.Mailbox.Letters)
		for i := range letters {
			letters[i].At = in(loc, letters[i].At)
		}
		p.Mailbox = &Mailbox{Letters: letters, Total: p.Mailbox.Total, To: p.Mailbox.To}
	}
	if p.Letter != nil {
		l := *p.Letter
		l.At = in(loc, l.At)
		p.Letter = &l
	}
	return p
}

// localEdition shows the stories' dates in the site's zone: a bare date is midnight there, and would be the day before in
// another. The slot stays in the digest's own. An edition is kept with its reads; whether they are told is the site's to say.
func localEdition(site Site, e EditionView) EditionView {
	loc := site.Location
	e.mark = e.Mark()
	e.Items = slices.Clone(e.Items)
	for i := range e.Items {
		if site.HideReads {
			e.Items[i].Reads = 0
		}
		e.Items[i].Date = in(loc, e.Items[i].Date)
		e.Items[i].Related = localList(loc, e.Items[i].Related)
	}
	e.Related = localList(loc, e.Related)
	return e
}

func localList(loc *time.Location, list []Headline) []Headline {
	list = slices.Clone(list)
	for i := range list {
		list[i].Date = in(loc, list[i].Date)
	}
	return list
}

func localGroups(loc *time.Location, groups []FeedGroup) []FeedGroup {
	groups = slices.Clone(groups)
	for i := range groups {
		groups[i].Feeds = slices.Clone(groups[i].Feeds)
		for j := range groups[i].Feeds {
			groups[i].Feeds[j].Updated = in(loc, groups[i].Feeds[j].Updated)
		}
	}
	return groups
}

// in moves t to the zone; a zero time stays zero, and without a zone all stay.
func in(loc *time.Location, t time.Time) time.Time {
	if loc == nil || t.IsZero() {
		return t
	}
	return t.In(loc)
}

// Lead is the front page's first story, none when there are no stories.
func (p Page) Lead() []Headline { return p.List[:min(1, len(p.List))] }

// Seconds are the up to four stories beside and below the lead.
func (p Page) Seconds() []Headline { return p.List[min(1, len(p.List)):min(5, len(p.List))] }

// Rest are the stories that the front page lists in brief.
func (p Page) Rest() []Headline { return p.List[min(5, len(p.List)):] }

// Heads is the page's name for the browser's tab.
func (p Page) Heads() string {
	if p.Title == "" || p.Title == p.Site.Title {
		return p.Site.Title
	}
	return p.Title + " — " + p.Site.Title
}

// ListKind is what a list is a list of, where its heading alone would not say it: a tag or an author.
func (p Page) ListKind() string {
	for under, key := range map[string]string{"/tags/": "list_tag", "/authors/": "list_author"} {
		if strings.HasPrefix(p.Canonical, p.Site.URL+under) {
			return Text(p.Language, key)
		}
	}
	return ""
}

// Offered tells whether the digest of that name can be joined.
func (p Page) Offered(digest string) bool {
	return slices.ContainsFunc(p.Digests, func(l Link) bool { return l.Name() == digest })
}

// Name is the last part of the address: of a digest's page, its name.
func (l Link) Name() string { return l.URL[strings.LastIndexByte(l.URL, '/')+1:] }

// JoinWording is what the form that joins says beside its button, a line for each sentence: the words that are agreed to.
func JoinWording(lang, title string) string {
	return strings.Join([]string{title, Text(lang, "join_heading"), Text(lang, "join"), Text(lang, "join_note")}, "\n")
}

// ConfirmWording is the same for the page that a confirmation letter leads to.
func ConfirmWording(lang, title string) string {
	return strings.Join([]string{Text(lang, "confirm_heading"), Text(lang, "confirm_text", title), Text(lang, "confirm_button")}, "\n")
}

// NotMeWording is the same for the page of who did not ask for the letter.
func NotMeWording(lang, title string) string {
	return strings.Join([]string{Text(lang, "not_me_heading"), Text(lang, "not_me_text", title), Text(lang, "not_me_button")}, "\n")
}

// JoinPage is the address of the page of the digest that a form is about, "" where it is not offered.
func (p Page) JoinPage() string {
	for _, d := range p.Digests {
		if p.Form != nil && d.Title == p.Form.Digest {
			return d.URL
		}
	}
	return ""
}

// Wants tells whether any digest is chosen, or waits for its confirmation.
func (p Preferences) Wants() bool {
	return slices.ContainsFunc(p.Groups, func(g DigestGroup) bool {
		return g.Chosen || g.Pending || slices.ContainsFunc(g.Rhythms, func(r Rhythm) bool { return r.Name != "" && (r.Chosen || r.Pending) })
	})
}

// Only are the sections chosen, by their titles; "" for all.
func (g DigestGroup) Only() string {
	var titles []string
	for _, c := range g.Sections {
		if c.Chosen {
			titles = append(titles, c.Title)
		}
	}
	return strings.Join(titles, ", ")
}

// Wording is what stands beside the button that saves: the words that are agreed to.
func (p Preferences) Wording(lang string) string {
	lines := []string{Text(lang, "preferences_heading"), Text(lang, "preferences_digests")}
	for _, g := range p.Groups {
		lines = append(lines, strings.TrimSpace(g.Title+" "+g.Note))
		for _, r := range g.Rhythms {
			lines = append(lines, "- "+strings.TrimSpace(r.words(lang)+" "+r.Note))
		}
	}
	return strings.Join(append(lines, Text(lang, "preferences_none"), Text(lang, "preferences_button")), "\n")
}

// words are those of the choice on the page.
func (r Rhythm) words(lang string) string {
	switch {
	case r.Name == "":
		return Text(lang, "rhythm_none")
	case r.Name == "=":
		return Text(lang, "rhythm_both", r.Title)
	case r.Title == "":
		return Text(lang, "rhythm_each")
	}
	return r.Title
}

// WordingOf is what stands beside a button: the texts of these keys, with the values that they take.
func WordingOf(lang string, keys []string, values ...any) string {
	var lines []string
	for _, key := range keys {
		lines = append(lines, Text(lang, key, values...))
	}
	return strings.Join(lines, "\n")
}

// A Span of time is a part of a long list of editions.
type Span struct {
	Start    time.Time // in the zone of the editions
	Year     bool      // it is a year; else a month
	Editions []Headline
}

// few editions need no headings.
const fewEditions = 12

// Spans parts the past editions by months where there are many, or by years where a month has but one or two; those of a single page and of
// no number worth parting are one Span without a Start.
func (d DigestAbout) Spans() (spans []Span) {
	if len(d.Editions) == 0 {
		return nil
	}
	months := map[string]bool{}
	for _, e := range d.Editions {
		months[e.Date.Format("2006-01")] = true
	}
	layout := "2006-01"
	switch {
	case len(d.Editions) <= fewEditions && d.Older == "" && !d.Paged:
		return []Span{{Editions: d.Editions}}
	case len(months) > 3 && len(d.Editions) < 3*len(months):
		layout = "2006"
	}
	for _, e := range d.Editions {
		if n := len(spans); n == 0 || spans[n-1].Start.Format(layout) != e.Date.Format(layout) {
			spans = append(spans, Span{Start: e.Date, Year: layout == "2006"})
		}
		last := &spans[len(spans)-1]
		last.Editions = append(last.Editions, e)
	}
	return spans
}

// HasShelves tells whether there is any digest to list.
func (p Page) HasShelves() bool {
	return p.Shelves != nil && len(p.Shelves.Current)+len(p.Shelves.Ended) > 0
}

// Short is enough of the hash for people to compare.
func (f EditionFrame) Short() string { return short(f.Hash) }

// Headline is an edition's subject without the title of the digest, on whose own page it stands.
func (d DigestAbout) Headline(edition Headline) string {
	if short, ok := strings.CutPrefix(edition.Title, d.Title+": "); ok && short != "" {
		return short
	}
	return edition.Title
}

// Ranked tells whether something is in the list of the most read because it was read.
func (p Page) Ranked() bool {
	return slices.ContainsFunc(p.MostRead, func(h Headline) bool { return !h.Pinned })
}

// Choice is the list of the most read where nothing of it was read enough: the editors' alone, to stand under that name.
func (p Page) Choice() []Headline {
	if p.Ranked() {
		return nil
	}
	list := slices.Clone(p.MostRead)
	for i := range list {
		list[i].Pinned = false // the heading says it for all
	}
	return list
}

// MostReadHeading is what the box may truly be called.
func (p Page) MostReadHeading() string {
	heading := Text(p.Language, "most_read")
	switch {
	case !p.Ranked():
		heading = Text(p.Language, "editors_choice")
	case p.ReadNow:
		heading = Text(p.Language, "read_now")
	}
	if p.MostReadOf.Title != "" {
		heading += ": " + p.MostReadOf.Title
	}
	return heading
}

// WindowLinks are the tabs of the most-read page.
func (p Page) WindowLinks() []Link {
	if len(p.Windows) > 0 {
		return p.Windows
	}
	return []Link{
		{Title: "24h", URL: "/most-read?window=24h"},
		{Title: "7d", URL: "/most-read?window=7d"},
		{Title: "30d", URL: "/most-read?window=30d"},
	}
}

// WindowName words a window of the most-read page; a title that is no window stays as it is.
func (p Page) WindowName(title string) string {
	return wordOr(p.Language, "window_"+title, title)
}

// FeedGroups are the groups of the catalogue that have feeds.
func (p Page) FeedGroups() (some []FeedGroup) {
	if p.Catalogue == nil {
		return nil
	}
	for _, g := range p.Catalogue.Groups {
		if len(g.Feeds) > 0 {
			some = append(some, g)
		}
	}
	return some
}

// Many tells whether there may be hundreds of the kind, so that each gets a line and no preview.
func (g FeedGroup) Many() bool { return g.Kind == "authors" || g.Kind == "tags" }

// Short tells whether the lines of a group are few enough to stand open.
func (g FeedGroup) Short() bool { return len(g.Feeds) <= 12 }

// Changed tells whether the article shows when it was last changed.
func (a Article) Changed() bool { return !a.Updated.IsZero() && !a.Updated.Equal(a.Date) }

// NewsArticle is the article for search engines (schema.org), a data block and no program, so that the policy against inline
// scripts lets it be (HTML, section 4.12.1.1: a data block is not prepared as a script).
func (p Page) NewsArticle() map[string]any {
	a := p.Article
	out := map[string]any{
		"@context": "https://schema.org", "@type": "NewsArticle", "headline": a.Title, "inLanguage": a.Language,
		"publisher": p.Site.organization(),
	}
	var authors []map[string]any
	for _, l := range a.Authors {
		authors = append(authors, map[string]any{"@type": "Person", "name": l.Title})
	}
	if authors != nil {
		out["author"] = authors
	}
	for key, value := range map[string]string{
		"mainEntityOfPage": p.Canonical, "description": a.Standfirst, "image": a.Image, "articleSection": a.Section.Title,
	} {
		if value != "" {
			out[key] = value
		}
	}
	if !a.Date.IsZero() {
		out["datePublished"] = a.Date.Format(time.RFC3339)
	}
	if a.Changed() {
		out["dateModified"] = a.Updated.Format(time.RFC3339)
	}
	if len(a.Correction) > 0 {
		out["correction"] = a.comment()
	}
	return out
}

// organization is the publication for search engines.
func (s Site) organization() map[string]any {
	out := map[string]any{"@type": "NewsMediaOrganization", "name": s.Title, "url": s.URL}
	for key, value := range map[string]string{"legalName": s.Imprint.Publisher, "address": s.Imprint.Address, "email": s.Imprint.Email} {
		if value != "" {
			out[key] = value
		}
	}
	return out
}

// comment is the note of a correction for search engines.
func (a Article) comment() map[string]any {
	out := map[string]any{"@type": "CorrectionComment", "text": strings.Join(a.Correction, "\n\n")}
	if !a.Corrected.IsZero() {
		out["datePublished"] = a.Corrected.Format(time.RFC3339)
	}
	return out
}

// errorText words an error page where the caller did not; an unknown status reads as 500.
func (p Page) errorText(part string) string {
	s, err := phrase(p.Language, fmt.Sprintf("error_%d_%s", p.Status, part))
	if err != nil {
		return Text(p.Language, "error_500_"+part)
	}
	return s
}

// MessageHeading is Heading, or the words for Status.
func (p Page) MessageHeading() string {
	if p.Heading != "" || p.Status == 0 {
		return p.Heading
	}
	return p.errorText("heading")
}

// MessageText is Message, or the words for Status.
func (p Page) MessageText() string {
	if p.Message != "" || p.Status == 0 || p.Heading != "" {
		return p.Message
	}
	return p.errorText("text")
}

// Letters are those of the mailbox, none when there is no mailbox.
func (p Page) Letters() []MailboxLetter {
	if p.Mailbox == nil {
		return nil
	}
	return p.Mailbox.Letters
}

// Total is how many letters the mailbox holds, at least those listed.
func (p Page) Total() int {
	if p.Mailbox == nil {
		return 0
	}
	return max(p.Mailbox.Total, len(p.Mailbox.Letters))
}

// Recipient is the one whose letters alone are listed, "" for all.
func (p Page) Recipient() string {
	if p.Mailbox == nil {
		return ""
	}
	return p.Mailbox.To
}

// MailboxURL is the address of the list as it is narrowed.
func (p Page) MailboxURL() string {
	if to := p.Recipient(); to != "" {
		return "/demo/mailbox?to=" + url.QueryEscape(to)
	}
	return "/demo/mailbox"
}

// Open tells whether the letter is the one being read.
func (p Page) Open(id int) bool { return p.Letter != nil && p.Letter.ID == id }

// Stamp is a letter's time as a mail client lists it: the hour today, else the date.
func (p Page) Stamp(at time.Time) string {
	if !p.Now.IsZero() && p.Now.Format(time.DateOnly) == at.Format(time.DateOnly) {
		return at.Format("15:04")
	}
	return language.Date(p.Language, at)
}

// Sender is the name of the one who wrote, as a mail client lists it; the address where there is no name.
func (l MailboxLetter) Sender() string {
	name, _, _ := strings.Cut(l.From, "<")
	if name = strings.Trim(name, ` "`); name != "" {
		return name
	}
	return l.From
}

// Lead is the edition's opening sentence in the language: how many stories, read most in which time.
func (e EditionView) Lead(lang string) string { return preheader(spoken(lang), e) }
