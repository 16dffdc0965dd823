package main

import (
	"bytes"
	"context"
	"os"
	"strings"
	"testing"
	"time"

	"vestnik/mail/mailtest"
)

// crashLetters is how many letters the crash tests send.
const crashLetters = 2000

// TestKillInTheMiddleOfASendLosesNoLetter kills the daemon with SIGKILL in the middle of a send and starts it again: all
// letters arrive, what arrived twice was in doubt at that moment and has the same bytes, and the ledger adds up.
func TestKillInTheMiddleOfASendLosesNoLetter(t *testing.T) {
	if testing.Short() {
		t.Skip("2,000 letters are too many for the race detector")
	}
	relay, reached := recordingRelay(t, crashLetters*2/5)
	n := newNewsroom(t, relay.URL())
	n.subscribe(crashLetters)
	n.run("digest", "send", "daily")

	victim := n.serve()
	<-reached
	victim.kill()
	arrived := relay.Received()
	if arrived >= crashLetters {
		t.Fatalf("all %d letters had arrived before the kill", arrived)
	}
	n.serve()
	n.waitSettled(3 * time.Minute)
	n.checkNothingLost(relay, crashLetters)
}

// TestTwoDaemonsShareASendAndOneMayDie runs two daemons on one PostgreSQL and kills one in the middle.
// On SQLite it checks that the second is refused.
func TestTwoDaemonsShareASendAndOneMayDie(t *testing.T) {
	if testing.Short() {
		t.Skip("2,000 letters are too many for the race detector")
	}
	relay, reached := recordingRelay(t, crashLetters/4)
	n := newNewsroom(t, relay.URL())
	n.subscribe(crashLetters)
	port, err := freePort()
	if err != nil {
		t.Fatal(err)
	}
	second := "VESTNIK_HTTP_LISTEN=127.0.0.1:" + port
	victim := n.serve()
	if os.Getenv("VESTNIK_TEST_POSTGRES") == "" {
		cmd := n.command("serve")
		cmd.Env = append(cmd.Env, second)
		out, err := cmd.CombinedOutput()
		if err == nil || !strings.Contains(string(out), "another vestnik serves") {
			t.Errorf("a second daemon on one SQLite file: %v\n%s", err, out)
		}
		return
	}
	n.serve(second)
	n.run("digest", "send", "daily")
	<-reached
	victim.kill()
	n.waitSettled(3 * time.Minute)
	n.checkNothingLost(relay, crashLetters)
}

// recordingRelay is a relay that keeps everything, and a channel that is closed when n letters have arrived.
func recordingRelay(t testing.TB, n int) (*mailtest.Server, <-chan struct{}) {
	relay, err := mailtest.Start(mailtest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { relay.Close() })
	reached := make(chan struct{})
	go func() {
		if relay.Wait(context.Background(), n) == nil {
			close(reached)
		}
	}()
	return relay, reached
}

// waitSettled waits until the newest edition has nothing left to send.
func (n *newsroom) waitSettled(limit time.Duration) {
	n.t.Helper()
	until(n.t, limit, "every letter is settled", func() bool {
		all := n.balances()
		last := all[len(all)-1]
		return last.Recipients > 0 && last.Queued+last.InFlight+last.Deferred == 0
	})
}

func (n *newsroom) checkNothingLost(relay *mailtest.Server, letters int) {
	n.t.Helper()
	doubtful := map[string]bool{}
	for _, l := range jsonLines[letterJSON](n.t, n.run("mail", "list", "--state", "in_doubt", "--limit", "10000", "--json")) {
		doubtful[l.Address] = true
	}
	copies := map[string][]mailtest.Message{}
	for _, m := range relay.Messages() {
		copies[m.To[0]] = append(copies[m.To[0]], m)
	}
	twice := 0
	for address, all := range copies {
		if len(all) == 1 {
			continue
		}
		twice++
		if !doubtful[address] {
			n.t.Errorf("%s got %d copies and is not listed as in doubt", address, len(all))
		}
		for _, m := range all[1:] {
			if !bytes.Equal(m.Data, all[0].Data) || m.From != all[0].From {
				n.t.Errorf("the copies for %s differ", address)
			}
		}
	}
	if len(copies) != letters {
		n.t.Errorf("%d of %d readers got their letter", len(copies), letters)
	}
	all := n.balances()
	b := all[len(all)-1]
	if b.Recipients != int64(letters) || b.Sent != int64(letters) {
		n.t.Errorf("the ledger says %+v, want %d recipients, all sent", b, letters)
	}
	n.run("mail", "verify", "daily", b.Edition)
	if len(doubtful) > 200 {
		n.t.Errorf("%d letters were in doubt, more than in_doubt_max = 200", len(doubtful))
	}
	n.t.Logf("%d letters, %d in doubt at the kill, %d of them arrived twice", letters, len(doubtful), twice)
}
