package bridgetest

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/sidebridge/sidebridge/bridge"
)

// redeliverAfter is how long the platform waits before it sends again what was
// not acknowledged.
const redeliverAfter = time.Second

// Run hands events to the receiver, one after the other, until ctx ends or the
// process dies. What is not acknowledged is sent again.
func (s *Surface) Run(ctx context.Context) error {
	for {
		in, ok, fresh := s.chat.next1()
		if !ok {
			select {
			case <-ctx.Done():
				return nil
			case <-s.life.dead:
				return nil
			case <-fresh:
				continue
			}
		}
		if _, err := s.recv.Accept(ctx, in); err == nil {
			continue
		}
		s.chat.giveBack(in)
		select {
		case <-ctx.Done():
			return nil
		case <-s.life.dead:
			return nil
		case <-time.After(redeliverAfter):
		}
	}
}

// next1 takes the next event, or returns what to wait for.
func (c *Chat) next1() (in bridge.Inbound, ok bool, fresh <-chan struct{}) {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := len(c.queue)
	if n == 0 {
		return in, false, c.fresh
	}
	if c.rules.Backwards {
		in, c.queue = c.queue[n-1], c.queue[:n-1]
		return in, true, nil
	}
	in, c.queue = c.queue[0], c.queue[1:]
	return in, true, nil
}

// giveBack puts an event back that was not acknowledged.
func (c *Chat) giveBack(in bridge.Inbound) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.queue = append([]bridge.Inbound{in}, c.queue...)
}

// Hangup drops what waits for a connection that is no more, on a platform that
// does not send it again.
func (c *Chat) Hangup() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.rules.Redeliver {
		c.queue = nil
	}
}

// echo tells us of our own call, when the platform does.
func (s *Surface) echo(ctx context.Context, in *bridge.Inbound) {
	if in == nil {
		return
	}
	s.chat.mu.Lock()
	when := s.chat.rules.Echo
	s.chat.mu.Unlock()
	switch when {
	case EchoNever:
	case EchoAfter:
		time.AfterFunc(time.Second, func() { s.chat.Tell(*in) })
	case EchoBefore:
		if s.recv != nil {
			if _, err := s.recv.Accept(ctx, *in); err == nil {
				return
			}
		}
		fallthrough
	default:
		s.chat.Tell(*in)
	}
}

// pageSize is how many posts one page of a listing has.
const pageSize = 3

// List implements bridge.Surface. It shows the whole thread at every listing: the
// edits of old posts are found too.
func (s *Surface) List(ctx context.Context, m bridge.Mirror, known []bridge.Copy, accept func(context.Context, bridge.Inbound) error) (string, error) {
	return step(ctx, s.life, s.chat.faults, "list", func() (string, error) {
		shown := map[string]bool{}
		seen := m.Seen
		posts := s.chat.listing(m)
		for i, in := range posts {
			if i%pageSize == 0 {
				if err := s.page(ctx); err != nil {
					return "", err
				}
			}
			if err := accept(ctx, in); err != nil {
				return "", err
			}
			shown[in.Source.Ref] = true
			seen = max(seen, in.Source.Ref)
		}
		return seen, s.missing(ctx, m, known, shown, accept)
	})
}

// page is one request of a listing.
func (s *Surface) page(ctx context.Context) error {
	_, err := step(ctx, s.life, s.chat.faults, "list page", func() (struct{}, error) {
		s.chat.mu.Lock()
		defer s.chat.mu.Unlock()
		return struct{}{}, s.chat.usable("")
	})
	return err
}

// listing returns a thread's posts as inbounds; one that was edited comes as an edit.
func (c *Chat) listing(m bridge.Mirror) []bridge.Inbound {
	c.mu.Lock()
	defer c.mu.Unlock()
	var out []bridge.Inbound
	for _, p := range c.posts {
		if p.Gone || p.Channel != m.Place.Channel || p.Ref != m.Thread && p.Thread != m.Thread {
			continue
		}
		kind := bridge.InPost
		if p.Rev != "" {
			kind = bridge.InEdit
		}
		in := c.inbound(kind, p)
		in.Source.Thread = m.Thread // also of the post that began it
		out = append(out, in)
		for _, emoji := range slices.Sorted(maps.Keys(p.Reactions)) { // those there are, not those taken back
			for _, who := range p.Reactions[emoji] {
				in := c.reaction(bridge.InReact, p, who, emoji)
				in.AuthorName = capital(strings.TrimPrefix(who.ID, "U-"))
				out = append(out, in)
			}
		}
	}
	return out
}

// missing reports the copies we know that a complete listing did not show.
func (s *Surface) missing(ctx context.Context, m bridge.Mirror, known []bridge.Copy, shown map[string]bool, accept func(context.Context, bridge.Inbound) error) error {
	if len(shown) == 0 {
		return nil // nothing at all is no proof of anything
	}
	for _, c := range known {
		if c.Gone || shown[c.Ref] {
			continue
		}
		err := accept(ctx, bridge.Inbound{Kind: bridge.InDelete, Ours: c.Ours(), Source: bridge.Source{
			Surface: c.Surface, Workspace: c.Workspace, Channel: c.Channel, Thread: m.Thread, Ref: c.Ref,
		}})
		if err != nil {
			return err
		}
	}
	return nil
}
