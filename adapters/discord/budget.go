package discord

import (
	"cmp"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Discord allows a bot 50 calls a second; a rate and a burst that add up to that never
// exceed it. https://docs.discord.com/developers/topics/rate-limits#global-rate-limit
const (
	globalRate  = 40
	globalBurst = 10
	// defaultRetryAfter is how long to wait when Discord says "too fast" and not for
	// how long.
	defaultRetryAfter = 5 * time.Second
	// maxBuckets is how many are remembered before those that are over are dropped.
	maxBuckets = 4096
)

// Discord bans an address from which 10,000 calls were refused in ten minutes; other
// daemons may share ours. https://docs.discord.com/developers/topics/rate-limits#invalid-request-limit-aka-cloudflare-bans
const (
	invalidMost   = 3000
	invalidWindow = 10 * time.Minute
)

// route is what of a call decides its budget.
type route struct {
	// template is the method and the path without ids.
	template string
	// major is the channel, guild or webhook, which have budgets of their own.
	major string
	// exempt: answers to interactions do not count for the whole bot.
	exempt bool
}

// routeOf takes a path apart.
// https://docs.discord.com/developers/topics/rate-limits#rate-limits
func routeOf(method, path string) route {
	segments := strings.Split(path, "/")
	r := route{exempt: segments[0] == "interactions"}
	for i, s := range segments {
		switch {
		case i == 1 && (segments[0] == "channels" || segments[0] == "guilds"), i == 1 && segments[0] == "webhooks":
			r.major = s
			segments[i] = "{id}"
		case i == 2 && (segments[0] == "webhooks" || segments[0] == "interactions"):
			r.major += "/" + s // a token: kept as a key only, and never shown
			segments[i] = "{token}"
		case validID(s):
			segments[i] = "{id}"
		case i > 0 && segments[i-1] == "reactions":
			segments[i] = "{emoji}"
		}
	}
	r.template = method + " " + strings.Join(segments, "/")
	return r
}

// limits hands out calls. Which calls share a bucket, and how many it has, Discord says
// with every answer; our own numbers are none but the bot's as a whole.
type limits struct {
	now func() time.Time

	mu      sync.Mutex
	whole   *rate.Limiter
	frozen  time.Time         // all calls wait until then
	hashes  map[string]string // by template: the bucket's name
	sizes   map[string]int    // by name: how many calls a fresh bucket has
	buckets map[string]*bucket
	invalid []time.Time
}

// bucket is what is left of one budget until it is filled again.
type bucket struct {
	left   int
	known  bool // left is Discord's word
	resets time.Time
	frozen time.Time
	flying int // calls without an answer yet
}

func newLimits(now func() time.Time) *limits {
	return &limits{
		now: now, whole: rate.NewLimiter(globalRate, globalBurst),
		hashes: map[string]string{}, sizes: map[string]int{}, buckets: map[string]*bucket{},
	}
}

// of returns a route's bucket. Before Discord has named it, it is the route's own.
// The caller holds mu.
func (l *limits) of(r route) *bucket {
	name := cmp.Or(l.hashes[r.template], r.template)
	key := name + "\x00" + r.major
	b := l.buckets[key]
	if b == nil {
		l.prune()
		b = &bucket{}
		l.buckets[key] = b
	}
	if now := l.now(); !b.resets.After(now) {
		b.left, b.known = l.sizes[name]-b.flying, l.sizes[name] > 0
	}
	return b
}

// prune drops the buckets that are full again.
func (l *limits) prune() {
	if len(l.buckets) < maxBuckets {
		return
	}
	now := l.now()
	for key, b := range l.buckets {
		if b.flying == 0 && !b.resets.After(now) && !b.frozen.After(now) {
			delete(l.buckets, key)
		}
	}
}

// wait says how long a bucket is closed. The caller holds mu.
func (l *limits) wait(b *bucket) time.Duration {
	now := l.now()
	wait := max(b.frozen.Sub(now), l.frozen.Sub(now), l.tooManyRefused(now), 0)
	switch {
	case !b.known || b.left > 0:
	case b.resets.After(now):
		wait = max(wait, b.resets.Sub(now))
	default:
		wait = max(wait, 50*time.Millisecond) // all that it had are under way
	}
	return wait
}

// take takes one call, or none and says how long to wait.
func (l *limits) take(r route) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	b := l.of(r)
	if wait := l.wait(b); wait > 0 {
		return wait
	}
	if !r.exempt {
		now := l.now()
		reserved := l.whole.ReserveN(now, 1)
		if wait := reserved.DelayFrom(now); wait > 0 {
			reserved.CancelAt(now)
			return wait
		}
	}
	b.left--
	b.flying++
	return 0
}

