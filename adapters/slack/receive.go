package slack

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"time"

	"github.com/sidebridge/sidebridge/bridge"
)

const (
	// acceptTimeout leaves Slack's three seconds a margin.
	// https://docs.slack.dev/apis/events-api/#responding
	acceptTimeout = 2800 * time.Millisecond
	// maxFailures is how often one envelope may fail before it is put aside: Slack
	// sends an event at most four times within the first six minutes.
	maxFailures = 3
	maxFailing  = 1024
)

// receive takes one decoded payload. Its error is nil when it is to be
// acknowledged: what it says is committed, or it is nothing of ours, or it is
// kept in quarantine. Whoever waits for it gets the reply, if there is one, with the
// acknowledgement. raw is the envelope as it came.
func (a *Adapter) receive(ctx context.Context, p *payload, raw []byte) (reply any, err error) {
	defer func() {
		if r := recover(); r != nil {
			a.log.Error("an envelope was put aside", "reason", "panic", "type", p.Event.Type, "event_id", p.id(), "stack", string(debug.Stack()))
			err = a.quarantine(ctx, fmt.Sprintf("panic: %v", r), raw)
		}
	}()
	a.count("received", cmp.Or(p.Event.Type, p.Type, p.Command))
	a.learnApp(p.AppID)
	if p.Type != "event_callback" && p.Type != "block_actions" {
		if reply, asked := a.asked(ctx, p); asked {
			return reply, nil
		}
	}
	if err := a.dispatch(ctx, p); err != nil {
		return nil, a.failed(ctx, p, raw, err)
	}
	a.failing.clear(p.id())
	if a.missed.Swap(false) {
		a.reconnected.Store(true) // it is over, and Slack may have given up on some
	}
	return nil, nil
}

// decode reads an envelope or a frame. A field of an unexpected type is left
// empty and the rest is used: an event is not lost over a detail.
func decode(raw []byte, into any) error {
	err := json.Unmarshal(raw, into)
	var detail *json.UnmarshalTypeError
	if errors.As(err, &detail) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read envelope: %w", err)
	}
	return nil
}

func (a *Adapter) dispatch(ctx context.Context, p *payload) error {
	if p.Type == "block_actions" {
		return a.pressed(ctx, p)
	}
	switch {
	case p.Type != "event_callback" && p.Type != "app_rate_limited":
		a.count("ignored", "unknown envelope")
		return nil
	case !a.concerns(p):
		a.count("ignored", "unknown team")
		return nil
	case p.Type == "app_rate_limited":
		a.log.Warn("slack withheld events", "reason", "app_rate_limited")
		a.reconnected.Store(true)
		return nil
	}
	switch p.Event.Type {
	case "message", "app_mention":
		return a.accept(ctx, p)
	case "reaction_added", "reaction_removed":
		return a.reacted(ctx, &p.Event)
	default:
		return a.changedState(ctx, &p.Event)
	}
}

// concerns reports whether the event is of our workspace. In a channel shared
// between organisations team_id names whoever authorised first.
func (a *Adapter) concerns(p *payload) bool {
	if p.TeamID == a.workspace {
		return true
	}
	for _, auth := range p.Authorizations {
		if auth.TeamID == a.workspace {
			return true
		}
	}
	return false
}

// accept translates a message and waits until it is committed.
func (a *Adapter) accept(ctx context.Context, p *payload) error {
	e := &p.Event
	if e.Subtype == "channel_convert_to_private" || e.Subtype == "channel_convert_to_public" {
		a.channels.forget(string(e.Channel))
	}
	if err := a.ready(ctx); err != nil {
		return err
	}
	in, skip := a.translate(ctx, e)
	if skip != "" {
		a.count("ignored", skip)
		if skip == skipNoThread && (e.Family == directOne || e.Family == directGroup) {
			a.besideThreads(e)
		}
		return nil
	}
	res, err := a.inbox.Accept(ctx, in)
	if err != nil {
		return fmt.Errorf("accept %s %s: %w", in.Kind, in.Source.Ref, err)
	}
	a.count(string(res.Outcome), string(in.Kind))
	a.accepted(p, in, res.Outcome)
	return nil
}

// accepted takes note of what was committed: of what bots say, and of our own posts.
func (a *Adapter) accepted(p *payload, in bridge.Inbound, outcome bridge.Outcome) {
	channel := in.Source.Channel
	if p.External && in.Kind == bridge.InPost {
		a.sharedWithOthers(channel, in.Source.Ref)
	}
	switch {
	case in.Kind == bridge.InDelete:
		a.own.forget(channel, in.Source.Ref)
	case in.Ours && in.Kind == bridge.InPost:
		a.own.showed(channel, in.Source.Ref, a.now())
	case outcome != bridge.Accepted && outcome != bridge.Duplicate:
	case in.Kind == bridge.InEdit:
		a.heard(channel, p.Event.Changed)
	default:
		a.heard(channel, &p.Event.message)
	}
}

// failed decides what becomes of an envelope that was not accepted. While the
// database is down quarantine fails too, so nothing is acknowledged then.
func (a *Adapter) failed(ctx context.Context, p *payload, raw []byte, err error) error {
	a.count("failed", cmp.Or(p.Event.Type, p.Type))
	a.missed.Store(true)
	times := a.failing.count(p.id())
	if !permanent(err) && times < maxFailures {
		a.log.Warn("an envelope was not accepted", "event_id", p.id(), "times", times, "err", err)
		return err
	}
	a.log.Error("an envelope was put aside", "event_id", p.id(), "times", times, "err", err)
	return a.quarantine(ctx, err.Error(), raw)
}

// permanent reports whether trying again cannot help.
func permanent(err error) bool {
	return errors.Is(err, bridge.ErrInvalid) || errors.Is(err, bridge.ErrNotFound) ||
		errors.Is(err, bridge.ErrConflict) || errors.Is(err, bridge.ErrForbidden)
}

func (a *Adapter) quarantine(ctx context.Context, reason string, raw []byte) error {
	// The time to accept may be used up; putting aside has its own.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), acceptTimeout)
	defer cancel()
	if err := a.inbox.Quarantine(ctx, Surface, reason, raw); err != nil {
		return fmt.Errorf("quarantine an envelope: %w", err)
	}
	a.count("quarantined", "")
	return nil
}

// failures counts how often envelopes failed. It holds few: beyond them the
// oldest count starts again, which only means another redelivery.
type failures struct {
	mu    sync.Mutex
	times map[string]int
}

func (f *failures) count(id string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.times == nil || len(f.times) >= maxFailing {
		f.times = map[string]int{}
	}
	f.times[id]++
	return f.times[id]
}

func (f *failures) clear(id string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.times) > 0 {
		delete(f.times, id)
	}
}
