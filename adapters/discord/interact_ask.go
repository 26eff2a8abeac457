package discord

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/sidebridge/sidebridge/adapters/chat"
	"github.com/sidebridge/sidebridge/bridge"
	"github.com/sidebridge/sidebridge/mapping/markup"
)

// command does what a command asks for.
func (g *Guild) command(ctx context.Context, it *interaction) (string, error) {
	switch it.Data.Name {
	case commandStart:
		return g.start(ctx, it)
	case commandLink:
		return g.link(ctx, it)
	}
	return "This command is not known here.", nil
}

// start begins a side conversation: here, or with a group.
func (g *Guild) start(ctx context.Context, it *interaction) (string, error) {
	at, err := g.asked(ctx, it)
	if err != nil {
		return "", err
	}
	ticket, err := chat.TicketNumber(it.text("ticket"))
	if err != nil {
		return "", err
	}
	ask := g.askOf(it, at)
	ask.Ticket, ask.Group, ask.Subject = ticket, strings.TrimSpace(it.text("group")), strings.TrimSpace(it.text("subject"))
	ask.Body = g.markdown(ctx, it.text("question"))
	return g.wish(ctx, ask)
}

// link gives a person the address at which they say who they are.
func (g *Guild) link(ctx context.Context, it *interaction) (string, error) {
	u := it.Member.User
	address, err := g.Requests.LinkURL(ctx, g.account(u.ID), displayName(u, it.Member))
	if err != nil {
		return "", err
	}
	return "[Sign in here and confirm that this account is yours](" + address + "). The address is for you only.", nil
}

// wish passes an ask on. What becomes of it, the asker is told.
func (g *Guild) wish(ctx context.Context, ask bridge.Ask) (string, error) {
	res, err := g.Requests.Ask(ctx, ask)
	if err != nil {
		return "", err
	}
	g.Count("asked", string(res.Outcome))
	return chat.Inert(cmp.Or(chat.Why(res, howToLink), "Done.")), nil
}

func (g *Guild) askOf(it *interaction, at spot) bridge.Ask {
	return bridge.Ask{
		Author: g.account(it.Member.User.ID), AuthorName: displayName(it.Member.User, it.Member),
		Place: g.at(at.channel), Key: g.keyOf(it),
	}
}

// attachPrefix begins the id of the form, "sb:attach:<channel>:<message>".
const attachPrefix = buttonPrefix + "attach:"

// The fields of the form.
const (
	fieldTicket  = "ticket"
	fieldSubject = "subject"
)

// attachForm asks which ticket a message and its thread belong to.
// https://docs.discord.com/developers/components/reference#text-input
func attachForm(it *interaction) any {
	field := func(id, label, hint string, most int) any {
		return map[string]any{"type": 1, "components": []any{map[string]any{
			"type": 4, "style": 1, "custom_id": id, "label": label, "placeholder": hint, "max_length": most, "required": false,
		}}}
	}
	return map[string]any{
		"custom_id": attachPrefix + it.ChannelID + ":" + it.Data.Target,
		"title":     "Attach to ticket",
		"components": []any{
			field(fieldTicket, "Ticket number", "4711; empty makes a new ticket", 20),
			field(fieldSubject, "Subject", "What it is about", 200),
		},
	}
}

// attach makes a thread with all that was said in it a conversation on a ticket. A
// message without a thread gets one.
func (g *Guild) attach(ctx context.Context, it *interaction) (string, error) {
	rest, ours := strings.CutPrefix(it.Data.CustomID, attachPrefix)
	where, id, ok := strings.Cut(rest, ":")
	if !ours || !ok || !validID(id) || where != it.ChannelID {
		// The form comes back by the person's own client; the channel is Discord's word, so
		// nobody attaches what they cannot see.
		return "This form is not known here.", nil
	}
	ticket, err := chat.TicketNumber(fieldValue(it.Data.Components, fieldTicket))
	if err != nil {
		return "", err
	}
	at, err := g.where(ctx, where)
	if err != nil {
		return "", err
	}
	if at.channel == "" {
		return "", fmt.Errorf("%w: the bot cannot see this channel", bridge.ErrForbidden)
	}
	ask := g.askOf(it, at)
	ask.Ticket, ask.Subject = ticket, strings.TrimSpace(fieldValue(it.Data.Components, fieldSubject))
	m, err := g.readMessage(ctx, where, id)
	if err != nil {
		return "", err
	}
	ask.Body = g.body(ctx, m)
	if ask.Thread = at.thread; ask.Thread == "" {
		// The bot starts it, with rights that the person may not have.
		whether := ask
		whether.Whether = true
		if res, err := g.Requests.Ask(ctx, whether); err != nil || res.Outcome == bridge.Ignored {
			return chat.Inert(chat.Why(res, howToLink)), err
		}
		if err := g.startThread(ctx, m, ask.Subject); err != nil {
			return "", err
		}
		ask.Thread = id
	}
	return g.wish(ctx, ask)
}

// fieldValue finds what was typed into a field, wherever the form has it.
func fieldValue(all []component, field string) string {
	for _, c := range all {
		if c.CustomID == field {
			return c.Value
		}
		if v := fieldValue(c.Components, field); v != "" {
			return v
		}
		if c.Component != nil {
			if v := fieldValue([]component{*c.Component}, field); v != "" {
				return v
			}
		}
	}
	return ""
}

// readMessage asks for one message.
func (g *Guild) readMessage(ctx context.Context, channel, id string) (*message, error) {
	m := &message{}
	if err := g.ask(ctx, request{method: http.MethodGet, path: "channels/" + channel + "/messages/" + id}, m); err != nil {
		return nil, fmt.Errorf("read a message: %w", err)
	}
	m.ChannelID = channel
	return m, nil
}

// startThread starts a thread from a message; its id is the message's. One that has a
// thread keeps it. https://docs.discord.com/developers/resources/channel#start-thread-from-message
func (g *Guild) startThread(ctx context.Context, m *message, subject string) error {
	if m.Thread != nil || m.Flags&flagHasThread != 0 {
		return nil
	}
	name := truncate(quiet(oneLine(cmp.Or(subject, markup.Plain(m.Content), "Side conversation"))), maxThreadName)
	err := g.ask(ctx, request{
		method: http.MethodPost, path: "channels/" + m.ChannelID + "/messages/" + m.ID + "/threads",
		body: map[string]any{"name": name, "auto_archive_duration": g.AutoArchive},
	}, nil)
	var se *bridge.SurfaceError
	if errors.As(err, &se) && se.Code == codeHasThread {
		return nil
	}
	if err != nil && errors.As(err, &se) && se.Class == bridge.Gone {
		return fmt.Errorf("%w: the bot cannot start a thread here. An admin can give it Create Public Threads in the channel's settings", bridge.ErrForbidden)
	}
	return err
}
