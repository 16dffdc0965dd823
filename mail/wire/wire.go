// Package wire is in charge of the conversation with the relays: their addresses, their connections, one letter at a
// time over each, and what an answer means. It knows neither the ledger nor the database, and writes no table.
//
// go-mail dials, encrypts and authenticates. The transactions are this package's own, because go-mail's send a command
// at a time, render while DATA is open, and turn the server's words into an error that no longer says what happened.
// It promises:
//
//   - A letter is complete before the relay hears of it. After a broken write nothing more is said, because a command
//     (even QUIT) behind half a letter would let the server take the half for the whole.
//   - Every transaction ends in an [Answer], and its [Verdict] is [Ambiguous] if and only if the dot was sent and no
//     reply that is one came back.
//   - A verdict says whose fault an end is. Nothing that is ours is ever held against an address.
package wire

import (
	"bytes"
	"fmt"
	"strings"
	"time"

	"github.com/wneessen/go-mail/smtp"
)

// Timeouts of an SMTP transaction; a zero one is RFC 5321's (4.5.3.2).
type Timeouts struct {
	Dial time.Duration // 30 s: connecting, TLS and AUTH together
	Mail time.Duration // 5 min
	Rcpt time.Duration // 5 min
	Data time.Duration // 5 min: the answer to DATA, and the letter's octets
	Dot  time.Duration // 10 min: the answer after which the relay is responsible
}

func (t Timeouts) orStandard() Timeouts {
	standard := func(d *time.Duration, rfc time.Duration) {
		if *d <= 0 {
			*d = rfc
		}
	}
	standard(&t.Dial, 30*time.Second)
	standard(&t.Mail, 5*time.Minute)
	standard(&t.Rcpt, 5*time.Minute)
	standard(&t.Data, 5*time.Minute)
	standard(&t.Dot, 10*time.Minute)
	return t
}

// A conn is an SMTP connection that go-mail dialled.
type conn struct {
	client     *smtp.Client
	pipelining bool
	sent       int       // transactions begun
	used       time.Time // when it became idle
	dirty      bool      // the last transaction was refused half-way: RSET comes before the next
	broken     bool      // nothing more may be said on it
}

// An Answer is how a transaction ended: a reply at a phase, or the error that came instead of one.
type Answer struct {
	Phase Phase
	Code  int
	Text  string // without the code
	Err   error
}

// Verdict classifies the answer.
func (a Answer) Verdict() Verdict {
	if a.Err != nil {
		return lost(a.Phase, a.Err.Error())
	}
	return Classify(a.Phase, a.Code, a.Text)
}

// Reply is what the relay said, "" for nothing.
func (a Answer) Reply() string {
	if a.Err != nil {
		return ""
	}
	return fmt.Sprintf("%d %s", a.Code, a.Text)
}

// goesOn reports whether the transaction goes on after the answer to its phase's command.
func (a Answer) goesOn() bool {
	return a.Err == nil && (a.Code/100 == 2 || a.Phase == PhaseData && a.Code == 354)
}

// transact sends one letter.
func (c *conn) transact(from, to string, octets []byte, t Timeouts) Answer {
	c.sent++
	a := c.envelope(from, to, t)
	if a.Phase != PhaseData || a.Err != nil || a.Code != 354 {
		return a
	}
	end := ".\r\n"
	if !bytes.HasSuffix(octets, []byte("\r\n")) {
		end = "\r\n.\r\n"
	}
	if err := c.write(t.Data, octets, []byte(end)); err != nil {
		return Answer{Phase: PhaseData, Err: err} // the dot did not leave
	}
	return c.read(PhaseDot, t.Dot)
}

// A command of an envelope, and how long its answer may take.
type command struct {
	phase   Phase
	text    string
	timeout time.Duration
}

// envelope sends [RSET], MAIL, RCPT and DATA and returns the first refusal, or DATA's 354.
func (c *conn) envelope(from, to string, t Timeouts) Answer {
	todo := []command{
		{PhaseMail, "RSET\r\n", t.Mail},
		{PhaseMail, "MAIL FROM:<" + from + ">\r\n", t.Mail},
		{PhaseRcpt, "RCPT TO:<" + to + ">\r\n", t.Rcpt},
		{PhaseData, "DATA\r\n", t.Data},
	}
	if !c.dirty {
		todo = todo[1:]
	}
	c.dirty = true
	if c.pipelining {
		return c.pipelined(todo, t)
	}
	var a Answer
	for _, next := range todo {
		if err := c.write(next.timeout, []byte(next.text)); err != nil {
			return Answer{Phase: next.phase, Err: err}
		}
		if a = c.read(next.phase, next.timeout); !a.goesOn() {
			return a
		}
	}
	c.dirty = false
	return a
}

// pipelined writes all commands at once and reads the answers in order (RFC 2920).
func (c *conn) pipelined(todo []command, t Timeouts) Answer {
	var all strings.Builder
	for _, next := range todo {
		all.WriteString(next.text)
	}
	if err := c.write(t.Mail, []byte(all.String())); err != nil {
		return Answer{Phase: PhaseMail, Err: err}
	}
	var refusal, a Answer
	for _, next := range todo {
		a = c.read(next.phase, next.timeout)
		switch {
		case refusal.Code > 0 && c.broken:
			return refusal // what was refused stays refused, whatever else broke
		case refusal.Code > 0 && a.Code == 354:
			c.endEmpty(t)
		case refusal.Code == 0 && c.broken:
			return a
		case refusal.Code == 0 && !a.goesOn():
			refusal = a
		}
	}
	if refusal.Code > 0 {
		return refusal
	}
	c.dirty = false
	return a
}

// endEmpty ends a DATA that a server opened although it had refused everything before it: a letter without recipients
// and without a line (RFC 2920, 3.1).
func (c *conn) endEmpty(t Timeouts) {
	if c.write(t.Data, []byte(".\r\n")) == nil {
		c.read(PhaseDot, t.Dot)
	}
}

func (c *conn) write(timeout time.Duration, parts ...[]byte) error {
	err := c.client.UpdateDeadline(timeout)
	for _, part := range parts {
		if err == nil {
			_, err = c.client.Text.W.Write(part)
		}
	}
	if err == nil {
		err = c.client.Text.W.Flush()
	}
	c.broken = c.broken || err != nil
	return err
}

func (c *conn) read(phase Phase, timeout time.Duration) Answer {
	a := Answer{Phase: phase}
	if a.Err = c.client.UpdateDeadline(timeout); a.Err == nil {
		a.Code, a.Text, a.Err = c.client.Text.ReadResponse(0)
	}
	c.broken = c.broken || a.Err != nil || a.Code == 421
	return a
}

// quit ends the connection politely, a broken one without a word. It is for connections between two transactions only.
func (c *conn) quit() {
	if !c.broken {
		c.client.UpdateDeadline(quitTimeout)
		c.broken = c.client.Quit() != nil
	}
	if c.broken {
		c.cut()
	}
}

// cut closes the socket without a word.
func (c *conn) cut() { c.client.Close() }

// quitTimeout is how long a relay may take to say goodbye.
const quitTimeout = 2 * time.Second

// Stuff doubles the dots at line beginnings (RFC 5321, 4.5.2).
func Stuff(b []byte) []byte {
	if !bytes.HasPrefix(b, []byte(".")) && !bytes.Contains(b, []byte("\n.")) {
		return b
	}
	b = bytes.ReplaceAll(b, []byte("\n."), []byte("\n.."))
	if bytes.HasPrefix(b, []byte(".")) {
		b = append([]byte("."), b...)
	}
	return b
}
