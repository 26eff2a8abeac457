package slack

import (
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Budget is how many calls we allow ourselves, so that Slack has no reason to
// refuse any. Slack guarantees the numbers per minute of its tiers for each
// method, and about one post a second in a channel.
// https://docs.slack.dev/apis/web-api/rate-limits
type Budget struct {
	// PostsPerMinute is for all channels of the workspace; Slack says "several
	// hundred". The default is 240.
	PostsPerMinute int
	// PostInterval is the time between two posts in one channel, 1 s.
	PostInterval time.Duration
	// Tier2, Tier3 and Tier4 are calls a minute for each method: 20, 50 and 100.
	Tier2, Tier3, Tier4 int
	// History is for conversations.replies and .history: 50, and 1 for an
	// unlisted app that was distributed commercially after May 2025.
	History int
}

func (b Budget) withDefaults() Budget {
	for _, d := range []struct {
		field *int
		value int
	}{{&b.PostsPerMinute, 240}, {&b.Tier2, 20}, {&b.Tier3, 50}, {&b.Tier4, 100}, {&b.History, 50}} {
		if *d.field <= 0 {
			*d.field = d.value
		}
	}
	if b.PostInterval <= 0 {
		b.PostInterval = time.Second
	}
	return b
}

// perMinute returns how often a method may be called.
func (b Budget) perMinute(method string) int {
	switch method {
	case "conversations.replies", "conversations.history":
		return b.History
	case "conversations.list", "reactions.remove":
		return b.Tier2
	case "conversations.info", "conversations.join", "conversations.open", "chat.update", "chat.delete", "users.lookupByEmail", "apps.connections.open",
		"reactions.add":
		return b.Tier3
	case "users.info", "chat.postEphemeral", "views.open", "files.info", "files.getUploadURLExternal", "files.completeUploadExternal":
		return b.Tier4
	}
	return b.PostsPerMinute
}

// limits hands out calls. A bucket is named by a method, or by a channel for
// the posts in it; Slack closes exactly one of them with a 429.
type limits struct {
	budget Budget
	now    func() time.Time

	mu      sync.Mutex
	buckets map[string]*bucket
}

type bucket struct {
	*rate.Limiter
	frozen time.Time
}

func newLimits(b Budget, now func() time.Time) *limits {
	return &limits{budget: b.withDefaults(), now: now, buckets: map[string]*bucket{}}
}

// bucketOf returns the bucket's limiter. A method may be called in a burst, as
// Slack's advice for short bursts allows; posts in a channel come one by one, or
// their order could be lost.
func (l *limits) bucketOf(name string) *bucket {
	b := l.buckets[name]
	if b == nil {
		every, burst := l.budget.PostInterval, 1
		if !isChannel(name) {
			n := l.budget.perMinute(name)
			every, burst = time.Minute/time.Duration(n), max(1, n/4)
		}
		b = &bucket{Limiter: rate.NewLimiter(rate.Every(every), burst)}
		l.buckets[name] = b
	}
	return b
}

func isChannel(name string) bool { return name != "" && name[0] == '#' }

// take takes one call from every named bucket, or none of them and says how long
// to wait.
func (l *limits) take(names ...string) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	var wait time.Duration
	var taken []*rate.Reservation
	for _, name := range names {
		b := l.bucketOf(name)
		if left := b.frozen.Sub(now); left > 0 {
			wait = max(wait, left)
			continue
		}
		r := b.ReserveN(now, 1)
		wait = max(wait, r.DelayFrom(now))
		taken = append(taken, r)
	}
	if wait > 0 {
		for _, r := range taken {
			r.CancelAt(now)
		}
	}
	return wait
}

// freeze closes one bucket for as long as Slack asked.
func (l *limits) freeze(name string, d time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.bucketOf(name).frozen = l.now().Add(d)
}

// look says how long take would have to wait, and takes nothing.
func (l *limits) look(names ...string) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	var wait time.Duration
	for _, name := range names {
		b := l.bucketOf(name)
		r := b.ReserveN(now, 1)
		wait = max(wait, r.DelayFrom(now), b.frozen.Sub(now))
		r.CancelAt(now)
	}
	return wait
}
