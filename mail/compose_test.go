package mail

import (
	"bytes"
	"net/mail"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"vestnik/mail/mailtest"
	"vestnik/mail/wire"
)

func mustCompose(t testing.TB, m Message) Master {
	t.Helper()
	master, err := Compose(testIdentity(), m)
	if err != nil {
		t.Fatal(err)
	}
	return master
}

func headerOf(t testing.TB, b []byte) mail.Header {
	t.Helper()
	m, err := mail.ReadMessage(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	return m.Header
}

func TestMasterHasTheFieldsOfADigest(t *testing.T) {
	m := mustCompose(t, digestMessage())
	h := headerOf(t, m.Bytes)
	for name, want := range map[string]string{
		"Auto-Submitted":           "auto-generated",
		"Precedence":               "bulk",
		"X-Auto-Response-Suppress": "All",
		"Content-Language":         "ru",
		"List-Archive":             "<https://kino.example/digests/daily>",
		"Mime-Version":             "1.0",
	} {
		if got := h.Get(name); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
	if id := h.Get("List-Id"); !strings.HasSuffix(id, " <daily.kino.example>") || !strings.HasPrefix(id, "=?UTF-8?B?") {
		t.Errorf("List-Id: %q", id)
	}
	for _, name := range []string{"Date", "Message-Id", "To", "List-Unsubscribe", "User-Agent", "X-Mailer"} {
		if got, found := h[name]; found {
			t.Errorf("%s does not belong into a master copy: %q", name, got)
		}
	}
	if err := checkOctets(m.Bytes); err != nil {
		t.Error(err)
	}
}

func TestConfirmationIsNotBulk(t *testing.T) {
	m := digestMessage()
	m.Kind = KindConfirm
	h := headerOf(t, mustCompose(t, m).Bytes)
	if h.Get("Auto-Submitted") != "auto-generated" {
		t.Error("a confirmation must say that a machine wrote it")
	}
	for _, name := range []string{"Precedence", "X-Auto-Response-Suppress", "List-Id"} {
		if got := h.Get(name); got != "" {
			t.Errorf("%s: %q does not belong into a confirmation", name, got)
		}
	}
}

func TestEqualInputGivesEqualBytes(t *testing.T) {
	a, b := mustCompose(t, digestMessage()), mustCompose(t, digestMessage())
	if !bytes.Equal(a.Bytes, b.Bytes) || a.Hash() != b.Hash() {
		t.Error("two masters of one message differ")
	}
	m := digestMessage()
	m.Text += "x"
	if c := mustCompose(t, m); a.Hash() == c.Hash() {
		t.Error("masters of different messages have one hash")
	}
}

func TestLetterIsDecodedToWhatWasComposed(t *testing.T) {
	m := digestMessage()
	m.Subject = strings.Repeat("Самое читаемое за неделю, ", 12) + "и ещё"
	m.HTML = strings.Repeat("<p>.Строка = с точкой и знаком равенства\t</p>\n", 50)
	m.Text = ".\n..\n.точка\nстрока с пробелом на конце \n" + strings.Repeat("длинная строка без конца ", 100)
	f := cut(mustCompose(t, m).Bytes)
	l := Letter{Kind: KindDigest, Ref: 1, Recipient: 2, Made: time.Date(2026, 11, 24, 8, 0, 0, 0, time.UTC)}
	data := testIdentity().appendPersonal(nil, l, "reader@post.example", personal(l))
	got, err := mailtest.Message{Data: f.fill(data, personal(l), reason{})}.Parse()
	if err != nil {
		t.Fatal(err)
	}
	crlf := strings.NewReplacer("\n", "\r\n")
	if got.Subject != m.Subject || got.Text != crlf.Replace(m.Text) || got.HTML != crlf.Replace(m.HTML) {
		t.Errorf("decoded to\n%q\n%q\n%q", got.Subject, got.Text, got.HTML)
	}
	if got.From != "Вестник кино <digest@kino.example>" || got.To != "reader@post.example" || !got.Date.Equal(l.Made) {
		t.Errorf("From %q, To %q, Date %v", got.From, got.To, got.Date)
	}
	if got.MessageID != testIdentity().Token(l.key())+"@kino.example" {
		t.Errorf("Message-ID %q", got.MessageID)
	}
	if u := got.Header.Get("List-Unsubscribe"); u != "<https://kino.example/unsubscribe/"+personal(l).Leave+">" {
		t.Errorf("List-Unsubscribe %q", u)
	}
	if p := got.Header.Get("List-Unsubscribe-Post"); p != "List-Unsubscribe=One-Click" {
		t.Errorf("List-Unsubscribe-Post %q", p)
	}
}

func TestSubjectThatLooksEncodedIsReadAsItStands(t *testing.T) {
	m := digestMessage()
	m.Subject = "=?UTF-8?Q?Bcc=3A_all?= и ещё"
	got, err := mailtest.Message{Data: mustCompose(t, m).Bytes}.Parse()
	if err != nil || got.Subject != m.Subject {
		t.Errorf("got %q, %v; want %q", got.Subject, err, m.Subject)
	}
}

func TestComposeRefusesWhatMayNotStandInAHeader(t *testing.T) {
	for _, bad := range []string{"a\r\nBcc: x@y", "a\nb", "a\rb", "a\x00b", "a\tb", "a\x1bb", "a\u0085b", "a\xffb"} {
		id, m := testIdentity(), digestMessage()
		m.Subject = bad
		if _, err := Compose(id, m); err == nil {
			t.Errorf("subject %q was composed", bad)
		}
		m = digestMessage()
		m.ListTitle = bad
		if _, err := Compose(id, m); err == nil {
			t.Errorf("title %q was composed", bad)
		}
		m = digestMessage()
		id.FromName = bad
		if _, err := Compose(id, m); err == nil {
			t.Errorf("sender %q was composed", bad)
		}
		id = testIdentity()
		id.SiteURL = "https://kino.example/" + bad
		if _, err := Compose(id, m); err == nil {
			t.Errorf("site %q was composed", bad)
		}
	}
}

func TestOctetsThatARelayWouldRepairAreRefused(t *testing.T) {
	for _, bad := range []string{"a\nb\r\n", "a\rb\r\n", "\n", "a\x00\r\n", "ы\r\n", strings.Repeat("x", 999) + "\r\n"} {
		if err := checkOctets([]byte(bad)); err == nil {
			t.Errorf("%q passed", clip(bad, 20))
		}
	}
	if err := checkOctets([]byte(strings.Repeat("x", 998) + "\r\n\r\n")); err != nil {
		t.Error(err)
	}
}

func TestHeadersAreFoldedWithoutEmptyLines(t *testing.T) {
	for _, text := range []string{"Weekly", strings.Repeat("Самое читаемое за неделю, ", 12), strings.Repeat("x", 2000), strings.Repeat("word ", 60), "Самое", `a "quoted" \ text`} {
		id, m := testIdentity(), digestMessage()
		m.Subject, m.ListTitle, id.FromName = strings.TrimSpace(text), strings.TrimSpace(text), strings.TrimSpace(text)
		master, err := Compose(id, m)
		if err != nil {
			t.Fatal(err)
		}
		head, _, _ := bytes.Cut(master.Bytes, []byte("\r\n\r\n"))
		for line := range bytes.SplitSeq(head, []byte("\r\n")) {
			if len(line) > 78 || bytes.HasSuffix(line, []byte(":")) {
				t.Errorf("header line %q", line)
			}
		}
		got, err := mailtest.Message{Data: master.Bytes}.Parse()
		if err != nil || got.Subject != m.Subject || got.From != id.FromName+" <digest@kino.example>" {
			t.Errorf("subject %q, from %q, %v; want %q", got.Subject, got.From, err, m.Subject)
		}
	}
}

func FuzzNoFieldIsInjected(f *testing.F) {
	for _, s := range []string{"Самое читаемое", "a\r\nBcc: all@kino.example", "a\n b", "\x00", "=?UTF-8?q?=0D=0ABcc:x?=", `a"<x@y>`, "a\u2028b", strings.Repeat("ы", 300)} {
		f.Add(s, s, s)
	}
	id := testIdentity()
	f.Fuzz(func(t *testing.T, subject, title, name string) {
		id, m := id, digestMessage()
		m.Subject, m.ListTitle, id.FromName = subject, title, name
		master, err := Compose(id, m)
		if err != nil {
			return
		}
		head, _, _ := bytes.Cut(master.Bytes, []byte("\r\n\r\n"))
		var names []string
		for line := range bytes.SplitSeq(head, []byte("\r\n")) {
			if line[0] != ' ' {
				key, _, _ := bytes.Cut(line, []byte(":"))
				names = append(names, string(key))
			}
		}
		const want = "Auto-Submitted Content-Language From List-Archive List-Id List-Post List-Subscribe MIME-Version Precedence Subject X-Auto-Response-Suppress Content-Type"
		if got := strings.Join(names, " "); got != want {
			t.Errorf("subject %q, title %q, name %q: fields\n%s\nwant\n%s", subject, title, name, got, want)
		}
		if h := headerOf(t, master.Bytes); len(h["From"]) != 1 {
			t.Errorf("From: %q", h["From"])
		}
	})
}

// TestFillingHolesEqualsComposingWithTokens is the proof that cutting is right: whatever text stands around the links,
// and wherever soft line breaks fall, the filled master is what go-mail makes of the same letter with the tokens in it.
func TestFillingHolesEqualsComposingWithTokens(t *testing.T) {
	token := rapid.StringMatching(`[A-Za-z0-9]{40}`)
	words := rapid.StringOf(rapid.RuneFrom([]rune("abc .=\nйцуё<>&")))
	rapid.Check(t, func(t *rapid.T) {
		tokens := Tokens{token.Draw(t, "leave"), token.Draw(t, "preferences"), token.Draw(t, "confirm"), token.Draw(t, "not me")}
		var text strings.Builder
		for range rapid.IntRange(0, 5).Draw(t, "links") {
			text.WriteString(words.Draw(t, "words"))
			hole := rapid.SampledFrom(holes[:]).Draw(t, "hole")
			text.WriteString(" https://kino.example/" + rapid.StringMatching(`[a-z]{0,60}`).Draw(t, "path") + "/" + hole)
			text.WriteString(rapid.SampledFrom([]string{"", " ", "\n", "\">", "="}).Draw(t, "after"))
		}
		m := digestMessage()
		m.Text, m.HTML = "t"+text.String(), "h"+text.String()+words.Draw(t, "end")

		master, err := compose(testIdentity(), m, "one-boundary")
		if err != nil {
			t.Fatal(err)
		}
		fast := cut(master.Bytes)
		direct := strings.NewReplacer(HoleLeave, tokens.Leave, HolePreferences, tokens.Preferences, HoleConfirm, tokens.Confirm, HoleNotMe, tokens.NotMe)
		m.Text, m.HTML = direct.Replace(m.Text), direct.Replace(m.HTML)
		slow, err := compose(testIdentity(), m, "one-boundary")
		if err != nil {
			t.Fatal(err)
		}
		if got := fast.fill(nil, tokens, reason{}); !bytes.Equal(got, slow.Bytes) {
			t.Errorf("filled:\n%s\ncomposed:\n%s", got, slow.Bytes)
		}
		stuffed := cut(wire.Stuff(master.Bytes))
		if got := stuffed.fill(nil, tokens, reason{}); !bytes.Equal(got, wire.Stuff(slow.Bytes)) {
			t.Error("filling a dot-stuffed master is not dot-stuffing a filled one")
		}
	})
}

func TestHolesOutsideTheSitesOwnLinksAreRemoved(t *testing.T) {
	const own = "https://kino.example/unsubscribe/" + HoleLeave
	for in, want := range map[string]string{
		own:                                 own,
		`<a href="` + own + `">`:            `<a href="` + own + `">`,
		"https://evil.example/'" + own:      "https://evil.example/'https://kino.example/unsubscribe/",
		HoleLeave:                           "",
		"https://evil.example/" + HoleLeave: "https://evil.example/",
		"https://evil.example/?u=https://kino.example/" + HoleLeave:              "https://evil.example/?u=https://kino.example/",
		"https://kino.example.evil.example/" + HolePreferences + "|" + HoleLeave: "https://kino.example.evil.example/|",
		"https://kino.example@evil.example/" + HoleConfirm:                       "https://kino.example@evil.example/",
		"https://evil.example/?u=" + HoleLeave[:20] + HoleLeave + HoleLeave[20:]: "https://evil.example/?u=",
		"https://evil.example/" + HoleLeave + " " + own:                          "https://evil.example/ " + own,
	} {
		if got := ownHoles("https://kino.example", in); got != want {
			t.Errorf("%q became %q, want %q", in, got, want)
		}
	}
	for _, own := range []string{"https://пример.рф/u/" + HoleLeave, "https://xn--e1afmkfd.xn--p1ai/u/" + HoleLeave, "https://%d0%bf%d1%80%d0%b8%d0%bc%d0%b5%d1%80.%d1%80%d1%84/u/" + HoleLeave} {
		if got := ownHoles("https://пример.рф", own); got != own {
			t.Errorf("an international name: %q became %q", own, got)
		}
	}
}

func TestAddresses(t *testing.T) {
	for in, want := range map[string]string{
		"Reader@Post.Example":                 "Reader@post.example",
		"ivan@пример.рф":                      "ivan@xn--e1afmkfd.xn--p1ai",
		"a.b+c@xn--e1afmkfd.xn--p1ai":         "a.b+c@xn--e1afmkfd.xn--p1ai",
		"a@localhost":                         "a@localhost",
		"иван@пример.рф":                      "",
		"":                                    "",
		"@post.example":                       "",
		"a@":                                  "",
		"a b@post.example":                    "",
		"\"a b\"@post.example":                "",
		"a@post.example>\r\nRCPT TO:<b@c":     "",
		"a>@post.example":                     "",
		"a@post.example ":                     "",
		"a@post..example":                     "",
		"a@-post.example":                     "",
		".a@post.example":                     "",
		"a..b@post.example":                   "",
		"a\x00@post.example":                  "",
		strings.Repeat("a", 65) + "@b.c":      "",
		"a@" + strings.Repeat("b.", 130):      "",
		"a@" + strings.Repeat("b", 64) + ".c": "",
	} {
		got, err := Address(in)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("Address(%q) = %q, %v; want %q", in, got, err, want)
		}
	}
}

func FuzzAddress(f *testing.F) {
	for _, s := range []string{"a@b.c", "ivan@пример.рф", "a@b.c>\r\nDATA", "\"a@b\"@c", "a@[127.0.0.1]"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		a, err := Address(s)
		if err != nil {
			return
		}
		if strings.ContainsFunc(a, func(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune("<>()[]\\,;:\"", r) }) || strings.Count(a, "@") != 1 || len(a) > 254 {
			t.Errorf("Address(%q) = %q", s, a)
		}
		if again, err := Address(a); err != nil || again != a {
			t.Errorf("Address(%q) = %q, %v", a, again, err)
		}
	})
}
