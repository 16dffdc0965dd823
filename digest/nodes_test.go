//go:build unix

package digest

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"vestnik/db/dbtest"
)

// TestTwoNodesHoldAndApproveOneEdition lets two nodes come to a slot that an editor has to approve, and then two editors approve at once.
func TestTwoNodesHoldAndApproveOneEdition(t *testing.T) {
	url := dbtest.URL(t)
	nodes := []newsroom{onServer(t, url), onServer(t, url)}
	n := nodes[0]
	n.news()
	n.crowd(30, n.at("2026-11-20 12:00"))
	n.step(n.at("2026-11-23 20:00"))
	dg, now := n.daily, n.at("2026-11-24 08:00")
	dg.Approve, dg.ApproveWithin = true, 2*time.Hour
	together := func(f func(n newsroom)) {
		var all sync.WaitGroup
		for i := range 4 {
			all.Go(func() { f(nodes[i%2]) })
		}
		all.Wait()
	}
	together(func(n newsroom) {
		if _, err := n.Step(t.Context(), []Digest{dg}, now); err != nil {
			t.Error(err)
		}
	})
	e, err := FindEdition(n.ctx, n.DB, "daily", "2026-11-24T0800")
	if err != nil || e.State != Held || len(n.editions()) != 1 {
		t.Fatalf("edition %+v, error %v; want one that is held", e, err)
	}
	n.wantLedger("2026-11-23T0800 skipped new", "2026-11-24T0800 held")

	now = now.Add(20 * time.Minute)
	var approved atomic.Int64
	together(func(n newsroom) {
		if _, err := n.Approve(t.Context(), e.ID, 1, "editor@kino.example", now); err == nil {
			approved.Add(1)
		}
	})
	together(func(n newsroom) {
		if _, err := n.Step(t.Context(), []Digest{dg}, now); err != nil {
			t.Error(err)
		}
	})
	for range 3 { // a step leaves to another node what that one is about to do
		n.step(now, dg)
	}
	if got := len(n.letters()); approved.Load() != 1 || got != 30 || n.editions()[0].Recipients != 30 {
		t.Errorf("approved %d times, %d letters, edition %+v; want it once, and 30", approved.Load(), got, n.editions()[0])
	}
	n.wantLedger("2026-11-23T0800 skipped new", "2026-11-24T0800 late")
}
