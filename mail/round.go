package mail

import (
	"context"
	"errors"
	"fmt"
	"net/textproto"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// ahead is how many letters for each connection may be marked in flight before their turn comes. It hides the time
// that a commit takes; more of them would only be more doubt after a crash.
const ahead = 8

// refusalsToPause is how many letters in a row the relay must refuse because of us before the lane stops. One alone
// may be a reader's own server that lets no newsletter in, and must not stop everybody's.
const refusalsToPause = 3

// A round is one leased batch on its way out.
type round struct {
	s      *Sender
	now    time.Time
	lane   string
	ready  chan flight    // marked, durably; never blocks
	window chan struct{}  // one for each letter between its mark and its result
	open   sync.WaitGroup // the same, to wait for
	marks  sync.WaitGroup // marks not answered yet
	stop   chan struct{}  // closed: nothing new is begun

	mu       sync.Mutex
	why      string // of the stop
	err      error
	returned int64
}

// A flight is a letter that is ready to be written to the wire.
type flight struct {
	letter   Letter
	form     *form
	tokens   Tokens
	from, to string
}

// fly sends leased letters over the slots' connections and returns when what became of each is durable. It returns how
// many went back to the queue untouched.
func (s *Sender) fly(ctx context.Context, now time.Time, lane string, fence int64, letters []Letter, slots []*pool) (int64, error) {
	if len(letters) == 0 {
		return 0, nil
	}
	r := &round{s: s, now: now, lane: lane, ready: make(chan flight, len(letters)), stop: make(chan struct{})}
	first, slots, err := s.connect(ctx, now, slots)
	slots = slots[:min(len(slots), len(letters))]
	r.window = make(chan struct{}, ahead*len(slots))
	if err != nil {
		r.halt(err.Error())
		return r.end(ctx, fence)
	}
	defer r.watch(ctx)()
	var workers sync.WaitGroup
	var working atomic.Int64
	working.Store(int64(len(slots)))
	for i, p := range slots {
		c := first
		if i > 0 {
			c = nil // the others dial themselves
		}
		workers.Go(func() {
			r.work(ctx, p, c)
			if working.Add(-1) == 0 {
				r.halt("")
			}
		})
	}
	r.dispatch(ctx, letters)
	r.marks.Wait()
	close(r.ready)
	workers.Wait()
	for f := range r.ready {
		r.giveBack(f)
	}
	r.open.Wait()
	return r.end(ctx, fence)
}

// end returns the leases that were not used.
func (r *round) end(ctx context.Context, fence int64) (int64, error) {
	n, err := r.s.release(ctx, r.now, fence, r.reason())
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.returned + n, errors.Join(r.err, err)
}

// connect makes sure that a relay can be reached before anything is marked. It returns a connection and the slots whose
// relays have not just failed; the first of them is the connection's.
func (s *Sender) connect(ctx context.Context, now time.Time, slots []*pool) (*conn, []*pool, error) {
	var failed error
	for len(slots) > 0 {
		p := slots[0]
		c, err := p.get(ctx)
		if err == nil {
			return c, slots, nil
		}
		failed = errors.Join(failed, s.relayFailed(ctx, now, p, err))
		slots = slices.DeleteFunc(slices.Clone(slots), func(other *pool) bool { return other == p })
	}
	return nil, nil, failed
}

// relayFailed leaves the relay alone for a while, says so once, and returns err in plain words.
func (s *Sender) relayFailed(ctx context.Context, now time.Time, p *pool, err error) error {
	if ctx.Err() != nil {
		return errors.New("the sender was stopped")
	}
	reason := fmt.Errorf("the relay %s cannot be used: %w", p.relay.Host(), err)
	wait, first := p.down(now)
	if first {
		s.log.Warn("relay down: letters wait", "relay", p.relay.Host(), "error", err, "next try in", wait)
	}
	var reply *textproto.Error
	if errors.As(err, &reply) && reply.Code/100 == 5 && len(s.pools) == 1 {
		if v := Classify(PhaseConnect, reply.Code, reply.Msg); v.Lane && v.Close {
			s.pause(ctx, now, LaneAll, fmt.Sprintf("%s (%d %s)", v.Reason, reply.Code, reply.Msg))
		}
	}
	return reason
}

func (s *Sender) pause(ctx context.Context, now time.Time, lane, reason string) {
	fresh, err := Pause(context.WithoutCancel(ctx), s.db, lane, clip(reason, maxReply), now)
	switch {
	case err != nil:
		s.log.Error("mail should be paused", "lane", lane, "reason", reason, "error", err)
	case fresh:
		s.log.Error("mail paused", "lane", lane, "reason", reason, "then", "vestnik mail resume "+lane)
	}
}

// watch stops the round when ctx ends: what is on the wire may finish within the grace time, nothing new begins.
func (r *round) watch(ctx context.Context) (unwatch func()) {
	done := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		r.halt("")
		timer := time.NewTimer(r.s.grace)
		defer timer.Stop()
		select {
		case <-done:
		case <-timer.C:
			for _, p := range r.s.pools {
				p.cutBusy()
			}
		}
	})
	return func() { stop(); close(done) }
}

func (r *round) halt(why string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.why == "" {
		r.why = why
	}
	if !r.stopped() {
		close(r.stop)
	}
}

func (r *round) stopped() bool {
	select {
	case <-r.stop:
		return true
	default:
		return false
	}
}

