package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"vestnik/db"
	"vestnik/db/dbtest"
	"vestnik/digest"
	"vestnik/mail"
	"vestnik/mail/mailtest"
)

func TestMain(m *testing.M) {
	testscript.Main(cleaning{m}, map[string]func(){"vestnik": main, "bareserver": bareServer})
}

// cleaning runs the tests and removes the program that they built.
type cleaning struct{ m *testing.M }

func (c cleaning) Run() int {
	defer func() {
		if built != "" {
			os.RemoveAll(built)
		}
	}()
	return c.m.Run()
}

// TestScript runs the scenarios of testdata/script, each as an operator would tell it, on a database of its own. Beside
// testscript's commands they have:
//
//	smtpd start              a real SMTP server; the configuration's relay
//	smtpd wait N             until N letters have arrived
//	smtpd show N             the Nth letter, decoded: headers, then text, then HTML
//	smtpd refuse ADDR, smtpd defer ADDR, smtpd cut ADDR
//	smtpd link NAME REGEXP   sets $NAME to the first match in the text of the newest letter that has one
//	get URL [HEADER=VALUE…]  prints the status, the headers and the body
//	head URL                 the same without the body
//	post URL [FIELD=VALUE…]  sends a form
//	waitfor URL              until it answers 200
//	upstream DIR             serves the files of DIR on $UPSTREAM, with validators
//	read SLUG N [OFFSET]     N different visitors read the article
//	readelsewhere PAGE ORIGIN N   N different visitors read a page of a site that lives elsewhere
//	attempted                until no letter is queued or in flight
//	letter STATE NAME        sets $NAME to the name of a letter in that state
//	edition NAME             sets $NAME to the newest edition's slot
//	followed DIGEST          until the daemon follows what is published, for a digest that mails it
//	appendsource             the source "wire", on $UPSTREAM, into the configuration
//	callback start SECRET    a WebSub subscriber; sets $CALLBACK; see cmdCallback
//	subscribed N             until the hub has N confirmed subscriptions and no other
//	newerschema              makes the database one of a newer vestnik
//	seal NAME                sets $NAME to the head of the log of consent
//	rewrite STATEMENT        changes the database behind everybody's back
//	holds TEXT               a column of a table holds it
//	gone ADDR                until the address has no subscriber
//	encode NAME FROM TO      writes a file of UTF-8 in another encoding
func TestScript(t *testing.T) {
	files, err := filepath.Glob("testdata/script/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			t.Parallel()
			database := dbtest.URL(t)
			testscript.Run(t, testscript.Params{
				Files: []string{file}, RequireExplicitExec: true,
				Condition: func(cond string) (bool, error) {
					if cond == "postgres" {
						return strings.HasPrefix(database, "postgres"), nil
					}
					if cond != "corpora" {
						return false, fmt.Errorf("unknown condition %s", cond)
					}
					_, err := os.Stat("../../../shared/corpora")
					return err == nil, nil
				},
				Setup: func(env *testscript.Env) error { return setUpScript(env, database) },
				Cmds: map[string]func(*testscript.TestScript, bool, []string){
					"smtpd": cmdSMTPD, "get": cmdGet, "head": cmdHead, "post": cmdPost, "waitfor": cmdWaitfor, "upstream": cmdUpstream, "read": cmdRead,
					"appendsource": cmdAppendsource, "newerschema": cmdNewerschema, "attempted": cmdAttempted, "letter": cmdLetter, "edition": cmdEdition, "followed": cmdFollowed,
					"readelsewhere": cmdReadElsewhere, "callback": cmdCallback, "subscribed": cmdSubscribed, "encode": cmdEncode,
					"seal": cmdSeal, "rewrite": cmdRewrite, "holds": cmdHolds, "gone": cmdGone,
				},
			})
		})
	}
}

type smtpdKey struct{}

func setUpScript(env *testscript.Env, database string) error {
	port, err := freePort()
	if err != nil {
		return err
	}
	site := "http://127.0.0.1:" + port
	for name, value := range map[string]string{
		"VESTNIK_DATABASE_URL": database, "VESTNIK_HTTP_LISTEN": "127.0.0.1:" + port, "VESTNIK_SITE_URL": site,
		"VESTNIK_HTTP_TRUSTED_PROXIES": "127.0.0.1", "VESTNIK_MAIL_FROM": "Вестник <digest@kino.example>",
		"VESTNIK_SITE_TIMEZONE": "Asia/Sakhalin", "SITE": site, "TZ": "UTC",
	} {
		env.Setenv(name, value)
	}
	if corpora, err := filepath.Abs("../../../shared/corpora"); err == nil {
		env.Setenv("CORPORA", corpora)
	}
	env.Values[smtpdKey{}] = new(*mailtest.Server)
	env.Values[callbackKey{}] = new(*callback)
	return nil
}

