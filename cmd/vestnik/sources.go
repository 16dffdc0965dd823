package main

import (
	"fmt"
	"strings"
	"time"

	"vestnik/db"
	"vestnik/fetch"
	"vestnik/sources"
)

// SourcesCmd groups the verbs on sources.
type SourcesCmd struct {
	List SourcesList `cmd:"" help:"List the sources and how their last poll went."`
	Poll SourcesPoll `cmd:"" help:"Poll sources now."`
}

// SourcesList lists them.
type SourcesList struct{}

type sourceJSON struct {
	Name     string `json:"name"`
	URL      string `json:"url"`
	Every    string `json:"every"`
	Articles int64  `json:"articles"`
	Polled   string `json:"polled"`
	Changed  string `json:"changed"`
	Next     string `json:"next"`
	Failures int64  `json:"failures"`
	Message  string `json:"message"`
}

func (SourcesList) Run(a *app) error {
	return a.with(func(c *Config, d *db.DB) error {
		all, err := sources.List(a.ctx, d, c.sources())
		if err != nil {
			return err
		}
		var lines []sourceJSON
		for _, s := range all {
			lines = append(lines, sourceJSON{Name: s.Source.Name, URL: s.Source.URL, Every: s.Source.Every.String(), Articles: s.Articles,
				Polled: c.iso(s.Polled), Changed: c.iso(s.Changed), Next: c.iso(s.Next), Failures: s.Failures, Message: s.Message})
		}
		return emit(a, lines,
			column[sourceJSON]{title: "Name", value: func(s sourceJSON) any { return s.Name }},
			column[sourceJSON]{title: "Address", value: func(s sourceJSON) any { return s.URL }, width: 50},
			column[sourceJSON]{title: "Articles", value: func(s sourceJSON) any { return s.Articles }, right: true},
			column[sourceJSON]{title: "Polled", value: func(s sourceJSON) any { return s.Polled }},
			column[sourceJSON]{title: "Next", value: func(s sourceJSON) any { return firstOr(s.Next, "paused") }},
			column[sourceJSON]{title: "Message", value: func(s sourceJSON) any { return s.Message }, width: 60})
	})
}

// SourcesPoll polls now.
type SourcesPoll struct {
	Names   []string `arg:"" optional:"" name:"name" help:"Which; all when none is named."`
	NowFlag `embed:""`
}

type polledJSON struct {
	Name        string   `json:"name"`
	NotModified bool     `json:"not_modified"`
	Added       int      `json:"added"`
	Updated     int      `json:"updated"`
	Unchanged   int      `json:"unchanged"`
	Skipped     int      `json:"skipped"`
	Next        string   `json:"next"`
	Problems    []string `json:"problems"`
	Error       string   `json:"error"`
}

func (cmd SourcesPoll) Run(a *app) error {
	return a.withNow(cmd.NowFlag, func(c *Config, d *db.DB, now time.Time) error {
		wanted, err := c.findSources(cmd.Names)
		if err != nil {
			return err
		}
		client := c.fetchClient()
		var lines []polledJSON
		failed := false
		for _, s := range wanted {
			r, err := sources.Poll(a.ctx, d, client, c.articlesSite(), s, now)
			line := polledJSON{Name: s.Name, NotModified: r.NotModified, Added: r.Added, Updated: r.Updated, Unchanged: r.Unchanged,
				Skipped: r.Skipped, Next: c.iso(r.Next), Problems: append([]string{}, r.Problems...)}
			if err != nil {
				failed = true
				line.Error = err.Error()
				fmt.Fprintf(a.err, "vestnik: %v\n", err)
			}
			lines = append(lines, line)
		}
		if err := emit(a, lines, polledColumns()...); err != nil || !failed {
			return err
		}
		return errReported
	})
}

func polledColumns() []column[polledJSON] {
	return []column[polledJSON]{
		{title: "Name", value: func(p polledJSON) any { return p.Name }},
		{title: "Result", value: func(p polledJSON) any {
			switch {
			case p.Error != "":
				return "failed"
			case p.NotModified:
				return "not modified"
			}
			return fmt.Sprintf("%d added, %d updated, %d unchanged, %d skipped", p.Added, p.Updated, p.Unchanged, p.Skipped)
		}},
		{title: "Next", value: func(p polledJSON) any { return p.Next }},
		{title: "Problems", value: func(p polledJSON) any { return strings.Join(p.Problems, "; ") }, width: 80},
	}
}

func (c *Config) findSources(names []string) ([]sources.Source, error) {
	all := c.sources()
	if len(names) == 0 {
		return all, nil
	}
	var found []sources.Source
	for _, name := range names {
		i := 0
		for i < len(all) && all[i].Name != name {
			i++
		}
		if i == len(all) {
			return nil, usageError("no source is called " + name + "; `vestnik sources list` shows them")
		}
		found = append(found, all[i])
	}
	return found, nil
}

// userAgent says to other sites who asks, and where to complain.
func (c *Config) userAgent() string { return "Vestnik/" + version() + " (+" + c.Site.URL + ")" }

func (c *Config) fetchClient() *fetch.Client {
	return fetch.New(fetch.Options{
		UserAgent:    c.userAgent(),
		AllowPrivate: isLoopback(c.Site.URL), // a site on this machine may pull from this machine: tests and trials
	})
}
