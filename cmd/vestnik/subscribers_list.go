package main

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"vestnik/db"
	"vestnik/language"
	"vestnik/subscribers"
	"vestnik/subscribers/consent"
)

// FilterFlags choose subscribers.
type FilterFlags struct {
	State   string `help:"Only in this state: ${enum}." enum:"any,pending,active,paused,left,suppressed" default:"any" placeholder:"STATE"`
	Digest  string `help:"Only of this digest." placeholder:"NAME"`
	Section string `help:"Only who chose this section (its slug); who gets all sections did not." placeholder:"SLUG"`
	Domain  string `help:"Only addresses of this domain, as example.org or пример.рф." placeholder:"DOMAIN"`
	Search  string `help:"Only addresses that begin like this." placeholder:"TEXT"`
	Since   string `help:"Only who has been in the --state since this date or later; without --state, who was added then or later." placeholder:"DATE"`
	Until   string `help:"The same, but before this date." placeholder:"DATE"`
}

// filter is what the flags mean. A digest that is neither configured nor anybody's is refused: "0 of dayly" would be taken for true.
func (f FilterFlags) filter(ctx context.Context, c *Config, h db.Handle) (l subscribers.ListFilter, err error) {
	l = subscribers.ListFilter{State: unlessAny(f.State), Digest: f.Digest, Section: f.Section, Domain: f.Domain, Search: f.Search}
	if l.Since, err = c.date("--since", f.Since); err == nil {
		l.Until, err = c.date("--until", f.Until)
	}
	if err == nil && f.Domain != "" {
		if _, _, bad := subscribers.ParseAddress("x@" + strings.TrimPrefix(f.Domain, "@")); bad != nil {
			err = usageError(fmt.Sprintf("--domain %q: write the whole domain, as example.org", f.Domain))
		}
	}
	if err != nil || f.Digest == "" || slices.Contains(c.digestNames(), f.Digest) {
		return l, err
	}
	used, err := subscribers.DigestInUse(ctx, h, f.Digest)
	if err == nil && !used {
		err = usageError(fmt.Sprintf("--digest %q: no such digest; configured: %s", f.Digest, strings.Join(c.digestNames(), ", ")))
	}
	return l, err
}

func (c *Config) digestNames() (names []string) {
	for _, d := range c.Digests {
		names = append(names, d.Name)
	}
	return names
}

// chosen reports whether a flag beside --digest chooses anybody.
func (f FilterFlags) chosen() bool {
	f.Digest = ""
	return f != FilterFlags{State: "any"} && f != FilterFlags{}
}

// date reads a flag's date, midnight in the site's zone if it has no time; "" is the zero time.
func (c *Config) date(flag, s string) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	t, ok := language.ParseDate(s, c.Site.location)
	if !ok {
		return time.Time{}, usageError(fmt.Sprintf("%s %q: write a date as 2026-03-02 or 2026-03-02 08:00", flag, s))
	}
	return t, nil
}

// SubscribersList lists them.
type SubscribersList struct {
	FilterFlags `embed:""`
	Count       bool   `help:"Print only how many there are, of all pages."`
	Limit       int    `default:"1000" help:"At most so many."`
	After       string `help:"Go on after this one: what --json has as \"after\" in each line, and a list cut short says at its end." placeholder:"MARK"`
}

type countJSON struct {
	Count int64 `json:"count"`
}

func (cmd SubscribersList) Run(a *app) error {
	return a.with(func(c *Config, d *db.DB) error {
		f, err := cmd.filter(a.ctx, c, d)
		if err != nil {
			return err
		}
		if cmd.Count {
			n, err := subscribers.Matching(a.ctx, d, f)
			if err != nil || a.json {
				return firstError(err, func() error { return emit(a, []countJSON{{n}}) })
			}
			_, err = fmt.Fprintln(a.out, n)
			return err
		}
		if f, err = cmd.page(f); err != nil {
			return err
		}
		found, err := subscribers.List(a.ctx, d, f)
		if err != nil {
			return err
		}
		return cmd.print(a, c, found)
	})
}

// firstError is err, or that of what comes next.
func firstError(err error, next func() error) error {
	if err != nil {
		return err
	}
	return next()
}

// page adds where the page begins: after a subscriber's number, or an address in a list of those that must not be mailed.
func (cmd SubscribersList) page(f subscribers.ListFilter) (subscribers.ListFilter, error) {
	if cmd.Limit < 1 {
		return f, usageError("--limit: it is at least 1; --count prints how many there are")
	}
	f.Limit = cmd.Limit
	if f.State == subscribers.Suppressed {
		f.AfterAddress = cmd.After
		return f, nil
	}
	var err error
	if f.After, err = strconv.ParseInt(firstOr(cmd.After, "0"), 10, 64); err != nil {
		return f, usageError(fmt.Sprintf("--after %q: it is a number that `subscribers list` with the same filters gave", cmd.After))
	}
	return f, nil
}

func (cmd SubscribersList) print(a *app, c *Config, found []subscribers.Subscriber) error {
	var lines []subscriberJSON
	for _, s := range found {
		line := c.subscriberJSON(s)
		if cmd.State == subscribers.Suppressed {
			line.After, line.Since = s.Key, c.iso(s.SuppressedAt)
		}
		lines = append(lines, line)
	}
	if err := a.printLines(lines); err != nil || len(lines) < cmd.Limit || a.json {
		return err
	}
	if !a.quiet {
		fmt.Fprintf(a.err, "There may be more: go on with --after %s, or count them with --count.\n", lines[len(lines)-1].After)
	}
	return nil
}

