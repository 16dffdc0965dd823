package main

import (
	"bytes"
	"errors"
	"fmt"
	"net/mail"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"vestnik/digest"
	"vestnik/reads"
	"vestnik/reads/addresses"
	"vestnik/subscribers"
	"vestnik/subscribers/limits"
	"vestnik/templates"
)

func setDefault[T comparable](v *T, value T) {
	var zero T
	if *v == zero {
		*v = value
	}
}

func (c *Config) fillDefaults() {
	setDefault(&c.Site.Language, "ru")
	setDefault(&c.Site.Timezone, "UTC")
	c.Site.URL = strings.TrimRight(c.Site.URL, "/")
	setDefault(&c.HTTP.Listen, "127.0.0.1:8080")
	setDefault(&c.Database.URL, "sqlite:vestnik.db")
	setDefault(&c.Mail.InDoubtMax, 200)
	for i := range c.Mail.Relays {
		setDefault(&c.Mail.Relays[i].Connections, 10)
	}
	setDefault(&c.Feeds.Items, 50)
	setDefault(&c.Feeds.Text, "full")
	if c.Feeds.Hub == nil {
		yes := true
		c.Feeds.Hub = &yes
	}
	setDefault(&c.Reads.Mode, "script")
	setDefault(&c.Reads.MinVisible, Duration(5*time.Second))
	if c.Reads.RespectGPC == nil {
		yes := true
		c.Reads.RespectGPC = &yes
	}
	setDefault(&c.Reads.Sample, 1)
	if c.Reads.Least == nil {
		c.Reads.Least = new(int64(5))
	}
	if c.Reads.LeastShare == nil {
		c.Reads.LeastShare = new(0.02)
	}
	c.Join.fillDefaults()
	c.Keep.fillDefaults()
	if c.Reads.Show == nil {
		c.Reads.Show = new(true)
	}
	setDefault(&c.Reads.Rank, reads.ByReads)
	if c.Node.Roles == nil {
		c.Node.Roles = []string{"web", "cron", "send", "poll"}
	}
	for i := range c.Digests {
		c.Digests[i].fillDefaults(c.Site)
	}
	for i := range c.Sources {
		setDefault(&c.Sources[i].Every, Duration(time.Hour))
		setDefault(&c.Sources[i].Language, c.Site.Language)
	}
}

func (d *DigestConfig) fillDefaults(site SiteConfig) {
	five := 5
	setDefault(&d.Title, d.Name)
	setDefault(&d.Timezone, site.Timezone)
	setDefault(&d.Language, site.Language)
	setDefault(&d.Window, Duration(24*time.Hour))
	setDefault(&d.Rank, "reads")
	setDefault(&d.Count, 20)
	setDefault(&d.WhenThin, "fill")
	setDefault(&d.MinItems, 3)
	setDefault(&d.MaxAge, Duration(72*time.Hour))
	setDefault(&d.CatchUp, Duration(6*time.Hour))
	setDefault(&d.MaxLate, Duration(12*time.Hour))
	setDefault(&d.InDoubt, "resend")
	if d.Related == nil {
		d.Related = &five
	}
	if d.Repeat == nil {
		d.Repeat = new(Duration(30 * 24 * time.Hour))
	}
	setDefault(&d.Layout, templates.LayoutList)
	setDefault(&d.ApproveWithin, Duration(2*time.Hour))
	setDefault(&d.Text, digest.TextFull)
	if d.Grace == nil {
		d.Grace = new(Duration(10 * time.Minute))
	}
	if d.SearchEngines == nil {
		d.SearchEngines = new(true)
	}
	if len(d.Editors) == 0 && site.Admin != "" {
		d.Editors = []string{site.Admin}
	}
	for i := range d.Blocks {
		setDefault(&d.Blocks[i].Rank, d.Rank)
		setDefault(&d.Blocks[i].Count, 5)
	}
}

// check finds what is wrong and says it in one sentence: the first thing only.
func (c *Config) check() error {
	checks := []func() error{c.checkSite, c.checkHTTP, c.checkMail, c.checkDigests, c.checkSources, c.checkFeeds, c.checkBanners, c.checkRest}
	for _, f := range checks {
		if err := f(); err != nil {
			return err
		}
	}
	return nil
}

