package discordsim

import (
	"crypto/sha256"
	"fmt"
	"net/http"
	"strconv"
	"strings"
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
	case strings.HasPrefix(route, "webhooks/"):
		return rate{"hook", 5, 2 * time.Second}
	}
	return rate{"other-" + method, 50, time.Second}
}

// globalRate is 50 calls a second for everything but interactions.
const globalRate = 50

// limit takes one call from the buckets, sets the headers, and returns how long to wait
// when there is none left. The caller holds mu.
func (s *Sim) limit(h http.Header, e endpoint, ids []string) (wait time.Duration, global bool) {
	if s.opts.Limits.Off || e.handle == nil {
		return 0, false
	}
	now := s.now()
	interaction := strings.HasPrefix(e.route, "interactions/") // outside the global limit
	if s.global.until.Before(now) || s.global.until.IsZero() {
		s.global = bucket{left: max(1, int(globalRate*s.opts.Limits.Scale)), until: now.Add(time.Second)}
	}
	if s.global.left <= 0 && !interaction {
		return s.global.until.Sub(now), true
	}
	r := rateOf(e.method, e.route)
	key := r.name + "/" + major(e.route, ids)
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
		if !interaction {
			s.global.left--
		}
	}
	h.Set("X-RateLimit-Limit", strconv.Itoa(calls))
	h.Set("X-RateLimit-Remaining", strconv.Itoa(b.left))
	h.Set("X-RateLimit-Reset", strconv.FormatFloat(epochSeconds(b.until), 'f', 3, 64))
	h.Set("X-RateLimit-Reset-After", strconv.FormatFloat(left.Seconds(), 'f', 3, 64))
	h.Set("X-RateLimit-Bucket", fmt.Sprintf("%x", sha256.Sum256([]byte(r.name)))[:32])
	if !taken {
		return left, false
	}
	return 0, false
}

// major is what a bucket is kept for: a channel, a guild, a webhook with its token.
// https://docs.discord.com/developers/topics/rate-limits#rate-limits
func major(route string, ids []string) string {
	switch {
	case strings.HasPrefix(route, "webhooks/:id/:token"), strings.HasPrefix(route, "interactions/"):
		return ids[0] + "/" + ids[1]
	case strings.HasPrefix(route, "channels/:id"), strings.HasPrefix(route, "guilds/:id"), strings.HasPrefix(route, "webhooks/:id"):
		return ids[0]
	}
	return ""
}

// invalidPer is the time in which only so many calls may be answered with 401, 403 or
// 429, before everything from this address is turned away.
// https://docs.discord.com/developers/topics/rate-limits#invalid-request-limit-aka-cloudflare-bans
const invalidPer = 10 * time.Minute

// countInvalid counts one such call. The caller holds mu.
func (s *Sim) countInvalid() {
	s.invalid++
	if now := s.now(); now.Sub(s.invalidSince) > invalidPer {
		s.invalidSince, s.invalidNow = now, 0
	}
	s.invalidNow++
}

// banned says whether too many were. The caller holds mu.
func (s *Sim) banned() bool {
	return s.invalidNow >= s.opts.InvalidLimit && s.now().Sub(s.invalidSince) <= invalidPer
}
