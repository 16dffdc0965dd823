// Package files is in charge of taking articles in from files: it finds them, makes UTF-8 of them, has packages manuscript
// and pages say what they hold, and stores that by [articles.Put], with the briefs and the editors' list that a file names.
// It writes no table itself.
//
// Each file goes in whole or not at all, keeps no other out, and changes nothing when it comes again as it was.
package files

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"vestnik/articles"
	"vestnik/articles/manuscript"
	"vestnik/articles/pages"
	"vestnik/db"
)

// An Importer takes files in. Its zero value with a Site works; it is safe for use by several goroutines.
type Importer struct {
	Site          articles.Site
	Labels        map[string]pages.Labels // how saved pages are taken apart, by language; nil is [pages.DefaultLabels]
	WithHeadlines bool                    // the headlines of a page's boxes become briefs, and those of "related" the editors' list
	MaxBytes      int64                   // size of the largest file that is read; 0 is 2 MiB
	Progress      func(done, total int)   // called before the first file and after each; nil for silence
}

// FileResult is what became of one file.
type FileResult struct {
	Path     string // as given, or found in a given folder
	Slug     string
	Title    string
	Outcome  articles.Outcome
	Briefs   int      // how many briefs are new
	Warnings []string // "path:line: what", for an editor to look at; the file went in
	Err      error    // one sentence "path:line: what; how to mend it"; nothing of the file went in, or all but its list of related articles
}

const defaultMaxBytes = 2 << 20

// Import takes in the articles at paths: files (.md, .markdown and .txt) and folders, which are searched in order of
// names without hidden files. Every file has a transaction of its own and a result, in order; one that is bad changes
// nothing and does not keep the others out. The same bytes again change nothing; an edited file updates its article,
// which keeps id and slug. The error is that of ctx, or says that there is nothing to import.
func (im Importer) Import(ctx context.Context, d *db.DB, paths []string, now time.Time) ([]FileResult, error) {
	if len(paths) == 0 {
		return nil, errors.New("import articles: no file or folder is named; name at least one")
	}
	r := newRun(im, d, now)
	files := findFiles(paths)
	r.Progress(0, len(files))
	for i, f := range files {
		if err := ctx.Err(); err != nil {
			return r.results, fmt.Errorf("import articles: stopped after %d of %d files: %w", i, len(files), err)
		}
		r.results = append(r.results, r.file(ctx, f))
		r.Progress(i+1, len(files))
	}
	r.linkRelated(ctx)
	return r.results, nil
}

// A run is one call of Import.
type run struct {
	Importer
	d       *db.DB
	now     time.Time
	pages   *pages.Reader
	claimed map[string]string // slug -> the path of this run that has it
	titles  map[string]int64  // of the site's published articles, loaded when the first page with headlines comes
	pending []relatedList
	results []FileResult
}

func newRun(im Importer, d *db.DB, now time.Time) *run {
	if im.MaxBytes <= 0 {
		im.MaxBytes = defaultMaxBytes
	}
	if im.Progress == nil {
		im.Progress = func(int, int) {}
	}
	return &run{Importer: im, d: d, now: now, pages: pages.NewReader(im.Site, im.Labels), claimed: map[string]string{}}
}

// file reads and stores one file.
func (r *run) file(ctx context.Context, f foundFile) FileResult {
	result := FileResult{Path: f.path}
	m, err := r.read(f)
	if err != nil {
		result.Err = located(f.path, m, err)
		return result
	}
	s, err := r.store(ctx, &m)
	if err != nil {
		result.Err = located(f.path, m, err)
		return result
	}
	r.remember(f, m, s)
	result.Slug, result.Title, result.Outcome, result.Briefs = s.article.Slug, s.article.Title, s.outcome, s.briefs
	if state := s.article.State; state == articles.Withdrawn || state == articles.Removed {
		m.Warn(1, "is the article %s, which was %s and stays so", s.article.Slug, state)
	}
	if s.article.Published.After(r.now) && s.article.State == articles.Published {
		m.Warn(m.Lines["published"], "is dated in the future and was published at once; mend the date, or mark it draft: true until then")
	}
	for _, w := range m.Warnings {
		result.Warnings = append(result.Warnings, at(f.path, w.Line, w.Text))
	}
	return result
}

// located is err as a sentence with file and line.
func located(path string, m manuscript.Manuscript, err error) error {
	var fault manuscript.Fault
	if errors.As(err, &fault) {
		return errors.New(at(path, fault.Line, fault.Text))
	}
	var field *articles.FieldError
	if errors.As(err, &field) {
		return fmt.Errorf("%s:%d: %w", path, max(m.Lines[field.Field], 1), err)
	}
	return fmt.Errorf("%s:1: %w", path, err)
}

func at(path string, line int, what string) string {
	if line == 0 {
		return path + ": " + what
	}
	return fmt.Sprintf("%s:%d: %s", path, line, what)
}

// read makes a manuscript of a file.
func (r *run) read(f foundFile) (m manuscript.Manuscript, err error) {
	if f.err != nil {
		return m, f.err
	}
	raw, err := readFile(f.path, r.MaxBytes)
	if err != nil {
		return m, err
	}
	text, note, err := decode(raw)
	if err != nil {
		return m, err
	}
	if strings.EqualFold(filepath.Ext(f.path), ".txt") {
		m, err = r.pages.Read(text)
	} else {
		m, err = manuscript.Markdown(text, r.Site)
	}
	if err != nil {
		return m, err
	}
	if !r.WithHeadlines {
		m.MostRead, m.RelatedBox = nil, nil
	}
	if note != "" {
		m.Warn(1, "%s", note)
	}
	sum := sha256.Sum256(raw)
	m.Input.Path, m.Input.Hash = f.abs, hex.EncodeToString(sum[:])
	return m, nil
}

// stored is what a transaction did for one file.
type stored struct {
	article articles.Article
	outcome articles.Outcome
	briefs  int
}

// store puts a manuscript and the briefs of its boxes, in one transaction.
func (r *run) store(ctx context.Context, m *manuscript.Manuscript) (s stored, err error) {
	if other := r.claimed[m.Input.Slug]; m.Input.Slug != "" && other != "" {
		return s, manuscript.Faultf(m.Lines["slug"], "the slug %s is already that of %s; give one of the two files another slug",
			m.Input.Slug, other)
	}
	if len(m.MostRead)+len(m.RelatedBox) > 0 {
		if err := r.loadTitles(ctx); err != nil {
			return s, err
		}
	}
	err = r.d.Tx(ctx, func(tx *sql.Tx) (err error) {
		s = stored{} // the transaction may run again
		if s.article, s.outcome, err = articles.Put(ctx, tx, r.Site, m.Input, r.now); err != nil {
			return err
		}
		switch other := r.claimed[s.article.Slug]; {
		case other != "" && s.outcome != articles.Unchanged:
			return manuscript.Faultf(max(m.Lines["link"], 1), "is the same article as %s, by its link; leave out one of the two files", other)
		case other != "" || s.article.State == articles.Removed:
			return nil
		}
		s.briefs, err = r.putHeadlines(ctx, tx, m, s)
		return err
	})
	if other := r.claimed[s.article.Slug]; err == nil && other != "" {
		m.Warn(1, "has the very bytes of %s and is the same article; delete one of the two files", other)
	}
	return s, err
}
