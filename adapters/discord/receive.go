package discord

import (
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
	// acceptTimeout is how long one append may take before the connection is dropped.
	acceptTimeout = 10 * time.Second
	// maxPermanent is how often an event may fail for a reason that does not go away,
	// maxFailures for any reason, before it is put aside: it holds up all others.
	maxPermanent = 3
	maxFailures  = 10
)

// receive takes one event. It returns nil when the sequence may move: what the event
// says is committed, or it is nothing of ours, or it is kept in quarantine.
func (a *Adapter) receive(ctx context.Context, e event) (err error) {
	defer func() {
		if r := recover(); r != nil {
			a.Log.Error("an event was put aside", "reason", "panic", "type", e.Type, "panic", fmt.Sprint(r), "stack", string(debug.Stack()))
			err = a.quarantine(ctx, fmt.Sprintf("panic: %v", r), e)
		}
	}()
	a.Count("received", e.Type)
	if err := a.dispatch(ctx, e); err != nil {
		return a.failed(ctx, e, err)
	}
	a.failing.clear()
	return nil
}

// dispatch says what each kind of event means.
// https://docs.discord.com/developers/events/gateway-events#receive-events
func (a *Adapter) dispatch(ctx context.Context, e event) error {
	var head struct {
		ID      string `json:"id"`
		GuildID string `json:"guild_id"`
	}
	if err := decode(e.Data, &head); err != nil {
		return fmt.Errorf("%w: %w", bridge.ErrInvalid, err)
	}
	guild := head.GuildID
	switch e.Type {
	case "GUILD_CREATE", "GUILD_UPDATE", "GUILD_DELETE":
		guild = head.ID
	}
	g := a.guilds[guild]
	if g == nil {
		a.Count("ignored", skipGuild)
		return nil
	}
	switch e.Type {
	case "MESSAGE_CREATE", "MESSAGE_UPDATE", "MESSAGE_DELETE", "MESSAGE_DELETE_BULK":
		return a.said(ctx, g, e)
	case "MESSAGE_REACTION_ADD", "MESSAGE_REACTION_REMOVE", "MESSAGE_REACTION_REMOVE_ALL", "MESSAGE_REACTION_REMOVE_EMOJI":
		return a.reacted(ctx, g, e)
	case "INTERACTION_CREATE":
		return a.pressed(ctx, g, e)
	}
	return a.changedState(ctx, g, e)
}

// said takes what happened to messages.
func (a *Adapter) said(ctx context.Context, g *Guild, e event) error {
	if e.Type == "MESSAGE_DELETE" || e.Type == "MESSAGE_DELETE_BULK" {
		return a.removed(ctx, g, e)
	}
	var m message
	if err := decode(e.Data, &m); err != nil {
		return fmt.Errorf("%w: %w", bridge.ErrInvalid, err)
	}
	g.learnNames(&m)
	var in bridge.Inbound
	var skip string
	var err error
	if e.Type == "MESSAGE_CREATE" {
		in, skip, err = g.posted(ctx, &m)
	} else {
		in, skip, err = g.changed(ctx, &m)
	}
	if err != nil {
		return err
	}
	if skip != "" {
		a.Count("ignored", skip)
		return nil
	}
	outcome, err := a.accept(ctx, in)
	if err != nil {
		return err
	}
	if outcome == bridge.Accepted || outcome == bridge.Duplicate {
		g.heard(in.Source.Thread, &m)
	}
	return nil
}

// removed takes the end of messages: of one, or of a hundred at once.
func (a *Adapter) removed(ctx context.Context, g *Guild, e event) error {
	var gone struct {
		ID      string   `json:"id"`
		IDs     []string `json:"ids"`
		Channel string   `json:"channel_id"`
	}
	if err := decode(e.Data, &gone); err != nil {
		return fmt.Errorf("%w: %w", bridge.ErrInvalid, err)
	}
	if gone.ID != "" {
		gone.IDs = append(gone.IDs, gone.ID)
	}
	at, err := g.where(ctx, gone.Channel)
	if err != nil {
		return err
	}
	for _, id := range gone.IDs {
		if at.channel == "" || !validID(id) {
			a.Count("ignored", skipMalformed)
			continue
		}
		if _, err := a.accept(ctx, g.gone(at, id)); err != nil {
			return err
		}
	}
	return nil
}

