package discordsim

import (
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// bucket counts the calls of one window.
type bucket struct {
	left  int
	until time.Time
}

// rate is what a route allows: so many calls in so much time, under a bucket name that
// several routes can share. The numbers are what bots report; Discord documents none
// and says not to rely on any. https://docs.discord.com/developers/topics/rate-limits
type rate struct {
	name  string
	calls int
	per   time.Duration
}

func rateOf(method, route string) rate {
	switch {
	case method == http.MethodPost && route == "channels/:id/messages":
		return rate{"post", 5, 5 * time.Second}
	case method == http.MethodPatch && route == "channels/:id/messages/:id":
		return rate{"edit", 5, 5 * time.Second}
	case method == http.MethodDelete && route == "channels/:id/messages/:id":
		return rate{"delete", 5, time.Second}
	case method == http.MethodPatch && route == "channels/:id":
		return rate{"modify", 5, 15 * time.Second}
	case method == http.MethodPost && (route == "channels/:id/threads" || route == "channels/:id/messages/:id/threads"):
		return rate{"threads", 5, 5 * time.Second}
	case route == "channels/:id/messages/:id/reactions/:emoji/@me":
		return rate{"react", 1, 250 * time.Millisecond}
	case len(route) > 9 && route[:9] == "webhooks/":
		return rate{"hook", 5, 2 * time.Second}
	}
	return rate{"other-" + method, 50, time.Second}
}

// globalRate is 50 calls a second for everything but interactions.
const globalRate = 50

// limit takes one call from the buckets, sets the headers, and returns how long to wait
// when there is none left. The caller holds mu.
func (s *Sim) limit(h http.Header, method, route, major string) (wait time.Duration, global bool) {
	if s.opts.Limits.Off {
		return 0, false
	}
	now := s.now()
	if s.global.until.Before(now) || s.global.until.IsZero() {
		s.global = bucket{left: int(globalRate * s.opts.Limits.Scale), until: now.Add(time.Second)}
	}
	if s.global.left <= 0 {
		return s.global.until.Sub(now), true
	}
	r := rateOf(method, route)
	key := r.name + "/" + major
	b := s.buckets[key]
	calls := max(1, int(float64(r.calls)*s.opts.Limits.Scale))
	if b == nil || !b.until.After(now) {
		b = &bucket{left: calls, until: now.Add(r.per)}
		s.buckets[key] = b
	}
	left := b.until.Sub(now)
	taken := b.left > 0
	if taken {
		b.left--
		s.global.left--
	}
	h.Set("X-RateLimit-Limit", strconv.Itoa(calls))
	h.Set("X-RateLimit-Remaining", strconv.Itoa(b.left))
	h.Set("X-RateLimit-Reset", strconv.FormatFloat(epochSeconds(b.until), 'f', 3, 64))
	h.Set("X-RateLimit-Reset-After", strconv.FormatFloat(left.Seconds(), 'f', 3, 64))
	h.Set("X-RateLimit-Bucket", fmt.Sprintf("%x", r.name))
	if !taken {
		return left, false
	}
	return 0, false
}

// tooMany answers 429.
func tooMany(w http.ResponseWriter, wait time.Duration, global bool) {
	scope := "user"
	if global {
		w.Header().Set("X-RateLimit-Global", "true")
		scope = "global"
	}
	w.Header().Set("X-RateLimit-Scope", scope)
	w.Header().Set("Retry-After", strconv.Itoa(int((wait+time.Second-1)/time.Second)))
	writeJSON(w, http.StatusTooManyRequests, fields{"message": "You are being rate limited.", "retry_after": wait.Seconds(), "global": global})
}
