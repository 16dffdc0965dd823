package main

import (
	"fmt"
	"log/slog"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/lmittmann/tint"

	"vestnik/articles"
	"vestnik/db"
	"vestnik/digest"
	"vestnik/mail"
	"vestnik/mail/wire"
	"vestnik/reads"
	"vestnik/sources"
	"vestnik/subscribers"
	"vestnik/subscribers/limits"
	"vestnik/templates"
	"vestnik/web"
)

// What the packages receive: values made from the configuration.

func (c *Config) site() templates.Site {
	return templates.Site{
		Title: c.Site.Title, URL: c.Site.URL, Language: c.Site.Language, Location: c.Site.location,
		Imprint: templates.Imprint(c.Imprint), HideReads: !*c.Reads.Show,
	}
}

func (c *Config) articlesSite() articles.Site {
	return articles.Site{URL: c.Site.URL, Language: c.Site.Language, Location: c.Site.location}
}

func (c *Config) identity() mail.Identity {
	return mail.Identity{
		FromName: c.Mail.from.Name, FromAddress: c.Mail.from.Address, Domain: c.Mail.BounceDomain,
		SiteURL: c.Site.URL, Publisher: c.Site.Title, Secret: c.secret("mail"),
	}
}

// secret is the site's secret bound to one use, so that no token of one use is ever good for another.
func (c *Config) secret(use string) []byte { return []byte(use + "\x00" + c.Site.Secret) }

func (c *Config) keys() subscribers.Keys { return subscribers.Keys{Secret: c.secret("subscribers")} }

// editors make and read the links to the editors' page.
func (c *Config) editors() digest.Editors { return digest.Editors{Secret: c.secret("editors")} }

func (c *Config) templates() (*templates.Set, error) {
	return templates.New(templates.Options{Overrides: c.path(c.Site.Templates)})
}

func (c *Config) digest(d DigestConfig) digest.Digest {
	var blocks []digest.Block
	for _, b := range d.Blocks {
		blocks = append(blocks, digest.Block(b))
	}
	return digest.Digest{
		Name: d.Name, Title: d.Title, Schedule: d.Schedule, Location: d.location,
		Window: time.Duration(d.Window), Rank: d.Rank, Count: d.Count, Related: *d.Related,
		WhenThin: d.WhenThin, MinItems: d.MinItems, Language: d.Language, MaxAge: time.Duration(d.MaxAge),
		CatchUp: time.Duration(d.CatchUp), MaxLate: time.Duration(d.MaxLate), InDoubt: d.InDoubt,
		RepeatAfter: time.Duration(*d.Repeat), Blocks: blocks, Sections: d.Sections, Collapse: d.Collapse, Layout: d.Layout, Layouts: d.Layouts,
		Subject: d.Subject, Approve: d.Approve, ApproveWithin: time.Duration(d.ApproveWithin), Editors: d.Editors,
		Grace: time.Duration(*d.Grace), Text: d.Text,
	}
}

func (c *Config) digests() []digest.Digest {
	var all []digest.Digest
	for _, d := range c.Digests {
		all = append(all, c.digest(d))
	}
	return all
}

// findDigest is the configured digest of that name.
func (c *Config) findDigest(name string) (digest.Digest, error) {
	var names []string
	for _, d := range c.Digests {
		if d.Name == name {
			return c.digest(d), nil
		}
		names = append(names, d.Name)
	}
	return digest.Digest{}, usageError("no digest is called " + name + "; configured: " + listOr(names, "none"))
}

func (c *Config) sources() []sources.Source {
	var all []sources.Source
	for _, s := range c.Sources {
		all = append(all, sources.Source{Name: s.Name, URL: s.URL, Every: time.Duration(s.Every), Section: s.Section, Language: s.Language})
	}
	return all
}

func (c *Config) counter() *reads.Counter {
	return reads.NewCounter(reads.Options{
		Mode: c.Reads.Mode, Secret: c.secret("reads"), Site: c.Site.URL, Sites: c.Reads.Sites,
		MinVisible: time.Duration(c.Reads.MinVisible), RespectGPC: *c.Reads.RespectGPC, Sample: c.Reads.Sample, Zone: c.Site.location,
	})
}

// mostRead are the rules of the lists of the most read.
func (c *Config) mostRead() reads.Rules {
	return reads.Rules{Least: *c.Reads.Least, LeastShare: *c.Reads.LeastShare, MaxAge: time.Duration(c.Reads.MaxAge), PerSection: c.Reads.PerSection}
}

// banner is the banner to show in the place ("page" or "letter") at that time, nil for none: the first that fits. The digest is that
// of the letter or of a page about it, "" for other pages.
func (c *Config) banner(place, digest string, at time.Time) *templates.Banner {
	for _, b := range c.Banners {
		started := b.From.IsZero() || !at.Before(inZone(b.From, c.Site.location))
		ended := !b.Until.IsZero() && !at.Before(inZone(b.Until, c.Site.location))
		meant := digest == "" || len(b.Digests) == 0 || slices.Contains(b.Digests, digest)
		if slices.Contains(b.Place, place) && started && !ended && meant {
			return &templates.Banner{Name: b.Name, Image: b.Image, Link: b.Link, Label: b.Label, Alt: b.Alt, Erid: b.Erid, Advertiser: b.Payer}
		}
	}
	return nil
}

// inZone reads a date of the configuration, which TOML gives without a zone, as that of the site.
func inZone(t time.Time, zone *time.Location) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), 0, zone)
}