func freePort() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	_, port, err := net.SplitHostPort(l.Addr().String())
	return port, err
}

func cmdSMTPD(ts *testscript.TestScript, neg bool, args []string) {
	holder := ts.Value(smtpdKey{}).(**mailtest.Server)
	if len(args) == 0 || neg {
		ts.Fatalf("usage: smtpd start|wait|show|refuse|defer|cut|link")
	}
	if args[0] == "start" {
		s, err := mailtest.Start(mailtest.Options{})
		ts.Check(err)
		ts.Defer(func() { s.Close() })
		*holder = s
		ts.Setenv("VESTNIK_MAIL_RELAY_0_URL", s.URL())
		return
	}
	s := *holder
	switch args[0] {
	case "wait":
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		defer cancel()
		if err := s.Wait(ctx, number(ts, args[1])); err != nil {
			ts.Fatalf("smtpd wait %s: %d letters arrived: %v", args[1], len(s.Messages()), err)
		}
	case "count":
		if got := len(s.Messages()); got != number(ts, args[1]) {
			ts.Fatalf("%d letters arrived, want %s", got, args[1])
		}
	case "show":
		showLetter(ts, s, number(ts, args[1]))
	case "refuse":
		s.Refuse(args[1], 550, "5.1.1 no such user")
	case "defer":
		s.DeferOnce(args[1])
	case "cut":
		s.CutAfterDot(args[1])
	case "link":
		followLink(ts, s, args[1], args[2])
	default:
		ts.Fatalf("smtpd %s: unknown", args[0])
	}
}

func number(ts *testscript.TestScript, s string) int {
	n, err := strconv.Atoi(s)
	ts.Check(err)
	return n
}

func showLetter(ts *testscript.TestScript, s *mailtest.Server, n int) {
	all := s.Messages()
	if n < 1 || n > len(all) {
		ts.Fatalf("smtpd show %d: %d letters arrived", n, len(all))
	}
	m := all[n-1]
	p, err := m.Parse()
	ts.Check(err)
	fmt.Fprintf(ts.Stdout(), "Envelope: %s -> %s\nSubject: %s\nFrom: %s\nTo: %s\n%s\n\n%s\n\n%s\n", m.From, strings.Join(m.To, ", "),
		p.Subject, p.From, p.To, headerBlock(m.Data), p.Text, p.HTML)
}

func headerBlock(data []byte) string {
	head, _, _ := strings.Cut(string(data), "\r\n\r\n")
	return strings.ReplaceAll(head, "\r\n", "\n")
}

func followLink(ts *testscript.TestScript, s *mailtest.Server, name, pattern string) {
	all := s.Messages()
	if len(all) == 0 {
		ts.Fatalf("smtpd link: no letter has arrived")
	}
	var text string
	for _, m := range slices.Backward(all) {
		p, err := m.Parse()
		ts.Check(err)
		if found := regexp.MustCompile(pattern).FindString(p.Text); found != "" {
			ts.Setenv(name, found)
			return
		}
		text += p.Text
	}
	ts.Fatalf("smtpd link: no %s in:\n%s", pattern, text)
}

var plainClient = &http.Client{
	Timeout:       20 * time.Second,
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

func request(ts *testscript.TestScript, method, address, body string, headers []string) {
	r, err := http.NewRequest(method, address, strings.NewReader(body))
	ts.Check(err)
	if body != "" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for _, h := range headers {
		name, value, _ := strings.Cut(h, "=")
		r.Header.Set(name, value)
	}
	resp, err := plainClient.Do(r)
	ts.Check(err)
	defer resp.Body.Close()
	fmt.Fprintf(ts.Stdout(), "HTTP %d\n", resp.StatusCode)
	resp.Header.Write(ts.Stdout())
	fmt.Fprintln(ts.Stdout())
	_, err = io.Copy(ts.Stdout(), resp.Body)
	ts.Check(err)
}

func cmdGet(ts *testscript.TestScript, neg bool, args []string) {
	request(ts, "GET", args[0], "", args[1:])
}

func cmdHead(ts *testscript.TestScript, neg bool, args []string) {
	request(ts, "HEAD", args[0], "", args[1:])
}

func cmdPost(ts *testscript.TestScript, neg bool, args []string) {
	form := url.Values{}
	for _, field := range args[1:] {
		name, value, _ := strings.Cut(field, "=")
		form.Add(name, value)
	}
	request(ts, "POST", args[0], form.Encode(), nil)
}

func cmdWaitfor(ts *testscript.TestScript, neg bool, args []string) {
	if err := waitForURL(args[0]); err != nil {
		ts.Fatalf("waitfor %s: %v", args[0], err)
	}
}

// waitForURL asks until the address answers 200, for at most 20 seconds.
func waitForURL(address string) error {
	deadline := time.Now().Add(20 * time.Second)
	for {
		resp, err := plainClient.Get(address)
		if err == nil {
			resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return nil
			}
			err = fmt.Errorf("status %d", resp.StatusCode)
		}
		if time.Now().After(deadline) {
			return err
		}
		<-time.After(20 * time.Millisecond)
	}
}

