package main

import (
	"database/sql"
	"maps"
	"slices"
	"strings"
	"time"

	"vestnik/db"
	"vestnik/subscribers"
	"vestnik/subscribers/limits"
	"vestnik/templates"
)

// limits are those of the configuration's [join].
func (c *Config) limits() limits.Limits {
	return limits.Limits{Network: c.Join.PerNetwork, Domain: c.Join.PerDomain, All: c.Join.PerHour,
		Again: time.Duration(c.Join.Again), Day: c.Join.PerDay, Month: c.Join.PerMonth}
}

// SubscribersBlock bars an address from confirmation letters.
type SubscribersBlock struct {
	Address string `arg:"" name:"addr" help:"E-mail address."`
	Undo    bool   `help:"Let confirmation letters go there again."`
}

type blockJSON struct {
	Email   string `json:"email"`
	Blocked bool   `json:"blocked"`
	Changed bool   `json:"changed"`
}

func (cmd SubscribersBlock) Run(a *app) error {
	return a.with(func(c *Config, d *db.DB) error {
		verbs := c.verbs(nil)
		var was bool
		err := d.Tx(a.ctx, func(tx *sql.Tx) (err error) {
			if cmd.Undo {
				was, err = verbs.Unblock(a.ctx, tx, cmd.Address, subscribers.Origin{}, time.Now())
				return err
			}
			if was, err = verbs.Blocked(a.ctx, tx, cmd.Address); err != nil {
				return err
			}
			return verbs.Block(a.ctx, tx, cmd.Address, time.Now())
		})
		if err != nil || a.json {
			return firstError(err, func() error { return emit(a, []blockJSON{{cmd.Address, !cmd.Undo, cmd.Undo == was}}) })
		}
		a.say("%s %s.", cmd.Address, cmd.words(was))
		return nil
	})
}

// words say what became of an address that was blocked before, or was not.
func (cmd SubscribersBlock) words(was bool) string {
	switch {
	case cmd.Undo && was:
		return "gets confirmation letters again"
	case cmd.Undo:
		return "was not blocked"
	}
	return "gets no more confirmation letters"
}

type refusedJSON struct {
	Refused string `json:"refused"`
	N       int64  `json:"n"`
}

// printRefused prints how many requests to join got no letter, by reason, if there were any.
func (a *app) printRefused(d *db.DB, since time.Time) error {
	refused, err := limits.Refused(a.ctx, d, since)
	if err != nil || len(refused) == 0 {
		return err
	}
	var lines []refusedJSON
	for _, reason := range slices.Sorted(maps.Keys(refused)) {
		lines = append(lines, refusedJSON{reason, refused[reason]})
	}
	a.say("") // the table follows others
	return emit(a, lines,
		column[refusedJSON]{title: "Requests to join that got no letter", value: func(r refusedJSON) any { return r.words() }},
		column[refusedJSON]{title: "Since " + since.UTC().Format(time.DateOnly), value: func(r refusedJSON) any { return r.N }, right: true})
}

// words say what a reason means.
func (r refusedJSON) words() string {
	return map[string]string{
		limits.Network: "network: too many forms from one network", limits.Domain: "domain: too many addresses of one domain",
		limits.All: "total: too many requests in an hour", limits.Address: "address: asked for lately, or too often",
		"active": "active: it has the digest already", "blocked": "blocked: its owner said that it was not them",
		"suppressed": "suppressed: it must not be mailed", "malformed": "malformed: no address",
		subscribers.RefusedTrap: "trap: a program filled in the hidden field", subscribers.RefusedFast: "fast: filled in within no time",
		subscribers.RefusedStale: "stale: a form forged, or too old",
	}[r.Refused]
}

// DigestForm prints what another site pastes.
type DigestForm struct {
	Name     string `arg:"" help:"Digest."`
	Frame    bool   `help:"A frame that shows our form, which takes one press; without it, plain HTML that fits the other site and leads here for a second one."`
	Language string `help:"Of the form: ${enum}; default is the digest's." enum:"default,ru,en" default:"default" placeholder:"LANGUAGE"`
}

// frameHeight holds the form on a phone, with a sentence about a wrong address.
const frameHeight = 400

func (cmd DigestForm) Run(a *app) error {
	c, err := LoadConfig(a.config)
	if err != nil {
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
	language := unlessDefault(cmd.Language)
	p := templates.Page{Site: c.site(), Language: language, Digest: &templates.DigestAbout{
		Name: dg.Name, Title: dg.Title, Trap: subscribers.Trap, Framed: cmd.Frame, Query: language, Height: frameHeight}}
	if language == "" {
		p.Language = dg.Language
	}
	var html strings.Builder
	if err := set.Page(&html, "snippet.html", p); err != nil {
		return err
	}
	return a.printHTML(strings.TrimSpace(html.String()))
}

type formJSON struct {
	HTML string `json:"html"`
}

func (a *app) printHTML(html string) error {
	if a.json {
		return emit(a, []formJSON{{html}})
	}
	_, err := a.out.Write([]byte(html + "\n"))
	return err
}
