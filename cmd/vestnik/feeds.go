package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"vestnik/db"
	"vestnik/feeds"
	"vestnik/feeds/check"
	"vestnik/fetch"
	"vestnik/web"
	"vestnik/websub"
)

// FeedsCmd groups the verbs on feeds.
type FeedsCmd struct {
	List   FeedsList   `cmd:"" help:"List every feed with its name and addresses."`
	Render FeedsRender `cmd:"" help:"Print one feed's document as readers get it."`
	Check  FeedsCheck  `cmd:"" help:"Check feeds, sitemaps and OPML, also of others: every rule we know, with its line and how to mend it."`
	Hub    FeedsHub    `cmd:"" help:"Show what the WebSub hub delivered, and to how many."`
}

// feedServer is the site without its daemon, which makes the same documents.
func (a *app) feedServer(c *Config, d *db.DB) (*web.Server, error) {
	set, err := c.templates()
	if err != nil {
		return nil, err
	}
	return web.New(c.webOptions(d, set, c.counter(), a.logger()))
}

// FeedsList lists them.
type FeedsList struct{}

type feedJSON struct {
	Name     string `json:"name"`
	Title    string `json:"title"`
	Kind     string `json:"kind"`
	Articles int64  `json:"articles"`
	Updated  string `json:"updated"`
	Ended    bool   `json:"ended"`
	RSS      string `json:"rss"`
	Atom     string `json:"atom"`
	JSON     string `json:"json"`
}

func (FeedsList) Run(a *app) error {
	return a.with(func(c *Config, d *db.DB) error {
		server, err := a.feedServer(c, d)
		if err != nil {
			return err
		}
		all, err := server.Lists(a.ctx)
		if err != nil {
			return err
		}
		var lines []feedJSON
		for _, l := range all {
			address := func(format string) string {
				f, _ := feeds.FormatNamed(format)
				return c.feedPlace(l).Document(f)
			}
			lines = append(lines, feedJSON{Name: l.Name, Title: l.Title, Kind: l.Kind, Articles: l.Articles, Updated: c.iso(l.Updated),
				Ended: l.Ended, RSS: address("rss"), Atom: address("atom"), JSON: address("json")})
		}
		return emit(a, lines,
			column[feedJSON]{title: "Name", value: func(f feedJSON) any { return f.Name }},
			column[feedJSON]{title: "Title", value: func(f feedJSON) any { return f.Title }, width: 40},
			column[feedJSON]{title: "Articles", value: func(f feedJSON) any { return f.Articles }, right: true},
			column[feedJSON]{title: "Updated", value: func(f feedJSON) any { return day(f.Updated) }},
			column[feedJSON]{title: "RSS (also .atom, .json)", value: func(f feedJSON) any {
				if f.Ended {
					return "ended"
				}
				return f.RSS
			}})
	})
}

// feedPlace is where the documents of a feed stand.
func (c *Config) feedPlace(l web.List) feeds.Place {
	under, query, _ := strings.Cut(strings.TrimSuffix(l.Path, "/"), "?")
	return feeds.Place{Under: c.Site.URL + under, Query: query}
}

// FeedsRender prints a document.
type FeedsRender struct {
	Name    string `arg:"" help:"As feeds list prints it: site, sections/kino, most-read/7d …"`
	Format  string `help:"The document: ${enum}." enum:"rss,atom,json" default:"rss" placeholder:"FORMAT"`
	Flavour string `help:"For whom: ${enum}." enum:"general,yandex" default:"general" placeholder:"FLAVOUR"`
	NowFlag `embed:""`
}

