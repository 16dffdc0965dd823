package main

import (
	"fmt"
	"strings"
	"time"

	"vestnik/db"
	"vestnik/digest"
)

// DigestNext shows coming slots.
type DigestNext struct {
	Name    string `arg:"" optional:"" help:"The digest; all when none is named."`
	Count   int    `default:"5" help:"How many of each."`
	NowFlag `embed:""`
}

func (DigestNext) Help() string {
	return "A slot is a moment on the wall clock of the digest's zone. Where that clock is put forward over it, it comes at the end of the gap, and of several slots in one gap only the " +
		"last has an edition; where an hour comes twice, only the first counts. The notes say so, and whether a pause or an editor stands in the way."
}

type slotJSON struct {
	Digest string   `json:"digest"`
	Slot   string   `json:"slot"`
	At     string   `json:"at"`
	UTC    string   `json:"utc"`
	Site   string   `json:"site,omitempty"`   // in the site's zone, if that is another
	Notes  []string `json:"notes,omitempty"`  // what the clock does to it
	Paused string   `json:"paused,omitempty"` // why it will not come
	Held   string   `json:"held,omitempty"`   // why it waits for an editor
}

// notes are all of them in one line.
func (s slotJSON) notes() string {
	all := s.Notes
	if s.Held != "" {
		all = append([]string{s.Held}, all...)
	}
	if s.Paused != "" {
		all = append([]string{s.Paused}, all...)
	}
	return strings.Join(all, "; ")
}

func (cmd DigestNext) Run(a *app) error {
	return a.withNow(cmd.NowFlag, func(c *Config, d *db.DB, now time.Time) error {
		wanted := c.digests()
		if cmd.Name != "" {
			dg, err := c.findDigest(cmd.Name)
			if err != nil {
				return err
			}
			wanted = []digest.Digest{dg}
		}
		var lines []slotJSON
		for _, dg := range wanted {
			coming, err := cmd.coming(a, c, d, dg, now)
			if err != nil {
				return err
			}
			lines = append(lines, coming...)
		}
		return emit(a, lines, nextColumns(lines)...)
	})
}

func nextColumns(lines []slotJSON) []column[slotJSON] {
	columns := []column[slotJSON]{
		{title: "Digest", value: func(x slotJSON) any { return x.Digest }},
		{title: "Slot", value: func(x slotJSON) any { return x.Slot }},
		{title: "In its zone", value: func(x slotJSON) any { return x.At }},
		{title: "UTC", value: func(x slotJSON) any { return x.UTC }},
	}
	site := column[slotJSON]{title: "In the site's zone", value: func(x slotJSON) any { return x.Site }}
	note := column[slotJSON]{title: "Note", value: func(x slotJSON) any { return x.notes() }}
	var elsewhere, noted bool
	for _, x := range lines {
		elsewhere, noted = elsewhere || x.Site != "", noted || x.notes() != ""
	}
	if elsewhere {
		columns = append(columns, site)
	}
	if noted {
		columns = append(columns, note)
	}
	return columns
}

// coming are the next slots of a digest. One that mails articles as they are published has none, and a line says so.
func (cmd DigestNext) coming(a *app, c *Config, d *db.DB, dg digest.Digest, now time.Time) (lines []slotJSON, err error) {
	pause, err := digest.Paused(a.ctx, d, dg.Name)
	if err != nil {
		return nil, err
	}
	by, asked, err := digest.HoldAsked(a.ctx, d, dg.Name)
	if err != nil {
		return nil, err
	}
	slots, err := dg.Next(now, cmd.Count)
	if err != nil {
		return nil, err
	}
	if dg.Follows() {
		a.say("%s has no slots: it mails each article %s after it was published; `vestnik digest articles %s` shows them.", dg.Name, digest.Plain(dg.Grace), dg.Name)
	}
	for _, s := range slots {
		line := slotJSON{Digest: dg.Name, Slot: s.Name(), At: s.At.In(dg.Location).Format(time.RFC3339), UTC: s.At.UTC().Format(time.RFC3339), Notes: dg.Notes(s)}
		if dg.Location.String() != c.Site.location.String() {
			line.Site = c.iso(s.At)
		}
		lines = append(lines, line)
	}
	for i := range lines {
		if !pause.Since.IsZero() {
			lines[i].Paused = pausedWords(c, pause)
		}
		switch {
		case dg.Approve:
			lines[i].Held = fmt.Sprintf("waits %s for an editor's approval", digest.Plain(dg.ApproveWithin))
		case !asked.IsZero() && i == 0:
			lines[i].Held = "waits for an editor's approval, as " + by + " asked at " + c.stamp(asked)
		}
	}
	return lines, nil
}

// pausedWords says on the site's clock since when a digest is paused and why; "" for one that is not.
func pausedWords(c *Config, p digest.Pause) string {
	if p.Since.IsZero() {
		return ""
	}
	text := "paused since " + c.stamp(p.Since)
	if p.Reason != "" {
		text += ": " + p.Reason
	}
	return text
}

// DigestSlots lists what became of slots.
type DigestSlots struct {
	Name  string `arg:"" optional:"" help:"The digest; all when none is named."`
	Limit int    `default:"20" help:"At most so many."`
}

