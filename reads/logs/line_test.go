package logs

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"vestnik/reads/addresses"
)

const (
	firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
	caddy   = `{"level":"info","ts":1795515133.5241,"logger":"http.log.access.log0","msg":"handled request","request":{"remote_ip":"198.51.100.7","remote_port":"41342","client_ip":"198.51.100.9","proto":"HTTP/2.0","method":"GET","host":"kino.example","uri":"/articles/a?utm_medium=email\u0026x=1","headers":{"User-Agent":["Mozilla/5.0 (X11; Linux x86_64)"],"Accept-Language":["ru"],"Sec-Fetch-Dest":["document"],"Referer":["https://e.mail.ru/"],"Dnt":["1"]},"tls":{"resumed":false,"version":772,"server_name":"wrong.example"}},"bytes_read":0,"user_id":"","duration":0.000929675,"size":10900,"status":200,"resp_headers":{"Content-Type":["text/html; charset=utf-8"],"User-Agent":["wrong"]}}`
	nginx   = `{"time_iso8601":"2026-11-24T21:12:13+11:00","remote_addr":"198.51.100.9","host":"kino.example","request":"GET /articles/a?x=1 HTTP/2.0","status":"200","body_bytes_sent":"512","http_referer":"-","http_user_agent":"Mozilla/5.0 (X11; \"Linux\")","http_x_forwarded_for":""}`
)

func combinedLine(address, at, request, status, size, agent string) string {
	return fmt.Sprintf(`%s - - [%s] "%s" %s %s "-" "%s"`, address, at, request, status, size, agent)
}

