package main

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"vestnik/articles"
	"vestnik/db"
	"vestnik/reads"
)

// ReadsCmd groups the verbs on reads.
type ReadsCmd struct {
	Top      ReadsTop      `cmd:"" help:"The most read articles of a window."`
	Why      ReadsWhy      `cmd:"" help:"Where an article stands among the most read, why not higher, and the hours in which it was read."`
	Chart    ReadsChart    `cmd:"" help:"An article's reads hour by hour, as a table and as a picture (SVG)."`
	Filtered ReadsFiltered `cmd:"" help:"What was not counted, and why."`
	Banners  ReadsBanners  `cmd:"" help:"How often sponsors' banners were shown, on pages and in letters: their reports."`
	LogVerbs `embed:""`
}

// WindowFlag is a length of time back from now.
type WindowFlag struct {
	Window string `help:"How far back: 24h, 7d, 30d." default:"24h"`
}

func (w WindowFlag) duration() (time.Duration, error) {
	var d Duration
	if err := d.UnmarshalText([]byte(w.Window)); err != nil || d == 0 {
		return 0, usageError(fmt.Sprintf(`--window %q: write a length of time as "24h" or "7d"`, w.Window))
	}
	return time.Duration(d), nil
}

// RankFlag is a way to rank.
type RankFlag struct {
	By string `help:"reads; adjusted: fair to what came out late in the window; or trend: what is read now." enum:"reads,adjusted,trend" default:"reads" aliases:"rank" placeholder:"RANK"`
}

// ReadsTop lists the most read.
type ReadsTop struct {
	WindowFlag `embed:""`
	NowFlag    `embed:""`
	RankFlag   `embed:""`
	Section    string `help:"Only of this section (its slug)." placeholder:"SLUG"`
	Language   string `help:"Only in this language." placeholder:"LANG"`
	Limit      int    `default:"20" help:"At most so many."`
}

type topJSON struct {
	Rank   int     `json:"rank"`
	Slug   string  `json:"slug"`
	Title  string  `json:"title"`
	Reads  int64   `json:"reads"`
	Score  float64 `json:"score"`
	Reason string  `json:"reason"`
}

func (cmd ReadsTop) Run(a *app) error {
	return a.withNow(cmd.NowFlag, func(c *Config, d *db.DB, now time.Time) error {
		window, err := cmd.duration()
		if err != nil {
			return err
		}
		q := reads.Query{Rules: c.mostRead(), From: now.Add(-window), To: now, By: cmd.By, Section: cmd.Section, Language: cmd.Language, Limit: cmd.Limit}
		lines, err := a.top(d, q, now)
		if err != nil {
			return err
		}
		return emit(a, lines,
			column[topJSON]{title: "Rank", value: func(x topJSON) any { return x.Rank }, right: true},
			column[topJSON]{title: "Reads", value: func(x topJSON) any { return x.Reads }, right: true},
			column[topJSON]{title: "Score", value: func(x topJSON) any { return fmt.Sprintf("%.1f", x.Score) }, right: true},
			column[topJSON]{title: "Reason", value: func(x topJSON) any { return x.Reason }},
			column[topJSON]{title: "Title", value: func(x topJSON) any { return x.Title }, width: 70},
			column[topJSON]{title: "Slug", value: func(x topJSON) any { return x.Slug }})
	})
}

func (a *app) top(d *db.DB, q reads.Query, now time.Time) ([]topJSON, error) {
	ranked, err := reads.List(a.ctx, d, q, now)
	if err != nil {
		return nil, err
	}
	var lines []topJSON
	for i, r := range ranked {
		x, err := articles.Get(a.ctx, d, r.Article)
		if err != nil {
			return nil, err
		}
		lines = append(lines, topJSON{Rank: i + 1, Slug: x.Slug, Title: x.Title, Reads: r.Reads, Score: r.Score, Reason: r.Reason})
	}
	return lines, nil
}

// ReadsWhy explains.
type ReadsWhy struct {
	Slug     string `arg:"" name:"article" help:"Its slug, as articles list prints it."`
	RankFlag `embed:""`
	NowFlag  `embed:""`
}

