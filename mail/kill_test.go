package mail

import (
	"context"
	"os"
	"os/exec"
	"testing"
	"time"

	"vestnik/db"
	"vestnik/db/dbtest"
	"vestnik/db/schema"
	"vestnik/mail/mailtest"
	"vestnik/mail/wire"
)

// TestMain is the killed daemon when the environment says so, and the tests otherwise.
func TestMain(m *testing.M) {
	if url := os.Getenv("MAIL_TEST_DAEMON"); url != "" {
		runDaemon(url, os.Getenv("MAIL_TEST_RELAY"))
		return
	}
	os.Exit(m.Run())
}

// runDaemon sends until it is killed.
func runDaemon(url, relay string) {
	ctx := context.Background()
	d, err := db.Open(ctx, url)
	if err != nil {
		panic(err)
	}
	r, err := wire.ParseRelay(relay, 4)
	if err != nil {
		panic(err)
	}
	s := NewSender(Options{DB: d, Identity: testIdentity(), Relays: []wire.Relay{r}, Personal: personal})
	if _, err := s.TakeOver(ctx, time.Now()); err != nil {
		panic(err)
	}
	panic(s.Run(ctx))
}

func TestKilledDaemonLosesNothingAndRepeatsOnlyWhatWasInFlight(t *testing.T) {
	const people, kills = 400, 3
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	url := dbtest.URL(t)
	d, err := db.Open(ctx, url)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if _, _, err := schema.Migrate(ctx, d); err != nil {
		t.Fatal(err)
	}
	w := newWorldIn(t, d, mailtest.Options{})
	w.now = time.Now()
	w.join(people)
	w.fill(time.Time{})

	for kill := range kills + 1 {
		daemon := exec.CommandContext(ctx, os.Args[0])
		daemon.Env = append(os.Environ(), "MAIL_TEST_DAEMON="+url, "MAIL_TEST_RELAY="+w.box.URL())
		daemon.Stderr = os.Stderr
		if err := daemon.Start(); err != nil {
			t.Fatal(err)
		}
		if kill < kills {
			if err := w.box.Wait(ctx, (kill+1)*people/(kills+1)); err != nil {
				t.Error(err)
			}
		} else {
			for w.verify().open() > 0 && ctx.Err() == nil {
				if err := w.box.Wait(ctx, w.box.Received()); err != nil {
					t.Error(err)
				}
			}
		}
		daemon.Process.Kill()
		daemon.Wait()
	}
	w.wantBalance(Balance{Recipients: people, Sent: people})
	got, doubts := w.received(), int64(0)
	for i := int64(1); i <= people; i++ {
		l := w.show(i)
		if n := int64(got[address(i)]); n < 1 || n > 1+l.Doubts {
			t.Errorf("%s arrived %d times, with %d doubts", l.Name(), n, l.Doubts)
		}
		doubts += l.Doubts
	}
	if most := int64(kills * 4 * maxAhead); doubts > most {
		t.Errorf("%d letters were in flight at %d kills, want at most %d", doubts, kills, most)
	}
	t.Logf("%d letters were in flight at a kill, %d of them arrived twice", doubts, w.box.Received()-people)
}