func (c *Config) checkSite() (err error) {
	if err := absoluteURL(c.Site.URL); err != nil {
		return fmt.Errorf(`[site] url %q: %w, as "https://kino.example"`, c.Site.URL, err)
	}
	if len(c.Site.Secret) < 32 {
		return errors.New("[site] secret: at least 32 random characters are needed, the same on every node; `vestnik init` makes one")
	}
	if c.Site.location, err = time.LoadLocation(c.Site.Timezone); err != nil {
		return fmt.Errorf(`[site] timezone %q: no such zone; write it as "Europe/Moscow"`, c.Site.Timezone)
	}
	if c.Site.Admin != "" {
		if _, _, err := subscribers.ParseAddress(c.Site.Admin); err != nil {
			return fmt.Errorf("[site] admin: %w", err)
		}
	}
	if err := templates.Speak(c.path(c.Site.Templates)); err != nil { // what follows asks which languages there are
		return fmt.Errorf("[site] templates: %w", err)
	}
	setDefault(&c.Site.Title, hostOf(c.Site.URL))
	return oneLine("[site] title", c.Site.Title)
}

func (r *RetentionConfig) fillDefaults() {
	for _, clock := range []struct {
		at   **Duration
		days int
	}{{&r.Pending, 30}, {&r.Left, 0}, {&r.Letters, 400}, {&r.Imports, 400}} {
		if *clock.at == nil {
			*clock.at = new(Duration(time.Duration(clock.days) * 24 * time.Hour))
		}
	}
}

// Shorter ones would take from what is still under way.
const (
	leastPending = 3 * 24 * time.Hour
	leastLetters = 7 * 24 * time.Hour
)

func (r RetentionConfig) check() error {
	if p := time.Duration(*r.Pending); p > 0 && p < leastPending {
		return fmt.Errorf(`pending %s: the link of a confirmation letter is valid for two days; write "3d" or more, or "0s" for ever`, p)
	}
	if l := time.Duration(*r.Letters); l > 0 && l < leastLetters {
		return fmt.Errorf(`letters %s: who was mailed must be known while bounces come back; write "7d" or more, or "0s" for ever`, l)
	}
	return nil
}

func (c *Config) checkHTTP() error {
	for _, text := range c.HTTP.TrustedProxies {
		prefix, err := netip.ParsePrefix(text)
		if addr, e := netip.ParseAddr(text); err != nil && e == nil {
			prefix, err = addr.Prefix(addr.BitLen())
		}
		if err != nil {
			return fmt.Errorf(`[http] trusted_proxies %q: write an address or a network, as "10.0.0.0/8"`, text)
		}
		c.HTTP.proxies = append(c.HTTP.proxies, prefix)
	}
	return nil
}

func (c *Config) checkMail() error {
	setDefault(&c.Mail.From, c.Site.Title+" <digest@"+hostOf(c.Site.URL)+">")
	from, err := parseFrom(c.Mail.From)
	if err != nil {
		return fmt.Errorf(`[mail] from %q: write it as "Вестник <digest@kino.example>"`, c.Mail.From)
	}
	c.Mail.from = from
	setDefault(&c.Mail.BounceDomain, from.Address[strings.LastIndexByte(from.Address, '@')+1:])
	return nil
}

// parseFrom reads "Name <address>" where the name need not be quoted and may be in any script.
func parseFrom(s string) (mail.Address, error) {
	if err := oneLine("from", s); err != nil {
		return mail.Address{}, err
	}
	if name, rest, ok := strings.Cut(s, "<"); ok && !strings.Contains(name, `"`) {
		address, err := mail.ParseAddress("<" + rest)
		if err != nil {
			return mail.Address{}, err
		}
		return mail.Address{Name: strings.TrimSpace(name), Address: address.Address}, nil
	}
	address, err := mail.ParseAddress(s)
	if err != nil {
		return mail.Address{}, err
	}
	return *address, nil
}

