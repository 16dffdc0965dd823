package articles

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

	"github.com/yuin/goldmark"

	"vestnik/db"
	"vestnik/language"
)

// An Importer takes files in. Its zero value with a Site works; it is safe for use by several goroutines.
type Importer struct {
	Site          Site
	Labels        map[string]Labels     // over [DefaultLabels]: a language or list that is missing here is taken from there
	WithHeadlines bool                  // the headlines of a page's boxes become briefs, and those of "related" the editors' list
	MaxBytes      int64                 // size of the largest file that is read; 0 is 2 MiB
	Progress      func(done, total int) // called before the first file and after each; nil for silence
}

// FileResult is what became of one file.
type FileResult struct {
	Path     string // as given, or found in a given folder
	Slug     string
	Title    string
	Outcome  Outcome
	Briefs   int      // how many briefs are new
	Warnings []string // "path:line: what", for an editor to look at; the file went in
	Err      error    // one sentence "path:line: what; how to mend it"; nothing of the file went in
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
	results := make([]FileResult, 0, len(files))
	r.Progress(0, len(files))
	for i, f := range files {
		if err := ctx.Err(); err != nil {
			return results, fmt.Errorf("import articles: stopped after %d of %d files: %w", i, len(files), err)
		}
		results = append(results, r.file(ctx, f))
		r.Progress(i+1, len(files))
	}
	r.linkRelated(ctx, results)
	return results, nil
}

// A document is a file as it was read, not yet stored.
type document struct {
	in         Input
	lines      map[string]int // where a field of the input stands, by its name in a FieldError; and "related"
	related    []string       // slugs of the editors' list, from front matter
	isPage     bool
	mostRead   []string   // headlines of a page's boxes
	relatedBox []string   // the same
	prose      []pageLine // title, standfirst and body as written, for warnings
	warnings   []lineNote
}

// A lineNote belongs to a line of a file, or to no line (0).
type lineNote struct {
	line int
	what string
}

func (d *document) warn(line int, format string, args ...any) {
	d.warnings = append(d.warnings, lineNote{line, fmt.Sprintf(format, args...)})
}

// A fault is what is wrong with a file, at a line.
type fault lineNote

func (f fault) Error() string { return f.what }

func bad(line int, format string, args ...any) error {
	return fault{line, fmt.Sprintf(format, args...)}
}

// A run is one call of Import.
type run struct {
	Importer
	d        *db.DB
	now      time.Time
	markdown goldmark.Markdown
	labels   labelIndex
	claimed  map[string]string // slug -> the path of this run that has it
	titles   map[string]int64  // of the site's published articles, loaded when the first page with headlines comes
	pending  []relatedList
}

func newRun(im Importer, d *db.DB, now time.Time) *run {
	if im.MaxBytes <= 0 {
		im.MaxBytes = defaultMaxBytes
	}
	if im.Progress == nil {
		im.Progress = func(int, int) {}
	}
	return &run{Importer: im, d: d, now: now, markdown: newMarkdown(), labels: indexLabels(im.Labels), claimed: map[string]string{}}
}

// file reads and stores one file.
func (r *run) file(ctx context.Context, f foundFile) FileResult {
	result := FileResult{Path: f.path}
	doc, err := r.read(f)
	if err != nil {
		result.Err = located(f.path, doc, err)
		return result
	}
	s, err := r.store(ctx, f, &doc)
	if err != nil {
		result.Err = located(f.path, doc, err)
		return result
	}
	r.remember(f, doc, s)
	result.Slug, result.Title, result.Outcome, result.Briefs = s.article.Slug, s.article.Title, s.outcome, s.briefs
	if state := s.article.State; state == Withdrawn || state == Removed {
		doc.warn(1, "is the article %s, which was %s and stays so", s.article.Slug, state)
	}
	for _, w := range append(doc.warnings, mixedScript(doc.prose)...) {
		result.Warnings = append(result.Warnings, at(f.path, w.line, w.what))
	}
	return result
}

// located is err as a sentence with file and line.
func located(path string, doc document, err error) error {
	var f fault
	if errors.As(err, &f) {
		return errors.New(at(path, f.line, f.what))
	}
	var field *FieldError
	if errors.As(err, &field) {
		return fmt.Errorf("%s:%d: %w", path, max(doc.lines[field.Field], 1), err)
	}
	return fmt.Errorf("%s:1: %w", path, err)
}

