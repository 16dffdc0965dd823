package subscribers

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"
)

// The columns of a subscribers file. The header may name them in any order; only email and digests must be there.
var columns = []string{"email", "name", "digests", "status"}

// A sheet reads the lines of a subscribers file.
type sheet struct {
	csv    *csv.Reader
	place  map[string]int // column -> where it stands in a record
	width  int
	record []string
	line   int
}

// A sheetError is what is wrong with one line; the lines after it can still be read.
type sheetError struct{ problem string }

func (e sheetError) Error() string { return e.problem }

const badQuotes = "a quote is not closed, or stands inside a field; a field with quotes is put into quotes, and each quote in it doubled"

// openSheet reads the header. The file is UTF-8 with or without a byte order mark; commas, semicolons or tabs part the
// fields, whichever the header has; quotes as in RFC 4180.
func openSheet(r io.Reader) (*sheet, error) {
	in := bufio.NewReaderSize(r, 1<<16)
	start, _ := in.Peek(4096)
	switch {
	case bytes.HasPrefix(start, []byte("\xEF\xBB\xBF")):
		in.Discard(3)
		start = start[3:]
	case bytes.HasPrefix(start, []byte("\xFF\xFE")), bytes.HasPrefix(start, []byte("\xFE\xFF")):
		return nil, errors.New("line 1: the file is UTF-16; save it as CSV in UTF-8")
	}
	s := &sheet{csv: csv.NewReader(in), place: map[string]int{}}
	s.csv.Comma = separator(start)
	s.csv.FieldsPerRecord = -1
	s.csv.ReuseRecord = true
	header, err := s.csv.Read()
	if errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("line 1: the file is empty; its first line must be %s", strings.Join(columns, ","))
	}
	var bad *csv.ParseError
	if errors.As(err, &bad) {
		return nil, errors.New("line 1: " + badQuotes)
	}
	if err != nil {
		return nil, fmt.Errorf("read: %w", err)
	}
	s.width = len(header)
	return s, s.readHeader(header)
}

// separator is the one that the first line has most of.
func separator(start []byte) rune {
	first, _, _ := bytes.Cut(bytes.TrimLeft(start, "\r\n"), []byte("\n"))
	best, most := ',', 0
	for _, r := range ",;\t" {
		if n := bytes.Count(first, []byte(string(r))); n > most {
			best, most = r, n
		}
	}
	return best
}

func (s *sheet) readHeader(header []string) error {
	for i, cell := range header {
		name := strings.ToLower(strings.TrimSpace(cell))
		if !slices.Contains(columns, name) {
			return fmt.Errorf("line 1: the column %q is not known; the header must be %s, in any order", cut(name), strings.Join(columns, ","))
		}
		if _, twice := s.place[name]; twice {
			return fmt.Errorf("line 1: the column %s stands there twice", name)
		}
		s.place[name] = i
	}
	for _, name := range []string{"email", "digests"} {
		if _, ok := s.place[name]; !ok {
			return fmt.Errorf("line 1: the column %s is missing; the header must be %s, in any order", name, strings.Join(columns, ","))
		}
	}
	return nil
}

// next reads the next line that is not blank. It returns io.EOF at the end, a sheetError for a line that cannot be read
// as fields, and any other error when reading itself fails.
func (s *sheet) next() error {
	for {
		record, err := s.csv.Read()
		var bad *csv.ParseError
		switch {
		case errors.As(err, &bad):
			s.line = bad.StartLine
			return sheetError{badQuotes}
		case err != nil:
			return err
		}
		s.record = record
		s.line, _ = s.csv.FieldPos(0)
		if !slices.ContainsFunc(record, func(cell string) bool { return strings.TrimSpace(cell) != "" }) {
			continue
		}
		if len(record) != s.width {
			return sheetError{fmt.Sprintf("%d fields, where the header has %d", len(record), s.width)}
		}
		return nil
	}
}

func (s *sheet) cell(column string) string {
	if i, ok := s.place[column]; ok {
		return s.record[i]
	}
	return ""
}

// An entry is a line that can be imported.
type entry struct {
	line       int
	email, key string
	name       string
	digests    []string
	state      string // Active or Pending
}

// entry checks the line just read.
func (s *sheet) entry(v Verbs, basis string) (e entry, err error) {
	for _, cell := range s.record {
		if !utf8.ValidString(cell) {
			return e, errors.New("the line is not UTF-8; save the file as CSV in UTF-8")
		}
	}
	e = entry{line: s.line, name: cleanName(bare(s.cell("name")))}
	if e.email, e.key, err = ParseAddress(bare(strings.TrimSpace(s.cell("email")))); err != nil {
		return e, err
	}
	e.digests = strings.Fields(s.cell("digests"))
	slices.Sort(e.digests)
	e.digests = slices.Compact(e.digests)
	if len(e.digests) == 0 {
		return e, fmt.Errorf("%s: no digest is named; name some of %s, parted by spaces", e.key, sortedNames(v.Digests))
	}
	if err := v.checkDigests(e.digests...); err != nil {
		return e, fmt.Errorf("%s: %w", e.key, err)
	}
	e.state = strings.ToLower(strings.TrimSpace(s.cell("status")))
	switch e.state {
	case "":
		e.state = Pending // the safe reading: nobody gets a digest who is not said to have agreed
	case Pending:
	case Active:
		if basis == "" {
			return e, fmt.Errorf("%s: status active: %w", e.key, ErrBasis)
		}
	default:
		return e, fmt.Errorf("%s: status %q is neither active nor pending", e.key, cut(e.state))
	}
	return e, nil
}

// formula are the characters with which a spreadsheet takes a cell for a formula.
const formula = "=+-@\t\r"

// inert makes a cell harmless to spreadsheets: an apostrophe goes before one that begins like a formula, after any
// apostrophes, so that [bare] can always take it away again.
func inert(cell string) string {
	if rest := strings.TrimLeft(cell, "'"); rest != "" && strings.IndexByte(formula, rest[0]) >= 0 {
		return "'" + cell
	}
	return cell
}

// bare undoes inert.
func bare(cell string) string {
	if strings.HasPrefix(cell, "'") && inert(cell) != cell {
		return cell[1:]
	}
	return cell
}
