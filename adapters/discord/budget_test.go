package discord

import (
	"net/http"
	"testing"
	"time"
)

// budgetClock is a clock that a test moves.
type budgetClock struct{ t time.Time }

func (c *budgetClock) now() time.Time { return c.t }

func newTestLimits() (*limits, *budgetClock) {
	c := &budgetClock{time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)}
	return newLimits(c.now), c
}

func rateHeaders(bucket, limit, left, after string) http.Header {
	h := http.Header{}
	h.Set("X-RateLimit-Bucket", bucket)
	h.Set("X-RateLimit-Limit", limit)
	h.Set("X-RateLimit-Remaining", left)
	h.Set("X-RateLimit-Reset-After", after)
	return h
}

func TestRoutesAreToldApartByWhatDiscordCounts(t *testing.T) {
	for _, c := range []struct{ method, path, template, major string }{
		{"POST", "channels/12/messages", "POST channels/{id}/messages", "12"},
		{"PATCH", "channels/12/messages/34", "PATCH channels/{id}/messages/{id}", "12"},
		{"PUT", "channels/12/messages/34/reactions/%F0%9F%91%8D/@me", "PUT channels/{id}/messages/{id}/reactions/{emoji}/@me", "12"},
		{"POST", "webhooks/5/secret", "POST webhooks/{id}/{token}", "5/secret"},
		{"PATCH", "webhooks/5/secret/messages/34", "PATCH webhooks/{id}/{token}/messages/{id}", "5/secret"},
		{"GET", "guilds/7/threads/active", "GET guilds/{id}/threads/active", "7"},
		{"GET", "users/@me", "GET users/@me", ""},
	} {
		if r := routeOf(c.method, c.path); r.template != c.template || r.major != c.major || r.exempt {
			t.Errorf("%s %s: %+v", c.method, c.path, r)
		}
	}
	if r := routeOf("POST", "interactions/9/secret/callback"); !r.exempt || r.template != "POST interactions/{id}/{token}/callback" {
		t.Errorf("an interaction: %+v", r)
	}
}

func TestBucketIsLearntFromAnswersAndKeptPerChannel(t *testing.T) {
	l, clock := newTestLimits()
	one, two := routeOf("POST", "channels/1/messages"), routeOf("POST", "channels/2/messages")
	if l.take(one) != 0 {
		t.Fatal("the first call waits")
	}
	l.done(one, rateHeaders("b", "5", "4", "5"), 200)
	for left := 4; left > 0; left-- {
		if l.take(one) != 0 {
			t.Fatalf("a call waits with %d left", left)
		}
	}
	if wait := l.look(one); wait != 5*time.Second {
		t.Errorf("the sixth call would wait %v", wait)
	}
	if wait := l.take(one); wait != 5*time.Second {
		t.Errorf("the sixth call waits %v", wait)
	}
	for i := range 5 {
		if wait := l.take(two); wait != 0 {
			t.Errorf("call %d to another channel waits %v", i, wait)
		}
	}
	if l.take(two) == 0 {
		t.Error("another channel has more calls than Discord says")
	}
	for range 4 {
		l.done(one, nil, 0)
	}
	clock.t = clock.t.Add(5 * time.Second)
	for i := range 5 {
		if wait := l.take(one); wait != 0 {
			t.Errorf("after the reset call %d waits %v", i, wait)
		}
	}
	if l.take(one) == 0 {
		t.Error("more calls are under way than a bucket has")
	}
}

func TestAnswerThatOvertookAnotherGivesNothingBack(t *testing.T) {
	l, _ := newTestLimits()
	r := routeOf("POST", "channels/1/messages")
	for range 3 {
		l.take(r)
	}
	l.done(r, rateHeaders("b", "5", "2", "5"), 200) // the last of three was answered first
	l.done(r, rateHeaders("b", "5", "4", "5"), 200)
	l.done(r, rateHeaders("b", "5", "3", "5"), 200)
	n := 0
	for l.take(r) == 0 {
		n++
	}
	if n > 2 {
		t.Errorf("%d calls were handed out, two were left", n)
	}
}

func TestNoSecondHasMoreThanFiftyCalls(t *testing.T) {
	l, clock := newTestLimits()
	var made []time.Time
	for i := 0; len(made) < 300; i++ {
		r := routeOf("GET", "channels/"+string(rune('1'+i%9))+"/messages")
		wait := l.take(r)
		if wait > 0 {
			clock.t = clock.t.Add(wait)
			continue
		}
		made = append(made, clock.t)
	}
	for i := range made {
		n := 0
		for _, at := range made[i:] {
			if at.Sub(made[i]) < time.Second {
				n++
			}
		}
		if n > 50 {
			t.Fatalf("%d calls in one second", n)
		}
	}
	if wait := l.take(routeOf("POST", "interactions/1/secret/callback")); wait != 0 {
		t.Errorf("an answer to a person waits %v", wait)
	}
}

func TestRefusalsNeverReachABan(t *testing.T) {
	l, clock := newTestLimits()
	r := routeOf("GET", "channels/1/messages")
	n := 0
	for start := clock.t; clock.t.Sub(start) < invalidWindow; {
		if wait := l.take(r); wait > 0 {
			clock.t = clock.t.Add(wait)
			continue
		}
		n++
		l.done(r, http.Header{}, http.StatusForbidden)
	}
	if n > invalidMost {
		t.Errorf("%d refused calls in ten minutes", n)
	}
	if l.take(r) != 0 {
		t.Error("the call is held for ever")
	}
	shared := http.Header{}
	shared.Set("X-RateLimit-Scope", "shared")
	before := len(l.invalid)
	l.done(r, shared, http.StatusTooManyRequests)
	if len(l.invalid) != before {
		t.Error("a shared limit counts as ours")
	}
}

func TestBucketsAreNotRememberedForEver(t *testing.T) {
	l, clock := newTestLimits()
	for i := range 3 * maxBuckets {
		r := route{template: "POST channels/{id}/messages", major: time.Duration(i).String(), exempt: true}
		l.take(r)
		l.done(r, rateHeaders("b", "5", "4", "1"), 200)
		clock.t = clock.t.Add(time.Second)
	}
	if n := len(l.buckets); n > maxBuckets+1 {
		t.Errorf("%d buckets", n)
	}
}