// untake gives back a call that was not made.
func (l *limits) untake(r route) {
	l.mu.Lock()
	defer l.mu.Unlock()
	b := l.of(r)
	b.left, b.flying = b.left+1, max(0, b.flying-1)
}

// look says how long take would have to wait, and takes nothing.
func (l *limits) look(r route) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	wait := l.wait(l.of(r))
	if !r.exempt {
		now := l.now()
		reserved := l.whole.ReserveN(now, 1)
		wait = max(wait, reserved.DelayFrom(now))
		reserved.CancelAt(now)
	}
	return wait
}

// done takes note of what an answer says of its bucket, if there was one. Only the
// time until the reset is read, which no clock can make wrong.
func (l *limits) done(r route, h http.Header, status int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	b := l.of(r)
	b.flying = max(0, b.flying-1)
	if h == nil {
		return
	}
	l.countRefused(h, status)
	name := h.Get("X-RateLimit-Bucket")
	size, err1 := strconv.Atoi(h.Get("X-RateLimit-Limit"))
	left, err2 := strconv.Atoi(h.Get("X-RateLimit-Remaining"))
	if name == "" || err1 != nil || err2 != nil || size <= 0 {
		return
	}
	if l.hashes[r.template] != name {
		flying := b.flying
		b.flying = 0
		l.hashes[r.template] = name
		l.sizes[name] = size
		b = l.of(r)
		b.flying += flying
	}
	l.sizes[name] = size
	now := l.now()
	if left -= b.flying; b.known && b.resets.After(now) {
		left = min(left, b.left)
	}
	b.left, b.known = left, true
	b.resets = now.Add(headerSeconds(h, "X-RateLimit-Reset-After"))
}

// freeze closes one bucket for as long as Discord asked.
func (l *limits) freeze(r route, d time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.of(r).frozen = l.now().Add(d)
}

// freezeAll lets nothing be called for a while.
func (l *limits) freezeAll(d time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if until := l.now().Add(d); until.After(l.frozen) {
		l.frozen = until
	}
}

// countRefused takes note of the refusals that can have us banned.
func (l *limits) countRefused(h http.Header, status int) {
	switch status {
	case http.StatusUnauthorized, http.StatusForbidden:
	case http.StatusTooManyRequests:
		if h.Get("X-RateLimit-Scope") == "shared" {
			return
		}
	default:
		return
	}
	l.invalid = append(l.invalid, l.now())
}

// tooManyRefused says how long to be quiet so as not to be banned.
func (l *limits) tooManyRefused(now time.Time) time.Duration {
	for len(l.invalid) > 0 && now.Sub(l.invalid[0]) >= invalidWindow {
		l.invalid = l.invalid[1:]
	}
	if len(l.invalid) < invalidMost {
		return 0
	}
	return l.invalid[len(l.invalid)-invalidMost].Add(invalidWindow).Sub(now)
}

func seconds(s float64) time.Duration {
	if !(s > 0) {
		return 0
	}
	return time.Duration(min(s, 86400) * float64(time.Second))
}

func headerSeconds(h http.Header, name string) time.Duration {
	s, err := strconv.ParseFloat(h.Get(name), 64)
	if err != nil {
		return 0
	}
	return seconds(s)
}
