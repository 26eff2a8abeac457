package web

import (
	"context"
	"fmt"
	"net/http"
	"slices"

	"github.com/sidebridge/sidebridge/bridge"
	"github.com/sidebridge/sidebridge/mapping"
)

// viewer is who looks, for the store, which gives nobody what they may not see.
func viewer(r *http.Request) string { return whoIs(r).ID }

// tellsRestricted reports whether those who may not see a restricted conversation are
// told that it is there. Admins always are: they may add themselves.
func (s *Server) tellsRestricted(r *http.Request) (bool, error) {
	p, err := s.savedPermissions(r.Context())
	return p.TellRestricted || whoIs(r).Role == bridge.RoleAdmin, err
}

// hiddenTalk is a restricted conversation that the reader is only told of.
type hiddenTalk struct {
	ID      bridge.ID
	CanJoin bool
}

// hiddenTalks fills in the conversations that the reader may not see, as far as they
// are told of them.
func (s *Server) hiddenTalks(r *http.Request, st *bridge.State) (out []hiddenTalk, err error) {
	if len(st.Hidden) == 0 {
		return nil, nil
	}
	tell, err := s.tellsRestricted(r)
	if err != nil || !tell {
		return nil, err
	}
	for id := range st.Hidden {
		out = append(out, hiddenTalk{id, whoIs(r).Role == bridge.RoleAdmin})
	}
	slices.SortFunc(out, func(a, b hiddenTalk) int { return int(a.ID.Seq - b.ID.Seq) })
	return out, nil
}

// restrict makes a conversation one that only those who take part see, or ends that.
func (s *Server) restrict(w http.ResponseWriter, r *http.Request) error {
	off := r.FormValue("off") != ""
	return s.act(w, r, "c", func(id bridge.ID) bridge.Command {
		return &bridge.RestrictConversation{Actor: whoIs(r).actor(), Conversation: id, Off: off}
	})
}

// joinRestricted adds an admin to a conversation, which is on record in its trail and
// told in its threads.
func (s *Server) joinRestricted(w http.ResponseWriter, r *http.Request) error {
	m := whoIs(r)
	return s.act(w, r, "c", func(id bridge.ID) bridge.Command {
		return &bridge.AddParticipants{Actor: m.actor(), Conversation: id, People: []bridge.Known{{Person: m.ID, Name: m.Name}}}
	})
}

// among are the people who take part in a restricted conversation from its start: the
// group that is asked, or the person. A person is asked in no channel, since others
// read it, but in direct messages.
func (s *Server) among(ctx context.Context, b *beginning) ([]bridge.Known, error) {
	ids := []string{b.to.person}
	if b.to.person != "" {
		b.to.mention = ""
		b.to.targets = slices.DeleteFunc(b.to.targets, func(t bridge.Target) bool {
			_, direct := mapping.DirectTo(t.Place.Channel)
			return !direct
		})
	} else {
		members, err := s.store.Members(ctx)
		if err != nil {
			return nil, err
		}
		ids = members[b.to.group]
	}
	var out []bridge.Known
	for _, id := range ids {
		k, _, err := s.store.Person(ctx, id)
		if err != nil {
			return nil, fmt.Errorf("who takes part: %w", err)
		}
		if id != b.actor.Person {
			out = append(out, k)
		}
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("%w: a restricted conversation needs somebody who takes part: ask a person, or a group that has people", bridge.ErrInvalid)
	}
	return out, nil
}
