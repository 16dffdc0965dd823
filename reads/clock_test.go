package reads

import (
	"fmt"
	"testing"
	"time"

	"vestnik/db"
	"vestnik/db/dbtest"
)

func keepHouse(t testing.TB, d *db.DB, before, now time.Time) {
	t.Helper()
	if err := Housekeep(ctx, d, before, now); err != nil {
		t.Fatal(err)
	}
}

// rows is how many rows a table has.
func rows(t testing.TB, d *db.DB, table string) (n int64) {
	t.Helper()
	if err := d.QueryRowContext(ctx, `SELECT COUNT(*) FROM `+table).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// TestAClockDaysAheadThatComesBackForgetsNobody is a machine that starts, or wakes, with a wrong clock, and is put right some minutes
// later: visitors of today, their salt and the hours are still there, so nobody is counted a second time and nothing is lost.
func TestAClockDaysAheadThatComesBackForgetsNobody(t *testing.T) {
	for _, ahead := range []time.Duration{2 * 24 * time.Hour, 500 * 24 * time.Hour} {
		for _, restarted := range []bool{false, true} {
			d := dbtest.Open(t)
			c := NewCounter(options)
			visit := func(when time.Time) {
				count(t, c, d, hitFrom(c, 1, "192.0.2.1", when), when)
				if _, err := c.Flush(ctx, d, when); err != nil {
					t.Fatal(err)
				}
			}
			visit(now)
			wrong := now.Add(ahead)
			visit(wrong)
			keepHouse(t, d, now, wrong) // the last housekeeping was by the right clock
			if restarted {
				c = NewCounter(options)
			}
			visit(now.Add(time.Minute))
			keepHouse(t, d, wrong, now.Add(time.Hour)) // and now it is this one
			if restarted {
				c = NewCounter(options)
			}
			visit(now.Add(time.Hour))
			if got, want := byDay(t, d), fmt.Sprintf("1/24=1 1/%s=1", wrong.Format("02")); got != want {
				t.Errorf("%s ahead, restarted %v: %s, want %s", ahead, restarted, got, want)
			}
			if hours := counted(t, d); len(hours) != 2 {
				t.Errorf("%s ahead: the hours are %q", ahead, hours)
			}
		}
	}
}

// TestSaltsGoWhenTwoHousekeepingsAgree is the other side: what is past, goes, at the latest with the second one.
func TestSaltsGoWhenTwoHousekeepingsAgree(t *testing.T) {
	d := dbtest.Open(t)
	c := NewCounter(options)
	for day := range 3 {
		when := now.Add(time.Duration(day) * 24 * time.Hour)
		count(t, c, d, hitFrom(c, 1, "192.0.2.1", when), when)
		if _, err := c.Flush(ctx, d, when); err != nil {
			t.Fatal(err)
		}
	}
	midnight := time.Date(2026, 11, 26, 0, 0, 0, 0, time.UTC)
	for _, test := range []struct {
		before time.Time
		want   int64
	}{{midnight.Add(-time.Minute), 3}, {midnight, 2}} {
		keepHouse(t, d, test.before, midnight.Add(time.Hour))
		if salts, seen := rows(t, d, "read_salt"), rows(t, d, "read_seen"); salts != test.want || seen != test.want {
			t.Errorf("%d salts and %d visitors are left, want %d", salts, seen, test.want)
		}
	}
}

// TestAClockThatJumpsOverMidnightKeepsTokensAndHours jumps forward and back, by two nodes at odds: tokens hold on both sides of
// midnight, a read is of the hour that the clock said, and each visitor is counted once a day.
func TestAClockThatJumpsOverMidnightKeepsTokensAndHours(t *testing.T) {
	d := dbtest.Open(t)
	evening := time.Date(2026, 11, 24, 23, 59, 30, 0, time.UTC)
	nodes := []*Counter{NewCounter(options), NewCounter(options)}
	page := hitFrom(nodes[0], 1, "192.0.2.1", evening) // was served before midnight
	for i, jump := range []time.Duration{0, time.Minute, -time.Minute, 90 * time.Minute, -90 * time.Minute, 0, time.Minute} {
		when := evening.Add(jump)
		c := nodes[i%2]
		if reason := count(t, c, d, page, when); reason != "" {
			t.Errorf("%s: %q", jump, reason)
		}
		if _, err := c.Flush(ctx, d, when); err != nil {
			t.Fatal(err)
		}
	}
	equal(t, counted(t, d), "1/24T23/web=1", "1/25T00/web=1")
	tomorrow := hitFrom(nodes[0], 1, "192.0.3.1", evening.Add(time.Minute)) // served after midnight, reported by a clock put back
	if reason := count(t, nodes[0], d, tomorrow, evening); reason != ReasonToken {
		t.Errorf("a token of a day that has not come: %q", reason)
	}
}

// TestAClockDaysAheadGivesANetworkNoMore has a network use up its reads, and come again after the clock was days ahead.
func TestAClockDaysAheadGivesANetworkNoMore(t *testing.T) {
	d := dbtest.Open(t)
	c := NewCounter(options)
	fill := func(from int, when time.Time) (counted int) {
		for i := range 40 {
			if count(t, c, d, hitFrom(c, 1, fmt.Sprintf("192.0.2.%d", from+i), when), when) == "" {
				counted++
			}
		}
		return counted
	}
	for i, test := range []struct {
		when time.Time
		want int
	}{{now, 30}, {now.Add(48 * time.Hour), 30}, {now.Add(5 * time.Minute), 0}, {now.Add(24 * time.Hour), 30}, {now.Add(48*time.Hour + 5*time.Minute), 0}} {
		if got := fill(i*40, test.when); got != test.want {
			t.Errorf("step %d: %d of a network's reads counted, want %d", i, got, test.want)
		}
	}
}
