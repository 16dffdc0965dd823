package web

import (
	"context"
	"html"
	"strings"
	"time"

	"vestnik/articles"
	"vestnik/feeds"
	"vestnik/language"
	"vestnik/templates"
)

// loadItems makes the outlines whole. What is no longer published is left out.
func (s *Server) loadItems(ctx context.Context, bare []feeds.Item) ([]feeds.Item, error) {
	ids := make([]int64, len(bare))
	for i, b := range bare {
		ids[i] = b.Key
	}
	found, err := articles.ByIDs(ctx, s.DB, ids)
	if err != nil {
		return nil, err
	}
	items := make([]feeds.Item, 0, len(found))
	for _, a := range found {
		if a.State == articles.Published {
			items = append(items, s.feedItem(a))
		}
	}
	return items, nil
}

func (s *Server) feedItem(a articles.Article) feeds.Item {
	i := feeds.Item{
		ID: a.GUID, Key: a.ID, Title: a.Title, Link: a.Link(s.Articles), Summary: excerpt(a), HTML: a.HTML, Text: a.Text, Genre: genre(a),
		Language: a.Language, Published: a.Published, Updated: updatedAt(a.Updated, a.Moment), Image: a.Image, ImageAlt: a.ImageAlt, Change: a.Change,
	}
	if e := a.Enclosure; e != nil {
		i.Enclosure = &feeds.Enclosure{URL: e.URL, Type: e.Type, Size: e.Length}
	}
	for _, l := range a.Authors {
		i.Authors = append(i.Authors, feeds.Person{Name: l.Name, URL: s.Site.URL + "/authors/" + l.Slug})
	}
	labels := a.Tags
	if a.Section.Slug != "" {
		labels = append([]articles.Label{a.Section}, labels...)
	}
	for _, l := range labels {
		i.Categories = append(i.Categories, feeds.Category{Term: l.Slug, Name: l.Name})
	}
	s.correct(&i, a)
	return i
}

func updatedAt(updated, moment time.Time) time.Time {
	if updated.IsZero() {
		return moment
	}
	return updated
}

// correct adds the note of what was corrected to everything that a reader may show of the item.
func (s *Server) correct(i *feeds.Item, a articles.Article) {
	if a.Correction == "" {
		return
	}
	paragraphs := strings.Split(a.Correction, "\n\n")
	paragraphs[0] = templates.Text(a.Language, "feed_correction", language.Date(a.Language, a.Corrected.In(s.Site.Location)), paragraphs[0])
	note := strings.Join(paragraphs, "\n\n")
	i.Summary = strings.TrimSpace(note + "\n\n" + i.Summary) // first, as on the page: readers show a summary as one paragraph
	if i.Text != "" {
		i.Text += "\n\n" + note
	}
	if i.HTML == "" {
		return // a headline alone: the summary says it
	}
	for _, p := range paragraphs {
		i.HTML += "\n<p><em>" + html.EscapeString(p) + "</em></p>"
	}
}

// excerpt is the standfirst, else the beginning of the text, in whole words.
func excerpt(a articles.Article) string {
	if a.Standfirst != "" {
		return a.Standfirst
	}
	first, _, _ := strings.Cut(a.Text, "\n\n")
	if runes := []rune(first); len(runes) > 300 {
		first = string(runes[:300])
		if space := strings.LastIndexByte(first, ' '); space > 0 {
			first = first[:space]
		}
		first += "…"
	}
	return first
}
