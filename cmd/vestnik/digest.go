package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"vestnik/db"
	"vestnik/digest"
	"vestnik/mail"
	"vestnik/subscribers"
)

// DigestCmd groups the verbs on digests.
type DigestCmd struct {
	List     DigestList     `cmd:"" help:"List the digests of the configuration."`
	Next     DigestNext     `cmd:"" help:"Show the coming slots, in the digest's zone and in UTC."`
	Preview  DigestPreview  `cmd:"" help:"Show the edition of a slot: as it is frozen, else as it would be made now."`
	Test     DigestTest     `cmd:"" help:"Mail what preview shows to one address, now."`
	Send     DigestSend     `cmd:"" help:"Publish the slot last due, unless it is published already."`
	Editions DigestEditions `cmd:"" help:"List editions, newest first."`
	Slots    DigestSlots    `cmd:"" help:"What became of every slot: published, skipped or missed, and why."`
	Form     DigestForm     `cmd:"" help:"Print the form to join as HTML to paste into another site."`
	Show     DigestShow     `cmd:"" help:"Show one edition: what is in it, why, and what became of its letters."`
}

// DigestList lists them.
type DigestList struct{}

type digestJSON struct {
	Name        string `json:"name"`
	Title       string `json:"title"`
	Schedule    string `json:"schedule"`
	Timezone    string `json:"timezone"`
	Next        string `json:"next"`
	Subscribers int64  `json:"subscribers"`
	Last        string `json:"last"`
}

func (DigestList) Run(a *app) error {
	return a.with(func(c *Config, d *db.DB) error {
		counts, err := activeCounts(a.ctx, d)
		if err != nil {
			return err
		}
		var lines []digestJSON
		for _, dg := range c.digests() {
			line := digestJSON{Name: dg.Name, Title: dg.Title, Schedule: dg.Schedule, Timezone: dg.Location.String(), Subscribers: counts[dg.Name]}
			next, err := dg.Next(time.Now(), 1)
			if err != nil {
				return err
			}
			if len(next) > 0 {
				line.Next = next[0].At.Format(time.RFC3339)
			}
			last, err := digest.Editions(a.ctx, d, dg.Name, 1)
			if err != nil {
				return err
			}
			if len(last) > 0 {
				line.Last = last[0].Slot.Name()
			}
			lines = append(lines, line)
		}
		return emit(a, lines,
			column[digestJSON]{title: "Name", value: func(x digestJSON) any { return x.Name }},
			column[digestJSON]{title: "Title", value: func(x digestJSON) any { return x.Title }, width: 40},
			column[digestJSON]{title: "Schedule", value: func(x digestJSON) any { return x.Schedule }},
			column[digestJSON]{title: "Zone", value: func(x digestJSON) any { return x.Timezone }},
			column[digestJSON]{title: "Next", value: func(x digestJSON) any { return x.Next }},
			column[digestJSON]{title: "Last edition", value: func(x digestJSON) any { return x.Last }},
			column[digestJSON]{title: "Subscribers", value: func(x digestJSON) any { return x.Subscribers }, right: true})
	})
}

// DigestNext shows coming slots.
type DigestNext struct {
	Name    string `arg:"" optional:"" help:"The digest; all when none is named."`
	Count   int    `default:"5" help:"How many of each."`
	NowFlag `embed:""`
}

type slotJSON struct {
	Digest string `json:"digest"`
	Slot   string `json:"slot"`
	At     string `json:"at"`
	UTC    string `json:"utc"`
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
			slots, err := dg.Next(now, cmd.Count)
			if err != nil {
				return err
			}
			for _, s := range slots {
				lines = append(lines, slotJSON{dg.Name, s.Name(), s.At.In(dg.Location).Format(time.RFC3339), s.At.UTC().Format(time.RFC3339)})
			}
		}
		return emit(a, lines,
			column[slotJSON]{title: "Digest", value: func(x slotJSON) any { return x.Digest }},
			column[slotJSON]{title: "Slot", value: func(x slotJSON) any { return x.Slot }},
			column[slotJSON]{title: "In its zone", value: func(x slotJSON) any { return x.At }},
			column[slotJSON]{title: "UTC", value: func(x slotJSON) any { return x.UTC }})
	})
}

// SlotFlags name a slot of a digest.
type SlotFlags struct {
	Name    string `arg:"" help:"The digest."`
	Slot    string `help:"The slot, as 2026-11-24T0800; default: the one last due." placeholder:"SLOT"`
	NowFlag `embed:""`
}

func (f SlotFlags) find(ctx context.Context, h db.Handle, c *Config) (dg digest.Digest, slot digest.Slot, now time.Time, err error) {
	if now, err = f.time(c); err != nil {
		return dg, slot, now, err
	}
	if dg, err = c.findDigest(f.Name); err != nil {
		return dg, slot, now, err
	}
	if f.Slot != "" {
		slot, err = findSlot(ctx, h, dg, f.Slot)
		return dg, slot, now, err
	}
	slot, err = dg.Last(now)
	return dg, slot, now, err
}

