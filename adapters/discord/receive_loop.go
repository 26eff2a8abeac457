package discord

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"

	"github.com/sidebridge/sidebridge/adapters/chat"
)

// botOf returns the program that said a message, or "" when a person or we did.
func (g *Guild) botOf(m *message) string {
	if m.Author == nil || !byProgram(m) || g.isOurs(m) {
		return ""
	}
	return cmp.Or(m.WebhookID, m.Author.ID)
}

// stampOf is when a message was said or changed.
func stampOf(m *message) int64 {
	if m.Edited != nil {
		return max(m.Edited.UnixMicro(), idMicros(m.ID))
	}
	return idMicros(m.ID)
}

// tooFast reports whether a bot has said too much in a thread. The admin is told when
// that begins.
func (g *Guild) tooFast(ctx context.Context, thread string, m *message) bool {
	bot := g.botOf(m)
	if bot == "" {
		return false
	}
	ok, begins := g.breaker.May(chat.Bot{Thread: thread, Bot: bot}, stampOf(m))
	if begins {
		g.tellLoop(ctx, thread, bot)
	}
	return !ok
}

// heard counts what was taken from a bot.
func (g *Guild) heard(thread string, m *message) {
	if bot := g.botOf(m); bot != "" {
		g.breaker.Took(chat.Bot{Thread: thread, Bot: bot}, stampOf(m))
	}
}

// tellLoop shows the admin what is left out on the page of what was put aside.
func (g *Guild) tellLoop(ctx context.Context, thread, bot string) {
	reason := fmt.Sprintf("Bot %s wrote more than %d messages within a minute in the thread %s of server %s, as when two bridges answer one another. "+
		"What it writes there is left out for %d minutes. If that goes on, take the bot out of allow_bots, or out of the channel.",
		bot, chat.LoopMost, thread, g.id, int(chat.LoopPause.Minutes()))
	g.Log.Warn("a bot was not heard any longer", "guild", g.id, "thread", thread, "bot", bot)
	g.Count("bot paused", bot)
	about, err := json.Marshal(map[string]string{"guild_id": g.id, "channel_id": thread, "bot": bot})
	if err == nil {
		err = g.quarantine(ctx, reason, event{Type: "MESSAGE_CREATE", Data: about})
	}
	if err != nil {
		g.Log.Warn("the admin was not told", "err", err)
	}
}