type whyJSON struct {
	Slug     string           `json:"slug"`
	Pinned   int              `json:"pinned,omitempty"`
	Places   []placeJSON      `json:"places"`
	Hours    []hourJSON       `json:"hours"`
	Sources  map[string]int64 `json:"sources"`
	Peak     float64          `json:"peak"`
	Filtered []filteredJSON   `json:"filtered_today"`
}

type placeJSON struct {
	Window string  `json:"window"`
	Place  int     `json:"place"`
	Of     int     `json:"of"`
	Reads  int64   `json:"reads"`
	Score  float64 `json:"score"`
	Why    string  `json:"why"`
}

type hourJSON struct {
	Start  string `json:"start"`
	Source string `json:"source"`
	Reads  int64  `json:"reads"`
}

// whyWindows are those of the site's lists.
var whyWindows = []struct {
	name   string
	length time.Duration
}{{"24h", 24 * time.Hour}, {"7d", 7 * 24 * time.Hour}, {"30d", 30 * 24 * time.Hour}}

func (cmd ReadsWhy) Run(a *app) error {
	return a.withNow(cmd.NowFlag, func(c *Config, d *db.DB, now time.Time) error {
		x, err := articles.Find(a.ctx, d, cmd.Slug)
		if err != nil {
			return err
		}
		line, err := cmd.explain(a, c, d, x, now)
		if err != nil {
			return err
		}
		if a.json {
			return emit(a, []whyJSON{line})
		}
		return a.showWhy(line)
	})
}

func (cmd ReadsWhy) explain(a *app, c *Config, d *db.DB, x articles.Article, now time.Time) (line whyJSON, err error) {
	line = whyJSON{Slug: x.Slug, Hours: []hourJSON{}, Sources: map[string]int64{}, Filtered: []filteredJSON{}}
	for _, w := range whyWindows {
		p, err := reads.Explain(a.ctx, d, reads.Query{Rules: c.mostRead(), From: now.Add(-w.length), To: now, By: cmd.By}, x.ID)
		if err != nil {
			return line, err
		}
		line.Places = append(line.Places, placeJSON{w.name, p.Place, p.Of, p.Reads, p.Score, p.Why})
	}
	if line.Pinned, err = reads.PinnedTo(a.ctx, d, x.ID, now); err != nil {
		return line, err
	}
	hours, err := reads.Hours(a.ctx, d, x.ID, now.Add(-whyWindows[2].length), now, now)
	if err != nil {
		return line, err
	}
	for _, h := range hours {
		line.Hours = append(line.Hours, hourJSON{c.iso(h.Start), h.Source, h.N})
		line.Sources[h.Source] += h.N
	}
	line.Peak = reads.Peak(hours)
	drops, err := reads.Filtered(a.ctx, d, now, now)
	for _, drop := range drops {
		line.Filtered = append(line.Filtered, filteredJSON(drop))
	}
	return line, err
}

// suspicious is the share of an article's reads from which one hour is worth a look.
const suspicious = 0.6

func (a *app) showWhy(line whyJSON) error {
	if line.Pinned > 0 {
		a.say("Pinned to place %d by the editors.\n", line.Pinned)
	}
	err := emit(a, line.Places,
		column[placeJSON]{title: "Window", value: func(x placeJSON) any { return x.Window }},
		column[placeJSON]{title: "Place", value: func(x placeJSON) any { return placeOf(x) }, right: true},
		column[placeJSON]{title: "Reads", value: func(x placeJSON) any { return x.Reads }, right: true},
		column[placeJSON]{title: "Why not higher", value: func(x placeJSON) any { return x.Why }})
	if err != nil {
		return err
	}
	a.say("\nBy source, in 30 days: %s.", countsOf(line.Sources))
	if line.Peak > suspicious && len(line.Hours) > 1 {
		a.say("One hour holds %.0f %% of its reads: look whether that was readers.", 100*line.Peak)
	}
	filtered := map[string]int64{}
	for _, f := range line.Filtered {
		filtered[f.Reason] = f.N
	}
	a.say("Not counted today, on the whole site: %s.\n", countsOf(filtered))
	return emit(a, line.Hours,
		column[hourJSON]{title: "Hour", value: func(x hourJSON) any { return hourOf(x.Start) }},
		column[hourJSON]{title: "Source", value: func(x hourJSON) any { return x.Source }},
		column[hourJSON]{title: "Reads", value: func(x hourJSON) any { return x.Reads }, right: true})
}

