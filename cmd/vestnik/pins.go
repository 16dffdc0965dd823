package main

import (
	"fmt"
	"time"

	"vestnik/articles"
	"vestnik/db"
	"vestnik/language"
	"vestnik/reads"
)

// ArticlesPin pins.
type ArticlesPin struct {
	Slug    string `arg:"" help:"As articles list prints it."`
	Place   int    `help:"From 1." default:"1" placeholder:"N"`
	Until   string `help:"When it ends: RFC 3339, or a date in the site's zone; without it, by --undo." placeholder:"TIME"`
	Undo    bool   `help:"Take the pin back."`
	NowFlag `embed:""`
}

func (cmd ArticlesPin) Run(a *app) error {
	return a.withNow(cmd.NowFlag, func(c *Config, d *db.DB, now time.Time) error {
		x, err := articles.Find(a.ctx, d, cmd.Slug)
		if err != nil {
			return err
		}
		if cmd.Undo {
			done, err := reads.RemovePin(a.ctx, d, x.ID)
			a.sayIf(err == nil, done, x.Slug+": no longer pinned", x.Slug+": was not pinned")
			return err
		}
		pin := reads.Pin{Article: x.ID, Place: cmd.Place}
		if cmd.Until != "" {
			var ok bool
			if pin.Until, ok = language.ParseDate(cmd.Until, c.Site.location); !ok || !pin.Until.After(now) {
				return usageError(fmt.Sprintf("--until %q: write a time to come, as 2026-03-02 or 2026-03-02T08:00:00+11:00", cmd.Until))
			}
		}
		if err := reads.SetPin(a.ctx, d, pin, now); err != nil {
			return err
		}
		end := "until it is taken back with --undo"
		if !pin.Until.IsZero() {
			end = "until " + c.stamp(pin.Until)
		}
		a.say("%s: pinned to place %d %s", x.Slug, pin.Place, end)
		return nil
	})
}

// ArticlesExclude excludes.
type ArticlesExclude struct {
	Slug    string `arg:"" help:"As articles list prints it."`
	Undo    bool   `help:"Let it in again."`
	NowFlag `embed:""`
}

func (cmd ArticlesExclude) Run(a *app) error {
	return a.withNow(cmd.NowFlag, func(c *Config, d *db.DB, now time.Time) error {
		x, err := articles.Find(a.ctx, d, cmd.Slug)
		if err != nil {
			return err
		}
		if cmd.Undo {
			done, err := reads.Include(a.ctx, d, x.ID)
			a.sayIf(err == nil, done, x.Slug+": may be among the most read again", x.Slug+": was not excluded")
			return err
		}
		done, err := reads.Exclude(a.ctx, d, x.ID, now)
		a.sayIf(err == nil, done, x.Slug+": excluded from the lists of the most read", x.Slug+": was excluded already")
		return err
	})
}

// sayIf says what was done, or that there was nothing to do.
func (a *app) sayIf(ok, done bool, yes, no string) {
	if ok && done {
		a.say("%s", yes)
	} else if ok {
		a.say("%s", no)
	}
}
