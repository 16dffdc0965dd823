package web

import (
	"context"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"sync"
	"time"

	"vestnik/articles"
)

// watchEvery is how soon a change is seen that another process made.
const watchEvery = 250 * time.Millisecond

// Follow keeps the change number fresh until ctx ends, so that no request asks the database for it, and renders the feeds that
// are in demand as soon as it moves. A server works without it, too.
func (s *Server) Follow(ctx context.Context) error {
	defer s.watched.Store(-1)
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	warmed, failed := int64(-1), false
	for {
		n, err := s.refresh(ctx)
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil && !failed:
			s.Log.Error("the change number cannot be read; pages and feeds stay as they are", "error", err)
		case err == nil && n != warmed:
			s.watched.Store(n)
			s.warm(ctx)
			warmed = n
		}
		failed = err != nil
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// maxWarm is how many lists are rendered after a change before anybody asks for them: after an import all have changed.
const maxWarm = 100

// warm renders the documents that were asked for before and that the last changes concerned, as many lists at a time as there
// are processors; their formats after each other, for they share what is loaded.
func (s *Server) warm(ctx context.Context) {
	lists := s.stale(ctx)
	next := make(chan []*knownFeed)
	var workers sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(lists)) {
		workers.Go(func() {
			for documents := range next {
				for _, k := range documents {
					s.feeds.Get(ctx, k.key, k.warmed.Load()) // an error is logged there, and told to who asks
				}
			}
		})
	}
	for _, documents := range lists[:min(len(lists), maxWarm)] {
		next <- documents
	}
	close(next)
	workers.Wait()
}

// stale are the documents that were answered before and have changed since, list by list, the site first.
func (s *Server) stale(ctx context.Context) [][]*knownFeed {
	byList := map[string][]*knownFeed{}
	for _, k := range *s.known.Load() {
		if k.state == nil {
			continue
		}
		if n, err := s.number(ctx, k); err == nil && n != k.warmed.Swap(n) {
			byList[k.key.List] = append(byList[k.key.List], k)
		}
	}
	var all [][]*knownFeed
	for _, list := range slices.Sorted(maps.Keys(byList)) {
		all = append(all, byList[list])
	}
	return all
}

// refresh asks the database for the change number.
func (s *Server) refresh(ctx context.Context) (int64, error) {
	ctx, cancel := context.WithTimeout(ctx, computing)
	defer cancel()
	n, err := articles.CurrentChange(ctx, s.DB)
	if err != nil {
		return 0, fmt.Errorf("read the change number: %w", err)
	}
	if s.watched.Load() >= 0 {
		s.watched.Store(n)
	} else {
		s.boxes.change.put(n)
	}
	return n, nil
}

// change is the publication's change number; without [Server.Follow] it is asked for at most once a second. Feeds and boxes
// follow it.
func (s *Server) change(ctx context.Context) (int64, error) {
	if n := s.watched.Load(); n >= 0 {
		return n, nil
	}
	return s.boxes.change.get(ctx, 0)
}
