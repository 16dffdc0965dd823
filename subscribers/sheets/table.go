package sheets

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"
)

// maxLine is how long a line may be, in bytes; a record in quotes of several lines, too.
const maxLine = 1 << 16

var errLong = fmt.Errorf("the line is longer than %d bytes", maxLine)

const badQuotes = "a quote is not closed, or stands inside a field; a field with quotes is put into quotes, and each quote in it doubled"

// lines reads physical lines, and takes back those that were read too far.
type lines struct {
	in    *bufio.Reader
	again [][]byte // taken back, the next first
	n     int      // number of the line returned last
}

// next returns a line with its end. It is valid until the next call. Of one that is too long it returns the beginning, with errLong.
func (l *lines) next() ([]byte, error) {
	if len(l.again) > 0 {
		line := l.again[0]
		l.again = l.again[1:]
		l.n++
		return line, nil
	}
	line, err := l.in.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) {
		line = bytes.Clone(line)
		for errors.Is(err, bufio.ErrBufferFull) {
			_, err = l.in.ReadSlice('\n')
		}
		if err == nil || errors.Is(err, io.EOF) {
			err = errLong
		}
	}
	if len(line) == 0 && err != nil {
		return nil, err
	}
	l.n++
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return line, err
}

// back takes the last lines back.
func (l *lines) back(some [][]byte) {
	if len(some) > 0 {
		l.again = append(some, l.again...)
		l.n -= len(some)
	}
}

// A table reads CSV (RFC 4180) record by record. A record is looked for line by line first, so that a quote which is never closed
// costs its line and not the rest of the file.
type table struct {
	lines  lines
	comma  rune
	record []byte
	buf    *bufio.Reader
	bytes  bytes.Reader
}

func newTable(in *bufio.Reader, comma rune) *table {
	return &table{lines: lines{in: in}, comma: comma, buf: bufio.NewReaderSize(nil, 4096)}
}

func (t *table) next() (cells []string, line int, err error) {
	for {
		first, err := t.lines.next()
		line = t.lines.n
		if errors.Is(err, errLong) {
			return t.roughly(string(first[:200])), line, &LineError{errLong.Error()}
		}
		if err != nil {
			return nil, line, err
		}
		cells, err := t.cells(first)
		if err != nil || strings.TrimSpace(strings.Join(cells, "")) != "" {
			return cells, line, err
		}
	}
}

// cells parses the record that begins with a line.
func (t *table) cells(first []byte) ([]string, error) {
	if bytes.IndexByte(first, '"') < 0 {
		return strings.Split(trimEnd(string(first)), string(t.comma)), nil
	}
	t.record = append(t.record[:0], first...)
	begun := len(t.record)
	var more [][]byte
	for bytes.Count(t.record, []byte(`"`))%2 == 1 {
		next, err := t.lines.next()
		if err != nil || len(t.record)+len(next) > maxLine {
			if err == nil {
				more = append(more, bytes.Clone(next))
			}
			if err == nil || errors.Is(err, io.EOF) || errors.Is(err, errLong) {
				break
			}
			return nil, err
		}
		more = append(more, bytes.Clone(next))
		t.record = append(t.record, next...)
	}
	cells, err := t.parse(t.record)
	if err != nil {
		t.lines.back(more)
		return t.roughly(string(t.record[:begun])), &LineError{badQuotes}
	}
	return cells, nil
}

func (t *table) parse(record []byte) ([]string, error) {
	t.bytes.Reset(record)
	t.buf.Reset(&t.bytes)
	r := csv.NewReader(t.buf)
	r.Comma, r.FieldsPerRecord = t.comma, -1
	cells, err := r.Read()
	if err == nil {
		if _, err := r.Read(); !errors.Is(err, io.EOF) {
			return nil, errors.New(badQuotes)
		}
	}
	return cells, err
}

// roughly is what can be made of a line that is no record.
func (t *table) roughly(line string) []string {
	return strings.Split(strings.ReplaceAll(trimEnd(line), `"`, ""), string(t.comma))
}

func trimEnd(line string) string {
	return strings.TrimSuffix(strings.TrimSuffix(line, "\n"), "\r")
}

// separator is the one that the first line has most of outside quotes, or that it names as Excel does.
func separator(start []byte) rune {
	text := strings.TrimLeft(string(start), "\r\n")
	first, _, _ := strings.Cut(text, "\n")
	if rest, ok := strings.CutPrefix(strings.ToLower(trimEnd(first)), "sep="); ok && len(rest) == 1 && strings.Contains(",;\t|", rest) {
		return rune(rest[0])
	}
	best, most := ',', 0
	for _, r := range ",;\t|" {
		n := 0
		for i, part := range strings.Split(first, `"`) {
			if i%2 == 0 {
				n += strings.Count(part, string(r))
			}
		}
		if n > most {
			best, most = r, n
		}
	}
	return best
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

// A Writer writes lines that spreadsheets show and never compute.
type Writer struct{ csv *csv.Writer }

// NewWriter writes UTF-8 with this separator.
func NewWriter(w io.Writer, comma rune) *Writer {
	c := csv.NewWriter(w)
	c.Comma = comma
	return &Writer{c}
}

// Write writes one line. It changes cells.
func (w *Writer) Write(cells []string) {
	for i, cell := range cells {
		cells[i] = inert(cell)
	}
	w.csv.Write(cells)
}

// WriteRejected writes a line of a file that has so many columns (made safe by [Sheet.Safe]), and after it what is wrong with it, so
// that it can be mended and read again. What the line has beyond its columns goes into the last of them, but for the problem
// that it had before.
func (w *Writer) WriteRejected(cells []string, width int, problem string) {
	line := make([]string, width, width+1)
	copy(line, cells)
	if width > 0 && len(cells) > width+1 {
		line[width-1] = strings.Join(cells[width-1:], string(w.csv.Comma))
	}
	w.csv.Write(append(line, problem))
}

// Flush writes what is gathered, and returns the first error of all.
func (w *Writer) Flush() error {
	w.csv.Flush()
	return w.csv.Error()
}
