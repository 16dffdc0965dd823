package articles

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"vestnik/articles/clean"
	"vestnik/db"
	"vestnik/language"
)

// ErrSlugTaken is returned when an article asks for a slug that another article has.
var ErrSlugTaken = errors.New("another article has this slug")

// A FieldError says which field of an [Input] is wrong and why. An importer that knows the file and line of the field
// puts them before it.
type FieldError struct {
	Field   string // title, standfirst, body, section, author, tag, slug, link, kind, path, correction, enclosure, enclosure_type, enclosure_length
	Problem string
}

func (e *FieldError) Error() string { return e.Field + ": " + e.Problem }

// Longest values, in characters but where bytes are said. What is longer is no title but a mistake, and an index or a
// feed reader would break on it later.
const (
	longestTitle      = 500
	longestStandfirst = 3000
	longestCorrection = 3000
	longestName       = 200
	mostAuthors       = 30
	mostTags          = 50
	longestBody       = 2 << 20 // bytes
	longestSlug       = 120     // bytes
	longestPath       = 2000    // bytes: PostgreSQL indexes no longer keys
)

// cleanInput returns in with every field but the body as it will be kept. Problems are [FieldError]s.
func cleanInput(site Site, in Input) (_ Input, err error) {
	in.Title, in.Standfirst, in.Section = clean.Line(in.Title), clean.Line(in.Standfirst), clean.Line(in.Section)
	in.ImageAlt = clean.Line(in.ImageAlt)
	in.Authors, in.Tags = cleanNames(in.Authors), cleanNames(in.Tags)
	in.Language = cleanLanguage(in.Language, site.Language)
	in.Published, in.Updated = db.Time(db.Milli(in.Published)), db.Time(db.Milli(in.Updated))
	in.Hash, in.Path = db.Text(in.Hash), db.Text(in.Path)
	if in.Kind == "" {
		in.Kind = KindArticle
	}
	if in.Kind == KindBrief {
		in.HTML = ""
	}
	if err := checkInput(in); err != nil {
		return in, err
	}
	if in.URL != "" {
		address := clean.Address(nil, in.URL)
		if address == "" {
			return in, &FieldError{"link", fmt.Sprintf("%q is no address that begins with http:// or https://; write it as https://example.org/page", in.URL)}
		}
		in.URL = address
	}
	if in.Correction, err = cleanNote(in.Correction); err != nil {
		return in, err
	}
	if in.Slug != "" {
		slug := cleanSlug(in.Slug)
		if slug == "" {
			return in, &FieldError{"slug", fmt.Sprintf("%q has no letter or digit; use words such as na-sahaline", in.Slug)}
		}
		in.Slug = slug
	}
	return in, nil
}

func checkInput(in Input) error {
	switch {
	case in.Kind != KindArticle && in.Kind != KindBrief:
		return &FieldError{"kind", fmt.Sprintf("%q is neither %s nor %s", in.Kind, KindArticle, KindBrief)}
	case in.Title == "":
		return &FieldError{"title", "it is empty, and every article needs one"}
	case len(in.HTML) > longestBody:
		return &FieldError{"body", fmt.Sprintf("%d bytes are too long; at most %d are taken", len(in.HTML), longestBody)}
	case len(in.Path) > longestPath:
		return &FieldError{"path", fmt.Sprintf("it is longer than %d bytes", longestPath)}
	case len(in.Authors) > mostAuthors:
		return &FieldError{"author", fmt.Sprintf("%d authors; at most %d are taken", len(in.Authors), mostAuthors)}
	case len(in.Tags) > mostTags:
		return &FieldError{"tag", fmt.Sprintf("%d tags; at most %d are taken", len(in.Tags), mostTags)}
	}
	for _, one := range []struct {
		field  string
		max    int
		values []string
	}{
		{"title", longestTitle, []string{in.Title}}, {"standfirst", longestStandfirst, []string{in.Standfirst}},
		{"section", longestName, []string{in.Section}}, {"author", longestName, in.Authors}, {"tag", longestName, in.Tags},
	} {
		for _, value := range one.values {
			if n := utf8.RuneCountInString(value); n > one.max {
				return &FieldError{one.field, fmt.Sprintf("%d characters are too long; at most %d are taken: %q…", n, one.max, string([]rune(value)[:40]))}
			}
		}
	}
	return nil
}

// paragraphEnd is an empty line, or several.
var paragraphEnd = regexp.MustCompile(`\n[ \t]*(?:\n[ \t]*)+`)

