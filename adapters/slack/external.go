package slack

import (
	"context"
	"errors"
	"maps"
	"sync"

	"github.com/sidebridge/sidebridge/adapters/chat"
	"github.com/sidebridge/sidebridge/bridge"
)

// allowed reports whether a mapping rule lets other organisations read along.
func (a *Adapter) allowed(rule string) bool {
	_, allowed := a.policy(rule)
	return allowed
}

// mayPost refuses to show anything in a channel that other organisations are in,
// unless the mapping rule allows that. https://docs.slack.dev/apis/slack-connect
func (a *Adapter) mayPost(ctx context.Context, m bridge.Mirror) error {
	if a.allowed(m.Rule) {
		return nil
	}
	found, err := a.channels.get(ctx, m.Place.Channel)
	if err != nil {
		return chat.Certain(err)
	}
	if found.external {
		a.refused.add(m.Place.Channel, m.Rule)
		return a.refusal(codeExternal, m.Place.Channel, "", "")
	}
	return nil
}

// guarded makes a post and looks again when something was heard of channels
// meanwhile: another organisation may have come in after the first look. The post is
// taken back then, as if it had never been made.
func (a *Adapter) guarded(ctx context.Context, at bridge.Attempt, post func() (bridge.Receipt, error)) (bridge.Receipt, error) {
	heard := a.channels.heard()
	if err := a.mayPost(ctx, at.Mirror); err != nil {
		return bridge.Receipt{}, err
	}
	receipt, err := post()
	if err != nil {
		return receipt, err
	}
	a.own.made(at.Mirror, receipt.Ref, a.now())
	if heard == a.channels.heard() {
		return receipt, nil
	}
	var se *bridge.SurfaceError
	if err := a.mayPost(ctx, at.Mirror); !errors.As(err, &se) || se.Code != codeExternal {
		return receipt, nil
	}
	channel := at.Mirror.Place.Channel
	if _, err := a.remove(context.WithoutCancel(ctx), channel, receipt.Ref); err != nil {
		a.own.expose(channel, receipt.Ref, a.allowed) // it stands there, and is tried again
		return receipt, nil
	}
	a.count("taken back", "external")
	return bridge.Receipt{}, se
}

// sharedWithOthers takes Slack's word that other organisations read a channel since
// a moment. Every event about a message there says so; the first is news.
func (a *Adapter) sharedWithOthers(channel, since string) {
	if a.channels.believedInternal(channel) {
		a.forgetChannel(channel)
	}
	a.own.expose(channel, since, a.allowed)
}

// noteOwn takes note of a post of ours that a listing shows.
func (a *Adapter) noteOwn(channel string, m *message) {
	if a.isOurs(m) {
		a.own.showed(channel, m.TS, a.now())
	}
}

// refusedRules remembers which rules' mirrors were refused because of other
// organisations, so that a probe does not resume them for another refusal.
type refusedRules struct {
	mu    sync.Mutex
	rules map[string]map[string]bool // by channel
}

func (r *refusedRules) add(channel, rule string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.rules == nil {
		r.rules = map[string]map[string]bool{}
	}
	if r.rules[channel] == nil {
		r.rules[channel] = map[string]bool{}
	}
	r.rules[channel][rule] = true
}

// still reports whether a channel with other organisations in it is one that a rule
// was refused for; a rule that allows it meanwhile is let go, and all are when the
// others have left.
func (r *refusedRules) still(channel string, external bool, allowed func(string) bool) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	maps.DeleteFunc(r.rules[channel], func(rule string, _ bool) bool { return !external || allowed(rule) })
	if len(r.rules[channel]) == 0 {
		delete(r.rules, channel)
	}
	return len(r.rules[channel]) > 0
}
