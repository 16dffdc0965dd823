package digest

import (
	"slices"
	"strings"
	"testing"
	"time"
	_ "time/tzdata" // the zones of these tests must not depend on the machine

	"pgregory.net/rapid"
)

func zone(t testing.TB, name string) *time.Location {
	t.Helper()
	loc, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return loc
}

func parsed(t testing.TB, line, zoneName string) schedule {
	t.Helper()
	s, err := parseSchedule(line, zone(t, zoneName))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestSlotsOnDaysWhenTheClockIsPut(t *testing.T) {
	for _, test := range []struct{ zone, line, after, want string }{
		{"Europe/Berlin", "30 2 * * *", "2026-03-28T12:00:00+01:00", // the gap: its end stands for 02:30
			"2026-03-29T0230=2026-03-29T03:00:00+02:00 2026-03-30T0230=2026-03-30T02:30:00+02:00"},
		{"Europe/Berlin", "30 2 * * *", "2026-10-24T12:00:00+02:00", // the repeated hour: the first one
			"2026-10-25T0230=2026-10-25T02:30:00+02:00 2026-10-26T0230=2026-10-26T02:30:00+01:00"},
		{"Europe/Berlin", "0 * * * *", "2026-10-25T01:00:00+02:00",
			"2026-10-25T0200=2026-10-25T02:00:00+02:00 2026-10-25T0300=2026-10-25T03:00:00+01:00"},
		{"Europe/Berlin", "0 * * * *", "2026-10-25T02:10:00+01:00", // asked in the second of the two hours
			"2026-10-25T0300=2026-10-25T03:00:00+01:00 2026-10-25T0400=2026-10-25T04:00:00+01:00"},
		{"Europe/Berlin", "0 * * * *", "2026-03-29T01:00:00+01:00",
			"2026-03-29T0200=2026-03-29T03:00:00+02:00 2026-03-29T0300=2026-03-29T03:00:00+02:00"},
		{"America/Sao_Paulo", "0 0 * * *", "2018-11-03T12:00:00-03:00", // midnight does not exist
			"2018-11-04T0000=2018-11-04T01:00:00-02:00 2018-11-05T0000=2018-11-05T00:00:00-02:00"},
		{"Australia/Lord_Howe", "15 2 * * *", "2026-10-03T12:00:00+10:30", // half an hour forward at 02:00
			"2026-10-04T0215=2026-10-04T02:30:00+11:00 2026-10-05T0215=2026-10-05T02:15:00+11:00"},
		{"Australia/Lord_Howe", "45 1 * * *", "2026-04-04T12:00:00+11:00", // half an hour back at 02:00
			"2026-04-05T0145=2026-04-05T01:45:00+11:00 2026-04-06T0145=2026-04-06T01:45:00+10:30"},
		{"Asia/Sakhalin", "0 8 * * *", "2026-11-24T08:00:00+11:00",
			"2026-11-25T0800=2026-11-25T08:00:00+11:00 2026-11-26T0800=2026-11-26T08:00:00+11:00"},
		{"Pacific/Apia", "0 8 * * *", "2011-12-29T08:00:00-10:00", // 30 December 2011 did not exist
			"2011-12-30T0800=2011-12-31T00:00:00+14:00 2011-12-31T0800=2011-12-31T08:00:00+14:00"},
		{"UTC", "0 0 29 2 *", "2096-03-01T00:00:00Z", // 2100 is no leap year
			"2104-02-29T0000=2104-02-29T00:00:00Z 2108-02-29T0000=2108-02-29T00:00:00Z"},
	} {
		after, err := time.Parse(time.RFC3339, test.after)
		if err != nil {
			t.Fatal(err)
		}
		slots, err := Digest{Name: "daily", Schedule: test.line, Location: zone(t, test.zone)}.Next(after, 2)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, s := range slots {
			got = append(got, s.Name()+"="+s.At.Format(time.RFC3339))
		}
		if strings.Join(got, " ") != test.want {
			t.Errorf("%s %q after %s\n got %s\nwant %s", test.zone, test.line, test.after, strings.Join(got, " "), test.want)
		}
	}
}

func TestInstantNeverRunsBackwardsAndShowsTheWall(t *testing.T) {
	names := []string{"Europe/Berlin", "America/Sao_Paulo", "Australia/Lord_Howe", "Pacific/Apia", "Africa/Monrovia", "America/Juneau", "UTC"}
	rapid.Check(t, func(t *rapid.T) {
		loc, err := time.LoadLocation(rapid.SampledFrom(names).Draw(t, "zone"))
		if err != nil {
			t.Fatal(err)
		}
		wall := time.Unix(rapid.Int64Range(-3e9, 4e9).Draw(t, "wall"), 0).UTC()
		at := instant(wall, loc)
		if shown := wallClock(at, loc); shown.Before(wall) {
			t.Fatalf("at %s the clock shows only %s, want %s or later", at, shown, wall)
		}
		if before := wallClock(at.Add(-time.Second), loc); !before.Before(wall) {
			t.Fatalf("already a second before %s the clock shows %s, want before %s", at, before, wall)
		}
		if next := instant(wall.Add(time.Minute), loc); next.Before(at) {
			t.Fatalf("a minute after wall %s is %s, which is before %s", wall, next, at)
		}
	})
}

func TestWrongSchedulesAreRefusedInOneSentence(t *testing.T) {
	for line, want := range map[string]string{
		"TZ=UTC":                     "use the key timezone",
		"CRON_TZ=UTC":                "use the key timezone",
		"TZ=Europe/Berlin 0 8 * * *": "use the key timezone",
		" cron_tz=UTC 0 8 * * *":     "use the key timezone",
		"":                           "write five fields",
		"0 8 * *":                    "expected exactly 5 fields, found 4",
		"0 0 8 * * *":                "expected exactly 5 fields, found 6",
		"0 25 * * *":                 "above maximum (23)",
		"0 8 * * 7":                  "0 = Sunday",
		"0 8 * * MON-SUN":            "0 = Sunday",
		", * * * *":                  "a field is empty",
		"0 0 31 2 *":                 "never comes",
		"0 0 31 4,6,9,11 *":          "never comes",
		"@every 1m":                  "@every names no moments",
		"@reboot":                    "unrecognized descriptor",
		"каждый день":                "write five fields",
		"0 8 1 * 1":                  `day of month "1" and day of week "1" are both given, and cron would take a day that is either; write one of them as *, or make two digests, "0 8 1 * *" and "0 8 * * 1"`,
		"0 8 */2 * MON":              "cron would take a day that is either",
		"0 8 1-31 * 1-5":             "cron would take a day that is either",
	} {
		err := Digest{Name: "daily", Schedule: line, Location: time.UTC}.Check()
		if err == nil {
			t.Errorf("%q was taken", line)
			continue
		}
		if !strings.HasPrefix(err.Error(), "daily: ") || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: %v; want a sentence that begins with the digest and says %q", line, err, want)
		}
	}
}

