package mailtest_test

import (
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"vestnik/mail/mailtest"
)

func TestParseDecodesALetter(t *testing.T) {
	text := "Самое читаемое: 20 новостей"
	data := strings.ReplaceAll(`From: =?UTF-8?B?`+base64.StdEncoding.EncodeToString([]byte("Вестник кино"))+`?= <digest@kino.example>
To: anna@example.org
Subject: =?UTF-8?Q?=D0=9A=D0=B8=D0=BD=D0=BE?= =?UTF-8?Q?_?=
 =?windows-1251?B?7+vl7e7q?=
Message-ID: <e.1.2@kino.example>
Date: Tue, 24 Nov 2026 08:00:00 +1100
List-Unsubscribe: <https://kino.example/unsubscribe/t>
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=outer

--outer
Content-Type: multipart/alternative; boundary=inner

--inner
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: base64

`+base64.StdEncoding.EncodeToString([]byte(text))+`
--inner
Content-Type: text/html; charset=utf-8
Content-Transfer-Encoding: quoted-printable

<p>=D0=9A=D0=B8=D0=BD=D0=BE</p>
--inner--
--outer
Content-Type: application/pdf
Content-Disposition: attachment; filename="a.pdf"

%PDF
--outer--
`, "\n", "\r\n")
	p, err := mailtest.Message{ID: 1, Data: []byte(data)}.Parse()
	if err != nil {
		t.Fatal(err)
	}
	checks := []struct{ what, got, want string }{
		{"subject", p.Subject, "Кино пленок"},
		{"from", p.From, "Вестник кино <digest@kino.example>"},
		{"to", p.To, "anna@example.org"},
		{"message id", p.MessageID, "e.1.2@kino.example"},
		{"date", p.Date.UTC().Format(time.RFC3339), "2026-11-23T21:00:00Z"},
		{"text", p.Text, text},
		{"html", strings.TrimSpace(p.HTML), "<p>Кино</p>"},
		{"header", p.Header.Get("List-Unsubscribe"), "<https://kino.example/unsubscribe/t>"},
	}
	for _, c := range checks {
		if c.got != c.want {
			t.Errorf("%s = %q, want %q", c.what, c.got, c.want)
		}
	}
	if len(p.Attachments) != 1 || p.Attachments[0].Filename != "a.pdf" {
		t.Errorf("attachments = %+v, want a.pdf", p.Attachments)
	}
	if len(p.Fields) != 8 || p.Fields[0].Name != "From" || !strings.Contains(p.Fields[0].Value, "Вестник кино") {
		t.Errorf("fields = %+v", p.Fields)
	}
}

func TestParseTakesASinglePart(t *testing.T) {
	p, err := mailtest.Message{Data: []byte("Subject: x\r\n\r\nplain\r\n")}.Parse()
	if err != nil || p.Text != "plain\r\n" || p.HTML != "" {
		t.Errorf("text = %q, html = %q, error = %v", p.Text, p.HTML, err)
	}
	p, err = mailtest.Message{Data: []byte("Content-Type: text/plain; charset=klingon\r\n\r\nraw\r\n")}.Parse()
	if err != nil || p.Text != "raw\r\n" {
		t.Errorf("unknown charset: text = %q, error = %v", p.Text, err)
	}
}

func FuzzParseNeverPanics(f *testing.F) {
	f.Add([]byte("Subject: x\r\n\r\nbody"))
	f.Add([]byte("Content-Type: multipart/mixed; boundary=a\r\n\r\n--a\r\n\r\nx\r\n--a--"))
	f.Add([]byte("From: =?koi8-r?B?8fLp9w==?= <a@b>\r\n\r\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		mailtest.Message{Data: data}.Parse()
	})
}
