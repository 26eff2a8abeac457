package webhook

import (
	"fmt"
	"net"
	"net/netip"
	"syscall"
	"time"
)

// guard decides which addresses may be connected to.
type guard struct {
	loopback bool
	private  bool
}

// refusedError says that a connection was refused by the guard. It names the
// address that was resolved, which is no secret, and not the request's.
type refusedError struct {
	ip   netip.Addr
	what string
}

func (e *refusedError) Error() string {
	return fmt.Sprintf("%s is %s, where webhooks are not sent", e.ip, e.what)
}

// dialer returns a dialer that checks each address when its socket is made, after
// the name was resolved: nothing can be swapped between the check and the use.
func (g guard) dialer() *net.Dialer {
	return &net.Dialer{
		Timeout: 10 * time.Second, KeepAlive: 30 * time.Second,
		Control: func(_, address string, _ syscall.RawConn) error {
			ap, err := netip.ParseAddrPort(address)
			if err != nil {
				return fmt.Errorf("read the address to connect to: %w", err)
			}
			return g.check(ap.Addr())
		},
	}
}

func (g guard) check(ip netip.Addr) error {
	ip = embedded(ip.WithZone(""))
	switch {
	case isMetadata(ip):
		return &refusedError{ip, "link-local or a cloud's own service"}
	case ip.IsUnspecified() || ip.IsMulticast() || in(ip, reserved()):
		return &refusedError{ip, "no host's address"}
	case ip.IsLoopback() && !g.loopback:
		return &refusedError{ip, "this machine"}
	case (ip.IsPrivate() || in(ip, shared())) && !g.private:
		return &refusedError{ip, "in a private network"}
	}
	return nil
}

// embedded returns the IPv4 address that an IPv6 one stands for: mapped (RFC 4291),
// NAT64 (RFC 6052) or 6to4 (RFC 3056). A translator would connect to that one.
func embedded(ip netip.Addr) netip.Addr {
	ip = ip.Unmap()
	if !ip.Is6() {
		return ip
	}
	b := ip.As16()
	switch {
	case in(ip, []string{"64:ff9b::/96", "64:ff9b:1::/48"}):
		return netip.AddrFrom4([4]byte(b[12:16]))
	case in(ip, []string{"2002::/16"}):
		return netip.AddrFrom4([4]byte(b[2:6]))
	}
	return ip
}

// isMetadata: the link-local networks, in which clouds answer 169.254.169.254 with
// a machine's credentials, and the services that clouds put elsewhere: AWS's IPv6
// one, and Azure's wire server (https://learn.microsoft.com/azure/virtual-network/what-is-ip-address-168-63-129-16).
func isMetadata(ip netip.Addr) bool {
	return ip.IsLinkLocalUnicast() || ip.IsLinkLocalMulticast() ||
		in(ip, []string{"fd00:ec2::/32", "168.63.129.16/32", "100.100.100.200/32"})
}

// reserved are the networks of no host, by the IANA special-purpose registries.
func reserved() []string { return []string{"0.0.0.0/8", "192.0.0.0/24", "240.0.0.0/4", "100::/64"} }

// shared are networks that are private without netip saying so: carriers' (RFC
// 6598), benchmarks' (RFC 2544) and the former site-local ones.
func shared() []string { return []string{"100.64.0.0/10", "198.18.0.0/15", "fec0::/10"} }

func in(ip netip.Addr, networks []string) bool {
	for _, n := range networks {
		if netip.MustParsePrefix(n).Contains(ip) {
			return true
		}
	}
	return false
}