func (c *Config) publisher(d *db.DB, set *templates.Set, log *slog.Logger) digest.Publisher {
	return digest.Publisher{
		DB: d, Site: c.site(), Articles: c.articlesSite(), Templates: set, Identity: c.identity(), MostRead: c.mostRead(), Log: log, Editors: c.editors(), Digests: c.digests(),
		Banner: func(digest string, at time.Time) *templates.Banner { return c.banner("letter", digest, at) },
	}
}

func (c *Config) verbs(set *templates.Set) subscribers.Verbs {
	infos := map[string]subscribers.DigestInfo{}
	for _, d := range c.Digests {
		infos[d.Name] = subscribers.DigestInfo{Title: d.Title, Language: d.Language}
	}
	return subscribers.Verbs{Identity: c.identity(), Templates: set, Site: c.site(), Keys: c.keys(), Digests: infos, Limits: c.limits(), Tally: new(limits.Tally)}
}

// relays are the configured ones, each checked.
func (c *Config) relays() ([]wire.Relay, error) {
	var all []wire.Relay
	for _, r := range c.Mail.Relays {
		relay, err := wire.ParseRelay(r.URL, r.Connections)
		if err != nil {
			return nil, err
		}
		all = append(all, relay)
	}
	return all, nil
}

// sender makes the sender; every letter's personal tokens come from here.
func (c *Config) sender(d *db.DB, log *slog.Logger) (*mail.Sender, error) {
	relays, err := c.relays()
	if err != nil {
		return nil, err
	}
	policy := map[string]string{}
	for _, dg := range c.Digests {
		policy[dg.Name] = dg.InDoubt
	}
	return mail.NewSender(mail.Options{
		DB: d, Identity: c.identity(), Relays: relays, Log: log, Node: c.Node.Name, InDoubtMax: c.Mail.InDoubtMax, Zone: c.Site.location,
		InDoubt: func(digest string) string { return policy[digest] }, Personal: c.keys().Personal,
	}), nil
}

// logger writes to the console: coloured on a terminal, one line of key=value pairs otherwise.
func (a *app) logger() *slog.Logger {
	level := slog.LevelInfo
	if a.verbose {
		level = slog.LevelDebug
	}
	if a.quiet {
		level = slog.LevelError
	}
	if isTerminal(a.err) {
		return slog.New(tint.NewTextHandler(a.err, &tint.Options{Level: level, TimeFormat: "15:04:05"}))
	}
	return slog.New(slog.NewTextHandler(a.err, &slog.HandlerOptions{Level: level}))
}

var (
	dailyAt    = regexp.MustCompile(`^(\d{1,2}) (\d{1,2}) \* \* (\*|1-5)$`)
	weeklyAt   = regexp.MustCompile(`^\d{1,2} \d{1,2} \* \* \S+$`)
	monthlyAt  = regexp.MustCompile(`^\d{1,2} \d{1,2} \d{1,2} \* \*$`)
	everyHours = regexp.MustCompile(`^\d{1,2} \* \* \* \*$`)
)

// rhythm says in the digest's language when it comes; "" where the schedule has no short name.
func rhythm(d DigestConfig) string {
	schedule := strings.Join(strings.Fields(d.Schedule), " ")
	switch m := dailyAt.FindStringSubmatch(schedule); {
	case schedule == digest.OnPublish:
		return templates.Text(d.Language, "rhythm_publish")
	case m != nil:
		minute, _ := strconv.Atoi(m[1])
		key := map[string]string{"*": "rhythm_daily", "1-5": "rhythm_weekdays"}[m[3]]
		return templates.Text(d.Language, key, fmt.Sprintf("%s:%02d", m[2], minute))
	case weeklyAt.MatchString(schedule), schedule == "@weekly":
		return templates.Text(d.Language, "rhythm_weekly")
	case monthlyAt.MatchString(schedule), schedule == "@monthly":
		return templates.Text(d.Language, "rhythm_monthly")
	case schedule == "* * * * *":
		return templates.Text(d.Language, "rhythm_minutely")
	case everyHours.MatchString(schedule), schedule == "@hourly":
		return templates.Text(d.Language, "rhythm_hourly")
	}
	return ""
}

func (c *Config) feedOptions() web.FeedOptions {
	o := web.FeedOptions{Items: c.Feeds.Items, Summary: c.Feeds.Text == "summary", Image: c.Feeds.Image, Old: c.Feeds.Old, Own: map[string]web.FeedRule{}}
	for _, f := range c.Feed {
		rule := web.FeedRule{Items: f.Items, Text: f.Text, Moved: f.Moved}
		if !f.Ended.IsZero() {
			rule.Ended = inZone(f.Ended, c.Site.location)
		}
		o.Own[f.Name] = rule
	}
	return o
}

func (c *Config) webOptions(d *db.DB, set *templates.Set, counter *reads.Counter, log *slog.Logger) web.Options {
	o := web.Options{
		DB: d, Templates: set, Site: c.site(), Articles: c.articlesSite(), Reads: counter, ReadsMode: c.Reads.Mode,
		Publisher:   c.publisher(d, set, log),
		Subscribers: c.verbs(set), TrustedProxies: c.HTTP.proxies, Log: log, Feeds: c.feedOptions(), MostRead: c.mostRead(), BoxBy: c.Reads.Rank,
		Banner: func(digest string, at time.Time) *templates.Banner { return c.banner("page", digest, at) },
	}
	for _, dg := range c.Digests {
		o.Digests = append(o.Digests, web.DigestInfo{Name: dg.Name, Title: dg.Title, Language: dg.Language, Location: dg.location, Rhythm: rhythm(dg), BestOf: dg.BestOf, Layouts: c.digest(dg).Looks(), NoIndex: !*dg.SearchEngines})
	}
	return o
}
