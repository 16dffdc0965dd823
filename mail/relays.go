package mail

import (
	"context"
	"errors"
	"fmt"
	"net/textproto"
	"slices"
	"time"

	"vestnik/mail/wire"
)

// What a sender knows of its relays: which may be asked, how fast they are, and when to stop asking.

// slots are the connections that a lane may use, each by its relay. The digests leave one to the confirmations.
func (s *Sender) slots(lane string, now time.Time) []*wire.Pool {
	var slots []*wire.Pool
	for _, p := range s.pools {
		places := p.Places(now)
		if lane == LaneConfirm && places > 0 {
			return []*wire.Pool{p}
		}
		if places > 1 {
			places--
		}
		slots = append(slots, slices.Repeat([]*wire.Pool{p}, places)...)
	}
	return slots
}

// connect makes sure that a relay can be reached before anything is marked. It returns a line and the slots whose
// relays have not just failed; the first of them is the line's.
func (s *Sender) connect(ctx context.Context, now time.Time, slots []*wire.Pool) (*wire.Line, []*wire.Pool, error) {
	var failed error
	for len(slots) > 0 {
		p := slots[0]
		line, err := p.Get(ctx)
		if err == nil {
			return line, slots, nil
		}
		failed = errors.Join(failed, s.relayFailed(ctx, now, p, err))
		slots = slices.DeleteFunc(slices.Clone(slots), func(other *wire.Pool) bool { return other == p })
	}
	return nil, nil, failed
}

// relayFailed leaves the relay alone for a while, says so once, and returns err in plain words.
func (s *Sender) relayFailed(ctx context.Context, now time.Time, p *wire.Pool, err error) error {
	if ctx.Err() != nil {
		return errors.New("the sender was stopped")
	}
	reason := fmt.Errorf("the relay %s cannot be used: %w", p.Relay.Host(), err)
	wait, first := p.Down(now)
	if first {
		s.log.Warn("relay down: letters wait", "relay", p.Relay.Host(), "error", err, "next try in", wait)
	}
	var reply *textproto.Error
	if errors.As(err, &reply) && reply.Code/100 == 5 && len(s.pools) == 1 {
		if v := wire.Classify(wire.PhaseConnect, reply.Code, reply.Msg); v.Lane && v.Close {
			s.pause(ctx, now, LaneAll, fmt.Sprintf("%s (%d %s)", v.Reason, reply.Code, reply.Msg))
		}
	}
	return reason
}

func (s *Sender) pause(ctx context.Context, now time.Time, lane, reason string) {
	fresh, err := Pause(context.WithoutCancel(ctx), s.db, lane, clip(reason, maxReply), now)
	reason = WithoutAddresses(reason) // the relay may have named the reader
	switch {
	case err != nil:
		s.log.Error("mail should be paused", "lane", lane, "reason", reason, "error", err)
	case fresh:
		s.log.Error("mail paused", "lane", lane, "reason", reason, "then", "vestnik mail resume "+lane)
	}
}

// maxAhead is the most letters for each connection that are in flight at once.
const maxAhead = 8

// ahead is how many letters for each connection are in flight at once: the one on the wire, and behind it those that go
// out within a tenth of a second. They hide the time that a commit takes; more of them would only be more doubt after a
// crash, and more readers who are mailed although they have just left.
func (s *Sender) ahead() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.pace == 0 {
		return 1
	}
	return 1 + int(min(100*time.Millisecond/s.pace, maxAhead-1))
}

// took notes how long a letter was on the wire.
func (s *Sender) took(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.pace == 0 {
		s.pace = d
	}
	s.pace = max((7*s.pace+d)/8, 1)
}

// refusalsToPause is how many letters in a row the relay must refuse because of us before the lane stops. One alone
// may be a reader's own server that lets no newsletter in, and must not stop everybody's.
const refusalsToPause = 3

// refused counts refusals of us in a row, by lane; a letter that was accepted ends the row.
func (s *Sender) refused(lane string, again bool) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !again {
		s.refusals[lane] = 0
		return 0
	}
	s.refusals[lane]++
	return s.refusals[lane]
}