// findSlot is the slot of that name: one of the schedule, or one that has an edition.
func findSlot(ctx context.Context, h db.Handle, dg digest.Digest, name string) (digest.Slot, error) {
	slot, err := digest.ParseSlot(name, dg.Location)
	if err != nil {
		return slot, usageError(err.Error())
	}
	next, err := dg.Next(slot.At.Add(-time.Second), 1)
	if err != nil || len(next) > 0 && next[0].Name() == slot.Name() {
		return slot, err
	}
	if _, err := digest.FindEdition(ctx, h, dg.Name, name); !errors.Is(err, digest.ErrNotFound) {
		return slot, err
	}
	return slot, usageError(fmt.Sprintf("%s has no slot %s; `vestnik digest next %s` shows the coming ones, `vestnik digest slots %s` the past", dg.Name, name, dg.Name, dg.Name))
}

// DigestPreview previews.
type DigestPreview struct {
	SlotFlags `embed:""`
	HTML      bool   `name:"html" help:"Print the letter's HTML part." xor:"part"`
	Text      bool   `help:"Print the letter's text part (the default)." xor:"part"`
	Language  string `help:"Of the letter: ${enum}; default is the digest's." enum:"default,ru,en" default:"default" placeholder:"LANGUAGE"`
}

type previewJSON struct {
	Digest  string     `json:"digest"`
	Slot    string     `json:"slot"`
	From    string     `json:"from"`
	To      string     `json:"to"`
	Subject string     `json:"subject"`
	Note    string     `json:"note,omitempty"`
	Items   []itemJSON `json:"items"`
	Related []linkJSON `json:"related"`
}

type itemJSON struct {
	Rank   int     `json:"rank"`
	Slug   string  `json:"slug"`
	Title  string  `json:"title"`
	Reads  int64   `json:"reads"`
	Score  float64 `json:"score"`
	Reason string  `json:"reason"`
}

type linkJSON struct {
	Title string `json:"title"`
	URL   string `json:"url"`
}

func (cmd DigestPreview) Run(a *app) error {
	return a.with(func(c *Config, d *db.DB) error {
		dg, slot, now, err := cmd.find(a.ctx, d, c)
		if err != nil {
			return err
		}
		set, err := c.templates()
		if err != nil {
			return err
		}
		view, letter, err := c.publisher(d, set, a.logger()).Preview(a.ctx, dg, slot, unlessDefault(cmd.Language), now)
		var skip digest.Skip
		if err != nil && !errors.As(err, &skip) {
			return err
		}
		if a.json {
			line := previewJSON{Digest: dg.Name, Slot: slot.Name(), From: view.From.Format(time.RFC3339), To: view.Until.Format(time.RFC3339),
				Subject: letter.Subject, Note: string(skip), Items: []itemJSON{}, Related: []linkJSON{}}
			for _, i := range view.Items {
				line.Items = append(line.Items, itemJSON{i.Rank, i.Slug, i.Title, i.Reads, i.Score, i.Reason})
			}
			for _, r := range view.Related {
				line.Related = append(line.Related, linkJSON{r.Title, r.URL})
			}
			return emit(a, []previewJSON{line})
		}
		if skip != "" {
			fmt.Fprintf(a.err, "note: this slot would be skipped: %s\n", skip)
		}
		if cmd.HTML {
			_, err = fmt.Fprintln(a.out, letter.HTML)
			return err
		}
		_, err = fmt.Fprintf(a.out, "Subject: %s\n\n%s\n", letter.Subject, letter.Text)
		return err
	})
}

// DigestTest mails one letter.
type DigestTest struct {
	SlotFlags `embed:""`
	To        string `required:"" help:"Where to." placeholder:"ADDR"`
	Language  string `help:"Of the letter: ${enum}; default is the digest's." enum:"default,ru,en" default:"default" placeholder:"LANGUAGE"`
}

func (cmd DigestTest) Run(a *app) error {
	return a.with(func(c *Config, d *db.DB) error {
		dg, slot, now, err := cmd.find(a.ctx, d, c)
		if err != nil {
			return err
		}
		set, err := c.templates()
		if err != nil {
			return err
		}
		log := a.logger()
		letter, err := c.publisher(d, set, log).Test(a.ctx, dg, slot, unlessDefault(cmd.Language), cmd.To, now)
		if err != nil {
			return err
		}
		sender, err := c.sender(d, log)
		if err != nil {
			return err
		}
		defer sender.Close()
		if letter, err = sender.SendOne(a.ctx, letter, now); err != nil {
			return err
		}
		if letter.State != mail.StateSent {
			return fmt.Errorf("the letter to %s is %s: %s", cmd.To, letter.State, firstOr(letter.Reply, firstOr(letter.Reason, "no reason is known")))
		}
		a.say("Accepted by the relay for %s: %s", cmd.To, letter.Reply)
		return nil
	})
}

