package sso

import (
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync"
)

// maxAnswer bounds what is read of an answer of the provider.
const maxAnswer = 1 << 20

var errRedirect = errors.New("the provider answered a request of ours with a redirect, which is not followed")

// outsideError is an address that no request may go to.
type outsideError struct{ host string }

func (e *outsideError) Error() string { return "no request may go to " + e.host }

// fence lets requests go to the issuer's host and to the hosts that its discovery
// document names, and nowhere else: what a token or an answer says leads nowhere.
type fence struct {
	next  http.RoundTripper
	mu    sync.Mutex
	hosts map[string]bool
}

// open lets requests go to the hosts of these addresses. An empty one is none.
func (f *fence) open(addresses ...string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, address := range addresses {
		if address == "" {
			continue
		}
		u, err := url.Parse(address)
		if err != nil || !secure(u) {
			return &outsideError{address}
		}
		f.hosts[u.Host] = true
	}
	return nil
}

// RoundTrip makes a request to a host that is let through.
func (f *fence) RoundTrip(r *http.Request) (*http.Response, error) {
	f.mu.Lock()
	ok := f.hosts[r.URL.Host] && secure(r.URL)
	f.mu.Unlock()
	if !ok {
		return nil, &outsideError{r.URL.Host}
	}
	res, err := f.next.RoundTrip(r)
	if err == nil {
		res.Body = &bounded{io.LimitReader(res.Body, maxAnswer), res.Body}
	}
	return res, err
}

// bounded is a body that ends after so many bytes.
type bounded struct {
	io.Reader
	io.Closer
}

// secure says whether tokens may travel to an address: by https, or within this machine.
func secure(u *url.URL) bool {
	if u.Host == "" || u.User != nil {
		return false
	}
	ip, err := netip.ParseAddr(u.Hostname())
	here := u.Hostname() == "localhost" || (err == nil && ip.IsLoopback())
	return u.Scheme == "https" || (u.Scheme == "http" && here)
}

// isNetwork says whether an error is of the way to the provider. go-oidc keeps the
// text of such an error and not always the error.
func isNetwork(err error) bool {
	var n net.Error
	return errors.As(err, &n) || strings.Contains(err.Error(), "fetching keys")
}

// withoutAddress returns an error's text without the request's address, whose query
// could hold something.
func withoutAddress(err error) string {
	var u *url.Error
	if errors.As(err, &u) && u.Err != nil {
		return u.Err.Error()
	}
	return err.Error()
}
