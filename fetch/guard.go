package fetch

import (
	"errors"
	"fmt"
	"net/netip"
)

// ErrForbidden is returned for an address that is not fetched from: it leads into a private network, or is no plain
// web address.
var ErrForbidden = errors.New("address not allowed")

// never are the ranges that nothing on the web can live in, whatever the options say: the special-purpose registries
// of IANA (RFC 6890 and its successors) but for loopback and private networks, and multicast.
var never = prefixes(
	"0.0.0.0/8",       // "this network"; 0.0.0.0 reaches the machine itself
	"169.254.0.0/16",  // link-local, and the clouds' metadata service
	"192.0.0.0/24",    // IETF protocol assignments
	"192.0.2.0/24",    // documentation
	"192.88.99.0/24",  // 6to4 relays, deprecated
	"198.18.0.0/15",   // benchmarks
	"198.51.100.0/24", // documentation
	"203.0.113.0/24",  // documentation
	"224.0.0.0/4",     // multicast
	"240.0.0.0/4",     // reserved, with 255.255.255.255
	"::/128",          // unspecified
	"64:ff9b::/96",    // an IPv4 address in disguise, translated by NAT64
	"64:ff9b:1::/48",  // the same, local
	"100::/64",        // discard
	"100:0:0:1::/64",  // dummy
	"2001::/23",       // IETF protocol assignments: Teredo, ORCHID and others
	"2001:db8::/32",   // documentation
	"2002::/16",       // 6to4: an IPv4 address in disguise
	"3fff::/20",       // documentation
	"5f00::/16",       // segment routing
	"fe80::/10",       // link-local
	"fec0::/10",       // site-local, deprecated
	"ff00::/8",        // multicast
)

// private are loopback and the networks of houses and providers.
var private = prefixes(
	"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16",
	"127.0.0.0/8", "::1/128",
	"100.64.0.0/10", // carriers' NAT
	"fc00::/7",      // unique local
)

// global is where public IPv6 addresses are given out; all else is reserved.
var global = netip.MustParsePrefix("2000::/3")

func prefixes(list ...string) []netip.Prefix {
	var all []netip.Prefix
	for _, s := range list {
		all = append(all, netip.MustParsePrefix(s))
	}
	return all
}

// allowed says why a is not connected to, or nil.
func (o Options) allowed(a netip.AddrPort) error {
	ip := a.Addr().WithZone("").Unmap() // ::ffff:127.0.0.1 is 127.0.0.1
	if o.OnlyLoopback {
		if ip.IsLoopback() {
			return nil
		}
		return fmt.Errorf("%w: %s is not this machine, and nothing else is reached from here", ErrForbidden, ip)
	}
	if within(ip, never) {
		return fmt.Errorf("%w: %s is in a special-purpose range", ErrForbidden, ip)
	}
	if within(ip, private) {
		if o.AllowPrivate {
			return nil
		}
		return fmt.Errorf("%w: %s is in a private network", ErrForbidden, ip)
	}
	if ip.Is6() && !global.Contains(ip) {
		return fmt.Errorf("%w: %s is not a public address", ErrForbidden, ip)
	}
	return o.allowedPort(a.Port())
}

func (o Options) allowedPort(port uint16) error {
	if port != 80 && port != 443 && !o.AllowPrivate && !o.OnlyLoopback {
		return fmt.Errorf("%w: port %d, and only 80 and 443 are", ErrForbidden, port)
	}
	return nil
}

func within(ip netip.Addr, list []netip.Prefix) bool {
	for _, p := range list {
		if p.Contains(ip) {
			return true
		}
	}
	return false
}
