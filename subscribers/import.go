package subscribers

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"time"

	"vestnik/db"
	"vestnik/subscribers/sheets"
)

// maxNotes is how many problems, and how many skipped lines, a [Report] names; it counts them all.
const maxNotes = 1000

// batchLines is how many lines are imported in one transaction. Addresses come in no order, so a batch touches most pages of their index,
// and fewer batches write them less often; but on SQLite other writers wait for one, some 200 ms.
const batchLines = 8000

// ImportOptions say how to import.
type ImportOptions struct {
	Verbs Verbs
	Basis string // how and when those with the status active agreed; without it such lines are refused
	// SendConfirmations writes a confirmation letter to everybody who becomes pending by the import, which is the only way
	// they can ever confirm. Without it they stay pending until they join by a form or an admin confirms them.
	SendConfirmations bool
	Progress          func(read int64) // called after each batch with the bytes read so far; may be nil

	Digests []string // what those get whose line names no digest
	Status  string   // of lines that name none: Pending, also for "", or Active
	// Suppress keeps who must not be mailed: addresses that the file calls cleaned, bounced or blocklisted become suppressed, and
	// unsubscribed ones are recorded as left. Without it such lines are skipped. Nothing that is active here ends by it.
	Suppress bool
	Map      map[string]string // our column -> the file's
	Encoding string            // as "windows-1251"; "" to recognise it
	Rejects  string            // path of a file for the lines that failed; one that is there stays, and "-2" is added; "" for none
	// Scratch makes it a rehearsal: everything is written into this empty database and nothing into the real one.
	Scratch *db.DB
}

// A LineNote says something of one line of a file, as a sentence.
type LineNote struct {
	Line    int
	Message string
}

// A Report says what an import did. Lines = Added + Updated + Unchanged + Skipped + Failed.
type Report struct {
	Kind     string // of file: "vestnik", "listmonk", "mailchimp", "ghost", "substack" or "mapped"
	Encoding string // as "utf-8"
	Earlier  int    // lines that an interrupted import of the same file had brought in before; they are in no other number

	Lines     int // lines that are not blank, without the header
	Added     int // made a new subscriber
	Updated   int // changed one: a further digest, active in place of pending, another name; or suppressed an address
	Unchanged int // said what was known already, here or earlier in the file
	Skipped   int // would have revived somebody who left, or is suppressed or erased; or the file itself says that they left
	Failed    int // could not be used

	Pending    int // subscriptions that became pending
	Letters    int // confirmation letters written to them
	Suppressed int // addresses that became suppressed

	Problems []LineNote // why lines failed; at most 1,000
	Skips    []LineNote // what was skipped; at most 1,000; a line can be in part skipped and in part updated
	Rejects  string     // the file with the lines that failed, each with its problem; "" if there is none
}

func (r *Report) fail(line int, message string) {
	r.Lines++
	r.Failed++
	r.Problems = note(r.Problems, line, message)
}

func (r *Report) skip(line int, message string) { r.Skips = note(r.Skips, line, message) }

func note(notes []LineNote, line int, message string) []LineNote {
	if len(notes) == maxNotes {
		return notes
	}
	return append(notes, LineNote{line, message})
}

func (r *Report) add(part Report) {
	r.Lines += part.Lines
	r.Added += part.Added
	r.Updated += part.Updated
	r.Unchanged += part.Unchanged
	r.Skipped += part.Skipped
	r.Pending += part.Pending
	r.Letters += part.Letters
	r.Suppressed += part.Suppressed
	for _, n := range part.Skips {
		r.skip(n.Line, n.Message)
	}
}

// Import reads a file of subscribers into the database: our own CSV or JSON lines (see [Export]), an export of listmonk, Mailchimp,
// Ghost or Substack, or any CSV whose columns o.Map names. The status is pending where none is given. A line that cannot be used
// is reported and put into the file of rejects, and the others go in. Nobody who has left, is suppressed or was erased is revived;
// who is active stays so; the same address on several lines is one subscriber, active where any line says so.
//
// Lines go in by the batch, each in one transaction with its lines of consent. An import that was interrupted goes on after its
// last batch when it is started again with the same file and options; one that came to its end begins anew, and changes nothing.
// The name is the file's, for the lines of consent. An error means that nothing after the report's lines was read.
func Import(ctx context.Context, d *db.DB, r io.ReadSeeker, name string, o ImportOptions, now time.Time) (report Report, err error) {
	s, err := sheets.Open(r, sheets.Options{Name: name, Encoding: o.Encoding, Map: o.Map})
	if err != nil {
		return report, fmt.Errorf("import %s: %w", name, err)
	}
	o.Basis = strings.TrimSpace(cleanName(o.Basis))
	report.Kind, report.Encoding = s.Kind, s.Encoding
	im := &importer{options: o, file: cleanName(filepath.Base(name)), now: now, d: d, target: d, sheet: s, masters: map[string]*importMaster{}}
	if o.Scratch != nil {
		im.target, im.options.Rejects = o.Scratch, ""
	}
	if err := im.run(ctx, &report); err != nil {
		return report, fmt.Errorf("import %s: after line %d: %w", name, im.line, err)
	}
	return report, nil
}

