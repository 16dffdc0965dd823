package templates

import (
	"errors"
	"fmt"
	html "html/template"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"sort"
	"strings"
	text "text/template"
)

// shared are the files of pages/ that define parts and are no page themselves.
var shared = []string{"base.html", "parts.html", "mail-parts.html"}

// source reads a template from the operator's folder, else from the binary.
type source struct{ overrides string }

// read returns the file and the name it goes by in errors.
func (s source) read(name string) (label, body string, err error) {
	if s.overrides != "" {
		label = filepath.Join(s.overrides, filepath.FromSlash(name))
		b, err := os.ReadFile(label)
		if err == nil {
			return label, string(b), nil
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return "", "", fmt.Errorf("read template: %w", err)
		}
	}
	b, err := embedded.ReadFile(name)
	if err != nil {
		return "", "", fmt.Errorf("read template: %w", err)
	}
	return "templates/" + name, string(b), nil
}

// check refuses a folder that cannot be read, and files in it that would replace nothing: a misspelt name would
// otherwise be ignored in silence. Assets may be new, and hidden files are the operator's own business.
func (s source) check() error {
	if s.overrides == "" {
		return nil
	}
	return fs.WalkDir(os.DirFS(s.overrides), ".", func(p string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return fmt.Errorf("templates folder %s: %w", s.overrides, err)
		case p != "." && strings.HasPrefix(d.Name(), "."):
			if d.IsDir() {
				return fs.SkipDir
			}
			return nil
		case d.IsDir() || strings.HasPrefix(p, "assets/") || path.Dir(p) == "messages" && path.Ext(p) == ".toml":
			return nil
		}
		if _, err := fs.Stat(embedded, p); err != nil || strings.HasPrefix(p, "messages/") {
			return fmt.Errorf("templates folder %s: %s replaces nothing; these can be replaced: assets/…, messages/LANGUAGE.toml, %s",
				s.overrides, p, strings.Join(replaceable(), ", "))
		}
		return nil
	})
}

func replaceable() []string {
	var names []string
	for _, dir := range []string{"pages", "letters"} {
		for _, n := range fileNames(dir) {
			names = append(names, dir+"/"+n)
		}
	}
	return names
}

func fileNames(dir string) []string {
	entries, err := embedded.ReadDir(dir)
	if err != nil {
		return nil
	}
	names := make([]string, 0, len(entries))
	for _, e := range entries {
		names = append(names, e.Name())
	}
	sort.Strings(names)
	return names
}

// parse reads all templates with the functions of one language.
func (s source) parse(lang string) (*words, error) {
	w := &words{map[string]*html.Template{}, map[string]*html.Template{}, map[string]*text.Template{}}
	base := html.New("shared").Funcs(functions(lang))
	for _, name := range shared {
		if _, err := s.addHTML(base, "pages/"+name); err != nil {
			return nil, err
		}
	}
	for _, name := range fileNames("pages") {
		page, err := base.Clone()
		if err != nil {
			return nil, fmt.Errorf("copy the shared templates: %w", err)
		}
		if w.pages[name], err = s.addHTML(page, "pages/"+name); err != nil {
			return nil, err
		}
	}
	for _, name := range shared {
		delete(w.pages, name)
	}
	return w, s.parseLetters(lang, w)
}

func (s source) parseLetters(lang string, w *words) error {
	for _, name := range fileNames("letters") {
		var err error
		if path.Ext(name) == ".html" {
			w.letters[name], err = s.addHTML(html.New("letter").Funcs(functions(lang)), "letters/"+name)
		} else {
			w.texts[name], err = s.addText(lang, "letters/"+name)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// addHTML parses one file under the name that errors should show: the operator's path where it is his.
func (s source) addHTML(t *html.Template, name string) (*html.Template, error) {
	label, body, err := s.read(name)
	if err != nil {
		return nil, err
	}
	added, err := t.New(label).Parse(body)
	if err != nil {
		return nil, fmt.Errorf("parse template: %w", err)
	}
	return added, nil
}

func (s source) addText(lang, name string) (*text.Template, error) {
	label, body, err := s.read(name)
	if err != nil {
		return nil, err
	}
	t, err := text.New(label).Funcs(functions(lang)).Parse(body)
	if err != nil {
		return nil, fmt.Errorf("parse template: %w", err)
	}
	return t, nil
}

// assets is the operator's assets folder in front of ours.
func (s source) assets() fs.FS {
	ours, err := fs.Sub(embedded, "assets")
	if err != nil {
		panic(err) // "assets" is a valid path
	}
	if s.overrides == "" {
		return ours
	}
	return layered{front: os.DirFS(filepath.Join(s.overrides, "assets")), back: ours}
}

// layered is one file system in front of another: a file comes from the first that has it, a folder lists both.
type layered struct{ front, back fs.FS }

func (l layered) Open(name string) (fs.File, error) {
	f, err := l.front.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return l.back.Open(name)
	}
	return f, err
}

func (l layered) ReadDir(name string) ([]fs.DirEntry, error) {
	all, err := fs.ReadDir(l.front, name)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	there := map[string]bool{}
	for _, e := range all {
		there[e.Name()] = true
	}
	behind, backErr := fs.ReadDir(l.back, name)
	if err != nil && backErr != nil {
		return nil, err
	}
	for _, e := range behind {
		if !there[e.Name()] {
			all = append(all, e)
		}
	}
	sort.Slice(all, func(i, j int) bool { return all[i].Name() < all[j].Name() })
	return all, nil
}
