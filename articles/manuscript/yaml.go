package manuscript

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"vestnik/articles/clean"
)

// keyReader reads the simple YAML of front matter: "key: value", lists as [a, b] or as lines "- a", quotes, text
// folded under ">" or "|", and comments on lines of their own. A "#" or ": " inside a value is a part of it.
type keyReader struct {
	lines  []string
	first  int // number of the first line in the file
	i      int
	parted bool // the value may have several paragraphs
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
		return Faultf(line, "%s belongs to no key; write “key: value” from the beginning of the line",
			Quote(strings.TrimSpace(r.lines[r.i])))
	}
	name, err := checkKey(key, line, r.fields)
	if err != nil {
		return err
	}
	r.i++
	r.parted = name == "correction"
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

// indented adds the indented lines that follow to a value. Empty lines may stand between them; in a correction they
// part its paragraphs.
func (r *keyReader) indented(value string) string {
	words := strings.FieldsFunc(value, isBlank)
	for ; r.i < len(r.lines); r.i++ {
		l := r.lines[r.i]
		if l != "" && !isIndented(l) {
			break
		}
		more := strings.FieldsFunc(l, isBlank)
		if len(more) == 0 && r.parted {
			more = []string{"\n\n"}
		}
		words = append(words, more...)
	}
	return strings.Trim(strings.Join(words, " "), " \n")
}

// isBlank leaves no-break spaces alone: an editor put them.
func isBlank(r rune) bool { return r == ' ' || r == '\t' }

// listEnd is the end of a list in brackets, perhaps with a comment behind it.
var listEnd = regexp.MustCompile(`\]\s*(?:\s#.*)?$`)

// flow reads [a, "b, c"], which may go on over several lines, but not over the next key.
func (r *keyReader) flow(s string, line int) ([]string, error) {
	parts := []string{s}
	for ; !listEnd.MatchString(s) && r.i < len(r.lines); r.i++ {
		if key, _, ok := strings.Cut(r.lines[r.i], ":"); ok && slices.Contains(frontKeys, keyName(key)) {
			break
		}
		s = strings.TrimSpace(r.lines[r.i])
		parts = append(parts, s)
	}
	end := listEnd.FindStringIndex(s)
	if end == nil {
		return nil, Faultf(line, "the list %s is not closed; write ] at its end", Quote(strings.Join(parts, " ")))
	}
	parts[len(parts)-1] = s[:end[0]]
	s = strings.Join(parts, " ")[1:]
	var values []string
	for s != "" {
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
			return clean.Text(value), true
		}
		if !strings.Contains(strings.ReplaceAll(inner, `\"`, ""), `"`) {
			return strings.ReplaceAll(inner, `\"`, `"`), true
		}
	}
	return s, false
}
