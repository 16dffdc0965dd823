// Package fetch is the one HTTP client for addresses that others gave us: feeds, pages, callbacks. It writes no table.
//
// It promises that such an address reaches only the public internet (see guard.go), that an answer costs bounded time
// and memory whatever the server does, and that nothing of ours goes out but the User-Agent and what the caller gives: the
// validators of a Get, the header and body of a Post. No cookies, no Referer, no proxy from the environment.
package fetch

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"syscall"
	"time"
)

const (
	maxRedirects   = 5
	maxHeaderBytes = 64 << 10
	maxIdle        = 256      // connections kept alive in all
	maxDrain       = 64 << 10 // of a body that nobody wants: read to its end, it leaves the connection usable
	connectTimeout = 10 * time.Second
)

// Options of a client. The zero value is safe.
type Options struct {
	UserAgent    string        // should name the product and an address where its owner can be reached
	AllowPrivate bool          // also loopback and private networks, on any port: for tests, a wire in the house
	OnlyLoopback bool          // nothing but loopback, on any port, and no name is looked up: for the demo, which never leaves the machine
	Timeout      time.Duration // of a whole Get with its redirects, and of a Post; 0 is 30 s
	MaxBytes     int64         // of a decoded body; 0 is 10 MB
	KeepAlive    int           // connections kept open to one host between requests; 0 is 1
}

// Client fetches. It may be used from several goroutines and keeps connections alive between calls.
type Client struct {
	o      Options
	follow *http.Client // goes along redirects
	direct *http.Client // returns a redirect as the answer that it is; over the same connections
	allow  func(netip.AddrPort) error
}

// New returns a client.
func New(o Options) *Client {
	if o.Timeout == 0 {
		o.Timeout = 30 * time.Second
	}
	if o.MaxBytes == 0 {
		o.MaxBytes = 10 << 20
	}
	if o.UserAgent == "" {
		o.UserAgent = "Vestnik"
	}
	c := &Client{o: o, allow: o.allowed}
	dialer := &net.Dialer{Timeout: connectTimeout, Control: c.control}
	transport := &http.Transport{
		Proxy:                  nil, // an environment's proxy would connect for us, past the guard
		DialContext:            dialer.DialContext,
		TLSHandshakeTimeout:    connectTimeout,
		MaxResponseHeaderBytes: maxHeaderBytes,
		MaxIdleConns:           maxIdle,
		MaxIdleConnsPerHost:    max(o.KeepAlive, 1),
		IdleConnTimeout:        90 * time.Second,
		DisableCompression:     true, // decoded here, with limits
		ForceAttemptHTTP2:      true,
	}
	c.follow = &http.Client{CheckRedirect: c.checkRedirect, Transport: transport}
	c.direct = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }, Transport: transport}
	return c
}

// Close closes the connections that are kept alive.
func (c *Client) Close() { c.follow.CloseIdleConnections() }

// control sees the address that is really connected to, after DNS: a name that resolves to a private address, now or
// on the second look, gets no further than one that spells it out.
func (c *Client) control(_, address string, _ syscall.RawConn) error {
	a, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("%w: %s is no IP address", ErrForbidden, address)
	}
	return c.allow(a)
}

// A Request names what to get. The validators are sent byte for byte; leave them "" the first time.
type Request struct {
	URL          string
	ETag         string
	LastModified string
	Accept       string        // "" accepts anything
	Direct       bool          // a redirect is an answer like any other and is not followed
	Timeout      time.Duration // 0 is the client's
	MaxBytes     int64         // 0 is the client's
}

// A Response is the end of the redirects.
type Response struct {
	Status       int
	URL          string // where the answer came from
	Permanent    string // where permanent redirects (301, 308) lead, "" if the first redirect was not permanent
	Body         []byte // decoded; only of a status 2xx
	ETag         string // as sent, with its quotes
	LastModified string
	ContentType  string
	MaxAge       time.Duration // Cache-Control's max-age, else what Expires says; 0 for none
	RetryAfter   time.Duration // 0 for none
	NotModified  bool          // 304
}

// Get fetches r.URL. Any status is a Response; an error means that there was none, or that it broke a limit
// ([ErrForbidden], [ErrTooLarge], a timeout).
func (c *Client) Get(ctx context.Context, r Request) (*Response, error) {
	res, err := c.get(ctx, r)
	if err != nil {
		return nil, fmt.Errorf("fetch %s: %w", short(r.URL), plain(err))
	}
	return res, nil
}

func (c *Client) get(ctx context.Context, r Request) (*Response, error) {
	ctx, cancel := context.WithTimeout(ctx, cmp.Or(r.Timeout, c.o.Timeout))
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, r.URL, nil)
	if err != nil {
		return nil, err
	}
	if err := c.checkURL(req.URL); err != nil {
		return nil, err
	}
	c.setHeader(req.Header, r)
	client := c.follow
	if r.Direct {
		client = c.direct
	}
	res, err := client.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	out := describe(res)
	if res.StatusCode/100 != 2 {
		io.CopyN(io.Discard, res.Body, maxDrain)
		return out, nil
	}
	out.Body, err = readBody(res, cmp.Or(r.MaxBytes, c.o.MaxBytes))
	return out, err
}

func (c *Client) setHeader(h http.Header, r Request) {
	h.Set("User-Agent", c.o.UserAgent)
	h.Set("Accept-Encoding", "gzip")
	h.Set("Accept", "*/*")
	if r.Accept != "" {
		h.Set("Accept", r.Accept)
	}
	if r.ETag != "" {
		h.Set("If-None-Match", r.ETag)
	}
	if r.LastModified != "" {
		h.Set("If-Modified-Since", r.LastModified)
	}
}

// checkURL refuses what should not even be looked up.
func (c *Client) checkURL(u *url.URL) error {
	switch {
	case u.Scheme != "http" && u.Scheme != "https":
		return fmt.Errorf("%w: the scheme is %q, and only http and https are followed", ErrForbidden, u.Scheme)
	case u.Hostname() == "":
		return fmt.Errorf("%w: the address has no host", ErrForbidden)
	case u.User != nil:
		return fmt.Errorf("%w: the address has a user name in it", ErrForbidden)
	case c.o.OnlyLoopback && !local(u.Hostname()):
		return fmt.Errorf("%w: %s is not this machine, and nothing else is reached from here", ErrForbidden, short(u.Hostname()))
	}
	return nil
}

// local reports whether a host may be this machine without asking a name server, which is another: it is an IP address, that
// the guard will judge, or the machine's own name (RFC 6761, 6.3).
func local(host string) bool {
	if _, err := netip.ParseAddr(host); err == nil {
		return true
	}
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	return host == "localhost" || strings.HasSuffix(host, ".localhost")
}

func (c *Client) checkRedirect(req *http.Request, via []*http.Request) error {
	if len(via) > maxRedirects {
		return fmt.Errorf("more than %d redirects, the last to %s", maxRedirects, short(req.URL.String()))
	}
	req.Header.Del("Referer") // net/http adds it on a redirect
	return c.checkURL(req.URL)
}

// plain takes net/http's wrapping off an error: it repeats the method and the address.
func plain(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("no complete answer in time: %w", err)
	}
	if errors.Is(err, io.EOF) {
		return fmt.Errorf("the server closed the connection before it answered: %w", err)
	}
	return err
}

// short is an address for messages: without a password, and no longer than a line.
func short(rawURL string) string {
	if u, err := url.Parse(rawURL); err == nil {
		rawURL = u.Redacted()
	}
	if len(rawURL) > 200 {
		rawURL = rawURL[:200] + "…"
	}
	return rawURL
}
