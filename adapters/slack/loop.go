package slack

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"

	"github.com/sidebridge/sidebridge/adapters/chat"
)

// botOf returns the bot that said a message, or "" when a person or we did.
func (a *Adapter) botOf(m *message) string {
	if a.isOurs(m) || m.BotID == "" && m.Subtype != "bot_message" {
		return ""
	}
	return cmp.Or(m.BotID, m.AppID, string(m.User))
}

// tooFast reports whether a bot has said too much in a thread. The admin is told
// when that begins.
func (a *Adapter) tooFast(ctx context.Context, channel string, m *message) bool {
	bot := a.botOf(m)
	if bot == "" {
		return false
	}
	ok, begins := a.breaker.May(chat.Bot{Channel: channel, Thread: threadOf(m.TS, m.ThreadTS), Bot: bot}, stampOf(m))
	if begins {
		a.tellLoop(ctx, channel, bot, m)
	}
	return !ok
}

// heard counts what was taken from a bot.
func (a *Adapter) heard(channel string, m *message) {
	if bot := a.botOf(m); bot != "" {
		a.breaker.Took(chat.Bot{Channel: channel, Thread: threadOf(m.TS, m.ThreadTS), Bot: bot}, stampOf(m))
	}
}

// stampOf is when a message was said or changed, in Slack's microseconds.
func stampOf(m *message) int64 {
	if m.Edited != nil {
		return max(tsMicros(m.Edited.TS), tsMicros(m.TS))
	}
	return tsMicros(m.TS)
}

func (a *Adapter) tellLoop(ctx context.Context, channel, bot string, m *message) {
	reason := fmt.Sprintf("Bot %s wrote more than %d messages within a minute in one thread of %s, as when two bridges answer one another. "+
		"What it writes there is left out for %d minutes. If that goes on, take the bot out of allow_bots, or out of the channel.",
		bot, chat.LoopMost, a.channelLabel(channel), int(chat.LoopPause.Minutes()))
	a.log.Warn("a bot was not heard any longer", "channel", channel, "thread", threadOf(m.TS, m.ThreadTS), "bot", bot, "remedy", reason)
	a.count("bot paused", bot)
	a.tellAdmin(ctx, reason, m)
}

// tellAdmin shows the admin something on the page of what was put aside.
func (a *Adapter) tellAdmin(ctx context.Context, reason string, about any) {
	raw, err := json.Marshal(about)
	if err == nil {
		err = a.quarantine(ctx, reason, raw)
	}
	if err != nil {
		a.log.Warn("the admin was not told", "err", err)
	}
}