var plainName = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,39}$`)

func (c *Config) checkDigests() (err error) {
	seen := map[string]bool{}
	for i := range c.Digests {
		d := &c.Digests[i]
		if !plainName.MatchString(d.Name) || seen[d.Name] {
			return fmt.Errorf(`[[digest]] name %q: every digest needs a name of its own, of the letters a-z, digits and -, as "daily"`, d.Name)
		}
		seen[d.Name] = true
		if d.location, err = time.LoadLocation(d.Timezone); err != nil {
			return fmt.Errorf(`[[digest]] %s: timezone %q: no such zone; write it as "Asia/Sakhalin"`, d.Name, d.Timezone)
		}
		if err := oneLine("[[digest]] "+d.Name+": title", d.Title); err != nil {
			return err
		}
		if err := c.digest(*d).Check(); err != nil {
			return fmt.Errorf("[[digest]] %w", err)
		}
	}
	return c.checkRhythms()
}

// checkRhythms looks at the digests that are calmer rhythms of others.
func (c *Config) checkRhythms() error {
	of := map[string]string{}
	for _, d := range c.Digests {
		of[d.Name] = d.BestOf
	}
	for _, d := range c.Digests {
		other, exists := of[d.BestOf]
		switch {
		case d.BestOf == "":
		case !exists || d.BestOf == d.Name:
			return fmt.Errorf("[[digest]] %s: best_of %q: write the name of another digest, whose best it brings at a calmer rhythm", d.Name, d.BestOf)
		case other != "":
			return fmt.Errorf("[[digest]] %s: best_of %q: that is a calmer rhythm itself, of %q; name that one", d.Name, d.BestOf, other)
		}
	}
	return nil
}

func (c *Config) checkSources() error {
	seen := map[string]bool{}
	for _, s := range c.Sources {
		if !plainName.MatchString(s.Name) || seen[s.Name] {
			return fmt.Errorf(`[[source]] name %q: every source needs a name of its own, of the letters a-z, digits and -, as "wire"`, s.Name)
		}
		seen[s.Name] = true
		if err := absoluteURL(s.URL); err != nil {
			return fmt.Errorf("[[source]] %s: url %q: %w", s.Name, s.URL, err)
		}
	}
	return nil
}

// maxFeedItems bounds a feed: with 5 kB an item it is 5 MB, which no reader wants every hour.
const maxFeedItems = 1000

func (c *Config) checkFeeds() error {
	if err := checkFeed("[feeds]", c.Feeds.Items, c.Feeds.Text); err != nil {
		return err
	}
	if c.Feeds.Image != "" && absoluteURL(c.Feeds.Image) != nil {
		return fmt.Errorf("[feeds] image %q: an absolute http or https address is needed", c.Feeds.Image)
	}
	for old, address := range c.Feeds.Old {
		if !strings.HasPrefix(old, "/") || !strings.HasPrefix(address, "/") && absoluteURL(address) != nil {
			return fmt.Errorf(`[feeds] old: %q = %q: write the old path and the new one, as "/rss/news.xml" = "/sections/news/feed.xml"`, old, address)
		}
	}
	seen := map[string]bool{}
	for _, f := range c.Feed {
		if !feedName.MatchString(f.Name) || seen[f.Name] {
			return fmt.Errorf("[[feed]] name %q: every feed needs its own name as `vestnik feeds list` prints it, as %q or %q", f.Name, "site", "sections/kino")
		}
		seen[f.Name] = true
		if err := checkFeed("[[feed]] "+f.Name+":", f.Items, f.Text); err != nil {
			return err
		}
		if f.Moved != "" && (!feedName.MatchString(f.Moved) || f.Moved == f.Name) {
			return fmt.Errorf("[[feed]] %s: moved %q: write the name of the feed it became, as %q", f.Name, f.Moved, "sections/film")
		}
		if f.Moved != "" && !f.Ended.IsZero() {
			return fmt.Errorf("[[feed]] %s: a feed has either moved or ended, not both", f.Name)
		}
	}
	return nil
}

var feedName = regexp.MustCompile(`^(site|(sections|tags|authors|digests)/[^/\s]+|most-read/(24h|7d|30d))$`)

func checkFeed(where string, items int, text string) error {
	if items < 0 || items > maxFeedItems {
		return fmt.Errorf("%s items %d: write a number from 1 to %d", where, items, maxFeedItems)
	}
	if !slices.Contains([]string{"", "full", "summary"}, text) {
		return fmt.Errorf(`%s text %q: write "full" or "summary"`, where, text)
	}
	return nil
}

func (c *Config) checkBanners() error {
	seen := map[string]bool{}
	for i := range c.Banners {
		b := &c.Banners[i]
		where := fmt.Sprintf("[[banner]] number %d", i+1)
		if b.Name == "" && b.Erid != "" {
			return fmt.Errorf(`%s: name: one with an erid needs a name, under which its showings are reported for as long as it runs, as "film"`, where)
		}
		setDefault(&b.Name, fmt.Sprintf("banner-%d", i+1))
		if !plainName.MatchString(b.Name) || seen[b.Name] {
			return fmt.Errorf(`%s: name %q: every banner needs a name of its own, of the letters a-z, digits and -, as "film"`, where, b.Name)
		}
		seen[b.Name] = true
		if len(b.Place) == 0 {
			b.Place = []string{"page", "letter"}
		}
		if err := b.check(); err != nil {
			return fmt.Errorf("%s (%s): %w", where, b.Name, err)
		}
		if err := b.checkLaw(c.Site.Language); err != nil {
			return fmt.Errorf("%s (%s): %w", where, b.Name, err)
		}
		for _, name := range b.Digests {
			if !slices.ContainsFunc(c.Digests, func(d DigestConfig) bool { return d.Name == name }) {
				return fmt.Errorf("%s (%s): digests %q: no digest is called so", where, b.Name, name)
			}
		}
	}
	return nil
}

func (b BannerConfig) check() error {
	if absoluteURL(b.Image) != nil || absoluteURL(b.Link) != nil {
		return errors.New("image and link must be absolute http or https addresses")
	}
	for _, place := range b.Place {
		if place != "page" && place != "letter" {
			return fmt.Errorf(`place %q: write "page", "letter" or both`, place)
		}
	}
	for _, t := range []time.Time{b.From, b.Until} {
		if !t.IsZero() && t.Year() < 1970 {
			return errors.New("from and until are days, as 2026-11-01")
		}
	}
	if !b.Until.IsZero() && !b.From.Before(b.Until) {
		return errors.New("until must be later than from")
	}
	return oneLine("label, advertiser and alt", b.Label+b.Payer+b.Alt)
}

var eridShape = regexp.MustCompile(`^[0-9A-Za-z_-]{6,64}$`)

// checkLaw sees to what must stand beside a banner. A reader must see that it is one; and where there is a token (erid), Russian law (38-FZ,
// article 18.1, part 16) wants the word «реклама» and the advertiser, too. A banner without a token may be of our own house.
func (b *BannerConfig) checkLaw(language string) error {
	setDefault(&b.Label, templates.Text(language, "banner_label"))
	switch {
	case b.Erid == "":
		return nil
	case !eridShape.MatchString(b.Erid):
		return fmt.Errorf(`erid %q: write the token alone, which has only Latin letters and digits, as "2VtzqwP7nAb"`, b.Erid)
	case !strings.Contains(strings.ToLower(b.Label), "реклам"):
		return fmt.Errorf("label %q: beside an erid the law wants the word «Реклама»", b.Label)
	case b.Payer == "":
		return errors.New(`advertiser: beside an erid the law wants to know who pays, as "ООО «Киноплёнка»"`)
	}
	return nil
}

func (c *Config) checkRest() error {
	if !slices.Contains([]string{reads.Script, reads.Server, reads.Off}, c.Reads.Mode) {
		return fmt.Errorf(`[reads] mode %q: write "script", "server" or "off"`, c.Reads.Mode)
	}
	if err := c.Reads.check(); err != nil {
		return fmt.Errorf("[reads] %w", err)
	}
	if err := c.Keep.check(); err != nil {
		return fmt.Errorf("[retention] %w", err)
	}
	if err := c.Join.check(); err != nil {
		return fmt.Errorf("[join] %w", err)
	}
	if err := c.checkReadSites(); err != nil {
		return err
	}
	for _, role := range c.Node.Roles {
		if !slices.Contains([]string{"web", "cron", "send", "poll"}, role) {
			return fmt.Errorf(`[node] roles %q: write some of "web", "cron", "send", "poll"`, role)
		}
	}
	return nil
}

func (j *JoinConfig) fillDefaults() {
	setDefault(&j.PerNetwork, limits.Defaults.Network)
	setDefault(&j.PerDomain, limits.Defaults.Domain)
	setDefault(&j.PerHour, limits.Defaults.All)
	setDefault(&j.Again, Duration(limits.Defaults.Again))
	setDefault(&j.PerDay, limits.Defaults.Day)
	setDefault(&j.PerMonth, limits.Defaults.Month)
}

// check refuses limits that would let nobody join, or a stranger fill a mailbox.
func (j JoinConfig) check() error {
	for _, limit := range []struct {
		key string
		n   int
	}{{"per_network", j.PerNetwork}, {"per_domain", j.PerDomain}, {"per_hour", j.PerHour}} {
		if limit.n < 1 || limit.n > 1_000_000 {
			return fmt.Errorf("%s %d: write a number of requests an hour from 1 to 1000000", limit.key, limit.n)
		}
	}
	switch {
	case j.Again < Duration(time.Hour) || j.Again > Duration(30*24*time.Hour):
		return fmt.Errorf(`again %q: write a time from "1h" to "30d"`, time.Duration(j.Again))
	case j.PerDay < 1 || j.PerDay > 24 || j.PerMonth < j.PerDay || j.PerMonth > 240:
		return fmt.Errorf("per_day %d, per_month %d: write from 1 to 24 letters a day, and at least as many, at most 240, in 30 days", j.PerDay, j.PerMonth)
	}
	return nil
}

// maxSample bounds the sample: beyond it a list of the most read is more chance than reads.
const maxSample = 1024

func (r ReadsConfig) check() error {
	switch {
	case r.Rank == reads.ByAdjusted:
		return fmt.Errorf(`rank "adjusted" is for digests: a box called most read would not be in the order of its reads; write "reads" or "trend"`)
	case r.Rank != reads.ByReads && r.Rank != reads.ByTrend:
		return fmt.Errorf(`rank %q: write "reads" or "trend"`, r.Rank)
	case r.Sample < 1 || r.Sample > maxSample:
		return fmt.Errorf("sample %d: write 1 to count everybody, or a number up to %d to count one visitor in so many", r.Sample, maxSample)
	case *r.Least < 0 || r.PerSection < 0:
		return fmt.Errorf("least and per_section cannot be less than 0")
	case !(*r.LeastShare >= 0 && *r.LeastShare <= 1):
		return fmt.Errorf("least_share %g: write a share from 0 to 1, as 0.02", *r.LeastShare)
	}
	return nil
}

// checkReadSites wants origins: what a browser says where a beacon is from has no path.
func (c *Config) checkReadSites() error {
	for _, site := range c.Reads.Sites {
		u, err := url.Parse(site)
		if err != nil || absoluteURL(site) != nil || u.User != nil || u.Path != "" || u.RawQuery != "" || u.Fragment != "" || u.Opaque != "" {
			return fmt.Errorf(`[reads] sites %q: write the scheme and host that readers see, without a path or a slash at the end, as "https://old.example"`, site)
		}
		if sameHost(site, c.Site.URL) {
			return fmt.Errorf("[reads] sites %q: this is [site] url itself, whose pages report reads by themselves; leave it out", site)
		}
	}
	return nil
}

// sameHost reports whether two addresses are of one site, however its name is written.
func sameHost(a, b string) bool {
	one, err := addresses.Host(a)
	other, err2 := addresses.Host(b)
	return err == nil && err2 == nil && bytes.Equal(one, other)
}

func absoluteURL(s string) error {
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return errors.New("an absolute http or https address is needed")
	}
	return nil
}

func hostOf(s string) string {
	u, err := url.Parse(s)
	if err != nil {
		return ""
	}
	return u.Hostname()
}

func oneLine(what, s string) error {
	if strings.ContainsAny(s, "\r\n\x00") {
		return fmt.Errorf("%s: it must be one line", what)
	}
	return nil
}
