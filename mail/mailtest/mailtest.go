// Package mailtest is a real SMTP server on loopback: the mailbox of the tests and of the demo. It accepts mail from
// anybody to anybody, keeps it in memory, writes no table, and fails on demand: it can defer, refuse, stall, and cut
// the connection at every phase of a transaction.
//
// It promises that what [Server.Messages] returns is what a relay would have taken responsibility for: a message is
// kept before its 250 is sent, and only then. It never imports testing, so the demo may ship with it.
package mailtest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"maps"
	"net"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/emersion/go-smtp"
)

// Options of a server. The zero value listens on a free port of loopback and accepts everything.
type Options struct {
	Addr         string               // where to listen; "" is "127.0.0.1:0"
	Faults       func(Envelope) Fault // asked at every phase, one call at a time; nil accepts everything
	NoPipelining bool                 // do not announce PIPELINING
	SMTPUTF8     bool                 // announce and accept SMTPUTF8
	Keep         int                  // messages kept, the oldest go first; 0 keeps all
	MaxBytes     int64                // of one message; 0 is 30 MB
}

// A Message as it was received.
type Message struct {
	ID       int // 1, 2, 3 … in the order of acceptance
	From     string
	To       []string
	Data     []byte // header and body with CRLF, dots unstuffed; read only
	Received time.Time
}

// Server is a running SMTP server. All methods may be called from any goroutine.
type Server struct {
	listener net.Listener
	smtp     *smtp.Server
	done     chan struct{} // closed by Close: ends stalls
	served   sync.WaitGroup
	keep     int
	hide     []string // lines of the EHLO reply that are left out

	asking sync.Mutex // one call of faults at a time, so that it may count without a lock
	faults func(Envelope) Fault

	mu          sync.Mutex
	closed      bool
	open        map[*wire]bool
	connections int
	mails       int // transactions begun
	received    int // messages kept since the last Reset, also those dropped
	lastID      int
	messages    []Message
	planned     []plan
	listeners   []func(Message)
	changed     chan struct{} // closed and replaced when a message comes in
}

// Start starts a server. The caller closes it.
func Start(o Options) (*Server, error) {
	if o.Addr == "" {
		o.Addr = "127.0.0.1:0"
	}
	if o.MaxBytes == 0 {
		o.MaxBytes = 30 << 20
	}
	l, err := net.Listen("tcp", o.Addr)
	if err != nil {
		return nil, fmt.Errorf("start the mailbox's SMTP server on %s: %w", o.Addr, err)
	}
	// BDAT would go round the phases below, so CHUNKING is never announced.
	s := &Server{keep: o.Keep, faults: o.Faults, hide: []string{"CHUNKING"},
		done: make(chan struct{}), open: map[*wire]bool{}, changed: make(chan struct{})}
	if o.NoPipelining {
		s.hide = append(s.hide, "PIPELINING")
	}
	s.listener = &wireListener{Listener: l, server: s}
	s.smtp = smtp.NewServer(smtp.BackendFunc(s.newSession))
	s.smtp.Domain = "mailtest.invalid"
	s.smtp.MaxMessageBytes = o.MaxBytes
	s.smtp.EnableSMTPUTF8 = o.SMTPUTF8
	s.smtp.ErrorLog = log.New(io.Discard, "", 0) // cut connections are wanted here
	s.served.Go(func() { s.smtp.Serve(s.listener) })
	return s, nil
}

// Addr is where the server listens, as "127.0.0.1:2525".
func (s *Server) Addr() string { return s.listener.Addr().String() }

// URL is the address for a relay's configuration, as "smtp://127.0.0.1:2525".
func (s *Server) URL() string { return "smtp://" + s.Addr() }

// Close closes the listener and every connection, ends every stall, and returns when no goroutine is left. What was
// received stays readable.
func (s *Server) Close() error {
	s.mu.Lock()
	first := !s.closed
	s.closed = true
	open := slices.Collect(maps.Keys(s.open))
	s.mu.Unlock()
	if !first {
		return nil
	}
	close(s.done)
	s.listener.Close() // ourselves: Serve may not have told smtp.Server of it yet
	for _, w := range open {
		w.Close()
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second) // a Faults function may hang
	defer cancel()
	err := s.smtp.Shutdown(ctx)
	s.served.Wait()
	if err != nil && !errors.Is(err, net.ErrClosed) {
		return fmt.Errorf("close the mailbox's SMTP server: %w", err)
	}
	return nil
}

// Messages returns the messages kept, oldest first.
func (s *Server) Messages() []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.messages)
}

// Message returns the message with that ID, if it is still kept.
func (s *Server) Message(id int) (Message, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.IndexFunc(s.messages, func(m Message) bool { return m.ID == id })
	if i < 0 {
		return Message{}, false
	}
	return s.messages[i], true
}

// Received is how many messages were accepted since the start or the last Reset, also those no longer kept.
func (s *Server) Received() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.received
}

// Wait returns when at least n messages were accepted since the start or the last Reset, or when ctx ends.
func (s *Server) Wait(ctx context.Context, n int) error {
	for {
		s.mu.Lock()
		got, changed := s.received, s.changed
		s.mu.Unlock()
		if got >= n {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return fmt.Errorf("wait for %d messages, %d have come: %w", n, got, ctx.Err())
		}
	}
}

// Reset forgets all messages, the count of [Server.Wait] and the faults set by address. IDs go on.
func (s *Server) Reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.messages, s.received, s.planned = nil, 0, nil
}

// OnMessage has f called with every message from now on, after it was kept and before its 250 is sent.
func (s *Server) OnMessage(f func(Message)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.listeners = append(s.listeners, f)
}

// store keeps a message and wakes who waits for it.
func (s *Server) store(from string, to []string, data []byte) {
	s.mu.Lock()
	s.received++
	s.lastID++
	m := Message{ID: s.lastID, From: from, To: slices.Clone(to), Data: data, Received: time.Now()}
	s.messages = append(s.messages, m)
	if s.keep > 0 && len(s.messages) > s.keep {
		s.messages = slices.Delete(s.messages, 0, len(s.messages)-s.keep)
	}
	listeners := slices.Clone(s.listeners)
	close(s.changed)
	s.changed = make(chan struct{})
	s.mu.Unlock()
	for _, f := range listeners {
		f(m)
	}
}

// stall waits for d, or for the server's end.
func (s *Server) stall(d time.Duration) {
	if d <= 0 {
		return
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-s.done:
	}
}

// sameAddress compares as mail providers do: upper and lower case are one.
func sameAddress(a, b string) bool { return strings.EqualFold(a, b) }
