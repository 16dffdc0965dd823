package websub

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"time"

	"vestnik/articles"
	"vestnik/db"
)

const (
	watchTick  = 100 * time.Millisecond // how often the publication's change number is read
	lookEvery  = 5 * time.Second        // how often all topics are looked at though it did not move: editions have numbers of their own
	gatherFor  = 250 * time.Millisecond // after a push, so that an import of many articles is not a push for each
	tidyEvery  = 10 * time.Minute
	lookBeside = 4 // topics looked at beside each other
)

// watch looks at the topics whenever the publication changed, until ctx ends.
func (h *Hub) watch(ctx context.Context) {
	tick := time.NewTicker(watchTick)
	defer tick.Stop()
	seen, last := int64(-1), ""
	var looked, pushed, tidied time.Time
	for ctx.Err() == nil {
		now := time.Now()
		n, err := articles.CurrentChange(ctx, h.db)
		if err == nil && (n != seen && now.Sub(pushed) >= gatherFor || now.Sub(looked) >= lookEvery) {
			var some bool
			if some, err = h.look(ctx, now); some {
				pushed = time.Now()
			}
			seen, looked = n, now
		}
		if now.Sub(tidied) >= tidyEvery {
			err, tidied = errors.Join(err, Housekeep(ctx, h.db, now)), now
		}
		last = h.complain(ctx, "follow the publication", err, last)
		select {
		case <-tick.C:
		case <-ctx.Done():
		}
	}
}

// complain logs err unless it is the last one again, and returns what it says.
func (h *Hub) complain(ctx context.Context, what string, err error, last string) string {
	if err == nil || ctx.Err() != nil {
		return ""
	}
	if err.Error() != last {
		h.log.Error("hub: "+what, "error", err)
	}
	return err.Error()
}

// A lead is a topic with subscribers, and what is new in it.
type lead struct {
	topic string
	since int64
	news  Content
	ended bool
	err   error
}

// look asks every topic that somebody is subscribed to for what is new since its last push, and pushes it. It reports whether there
// was any. A topic that cannot be read does not hold the others back.
func (h *Hub) look(ctx context.Context, now time.Time) (bool, error) {
	leads, err := db.Collect(ctx, h.db, func(row *sql.Rows) (l lead, err error) {
		err = row.Scan(&l.topic, &l.since)
		return l, err
	}, `SELECT topic, change FROM hub_topics
		WHERE EXISTS (SELECT 1 FROM hub_subscriptions WHERE hub_subscriptions.topic = hub_topics.topic AND until > $1)
		ORDER BY topic`, db.Milli(now))
	if err != nil {
		return false, fmt.Errorf("look for topics with subscribers: %w", err)
	}
	places := make(chan struct{}, lookBeside)
	var wg sync.WaitGroup
	for i := range leads {
		places <- struct{}{}
		wg.Go(func() {
			h.ask(ctx, &leads[i])
			<-places
		})
	}
	wg.Wait()
	return h.follow(ctx, leads, now)
}

func (h *Hub) ask(ctx context.Context, l *lead) {
	if l.news, l.err = h.o.Content(ctx, l.topic, l.since); l.err == nil {
		return
	}
	ours, err := h.o.Topic(ctx, l.topic)
	if l.ended = err == nil && !ours; l.ended {
		l.err = nil
		return
	}
	l.err = fmt.Errorf("look for news in %s: %w", l.topic, l.err)
}

// follow writes down all pushes of a look in one transaction.
func (h *Hub) follow(ctx context.Context, leads []lead, now time.Time) (pushed bool, err error) {
	var news []lead
	var errs []error
	for _, l := range leads {
		errs = append(errs, l.err)
		if l.ended || l.err == nil && l.news.Items > 0 && l.news.Change > l.since {
			news = append(news, l)
		}
	}
	if len(news) > 0 {
		errs = append(errs, h.db.Tx(ctx, func(tx *sql.Tx) error { return writePushes(ctx, tx, news, now) }))
		for _, l := range news {
			if !l.ended {
				h.bodies.put(l.topic, l.since, l.news)
			}
		}
		h.wake()
	}
	return len(news) > 0, errors.Join(errs...)
}

// writePushes is the transaction of a look.
func writePushes(ctx context.Context, tx *sql.Tx, news []lead, now time.Time) error {
	for _, l := range news {
		do := push
		if l.ended {
			do = end
		}
		if err := do(ctx, tx, l, now); err != nil {
			return fmt.Errorf("push %s: %w", l.topic, err)
		}
	}
	return nil
}

// push moves the topic's cursor and raises what its subscribers are owed. If the cursor is not where it was any more, another node
// was first, and nothing happens. Who waits for an older push, waits on for both.
func push(ctx context.Context, tx *sql.Tx, l lead, now time.Time) error {
	first, err := db.Changed(ctx, tx, `UPDATE hub_topics SET change = $1 WHERE topic = $2 AND change = $3`, l.news.Change, l.topic, l.since)
	if err != nil || !first {
		return err
	}
	n, err := db.Affected(tx.ExecContext(ctx, `
		UPDATE hub_subscriptions SET owed = $1,
			owed_since = CASE WHEN owed > 0 THEN owed_since ELSE $2 END,
			due = CASE WHEN owed > 0 THEN due ELSE $2 END
		WHERE topic = $3 AND until > $2 AND told < $1`, l.news.Change, db.Milli(now), l.topic))
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO hub_pushes (topic, change, at, recipients, reached, last) VALUES ($1, $2, $3, $4, 0, 0)`,
		l.topic, l.news.Change, db.Milli(now), n)
	return err
}

// end ends the subscriptions of a topic that is none any more, and has their callbacks told why (section 5.2).
func end(ctx context.Context, tx *sql.Tx, l lead, now time.Time) error {
	if _, err := tx.ExecContext(ctx, `
		INSERT INTO hub_verifications (id, topic, callback, host, mode, lease, secret, at, requests, tries, due, fence, reason)
		SELECT id, topic, callback, host, CAST($1 AS TEXT), 0, '', CAST($2 AS BIGINT), 0, 0, CAST($2 AS BIGINT), 0, 'the feed has ended'
		FROM hub_subscriptions WHERE topic = $3
		ON CONFLICT (topic, callback) DO NOTHING`, modeDenied, db.Milli(now), l.topic); err != nil {
		return err
	}
	_, err := tx.ExecContext(ctx, `DELETE FROM hub_subscriptions WHERE topic = $1`, l.topic)
	return err
}
