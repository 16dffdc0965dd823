package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"vestnik/db"
	"vestnik/digest"
	"vestnik/mail"
	"vestnik/subscribers"
)

// DigestCmd groups the verbs on digests.
type DigestCmd struct {
	List      DigestList      `cmd:"" help:"List the digests of the configuration."`
	Next      DigestNext      `cmd:"" help:"Show the coming slots by the digest's clock, in UTC and by the site's clock, and what the clock does to them."`
	Preview   DigestPreview   `cmd:"" help:"Show the edition of a slot: as it is frozen, else as it would be made now."`
	Test      DigestTest      `cmd:"" help:"Mail what preview shows to one address, now."`
	Send      DigestSend      `cmd:"" help:"Publish the slot last due, unless it is published already."`
	Editions  DigestEditions  `cmd:"" help:"List editions, newest first."`
	Approve   DigestApprove   `cmd:"" help:"Let an edition go out that waits for an editor."`
	Cancel    DigestCancel    `cmd:"" help:"Give up an edition that waits for an editor: it is not sent, and the next one covers its time."`
	Hold      DigestHold      `cmd:"" help:"Let the next edition wait for an editor, or give one that waits more time."`
	Edit      DigestEdit      `cmd:"" help:"Change an edition that waits for an editor: its note, order, headlines, subject; or drop an article."`
	Correct   DigestCorrect   `cmd:"" help:"Change an edition that is being or was sent, and tell exactly those who got the wrong one."`
	Revisions DigestRevisions `cmd:"" help:"What was changed in an edition, by whom, and how many letters are of which revision."`
	Articles  DigestArticles  `cmd:"" help:"What became of each article in digests that mail them as they are published."`
	Slots     DigestSlots     `cmd:"" help:"What became of every slot: sent, sent late, caught up, held, skipped or missed, and why."`
	Pause     DigestPause     `cmd:"" help:"No edition comes until resume; the slots are recorded as skipped."`
	Resume    DigestResume    `cmd:"" help:"Editions come again."`
	Form      DigestForm      `cmd:"" help:"Print the form to join as HTML to paste into another site."`
	Link      DigestLink      `cmd:"" help:"Print a link to the page on which an editor changes, approves or cancels an edition, for a chat."`
	Why       DigestWhy       `cmd:"" help:"Why an edition holds what it holds, and not something else, in words."`
	Render    DigestRender    `cmd:"" help:"Make the edition of a past slot anew, out of history."`
	Show      DigestShow      `cmd:"" help:"Show one edition: what is in it, why, and what became of its letters."`
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
	Waiting     string `json:"waiting,omitempty"`
	Paused      string `json:"paused,omitempty"`
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
			pause, err := digest.Paused(a.ctx, d, dg.Name)
			if err != nil {
				return err
			}
			line.Paused = pausedWords(c, pause)
			if line.Waiting, err = a.waiting(c, d, dg.Name); err != nil {
				return err
			}
			lines = append(lines, line)
		}
		return emit(a, lines,
			column[digestJSON]{title: "Name", value: func(x digestJSON) any { return x.Name }},
			column[digestJSON]{title: "Title", value: func(x digestJSON) any { return x.Title }, width: 40},
			column[digestJSON]{title: "Schedule", value: func(x digestJSON) any { return x.Schedule }},
			column[digestJSON]{title: "Zone", value: func(x digestJSON) any { return x.Timezone }},
			column[digestJSON]{title: "Next", value: func(x digestJSON) any { return firstOr(x.Paused, x.Next) }},
			column[digestJSON]{title: "Last edition", value: func(x digestJSON) any { return x.Last }},
			column[digestJSON]{title: "Waits for an editor", value: func(x digestJSON) any { return x.Waiting }},
			column[digestJSON]{title: "Subscribers", value: func(x digestJSON) any { return x.Subscribers }, right: true})
	})
}

// SlotFlags name a slot of a digest.
type SlotFlags struct {
	Name    string `arg:"" help:"The digest."`
	Slot    string `help:"The slot, as 2026-11-24T0800; default: the one last due." placeholder:"SLOT"`
	NowFlag `embed:""`
}

// digest is the one named, and the time.
func (f SlotFlags) digest(c *Config) (dg digest.Digest, now time.Time, err error) {
	if now, err = f.time(c); err == nil {
		dg, err = c.findDigest(f.Name)
	}
	return dg, now, err
}

