package subscribers

import (
	"bufio"
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"vestnik/db"
)

// Scrubbed says what became of the files of rejected lines that imports have left.
type Scrubbed struct {
	Lines int      // that held an address and are gone
	Files []string // paths that were written anew
	// Missing are paths where there is no file any more, and Unreadable those that this node cannot read or write: who took a file
	// elsewhere has to look there.
	Missing, Unreadable []string
}

// EraseFromFiles takes the lines that hold an address out of the files of rejected lines. It reads them all, on this machine.
func (v Verbs) EraseFromFiles(ctx context.Context, h db.Handle, email string) (Scrubbed, error) {
	_, key, err := ParseAddress(email)
	if err != nil {
		return Scrubbed{}, err
	}
	return scrubFiles(ctx, h, func(line string) bool {
		return holds(line, key) || slices.Contains(addressesIn(line), key)
	})
}

// SweepFiles takes all lines out of the files of rejected lines that hold a forgotten address, for erasures of the web and of
// other nodes, if somebody was erased since a time. Call it once an hour, on each node that imports.
func (v Verbs) SweepFiles(ctx context.Context, h db.Handle, since time.Time) (Scrubbed, error) {
	hashes, err := db.Collect(ctx, h, scanText, `SELECT hash FROM forgotten`)
	if err != nil {
		return Scrubbed{}, fmt.Errorf("erased addresses: %w", err)
	}
	var fresh int64
	if err := h.QueryRowContext(ctx, `SELECT COUNT(*) FROM forgotten WHERE since >= $1`, db.Milli(since)).Scan(&fresh); err != nil || fresh == 0 {
		return Scrubbed{}, err
	}
	gone := make(map[string]bool, len(hashes))
	for _, hash := range hashes {
		gone[hash] = true
	}
	return scrubFiles(ctx, h, func(line string) bool {
		return slices.ContainsFunc(addressesIn(line), func(key string) bool { return gone[v.Keys.hash(key)] })
	})
}

// noted is an import with its files of rejected lines.
type noted struct {
	hash  string
	paths []string
}

func importsWithRejects(ctx context.Context, h db.Handle) ([]noted, error) {
	all, err := db.Collect(ctx, h, func(row *sql.Rows) (n noted, err error) {
		var paths string
		err = row.Scan(&n.hash, &paths)
		n.paths = strings.Split(paths, "\n")
		return n, err
	}, `SELECT hash, rejects FROM subscriber_imports WHERE rejects <> ''`)
	if err != nil {
		return nil, fmt.Errorf("files of rejected lines: %w", err)
	}
	return all, nil
}

// scrubFiles goes through every file of rejected lines that an import has noted.
func scrubFiles(ctx context.Context, h db.Handle, gone func(line string) bool) (s Scrubbed, err error) {
	imports, err := importsWithRejects(ctx, h)
	if err != nil {
		return s, err
	}
	looked := map[string]bool{}
	for _, n := range imports {
		for _, path := range n.paths {
			if looked[path] {
				continue
			}
			looked[path] = true
			if err := s.scrub(ctx, h, n.hash, path, gone); err != nil {
				return s, fmt.Errorf("files of rejected lines: %w", err)
			}
		}
	}
	return s, nil
}

func (s *Scrubbed) scrub(ctx context.Context, h db.Handle, hash, path string, gone func(line string) bool) error {
	lines, err := scrubFile(path, gone)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		s.Missing = append(s.Missing, path)
	case err != nil:
		s.Unreadable = append(s.Unreadable, path)
	case lines > 0:
		s.Lines += lines
		s.Files = append(s.Files, path)
		// If the import was interrupted, it goes on with a new file: this one has not the length that it knows.
		_, err := h.ExecContext(ctx, `UPDATE subscriber_imports SET rejected = 0 WHERE hash = $1 AND done = 0`, hash)
		return err
	}
	return nil
}

// scrubFile writes a file anew without the records that hold an address, if there are any, and returns how many. A reader of the
// file sees the old one or the new one, whole.
func scrubFile(path string, gone func(line string) bool) (removed int, err error) {
	in, err := os.Open(path)
	if err != nil {
		return 0, err
	}
	defer in.Close()
	var kept bytes.Buffer // the few lines of a file of rejects
	if removed, err = filter(in, &kept, gone); err != nil || removed == 0 {
		return 0, err
	}
	info, err := in.Stat()
	if err != nil {
		return 0, err
	}
	return removed, replaceFile(path, kept.Bytes(), info.Mode().Perm())
}

func replaceFile(path string, content []byte, mode fs.FileMode) (err error) {
	out, err := os.CreateTemp(filepath.Dir(path), ".vestnik-*.csv")
	if err != nil {
		return err
	}
	defer os.Remove(out.Name()) // after the renaming there is none
	_, err = out.Write(content)
	if err == nil {
		err = out.Chmod(mode)
	}
	if err == nil {
		err = out.Sync()
	}
	if err = errors.Join(err, out.Close()); err != nil {
		return err
	}
	if err := os.Rename(out.Name(), path); err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}

// syncDir makes a renaming last. Not every system can do that, and the file is there all the same.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return nil
	}
	defer d.Close()
	d.Sync()
	return nil
}

// maxRecord is the longest record that is taken for one; a quote that is never closed must not swallow the file.
const maxRecord = 1 << 20

var errEncoding = errors.New("the file is not UTF-8 any more")

// filter copies CSV record by record, a cell may hold line ends, without those that hold an address, and returns how many.
func filter(r io.Reader, w *bytes.Buffer, gone func(line string) bool) (removed int, err error) {
	in := bufio.NewReaderSize(r, 1<<16)
	if start, _ := in.Peek(2); string(start) == "\xff\xfe" || string(start) == "\xfe\xff" {
		return 0, errEncoding
	}
	var record []byte
	for err == nil {
		record = record[:0]
		for quotes := 0; err == nil; {
			var line []byte
			line, err = in.ReadBytes('\n')
			record = append(record, line...)
			quotes += bytes.Count(line, []byte{'"'})
			if quotes%2 == 0 || len(record) > maxRecord {
				break
			}
		}
		if err == nil || err == io.EOF {
			if gone(string(record)) {
				removed++
			} else {
				w.Write(record)
			}
		}
	}
	if err == io.EOF {
		err = nil
	}
	return removed, err
}

// candidate is what an address can look like, with signs around it.
var candidate = regexp.MustCompile(`[^\s,;:<>()"'\[\]|]+@[^\s,;:<>()"'\[\]|]+`)

// addressesIn are the keys of what looks like an address.
func addressesIn(line string) (keys []string) {
	for _, found := range candidate.FindAllString(line, -1) {
		if _, key, err := ParseAddress(strings.Trim(found, ".")); err == nil {
			keys = append(keys, key)
		}
	}
	return keys
}
