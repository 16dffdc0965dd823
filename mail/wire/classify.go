package wire

import (
	"fmt"
	"strconv"
	"strings"
)

// A Phase is how far an SMTP transaction had come.
type Phase int

// The phases, in their order. After the dot the letter may have been accepted whatever happens next.
const (
	PhaseConnect Phase = iota // dialling, EHLO, STARTTLS, AUTH
	PhaseMail
	PhaseRcpt
	PhaseData // the DATA command and the letter's octets, up to the dot
	PhaseDot
)

func (p Phase) String() string {
	return [...]string{"the greeting", "MAIL FROM", "RCPT TO", "DATA", "the end of the letter"}[p]
}

// A Class says whose fault an unsuccessful end is; everything else follows from it.
type Class string

// The classes.
const (
	Accepted       Class = "accepted"
	ByRecipient    Class = "recipient"      // the address or its mailbox: only this letter
	BySender       Class = "sender"         // we are refused: never held against an address
	Throttled      Class = "throttle"       // too fast, or greylisted: later
	Infrastructure Class = "infrastructure" // neither side's intention: later
	Ambiguous      Class = "ambiguous"      // the letter may have been accepted
)

// A Verdict is what an answer, or the lack of one, means.
type Verdict struct {
	Class  Class
	Gone   bool   // the address does not exist
	Final  bool   // trying again is useless
	Free   bool   // the attempt does not count against the letter
	Close  bool   // the connection must not be used again
	Lane   bool   // every other letter would meet the same: the lane stops at once
	Reason string // in plain words, without the server's own
}

// Classify says what the reply (code and text, without the code) to a phase means. Enhanced status codes (RFC 3463)
// count more than the basic code, and words only where both are silent: servers use 550 and 554 for everything.
func Classify(phase Phase, code int, text string) Verdict {
	class, subject, detail := enhanced(text)
	say := strings.ToLower(text)
	switch {
	case code >= 200 && code < 300 && phase == PhaseDot:
		return Verdict{Class: Accepted}
	case code == 421:
		return Verdict{Class: Throttled, Free: true, Close: true, Reason: "the relay closes the connection for now"}
	case code == 530 || code == 534 || code == 535 || code == 538 || class == 5 && subject == 7 && (detail == 8 || detail == 9):
		return wrongPassword
	case code >= 400 && code < 500:
		return temporary(code, subject, detail, say)
	case code >= 500 && code < 600:
		return permanent(phase, code, subject, detail, say)
	}
	return lost(phase, fmt.Sprintf("an answer that is none (%d)", code))
}

// lost is the verdict when no reply came: only after the dot may the letter have been accepted.
func lost(phase Phase, why string) Verdict {
	if phase == PhaseDot {
		return Verdict{Class: Ambiguous, Close: true, Reason: "the relay's answer was lost after the letter was sent: " + why}
	}
	return Verdict{Class: Infrastructure, Close: true, Free: phase <= PhaseMail,
		Reason: fmt.Sprintf("the connection was lost at %s: %s", phase, why)}
}

func temporary(code, subject, detail int, say string) Verdict {
	switch {
	case subject == 2 && detail == 2:
		return Verdict{Class: ByRecipient, Reason: "mailbox full"}
	case subject == 2:
		return Verdict{Class: ByRecipient, Reason: "mailbox busy"}
	case subject == 5 && detail == 3, code == 452 && subject < 0:
		return Verdict{Class: Throttled, Free: true, Close: true, Reason: "too many letters on one connection"}
	case subject == 7, subject < 3 && says(say, throttleWords), subject < 0 && code == 454:
		return Verdict{Class: Throttled, Reason: "greylisted, or too many letters at once"}
	}
	return Verdict{Class: Infrastructure, Reason: "a fault on the receiving side"}
}

