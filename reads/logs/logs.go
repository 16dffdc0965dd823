// Package logs is in charge of reads that access logs tell of: of our own site, or of sites that live elsewhere and whose articles
// came in by their feeds. It reads the combined format and the JSON of Caddy and nginx, plain or gzipped, and writes the table
// read_imports; reads go where those of [reads.Counter] go.
//
// The rules are those of package reads, as far as a log can tell: a read is one (visitor of the day, article) pair, robots
// are left out. Visitors of today and yesterday are told apart under the day's own salt and remembered in read_seen, so that a log may
// be imported again and again while it grows. For older days there is no salt any more and there shall be none: visitors are
// kept in memory, under a salt that ends with the import. What was counted before is made good for by reading that part of
// the log again.
//
// Pages whose script reports reads must not be imported as well: a log says less of a visitor than a beacon, so the two are not known
// to be one.
//
// How far a file was imported is written in the transaction that adds its reads, and the file is known again by its first lines,
// whatever it is called and however it is packed. So nothing is counted twice, and a crash costs nothing.
package logs

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/netip"
	"time"

	"github.com/klauspost/compress/gzip"

	"vestnik/db"
	"vestnik/reads"
	"vestnik/reads/addresses"
)

// Options of an import.
type Options struct {
	Site       string         // address of our own site, without a slash at the end
	Log        string         // address of the site that wrote the logs, whatever host lines name; "": as lines say, else Site
	RespectGPC bool           // do not count visitors who send Sec-GPC or DNT, where the log says so
	Proxies    []netip.Prefix // networks whose X-Forwarded-For is believed
	Progress   func(n int64)  // called now and then with the bytes of the source read so far, as they lie on disk; may be nil
}

const (
	longestLine = 64 << 10
	batchLines  = 50_000 // lines of one transaction
	batchReads  = 10_000 // and reads, since those cost more
)

// A Source is a log.
type Source struct {
	Name string
	Open func() (io.ReadCloser, error) // from its beginning
	Once bool                          // it can be opened only once, as standard input
}

// A Report says what was found. Lines = Reads + Unknown + what Dropped adds up to.
type Report struct {
	Earlier int64            // bytes, unpacked, that an earlier import had taken
	Lines   int64            // after them
	Reads   int64            // of articles
	Unknown int64            // of addresses that are no article's yet
	Dropped map[string]int64 // by reason
	Torn    bool             // the last line has no end: it is left for the next time
	Broken  string           // how the file is damaged; "" if it is not
}

func (r *Report) drop(reason string) {
	r.Lines++
	r.Dropped[reason]++
}

func (r *Report) add(o Report) {
	r.Lines, r.Reads, r.Unknown = r.Lines+o.Lines, r.Reads+o.Reads, r.Unknown+o.Unknown
	for reason, n := range o.Dropped {
		r.Dropped[reason] += n
	}
}

// An Importer imports logs that belong together, as those of one site: a visitor is counted once a day in all of them.
// It is not safe for several goroutines.
type Importer struct {
	d       *db.DB
	o       Options
	judge   judge
	earlier []earlier
}

// New returns an importer. It first brings in reads that were kept apart and whose articles are there now.
//
// It is given all logs that it will import, in any order: some may have been imported in part, and their visitors are the others', too.
func New(ctx context.Context, d *db.DB, o Options, now time.Time, sources ...Source) (*Importer, error) {
	if _, err := reads.Settle(ctx, d, o.Site); err != nil {
		return nil, err
	}
	im := &Importer{d: d, o: o, judge: judge{o: o, memory: newMemory(d, now), forced: o.Log != "", agents: map[string]bool{}, header: http.Header{}}}
	if err := im.judge.learn(ctx, d); err != nil {
		return nil, err
	}
	return im, im.findEarlier(ctx, sources)
}

// learn finds out what sites and addresses there are.
func (j *judge) learn(ctx context.Context, d *db.DB) (err error) {
	log := cmp.Or(j.o.Log, j.o.Site)
	if j.log, err = addresses.Host(log); err != nil {
		return err
	}
	if j.index, err = addresses.Load(ctx, d, j.o.Site, log); err != nil {
		return err
	}
	j.unknown, err = addresses.LoadUnknown(ctx, d)
	return err
}

