// Package reads is in charge of counting who read what, and of "most read". It writes the tables read_salt, read_seen,
// read_hour, read_day, read_filtered, read_pins, read_excluded and banner_shown. Whose article an address elsewhere is, package addresses says.
//
// A read is one (visitor of the day, article) pair, reported by a real browser after the article was visible for a while.
// The visitor is a hash under a random salt that lives two days in the database and is shared by all nodes; no address,
// no User-Agent and no cookie is stored. What is not counted is counted too, by reason.
//
// Reads gather in the memory of a [Counter] and are written by [Counter.Flush], every ten seconds and at the end: a
// crash loses at most what came since. The database, not the memory, decides whether a visitor was seen before, so any
// number of nodes count a visitor once. Regulators differ on counting without consent; mode "off" counts nothing.
package reads

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash"
	"maps"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"time"

	"vestnik/db"
	"vestnik/reads/addresses"
)

// Modes of counting.
const (
	Script = "script" // the page's script reports a read
	Server = "server" // every delivered page is a read, for sites without JavaScript
	Off    = "off"    // nothing is counted
)

// Reasons for which a hit is not counted.
const (
	ReasonOff        = "off"                // mode off; this one is not even recorded
	ReasonSize       = "size"               // a body of more than 512 bytes, or 2,048 from elsewhere, where an address is in it
	ReasonAddress    = "address"            // the visitor's address is not known
	ReasonRate       = "rate"               // more than 60 hits a minute from one /24 or /48
	ReasonSite       = "cross-site"         // Sec-Fetch-Site names another site
	ReasonOrigin     = "origin"             // Origin names another site; from elsewhere, none of those that may
	ReasonHost       = addresses.ReasonHost // these three from elsewhere alone
	ReasonFile       = addresses.ReasonFile
	ReasonPage       = addresses.ReasonPage
	ReasonUnknown    = "unknown"    // from elsewhere: no article's address, and it cannot be kept apart: there are too many, or it is too long
	ReasonNavigation = "navigation" // mode server: the page was not opened in a window
	ReasonPrefetch   = "prefetch"   // fetched ahead, perhaps never seen
	ReasonGPC        = "gpc"        // the visitor asks not to be counted (Sec-GPC, DNT)
	ReasonRobot      = "robot"      // by its User-Agent
	ReasonWebdriver  = "webdriver"  // a program drives the browser, as the browser itself says
	ReasonToken      = "token"      // of another article, too old, or invented
	ReasonMany       = "many"       // more than 30 reads of one article in a day from one /24 or /48
	ReasonSample     = "sample"     // not among the visitors who stand for all
	ReasonFull       = "full"       // the buffer is full: the database does not take the reads
)

// Options of a [Counter].
type Options struct {
	Mode       string        // Script, Server or Off; "" is Script
	Secret     []byte        // the site's; tokens are made with it
	Site       string        // our own address, without a slash at the end; "" is whatever host is asked for, and then there are no Sites
	Sites      []string      // origins of the sites that live elsewhere and whose pages may report reads, as "https://old.example"
	MinVisible time.Duration // how long an article must be visible; 0 is 5 s
	RespectGPC bool          // do not count visitors who send Sec-GPC or DNT

	// Sample k counts one visitor in k, k times, and so spares the database. Sums stay right on average; the standard
	// deviation of n reads is a share of sqrt((k-1)/n): with k = 4, 1,000 reads are right to 5 %, and 10,000 to 2 %.
	Sample int // 0 is 1: everybody

	Zone *time.Location // on whose calendar the days of sponsors' reports are; nil is UTC
}

const (
	maxSize     = 512
	rateLimit   = 60
	readLimit   = 30
	tokenDays   = 3
	maxPending  = 200_000 // reads that wait for Flush
	manyPending = 50_000  // so many should not wait any longer
	maxRemember = 100_000 // reads, rates and limits that are remembered at once, of each kind
	otherSource = "other"
)

// A Counter counts the reads of one node. It is safe for many goroutines. Limits on how fast and how often hits may come are
// each node's own: they bound what one network can add, and need no agreement between nodes.
type Counter struct {
	options Options
	host    string          // of our own site, as [addresses.Host] has it; "" is whichever is asked for
	sites   map[string]bool // hosts of those elsewhere
	keys    sync.Pool       // HMACs under the secret
	outside outside

	salts saltBox

	filling  chan struct{} // see Filling
	flushing sync.Mutex    // one flush at a time
	mu       sync.Mutex    // all below; held for a few map operations, never while waiting
	pending  map[read]moment
	places   map[int64]string // of the addresses in pending that are no article's
	filtered map[dropped]int64
	showings showings
	seen     generations[read]   // what was counted lately: spares the database repetitions
	rates    rates               // of hits
	limitDay int64               // the latest that the limits are of
	limits   map[articleFrom]int // reads in this day and the one before
}

// A read is the key that exists once.
type read struct {
	day     int64
	article int64
	visitor int64
}

