package websub

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/http"
	"sync"
	"time"

	"vestnik/db"
	"vestnik/fetch"
)

const (
	giveUpAfter = 48 * time.Hour
	maxDelay    = 6 * time.Hour
	maxBodies   = 64
	loadTimeout = 30 * time.Second
)

// bodies keeps the documents lately delivered: one for each topic and number that subscribers are at, however many they are.
type bodies struct {
	load  func(ctx context.Context, topic string, since int64) (Content, error)
	mu    sync.Mutex
	kept  map[bodyKey]*body
	order []bodyKey
}

type bodyKey struct {
	topic string
	since int64
}

type body struct {
	mu      sync.Mutex
	content Content
}

// get returns what is new in the topic after since. One that does not reach up to owed is made anew.
func (b *bodies) get(ctx context.Context, topic string, since, owed int64) (Content, error) {
	one := b.place(bodyKey{topic, since})
	one.mu.Lock()
	defer one.mu.Unlock()
	if one.content.Change >= owed {
		return one.content, nil
	}
	ctx, cancel := context.WithTimeout(ctx, loadTimeout)
	defer cancel()
	c, err := b.load(ctx, topic, since)
	if err == nil {
		one.content = c
	}
	return c, err
}

func (b *bodies) put(topic string, since int64, c Content) {
	one := b.place(bodyKey{topic, since})
	one.mu.Lock()
	defer one.mu.Unlock()
	one.content = c
}

func (b *bodies) place(k bodyKey) *body {
	b.mu.Lock()
	defer b.mu.Unlock()
	one := b.kept[k]
	if one == nil {
		one = &body{}
		b.kept[k] = one
		if b.order = append(b.order, k); len(b.order) > maxBodies {
			delete(b.kept, b.order[0])
			b.order = b.order[1:]
		}
	}
	return one
}

// deliver sends a subscriber what is new since it was last told (section 7).
func (h *Hub) deliver(ctx context.Context, t task) outcome {
	c, err := h.bodies.get(ctx, t.topic, t.told, t.owed)
	switch {
	case err != nil:
		if ctx.Err() == nil {
			h.log.Error("make a document for subscribers", "topic", t.topic, "error", err)
		}
		return outcome{verdict: later, wait: time.Minute}
	case c.Change < t.owed && (c.Items == 0 || c.Change <= t.told): // this node does not see yet what another one pushed
		return outcome{verdict: later, wait: time.Second}
	case c.Items == 0: // it was taken back meanwhile
		return outcome{verdict: reached, number: c.Change}
	}
	res, err := h.o.Client.Post(ctx, fetch.PostRequest{URL: t.callback, Header: h.header(t, c), Body: c.Body, Timeout: h.o.Deadline})
	switch {
	case err != nil:
		return outcome{verdict: failed, reason: cause(err)}
	case res.Status/100 == 2:
		return outcome{verdict: reached, number: c.Change}
	case res.Status == http.StatusGone:
		return outcome{verdict: gone}
	}
	return outcome{verdict: failed, reason: fmt.Sprintf("it answered %d", res.Status), wait: res.RetryAfter}
}

func (h *Hub) header(t task, c Content) http.Header {
	header := http.Header{
		"Content-Type": {c.Type},
		"Link":         {fmt.Sprintf(`<%s>; rel="hub", <%s>; rel="self"`, h.o.URL, t.topic)},
	}
	if t.secret != "" {
		key, err := base64.StdEncoding.DecodeString(t.secret)
		if err != nil { // written by us; sent all the same, a subscriber throws away what is not signed as it should be
			h.log.Error("the secret of a subscription cannot be read", "topic", t.topic, "host", t.host)
		}
		mac := hmac.New(sha256.New, key)
		mac.Write(c.Body)
		header.Set("X-Hub-Signature", "sha256="+hex.EncodeToString(mac.Sum(nil)))
	}
	return header
}

// delay is how long to wait after so many failures in a row: a minute, doubled each time, up to six hours; a tenth more or less, so
// that the subscriptions of a host that was down do not come back all at once.
func delay(failures, id int64) time.Duration {
	d := maxDelay
	if failures < 10 {
		d = min(time.Minute<<max(failures-1, 0), maxDelay)
	}
	return d + d*time.Duration(id%21-10)/100
}

// A gain is a group of deliveries that brought their subscribers from one number to another.
type gain struct {
	topic        string
	told, number int64
	fence        int64
	prompt       bool // at the first attempt
}

// settleReached settles deliveries that arrived, and counts them in each push that they brought. Who was owed more meanwhile is due
// at once.
func settleReached(ctx context.Context, tx *sql.Tx, g gain, all []outcome) error {
	last := db.Milli(all[0].at)
	args := []any{g.number, 0, g.fence}
	for _, o := range all {
		last = max(last, db.Milli(o.at))
		args = append(args, o.id)
	}
	args[1] = last
	n, err := db.Affected(tx.ExecContext(ctx, `
		UPDATE hub_subscriptions SET told = $1, fence = 0, failures = 0, error = '',
			owed = CASE WHEN owed <= $1 THEN 0 ELSE owed END,
			owed_since = CASE WHEN owed <= $1 THEN 0 ELSE CAST($2 AS BIGINT) END,
			due = CASE WHEN owed <= $1 THEN 0 ELSE CAST($2 AS BIGINT) END
		WHERE fence = $3 AND id IN (`+db.Placeholders(4, len(all))+`)`, args...))
	if err != nil || n == 0 {
		return err
	}
	if !g.prompt {
		last = 0
	}
	_, err = tx.ExecContext(ctx, `
		UPDATE hub_pushes SET reached = reached + $1, last = CASE WHEN last < $2 THEN $2 ELSE last END
		WHERE topic = $3 AND change > $4 AND change <= $5`, n, last, g.topic, g.told, g.number)
	return err
}

// settleDelivery settles one that did not arrive.
func settleDelivery(ctx context.Context, tx *sql.Tx, o outcome) error {
	const this = ` WHERE id = $1 AND fence = $2`
	switch o.verdict {
	case gone:
		_, err := tx.ExecContext(ctx, `DELETE FROM hub_subscriptions`+this, o.id, o.fence)
		return err
	case failed:
		wait := max(delay(o.failures+1, o.id), min(o.wait, maxDelay))
		giveUp := o.at.Add(wait).After(db.Time(o.owedSince).Add(giveUpAfter))
		set, due := ``, db.Milli(o.at.Add(wait))
		if giveUp { // the next push brings it too, if the callback is back by then
			set, due = `, owed = 0, owed_since = 0`, 0
		}
		_, err := tx.ExecContext(ctx, `UPDATE hub_subscriptions SET due = $3, fence = 0, failures = failures + 1, error = $4`+set+this,
			o.id, o.fence, due, o.reason)
		return err
	}
	_, err := tx.ExecContext(ctx, `UPDATE hub_subscriptions SET due = $3, fence = 0`+this, o.id, o.fence, db.Milli(o.at.Add(o.wait)))
	return err
}
