package digest

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestAClockThatIsSetLosesNoSlot sets the clock of a running daemon once and puts it right again, by minutes, hours, days and years in both
// directions: the three slots after it each have one edition in the end, unless it was made while the clock ran ahead.
func TestAClockThatIsSetLosesNoSlotAndRepeatsNone(t *testing.T) {
	for _, jump := range []time.Duration{-20 * 365 * 24 * time.Hour, -365 * 24 * time.Hour, -40 * 24 * time.Hour, -2 * 24 * time.Hour, -24 * time.Hour, -3 * time.Hour, -7 * time.Minute,
		7 * time.Minute, 3 * time.Hour, 24 * time.Hour, 2 * 24 * time.Hour, 40 * 24 * time.Hour, 365 * 24 * time.Hour, 20 * 365 * 24 * time.Hour} {
		for _, when := range []string{"2026-11-24 07:55", "2026-11-24 08:00", "2026-11-24 08:03", "2026-11-24 20:00"} {
			t.Run(fmt.Sprint(jump, " at ", when[11:]), func(t *testing.T) {
				n := open(t)
				n.news()
				n.daily.MaxAge = 400 * 24 * time.Hour
				n.step(n.at("2026-11-23 09:00"))
				n.step(n.at(when))
				n.step(n.at(when).Add(jump)) // the wrong clock
				n.step(n.at(when).Add(jump + time.Minute))
				for _, right := range []string{"2026-11-24 20:02", "2026-11-25 08:00", "2026-11-26 08:00", "2026-11-27 08:00"} {
					n.step(n.at(right))
				}
				n.wantOneEach(t, "2026-11-25T0800", "2026-11-26T0800", "2026-11-27T0800")
			})
		}
	}
}

// wantOneEach expects an edition for each slot, and that the ledger says so.
func (n newsroom) wantOneEach(t *testing.T, slots ...string) {
	t.Helper()
	ledger := n.ledger()
	for _, slot := range slots {
		if _, err := FindEdition(n.ctx, n.DB, "daily", slot); err != nil {
			t.Errorf("%v; slots %q", err, ledger)
		}
		sent := func(line string) bool {
			return line == slot+" sent" || line == slot+" caught_up"
		}
		if !slices.ContainsFunc(ledger, sent) {
			t.Errorf("slot %s was not sent: %q", slot, ledger)
		}
	}
}

func TestARestartInTheDueSecondPublishesOnce(t *testing.T) {
	n := open(t)
	n.news()
	n.crowd(3, n.at("2026-11-20 12:00"))
	n.step(n.at("2026-11-23 09:00"))
	due := n.at("2026-11-24 08:00")
	for _, after := range []time.Duration{-time.Millisecond, 0, time.Millisecond, 300 * time.Millisecond, 999 * time.Millisecond, time.Second, 59 * time.Second} {
		again := newsroomOn(t, n.DB) // a process of its own, that remembers nothing
		again.step(due.Add(after))
		if want := after >= 0; want != (len(n.editions()) == 1) {
			t.Errorf("%s after the slot: %d editions", after, len(n.editions()))
		}
	}
	if got := len(n.letters()); got != 3 {
		t.Errorf("letters = %d, want 3", got)
	}
	n.wantLedger("2026-11-23T0800 skipped new", "2026-11-24T0800 sent")
}

func TestAMinuteLateIsCaughtUp(t *testing.T) {
	for late, want := range map[time.Duration]string{59 * time.Second: SlotSent, time.Minute: SlotCaughtUp, 6 * time.Hour: SlotCaughtUp, 6*time.Hour + time.Second: SlotMissed} {
		n := open(t)
		n.article("Новость", n.at("2026-11-23 12:00"))
		n.step(n.at("2026-11-23 09:00"))
		n.step(n.at("2026-11-24 08:00").Add(late))
		n.wantLedger("2026-11-23T0800 skipped new", "2026-11-24T0800 "+want)
	}
}

// TestMinuteByMinuteThroughTheNightsWhenTheClockIsPut drives a daemon on a real database.
func TestMinuteByMinuteThroughTheNightsWhenTheClockIsPut(t *testing.T) {
	for _, night := range []struct {
		zone, line, from string
		minutes          int
		slots            string
	}{
		{"Europe/Berlin", "*/30 * * * *", "2026-03-29T00:10:00Z", 115, // from 02:00 to 03:00 at 01:00 UTC
			"0130 sent, 0200 skipped clock, 0230 skipped clock, 0300 sent, 0330 sent, 0400 sent"},
		{"Europe/Berlin", "*/30 * * * *", "2026-10-24T23:50:00Z", 180, // back from 03:00 to 02:00 at 01:00 UTC
			"0200 sent, 0230 sent, 0300 sent, 0330 sent"},
		{"America/Sao_Paulo", "0 0,1 * * *", "2018-11-04T01:50:00Z", 100, "0000 skipped clock, 0100 sent"},
		{"Australia/Lord_Howe", "*/15 2 * * *", "2026-10-03T15:10:00Z", 60, "0200 skipped clock, 0215 skipped clock, 0230 sent, 0245 sent"},
		{"Australia/Lord_Howe", "*/15 1 * * *", "2026-04-04T13:50:00Z", 120, "0100 sent, 0115 sent, 0130 sent, 0145 sent"},
		{"Pacific/Apia", "0 8,20 * * *", "2011-12-30T05:50:00Z", 270, "2000 sent, 0800 skipped clock, 2000 sent"},
	} {
		t.Run(night.zone+" "+night.from, func(t *testing.T) {
			n := open(t)
			dg := n.daily
			dg.Schedule, dg.Location, dg.MaxAge, dg.Window = night.line, zone(t, night.zone), 400*24*time.Hour, 1000*time.Hour
			from, err := time.Parse(time.RFC3339, night.from)
			if err != nil {
				t.Fatal(err)
			}
			for i := range 8 {
				n.article(fmt.Sprintf("Новость %d", i), from.Add(-time.Hour))
			}
			dg.WhenThin = ThinFill
			n.step(from, dg)
			for now := from; now.Before(from.Add(time.Duration(night.minutes) * time.Minute)); now = now.Add(time.Minute) {
				n.step(now.Add(time.Duration(now.Minute())*time.Second), dg)
			}
			var got []string
			for _, line := range n.ledger()[1:] { // the first says when the digest was first seen
				got = append(got, line[len("2026-03-29T"):])
			}
			want := strings.Split(night.slots, ", ")
			if !slices.Equal(got, want) {
				t.Errorf("slots\n %q, want\n %q", got, want)
			}
			editions := 0
			for _, line := range want {
				if strings.HasSuffix(line, "sent") {
					editions++
				}
			}
			if all := n.editions(); len(all) != editions {
				t.Errorf("%d editions, want %d", len(all), editions)
			}
		})
	}
}
