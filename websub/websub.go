// Package websub is our own WebSub hub (W3C Recommendation of 23 January 2018) for our own feeds and nothing else: readers
// subscribe at it and are sent what is new within a second. It writes the tables hub_topics, hub_subscriptions,
// hub_verifications and hub_pushes.
//
// A request is written down and answered at once; the callback is asked later, and only its proof changes a subscription.
// The outbox is the subscriptions themselves: each knows the number of its topic up to which it was told and the number up to
// which it is owed. A push raises what is owed, in the transaction that moves the topic's cursor, so several nodes make it once
// and a crash loses none; a slow subscriber gets one document with all that gathered. A delivery is leased for a minute before
// it is made, and settled only on the callback's 2xx: one that a crash cut off is made again, so it may arrive twice.
//
// What keeps the hub from being turned against others: topics that are not ours are refused; callbacks are reached through
// package fetch's guard, redirects are not followed; a callback host that does not confirm may be asked about 100 times within
// an hour and 2 at a time (Options.PendingPerHost); no more than 2,000 verifications wait in all, 32 run at a time; a topic
// has at most 50,000 subscriptions and a host 5,000; a host gets at most 4 requests at a time, each at most 10 seconds long.
package websub

import (
	"cmp"
	"context"
	"log/slog"
	"sync"
	"time"

	"vestnik/db"
	"vestnik/fetch"
)

// Leases of subscriptions. What the reader asks for is brought within the bounds, and the verification tells it.
const (
	shortestLease = time.Hour
	defaultLease  = 10 * 24 * time.Hour
	longestLease  = 30 * 24 * time.Hour
)

// Content is what is new in a topic.
type Content struct {
	Body   []byte // a document of the topic's own format; shared, never changed
	Type   string // media type
	Change int64  // the topic's number that it brings the reader up to
	Items  int    // 0: nothing is new
}

// Options of a hub. DB, Client, URL, Topic and Content are needed.
type Options struct {
	DB     *db.DB
	Client *fetch.Client
	URL    string        // the hub's own address, for Link headers
	Lease  time.Duration // of those who do not ask for one; 0 is 10 days
	Log    *slog.Logger  // nil: silent

	// Topic says whether an address is one of our feeds, spelt exactly so, that still goes on.
	Topic func(ctx context.Context, topic string) (bool, error)
	// Content is what is new in the topic after the number since; since 0 asks for the whole document and its number.
	Content func(ctx context.Context, topic string, since int64) (Content, error)

	Pending        int           // verifications that may wait at a time; 0 is 2,000
	PendingPerHost int           // requests within an hour that the callback's host did not confirm; 0 is 100
	PerTopic       int           // subscriptions; 0 is 50,000
	PerHost        int           // subscriptions of one callback host; 0 is 5,000
	Deadline       time.Duration // of one request to a callback; 0 is 10 s, at most 20 s
}

// Hub is the hub. It may be used from several goroutines, and on several nodes over one database.
type Hub struct {
	o      Options
	db     *db.DB
	log    *slog.Logger
	bodies bodies
	poke   chan struct{} // there is something new in the outbox
}

// New returns a hub. It answers requests at once; what it owes is worked off by [Hub.Run].
func New(o Options) *Hub {
	o.Lease = bounded(o.Lease, defaultLease)
	o.Pending = cmp.Or(o.Pending, 2000)
	o.PendingPerHost = cmp.Or(o.PendingPerHost, 100)
	o.PerTopic = cmp.Or(o.PerTopic, 50_000)
	o.PerHost = cmp.Or(o.PerHost, 5000)
	o.Deadline = min(cmp.Or(o.Deadline, 10*time.Second), leased/3)
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Hub{o: o, db: o.DB, log: o.Log, bodies: bodies{load: o.Content, kept: map[bodyKey]*body{}}, poke: make(chan struct{}, 1)}
}

// bounded is a lease within the bounds; 0 is usual.
func bounded(lease, usual time.Duration) time.Duration {
	return min(max(cmp.Or(lease, usual), shortestLease), longestLease)
}

// Run follows the publication, verifies and delivers until ctx ends. Then it begins nothing new, lets the requests under way
// finish for three seconds and gives back what it could not finish.
//
// SQLite has one daemon at a time, so what is under way when it starts was the last one's, which is dead: it is carried out again
// at once. On PostgreSQL it may be another node's, and the leases must run out first.
func (h *Hub) Run(ctx context.Context) error {
	if h.db.Engine == "sqlite" {
		if err := takeOver(ctx, h.db, time.Now()); err != nil {
			h.log.Error("hub: what was under way waits until its leases run out", "error", err)
		}
	}
	var loops sync.WaitGroup
	loops.Go(func() { h.watch(ctx) })
	loops.Go(func() { newCrew(h, time.Now).work(ctx) })
	loops.Wait()
	return nil
}

// Step does once what Run does all the time: it looks at all topics and carries out everything that is due at now.
func (h *Hub) Step(ctx context.Context, now time.Time) error {
	if _, err := h.look(ctx, now); err != nil {
		return err
	}
	return newCrew(h, func() time.Time { return now }).workOff(ctx)
}

// wake tells the crew of this node that there is work. The others find it within a quarter of a second.
func (h *Hub) wake() {
	select {
	case h.poke <- struct{}{}:
	default:
	}
}
