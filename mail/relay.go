package mail

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"time"

	gomail "github.com/wneessen/go-mail"
)

// A Relay is an SMTP server that takes our letters, and how many connections it gets. [ParseRelay] makes it.
type Relay struct {
	URL         string
	Connections int

	host     string
	port     int
	security security
	user     string
	password string
	tls      *tls.Config // tests; nil: the system's certificates
}

type security int

const (
	starttls security = iota // mandatory
	implicitTLS
	cleartext
)

// Host is the relay's name and port, without its password: for messages.
func (r Relay) Host() string { return net.JoinHostPort(r.host, strconv.Itoa(r.port)) }

// ParseRelay reads a relay's address. smtp:// is STARTTLS to everywhere but loopback, unless the address ends in
// ?tls=none; smtp+starttls:// is STARTTLS always, smtps:// is TLS from the first byte. Ports default to 25, 587 and
// 465. Connections below 1 are 10.
func ParseRelay(rawURL string, connections int) (Relay, error) {
	if connections < 1 {
		connections = 10
	}
	u, err := url.Parse(rawURL)
	if err != nil {
		return Relay{}, errors.New("the relay's address cannot be read; it looks like smtp+starttls://user:password@host:587, " +
			"with special characters of the password percent-encoded")
	}
	r := Relay{URL: rawURL, Connections: connections, host: u.Hostname(), user: u.User.Username()}
	r.password, _ = u.User.Password()
	switch u.Scheme {
	case "smtp":
		r.port = 25
		if isLoopback(r.host) || u.RawQuery == "tls=none" {
			r.security = cleartext
		}
	case "smtp+starttls":
		r.port = 587
	case "smtps":
		r.port, r.security = 465, implicitTLS
	default:
		return Relay{}, fmt.Errorf("relay %s: the address must begin with smtp://, smtp+starttls:// or smtps://", u.Redacted())
	}
	if r.host == "" || u.Path != "" && u.Path != "/" || u.RawQuery != "" && (u.RawQuery != "tls=none" || u.Scheme != "smtp") {
		return Relay{}, fmt.Errorf("relay %s: only a host, a port, a user with a password, and for smtp:// ?tls=none may be given", u.Redacted())
	}
	if p := u.Port(); p != "" {
		if r.port, err = strconv.Atoi(p); err != nil || r.port < 1 || r.port > 65535 {
			return Relay{}, fmt.Errorf("relay %s: the port is not a number from 1 to 65535", u.Redacted())
		}
	}
	return r, nil
}

func isLoopback(host string) bool {
	if host == "localhost" {
		return true
	}
	a, err := netip.ParseAddr(host)
	return err == nil && a.IsLoopback()
}

// dial connects, greets, encrypts and authenticates; go-mail does all of it.
func (r Relay) dial(ctx context.Context, helo string, timeout time.Duration) (*conn, error) {
	var raw net.Conn
	options := []gomail.Option{gomail.WithPort(r.port), gomail.WithTimeout(timeout), gomail.WithHELO(helo), gomail.WithoutSMTPUTF8()}
	auth := gomail.WithSMTPAuth(gomail.SMTPAuthAutoDiscover)
	switch r.security {
	case implicitTLS:
		options = append(options, gomail.WithSSL())
	case cleartext:
		options = append(options, gomail.WithTLSPolicy(gomail.NoTLS))
		auth = gomail.WithOpportunisticSMTPAuth(gomail.SMTPAuthSCRAMSHA256, gomail.SMTPAuthSCRAMSHA1,
			gomail.SMTPAuthCramMD5, gomail.SMTPAuthPlainNoEnc, gomail.SMTPAuthLoginNoEnc)
	default:
		options = append(options, gomail.WithTLSPolicy(gomail.TLSMandatory))
	}
	if r.user != "" {
		options = append(options, auth, gomail.WithUsername(r.user), gomail.WithPassword(r.password))
	}
	if r.tls != nil {
		options = append(options, gomail.WithTLSConfig(r.tls))
	}
	if r.security != implicitTLS { // go-mail leaves the socket open when the conversation fails
		options = append(options, gomail.WithDialContextFunc(func(ctx context.Context, network, address string) (c net.Conn, err error) {
			raw, err = new(net.Dialer).DialContext(ctx, network, address)
			return raw, err
		}))
	}
	client, err := gomail.NewClient(r.host, options...)
	if err != nil {
		return nil, err
	}
	smtp, err := client.DialToSMTPClientWithContext(ctx)
	if err != nil {
		if raw != nil {
			raw.Close()
		}
		return nil, err
	}
	pipelining, _ := smtp.Extension("PIPELINING")
	return &conn{client: smtp, pipelining: pipelining}, nil
}
