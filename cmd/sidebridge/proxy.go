package main

import (
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// forwarded puts the address of who really asks into the request, when it comes
// through proxies that are trusted. X-Forwarded-For is read from its end, since
// only what our own proxies added there is more than somebody's claim.
func forwarded(next http.Handler, trusted []netip.Prefix) http.Handler {
	if len(trusted) == 0 {
		return next
	}
	isTrusted := func(text string) bool {
		addr, err := netip.ParseAddr(text)
		if err != nil {
			return false
		}
		for _, p := range trusted {
			if p.Contains(addr.Unmap()) {
				return true
			}
		}
		return false
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host, port, err := net.SplitHostPort(r.RemoteAddr)
		hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
		for i := len(hops) - 1; err == nil && i >= 0 && isTrusted(host); i-- {
			hop := strings.TrimSpace(hops[i])
			if _, bad := netip.ParseAddr(hop); bad != nil {
				break
			}
			host = hop
		}
		if err == nil {
			r.RemoteAddr = net.JoinHostPort(host, port)
		}
		next.ServeHTTP(w, r)
	})
}
