package digest

import (
	"strings"
	"testing"
)

func TestNotesSayWhatTheClockDoesToASlot(t *testing.T) {
	for _, test := range []struct{ zone, line, slot, want string }{
		{"Europe/Berlin", "30 2 * * *", "2026-03-29T0230", "the clock is put forward from 02:00 to 03:00 on 29 March: this slot falls into the gap and comes at 03:00"},
		{"Europe/Berlin", "*/30 * * * *", "2026-03-29T0230", "the clock is put forward from 02:00 to 03:00 on 29 March: this slot falls into the gap and comes at 03:00, " +
			"where it is skipped, as another comes at the same instant"},
		{"Europe/Berlin", "*/30 * * * *", "2026-03-29T0300", "0s after the slot before instead of 30m, as the clock is put forward in between"},
		{"Europe/Berlin", "30 2 * * *", "2026-10-25T0230", "the clock is put back from 03:00 to 02:00 on 25 October, so this moment comes twice: only the first counts"},
		{"Europe/Berlin", "0 8 * * *", "2026-10-25T0800", "25h after the slot before instead of 24h, as the clock is put back in between"},
		{"Europe/Berlin", "0 8 * * *", "2026-03-29T0800", "23h after the slot before instead of 24h, as the clock is put forward in between"},
		{"Europe/Berlin", "0 8 * * *", "2026-03-30T0800", ""},
		{"Europe/Berlin", "30 2 * * *", "2026-03-30T0230", "23h30m after the slot before instead of 24h, as the clock is put forward in between"},
		{"Europe/Berlin", "0 * * * *", "2026-10-25T0300", "2h after the slot before instead of 1h, as the clock is put back in between"},
		{"Europe/Berlin", "0 * * * *", "2026-10-25T0100", ""},
		{"America/Sao_Paulo", "0 0 * * *", "2018-11-04T0000", "the clock is put forward from 00:00 to 01:00 on 4 November: this slot falls into the gap and comes at 01:00"},
		{"Australia/Lord_Howe", "45 1 * * *", "2026-04-05T0145", "the clock is put back from 02:00 to 01:30 on 5 April, so this moment comes twice: only the first counts"},
		{"Pacific/Apia", "0 8 * * *", "2011-12-30T0800", "the clock is put forward from 00:00 on 30 December to 00:00 on 31 December: this slot falls into the gap and comes at 00:00 on 31 December"},
		{"Asia/Sakhalin", "0 8 * * *", "2026-03-29T0800", ""},
		{"UTC", "0 8 * * *", "2026-03-29T0800", ""},
	} {
		dg := Digest{Name: "daily", Schedule: test.line, Location: zone(t, test.zone)}
		slot, err := ParseSlot(test.slot, dg.Location)
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(dg.Notes(slot), "; "); got != test.want {
			t.Errorf("%s %q %s:\n got %q\nwant %q", test.zone, test.line, test.slot, got, test.want)
		}
	}
}
