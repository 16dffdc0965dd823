package files

import (
	"time"

	"vestnik/articles/manuscript"
	"vestnik/language"
)

// A Misspelling is a word of a file that mixes look-alike letters of two alphabets.
type Misspelling struct {
	Path string
	Line int
	language.Mixed
}

func (m Misspelling) String() string { return at(m.Path, m.Line, manuscript.MixedNote(m.Mixed)) }

// Lint reads the files and folders at paths as [Importer.Import] would, and stores nothing. It returns every word of their titles,
// standfirsts and bodies that mixes look-alike letters of two alphabets, how many files were read, and for each that is no
// article a sentence "path:line: what; how to mend it".
func (im Importer) Lint(paths []string) (found []Misspelling, read int, failed []error) {
	r := newRun(im, nil, time.Time{})
	for _, f := range findFiles(paths) {
		m, err := r.read(f)
		if err != nil {
			failed = append(failed, located(f.path, m, err))
			continue
		}
		read++
		for _, l := range m.Prose {
			for _, word := range language.MixedWords(l.Text) {
				found = append(found, Misspelling{f.path, l.Line, word})
			}
		}
	}
	return found, read, failed
}
