package sheets

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
	"pgregory.net/rapid"
)

// rows reads a whole file; a line that cannot be used is given as its problem.
func rows(t testing.TB, data []byte, o Options) (*Sheet, []string) {
	t.Helper()
	s, err := Open(bytes.NewReader(data), o)
	if err != nil {
		t.Fatalf("%.80q: %v", data, err)
	}
	var all []string
	for {
		row, err := s.Next()
		var bad *LineError
		switch {
		case errors.Is(err, io.EOF):
			return s, all
		case errors.As(err, &bad):
			all = append(all, fmt.Sprintf("%d! %s", row.Line, bad.Problem))
		case err != nil:
			t.Fatal(err)
		default:
			all = append(all, fmt.Sprintf("%d %s %q %s", row.Line, row.Email, row.Name, strings.TrimSpace(row.Status+" "+row.Why)))
		}
	}
}

func TestEveryEncodingAndSeparatorIsRecognised(t *testing.T) {
	for name, enc := range map[string]encoding.Encoding{
		"utf-8": encoding.Nop, "windows-1251": charmap.Windows1251, "koi8-r": charmap.KOI8R,
		"utf-16le": unicode.UTF16(unicode.LittleEndian, unicode.UseBOM), "utf-16be": unicode.UTF16(unicode.BigEndian, unicode.UseBOM),
	} {
		for _, comma := range []string{",", ";", "\t", "|"} {
			for _, end := range []string{"\n", "\r\n"} {
				text := strings.NewReplacer(",", comma, "\n", end).Replace(
					"email,name,digests,status\na@x.org,Анна Ахматова,daily,active\nb@x.org,\"Борис\nПастернак \"\"Б\"\"\",daily,pending\n\nc@x.org,Марина Цветаева,daily,\n")
				data, err := enc.NewEncoder().Bytes([]byte(text))
				if err != nil {
					t.Fatal(err)
				}
				s, got := rows(t, data, Options{})
				want := []string{`2 a@x.org "Анна Ахматова" active`, fmt.Sprintf("3 b@x.org %q pending", "Борис\nПастернак \"Б\""), `6 c@x.org "Марина Цветаева" `}
				if s.Encoding != name || s.Comma != rune(comma[0]) || !slices.Equal(got, want) {
					t.Errorf("%s, %q, %q: %s %q %q", name, comma, end, s.Encoding, s.Comma, got)
				}
			}
		}
	}
}

func TestMarksAndNamesOfEncodingsAreHeeded(t *testing.T) {
	marked := []byte("\xEF\xBB\xBFemail,name\na@x.org,Анна\n")
	if s, got := rows(t, marked, Options{}); s.Encoding != "utf-8" || got[0] != `2 a@x.org "Анна" ` || s.Header[0] != "email" {
		t.Errorf("with a mark: %s %q", s.Encoding, got)
	}
	bare, _ := unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM).NewEncoder().Bytes([]byte("email,name\na@x.org,Анна\n"))
	if s, got := rows(t, bare, Options{}); s.Encoding != "utf-16le" || got[0] != `2 a@x.org "Анна" ` {
		t.Errorf("UTF-16 without a mark: %s %q", s.Encoding, got)
	}
	western, _ := charmap.Windows1252.NewEncoder().Bytes([]byte("email,name\na@x.org,Zoë\n"))
	if _, got := rows(t, western, Options{Encoding: "windows-1252"}); got[0] != `2 a@x.org "Zoë" ` {
		t.Errorf("an encoding that was named: %q", got)
	}
	if _, err := Open(bytes.NewReader(western), Options{Encoding: "klingon"}); err == nil || !strings.Contains(err.Error(), "klingon") {
		t.Errorf("an unknown encoding: %v", err)
	}
	late := []byte("email,name\n" + strings.Repeat("a@x.org,Ann\n", 20000) + "b@x.org,\xC0\xED\xED\xE0\n")
	if s, got := rows(t, late, Options{}); s.Encoding != "windows-1251" || got[len(got)-1] != `20002 b@x.org "Анна" ` {
		t.Errorf("the first letter beyond ASCII after 240 KB: %s %q", s.Encoding, got[len(got)-1])
	}
	mixed := []byte("email,name\na@x.org,Анна\nb@x.org,\xE0\xED\nc@x.org,Вера\n")
	if _, got := rows(t, mixed, Options{}); len(got) != 3 || !strings.HasPrefix(got[1], "3! the line is not UTF-8") {
		t.Errorf("one line in another encoding: %q", got)
	}
	if s, got := rows(t, []byte("sep=|\nemail|name\na@x.org|A,;B\n"), Options{}); s.Comma != '|' || got[0] != `3 a@x.org "A,;B" ` {
		t.Errorf("Excel's line: %q", got)
	}
}

