package mail

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"math/big"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"vestnik/mail/mailtest"
)

// A script is an SMTP server that answers every line by a function, for what no decent server does. "" answers
// nothing; "cut" closes the connection; inside DATA it is asked once, with the whole letter.
type script struct {
	net.Listener
	asking sync.Mutex
	mu     sync.Mutex
	lines  []string
	conns  int
}

func startScript(t *testing.T, secure *tls.Config, reply func(conn int, line string) string) *script {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &script{Listener: l}
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			s.conns++
			n := s.conns
			serving.Go(func() { s.serve(c, n, secure, reply) })
		}
	})
	t.Cleanup(func() { l.Close(); serving.Wait() })
	return s
}

func (s *script) serve(c net.Conn, n int, secure *tls.Config, reply func(int, string) string) {
	defer func() { c.Close() }()
	c.SetDeadline(time.Now().Add(10 * time.Second))
	r := bufio.NewReader(c)
	fmt.Fprintf(c, "%s\r\n", s.hear(n, "CONNECT", reply))
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return
		}
		answer := s.hear(n, strings.TrimSpace(line), reply)
		if answer == "cut" {
			return
		}
		if answer != "" {
			fmt.Fprintf(c, "%s\r\n", answer)
		}
		switch {
		case strings.HasPrefix(answer, "354"):
			var letter strings.Builder
			for line != ".\r\n" {
				if line, err = r.ReadString('\n'); err != nil {
					return
				}
				letter.WriteString(line)
			}
			if answer = s.hear(n, letter.String(), reply); answer == "cut" {
				return
			}
			fmt.Fprintf(c, "%s\r\n", answer)
		case strings.HasPrefix(line, "STARTTLS"):
			t := tls.Server(c, secure)
			c, r = t, bufio.NewReader(t)
		case strings.HasPrefix(line, "QUIT"):
			return
		}
	}
}

func (s *script) hear(n int, line string, reply func(int, string) string) string {
	s.mu.Lock()
	s.lines = append(s.lines, line)
	s.mu.Unlock()
	s.asking.Lock() // one at a time, so that the function may count
	defer s.asking.Unlock()
	answer := reply(n, line)
	switch {
	case answer != "":
	case line == "CONNECT":
		answer = "220 script"
	case strings.HasPrefix(line, "EHLO"):
		answer = "250-script\r\n250 PIPELINING"
	case line == "DATA":
		answer = "354 go on"
	case line == "QUIT":
		answer = "221 bye"
	case line == "STARTTLS":
		answer = "220 go on"
	default:
		answer = "250 2.0.0 fine"
	}
	return answer
}

func (s *script) heard(line string) (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, l := range s.lines {
		if strings.HasPrefix(l, line) {
			n++
		}
	}
	return n
}

// scripted is a world whose only relay is the script, with one connection.
func scripted(t *testing.T, people int64, reply func(conn int, line string) string) (*world, *script, *Sender) {
	w := newWorld(t, mailtest.Options{})
	w.join(people)
	w.fill(time.Time{})
	script := startScript(t, nil, reply)
	relay, err := ParseRelay("smtp://"+script.Addr().String(), 1)
	if err != nil {
		t.Fatal(err)
	}
	return w, script, w.sender(func(o *Options) { o.Relays = []Relay{relay} })
}

func TestConnectionSurvivesARefusedRecipient(t *testing.T) {
	for name, extension := range map[string]string{"pipelined": "250-s\r\n250 PIPELINING", "one by one": "250 s"} {
		for what, data := range map[string]string{"DATA refused too": "503 5.5.1 no recipients", "DATA opened all the same": "354 go on"} {
			t.Run(name+", "+what, func(t *testing.T) {
				refused := false
				w, script, s := scripted(t, 3, func(_ int, line string) string {
					switch {
					case strings.HasPrefix(line, "EHLO"):
						return extension
					case strings.HasPrefix(line, "RCPT TO:<"+address(2)):
						refused = true
						return "550 5.1.1 no such user"
					case strings.HasPrefix(line, "MAIL"):
						refused = false
					case line == "DATA" && refused:
						return data
					}
					return ""
				})
				w.rounds(s, w.now)
				w.wantBalance(Balance{Recipients: 3, Sent: 2, Failed: 1})
				if script.conns != 1 || script.heard("RSET") != 1 || script.heard("MAIL") != 3 {
					t.Errorf("%d connections, %d RSET, %d MAIL", script.conns, script.heard("RSET"), script.heard("MAIL"))
				}
			})
		}
	}
}

