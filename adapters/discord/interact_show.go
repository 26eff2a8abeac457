package discord

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/sidebridge/sidebridge/adapters/chat"
	"github.com/sidebridge/sidebridge/bridge"
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
	if err := g.Requests.Reads(ctx, in.Author, in.AuthorName, m); err != nil {
		return "", err
	}
	ticket, err := g.Desk.Context(ctx, m.ID.Ticket)
	if errors.Is(err, bridge.ErrNotFound) {
		return "The ticket is not there any more.", nil
	}
	if err != nil {
		return "", fmt.Errorf("read ticket %d: %w", m.ID.Ticket, err)
	}
	fields, _ := g.Policy(m.Rule)
	text := chat.TicketText(ticket, fields.Apply(chat.TicketContext(ticket)))
	if len(text) <= showLimit {
		return text, nil
	}
	text = strings.ToValidUTF8(text[:showLimit], "") + " …"
	if url := cmp.Or(ticket.URL, g.TicketURL(ticket.ID)); url != "" {
		text += "\n\n[The rest is in the ticket](" + url + ")"
	}
	return text, nil
}