func at(path string, line int, what string) string {
	if line == 0 {
		return path + ": " + what
	}
	return fmt.Sprintf("%s:%d: %s", path, line, what)
}

// withHeadlines marks the hash of a page that gave its headlines too: asking for them later is news.
const withHeadlines = "+headlines"

// read makes a document of a file.
func (r *run) read(f foundFile) (document, error) {
	if f.err != nil {
		return document{}, f.err
	}
	raw, err := readFile(f.path, r.MaxBytes)
	if err != nil {
		return document{}, err
	}
	text, note, err := decode(raw)
	if err != nil {
		return document{}, err
	}
	sum := sha256.Sum256(raw)
	var doc document
	if strings.EqualFold(filepath.Ext(f.path), ".txt") {
		doc, err = readPage(text, r.labels, r.Site)
		doc.isPage = true
	} else {
		doc, err = readMarkdown(text, r.markdown, r.Site)
	}
	if err != nil {
		return document{}, err
	}
	if note != "" {
		doc.warn(1, "%s", note)
	}
	doc.in.Path, doc.in.Hash = f.abs, hex.EncodeToString(sum[:])
	if doc.isPage && r.WithHeadlines {
		doc.in.Hash += withHeadlines
	}
	return doc, nil
}

// mixedScript warns of words that mix look-alike letters of two alphabets, once each, where they first stand.
func mixedScript(prose []pageLine) []lineNote {
	var notes []lineNote
	seen := map[string]bool{}
	for _, l := range prose {
		for _, word := range language.MixedScript(l.text) {
			if !seen[word] {
				seen[word] = true
				notes = append(notes, lineNote{l.n, quote(word) +
					" mixes Latin and Cyrillic letters that look alike, and a search will not find it; retype it unless that is meant"})
			}
		}
	}
	return notes
}

// stored is what a transaction did for one file.
type stored struct {
	article Article
	outcome Outcome
	briefs  int
}

// store puts a document and the briefs of its boxes, in one transaction.
func (r *run) store(ctx context.Context, f foundFile, doc *document) (s stored, err error) {
	if other := r.claimed[doc.in.Slug]; doc.in.Slug != "" && other != "" {
		return s, bad(doc.lines["slug"], "the slug %s is already that of %s; give one of the two files another slug",
			doc.in.Slug, other)
	}
	withBoxes := doc.isPage && r.WithHeadlines && len(doc.mostRead)+len(doc.relatedBox) > 0
	if withBoxes {
		if err := r.loadTitles(ctx); err != nil {
			return s, err
		}
	}
	err = r.d.Tx(ctx, func(tx *sql.Tx) error {
		s = stored{} // the transaction may run again
		if err := r.keepHeadlines(ctx, tx, doc); err != nil {
			return err
		}
		var err error
		if s.article, s.outcome, err = Put(ctx, tx, r.Site, doc.in, r.now); err != nil {
			return err
		}
		if other := r.claimed[s.article.Slug]; other != "" && s.outcome != Unchanged {
			return bad(max(doc.lines["link"], 1), "is the same article as %s, by its link; leave out one of the two files", other)
		}
		if !withBoxes || s.outcome == Unchanged {
			return nil
		}
		s.briefs, err = r.putHeadlines(ctx, tx, *doc, s.article)
		return err
	})
	if other := r.claimed[s.article.Slug]; err == nil && other != "" {
		doc.warn(1, "has the very bytes of %s and is the same article; delete one of the two files", other)
	}
	return s, err
}

// keepHeadlines lets a page that once gave its headlines stay unchanged when they are not asked for again.
func (r *run) keepHeadlines(ctx context.Context, tx *sql.Tx, doc *document) error {
	if !doc.isPage || r.WithHeadlines {
		return nil
	}
	plain := strings.TrimSuffix(doc.in.Hash, withHeadlines)
	var n int64
	err := tx.QueryRowContext(ctx, `
		SELECT COUNT(*)
		FROM articles
		WHERE path = $1 AND path <> '' AND hash = $2`, doc.in.Path, plain+withHeadlines).Scan(&n)
	if err != nil {
		return err
	}
	if doc.in.Hash = plain; n > 0 {
		doc.in.Hash = plain + withHeadlines
	}
	return nil
}
