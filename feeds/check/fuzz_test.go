package check

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"
)

func FuzzCheck(f *testing.F) {
	f.Add([]byte(goodRDF), "application/rdf+xml", "general")
	for _, doc := range good {
		f.Add([]byte(doc), "application/xml; charset=utf-8", "")
	}
	for _, e := range examples() {
		if doc := strings.Replace(e.base, e.old, e.new, 1); len(doc)+len(e.new) < 5000 {
			if e.base == "" {
				doc = e.new
			}
			f.Add([]byte(strings.ReplaceAll(doc, "¶", "")), e.o.Type, e.o.Flavour)
		}
	}
	f.Add([]byte("\xFF\xFE<\x00r\x00s\x00s\x00"), "", "yandex")
	f.Fuzz(func(t *testing.T, doc []byte, mediaType, flavour string) {
		inspect(t, doc, Check(doc, Options{Type: mediaType, Flavour: flavour, Now: testNow}))
	})
}

// inspect looks for what is wrong with any report, whatever the document.
func inspect(t *testing.T, doc []byte, r Report) {
	t.Helper()
	lines := 1 + bytes.Count(doc, []byte("\n")) + bytes.Count(doc, []byte("\r"))
	if len(r.Findings) > maxFindings+1 {
		t.Errorf("findings = %d", len(r.Findings))
	}
	if mediaTypes[r.Kind] == nil && r.Kind != "unknown" {
		t.Errorf("kind = %q", r.Kind)
	}
	for _, f := range r.Findings {
		rule := ruleNamed(f.Rule)
		switch {
		case f.Line < 1 || f.Line > lines:
			t.Errorf("line %d of %d: %+v", f.Line, lines, f)
		case rule.Mend == "" || f.Mend != rule.Mend || f.Severity != rule.Severity || !strings.HasPrefix(f.Text, rule.What):
			t.Errorf("not by the rule: %+v", f)
		case len(f.Text) > len(rule.What)+1500 || !utf8.ValidString(f.Text) || strings.ContainsAny(f.Text, "\n\r\x00"):
			t.Errorf("no sentence: %+v", f)
		}
	}
}

// TestFeedsOfOthersAreCheckedThrough takes the documents of gofeed's own tests, which nobody here has made.
func TestFeedsOfOthersAreCheckedThrough(t *testing.T) {
	dir, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/mmcdole/gofeed").Output()
	if err != nil || len(bytes.TrimSpace(dir)) == 0 {
		t.Skipf("gofeed's documents are not in the module cache: %v", err)
	}
	files := 0
	err = filepath.WalkDir(filepath.Join(strings.TrimSpace(string(dir)), "testdata"), func(path string, d os.DirEntry, err error) error {
		if ext := filepath.Ext(path); err != nil || d.IsDir() || ext != ".xml" && ext != ".json" {
			return err
		}
		doc, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		files++
		r := Check(doc, Options{Now: testNow})
		inspect(t, doc, r)
		if r.Kind == "unknown" && len(r.Findings) == 0 {
			t.Errorf("%s is unknown, and nothing is found", path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if files < 500 {
		t.Errorf("only %d files", files)
	}
}