func (r *round) reason() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.why
}

// fail ends the round because the ledger cannot be kept.
func (r *round) fail(err error) {
	r.mu.Lock()
	if r.err == nil { // the others say the same
		r.err = err
	}
	r.mu.Unlock()
	r.halt("")
}

// enter waits for room for one more letter in flight; false when the round is stopped.
func (r *round) enter() bool {
	if r.stopped() {
		return false
	}
	select {
	case r.window <- struct{}{}:
	case <-r.stop:
		return false
	}
	select {
	case r.s.doubts <- struct{}{}:
	case <-r.stop:
		<-r.window
		return false
	}
	r.open.Add(1)
	return true
}

func (r *round) leave() {
	<-r.window
	<-r.s.doubts
	r.open.Done()
}

// dispatch marks the letters in flight, a little ahead of the connections.
func (r *round) dispatch(ctx context.Context, letters []Letter) {
	for _, l := range letters {
		if !r.enter() {
			return
		}
		f, bad, err := r.s.prepare(ctx, l)
		switch {
		case err != nil:
			r.leave()
			r.fail(err)
			return
		case bad.Class != "":
			r.settle(l, 1, bad, "")
		default:
			r.mark(f)
		}
	}
}

// mark writes the in-flight mark; the letter is ready once it is durable. A letter whose lease is gone (its reader has
// left, or another node took it over) is not sent.
func (r *round) mark(f flight) {
	r.marks.Add(1)
	l := f.letter
	r.s.commits.in <- record{
		mark: true,
		ch:   change{key: l.key(), fence: l.fence, address: f.to, done: max(r.now.UnixMilli(), 1)},
		after: func(held bool, err error) {
			defer r.marks.Done()
			switch {
			case err != nil:
				r.leave()
				r.fail(err)
			case !held:
				r.leave()
			default:
				r.ready <- f
			}
		},
	}
}

// work sends ready letters over one connection until there are none, or no connection can be had.
func (r *round) work(ctx context.Context, p *pool, c *conn) {
	var err error
	if c == nil {
		if !p.isUp(r.now) {
			return
		}
		if c, err = p.get(ctx); err != nil {
			r.s.relayFailed(ctx, r.now, p, err)
			return
		}
	}
	var octets []byte
	for f := range r.ready {
		if r.stopped() || r.s.lapsed() {
			r.giveBack(f)
			continue
		}
		var a answer
		octets = r.s.render(octets[:0], f)
		if c, a, err = p.send(ctx, c, f, octets); err != nil {
			r.halt(r.s.relayFailed(ctx, r.now, p, err).Error())
			r.giveBack(f)
			return
		}
		v := a.verdict()
		c.broken = c.broken || v.Close
		r.landed(ctx, p, f, a, v)
	}
	p.put(c)
}

// send sends one letter on c, or on a fresh connection where c is worn out, broken, or was closed by the relay while
// it was idle. An error means that no connection could be had, and that the slot was given up.
func (p *pool) send(ctx context.Context, c *conn, f flight, octets []byte) (*conn, answer, error) {
	var err error
	if c.broken || c.sent >= perConnection {
		if c, err = p.fresh(ctx, c); err != nil {
			return nil, answer{}, err
		}
	}
	used := c.sent > 0
	a := c.transact(f.from, f.to, octets, p.timeouts)
	if used && c.broken && a.phase == PhaseMail { // nothing of this letter has been looked at
		if c, err = p.fresh(ctx, c); err != nil {
			return nil, answer{}, err
		}
		a = c.transact(f.from, f.to, octets, p.timeouts)
	}
	return c, a, nil
}

// landed records the end of a transaction and draws the conclusions for its relay and lane.
func (r *round) landed(ctx context.Context, p *pool, f flight, a answer, v Verdict) {
	r.settle(f.letter, 0, v, a.reply())
	switch {
	case v.Class == Accepted:
		if p.works() {
			r.s.log.Info("relay works again", "relay", p.relay.Host())
		}
		r.s.refused(r.lane, false)
	case a.err != nil && p.stumbled():
		r.halt(r.s.relayFailed(ctx, r.now, p, errors.New(v.Reason)).Error())
	case v.Class == BySender && (r.s.refused(r.lane, true) >= refusalsToPause || v.Lane):
		reason := fmt.Sprintf("%s (the relay %s said to letter %s at %s: %s)", v.Reason, p.relay.Host(), f.letter.Name(), a.phase, a.reply())
		r.s.pause(ctx, r.now, r.lane, reason)
		r.halt(reason)
	}
}

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

// settle records what a verdict makes of the letter. Unmarked is 1 for a letter whose attempt was not counted yet.
func (r *round) settle(l Letter, unmarked int64, v Verdict, reply string) {
	ch := outcome(l, v, reply, r.s.policy(l.Kind, l.Digest), r.now)
	ch.attempts += unmarked
	r.record(ch)
}

// giveBack returns a marked letter that was not sent.
func (r *round) giveBack(f flight) {
	r.mu.Lock()
	r.returned++
	r.mu.Unlock()
	r.record(back(f.letter, true, r.reason(), r.now))
}

func (r *round) record(ch change) {
	r.s.commits.in <- record{ch: ch, after: func(held bool, err error) {
		if err != nil {
			r.fail(err)
		}
		r.leave()
	}}
}
