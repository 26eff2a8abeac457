package slack

import (
	"context"

	"github.com/slack-go/slack"

	"github.com/sidebridge/sidebridge/adapters/chat"
	"github.com/sidebridge/sidebridge/bridge"
)

var _ bridge.Teller = (*Adapter)(nil)

// Tell implements bridge.Teller: a direct message of the app. Opening it again gives the
// same one (https://docs.slack.dev/reference/methods/conversations.open), so only the
// post tells anybody.
func (a *Adapter) Tell(ctx context.Context, to bridge.Account, n bridge.Notice) error {
	var channel string
	err := a.call(ctx, "conversations.open", "", func(ctx context.Context) error {
		ch, _, _, err := a.api.OpenConversationContext(ctx, &slack.OpenConversationParameters{Users: []string{to.ID}})
		if err == nil {
			channel = ch.ID
		}
		return err
	})
	if err != nil {
		return chat.Certain(cannotTell(err)) // nobody was told by that
	}
	c := a.plain(chat.Told(n))
	err = a.call(ctx, "chat.postMessage", channel, func(ctx context.Context) error {
		_, ts, err := a.api.PostMessageContext(ctx, channel, slack.MsgOptionText(c.text, false), slack.MsgOptionBlocks(c.blocks...),
			slack.MsgOptionDisableLinkUnfurl(), slack.MsgOptionDisableMediaUnfurl())
		return answered(ts, err)
	}, posts(channel)...)
	return cannotTell(err)
}

// cannotTell says of what keeps the app from writing to somebody what to do about it.
// Without the scope nothing else is amiss with the workspace, so that is no reason to
// stop its mirrors.
func cannotTell(err error) error {
	return chat.Remedied(err, map[string]string{
		"missing_scope":         "Add the scope im:write to the Slack app (OAuth & Permissions, Bot Token Scopes), then install the app in the workspace again.",
		"user_not_found":        "Slack does not know this account any more. Link the account that they have now.",
		"user_not_visible":      "The app cannot see this account. Link one of the workspace that the app is installed in.",
		"user_disabled":         "This account is deactivated in Slack. Link the account that they have now.",
		"users_list_not_found":  "Slack does not know this account any more. Link the account that they have now.",
		"cannot_dm_bot":         "This account is a bot. Link a person's account.",
		"messages_tab_disabled": "Switch on the Messages Tab of the Slack app (App Home, Show Tabs).",
		"restricted_action":     "The workspace does not let the app write direct messages. Ask an admin of the Slack workspace.",
	})
}
