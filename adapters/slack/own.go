package slack

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/sidebridge/sidebridge/adapters/chat"
	"github.com/sidebridge/sidebridge/bridge"
)

// maxOwn is how many of our posts are remembered: far more than the budget lets us
// make in the minutes that each is.
const maxOwn = 8192

// takeBackTime is how long deleting a post is tried before a person has to.
const takeBackTime = 10 * time.Minute

// ownPost is one of our posts of the last minutes.
type ownPost struct {
	channel, thread, ts string
	rule                string
	at                  time.Time
	// made: the call was answered; before that only the echo is known.
	made bool
	// shown: its echo came, or a listing showed it.
	shown bool
	// exposed: it stands where another organisation reads, which its rule forbids.
	exposed bool
}

// ownPosts remembers our posts until Slack has shown them to us. Slack may accept a
// post and show it to nobody, when it comes in a burst, and another organisation may
// come into a channel between our look and our post.
// https://docs.slack.dev/apis/web-api/rate-limits
type ownPosts struct {
	mu    sync.Mutex
	byKey map[[2]string]*ownPost
	order [][2]string
	// work is filled when there is something to take back.
	work chan struct{}
}

func newOwnPosts() *ownPosts {
	return &ownPosts{byKey: map[[2]string]*ownPost{}, work: make(chan struct{}, 1)}
}

// get returns the post, which may be new. The caller holds mu.
func (o *ownPosts) get(channel, ts string, now time.Time) *ownPost {
	key := [2]string{channel, ts}
	p := o.byKey[key]
	if p == nil {
		p = &ownPost{channel: channel, ts: ts, at: now}
		o.byKey[key] = p
		o.order = append(o.order, key)
	}
	for len(o.order) > maxOwn {
		delete(o.byKey, o.order[0])
		o.order = o.order[1:]
	}
	return p
}

// made takes note of a post that was answered. The echo may have come before.
func (o *ownPosts) made(m bridge.Mirror, ts string, now time.Time) {
	o.mu.Lock()
	defer o.mu.Unlock()
	p := o.get(m.Place.Channel, ts, now)
	p.made, p.thread, p.rule = true, cmp.Or(m.Thread, ts), m.Rule
}

// showed takes note that Slack has shown us a post.
func (o *ownPosts) showed(channel, ts string, now time.Time) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.get(channel, ts, now).shown = true
}

// forget is for what was deleted.
func (o *ownPosts) forget(channel, ts string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	delete(o.byKey, [2]string{channel, ts})
}

// putOff lets posts be looked for later, or not again.
func (o *ownPosts) putOff(posts []ownPost, now time.Time, drop bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, p := range posts {
		key := [2]string{p.channel, p.ts}
		if have := o.byKey[key]; have != nil && !drop {
			have.at = now
		} else {
			delete(o.byKey, key)
		}
	}
}

// expose marks the posts in a channel that came after its sharing and may not be there.
func (o *ownPosts) expose(channel, since string, allowed func(rule string) bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, p := range o.byKey {
		if p.channel != channel || !p.made || laterTS(since, p.ts) || allowed(p.rule) {
			continue
		}
		p.exposed = true
		select {
		case o.work <- struct{}{}:
		default:
		}
	}
}

// exposedOnes returns what is to be taken back.
func (o *ownPosts) exposedOnes() []ownPost {
	return o.pick(func(p *ownPost) bool { return p.exposed })
}

// silent returns what should have been shown long ago, and drops what was shown
// then and needs no more thought.
func (o *ownPosts) silent(before time.Time) []ownPost {
	out := o.pick(func(p *ownPost) bool { return p.made && !p.shown && !p.exposed && p.at.Before(before) })
	o.mu.Lock()
	defer o.mu.Unlock()
	o.order = slices.DeleteFunc(o.order, func(key [2]string) bool {
		p := o.byKey[key]
		if p != nil && (p.shown || !p.made) && !p.exposed && p.at.Before(before) {
			delete(o.byKey, key)
			p = nil
		}
		return p == nil
	})
	return out
}

// pick returns the posts of a kind, oldest first.
func (o *ownPosts) pick(kind func(*ownPost) bool) []ownPost {
	o.mu.Lock()
	defer o.mu.Unlock()
	var out []ownPost
	for _, key := range o.order {
		if p := o.byKey[key]; p != nil && kind(p) {
			out = append(out, *p)
		}
	}
	return out
}

// watchOwn looks after our own posts until ctx ends.
func (a *Adapter) watchOwn(ctx context.Context) error {
	if a.ready(ctx) != nil {
		return nil
	}
	tick := time.NewTicker(a.echoWait / 4)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-a.own.work:
		case <-tick.C:
			a.lookForSilent(ctx)
		}
		for _, p := range a.own.exposedOnes() {
			a.takeBack(ctx, p)
		}
	}
}

