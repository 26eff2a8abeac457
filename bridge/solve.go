package bridge

import "fmt"

// DeskBuiltin is the desk whose tickets live in our own log and nowhere else.
const DeskBuiltin = "builtin"

// worksAtDesk reports whether the actor is one of those who answer customers.
func (a Actor) worksAtDesk() bool { return a.Role == RoleAgent || a.Role == RoleAdmin }

// CloseAndSolve closes a conversation and solves its ticket, in one act: both are in
// the log, or neither is. It is for tickets of the built-in desk, since another desk's
// ticket cannot be changed in the same transaction.
type CloseAndSolve struct {
	Actor        Actor
	Conversation ID
}

// Needs implements Command.
func (c *CloseAndSolve) Needs() Needs { return Needs{Ticket: c.Conversation.Ticket} }

func (c *CloseAndSolve) decide(s *State) (Result, error) {
	conv, err := s.conversation(c.Conversation, c.Actor)
	if err != nil {
		return Result{}, err
	}
	t, err := s.ticket(conv.ID.Ticket)
	switch {
	case err != nil:
		return Result{}, err
	case !c.Actor.worksAtDesk():
		return Result{}, fmt.Errorf("%w: only an agent solves a ticket", ErrForbidden)
	case t.Desk != DeskBuiltin:
		return Result{}, fmt.Errorf("%w: the ticket belongs to another desk: close the conversation here and solve the ticket there", ErrConflict)
	}
	res := Result{Outcome: Ignored, ID: conv.ID, Why: "it is so already"}
	// The ticket first: the cards of an open conversation are those that hear of it.
	if t.Status != StatusSolved && t.Status != StatusClosed {
		e := s.add(t.ID, TicketChanged, c.Actor, Facts{Status: StatusSolved, Conversation: conv.ID.Seq}, Words{})
		res = Result{Outcome: Accepted, ID: conv.ID, Seq: e.Seq}
	}
	if closed := s.setState(conv, false, c.Actor, ""); closed.Outcome == Accepted {
		res = closed
	}
	return res, nil
}
