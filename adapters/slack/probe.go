package slack

import (
	"context"

	"github.com/sidebridge/sidebridge/bridge"
	"github.com/sidebridge/sidebridge/mapping"
)

// Probe implements bridge.Surface: the token works, the channel is there, not
// archived, and we are in it. A place without a channel is the workspace, one that names
// people their direct message, which is opened for it.
func (a *Adapter) Probe(ctx context.Context, place bridge.Place) error {
	if place.Channel == "" {
		return a.authTest(ctx)
	}
	if people, direct := mapping.DirectTo(place.Channel); direct {
		_, err := a.probeDirect(ctx, place, people)
		return err
	}
	a.channels.forget(place.Channel)
	found, err := a.channels.get(ctx, place.Channel)
	if err != nil {
		return err
	}
	switch {
	case found.archived:
		return a.refusal("is_archived", place.Channel, "", "")
	case found.left:
		return a.refusal("user_disabled", place.Channel, "", "")
	case found.external && a.forbidden(place), a.refused.still(place.Channel, found.external, a.allowed):
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