func (cmd FeedsRender) Run(a *app) error {
	format := cmd.Format
	if cmd.Flavour == "yandex" {
		if format != "rss" || cmd.Name != "site" {
			return usageError("the flavour for Yandex is RSS of the whole site: feeds render site --flavour yandex")
		}
		format = "yandex"
	}
	return a.withNow(cmd.NowFlag, func(c *Config, d *db.DB, now time.Time) error {
		set, err := c.templates()
		if err != nil {
			return err
		}
		options := c.webOptions(d, set, c.counter(), a.logger())
		options.Now = func() time.Time { return now }
		server, err := web.New(options)
		if err != nil {
			return err
		}
		body, _, err := server.Document(a.ctx, cmd.Name, format)
		switch {
		case errors.Is(err, feeds.ErrNoFeed):
			return fmt.Errorf("no feed is called %q; `vestnik feeds list` shows them all", cmd.Name)
		case errors.Is(err, feeds.ErrEnded):
			return fmt.Errorf("the feed %q has ended ([[feed]] ended in %s): readers get 410", cmd.Name, filepath.Base(a.config))
		case err != nil:
			return err
		}
		_, err = a.out.Write(body)
		return err
	})
}

// FeedsCheck checks documents.
type FeedsCheck struct {
	Documents []string `arg:"" optional:"" name:"file|url" help:"Files, addresses, or - for standard input; every feed of this site when none is named."`
	Flavour   string   `help:"Check as: ${enum}." enum:"auto,general,yandex,sitemap,news-sitemap,opml" default:"auto" placeholder:"FLAVOUR"`
	Strict    bool     `help:"Warnings fail, too."`
	Rules     bool     `help:"Print every rule we know instead: its name, how bad it is, and how to mend it."`
	NowFlag   `embed:""`
}

// A document is what is checked.
type document struct {
	name string
	body []byte
	kind string // media type, "" where it is not known
	url  string
}

type checkedJSON struct {
	Document string        `json:"document"`
	Kind     string        `json:"kind"`
	Version  string        `json:"version"`
	Items    int           `json:"items"`
	Errors   int           `json:"errors"`
	Warnings int           `json:"warnings"`
	Findings []findingJSON `json:"findings"`
}

type findingJSON struct {
	Line     int    `json:"line"`
	Severity string `json:"severity"`
	Rule     string `json:"rule"`
	Text     string `json:"text"`
	Mend     string `json:"mend"`
}

func (cmd FeedsCheck) Run(a *app) error {
	if cmd.Rules {
		return cmd.printRules(a)
	}
	now := time.Now()
	if len(cmd.Documents) == 0 || cmd.Now != "" { // both need the configuration: for the feeds, for the time's zone
		return a.withNow(cmd.NowFlag, func(c *Config, d *db.DB, at time.Time) error {
			if len(cmd.Documents) > 0 {
				return cmd.check(a, at, cmd.open(a))
			}
			server, err := a.feedServer(c, d)
			if err != nil {
				return err
			}
			return cmd.check(a, at, ownDocuments(a.ctx, c, server))
		})
	}
	return cmd.check(a, now, cmd.open(a))
}

// open yields the documents named on the command line.
func (cmd FeedsCheck) open(a *app) func(yield func(document, error) bool) {
	return func(yield func(document, error) bool) {
		client := fetch.New(fetch.Options{UserAgent: "Vestnik/" + version() + " (feeds check)", AllowPrivate: true, MaxBytes: maxDocument}) // the admin names the address
		defer client.Close()
		for _, name := range cmd.Documents {
			d, err := readDocument(a, client, name)
			if !yield(d, err) {
				return
			}
		}
	}
}

func readDocument(a *app, client *fetch.Client, name string) (document, error) {
	if name == "-" {
		body, err := readBounded(a.in)
		return document{name: "standard input", body: body}, err
	}
	if !strings.HasPrefix(name, "http://") && !strings.HasPrefix(name, "https://") {
		body, err := readFile(name)
		return document{name: name, body: body}, err
	}
	res, err := client.Get(a.ctx, fetch.Request{URL: name})
	if err != nil {
		return document{}, err
	}
	if res.Status != 200 {
		return document{}, fmt.Errorf("%s answered with status %d, so there is nothing to check", name, res.Status)
	}
	return document{name: name, body: res.Body, kind: res.ContentType, url: res.URL}, nil
}

func readFile(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return readBounded(f)
}

// maxDocument is a little more than what is checked, so that a document that is too large is found to be so.
const maxDocument = check.MaxSize + 1

func readBounded(r io.Reader) ([]byte, error) { return io.ReadAll(io.LimitReader(r, maxDocument)) }