// DigestSend publishes.
type DigestSend struct {
	Name    string `arg:"" help:"The digest."`
	Extra   bool   `help:"An extra edition for this minute, beside the schedule."`
	NowFlag `embed:""`
}

func (cmd DigestSend) Run(a *app) error {
	return a.withNow(cmd.NowFlag, func(c *Config, d *db.DB, now time.Time) error {
		dg, err := c.findDigest(cmd.Name)
		if err != nil {
			return err
		}
		set, err := c.templates()
		if err != nil {
			return err
		}
		p := c.publisher(d, set, a.logger())
		e, outcome, err := p.Send(a.ctx, dg, now, cmd.Extra)
		if err != nil {
			return err
		}
		if e.ID == 0 {
			a.say("%s %s: %s: %s", dg.Name, e.Slot.Name(), outcome, e.Reason)
			return nil
		}
		for done := outcome == digest.Already; !done; {
			if done, err = p.Enqueue(a.ctx, e.ID, now); err != nil {
				return err
			}
		}
		return a.reportSent(d, e, outcome)
	})
}

func (a *app) reportSent(d *db.DB, e digest.Edition, outcome digest.Outcome) error {
	b, err := mail.BalanceOf(a.ctx, d, mail.KindDigest, e.ID)
	if err != nil {
		return err
	}
	if a.json {
		return emit(a, []balanceJSON{balanceLine(b, e.Slot.Name())})
	}
	a.say("%s %s: %s, %s.", e.Digest, e.Slot.Name(), outcome, count(int(b.Recipients), "letter"))
	if outcome == digest.Published && b.Queued > 0 {
		a.say("The daemon (vestnik serve) sends them; `vestnik mail status` shows how it goes.")
	}
	return nil
}

// DigestEditions lists editions.
type DigestEditions struct {
	Name  string `arg:"" optional:"" help:"The digest; all when none is named."`
	Limit int    `default:"20" help:"At most so many."`
}

type editionJSON struct {
	Digest     string     `json:"digest"`
	Edition    string     `json:"edition"`
	State      string     `json:"state"`
	Subject    string     `json:"subject"`
	Recipients int64      `json:"recipients"`
	From       string     `json:"from"`
	To         string     `json:"to"`
	Made       string     `json:"made"`
	Note       string     `json:"note"`
	Items      []itemJSON `json:"items,omitempty"`
}

func (c *Config) editionJSON(e digest.Edition) editionJSON {
	return editionJSON{Digest: e.Digest, Edition: e.Slot.Name(), State: e.State, Subject: e.Subject, Recipients: e.Recipients,
		From: c.iso(e.Start), To: c.iso(e.Until), Made: c.iso(e.Made), Note: e.Reason}
}

func (cmd DigestEditions) Run(a *app) error {
	return a.with(func(c *Config, d *db.DB) error {
		found, err := digest.Editions(a.ctx, d, cmd.Name, cmd.Limit)
		if err != nil {
			return err
		}
		var lines []editionJSON
		for _, e := range found {
			lines = append(lines, c.editionJSON(e))
		}
		return emit(a, lines,
			column[editionJSON]{title: "Digest", value: func(x editionJSON) any { return x.Digest }},
			column[editionJSON]{title: "Edition", value: func(x editionJSON) any { return x.Edition }},
			column[editionJSON]{title: "State", value: func(x editionJSON) any { return x.State }},
			column[editionJSON]{title: "Recipients", value: func(x editionJSON) any { return x.Recipients }, right: true},
			column[editionJSON]{title: "Subject", value: func(x editionJSON) any { return x.Subject }, width: 70},
			column[editionJSON]{title: "Note", value: func(x editionJSON) any { return x.Note }, width: 60})
	})
}

// DigestSlots lists what became of slots.
type DigestSlots struct {
	Name  string `arg:"" optional:"" help:"The digest; all when none is named."`
	Limit int    `default:"20" help:"At most so many."`
}

type decisionJSON struct {
	Digest string `json:"digest"`
	Slot   string `json:"slot"`
	State  string `json:"state"`
	Reason string `json:"reason"`
	At     string `json:"at"`
}

