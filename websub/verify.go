package websub

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"database/sql"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"vestnik/db"
	"vestnik/fetch"
)

// unproven is for how long requests count against a callback's host that did not confirm them.
const unproven = time.Hour

// again is when a callback that did not answer is asked again; after that the request is dropped.
var again = []time.Duration{30 * time.Second, 2 * time.Minute, 10 * time.Minute}

const foreign = "The topic is not one of our feeds; this hub distributes no others."

// checkTopics refuses a publish that is not about our own topics.
func (h *Hub) checkTopics(ctx context.Context, topics []string) error {
	if len(topics) == 0 || len(topics) > 20 {
		return bad("hub.url must name the topic that has news, at most 20 of them.")
	}
	for _, t := range topics {
		ours, err := h.o.Topic(ctx, t)
		if err != nil {
			return fmt.Errorf("look up topic: %w", err)
		}
		if !ours {
			return bad(foreign)
		}
	}
	return nil
}

// accept writes a request down to be verified.
func (h *Hub) accept(ctx context.Context, q request, now time.Time) error {
	if q.mode == modeSubscribe {
		ours, err := h.o.Topic(ctx, q.topic)
		if err != nil {
			return fmt.Errorf("look up topic: %w", err)
		}
		if !ours {
			return bad(foreign)
		}
	}
	err := h.db.Tx(ctx, func(tx *sql.Tx) error { return h.enqueue(ctx, tx, q, now) })
	if err == nil {
		h.wake()
	}
	return err
}

// enqueue replaces what the same subscriber asked for before and has not confirmed yet. One who wants to leave where nothing is
// known of it is not asked: that could be anybody's address. The answer does not tell the difference.
func (h *Hub) enqueue(ctx context.Context, tx *sql.Tx, q request, now time.Time) error {
	var active, asked int64
	if err := tx.QueryRowContext(ctx, `
		SELECT (SELECT COUNT(*) FROM hub_subscriptions WHERE topic = $1 AND callback = $2 AND until > $3),
			(SELECT COUNT(*) FROM hub_verifications WHERE topic = $1 AND callback = $2 AND due > 0)`,
		q.topic, q.callback, db.Milli(now)).Scan(&active, &asked); err != nil {
		return err
	}
	if q.mode == modeUnsubscribe && active+asked == 0 {
		return nil
	}
	if err := h.checkLimits(ctx, tx, q, active > 0, now); err != nil {
		return err
	}
	_, err := tx.ExecContext(ctx, `
		INSERT INTO hub_verifications (id, topic, callback, host, mode, lease, secret, at, requests, tries, due, fence, reason)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 1, 0, $8, 0, '')
		ON CONFLICT (topic, callback) DO UPDATE SET mode = excluded.mode, lease = excluded.lease, secret = excluded.secret,
			requests = CASE WHEN hub_verifications.at > $9 THEN hub_verifications.requests + 1 ELSE 1 END,
			at = excluded.at, tries = 0, due = excluded.due, fence = 0, reason = ''`,
		db.NewID(), q.topic, q.callback, q.host, q.mode, int64(q.lease/time.Second), q.secret, db.Milli(now), db.Milli(now.Add(-unproven)))
	return err
}

