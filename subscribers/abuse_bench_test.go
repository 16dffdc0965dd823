package subscribers

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"vestnik/db/dbtest"
	"vestnik/subscribers/limits"
)

// BenchmarkJoinOfTenStates measures what a stranger could measure if the answer did not wait: the time of a join by the state of
// its address, one of each in turn, and reports the medians' spread.
func BenchmarkJoinOfTenStates(b *testing.B) {
	d, v := dbtest.Open(b), newVerbs(b)
	v.Limits = limits.Defaults
	v.Limits.Domain, v.Limits.All = 1<<40, 1<<40
	took := map[string][]time.Duration{}
	for i := 0; b.Loop(); i++ {
		for name, prepare := range tenStates {
			email := fmt.Sprintf("reader%d@%d.example", i, len(name))
			prepare(b, d, v, email)
			started := time.Now()
			mustJoin(b, d, v, email, "daily", now)
			took[name] = append(took[name], time.Since(started))
		}
	}
	var medians []time.Duration
	for name, all := range took {
		slices.Sort(all)
		medians = append(medians, all[len(all)/2])
		b.Logf("%-20s median %v of %d", name, all[len(all)/2], len(all))
	}
	slices.Sort(medians)
	b.ReportMetric(float64(medians[len(medians)-1]-medians[0])/1e3, "µs-spread")
	b.ReportMetric(float64(medians[0])/1e3, "µs-median")
}