func permanent(phase Phase, code, subject, detail int, say string) Verdict {
	if phase <= PhaseMail {
		return unwelcome
	}
	switch subject {
	case 1:
		switch detail {
		case 1, 2, 3, 6, 10:
			return gone
		case 7, 8:
			return Verdict{Class: BySender, Lane: true, Reason: "our sender's address is refused; mend [mail] from, or its domain's DNS"}
		}
	case 2:
		switch detail {
		case 1:
			return Verdict{Class: ByRecipient, Final: true, Reason: "mailbox disabled"}
		case 2:
			return Verdict{Class: ByRecipient, Final: true, Reason: "mailbox full"}
		case 3:
			return tooBig
		}
	case 3:
		if detail == 4 {
			return tooBig
		}
	case 5, 6:
		return Verdict{Class: BySender, Reason: "the relay does not understand our letter or commands"}
	case 7:
		return refusedByPolicy
	}
	return byWords(phase, code, subject, say)
}

// byWords judges a permanent refusal whose enhanced code is missing or says nothing.
func byWords(phase Phase, code, subject int, say string) Verdict {
	switch {
	case says(say, fullWords):
		return Verdict{Class: ByRecipient, Final: true, Reason: "mailbox full"}
	case code == 552:
		return tooBig
	case says(say, goneWords) && !strings.Contains(say, "sender"):
		return gone
	case says(say, policyWords):
		return refusedByPolicy
	case subject == 3, subject == 4:
		return Verdict{Class: Infrastructure, Final: true, Reason: "the receiving side cannot deliver it"}
	case phase == PhaseRcpt && code != 554:
		return Verdict{Class: ByRecipient, Final: true, Reason: "the address is refused"}
	}
	return refusedByPolicy
}

// ReasonGone is the reason of a letter that failed because its address does not exist.
const ReasonGone = "no such address"

var (
	gone            = Verdict{Class: ByRecipient, Gone: true, Final: true, Reason: ReasonGone}
	tooBig          = Verdict{Class: BySender, Lane: true, Reason: "the letter is too big; lower count in its [[digest]]"}
	refusedByPolicy = Verdict{Class: BySender,
		Reason: "we are refused by policy, not the reader; mend SPF, DKIM, DMARC or the relay's permission"}
	wrongPassword = Verdict{Class: BySender, Close: true, Lane: true,
		Reason: "the relay refuses our user name and password; mend them in the relay's address in the configuration"}
	unwelcome = Verdict{Class: BySender, Lane: true,
		Reason: "the relay refuses us before it knows the recipient; mend the sender's address, or what the relay allows it"}

	throttleWords = []string{"greylist", "graylist", "grey list", "try again", "too many", "throttl",
		"rate limit", "rate exceeded", "slow down"}
	fullWords = []string{"quota", "mailbox full", "mailbox is full", "insufficient storage", "storage limit"}
	goneWords = []string{"no such user", "user unknown", "unknown user", "no such recipient",
		"recipient not found", "unknown recipient",
		"invalid recipient", "no such mailbox", "mailbox not found", "no mailbox", "user not found", "no such address", "address unknown",
		"does not exist", "doesn't exist", "domain not found", "host not found", "nxdomain", "null mx"}
	policyWords = []string{"spam", "block", "blacklist", "policy", "reputation", "spf", "dkim", "dmarc", "reverse dns", "ptr ", "relay",
		"banned", "listed", "rbl", "unsolicited", "authenticat", "not allowed", "not permitted", "prohibited", "bulk"}
)

func says(text string, words []string) bool {
	for _, word := range words {
		if strings.Contains(text, word) {
			return true
		}
	}
	return false
}

// enhanced reads the enhanced status code (RFC 2034) that a reply's text begins with, or that stands in it as (#5.1.1);
// -1 where there is none.
func enhanced(text string) (class, subject, detail int) {
	text = strings.TrimSpace(text)
	if _, tail, found := strings.Cut(text, "(#"); found {
		text = tail
	}
	end := strings.IndexFunc(text, func(r rune) bool { return r != '.' && (r < '0' || r > '9') })
	if end < 0 {
		end = len(text)
	}
	parts := strings.Split(text[:end], ".")
	if len(parts) != 3 {
		return -1, -1, -1
	}
	var n [3]int
	for i, part := range parts {
		var err error
		if n[i], err = strconv.Atoi(part); err != nil || n[i] > 999 {
			return -1, -1, -1
		}
	}
	return n[0], n[1], n[2]
}
