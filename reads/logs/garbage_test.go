package logs

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"vestnik/reads"
)

// TestGarbageBetweenGoodLinesCostsOnlyItself puts binary garbage, a line of 5 MB and torn lines between good ones, plain and packed,
// whole and cut off: each bad line has its reason, and no good one is lost or counted twice.
func TestGarbageBetweenGoodLinesCostsOnlyItself(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 7))
	var log strings.Builder
	const good = 300
	for i := range good {
		log.WriteString(hit(i, lastMonth, "/articles/festival"))
		switch i % 100 {
		case 10:
			log.WriteString(strings.ReplaceAll(string(randomBytes(r, 3000)), "\n", " ") + "\n")
		case 20:
			log.WriteString(strings.Repeat("\x00", 5<<20) + "\n")
		case 30:
			log.WriteString(hit(i, lastMonth, "/articles/festival")[:60] + "\n")
		}
	}
	want := map[string]int64{ReasonMalformed: 6, ReasonLong: 3, reads.ReasonMany: good - 2*30}
	for name, content := range map[string]string{"plain": log.String(), "packed": packed(t, log.String())} {
		k := newDesk(t)
		r := k.imports(text(name, content))
		if r.Reads != 60 || r.Lines != good+9 || r.Broken != "" || fmt.Sprint(r.Dropped) != fmt.Sprint(want) { // 30 from each of two networks
			t.Errorf("%s: %+v, want 60 reads and %v", name, r, want)
		}
		k.wants(map[string]int64{"1 10-24T12 web": 60})
	}
	k := newDesk(t)
	whole := packed(t, log.String())
	if r := k.imports(text("cut", whole[:len(whole)-9])); r.Broken == "" || r.Dropped[ReasonBroken] != 1 || r.Reads != 60 {
		t.Errorf("cut off before its sum: %+v", r)
	}
	k.imports(text("cut", whole))
	k.wants(map[string]int64{"1 10-24T12 web": 60})
}

func randomBytes(r *rand.Rand, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}

// TestAnyBytesAreReadToTheirEndAndOnce damages logs in any way: a line has one verdict, and the second time brings nothing that the first had
// counted. It is no fuzz test because each try writes to a database.
func TestAnyBytesAreReadToTheirEndAndOnce(t *testing.T) {
	k := newDesk(t)
	r := rand.New(rand.NewPCG(3, 9))
	plain := hit(1, lastMonth, "/articles/festival") + caddy + "\n" + nginx + "\n" + hit(2, hourAgo, "/articles/premiere")
	seeds := []string{plain, packed(t, plain), packed(t, plain) + packed(t, plain), packed(t, plain) + plain, "\n\n\n", "\x1f\x8b\x08"}
	for range 400 {
		log := []byte(seeds[r.IntN(len(seeds))])
		for range r.IntN(6) {
			at := r.IntN(len(log) + 1)
			switch r.IntN(4) {
			case 0:
				log = log[:at]
			case 1:
				log = slices.Insert(log, at, randomBytes(r, r.IntN(20))...)
			case 2:
				log = append(log, log[at:]...)
			case 3:
				log = slices.Insert(log, at, '\n')
			}
		}
		s := text("a", string(log))
		k.imports(s)
		if again := k.imports(s); again.Reads+again.Unknown != 0 {
			t.Fatalf("%q again: %+v", log, again)
		}
	}
}