func (cmd DigestSlots) Run(a *app) error {
	return a.with(func(c *Config, d *db.DB) error {
		found, err := digest.Slots(a.ctx, d, cmd.Name, cmd.Limit)
		if err != nil {
			return err
		}
		var lines []decisionJSON
		for _, s := range found {
			lines = append(lines, decisionJSON{s.Digest, s.Slot.Name(), s.State, s.Reason, c.iso(s.At)})
		}
		return emit(a, lines,
			column[decisionJSON]{title: "Digest", value: func(x decisionJSON) any { return x.Digest }},
			column[decisionJSON]{title: "Slot", value: func(x decisionJSON) any { return x.Slot }},
			column[decisionJSON]{title: "State", value: func(x decisionJSON) any { return x.State }},
			column[decisionJSON]{title: "Decided", value: func(x decisionJSON) any { return x.At }},
			column[decisionJSON]{title: "Reason", value: func(x decisionJSON) any { return x.Reason }, width: 80})
	})
}

// DigestShow shows one edition.
type DigestShow struct {
	Name    string `arg:"" help:"The digest."`
	Edition string `arg:"" optional:"" help:"The edition, as 2026-11-24T0800; default: the newest."`
}

func (cmd DigestShow) Run(a *app) error {
	return a.with(func(c *Config, d *db.DB) error {
		name := cmd.Edition
		if name == "" {
			newest, err := digest.Editions(a.ctx, d, cmd.Name, 1)
			if err != nil {
				return err
			}
			if len(newest) == 0 {
				return fmt.Errorf("%s has no edition yet; `vestnik digest next %s` shows when one comes", cmd.Name, cmd.Name)
			}
			name = newest[0].Slot.Name()
		}
		e, err := digest.FindEdition(a.ctx, d, cmd.Name, name)
		if err != nil {
			return err
		}
		line := c.editionJSON(e)
		for _, i := range e.View.Items {
			line.Items = append(line.Items, itemJSON{i.Rank, i.Slug, i.Title, i.Reads, i.Score, i.Reason})
		}
		if a.json {
			return emit(a, []editionJSON{line})
		}
		return a.showEdition(c, d, e, line)
	})
}

func (a *app) showEdition(c *Config, d *db.DB, e digest.Edition, line editionJSON) error {
	for _, f := range [][2]string{{"Digest", line.Digest}, {"Edition", line.Edition}, {"State", line.State}, {"Note", line.Note}, {"Subject", line.Subject},
		{"Reads from", c.stamp(e.Start)}, {"until", c.stamp(e.Until)}, {"Made", c.stamp(e.Made)}, {"Page", e.View.URL}} {
		if f[1] != "" {
			fmt.Fprintf(a.out, "%-11s %s\n", f[0], f[1])
		}
	}
	fmt.Fprintln(a.out)
	if err := emit(a, line.Items,
		column[itemJSON]{title: "Rank", value: func(x itemJSON) any { return x.Rank }, right: true},
		column[itemJSON]{title: "Reads", value: func(x itemJSON) any { return x.Reads }, right: true},
		column[itemJSON]{title: "Score", value: func(x itemJSON) any { return strconv.FormatFloat(x.Score, 'f', 1, 64) }, right: true},
		column[itemJSON]{title: "Reason", value: func(x itemJSON) any { return x.Reason }},
		column[itemJSON]{title: "Title", value: func(x itemJSON) any { return x.Title }, width: 80}); err != nil {
		return err
	}
	b, err := mail.BalanceOf(a.ctx, d, mail.KindDigest, e.ID)
	if err != nil {
		return err
	}
	fmt.Fprintln(a.out)
	return emit(a, []balanceJSON{balanceLine(b, e.Slot.Name())}, balanceColumns()...)
}

// editionNames are the slot names of all editions by their ids, for tables of letters.
func editionNames(ctx context.Context, h db.Handle) (map[int64]string, error) {
	all, err := digest.Editions(ctx, h, "", 0)
	if err != nil {
		return nil, err
	}
	names := map[int64]string{}
	for _, e := range all {
		names[e.ID] = e.Slot.Name()
	}
	return names, nil
}

func (a *app) verifyEdition(d *db.DB, name, edition string) error {
	e, err := digest.FindEdition(a.ctx, d, name, edition)
	if err != nil {
		return err
	}
	v, err := mail.Verify(a.ctx, d, e.ID)
	if err != nil {
		return err
	}
	if err := emit(a, []balanceJSON{balanceLine(v.Balance, edition)}, balanceColumns()...); err != nil {
		return err
	}
	if len(v.Problems) > 0 {
		return fmt.Errorf("%s %s: %s", name, edition, strings.Join(v.Problems, "; "))
	}
	a.say("The balance adds up.")
	return nil
}

// activeCounts is how many subscribers each digest has.
func activeCounts(ctx context.Context, h db.Handle) (map[string]int64, error) {
	totals, err := subscribers.Count(ctx, h)
	if err != nil {
		return nil, err
	}
	counts := map[string]int64{}
	for _, t := range totals {
		if t.State == subscribers.Active {
			counts[t.Digest] = t.N
		}
	}
	return counts, nil
}
