package bridgetest

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/sidebridge/sidebridge/bridge"
)

// Surface is the adapter for a Chat: one process's connection to it. Its steps
// are named "deliver root", "deliver post", "deliver file", "deliver edit",
// "deliver delete", "deliver reaction", "resolve", "find", "list", "list page", "fetch" and "probe".
// A channel whose name begins with @ stands for the one without.
type Surface struct {
	chat   *Chat
	life   *Life
	recv   *bridge.Receiver
	joined int
}

var (
	_ bridge.Surface      = (*Surface)(nil)
	_ bridge.Reconnecting = (*Surface)(nil)
	_ bridge.Resolver     = (*Surface)(nil)
	_ bridge.Budgeted     = budgeted{}
)

// Connect returns a connection that hands events to r while Run runs. r may be
// nil when nothing is received.
func (c *Chat) Connect(l *Life, r *bridge.Receiver) *Surface {
	c.mu.Lock()
	defer c.mu.Unlock()
	return &Surface{chat: c, life: l, recv: r, joined: c.joined}
}

// Port returns the relay's side of the connection.
func (s *Surface) Port() bridge.Port {
	s.chat.mu.Lock()
	defer s.chat.mu.Unlock()
	p := bridge.Port{Surface: s, Workspace: s.chat.workspace, PerChannel: 8}
	if s.chat.rules.Every > 0 {
		p.Surface = budgeted{s}
	}
	return p
}

// Name implements bridge.Surface.
func (s *Surface) Name() string { return s.chat.name }

// Reconnected implements bridge.Reconnecting.
func (s *Surface) Reconnected() bool {
	s.chat.mu.Lock()
	defer s.chat.mu.Unlock()
	was := s.joined
	s.joined = s.chat.joined
	return was != s.joined
}

// budgeted is a Surface that knows its platform's budget.
type budgeted struct{ *Surface }

// Wait implements bridge.Budgeted.
func (b budgeted) Wait(m bridge.Mirror, _ bridge.Call) (time.Duration, bool) {
	b.chat.mu.Lock()
	defer b.chat.mu.Unlock()
	return time.Until(b.chat.next[m.Place.Channel]), true
}

// Deliver implements bridge.Surface.
func (s *Surface) Deliver(ctx context.Context, a bridge.Attempt) (bridge.Receipt, error) {
	p, _ := a.Call.Payload.(payload)
	memo := a.Memo
	if p.file != nil && memo == "" {
		// As on Slack, a file is known by its upload, whose id is stored before it is shared.
		memo = "upload " + a.Token
		if err := a.Remember(ctx, memo); err != nil {
			return bridge.Receipt{}, fmt.Errorf("remember the upload: %w", err)
		}
	}
	file, err := p.attachment(ctx)
	if err != nil {
		return bridge.Receipt{}, err
	}
	return step(ctx, s.life, s.chat.faults, "deliver "+callName(a.Call, p), func() (bridge.Receipt, error) {
		receipt, echo, err := s.chat.take(a, p, file, memo)
		s.echo(ctx, echo)
		return receipt, err
	})
}

func callName(c bridge.Call, p payload) string {
	switch {
	case c.Root:
		return "root"
	case p.file != nil:
		return "file"
	case p.emoji != "":
		return "reaction"
	default:
		return string(c.Verb)
	}
}

// take is the platform's side of a call.
func (c *Chat) take(a bridge.Attempt, p payload, file []Attachment, memo string) (bridge.Receipt, *bridge.Inbound, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	channel := a.Mirror.Place.Channel
	if err := c.usable(channel); err != nil {
		return bridge.Receipt{}, nil, err
	}
	if err := c.spend(channel); err != nil {
		return bridge.Receipt{}, nil, err
	}
	defer c.bell.RingAll()
	if p.emoji != "" {
		return c.takeReaction(a.Call.Ref, p)
	}
	switch a.Call.Verb {
	case bridge.VerbEdit:
		return c.takeEdit(a.Call.Ref, p.text)
	case bridge.VerbDelete:
		have := c.find(a.Call.Ref)
		if have == nil {
			return bridge.Receipt{Ref: a.Call.Ref}, nil, nil // deleted already: that is success
		}
		have.Gone = true
		echo := c.inbound(bridge.InDelete, have)
		return bridge.Receipt{Ref: have.Ref}, &echo, nil
	}
	return c.takePost(a, p.text, file, memo)
}

// spend takes one call from the channel's budget.
func (c *Chat) spend(channel string) error {
	if c.rules.Every == 0 {
		return nil
	}
	now := time.Now()
	if wait := c.next[channel].Sub(now); wait > 0 {
		return &bridge.SurfaceError{Class: bridge.RateLimited, After: wait, Code: "ratelimited"}
	}
	c.next[channel] = now.Add(c.rules.Every)
	return nil
}

func (c *Chat) takeEdit(ref, text string) (bridge.Receipt, *bridge.Inbound, error) {
	have := c.find(ref)
	if have == nil {
		return bridge.Receipt{}, nil, &bridge.SurfaceError{Class: bridge.Rejected, Code: "message_not_found"}
	}
	have.Body, have.Rev = text, c.tick()
	echo := c.inbound(bridge.InEdit, have)
	return bridge.Receipt{Ref: ref, Print: echo.Print}, &echo, nil
}

