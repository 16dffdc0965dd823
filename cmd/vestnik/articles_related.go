package main

import (
	"fmt"

	"vestnik/articles"
	"vestnik/db"
)

// ArticlesRelated says what is related to an article, and why.
type ArticlesRelated struct {
	Slug  string `arg:"" help:"Its slug, as articles list prints it."`
	Limit int    `help:"At most so many." default:"20"`
}

type relatedJSON struct {
	Place     int     `json:"place"`
	Slug      string  `json:"slug"`
	Title     string  `json:"title"`
	Published string  `json:"published"`
	Chosen    string  `json:"chosen"`
	Score     float64 `json:"score"`
}

func (cmd ArticlesRelated) Run(a *app) error {
	return a.with(func(c *Config, d *db.DB) error {
		x, err := articles.Find(a.ctx, d, cmd.Slug)
		if err != nil {
			return err
		}
		found, kept, err := articles.Relations(a.ctx, d, x, cmd.Limit, nil)
		if err != nil {
			return err
		}
		var lines []relatedJSON
		for i, r := range found {
			line := relatedJSON{Place: i + 1, Slug: r.Slug, Title: r.Title, Published: c.iso(r.Published), Chosen: "by words", Score: r.Score}
			if r.Editors {
				line.Chosen = "by editors"
			}
			lines = append(lines, line)
		}
		if err := emit(a, lines, relatedColumns...); err != nil {
			return err
		}
		if !kept {
			a.say("The list was computed just now; vestnik serve keeps it some seconds after a change.")
		}
		return nil
	})
}

var relatedColumns = []column[relatedJSON]{
	{title: "Place", value: func(x relatedJSON) any { return x.Place }},
	{title: "Chosen", value: func(x relatedJSON) any { return x.Chosen }},
	{title: "Score", value: func(x relatedJSON) any {
		if x.Score == 0 {
			return ""
		}
		return fmt.Sprintf("%.2f", x.Score)
	}},
	{title: "Published", value: func(x relatedJSON) any { return day(x.Published) }},
	{title: "Title", value: func(x relatedJSON) any { return x.Title }, width: 70},
	{title: "Slug", value: func(x relatedJSON) any { return x.Slug }},
}