func TestABrokenQuoteCostsItsLineOnly(t *testing.T) {
	text := "email,name,status\na@x.org,\"Ann,active\nb@x.org,Bob,active\nc@x.org,C\"id,active\nd@x.org,\"Dora\"x,active\ne@x.org,\"E\nF\",active\n" +
		strings.Repeat("f@x.org,F,active\n", 10000) + "g@x.org,\"G,active\nh@x.org,H,active\n"
	_, got := rows(t, []byte(text), Options{})
	if len(got) != 10007 {
		t.Fatalf("%d lines, want 10,007", len(got))
	}
	for i, want := range []string{"2! a quote", `3 b@x.org "Bob" active`, "4! a quote", "5! a quote", `6 e@x.org "E\nF" active`, `8 f@x.org`} {
		if !strings.HasPrefix(got[i], want) {
			t.Errorf("%q, want %q", got[i], want)
		}
	}
	if !strings.HasPrefix(got[10005], "10008! a quote") || got[10006] != `10009 h@x.org "H" active` {
		t.Errorf("the end: %q", got[10005:])
	}
	long := "email,name\na@x.org," + strings.Repeat("x", 1<<20) + "\nb@x.org,B\n"
	if _, got := rows(t, []byte(long), Options{}); len(got) != 2 || !strings.HasPrefix(got[0], "2! the line is longer") || got[1] != `3 b@x.org "B" ` {
		t.Errorf("a line of a megabyte: %.80q", got)
	}
}

func TestExportsOfOtherProgramsAreKnownByTheirHeader(t *testing.T) {
	for _, c := range []struct{ kind, name, text, want string }{
		{"listmonk", "", "uuid,email,name,attributes,status,created_at,updated_at\n" +
			"6A5F6F5E-2c1d-4b7e-9b59-0f2d3c4b5a69,a@x.org,Ann,\"{\"\"city\"\":\"\"Ufa\"\"}\",enabled,2024-01-15 10:00:00.123456 +0000 UTC,2024-01-15 10:00:00 +0000 UTC\n" +
			"6a5f6f5e-2c1d-4b7e-9b59-0f2d3c4b5a70,b@x.org,Bob,{},blocklisted,,\n6a5f6f5e-2c1d-4b7e-9b59-0f2d3c4b5a71,c@x.org,C,{},disabled,,\n",
			`2 a@x.org "Ann" active|3 b@x.org "Bob" barred blocklisted|4 c@x.org "C" idle disabled`},
		{"listmonk", "", "uuid,email,name,attributes,status,subscription_status\nu,a@x.org,A,,enabled,confirmed\nu,b@x.org,B,,enabled,unconfirmed\nu,c@x.org,C,,enabled,unsubscribed\n" +
			"u,d@x.org,D,,blocklisted,confirmed\nu,e@x.org,E,,enabled,odd\n",
			`2 a@x.org "A" active|3 b@x.org "B" pending|4 c@x.org "C" left unsubscribed|5 d@x.org "D" barred blocklisted|6 e@x.org "E" idle odd`},
		{"mailchimp", "subscribed_members_export_1.csv", "Email Address,First Name,Last Name,MEMBER_RATING,OPTIN_TIME,OPTIN_IP,CONFIRM_TIME,CONFIRM_IP,LAST_CHANGED,LEID,EUID,NOTES,TAGS\n" +
			"a@x.org,Anna,Lee,2,2020-02-03 04:05:06,192.0.2.1,2020-02-03 04:06:00,192.0.2.1,,1,e,,\"\"\"VIP\"\"\"\nb@x.org,,,,,,,,,1,e,,\n",
			`2 a@x.org "Anna Lee" active|3 b@x.org "" pending`},
		{"mailchimp", "audience.csv", "Email Address,First Name,MEMBER_RATING,OPTIN_TIME,CONFIRM_TIME,UNSUB_TIME,UNSUB_REASON,CLEAN_TIME,LEID\n" +
			"a@x.org,A,2,,2020-02-03 04:06:00,2021-01-01 00:00:00,,,1\nb@x.org,B,2,,2020-02-03 04:06:00,,,2021-01-01 00:00:00,1\nc@x.org,C,2,,2020-02-03 04:06:00,,,,1\n",
			`2 a@x.org "A" left unsubscribed|3 b@x.org "B" barred cleaned|4 c@x.org "C" active`},
		{"mailchimp", "/tmp/cleaned_members_export_1.csv", "Email Address,MEMBER_RATING,LEID\na@x.org,2,1\n", `2 a@x.org "" barred cleaned`},
		{"mailchimp", "unsubscribed_members_export_1.csv", "Email Address,MEMBER_RATING,LEID\na@x.org,2,1\n", `2 a@x.org "" left unsubscribed`},
		{"mailchimp", "nonsubscribed_members_export_1.csv", "Email Address,MEMBER_RATING,LEID\na@x.org,2,1\n", `2 a@x.org "" idle nonsubscribed`},
		{"ghost", "", "id,email,name,note,subscribed_to_emails,complimentary_plan,stripe_customer_id,created_at,deleted_at,labels,tiers\n" +
			"1,a@x.org,Ann,,true,false,,2024-01-15T10:00:00.000Z,,VIP,\n2,b@x.org,Bob,,false,,,2024-01-15T10:00:00.000Z,,,\n3,c@x.org,C,,true,,,,2024-02-01T00:00:00.000Z,,\n4,d@x.org,D,,,,,,,,\n",
			`2 a@x.org "Ann" active|3 b@x.org "Bob" left subscribed_to_emails false|4 c@x.org "C" left deleted|5 d@x.org "D" left subscribed_to_emails`},
		{"substack", "", "email,active_subscription,expiry,plan,email_disabled,created_at,first_payment_at\na@x.org,false,,other,false,2025-01-01T00:00:00.000Z,\nb@x.org,true,2027-01-01,yearly,true,2025-01-01,\n",
			`2 a@x.org "" active|3 b@x.org "" left email_disabled true`},
	} {
		s, got := rows(t, []byte(c.text), Options{Name: c.name})
		if s.Kind != c.kind || strings.Join(got, "|") != c.want {
			t.Errorf("%s: %s\n%s\nwant\n%s", c.kind, s.Kind, strings.Join(got, "|"), c.want)
		}
	}
}

