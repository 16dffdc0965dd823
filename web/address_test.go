package web

import (
	"net/http"
	"net/netip"
	"testing"
)

func prefixes(all ...string) (out []netip.Prefix) {
	for _, p := range all {
		out = append(out, netip.MustParsePrefix(p))
	}
	return out
}

func TestClientAddress(t *testing.T) {
	trusted := prefixes("127.0.0.0/8", "10.0.0.0/8", "::1/128")
	for _, c := range []struct {
		name, remote string
		forwarded    []string
		want         string
	}{
		{"no proxy", "203.0.113.9:4711", nil, "203.0.113.9"},
		{"a header from a stranger", "203.0.113.9:4711", []string{"198.51.100.1"}, "203.0.113.9"},
		{"one proxy", "127.0.0.1:80", []string{"198.51.100.1"}, "198.51.100.1"},
		{"IPv6", "[::1]:80", []string{"2001:db8::7"}, "2001:db8::7"},
		{"two proxies", "127.0.0.1:80", []string{"198.51.100.1, 10.1.2.3"}, "198.51.100.1"},
		{"two headers", "127.0.0.1:80", []string{"198.51.100.1", "10.1.2.3"}, "198.51.100.1"},
		{"forged on the left", "127.0.0.1:80", []string{"1.2.3.4, 198.51.100.1"}, "198.51.100.1"},
		{"forged with a trusted one", "127.0.0.1:80", []string{"10.9.9.9, 198.51.100.1"}, "198.51.100.1"},
		{"all trusted", "127.0.0.1:80", []string{"10.0.0.1, 10.0.0.2"}, "10.0.0.1"},
		{"unreadable", "127.0.0.1:80", []string{"198.51.100.1, unknown"}, "127.0.0.1"},
		{"empty", "127.0.0.1:80", []string{""}, "127.0.0.1"},
		{"ports", "127.0.0.1:80", []string{"[2001:db8::7]:1234 , 10.0.0.1:99"}, "2001:db8::7"},
		{"mapped", "[::ffff:10.0.0.1]:80", []string{"::ffff:198.51.100.1"}, "198.51.100.1"},
		{"zone", "[::1]:80", []string{"fe80::1%eth0"}, "fe80::1"},
		{"no address", "@", []string{"198.51.100.1"}, "invalid IP"},
	} {
		r := &http.Request{RemoteAddr: c.remote, Header: http.Header{"X-Forwarded-For": c.forwarded}}
		if got := clientAddress(r, trusted).String(); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

func FuzzClientAddress(f *testing.F) {
	for _, s := range []string{"", ",", "1.2.3.4", "1.2.3.4,10.0.0.1", "[::1]:80", "a,b,c", ",,10.0.0.1,,", "fe80::1%x", "10.0.0.1:x"} {
		f.Add(s, s)
	}
	trusted := prefixes("127.0.0.0/8", "10.0.0.0/8")
	f.Fuzz(func(t *testing.T, one, two string) {
		r := &http.Request{RemoteAddr: "127.0.0.1:80", Header: http.Header{"X-Forwarded-For": {one, two}}}
		if got := clientAddress(r, trusted); !got.IsValid() || got.Zone() != "" || got.Is4In6() {
			t.Errorf("%q %q: %v", one, two, got)
		}
		r.RemoteAddr = "203.0.113.9:80"
		if got := clientAddress(r, trusted); got != netip.MustParseAddr("203.0.113.9") {
			t.Errorf("%q %q: a stranger's header made it %v", one, two, got)
		}
	})
}
