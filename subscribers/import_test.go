package subscribers

import (
	"bytes"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"vestnik/db"
	"vestnik/db/dbtest"
)

func importText(t testing.TB, d *db.DB, text string, o ImportOptions) Report {
	t.Helper()
	report, err := Import(ctx, d, strings.NewReader(text), "readers.csv", o, now)
	if err != nil {
		t.Fatal(err)
	}
	if sum := report.Added + report.Updated + report.Unchanged + report.Skipped + report.Failed; sum != report.Lines {
		t.Errorf("the report does not add up: %+v", report)
	}
	return report
}

// numbers are a report's, for comparison.
func numbers(r Report) string {
	return fmt.Sprintf("lines %d added %d updated %d unchanged %d skipped %d failed %d pending %d letters %d",
		r.Lines, r.Added, r.Updated, r.Unchanged, r.Skipped, r.Failed, r.Pending, r.Letters)
}

func TestImportTakesGoodLinesAndReportsBadOnes(t *testing.T) {
	d, v := dbtest.Open(t), newVerbs(t)
	text := "\xEF\xBB\xBFstatus;digests;email;name\r\n" +
		"active;daily;Ann@x.org;Анна\r\n" + // 2
		"pending;weekly daily;bob@x.org;\"Bob\nLee \"\"B\"\"\"\r\n" + // 3, 4
		";daily;cid@пример.рф;\r\n" + // 5
		";;;\r\n" + // blank
		"active;hourly;d@x.org;\r\n" + // 7
		"gone;daily;e@x.org;\r\n" + // 8
		"active;daily;nobody;\r\n" + // 9
		"active;;f@x.org;\r\n" + // 10
		"active;daily;g@x.org\r\n" + // 11
		"active;daily;h@x.org;a\"b\r\n" + // 12
		"active;daily;i@x.org;\xE0\xED\r\n" + // 13
		"ACTIVE; daily  daily ; Ann@X.org ;\r\n" + // 14: ann again
		"active;daily;😀@x.org;\r\n" // 15
	report := importText(t, d, text, ImportOptions{Verbs: v, Basis: "paper forms"})
	if got, want := numbers(report), "lines 12 added 3 updated 0 unchanged 1 skipped 0 failed 8 pending 3 letters 0"; got != want {
		t.Errorf("report: %s, want %s", got, want)
	}
	wants := map[int]string{7: "hourly", 8: "gone", 9: "no @", 10: "no digest", 11: "3 fields", 12: "quote", 13: "UTF-8", 15: "Latin"}
	for _, p := range report.Problems {
		if want := wants[p.Line]; want == "" || !strings.Contains(p.Message, want) {
			t.Errorf("line %d: %q, want something of %q", p.Line, p.Message, want)
		}
		delete(wants, p.Line)
	}
	if len(wants) > 0 {
		t.Errorf("no problem reported for %v", wants)
	}
	bob := find(t, d, "bob@x.org")
	if bob.Name != `Bob Lee "B"` || bob.Subscription("daily").State != Pending || bob.Subscription("weekly").State != Pending {
		t.Errorf("bob = %+v", bob)
	}
	if got := stateIn(t, d, "ann@x.org", "daily"); got != Active {
		t.Errorf("ann is %q, want active", got)
	}
	all, err := Consent(ctx, d, find(t, d, "ann@x.org").ID)
	if err != nil || len(all) != 1 || all[0].Basis != "paper forms; file readers.csv" || all[0].Verb != "import" {
		t.Errorf("ann's consent = %+v, %v", all, err)
	}
}

func TestImportRefusesAFileThatItCannotRead(t *testing.T) {
	d, v := dbtest.Open(t), newVerbs(t)
	for text, want := range map[string]string{
		"":                                      "empty",
		"name,digests\n":                        "email is missing",
		"email,digests,phone\n":                 `"phone" is not known`,
		"email,digests,email\n":                 "twice",
		"ann@x.org,Ann,daily,active\n":          "not known",
		"\"email,digests\n":                     "quote",
		"email,name,digests,status,,\nx,,,,,\n": "not known",
	} {
		_, err := Import(ctx, d, strings.NewReader(text), "readers.csv", ImportOptions{Verbs: v}, now)
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "readers.csv: line 1: ") {
			t.Errorf("%q: error %v, want file, line and %q", text, err, want)
		}
	}
	if _, err := Import(ctx, d, brokenFile{strings.NewReader("email,digests\nann@x.org,daily\n")}, "readers.csv", ImportOptions{Verbs: v}, now); err == nil || !strings.Contains(err.Error(), "disk gone") {
		t.Errorf("a reader that breaks: %v", err)
	}
	if n := count(t, d, `SELECT COUNT(*) FROM subscribers`); n != 0 {
		t.Errorf("%d subscribers came in, want 0", n)
	}
}