func TestColumnsCanBeMapped(t *testing.T) {
	text := "Адрес;Имя;Город;Статус\na@x.org;Анна;Уфа;subscribed\nb@x.org;Борис;Уфа;unsubscribed\n"
	s, got := rows(t, []byte(text), Options{Map: map[string]string{"email": "адрес", "name": "Имя", "status": "Статус"}})
	if want := []string{`2 a@x.org "Анна" active subscribed`, `3 b@x.org "Борис" left unsubscribed`}; s.Kind != "mapped" || !slices.Equal(got, want) {
		t.Errorf("%s %q", s.Kind, got)
	}
	for problem, m := range map[string]map[string]string{
		`no column "почта"; there are "Адрес"`: {"email": "Почта"},
		`"phone" is not known`:                 {"phone": "Адрес"},
		`say which column is which`:            nil,
		`say which column is which: --map`:     {"name": "Имя"},
	} {
		if _, err := Open(strings.NewReader(text), Options{Map: m}); err == nil || !strings.Contains(err.Error(), problem) {
			t.Errorf("%v: %v, want %q", m, err, problem)
		}
	}
	monk := "uuid,email,name,attributes,status,Phone\nu,a@x.org,A,,enabled,Vera\n"
	if s, got := rows(t, []byte(monk), Options{Map: map[string]string{"name": "Phone"}}); s.Kind != "listmonk" || got[0] != `2 a@x.org "Vera" active` {
		t.Errorf("a known file with one column mapped: %s %q", s.Kind, got)
	}
}

func TestJSONLinesAreRead(t *testing.T) {
	text := `{"email":"a@x.org","name":"Анна","hour":7,"status":"active","until":null}` + "\n\n" + `{"email":["x"]}` + "\nnonsense\n" + `{"email":"b@x.org","phone":"1"}` + "\n" + `{"email":"=c@x.org"}` + "\n"
	_, got := rows(t, []byte(text), Options{})
	want := []string{`2! `, `1 a@x.org "Анна" active`, `3! "email" is neither`, `4! the line is not one JSON object`, `5! "phone" is not known`, `6 =c@x.org "" `}[1:]
	for i := range want {
		if i >= len(got) || !strings.HasPrefix(got[i], want[i]) {
			t.Fatalf("%q, want %q", got, want)
		}
	}
}

