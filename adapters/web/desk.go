package web

import (
	"context"
	"errors"
	"fmt"

	"github.com/sidebridge/sidebridge/bridge"
)

// Desk is the built-in desk: tickets that live in our own log and nowhere else.
type Desk struct {
	Tickets   Tickets
	Directory interface {
		SignIns
		People
		Groups
	}
	Log bridge.Log
	// PublicURL is the address of the ticket view, without a slash at its end.
	PublicURL string
}

var _ bridge.Desk = (*Desk)(nil)

// Context reads a ticket with the customer's messages, the replies and the notes.
func (d *Desk) Context(ctx context.Context, ticket int64) (bridge.TicketContext, error) {
	st, err := d.Tickets.TicketSaid(ctx, ticket)
	if err != nil {
		return bridge.TicketContext{}, err
	}
	n := names{people: map[string]string{}}
	if n.groups, err = d.Directory.Groups(ctx); err != nil {
		return bridge.TicketContext{}, err
	}
	t := st.Tickets[ticket]
	if t.Assignee != "" {
		p, _, err := d.Directory.Person(ctx, t.Assignee)
		if err != nil && !errors.Is(err, bridge.ErrNotFound) {
			return bridge.TicketContext{}, err
		}
		n.people[t.Assignee] = p.Name // empty for somebody who left
	}
	out := bridge.TicketContext{
		ID: ticket, Status: t.Status, Priority: t.Priority, Group: n.group(t.Group), Tags: t.Tags,
		Assignee: n.person(t.Assignee), URL: fmt.Sprintf("%s/tickets/%d", d.PublicURL, ticket),
	}
	for _, e := range st.Entries {
		switch e.Kind {
		case bridge.TicketCreated:
			out.Subject, out.Requester, out.Email = e.Words.Subject, e.Words.Requester, e.Words.Email
		case bridge.CustomerWrote, bridge.CustomerReply, bridge.NoteWritten:
			out.Messages = append(out.Messages, bridge.TicketMessage{Kind: e.Kind, Name: e.Words.Name, At: e.At, Body: e.Words.Body})
		}
	}
	return out, nil
}

// Change puts the change into the log. Nobody else owns the ticket, so that is all.
func (d *Desk) Change(ctx context.Context, c *bridge.ChangeTicket) (bridge.Result, error) {
	return d.Log.Append(ctx, c)
}
