package main

import (
	"fmt"
	"time"

	"vestnik/articles"
	"vestnik/db"
	"vestnik/reads"
)

// ReadsCmd groups the verbs on reads.
type ReadsCmd struct {
	Top      ReadsTop      `cmd:"" help:"The most read articles of a window."`
	Filtered ReadsFiltered `cmd:"" help:"What was not counted, and why."`
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

// ReadsTop lists the most read.
type ReadsTop struct {
	WindowFlag `embed:""`
	NowFlag    `embed:""`
	Rank       string `help:"reads, or adjusted for what came out late in the window." enum:"reads,adjusted" default:"reads"`
	Section    string `help:"Only of this section (its slug)."`
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
		lines, err := a.top(d, reads.Query{From: now.Add(-window), To: now, By: cmd.Rank, Section: cmd.Section, Limit: cmd.Limit})
		if err != nil {
			return err
		}
		return emit(a, lines,
			column[topJSON]{title: "Rank", value: func(x topJSON) any { return x.Rank }, right: true},
			column[topJSON]{title: "Reads", value: func(x topJSON) any { return x.Reads }, right: true},
			column[topJSON]{title: "Title", value: func(x topJSON) any { return x.Title }, width: 80},
			column[topJSON]{title: "Slug", value: func(x topJSON) any { return x.Slug }})
	})
}

func (a *app) top(d *db.DB, q reads.Query) ([]topJSON, error) {
	ranked, err := reads.Top(a.ctx, d, q)
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
