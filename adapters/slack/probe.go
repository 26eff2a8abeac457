package slack

import (
	"context"

	"github.com/sidebridge/sidebridge/bridge"
)

// Probe implements bridge.Surface: the token works, the channel is there, not
// archived, and we are in it. A place without a channel is the workspace.
func (a *Adapter) Probe(ctx context.Context, place bridge.Place) error {
	if place.Channel == "" {
		return a.authTest(ctx)
	}
	a.channels.forget(place.Channel)
	found, err := a.channels.get(ctx, place.Channel)
	if err != nil {
		return err
	}
	switch {
	case found.archived:
		return a.refusal("is_archived", place.Channel, "", "")
	case a.refused.still(place.Channel, found.external, a.allowed):
		return a.refusal(codeExternal, place.Channel, "", "")
	case found.member:
		return nil
	case a.join && !found.private:
		return a.joinChannel(ctx, place.Channel)
	}
	// A public channel could be posted to without being in it, but its messages
	// would not reach us.
	return a.refusal("not_in_channel", place.Channel, "", "")
}

func (a *Adapter) joinChannel(ctx context.Context, channel string) error {
	err := a.call(ctx, "conversations.join", channel, func(ctx context.Context) error {
		_, _, _, err := a.api.JoinConversationContext(ctx, channel)
		return err
	})
	a.channels.forget(channel)
	return err
}
