package main

import (
	"errors"
	"fmt"
	"time"

	"vestnik/db"
	"vestnik/digest"
	"vestnik/language"
	"vestnik/templates"
)

// DigestRender replays an edition.
type DigestRender struct {
	Name     string `arg:"" help:"The digest."`
	AsOf     string `name:"as-of" required:"" help:"A time (RFC 3339, or a date in the site's zone): the edition of the slot last due then." placeholder:"TIME"`
	HTML     bool   `name:"html" help:"Print the letter's HTML part." xor:"part"`
	Text     bool   `help:"Print the letter's text part (the default)." xor:"part"`
	Language string `help:"Of the letter: ${enum}; default is the digest's." enum:"default,ru,en" default:"default" placeholder:"LANGUAGE"`
}

// Help tells what history knows.
func (DigestRender) Help() string {
	return `The edition is made anew out of history, also where there is one: of the reads that were counted in its time, of the articles that were published
at the time named, of the pins and exclusions made by then, and after the editions that came before it. Nothing is written; what was really sent shows
` + "`vestnik digest preview NAME --slot SLOT`" + `.

What was not kept cannot be replayed: headlines, texts and what is related are as they are now, and so is the configuration; articles that were removed for
good are left out, and pins and exclusions that were taken back are as if they had never been. Reads of more than 400 days ago are known by the day
(UTC), not by the hour.`
}

func (cmd DigestRender) Run(a *app) error {
	return a.with(func(c *Config, d *db.DB) error {
		at, ok := language.ParseDate(cmd.AsOf, c.Site.location)
		if !ok {
			return usageError(fmt.Sprintf("--as-of %q: write it as 2026-03-02T08:00:00+11:00 or 2026-03-02 08:00", cmd.AsOf))
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
		slot, view, err := p.Replay(a.ctx, dg, at)
		var skip digest.Skip
		if err != nil && !errors.As(err, &skip) {
			return err
		}
		if len(view.Items) == 0 {
			return fmt.Errorf("%s %s: %w", dg.Name, slot.Name(), err)
		}
		letter, err := p.Sample(dg, view, unlessDefault(cmd.Language))
		if err != nil {
			return err
		}
		return a.printPreview(dg, slot.Name(), view, letter, string(skip), cmd.HTML)
	})
}

// printPreview prints an edition that is not sent by this; skip says why it would not be.
func (a *app) printPreview(dg digest.Digest, slot string, view templates.EditionView, letter templates.Letter, skip string, html bool) error {
	if a.json {
		line := previewJSON{Digest: dg.Name, Slot: slot, Revision: view.Revision, From: view.From.Format(time.RFC3339), To: view.Until.Format(time.RFC3339),
			Subject: letter.Subject, Note: skip, Items: []itemJSON{}, Related: []linkJSON{}}
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
	if len(view.Items) == 0 {
		return nil // there is no letter to show
	}
	if html {
		_, err := fmt.Fprintln(a.out, letter.HTML)
		return err
	}
	_, err := fmt.Fprintf(a.out, "Subject: %s\n\n%s\n", letter.Subject, letter.Text)
	return err
}
