package websub

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"vestnik/db"
)

const (
	leased   = time.Minute            // how long a request may take before another node makes it again
	crewTick = 250 * time.Millisecond // how often the outbox is looked into
	grace    = 3 * time.Second        // for requests under way when the daemon stops

	commitTimeout = 30 * time.Second // SQLite may have to wait ten seconds for its lock
)

// A task is a row that is leased to be carried out: a delivery, or with a mode a verification.
type task struct {
	id, fence                     int64
	topic, callback, host, secret string

	told, owed, owedSince, failures int64 // of a delivery

	mode         string // of a verification
	lease, tries int64
	denial       string // the reason of a denial
}

type verdict int

const (
	released   verdict = iota // not carried out; anybody may
	later                     // a delivery that cannot be made yet, not for the subscriber's fault
	reached                   // answered with 2xx
	failed                    // not answered, or otherwise
	gone                      // answered with 410
	confirmed                 // the challenge came back
	refused                   // it did not
	unanswered                // nothing came back
	notified                  // a denial was sent
)

// An outcome is what became of a task.
type outcome struct {
	task
	verdict verdict
	number  int64         // reached: the number of the topic that the subscriber is now at; confirmed: where it begins
	reason  string        // of a failure
	wait    time.Duration // before the next attempt, at least
	at      time.Time
}

// A crew carries out what is due: one loop that in each turn writes down what became of tasks and leases new ones, in one transaction,
// and a goroutine for each request under way.
type crew struct {
	h        *Hub
	clock    func() time.Time
	push     *lane
	verify   *lane
	finished chan outcome
	done     []outcome // not written down yet
	look     bool      // the outbox may hold something that is not in the lanes
}

func newCrew(h *Hub, clock func() time.Time) *crew {
	c := &crew{h: h, clock: clock, look: true}
	c.push = newLane("hub_subscriptions", " AND until > $1", 256, 4)
	c.verify = newLane("hub_verifications", "", 32, 2)
	c.finished = make(chan outcome, c.push.limit+c.verify.limit) // nobody waits to tell
	return c
}

// work works until ctx ends.
func (c *crew) work(ctx context.Context) {
	requests, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	tick := time.NewTicker(crewTick)
	defer tick.Stop()
	last := ""
	for ctx.Err() == nil {
		_, err := c.turn(requests)
		last = c.h.complain(ctx, "work off the outbox", err, last)
		finished := c.finished
		if err != nil {
			finished = nil // at the next tick
		}
		select {
		case o := <-finished:
			c.collect(o)
		case <-tick.C:
			c.look = true
		case <-c.h.poke:
			c.look = true
		case <-ctx.Done():
		}
	}
	stop := time.AfterFunc(grace, cancel)
	defer stop.Stop()
	c.wait()
	c.h.complain(requests, "write down what was delivered", c.write(context.Background(), nil, nil), "")
}

// workOff works until nothing is due any more.
func (c *crew) workOff(ctx context.Context) error {
	for {
		c.look = true
		idle, err := c.turn(ctx)
		if err != nil {
			c.wait()
			return err
		}
		if c.busy() > 0 {
			c.collect(<-c.finished)
		} else if idle {
			return nil
		}
	}
}

// wait waits for the requests under way.
func (c *crew) wait() {
	for c.busy() > 0 {
		c.collect(<-c.finished)
	}
}

func (c *crew) busy() int { return c.push.busy + c.verify.busy }

// collect takes in what has finished, without waiting for more.
func (c *crew) collect(o outcome) {
	for {
		c.laneOf(o.mode).leave(o.id)
		c.done = append(c.done, o)
		select {
		case o = <-c.finished:
		default:
			return
		}
	}
}

func (c *crew) laneOf(mode string) *lane {
	if mode == "" {
		return c.push
	}
	return c.verify
}

// turn writes down what finished and starts what may start; idle says that there was neither.
func (c *crew) turn(ctx context.Context) (idle bool, err error) {
	if err := c.refill(ctx); err != nil {
		return false, err
	}
	pushes, verifications := c.push.pick(), c.verify.pick()
	if len(c.done)+len(pushes)+len(verifications) == 0 {
		return true, nil
	}
	return false, c.write(ctx, pushes, verifications)
}

func (c *crew) refill(ctx context.Context) error {
	for _, l := range []*lane{c.push, c.verify} {
		if !c.look && !(l.more && l.stuck()) {
			continue
		}
		if err := l.load(ctx, c.h.db, c.clock()); err != nil {
			return fmt.Errorf("look for what is due in %s: %w", l.table, err)
		}
	}
	c.look = false
	return nil
}

// write is the transaction of a turn. Outcomes that could not be written are kept for the next one; if the daemon ends before that,
// the leases run out and the tasks are carried out again.
func (c *crew) write(ctx context.Context, pushes, verifications []int64) error {
	fence := db.NewID()
	var tasks []task
	commit, cancel := context.WithTimeout(context.WithoutCancel(ctx), commitTimeout)
	defer cancel()
	err := c.h.db.Tx(commit, func(tx *sql.Tx) (err error) {
		if err := settle(commit, tx, c.done); err != nil {
			return fmt.Errorf("write down what was delivered: %w", err)
		}
		tasks, err = claim(commit, tx, fence, c.clock(), pushes, verifications)
		return err
	})
	started := map[int64]bool{}
	if err == nil {
		c.h.report(c.done)
		c.done = nil
		for _, t := range tasks {
			started[t.id] = true
			go c.carryOut(ctx, t)
		}
	}
	c.push.drop(pushes, started)
	c.verify.drop(verifications, started)
	return err
}

func (c *crew) carryOut(ctx context.Context, t task) {
	var o outcome
	if t.mode == "" {
		o = c.h.deliver(ctx, t)
	} else {
		o = c.h.verify(ctx, t, c.clock())
	}
	if ctx.Err() != nil && (o.verdict == failed || o.verdict == unanswered || o.verdict == later) {
		o = outcome{} // it was cut off by us
	}
	o.task, o.at = t, c.clock()
	c.finished <- o
}