// brokenFile fails where its text ends.
type brokenFile struct{ *strings.Reader }

func (f brokenFile) Read(p []byte) (int, error) {
	n, err := f.Reader.Read(p)
	if errors.Is(err, io.EOF) {
		err = errors.New("disk gone")
	}
	return n, err
}

func TestImportingAgainChangesNothing(t *testing.T) {
	d, v := dbtest.Open(t), newVerbs(t)
	text := "email,name,digests,status\na@x.org,A,daily weekly,active\nb@x.org,B,daily,pending\na@x.org,A,extra,pending\n"
	o := ImportOptions{Verbs: v, Basis: "forms", SendConfirmations: true}
	first := importText(t, d, text, o)
	if got, want := numbers(first), "lines 3 added 2 updated 1 unchanged 0 skipped 0 failed 0 pending 2 letters 2"; got != want {
		t.Errorf("first: %s, want %s", got, want)
	}
	before := rowCounts(t, d)
	again := importText(t, d, text, o)
	if got, want := numbers(again), "lines 3 added 0 updated 0 unchanged 3 skipped 0 failed 0 pending 0 letters 0"; got != want {
		t.Errorf("again: %s, want %s", got, want)
	}
	if after := rowCounts(t, d); after != before {
		t.Errorf("rows in all tables: %s, then %s", before, after)
	}
	more := importText(t, d, "email,name,digests,status\nb@x.org,Bob,daily,active\n", o)
	if got := find(t, d, "b@x.org"); more.Updated != 1 || got.Name != "Bob" || got.Subscription("daily").State != Active {
		t.Errorf("pending, then active = %s, %+v", numbers(more), got)
	}
}

func rowCounts(t testing.TB, d *db.DB) string {
	var all []string
	for _, table := range []string{"subscribers", "subscriptions", "consent", "tokens", "letters", "masters"} {
		all = append(all, fmt.Sprintf("%s %d", table, count(t, d, "SELECT COUNT(*) FROM "+table)))
	}
	return strings.Join(all, ", ")
}

func TestImportRevivesNobody(t *testing.T) {
	d, v := dbtest.Open(t), newVerbs(t)
	addActive(t, d, v, "daily", "left@x.org", "barred@x.org", "half@x.org", "erased@x.org", "active@x.org")
	leaveAll(t, d, "left@x.org")
	leaveAll(t, d, "half@x.org")
	inTx(t, d, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `UPDATE subscribers SET state = $1 WHERE email_key = $2`, stateErased, "erased@x.org"); err != nil {
			return err
		}
		if err := Suppress(ctx, tx, "barred@x.org", "complaint", now); err != nil {
			return err
		}
		return Suppress(ctx, tx, "unknown@x.org", "complaint", now)
	})
	text := "email,name,digests,status\nleft@x.org,New,daily,active\nBarred@x.org,,weekly,active\nunknown@x.org,,daily,pending\n" +
		"half@x.org,,daily weekly,active\nerased@x.org,,daily,active\nactive@x.org,,daily,pending\n"
	report := importText(t, d, text, ImportOptions{Verbs: v, Basis: "an old list", SendConfirmations: true})
	if got, want := numbers(report), "lines 6 added 0 updated 1 unchanged 1 skipped 4 failed 0 pending 0 letters 0"; got != want {
		t.Errorf("report: %s, want %s", got, want)
	}
	for email, want := range map[string]string{"left": Left, "barred": Active, "half": Left, "active": Active, "unknown": ""} {
		if got := stateIn(t, d, email+"@x.org", "daily"); got != want {
			t.Errorf("%s is %q, want %q as before", email, got, want)
		}
	}
	if got := stateIn(t, d, "barred@x.org", "weekly"); got != "" {
		t.Errorf("the suppressed address got weekly: %q", got)
	}
	if got := find(t, d, "left@x.org").Name; got != "" {
		t.Errorf("the name of one who left became %q", got)
	}
	if got := stateIn(t, d, "half@x.org", "weekly"); got != Active {
		t.Errorf("half has weekly %q, want active: only daily was left", got)
	}
	if len(report.Skips) != 5 || !strings.Contains(report.Skips[0].Message, "left@x.org has left daily") || report.Skips[0].Line != 2 {
		t.Errorf("skips = %+v", report.Skips)
	}
}

