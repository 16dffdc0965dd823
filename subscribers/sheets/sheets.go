// Package sheets is in charge of reading files of subscribers: our own CSV and JSON lines, the exports of listmonk, Mailchimp,
// Ghost and Substack, and any other CSV whose columns are mapped; in whatever encoding and with whatever separator. It knows no
// database and is used by package subscribers alone.
//
// It promises: whatever the bytes, reading ends and takes bounded memory; one broken line costs one line; nobody is active whom
// the file calls unsubscribed, cleaned, bounced or blocked.
package sheets

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"
)

// Columns of our own files, in the order in which they are written. Only email must be there.
var Columns = []string{"email", "name", "digests", "status", "language", "timezone", "hour", "sections", "since", "until", "uuid"}

// Problem is the column that a file of rejected lines has beside those of the file they came from. It is not read.
const Problem = "problem"

// Statuses of a row. The first four are also the words of our own files.
const (
	Active  = "active"
	Pending = "pending"
	Paused  = "paused"
	Left    = "left"
	Barred  = "barred" // must not be mailed: cleaned, bounced, complained or blocklisted where the file comes from
	Idle    = "idle"   // is not mailed there, and nobody knows that the reader asked for it: neither active nor left
)

// A Row is one line of a file: cells as they stand there, and the status in our words. What the file has no column for is "".
type Row struct {
	Line  int // the first has number 1
	Cells []string

	Email, Name, Digests, Language, Timezone, Hour, Sections, Since, Until, UUID string

	Status string // one of the above, "" where the file does not say; any other word of an unknown kind of file as it stands
	Why    string // for Left, Barred and Idle: in what words the file says so
}

// A LineError is what is wrong with one line; those after it can still be read.
type LineError struct{ Problem string }

func (e *LineError) Error() string { return e.Problem }

// Options say how to read a file.
type Options struct {
	Name     string            // of the file; Mailchimp says by it who is in it
	Encoding string            // as "windows-1251"; "" to recognise it
	Map      map[string]string // our column -> the file's
}

// A Sheet reads a file.
type Sheet struct {
	Kind     string   // "vestnik", "listmonk", "mailchimp", "ghost", "substack" or "mapped"
	Encoding string   // as "utf-8"
	Hash     string   // SHA-256 of the whole file, in hexadecimal digits
	Size     int64    // bytes
	Header   []string // the columns as the file has them; those of JSON lines are ours
	Comma    rune

	in      *counter
	records records
	kind    kind
	place   map[string]int // the file's column, in small letters -> where it stands
	width   int
	bareOf  func(string) string // takes away what protects cells from spreadsheets
}

// records is what a sheet reads from: CSV or JSON lines.
type records interface {
	// next returns the cells of the next line that is not blank, and its number. Beside a *LineError the cells are what could be
	// made of the line.
	next() (cells []string, line int, err error)
}

// counter counts the bytes that are read.
type counter struct {
	r io.Reader
	n int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}

// Open reads the whole file once, to know its hash and encoding, and then its header.
func Open(r io.ReadSeeker, o Options) (*Sheet, error) {
	s := &Sheet{place: map[string]int{}, bareOf: bare}
	found, err := survey(r)
	if err == nil {
		_, err = r.Seek(0, io.SeekStart)
	}
	if err != nil {
		return nil, fmt.Errorf("read: %w", err)
	}
	s.Hash, s.Size, s.Encoding = found.hash, found.size, found.encoding
	if o.Encoding != "" {
		s.Encoding = o.Encoding
	}
	s.in = &counter{r: r}
	text, err := decoded(s.in, s.Encoding)
	if err != nil {
		return nil, err
	}
	in := bufio.NewReaderSize(text, 1<<16)
	if err := s.readHeader(in); err != nil {
		return nil, err
	}
	return s, s.recognise(o)
}

