package fetch

import (
	"errors"
	"net/netip"
	"testing"
)

var addresses = []struct {
	address         string
	public, inHouse bool // allowed without and with AllowPrivate
}{
	{"93.184.216.34:443", true, true},
	{"93.184.216.34:80", true, true},
	{"93.184.216.34:8080", false, true},
	{"93.184.216.34:25", false, true},
	{"[2606:2800:220:1::1]:443", true, true},
	{"[::ffff:93.184.216.34]:443", true, true},
	{"127.0.0.1:80", false, true},
	{"127.8.8.8:80", false, true},
	{"10.1.2.3:80", false, true},
	{"172.16.0.1:80", false, true},
	{"172.32.0.1:80", true, true},
	{"192.168.1.1:80", false, true},
	{"100.64.0.1:80", false, true},
	{"100.128.0.1:80", true, true},
	{"[::1]:80", false, true},
	{"[fd00::1]:80", false, true},
	{"[::ffff:127.0.0.1]:80", false, true},
	{"[::ffff:10.0.0.1]:80", false, true},
	{"0.0.0.0:80", false, false},
	{"169.254.169.254:80", false, false},
	{"[::ffff:169.254.169.254]:80", false, false},
	{"192.0.0.1:80", false, false},
	{"192.0.2.1:80", false, false},
	{"192.88.99.1:80", false, false},
	{"198.18.0.1:80", false, false},
	{"198.19.255.255:80", false, false},
	{"198.20.0.1:80", true, true},
	{"198.51.100.7:80", false, false},
	{"203.0.113.7:80", false, false},
	{"224.0.0.1:80", false, false},
	{"239.255.255.250:80", false, false},
	{"240.0.0.1:80", false, false},
	{"255.255.255.255:80", false, false},
	{"[::]:80", false, false},
	{"[::7f00:1]:80", false, false},
	{"[64:ff9b::7f00:1]:80", false, false},
	{"[64:ff9b:1::1]:80", false, false},
	{"[100::1]:80", false, false},
	{"[2001::1]:80", false, false},
	{"[2001:db8::1]:80", false, false},
	{"[2002:7f00:1::1]:80", false, false},
	{"[3fff::1]:80", false, false},
	{"[4000::1]:80", false, false},
	{"[5f00::1]:80", false, false},
	{"[fe80::1%eth0]:80", false, false},
	{"[ff02::1]:80", false, false},
}

func TestOnlyPublicAddressesAreAllowed(t *testing.T) {
	for _, test := range addresses {
		a := netip.MustParseAddrPort(test.address)
		for allowPrivate, want := range map[bool]bool{false: test.public, true: test.inHouse} {
			err := Options{AllowPrivate: allowPrivate}.allowed(a)
			if (err == nil) != want {
				t.Errorf("allowed(%s, private %v) = %v, want allowed %v", test.address, allowPrivate, err, want)
			}
			if err != nil && !errors.Is(err, ErrForbidden) {
				t.Errorf("allowed(%s) = %v, want ErrForbidden", test.address, err)
			}
		}
	}
}

func FuzzGuardNeverAllowsLoopback(f *testing.F) {
	f.Add([]byte{127, 0, 0, 1}, uint16(80))
	f.Add([]byte{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, 1}, uint16(443))
	f.Fuzz(func(t *testing.T, raw []byte, port uint16) {
		ip, ok := netip.AddrFromSlice(raw)
		if !ok || (Options{}).allowed(netip.AddrPortFrom(ip, port)) != nil {
			return
		}
		if u := ip.Unmap(); u.IsLoopback() || u.IsPrivate() || u.IsLinkLocalUnicast() || u.IsMulticast() || u.IsUnspecified() {
			t.Errorf("%s is allowed", ip)
		}
	})
}

func TestOnlyLoopbackReachesNothingElse(t *testing.T) {
	for _, test := range addresses {
		a := netip.MustParseAddrPort(test.address)
		err := Options{OnlyLoopback: true, AllowPrivate: true}.allowed(a)
		if want := a.Addr().Unmap().IsLoopback(); (err == nil) != want || err != nil && !errors.Is(err, ErrForbidden) {
			t.Errorf("allowed(%s) = %v, want allowed %v", test.address, err, want)
		}
	}
}

func TestOnlyLoopbackAsksNoNameServer(t *testing.T) {
	c := New(Options{OnlyLoopback: true})
	defer c.Close()
	for address, want := range map[string]bool{
		"http://127.0.0.1:8080/": true, "http://[::1]:8080/": true, "http://localhost:8080/": true, "http://LOCALHOST./": true, "http://a.localhost/": true,
		"https://reader.example/": false, "http://notlocalhost/": false, "http://localhost.example/": false, "http://0x7f.1/": false, "http://2130706433/": false, "http://93.184.216.34/": false,
	} {
		if err := c.Check(address); (err == nil) != want || err != nil && !errors.Is(err, ErrForbidden) {
			t.Errorf("Check(%q) = %v, want allowed %v", address, err, want)
		}
		if want {
			continue
		}
		if _, err := c.Get(t.Context(), Request{URL: address}); !errors.Is(err, ErrForbidden) {
			t.Errorf("Get(%q) = %v, want ErrForbidden", address, err)
		}
	}
}
