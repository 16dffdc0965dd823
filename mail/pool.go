package mail

import (
	"context"
	"sync"
	"time"
)

const (
	perConnection = 500              // letters; relays drop those who stay for ever
	idleTime      = 30 * time.Second // after which a connection is closed
	stumbles      = 3                // connections lost in a row after which a relay counts as down
)

// backOff is how long a relay that is down is left alone: after the first failure, the second …
var backOff = [...]time.Duration{5 * time.Second, 10 * time.Second, 20 * time.Second, 40 * time.Second, time.Minute, 2 * time.Minute}

// A pool holds the connections to one relay, and knows whether it is up.
type pool struct {
	relay    Relay
	helo     string
	timeouts Timeouts
	slots    chan struct{} // one for each connection in use

	mu       sync.Mutex
	idle     []*conn
	busy     map[*conn]bool
	lost     int       // connections lost in a row
	failures int       // times that it was found down, in a row
	until    time.Time // not asked before
}

func newPool(r Relay, helo string, t Timeouts) *pool {
	return &pool{relay: r, helo: helo, timeouts: t, slots: make(chan struct{}, max(r.Connections, 1)), busy: map[*conn]bool{}}
}

// get returns a connection between two transactions: an idle one, else a fresh one. It waits while all are in use.
func (p *pool) get(ctx context.Context) (*conn, error) {
	select {
	case p.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	for {
		c := p.takeIdle()
		if c == nil {
			break
		}
		if time.Since(c.used) < idleTime && c.sent < perConnection {
			return c, nil
		}
		c.quit()
		p.forget(c)
	}
	c, err := p.dial(ctx)
	if err != nil {
		<-p.slots
	}
	return c, err
}

func (p *pool) takeIdle() *conn {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := len(p.idle)
	if n == 0 {
		return nil
	}
	c := p.idle[n-1]
	p.idle = p.idle[:n-1]
	p.busy[c] = true
	return c
}

func (p *pool) dial(ctx context.Context) (*conn, error) {
	c, err := p.relay.dial(ctx, p.helo, p.timeouts.Dial)
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	p.busy[c] = true
	p.mu.Unlock()
	return c, nil
}

// fresh replaces a connection whose slot the caller holds. On an error the slot is given up.
func (p *pool) fresh(ctx context.Context, old *conn) (*conn, error) {
	if old.broken {
		old.cut()
	} else {
		old.quit()
	}
	p.forget(old)
	c, err := p.dial(ctx)
	if err != nil {
		<-p.slots
	}
	return c, err
}

// put returns a connection that get gave.
func (p *pool) put(c *conn) {
	c.used = time.Now()
	p.mu.Lock()
	delete(p.busy, c)
	if !c.broken {
		p.idle = append(p.idle, c)
	}
	p.mu.Unlock()
	if c.broken {
		c.cut()
	}
	<-p.slots
}

func (p *pool) forget(c *conn) {
	p.mu.Lock()
	delete(p.busy, c)
	p.mu.Unlock()
}

// reap closes connections that were idle for too long; with all set, every idle one.
func (p *pool) reap(all bool) {
	p.mu.Lock()
	var keep, old []*conn
	for _, c := range p.idle {
		if all || time.Since(c.used) >= idleTime {
			old = append(old, c)
			continue
		}
		keep = append(keep, c)
	}
	p.idle = keep
	p.mu.Unlock()
	for _, c := range old {
		c.quit()
	}
}

// cutBusy closes every connection in use without a word: their letters end before the dot, or in doubt.
func (p *pool) cutBusy() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.busy {
		c.cut()
	}
}

// isUp reports whether the relay may be asked.
func (p *pool) isUp(now time.Time) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return !now.Before(p.until)
}

// down leaves the relay alone for a while and reports how long, and whether it was up until now.
func (p *pool) down(now time.Time) (wait time.Duration, first bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if now.Before(p.until) {
		return p.until.Sub(now), false // another connection was first
	}
	wait = backOff[min(p.failures, len(backOff)-1)]
	p.failures++
	p.lost, p.until = 0, now.Add(wait)
	return wait, p.failures == 1
}

// stumbled counts a connection that was lost and reports whether that makes too many in a row.
func (p *pool) stumbled() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.lost++
	return p.lost >= stumbles
}

// works notes an accepted letter and reports whether the relay had been down.
func (p *pool) works() (wasDown bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	wasDown = p.failures > 0
	p.failures, p.lost = 0, 0
	return wasDown
}
