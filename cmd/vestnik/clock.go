package main

import (
	"sync/atomic"
	"time"
)

// A clock is the pages' time. The demo sets it back, so that readers came an hour ago; the zero clock is right.
type clock struct{ offset atomic.Int64 }

func (c *clock) now() time.Time { return time.Now().Add(-time.Duration(c.offset.Load())) }

// back sets the clock back by d from the right time.
func (c *clock) back(d time.Duration) { c.offset.Store(int64(d)) }
