package reads

import (
	"fmt"
	"net/netip"
	"runtime"
	"strings"
	"testing"
	"time"

	"vestnik/db"
	"vestnik/db/dbtest"
)

// filtered is what Filtered says of the day, as "reason=n".
func filtered(t testing.TB, d *db.DB, day time.Time) string {
	t.Helper()
	drops, err := Filtered(ctx, d, day, day)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, drop := range drops {
		all = append(all, fmt.Sprintf("%s=%d", drop.Reason, drop.N))
	}
	return strings.Join(all, " ")
}

// A token is no proof of a visitor, only of a page. So it may be used again, and gives whoever uses it one read.
func TestAReplayedTokenIsOneReadOfEachVisitor(t *testing.T) {
	d := dbtest.Open(t)
	c := NewCounter(options)
	token := c.Token(1, now)
	for i := range 200 {
		hit := hitFrom(c, 1, fmt.Sprintf("192.0.%d.1", i%20), now)
		hit.Token = token
		if reason := count(t, c, d, hit, now.Add(time.Duration(i)*time.Second)); reason != "" {
			t.Fatalf("replay %d: %q", i, reason)
		}
	}
	if n := flush(t, c, d); n != 20 {
		t.Errorf("%d reads of 20 visitors with one token", n)
	}
}

func TestTokensThatProveNothingAreCountedAsSuch(t *testing.T) {
	d := dbtest.Open(t)
	c := NewCounter(options)
	foreign := NewCounter(Options{Secret: []byte("another site's"), Site: "https://kino.example"})
	good := c.Token(1, now)
	forged := []string{
		foreign.Token(1, now), c.Token(2, now), c.Token(1, now.Add(-4*24*time.Hour)), c.Token(1, now.Add(24*time.Hour)),
		"", "|", strings.Repeat("A", len(good)), good[:len(good)-1], good + "A", strings.ToLower(good) + "=", " " + good, "\x00\xff", strings.Repeat("x", 500),
	}
	for i, token := range forged {
		hit := hitFrom(c, 1, fmt.Sprintf("192.0.%d.1", i), now)
		hit.Token = token
		if reason := count(t, c, d, hit, now); reason != ReasonToken {
			t.Errorf("the token %q: %q, want %q", token, reason, ReasonToken)
		}
	}
	if n := flush(t, c, d); n != 0 {
		t.Errorf("%d reads by forged tokens", n)
	}
	if got, want := filtered(t, d, now), fmt.Sprintf("token=%d", len(forged)); got != want {
		t.Errorf("filtered %s, want %s", got, want)
	}
}

// TestAMillionBeaconsFromOneNetworkAreThirtyReads is a flood: nothing of it is counted but what one network may add, each of the
// others has its reason, and the memory that it takes does not grow with it.
func TestAMillionBeaconsFromOneNetworkAreThirtyReads(t *testing.T) {
	beacons := 1_000_000
	if testing.Short() {
		beacons = 100_000
	}
	d := dbtest.Open(t)
	c := NewCounter(options)
	hit := hitFrom(c, 1, "192.0.2.1", now)
	before := heap()
	reasons := map[string]int{}
	for i := range beacons {
		hit.Address = netip.AddrFrom4([4]byte{192, 0, 2, byte(i)})
		hit.Header["User-Agent"][0] = firefox + fmt.Sprint(i) // each another visitor
		reasons[count(t, c, d, hit, now.Add(time.Duration(i)*time.Millisecond))]++
	}
	minutes := (beacons + 59_999) / 60_000
	if reasons[""] != readLimit || reasons[ReasonMany] != minutes*rateLimit-readLimit || reasons[ReasonRate] != beacons-minutes*rateLimit {
		t.Errorf("in %d minutes %v; want %d reads, and the others too fast or too many", minutes, reasons, readLimit)
	}
	if len(c.pending) != readLimit || len(c.rates.from) != 1 || len(c.limits) != 1 || len(c.filtered) != 2 || len(c.seen.young)+len(c.seen.old) != readLimit {
		t.Errorf("it remembers %d reads, %d rates, %d limits, %d reasons", len(c.pending), len(c.rates.from), len(c.limits), len(c.filtered))
	}
	if grown := heap() - before; grown > 4<<20 {
		t.Errorf("the flood holds %d bytes", grown)
	}
	if n := flush(t, c, d); n != readLimit {
		t.Errorf("%d reads written, want %d", n, readLimit)
	}
	if got, want := filtered(t, d, now), fmt.Sprintf("rate=%d many=%d", reasons[ReasonRate], reasons[ReasonMany]); got != want {
		t.Errorf("filtered %s, want %s", got, want)
	}
}

// heap is how many bytes are alive.
func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// TestAFloodFromEverywhereIsBoundedInMemory is the same from addresses that have nothing in common, while the database takes nothing.
func TestAFloodFromEverywhereIsBoundedInMemory(t *testing.T) {
	beacons := 330_000
	if testing.Short() {
		beacons = 120_000
	}
	d := dbtest.Open(t)
	c := NewCounter(options)
	hit := hitFrom(c, 1, "10.0.0.1", now)
	before := heap()
	reasons := map[string]int{}
	for i := range beacons {
		hit.Address = netip.AddrFrom4([4]byte{byte(10 + i>>16), byte(i >> 8), byte(i), 1})
		reasons[count(t, c, d, hit, now)]++
	}
	if kept := min(beacons, maxPending); reasons[""] != kept || reasons[ReasonFull] != beacons-kept {
		t.Errorf("%v: want %d in the buffer and the others without room", reasons, kept)
	}
	if len(c.rates.from) > maxRemember || len(c.limits) > maxRemember || len(c.seen.young)+len(c.seen.old) > 2*maxRemember {
		t.Errorf("it remembers %d rates, %d limits, %d reads", len(c.rates.from), len(c.limits), len(c.seen.young)+len(c.seen.old))
	}
	if grown := heap() - before; grown > 128<<20 {
		t.Errorf("the flood holds %d bytes", grown)
	}
}

func TestAFullBufferAsksToBeFlushedOnce(t *testing.T) {
	d := dbtest.Open(t)
	c := NewCounter(options)
	for i := range int64(manyPending - 1) {
		c.pending[read{0, i, i}] = moment{}
	}
	asked := func() bool {
		select {
		case <-c.Filling():
			return true
		default:
			return false
		}
	}
	if asked() {
		t.Error("it asks before there are many")
	}
	for i := range 3 {
		count(t, c, d, hitFrom(c, 1, fmt.Sprintf("192.0.%d.1", i), now), now)
	}
	if !asked() || asked() {
		t.Error("it asks never, or again and again")
	}
}
