package wire

import (
	"context"
	"errors"
	"net/textproto"
	"sync"
	"time"
)

const (
	perConnection = 500              // letters; relays drop those who stay for ever
	idleTime      = 30 * time.Second // after which a connection is closed
	stumbles      = 3                // connections lost in a row after which a relay counts as down
	fullTime      = 10 * time.Minute // for which a relay that let no more connections in is not asked for more
)

// backOff is how long a relay that is down is left alone: after the first failure, the second …
var backOff = [...]time.Duration{5 * time.Second, 10 * time.Second, 20 * time.Second, 40 * time.Second, time.Minute, 2 * time.Minute}

// A Pool holds the connections to one relay, and knows whether it is up. Its methods may be called from several goroutines.
type Pool struct {
	Relay    Relay // read only
	helo     string
	timeouts Timeouts
	places   chan struct{} // one for each line

	mu        sync.Mutex
	idle      []*conn
	busy      map[*conn]bool
	lost      int       // connections lost in a row
	failures  int       // times that it was found down, in a row
	until     time.Time // not asked before
	most      int       // connections that it lets in
	mostUntil time.Time
}

// NewPool makes a pool without connections. Helo is the name that we greet with.
func NewPool(r Relay, helo string, t Timeouts) *Pool {
	return &Pool{Relay: r, helo: helo, timeouts: t.orStandard(), places: make(chan struct{}, max(r.Connections, 1)), busy: map[*conn]bool{}}
}

// A Line is a place in a pool and the connection that fills it at the moment. It serves one goroutine.
type Line struct {
	pool *Pool
	conn *conn // nil: none could be had
}

// Get returns a line that is connected, over an idle connection or a fresh one. It waits while all places are taken.
// The caller closes it.
func (p *Pool) Get(ctx context.Context) (*Line, error) {
	select {
	case p.places <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	l := &Line{pool: p}
	for l.conn = p.takeIdle(); l.conn != nil; l.conn = p.takeIdle() {
		if time.Since(l.conn.used) < idleTime {
			return l, nil
		}
		l.hangUp()
	}
	if err := l.dial(ctx); err != nil {
		l.Close()
		return nil, err
	}
	return l, nil
}

func (p *Pool) takeIdle() *conn {
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

func (l *Line) dial(ctx context.Context) (err error) {
	if l.conn, err = l.pool.Relay.dial(ctx, l.pool.helo, l.pool.timeouts.Dial); err != nil {
		l.conn = nil
		return err
	}
	l.pool.mu.Lock()
	defer l.pool.mu.Unlock()
	l.pool.busy[l.conn] = true
	return nil
}

// hangUp ends the line's connection: politely, unless it is broken.
func (l *Line) hangUp() {
	if l.conn == nil {
		return
	}
	l.conn.quit()
	l.pool.mu.Lock()
	defer l.pool.mu.Unlock()
	delete(l.pool.busy, l.conn)
	l.conn = nil
}

// Send carries one letter and returns how that ended. The octets are the whole letter in lines that end in CRLF, with
// the dots at their beginnings doubled by [Stuff]. A worn or broken connection is replaced first. Where the relay closes a
// used one, or takes no more letters over it, before it has accepted the recipient, the letter is sent over a fresh one.
// An error means that no connection could be had, and that the letter has not been sent.
func (l *Line) Send(ctx context.Context, from, to string, octets []byte) (Answer, error) {
	if l.conn == nil || l.conn.broken || l.conn.sent >= perConnection {
		if err := l.redial(ctx); err != nil {
			return Answer{}, err
		}
	}
	used := l.conn.sent > 0
	a := l.conn.transact(from, to, octets, l.pool.timeouts)
	v := a.Verdict()
	if used && v.Free && a.Phase <= PhaseRcpt {
		if err := l.redial(ctx); err != nil {
			return Answer{}, err
		}
		a = l.conn.transact(from, to, octets, l.pool.timeouts)
		v = a.Verdict()
	}
	l.conn.broken = l.conn.broken || v.Close
	return a, nil
}

func (l *Line) redial(ctx context.Context) error {
	l.hangUp()
	return l.dial(ctx)
}

// Close gives the place back; a connection that is still good waits for the next [Pool.Get].
func (l *Line) Close() {
	if l.conn != nil && l.conn.broken {
		l.hangUp()
	}
	if l.conn != nil {
		l.conn.used = time.Now()
		l.pool.mu.Lock()
		delete(l.pool.busy, l.conn)
		l.pool.idle = append(l.pool.idle, l.conn)
		l.pool.mu.Unlock()
	}
	<-l.pool.places
}

// Reap closes connections that were idle for too long; with all set, every idle one.
func (p *Pool) Reap(all bool) {
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
	var leaving sync.WaitGroup // all at once: a slow relay would otherwise hold up a stop by a goodbye for each
	for _, c := range old {
		leaving.Go(c.quit)
	}
	leaving.Wait()
}

// CutBusy closes every connection in use without a word: their letters end before the dot, or in doubt.
func (p *Pool) CutBusy() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.busy {
		c.cut()
	}
}

// Places is how many lines it is sensible to ask for: 0 while the relay is down, fewer than configured while it lets no
// more in.
func (p *Pool) Places(now time.Time) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case now.Before(p.until):
		return 0
	case now.Before(p.mostUntil):
		return min(p.most, cap(p.places))
	}
	return cap(p.places)
}

// Full reports whether err, with which no connection could be had, only means that the relay lets no more in while
// others are open, and whether that is news: many relays allow three or five. For ten minutes [Pool.Places] is no more
// than those.
func (p *Pool) Full(now time.Time, err error) (full, first bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	open := len(p.busy) + len(p.idle)
	var reply *textproto.Error
	if open == 0 || !errors.As(err, &reply) {
		return false, false
	}
	first = !now.Before(p.mostUntil)
	p.most, p.mostUntil = open, now.Add(fullTime)
	return true, first
}

// Down leaves the relay alone for a while and reports how long, and whether it was up until now.
func (p *Pool) Down(now time.Time) (wait time.Duration, first bool) {
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

// Stumbled counts a connection that was lost and reports whether that makes too many in a row.
func (p *Pool) Stumbled() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.lost++
	return p.lost >= stumbles
}

// Works notes an accepted letter and reports whether the relay had been down.
func (p *Pool) Works() (wasDown bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	wasDown = p.failures > 0
	p.failures, p.lost = 0, 0
	return wasDown
}