func TestDescriptorsAreSchedules(t *testing.T) {
	for line, same := range map[string]string{
		"@hourly": "0 * * * *", "@daily": "0 0 * * *", "@weekly": "0 0 * * 0", "@monthly": "0 0 1 * *",
		" 0  8 * * 1-5 ": "0 8 * * 1-5",
	} {
		a, b := parsed(t, line, "UTC"), parsed(t, same, "UTC")
		from := time.Date(2026, 11, 24, 8, 0, 0, 0, time.UTC)
		if got, want := a.next(from), b.next(from); got != want {
			t.Errorf("%q after %s: %s, want %s", line, from, got, want)
		}
	}
}

func TestPreviousAgreesWithNext(t *testing.T) {
	lines := []string{"* * * * *", "0 8 * * *", "*/7 3 * * *", "0 0 1 * *", "15 4 29 2 *", "0 12 * * 1,5", "* * 1 1 *"}
	rapid.Check(t, func(t *rapid.T) {
		s, err := parseSchedule(rapid.SampledFrom(lines).Draw(t, "line"), time.UTC)
		if err != nil {
			t.Fatal(err)
		}
		wall := time.Unix(rapid.Int64Range(1.6e9, 2e9).Draw(t, "wall"), 0).UTC()
		p := s.previous(wall)
		if p.IsZero() || p.After(wall) || !s.next(p).After(wall) || s.next(p.Add(-time.Second)) != p {
			t.Fatalf("previous(%s) = %s, next of that is %s", wall, p, s.next(p))
		}
	})
}

func TestSlotNames(t *testing.T) {
	slot, err := ParseSlot("2026-11-24T0800", zone(t, "Asia/Sakhalin"))
	if err != nil {
		t.Fatal(err)
	}
	if want := time.Date(2026, 11, 23, 21, 0, 0, 0, time.UTC); !slot.At.Equal(want) || slot.Name() != "2026-11-24T0800" {
		t.Errorf("slot %s at %s, want at %s", slot.Name(), slot.At, want)
	}
	for _, name := range []string{"", "2026-11-24", "2026-11-24T8000", "2026-11-24T08:00", "2026-02-30T0800", "2026-11-24T0800 ", "../etc"} {
		if slot, err := ParseSlot(name, time.UTC); err == nil {
			t.Errorf("%q was taken as %s", name, slot.Wall)
		}
	}
}

func FuzzSchedule(f *testing.F) {
	for _, seed := range []string{"0 8 * * *", "TZ=UTC", "*/5 1,2 1-3 JAN-DEC 0", "@daily", "@every -1s", "0 0 31 2 *", "1/2/3 * * * *", "- * * * *"} {
		f.Add(seed)
	}
	from := time.Date(2026, 11, 24, 8, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, line string) {
		s, err := parseSchedule(line, time.UTC)
		if err != nil {
			return
		}
		next := s.next(from)
		if next.IsZero() || !next.After(from) || next.Second() != 0 {
			t.Errorf("%q after %s: %s", line, from, next)
		}
	})
}

