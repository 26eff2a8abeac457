package discord

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

// breaker counts by Discord's own times and not by when something comes: the same
// messages, once more or from a listing, get the same answer.
type breaker struct {
	mu   sync.Mutex
	bots map[botThread]*botCount
}

type botThread struct{ thread, bot string }

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

// botOf returns the program that said a message, or "" when a person or we did.
func (g *Guild) botOf(m *message) string {
	if m.Author == nil || !byProgram(m) || g.isOurs(m) {
		return ""
	}
	return first(m.WebhookID, m.Author.ID)
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
	ok, begins := g.breaker.may(botThread{thread, bot}, stampOf(m))
	if begins {
		g.tellLoop(ctx, thread, bot)
	}
	return !ok
}

// heard counts what was taken from a bot.
func (g *Guild) heard(thread string, m *message) {
	if bot := g.botOf(m); bot != "" {
		g.breaker.took(botThread{thread, bot}, stampOf(m))
	}
}

// tellLoop shows the admin what is left out on the page of what was put aside.
func (g *Guild) tellLoop(ctx context.Context, thread, bot string) {
	reason := fmt.Sprintf("Bot %s wrote more than %d messages within a minute in the thread %s of server %s, as when two bridges answer one another. "+
		"What it writes there is left out for %d minutes. If that goes on, take the bot out of allow_bots, or out of the channel.",
		bot, loopMost, thread, g.id, int(loopPause.Minutes()))
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