func placeOf(x placeJSON) string {
	if x.Place == 0 {
		return fmt.Sprintf("none of %d", x.Of)
	}
	return fmt.Sprintf("%d of %d", x.Place, x.Of)
}

// hourOf is an hour of JSON for people; its offset tells the two equal hours of an autumn night apart.
func hourOf(iso string) string {
	t, err := time.Parse(time.RFC3339, iso)
	if err != nil {
		return iso
	}
	return t.Format("2006-01-02 15:04 -0700")
}

// countsOf is "web 12, feed 3", or "nothing".
func countsOf(counts map[string]int64) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		parts = append(parts, fmt.Sprintf("%s %d", name, counts[name]))
	}
	return listOr(parts, "nothing")
}

// ReadsChart draws.
type ReadsChart struct {
	Slug    string `arg:"" name:"article" help:"Its slug, as articles list prints it."`
	SVG     string `name:"svg" help:"Write the picture to this file." placeholder:"FILE"`
	Window  string `help:"How far back, at most 31d." default:"7d"`
	NowFlag `embed:""`
}

// maxChart bounds a chart: of more hours nobody sees the bars.
const maxChart = 31 * 24 * time.Hour

func (cmd ReadsChart) Run(a *app) error {
	return a.withNow(cmd.NowFlag, func(c *Config, d *db.DB, now time.Time) error {
		window, err := WindowFlag{cmd.Window}.duration()
		if err != nil {
			return err
		}
		if window > maxChart {
			return usageError(fmt.Sprintf("--window %q: a chart shows 31d at most", cmd.Window))
		}
		x, err := articles.Find(a.ctx, d, cmd.Slug)
		if err != nil {
			return err
		}
		chart := reads.Chart{Title: x.Title, From: now.Add(-window), To: now, Zone: c.Site.location}
		if chart.Hours, err = reads.Hours(a.ctx, d, x.ID, chart.From, chart.To, now); err != nil {
			return err
		}
		if cmd.SVG != "" {
			if err := os.WriteFile(cmd.SVG, chart.SVG(), 0o644); err != nil {
				return fmt.Errorf("write the chart: %w", err)
			}
		}
		return a.showChart(c, chart)
	})
}

type barJSON struct {
	Start string `json:"start"`
	Reads int64  `json:"reads"`
}

// showChart prints the hours that have reads; with --json all of them.
func (a *app) showChart(c *Config, chart reads.Chart) error {
	var lines []barJSON
	var most int64
	for _, bar := range chart.Bars() {
		if bar.N > 0 || a.json {
			lines = append(lines, barJSON{c.iso(bar.Start), bar.N})
		}
		most = max(most, bar.N)
	}
	return emit(a, lines,
		column[barJSON]{title: "Hour", value: func(x barJSON) any { return hourOf(x.Start) }},
		column[barJSON]{title: "Reads", value: func(x barJSON) any { return x.Reads }, right: true},
		column[barJSON]{title: "", value: func(x barJSON) any { return strings.Repeat("█", int((30*x.Reads+most-1)/most)) }})
}

// ReadsFiltered lists what was filtered.
type ReadsFiltered struct {
	WindowFlag `embed:""`
	NowFlag    `embed:""`
}

type filteredJSON struct {
	Reason string `json:"reason"`
	N      int64  `json:"n"`
}

func (cmd ReadsFiltered) Run(a *app) error {
	return a.withNow(cmd.NowFlag, func(c *Config, d *db.DB, now time.Time) error {
		window, err := cmd.duration()
		if err != nil {
			return err
		}
		found, err := reads.Filtered(a.ctx, d, now.Add(-window), now)
		if err != nil {
			return err
		}
		var lines []filteredJSON
		for _, f := range found {
			lines = append(lines, filteredJSON{f.Reason, f.N})
		}
		return emit(a, lines,
			column[filteredJSON]{title: "Reason", value: func(x filteredJSON) any { return x.Reason }},
			column[filteredJSON]{title: "Hits", value: func(x filteredJSON) any { return x.N }, right: true})
	})
}
