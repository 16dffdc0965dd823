package mail

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"vestnik/db"
	"vestnik/mail/wire"
)

// turn is how long a round begins new letters. A pause, and another node's share of the work, wait for no more than
// that and one letter, however slow the relay is.
const turn = 5 * time.Second

// A round is one leased batch on its way out.
type round struct {
	s      *Sender
	now    time.Time // when it began, by the caller's clock
	began  time.Time // the same, by this machine's
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
func (s *Sender) fly(ctx context.Context, now time.Time, lane string, fence int64, letters []Letter, slots []*wire.Pool) (int64, error) {
	if len(letters) == 0 {
		return 0, nil
	}
	r := &round{s: s, now: now, began: time.Now(), lane: lane, ready: make(chan flight, len(letters)), stop: make(chan struct{})}
	first, slots, err := s.connect(ctx, now, slots)
	slots = slots[:min(len(slots), len(letters))]
	r.window = make(chan struct{}, s.ahead()*len(slots))
	if err != nil {
		r.halt(err.Error())
		return r.end(ctx, fence)
	}
	defer r.watch(ctx)()
	var workers sync.WaitGroup
	var working atomic.Int64
	working.Store(int64(len(slots)))
	for i, p := range slots {
		line := first
		if i > 0 {
			line = nil // the others dial themselves
		}
		workers.Go(func() {
			r.work(ctx, p, line)
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

// time is the caller's clock: a round may take seconds, and a retry is due five minutes after its attempt.
func (r *round) time() time.Time { return r.now.Add(time.Since(r.began)) }

// end returns the leases that were not used.
func (r *round) end(ctx context.Context, fence int64) (int64, error) {
	n, err := r.s.release(ctx, r.now, fence, r.reason())
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.returned + n, errors.Join(r.err, err)
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
				p.CutBusy()
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

// dispatch marks the letters in flight, a little ahead of the connections, until its turn is over.
func (r *round) dispatch(ctx context.Context, letters []Letter) {
	for i, l := range letters {
		if i > 0 && time.Since(r.began) > r.s.turn || !r.enter() {
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
		ch:   change{key: l.key(), fence: l.fence, address: f.to, done: max(db.Milli(r.time()), 1)},
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

// work sends ready letters over one line until there are none, or no connection can be had.
func (r *round) work(ctx context.Context, p *wire.Pool, line *wire.Line) {
	if line == nil {
		if p.Places(r.time()) == 0 {
			return
		}
		var err error
		if line, err = p.Get(ctx); err != nil {
			r.cannotConnect(ctx, p, err)
			return
		}
	}
	defer line.Close()
	var octets []byte
	for f := range r.ready {
		if r.stopped() || r.s.lapsed() {
			r.giveBack(f)
			continue
		}
		octets = r.s.render(octets[:0], f)
		began := time.Now()
		a, err := line.Send(ctx, f.from, f.to, octets)
		if err != nil {
			r.giveBack(f)
			if reason := r.cannotConnect(ctx, p, err); reason != nil {
				r.halt(reason.Error())
			}
			return
		}
		r.s.took(time.Since(began))
		r.landed(ctx, p, f, a)
	}
}

// cannotConnect leaves the relay alone for a while, unless it only lets no more connections in than there are.
func (r *round) cannotConnect(ctx context.Context, p *wire.Pool, err error) error {
	full, first := p.Full(r.time(), err)
	if first {
		r.s.log.Info("relay lets no more connections in; those it let in go on", "relay", p.Relay.Host(), "error", err)
	}
	if full {
		return nil
	}
	return r.s.relayFailed(ctx, r.time(), p, err)
}

// landed records the end of a transaction and draws the conclusions for its relay and lane.
func (r *round) landed(ctx context.Context, p *wire.Pool, f flight, a wire.Answer) {
	v := a.Verdict()
	r.settle(f.letter, 0, v, a.Reply())
	switch {
	case v.Class == wire.Accepted:
		if p.Works() {
			r.s.log.Info("relay works again", "relay", p.Relay.Host())
		}
		r.s.refused(r.lane, false)
	case a.Err != nil && p.Stumbled():
		r.halt(r.s.relayFailed(ctx, r.time(), p, errors.New(v.Reason)).Error())
	case v.Class == wire.BySender && (r.s.refused(r.lane, true) >= refusalsToPause || v.Lane):
		reason := fmt.Sprintf("%s (the relay %s said to letter %s at %s: %s)", v.Reason, p.Relay.Host(), f.letter.Name(), a.Phase, a.Reply())
		r.s.pause(ctx, r.time(), r.lane, reason)
		r.halt(reason)
	}
}

// settle records what a verdict makes of the letter. Unmarked is 1 for a letter whose attempt was not counted yet.
func (r *round) settle(l Letter, unmarked int64, v wire.Verdict, reply string) {
	ch := outcome(l, v, reply, r.s.policy(l.Kind, l.Digest), r.time())
	ch.attempts += unmarked
	r.record(ch)
}

// giveBack returns a marked letter that was not sent.
func (r *round) giveBack(f flight) {
	r.mu.Lock()
	r.returned++
	r.mu.Unlock()
	r.record(back(f.letter, r.reason(), r.now))
}

func (r *round) record(ch change) {
	r.s.commits.in <- record{ch: ch, after: func(held bool, err error) {
		if err != nil {
			r.fail(err)
		}
		r.leave()
	}}
}
