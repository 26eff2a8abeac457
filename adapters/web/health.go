package web

import (
	"cmp"
	"context"
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/sidebridge/sidebridge/bridge"
)

// healthRows is the most rows of each list on the health page.
const healthRows = 200

// healthPage is what an admin has to look after.
type healthPage struct {
	page
	Parked     []troubledLine
	Late       []troubledLine // behind, deferred or uncertain
	Blocked    []blockedLine
	Held       []heldLine
	Quarantine []quarantineLine
	Deaf       []toldLine // accounts in which nothing can be told
	Channels   []channelLine
	Error      string
}

// Well reports whether there is nothing to do.
func (p healthPage) Well() bool {
	return len(p.Parked)+len(p.Late)+len(p.Blocked)+len(p.Quarantine)+len(p.Deaf) == 0
}

// troubledLine is a mirror that does not show everything.
type troubledLine struct {
	mirror
	Since time.Time
	// Conversation is zero for a reader that has no thread.
	Conversation bridge.ID
	// Age is how long that is.
	Age time.Duration
	// CanSkip: an entry is stuck, and a note can stand in its place.
	CanSkip bool
	// CanMove: the conversation can go on in another channel.
	CanMove bool
}

type blockedLine struct {
	Surface, Workspace, Reason, Remedy string
	Since                              time.Time
}

// heldLine is a channel whose platform asked us to wait.
type heldLine struct {
	Place string
	Until time.Time
}

type quarantineLine struct {
	ID, Surface, Reason string
	At                  time.Time
	Size                int64
}

// channelLine is a channel that a rule maps something to.
type channelLine struct {
	Place   string
	In, Out time.Time
	// Lag is how long the first entry waits that is not shown there, zero when none does.
	Lag            time.Duration
	Behind, Parked int64
}

func (s *Server) healthPage(w http.ResponseWriter, r *http.Request) error {
	return s.showHealth(w, r, http.StatusOK, healthPage{})
}

func (s *Server) showHealth(w http.ResponseWriter, r *http.Request, status int, p healthPage) error {
	ctx := r.Context()
	p.page = s.page(r, "Health", "health")
	for _, part := range []func(context.Context, *healthPage) error{s.troubled, s.blocked, s.quarantined, s.unreachable} {
		if err := part(ctx, &p); err != nil {
			return err
		}
	}
	s.render(w, r, status, "health", p)
	return nil
}

// troubled lists what is not shown yet, and the mapped channels.
func (s *Server) troubled(ctx context.Context, p *healthPage) error {
	st, err := s.store.Troubled(ctx, healthRows)
	if err != nil {
		return err
	}
	since, err := s.store.Waiting(ctx, healthRows)
	if err != nil {
		return err
	}
	places, err := s.mapped(ctx)
	if err != nil {
		return err
	}
	var held map[bridge.Place]time.Time
	if s.o.Held != nil {
		held = s.o.Held()
	}
	n := names{}
	if n.channels, err = s.store.ChannelNames(ctx, slices.Concat(places, placesOf(st), slices.Collect(maps.Keys(held)))); err != nil {
		return err
	}
	v := newView(st, 0, n, p.Me, s.now())
	for _, m := range v.allMirrors {
		line := v.troubled(m, since[m.ID])
		if line.State == stateParked {
			p.Parked = append(p.Parked, line)
		} else if line.State != stateShown {
			p.Late = append(p.Late, line)
		}
	}
	slices.Reverse(p.Parked) // the newest tickets first
	for place, until := range held {
		p.Held = append(p.Held, heldLine{n.place(place), until})
	}
	slices.SortFunc(p.Held, func(a, b heldLine) int { return cmp.Compare(a.Place, b.Place) })
	for _, place := range places {
		line, err := s.channelLine(ctx, place, st, since)
		if err != nil {
			return err
		}
		line.Place = n.place(place)
		p.Channels = append(p.Channels, line)
	}
	return nil
}

func (v *view) troubled(m *bridge.Mirror, since time.Time) troubledLine {
	line := troubledLine{mirror: v.mirror(m), CanSkip: m.Behind() && (m.Thread != "" || m.Conversation == 0)}
	if m.Conversation != 0 {
		line.Conversation = bridge.ID{Ticket: m.ID.Ticket, Seq: m.Conversation}
		line.CanMove = m.Ended == 0
	}
	if !since.IsZero() {
		line.Since, line.Age = since, v.now.Sub(since).Round(time.Second)
	}
	return line
}

func (s *Server) channelLine(ctx context.Context, place bridge.Place, st *bridge.State, since map[bridge.ID]time.Time) (channelLine, error) {
	in, out, err := s.store.Activity(ctx, place)
	line := channelLine{In: in, Out: out}
	for id, m := range st.Mirrors {
		if m.Place != place {
			continue
		}
		if m.Parked != "" {
			line.Parked++
		}
		if m.Behind() {
			line.Behind++
			line.Lag = max(line.Lag, s.now().Sub(since[id]).Round(time.Second))
		}
	}
	return line, err
}

// mapped returns the channels that the rules name, each once, in their order.
func (s *Server) mapped(ctx context.Context) ([]bridge.Place, error) {
	rules, err := s.store.Rules(ctx)
	var out []bridge.Place
	for _, r := range rules {
		for _, c := range r.Channels {
			if p := placeOf(c); !slices.Contains(out, p) {
				out = append(out, p)
			}
		}
	}
	return out, err
}

func placesOf(st *bridge.State) []bridge.Place {
	var out []bridge.Place
	for _, m := range st.Mirrors {
		out = append(out, m.Place)
	}
	return out
}

func (s *Server) blocked(ctx context.Context, p *healthPage) error {
	return s.store.BlockedWorkspaces(ctx, func(surface, workspace, reason, remedy string, since time.Time) {
		p.Blocked = append(p.Blocked, blockedLine{surfaceName(surface), s.workspace(surface, workspace), reason, remedy, since})
	})
}

func (s *Server) quarantined(ctx context.Context, p *healthPage) error {
	return s.store.Quarantined(ctx, healthRows, func(id string, at time.Time, surface, reason string, size int64) {
		p.Quarantine = append(p.Quarantine, quarantineLine{id, surfaceName(surface), reason, at, size})
	})
}