// moment is when and how a read came.
type moment struct {
	hour   int64
	source string
	weight int64 // reads that it stands for
}

type dropped struct {
	day    int64
	reason string
}

type articleFrom struct {
	day     int64
	article int64
	prefix  netip.Prefix
}

// NewCounter returns a counter with an empty buffer.
func NewCounter(o Options) *Counter {
	if o.Mode == "" {
		o.Mode = Script
	}
	if o.MinVisible <= 0 {
		o.MinVisible = 5 * time.Second
	}
	o.Sample = max(o.Sample, 1)
	c := &Counter{options: o, sites: map[string]bool{}, places: map[int64]string{}, filling: make(chan struct{}, 1), pending: map[read]moment{}, filtered: map[dropped]int64{},
		limits: map[articleFrom]int{}}
	c.keys.New = func() any { return hmac.New(sha256.New, o.Secret) }
	if host, err := addresses.Host(o.Site); err == nil {
		c.host = string(host)
	}
	for _, site := range o.Sites {
		if host, err := addresses.Host(site); err == nil {
			c.sites[string(host)] = true
		}
	}
	return c
}

// A Hit is what a visitor's browser sent.
type Hit struct {
	Article int64
	Token   string     // from the body, see [ParseBody]; not needed in mode server
	Source  string     // from the body: email, feed, web; "" is web and all others are "other"
	Address netip.Addr // the visitor's own, not a proxy's
	Host    string     // that was asked for
	Header  http.Header
	Size    int64 // of the body

	Elsewhere bool   // the page is not ours: its address says which article it is
	Page      string // that address

	key string // of an address that is no article's
}

// Count takes a hit in. It returns "" if the hit will be written as a read by the next Flush, unless the visitor was
// seen before, else the reason why it is not counted. An error means that the day's salt could not be had from the database;
// the hit is lost.
func (c *Counter) Count(ctx context.Context, d *db.DB, hit Hit, now time.Time) (reason string, err error) {
	if c.options.Mode == Off {
		return ReasonOff, nil
	}
	reason = c.filter(hit, now)
	if reason == "" && hit.Elsewhere {
		if reason, err = c.locate(ctx, d, &hit, now); err != nil {
			return "", fmt.Errorf("count a read elsewhere: %w", err)
		}
	}
	if reason == "" {
		salt, err := c.salts.of(ctx, d, now)
		if err != nil {
			return "", fmt.Errorf("count a read of %d: %w", hit.Article, err)
		}
		reason = c.keep(hit, salt.Visitor(hit), now)
	}
	if reason != "" {
		c.mu.Lock()
		c.filtered[dropped{dayOf(now), reason}]++
		c.mu.Unlock()
	}
	return reason, nil
}

// keep puts a read into the buffer.
func (c *Counter) keep(hit Hit, visitor int64, now time.Time) (reason string) {
	weight := int64(c.options.Sample)
	if uint64(visitor)%uint64(weight) != 0 {
		return ReasonSample
	}
	key := read{dayOf(now), hit.Article, visitor}
	from := articleFrom{key.day, hit.Article, prefixOf(hit.Address)}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.seen.has(key) {
		return ""
	}
	c.forgetLimits(key.day)
	switch {
	case c.limits[from] >= max(readLimit/int(weight), 1):
		return ReasonMany
	case len(c.pending) >= maxPending:
		return ReasonFull
	}
	c.limits[from]++
	c.seen.add(key)
	c.pending[key] = moment{hourOf(now), sourceOf(hit.Source), weight}
	if hit.key != "" {
		c.places[hit.Article] = hit.key
	}
	if len(c.pending) == manyPending { // not again and again while the database does not take them
		c.hurry()
	}
	return ""
}

// forgetLimits drops the limits of days that were before yesterday already when the last day began. Those since stay: a clock that was
// put back must not give a network its thirty reads again, and neither may one that was days ahead for a while.
func (c *Counter) forgetLimits(day int64) {
	switch {
	case len(c.limits) >= maxRemember:
		clear(c.limits)
	case day > c.limitDay:
		maps.DeleteFunc(c.limits, func(from articleFrom, _ int) bool { return from.day < c.limitDay-1 })
	}
	c.limitDay = max(c.limitDay, day)
}

// tooFast counts a hit from the prefix and reports whether it is one too many in this minute.
func (c *Counter) tooFast(address netip.Addr, now time.Time) bool {
	prefix := prefixOf(address)
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.rates.tooMany(prefix, now)
}

// rates are how much came from each network in a minute.
type rates struct {
	minute int64 // since 1970
	from   map[netip.Prefix]int
}

// tooMany counts one more from a network and reports whether it is one too many in this minute. Those of the minute before, which
// come late or by a clock that was put back a little, count as this minute's.
func (r *rates) tooMany(prefix netip.Prefix, now time.Time) bool {
	if r.from == nil {
		r.from = map[netip.Prefix]int{}
	}
	minute := now.Unix() / 60
	if minute > r.minute || minute < r.minute-1 || len(r.from) >= maxRemember {
		r.minute = minute
		clear(r.from)
	}
	r.from[prefix]++
	return r.from[prefix] > rateLimit
}

