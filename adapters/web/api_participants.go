package web

import (
	"fmt"
	"math"
	"net/http"

	"github.com/sidebridge/sidebridge/bridge"
)

// apiParticipant is somebody who takes part in a conversation, as programs see them.
type apiParticipant struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// apiAdding is whom a program adds.
type apiAdding struct {
	People  []string `json:"people"` // ids, names or e-mail addresses
	Group   string   `json:"group"`  // a name or an id: all of its people
	Confirm bool     `json:"confirm"`
}

// apiParticipants lists who takes part in a conversation, those who came first first.
func (s *Server) apiParticipants(w http.ResponseWriter, r *http.Request, c caller) error {
	id, err := idOf(r)
	if err != nil {
		return err
	}
	return s.writeParticipants(w, r, c, id)
}

func (s *Server) writeParticipants(w http.ResponseWriter, r *http.Request, c caller, id bridge.ID) error {
	st, err := s.store.TicketSince(r.Context(), c.by.Person, id.Ticket, math.MaxInt64)
	if err != nil {
		return err
	}
	if st.Conversations[id] == nil {
		return fmt.Errorf("conversation %s: %w", id, bridge.ErrNotFound)
	}
	n := names{people: map[string]string{}}
	if err := n.addPeople(r.Context(), s.store); err != nil {
		return err
	}
	list := []apiParticipant{}
	for _, p := range st.ParticipantsOf(id) {
		list = append(list, apiParticipant{ID: p.Person, Name: n.person(p.Person)})
	}
	writeJSON(w, http.StatusOK, map[string]any{"conversation": id.String(), "participants": list})
	return nil
}

// apiAddParticipants adds people, or a group's people. Those who take part already are no
// error; many at once must be confirmed.
func (s *Server) apiAddParticipants(w http.ResponseWriter, r *http.Request, c caller) error {
	id, err := idOf(r)
	if err != nil {
		return err
	}
	var in apiAdding
	if _, err := s.readAPI(r, &in, func(form func(string) string) { in.Group = form("group") }); err != nil {
		return err
	}
	people, err := s.knownBy(r.Context(), in.People)
	if err != nil {
		return err
	}
	group, err := s.groupNamed(r.Context(), in.Group)
	if err != nil {
		return err
	}
	switch {
	case group != "":
		if people, err = s.withGroup(r.Context(), people, group); err != nil {
			return err
		}
	case len(people) == 0:
		return fmt.Errorf("%w: send people or group", bridge.ErrInvalid)
	}
	if _, err := s.log.Append(r.Context(), &bridge.AddParticipants{
		Actor: c.actor(), Conversation: id, People: people, Group: group, Confirmed: in.Confirm,
	}); err != nil {
		return err
	}
	return s.writeParticipants(w, r, c, id)
}

// apiRemoveParticipant ends somebody's part. Who does not take part is no error.
func (s *Server) apiRemoveParticipant(w http.ResponseWriter, r *http.Request, c caller) error {
	id, err := idOf(r)
	if err != nil {
		return err
	}
	people, err := s.knownBy(r.Context(), []string{r.PathValue("person")})
	if err != nil {
		return err
	}
	if _, err := s.log.Append(r.Context(), &bridge.RemoveParticipant{
		Actor: c.actor(), Conversation: id, Person: people[0].Person, Name: people[0].Name,
	}); err != nil {
		return err
	}
	return s.writeParticipants(w, r, c, id)
}