// checkLimits keeps the hub from being used to flood a third party. One who is subscribed cannot be kept from renewing by what
// others ask for in its host's name.
func (h *Hub) checkLimits(ctx context.Context, tx *sql.Tx, q request, active bool, now time.Time) error {
	callback := ""
	if active {
		callback = q.callback
	}
	var waiting, ofHost, inTopic, onHost int64
	if err := tx.QueryRowContext(ctx, `
		SELECT (SELECT COUNT(*) FROM hub_verifications WHERE due > 0),
			(SELECT COALESCE(SUM(requests), 0) FROM hub_verifications
				WHERE host = $1 AND at > $2 AND (CAST($3 AS TEXT) = '' OR callback = CAST($3 AS TEXT))),
			(SELECT COUNT(*) FROM hub_subscriptions WHERE topic = $4),
			(SELECT COUNT(*) FROM hub_subscriptions WHERE host = $1)`,
		q.host, db.Milli(now.Add(-unproven)), callback, q.topic).Scan(&waiting, &ofHost, &inTopic, &onHost); err != nil {
		return err
	}
	switch {
	case waiting >= int64(h.o.Pending):
		return refusal{http.StatusServiceUnavailable, "Too many requests wait to be verified; try again later."}
	case ofHost >= int64(h.o.PendingPerHost):
		return refusal{http.StatusTooManyRequests, "Too many requests for the host of hub.callback are not confirmed; try again later."}
	case active || q.mode == modeUnsubscribe:
		return nil
	case inTopic >= int64(h.o.PerTopic):
		return refusal{http.StatusServiceUnavailable, "The topic has as many subscriptions as this hub can carry."}
	case onHost >= int64(h.o.PerHost):
		return refusal{http.StatusTooManyRequests, "The host of hub.callback has as many subscriptions as it may have."}
	}
	return nil
}

// verify asks the callback whether it wants what was asked for in its name (section 5.3), or tells it that it cannot have it (5.2).
func (h *Hub) verify(ctx context.Context, t task, now time.Time) outcome {
	var number int64
	if t.mode == modeSubscribe {
		ours, err := h.o.Topic(ctx, t.topic)
		if err == nil && ours {
			number, err = h.numberOf(ctx, t.topic, now)
		}
		if err != nil {
			h.log.Error("verify a subscription", "topic", t.topic, "error", err)
			return outcome{verdict: unanswered, reason: "our own feed could not be read"}
		}
		if !ours {
			t.mode, t.denial = modeDenied, "it is not one of our feeds any more"
		}
	}
	challenge := rand.Text() // 128 bits at least
	res, err := h.o.Client.Get(ctx, fetch.Request{URL: question(t, challenge), Direct: true, Timeout: h.o.Deadline, MaxBytes: 1 << 10})
	if t.mode == modeDenied {
		return outcome{verdict: notified}
	}
	v, reason := judge(res, err, challenge)
	return outcome{verdict: v, reason: reason, number: number}
}

// numberOf is the number of a topic that nobody is subscribed to: from there on a new subscriber is told what comes. Where there
// are others, it goes on with them, and the answer is 0.
func (h *Hub) numberOf(ctx context.Context, topic string, now time.Time) (int64, error) {
	var others int64
	if err := h.db.QueryRowContext(ctx, `SELECT COUNT(*) FROM hub_subscriptions WHERE topic = $1 AND until > $2`, topic, db.Milli(now)).
		Scan(&others); err != nil || others > 0 {
		return 0, err
	}
	c, err := h.o.Content(ctx, topic, 0)
	return c.Change, err
}

// question is the callback with our parameters behind its own.
func question(t task, challenge string) string {
	join := "?"
	switch {
	case strings.HasSuffix(t.callback, "?"), strings.HasSuffix(t.callback, "&"):
		join = ""
	case strings.Contains(t.callback, "?"):
		join = "&"
	}
	s := t.callback + join + "hub.mode=" + t.mode + "&hub.topic=" + url.QueryEscape(t.topic)
	if t.mode == modeDenied {
		return s + "&hub.reason=" + url.QueryEscape(t.denial)
	}
	s += "&hub.challenge=" + challenge
	if t.mode == modeSubscribe {
		s += "&hub.lease_seconds=" + strconv.FormatInt(t.lease, 10)
	}
	return s
}

// judge draws the conclusion from the answer to a challenge. A server that answers anything definite but the challenge does not
// want it and is not asked again.
func judge(res *fetch.Response, err error, challenge string) (verdict, string) {
	switch {
	case errors.Is(err, fetch.ErrForbidden), errors.Is(err, fetch.ErrTooLarge):
		return refused, cause(err)
	case err != nil:
		return unanswered, cause(err)
	case res.Status >= 500, res.Status == http.StatusTooManyRequests, res.Status == http.StatusRequestTimeout:
		return unanswered, fmt.Sprintf("it answered %d", res.Status)
	case res.Status/100 != 2:
		return refused, fmt.Sprintf("it answered %d", res.Status)
	case subtle.ConstantTimeCompare(res.Body, []byte(challenge)) == 0:
		return refused, "it did not repeat the challenge"
	}
	return confirmed, ""
}

