package web

import (
	"net/http"

	"github.com/sidebridge/sidebridge/bridge"
)

// closeAndSolve closes a conversation and solves its ticket, in one act.
func (s *Server) closeAndSolve(w http.ResponseWriter, r *http.Request) error {
	return s.act(w, r, "c", func(id bridge.ID) bridge.Command {
		return &bridge.CloseAndSolve{Actor: whoIs(r).actor(), Conversation: id}
	})
}

// apiCloseAndSolve does the same for a program. Asking for what is so already is no error.
func (s *Server) apiCloseAndSolve(w http.ResponseWriter, r *http.Request, c caller) error {
	id, err := idOf(r)
	if err != nil {
		return err
	}
	if _, err := s.log.Append(r.Context(), &bridge.CloseAndSolve{Actor: c.actor(), Conversation: id}); err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, map[string]any{"conversation": id.String(), "state": stateWord(false), "status": bridge.StatusSolved})
	return nil
}
