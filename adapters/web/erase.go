package web

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/sidebridge/sidebridge/bridge"
)

// Erasers takes words out of the record for good.
type Erasers interface {
	// Erase runs a command that erases, and leaves no trace of the words on the disk.
	Erase(ctx context.Context, cmd bridge.Command) (bridge.Result, error)
	// ErasePerson erases a person everywhere; ErasedPeople returns whom it did.
	ErasePerson(ctx context.Context, by bridge.Actor, person, reason string) (bridge.ErasedPerson, error)
	ErasedPeople(ctx context.Context) ([]bridge.ErasedPerson, error)
}

// recordRoutes are the routes of exports and erasures, which are for admins.
func (s *Server) recordRoutes(admin func(string, handler)) {
	admin("GET /tickets/{ticket}/export", s.exportTrail)
	admin("GET /tickets/{ticket}/erasures", s.erasuresPage)
	admin("GET /m/{id}/erase", s.eraseMessagePage)
	admin("POST /m/{id}/erase", s.eraseMessage)
	admin("GET /admin/people/{person}/erase", s.erasePersonPage)
	admin("POST /admin/people/{person}/erase", s.erasePerson)
	admin("GET /admin/erasures", s.erasedPeoplePage)
}

// erasePage asks an admin for the reason of an erasure.
type erasePage struct {
	page
	What, Action, Back string
	Person             bool
	Body               string // what is to be erased
	Reason             string
	Error              string
}

func (s *Server) eraseMessagePage(w http.ResponseWriter, r *http.Request) error {
	return s.askToErase(w, r, http.StatusOK, "")
}

func (s *Server) askToErase(w http.ResponseWriter, r *http.Request, status int, problem string) error {
	id, err := idOf(r)
	if err != nil {
		return err
	}
	entries, err := s.store.Entries(r.Context(), viewer(r), id.Ticket, id.Seq-1, 1)
	if err != nil {
		return err
	}
	if len(entries) == 0 || entries[0].Seq != id.Seq || !mayErase(entries[0]) {
		return fmt.Errorf("message %s: %w", id, bridge.ErrNotFound)
	}
	p := erasePage{
		page: s.page(r, "Erase a message", "tickets"), What: "message " + id.String(), Action: "/m/" + id.String() + "/erase",
		Back: fmt.Sprintf("/tickets/%d/audit", id.Ticket), Body: entries[0].Words.Body, Reason: r.PostFormValue("reason"), Error: problem,
	}
	s.render(w, r, status, "erase", p)
	return nil
}

// mayErase reports whether an entry says something that can be erased.
func mayErase(e *bridge.Entry) bool {
	switch e.Kind {
	case bridge.MessagePosted, bridge.CustomerWrote, bridge.CustomerReply, bridge.NoteWritten:
		return !e.Erased
	}
	return false
}

func (s *Server) eraseMessage(w http.ResponseWriter, r *http.Request) error {
	id, err := idOf(r)
	if err != nil {
		return err
	}
	if strings.TrimSpace(r.PostFormValue("reason")) == "" {
		return s.askToErase(w, r, http.StatusUnprocessableEntity, "Say why: the reason stays in the audit trail.")
	}
	cmd := &bridge.EraseMessage{Actor: whoIs(r).actor(), Message: id, Reason: r.PostFormValue("reason")}
	if _, err := s.store.Erase(r.Context(), cmd); err != nil {
		return err
	}
	return s.done(w, r, fmt.Sprintf("/tickets/%d/erasures", id.Ticket), "The words are erased.")
}

func (s *Server) erasePersonPage(w http.ResponseWriter, r *http.Request) error {
	return s.askToErasePerson(w, r, http.StatusOK, "")
}

func (s *Server) askToErasePerson(w http.ResponseWriter, r *http.Request, status int, problem string) error {
	n := names{people: map[string]string{}}
	if err := n.addPeople(r.Context(), s.store); err != nil {
		return err
	}
	id := r.PathValue("person")
	name, there := n.people[id]
	if !there {
		return fmt.Errorf("person: %w", bridge.ErrNotFound)
	}
	p := erasePage{
		page: s.page(r, "Erase a person", "people"), What: name, Action: "/admin/people/" + id + "/erase", Back: "/admin/people",
		Person: true, Reason: r.PostFormValue("reason"), Error: problem,
	}
	s.render(w, r, status, "erase", p)
	return nil
}

func (s *Server) erasePerson(w http.ResponseWriter, r *http.Request) error {
	if strings.TrimSpace(r.PostFormValue("reason")) == "" {
		return s.askToErasePerson(w, r, http.StatusUnprocessableEntity, "Say why: the reason stays with the proof.")
	}
	p, err := s.store.ErasePerson(r.Context(), whoIs(r).actor(), r.PathValue("person"), r.PostFormValue("reason"))
	if err != nil {
		return err
	}
	return s.done(w, r, "/admin/erasures", "What remains is called "+p.Pseudonym+".")
}

// erasuresPage is the proof of what was erased on a ticket.
type erasuresPage struct {
	page
	ID       int64
	Erasures []erasure
}

// erasure is a proof as a person reads it.
type erasure struct {
	bridge.Erasure
	Gone, Left []erasedCopy
}

type erasedCopy struct {
	bridge.ErasedCopy
	Where string
}

func (s *Server) erasuresPage(w http.ResponseWriter, r *http.Request) error {
	id, err := ticketOf(r)
	if err != nil {
		return err
	}
	record, err := s.store.Record(r.Context(), id)
	if err != nil {
		return err
	}
	hidden, err := s.store.Hidden(r.Context(), viewer(r), id)
	if err != nil {
		return err
	}
	record = record.Withhold(hidden)
	all := bridge.Erasures(record)
	if r.FormValue("as") == "json" {
		return sendProof(w, all)
	}
	n, err := recordNames(r.Context(), s.store, record)
	if err != nil {
		return err
	}
	p := erasuresPage{page: s.page(r, fmt.Sprintf("Erasures on #%d", id), "tickets"), ID: id}
	for _, x := range all {
		x.Name = n.person(x.By)
		p.Erasures = append(p.Erasures, erasure{x, n.erasedCopies(x.Gone), n.erasedCopies(x.Left)})
	}
	s.render(w, r, http.StatusOK, "erasures", p)
	return nil
}

func (n names) erasedCopies(copies []bridge.ErasedCopy) (out []erasedCopy) {
	for _, c := range copies {
		out = append(out, erasedCopy{c, n.place(c.Place)})
	}
	return out
}

// erasedPage is the proof of who was erased.
type erasedPage struct {
	page
	People []bridge.ErasedPerson
	Names  map[string]string
}

func (s *Server) erasedPeoplePage(w http.ResponseWriter, r *http.Request) error {
	people, err := s.store.ErasedPeople(r.Context())
	if err != nil {
		return err
	}
	if r.FormValue("as") == "json" {
		return sendProof(w, people)
	}
	n := names{people: map[string]string{}}
	if err := n.addPeople(r.Context(), s.store); err != nil {
		return err
	}
	s.render(w, r, http.StatusOK, "erased", erasedPage{page: s.page(r, "Erased people", "people"), People: people, Names: n.people})
	return nil
}

// sendProof answers with a proof for programs.
func sendProof(w http.ResponseWriter, proof any) error {
	text, err := json.MarshalIndent(proof, "", "  ")
	if err != nil {
		return fmt.Errorf("write the proof: %w", err) // unreachable: plain data marshals
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(append(text, '\n')) // the client may be gone
	return nil
}
