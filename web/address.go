package web

import (
	"net/http"
	"net/netip"
	"strings"
)

// clientAddress is whose request it is: the connection's other end, or, where that is a proxy that we trust, the last
// address in X-Forwarded-For that no trusted proxy has. What stands further to the left the client may have written
// itself. The result is invalid only for a connection without an address.
func clientAddress(r *http.Request, trusted []netip.Prefix) netip.Addr {
	address, _ := parseAddress(r.RemoteAddr)
	hops := r.Header["X-Forwarded-For"]
	for line := len(hops) - 1; line >= 0; line-- {
		rest := hops[line]
		for rest != "" {
			if !isTrusted(address, trusted) {
				return address
			}
			var hop string
			if comma := strings.LastIndexByte(rest, ','); comma >= 0 {
				rest, hop = rest[:comma], rest[comma+1:]
			} else {
				rest, hop = "", rest
			}
			next, ok := parseAddress(hop)
			if !ok {
				return address // a proxy wrote what we cannot read: the proxy is all we know
			}
			address = next
		}
	}
	return address
}

func isTrusted(address netip.Addr, trusted []netip.Prefix) bool {
	for _, p := range trusted {
		if p.Contains(address) {
			return true
		}
	}
	return false
}

// parseAddress reads 192.0.2.1, 192.0.2.1:80, 2001:db8::1, [2001:db8::1] and [2001:db8::1]:80, as proxies write them.
func parseAddress(s string) (netip.Addr, bool) {
	s = strings.Trim(s, " \t")
	if port, err := netip.ParseAddrPort(s); err == nil {
		return port.Addr().Unmap().WithZone(""), true
	}
	s = strings.TrimSuffix(strings.TrimPrefix(s, "["), "]")
	address, err := netip.ParseAddr(s)
	if err != nil {
		return netip.Addr{}, false
	}
	return address.Unmap().WithZone(""), true
}
