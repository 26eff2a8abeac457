package discord

import "github.com/sidebridge/sidebridge/mapping/markup"

// printOf returns the fingerprint of a post's words, which it has before it is sent
// and after Discord gave it back.
func (a *Adapter) printOf(m *message) string {
	return markup.Fingerprint(markup.FromDiscord(markup.DiscordText{Guild: m.GuildID, Content: m.Content}, nil))
}

// isOurWebhook reports whether we made the webhook.
func (a *Adapter) isOurWebhook(string) bool { return false }
