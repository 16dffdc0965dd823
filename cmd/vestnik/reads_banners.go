package main

import (
	"cmp"
	"encoding/csv"
	"fmt"
	"slices"
	"strconv"
	"time"

	"vestnik/db"
	"vestnik/digest"
	"vestnik/language"
	"vestnik/reads"
)

// ReadsBanners is the sponsors' report.
type ReadsBanners struct {
	Banner  string `arg:"" optional:"" help:"Its name; all when none is given."`
	From    string `help:"The first day, by the site's zone; default: 30 days before the end." placeholder:"DATE"`
	Until   string `help:"The day after the last; default: tomorrow." placeholder:"DATE"`
	CSV     bool   `name:"csv" help:"Print comma-separated values, for a spreadsheet or the advertising register."`
	NowFlag `embed:""`
}

// Help says what the numbers mean: they go into contracts.
func (ReadsBanners) Help() string {
	return `A showing is a page with the banner in it that was delivered whole to a browser: a GET answered with 200. Robots, pages fetched
ahead, those fetched by scripts or into frames, and visitors who ask not to be counted ([reads] respect_gpc) are left out, and so are
more than 60 pages a minute from one network. Pages that a browser or a CDN shows again without asking are not known here. Editions
are the pages of past editions, which keep the sponsor they came out with. Letters are those that a relay took; whether they were
opened nobody knows. A crash loses at most ten seconds. Nothing is kept of who saw a banner.`
}

type bannerJSON struct {
	Banner     string `json:"banner"`
	Advertiser string `json:"advertiser"`
	Erid       string `json:"erid"`
	Day        string `json:"day"`
	Pages      int64  `json:"pages"`
	Editions   int64  `json:"editions"`
	Letters    int64  `json:"letters"`
}

func (cmd ReadsBanners) Run(a *app) error {
	return a.withNow(cmd.NowFlag, func(c *Config, d *db.DB, now time.Time) error {
		from, until, err := cmd.days(c, now)
		if err != nil {
			return err
		}
		lines, err := a.bannerDays(c, d, from, until)
		if err != nil {
			return err
		}
		if cmd.Banner != "" {
			lines = slices.DeleteFunc(lines, func(l bannerJSON) bool { return l.Banner != cmd.Banner })
		}
		if cmd.CSV {
			return a.bannersCSV(lines)
		}
		return a.showBanners(lines)
	})
}

// days are the first day and the one after the last, as midnights of the site's zone.
func (cmd ReadsBanners) days(c *Config, now time.Time) (from, until time.Time, err error) {
	read := func(flag, text string, otherwise time.Time) time.Time {
		t, ok := otherwise, true
		if text != "" {
			t, ok = language.ParseDate(text, c.Site.location)
		}
		if !ok && err == nil {
			err = usageError(fmt.Sprintf("--%s %q: write a day as 2026-11-01", flag, text))
		}
		y, m, day := t.In(c.Site.location).Date()
		return time.Date(y, m, day, 0, 0, 0, 0, c.Site.location)
	}
	until = read("until", cmd.Until, now.AddDate(0, 0, 1))
	from = read("from", cmd.From, until.AddDate(0, 0, -30))
	if err == nil && !from.Before(until) {
		err = usageError(fmt.Sprintf("--until %s: it is the day after the last, so it must be later than --from %s", until.Format(time.DateOnly), from.Format(time.DateOnly)))
	}
	return from, until, err
}

// bannerDays joins what was shown on pages and what was sent.
func (a *app) bannerDays(c *Config, d *db.DB, from, until time.Time) ([]bannerJSON, error) {
	pages, err := reads.Banners(a.ctx, d, reads.DayIn(c.Site.location, from), reads.DayIn(c.Site.location, until))
	if err != nil {
		return nil, err
	}
	letters, err := digest.BannersSent(a.ctx, d, from, until, c.Site.location)
	if err != nil {
		return nil, err
	}
	lines := map[[2]string]*bannerJSON{}
	line := func(name, day string) *bannerJSON {
		key := [2]string{name, day}
		if lines[key] == nil {
			lines[key] = &bannerJSON{Banner: name, Day: day}
			for _, b := range c.Banners {
				if b.Name == name {
					lines[key].Advertiser, lines[key].Erid = b.Payer, b.Erid
				}
			}
		}
		return lines[key]
	}
	for _, p := range pages {
		l := line(p.Banner, time.Unix(p.Day*86400, 0).UTC().Format(time.DateOnly))
		if p.Place == reads.OnEdition {
			l.Editions += p.N
		} else {
			l.Pages += p.N
		}
	}
	for _, s := range letters {
		l := line(s.Banner, s.Day.Format(time.DateOnly))
		l.Letters += s.Letters
		l.Advertiser, l.Erid = cmp.Or(l.Advertiser, s.Advertiser), cmp.Or(l.Erid, s.Erid)
	}
	var all []bannerJSON
	for _, l := range lines {
		all = append(all, *l)
	}
	slices.SortFunc(all, func(a, b bannerJSON) int { return cmp.Or(cmp.Compare(a.Banner, b.Banner), cmp.Compare(a.Day, b.Day)) })
	return all, nil
}

func (a *app) bannersCSV(lines []bannerJSON) error {
	w := csv.NewWriter(a.out)
	w.Write([]string{"banner", "advertiser", "erid", "day", "pages", "editions", "letters"})
	for _, l := range lines {
		w.Write([]string{l.Banner, l.Advertiser, l.Erid, l.Day, strconv.FormatInt(l.Pages, 10), strconv.FormatInt(l.Editions, 10), strconv.FormatInt(l.Letters, 10)})
	}
	w.Flush()
	if err := w.Error(); err != nil {
		return fmt.Errorf("print: %w", err)
	}
	return nil
}

// showBanners prints the days, and for people a sum below those of each banner.
func (a *app) showBanners(lines []bannerJSON) error {
	if !a.json {
		lines = withSums(lines)
	}
	return emit(a, lines,
		column[bannerJSON]{title: "Banner", value: func(x bannerJSON) any { return x.Banner }},
		column[bannerJSON]{title: "Day", value: func(x bannerJSON) any { return x.Day }},
		column[bannerJSON]{title: "Pages", value: func(x bannerJSON) any { return x.Pages }, right: true},
		column[bannerJSON]{title: "Editions", value: func(x bannerJSON) any { return x.Editions }, right: true},
		column[bannerJSON]{title: "Letters", value: func(x bannerJSON) any { return x.Letters }, right: true},
		column[bannerJSON]{title: "Advertiser", value: func(x bannerJSON) any { return x.Advertiser }, width: 40},
		column[bannerJSON]{title: "Erid", value: func(x bannerJSON) any { return x.Erid }})
}

func withSums(lines []bannerJSON) (all []bannerJSON) {
	for i := 0; i < len(lines); {
		sum := bannerJSON{Banner: lines[i].Banner, Day: "all days", Advertiser: lines[i].Advertiser, Erid: lines[i].Erid}
		for ; i < len(lines) && lines[i].Banner == sum.Banner; i++ {
			sum.Pages, sum.Editions, sum.Letters = sum.Pages+lines[i].Pages, sum.Editions+lines[i].Editions, sum.Letters+lines[i].Letters
			all = append(all, lines[i])
		}
		all = append(all, sum)
	}
	return all
}
