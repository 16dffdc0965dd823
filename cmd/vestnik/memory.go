package main

import (
	"context"
	"os"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

// memoryAim is what the heap is held to as long as four fifths of it are enough: with SQLite's own memory and the program, a
// newsroom of ten thousand articles then stays under 120 MB.
const memoryAim = 70 << 20

// boundMemory lets garbage gather to twice what is alive while that is little, as a poll of a feed is then mostly the network's
// work and not the collector's, and collects sooner towards memoryAim. A daemon that truly needs more gets a quarter more. Whoever
// sets GOGC or GOMEMLIMIT is obeyed instead.
func boundMemory(ctx context.Context) {
	for _, name := range []string{"GOGC", "GOMEMLIMIT"} {
		if _, chosen := os.LookupEnv(name); chosen {
			return
		}
	}
	debug.SetGCPercent(200)
	for ctx.Err() == nil {
		live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
		metrics.Read(live)
		debug.SetMemoryLimit(max(memoryAim, 5*int64(live[0].Value.Uint64())/4))
		sleep(ctx, 10*time.Second)
	}
}
