package web

import (
	"container/list"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// The rate of attempts that one address, or one account, may make.
const (
	attemptBurst  = 10
	attemptEvery  = 20 * time.Second
	attemptsKnown = 10_000
)

// attempts bounds how often a password is tried, for each key apart. It
// remembers a bounded number of keys: with more, the one not tried for the
// longest time is forgotten, which only gives that one a fresh start. Each daemon
// counts for itself.
type attempts struct {
	now   func() time.Time
	max   int
	every time.Duration
	burst int
	mu    sync.Mutex
	order *list.List // of *attempt, the last tried in front
	byKey map[string]*list.Element
}

type attempt struct {
	key     string
	limiter *rate.Limiter
}

func newAttempts(now func() time.Time, most int) *attempts {
	return newAttemptsAt(now, most, attemptBurst, attemptEvery)
}

// newAttemptsAt bounds at a rate of its own.
func newAttemptsAt(now func() time.Time, most, burst int, every time.Duration) *attempts {
	return &attempts{now: now, max: most, burst: burst, every: every, order: list.New(), byKey: map[string]*list.Element{}}
}

// addressKey is the key of where a request comes from. Who has one IPv6 address has
// all of its /64, so that these count as one.
func (s *Server) addressKey(r *http.Request) string {
	address := s.clientAddress(r)
	if a, err := netip.ParseAddr(address); err == nil && a.Is6() {
		address = netip.PrefixFrom(a.WithZone(""), 64).Masked().String()
	}
	return "address " + address
}

// allow reports whether each of the keys may try once more now, and counts it.
func (a *attempts) allow(keys ...string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	ok := true
	for _, key := range keys {
		ok = a.limiter(key).AllowN(a.now(), 1) && ok
	}
	return ok
}

func (a *attempts) limiter(key string) *rate.Limiter {
	if el := a.byKey[key]; el != nil {
		a.order.MoveToFront(el)
		return el.Value.(*attempt).limiter
	}
	if a.order.Len() >= a.max {
		last := a.order.Back()
		a.order.Remove(last)
		delete(a.byKey, last.Value.(*attempt).key)
	}
	at := &attempt{key, rate.NewLimiter(rate.Every(a.every), a.burst)}
	a.byKey[key] = a.order.PushFront(at)
	return at.limiter
}
