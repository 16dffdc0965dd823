package subscribers

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"vestnik/db"
	"vestnik/db/dbtest"
	"vestnik/mail"
	"vestnik/subscribers/sheets"
)

func TestAnInterruptedImportGoesOnAfterItsLastBatch(t *testing.T) {
	d, v := dbtest.Open(t), newVerbs(t)
	var text strings.Builder
	text.WriteString("email,name,digests,status\n")
	n := 2*batchLines + 500
	for i := range n {
		if i%1000 == 7 {
			text.WriteString("nobody,,daily,active\n")
		} else {
			fmt.Fprintf(&text, "r%d@x.org,,daily,active\n", i)
		}
	}
	rejects := filepath.Join(t.TempDir(), "r.rejects.csv")
	interrupted, stop := context.WithCancel(ctx)
	o := ImportOptions{Verbs: v, Basis: "forms", Rejects: rejects, Progress: func(int64) { stop() }}
	first, err := Import(interrupted, d, strings.NewReader(text.String()), "r.csv", o, now)
	if !errors.Is(err, context.Canceled) || first.Lines == 0 || first.Lines == n {
		t.Fatalf("interrupted: %v, %s", err, numbers(first))
	}
	f, err := os.OpenFile(rejects, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	f.WriteString("of a batch that was never committed\n")
	f.Close()
	o.Progress = nil
	second, err := Import(ctx, d, strings.NewReader(text.String()), "r.csv", o, now)
	if err != nil || second.Earlier != first.Lines || second.Lines != n-first.Lines || second.Unchanged != 0 {
		t.Errorf("going on: %v, earlier %d, %s", err, second.Earlier, numbers(second))
	}
	bad := (n-8)/1000 + 1
	if got := count(t, d, `SELECT COUNT(*) FROM subscribers`); got != int64(n-bad) {
		t.Errorf("%d subscribers, want %d", got, n-bad)
	}
	data, err := os.ReadFile(rejects)
	if err != nil || strings.Count(string(data), "\n") != bad+1 || strings.Contains(string(data), "never committed") {
		t.Errorf("rejects: %v\n%s", err, data)
	}
	if info, err := os.Stat(rejects); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the rejects may be read by others: %v", info.Mode())
	}
	before := rowCounts(t, d)
	third, err := Import(ctx, d, strings.NewReader(text.String()), "r.csv", o, now)
	if err != nil || third.Earlier != 0 || third.Unchanged != n-bad || rowCounts(t, d) != before {
		t.Errorf("once more: %v, %s", err, numbers(third))
	}
	if !strings.HasSuffix(third.Rejects, "r.rejects-2.csv") {
		t.Errorf("rejects that may be in the mending were written over: %q", third.Rejects)
	}
}

func TestRejectsGoOnInTheFileThatAnErasureHasPutInTheirPlace(t *testing.T) {
	d, v := dbtest.Open(t), newVerbs(t)
	var text strings.Builder
	text.WriteString("email,name,digests,status\ngone@x.org,,nosuch,active\nkept@x.org,,nosuch,active\n")
	for i := range 2 * batchLines {
		fmt.Fprintf(&text, "r%d@x.org,,daily,active\n", i)
	}
	text.WriteString("last@x.org,,nosuch,active\n")
	o := ImportOptions{Verbs: v, Basis: "forms", Rejects: filepath.Join(t.TempDir(), "r.rejects.csv")}
	erased := 0
	o.Progress = func(int64) {
		if swept, err := v.EraseFromFiles(ctx, d, "gone@x.org"); err != nil {
			t.Error(err)
		} else {
			erased += swept.Lines
		}
	}
	report := importText(t, d, text.String(), o)
	data, err := os.ReadFile(o.Rejects)
	if err != nil || erased != 1 || report.Rejects != o.Rejects || strings.Contains(string(data), "gone@") ||
		strings.Count(string(data), "kept@") != 2 || strings.Count(string(data), "last@") != 2 || strings.Count(string(data), "problem") != 1 {
		t.Errorf("erased %d, %v, rejects in %s:\n%s", erased, err, report.Rejects, data)
	}
	var noted int64
	if err := d.QueryRowContext(ctx, `SELECT rejected FROM subscriber_imports`).Scan(&noted); err != nil || noted != int64(len(data)) {
		t.Errorf("the import notes %d bytes of %d, %v", noted, len(data), err)
	}
	if leftovers, _ := filepath.Glob(filepath.Join(filepath.Dir(o.Rejects), "*")); len(leftovers) != 1 {
		t.Errorf("files: %q", leftovers)
	}
}

