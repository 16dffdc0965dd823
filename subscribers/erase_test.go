package subscribers

import (
	"bytes"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"vestnik/db"
	"vestnik/db/dbtest"
	"vestnik/mail"
	"vestnik/subscribers/consent"
)

// dump is every column of every row of every table, as text in lower case.
func dump(t testing.TB, d *db.DB) string {
	t.Helper()
	tables := `SELECT name FROM sqlite_master WHERE type = 'table'`
	if d.Engine == "postgres" {
		tables = `SELECT CAST(table_name AS TEXT) FROM information_schema.tables WHERE table_schema = current_schema()`
	}
	names, err := db.Collect(ctx, d, scanText, tables)
	if err != nil || len(names) < 20 {
		t.Fatalf("%d tables, %v", len(names), err)
	}
	var all strings.Builder
	for _, name := range names {
		rows, err := d.QueryContext(ctx, `SELECT * FROM `+name)
		if err != nil {
			t.Fatal(err)
		}
		columns, err := rows.Columns()
		if err != nil {
			t.Fatal(err)
		}
		for rows.Next() {
			cells, at := make([]any, len(columns)), make([]any, len(columns))
			for i := range cells {
				at[i] = &cells[i]
			}
			if err := rows.Scan(at...); err != nil {
				t.Fatal(err)
			}
			for i, cell := range cells {
				if raw, ok := cell.([]byte); ok {
					cell = string(raw)
				}
				fmt.Fprintf(&all, "%s.%s: %v\n", name, columns[i], cell)
			}
		}
		if err := errors.Join(rows.Err(), rows.Close()); err != nil {
			t.Fatal(err)
		}
	}
	return strings.ToLower(all.String())
}

// linesWith are the lines of a dump that hold any of the words.
func linesWith(dump string, words ...string) (found []string) {
	for line := range strings.Lines(dump) {
		for _, word := range words {
			if strings.Contains(line, strings.ToLower(word)) {
				found = append(found, strings.TrimSpace(line))
			}
		}
	}
	return found
}

func erase(t testing.TB, d *db.DB, v Verbs, id int64) {
	t.Helper()
	inTx(t, d, func(tx *sql.Tx) error { return v.Erase(ctx, tx, id, "asked by letter, Ann.Known@x.org", Origin{}, now) })
}

