package subscribers

import (
	"bytes"
	"database/sql"
	"errors"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"vestnik/db"
	"vestnik/db/dbtest"
)

func export(t testing.TB, d *db.DB, f ListFilter) string {
	t.Helper()
	var b bytes.Buffer
	lines, err := ExportCSV(ctx, d, &b, f)
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Count(b.String(), "\n") - 1; got != lines {
		t.Errorf("ExportCSV says %d lines and wrote %d", lines, got)
	}
	return b.String()
}

func TestExportAndImportRoundTrip(t *testing.T) {
	d, v := dbtest.Open(t), newVerbs(t)
	text := "email,name,digests,status\n" +
		"Ann@x.org,Анна,daily weekly,active\n" +
		"Ann@x.org,Анна,extra,pending\n" +
		"zed@xn--e1afmkfd.xn--p1ai,\"Z, \"\"z\"\"\",daily,pending\n" +
		"'=1+1@x.org,'=HYPERLINK(1),daily,active\n" +
		"'+7@x.org,''-minus,daily,active\n" +
		"'o@x.org,'o,daily,active\n" +
		"b@x.org,,daily,active\n"
	importText(t, d, text, ImportOptions{Verbs: v, Basis: "forms"})
	if got := find(t, d, "=1+1@x.org").Name; got != "=HYPERLINK(1)" {
		t.Errorf("the name came in as %q", got)
	}
	addActive(t, d, v, "daily", "left@x.org", "barred@x.org")
	leaveAll(t, d, "left@x.org")
	inTx(t, d, func(tx *sql.Tx) error { return Suppress(ctx, tx, "barred@x.org", "complaint", now) })
	if got := export(t, d, ListFilter{}); got != text {
		t.Errorf("export:\n%swant:\n%s", got, text)
	}
	if got, want := export(t, d, ListFilter{State: Left}), "email,name,digests,status\nleft@x.org,,daily,left\n"; got != want {
		t.Errorf("those who left:\n%swant:\n%s", got, want)
	}
	if got, want := export(t, d, ListFilter{Digest: "daily", State: Active, Limit: 1}), "email,name,digests,status\nAnn@x.org,Анна,daily,active\n"; got != want {
		t.Errorf("one of daily:\n%swant:\n%s", got, want)
	}
	empty := dbtest.Open(t)
	importText(t, empty, export(t, d, ListFilter{}), ImportOptions{Verbs: v, Basis: "moved"})
	if got := export(t, empty, ListFilter{}); got != text {
		t.Errorf("export, import, export:\n%swant:\n%s", got, text)
	}
}

func TestExportGoesThroughAllPages(t *testing.T) {
	d, v := dbtest.Open(t), newVerbs(t)
	text := string(sampleCSV(2001))
	importText(t, d, text, ImportOptions{Verbs: v, Basis: "forms"})
	if got := export(t, d, ListFilter{}); got != text {
		t.Errorf("the export of 2,001 differs: %d bytes, want %d", len(got), len(text))
	}
	if got := export(t, d, ListFilter{Limit: 1500}); strings.Count(got, "\n") != 1501 {
		t.Errorf("%d lines, want 1,501", strings.Count(got, "\n"))
	}
}

func TestExportStopsWhenItCannotWrite(t *testing.T) {
	d, v := dbtest.Open(t), newVerbs(t)
	addActive(t, d, v, "daily", "a@x.org")
	if _, err := ExportCSV(ctx, d, fullDisk{}, ListFilter{}); err == nil || !strings.Contains(err.Error(), "disk full") {
		t.Errorf("error %v, want disk full", err)
	}
}

type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, errors.New("disk full") }

func TestCellsAreInertAndComeBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cell := rapid.OneOf(rapid.String(), rapid.StringMatching(`'*[=+@\t\r-]?[a-z']*`)).Draw(t, "cell")
		safe := inert(cell)
		if safe != "" && strings.IndexByte(formula, safe[0]) >= 0 {
			t.Fatalf("inert(%q) = %q is still a formula", cell, safe)
		}
		if got := bare(safe); got != cell {
			t.Fatalf("bare(inert(%q)) = %q", cell, got)
		}
	})
}
