package websub

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"vestnik/db"
)

// LogFor is how long pushes are remembered.
const LogFor = 30 * 24 * time.Hour

// A Push is one line of the delivery log: recipients = reached + pending + given up.
type Push struct {
	Topic      string
	Change     int64     // the topic's number that it brought
	At         time.Time // when the news was noticed
	Recipients int64
	Reached    int64         // answered with 2xx, by this push or a later one that brought this one's news too
	Pending    int64         // still tried
	GivenUp    int64         // not tried any more after two days, or ended before they were reached
	Took       time.Duration // from At until the last of those answered that needed one attempt only
}

// Pushes returns the newest pushes, newest first.
func Pushes(ctx context.Context, h db.Handle, limit int) ([]Push, error) {
	all, err := db.Collect(ctx, h, func(row *sql.Rows) (p Push, err error) {
		var at, last int64
		err = row.Scan(&p.Topic, &p.Change, &at, &p.Recipients, &p.Reached, &last, &p.Pending)
		p.At = db.Time(at)
		p.GivenUp = max(p.Recipients-p.Reached-p.Pending, 0)
		if last > 0 {
			p.Took = db.Time(last).Sub(p.At)
		}
		return p, err
	}, `SELECT topic, change, at, recipients, reached, last,
			(SELECT COUNT(*) FROM hub_subscriptions AS s WHERE s.topic = p.topic AND s.owed > 0 AND s.told < p.change AND s.until > p.at)
		FROM hub_pushes AS p ORDER BY at DESC, change DESC LIMIT $1`, int64(limit))
	if err != nil {
		return nil, fmt.Errorf("list pushes: %w", err)
	}
	return all, nil
}

// States of a subscription.
const (
	StateActive    = "active"
	StateVerifying = "verifying" // asked for, not confirmed yet
	StateLeaving   = "leaving"   // its end is asked for, not confirmed yet
	StateRefused   = "refused"   // not confirmed; listed for an hour
	StateDenied    = "denied"    // the callback is being told that the feed has ended
)

// A Subscription is a line of the hub's book. One that is active and asked for again, or to be ended, has two lines.
type Subscription struct {
	Topic     string
	Callback  string
	Since     time.Time
	Until     time.Time // the end of its lease; zero unless it is active
	State     string
	Failures  int64  // attempts in a row
	LastError string // "" after a success
}

// Subscriptions returns all, in the order in which they were made.
func Subscriptions(ctx context.Context, h db.Handle) ([]Subscription, error) {
	all, err := db.Collect(ctx, h, func(row *sql.Rows) (s Subscription, err error) {
		var since, until int64
		err = row.Scan(&s.Topic, &s.Callback, &since, &until, &s.State, &s.Failures, &s.LastError)
		s.Since, s.Until = db.Time(since), db.Time(until)
		return s, err
	}, `SELECT topic, callback, since, until, state, failures, error FROM (
			SELECT id, topic, callback, since, until, 'active' AS state, failures, error FROM hub_subscriptions
			UNION ALL
			SELECT id, topic, callback, at, 0, CASE WHEN due = 0 THEN 'refused' WHEN mode = 'subscribe' THEN 'verifying'
				WHEN mode = 'unsubscribe' THEN 'leaving' ELSE 'denied' END, tries, reason FROM hub_verifications
		) AS book ORDER BY since, id`)
	if err != nil {
		return nil, fmt.Errorf("list subscriptions of the hub: %w", err)
	}
	return all, nil
}

// Housekeep ends subscriptions whose lease has run out, and forgets what was not confirmed for an hour and pushes of 30 days ago.
// Run does it every ten minutes.
func Housekeep(ctx context.Context, h db.Handle, now time.Time) error {
	for _, step := range []struct {
		query  string
		before time.Time
	}{
		{`DELETE FROM hub_subscriptions WHERE until <= $1`, now},
		{`DELETE FROM hub_verifications WHERE due = 0 AND at <= $1`, now.Add(-unproven)},
		{`DELETE FROM hub_pushes WHERE at <= $1`, now.Add(-LogFor)},
	} {
		if _, err := h.ExecContext(ctx, step.query, db.Milli(step.before)); err != nil {
			return fmt.Errorf("clear up after the hub: %w", err)
		}
	}
	return nil
}

// report logs what changes the book. A callback's path may be its secret: its host is enough.
func (h *Hub) report(done []outcome) {
	for _, o := range done {
		switch o.verdict {
		case confirmed:
			h.log.Info("hub: "+map[string]string{modeSubscribe: "subscribed", modeUnsubscribe: "unsubscribed"}[o.mode], "topic", o.topic, "host", o.host)
		case refused:
			h.log.Info("hub: not confirmed", "mode", o.mode, "topic", o.topic, "host", o.host, "reason", o.reason)
		case gone:
			h.log.Info("hub: the callback is gone, and its subscription with it", "topic", o.topic, "host", o.host)
		case failed:
			h.log.Debug("hub: not delivered", "topic", o.topic, "host", o.host, "reason", o.reason)
		}
	}
}
