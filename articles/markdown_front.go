package articles

import (
	"net/url"
	"slices"
	"strings"

	bcp47 "golang.org/x/text/language"

	"vestnik/language"
)

// frontMatter is a Markdown file in its two parts.
type frontMatter struct {
	fields   map[string]frontField
	body     string
	bodyLine int // where the body begins
}

// A frontField is one key's value: one string, or several in a list.
type frontField struct {
	line   int
	values []string
	exact  bool // in quotes or in a list: commas part nothing
}

// frontKeys are the keys that front matter may have.
var frontKeys = []string{"title", "author", "authors", "date", "updated", "section", "tags", "standfirst", "image", "image_alt",
	"link", "language", "slug", "draft", "related"}

// fieldNames are the names by which a [FieldError] knows the keys.
var fieldNames = map[string]string{"title": "title", "author": "author", "authors": "author", "section": "section", "tags": "tag",
	"standfirst": "standfirst", "link": "link", "slug": "slug", "related": "related"}

// splitFront parts a file at the lines "---" (simple YAML) or "+++" (TOML). One without them is all body.
func splitFront(source string) (frontMatter, error) {
	lines := strings.Split(source, "\n")
	first := 0
	for first < len(lines)-1 && strings.TrimSpace(lines[first]) == "" {
		first++
	}
	fence := strings.TrimRight(lines[first], " \t")
	if fence != "---" && fence != "+++" {
		return frontMatter{body: source, bodyLine: 1}, nil
	}
	length := slices.IndexFunc(lines[first+1:], func(l string) bool { return strings.TrimRight(l, " \t") == fence })
	if length < 0 {
		return frontMatter{}, bad(first+1, "the front matter is not closed; write a line %s below its last key", fence)
	}
	head := lines[first+1 : first+1+length]
	f := frontMatter{body: strings.Join(lines[first+length+2:], "\n"), bodyLine: first + length + 3}
	var err error
	if fence == "+++" {
		f.fields, err = readTOML(head, first+2)
	} else {
		f.fields, err = readYAML(head, first+2)
	}
	return f, err
}

// checkKey returns a key as it is spelt in [frontKeys], or says which there are.
func checkKey(key string, line int, fields map[string]frontField) (string, error) {
	name := strings.ReplaceAll(strings.ToLower(strings.Trim(strings.TrimSpace(key), `"'`)), "-", "_")
	if !slices.Contains(frontKeys, name) {
		return "", bad(line, "the key %s is not known; the keys are %s", quote(strings.TrimSpace(key)), strings.Join(frontKeys, ", "))
	}
	if earlier, ok := fields[name]; ok {
		return "", bad(line, "the key %s stands in line %d already; leave out one of the two", name, earlier.line)
	}
	return name, nil
}

// document makes the fields of an article. An empty value is as good as none.
func (f frontMatter) document(site Site) (document, error) {
	doc := document{lines: map[string]int{"body": f.bodyLine}}
	for _, key := range frontKeys {
		field, ok := f.fields[key]
		if !ok {
			continue
		}
		doc.lines[fieldNames[key]] = field.line
		if key == "related" { // also empty: it clears the editors' list
			doc.related = field.list()
			continue
		}
		if len(field.list()) == 0 {
			continue
		}
		if err := doc.set(key, field, site); err != nil {
			return document{}, err
		}
	}
	return doc, nil
}

// set takes over one field.
func (d *document) set(key string, field frontField, site Site) (err error) {
	switch key {
	case "author", "authors":
		for _, name := range field.list() {
			if !slices.Contains(d.in.Authors, name) {
				d.in.Authors = append(d.in.Authors, name)
			}
		}
		return nil
	case "tags":
		d.in.Tags = field.list()
		return nil
	}
	if len(field.values) > 1 {
		return bad(field.line, "%s has %d values; give it one", key, len(field.values))
	}
	value := field.values[0]
	switch key {
	case "title":
		d.in.Title = value
	case "standfirst":
		d.in.Standfirst = value
	case "section":
		d.in.Section = value
	case "image":
		d.in.Image = value
	case "image_alt":
		d.in.ImageAlt = value
	default:
		return d.setChecked(key, value, field.line, site)
	}
	return nil
}

// setChecked takes over a field whose value has a form.
func (d *document) setChecked(key, value string, line int, site Site) error {
	switch key {
	case "date", "updated":
		t, ok := language.ParseDate(value, site.Location)
		if !ok {
			return bad(line, "%s: %s is not a date; write it as 2018-05-29, 2018-05-29 08:00 or 29 мая 2018", key, quote(value))
		}
		if key == "date" {
			d.in.Published = t
		} else {
			d.in.Updated = t
		}
	case "link":
		u, err := url.Parse(value)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
			return bad(line, "link: %s is not a whole web address; write it as https://example.org/page", quote(value))
		}
		d.in.URL = value
	case "language":
		base, err := bcp47.ParseBase(strings.SplitN(value, "-", 2)[0]) // Put keeps no more than that
		if err != nil {
			return bad(line, "language: %s is not a language; write its code, as ru or en", quote(value))
		}
		d.in.Language = base.String()
	case "slug":
		if good := language.Slug(value); good != value {
			return bad(line, "slug: %s has other characters than a-z, 0-9 and single dashes, or more than 80; write %s",
				quote(value), orExample(good))
		}
		d.in.Slug = value
	case "draft":
		switch strings.ToLower(value) {
		case "true", "yes", "да":
			d.in.Draft = true
		case "false", "no", "нет":
		default:
			return bad(line, "draft: %s is neither true nor false; write one of them", quote(value))
		}
	}
	return nil
}

func orExample(slug string) string {
	if slug == "" {
		return "one, as kinoklaster"
	}
	return slug
}

// list is the field as a list: a value that is not in quotes is parted at its commas.
func (f frontField) list() []string {
	values := f.values
	if !f.exact && len(values) == 1 {
		values = strings.Split(values[0], ",")
	}
	var out []string
	for _, v := range values {
		if v = strings.TrimSpace(v); v != "" {
			out = append(out, v)
		}
	}
	return out
}
