package web

import (
	"net/netip"
	"sync"
	"time"

	"vestnik/reads"
)

// joinLimit is how many join forms are taken from one network in an hour.
const joinLimit = 30

// joins counts join forms by network. Package subscribers protects each address from many letters; this protects
// thousands of addresses, and our name with their providers, from one sender of forms. Each node counts for itself: it is
// a bound and no promise.
type joins struct {
	mu   sync.Mutex
	hour int64
	from map[netip.Prefix]int
}

// maxNetworks bounds the networks remembered; with more than that the counting begins anew.
const maxNetworks = 100_000

// lets counts a form and reports whether it may be taken. Loopback and private addresses are let through: they are the
// newsroom's own, or those of a proxy that nobody has told us to trust, behind which all readers look the same.
func (j *joins) lets(address netip.Addr, now time.Time) bool {
	if !address.IsValid() || address.IsLoopback() || address.IsPrivate() {
		return true
	}
	network := reads.Network(address)
	hour := now.Unix() / 3600
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.from == nil || j.hour != hour || len(j.from) >= maxNetworks {
		j.hour, j.from = hour, map[netip.Prefix]int{}
	}
	j.from[network]++
	return j.from[network] <= joinLimit
}
