package mail

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

// A conn is an SMTP connection that go-mail dialled. The transactions on it are ours: go-mail's own sends a command at
// a time, renders while DATA is open, and turns the server's words into an error that no longer says what happened.
type conn struct {
	client     *smtp.Client
	pipelining bool
	sent       int       // transactions begun
	used       time.Time // the end of the last one
	dirty      bool      // the last transaction was refused half-way: RSET comes before the next
	broken     bool      // nothing more may be said on it
}

// An answer is how a transaction ended: a reply at a phase, or the error that came instead of one.
type answer struct {
	phase Phase
	code  int
	text  string
	err   error
}

func (a answer) ok() bool { return a.err == nil && a.code/100 == 2 }

// verdict classifies the answer.
func (a answer) verdict() Verdict {
	if a.err != nil {
		return lost(a.phase, a.err.Error())
	}
	return Classify(a.phase, a.code, a.text)
}

// reply is the answer as it is kept.
func (a answer) reply() string {
	if a.err != nil {
		return ""
	}
	return fmt.Sprintf("%d %s", a.code, a.text)
}

// transact sends one letter. The octets are complete and dot-stuffed, with the final dot: nothing is rendered while
// DATA is open, and after a broken write nothing more is said, because a command (even QUIT) behind half a letter
// would let the server take the half for the whole.
func (c *conn) transact(from, to string, octets []byte, t Timeouts) answer {
	c.sent++
	a := c.envelope(from, to, t)
	if a.phase != PhaseData || a.err != nil || a.code != 354 {
		return a
	}
	if err := c.write(octets, t.Data); err != nil {
		return answer{phase: PhaseData, err: err} // the dot did not leave
	}
	return c.read(PhaseDot, t.Dot)
}

// envelope sends [RSET], MAIL, RCPT and DATA and returns the first refusal, or DATA's 354.
func (c *conn) envelope(from, to string, t Timeouts) answer {
	commands := [...]struct {
		phase   Phase
		text    string
		timeout time.Duration
	}{
		{PhaseMail, "RSET\r\n", t.Mail},
		{PhaseMail, "MAIL FROM:<" + from + ">\r\n", t.Mail},
		{PhaseRcpt, "RCPT TO:<" + to + ">\r\n", t.Rcpt},
		{PhaseData, "DATA\r\n", t.Data},
	}
	todo := commands[1:]
	if c.dirty {
		todo = commands[:]
	}
	if c.pipelining { // RFC 2920: one write, then the replies in order
		var all strings.Builder
		for _, command := range todo {
			all.WriteString(command.text)
		}
		if err := c.write([]byte(all.String()), t.Mail); err != nil {
			return answer{phase: PhaseMail, err: err}
		}
	}
	var refusal answer
	for _, command := range todo {
		if !c.pipelining {
			if refusal.code > 0 {
				return refusal
			}
			if err := c.write([]byte(command.text), command.timeout); err != nil {
				return answer{phase: command.phase, err: err}
			}
		}
		a := c.read(command.phase, command.timeout)
		switch {
		case a.err != nil && refusal.code > 0:
			return refusal // what was refused stays refused, whatever else broke
		case a.err != nil:
			return a
		case refusal.code > 0 && a.code == 354:
			c.endEmpty(t)
		case refusal.code == 0 && a.code == 421:
			return a
		case refusal.code == 0 && !a.ok() && !(command.phase == PhaseData && a.code == 354):
			refusal, c.dirty = a, true
		}
		if command.phase == PhaseData && refusal.code == 0 {
			c.dirty = false
			return a
		}
	}
	return refusal
}

// endEmpty ends a DATA that a server opened although it had refused everything before it: a letter without recipients
// and without a line (RFC 2920, 3.1).
func (c *conn) endEmpty(t Timeouts) {
	if c.write([]byte(".\r\n"), t.Data) == nil {
		c.read(PhaseDot, t.Dot)
	}
}

func (c *conn) write(b []byte, timeout time.Duration) error {
	err := c.client.UpdateDeadline(timeout)
	if err == nil {
		_, err = c.client.Text.W.Write(b)
	}
	if err == nil {
		err = c.client.Text.W.Flush()
	}
	c.broken = c.broken || err != nil
	return err
}

func (c *conn) read(phase Phase, timeout time.Duration) answer {
	a := answer{phase: phase}
	if a.err = c.client.UpdateDeadline(timeout); a.err == nil {
		a.code, a.text, a.err = c.client.Text.ReadResponse(0)
	}
	c.broken = c.broken || a.err != nil || a.code == 421
	return a
}

// quit ends the connection politely. It is for connections between two transactions only.
func (c *conn) quit() {
	c.client.UpdateDeadline(quitTimeout)
	if c.client.Quit() != nil {
		c.cut()
	}
}

// cut closes the socket without a word.
func (c *conn) cut() { c.client.Close() }

// quitTimeout is how long a relay may take to say goodbye.
const quitTimeout = 2 * time.Second

// stuff doubles dots at line beginnings (RFC 5321, 4.5.2).
func stuff(b []byte) []byte {
	if !bytes.HasPrefix(b, []byte(".")) && !bytes.Contains(b, []byte("\n.")) {
		return b
	}
	b = bytes.ReplaceAll(b, []byte("\n."), []byte("\n.."))
	if bytes.HasPrefix(b, []byte(".")) {
		b = append([]byte("."), b...)
	}
	return b
}
