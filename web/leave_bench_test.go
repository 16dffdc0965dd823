package web

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"vestnik/db"
	"vestnik/subscribers"
)

// BenchmarkOneClickLeaving is how many readers a second leave by the mail providers' one click, over HTTP on loopback with 64
// connections; each is durable when it is answered. Every one has two letters of the digest waiting.
func BenchmarkOneClickLeaving(b *testing.B) {
	h := open(b)
	ids := h.crowd(b.N)
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64, MaxConnsPerHost: 64}}
	var next, refused atomic.Int64
	b.SetParallelism(32)
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			path := "/unsubscribe/" + h.Subscribers.Keys.Token(subscribers.PurposeLeave, ids[next.Add(1)-1], "daily")
			res, err := client.Post(h.http.URL+path, "application/x-www-form-urlencoded", strings.NewReader("List-Unsubscribe=One-Click"))
			if err != nil {
				refused.Add(1)
				continue
			}
			io.Copy(io.Discard, res.Body)
			if res.Body.Close(); res.StatusCode != http.StatusOK {
				refused.Add(1)
			}
		}
	})
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "leaves/s")
	var left, withdrawn int64
	err := h.DB.QueryRowContext(context.Background(), `SELECT (SELECT COUNT(*) FROM subscriptions WHERE state = 'left'), (SELECT COUNT(*) FROM letters WHERE state = 'suppressed')`).Scan(&left, &withdrawn)
	if err != nil || left != int64(b.N) || withdrawn != 2*int64(b.N) || refused.Load() > 0 {
		b.Fatalf("%d of %d have left, %d letters are withdrawn, %d answers were wrong, %v", left, b.N, withdrawn, refused.Load(), err)
	}
}

// crowd puts in n active subscribers of the daily digest, each with two letters waiting, and returns their ids.
func (h *house) crowd(n int) []int64 {
	h.t.Helper()
	ids := make([]int64, n)
	h.tx(func(tx *sql.Tx) error {
		for i := range ids {
			ids[i] = db.NewID()
			_, err := tx.Exec(`INSERT INTO subscribers (id, email, email_key, domain, name, language, timezone, salt, state, since)
				VALUES ($1, $2, $2, 'example.org', '', '', '', $3, 'active', 1)`, ids[i], fmt.Sprintf("reader%d@example.org", i), fmt.Sprintf("%032x", i))
			if err == nil {
				_, err = tx.Exec(`INSERT INTO subscriptions (subscriber, digest, state, since) VALUES ($1, 'daily', 'active', 1)`, ids[i])
			}
			for ref := int64(1); err == nil && ref <= 2; ref++ {
				_, err = tx.Exec(`INSERT INTO letters (kind, ref, recipient, state, reason, digest, variant, revision, lane, address, private,
					due, not_before, expires, attempt, doubts, owner, fence, reply, made, flown, done)
					VALUES ('digest', $1, $2, 'queued', '', 'daily', 'ru', 1, 'digest', '', '', 1, 0, 0, 0, 0, 0, 0, '', 1, 0, 0)`, ref, ids[i])
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
	return ids
}
