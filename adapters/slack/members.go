package slack

import (
	"cmp"
	"context"

	"github.com/slack-go/slack"

	"github.com/sidebridge/sidebridge/adapters/chat"
	"github.com/sidebridge/sidebridge/bridge"
	"github.com/sidebridge/sidebridge/mapping"
)

var _ bridge.MemberSurface = (*Adapter)(nil)

// Members implements bridge.MemberSurface. A public channel, and one shared with another
// organisation, is open to people who are not its members.
// https://docs.slack.dev/reference/methods/conversations.members
func (a *Adapter) Members(ctx context.Context, place bridge.Place) ([]bridge.Known, error) {
	if people, direct := mapping.DirectTo(place.Channel); direct {
		return a.withNames(ctx, people), nil // and nobody comes to them
	}
	a.channels.forget(place.Channel)
	found, err := a.channels.get(ctx, place.Channel)
	label := "#" + cmp.Or(found.name, place.Channel)
	switch {
	case err != nil:
		return nil, chat.Certain(err)
	case found.external:
		return nil, &bridge.SurfaceError{Class: bridge.Gone, Code: bridge.ParkedMembers, Remedy: label + " is shared with another organisation. Use a private channel of this one alone."}
	case !found.private:
		return nil, &bridge.SurfaceError{Class: bridge.Gone, Code: bridge.ParkedMembers, Remedy: "Everybody in the workspace can read " + label + ". Make it a private channel, or use one."}
	}
	var out []bridge.Known
	for cursor := ""; ; {
		var page []string
		err := a.call(ctx, "conversations.members", place.Channel, func(ctx context.Context) error {
			var err error
			page, cursor, err = a.api.GetUsersInConversationContext(ctx, &slack.GetUsersInConversationParameters{ChannelID: place.Channel, Cursor: cursor, Limit: 200})
			return err
		})
		if err != nil {
			return nil, chat.Certain(err)
		}
		out = append(out, a.withNames(ctx, page)...)
		if cursor == "" {
			return out, nil
		}
	}
}

// withNames are people without ourselves, with their names as far as those are known.
func (a *Adapter) withNames(ctx context.Context, ids []string) []bridge.Known {
	var out []bridge.Known
	ask := asking{ctx: ctx, until: a.now().Add(a.nameBudget)}
	me := a.self().user
	for _, id := range ids {
		if id != me {
			out = append(out, bridge.Known{Account: a.account(id), Name: a.names.of(ask, id)})
		}
	}
	return out
}