// cmdUpstream serves a folder as another site would.
func cmdUpstream(ts *testscript.TestScript, neg bool, args []string) {
	s := httptest.NewServer(http.FileServer(http.Dir(ts.MkAbs(args[0]))))
	ts.Defer(s.Close)
	ts.Setenv("UPSTREAM", s.URL)
}

// cmdRead has visitors read an article as a browser does: the page, then its beacon.
func cmdRead(ts *testscript.TestScript, neg bool, args []string) {
	offset := 0
	if len(args) > 2 {
		offset = number(ts, args[2])
	}
	ts.Check(readArticle(context.Background(), ts.Getenv("SITE"), args[0], number(ts, args[1]), offset))
}

func mustReadFile(t testing.TB, name string) string {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// cmdAppendsource puts the upstream's feed into the configuration as the source "wire".
func cmdAppendsource(ts *testscript.TestScript, neg bool, args []string) {
	f, err := os.OpenFile(ts.MkAbs("vestnik.toml"), os.O_APPEND|os.O_WRONLY, 0)
	ts.Check(err)
	defer f.Close()
	_, err = fmt.Fprintf(f, "\n[[source]]\nname = \"wire\"\nurl = \"%s/feed.xml\"\nsection = \"Новости\"\n", ts.Getenv("UPSTREAM"))
	ts.Check(err)
}

// cmdNewerschema makes the database one of a newer vestnik.
func cmdNewerschema(ts *testscript.TestScript, neg bool, args []string) {
	withDatabase(ts, func(d *db.DB) error {
		_, err := d.ExecContext(context.Background(), `INSERT INTO schema_version (version) VALUES (9999)`)
		return err
	})
}

// cmdAttempted waits until every letter was attempted: none is queued, leased or in flight.
func cmdAttempted(ts *testscript.TestScript, neg bool, args []string) {
	withDatabase(ts, func(d *db.DB) error {
		for deadline := time.Now().Add(30 * time.Second); ; <-time.After(20 * time.Millisecond) {
			var n int
			err := d.QueryRowContext(context.Background(), `SELECT COUNT(*) FROM letters WHERE state IN ('queued', 'leased', 'in_flight')`).Scan(&n)
			if err != nil || n == 0 {
				return err
			}
			if time.Now().After(deadline) {
				return fmt.Errorf("%d letters were not attempted", n)
			}
		}
	})
}

func withDatabase(ts *testscript.TestScript, f func(d *db.DB) error) {
	d, err := db.Open(context.Background(), ts.Getenv("VESTNIK_DATABASE_URL"))
	ts.Check(err)
	defer d.Close()
	ts.Check(f(d))
}

func cmdLetter(ts *testscript.TestScript, neg bool, args []string) {
	withDatabase(ts, func(d *db.DB) error {
		found, err := mail.List(context.Background(), d, mail.ListFilter{State: args[0], Limit: 1})
		if err == nil && len(found) == 0 {
			err = fmt.Errorf("no letter is %s", args[0])
		}
		if err == nil {
			ts.Setenv(args[1], found[0].Name())
		}
		return err
	})
}

func cmdEdition(ts *testscript.TestScript, neg bool, args []string) {
	withDatabase(ts, func(d *db.DB) error {
		found, err := digest.Editions(context.Background(), d, "", 1)
		if err == nil && len(found) == 0 {
			err = errors.New("there is no edition")
		}
		if err == nil {
			ts.Setenv(args[0], found[0].Slot.Name())
		}
		return err
	})
}