// accept waits until something is committed, and no longer than acceptTimeout.
func (a *Adapter) accept(ctx context.Context, in bridge.Inbound) (bridge.Outcome, error) {
	ctx, cancel := context.WithTimeout(ctx, acceptTimeout)
	defer cancel()
	res, err := a.Inbox.Accept(ctx, in)
	if err != nil {
		return "", fmt.Errorf("accept %s %s: %w", in.Kind, in.Source.Ref, err)
	}
	a.Count(string(res.Outcome), string(in.Kind))
	return res.Outcome, nil
}

// failed decides what becomes of an event that was not accepted. While the database
// is down quarantine fails too, so that nothing is passed over then.
func (a *Adapter) failed(ctx context.Context, e event, err error) error {
	if ctx.Err() != nil {
		return err // we are stopping
	}
	a.Count("failed", e.Type)
	lasting := permanent(err)
	permanent, times := a.failing.count(e, lasting)
	// Nobody is to wait for a desk that is away; the person can react again.
	desk := errors.Is(err, bridge.ErrDesk)
	if permanent < maxPermanent && times < maxFailures && !desk {
		a.Log.Warn("an event was not accepted", "type", e.Type, "seq", e.Seq, "times", times, "err", err)
		return err
	}
	a.Log.Error("an event was put aside", "type", e.Type, "seq", e.Seq, "times", times, "err", err)
	if err := a.quarantine(ctx, err.Error(), e); err != nil {
		return err
	}
	if !lasting && !desk {
		a.listAll() // a listing may still find what it said
	}
	return nil
}

// permanent reports whether trying again cannot help.
func permanent(err error) bool {
	return errors.Is(err, bridge.ErrInvalid) || errors.Is(err, bridge.ErrNotFound) ||
		errors.Is(err, bridge.ErrConflict) || errors.Is(err, bridge.ErrForbidden)
}

// quarantine keeps an event for an admin. An interaction's token is left out: whoever
// has it can post.
func (a *Adapter) quarantine(ctx context.Context, reason string, e event) error {
	raw, err := json.Marshal(struct {
		Type string          `json:"t"`
		Data json.RawMessage `json:"d"`
	}{e.Type, withoutToken(e)})
	if err != nil {
		raw = []byte(e.Type)
	}
	ctx, cancel := context.WithTimeout(ctx, acceptTimeout)
	defer cancel()
	if err := a.Inbox.Quarantine(ctx, Surface, reason, raw); err != nil {
		return fmt.Errorf("quarantine an event: %w", err)
	}
	a.Count("quarantined", "")
	return nil
}

func withoutToken(e event) json.RawMessage {
	if e.Type != "INTERACTION_CREATE" {
		return e.Data
	}
	var fields map[string]json.RawMessage
	if json.Unmarshal(e.Data, &fields) != nil {
		return nil
	}
	delete(fields, "token")
	raw, _ := json.Marshal(fields) // unreachable error: it was JSON
	return raw
}

// failures counts how often the present event failed. Events come in order, so there
// is one at a time.
type failures struct {
	mu        sync.Mutex
	session   string
	seq       int64
	permanent int
	times     int
}

func (f *failures) count(e event, permanent bool) (lasting, times int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.session != e.Session || f.seq != e.Seq {
		f.session, f.seq, f.permanent, f.times = e.Session, e.Seq, 0, 0
	}
	f.times++
	if permanent {
		f.permanent++
	}
	return f.permanent, f.times
}

func (f *failures) clear() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.permanent, f.times, f.seq = 0, 0, 0
}
