package subscribers

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"vestnik/db"
	"vestnik/subscribers/sheets"
)

// A trail is how far an import has come.
type trail struct {
	hash    string // of the file and of what is asked for
	taken   int    // lines that are in
	rejects rejectsFile
}

// errTwice means that two imports of one file run at the same time.
var errTwice = errors.New("another import of the same file is under way, or has just ended; start this one again if it is not")

// begin finds where an earlier import of the file was interrupted.
func (im *importer) begin(ctx context.Context) error {
	asked, err := json.Marshal([]any{im.sheet.Hash, im.options.Basis, im.options.SendConfirmations, im.options.Digests, im.options.Status,
		im.options.Suppress, im.options.Map, im.options.Encoding, im.file})
	if err != nil {
		return err
	}
	sum := sha256.Sum256(asked)
	im.trail = trail{hash: hex.EncodeToString(sum[:])}
	im.trail.rejects = rejectsFile{base: im.options.Rejects, header: im.sheet.Header, comma: im.sheet.Comma}
	return im.target.Tx(ctx, func(tx *sql.Tx) error {
		var taken, rejected, done int64
		var paths string
		err := tx.QueryRowContext(ctx, `SELECT taken, rejects, rejected, done FROM subscriber_imports WHERE hash = $1`, im.trail.hash).
			Scan(&taken, &paths, &rejected, &done)
		switch {
		case errors.Is(err, sql.ErrNoRows):
			_, err = tx.ExecContext(ctx, `INSERT INTO subscriber_imports (hash, taken, rejects, rejected, done, at) VALUES ($1, 0, '', 0, 0, $2)`,
				im.trail.hash, db.Milli(im.now))
		case err == nil && done > 0: // it came to its end: anew
			im.trail.rejects.earlier = paths
			_, err = tx.ExecContext(ctx, `UPDATE subscriber_imports SET taken = 0, rejected = 0, done = 0, at = $1 WHERE hash = $2`, db.Milli(im.now), im.trail.hash)
		case err == nil:
			im.trail.taken = int(taken)
			im.trail.rejects.resume(paths, rejected)
		}
		if err != nil {
			return fmt.Errorf("how far the file was imported: %w", err)
		}
		return nil
	})
}

// move notes in a batch's transaction that so many more lines are in.
func (t *trail) move(ctx context.Context, tx *sql.Tx, lines int, now int64) error {
	moved, err := db.Changed(ctx, tx, `UPDATE subscriber_imports SET taken = $1, rejects = $2, rejected = $3, at = $4 WHERE hash = $5 AND taken = $6 AND done = 0`,
		int64(t.taken+lines), t.rejects.paths(), t.rejects.size, now, t.hash, int64(t.taken))
	if err == nil && !moved {
		err = errTwice
	}
	return err
}

func (im *importer) end(ctx context.Context) error {
	_, err := im.target.ExecContext(ctx, `UPDATE subscriber_imports SET done = $1 WHERE hash = $2 AND taken = $3`,
		db.Milli(im.now), im.trail.hash, int64(im.trail.taken))
	return err
}

// A rejectsFile is the file of lines that could not be used. It is made with the first of them, and never written over one that is
// there: somebody may be mending it.
type rejectsFile struct {
	base    string // "" for none
	earlier string // paths that other runs of this import have written, one a line
	path    string // "" until it is made
	header  []string
	comma   rune

	f    *os.File
	w    *sheets.Writer
	size int64 // of what is safely in it
}

// resume goes on with the file of an interrupted import, without what its last batch, which was not committed, had written.
func (r *rejectsFile) resume(paths string, size int64) {
	i := strings.LastIndexByte(paths, '\n')
	last := paths[i+1:]
	r.earlier = paths
	if r.base == "" || last == "" || size == 0 {
		return
	}
	f, err := os.OpenFile(last, os.O_RDWR, 0)
	if err != nil {
		return // somebody took it away: a new one
	}
	if info, err := f.Stat(); err != nil || info.Size() < size || f.Truncate(size) != nil {
		f.Close()
		return
	}
	if _, err := f.Seek(size, io.SeekStart); err != nil {
		f.Close()
		return
	}
	r.f, r.w, r.path, r.size, r.earlier = f, sheets.NewWriter(f, r.comma), last, size, paths[:max(i, 0)]
}

func (r *rejectsFile) paths() string { return strings.TrimSpace(r.earlier + "\n" + r.path) }

// write appends lines, and sees to it that they are on the disk before the batch is committed. An erasure that swept the file
// meanwhile has put another in its place: the lines go on in that one.
func (r *rejectsFile) write(failed []failure) error {
	if r.base == "" || len(failed) == 0 {
		return nil
	}
	for range 3 {
		err := r.follow()
		if err == nil {
			err = r.append(failed)
		}
		if err != nil {
			return fmt.Errorf("rejected lines: %w", err)
		}
		if r.inPlace() {
			break
		}
	}
	return nil
}

func (r *rejectsFile) append(failed []failure) error {
	for _, f := range failed {
		r.w.WriteRejected(f.cells, r.width(), f.problem)
	}
	err := r.w.Flush()
	if err == nil {
		err = r.f.Sync()
	}
	if err == nil {
		r.size, err = r.f.Seek(0, io.SeekCurrent)
	}
	return err
}

// inPlace reports whether the path still leads to the open file.
func (r *rejectsFile) inPlace() bool {
	open, err := r.f.Stat()
	if err != nil {
		return false
	}
	there, err := os.Stat(r.path)
	return err == nil && os.SameFile(open, there)
}

// follow opens the file, or the one that is in its place now.
func (r *rejectsFile) follow() error {
	if r.f != nil && !r.inPlace() {
		r.f.Close()
		r.f = nil
		f, err := os.OpenFile(r.path, os.O_RDWR, 0)
		if err == nil {
			r.f, r.w = f, sheets.NewWriter(f, r.comma)
			_, err = f.Seek(0, io.SeekEnd)
		}
		if err == nil || !errors.Is(err, fs.ErrNotExist) { // if somebody took it away, a new one
			return err
		}
	}
	return r.open()
}

func (r *rejectsFile) open() (err error) {
	if r.f != nil {
		return nil
	}
	base, err := filepath.Abs(r.base)
	if err != nil {
		return err
	}
	ending := filepath.Ext(base)
	for n := 1; r.f == nil; n++ {
		r.path = base
		if n > 1 {
			r.path = fmt.Sprintf("%s-%d%s", strings.TrimSuffix(base, ending), n, ending)
		}
		r.f, err = os.OpenFile(r.path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600) // addresses are for the owner's eyes
		if err != nil && !(errors.Is(err, fs.ErrExist) && n < 1000) {
			return err
		}
	}
	r.w = sheets.NewWriter(r.f, r.comma)
	r.w.WriteRejected(r.header, r.width(), sheets.Problem)
	return nil
}

// isAgain reports whether the file is one of rejects itself: its last column is not doubled.
func (r *rejectsFile) isAgain() bool {
	last := len(r.header) - 1
	return last >= 0 && word(r.header[last]) == sheets.Problem
}

func (r *rejectsFile) width() int {
	if r.isAgain() {
		return len(r.header) - 1
	}
	return len(r.header)
}

func (r *rejectsFile) close() {
	if r.f != nil {
		r.f.Close()
	}
}
