package slack

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"time"
)

// Two bridges in one thread answer one another for ever. What an allow-listed bot
// says is therefore taken up to loopMost messages in loopWindow of one thread; then
// the bot is not heard there for loopPause, while people are.
const (
	loopMost   = 20
	loopWindow = time.Minute
	loopPause  = 10 * time.Minute
	// maxPauses is how many of them are remembered for a bot in a thread: more than
	// what a listing reaches back to can hold.
	maxPauses = 16
	maxLoops  = 1024
)

// breaker counts by Slack's own stamps and not by when something comes: the same
// messages, once more or from a listing, get the same answer.
type breaker struct {
	mu   sync.Mutex
	bots map[botThread]*botCount
}

type botThread struct{ channel, thread, bot string }

type botCount struct {
	recent []int64 // the newest that were taken, at most loopMost
	pauses [][2]int64
}

// may says whether a bot's message may be taken, and whether its pause begins with it.
func (b *breaker) may(key botThread, us int64) (ok, begins bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	c := b.bots[key]
	if c == nil || slices.Contains(c.recent, us) {
		return true, false // the first, or once more
	}
	if c.paused(us) {
		return false, false
	}
	near := 0
	for _, other := range c.recent {
		if max(other-us, us-other) < loopWindow.Microseconds() {
			near++
		}
	}
	if near < loopMost {
		return true, false
	}
	if us < slices.Max(c.recent) {
		return false, false // a late one; the pause begins with the next
	}
	c.pauses = append(c.pauses, [2]int64{us, us + loopPause.Microseconds()})
	c.pauses = c.pauses[max(0, len(c.pauses)-maxPauses):]
	return false, true
}

// paused says whether a bot was not heard at a moment.
func (b *breaker) paused(key botThread, us int64) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	c := b.bots[key]
	return c != nil && c.paused(us)
}

func (c *botCount) paused(us int64) bool {
	return slices.ContainsFunc(c.pauses, func(p [2]int64) bool { return us >= p[0] && us < p[1] })
}

// took counts a bot's message that was taken.
func (b *breaker) took(key botThread, us int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	c := b.bots[key]
	if c == nil {
		b.makeRoom(us)
		c = &botCount{}
		b.bots[key] = c
	}
	switch {
	case slices.Contains(c.recent, us):
	case len(c.recent) < loopMost:
		c.recent = append(c.recent, us)
	default:
		if oldest := slices.Index(c.recent, slices.Min(c.recent)); us > c.recent[oldest] {
			c.recent[oldest] = us
		}
	}
}

// makeRoom drops what has been silent for an hour, or else anything.
func (b *breaker) makeRoom(us int64) {
	if b.bots == nil {
		b.bots = map[botThread]*botCount{}
	}
	if len(b.bots) < maxLoops {
		return
	}
	var any botThread
	for key, c := range b.bots {
		any = key
		if us-slices.Max(c.recent) > time.Hour.Microseconds() {
			delete(b.bots, key)
		}
	}
	if len(b.bots) >= maxLoops {
		delete(b.bots, any)
	}
}

// botOf returns the bot that said a message, or "" when a person or we did.
func (a *Adapter) botOf(m *message) string {
	if a.isOurs(m) || m.BotID == "" && m.Subtype != "bot_message" {
		return ""
	}
	return first(m.BotID, m.AppID, string(m.User))
}

// tooFast reports whether a bot has said too much in a thread. The admin is told
// when that begins.
func (a *Adapter) tooFast(ctx context.Context, channel string, m *message) bool {
	bot := a.botOf(m)
	if bot == "" {
		return false
	}
	ok, begins := a.breaker.may(botThread{channel, threadOf(m.TS, m.ThreadTS), bot}, stampOf(m))
	if begins {
		a.tellLoop(ctx, channel, bot, m)
	}
	return !ok
}

// heard counts what was taken from a bot.
func (a *Adapter) heard(channel string, m *message) {
	if bot := a.botOf(m); bot != "" {
		a.breaker.took(botThread{channel, threadOf(m.TS, m.ThreadTS), bot}, stampOf(m))
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
		bot, loopMost, a.channelLabel(channel), int(loopPause.Minutes()))
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