// lookForSilent looks into each thread that has posts of ours without an echo. One
// call answers for all of them. When the budget is short the listings go first.
func (a *Adapter) lookForSilent(ctx context.Context) {
	threads := map[[2]string][]ownPost{}
	for _, p := range a.own.silent(a.now().Add(-a.echoWait)) {
		key := [2]string{p.channel, p.thread}
		threads[key] = append(threads[key], p)
	}
	for key, silent := range threads {
		if ctx.Err() != nil || a.limits.look("conversations.replies") > 0 {
			return
		}
		a.count("not echoed", "")
		if err := a.lookFor(ctx, key[0], key[1], silent); err != nil && ctx.Err() == nil {
			a.log.Warn("posts without an echo were not looked for", "channel", key[0], "thread", key[1], "err", err)
		}
	}
}

// lookFor looks for posts in one thread, oldest first. A complete listing that
// shows the parent and not the post is the proof that it is not there, or, for the
// parent itself, that there is no such thread.
func (a *Adapter) lookFor(ctx context.Context, channel, thread string, silent []ownPost) error {
	ctx, cancel := context.WithTimeout(ctx, 2*chat.CallTimeout)
	defer cancel()
	seen, err := a.seenIn(ctx, channel, thread, silent[0].ts)
	var se *bridge.SurfaceError
	gone := errors.As(err, &se) && se.Code == bridge.ParkedThread
	if err != nil && !gone {
		a.own.putOff(silent, a.now(), se != nil && se.Class != bridge.Transient && se.Class != bridge.RateLimited)
		return err
	}
	for _, p := range silent {
		switch {
		case seen[p.ts]:
			a.own.showed(channel, p.ts, a.now())
		case gone && p.ts != thread:
			a.own.forget(channel, p.ts) // with its parent; the next post parks the mirror
		case gone || seen[thread]:
			if err := a.swallowed(ctx, p); err != nil {
				return err
			}
		}
	}
	return nil
}

func (a *Adapter) seenIn(ctx context.Context, channel, thread, oldest string) (map[string]bool, error) {
	seen := map[string]bool{}
	l := listing{a: a, channel: channel, thread: thread, oldest: oldest}
	for !l.done {
		page, err := l.next(ctx)
		if err != nil {
			return nil, err
		}
		for i := range page {
			seen[page[i].TS] = true
		}
	}
	return seen, nil
}

// swallowed records that Slack accepted a post which is not there. The audit trail
// has the copy as removed; the admin is told to have it said again.
func (a *Adapter) swallowed(ctx context.Context, p ownPost) error {
	m := message{TS: p.ts, ThreadTS: p.thread}
	res, err := a.inbox.Accept(ctx, bridge.Inbound{
		Kind: bridge.InDelete, Ours: true, Source: a.source(p.channel, &m), Author: a.account(slackbot), AuthorName: "Slack",
	})
	if err != nil {
		return err
	}
	a.own.forget(p.channel, p.ts)
	if res.Outcome != bridge.Accepted {
		return nil // it is known to be gone
	}
	reason := "Slack accepted a post of ours in " + a.channelLabel(p.channel) + " and shows it to nobody (thread " + p.thread +
		", message " + p.ts + "). The ticket's audit trail names the message whose copy was removed: say it again in the conversation."
	if p.thread == p.ts {
		reason = "Slack accepted the first post of a thread in " + a.channelLabel(p.channel) + " and shows it to nobody (" + p.ts +
			"). Start the conversation again."
	}
	a.log.Error("slack swallowed a post", "channel", p.channel, "thread", p.thread, "ts", p.ts, "remedy", reason)
	a.count("swallowed", "")
	a.tellAdmin(ctx, reason, m)
	return nil
}

// takeBack deletes a post that another organisation can read against its rule. The
// audit trail has the copy as removed.
func (a *Adapter) takeBack(ctx context.Context, p ownPost) {
	if _, err := a.remove(ctx, p.channel, p.ts); err != nil {
		if ctx.Err() != nil || a.now().Sub(p.at) < takeBackTime {
			return // it is tried again with the next look
		}
		a.own.forget(p.channel, p.ts)
		a.log.Error("a post that another organisation can read was not taken back", "channel", p.channel, "ts", p.ts, "err", err)
		a.tellAdmin(ctx, "Another organisation can read a post in "+a.channelLabel(p.channel)+" that its rule keeps from them, "+
			"and it could not be taken back: delete it there (message "+p.ts+").", message{TS: p.ts, ThreadTS: p.thread})
		return
	}
	a.count("taken back", "external")
	se := a.refusal(codeExternal, p.channel, "", "")
	a.log.Warn("a post that another organisation could read was taken back", "channel", p.channel, "ts", p.ts, "remedy", se.Remedy)
	a.tellAdmin(ctx, "A post was taken back from "+a.channelLabel(p.channel)+": another organisation had just come in. "+se.Remedy,
		message{TS: p.ts, ThreadTS: p.thread})
}
