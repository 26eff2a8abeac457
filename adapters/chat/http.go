package chat

import (
	"net"
	"net/http"
	"sync/atomic"
	"time"
)

// CallTimeout is how long a platform may take to answer a call.
const CallTimeout = 20 * time.Second

// NewTransport makes the connections to a platform.
func NewTransport() *http.Transport {
	return &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           (&net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
		TLSHandshakeTimeout:   10 * time.Second,
		ResponseHeaderTimeout: CallTimeout,
		IdleConnTimeout:       90 * time.Second,
		MaxIdleConnsPerHost:   32,
		ForceAttemptHTTP2:     true,
	}
}

// NoRedirects keeps a token from being carried anywhere else.
func NoRedirects(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// ServerClock is how far a platform's clock, which makes its ids and stamps, is ahead of
// ours. The zero value takes them for the same.
type ServerClock struct{ ahead atomic.Int64 }

// Learn takes the Date header of an answer, and when its call was sent and answered.
func (c *ServerClock) Learn(sent, got time.Time, header string) {
	if date, err := http.ParseTime(header); err == nil {
		// The header has whole seconds, so half a second is the best guess.
		middle := sent.Add(got.Sub(sent) / 2)
		c.ahead.Store(int64(date.Add(500 * time.Millisecond).Sub(middle)))
	}
}

// At returns what the platform's clock shows when ours shows t.
func (c *ServerClock) At(t time.Time) time.Time { return t.Add(time.Duration(c.ahead.Load())) }
