package slack

import (
	"context"

	"github.com/slack-go/slack"

	"github.com/sidebridge/sidebridge/adapters/chat"
	"github.com/sidebridge/sidebridge/bridge"
)

var _ bridge.MemberSurface = (*Adapter)(nil)

// Members implements bridge.MemberSurface. A public channel, and one shared with another
// organisation, is open to people who are not its members.
// https://docs.slack.dev/reference/methods/conversations.members
func (a *Adapter) Members(ctx context.Context, place bridge.Place) ([]bridge.Account, error) {
	a.forgetChannel(place.Channel)
	found, err := a.channels.get(ctx, place.Channel)
	switch {
	case err != nil:
		return nil, chat.Certain(err)
	case found.external:
		return nil, &bridge.SurfaceError{Class: bridge.Gone, Code: bridge.ParkedMembers, Remedy: a.channelLabel(place.Channel) + " is shared with another organisation. Use a private channel of this one alone."}
	case !found.private:
		return nil, &bridge.SurfaceError{Class: bridge.Gone, Code: bridge.ParkedMembers, Remedy: "Everybody in the workspace can read " + a.channelLabel(place.Channel) + ". Make it a private channel, or use one."}
	}
	var out []bridge.Account
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
		me := a.self().user
		for _, user := range page {
			if user != me {
				out = append(out, a.account(user))
			}
		}
		if cursor == "" {
			return out, nil
		}
	}
}
