package mailtest

import (
	"errors"
	"io"
	"slices"

	"github.com/emersion/go-smtp"
)

// errCut is what go-smtp is told after the socket was closed; nobody hears its reply.
var errCut = errors.New("connection cut")

// session is one connection's conversation. go-smtp calls it from one goroutine.
type session struct {
	server     *Server
	wire       *wire
	connection int
	seq        int
	from       string
	to         []string
}

var _ smtp.Session = (*session)(nil)

func (s *Server) newSession(c *smtp.Conn) (smtp.Session, error) {
	w, ok := c.Conn().(*wire)
	if !ok {
		return nil, errors.New("connection was not accepted by mailtest")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.connections++
	ss := &session{server: s, wire: w, connection: s.connections}
	w.session = ss
	return ss, nil
}

func (ss *session) envelope(p Phase) Envelope {
	e := Envelope{Phase: p, From: ss.from, Recipients: slices.Clone(ss.to), Connection: ss.connection, Seq: ss.seq}
	if len(ss.to) > 0 {
		e.To = ss.to[0]
	}
	return e
}

// Mail begins a transaction.
func (ss *session) Mail(from string, _ *smtp.MailOptions) error {
	ss.server.mu.Lock()
	ss.server.mails++
	ss.seq = ss.server.mails
	ss.server.mu.Unlock()
	ss.from, ss.to = from, nil
	return ss.apply(ss.server.ask(ss.envelope(Mail)))
}

// Rcpt adds a recipient.
func (ss *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	e := ss.envelope(Rcpt)
	e.To = to
	if err := ss.apply(ss.server.ask(e)); err != nil {
		return err
	}
	ss.to = append(ss.to, to)
	return nil
}

// Data takes the message. It runs after the 354 was sent, or after [wire] sent a refusal instead.
func (ss *session) Data(r io.Reader) error {
	if ss.wire.refused {
		return errCut // the body is empty and this reply is swallowed
	}
	body := ss.server.ask(ss.envelope(Body))
	ss.server.stall(body.Delay)
	if body.Cut {
		ss.wire.Close()
		return errCut
	}
	data, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	e := ss.envelope(Dot)
	e.Data = data
	f := ss.server.ask(e)
	if f.keeps() {
		ss.server.store(ss.from, ss.to, data)
	}
	return ss.apply(f)
}

// apply does what f says and returns the reply for go-smtp to send; nil is its usual 250.
func (ss *session) apply(f Fault) error {
	ss.server.stall(f.Delay)
	switch {
	case f.Code == 0 && f.Cut:
		ss.wire.Close()
		return errCut
	case f.Cut, f.Code == 421: // RFC 5321, 3.8: the server closes the channel after a 421
		ss.wire.closeAfterReply = true
	}
	if f.Code < 300 {
		return nil
	}
	return &smtp.SMTPError{Code: f.Code, EnhancedCode: smtp.NoEnhancedCode, Message: f.reply()}
}

// Reset forgets the transaction.
func (ss *session) Reset() { ss.from, ss.to = "", nil }

// Logout ends the session.
func (ss *session) Logout() error { return nil }
