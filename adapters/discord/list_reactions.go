package discord

import (
	"context"
	"fmt"
	"net/http"
	"net/url"

	"github.com/sidebridge/sidebridge/bridge"
)

// maxReactionAsks is how many questions about reactions one listing asks: each emoji of
// each message is one. It bounds what a thread full of them costs.
const maxReactionAsks = 200

// reactions feeds the reactions that a message has, which nobody told us of if they
// were made in a gap; those that are known change nothing. One that was taken back in a
// gap stays in the record. A card's are left out, since there a reaction is a gesture,
// which counts when it is made and not as long as it stands.
// https://docs.discord.com/developers/resources/message#get-reactions
func (l *listing) reactions(ctx context.Context, at spot, m *message) error {
	for _, r := range m.Reactions {
		others := r.Count
		if r.Me {
			others--
		}
		if others <= 0 || r.Emoji.Name == "" || l.asks >= maxReactionAsks {
			continue
		}
		l.asks++
		var who []user
		err := l.g.ask(ctx, request{
			method: http.MethodGet, path: "channels/" + m.ChannelID + "/messages/" + m.ID + "/reactions/" + url.PathEscape(r.Emoji.path()),
			query: url.Values{"limit": {"100"}}, channel: l.m.Place.Channel,
		}, &who)
		if codeOf(err) == codeUnknownMessage || codeOf(err) == codeUnknownEmoji {
			continue // gone since
		}
		if err != nil {
			return fmt.Errorf("list reactions: %w", err)
		}
		for i := range who {
			if in, ok := l.g.reactionOf(at, m.ID, &who[i], r.Emoji); ok {
				if err := l.accept(ctx, in); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// reactionOf is somebody's reaction, unless it is ours or of a bot that is not heard.
func (g *Guild) reactionOf(at spot, message string, u *user, e emoji) (bridge.Inbound, bool) {
	if !validID(u.ID) || u.ID == g.self().user || u.Bot && !g.allowed(u.ID) {
		return bridge.Inbound{}, false
	}
	return bridge.Inbound{
		Kind: bridge.InReact, Source: g.source(at, message), Emoji: e.text(),
		Author: g.account(u.ID), AuthorName: g.nameOf(u, nil),
	}, true
}