// ownDocuments yields every document that this site has.
func ownDocuments(ctx context.Context, c *Config, server *web.Server) func(yield func(document, error) bool) {
	return func(yield func(document, error) bool) {
		all, err := server.Lists(ctx)
		if err != nil {
			yield(document{}, err)
			return
		}
		for _, l := range all {
			formats := feeds.Formats()
			if f, ok := feeds.FormatNamed("yandex"); ok && l.Name == "site" {
				formats = append(formats, f)
			}
			for _, f := range formats {
				if l.Ended {
					continue
				}
				address := c.feedPlace(l).Document(f)
				body, kind, err := server.Document(ctx, l.Name, f.Name)
				if !yield(document{strings.TrimPrefix(address, c.Site.URL), body, kind, address}, err) {
					return
				}
			}
		}
		for _, path := range []string{"/sitemap.xml", "/news-sitemap.xml", "/opml.xml"} {
			body, kind, err := server.Document(ctx, path, "")
			if !yield(document{path, body, kind, c.Site.URL + path}, err) {
				return
			}
		}
	}
}

// check reports on each document. The status is 1 if one cannot be read or has an error, or, with --strict, a warning.
func (cmd FeedsCheck) check(a *app, now time.Time, documents func(yield func(document, error) bool)) error {
	failed := false
	for d, err := range documents {
		if err != nil {
			fmt.Fprintln(a.err, "vestnik:", err)
			failed = true
			continue
		}
		options := check.Options{Type: d.kind, URL: d.url, Now: now, Flavour: unlessAuto(cmd.Flavour)}
		line := checked(d.name, check.Check(d.body, options))
		failed = failed || line.Errors > 0 || cmd.Strict && line.Warnings > 0
		if err := a.printChecked(line); err != nil {
			return err
		}
	}
	if failed {
		return errReported
	}
	return nil
}

func unlessAuto(s string) string {
	if s == "auto" {
		return ""
	}
	return s
}

func checked(name string, r check.Report) checkedJSON {
	line := checkedJSON{Document: name, Kind: r.Kind, Version: r.Version, Items: r.Items, Findings: []findingJSON{}}
	for _, f := range r.Findings {
		if f.Severity == check.Error {
			line.Errors++
		} else {
			line.Warnings++
		}
		line.Findings = append(line.Findings, findingJSON{f.Line, string(f.Severity), f.Rule, f.Text, f.Mend})
	}
	return line
}

// printChecked prints a line for the document and one for each finding, as compilers do.
func (a *app) printChecked(c checkedJSON) error {
	if a.json {
		return emit(a, []checkedJSON{c})
	}
	kind := strings.TrimSpace(c.Kind + " " + c.Version)
	if c.Errors+c.Warnings == 0 {
		a.say("%s: %s, %s: nothing to mend", c.Document, kind, count(c.Items, "item"))
		return nil
	}
	if a.quiet && c.Errors == 0 {
		return nil
	}
	fmt.Fprintf(a.out, "%s: %s, %s: %s, %s\n", c.Document, kind, count(c.Items, "item"), count(c.Errors, "error"), count(c.Warnings, "warning"))
	for _, f := range c.Findings {
		if !a.quiet || f.Severity == string(check.Error) {
			fmt.Fprintf(a.out, "  %d: %s %s: %s. %s\n", f.Line, f.Severity, f.Rule, f.Text, f.Mend)
		}
	}
	return nil
}

type ruleJSON struct {
	Rule     string `json:"rule"`
	Severity string `json:"severity"`
	Text     string `json:"text"`
	Mend     string `json:"mend"`
}

// printRules prints the rules in the words of findings; they are too long for the columns of a table.
func (cmd FeedsCheck) printRules(a *app) error {
	if len(cmd.Documents) > 0 {
		return usageError("--rules prints the rules and checks nothing; leave the documents out")
	}
	var lines []ruleJSON
	for _, r := range check.Rules() {
		lines = append(lines, ruleJSON{r.ID, string(r.Severity), r.What, r.Mend})
	}
	if a.json {
		return emit(a, lines)
	}
	for _, l := range lines {
		fmt.Fprintf(a.out, "%s %s: %s. %s\n", l.Severity, l.Rule, l.Text, l.Mend)
	}
	return nil
}