func TestImportSendsConfirmationsIfAskedTo(t *testing.T) {
	for _, send := range []bool{true, false} {
		d, v := dbtest.Open(t), newVerbs(t)
		var text strings.Builder
		text.WriteString("email,digests\n")
		for i := range batchLines + 100 {
			fmt.Fprintf(&text, "r%d@x.org,daily\n", i)
		}
		report := importText(t, d, text.String(), ImportOptions{Verbs: v, SendConfirmations: send})
		want := 0
		if send {
			want = batchLines + 100
		}
		if report.Letters != want || report.Pending != batchLines+100 || count(t, d, `SELECT COUNT(*) FROM letters`) != int64(want) {
			t.Errorf("send %v: %s", send, numbers(report))
		}
		if !send {
			continue
		}
		if n := count(t, d, `SELECT COUNT(*) FROM masters`); n != 1 {
			t.Errorf("%d master copies, want one that all letters share", n)
		}
		last := fmt.Sprintf("r%d@x.org", batchLines+50)
		token := letters(t, d, last)[0].Private
		if s, _, err := confirm(t, d, token, now.Add(time.Hour)); err != nil || s.Email != last {
			t.Errorf("confirming an imported address: %q, %v", s.Email, err)
		}
	}
}

func TestActiveLinesNeedABasis(t *testing.T) {
	d, v := dbtest.Open(t), newVerbs(t)
	report := importText(t, d, "email,digests,status\na@x.org,daily,active\nb@x.org,daily,pending\n", ImportOptions{Verbs: v, Basis: " "})
	if report.Failed != 1 || report.Added != 1 || !strings.Contains(report.Problems[0].Message, "basis") {
		t.Errorf("report: %s, %+v", numbers(report), report.Problems)
	}
}

func TestAReportNamesAThousandProblemsAndCountsAll(t *testing.T) {
	d, v := dbtest.Open(t), newVerbs(t)
	report := importText(t, d, "email,digests\n"+strings.Repeat("x,daily\n", 2500)+"a@x.org,daily\n", ImportOptions{Verbs: v})
	if report.Failed != 2500 || len(report.Problems) != 1000 || report.Added != 1 {
		t.Errorf("report: %s with %d problems", numbers(report), len(report.Problems))
	}
}

func sampleCSV(n int) []byte {
	var b bytes.Buffer
	b.WriteString("email,name,digests,status\n")
	for i := range n {
		fmt.Fprintf(&b, "reader%d@example.org,Читатель %d,daily,active\n", i, i)
	}
	return b.Bytes()
}

func TestImportOfManyLinesReportsProgress(t *testing.T) {
	d, v := dbtest.Open(t), newVerbs(t)
	n := batchLines + 1000
	if testing.Short() { // under the race detector SQLite is thirty times slower
		n = 1200
	}
	data := sampleCSV(n)
	var last int64
	steps := 0
	o := ImportOptions{Verbs: v, Basis: "moved from the old system", Progress: func(read int64) {
		if read < last {
			t.Errorf("progress went back from %d to %d", last, read)
		}
		last = read
		steps++
	}}
	report, err := Import(ctx, d, bytes.NewReader(data), "many.csv", o, now)
	if err != nil || report.Added != n || last != int64(len(data)) || steps != n/batchLines+1 {
		t.Errorf("%s, %v; %d of %d bytes in %d steps", numbers(report), err, last, len(data), steps)
	}
	if got, want := rowCounts(t, d), fmt.Sprintf("subscribers %d, subscriptions %d, consent %d, tokens 0, letters 0, masters 0", n, n, n); got != want {
		t.Errorf("rows: %s, want %s", got, want)
	}
}
