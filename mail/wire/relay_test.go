package wire

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"math/big"
	"net"
	"strings"
	"testing"
	"time"
)

func TestRelaysAddresses(t *testing.T) {
	for in, want := range map[string]Relay{
		"smtp://127.0.0.1:2525":               {host: "127.0.0.1", port: 2525, security: cleartext},
		"smtp://localhost":                    {host: "localhost", port: 25, security: cleartext},
		"smtp://[::1]:2525":                   {host: "::1", port: 2525, security: cleartext},
		"smtp://mx.example":                   {host: "mx.example", port: 25, security: starttls},
		"smtp://mx.example:26?tls=none":       {host: "mx.example", port: 26, security: cleartext},
		"smtp+starttls://u:p%40@mx.example":   {host: "mx.example", port: 587, security: starttls, user: "u", password: "p@"},
		"smtp+starttls://127.0.0.1:587":       {host: "127.0.0.1", port: 587, security: starttls},
		"smtps://u:p@mx.example/":             {host: "mx.example", port: 465, security: implicitTLS, user: "u", password: "p"},
		"http://mx.example":                   {},
		"mx.example:25":                       {},
		"smtp://":                             {},
		"smtp://mx.example:99999":             {},
		"smtp://mx.example/path":              {},
		"smtp://mx.example?tls=maybe":         {},
		"smtps://mx.example?tls=none":         {},
		"smtps://u:secret with%zz@mx.example": {},
	} {
		got, err := ParseRelay(in, 0)
		if want.host == "" {
			if err == nil || strings.Contains(err.Error(), "secret") {
				t.Errorf("%s: %+v, %v; want an error without the password", in, got, err)
			}
			continue
		}
		want.URL, want.Connections = in, 10
		if got != want || err != nil {
			t.Errorf("%s:\n got %+v, %v\nwant %+v", in, got, err, want)
		}
	}
}

// certificate makes a self-signed one for an address.
func certificate(t *testing.T, ip net.IP) (server, client *tls.Config) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{ip}, IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(parsed)
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}},
		&tls.Config{RootCAs: pool, ServerName: "127.0.0.1"}
}

// secure makes two scripts that want AUTH: one with STARTTLS and one behind TLS.
func secure(t *testing.T, config *tls.Config) (plain, implicit *script) {
	reply := func(_ int, line string) string {
		switch {
		case strings.HasPrefix(line, "EHLO"):
			return "250-s\r\n250-PIPELINING\r\n250-AUTH PLAIN\r\n250 STARTTLS"
		case strings.HasPrefix(line, "AUTH PLAIN "):
			return "235 2.7.0 hello"
		}
		return ""
	}
	open, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed, err := tls.Listen("tcp", "127.0.0.1:0", config)
	if err != nil {
		t.Fatal(err)
	}
	inside := func(n int, line string) string {
		return strings.ReplaceAll(reply(n, line), "\r\n250 STARTTLS", "\r\n250 SIZE")
	}
	return serveScript(t, open, config, reply), serveScript(t, closed, nil, inside)
}

func TestLettersGoOverTLS(t *testing.T) {
	server, client := certificate(t, net.IPv4(127, 0, 0, 1))
	plain, implicit := secure(t, server)
	for _, url := range []string{"smtp+starttls://u:p@" + plain.Addr().String(), "smtps://u:p@" + implicit.Addr().String()} {
		relay, err := ParseRelay(url, 1)
		if err != nil {
			t.Fatal(err)
		}
		relay.tls = client
		if got := send(t, get(t, pool(t, relay, Timeouts{})), "a@post.example", "b@post.example"); classes(got) != "accepted accepted" {
			t.Errorf("%s: %+v", url, got)
		}
	}
	if plain.heard("AUTH PLAIN") != 1 || implicit.heard("AUTH PLAIN") != 1 {
		t.Errorf("%d and %d AUTH", plain.heard("AUTH"), implicit.heard("AUTH"))
	}
}

// Whoever reads why a relay cannot be used must find there what to do.
func TestRelayThatCannotBeUsedSaysHowToMendIt(t *testing.T) {
	server, client := certificate(t, net.IPv4(127, 0, 0, 1))
	elsewhere, known := certificate(t, net.IPv4(127, 0, 0, 9))
	known.ServerName = ""
	plain, implicit := secure(t, server)
	other, _ := secure(t, elsewhere)
	bare := startScript(t, nil)
	gone, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	gone.Close()
	for name, c := range map[string]struct {
		url    string
		client *tls.Config
		advice string
	}{
		"self-signed, STARTTLS":     {"smtp+starttls://u:p@" + plain.Addr().String(), nil, "SSL_CERT_FILE"},
		"self-signed, implicit TLS": {"smtps://u:p@" + implicit.Addr().String(), nil, "update-ca-certificates"},
		"another's certificate":     {"smtp+starttls://u:p@" + other.Addr().String(), &tls.Config{RootCAs: known.RootCAs, ServerName: "127.0.0.1"}, "the name that its certificate is for"},
		"no STARTTLS":               {"smtp+starttls://" + bare.Addr().String(), client, "?tls=none"},
		"no AUTH":                   {"smtp://u:p@" + bare.Addr().String(), nil, "leave user and password out"},
		"TLS where there is none":   {"smtps://" + bare.Addr().String(), client, "smtp+starttls://"},
		"nobody there":              {"smtp://" + gone.Addr().String(), nil, "is the server running"},
	} {
		relay, err := ParseRelay(c.url, 1)
		if err != nil {
			t.Fatal(err)
		}
		relay.tls = c.client
		_, err = pool(t, relay, Timeouts{}).Get(context.Background())
		if err == nil || !strings.Contains(err.Error(), c.advice) {
			t.Errorf("%s: %v; want advice with %q", name, err, c.advice)
		}
	}
}

func TestFailedGreetingLeavesNoSocketOpen(t *testing.T) {
	server, client := certificate(t, net.IPv4(127, 0, 0, 1))
	for scheme, listen := range map[string]func() (net.Listener, error){
		"smtp":  func() (net.Listener, error) { return net.Listen("tcp", "127.0.0.1:0") },
		"smtps": func() (net.Listener, error) { return tls.Listen("tcp", "127.0.0.1:0", server) },
	} {
		l, err := listen()
		if err != nil {
			t.Fatal(err)
		}
		s := serveScript(t, l, nil, nil) // it asks for no password, and go-mail gives up without a word
		relay, err := ParseRelay(scheme+"://user:secret@"+l.Addr().String(), 1)
		if err != nil {
			t.Fatal(err)
		}
		relay.tls = client
		if _, err = pool(t, relay, Timeouts{}).Get(context.Background()); err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v", scheme, err)
		}
		l.Close()
		began := time.Now()
		s.serving.Wait() // the script reads until the socket is closed, or for ten seconds
		if time.Since(began) > 5*time.Second {
			t.Errorf("%s: the socket stayed open", scheme)
		}
	}
}