func (DigestSlots) Help() string {
	return "held: its edition waits for an editor. sent: it went out within a minute. sent late: an editor approved it later, or somebody sent it by hand. caught up: nobody was there in " +
		"time, but within the digest's catch_up. skipped: on purpose, for the cause. missed: nobody was there."
}

type decisionJSON struct {
	Digest  string `json:"digest"`
	Slot    string `json:"slot"`
	At      string `json:"at,omitempty"` // its instant in the digest's zone; none for slots of old
	UTC     string `json:"utc,omitempty"`
	State   string `json:"state"`
	Cause   string `json:"cause,omitempty"`
	Reason  string `json:"reason"`
	Decided string `json:"decided"`
}

// slotWords are the states and causes as people read them.
var slotWords = map[string]string{
	digest.SlotHeld: "held", digest.SlotSent: "sent", digest.SlotLate: "sent late", digest.SlotCaughtUp: "caught up", digest.SlotSkipped: "skipped", digest.SlotMissed: "missed",
	digest.CauseNotApproved: "not approved", digest.CauseClock: "clock put forward", digest.CauseNew: "before it began",
}

func slotWord(key string) string { return firstOr(slotWords[key], key) }

func (cmd DigestSlots) Run(a *app) error {
	return a.with(func(c *Config, d *db.DB) error {
		found, err := digest.Slots(a.ctx, d, cmd.Name, cmd.Limit)
		if err != nil {
			return err
		}
		var lines []decisionJSON
		for _, s := range found {
			lines = append(lines, c.decisionJSON(s))
		}
		return emit(a, lines,
			column[decisionJSON]{title: "Digest", value: func(x decisionJSON) any { return x.Digest }},
			column[decisionJSON]{title: "Slot", value: func(x decisionJSON) any { return x.Slot }},
			column[decisionJSON]{title: "In its zone", value: func(x decisionJSON) any { return x.At }},
			column[decisionJSON]{title: "UTC", value: func(x decisionJSON) any { return x.UTC }},
			column[decisionJSON]{title: "State", value: func(x decisionJSON) any { return slotWord(x.State) }},
			column[decisionJSON]{title: "Cause", value: func(x decisionJSON) any { return slotWord(x.Cause) }},
			column[decisionJSON]{title: "Decided", value: func(x decisionJSON) any { return x.Decided }},
			column[decisionJSON]{title: "Reason", value: func(x decisionJSON) any { return firstOr(x.Reason, "on time") }, width: 80})
	})
}

func (c *Config) decisionJSON(s digest.Decision) decisionJSON {
	line := decisionJSON{Digest: s.Digest, Slot: s.Slot.Name(), State: s.State, Cause: s.Cause, Reason: s.Reason, Decided: c.iso(s.At)}
	if s.Slot.At.IsZero() {
		return line
	}
	zone := c.Site.location
	if dg, err := c.findDigest(s.Digest); err == nil {
		zone = dg.Location
	}
	line.At, line.UTC = s.Slot.At.In(zone).Format(time.RFC3339), s.Slot.At.UTC().Format(time.RFC3339)
	return line
}

// DigestPause pauses a digest.
type DigestPause struct {
	Name    string `arg:"" help:"The digest."`
	Reason  string `help:"Why, for whoever asks." placeholder:"TEXT"`
	NowFlag `embed:""`
}

func (DigestPause) Help() string {
	return "Slots that come due meanwhile are recorded as skipped, and nobody catches them up. Letters that are written down already go out all the same: `vestnik mail pause` stops those. " +
		"`vestnik digest send` works nevertheless, and an editor may approve an edition that waited before."
}

func (cmd DigestPause) Run(a *app) error {
	return a.withNow(cmd.NowFlag, func(c *Config, d *db.DB, now time.Time) error {
		dg, err := c.findDigest(cmd.Name)
		if err != nil {
			return err
		}
		p := digest.Publisher{DB: d}
		done, err := p.Pause(a.ctx, dg, strings.Join(strings.Fields(cmd.Reason), " "), now)
		if err != nil {
			return err
		}
		if !done {
			pause, err := digest.Paused(a.ctx, d, dg.Name)
			if err != nil {
				return err
			}
			a.say("%s is %s already.", dg.Name, pausedWords(c, pause))
			return nil
		}
		a.say("%s is paused: no edition comes until `vestnik digest resume %s`.", dg.Name, dg.Name)
		return nil
	})
}

// DigestResume ends a pause.
type DigestResume struct {
	Name    string `arg:"" help:"The digest."`
	NowFlag `embed:""`
}

func (DigestResume) Help() string {
	return "The next edition begins where the last one ended, at most twice the digest's window back."
}

func (cmd DigestResume) Run(a *app) error {
	return a.withNow(cmd.NowFlag, func(c *Config, d *db.DB, now time.Time) error {
		dg, err := c.findDigest(cmd.Name)
		if err != nil {
			return err
		}
		done, err := digest.Publisher{DB: d}.Resume(a.ctx, dg, now)
		if err != nil {
			return err
		}
		if !done {
			a.say("%s is not paused.", dg.Name)
			return nil
		}
		next, err := dg.Next(now, 1)
		if err != nil {
			return err
		}
		if len(next) == 0 {
			a.say("%s goes on.", dg.Name)
			return nil
		}
		a.say("%s goes on: its next slot is %s, at %s.", dg.Name, next[0].Name(), next[0].At.In(dg.Location).Format(time.RFC3339))
		return nil
	})
}
