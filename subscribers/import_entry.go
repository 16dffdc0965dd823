package subscribers

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"vestnik/subscribers/sheets"
)

// An entry is a line that can be imported.
type entry struct {
	line       int
	email, key string
	name       string
	digests    []string // sorted, each once
	state      string   // Active, Pending, Paused or Left, or sheets.Barred, sheets.Idle
	why        string   // of the last three: in what words the file says so
	since      time.Time
	until      time.Time // of a pause
	sections   string    // as the database keeps them

	language, timezone, uuid string
	hour                     int
}

// A checker makes entries of rows.
type checker struct {
	options ImportOptions
	now     time.Time
	kind    string           // of file
	zones   map[string]error // time zones looked at
	room    int              // for so many entries
}

// entry checks a row. An error is a sentence for the one who mends the line.
func (c *checker) entry(row sheets.Row) (e entry, err error) {
	e = entry{line: row.Line, name: cleanName(row.Name), state: row.Status, why: row.Why, hour: -1}
	if e.email, e.key, err = ParseAddress(row.Email); err != nil {
		return e, err
	}
	for _, check := range []func(*entry, sheets.Row) error{c.state, c.digests, c.times, c.choices} {
		if err := check(&e, row); err != nil {
			return e, fmt.Errorf("%s: %w", e.key, err)
		}
	}
	return e, nil
}

func (c *checker) state(e *entry, row sheets.Row) error {
	if e.state == "" {
		e.state = c.options.Status
	}
	switch e.state {
	case "":
		e.state = Pending // the safe reading: nobody gets a digest who is not said to have agreed
	case Pending, Left, sheets.Barred, sheets.Idle:
	case Active, Paused:
		if c.options.Basis == "" {
			return fmt.Errorf("status %s: %w", e.state, ErrBasis)
		}
	default:
		return fmt.Errorf("status %q is none of active, pending, paused and left", cut(e.state))
	}
	return nil
}

// unwanted reports whether nothing but skipping or suppressing is done with a line.
func (e entry) unwanted() bool {
	return e.state == Left || e.state == sheets.Barred || e.state == sheets.Idle
}

func (c *checker) digests(e *entry, row sheets.Row) error {
	e.digests = strings.Fields(row.Digests)
	if len(e.digests) == 0 {
		e.digests = slices.Clone(c.options.Digests)
	}
	if !slices.IsSorted(e.digests) {
		slices.Sort(e.digests)
	}
	e.digests = slices.Compact(e.digests)
	if e.unwanted() && !(c.options.Suppress && e.state == Left) {
		return nil
	}
	if len(e.digests) == 0 {
		return fmt.Errorf("no digest is named; name some of %s, parted by spaces, in a column digests, or by --digest for all lines", sortedNames(c.options.Verbs.Digests))
	}
	return c.options.Verbs.checkDigests(e.digests...)
}

// times reads since and until. A date of another program that cannot be read is left out, since nothing depends on it.
func (c *checker) times(e *entry, row sheets.Row) error {
	if text := strings.TrimSpace(row.Since); text != "" {
		t, ok := sheets.Time(text)
		future := t.After(c.now)
		switch {
		case ok && !future:
			e.since = t
		case c.kind != "vestnik" && c.kind != "mapped":
		case !ok:
			return fmt.Errorf("since %q is no date; write it as 2026-05-03 or 2026-05-03T10:00:00Z", cut(text))
		default:
			return fmt.Errorf("since %q lies in the future", cut(text))
		}
	}
	if e.state != Paused {
		return nil
	}
	var ok bool
	if e.until, ok = sheets.Time(strings.TrimSpace(row.Until)); !ok {
		return fmt.Errorf("status paused: until %q is no date; write it as 2026-05-03 or 2026-05-03T10:00:00Z", cut(row.Until))
	}
	if !e.until.After(c.now) {
		e.state, e.until = Active, time.Time{}
	}
	return nil
}

// choices reads what a reader may have chosen.
func (c *checker) choices(e *entry, row sheets.Row) (err error) {
	if e.language = word(row.Language); e.language != "" && shipped(e.language) == "" {
		return unknownLanguage(e.language)
	}
	if text := strings.TrimSpace(row.Hour); text != "" {
		if e.hour, err = strconv.Atoi(text); err != nil || e.hour < -1 || e.hour > 23 {
			return fmt.Errorf("hour %q: it goes from 0 to 23", cut(text))
		}
	}
	if e.timezone = strings.TrimSpace(row.Timezone); e.timezone != "" {
		err, known := c.zones[e.timezone]
		if !known {
			err = Choices{Timezone: e.timezone}.check()
			if len(c.zones) < 1000 { // a file can hold any number of different ones
				c.zones[e.timezone] = err
			}
		}
		if err != nil {
			return err
		}
	}
	sections := slices.Compact(slices.Sorted(slices.Values(strings.Fields(row.Sections))))
	for _, slug := range sections {
		if strings.Trim(slug, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
			return fmt.Errorf("section %q: a slug has small Latin letters, digits and hyphens only", cut(slug))
		}
	}
	e.sections = strings.Join(sections, " ")
	if e.uuid = word(row.UUID); e.uuid != "" && !IsUUID(e.uuid) {
		return errors.New("the uuid is not one: it has 32 hexadecimal digits in groups of 8, 4, 4, 4 and 12")
	}
	return nil
}

func word(cell string) string { return strings.ToLower(strings.TrimSpace(cell)) }