// An importMaster is the one copy of a confirmation letter that all letters of an import about a digest share.
type importMaster struct {
	ref    int64
	letter confirmLetter
	stored bool // by a batch that is committed
}

type importer struct {
	options ImportOptions
	file    string
	now     time.Time
	d       *db.DB // what is there
	target  *db.DB // where everything is written: d, or the scratch of a rehearsal
	sheet   *sheets.Sheet
	masters map[string]*importMaster // by digest
	trail   trail
	line    int // the last that went in
}

func (im *importer) run(ctx context.Context, report *Report) (err error) {
	if err := im.begin(ctx); err != nil {
		return err
	}
	defer im.trail.rejects.close()
	defer im.widen(ctx)()
	report.Earlier = im.trail.taken
	if err := im.sheet.Skip(im.trail.taken); err != nil {
		return fmt.Errorf("go on after %d lines: %w", im.trail.taken, err)
	}
	// One goroutine reads and checks lines, the other writes.
	ctx, stop := context.WithCancel(ctx)
	batches, ended := make(chan batch), make(chan struct{})
	defer func() { stop(); <-ended }()
	go func() {
		defer close(ended)
		im.readAll(ctx, batches)
	}()
	for b := range batches {
		err := im.take(ctx, b, report)
		report.Rejects = im.trail.rejects.path
		if err == nil {
			err = b.err
		}
		if err != nil {
			return err
		}
		if im.options.Progress != nil {
			im.options.Progress(b.read)
		}
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return im.end(ctx)
}

// While importing SQLite keeps more pages at hand, and copies them from its log into the database less often: with its usual 2 MB
// (500 pages) and 1,000 pages it would read, write and copy most of the index of addresses again and again, since they come in no order.
const (
	cacheKB         = 20 << 10
	checkpointPages = 64_000 // 262 MB
)

// widen gives SQLite's one writer more room, and takes it back at the end.
func (im *importer) widen(ctx context.Context) (narrow func()) {
	if im.target.Engine != "sqlite" {
		return func() {}
	}
	set := func(ctx context.Context, kilobytes, pages int) { // hints: an import without them is only slower
		im.target.ExecContext(ctx, fmt.Sprintf(`PRAGMA cache_size = -%d`, kilobytes))
		im.target.ExecContext(ctx, fmt.Sprintf(`PRAGMA wal_autocheckpoint = %d`, pages))
	}
	set(ctx, cacheKB, checkpointPages)
	return func() {
		set(context.WithoutCancel(ctx), 2000, 1000)
		im.target.ExecContext(context.WithoutCancel(ctx), `PRAGMA wal_checkpoint(TRUNCATE)`) // the log has grown: give the disk back
	}
}

// A batch is what one transaction brings in.
type batch struct {
	entries []entry
	failed  []failure
	line    int   // the last
	read    int64 // bytes of the file
	err     error // after these lines nothing can be read
}

// A failure is a line that cannot be used.
type failure struct {
	line    int
	cells   []string
	problem string
}

func (im *importer) readAll(ctx context.Context, batches chan<- batch) {
	defer close(batches)
	c := checker{options: im.options, now: im.now, kind: im.sheet.Kind, zones: map[string]error{}}
	for done := false; !done; {
		var b batch
		b, done = c.read(im.sheet)
		select {
		case batches <- b:
		case <-ctx.Done():
			return
		}
	}
}

// read returns the next lines, and whether they are the last.
func (c *checker) read(s *sheets.Sheet) (b batch, done bool) {
	b.entries = make([]entry, 0, c.room)
	defer func() { c.room = len(b.entries) }() // the next batch has as many, which it need not grow to
	for range batchLines {
		row, err := s.Next()
		var bad *sheets.LineError
		switch {
		case errors.Is(err, io.EOF):
			b.read = s.Read()
			return b, true
		case err != nil && !errors.As(err, &bad):
			b.err = err
			return b, true
		}
		b.line = row.Line
		var e entry
		if err == nil {
			e, err = c.entry(row)
		}
		if err != nil {
			b.failed = append(b.failed, failure{row.Line, s.Safe(row.Cells), err.Error()})
			continue
		}
		b.entries = append(b.entries, e)
	}
	b.read = s.Read()
	return b, false
}

// take brings a batch in.
func (im *importer) take(ctx context.Context, b batch, report *Report) error {
	lines := len(b.entries) + len(b.failed)
	if lines == 0 {
		return nil
	}
	if err := im.trail.rejects.write(b.failed); err != nil {
		return err
	}
	if err := im.batch(ctx, b.entries, lines, report); err != nil {
		return err
	}
	for _, f := range b.failed {
		report.fail(f.line, f.problem)
	}
	im.line = b.line
	return nil
}