// forget drops the networks of a minute that is over.
func (r *rates) forget(now time.Time) {
	if r.minute < now.Unix()/60 {
		clear(r.from)
	}
}

func dayOf(t time.Time) int64  { return t.Unix() / 86400 }
func hourOf(t time.Time) int64 { return t.Unix() / 3600 }

// prefixOf is the /24 of an IPv4 address and the /48 of an IPv6 address: one provider's customers, or one who has many addresses.
func prefixOf(address netip.Addr) netip.Prefix {
	return cut(address, 24, 48)
}

func cut(address netip.Addr, bits4, bits6 int) netip.Prefix {
	address = address.Unmap().WithZone("")
	bits := bits6
	if address.Is4() {
		bits = bits4
	}
	prefix, _ := address.Prefix(bits) // an address that is none gives the zero prefix
	return prefix
}

// Visitor is the key of the visitor who sent the hit: a hash of what tells browsers apart, under a salt that will be thrown away. A
// household's IPv6 addresses change by the hour, so only their /64 counts.
func (s *Salt) Visitor(hit Hit) int64 {
	h := s.hashes.Get().(hash.Hash)
	defer s.hashes.Put(h)
	h.Reset()
	var buffer [256]byte
	b := cut(hit.Address, 32, 64).Addr().AppendTo(buffer[:0])
	for _, part := range []string{hit.Header.Get("User-Agent"), hit.Header.Get("Accept-Language"), strings.ToLower(hit.Host)} {
		b = append(append(b, '|'), part...)
	}
	h.Write(b)
	return int64(binary.BigEndian.Uint64(h.Sum(buffer[:0])))
}

// sourceOf keeps the sources few: they are part of a primary key and come from outside.
func sourceOf(source string) string {
	switch source {
	case "":
		return "web"
	case "web", "email", "feed":
		return source
	}
	return otherSource
}

// Token is the proof that the article's page was served by this site, on the day of now or in the two days after. It
// may lie in a cache that long.
func (c *Counter) Token(article int64, now time.Time) string {
	return c.token(article, dayOf(now))
}

func (c *Counter) token(article, day int64) string { return c.sign("read|", article, day) }

// siteToken is the proof that a page loaded our script on that day or in the two days after.
func (c *Counter) siteToken(day int64) string { return c.sign("site|", 0, day) }

func (c *Counter) sign(use string, article, day int64) string {
	h := c.keys.Get().(hash.Hash)
	defer c.keys.Put(h)
	h.Reset()
	var buffer [64]byte
	b := strconv.AppendInt(append(buffer[:0], use...), article, 10)
	h.Write(strconv.AppendInt(append(b, '|'), day, 10))
	return base64.RawURLEncoding.EncodeToString(h.Sum(buffer[:0])[:8])
}

func (c *Counter) validToken(hit Hit, now time.Time) bool {
	use, article := "read|", hit.Article
	if hit.Elsewhere {
		use, article = "site|", 0
	}
	for ago := range int64(tokenDays) {
		if subtle.ConstantTimeCompare([]byte(hit.Token), []byte(c.sign(use, article, dayOf(now)-ago))) == 1 {
			return true
		}
	}
	return false
}

// generations remembers the last maxRemember keys at least, and at most twice as many.
type generations[K comparable] struct {
	young, old map[K]struct{}
}

func (g *generations[K]) has(key K) bool {
	if _, ok := g.young[key]; ok {
		return true
	}
	_, ok := g.old[key]
	return ok
}

func (g *generations[K]) add(key K) {
	if g.young == nil || len(g.young) >= maxRemember {
		g.young, g.old = map[K]struct{}{}, g.young
	}
	g.young[key] = struct{}{}
}

// saltBox holds the salt of the day.
type saltBox struct {
	mu   sync.Mutex
	day  int64
	salt *Salt
}

// of returns the salt of the day of now.
func (s *saltBox) of(ctx context.Context, d *db.DB, now time.Time) (*Salt, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.day == dayOf(now) && s.salt != nil {
		return s.salt, nil
	}
	salt, err := SaltOf(ctx, d, now)
	if err != nil {
		return nil, err
	}
	s.day, s.salt = dayOf(now), salt
	return salt, nil
}

func saltOf(ctx context.Context, d *db.DB, day int64) ([]byte, error) {
	fresh := make([]byte, 32)
	rand.Read(fresh)
	_, err := d.ExecContext(ctx, `INSERT INTO read_salt (day, salt) VALUES ($1, $2) ON CONFLICT (day) DO NOTHING`, day, hex.EncodeToString(fresh))
	if err != nil {
		return nil, err
	}
	var stored string
	if err := d.QueryRowContext(ctx, `SELECT salt FROM read_salt WHERE day = $1`, day).Scan(&stored); err != nil {
		return nil, err
	}
	return hex.DecodeString(stored)
}