func TestTimesOfAllTheseProgramsAreRead(t *testing.T) {
	for _, text := range []string{"2024-01-15T10:00:00Z", "2024-01-15T10:00:00.000Z", "2024-01-15 10:00:00", "2024-01-15 10:00:00 +0000 UTC", "2024-01-15 10:00:00.000001 +0000 +0000",
		"2024-01-15 10:00:00 +0000", "15.01.2024 10:00", "15 января 2024 10:00", "15 января 2024, 10:00"} {
		if got, ok := Time(text); !ok || got.UTC().Format("2006-01-02 15:04:05") != "2024-01-15 10:00:00" {
			t.Errorf("%q is %v, %v", text, got, ok)
		}
	}
	for _, text := range []string{"", "yesterday", "2024-13-01", "a b c d", strings.Repeat("1 ", 1000)} {
		if got, ok := Time(text); ok {
			t.Errorf("%q is %v", text, got)
		}
	}
}

func TestRejectedLinesCanBeMendedAndReadAgain(t *testing.T) {
	text := "email;name;status\n=cmd@x.org;'+7;odd\nb@x.org;B;active;more\nc@x.org\nd@x.org;\"D\n"
	s, err := Open(strings.NewReader(text), Options{})
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	w := NewWriter(&b, s.Comma)
	w.WriteRejected(s.Header, len(s.Header), Problem)
	for {
		row, err := s.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		w.WriteRejected(s.Safe(row.Cells), len(s.Header), "wrong")
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	want := "email;name;status;problem\n'=cmd@x.org;'+7;odd;wrong\nb@x.org;B;active;wrong\nc@x.org;;;wrong\nd@x.org;D;;wrong\n"
	if b.String() != want {
		t.Errorf("rejects:\n%s\nwant:\n%s", b.String(), want)
	}
	if _, got := rows(t, b.Bytes(), Options{}); len(got) != 4 || got[0] != `2 =cmd@x.org "+7" odd` {
		t.Errorf("read again: %q", got)
	}
}

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

// FuzzSheet reads any bytes in any encoding: it must end, the lines must count up, and what it gives must be text.
func FuzzSheet(f *testing.F) {
	for _, s := range []string{"email,name,digests,status\na@x.org,A,daily,active\n", "email;digests\r\n\"a@x.org\";\"daily\nweekly\"\r\n", "\xEF\xBB\xBFemail\tdigests\n'=a@x.org\tdaily\n",
		"email|digests\n\"", "email,digests\n\xff,\x00\n", "\n\n,\n", "sep=;\nemail;name\n", "\xFF\xFEe\x00m\x00a\x00i\x00l\x00\n\x00", "{\"email\":\"a@x.org\"}\n{", "email\n\xC0\xED\xED\xE0\n",
		"uuid,email,name,attributes,status\nu,a@x.org,A,\"{\"\"a\"\":1}\",enabled\n", "Email Address,LEID\na@x.org,1\n", "email,subscribed_to_emails\na@x.org,true\n", "email,email_disabled\na@x.org,\n"} {
		f.Add([]byte(s), "")
	}
	f.Add([]byte("email,name\na@x.org,A\n"), "utf-16be")
	f.Add([]byte("email,name\na@x.org,A\n"), "iso-2022-jp")
	f.Fuzz(func(t *testing.T, data []byte, encoding string) {
		s, err := Open(bytes.NewReader(data), Options{Encoding: encoding})
		if err != nil {
			return
		}
		for last := 0; ; {
			row, err := s.Next()
			var bad *LineError
			if errors.Is(err, io.EOF) {
				return
			}
			if err != nil && !errors.As(err, &bad) {
				return // the encoding's own complaint
			}
			if row.Line <= last {
				t.Fatalf("line %d after line %d", row.Line, last)
			}
			last = row.Line
			if err == nil && (len(row.Cells) != len(s.Header) || !utf8.ValidString(strings.Join(row.Cells, "")+row.Email+row.Name+row.Why)) {
				t.Fatalf("row %+v of a file with %d columns", row, len(s.Header))
			}
		}
	})
}