// SubscribersStats counts subscriptions, what happened in the last 30 days, and refused requests in whole days (UTC) of the window.
type SubscribersStats struct {
	WindowFlag `embed:""`
	NowFlag    `embed:""`
}

type statsJSON struct {
	Digest string `json:"digest"`
	State  string `json:"state"`
	N      int64  `json:"n"`
}

type suppressedJSON struct {
	Suppressed int64 `json:"suppressed"`
}

type dayJSON struct {
	Day       string `json:"day"`
	Asked     int64  `json:"asked"`     // by a form
	Confirmed int64  `json:"confirmed"` // by the letter's link, or by an admin
	Added     int64  `json:"added"`     // by an admin or an import
	Left      int64  `json:"left"`
}

// statsDays is how far back the table of days goes.
const statsDays = 30

func (cmd SubscribersStats) Run(a *app) error {
	window, err := cmd.duration()
	if err != nil {
		return err
	}
	return a.withNow(cmd.NowFlag, func(c *Config, d *db.DB, now time.Time) error {
		if err := a.printTotals(d); err != nil {
			return err
		}
		if err := a.printDays(c, d, now); err != nil {
			return err
		}
		return a.printRefused(d, now.Add(-window))
	})
}

// digestTotals is a row of the table of totals.
type digestTotals struct {
	digest                        string
	active, paused, pending, left int64
}

// printTotals prints how many subscriptions of each digest are in each state, and how many addresses are suppressed.
func (a *app) printTotals(d *db.DB) error {
	totals, err := subscribers.Count(a.ctx, d)
	if err != nil {
		return err
	}
	suppressed, err := subscribers.Matching(a.ctx, d, subscribers.ListFilter{State: subscribers.Suppressed})
	if err != nil {
		return err
	}
	if a.json {
		var lines []statsJSON
		for _, t := range totals {
			lines = append(lines, statsJSON(t))
		}
		return firstError(emit(a, lines), func() error { return emit(a, []suppressedJSON{{suppressed}}) })
	}
	if len(totals) == 0 {
		a.say("No subscriptions yet.")
	} else if err := a.showTotals(byDigest(totals)); err != nil {
		return err
	}
	a.say("Suppressed addresses: %d.", suppressed)
	return nil
}

func (a *app) showTotals(rows []digestTotals) error {
	number := func(title string, value func(digestTotals) int64) column[digestTotals] {
		return column[digestTotals]{title: title, value: func(t digestTotals) any { return value(t) }, right: true}
	}
	return emit(a, rows,
		column[digestTotals]{title: "Digest", value: func(t digestTotals) any { return t.digest }},
		number("Active", func(t digestTotals) int64 { return t.active }),
		number("Paused", func(t digestTotals) int64 { return t.paused }),
		number("Pending", func(t digestTotals) int64 { return t.pending }),
		number("Left", func(t digestTotals) int64 { return t.left }))
}

// byDigest makes one row of the totals of each digest, which follow one another.
func byDigest(totals []subscribers.Total) []digestTotals {
	var rows []digestTotals
	for _, t := range totals {
		if len(rows) == 0 || rows[len(rows)-1].digest != t.Digest {
			rows = append(rows, digestTotals{digest: t.Digest})
		}
		row := &rows[len(rows)-1]
		switch t.State {
		case subscribers.Active:
			row.active = t.N
		case subscribers.Paused:
			row.paused = t.N
		case subscribers.Pending:
			row.pending = t.N
		case subscribers.Left:
			row.left = t.N
		}
	}
	return rows
}

// printDays prints what happened on the last days, in the site's zone and by the log of consent, without days on which nothing did.
func (a *app) printDays(c *Config, d *db.DB, now time.Time) error {
	local := now.In(c.Site.location)
	first := time.Date(local.Year(), local.Month(), local.Day()-statsDays+1, 0, 0, 0, 0, c.Site.location)
	tallies, err := consent.Tallies(a.ctx, d, first, now)
	if err != nil {
		return err
	}
	lines := daysOf(tallies, first)
	if len(lines) == 0 {
		return nil
	}
	if !a.json {
		a.say("")
	}
	number := func(title string, value func(dayJSON) int64) column[dayJSON] {
		return column[dayJSON]{title: title, value: func(x dayJSON) any { return value(x) }, right: true}
	}
	return emit(a, lines,
		column[dayJSON]{title: "Day", value: func(x dayJSON) any { return x.Day }},
		number("Asked", func(x dayJSON) int64 { return x.Asked }),
		number("Confirmed", func(x dayJSON) int64 { return x.Confirmed }),
		number("Added", func(x dayJSON) int64 { return x.Added }),
		number("Left", func(x dayJSON) int64 { return x.Left }))
}

// daysOf sums tallies up by the days from the first on.
func daysOf(tallies []consent.Tally, first time.Time) []dayJSON {
	days := map[string]*dayJSON{}
	for _, t := range tallies {
		name := t.At.In(first.Location()).Format(time.DateOnly)
		if days[name] == nil {
			days[name] = &dayJSON{Day: name}
		}
		switch t.Verb {
		case "join":
			days[name].Asked += t.N
		case "confirm":
			days[name].Confirmed += t.N
		case "add", "import":
			days[name].Added += t.N
		case "leave":
			days[name].Left += t.N
		}
	}
	var lines []dayJSON
	for i := range statsDays + 1 { // one more, for lines of other nodes whose clocks are ahead
		day := days[first.AddDate(0, 0, i).Format(time.DateOnly)]
		if day != nil && *day != (dayJSON{Day: day.Day}) {
			lines = append(lines, *day)
		}
	}
	return lines
}
