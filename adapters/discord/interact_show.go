package discord

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/sidebridge/sidebridge/bridge"
	"github.com/sidebridge/sidebridge/mapping"
	"github.com/sidebridge/sidebridge/mapping/markup"
)

// showLimit leaves room for the link to the rest.
const showLimit = 1700

// show renders the ticket for who pressed Show ticket: what the mapping rule lets the
// channel see, no more, since experts have no account.
func (g *Guild) show(ctx context.Context, in bridge.Inbound) (string, error) {
	m, err := g.Threads.MirrorByThread(ctx, in.Source.Place(), in.Source.Thread)
	if errors.Is(err, bridge.ErrNotFound) {
		return nothingBehind, nil
	}
	if err != nil {
		return "", fmt.Errorf("find the thread's mirror: %w", err)
	}
	ticket, err := g.Desk.Context(ctx, m.ID.Ticket)
	if errors.Is(err, bridge.ErrNotFound) {
		return "The ticket is not there any more.", nil
	}
	if err != nil {
		return "", fmt.Errorf("read ticket %d: %w", m.ID.Ticket, err)
	}
	fields, _ := g.Policy(m.Rule)
	text := ticketText(ticket, fields.Apply(ticketContext(ticket)))
	if len(text) <= showLimit {
		return text, nil
	}
	text = strings.ToValidUTF8(text[:showLimit], "") + " …"
	if url := first(ticket.URL, g.TicketURL(ticket.ID)); url != "" {
		text += "\n\n[The rest is in the ticket](" + url + ")"
	}
	return text, nil
}

// ticketText writes what is shown of a ticket as Markdown, newest message first,
// since the end is what may be cut off.
func ticketText(t bridge.TicketContext, shown mapping.Context) string {
	var out strings.Builder
	fmt.Fprintf(&out, "**Ticket #%d**", t.ID)
	line := func(name, value string) {
		if value != "" {
			out.WriteString("\n" + name + ": " + inert(value))
		}
	}
	line("Subject", markup.Plain(shown.Subject))
	line("Status", t.Status)
	line("Customer", customer(shown))
	line("Assignee", shown.Assignee)
	line("Priority", shown.Priority)
	line("Tags", strings.Join(shown.Tags, ", "))
	for i := len(shown.Messages) - 1; i >= 0; i-- {
		m := shown.Messages[i]
		who := map[mapping.Kind]string{mapping.FromCustomer: "Customer", mapping.ToCustomer: "Reply", mapping.Note: "Internal note"}[m.Kind]
		if name := markup.CleanName(m.Author); name != "" {
			who += " (" + name + ")"
		}
		out.WriteString("\n\n**" + inert(who) + "** " + inert(m.At.UTC().Format("2 Jan 2006 15:04")) + "\n\n" + m.Text)
	}
	return out.String()
}

// customer names who asked, as far as it may be told.
func customer(t mapping.Context) string {
	name := markup.CleanName(t.RequesterName)
	switch {
	case t.RequesterEmail == "":
		return name
	case name == "":
		return t.RequesterEmail
	}
	return name + " (" + t.RequesterEmail + ")"
}

// ticketContext is the ticket in the words of the field policy.
func ticketContext(t bridge.TicketContext) mapping.Context {
	c := mapping.Context{
		Subject: t.Subject, RequesterName: t.Requester, RequesterEmail: t.Email,
		Assignee: t.Assignee, Priority: t.Priority, Tags: t.Tags,
	}
	for _, m := range t.Messages {
		kind := mapping.Kind(m.Kind)
		switch m.Kind {
		case bridge.CustomerWrote:
			kind = mapping.FromCustomer
		case bridge.CustomerReply:
			kind = mapping.ToCustomer
		case bridge.NoteWritten:
			kind = mapping.Note
		}
		c.Messages = append(c.Messages, mapping.Message{Kind: kind, Author: m.Name, At: m.At, Text: m.Body})
	}
	return c
}
