package templates

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
)

func newSet(t testing.TB) *Set {
	t.Helper()
	s, err := New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func templateOf(name string) string {
	base, _, _ := strings.Cut(name, "_")
	return base + ".html"
}

// folder is a folder of overrides with the given files.
func folder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, body := range files {
		if err := os.MkdirAll(filepath.Join(dir, filepath.Dir(name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(body), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestOperatorsFileReplacesOurs(t *testing.T) {
	dir := folder(t, map[string]string{
		"pages/message.html": `{{template "base" .}}{{define "main"}}<h1>Особая страница: {{.MessageHeading}}</h1>{{end}}`,
		"letters/digest.txt": `{{.Subject}} {{.Leave}}` + "\n",
		".git/config":        "hidden files are not ours to judge",
	})
	s, err := New(Options{Overrides: dir})
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := s.Page(&b, "message.html", Page{Site: site(), Language: "ru", Status: 404}); err != nil {
		t.Fatal(err)
	}
	if want := "<h1>Особая страница: Такой страницы нет</h1>"; !strings.Contains(b.String(), want) {
		t.Errorf("page lacks %s:\n%s", want, &b)
	}
	if !strings.Contains(b.String(), `class="masthead"`) {
		t.Error("the page of the operator lost the masthead that he did not replace")
	}
	l, err := s.DigestLetter(digestLetter("ru", 3))
	if err != nil {
		t.Fatal(err)
	}
	if want := l.Subject + " " + digestLetter("ru", 3).Leave + "\n"; l.Text != want {
		t.Errorf("text part = %q, want %q", l.Text, want)
	}
}

func TestBrokenOverrideIsRefusedWithFileAndLine(t *testing.T) {
	for name, c := range map[string]struct{ file, body, want string }{
		"bad syntax":       {"pages/article.html", "{{template \"base\" .}}\n{{define \"main\"}}\n{{if}}\n{{end}}{{end}}", "pages/article.html:3"},
		"unknown field":    {"pages/home.html", "{{template \"base\" .}}\n{{define \"main\"}}\n\n{{.Headlines}}{{end}}", "pages/home.html:4"},
		"unknown function": {"pages/parts.html", "{{define \"more\"}}\n{{shout .}}{{end}}", "pages/parts.html:2"},
		"unknown message":  {"letters/confirm.html", "<p>\n{{t \"no_such_word\"}}", "letters/confirm.html:2"},
		"broken text part": {"letters/digest.txt", "\n\n{{.Edition.Nothing}}", "letters/digest.txt:3"},
		"unsafe place":     {"pages/list.html", "{{template \"base\" .}}\n{{define \"main\"}}\n<a href='{{if .Title}}x'{{end}}>x</a>{{end}}", "pages/list.html"},
		"missing shared":   {"pages/base.html", "{{define \"base\"}}{{template \"nowhere\" .}}{{end}}", "nowhere"},
		"replaces nothing": {"pages/artikle.html", "x", "pages/artikle.html replaces nothing"},
		"outside a folder": {"article.html", "x", "article.html replaces nothing"},
		"no way to leave":  {"letters/digest.html", "<p>{{.Edition.Subject}}</p>", "letter digest.html: it has no link to unsubscribe"},
		"broken words":     {"messages/ru.toml", "x", "messages/ru.toml: toml: line 1"},
		"a misspelt word":  {"messages/de.toml", "mroe = \"Mehr\"", "messages/de.toml:1: mroe: no page or letter has such a text"},
		"a value left out": {"messages/de.toml", "older = \"Mehr {1}\"", "messages/de.toml:1: older: the value {1} must stand in it exactly if"},
		"a plural without": {"messages/de.toml", "[reads]\none = \"{1} Aufruf\"", "messages/de.toml:1: reads: a plural needs the form"},
		"no language":      {"messages/deutsch.toml", "more = \"x\"", "messages/deutsch.toml: the file must be named by its language"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := folder(t, map[string]string{c.file: c.body})
			_, err := New(Options{Overrides: dir})
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error = %v, want one with %q", err, c.want)
			}
		})
	}
}

func TestMissingOverridesFolderIsRefused(t *testing.T) {
	_, err := New(Options{Overrides: filepath.Join(t.TempDir(), "nowhere")})
	if err == nil || !strings.Contains(err.Error(), "nowhere") {
		t.Errorf("error = %v, want one that names the folder", err)
	}
}

func TestOperatorsAssetsLieInFrontOfOurs(t *testing.T) {
	dir := folder(t, map[string]string{"assets/style.css": "body{}", "assets/logo/mark.svg": "<svg/>"})
	s, err := New(Options{Overrides: dir})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	err = fs.WalkDir(s.Assets(), ".", func(name string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			names = append(names, name)
		}
		return err
	})
	if want := []string{"favicon.svg", "feed.css", "feeds.js", "logo/mark.svg", "style.css"}; err != nil || !slices.Equal(names, want) {
		t.Errorf("assets = %v, %v; want %v", names, err, want)
	}
	if b, err := fs.ReadFile(s.Assets(), "style.css"); err != nil || string(b) != "body{}" {
		t.Errorf("style.css = %q, %v; want the operator's", b, err)
	}
	if err := fstest.TestFS(newSet(t).Assets(), "style.css", "feed.css", "feeds.js", "favicon.svg"); err != nil {
		t.Error(err)
	}
}

func TestFailingPageWritesNothing(t *testing.T) {
	dir := folder(t, map[string]string{"pages/message.html": "<p>begun</p>{{index .List 7}}"})
	if _, err := New(Options{Overrides: dir}); err == nil {
		t.Fatal("New took a page that fails on empty lists")
	}
	w, err := source{overrides: dir}.parse("ru")
	if err != nil {
		t.Fatal(err)
	}
	s := &Set{words: map[string]*words{"ru": w}}
	var b bytes.Buffer
	if err := s.Page(&b, "message.html", Page{Language: "ru"}); err == nil {
		t.Error("no error from a failing page")
	}
	if b.Len() > 0 {
		t.Errorf("half a page was written: %q", &b)
	}
	if err := s.Page(&b, "nowhere.html", Page{Language: "ru"}); err == nil {
		t.Error("no error for a page that does not exist")
	}
}

type closed struct{}

func (closed) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }

func TestPageReportsAWriterThatFails(t *testing.T) {
	if err := newSet(t).Page(closed{}, "home.html", page("ru")); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("error = %v, want %v", err, io.ErrClosedPipe)
	}
}

func TestSetIsSafeForConcurrentUse(t *testing.T) {
	s := newSet(t)
	pages := pictures("ru")
	want := map[string]string{}
	for name, p := range pages {
		var b bytes.Buffer
		if err := s.Page(&b, templateOf(name), p); err != nil {
			t.Fatal(err)
		}
		want[name] = b.String()
	}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for name, p := range pages { // the same lists in all goroutines: rendering must not change them
				var b bytes.Buffer
				if err := s.Page(&b, templateOf(name), p); err != nil || b.String() != want[name] {
					t.Errorf("%s: differs when rendered beside others (%v)", name, err)
				}
			}
			if _, err := s.DigestLetter(digestLetter("en", 20)); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}
