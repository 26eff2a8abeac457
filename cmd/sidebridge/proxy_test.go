package main

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"
)

func TestOnlyTrustedProxiesSayWhoAsks(t *testing.T) {
	trusted := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("::1/128")}
	for name, c := range map[string]struct {
		from string
		sent []string
		want string
	}{
		"nobody in between":              {"192.0.2.7:1", nil, "192.0.2.7:1"},
		"a claim of a stranger":          {"192.0.2.7:1", []string{"198.51.100.1"}, "192.0.2.7:1"},
		"a proxy of ours":                {"10.1.1.1:1", []string{"198.51.100.1"}, "198.51.100.1:1"},
		"two proxies of ours":            {"10.1.1.1:1", []string{"198.51.100.1, 10.2.2.2"}, "198.51.100.1:1"},
		"a claim before the real one":    {"10.1.1.1:1", []string{"203.0.113.9, 198.51.100.1"}, "198.51.100.1:1"},
		"a claim in a header of its own": {"10.1.1.1:1", []string{"203.0.113.9", "198.51.100.1"}, "198.51.100.1:1"},
		"a proxy that says nothing":      {"10.1.1.1:1", nil, "10.1.1.1:1"},
		"nonsense":                       {"10.1.1.1:1", []string{"evil"}, "10.1.1.1:1"},
		"a mapped address":               {"[::ffff:10.1.1.1]:1", []string{"198.51.100.1"}, "198.51.100.1:1"},
		"over IPv6":                      {"[::1]:1", []string{"2001:db8::1"}, "[2001:db8::1]:1"},
	} {
		t.Run(name, func(t *testing.T) {
			got := ""
			h := forwarded(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got = r.RemoteAddr }), trusted)
			r := httptest.NewRequest(http.MethodGet, "/", nil)
			r.RemoteAddr = c.from
			r.Header["X-Forwarded-For"] = c.sent
			h.ServeHTTP(httptest.NewRecorder(), r)
			if got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}
