package manuscript

import (
	"slices"
	"strings"
	"time"

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
	"link", "language", "slug", "draft", "related", "correction", "enclosure", "enclosure_type", "enclosure_length"}

// fieldNames are the names by which a [FieldError] knows the keys.
var fieldNames = map[string]string{"title": "title", "author": "author", "authors": "author", "section": "section", "tags": "tag",
	"standfirst": "standfirst", "date": "published", "link": "link", "slug": "slug", "related": "related", "correction": "correction",
	"enclosure": "enclosure", "enclosure_type": "enclosure_type", "enclosure_length": "enclosure_length"}

// maxFront is the size of the longest front matter in bytes: the TOML parser's work grows with its square.
const maxFront = 16 << 10

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
		return frontMatter{}, Faultf(first+1, "the front matter is not closed; write a line %s below its last key", fence)
	}
	head := lines[first+1 : first+1+length]
	if len(strings.Join(head, "\n")) > maxFront {
		return frontMatter{}, Faultf(first+1, "the front matter is longer than %d KiB; put what is text below it", maxFront>>10)
	}
	f := frontMatter{body: strings.Join(lines[first+length+2:], "\n"), bodyLine: first + length + 3}
	var err error
	if fence == "+++" {
		f.fields, err = readTOML(head, first+2)
	} else {
		f.fields, err = readYAML(head, first+2)
	}
	return f, err
}

// keyName is a key as [frontKeys] spells it.
func keyName(key string) string {
	return strings.ReplaceAll(strings.ToLower(strings.Trim(strings.TrimSpace(key), `"'`)), "-", "_")
}

// checkKey returns a key's name, or says which there are.
func checkKey(key string, line int, fields map[string]frontField) (string, error) {
	name := keyName(key)
	if !slices.Contains(frontKeys, name) {
		return "", Faultf(line, "the key %s is not known; the keys are %s", Quote(strings.TrimSpace(key)), strings.Join(frontKeys, ", "))
	}
	if earlier, ok := fields[name]; ok {
		return "", Faultf(line, "the key %s stands in line %d already; leave out one of the two", name, earlier.line)
	}
	return name, nil
}

// manuscript makes the fields of an article. An empty value is as good as none.
func (f frontMatter) manuscript(zone *time.Location) (Manuscript, error) {
	m := Manuscript{Lines: map[string]int{"body": f.bodyLine}, Prose: f.prose()}
	for _, key := range frontKeys {
		field, ok := f.fields[key]
		if !ok {
			continue
		}
		m.Lines[fieldNames[key]] = field.line
		if key == "related" { // also empty: it clears the editors' list
			m.Related = field.list()
			continue
		}
		if len(field.list()) == 0 {
			continue
		}
		if err := m.set(key, field, zone); err != nil {
			return Manuscript{}, err
		}
	}
	return m, m.settleEnclosure()
}

// set takes over one field.
func (m *Manuscript) set(key string, field frontField, zone *time.Location) error {
	in := &m.Input
	switch key {
	case "author", "authors":
		in.Authors = append(in.Authors, field.list()...)
		return nil
	case "tags":
		in.Tags = field.list()
		return nil
	case "correction":
		in.Correction = strings.Join(field.values, "\n\n")
		return nil
	}
	if len(field.values) > 1 {
		return Faultf(field.line, "%s has %d values; give it one", key, len(field.values))
	}
	value := field.values[0]
	switch key {
	case "title":
		in.Title = value
	case "standfirst":
		in.Standfirst = value
	case "section":
		in.Section = value
	case "image":
		in.Image = value
	case "image_alt":
		in.ImageAlt = value
	case "link":
		in.URL = value
	case "enclosure", "enclosure_type", "enclosure_length":
		return m.setEnclosure(key, value, field.line)
	default:
		return m.setFormed(key, value, field.line, zone)
	}
	return nil
}

// setFormed takes over a field whose value has a form that articles.Put would not ask for.
func (m *Manuscript) setFormed(key, value string, line int, zone *time.Location) error {
	in := &m.Input
	switch key {
	case "date", "updated":
		t, ok := language.ParseDate(value, zone)
		if !ok {
			return Faultf(line, "%s: %s is not a date; write it as 2018-05-29, 2018-05-29 08:00 or 29 мая 2018", key, Quote(value))
		}
		if key == "date" {
			in.Published = t
		} else {
			in.Updated = t
		}
	case "language":
		base, err := bcp47.ParseBase(strings.SplitN(value, "-", 2)[0]) // articles.Put keeps no more than that
		if err != nil {
			return Faultf(line, "language: %s is not a language; write its code, as ru or en", Quote(value))
		}
		in.Language = base.String()
	case "slug":
		if good := language.Slug(value); good != value {
			return Faultf(line, "slug: %s has other characters than a-z, 0-9 and single dashes, or more than 80; write %s",
				Quote(value), orExample(good))
		}
		in.Slug = value
	case "draft":
		switch strings.ToLower(value) {
		case "true", "yes", "да":
			in.Draft = true
		case "false", "no", "нет":
		default:
			return Faultf(line, "draft: %s is neither true nor false; write one of them", Quote(value))
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

// prose are the lines of the file that people read.
func (f frontMatter) prose() (lines []Note) {
	for _, key := range []string{"title", "standfirst", "correction"} {
		if field, ok := f.fields[key]; ok {
			lines = append(lines, Note{field.line, strings.Join(field.values, " ")})
		}
	}
	for i, s := range strings.Split(f.body, "\n") {
		lines = append(lines, Note{f.bodyLine + i, s})
	}
	return lines
}
