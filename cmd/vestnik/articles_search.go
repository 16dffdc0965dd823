package main

import (
	"fmt"
	"strings"
	"time"

	"vestnik/articles"
	"vestnik/db"
)

// ArticlesSearch searches what is published.
type ArticlesSearch struct {
	Query    []string `arg:"" help:"Words in any of their forms. At most 12 words and 200 characters are read; quotation marks and other signs mean nothing."`
	Language string   `help:"Only articles in this language, as ru." placeholder:"LANG"`
	Section  string   `help:"Only of this section (its slug)." placeholder:"SLUG"`
	Limit    int      `help:"At most so many." default:"20"`
	NowFlag  `embed:""`
}

type partJSON struct {
	Text string `json:"text"`
	Hit  bool   `json:"hit"`
}

type foundJSON struct {
	articleJSON
	Score    float64    `json:"score"`
	AllWords bool       `json:"all_words"`
	Headline []partJSON `json:"headline"`
	Snippet  []partJSON `json:"snippet"`
}

func (cmd ArticlesSearch) Run(a *app) error {
	if cmd.Limit < 1 {
		return usageError(fmt.Sprintf("--limit %d: write 1 or more", cmd.Limit))
	}
	return a.withNow(cmd.NowFlag, func(c *Config, d *db.DB, now time.Time) error {
		f, err := articles.Search(a.ctx, d, articles.SearchQuery{Text: strings.Join(cmd.Query, " "), Language: c.Site.Language,
			Only: cmd.Language, Section: cmd.Section, Limit: cmd.Limit}, now)
		if err != nil {
			return err
		}
		if !f.Asked {
			return usageError("there is nothing to search for: write a word of at least two letters")
		}
		if a.json {
			return emit(a, c.foundJSON(f))
		}
		a.showFindings(c, f)
		return nil
	})
}

func (c *Config) foundJSON(f articles.Findings) (lines []foundJSON) {
	for _, x := range f.Found {
		lines = append(lines, foundJSON{c.articleJSON(x.Article), x.Score, !f.Some, partsJSON(x.Headline), partsJSON(x.Snippet)})
	}
	return lines
}

func partsJSON(parts []articles.Part) []partJSON {
	all := make([]partJSON, len(parts))
	for i, p := range parts {
		all[i] = partJSON(p)
	}
	return all
}

func (a *app) showFindings(c *Config, f articles.Findings) {
	for _, x := range f.Found {
		a.showFinding(c, x)
	}
	found := count(f.Total, "article")
	if f.Full {
		found = "the newest " + found
	}
	switch {
	case f.Total == 0:
		a.say("No published article has any of these words.")
	case f.Some:
		a.say("No article has all of these words; %s with some of them, %d shown.", found, len(f.Found))
	default:
		a.say("%s found, %d shown.", found, len(f.Found))
	}
}

func (a *app) showFinding(c *Config, x articles.Finding) {
	fmt.Fprintln(a.out, a.marked(x.Headline))
	about := []string{x.Slug}
	if !x.Published.IsZero() {
		about = append([]string{x.Published.In(c.Site.location).Format(time.DateOnly)}, about...)
	}
	if x.Section.Name != "" {
		about = append(about, x.Section.Name)
	}
	fmt.Fprintf(a.out, "    %s  (%.3f)\n", strings.Join(about, "  "), x.Score)
	if len(x.Snippet) > 0 {
		fmt.Fprintf(a.out, "    %s\n", a.marked(x.Snippet))
	}
}

// marked writes what was searched for in bold on a terminal, elsewhere in square brackets.
func (a *app) marked(parts []articles.Part) string {
	before, after := "[", "]"
	if isTerminal(a.out) {
		before, after = "\x1b[1m", "\x1b[22m"
	}
	var b strings.Builder
	for _, p := range parts {
		if p.Hit {
			p.Text = before + p.Text + after
		}
		b.WriteString(p.Text)
	}
	return b.String()
}