func (f SlotFlags) find(ctx context.Context, h db.Handle, c *Config) (dg digest.Digest, slot digest.Slot, now time.Time, err error) {
	if dg, now, err = f.digest(c); err != nil {
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
	SlotFlags   `embed:""`
	HTML        bool `name:"html" help:"Print the letter's HTML part." xor:"part"`
	Text        bool `help:"Print the letter's text part (the default)." xor:"part"`
	LetterFlags `embed:""`
	Language    string `help:"Of the letter: ${enum}; default is the digest's." enum:"default,ru,en" default:"default" placeholder:"LANGUAGE"`
	Article     string `help:"Not a list but this article, by its slug, as digest send --article mails it." placeholder:"SLUG"`
}

type previewJSON struct {
	Digest   string     `json:"digest"`
	Slot     string     `json:"slot"`
	Revision int64      `json:"revision,omitempty"`
	From     string     `json:"from"`
	To       string     `json:"to"`
	Subject  string     `json:"subject"`
	Note     string     `json:"note,omitempty"`
	Items    []itemJSON `json:"items"`
	Related  []linkJSON `json:"related"`
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
		if cmd.Article != "" {
			return cmd.article(a, c, d)
		}
		dg, slot, now, err := cmd.find(a.ctx, d, c)
		if err != nil {
			return err
		}
		set, err := c.templates()
		if err != nil {
			return err
		}
		view, letter, err := c.publisher(d, set, a.logger()).Preview(a.ctx, dg, slot, cmd.wanted(cmd.Language), now)
		var skip digest.Skip
		if err != nil && !errors.As(err, &skip) {
			return err
		}
		return a.printPreview(dg, slot.Name(), view, letter, string(skip), cmd.HTML)
	})
}

// DigestTest mails one letter.
type DigestTest struct {
	SlotFlags    `embed:""`
	ArticleFlags `embed:""`
	To           string `required:"" help:"Where to." placeholder:"ADDR"`
	LetterFlags  `embed:""`
	Language     string `help:"Of the letter: ${enum}; default is the digest's." enum:"default,ru,en" default:"default" placeholder:"LANGUAGE"`
}

func (cmd DigestTest) Run(a *app) error {
	return a.with(func(c *Config, d *db.DB) error {
		if err := a.home(d); err != nil {
			return err
		}
		log := a.logger()
		letter, now, err := cmd.letter(a, c, d, log)
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

// letter writes down the letter to send, of a slot or of one article.
func (cmd DigestTest) letter(a *app, c *Config, d *db.DB, log *slog.Logger) (letter mail.Letter, now time.Time, err error) {
	set, err := c.templates()
	if err != nil {
		return letter, now, err
	}
	p := c.publisher(d, set, log)
	if cmd.Article != "" {
		dg, now, err := cmd.digest(c)
		if err != nil {
			return letter, now, err
		}
		letter, err = p.TestArticle(a.ctx, dg, cmd.one(false), unlessDefault(cmd.Language), cmd.To, now)
		return letter, now, err
	}
	dg, slot, now, err := cmd.find(a.ctx, d, c)
	if err == nil {
		letter, err = p.Test(a.ctx, dg, slot, cmd.wanted(cmd.Language), cmd.To, now)
	}
	return letter, now, err
}

// DigestSend publishes.
type DigestSend struct {
	Name         string `arg:"" help:"The digest."`
	ArticleFlags `embed:""`
	Preview      bool `help:"With --article: show what would be mailed, and mail nothing."`
	Extra        bool `help:"An extra edition for this minute, beside the schedule; with --article, though the digest mailed it before."`
	NowFlag      `embed:""`
}

func (cmd DigestSend) Run(a *app) error {
	return a.withNow(cmd.NowFlag, func(c *Config, d *db.DB, now time.Time) error {
		if err := a.home(d); err != nil {
			return err
		}
		dg, err := c.findDigest(cmd.Name)
		if err != nil {
			return err
		}
		set, err := c.templates()
		if err != nil {
			return err
		}
		p := c.publisher(d, set, a.logger())
		if cmd.Article != "" {
			return cmd.article(a, p, d, dg, now)
		}
		if err := cmd.check(); err != nil {
			return err
		}
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