// Import counts what the log has that was not imported before. Where it fails, what the report says is imported all the same, and
// the next time goes on from there. A damaged file is no failure.
func (im *Importer) Import(ctx context.Context, s Source) (Report, error) {
	r := intake{Importer: im, source: s, report: Report{Dropped: map[string]int64{}}, batchLines: batchLines}
	if err := r.run(ctx); err != nil {
		return r.report, fmt.Errorf("import %s: %w", s.Name, err)
	}
	return r.report, nil
}

// An intake is one log on its way in.
type intake struct {
	*Importer
	source Source
	report Report

	in     *stream
	parser parser
	batch  batch
	// What tests change: the lines of a batch, and what is done after one was written.
	batchLines  int64
	afterCommit func()
	at          position // of the next line
	noted       position // that the database has; taken is 0 if it has none
}

func (r *intake) run(ctx context.Context) error {
	in, err := open(r.source, r.o.Progress)
	if err != nil {
		return err
	}
	defer in.Close()
	r.in = in
	if r.noted, err = findPosition(ctx, r.d, in.head); err != nil {
		return err
	}
	r.at = r.noted
	r.report.Earlier = r.at.taken
	if err := r.passEarlier(ctx); err != nil {
		return err
	}
	r.batch.reset()
	for {
		more, err := r.next(ctx)
		if err != nil {
			return err
		}
		if !more || r.batch.report.Lines >= r.batchLines || r.batch.reads() >= batchReads {
			if err := r.commit(ctx); err != nil {
				return err
			}
			in.tell()
		}
		if !more {
			return nil
		}
	}
}

// next takes one line, if there is one more that is whole.
func (r *intake) next(ctx context.Context) (more bool, err error) {
	b, size, err := r.in.line()
	switch {
	case errors.Is(err, io.EOF):
		r.report.Torn = size > 0
		return false, nil
	case err != nil: // damaged: what came before is good, and the rest may come another time, when a copy is complete
		r.report.Broken = err.Error()
		r.batch.report.drop(ReasonBroken)
		return false, nil
	case b == nil:
		r.batch.report.drop(ReasonLong)
	case len(b) == 0:
		r.batch.report.drop(ReasonMalformed)
	case !r.parser.parse(b):
		r.batch.report.drop(ReasonMalformed)
	default:
		err = r.take(ctx, &r.parser.line)
	}
	r.at.taken += size
	return true, err
}

// take judges a line and puts what it tells into the batch.
func (r *intake) take(ctx context.Context, l *line) error {
	r.at.sees(l.time, r.judge.memory.now)
	v, err := r.judge.read(ctx, l, func(day int64) error { return r.remember(ctx, day) })
	if err != nil {
		return err
	}
	r.batch.add(v)
	return nil
}

// A batch is what one transaction writes.
type batch struct {
	report Report
	recent []reads.Reading      // read_seen decides over them
	sums   map[reads.Hour]int64 // of older days, by the hour's other fields
}

func (b *batch) reset() {
	*b = batch{report: Report{Dropped: map[string]int64{}}, recent: b.recent[:0], sums: map[reads.Hour]int64{}}
}

func (b *batch) reads() int { return len(b.recent) + len(b.sums) }

// add puts a line's verdict in. What readings of recent days are is only known when they are written.
func (b *batch) add(v verdict) {
	switch {
	case v.reason != "":
		b.report.drop(v.reason)
	case v.day.recent:
		b.recent = append(b.recent, v.reading)
	default:
		b.report.count(v.reading.Article, 1)
		b.sums[hourOf(v.reading)]++
	}
}

// count counts lines that are reads, of an article or of what is none yet.
func (r *Report) count(article, n int64) {
	r.Lines += n
	if article > 0 {
		r.Reads += n
	} else {
		r.Unknown += n
	}
}

// hourOf is the hour of a reading without a count.
func hourOf(r reads.Reading) reads.Hour {
	return reads.Hour{Article: r.Article, Start: r.At.UTC().Truncate(time.Hour), Source: r.Source}
}

// commit writes the batch together with how far it reaches. Until a file has brought anything its position is not noted: to read
// it again adds nothing, and may be what is wanted, with another --site.
func (r *intake) commit(ctx context.Context) error {
	if (r.batch.reads() > 0 || r.noted.taken > 0) && r.at != r.noted {
		next := r.at.of(r.in.head)
		var written Report
		err := r.d.Tx(ctx, func(tx *sql.Tx) (err error) {
			if written, err = r.write(ctx, tx); err != nil {
				return err
			}
			return next.store(ctx, tx, r.noted, r.judge.memory.now)
		})
		if err != nil {
			return err
		}
		r.batch.report.add(written)
		r.at, r.noted = next, next
		if r.afterCommit != nil {
			r.afterCommit()
		}
	}
	r.report.add(r.batch.report)
	r.batch.reset()
	return ctx.Err()
}

