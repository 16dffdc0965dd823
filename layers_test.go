package vestnik_test

import (
	"os/exec"
	"strings"
	"testing"
)

// rows is the table of ARCHITECTURE.md: a package imports only from lower rows.
var rows = map[string]int{
	"cmd/vestnik": 5,
	"web":         4,
	"digest":      3, "sources": 3,
	"subscribers": 2, "subscribers/consent": 2, "subscribers/sheets": 2, "subscribers/limits": 2, "websub": 2,
	"articles": 1, "articles/files": 1, "articles/manuscript": 1, "articles/pages": 1, "articles/clean": 1, "articles/related": 1,
	"articles/words": 1, "articles/search": 1,
	"reads": 1, "reads/logs": 1, "reads/addresses": 1, "mail": 1, "feeds": 1, "feeds/check": 1, "templates": 1,
	"db": 0, "db/schema": 0, "db/dbtest": 0, "language": 0, "fetch": 0,
	"mail/wire": 0, "mail/mailtest": 0,
}

func TestPackagesImportOnlyFromLowerRows(t *testing.T) {
	out, err := exec.Command("go", "list", "-f", `{{.ImportPath}}:{{join .Imports " "}}`, "./...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	for line := range strings.Lines(string(out)) {
		name, imports, _ := strings.Cut(strings.TrimSpace(line), ":")
		if name == "vestnik" {
			continue // this test's own package
		}
		from := strings.TrimPrefix(name, "vestnik/")
		row, known := rows[from]
		if !known {
			t.Errorf("package %s has no row: give it one here and in ARCHITECTURE.md, and say there why it is needed", from)
		}
		for _, imported := range strings.Fields(imports) {
			to, ours := strings.CutPrefix(imported, "vestnik/")
			if !ours || family(from) == family(to) {
				continue
			}
			if rows[to] >= row {
				t.Errorf("%s (row %d) imports %s (row %d): move what it needs down, or hand it in from above", from, row, to, rows[to])
			}
			if to != family(to) && from != "cmd/vestnik" {
				t.Errorf("%s imports %s: x/y is for x, for cmd and for tests", from, to)
			}
		}
	}
}

// family is the top-level folder: db for db/schema.
func family(name string) string {
	top, _, _ := strings.Cut(name, "/")
	return top
}