func FuzzParseSlot(f *testing.F) {
	for _, seed := range []string{"2026-11-24T0800", "0000-01-01T0000", "9999-12-31T2359", "2026-02-29T0800", "+026-11-24T0800"} {
		f.Add(seed)
	}
	loc := zone(f, "Europe/Berlin")
	f.Fuzz(func(t *testing.T, name string) {
		slot, err := ParseSlot(name, loc)
		if err == nil && (slot.Name() != name || wallClock(slot.At, loc).Before(slot.Wall)) {
			t.Errorf("%q became %q at %s", name, slot.Name(), slot.At)
		}
	})
}

func TestDecide(t *testing.T) {
	s := parsed(t, "0 8 * * *", "Asia/Sakhalin")
	at := func(text string) time.Time {
		when, err := time.ParseInLocation("2006-01-02 15:04", text, s.loc)
		if err != nil {
			t.Fatal(err)
		}
		return when
	}
	for _, test := range []struct {
		name, last, now string
		publish         string
		missed          []string
		next            string
	}{
		{"nothing is due", "2026-11-24 08:00", "2026-11-25 07:59", "", nil, "2026-11-25T0800"},
		{"on time", "2026-11-24 08:00", "2026-11-25 08:00", "2026-11-25T0800", nil, "2026-11-26T0800"},
		{"caught up at the limit", "2026-11-24 08:00", "2026-11-25 14:00", "2026-11-25T0800", nil, "2026-11-26T0800"},
		{"too late", "2026-11-24 08:00", "2026-11-25 14:01", "", []string{"2026-11-25T0800"}, "2026-11-26T0800"},
		{"three mornings slept", "2026-11-22 08:00", "2026-11-25 09:00", "2026-11-25T0800",
			[]string{"2026-11-23T0800", "2026-11-24T0800"}, "2026-11-26T0800"},
		{"the clock was put back", "2026-11-24 08:00", "2026-11-23 12:00", "", nil, "2026-11-25T0800"},
		{"after an extra edition", "2026-11-24 11:17", "2026-11-24 12:00", "", nil, "2026-11-25T0800"},
	} {
		p := s.decide(wallClock(at(test.last), s.loc), at(test.now), 6*time.Hour, Pause{})
		var missed []string
		for _, v := range p.verdicts {
			missed = append(missed, v.slot.Name())
			if v.reason == "" || v.state != SlotMissed {
				t.Errorf("%s: slot %s is %q for the reason %q", test.name, v.slot.Name(), v.state, v.reason)
			}
		}
		publish := ""
		if !p.publish.IsZero() {
			publish = p.publish.Name()
		}
		if publish != test.publish || !slices.Equal(missed, test.missed) || p.next.Name() != test.next {
			t.Errorf("%s: publish %q, missed %q, next %s; want %q, %q, %s", test.name, publish, missed, p.next.Name(), test.publish, test.missed, test.next)
		}
	}
}

func TestOfTheSlotsInAGapTheLastIsPublished(t *testing.T) {
	s := parsed(t, "*/30 * * * *", "Europe/Berlin")
	now := time.Date(2026, 3, 29, 1, 0, 0, 0, time.UTC) // 03:00 in summer time, a second after 01:59:59 in winter time
	p := s.decide(time.Date(2026, 3, 29, 1, 30, 0, 0, time.UTC), now, 6*time.Hour, Pause{})
	if p.publish.Name() != "2026-03-29T0300" || len(p.verdicts) != 2 {
		t.Fatalf("publish %s, verdicts %v; want 03:00, and 02:00 and 02:30 skipped", p.publish.Name(), p.verdicts)
	}
	for _, v := range p.verdicts {
		if v.state != SlotSkipped || !strings.Contains(v.reason, "put forward") {
			t.Errorf("%s is %s: %s", v.slot.Name(), v.state, v.reason)
		}
	}
}

func TestYearsOfSleepAreOneRow(t *testing.T) {
	s := parsed(t, "* * * * *", "UTC")
	now := time.Date(2026, 11, 24, 8, 0, 30, 0, time.UTC)
	for _, test := range []struct {
		days  int
		count string
	}{{30, "43199 slots"}, {5 * 365, "more than 100000 slots"}} {
		p := s.decide(now.Truncate(time.Minute).AddDate(0, 0, -test.days), now, time.Hour, Pause{})
		if p.publish.Name() != "2026-11-24T0800" {
			t.Errorf("published %s, want the newest", p.publish.Name())
		}
		if len(p.verdicts) != 1 || p.verdicts[0].slot.Name() != "2026-11-24T0759" || !strings.Contains(p.verdicts[0].reason, test.count) {
			t.Errorf("verdicts %v, want one up to 07:59 for %s", p.verdicts, test.count)
		}
	}
}
