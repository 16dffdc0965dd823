package fetch

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// ErrTooLarge is returned for a body over MaxBytes, and for one that unpacks to a hundred times its size.
var ErrTooLarge = errors.New("answer too large")

const (
	maxRatio  = 100
	ratioFrom = 256 << 10            // small bodies may be as repetitive as they like
	maxWait   = 10 * 365 * 24 * 3600 // seconds; keeps absurd header values from overflowing
)

func describe(res *http.Response) *Response {
	return &Response{
		Status:       res.StatusCode,
		URL:          res.Request.URL.String(),
		Permanent:    permanent(res),
		ETag:         res.Header.Get("ETag"),
		LastModified: res.Header.Get("Last-Modified"),
		ContentType:  res.Header.Get("Content-Type"),
		MaxAge:       maxAge(res.Header),
		RetryAfter:   retryAfter(res.Header),
		NotModified:  res.StatusCode == http.StatusNotModified,
	}
}

// permanent follows the redirects from the first request on as far as they are permanent.
func permanent(res *http.Response) string {
	var hops []*http.Request // the last first
	for r := res.Request; r.Response != nil; r = r.Response.Request {
		hops = append(hops, r)
	}
	target := ""
	for i := len(hops) - 1; i >= 0; i-- {
		status := hops[i].Response.StatusCode
		if status != http.StatusMovedPermanently && status != http.StatusPermanentRedirect {
			break
		}
		target = hops[i].URL.String()
	}
	return target
}

// readBody reads and unpacks the body within the limits.
func readBody(res *http.Response, limit int64) ([]byte, error) {
	if res.ContentLength > limit {
		return nil, fmt.Errorf("%w: %d bytes are announced, the limit is %d", ErrTooLarge, res.ContentLength, limit)
	}
	packed := &counter{r: res.Body}
	var body io.Reader = packed
	switch coding := strings.ToLower(res.Header.Get("Content-Encoding")); coding {
	case "", "identity":
	case "gzip", "x-gzip":
		z, err := gzip.NewReader(packed)
		if errors.Is(err, io.EOF) {
			return nil, nil // an empty body
		}
		if err != nil {
			return nil, fmt.Errorf("unpack gzip: %w", err)
		}
		body = &ratioGuard{r: z, packed: packed}
	default:
		return nil, fmt.Errorf("the answer is packed as %q, which was not asked for", coding)
	}
	var b bytes.Buffer
	n, err := b.ReadFrom(io.LimitReader(body, limit+1))
	if err != nil {
		return nil, fmt.Errorf("read the answer: %w", err)
	}
	if n > limit {
		return nil, fmt.Errorf("%w: more than %d bytes", ErrTooLarge, limit)
	}
	return b.Bytes(), nil
}

type counter struct {
	r io.Reader
	n int64
}

func (c *counter) Read(b []byte) (int, error) {
	n, err := c.r.Read(b)
	c.n += int64(n)
	return n, err
}

// ratioGuard stops unpacking a body that is a bomb rather than a text.
type ratioGuard struct {
	r      io.Reader
	packed *counter
	n      int64
}

func (g *ratioGuard) Read(b []byte) (int, error) {
	n, err := g.r.Read(b)
	g.n += int64(n)
	if g.n > ratioFrom && g.n > g.packed.n*maxRatio {
		return n, fmt.Errorf("%w: it unpacks to more than %d times its size", ErrTooLarge, maxRatio)
	}
	return n, err
}

// maxAge reads Cache-Control (RFC 9111, 5.2.2.1), else Expires against the server's own clock.
func maxAge(h http.Header) time.Duration {
	for _, line := range h.Values("Cache-Control") {
		for directive := range strings.SplitSeq(line, ",") {
			name, value, _ := strings.Cut(strings.TrimSpace(directive), "=")
			if strings.EqualFold(name, "max-age") {
				return seconds(strings.Trim(value, `"`))
			}
		}
	}
	return until(h, h.Get("Expires"))
}

// retryAfter reads both forms of Retry-After (RFC 9110, 10.2.3).
func retryAfter(h http.Header) time.Duration {
	value := strings.TrimSpace(h.Get("Retry-After"))
	if d := seconds(value); d > 0 {
		return d
	}
	return until(h, value)
}

func seconds(s string) time.Duration {
	n, err := strconv.ParseInt(strings.TrimSpace(s), 10, 64)
	if (err != nil && !errors.Is(err, strconv.ErrRange)) || n < 0 {
		return 0
	}
	return time.Duration(min(n, maxWait)) * time.Second
}

// until is the time from the answer's Date to the date in value. The server's own clock counts where it sent it: a
// server whose clock is wrong is wrong in both.
func until(h http.Header, value string) time.Duration {
	when, err := http.ParseTime(value)
	if err != nil {
		return 0
	}
	from, err := http.ParseTime(h.Get("Date"))
	if err != nil {
		from = time.Now()
	}
	return min(max(when.Sub(from), 0), maxWait*time.Second)
}