func TestConnectionClosedWhileIdleCostsNothing(t *testing.T) {
	for name, goodbye := range map[string]string{"without a word": "cut", "with a 421": "421 4.4.2 idle for too long"} {
		t.Run(name, func(t *testing.T) {
			mails := 0
			w, script, s := scripted(t, 2, func(conn int, line string) string {
				if strings.HasPrefix(line, "MAIL") {
					if mails++; mails == 2 {
						return goodbye
					}
				}
				return ""
			})
			w.rounds(s, w.now)
			w.wantBalance(Balance{Recipients: 2, Sent: 2})
			if l := w.show(2); l.Attempt != 1 || script.conns != 2 {
				t.Errorf("%d attempts, %d connections", l.Attempt, script.conns)
			}
		})
	}
}

func TestReplyThatIsNoneAfterTheDotIsInDoubt(t *testing.T) {
	for _, nonsense := range []string{"what", "999 yes", "354 more", "cut"} {
		w, _, s := scripted(t, 1, func(_ int, line string) string {
			if strings.HasSuffix(line, "\r\n.\r\n") {
				return nonsense
			}
			return ""
		})
		w.rounds(s, w.now)
		if l := w.show(1); l.Doubts != 1 || l.State != StateQueued {
			t.Errorf("after %q: %+v", nonsense, l)
		}
	}
}

func TestSilentRelayIsNotWaitedForForEver(t *testing.T) {
	for _, c := range []struct {
		at     string
		doubts int64
	}{{"MAIL", 0}, {"DATA", 0}, {"Date: ", 1}} {
		w := newWorld(t, mailtest.Options{})
		w.join(1)
		w.fill(time.Time{})
		silent := make(chan struct{})
		script := startScript(t, nil, func(_ int, line string) string {
			if strings.HasPrefix(line, c.at) {
				<-silent
				return "cut"
			}
			return ""
		})
		relay, err := ParseRelay("smtp://"+script.Addr().String(), 1)
		if err != nil {
			t.Fatal(err)
		}
		short := 50 * time.Millisecond
		s := w.sender(func(o *Options) {
			o.Relays, o.Timeouts = []Relay{relay}, Timeouts{time.Second, short, short, short, short}
		})
		w.rounds(s, w.now)
		if l := w.show(1); l.Doubts != c.doubts || !strings.Contains(l.Reason, "timeout") && c.doubts == 0 {
			t.Errorf("silence at %q: %+v", c.at, l)
		}
		close(silent)
	}
}

func TestWrongPasswordPausesEverything(t *testing.T) {
	w := newWorld(t, mailtest.Options{})
	w.join(1)
	w.fill(time.Time{})
	script := startScript(t, nil, func(_ int, line string) string {
		switch {
		case strings.HasPrefix(line, "EHLO"):
			return "250-s\r\n250 AUTH PLAIN"
		case strings.HasPrefix(line, "AUTH"):
			return "535 5.7.8 who are you?"
		}
		return ""
	})
	relay, err := ParseRelay("smtp://user:wrong@"+script.Addr().String(), 1)
	if err != nil {
		t.Fatal(err)
	}
	w.rounds(w.sender(func(o *Options) { o.Relays = []Relay{relay} }), w.now)
	w.wantBalance(Balance{Recipients: 1, Queued: 1})
	paused, err := Paused(w.ctx, w.db)
	if err != nil || len(paused) != 1 || paused[0].Lane != LaneAll || !strings.Contains(paused[0].Reason, "who are you") || strings.Contains(paused[0].Reason, "wrong") {
		t.Errorf("paused: %+v, %v", paused, err)
	}
}

func TestRelaysAddresses(t *testing.T) {
	for in, want := range map[string]Relay{
		"smtp://127.0.0.1:2525":               {host: "127.0.0.1", port: 2525, security: cleartext},
		"smtp://localhost":                    {host: "localhost", port: 25, security: cleartext},
		"smtp://[::1]:2525":                   {host: "::1", port: 2525, security: cleartext},
		"smtp://mx.example":                   {host: "mx.example", port: 25, security: starttls},
		"smtp://mx.example:26?tls=none":       {host: "mx.example", port: 26, security: cleartext},
		"smtp+starttls://u:p%40@mx.example":   {host: "mx.example", port: 587, security: starttls, user: "u", password: "p@"},
		"smtp+starttls://127.0.0.1:587":       {host: "127.0.0.1", port: 587, security: starttls},
		"smtps://u:p@mx.example/":             {host: "mx.example", port: 465, security: implicitTLS, user: "u", password: "p"},
		"http://mx.example":                   {},
		"mx.example:25":                       {},
		"smtp://":                             {},
		"smtp://mx.example:99999":             {},
		"smtp://mx.example/path":              {},
		"smtp://mx.example?tls=maybe":         {},
		"smtps://mx.example?tls=none":         {},
		"smtps://u:secret with%zz@mx.example": {},
	} {
		got, err := ParseRelay(in, 0)
		if want.host == "" {
			if err == nil || strings.Contains(err.Error(), "secret") {
				t.Errorf("%s: %+v, %v; want an error without the password", in, got, err)
			}
			continue
		}
		want.URL, want.Connections = in, 10
		if got != want || err != nil {
			t.Errorf("%s:\n got %+v, %v\nwant %+v", in, got, err, want)
		}
	}
}

