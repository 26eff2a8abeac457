package discord

import (
	"context"
	"fmt"

	"github.com/sidebridge/sidebridge/bridge"
)

// reacted takes a reaction, or the end of one or of many.
// https://docs.discord.com/developers/events/gateway-events#message-reaction-add
func (a *Adapter) reacted(ctx context.Context, g *Guild, e event) error {
	var r struct {
		User    string  `json:"user_id"`
		Channel string  `json:"channel_id"`
		Message string  `json:"message_id"`
		Member  *member `json:"member"`
		Emoji   emoji   `json:"emoji"`
	}
	if err := decode(e.Data, &r); err != nil {
		return fmt.Errorf("%w: %w", bridge.ErrInvalid, err)
	}
	at, err := g.where(ctx, r.Channel)
	if err != nil {
		return err
	}
	if at.channel == "" || !validID(r.Message) {
		a.Count("ignored", skipPlace)
		return nil
	}
	in := bridge.Inbound{Kind: bridge.InReact, Source: g.source(at, r.Message), Emoji: r.Emoji.text()}
	if e.Type != "MESSAGE_REACTION_ADD" {
		in.Kind = bridge.InUnreact
	}
	if r.User != "" {
		in.Author, in.Ours = g.account(r.User), r.User == g.self().user
		in.AuthorName = g.called.get(g.id, r.User)
	}
	if m := r.Member; m != nil && m.User != nil {
		if m.User.Bot && !in.Ours && !g.allowed(m.User.ID) {
			a.Count("ignored", skipBot)
			return nil
		}
		in.AuthorName = displayName(m.User, m)
		g.called.learn(g.id, m.User.ID, in.AuthorName)
		g.shown.heard(g.id, m.User, m)
	}
	_, err = a.accept(ctx, in)
	return err
}
