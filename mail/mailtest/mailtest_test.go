package mailtest_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/smtp"
	"net/textproto"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"vestnik/mail/mailtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const letter = "From: a@example.org\r\nTo: b@example.org\r\nSubject: x\r\n\r\nHello\r\n.. two dots\r\n"

func start(t *testing.T, o mailtest.Options) *mailtest.Server {
	t.Helper()
	s, err := mailtest.Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func send(s *mailtest.Server, to ...string) error {
	return smtp.SendMail(s.Addr(), nil, "a@example.org", to, []byte(letter))
}

func TestMessageIsKeptWithItsEnvelope(t *testing.T) {
	s := start(t, mailtest.Options{})
	if err := send(s, "b@example.org", "c@example.org"); err != nil {
		t.Fatal(err)
	}
	got := s.Messages()
	if len(got) != 1 {
		t.Fatalf("messages = %d, want 1", len(got))
	}
	m := got[0]
	if m.ID != 1 || m.From != "a@example.org" || strings.Join(m.To, " ") != "b@example.org c@example.org" {
		t.Errorf("envelope = %d %q %q", m.ID, m.From, m.To)
	}
	if string(m.Data) != letter {
		t.Errorf("data = %q, want %q", m.Data, letter)
	}
	if again, ok := s.Message(1); !ok || again.ID != 1 {
		t.Errorf("Message(1) = %v, %v", again.ID, ok)
	}
	if _, ok := s.Message(2); ok {
		t.Error("Message(2) exists")
	}
}

func TestFaultsAtEveryPhase(t *testing.T) {
	tests := []struct {
		phase mailtest.Phase
		fault mailtest.Fault
		want  string // see outcome
		kept  int
	}{
		{mailtest.Mail, mailtest.Fault{Code: 451, Enhanced: "4.3.0", Text: "later"}, "451 4.3.0 later", 0},
		{mailtest.Mail, mailtest.Fault{Code: 421, Text: "4.7.0 too many"}, "421 4.7.0 too many", 0},
		{mailtest.Mail, mailtest.Fault{Cut: true}, "cut", 0},
		{mailtest.Rcpt, mailtest.Fault{Code: 550, Enhanced: "5.1.1", Text: "no such user"}, "550 5.1.1 no such user", 0},
		{mailtest.Rcpt, mailtest.Fault{Cut: true}, "cut", 0},
		{mailtest.Data, mailtest.Fault{Code: 554, Enhanced: "5.7.1", Text: "blocked"}, "554 5.7.1 blocked", 0},
		{mailtest.Data, mailtest.Fault{Code: 451, Text: "one\ntwo"}, "451 one\ntwo", 0},
		{mailtest.Data, mailtest.Fault{Cut: true}, "cut", 0},
		{mailtest.Body, mailtest.Fault{Cut: true}, "cut", 0},
		{mailtest.Dot, mailtest.Fault{Code: 452, Enhanced: "4.2.2", Text: "full"}, "452 4.2.2 full", 0},
		{mailtest.Dot, mailtest.Fault{Code: 452, Text: "full", Keep: true}, "452 full", 1},
		{mailtest.Dot, mailtest.Fault{Cut: true}, "cut", 0},
		{mailtest.Dot, mailtest.Fault{Cut: true, Keep: true}, "cut", 1},
		{mailtest.Dot, mailtest.Fault{Code: 250, Cut: true}, "", 1},
		{mailtest.Dot, mailtest.Fault{Delay: time.Nanosecond}, "", 1},
	}
	for _, test := range tests {
		t.Run(fmt.Sprintf("%s %d %v", test.phase, test.fault.Code, test.fault.Cut), func(t *testing.T) {
			s := start(t, mailtest.Options{Faults: func(e mailtest.Envelope) mailtest.Fault {
				if e.Phase == test.phase {
					return test.fault
				}
				return mailtest.Fault{}
			}})
			if got := outcome(transaction(s)); got != test.want {
				t.Errorf("outcome = %q, want %q", got, test.want)
			}
			if got := len(s.Messages()); got != test.kept {
				t.Errorf("messages kept = %d, want %d", got, test.kept)
			}
		})
	}
}

// transaction sends one message and stops at the first error, as the sender under test does.
func transaction(s *mailtest.Server) error {
	c, err := smtp.Dial(s.Addr())
	if err != nil {
		return err
	}
	defer c.Close()
	if err := c.Mail("a@example.org"); err != nil {
		return err
	}
	if err := c.Rcpt("b@example.org"); err != nil {
		return err
	}
	w, err := c.Data()
	if err != nil {
		return err
	}
	if _, err := io.WriteString(w, letter); err != nil {
		return err
	}
	return w.Close()
}

// outcome is the reply of an error as it came over the wire, "cut" for a closed connection, "" for success.
func outcome(err error) string {
	var reply *textproto.Error
	switch {
	case err == nil:
		return ""
	case errors.As(err, &reply):
		return fmt.Sprintf("%d %s", reply.Code, reply.Msg)
	}
	return "cut"
}

func TestSessionGoesOnAfterARefusedDATA(t *testing.T) {
	first := true
	s := start(t, mailtest.Options{Faults: func(e mailtest.Envelope) mailtest.Fault {
		if e.Phase == mailtest.Data && first {
			first = false
			return mailtest.Fault{Code: 451, Text: "not now"}
		}
		return mailtest.Fault{}
	}})
	c, err := smtp.Dial(s.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for round, want := range []string{"451 not now", ""} {
		if err := errors.Join(c.Mail("a@example.org"), c.Rcpt("b@example.org")); err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		w, err := c.Data()
		if want != "" {
			if got := outcome(err); got != want {
				t.Fatalf("DATA = %q, want %q", got, want)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(w, letter)
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if got := s.Received(); got != 1 {
		t.Errorf("received = %d, want 1", got)
	}
}

func TestFaultsByAddress(t *testing.T) {
	s := start(t, mailtest.Options{})
	s.DeferOnce("Grey@example.org")
	s.Refuse("gone@example.org", 550, "5.1.1 no such user")
	s.CutAfterDot("cut@example.org")
	s.CutBeforeDot("early@example.org")
	steps := []struct{ to, want string }{
		{"grey@example.org", "451 4.7.1 Greylisted, please try again later"},
		{"grey@example.org", ""},
		{"gone@example.org", "550 5.1.1 no such user"},
		{"gone@example.org", "550 5.1.1 no such user"},
		{"cut@example.org", "cut"},
		{"cut@example.org", ""},
		{"early@example.org", "cut"},
		{"early@example.org", ""},
	}
	for i, step := range steps {
		if got := outcome(send(s, step.to)); got != step.want {
			t.Errorf("step %d, %s: outcome = %q, want %q", i, step.to, got, step.want)
		}
	}
	if got := s.Received(); got != 4 { // grey, cut twice, early
		t.Errorf("received = %d, want 4", got)
	}
}

func TestEnvelopesAreNumbered(t *testing.T) {
	var seen []string
	s := start(t, mailtest.Options{Faults: func(e mailtest.Envelope) mailtest.Fault {
		seen = append(seen, fmt.Sprintf("%s %d/%d %s %d %v", e.Phase, e.Connection, e.Seq, e.To, len(e.Recipients), len(e.Data) > 0))
		return mailtest.Fault{}
	}})
	for range 2 {
		if err := send(s, "b@example.org"); err != nil {
			t.Fatal(err)
		}
	}
	want := "mail 1/1  0 false, rcpt 1/1 b@example.org 0 false, data 1/1 b@example.org 1 false, " +
		"body 1/1 b@example.org 1 false, dot 1/1 b@example.org 1 true, " +
		"mail 2/2  0 false, rcpt 2/2 b@example.org 0 false, data 2/2 b@example.org 1 false, " +
		"body 2/2 b@example.org 1 false, dot 2/2 b@example.org 1 true"
	if got := strings.Join(seen, ", "); got != want {
		t.Errorf("envelopes = %s\nwant %s", got, want)
	}
}

func TestAnnouncements(t *testing.T) {
	for _, hide := range []bool{false, true} {
		s := start(t, mailtest.Options{NoPipelining: hide})
		c, err := smtp.Dial(s.Addr())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if err := c.Hello("test"); err != nil {
			t.Fatal(err)
		}
		for name, want := range map[string]bool{"PIPELINING": !hide, "8BITMIME": true, "CHUNKING": false, "SMTPUTF8": false} {
			if got, _ := c.Extension(name); got != want {
				t.Errorf("NoPipelining %v: announces %s = %v, want %v", hide, name, got, want)
			}
		}
	}
}

func TestPipelinedTransaction(t *testing.T) {
	s := start(t, mailtest.Options{})
	c, err := net.Dial("tcp", s.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	text := textproto.NewConn(c)
	text.ReadResponse(220)
	text.PrintfLine("EHLO test")
	text.ReadResponse(250)
	io.WriteString(c, "MAIL FROM:<a@example.org>\r\nRCPT TO:<b@example.org>\r\nDATA\r\n")
	for _, want := range []int{250, 250, 354} {
		if _, _, err := text.ReadResponse(want); err != nil {
			t.Fatal(err)
		}
	}
	io.WriteString(c, "Subject: x\r\n\r\nbody\r\n.\r\nMAIL FROM:<a@example.org>\r\n")
	for range 2 {
		if _, _, err := text.ReadResponse(250); err != nil {
			t.Fatal(err)
		}
	}
	if got := s.Received(); got != 1 {
		t.Errorf("received = %d, want 1", got)
	}
}

func TestWaitReturnsWhenTheMessagesAreThere(t *testing.T) {
	s := start(t, mailtest.Options{Keep: 2})
	heard := make(chan int, 5)
	s.OnMessage(func(m mailtest.Message) { heard <- m.ID })
	go func() {
		for range 3 {
			send(s, "b@example.org")
		}
	}()
	if err := s.Wait(t.Context(), 3); err != nil {
		t.Fatal(err)
	}
	if got := s.Messages(); len(got) != 2 || got[0].ID != 2 || got[1].ID != 3 {
		t.Errorf("with Keep 2 the messages are %d, want IDs 2 and 3", len(got))
	}
	for want := 1; want <= 3; want++ {
		if got := <-heard; got != want {
			t.Errorf("OnMessage heard of %d, want %d", got, want)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Wait(ctx, 4); !errors.Is(err, context.Canceled) {
		t.Errorf("Wait with an ended context = %v", err)
	}
	s.Reset()
	if s.Received() != 0 || len(s.Messages()) != 0 {
		t.Error("Reset left messages")
	}
}

func TestCloseEndsAStall(t *testing.T) {
	reached := make(chan bool, 1)
	s := start(t, mailtest.Options{Faults: func(e mailtest.Envelope) mailtest.Fault {
		if e.Phase != mailtest.Dot {
			return mailtest.Fault{}
		}
		reached <- true
		return mailtest.Fault{Delay: time.Hour, Cut: true}
	}})
	failed := make(chan error)
	go func() { failed <- send(s, "b@example.org") }()
	<-reached
	s.Close()
	if got := outcome(<-failed); got != "cut" {
		t.Errorf("outcome = %q, want cut", got)
	}
}