func (s *Sheet) readHeader(in *bufio.Reader) error {
	start, err := in.Peek(4096)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, bufio.ErrBufferFull) {
		return fmt.Errorf("read: %w", err)
	}
	if strings.HasPrefix(strings.TrimLeft(string(start), " \t\r\n"), "{") {
		s.Comma, s.Header, s.width = ',', Columns, len(Columns)
		s.records, s.bareOf = &jsonLines{lines: lines{in: in}}, func(cell string) string { return cell }
		return nil
	}
	s.Comma = separator(start)
	table := newTable(in, s.Comma)
	header, line, err := table.next()
	if len(header) <= 2 && strings.HasPrefix(strings.ToLower(strings.Join(header, "")), "sep=") { // Excel's own way to say it
		header, line, err = table.next()
	}
	var bad *LineError
	switch {
	case errors.Is(err, io.EOF):
		return fmt.Errorf("line 1: the file is empty; its first line must name the columns, as %s", strings.Join(Columns[:4], ","))
	case errors.As(err, &bad):
		return fmt.Errorf("line %d: %s", line, bad.Problem)
	case err != nil:
		return fmt.Errorf("read: %w", err)
	}
	s.records, s.Header, s.width = table, slices.Clone(header), len(header)
	return nil
}

// Next returns the next line that is not blank, io.EOF at the end, and a *LineError for one that cannot be used: beside it the
// row has the line's number and cells. Any other error is one of reading.
func (s *Sheet) Next() (Row, error) {
	cells, line, err := s.records.next()
	row := Row{Line: line, Cells: cells}
	switch {
	case err != nil:
		return row, err
	case len(cells) != s.width:
		return row, &LineError{fmt.Sprintf("%d fields, where the header has %d", len(cells), s.width)}
	}
	for _, cell := range cells {
		if !utf8.ValidString(cell) {
			return row, &LineError{"the line is not UTF-8, as the others are; save the file as CSV in UTF-8"}
		}
	}
	s.fill(&row)
	return row, nil
}

// Safe makes the cells of a row harmless to spreadsheets, for a file of rejected lines; what was so already stays.
func (s *Sheet) Safe(cells []string) []string {
	_, isJSON := s.records.(*jsonLines)
	for i, cell := range cells {
		if isJSON || cell != "" && strings.IndexByte(formula, cell[0]) >= 0 {
			cells[i] = inert(cell)
		}
	}
	return cells
}

// Skip passes over n lines that are not blank.
func (s *Sheet) Skip(n int) error {
	for range n {
		_, _, err := s.records.next()
		var bad *LineError
		if err != nil && !errors.As(err, &bad) {
			return err
		}
	}
	return nil
}

// Read is how many bytes of the file have been read.
func (s *Sheet) Read() int64 { return s.in.n }

// jsonLines reads one JSON object a line, with our columns; what is null or missing is "".
type jsonLines struct{ lines lines }

func (j *jsonLines) next() ([]string, int, error) {
	for {
		line, err := j.lines.next()
		if err != nil && !errors.Is(err, errLong) {
			return nil, j.lines.n, err
		}
		text := strings.TrimSpace(string(line))
		if text == "" {
			continue
		}
		cells := make([]string, len(Columns))
		if err != nil {
			return cells, j.lines.n, &LineError{err.Error()}
		}
		if err := fillJSON(cells, text); err != nil {
			return cells, j.lines.n, &LineError{err.Error()}
		}
		return cells, j.lines.n, nil
	}
}

func fillJSON(cells []string, text string) error {
	var object map[string]any
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&object); err != nil || d.More() {
		return errors.New("the line is not one JSON object")
	}
	for name, value := range object {
		i := slices.Index(Columns, name)
		switch v := value.(type) {
		case nil:
		case string:
			if i >= 0 {
				cells[i] = v
			}
		case json.Number:
			if i >= 0 {
				cells[i] = v.String()
			}
		default:
			return fmt.Errorf("%q is neither a text nor a number", cut(name))
		}
		if i < 0 && name != Problem {
			return fmt.Errorf("%q is not known; there are %s", cut(name), strings.Join(Columns, ", "))
		}
	}
	return nil
}

// cut shortens a foreign text for a message.
func cut(s string) string {
	if runes := []rune(s); len(runes) > 60 {
		return string(runes[:60]) + "…"
	}
	return s
}
