package mail

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"

	"vestnik/db"
	"vestnik/mail/wire"
)

// What becomes of a letter whose end is in doubt.
const (
	PolicyResend = "resend" // again, with the same bytes and Message-ID
	PolicySkip   = "skip"   // left in doubt, for the admin to decide
)

// Options of a sender.
type Options struct {
	DB         *db.DB
	Identity   Identity
	Relays     []wire.Relay
	Personal   func(l Letter) Tokens      // the recipient's tokens, equal for every attempt; from several goroutines; nil: none
	InDoubt    func(digest string) string // resend | skip; nil: resend
	Log        *slog.Logger               // nil: nothing is logged
	Zone       *time.Location             // of the days that letters name; nil: UTC
	Node       string                     // a name for the nodes table; "" for the host's
	InDoubtMax int                        // letters at once between their mark and their durable result; 0: 200
	Timeouts   wire.Timeouts
	Grace      time.Duration // how long a stop waits for transactions that are under way; 0: 10 s
}

// A Sender sends what the ledger holds over the relays. Its methods may be called from several goroutines.
type Sender struct {
	db       *db.DB
	id       Identity
	wrong    error // what is wrong with the options; every round returns it
	personal func(l Letter) Tokens
	inDoubt  func(digest string) string
	log      *slog.Logger
	name     string
	zone     *time.Location
	node     int64
	grace    time.Duration
	turn     time.Duration
	pools    []*wire.Pool
	commits  *committer
	doubts   chan struct{} // one for each letter between its mark and its durable result

	mu       sync.Mutex
	closed   bool
	beaten   time.Time          // the last beat, by the caller's clock
	alive    time.Time          // until when nobody takes our letters, by this machine's
	fences   map[int64]bool     // of rounds that are running
	seen     map[int64]sighting // the other nodes, by id
	forms    map[formKey]*form
	refusals map[string]int // by lane: refusals of us in a row
	pace     time.Duration  // how long a letter is on the wire, lately
}

// NewSender makes a sender. Nothing is sent before Round, Run or SendOne; Close ends it.
func NewSender(o Options) *Sender {
	id, err := o.Identity.Check()
	if err == nil && len(o.Relays) == 0 {
		err = errors.New("mail: no relay is configured; add a [[mail.relay]] with its url")
	}
	if o.Zone == nil {
		o.Zone = time.UTC
	}
	host, _ := os.Hostname() // a name for people; an empty one does no harm
	helo := id.Domain
	if helo == "" {
		helo = "localhost"
	}
	s := &Sender{db: o.DB, id: id, wrong: err, personal: o.Personal, inDoubt: o.InDoubt, log: o.Log, name: o.Node, zone: o.Zone, node: db.NewID(),
		grace: o.Grace, turn: turn, commits: newCommitter(o.DB), doubts: make(chan struct{}, orDefault(o.InDoubtMax, 200)),
		fences: map[int64]bool{}, forms: map[formKey]*form{}, refusals: map[string]int{}}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if s.name == "" {
		s.name = host
	}
	if s.grace <= 0 {
		s.grace = 10 * time.Second
	}
	for _, r := range o.Relays {
		s.pools = append(s.pools, wire.NewPool(r, helo, o.Timeouts))
	}
	return s
}

func orDefault(n, standard int) int {
	if n < 1 {
		return standard
	}
	return n
}

// Close says goodbye to the relays, removes this node's row and ends the sender's goroutine. No round may be running.
func (s *Sender) Close() {
	s.mu.Lock()
	again, joined := s.closed, !s.beaten.IsZero()
	s.closed = true
	s.mu.Unlock()
	if again {
		return
	}
	for _, p := range s.pools {
		p.Reap(true)
	}
	s.commits.close()
	if joined {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		if err := s.leave(ctx); err != nil {
			s.log.Warn("this node's row stays until it lapses", "error", err)
		}
	}
}

func (s *Sender) policy(kind, digest string) string {
	if toList(kind) && s.inDoubt != nil && s.inDoubt(digest) == PolicySkip {
		return PolicySkip
	}
	return PolicyResend
}

// hold makes a fence for a round; Recover leaves the letters of fences that are held alone.
func (s *Sender) hold() int64 {
	fence := db.NewID()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fences[fence] = true
	return fence
}

func (s *Sender) drop(fence int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.fences, fence)
}