// write adds the batch's reads and tells what became of those of recent days.
func (r *intake) write(ctx context.Context, tx *sql.Tx) (Report, error) {
	written := Report{Dropped: map[string]int64{}}
	sums := maps.Clone(r.batch.sums) // this may have to be done again
	fresh, err := reads.Unseen(ctx, tx, r.batch.recent)
	if err != nil {
		return written, err
	}
	for _, one := range fresh {
		sums[hourOf(one)]++
		written.count(one.Article, 1)
	}
	for range len(r.batch.recent) - len(fresh) {
		written.drop(ReasonRepeat)
	}
	return written, r.writeSums(ctx, tx, sums)
}

// writeSums adds reads to the hours of articles, and keeps those of no article apart, in the order of [reads.Counter.Flush].
func (r *intake) writeSums(ctx context.Context, tx *sql.Tx, sums map[reads.Hour]int64) error {
	var hours []reads.Hour
	var unknown []addresses.Kept
	for hour, n := range sums {
		if hour.N = n; hour.Article > 0 {
			hours = append(hours, hour)
		} else {
			unknown = append(unknown, addresses.Kept{Key: r.judge.unknown.Key(hour.Article), Hour: hour.Start.Unix() / 3600, Source: hour.Source, N: n})
		}
	}
	if err := addresses.Keep(ctx, tx, unknown, r.judge.memory.now); err != nil {
		return err
	}
	r.judge.unknown.Wrote(len(unknown))
	return reads.Add(ctx, tx, hours)
}

// A stream reads lines and keeps the beginning, by which a file is known.
type stream struct {
	file   io.ReadCloser
	raw    countingReader
	lines  *bufio.Reader
	packed bool
	head   []byte
	report func(int64)
}

func open(s Source, progress func(int64)) (*stream, error) {
	file, err := s.Open()
	if err != nil {
		return nil, err
	}
	in := &stream{file: file, raw: countingReader{Reader: file}, report: progress}
	in.lines = bufio.NewReaderSize(&in.raw, longestLine)
	if magic, _ := in.lines.Peek(2); len(magic) == 2 && magic[0] == 0x1f && magic[1] == 0x8b {
		in.packed = true
		unpacked, err := gzip.NewReader(in.lines)
		if err != nil {
			in.lines = bufio.NewReaderSize(failing{err}, longestLine)
		} else {
			in.lines = bufio.NewReaderSize(unpacked, longestLine)
		}
	}
	beginning, _ := in.lines.Peek(headSize) // an error shows again when lines are read
	in.head = bytes.Clone(beginning)
	return in, nil
}

// failing is a file of which nothing can be read.
type failing struct{ error }

func (f failing) Read([]byte) (int, error) { return 0, f.error }

func (in *stream) Close() error { return in.file.Close() }

func (in *stream) tell() {
	if in.report != nil {
		in.report(in.raw.n)
	}
}

// line returns the next line without its end, nil for one that is too long, and its size with the end. io.EOF comes where no
// whole line is left, with the size of what is left.
func (in *stream) line() (b []byte, size int64, err error) {
	b, err = in.lines.ReadSlice('\n')
	if err == nil {
		return b[:len(b)-1], int64(len(b)), nil
	}
	for size = int64(len(b)); errors.Is(err, bufio.ErrBufferFull); size += int64(len(b)) {
		b, err = in.lines.ReadSlice('\n')
	}
	return nil, size, err
}

// pass passes over the first n bytes of a stream of which nothing was read.
func (in *stream) pass(n int64) error {
	if seeker, ok := in.file.(io.Seeker); ok && !in.packed {
		if _, err := seeker.Seek(n, io.SeekStart); err == nil {
			in.raw.n = n
			in.lines.Reset(&in.raw)
			return nil
		}
	}
	_, err := io.CopyN(io.Discard, in.lines, n)
	return err
}

type countingReader struct {
	io.Reader
	n int64
}

func (c *countingReader) Read(b []byte) (n int, err error) {
	n, err = c.Reader.Read(b)
	c.n += int64(n)
	return n, err
}
