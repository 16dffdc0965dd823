package subscribers

import (
	"cmp"
	"context"
	"database/sql"
	"slices"
	"sync"
	"time"

	"vestnik/db"
)

// A Leaver lets many leave at once, as they do when mail providers press one-click links after an edition: what comes while a
// commit is under way is gathered, and committed together. Nobody waits for more to come. It is safe for concurrent use.
type Leaver struct {
	DB   *db.DB
	Keys Keys

	mu      sync.Mutex
	waiting []*parting
	workers int
}

// A parting is one leave that waits for its commit.
type parting struct {
	subscriber int64
	digest     string
	origin     Origin
	now        time.Time
	err        error
	done       chan struct{}
}

const (
	maxPartings = 250              // in one transaction, which others must not wait for long
	partTimeout = 30 * time.Second // of one transaction; SQLite may have to wait ten seconds for its lock
)

// Leave does for the holder of a leave token what [Leave] does, and returns once that is durable: the whole of it or, with an error,
// nothing. Whether the visitor still waits makes no difference. Errors are [ErrToken], [ErrNotFound], and the database's.
func (l *Leaver) Leave(ctx context.Context, token string, o Origin, now time.Time) (Subscriber, string, error) {
	s, digest, err := l.Keys.Open(ctx, l.DB, PurposeLeave, token)
	if err != nil {
		return Subscriber{}, "", err
	}
	p := &parting{subscriber: s.ID, digest: digest, origin: o, now: now, done: make(chan struct{})}
	l.mu.Lock()
	l.waiting = append(l.waiting, p)
	more := l.workers < l.most()
	if more {
		l.workers++
	}
	l.mu.Unlock()
	if more {
		go l.work(context.WithoutCancel(ctx))
	}
	<-p.done
	return s, digest, p.err
}

// most is how many commits may be under way at once: SQLite has one writer, PostgreSQL's time goes into the way there and back.
func (l *Leaver) most() int {
	if l.DB.Engine == "sqlite" {
		return 1
	}
	return 4
}

// work commits what waits until nothing does.
func (l *Leaver) work(ctx context.Context) {
	for {
		l.mu.Lock()
		some := l.waiting[:min(maxPartings, len(l.waiting))]
		l.waiting = l.waiting[len(some):]
		if len(some) == 0 {
			l.waiting = nil
			l.workers--
		}
		l.mu.Unlock()
		if len(some) == 0 {
			return
		}
		l.commit(ctx, some)
	}
}

// commit writes all in one transaction or, where something is wrong with it, each in its own, so that nobody's mishap is another's.
func (l *Leaver) commit(ctx context.Context, some []*parting) {
	// In one order on all nodes, so that they cannot wait for each other in a circle.
	slices.SortStableFunc(some, func(a, b *parting) int { return cmp.Compare(a.subscriber, b.subscriber) })
	if err := l.write(ctx, some); err != nil && len(some) > 1 {
		for _, p := range some {
			p.err = l.write(ctx, []*parting{p})
		}
	} else {
		some[0].err = err
	}
	for _, p := range some {
		close(p.done)
	}
}

func (l *Leaver) write(ctx context.Context, some []*parting) error {
	ctx, cancel := context.WithTimeout(ctx, partTimeout)
	defer cancel()
	return l.DB.Tx(ctx, func(tx *sql.Tx) error {
		for _, p := range some {
			if err := Leave(ctx, tx, p.subscriber, p.digest, p.origin, p.now); err != nil {
				return err
			}
		}
		return nil
	})
}
