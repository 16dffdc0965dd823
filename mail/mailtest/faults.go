package mailtest

import (
	"slices"
	"strings"
	"time"
)

// A Phase of a transaction, named by what the server is about to answer.
type Phase string

// The phases in their order. Body is between the 354 and the dot: nothing is answered there, the connection can
// only be cut or stalled.
const (
	Mail Phase = "mail" // MAIL FROM
	Rcpt Phase = "rcpt" // RCPT TO
	Data Phase = "data" // DATA: a fault is the answer instead of 354
	Body Phase = "body"
	Dot  Phase = "dot" // the dot: a fault is the answer instead of 250
)

// An Envelope is what the server knows at a phase.
type Envelope struct {
	Phase      Phase
	From       string
	To         string   // the recipient at hand; after RCPT TO the first one
	Recipients []string // all accepted so far, in Rcpt without the one at hand
	Data       []byte   // the message, in Dot only
	Connection int      // 1, 2, 3 … over the life of the server
	Seq        int      // the transaction: 1, 2, 3 … over the life of the server
}

// A Fault is what goes wrong at a phase. The zero Fault accepts.
type Fault struct {
	Code     int           // of the reply; 421 also closes the connection. 0: the usual reply
	Enhanced string        // as "5.1.1"; "" for none
	Text     string        // the rest of the reply
	Cut      bool          // close the TCP connection: instead of the reply, or after it where Code is set
	Keep     bool          // in Dot: keep the message although the reply is an error or never sent
	Delay    time.Duration // before anything else; ends early when the server is closed
}

func (f Fault) reply() string {
	return strings.TrimSpace(f.Enhanced + " " + f.Text)
}

// keeps reports whether a message that met this fault at the dot was accepted.
func (f Fault) keeps() bool {
	if f.Keep {
		return true
	}
	return f.Code >= 200 && f.Code < 300 || f.Code == 0 && !f.Cut
}

// A plan is a fault set by address.
type plan struct {
	address string
	phase   Phase
	fault   Fault
	once    bool
}

// DeferOnce answers the next RCPT TO for address with 451, as a greylisting server does.
func (s *Server) DeferOnce(address string) {
	s.plan(plan{address, Rcpt, Fault{Code: 451, Enhanced: "4.7.1", Text: "Greylisted, please try again later"}, true})
}

// Refuse answers every RCPT TO for address with code and text, until Reset. Text may begin with an enhanced code.
func (s *Server) Refuse(address string, code int, text string) {
	s.plan(plan{address, Rcpt, Fault{Code: code, Text: text}, false})
}

// CutBeforeDot cuts the connection of the next transaction for address after the 354, before the dot was read.
// Nothing is kept. A client that wrote its whole message in one go cannot tell this from CutAfterDot.
func (s *Server) CutBeforeDot(address string) {
	s.plan(plan{address, Body, Fault{Cut: true}, true})
}

// CutAfterDot keeps the next message for address and cuts the connection before its 250 is sent.
func (s *Server) CutAfterDot(address string) {
	s.plan(plan{address, Dot, Fault{Cut: true, Keep: true}, true})
}

func (s *Server) plan(p plan) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.planned = append(s.planned, p)
}

// ask decides what happens at e: a fault planned for the address first, then the Faults function.
func (s *Server) ask(e Envelope) Fault {
	if f, found := s.takePlanned(e); found {
		return f
	}
	if s.faults == nil {
		return Fault{}
	}
	s.asking.Lock()
	defer s.asking.Unlock()
	return s.faults(e)
}

func (s *Server) takePlanned(e Envelope) (Fault, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, p := range s.planned {
		if p.phase != e.Phase || !sameAddress(p.address, e.To) {
			continue
		}
		if p.once {
			s.planned = slices.Delete(s.planned, i, i+1)
		}
		return p.fault, true
	}
	return Fault{}, false
}
