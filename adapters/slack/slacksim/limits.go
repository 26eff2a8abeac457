package slacksim

import (
	"math"
	"time"
)

// bucket is a token bucket by the simulator's clock.
type bucket struct {
	tokens float64
	filled time.Time
}

// take takes a token from the named bucket, or says after how many seconds
// there will be one. The caller holds mu.
func (s *Sim) take(name string, perMinute float64, burst int) (retryAfter int, ok bool) {
	if s.opts.Limits.Off || perMinute == 0 {
		return 0, true
	}
	perSecond := perMinute / 60 * s.opts.Limits.Scale
	now := s.now()
	b := s.buckets[name]
	if b == nil {
		b = &bucket{tokens: float64(burst), filled: now}
		s.buckets[name] = b
	}
	if passed := now.Sub(b.filled).Seconds(); passed > 0 {
		b.tokens = math.Min(float64(burst), b.tokens+passed*perSecond)
		b.filled = now
	}
	if b.tokens < 1 {
		return max(1, int(math.Ceil((1-b.tokens)/perSecond))), false
	}
	b.tokens--
	return 0, true
}

// Rates by tier are what Slack guarantees as a minimum; the simulator gives no
// more. https://docs.slack.dev/apis/web-api/rate-limits
const (
	tier1 = 1
	tier2 = 20
	tier3 = 50
	tier4 = 100
	// tierSpecial stands for methods whose limit Slack gives only in words.
	tierSpecial = 600
	// postsPerChannel is one a second, postsPerTeam "several hundred per minute".
	postsPerChannel = 60
	postsPerTeam    = 300
)

// limitCall applies the limit of a method. The caller holds mu.
func (s *Sim) limitCall(name string, perMinute float64) (retryAfter int, ok bool) {
	if s.opts.HistoryPageCap == unlistedPage && (name == "conversations.history" || name == "conversations.replies") {
		perMinute = tier1
	}
	scaled := max(1, int(perMinute*s.opts.Limits.Scale))
	return s.take(name, perMinute, scaled)
}

// limitPost applies the limits of posts to one channel and to the workspace.
// The caller holds mu.
func (s *Sim) limitPost(channelID string) (retryAfter int, ok bool) {
	if retryAfter, ok = s.take("post "+channelID, postsPerChannel, s.opts.Limits.PostBurst); !ok {
		return retryAfter, false
	}
	return s.take("post", postsPerTeam, max(1, int(postsPerTeam*s.opts.Limits.Scale)))
}