func (s *Sender) holds(fence int64) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.fences[fence]
}

// perSlot is how many letters a round leases for each connection.
const perSlot = 50

// Round leases one batch of what is due, sends it and records what became of it, confirmations first. It returns how
// many letters were dealt with: 0 when nothing is due, when lanes are paused, and while the relays are down. A failure
// of a relay or a letter is no error; an error means that the ledger could not be kept.
func (s *Sender) Round(ctx context.Context, now time.Time) (done int, err error) {
	for _, lane := range []string{LaneConfirm, LaneDigest} {
		n, err := s.roundOf(ctx, now, lane)
		done += n
		if err != nil {
			return done, err
		}
	}
	return done, nil
}

func (s *Sender) roundOf(ctx context.Context, now time.Time, lane string) (int, error) {
	if s.wrong != nil {
		return 0, s.wrong
	}
	slots := s.slots(lane, now)
	if len(slots) == 0 {
		return 0, nil // the relays are down, and that was logged
	}
	fence := s.hold()
	defer s.drop(fence)
	letters, claimed, err := s.claim(ctx, now, lane, fence, min(perSlot*len(slots), maxCommit))
	if err != nil || claimed == 0 {
		return 0, err
	}
	returned, err := s.fly(ctx, now, lane, fence, letters, slots)
	return int(claimed - returned), err
}

// SendOne sends one queued letter now, whatever its time and whether its lane is paused, and returns what became of it.
// A letter that another node is sending, or that is settled, is returned as it is.
func (s *Sender) SendOne(ctx context.Context, l Letter, now time.Time) (Letter, error) {
	if s.wrong != nil {
		return l, s.wrong
	}
	if err := s.beatIfDue(ctx, now); err != nil {
		return l, err
	}
	fence := s.hold()
	defer s.drop(fence)
	letters, err := s.claimOne(ctx, now, l.key(), fence)
	if err != nil {
		return l, err
	}
	returned := int64(0)
	if len(letters) > 0 {
		if returned, err = s.fly(ctx, now, l.lane(), fence, letters, s.pools); err != nil {
			return l, err
		}
	}
	l, err = Show(ctx, s.db, l.Name())
	if err == nil && returned > 0 {
		err = fmt.Errorf("send letter %s: %s", l.Name(), l.Reason)
	}
	return l, err
}

// idleTick is how often an idle sender looks for work.
const idleTick = 500 * time.Millisecond

// Run sends until ctx ends: it joins, beats, takes over from lost nodes, and works through both lanes. When ctx ends it
// finishes the transactions under way (for Options.Grace), returns the rest to the queue and leaves.
func (s *Sender) Run(ctx context.Context) error {
	if s.wrong != nil {
		return s.wrong
	}
	if err := s.beat(ctx, time.Now()); err != nil {
		return err
	}
	var loops sync.WaitGroup
	loops.Go(func() { s.loop(ctx, beatEvery, func(now time.Time) (bool, error) { return false, s.keep(ctx, now) }) })
	for _, lane := range []string{LaneConfirm, LaneDigest} {
		loops.Go(func() {
			s.loop(ctx, idleTick, func(now time.Time) (bool, error) {
				n, err := s.roundOf(ctx, now, lane)
				return n > 0, err
			})
		})
	}
	loops.Wait()
	for _, p := range s.pools {
		p.Reap(true)
	}
	leaving, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	return s.leave(leaving)
}

// loop calls step until ctx ends: at once again while there is more, else at the next tick. The same error is logged
// once, not at every tick.
func (s *Sender) loop(ctx context.Context, every time.Duration, step func(now time.Time) (more bool, err error)) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	last := ""
	for ctx.Err() == nil {
		more, err := step(time.Now())
		switch {
		case err == nil:
			last = ""
		case ctx.Err() == nil && err.Error() != last:
			last = err.Error()
			s.log.Error("sending mail", "error", WithoutAddresses(last))
		}
		if more && err == nil {
			continue
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
		}
	}
}

// keep is the housekeeping of Run.
func (s *Sender) keep(ctx context.Context, now time.Time) error {
	if err := s.beat(ctx, now); err != nil {
		return err
	}
	for _, p := range s.pools {
		p.Reap(false)
	}
	taken, err := s.Recover(ctx, now)
	if taken > 0 {
		s.log.Warn("letters of a lost node taken over", "letters", taken)
	}
	return err
}
