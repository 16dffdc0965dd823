package wire

import (
	"context"
	"strings"
	"testing"
	"time"
)

func TestConnectionIsReplacedAfterFiveHundredLetters(t *testing.T) {
	s := startScript(t, nil)
	l := get(t, s.pool(t, 1, Timeouts{}))
	l.conn.sent = perConnection - 1
	if got := send(t, l, "a@post.example", "b@post.example"); classes(got) != "accepted accepted" {
		t.Errorf("letters ended: %+v", got)
	}
	if s.connections() != 2 || s.heard("QUIT") != 1 {
		t.Errorf("%d connections, %d QUIT", s.connections(), s.heard("QUIT"))
	}
}

func TestIdleConnectionsAreKeptForAWhileAndClosedPolitely(t *testing.T) {
	s := startScript(t, nil)
	p := s.pool(t, 1, Timeouts{})
	for range 2 {
		l, err := p.Get(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		send(t, l, "a@post.example")
		l.Close()
		p.Reap(false)
	}
	if s.connections() != 1 || s.heard("QUIT") != 0 {
		t.Errorf("%d connections, %d QUIT; want the first kept", s.connections(), s.heard("QUIT"))
	}
	p.idle[0].used = time.Now().Add(-idleTime)
	p.Reap(false)
	if s.heard("QUIT") != 1 || len(p.idle) != 0 {
		t.Error("an old connection was not closed")
	}
}

func TestGoodbyesAreSaidAllAtOnce(t *testing.T) {
	const connections = 5
	var s *script
	together := 0
	s = startScript(t, func(_ int, line string) string {
		for end := time.Now().Add(quitTimeout); line == "QUIT" && time.Now().Before(end); <-time.After(time.Millisecond) {
			if s.heard("QUIT") == connections { // before the first was answered
				together++
				break
			}
		}
		return ""
	})
	p := s.pool(t, connections, Timeouts{})
	var lines []*Line
	for range connections {
		l, err := p.Get(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, l)
	}
	for _, l := range lines {
		l.Close()
	}
	p.Reap(true)
	if together != connections {
		t.Errorf("only %d of %d connections were closed together", together, connections)
	}
}

func TestBrokenConnectionIsNotKept(t *testing.T) {
	s := startScript(t, func(conn int, line string) string {
		if conn == 1 && strings.HasPrefix(line, "Date: ") {
			return "cut"
		}
		return ""
	})
	p := s.pool(t, 1, Timeouts{})
	for _, want := range []string{"ambiguous", "accepted"} {
		l, err := p.Get(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		if got := send(t, l, "a@post.example"); classes(got) != want {
			t.Errorf("ended: %+v, want %s", got, want)
		}
		l.Close()
	}
}

func TestRelayThatLetsFewConnectionsInKeepsThose(t *testing.T) {
	now := time.Now()
	s := startScript(t, func(conn int, line string) string {
		if conn == 3 && line == "CONNECT" {
			return "421 4.7.0 too many connections from you"
		}
		return ""
	})
	p := s.pool(t, 8, Timeouts{})
	first, second := get(t, p), get(t, p)
	_, err := p.Get(context.Background())
	for _, news := range []bool{true, false} {
		if full, first := p.Full(now, err); err == nil || !full || first != news {
			t.Errorf("the third connection: %v; full %v, news %v", err, full, first)
		}
	}
	if n := p.Places(now); n != 2 {
		t.Errorf("%d places, want the 2 that it lets in", n)
	}
	if n := p.Places(now.Add(fullTime)); n != 8 {
		t.Errorf("%d places ten minutes later, want to try all 8 again", n)
	}
	if got := send(t, first, "a@post.example"); classes(got) != "accepted" || len(send(t, second, "b@post.example")) != 1 {
		t.Errorf("the others: %+v", got)
	}
}

func TestRelayThatLetsNobodyInIsNotFullButDown(t *testing.T) {
	now := time.Now()
	s := startScript(t, func(int, string) string { return "421 4.7.0 too many connections" })
	p := s.pool(t, 8, Timeouts{})
	_, err := p.Get(context.Background())
	if full, _ := p.Full(now, err); err == nil || full {
		t.Errorf("a relay that refuses the only connection counts as full: %v", err)
	}
	for i, want := range []time.Duration{5, 10, 20, 40, 60, 120, 120} {
		if wait, first := p.Down(now); wait != want*time.Second || first != (i == 0) || p.Places(now) != 0 {
			t.Errorf("failure %d: %v, %v, %d places", i+1, wait, first, p.Places(now))
		}
		if _, first := p.Down(now); first {
			t.Error("the same failure of another connection counts again")
		}
		now = now.Add(want * time.Second)
		if p.Places(now) != 8 {
			t.Errorf("%d places after the wait", p.Places(now))
		}
	}
	if !p.Works() || p.Works() {
		t.Error("a relay works again once")
	}
}
