package subscribers

import (
	"bufio"
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"vestnik/db"
	"vestnik/subscribers/sheets"
)

// Formats of an export.
const (
	FormatCSV  = "csv"  // UTF-8, commas, a header
	FormatJSON = "json" // one object a line, with the same columns in the same order
)

// Export writes subscribers with the columns of [sheets.Columns], and returns how many there were and on how many lines, without the
// header. A subscriber has one line for each group of subscriptions that differ in nothing but the digest: status, since, until and
// sections are the same; active ones first. Subscribers stand in the order of joining (of ids: the engines sort text
// differently). Times are UTC, RFC 3339. The file imported into an empty database, and exported from there, is the same.
//
// Those who left are written only if the filter asks for that state, and an import takes such lines with Suppress alone;
// suppressed and erased addresses are never written, since another program would mail them. The filter's Limit is in
// subscribers, 0 for all, and its State is not Suppressed. In CSV a cell that a spreadsheet would take for a formula (it begins with
// = + - @) has an apostrophe put before it, which the import takes away again.
func Export(ctx context.Context, h db.Handle, w io.Writer, format string, f ListFilter) (people, lines int, err error) {
	var out exportWriter = &exportCSV{sheets.NewWriter(w, ',')}
	if format == FormatJSON {
		out = &exportJSON{bufio.NewWriterSize(w, 1<<16)}
	}
	out.head()
	limit := f.Limit
	f.WithoutSuppressed = true
	for left := limit; ; {
		f.Limit = pageSize
		if limit > 0 {
			f.Limit = min(left, pageSize)
		}
		page, err := exportPage(ctx, h, f)
		if err != nil {
			return people, lines, fmt.Errorf("export: %w", err)
		}
		for _, s := range page {
			if n := exportOne(out, s, f); n > 0 {
				people, lines = people+1, lines+n
			}
			f.After = s.ID
		}
		if err := out.flush(); err != nil {
			return people, lines, fmt.Errorf("export: write: %w", err)
		}
		left -= len(page)
		if len(page) < f.Limit || limit > 0 && left <= 0 {
			return people, lines, nil
		}
	}
}

// exportPage is a page of [List] with what an export needs, by one statement that goes through both tables side by side.
func exportPage(ctx context.Context, h db.Handle, f ListFilter) ([]Subscriber, error) {
	q, err := f.selection()
	if err != nil {
		return nil, err
	}
	q.columns = `s.id, s.email, s.name, s.language, s.timezone, s.hour, s.uuid, s.state`
	page, args := q.page(f)
	g := gathered{at: make(map[int64]int, f.Limit), all: make([]Subscriber, 0, f.Limit)}
	_, err = db.Collect(ctx, h, g.scan, `
		SELECT p.id, p.email, p.name, p.language, p.timezone, p.hour, p.uuid, p.state, COALESCE(u.digest, ''), COALESCE(u.state, ''),
			COALESCE(u.since, 0), COALESCE(u.until, 0), COALESCE(u.sections, '')
		FROM (`+page+`) AS p
		LEFT JOIN subscriptions AS u ON u.subscriber = p.id`, args...)
	if err != nil {
		return nil, err
	}
	return g.sorted(), nil
}

// A gathered is a page that is made of rows, each with a subscriber and one of the subscriptions, in any order.
type gathered struct {
	all []Subscriber
	at  map[int64]int // by id
}

// scan takes a row in and makes nothing else of it: a page of them would be as large as the subscribers.
func (g *gathered) scan(row *sql.Rows) (none struct{}, err error) {
	var s Subscriber
	var one Subscription
	var since, until int64
	var sections string
	if err := row.Scan(&s.ID, &s.Email, &s.Name, &s.Language, &s.Timezone, &s.Hour, &s.UUID, &s.State, &one.Digest, &one.State, &since, &until, &sections); err != nil {
		return none, err
	}
	one.Since, one.Until, one.Sections = db.Time(since), db.Time(until), strings.Fields(sections)
	i, known := g.at[s.ID]
	if !known {
		i = len(g.all)
		g.at[s.ID], g.all = i, append(g.all, s)
	}
	if one.Digest != "" { // it is "" where there is no subscription
		g.all[i].Subscriptions = append(g.all[i].Subscriptions, one)
	}
	return none, nil
}

// sorted are the subscribers by id and their subscriptions by digest: here, since the engines sort text by different rules.
func (g *gathered) sorted() []Subscriber {
	slices.SortFunc(g.all, func(a, b Subscriber) int { return cmp.Compare(a.ID, b.ID) })
	for _, s := range g.all {
		slices.SortFunc(s.Subscriptions, func(a, b Subscription) int { return strings.Compare(a.Digest, b.Digest) })
	}
	return g.all
}

type exportWriter interface {
	head()
	line(cells []string)
	flush() error
}

type exportCSV struct{ w *sheets.Writer }

func (e *exportCSV) head()               { e.w.Write(slices.Clone(sheets.Columns)) }
func (e *exportCSV) line(cells []string) { e.w.Write(cells) }
func (e *exportCSV) flush() error        { return e.w.Flush() }

type exportJSON struct{ w *bufio.Writer }

func (e *exportJSON) head() {}

func (e *exportJSON) line(cells []string) {
	for i, cell := range cells {
		before := `,"`
		if i == 0 {
			before = `{"`
		}
		text, _ := json.Marshal(cell) // a string always can be
		e.w.WriteString(before + sheets.Columns[i] + `":`)
		e.w.Write(text)
	}
	e.w.WriteString("}\n")
}

func (e *exportJSON) flush() error { return e.w.Flush() }

var exportOrder = []string{Active, Paused, Pending, Left}

func exportOne(out exportWriter, s Subscriber, f ListFilter) (lines int) {
	if s.State != stateActive {
		return 0
	}
	var wanted []Subscription
	for _, one := range s.Subscriptions {
		if f.means(one) && (f.State != "" || one.State != Left) {
			wanted = append(wanted, one)
		}
	}
	slices.SortStableFunc(wanted, compareGroups)
	for len(wanted) > 0 {
		n := 1
		for n < len(wanted) && compareGroups(wanted[0], wanted[n]) == 0 {
			n++
		}
		out.line(exportCells(s, wanted[:n]))
		wanted = wanted[n:]
		lines++
	}
	return lines
}

func compareGroups(a, b Subscription) int {
	return cmp.Or(cmp.Compare(slices.Index(exportOrder, a.State), slices.Index(exportOrder, b.State)), a.Since.Compare(b.Since), a.Until.Compare(b.Until),
		slices.Compare(a.Sections, b.Sections))
}

func exportCells(s Subscriber, group []Subscription) []string {
	digests := make([]string, len(group))
	for i, one := range group {
		digests[i] = one.Digest
	}
	hour := ""
	if s.Hour >= 0 {
		hour = strconv.Itoa(s.Hour)
	}
	return []string{s.Email, s.Name, strings.Join(digests, " "), group[0].State, s.Language, s.Timezone, hour, strings.Join(group[0].Sections, " "),
		stamp(group[0].Since), stamp(group[0].Until), s.UUID}
}

// stamp is a time to the millisecond, "" for none.
func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}
