package digest

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// yearTable is what testdata/slots.py made: a year of slots for each of many zones, see there.
const yearTable = "testdata/slots.txt"

// A slotRun is a line of that table.
type slotRun struct {
	zone        string
	year, line  int
	first, last string
	minutes     int // from the instant to the name
	count       int
	hash        string
}

func readYears(t *testing.T) (schedules []string, runs []slotRun) {
	t.Helper()
	file, err := os.Open(yearTable)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for lines := bufio.NewScanner(file); lines.Scan(); {
		if line, ok := strings.CutPrefix(lines.Text(), "# "); ok {
			_, schedule, _ := strings.Cut(line, " ")
			schedules = append(schedules, schedule)
			continue
		}
		var r slotRun
		if _, err := fmt.Sscan(lines.Text(), &r.zone, &r.year, &r.line, &r.first, &r.last, &r.minutes, &r.count, &r.hash); err != nil {
			t.Fatalf("%s: %q: %v", yearTable, lines.Text(), err)
		}
		runs = append(runs, r)
	}
	return schedules, runs
}

// yearOf is what we make of a schedule in a year, in runs like those of the table.
func yearOf(s schedule, r slotRun) (runs []slotRun) {
	var run []Slot
	end := func() {
		if len(run) > 0 {
			runs = append(runs, r.of(run))
		}
		run = nil
	}
	for wall := s.next(time.Date(r.year, 1, 1, 0, 0, 0, 0, time.UTC).Add(-time.Minute)); wall.Year() == r.year; wall = s.next(wall) {
		slot := s.slot(wall)
		if len(run) > 0 && wall.Sub(slot.At) != run[0].Wall.Sub(run[0].At) {
			end()
		}
		run = append(run, slot)
	}
	end()
	return runs
}

func (r slotRun) of(slots []Slot) slotRun {
	var text bytes.Buffer
	for _, s := range slots {
		fmt.Fprintf(&text, "%s %s\n", s.Name(), s.At.UTC().Format(time.RFC3339))
	}
	first, last := slots[0], slots[len(slots)-1]
	r.first, r.last, r.minutes, r.count = first.Name(), last.Name(), int(first.Wall.Sub(first.At)/time.Minute), len(slots)
	r.hash = fmt.Sprintf("%x", sha256.Sum256(text.Bytes()))[:16]
	return r
}

func TestAYearOfSlotsIsWhatPythonsZoneinfoSays(t *testing.T) {
	schedules, runs := readYears(t)
	zones, slots := map[string]bool{}, 0
	for len(runs) > 0 {
		head := runs[0]
		var want []slotRun
		for len(runs) > 0 && runs[0].zone == head.zone && runs[0].year == head.year && runs[0].line == head.line {
			want, runs = append(want, runs[0]), runs[1:]
		}
		got := yearOf(parsed(t, schedules[head.line], head.zone), slotRun{zone: head.zone, year: head.year, line: head.line})
		for i := range max(len(got), len(want)) {
			if i >= len(got) || i >= len(want) || got[i] != want[i] {
				t.Errorf("%s %d %q, run %d:\n got %+v\nwant %+v", head.zone, head.year, schedules[head.line], i+1, got[min(i, len(got)):], want[min(i, len(want)):])
				break
			}
			slots += got[i].count
		}
		zones[head.zone] = true
	}
	if len(zones) < 12 || slots < 100_000 {
		t.Errorf("%d zones and %d slots are few", len(zones), slots)
	}
	t.Logf("%d slots in %d zones", slots, len(zones))
}

// TestDecidingAYearOfSlotsLosesNoneAndRepeatsNone is a daemon that looks at irregular times: of the table's zones none of their slots is lost, and none decided twice.
func TestDecidingAYearOfSlotsLosesNoneAndRepeatsNone(t *testing.T) {
	schedules, runs := readYears(t)
	done := map[string]bool{}
	for _, r := range runs {
		key := fmt.Sprint(r.zone, r.line)
		if done[key] || testing.Short() && len(done) >= 6 { // pure arithmetic: the race detector finds nothing in it
			continue
		}
		done[key] = true
		decideYear(t, parsed(t, schedules[r.line], r.zone), r.year, fmt.Sprintf("%s %d %q", r.zone, r.year, schedules[r.line]))
	}
}

func decideYear(t *testing.T, s schedule, year int, name string) {
	t.Helper()
	begin := time.Date(year, 1, 1, 12, 0, 0, 0, s.loc)
	last := wallClock(begin, s.loc)
	first, seen := last, map[time.Time]int{}
	for now := begin; now.Year() == year; now = now.Add(97 * time.Minute) {
		p := s.decide(last, now, 6*time.Hour, Pause{})
		for _, v := range p.verdicts {
			seen[v.slot.Wall]++
			last = later(last, v.slot.Wall)
		}
		if !p.publish.IsZero() {
			seen[p.publish.Wall]++
			last = p.publish.Wall
		}
		if !p.next.At.After(now) {
			t.Fatalf("%s: at %s the next slot is %s, which is not later", name, now, p.next.At)
		}
	}
	for wall := s.next(first); !wall.After(last); wall = s.next(wall) {
		if seen[wall] != 1 {
			t.Errorf("%s: slot %s was decided %d times, want once", name, wall.Format(slotName), seen[wall])
		}
		delete(seen, wall)
	}
	if len(seen) != 0 {
		t.Errorf("%s: slots that are none: %v", name, seen)
	}
}

// TestPythonMakesTheSameTable runs the script again where there is a Python with zones: the table is not one that we mended by hand.
func TestPythonMakesTheSameTable(t *testing.T) {
	if os.Getenv("CI") == "" {
		t.Skip("it takes a minute; CI=1 runs it")
	}
	if exec.Command("python3", "-c", "import zoneinfo; zoneinfo.ZoneInfo('Europe/Berlin')").Run() != nil {
		t.Skip("there is no python3 with the zones of the world")
	}
	made, err := exec.Command("python3", "testdata/slots.py").Output()
	if err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile(yearTable)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(made, want) {
		t.Errorf("%s is not what testdata/slots.py makes here: run python3 slots.py > slots.txt and look at the difference", yearTable)
	}
}
