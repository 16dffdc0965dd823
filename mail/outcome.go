package mail

import (
	"cmp"
	"fmt"
	"hash/fnv"
	"time"

	"vestnik/db"
	"vestnik/mail/wire"
)

// ladder is how long a letter waits after its first, second … attempt that came to nothing. Greylisting opens after
// five minutes.
var ladder = [...]time.Duration{5 * time.Minute, 15 * time.Minute, 30 * time.Minute, time.Hour, 2 * time.Hour, 4 * time.Hour}

// maxDoubts is how often a letter may end in doubt before it stays there whatever the policy: a relay that always
// loses its last answer would otherwise get it again and again.
const maxDoubts = 3

// maxReply is how much of a relay's answer is kept, in bytes.
const maxReply = 1000

// wait is how long the letter waits after its n-th attempt: the ladder's step ± 20 %, so that letters deferred
// together do not come back together; the first step only upwards, because greylisting opens after five minutes. It is
// made from the key, so that a test and a second look agree.
func wait(k Key, n int64) time.Duration {
	step := ladder[min(max(n, 1), int64(len(ladder)))-1]
	h := fnv.New32a()
	fmt.Fprintf(h, "%s %d", k, n)
	part := float64(h.Sum32()%2001)/1000 - 1 // -1 … 1
	if n <= 1 && part < 0 {
		part = -part
	}
	return step + time.Duration(part*0.2*float64(step))
}

// A change is one letter's new state, to be written if the fence still holds.
type change struct {
	key      Key
	fence    int64
	state    string
	reason   string
	reply    string
	due      int64
	done     int64
	doubts   int64 // added
	attempts int64 // added
	gone     bool  // the address does not exist
	address  string
}

// outcome says what a verdict makes of a letter whose attempt has been counted already. Policy is resend or skip.
func outcome(l Letter, v wire.Verdict, reply, policy string, now time.Time) change {
	c := change{key: l.key(), fence: l.fence, address: l.Address, reason: v.Reason,
		reply: clip(db.Text(reply), maxReply), done: db.Milli(now)}
	attempt := l.Attempt + 1
	switch {
	case v.Class == wire.Accepted:
		c.state, c.reason = StateSent, ""
	case v.Class == wire.Ambiguous:
		return inDoubt(c, l, policy, now)
	case v.Final:
		c.state, c.gone = StateFailed, v.Gone
	case v.Free:
		c.attempts = -1
		return again(c, l, ladder[0], now)
	case attempt > int64(len(ladder)):
		c.state, c.reason = StateFailed, fmt.Sprintf("given up after %d attempts: %s", attempt, v.Reason)
	default:
		return again(c, l, wait(l.key(), attempt), now)
	}
	return c
}

// again defers the letter, unless it would come too late then.
func again(c change, l Letter, after time.Duration, now time.Time) change {
	due := now.Add(after)
	if !l.Expires.IsZero() && !due.Before(l.Expires) {
		c.state, c.reason = StateExpired, "no time left for another attempt: "+c.reason
		return c
	}
	c.state, c.due, c.done = StateDeferred, db.Milli(due), 0
	return c
}

// ReasonResent is the reason of a letter that is sent again after an end in doubt.
const ReasonResent = "in doubt, resent"

func inDoubt(c change, l Letter, policy string, now time.Time) change {
	c.doubts = 1
	if policy == PolicySkip || l.Doubts+1 >= maxDoubts {
		c.state, c.reason = StateInDoubt, "in doubt: "+c.reason
		return c
	}
	c = again(c, l, wait(l.key(), 1), now)
	if c.state == StateDeferred {
		c.state, c.reason = StateQueued, ReasonResent
		return c
	}
	c.state, c.reason = StateInDoubt, "in doubt, and no time left to send it again"
	return c
}

// back returns a marked letter to the queue that was not sent: nothing was tried, nothing counts. Without a reason the
// letter keeps the one that it had.
func back(l Letter, reason string, now time.Time) change {
	c := change{key: l.key(), fence: l.fence, state: StateQueued, reason: cmp.Or(reason, l.Reason),
		due: max(db.Milli(now), 1), address: l.Address, attempts: -1}
	if l.Attempt > 0 {
		c.state = StateDeferred
	}
	return c
}