// certificate makes a self-signed one for 127.0.0.1.
func certificate(t *testing.T) (server, client *tls.Config) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(parsed)
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}},
		&tls.Config{RootCAs: pool, ServerName: "127.0.0.1"}
}

func TestLettersGoOverTLS(t *testing.T) {
	server, client := certificate(t)
	reply := func(_ int, line string) string {
		switch {
		case strings.HasPrefix(line, "EHLO"):
			return "250-s\r\n250-PIPELINING\r\n250-AUTH PLAIN\r\n250 STARTTLS"
		case strings.HasPrefix(line, "AUTH PLAIN "):
			return "235 2.7.0 hello"
		}
		return ""
	}
	plain, implicit := startScript(t, server, reply), startScript(t, nil, reply)
	front, err := tls.Listen("tcp", "127.0.0.1:0", server)
	if err != nil {
		t.Fatal(err)
	}
	defer front.Close()
	go func() { // implicit TLS: the script behind a TLS listener
		for {
			c, err := front.Accept()
			if err != nil {
				return
			}
			go implicit.serve(c, 1, nil, reply)
		}
	}()
	for name, c := range map[string]struct {
		url    string
		client *tls.Config
		works  bool
	}{
		"STARTTLS":                     {"smtp+starttls://u:p@" + plain.Addr().String(), client, true},
		"implicit":                     {"smtps://u:p@" + front.Addr().String(), client, true},
		"certificate of a stranger":    {"smtp+starttls://u:p@" + plain.Addr().String(), nil, false},
		"STARTTLS where there is none": {"smtp+starttls://" + startScript(t, nil, func(int, string) string { return "" }).Addr().String(), client, false},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, mailtest.Options{})
			w.join(2)
			w.fill(time.Time{})
			relay, err := ParseRelay(c.url, 1)
			if err != nil {
				t.Fatal(err)
			}
			relay.tls = c.client
			w.rounds(w.sender(func(o *Options) { o.Relays = []Relay{relay} }), w.now)
			want := Balance{Recipients: 2, Queued: 2}
			if c.works {
				want = Balance{Recipients: 2, Sent: 2}
			}
			w.wantBalance(want)
		})
	}
}

func TestConnectionIsReplacedAfterFiveHundredLetters(t *testing.T) {
	w, script, s := scripted(t, 3, func(int, string) string { return "" })
	c, err := s.pools[0].get(w.ctx)
	if err != nil {
		t.Fatal(err)
	}
	c.sent = perConnection - 1
	s.pools[0].put(c)
	w.rounds(s, w.now)
	w.wantBalance(Balance{Recipients: 3, Sent: 3})
	if script.conns != 2 || script.heard("QUIT") != 1 {
		t.Errorf("%d connections, %d QUIT", script.conns, script.heard("QUIT"))
	}
}

func TestIdleConnectionsAreClosedPolitely(t *testing.T) {
	w, script, s := scripted(t, 1, func(int, string) string { return "" })
	w.rounds(s, w.now)
	p := s.pools[0]
	p.reap(false)
	if script.heard("QUIT") != 0 || len(p.idle) != 1 {
		t.Error("a fresh connection was closed")
	}
	p.idle[0].used = time.Now().Add(-idleTime)
	p.reap(false)
	if script.heard("QUIT") != 1 || len(p.idle) != 0 {
		t.Error("an old connection was not closed")
	}
}

func TestNoMoreLettersAreInFlightThanAllowed(t *testing.T) {
	const most = 5
	w := newWorld(t, mailtest.Options{})
	w.join(60)
	w.fill(time.Time{})
	var over atomic.Int64
	w.box.OnMessage(func(mailtest.Message) {
		b, err := BalanceOf(context.Background(), w.db, KindDigest, w.edition)
		if err != nil || b.InFlight > most {
			over.Add(1)
		}
	})
	w.rounds(w.sender(func(o *Options) { o.InDoubtMax = most }), w.now)
	w.wantBalance(Balance{Recipients: 60, Sent: 60})
	if n := over.Load(); n > 0 {
		t.Errorf("%d times there were more than %d letters in flight", n, most)
	}
}
