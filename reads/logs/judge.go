package logs

import (
	"bytes"
	"context"
	"net/http"
	"net/netip"
	"time"

	"vestnik/reads"
	"vestnik/reads/addresses"
)

// Reasons for which a line is no read, beside those of package reads that also hold here: address, navigation, prefetch, gpc,
// robot, many and full; and those of package addresses: host, file and page.
const (
	ReasonLong      = "long"      // of more than 64 KiB
	ReasonMalformed = "malformed" // in no format that is known, or with what cannot be
	ReasonBroken    = "broken"    // a compressed file ends or is damaged here; the rest cannot be read
	ReasonMethod    = "method"    // not GET
	ReasonStatus    = "status"    // neither 200 nor 304
	ReasonTime      = "time"      // in the future, or before 2000
	ReasonRepeat    = "repeat"    // the visitor was seen before that day
	ReasonLate      = "late"      // of a day that had to be forgotten: whether the visitor was seen cannot be known
	ReasonUnknown   = "unknown"   // an address that is no article's and cannot be kept apart: too long, or there are too many
)

const (
	future    = 5 * 60    // seconds that clocks may differ
	earliest  = 946684800 // 2000-01-01
	maxAgents = 20_000    // User-Agents whose judgement is remembered
)

// A judge decides what of a log are reads.
type judge struct {
	o       Options
	index   *addresses.Index
	memory  *memory
	unknown *addresses.Unknown
	log     []byte // host of the site that wrote the log
	forced  bool   // log holds whatever a line says

	agents map[string]bool // robot or not
	header http.Header     // filled anew for each question
	key    []byte
}

// A verdict on a line: a reading to count, or why not.
type verdict struct {
	reading reads.Reading
	day     *oneDay
	reason  string
}

// page finds what the line is about: an article, or a negative number for an address to be kept apart.
func (j *judge) page(l *line) (article int64, reason string) {
	switch {
	case string(l.method) != http.MethodGet:
		return 0, ReasonMethod
	case l.status != http.StatusOK && l.status != http.StatusNotModified:
		return 0, ReasonStatus
	case l.time > j.memory.now.Unix()+future || l.time < earliest:
		return 0, ReasonTime
	}
	host, path, query := split(l)
	if len(host) == 0 || j.forced {
		host = j.log
	}
	j.key = addresses.AppendHost(j.key[:0], host)
	hostLength := len(j.key)
	j.key = addresses.AppendPath(j.key, path)
	if article, reason = j.index.Find(j.key, hostLength, query); article != 0 || reason != "" {
		return article, reason
	}
	if article = j.unknown.ID(j.key); article == 0 {
		return 0, ReasonUnknown
	}
	return article, ""
}

// split takes the target apart. One that is a whole address, as proxies send it, brings its own host.
func split(l *line) (host, path, query []byte) {
	host, path = l.host, l.target
	if _, rest, ok := bytes.Cut(path, []byte("://")); ok && path[0] == 'h' {
		slash := bytes.IndexByte(rest, '/')
		if slash < 0 {
			slash = len(rest)
		}
		host, path = rest[:slash], rest[slash:]
	}
	if i := bytes.IndexByte(path, '#'); i >= 0 {
		path = path[:i]
	}
	path, query, _ = bytes.Cut(path, []byte("?"))
	return host, path, query
}

// visitor finds who sent the line, if it was a reader.
func (j *judge) visitor(l *line) (address netip.Addr, reason string) {
	if address = j.client(l); !address.IsValid() {
		return address, reads.ReasonAddress
	}
	switch {
	case len(l.dest) > 0 && string(l.dest) != "document":
		return address, reads.ReasonNavigation
	case len(l.purpose) > 0 && reads.IsPrefetch(http.Header{"Sec-Purpose": {string(l.purpose)}}):
		return address, reads.ReasonPrefetch
	case j.o.RespectGPC && l.refuses:
		return address, reads.ReasonGPC
	case j.isRobot(l.agent):
		return address, reads.ReasonRobot
	}
	return address, ""
}

// isRobot remembers the judgements on the User-Agents that it met: there are few, and each comes often.
func (j *judge) isRobot(agent []byte) bool {
	robot, ok := j.agents[string(agent)]
	if !ok {
		j.header.Set("User-Agent", string(agent))
		robot = reads.IsRobot(j.header)
		if len(j.agents) >= maxAgents {
			clear(j.agents)
		}
		j.agents[string(agent)] = robot
	}
	return robot
}

// client is the address of the visitor: the one that connected, or where that is a proxy of ours, the last in X-Forwarded-For
// that is none. The zero address stands for what is no address.
func (j *judge) client(l *line) netip.Addr {
	address := parseAddress(l.address)
	rest := l.forwarded
	for j.isProxy(address) && len(rest) > 0 {
		comma := bytes.LastIndexByte(rest, ',')
		address = parseAddress(bytes.TrimSpace(rest[comma+1:]))
		rest = rest[:max(comma, 0)]
	}
	return address
}

func (j *judge) isProxy(address netip.Addr) bool {
	for _, p := range j.o.Proxies {
		if p.Contains(address) {
			return true
		}
	}
	return false
}

func parseAddress(b []byte) netip.Addr {
	if address, err := netip.ParseAddr(string(b)); err == nil {
		return address.Unmap().WithZone("")
	}
	both, _ := netip.ParseAddrPort(string(b)) // older Caddys write the port, too
	return both.Addr().Unmap().WithZone("")
}

// read judges a line, and remembers the visitor. On the first line of a day, older is asked to remember what the part of the logs that
// was imported before has of that day.
func (j *judge) read(ctx context.Context, l *line, older func(day int64) error) (v verdict, err error) {
	article, reason := j.page(l)
	if reason != "" {
		return verdict{reason: reason}, nil
	}
	address, reason := j.visitor(l)
	if reason != "" {
		return verdict{reason: reason}, nil
	}
	day, isNew, err := j.memory.day(ctx, dayOf(l.time))
	if err != nil || day == nil {
		return verdict{reason: ReasonLate}, err
	}
	if isNew {
		if err := older(day.number); err != nil {
			return v, err
		}
	}
	visitor := j.keyOf(l, day, address)
	if reason = j.memory.note(day, article, visitor, address); reason != "" {
		return verdict{reason: reason}, nil
	}
	_, _, query := split(l)
	return verdict{day: day, reading: reads.Reading{Article: article, Visitor: visitor, At: time.Unix(l.time, 0), Source: sourceOf(query, l.referrer)}}, nil
}

// keyOf is the visitor's key under the day's salt, as a beacon from the same browser has it if the log says all that it says.
func (j *judge) keyOf(l *line, day *oneDay, address netip.Addr) int64 {
	host, _, _ := split(l)
	if len(host) == 0 || j.forced {
		host = j.log
	}
	j.header.Set("User-Agent", string(l.agent))
	j.header.Set("Accept-Language", string(l.language))
	return day.salt.Visitor(reads.Hit{Address: address, Host: string(host), Header: j.header})
}
