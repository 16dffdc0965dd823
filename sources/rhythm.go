package sources

import (
	"context"
	"database/sql"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/mmcdole/gofeed"
	"github.com/mmcdole/gofeed/rss"

	"vestnik/db"
)

// A translator keeps a channel's ttl, which gofeed's own leaves behind.
type translator struct{ gofeed.DefaultRSSTranslator }

const ttlKey = "vestnik ttl"

func (t *translator) Translate(feed any) (*gofeed.Feed, error) {
	out, err := t.DefaultRSSTranslator.Translate(feed)
	if channel, ok := feed.(*rss.Feed); ok && err == nil {
		out.Custom = map[string]string{ttlKey: channel.TTL}
	}
	return out, err
}

// periods are those of the RSS 1.0 syndication module.
var periods = map[string]time.Duration{"hourly": time.Hour, "daily": 24 * time.Hour, "weekly": 7 * 24 * time.Hour,
	"monthly": 30 * 24 * time.Hour, "yearly": 365 * 24 * time.Hour}

// rhythm is how long the feed itself asks to be left alone between two polls, by its ttl (in minutes) or the syndication
// module, whichever is longer, at most a day; 0 if it says nothing.
func rhythm(feed *gofeed.Feed) time.Duration {
	var asked time.Duration
	if minutes, err := strconv.ParseInt(strings.TrimSpace(feed.Custom[ttlKey]), 10, 32); err == nil {
		asked = time.Duration(min(minutes, int64(maxHint/time.Minute))) * time.Minute
	}
	said := func(name string) string {
		if all := feed.Extensions["sy"][name]; len(all) > 0 {
			return strings.ToLower(strings.TrimSpace(all[0].Value))
		}
		return ""
	}
	if period, ok := periods[said("updatePeriod")]; ok {
		times, err := strconv.ParseInt(said("updateFrequency"), 10, 32)
		if err != nil {
			times = 1
		}
		asked = max(asked, period/time.Duration(max(times, 1)))
	}
	return min(max(asked, 0), maxHint)
}

// spareHost puts off the other sources on a public host that asked to be left alone, until then: it means the one who
// asks, not the feed. On a private network one machine may stand before many sites.
func (p *poll) spareHost(ctx context.Context, until time.Time) error {
	host := publicHost(p.source.URL)
	if p.answer == nil || p.answer.RetryAfter == 0 || host == "" ||
		p.answer.Status != http.StatusTooManyRequests && p.answer.Status != http.StatusServiceUnavailable {
		return nil
	}
	all, err := db.Collect(ctx, p.d, func(row *sql.Rows) (s Source, err error) {
		return s, row.Scan(&s.Name, &s.URL)
	}, `SELECT name, url FROM sources WHERE name <> $1 AND due > 0 AND due < $2`, p.source.Name, db.Milli(until))
	if err != nil {
		return fmt.Errorf("look up the other sources on %s: %w", host, err)
	}
	for _, s := range all {
		if publicHost(s.URL) != host {
			continue
		}
		_, err := p.d.ExecContext(ctx, `UPDATE sources SET due = $1 WHERE name = $2 AND due > 0 AND due < $3`,
			db.Milli(until), s.Name, db.Milli(until))
		if err != nil {
			return fmt.Errorf("put off source %s: %w", s.Name, err)
		}
	}
	return nil
}

// publicHost is the host of an address in lower case; "" if it is on this machine or a private network, as far as its
// name says.
func publicHost(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	host := strings.TrimSuffix(strings.ToLower(u.Hostname()), ".")
	if ip, err := netip.ParseAddr(host); err == nil {
		if ip = ip.Unmap(); !ip.IsGlobalUnicast() || ip.IsPrivate() {
			return ""
		}
		return host
	}
	if !strings.Contains(host, ".") || strings.HasSuffix(host, ".local") || strings.HasSuffix(host, ".internal") {
		return ""
	}
	return host
}