func TestRejectsAreMendedAndImported(t *testing.T) {
	d, v := dbtest.Open(t), newVerbs(t)
	path := filepath.Join(t.TempDir(), "r.rejects.csv")
	o := ImportOptions{Verbs: v, Basis: "forms", Rejects: path}
	report := importText(t, d, "email;name;digests;status\nann@x;Анна;daily;active\nbob@x.org;\"Bob;daily;active\nc@x.org;C;daily;active\n", o)
	if report.Failed != 2 || report.Added != 1 || report.Rejects != path {
		t.Fatalf("report: %+v", report)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	want := "email;name;digests;status;problem\nann@x;Анна;daily;active;\"\"\"ann@x\"\": not a usable e-mail address"
	if !strings.HasPrefix(string(data), want) || !strings.Contains(string(data), "\nbob@x.org;Bob;daily;active;\"a quote is not closed") {
		t.Fatalf("rejects:\n%s", data)
	}
	mended := strings.Replace(string(data), "\nann@x;", "\nann@x.org;", 1)
	report = importText(t, d, mended, o)
	if report.Failed != 0 || report.Added != 2 || report.Rejects != "" {
		t.Errorf("the mended file: %+v", report)
	}
	still := strings.Replace(string(data), ";daily;", ";hourly;", -1)
	report = importText(t, d, still, o)
	again, _ := os.ReadFile(report.Rejects)
	if report.Failed != 2 || !strings.HasPrefix(string(again), "email;name;digests;status;problem\n") || strings.Count(string(again), "usable") != 1 {
		t.Errorf("rejects of rejects: %s\n%s", report.Rejects, again)
	}
}

func TestARehearsalSaysTheSameAndChangesNothing(t *testing.T) {
	v := newVerbs(t)
	text := "email,name,digests,status\na@x.org,A,daily,active\na@x.org,A,weekly,pending\nleft@x.org,,daily,active\nknown@x.org,New,daily weekly,active\nbarred@x.org,,daily,active\n" +
		"nobody,,daily,active\nb@x.org,,daily,left\ngone@x.org,,daily,active\nnot-me@x.org,,daily,pending\n" + strings.Repeat("dup@x.org,,daily,active\n", batchLines) + "a@x.org,B,extra,active\n"
	var reports []string
	for _, rehearse := range []bool{true, false} {
		d := dbtest.Open(t)
		addActive(t, d, v, "daily", "left@x.org", "known@x.org")
		leaveAll(t, d, "left@x.org")
		inTx(t, d, func(tx *sql.Tx) error { return Suppress(ctx, tx, "barred@x.org", "complaint", now) })
		forget(t, d, v, "gone@x.org", "not-me@x.org")
		o := ImportOptions{Verbs: v, Basis: "forms", SendConfirmations: true, Suppress: true}
		before := rowCounts(t, d)
		if rehearse {
			o.Scratch, o.Rejects = dbtest.OpenSQLite(t), filepath.Join(t.TempDir(), "r")
		}
		report := importText(t, d, text, o)
		reports = append(reports, numbers(report)+fmt.Sprint(report.Skips, report.Problems))
		if after := rowCounts(t, d); rehearse && (after != before || count(t, d, `SELECT COUNT(*) FROM subscriber_imports`) != 0) {
			t.Errorf("a rehearsal changed %s into %s", before, after)
		}
		if rehearse && report.Rejects != "" {
			t.Errorf("a rehearsal wrote %s", report.Rejects)
		}
	}
	if reports[0] != reports[1] {
		t.Errorf("the rehearsal said\n%s\nand the import\n%s", reports[0], reports[1])
	}
}

func TestAnImportLeavesTheWritersSettingsAsTheyWere(t *testing.T) {
	d, v := dbtest.OpenSQLite(t), newVerbs(t)
	settings := func() (all string) {
		inTx(t, d, func(tx *sql.Tx) error { // the writer's
			for _, name := range []string{"cache_size", "wal_autocheckpoint", "temp_store"} {
				var value int64
				if err := tx.QueryRowContext(ctx, "PRAGMA "+name).Scan(&value); err != nil {
					return err
				}
				all += fmt.Sprintf("%s %d; ", name, value)
			}
			return nil
		})
		return all
	}
	before := settings()
	importText(t, d, "email,digests,status\na@x.org,daily,active\n", ImportOptions{Verbs: v, Basis: "b", Progress: func(int64) {
		if settings() == before {
			t.Error("the import runs with the settings of a daemon")
		}
	}})
	if after := settings(); after != before {
		t.Errorf("afterwards: %s before: %s", after, before)
	}
}

// forget makes the first address one that was erased, and the second one whose owner said "this was not me".
func forget(t *testing.T, d *db.DB, v Verbs, gone, notMe string) {
	inTx(t, d, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO forgotten (hash, reason, since) VALUES ($1, '', 1)`, v.Keys.hash(gone))
		if err == nil {
			_, err = tx.ExecContext(ctx, `INSERT INTO join_blocks (hash, since) VALUES ($1, 1)`, v.Keys.hash(notMe))
		}
		return err
	})
}

func TestNobodyComesBackWhoIsKnownByAHashAlone(t *testing.T) {
	d, v := dbtest.Open(t), newVerbs(t)
	forget(t, d, v, "gone@x.org", "not-me@x.org")
	report := importText(t, d, "email,digests,status\nGone@x.org,daily,active\nnot-me@x.org,daily,pending\nNot-me@x.org,weekly,active\n",
		ImportOptions{Verbs: v, Basis: "an old list", SendConfirmations: true})
	if got, want := numbers(report), "lines 3 added 1 updated 0 unchanged 0 skipped 2 failed 0 pending 0 letters 0"; got != want {
		t.Errorf("report: %s, want %s", got, want)
	}
	if !strings.Contains(report.Skips[0].Message, "erased") || !strings.Contains(report.Skips[1].Message, "no confirmation letters") {
		t.Errorf("skips: %+v", report.Skips)
	}
}

const listmonkFile = "uuid,email,name,attributes,status,created_at,updated_at\n" +
	"6A5F6F5E-2c1d-4b7e-9b59-0f2d3c4b5a69,ann@x.org,Анна,{},enabled,2024-01-15 10:00:00.123456 +0000 UTC,2024-01-15 10:00:00 +0000 UTC\n" +
	"6a5f6f5e-2c1d-4b7e-9b59-0f2d3c4b5a70,bad@x.org,,{},blocklisted,,\n" +
	"6a5f6f5e-2c1d-4b7e-9b59-0f2d3c4b5a71,idle@x.org,,{},disabled,,\n" +
	"6a5f6f5e-2c1d-4b7e-9b59-0f2d3c4b5a72,here@x.org,,{},blocklisted,,\n"

func TestForeignPeopleWhoMustNotBeMailedNeverAre(t *testing.T) {
	for _, suppress := range []bool{false, true} {
		d, v := dbtest.Open(t), newVerbs(t)
		addActive(t, d, v, "weekly", "here@x.org")
		o := ImportOptions{Verbs: v, Basis: "joined at listmonk", Digests: []string{"daily"}, Suppress: suppress}
		report := importText(t, d, listmonkFile, o)
		ann := find(t, d, "ann@x.org")
		if one := ann.Subscription("daily"); ann.UUID != "6a5f6f5e-2c1d-4b7e-9b59-0f2d3c4b5a69" || one.State != Active || one.Since.Format("2006-01-02") != "2024-01-15" {
			t.Errorf("ann: %+v", ann)
		}
		reason, err := mail.Suppressed(ctx, d, "bad@x.org")
		if err != nil || suppress != (reason == "blocklisted, file readers.csv") || report.Suppressed != map[bool]int{true: 1}[suppress] {
			t.Errorf("suppress %v: %q, %v, %d", suppress, reason, err, report.Suppressed)
		}
		if got := stateIn(t, d, "here@x.org", "weekly"); got != Active {
			t.Errorf("one who is active here became %q", got)
		}
		if reason, _ := mail.Suppressed(ctx, d, "here@x.org"); reason != "" {
			t.Errorf("one who is active here was suppressed: %s", reason)
		}
		if n := count(t, d, `SELECT COUNT(*) FROM subscribers`); n != 2 {
			t.Errorf("%d subscribers, want those two who may be mailed", n)
		}
	}
}

func TestUnsubscribedPeopleStayGoneWhicheverFileComesLast(t *testing.T) {
	d, v := dbtest.Open(t), newVerbs(t)
	o := ImportOptions{Verbs: v, Basis: "joined at Ghost", Digests: []string{"daily"}, Suppress: true}
	importText(t, d, "email,name,subscribed_to_emails\nann@x.org,A,false\n", o)
	report := importText(t, d, "email,name,subscribed_to_emails\nann@x.org,A,true\nbob@x.org,B,true\n", o)
	if got := stateIn(t, d, "ann@x.org", "daily"); got != Left || report.Skipped != 1 || report.Added != 1 {
		t.Errorf("ann is %q, %s", got, numbers(report))
	}
	report = importText(t, d, "email,name,subscribed_to_emails\nbob@x.org,B,false\n", o)
	if got := stateIn(t, d, "bob@x.org", "daily"); got != Active || report.Skipped != 1 {
		t.Errorf("an import ended what is active here: %q, %s", got, numbers(report))
	}
	without := importText(t, d, "email,name,subscribed_to_emails\nnew@x.org,N,true\n", ImportOptions{Verbs: v, Basis: "b"})
	if without.Failed != 1 || !strings.Contains(without.Problems[0].Message, "--digest") {
		t.Errorf("a foreign file without --digest: %+v", without)
	}
}

func TestWhatReadersChoseHereIsNotOverwritten(t *testing.T) {
	d, v := dbtest.Open(t), newVerbs(t)
	o := ImportOptions{Verbs: v, Basis: "b"}
	text := "email,digests,status,language,timezone,hour,sections\na@x.org,daily,active,en,Asia/Sakhalin,7,kino\n"
	importText(t, d, text, o)
	s := find(t, d, "a@x.org")
	if s.Language != "en" || s.Timezone != "Asia/Sakhalin" || s.Hour != 7 || strings.Join(s.Subscription("daily").Sections, " ") != "kino" {
		t.Fatalf("came in as %+v", s)
	}
	inTx(t, d, func(tx *sql.Tx) error {
		return Choose(ctx, tx, s.ID, Choices{Language: "ru", Hour: -1}, Origin{}, now)
	})
	if report := importText(t, d, text, o); report.Unchanged != 1 {
		t.Errorf("the same file again: %s", numbers(report))
	}
	if s := find(t, d, "a@x.org"); s.Language != "ru" || s.Hour != -1 || s.Timezone != "" {
		t.Errorf("the import took back what the reader chose: %+v", s)
	}
	for cell, want := range map[string]string{"kk,,,": "language", ",Mars/Base,,": "zone", ",,24,": "hour", ",,,Кино": "slug", ",,x,": "hour"} {
		report := importText(t, d, "email,digests,language,timezone,hour,sections\nb@x.org,daily,"+cell+"\n", o)
		if report.Failed != 1 || !strings.Contains(report.Problems[0].Message, want) {
			t.Errorf("%s: %+v", cell, report)
		}
	}
	for cell, want := range map[string]string{"paused,,": "until", "active,2999-01-01,": "future", "active,nonsense,": "no date", "pending,,x": "uuid"} {
		status, rest, _ := strings.Cut(cell, ",")
		report := importText(t, d, "email,digests,status,since,uuid\nb@x.org,daily,"+status+","+rest+"\n", o)
		if report.Failed != 1 || !strings.Contains(report.Problems[0].Message, want) {
			t.Errorf("%s: %+v", cell, report)
		}
	}
}

// FuzzImport reads any bytes as a file: it must end, and what it accepts must be safe to keep and to mail.
func FuzzImport(f *testing.F) {
	for _, s := range []string{"email,name,digests,status\na@x.org,A,daily,active\n", "email;digests\r\n\"a@x.org\";\"daily\nweekly\"\r\n", "\xEF\xBB\xBFemail\tdigests\n'=a@x.org\tdaily\n",
		"email,digests\n\"", "email,digests\n\xff,\x00\n", "\n\n,\n", "email,name,digests\na@x.org,'=1+1\u202e,daily", listmonkFile,
		"email,digests,status,language,timezone,hour,sections,since,until,uuid\na@x.org,daily,paused,ru,UTC,7,kino,2024-01-01,2099-01-01,6a5f6f5e-2c1d-4b7e-9b59-0f2d3c4b5a69\n"} {
		f.Add([]byte(s))
	}
	v := Verbs{Digests: map[string]DigestInfo{"daily": {}, "weekly": {}}}
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := sheets.Open(bytes.NewReader(data), sheets.Options{})
		if err != nil {
			return
		}
		c := checker{options: ImportOptions{Verbs: v, Basis: "b", Digests: []string{"daily"}, Suppress: true}, now: now, kind: s.Kind, zones: map[string]error{}}
		for done := false; !done; {
			var b batch
			if b, done = c.read(s); b.err != nil {
				return
			}
			for _, e := range b.entries {
				checkEntry(t, e)
			}
		}
	})
}

func checkEntry(t *testing.T, e entry) {
	email, key, err := ParseAddress(e.email)
	if err != nil || email != e.email || key != e.key || e.line < 1 {
		t.Fatalf("entry %+v: %v", e, err)
	}
	if !e.unwanted() && (len(e.digests) == 0 || e.state != Active && e.state != Pending && e.state != Paused) || e.since.After(now) || e.state == Paused && !e.until.After(now) {
		t.Fatalf("entry %+v", e)
	}
	for _, text := range []string{e.name, cut(e.why), e.sections, e.timezone, e.language, e.uuid} {
		if strings.ContainsAny(text, "\r\n\x00") || db.Text(text) != text {
			t.Fatalf("entry %+v", e)
		}
	}
	if cleanName(e.name) != e.name || e.hour < -1 || e.hour > 23 {
		t.Fatalf("entry %+v", e)
	}
}
