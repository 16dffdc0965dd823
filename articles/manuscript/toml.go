package manuscript

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/BurntSushi/toml"

	"vestnik/articles/clean"
)

var tomlKey = regexp.MustCompile(`^\s*["']?([A-Za-z_-]+)["']?\s*=|^\s*\[+\s*["']?([A-Za-z_-]+)`)

// readTOML reads the front matter between lines "+++".
func readTOML(lines []string, first int) (map[string]frontField, error) {
	var raw map[string]any
	md, err := toml.Decode(strings.Join(lines, "\n"), &raw)
	if err != nil {
		var parse toml.ParseError
		if errors.As(err, &parse) {
			return nil, Faultf(first+max(parse.Position.Line, 1)-1, "is not TOML: %s; write key = \"value\"", strings.ToValidUTF8(parse.Message, "?"))
		}
		return nil, Faultf(first, "is not TOML: %s; write key = \"value\"", strings.ToValidUTF8(err.Error(), "?"))
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
			return nil, Faultf(line, "%s is neither text nor a list of texts; write %s = \"…\"", name, name)
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
		return []string{clean.Text(v)}, true
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
