package discord

import (
	"context"
	"crypto/sha256"
	"encoding/base32"
	"fmt"
	"net/http"

	"github.com/bwmarrin/discordgo"

	"github.com/sidebridge/sidebridge/adapters/chat"
	"github.com/sidebridge/sidebridge/bridge"
	"github.com/sidebridge/sidebridge/mapping/markup"
)

var _ bridge.Teller = (*Guild)(nil)

// codeNoDirect: the person takes no direct messages from the bot.
// https://docs.discord.com/developers/topics/opcodes-and-status-codes#json
const codeNoDirect = "50007"

// Tell implements bridge.Teller: a direct message of the bot. Opening it again gives the
// same one (https://docs.discord.com/developers/resources/user#create-dm), so only the
// post tells anybody.
func (g *Guild) Tell(ctx context.Context, to bridge.Account, n bridge.Notice) error {
	if !validID(to.ID) {
		return &bridge.SurfaceError{Class: bridge.Rejected, Code: "invalid_account", Remedy: "Link the account again."}
	}
	var direct struct {
		ID string `json:"id"`
	}
	open := request{method: http.MethodPost, path: "users/@me/channels", body: map[string]string{"recipient_id": to.ID}}
	if err := g.client.do(ctx, open, &direct); err != nil {
		return chat.Certain(unreachable(err))
	}
	if !validID(direct.ID) {
		return &bridge.SurfaceError{Class: bridge.Transient, Code: "unreadable"}
	}
	parts := markup.ToDiscord(chat.Told(n), nil, maxText)
	if len(parts) == 0 {
		return &bridge.SurfaceError{Class: bridge.Rejected, Code: "unplanned"} // unreachable: a notice has words
	}
	body := post{
		Content: parts[0].Content, Nonce: noticeNonce(to, n), Enforce: true, Flags: discordgo.MessageFlagsSuppressEmbeds,
		Mentions: discordgo.MessageAllowedMentions{Parse: []discordgo.AllowedMentionType{}},
	}
	return unreachable(g.client.do(ctx, request{method: http.MethodPost, path: "channels/" + direct.ID + "/messages", body: body}, nil))
}

// noticeNonce is the same for the same notice, so that Discord posts it once.
func noticeNonce(to bridge.Account, n bridge.Notice) string {
	h := sha256.New()
	fmt.Fprint(h, to.ID)
	for _, m := range n.News {
		fmt.Fprint(h, " ", m.ID)
	}
	return base32.StdEncoding.EncodeToString(h.Sum(nil))[:24]
}

// unreachable says of what keeps the bot from writing to somebody what to do about it.
func unreachable(err error) error {
	return chat.Remedied(err, map[string]string{
		codeNoDirect: "Discord does not let the bot write to you. Allow direct messages in the privacy settings of a server that you share with the bot, and unblock it.",
		"10013":      "Discord does not know this account any more. Link the account that they have now.",
		"50278":      "Discord does not let the bot write to you, since you share no server. Join a server that the bot is in.",
	})
}
