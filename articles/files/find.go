package files

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"vestnik/articles/manuscript"
)

// A foundFile is a file to import, or a path that leads to none (err).
type foundFile struct {
	path string // as shown
	abs  string // as kept
	err  error
}

// findFiles lists the article files at paths: folders in order of names, hidden files and folders left out, no file
// twice.
func findFiles(paths []string) []foundFile {
	var files []foundFile
	seen := map[string]bool{}
	add := func(path string, err error) {
		abs, absErr := filepath.Abs(path)
		if err == nil && absErr != nil {
			err = manuscript.Faultf(1, "cannot be found: %s; name it by its whole path", absErr)
		}
		if !seen[abs] || err != nil {
			seen[abs] = true
			files = append(files, foundFile{path, abs, err})
		}
	}
	for _, path := range paths {
		path = filepath.Clean(path)
		info, err := os.Stat(path)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			add(path, manuscript.Faultf(0, "there is no such file or folder; check the name"))
		case err != nil:
			add(path, manuscript.Faultf(0, "cannot be read (%s); check its permissions", reason(err)))
		case info.IsDir():
			walk(path, add)
		case !isArticleFile(path):
			add(path, manuscript.Faultf(1, "only files ending in .md, .markdown or .txt are articles; rename it if it is one"))
		default:
			add(path, nil)
		}
	}
	return files
}

func isArticleFile(path string) bool {
	switch strings.ToLower(filepath.Ext(path)) {
	case ".md", ".markdown", ".txt":
		return true
	}
	return false
}

// walk adds the article files of a folder and of those in it. Links to files are followed, links to folders inside it
// are not: they may lead in a circle.
func walk(root string, add func(path string, err error)) {
	found := false
	visit := func(name string, entry fs.DirEntry, err error) error {
		path := filepath.Join(root, filepath.FromSlash(name))
		switch {
		case err != nil:
			found = true
			add(path, manuscript.Faultf(0, "the folder cannot be read (%s); check its permissions", reason(err)))
			return fs.SkipDir
		case name != "." && strings.HasPrefix(entry.Name(), "."):
			if entry.IsDir() {
				return fs.SkipDir
			}
			return nil
		case entry.IsDir() || !isArticleFile(path):
			return nil
		}
		if info, err := os.Stat(path); err != nil || !info.IsDir() {
			found = true
			add(path, nil)
		}
		return nil
	}
	_ = fs.WalkDir(os.DirFS(root), ".", visit) // visit turns every error into a result
	if !found {
		add(root, manuscript.Faultf(0, "the folder holds no file ending in .md, .markdown or .txt; check the name"))
	}
}

// reason is an error of the operating system without the path, which the message names already.
func reason(err error) string {
	var pathErr *fs.PathError
	if errors.As(err, &pathErr) {
		return pathErr.Err.Error()
	}
	return err.Error()
}

// readFile reads a regular file of at most limit bytes. It never waits: a pipe or device is refused unopened.
func readFile(path string, limit int64) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, manuscript.Faultf(1, "cannot be read (%s); check that it exists and its permissions", reason(err))
	}
	if !info.Mode().IsRegular() {
		return nil, manuscript.Faultf(1, "is not an ordinary file; copy its content into one")
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, manuscript.Faultf(1, "cannot be read (%s); check its permissions", reason(err))
	}
	defer f.Close()
	raw, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return nil, manuscript.Faultf(1, "cannot be read (%s); check the disk", reason(err))
	}
	if int64(len(raw)) > limit {
		return nil, manuscript.Faultf(1, "is longer than %d KiB; split it, or keep pictures in files of their own", limit>>10)
	}
	return raw, nil
}
