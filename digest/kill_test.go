//go:build unix

package digest

import (
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"vestnik/db"
	"vestnik/db/dbtest"
	"vestnik/db/schema"
)

// These are how a test process that is run again learns what to do.
const (
	killDatabase = "VESTNIK_KILL_DATABASE" // where
	killAt       = "VESTNIK_KILL_AT"       // at which stop it kills itself, from 1
	killWhat     = "VESTNIK_KILL_WHAT"     // "publish" or "approve"
)

// onServer is a newsroom with a database that another process opens, too.
func onServer(t *testing.T, url string) newsroom {
	t.Helper()
	d, err := db.Open(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	if _, _, err := schema.Migrate(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	n := newsroomOn(t, d)
	n.chunk = 3
	return n
}

// TestKilled is the process that is killed: it does nothing unless it is told to.
func TestKilled(t *testing.T) {
	url := os.Getenv(killDatabase)
	if url == "" {
		return
	}
	var at, count int
	fmt.Sscan(os.Getenv(killAt), &at)
	stopAt = func(string) {
		if count++; count == at {
			syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {} // the signal comes when it likes
		}
	}
	n := onServer(t, url)
	n.goOn(os.Getenv(killWhat))
}

// goOn does what is to be done, whatever was done before.
func (n newsroom) goOn(what string) {
	n.t.Helper()
	now := n.at("2026-11-24 08:00")
	if what == "approve" {
		n.daily.Approve, n.daily.ApproveWithin = true, 2*time.Hour
	}
	n.step(now)
	e, err := FindEdition(n.ctx, n.DB, "daily", "2026-11-24T0800")
	if err != nil {
		n.t.Fatal(err)
	}
	if what == "approve" && e.State == Held {
		if _, err := n.Approve(n.ctx, e.ID, e.Revision, "editor@kino.example", now); err != nil {
			n.t.Fatal(err)
		}
	}
	n.step(now)
}

// TestKillBetweenAnyTwoStatementsOfPublishing kills a process with SIGKILL at each of the stops between the statements that record, publish,
// approve and enqueue, and lets another go on: there is one edition and one set of letters.
func TestKillBetweenAnyTwoStatementsOfPublishing(t *testing.T) {
	if testing.Short() {
		t.Skip("some sixty processes are too many for the race detector")
	}
	for _, what := range []string{"publish", "approve"} {
		t.Run(what, func(t *testing.T) {
			stops := 1
			for ; !killedAt(t, what, stops); stops++ {
				if stops > 200 {
					t.Fatal("there is no end of stops")
				}
			}
			if stops < 15 {
				t.Errorf("the process came through after %d stops only", stops-1)
			}
			t.Logf("killed at each of %d stops", stops-1)
		})
	}
}

// killedAt runs a process until its stop of that number, goes on, and looks at what there is. It reports whether the process came through.
func killedAt(t *testing.T, what string, stop int) (through bool) {
	t.Helper()
	url := dbtest.URL(t)
	n := onServer(t, url)
	n.news()
	n.crowd(7, n.at("2026-11-20 12:00"))
	n.step(n.at("2026-11-23 09:00"))

	victim := exec.Command(os.Args[0], "-test.run=^TestKilled$", "-test.timeout=60s")
	victim.Env = append(os.Environ(), killDatabase+"="+url, fmt.Sprintf("%s=%d", killAt, stop), killWhat+"="+what)
	out, err := victim.CombinedOutput()
	if status, ok := victim.ProcessState.Sys().(syscall.WaitStatus); !ok || err != nil && status.Signal() != syscall.SIGKILL {
		t.Fatalf("stop %d: the process ended with %v, and not by SIGKILL\n%s", stop, err, out)
	}
	n.goOn(what)

	editions, letters := n.editions(), n.letters()
	if len(editions) != 1 || editions[0].Recipients != 7 || editions[0].State != Sending || len(letters) != 7 {
		t.Errorf("stop %d: %d letters, editions %+v; want one to 7", stop, len(letters), editions)
	}
	for _, l := range letters {
		if l.Ref != editions[0].ID {
			t.Errorf("stop %d: letter %s is of another edition", stop, l.Name())
		}
	}
	n.wantLedger("2026-11-23T0800 skipped new", "2026-11-24T0800 sent")
	return err == nil
}
