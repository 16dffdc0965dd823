package wire

import (
	"io"
	"testing"
)

var replies = []struct {
	phase Phase
	code  int
	text  string
	class Class
	gone  bool
	final bool
}{
	{PhaseDot, 250, "2.0.0 Ok: queued as 4XYZ", Accepted, false, false},
	{PhaseDot, 251, "forwarded", Accepted, false, false},
	{PhaseData, 250, "what?", Infrastructure, false, false},

	// The recipient is gone.
	{PhaseRcpt, 550, "5.1.1 <x@y>: Recipient address rejected", ByRecipient, true, true},
	{PhaseRcpt, 550, "5.1.2 bad destination system", ByRecipient, true, true},
	{PhaseRcpt, 550, "5.1.6 mailbox has moved", ByRecipient, true, true},
	{PhaseRcpt, 556, "5.1.10 recipient domain has null MX", ByRecipient, true, true},
	{PhaseRcpt, 550, "No such user here", ByRecipient, true, true},
	{PhaseRcpt, 550, "sorry, no mailbox here by that name. (#5.1.1)", ByRecipient, true, true},
	{PhaseRcpt, 554, "5.4.4 Domain not found", ByRecipient, true, true},
	{PhaseDot, 550, "5.1.1 User unknown", ByRecipient, true, true},
	// The mailbox may heal.
	{PhaseRcpt, 550, "5.2.1 mailbox disabled", ByRecipient, false, true},
	{PhaseRcpt, 552, "5.2.2 over quota", ByRecipient, false, true},
	{PhaseRcpt, 552, "Mailbox is full / quota exceeded", ByRecipient, false, true},
	{PhaseRcpt, 452, "4.2.2 mailbox full", ByRecipient, false, false},
	{PhaseRcpt, 450, "4.2.1 The user you are trying to contact is receiving mail too quickly", ByRecipient, false, false},
	{PhaseRcpt, 550, "Requested action not taken", ByRecipient, false, true},
	// We are too big.
	{PhaseDot, 552, "5.3.4 message size exceeds limit", BySender, false, false},
	{PhaseDot, 550, "5.2.3 too long", BySender, false, false},
	{PhaseMail, 552, "message too big", BySender, false, false},
	// Infrastructure.
	{PhaseRcpt, 451, "4.3.0 local problem, try again later", Infrastructure, false, false},
	{PhaseDot, 451, "4.4.2 timeout", Infrastructure, false, false},
	{PhaseRcpt, 452, "4.3.1 insufficient system storage", Infrastructure, false, false},
	{PhaseRcpt, 550, "5.4.6 routing loop", Infrastructure, false, true},
	{PhaseMail, 451, "local error", Infrastructure, false, false},
	// Throttling.
	{PhaseRcpt, 452, "4.5.3 too many recipients", Throttled, false, false},
	{PhaseRcpt, 452, "too many recipients", Throttled, false, false},
	{PhaseRcpt, 450, "4.7.1 greylisted", Throttled, false, false},
	{PhaseRcpt, 451, "Greylisting in effect, please come back later", Throttled, false, false},
	{PhaseMail, 454, "Throttling failure: Maximum sending rate exceeded.", Throttled, false, false},
	{PhaseMail, 421, "4.7.0 [TSS04] Messages temporarily deferred", Throttled, false, false},
	{PhaseDot, 421, "service shutting down", Throttled, false, false},
	// We are refused.
	{PhaseRcpt, 550, "5.7.1 relaying denied", BySender, false, false},
	{PhaseDot, 550, "5.7.515 Access denied, sending domain does not meet the required authentication level", BySender, false, false},
	{PhaseDot, 550, "5.7.26 unauthenticated email is not accepted due to the domain's DMARC policy", BySender, false, false},
	{PhaseRcpt, 554, "Service unavailable; Client host blocked using zen.spamhaus.org", BySender, false, false},
	{PhaseRcpt, 550, "blocked: see our blocklist", BySender, false, false},
	{PhaseRcpt, 550, "Sender domain does not exist, spam", BySender, false, false},
	{PhaseMail, 550, "5.1.1 no such user", BySender, false, false},
	{PhaseRcpt, 553, "5.1.8 sender address rejected: domain not found", BySender, false, false},
	{PhaseDot, 554, "transaction failed", BySender, false, false},
	{PhaseDot, 550, "no", BySender, false, false},
	{PhaseData, 554, "5.5.1 no valid recipients", BySender, false, false},
	{PhaseMail, 530, "5.7.0 Authentication required", BySender, false, false},
	{PhaseConnect, 535, "5.7.8 Authentication failed", BySender, false, false},
}

func TestRepliesAreClassifiedByWhoseFaultTheyAre(t *testing.T) {
	for _, c := range replies {
		got := Classify(c.phase, c.code, c.text)
		if got.Class != c.class || got.Gone != c.gone || got.Final != c.final {
			t.Errorf("%v: %d %s\n got %+v\nwant %s, gone %v, final %v", c.phase, c.code, c.text, got, c.class, c.gone, c.final)
		}
		if got.Class != Accepted && got.Reason == "" {
			t.Errorf("%d %s: no reason in plain words", c.code, c.text)
		}
	}
}

func TestLostConnectionIsInDoubtOnlyAfterTheDot(t *testing.T) {
	for phase, want := range map[Phase]Class{PhaseMail: Infrastructure, PhaseRcpt: Infrastructure, PhaseData: Infrastructure, PhaseDot: Ambiguous} {
		v := Answer{Phase: phase, Err: io.EOF}.Verdict()
		if v.Class != want || !v.Close || v.Final {
			t.Errorf("EOF at %v: %+v, want %s", phase, v, want)
		}
	}
}