// cleanNote makes plain text of a correction, paragraphs parted by an empty line.
func cleanNote(note string) (string, error) {
	var paragraphs []string
	for _, p := range paragraphEnd.Split(lineEnds.Replace(clean.Text(note)), -1) {
		if p = clean.Line(p); p != "" {
			paragraphs = append(paragraphs, p)
		}
	}
	note = strings.Join(paragraphs, "\n\n")
	if n := utf8.RuneCountInString(note); n > longestCorrection {
		return "", &FieldError{"correction", fmt.Sprintf("%d characters are too long; at most %d are taken", n, longestCorrection)}
	}
	return note, nil
}

var lineEnds = strings.NewReplacer("\r\n", "\n", "\r", "\n", "\u2028", "\n", "\u2029", "\n\n")

var mediaType = regexp.MustCompile(`^[a-z0-9][a-z0-9!#$&^_.+-]{0,63}/[a-z0-9][a-z0-9!#$&^_.+-]{0,63}$`) // RFC 6838, section 4.2

// CleanEnclosure is e as [Put] keeps it: its address absolute, by base where it is relative, its type in lower case
// without parameters. Half an enclosure is refused with a [FieldError]: players show its length before they fetch it, and
// choose by its type.
func CleanEnclosure(base *url.URL, e Enclosure) (Enclosure, error) {
	kind, _, _ := strings.Cut(e.Type, ";")
	kind = strings.ToLower(strings.TrimSpace(kind))
	address := clean.Address(base, e.URL)
	switch {
	case address == "":
		return e, &FieldError{"enclosure", fmt.Sprintf("%q is no address of a file; write it as https://example.org/talk.mp3", e.URL)}
	case kind == "":
		return e, &FieldError{"enclosure", "its media type is not known; write it as enclosure_type: audio/mpeg"}
	case !mediaType.MatchString(kind):
		return e, &FieldError{"enclosure_type", fmt.Sprintf("%q is no media type; write it as audio/mpeg", e.Type)}
	case e.Length == 0:
		return e, &FieldError{"enclosure", "its length is not known; write the size of the file in bytes, as enclosure_length: 12345678"}
	case e.Length < 0:
		return e, &FieldError{"enclosure_length", fmt.Sprintf("%d is no size of a file; write it in bytes, as 12345678", e.Length)}
	}
	return Enclosure{address, kind, e.Length}, nil
}

// cleanNames drops empty and repeated names (by slug) and keeps the order.
func cleanNames(names []string) []string {
	var kept []string
	seen := map[string]bool{}
	for _, name := range names {
		name = clean.Line(name)
		if slug := labelSlug(name); name != "" && !seen[slug] {
			seen[slug] = true
			kept = append(kept, name)
		}
	}
	return kept
}

var languageTag = regexp.MustCompile(`^[a-z]{2,3}$`)

// cleanLanguage is the first part of a BCP 47 tag: a feed's "ru-RU" is the same language as a file's "ru".
func cleanLanguage(lang, fallback string) string {
	for _, candidate := range []string{lang, fallback} {
		first, _, _ := strings.Cut(strings.ReplaceAll(strings.ToLower(strings.TrimSpace(candidate)), "_", "-"), "-")
		if languageTag.MatchString(first) {
			return first
		}
	}
	return "en"
}

var goodSlug = regexp.MustCompile(`^[a-z0-9]+(?:-[a-z0-9]+)*$`)

// cleanSlug leaves a well-formed slug alone and transliterates any other.
func cleanSlug(slug string) string {
	if slug = strings.TrimSpace(slug); len(slug) <= longestSlug && goodSlug.MatchString(slug) {
		return slug
	}
	return language.Slug(clean.Line(slug))
}

// labels gives names their slugs.
func labels(names []string) []Label {
	var all []Label
	for _, name := range names {
		all = append(all, Label{labelSlug(name), name})
	}
	return all
}

// labelSlug is the slug of a section, tag or author. A name of which nothing can be transliterated still gets one,
// made of its code points.
func labelSlug(name string) string {
	if name == "" {
		return ""
	}
	if slug := language.Slug(name); slug != "" {
		return slug
	}
	var parts []string
	for _, r := range name {
		parts = append(parts, strconv.FormatInt(int64(r), 36))
	}
	return strings.Join(parts[:min(len(parts), 12)], "-")
}

// CleanText is foreign text without what none of our formats can hold: invalid UTF-8, control characters other than tab,
// LF and CR, noncharacters.
func CleanText(s string) string { return clean.Text(s) }

// PlainLine makes one line of plain text of a foreign title, name or standfirst, as [Put] does.
func PlainLine(s string) string { return clean.Line(s) }