// known is a reader of whom every table knows something.
func known(t testing.TB, d *db.DB, v Verbs, email string) Subscriber {
	t.Helper()
	var s Subscriber
	inTx(t, d, func(tx *sql.Tx) (err error) {
		s, err = v.Add(ctx, tx, Adding{Email: email, Name: "Anna Xenia", Language: "en", Digests: []string{"daily", "weekly"}, Confirmed: true, Basis: "paper form of " + email}, now)
		if err != nil {
			return err
		}
		if _, err := v.Add(ctx, tx, Adding{Email: email, Digests: []string{"monthly"}}, now); err != nil {
			return err
		}
		return Choose(ctx, tx, s.ID, Choices{Timezone: "Asia/Kamchatka", Hour: 7}, Origin{Wording: "Все письма на " + email}, now)
	})
	mustJoin(t, d, v, email, "extra", now)
	for _, l := range []mail.Letter{
		{Kind: mail.KindDigest, Ref: 1, Recipient: s.ID, Digest: "daily"},
		{Kind: mail.KindDigest, Ref: 2, Recipient: s.ID, Digest: "daily"},
		{Kind: mail.KindTest, Ref: 3, Address: email, Digest: "daily"},
	} {
		if _, err := mail.Enqueue(ctx, d, l, now); err != nil {
			t.Fatal(err)
		}
	}
	for _, statement := range []string{
		`UPDATE letters SET state = 'sent', due = 0, address = '` + email + `', reply = '250 2.1.5 <` + email + `> queued' WHERE ref = 1`,
		`UPDATE letters SET state = 'deferred', reason = 'no mailbox ` + email + `', reply = '450 ` + email + ` busy' WHERE ref = 2`,
		`INSERT INTO mail_pause (lane, reason, since) VALUES ('digest', 'the relay said: <` + email + `> spam', 1)`,
		`UPDATE subscribers SET uuid = '5b2c2cd5-7a46-4a23-a2d7-4fd3b66a4bd2' WHERE email = '` + email + `'`,
	} {
		if _, err := d.ExecContext(ctx, statement); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

func TestAnErasedAddressStandsInNoTable(t *testing.T) {
	for _, suppressed := range []bool{false, true} {
		t.Run(fmt.Sprintf("suppressed=%v", suppressed), func(t *testing.T) {
			d, v := dbtest.Open(t), newVerbs(t)
			const email = "Ann.Known@x.org"
			s := known(t, d, v, email)
			mustJoin(t, d, v, "other.ann.known@x.org", "daily", now)
			if suppressed {
				inTx(t, d, func(tx *sql.Tx) error {
					return Suppress(ctx, tx, email, "asked by phone: ANN.known@x.org, mailbox full", now)
				})
			}
			personal := []string{" ann.known@x.org", "<ann.known@x.org", "\"ann.known", "anna xenia", "kamchatka", "5b2c2cd5"}
			if found := linesWith(dump(t, d), personal...); len(found) < 8 {
				t.Fatalf("the test knows too little: %q", found)
			}
			erase(t, d, v, s.ID)
			if found := linesWith(dump(t, d), personal...); len(found) > 0 {
				t.Errorf("still there:\n%s", strings.Join(found, "\n"))
			}
			if found := linesWith(dump(t, d), "other.ann.known@x.org"); len(found) == 0 {
				t.Error("another reader was erased")
			}
			if found := linesWith(dump(t, d), "mailbox full"); (len(found) > 0) != suppressed {
				t.Errorf("the reason of the suppression: %q", found)
			}
			balance, err := mail.BalanceOf(ctx, d, mail.KindDigest, 1)
			if err != nil || balance.Sent != 1 || balance.Recipients != 1 {
				t.Errorf("the ledger's balance: %+v, %v", balance, err)
			}
			verdict, err := consent.Verify(ctx, d, consent.Head{})
			if err != nil || !verdict.Whole() || verdict.Erased == 0 {
				t.Errorf("the chain: %+v, %v", verdict, err)
			}
			erase(t, d, v, s.ID) // again
		})
	}
}

func TestAnAddressThatIsNoSubscriberIsErasedToo(t *testing.T) {
	d, v := dbtest.Open(t), newVerbs(t)
	inTx(t, d, func(tx *sql.Tx) error { return Suppress(ctx, tx, "bob@x.org", "complaint", now) })
	if _, err := mail.Enqueue(ctx, d, mail.Letter{Kind: mail.KindTest, Ref: 1, Address: "Bob@x.org"}, now); err != nil {
		t.Fatal(err)
	}
	inTx(t, d, func(tx *sql.Tx) error {
		known, err := v.EraseAddress(ctx, tx, "BOB@x.org", "letter from bob@x.org", now)
		if known {
			t.Error("there was a subscriber")
		}
		return err
	})
	if found := linesWith(dump(t, d), "bob@x.org"); len(found) > 0 {
		t.Errorf("still there:\n%s", strings.Join(found, "\n"))
	}
	if _, err := consent.Seal(ctx, d, now); err != nil {
		t.Fatal(err)
	}
	if verdict, err := consent.Verify(ctx, d, consent.Head{}); err != nil || !verdict.Whole() {
		t.Errorf("the chain: %+v, %v", verdict, err)
	}
	inTx(t, d, func(tx *sql.Tx) error {
		_, err := v.Add(ctx, tx, Adding{Email: "bob@x.org", Digests: []string{"daily"}}, now)
		if !errors.Is(err, ErrSuppressed) {
			t.Errorf("added again: %v", err)
		}
		return nil
	})
}

// tries are the ways in, and what each says.
func tries(t *testing.T, d *db.DB, v Verbs, email string, at time.Time) (joined bool, imported int, add, confirmed error) {
	t.Helper()
	add = d.Tx(ctx, func(tx *sql.Tx) error {
		_, err := v.Add(ctx, tx, Adding{Email: email, Digests: []string{"daily"}, Confirmed: true, Basis: "paper"}, at)
		return err
	})
	file := "email,digests,status\n" + email + ",daily,active\n"
	for range 2 { // the second time, the form has been filled in
		report, err := Import(ctx, d, strings.NewReader(file), "list.csv", ImportOptions{Verbs: v, Basis: "old list"}, at)
		if err != nil {
			t.Fatal(err)
		}
		imported += report.Added + report.Updated
		mustJoin(t, d, v, email, "daily", at)
	}
	confirmed = d.Tx(ctx, func(tx *sql.Tx) error {
		_, err := v.ConfirmByAdmin(ctx, tx, email, "daily", "phone", at)
		return err
	})
	return len(letters(t, d, email)) > 0, imported, add, confirmed
}

func TestWhoWasErasedComesBackByDoubleOptInAlone(t *testing.T) {
	d, v := dbtest.Open(t), newVerbs(t)
	mustJoin(t, d, v, "ann@x.org", "daily", now)
	s, err := Find(ctx, d, "ann@x.org")
	if err != nil {
		t.Fatal(err)
	}
	erase(t, d, v, s.ID)
	later := now.Add(48 * time.Hour)
	joined, imported, add, confirmed := tries(t, d, v, "Ann@x.org", later)
	if !joined || !errors.Is(add, ErrErased) || !errors.Is(confirmed, ErrErased) || imported != 0 {
		t.Errorf("joined %v, added %v, confirmed %v, imported %d", joined, add, confirmed, imported)
	}
	if _, _, err := confirm(t, d, letters(t, d, "ann@x.org")[0].Private, later); err != nil {
		t.Fatal(err)
	}
	back, err := Find(ctx, d, "ann@x.org")
	if err != nil || back.ID == s.ID || back.Subscription("daily").State != Active {
		t.Errorf("back as %+v, %v", back, err)
	}
	if found := linesWith(dump(t, d), "forgotten.hash"); len(found) > 0 {
		t.Errorf("still forgotten: %q", found)
	}
}

func TestWhoWasSuppressedWhenErasedComesBackByNoWay(t *testing.T) {
	d, v := dbtest.Open(t), newVerbs(t)
	mustJoin(t, d, v, "ann@x.org", "daily", now)
	inTx(t, d, func(tx *sql.Tx) error { return Suppress(ctx, tx, "ann@x.org", "complaint", now) })
	s, err := Find(ctx, d, "ann@x.org")
	if err != nil {
		t.Fatal(err)
	}
	erase(t, d, v, s.ID)
	joined, imported, add, confirmed := tries(t, d, v, "Ann@x.org", now.Add(48*time.Hour))
	if joined || !errors.Is(add, ErrSuppressed) || confirmed == nil || imported != 0 {
		t.Errorf("joined %v, added %v, confirmed %v, imported %d", joined, add, confirmed, imported)
	}
}

func TestTokensOfTheErasedOpenNothing(t *testing.T) {
	d, v := dbtest.Open(t), newVerbs(t)
	mustJoin(t, d, v, "ann@x.org", "daily", now)
	token := letters(t, d, "ann@x.org")[0].Private
	s, err := Find(ctx, d, "ann@x.org")
	if err != nil {
		t.Fatal(err)
	}
	erase(t, d, v, s.ID)
	if _, _, err := confirm(t, d, token, now); !errors.Is(err, ErrToken) {
		t.Errorf("the confirmation: %v", err)
	}
	for _, purpose := range []string{PurposeLeave, PurposePreferences, PurposeNotMe} {
		if _, _, err := v.Keys.Open(ctx, d, purpose, v.Keys.Token(purpose, s.ID, "")); !errors.Is(err, ErrNotFound) {
			t.Errorf("%s: %v", purpose, err)
		}
	}
}

// rejected makes a file of rejected lines that an import has noted.
func rejected(t *testing.T, d *db.DB, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o640); err != nil {
		t.Fatal(err)
	}
	_, err := d.ExecContext(ctx, `INSERT INTO subscriber_imports (hash, taken, rejects, rejected, done, at) VALUES ($1, 1, $2, 10, 0, 1)`, path, "/nowhere/"+name+"\n"+path)
	if err != nil {
		t.Fatal(err)
	}
	return path
}

const rejects = "email,name,problem\n" +
	"Ann@x.org,Anna,no such digest\n" +
	"joann@x.org,Joan,no such digest\n" +
	"ann@x.org.uk,Other,no such digest\n" +
	"\"two\nlines\",\"<ann@x.org>\",\"\"\"ann@x.org\"\": not a usable e-mail address\"\n" +
	"\"bob\n@x.org\",Bob,bad\n" +
	"ann@пример.рф,Анна,bad\n"

func TestFilesOfRejectedLinesLoseTheErasedAndNobodyElse(t *testing.T) {
	d, v := dbtest.Open(t), newVerbs(t)
	path := rejected(t, d, "list.rejects.csv", rejects)
	got, err := v.EraseFromFiles(ctx, d, "ann@x.org")
	if err != nil || got.Lines != 2 || len(got.Files) != 1 || len(got.Missing) != 1 {
		t.Errorf("%+v, %v", got, err)
	}
	want := "email,name,problem\njoann@x.org,Joan,no such digest\nann@x.org.uk,Other,no such digest\n\"bob\n@x.org\",Bob,bad\nann@пример.рф,Анна,bad\n"
	content, err := os.ReadFile(path)
	if err != nil || string(content) != want {
		t.Errorf("%q, %v", content, err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o640 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	if got, err := v.EraseFromFiles(ctx, d, "ann@xn--e1afmkfd.xn--p1ai"); err != nil || got.Lines != 1 {
		t.Errorf("by its A-labels: %+v, %v", got, err)
	}
	if got, err := v.EraseFromFiles(ctx, d, "ann@x.org"); err != nil || got.Lines != 0 || len(got.Files) != 0 {
		t.Errorf("again: %+v, %v", got, err)
	}
	var size int64
	if err := d.QueryRowContext(ctx, `SELECT rejected FROM subscriber_imports`).Scan(&size); err != nil || size != 0 {
		t.Errorf("the interrupted import goes on at byte %d of a file that is another, %v", size, err)
	}
}

func TestTheDaemonFindsTheErasedInFilesByTheirHashes(t *testing.T) {
	d, v := dbtest.Open(t), newVerbs(t)
	path := rejected(t, d, "list.rejects.csv", rejects)
	inTx(t, d, func(tx *sql.Tx) error { _, err := v.EraseAddress(ctx, tx, "ann@x.org", "web", now); return err })
	if got, err := v.SweepFiles(ctx, d, now.Add(time.Second)); err != nil || got.Lines != 0 {
		t.Errorf("nobody was erased since: %+v, %v", got, err)
	}
	if got, err := v.SweepFiles(ctx, d, now.Add(-time.Hour)); err != nil || got.Lines != 2 {
		t.Errorf("%+v, %v", got, err)
	}
	content, err := os.ReadFile(path)
	if err != nil || holds(string(content), "ann@x.org") {
		t.Errorf("%q, %v", content, err)
	}
}

func FuzzFilterOfRejectedLines(f *testing.F) {
	f.Add([]byte(rejects), "ann@x.org")
	f.Add([]byte("a\"b\nann@x.org"), "ann@x.org")
	f.Fuzz(func(t *testing.T, file []byte, key string) {
		var kept bytes.Buffer
		gone := func(line string) bool { return holds(line, key) }
		removed, err := filter(bytes.NewReader(file), &kept, gone)
		switch {
		case err != nil && !errors.Is(err, errEncoding):
			t.Fatal(err)
		case err == nil && removed == 0 && !bytes.Equal(kept.Bytes(), file):
			t.Errorf("%q became %q", file, kept.Bytes())
		case err == nil && kept.Len() > len(file):
			t.Errorf("%q grew to %q", file, kept.Bytes())
		}
		if without(string(file), key) != string(file) && !holds(string(file), key) {
			t.Errorf("%q: %q was replaced and does not stand there", file, key)
		}
	})
}