func TestEveryFormatSaysTheSame(t *testing.T) {
	at := time.Date(2026, 11, 24, 10, 12, 13, 0, time.UTC).Unix()
	for name, test := range map[string]struct {
		text, address, host, method, target, agent string
	}{
		"combined":             {`198.51.100.9 - - [24/Nov/2026:21:12:13 +1100] "GET /a?x=1 HTTP/1.1" 200 512 "https://x.example/" "Mozilla/5.0 (X11)"`, "198.51.100.9", "", "GET", "/a?x=1", "Mozilla/5.0 (X11)"},
		"common":               {`198.51.100.9 - ann [24/Nov/2026:05:12:13 -0500] "GET /a HTTP/1.0" 200 -`, "198.51.100.9", "", "GET", "/a", ""},
		"virtual host":         {`kino.example:443 2001:db8::7 - - [24/Nov/2026:10:12:13 +0000] "GET /a HTTP/1.1" 200 5 "-" "x"`, "2001:db8::7", "kino.example:443", "GET", "/a", "x"},
		"user with a space":    {`198.51.100.9 - Ann Lee [24/Nov/2026:10:12:13 +0000] "GET /a HTTP/1.1" 200 5 "-" "x"`, "198.51.100.9", "", "GET", "/a", "x"},
		"Apache's escapes":     {`198.51.100.9 - - [24/Nov/2026:10:12:13 +0000] "GET /a HTTP/1.1" 200 5 "-" "a \"b\" \\"`, "198.51.100.9", "", "GET", "/a", `a "b" \`},
		"nginx' escapes":       {`198.51.100.9 - - [24/Nov/2026:10:12:13 +0000] "GET /a HTTP/1.1" 200 5 "-" "a \x22b\x22" "-"`, "198.51.100.9", "", "GET", "/a", `a "b"`},
		"a handshake":          {`198.51.100.9 - - [24/Nov/2026:10:12:13 +0000] "\x16\x03\x01" 400 5 "-" "-"`, "198.51.100.9", "", "\x16\x03\x01", "", ""},
		"Caddy":                {caddy, "198.51.100.9", "kino.example", "GET", "/articles/a?utm_medium=email&x=1", "Mozilla/5.0 (X11; Linux x86_64)"},
		"nginx JSON":           {nginx, "198.51.100.9", "kino.example", "GET", "/articles/a?x=1", `Mozilla/5.0 (X11; "Linux")`},
		"nginx JSON, msec":     {`{"msec":"1795515133.001","remote_addr":"198.51.100.9","server_name":"_","request_method":"GET","uri":"/a","request_uri":"/a?x","status":200}`, "198.51.100.9", "_", "GET", "/a?x", ""},
		"JSON in milliseconds": {`{"ts":1795515133001,"client_ip":"198.51.100.9","method":"GET","uri":"/a","status":200}`, "198.51.100.9", "", "GET", "/a", ""},
	} {
		var p parser
		if !p.parse([]byte(test.text)) {
			t.Errorf("%s: cannot be read", name)
			continue
		}
		got := []string{string(p.address), string(p.host), string(p.method), string(p.target), string(p.agent)}
		want := []string{test.address, test.host, test.method, test.target, test.agent}
		if strings.Join(got, "|") != strings.Join(want, "|") || p.time != at && !strings.Contains(name, "second") {
			t.Errorf("%s: %q at %d, want %q at %d", name, got, p.time, want, at)
		}
	}
	var p parser
	p.parse([]byte(caddy))
	if string(p.dest) != "document" || !p.refuses || string(p.language) != "ru" || string(p.referrer) != "https://e.mail.ru/" {
		t.Errorf("Caddy's headers: %q %v %q %q", p.dest, p.refuses, p.language, p.referrer)
	}
}

func TestWhatCannotBeIsMalformed(t *testing.T) {
	good := combinedLine("198.51.100.9", "24/Nov/2026:10:12:13 +0000", "GET /a HTTP/1.1", "200", "5", firefox)
	if !new(parser).parse([]byte(good)) {
		t.Fatal("the good line cannot be read")
	}
	for name, text := range map[string]string{
		"nothing":            "",
		"binary":             "\x00\xff\xfe[ \"\x01",
		"negative size":      combinedLine("198.51.100.9", "24/Nov/2026:10:12:13 +0000", "GET /a HTTP/1.1", "200", "-5", firefox),
		"immense size":       combinedLine("198.51.100.9", "24/Nov/2026:10:12:13 +0000", "GET /a HTTP/1.1", "200", "99999999999999999999999", firefox),
		"31 November":        strings.Replace(good, "24/Nov", "31/Nov", 1),
		"hour 25":            strings.Replace(good, ":10:12:13", ":25:12:13", 1),
		"a wrong zone":       strings.Replace(good, "+0000", "*0000", 1),
		"status 20":          strings.Replace(good, " 200 ", " 20 ", 1),
		"no quotation mark":  strings.Replace(good, `HTTP/1.1"`, "HTTP/1.1", 1),
		"torn in front":      good[20:],
		"JSON torn":          caddy[:len(caddy)-1],
		"JSON and more":      caddy + "}",
		"JSON without time":  strings.Replace(caddy, `"ts"`, `"tz"`, 1),
		"JSON negative size": strings.Replace(caddy, `"size":10900`, `"size":-1`, 1),
		"JSON bad time":      strings.Replace(caddy, `1795515133.5241`, `"soon"`, 1),
		"JSON NaN":           strings.Replace(nginx, `2026-11-24T21:12:13+11:00`, `NaN`, 1),
		"JSON status text":   strings.Replace(caddy, `"status":200`, `"status":"ok"`, 1),
		"JSON bad number":    strings.Replace(caddy, `"size":10900`, `"size":1-2`, 1),
		"too deep":           `{"a":` + strings.Repeat("[", 50) + strings.Repeat("]", 50) + `}`,
	} {
		if new(parser).parse([]byte(text)) {
			t.Errorf("%s: read as a line", name)
		}
	}
}

func FuzzLogLine(f *testing.F) {
	for _, seed := range []string{caddy, nginx, combinedLine("::1", "24/Nov/2026:10:12:13 +0000", "GET /a HTTP/1.1", "304", "-", firefox),
		"", "{", `{"request":{"headers":{"User-Agent":["a","b"]}}}`, `a b - [`, "\x1f\x8b"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		before := bytes.Clone(b)
		var p parser
		ok := p.parse(b)
		if !bytes.Equal(b, before) {
			t.Fatal("the line was changed")
		}
		if !ok {
			return
		}
		if p.time == 0 || p.status < 1 || p.status > 999 || len(p.address) == 0 {
			t.Fatalf("read without what a line must have: %+v", p.line)
		}
		if trimmed := bytes.TrimSpace(b); trimmed[0] == '{' && !couldBeJSON(trimmed) {
			t.Fatalf("read as JSON: %q", b)
		}
		host, path, query := split(&p.line)
		key := addresses.AppendPath(addresses.AppendHost(nil, host), path)
		if again := addresses.AppendPath(nil, key); !bytes.Equal(again, key) {
			t.Fatalf("%q is normal, and not when it is made so again: %q", key, again)
		}
		sourceOf(query, p.referrer)
		parseAddress(p.address)
	})
}

// couldBeJSON reports whether the text is JSON but for control characters within texts, which careless programs leave there.
func couldBeJSON(b []byte) bool {
	return json.Valid(bytes.Map(func(r rune) rune {
		if r < ' ' {
			return ' '
		}
		return r
	}, b)) || bytes.ContainsFunc(b, func(r rune) bool { return r < ' ' })
}

func TestSourcesAreThoseOfThePageScript(t *testing.T) {
	for _, test := range []struct{ query, referrer, want string }{
		{"", "", "web"}, {"", "https://ya.ru/search", "web"}, {"utm_medium=email", "", "email"}, {"a=1&utm_medium=News%6Cetter", "", "email"},
		{"ref=rss", "", "feed"}, {"utm_medium=web", "https://mail.google.com/", "web"}, {"utm_medium=social", "", "other"}, {"utm_medium=&ref=digest", "", "email"},
		{"", "https://mail.google.com/mail/u/0", "email"}, {"", "https://e.mail.ru/", "email"}, {"", "https://go.mail.ru/search", "web"}, {"", "https://mail.ru/", "web"},
		{"", "https://www.inoreader.com/", "feed"}, {"", "android-app://com.google.android.gm/", "web"}, {"utm_medium=%zz", "", "other"},
	} {
		if got := sourceOf([]byte(test.query), []byte(test.referrer)); got != test.want {
			t.Errorf("%q from %q: %s, want %s", test.query, test.referrer, got, test.want)
		}
	}
}
