package wire

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"time"
)

// A script is an SMTP server that answers every line by a function, for what no decent server does. "" gives the usual
// answer; "cut" closes the connection; inside DATA it is asked once, with the whole letter.
type script struct {
	net.Listener
	reply   func(conn int, line string) string
	secure  *tls.Config // after STARTTLS
	serving sync.WaitGroup

	asking sync.Mutex // one at a time, so that the function may count
	mu     sync.Mutex
	lines  []string
	conns  int
}

func startScript(t *testing.T, reply func(conn int, line string) string) *script {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return serveScript(t, l, nil, reply)
}

func serveScript(t *testing.T, l net.Listener, secure *tls.Config, reply func(conn int, line string) string) *script {
	s := &script{Listener: l, reply: reply, secure: secure}
	s.serving.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			s.mu.Lock()
			s.conns++
			n := s.conns
			s.mu.Unlock()
			s.serving.Go(func() { s.serve(c, n) })
		}
	})
	t.Cleanup(func() { l.Close(); s.serving.Wait() })
	return s
}

func (s *script) serve(c net.Conn, n int) {
	defer func() { c.Close() }()
	c.SetDeadline(time.Now().Add(10 * time.Second))
	r := bufio.NewReader(c)
	answer := s.hear(n, "CONNECT")
	fmt.Fprintf(c, "%s\r\n", answer)
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return
		}
		if answer = s.hear(n, strings.TrimSpace(line)); answer == "cut" {
			return
		}
		fmt.Fprintf(c, "%s\r\n", answer)
		switch {
		case strings.HasPrefix(answer, "354"):
			var letter strings.Builder
			for line != ".\r\n" {
				if line, err = r.ReadString('\n'); err != nil {
					return
				}
				letter.WriteString(line)
			}
			if answer = s.hear(n, letter.String()); answer == "cut" {
				return
			}
			fmt.Fprintf(c, "%s\r\n", answer)
		case strings.HasPrefix(line, "STARTTLS"):
			t := tls.Server(c, s.secure)
			c, r = t, bufio.NewReader(t)
		case strings.HasPrefix(line, "QUIT"), strings.HasPrefix(answer, "421"):
			return
		}
	}
}

func (s *script) hear(n int, line string) string {
	s.mu.Lock()
	s.lines = append(s.lines, line)
	s.mu.Unlock()
	s.asking.Lock()
	defer s.asking.Unlock()
	answer := ""
	if s.reply != nil {
		answer = s.reply(n, line)
	}
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

// heard is how many lines began so.
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

func (s *script) connections() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.conns
}

// pool is a pool of the script's with so many connections.
func (s *script) pool(t *testing.T, connections int, timeouts Timeouts) *Pool {
	t.Helper()
	relay, err := ParseRelay("smtp://"+s.Addr().String(), connections)
	if err != nil {
		t.Fatal(err)
	}
	return pool(t, relay, timeouts)
}

func pool(t *testing.T, relay Relay, timeouts Timeouts) *Pool {
	p := NewPool(relay, "kino.example", timeouts)
	t.Cleanup(func() { p.Reap(true) })
	return p
}

// get is a line of the pool that the test may forget.
func get(t *testing.T, p *Pool) *Line {
	t.Helper()
	l, err := p.Get(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Close)
	return l
}

const letter = "Date: Tue, 24 Nov 2026 08:00:00 +0000\r\n\r\n..dot\r\n"

// send sends a letter to each reader, one after another, and returns how each ended.
func send(t *testing.T, l *Line, readers ...string) (all []Answer) {
	t.Helper()
	for _, reader := range readers {
		a, err := l.Send(context.Background(), "b@kino.example", reader, []byte(letter))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, a)
	}
	return all
}

// classes are the answers' classes in one line.
func classes(answers []Answer) string {
	var all []string
	for _, a := range answers {
		all = append(all, string(a.Verdict().Class))
	}
	return strings.Join(all, " ")
}
