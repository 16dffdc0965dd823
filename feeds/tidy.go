package feeds

import (
	"fmt"
	"strings"
	"time"
)

// A header is a feed without its items, as the head of a document tells of it.
type header struct {
	Feed             // tidy; its Items are nil
	format Format    // of the document
	newest time.Time // the newest change of an item, zero for none
}

// header makes the head's part of f: clean text, times in whole seconds of UTC, nothing left open.
func (f Feed) header(format Format) (header, error) {
	h := header{Feed: f, format: format, newest: second(f.Updated())}
	for _, s := range []*string{&h.ID, &h.Title, &h.Description, &h.Home, &h.Language, &h.Author, &h.Copyright, &h.Image, &h.Hub, &h.Styles} {
		*s = line(*s)
	}
	if h.ID == "" {
		return header{}, fmt.Errorf("feed %q has no id", h.Title)
	}
	if h.Author == "" {
		h.Author = h.Title
	}
	if h.Description == "" {
		h.Description = h.Title
	}
	h.Place = Place{Under: line(f.Place.Under), Query: line(f.Place.Query)}
	h.TTL = f.MaxAge()
	h.Version = f.version()
	h.Complete = f.Complete && !f.Archive // RFC 5005, section 4: not both
	h.Deleted = tidyDeleted(f.Deleted, f.Items)
	h.Items = nil
	return h, nil
}

// tidyDeleted leaves out what is there again, and what has no id or day.
func tidyDeleted(all []Deleted, items []Item) []Deleted {
	there := make(map[string]bool, len(items))
	for _, i := range items {
		there[line(i.ID)] = true
	}
	var kept []Deleted
	for _, d := range all {
		d.ID, d.At = line(d.ID), second(d.At)
		if d.ID != "" && !there[d.ID] && !d.At.IsZero() {
			there[d.ID] = true
			kept = append(kept, d)
		}
	}
	return kept
}

// tidy returns the item with all text clean, and without the text where the feed carries summaries. Its summary is
// never empty: RSS, Atom and JSON each want some text of an item, and where there is none, the title says most.
func (i Item) tidy(s setting) Item {
	for _, s := range []*string{&i.ID, &i.Title, &i.Link, &i.Genre, &i.Language, &i.Image, &i.ImageAlt} {
		*s = line(*s)
	}
	i.Summary, i.HTML, i.Text = strings.TrimSpace(clean(i.Summary)), clean(i.HTML), strings.TrimSpace(clean(i.Text))
	if i.Summary == "" {
		i.Summary = i.Title
	}
	if i.Summary == "" {
		i.Summary = i.Link
	}
	i.Published, i.Updated = second(i.Published), second(i.changed())
	i.Authors, i.Categories = tidyPeople(i.Authors), tidyCategories(i.Categories)
	i.Enclosure = i.Enclosure.tidy()
	i.HTML = withPicture(i)
	if s.summary {
		i.HTML = ""
	}
	if i.Language == s.language {
		i.Language = "" // the head says it
	}
	return i
}

// tidy returns nil for an enclosure that is not complete: readers would show a recording that they cannot play.
func (e *Enclosure) tidy() *Enclosure {
	if e == nil {
		return nil
	}
	t := Enclosure{URL: line(e.URL), Type: line(e.Type), Size: e.Size}
	if t.URL == "" || t.Type == "" || t.Size <= 0 {
		return nil
	}
	return &t
}

func tidyPeople(all []Person) []Person {
	var kept []Person
	for _, p := range all {
		if p = (Person{Name: line(p.Name), URL: line(p.URL)}); p.Name != "" {
			kept = append(kept, p)
		}
	}
	return kept
}

func tidyCategories(all []Category) []Category {
	var kept []Category
	for _, c := range all {
		c = Category{Term: line(c.Term), Name: line(c.Name)}
		if c.Term == "" {
			c.Term = c.Name
		}
		if c.Name == "" {
			c.Name = c.Term
		}
		if c.Term != "" {
			kept = append(kept, c)
		}
	}
	return kept
}

// withPicture puts the lead picture before the text unless it stands there already: many readers ignore media:content.
func withPicture(i Item) string {
	src := escapeHTML(i.Image)
	if i.Image == "" || i.HTML == "" || strings.Contains(i.HTML, src) || strings.Contains(i.HTML, i.Image) {
		return i.HTML
	}
	return fmt.Sprintf("<p><img src=\"%s\" alt=\"%s\"></p>\n%s", src, escapeHTML(i.ImageAlt), i.HTML)
}