// cause is fetch's error without the address, which holds the challenge.
func cause(err error) string {
	if inner := errors.Unwrap(err); inner != nil {
		err = inner
	}
	text := db.Text(err.Error())
	if len(text) > 300 {
		text = strings.ToValidUTF8(text[:300], "") + "…"
	}
	return text
}

// activate makes a confirmed subscription, or replaces the lease and the secret of the one there is, which keeps its place. The
// row of the topic is locked first, as in a push, so that the subscription is either counted in a push or begins after it.
func activate(ctx context.Context, tx *sql.Tx, o outcome) error {
	now := db.Milli(o.at)
	if _, err := tx.ExecContext(ctx, `
		INSERT INTO hub_topics (topic, change) VALUES ($1, $2)
		ON CONFLICT (topic) DO UPDATE SET change = CASE
			WHEN excluded.change = 0 OR EXISTS (SELECT 1 FROM hub_subscriptions WHERE topic = $1 AND until > $3)
			THEN hub_topics.change ELSE excluded.change END`, o.topic, o.number, now); err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, `DELETE FROM hub_subscriptions WHERE topic = $1 AND callback = $2 AND until <= $3`,
		o.topic, o.callback, now); err != nil {
		return err
	}
	_, err := tx.ExecContext(ctx, `
		INSERT INTO hub_subscriptions (id, topic, callback, host, secret, since, until, told, owed, owed_since, due, fence, failures, error)
		SELECT CAST($1 AS BIGINT), topic, CAST($3 AS TEXT), CAST($4 AS TEXT), CAST($5 AS TEXT), CAST($6 AS BIGINT), CAST($7 AS BIGINT),
			change, 0, 0, 0, 0, 0, ''
		FROM hub_topics WHERE topic = $2
		ON CONFLICT (topic, callback) DO UPDATE SET secret = excluded.secret, until = excluded.until,
			due = CASE WHEN hub_subscriptions.owed > 0 AND hub_subscriptions.fence = 0 THEN excluded.since ELSE hub_subscriptions.due END`,
		db.NewID(), o.topic, o.callback, o.host, o.secret, now, now+o.lease*1000)
	return err
}

// settleVerification writes what became of a verification. One that was asked for anew meanwhile has another fence and goes on.
func settleVerification(ctx context.Context, tx *sql.Tx, o outcome) error {
	const this = ` WHERE id = $1 AND fence = $2`
	switch {
	case o.verdict == released:
		_, err := tx.ExecContext(ctx, `UPDATE hub_verifications SET due = $3, fence = 0`+this, o.id, o.fence, db.Milli(o.at))
		return err
	case o.verdict == unanswered && o.tries < int64(len(again)):
		_, err := tx.ExecContext(ctx, `UPDATE hub_verifications SET due = $3, fence = 0, tries = tries + 1, reason = $4`+this,
			o.id, o.fence, db.Milli(o.at.Add(again[o.tries])), o.reason)
		return err
	case o.verdict == unanswered || o.verdict == refused:
		_, err := tx.ExecContext(ctx, `UPDATE hub_verifications SET due = 0, fence = 0, tries = tries + 1, reason = $3`+this, o.id, o.fence, o.reason)
		return err
	}
	held, err := db.Changed(ctx, tx, `DELETE FROM hub_verifications`+this, o.id, o.fence)
	if err != nil || !held || o.verdict == notified {
		return err
	}
	if o.mode == modeSubscribe {
		return activate(ctx, tx, o)
	}
	_, err = tx.ExecContext(ctx, `DELETE FROM hub_subscriptions WHERE topic = $1 AND callback = $2`, o.topic, o.callback)
	return err
}
