package articles

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/BurntSushi/toml"
)

// keyReader reads the simple YAML of front matter: "key: value", lists as [a, b] or as lines "- a", quotes, text
// folded under ">" or "|", and comments on lines of their own. A "#" or ": " inside a value is a part of it.
type keyReader struct {
	lines  []string
	first  int // number of the first line in the file
	i      int
	fields map[string]frontField
}

func readYAML(lines []string, first int) (map[string]frontField, error) {
	r := keyReader{lines: lines, first: first, fields: map[string]frontField{}}
	for r.i < len(lines) {
		s := strings.TrimSpace(lines[r.i])
		if s == "" || s[0] == '#' {
			r.i++
			continue
		}
		if err := r.key(); err != nil {
			return nil, err
		}
	}
	return r.fields, nil
}

// key reads one key with all lines of its value.
func (r *keyReader) key() error {
	line := r.first + r.i
	key, rest, ok := strings.Cut(r.lines[r.i], ":")
	if !ok || isIndented(key) || strings.HasPrefix(key, "- ") {
		return bad(line, "%s belongs to no key; write “key: value” from the beginning of the line",
			quote(strings.TrimSpace(r.lines[r.i])))
	}
	name, err := checkKey(key, line, r.fields)
	if err != nil {
		return err
	}
	r.i++
	field := frontField{line: line}
	rest = strings.TrimSpace(rest)
	switch {
	case rest == "":
		field.values, field.exact = r.items(), true
		if len(field.values) == 0 {
			field.values, field.exact = []string{r.indented("")}, false
		}
	case strings.HasPrefix(rest, "["):
		if field.values, err = r.flow(rest, line); err != nil {
			return err
		}
		field.exact = true
	case rest == ">", rest == "|", rest == ">-", rest == "|-", rest == ">+", rest == "|+":
		field.values, field.exact = []string{r.indented("")}, true
	default:
		value, quoted := unquote(r.indented(rest))
		field.values, field.exact = []string{value}, quoted
	}
	r.fields[name] = field
	return nil
}

func isIndented(s string) bool { return s != "" && (s[0] == ' ' || s[0] == '\t') }

// items reads the lines "- a" below a key.
func (r *keyReader) items() (values []string) {
	for ; r.i < len(r.lines); r.i++ {
		s := strings.TrimSpace(r.lines[r.i])
		item, ok := strings.CutPrefix(s, "-")
		switch {
		case s == "" || s[0] == '#':
		case ok && (item == "" || isIndented(item)):
			value, _ := unquote(strings.TrimSpace(item))
			values = append(values, value)
		default:
			return values
		}
	}
	return values
}

// indented adds the indented lines that follow to a value.
func (r *keyReader) indented(value string) string {
	for ; r.i < len(r.lines) && isIndented(r.lines[r.i]); r.i++ {
		value += " " + strings.TrimSpace(r.lines[r.i])
	}
	return strings.TrimSpace(value)
}

// flow reads [a, "b, c"], which may go on over several lines.
func (r *keyReader) flow(s string, line int) ([]string, error) {
	for ; !strings.HasSuffix(s, "]") && r.i < len(r.lines); r.i++ {
		s += " " + strings.TrimSpace(r.lines[r.i])
		s = strings.TrimSpace(s)
	}
	if !strings.HasSuffix(s, "]") || len(s) < 2 {
		return nil, bad(line, "the list %s is not closed; write ] at its end", quote(s))
	}
	var values []string
	for s = s[1 : len(s)-1]; s != ""; {
		var item string
		item, s = cutItem(s)
		if item, _ = unquote(strings.TrimSpace(item)); item != "" {
			values = append(values, item)
		}
	}
	return values, nil
}

// cutItem parts s after its first item: at a comma that is not inside quotes.
func cutItem(s string) (item, rest string) {
	var open rune
	for i, c := range s {
		switch {
		case open != 0:
			if c == open {
				open = 0
			}
		case (c == '"' || c == '\'') && strings.TrimSpace(s[:i]) == "":
			open = c
		case c == ',':
			return s[:i], s[i+1:]
		}
	}
	return s, ""
}

// unquote takes off quotes that enclose the whole value. A value that only begins and ends with quotes, as
// "Икар" и "Карина", keeps them: editors write that, and mean it.
func unquote(s string) (value string, quoted bool) {
	if len(s) < 2 || s[0] != s[len(s)-1] {
		return s, false
	}
	inner := s[1 : len(s)-1]
	switch {
	case s[0] == '\'' && !strings.Contains(strings.ReplaceAll(inner, "''", ""), "'"):
		return strings.ReplaceAll(inner, "''", "'"), true
	case s[0] == '"':
		if value, err := strconv.Unquote(s); err == nil {
			return CleanText(value), true
		}
		if !strings.Contains(strings.ReplaceAll(inner, `\"`, ""), `"`) {
			return strings.ReplaceAll(inner, `\"`, `"`), true
		}
	}
	return s, false
}

var tomlKey = regexp.MustCompile(`^\s*["']?([A-Za-z_-]+)["']?\s*=|^\s*\[+\s*["']?([A-Za-z_-]+)`)

// readTOML reads the front matter between lines "+++".
func readTOML(lines []string, first int) (map[string]frontField, error) {
	var raw map[string]any
	md, err := toml.Decode(strings.Join(lines, "\n"), &raw)
	if err != nil {
		var parse toml.ParseError
		if errors.As(err, &parse) {
			return nil, bad(first+max(parse.Position.Line, 1)-1, "is not TOML: %s; write key = \"value\"", strings.ToValidUTF8(parse.Message, "?"))
		}
		return nil, bad(first, "is not TOML: %s; write key = \"value\"", strings.ToValidUTF8(err.Error(), "?"))
	}
	at := map[string]int{} // TOML's own metadata knows no lines
	for i, l := range lines {
		if m := tomlKey.FindStringSubmatch(l); m != nil && at[m[1]+m[2]] == 0 {
			at[m[1]+m[2]] = first + i
		}
	}
	fields := map[string]frontField{}
	for _, key := range md.Keys() {
		if len(key) != 1 {
			continue // inside a table, whose own key is refused
		}
		line := max(at[key[0]], first)
		name, err := checkKey(key[0], line, fields)
		if err != nil {
			return nil, err
		}
		values, ok := tomlValues(raw[key[0]])
		if !ok {
			return nil, bad(line, "%s is neither text nor a list of texts; write %s = \"…\"", name, name)
		}
		_, isList := raw[key[0]].([]any)
		fields[name] = frontField{line: line, values: values, exact: isList}
	}
	return fields, nil
}

// tomlValues are a TOML value, or those of a list, as texts.
func tomlValues(v any) ([]string, bool) {
	switch v := v.(type) {
	case string:
		return []string{CleanText(v)}, true
	case bool, int64, float64:
		return []string{fmt.Sprint(v)}, true
	case time.Time:
		return []string{tomlTime(v)}, true
	case []any:
		values := []string{}
		for _, item := range v {
			one, ok := tomlValues(item)
			if _, isList := item.([]any); !ok || isList {
				return nil, false
			}
			values = append(values, one...)
		}
		return values, true
	}
	return nil, false
}

// tomlTime writes a time so that ParseDate reads what the file says: one without an offset carries the name of its
// kind as its zone.
func tomlTime(t time.Time) string {
	switch t.Location().String() {
	case "date-local":
		return t.Format(time.DateOnly)
	case "datetime-local":
		return t.Format("2006-01-02T15:04:05")
	case "time-local":
		return t.Format(time.TimeOnly) // no date, and refused as such
	}
	return t.Format(time.RFC3339)
}
