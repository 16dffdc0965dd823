package subscribers

import (
	"bytes"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"vestnik/db"
	"vestnik/db/dbtest"
)

func export(t testing.TB, d *db.DB, f ListFilter) string {
	t.Helper()
	var b bytes.Buffer
	_, lines, err := Export(ctx, d, &b, FormatCSV, f)
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Count(b.String(), "\n") - 1; got != lines {
		t.Errorf("Export says %d lines and wrote %d", lines, got)
	}
	return b.String()
}

const header = "email,name,digests,status,language,timezone,hour,sections,since,until,uuid\n"

func TestExportAndImportRoundTrip(t *testing.T) {
	d, v := dbtest.Open(t), newVerbs(t)
	text := header +
		"Ann@x.org,Анна,daily weekly,active,ru,Asia/Sakhalin,7,afisha kino,2024-05-03T10:00:00.123Z,,\n" +
		"Ann@x.org,Анна,extra,pending,ru,Asia/Sakhalin,7,,2024-05-03T10:00:00Z,,\n" +
		"zed@xn--e1afmkfd.xn--p1ai,\"Z, \"\"z\"\"\",daily,paused,,,,,2024-05-03T10:00:00Z,2099-01-01T00:00:00Z,\n" +
		"'=1+1@x.org,'=HYPERLINK(1),daily,active,,,,,2024-05-03T10:00:00Z,,\n" +
		"'+7@x.org,''-minus,daily,active,,,0,,2024-05-03T10:00:00Z,,\n" +
		"'o@x.org,'o,daily,active,,,,,2024-05-03T10:00:00Z,,6a5f6f5e-2c1d-4b7e-9b59-0f2d3c4b5a69\n" +
		"b@x.org,,daily,active,,,,,2024-05-03T10:00:00Z,,\n"
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
	left := header + "left@x.org,,daily,left,,,,," + now.UTC().Format(time.RFC3339Nano) + ",,\n"
	if got := export(t, d, ListFilter{State: Left}); got != left {
		t.Errorf("those who left:\n%swant:\n%s", got, left)
	}
	if got := export(t, d, ListFilter{Digest: "daily", State: Active, Limit: 1}); strings.Count(got, "\n") != 2 || !strings.Contains(got, "Ann@x.org,Анна,daily,active") {
		t.Errorf("one of daily:\n%s", got)
	}
	empty := dbtest.Open(t)
	importText(t, empty, left, ImportOptions{Verbs: v, Suppress: true})
	importText(t, empty, text, ImportOptions{Verbs: v, Basis: "moved"})
	if got := export(t, empty, ListFilter{}); got != text {
		t.Errorf("export, import, export:\n%swant:\n%s", got, text)
	}
	if got := export(t, empty, ListFilter{State: Left}); got != left {
		t.Errorf("those who left, export, import, export:\n%swant:\n%s", got, left)
	}
}

// TestWhatIsExportedAndImportedIsExportedTheSame draws subscribers with everything that can be said of them.
func TestWhatIsExportedAndImportedIsExportedTheSame(t *testing.T) {
	from, into, v := dbtest.Open(t), dbtest.Open(t), newVerbs(t)
	rapid.Check(t, func(t *rapid.T) {
		for _, d := range []*db.DB{from, into} {
			empty(t, d)
		}
		people := drawPeople(t)
		for _, format := range []string{FormatCSV, FormatJSON} {
			putPeople(t, from, people)
			var first, second bytes.Buffer
			if _, _, err := Export(ctx, from, &first, format, ListFilter{}); err != nil {
				t.Fatal(err)
			}
			if first.Len() == 0 { // JSON lines of nobody
				continue
			}
			report, err := Import(ctx, into, bytes.NewReader(first.Bytes()), "all", ImportOptions{Verbs: v, Basis: "moved"}, now)
			if err != nil || report.Failed+report.Skipped > 0 {
				t.Fatalf("import: %v, %+v\n%s", err, report, first.String())
			}
			if _, _, err := Export(ctx, into, &second, format, ListFilter{}); err != nil {
				t.Fatal(err)
			}
			if first.String() != second.String() {
				t.Fatalf("exported\n%s, and after an import\n%s", first.String(), second.String())
			}
			for _, d := range []*db.DB{from, into} {
				empty(t, d)
			}
		}
	})
}

