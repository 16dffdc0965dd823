package digest

import (
	"slices"
	"strings"
	"testing"
	"time"

	"vestnik/db"
)

// ledger are the digest's slots as "name state cause", oldest first.
func (n newsroom) ledger() (lines []string) {
	n.t.Helper()
	all, err := Slots(n.ctx, n.DB, "daily", 0)
	if err != nil {
		n.t.Fatal(err)
	}
	for i := len(all) - 1; i >= 0; i-- {
		lines = append(lines, strings.TrimSpace(all[i].Slot.Name()+" "+all[i].State+" "+all[i].Cause))
	}
	return lines
}

func (n newsroom) wantLedger(want ...string) {
	n.t.Helper()
	if got := n.ledger(); !slices.Equal(got, want) {
		n.t.Errorf("slots\n %q, want\n %q", got, want)
	}
}

func (n newsroom) pause(now time.Time, reason string) {
	n.t.Helper()
	if done, err := n.Pause(n.ctx, n.daily, reason, now); err != nil || !done {
		n.t.Fatalf("pause: %v, error %v", done, err)
	}
}

func (n newsroom) resume(now time.Time) {
	n.t.Helper()
	if done, err := n.Resume(n.ctx, n.daily, now); err != nil || !done {
		n.t.Fatalf("resume: %v, error %v", done, err)
	}
}

func TestSlotsThatComeDueDuringAPauseAreSkipped(t *testing.T) {
	n := open(t)
	n.article("Новость", n.at("2026-11-23 12:00"))
	n.daily.MaxAge = 400 * 24 * time.Hour
	n.step(n.at("2026-11-23 09:00"))
	n.step(n.at("2026-11-24 08:00"))
	n.pause(n.at("2026-11-24 12:00"), "переезд")
	if done, err := n.Pause(n.ctx, n.daily, "again", n.at("2026-11-24 13:00")); err != nil || done {
		t.Errorf("paused twice: %v, error %v", done, err)
	}
	next := n.step(n.at("2026-11-25 08:00"))
	if !next.Equal(n.at("2026-11-26 08:00")) && !next.Equal(n.at("2026-11-25 08:00").Add(lookAfter)) {
		t.Errorf("next step at %s", next)
	}
	n.step(n.at("2026-11-25 09:00"))
	n.resume(n.at("2026-11-25 10:00"))
	n.step(n.at("2026-11-25 10:01")) // within catch_up, and yet not caught up
	n.step(n.at("2026-11-26 08:00"))
	n.wantLedger("2026-11-23T0800 skipped new", "2026-11-24T0800 sent", "2026-11-25T0800 skipped paused", "2026-11-26T0800 sent")
	e := n.editions()[0]
	if want := n.at("2026-11-24 08:00"); !e.Start.Equal(want) {
		t.Errorf("window from %s, want from the end of the last edition, %s", e.Start, want)
	}
	all, err := Slots(n.ctx, n.DB, "daily", 2)
	if err != nil {
		t.Fatal(err)
	}
	if d := all[1]; d.Reason != "paused since 2026-11-24T01:00:00Z: переезд" || !d.Slot.At.Equal(n.at("2026-11-25 08:00")) {
		t.Errorf("decision %+v", d)
	}
	if done, err := n.Resume(n.ctx, n.daily, n.at("2026-11-26 12:00")); err != nil || done {
		t.Errorf("resumed twice: %v, error %v", done, err)
	}
}

func TestADaemonThatSleptThroughAPauseCatchesNothingUp(t *testing.T) {
	n := open(t)
	n.article("Новость", n.at("2026-11-26 12:00"))
	n.step(n.at("2026-11-23 09:00")) // and then the machine was off
	n.pause(n.at("2026-11-24 12:00"), "")
	n.resume(n.at("2026-11-26 09:00"))
	n.step(n.at("2026-11-26 10:00"))
	n.wantLedger("2026-11-23T0800 skipped new", "2026-11-24T0800 missed", "2026-11-25T0800 skipped paused", "2026-11-26T0800 skipped paused")
	n.step(n.at("2026-11-27 08:00"))
	if got := n.ledger(); got[len(got)-1] != "2026-11-27T0800 sent" {
		t.Errorf("slots %q", got)
	}
}