// FeedsHub shows the hub's log.
type FeedsHub struct {
	Subscriptions bool `help:"Show who is subscribed to what instead."`
	Limit         int  `help:"At most so many of the latest pushes." default:"20"`
}

type pushJSON struct {
	Topic      string  `json:"topic"`
	At         string  `json:"at"`
	Recipients int64   `json:"recipients"`
	Reached    int64   `json:"reached"`
	Pending    int64   `json:"pending"`
	GivenUp    int64   `json:"given_up"`
	Seconds    float64 `json:"seconds"`
}

func (cmd FeedsHub) Run(a *app) error {
	if cmd.Limit < 1 {
		return usageError("--limit must be at least 1")
	}
	return a.with(func(c *Config, d *db.DB) error {
		if cmd.Subscriptions {
			return a.hubSubscriptions(c, d)
		}
		pushes, err := websub.Pushes(a.ctx, d, cmd.Limit)
		if err != nil {
			return err
		}
		var lines []pushJSON
		for _, p := range pushes {
			lines = append(lines, pushJSON{Topic: p.Topic, At: c.iso(p.At), Recipients: p.Recipients, Reached: p.Reached, Pending: p.Pending,
				GivenUp: p.GivenUp, Seconds: p.Took.Seconds()})
		}
		return emit(a, lines,
			column[pushJSON]{title: "At", value: func(p pushJSON) any { return strings.Replace(p.At, "T", " ", 1) }},
			column[pushJSON]{title: "Topic", value: func(p pushJSON) any { return strings.TrimPrefix(p.Topic, c.Site.URL) }, width: 50},
			column[pushJSON]{title: "Result", value: func(p pushJSON) any { return p.result() }})
	})
}

// result is "reached 1,240 of 1,243 in 0.8 s". The time is that of those who answered at the first attempt: without any, none is said.
func (p pushJSON) result() string {
	s := fmt.Sprintf("reached %s of %s", thousands(p.Reached), thousands(p.Recipients))
	switch {
	case p.Seconds >= 0.1:
		s += fmt.Sprintf(" in %.1f s", p.Seconds)
	case p.Seconds > 0:
		s += fmt.Sprintf(" in %.2f s", max(p.Seconds, 0.01))
	}
	if p.Pending > 0 {
		s += fmt.Sprintf(", %s being tried again", thousands(p.Pending))
	}
	if p.GivenUp > 0 {
		s += fmt.Sprintf(", %s given up", thousands(p.GivenUp))
	}
	return s
}

// thousands writes 1240 as 1,240.
func thousands(n int64) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

type hubSubscriptionJSON struct {
	Topic    string `json:"topic"`
	Callback string `json:"callback"`
	State    string `json:"state"`
	Since    string `json:"since"`
	Until    string `json:"until"`
	Failures int64  `json:"failures"`
	Error    string `json:"error"`
}

func (a *app) hubSubscriptions(c *Config, d *db.DB) error {
	all, err := websub.Subscriptions(a.ctx, d)
	if err != nil {
		return err
	}
	var lines []hubSubscriptionJSON
	for _, s := range all {
		lines = append(lines, hubSubscriptionJSON{Topic: s.Topic, Callback: s.Callback, State: s.State, Since: c.iso(s.Since),
			Until: c.iso(s.Until), Failures: s.Failures, Error: s.LastError})
	}
	return emit(a, lines,
		column[hubSubscriptionJSON]{title: "Topic", value: func(s hubSubscriptionJSON) any { return strings.TrimPrefix(s.Topic, c.Site.URL) }, width: 40},
		column[hubSubscriptionJSON]{title: "Callback", value: func(s hubSubscriptionJSON) any { return s.Callback }, width: 60},
		column[hubSubscriptionJSON]{title: "State", value: func(s hubSubscriptionJSON) any { return s.State }},
		column[hubSubscriptionJSON]{title: "Until", value: func(s hubSubscriptionJSON) any { return day(s.Until) }},
		column[hubSubscriptionJSON]{title: "Error", value: func(s hubSubscriptionJSON) any { return s.Error }, width: 60})
}
