package fetch

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"time"
)

// A PostRequest is a document for an address that somebody gave us.
type PostRequest struct {
	URL     string
	Header  http.Header // Content-Type and whatever else; the User-Agent is the client's
	Body    []byte      // not changed, and not kept
	Timeout time.Duration
}

// Post sends r.Body. Any status is a Response, a redirect too: none is followed. The answer's body is thrown away. An error
// means that there was no answer, or that the address is forbidden ([ErrForbidden]). A kept connection that the server closed
// instead of answering is replaced by another, so a server may see the same document once for each that was kept.
func (c *Client) Post(ctx context.Context, r PostRequest) (*Response, error) {
	res, err := c.post(ctx, r)
	if err != nil {
		return nil, fmt.Errorf("post to %s: %w", short(r.URL), plain(err))
	}
	return res, nil
}

func (c *Client) post(ctx context.Context, r PostRequest) (*Response, error) {
	ctx, cancel := context.WithTimeout(ctx, cmp.Or(r.Timeout, c.o.Timeout))
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, r.URL, bytes.NewReader(r.Body))
	if err != nil {
		return nil, err
	}
	if err := c.checkURL(req.URL); err != nil {
		return nil, err
	}
	for name, values := range r.Header {
		req.Header[name] = values
	}
	req.Header.Set("User-Agent", c.o.UserAgent)
	req.Header["Idempotency-Key"] = nil // for net/http alone, never on the wire: a stale connection may be replaced
	res, err := c.direct.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	io.CopyN(io.Discard, res.Body, maxDrain)
	return describe(res), nil
}

// Check says why rawURL would be refused without looking any name up, or nil: no web address, a user name in it, an IP
// address or a port that the guard does not let through. A name is judged when it is connected to.
func (c *Client) Check(rawURL string) error {
	u, err := url.Parse(rawURL)
	if err != nil {
		return fmt.Errorf("%w: it cannot be read as an address", ErrForbidden)
	}
	if err := c.checkURL(u); err != nil {
		return err
	}
	port := map[string]uint16{"http": 80, "https": 443}[u.Scheme]
	if u.Port() != "" {
		n, err := strconv.ParseUint(u.Port(), 10, 16)
		if err != nil {
			return fmt.Errorf("%w: %s is no port", ErrForbidden, u.Port())
		}
		port = uint16(n)
	}
	ip, err := netip.ParseAddr(u.Hostname())
	if err != nil {
		return c.o.allowedPort(port)
	}
	return c.allow(netip.AddrPortFrom(ip, port))
}
