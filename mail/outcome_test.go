package mail

import (
	"io"
	"testing"
	"time"

	"vestnik/mail/wire"
)

func TestRetriesFollowTheLadder(t *testing.T) {
	k := Key{KindDigest, 1, 2}
	for n := int64(1); n <= 6; n++ {
		step, seen := ladder[n-1], map[time.Duration]bool{}
		for r := range int64(200) {
			k.Recipient = r
			got := wait(k, n)
			low := step * 8 / 10
			if n == 1 {
				low = step // greylisting opens after five minutes, not after four
			}
			if got < low || got > step*12/10 {
				t.Errorf("attempt %d of %v waits %v, step %v", n, k, got, step)
			}
			if got != wait(k, n) {
				t.Errorf("attempt %d of %v waits differently the second time", n, k)
			}
			seen[got] = true
		}
		if len(seen) < 50 {
			t.Errorf("attempt %d: 200 letters come back at only %d moments", n, len(seen))
		}
	}
}

func TestOutcomeOfTheLastAttempts(t *testing.T) {
	now := time.Date(2026, 11, 24, 8, 0, 0, 0, time.UTC)
	later, lost := wire.Verdict{Class: wire.Throttled, Reason: "greylisted"}, wire.Answer{Phase: wire.PhaseDot, Err: io.EOF}.Verdict()
	for _, c := range []struct {
		name    string
		letter  Letter
		verdict wire.Verdict
		policy  string
		want    string
	}{
		{"sixth attempt", Letter{Attempt: 5}, later, "", StateDeferred},
		{"seventh attempt", Letter{Attempt: 6}, later, "", StateFailed},
		{"seventh, free", Letter{Attempt: 6}, wire.Verdict{Class: wire.Throttled, Free: true}, "", StateDeferred},
		{"time for one more", Letter{Expires: now.Add(7 * time.Minute)}, later, "", StateDeferred},
		{"no time for another", Letter{Expires: now.Add(4 * time.Minute)}, later, "", StateExpired},
		{"we are refused", Letter{}, wire.Classify(wire.PhaseRcpt, 550, "5.7.1 policy"), "", StateDeferred},
		{"in doubt", Letter{}, lost, PolicyResend, StateQueued},
		{"in doubt, skip", Letter{}, lost, PolicySkip, StateInDoubt},
		{"in doubt for the third time", Letter{Doubts: 2}, lost, PolicyResend, StateInDoubt},
		{"in doubt, no time", Letter{Expires: now.Add(time.Minute)}, lost, PolicyResend, StateInDoubt},
	} {
		c.letter.Kind = KindDigest
		got := outcome(c.letter, c.verdict, "", c.policy, now)
		if got.state != c.want {
			t.Errorf("%s: %s, want %s", c.name, got.state, c.want)
		}
		if waiting := got.state == StateDeferred || got.state == StateQueued; waiting != (got.due > 0) || waiting == (got.done > 0) {
			t.Errorf("%s: %s with due %d, done %d", c.name, got.state, got.due, got.done)
		}
	}
}

func TestLetterThatGoesBackKeepsWhatIsKnownOfIt(t *testing.T) {
	now := time.Date(2026, 11, 24, 8, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		letter Letter
		reason string
		want   change
	}{
		{Letter{}, "", change{state: StateQueued}},
		{Letter{Reason: ReasonResent}, "", change{state: StateQueued, reason: ReasonResent}},
		{Letter{Reason: "greylisted", Attempt: 1}, "the relay is down", change{state: StateDeferred, reason: "the relay is down"}},
	} {
		c.want.attempts, c.want.due = -1, now.UnixMilli()
		if got := back(c.letter, c.reason, now); got != c.want {
			t.Errorf("%+v: got %+v, want %+v", c.letter, got, c.want)
		}
	}
}
