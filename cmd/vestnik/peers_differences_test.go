//go:build peers

package main

import (
	"html"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
)

// A difference is something that readers show otherwise than the feed says, for a reason of their own. Everything that is
// not in the table must be equal in all readers, and a row that is not needed fails the test.
type difference struct {
	readers, formats string // names, parted by spaces; "" for all
	reason           string
	show             func(want, got *peerItem) // changes want to what they show, or leaves out what cannot be compared
	seen             *atomic.Bool
}

func (d difference) concerns(reader, format string) bool {
	named := func(list, name string) bool { return list == "" || slices.Contains(strings.Fields(list), name) }
	return named(d.readers, reader) && named(d.formats, format)
}

func row(readers, formats, reason string, show func(want, got *peerItem)) difference {
	return difference{readers, formats, reason, show, new(atomic.Bool)}
}

var differences = []difference{
	// What a format does not say.
	row("gofeed rss-parser sfeed feedparser-npm", "atom", "it shows the time of the update where that of publication is not known", func(want, _ *peerItem) {
		if want.Published == "" {
			want.Published = want.Updated
		}
	}),
	row("newsboat rss2email", "", "it shows the time of the poll where that of publication is not known", func(want, got *peerItem) {
		if want.Published == "" {
			got.Published = ""
		}
	}),
	row("", "rss", "RSS has no time of an update; some readers show that of publication", func(want, got *peerItem) {
		want.Updated, got.Updated = "", ""
	}),
	row("", "rss", "a description is HTML, so its text is escaped once more", func(_, got *peerItem) {
		got.Summary = html.UnescapeString(got.Summary)
	}),
	row("feedparser-npm rss2email sfeed rsstail newsboat rss-parser gofeed", "", "an item without an author is by the feed's (RFC 4287, 4.2.1)", func(want, got *peerItem) {
		if len(want.Authors) == 0 {
			got.Authors = nil
		}
	}),
	row("feedparser-npm newsboat rss2email rsstail sfeed gofeed", "", "it shows the summary where there is no whole text", func(want, got *peerItem) {
		if want.HTML == "" && got.HTML != "" {
			want.HTML = canonicalHTML(html.EscapeString(want.Summary))
		}
	}),

	// What a reader does not keep.
	row("rsstail", "rss", "it knows no content:encoded", func(want, _ *peerItem) {
		want.HTML = canonicalHTML(html.EscapeString(want.Summary))
	}),
	row("rsstail", "rss", "it knows no dc:creator", func(want, _ *peerItem) {
		want.Authors = nil
	}),
	row("newsboat rss2email sfeed rsstail", "", "it keeps one text of an item, the whole one", func(want, _ *peerItem) {
		want.Summary = ""
	}),
	row("newsboat rss2email sfeed rsstail rss-parser", "atom", "it keeps one date", func(want, _ *peerItem) {
		want.Updated = ""
	}),
	row("newsboat rsstail", "", "it keeps no categories", func(want, _ *peerItem) {
		want.Categories = nil
	}),
	row("rss-parser", "atom", "it drops the categories of Atom", func(want, _ *peerItem) {
		want.Categories = nil
	}),
	row("newsboat", "", "it does not keep the size of an enclosure", func(want, _ *peerItem) {
		for _, e := range want.Enclosures { // there is at most one
			want.Enclosures = []peerEnclosure{{URL: e.URL, Type: e.Type}}
		}
	}),
	row("rss2email sfeed", "", "it keeps neither type nor size of an enclosure", func(want, _ *peerItem) {
		for _, e := range want.Enclosures {
			want.Enclosures = []peerEnclosure{{URL: e.URL}}
		}
	}),
	row("rsstail", "", "it knows no enclosures", func(want, _ *peerItem) {
		want.Enclosures = nil
	}),
	row("rss-parser", "atom", "it knows no enclosures of Atom", func(want, _ *peerItem) {
		want.Enclosures = nil
	}),
	row("rsstail", "", "it prints no ids", func(want, _ *peerItem) {
		want.ID = ""
	}),
	row("gofeed rss-parser feedparser-npm sfeed rss2email", "rss", "it keeps the first author", firstAuthor),
	row("rss-parser rsstail sfeed", "atom", "it keeps the first author", firstAuthor),
	row("newsboat", "rss", "it keeps the last author", lastAuthor),
	row("rss2email", "atom", "it keeps the last author", lastAuthor),
	row("feedparser-npm", "atom", "it names the feed's author where an entry has several", func(want, got *peerItem) {
		if len(want.Authors) > 1 {
			want.Authors = got.Authors
		}
	}),

	// What a reader writes in its own way.
	row("feedparser-npm rss2email sfeed", "atom", "it shows the terms of categories, not their labels", func(want, _ *peerItem) {
		want.Categories = want.Terms
	}),
	row("newsboat", "atom", "it joins authors by commas", func(want, _ *peerItem) {
		if len(want.Authors) > 0 {
			want.Authors = []string{strings.Join(want.Authors, ", ")}
		}
	}),
	row("rss2email", "", "it joins categories by commas", func(want, got *peerItem) {
		if len(want.Categories) > 0 {
			want.Categories, got.Categories = []string{strings.Join(want.Categories, ",")}, []string{strings.Join(got.Categories, ",")}
		}
	}),
	row("sfeed", "rss", "it parts categories by strokes, also one that has a stroke inside", func(want, got *peerItem) {
		if len(want.Categories) > 0 {
			strokes := func(list []string) []string {
				return []string{strings.ReplaceAll(strings.Join(list, "|"), " | ", "|")}
			}
			want.Categories, got.Categories = strokes(want.Categories), strokes(got.Categories)
		}
	}),
	row("feedparser-npm", "rss", "it takes the lead picture's media:content for an enclosure", func(_, got *peerItem) {
		if got.Enclosures = slices.DeleteFunc(got.Enclosures, func(e peerEnclosure) bool { return e.Length == 0 }); len(got.Enclosures) == 0 {
			got.Enclosures = nil
		}
	}),
	row("rsstail", "atom", "it prints the time of the update as that of publication", func(want, got *peerItem) {
		want.Published = got.Published
	}),
	row("feedparser-npm", "", "it takes what looks like a tag out of a title", func(want, _ *peerItem) {
		want.Title = titleTags.ReplaceAllString(want.Title, "")
	}),
	row("rss2email", "", "it leaves out what feedparser's list of safe attributes does not know", func(want, _ *peerItem) {
		want.HTML = newAttributes.ReplaceAllString(want.HTML, "")
	}),
	row("rss2email", "rss", "it takes a title with what looks like a tag or an entity for HTML, as feedparser guesses", func(want, got *peerItem) {
		if titleTags.MatchString(want.Title) || strings.Contains(want.Title, "&amp;") {
			want.Title = got.Title
		}
	}),
}

var newAttributes = regexp.MustCompile(` (?:loading|srcset|sizes)="[^"]*"`)

var titleTags = regexp.MustCompile(`<[a-z!/][^>]*>`)

func firstAuthor(want, _ *peerItem) {
	want.Authors = want.Authors[:min(1, len(want.Authors))]
}

func lastAuthor(want, _ *peerItem) {
	want.Authors = want.Authors[max(0, len(want.Authors)-1):]
}