func empty(t *rapid.T, d *db.DB) {
	for _, table := range []string{"consent", "subscriptions", "subscribers", "subscriber_imports"} {
		if _, err := d.ExecContext(ctx, "DELETE FROM "+table); err != nil {
			t.Fatal(err)
		}
	}
}

func drawPeople(t *rapid.T) (all []Subscriber) {
	moment := rapid.Custom(func(t *rapid.T) time.Time {
		return time.UnixMilli(rapid.Int64Range(1, now.UnixMilli()).Draw(t, "ms")).UTC()
	})
	texts := rapid.OneOf(rapid.String(), rapid.StringMatching(`'*[=+@-]?[a-z", ;]*`))
	for i := range rapid.IntRange(0, 6).Draw(t, "people") {
		local := rapid.StringMatching(`[A-Za-z=+'-][a-z0-9]{0,5}`).Draw(t, "local")
		s := Subscriber{Email: fmt.Sprintf("%s%d@example.org", local, i), Name: cleanName(texts.Draw(t, "name")), Hour: rapid.IntRange(-1, 23).Draw(t, "hour"),
			Language: rapid.SampledFrom([]string{"", "ru", "en"}).Draw(t, "language"), Timezone: rapid.SampledFrom([]string{"", "Asia/Sakhalin", "UTC"}).Draw(t, "zone"),
			UUID: rapid.SampledFrom([]string{"", "6a5f6f5e-2c1d-4b7e-9b59-0f2d3c4b5a69"}).Draw(t, "uuid")}
		for _, digest := range rapid.SliceOfDistinct(rapid.SampledFrom([]string{"daily", "weekly", "extra"}), func(s string) string { return s }).Draw(t, "digests") {
			one := Subscription{Digest: digest, State: rapid.SampledFrom([]string{Active, Pending, Paused}).Draw(t, "state"), Since: moment.Draw(t, "since"),
				Sections: rapid.SampledFrom([][]string{nil, {"kino"}, {"afisha", "kino"}}).Draw(t, "sections")}
			if one.State == Paused {
				one.Until = now.Add(time.Duration(rapid.Int64Range(1, 1e6).Draw(t, "until")) * time.Millisecond)
			}
			s.Subscriptions = append(s.Subscriptions, one)
		}
		all = append(all, s)
	}
	return all
}

func TestExportGoesThroughAllPages(t *testing.T) {
	d, v := dbtest.Open(t), newVerbs(t)
	importText(t, d, string(sampleCSV(2001)), ImportOptions{Verbs: v, Basis: "forms"})
	if got := export(t, d, ListFilter{}); strings.Count(got, "\n") != 2002 || !strings.Contains(got, "\nreader2000@example.org,") {
		t.Errorf("the export of 2,001 has %d lines", strings.Count(got, "\n"))
	}
	if got := export(t, d, ListFilter{Limit: 1500}); strings.Count(got, "\n") != 1501 {
		t.Errorf("%d lines, want 1,501", strings.Count(got, "\n"))
	}
}

func TestExportStopsWhenItCannotWrite(t *testing.T) {
	d, v := dbtest.Open(t), newVerbs(t)
	addActive(t, d, v, "daily", "a@x.org")
	if _, _, err := Export(ctx, d, fullDisk{}, FormatCSV, ListFilter{}); err == nil || !strings.Contains(err.Error(), "disk full") {
		t.Errorf("error %v, want disk full", err)
	}
}

type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, errors.New("disk full") }

func putPeople(t *rapid.T, d *db.DB, people []Subscriber) {
	err := d.Tx(ctx, func(tx *sql.Tx) error {
		for _, s := range people {
			id := db.NewID()
			_, err := tx.ExecContext(ctx, `INSERT INTO subscribers (id, email, email_key, domain, name, salt, language, timezone, hour, uuid, state, since)
				VALUES ($1, $2, $3, $4, $5, '00', $6, $7, $8, $9, 'active', 1)`, id, s.Email, strings.ToLower(s.Email), "example.org", s.Name, s.Language, s.Timezone, int64(s.Hour), s.UUID)
			for _, one := range s.Subscriptions {
				if err == nil {
					_, err = tx.ExecContext(ctx, `INSERT INTO subscriptions (subscriber, digest, state, since, until, sections) VALUES ($1, $2, $3, $4, $5, $6)`,
						id, one.Digest, one.State, db.Milli(one.Since), db.Milli(one.Until), strings.Join(one.Sections, " "))
				}
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
