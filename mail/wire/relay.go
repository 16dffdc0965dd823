package wire

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"syscall"
	"time"

	gomail "github.com/wneessen/go-mail"
	"github.com/wneessen/go-mail/smtp"
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
// 465. Connections below 1 are 10. No error repeats the password.
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

// dial connects, encrypts, greets and authenticates, all within the timeout. The socket is ours and the rest go-mail's,
// which would leave the socket open when the conversation fails, and hold on to it after ctx has ended.
func (r Relay) dial(ctx context.Context, helo string, timeout time.Duration) (*conn, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	socket, err := r.socket(ctx)
	if err != nil {
		return nil, hint(err)
	}
	unwatch := context.AfterFunc(ctx, func() { socket.Close() })
	client, err := r.greet(ctx, socket, helo, timeout)
	if !unwatch() {
		err = fmt.Errorf("it did not greet us within %s: %w", timeout, ctx.Err())
	}
	if err != nil {
		socket.Close()
		return nil, hint(err)
	}
	pipelining, _ := client.Extension("PIPELINING")
	return &conn{client: client, pipelining: pipelining}, nil
}

func (r Relay) socket(ctx context.Context) (net.Conn, error) {
	if r.security != implicitTLS {
		return new(net.Dialer).DialContext(ctx, "tcp", r.Host())
	}
	config := r.tls
	if config == nil {
		config = &tls.Config{ServerName: r.host, MinVersion: tls.VersionTLS12}
	}
	return (&tls.Dialer{Config: config}).DialContext(ctx, "tcp", r.Host())
}

func (r Relay) greet(ctx context.Context, socket net.Conn, helo string, timeout time.Duration) (*smtp.Client, error) {
	options := []gomail.Option{gomail.WithPort(r.port), gomail.WithTimeout(timeout), gomail.WithHELO(helo), gomail.WithoutSMTPUTF8(),
		gomail.WithDialContextFunc(func(context.Context, string, string) (net.Conn, error) { return socket, nil })}
	auth := gomail.WithSMTPAuth(gomail.SMTPAuthAutoDiscover)
	switch r.security {
	case implicitTLS: // within TLS no STARTTLS is offered; so go-mail sees that the socket is encrypted, and asks for nothing
		options = append(options, gomail.WithTLSPolicy(gomail.TLSOpportunistic))
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
	client, err := gomail.NewClient(r.host, options...)
	if err != nil {
		return nil, err
	}
	return client.DialToSMTPClientWithContext(ctx)
}

// hint adds to what went wrong while connecting how to mend it.
func hint(err error) error {
	var otherName x509.HostnameError
	var certificate *tls.CertificateVerificationError
	advice := ""
	switch {
	case errors.As(err, &otherName):
		advice = "write the name that its certificate is for into the relay's url"
	case errors.As(err, &certificate):
		advice = "let this machine trust who signed its certificate (Debian: copy that certificate to " +
			"/usr/local/share/ca-certificates/relay.crt and run update-ca-certificates; or name its file in the environment as SSL_CERT_FILE)"
	case strings.Contains(err.Error(), "does not support STARTTLS"):
		advice = "it offers no encryption: use smtps:// if its port is 465, or end the url in ?tls=none if nobody can listen on the way"
	case strings.Contains(err.Error(), "does not support SMTP AUTH"):
		advice = "it asks for no password: leave user and password out of the relay's url, or use its port for clients, mostly 587"
	case strings.Contains(err.Error(), "first record does not look like a TLS handshake"):
		advice = "that port does not begin with TLS: use smtp+starttls:// in place of smtps://"
	case errors.Is(err, syscall.ECONNREFUSED):
		advice = "nothing listens there: is the server running, are host and port in the relay's url right?"
	default:
		return err
	}
	return fmt.Errorf("%w; %s", err, advice)
}
