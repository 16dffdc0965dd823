package wire

import (
	"context"
	"net"
	"strings"
	"testing"
	"time"
)

func TestConnectionSurvivesARefusedRecipient(t *testing.T) {
	for name, extension := range map[string]string{"pipelined": "250-s\r\n250 PIPELINING", "one by one": "250 s"} {
		for what, data := range map[string]string{"DATA refused too": "503 5.5.1 no recipients", "DATA opened all the same": "354 go on"} {
			t.Run(name+", "+what, func(t *testing.T) {
				refused := false
				s := startScript(t, func(_ int, line string) string {
					switch {
					case strings.HasPrefix(line, "EHLO"):
						return extension
					case strings.HasPrefix(line, "RCPT TO:<b@"):
						refused = true
						return "550 5.1.1 no such user"
					case strings.HasPrefix(line, "MAIL"):
						refused = false
					case line == "DATA" && refused:
						return data
					}
					return ""
				})
				got := send(t, get(t, s.pool(t, 1, Timeouts{})), "a@post.example", "b@post.example", "c@post.example")
				if classes(got) != "accepted recipient accepted" {
					t.Errorf("letters ended: %+v", got)
				}
				if s.connections() != 1 || s.heard("RSET") != 1 || s.heard("MAIL") != 3 || s.heard(letter) != 2 {
					t.Errorf("%d connections, %d RSET, %d MAIL, %d letters", s.connections(), s.heard("RSET"), s.heard("MAIL"), s.heard(letter))
				}
			})
		}
	}
}

func TestUsedConnectionThatTakesNoMoreIsReplacedAtOnce(t *testing.T) {
	for name, c := range map[string]struct{ at, goodbye string }{
		"closed without a word":         {"MAIL", "cut"},
		"421 for having idled":          {"MAIL", "421 4.4.2 idle for too long"},
		"421 at the recipient":          {"RCPT", "421 4.7.0 that is enough for one connection"},
		"too many letters over it":      {"RCPT", "452 4.5.3 too many recipients"},
		"too many letters, asked early": {"MAIL", "452 4.5.3 too many recipients"},
	} {
		t.Run(name, func(t *testing.T) {
			n := 0
			s := startScript(t, func(conn int, line string) string {
				if conn == 1 && strings.HasPrefix(line, c.at) {
					if n++; n > 1 {
						return c.goodbye
					}
				}
				return ""
			})
			got := send(t, get(t, s.pool(t, 1, Timeouts{})), "a@post.example", "b@post.example", "c@post.example")
			if classes(got) != "accepted accepted accepted" || s.connections() != 2 {
				t.Errorf("over %d connections: %+v", s.connections(), got)
			}
		})
	}
}

func TestFreshConnectionThatIsThrottledIsNotReplaced(t *testing.T) {
	s := startScript(t, func(_ int, line string) string {
		if strings.HasPrefix(line, "RCPT") {
			return "421 4.7.0 come back later"
		}
		return ""
	})
	got := send(t, get(t, s.pool(t, 1, Timeouts{})), "a@post.example")
	if classes(got) != "throttle" || s.connections() != 1 {
		t.Errorf("over %d connections: %+v", s.connections(), got)
	}
}

func TestOnlyWhatFollowsTheDotIsAmbiguous(t *testing.T) {
	for _, answer := range []string{"what", "999 yes", "354 more", "cut"} {
		for at, want := range map[string]Class{"MAIL": Infrastructure, "RCPT": Infrastructure, "DATA": Infrastructure, "Date: ": Ambiguous} {
			if at != "Date: " && answer == "354 more" {
				continue // the script would read a letter then
			}
			s := startScript(t, func(_ int, line string) string {
				if strings.HasPrefix(line, at) {
					return answer
				}
				return ""
			})
			a := send(t, get(t, s.pool(t, 1, Timeouts{})), "a@post.example")[0]
			if a.Verdict().Class != want || !a.Verdict().Close {
				t.Errorf("%q at %q: %+v, %+v", answer, at, a, a.Verdict())
			}
		}
	}
}

func TestSilentRelayIsNotWaitedForForEver(t *testing.T) {
	for at, want := range map[string]Class{"MAIL": Infrastructure, "DATA": Infrastructure, "Date: ": Ambiguous} {
		silent := make(chan struct{})
		s := startScript(t, func(_ int, line string) string {
			if strings.HasPrefix(line, at) {
				<-silent
				return "cut"
			}
			return ""
		})
		const short = 50 * time.Millisecond
		a := send(t, get(t, s.pool(t, 1, Timeouts{time.Second, short, short, short, short})), "a@post.example")[0]
		if a.Verdict().Class != want || !strings.Contains(a.Verdict().Reason, "timeout") {
			t.Errorf("silence at %q: %+v", at, a.Verdict())
		}
		close(silent)
	}
}

func TestDialEndsWithItsContext(t *testing.T) {
	mute, err := net.Listen("tcp", "127.0.0.1:0") // accepts, and never greets
	if err != nil {
		t.Fatal(err)
	}
	defer mute.Close()
	for _, scheme := range []string{"smtp://", "smtps://"} {
		relay, err := ParseRelay(scheme+mute.Addr().String(), 1)
		if err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithTimeout(context.Background(), 20*time.Millisecond)
		began := time.Now()
		if _, err := pool(t, relay, Timeouts{}).Get(ctx); err == nil || time.Since(began) > 5*time.Second {
			t.Errorf("%s: %v after %s", scheme, err, time.Since(began))
		}
		stop()
	}
}

func TestCutBusyEndsWhatIsUnderWay(t *testing.T) {
	var p *Pool
	s := startScript(t, func(_ int, line string) string {
		if strings.HasPrefix(line, "Date: ") {
			p.CutBusy()
		}
		return ""
	})
	p = s.pool(t, 1, Timeouts{})
	if got := send(t, get(t, p), "a@post.example"); classes(got) != "ambiguous" {
		t.Errorf("ended: %+v", got)
	}
}

func TestDotsAreStuffed(t *testing.T) {
	for in, want := range map[string]string{
		"":                 "",
		"a\r\nb.\r\n":      "a\r\nb.\r\n",
		".a\r\n.\r\nb\r\n": "..a\r\n..\r\nb\r\n",
		"a\r\n..b\r\n":     "a\r\n...b\r\n",
	} {
		if got := string(Stuff([]byte(in))); got != want {
			t.Errorf("Stuff(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestLetterWithoutALastLineEndIsEndedAllTheSame(t *testing.T) {
	s := startScript(t, nil)
	l := get(t, s.pool(t, 1, Timeouts{}))
	for _, octets := range []string{"a: b\r\n\r\nc", "a: b\r\n\r\nc\r\n"} {
		if a, err := l.Send(context.Background(), "b@kino.example", "a@post.example", []byte(octets)); err != nil || a.Code != 250 {
			t.Errorf("%q: %+v, %v", octets, a, err)
		}
	}
	if n := s.heard("a: b\r\n\r\nc\r\n.\r\n"); n != 2 {
		t.Errorf("%d letters of 2 arrived with the same ending: %q", n, s.lines)
	}
}