func (c *Chat) takeReaction(ref string, p payload) (bridge.Receipt, *bridge.Inbound, error) {
	have := c.find(ref)
	if have == nil {
		return bridge.Receipt{}, nil, &bridge.SurfaceError{Class: bridge.Rejected, Code: "message_not_found"}
	}
	if slices.Contains(have.Reactions[p.emoji], c.bot()) == p.on {
		return bridge.Receipt{Ref: ref}, nil, nil // it is so already: that is success
	}
	echo := c.reacted(have, c.bot(), p.emoji, p.on)
	return bridge.Receipt{Ref: ref}, &echo, nil
}

func (c *Chat) takePost(a bridge.Attempt, text string, files []Attachment, memo string) (bridge.Receipt, *bridge.Inbound, error) {
	if ref, done := c.used[memo]; done && memo != "" {
		return bridge.Receipt{Ref: ref, Print: print(text, files)}, nil, nil // an upload is shared once
	}
	p := &Post{
		Channel: a.Mirror.Place.Channel, Author: c.bot(),
		Name: "Sidebridge", Ours: true, Body: text, Token: a.Token, Files: files, memo: memo,
	}
	if !a.Call.Root {
		if p.Thread = a.Mirror.Thread; c.find(p.Thread) == nil {
			return bridge.Receipt{}, nil, &bridge.SurfaceError{
				Class: bridge.Gone, Code: bridge.ParkedThread, Remedy: "Start a new conversation: the thread's first post was deleted.",
			}
		}
	}
	if memo != "" {
		p.Token = ""
	}
	c.put(p)
	if memo != "" {
		c.used[memo] = p.Ref
	}
	echo := c.inbound(bridge.InPost, p)
	return bridge.Receipt{Ref: p.Ref, Print: echo.Print}, &echo, nil
}

// usable reports, as the platform would, why nothing can be written to a channel;
// an empty channel asks only whether the token is good.
func (c *Chat) usable(channel string) error {
	r := c.rooms[channel]
	switch {
	case c.dead != "":
		return &bridge.SurfaceError{Class: bridge.Unauthorized, Code: c.dead, Remedy: remedyRevoked}
	case channel == "":
		return nil
	case r == nil:
		return &bridge.SurfaceError{Class: bridge.Gone, Code: "channel_not_found", Remedy: "Map the group to a channel that exists."}
	case r.archived:
		return &bridge.SurfaceError{Class: bridge.Gone, Code: "is_archived", Remedy: remedyArchived}
	}
	return nil
}

// Resolve implements bridge.Resolver.
func (s *Surface) Resolve(ctx context.Context, m bridge.Mirror) (bridge.Place, error) {
	to := m.Place
	name, people := strings.CutPrefix(to.Channel, "@")
	if !people {
		return to, nil
	}
	return step(ctx, s.life, s.chat.faults, "resolve", func() (bridge.Place, error) {
		s.chat.mu.Lock()
		defer s.chat.mu.Unlock()
		to.Channel = name
		return to, s.chat.usable(name)
	})
}

// Find implements bridge.Surface.
func (s *Surface) Find(ctx context.Context, a bridge.Attempt) (bridge.Receipt, bool, error) {
	type answer struct {
		receipt bridge.Receipt
		found   bool
	}
	got, err := step(ctx, s.life, s.chat.faults, "find", func() (answer, error) {
		s.chat.mu.Lock()
		defer s.chat.mu.Unlock()
		if s.chat.dead != "" {
			return answer{}, s.chat.usable("")
		}
		for _, p := range s.chat.posts {
			if !p.Gone && p.Ours && (p.Token == a.Token || p.memo != "" && p.memo == a.Memo) {
				return answer{bridge.Receipt{Ref: p.Ref, Print: print(p.Body, p.Files)}, true}, nil
			}
		}
		return answer{}, nil
	})
	return got.receipt, got.found, err
}

// Fetch implements bridge.Surface.
func (s *Surface) Fetch(ctx context.Context, _ bridge.Place, ref string) (io.ReadCloser, error) {
	return step(ctx, s.life, s.chat.faults, "fetch", func() (io.ReadCloser, error) {
		s.chat.mu.Lock()
		defer s.chat.mu.Unlock()
		f, ok := s.chat.shared[ref]
		if !ok {
			return nil, &bridge.SurfaceError{Class: bridge.Gone, Code: "file_not_found"}
		}
		return io.NopCloser(bytes.NewReader(f.Data)), nil
	})
}

// Probe implements bridge.Surface.
func (s *Surface) Probe(ctx context.Context, place bridge.Place) error {
	_, err := step(ctx, s.life, s.chat.faults, "probe", func() (struct{}, error) {
		s.chat.mu.Lock()
		defer s.chat.mu.Unlock()
		return struct{}{}, s.chat.usable(strings.TrimPrefix(place.Channel, "@"))
	})
	return err
}
