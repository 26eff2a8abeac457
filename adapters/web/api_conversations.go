package web

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"

	"github.com/sidebridge/sidebridge/bridge"
)

// apiConversation is a side conversation as programs see it.
type apiConversation struct {
	ID       string `json:"id"`
	Subject  string `json:"subject"`
	State    string `json:"state"` // open or closed
	Messages int64  `json:"messages"`
	URL      string `json:"url"`
}

// apiConversations lists a ticket's side conversations, oldest first.
func (s *Server) apiConversations(w http.ResponseWriter, r *http.Request, _ caller) error {
	ticket, err := ticketOf(r)
	if err != nil {
		return err
	}
	st, err := s.store.TicketPage(r.Context(), ticket)
	if err != nil {
		return err
	}
	subjects := map[int64]string{}
	for _, e := range st.Entries {
		if e.Kind == bridge.ConversationStarted {
			subjects[e.Seq] = e.Words.Subject
		}
	}
	list := []apiConversation{}
	for _, c := range slices.SortedFunc(conversationsOf(st), func(a, b *bridge.Conversation) int { return cmp.Compare(a.ID.Seq, b.ID.Seq) }) {
		list = append(list, apiConversation{
			ID: c.ID.String(), Subject: subjects[c.ID.Seq], State: stateWord(c.Open), Messages: c.Messages,
			URL: fmt.Sprintf("%s/c/%s", s.o.PublicURL, c.ID),
		})
	}
	writeJSON(w, http.StatusOK, map[string]any{"conversations": list})
	return nil
}

func conversationsOf(st *bridge.State) func(func(*bridge.Conversation) bool) {
	return func(yield func(*bridge.Conversation) bool) {
		for _, c := range st.Conversations {
			if !yield(c) {
				return
			}
		}
	}
}

func stateWord(open bool) string {
	if open {
		return "open"
	}
	return "closed"
}

// apiSetState closes or reopens a conversation. Asking for the state it has is no error.
func (s *Server) apiSetState(open bool) func(http.ResponseWriter, *http.Request, caller) error {
	return func(w http.ResponseWriter, r *http.Request, c caller) error {
		id, err := idOf(r)
		if err != nil {
			return err
		}
		if _, err := s.log.Append(r.Context(), &bridge.SetState{Actor: c.actor(), Conversation: id, Open: open}); err != nil {
			return err
		}
		writeJSON(w, http.StatusOK, map[string]any{"conversation": id.String(), "state": stateWord(open)})
		return nil
	}
}