func TestAPauseBetweenASlotAndADaemonsWakingKeepsIt(t *testing.T) {
	for name, test := range map[string]struct {
		resumed bool
		want    string
	}{"paused still": {false, "2026-11-24T0800 skipped paused"}, "paused and resumed": {true, "2026-11-24T0800 caught_up"}} {
		t.Run(name, func(t *testing.T) {
			n := open(t)
			n.news()
			n.step(n.at("2026-11-23 09:00"))
			n.pause(n.at("2026-11-24 08:05"), "")
			if test.resumed {
				n.resume(n.at("2026-11-24 08:10"))
			}
			n.step(n.at("2026-11-24 08:20"))
			n.wantLedger("2026-11-23T0800 skipped new", test.want)
		})
	}
}

func TestADigestThatIsPausedWhileItIsCompiledDoesNotGoOut(t *testing.T) {
	n := open(t)
	n.news()
	n.step(n.at("2026-11-23 09:00"))
	defer func() { stopAt = nil }()
	stopAt = func(name string) {
		if name == "recorded" {
			n.pause(n.at("2026-11-24 08:00"), "too late by a second, and yet in time")
		}
	}
	n.step(n.at("2026-11-24 08:00"))
	n.wantLedger("2026-11-23T0800 skipped new", "2026-11-24T0800 skipped paused")
}

func TestAPausedDigestIsSentByHand(t *testing.T) {
	n := open(t)
	n.news()
	n.step(n.at("2026-11-22 09:00"))
	n.pause(n.at("2026-11-22 12:00"), "")
	if _, outcome, err := n.Send(n.ctx, n.daily, n.at("2026-11-24 09:00"), false); err != nil || outcome != Published {
		t.Errorf("outcome %q, error %v", outcome, err)
	}
	n.wantLedger("2026-11-22T0800 skipped new", "2026-11-23T0800 skipped paused", "2026-11-24T0800 late")
}

func TestYearsOfPauseAreOneRow(t *testing.T) {
	s := parsed(t, "* * * * *", "UTC")
	now := time.Date(2026, 11, 24, 8, 0, 30, 0, time.UTC)
	since := now.AddDate(0, -1, 0)
	p := s.decide(since.Truncate(time.Minute), now, time.Hour, Pause{Since: since, Reason: "a month at sea"})
	if len(p.verdicts) != 1 || p.verdicts[0].cause != CausePaused || !p.publish.IsZero() || !strings.HasSuffix(p.verdicts[0].reason, "a month at sea") {
		t.Errorf("verdicts %+v, publish %s", p.verdicts, p.publish.Name())
	}
}

func TestOneDigestsPauseIsNotTheOthers(t *testing.T) {
	n := open(t)
	n.news()
	other := n.daily
	other.Name = "evening"
	n.step(n.at("2026-11-23 09:00"), n.daily, other)
	n.pause(n.at("2026-11-23 12:00"), "")
	n.step(n.at("2026-11-24 08:00"), n.daily, other)
	if _, err := FindEdition(n.ctx, n.DB, "evening", "2026-11-24T0800"); err != nil {
		t.Error(err)
	}
	if p, err := Paused(n.ctx, n.DB, "evening"); err != nil || !p.Since.IsZero() {
		t.Errorf("pause %+v, error %v", p, err)
	}
	if p, err := Paused(n.ctx, n.DB, "daily"); err != nil || db.Milli(p.Since) != db.Milli(n.at("2026-11-23 12:00")) {
		t.Errorf("pause %+v, error %v", p, err)
	}
}
