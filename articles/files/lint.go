package files

import (
	"cmp"
	"context"
	"time"

	"vestnik/articles"
	"vestnik/articles/manuscript"
	"vestnik/db"
	"vestnik/language"
)

// A Misspelling is a word of a file that mixes look-alike letters of two alphabets, or may be written in the wrong one.
type Misspelling struct {
	Path string
	Line int
	language.Mixed
}

func (m Misspelling) String() string { return at(m.Path, m.Line, manuscript.MixedNote(m.Mixed)) }

// Lint reads the files and folders at paths as [Importer.Import] would, and stores nothing. It returns every word of their titles,
// standfirsts and bodies that mixes look-alike letters of two alphabets, or may be written in the wrong one ([articles.LintText]), how
// many files were read, and for each that is no article a sentence "path:line: what; how to mend it". The error is the database's.
func (im Importer) Lint(ctx context.Context, h db.Handle, paths []string) (found []Misspelling, read int, failed []error, err error) {
	r := newRun(im, nil, time.Time{})
	for _, f := range findFiles(paths) {
		m, err := r.read(f)
		if err != nil {
			failed = append(failed, located(f.path, m, err))
			continue
		}
		read++
		for _, l := range m.Prose {
			words, err := articles.LintText(ctx, h, cmp.Or(m.Input.Language, im.Site.Language), l.Text)
			if err != nil {
				return nil, read, failed, err
			}
			for _, word := range words {
				found = append(found, Misspelling{f.path, l.Line, word})
			}
		}
	}
	return found, read, failed, nil
}
